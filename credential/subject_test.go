package credential_test

import (
	"crypto/x509"
	"encoding/asn1"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/credential"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/internal/testkit"
)

func TestSubjectOfStructure(t *testing.T) {
	t.Parallel()
	c := credentialtest.NewPKI().Organization(credentialtest.CommonName("INSI-AUTO"), credentialtest.StructureID("10B0127189")).Chain()[0]
	s, err := credential.ParseSubject(c)
	require.NoError(t, err)
	assert.Equal(t, credential.Subject{
		CommonName: "INSI-AUTO", StructureID: "10B0127189", Units: []string{"10B0127189"},
		Organization: "CENTRE D'IMAGERIE FICTIF", State: "Rhône (69)", Country: "FR",
	}, s)
	assert.True(t, s.IsStructure("10B0127189"))
	assert.True(t, s.IsStructure("0B0127189"), "without the type digit")
	assert.False(t, s.IsStructure("1990000019"))
	assert.False(t, credential.Subject{}.IsStructure(""))
	assert.Equal(t, "CN=INSI-AUTO,OU=10B0127189,O=CENTRE D'IMAGERIE FICTIF,ST=Rhône (69),C=FR", credential.SubjectDN(c))
	assert.Equal(t, "CN=FICTIVE AC IGC ELEMENTAIRE ORGANISATIONS,OU=IGC FICTIVE,O=SEGUR SDK FICTIF,C=FR", credential.IssuerDN(c))
}

func TestSubjectOfProfessional(t *testing.T) {
	t.Parallel()
	c := credentialtest.NewPKI().Professional().Chain()[0]
	s, err := credential.ParseSubject(c)
	require.NoError(t, err)
	assert.Equal(t, credential.Subject{
		CommonName: "899900000015", ProfessionalID: "899900000015", FamilyName: "RADIOLOGUE", GivenName: "CLAUDE",
		Units: []string{"Médecin"}, Organization: "FICTIF", Country: "FR",
	}, s)
	// No short name for SN and GN; the order inside the RDN is that of the certificate.
	assert.Equal(t, "2.5.4.42=#1306434c41554445+2.5.4.4=#130a524144494f4c4f475545+CN=899900000015,OU=Médecin,O=FICTIF,C=FR", credential.SubjectDN(c))
}

// rawName encodes a subject whose values keep the string type given, and whose
// attributes keep their order: cards were seen that do not sort them.
func rawName(t *testing.T, sets ...[]any) *x509.Certificate {
	t.Helper()
	wrap := func(tag byte, b []byte) []byte {
		require.Less(t, len(b), 128)
		return append([]byte{tag, byte(len(b))}, b...)
	}
	var seq []byte
	for _, set := range sets {
		var s []byte
		for i := 0; i < len(set); i += 3 {
			oid, err := asn1.Marshal(set[i].(asn1.ObjectIdentifier))
			require.NoError(t, err)
			s = append(s, wrap(0x30, append(oid, wrap(byte(set[i+1].(int)), []byte(set[i+2].(string)))...))...)
		}
		seq = append(seq, wrap(0x31, s)...)
	}
	return &x509.Certificate{RawSubject: wrap(0x30, seq)}
}

func TestDNEncodings(t *testing.T) {
	t.Parallel()
	cn, sn, gn, ou := asn1.ObjectIdentifier{2, 5, 4, 3}, asn1.ObjectIdentifier{2, 5, 4, 4}, asn1.ObjectIdentifier{2, 5, 4, 42}, asn1.ObjectIdentifier{2, 5, 4, 11}
	c := rawName(t,
		[]any{ou, asn1.TagT61String, "M\xe9decin"},
		[]any{cn, asn1.TagPrintableString, "899900038839", sn, asn1.TagT61String, "PRE", gn, asn1.TagT61String, "ADAM"})
	assert.Equal(t, "CN=899900038839+2.5.4.4=#1403505245+2.5.4.42=#14044144414d,OU=Médecin", credential.SubjectDN(c))
	s, err := credential.ParseSubject(c)
	require.NoError(t, err)
	assert.Equal(t, "PRE", s.FamilyName)
	assert.Equal(t, "ADAM", s.GivenName)
	assert.Equal(t, "899900038839", s.ProfessionalID)
	assert.Empty(t, s.StructureID, "a profession is not an identifier")

	c = rawName(t, []any{ou, asn1.TagBMPString, "\x00\xc9\x00t\x00\xe9"}, []any{cn, asn1.TagUTF8String, ` #a,b+c"d\e<f>;g `})
	assert.Equal(t, `CN=\ #a\,b\+c\"d\\e\<f\>\;g\ ,OU=Été`, credential.SubjectDN(c))
	dn, err := credential.ParseDN(credential.SubjectDN(c))
	require.NoError(t, err)
	assert.Equal(t, ` #a,b+c"d\e<f>;g `, dn[0][0].Value)
	assert.Equal(t, credential.SubjectDN(c), dn.String())

	c = rawName(t, []any{cn, asn1.TagUTF8String, "\xff"}, []any{ou, asn1.TagInteger, "\x01"})
	assert.Equal(t, "OU=#020101,CN=#0c01ff", credential.SubjectDN(c), "what is not text is kept in hexadecimal")
	dn, err = credential.ParseDN(credential.SubjectDN(c))
	require.NoError(t, err)
	assert.Equal(t, credential.SubjectDN(c), dn.String())
	assert.True(t, dn.Equal(dn))
	for _, raw := range [][]byte{nil, {0x30}, {0x31, 0}, {0x30, 2, 0x31, 1}, append(c.RawSubject, 0)} {
		bad := &x509.Certificate{RawSubject: raw}
		assert.Empty(t, credential.SubjectDN(bad))
		_, err := credential.ParseSubject(bad)
		require.Error(t, err)
	}
	for n := range len(c.RawSubject) {
		assert.Empty(t, credential.SubjectDN(&x509.Certificate{RawSubject: c.RawSubject[:n]}))
	}
}

func TestParseDN(t *testing.T) {
	t.Parallel()
	parse := func(s string) credential.DN {
		dn, err := credential.ParseDN(s)
		require.NoError(t, err, s)
		return dn
	}
	base := parse("CN=a b,OU=10B0127189,O=X,ST=Rhône (69),C=FR")
	for _, s := range []string{
		"CN=a b, OU=10B0127189, O=X, ST=Rhône (69), C=FR",
		"cn=A  B,ou=10b0127189,o=x,S=RHÔNE (69),c=fr",
		"C=FR, ST=Rhône (69), O=X, OU=10B0127189, CN=a b",
		`CN="a b";OU=10B0127189;2.5.4.10=X,OID.2.5.4.8=Rh\C3\B4ne (69),C = FR`,
		"CN=#0c03612062,OU=10B0127189,O=X,ST=Rhône (69),C=FR",
	} {
		assert.True(t, base.Equal(parse(s)), s)
	}
	for _, s := range []string{
		"CN=a b,OU=10B0127189,O=X,C=FR", "CN=ab,OU=10B0127189,O=X,ST=Rhône (69),C=FR",
		"OU=10B0127189,CN=a b,O=X,ST=Rhône (69),C=FR", "CN=a b+OU=10B0127189,O=X,ST=Rhône (69),C=FR",
	} {
		assert.False(t, base.Equal(parse(s)), s)
	}
	assert.True(t, parse("CN=1+GN=ADAM+SN=PRE,C=FR").Equal(parse("CN=1+2.5.4.4=#1403505245+2.5.4.42=#14044144414d,C=FR")))
	assert.False(t, parse("CN=1+CN=1").Equal(parse("CN=1+CN=2")))
	assert.Equal(t, "2.5.4.4=#1303505245", parse("SN=PRE").String())
	for _, s := range []string{"", "CN", "XX=a", "CN=a,", "CN=a+", `CN=a\`, `CN="a`, `CN="a"b`, "CN=#zz", "CN=#0c05", "CN=#0c006100", "CN=\xff", `CN=\ff`, "CN=a,OU", "1=a", string(make([]byte, 9000)), strings.Repeat("CN=a+", 64) + "CN=a"} {
		_, err := credential.ParseDN(s)
		require.Error(t, err, s)
	}
}

func FuzzParseDN(f *testing.F) {
	f.Add("CN=a b,OU=10B0127189+2.5.4.4=#1403505245,O=\"X\"")
	f.Add(`CN=\ #a\,b\+c\"d\\e\<f\>\;g\ ,OU=\C3\89t\C3\A9`)
	f.Fuzz(func(t *testing.T, s string) {
		dn, err := credential.ParseDN(s)
		if err != nil {
			return
		}
		again, err := credential.ParseDN(dn.String())
		if err != nil || !dn.Equal(again) {
			t.Fatalf("%q became %q: %v", s, dn.String(), err)
		}
	})
}

// Real certificates of IGC-Santé, test and production.
func TestOfficialCertificates(t *testing.T) {
	t.Parallel()
	read := func(rel string) *x509.Certificate {
		return parse(t, testkit.ReadShared(t, rel))
	}
	sign := read("mssante/igc/leaf-test-ORG-SIGN-esignsante-apcv.pem")
	s, err := credential.ParseSubject(sign)
	require.NoError(t, err)
	assert.Equal(t, "300000000077081", s.StructureID)
	assert.Equal(t, "Côte-d'Or (21)", s.State)
	assert.Equal(t, "CN=esignsante-apcv,OU=300000000077081,O=MINISTERE DE TEST7708,ST=Côte-d'Or (21),C=FR", credential.SubjectDN(sign))
	assert.Equal(t, "CN=TEST AC IGC-SANTE ELEMENTAIRE ORGANISATIONS,OU=IGC-SANTE TEST,OU=0002 187512751,O=ASIP-SANTE,C=FR", credential.IssuerDN(sign))
	assert.Equal(t, []credential.Purpose{credential.Signature}, credential.Purposes(sign))

	ssl := read("mssante/igc/leaf-test-SERV-SSL-mock.platines.pem")
	s, err = credential.ParseSubject(ssl)
	require.NoError(t, err)
	assert.Equal(t, "318751275100020", s.StructureID)
	assert.Equal(t, []credential.Purpose{credential.ClientAuthentication}, credential.Purposes(ssl))

	roots, err := credential.Pool(testkit.ReadShared(t, "mssante/igc/test-AC-RACINE-IGC-SANTE-ELEMENTAIRE.pem"))
	require.NoError(t, err)
	issuing := read("mssante/igc/test-AC-IGC-SANTE-ELEMENTAIRE-ORGANISATIONS.pem")
	for _, c := range []*x509.Certificate{sign, ssl} {
		cred := chainOnly{chain: []*x509.Certificate{c, issuing}}
		require.NoError(t, credential.Verify(cred, roots, c.NotBefore.AddDate(0, 1, 0)))
	}
	// The authorities of INSi are given in DER.
	pool, err := credential.Pool(testkit.ReadShared(t, "insi/ca/ACR-EL.cer"), testkit.ReadShared(t, "insi/ca/ACI-EL-ORG.cer"))
	require.NoError(t, err)
	expired := read("mssante/igc/leaf-prod-SERV-SSL-tops.demo-expired.pem")
	require.NoError(t, credential.Verify(chainOnly{chain: []*x509.Certificate{expired}}, pool, expired.NotBefore.AddDate(0, 1, 0)))
	require.Error(t, credential.Verify(chainOnly{chain: []*x509.Certificate{expired}}, pool, expired.NotAfter.AddDate(0, 1, 0)))
}
