package mssante_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/mssante"
	"github.com/segur-sdk/segur/mssante/mssantetest"
)

const second = "secretariat@hopital-fictif.mssante.fr"

// toTwo has two recipients.
func toTwo() mssante.Message {
	m := toPrescriber()
	m.To = append(m.To, mssante.ToProfessional("Secrétariat", second))
	return m
}

func TestOneRecipientOfTwoIsRefused(t *testing.T) {
	t.Parallel()
	srv := newServer(t) // second has no mailbox
	c := newClient(t, srv.Config())
	l := compose(t, c, toTwo())
	receipt, err := c.Send(t.Context(), l)
	require.ErrorIs(t, err, segur.ErrPartial)
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	assert.False(t, e.Retryable())
	assert.Equal(t, l.MessageID(), e.RequestID)
	require.Len(t, e.Details, 1)
	assert.Equal(t, "to[1]", e.Details[0].Field)
	assert.Equal(t, "5.1.1", e.Details[0].Code)
	assert.NotContains(t, err.Error(), second, "addresses are not in errors")
	assert.True(t, receipt.Accepted)
	assert.Equal(t, []mssante.RecipientStatus{
		{Ref: mssante.RecipientRef(l.MessageID(), mssantetest.PrescriberMailbox), Accepted: true, Status: 250},
		{Ref: mssante.RecipientRef(l.MessageID(), second), Status: 550, Code: "5.1.1"}}, receipt.Recipients)
	assert.Len(t, srv.Messages(mssantetest.PrescriberMailbox), 1)
}

func TestAllOrNone(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	cfg := srv.Config()
	cfg.AllOrNone = true
	c := newClient(t, cfg)
	receipt, err := c.Send(t.Context(), compose(t, c, toTwo()))
	require.ErrorIs(t, err, segur.ErrNotFound)
	assert.False(t, receipt.Accepted)
	assert.Empty(t, srv.Messages(mssantetest.PrescriberMailbox))
	assert.Contains(t, err.Error(), "nobody got the mail")
}

// What the operator answers to RCPT, MAIL and DATA, and what it means.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault     mssantetest.Fault
		kind      segur.Kind
		retryable bool
	}{
		"greylisting":      {mssantetest.Fault{Command: "RCPT", Status: 450, Code: "4.7.1"}, segur.KindUnavailable, true},
		"full for now":     {mssantetest.Fault{Command: "RCPT", Status: 452, Code: "4.2.2"}, segur.KindUnavailable, true},
		"full":             {mssantetest.Fault{Command: "RCPT", Status: 552, Code: "5.2.2"}, segur.KindRefused, false},
		"unknown":          {mssantetest.Fault{Command: "RCPT", Status: 550, Code: "5.1.1"}, segur.KindNotFound, false},
		"unknown, bare":    {mssantetest.Fault{Command: "RCPT", Status: 550}, segur.KindNotFound, false},
		"policy":           {mssantetest.Fault{Command: "RCPT", Status: 550, Code: "5.7.1"}, segur.KindAuthorization, false},
		"sender refused":   {mssantetest.Fault{Command: "MAIL", Status: 550, Code: "5.7.1"}, segur.KindAuthorization, false},
		"busy":             {mssantetest.Fault{Command: "MAIL", Status: 451, Code: "4.3.0"}, segur.KindUnavailable, true},
		"content refused":  {mssantetest.Fault{Command: "DATA", Status: 554, Code: "5.6.0"}, segur.KindRefused, false},
		"too large":        {mssantetest.Fault{Command: "DATA", Status: 552, Code: "5.3.4"}, segur.KindTooLarge, false},
		"full at the end":  {mssantetest.Fault{Command: "DATA", Status: 452, Code: "4.3.1"}, segur.KindUnavailable, true},
		"not understood":   {mssantetest.Fault{Command: "MAIL", Status: 501, Code: "5.5.4"}, segur.KindProtocol, false},
		"credentials":      {mssantetest.Fault{Command: "MAIL", Status: 530, Code: "5.7.0"}, segur.KindAuthentication, false},
		"cut at MAIL":      {mssantetest.Fault{Command: "MAIL"}, segur.KindUnavailable, true},
		"cut at RCPT":      {mssantetest.Fault{Command: "RCPT"}, segur.KindUnavailable, true},
		"lost answer":      {mssantetest.Fault{Command: "DATA", DropReply: true}, segur.KindOutcomeUnknown, false},
		"cut at AUTH":      {mssantetest.Fault{Command: "AUTH"}, segur.KindUnavailable, true},
		"service shutting": {mssantetest.Fault{Command: "RCPT", Status: 421, Code: "4.3.2"}, segur.KindUnavailable, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t)
			srv.Fail(c.fault)
			client := newClient(t, srv.Config())
			l := compose(t, client, toPrescriber())
			receipt, err := client.Send(t.Context(), l)
			require.Error(t, err)
			var e *segur.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, c.kind, e.Kind, "%v", err)
			assert.Equal(t, c.retryable, e.Retryable())
			assert.Equal(t, "mssante.send", e.Op)
			assert.Equal(t, l.MessageID(), e.RequestID)
			assert.NotContains(t, err.Error(), "@cabinet")
			assert.NotEmpty(t, e.Explain(segur.FR))
			assert.False(t, receipt.Accepted)
			if c.fault.Status != 0 {
				assert.Equal(t, c.fault.Status, e.Status)
				assert.Equal(t, c.fault.Code, e.Code)
			}
			if c.fault.DropReply {
				assert.Len(t, srv.Messages(mssantetest.PrescriberMailbox), 1, "it was delivered, and we cannot know")
				return
			}
			assert.Empty(t, srv.Messages(mssantetest.PrescriberMailbox))
			// The same letter goes through afterwards.
			receipt, err = client.Send(t.Context(), l)
			require.NoError(t, err)
			assert.True(t, receipt.Accepted)
			assert.Equal(t, bytesOf(t, l), srv.Messages(mssantetest.PrescriberMailbox)[0].Raw)
		})
	}
}

// A short mail may have left whole before the cut was seen: then nobody knows.
func TestCutInTheMiddleOfAShortMail(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	srv.Fail(mssantetest.Fault{Command: "DATA", CutAfter: 5000})
	c := newClient(t, srv.Config())
	_, err := c.Send(t.Context(), compose(t, c, toPrescriber()))
	if !errors.Is(err, segur.ErrOutcomeUnknown) {
		require.ErrorIs(t, err, segur.ErrUnavailable)
	}
	assert.Empty(t, srv.Messages(mssantetest.PrescriberMailbox))
}

// A mail that is too long for the buffers of the network is known not to have
// left whole.
func TestCutInTheMiddleOfALongMail(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	srv.Fail(mssantetest.Fault{Command: "DATA", CutAfter: 100_000})
	c := newClient(t, srv.Config())
	m := toPrescriber()
	long := append([]byte("%PDF-1.4\n"), make([]byte, 9_000_000)...)
	m.Documents[0] = mssante.Document{CDA: segur.NewDocument(m.Documents[0].CDA, m.Documents[0].CDA.Header()), PDF: segur.BytesContent(long)}
	l := compose(t, c, m)
	_, err := c.Send(t.Context(), l)
	require.ErrorIs(t, err, segur.ErrUnavailable)
	assert.False(t, errors.Is(err, segur.ErrOutcomeUnknown), "%v", err)
	_, err = c.Send(t.Context(), l)
	require.NoError(t, err)
}

func TestSilenceEndsWithTheContext(t *testing.T) {
	t.Parallel()
	for _, command := range []string{"CONNECT", "AUTH", "MAIL", "RCPT", "DATA"} {
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t)
			ctx, expire := testkit.Expiring(t.Context())
			srv.Fail(mssantetest.Fault{Command: command, Hang: true, Reached: expire})
			client := newClient(t, srv.Config())
			_, err := client.Send(ctx, compose(t, client, toPrescriber()))
			require.ErrorIs(t, err, segur.ErrTimeout)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			assert.Equal(t, command == "DATA", errors.Is(err, segur.ErrOutcomeUnknown), "%v", err)
		})
	}
}

func TestSilenceEndsWithTheTimeout(t *testing.T) {
	t.Parallel()
	testkit.Patiently(t, 100*time.Millisecond, func(d time.Duration) bool {
		srv := newServer(t)
		var reached atomic.Bool
		srv.Fail(mssantetest.Fault{Command: "RCPT", Hang: true, Reached: func() { reached.Store(true) }})
		cfg := srv.Config()
		cfg.Timeout = d
		client := newClient(t, cfg)
		_, err := client.Send(t.Context(), compose(t, client, toPrescriber()))
		require.ErrorIs(t, err, segur.ErrTimeout)
		return !reached.Load()
	})
}

func TestCancelledBefore(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	client := newClient(t, srv.Config())
	l := compose(t, client, toPrescriber())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := client.Send(ctx, l)
	require.ErrorIs(t, err, segur.ErrCanceled)
}

func TestTheOperatorsLimit(t *testing.T) {
	t.Parallel()
	srv := newServer(t, mssantetest.WithMaxMessageBytes(20_000))
	c := newClient(t, srv.Config())
	_, err := c.Send(t.Context(), compose(t, c, toPrescriber()))
	require.ErrorIs(t, err, segur.ErrTooLarge)
	assert.Contains(t, err.Error(), "the operator takes 20000")
}

func TestDeliveryReceipts(t *testing.T) {
	t.Parallel()
	for _, offered := range []bool{true, false} {
		var options []mssantetest.Option
		if !offered {
			options = append(options, mssantetest.WithoutDeliveryReceipts())
		}
		srv := newServer(t, options...)
		c := newClient(t, srv.Config())
		m := toPrescriber()
		m.DeliveryReceipt = true
		receipt, err := c.Send(t.Context(), compose(t, c, m))
		require.NoError(t, err)
		assert.Equal(t, offered, receipt.DeliveryReceiptAsked)
		assert.Equal(t, offered, srv.Messages(mssantetest.PrescriberMailbox)[0].DeliveryReceipt)
	}
}

func TestALetterBelongsToItsMailbox(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	l := compose(t, newClient(t, srv.Config()), toPrescriber())
	_, err := newClient(t, srv.ConfigFor(mssantetest.PrescriberMailbox)).Send(t.Context(), l)
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	other := srv.Config()
	other.Environment = segur.Qualification // identities that are fit for one are not for the other
	_, err = newClient(t, other).Send(t.Context(), l)
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	_, err = newClient(t, srv.Config()).Send(t.Context(), nil)
	require.ErrorIs(t, err, segur.ErrInvalidInput)
}

func TestADoubleIsRefusedByTheFake(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	c := newClient(t, srv.Config())
	l := compose(t, c, toPrescriber())
	_, err := c.Send(t.Context(), l)
	require.NoError(t, err)
	_, err = c.Send(t.Context(), l)
	require.ErrorIs(t, err, segur.ErrRefused)
	assert.Equal(t, []string{"Message-ID was used before (ECO.2.2.1)"}, srv.Refusals())
}

func TestConcurrentSending(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	c := newClient(t, srv.Config())
	m := toPrescriber()
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			l, err := c.Compose(m)
			if assert.NoError(t, err) {
				_, err = c.Send(t.Context(), l)
				assert.NoError(t, err)
			}
		})
	}
	wg.Wait()
	assert.Len(t, srv.Messages(mssantetest.PrescriberMailbox), 10)
}

// watcher counts operations.
type watcher struct {
	mu  sync.Mutex
	out []segur.Outcome
}

func (w *watcher) OperationStart(ctx context.Context, _ string) context.Context { return ctx }
func (w *watcher) OperationEnd(_ context.Context, o segur.Outcome) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.out = append(w.out, o)
}

func TestEvidenceObserverAndLog(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	srv.AddMailbox(mssantetest.SenderMailbox, mssantetest.WithPassword("s3cret"))
	dir := t.TempDir()
	evidence, err := segur.NewEvidenceDir(dir)
	require.NoError(t, err)
	var log bytes.Buffer
	w := &watcher{}
	cfg := srv.Config()
	cfg.Auth, cfg.Password = mssante.Password, "s3cret"
	cfg.Evidence, cfg.Observer, cfg.Logger = evidence, w, slog.New(slog.NewTextHandler(&log, nil))
	c := newClient(t, cfg)
	m := toPatient()
	m.Text = "Bonjour.\n"
	l := compose(t, c, m)
	_, err = c.Send(t.Context(), l)
	require.NoError(t, err)

	// The patient's mailbox, read with the same evidence.
	address, err := mssante.PatientAddress(patient(), segur.Fake)
	require.NoError(t, err)
	reading := srv.ConfigFor(address)
	reading.Evidence, reading.Observer, reading.Logger = evidence, w, cfg.Logger
	require.Len(t, receive(t, newClient(t, reading), mssante.Filter{}), 1)

	request := string(readFile(t, dir, "001-mssante.send.request"))
	assert.Contains(t, request, "EHLO localhost\r\n[removed]\r\nMAIL FROM:<"+mssantetest.SenderMailbox+">")
	assert.Contains(t, request, "RCPT TO:<"+address+">")
	assert.Contains(t, request, string(bytesOf(t, l)), "the exact bytes of the mail")
	assert.NotContains(t, request, "AUTH")
	response := string(readFile(t, dir, "001-mssante.send.response"))
	assert.Contains(t, response, "354 ")
	assert.Equal(t, 1, strings.Count(response, "[removed]"))
	assert.Contains(t, string(readFile(t, dir, "002-mssante.receive.response")), "SEARCH")
	fetched := string(readFile(t, dir, "003-mssante.receive.response"))
	assert.Contains(t, fetched, string(bytesOf(t, l)))
	for _, name := range []string{"001-mssante.send.request", "002-mssante.receive.request"} {
		b := string(readFile(t, dir, name))
		assert.NotContains(t, b, "s3cret")
		assert.NotContains(t, b, "AHMz", "base64 of it")
	}

	require.Len(t, w.out, 2)
	assert.Equal(t, "mssante.send", w.out[0].Op)
	assert.Equal(t, 250, w.out[0].Status)
	assert.Equal(t, l.MessageID(), w.out[0].RequestID)
	assert.Greater(t, w.out[0].BytesSent, l.Size())
	assert.Equal(t, "mssante.receive", w.out[1].Op)
	assert.Greater(t, w.out[1].BytesReceived, l.Size())
	require.NoError(t, w.out[1].Err)
	for _, secret := range []string{patient().INS.Matricule(), "FICTIVE", "s3cret", "patient.mssante.fr"} {
		assert.NotContains(t, log.String(), secret)
	}
	assert.Contains(t, log.String(), "op=mssante.send")
}
