package ins_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/ins/instest"
)

// functions are the two modes whose proof a function of the caller gives.
func functions(srv *instest.Server, f func(context.Context) error) map[string]ins.Authenticator {
	connected := srv.ProSanteConnect()
	connected.Decorate = func(ctx context.Context, _ http.Header) error { return f(ctx) }
	return map[string]ins.Authenticator{
		"assertion": ins.Assertion(func(ctx context.Context) ([]byte, error) { return nil, f(ctx) }),
		"token":     ins.ProSanteConnect(connected),
	}
}

// secretError is a value, which %#v would print.
type secretError string

func (s secretError) Error() string { return string(s) }

const errSecret = secretError("refused: token eyJhbGciOi of 899900000015")

func TestFunctionsThatFail(t *testing.T) {
	t.Parallel()
	srv := newProfessionals(t)
	ask := func(t *testing.T, ctx context.Context, f func(context.Context) error, check func(error)) { //nolint:revive // the context is the subject
		t.Helper()
		for name, a := range functions(srv, f) {
			_, err := newClient(t, srv, authenticated(a), thrice).Search(ctx, ins.Query{Traits: camille()})
			var e *segur.Error
			require.ErrorAs(t, err, &e, name)
			assert.Equal(t, "ins.search", e.Op)
			assert.Contains(t, e.Message, "nothing was sent")
			for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
				assert.NotContains(t, fmt.Sprintf(verb, err), "eyJhbGciOi", name)
			}
			assert.NotContains(t, e.Explain(segur.FR), "eyJhbGciOi")
			check(err)
		}
	}
	ask(t, t.Context(), func(context.Context) error { return errSecret }, func(err error) {
		require.ErrorIs(t, err, segur.ErrAuthentication)
		require.ErrorIs(t, err, errSecret, "the program still finds its own error")
	})
	ask(t, t.Context(), func(context.Context) error { return &segur.Error{Kind: segur.KindUnavailable, Err: errSecret} }, func(err error) {
		require.ErrorIs(t, err, segur.ErrUnavailable)
	})
	ctx, cancel := context.WithCancel(t.Context())
	ask(t, ctx, func(ctx context.Context) error { cancel(); return ctx.Err() }, func(err error) {
		require.ErrorIs(t, err, segur.ErrCanceled)
		require.ErrorIs(t, err, context.Canceled)
	})
	ask(t, ctx, func(context.Context) error { return errors.New("must not be called") }, func(err error) {
		require.ErrorIs(t, err, segur.ErrCanceled)
	})
	ctx, cancel = context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	ask(t, ctx, func(context.Context) error { return errSecret }, func(err error) { require.ErrorIs(t, err, segur.ErrTimeout) })
	assert.Empty(t, srv.Calls())
}

func TestProSanteConnect(t *testing.T) {
	t.Parallel()
	srv := newProfessionals(t, instest.WithProSanteConnect())
	dir := t.TempDir()
	evidence, err := segur.NewEvidenceDir(dir)
	require.NoError(t, err)
	var log bytes.Buffer
	client := newClient(t, srv, func(c *ins.Config) {
		c.Evidence, c.Logger = evidence, slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	_, err = client.Search(t.Context(), ins.Query{Traits: camille()})
	require.NoError(t, err)
	call := srv.Calls()[0]
	assert.Equal(t, "899900000015", call.Professional)
	assert.Equal(t, "899900000015", call.Issuer)
	assert.Contains(t, string(call.Request), `<NameID NameQualifier="PSC">899900000015</NameID>`)
	assert.Contains(t, string(call.Request), `Name="codeSpecialiteAMO"`)
	assert.NotContains(t, string(call.Request), "Signature")
	request, err := os.ReadFile(filepath.Join(dir, "001-ins.search.request"))
	require.NoError(t, err)
	assert.Contains(t, string(request), instest.TokenHeader+": [removed]")
	assert.NotContains(t, string(request), instest.Token)
	assert.NotContains(t, log.String(), instest.Token)

	tests := map[string]struct {
		decorate func(http.Header)
		kind     segur.Kind
		want     string
	}{
		"no token":         {func(http.Header) {}, segur.KindAuthorization, "instest_token"},
		"other token":      {func(h http.Header) { h.Set(instest.TokenHeader, "périmé?"[:1]) }, segur.KindAuthorization, "instest_token"},
		"line break":       {func(h http.Header) { h.Set("X-Token", "secret\r\nHost: x") }, segur.KindInvalidInput, "printable ASCII: X-Token"},
		"not ASCII":        {func(h http.Header) { h.Set("X-Token", "secret é") }, segur.KindInvalidInput, "printable ASCII"},
		"name":             {func(h http.Header) { h["X Token"] = []string{"secret"} }, segur.KindInvalidInput, "not a token of HTTP"},
		"header of SOAP":   {func(h http.Header) { h.Set("Content-Type", "secret") }, segur.KindInvalidInput, "must not replace Content-Type"},
		"header of HTTP":   {func(h http.Header) { h.Set("Host", "secret") }, segur.KindInvalidInput, "must not replace Host"},
		"coded by the SDK": {func(h http.Header) { h.Set("Accept-Encoding", "secret") }, segur.KindInvalidInput, "must not replace Accept-Encoding"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			user := srv.ProSanteConnect()
			user.Decorate = func(_ context.Context, h http.Header) error { tc.decorate(h); return nil }
			_, err := newClient(t, srv, authenticated(ins.ProSanteConnect(user)), func(c *ins.Config) { c.IDs = nil }).Search(t.Context(), ins.Query{Traits: camille()})
			require.Equal(t, tc.kind, segur.KindOf(err), "%v", err)
			require.ErrorContains(t, err, tc.want)
			assert.NotContains(t, err.Error(), "secret")
		})
	}
}
