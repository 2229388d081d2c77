package drim

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
)

// maxArchived bounds the stored form of a study: a report of 100 MiB and its
// manifest, in base64.
const maxArchived = 256 << 20

// FileArchive is an [Archive] in a directory: a file for each study, replaced
// at once and written through to the disk, with a checksum. Names of files are
// made of hashes, never of data. Directories are made for their owner alone.
type FileArchive struct {
	dir  string
	lock *os.File

	mu     sync.Mutex
	held   map[string]*held
	index  sync.Mutex
	closed atomic.Bool
}

type held struct {
	ch      chan struct{} // holds one token when free
	waiting int
}

// OpenArchive opens the archive of a directory, which it makes when it is not
// there, and keeps other processes out until Close. The error is of
// [CodeArchiveLocked] when one is in.
func OpenArchive(dir string) (*FileArchive, error) {
	if dir == "" {
		return nil, sourceError(opArchive, segur.KindInvalidInput, "", "", segur.Detail{Field: "dir", Message: "is required"})
	}
	a := &FileArchive{dir: dir, held: map[string]*held{}}
	for _, d := range []string{dir, a.path("studies"), a.path("keys"), a.path("open")} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return nil, fileError("the directory cannot be made", err)
		}
	}
	lock, err := lockFile(a.path("lock"))
	if err != nil {
		if errors.Is(err, errLocked) {
			return nil, sourceError(opArchive, segur.KindConflict, CodeArchiveLocked, "another process has the archive")
		}
		return nil, fileError("the archive cannot be locked", err)
	}
	a.lock = lock
	if err := syncDir(dir); err != nil {
		_ = lock.Close()
		return nil, fileError("the directory cannot be written through", err)
	}
	a.sweep()
	return a, nil
}

// Close lets other processes in. The archive then gives and takes nothing.
func (a *FileArchive) Close() error {
	if a.closed.Swap(true) {
		return nil
	}
	if err := a.lock.Close(); err != nil {
		return fileError("the archive cannot be closed", err)
	}
	return nil
}

func (a *FileArchive) path(parts ...string) string {
	return filepath.Join(append([]string{a.dir}, parts...)...)
}

// sweep removes the temporary files of a crash.
func (a *FileArchive) sweep() {
	root, err := os.OpenRoot(a.dir)
	if err != nil {
		return
	}
	defer func() { _ = root.Close() }()
	_ = fs.WalkDir(root.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && strings.HasPrefix(d.Name(), temporaryPrefix) {
			_ = root.Remove(path)
		}
		return nil
	})
}

// Lock implements [Archive]; within the process, as no other one is in.
func (a *FileArchive) Lock(ctx context.Context, name string) (func(), error) {
	a.mu.Lock()
	h := a.held[name]
	if h == nil {
		h = &held{ch: make(chan struct{}, 1)}
		h.ch <- struct{}{}
		a.held[name] = h
	}
	h.waiting++
	a.mu.Unlock()
	leave := func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		if h.waiting--; h.waiting == 0 {
			delete(a.held, name)
		}
	}
	select {
	case <-h.ch:
		return func() { h.ch <- struct{}{}; leave() }, nil
	case <-ctx.Done():
		leave()
		e := transport.ContextError(opArchive, ctx.Err())
		e.Message += ": the study is busy"
		return nil, e
	}
}

func hashed(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:])
}

func (a *FileArchive) studyPath(studyUID string) string {
	h := hashed(studyUID)
	return a.path("studies", h[:2], h)
}

func (a *FileArchive) openPath(studyUID string) string { return a.path("open", hashed(studyUID)) }

func (a *FileArchive) keyPath(key string) string {
	h := hashed(key)
	return a.path("keys", h[:2], h)
}

// open refuses what is asked of an archive that another process may have.
func (a *FileArchive) open() error {
	if a.closed.Load() {
		return &segur.Error{Op: opArchive, Kind: segur.KindUnavailable, Message: "the archive is closed"}
	}
	return nil
}

// Load implements [Archive].
func (a *FileArchive) Load(_ context.Context, studyUID string) (*ArchivedStudy, error) {
	if err := a.open(); err != nil {
		return nil, err
	}
	b, err := readFile(a.studyPath(studyUID))
	if err != nil {
		return nil, err
	}
	s := &ArchivedStudy{}
	if err := s.UnmarshalBinary(b); err != nil {
		return nil, err
	}
	if s.StudyUID != studyUID {
		return nil, sourceError(opArchive, segur.KindSignature, CodeArchiveDamaged, "the file is that of another study")
	}
	return s, nil
}

// Save implements [Archive].
func (a *FileArchive) Save(ctx context.Context, s *ArchivedStudy) error {
	before, err := a.Load(ctx, s.StudyUID)
	switch {
	case segur.KindOf(err) == segur.KindNotFound:
		before = &ArchivedStudy{}
	case err != nil:
		return err // a damaged study is not written over
	}
	if s.Revision != before.Revision+1 {
		return &segur.Error{Op: opArchive, Kind: segur.KindConflict, Message: "the study was changed meanwhile"}
	}
	b, err := s.MarshalBinary()
	if err != nil {
		return err
	}
	// What lists the study is written first: listed for nothing is harmless.
	known := before.Keys()
	for _, key := range s.Keys() {
		if slices.Contains(known, key) {
			continue
		}
		if err := a.addKey(key, s.StudyUID); err != nil {
			return err
		}
	}
	if s.Open && !before.Open {
		if err := writeFile(a.openPath(s.StudyUID), []byte(s.StudyUID)); err != nil {
			return err
		}
	}
	if err := writeFile(a.studyPath(s.StudyUID), b); err != nil {
		return err
	}
	if !s.Open && before.Open {
		_ = os.Remove(a.openPath(s.StudyUID))
	}
	return nil
}

// Unfinished implements [Archive]. When the mark of a study is damaged and the
// study as well, the others are given with the error.
func (a *FileArchive) Unfinished(context.Context) ([]string, error) {
	if err := a.open(); err != nil {
		return nil, err
	}
	files, err := os.ReadDir(a.path("open"))
	if err != nil {
		return nil, fileError("the open studies cannot be listed", err)
	}
	var out []string
	var damaged error
	for _, f := range files {
		if len(f.Name()) != 2*sha256.Size || !f.Type().IsRegular() {
			continue // a temporary file, or none of ours
		}
		uid, err := a.marked(f.Name())
		switch {
		case segur.KindOf(err) == segur.KindNotFound: // settled meanwhile
		case err != nil:
			damaged = err
		default:
			out = append(out, uid)
		}
	}
	slices.Sort(out)
	return out, damaged
}

// marked is the study of a mark.
func (a *FileArchive) marked(name string) (string, error) {
	b, err := readFile(a.path("open", name))
	if err != nil || hashed(string(b)) == name {
		return string(b), err
	}
	// Damaged: the study itself says which it is.
	if b, err = readFile(a.path("studies", name[:2], name)); err != nil {
		return "", err
	}
	var s ArchivedStudy
	err = s.UnmarshalBinary(b)
	return s.StudyUID, err
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, &segur.Error{Op: opArchive, Kind: segur.KindNotFound, Message: "the archive does not have it"}
	}
	if err != nil {
		return nil, fileError("a file cannot be opened", err)
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, maxArchived+1))
	switch {
	case err != nil:
		return nil, fileError("a file cannot be read", err)
	case len(b) > maxArchived:
		return nil, &segur.Error{Op: opArchive, Kind: segur.KindTooLarge, Message: "a file is larger than a study may be"}
	}
	return b, nil
}

const temporaryPrefix = ".writing-"

// writeFile replaces a file at once: a crash leaves the old one or the new one.
func writeFile(path string, b []byte) (err error) {
	if len(b) > maxArchived {
		return &segur.Error{Op: opArchive, Kind: segur.KindTooLarge, Message: "the study is larger than the archive takes"}
	}
	dir := filepath.Dir(path)
	if _, err := os.Stat(dir); err != nil {
		// Not what is above it: an archive that went away, such as a disk that is
		// no longer mounted, is not made anew, empty.
		err := os.Mkdir(dir, 0o700)
		if err == nil {
			err = syncDir(filepath.Dir(dir))
		}
		if err != nil && !errors.Is(err, os.ErrExist) {
			return fileError("a directory cannot be made", err)
		}
	}
	f, err := os.CreateTemp(dir, temporaryPrefix) // mode 0600
	if err != nil {
		return fileError("a file cannot be made", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return fileError("a file cannot be written", err)
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return fileError("a file cannot be replaced", err)
	}
	if err := syncDir(dir); err != nil {
		return fileError("a directory cannot be written through", err)
	}
	return nil
}

// syncDir makes a new name survive a crash. Some systems cannot, and say so.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	if err = d.Sync(); errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}

// fileError keeps the cause without its path.
func fileError(message string, err error) error {
	return &segur.Error{Op: opArchive, Kind: segur.KindUnavailable, Message: message, Err: withoutPath(err)}
}
