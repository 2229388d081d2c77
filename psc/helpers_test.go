package psc_test

import (
	"context"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/internal/testkit/fixed"
	"github.com/segur-sdk/segur/psc"
	"github.com/segur-sdk/segur/psc/psctest"
)

// pki is that of all the fakes of these tests: to make one takes longer than a login.
var pki = sync.OnceValue(func() *credentialtest.PKI { return credentialtest.NewPKI() })

// provider is a fake with a clock that the test moves, and a client of it whose pauses move the clock.
type provider struct {
	*psctest.Server
	clock *fixed.Clock
	cfg   psc.Config
}

func start(t *testing.T, opts ...psctest.Option) *provider {
	t.Helper()
	p := &provider{clock: fixed.NewClock(time.Now().Truncate(time.Second))}
	p.Server = psctest.NewServer(append([]psctest.Option{psctest.WithClock(p.clock.Now), psctest.WithPKI(pki())}, opts...)...)
	t.Cleanup(p.Close)
	p.cfg = p.Config()
	p.cfg.Pause = func(ctx context.Context, d time.Duration) error {
		p.clock.Advance(d)
		return ctx.Err()
	}
	return p
}

func (p *provider) client(t *testing.T, change ...func(*psc.Config)) *psc.Client {
	t.Helper()
	cfg := p.cfg
	for _, f := range change {
		f(&cfg)
	}
	c, err := psc.New(cfg)
	require.NoError(t, err)
	return c
}

// begin goes as far as the callback.
func (p *provider) begin(t *testing.T, c *psc.Client, o psc.LoginOptions, d psctest.Decision) (*psc.PendingLogin, url.Values) {
	t.Helper()
	target, login, err := c.AuthCodeURL(t.Context(), o)
	require.NoError(t, err)
	callback, err := p.Login(t.Context(), target, d)
	require.NoError(t, err)
	return login, callback
}

func (p *provider) login(t *testing.T, c *psc.Client, d psctest.Decision) *psc.Session {
	t.Helper()
	login, callback := p.begin(t, c, psc.LoginOptions{}, d)
	s, err := c.Exchange(t.Context(), login, callback)
	require.NoError(t, err)
	return s
}

func (p *provider) count(op, grant string) int {
	n := 0
	for _, c := range p.Calls() {
		if c.Op == op && c.Grant == grant {
			n++
		}
	}
	return n
}

// refused asserts that err is of a kind and names the field.
func refused(t *testing.T, err error, kind segur.Kind, field string) {
	t.Helper()
	require.Error(t, err)
	assert.Equal(t, kind, segur.KindOf(err), "%v", err)
	if field == "" {
		return
	}
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	var fields []string
	for _, d := range e.Details {
		fields = append(fields, d.Field)
	}
	assert.Contains(t, fields, field, "%v", err)
}
