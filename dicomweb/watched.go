package dicomweb

import (
	"errors"
	"io"
)

var (
	errTooLarge      = errors.New("the instance is larger than allowed")
	errOtherInstance = errors.New("the answer holds another instance than what was asked")
)

// watched reads an instance that is not framed by multipart: its end may be
// that of the connection, which tells nothing of completeness. So the structure
// of the file is followed while it passes, and io.EOF is given only when the
// file ends where its elements do. It also judges an instance whose UIDs lie
// beyond what was looked at before: it must be within what was asked.
type watched struct {
	r       io.Reader
	left    int64
	pipe    *io.PipeWriter
	verdict chan error
	err     error
}

func newWatched(r io.Reader, limit int64, asked Ref) *watched {
	pr, pw := io.Pipe()
	w := &watched{r: r, left: limit, pipe: pw, verdict: make(chan error, 1)}
	go func() {
		h, err := readHeader(pr, -1, false)
		if err == nil && !asked.holds(h.Ref()) {
			err = errOtherInstance
		}
		_ = pr.CloseWithError(errStopped) // a file that is judged already is not written to any more
		w.verdict <- err
	}()
	return w
}

var errStopped = errors.New("judged")

// stop releases the follower of a file that is not read to its end.
func (w *watched) stop() { _ = w.pipe.CloseWithError(errStopped) }

func (w *watched) Read(p []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	n, err := w.r.Read(p)
	if w.left -= int64(n); w.left < 0 {
		err = errTooLarge
	}
	if n > 0 {
		_, _ = w.pipe.Write(p[:n])
	}
	if err != nil {
		w.err = err
		_ = w.pipe.CloseWithError(err) // io.EOF ends the file
		if judged := <-w.verdict; judged != nil && errors.Is(err, io.EOF) {
			w.err = judged
		}
	}
	return n, w.err
}
