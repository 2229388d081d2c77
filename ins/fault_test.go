package ins_test

import (
	"context"
	"fmt"
	"log/slog"
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
		"no detail":            {envelope(`<s:Code><s:Value>s:Receiver</s:Value></s:Code>`), segur.KindUnavailable, "", ""},
		"not our envelope":     {envelope(`<s:Code><s:Value>s:VersionMismatch</s:Value></s:Code>`), segur.KindProtocol, "", ""},
		"header not known":     {envelope(`<s:Code><s:Value>s:MustUnderstand</s:Value></s:Code>`), segur.KindProtocol, "", ""},
		"unknown family":       {envelope(`<s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>siram_77</s:Value></s:Subcode></s:Code>`), segur.KindRefused, "siram_77", ""},
		"family only":          {envelope(`<s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>x:siram_40</s:Value></s:Subcode></s:Code>`), segur.KindUnavailable, "siram_40", ""},
		"detail without space": {envelope(`<s:Code><s:Value>s:Sender</s:Value></s:Code><s:Detail><Erreur code="insi_19"/></s:Detail>`), segur.KindRefused, "insi_19", "insi_19"},
		"text for a code":      {envelope(`<s:Code><s:Value>s:Sender</s:Value></s:Code><s:Detail><x:Erreur xmlns:x="urn:siram" code="DURAND CAMILLE inconnue"/></s:Detail>`), segur.KindRefused, "", ""},
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
