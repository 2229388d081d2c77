package annuaire_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/mssante/annuaire"
	"github.com/segur-sdk/segur/mssante/annuaire/annuairetest"
)

// Somebody whose name only begins like the one asked for never comes before
// the person, wherever they are, and is never the silent choice.
func TestFindNamesAlike(t *testing.T) {
	t.Parallel()
	srv := annuairetest.NewServer()
	t.Cleanup(srv.Close)
	c := client(t, still(srv))
	there := srv.AddOrganization(segur.Organization{ID: "1990000019", Name: "CENTRE", Address: segur.Address{PostalCode: "75014", City: "PARIS"}},
		annuaire.Mailbox{Address: "a-centre@x.mssante.test", Kind: "ORG", Rank: 1})
	far := srv.AddOrganization(segur.Organization{ID: "1990000027", Name: "HOPITAL", Address: segur.Address{PostalCode: "20000", City: "AJACCIO"}})
	srv.Add(physician("899900000031", "NOM", "Jean", ""), annuaire.Mailbox{Address: "z-jean@x.mssante.test", Kind: "PER", Rank: 3, PaperWanted: true, Organization: far})
	srv.Add(physician("899900000049", "NOMMÉ", "Jean", ""), annuaire.Mailbox{Address: "a-autre@x.mssante.test", Kind: "PER", Organization: there})
	srv.Add(physician("899900000056", "NOM", "Jeanne", ""), annuaire.Mailbox{Address: "a-jeanne@x.mssante.test", Kind: "PER", Organization: there})
	find := func(w annuaire.Wanted) *annuaire.Candidates {
		got, err := annuaire.Find(t.Context(), c, w)
		require.NoError(t, err)
		return got
	}
	for _, w := range []annuaire.Wanted{
		{Family: "Nom", Given: "Jean"}, {Family: "Nom", Given: "Jean", PostalCode: "75014"}, {Family: "Nom", Given: "Jean", Structure: "990000019"},
	} {
		got := find(w)
		require.Greater(t, len(got.List), 3)
		assert.Equal(t, "z-jean@x.mssante.test", got.List[0].Mailbox.Address, "%+v", w)
		assert.Contains(t, codes(got.List[0]), "name")
		for _, other := range got.List[1:] {
			assert.Contains(t, codes(other), "name-alike")
		}
	}
	got := find(annuaire.Wanted{Family: "nom", PostalCode: "75014"})
	assert.Equal(t, "a-autre@x.mssante.test", got.List[len(got.List)-1].Mailbox.Address)
	assert.Contains(t, codes(got.List[0]), "family-name")

	dead := func(others ...string) func(string) bool {
		return func(a string) bool { return !strings.Contains(strings.Join(others, " "), a) }
	}
	// The only mailbox left is of somebody else, or of one of two homonyms.
	_, only := find(annuaire.Wanted{Family: "Nom", Given: "Jean", Dead: dead("a-autre@x.mssante.test")}).Only()
	assert.False(t, only, "of a name alike")
	_, only = find(annuaire.Wanted{Family: "Nom", Given: "Jean", Dead: dead("z-jean@x.mssante.test")}).Only()
	assert.True(t, only)
	_, only = find(annuaire.Wanted{Family: "Nom", Dead: dead("z-jean@x.mssante.test")}).Only()
	assert.False(t, only, "of two persons of one family name")
	srv.Add(physician("899900000064", "NOM", "Jean", ""))
	_, only = find(annuaire.Wanted{Family: "Nom", Given: "Jean", Dead: dead("z-jean@x.mssante.test")}).Only()
	assert.False(t, only, "the homonym has no mailbox")
	_, only = find(annuaire.Wanted{Number: "99900000031", Dead: dead("z-jean@x.mssante.test")}).Only()
	assert.True(t, only, "the number is certain")
	_, only = find(annuaire.Wanted{Profession: "10", Structure: "990000019", Dead: dead("a-autre@x.mssante.test")}).Only()
	assert.False(t, only, "of two persons of one place")
	_, only = find(annuaire.Wanted{Structure: "990000019"}).Only()
	assert.True(t, only)
}

func telecomOf(address, metadata string) string {
	return `{"system":"email","value":"` + address + `","extension":[{"url":"https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-contact-point-email-type","valueCoding":{"code":"MSSANTE"}},` +
		`{"url":"https://interop.esante.gouv.fr/ig/fhir/annuaire/StructureDefinition/as-ext-mailbox-mss-metadata","extension":[` + metadata + `]}]}`
}

// An address on the red list somewhere is proposed nowhere.
func TestRedListEverywhere(t *testing.T) {
	t.Parallel()
	srv := annuairetest.NewServer()
	t.Cleanup(srv.Close)
	c := client(t, still(srv))
	const red = `{"url":"listeRouge","valueBoolean":true}`
	name := `"name":[{"family":"NOM"}],"identifier":[{"system":"https://rpps.esante.gouv.fr","value":"99900000031"}]`
	srv.Put(
		`{"resourceType":"Organization","id":"closed","active":false,"name":"FERMÉ"}`,
		`{"resourceType":"Practitioner","id":"P1","active":true,`+name+`,"telecom":[`+telecomOf("one@x.mssante.test", "")+`,`+
			telecomOf("ONE@x.mssante.test", red+`,{"url":"digitization","valueBoolean":false}`)+`,`+telecomOf("two@x.mssante.test", "")+`,`+
			telecomOf("text@x.mssante.test", `{"url":"listeRouge","valueString":"O"}`)+`]}`,
		// Refused twice; the better of the refusals is not the red list.
		`{"resourceType":"PractitionerRole","id":"R1","active":true,"practitioner":{"reference":"Practitioner/P1"},"organization":{"reference":"Organization/closed"},"telecom":[{"rank":1,`+telecomOf("two@x.mssante.test", "")[1:]+`]}`,
		`{"resourceType":"PractitionerRole","id":"R2","active":true,"practitioner":{"reference":"Practitioner/P1"},"telecom":[`+telecomOf("two@x.mssante.test", red)+`]}`)
	p, err := c.Practitioner(t.Context(), "99900000031")
	require.NoError(t, err)
	require.Len(t, p.Mailboxes, 3)
	for _, m := range p.Mailboxes {
		assert.True(t, m.RedList, m.Address)
	}
	assert.True(t, p.Mailboxes[0].PaperWanted)
	got, err := annuaire.Find(t.Context(), c, annuaire.Wanted{Number: "99900000031"})
	require.NoError(t, err)
	assert.Empty(t, addresses(got.List))
}

func TestFindDefects(t *testing.T) {
	t.Parallel()
	srv, c := town(t)
	// A situation of an unknown structure is not a mailbox of the place asked for.
	srv.Put(`{"resourceType":"PractitionerRole","id":"R9","active":true,"practitioner":{"reference":"Practitioner/P99900000031"},"organization":{"reference":"Organization/none"},"telecom":[` +
		telecomOf("ailleurs@x.mssante.test", "") + `]}`)
	got, err := annuaire.Find(t.Context(), c, annuaire.Wanted{Number: "99900000031", Department: "2A",
		Dead: func(a string) bool { return a == "dominique@medecin.mssante.test" }})
	require.NoError(t, err)
	last := got.List[len(got.List)-1]
	assert.Equal(t, "ailleurs@x.mssante.test", last.Mailbox.Address)
	assert.Equal(t, []string{"number", "unknown-structure", "kind-person-there"}, codes(last))
	// What cannot be compared is said, not ignored.
	_, err = annuaire.Find(t.Context(), c, annuaire.Wanted{Number: "99900000031", Structure: "12", Department: "1A"})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	assert.Contains(t, err.Error(), "structure ")
	assert.Contains(t, err.Error(), "department ")
	// The service gives another structure than the one asked for.
	srv.Fail(annuairetest.Fault{Status: 200, Body: bundle(`{"resourceType":"Organization","id":"1","identifier":[{"system":"https://finess.esante.gouv.fr","value":"990000035"}],"telecom":[` +
		telecomOf("autre@x.mssante.test", "") + `]}`)})
	_, err = annuaire.Find(t.Context(), c, annuaire.Wanted{Structure: "990000027"})
	require.ErrorIs(t, err, segur.ErrProtocol)
	// Bounces come in lower case.
	srv.Add(physician("899900000072", "CASSE", "Alix", ""), annuaire.Mailbox{Address: "Alix.Casse@x.mssante.test", Kind: "PER"})
	for _, known := range []string{"alix.casse@x.mssante.test", "Alix.Casse@x.mssante.test"} {
		got, err = annuaire.Find(t.Context(), c, annuaire.Wanted{Number: "99900000072", Dead: func(a string) bool { return a == known }})
		require.NoError(t, err)
		assert.Empty(t, got.List)
	}
	// Pages that overlap give nothing twice, and a match is not lost for having come beside one.
	person := `{"resourceType":"Practitioner","id":"P1","identifier":[{"value":"99900000031"}],"telecom":[` + telecomOf("un@x.mssante.test", "") + `]}`
	srv.Fail(annuairetest.Fault{Status: 200, Body: bundle(person, person)})
	assert.Len(t, all(t, c.Practitioners(t.Context(), annuaire.PractitionerQuery{Number: "99900000031"})), 1)
	srv.Fail(annuairetest.Fault{Status: 200, Body: []byte(`{"resourceType":"Bundle","type":"searchset","entry":[{"resource":{"resourceType":"Organization","id":"1"},"search":{"mode":"include"}},` +
		`{"resource":{"resourceType":"Organization","id":"1"},"search":{"mode":"match"}},{"resource":{"resourceType":"Organization","id":"1"},"search":{"mode":"include"}}]}`)})
	assert.Len(t, all(t, c.Organizations(t.Context(), annuaire.OrganizationQuery{Name: "x"})), 1)
}

// What cannot be read stays, unless what can be read says that it left.
func TestSyncUnreadable(t *testing.T) {
	t.Parallel()
	srv, c := start(t)
	m := annuaire.NewMemory()
	o := annuaire.SyncOptions{Types: []annuaire.Type{annuaire.TypePractitioner}, Full: true}
	var state annuaire.SyncState
	both := func(second string) []byte { return bundle(`{"resourceType":"Practitioner","id":"1"}`, second) }
	srv.Fail(annuairetest.Fault{Status: 200, Body: both(`{"resourceType":"Practitioner","id":"2"}`)})
	synced(t, c, m, &state, o)
	srv.Fail(annuairetest.Fault{Status: 200, Body: both(`{"resourceType":"Practitioner","id":"2","name":"x"}`)})
	steps := synced(t, c, m, &state, o)
	assert.Equal(t, []int{1, 0, 1}, []int{steps[0].Put, steps[0].Removed, steps[0].Unreadable})
	assert.Equal(t, 2, m.Len(annuaire.TypePractitioner), "it is still in the directory")
	srv.Fail(annuairetest.Fault{Status: 200, Body: both(`{"resourceType":"Practitioner","id":"2","active":false,"name":"x"}`)})
	o.Full = false
	steps = synced(t, c, m, &state, o)
	assert.Equal(t, []int{1, 1, 0}, []int{steps[0].Put, steps[0].Removed, steps[0].Unreadable})
	assert.Equal(t, 1, m.Len(annuaire.TypePractitioner))
}

type onceStore struct {
	*annuaire.Memory
	failed bool
}

func (s *onceStore) Sweep(ctx context.Context, t annuaire.Type, generation string) error {
	if !s.failed {
		s.failed = true
		return errors.New("disk")
	}
	return s.Memory.Sweep(ctx, t, generation)
}

// A reading that starts again counts again.
func TestSyncCount(t *testing.T) {
	t.Parallel()
	_, c := town(t)
	m := &onceStore{Memory: annuaire.NewMemory()}
	var state annuaire.SyncState
	o := annuaire.SyncOptions{Types: []annuaire.Type{annuaire.TypePractitioner}}
	var err error
	for step, failed := range c.Sync(t.Context(), m, state, o) {
		state, err = step.State, failed
	}
	require.Error(t, err)
	synced(t, c, m, &state, o)
	assert.Equal(t, 3, state.Types[0].Count)
}

// A file that stops inside a line gives no half of an address.
func TestExtractionCut(t *testing.T) {
	t.Parallel()
	row := "PER|dominique@medecin.mssante.test|8|99900000031|899900000031||||DR|PRESCRIPTEUR|DOMINIQUE\n"
	for n := len(row) - 1; n > 0; n-- {
		for want, r := range map[error]io.Reader{
			segur.ErrTruncated:   strings.NewReader(extractionHeader + "\n" + row + row[:n]),
			segur.ErrUnavailable: io.MultiReader(strings.NewReader(extractionHeader+"\n"+row+row[:n]), iotest.ErrReader(errors.New("device"))),
		} {
			rows := 0
			var last error
			for row, err := range annuaire.ReadExtraction(r) {
				if last = err; err == nil {
					rows++
					assert.Equal(t, "dominique@medecin.mssante.test", row.Mailbox.Address)
				}
			}
			require.ErrorIs(t, last, want)
			assert.Equal(t, 1, rows)
		}
	}
}

// Long numbers that begin alike are of different people.
func TestExtractionNumbers(t *testing.T) {
	t.Parallel()
	m := annuaire.NewMemory()
	number := "399000001900015/" + strings.Repeat("A", 36)
	text := extractionHeader + "\n"
	for _, end := range []string{"-1", "-2", "/1"} {
		text += fmt.Sprintf("PER|box%d%s@x.mssante.test|3||%s||||||NOM%s\n", end[0], end[1:], number+end, end)
		text += fmt.Sprintf("PER|there%d%s@x.mssante.test|3||%s|1|990000027||||NOM%s\n", end[0], end[1:], number+end, end)
	}
	taken, bad, err := m.AddExtraction(t.Context(), annuaire.ReadExtraction(strings.NewReader(text)))
	require.NoError(t, err)
	assert.Equal(t, []int{6, 0}, []int{taken, bad})
	assert.Equal(t, 3, m.Len(annuaire.TypePractitioner))
	assert.Equal(t, 3, m.Len(annuaire.TypeRole))
	// A file without any mailbox takes nothing away.
	_, _, err = m.AddExtraction(t.Context(), annuaire.ReadExtraction(strings.NewReader(extractionHeader+"\nPER|\n")))
	require.ErrorIs(t, err, segur.ErrProtocol)
	assert.Equal(t, 3, m.Len(annuaire.TypePractitioner))
}

// A queue longer than the wait that is allowed refuses further calls at once.
func TestLimiterQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := annuaire.NewLimiter(annuaire.LimiterOptions{PerSecond: 2, MaxWait: 3 * time.Second})
		begin := time.Now()
		refused := make(chan error, 20)
		for range 20 {
			go func() {
				err := l.Wait(t.Context())
				if err != nil {
					assert.Zero(t, time.Since(begin), "at once")
				}
				refused <- err
			}()
		}
		passed := 0
		for range 20 {
			err := <-refused
			if err == nil {
				passed++
				continue
			}
			require.ErrorIs(t, err, segur.ErrRateLimited)
		}
		assert.LessOrEqual(t, time.Since(begin), 3*time.Second)
		assert.GreaterOrEqual(t, passed, 6)
	})
}

// A configuration is printed without its key.
func TestConfigRedacted(t *testing.T) {
	t.Parallel()
	cfg := annuaire.Config{Key: "secret-key"}
	for _, form := range []string{"%v", "%+v", "%#v", "%s"} {
		assert.NotContains(t, fmt.Sprintf(form, cfg), "secret-key")
		assert.NotContains(t, fmt.Sprintf(form, &cfg), "secret-key")
	}
}

// A resource or a file with a great many mailboxes takes no more than its share.
func TestManyMailboxes(t *testing.T) {
	t.Parallel()
	const n = 10_000
	var b, rows strings.Builder
	b.WriteString(`{"resourceType":"Organization","id":"1","active":true,"identifier":[{"system":"https://finess.esante.gouv.fr","value":"990000027"}],"telecom":[` + telecomOf("x@x.test", ""))
	rows.WriteString(extractionHeader + "\n")
	for i := range n {
		fmt.Fprintf(&b, `,{"system":"email","value":"b%d@x.test","extension":[{"url":"https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-contact-point-email-type","valueCoding":{"code":"MSSANTE"}}]}`, i)
		fmt.Fprintf(&rows, "ORG|b%d@x.test|||||990000027|||||||||S%d\n", i, i)
	}
	b.WriteString(`]}`)
	r, err := annuaire.Decoder{}.Decode([]byte(b.String()))
	require.NoError(t, err)
	assert.Len(t, r.Organization.Mailboxes, n+1)
	m := annuaire.NewMemory()
	require.NoError(t, m.Put(t.Context(), "g", r))
	got, err := annuaire.Find(t.Context(), m, annuaire.Wanted{Structure: "990000027"})
	require.NoError(t, err)
	assert.Len(t, got.List, n+1)
	taken, _, err := annuaire.NewMemory().AddExtraction(t.Context(), annuaire.ReadExtraction(strings.NewReader(rows.String())))
	require.NoError(t, err)
	assert.Equal(t, n, taken)
}
