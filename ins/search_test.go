package ins_test

import (
	"encoding/xml"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/ins/instest"
	"github.com/segur-sdk/segur/internal/testkit"
)

func TestSearchFound(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	r, err := newClient(t, srv).Search(t.Context(), ins.Query{Traits: camille()})
	require.NoError(t, err)

	assert.Equal(t, ins.Found, r.Outcome)
	assert.Equal(t, "00", r.Code)
	assert.Equal(t, camille(), r.Sent, "as it was given")
	assert.Regexp(t, `^uuid:[0-9a-f-]{36}$`, r.MessageID)
	assert.Equal(t, now, r.Time)
	assert.Empty(t, r.Warnings)
	assert.True(t, r.Verdict.Coherent())
	assert.True(t, strings.HasPrefix(string(r.Raw), "<?xml") && strings.HasSuffix(string(r.Raw), "Envelope>"))

	id := r.Identity
	assert.Equal(t, "2850369123456"+segur.MatriculeKey("2850369123456"), id.INS.Matricule())
	assert.Equal(t, segur.OIDINSNIRTest, id.INS.Authority())
	assert.Equal(t, id.INS, id.Active.INS)
	assert.Equal(t, "2850369123456", id.Active.Number())
	assert.Equal(t, segur.MatriculeKey("2850369123456"), id.Active.Key())
	require.Len(t, id.History, 1)
	assert.Equal(t, "1850369123456", id.History[0].INS.Body())
	assert.Equal(t, segur.NewDate(1985, 3, 20), id.History[0].From)
	assert.Equal(t, segur.NewDate(2001, 9, 1), id.History[0].To)
	assert.Equal(t, segur.Traits{BirthName: "FICTIVE-DURAND", GivenNames: "CAMILLE LUCE", Sex: segur.Female,
		BirthDate: segur.NewDate(1985, 3, 14), BirthPlace: "69123"}, id.Traits)

	call := srv.Calls()[0]
	assert.Equal(t, r.MessageID, call.MessageID)
	assert.Equal(t, ins.CommonNameAuto, call.CommonName)
	assert.Equal(t, camille(), call.Criteria)
}

func TestSearchOutcomes(t *testing.T) {
	t.Parallel()
	paul := segur.Traits{BirthName: "FICTIF-MARTIN", FirstGivenName: "PAUL", Sex: segur.Male, BirthDate: segur.NewDate(1970, 5, 2)}
	inMarseille := paul
	inMarseille.BirthPlace = "13055"
	nobody := paul
	nobody.FirstGivenName = "ANDRE"
	lunar := segur.Traits{BirthName: "FICTIVE-LUNE", FirstGivenName: "AIME", Sex: segur.Female, BirthDate: segur.Date{Year: 1934, Month: 2}}
	corsica := segur.Traits{BirthName: "D'AIGUEFICTIVE", FirstGivenName: "JEAN-LOUP", Sex: segur.Male, BirthDate: segur.NewDate(1955, 10, 9), BirthPlace: "2A004"}
	waiting := segur.Traits{BirthName: "FICTIF-ATTENTE", FirstGivenName: "SACHA", Sex: segur.Male, BirthDate: segur.NewDate(2001, 1, 31)}
	tests := map[string]struct {
		traits  segur.Traits
		outcome ins.Outcome
		code    string
		number  string
		oid     segur.OID
	}{
		"homonyms":                {paul, ins.Ambiguous, "02", "", ""},
		"told apart by the place": {inMarseille, ins.Found, "00", "1700513055222", segur.OIDINSNIRTest},
		"nobody":                  {nobody, ins.NotFound, "01", "", ""},
		"incomplete birth date":   {lunar, ins.Found, "00", "2340269123555", segur.OIDINSNIRTest},
		"Corsica, apostrophe":     {corsica, ins.Found, "00", "155102A004444", segur.OIDINSNIRTest},
		"waiting number":          {waiting, ins.Found, "00", "1010199109333", segur.OIDINSNIA},
	}
	srv := newServer(t)
	client := newClient(t, srv)
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := client.Search(t.Context(), ins.Query{Traits: tc.traits})
			require.NoError(t, err)
			assert.Equal(t, tc.outcome, r.Outcome)
			assert.Equal(t, tc.code, r.Code)
			if tc.number == "" {
				assert.Nil(t, r.Identity)
				assert.Equal(t, ins.Verdict{}, r.Verdict)
				return
			}
			assert.Equal(t, tc.number, r.Identity.INS.Body())
			assert.Equal(t, tc.oid, r.Identity.INS.Authority())
		})
	}
}

func TestSearchInvalidInput(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	client := newClient(t, srv)
	tests := map[string]struct {
		change func(*segur.Traits)
		fields []string
	}{
		"everything":     {func(x *segur.Traits) { *x = segur.Traits{} }, []string{"traits.birthName", "traits.firstGivenName", "traits.sex", "traits.birthDate"}},
		"sex unknown":    {func(x *segur.Traits) { x.Sex = segur.SexUnknown }, []string{"traits.sex"}},
		"tomorrow":       {func(x *segur.Traits) { x.BirthDate = segur.NewDate(2026, 5, 22) }, []string{"traits.birthDate"}},
		"31 June":        {func(x *segur.Traits) { x.BirthDate = segur.NewDate(1985, 6, 31) }, []string{"traits.birthDate"}},
		"place unknown":  {func(x *segur.Traits) { x.BirthPlace = "99999" }, []string{"traits.birthPlace"}},
		"postal address": {func(x *segur.Traits) { x.BirthPlace = "Lyon" }, []string{"traits.birthPlace"}},
		"two letters":    {func(x *segur.Traits) { x.BirthPlace = "2C004" }, []string{"traits.birthPlace"}},
		"Cyrillic":       {func(x *segur.Traits) { x.BirthName = "Дмитрий" }, []string{"traits.birthName"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := camille()
			tc.change(&q)
			r, err := client.Search(t.Context(), ins.Query{Traits: q})
			require.Nil(t, r)
			var e *segur.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, segur.KindInvalidInput, e.Kind)
			assert.Equal(t, "ins.search", e.Op)
			fields := map[string]bool{}
			for _, d := range e.Details {
				fields[d.Field] = true
			}
			for _, f := range tc.fields {
				assert.True(t, fields[f], f)
			}
			assert.Len(t, fields, len(tc.fields))
		})
	}
	t.Cleanup(func() { assert.Empty(t, srv.Calls(), "nothing was sent") })
}

// Born today where the day began before it did in UTC (Nouméa, Wallis).
func TestSearchNewborn(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	q := camille()
	q.BirthDate = segur.NewDate(2026, 5, 22)
	client := newClient(t, srv, func(c *ins.Config) {
		c.Clock = func() time.Time { return time.Date(2026, 5, 21, 12, 30, 0, 0, time.UTC) }
	})
	r, err := client.Search(t.Context(), ins.Query{Traits: q})
	require.NoError(t, err)
	assert.Equal(t, ins.NotFound, r.Outcome)
	q.BirthDate = segur.NewDate(2026, 5, 23)
	_, err = client.Search(t.Context(), ins.Query{Traits: q})
	require.ErrorContains(t, err, "traits.birthDate is in the future")
}

func TestSearchLongNamesWarn(t *testing.T) {
	t.Parallel()
	q := camille()
	q.BirthName, q.FirstGivenName = strings.Repeat("A", 81), strings.Repeat("B", 62)
	r, err := newClient(t, newServer(t)).Search(t.Context(), ins.Query{Traits: q})
	require.NoError(t, err)
	require.Len(t, r.Warnings, 2)
	assert.Equal(t, "traits.birthName", r.Warnings[0].Field)
	assert.Equal(t, "has 81 characters; beyond 80 the service may refuse it", r.Warnings[0].Message)
	assert.Contains(t, r.Warnings[1].Message, "beyond 61")
	q.BirthName, q.FirstGivenName = q.BirthName[1:], q.FirstGivenName[1:]
	r, err = newClient(t, newServer(t)).Search(t.Context(), ins.Query{Traits: q})
	require.NoError(t, err)
	require.Empty(t, r.Warnings, "the lengths themselves are fine")
}

func TestUnknownPersonFault(t *testing.T) {
	t.Parallel()
	srv := newServer(t, instest.WithUnknownPersonFault(), instest.WithFaults(instest.Until2025))
	q := camille()
	q.FirstGivenName = "INCONNUE"
	r, err := newClient(t, srv).Search(t.Context(), ins.Query{Traits: q})
	require.NoError(t, err)
	assert.Equal(t, ins.NotFound, r.Outcome)
	assert.Equal(t, "insi_102", r.Code)
	assert.Equal(t, "insi_102", r.Fault.DetailCode)
	assert.Contains(t, string(r.Raw), "insi_102")
	assert.True(t, strings.HasPrefix(string(r.Raw), "<?xml"), "the whole envelope is kept")
	require.Len(t, r.Warnings, 1)

	strict := newClient(t, srv, func(c *ins.Config) {
		c.UnknownPersonFaults = []string{}
		c.IDs = nil // random: the server refuses a MessageID it has seen
	})
	_, err = strict.Search(t.Context(), ins.Query{Traits: q})
	require.ErrorIs(t, err, segur.ErrUnavailable, "a technical failure where it is not told to mean nobody")
}

func TestSearchConcurrently(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	client := newClient(t, srv)
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			r, err := client.Search(t.Context(), ins.Query{Traits: camille()})
			if assert.NoError(t, err) {
				assert.Equal(t, ins.Found, r.Outcome)
			}
		})
	}
	wg.Wait()
	ids := map[string]bool{}
	for _, c := range srv.Calls() {
		ids[c.MessageID] = true
	}
	require.Len(t, ids, 32, "every call has its own identifier")
}

func TestRequestGolden(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	client := newClient(t, srv)
	_, err := client.Search(t.Context(), ins.Query{Traits: camille()})
	require.NoError(t, err)
	q := segur.Traits{BirthName: "D'AIGUEFICTIVE", FirstGivenName: "JEAN-LOUP", Sex: segur.Male, BirthDate: segur.NewDate(1955, 10, 9)}
	_, err = client.Search(t.Context(), ins.Query{Traits: q})
	require.NoError(t, err)
	testkit.Golden(t, "search.xml", srv.Calls()[0].Request)
	testkit.Golden(t, "search-without-place.xml", srv.Calls()[1].Request)
}

// element cuts one element out of an envelope that declares its prefix on it.
func element(tb testing.TB, envelope []byte, name string) []byte {
	tb.Helper()
	m := regexp.MustCompile(`(?s)<` + name + `[ >].*</` + name + `>`).Find(envelope)
	require.NotNil(tb, m, name)
	require.NoError(tb, xml.Unmarshal(m, new(struct{})))
	return m
}

func TestMessagesFollowTheSchemas(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	client := newClient(t, srv)
	r, err := client.Search(t.Context(), ins.Query{Traits: camille()})
	require.NoError(t, err)
	request := srv.Calls()[0].Request
	for _, tc := range []struct {
		schema, name string
		message      []byte
	}{
		{"CTX/ROOT_ctxbam_CTXBAM_V01_02.xsd", "ctxbam:ContexteBAM", request},
		{"CTX/ROOT_ctxlps_CTXLPS_V01_00.xsd", "ctxlps:ContexteLPS", request},
		{"ServiceIdentiteCertifiee/INSi_RECSANS_INS.xsd", "ins:RECSANSVITALE", request},
		{"ServiceIdentiteCertifiee/INSi_RESULTAT_INS.xsd", "RESULTAT", r.Raw},
		{"schema_faultSOAP_V01_01.xsd", "siram:Erreur", instest.SOAPFault("desir_550", instest.Since2026).Body},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			xsd := testkit.SharedData(t, "insi/wsdl/xsd/"+tc.schema)
			require.NoError(t, testkit.XMLLintSchema(t, xsd, element(t, tc.message, tc.name)))
		})
	}
}

func TestPrintedFormsAreRedacted(t *testing.T) {
	t.Parallel()
	client := newClient(t, newServer(t))
	r, err := client.Search(t.Context(), ins.Query{Traits: camille()})
	require.NoError(t, err)
	id, err := client.Identify(t.Context(), instest.DefaultPatient())
	require.NoError(t, err)
	for _, v := range []any{r, *r, r.Identity, *r.Identity, r.Identity.Active, r.Identity.History, id, *id, ins.Query{Traits: camille()}, id.Attempts, r.Verdict, r.Warnings} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
			text := fmt.Sprintf(verb, v)
			for _, secret := range []string{"2850369123456", "1850369123456", "DURAND", "CAMILLE", "LUCE", "69123"} {
				assert.NotContains(t, text, secret, "%T with %s", v, verb)
				assert.NotContains(t, text, fmt.Sprintf("%x", secret), "%T with %s", v, verb)
			}
		}
	}
}
