package ins_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/ins/instest"
)

func TestVerifyAll(t *testing.T) {
	t.Parallel()
	persons, claims := crowd(8)
	former := somebody("X", "X", "X", segur.Male, segur.NewDate(1950, 1, 1), "69123", 900).INS
	persons[1].History = []instest.Former{{INS: former}}
	claims[1].INS = former
	claims[4].Traits.BirthName = "AUTRE"
	w := newWaiting()
	b := instest.NewBatch(persons...)
	b.AnswerAfter(3)
	by, strange := checkOnce(t, collect(ins.VerifyAll(t.Context(), b, slices.Values(claims), batchOptions(w))), 8)
	require.Empty(t, strange)
	for i, p := range by {
		require.NoError(t, p.err)
		assert.Equal(t, claims[i].ID, p.ID)
		assert.Equal(t, ins.Ticket(fmt.Sprintf("deposit-%d", i/3+1)), p.Ticket)
		assert.Equal(t, ins.MethodTeleservice, p.Verification.Method)
		assert.Equal(t, now.Add(3*time.Minute), p.Verification.Time, "the third look")
		switch i {
		case 1:
			assert.Equal(t, ins.NotVerified, p.Verification.Outcome)
			assert.True(t, p.Verification.Replaced)
			assert.True(t, persons[1].INS == p.Verification.Current)
		case 4:
			assert.Equal(t, ins.NotVerified, p.Verification.Outcome)
			assert.False(t, p.Verification.Replaced)
			assert.Equal(t, ins.Different, p.Verification.Verdict.BirthName)
		default:
			assert.Equal(t, ins.Verified, p.Verification.Outcome)
		}
	}
	var sizes []int
	for _, d := range b.Submitted() {
		sizes = append(sizes, len(d))
	}
	assert.Equal(t, []int{3, 3, 2}, sizes)
	assert.Len(t, b.Fetched(), 9)
	assert.Equal(t, []time.Duration{time.Minute, time.Minute, time.Minute}, w.pauses, "one pause for all the deposits")
}

// A claim that is wrong is told with its fields and rules, and does not leave; the others do.
func TestVerifyAllRefusesClaimsOneByOne(t *testing.T) {
	t.Parallel()
	persons, claims := crowd(9)
	claims[0].INS = number(t, "2850369123456")
	claims[1].INS, claims[1].Matricule, claims[1].Authority = segur.INS{}, persons[1].INS.Body()+"00", segur.OIDINSNIR
	claims[2].ID = ""
	claims[3].ID = "c8"
	claims[4].ID = "visit-" + persons[4].INS.Body()
	claims[5].ID = "Anne été"
	claims[6].Traits.BirthName, claims[6].Traits.Sex = "fictif", segur.SexUnknown
	claims[7].Attributes = segur.Doubtful
	claims = append(claims, claims[8], ins.Claim{ID: "text", Matricule: persons[2].INS.Matricule(), Authority: segur.OIDINSNIR, Traits: persons[2].Traits})
	b := instest.NewBatch(persons...)
	by, _ := checkOnce(t, collect(ins.VerifyAll(t.Context(), b, slices.Values(claims), batchOptions(newWaiting()))), 11)
	for i, want := range map[int]string{
		0: "claim.ins is a test number", 1: "claim.ins.matricule the key does not match", 2: "claim.id is required",
		4: "claim.id must not hold the number", 5: "claim.id must be letters, digits", 6: "claim.traits.sex", 7: "claim.attributes",
		8: "claim.id is the one of a claim before", 9: "claim.id is the one of a claim before",
	} {
		require.ErrorIs(t, by[i].err, segur.ErrInvalidInput, i)
		require.ErrorContains(t, by[i].err, want)
		require.NotContains(t, by[i].err.Error(), persons[1].INS.Body())
		assert.Empty(t, by[i].Ticket)
	}
	require.ErrorContains(t, by[6].err, "claim.traits.birthName")
	require.NoError(t, by[3].err, "the first of two that have the same identifier leaves")
	require.NoError(t, by[10].err)
	require.Equal(t, ins.Verified, by[10].Verification.Outcome)
	require.Len(t, b.Submitted(), 1)
	require.Len(t, b.Submitted()[0], 2)
	require.False(t, b.Submitted()[0][1].INS.IsZero(), "a number as text leaves as an INS")
}

func TestVerifyAllAnswersThatAreWrong(t *testing.T) {
	t.Parallel()
	persons, claims := crowd(8)
	verified := func(i int) *ins.Verification {
		return &ins.Verification{Outcome: ins.Verified, Current: persons[i].INS}
	}
	refused := errors.New("refused by the service")
	b := instest.NewBatch(persons...)
	b.Alter(func(_ ins.Ticket, a *ins.BatchAnswer) {
		a.Items = []ins.BatchItem{
			{ID: "c7", Verification: verified(7)},
			{ID: "c0", Verification: verified(0)}, {ID: "c0", Verification: verified(0)}, // twice the same
			{ID: "c1", Verification: verified(1)}, {ID: "c1", Verification: &ins.Verification{Outcome: ins.NotVerified}},
			// c2 is missing
			{ID: "c3", Err: refused}, {ID: "c3", Err: refused},
			{ID: "c4"},
			{ID: "c5", Verification: verified(4)}, // somebody else's number
			{ID: "c6", Verification: verified(6), Err: refused},
			{ID: "c99", Verification: verified(0)}, {ID: "", Verification: verified(0)},
		}
	})
	o := batchOptions(newWaiting())
	o.ChunkSize = 0
	by, strange := checkOnce(t, collect(ins.VerifyAll(t.Context(), b, slices.Values(claims), o)), 8)
	for _, i := range []int{0, 7} {
		require.NoError(t, by[i].err)
		require.Equal(t, ins.Verified, by[i].Verification.Outcome)
	}
	require.ErrorIs(t, by[3].err, refused)
	for i, want := range map[int]string{1: "contradicts itself", 2: "does not have the claim", 4: "a verification or an error",
		5: "not the one of the claim", 6: "a verification or an error"} {
		require.ErrorIs(t, by[i].err, segur.ErrProtocol)
		require.ErrorContains(t, by[i].err, want)
	}
	require.Len(t, strange, 2)
	for _, p := range strange {
		require.ErrorContains(t, p.err, "not submitted")
		require.Empty(t, p.ID)
		require.Equal(t, ins.Ticket("deposit-1"), p.Ticket)
	}
}

// What fails for one deposit leaves the results of the others.
func TestVerifyAllFaults(t *testing.T) {
	t.Parallel()
	later := &segur.Error{Kind: segur.KindUnavailable, Code: "later"}
	refused := &segur.Error{Kind: segur.KindRefused, Code: "refused"}
	unknown := &segur.Error{Kind: segur.KindOutcomeUnknown, Code: "lost"}
	tests := map[string]struct {
		script  func(*instest.Batch)
		failed  []int // claims of the failed deposit
		err     error
		submits int
		fetches int
	}{
		"a deposit is refused":          {func(b *instest.Batch) { b.FailSubmit(nil, refused) }, []int{2, 3}, refused, 2, 2},
		"a deposit got lost":            {func(b *instest.Batch) { b.FailSubmit(nil, unknown) }, []int{2, 3}, unknown, 2, 2},
		"a deposit succeeds in the end": {func(b *instest.Batch) { b.FailSubmit(later, later) }, nil, nil, 3, 3},
		"a deposit never succeeds":      {func(b *instest.Batch) { b.FailSubmit(later, later, later) }, []int{0, 1}, later, 2, 2},
		"a look is refused":             {func(b *instest.Batch) { b.FailFetch(refused) }, []int{0, 1}, refused, 3, 3},
		"looks fail for a time":         {func(b *instest.Batch) { b.FailFetch(later, later, later, later) }, nil, nil, 3, 7},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			persons, claims := crowd(6)
			b := instest.NewBatch(persons...)
			tc.script(b)
			o := batchOptions(newWaiting())
			o.ChunkSize = 2
			by, _ := checkOnce(t, collect(ins.VerifyAll(t.Context(), b, slices.Values(claims), o)), 6)
			for i, p := range by {
				if slices.Contains(tc.failed, i) {
					require.ErrorIs(t, p.err, tc.err)
					continue
				}
				require.NoError(t, p.err)
				require.Equal(t, ins.Verified, p.Verification.Outcome)
			}
			require.Len(t, b.Submitted(), tc.submits)
			require.Len(t, b.Fetched(), tc.fetches)
		})
	}
}

// After MaxWait what was answered is given, and the rest has the ticket to fetch it later.
func TestVerifyAllStopsWaiting(t *testing.T) {
	t.Parallel()
	persons, claims := crowd(4)
	w := newWaiting()
	b := instest.NewBatch(persons...)
	b.AnswerAfter(100)
	o := batchOptions(w)
	o.ChunkSize, o.MaxWait = 4, 50*time.Minute+30*time.Second
	by, _ := checkOnce(t, collect(ins.VerifyAll(t.Context(), b, slices.Values(claims), o)), 4)
	require.Equal(t, now.Add(o.MaxWait), w.Now(), "the last look is at the end of the wait")
	for i := range 2 {
		require.NoError(t, by[i].err)
	}
	for i := 2; i < 4; i++ {
		require.ErrorIs(t, by[i].err, segur.ErrTimeout)
		require.ErrorContains(t, by[i].err, "50m30s")
		require.Equal(t, ins.Ticket("deposit-1"), by[i].Ticket)
	}
	answer, err := b.Fetch(t.Context(), "deposit-1")
	require.NoError(t, err)
	require.NotNil(t, answer)

	// Looks that never succeed end with their error; a RetryAfter that is longer than PollEvery counts.
	w = newWaiting()
	b = instest.NewBatch(persons...)
	later := &segur.Error{Kind: segur.KindRateLimited, RetryAfter: 20 * time.Minute}
	b.FailFetch(slices.Repeat([]error{later}, 50)...)
	o = batchOptions(w)
	o.ChunkSize, o.MaxWait = 4, time.Hour
	by, _ = checkOnce(t, collect(ins.VerifyAll(t.Context(), b, slices.Values(claims), o)), 4)
	require.ErrorIs(t, by[0].err, segur.ErrRateLimited)
	require.Equal(t, []time.Duration{time.Minute, 20 * time.Minute, 20 * time.Minute, 19 * time.Minute}, w.pauses)
}

func TestVerifyAllEndsWithTheContext(t *testing.T) {
	t.Parallel()
	persons, claims := crowd(7)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	b := instest.NewBatch(persons...)
	looks := 0
	b.Alter(func(_ ins.Ticket, a *ins.BatchAnswer) {
		a.Done = false
		if looks++; looks == 2 { // both deposits were answered in part
			cancel()
		}
		a.Items = a.Items[:1]
	})
	o := batchOptions(newWaiting())
	o.ChunkSize, o.Pending = 2, 2
	by, _ := checkOnce(t, collect(ins.VerifyAll(ctx, b, slices.Values(claims), o)), 7)
	for i, p := range by {
		if i == 0 || i == 2 {
			require.NoError(t, p.err, "what was answered stands")
			continue
		}
		require.ErrorIs(t, p.err, segur.ErrCanceled)
		require.ErrorIs(t, p.err, context.Canceled)
	}
	require.Len(t, b.Submitted(), 2)

	// During a deposit, which tells the end of the context in its own way.
	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	by, _ = checkOnce(t, collect(ins.VerifyAll(ctx, canceling{instest.NewBatch(persons...), cancel}, slices.Values(claims), o)), 7)
	for _, p := range by {
		require.ErrorIs(t, p.err, segur.ErrCanceled)
	}

	// During a look.
	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	b = instest.NewBatch(persons...)
	by, _ = checkOnce(t, collect(ins.VerifyAll(ctx, cancelingLook{b, cancel}, slices.Values(claims), o)), 7)
	for _, p := range by {
		require.ErrorIs(t, p.err, segur.ErrCanceled)
	}
	require.Empty(t, b.Fetched())

	// With the default clock and pause.
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
		defer cancel()
		b := instest.NewBatch(persons...)
		by, _ := checkOnce(t, collect(ins.VerifyAll(ctx, b, slices.Values(claims), ins.BatchOptions{Environment: segur.Production})), 7)
		require.ErrorIs(t, by[6].err, segur.ErrTimeout)
		require.Equal(t, ins.Ticket("deposit-1"), by[6].Ticket)
	})
}

// The caller may stop at any pair; nothing more is read nor sent.
func TestVerifyAllStopsWithTheCaller(t *testing.T) {
	t.Parallel()
	persons, claims := crowd(9)
	claims[1].ID = ""
	for stop := 1; stop <= 9; stop++ {
		b := instest.NewBatch(persons...)
		b.Alter(func(_ ins.Ticket, a *ins.BatchAnswer) { a.Items = append(a.Items, ins.BatchItem{ID: "strange"}) })
		o := batchOptions(newWaiting())
		o.Pending = 1
		n := 0
		for range ins.VerifyAll(t.Context(), b, slices.Values(claims), o) {
			if n++; n == stop {
				break
			}
		}
		require.Equal(t, stop, n)
	}
	read := 0
	b := instest.NewBatch(persons...)
	next, stop := iter.Pull2(ins.VerifyAll(t.Context(), b, func(yield func(ins.Claim) bool) {
		for _, c := range claims {
			read++
			if !yield(c) {
				return
			}
		}
	}, batchOptions(newWaiting())))
	_, err, ok := next()
	require.True(t, ok)
	require.ErrorContains(t, err, "claim.id is required", "the second claim, which is told at once")
	stop()
	require.Equal(t, 2, read)
	require.Empty(t, b.Submitted())
}
