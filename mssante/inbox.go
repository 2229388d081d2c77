package mssante

import (
	"context"
	"iter"
	"sync"
)

// Inbox reads a mailbox over one connection that stays open between reads, and
// opens another when the operator closed it. One loop reads it at a time.
// Close it when the Pro Santé Connect session of the user ends (ECO.1.2.6).
type Inbox struct {
	c *Client

	mu     sync.Mutex
	busy   bool
	closed bool
	kept   *reader // used by who is busy
}

// Inbox makes an inbox. Nothing is opened before the first read.
func (c *Client) Inbox() *Inbox { return &Inbox{c: c} }

// Receive is [Client.Receive] over the connection of the inbox.
func (b *Inbox) Receive(ctx context.Context, f Filter) iter.Seq2[*Incoming, error] {
	return b.c.receive(ctx, f, b)
}

func (b *Inbox) lock() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.busy || b.closed {
		return false
	}
	b.busy = true
	return true
}

func (b *Inbox) unlock() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.busy = false
	if b.closed && b.kept != nil {
		b.kept.close()
		b.kept = nil
	}
}

// keep takes a session back. false: it is of no more use.
func (b *Inbox) keep(r *reader) bool {
	if !r.conn.release() {
		return false
	}
	r.rest()
	b.kept = r
	return true
}

// Close ends the connection, at the end of the loop that reads it if any.
func (b *Inbox) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	if !b.busy && b.kept != nil {
		b.kept.close()
		b.kept = nil
	}
	return nil
}
