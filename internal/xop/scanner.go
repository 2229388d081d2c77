package xop

import (
	"bufio"
	"bytes"
	"io"
)

// Sizes of the window. It starts small, as most SOAP messages are, and grows when a read fills it: a TLS record is 16 KiB,
// a plain connection gives what there is.
const (
	firstWindow = 8 << 10
	maxWindow   = 64 << 10
)

// maxLine bounds a delimiter line with its blanks, and a line of the preamble. It is less than firstWindow.
const maxLine = 4096

// scanner cuts a stream at the delimiters. mime/multipart is not used because it looks at every byte of runs that hold no
// line end (the air around a patient) one by one.
type scanner struct {
	src    *source
	buf    []byte
	r, w   int    // the window is buf[r:w]
	data   int    // so many bytes from r on are payload
	start  bool   // no byte of the part was seen yet: a delimiter may stand without a line end before it
	full   bool   // the last read filled the buffer
	needle needle // nl and dash
	dash   []byte // "--boundary"
	nl     []byte // "\r\n", or "\n" if the first delimiter line ends so, against the RFC
	head   []byte // header at hand
	lines  *bufio.Reader
}

func newScanner(src *source, boundary string) *scanner {
	b := []byte("\r\n--" + boundary)
	return &scanner{src: src, needle: newNeedle(b), dash: b[2:], nl: b[:2]}
}

// fill reads once, behind what the window holds, which is less than firstWindow.
func (s *scanner) fill() error {
	into := s.buf
	if s.buf == nil {
		into = make([]byte, firstWindow)
	} else if s.full && len(s.buf) < maxWindow {
		into = make([]byte, maxWindow)
	}
	s.w = copy(into, s.buf[s.r:s.w])
	s.r, s.buf = 0, into
	n, err := s.src.Read(s.buf[s.w:])
	s.w += n
	s.full = s.w == len(s.buf)
	return err
}

// part is called at the first byte of the body of a part.
func (s *scanner) part() { s.start = true }

// payload returns the next bytes of the part, at least one, valid until the next call; what was used of them must be told
// to use. io.EOF means that a delimiter line is next.
func (s *scanner) payload() ([]byte, error) {
	for s.data == 0 {
		if s.scan() {
			return nil, io.EOF
		}
		if s.data > 0 {
			break
		}
		if err := s.fill(); err != nil {
			return nil, err
		}
	}
	return s.buf[s.r : s.r+s.data], nil
}

// use takes n bytes of what payload gave.
func (s *scanner) use(n int) {
	s.r += n
	s.data -= n
	s.start = s.start && n == 0
}

// scan sets data to what of the window is payload for certain. It returns true when the window starts with a delimiter,
// after taking the line end that belongs to it. Neither means that more must be read to know.
func (s *scanner) scan() (delimiter bool) {
	b := s.buf[s.r:s.w]
	from := 0
	if s.start {
		if bytes.HasPrefix(s.dash, b) {
			return false
		}
		if bytes.HasPrefix(b, s.dash) {
			switch delimits(b[len(s.dash):]) {
			case yes:
				return true
			case unknown:
				return false
			}
			from = len(s.dash)
		}
	}
	for {
		i := s.needle.index(b[from:])
		if i < 0 {
			break
		}
		i += from
		from = i + len(s.needle.b)
		switch delimits(b[from:]) {
		case no: // a longer name; the needle cannot start inside itself, as it has one LF
			continue
		case yes:
			if i == 0 {
				s.r += len(s.nl)
				return true
			}
		}
		s.data = i
		return false
	}
	s.data = len(b) - s.partial(b[from:])
	return false
}

type answer int

const (
	no answer = iota
	yes
	unknown
)

// delimits says whether what follows "--boundary" makes it a delimiter rather than a longer name.
func delimits(rest []byte) answer {
	switch {
	case len(rest) == 0:
		return unknown
	case rest[0] == ' ' || rest[0] == '\t' || rest[0] == '\r' || rest[0] == '\n':
		return yes
	case rest[0] != '-':
		return no
	case len(rest) == 1:
		return unknown
	case rest[1] == '-':
		return yes
	}
	return no
}

// partial returns the length of the longest end of b that starts the needle. The boundary may hold a CR (when sniffed),
// never a LF.
func (s *scanner) partial(b []byte) int {
	if over := len(b) - len(s.needle.b); over > 0 {
		b = b[over:]
	}
	if i := bytes.LastIndexByte(b, '\n') + 1 - len(s.nl); i >= 0 && bytes.HasPrefix(s.needle.b, b[i:]) {
		return len(b) - i
	}
	if len(s.nl) == 2 && bytes.HasSuffix(b, s.nl[:1]) {
		return 1
	}
	return 0
}

// delimiterLine takes the delimiter line that is next, or, when first, what stands before it, at most so many bytes.
func (s *scanner) delimiterLine(first bool, preamble int64) (closing bool, err error) {
	for {
		line, err := s.line()
		rest, dashed := bytes.CutPrefix(line, s.dash)
		after, closes := bytes.CutPrefix(rest, []byte("--"))
		after = bytes.TrimLeft(after, " \t")
		switch {
		case err == errEnd && dashed && closes && len(bytes.TrimRight(after, "\r")) == 0: //nolint:errorlint // ours, bare
			return true, nil // its line end is not needed
		case err != nil:
			return false, err
		case dashed && bytes.Equal(after, s.nl): // s.nl has no dashes
			return closes, nil
		case dashed && closes && string(after) == "\n":
			return true, nil // without CR, but what is before it is delimited as it should
		case dashed && first && string(after) == "\n":
			s.needle, s.nl = newNeedle(s.needle.b[1:]), s.nl[1:]
			return false, nil
		case !first:
			return false, ErrMalformed
		}
		if preamble -= int64(len(line)); preamble < 0 {
			return false, errHeader
		}
	}
}

// line takes the next line with its LF. An error comes with the bytes of an unfinished line, which stay.
func (s *scanner) line() ([]byte, error) {
	for {
		b := s.buf[s.r:s.w]
		if len(b) > maxLine {
			b = b[:maxLine]
		}
		if i := bytes.IndexByte(b, '\n'); i >= 0 {
			s.r += i + 1
			return b[:i+1], nil
		}
		if len(b) == maxLine {
			return nil, ErrMalformed
		}
		if err := s.fill(); err != nil {
			return s.buf[s.r:s.w], err
		}
	}
}
