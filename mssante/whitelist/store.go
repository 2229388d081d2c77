package whitelist

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/segur-sdk/segur"
)

// Store keeps the last good list over restarts. What it gives is not trusted: it is verified like an answer of the
// network. It must be safe for concurrent use.
type Store interface {
	// Load returns what was saved last, nil when nothing was.
	Load(ctx context.Context) ([]byte, error)
	// Save replaces what was saved, all or nothing.
	Save(ctx context.Context, document []byte) error
}

// FileStore keeps the list in a file. It is replaced at once (a temporary file beside it, written through, then
// renamed), so that a crash leaves the old list or the new one. The directory must exist.
func FileStore(path string) Store { return fileStore(path) }

type fileStore string

// Load implements [Store].
func (f fileStore) Load(context.Context) ([]byte, error) {
	file, err := os.Open(string(f))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, storeError("whitelist.load", "the file cannot be opened", err)
	}
	defer func() { _ = file.Close() }()
	b, err := io.ReadAll(io.LimitReader(file, maxListBytes+1))
	switch {
	case err != nil:
		return nil, storeError("whitelist.load", "the file cannot be read", err)
	case len(b) > maxListBytes:
		return nil, &segur.Error{Op: "whitelist.load", Kind: segur.KindTooLarge, Message: "the file is larger than a list may be"}
	}
	return b, nil
}

// Save implements [Store].
func (f fileStore) Save(_ context.Context, document []byte) (err error) {
	dir, name := filepath.Split(string(f))
	if dir == "" {
		dir = "."
	}
	file, err := os.CreateTemp(dir, "."+name+".*.tmp") // mode 0600
	if err != nil {
		return storeError("whitelist.save", "no file can be made in the directory", err)
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
		return storeError("whitelist.save", "the file cannot be written", err)
	}
	if err = os.Rename(temporary, string(f)); err != nil {
		return storeError("whitelist.save", "the file cannot be replaced", err)
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
