package xop

import (
	"bytes"
	"errors"
	"io"
)

// errEnd replaces the end of the stream (clean or not) towards mime/multipart, which otherwise answers a clean io.EOF
// when the stream ends inside the header of a part. With it, io.EOF from mime/multipart means the closing delimiter.
var errEnd = errors.New("xop: end of stream")

// readAhead is the size of the buffer inside mime/multipart: how far it may read beyond a part header.
const readAhead = 4096

// source counts and bounds what mime/multipart reads, and remembers how the stream ended.
type source struct {
	r      io.Reader
	closer []byte // "--boundary--"
	tail   []byte // last bytes read, enough to hold the closing delimiter and some blanks
	keep   int

	total, max int64
	header     int64 // bytes that may still be read while a header is expected; negative: not in a header
	headerMax  int64

	ended bool
	cause error       // of an end that was not a clean io.EOF
	limit *LimitError // the limit that stopped the reading
}

func newSource(r io.Reader, boundary string, lim Limits) *source {
	return &source{
		r: r, closer: []byte("--" + boundary + "--"), keep: len(boundary) + 64,
		max: lim.TotalBytes, headerMax: lim.HeaderBytes, header: -1,
	}
}

// expectHeader bounds the reads until headerDone.
func (s *source) expectHeader() {
	s.header = unlimited
	if s.headerMax < unlimited-2*readAhead {
		s.header = s.headerMax + readAhead
	}
}

func (s *source) headerDone() { s.header = -1 }

func (s *source) Read(p []byte) (int, error) {
	switch {
	case s.limit != nil:
		return 0, s.limit
	case s.ended:
		return 0, errEnd
	case len(p) == 0:
		return 0, nil
	case s.header == 0:
		s.limit = &LimitError{Limit: "HeaderBytes", Max: s.headerMax}
		return 0, s.limit
	}
	if s.header > 0 && int64(len(p)) > s.header {
		p = p[:s.header]
	}
	left := s.max - s.total
	if left == 0 {
		return s.probe()
	}
	if int64(len(p)) > left {
		p = p[:left]
	}
	n, err := s.r.Read(p)
	s.total += int64(n)
	if s.header > 0 {
		s.header -= int64(n)
	}
	s.remember(p[:n])
	if err != nil {
		s.end(err)
		if n == 0 {
			return 0, errEnd
		}
	}
	return n, nil
}

// probe tells a message of exactly the allowed size from a longer one.
func (s *source) probe() (int, error) {
	var one [1]byte
	n, err := s.r.Read(one[:])
	switch {
	case n > 0:
		s.limit = &LimitError{Limit: "TotalBytes", Max: s.max}
		return 0, s.limit
	case err != nil:
		s.end(err)
		return 0, errEnd
	}
	return 0, nil
}

func (s *source) end(err error) {
	s.ended = true
	if !errors.Is(err, io.EOF) {
		s.cause = err
	}
}

func (s *source) remember(p []byte) {
	if len(p) >= s.keep {
		s.tail = append(s.tail[:0], p[len(p)-s.keep:]...)
		return
	}
	if over := len(s.tail) + len(p) - s.keep; over > 0 {
		s.tail = s.tail[:copy(s.tail, s.tail[over:])]
	}
	s.tail = append(s.tail, p...)
}

// endsWithCloser says whether the last line that was read is the closing delimiter, with or without its line end.
func (s *source) endsWithCloser() bool {
	t := bytes.TrimRight(s.tail, " \t\r\n")
	if !bytes.HasSuffix(t, s.closer) {
		return false
	}
	at := len(t) - len(s.closer)
	if at == 0 {
		return s.total == int64(len(s.tail)) // the message starts with it
	}
	return t[at-1] == '\n'
}

// drain reads what follows the closing delimiter, so that the HTTP connection can be used again. Errors no longer matter.
func (s *source) drain() {
	const epilogue = 64 << 10
	if !s.ended && s.limit == nil {
		_, _ = io.CopyN(io.Discard, s, epilogue)
	}
}
