package drim

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
)

// spoolMemory is the size up to which an image waits in memory.
const spoolMemory = 1 << 20

// spool is where images wait until they are whole.
type spool struct {
	dir    string
	memory int

	mu   sync.Mutex
	made string // the directory of this retrieval; made for the first file
}

func newSpool(dir string, onDisk bool) (*spool, error) {
	s := &spool{dir: dir, memory: spoolMemory}
	if onDisk {
		s.memory = 0
	}
	if dir != "" {
		if info, err := os.Stat(dir); err != nil {
			return nil, diskError("the directory for images on their way cannot be used", err)
		} else if !info.IsDir() {
			return nil, diskError("what should be the directory for images on their way is none", os.ErrInvalid)
		}
	}
	return s, nil
}

// sweepSpool removes what processes that were killed left of their retrievals, a day
// ago or more.
func sweepSpool(dir string) {
	if dir == "" {
		dir = os.TempDir()
	}
	left, _ := os.ReadDir(dir)
	for _, d := range left {
		if !d.IsDir() || !strings.HasPrefix(d.Name(), spoolPrefix) {
			continue
		}
		if info, err := d.Info(); err == nil && time.Since(info.ModTime()) > 24*time.Hour {
			_ = os.RemoveAll(filepath.Join(dir, d.Name()))
		}
	}
}

const spoolPrefix = ".segur-drim-"

// close removes what is left.
func (s *spool) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.made != "" {
		_ = os.RemoveAll(s.made)
	}
}

func (s *spool) file() (*os.File, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.made == "" {
		made, err := os.MkdirTemp(s.dir, spoolPrefix+"*") // 0700
		if err != nil {
			return nil, err
		}
		s.made = made
	}
	return os.CreateTemp(s.made, "*.part") // 0600
}

// spooled is an image that waits, or is on its way to.
type spooled struct {
	s    *spool
	buf  bytes.Buffer
	file *os.File
	size int64
	err  error // of the disk
}

// Write takes more of it.
func (p *spooled) Write(b []byte) (int, error) {
	if p.file == nil && p.buf.Len()+len(b) <= p.s.memory {
		p.size += int64(len(b))
		return p.buf.Write(b)
	}
	if p.file == nil {
		if p.file, p.err = p.s.file(); p.err != nil {
			return 0, p.err
		}
		if _, p.err = p.file.Write(p.buf.Bytes()); p.err != nil {
			return 0, p.err
		}
		p.buf = bytes.Buffer{}
	}
	n, err := p.file.Write(b)
	p.size += int64(n)
	p.err = err
	return n, err
}

// content is what was written, once all was.
func (p *spooled) content() (segur.Content, error) {
	if p.file == nil {
		return segur.BytesContent(p.buf.Bytes()), nil
	}
	if err := p.file.Close(); err != nil {
		return nil, err
	}
	return segur.FileContent(p.file.Name())
}

// keep hands the file over: who takes it removes it.
func (p *spooled) keep() string {
	name := p.file.Name()
	p.file = nil
	return name
}

// remove forgets it.
func (p *spooled) remove() {
	if p.file != nil {
		_ = p.file.Close()
		_ = os.Remove(p.file.Name())
	}
}

// noting tells an error of the source from one of what is done with it.
type noting struct {
	r   io.Reader
	err error
}

// Read reads.
func (n *noting) Read(p []byte) (int, error) {
	k, err := n.r.Read(p)
	if err != nil && err != io.EOF { //nolint:errorlint // the io.Reader contract says bare
		n.err = err
	}
	return k, err
}

// wait takes a slot, or fails when ctx ends.
func (s *source) wait(ctx context.Context) error {
	select {
	case s.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return transport.ContextError(opImages, ctx.Err())
	}
}
