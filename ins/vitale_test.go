package ins_test

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/ins/instest"
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/internal/testkit/fixed"
)

// beneficiary is the i-th of the fictional cards: Camille, her twins Noé and Élie without a number, Paul.
func beneficiary(i int) ins.VitaleCard { return instest.DefaultVitale()[i].Card }

func nirOf(tb testing.TB, number string) ins.NIR {
	tb.Helper()
	n, err := ins.ParseNIR(number, "")
	require.NoError(tb, err)
	return n
}

func TestParseNIR(t *testing.T) {
	t.Parallel()
	n, err := ins.ParseNIR("155102A004444", segur.MatriculeKey("155102A004444"))
	require.NoError(t, err)
	assert.Equal(t, "155102A004444", n.Number())
	assert.Equal(t, segur.MatriculeKey("155102A004444"), n.Key())
	n, err = ins.ParseNIR("2850369123456", "")
	require.NoError(t, err)
	assert.Empty(t, n.Key(), "the card did not give it")
	assert.Equal(t, nirOf(t, "2850369123456"), n)
	assert.True(t, ins.NIR{}.IsZero())
	assert.Empty(t, ins.NIR{}.Number()+ins.NIR{}.Key())
	assert.Equal(t, "NIR(none)", ins.NIR{}.String())
	for _, tc := range []struct{ number, key, want string }{
		{"", "", "number must have 13 characters"},
		{"285036912345", "", "number must have 13 characters"},
		{"285036912345656", "", "number must have 13 characters"},
		{"28503691234X6", "56", "number must be digits"},
		{"28503A9123456", "", "number must be digits"},
		{"2850369123456", "5", "key must have 2 digits"},
		{"2850369123456", "5X", "key must have 2 digits"},
		{"2850369123456", "57", "key does not match the number"},
		{"28503691234X6", "X", "number must be digits, but for A or B in position 7 (Corsica); key must have 2 digits"},
	} {
		_, err := ins.ParseNIR(tc.number, tc.key)
		require.ErrorIs(t, err, segur.ErrInvalidInput)
		require.ErrorContains(t, err, tc.want)
		assert.NotContains(t, err.Error(), "28503")
	}
}

func TestSearchVitale(t *testing.T) {
	t.Parallel()
	change := func(i int, f func(*ins.VitaleCard)) ins.VitaleCard {
		c := beneficiary(i)
		f(&c)
		return c
	}
	tests := map[string]struct {
		card    ins.VitaleCard
		outcome ins.Outcome
		code    string
		number  string
	}{
		"insured person":           {beneficiary(0), ins.Found, "00", "2850369123456"},
		"first twin":               {beneficiary(1), ins.Found, "00", "1150669123661"},
		"second twin":              {beneficiary(2), ins.Found, "00", "1150669123662"},
		"other card":               {beneficiary(3), ins.Found, "00", "1700575056111"},
		"twins without rank":       {change(1, func(c *ins.VitaleCard) { c.BirthRank = 0 }), ins.Ambiguous, "02", ""},
		"nobody of that date":      {change(1, func(c *ins.VitaleCard) { c.BirthDate.Day = 21 }), ins.NotFound, "01", ""},
		"former number":            {change(0, func(c *ins.VitaleCard) { c.Beneficiary = nirOf(t, "1850369123456") }), ins.Found, "00", "2850369123456"},
		"name before a change":     {change(0, func(c *ins.VitaleCard) { c.BirthName = "FICTIVE-MARTIN" }), ins.Unconfirmed, "00", "2850369123456"},
		"name written otherwise":   {change(0, func(c *ins.VitaleCard) { c.BirthName = "FICTIVE DURAND" }), ins.Found, "00", "2850369123456"},
		"no name on the card":      {change(0, func(c *ins.VitaleCard) { c.BirthName = "" }), ins.Unconfirmed, "00", "2850369123456"},
		"name of the insured":      {change(0, func(c *ins.VitaleCard) { c.BirthName, c.InsuredBirthName = "", "FICTIVE-DURAND" }), ins.Unconfirmed, "00", "2850369123456"},
		"certified on a day":       {change(0, func(c *ins.VitaleCard) { c.CertifiedOn = segur.NewDate(2010, 1, 2) }), ins.Found, "00", "2850369123456"},
		"date out of any calendar": {change(0, func(c *ins.VitaleCard) { c.BirthDate = segur.Date{Year: 1985, Month: 99} }), ins.NotFound, "01", ""},
	}
	srv := newProfessionals(t)
	client := newClient(t, srv)
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := client.SearchVitale(t.Context(), srv.VitaleQuery(tc.card))
			require.NoError(t, err)
			assert.Equal(t, tc.outcome, r.Outcome)
			assert.Equal(t, tc.code, r.Code)
			assert.Empty(t, r.Warnings)
			assert.Equal(t, tc.card.BirthDate, r.Sent.BirthDate)
			if tc.number == "" {
				assert.Nil(t, r.Identity)
				return
			}
			assert.Equal(t, tc.number, r.Identity.INS.Body())
			assert.NotEmpty(t, r.Raw)
			assert.Regexp(t, `^uuid:[0-9a-f-]{36}$`, r.MessageID)
		})
	}
}

// An answer about somebody else: the number is neither that of the card nor a former one.
func TestSearchVitaleOtherNumber(t *testing.T) {
	t.Parallel()
	srv := newProfessionals(t)
	srv.Fail(instest.Fault{Alter: func(b []byte) []byte {
		b = bytes.ReplaceAll(b, []byte("2850369123456"), []byte("2850369123457"))
		return bytes.ReplaceAll(b, []byte("<Cle>"+segur.MatriculeKey("2850369123456")), []byte("<Cle>"+segur.MatriculeKey("2850369123457")))
	}})
	r, err := newClient(t, srv).SearchVitale(t.Context(), srv.VitaleQuery(beneficiary(0)))
	require.NoError(t, err)
	assert.Equal(t, ins.Unconfirmed, r.Outcome)
	require.Len(t, r.Warnings, 1)
	assert.Equal(t, "card.beneficiary", r.Warnings[0].Field)
	assert.Equal(t, "error", r.Warnings[0].Severity)
}

// The schema of the answer lets the letter of Corsica be a lower-case one.
func TestSearchVitaleLowerCaseNumber(t *testing.T) {
	t.Parallel()
	srv := newProfessionals(t)
	i := slices.IndexFunc(instest.DefaultPersons(), func(p instest.Person) bool { return p.Traits.BirthPlace == "2A004" })
	person := instest.DefaultPersons()[i]
	number, err := ins.ParseNIR(person.INS.Body(), person.INS.Key())
	require.NoError(t, err)
	card := ins.VitaleCard{Serial: "FICTIF0000003", Insured: number, Beneficiary: number, BirthName: person.Traits.BirthName,
		BirthDate: person.Traits.BirthDate, BirthRank: 1}
	require.NoError(t, srv.AddVitale(instest.Vitale{Card: card, Person: person}))
	srv.Fail(instest.Fault{Alter: func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("155102A"), []byte("155102a")) }})
	r, err := newClient(t, srv).SearchVitale(t.Context(), srv.VitaleQuery(card))
	require.NoError(t, err)
	assert.Equal(t, "155102a004444", r.Identity.Active.Number(), "as received")
	assert.Equal(t, person.INS, r.Identity.INS)
	assert.Equal(t, ins.Found, r.Outcome)
	assert.Empty(t, r.Warnings)
}

func TestSearchVitaleInvalidInput(t *testing.T) {
	t.Parallel()
	srv := newProfessionals(t)
	client := newClient(t, srv)
	tests := map[string]struct {
		change func(*ins.VitaleQuery)
		want   []string
	}{
		"nothing": {func(q *ins.VitaleQuery) { *q = ins.VitaleQuery{} }, []string{"card.serial is required", "card.insured is required", "card.birthDate is required",
			"assertion is required", "assertedAt is required", "reread is required"}},
		"index":              {func(q *ins.VitaleQuery) { q.Card.Index = -1 }, []string{"card.index must not be negative"}},
		"name in lower case": {func(q *ins.VitaleQuery) { q.Card.BirthName = "Fictive-Durand" }, []string{"card.birthName characters 2 to 7: lower-case", "card.birthName characters 10 to 14: lower-case"}},
		"accent":             {func(q *ins.VitaleQuery) { q.Card.InsuredBirthName = "FICTIVÉ" }, []string{"card.insuredBirthName character 7: only the letters A to Z"}},
		"date without year":  {func(q *ins.VitaleQuery) { q.Card.BirthDate = segur.Date{Month: 3} }, []string{"card.birthDate must be a year of four digits"}},
		"three digits":       {func(q *ins.VitaleQuery) { q.Card.BirthDate.Day = 100 }, []string{"card.birthDate must be a year of four digits"}},
		"born tomorrow":      {func(q *ins.VitaleQuery) { q.Card.BirthDate = segur.NewDate(2026, 5, 22) }, []string{"card.birthDate is in the future"}},
		"born in two years":  {func(q *ins.VitaleQuery) { q.Card.BirthDate = segur.Date{Year: 2028, Month: 50} }, []string{"card.birthDate is in the future"}},
		"rank":               {func(q *ins.VitaleQuery) { q.Card.BirthRank = 10 }, []string{"card.birthRank must be 1 to 9"}},
		"certified":          {func(q *ins.VitaleQuery) { q.Card.CertifiedOn = segur.Date{Year: 2010} }, []string{"card.certifiedOn must be a complete date"}},
		"certified nothing": {func(q *ins.VitaleQuery) {
			q.Card.CertifiedOn, q.Card.Beneficiary = segur.NewDate(2010, 1, 2), ins.NIR{}
		}, []string{"card.certifiedOn goes with the number of the beneficiary"}},
		"codes":              {func(q *ins.VitaleQuery) { q.Card.Regime, q.Card.Fund = "0 1", "1234567890" }, []string{"card.regime must be a code", "card.fund must be a code"}},
		"assertion with DTD": {func(q *ins.VitaleQuery) { q.Assertion = append([]byte("<!DOCTYPE a>"), q.Assertion...) }, []string{"assertion is not well-formed XML by itself, without DTD"}},
		"other assertion":    {func(q *ins.VitaleQuery) { q.Assertion = []byte("<a/>") }, []string{"assertion must be an element saml:Assertion"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := srv.VitaleQuery(beneficiary(0))
			tc.change(&q)
			_, err := client.SearchVitale(t.Context(), q)
			var e *segur.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, segur.KindInvalidInput, e.Kind)
			assert.Equal(t, "ins.searchVitale", e.Op)
			assert.Len(t, e.Details, len(tc.want), "%v", err)
			for _, w := range tc.want {
				assert.Contains(t, err.Error(), w)
			}
			for _, secret := range []string{"28503", "DURAND", "Durand", "1985", "2028"} {
				assert.NotContains(t, err.Error(), secret)
			}
		})
	}
	t.Cleanup(func() { assert.Empty(t, srv.Calls(), "nothing was sent") })

	_, err := newClient(t, newServer(t)).SearchVitale(t.Context(), srv.VitaleQuery(beneficiary(0)))
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	require.ErrorContains(t, err, "authentication must be that of a professional")
}

// The conformance test 1.02: after more than 20 minutes, with and without another selection.
func TestObsoleteVitaleAssertion(t *testing.T) {
	t.Parallel()
	clock := fixed.NewClock(now)
	srv := newProfessionals(t, instest.WithClock(clock.Now))
	client := newClient(t, srv, func(c *ins.Config) { c.Clock = clock.Now })
	patient := newClient(t, srv, func(c *ins.Config) { c.Clock, c.VitaleAssertionAge, c.IDs = clock.Now, time.Hour, nil })
	q := srv.VitaleQuery(beneficiary(0))
	clock.Advance(20 * time.Minute)
	_, err := client.SearchVitale(t.Context(), q)
	require.NoError(t, err, "20 minutes and no more")
	clock.Advance(time.Second)
	_, err = client.SearchVitale(t.Context(), q)
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	require.ErrorContains(t, err, "assertedAt is more than 20m0s ago: read the card again and make another assertion")
	require.Len(t, srv.Calls(), 1, "nothing was sent")

	// Where the setting allows it, the service says it.
	_, err = patient.SearchVitale(t.Context(), q)
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "instest_vitale_age", e.Code)

	r, err := client.SearchVitale(t.Context(), srv.VitaleQuery(beneficiary(0)))
	require.NoError(t, err)
	assert.Equal(t, ins.Found, r.Outcome, "with another assertion")
	q = srv.VitaleQuery(beneficiary(0))
	clock.Advance(-6 * time.Minute)
	_, err = client.SearchVitale(t.Context(), q)
	require.ErrorContains(t, err, "assertedAt is in the future: check the clock")
}

// The conformance test 1.03: the beneficiary was selected on a card, and another card is in the reader.
func TestSwappedVitaleCard(t *testing.T) {
	t.Parallel()
	srv := newProfessionals(t)
	client := newClient(t, srv)
	tests := map[string]struct {
		inReader func() ins.VitaleCard
		want     string
	}{
		"other card":           {func() ins.VitaleCard { return beneficiary(3) }, "card.serial is not that of the selected beneficiary"},
		"other beneficiary":    {func() ins.VitaleCard { return beneficiary(1) }, "card.index is not that"},
		"updated number":       {func() ins.VitaleCard { c := beneficiary(0); c.Beneficiary = ins.NIR{}; return c }, "card.beneficiary is not that"},
		"other insured person": {func() ins.VitaleCard { c := beneficiary(0); c.Insured = beneficiary(3).Insured; return c }, "card.insured is not that"},
		"other date":           {func() ins.VitaleCard { c := beneficiary(0); c.BirthDate.Day++; return c }, "card.birthDate is not that"},
		"other rank":           {func() ins.VitaleCard { c := beneficiary(0); c.BirthRank++; return c }, "card.birthRank is not that"},
		"other name":           {func() ins.VitaleCard { c := beneficiary(0); c.BirthName = "FICTIVE"; return c }, "card.birthName is not that"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := srv.VitaleQuery(beneficiary(0))
			q.Reread = func(context.Context) (ins.VitaleCard, error) { return tc.inReader(), nil }
			_, err := client.SearchVitale(t.Context(), q)
			require.ErrorIs(t, err, segur.ErrInvalidInput)
			require.ErrorContains(t, err, tc.want)
			require.ErrorContains(t, err, "select again")
		})
	}
	t.Cleanup(func() { assert.Empty(t, srv.Calls(), "nothing was sent") })
}

// A repetition reads the card again too: it leaves later than the first message.
func TestVitaleCardSwappedBeforeARepetition(t *testing.T) {
	t.Parallel()
	srv := newProfessionals(t)
	client := newClient(t, srv, thrice)
	srv.Fail(instest.Fault{DropBeforeResponse: true})
	q, reads := srv.VitaleQuery(beneficiary(0)), 0
	q.Reread = func(context.Context) (ins.VitaleCard, error) {
		reads++
		return beneficiary(3 * (reads / 2)), nil
	}
	_, err := client.SearchVitale(t.Context(), q)
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	require.ErrorContains(t, err, "card.serial")
	require.Len(t, srv.Calls(), 1)
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, srv.Calls()[0].MessageID, e.RequestID, "the message that left is the one to quote")

	srv.Fail(instest.Fault{DropBeforeResponse: true})
	q, reads = srv.VitaleQuery(beneficiary(0)), 0
	q.Reread = func(context.Context) (ins.VitaleCard, error) {
		if reads++; reads > 1 {
			return ins.VitaleCard{}, errors.New("removed")
		}
		return beneficiary(0), nil
	}
	_, err = client.SearchVitale(t.Context(), q)
	require.ErrorIs(t, err, segur.ErrUnavailable)
	require.ErrorContains(t, err, "the Vitale card cannot be read again: the message before was not repeated")
	assert.NotContains(t, err.Error(), "nothing was sent")

	srv.Fail(instest.Fault{Status: http.StatusServiceUnavailable}, instest.Fault{DropBeforeResponse: true})
	r, err := client.SearchVitale(t.Context(), srv.VitaleQuery(beneficiary(0)))
	require.NoError(t, err)
	calls := srv.Calls()
	require.Len(t, calls, 4)
	assert.Equal(t, r.MessageID, calls[3].MessageID)
	assert.NotEqual(t, calls[2].Assertion, calls[3].Assertion)
}

func TestVitaleCardThatCannotBeRead(t *testing.T) {
	t.Parallel()
	srv := newProfessionals(t)
	client := newClient(t, srv)
	ask := func(ctx context.Context, err error) error {
		q := srv.VitaleQuery(beneficiary(0))
		q.Reread = func(context.Context) (ins.VitaleCard, error) { return ins.VitaleCard{}, err }
		_, err = client.SearchVitale(ctx, q)
		require.ErrorContains(t, err, "nothing was sent")
		return err
	}
	gone := errors.New("no card of FICTIVE-DURAND")
	err := ask(t.Context(), gone)
	require.ErrorIs(t, err, segur.ErrUnavailable)
	require.ErrorIs(t, err, gone)
	assert.NotContains(t, err.Error(), "DURAND")
	require.ErrorIs(t, ask(t.Context(), &segur.Error{Kind: segur.KindAuthentication}), segur.ErrAuthentication)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, ask(ctx, gone), segur.ErrCanceled)
	assert.Empty(t, srv.Calls())
}

// The faults that mean "nobody" are about the search by traits.
func TestVitaleFaults(t *testing.T) {
	t.Parallel()
	srv := newProfessionals(t)
	srv.Fail(instest.SOAPFault("insi_102", instest.Since2026))
	_, err := newClient(t, srv).SearchVitale(t.Context(), srv.VitaleQuery(beneficiary(0)))
	require.ErrorIs(t, err, segur.ErrUnavailable)
}

// shape lists the elements of a message with their place, values left out.
func shape(tb testing.TB, message []byte, under string) (paths []string) {
	tb.Helper()
	var at []string
	d := xml.NewDecoder(bytes.NewReader(message))
	for {
		token, err := d.Token()
		if token == nil {
			require.ErrorContains(tb, err, "EOF")
			return paths
		}
		switch e := token.(type) {
		case xml.StartElement:
			at = append(at, fmt.Sprintf("{%s}%s", e.Name.Space, e.Name.Local))
			if p := strings.Join(at, "/"); strings.Contains(p, under) {
				paths = append(paths, p)
			}
		case xml.EndElement:
			at = at[:len(at)-1]
		}
	}
}

func TestVitaleRequest(t *testing.T) {
	t.Parallel()
	srv := newProfessionals(t)
	client := newClient(t, srv)
	full := beneficiary(0)
	full.CertifiedOn = segur.NewDate(2010, 1, 2)
	for i, card := range []ins.VitaleCard{full, beneficiary(2), beneficiary(3)} {
		_, err := client.SearchVitale(t.Context(), srv.VitaleQuery(card))
		require.NoError(t, err)
		request := srv.Calls()[i].Request
		for _, tc := range []struct{ schema, name string }{
			{"CTX/ROOT_ctxbam_CTXBAM_V01_02.xsd", "ctxbam:ContexteBAM"},
			{"CTX/ROOT_ctxlps_CTXLPS_V01_00.xsd", "ctxlps:ContexteLPS"},
			{"ServiceIdentiteCertifiee/INSi_RECVITALE_INS.xsd", "ins:RECVITALE"},
			{"WSSE/Security.xsd", "wsse:Security"},
		} {
			t.Run(fmt.Sprint(tc.name, i), func(t *testing.T) {
				t.Parallel()
				xsd := testkit.SharedData(t, "insi/wsdl/xsd/"+tc.schema)
				require.NoError(t, testkit.XMLLintSchema(t, xsd, element(t, request, tc.name)))
			})
		}
	}
	testkit.Golden(t, "vitale.xml", element(t, srv.Calls()[0].Request, "ins:RECVITALE"))
	testkit.Golden(t, "vitale-context.xml", element(t, srv.Calls()[0].Request, "ctxbam:ContexteBAM"))
	testkit.Golden(t, "vitale-without-number.xml", element(t, srv.Calls()[1].Request, "ins:RECVITALE"))

	request := string(srv.Calls()[0].Request)
	professional, card := strings.Index(request, `NameQualifier="CPS"`), strings.Index(request, "instest:vitale")
	assert.True(t, 0 < professional && professional < card, "the assertion of the professional first")
	assert.Contains(t, request, "<wsa:Action>urn:ServiceIdentiteCertifiee:1.0.0:rechercherInsAvecCarteVitale</wsa:Action>")

	// Paul's card has what the sample has: no scheme, a certified number, a rank; the sample has no key of the insured.
	sample := testkit.ReadShared(t, "insi/samples/req_ws_ins1_vitale_cps.xml")
	got := srv.Calls()[2].Request
	for _, under := range []string{"}COUVERTURE", "}RECVITALE"} {
		want := shape(t, sample, under)
		require.NotEmpty(t, want)
		var without []string
		for _, p := range shape(t, got, under) {
			if !strings.Contains(p, "}MatriculeOD/{http://www.cnamts.fr/INSiRecVit}Cle") {
				without = append(without, p)
			}
		}
		assert.Equal(t, want, without)
	}
}
