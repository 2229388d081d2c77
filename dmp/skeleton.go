package dmp

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/xmlr"
)

// skeleton is an XML document without its long runs of base64, which stand in
// canonical form exactly as they stand in the document, whether in text, in an
// attribute or in a comment (a name cannot be that long). Each run leaves a
// marker that cannot be part of a reference.
type skeleton struct {
	text []byte
	runs []run
	// pos is how much was read; the run being read starts at from.
	pos, from, length int64
}

// run is bytes [from, from+length) of the document.
type run struct{ from, length int64 }

// minRun is much longer than a name may be.
const minRun = 16 << 10

// marker stands for run i. It is base64 itself, so that it may stand wherever
// the run does; "+" keeps it from being a name or a reference; and a document
// that holds one by itself is refused.
func marker(i int) []byte {
	return fmt.Appendf(nil, "segurSDK+0bf7c2a94d1e48e2a1c7d95b35f6e081+%08d+segurSDK", i)
}

var base64Alphabet = func() (t [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=") {
		t[c] = true
	}
	return t
}()

func (s *skeleton) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		k := 0
		for k < len(p) && base64Alphabet[p[k]] {
			k++
		}
		s.base64(p[:k])
		p = p[k:]
		if len(p) == 0 {
			break
		}
		s.end()
		k = 0
		for k < len(p) && !base64Alphabet[p[k]] {
			k++
		}
		s.text = append(s.text, p[:k]...)
		s.pos += int64(k)
		p = p[k:]
		if len(s.text) > maxSkeleton {
			return 0, contentError("is XML with more than 64 MiB beside its encoded content", nil)
		}
	}
	return n, nil
}

// base64 takes part of a run: kept while it may turn out to be short.
func (s *skeleton) base64(p []byte) {
	if len(p) == 0 {
		return
	}
	if s.length == 0 {
		s.from = s.pos
	}
	if s.length < minRun {
		keep := min(int64(len(p)), minRun-s.length)
		s.text = append(s.text, p[:keep]...)
	}
	s.length += int64(len(p))
	s.pos += int64(len(p))
}

// end closes the run, if any.
func (s *skeleton) end() {
	if s.length >= minRun {
		s.text = append(s.text[:len(s.text)-minRun], marker(len(s.runs))...)
		s.runs = append(s.runs, run{s.from, s.length})
	}
	s.length = 0
}

// canonicalDigest writes the canonical form of the document to h, taking the
// runs from the document itself; visit is told of its events.
func (s *skeleton) canonicalDigest(c segur.Content, h io.Writer, visit func(*xmlr.Scanner)) error {
	canonical := xmlr.Canonical{Comments: true, Visit: visit, Limits: xmlr.Options{MaxBytes: maxSkeleton + 1}}
	if len(s.runs) == 0 {
		return canonicalError(xmlr.CanonicalizeTo(h, s.text, canonical))
	}
	form, err := xmlr.Canonicalize(make([]byte, 0, len(s.text)+1024), s.text, canonical)
	if err != nil {
		return canonicalError(err)
	}
	r, err := c.Open()
	if err != nil {
		return contentError("cannot be opened again", err)
	}
	defer r.Close()
	buf := make([]byte, 64<<10)
	var pos int64
	for i, run := range s.runs {
		m := marker(i)
		at := bytes.Index(form, m)
		if at < 0 || bytes.Count(s.text, m) != 1 {
			// Canonical form sorts attributes and drops declarations: runs there
			// do not come back in their order.
			return contentError("has long encoded content elsewhere than in an element", nil)
		}
		_, _ = h.Write(form[:at]) // a hash never fails
		form = form[at+len(m):]
		if err := copyExactly(io.Discard, r, run.from-pos, buf); err != nil {
			return err
		}
		if err := copyExactly(h, r, run.length, buf); err != nil {
			return err
		}
		pos = run.from + run.length
	}
	_, _ = h.Write(form)
	return nil
}

func copyExactly(w io.Writer, r io.Reader, n int64, buf []byte) error {
	got, err := io.CopyBuffer(struct{ io.Writer }{w}, io.LimitReader(r, n), buf)
	if err != nil {
		return contentError("cannot be read again", err)
	}
	if got != n {
		return contentError("is shorter when it is read again", nil)
	}
	return nil
}

func canonicalError(err error) error {
	var x *xmlr.Error
	if errors.As(err, &x) {
		return contentError("is not XML that can be signed: "+string(x.Rule), nil)
	}
	return err
}
