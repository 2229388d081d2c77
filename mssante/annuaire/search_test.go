package annuaire_test

import (
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/mssante/annuaire"
	"github.com/segur-sdk/segur/mssante/annuaire/annuairetest"
)

// TestSearches runs every criterion on the service and on a copy of it, with
// pages of two: both find the same.
func TestSearches(t *testing.T) {
	t.Parallel()
	_, c := town(t, annuairetest.WithPageSize(2))
	copied := annuaire.NewMemory()
	for _, err := range c.Sync(t.Context(), copied, annuaire.SyncState{}, annuaire.SyncOptions{}) {
		require.NoError(t, err)
	}
	const hospital, centre = "Organization/O1990000027", "Organization/O1990000019"
	opts := annuaire.Options{Inactive: true}
	for _, d := range []annuaire.Directory{c, copied} {
		people := func(q annuaire.PractitionerQuery) []string {
			var out []string
			for _, p := range all(t, d.Practitioners(t.Context(), q)) {
				out = append(out, p.Professional.RPPS())
			}
			slices.Sort(out)
			return out
		}
		structures := func(q annuaire.OrganizationQuery) []string {
			var out []string
			for _, o := range all(t, d.Organizations(t.Context(), q)) {
				out = append(out, o.ID)
			}
			slices.Sort(out)
			return out
		}
		first, second, third := "99900000031", "99900000049", "99900000056"
		for _, c := range []struct {
			q    annuaire.PractitionerQuery
			want []string
		}{
			{annuaire.PractitionerQuery{Family: "prescripteur"}, []string{first, second, third}},
			{annuaire.PractitionerQuery{Family: "prescripteur", Given: "elise"}, []string{third}},
			{annuaire.PractitionerQuery{Family: "PRESCRIPTEUR", Match: annuaire.Exactly}, []string{first, second}},
			{annuaire.PractitionerQuery{Family: "prescripteur", Match: annuaire.Exactly}, nil},
			{annuaire.PractitionerQuery{Family: "cripteur-t", Match: annuaire.Contains}, []string{third}},
			{annuaire.PractitionerQuery{Family: "cripteur"}, nil},
			{annuaire.PractitionerQuery{Name: "ÉLI"}, []string{third}},
			{annuaire.PractitionerQuery{Specialty: []string{"SM28", "SM44"}}, []string{second, third}},
			{annuaire.PractitionerQuery{Profession: []string{annuaire.SystemProfession + "|10"}, Specialty: []string{annuaire.SystemSpecialty + "|SM44"}}, []string{third}},
			{annuaire.PractitionerQuery{Profession: []string{"21"}}, nil},
			{annuaire.PractitionerQuery{Number: first}, []string{first}},
			{annuaire.PractitionerQuery{Number: "8" + first, Family: "PRES"}, []string{first}},
			{annuaire.PractitionerQuery{Number: "759123456"}, nil},
			{annuaire.PractitionerQuery{References: []string{"Practitioner/P" + first, "P" + third}}, []string{first, third}},
			{annuaire.PractitionerQuery{Mailbox: "dominique@medecin.mssante.test"}, []string{first}},
			{annuaire.PractitionerQuery{Mailbox: "@medecin", MailboxMatch: annuaire.Contains}, []string{first}},
			{annuaire.PractitionerQuery{Family: `a,b|c$d\e`}, nil},
		} {
			assert.Equal(t, c.want, people(c.q), "%T %+v", d, c.q)
		}
		for _, c := range []struct {
			q    annuaire.OrganizationQuery
			want []string
		}{
			{annuaire.OrganizationQuery{Number: "990000027"}, []string{"O1990000027"}},
			{annuaire.OrganizationQuery{Number: "1990000019"}, []string{"O1990000019"}},
			{annuaire.OrganizationQuery{Number: "99000001900015"}, nil},
			{annuaire.OrganizationQuery{Name: "imagerie", Match: annuaire.Contains}, []string{"O1990000019"}},
			{annuaire.OrganizationQuery{Name: "hopital"}, []string{"O1990000027"}},
			{annuaire.OrganizationQuery{City: "paris"}, []string{"O1990000019"}},
			{annuaire.OrganizationQuery{PostalCode: "750"}, []string{"O1990000019"}},
			{annuaire.OrganizationQuery{Department: "2A"}, []string{"O1990000027"}},
			{annuaire.OrganizationQuery{Department: "2B"}, nil},
			{annuaire.OrganizationQuery{Department: "75", Types: []string{"SA07", "SA08"}}, []string{"O1990000019"}},
			{annuaire.OrganizationQuery{Line: "1 rue"}, []string{"O1990000027"}},
			{annuaire.OrganizationQuery{Address: "ajac"}, []string{"O1990000027"}},
			{annuaire.OrganizationQuery{PartOf: hospital}, []string{"EJ1"}},
			{annuaire.OrganizationQuery{References: []string{centre, "Organization/none"}}, []string{"O1990000019"}},
			{annuaire.OrganizationQuery{Mailbox: "@hopital", MailboxMatch: annuaire.Contains}, []string{"O1990000027"}},
			{annuaire.OrganizationQuery{Mailbox: "accueil@exemple.test"}, nil},
		} {
			assert.Equal(t, c.want, structures(c.q), "%T %+v", d, c.q)
		}
		roles := all(t, d.Roles(t.Context(), annuaire.RoleQuery{Organizations: []string{centre}, Codes: []string{"L"}}))
		require.Len(t, roles, 1)
		assert.Equal(t, "Practitioner/P99900000049", roles[0].Practitioner)
		assert.Equal(t, "99900000049", all(t, d.Roles(t.Context(), annuaire.RoleQuery{Number: roles[0].Identifier}))[0].Practitioner[len("Practitioner/P"):])
		assert.Len(t, all(t, d.Roles(t.Context(), annuaire.RoleQuery{Practitioners: []string{"P99900000031"}})), 2)
		devices := all(t, d.Devices(t.Context(), annuaire.DeviceQuery{Types: []string{annuaire.SystemEquipment + "|05602"}, Manufacturer: "fab", Model: "m1"}))
		require.Len(t, devices, 1)
		assert.Equal(t, centre, devices[0].Organization)
		assert.Len(t, all(t, d.Devices(t.Context(), annuaire.DeviceQuery{Number: "99-99-00001", Organizations: []string{centre}})), 1)
		services := all(t, d.HealthcareServices(t.Context(), annuaire.HealthcareServiceQuery{Organizations: []string{hospital},
			Categories: []string{"16"}, Types: []string{"T9"}, Characteristics: []string{"C3"}, Number: "99-99-00002"}))
		require.Len(t, services, 1)
		assert.Equal(t, "16", services[0].Categories[0].Code)
		assert.Empty(t, all(t, d.HealthcareServices(t.Context(), annuaire.HealthcareServiceQuery{Types: []string{"T8"}})))
		require.Error(t, firstError(d.Roles(t.Context(), annuaire.RoleQuery{})))
	}
	closed := all(t, c.Organizations(t.Context(), annuaire.OrganizationQuery{Number: "99000001900015", Options: opts}))
	require.Len(t, closed, 1)
	assert.False(t, closed[0].Active)
	assert.Empty(t, closed[0].Organization.Name)
	assert.Len(t, all(t, c.Organizations(t.Context(), annuaire.OrganizationQuery{Options: annuaire.Options{UpdatedSince: time.Now().Add(-time.Hour)}})), 4)
}

// What comes beside results is marked, whatever the page.
func TestIncludes(t *testing.T) {
	t.Parallel()
	_, c := town(t, annuairetest.WithPageSize(1))
	kinds := map[annuaire.Type]int{}
	for _, r := range all(t, c.Search(t.Context(), annuaire.OrganizationQuery{Types: []string{"SA01", "SA07"}, Options: annuaire.Options{
		RevInclude: []string{"PractitionerRole:organization", "Device:organization", "HealthcareService:organization", "Organization:partof"}}})) {
		assert.Equal(t, r.ID != "O1990000027" && r.ID != "O1990000019", r.Included, r.Reference())
		kinds[r.Type]++
		assert.False(t, r.Updated.IsZero())
	}
	assert.Equal(t, map[annuaire.Type]int{"Organization": 3, "PractitionerRole": 2, "Device": 1, "HealthcareService": 1}, kinds)
	got := all(t, c.Search(t.Context(), annuaire.RoleQuery{Organizations: []string{"Organization/O1990000019"}, Options: annuaire.Options{
		Include: []string{"*"}, Elements: []string{"identifier", "telecom"}}}))
	require.Len(t, got, 3)
	assert.True(t, got[0].Subset)
	assert.Len(t, got[0].Role.Mailboxes, 1)
	assert.Empty(t, got[0].Role.Organization, "left out")
}

// A remark beside results is given to those who read everything.
func TestRemarks(t *testing.T) {
	t.Parallel()
	srv, c := start(t)
	srv.Fail(annuairetest.Fault{Times: 2, Status: 200, Body: bundle(
		`{"resourceType":"OperationOutcome","issue":[{"severity":"warning","code":"processing"}]}`,
		`{"resourceType":"Practitioner","id":"P1"}`, `{"resourceType":"Practitioner","id":"P2","active":false}`)})
	got := all(t, c.Search(t.Context(), annuaire.PractitionerQuery{Family: "x"}))
	require.Len(t, got, 3)
	assert.Equal(t, "processing", got[0].Outcome.Issues[0].Code)
	people := all(t, c.Practitioners(t.Context(), annuaire.PractitionerQuery{Family: "x"}))
	require.Len(t, people, 1)
	assert.Equal(t, "P1", people[0].ID)
}

func TestMailboxDetails(t *testing.T) {
	t.Parallel()
	_, c := town(t)
	o := all(t, c.Organizations(t.Context(), annuaire.OrganizationQuery{Number: "990000027"}))[0]
	assert.Equal(t, []annuaire.Mailbox{
		{Address: "secretariat@hopital.mssante.test", Kind: annuaire.Organizational, Level: annuaire.OfOrganization, Service: "Radiologie",
			Responsible: "Cadre", Organization: "Organization/O1990000027", Rank: 1},
		{Address: "integration@hopital.mssante.test", Kind: annuaire.Application, Level: annuaire.OfOrganization, Organization: "Organization/O1990000027"},
		{Address: "cache@hopital.mssante.test", Kind: annuaire.Organizational, Level: annuaire.OfOrganization, Organization: "Organization/O1990000027", RedList: true},
	}, o.Mailboxes, "the ordinary mail is not one")
	assert.Equal(t, "mailto:accueil@exemple.test", o.Organization.Telecoms[1].Value)
	assert.Equal(t, []string{"1 RUE DU TEST"}, o.Organization.Address.Lines)
	assert.True(t, o.Geographical)
	assert.Equal(t, "SA01", o.Organization.Sector.Code)
}

func TestMailboxForms(t *testing.T) {
	t.Parallel()
	decode := func(telecom string, d annuaire.Decoder) []annuaire.Mailbox {
		r, err := d.Decode([]byte(`{"resourceType":"Practitioner","id":"1","telecom":[` + telecom + `]}`))
		require.NoError(t, err)
		return r.Practitioner.Mailboxes
	}
	typed := `"extension":[{"url":"https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-contact-point-email-type","valueCoding":{"code":"MSSANTE"}}`
	metadata := `{"url":"https://interop.esante.gouv.fr/ig/fhir/annuaire/StructureDefinition/as-ext-mailbox-mss-metadata","extension":[{"url":"type","valueCode":"CAB"}]}`
	for telecom, want := range map[string]int{
		`{"system":"email","value":"a@x.test",` + typed + `]}`:                 1,
		`{"system":"phone","value":"a@x.test",` + typed + `]}`:                 0,
		`{"value":"a@x.test",` + typed + `]}`:                                  0,
		`{"system":"email","value":"a@x@y.test",` + typed + `]}`:               0,
		`{"system":"email","value":"<a@x.test>",` + typed + `]}`:               0,
		`{"system":"email","value":"a@x.test\r\nBcc: b",` + typed + `]}`:       0,
		`{"system":"email",` + typed + `]}`:                                    0,
		`{"system":"email","value":"a@x.test"}`:                                0,
		`{"system":"email","value":"a@x.test","extension":[` + metadata + `]}`: 0,
	} {
		assert.Len(t, decode(telecom, annuaire.Decoder{}), want, telecom)
	}
	untyped := annuaire.Decoder{UntypedMailboxes: true}
	assert.Equal(t, annuaire.Practice, decode(`{"system":"email","value":"a@x.test","extension":[`+metadata+`]}`, untyped)[0].Kind)
	other := `{"url":"https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-contact-point-email-type","valueCoding":{"code":"MAIL"}}`
	assert.Empty(t, decode(`{"system":"email","value":"a@x.test","extension":[`+metadata+`,`+other+`]}`, untyped), "another type says what it is")
}

// A copy is searched while it is filled.
func TestMemoryConcurrent(t *testing.T) {
	t.Parallel()
	m := annuaire.NewMemory()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 50 {
				id := strconv.Itoa(i)
				r := &annuaire.Resource{Type: annuaire.TypePractitioner, ID: id, Active: true, Practitioner: &annuaire.Practitioner{ID: id,
					Professional: segur.Professional{FamilyName: "NOM"}, Identifiers: []annuaire.Identifier{{Value: "999000000" + id}}}}
				assert.NoError(t, m.Put(t.Context(), "g", r))
				for _, err := range m.Practitioners(t.Context(), annuaire.PractitionerQuery{Family: "nom"}) {
					assert.NoError(t, err)
				}
				assert.NoError(t, m.Remove(t.Context(), annuaire.TypePractitioner, strconv.Itoa(i-1)))
			}
		})
	}
	wg.Wait()
	require.NoError(t, m.Sweep(t.Context(), annuaire.TypePractitioner, "other"))
	assert.Zero(t, m.Len(annuaire.TypePractitioner))
}

func TestSmartcards(t *testing.T) {
	t.Parallel()
	srv, c := start(t)
	srv.Put(`{"resourceType":"Practitioner","id":"C1","active":true,"extension":[{"url":"https://interop.esante.gouv.fr/ig/fhir/annuaire/StructureDefinition/as-ext-smartcard",
		"extension":[{"url":"type","valueCodeableConcept":{"coding":[{"code":"CPS"}]}},{"url":"number","valueString":"9900001"},{"url":"period","valuePeriod":{"start":"2026-01-01","end":"2029-01-01"}}]}]}`)
	got := all(t, c.Practitioners(t.Context(), annuaire.PractitionerQuery{Smartcard: "9900001"}))
	require.Len(t, got, 1)
	assert.Equal(t, []annuaire.Smartcard{{Type: "CPS", Number: "9900001", Start: "2026-01-01", End: "2029-01-01"}}, got[0].Smartcards)
	assert.Empty(t, all(t, c.Practitioners(t.Context(), annuaire.PractitionerQuery{Smartcard: "9900002"})))
}
