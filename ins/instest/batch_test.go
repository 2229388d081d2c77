package instest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/ins/instest"
)

func batchClaim(id string) ins.Claim {
	p := instest.DefaultPersons()[0]
	return ins.Claim{ID: id, INS: p.INS, Traits: p.Traits}
}

func TestBatchAnswers(t *testing.T) {
	t.Parallel()
	b := instest.NewBatch()
	b.AnswerAfter(2)
	person := instest.DefaultPersons()[0]
	replaced, another, unknown := batchClaim("b"), batchClaim("c"), batchClaim("d")
	replaced.INS = person.History[0].INS
	another.Traits.Sex = segur.Male
	body := "2850369123999"
	var err error
	unknown.INS, err = segur.ParseINS(body+segur.MatriculeKey(body), segur.OIDINSNIRTest)
	require.NoError(t, err)
	ticket, err := b.Submit(t.Context(), []ins.Claim{batchClaim("a"), replaced, another, unknown})
	require.NoError(t, err)
	first, err := b.Fetch(t.Context(), ticket)
	require.NoError(t, err)
	assert.False(t, first.Done)
	assert.Len(t, first.Items, 2)
	for range 2 {
		all, err := b.Fetch(t.Context(), ticket)
		require.NoError(t, err)
		assert.True(t, all.Done)
		require.Len(t, all.Items, 4)
		assert.Equal(t, ins.Verified, all.Items[0].Verification.Outcome)
		assert.True(t, person.INS == all.Items[0].Verification.Current)
		assert.Equal(t, ins.NotVerified, all.Items[1].Verification.Outcome)
		assert.True(t, all.Items[1].Verification.Replaced)
		assert.Equal(t, ins.Different, all.Items[2].Verification.Verdict.Sex)
		assert.True(t, all.Items[2].Verification.Current.IsZero(), "the number of somebody else stays untold")
		assert.Equal(t, ins.NotVerified, all.Items[3].Verification.Outcome)
	}
	assert.Len(t, b.Fetched(), 3)
	assert.Len(t, b.Submitted(), 1)
}

func TestBatchIsStrict(t *testing.T) {
	t.Parallel()
	b := instest.NewBatch(instest.DefaultPersons()...)
	_, err := b.Submit(t.Context(), nil)
	require.ErrorContains(t, err, "claims must be 1 to 2000")
	many := make([]ins.Claim, 2001)
	for i := range many {
		many[i] = batchClaim(fmt.Sprint(i))
	}
	_, err = b.Submit(t.Context(), many)
	require.ErrorContains(t, err, "claims must be 1 to 2000")
	_, err = b.Submit(t.Context(), []ins.Claim{batchClaim("a"), batchClaim("a"), {ID: "b"}, batchClaim("")})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	for _, field := range []string{"claims[1].id", "claims[2].ins", "claims[3].id"} {
		require.ErrorContains(t, err, field)
	}
	_, err = b.Fetch(t.Context(), "deposit-1")
	require.ErrorIs(t, err, segur.ErrNotFound)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = b.Submit(ctx, many[:1])
	require.ErrorIs(t, err, context.Canceled)
	_, err = b.Fetch(ctx, "deposit-1")
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, b.Submitted())
}

func TestBatchFaults(t *testing.T) {
	t.Parallel()
	b := instest.NewBatch()
	broken := errors.New("broken")
	b.FailSubmit(broken, nil)
	b.FailFetch(nil, broken)
	_, err := b.Submit(t.Context(), []ins.Claim{batchClaim("a")})
	require.ErrorIs(t, err, broken)
	ticket, err := b.Submit(t.Context(), []ins.Claim{batchClaim("a")})
	require.NoError(t, err)
	b.Alter(func(got ins.Ticket, a *ins.BatchAnswer) {
		require.Equal(t, ticket, got)
		a.Items[0].ID = "altered"
	})
	a, err := b.Fetch(t.Context(), ticket)
	require.NoError(t, err)
	require.Equal(t, "altered", a.Items[0].ID)
	_, err = b.Fetch(t.Context(), ticket)
	require.ErrorIs(t, err, broken)
}
