package dicomweb

import (
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segur-sdk/segur"
)

// progressEvery is the least time between two reports of progress.
const progressEvery = 100 * time.Millisecond

// meter counts what a call did and tells of it.
type meter struct {
	tell  func(StoreProgress) // or nil
	clock func() time.Time
	bytes atomic.Int64

	mu   sync.Mutex
	p    StoreProgress
	last time.Time
}

func newMeter(tell func(StoreProgress), clock func() time.Time) *meter {
	return &meter{tell: tell, clock: clock}
}

// add counts bytes. It does not wait for a report under way.
func (m *meter) add(n int64) {
	m.bytes.Add(n)
	if m.tell == nil || n <= 0 || !m.mu.TryLock() {
		return
	}
	defer m.mu.Unlock()
	m.report(false)
}

// settled counts instances whose outcome is known.
func (m *meter) settled(n, held int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.p.Instances += n
	m.p.Held += held
	m.report(false)
}

// end makes the last report.
func (m *meter) end() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.p.Done = true
	m.report(true)
}

func (m *meter) report(always bool) {
	if m.tell == nil {
		return
	}
	now := m.clock()
	if !always && now.Sub(m.last) < progressEvery {
		return
	}
	m.last, m.p.Bytes = now, m.bytes.Load()
	m.tell(m.p)
}

// counted counts the bytes of a content as they are read; a content that is
// opened again counts anew.
type counted struct {
	segur.Content
	meter *meter
	sent  atomic.Int64
}

func (c *counted) Open() (io.ReadCloser, error) {
	rc, err := c.Content.Open()
	if err != nil {
		return nil, withoutPath(err)
	}
	c.meter.add(-c.sent.Swap(0))
	return &countedReader{rc, c}, nil
}

type countedReader struct {
	io.ReadCloser
	c *counted
}

func (r *countedReader) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	r.c.sent.Add(int64(n))
	r.c.meter.add(int64(n))
	return n, err
}
