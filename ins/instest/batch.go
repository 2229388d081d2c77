package instest

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
)

// maxBatch is the largest deposit that the fake takes.
const maxBatch = 2000

// Batch is a fake of [ins.BatchVerifier], inside the process. It keeps to the SDK's own contract: the operations of
// INSi behind it (WS_INS4 and WS_INS5) have no public one, so there is no message to check. Like the real thing it
// answers late and in parts; its faults are scripted. It is safe for concurrent use.
type Batch struct {
	persons []Person

	mu            sync.Mutex
	looks         int
	submit, fetch []error
	alter         func(ins.Ticket, *ins.BatchAnswer)
	deposits      map[ins.Ticket]*batchDeposit
	submitted     [][]ins.Claim
	fetched       []ins.Ticket
}

type batchDeposit struct {
	claims []ins.Claim
	looks  int
}

// NewBatch returns a fake that knows the persons, [DefaultPersons] when there are none. Answers are complete at the
// first look.
func NewBatch(persons ...Person) *Batch {
	if len(persons) == 0 {
		persons = DefaultPersons()
	}
	return &Batch{persons: slices.Clone(persons), looks: 1, deposits: map[ins.Ticket]*batchDeposit{}}
}

// AnswerAfter makes each deposit complete at its n-th look only; the looks before give a part of the answer, in
// proportion.
func (b *Batch) AnswerAfter(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.looks = max(n, 1)
}

// FailSubmit scripts the next deposits, in order; a nil error lets one through.
func (b *Batch) FailSubmit(errs ...error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.submit = append(b.submit, errs...)
}

// FailFetch scripts the next looks, in order; a nil error lets one through.
func (b *Batch) FailFetch(errs ...error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fetch = append(b.fetch, errs...)
}

// Alter changes each answer before it leaves: items dropped, repeated, invented.
func (b *Batch) Alter(f func(ins.Ticket, *ins.BatchAnswer)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.alter = f
}

// Submitted returns the deposits that were accepted, in order.
func (b *Batch) Submitted() [][]ins.Claim {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.submitted)
}

// Fetched returns the tickets of the looks, in order, those that failed included.
func (b *Batch) Fetched() []ins.Ticket {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.fetched)
}

// Submit implements [ins.BatchVerifier]. It refuses what the contract does: no claim or more than 2,000, a claim
// without identifier or number, an identifier twice.
func (b *Batch) Submit(ctx context.Context, claims []ins.Claim) (ins.Ticket, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := pop(&b.submit); err != nil {
		return "", err
	}
	var p segur.Problems
	if n := len(claims); n == 0 || n > maxBatch {
		p.Addf("claims", "must be 1 to %d", maxBatch)
	}
	ids := map[string]bool{}
	for i, c := range claims {
		if c.ID == "" || ids[c.ID] {
			p.Addf(fmt.Sprintf("claims[%d].id", i), "is required, once")
		}
		if c.INS.IsZero() {
			p.Addf(fmt.Sprintf("claims[%d].ins", i), "is required")
		}
		ids[c.ID] = true
	}
	if err := p.Err("instest.Submit"); err != nil {
		return "", err
	}
	t := ins.Ticket(fmt.Sprintf("deposit-%d", len(b.deposits)+1))
	b.deposits[t] = &batchDeposit{claims: slices.Clone(claims)}
	b.submitted = append(b.submitted, slices.Clone(claims))
	return t, nil
}

// Fetch implements [ins.BatchVerifier].
func (b *Batch) Fetch(ctx context.Context, t ins.Ticket) (*ins.BatchAnswer, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fetched = append(b.fetched, t)
	if err := pop(&b.fetch); err != nil {
		return nil, err
	}
	d := b.deposits[t]
	if d == nil {
		return nil, &segur.Error{Op: "instest.Fetch", Kind: segur.KindNotFound, Message: "no such deposit"}
	}
	d.looks = min(d.looks+1, b.looks)
	a := &ins.BatchAnswer{Done: d.looks == b.looks}
	for _, c := range d.claims[:len(d.claims)*d.looks/b.looks] {
		a.Items = append(a.Items, ins.BatchItem{ID: c.ID, Verification: b.verify(c)})
	}
	if b.alter != nil {
		b.alter(t, a)
	}
	return a, nil
}

// verify compares a claim with the person who has, or had, its number.
func (b *Batch) verify(c ins.Claim) *ins.Verification {
	v := &ins.Verification{Outcome: ins.NotVerified}
	for _, p := range b.persons {
		former := slices.ContainsFunc(p.History, func(f Former) bool { return f.INS == c.INS })
		if p.INS != c.INS && !former {
			continue
		}
		v.Verdict = ins.Coherence(c.Traits, p.Traits)
		if !v.Verdict.Coherent() {
			return v // whose number it is stays untold
		}
		v.Current, v.Replaced = p.INS, p.INS != c.INS
		if !v.Replaced {
			v.Outcome = ins.Verified
		}
		return v
	}
	return v
}

func pop(errs *[]error) error {
	if len(*errs) == 0 {
		return nil
	}
	err := (*errs)[0]
	*errs = (*errs)[1:]
	return err
}
