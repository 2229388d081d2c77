package dmp_test

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/dmptest"
)

// Neither logs nor observations hold anything of the patient, whatever
// happens.
func TestLogsAreClean(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	srv := fake(t)
	var log syncBuffer
	seen := &observations{}
	change := func(c *dmp.Config) {
		c.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		c.Observer = seen
	}
	feed, consult := newClient(t, srv, change), newClient(t, srv, change, consulting)
	sealed := prepared(t, feed)
	_, err := feed.Submit(ctx, sealed)
	require.NoError(t, err)
	srv.Fail(dmptest.Fault{Op: "dmp.submit", ContentType: soapType, Body: soapFault("Sender", "X", dmptest.Patient().INS.Matricule())},
		dmptest.Fault{Op: "dmp.submit", DropBeforeResponse: true})
	_, err = feed.Submit(ctx, prepared(t, feed))
	require.Error(t, err)
	_, err = feed.Submit(ctx, prepared(t, feed))
	require.Error(t, err)
	entries, err := found(consult, dmp.Query{Patient: dmptest.Patient().INS})
	require.NoError(t, err)
	r, err := consult.Retrieve(ctx, dmptest.Patient().INS, entries[0])
	require.NoError(t, err)
	require.Error(t, r.Close())
	_, err = feed.Resolve(ctx, sealed)
	require.NoError(t, err)

	text := log.String()
	for _, op := range []string{"dmp.submit", "dmp.find", "dmp.retrieve", "dmp.lookup"} {
		assert.Contains(t, text, op)
	}
	noPrivateText(t, text)
	assert.NotContains(t, text, "Assertion")
	assert.Equal(t, []string{"dmp.submit", "dmp.submit refused", "dmp.submit outcome unknown", "dmp.find", "dmp.retrieve truncated", "dmp.lookup"}, seen.ops())
}

type syncBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// observations lists operations and how they ended.
type observations struct {
	mu  sync.Mutex
	all []string
}

func (o *observations) OperationStart(ctx context.Context, _ string) context.Context { return ctx }

func (o *observations) OperationEnd(_ context.Context, out segur.Outcome) {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := out.Op
	if out.Err != nil {
		s += " " + out.Kind.String()
	}
	o.all = append(o.all, s)
}

func (o *observations) ops() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.all)
}
