package dicomwebtest

import (
	"errors"
	"io"

	"github.com/segur-sdk/segur/dicomweb"
)

// AddDir stores the DICOM files below dir as if they had been sent: a folder can
// then be searched and read as a server. The server holds them in memory and
// never writes to the folder. Files that are no instance are returned with the
// reason, and so is a second file of an instance whose content differs. The
// error is that of [dicomweb.OpenDir], or of a file that cannot be read.
func (s *Server) AddDir(dir string) (skipped []dicomweb.Skipped, err error) {
	files, skipped, err := dicomweb.OpenDir(dir)
	if err != nil {
		return nil, err //nolint:wrapcheck // its own error
	}
	for _, f := range files {
		content, err := readFile(f)
		if err != nil {
			return skipped, err
		}
		if err := s.Add(content); err != nil {
			skipped = append(skipped, dicomweb.Skipped{Path: f.Path, Err: err})
		}
	}
	return skipped, nil
}

func readFile(f *dicomweb.File) (_ []byte, err error) {
	r, err := f.Open()
	if err != nil {
		return nil, err //nolint:wrapcheck // its own error
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	return io.ReadAll(r) //nolint:wrapcheck // its own error
}
