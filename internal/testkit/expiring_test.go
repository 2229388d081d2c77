package testkit_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/internal/testkit"
)

type key struct{}

// The contexts made from it see what those of a context.WithTimeout see.
func TestExpiring(t *testing.T) {
	t.Parallel()
	derived := func(parent context.Context) map[string]context.Context {
		cancelled, cancel := context.WithCancel(parent)
		t.Cleanup(cancel)
		timed, stop := context.WithTimeout(cancelled, time.Hour)
		t.Cleanup(stop)
		return map[string]context.Context{"itself": parent, "cancel": cancelled, "timeout": timed,
			"value": context.WithValue(parent, key{}, 1)}
	}
	ctx, expire := testkit.Expiring(context.WithValue(t.Context(), key{}, "kept"))
	all := derived(ctx)
	assert.Equal(t, "kept", ctx.Value(key{}))
	for name, c := range all {
		require.NoError(t, c.Err(), name)
		require.NoError(t, context.Cause(c), name)
		end, ok := c.Deadline()
		assert.True(t, ok, name)
		assert.Greater(t, time.Until(end), 30*time.Minute, "%s: nothing gives up early because of it", name)
	}
	expire()
	expire()
	require.ErrorIs(t, ctx.Err(), context.DeadlineExceeded, "as soon as expire returned")
	for name, c := range all {
		<-c.Done()
		assert.Equal(t, context.DeadlineExceeded, c.Err(), name)
		assert.Equal(t, context.DeadlineExceeded, context.Cause(c), name)
	}

	parent, cancel := context.WithTimeout(t.Context(), time.Minute)
	ctx, expire = testkit.Expiring(parent)
	end, _ := ctx.Deadline()
	want, _ := parent.Deadline()
	assert.Equal(t, want, end)
	cancel()
	for name, c := range derived(ctx) {
		<-c.Done()
		assert.Equal(t, context.Canceled, c.Err(), "%s: the parent's end", name)
	}
	expire()
	assert.Equal(t, context.Canceled, ctx.Err(), "the first end counts")
}

func TestOnText(t *testing.T) {
	t.Parallel()
	n := 0
	w := testkit.OnText("4. it arrives", func() { n++ })
	for i, piece := range []string{"3. sent\n4. ", "it arr", "", "ives\n", "4. it arrives"} {
		written, err := fmt.Fprint(w, piece)
		require.NoError(t, err)
		assert.Equal(t, len(piece), written)
		assert.Equal(t, i >= 3, n == 1, "after %q", piece)
	}
}
