package ins_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
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

// newProfessionals is a server of professionals at the instant of the tests.
func newProfessionals(tb testing.TB, opts ...instest.Option) *instest.Server {
	tb.Helper()
	return newServer(tb, append([]instest.Option{instest.WithProfessionals(), instest.WithClock(fixed.NewClock(now).Now)}, opts...)...)
}

func authenticated(a ins.Authenticator) func(*ins.Config) {
	return func(c *ins.Config) { c.Authentication = a }
}

// thrice lets a client make three attempts without a pause.
func thrice(c *ins.Config) {
	c.Retry = segur.RetryPolicy{MaxAttempts: 3, BaseDelay: time.Microsecond, MaxDelay: time.Microsecond}
}

func TestCard(t *testing.T) {
	t.Parallel()
	srv := newProfessionals(t)
	r, err := newClient(t, srv).Search(t.Context(), ins.Query{Traits: camille()})
	require.NoError(t, err)
	assert.Equal(t, ins.Found, r.Outcome)
	call := srv.Calls()[0]
	assert.Empty(t, call.CommonName, "TLS presents no certificate")
	assert.Equal(t, credentialtest.DefaultProfessionalID, call.Professional)
	assert.Equal(t, credentialtest.DefaultProfessionalID, call.Issuer)
	assert.Equal(t, 2, bytes.Count(call.Request, []byte("Emetteur>899900000015</")))
	for _, w := range []string{`<NameID NameQualifier="CPS">899900000015</NameID>`, `<Attribute Name="identifiantFacturation"><AttributeValue>999999999</AttributeValue></Attribute>`,
		`<Attribute Name="secteurActivite"><AttributeValue>SA07</AttributeValue></Attribute>`, `<Attribute Name="codeSpecialite"><AttributeValue>06</AttributeValue></Attribute>`} {
		assert.Contains(t, string(call.Request), w)
	}

	card := srv.Card()
	card.SpecialtyAttribute, card.AssertionIssuer = "codeSpecialiteAMO", "CN=899900000015+SN=RADIOLOGUE+GN=CLAUDE,OU=Médecin,O=FICTIF,C=FR"
	client := newClient(t, srv, authenticated(ins.Card(card)), func(c *ins.Config) { c.Issuer, c.IDs = "1990000019", nil })
	_, err = client.Search(t.Context(), ins.Query{Traits: camille()})
	require.NoError(t, err)
	call = srv.Calls()[1]
	assert.Equal(t, "1990000019", call.Issuer, "given in the configuration")
	assert.Contains(t, string(call.Request), `Name="codeSpecialiteAMO"`)
	assert.Contains(t, string(call.Request), ">CN=899900000015+SN=RADIOLOGUE+GN=CLAUDE,OU=Médecin,O=FICTIF,C=FR</Issuer>")
}

func TestSecurityFollowsTheSchema(t *testing.T) {
	t.Parallel()
	srv := newProfessionals(t)
	_, err := newClient(t, srv).Search(t.Context(), ins.Query{Traits: camille()})
	require.NoError(t, err)
	xsd := testkit.SharedData(t, "insi/wsdl/xsd/WSSE/Security.xsd")
	require.NoError(t, testkit.XMLLintSchema(t, xsd, element(t, srv.Calls()[0].Request, "wsse:Security")))
}

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

// Each message has a proof of its own: identifications and repetitions included.
func TestProofOfEachMessage(t *testing.T) {
	t.Parallel()
	for name, option := range map[string]instest.Option{"card": instest.WithProfessionals(), "Pro Santé Connect": instest.WithProSanteConnect()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := newProfessionals(t, option)
			client := newClient(t, srv, thrice)
			srv.Fail(instest.Fault{DropBeforeResponse: true, Times: 2})
			r, err := client.Search(t.Context(), ins.Query{Traits: camille()})
			require.NoError(t, err)
			_, err = client.Identify(t.Context(), instest.DefaultPatient())
			require.NoError(t, err)
			seen := map[string]bool{}
			for _, c := range srv.Calls() {
				require.Equal(t, "00", c.Code, "no assertion is sent twice")
				seen[c.Assertion] = true
			}
			require.Len(t, seen, 4)
			assert.Equal(t, srv.Calls()[2].MessageID, r.MessageID)
		})
	}
}

func TestAuthenticationConfigIsChecked(t *testing.T) {
	t.Parallel()
	signing := []credentialtest.Option{credentialtest.ForSignature(), credentialtest.Usages(x509.KeyUsageContentCommitment, x509.ExtKeyUsageEmailProtection)}
	card := func(p *credentialtest.PKI, opts ...credentialtest.Option) ins.CardConfig {
		return ins.CardConfig{BillingID: "999999999", Sector: "SA07", Specialty: "06",
			Credentials: segur.StaticCredential(p.Professional(append(append([]credentialtest.Option{}, signing...), opts...)...))}
	}
	with := func(change func(*ins.CardConfig), opts ...credentialtest.Option) ins.Authenticator {
		c := card(cardPKI, opts...)
		if change != nil {
			change(&c)
		}
		return ins.Card(c)
	}
	connected := ins.ProSanteConnectConfig{Subject: "899900000015", AssertionIssuer: "RIS", BillingID: "999999999",
		Decorate: func(context.Context, http.Header) error { return nil }}
	relay := func(c *ins.Config) { c.Endpoint = "https://relais.example/lps" }
	give := func(context.Context) ([]byte, error) { return nil, nil }
	const cardField = "authentication.credentials "
	tests := map[string]struct {
		authentication ins.Authenticator
		change         func(*ins.Config)
		want           []string
	}{
		"card":                       {with(nil), nil, nil},
		"card in production":         {with(nil), func(c *ins.Config) { c.Environment = segur.Production }, nil},
		"test card in qualification": {ins.Card(card(testCardPKI)), nil, nil},
		"test card in production": {ins.Card(card(testCardPKI)), func(c *ins.Config) { c.Environment = segur.Production },
			[]string{cardField + `the certificate is one of the test world, issued by "TEST AC IGC-SANTE FORT PERSONNES": production wants`}},
		"card of another authority":              {ins.Card(card(pki)), nil, []string{cardField + `the certificate was issued by "AC IGC-SANTE ELEMENTAIRE ORGANISATIONS" instead of "AC IGC-SANTE FORT PERSONNES"`}},
		"card of the other authority of persons": {ins.Card(card(credentialtest.NewPKI(credentialtest.WithAuthorities("AC RACINE IGC-SANTE STANDARD", "AC IGC-SANTE STANDARD PERSONNES")))), nil, nil},
		"authority accepted":                     {ins.Card(card(pki)), func(c *ins.Config) { c.CertificateIssuers = []string{"AC IGC-SANTE ELEMENTAIRE ORGANISATIONS"} }, nil},
		"authentication certificate of the card": {with(nil, credentialtest.Usages(x509.KeyUsageDigitalSignature, x509.ExtKeyUsageClientAuth)), nil,
			[]string{cardField + "the certificate is not for signatures (non-repudiation): a card holds two, take the other one"}},
		"expired card":                 {with(nil, credentialtest.Expired()), nil, []string{cardField + "the certificate expired on"}},
		"card of tomorrow":             {with(nil, credentialtest.NotYetValid()), nil, []string{cardField + "the certificate is valid from"}},
		"software certificate":         {with(nil, credentialtest.CommonName("INSI-AUTO")), nil, []string{cardField + "the certificate is not the one of a professional's card"}},
		"no key":                       {with(func(c *ins.CardConfig) { c.Credentials = nil }), nil, []string{cardField + "is required"}},
		"no certificate":               {with(func(c *ins.CardConfig) { c.Credentials = segur.StaticCredential(nil) }), nil, []string{cardField + "has no certificate"}},
		"reader without card":          {with(func(c *ins.CardConfig) { c.Credentials = &closed{} }, credentialtest.Expired()), nil, []string{cardField + "has no certificate"}},
		"billing identifier":           {with(func(c *ins.CardConfig) { c.BillingID = "" }), nil, []string{"authentication.billingID is required"}},
		"sector":                       {with(func(c *ins.CardConfig) { c.Sector = "" }), nil, []string{"authentication.sector is required"}},
		"sector of another table":      {with(func(c *ins.CardConfig) { c.Sector = "07" }), nil, []string{"authentication.sector must be a code SAxx"}},
		"physician without specialty":  {with(func(c *ins.CardConfig) { c.Specialty = "" }), nil, []string{"authentication.specialty is required: the card is the one of a physician"}},
		"radiographer":                 {with(func(c *ins.CardConfig) { c.Specialty = "" }, credentialtest.StructureID("Manipulateur")), nil, nil},
		"attribute of the specialty":   {with(func(c *ins.CardConfig) { c.SpecialtyAttribute = "code spécialité" }), nil, []string{"authentication.specialtyAttribute must be"}},
		"card on the host of software": {with(nil), func(c *ins.Config) { c.Endpoint = ins.EndpointQualification }, []string{"endpoint is the one of another mode"}},
		"card on the other platform":   {with(nil), func(c *ins.Config) { c.Endpoint = ins.EndpointProductionCPx }, []string{"endpoint is the one of environment production"}},
		"own HTTP client": {with(nil), func(c *ins.Config) {
			c.HTTPClient, c.RootCAs = &http.Client{}, nil
		}, nil},
		"assertion":                {ins.Assertion(give), nil, nil},
		"assertion in production":  {ins.Assertion(give), func(c *ins.Config) { c.Environment = segur.Production }, nil},
		"assertion from nowhere":   {ins.Assertion(nil), nil, []string{"authentication needs the function"}},
		"Pro Santé Connect":        {ins.ProSanteConnect(connected), relay, nil},
		"no endpoint is known":     {ins.ProSanteConnect(connected), nil, []string{"endpoint is required"}},
		"nothing about the user":   {ins.ProSanteConnect(ins.ProSanteConnectConfig{}), relay, []string{"authentication.subject is required", "authentication.billingID is required", "authentication.assertionIssuer is required", "authentication.decorate is required"}},
		"no endpoint in Fake":      {with(nil), func(c *ins.Config) { c.Environment = segur.Fake }, []string{"endpoint is required"}},
		"certificate of structure": {with(nil), func(c *ins.Config) { c.Credentials = organization(credentialtest.Expired()) }, nil}, // not asked
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := config()
			c.Authentication = tc.authentication
			if tc.change != nil {
				tc.change(&c)
			}
			_, err := ins.New(c)
			if len(tc.want) == 0 {
				require.NoError(t, err)
				return
			}
			var e *segur.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, segur.KindInvalidInput, e.Kind)
			assert.Len(t, e.Details, len(tc.want), "%v", err)
			for _, w := range tc.want {
				assert.Contains(t, err.Error(), w)
			}
			assert.NotContains(t, err.Error(), "999999999")
			assert.NotContains(t, err.Error(), "899900000015")
		})
	}
}

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

// functions are the two modes whose proof a function of the caller gives.
func functions(srv *instest.Server, f func(context.Context) error) map[string]ins.Authenticator {
	connected := srv.ProSanteConnect()
	connected.Decorate = func(ctx context.Context, _ http.Header) error { return f(ctx) }
	return map[string]ins.Authenticator{
		"assertion": ins.Assertion(func(ctx context.Context) ([]byte, error) { return nil, f(ctx) }),
		"token":     ins.ProSanteConnect(connected),
	}
}

var errSecret = errors.New("refused: token eyJhbGciOi of 899900000015")

func TestFunctionsThatFail(t *testing.T) {
	t.Parallel()
	srv := newProfessionals(t)
	ask := func(t *testing.T, ctx context.Context, f func(context.Context) error, check func(error)) { //nolint:revive // the context is the subject
		t.Helper()
		for name, a := range functions(srv, f) {
			_, err := newClient(t, srv, authenticated(a), thrice).Search(ctx, ins.Query{Traits: camille()})
			var e *segur.Error
			require.ErrorAs(t, err, &e, name)
			assert.Equal(t, "ins.search", e.Op)
			assert.Contains(t, e.Message, "nothing was sent")
			for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
				assert.NotContains(t, fmt.Sprintf(verb, err), "eyJhbGciOi", name)
			}
			assert.NotContains(t, e.Explain(segur.FR), "eyJhbGciOi")
			check(err)
		}
	}
	ask(t, t.Context(), func(context.Context) error { return errSecret }, func(err error) {
		require.ErrorIs(t, err, segur.ErrAuthentication)
		require.ErrorIs(t, err, errSecret, "the program still finds its own error")
	})
	ask(t, t.Context(), func(context.Context) error { return &segur.Error{Kind: segur.KindUnavailable, Err: errSecret} }, func(err error) {
		require.ErrorIs(t, err, segur.ErrUnavailable)
	})
	ctx, cancel := context.WithCancel(t.Context())
	ask(t, ctx, func(ctx context.Context) error { cancel(); return ctx.Err() }, func(err error) {
		require.ErrorIs(t, err, segur.ErrCanceled)
		require.ErrorIs(t, err, context.Canceled)
	})
	ask(t, ctx, func(context.Context) error { return errors.New("must not be called") }, func(err error) {
		require.ErrorIs(t, err, segur.ErrCanceled)
	})
	ctx, cancel = context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	ask(t, ctx, func(context.Context) error { return errSecret }, func(err error) { require.ErrorIs(t, err, segur.ErrTimeout) })
	assert.Empty(t, srv.Calls())
}

func TestProSanteConnect(t *testing.T) {
	t.Parallel()
	srv := newProfessionals(t, instest.WithProSanteConnect())
	dir := t.TempDir()
	evidence, err := segur.NewEvidenceDir(dir)
	require.NoError(t, err)
	var log bytes.Buffer
	client := newClient(t, srv, func(c *ins.Config) {
		c.Evidence, c.Logger = evidence, slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	_, err = client.Search(t.Context(), ins.Query{Traits: camille()})
	require.NoError(t, err)
	call := srv.Calls()[0]
	assert.Equal(t, "899900000015", call.Professional)
	assert.Equal(t, "899900000015", call.Issuer)
	assert.Contains(t, string(call.Request), `<NameID NameQualifier="PSC">899900000015</NameID>`)
	assert.Contains(t, string(call.Request), `Name="codeSpecialiteAMO"`)
	assert.NotContains(t, string(call.Request), "Signature")
	request, err := os.ReadFile(filepath.Join(dir, "001-ins.search.request"))
	require.NoError(t, err)
	assert.Contains(t, string(request), instest.TokenHeader+": [removed]")
	assert.NotContains(t, string(request), instest.Token)
	assert.NotContains(t, log.String(), instest.Token)

	tests := map[string]struct {
		decorate func(http.Header)
		kind     segur.Kind
		want     string
	}{
		"no token":         {func(http.Header) {}, segur.KindAuthorization, "instest_token"},
		"other token":      {func(h http.Header) { h.Set(instest.TokenHeader, "périmé?"[:1]) }, segur.KindAuthorization, "instest_token"},
		"line break":       {func(h http.Header) { h.Set("X-Token", "secret\r\nHost: x") }, segur.KindInvalidInput, "printable ASCII: X-Token"},
		"not ASCII":        {func(h http.Header) { h.Set("X-Token", "secret é") }, segur.KindInvalidInput, "printable ASCII"},
		"name":             {func(h http.Header) { h["X Token"] = []string{"secret"} }, segur.KindInvalidInput, "not a token of HTTP"},
		"header of SOAP":   {func(h http.Header) { h.Set("Content-Type", "secret") }, segur.KindInvalidInput, "must not replace Content-Type"},
		"header of HTTP":   {func(h http.Header) { h.Set("Host", "secret") }, segur.KindInvalidInput, "must not replace Host"},
		"coded by the SDK": {func(h http.Header) { h.Set("Accept-Encoding", "secret") }, segur.KindInvalidInput, "must not replace Accept-Encoding"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			user := srv.ProSanteConnect()
			user.Decorate = func(_ context.Context, h http.Header) error { tc.decorate(h); return nil }
			_, err := newClient(t, srv, authenticated(ins.ProSanteConnect(user)), func(c *ins.Config) { c.IDs = nil }).Search(t.Context(), ins.Query{Traits: camille()})
			require.Equal(t, tc.kind, segur.KindOf(err), "%v", err)
			require.ErrorContains(t, err, tc.want)
			assert.NotContains(t, err.Error(), "secret")
		})
	}
}

func TestModesDoNotMix(t *testing.T) {
	t.Parallel()
	mutual, cards, connected := newServer(t), newProfessionals(t), newProfessionals(t, instest.WithProSanteConnect())
	tests := map[string]struct {
		on   *instest.Server
		with ins.Config
		code string
	}{
		"card on mutual TLS":                {mutual, cards.Config(), ""},
		"structure on cards":                {cards, mutual.Config(), "instest_header"},
		"Pro Santé Connect on cards":        {cards, connected.Config(), "instest_assertion"},
		"card on Pro Santé Connect":         {connected, cards.Config(), "instest_token"},
		"structure on Pro Santé Connect":    {connected, mutual.Config(), "instest_header"},
		"Pro Santé Connect on mutual TLS":   {mutual, connected.Config(), ""},
		"assertion given on mutual TLS too": {mutual, cards.Config(), ""},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, tc.on, func(c *ins.Config) {
				c.Authentication, c.Credentials, c.IDs = tc.with.Authentication, tc.with.Credentials, nil
			})
			_, err := client.Search(t.Context(), ins.Query{Traits: camille()})
			if tc.code == "" {
				require.ErrorIs(t, err, segur.ErrAuthentication)
				return
			}
			var e *segur.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, tc.code, e.Code, "%v", err)
		})
	}
}

// The card is asked at each message: what is in the reader now counts.
func TestCardChangesAfterNew(t *testing.T) {
	t.Parallel()
	srv := newProfessionals(t)
	credential := func(opts ...credentialtest.Option) segur.Credential {
		c, err := srv.Card(opts...).Credentials.Credential(t.Context())
		require.NoError(t, err)
		return c
	}
	search := func(source segur.CredentialSource) error {
		card := srv.Card()
		card.Credentials = source
		_, err := newClient(t, srv, authenticated(ins.Card(card)), func(c *ins.Config) { c.IDs = nil }).Search(t.Context(), ins.Query{Traits: camille()})
		return err
	}
	require.NoError(t, search(&renewed{first: credential(), then: credential(credentialtest.CommonName("899900000023"))}))
	assert.Equal(t, "899900000023", srv.Calls()[0].Issuer, "another professional")
	assert.Equal(t, "899900000023", srv.Calls()[0].Professional)

	err := search(&renewed{first: credential(), then: credential(credentialtest.Valid(now.AddDate(-3, 0, 0), now.AddDate(0, 0, -1)))})
	require.ErrorIs(t, err, segur.ErrAuthentication)
	require.ErrorContains(t, err, "the certificate expired on 2026-05-20")
	err = search(&closed{first: credential(), err: &segur.Error{Kind: segur.KindUnavailable, Message: "no card in the reader"}})
	require.ErrorIs(t, err, segur.ErrUnavailable)
	require.ErrorContains(t, err, "no card in the reader")
	require.Len(t, srv.Calls(), 1, "nothing was sent")
}

// reader is a card whose signature the test holds back.
type reader struct {
	segur.Credential
	sign func() error
}

func (r reader) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if err := r.sign(); err != nil {
		return nil, err
	}
	return r.Credential.Sign(random, digest, opts)
}

func readerOf(tb testing.TB, srv *instest.Server, sign func() error) ins.Authenticator {
	tb.Helper()
	card := srv.Card()
	key, err := card.Credentials.Credential(tb.Context())
	require.NoError(tb, err)
	card.Credentials = segur.StaticCredential(reader{key, sign})
	return ins.Card(card)
}

func TestCardThatDoesNotSign(t *testing.T) {
	t.Parallel()
	srv := newProfessionals(t)
	_, err := newClient(t, srv, authenticated(readerOf(t, srv, func() error { return errors.New("PIN blocked") }))).Search(t.Context(), ins.Query{Traits: camille()})
	require.ErrorIs(t, err, segur.ErrSignature)
	require.ErrorContains(t, err, "the card did not sign: nothing was sent")

	asked, answer := make(chan struct{}, 2), make(chan struct{})
	waiting := newClient(t, srv, authenticated(readerOf(t, srv, func() error { asked <- struct{}{}; <-answer; return nil })))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := waiting.Search(ctx, ins.Query{Traits: camille()})
		done <- err
	}()
	<-asked // the card asks for the PIN, and the user goes away
	second, stop := context.WithTimeout(t.Context(), time.Millisecond)
	defer stop()
	_, err = waiting.Search(second, ins.Query{Traits: camille()})
	require.ErrorIs(t, err, segur.ErrTimeout, "the card is busy")
	cancel()
	err = <-done
	require.ErrorIs(t, err, segur.ErrCanceled)
	require.Empty(t, srv.Calls())
	close(answer)
	_, err = waiting.Search(t.Context(), ins.Query{Traits: camille()})
	require.NoError(t, err, "the card is free again")
}

func TestProfessionalsConcurrently(t *testing.T) {
	t.Parallel()
	srv := newProfessionals(t)
	var busy, most atomic.Int32
	client := newClient(t, srv, authenticated(readerOf(t, srv, func() error {
		most.Store(max(most.Load(), busy.Add(1)))
		defer busy.Add(-1)
		return nil
	})))
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			r, err := client.Search(t.Context(), ins.Query{Traits: camille()})
			if assert.NoError(t, err) {
				assert.Equal(t, ins.Found, r.Outcome)
			}
		})
		wg.Go(func() {
			r, err := client.SearchVitale(t.Context(), srv.VitaleQuery(instest.DefaultVitale()[1].Card))
			if assert.NoError(t, err) {
				assert.Equal(t, ins.Found, r.Outcome)
			}
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	for _, c := range srv.Calls() {
		seen[c.Assertion] = true
	}
	assert.Len(t, seen, 32)
	assert.EqualValues(t, 1, most.Load(), "a card does one thing at a time")
}

func TestWithAuthentication(t *testing.T) {
	t.Parallel()
	srv := newProfessionals(t)
	client := newClient(t, srv)
	other, err := client.WithAuthentication(ins.Card(srv.Card(credentialtest.CommonName("899900000023"))))
	require.NoError(t, err)
	for _, c := range []*ins.Client{client, other} {
		_, err = c.Search(t.Context(), ins.Query{Traits: camille()})
		require.NoError(t, err)
	}
	assert.Equal(t, "899900000015", srv.Calls()[0].Issuer)
	assert.Equal(t, "899900000023", srv.Calls()[1].Issuer)

	for name, a := range map[string]ins.Authenticator{"none": nil, "another platform": ins.ProSanteConnect(srv.ProSanteConnect()),
		"expired": ins.Card(srv.Card(credentialtest.Valid(now.AddDate(-3, 0, 0), now.AddDate(0, 0, -1))))} {
		_, err = client.WithAuthentication(a)
		require.ErrorIs(t, err, segur.ErrInvalidInput, name)
		require.ErrorContains(t, err, "authentication", name)
	}
	_, err = newClient(t, newServer(t)).WithAuthentication(ins.Card(srv.Card()))
	require.ErrorContains(t, err, "must be that of a professional, in this client too")
}

// The limiter counts the messages of each professional, with a card and without.
func TestProfessionalsAreLimited(t *testing.T) {
	t.Parallel()
	srv := newProfessionals(t)
	limiter := ins.NewLimiter(ins.LimiterConfig{Calls: 1, Interval: time.Hour, Refuse: true, Clock: fixed.NewClock(now).Now})
	client := func(a ins.Authenticator) *ins.Client {
		return newClient(t, srv, authenticated(a), func(c *ins.Config) { c.Limiter, c.IDs = limiter, nil })
	}
	first := client(ins.Card(srv.Card()))
	_, err := first.SearchVitale(t.Context(), srv.VitaleQuery(beneficiary(0)))
	require.NoError(t, err)
	_, err = first.Search(t.Context(), ins.Query{Traits: camille()})
	require.ErrorIs(t, err, segur.ErrRateLimited)
	_, err = first.SearchVitale(t.Context(), srv.VitaleQuery(beneficiary(0)))
	require.ErrorIs(t, err, segur.ErrRateLimited)
	require.ErrorContains(t, err, "ins.searchVitale")
	_, err = client(ins.Card(srv.Card(credentialtest.CommonName("899900000023")))).Search(t.Context(), ins.Query{Traits: camille()})
	require.NoError(t, err)

	asked := 0
	ready := client(ins.Assertion(func(context.Context) ([]byte, error) { asked++; return srv.Assertion(srv.Card()) }))
	_, err = ready.Search(t.Context(), ins.Query{Traits: camille()})
	require.NoError(t, err)
	_, err = ready.Search(t.Context(), ins.Query{Traits: camille()})
	require.ErrorIs(t, err, segur.ErrRateLimited)
	assert.Equal(t, 1, asked, "no assertion is made for a message that does not leave")
	card, err := srv.Card().Credentials.Credential(t.Context())
	require.NoError(t, err)
	away := srv.Card()
	away.Credentials = &closed{first: card, err: &segur.Error{Kind: segur.KindUnavailable}}
	_, err = client(ins.Card(away)).Search(t.Context(), ins.Query{Traits: camille()})
	require.ErrorIs(t, err, segur.ErrUnavailable)
	require.Len(t, srv.Calls(), 3)
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

func TestCertificateWarnings(t *testing.T) {
	t.Parallel()
	mutual, cards, connected := newServer(t), newProfessionals(t), newProfessionals(t, instest.WithProSanteConnect())
	soon := credentialtest.Valid(now.AddDate(-2, 0, 0), now.AddDate(0, 0, 30))
	warned := func(srv *instest.Server, change ...func(*ins.Config)) (codes []string, log string) {
		var b bytes.Buffer
		client := newClient(t, srv, append(change, func(c *ins.Config) { c.Logger = slog.New(slog.NewTextHandler(&b, nil)) })...)
		warnings, err := client.CertificateWarnings(t.Context())
		require.NoError(t, err)
		for _, w := range warnings {
			codes = append(codes, w.Code)
			assert.NotEmpty(t, w.Text.FR)
		}
		return codes, b.String()
	}
	for name, srv := range map[string]*instest.Server{"structure": mutual, "card": cards, "Pro Santé Connect": connected} {
		codes, log := warned(srv)
		assert.Empty(t, codes, name)
		assert.Empty(t, log, name)
	}
	codes, log := warned(mutual, func(c *ins.Config) {
		c.Credentials, c.Issuer = mutual.Credential(soon, credentialtest.StructureID("")), "1990000019"
	})
	assert.Equal(t, []string{"expires-soon"}, codes)
	assert.Contains(t, log, "level=WARN")
	assert.Contains(t, log, "2026-06-20")
	codes, log = warned(cards, authenticated(ins.Card(cards.Card(soon))))
	assert.Equal(t, []string{"expires-soon"}, codes)
	assert.Contains(t, log, "code=expires-soon")

	auto, err := mutual.Credential().Credential(t.Context())
	require.NoError(t, err)
	client := newClient(t, mutual, func(c *ins.Config) {
		c.Credentials = &closedAfter{closed{first: auto, err: errors.New("away")}, 2}
	})
	_, err = client.CertificateWarnings(t.Context())
	require.ErrorIs(t, err, segur.ErrAuthentication)
	require.ErrorContains(t, err, "ins.CertificateWarnings")
}

// closedAfter gives its credential some times, and fails afterwards.
type closedAfter struct {
	closed
	times int
}

func (c *closedAfter) Credential(context.Context) (segur.Credential, error) {
	if c.times--; c.times >= 0 {
		return c.first, nil
	}
	return nil, c.err
}

func TestAuthenticatorsAreRedacted(t *testing.T) {
	t.Parallel()
	srv := newProfessionals(t)
	card, connected := srv.Card(), srv.ProSanteConnect()
	nir, err := ins.ParseNIR("2850369123456", "56")
	require.NoError(t, err)
	vitale := instest.DefaultVitale()[0].Card
	cfg := srv.Config()
	cfg.Clock, cfg.RootCAs = nil, nil
	type kept struct { // where fmt reaches fields by reflection
		nir  ins.NIR
		Card ins.VitaleCard
	}
	for _, v := range []any{card, &card, connected, ins.Card(card), ins.ProSanteConnect(connected), ins.Assertion(nil), nir, &nir, vitale, &vitale,
		srv.VitaleQuery(vitale), []ins.VitaleCard{vitale}, kept{nir, vitale}, cfg.Authentication} {
		texts := []string{slog.AnyValue(v).Resolve().String()}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			texts = append(texts, fmt.Sprintf(verb, v))
		}
		var log bytes.Buffer
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", v)
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", v)
		texts = append(texts, log.String())
		if b, err := json.Marshal(v); err == nil {
			texts = append(texts, string(b))
		}
		for _, text := range texts {
			for _, secret := range []string{"2850369123456", "DURAND", "1985-03-14", "1985", "FICTIF0000001", "899900000015", "999999999", "Assertion>"} {
				assert.NotContains(t, text, secret, "%T", v)
				assert.NotContains(t, text, fmt.Sprintf("%x", secret), "%T", v)
			}
		}
	}
	_, err = json.Marshal(nir)
	require.ErrorContains(t, err, "not serialised implicitly")
}
