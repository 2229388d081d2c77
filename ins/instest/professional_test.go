package instest_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
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
	"github.com/segur-sdk/segur/internal/saml"
)

// altering changes the envelopes of a client on their way.
type altering struct {
	next  http.RoundTripper
	alter func(string) string
}

func (a altering) RoundTrip(r *http.Request) (*http.Response, error) {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	altered := a.alter(string(b))
	r = r.Clone(r.Context())
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(altered)), int64(len(altered))
	return a.next.RoundTrip(r)
}

// alteredClient is a client of the server whose messages are changed after they were made.
func alteredClient(tb testing.TB, srv *instest.Server, alter func(string) string, change ...func(*ins.Config)) *ins.Client {
	tb.Helper()
	cfg := srv.Config()
	tr := &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: cfg.RootCAs}}
	tb.Cleanup(tr.CloseIdleConnections)
	cfg.HTTPClient, cfg.RootCAs = &http.Client{Transport: altering{tr, alter}}, nil
	cfg.Retry.MaxAttempts = 1
	for _, f := range change {
		f(&cfg)
	}
	client, err := ins.New(cfg)
	require.NoError(tb, err)
	return client
}

func codeOf(err error) string {
	var e *segur.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

func replacing(old, with string) func(string) string {
	return func(s string) string {
		if !strings.Contains(s, old) {
			panic("nothing to replace: " + old)
		}
		return strings.ReplaceAll(s, old, with)
	}
}

func removing(pattern string) func(string) string {
	return func(s string) string {
		out := regexp.MustCompile(pattern).ReplaceAllString(s, "")
		if out == s {
			panic("nothing to remove: " + pattern)
		}
		return out
	}
}

func TestProfessionalsRefuse(t *testing.T) {
	t.Parallel()
	srv := newServer(t, instest.WithProfessionals())
	const assertion = `<Assertion .*</Assertion>`
	twice := func(s string) string {
		a := regexp.MustCompile(assertion).FindString(s)
		return strings.Replace(s, a, a+a, 1)
	}
	tests := map[string]struct {
		alter func(string) string
		code  string
	}{
		"unchanged":               {func(s string) string { return s }, ""},
		"no Security":             {removing(`<wsse:Security.*</wsse:Security>`), "instest_header"},
		"empty Security":          {removing(assertion), "instest_security"},
		"two assertions":          {twice, "instest_security"},
		"text beside":             {replacing("</wsse:Security>", "x</wsse:Security>"), "instest_security"},
		"time stamp":              {func(s string) string { return regexp.MustCompile(assertion).ReplaceAllString(s, "<Timestamp/>") }, "instest_security"},
		"not signed":              {removing(`<Signature.*</Signature>`), "instest_assertion"},
		"other billing":           {replacing(">999999999<", ">999999998<"), "instest_assertion"},
		"other professional":      {replacing(">899900000015</NameID>", ">899900000023</NameID>"), "instest_assertion"},
		"qualified PSC":           {replacing(`NameQualifier="CPS"`, `NameQualifier="PSC"`), "instest_assertion"},
		"other algorithm":         {replacing("rsa-sha256", "rsa-sha1"), "instest_assertion"},
		"number of the software":  {replacing(instest.AuthorizationNumber, "FICTIF000009"), "desir_550"},
		"coverage without a card": {replacing("<ctxbam:COUVERTURE></ctxbam:COUVERTURE>", "<ctxbam:COUVERTURE><ctxbam:ASSURE/></ctxbam:COUVERTURE>"), "instest_context"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := alteredClient(t, srv, tc.alter).Search(t.Context(), ins.Query{Traits: instest.DefaultPatient().Traits})
			if tc.code == "" {
				require.NoError(t, err)
				return
			}
			assert.Equal(t, tc.code, codeOf(err), "%v", err)
		})
	}

	// Without sector: the client would not send it.
	card := srv.Card()
	whole, err := srv.Assertion(card)
	require.NoError(t, err)
	for name, old := range map[string]string{"sector": `<Attribute Name="secteurActivite"><AttributeValue>SA07</AttributeValue></Attribute>`} {
		short := bytes.Replace(whole, []byte(old), nil, 1)
		require.Less(t, len(short), len(whole), name)
		_, err := alteredClient(t, srv, func(s string) string { return s }, func(c *ins.Config) {
			c.Authentication = ins.Assertion(func(context.Context) ([]byte, error) { return short, nil })
		}).Search(t.Context(), ins.Query{Traits: instest.DefaultPatient().Traits})
		assert.Equal(t, "instest_assertion", codeOf(err), name)
	}
	card.Sector = ""
	_, err = srv.Assertion(card)
	require.ErrorContains(t, err, "sector is required")
}

func TestVitaleRefusals(t *testing.T) {
	t.Parallel()
	srv := newServer(t, instest.WithProfessionals())
	camille, twin, paul := instest.DefaultVitale()[0].Card, instest.DefaultVitale()[1].Card, instest.DefaultVitale()[3].Card
	body := func(old, with string) func(string) string {
		return func(s string) string {
			head, body, _ := strings.Cut(s, "<soap:Body>")
			return head + "<soap:Body>" + replacing(old, with)(body)
		}
	}
	same := func(s string) string { return s }
	tests := map[string]struct {
		card  ins.VitaleCard
		alter func(string) string
		code  string
	}{
		"unchanged":                      {camille, same, ""},
		"other insured person in body":   {twin, body("2850369123456</ins:NumIdentifiant><ins:Cle>56", "1700575056111</ins:NumIdentifiant><ins:Cle>"+segur.MatriculeKey("1700575056111")), "instest_coverage"},
		"other date in the body":         {camille, body("1985-03-14", "1985-03-15"), "instest_coverage"},
		"other rank in the body":         {twin, body("<ins:RangNaissance>1", "<ins:RangNaissance>2"), "instest_coverage"},
		"other date everywhere":          {camille, replacing("1985-03-14", "1985-03-15"), "instest_vitale"},
		"no number in the coverage":      {camille, removing(`<ctxbam:Nir>.*</ctxbam:Nir>`), "instest_coverage"},
		"empty coverage":                 {camille, removing(`<ctxbam:GrandRegime>.*</ctxbam:BENEFICIAIRE>`), "instest_context"},
		"coverage in another order":      {camille, replacing("<ctxbam:DateNai>1985-03-14</ctxbam:DateNai><ctxbam:Rang>1</ctxbam:Rang>", "<ctxbam:Rang>1</ctxbam:Rang><ctxbam:DateNai>1985-03-14</ctxbam:DateNai>"), "instest_context"},
		"wrong key":                      {twin, replacing("<ins:Cle>56", "<ins:Cle>57"), "instest_lexical"},
		"short number":                   {twin, body("2850369123456<", "285036912345<"), "instest_lexical"},
		"no insured person":              {camille, removing(`<ins:MatriculeOD>.*</ins:MatriculeOD>`), "instest_body"},
		"body in another order":          {camille, replacing("<ins:NomNaissance>FICTIVE-DURAND</ins:NomNaissance><ins:DateNaissance>1985-03-14</ins:DateNaissance>", "<ins:DateNaissance>1985-03-14</ins:DateNaissance><ins:NomNaissance>FICTIVE-DURAND</ins:NomNaissance>"), "instest_body"},
		"name in lower case":             {camille, replacing(">FICTIVE-DURAND<", ">Fictive-Durand<"), "instest_lexical"},
		"no date":                        {camille, removing(`<ins:DateNaissance>.*</ins:DateNaissance>`), "instest_lexical"},
		"rank that is none":              {camille, body("<ins:RangNaissance>1", "<ins:RangNaissance>x"), "instest_lexical"},
		"body of the search by traits":   {camille, func(s string) string { return strings.ReplaceAll(s, "RECVITALE", "RECSANSVITALE") }, "instest_body"},
		"assertion of the card left out": {camille, removing(`<Assertion xmlns="[^"]*" ID="[^"]*" IssueInstant="[^"]*" Version="2.0"><Issuer>instest.*?</Assertion>`), "instest_security"},
		"assertion of another maker":     {camille, replacing("instest:vitale", "instest:autre"), "instest_vitale"},
		"assertion with another instant": {camille, func(s string) string {
			return regexp.MustCompile(`(ID="_[a-z0-9]{26}" IssueInstant=")[^"]*`).ReplaceAllString(s, "${1}2026-01-01T00:00:00.000Z")
		}, "instest_vitale"},
		"assertions in the other order": {camille, func(s string) string {
			return regexp.MustCompile(`(<Assertion .*?</Assertion>)(<Assertion .*?</Assertion>)`).ReplaceAllString(s, "$2$1")
		}, "instest_assertion"},
		"card assertion of another card": {paul, same, ""},
		"action of the search by traits": {camille, replacing("rechercherInsAvecCarteVitale", "rechercherInsAvecTraitsIdentite"), "instest_action"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := alteredClient(t, srv, tc.alter).SearchVitale(t.Context(), srv.VitaleQuery(tc.card))
			if tc.code == "" {
				require.NoError(t, err)
				return
			}
			assert.Equal(t, tc.code, codeOf(err), "%v", err)
		})
	}
	client := alteredClient(t, srv, same)
	for name, q := range map[string]ins.VitaleQuery{
		"of another beneficiary": {Card: camille, Assertion: srv.VitaleAssertion(twin, time.Now())},
		"of another server":      {Card: camille, Assertion: newServer(t).VitaleAssertion(camille, time.Now())},
	} {
		q.AssertedAt, q.Reread = time.Now(), func(context.Context) (ins.VitaleCard, error) { return q.Card, nil }
		_, err := client.SearchVitale(t.Context(), q)
		assert.Equal(t, "instest_vitale", codeOf(err), name)
	}
}

func TestAddVitale(t *testing.T) {
	t.Parallel()
	srv := newServer(t, instest.WithProfessionals(), instest.WithoutPersons())
	client := alteredClient(t, srv, func(s string) string { return s })
	v := instest.DefaultVitale()[2]
	r, err := client.SearchVitale(t.Context(), srv.VitaleQuery(v.Card))
	require.NoError(t, err)
	assert.Equal(t, ins.NotFound, r.Outcome)
	require.NoError(t, srv.AddVitale(v))
	require.NoError(t, srv.AddVitale(v), "the person is there already")
	r, err = client.SearchVitale(t.Context(), srv.VitaleQuery(v.Card))
	require.NoError(t, err)
	assert.Equal(t, ins.Found, r.Outcome)
	assert.Equal(t, "ELIE", r.Identity.Traits.GivenNames)
	v.Person.Traits.Sex = ""
	require.ErrorIs(t, srv.AddVitale(v), segur.ErrInvalidInput)
}

func TestUnknownPersonFaultIsNotForCards(t *testing.T) {
	t.Parallel()
	srv := newServer(t, instest.WithProfessionals(), instest.WithUnknownPersonFault(), instest.WithoutPersons())
	r, err := alteredClient(t, srv, func(s string) string { return s }).SearchVitale(t.Context(), srv.VitaleQuery(instest.DefaultVitale()[0].Card))
	require.NoError(t, err)
	assert.Equal(t, "01", r.Code)
}

func TestLatency(t *testing.T) {
	t.Parallel()
	srv := newServer(t, instest.WithLatency(time.Hour))
	cfg := srv.Config()
	cfg.Timeout, cfg.Retry.MaxAttempts = 20*time.Millisecond, 1
	client, err := ins.New(cfg)
	require.NoError(t, err)
	_, err = client.Search(t.Context(), ins.Query{Traits: instest.DefaultPatient().Traits})
	require.ErrorIs(t, err, segur.ErrTimeout)
	assert.Empty(t, srv.Calls())

	srv = newServer(t, instest.WithLatency(5*time.Millisecond))
	client, err = ins.New(srv.Config())
	require.NoError(t, err)
	r, err := client.Search(t.Context(), ins.Query{Traits: instest.DefaultPatient().Traits})
	require.NoError(t, err)
	assert.GreaterOrEqual(t, r.Duration, 5*time.Millisecond)
}

func TestClock(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 5, 21, 8, 0, 0, 0, time.UTC)
	srv := newServer(t, instest.WithProfessionals(), instest.WithClock(func() time.Time { return at }))
	assert.Equal(t, at, srv.Now())
	assert.Equal(t, at, srv.Config().Clock())
	assert.Nil(t, srv.Config().Credentials)
	r, err := must(ins.New(srv.Config())).Search(t.Context(), ins.Query{Traits: instest.DefaultPatient().Traits})
	require.NoError(t, err)
	assert.Equal(t, at, r.Time)
	assert.Equal(t, credentialtest.DefaultProfessionalID, srv.Calls()[0].Professional)
	assert.Equal(t, "urn:ServiceIdentiteCertifiee:1.0.0:rechercherInsAvecTraitsIdentite", srv.Calls()[0].Action)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// Signed by a card, about somebody else.
func TestProfessionalIsTheHolderOfTheCard(t *testing.T) {
	t.Parallel()
	srv := newServer(t, instest.WithProfessionals())
	signer, err := saml.New(saml.Config{Credentials: srv.Card().Credentials})
	require.NoError(t, err)
	for subject, code := range map[string]string{"899900000015": "", "899900000023": "instest_assertion"} {
		_, err = alteredClient(t, srv, func(s string) string { return s }, func(c *ins.Config) {
			c.Authentication = ins.Assertion(func(ctx context.Context) ([]byte, error) {
				a, err := signer.INSi(ctx, saml.INSi{Subject: subject, BillingID: "999999999", Sector: "SA07"})
				return a.XML, err
			})
		}).Search(t.Context(), ins.Query{Traits: instest.DefaultPatient().Traits})
		assert.Equal(t, code, codeOf(err), "%v", err)
	}
}
