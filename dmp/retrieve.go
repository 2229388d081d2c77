package dmp

import (
	"context"
	"crypto/sha1" //nolint:gosec // the hash that XDS metadata are defined with
	"encoding/base64"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/internal/soap"
)

const opRetrieve = "dmp.retrieve"

// Retrieved is a document being received. It must be closed. Read gives
// [io.EOF] only when the document and the message around it came whole, with
// the size and the hash of the entry; anything else is an error that Close
// repeats. It is not safe for concurrent use.
type Retrieved struct {
	// UniqueID and RepositoryID are those of the answer.
	UniqueID     string
	RepositoryID segur.OID
	// MimeType is that of the entry, or what the repository says.
	MimeType string
	// Verified says that the entry gave a hash, so that the end of the content
	// vouches for it.
	Verified bool

	f      failure
	answer *soap.Answer
	r      io.Reader
	hash   hash.Hash
	want   string // hash in hexadecimal, lower case; "" when not known
	size   int64  // 0 when not known
	n      int64
	err    error // final state of the content; io.EOF when it is right
	closed bool
}

// Retrieve asks for one document (TD3.2, ITI-43) of the patient. The entry
// comes from [Client.Find]; one that holds a UniqueID alone will do, but the
// content then goes unverified. The call is open to IndirecteRenforcee and
// Directe. What is received should not be stored (REC_3.2-1020), and the user
// is warned when the entry is not visible to the patient (EX_3.2-1025).
func (c *Client) Retrieve(ctx context.Context, patient segur.INS, entry *xds.DocumentEntry) (*Retrieved, error) {
	if err := c.allowed(opRetrieve, TD32); err != nil {
		return nil, err
	}
	f := c.failure(opRetrieve, patient)
	if entry == nil || entry.UniqueID == "" {
		return nil, f.typed(&segur.Error{Kind: segur.KindInvalidInput,
			Details: []segur.Detail{{Field: "entry.uniqueID", Message: "is required"}}})
	}
	repository := entry.RepositoryID
	if repository == "" {
		repository = c.cfg.Settings.RepositoryUniqueID
	}
	body, err := xds.AppendRetrieve(nil, xds.DocumentRequest{RepositoryID: repository, UniqueID: entry.UniqueID})
	if err == nil {
		err = c.checkPatient(patient)
	}
	if err != nil {
		return nil, f.typed(err)
	}
	cred, err := c.cfg.signer(ctx, opRetrieve)
	if err != nil {
		return nil, err
	}
	f.keepPrivate(entry)
	answer, err := c.send(ctx, &f, cred, patient, request{
		op: opRetrieve, service: serviceRepository, action: actionRetrieve, body: body, repeatSafe: true})
	if err != nil {
		return nil, err
	}
	out, err := f.document(answer, entry)
	if err != nil {
		err = answer.Fail(f.typed(err))
		_ = answer.Close() // the first error is the one that matters
		return nil, err
	}
	return out, nil
}

// document finds the document in the answer.
func (f failure) document(answer *soap.Answer, entry *xds.DocumentEntry) (*Retrieved, error) {
	response, err := xds.ParseRetrieveResponse(answer.Raw)
	if err != nil {
		return nil, err
	}
	if response.Outcome != xds.Success {
		return nil, response.Err(opRetrieve)
	}
	if len(response.Documents) != 1 || response.Documents[0].UniqueID != entry.UniqueID {
		return nil, &segur.Error{Kind: segur.KindProtocol, Message: "the answer does not hold the document asked for, and it alone"}
	}
	d := response.Documents[0]
	out := &Retrieved{
		UniqueID: d.UniqueID, RepositoryID: d.RepositoryID, MimeType: entry.MimeType, f: f, answer: answer,
		want: strings.ToLower(entry.Hash), size: entry.Size, hash: sha1.New(), //nolint:gosec // see the import
	}
	out.Verified = out.want != ""
	if out.MimeType == "" {
		out.MimeType = d.MimeType
	}
	if d.Href == "" {
		out.r = base64.NewDecoder(base64.StdEncoding, strings.NewReader(strings.Join(strings.Fields(d.Base64), "")))
		return out, nil
	}
	for {
		part, err := answer.Next()
		if errors.Is(err, io.EOF) {
			return nil, &segur.Error{Kind: segur.KindProtocol, Message: "the answer names a part that it does not hold"}
		}
		if err != nil {
			return nil, err
		}
		if part.Is(d.Href) {
			out.r = part
			return out, nil
		}
	}
}

// Read reads the content.
func (r *Retrieved) Read(p []byte) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	if r.closed {
		return 0, r.fail(&segur.Error{Kind: segur.KindInvalidInput, Message: "read after Close"})
	}
	n, err := r.r.Read(p)
	_, _ = r.hash.Write(p[:n]) // never fails
	r.n += int64(n)
	switch {
	case r.size > 0 && r.n > r.size:
		return 0, r.fail(r.mismatch("the document is longer than its entry says"))
	case err == nil:
		return n, nil
	case err == io.EOF: //nolint:errorlint // a wrapped io.EOF is not the end
		if err = r.complete(); err == nil {
			r.err = io.EOF
			return n, io.EOF
		}
	}
	// The last bytes are not given away with a success.
	return 0, r.fail(err)
}

// complete judges a content of which the end was seen.
func (r *Retrieved) complete() error {
	if err := r.answer.Finish(); err != nil {
		return err
	}
	if r.size > 0 && r.n != r.size {
		return r.mismatch("the document is shorter than its entry says")
	}
	if r.want != "" && hex.EncodeToString(r.hash.Sum(nil)) != r.want {
		return r.mismatch("the document does not have the hash of its entry")
	}
	return nil
}

func (r *Retrieved) mismatch(message string) error {
	return &segur.Error{Kind: segur.KindSignature, Message: message, Details: []segur.Detail{{Field: r.UniqueID, Message: "must not be shown nor kept"}}}
}

func (r *Retrieved) fail(err error) error {
	var e *segur.Error
	if !errors.As(err, &e) {
		err = &segur.Error{Kind: segur.KindProtocol, Message: "the document cannot be read", Err: err}
	}
	r.err = r.answer.Fail(r.f.typed(err))
	return r.err
}

// Close ends the call. It returns nil only when the content was read to its
// end and is right; a caller that has read all the bytes but not met io.EOF
// gets the judgement here.
func (r *Retrieved) Close() error {
	if r.closed {
		return r.verdict()
	}
	if r.err == nil && r.size > 0 && r.n == r.size {
		_, _ = r.Read(make([]byte, 1)) // its result is the verdict
	}
	if r.err == nil {
		_ = r.fail(&segur.Error{Kind: segur.KindTruncated, Message: "closed before the end of the document was read"})
	}
	r.closed = true
	_ = r.answer.Close() // what was received is judged above
	return r.verdict()
}

func (r *Retrieved) verdict() error {
	if r.err == io.EOF { //nolint:errorlint // ours
		return nil
	}
	return r.err
}
