package dicomweb

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/segur-sdk/segur"
)

// File is a DICOM Part 10 file that was checked: a [segur.Content] that knows
// which instance it holds.
type File struct {
	// Header is what the file says of itself.
	Header
	segur.Content
	// Path is where the file is. It may hold patient data, as file names do.
	Path string
}

// OpenFile checks that path is a complete DICOM Part 10 file and reads its
// header. Pixels are not decoded: lengths are followed, so that a file cut
// anywhere is noticed. The file is not kept open. The error is
// [segur.ErrInvalidInput] and names the rule that is broken; a cut file matches
// [segur.ErrTruncated] too.
func OpenFile(path string) (*File, error) {
	const op = "dicomweb.OpenFile"
	content, err := segur.FileContent(path)
	if err != nil {
		return nil, unreadable(op, err)
	}
	f, err := os.Open(path) //nolint:gosec // the caller's choice
	if err != nil {
		return nil, inputError(op, withoutPath(err))
	}
	h, err := readHeader(f, content.Size(), false)
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return nil, inputError(op, withoutPath(err))
	}
	return &File{Header: h, Content: content, Path: path}, nil
}

// Inspect is [OpenFile] for a content.
func Inspect(c segur.Content) (Header, error) {
	if f, ok := c.(*File); ok {
		return f.Header, nil
	}
	h, err := inspect(c)
	if err != nil {
		return Header{}, inputError("dicomweb.Inspect", err)
	}
	return h, nil
}

// errNoContent stands for a content that is nil, as after an error that was not
// looked at.
const errNoContent = rule("the content is nil")

func inspect(c segur.Content) (Header, error) {
	if c == nil {
		return Header{}, errNoContent
	}
	rc, err := c.Open()
	if err != nil {
		return Header{}, withoutPath(err)
	}
	h, err := readHeader(rc, c.Size(), false)
	return h, errors.Join(withoutPath(err), rc.Close())
}

// inputError classes what is wrong with a file.
func inputError(op string, err error) error {
	e := &segur.Error{Op: op, Kind: segur.KindInvalidInput, Help: helpFile}
	var broken rule
	switch {
	case errors.As(err, &broken):
		e.Message = string(broken)
	case errors.Is(err, errCut):
		e.Message, e.Err = errCut.Error(), segur.ErrTruncated
	default:
		e.Message, e.Help, e.Err = "cannot read the file", helpUnreadable, err
	}
	return e
}

// unreadable gives an error of [segur.FileContent] the name of the operation.
func unreadable(op string, err error) error {
	var e *segur.Error
	if !errors.As(err, &e) {
		return inputError(op, err)
	}
	out := *e
	out.Op, out.Help = op, helpUnreadable
	return &out
}

// withoutPath takes the name out of an error of the file system: names of
// image files often hold the patient's.
func withoutPath(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	var le *os.LinkError
	if errors.As(err, &le) {
		return le.Err
	}
	return err
}

// Skipped is a file that is no instance to store.
type Skipped struct {
	// Path is the file. It may hold patient data, as file names do.
	Path string
	// Err says why: the rule that is broken.
	Err error
}

// OpenDir opens the DICOM files below dir, in the order of their names. Files
// that are not, hidden ones included, are returned with the reason and do not
// stop the walk; symbolic links are not followed. The error is
// [segur.ErrInvalidInput] when dir cannot be read.
func OpenDir(dir string) (files []*File, skipped []Skipped, err error) {
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil && path == dir:
			return err
		case err != nil:
			skipped = append(skipped, Skipped{path, inputError("dicomweb.OpenDir", withoutPath(err))})
			return nil
		case entry.IsDir():
			return nil
		case !entry.Type().IsRegular():
			skipped = append(skipped, Skipped{path, inputError("dicomweb.OpenDir", rule("not a regular file"))})
			return nil
		}
		f, err := OpenFile(path)
		if err != nil {
			skipped = append(skipped, Skipped{path, err})
			return nil //nolint:nilerr // told in skipped
		}
		files = append(files, f)
		return nil
	})
	if err != nil {
		return nil, nil, inputError("dicomweb.OpenDir", withoutPath(err))
	}
	return files, skipped, nil
}
