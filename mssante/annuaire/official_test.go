package annuaire_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/mssante/annuaire"
	"github.com/segur-sdk/segur/mssante/annuaire/annuairetest"
)

// TestOfficialSamples reads every sample of the directory to the values that
// its documentation says.
func TestOfficialSamples(t *testing.T) {
	t.Parallel()
	dir := testkit.SharedData(t, "mssante/annuaire")
	const mos = "https://mos.esante.gouv.fr/NOS/"
	checks := map[string]func(t *testing.T, b []byte){
		"practitioner-pp19dp.json": func(t *testing.T, b []byte) { officialPractitioner(t, decode(t, b)) },
		"practitionerrole-pp19dp-lib.json": func(t *testing.T, b []byte) {
			r := decode(t, b).Role
			assert.Equal(t, annuaire.Coding{System: mos + "TRE_R23-ModeExercice/FHIR/TRE-R23-ModeExercice", Code: "L"}, r.Mode)
			assert.Equal(t, []string{"1010399870", "Practitioner/334081", "Organization/548812", "GENR01", "FON-AU"},
				[]string{r.Identifier, r.Practitioner, r.Organization, r.Activity.Code, r.Function.Code})
		},
		"practitionerrole-pp19dp-sal.json": func(t *testing.T, b []byte) {
			r := decode(t, b).Role
			assert.Equal(t, []string{"F58000880311022013", "Organization/158480", "S"}, []string{r.Identifier, r.Organization, r.Mode.Code})
			assert.Empty(t, r.Mailboxes)
		},
		"organization-pp19dp-eg.json": func(t *testing.T, b []byte) {
			o := decode(t, b).Organization
			assert.Equal(t, segur.Organization{
				ID: "1754567860", Name: "CH EURE-SEINE", Sector: segur.Code{Code: "SA01", System: "1.2.250.1.71.4.2.4"},
				Address:  segur.Address{Lines: []string{"96 R DIDOT"}, PostalCode: "75014", City: "PARIS"},
				Telecoms: []segur.Telecom{{Value: "tel:0450636363", Use: "WP"}},
			}, o.Organization)
			assert.Equal(t, "75114", o.INSEE)
			assert.True(t, o.Geographical)
			assert.Equal(t, []annuaire.Identifier{{segur.OIDStructure.URN(), "IDNST", "1754567860"}, {"https://finess.esante.gouv.fr", "FINEG", "754567860"},
				{"https://rppsrang.esante.gouv.fr", "RPPSRG", "F754567860"}}, o.Identifiers)
			assert.Empty(t, o.Mailboxes)
		},
		"organization-sa05-with-bal-org.json": func(t *testing.T, b []byte) {
			o := decode(t, b).Organization
			assert.Equal(t, []annuaire.Mailbox{{Address: "secretariat.drhouse@aura.mssante.fr", Kind: annuaire.Organizational, Level: annuaire.OfOrganization,
				Description: "DR HOUSE Secrétariat", Organization: "Organization/001-01-EXAMPLE"}}, o.Mailboxes)
			assert.Equal(t, []string{"1770816478", "SA05", "124", "86.23Z"}, []string{o.Organization.ID, o.Organization.Sector.Code, o.Category.Code, o.Activity.Code})
		},
		"organization-inactive-delta.json": func(t *testing.T, b []byte) {
			r := decode(t, b)
			assert.False(t, r.Active)
			assert.Equal(t, "1770816478", r.Organization.Organization.ID, "made of the FINESS")
			assert.Equal(t, 2026, r.Updated.Year())
		},
		"operationoutcome-unknown-resource.json": func(t *testing.T, b []byte) {
			assert.Equal(t, []annuaire.Issue{{Severity: "error", Code: "processing", Server: "HAPI-0302"}}, decode(t, b).Outcome.Issues)
		},
		"bundle-practitioner-search.json": officialBundle,
		"extraction/columns.txt": func(t *testing.T, b []byte) {
			assert.Equal(t, extractionHeader, strings.Join(strings.Split(strings.TrimSpace(string(b)), "\n"), "|"))
		},
		"extraction/Extraction_Correspondance_MSSante_SAMPLE.txt": func(t *testing.T, b []byte) {
			rows := all(t, annuaire.ReadExtraction(strings.NewReader(string(b))))
			require.Len(t, rows, 2)
			assert.Equal(t, []string{"sophie.martin@medecin.mssante.fr", "810007654321", "MARTIN", "SM28", "10"},
				[]string{rows[0].Mailbox.Address, rows[0].Person.ID, rows[0].Person.FamilyName, rows[0].Specialty.Code, rows[0].Person.Profession.Code})
			assert.Equal(t, segur.Organization{ID: "1770816478", Name: "CH EXEMPLE",
				Address: segur.Address{Lines: []string{"1 RUE DE L HOPITAL"}, PostalCode: "77000", City: "MELUN", Country: "France"}}, *rows[1].Structure)
			assert.Equal(t, "Imagerie", rows[1].Mailbox.Service)
			assert.True(t, rows[1].Mailbox.PaperWanted)
		},
	}
	seen := 0
	require.NoError(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		require.NoError(t, err)
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Contains(t, checks, filepath.ToSlash(name), "a sample that no test reads")
		t.Run(name, func(t *testing.T) { checks[filepath.ToSlash(name)](t, b) })
		seen++
		return nil
	}))
	assert.Equal(t, len(checks), seen)
}

func decode(t *testing.T, b []byte) *annuaire.Resource {
	t.Helper()
	r, err := annuaire.Decoder{}.Decode(b)
	require.NoError(t, err)
	assert.Equal(t, string(b), string(r.Raw), "kept as it came")
	return r
}

func officialPractitioner(t *testing.T, r *annuaire.Resource) {
	t.Helper()
	p := r.Practitioner
	assert.Equal(t, segur.Professional{ID: "810003461033", FamilyName: "Saucier", GivenName: "Arthur", Title: "M",
		Profession: segur.Code{Code: "10", System: "1.2.250.1.71.1.2.7"}}, p.Professional)
	assert.Equal(t, []annuaire.Mailbox{{Address: "jeromebonnet@pro.mssante.fr", Level: annuaire.OfPerson}}, p.Mailboxes)
	assert.Equal(t, "334081DP", r.ID)
	assert.Equal(t, "DE05", p.Diplomas[0].Code)
	require.Len(t, p.Qualifications, 2)
	assert.Empty(t, p.Specialties)
}

// officialBundle serves the sample: its next page is on another host, and the
// key does not follow.
func officialBundle(t *testing.T, b []byte) {
	t.Helper()
	srv := annuairetest.NewServer()
	defer srv.Close()
	c := client(t, still(srv))
	srv.Fail(annuairetest.Fault{Status: 200, Body: b})
	_, err := c.Practitioner(t.Context(), "10003461033")
	require.ErrorIs(t, err, segur.ErrProtocol)
	srv.Fail(annuairetest.Fault{Status: 200, Body: []byte(strings.Replace(string(b), `"relation": "next"`, `"relation": "last"`, 1))})
	found, err := c.Practitioner(t.Context(), "10003461033")
	require.NoError(t, err)
	officialPractitioner(t, &annuaire.Resource{ID: found.ID, Practitioner: found})
}

// The examples of the guide of mailboxes lack the email type: no mailbox,
// unless the configuration says otherwise.
func TestOfficialMailboxes(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"bundle-bal-per-full.json", "bundle-bal-per-elements.json"} {
		b, err := os.ReadFile(testkit.SharedData(t, "mssante/fhir-mss/"+name))
		require.NoError(t, err)
		var bundle struct {
			Entry []struct{ Resource json.RawMessage }
		}
		require.NoError(t, json.Unmarshal(b, &bundle))
		require.Len(t, bundle.Entry, 2)
		for i, address := range []string{"jean-marie.dupont@infirmier.mssante.fr", "sophie.martin@medecin.mssante.fr"} {
			r := decode(t, bundle.Entry[i].Resource)
			assert.Empty(t, r.Practitioner.Mailboxes)
			assert.Equal(t, strings.Contains(name, "elements"), r.Subset)
			r, err = annuaire.Decoder{UntypedMailboxes: true}.Decode(bundle.Entry[i].Resource)
			require.NoError(t, err)
			assert.Equal(t, []annuaire.Mailbox{{Address: address, Kind: annuaire.Personal, Level: annuaire.OfPerson}}, r.Practitioner.Mailboxes)
		}
	}
}
