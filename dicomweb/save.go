package dicomweb

import (
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/segur-sdk/segur"
)

// SaveTo writes the file into dir as <SOP Instance UID>.dcm and returns its
// path. The name appears only once the file is whole: a cut answer leaves
// nothing behind. A file of that name is replaced. It takes the whole instance:
// one that was read from before, even by SaveTo, is refused.
func (i *Instance) SaveTo(dir string) (string, error) {
	path, _, err := i.save(dir, false, nil)
	return path, err
}

// writeError is the error of a disk.
func writeError(err error) error {
	return &segur.Error{Op: opRetrieve, Kind: segur.KindInvalidInput, Code: CodeCannotWrite, Message: "cannot write the file", Help: helps[CodeCannotWrite], Err: withoutPath(err)}
}

// save is SaveTo. With verify, the structure of the file is followed to its end
// before it gets its name. count is told of bytes as they come; it may be nil.
func (i *Instance) save(dir string, verify bool, count func(int)) (path string, size int64, err error) {
	if i.gone {
		return "", 0, errGone()
	}
	if i.begun {
		return "", 0, &segur.Error{Op: opRetrieve, Kind: segur.KindInvalidInput, Message: "the instance was read from: what is left is not the whole file"}
	}
	if !ValidUID(i.SOPInstanceUID) { // it becomes a name
		return "", 0, i.r.fail(segur.KindProtocol, "", "the instance has no SOP Instance UID to be named after", nil)
	}
	f, err := os.CreateTemp(dir, ".segur-*.part")
	if err != nil {
		return "", 0, writeError(err)
	}
	defer os.Remove(f.Name()) //nolint:errcheck // gone already when all went well
	var w io.Writer = f
	if count != nil {
		w = &countedWriter{f, count}
	}
	size, err = io.Copy(w, i)
	if err == nil && verify {
		err = i.verify(f, size)
	}
	if e := f.Close(); err == nil && e != nil {
		err = writeError(e)
	}
	var known *segur.Error
	switch {
	case err == nil:
	case i.err != nil && i.err != io.EOF: //nolint:errorlint // ours, bare
		return "", 0, i.err
	case errors.As(err, &known):
		return "", 0, err
	default:
		return "", 0, writeError(err)
	}
	path = filepath.Join(dir, i.SOPInstanceUID+".dcm")
	if err := os.Rename(f.Name(), path); err != nil {
		return "", 0, writeError(err)
	}
	return path, size, nil
}

// verify follows the structure of the file that was written.
func (i *Instance) verify(f *os.File, size int64) error {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return writeError(err)
	}
	if _, err := readHeader(f, size, false); err != nil {
		e := &segur.Error{Op: opRetrieve, Kind: segur.KindProtocol, Code: codeMalformed, Message: "the file came whole and is not: " + err.Error()}
		if errors.Is(err, errCut) {
			e.Kind = segur.KindTruncated
		}
		var fs *os.PathError
		if errors.As(err, &fs) {
			return writeError(err)
		}
		return e
	}
	return nil
}

// countedWriter tells how much passes.
type countedWriter struct {
	w     io.Writer
	count func(int)
}

func (c *countedWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.count(n)
	return n, err
}
