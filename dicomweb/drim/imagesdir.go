package drim

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"sync"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/internal/transport"
)

// ImagesFromDir gives the images of the DICOM files below a folder: for a small
// site, a demonstration or a test. The files are looked at once, and again when
// an instance is asked that is not among them; symbolic links are not followed.
// The error is [segur.ErrInvalidInput] when dir cannot be read.
func ImagesFromDir(dir string) (ImageSource, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, &segur.Error{Op: opServe, Kind: segur.KindInvalidInput, Message: "cannot read the folder of the images"}
	}
	d := &dirImages{root: root, dir: dir, files: map[string]string{}, known: map[string]fileState{}}
	if err := d.scan(); err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return d, nil
}

type dirImages struct {
	root *os.Root
	dir  string

	mu    sync.Mutex
	files map[string]string    // SOP Instance UID to path below root
	known map[string]fileState // files that were looked at
}

type fileState struct {
	size    int64
	changed int64
}

// scan looks at the files that are new or that changed.
func (d *dirImages) scan() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	err := fs.WalkDir(d.root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			if name == "." {
				return err
			}
			return nil //nolint:nilerr // what cannot be read is not shared
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return nil //nolint:nilerr // it has just gone
		}
		state := fileState{info.Size(), info.ModTime().UnixNano()}
		if d.known[name] == state {
			return nil
		}
		d.known[name] = state
		if f, err := dicomweb.OpenFile(filepath.Join(d.dir, filepath.FromSlash(name))); err == nil {
			d.files[f.SOPInstanceUID] = name
		}
		return nil
	})
	if err != nil {
		return &segur.Error{Op: opServe, Kind: segur.KindInvalidInput, Message: "cannot read the folder of the images"}
	}
	return nil
}

// open opens the file of an instance; nil when there is none, or no longer.
func (d *dirImages) open(uid string) *os.File {
	d.mu.Lock()
	name, ok := d.files[uid]
	d.mu.Unlock()
	if !ok {
		return nil
	}
	f, err := d.root.Open(filepath.FromSlash(name))
	if err != nil {
		return nil
	}
	return f
}

func (d *dirImages) Images(ctx context.Context, request ImageRequest) iter.Seq2[io.Reader, error] {
	return func(yield func(io.Reader, error) bool) {
		found, scanned := false, false
		for _, ref := range request.Instances {
			if err := ctx.Err(); err != nil {
				yield(nil, transport.ContextError(opServe, err))
				return
			}
			f := d.open(ref.Instance)
			if f == nil && !scanned {
				scanned = true // it came, or was moved
				if err := d.scan(); err != nil {
					yield(nil, err)
					return
				}
				f = d.open(ref.Instance)
			}
			if f == nil {
				continue
			}
			found = true
			more := yield(f, nil)
			_ = f.Close() // read only
			if !more {
				return
			}
		}
		if !found {
			yield(nil, &segur.Error{Op: opServe, Kind: segur.KindNotFound, Message: "the folder has none of the instances"})
		}
	}
}
