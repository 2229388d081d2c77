package mssante_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/mssante"
)

// zone is a DNS without a network.
type zone struct {
	records map[string][]*net.SRV
	err     error
	asked   []string
}

func (z *zone) LookupSRV(ctx context.Context, service, proto, name string) (string, []*net.SRV, error) {
	q := "_" + service + "._" + proto + "." + name
	z.asked = append(z.asked, q)
	switch r := z.records[q]; {
	case ctx.Err() != nil:
		return "", nil, ctx.Err()
	case r != nil:
		return q, r, z.err
	case z.err != nil:
		return "", nil, z.err
	}
	return "", nil, &net.DNSError{Err: "no such host", Name: q, IsNotFound: true}
}

const doctorBox = "medecin@Cabinet-Fictif.mssante.fr"

func TestDiscover(t *testing.T) {
	t.Parallel()
	z := &zone{records: map[string][]*net.SRV{
		"_submission._tcp.cabinet-fictif.mssante.fr": {
			{Target: "smtp2.operateur-fictif.example.", Port: 587, Priority: 20}, {Target: "SMTP1.operateur-fictif.example.", Port: 587, Priority: 10, Weight: 5},
			{Target: "evil.example.", Port: 587}, {Target: "notoperateur-fictif.example.", Port: 587}, {Target: "192.0.2.1.", Port: 587}, {Target: "a b.cabinet-fictif.mssante.fr", Port: 587},
		},
		"_submissions._tcp.cabinet-fictif.mssante.fr": {{Target: "smtp.cabinet-fictif.mssante.fr.", Port: 465}},
		"_imap._tcp.cabinet-fictif.mssante.fr":        {{Target: ".", Port: 0}},
		"_imaps._tcp.cabinet-fictif.mssante.fr":       {{Target: "operateur-fictif.example.", Port: 993}, {Target: "imap.operateur-fictif.example.", Port: 0}},
	}}
	s, err := mssante.Discover(t.Context(), doctorBox, mssante.Discovery{Resolver: z, AllowedDomains: []string{"Operateur-Fictif.example"}})
	require.NoError(t, err)
	assert.Equal(t, &mssante.Services{
		SMTP: []mssante.Server{
			{Host: "smtp1.operateur-fictif.example", Port: 587, Priority: 10, Weight: 5}, {Host: "smtp2.operateur-fictif.example", Port: 587, Priority: 20},
			{Host: "smtp.cabinet-fictif.mssante.fr", Port: 465, ImplicitTLS: true},
		},
		IMAP: []mssante.Server{{Host: "operateur-fictif.example", Port: 993, ImplicitTLS: true}},
	}, s)
	assert.Equal(t, []string{
		"_submission._tcp.cabinet-fictif.mssante.fr", "_submissions._tcp.cabinet-fictif.mssante.fr",
		"_imap._tcp.cabinet-fictif.mssante.fr", "_imaps._tcp.cabinet-fictif.mssante.fr",
	}, z.asked)
	var cfg mssante.Config
	require.NoError(t, s.Configure(&cfg))
	assert.Equal(t, "smtp1.operateur-fictif.example:587", cfg.SMTP)
	assert.Equal(t, "operateur-fictif.example:993", cfg.IMAP)
	assert.False(t, cfg.ImplicitTLS, "the port tells")

	// Without the operator's domain, what is outside is refused, and named.
	s, err = mssante.Discover(t.Context(), doctorBox, mssante.Discovery{Resolver: z, SubmissionTLS: "-", IMAPTLS: "-"})
	assert.Nil(t, s)
	require.ErrorIs(t, err, segur.ErrRefused)
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	require.Len(t, e.Details, 6)
	assert.Equal(t, "_submission._tcp", e.Details[0].Field)
	assert.Contains(t, e.Details[0].Message, "evil.example")
	assert.Contains(t, e.Details[4].Message, "smtp1.operateur-fictif.example")
	assert.NotContains(t, err.Error(), "medecin")
}

func TestDiscoverNothing(t *testing.T) {
	t.Parallel()
	_, err := mssante.Discover(t.Context(), doctorBox, mssante.Discovery{Resolver: &zone{}})
	require.ErrorIs(t, err, segur.ErrNotFound)
	_, err = mssante.Discover(t.Context(), doctorBox, mssante.Discovery{Resolver: &zone{err: &net.DNSError{Err: "server misbehaving", IsTemporary: true}}})
	require.ErrorIs(t, err, segur.ErrUnavailable)
	_, err = mssante.Discover(t.Context(), doctorBox, mssante.Discovery{Resolver: &zone{err: errors.New("quotes medecin")}})
	require.ErrorIs(t, err, segur.ErrUnavailable)
	assert.NotContains(t, err.Error(), "medecin")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = mssante.Discover(ctx, doctorBox, mssante.Discovery{Resolver: &zone{}})
	require.ErrorIs(t, err, segur.ErrCanceled)

	// Other names, and bad input, which is not asked.
	z := &zone{records: map[string][]*net.SRV{"_mss-smtp._tcp.cabinet-fictif.mssante.fr": {{Target: "cabinet-fictif.mssante.fr.", Port: 2587}}}}
	s, err := mssante.Discover(t.Context(), doctorBox, mssante.Discovery{Resolver: z, Submission: "mss-smtp", SubmissionTLS: "-", IMAP: "-", IMAPTLS: "-"})
	require.NoError(t, err)
	assert.Equal(t, "cabinet-fictif.mssante.fr:2587", s.SMTP[0].Address())
	assert.Len(t, z.asked, 1)
	_, err = mssante.Discover(t.Context(), "nobody", mssante.Discovery{Resolver: z, IMAP: "a.b", Submission: "_x", AllowedDomains: []string{"fr", "a..b", ""}})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	for _, field := range []string{"mailbox", "imap", "submission", "allowedDomains[0]", "allowedDomains[1]", "allowedDomains[2]"} {
		assert.Contains(t, err.Error(), field)
	}
	assert.Len(t, z.asked, 1)
}

// flaky answers for one service and fails for the other.
type flaky struct {
	zone
	fails string
}

func (f *flaky) LookupSRV(ctx context.Context, service, proto, name string) (string, []*net.SRV, error) {
	if strings.HasPrefix(service, f.fails) {
		return "", nil, &net.DNSError{Err: "server misbehaving", IsTemporary: true}
	}
	return f.zone.LookupSRV(ctx, service, proto, name)
}

// A mailbox does not lose reading, or sending, because the DNS failed for a moment.
func TestDiscoverHalf(t *testing.T) {
	t.Parallel()
	records := map[string][]*net.SRV{
		"_submission._tcp.cabinet-fictif.mssante.fr": {{Target: "smtp.cabinet-fictif.mssante.fr.", Port: 587}},
		"_imap._tcp.cabinet-fictif.mssante.fr":       {{Target: "imap.cabinet-fictif.mssante.fr.", Port: 143}},
	}
	for _, fails := range []string{"imap", "submission"} {
		s, err := mssante.Discover(t.Context(), doctorBox, mssante.Discovery{Resolver: &flaky{zone{records: records}, fails}})
		assert.Nil(t, s, fails)
		require.ErrorIs(t, err, segur.ErrUnavailable, fails)
	}
	s, err := mssante.Discover(t.Context(), doctorBox, mssante.Discovery{Resolver: &flaky{zone{records: records}, "imaps"}})
	require.NoError(t, err, "found without it")
	assert.Equal(t, "imap.cabinet-fictif.mssante.fr:143", s.IMAP[0].Address())
	s, err = mssante.Discover(t.Context(), doctorBox, mssante.Discovery{Resolver: &flaky{zone{records: records}, "imap"}, IMAP: "-", IMAPTLS: "-"})
	require.NoError(t, err, "not asked for")
	assert.Equal(t, "smtp.cabinet-fictif.mssante.fr:587", s.SMTP[0].Address())
}

func TestConfigure(t *testing.T) {
	t.Parallel()
	start, tls := mssante.Server{Host: "a.example", Port: 2587}, mssante.Server{Host: "a.example", Port: 2993, ImplicitTLS: true}
	for name, c := range map[string]struct {
		found    mssante.Services
		cfg      mssante.Config
		ok       bool
		implicit bool
	}{
		"both start tls":      {mssante.Services{SMTP: []mssante.Server{start}, IMAP: []mssante.Server{start}}, mssante.Config{}, true, false},
		"both tls":            {mssante.Services{SMTP: []mssante.Server{tls}, IMAP: []mssante.Server{tls}}, mssante.Config{}, true, true},
		"one only":            {mssante.Services{IMAP: []mssante.Server{tls}}, mssante.Config{}, true, true},
		"mixed":               {mssante.Services{SMTP: []mssante.Server{start}, IMAP: []mssante.Server{tls}}, mssante.Config{}, false, false},
		"start tls on 465":    {mssante.Services{SMTP: []mssante.Server{{Host: "a.example", Port: 465}}}, mssante.Config{}, false, false},
		"start tls, not said": {mssante.Services{SMTP: []mssante.Server{start}}, mssante.Config{ImplicitTLS: true}, false, true},
		"other is set":        {mssante.Services{IMAP: []mssante.Server{tls}}, mssante.Config{SMTP: "b.example:587"}, false, false},
		"all is set":          {mssante.Services{SMTP: []mssante.Server{tls}}, mssante.Config{SMTP: "b.example:587"}, true, false},
	} {
		before := c.cfg
		err := c.found.Configure(&c.cfg)
		assert.Equal(t, c.ok, err == nil, name)
		assert.Equal(t, c.implicit, c.cfg.ImplicitTLS, name)
		if err != nil {
			assert.Equal(t, before.SMTP, c.cfg.SMTP, name)
			assert.Equal(t, before.IMAP, c.cfg.IMAP, name)
		}
	}
}
