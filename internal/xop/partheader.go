package xop

import (
	"bufio"
	"bytes"
	"errors"
	"net/textproto"
)

// Bounds of a part header that hold whatever Limits say.
const (
	maxHeaderBytes  = 10 << 20
	maxHeaderFields = 10_000
)

// headerSlack is by how much the header as it travels (blanks, folding, preamble) may exceed Limits.HeaderBytes.
const headerSlack = 4096

// errHeader: a header, or what stands before the first part, is too large.
var errHeader = errors.New("xop: header too large")

// header takes the header of a part, at most so many bytes, with the empty line that ends it.
func (s *scanner) header(limit int64) (textproto.MIMEHeader, error) {
	limit = min(limit, maxHeaderBytes)
	s.head = s.head[:0]
	line, fields := 0, 0 // start of the line at hand, number of those before it
	for {
		b := s.buf[s.r:s.w]
		end := bytes.IndexByte(b, '\n') + 1
		if end > 0 {
			b = b[:end]
		}
		s.head = append(s.head, b...)
		s.r += len(b)
		if int64(len(s.head)) > limit {
			return nil, errHeader
		}
		if end == 0 {
			if err := s.fill(); err != nil {
				return nil, err
			}
			continue
		}
		switch l := s.head[line:]; {
		case string(l) == "\r\n" || string(l) == "\n":
			return s.parse()
		case l[0] == ' ' || l[0] == '\t':
		case bytes.IndexByte(l, ':') < 0:
			return nil, ErrMalformed
		default:
			fields++
		}
		if fields > maxHeaderFields {
			return nil, errHeader
		}
		line = len(s.head)
	}
}

func (s *scanner) parse() (textproto.MIMEHeader, error) {
	in := bytes.NewReader(s.head)
	if s.lines == nil {
		s.lines = bufio.NewReader(in)
	} else {
		s.lines.Reset(in)
	}
	h, err := textproto.NewReader(s.lines).ReadMIMEHeader()
	if err != nil {
		return nil, ErrMalformed // the error quotes the line
	}
	return h, nil
}
