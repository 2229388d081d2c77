package ins_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/ins/instest"
	"github.com/segur-sdk/segur/internal/soap"
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/internal/testkit/fixed"
)

// The assertion captured from a certified product goes out as it is, and ours has its elements and attributes.
func TestCapturedAssertion(t *testing.T) {
	t.Parallel()
	captured := testkit.ReadShared(t, "insi/captured/assertion_ps_cps_test_sample.xml")
	var sent []byte
	client := cannedClient(t, segur.Qualification, inEnvelope(resultat(`<CR><CodeCR>01</CodeCR></CR>`)), func(c *ins.Config) {
		c.Issuer, c.Authentication = "", ins.Assertion(func(context.Context) ([]byte, error) { return captured, nil })
		answer := c.HTTPClient.Transport
		c.HTTPClient = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			assert.Equal(t, ins.EndpointQualificationCPx, r.URL.String())
			b, err := io.ReadAll(r.Body)
			sent = b
			assert.NoError(t, err)
			return answer.RoundTrip(r)
		})}
	})
	_, err := client.Search(t.Context(), ins.Query{Traits: camille()})
	require.NoError(t, err)
	assert.Contains(t, string(sent), "Security xmlns:wsse=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd\">"+string(captured)+"</wsse:Security>")
	assert.Equal(t, 2, bytes.Count(sent, []byte("Emetteur>00B6087510</")))

	srv := newProfessionals(t)
	card := srv.Card(credentialtest.StructureID("Infirmier"))
	card.Specialty = ""
	_, err = newClient(t, srv, authenticated(ins.Card(card))).Search(t.Context(), ins.Query{Traits: camille()})
	require.NoError(t, err)
	ours := element(t, srv.Calls()[0].Request, "Assertion")
	assert.Equal(t, shape(t, captured, "}Assertion"), shape(t, ours, "}Assertion"))
	attributes := regexp.MustCompile(`(Algorithm|Format|Name|NameQualifier|Version)="[^"]*"`)
	assert.Equal(t, attributes.FindAllString(string(captured), -1), attributes.FindAllString(string(ours), -1))
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// What the client lets through and the service refuses.
func TestRefusedAssertions(t *testing.T) {
	t.Parallel()
	srv := newProfessionals(t)
	foreign := srv.Card()
	foreign.Credentials = segur.StaticCredential(srv.PKI().Foreign().Professional(credentialtest.ForSignature()))
	ready := func(card ins.CardConfig, alter ...string) ins.Authenticator {
		return ins.Assertion(func(context.Context) ([]byte, error) {
			b, err := srv.Assertion(card)
			return []byte(strings.NewReplacer(alter...).Replace(string(b))), err
		})
	}
	once, err := srv.Assertion(srv.Card())
	require.NoError(t, err)
	other := newProfessionals(t, instest.WithClock(fixed.NewClock(now.Add(-time.Hour-time.Second)).Now), instest.WithPKI(srv.PKI()))
	tests := map[string]struct {
		authentication ins.Authenticator
		code           string
	}{
		"card of another PKI":        {ins.Card(foreign), "instest_assertion"},
		"authentication certificate": {ready(srv.Card(credentialtest.Usages(x509.KeyUsageDigitalSignature, x509.ExtKeyUsageClientAuth))), "instest_assertion"},
		"altered":                    {ready(srv.Card(), "SA07", "SA05"), "instest_assertion"},
		"an hour old": {ins.Assertion(func(context.Context) ([]byte, error) { return other.Assertion(srv.Card()) }),
			"instest_assertion"},
		"used twice": {ins.Assertion(func(context.Context) ([]byte, error) { return once, nil }), "instest_replay"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, srv, authenticated(tc.authentication), func(c *ins.Config) { c.IDs = nil })
			if name == "used twice" {
				_, err := client.Search(t.Context(), ins.Query{Traits: camille()})
				require.NoError(t, err)
			}
			_, err := client.Search(t.Context(), ins.Query{Traits: camille()})
			var e *segur.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, segur.KindAuthorization, e.Kind)
			assert.Equal(t, tc.code, e.Code)
			var fault *ins.Fault
			require.ErrorAs(t, err, &fault)
			assert.Equal(t, "siram_100", fault.Subcode)
		})
	}
}

func TestReadyMadeAssertion(t *testing.T) {
	t.Parallel()
	srv := newProfessionals(t)
	made, err := srv.Assertion(srv.Card())
	require.NoError(t, err)
	made = append(append([]byte("\n"), made...), '\n')
	client := newClient(t, srv, authenticated(ins.Assertion(func(context.Context) ([]byte, error) { return made, nil })))
	_, err = client.Search(t.Context(), ins.Query{Traits: camille()})
	require.NoError(t, err)
	call := srv.Calls()[0]
	assert.Contains(t, string(call.Request), string(made), "byte for byte")
	assert.Equal(t, "899900000015", call.Issuer)

	const wrap = `<Assertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion" ID="_1">%s<Subject><NameID>899900000015</NameID></Subject></Assertion>`
	tests := map[string]struct{ assertion, want string }{
		"nothing":           {"", "is required"},
		"not XML":           {"eyJhbGciOi", "not well-formed"},
		"two":               {fmt.Sprintf(wrap+wrap, "", ""), "not well-formed"},
		"DTD":               {`<!DOCTYPE a [<!ENTITY b "c">]>` + fmt.Sprintf(wrap, ""), "without DTD"},
		"declaration":       {`<?xml version="1.0"?>` + fmt.Sprintf(wrap, ""), "the element alone"},
		"comment before":    {`<!-- 1 -->` + fmt.Sprintf(wrap, ""), "the element alone"},
		"other element":     {`<a/>`, "must be an element saml:Assertion"},
		"SAML 1.1":          {`<Assertion xmlns="urn:oasis:names:tc:SAML:1.0:assertion"/>`, "must be an element saml:Assertion"},
		"prefix of others":  {`<saml:Assertion><saml:Subject/></saml:Assertion>`, "not well-formed"},
		"another inside":    {fmt.Sprintf(wrap, `<Advice><Assertion/></Advice>`), "must hold no other assertion"},
		"no NameID":         {`<Assertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion"/>`, "has no NameID"},
		"long NameID":       {strings.Replace(fmt.Sprintf(wrap, ""), "899900000015", strings.Repeat("8", 129), 1), "NameID of more than 128"},
		"large":             {fmt.Sprintf(wrap, strings.Repeat(" ", 128<<10)), "more than 131072 bytes"},
		"deep":              {fmt.Sprintf(wrap, strings.Repeat("<a>", 40)+strings.Repeat("</a>", 40)), "not well-formed"},
		"not the encoding":  {fmt.Sprintf(wrap, "\xe9"), "not well-formed"},
		"end of the header": {`</wsse:Security><wsse:Security>`, "not well-formed"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, srv, authenticated(ins.Assertion(func(context.Context) ([]byte, error) { return []byte(tc.assertion), nil })))
			_, err := client.Search(t.Context(), ins.Query{Traits: camille()})
			require.ErrorIs(t, err, segur.ErrInvalidInput)
			require.ErrorContains(t, err, "authentication.assertion ")
			require.ErrorContains(t, err, tc.want)
			assert.NotContains(t, err.Error(), "8999")
		})
	}
	t.Cleanup(func() { assert.Len(t, srv.Calls(), 1, "nothing else was sent") })
}

// Whatever bytes are taken for an assertion, the message stays one with a single assertion in it.
func FuzzReadyMadeAssertion(f *testing.F) {
	for _, s := range []string{"", "<a/>", `<Assertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion"><Subject><NameID>1</NameID></Subject></Assertion>`,
		`<s:Assertion xmlns:s="urn:oasis:names:tc:SAML:2.0:assertion"><s:Subject><s:NameID>1<!-- 2 -->3</s:NameID></s:Subject></s:Assertion>`,
		`<?xml version="1.0"?><!DOCTYPE a><a/>`, `</wsse:Security>`, "\xef\xbb\xbf<a/>"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var sent []byte
		client := cannedClient(t, segur.Fake, nil, func(c *ins.Config) {
			c.Authentication = ins.Assertion(func(context.Context) ([]byte, error) { return b, nil })
			c.HTTPClient = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				sent, _ = io.ReadAll(r.Body)
				return nil, io.ErrUnexpectedEOF
			})}
			c.Retry.MaxAttempts = 1
		})
		_, err := client.Search(context.Background(), ins.Query{Traits: camille()})
		require.Error(t, err)
		if sent == nil {
			require.ErrorIs(t, err, segur.ErrInvalidInput)
			return
		}
		m, err := soap.ParseMessage("fuzz", sent, 1<<20)
		require.NoError(t, err)
		security := m.Header.Child(soap.NamespaceSecurity, "Security")
		require.Len(t, security.Children, 1)
		require.Equal(t, bytes.TrimSpace(b), security.Children[0].Raw())
	})
}
