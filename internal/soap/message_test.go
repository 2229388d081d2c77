package soap_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/soap"
	"github.com/segur-sdk/segur/internal/testkit"
)

const limit = 1 << 20

func TestParseMessageRefuses(t *testing.T) {
	t.Parallel()
	env := func(s string) string { return `<e:Envelope xmlns:e="` + soap.Namespace12 + `">` + s + `</e:Envelope>` }
	tests := map[string]struct {
		raw  string
		kind error
		want string
	}{
		"not XML":               {"Service indisponible", segur.ErrProtocol, "not well-formed"},
		"another document":      {`<html/>`, segur.ErrProtocol, "not a SOAP envelope"},
		"unknown version":       {`<e:Envelope xmlns:e="urn:soap3"/>`, segur.ErrProtocol, "unknown version"},
		"no body":               {env(`<e:Header/>`), segur.ErrProtocol, "no body"},
		"two bodies":            {env(`<e:Body/><e:Body/>`), segur.ErrProtocol, "one header and one body"},
		"header after body":     {env(`<e:Body/><e:Header/>`), segur.ErrProtocol, "one header and one body"},
		"stranger":              {env(`<x/><e:Body/>`), segur.ErrProtocol, "one header and one body"},
		"two payloads":          {env(`<e:Body><a/><b/></e:Body>`), segur.ErrProtocol, "more than one child"},
		"text in the body":      {env(`<e:Body>texte</e:Body>`), segur.ErrProtocol, "text directly"},
		"text in the envelope":  {env(`texte<e:Body/>`), segur.ErrProtocol, "text directly"},
		"doctype":               {`<!DOCTYPE x>` + env(`<e:Body/>`), segur.ErrProtocol, "DOCTYPE"},
		"cut":                   {env(`<e:Body><a>`)[:60], segur.ErrTruncated, "before the end"},
		"too large":             {env(`<e:Body><a>` + strings.Repeat("x", limit) + `</a></e:Body>`), segur.ErrTooLarge, "limit"},
		"too deep":              {env(`<e:Body>` + strings.Repeat("<a>", 300) + strings.Repeat("</a>", 300) + `</e:Body>`), segur.ErrTooLarge, "limit"},
		"two message ids":       {env(`<e:Header><w:MessageID xmlns:w="` + soap.NamespaceAddressing + `">1</w:MessageID><w:MessageID xmlns:w="` + soap.NamespaceAddressing + `">2</w:MessageID></e:Header><e:Body/>`), segur.ErrProtocol, "twice"},
		"header of the old one": {`<e:Envelope xmlns:e="` + soap.Namespace11 + `"><h:Header xmlns:h="` + soap.Namespace12 + `"/><e:Body/></e:Envelope>`, segur.ErrProtocol, "one header and one body"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := soap.ParseMessage("test.op", []byte(tc.raw), limit)
			require.Nil(t, m)
			require.ErrorIs(t, err, tc.kind)
			require.ErrorContains(t, err, tc.want)
			require.ErrorContains(t, err, "test.op")
			require.NotContains(t, err.Error(), "texte")
		})
	}
}

func TestParseMessageCutAtEveryByte(t *testing.T) {
	t.Parallel()
	raw := envelope(`<w:RelatesTo xmlns:w="`+soap.NamespaceAddressing+`">x</w:RelatesTo>`, `<a b="c">é &amp; <![CDATA[d]]><!--e--></a>`)
	_, err := soap.ParseMessage("op", raw, limit)
	require.NoError(t, err)
	for n := range raw {
		_, err := soap.ParseMessage("op", raw[:n], limit)
		require.ErrorIs(t, err, segur.ErrTruncated, "cut at %d", n)
	}
}

func TestFaultsOfOfficialSamples(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		code, subcode, lang, reason, detail string
	}{
		"insi/captured/fault_siram_100_desir_550_2023-2025.xml":   {"Sender", "siram_100", "en", "L'accès par ce progiciel", "Numéro d'autorisation du logiciel inconnu."},
		"insi/captured/fault_siram_100_desir_550_2026.xml":        {"Sender", "siram_100", "fr", "L'accès par ce progiciel", "Numéro d'autorisation du logiciel inconnu."},
		"insi/captured/fault_siram_40_desir_1020.xml":             {"Sender", "siram_40", "fr", "Le service est temporairement", "Le service appelé est temporairement indisponible"},
		"insi/captured/fault_siram_40_insi_102_D-AEION_COEUR.xml": {"Receiver", "siram_40", "en", "Le service est temporairement", "L'appel au service de recherche"},
		"dmp/samples/soap-fault-certificate.unsure.xml":           {"Sender", "DMPInvalidCertificate", "fr", "Le certificat ayant signé", ""},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := soap.ParseMessage("op", testkit.ReadShared(t, name), limit)
			require.NoError(t, err)
			require.NotNil(t, m.Fault)
			assert.Equal(t, tc.code, m.Fault.Code)
			assert.Equal(t, []string{tc.subcode}, m.Fault.Subcodes)
			assert.Equal(t, tc.subcode, m.Fault.Subcode())
			assert.Equal(t, tc.lang, m.Fault.Reasons[0].Lang)
			assert.Contains(t, m.Fault.Reason(segur.FR), tc.reason)
			assert.Contains(t, m.Fault.Detail.DeepText(), tc.detail)
			assert.Equal(t, "SOAP fault "+tc.code+"/"+tc.subcode, m.Fault.Error())
			assert.True(t, strings.HasSuffix(string(m.Fault.Raw), "Fault>"))
		})
	}
}

func TestFaultSOAP11(t *testing.T) {
	t.Parallel()
	raw := `<e:Envelope xmlns:e="` + soap.Namespace11 + `"><e:Body><e:Fault><faultcode>e:Client.Authentication</faultcode>` +
		`<faultstring xml:lang="fr">refus</faultstring><faultactor>urn:actor</faultactor><detail><x>1</x></detail></e:Fault></e:Body></e:Envelope>`
	m, err := soap.ParseMessage("op", []byte(raw), limit)
	require.NoError(t, err)
	f := m.Fault
	require.NotNil(t, f)
	assert.Equal(t, soap.V11, f.Version)
	assert.Equal(t, "Sender", f.Code)
	assert.Equal(t, []string{"Authentication"}, f.Subcodes)
	assert.Equal(t, []soap.Reason{{Lang: "fr", Text: "refus"}}, f.Reasons)
	assert.Equal(t, "urn:actor", f.Role)
	assert.Equal(t, "1", f.Detail.DeepText())
	assert.Equal(t, segur.KindRefused, f.Kind(true))

	m, err = soap.ParseMessage("op", []byte(strings.Replace(raw, "Client.Authentication", "Server", 1)), limit)
	require.NoError(t, err)
	assert.Equal(t, "Receiver", m.Fault.Code)
	assert.Equal(t, segur.KindUnavailable, m.Fault.Kind(true))
	assert.Equal(t, segur.KindRefused, m.Fault.Kind(false))
}

func TestFaultChainAndReasons(t *testing.T) {
	t.Parallel()
	sub := strings.Repeat(`<S:Subcode><S:Value>q:s1</S:Value>`, 20) + strings.Repeat(`</S:Subcode>`, 20)
	raw := envelope("", `<S:Fault><S:Code><S:Value>S:MustUnderstand</S:Value>`+sub+`</S:Code><S:Reason><S:Text xml:lang="en-GB">no</S:Text><S:Text xml:lang="fr">non</S:Text></S:Reason><S:Node>n</S:Node><S:Role>r</S:Role></S:Fault>`)
	m, err := soap.ParseMessage("op", raw, limit)
	require.NoError(t, err)
	assert.Len(t, m.Fault.Subcodes, 8, "bounded")
	assert.Equal(t, "non", m.Fault.Reason(segur.FR))
	assert.Equal(t, "no", m.Fault.Reason(segur.EN))
	assert.Equal(t, "n", m.Fault.Node)
	assert.Equal(t, "r", m.Fault.Role)
	assert.Nil(t, m.Fault.Detail)
	assert.Equal(t, segur.KindProtocol, m.Fault.Kind(true))

	// Free text where a code belongs does not reach the error.
	m, err = soap.ParseMessage("op", envelope("", `<S:Fault><S:Code><S:Value>patient DUPONT inconnu</S:Value></S:Code></S:Fault>`), limit)
	require.NoError(t, err)
	assert.Equal(t, "SOAP fault ?", m.Fault.Error())
	assert.Empty(t, m.Fault.Reason(segur.FR))
	assert.Empty(t, m.Fault.Subcode())
}

func FuzzParseMessage(f *testing.F) {
	f.Add(envelope("", `<a/>`))
	f.Add(envelope("", `<S:Fault><S:Code><S:Value>S:Sender</S:Value><S:Subcode><S:Value>a:b</S:Value></S:Subcode></S:Code><S:Reason><S:Text xml:lang="fr">x</S:Text></S:Reason><S:Detail/></S:Fault>`))
	f.Add([]byte(`<e:Envelope xmlns:e="` + soap.Namespace11 + `"><e:Body><e:Fault><faultcode>e:Server</faultcode></e:Fault></e:Body></e:Envelope>`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := soap.ParseMessage("op", raw, 1<<16)
		if err != nil {
			var e *segur.Error
			if !errors.As(err, &e) || e.Kind == segur.KindUnknown {
				t.Fatalf("untyped error %v", err)
			}
			return
		}
		if m.Fault != nil {
			_ = m.Fault.Error() + m.Fault.Reason(segur.EN)
		}
	})
}
