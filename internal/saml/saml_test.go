package saml_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/saml"
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/internal/xmlr"
	"github.com/segur-sdk/segur/internal/xmlsec"
)

var now = time.Date(2026, 3, 2, 9, 30, 0, 123_456_789, time.UTC)

type credential struct {
	crypto.Signer
	chain []*x509.Certificate
}

func (c credential) Chain() []*x509.Certificate { return c.chain }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// structure is a test certificate of a structure, its own authority.
var structure = sync.OnceValue(func() credential {
	key := must(rsa.GenerateKey(rand.Reader, 2048))
	t := &x509.Certificate{
		SerialNumber: big.NewInt(7), NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(2, 0, 0), KeyUsage: x509.KeyUsageContentCommitment | x509.KeyUsageCertSign,
		IsCA: true, BasicConstraintsValid: true,
		Subject: pkix.Name{CommonName: "SIGNATURE ESSAI", OrganizationalUnit: []string{"1999999999"}, Organization: []string{"RADIO, ESSAI"}, Province: []string{"Rhône (69)"}, Country: []string{"FR"}},
	}
	return credential{key, []*x509.Certificate{must(x509.ParseCertificate(must(x509.CreateCertificate(rand.Reader, t, t, key.Public(), key))))}}
})

// counter is an IDSource without randomness.
type counter struct {
	mu sync.Mutex
	n  int
}

func (c *counter) UUID() (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
	return fmt.Sprintf("00000000-0000-4000-8000-%012d", c.n), nil
}

func (c *counter) OID(root segur.OID) (segur.OID, error) { return root + ".1", nil }

func config() saml.Config {
	return saml.Config{Credentials: segur.StaticCredential(structure()), Clock: func() time.Time { return now }, IDs: &counter{}}
}

func signer(t testing.TB, change ...func(c *saml.Config)) *saml.Signer {
	t.Helper()
	c := config()
	for _, f := range change {
		f(&c)
	}
	s, err := saml.New(c)
	require.NoError(t, err)
	return s
}

// patient is a fictional person with a test authority.
func patient() segur.INS {
	body := "2990199999999"
	return must(segur.ParseINS(body+segur.MatriculeKey(body), segur.OIDINSNIRTest))
}

func doctor() saml.VIHF {
	return saml.VIHF{
		Mode: saml.Indirect, Subject: "899900000001", SubjectName: "D'ESSAI Camille", Structure: "1999999999", Sector: segur.Code{Code: "SA08"},
		Roles: []segur.Code{
			{Code: "10", System: "1.2.250.1.71.1.2.7", Display: "Médecin"},
			{Code: "SM44", System: "1.2.250.1.71.4.2.5", Display: "Radio-diagnostic (SM)"},
		},
		Patient: patient(), LocalAuthentication: saml.ByPassword, AuthenticatedAt: now.Add(-time.Hour),
		Software: saml.Software{Name: "RIS <ESSAI> & Cie", Version: "1.0", Approval: "APP-000", Installation: "INST-1"},
	}
}

func automaton() saml.VIHF {
	v := doctor()
	v.Subject, v.SubjectName = "3999999999/RESP-1", "RIS ESSAI, Envoi DMP"
	v.Roles = []segur.Code{{Code: "AUTOMATE", System: "1.2.250.1.213.1.1.4.6", Display: "Automate"}}
	v.LocalAuthentication, v.AuthenticatedAt = saml.Unattended, time.Time{}
	return v
}

func element(t testing.TB, doc []byte) *xmlr.Node {
	t.Helper()
	root, err := xmlr.Parse(doc, xmlr.Options{})
	require.NoError(t, err)
	for n := range root.Walk() {
		if n.Is(saml.Namespace, "Assertion") {
			return n
		}
	}
	return nil
}

func inEnvelope(assertion []byte) []byte {
	return []byte(`<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns="urn:other" xmlns:xsi="urn:x"><s:Header><Security>` + string(assertion) + `</Security></s:Header><s:Body/></s:Envelope>`)
}

// modes are an assertion of each mode and purpose.
func modes() map[string]func() saml.VIHF {
	return map[string]func() saml.VIHF{
		"indirecte": doctor,
		"automate":  automaton,
		"secret":    func() saml.VIHF { v := doctor(); v.Secret = true; return v },
		"sans-patient": func() saml.VIHF {
			v := doctor()
			v.Patient, v.Purpose = segur.INS{}, saml.Regulation
			return v
		},
		"renforcee": func() saml.VIHF {
			v := doctor()
			v.Mode, v.LocalAuthentication, v.Purpose = saml.IndirectReinforced, saml.ByProSanteConnect, saml.BreakGlass
			return v
		},
		"directe": func() saml.VIHF {
			v := doctor()
			v.Mode, v.LocalAuthentication, v.SubjectName = saml.Direct, saml.ByCard, ""
			v.Purpose, v.BreakGlassReason = saml.BreakGlass, "urgence vitale"
			return v
		},
		"directe-normale": func() saml.VIHF {
			v := doctor()
			v.Mode, v.LocalAuthentication = saml.Direct, saml.ByCard
			return v
		},
		"renforcee-acteur": func() saml.VIHF {
			v := doctor()
			v.Mode, v.LocalAuthentication, v.Declaration = saml.IndirectReinforced, saml.ByProSanteConnect, "APP_BROWSER_AUTH"
			v.Purpose, v.BreakGlassReason, v.ReasonAttribute = saml.BreakGlass, "urgence <vitale>", "Motif"
			v.Roles = []segur.Code{
				{Code: "99", System: "1.2.250.1.213.1.6.1.140", Display: "Acteur"}, {Code: "353", System: "1.2.250.1.213.1.6.1.107", Display: "Membre"},
				{Code: "GENR01", System: "1.2.250.1.213.1.6.1.19", Display: "Soin"}, {Code: "FON-33", System: "1.2.250.1.999.1", Display: "Salarié"},
			}
			return v
		},
		"pharmacien": func() saml.VIHF {
			v := doctor()
			v.Roles = []segur.Code{{Code: "21", System: "1.2.250.1.71.1.2.7", Display: "Pharmacien"}, {Code: "G", System: "1.2.250.1.71.4.2.6", Display: "Pharmacien biologiste"}}
			return v
		},
	}
}

func TestVIHFModes(t *testing.T) {
	t.Parallel()
	tests := modes()
	for name, build := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := build()
			a, err := signer(t).VIHF(context.Background(), v)
			require.NoError(t, err)
			require.Equal(t, "_00000000-0000-4000-8000-000000000001", a.ID)
			for _, doc := range [][]byte{a.XML, inEnvelope(a.XML)} {
				c, err := saml.VerifyVIHF(element(t, doc), saml.VerifyOptions{Now: now, MaxAge: time.Minute, ReasonAttribute: v.ReasonAttribute})
				require.NoError(t, err)
				canonical, err := xmlr.Canonicalize(nil, a.XML, xmlr.Canonical{Mode: xmlr.Exclusive})
				require.NoError(t, err)
				require.Equal(t, string(canonical), string(a.XML), "sent as canonical")
				testkit.Golden(t, "vihf-"+name+".xml", c.Bytes)
				require.Equal(t, a.ID, c.ID)
				require.Equal(t, a.IssueInstant, c.IssueInstant)
				require.Equal(t, v.Mode, c.Mode)
				require.Equal(t, "3.0", c.Version)
				require.Equal(t, v.Subject, c.Subject)
				require.Equal(t, v.SubjectName, c.SubjectName)
				require.Equal(t, v.Patient, c.Patient)
				require.Equal(t, v.Secret, c.Secret)
				require.Equal(t, v.BreakGlassReason, c.BreakGlassReason)
				require.Equal(t, v.Software, c.Software)
				require.Equal(t, v.LocalAuthentication, c.LocalAuthentication)
				require.Len(t, c.Roles, len(v.Roles))
				for i, r := range v.Roles {
					require.True(t, r.Equal(c.Roles[i]))
					require.Equal(t, r.Display, c.Roles[i].Display)
				}
				require.True(t, c.Certificate.Equal(structure().chain[0]))
			}
		})
	}
}

// spoilt is one broken rule and the field that must be named.
type spoilt struct {
	change func(v *saml.VIHF)
	field  string
}

func spoils() map[string]spoilt {
	return map[string]spoilt{
		"mode":                     {func(v *saml.VIHF) { v.Mode = "DIRECT" }, "mode"},
		"no mode":                  {func(v *saml.VIHF) { v.Mode = "" }, "mode"},
		"no subject":               {func(v *saml.VIHF) { v.Subject = "" }, "subject"},
		"subject with separator":   {func(v *saml.VIHF) { v.Subject = "8999^1" }, "subject"},
		"short RPPS":               {func(v *saml.VIHF) { v.Subject = "89990000001" }, "subject"},
		"long RPPS":                {func(v *saml.VIHF) { v.Subject = "8999000000012" }, "subject"},
		"RPPS without its type":    {func(v *saml.VIHF) { v.Subject = "99900000001" }, "subject"},
		"FINESS alone":             {func(v *saml.VIHF) { v.Subject = "3999999999" }, "subject"},
		"internal without value":   {func(v *saml.VIHF) { v.Subject = "3999999999/" }, "subject"},
		"SIREN too short":          {func(v *saml.VIHF) { v.Subject = "499999999/1" }, "subject"},
		"unknown kind of id":       {func(v *saml.VIHF) { v.Subject = "7999999999/1" }, "subject"},
		"no name":                  {func(v *saml.VIHF) { v.SubjectName = " " }, "subjectName"},
		"no structure":             {func(v *saml.VIHF) { v.Structure = "" }, "structure"},
		"other structure":          {func(v *saml.VIHF) { v.Structure = "1888888888" }, "structure"},
		"sector":                   {func(v *saml.VIHF) { v.Sector.Code = "8" }, "sector"},
		"sector system":            {func(v *saml.VIHF) { v.Sector.System = "1.2.3" }, "sector"},
		"no role":                  {func(v *saml.VIHF) { v.Roles = nil }, "roles"},
		"five roles":               {func(v *saml.VIHF) { v.Roles = append(append(v.Roles, v.Roles...), v.Roles[0]) }, "roles"},
		"role without system":      {func(v *saml.VIHF) { v.Roles[1].System = "" }, "roles[1]"},
		"doctor, no speciality":    {func(v *saml.VIHF) { v.Roles = v.Roles[:1] }, "roles[1]"},
		"doctor, other system":     {func(v *saml.VIHF) { v.Roles[1].System = "1.2.250.1.213.1.1.4.5" }, "roles[1]"},
		"pharmacist":               {func(v *saml.VIHF) { v.Roles = v.Roles[:1]; v.Roles[0].Code = "21" }, "roles[1]"},
		"pharmacist, other system": {func(v *saml.VIHF) { v.Roles[0].Code = "21" }, "roles[1]"},
		"actor without role": {func(v *saml.VIHF) {
			v.Roles = []segur.Code{{Code: "99", System: "1.2.250.1.213.1.6.1.140"}}
		}, "roles[1]"},
		"role of an actor first": {func(v *saml.VIHF) { v.Roles[0] = segur.Code{Code: "353", System: "1.2.250.1.213.1.6.1.107"} }, "roles[0]"},
		"automaton with a login": {func(v *saml.VIHF) { v.Roles = automaton().Roles }, "localAuthentication"},
		"speciality first":       {func(v *saml.VIHF) { v.Roles[0], v.Roles[1] = v.Roles[1], v.Roles[0] }, "roles[0]"},
		"automaton in AIR": {func(v *saml.VIHF) {
			v.Mode, v.Roles = saml.IndirectReinforced, automaton().Roles
		}, "roles[0]"},
		"purpose":                  {func(v *saml.VIHF) { v.Purpose = "autre" }, "purpose"},
		"break glass in INDIRECTE": {func(v *saml.VIHF) { v.Purpose = saml.BreakGlass }, "purpose"},
		"reason without glass":     {func(v *saml.VIHF) { v.BreakGlassReason = "x" }, "breakGlassReason"},
		"reason in regulation":     {func(v *saml.VIHF) { v.Purpose, v.BreakGlassReason = saml.Regulation, "x" }, "breakGlassReason"},
		"glass without reason": {func(v *saml.VIHF) {
			v.Mode, v.LocalAuthentication, v.Purpose = saml.Direct, saml.ByCard, saml.BreakGlass
		}, "breakGlassReason"},
		"secret without patient":   {func(v *saml.VIHF) { v.Secret, v.Patient = true, segur.INS{} }, "secret"},
		"no local authentication":  {func(v *saml.VIHF) { v.LocalAuthentication = "" }, "localAuthentication"},
		"unknown authentication":   {func(v *saml.VIHF) { v.LocalAuthentication = "Kerberos" }, "localAuthentication"},
		"password in DIRECTE":      {func(v *saml.VIHF) { v.Mode = saml.Direct }, "localAuthentication"},
		"unattended in AIR":        {func(v *saml.VIHF) { v.Mode, v.LocalAuthentication = saml.IndirectReinforced, saml.Unattended }, "localAuthentication"},
		"no login time":            {func(v *saml.VIHF) { v.AuthenticatedAt = time.Time{} }, "authenticatedAt"},
		"login in the future":      {func(v *saml.VIHF) { v.AuthenticatedAt = now.Add(time.Hour) }, "authenticatedAt"},
		"declaration in INDIRECTE": {func(v *saml.VIHF) { v.Declaration = "X" }, "declaration"},
		"no software":              {func(v *saml.VIHF) { v.Software.Name = "" }, "software.name"},
		"no version":               {func(v *saml.VIHF) { v.Software.Version = "" }, "software.version"},
		"no approval":              {func(v *saml.VIHF) { v.Software.Approval = "" }, "software.approval"},
	}
}

func requireField(t testing.TB, err error, field string) {
	t.Helper()
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	var fields []string
	for _, d := range e.Details {
		fields = append(fields, d.Field)
	}
	require.Contains(t, fields, field, "%v", err)
	for _, secret := range []string{patient().Matricule(), "899900000001", "ESSAI Camille"} {
		require.NotContains(t, err.Error(), secret)
	}
}

func TestVIHFRefuses(t *testing.T) {
	t.Parallel()
	for name, tc := range spoils() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := doctor()
			tc.change(&v)
			a, err := signer(t).VIHF(context.Background(), v)
			require.Nil(t, a)
			requireField(t, err, tc.field)
		})
	}
}

func TestVIHFReportsEverythingAtOnce(t *testing.T) {
	t.Parallel()
	_, err := signer(t).VIHF(context.Background(), saml.VIHF{})
	for _, f := range []string{"mode", "subject", "subjectName", "structure", "sector", "roles", "localAuthentication", "authenticatedAt", "software.name", "software.version", "software.approval"} {
		requireField(t, err, f)
	}
}

func TestVIHFBadCharacter(t *testing.T) {
	t.Parallel()
	v := doctor()
	v.SubjectName = "D'ESSAI\x00"
	_, err := signer(t).VIHF(context.Background(), v)
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	require.NotContains(t, err.Error(), "ESSAI")
}

func TestSettings(t *testing.T) {
	t.Parallel()
	var uses []saml.Use
	s := signer(t, func(c *saml.Config) {
		c.Issuer, c.Algorithms, c.Validity, c.AllowLegalEntityCertificate = "C=FR, ST=Rhône (69), O=\"RADIO, ESSAI\", OU=1999999999, CN=SIGNATURE ESSAI", xmlsec.SHA1Algorithms(), 10*time.Minute, true
		c.Trace = func(u saml.Use) { uses = append(uses, u) }
	})
	v := doctor()
	v.Version, v.Structure = "4.0", "1888888888"
	a, err := s.VIHF(context.Background(), v)
	require.NoError(t, err)
	require.Equal(t, a.IssueInstant.Add(10*time.Minute), a.NotOnOrAfter)
	require.Len(t, uses, 1)
	require.Equal(t, a.ID, uses[0].ID)
	n := element(t, a.XML)
	_, err = saml.VerifyVIHF(n, saml.VerifyOptions{})
	require.ErrorIs(t, err, segur.ErrSignature, "SHA-1 must be allowed")
	_, err = saml.VerifyVIHF(n, saml.VerifyOptions{AllowSHA1: true})
	requireField(t, err, "structure")
	o := saml.VerifyOptions{AllowSHA1: true, AllowLegalEntityCertificate: true, Now: now}
	c, err := saml.VerifyVIHF(n, o)
	require.NoError(t, err)
	require.Equal(t, "4.0", c.Version)
	require.Equal(t, a.NotOnOrAfter, c.NotOnOrAfter)
	o.Now = now.Add(time.Hour)
	_, err = saml.VerifyVIHF(n, o)
	requireField(t, err, "conditions.notOnOrAfter")
	o.Now = now.Add(-time.Hour)
	_, err = saml.VerifyVIHF(n, o)
	requireField(t, err, "issueInstant")
	requireField(t, err, "conditions.notBefore")
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	_, err := saml.New(saml.Config{Validity: -1, CacheTTL: -1})
	for _, f := range []string{"credentials", "validity", "cacheTTL"} {
		requireField(t, err, f)
	}
	_, err = saml.New(saml.Config{Credentials: segur.StaticCredential(structure()), Validity: time.Minute, CacheTTL: time.Hour})
	requireField(t, err, "cacheTTL")
}

type noCredential struct{ err error }

func (n noCredential) Credential(context.Context) (segur.Credential, error) { return nil, n.err }

func TestKeyFailures(t *testing.T) {
	t.Parallel()
	removed := errors.New("card removed")
	for name, src := range map[string]segur.CredentialSource{"error": noCredential{removed}, "nothing": noCredential{}, "no chain": segur.StaticCredential(credential{Signer: structure().Signer})} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := signer(t, func(c *saml.Config) { c.Credentials = src })
			_, err := s.VIHF(context.Background(), doctor())
			require.Error(t, err)
			_, err = s.INSi(context.Background(), insi())
			require.Error(t, err)
		})
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := signer(t).VIHF(ctx, doctor())
	require.ErrorIs(t, err, segur.ErrCanceled)
}

// The INSi assertion captured on the test platform; those of the DMP are in TestOfficialVIHF.
func TestOfficialINSi(t *testing.T) {
	t.Parallel()
	c, err := saml.VerifyINSi(element(t, testkit.ReadShared(t, "insi/captured/assertion_ps_cps_test_sample.xml")), saml.VerifyOptions{})
	require.NoError(t, err)
	require.Equal(t, "SA05", c.Sector)
}

func TestXMLSec1(t *testing.T) {
	t.Parallel()
	testkit.Oracle(t, "xmlsec1")
	cert := filepath.Join(t.TempDir(), "cert.pem")
	require.NoError(t, os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: structure().chain[0].Raw}), 0o600))
	flags := append([]string{"--pubkey-cert-pem", cert}, testkit.XMLSecSAML...)
	assertion, err := signer(t).INSi(context.Background(), insi())
	require.NoError(t, err)
	docs := [][]byte{assertion.XML, inEnvelope(assertion.XML)}
	for _, v := range modes() {
		a, err := signer(t).VIHF(context.Background(), v())
		require.NoError(t, err)
		docs = append(docs, a.XML, inEnvelope(a.XML))
	}
	for _, doc := range docs {
		require.NoError(t, testkit.XMLSec1Verify(t, doc, flags...))
	}
}
