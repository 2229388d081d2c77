package mssante_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/mssante"
	"github.com/segur-sdk/segur/mssante/mssantetest"
)

// After a partial refusal, the same letter goes to the others only.
func TestResend(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	c := newClient(t, srv.Config())
	l := compose(t, c, toTwo())
	d := mssante.NewDelivery(l)
	first, err := c.Send(t.Context(), l)
	require.ErrorIs(t, err, segur.ErrPartial)
	require.NoError(t, d.Sent(first))
	assert.Equal(t, []mssante.State{mssante.Accepted, mssante.Failed}, states(d))
	srv.AddMailbox(second)
	again, err := c.Resend(t.Context(), l, first)
	require.NoError(t, err)
	assert.Len(t, srv.Messages(box), 1, "served once")
	require.Len(t, srv.Messages(second), 1)
	assert.Equal(t, []string{second}, srv.Messages(second)[0].To)
	assert.True(t, again.Accepted && again.Recipients[0].Accepted && again.Recipients[1].Accepted)
	require.NoError(t, d.Sent(again))
	assert.Equal(t, []mssante.State{mssante.Accepted, mssante.Accepted}, states(d))
	// Everybody is served.
	third, err := c.Resend(t.Context(), l, again)
	require.NoError(t, err)
	assert.Equal(t, again, third)
	assert.Len(t, srv.Messages(second), 1)
	// Of another letter.
	_, err = c.Resend(t.Context(), compose(t, c, toTwo()), again)
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	_, err = c.Resend(t.Context(), l, nil)
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	// Refused again: those served before stay so.
	other := compose(t, c, toTwo())
	srv.Fail(mssantetest.Fault{Command: "RCPT", Recipient: second, Status: 450, Code: "4.7.1", Times: 2})
	first, err = c.Send(t.Context(), other)
	require.ErrorIs(t, err, segur.ErrPartial)
	again, err = c.Resend(t.Context(), other, first)
	require.ErrorIs(t, err, segur.ErrUnavailable)
	assert.True(t, again.Accepted)
	assert.True(t, again.Recipients[0].Accepted)
	assert.False(t, again.Recipients[1].Accepted)
	again, err = c.Outbox().Resend(t.Context(), other, again)
	require.NoError(t, err)
	assert.True(t, again.Recipients[1].Accepted)
	// An answer that was lost: to all of them.
	lost := compose(t, c, toTwo())
	srv.Fail(mssantetest.Fault{Command: "DATA", CutAfter: 1000})
	first, err = c.Send(t.Context(), lost)
	require.Error(t, err)
	if errors.Is(err, segur.ErrOutcomeUnknown) {
		assert.True(t, first.Unknown)
	}
	_, err = c.Resend(t.Context(), lost, first)
	require.NoError(t, err)
}

// A second submission that comes to nothing serves nobody, though others were
// served before, who are not served twice.
func TestResendThatFails(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	srv.AddMailbox(second)
	c := newClient(t, srv.Config())
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for name, x := range map[string]struct {
		fault   mssantetest.Fault
		ctx     context.Context
		kind    segur.Kind
		unknown bool
	}{
		"refused after the mail": {mssantetest.Fault{Command: "DATA", Status: 451, Code: "4.3.0"}, t.Context(), segur.KindUnavailable, false},
		"no answer":              {mssantetest.Fault{Command: "DATA", DropReply: true}, t.Context(), segur.KindOutcomeUnknown, true},
		"refused again":          {mssantetest.Fault{Command: "RCPT", Status: 450, Code: "4.7.1"}, t.Context(), segur.KindUnavailable, false},
		"never left":             {mssantetest.Fault{Command: "MAIL", Status: 451, Code: "4.3.0"}, t.Context(), segur.KindUnavailable, false},
		"cancelled":              {mssantetest.Fault{Command: "MAIL", Status: 451}, cancelled, segur.KindCanceled, false},
	} {
		l := compose(t, c, toTwo())
		d := mssante.NewDelivery(l)
		srv.Fail(mssantetest.Fault{Command: "RCPT", Recipient: second, Status: 450, Code: "4.7.1"})
		first, err := c.Send(t.Context(), l)
		require.ErrorIs(t, err, segur.ErrPartial, name)
		require.NoError(t, d.Sent(first))
		srv.Fail(x.fault)
		again, err := c.Resend(x.ctx, l, first)
		assert.Equal(t, x.kind, segur.KindOf(err), name)
		assert.NotContains(t, err.Error(), "all recipients or none", name)
		assert.True(t, again.Accepted && again.Recipients[0].Accepted && !again.Recipients[0].Unknown, "%s: served before", name)
		assert.False(t, again.Recipients[1].Accepted, "%s: not served", name)
		assert.Equal(t, x.unknown, again.Recipients[1].Unknown, name)
		require.NoError(t, d.Sent(again))
		assert.Equal(t, []mssante.State{mssante.Accepted, mssante.Queued}, states(d), name)
		assert.Equal(t, x.unknown, d.Recipients[1].Unknown, name)
		if x.ctx == cancelled {
			_, err = c.Send(t.Context(), compose(t, c, toPrescriber())) // spends the fault
			require.Error(t, err)
		}
		last, err := c.Resend(t.Context(), l, again)
		if !x.unknown { // else the fake refuses the double
			require.NoError(t, err, name)
			assert.True(t, last.Recipients[1].Accepted, name)
		}
		for _, address := range []string{box, second} {
			n := 0
			for _, m := range srv.Messages(address) {
				if bytes.Contains(m.Raw, []byte(l.MessageID())) {
					n++
				}
			}
			assert.Equal(t, 1, n, "%s: copies", name)
		}
	}
}

// A kept session that the operator no longer takes as authenticated gives way
// to another.
func TestOutboxThatIsForgotten(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	c := newClient(t, srv.Config())
	o := c.Outbox()
	defer func() { require.NoError(t, o.Close()) }()
	_, err := o.Send(t.Context(), compose(t, c, toPrescriber()))
	require.NoError(t, err)
	srv.Fail(mssantetest.Fault{Command: "MAIL", Status: 530, Code: "5.7.0"})
	_, err = o.Send(t.Context(), compose(t, c, toPrescriber()))
	require.NoError(t, err)
	assert.Len(t, srv.Messages(box), 2)
}
