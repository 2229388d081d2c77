package xmlsec_test

import (
	"bytes"
	"crypto"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/dicomweb/drim/whitelist/whitelisttest"
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/internal/xmlr"
	"github.com/segur-sdk/segur/internal/xmlsec"
)

var (
	xadesPolicy   = xmlsec.DocumentPolicy{Form: xmlsec.XAdESForm}
	xadesProfiles = map[string]whitelisttest.Profile{"filter 2": whitelisttest.Filter2, "enveloped": whitelisttest.Enveloped}
)

const plainDocument = "<?xml version=\"1.0\"?>\n<l xmlns=\"urn:liste\" xmlns:x=\"urn:x\" b='2'>\r\n<nom>a&gt;é</nom><vide/></l>\n"

// The informative list of DRIM-M of 2024: XPath Filter 2, XAdES baseline B, SigningCertificateV2. The form of the other
// lists does not accept it.
func TestOfficialXAdESDocument(t *testing.T) {
	t.Parallel()
	document := testkit.ReadShared(t, "drim/liste_blanche_signee_informatif.xml")
	v, err := xmlsec.VerifyDocument(document, xadesPolicy)
	require.NoError(t, err)
	assert.Equal(t, "Liste Blanche DRIM-M", v.Certificate.Subject.CommonName)
	assert.Equal(t, time.Date(2024, time.July, 12, 5, 37, 19, 0, time.UTC), v.SigningTime)
	assert.Equal(t, "3s8h/Kur9wAnBqDS933dfAeHxTqZbE3QFwVeVseMKfg=", base64.StdEncoding.EncodeToString(v.Digest[:]))
	require.Len(t, v.References, 2)
	assert.Equal(t, xmlsec.TypeSignedProperties132, v.References[1].Type)
	require.NoError(t, testkit.XMLSec1Verify(t, document, append([]string{"--enabled-key-data", "x509", "--insecure"}, testkit.XMLSecXAdES...)...))

	_, err = xmlsec.VerifyDocument(document, xmlsec.DocumentPolicy{})
	requireReason(t, err, xmlsec.ReasonStructure)
}

// Both profiles verify, only in the form that was asked for; a signature without properties does too.
func TestVerifyXAdESDocument(t *testing.T) {
	t.Parallel()
	signer := credentialtest.NewPKI().Signature()
	for name, p := range xadesProfiles {
		document := whitelisttest.Sign([]byte(plainDocument), signer, p)
		var seen []string
		policy := xadesPolicy
		policy.Visit = func(s *xmlr.Scanner) error {
			if s.Kind() == xmlr.StartElement {
				seen = append(seen, string(s.Local()))
			}
			return nil
		}
		v, err := xmlsec.VerifyDocument(document, policy)
		require.NoError(t, err, name)
		assert.Equal(t, []string{"l", "nom", "vide"}, seen, "nothing of the signature is told")
		assert.Equal(t, signer.Chain()[0].Raw, v.Certificate.Raw)
		assert.Equal(t, "2026-02-01T08:00:00Z", v.SigningTime.Format(time.RFC3339))
		assert.Contains(t, string(v.References[1].Bytes), "<xades:SigningTime>2026-02-01")
		_, err = xmlsec.VerifyDocument(document, xmlsec.DocumentPolicy{})
		requireReason(t, err, xmlsec.ReasonStructure)
	}
	// The lists that are signed without properties are those of the strict form; the other takes them.
	for _, k := range []xmlsec.Key{rsaKey(), ecKey()} {
		v, err := xmlsec.VerifyDocument(signDocument(t, k), xadesPolicy)
		require.NoError(t, err)
		assert.Len(t, v.References, 1)
		assert.True(t, v.SigningTime.IsZero())
	}
	// XPath Filter 2 without Object is for that form only.
	bare := whitelisttest.SignWith([]byte(plainDocument), signer, whitelisttest.Shape{Change: withoutProperties})
	_, err := xmlsec.VerifyDocument(bare, xadesPolicy)
	require.NoError(t, err)
	_, err = xmlsec.VerifyDocument(bare, xmlsec.DocumentPolicy{})
	requireReason(t, err, xmlsec.ReasonAlgorithm)
}

// cutOut removes what stands between two marks, both included.
func cutOut(s, from, to string) string {
	i := strings.Index(s, from)
	j := i + strings.Index(s[i:], to) + len(to)
	return s[:i] + s[j:]
}

func withoutReference(s string) string {
	i := strings.LastIndex(s, "<ds:Reference ")
	return s[:i] + cutOut(s[i:], "<ds:Reference ", "</ds:Reference>")
}

func withoutObject(s string) string { return cutOut(s, "<ds:Object>", "</ds:Object>") }

func withoutProperties(s string) string { return withoutObject(withoutReference(s)) }

// A signer whose signature is right, and is not of the profile: everything is refused though the values verify.
func TestXAdESDocumentProfile(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	signer, other := pki.Signature(), pki.Signature(credentialtest.CommonName("AUTRE"))
	require.NotEqual(t, signer.Chain()[0].SerialNumber, other.Chain()[0].SerialNumber)
	swap := func(pairs ...string) func(string) string {
		return func(s string) string {
			for i := 0; i < len(pairs); i += 2 {
				s = strings.Replace(s, pairs[i], pairs[i+1], 1)
			}
			return s
		}
	}
	const f2, env = whitelisttest.Filter2, whitelisttest.Enveloped
	named := func(p whitelisttest.Profile, element string) func(string) string {
		// What another signer's properties say, for this element.
		foreign := string(whitelisttest.Sign([]byte("<x></x>"), other, p))
		return func(s string) string {
			i, j := strings.Index(foreign, "<"+element+">"), strings.Index(foreign, "</"+element+">")
			from, to := strings.Index(s, "<"+element+">"), strings.Index(s, "</"+element+">")
			return s[:from] + foreign[i:j] + s[to:]
		}
	}
	const object = "<ds:Object><xades:"
	for name, c := range map[string]struct {
		profile whitelisttest.Profile
		change  func(string) string
		reason  xmlsec.Reason
	}{
		"filter of intersection":    {f2, swap(`Filter="subtract"`, `Filter="intersect"`), xmlsec.ReasonAlgorithm},
		"union":                     {f2, swap(`Filter="subtract"`, `Filter="union"`), xmlsec.ReasonAlgorithm},
		"subtracts something else":  {f2, swap("/descendant::ds:Signature", "/descendant::ds:Signature | //nom"), xmlsec.ReasonAlgorithm},
		"subtracts all":             {f2, swap("/descendant::ds:Signature", "/"), xmlsec.ReasonAlgorithm},
		"same by another path":      {f2, swap("/descendant::ds:Signature", "//ds:Signature"), xmlsec.ReasonAlgorithm},
		"blanks":                    {f2, swap("/descendant::ds:Signature", " /descendant::ds:Signature"), xmlsec.ReasonAlgorithm},
		"prefix bound elsewhere":    {f2, swap(`Filter="subtract"`, `xmlns:ds="urn:x" Filter="subtract"`), xmlsec.ReasonAlgorithm},
		"two filters":               {f2, swap("</dsig-filter2:XPath>", `</dsig-filter2:XPath><dsig-filter2:XPath xmlns:dsig-filter2="`+xmlsec.XPathFilter2+`" Filter="union">/</dsig-filter2:XPath>`), xmlsec.ReasonAlgorithm},
		"filter without expression": {f2, func(s string) string { return cutOut(s, "<dsig-filter2:XPath", "</dsig-filter2:XPath>") }, xmlsec.ReasonAlgorithm},
		"another attribute":         {f2, swap(`Filter="subtract"`, `Filter="subtract" x="y"`), xmlsec.ReasonAlgorithm},
		"xpath 1.0":                 {f2, swap(`Algorithm="`+xmlsec.XPathFilter2, `Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116`), xmlsec.ReasonAlgorithm},
		"filter unknown of prefix":  {env, swap(`<Transform Algorithm="`+xmlsec.EnvelopedTransform+`"/>`, `<Transform Algorithm="`+xmlsec.XPathFilter2+`"><f:XPath xmlns:f="`+xmlsec.XPathFilter2+`" xmlns:ds="`+xmlsec.NamespaceDS+`" Filter="subtract">/descendant::ds:Signature</f:XPath></Transform>`), xmlsec.ReasonAlgorithm},
		"both transforms":           {f2, swap("<ds:Transforms>", `<ds:Transforms><ds:Transform Algorithm="`+xmlsec.EnvelopedTransform+`"/>`), xmlsec.ReasonAlgorithm},
		"no canonicalisation":       {env, swap(`<Transform Algorithm="`+xmlsec.ExcC14N+`"/>`, ""), xmlsec.ReasonAlgorithm},
		"no transforms":             {env, func(s string) string { return cutOut(s, "<Transforms>", "</Transforms>") }, xmlsec.ReasonStructure},
		"inclusive":                 {env, swap(`<Transform Algorithm="`+xmlsec.ExcC14N, `<Transform Algorithm="`+xmlsec.C14N), xmlsec.ReasonAlgorithm},
		"method with comments":      {f2, swap(`Method Algorithm="`+xmlsec.ExcC14N, `Method Algorithm="`+xmlsec.ExcC14N+"WithComments"), xmlsec.ReasonAlgorithm},
		"covers an element":         {f2, swap(`URI=""`, `URI="#xades-id-signature"`), xmlsec.ReasonReference},
		"no URI":                    {f2, swap(` URI=""`, ""), xmlsec.ReasonReference},
		"covers by XPointer":        {f2, swap(`URI=""`, `URI="#xpointer(/)"`), xmlsec.ReasonReference},
		"three references": {f2, func(s string) string {
			return swap("</ds:SignedInfo>", `<ds:Reference URI="http://x.example/"/></ds:SignedInfo>`)(s)
		}, xmlsec.ReasonStructure},
		"document not covered": {f2, func(s string) string { return cutOut(s, `<ds:Reference Id=`, "</ds:Reference>") }, xmlsec.ReasonReference},
		"properties twice": {f2, func(s string) string {
			return swap(`Id="r-id-signature-1" URI=""`, `Type="`+xmlsec.TypeSignedProperties132+`" URI="#xades-id-signature"`)(s)
		}, xmlsec.ReasonStructure},
		"properties not covered":        {f2, withoutReference, xmlsec.ReasonReference},
		"properties absent":             {f2, withoutObject, xmlsec.ReasonReference},
		"reference to the value":        {f2, swap("#xades-id-signature", "#value-id-signature"), xmlsec.ReasonReference},
		"reference to all":              {f2, swap(`URI="#xades-id-signature"`, `URI=""`), xmlsec.ReasonReference},
		"properties without Id":         {f2, swap(` Id="xades-id-signature"`, ""), xmlsec.ReasonReference},
		"properties enveloped":          {env, swap("SignedProperties\" URI=\"#xades-id-signature\"><Transforms>", "SignedProperties\" URI=\"#xades-id-signature\"><Transforms><Transform Algorithm=\""+xmlsec.EnvelopedTransform+"\"/>"), xmlsec.ReasonAlgorithm},
		"properties of another":         {f2, swap(`Target="#id-signature"`, `Target="#id-other"`), xmlsec.ReasonReference},
		"signature without Id":          {f2, swap(` Id="id-signature"`, ""), xmlsec.ReasonReference},
		"two objects":                   {f2, swap("</ds:Object>", `</ds:Object><ds:Object/>`), xmlsec.ReasonStructure},
		"another object":                {f2, swap("<ds:Object>", `<ds:Object/><ds:Object>`), xmlsec.ReasonStructure},
		"object with another child":     {f2, swap(object, `<ds:Object><l xmlns="urn:liste"/><xades:`), xmlsec.ReasonStructure},
		"object with a manifest":        {f2, swap(object, `<ds:Object><ds:Manifest/><xades:`), xmlsec.ReasonStructure},
		"object with text":              {f2, swap(object, `<ds:Object>x<xades:`), xmlsec.ReasonStructure},
		"unsigned properties":           {f2, swap("</xades:QualifyingProperties>", "<xades:UnsignedProperties/></xades:QualifyingProperties>"), xmlsec.ReasonStructure},
		"properties of another version": {f2, swap(`xmlns:xades="http://uri.etsi.org/01903/v1.3.2#"`, `xmlns:xades="http://uri.etsi.org/01903/v1.2.2#"`), xmlsec.ReasonStructure},
		"type of another version":       {f2, swap(`Type="http://uri.etsi.org/01903#`, `Type="http://uri.etsi.org/01903/v1.1.1#`), xmlsec.ReasonStructure},
		"signature in the object":       {f2, swap("<xades:SignedDataObjectProperties>", `<xades:SignedDataObjectProperties><ds:Signature/>`), xmlsec.ReasonStructure},
		"two times":                     {f2, swap("</xades:SigningTime>", "</xades:SigningTime><xades:SigningTime>2026-01-01T00:00:00Z</xades:SigningTime>"), xmlsec.ReasonStructure},
		"no time at all":                {f2, swap("2026-02-01T08:00:00Z", "hier"), xmlsec.ReasonStructure},
		"no certificate named": {f2, func(s string) string {
			return cutOut(s, "<xades:SigningCertificateV2>", "</xades:SigningCertificateV2>")
		}, xmlsec.ReasonCertificate},
		"two certificates named":      {f2, swap("</xades:SigningCertificateV2>", "</xades:SigningCertificateV2><xades:SigningCertificate/>"), xmlsec.ReasonCertificate},
		"digest of another":           {f2, named(f2, "xades:CertDigest"), xmlsec.ReasonCertificate},
		"digest of another v1":        {env, named(env, "xades:CertDigest"), xmlsec.ReasonCertificate},
		"serial of another":           {f2, named(f2, "xades:IssuerSerialV2"), xmlsec.ReasonCertificate},
		"serial of another v1":        {env, named(env, "xades:IssuerSerial"), xmlsec.ReasonCertificate},
		"issuer of another":           {env, swap("<X509IssuerName>", "<X509IssuerName>OU=x,"), xmlsec.ReasonCertificate},
		"serial that is no number":    {env, swap("<X509SerialNumber>", "<X509SerialNumber>0x"), xmlsec.ReasonCertificate},
		"serial of v1 in v2":          {f2, swap("xades:IssuerSerialV2>", "xades:IssuerSerial>", "xades:IssuerSerialV2>", "xades:IssuerSerial>"), xmlsec.ReasonStructure},
		"no issuer in v1":             {env, func(s string) string { return cutOut(s, "<xades:IssuerSerial>", "</xades:IssuerSerial>") }, xmlsec.ReasonStructure},
		"garbage for the issuer":      {f2, swap("<xades:IssuerSerialV2>", "<xades:IssuerSerialV2>AAAA"), xmlsec.ReasonCertificate},
		"weak digest of certificate":  {env, swap("CertDigest><DigestMethod Algorithm=\""+xmlsec.SHA256, "CertDigest><DigestMethod Algorithm=\""+xmlsec.SHA1), xmlsec.ReasonAlgorithm},
		"no digest of certificate":    {env, func(s string) string { return cutOut(s, "<xades:CertDigest>", "</xades:CertDigest>") }, xmlsec.ReasonStructure},
		"one identifier twice":        {f2, swap(`Id="value-id-signature"`, `Id="xades-id-signature"`), xmlsec.ReasonDuplicateID},
		"same identifier, other name": {f2, swap("<xades:SigningTime>", `<xades:SigningTime ID="xades-id-signature">`), xmlsec.ReasonDuplicateID},
	} {
		document := whitelisttest.SignWith([]byte(plainDocument), signer, whitelisttest.Shape{Profile: c.profile, Change: c.change})
		_, err := xmlsec.VerifyDocument(document, xadesPolicy)
		var refusal *xmlsec.Error
		require.ErrorAs(t, err, &refusal, name)
		assert.Equal(t, c.reason, refusal.Reason, "%s: %v", name, err)
	}
	// Algorithms below the profile, that the values are really made with.
	for name, c := range map[string]struct {
		hash    crypto.Hash
		sig, dg string
	}{"sha-1": {crypto.SHA1, xmlsec.RSASHA1, xmlsec.SHA1}, "sha-512": {crypto.SHA512, xmlsec.RSASHA512, xmlsec.SHA512}} {
		document := whitelisttest.SignWith([]byte(plainDocument), signer, whitelisttest.Shape{Hash: c.hash, Change: func(s string) string {
			info := strings.Index(s, "</ds:SignedInfo>")
			return strings.NewReplacer(xmlsec.RSASHA256, c.sig, xmlsec.SHA256, c.dg).Replace(s[:info]) + s[info:]
		}})
		_, err := xmlsec.VerifyDocument(document, xadesPolicy)
		require.Error(t, err, name)
		requireReason(t, err, xmlsec.ReasonAlgorithm)
	}
}

// What is changed, moved, added or hidden after the signature is refused in both profiles.
func TestXAdESDocumentTampered(t *testing.T) {
	t.Parallel()
	signer := credentialtest.NewPKI().Signature()
	const whole = "</l>\n"
	for name, c := range map[string]struct {
		change func(unsigned, signature string) string // of the document in two parts
		reason xmlsec.Reason                           // "": an *xmlr.Error
	}{
		"content":   {func(u, s string) string { return strings.Replace(u, "a&gt;", "b&gt;", 1) + s + whole }, xmlsec.ReasonDigest},
		"attribute": {func(u, s string) string { return strings.Replace(u, "b='2'", "b='3'", 1) + s + whole }, xmlsec.ReasonDigest},
		"added":     {func(u, s string) string { return u + "<nom/>" + s + whole }, xmlsec.ReasonDigest},
		"hidden by the filter": {func(u, s string) string {
			return u + `<Signature xmlns="` + xmlsec.NamespaceDS + `"><nom>evil</nom></Signature>` + s + whole
		}, xmlsec.ReasonStructure},
		"hidden deep": {func(u, s string) string {
			return strings.Replace(u, "<vide/>", `<vide><d:Signature xmlns:d="`+xmlsec.NamespaceDS+`"/></vide>`, 1) + s + whole
		}, xmlsec.ReasonStructure},
		"two signatures": {func(u, s string) string { return u + s + s + whole }, xmlsec.ReasonStructure},
		"hidden in it": {func(u, s string) string {
			return u + strings.Replace(s, "Object>", "Object><nom xmlns=\"urn:liste\"/>", 1) + whole
		}, xmlsec.ReasonStructure},
		"signature moved": {func(u, s string) string { return strings.Replace(u, "<vide/>", "<vide>"+s+"</vide>", 1) + whole }, xmlsec.ReasonStructure},
		"signature first": {func(u, s string) string { return strings.Replace(u, "<nom>", s+"<nom>", 1) + whole }, xmlsec.ReasonStructure},
		"content after":   {func(u, s string) string { return u + s + "<nom/>" + whole }, xmlsec.ReasonStructure},
		"text after":      {func(u, s string) string { return u + s + "x" + whole }, xmlsec.ReasonStructure},
		"wrapped": {func(u, s string) string {
			return strings.Replace(u, "<l ", `<w xmlns="urn:liste"><l `, 1) + s + "</l></w>"
		}, xmlsec.ReasonStructure},
		"wrapped above": {func(u, s string) string {
			return "<w xmlns=\"urn:liste\">" + strings.Split(u, "\n")[1] + "</l>" + s + "</w>"
		}, xmlsec.ReasonDigest},
		"not signed": {func(u, _ string) string { return u + whole }, xmlsec.ReasonStructure},
		"comment":    {func(u, s string) string { return strings.Replace(u, "<nom>", "<nom><!-- -->", 1) + s + whole }, xmlsec.ReasonStructure},
		"comment in it": {func(u, s string) string {
			return u + strings.Replace(s, "SigningTime>", "SigningTime><!---->", 1) + whole
		}, xmlsec.ReasonStructure},
		"instruction": {func(u, s string) string { return strings.Replace(u, "<nom>", "<?x y?><nom>", 1) + s + whole }, xmlsec.ReasonStructure},
		"doctype":     {func(u, s string) string { return strings.Replace(u, "<l ", "<!DOCTYPE l><l ", 1) + s + whole }, ""},
		"entity":      {func(u, s string) string { return strings.Replace(u, "&gt;", "&nom;", 1) + s + whole }, ""},
		"identifier twice": {func(u, s string) string {
			return strings.Replace(u, "<vide/>", `<vide Id="xades-id-signature"/>`, 1) + s + whole
		}, xmlsec.ReasonDuplicateID},
		"identifier on root": {func(u, s string) string {
			return strings.Replace(u, "b='2'", `b='2' xml:id="id-signature"`, 1) + s + whole
		}, xmlsec.ReasonDuplicateID},
		"time": {func(u, s string) string { return u + strings.Replace(s, "2026-02-01", "2026-02-02", 1) + whole }, xmlsec.ReasonDigest},
		"namespace of the properties": {func(u, s string) string {
			return u + strings.Replace(s, "<xades:SignedProperties ", `<xades:SignedProperties xmlns:y="urn:y" y:z="" `, 1) + whole
		}, xmlsec.ReasonDigest},
		"digests swapped": {func(u, s string) string { return u + swapDigests(s) + whole }, xmlsec.ReasonSignature},
		"value":           {func(u, s string) string { return u + strings.Replace(s, "2026", "2027", 1) + whole }, xmlsec.ReasonDigest},
		"object out": {func(u, s string) string {
			return u + cutOut(s, "<xades:QualifyingProperties", "</xades:QualifyingProperties>") + whole
		}, xmlsec.ReasonStructure},
	} {
		for profile, p := range xadesProfiles {
			document := string(whitelisttest.Sign([]byte(plainDocument), signer, p))
			i := max(strings.Index(document, "<ds:Signature "), strings.Index(document, "<Signature "))
			j := strings.LastIndex(document, whole)
			changed := c.change(document[:i], document[i:j])
			_, err := xmlsec.VerifyDocument([]byte(changed), xadesPolicy)
			require.Error(t, err, "%s, %s", name, profile)
			var refusal *xmlsec.Error
			if c.reason == "" {
				var syntax *xmlr.Error
				require.ErrorAs(t, err, &syntax, name)
				continue
			}
			require.ErrorAs(t, err, &refusal, "%s, %s: %v", name, profile, err)
			assert.Equal(t, c.reason, refusal.Reason, "%s, %s: %v", name, profile, err)
		}
	}
}

// swapDigests exchanges the two digests of SignedInfo.
func swapDigests(s string) string {
	parts := strings.SplitN(s, "DigestValue>", 5)
	parts[1], parts[3] = parts[3], parts[1]
	return strings.Join(parts, "DigestValue>")
}

// Bytes count, but for those that change nothing of what the document says, and no cut passes.
func TestXAdESDocumentBytes(t *testing.T) {
	t.Parallel()
	signer := credentialtest.NewPKI().Signature()
	for _, p := range xadesProfiles {
		document := whitelisttest.Sign([]byte(plainDocument), signer, p)
		original, err := xmlsec.VerifyDocument(document, xadesPolicy)
		require.NoError(t, err)
		key := base64.StdEncoding.EncodeToString(signer.Chain()[0].Raw)
		inside := bytes.Index(document, []byte(key))
		for i := range document {
			if i > inside && i < inside+len(key)-8 || i%4 != int(p) {
				continue // the certificate is tied by its digest and by Chain
			}
			changed := bytes.Clone(document)
			changed[i] ^= 1
			if v, err := xmlsec.VerifyDocument(changed, xadesPolicy); err == nil {
				assert.Equal(t, original.Digest, v.Digest, i)
				assert.Equal(t, original.SigningTime, v.SigningTime, i)
				assert.Equal(t, original.Certificate.Raw, v.Certificate.Raw, i)
			}
		}
		for i := range len(document) - 1 {
			if i < len(document)-8 && i%7 > 0 {
				continue
			}
			_, err := xmlsec.VerifyDocument(document[:i], xadesPolicy)
			require.Error(t, err, i)
		}
	}
}
