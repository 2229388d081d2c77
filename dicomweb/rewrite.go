package dicomweb

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// rewriter gives a Part 10 file as it passes: what step makes, then bytes of the
// source as they are.
type rewriter struct {
	op string
	w  *walker
	// step goes one element further: it appends to out and says with pass what
	// follows. io.EOF: the data set is over.
	step func() error

	out, buf []byte // to give before anything else, and where that is made
	pass     int64  // bytes of the source to give after out
	mute     bool   // what passes is left out
	err      error
}

func newRewriter(op string, r io.Reader) rewriter {
	w := newWalker(nil, -1)
	w.br = bufio.NewReaderSize(r, 64<<10)
	return rewriter{op: op, w: w}
}

// Read gives the next bytes of the file.
func (r *rewriter) Read(p []byte) (int, error) {
	for {
		switch {
		case len(r.out) > 0:
			n := copy(p, r.out)
			r.out = r.out[n:]
			return n, nil
		case r.err != nil:
			return 0, r.err
		case r.pass > 0 && r.mute:
			n, err := r.w.br.Discard(int(min(r.pass, 1<<30)))
			r.advance(n, err)
		case r.pass > 0:
			n, err := r.w.br.Read(p[:min(int64(len(p)), r.pass)])
			r.advance(n, err)
			if n > 0 || len(p) == 0 {
				return n, nil
			}
		default:
			r.out = r.buf[:0]
			err := r.step()
			r.buf = r.out
			if err != nil {
				r.fail(err)
			}
		}
	}
}

// advance counts bytes of a value that passed.
func (r *rewriter) advance(n int, err error) {
	r.pass -= int64(n)
	r.w.pos += int64(n)
	if err != nil && r.pass > 0 {
		if errors.Is(err, io.EOF) {
			err = errCut
		}
		r.fail(err)
	}
}

func (r *rewriter) fail(err error) {
	if !errors.Is(err, io.EOF) {
		r.out = nil
	}
	r.err = streamFault(r.op, err)
}

// meta reads preamble and file meta information, which it returns, and leaves the
// walker at the data set with its encoding set.
func (r *rewriter) meta() (h Header, meta []byte, err error) {
	br := r.w.br
	head, err := br.Peek(br.Size())
	if err != nil && !errors.Is(err, io.EOF) {
		return h, nil, err
	}
	probe := newWalker(bytes.NewReader(head), -1)
	if _, _, err := probe.readMeta(&h); err != nil {
		if errors.Is(err, errCut) && len(head) == br.Size() {
			err = rule("the file meta information is longer than any is")
		}
		return h, nil, err
	}
	meta = bytes.Clone(head[:probe.pos])
	_, _ = br.Discard(len(meta))
	r.w.pos, r.w.impl, r.w.order = probe.pos, probe.impl, probe.order
	return h, meta, nil
}
