package dmp_test

import (
	"bytes"
	"encoding/base64"
	"io"
	"sync"

	"github.com/segur-sdk/segur"
)

// memoryEvidence keeps exchanges in memory.
type memoryEvidence struct {
	mu        sync.Mutex
	exchanges []*exchange
}

type exchange struct {
	op                string
	request, response bytes.Buffer
}

func (m *memoryEvidence) Begin(op string) (segur.Exchange, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	x := &exchange{op: op}
	m.exchanges = append(m.exchanges, x)
	return x, nil
}

func (m *memoryEvidence) last() *exchange {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.exchanges[len(m.exchanges)-1]
}

func (x *exchange) Request() io.Writer  { return &x.request }
func (x *exchange) Response() io.Writer { return &x.response }
func (x *exchange) Close() error        { return nil }

func base64Of(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
