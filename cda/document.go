package cda

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"io"
	"log/slog"
	"slices"
	"sync"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/xmlw"
)

// Document is a document ready to be sent: its bytes never change. It is a
// [segur.Content], so the clients of this SDK take it as it is. It holds the
// texts in memory; what it embeds is read again and encoded on the fly each time
// that the document is read. Documents are safe for concurrent use.
type Document struct {
	id          segur.Identifier
	xml         []byte // without what is embedded
	embeds      []embed
	problems    []segur.Detail
	readHeader  func() (segur.DocumentHeader, error)
	contentSize int64
}

// embed is a content whose base64 text stands at a position of a document.
type embed struct {
	at      int
	content segur.Content
	size    int64
	sum     [sha256.Size]byte
	pdf     bool // the report itself
}

var _ segur.Content = (*Document)(nil)

func newDocument(id segur.Identifier, xml []byte, embeds []embed, problems []segur.Detail) *Document {
	d := &Document{id: id, xml: xml, embeds: embeds, problems: problems, contentSize: int64(len(xml))}
	for i := range embeds {
		e := &embeds[i]
		e.size = e.content.Size()
		d.contentSize += encodedLen(e.size)
	}
	d.readHeader = sync.OnceValues(func() (segur.DocumentHeader, error) { return readHeader(xml) })
	return d
}

// unwritable is the error of a text with a character that XML has no place
// for; it names the element, where the checks of fields did not look.
func unwritable(op string, err error) error {
	e := &segur.Error{Op: op, Kind: segur.KindInvalidInput, Message: "a text cannot be written in XML", Err: err}
	if at := (*xmlw.Error)(nil); errors.As(err, &at) {
		e.Details = []segur.Detail{{Field: at.Path, Message: at.Rule}}
	}
	return e
}

// readable makes sure that an invalid document can be read back.
func readable(d *Document, invalid error) (*Document, error) {
	if invalid != nil {
		if _, err := d.readHeader(); err != nil {
			return nil, invalid
		}
	}
	return d, nil
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

// Problems lists what is wrong with the document, by field: nothing, unless
// [Config.AllowInvalid] let it be written. The slice is the caller's.
func (d *Document) Problems() []segur.Detail { return slices.Clone(d.problems) }

// PDFSize is the length of the PDF of the report in bytes, PDFSHA256 its
// digest; 0 when a level 3 report has none.
func (d *Document) PDFSize() int64 {
	if p := d.pdf(); p != nil {
		return p.size
	}
	return 0
}

// PDFSHA256 is the SHA-256 of the PDF when the document was made. Reading the
// document fails when the PDF has changed since.
func (d *Document) PDFSHA256() (sum [sha256.Size]byte) {
	if p := d.pdf(); p != nil {
		sum = p.sum
	}
	return sum
}

func (d *Document) pdf() *embed {
	for i := range d.embeds {
		if d.embeds[i].pdf {
			return &d.embeds[i]
		}
	}
	return nil
}

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
	r := &documentReader{d: d}
	if len(d.embeds) > 0 { // that nothing is sent of a document that cannot be read
		if err := r.next(); err != nil {
			return nil, err
		}
	}
	return r, nil
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

// Format writes what String does, whatever the verb: the texts of a document
// are not for logs.
func (d *Document) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(d.String())) }

// LogValue makes slog write what String does.
func (d *Document) LogValue() slog.Value { return slog.StringValue(d.String()) }

// documentReader gives the texts and, in their places, what is embedded.
type documentReader struct {
	d   *Document
	pos int // in d.xml
	at  int // the embed that comes next, or is open
	src io.ReadCloser
	encoder
}

func (r *documentReader) Close() error {
	if r.src == nil {
		return nil
	}
	src := r.src
	r.src = nil
	return src.Close()
}

// run is the text up to the next embedded content.
func (r *documentReader) run() []byte {
	if r.at < len(r.d.embeds) {
		return r.d.xml[r.pos:r.d.embeds[r.at].at]
	}
	return r.d.xml[r.pos:]
}

// next opens the content that comes next.
func (r *documentReader) next() error {
	e := &r.d.embeds[r.at]
	src, err := e.content.Open()
	if err != nil {
		return &segur.Error{Op: "cda.Document.Open", Kind: segur.KindUnavailable, Message: "an embedded content cannot be opened", Err: err}
	}
	r.src = src
	r.start(src, e.size, e.sum)
	return nil
}

// ready prepares what comes after a text: it returns io.EOF at the end.
func (r *documentReader) ready() error {
	switch {
	case r.at == len(r.d.embeds):
		return io.EOF
	case r.err != nil && !errors.Is(r.err, io.EOF):
		return r.err
	case r.src == nil:
		if err := r.next(); err != nil {
			r.err = err
			return err
		}
	}
	return nil
}

// done goes on after an embedded content.
func (r *documentReader) done() error {
	r.at++
	return r.Close()
}

func (r *documentReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		if run := r.run(); len(run) > 0 {
			n := copy(p, run)
			r.pos += n
			return n, nil
		}
		if err := r.ready(); err != nil {
			return 0, err
		}
		n, err := r.encoder.Read(p)
		if !errors.Is(err, io.EOF) {
			return n, err
		}
		if err := r.done(); err != nil {
			return 0, err
		}
	}
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
	for err == nil {
		run := r.run()
		before := n
		write(run)
		r.pos += int(n - before)
		if err != nil {
			break
		}
		if err = r.ready(); err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			break
		}
		for err == nil {
			write(r.out[r.encoder.pos:])
			r.encoder.pos = len(r.out)
			if err != nil {
				break
			}
			if e := r.fill(); errors.Is(e, io.EOF) {
				err = r.done()
				break
			} else if e != nil {
				r.err = e
				return n, e
			}
		}
	}
	return n, err
}

// rawChunk is what is encoded at a time: a multiple of 3 bytes, so that only the last
// one is padded.
const rawChunk = 24 << 10

// encoder gives the base64 text of a content and makes sure that it is still
// the one that was checked.
type encoder struct {
	in   io.Reader
	left int64
	want [sha256.Size]byte

	hash hash.Hash
	raw  []byte
	out  []byte
	pos  int // out[pos:] is not read yet
	err  error
}

// start begins a content of that size and digest; the buffers are used again.
func (e *encoder) start(src io.Reader, size int64, want [sha256.Size]byte) {
	e.in, e.left, e.want, e.err = src, size, want, nil
	e.out, e.pos = e.out[:0], 0
	if e.hash != nil {
		e.hash.Reset()
	}
}

var errContentChanged = &segur.Error{Op: "cda.Document", Kind: segur.KindConflict,
	Message: "an embedded content is no longer the one that was checked when the document was made"}

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
// away: nobody gets a complete document around another content.
func (e *encoder) fill() error {
	if e.left == 0 {
		return io.EOF
	}
	if e.hash == nil {
		e.hash = sha256.New()
	}
	if n := min(rawChunk, e.left); int64(len(e.raw)) < n {
		e.raw, e.out = make([]byte, n), make([]byte, 0, encodedLen(n))
	}
	b := e.raw[:min(rawChunk, e.left)]
	if _, err := io.ReadFull(e.in, b); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return errContentChanged
		}
		return &segur.Error{Op: "cda.Document", Kind: segur.KindUnavailable, Message: "an embedded content cannot be read", Err: err}
	}
	_, _ = e.hash.Write(b) // never fails
	if e.left -= int64(len(b)); e.left == 0 {
		if [sha256.Size]byte(e.hash.Sum(nil)) != e.want || !atEnd(e.in) {
			return errContentChanged
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
