package mssante_test

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
	"github.com/segur-sdk/segur/mssante"
	"github.com/segur-sdk/segur/mssante/mssantetest"
)

func TestConnectionsThatMustNotBe(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	foreign := pki.Foreign()
	for name, c := range map[string]struct {
		options []mssantetest.Option
		change  func(*mssante.Config)
		kind    segur.Kind
		says    string
	}{
		"no STARTTLS": {[]mssantetest.Option{mssantetest.WithoutSTARTTLS()}, nil, segur.KindProtocol, "does not offer TLS"},
		"server of another PKI": {[]mssantetest.Option{mssantetest.WithServerCertificate(foreign.Server())}, nil,
			segur.KindSignature, "does not chain"},
		"expired server": {[]mssantetest.Option{mssantetest.WithServerCertificate(pki.ServerWith(credentialtest.Expired()))}, nil,
			segur.KindSignature, "expired"},
		"server of another name": {[]mssantetest.Option{mssantetest.WithServerCertificate(pki.Server("smtp.example"))}, nil,
			segur.KindSignature, "does not bear the name"},
		"expired client": {nil, func(cfg *mssante.Config) {
			cfg.Credentials = segur.StaticCredential(pki.Organization(credentialtest.Expired()))
		}, segur.KindAuthentication, "expired"},
		"client of another PKI": {nil, func(cfg *mssante.Config) {
			cfg.Credentials = segur.StaticCredential(foreign.Organization())
		}, segur.KindAuthentication, ""},
		"another structure": {nil, func(cfg *mssante.Config) {
			cfg.Credentials = segur.StaticCredential(pki.Organization(credentialtest.StructureID("1990000027")))
		}, segur.KindAuthentication, "credentials of the mailbox"},
		"TLS against clear": {nil, func(cfg *mssante.Config) { cfg.ImplicitTLS = true }, segur.KindProtocol, "TLS"},
		"nobody there":      {nil, func(cfg *mssante.Config) { cfg.SMTP, cfg.IMAP = "127.0.0.1:1", "127.0.0.1:1" }, segur.KindUnavailable, "connection"},
		"not this machine":  {nil, func(cfg *mssante.Config) { cfg.SMTP, cfg.IMAP = "192.0.2.1", "192.0.2.1" }, segur.KindInvalidInput, "on this machine"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t, append(c.options, mssantetest.WithPKI(pki))...)
			cfg := srv.Config()
			if c.change != nil {
				c.change(&cfg)
			}
			client := newClient(t, cfg)
			_, err := client.Send(t.Context(), compose(t, client, toPrescriber()))
			require.Error(t, err)
			assert.Equal(t, c.kind, segur.KindOf(err), "%v", err)
			assert.Contains(t, err.Error(), c.says)
			for m, err := range client.Receive(t.Context(), mssante.Filter{}) {
				assert.Nil(t, m)
				assert.Equal(t, c.kind, segur.KindOf(err), "%v", err)
				assert.Contains(t, err.Error(), c.says)
			}
			assert.Empty(t, srv.Messages(mssantetest.PrescriberMailbox))
		})
	}
}

func TestPasswordAndToken(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	const person = "claude.radiologue@medecin-fictif.mssante.fr"
	try := func(change func(*mssante.Config)) error {
		cfg := srv.ConfigFor(person)
		change(&cfg)
		c := newClient(t, cfg)
		_, err := c.Send(t.Context(), compose(t, c, toPrescriber()))
		for _, rerr := range c.Receive(t.Context(), mssante.Filter{}) {
			assert.Equal(t, segur.KindOf(err), segur.KindOf(rerr))
		}
		if err != nil {
			assert.NotContains(t, err.Error(), "s3cret")
		}
		return err
	}
	srv.AddMailbox(person, mssantetest.WithPassword("s3cret"))
	require.NoError(t, try(func(c *mssante.Config) { c.Auth, c.Password = mssante.Password, "s3cret" }))
	require.ErrorIs(t, try(func(c *mssante.Config) { c.Auth, c.Password = mssante.Password, "s3cret2" }), segur.ErrAuthentication)
	require.ErrorIs(t, try(func(*mssante.Config) {}), segur.ErrAuthentication, "the certificate does not open it")

	srv.AddMailbox(person, mssantetest.WithToken("s3cret-token"))
	token := func(s string, err error) func(*mssante.Config) {
		return func(c *mssante.Config) {
			c.Auth, c.Token = mssante.Token, func(context.Context) (string, error) { return s, err }
		}
	}
	require.NoError(t, try(token("s3cret-token", nil)))
	require.ErrorIs(t, try(token("s3cret-old", nil)), segur.ErrAuthentication)
	require.ErrorIs(t, try(token("", nil)), segur.ErrAuthentication)
	require.NoError(t, try(func(c *mssante.Config) { // every other token is too old
		asked := 0
		c.Auth, c.Token = mssante.Token, func(context.Context) (string, error) {
			if asked++; asked%2 == 1 {
				return "s3cret-old", nil
			}
			return "s3cret-token", nil
		}
	}))
	require.ErrorIs(t, try(token("s3cret\r\nRSET", nil)), segur.ErrAuthentication)
	cause := errors.New("the session ended")
	err := try(token("", cause))
	require.ErrorIs(t, err, segur.ErrAuthentication)
	require.ErrorIs(t, err, cause)
}

func TestTLSFromTheFirstByte(t *testing.T) {
	t.Parallel()
	srv := newServer(t, mssantetest.WithImplicitTLS())
	c := newClient(t, srv.Config())
	l := compose(t, c, toPrescriber())
	_, err := c.Send(t.Context(), l)
	require.NoError(t, err)
	got := receive(t, newClient(t, srv.ConfigFor(box)), mssante.Filter{})
	require.Len(t, got, 1)
	assert.True(t, bytes.HasSuffix(got[0].Raw(), bytesOf(t, l)), "byte for byte, below the trace of the operator")

	// STARTTLS against it gets nothing, and says nothing but that.
	cfg := srv.Config()
	cfg.ImplicitTLS, cfg.Timeout = false, 300*time.Millisecond // whatever it ends with
	_, err = newClient(t, cfg).Send(t.Context(), l)
	require.Error(t, err)
	assert.Contains(t, []segur.Kind{segur.KindTimeout, segur.KindUnavailable, segur.KindProtocol}, segur.KindOf(err))
}
