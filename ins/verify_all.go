package ins

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
)

// VerifyAll verifies the claims through v, one deposit after the other, and waits for the answers. Each claim that is
// read gives exactly one pair, in no order that matters: its verification, or why there is none:
//
//   - the claim is wrong: an input error that names the fields, and the others go on;
//   - its deposit failed: the error of Submit or Fetch; the other deposits go on, and what was answered before stands;
//   - the answer does not have it, or contradicts itself about it: [segur.ErrProtocol];
//   - no answer within MaxWait: [segur.ErrTimeout], and the ticket to fetch it later;
//   - the context ended: [segur.ErrCanceled] or [segur.ErrTimeout], for every claim that is left.
//
// A pair with Index -1 is about no claim: the options are wrong (it is then the only one), or an answer has an item
// that was not submitted. Claims are read as they are needed; their identifiers are kept until the end. The sequence
// can be ranged over once for each call of VerifyAll that is meant: every range submits anew.
func VerifyAll(ctx context.Context, v BatchVerifier, claims iter.Seq[Claim], o BatchOptions) iter.Seq2[ItemVerification, error] {
	return func(yield func(ItemVerification, error) bool) {
		if err := o.check(v); err != nil {
			yield(ItemVerification{Index: -1}, err)
			return
		}
		next, stop := iter.Pull(claims)
		defer stop()
		b := &batch{verifier: v, o: o.withDefaults(), next: next, yield: yield, seen: map[string]bool{}}
		b.run(ctx)
	}
}

// batch is one run of VerifyAll.
type batch struct {
	verifier BatchVerifier
	o        BatchOptions
	next     func() (Claim, bool)
	yield    func(ItemVerification, error) bool
	seen     map[string]bool
	read     int
	drained  bool
	pending  []*deposit
}

// deposit is a chunk that was submitted.
type deposit struct {
	ticket   Ticket
	claims   []Claim
	indices  []int
	at       map[string]int // where in claims
	answers  []*answered
	deadline time.Time
	look     time.Time
	unknown  int
}

// answered is what was answered about one claim.
type answered struct {
	item     BatchItem
	conflict bool
}

// run reads, submits and looks until nothing is left, or until the caller wants no more.
func (b *batch) run(ctx context.Context) {
	for {
		for !b.drained && len(b.pending) < b.o.Pending {
			d, ok := b.chunk(ctx)
			if !ok || !b.submit(ctx, d) {
				return
			}
		}
		if len(b.pending) == 0 {
			return
		}
		if !b.lookAtNext(ctx) {
			return
		}
	}
}

// chunk reads the claims of one deposit. Those that are wrong are told at once. false: the caller wants no more.
func (b *batch) chunk(ctx context.Context) (*deposit, bool) {
	d := &deposit{at: map[string]int{}}
	for len(d.claims) < b.o.ChunkSize {
		c, more := b.next()
		if !more {
			b.drained = true
			break
		}
		index := b.read
		b.read++
		err := ctx.Err()
		if err != nil {
			err = contextError(ctx, opVerifyAll, nil)
		} else {
			c, err = b.check(c)
		}
		if err != nil {
			if !b.yield(ItemVerification{Index: index, ID: c.ID}, err) {
				return nil, false
			}
			continue
		}
		d.at[c.ID] = len(d.claims)
		d.claims, d.indices = append(d.claims, c), append(d.indices, index)
	}
	d.answers = make([]*answered, len(d.claims))
	return d, true
}

func (b *batch) check(c Claim) (Claim, error) {
	var p segur.Problems
	c.checkID(&p, "claim.id")
	if b.seen[c.ID] {
		p.Add("claim.id", "is the one of a claim before")
	}
	checked, _, _ := c.checked(&p, "claim", b.o.Environment, b.o.Clock())
	if c.ID != "" {
		b.seen[c.ID] = true
	}
	return checked, p.Err(opVerifyAll)
}

// submit deposits a chunk.
func (b *batch) submit(ctx context.Context, d *deposit) bool {
	if len(d.claims) == 0 {
		return true
	}
	for n := 1; ; n++ {
		// The verifier gets a slice of its own.
		ticket, err := b.verifier.Submit(ctx, append([]Claim(nil), d.claims...))
		if err == nil {
			now := b.o.Clock()
			d.ticket, d.deadline = ticket, now.Add(b.o.MaxWait)
			d.look = earlier(now.Add(b.o.PollEvery), d.deadline)
			b.pending = append(b.pending, d)
			return true
		}
		var e *segur.Error
		if errors.As(err, &e) && e.Retryable() && n < b.o.Retry.MaxAttempts && ctx.Err() == nil {
			if wait, ok := transport.Backoff(ctx, b.o.Retry, n, e.RetryAfter); ok && b.o.Pause(ctx, wait) == nil {
				continue
			}
		}
		if ctx.Err() != nil && e == nil {
			err = contextError(ctx, opVerifyAll, nil)
		}
		return b.finish(d, err)
	}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// lookAtNext waits for the deposit that is to be looked at first, and looks. false: the caller wants no more.
func (b *batch) lookAtNext(ctx context.Context) bool {
	first := 0
	for i, d := range b.pending {
		if d.look.Before(b.pending[first].look) {
			first = i
		}
	}
	d := b.pending[first]
	done, err := b.lookAt(ctx, d)
	for ; d.unknown > 0; d.unknown-- {
		if !b.yield(ItemVerification{Index: -1, Ticket: d.ticket}, protocol("the answer has an item that was not submitted")) {
			return false
		}
	}
	if !done {
		return true
	}
	b.pending = append(b.pending[:first], b.pending[first+1:]...)
	return b.finish(d, err)
}

// lookAt fetches once. done: nothing more is expected of the deposit; err then says why claims are left.
func (b *batch) lookAt(ctx context.Context, d *deposit) (done bool, err error) {
	if wait := d.look.Sub(b.o.Clock()); wait > 0 && b.o.Pause(ctx, wait) != nil || ctx.Err() != nil {
		return true, contextError(ctx, opVerifyAll, nil)
	}
	answer, err := b.verifier.Fetch(ctx, d.ticket)
	now, pause := b.o.Clock(), b.o.PollEvery
	var e *segur.Error
	switch {
	case err == nil && answer == nil:
		return true, protocol("the verifier gave no answer")
	case err == nil:
		d.take(answer.Items)
		if answer.Done {
			return true, protocol("the answer does not have the claim")
		}
		pause = max(pause, answer.RetryAfter)
		err = &segur.Error{Op: opVerifyAll, Kind: segur.KindTimeout, Message: fmt.Sprintf("no answer within %s", b.o.MaxWait)}
	case ctx.Err() != nil:
		return true, contextError(ctx, opVerifyAll, nil)
	case errors.As(err, &e) && temporary(e):
		pause = max(pause, e.RetryAfter)
	default:
		return true, err
	}
	d.look = earlier(now.Add(pause), d.deadline)
	return !now.Before(d.deadline), err
}

func protocol(message string) *segur.Error {
	return &segur.Error{Op: opVerifyAll, Kind: segur.KindProtocol, Message: message}
}

// take keeps what an answer has. It may repeat what came before; it must not contradict it.
func (d *deposit) take(items []BatchItem) {
	for _, item := range items {
		i, ok := d.at[item.ID]
		if !ok {
			d.unknown++
			continue
		}
		if a := d.answers[i]; a != nil {
			a.conflict = a.conflict || !a.item.agrees(item)
			continue
		}
		d.answers[i] = &answered{item: item}
	}
}

// agrees reports whether two results of one claim say the same.
func (i BatchItem) agrees(j BatchItem) bool {
	v, w := i.Verification, j.Verification
	if v == nil || w == nil {
		return v == w && (i.Err == nil) == (j.Err == nil)
	}
	return v.Outcome == w.Outcome && v.Replaced == w.Replaced && v.Current == w.Current && v.Verdict == w.Verdict &&
		(i.Err == nil) == (j.Err == nil)
}

// finish tells every claim of the deposit; those without an answer get err.
func (b *batch) finish(d *deposit, err error) bool {
	for i, c := range d.claims {
		item, problem := ItemVerification{Index: d.indices[i], ID: c.ID, Ticket: d.ticket}, err
		if a := d.answers[i]; a != nil {
			item.Verification, problem = a.result(c, b.o.Clock())
		}
		if !b.yield(item, problem) {
			return false
		}
	}
	return true
}

// result is what an answer says about the claim, refused where it cannot be.
func (a *answered) result(c Claim, now time.Time) (*Verification, error) {
	v := a.item.Verification
	switch {
	case a.conflict:
		return nil, protocol("the answer contradicts itself about the claim")
	case (v == nil) == (a.item.Err == nil):
		return nil, protocol("the answer must have a verification or an error")
	case v == nil:
		return nil, a.item.Err
	case v.Outcome == Verified && (v.Replaced || !v.Current.IsZero() && v.Current != c.INS):
		return nil, protocol("the answer verifies a number that is not the one of the claim")
	}
	out := *v
	if out.Method == "" {
		out.Method = MethodTeleservice
	}
	if out.Time.IsZero() {
		out.Time = now
	}
	return &out, nil
}
