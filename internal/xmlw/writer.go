package xmlw

import (
	"errors"
	"io"
	"strings"
)

const (
	xmlURI   = "http://www.w3.org/XML/1998/namespace"
	xmlnsURI = "http://www.w3.org/2000/xmlns/"
)

// Error is the first mistake made with a Writer. It names the element path and the rule, never the content.
type Error struct {
	Path string // names of the open elements, e.g. "/ClinicalDocument/title"
	Rule string // what is wrong, e.g. "character U+0000 is not allowed in XML 1.0"
	Err  error  // cause, for a source or destination that failed; else nil
}

// Error implements error.
func (e *Error) Error() string {
	s := "xmlw: " + e.Path + ": " + e.Rule
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

type frame struct {
	name  string
	colon int // index of the colon in name, -1 without prefix
	ns    int // number of bindings in scope outside this element
}

type binding struct{ prefix, uri string }

// attribute is one attribute or namespace declaration of the open start tag: its bytes are buf[start:end].
type attribute struct {
	start, end int
	uri        string // xmlnsURI for a declaration
	local      string // prefix for a declaration
}

// Writer builds one XML document or fragment. The zero Writer is ready to use and appends to memory.
// A Writer is not safe for concurrent use; Reset allows reuse without allocation.
type Writer struct {
	buf   []byte
	out   io.Writer // nil: memory
	limit int       // flush threshold when out is set
	done  int64     // bytes already flushed to out

	stack []frame
	ns    []binding // declared, innermost last
	lazy  []binding // registered by Use
	attrs []attribute

	inTag    bool // the start tag of the innermost element is still open
	rootSeen bool // an element was written at the top level
	err      error
}

// room0 holds a Writer and the first storage of its stacks, in one allocation.
type room0 struct {
	Writer
	stack [16]frame
	ns    [8]binding
	lazy  [4]binding
	attrs [12]attribute
}

func newWriter() *Writer {
	r := &room0{}
	r.Writer.stack, r.Writer.ns, r.Writer.lazy, r.Writer.attrs = r.stack[:0], r.ns[:0], r.lazy[:0], r.attrs[:0]
	return &r.Writer
}

// New returns a Writer that appends to buf, which may be nil. Pass a slice with capacity to avoid growth.
func New(buf []byte) *Writer {
	w := newWriter()
	w.buf = buf
	return w
}

// NewStream returns a Writer that sends its output to dst and holds about size bytes (64 KiB when size <= 0)
// at most, plus the longest start tag. Call Close at the end.
func NewStream(dst io.Writer, size int) *Writer {
	if size <= 0 {
		size = 64 << 10
	}
	w := newWriter()
	w.out, w.limit, w.buf = dst, size, make([]byte, 0, size+size/4)
	return w
}

// Reset makes the Writer new again, in memory mode, appending to buf; internal stacks keep their storage.
func (w *Writer) Reset(buf []byte) {
	*w = Writer{buf: buf, stack: w.stack[:0], ns: w.ns[:0], lazy: w.lazy[:0], attrs: w.attrs[:0]}
}

// Len returns the number of bytes written so far (flushed ones included), after closing a pending start tag.
// In memory mode it is an index into the result of Bytes, which allows a caller to digest or cut a part.
func (w *Writer) Len() int {
	w.closeTag()
	return int(w.done) + len(w.buf)
}

// Depth returns the number of open elements.
func (w *Writer) Depth() int { return len(w.stack) }

// Err returns the first mistake so far, nil when there is none. The error is an *Error.
func (w *Writer) Err() error { return w.err }

// Fail records err as the Writer's error unless it already has one: it lets a caller report its own problem
// (a mandatory field that is empty) in the same place.
func (w *Writer) Fail(err error) {
	if err != nil {
		w.fail("refused by the caller", err)
	}
}

// Bytes returns the document. It fails when anything was wrong or an element is still open.
// In stream mode use Close.
func (w *Writer) Bytes() ([]byte, error) {
	if w.out != nil {
		w.fail("Bytes called on a stream", nil)
	}
	w.finish()
	if w.err != nil {
		return nil, w.err
	}
	return w.buf, nil
}

// Close checks that every element is closed and flushes a stream. It does not close the destination.
func (w *Writer) Close() error {
	w.finish()
	if w.out != nil && w.err == nil {
		w.flush()
	}
	return w.err
}

func (w *Writer) finish() {
	if w.err == nil && len(w.stack) > 0 {
		w.fail("element not closed", nil)
	}
}

func (w *Writer) path() string {
	var b strings.Builder
	for _, f := range w.stack {
		b.WriteByte('/')
		b.WriteString(f.name)
	}
	if b.Len() == 0 {
		return "/"
	}
	return b.String()
}

func (w *Writer) fail(rule string, cause error) {
	if w.err != nil {
		return
	}
	var e *Error
	if errors.As(cause, &e) {
		w.err = cause
		return
	}
	w.err = &Error{Path: w.path(), Rule: rule, Err: cause}
}

// flush sends the buffer to the destination. Only called between tags, when no offset into buf is live.
func (w *Writer) flush() {
	if w.err != nil || len(w.buf) == 0 {
		return
	}
	n, err := w.out.Write(w.buf)
	if err == nil && n < len(w.buf) {
		err = io.ErrShortWrite
	}
	if err != nil {
		w.fail("destination failed", err)
		return
	}
	w.done += int64(n)
	w.buf = w.buf[:0]
}

// room flushes when the buffer of a stream is over its limit.
func (w *Writer) room() {
	if w.out != nil && len(w.buf) >= w.limit && !w.inTag {
		w.flush()
	}
}
