package dmp

import (
	"context"
	"crypto/sha1" //nolint:gosec // the hash that XDS metadata are defined with
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"log/slog"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
)

const opRetrieve = "dmp.retrieve"

// Retrieved is a document being received. It must be closed. Read gives
// [io.EOF] only when the document came whole, with the size and the hash of
// the entry, and, of [Client.Retrieve], the message around it as well; anything
// else is an error that Close repeats. It is not safe for concurrent use.
type Retrieved struct {
	// UniqueID and RepositoryID are those of the answer.
	UniqueID     string
	RepositoryID segur.OID
	// MimeType is that of the entry, or what the repository says.
	MimeType string
	// Verified says that the entry gave a hash, so that the end of the content
	// vouches for it.
	Verified bool
	// Entry is the entry that it was asked for with.
	Entry *xds.DocumentEntry

	set    *retrievedSet
	f      failure
	r      io.Reader
	hash   hash.Hash
	want   string // hash in hexadecimal, lower case; "" when not known
	size   int64  // 0 when not known
	n      int64
	err    error // final state of the content; io.EOF when it is right
	closed bool
}

// String returns a redacted form.
func (r Retrieved) String() string { return "dmp.Retrieved(" + r.UniqueID + ", redacted)" }

// Format writes the redacted form whatever the verb.
func (r Retrieved) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(r.String())) }

// LogValue makes slog write the redacted form.
func (r Retrieved) LogValue() slog.Value { return slog.StringValue(r.String()) }

// Retrieve asks for one document (TD3.2, ITI-43) of the patient. The entry
// comes from [Client.Find]; one that holds a UniqueID alone will do, but the
// content then goes unverified. The call is open to IndirecteRenforcee and
// Directe. What is received should not be stored (REC_3.2-1020), and the user
// is warned when the entry is not visible to the patient (EX_3.2-1025): see
// [xds.DocumentEntry.Warnings].
func (c *Client) Retrieve(ctx context.Context, patient segur.INS, entry *xds.DocumentEntry) (*Retrieved, error) {
	if err := c.mayRetrieve(patient, []*xds.DocumentEntry{entry}, "entry"); err != nil {
		return nil, err
	}
	s, err := c.retrieve(ctx, patient, []*xds.DocumentEntry{entry})
	if err != nil {
		return nil, err
	}
	s.alone = true
	r, err := s.next()
	if err != nil {
		if err == io.EOF { //nolint:errorlint // ours
			err = s.answer.Fail(s.f.typed(protocol("the answer does not hold the document asked for")))
		}
		_ = s.answer.Close() // the first error is the one that matters
		return nil, err
	}
	return r, nil
}

// document is one that is about to be read.
func (s *retrievedSet) document(d *xds.RetrievedDocument, content io.Reader) *Retrieved {
	e := s.entries[d.UniqueID]
	out := &Retrieved{
		UniqueID: d.UniqueID, RepositoryID: d.RepositoryID, MimeType: e.MimeType, Entry: e, set: s, f: s.f, r: content,
		want: strings.ToLower(strings.TrimSpace(e.Hash)), size: e.Size, hash: sha1.New(), //nolint:gosec // see the import
	}
	out.Verified = out.want != ""
	if out.MimeType == "" {
		out.MimeType = d.MimeType
	}
	return out
}

func inlineContent(d *xds.RetrievedDocument) io.Reader {
	return base64.NewDecoder(base64.StdEncoding, strings.NewReader(strings.Join(strings.Fields(d.Base64), "")))
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
	if r.set.alone {
		if _, err := r.set.next(); err != io.EOF { //nolint:errorlint // ours
			return err // a second document was judged with the list: it is an error
		}
	}
	switch {
	case r.n == 0:
		return r.mismatch("the document is empty")
	case r.size > 0 && r.n != r.size:
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
	r.err = r.set.answer.Fail(r.f.typed(err))
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
	if r.set.alone {
		_ = r.set.answer.Close() // what was received is judged above
	}
	return r.verdict()
}

func (r *Retrieved) verdict() error {
	if r.err == io.EOF { //nolint:errorlint // ours
		return nil
	}
	return r.err
}
