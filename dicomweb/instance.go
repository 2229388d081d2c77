package dicomweb

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/segur-sdk/segur"
)

// peekBytes is how much of an instance is looked at before it is given: enough
// for the UIDs of any real file.
const peekBytes = 64 << 10

// Instance is one instance that arrives: an [io.ReadCloser] of its Part 10
// file. It is not safe for concurrent use.
type Instance struct {
	// Header is what the file says of itself. Fields that lie beyond the first
	// 64 KiB are empty; the end of the file then comes only when they are right.
	Header

	r     *retrieval
	body  *bufio.Reader // of r
	alone bool          // the answer must hold nothing else
	begun bool          // the caller read of it
	gone  bool          // it was skipped, or closed: what is left is no longer there
	err   error
}

func errGone() error {
	return &segur.Error{Op: opRetrieve, Kind: segur.KindInvalidInput,
		Message: "the instance is no longer there: it is read before the next one is asked for, and before it is closed"}
}

// instance looks at the head of a file and checks that it is what was asked.
func (r *retrieval) instance(content io.Reader) (*Instance, error) {
	if r.buf == nil {
		r.buf = bufio.NewReaderSize(content, peekBytes)
	} else {
		r.buf.Reset(content)
	}
	i := &Instance{r: r, body: r.buf}
	head, err := i.body.Peek(peekBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, r.streamError(err)
	}
	i.Header, err = readHeader(bytes.NewReader(head), -1, true)
	if cut := errors.Is(err, errCut); cut && len(head) == peekBytes {
		err = nil // the rest is beyond what we look at, and judged as it passes
		if r.parts != nil {
			r.watch = newWatched(r.buf, r.c.cfg.Limits.MaxPartBytes, r.ref)
			i.body = bufio.NewReader(r.watch)
		}
	}
	if err != nil {
		return nil, r.streamError(err)
	}
	if !r.ref.holds(i.Ref()) {
		return nil, r.fail(segur.KindProtocol, CodeWrongInstance, "the answer holds another instance than what was asked", nil)
	}
	r.cur = i
	return i, nil
}

// Read gives the bytes of the file.
func (i *Instance) Read(p []byte) (int, error) {
	i.begun = true
	if i.gone {
		return 0, errGone()
	}
	if i.err != nil {
		return 0, i.err
	}
	n, err := i.body.Read(p)
	if err != nil {
		err = i.end(err)
	}
	return n, err
}

// WriteTo copies the rest of the file to w.
func (i *Instance) WriteTo(w io.Writer) (int64, error) {
	i.begun = true
	if i.gone {
		return 0, errGone()
	}
	return i.copyTo(w)
}

func (i *Instance) copyTo(w io.Writer) (int64, error) {
	if i.err != nil {
		if i.err == io.EOF { //nolint:errorlint // ours, bare
			return 0, nil
		}
		return 0, i.err
	}
	in := &notingReader{r: i.body}
	if i.r.copy == nil {
		i.r.copy = make([]byte, 128<<10)
	}
	n, err := io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{in}, i.r.copy)
	if in.err == nil {
		return n, err // of w
	}
	if err = i.end(in.err); err == io.EOF { //nolint:errorlint // ours, bare
		err = nil
	}
	return n, err
}

// notingReader tells an error of the source from one of the destination.
type notingReader struct {
	r   io.Reader
	err error
}

func (n *notingReader) Read(p []byte) (int, error) {
	k, err := n.r.Read(p)
	if err != nil {
		n.err = err
	}
	return k, err
}

// end decides what the end of the content means; the result stays.
func (i *Instance) end(err error) error {
	switch {
	case err != io.EOF: //nolint:errorlint // the io.Reader contract says bare
		i.err = i.r.streamError(err)
	case i.alone:
		i.err = i.r.nothingElse("the instance that was asked")
	default:
		i.err = io.EOF
	}
	return i.err
}

// discard reads what is left.
func (i *Instance) discard() error {
	if i.err == nil {
		_, _ = i.copyTo(io.Discard)
		i.gone = true // not an end: nobody read it
	}
	if i.err == io.EOF { //nolint:errorlint // ours, bare
		return nil
	}
	return i.err
}

// Close ends the retrieval of [Client.RetrieveInstance]; for an instance of
// [Client.Retrieve] it skips the rest. It returns the error that reading met.
// Closing before the end is no error: what was read is then incomplete.
func (i *Instance) Close() error {
	if !i.alone {
		return i.discard()
	}
	err := i.r.close()
	if i.err != nil && i.err != io.EOF { //nolint:errorlint // ours, bare
		return i.err
	}
	i.gone = i.gone || i.err == nil
	return err
}
