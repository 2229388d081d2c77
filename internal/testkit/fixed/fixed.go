// Package fixed gives deterministic clocks, identifiers and random bytes to tests and to the fake servers, so that what
// they produce is the same at every run. It imports neither testing nor flag. Nothing here is fit for production.
package fixed

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"
)

// Clock is a clock that moves only when told to (or by a fixed step at each reading). It is safe for concurrent use;
// pass its method value Now where a func() time.Time is expected.
type Clock struct {
	mu   sync.Mutex
	now  time.Time
	step time.Duration
}

// NewClock returns a clock that stands still at t0.
func NewClock(t0 time.Time) *Clock { return &Clock{now: t0} }

// NewSteppingClock returns a clock that reads t0 first and moves by step after each reading.
func NewSteppingClock(t0 time.Time, step time.Duration) *Clock { return &Clock{now: t0, step: step} }

// Now reads the clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.now
	c.now = c.now.Add(c.step)
	return t
}

// Advance moves the clock by d.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Set moves the clock to t.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}

// IDs gives identifiers that depend only on the seed and on the order of the calls. It is safe for concurrent use.
type IDs struct {
	mu  sync.Mutex
	src *rand.ChaCha8
}

// NewIDs returns the sequence of identifiers of a seed.
func NewIDs(seed uint64) *IDs { return &IDs{src: chacha(seed)} }

// UUID returns the next identifier in the form of a random UUID (RFC 9562 version 4), lower case, without "urn:uuid:".
func (s *IDs) UUID() string {
	var b [16]byte
	s.read(b[:])
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

// UIDSuffix returns the next identifier as one arc of an OID or DICOM UID: 1 to 19 digits, no leading zero.
func (s *IDs) UIDSuffix() string {
	var b [8]byte
	s.read(b[:])
	return strconv.FormatUint(binary.BigEndian.Uint64(b[:])>>1|1, 10)
}

// Token returns the next identifier as 32 hexadecimal digits, for boundaries and Content-IDs.
func (s *IDs) Token() string {
	var b [16]byte
	s.read(b[:])
	return fmt.Sprintf("%x", b[:])
}

func (s *IDs) read(b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = s.src.Read(b) // never fails
}

// Rand returns an endless stream of bytes that depends only on the seed. It is safe for concurrent use. Note that most
// signing and key generating functions of the standard library ignore the reader they are given: keys and ECDSA
// signatures do not become reproducible through it.
func Rand(seed uint64) io.Reader {
	return &lockedReader{r: chacha(seed)}
}

type lockedReader struct {
	mu sync.Mutex
	r  io.Reader
}

func (l *lockedReader) Read(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.r.Read(p)
}

func chacha(seed uint64) *rand.ChaCha8 {
	var key [32]byte
	copy(key[:], "segur test sequence")
	binary.LittleEndian.PutUint64(key[24:], seed)
	return rand.NewChaCha8(key)
}
