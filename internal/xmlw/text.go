package xmlw

import (
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// piece bounds how much of a long text is escaped before a stream may flush.
const piece = 16 << 10

// Text writes character data, escaped. Line breaks: LF stays, CR becomes &#xD;.
func (w *Writer) Text(s string) { writeText(w, s) }

// TextBytes is Text for a byte slice.
func (w *Writer) TextBytes(b []byte) { writeText(w, b) }

func writeText[T ~string | ~[]byte](w *Writer, s T) {
	if w.err != nil {
		return
	}
	if len(w.stack) == 0 {
		w.fail("text outside of the root element", nil)
		return
	}
	w.closeTag()
	for w.out != nil && len(s) > piece {
		n := piece
		for n > piece-utf8.UTFMax && !utf8.RuneStart(s[n]) {
			n--
		}
		w.buf = appendText(w, w.buf, s[:n])
		w.room()
		s = s[n:]
	}
	w.buf = appendText(w, w.buf, s)
	w.room()
}

// Raw copies bytes that are already canonical and balanced (a signed assertion, the output of another
// Writer). They are not checked.
func (w *Writer) Raw(b []byte) {
	if w.err != nil {
		return
	}
	w.closeTag()
	if len(w.stack) == 0 {
		w.rootSeen = true
	}
	if w.out != nil && len(b) >= w.limit {
		w.flush()
		if w.err != nil {
			return
		}
		n, err := w.out.Write(b)
		w.done += int64(n)
		if err == nil && n < len(b) {
			err = io.ErrShortWrite
		}
		if err != nil {
			w.fail("destination failed", err)
		}
		return
	}
	w.buf = append(w.buf, b...)
	w.room()
}

// Base64 reads r to its end and writes it as base64 text on one line. A stream holds no more than its buffer.
// A read error becomes the Writer's error.
func (w *Writer) Base64(r io.Reader) {
	if w.err != nil {
		return
	}
	if len(w.stack) == 0 {
		w.fail("text outside of the root element", nil)
		return
	}
	w.closeTag()
	chunk := make([]byte, 24<<10) // a multiple of 3, so that only the last piece is padded
	for w.err == nil {
		n, err := io.ReadFull(r, chunk)
		w.buf = base64.StdEncoding.AppendEncode(w.buf, chunk[:n])
		w.room()
		switch err {
		case nil:
		case io.EOF, io.ErrUnexpectedEOF: // ReadFull's word for the last, shorter piece
			return
		default:
			w.fail("base64 source failed", err)
		}
	}
}

// Base64Bytes writes b as base64 text on one line.
func (w *Writer) Base64Bytes(b []byte) {
	if w.err != nil {
		return
	}
	if len(w.stack) == 0 {
		w.fail("text outside of the root element", nil)
		return
	}
	w.closeTag()
	const step = 24 << 10
	for w.out != nil && len(b) > step {
		w.buf = base64.StdEncoding.AppendEncode(w.buf, b[:step])
		w.room()
		b = b[step:]
	}
	w.buf = base64.StdEncoding.AppendEncode(w.buf, b)
	w.room()
}

// Declaration writes the XML declaration (UTF-8) as the very first thing of a document. Canonical form has
// none: leave it out of anything that is digested as written.
func (w *Writer) Declaration() {
	if w.err != nil {
		return
	}
	if w.done > 0 || len(w.buf) > 0 {
		w.fail("the XML declaration comes first", nil)
		return
	}
	w.buf = append(w.buf, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"...)
}

// PI writes a processing instruction. Around the root element it stands on a line of its own, as canonical
// form has it.
func (w *Writer) PI(target, data string) {
	if w.err != nil {
		return
	}
	if !validNCName(target) || strings.EqualFold(target, "xml") || strings.Contains(data, "?>") ||
		strings.TrimLeft(data, " \t\r\n") != data {
		w.fail("invalid processing instruction", nil)
		return
	}
	w.around("<?", func() {
		w.buf = append(w.buf, target...)
		if data != "" {
			w.buf = appendVerbatim(w, append(w.buf, ' '), data)
		}
	}, "?>")
}

// Comment writes a comment; the text must not contain "--", end with "-" or hold a CR. Canonical form
// without comments leaves it out.
func (w *Writer) Comment(text string) {
	if w.err != nil {
		return
	}
	if strings.Contains(text, "--") || strings.HasSuffix(text, "-") {
		w.fail("invalid comment", nil)
		return
	}
	w.around("<!--", func() { w.buf = appendVerbatim(w, w.buf, text) }, "-->")
}

func (w *Writer) around(open string, body func(), shut string) {
	w.closeTag()
	top := len(w.stack) == 0
	if top && w.rootSeen {
		w.buf = append(w.buf, '\n')
	}
	w.buf = append(w.buf, open...)
	body()
	w.buf = append(w.buf, shut...)
	if top && !w.rootSeen {
		w.buf = append(w.buf, '\n')
	}
	w.room()
}

// Byte classes of character data.
const (
	plain    = iota
	escText  // escaped in text
	escAttr  // escaped in attributes
	escBoth  // escaped in both
	multi    // first byte of a multi-byte character
	unwanted // control character
)

var class = func() (t [256]uint8) {
	for i := range 0x20 {
		t[i] = unwanted
	}
	t['\t'], t['\n'], t['"'] = escAttr, escAttr, escAttr
	t['\r'], t['&'], t['<'] = escBoth, escBoth, escBoth
	t['>'] = escText
	for i := 0x80; i < 0x100; i++ {
		t[i] = multi
	}
	return t
}()

var entity = [256]string{
	'\t': "&#x9;", '\n': "&#xA;", '\r': "&#xD;", '"': "&quot;", '&': "&amp;", '<': "&lt;", '>': "&gt;",
}

func appendText[T ~string | ~[]byte](w *Writer, dst []byte, s T) []byte {
	return appendEscaped(w, dst, s, escText)
}

func appendAttr[T ~string | ~[]byte](w *Writer, dst []byte, s T) []byte {
	return appendEscaped(w, dst, s, escAttr)
}

func appendEscaped[T ~string | ~[]byte](w *Writer, dst []byte, s T, where uint8) []byte {
	from := 0
	for i := 0; ; {
		for i < len(s) && class[s[i]] == plain {
			i++
		}
		if i >= len(s) {
			break
		}
		c := s[i]
		k := class[c]
		switch {
		case k == multi:
			n := multiByte(s, i)
			if n == 0 {
				w.badCharacter()
				return dst
			}
			i += n
		case k == unwanted:
			w.fail(fmt.Sprintf("character U+%04X is not allowed in XML 1.0", c), nil)
			return dst
		case k == where || k == escBoth:
			dst = append(dst, s[from:i]...)
			dst = append(dst, entity[c]...)
			i++
			from = i
		default:
			i++
		}
	}
	return append(dst, s[from:]...)
}

// appendVerbatim copies the text of a comment or instruction, where nothing can be escaped.
func appendVerbatim(w *Writer, dst []byte, s string) []byte {
	for i := 0; i < len(s); {
		switch k := class[s[i]]; {
		case k == multi:
			n := multiByte(s, i)
			if n == 0 {
				w.badCharacter()
				return dst
			}
			i += n
		case k == unwanted || s[i] == '\r':
			w.fail(fmt.Sprintf("character U+%04X is not allowed here", s[i]), nil)
			return dst
		default:
			i++
		}
	}
	return append(dst, s...)
}

// multiByte returns the length of the well-formed character at s[i], 0 when it is not UTF-8 or is one that
// XML 1.0 forbids (U+FFFE, U+FFFF; surrogates are not UTF-8).
func multiByte[T ~string | ~[]byte](s T, i int) int {
	var b [utf8.UTFMax]byte
	n := copy(b[:], s[i:])
	r, size := utf8.DecodeRune(b[:n])
	if r == utf8.RuneError && size <= 1 || r == 0xFFFE || r == 0xFFFF {
		return 0
	}
	return size
}

func (w *Writer) badCharacter() {
	w.fail("text is not UTF-8, or holds U+FFFE or U+FFFF", nil)
}
