package ins_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/ins/instest"
	"github.com/segur-sdk/segur/internal/testkit"
)

func TestWrongCertificates(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	foreign := srv.PKI().Foreign()
	tests := map[string]struct {
		change func(*ins.Config)
		kind   segur.Kind
	}{
		"client of another PKI": {func(c *ins.Config) {
			c.Credentials = segur.StaticCredential(foreign.Organization(credentialtest.CommonName(ins.CommonNameAuto)))
		}, segur.KindAuthentication},
		// The client's clock is in the past, so that the expiry is the server's to notice.
		"expired client": {func(c *ins.Config) {
			c.Clock = func() time.Time { return time.Now().AddDate(0, -1, 0) }
			c.Credentials = srv.Credential(credentialtest.Expired())
		}, segur.KindAuthentication},
		"server of another PKI":  {func(c *ins.Config) { c.RootCAs = foreign.Roots() }, segur.KindSignature},
		"server of another name": {func(c *ins.Config) { c.ServerName = "services-ps-tlsm.ameli.fr" }, segur.KindSignature},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, srv, func(c *ins.Config) { c.Clock = nil }, tc.change)
			_, err := client.Search(t.Context(), ins.Query{Traits: camille()})
			require.Equal(t, tc.kind, segur.KindOf(err), "%v", err)
			var e *segur.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, "ins.search", e.Op)
		})
	}
	t.Cleanup(func() { assert.Empty(t, srv.Calls()) })
}

func TestExpiredServer(t *testing.T) {
	t.Parallel()
	own := credentialtest.NewPKI()
	srv := newServer(t, instest.WithPKI(own), instest.WithServerCertificate(own.ServerWith(credentialtest.Expired())))
	_, err := newClient(t, srv, func(c *ins.Config) { c.Clock = nil }).Search(t.Context(), ins.Query{Traits: camille()})
	require.ErrorIs(t, err, segur.ErrSignature)
}

// renewed gives another credential after New.
type renewed struct {
	first, then segur.Credential
	asked       int
}

func (r *renewed) Credential(context.Context) (segur.Credential, error) {
	r.asked++
	if r.asked == 1 {
		return r.first, nil
	}
	return r.then, nil
}

func TestRenewedCertificate(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	auto := srv.PKI().Organization(credentialtest.CommonName(ins.CommonNameAuto))
	manual := srv.PKI().Organization(credentialtest.CommonName(ins.CommonNameManual), credentialtest.StructureID("1990000027"))
	client := newClient(t, srv, func(c *ins.Config) { c.Credentials = &renewed{first: auto, then: manual} })
	_, err := client.Search(t.Context(), ins.Query{Traits: camille()})
	require.NoError(t, err)
	call := srv.Calls()[0]
	assert.Equal(t, ins.CommonNameManual, call.CommonName)
	assert.Equal(t, 2, bytes.Count(call.Request, []byte("Emetteur>1990000027</")), "the issuer follows the certificate")

	other := srv.PKI().Organization(credentialtest.CommonName("RIS FICTIF"))
	client = newClient(t, srv, func(c *ins.Config) { c.Credentials = &renewed{first: auto, then: other} })
	_, err = client.Search(t.Context(), ins.Query{Traits: camille()})
	require.ErrorIs(t, err, segur.ErrAuthentication)
	require.ErrorContains(t, err, "INSI-AUTO")
	require.Len(t, srv.Calls(), 1, "nothing was sent")
}

// closed gives a credential once, to New, and fails afterwards.
type closed struct {
	first segur.Credential
	err   error
	asked int
}

func (c *closed) Credential(context.Context) (segur.Credential, error) {
	c.asked++
	if c.asked == 1 {
		return c.first, nil
	}
	return nil, c.err
}

func TestNoCertificateAnyMore(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	auto := srv.PKI().Organization(credentialtest.CommonName(ins.CommonNameAuto))
	search := func(ctx context.Context, err error) error {
		client := newClient(t, srv, func(c *ins.Config) { c.Credentials = &closed{first: auto, err: err} })
		_, err = client.Search(ctx, ins.Query{Traits: camille()})
		var e *segur.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, "ins.search", e.Op)
		assert.Contains(t, e.Message, "nothing was sent")
		return err
	}
	err := search(t.Context(), errors.New("the reader is gone"))
	require.ErrorIs(t, err, segur.ErrAuthentication)
	require.ErrorContains(t, err, "credentials the reader is gone")
	err = search(t.Context(), &segur.Error{Kind: segur.KindUnavailable, Message: "the HSM is away"})
	require.ErrorIs(t, err, segur.ErrUnavailable)
	require.ErrorContains(t, err, "the HSM is away")
	err = search(t.Context(), nil) // neither credential nor error
	require.ErrorIs(t, err, segur.ErrAuthentication)
	require.ErrorContains(t, err, "has no certificate")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err = search(ctx, ctx.Err())
	require.ErrorIs(t, err, segur.ErrCanceled)
	require.ErrorIs(t, err, context.Canceled)
	ctx, cancel = context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	err = search(ctx, ctx.Err())
	require.ErrorIs(t, err, segur.ErrTimeout)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Empty(t, srv.Calls())
}

func TestScriptedFailures(t *testing.T) {
	t.Parallel()
	page := []byte("<html><body>DURAND: maintenance</body></html>")
	tests := map[string]struct {
		fault instest.Fault
		kind  segur.Kind
		want  string
	}{
		"HTML page":            {instest.Fault{ContentType: "text/html", Body: page}, segur.KindProtocol, "text/html"},
		"HTML with status 500": {instest.Fault{Status: 500, ContentType: "text/html", Body: page}, segur.KindProtocol, "(status 500)"},
		"HTML with status 403": {instest.Fault{Status: 403, ContentType: "text/html", Body: page}, segur.KindAuthorization, "text/html"},
		"status 503":           {instest.Fault{Status: 503}, segur.KindUnavailable, "503"},
		"malformed":            {answered([]byte("<a><b></a>")), segur.KindProtocol, "not well-formed"},
		"other XML":            {answered([]byte("<a/>")), segur.KindProtocol, "not a SOAP envelope"},
		"cut connection":       {instest.Fault{CutAfter: 300}, segur.KindTruncated, ""},
		"cut at once":          {instest.Fault{CutAfter: instest.AtStart}, segur.KindTruncated, ""},
		"truncated":            {instest.Fault{TruncateAfter: 300}, segur.KindTruncated, "before the end"},
		"no answer":            {instest.Fault{DropBeforeResponse: true}, segur.KindUnavailable, ""},
		"never an answer":      {instest.Fault{Hang: true}, segur.KindTimeout, ""},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t)
			client := newClient(t, srv, func(c *ins.Config) { c.Timeout = 2 * time.Minute })
			if tc.fault.Hang {
				client = newClient(t, srv, func(c *ins.Config) { c.Timeout = 50 * time.Millisecond })
			}
			srv.Fail(tc.fault)
			r, err := client.Search(t.Context(), ins.Query{Traits: camille()})
			require.Nil(t, r)
			var e *segur.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, tc.kind, e.Kind, "%v", err)
			assert.ErrorContains(t, err, tc.want)
			assert.NotContains(t, err.Error(), "DURAND")
			assert.NotEmpty(t, e.RequestID)
		})
	}
}

func TestRepetition(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	srv.Fail(instest.Fault{Status: 503}, instest.Fault{DropBeforeResponse: true})
	client := newClient(t, srv, func(c *ins.Config) {
		c.Retry = segur.RetryPolicy{MaxAttempts: 3, BaseDelay: time.Microsecond, MaxDelay: time.Microsecond}
	})
	r, err := client.Search(t.Context(), ins.Query{Traits: camille()})
	require.NoError(t, err)
	require.Equal(t, ins.Found, r.Outcome)
	// Each attempt is a message of its own: identifiers are used once.
	calls := srv.Calls()
	require.Len(t, calls, 2, "the answer to the first one was lost")
	assert.NotEqual(t, calls[0].MessageID, calls[1].MessageID)
	assert.Equal(t, r.MessageID, calls[1].MessageID, "the result names the message that was answered")
	assert.Equal(t, calls[0].Criteria, calls[1].Criteria)
}

func TestCutAtEveryByte(t *testing.T) {
	t.Parallel()
	r, err := newClient(t, newServer(t)).Search(t.Context(), ins.Query{Traits: camille()})
	require.NoError(t, err)
	whole := r.Raw
	_, err = cannedClient(t, segur.Fake, whole).Search(t.Context(), ins.Query{Traits: camille()})
	require.NoError(t, err)
	fault := instest.SOAPFault("insi_102", instest.Until2025).Body
	r, err = cannedClient(t, segur.Fake, fault).Search(t.Context(), ins.Query{Traits: camille()})
	require.NoError(t, err)
	require.Equal(t, ins.NotFound, r.Outcome, "whole, this fault means nobody")
	for _, whole := range [][]byte{whole, fault, inEnvelope(resultat(`<CR><CodeCR>01</CodeCR></CR>`)), inEnvelope(resultat(`<CR><CodeCR>02</CodeCR></CR>`))} {
		for n := range whole {
			r, err := cannedClient(t, segur.Fake, whole[:n]).Search(t.Context(), ins.Query{Traits: camille()})
			require.Nil(t, r, "cut at %d", n)
			if n == 0 {
				require.ErrorIs(t, err, segur.ErrProtocol)
				require.ErrorContains(t, err, "empty")
				continue
			}
			require.ErrorIs(t, err, segur.ErrTruncated, "cut at %d", n)
		}
	}
}

// The same over TLS: the connection ends after n bytes of a body whose length was announced, or was not.
func TestCutConnection(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	client := newClient(t, srv, func(c *ins.Config) { c.IDs = nil })
	r, err := client.Search(t.Context(), ins.Query{Traits: camille()})
	require.NoError(t, err)
	for n := int64(1); n < int64(len(r.Raw)); n += 53 {
		for _, f := range []instest.Fault{{CutAfter: n}, {TruncateAfter: n}} {
			srv.Fail(f)
			r, err := client.Search(t.Context(), ins.Query{Traits: camille()})
			require.Nil(t, r, "cut at %d", n)
			require.ErrorIs(t, err, segur.ErrTruncated, "cut at %d", n)
		}
	}
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	client := newClient(t, srv)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := client.Search(ctx, ins.Query{Traits: camille()})
	require.ErrorIs(t, err, segur.ErrCanceled)
	require.ErrorIs(t, err, context.Canceled)

	ctx, expire := testkit.Expiring(t.Context())
	srv.Fail(instest.Fault{Hang: true, Reached: expire})
	id, err := client.Identify(ctx, instest.DefaultPatient())
	require.ErrorIs(t, err, segur.ErrTimeout)
	require.Len(t, id.Attempts, 1)
	assert.Equal(t, segur.KindTimeout, id.Attempts[0].Failed)
	assert.Equal(t, ins.StopFailed, id.Stop)
}
