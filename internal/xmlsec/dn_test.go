package xmlsec_test

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/internal/xmlsec"
)

func oid(last ...int) asn1.ObjectIdentifier { return append(asn1.ObjectIdentifier{2, 5, 4}, last...) }

// cardSubject has a part with several values, as IGC-Santé card certificates do.
func cardSubject(t testing.TB) []byte {
	t.Helper()
	der, err := asn1.Marshal(pkix.RDNSequence{
		{{Type: oid(6), Value: "FR"}},
		{{Type: oid(12), Value: "Médecin"}},
		{{Type: oid(42), Value: "CAMILLE"}, {Type: oid(3), Value: "899900000001"}, {Type: oid(4), Value: `D'ESSAI, "A+B"`}},
	})
	require.NoError(t, err)
	return der
}

func TestDistinguishedName(t *testing.T) {
	t.Parallel()
	got, err := xmlsec.DistinguishedName(rsaKey().Chain[0].RawSubject)
	require.NoError(t, err)
	require.Equal(t, `CN=SIGNATURE ESSAI,OU=10B0000001,O=CENTRE ESSAI\, RADIO,ST=Rhône (69),C=FR`, got)

	got, err = xmlsec.DistinguishedName(cardSubject(t))
	require.NoError(t, err)
	require.Contains(t, got, `CN=899900000001+`)
	require.Contains(t, got, `SN=D'ESSAI\, \"A\+B\"`)
	require.Contains(t, got, `GN=CAMILLE`)
	require.Regexp(t, `,T=Médecin,C=FR$`, got)

	other, err := asn1.Marshal(pkix.RDNSequence{{{Type: asn1.ObjectIdentifier{1, 2, 250, 1}, Value: "x"}}, {{Type: oid(3), Value: " #a "}}})
	require.NoError(t, err)
	got, err = xmlsec.DistinguishedName(other)
	require.NoError(t, err)
	require.Equal(t, `CN=\ #a\ ,1.2.250.1=#130178`, got)

	for _, bad := range [][]byte{nil, {0x30}, {0x30, 0x02, 0x05, 0x00}, append(cardSubject(t), 0)} {
		_, err := xmlsec.DistinguishedName(bad)
		requireReason(t, err, xmlsec.ReasonCertificate)
	}
}

func TestMatchDN(t *testing.T) {
	t.Parallel()
	der := cardSubject(t)
	own, err := xmlsec.DistinguishedName(der)
	require.NoError(t, err)
	for _, text := range []string{
		own,
		`C=FR, T=Médecin, CN=899900000001 + SN="D'ESSAI, \"A+B\"" + GN=camille`,
		`2.5.4.42=CAMILLE+CN=899900000001+SURNAME=D'ESSAI\2C \"A\+B\",title=Médecin,c=fr`,
		`2.5.4.42=#0c0743414d494c4c45+cn=899900000001+2.5.4.4=D'ESSAI\, \"A\+B\",OID.2.5.4.12=Médecin,C=FR`,
	} {
		require.True(t, xmlsec.MatchDN(text, der), text)
	}
	for _, text := range []string{
		"", "CN=899900000001", "x", own + ",C=FR", `C=FR,CN=899900000001+SN=D'ESSAI\, \"A\+B\"+GN=CAMILLE,T=Médecin`,
		`2.5.4.42=#0c07+CN=a`, `CN="a`, `2.5.4.42=#zz`,
	} {
		require.False(t, xmlsec.MatchDN(text, der), text)
	}
	require.False(t, xmlsec.MatchDN(own, []byte{0x30}))
}
