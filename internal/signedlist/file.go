package signedlist

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/segur-sdk/segur"
)

// File is a [Store] in a file. It is replaced at once (a temporary file beside it, written through, then renamed), so that
// a crash leaves the old list or the new one. The directory must exist.
type File struct {
	Name     string // of the operations, as in [Settings]
	Path     string
	MaxBytes int64
}

// Load implements [Store].
func (f File) Load(context.Context) ([]byte, error) {
	file, err := os.Open(f.Path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, storeError(f.Name+".load", "the file cannot be opened", err)
	}
	defer func() { _ = file.Close() }()
	b, err := io.ReadAll(io.LimitReader(file, f.MaxBytes+1))
	switch {
	case err != nil:
		return nil, storeError(f.Name+".load", "the file cannot be read", err)
	case int64(len(b)) > f.MaxBytes:
		return nil, &segur.Error{Op: f.Name + ".load", Kind: segur.KindTooLarge, Message: "the file is larger than a list may be"}
	}
	return b, nil
}

// Save implements [Store].
func (f File) Save(_ context.Context, document []byte) (err error) {
	dir, name := filepath.Split(f.Path)
	if dir == "" {
		dir = "."
	}
	file, err := os.CreateTemp(dir, "."+name+".*.tmp") // mode 0600
	if err != nil {
		return storeError(f.Name+".save", "no file can be made in the directory", err)
	}
	temporary := file.Name()
	defer func() {
		if err != nil {
			_ = os.Remove(temporary)
		}
	}()
	_, err = file.Write(document)
	if err == nil {
		err = file.Sync()
	}
	if c := file.Close(); err == nil {
		err = c
	}
	if err != nil {
		return storeError(f.Name+".save", "the file cannot be written", err)
	}
	if err = os.Rename(temporary, f.Path); err != nil {
		return storeError(f.Name+".save", "the file cannot be replaced", err)
	}
	// So that the new name survives a crash; some systems cannot.
	if d, derr := os.Open(dir); derr == nil {
		_ = d.Sync()
		_ = d.Close()
	}
	return nil
}

// storeError keeps the cause without its path, which may hold names of people.
func storeError(op, message string, err error) error {
	var path *os.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		err = path.Err
	case errors.As(err, &link):
		err = link.Err
	}
	return &segur.Error{Op: op, Kind: segur.KindUnavailable, Message: message, Err: err}
}
