package segur

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
)

// Content is something to send that can be opened more than once: to hash it,
// to send it, to send it again. Every Open starts at the first byte and gives
// the same Size bytes.
type Content interface {
	Open() (io.ReadCloser, error)
	// Size is the length in bytes.
	Size() int64
}

// BytesContent is a content held in memory. b must not be modified afterwards.
func BytesContent(b []byte) Content { return bytesContent(b) }

type bytesContent []byte

func (b bytesContent) Open() (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(b)), nil
}
func (b bytesContent) Size() int64 { return int64(len(b)) }

// FileContent is a content held in a file, read when it is opened. The file
// must keep its size; senders check the hash they computed first.
func FileContent(name string) (Content, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, &Error{Op: "segur.FileContent", Kind: KindInvalidInput, Message: "cannot read the file", Err: nameless(err)}
	}
	if !info.Mode().IsRegular() {
		return nil, &Error{Op: "segur.FileContent", Kind: KindInvalidInput, Message: "not a regular file"}
	}
	return fileContent{name: name, size: info.Size()}, nil
}

type fileContent struct {
	name string
	size int64
}

func (f fileContent) Open() (io.ReadCloser, error) {
	r, err := os.Open(f.name)
	if err != nil {
		return nil, nameless(err)
	}
	return r, nil
}
func (f fileContent) Size() int64 { return f.size }

// nameless takes the name out of an error of the file system: names of exam
// files often hold the patient's.
func nameless(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
