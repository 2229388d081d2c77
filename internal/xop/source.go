package xop

import (
	"errors"
	"io"
)

// errEnd is the end of the stream, clean or not; source.cause tells which.
var errEnd = errors.New("xop: end of stream")

// maxEmptyReads is how often a stream may give nothing, one time after the other.
const maxEmptyReads = 100

// source counts and bounds what is read, and remembers how the stream ended.
type source struct {
	r          io.Reader
	total, max int64
	ended      bool
	cause      error       // of an end that was not a clean io.EOF
	limit      *LimitError // the limit that stopped the reading
	probe      [1]byte     // tells a message of exactly the allowed size from a longer one
}

// Read gives at least one byte or an error, which then stays: errEnd or the limit.
func (s *source) Read(p []byte) (int, error) {
	for range maxEmptyReads {
		switch {
		case s.limit != nil:
			return 0, s.limit
		case s.ended:
			return 0, errEnd
		}
		left := s.max - s.total
		if left == 0 {
			p = s.probe[:]
		} else if int64(len(p)) > left {
			p = p[:left]
		}
		n, err := s.r.Read(p)
		if n > 0 && left == 0 {
			s.limit = &LimitError{Limit: "TotalBytes", Max: s.max}
			continue
		}
		s.total += int64(n)
		if err != nil {
			s.end(err)
		}
		if n > 0 {
			return n, nil
		}
	}
	s.end(io.ErrNoProgress)
	return 0, errEnd
}

func (s *source) end(err error) {
	s.ended = true
	if !errors.Is(err, io.EOF) {
		s.cause = err
	}
}

// drain reads what follows the closing delimiter, so that the HTTP connection can be used again. Errors no longer matter.
func (s *source) drain() {
	const epilogue = 64 << 10
	if !s.ended && s.limit == nil {
		_, _ = io.CopyN(io.Discard, s, epilogue)
	}
}
