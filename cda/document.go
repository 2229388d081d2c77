package cda

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/segur-sdk/segur"
)

// Document is a document ready to be sent: its bytes never change. It is a
// [segur.Content], so the clients of this SDK take it as it is. It holds the
// header in memory; the PDF is read again and encoded on the fly each time
// that the document is read. Documents are safe for concurrent use.
type Document struct {
	id          segur.Identifier
	head, tail  []byte // around the base64 text
	pdf         segur.Content
	pdfSHA256   [sha256.Size]byte
	readHeader  func() (segur.DocumentHeader, error)
	contentSize int64
}

var _ segur.Content = (*Document)(nil)

func newDocument(id segur.Identifier, xml []byte, split int, pdf segur.Content, sum [sha256.Size]byte) *Document {
	d := &Document{id: id, head: xml[:split:split], tail: xml[split:], pdf: pdf, pdfSHA256: sum}
	d.contentSize = int64(len(xml)) + encodedLen(pdf.Size())
	d.readHeader = sync.OnceValues(func() (segur.DocumentHeader, error) { return readHeader(xml) })
	return d
}

func encodedLen(n int64) int64 { return (n + 2) / 3 * 4 }

// ID is the identifier of the document.
func (d *Document) ID() segur.OID { return d.id.Root }

// Header is the header as a reader of the document finds it: what metadata is
// derived from. The slices are the caller's.
func (d *Document) Header() segur.DocumentHeader {
	h, err := d.readHeader()
	if err != nil { // the writer produced it a moment ago: a defect of this package, caught by its tests
		panic("cda: own document does not read back: " + err.Error())
	}
	return cloneHeader(h)
}

// PDFSize is the length of the PDF in bytes, PDFSHA256 its digest.
func (d *Document) PDFSize() int64 { return d.pdf.Size() }

// PDFSHA256 is the SHA-256 of the PDF when the document was made. Reading the
// document fails when the PDF has changed since.
func (d *Document) PDFSHA256() [sha256.Size]byte { return d.pdfSHA256 }

// Size is the length of the document in bytes.
func (d *Document) Size() int64 { return d.contentSize }

// Open reads the document from its first byte. The reader is an [io.WriterTo].
func (d *Document) Open() (io.ReadCloser, error) {
	r, err := d.open()
	if err != nil {
		return nil, err
	}
	return r, nil
}

func (d *Document) open() (*documentReader, error) {
	src, err := d.pdf.Open()
	if err != nil {
		return nil, &segur.Error{Op: "cda.Document.Open", Kind: segur.KindUnavailable, Message: "the PDF cannot be opened", Err: err}
	}
	return &documentReader{d: d, pdf: src, encoder: encoder{src: src, left: d.pdf.Size(), want: d.pdfSHA256}}, nil
}

// WriteTo writes the document. It implements [io.WriterTo].
func (d *Document) WriteTo(w io.Writer) (int64, error) {
	r, err := d.open()
	if err != nil {
		return 0, err
	}
	n, err := r.WriteTo(w)
	return n, errors.Join(err, r.Close())
}

// Bytes returns the whole document, which costs its size in memory.
func (d *Document) Bytes() ([]byte, error) {
	b := bytes.NewBuffer(make([]byte, 0, d.Size()))
	if _, err := d.WriteTo(b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// String names the document by its identifier only.
func (d *Document) String() string {
	return fmt.Sprintf("cda.Document(%s, %d bytes)", d.id.Root, d.contentSize)
}

// documentReader gives the header, the encoded PDF and the end.
type documentReader struct {
	d   *Document
	pdf io.Closer
	pos int // in head or tail, whichever is being read
	encoder
	inTail bool
}

func (r *documentReader) Close() error { return r.pdf.Close() }

func (r *documentReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if !r.inTail {
		if r.pos < len(r.d.head) {
			n := copy(p, r.d.head[r.pos:])
			r.pos += n
			return n, nil
		}
		n, err := r.encoder.Read(p)
		if !errors.Is(err, io.EOF) {
			return n, err
		}
		r.inTail, r.pos = true, 0
	}
	if r.pos == len(r.d.tail) {
		return 0, io.EOF
	}
	n := copy(p, r.d.tail[r.pos:])
	r.pos += n
	return n, nil
}

// WriteTo writes what is left, chunk by chunk.
func (r *documentReader) WriteTo(w io.Writer) (n int64, err error) {
	write := func(b []byte) {
		if err == nil && len(b) > 0 {
			var k int
			k, err = w.Write(b)
			n += int64(k)
		}
	}
	if !r.inTail {
		write(r.d.head[r.pos:])
		for err == nil {
			write(r.out[r.encoder.pos:])
			r.encoder.pos = len(r.out)
			if e := r.fill(); errors.Is(e, io.EOF) {
				break
			} else if e != nil {
				r.err = e
				return n, e
			}
		}
		if err != nil {
			return n, err
		}
		r.inTail, r.pos = true, 0
	}
	write(r.d.tail[r.pos:])
	if err == nil {
		r.pos = len(r.d.tail)
	}
	return n, err
}

// rawChunk is what is encoded at a time: a multiple of 3 bytes, so that only the last
// one is padded.
const rawChunk = 24 << 10

// encoder gives the base64 text of a PDF and makes sure that it is still the
// PDF that was checked.
type encoder struct {
	src  io.Reader
	left int64
	want [sha256.Size]byte

	hash interface {
		io.Writer
		Sum([]byte) []byte
	}
	raw []byte
	out []byte // encoded[from:] is not read yet
	pos int
	err error
}

var errPDFChanged = &segur.Error{Op: "cda.Document", Kind: segur.KindConflict,
	Message: "the PDF is no longer the one that was checked when the document was made"}

func (e *encoder) Read(p []byte) (int, error) {
	if e.pos == len(e.out) {
		if e.err == nil {
			e.err = e.fill()
		}
		if e.err != nil {
			return 0, e.err
		}
	}
	n := copy(p, e.out[e.pos:])
	e.pos += n
	return n, nil
}

// fill encodes the next chunk, and judges the whole before giving the last one
// away: nobody gets a complete document around another PDF.
func (e *encoder) fill() error {
	if e.hash == nil {
		e.hash = sha256.New()
		n := min(rawChunk, e.left)
		e.raw, e.out = make([]byte, n), make([]byte, 0, encodedLen(n))
	}
	if e.left == 0 {
		return io.EOF
	}
	b := e.raw[:min(rawChunk, e.left)]
	if _, err := io.ReadFull(e.src, b); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return errPDFChanged
		}
		return &segur.Error{Op: "cda.Document", Kind: segur.KindUnavailable, Message: "the PDF cannot be read", Err: err}
	}
	_, _ = e.hash.Write(b) // never fails
	if e.left -= int64(len(b)); e.left == 0 {
		if [sha256.Size]byte(e.hash.Sum(nil)) != e.want || !atEnd(e.src) {
			return errPDFChanged
		}
	}
	e.out, e.pos = base64.StdEncoding.AppendEncode(e.out[:0], b), 0
	return nil
}

func atEnd(r io.Reader) bool {
	var b [1]byte
	n, err := io.ReadFull(r, b[:])
	return n == 0 && errors.Is(err, io.EOF)
}
