package xop

import (
	"encoding/base64"
	"errors"
	"io"
	"mime/quotedprintable"
	"net/textproto"
	"strconv"
	"strings"
)

// Part is one part of a message being read. It is readable until the next call of Reader.Next.
type Part struct {
	Header textproto.MIMEHeader
	Index  int // 0 is the first part

	r   *Reader
	n   int64
	err error
}

// Read reads the body of the part as it travels. io.EOF means that the delimiter after the part was seen whole; a part
// that may be cut ends with a *TruncatedError.
func (p *Part) Read(d []byte) (int, error) {
	if len(d) == 0 && p.err == nil && p.r.cur == p {
		return 0, nil
	}
	b, err := p.payload()
	if err != nil {
		return 0, err
	}
	n := copy(d, b)
	p.use(n)
	return n, nil
}

// WriteTo writes the rest of the body to w without a copy in between, see Read.
func (p *Part) WriteTo(w io.Writer) (total int64, err error) {
	for {
		b, err := p.payload()
		if err == io.EOF { //nolint:errorlint // ours, bare
			return total, nil
		}
		if err != nil {
			return total, err
		}
		n, err := w.Write(b)
		if n < 0 || n > len(b) {
			return total, errWriter
		}
		p.use(n)
		total += int64(n)
		if err == nil && n < len(b) {
			err = io.ErrShortWrite
		}
		if err != nil {
			return total, err
		}
	}
}

var errWriter = errors.New("xop: writer gave an impossible count")

// payload returns the next bytes of the body, within the limit; what was used of them must be told to use.
func (p *Part) payload() ([]byte, error) {
	if p.err != nil {
		return nil, p.err
	}
	if p.r.cur != p {
		return nil, ErrStale
	}
	b, err := p.r.sc.payload()
	if err == nil {
		left := p.r.lim.PartBytes - p.n
		if left > 0 {
			return b[:min(int64(len(b)), left)], nil
		}
		err = &LimitError{Limit: "PartBytes", Max: p.r.lim.PartBytes}
	}
	switch err { //nolint:errorlint // ours, bare
	case io.EOF: //nolint:errorlint // bare: a wrapped one is not the end
		if p.err = io.EOF; !p.r.advance() {
			p.err = p.r.fail(p.r.nextErr)
		}
	case errEnd:
		p.err = p.r.fail(p.r.truncated())
	default:
		p.err = p.r.fail(err)
	}
	return nil, p.err
}

func (p *Part) use(n int) {
	p.r.sc.use(n)
	p.n += int64(n)
}

// BytesRead returns how many bytes of the body were read so far.
func (p *Part) BytesRead() int64 { return p.n }

// DeclaredSize returns the Content-Length header of the part. It is a hint: the delimiter ends the part.
func (p *Part) DeclaredSize() (int64, bool) {
	n, err := strconv.ParseInt(strings.TrimSpace(p.Header.Get("Content-Length")), 10, 64)
	return n, err == nil && n >= 0
}

// ContentID returns the Content-ID without angle brackets, empty when there is none.
func (p *Part) ContentID() string { return bareID(p.Header.Get("Content-Id")) }

// Is says whether a cid: URI (the href of a xop:Include) names this part.
func (p *Part) Is(href string) bool { return SameID(href, p.ContentID()) }

// ContentType returns the parsed Content-Type of the part; its Type is empty when there is none or it cannot be parsed.
func (p *Part) ContentType() ContentType {
	ct, err := ParseContentType(p.Header.Get("Content-Type"))
	if err != nil {
		return ContentType{}
	}
	return ct
}

// MediaType returns the media type of the part in lower case, without parameters, empty when unknown.
func (p *Part) MediaType() string { return p.ContentType().Type }

// Content returns the body with its Content-Transfer-Encoding undone: binary, 8bit, 7bit, base64 (some DRIMbox send the
// DICOM part that way) or quoted-printable. Reading it reads the part.
func (p *Part) Content() (io.Reader, error) {
	switch strings.ToLower(strings.TrimSpace(p.Header.Get("Content-Transfer-Encoding"))) {
	case "", "binary", "8bit", "7bit":
		return p, nil
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, p), nil
	case "quoted-printable":
		return quotedprintable.NewReader(p), nil
	}
	return nil, ErrEncoding
}
