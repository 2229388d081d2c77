package dmp

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"hash"
	"io"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
)

const opEncode = "dmp.encode"

// The stored form of a [Sealed]: a line that names the format and its version,
// the length of a header in JSON, the header, the bytes of the documents when
// they are embedded, and the SHA-256 of all that.
const (
	sealedMagic   = "segur.dmp.Sealed 1\n"
	maxSealedHead = 16 << 20
)

// sealedHead is the header. Metadata are the lcm:SubmitObjectsRequest of the
// documents, without the signature of the lot.
type sealedHead struct {
	Metadata  []byte           `json:"metadata"`
	Signature string           `json:"signature"`
	Matricule string           `json:"matricule"`
	Authority segur.OID        `json:"authority"`
	SHA256    bool             `json:"sha256,omitempty"`
	Secret    bool             `json:"secret,omitempty"`
	Embedded  bool             `json:"embedded"`
	Documents []sealedDocument `json:"documents"`
	Private   []string         `json:"private"`
	Warnings  []segur.Detail   `json:"warnings,omitempty"`
}

type sealedDocument struct {
	Position  int    `json:"position"`
	Size      int64  `json:"size"`
	SHA1      string `json:"sha1"`
	Manifest  []byte `json:"manifest"`
	Canonical bool   `json:"canonical,omitempty"`
	Check     uint32 `json:"check"`
}

// Encode writes the submission with its documents, so that [Client.Decode]
// gives it back later or elsewhere, with the same identifiers. What it writes
// is health data that names a patient: keep it as such. Its checksum tells
// damage, not malice. The documents are streamed; one that is no longer what
// was prepared is an [segur.ErrConflict] error.
func (s *Sealed) Encode(w io.Writer) error { return s.encode(w, true) }

// EncodeWithoutDocuments writes the submission with the hashes of its
// documents alone: DecodeOptions.Open finds them again.
func (s *Sealed) EncodeWithoutDocuments(w io.Writer) error { return s.encode(w, false) }

func (s *Sealed) encode(w io.Writer, embed bool) error {
	metadata, err := s.metadata()
	if err != nil {
		return err
	}
	h := sealedHead{Metadata: metadata, Signature: s.signature, Matricule: s.patient.Matricule(), Authority: s.patient.Authority(),
		SHA256: s.sha256, Secret: s.secret, Embedded: embed, Private: s.private, Warnings: s.warnings}
	for i, d := range s.digests {
		h.Documents = append(h.Documents, sealedDocument{Position: s.positions[i], Size: d.size, SHA1: d.sha1, Manifest: d.manifest,
			Canonical: d.canonical, Check: d.check})
	}
	head, err := json.Marshal(h)
	if err != nil {
		return &segur.Error{Op: opEncode, Kind: segur.KindInvalidInput, Message: "the submission cannot be written", Err: err}
	}
	sum := sha256.New()
	buffered := bufio.NewWriterSize(w, 64<<10)
	out := io.MultiWriter(buffered, sum)
	written := func(err error) error {
		if err == nil || segur.KindOf(err) != segur.KindUnknown {
			return err
		}
		return &segur.Error{Op: opEncode, Kind: segur.KindUnavailable, Message: "the submission could not be written", Err: err}
	}
	lead := binary.BigEndian.AppendUint32([]byte(sealedMagic), uint32(len(head))) //nolint:gosec // bounded below
	if len(head) > maxSealedHead {
		return &segur.Error{Op: opEncode, Kind: segur.KindTooLarge, Message: "the metadata of the submission take too much room"}
	}
	if _, err := out.Write(append(lead, head...)); err != nil {
		return written(err)
	}
	for i := range s.contents {
		if !embed {
			break
		}
		if err := copyDocument(out, checked{Content: s.contents[i], want: s.digests[i]}); err != nil {
			return written(err)
		}
	}
	if _, err := buffered.Write(sum.Sum(nil)); err != nil {
		return written(err)
	}
	return written(buffered.Flush())
}

func copyDocument(w io.Writer, c checked) error {
	r, err := c.Open()
	if err != nil {
		return &segur.Error{Op: opEncode, Kind: segur.KindConflict, Message: "a document cannot be opened again", Err: err}
	}
	n, err := io.CopyBuffer(struct{ io.Writer }{w}, r, make([]byte, 64<<10))
	if closing := r.Close(); err == nil {
		err = closing
	}
	if err == nil && n != c.want.size {
		return errChanged
	}
	return err
}

// metadata is the XML of the lot as [Sealed] holds it.
func (s *Sealed) metadata() ([]byte, error) {
	lot := xds.Submission{Set: s.submission.Set, Entries: append([]xds.DocumentEntry(nil), s.submission.Entries...)}
	lot.Number()
	b, err := lot.AppendXML(nil)
	if err != nil {
		return nil, &segur.Error{Op: opEncode, Kind: segur.KindInvalidInput, Message: "the metadata cannot be written", Err: err}
	}
	return b, nil
}

// readSealed reads what Encode wrote, checksum included. open gives a document
// that is embedded its place.
func readSealed(r io.Reader, limits *Settings, open func(r io.Reader, size int64) (segur.Content, error)) (*sealedHead, []segur.Content, error) {
	sum := sha256.New()
	in := io.TeeReader(r, sum)
	lead := make([]byte, len(sealedMagic)+4)
	if _, err := io.ReadFull(in, lead); err != nil {
		return nil, nil, cut(err)
	}
	if string(lead[:len(sealedMagic)]) != sealedMagic {
		return nil, nil, &segur.Error{Kind: segur.KindInvalidInput, Message: "is no stored submission of this version"}
	}
	n := binary.BigEndian.Uint32(lead[len(sealedMagic):])
	if n > maxSealedHead {
		return nil, nil, &segur.Error{Kind: segur.KindTooLarge, Message: "the metadata of the stored submission take too much room"}
	}
	var head bytes.Buffer
	if _, err := io.CopyN(&head, in, int64(n)); err != nil {
		return nil, nil, cut(err)
	}
	h := &sealedHead{}
	if err := json.Unmarshal(head.Bytes(), h); err != nil {
		return nil, nil, damaged(err) // the error of encoding/json may quote: kept out of the message
	}
	var contents []segur.Content
	var total int64
	for _, d := range h.Documents {
		total += d.Size
		if d.Size <= 0 || d.Size > limits.MaxDocumentBytes || total > limits.MaxSubmissionBytes || len(h.Documents) > maxDocuments {
			return nil, nil, &segur.Error{Kind: segur.KindTooLarge, Message: "a document of the stored submission has a size that the settings refuse"}
		}
		if !h.Embedded {
			continue
		}
		c, err := open(in, d.Size)
		if err != nil {
			return nil, nil, cut(err)
		}
		contents = append(contents, c)
	}
	return h, contents, checkSum(r, sum)
}

// checkSum wants the checksum, and nothing after it.
func checkSum(r io.Reader, sum hash.Hash) error {
	var got [sha256.Size + 1]byte
	n, err := io.ReadFull(r, got[:])
	switch {
	case err == nil:
		return &segur.Error{Kind: segur.KindInvalidInput, Message: "something follows the stored submission"}
	case n < sha256.Size:
		return cut(err)
	case err != io.ErrUnexpectedEOF: //nolint:errorlint // as io.ReadFull documents it
		return cut(err)
	case !bytes.Equal(got[:n], sum.Sum(nil)):
		return damaged(nil)
	}
	return nil
}

func cut(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF { //nolint:errorlint // as io documents them
		return &segur.Error{Kind: segur.KindTruncated, Message: "the stored submission stops before its end", Err: io.ErrUnexpectedEOF}
	}
	return &segur.Error{Kind: segur.KindUnavailable, Message: "the stored submission cannot be read", Err: err}
}

// damaged hides its cause from the message: it may quote what is stored.
func damaged(err error) error {
	if err != nil {
		err = segur.ErrSignature
	}
	return &segur.Error{Kind: segur.KindSignature, Message: "the stored submission is damaged", Err: err}
}
