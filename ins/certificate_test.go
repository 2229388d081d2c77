package ins_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/ins/instest"
)

func TestCertificateWarnings(t *testing.T) {
	t.Parallel()
	mutual, cards, connected := newServer(t), newProfessionals(t), newProfessionals(t, instest.WithProSanteConnect())
	soon := credentialtest.Valid(now.AddDate(-2, 0, 0), now.AddDate(0, 0, 30))
	warned := func(srv *instest.Server, change ...func(*ins.Config)) (codes []string, log string) {
		var b bytes.Buffer
		client := newClient(t, srv, append(change, func(c *ins.Config) { c.Logger = slog.New(slog.NewTextHandler(&b, nil)) })...)
		warnings, err := client.CertificateWarnings(t.Context())
		require.NoError(t, err)
		for _, w := range warnings {
			codes = append(codes, w.Code)
			assert.NotEmpty(t, w.Text.FR)
		}
		return codes, b.String()
	}
	for name, srv := range map[string]*instest.Server{"structure": mutual, "card": cards, "Pro Santé Connect": connected} {
		codes, log := warned(srv)
		assert.Empty(t, codes, name)
		assert.Empty(t, log, name)
	}
	codes, log := warned(mutual, func(c *ins.Config) {
		c.Credentials, c.Issuer = mutual.Credential(soon, credentialtest.StructureID("")), "1990000019"
	})
	assert.Equal(t, []string{"expires-soon"}, codes)
	assert.Contains(t, log, "level=WARN")
	assert.Contains(t, log, "2026-06-20")
	codes, log = warned(cards, authenticated(ins.Card(cards.Card(soon))))
	assert.Equal(t, []string{"expires-soon"}, codes)
	assert.Contains(t, log, "code=expires-soon")

	auto, err := mutual.Credential().Credential(t.Context())
	require.NoError(t, err)
	client := newClient(t, mutual, func(c *ins.Config) {
		c.Credentials = &closedAfter{closed{first: auto, err: errors.New("away")}, 2}
	})
	_, err = client.CertificateWarnings(t.Context())
	require.ErrorIs(t, err, segur.ErrAuthentication)
	require.ErrorContains(t, err, "ins.CertificateWarnings")
}

// closedAfter gives its credential some times, and fails afterwards.
type closedAfter struct {
	closed
	times int
}

func (c *closedAfter) Credential(context.Context) (segur.Credential, error) {
	if c.times--; c.times >= 0 {
		return c.first, nil
	}
	return nil, c.err
}
