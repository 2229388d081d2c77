package annuaire_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/mssante/annuaire"
)

func addresses(list []annuaire.Candidate) []string {
	var out []string
	for _, c := range list {
		out = append(out, c.Mailbox.Address)
	}
	return out
}

func codes(c annuaire.Candidate) []string {
	var out []string
	for _, r := range c.Reasons {
		out = append(out, r.Code)
	}
	return out
}

// TestFind is the answer to "it must be simple to identify with certainty the
// right address": candidates with reasons, refusals with theirs.
func TestFind(t *testing.T) {
	t.Parallel()
	srv, c := town(t)
	find := func(w annuaire.Wanted) *annuaire.Candidates {
		t.Helper()
		found, err := annuaire.Find(t.Context(), c, w)
		require.NoError(t, err)
		return found
	}
	// Nothing is said of the place: the person's own mailbox first.
	got := find(annuaire.Wanted{Number: "99900000031"})
	assert.Equal(t, []string{"dominique@medecin.mssante.test", "dominique@hopital.mssante.test", "secretariat@hopital.mssante.test"}, addresses(got.List))
	assert.Equal(t, []string{"number", "kind-person"}, codes(got.List[0]))
	_, only := got.Only()
	assert.False(t, only, "never a silent choice")
	assert.ElementsMatch(t, []string{"cache@hopital.mssante.test", "integration@hopital.mssante.test"}, addresses(got.Refused))
	for _, r := range got.Refused {
		last := r.Reasons[len(r.Reasons)-1]
		assert.Contains(t, []string{"red-list", "software"}, last.Code)
		assert.Contains(t, last.Text.FR, "refusée")
	}
	assert.LessOrEqual(t, len(srv.Calls()), 3)

	// The place is said: its mailboxes first, the software's when agreed.
	got = find(annuaire.Wanted{Number: "99900000031", Department: "2A", Software: true})
	assert.Equal(t, []string{"integration@hopital.mssante.test", "secretariat@hopital.mssante.test", "dominique@hopital.mssante.test", "dominique@medecin.mssante.test"}, addresses(got.List))
	assert.Equal(t, []string{"number", "works-there", "kind-person-there"}, codes(got.List[3]))
	got = find(annuaire.Wanted{Number: "99900000031", Structure: "990000019"})
	assert.Equal(t, "dominique@medecin.mssante.test", got.List[0].Mailbox.Address, "not there: nothing of another place comes before")
	assert.Contains(t, codes(got.List[1]), "elsewhere")

	// Two physicians of one name: both, told apart.
	got = find(annuaire.Wanted{Family: "Prescripteur", Given: "dominique", PostalCode: "75014", Specialties: nil})
	require.Len(t, got.People, 2)
	assert.Equal(t, "accueil@imagerie.mssante.test", got.List[0].Mailbox.Address)
	assert.True(t, got.List[0].Paper())
	assert.Equal(t, []string{"name", "place", "kind-organization", "paper"}, codes(got.List[0]))
	assert.Equal(t, "899900000049", got.List[0].Practitioner.Professional.ID)
	got = find(annuaire.Wanted{Family: "Prescripteur", Given: "dominique", Specialties: []string{"SM28"},
		AllowDomain: func(d string) bool { return d == "imagerie.mssante.test" },
		Dead:        func(a string) bool { return a == "accueil@imagerie.mssante.test" }})
	one, only := got.Only()
	require.True(t, only)
	assert.Equal(t, "radio@imagerie.mssante.test", one.Mailbox.Address)
	assert.Equal(t, []string{"name", "specialty", "kind-person-there", "less-preferred"}, codes(one))
	assert.Equal(t, "dead", got.Refused[0].Reasons[len(got.Refused[0].Reasons)-1].Code)
	got = find(annuaire.Wanted{Number: "99900000031", AllowDomain: func(string) bool { return false }})
	assert.Empty(t, got.List)

	// A number and a name that disagree.
	got = find(annuaire.Wanted{Number: "99900000031", Family: "Autre"})
	assert.Empty(t, got.List)
	assert.Contains(t, codes(got.Refused[0]), "name-differs")

	// Somebody without a mailbox is an answer; nobody is not.
	got = find(annuaire.Wanted{Number: "99900000056"})
	assert.Empty(t, got.List)
	assert.Len(t, got.People, 1)
	_, err := annuaire.Find(t.Context(), c, annuaire.Wanted{Family: "Personne"})
	require.ErrorIs(t, err, segur.ErrNotFound)
	assert.NotContains(t, err.Error(), "Personne")

	// A structure, a place.
	got = find(annuaire.Wanted{Structure: "990000027"})
	assert.Equal(t, []string{"secretariat@hopital.mssante.test"}, addresses(got.List))
	assert.Nil(t, got.List[0].Practitioner)
	got = find(annuaire.Wanted{StructureName: "imagerie", City: "Paris"})
	assert.Equal(t, []string{"accueil@imagerie.mssante.test"}, addresses(got.List))
	got = find(annuaire.Wanted{Department: "75", Profession: "10", Specialties: []string{"SM28", "SM44"}})
	assert.Equal(t, []string{"accueil@imagerie.mssante.test", "radio@imagerie.mssante.test"}, addresses(got.List))
	assert.Equal(t, "899900000049", got.List[1].Practitioner.Professional.ID)
	_, err = annuaire.Find(t.Context(), c, annuaire.Wanted{Structure: "990000035"})
	require.ErrorIs(t, err, segur.ErrNotFound)
}

// Whose is this address: the person's, the situation's, the structure's.
func TestHolders(t *testing.T) {
	t.Parallel()
	_, c := town(t)
	copied := annuaire.NewMemory()
	for _, err := range c.Sync(t.Context(), copied, annuaire.SyncState{}, annuaire.SyncOptions{}) {
		require.NoError(t, err)
	}
	for _, d := range []annuaire.Directory{c, copied} {
		got, err := annuaire.Holders(t.Context(), d, "Dominique@Hopital.mssante.test")
		require.NoError(t, err)
		require.Len(t, got, 1)
		assert.Equal(t, "899900000031", got[0].Practitioner.Professional.ID)
		assert.Equal(t, "HÔPITAL FICTIF", got[0].Organization.Organization.Name)
		assert.Equal(t, annuaire.OfSituation, got[0].Mailbox.Level)
		got, err = annuaire.Holders(t.Context(), d, "integration@hopital.mssante.test")
		require.NoError(t, err)
		assert.Equal(t, annuaire.Application, got[0].Mailbox.Kind)
		assert.Nil(t, got[0].Practitioner)
		got, err = annuaire.Holders(t.Context(), d, "dominique@medecin.mssante.test")
		require.NoError(t, err)
		assert.Equal(t, "PRESCRIPTEUR", got[0].Practitioner.Professional.FamilyName)
		_, err = annuaire.Holders(t.Context(), d, "dominique@medecin.mssante.tes")
		require.ErrorIs(t, err, segur.ErrNotFound, "the beginning of an address is another address")
		_, err = annuaire.Holders(t.Context(), d, "dominique")
		require.ErrorIs(t, err, segur.ErrInvalidInput)
	}
}
