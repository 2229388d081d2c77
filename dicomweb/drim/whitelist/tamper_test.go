package whitelist_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/dicomweb/drim/whitelist/whitelisttest"
)

func selfSigned(t *testing.T, subject pkix.Name) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: subject, NotBefore: morning, NotAfter: morning.Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	return der
}

// Anything that changes what the list says, or who says it, is refused, in both profiles.
func TestTampered(t *testing.T) {
	t.Parallel()
	const root = "</ListeBlancheDRIM-M>"
	box := whitelisttest.Box{Host: "db1.site-fictif.example", Viewer: "vi1.site-fictif.example"}
	unsigned := whitelisttest.Document(morning, box)
	replace := func(old, new string) func(string) string {
		return func(d string) string { return strings.Replace(d, old, new, 1) }
	}
	evil := `<Domaine><db>evil.example</db></Domaine>`
	sig := regexp.MustCompile(`(?s)<(ds:)?Signature .*</(ds:)?Signature>`)
	moved := func(old, format string) func(string) string {
		return func(d string) string {
			signature := sig.FindString(d)
			return strings.Replace(strings.Replace(d, signature, "", 1), old, strings.ReplaceAll(format, "%", signature), 1)
		}
	}
	for name, c := range map[string]struct {
		change  func(string) string
		want    error
		message string
	}{
		"host":                {replace("<db>db1", "<db>db2"), segur.ErrSignature, "digest"},
		"viewer":              {replace("<vi>vi1", "<vi>vi2"), segur.ErrSignature, "digest"},
		"operator":            {replace(">CN=db1", ">CN=db2"), segur.ErrSignature, "digest"},
		"date":                {replace("09:00:07Z", "09:00:08Z"), segur.ErrSignature, "digest"},
		"one blank":           {replace("    <Domaine>", "   <Domaine>"), segur.ErrSignature, "digest"},
		"entry added":         {replace("</ListeDomaines>", evil+"</ListeDomaines>"), segur.ErrSignature, "digest"},
		"hidden by filter":    {replace("</ListeDomaines>", `<Signature xmlns="http://www.w3.org/2000/09/xmldsig#">`+evil+`</Signature></ListeDomaines>`), segur.ErrSignature, "exactly one"},
		"added beside":        {replace(root, "<ListeDomaines>"+evil+"</ListeDomaines>"+root), segur.ErrSignature, "last child"},
		"version":             {replace(`versionFormat="1.0.0"`, `versionFormat="2.0.0"`), segur.ErrProtocol, "version"},
		"no version":          {replace(` versionFormat="1.0.0"`, ""), segur.ErrProtocol, "version"},
		"namespace":           {replace("https://github.com/ansforge/DRIM-M_DATA", "https://github.com/ansforge/DRIM-M"), segur.ErrProtocol, "namespace"},
		"other namespace":     {replace("https://github.com/ansforge/DRIM-M_DATA", "https://listeblanche.mesimagesmedicales.fr/schema"), segur.ErrSignature, "digest"},
		"other root":          {func(d string) string { return strings.ReplaceAll(d, "ListeBlancheDRIM-M", "ListeBlancheMSSante") }, segur.ErrProtocol, "root"},
		"wrapped":             {func(d string) string { return strings.Replace(d, "?>", `?><x xmlns="urn:x">`, 1) + "</x>" }, segur.ErrProtocol, "root"},
		"no signature":        {moved(root, root), segur.ErrSignature, "not signed"},
		"two signatures":      {moved(root, "%%"+root), segur.ErrSignature, "exactly one"},
		"signature elsewhere": {moved("</ListeDomaines>", "%</ListeDomaines>"), segur.ErrSignature, "exactly one"},
		"signature first":     {moved("<DateDeGeneration>", "%<DateDeGeneration>"), segur.ErrSignature, "last child"},
		"no certificate": {func(d string) string {
			return regexp.MustCompile(`(?s)<(ds:)?KeyInfo>.*KeyInfo>`).ReplaceAllString(d, "")
		}, segur.ErrSignature, "certificate"},
		"properties":       {replace("SigningTime>2026", "SigningTime>2027"), segur.ErrSignature, "digest"},
		"object":           {replace("<xades:QualifyingProperties ", evil+"<xades:QualifyingProperties "), segur.ErrSignature, "Object"},
		"identifier twice": {replace("<ListeDomaines>", `<ListeDomaines Id="xades-id-signature">`), segur.ErrSignature, "twice"},
		"comment":          {replace("<db>", "<db><!-- -->"), segur.ErrSignature, "comments"},
		"doctype":          {replace("?>", "?><!DOCTYPE x>"), segur.ErrProtocol, "doctype"},
		"entity":           {replace("<db>", "<db>&x;"), segur.ErrProtocol, "entity"},
		"cut":              {func(d string) string { return d[:len(d)-1] }, segur.ErrTruncated, "before its end"},
		"empty":            {func(string) string { return "" }, segur.ErrTruncated, ""},
		"trailing":         {func(d string) string { return d + "<x/>" }, segur.ErrProtocol, "root"},
	} {
		for _, p := range []whitelisttest.Profile{whitelisttest.Filter2, whitelisttest.Enveloped} {
			document := string(whitelisttest.Sign(unsigned, signer(), p))
			changed := c.change(document)
			require.NotEqual(t, document, changed, name)
			client, err := use(t, offline(segur.Production), []byte(changed))
			require.ErrorIs(t, err, c.want, "%s, %d: %v", name, p, err)
			assert.Contains(t, err.Error(), c.message, name)
			assert.Nil(t, client.List(), name)
		}
	}
	// Who signs, and what a trusted signer may not say.
	other := pki().Signature(credentialtest.CommonName("Liste Blanche DRIM-M fictiv"))
	sign := func(d []byte) []byte { return whitelisttest.Sign(d, signer(), whitelisttest.Enveloped) }
	in := func(old, new string) []byte { return sign(bytes.Replace(unsigned, []byte(old), []byte(new), 1)) }
	for name, c := range map[string]struct {
		document []byte
		want     error
		message  string
	}{
		"other signer":   {whitelisttest.Sign(unsigned, other, 0), segur.ErrSignature, "by another"},
		"other pki":      {whitelisttest.Sign(unsigned, pki().Foreign().Signature(credentialtest.CommonName(whitelisttest.SignerName)), 0), segur.ErrSignature, "not trusted"},
		"other usage":    {whitelisttest.Sign(unsigned, pki().Organization(credentialtest.CommonName(whitelisttest.SignerName)), 0), segur.ErrSignature, "usages"},
		"expired":        {whitelisttest.Sign(unsigned, pki().Signature(credentialtest.CommonName(whitelisttest.SignerName), credentialtest.Expired()), 0), segur.ErrSignature, "expired"},
		"future":         {sign(whitelisttest.Document(morning.Add(11*time.Minute), box)), segur.ErrProtocol, "future"},
		"no box":         {sign(whitelisttest.Document(morning)), segur.ErrProtocol, "no box"},
		"only bad boxes": {sign(whitelisttest.Document(morning, whitelisttest.Box{Host: "10.0.0.1"})), segur.ErrProtocol, "no box"},
		"no date":        {in("DateDeGeneration>20", "DateDeGeneration>x20"), segur.ErrProtocol, "date"},
		"two dates":      {in("  <ListeDomaines>", "<DateDeGeneration>2026-01-01</DateDeGeneration><ListeDomaines>"), segur.ErrProtocol, "date"},
		"two hosts":      {in("<db>", "<db>evil.example</db><db>"), segur.ErrProtocol, "twice"},
		"nested":         {in("<db>", "<db><b/>"), segur.ErrProtocol, "elements"},
	} {
		client, err := use(t, offline(segur.Production), c.document)
		require.ErrorIs(t, err, c.want, name)
		assert.Contains(t, err.Error(), c.message, name)
		assert.Nil(t, client.List(), name)
	}
	// A third namespace is a setting; unknown elements and those of other namespaces are passed over.
	cfg := offline(segur.Production)
	cfg.Namespaces = []string{"urn:a-third"}
	third := bytes.Replace(whitelisttest.DocumentIn("urn:a-third", morning, box), []byte("<db>"), []byte(`<Neuf><a/></Neuf><db xmlns="urn:z">evil.example</db><db>`), 1)
	client, err := use(t, cfg, sign(third))
	require.NoError(t, err)
	assert.Equal(t, "urn:a-third", client.List().Namespace())
	require.NoError(t, client.List().Guard()("db1.site-fictif.example"))
	require.Error(t, client.List().Guard()("evil.example"))
}
