package whitelist_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb/drim/whitelist"
	"github.com/segur-sdk/segur/dicomweb/drim/whitelist/whitelisttest"
	"github.com/segur-sdk/segur/internal/testkit"
)

// officialConfig trusts the test authorities of IGC-Santé at the time at, and nothing else is set: the signer and its
// issuer are those of the defaults.
func officialConfig(tb testing.TB, at time.Time) whitelist.Config {
	tb.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(certificate(tb, "mssante/igc/test-AC-RACINE-IGC-SANTE-ELEMENTAIRE.pem"))
	return whitelist.Config{
		ClientConfig: segur.ClientConfig{Environment: segur.Qualification, Clock: fixed(at)}, URL: "https://127.0.0.1/liste.xml",
		SignerRoots: roots, Intermediates: []*x509.Certificate{certificate(tb, "mssante/igc/test-AC-IGC-SANTE-ELEMENTAIRE-ORGANISATIONS.pem")},
		WithoutRevocation: true, // what revocation said in 2024 is not kept
	}
}

var spring2025 = time.Date(2025, time.March, 1, 12, 0, 0, 0, time.UTC)

// The informative list of 2024: signer, boxes, viewers, operators.
func TestOfficialList(t *testing.T) {
	t.Parallel()
	document := testkit.ReadShared(t, "drim/liste_blanche_signee_informatif.xml")
	c, err := use(t, officialConfig(t, spring2025), document)
	require.NoError(t, err)
	st := c.Status()
	assert.Equal(t, 6, st.Entries)
	assert.Equal(t, 6, st.Boxes)
	assert.Zero(t, st.Ignored)
	assert.Equal(t, time.Date(2024, time.April, 22, 11, 8, 12, 0, time.UTC), st.Generated)
	assert.True(t, st.Stale)
	assert.Equal(t, "CN=Liste Blanche DRIM-M,OU=318751275100020,O=AGENCE DU NUMERIQUE EN SANTE,ST=Paris (75),C=FR", st.Signer)
	assert.Equal(t, "2026-09-12", st.SignerExpires.Format(time.DateOnly))
	l := c.List()
	assert.Equal(t, whitelist.NamespaceInformative, l.Namespace())
	got := l.Box("DB1.111.mesimagesmedicales.fr")
	require.Len(t, got, 1)
	assert.Equal(t, whitelist.Entry{
		Box: "db1.111.mesimagesmedicales.fr", Viewer: "vi1.111.mesimagesmedicales.fr", Operator: "Operateur 01 test",
		OperatorDN:         "CN=db1.111.mesimagesmedicales.fr,OU=31598513500187,O=editeur,ST=Paris (75),C=FR",
		ResponsibleContact: got[0].ResponsibleContact, SupportContact: got[0].SupportContact,
		Updated: time.Date(2024, time.April, 23, 20, 36, 12, 0, time.UTC),
	}, got[0])
	assert.Len(t, l.Viewer("db1.112.mesimagesmedicales.fr"), 1, "a host that is both")
	assert.Empty(t, l.Viewer("db1.111.mesimagesmedicales.fr"))
	assert.Empty(t, l.Box("vi1.111.mesimagesmedicales.fr"))
	require.NoError(t, c.Guard()("db1.111.mesimagesmedicales.fr"))
	require.ErrorIs(t, c.Guard()("vi1.111.mesimagesmedicales.fr"), segur.ErrAuthorization)

	operator := func(cn string) *x509.Certificate {
		subject := pkix.Name{Country: []string{"FR"}, Province: []string{"Paris (75)"}, Organization: []string{"editeur"}, OrganizationalUnit: []string{"31598513500187"}, CommonName: cn}
		der := certificateOf(t, subject)
		return &x509.Certificate{RawSubject: der}
	}
	assert.True(t, l.AllowsOperator("db1.111.mesimagesmedicales.fr", operator("db1.111.mesimagesmedicales.fr")))
	assert.False(t, l.AllowsOperator("db1.111.mesimagesmedicales.fr", operator("db1.112.mesimagesmedicales.fr")))
	assert.False(t, l.AllowsOperator("db1.112.mesimagesmedicales.fr", operator("db1.111.mesimagesmedicales.fr")))
	assert.False(t, l.AllowsOperator("db1.111.mesimagesmedicales.fr", nil))
}

// certificateOf encodes a subject most general attribute first, each in its own RDN.
func certificateOf(t *testing.T, n pkix.Name) []byte {
	t.Helper()
	c, err := x509.ParseCertificate(selfSigned(t, n))
	require.NoError(t, err)
	return c.RawSubject
}

// The list of the TEST set in the repository is not signed: refused, as it is; signed by somebody trusted it reads, whose
// entries all have the identifier 1, and so does the published shape with dates instead of times.
func TestOfficialUnsigned(t *testing.T) {
	t.Parallel()
	document := testkit.ReadShared(t, "drim/liste_blanche_non_signee.xml")
	_, err := use(t, officialConfig(t, spring2025), document)
	require.ErrorIs(t, err, segur.ErrSignature)
	assert.Contains(t, err.Error(), "not signed")
	for _, p := range []whitelisttest.Profile{whitelisttest.Filter2, whitelisttest.Enveloped} {
		c, err := use(t, offline(segur.Qualification), whitelisttest.Sign(bytes.TrimSpace(document), signer(), p))
		require.NoError(t, err)
		assert.Equal(t, 6, c.List().Boxes())
		assert.Equal(t, whitelist.NamespaceData, c.List().Namespace())
		e := c.List().Box("db9.test.mesimagesmedicales.fr")[0]
		assert.Empty(t, e.Viewer)
		assert.Equal(t, "ci-sis@esante.gouv.fr", e.SupportContact)
	}

	skeleton := testkit.ReadShared(t, "dicomweb/drim/liste-blanche-skeleton.xml")
	signed := whitelisttest.Sign(bytes.TrimSpace(skeleton), signer(), whitelisttest.Filter2)
	_, err = use(t, offline(segur.Qualification), signed)
	require.ErrorIs(t, err, segur.ErrSignature)
	assert.Contains(t, err.Error(), "comments", "a signature does not cover them")
	for range 2 {
		i, j := bytes.Index(skeleton, []byte("<!--")), bytes.Index(skeleton, []byte("-->"))
		skeleton = append(bytes.Clone(skeleton[:i]), skeleton[j+3:]...)
	}
	c, err := use(t, offline(segur.Qualification), whitelisttest.Sign(bytes.TrimSpace(skeleton), signer(), whitelisttest.Filter2))
	require.NoError(t, err)
	assert.Equal(t, "2026-01-31", c.List().Box("db1.test.example")[0].Updated.Format(time.DateOnly))
}

// Trust depends on the day, the roots, the issuer, the name and the unit of the signer, and on revocation.
func TestOfficialTrust(t *testing.T) {
	t.Parallel()
	document := testkit.ReadShared(t, "drim/liste_blanche_signee_informatif.xml")
	production := x509.NewCertPool()
	production.AddCert(certificate(t, "mssante/igc/prod-ACR-EL-root.pem"))
	for name, c := range map[string]struct {
		change  func(*whitelist.Config)
		message string
	}{
		"expired":       {func(c *whitelist.Config) { c.Clock = fixed(time.Date(2026, time.September, 13, 0, 0, 0, 0, time.UTC)) }, "expired"},
		"not yet valid": {func(c *whitelist.Config) { c.Clock = fixed(time.Date(2023, time.September, 11, 0, 0, 0, 0, time.UTC)) }, "not yet valid"},
		"production":    {func(c *whitelist.Config) { c.SignerRoots = production }, "unknown authority"},
		"test issuer":   {func(c *whitelist.Config) { c.Environment = segur.Production }, "authority"},
		"other unit": {func(c *whitelist.Config) {
			c.Signers = []whitelist.Signer{{CommonName: "Liste Blanche DRIM-M", Unit: "1"}}
		}, "by another"},
		"MSSanté's": {func(c *whitelist.Config) { c.Signers = []whitelist.Signer{{CommonName: "alb.mssante.fr"}} }, "by another"},
		"revoked": {func(c *whitelist.Config) {
			c.WithoutRevocation, c.CheckSigner = false, func(_ context.Context, ch segur.Chains) error {
				assert.Equal(t, "Liste Blanche DRIM-M", ch.Leaf().Subject.CommonName)
				return &segur.Error{Op: "revocation.check", Kind: segur.KindSignature, Message: "revoked"}
			}
		}, "revoked"},
		"other versions":   {func(c *whitelist.Config) { c.Versions = []string{"2.0.0"} }, "version"},
		"other namespaces": {func(c *whitelist.Config) { c.Namespaces = []string{"urn:a-third"} }, "namespace"},
	} {
		cfg := officialConfig(t, spring2025)
		c.change(&cfg)
		l, err := use(t, cfg, document)
		require.Error(t, err, name)
		assert.Contains(t, err.Error(), c.message, name)
		assert.Nil(t, l.List())
	}
}
