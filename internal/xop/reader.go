package xop

import (
	"bufio"
	"io"
	"iter"
	"net/textproto"
	"strings"
)

// maxBoundary bounds the length of a boundary. RFC 2046 allows 70.
const maxBoundary = 200

// sniffBytes bounds what is searched for a first delimiter line.
const sniffBytes = 4096

// Options tunes a Reader. The zero value is fit for use.
type Options struct {
	Limits Limits
	// SniffBoundary takes the boundary from the first delimiter line when the Content-Type does not give one, as some
	// image servers leave it out.
	SniffBoundary bool
}

// Reader iterates over the parts of a multipart/related message. It is not safe for concurrent use.
type Reader struct {
	ct  ContentType
	src *source
	sc  *scanner
	lim Limits

	cur      *Part
	started  bool
	next     textproto.MIMEHeader // read ahead when cur ended
	nextErr  error
	index    int // of the next part
	whole    int // parts whose end was seen
	complete bool
	err      error
}

// NewReader reads the message in body; contentType is the value of the HTTP header. It reads nothing yet, except where
// the boundary is sniffed. The caller closes the body.
func NewReader(body io.Reader, contentType string, opts Options) (*Reader, error) {
	ct, err := ParseContentType(contentType)
	if err != nil {
		return nil, err
	}
	if ct.Type != "multipart/related" {
		return nil, ErrNotMultipart
	}
	boundary := ct.Boundary()
	if boundary == "" && opts.SniffBoundary {
		if boundary, body, err = sniff(body); err != nil {
			return nil, err
		}
	}
	if boundary == "" || len(boundary) > maxBoundary {
		return nil, ErrBoundary
	}
	lim := opts.Limits.withDefaults()
	src := &source{r: body, max: lim.TotalBytes}
	return &Reader{ct: ct, src: src, lim: lim, sc: newScanner(src, boundary)}, nil
}

// sniff returns the boundary of the first delimiter line and a body that still holds it. The line must be whole, and its
// end is part of the boundary even if it is "--": a message without parts then counts as truncated rather than as empty.
func sniff(body io.Reader) (string, io.Reader, error) {
	br := bufio.NewReaderSize(body, sniffBytes)
	for i := range sniffBytes {
		b, err := br.Peek(i + 1)
		if len(b) <= i {
			if err == io.EOF { //nolint:errorlint // bufio returns it bare
				err = nil
			}
			return "", nil, &TruncatedError{Bytes: int64(len(b)), Err: err}
		}
		if b[i] != '\n' {
			continue
		}
		line := strings.TrimRight(strings.TrimLeft(string(b[:i]), "\r\n"), " \t\r")
		if line == "" {
			continue
		}
		name, ok := strings.CutPrefix(line, "--")
		if !ok {
			break
		}
		return name, br, nil
	}
	return "", nil, ErrBoundary
}

// ContentType returns the parsed Content-Type of the message.
func (r *Reader) ContentType() ContentType { return r.ct }

// Complete says whether the closing delimiter was seen.
func (r *Reader) Complete() bool { return r.complete }

// Next returns the next part; what the caller left unread of the current one is skipped. It returns io.EOF after the last
// part, and only when the closing delimiter was seen: a *TruncatedError otherwise. An error is final.
func (r *Reader) Next() (*Part, error) {
	if r.err != nil {
		return nil, r.err
	}
	if r.cur != nil {
		if _, err := io.Copy(io.Discard, r.cur); err != nil {
			return nil, r.fail(err)
		}
		r.cur = nil
	}
	if !r.started {
		r.advance()
		r.started = true
	}
	if r.nextErr != nil {
		if r.complete {
			r.src.drain()
		}
		return nil, r.fail(r.nextErr)
	}
	r.cur = &Part{Header: r.next, Index: r.index, r: r}
	r.sc.part()
	r.next = nil
	r.index++
	return r.cur, nil
}

// All yields the parts in order, then, when the message is broken, one error.
func (r *Reader) All() iter.Seq2[*Part, error] {
	return func(yield func(*Part, error) bool) {
		for {
			p, err := r.Next()
			if err == io.EOF { //nolint:errorlint // Next returns it bare, a wrapped one is an error
				return
			}
			if !yield(p, err) || err != nil {
				return
			}
		}
	}
}

// Root returns the root part. It must be the first one, as every server known to us sends it: either start is absent or
// names it, or the part has the announced root type.
func (r *Reader) Root() (*Part, error) {
	p, err := r.Next()
	if err == io.EOF { //nolint:errorlint // see All
		r.err = ErrMalformed // no part at all
		return nil, r.err
	}
	if err != nil {
		return nil, err
	}
	start := r.ct.Start()
	if p.Index != 0 || start != "" && !SameID("cid:"+start, p.ContentID()) && p.MediaType() != r.ct.RootType() {
		return nil, r.fail(ErrMalformed)
	}
	return p, nil
}

func (r *Reader) fail(err error) error {
	if r.err == nil {
		r.err = err
	}
	return r.err
}

// advance reads the delimiter line and the header of the next part, into next or nextErr. It returns whether the whole
// delimiter line was seen, that is whether the part before it is whole.
func (r *Reader) advance() (delimited bool) {
	limit := int64(unlimited)
	if r.lim.HeaderBytes < unlimited-headerSlack {
		limit = r.lim.HeaderBytes + headerSlack
	}
	closing, err := r.sc.delimiterLine(!r.started, limit)
	delimited = err == nil
	if delimited && r.cur != nil {
		r.whole++
	}
	if delimited && !closing {
		r.next, err = r.sc.header(limit)
	}
	switch {
	case closing:
		r.complete, r.nextErr = true, io.EOF
	case err == nil:
		r.nextErr = r.checkPart(r.next)
	case err == errHeader: //nolint:errorlint // ours, bare
		r.nextErr = &LimitError{Limit: "HeaderBytes", Max: r.lim.HeaderBytes}
	case err == errEnd: //nolint:errorlint // ours, bare
		r.nextErr = r.truncated()
	default: // ErrMalformed or the limit of the source
		r.nextErr = err
	}
	return delimited
}

// checkPart applies the limits that can be told exactly once the header is there.
func (r *Reader) checkPart(h textproto.MIMEHeader) error {
	if int64(r.index) >= r.lim.Parts {
		return &LimitError{Limit: "Parts", Max: r.lim.Parts}
	}
	var size int64
	for k, vs := range h {
		for _, v := range vs {
			size += int64(len(k) + len(": ") + len(v) + len("\r\n"))
		}
	}
	if size > r.lim.HeaderBytes {
		return &LimitError{Limit: "HeaderBytes", Max: r.lim.HeaderBytes}
	}
	return nil
}

func (r *Reader) truncated() error {
	return &TruncatedError{Parts: r.whole, Bytes: r.src.total, Err: r.src.cause}
}
