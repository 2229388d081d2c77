package mssante

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"mime/quotedprintable"
	"strings"

	"github.com/segur-sdk/segur"
)

var errTooLarge = errors.New("beyond the limit")

// limitedBuffer refuses to grow beyond its limit.
type limitedBuffer struct {
	b     *bytes.Buffer
	limit int64
}

func (l *limitedBuffer) Write(p []byte) (int, error) {
	if room := l.limit - int64(l.b.Len()); int64(len(p)) > room {
		l.b.Write(p[:max(room, 0)])
		return int(max(room, 0)), errTooLarge
	}
	return l.b.Write(p)
}

// mimeWriter writes a mail. Header values come checked: no control character.
type mimeWriter struct {
	buf      bytes.Buffer
	limit    int64
	boundary string
	err      error
	tooLarge bool
	// counting keeps the length in count, and nothing else.
	counting bool
	count    int64
}

func (w *mimeWriter) Write(p []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	if w.counting {
		w.count += int64(len(p))
		return len(p), nil
	}
	if int64(w.buf.Len()+len(p)) > w.limit {
		w.err, w.tooLarge = errTooLarge, true
		return 0, w.err
	}
	return w.buf.Write(p)
}

func (w *mimeWriter) string(s string) { _, _ = io.WriteString(w, s) }

// header writes a field; CR and LF are there only as the folds of this
// package, before a blank.
func (w *mimeWriter) header(name, value string) {
	clean := strings.ReplaceAll(value, "\r\n ", "")
	if strings.ContainsFunc(clean, func(r rune) bool { return r < ' ' || r > '~' }) && w.err == nil {
		w.err = errors.New("a header value is not printable ASCII")
	}
	w.string(name + ": " + value + "\r\n")
}

func (w *mimeWriter) begin() { w.string("\r\n") }

func (w *mimeWriter) part(headers ...string) {
	w.string("--" + w.boundary + "\r\n")
	for ; len(headers) >= 2; headers = headers[2:] {
		w.header(headers[0], headers[1])
	}
	w.string("\r\n")
}

// text writes the body, in lines that need no 8BITMIME.
func (w *mimeWriter) text(s string) {
	w.part("Content-Type", "text/plain; charset=utf-8", "Content-Transfer-Encoding", "quoted-printable")
	s = strings.ReplaceAll(strings.ReplaceAll(strings.ToValidUTF8(s, "?"), "\r\n", "\n"), "\r", "\n")
	q := quotedprintable.NewWriter(w)
	_, _ = io.WriteString(q, strings.ReplaceAll(s, "\n", "\r\n"))
	if err := q.Close(); err != nil && w.err == nil {
		w.err = err
	}
	w.string("\r\n")
}

func (w *mimeWriter) attachmentHeader(mediaType, name string) {
	w.part("Content-Type", mediaType+`; name="`+name+`"`, "Content-Transfer-Encoding", "base64",
		"Content-Disposition", `attachment; filename="`+name+`"`)
}

// attachment writes a file in base64. name is plain ASCII.
func (w *mimeWriter) attachment(mediaType, name string, c segur.Content) {
	w.attachmentHeader(mediaType, name)
	r, err := c.Open()
	if err != nil {
		if w.err == nil {
			w.err = err
		}
		return
	}
	defer func() { _ = r.Close() }()
	lines := &lineBreaker{w: w}
	e := base64.NewEncoder(base64.StdEncoding, lines)
	n, err := io.Copy(e, r)
	if err == nil {
		err = e.Close()
	}
	if err == nil && n != c.Size() {
		err = io.ErrUnexpectedEOF
	}
	if err != nil && w.err == nil {
		w.err = err
	}
	lines.end()
}

func (w *mimeWriter) end() { w.string("--" + w.boundary + "--\r\n") }

// lineLength is that of a line of base64 (RFC 2045).
const lineLength = 76

// lineBreaker ends lines.
type lineBreaker struct {
	w      io.Writer
	column int
}

func (l *lineBreaker) Write(p []byte) (int, error) {
	done := 0
	for len(p) > 0 {
		n := min(lineLength-l.column, len(p))
		if _, err := l.w.Write(p[:n]); err != nil {
			return done, err
		}
		done, l.column, p = done+n, l.column+n, p[n:]
		if l.column == lineLength {
			if _, err := io.WriteString(l.w, "\r\n"); err != nil {
				return done, err
			}
			l.column = 0
		}
	}
	return done, nil
}

func (l *lineBreaker) end() {
	if l.column > 0 {
		_, _ = io.WriteString(l.w, "\r\n")
	}
}

// encodedText writes the text of a subject.
func encodedText(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) && !strings.Contains(s, "=?") {
		return s
	}
	return encodedWords(s)
}
