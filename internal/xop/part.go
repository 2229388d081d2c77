package xop

import (
	"encoding/base64"
	"io"
	"mime/multipart"
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
	mp  *multipart.Part
	n   int64
	err error
}

// Read reads the body of the part as it travels. io.EOF means that the delimiter after the part was seen whole; a part
// that may be cut ends with a *TruncatedError.
func (p *Part) Read(d []byte) (int, error) {
	if p.err != nil {
		return 0, p.err
	}
	if p.r.cur != p {
		return 0, ErrStale
	}
	if len(d) == 0 {
		return 0, nil
	}
	n, err := p.mp.Read(d)
	p.n += int64(n)
	if over := p.n - p.r.lim.PartBytes; over > 0 {
		p.n -= over
		p.err = p.r.fail(&LimitError{Limit: "PartBytes", Max: p.r.lim.PartBytes})
		return n - int(over), p.err
	}
	switch {
	case err == nil, n > 0: // an error comes again with the next call
		return n, nil
	case err == io.EOF: //nolint:errorlint // mime/multipart returns it bare at a delimiter
		p.err = io.EOF
		if !p.r.advance() {
			p.err = p.r.fail(p.r.nextErr)
		}
	case p.r.src.limit != nil:
		p.err = p.r.fail(p.r.src.limit)
	default:
		p.err = p.r.fail(p.r.truncated())
	}
	return 0, p.err
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
