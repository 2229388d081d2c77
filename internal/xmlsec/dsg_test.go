package xmlsec_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/internal/xmlr"
	"github.com/segur-sdk/segur/internal/xmlsec"
)

const (
	docCDA = "<?xml version=\"1.0\"?>\r\n<?p x?>\n<ClinicalDocument xmlns='urn:hl7-org:v3' ><!-- c --><title>Écho &amp; co</title></ClinicalDocument>"
	docKOS = "DICM\x00\x01"
)

func testDSG(t testing.TB, a xmlsec.Algorithms) xmlsec.DSG {
	t.Helper()
	cda, err := xmlsec.DigestCanonical([]byte(docCDA), a.Digest, xmlr.Options{})
	require.NoError(t, err)
	kos, err := xmlsec.Digest(strings.NewReader(docKOS), a.Digest)
	require.NoError(t, err)
	return xmlsec.DSG{ID: "sig-1", SigningTime: now, Algorithms: a, References: []xmlsec.ManifestReference{
		xmlsec.Placeholder("urn:oid:1.2.250.1.999.1"), {URI: "urn:oid:1.2.250.1.999.2", Canonical: true, Digest: cda}, {URI: "urn:oid:1.2.250.1.999.3", Digest: kos},
	}}
}

func TestDSG(t *testing.T) {
	t.Parallel()
	whole := rsaKey()
	whole.WholeChain = true
	tests := map[string]struct {
		key xmlsec.Key
		alg xmlsec.Algorithms
	}{
		"SHA-256":     {rsaKey(), xmlsec.Algorithms{}},
		"SHA-1":       {rsaKey(), xmlsec.SHA1Algorithms()},
		"ECDSA":       {ecKey(), xmlsec.Algorithms{}},
		"whole chain": {whole, xmlsec.Algorithms{}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := xmlsec.SignDSG(testDSG(t, tc.alg), tc.key)
			require.NoError(t, err)
			again, err := xmlr.Canonicalize(nil, out, xmlr.Canonical{Comments: true})
			require.NoError(t, err)
			require.Equal(t, string(out), string(again), "written in canonical form")

			p := xmlsec.Policy{AllowSHA1: tc.alg.Digest == xmlsec.SHA1}
			d, err := xmlsec.VerifyDSG(out, p)
			require.NoError(t, err)
			require.Equal(t, "sig-1", d.ID)
			require.Equal(t, xmlsec.PurposeSource, d.Purpose)
			require.True(t, now.Equal(d.SigningTime))
			require.Len(t, d.References, 3)
			require.Equal(t, []byte{0}, d.References[0].Digest)
			require.NoError(t, d.References[1].Match([]byte(docCDA), xmlr.Options{}))
			require.NoError(t, d.References[1].Match([]byte(strings.ReplaceAll(docCDA, "'", `"`)), xmlr.Options{}), "same canonical form")
			requireReason(t, d.References[1].Match([]byte(strings.Replace(docCDA, "co<", "cie<", 1)), xmlr.Options{}), xmlsec.ReasonDigest)
			require.NoError(t, d.References[2].Match([]byte(docKOS), xmlr.Options{}))
			requireReason(t, d.References[2].Match([]byte(docKOS+" "), xmlr.Options{}), xmlsec.ReasonDigest)
			if p.AllowSHA1 {
				_, err := xmlsec.VerifyDSG(out, xmlsec.Policy{})
				requireReason(t, err, xmlsec.ReasonAlgorithm)
			}
			certs := 1
			if tc.key.WholeChain {
				certs = 2
			}
			require.Equal(t, certs, bytes.Count(out, []byte("<Cert>")))
			require.Equal(t, certs, bytes.Count(out, []byte("<X509Certificate>")))
		})
	}
}

func TestDSGAttacks(t *testing.T) {
	t.Parallel()
	good := string(must(xmlsec.SignDSG(testDSG(t, xmlsec.Algorithms{}), rsaKey())))
	swap := func(old, new string) string {
		require.Contains(t, good, old)
		return strings.Replace(good, old, new, 1)
	}
	manifest := good[strings.Index(good, "<Manifest"):strings.Index(good, "</Manifest>")]
	tests := map[string]struct {
		doc    string
		reason xmlsec.Reason
	}{
		"manifest uri changed":     {swap("1.2.250.1.999.2", "1.2.250.1.999.9"), xmlsec.ReasonDigest},
		"manifest entry removed":   {swap(manifest[strings.LastIndex(manifest, "<Reference"):], ""), xmlsec.ReasonDigest},
		"signing time changed":     {swap("2026-03-02T09", "2026-03-02T10"), xmlsec.ReasonDigest},
		"namespace added":          {swap(`<Signature xmlns=`, `<Signature xmlns:x="urn:x" xmlns=`), xmlsec.ReasonSignature},
		"manifest twice":           {swap("<Object><Manifest", "<Object>"+manifest+"</Manifest></Object><Object><Manifest"), xmlsec.ReasonDuplicateID},
		"properties renamed":       {swap(`<SignedProperties Id="S0-SignedProperties"`, `<SignedProperties Id="S1"`), xmlsec.ReasonReference},
		"properties of another":    {swap(`<QualifyingProperties xmlns="http://uri.etsi.org/01903/v1.1.1#" Target="#sig-1"`, `<QualifyingProperties xmlns="http://uri.etsi.org/01903/v1.1.1#" Target="#sig-2"`), xmlsec.ReasonReference},
		"certificate swapped":      {swap("<X509Certificate>"+good[strings.Index(good, "<X509Certificate>")+17:strings.Index(good, "</X509Certificate>")], "<X509Certificate>"+string(impostorBase64())), xmlsec.ReasonSignature},
		"not a signature document": {"<a/>", xmlsec.ReasonStructure},
		"not XML":                  {"<a", xmlsec.ReasonStructure},
		"doctype":                  {"<!DOCTYPE a>" + good, xmlsec.ReasonStructure},
		"other types":              {string(signedOnly(t)), xmlsec.ReasonReference},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := xmlsec.VerifyDSG([]byte(tc.doc), xmlsec.Policy{})
			requireReason(t, err, tc.reason)
		})
	}
	for i := range len(good) {
		_, err := xmlsec.VerifyDSG([]byte(good[:i]), xmlsec.Policy{})
		require.Error(t, err, "cut at %d", i)
	}
}

// signedOnly is a right signature over one object that is not a manifest.
func signedOnly(t testing.TB) []byte {
	t.Helper()
	object := `<Object xmlns="http://www.w3.org/2000/09/xmldsig#" Id="o">x</Object>`
	sig := sign(t, siHead+reference(`URI="#o"`, "", []byte(object))+"</SignedInfo>", rsaKey())
	return []byte(strings.Replace(sig, "</Signature>", `<Object Id="o">x</Object></Signature>`, 1))
}

func TestSignDSGRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]func(d *xmlsec.DSG){
		"no id":         func(d *xmlsec.DSG) { d.ID = "" },
		"digit first":   func(d *xmlsec.DSG) { d.ID = "1a" },
		"reserved id":   func(d *xmlsec.DSG) { d.ID = "IHEManifest" },
		"no time":       func(d *xmlsec.DSG) { d.SigningTime = time.Time{} },
		"nothing":       func(d *xmlsec.DSG) { d.References = nil },
		"no digest":     func(d *xmlsec.DSG) { d.References[1].Digest = nil },
		"no uri":        func(d *xmlsec.DSG) { d.References[1].URI = "" },
		"bad character": func(d *xmlsec.DSG) { d.References[1].URI = "a\x00" },
	}
	for name, spoil := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := testDSG(t, xmlsec.Algorithms{})
			spoil(&d)
			_, err := xmlsec.SignDSG(d, rsaKey())
			requireReason(t, err, xmlsec.ReasonInput)
		})
	}
	_, err := xmlsec.DigestCanonical([]byte("<a"), "", xmlr.Options{})
	requireReason(t, err, xmlsec.ReasonInput)
	_, err = xmlsec.Digest(strings.NewReader(""), "md5")
	requireReason(t, err, xmlsec.ReasonAlgorithm)
}

// TestOfficialDSG: the DMP sample was made by another implementation; the CDA it lists is beside it.
func TestOfficialDSG(t *testing.T) {
	t.Parallel()
	doc := testkit.ReadShared(t, "dmp/samples/td2.1-signature-xades.xml")
	d, err := xmlsec.VerifyDSG(doc, xmlsec.Policy{AllowSHA1: true})
	require.NoError(t, err)
	require.Len(t, d.References, 2)
	require.NoError(t, d.References[1].Match(testkit.ReadShared(t, "dmp/samples/td2.1-document-cda.xml"), xmlr.Options{}))
}
