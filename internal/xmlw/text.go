package xmlw

import (
	"encoding/base64"
	"io"
	"strings"
	"unicode/utf8"
)

// piece bounds how much of a long text is copied and escaped at once, and what a stream may hold of it.
const piece = 16 << 10

// Text writes character data, escaped. Line breaks: LF stays, CR becomes &#xD;.
func (w *Writer) Text(s string) {
	if !w.content() {
		return
	}
	for len(s) > piece && w.err == nil {
		n := piece
		for n > piece-utf8.UTFMax && !utf8.RuneStart(s[n]) {
			n--
		}
		w.value(s[:n], escText)
		w.spill()
		s = s[n:]
	}
	w.value(s, escText)
	if w.out != nil {
		w.spill()
	}
}

// content reports whether text may come now; it ends an open start tag.
func (w *Writer) content() bool {
	if w.err != nil {
		return false
	}
	if len(w.stack) == 0 {
		w.fail("text outside of the root element", nil)
		return false
	}
	if w.inTag && w.late {
		w.closeTag()
		return w.err == nil
	}
	if w.inTag {
		w.room(1)[0] = '>'
		w.n++
		w.inTag = false
	}
	return true
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
	add(w, b)
	w.spill()
}

// Base64 reads r to its end and writes it as base64 text on one line. A stream holds no more than its buffer.
// A read error becomes the Writer's error.
func (w *Writer) Base64(r io.Reader) {
	if !w.content() {
		return
	}
	chunk := make([]byte, 24<<10) // a multiple of 3, so that only the last piece is padded
	for w.err == nil {
		n, err := io.ReadFull(r, chunk)
		w.base64(chunk[:n])
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
	if !w.content() {
		return
	}
	const step = 24 << 10
	for w.out != nil && len(b) > step {
		w.base64(b[:step])
		b = b[step:]
	}
	w.base64(b)
}

func (w *Writer) base64(b []byte) {
	size := base64.StdEncoding.EncodedLen(len(b))
	base64.StdEncoding.Encode(w.room(size), b)
	w.n += size
	w.spill()
}

// Declaration writes the XML declaration (UTF-8) as the very first thing of a document. Canonical form has
// none: leave it out of anything that is digested as written.
func (w *Writer) Declaration() {
	if w.err != nil {
		return
	}
	if w.done > 0 || w.n > 0 {
		w.fail("the XML declaration comes first", nil)
		return
	}
	add(w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
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
		if add(w, target); data != "" {
			add(w, " ")
			w.verbatim(data)
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
	w.around("<!--", func() { w.verbatim(text) }, "-->")
}

func (w *Writer) around(open string, body func(), shut string) {
	w.closeTag()
	top := len(w.stack) == 0
	if top && w.rootSeen {
		add(w, "\n")
	}
	add(w, open)
	body()
	add(w, shut)
	if top && !w.rootSeen {
		add(w, "\n")
	}
	w.spill()
}
