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

// Positions are kept instead of strings: an element or an attribute then costs no pointer to store, which the
// garbage collector would have to be told of. They are offsets into Writer.buf.

// frame is an open element; its name is buf[start:end].
type frame struct {
	p, q       uint64 // the name as packLetters has it
	start, end int
	colon      int // length of the prefix of the name, -1 without
	ns         int // number of bindings in scope outside this element
}

type binding struct{ prefix, uri string }

// attribute is one attribute or namespace declaration of the open start tag. Its bytes are buf[start:], up to the next
// one or to the end of what was written.
type attribute struct {
	start     int
	local, eq int // buf[local:eq] is the name without prefix; of a declaration, the prefix that it declares
	ns        int // index of its namespace in Writer.ns, or one of the constants below
}

const (
	nsNone        = -1 - iota // no prefix: no namespace
	nsXML                     // the prefix xml
	nsDeclaration             // a namespace declaration
)

// Writer builds one XML document or fragment. The zero Writer is ready to use and appends to memory.
// A Writer is not safe for concurrent use; Reset allows reuse without allocation.
type Writer struct {
	buf   []byte // with all of its capacity
	n     int    // the end of what was written to buf
	kept  int    // buf[:kept] holds names of open elements whose start tags were flushed; 0 in memory
	out   io.Writer
	limit int   // flush threshold when out is set
	done  int64 // bytes already flushed to out

	stack []frame
	ns    []binding // declared, innermost last
	lazy  []binding // registered by Use
	attrs []attribute

	inTag    bool // the start tag of the innermost element is still open
	late     bool // to close that tag takes more than '>': a prefix to look up, a buffer to flush
	rootSeen bool // an element was written at the top level
	err      error
}

// room0 holds a Writer and the first storage of its stacks, in one allocation.
type room0 struct {
	Writer
	stack [12]frame
	ns    [8]binding
	lazy  [4]binding
	attrs [8]attribute
}

func newWriter() *Writer {
	r := &room0{}
	r.Writer.stack, r.Writer.ns, r.Writer.lazy, r.Writer.attrs = r.stack[:0], r.ns[:0], r.lazy[:0], r.attrs[:0]
	return &r.Writer
}

// New returns a Writer that appends to buf, which may be nil. Pass a slice with capacity to avoid growth: some bytes
// more than the document has. The Writer disposes of the whole capacity.
func New(buf []byte) *Writer {
	w := newWriter()
	w.buf, w.n = buf[:cap(buf)], len(buf)
	return w
}

// NewStream returns a Writer that sends its output to dst and holds about size bytes (64 KiB when size <= 0)
// at most, plus the longest start tag. Call Close at the end.
func NewStream(dst io.Writer, size int) *Writer {
	if size <= 0 {
		size = 64 << 10
	}
	w := newWriter()
	w.out, w.limit, w.buf = dst, size, make([]byte, size+size/4)
	return w
}

// Reset makes the Writer new again, in memory mode, appending to buf; internal stacks keep their storage.
func (w *Writer) Reset(buf []byte) {
	*w = Writer{buf: buf[:cap(buf)], n: len(buf), stack: w.stack[:0], ns: w.ns[:0], lazy: w.lazy[:0], attrs: w.attrs[:0]}
}

// Len returns the number of bytes written so far (flushed ones included), after closing a pending start tag.
// In memory mode it is an index into the result of Bytes, which allows a caller to digest or cut a part.
func (w *Writer) Len() int {
	w.closeTag()
	return int(w.done) + w.n - w.kept
}

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
	return w.buf[:w.n], nil
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
		b.Write(w.buf[f.start:f.end])
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

// slack is what stays free beyond what was asked for: for the markup, and for names that are stored in whole words.
const slack = 32

// room returns the free part of the buffer: n bytes and slack at least.
func (w *Writer) room(n int) []byte {
	if len(w.buf)-w.n < n+slack {
		w.grow(n)
	}
	return w.buf[w.n:]
}

// grow makes room in a larger buffer, and returns it.
//
//go:noinline
func (w *Writer) grow(n int) []byte {
	w.buf = append(w.buf[:w.n], make([]byte, max(n+slack, 512))...)
	w.buf = w.buf[:cap(w.buf)]
	return w.buf
}

// add appends bytes that need no escaping.
func add[T ~string | ~[]byte](w *Writer, s T) { w.n += copy(w.room(len(s)), s) }

// flush sends the buffer to the destination and keeps the names of the open elements. Only called between tags, when
// no other position in buf is in use.
func (w *Writer) flush() {
	if w.err != nil || w.n == w.kept {
		return
	}
	size := w.n - w.kept
	n, err := w.out.Write(w.buf[w.kept:w.n:w.n])
	if err == nil && n < size {
		err = io.ErrShortWrite
	}
	if err != nil {
		w.fail("destination failed", err)
		return
	}
	w.done += int64(n)
	w.n = 0
	for i := range w.stack { // outermost first: none moves over one that did not move yet
		f := &w.stack[i]
		f.start, f.end = w.n, w.n+copy(w.buf[w.n:], w.buf[f.start:f.end])
		w.n = f.end
	}
	w.kept = w.n
}

// spill flushes when the buffer of a stream is over its limit.
func (w *Writer) spill() {
	if w.out != nil && !w.inTag && w.n-w.kept >= w.limit {
		w.flush()
	}
}
