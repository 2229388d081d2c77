package ins_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/ins/instest"
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
		slog.New(slog.NewJSONHandler(&log, steady())).Info("x", "v", v)
		slog.New(slog.NewTextHandler(&log, steady())).Info("x", "v", v)
		texts = append(texts, log.String())
		if b, err := json.Marshal(v); err == nil {
			texts = append(texts, string(b))
		}
		for _, text := range texts {
			// Not the year alone: an address of memory, printed by reflection, may hold its digits.
			for _, secret := range []string{"2850369123456", "DURAND", "1985-03-14", "19850314", "1985 3", "1985, 3", "Year:1985", "FICTIF0000001", "899900000015", "999999999", "Assertion>"} {
				assert.NotContains(t, text, secret, "%T", v)
				assert.NotContains(t, text, fmt.Sprintf("%x", secret), "%T", v)
			}
		}
	}
	_, err = json.Marshal(nir)
	require.ErrorContains(t, err, "not serialised implicitly")
}
