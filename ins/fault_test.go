package ins_test

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/ins/instest"
)

func TestFaults(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		kind  segur.Kind
		field string
	}{
		"desir_550":  {segur.KindAuthorization, ""},
		"desir_560":  {segur.KindAuthorization, ""},
		"desir_1020": {segur.KindUnavailable, ""},
		"insi_102":   {segur.KindUnavailable, ""},
		"insi_111":   {segur.KindUnavailable, ""},
		"insi_19":    {segur.KindRefused, "traits.birthName"},
		"insi_24":    {segur.KindRefused, "traits.sex"},
		"insi_77":    {segur.KindRefused, ""}, // unknown code, known family
	}
	srv := newServer(t)
	client := newClient(t, srv, func(c *ins.Config) { c.UnknownPersonFaults = []string{} })
	for code, tc := range tests {
		for _, g := range []instest.Generation{instest.Since2026, instest.Until2025} {
			srv.Fail(instest.SOAPFault(code, g))
			_, err := client.Search(t.Context(), ins.Query{Traits: camille()})
			var e *segur.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, tc.kind, e.Kind, code)
			assert.Equal(t, code, e.Code)
			assert.Equal(t, "ins.search", e.Op)
			assert.NotEmpty(t, e.RequestID)
			assert.NotEqual(t, e.Explain(segur.FR), e.Explain(segur.EN))
			if tc.field != "" {
				require.Len(t, e.Details, 1)
				assert.Equal(t, tc.field, e.Details[0].Field)
			}
		}
	}
}

func TestFaultsOutOfForm(t *testing.T) {
	t.Parallel()
	envelope := func(fault string) []byte {
		return []byte(`<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><s:Fault>` + fault + `</s:Fault></s:Body></s:Envelope>`)
	}
	tests := map[string]struct {
		body   []byte
		kind   segur.Kind
		code   string
		detail string
	}{
		"no detail":                  {envelope(`<s:Code><s:Value>s:Receiver</s:Value></s:Code>`), segur.KindUnavailable, "", ""},
		"not our envelope":           {envelope(`<s:Code><s:Value>s:VersionMismatch</s:Value></s:Code>`), segur.KindProtocol, "", ""},
		"header not known":           {envelope(`<s:Code><s:Value>s:MustUnderstand</s:Value></s:Code>`), segur.KindProtocol, "", ""},
		"unknown family":             {envelope(`<s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>siram_77</s:Value></s:Subcode></s:Code>`), segur.KindRefused, "siram_77", ""},
		"family only":                {envelope(`<s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>x:siram_40</s:Value></s:Subcode></s:Code>`), segur.KindUnavailable, "siram_40", ""},
		"detail without space":       {envelope(`<s:Code><s:Value>s:Sender</s:Value></s:Code><s:Detail><Erreur code="insi_19"/></s:Detail>`), segur.KindRefused, "insi_19", "insi_19"},
		"unknown code, known family": {envelope(`<s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>s:siram_100</s:Value></s:Subcode></s:Code><s:Detail><x:Erreur xmlns:x="urn:siram" code="desir_9999"/></s:Detail>`), segur.KindAuthorization, "desir_9999", "desir_9999"},
		"unknown code and family":    {envelope(`<s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>s:siram_77</s:Value></s:Subcode></s:Code><s:Detail><x:Erreur xmlns:x="urn:siram" code="insi_999"/></s:Detail>`), segur.KindUnavailable, "insi_999", "insi_999"},
		"family above another one":   {envelope(`<s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>s:siram_40</s:Value><s:Subcode><s:Value>s:autre_1</s:Value></s:Subcode></s:Subcode></s:Code>`), segur.KindUnavailable, "siram_40", ""},
		"two families":               {envelope(`<s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>s:siram_100</s:Value><s:Subcode><s:Value>s:siram_40</s:Value></s:Subcode></s:Subcode></s:Code>`), segur.KindUnavailable, "siram_40", ""},
		"empty detail":               {envelope(`<s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>s:siram_10</s:Value></s:Subcode></s:Code><s:Detail/>`), segur.KindRefused, "siram_10", ""},
		"no code at all":             {envelope(``), segur.KindRefused, "", ""},
		"comments in the codes":      {envelope(`<s:Code><s:Value>s:Sen<!-- c -->der</s:Value><s:Subcode><s:Value><!-- c -->s:siram_40</s:Value></s:Subcode></s:Code>`), segur.KindUnavailable, "siram_40", ""},
		"text for a code":            {envelope(`<s:Code><s:Value>s:Sender</s:Value></s:Code><s:Detail><x:Erreur xmlns:x="urn:siram" code="DURAND CAMILLE inconnue"/></s:Detail>`), segur.KindRefused, "", ""},
		"SOAP 1.1": {[]byte(`<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>s:Server</faultcode>` +
			`<faultstring>DURAND CAMILLE</faultstring><detail><x:Erreur xmlns:x="urn:siram" code="desir_1020" severite="fatale">t</x:Erreur></detail></s:Fault></s:Body></s:Envelope>`),
			segur.KindUnavailable, "desir_1020", "desir_1020"},
	}
	srv := newServer(t)
	client := newClient(t, srv)
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			f := answered(tc.body)
			f.Status = 500
			srv.Fail(f)
			_, err := client.Search(t.Context(), ins.Query{Traits: camille()})
			var e *segur.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, tc.kind, e.Kind)
			assert.Equal(t, tc.code, e.Code)
			var fault *ins.Fault
			require.ErrorAs(t, err, &fault)
			assert.Equal(t, tc.detail, fault.DetailCode)
			for _, printed := range []any{err, e, *e, fault, *fault, slog.AnyValue(*fault).Resolve()} {
				for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
					assert.NotContains(t, fmt.Sprintf(verb, printed), "DURAND")
					assert.NotContains(t, fmt.Sprintf(verb, printed), fmt.Sprintf("%x", "DURAND"))
				}
			}
			assert.NotEmpty(t, fault.Raw)
		})
	}
}

// The deviations that real faults showed over the years, in both generations.
func TestFaultGenerations(t *testing.T) {
	t.Parallel()
	old := `<?xml version="1.0"?><soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope"><env:Body xmlns:S="http://www.w3.org/2003/05/soap-envelope" xmlns:env="http://www.w3.org/2003/05/soap-envelope">` +
		`<S:Fault xmlns:ns4="http://schemas.xmlsoap.org/soap/envelope/"><S:Code><S:Value>S:Receiver</S:Value><S:Subcode><S:Value>S:siram_40</S:Value></S:Subcode></S:Code>` +
		`<S:Reason><S:Text xml:lang="en">Service factice:` + "\n" + `plus tard.</S:Text></S:Reason><S:Detail><siram:Erreur severite="fatal" code="insi_102" xmlns:siram="urn:siram">Panne factice.</siram:Erreur></S:Detail></S:Fault></env:Body></soap:Envelope>`
	re := strings.NewReplacer
	base := ins.Fault{Code: "Receiver", Subcode: "siram_40", Reason: "Service factice:\nplus tard.", Lang: "en", DetailCode: "insi_102", Severity: "fatal", Message: "Panne factice.", Status: 500}
	tests := map[string]struct {
		body string
		want func(*ins.Fault)
	}{
		"until 2025": {old, func(*ins.Fault) {}},
		"since 2026": {re("S:", "soap:", `xmlns:S="http://www.w3.org/2003/05/soap-envelope" `, "", `"en"`, `"fr"`).Replace(old), func(f *ins.Fault) { f.Lang = "fr" }},
		"any prefix": {re("S:", "p:", "xmlns:S=", "xmlns:p=", "siram:Erreur", "e:Erreur", "xmlns:siram=", "xmlns:e=").Replace(old), func(*ins.Fault) {}},
		"default namespace": {re("<S:", "<", "</S:", "</").Replace(
			strings.Replace(old, "<S:Fault", `<Fault xmlns="http://www.w3.org/2003/05/soap-envelope"`, 1)), func(*ins.Fault) {}},
		"severity of the schema":    {re(`"fatal"`, `"fatale"`).Replace(old), func(f *ins.Fault) { f.Severity = "fatale" }},
		"severity as a QName":       {re(`"fatal"`, `"siram:erreur"`).Replace(old), func(f *ins.Fault) { f.Severity = "erreur" }},
		"no severity":               {re(` severite="fatal"`, "").Replace(old), func(f *ins.Fault) { f.Severity = "" }},
		"attributes with namespace": {re(" severite=", " siram:severite=", " code=", " siram:code=").Replace(old), func(*ins.Fault) {}},
		"identifier repeated":       {re(" code=", ` messageID=" uuid:1 " code=`).Replace(old), func(f *ins.Fault) { f.MessageID = "uuid:1" }},
		"no language":               {re(` xml:lang="en"`, "").Replace(old), func(f *ins.Fault) { f.Lang = "" }},
		"two languages": {re("</S:Reason>", `<S:Text xml:lang="fr-FR">En français.</S:Text></S:Reason>`).Replace(old),
			func(f *ins.Fault) { f.Lang, f.Reason = "fr-FR", "En français." }},
		"no reason": {re(`<S:Reason><S:Text xml:lang="en">Service factice:`+"\n"+`plus tard.</S:Text></S:Reason>`, "").Replace(old),
			func(f *ins.Fault) { f.Lang, f.Reason = "", "" }},
		"CDATA": {re("Panne factice.", "<![CDATA[Panne <factice>.]]>").Replace(old), func(f *ins.Fault) { f.Message = "Panne <factice>." }},
	}
	for name, tc := range tests {
		for _, status := range []int{200, 400, 500} {
			t.Run(fmt.Sprint(name, " ", status), func(t *testing.T) {
				t.Parallel()
				client := cannedClient(t, segur.Qualification, nil, func(c *ins.Config) {
					c.HTTPClient = &http.Client{Transport: page{status, "application/soap+xml", tc.body}}
					c.UnknownPersonFaults = []string{}
				})
				_, err := client.Search(t.Context(), ins.Query{Traits: camille()})
				var got *ins.Fault
				require.ErrorAs(t, err, &got)
				assert.NotEmpty(t, got.Raw)
				read, want := *got, base
				read.Raw, want.Status = nil, status
				tc.want(&want)
				assert.Equal(t, fields(want), fields(read))
				require.ErrorIs(t, err, segur.ErrUnavailable)
				assert.NotContains(t, err.Error(), "factice")
			})
		}
	}
}

// fields spreads a fault, whose printed form is redacted, for a comparison that shows what differs.
func fields(f ins.Fault) []any {
	return []any{f.Code, f.Subcode, f.Reason, f.Lang, f.DetailCode, f.Severity, f.Message, f.MessageID, f.Status}
}

// page is an answer of any kind, without a network.
type page struct {
	status            int
	contentType, body string
}

func (p page) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := canned(p.body).RoundTrip(r)
	answer.StatusCode = p.status
	answer.Header = http.Header{}
	if p.contentType != "" {
		answer.Header.Set("Content-Type", p.contentType)
	}
	return answer, err
}

// What a proxy, a gateway or a broken server sends in place of an answer: a typed error that says whether to try again,
// and shows nothing of the page.
func TestPagesInPlaceOfAnswers(t *testing.T) {
	t.Parallel()
	const html = `<!DOCTYPE html><html><head><title>Erreur</title></head><body>FICTIVE-DURAND 2850369123456<br></body></html>`
	const soapType = "application/soap+xml;charset=UTF-8"
	tests := map[string]struct {
		page  page
		kind  segur.Kind
		retry bool
	}{
		"error page":              {page{500, "text/html", html}, segur.KindProtocol, false},
		"bad gateway":             {page{502, "text/html", html}, segur.KindUnavailable, true},
		"unavailable":             {page{503, "text/html", html}, segur.KindUnavailable, true},
		"gateway timeout":         {page{504, "text/html", html}, segur.KindUnavailable, true},
		"too many":                {page{429, "text/plain", "FICTIVE-DURAND"}, segur.KindRateLimited, true},
		"forbidden":               {page{403, "text/html", html}, segur.KindAuthorization, false},
		"proxy wants a password":  {page{407, "text/html", html}, segur.KindAuthentication, false},
		"portal of a hotel":       {page{200, "text/html", html}, segur.KindProtocol, false},
		"page labelled as SOAP":   {page{200, soapType, html}, segur.KindProtocol, false},
		"page labelled, failed":   {page{500, soapType, html}, segur.KindProtocol, false},
		"JSON":                    {page{200, "application/json", `{"name":"FICTIVE-DURAND"}`}, segur.KindProtocol, false},
		"empty":                   {page{200, "", ""}, segur.KindProtocol, false},
		"empty, labelled as SOAP": {page{200, soapType, ""}, segur.KindProtocol, false},
		"empty, failed":           {page{500, "", ""}, segur.KindProtocol, false},
		"empty envelope":          {page{200, soapType, string(inEnvelope(""))}, segur.KindProtocol, false},
		"another document":        {page{200, soapType, `<html xmlns="http://www.w3.org/1999/xhtml"/>`}, segur.KindProtocol, false},
		"entities":                {page{200, soapType, `<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>`}, segur.KindProtocol, false},
		"another character set":   {page{200, soapType, "<a>FICTIVE-DURAND\xe9</a>"}, segur.KindProtocol, false},
		"cut":                     {page{200, soapType, string(inEnvelope(individu(active + tiq)))[:400]}, segur.KindTruncated, false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := cannedClient(t, segur.Qualification, nil, func(c *ins.Config) {
				c.HTTPClient = &http.Client{Transport: tc.page}
				c.Retry.MaxAttempts = 1
			})
			r, err := client.Search(t.Context(), ins.Query{Traits: camille()})
			require.Nil(t, r)
			var e *segur.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, tc.kind, e.Kind, "%v", err)
			assert.Equal(t, tc.retry, e.Retryable())
			assert.Equal(t, "ins.search", e.Op)
			assert.Equal(t, tc.page.status, e.Status)
			assert.NotEmpty(t, e.RequestID)
			var f *ins.Fault
			require.False(t, errors.As(err, &f), "no fault")
			for _, secret := range []string{"DURAND", "2850369", "<", "Erreur"} {
				assert.NotContains(t, err.Error(), secret)
			}
		})
	}
}

// Whatever a fault holds, the error is typed, names the codes and shows no text.
func FuzzFault(f *testing.F) {
	for _, s := range []struct{ code, family, detail, severity, text string }{
		{"S:Receiver", "S:siram_40", "insi_102", "fatal", "Panne factice."}, {"soap:Sender", "soap:siram_100", "desir_550", "erreur", "factice\n"},
		{"soap:Sender", "siram_40", "desir_1020", "fatale", ""}, {"", "", "", "", ""}, {"Client", "siram_10", "siram:insi_19", "siram:erreur", "]]>"},
		{"x", "siram_77", "insi_ 24", "\x00", "é"}, {"s:MustUnderstand", ":", ":", "::", "\u00a0"},
	} {
		f.Add(uint16(500), s.code, s.family, s.detail, s.severity, s.text)
	}
	f.Fuzz(func(t *testing.T, status uint16, code, family, detail, severity, text string) {
		var b bytes.Buffer
		esc := func(s string) string {
			b.Reset()
			_ = xml.EscapeText(&b, []byte(s))
			return b.String()
		}
		body := inEnvelope(`<s:Fault><s:Code><s:Value>` + esc(code) + `</s:Value><s:Subcode><s:Value>` + esc(family) + `</s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang="fr">SECRET` + esc(text) +
			`</s:Text></s:Reason><s:Detail><x:Erreur xmlns:x="urn:siram" code="` + esc(detail) + `" severite="` + esc(severity) + `">SECRET` + esc(text) + `</x:Erreur></s:Detail></s:Fault>`)
		client := cannedClient(t, segur.Qualification, nil, func(c *ins.Config) {
			c.HTTPClient = &http.Client{Transport: page{200 + int(status)%400, "application/soap+xml", string(body)}}
			c.UnknownPersonFaults, c.Retry.MaxAttempts = []string{}, 1
		})
		r, err := client.Search(t.Context(), ins.Query{Traits: camille()})
		var e *segur.Error
		if r != nil || !errors.As(err, &e) || e.Kind == segur.KindUnknown || e.Op != "ins.search" {
			t.Fatalf("no typed error: %v", err)
		}
		if strings.Contains(err.Error(), "SECRET") {
			t.Fatal("the text of the service is in the error")
		}
		var fault *ins.Fault
		if !errors.As(err, &fault) {
			return
		}
		if !strings.HasPrefix(fault.Message, "SECRET") || !strings.HasPrefix(fault.Reason, "SECRET") || len(fault.Raw) == 0 {
			t.Fatal("the fault is not whole")
		}
		for _, c := range []string{fault.Code, fault.Subcode, fault.DetailCode, fault.Severity} {
			if len(c) > 64 || strings.ContainsAny(c, " \t\n:<>&\"") {
				t.Fatalf("%q passes for a code", c)
			}
		}
		if known := map[string]segur.Kind{"desir_550": segur.KindAuthorization, "insi_102": segur.KindUnavailable, "insi_24": segur.KindRefused}; known[fault.DetailCode] != 0 && known[fault.DetailCode] != e.Kind {
			t.Fatal("a known code, another kind")
		}
	})
}

func TestTheFakeRefuses(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	client := newClient(t, srv, func(c *ins.Config) { c.Software.AuthorizationNumber = "INCONNU" })
	_, err := client.Search(t.Context(), ins.Query{Traits: camille()})
	var fault *ins.Fault
	require.ErrorAs(t, err, &fault)
	assert.Equal(t, "desir_550", fault.DetailCode)
	assert.Equal(t, "desir_550", srv.Calls()[0].Code)
	assert.True(t, strings.HasPrefix(fault.MessageID, "uuid:"), "the gateway repeats the identifier")
	assert.Equal(t, srv.Calls()[0].MessageID, fault.MessageID)
}

type observer struct{ ends []segur.Outcome }

func (o *observer) OperationStart(ctx context.Context, _ string) context.Context { return ctx }
func (o *observer) OperationEnd(_ context.Context, out segur.Outcome)            { o.ends = append(o.ends, out) }

// Logs and metrics know a fault by the code and the kind that the caller gets.
func TestFaultsAreObserved(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	o := &observer{}
	client := newClient(t, srv, func(c *ins.Config) { c.Observer = o })
	srv.Fail(instest.SOAPFault("desir_550", instest.Since2026))
	_, err := client.Search(t.Context(), ins.Query{Traits: camille()})
	require.ErrorIs(t, err, segur.ErrAuthorization)
	require.Len(t, o.ends, 1)
	require.Equal(t, err, o.ends[0].Err)
	assert.Equal(t, segur.KindAuthorization, o.ends[0].Kind)
	assert.Equal(t, 500, o.ends[0].Status)
}
