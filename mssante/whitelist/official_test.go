package whitelist_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	drimtest "github.com/segur-sdk/segur/dicomweb/drim/whitelist/whitelisttest"
	"github.com/segur-sdk/segur/internal/dn"
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/internal/xmlsec"
	"github.com/segur-sdk/segur/mssante/whitelist"
	"github.com/segur-sdk/segur/mssante/whitelist/whitelisttest"
)

// official is the national list of 28 February 2025.
func official(tb testing.TB) []byte {
	tb.Helper()
	z, err := gzip.NewReader(bytes.NewReader(testkit.ReadShared(tb, "mssante/whitelist/listeblanchemssante-20250228-signed.xml.gz")))
	require.NoError(tb, err)
	b, err := io.ReadAll(z)
	require.NoError(tb, err)
	return b
}

func certificate(tb testing.TB, file string) *x509.Certificate {
	tb.Helper()
	block, _ := pem.Decode(testkit.ReadShared(tb, file))
	require.NotNil(tb, block)
	c, err := x509.ParseCertificate(block.Bytes)
	require.NoError(tb, err)
	return c
}

// officialConfig trusts IGC-Santé at the time at.
func officialConfig(tb testing.TB, at time.Time) whitelist.Config {
	tb.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(certificate(tb, "mssante/igc/prod-ACR-EL-root.pem"))
	return whitelist.Config{
		ClientConfig:  segur.ClientConfig{Environment: segur.Production, Clock: func() time.Time { return at }},
		SignerRoots:   roots,
		Intermediates: []*x509.Certificate{certificate(tb, "mssante/igc/prod-ACI-EL-ORG-intermediate.pem")},
		// What revocation said in 2025 is not kept.
		WithoutRevocation: true,
	}
}

var march2025 = time.Date(2025, time.March, 1, 12, 0, 0, 0, time.UTC)

func use(tb testing.TB, cfg whitelist.Config, document []byte) (*whitelist.Client, error) {
	tb.Helper()
	c, err := whitelist.New(cfg)
	require.NoError(tb, err)
	return c, c.Use(tb.Context(), document)
}

// The list of the national authority: counts, test vector of its digest, lookups, operators.
func TestOfficialList(t *testing.T) {
	t.Parallel()
	document := official(t)
	c, err := use(t, officialConfig(t, march2025), document)
	require.NoError(t, err)
	st := c.Status()
	assert.Equal(t, 6494, st.Entries)
	assert.Equal(t, 4944, st.Domains)
	assert.Zero(t, st.Ignored)
	assert.Equal(t, time.Date(2025, time.February, 28, 15, 42, 7, 0, time.UTC), st.Generated)
	assert.False(t, st.Stale)
	assert.Equal(t, "CN=alb.mssante.fr,OU=347976684200724,O=CAPGEMINI TECHNOLOGY SERVICES,ST=Hauts-de-Seine (92),C=FR", st.Signer)
	assert.Equal(t, "2026-08-23", st.SignerExpires.Format(time.DateOnly))

	v, err := xmlsec.VerifyDocument(document, xmlsec.DocumentPolicy{})
	require.NoError(t, err)
	assert.Equal(t, "JZO4I3vo9nf8Pl6G2h0ecqHNng8EKEfNjoMa6kQ3NyQ=", base64.StdEncoding.EncodeToString(v.Digest[:]))

	l := c.List()
	for domain, want := range map[string]whitelist.Answer{
		"15-20.mssante.fr": whitelist.Listed, "15-20.MSSante.FR": whitelist.Listed, "mssante.apicrypt.org": whitelist.Listed,
		"patient.mssante.fr": whitelist.Citizen, "Patient.mssante.fr": whitelist.Citizen,
		"mssante.fr": whitelist.NotListed, "x.15-20.mssante.fr": whitelist.NotListed, "15-20.mssante.fr.": whitelist.NotListed,
		"gmail.com": whitelist.NotListed, "": whitelist.NotListed, "15-20.mssante.fr\x00": whitelist.NotListed,
	} {
		assert.Equal(t, want, c.Check(domain), domain)
	}
	entries := l.Of("15-20.mssante.fr")
	require.GreaterOrEqual(t, len(entries), 3)
	assert.Equal(t, "CN=mss.enovacom.fr,OU=344368557300034,O=ENOVACOM,ST=Bouches-du-Rhône (13),C=FR", entries[0].OperatorDN)
	assert.Equal(t, "Domaine MSSanté du 15-20", entries[0].Description)
	assert.Equal(t, time.Date(2025, time.January, 22, 11, 32, 50, 0, time.UTC), entries[0].Updated)
	assert.Equal(t, "04 86 87 00 00, managedservices.team@enovacom.com", entries[0].SupportContact)

	// Every subject of the list reads as a name, blanks after commas included, and a certificate is matched by it.
	n := 0
	for e := range l.All() {
		name, err := dn.Parse(e.OperatorDN)
		if assert.NoError(t, err, e.OperatorDN) && n%500 == 0 {
			der := subjectOf(t, name)
			assert.True(t, l.AllowsOperator(e.Domain, &x509.Certificate{RawSubject: der}), e.OperatorDN)
			assert.False(t, l.AllowsOperator("gmail.com", &x509.Certificate{RawSubject: der}))
		}
		n++
	}
	assert.Equal(t, 6494, n)
}

// subjectOf encodes a name as certificates do: country first.
func subjectOf(t *testing.T, name dn.Name) []byte {
	t.Helper()
	var seq pkix.RDNSequence
	for _, rdn := range slices.Backward(name) {
		var oid asn1.ObjectIdentifier
		for part := range strings.SplitSeq(rdn[0].Type, ".") {
			n, err := strconv.Atoi(part)
			require.NoError(t, err)
			oid = append(oid, n)
		}
		seq = append(seq, pkix.RelativeDistinguishedNameSET{{Type: oid, Value: rdn[0].Value}})
	}
	der, err := asn1.Marshal(seq)
	require.NoError(t, err)
	return der
}

// Anything that changes what the list says, or who says it, is refused: on a small list and, for the main ones, on the
// national list.
func TestTampered(t *testing.T) {
	t.Parallel()
	now := newClock()
	srv := newServer(t, now)
	small := whitelisttest.Sign(whitelisttest.Document(now.time(), whitelisttest.Domain{Name: "15-20.mssante.fr"}, whitelisttest.Domain{Name: "b-fictif.mssante.fr"}), srv.Signer())
	type change = func(t *testing.T, document string) string
	replace := func(old, new string) change {
		return func(t *testing.T, document string) string {
			t.Helper()
			out := strings.Replace(document, old, new, 1)
			require.NotEqual(t, document, out, old)
			return out
		}
	}
	// flip changes the first character after the text.
	flip := func(after string) change {
		return func(t *testing.T, document string) string {
			t.Helper()
			i := strings.Index(document, after) + len(after)
			require.GreaterOrEqual(t, i, len(after))
			c := "A"
			if document[i] == 'A' {
				c = "B"
			}
			return document[:i] + c + document[i+1:]
		}
	}
	const root = "</ListeBlancheMSSante>"
	// apart gives the document without its signature, and the signature.
	apart := func(document string) (string, string) {
		from, to := strings.LastIndex(document, "<Signature "), strings.LastIndex(document, root)
		return document[:from] + document[to:], document[from:to]
	}
	moved := func(old, format string) change {
		return func(t *testing.T, document string) string {
			t.Helper()
			unsigned, signature := apart(document)
			out := strings.Replace(unsigned, old, strings.ReplaceAll(format, "%", signature), 1)
			require.NotEqual(t, unsigned, out)
			return out
		}
	}
	national, nationalConfig := string(official(t)), officialConfig(t, march2025)
	downgraded := strings.NewReplacer("2001/04/xmlenc#sha256", "2000/09/xmldsig#sha1", "2001/04/xmldsig-more#rsa-sha256", "2000/09/xmldsig#rsa-sha1")
	for name, c := range map[string]struct {
		change  change
		want    error
		message string
		both    bool
	}{
		"content":         {replace("<Nom>15-20.mssante.fr</Nom>", "<Nom>15-21.mssante.fr</Nom>"), segur.ErrSignature, "digest", true},
		"one blank":       {replace("    <Domaine>", "   <Domaine>"), segur.ErrSignature, "digest", false},
		"date":            {flip("<DateDeGeneration>20"), segur.ErrProtocol, "date", false},
		"other date":      {replace(":07Z</DateDeG", ":08Z</DateDeG"), segur.ErrSignature, "digest", false},
		"added domain":    {replace("</ListeDomaines>", "<Domaine><Nom>evil.example</Nom></Domaine></ListeDomaines>"), segur.ErrSignature, "digest", false},
		"digest value":    {flip("<DigestValue>"), segur.ErrSignature, "signature value", false},
		"signature value": {flip("<SignatureValue>"), segur.ErrSignature, "signature value", true},
		"certificate":     {certificateChanged, segur.ErrSignature, "not trusted", false},
		"no certificate": {func(_ *testing.T, d string) string {
			return regexp.MustCompile(`(?s)<KeyInfo>.*</KeyInfo>`).ReplaceAllString(d, "")
		}, segur.ErrSignature, "certificate", false},
		"no signature":     {moved(root, root+" "), segur.ErrSignature, "not signed", false},
		"two signatures":   {moved(root, "%%"+root), segur.ErrSignature, "exactly one", true},
		"moved signature":  {moved("</ListeDomaines>", "%</ListeDomaines>"), segur.ErrSignature, "exactly one", false},
		"signature first":  {moved("<DateDeGeneration>", "%<DateDeGeneration>"), segur.ErrSignature, "last child", false},
		"content after it": {replace(root, "<Domaine/>"+root), segur.ErrSignature, "last child", false},
		"text after it":    {replace(root, "x"+root), segur.ErrSignature, "last child", false},
		"wrapped": {func(_ *testing.T, d string) string {
			return strings.Replace(d, "?>", `?><Autre xmlns="urn:x">`, 1) + "</Autre>"
		}, segur.ErrProtocol, "root", true},
		"comment":              {replace("<Nom>15-20.mssante.fr", "<Nom><!-- -->15-20.mssante.fr"), segur.ErrSignature, "comments", true},
		"comment before":       {replace("?><ListeBlanche", "?><!-- x --><ListeBlanche"), segur.ErrSignature, "comments", false},
		"comment in signature": {replace("<SignatureValue>", "<SignatureValue><!-- x -->"), segur.ErrSignature, "comments", false},
		"instruction":          {replace("?><ListeBlanche", "?><?x y?><ListeBlanche"), segur.ErrSignature, "instructions", false},
		"doctype":              {replace("?><ListeBlanche", "?><!DOCTYPE ListeBlancheMSSante><ListeBlanche"), segur.ErrProtocol, "doctype", true},
		"downgraded":           {func(_ *testing.T, d string) string { return downgraded.Replace(d) }, segur.ErrSignature, "SHA-1", true},
		"with comments":        {replace("2001/10/xml-exc-c14n#", "2001/10/xml-exc-c14n#WithComments"), segur.ErrSignature, "signature value", false},
		"reference":            {replace(`URI=""`, `URI="#x"`), segur.ErrSignature, "signature value", false},
		"object":               {replace("</KeyInfo>", "</KeyInfo><Object/>"), segur.ErrSignature, "Object", false},
		"another root": {func(_ *testing.T, d string) string {
			return strings.ReplaceAll(d, "ListeBlancheMSSante", "ListeBlancheAutre")
		}, segur.ErrProtocol, "root", false},
		"another namespace": {replace("listeblanche.mssante.fr/schema", "listeblanche.example.fr/schema"), segur.ErrProtocol, "root", false},
		"trailing":          {func(_ *testing.T, d string) string { return d + "<x/>" }, segur.ErrProtocol, "root", false},
		"cut":               {func(_ *testing.T, d string) string { return d[:len(d)-1] }, segur.ErrTruncated, "before its end", false},
		"half":              {func(_ *testing.T, d string) string { return d[:len(d)/2] }, segur.ErrTruncated, "before its end", false},
		"empty":             {func(*testing.T, string) string { return "" }, segur.ErrTruncated, "", false},
	} {
		try := func(cfg whitelist.Config, document string) {
			l, err := use(t, cfg, []byte(c.change(t, document)))
			require.ErrorIs(t, err, c.want, name)
			assert.Contains(t, err.Error(), c.message, name)
			assert.Nil(t, l.List(), name)
		}
		cfg := srv.Config()
		cfg.Skew = 1000 * 24 * time.Hour
		try(cfg, string(small))
		if c.both {
			try(nationalConfig, national)
		}
	}
}

// The signatures of the list of DRIM-M, both sound, are not those of this list.
func TestOtherProfiles(t *testing.T) {
	t.Parallel()
	now := newClock()
	srv := newServer(t, now)
	unsigned := whitelisttest.Document(now.time(), whitelisttest.Domain{Name: "a-fictif.mssante.fr"})
	for _, profile := range []drimtest.Profile{drimtest.Filter2, drimtest.Enveloped} {
		c, err := use(t, srv.Config(), drimtest.Sign(unsigned, srv.Signer(), profile))
		require.ErrorIs(t, err, segur.ErrSignature)
		assert.Contains(t, err.Error(), "no Object")
		assert.Nil(t, c.List())
	}
	// XPath Filter 2 alone.
	_, err := use(t, srv.Config(), drimtest.SignWith(unsigned, srv.Signer(), drimtest.Shape{Change: func(s string) string {
		s = regexp.MustCompile(`<ds:Reference Type.*?</ds:Reference>`).ReplaceAllString(s, "")
		return regexp.MustCompile(`<ds:Object>.*</ds:Object>`).ReplaceAllString(s, "")
	}}))
	require.ErrorIs(t, err, segur.ErrSignature)
	assert.Contains(t, err.Error(), "transforms")
}

// certificateChanged changes the signature of the signer's certificate.
func certificateChanged(_ *testing.T, document string) string {
	i := strings.Index(document, "</X509Certificate>") - 12
	c := "A"
	if document[i] == 'A' {
		c = "B"
	}
	return document[:i] + c + document[i+1:]
}

// A document cut anywhere is refused.
func TestCutAnywhere(t *testing.T) {
	t.Parallel()
	now := newClock()
	srv := newServer(t, now)
	document := whitelisttest.Sign(whitelisttest.Document(now.time(), whitelisttest.Domain{Name: "a-fictif.mssante.fr"}), srv.Signer())
	c, err := use(t, srv.Config(), document)
	require.NoError(t, err)
	good := c.List()
	for n := range document {
		require.ErrorIs(t, c.Use(t.Context(), document[:n]), segur.ErrTruncated, n)
	}
	assert.Same(t, good, c.List())
}

// Trust depends on the day, the roots, the issuer and the name of the signer.
func TestOfficialListTrust(t *testing.T) {
	t.Parallel()
	document := official(t)
	foreign := x509.NewCertPool()
	foreign.AddCert(certificate(t, "mssante/igc/test-AC-RACINE-IGC-SANTE-ELEMENTAIRE.pem"))
	for name, c := range map[string]struct {
		change  func(*whitelist.Config)
		message string
	}{
		"expired":          {func(c *whitelist.Config) { c.Clock = fixed(2026, time.August, 24) }, "expired"},
		"not yet valid":    {func(c *whitelist.Config) { c.Clock = fixed(2023, time.August, 22) }, "expired or is not yet valid"},
		"other roots":      {func(c *whitelist.Config) { c.SignerRoots = foreign }, "unknown authority"},
		"other unit":       {func(c *whitelist.Config) { c.Signers = []whitelist.Signer{{CommonName: "alb.mssante.fr", Unit: "1"}} }, "by another"},
		"other authority":  {func(c *whitelist.Config) { c.Issuers = []string{"AC IGC-SANTE STANDARD"} }, "authority"},
		"revoked":          {func(c *whitelist.Config) { c.WithoutRevocation = false; c.CheckChain = revoked }, "revoked"},
		"refused by other": {func(c *whitelist.Config) { c.WithoutRevocation = false; c.CheckSigner = refuse }, "configured check"},
	} {
		cfg := officialConfig(t, march2025)
		c.change(&cfg)
		_, err := use(t, cfg, document)
		require.ErrorIs(t, err, segur.ErrSignature, name)
		assert.Contains(t, err.Error(), c.message, name)
	}
	for name, change := range map[string]func(*whitelist.Config){
		"by address and unit": func(c *whitelist.Config) {
			c.Signers = []whitelist.Signer{{CommonName: "x"}, {Email: "ALB@mssante.fr", Unit: "347976684200724"}}
		},
		"issuing as a root":   func(c *whitelist.Config) { c.SignerRoots.AddCert(c.Intermediates[0]); c.Intermediates = nil },
		"checked by the user": func(c *whitelist.Config) { c.WithoutRevocation = false; c.CheckChain = accept(t) },
	} {
		cfg := officialConfig(t, march2025)
		change(&cfg)
		_, err := use(t, cfg, document)
		require.NoError(t, err, name)
	}
	// Dated in the future for a clock that is behind.
	cfg := officialConfig(t, time.Date(2025, time.February, 28, 15, 0, 0, 0, time.UTC))
	_, err := use(t, cfg, document)
	require.ErrorIs(t, err, segur.ErrProtocol)
	assert.Contains(t, err.Error(), "future")
	cfg.Skew = time.Hour
	_, err = use(t, cfg, document)
	require.NoError(t, err)
}

func fixed(year int, month time.Month, day int) func() time.Time {
	return func() time.Time { return time.Date(year, month, day, 0, 0, 0, 0, time.UTC) }
}

func revoked(context.Context, segur.Chains) error {
	return &segur.Error{Op: "revocation.check", Kind: segur.KindSignature, Message: "revoked"}
}

func refuse(context.Context, segur.Chains) error { return errors.New("no") }

func accept(t *testing.T) func(context.Context, segur.Chains) error {
	t.Helper()
	return func(_ context.Context, c segur.Chains) error {
		assert.Equal(t, "alb.mssante.fr", c.Leaf().Subject.CommonName)
		assert.Len(t, c.Verified[0], 3)
		return nil
	}
}
