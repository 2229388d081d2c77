package whitelist_test

import (
	"crypto/x509"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/mssante/whitelist"
	"github.com/segur-sdk/segur/mssante/whitelist/whitelisttest"
)

// Names are compared in their lower-case ASCII form, and what is no name costs the others nothing.
func TestDomains(t *testing.T) {
	t.Parallel()
	now := newClock()
	srv := newServer(t, now)
	long := strings.Repeat("a", 63)
	c, err := use(t, srv.Config(), whitelisttest.Sign(whitelisttest.Document(now.time(),
		whitelisttest.Domain{Name: "Hôpital-Fictif.mssante.fr"}, whitelisttest.Domain{Name: "XN--CLINIQUE-VTA.mssante.fr"},
		whitelisttest.Domain{Name: "sans_nom"}, whitelisttest.Domain{Name: ""}, whitelisttest.Domain{Name: "*.mssante.fr"},
		whitelisttest.Domain{Name: "A.mssante.fr", OperatorDN: "CN=b.example, OU=1, O=X, C=FR"}, whitelisttest.Domain{Name: "a.mssante.fr"},
		whitelisttest.Domain{Name: long + ".mssante.fr"}, whitelisttest.Domain{Name: "\n  blancs.mssante.fr\t"},
	), srv.Signer()))
	require.NoError(t, err)
	l := c.List()
	assert.Equal(t, []whitelist.Ignored{{3, "Nom is not the name of a mail domain"}, {4, "Nom is not the name of a mail domain"}, {5, "Nom is not the name of a mail domain"}}, l.Ignored())
	assert.Equal(t, 5, l.Domains())
	assert.Equal(t, 6, l.Entries())
	for domain, want := range map[string]bool{
		"hôpital-fictif.mssante.fr": true, "HÔPITAL-FICTIF.MSSANTE.FR": true, "xn--hpital-fictif-plb.mssante.fr": true, "Xn--Hpital-Fictif-plb.mssante.fr": true,
		"ho\u0302pital-fictif.mssante.fr": true, "hopital-fictif.mssante.fr": false, "xn--clinique-vta.mssante.fr": true,
		"a.mssante.fr": true, "A.MSSANTE.FR": true, "b.a.mssante.fr": false, ".a.mssante.fr": false, "a.mssante.fr.": false, "a..mssante.fr": false,
		"a.mssante.fr ": false, "a．mssante.fr": true, "а.mssante.fr": false, // full-width dot is mapped; that а is Cyrillic
		"sans_nom": false, "": false, "*.mssante.fr": false, long + ".mssante.fr": true, "a" + long + ".mssante.fr": false,
		"blancs.mssante.fr": true, "\xff.mssante.fr": false, strings.Repeat("a.", 200): false, "-a.mssante.fr": false,
	} {
		assert.Equal(t, want, l.Allows(domain), "%q", domain)
	}
	assert.Len(t, l.Of("a.mssante.fr"), 2)
	assert.Equal(t, "CN=b.example, OU=1, O=X, C=FR", l.Of("a.mssante.fr")[0].OperatorDN)
	assert.Nil(t, l.Of("z.mssante.fr"))
	l.Of("a.mssante.fr")[0].Domain = "changed"
	assert.Equal(t, "a.mssante.fr", l.Of("a.mssante.fr")[0].Domain)
	var none *whitelist.List
	assert.False(t, none.Allows("a.mssante.fr"))
	assert.False(t, none.AllowsOperator("a.mssante.fr", &x509.Certificate{}))
	assert.False(t, l.AllowsOperator("a.mssante.fr", nil))
	assert.False(t, l.AllowsOperator("a.mssante.fr", &x509.Certificate{RawSubject: []byte{0x30, 0}}))
	assert.False(t, whitelist.Guard{}.AllowDomain("a.mssante.fr"))
	for e := range l.All() {
		assert.Equal(t, "a.mssante.fr", e.Domain)
		break
	}
	assert.Equal(t, "no list not listed listed citizen", strings.Join([]string{whitelist.NoList.String(), whitelist.NotListed.String(), whitelist.Listed.String(), whitelist.Citizen.String()}, " "))
}

// Looking up takes no memory.
func TestAllowsAllocatesNothing(t *testing.T) {
	now := newClock()
	srv := newServer(t, now)
	c, err := use(t, srv.Config(), whitelisttest.Sign(whitelisttest.Document(now.time(), whitelisttest.Domain{Name: "a-fictif.mssante.fr"}), srv.Signer()))
	require.NoError(t, err)
	allow := c.Guard().AllowDomain
	for _, domain := range []string{"a-fictif.mssante.fr", "A-Fictif.MSSANTE.fr", "inconnu.example"} {
		assert.Zero(t, testing.AllocsPerRun(100, func() { c.List().Allows(domain) }), domain)
		assert.Zero(t, testing.AllocsPerRun(100, func() { allow(domain) }), domain)
	}
}
