package instest_test

import (
	"encoding/csv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/ins/instest"
	"github.com/segur-sdk/segur/internal/testkit"
)

func TestTestIdentities(t *testing.T) {
	t.Parallel()
	seen := map[segur.Traits]bool{}
	wrongKeys := 0
	for _, i := range instest.TestIdentities() {
		name := i.Traits.BirthName + " " + i.Traits.FirstGivenName
		require.NoError(t, ins.CheckBirthName(i.Traits.BirthName), name)
		require.NoError(t, ins.CheckGivenName(i.Traits.FirstGivenName), name)
		assert.True(t, i.Traits.BirthDate.Complete(), name)
		assert.False(t, seen[i.Traits], name)
		seen[i.Traits] = true
		assert.NotEqual(t, "invalid", i.Source.String())
		if i.Answer == "00" && i.Body == "" {
			assert.NotEmpty(t, i.Unsure, "a number that is not published is said so: %s", name)
		}
		if i.Body == "" {
			continue
		}
		require.NotEmpty(t, segur.MatriculeKey(i.Body), name)
		assert.True(t, i.Authority == segur.OIDINSNIR || i.Authority == segur.OIDINSNIA, "the platform answers with the authorities of real persons")
		if segur.MatriculeKey(i.Body) != i.Key {
			wrongKeys++
			assert.Contains(t, i.Note, "key")
		}
	}
	assert.Len(t, seen, 19)
	assert.Equal(t, 1, wrongKeys)
	assert.Equal(t, "invalid", instest.Source(9).String())
}

// The answers of the fake are those of the table.
func TestWithTestIdentities(t *testing.T) {
	t.Parallel()
	srv := newServer(t, instest.WithPKI(pki), instest.WithoutPersons(), instest.WithTestIdentities())
	client, err := ins.New(srv.Config())
	require.NoError(t, err)
	for _, i := range instest.TestIdentities() {
		name := i.Traits.BirthName + " " + i.Traits.FirstGivenName
		search := i.Traits
		search.BirthPlace = ""
		r, err := client.Search(t.Context(), ins.Query{Traits: search})
		require.NoError(t, err, name)
		want := i.Answer
		if want == "" {
			want = "01"
		}
		assert.Equal(t, want, r.Code, name)
		if want != "00" {
			assert.Nil(t, r.Identity, name)
			continue
		}
		assert.Equal(t, i.Traits.GivenNames, r.Identity.Traits.GivenNames, name)
		assert.Equal(t, i.Traits.BirthPlace, r.Identity.Traits.BirthPlace, name)
		require.Len(t, r.Identity.History, len(i.History), name)
		for n, h := range i.History {
			assert.Equal(t, h.Body, r.Identity.History[n].Number(), name)
			assert.Equal(t, h.Key, r.Identity.History[n].Key(), name)
			assert.Equal(t, h.From, r.Identity.History[n].From, name)
			assert.Equal(t, h.To, r.Identity.History[n].To, name)
		}
		if i.Body == "" {
			assert.Equal(t, segur.OIDINSNIRTest, r.Identity.Active.Authority, "an invented number is one of the test authority")
			continue
		}
		assert.Equal(t, i.Body, r.Identity.Active.Number(), name)
		assert.Equal(t, i.Key, r.Identity.Active.Key(), name)
		assert.Equal(t, i.Authority, r.Identity.Active.Authority, name)
	}
	require.Len(t, srv.Calls(), 19)
}

// Each published row of the test provider of FranceConnect is in the table.
func TestIdentitiesOfFranceConnect(t *testing.T) {
	t.Parallel()
	r := csv.NewReader(strings.NewReader(string(testkit.ReadShared(t, "insi/test-identities/franceconnect_insiAmeliQualif.csv"))))
	r.Comma = ';'
	rows, err := r.ReadAll()
	require.NoError(t, err)
	for _, row := range rows[1:] {
		found := false
		for _, i := range instest.TestIdentities() {
			sex := map[segur.Sex]string{segur.Male: "male", segur.Female: "female"}[i.Traits.Sex]
			found = found || i.Traits.BirthName == row[0] && strings.HasPrefix(i.Traits.GivenNames+" ", row[1]+" ") && sex == row[2] &&
				i.Traits.BirthDate.ISO() == row[3] && i.Traits.BirthPlace == row[4]
		}
		assert.True(t, found, row)
	}
}

// The departures that response files have, one by one.
func TestForm(t *testing.T) {
	t.Parallel()
	person := instest.DefaultPersons()[0]
	for name, tc := range map[string]struct {
		change func(*instest.Person)
		want   string
	}{
		"usual":        {func(*instest.Person) {}, "</OID><DateDeb>1985-03-20</DateDeb><DateFin>2001-09-01</DateFin></INSHISTO>"},
		"dates first":  {func(p *instest.Person) { p.Form.DatesFirst = true }, "<INSHISTO><DateDeb>1985-03-20</DateDeb><DateFin>2001-09-01</DateFin><IdIndividu>"},
		"comment":      {func(p *instest.Person) { p.Form.Comment = true }, "</OID><!--"},
		"given name":   {func(p *instest.Person) { p.Form.GivenName = true }, "<Prenom>CAMILLE</Prenom><ListePrenom>CAMILLE LUCE</ListePrenom>"},
		"no key":       {func(p *instest.Person) { p.Form.WithoutKey = true }, "<NumIdentifiant>2850369123456</NumIdentifiant></IdIndividu>"},
		"another key":  {func(p *instest.Person) { p.Key = "00" }, "<NumIdentifiant>2850369123456</NumIdentifiant><Cle>00</Cle>"},
		"former's key": {func(p *instest.Person) { p.History[0].Key = "00" }, "<NumIdentifiant>1850369123456</NumIdentifiant><Cle>00</Cle>"},
		"fault":        {func(p *instest.Person) { p.Fault = "insi_111" }, `code="insi_111"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := person
			p.History = append([]instest.Former(nil), p.History...)
			tc.change(&p)
			srv := newServer(t, instest.WithPKI(pki), instest.WithoutPersons())
			require.NoError(t, srv.AddPerson(p))
			_, body := post(t, srv, insi(srv), mediaType, request())
			assert.Contains(t, body, tc.want)
		})
	}
}
