package nos_test

import (
	"encoding/csv"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/internal/nos"
	"github.com/segur-sdk/segur/internal/testkit"
)

// The first roles are those of the official set, no more and no less.
func TestSubjectRoleOfficial(t *testing.T) {
	t.Parallel()
	f, err := os.Open(testkit.SharedData(t, "dmp/valuesets/vihf-role-professions.tsv"))
	require.NoError(t, err)
	defer func() { assert.NoError(t, f.Close()) }()
	r := csv.NewReader(f)
	r.Comma, r.LazyQuotes = '\t', true
	rows, err := r.ReadAll()
	require.NoError(t, err)
	systems := map[string]string{
		"G15": nos.G15Profession, "G16": nos.G16Training, "R95": nos.TitleUser, "R94": nos.SocialWorker, "R291": nos.R291Other,
		"A00": nos.A00NonProfessional,
	}
	for _, row := range rows[1:] {
		system := systems[row[2]]
		if row[1] != "" {
			assert.Equal(t, row[1], system)
		}
		e, ok := nos.SubjectRole(row[0], system)
		assert.True(t, ok, row)
		assert.Equal(t, row[3], e.Display)
	}
	assert.Len(t, rows, 1+nos.SubjectRoles())
}

func TestSubjectQualification(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ profession, code, system, want string }{
		{"10", "SM44", nos.R01Speciality, "Radio-diagnostic (SM)"},
		{"10", "SM74", nos.R01Speciality, "Radiologie et imagerie médicale (SM)"},
		{"10", "SM999", nos.R01Speciality, ""},
		{"40", "SM44", nos.R01Speciality, ""},
		{"21", "G", nos.G05Section, "Pharmacien biologiste"},
		{"21", "FQ01", nos.G05Section, ""},
		{"21", "G", nos.R01Speciality, ""},
		{"10", "SM44", nos.G05Section, ""},
		{"99", "331", nos.Role, "Secrétaire assistante médico-administrative"},
		{"99", "41", nos.Role, ""},
		{"99", "GENR13", nos.R22Activity, "Activité médico-administrative"},
		{"99", "GENR00", nos.R22Activity, ""},
		{"10", "SM44", "1.2.3", ""},
	} {
		e, ok := nos.SubjectQualification(c.profession, c.code, c.system)
		assert.Equal(t, c.want != "", ok, c)
		if ok {
			assert.Equal(t, nos.Entry{Code: c.code, System: c.system, Display: c.want}, e)
		}
	}
}
