package xmlsec_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/internal/dn"
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/internal/xmlr"
	"github.com/segur-sdk/segur/internal/xmlsec"
)

// sign makes a signature around hostile or unusual SignedInfo, with a real key: what an insider or a lax signer can do.
func sign(t testing.TB, signedInfo string, k xmlsec.Key) string {
	t.Helper()
	digest := sha256.Sum256([]byte(signedInfo))
	value, err := k.Signer.Sign(rand.Reader, digest[:], crypto.SHA256)
	require.NoError(t, err)
	return `<Signature xmlns="http://www.w3.org/2000/09/xmldsig#">` + strings.Replace(signedInfo, ` xmlns="http://www.w3.org/2000/09/xmldsig#"`, "", 1) +
		`<SignatureValue>` + base64.StdEncoding.EncodeToString(value) + `</SignatureValue><KeyInfo><X509Data><X509Certificate>` +
		base64.StdEncoding.EncodeToString(k.Chain[0].Raw) + `</X509Certificate></X509Data></KeyInfo></Signature>`
}

const (
	siHead = `<SignedInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><CanonicalizationMethod Algorithm="` + xmlsec.ExcC14N +
		`"></CanonicalizationMethod><SignatureMethod Algorithm="` + xmlsec.RSASHA256 + `"></SignatureMethod>`
	twoTransforms = `<Transforms><Transform Algorithm="` + xmlsec.EnvelopedTransform + `"></Transform><Transform Algorithm="` + xmlsec.ExcC14N + `"></Transform></Transforms>`
)

func reference(uri, transforms string, content []byte) string {
	d := sha256.Sum256(content)
	return `<Reference ` + uri + `>` + transforms + `<DigestMethod Algorithm="` + xmlsec.SHA256 + `"></DigestMethod><DigestValue>` +
		base64.StdEncoding.EncodeToString(d[:]) + `</DigestValue></Reference>`
}

func TestAttacks(t *testing.T) {
	t.Parallel()
	plain, at := assertion(t)
	good := string(signed(t, rsaKey(), xmlsec.Algorithms{}))
	sigStart, sigEnd := at, strings.Index(good, "</Signature>")+len("</Signature>")
	sig := good[sigStart:sigEnd]
	evil := strings.NewReplacer("801234560801", "899999999999", "code=\"10\"", "code=\"21\"").Replace(string(plain))
	swap := func(old, new string) string {
		require.Equal(t, 1, strings.Count(good, old), old)
		return strings.Replace(good, old, new, 1)
	}
	// build signs an arbitrary SignedInfo into the assertion.
	build := func(si string) string { return string(plain[:at]) + sign(t, si, rsaKey()) + string(plain[at:]) }
	ref := reference(`URI="#_a1"`, twoTransforms, plain)

	require.NoError(t, verifyFirst(t, good))
	require.NoError(t, verifyFirst(t, build(siHead+ref+"</SignedInfo>")), "the hand-made signature is right when nothing is attacked")

	evilSameID := evil[:strings.Index(evil, "</saml:Assertion>")]
	tests := map[string]struct {
		doc    string
		reason xmlsec.Reason
	}{
		"content changed":           {swap("801234560801", "801234560802"), xmlsec.ReasonDigest},
		"attribute changed":         {swap(`code="10"`, `code="21"`), xmlsec.ReasonDigest},
		"element added":             {swap("</saml:Assertion>", "<saml:Advice/></saml:Assertion>"), xmlsec.ReasonDigest},
		"comment injected":          {swap("801234560801", "8012<!-- -->34560801x"), xmlsec.ReasonDigest},
		"namespace changed":         {swap(`xmlns="urn:hl7-org:v3"`, `xmlns="urn:hl7-org:v4"`), xmlsec.ReasonDigest},
		"id changed":                {strings.Replace(good, `ID="_a1"`, `ID="_a2"`, 1), xmlsec.ReasonReference},
		"value changed":             {flipBase64(good, "<SignatureValue>"), xmlsec.ReasonSignature},
		"digest changed":            {flipBase64(good, "<DigestValue>"), xmlsec.ReasonSignature},
		"value not base64":          {swap("<SignatureValue>", "<SignatureValue>!"), xmlsec.ReasonStructure},
		"value missing":             {regexp.MustCompile(`<SignatureValue>.*</SignatureValue>`).ReplaceAllString(good, ""), xmlsec.ReasonStructure},
		"signature removed":         {string(plain), xmlsec.ReasonStructure},
		"two signatures":            {good[:sigEnd] + sig + good[sigEnd:], xmlsec.ReasonStructure},
		"no certificate":            {regexp.MustCompile(`<KeyInfo>.*</KeyInfo>`).ReplaceAllString(good, ""), xmlsec.ReasonCertificate},
		"bare key":                  {regexp.MustCompile(`<X509Data>.*</X509Data>`).ReplaceAllString(good, "<KeyValue/>"), xmlsec.ReasonCertificate},
		"certificate garbled":       {swap("<X509Certificate>MII", "<X509Certificate>AII"), xmlsec.ReasonCertificate},
		"certificate swapped":       {strings.Replace(good, base64.StdEncoding.EncodeToString(rsaKey().Chain[0].Raw), base64.StdEncoding.EncodeToString(impostor().Chain[0].Raw), 1), xmlsec.ReasonSignature},
		"key of another kind":       {strings.Replace(good, base64.StdEncoding.EncodeToString(rsaKey().Chain[0].Raw), base64.StdEncoding.EncodeToString(ecKey().Chain[0].Raw), 1), xmlsec.ReasonAlgorithm},
		"algorithm HMAC":            {swap(xmlsec.RSASHA256, "http://www.w3.org/2000/09/xmldsig#hmac-sha1"), xmlsec.ReasonAlgorithm},
		"algorithm downgraded":      {swap(xmlsec.RSASHA256, xmlsec.RSASHA1), xmlsec.ReasonAlgorithm},
		"algorithm other hash":      {swap(xmlsec.RSASHA256, xmlsec.RSASHA512), xmlsec.ReasonSignature},
		"canonicalisation unknown":  {swap(`Method Algorithm="`+xmlsec.ExcC14N, `Method Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116`), xmlsec.ReasonAlgorithm},
		"canonicalisation changed":  {swap(`Method Algorithm="`+xmlsec.ExcC14N, `Method Algorithm="`+xmlsec.C14N), xmlsec.ReasonSignature},
		"prefix list slipped in":    {swap(`Method Algorithm="`+xmlsec.ExcC14N+`"></CanonicalizationMethod>`, `Method Algorithm="`+xmlsec.ExcC14N+`"><ec:InclusiveNamespaces xmlns:ec="`+xmlsec.ExcC14N+`" PrefixList="saml"/></CanonicalizationMethod>`), xmlsec.ReasonSignature},
		"prefix list of transform":  {swap(`<Transform Algorithm="`+xmlsec.ExcC14N+`"></Transform>`, `<Transform Algorithm="`+xmlsec.ExcC14N+`"><InclusiveNamespaces xmlns="`+xmlsec.ExcC14N+`" PrefixList="xsi"/></Transform>`), xmlsec.ReasonSignature},
		"comment in digest":         {swap("<DigestValue>", "<DigestValue><!--x-->AAAA"), xmlsec.ReasonSignature},
		"signature in SignedInfo":   {swap("<SignedInfo>", "<SignedInfo/><SignedInfo>"), xmlsec.ReasonStructure},
		"unknown child":             {swap("<KeyInfo>", "<x/><KeyInfo>"), xmlsec.ReasonStructure},
		"object":                    {swap("</Signature>", "<Object/></Signature>"), xmlsec.ReasonStructure},
		"signature moved":           {good[:sigStart] + good[sigEnd:len(good)-len("</saml:Assertion>")] + "<saml:Advice>" + sig + "</saml:Advice></saml:Assertion>", xmlsec.ReasonStructure},
		"reference removed":         {build(siHead + "</SignedInfo>"), xmlsec.ReasonStructure},
		"reference twice":           {build(siHead + ref + ref + "</SignedInfo>"), xmlsec.ReasonStructure},
		"reference of another kind": {build(siHead + ref + "<Other></Other></SignedInfo>"), xmlsec.ReasonStructure},
		"reference outside":         {build(siHead + reference(`URI="http://example.test/a"`, twoTransforms, plain) + "</SignedInfo>"), xmlsec.ReasonReference},
		"reference to a file":       {build(siHead + reference(`URI="file:///etc/hosts"`, twoTransforms, plain) + "</SignedInfo>"), xmlsec.ReasonReference},
		"reference empty":           {build(siHead + reference(`URI=""`, twoTransforms, plain) + "</SignedInfo>"), xmlsec.ReasonReference},
		"reference without URI":     {build(siHead + reference(`Id="r"`, twoTransforms, plain) + "</SignedInfo>"), xmlsec.ReasonReference},
		"reference by xpointer":     {build(siHead + reference(`URI="#xpointer(id('_a1'))"`, twoTransforms, plain) + "</SignedInfo>"), xmlsec.ReasonReference},
		"reference by xpointer all": {build(siHead + reference(`URI="#xpointer(/)"`, twoTransforms, plain) + "</SignedInfo>"), xmlsec.ReasonReference},
		"no enveloped transform":    {build(siHead + reference(`URI="#_a1"`, strings.Replace(twoTransforms, `<Transform Algorithm="`+xmlsec.EnvelopedTransform+`"></Transform>`, "", 1), plain) + "</SignedInfo>"), xmlsec.ReasonReference},
		"transforms reversed":       {build(siHead + reference(`URI="#_a1"`, `<Transforms><Transform Algorithm="`+xmlsec.ExcC14N+`"></Transform><Transform Algorithm="`+xmlsec.EnvelopedTransform+`"></Transform></Transforms>`, plain) + "</SignedInfo>"), xmlsec.ReasonAlgorithm},
		"XPath transform":           {build(siHead + reference(`URI="#_a1"`, `<Transforms><Transform Algorithm="`+xmlsec.EnvelopedTransform+`"></Transform><Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><XPath>/</XPath></Transform></Transforms>`, plain) + "</SignedInfo>"), xmlsec.ReasonAlgorithm},
		"XSLT transform":            {build(siHead + reference(`URI="#_a1"`, `<Transforms><Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"></Transform></Transforms>`, plain) + "</SignedInfo>"), xmlsec.ReasonAlgorithm},
		"too many transforms":       {build(siHead + reference(`URI="#_a1"`, strings.Replace(twoTransforms, "</Transforms>", `<Transform Algorithm="`+xmlsec.ExcC14N+`"></Transform></Transforms>`, 1), plain) + "</SignedInfo>"), xmlsec.ReasonStructure},
		"digest MD5":                {build(siHead + strings.Replace(ref, xmlsec.SHA256, "http://www.w3.org/2001/04/xmldsig-more#md5", 1) + "</SignedInfo>"), xmlsec.ReasonAlgorithm},
		"digest SHA-1":              {build(siHead + strings.Replace(ref, xmlsec.SHA256, xmlsec.SHA1, 1) + "</SignedInfo>"), xmlsec.ReasonAlgorithm},

		// Signature wrapping: the signed assertion is moved aside, another one takes its place.
		"wrapping, copy first":                      {`<r>` + evil + good + `</r>`, xmlsec.ReasonStructure},
		"wrapping, same id, own signature":          {`<r>` + evilSameID + `</saml:Assertion>` + good + `</r>`, xmlsec.ReasonStructure},
		"wrapping, signature borrowed":              {`<r>` + evil[:at] + sig + evil[at:] + string(plain) + `</r>`, xmlsec.ReasonDuplicateID},
		"wrapping, other id, signature borrowed":    {`<r>` + strings.Replace(evil[:at]+sig+evil[at:], `ID="_a1"`, `ID="_evil"`, 1) + string(plain) + `</r>`, xmlsec.ReasonReference},
		"wrapping, original inside":                 {strings.Replace(evil[:at]+sig+evil[at:len(evil)-len("</saml:Assertion>")]+"<saml:Advice>"+string(plain)+"</saml:Advice></saml:Assertion>", `ID="_a1"`, `ID="_evil"`, 1), xmlsec.ReasonReference},
		"wrapping, original in an object":           {strings.Replace(evil[:at], `ID="_a1"`, `ID="_evil"`, 1) + strings.Replace(sig, "</Signature>", "<Object>"+string(plain)+"</Object></Signature>", 1) + evil[at:], xmlsec.ReasonStructure},
		"wrapping, same id under another attribute": {`<r><x Id="_a1"/>` + good + `</r>`, xmlsec.ReasonDuplicateID},
		"wrapping, same id as xml:id":               {`<r xml:id="_a1">` + good + `</r>`, xmlsec.ReasonDuplicateID},
		"duplicate of an unrelated id":              {`<r><x ID="k"/><y ID="k"/>` + good + `</r>`, xmlsec.ReasonDuplicateID},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requireReason(t, verifyFirst(t, tc.doc), tc.reason)
		})
	}
}

// verifyFirst does what a naive receiver does: it takes the first assertion of the message.
func verifyFirst(t testing.TB, doc string) error {
	t.Helper()
	_, err := xmlsec.VerifyEnveloped(find(t, []byte(doc)), samlPolicy())
	return err
}

func flipBase64(doc, after string) string {
	i := strings.Index(doc, after) + len(after)
	c := byte('A')
	if doc[i] == c {
		c = 'B'
	}
	return doc[:i] + string(c) + doc[i+1:]
}

func TestImpostorVerifiesButIsNotTrusted(t *testing.T) {
	t.Parallel()
	v, err := xmlsec.VerifyEnveloped(find(t, signed(t, impostor(), xmlsec.Algorithms{})), samlPolicy())
	require.NoError(t, err, "the signature is right: only the chain tells that the signer is unknown")
	pool := x509.NewCertPool()
	pool.AddCert(root().cert)
	_, err = v.Chain(xmlsec.Trust{Roots: pool, Time: now})
	requireReason(t, err, xmlsec.ReasonTrust)
}

func TestPinnedCertificate(t *testing.T) {
	t.Parallel()
	doc := signed(t, rsaKey(), xmlsec.Algorithms{})
	p := samlPolicy()
	p.Certificate = rsaKey().Chain[0]
	_, err := xmlsec.VerifyEnveloped(find(t, doc), p)
	require.NoError(t, err)
	_, err = xmlsec.VerifyEnveloped(find(t, []byte(regexp.MustCompile(`<KeyInfo>.*</KeyInfo>`).ReplaceAllString(string(doc), ""))), p)
	require.NoError(t, err, "KeyInfo is not needed")
	p.Certificate = impostor().Chain[0]
	_, err = xmlsec.VerifyEnveloped(find(t, doc), p)
	requireReason(t, err, xmlsec.ReasonSignature)
}

func TestPolicy(t *testing.T) {
	t.Parallel()
	doc := signed(t, rsaKey(), xmlsec.Algorithms{})
	tests := map[string]struct {
		p      xmlsec.Policy
		reason xmlsec.Reason
	}{
		"no id attribute":    {xmlsec.Policy{}, xmlsec.ReasonInput},
		"other id attribute": {xmlsec.Policy{IDAttrs: []xmlr.Name{xmlsec.IDDSig, xmlsec.IDWSU}}, xmlsec.ReasonReference},
		"key size":           {xmlsec.Policy{IDAttrs: []xmlr.Name{xmlsec.IDSAML}, MinRSABits: 3072}, xmlsec.ReasonCertificate},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := xmlsec.VerifyEnveloped(find(t, doc), tc.p)
			requireReason(t, err, tc.reason)
		})
	}
	_, err := xmlsec.VerifyEnveloped(nil, samlPolicy())
	requireReason(t, err, xmlsec.ReasonStructure)
	_, err = xmlsec.Verify(find(t, doc), samlPolicy())
	requireReason(t, err, xmlsec.ReasonStructure)
}

func TestEmptyURIWhenExpected(t *testing.T) {
	t.Parallel()
	content := `<r xmlns="urn:r">text</r>`
	si := siHead + reference(`URI=""`, twoTransforms, []byte(content)) + "</SignedInfo>"
	doc := strings.Replace(content, "text", "te<!-- c -->xt"+sign(t, si, rsaKey()), 1)
	n, err := xmlr.Parse([]byte(doc), xmlr.Options{})
	require.NoError(t, err)
	p := samlPolicy()
	p.AllowEmptyURI = true
	v, err := xmlsec.Verify(n.Child(xmlsec.NamespaceDS, "Signature"), p)
	require.NoError(t, err)
	require.Equal(t, content, string(v.References[0].Bytes), "comments are not signed and not given back")
}

// TestVerifiedBytesNotTheMessage: a comment inside signed text does not break the signature, and the verified bytes
// read whole.
func TestVerifiedBytesNotTheMessage(t *testing.T) {
	t.Parallel()
	doc := strings.Replace(string(signed(t, rsaKey(), xmlsec.Algorithms{})), "801234560801", "8012345<!-- -->60801", 1)
	v, err := xmlsec.VerifyEnveloped(find(t, []byte(doc)), samlPolicy())
	require.NoError(t, err)
	require.Contains(t, string(v.References[0].Bytes), "<saml:NameID>801234560801</saml:NameID>")
}

func TestCutSignedMessage(t *testing.T) {
	t.Parallel()
	doc := signed(t, ecKey(), xmlsec.Algorithms{})
	for i := range doc {
		_, err := xmlr.Parse(doc[:i], xmlr.Options{})
		require.Error(t, err, "cut at %d", i)
	}
}

// TestCapturedAssertion: a real assertion signed with a CPS card, captured on the INSi test platform.
func TestCapturedAssertion(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"assertion_ps_cps_test_sample.xml", "req_RECSANSVITALE_ADRTROIS_DOMINIQUE_with_assertion_ps.xml"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, err := xmlsec.VerifyEnveloped(find(t, testkit.ReadShared(t, "insi/captured/"+name)), samlPolicy())
			require.NoError(t, err)
			require.Equal(t, xmlsec.RSASHA256, v.Algorithm)
			n, err := xmlr.Parse(v.References[0].Bytes, xmlr.Options{})
			require.NoError(t, err)
			require.True(t, dn.Matches(n.Child(saml, "Issuer").Text(), v.Certificate.RawSubject))
			require.Equal(t, "CPS", n.Find(saml, "Subject/NameID").Attr("NameQualifier"))
		})
	}
}

func TestOfficialSamplesVerify(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"vihf-indirecte.xml", "vihf-indirecte-automate.xml", "vihf-indirecte-renforcee.xml", "vihf-indirecte-secret.xml"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := xmlsec.VerifyEnveloped(find(t, testkit.ReadShared(t, "dmp/samples/"+name)), samlPolicy())
			require.NoError(t, err)
		})
	}
	sha1 := find(t, testkit.ReadShared(t, "dmp/samples/vihf-indirecte-sha1.xml"))
	_, err := xmlsec.VerifyEnveloped(sha1, samlPolicy())
	requireReason(t, err, xmlsec.ReasonAlgorithm)
	p := samlPolicy()
	p.AllowSHA1 = true
	_, err = xmlsec.VerifyEnveloped(sha1, p)
	require.NoError(t, err)
}

// FuzzVerify: whatever the message, no panic and no acceptance of bytes that differ from the signed ones.
func FuzzVerify(f *testing.F) {
	good := signed(f, ecKey(), xmlsec.Algorithms{})
	plain, _ := assertion(f)
	f.Add(good)
	f.Add(envelope(good))
	f.Add(plain)
	f.Add(must(xmlsec.SignDSG(testDSG(f, xmlsec.Algorithms{}), ecKey())))
	f.Fuzz(func(t *testing.T, doc []byte) {
		n, err := xmlr.Parse(doc, xmlr.Options{})
		if err != nil {
			return
		}
		for c := range n.Walk() {
			v, err := xmlsec.VerifyEnveloped(c, samlPolicy())
			if err == nil && v.Certificate.Equal(ecKey().Chain[0]) && string(v.References[0].Bytes) != string(plain) {
				t.Fatalf("accepted %q", v.References[0].Bytes)
			}
		}
		_, _ = xmlsec.VerifyDSG(doc, xmlsec.Policy{})
	})
}

func BenchmarkVerify(b *testing.B) {
	doc := envelope(signed(b, rsaKey(), xmlsec.Algorithms{}))
	digest := sha256.Sum256(nil)
	value, err := rsa.SignPKCS1v15(rand.Reader, rsaKey().Signer.(*rsa.PrivateKey), crypto.SHA256, digest[:])
	require.NoError(b, err)
	b.Run("floor-rsa", func(b *testing.B) {
		for b.Loop() {
			_ = rsa.VerifyPKCS1v15(rsaKey().Signer.Public().(*rsa.PublicKey), crypto.SHA256, digest[:], value)
		}
	})
	b.Run("parse-and-verify", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := xmlsec.VerifyEnveloped(find(b, doc), samlPolicy()); err != nil {
				b.Fatal(fmt.Errorf("verify: %w", err))
			}
		}
	})
}
