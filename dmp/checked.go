package dmp

import (
	"hash/crc32"
	"io"

	"github.com/segur-sdk/segur"
)

// checked is a document to send, which must still be the one that was hashed:
// the last bytes are given only when it is, so that the service never receives
// another document whole.
type checked struct {
	segur.Content
	want digests
}

func (c checked) Open() (io.ReadCloser, error) {
	r, err := c.Content.Open()
	if err != nil {
		return nil, err
	}
	return &checkedReader{ReadCloser: r, left: c.want.size, want: c.want.check}, nil
}

type checkedReader struct {
	io.ReadCloser
	left      int64
	crc, want uint32
}

var errChanged = &segur.Error{Kind: segur.KindConflict, Message: "the document is no longer the one that was prepared"}

func (r *checkedReader) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if n == 0 {
		return n, err
	}
	r.crc = crc32.Update(r.crc, castagnoli, p[:n])
	if r.left -= int64(n); r.left < 0 || r.left == 0 && r.crc != r.want {
		return 0, errChanged
	}
	return n, err
}
