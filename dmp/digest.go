package dmp

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // the hash that XDS metadata are defined with
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/xmlr"
)

// digests are what a submission says of the bytes of a document.
type digests struct {
	size int64
	// sha1 is XDSDocumentEntry.hash, in hexadecimal.
	sha1 string
	// manifest is the digest in the manifest of the lot signature: of the
	// canonical form with comments for XML, of the bytes for the rest.
	manifest  []byte
	canonical bool
	// check (CRC-32C) tells whether the bytes are still the same when they are
	// sent. SHA-1 would halve the speed of sending; what an enemy does to the
	// file is for the manifest to tell.
	check uint32
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// maxSkeleton bounds what is held of an XML document to canonicalise it: all
// of it but for long runs of base64.
const maxSkeleton = 64 << 20

// digest reads the document once, and a second time when it is XML too large
// to be held, in memory that does not depend on its size.
func digest(c segur.Content, isXML, withSHA256 bool) (digests, error) {
	newHash := sha1.New
	if withSHA256 {
		newHash = sha256.New
	}
	raw := sha1.New() //nolint:gosec // see the import
	var manifest hash.Hash
	check := crc32.New(castagnoli)
	sinks := []io.Writer{raw, check}
	sk := skeleton{}
	switch {
	case isXML:
		sinks = append(sinks, &sk)
	case withSHA256:
		manifest = newHash()
		sinks = append(sinks, manifest)
	default:
		manifest = raw
	}
	n, err := readContent(c, io.MultiWriter(sinks...))
	if err != nil {
		return digests{}, err
	}
	d := digests{size: n, sha1: hex.EncodeToString(raw.Sum(nil)), canonical: isXML, check: check.Sum32()}
	if !isXML {
		d.manifest = manifest.Sum(nil)
		return d, nil
	}
	sk.end()
	h := newHash()
	if err := sk.canonicalDigest(c, h); err != nil {
		return digests{}, err
	}
	d.manifest = h.Sum(nil)
	return d, nil
}

// readContent copies the whole of c and makes sure of its size.
func readContent(c segur.Content, w io.Writer) (int64, error) {
	r, err := c.Open()
	if err != nil {
		return 0, contentError("cannot be opened", err)
	}
	n, err := io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{r}, make([]byte, 64<<10))
	if closing := r.Close(); err == nil {
		err = closing
	}
	switch {
	case err != nil:
		var own *segur.Error
		if errors.As(err, &own) && own.Details != nil {
			return n, err
		}
		return n, contentError("cannot be read", err)
	case n != c.Size():
		return n, contentError("does not have the size it announces", nil)
	}
	return n, nil
}

func contentError(rule string, err error) error {
	return &segur.Error{Kind: segur.KindInvalidInput, Details: []segur.Detail{{Message: rule}}, Err: err}
}

// skeleton is an XML document without its long runs of base64, which stand in
// canonical form exactly as they stand in the document, whether in text, in an
// attribute or in a comment (a name cannot be that long). Each run leaves a
// marker that cannot be part of a reference.
type skeleton struct {
	text []byte
	runs []run
	// pos is how much was read; the run being read starts at from.
	pos, from, length int64
}

// run is bytes [from, from+length) of the document.
type run struct{ from, length int64 }

// minRun is much longer than a name may be.
const minRun = 16 << 10

// marker stands for run i. It is base64 itself, so that it may stand wherever
// the run does; "+" keeps it from being a name or a reference; and a document
// that holds one by itself is refused.
func marker(i int) []byte {
	return fmt.Appendf(nil, "segurSDK+0bf7c2a94d1e48e2a1c7d95b35f6e081+%08d+segurSDK", i)
}

var base64Alphabet = func() (t [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=") {
		t[c] = true
	}
	return t
}()

func (s *skeleton) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		k := 0
		for k < len(p) && base64Alphabet[p[k]] {
			k++
		}
		s.base64(p[:k])
		p = p[k:]
		if len(p) == 0 {
			break
		}
		s.end()
		k = 0
		for k < len(p) && !base64Alphabet[p[k]] {
			k++
		}
		s.text = append(s.text, p[:k]...)
		s.pos += int64(k)
		p = p[k:]
		if len(s.text) > maxSkeleton {
			return 0, contentError("is XML with more than 64 MiB beside its encoded content", nil)
		}
	}
	return n, nil
}

// base64 takes part of a run: kept while it may turn out to be short.
func (s *skeleton) base64(p []byte) {
	if len(p) == 0 {
		return
	}
	if s.length == 0 {
		s.from = s.pos
	}
	if s.length < minRun {
		keep := min(int64(len(p)), minRun-s.length)
		s.text = append(s.text, p[:keep]...)
	}
	s.length += int64(len(p))
	s.pos += int64(len(p))
}

// end closes the run, if any.
func (s *skeleton) end() {
	if s.length >= minRun {
		s.text = append(s.text[:len(s.text)-minRun], marker(len(s.runs))...)
		s.runs = append(s.runs, run{s.from, s.length})
	}
	s.length = 0
}

// canonicalDigest writes the canonical form of the document to h, taking the
// runs from the document itself.
func (s *skeleton) canonicalDigest(c segur.Content, h io.Writer) error {
	canonical := xmlr.Canonical{Comments: true, Limits: xmlr.Options{MaxBytes: maxSkeleton + 1}}
	if len(s.runs) == 0 {
		return canonicalError(xmlr.CanonicalizeTo(h, s.text, canonical))
	}
	form, err := xmlr.Canonicalize(make([]byte, 0, len(s.text)+1024), s.text, canonical)
	if err != nil {
		return canonicalError(err)
	}
	r, err := c.Open()
	if err != nil {
		return contentError("cannot be opened again", err)
	}
	defer r.Close()
	buf := make([]byte, 64<<10)
	var pos int64
	for i, run := range s.runs {
		m := marker(i)
		at := bytes.Index(form, m)
		if at < 0 || bytes.Count(s.text, m) != 1 {
			// Canonical form sorts attributes and drops declarations: runs there
			// do not come back in their order.
			return contentError("has long encoded content elsewhere than in an element", nil)
		}
		_, _ = h.Write(form[:at]) // a hash never fails
		form = form[at+len(m):]
		if err := copyExactly(io.Discard, r, run.from-pos, buf); err != nil {
			return err
		}
		if err := copyExactly(h, r, run.length, buf); err != nil {
			return err
		}
		pos = run.from + run.length
	}
	_, _ = h.Write(form)
	return nil
}

func copyExactly(w io.Writer, r io.Reader, n int64, buf []byte) error {
	got, err := io.CopyBuffer(struct{ io.Writer }{w}, io.LimitReader(r, n), buf)
	if err != nil {
		return contentError("cannot be read again", err)
	}
	if got != n {
		return contentError("is shorter when it is read again", nil)
	}
	return nil
}

func canonicalError(err error) error {
	var x *xmlr.Error
	if errors.As(err, &x) {
		return contentError("is not XML that can be signed: "+string(x.Rule), nil)
	}
	return err
}

// checked is a document to send, which must still be the one that was hashed:
// the last bytes are given only when it is, so that the service never receives
// another document whole.
type checked struct {
	segur.Content
	want digests
}

func (c checked) Open() (io.ReadCloser, error) {
	r, err := c.Content.Open()
	if err != nil {
		return nil, err
	}
	return &checkedReader{ReadCloser: r, left: c.want.size, want: c.want.check}, nil
}

type checkedReader struct {
	io.ReadCloser
	left      int64
	crc, want uint32
}

var errChanged = &segur.Error{Kind: segur.KindConflict, Message: "the document is no longer the one that was prepared"}

func (r *checkedReader) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if n == 0 {
		return n, err
	}
	r.crc = crc32.Update(r.crc, castagnoli, p[:n])
	if r.left -= int64(n); r.left < 0 || r.left == 0 && r.crc != r.want {
		return 0, errChanged
	}
	return n, err
}
