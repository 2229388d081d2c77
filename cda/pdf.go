package cda

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda/pdfa"
)

// maxPDFProblems bounds what is reported of one file.
const maxPDFProblems = 20

// pdf checks the content to embed and returns its digest. A content held in
// memory is looked at where it is; another one is read into memory for the
// time of the PDF/A check, or through a window when there is no such check.
func (c *checker) pdf(content segur.Content) (sum [sha256.Size]byte) {
	if content == nil {
		c.Add("pdf", "is required")
		return sum
	}
	size := content.Size()
	switch {
	case size <= 0:
		c.Add("pdf", "is empty")
		return sum
	case size > c.cfg.MaxPDFBytes:
		c.Addf("pdf", "is larger than %d bytes", c.cfg.MaxPDFBytes)
		return sum
	}
	src, err := content.Open()
	if err != nil {
		c.Add("pdf", "cannot be opened")
		return sum
	}
	defer func() { _ = src.Close() }()
	seen := &pdfSink{size: size, whole: !c.cfg.AllowAnyPDF, check: c.pdfBytes}
	if _, err = io.Copy(seen, src); err != nil && !errors.Is(err, errTooLong) {
		c.Add("pdf", "cannot be read")
		return sum
	}
	if err != nil || seen.n != size {
		c.Add("pdf", "has not the size that it announces")
		return sum
	}
	return seen.finish()
}

// pdfBytes judges a file by its ends, and as a whole when there is one.
func (c *checker) pdfBytes(head, tail, whole []byte) {
	switch {
	case !bytes.HasPrefix(head, []byte("%PDF-1.")):
		c.Add("pdf", "is not a PDF: it does not begin with %PDF-1.")
		return
	case !bytes.Contains(tail, []byte("%%EOF")):
		c.Add("pdf", "is not a whole PDF: it does not end with %%EOF")
		return
	case whole == nil:
		return
	}
	problems := pdfa.Check(whole)
	for i, p := range problems {
		if i == maxPDFProblems {
			c.Addf("pdf", "is not PDF/A-1 for %d more reasons", len(problems)-i)
			return
		}
		c.Add("pdf", "is not PDF/A-1: "+p.String())
	}
}

var errTooLong = errors.New("cda: longer than announced")

// tailWindow is where readers look for the end mark (ISO 32000-1, annex H).
const tailWindow = 1024

// pdfSink sees a file of a known size go by.
type pdfSink struct {
	size, n int64
	whole   bool // the check wants all bytes
	check   func(head, tail, whole []byte)

	head, tail, buf []byte
	sum             [sha256.Size]byte
	hash            interface {
		io.Writer
		Sum([]byte) []byte
	}
	done bool
}

func (s *pdfSink) Write(p []byte) (int, error) {
	if s.n += int64(len(p)); s.n > s.size {
		return 0, errTooLong
	}
	if s.hash == nil {
		if int64(len(p)) == s.size { // all in memory already
			s.sum, s.done = sha256.Sum256(p), true
			s.judge(p)
			return len(p), nil
		}
		s.hash = sha256.New()
		if s.whole {
			s.buf = make([]byte, 0, s.size)
		}
	}
	_, _ = s.hash.Write(p) // never fails
	if s.whole {
		s.buf = append(s.buf, p...)
		return len(p), nil
	}
	if room := tailWindow - len(s.head); room > 0 {
		s.head = append(s.head, p[:min(room, len(p))]...)
	}
	if len(p) >= tailWindow {
		s.tail = append(s.tail[:0], p[len(p)-tailWindow:]...)
	} else if s.tail = append(s.tail, p...); len(s.tail) > tailWindow {
		s.tail = append(s.tail[:0], s.tail[len(s.tail)-tailWindow:]...)
	}
	return len(p), nil
}

func (s *pdfSink) judge(all []byte) {
	head, tail := all[:min(len(all), tailWindow)], all[max(0, len(all)-tailWindow):]
	if !s.whole {
		all = nil
	}
	s.check(head, tail, all)
}

func (s *pdfSink) finish() [sha256.Size]byte {
	if s.done {
		return s.sum
	}
	if s.whole {
		s.judge(s.buf)
	} else {
		s.check(s.head, s.tail, nil)
	}
	return [sha256.Size]byte(s.hash.Sum(nil))
}
