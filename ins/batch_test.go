package ins_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/ins/instest"
)

// crowd makes n persons and their claims, "c0" and so on.
func crowd(n int) (persons []instest.Person, claims []ins.Claim) {
	for i := range n {
		p := somebody("FICTIF", "ANNE", "ANNE EVE", segur.Female, segur.NewDate(1960+i%40, 1, 2), "69123", i+1)
		persons = append(persons, p)
		claims = append(claims, ins.Claim{ID: fmt.Sprintf("c%d", i), INS: p.INS, Traits: p.Traits})
	}
	return persons, claims
}

// pair is what VerifyAll gave for one claim.
type pair struct {
	ins.ItemVerification
	err error
}

func collect(seq iter.Seq2[ins.ItemVerification, error]) (pairs []pair) {
	for item, err := range seq {
		pairs = append(pairs, pair{item, err})
	}
	return pairs
}

// checkOnce requires one pair for each of n claims, and returns those that are about no claim.
func checkOnce(t require.TestingT, pairs []pair, n int) (by map[int]pair, strange []pair) {
	by = map[int]pair{}
	for _, p := range pairs {
		require.Equal(t, p.err == nil, p.Verification != nil, "a verification or an error")
		if p.Index < 0 {
			strange = append(strange, p)
			continue
		}
		require.NotContains(t, by, p.Index)
		by[p.Index] = p
	}
	require.Len(t, by, n)
	return by, strange
}

func batchOptions(w *waiting) ins.BatchOptions {
	return ins.BatchOptions{Environment: segur.Production, ChunkSize: 3, Clock: w.Now, Pause: w.pause}
}

func TestVerifyAllChecksItsOptions(t *testing.T) {
	t.Parallel()
	pairs := collect(ins.VerifyAll(t.Context(), nil, slices.Values([]ins.Claim{{}}), ins.BatchOptions{ChunkSize: -1, Pending: -1, PollEvery: -1, MaxWait: -1,
		Retry: segur.RetryPolicy{MaxAttempts: -1}}))
	require.Len(t, pairs, 1)
	require.Equal(t, -1, pairs[0].Index)
	require.ErrorIs(t, pairs[0].err, segur.ErrInvalidInput)
	for _, field := range []string{"environment", "verifier", "chunkSize", "pending", "pollEvery", "maxWait", "retry.maxAttempts"} {
		require.ErrorContains(t, pairs[0].err, field)
	}
	require.Empty(t, collect(ins.VerifyAll(t.Context(), instest.NewBatch(), slices.Values([]ins.Claim(nil)), ins.BatchOptions{Environment: segur.Fake})))
	// A verifier that gives nothing.
	_, claims := crowd(1)
	pairs = collect(ins.VerifyAll(t.Context(), empty{}, slices.Values(claims), batchOptions(newWaiting())))
	require.Len(t, pairs, 1)
	require.ErrorContains(t, pairs[0].err, "gave no answer")
}

// canceling ends the context at the first deposit.
type canceling struct {
	*instest.Batch
	cancel func()
}

func (c canceling) Submit(ctx context.Context, claims []ins.Claim) (ins.Ticket, error) {
	c.cancel()
	return c.Batch.Submit(ctx, claims)
}

// cancelingLook ends the context at the first look.
type cancelingLook struct {
	*instest.Batch
	cancel func()
}

func (c cancelingLook) Fetch(ctx context.Context, t ins.Ticket) (*ins.BatchAnswer, error) {
	c.cancel()
	return c.Batch.Fetch(ctx, t)
}

type empty struct{}

func (empty) Submit(context.Context, []ins.Claim) (ins.Ticket, error)     { return "t", nil }
func (empty) Fetch(context.Context, ins.Ticket) (*ins.BatchAnswer, error) { return nil, nil }

// Whatever fails, each claim has one pair, and what is verified is what the service said.
func TestVerifyAllTellsEachClaimOnce(t *testing.T) {
	t.Parallel()
	failures := []error{nil, nil, nil, &segur.Error{Kind: segur.KindUnavailable}, &segur.Error{Kind: segur.KindRefused}, errors.New("broken"),
		&segur.Error{Kind: segur.KindTruncated}}
	rapid.Check(t, func(rt *rapid.T) {
		persons, claims := crowd(rapid.IntRange(0, 20).Draw(rt, "claims"))
		b := instest.NewBatch(append(persons, instest.DefaultPersons()...)...)
		failure := rapid.SampledFrom(failures)
		b.FailSubmit(rapid.SliceOfN(failure, 0, 10).Draw(rt, "submit")...)
		b.FailFetch(rapid.SliceOfN(failure, 0, 20).Draw(rt, "fetch")...)
		b.AnswerAfter(rapid.IntRange(1, 4).Draw(rt, "looks"))
		drop := rapid.IntRange(0, 20).Draw(rt, "drop")
		b.Alter(func(_ ins.Ticket, a *ins.BatchAnswer) {
			a.Items = slices.DeleteFunc(a.Items, func(i ins.BatchItem) bool { return i.ID == fmt.Sprintf("c%d", drop) })
		})
		o := batchOptions(newWaiting())
		o.ChunkSize, o.Pending = rapid.IntRange(1, 6).Draw(rt, "chunk"), rapid.IntRange(1, 4).Draw(rt, "pending")
		o.MaxWait = time.Duration(rapid.IntRange(1, 10).Draw(rt, "wait")) * time.Minute
		by, strange := checkOnce(rt, collect(ins.VerifyAll(context.Background(), b, slices.Values(claims), o)), len(claims))
		require.Empty(rt, strange)
		for i, p := range by {
			require.Equal(rt, claims[i].ID, p.ID)
			if p.err == nil {
				require.Equal(rt, ins.Verified, p.Verification.Outcome)
				require.True(rt, claims[i].INS == p.Verification.Current)
				require.NotEqual(rt, drop, i)
			}
		}
		for _, d := range b.Submitted() {
			require.LessOrEqual(rt, len(d), o.ChunkSize)
		}
	})
}
