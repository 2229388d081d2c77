package dicomweb

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
	"github.com/segur-sdk/segur/internal/xop"
)

var (
	errSectionEnd = errors.New("the end of the range")
	errCutRange   = errors.New("the answer ends before the range that it announces")
)

// Media is content that arrives and is no DICOM file: pixels, an image for the
// screen, bulk data. Reading it gives its bytes; the last Read returns io.EOF
// only when it came whole. It is not safe for concurrent use.
type Media struct {
	// Type is the media type, such as "image/jpeg", without parameters.
	Type string
	// TransferSyntaxUID is how pixels are encoded; empty when the server does
	// not tell.
	TransferSyntaxUID string
	// Location is where the server says the content is (Content-Location).
	Location string
	// Size is the number of bytes, -1 when the server does not tell.
	Size int64

	a     *answer
	r     io.Reader
	alone bool // nothing else may follow, and Close ends the answer
	err   error
	gone  bool
}

// Read gives the bytes of the content.
func (m *Media) Read(p []byte) (int, error) {
	if m.gone {
		return 0, &segur.Error{Op: opRetrieve, Kind: segur.KindInvalidInput,
			Message: "the content is no longer there: it is read before the next one is asked for, and before it is closed"}
	}
	if m.err != nil {
		return 0, m.err
	}
	n, err := m.r.Read(p)
	switch {
	case err == nil:
		return n, nil
	case err == errSectionEnd: //nolint:errorlint // ours, bare
		m.err = io.EOF // of what was asked; the rest is not looked at
	case err != io.EOF: //nolint:errorlint // the io.Reader contract says bare
		m.err = m.a.streamError(err)
	case m.alone:
		m.err = m.a.nothingElse("the content that was asked")
	default:
		m.err = io.EOF
	}
	return n, m.err
}

// Close ends the retrieval; for content of a sequence it skips the rest. It
// returns the error that reading met. Closing before the end is no error: what
// was read is then incomplete.
func (m *Media) Close() error {
	var err error
	if m.alone {
		err = m.a.resp.Body.Close()
	} else if m.err == nil {
		_, err = io.Copy(io.Discard, struct{ io.Reader }{m})
	}
	if m.err != nil && m.err != io.EOF { //nolint:errorlint // ours, bare
		return m.err
	}
	m.gone = true
	return err
}

// nothingElse returns io.EOF when no part follows, of an answer that is whole.
func (a *answer) nothingElse(than string) error {
	if a.parts == nil {
		return a.whole()
	}
	switch _, err := a.parts.Next(); {
	case err == io.EOF: //nolint:errorlint // Next returns it bare
		return a.whole()
	case err != nil:
		return a.streamError(err)
	}
	return a.fail(segur.KindProtocol, CodeWrongInstance, "the answer holds more than "+than, nil)
}

// whole is the end of an answer: io.EOF, unless the server said that it is a part
// of what was asked.
func (a *answer) whole() error {
	if a.resp.Status == http.StatusPartialContent && !a.ranged {
		return a.fail(segur.KindPartial, "", "the server sent only a part of what was asked", nil)
	}
	return io.EOF
}

// nextMedia gives the next content, or io.EOF after the last one of a complete
// answer. fits says which media types are an answer at all.
func (a *answer) nextMedia(fits func(mediaType string) bool) (*Media, error) {
	m := &Media{a: a, Size: -1}
	var ct xop.ContentType
	if a.parts == nil {
		if a.given {
			return nil, io.EOF
		}
		a.given = true
		ct, _ = xop.ParseContentType(a.resp.Header.Get("Content-Type"))
		m.Location, m.Size = a.resp.Header.Get("Content-Location"), a.resp.ContentLength
		m.r = &bounded{a, a.c.cfg.Limits.MaxPartBytes}
	} else {
		part, err := a.parts.Next()
		if err == io.EOF { //nolint:errorlint // Next returns it bare
			return nil, io.EOF
		}
		if err != nil {
			return nil, a.streamError(err)
		}
		ct, m.Location = part.ContentType(), part.Header.Get("Content-Location")
		if n, ok := part.DeclaredSize(); ok {
			m.Size = n
		}
		if m.r, err = part.Content(); err != nil {
			return nil, a.streamError(err)
		}
		if ct.Type == "" {
			ct.Type = a.parts.ContentType().RootType()
		}
	}
	m.Type, m.TransferSyntaxUID = ct.Type, ct.Param("transfer-syntax")
	if m.Type == "" { // as images that are labelled as bytes: left to the caller
		m.Type = "application/octet-stream"
	}
	if !fits(m.Type) {
		return nil, a.fail(segur.KindProtocol, "", "the answer is of another media type than what was asked", nil)
	}
	return m, nil
}

// oneMedia opens an answer that holds one content. The caller closes it.
func (c *Client) oneMedia(ctx context.Context, resp *transport.Response, fits func(string) bool) (*Media, error) {
	a, err := c.newAnswer(ctx, resp)
	if err != nil {
		_ = resp.Body.Close()
		return nil, err
	}
	m, err := a.nextMedia(fits)
	if err == io.EOF { //nolint:errorlint // nextMedia returns it bare
		err = a.fail(segur.KindProtocol, "", "the answer holds nothing", nil)
	}
	if err != nil {
		_ = resp.Body.Close()
		return nil, err
	}
	m.alone = true
	return m, nil
}

// isPixels reports whether a media type may be bytes of an instance: a page for
// people or a message of the server is none.
func isPixels(mediaType string) bool {
	return !strings.HasPrefix(mediaType, "text/") && !strings.HasPrefix(mediaType, "multipart/") &&
		!strings.HasSuffix(mediaType, "json") && !strings.HasSuffix(mediaType, "xml") && mediaType != "application/dicom"
}

// among returns whether a media type is one of those asked, "image/*" and "*/*"
// included.
func among(asked []string) func(string) bool {
	return func(got string) bool {
		major, _, _ := strings.Cut(got, "/")
		return slices.ContainsFunc(asked, func(a string) bool {
			ct, err := xop.ParseContentType(a)
			return err == nil && (ct.Type == got || ct.Type == "*/*" || ct.Type == major+"/*")
		})
	}
}

// Bytes reads the content to its end and closes it. It refuses more than limit
// bytes; 0 is the limit MaxPartBytes of the client.
func (m *Media) Bytes(limit int64) ([]byte, error) {
	if limit <= 0 {
		limit = m.a.c.cfg.Limits.MaxPartBytes
	}
	var b bytes.Buffer
	_, err := io.Copy(&b, io.LimitReader(m, limit+1))
	if err == nil && int64(b.Len()) > limit {
		err = m.a.fail(segur.KindTooLarge, "", "the content passes the limit of bytes", nil)
	}
	if e := m.Close(); err == nil {
		err = e
	}
	if err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
