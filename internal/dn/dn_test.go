package dn_test

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/internal/dn"
)

func oid(last int) asn1.ObjectIdentifier { return asn1.ObjectIdentifier{2, 5, 4, last} }

func encode(t testing.TB, rdns ...pkix.RelativeDistinguishedNameSET) []byte {
	t.Helper()
	der, err := asn1.Marshal(pkix.RDNSequence(rdns))
	require.NoError(t, err)
	return der
}

func decode(t testing.TB, der []byte) dn.Name {
	t.Helper()
	n, err := dn.Decode(der)
	require.NoError(t, err)
	return n
}

// structureSubject is the subject of a software certificate.
func structureSubject(t testing.TB) []byte {
	return encode(t, pkix.RelativeDistinguishedNameSET{{Type: oid(6), Value: "FR"}}, pkix.RelativeDistinguishedNameSET{{Type: oid(8), Value: "Rhône (69)"}},
		pkix.RelativeDistinguishedNameSET{{Type: oid(10), Value: "CENTRE ESSAI, RADIO"}}, pkix.RelativeDistinguishedNameSET{{Type: oid(11), Value: "10B0000001"}},
		pkix.RelativeDistinguishedNameSET{{Type: oid(3), Value: "SIGNATURE ESSAI"}})
}

// cardSubject has an RDN with several values, as IGC-Santé card certificates do. The encoder sorts them.
func cardSubject(t testing.TB) []byte {
	return encode(t, pkix.RelativeDistinguishedNameSET{{Type: oid(6), Value: "FR"}}, pkix.RelativeDistinguishedNameSET{{Type: oid(12), Value: "Médecin"}},
		pkix.RelativeDistinguishedNameSET{{Type: oid(42), Value: "CAMILLE"}, {Type: oid(3), Value: "899900000001"}, {Type: oid(4), Value: `D'ESSAI, "A+B"`}})
}

func TestText(t *testing.T) {
	t.Parallel()
	n := decode(t, structureSubject(t))
	const structure = `CN=SIGNATURE ESSAI,OU=10B0000001,O=CENTRE ESSAI\, RADIO,ST=Rhône (69),C=FR`
	assert.Equal(t, structure, n.Text())
	assert.Equal(t, structure, n.String())

	n = decode(t, cardSubject(t))
	assert.Equal(t, `CN=899900000001+GN=CAMILLE+SN=D'ESSAI\, \"A\+B\",T=Médecin,C=FR`, n.Text())
	assert.Equal(t, `2.5.4.42=#130743414d494c4c45+CN=899900000001+2.5.4.4=#0c0e44274553534149`+`2c2022412b4222,2.5.4.12=#0c084dc3a9646563696e,C=FR`, n.String())

	n = decode(t, encode(t, pkix.RelativeDistinguishedNameSET{{Type: asn1.ObjectIdentifier{1, 2, 250, 1}, Value: "x"}},
		pkix.RelativeDistinguishedNameSET{{Type: oid(5), Value: "7"}}, pkix.RelativeDistinguishedNameSET{{Type: oid(3), Value: " #a\x00 "}}))
	assert.Equal(t, `CN=\ #a\00\ ,SERIALNUMBER=7,1.2.250.1=#130178`, n.Text())
	assert.Equal(t, `CN=\ #a\00\ ,2.5.4.5=#130137,1.2.250.1=#130178`, n.String())

	n = decode(t, encode(t, pkix.RelativeDistinguishedNameSET{{Type: oid(4), Value: 1}}))
	assert.Equal(t, "SN=#020101", n.Text())
	assert.Empty(t, n.First(dn.Surname), "not text")
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	der := cardSubject(t)
	many := make([]pkix.RelativeDistinguishedNameSET, 65)
	for i := range many {
		many[i] = pkix.RelativeDistinguishedNameSET{{Type: oid(11), Value: "x"}}
	}
	tooMany := encode(t, many...)
	for _, bad := range [][]byte{nil, {0x30}, {0x31, 0}, {0x30, 0x02, 0x05, 0x00}, {0x30, 0x02, 0x31, 0x00}, append(der[:len(der):len(der)], 0), tooMany} {
		n, err := dn.Decode(bad)
		require.Error(t, err)
		assert.Nil(t, n)
		assert.False(t, dn.Matches("CN=a", bad))
	}
	for i := range der {
		_, err := dn.Decode(der[:i])
		require.Error(t, err)
	}
}

func TestMatches(t *testing.T) {
	t.Parallel()
	der := cardSubject(t)
	n := decode(t, der)
	for _, text := range []string{
		n.Text(), n.String(),
		`C=FR, T=Médecin, CN=899900000001 + SN="D'ESSAI, \"A+B\"" + GN=camille`,
		`2.5.4.42=CAMILLE+CN=899900000001+SURNAME=D'ESSAI\2C \"A\+B\",title=Médecin,c=fr`,
		`2.5.4.42=#0c0743414d494c4c45+cn=899900000001+2.5.4.4=D'ESSAI\, \"A\+B\",OID.2.5.4.12=Médecin,C=FR`,
	} {
		assert.True(t, dn.Matches(text, der), text)
	}
	for _, text := range []string{
		"", "CN=899900000001", "x", n.Text() + ",C=FR", `C=FR,CN=899900000001+SN=D'ESSAI\, \"A\+B\"+GN=CAMILLE,T=Médecin`,
		`2.5.4.42=#0c07+CN=a`, `CN="a`, `2.5.4.42=#zz`, n.Text() + `\`, strings.Repeat("O=a+", 64) + "O=a",
	} {
		assert.False(t, dn.Matches(text, der), text)
	}
	opaque := encode(t, pkix.RelativeDistinguishedNameSET{{Type: oid(3), Value: 1}})
	assert.True(t, dn.Matches("CN=#020101", opaque))
	assert.False(t, dn.Matches(`CN=\#020101`, opaque), "a text that looks like an encoding is a text")
}

func TestValues(t *testing.T) {
	t.Parallel()
	n := decode(t, encode(t, pkix.RelativeDistinguishedNameSET{{Type: oid(11), Value: "IGC ESSAI"}}, pkix.RelativeDistinguishedNameSET{{Type: oid(11), Value: " 10B0000001 "}},
		pkix.RelativeDistinguishedNameSET{{Type: oid(11), Value: "Radiologie"}, {Type: oid(3), Value: "A"}}))
	assert.Equal(t, []string{"Radiologie", " 10B0000001 ", "IGC ESSAI"}, n.All(dn.Unit))
	assert.Equal(t, "A", n.First(dn.CommonName))
	assert.Empty(t, n.First(dn.Country))
	assert.Equal(t, "10B0000001", n.StructureID())
	assert.True(t, n.BearsStructure("0B0000001"))
	assert.False(t, n.BearsStructure("1990000019"))
	assert.Empty(t, decode(t, cardSubject(t)).StructureID())
}

func TestSameStructure(t *testing.T) {
	t.Parallel()
	for _, pair := range [][2]string{
		{"1990000019", "1990000019"}, {"1990000019", " 990000019 "}, {"499700367909006", "499700367909006"}, {"10B0127189", "0B0127189"},
	} {
		assert.True(t, dn.SameStructure(pair[0], pair[1]), pair)
		assert.True(t, dn.SameStructure(pair[1], pair[0]), pair)
	}
	for _, pair := range [][2]string{
		{"", ""}, {"1", ""}, {" ", ""}, {"1990000019", "1990000027"}, {"2990000019", "990000019"}, {"2990000019", "1990000019"},
		{"31990000019", "990000019"}, {"300000000077081", "00000000077081"}, {"1990000019", "19900000190"},
	} {
		assert.False(t, dn.SameStructure(pair[0], pair[1]), pair)
		assert.False(t, dn.SameStructure(pair[1], pair[0]), pair)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(structureSubject(f))
	f.Add(cardSubject(f))
	f.Fuzz(func(t *testing.T, der []byte) {
		n, err := dn.Decode(der)
		if err != nil || len(n) == 0 {
			return
		}
		for _, text := range []string{n.Text(), n.String()} {
			if len(text) < 4<<10 && !dn.Matches(text, der) {
				t.Fatalf("%x became %q", der, text)
			}
		}
	})
}
