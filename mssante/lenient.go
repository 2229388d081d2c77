package mssante

import (
	"bytes"
	"net/mail"
	"net/textproto"
	"regexp"
	"strings"
	"time"
)

// This file reads what the norms of mail refuse and official samples hold: no
// blank line after a header, boundaries that end with a dash of a word
// processor, comments inside dates.

// splitHeader takes a header off its body without asking for the blank line
// between them. In a part of a mail, fields whose name does not begin with
// "Content-" mean nothing and belong to a body that has no blank line before
// it (part). sound is false when something was repaired.
func splitHeader(raw []byte, part bool) (h textproto.MIMEHeader, body []byte, sound bool) {
	h = textproto.MIMEHeader{}
	fields := fieldReader{h: h}
	defer fields.flush()
	for rest := raw; ; {
		line, after, ended := bytes.Cut(rest, []byte("\n"))
		line = bytes.TrimSuffix(line, []byte("\r"))
		switch {
		case len(rest) == 0:
			return h, nil, false
		case len(line) == 0:
			return h, after, true
		case (line[0] == ' ' || line[0] == '\t') && fields.key != "":
			fields.fold(line)
		default:
			name, value, ok := bytes.Cut(line, []byte(":"))
			if key := strings.TrimRight(string(name), " \t"); ok && fieldName(key) && (!part || prefixFold(key, "content-")) {
				fields.field(key, value)
				break
			}
			return h, rest, false
		}
		if !ended {
			return h, nil, false
		}
		rest = after
	}
}

// fieldReader puts folded lines together, in a time that grows with their
// length and no more.
type fieldReader struct {
	h     textproto.MIMEHeader
	key   string
	value []byte
}

func (f *fieldReader) field(name string, value []byte) {
	f.flush()
	f.key, f.value = textproto.CanonicalMIMEHeaderKey(name), append(f.value[:0], bytes.TrimSpace(value)...)
}

func (f *fieldReader) fold(line []byte) {
	f.value = append(append(f.value, ' '), bytes.TrimSpace(line)...)
}

// flush ends the field under way.
func (f *fieldReader) flush() {
	if f.key != "" {
		f.h[f.key] = append(f.h[f.key], string(f.value))
	}
	f.key = ""
}

func fieldName(s string) bool {
	return s != "" && !strings.HasPrefix(s, "--") &&
		!strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == '<' || r == '>' || r == '@' || r == '"' })
}

// typographic are dashes that software writes in place of the last "--".
var typographic = [][]byte{[]byte("—"), []byte("–"), {0x97}, {0x96}}

// brokenBoundary reports whether a boundary ends with a typographic dash.
func brokenBoundary(body []byte, boundary string) bool {
	for _, dash := range typographic {
		if bytes.Contains(body, append([]byte("\n--"+boundary), dash...)) {
			return true
		}
	}
	return false
}

// lenientParts cuts a multipart body at anything like its boundary. closed
// says that the last boundary was there.
func lenientParts(body []byte, boundary string) (parts [][]byte, closed bool) {
	delimiter := []byte("--" + boundary)
	start := -1
	for at := 0; at < len(body) && len(parts) <= maxParts; {
		end := bytes.IndexByte(body[at:], '\n')
		next := len(body)
		if end >= 0 {
			next = at + end + 1
		}
		if rest, ok := bytes.CutPrefix(body[at:next], delimiter); ok {
			if kind := boundaryEnd(bytes.TrimSpace(rest)); kind != notBoundary {
				if start >= 0 {
					parts = append(parts, trimEnd(body[start:at]))
				}
				start = next
				if kind == closing {
					return parts, true
				}
			}
		}
		at = next
	}
	if start >= 0 && start < len(body) {
		parts = append(parts, body[start:])
	}
	return parts, false
}

const (
	notBoundary = iota
	opening
	closing
)

func boundaryEnd(rest []byte) int {
	switch {
	case len(rest) == 0:
		return opening
	case string(rest) == "--":
		return closing
	}
	for _, dash := range typographic {
		if bytes.Equal(rest, dash) {
			return opening // in the official sample other parts follow
		}
	}
	return notBoundary
}

// trimEnd takes off the line break that belongs to the boundary.
func trimEnd(b []byte) []byte {
	b = bytes.TrimSuffix(b, []byte("\n"))
	return bytes.TrimSuffix(b, []byte("\r"))
}

// blankParameter is a parameter of a media type with a blank after "=".
var blankParameter = regexp.MustCompile(`([;\s][\w*.-]+)\s*=\s+`)

const maxDate = 200

var comment = regexp.MustCompile(`\([^()]*\)`)

// readDate reads a date, comments anywhere.
func readDate(s string) (d time.Time, sound bool) {
	if len(s) > maxDate {
		return time.Time{}, false
	}
	if d, err := mail.ParseDate(s); err == nil {
		return d, true
	}
	if d, err := mail.ParseDate(strings.Join(strings.Fields(comment.ReplaceAllString(s, " ")), " ")); err == nil {
		return d, false
	}
	return time.Time{}, false
}
