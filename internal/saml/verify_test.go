package saml_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/saml"
	"github.com/segur-sdk/segur/internal/xmlr"
	"github.com/segur-sdk/segur/internal/xmlsec"
)

// content returns an assertion without its signature: what a careless or hostile peer may change before it signs.
func content(t testing.TB, v saml.VIHF) string {
	t.Helper()
	a, err := signer(t).VIHF(context.Background(), v)
	require.NoError(t, err)
	c, err := saml.VerifyVIHF(element(t, a.XML), saml.VerifyOptions{})
	require.NoError(t, err)
	return string(c.Bytes)
}

// resign signs a changed assertion with the right key.
func resign(t testing.TB, doc string) *xmlr.Node {
	t.Helper()
	canonical, err := xmlr.Canonicalize(nil, []byte(doc), xmlr.Canonical{Mode: xmlr.Exclusive})
	require.NoError(t, err)
	at := strings.Index(string(canonical), "</saml2:Issuer>") + len("</saml2:Issuer>")
	out, err := xmlsec.SignEnveloped(canonical, at, "ID", xmlsec.Key{Signer: structure().Signer, Chain: structure().chain}, xmlsec.Algorithms{})
	require.NoError(t, err)
	return element(t, out)
}

func attribute(name, value string) string {
	return `<saml2:Attribute Name="` + name + `"><saml2:AttributeValue>` + value + `</saml2:AttributeValue></saml2:Attribute>`
}

func TestVerifyVIHFRules(t *testing.T) {
	t.Parallel()
	good := content(t, doctor())
	_, err := saml.VerifyVIHF(resign(t, good), saml.VerifyOptions{Now: now})
	require.NoError(t, err)
	matricule := patient().Matricule()
	tests := map[string]struct{ old, new, field string }{
		"mode missing":              {attribute("Authentification_Mode", "INDIRECTE"), "", "mode"},
		"mode unknown":              {">INDIRECTE<", ">AUTRE<", "mode"},
		"version missing":           {attribute("VIHF_Version", "3.0"), "", "version"},
		"structure missing":         {attribute("Identifiant_Structure", "1999999999"), "", "structure"},
		"structure of another":      {">1999999999<", ">1888888888<", "structure"},
		"sector":                    {"SA08^1.2.250.1.71.4.2.4", "SA08", "sector"},
		"name missing":              {attribute("urn:oasis:names:tc:xspa:1.0:subject:subject-id", "D'ESSAI Camille"), "", "subjectName"},
		"role twice":                {`code="SM44" codeSystem="1.2.250.1.71.4.2.5"`, `code="21" codeSystem="1.2.250.1.71.1.2.7"`, "roles[1]"},
		"role without type":         {` xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" code="10"`, ` xmlns:xsi="urn:x" code="10"`, "roles[0]"},
		"role in another namespace": {`<Role xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" code="10"`, `<Role xmlns="urn:hl7-org:v2" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" code="10"`, "roles[0]"},
		"INS key":                   {matricule, matricule[:14] + string('0'+('9'-matricule[14])), "patient.ins.matricule"},
		"INS authority":             {"1.2.250.1.213.1.4.10", "1.2.250.1.213.1.4.2", "patient.ins.authority"},
		"INS form":                  {"&amp;ISO^NH", "&amp;ISO^PI", "patient"},
		"resource":                  {"urn:dmp", "urn:autre", "resource"},
		"purpose":                   {`code="normal"`, `code="autre"`, "purpose"},
		"purpose system":            {"1.2.250.1.213.1.1.4.248", "1.2.3", "purpose"},
		"purpose of emergency":      {`code="normal"`, `code="bris_de_glace"`, "purpose"},
		"confidentiality":           {attribute("LPS_ID", "INST-1"), attribute("urn:oasis:names:tc:xspa:1.0:resource:patient:hl7:confidentiality-code", "N"), "attribute[9]"},
		"unknown attribute":         {attribute("LPS_ID", "INST-1"), attribute("LPS_Type", "1"), "attribute[9]"},
		"attribute twice":           {attribute("LPS_ID", "INST-1"), attribute("lps_id", "a") + attribute("LPS_ID", "b"), "attribute[10]"},
		"empty attribute":           {">INST-1<", "> <", "attribute[9]"},
		"element in text":           {">INST-1<", "><x:y xmlns:x=\"urn:x\"/><", "attribute[9]"},
		"approval missing":          {attribute("LPS_ID_HOMOLOGATION_DMP", "APP-000"), "", "software.approval"},
		"class":                     {"urn:oasis:names:tc:SAML:2.0:ac:classes:Password", "Password", "localAuthentication"},
		"class unknown":             {"classes:Password", "classes:Kerberos", "localAuthentication"},
		"declaration":               {"</saml2:AuthnContextClassRef>", "</saml2:AuthnContextClassRef><saml2:AuthnContextDecl>X</saml2:AuthnContextDecl>", "declaration"},
		"login instant":             {`AuthnInstant="2026-03-02T08:30:00.123Z"`, `AuthnInstant="2026-03-02T08:30:00+01:00"`, "authenticatedAt"},
		"issue instant":             {`IssueInstant="2026-03-02T09:30:00.123Z"`, `IssueInstant="hier"`, "issueInstant"},
		"SAML version":              {`Version="2.0"`, `Version="1.1"`, "version"},
		"issuer":                    {"CN=SIGNATURE ESSAI", "CN=AUTRE", "issuer"},
		"issuer format":             {"X509SubjectName", "unspecified", "issuer.format"},
		"subject":                   {">899900000001<", "><", "subject"},
		"audience":                  {"<saml2:AuthnStatement", `<saml2:Conditions><saml2:AudienceRestriction/></saml2:Conditions><saml2:AuthnStatement`, "conditions"},
		"order":                     {"<saml2:Subject><saml2:NameID>899900000001</saml2:NameID></saml2:Subject>", "", "Subject"},
		"advice":                    {"</saml2:Assertion>", "<saml2:Advice/></saml2:Assertion>", "assertion"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, good, tc.old)
			_, err := saml.VerifyVIHF(resign(t, strings.Replace(good, tc.old, tc.new, 1)), saml.VerifyOptions{Now: now})
			requireField(t, err, tc.field)
		})
	}
	t.Run("names folded", func(t *testing.T) {
		t.Parallel()
		c, err := saml.VerifyVIHF(resign(t, strings.Replace(good, "Authentification_Mode", "Authentification_mode ", 1)), saml.VerifyOptions{})
		require.NoError(t, err)
		require.Equal(t, saml.Indirect, c.Mode)
	})
	t.Run("too old", func(t *testing.T) {
		t.Parallel()
		_, err := saml.VerifyVIHF(resign(t, good), saml.VerifyOptions{Now: now.Add(time.Hour), MaxAge: time.Minute})
		requireField(t, err, "issueInstant")
	})
}

func TestVerifyVIHFSignature(t *testing.T) {
	t.Parallel()
	a, err := signer(t).VIHF(context.Background(), doctor())
	require.NoError(t, err)
	doc := string(a.XML)
	sig := doc[strings.Index(doc, "<Signature"):strings.Index(doc, "</Signature>")] + "</Signature>"
	for name, bad := range map[string]string{
		"changed":      strings.Replace(doc, ">899900000001<", ">899900000002<", 1),
		"unsigned":     strings.Replace(doc, sig, "", 1),
		"at the end":   strings.Replace(strings.Replace(doc, sig, "", 1), "</saml2:Assertion>", sig+"</saml2:Assertion>", 1),
		"before":       strings.Replace(strings.Replace(doc, sig, "", 1), "<saml2:Issuer", sig+"<saml2:Issuer", 1),
		"duplicate id": `<r><a ID="` + a.ID + `"/>` + doc + `</r>`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := saml.VerifyVIHF(element(t, []byte(bad)), saml.VerifyOptions{})
			require.ErrorIs(t, err, segur.ErrSignature)
		})
	}
	_, err = saml.VerifyVIHF(nil, saml.VerifyOptions{})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	_, err = saml.VerifyVIHF(element(t, []byte(strings.Replace(doc, sig, "", 1))), saml.VerifyOptions{AllowUnsigned: true})
	requireField(t, err, "signature")

	roots := x509.NewCertPool()
	_, err = saml.VerifyVIHF(element(t, a.XML), saml.VerifyOptions{Trust: &xmlsec.Trust{Roots: roots, Time: now}})
	require.ErrorIs(t, err, segur.ErrSignature)
	roots = x509.NewCertPool()
	roots.AddCert(structure().chain[0])
	_, err = saml.VerifyVIHF(element(t, a.XML), saml.VerifyOptions{Trust: &xmlsec.Trust{Roots: roots, Time: now}})
	require.NoError(t, err)
}

func TestEveryChangedCharacterIsSeen(t *testing.T) {
	t.Parallel()
	a, err := signer(t).VIHF(context.Background(), doctor())
	require.NoError(t, err)
	doc := string(a.XML)
	at := strings.Index(doc, "</Signature>")
	for i := at + 12; i < len(doc); i += 7 {
		b := []byte(doc)
		b[i] ^= 1
		root, err := xmlr.Parse(b, xmlr.Options{})
		if err != nil {
			continue
		}
		_, err = saml.VerifyVIHF(root, saml.VerifyOptions{})
		require.Error(t, err, "byte %d", i)
	}
}

func FuzzParseVIHF(f *testing.F) {
	f.Add([]byte(content(f, doctor())))
	f.Add([]byte(content(f, automaton())))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := saml.ParseVIHF(b)
		if err == nil && (c.ID == "" || len(c.Roles) == 0 || c.Subject == "") {
			t.Fatal("accepted without the required attributes")
		}
		_, _ = saml.ParseINSi(b)
	})
}

// BenchmarkSignVIHF compares with the bare RSA-2048 signature, interleaved in one run; x-rsa is the ratio of the
// medians, promised to be at most 1.05.
func BenchmarkSignVIHF(b *testing.B) {
	priv := structure().Signer.(*rsa.PrivateKey)
	digest := sha256.Sum256(nil)
	s, v, ctx := signer(b), doctor(), context.Background()
	var floor, ours []time.Duration
	b.ReportAllocs()
	for b.Loop() {
		t0 := time.Now()
		if _, err := rsa.SignPKCS1v15(rand.Reader, priv, crypto.SHA256, digest[:]); err != nil {
			b.Fatal(err)
		}
		t1 := time.Now()
		if _, err := s.VIHF(ctx, v); err != nil {
			b.Fatal(err)
		}
		floor, ours = append(floor, t1.Sub(t0)), append(ours, time.Since(t1))
	}
	slices.Sort(floor)
	slices.Sort(ours)
	b.ReportMetric(float64(ours[len(ours)/2])/float64(floor[len(floor)/2]), "x-rsa")
	b.ReportMetric(float64(ours[len(ours)/10])/float64(floor[len(floor)/10]), "x-rsa-p10") // what a busy machine disturbs least
}
