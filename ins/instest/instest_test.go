package instest_test

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/ins/instest"
	"github.com/segur-sdk/segur/internal/testkit"
)

const (
	action    = "urn:ServiceIdentiteCertifiee:1.0.0:rechercherInsAvecTraitsIdentite"
	mediaType = `application/soap+xml; charset=utf-8; action="` + action + `"`
)

// request is a correct one, written by hand and not by the client, with identifiers that are new each time.
func request() string {
	id := func() string { return fmt.Sprintf("00000000-0000-4000-8000-%012x", counter.Add(1)) }
	return `<?xml version="1.0"?><e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" xmlns:w="http://www.w3.org/2005/08/addressing" ` +
		`xmlns:b="urn:siram:bam:ctxbam" xmlns:l="urn:siram:lps:ctxlps" xmlns:i="http://www.cnamts.fr/INSiRecSans"><e:Header>` +
		`<w:MessageID>uuid:` + id() + `</w:MessageID><w:Action>` + action + `</w:Action>` +
		`<b:ContexteBAM Version="01_02"><b:Id>` + id() + `</b:Id><b:Temps>2026-05-21T10:51:16+02:00</b:Temps><b:Emetteur>1990000019</b:Emetteur><b:COUVERTURE/></b:ContexteBAM>` +
		`<l:ContexteLPS Nature="CTXLPS" Version="01_00"><l:Id>` + id() + `</l:Id><l:Temps>2026-05-21T08:51:16.840Z</l:Temps><l:Emetteur>1990000019</l:Emetteur>` +
		`<l:LPS><l:IDAM R="4">FICTIF000000</l:IDAM><l:Version>1</l:Version><l:Instance>x</l:Instance><l:Nom>urn:lps:x:1</l:Nom></l:LPS></l:ContexteLPS>` +
		`</e:Header><e:Body><i:RECSANSVITALE><i:NomNaissance>FICTIVE-DURAND</i:NomNaissance><i:Prenom>CAMILLE</i:Prenom><i:Sexe>F</i:Sexe>` +
		`<i:DateNaissance>1985-03-14</i:DateNaissance></i:RECSANSVITALE></e:Body></e:Envelope>`
}

var counter atomic.Int64

// post sends a raw request and returns the answer.
func post(tb testing.TB, srv *instest.Server, c segur.Credential, contentType, body string) (status int, answer string) {
	tb.Helper()
	t := &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: srv.PKI().Roots()}}
	if c != nil {
		t.TLSClientConfig.Certificates = []tls.Certificate{credentialtest.TLSCertificate(c)}
	}
	defer t.CloseIdleConnections()
	req, err := http.NewRequestWithContext(tb.Context(), http.MethodPost, srv.URL, strings.NewReader(body))
	require.NoError(tb, err)
	req.Header.Set("Content-Type", contentType)
	resp, err := t.RoundTrip(req)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	require.NoError(tb, err)
	return resp.StatusCode, string(b)
}

func newServer(tb testing.TB, opts ...instest.Option) *instest.Server {
	tb.Helper()
	srv := instest.NewServer(opts...)
	tb.Cleanup(srv.Close)
	return srv
}

func insi(srv *instest.Server, opts ...credentialtest.Option) segur.Credential {
	return srv.PKI().Organization(append([]credentialtest.Option{credentialtest.CommonName(ins.CommonNameManual)}, opts...)...)
}

func TestAcceptsACorrectRequest(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	status, body := post(t, srv, insi(srv), mediaType, request())
	require.Equal(t, 200, status)
	require.Contains(t, body, "<CodeCR>00</CodeCR><LibelleCR>OK</LibelleCR>")
	require.Contains(t, body, "<NumIdentifiant>2850369123456</NumIdentifiant><Cle>56</Cle>")
	require.Contains(t, body, "<DateDeb>1985-03-20</DateDeb><DateFin>2001-09-01</DateFin>")
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	replace := func(old, with string) func(string) string {
		return func(s string) string {
			if !strings.Contains(s, old) {
				panic("nothing to replace: " + old)
			}
			return strings.Replace(s, old, with, 1)
		}
	}
	cut := func(pattern string) func(string) string {
		return func(s string) string { return regexp.MustCompile(pattern).ReplaceAllString(s, "") }
	}
	tests := map[string]struct {
		change func(string) string
		code   string
	}{
		"SOAP 1.1":               {replace("http://www.w3.org/2003/05/soap-envelope", "http://schemas.xmlsoap.org/soap/envelope/"), "instest_envelope"},
		"no XML":                 {func(string) string { return "bonjour" }, "instest_envelope"},
		"no header":              {cut(`<e:Header>.*</e:Header>`), "instest_header"},
		"wsa:To":                 {replace("<w:Action>", "<w:To>x</w:To><w:Action>"), "instest_header"},
		"wsa:ReplyTo":            {replace("<w:Action>", "<w:ReplyTo/><w:Action>"), "instest_header"},
		"wsse:Security":          {replace("<w:Action>", `<s:Security xmlns:s="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"/><w:Action>`), "instest_header"},
		"no MessageID":           {cut(`<w:MessageID>.*</w:MessageID>`), "instest_header"},
		"no Action":              {cut(`<w:Action>.*</w:Action>`), "instest_header"},
		"no ContexteBAM":         {cut(`<b:ContexteBAM.*</b:ContexteBAM>`), "instest_header"},
		"no ContexteLPS":         {cut(`<l:ContexteLPS.*</l:ContexteLPS>`), "instest_header"},
		"another action":         {replace(action+"<", action+"X<"), "instest_action"},
		"urn:uuid":               {replace("uuid:", "urn:uuid:"), "instest_message_id"},
		"upper case UUID":        {replace("uuid:0000000", "uuid:000000A"), "instest_message_id"},
		"BAM version":            {replace("01_02", "01_01"), "instest_context"},
		"BAM nature":             {replace("<b:ContexteBAM", `<b:ContexteBAM Nature="X"`), "instest_context"},
		"BAM without COUVERTURE": {replace("<b:COUVERTURE/>", ""), "instest_context"},
		"COUVERTURE filled":      {replace("<b:COUVERTURE/>", "<b:COUVERTURE><b:Organisme>1</b:Organisme></b:COUVERTURE>"), "instest_context"},
		"BAM nature empty":       {replace("<b:ContexteBAM", `<b:ContexteBAM Nature=""`), "instest_context"},
		"BAM attribute":          {replace("<b:ContexteBAM", `<b:ContexteBAM Id="_0"`), "instest_context"},
		"attribute of an Id":     {replace("<b:Id>", `<b:Id R="4">`), "instest_context"},
		"text in COUVERTURE":     {replace("<b:COUVERTURE/>", "<b:COUVERTURE>1</b:COUVERTURE>"), "instest_context"},
		"text between elements":  {replace("<l:LPS>", "<l:LPS>x"), "instest_context"},
		"element in a text":      {replace("<l:Nom>", "<l:Nom><l:R/>"), "instest_context"},
		"attribute of criteria":  {replace("<i:Prenom>", `<i:Prenom rang="1">`), "instest_body"},
		"text among criteria":    {replace("<i:Sexe>", "F<i:Sexe>"), "instest_body"},
		"BAM order":              {replace("<b:Emetteur>1990000019</b:Emetteur><b:COUVERTURE/>", "<b:COUVERTURE/><b:Emetteur>1990000019</b:Emetteur>"), "instest_context"},
		"BAM time":               {replace("2026-05-21T10:51:16+02:00", "2026-05-21 10:51"), "instest_context"},
		"no issuer":              {replace("<b:Emetteur>1990000019<", "<b:Emetteur><"), "instest_context"},
		"LPS version":            {replace("01_00", "1.00.00"), "instest_context"},
		"LPS nature":             {replace(` Nature="CTXLPS"`, ""), "instest_context"},
		"IDAM kind":              {replace(`R="4"`, `R="1"`), "instest_context"},
		"LPS order":              {replace("<l:Version>1</l:Version><l:Instance>x</l:Instance>", "<l:Instance>x</l:Instance><l:Version>1</l:Version>"), "instest_context"},
		"empty instance":         {replace("<l:Instance>x<", "<l:Instance> <"), "instest_context"},
		"context Id":             {replace("<l:Id>00000000-", "<l:Id>"), "instest_context"},
		"unknown number":         {replace("FICTIF000000", "AUTRE0000000"), "desir_550"},
		"number before the body": {func(s string) string { return replace("FICTIF000000", "AUTRE0000000")(cut(`<i:Sexe>F</i:Sexe>`)(s)) }, "desir_550"},
		"another operation":      {func(s string) string { return strings.ReplaceAll(s, "RECSANSVITALE", "RECVITALE") }, "instest_body"},
		"another namespace":      {replace("INSiRecSans", "INSiRecVit"), "instest_body"},
		"order of criteria":      {replace("<i:Prenom>CAMILLE</i:Prenom><i:Sexe>F</i:Sexe>", "<i:Sexe>F</i:Sexe><i:Prenom>CAMILLE</i:Prenom>"), "instest_body"},
		"two given names":        {replace("<i:Sexe>", "<i:Prenom>LUCE</i:Prenom><i:Sexe>"), "instest_body"},
		"unknown criterion":      {replace("<i:Sexe>", "<i:Age>1</i:Age><i:Sexe>"), "instest_body"},
		"no birth name":          {cut(`<i:NomNaissance>.*</i:NomNaissance>`), "insi_19"},
		"no sex":                 {cut(`<i:Sexe>F</i:Sexe>`), "insi_24"},
		"sex unknown":            {replace("<i:Sexe>F", "<i:Sexe>I"), "insi_24"},
		"lower case":             {replace("CAMILLE", "Camille"), "instest_lexical"},
		"accent":                 {replace("CAMILLE", "CAMÏLLE"), "instest_lexical"},
		"hyphen at the end":      {replace("CAMILLE", "CAMILLE-"), "instest_lexical"},
		"double hyphen":          {replace("CAMILLE", "CAM--ILLE"), "instest_lexical"},
		"double blank":           {replace("FICTIVE-DURAND", "FICTIVE  DURAND"), "instest_lexical"},
		"blank, apostrophe":      {replace("FICTIVE-DURAND", "D 'URAND"), "instest_lexical"},
		"no given name":          {cut(`<i:Prenom>CAMILLE</i:Prenom>`), "instest_lexical"},
		"no date":                {cut(`<i:DateNaissance>.*</i:DateNaissance>`), "instest_lexical"},
		"compact date":           {replace("1985-03-14", "19850314"), "instest_lexical"},
		"place by name":          {replace("</i:DateNaissance>", "</i:DateNaissance><i:LieuNaissance>LYON</i:LieuNaissance>"), "instest_lexical"},
		"empty place":            {replace("</i:DateNaissance>", "</i:DateNaissance><i:LieuNaissance/>"), "instest_lexical"},
	}
	srv := newServer(t)
	c := insi(srv)
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, body := post(t, srv, c, mediaType, tc.change(request()))
			assert.Equal(t, 500, status)
			assert.Contains(t, body, `code="`+tc.code+`"`)
			assert.Contains(t, body, "soap:Fault")
		})
	}
}

func TestRefusesHTTP(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	for _, contentType := range []string{"text/xml", "application/soap+xml; charset=utf-8", `application/soap+xml; action="` + action + `"`,
		`application/soap+xml; charset=utf-8; action="urn:other"`, "garbage;;="} {
		status, body := post(t, srv, insi(srv), contentType, request())
		assert.Equal(t, 500, status)
		assert.Contains(t, body, "instest_http", contentType)
	}
}

func TestCertificates(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	for name, c := range map[string]segur.Credential{
		"none":        nil,
		"expired":     insi(srv, credentialtest.Expired()),
		"another PKI": srv.PKI().Foreign().Organization(credentialtest.CommonName(ins.CommonNameAuto)),
	} {
		status, text := post(t, srv, c, mediaType, request())
		assert.Zero(t, status, "%s: refused by TLS: %s", name, text)
	}
	for _, cn := range []string{"RIS FICTIF", "insi-auto", "INSI-AUTO ", "INSI"} {
		status, body := post(t, srv, insi(srv, credentialtest.CommonName(cn)), mediaType, request())
		assert.Equal(t, 500, status)
		assert.Contains(t, body, `code="desir_560"`, cn)
	}
	status, _ := post(t, srv, insi(srv, credentialtest.CommonName("INSI-AUTO")), mediaType, request())
	assert.Equal(t, 200, status)
}

func TestIdentifiersAreNotUsedTwice(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	first, second := request(), request()
	status, _ := post(t, srv, insi(srv), mediaType, first)
	require.Equal(t, 200, status)
	status, body := post(t, srv, insi(srv), mediaType, first)
	require.Equal(t, 500, status, "the same message again")
	require.Contains(t, body, "instest_message_id")

	taken := func(element string) string { return regexp.MustCompile(element + `>[^<]+<`).FindString(first) }
	for element, code := range map[string]string{"w:MessageID": "instest_message_id", "b:Id": "instest_context", "l:Id": "instest_context"} {
		other := regexp.MustCompile(element+`>[^<]+<`).ReplaceAllLiteralString(request(), taken(element))
		status, body := post(t, srv, insi(srv), mediaType, other)
		require.Equal(t, 500, status, element)
		require.Contains(t, body, code)
		require.Contains(t, body, "used before")
	}
	status, _ = post(t, srv, insi(srv), mediaType, second)
	require.Equal(t, 200, status)
	calls := srv.Calls()
	require.Len(t, calls, 6)
	require.Equal(t, "00", calls[0].Code)
}

// Requests that the real platform accepted are accepted here.
func TestAcceptsCapturedRequests(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"captured/req_RECSANSVITALE_ADRTROIS_DOMINIQUE_no_security.xml", "captured/req_RECSANSVITALE_D-AEION_COEUR_2023-09-26.xml",
		"captured/req_RECSANSVITALE_D-ARTAGNAN_DE_L-HERAULT_2023-09-26.xml", "captured/req_RECSANSVITALE_ECETINSI_2023-09-26.xml", "samples/req_ws_ins2_mtls.xml"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			raw := testkit.ReadShared(t, "insi/"+name)
			number := regexp.MustCompile(`IDAM R="4">([^<]+)<`).FindSubmatch(raw)
			srv := newServer(t, instest.WithAuthorizationNumbers(string(number[1])))
			status, body := post(t, srv, insi(srv), mediaType, string(raw))
			assert.Equal(t, 200, status, body)
			assert.Contains(t, body, "<CodeCR>01</CodeCR>", "the person is not one of ours")
		})
	}
	srv := newServer(t)
	status, body := post(t, srv, insi(srv), mediaType, string(testkit.ReadShared(t, "insi/captured/req_RECSANSVITALE_ADRTROIS_DOMINIQUE_with_assertion_ps.xml")))
	assert.Equal(t, 500, status)
	assert.Contains(t, body, "Security is not expected", "the assertion is for another mode")
}

func TestAnswersFollowTheSchema(t *testing.T) {
	t.Parallel()
	xsd := testkit.SharedData(t, "insi/wsdl/xsd/ServiceIdentiteCertifiee/INSi_RESULTAT_INS.xsd")
	srv := newServer(t)
	for _, change := range [][2]string{{"", ""}, {"CAMILLE", "LUCE"}} {
		_, body := post(t, srv, insi(srv), mediaType, strings.Replace(request(), change[0], change[1], 1))
		from, to := strings.Index(body, "<RESULTAT"), strings.Index(body, "</env:Body>")
		require.Positive(t, from)
		require.NoError(t, testkit.XMLLintSchema(t, xsd, []byte(body[from:to])))
	}
}

func TestAddPerson(t *testing.T) {
	t.Parallel()
	srv := newServer(t, instest.WithoutPersons())
	status, body := post(t, srv, insi(srv), mediaType, request())
	require.Equal(t, 200, status)
	require.Contains(t, body, "<CodeCR>01</CodeCR>")

	err := srv.AddPerson(instest.Person{Traits: segur.Traits{BirthName: "Durand", FirstGivenName: "A", GivenNames: "B A", Sex: "I"}})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	for _, f := range []string{"traits.birthName", "traits.givenNames", "traits.sex", "traits.birthDate", "traits.birthPlace", "ins"} {
		require.ErrorContains(t, err, f)
	}
	for _, p := range instest.DefaultPersons() {
		require.NoError(t, srv.AddPerson(p))
	}
	_, body = post(t, srv, insi(srv), mediaType, request())
	require.Contains(t, body, "<CodeCR>00</CodeCR>")
}

func TestFaultForms(t *testing.T) {
	t.Parallel()
	recent := instest.SOAPFault("insi_102", instest.Since2026).Body
	old := instest.SOAPFault("desir_550", instest.Until2025).Body
	assert.Contains(t, string(recent), `<soap:Value>soap:siram_40</soap:Value>`)
	assert.Contains(t, string(recent), `xml:lang="fr"`)
	assert.NotContains(t, string(recent), "messageID")
	assert.Contains(t, string(old), `<S:Value>S:siram_100</S:Value>`)
	assert.Contains(t, string(old), `xml:lang="en"`)
	assert.Contains(t, string(old), `messageID="uuid:`)
	assert.True(t, bytes.HasPrefix(old, []byte("<?xml")))
	assert.Contains(t, string(instest.SOAPFault("insi_99", instest.Since2026).Body), `code="insi_99"`)
}

func TestScriptAndClose(t *testing.T) {
	t.Parallel()
	srv := instest.NewServer()
	srv.Fail(instest.Fault{Status: 503, Times: 2}, instest.Fault{ContentType: "text/html", Body: []byte("<html/>")})
	for _, want := range []int{503, 503, 200, 200} {
		status, _ := post(t, srv, insi(srv), mediaType, request())
		require.Equal(t, want, status)
	}
	require.Len(t, srv.Calls(), 1, "scripted answers are not calls")
	srv.Close()
	srv.Close()
	testkit.Refused(t, srv.URL)
	status, _ := post(t, srv, insi(srv), mediaType, request())
	require.Zero(t, status)
}
