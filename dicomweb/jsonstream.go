package dicomweb

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/segur-sdk/segur"
)

const (
	firstBuffer = 64 << 10
	// defaultMaxDataset bounds one data set of JSON when nothing else is said.
	defaultMaxDataset = 16 << 20
)

// ReadJSON gives the data sets of a DICOM JSON text (PS3.18 annex F), an array
// or one object, as they arrive: memory holds one data set at a time, which may
// have maxDataset bytes (0: 16 MiB). The sequence ends with an error when the
// text stops early ([segur.ErrTruncated]), is not DICOM JSON
// ([segur.ErrProtocol]) or passes a limit ([segur.ErrTooLarge]); an error of r
// is given as it is.
func ReadJSON(r io.Reader, maxDataset int) iter.Seq2[*Dataset, error] {
	if maxDataset <= 0 {
		maxDataset = defaultMaxDataset
	}
	return func(yield func(*Dataset, error) bool) {
		s := &jsonStream{r: r, limit: maxDataset}
		if err := s.run(yield); err != nil {
			yield(nil, err)
		}
	}
}

// ParseJSON reads the data sets of a DICOM JSON text held in memory.
func ParseJSON(text []byte) ([]*Dataset, error) {
	s := &jsonStream{limit: len(text) + 1, eof: true} // all is at hand: nothing is copied
	s.dec.buf = text
	var out []*Dataset
	if err := s.run(func(ds *Dataset, _ error) bool {
		out = append(out, ds)
		return true
	}); err != nil {
		return nil, err
	}
	return out, nil
}

type jsonStream struct {
	r     io.Reader
	limit int // of one data set
	dec   jsonDecoder
	base  int64 // offset of dec.buf[0] in the text
	eof   bool
}

// fill reads on until at least need bytes are at hand after the ones that are
// kept, or the end. What lies before pos is dropped.
func (s *jsonStream) fill(need int) error {
	d := &s.dec
	s.base += int64(d.pos)
	kept := copy(d.buf, d.buf[d.pos:])
	d.buf, d.pos = d.buf[:kept], 0
	need = min(need, s.limit+firstBuffer-kept) // kept is at most the limit: something is always read
	if want := kept + need; cap(d.buf) < want {
		grown := make([]byte, kept, max(firstBuffer, min(2*want, s.limit+firstBuffer)))
		copy(grown, d.buf)
		d.buf = grown
	}
	for stalls := 0; len(d.buf) < kept+need && !s.eof; {
		n, err := s.r.Read(d.buf[len(d.buf):cap(d.buf)])
		d.buf = d.buf[:len(d.buf)+n]
		switch {
		case errors.Is(err, io.EOF):
			s.eof = true
		case err != nil:
			return err
		case n == 0:
			if stalls++; stalls > 100 {
				return io.ErrNoProgress
			}
		}
	}
	return nil
}

// next returns the next byte that is no blank without consuming it; 0 at the
// end of the text.
func (s *jsonStream) next() (byte, error) {
	for {
		s.dec.fault = faultNone
		if c := s.dec.peek(); c != 0 {
			return c, nil
		}
		if s.dec.fault == faultSyntax {
			return 0, s.error(faultSyntax)
		}
		if s.eof {
			return 0, nil
		}
		if err := s.fill(1); err != nil {
			return 0, err
		}
	}
}

func (s *jsonStream) run(yield func(*Dataset, error) bool) error {
	if !s.eof {
		if err := s.fill(3); err != nil {
			return err
		}
	}
	if bytes.HasPrefix(s.dec.buf, []byte("\xEF\xBB\xBF")) {
		s.dec.pos = 3
	}
	c, err := s.next()
	if err != nil {
		return err
	}
	switch c {
	case 0:
		return s.error(faultShort)
	case '{':
		ds, err := s.dataset()
		if err != nil {
			return err
		}
		if !yield(ds, nil) {
			return nil
		}
		return s.end()
	case '[':
		s.dec.pos++
	default:
		return s.error(faultSyntax)
	}
	for first := true; ; first = false {
		c, err := s.next()
		switch {
		case err != nil:
			return err
		case c == 0:
			return s.error(faultShort)
		case c == ']':
			s.dec.pos++
			return s.end()
		case first:
		case c == ',':
			s.dec.pos++
			if c, err = s.next(); err != nil {
				return err
			} else if c == 0 {
				return s.error(faultShort)
			}
		default:
			return s.error(faultSyntax)
		}
		if c != '{' {
			return s.error(faultSyntax)
		}
		ds, err := s.dataset()
		if err != nil {
			return err
		}
		if !yield(ds, nil) {
			return nil
		}
	}
}

// end checks that only blanks follow.
func (s *jsonStream) end() error {
	c, err := s.next()
	if err == nil && c != 0 {
		err = s.error(faultSyntax)
	}
	return err
}

// dataset reads the data set at pos. When the bytes at hand end inside it, half
// as many again are read before it is tried anew, so that the work stays
// proportional to its length however slowly it arrives.
func (s *jsonStream) dataset() (*Dataset, error) {
	d := &s.dec
	for {
		start := d.pos
		d.fault, d.depth = faultNone, 0
		d.text, d.spans, d.elems, d.items = d.text[:0], d.spans[:0], d.elems[:0], d.items[:0]
		ds := d.dataset()
		if d.fault == faultNone {
			if d.pos-start > s.limit {
				return nil, s.tooLarge()
			}
			return ds, nil
		}
		if d.fault != faultShort || s.eof {
			return nil, s.error(d.fault)
		}
		d.pos = start
		held := len(d.buf) - start
		if held > s.limit {
			return nil, s.tooLarge()
		}
		if err := s.fill(max(held/2, 4096)); err != nil {
			return nil, err
		}
	}
}

func (s *jsonStream) tooLarge() error {
	return &segur.Error{Op: "dicomweb.ReadJSON", Kind: segur.KindTooLarge, Message: "one data set passes the limit of bytes"}
}

func (s *jsonStream) error(f jsonFault) error {
	at := s.base + int64(s.dec.pos)
	e := &segur.Error{Op: "dicomweb.ReadJSON", Kind: segur.KindProtocol, Message: fmt.Sprintf("not DICOM JSON at byte %d", at)}
	switch f {
	case faultShort:
		e.Kind, e.Message = segur.KindTruncated, fmt.Sprintf("the DICOM JSON text stops at byte %d", at)
	case faultDepth:
		e.Kind, e.Message = segur.KindTooLarge, fmt.Sprintf("sequences are nested beyond %d at byte %d", maxDepth, at)
	}
	return e
}
