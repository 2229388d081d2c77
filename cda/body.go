package cda

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"sync"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/xmlr"
)

// bodyText is the text of nonXMLBody as it stands in the input.
type bodyText struct {
	present   bool
	mediaType string
	base64    bool
	pieces    [][]byte
}

// body reads component: what kind of body, and where its text is.
func (d *decoder) body() {
	d.each(func(name []byte) {
		switch string(name) {
		case "structuredBody":
			if d.out.Level = 3; !d.headerOnly && d.bodyTree == nil {
				d.structuredBody()
			}
		case "nonXMLBody":
			d.out.Level = 1
			d.each(func(name []byte) {
				if string(name) == "text" && !d.out.body.present {
					d.bodyText()
				}
			})
		}
	})
}

func (d *decoder) bodyText() {
	b := &d.out.body
	b.present, b.mediaType, b.base64 = true, d.attr("mediaType"), d.attr("representation") == "B64"
	d.out.Header.BodyMediaType = b.mediaType
	depth := d.Depth()
	for d.Next() {
		switch d.Scanner.Kind() {
		case xmlr.Text:
			// Base64 stays where it is in the input, however long it is;
			// references in it, which stand for line ends, are resolved.
			raw := d.src[d.Offset():d.EndOffset()]
			if b.base64 && !d.CDATA() && bytes.IndexByte(raw, '&') < 0 {
				b.pieces = append(b.pieces, raw)
			} else {
				b.pieces = append(b.pieces, bytes.Clone(d.TextValue()))
			}
		case xmlr.EndElement:
			if d.Depth() == depth {
				return
			}
		}
	}
}

// Body is the content of an unstructured body. It is a [segur.Content].
type Body struct {
	// MediaType is what the document says that it is: application/pdf, or
	// text/plain, text/rtf, image/jpeg, image/tiff in older documents.
	MediaType string
	// SHA256 is the digest of the content.
	SHA256 [sha256.Size]byte

	text bodyText
	size int64
}

// Body returns the content of an unstructured body, decoded on the fly each
// time it is opened. The whole of it was decoded once here, so that a defect
// of the base64 text is known before anything is used: [segur.ErrProtocol].
// The error is [segur.ErrNotFound] when the body is structured.
func (p *Parsed) Body() (*Body, error) {
	const op = "cda.body"
	if !p.body.present {
		return nil, &segur.Error{Op: op, Kind: segur.KindNotFound, Message: "the document has no unstructured body"}
	}
	b := &Body{MediaType: p.body.mediaType, text: p.body}
	hash, head := sha256.New(), &prefix{}
	n, err := io.CopyBuffer(struct{ io.Writer }{io.MultiWriter(hash, head)}, b.reader(), make([]byte, 32<<10))
	if err != nil {
		return nil, &segur.Error{Op: op, Kind: segur.KindProtocol, Message: "the base64 text of the body is damaged", Err: err}
	}
	if n == 0 {
		return nil, &segur.Error{Op: op, Kind: segur.KindProtocol, Message: "the body is empty"}
	}
	if b.MediaType == mediaTypePDF && !bytes.HasPrefix(head.b, []byte("%PDF-")) {
		return nil, &segur.Error{Op: op, Kind: segur.KindProtocol, Message: "the body is announced as a PDF and is not one"}
	}
	b.size, b.SHA256 = n, [sha256.Size]byte(hash.Sum(nil))
	return b, nil
}

// Size is the length of the content in bytes.
func (b *Body) Size() int64 { return b.size }

// Open reads the content from its first byte.
func (b *Body) Open() (io.ReadCloser, error) { return io.NopCloser(b.reader()), nil }

func (b *Body) reader() io.Reader { return b.text.reader() }

func (b *bodyText) reader() io.Reader {
	pieces := &pieceReader{pieces: b.pieces, strip: b.base64}
	if !b.base64 {
		return pieces
	}
	return &strictBase64{r: base64.NewDecoder(base64.StdEncoding, pieces)}
}

// embedded is the content of an attachment: read once before anything is used
// of it, decoded again each time that it is opened. Safe for concurrent use.
type embedded struct {
	text bodyText
	once sync.Once
	size int64
	err  error
}

func (m *embedded) check() {
	m.once.Do(func() {
		n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, m.text.reader(), make([]byte, 32<<10))
		switch m.size = n; {
		case err != nil:
			m.size, m.err = 0, &segur.Error{Op: "cda.attachment", Kind: segur.KindProtocol, Message: "the base64 text of the attachment is damaged", Err: err}
		case n == 0:
			m.err = &segur.Error{Op: "cda.attachment", Kind: segur.KindProtocol, Message: "the attachment is empty"}
		}
	})
}

// Size is the length of the content; 0 when it is damaged.
func (m *embedded) Size() int64 {
	m.check()
	return m.size
}

func (m *embedded) Open() (io.ReadCloser, error) {
	if m.check(); m.err != nil {
		return nil, m.err
	}
	return io.NopCloser(m.text.reader()), nil
}

// pieceReader reads the pieces one after the other, without white space when
// strip is set.
type pieceReader struct {
	pieces [][]byte // not begun
	rest   []byte   // of the current one
	strip  bool
}

func (r *pieceReader) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		if r.strip {
			r.rest = bytes.TrimLeft(r.rest, " \t\r\n")
		}
		if len(r.rest) == 0 {
			if len(r.pieces) == 0 {
				break
			}
			r.rest, r.pieces = r.pieces[0], r.pieces[1:]
			continue
		}
		run := r.rest[:min(len(r.rest), len(p)-n)]
		if r.strip {
			if i := bytes.IndexAny(run, " \t\r\n"); i >= 0 {
				run = run[:i]
			}
		}
		n += copy(p[n:], run)
		r.rest = r.rest[len(run):]
	}
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// strictBase64 turns the end inside a group of four, which encoding/base64
// reports as an unexpected end of its source, into an error of the content.
type strictBase64 struct{ r io.Reader }

var errBase64 = errors.New("cda: the base64 text stops inside a group")

func (s *strictBase64) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = errBase64
	}
	return n, err
}

type prefix struct{ b []byte }

func (w *prefix) Write(p []byte) (int, error) {
	if room := 8 - len(w.b); room > 0 {
		w.b = append(w.b, p[:min(room, len(p))]...)
	}
	return len(p), nil
}
