package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/mssante"
)

// The verdict on a document: each code that the software of a prescriber gives.
func TestFiling(t *testing.T) {
	t.Parallel()
	author := segur.Professional{ID: radiologistID, FamilyName: "RADIOLOGUE", GivenName: "Claude", Title: "DR",
		Profession: segur.Code{Code: "10"}, Specialty: segur.Code{Code: "G15_10/SM44"}, Organization: centre()}
	report, err := writeReport(segur.Fake, author, knownPatient())
	require.NoError(t, err)
	for name, c := range map[string]struct {
		change func(*segur.DocumentHeader)
		want   mssante.IntegrationCode
	}{
		"as it is":        {func(*segur.DocumentHeader) {}, ""},
		"no INS":          {func(h *segur.DocumentHeader) { h.PatientIDs = h.PatientIDs[1:] }, mssante.INSMissing},
		"no birth date":   {func(h *segur.DocumentHeader) { h.Patient.BirthDate = segur.Date{} }, mssante.INSIncomplete},
		"no given name":   {func(h *segur.DocumentHeader) { h.Patient.FirstGivenName = "" }, mssante.INSIncomplete},
		"another name":    {func(h *segur.DocumentHeader) { h.Patient.BirthName = "AUTRE" }, mssante.INSDiffers},
		"another sex":     {func(h *segur.DocumentHeader) { h.Patient.Sex = segur.Male }, mssante.INSDiffers},
		"another patient": {func(h *segur.DocumentHeader) { h.PatientIDs[0].Extension = newPatient().INS.Matricule() }, mssante.PatientUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &practice{records: []segur.Patient{knownPatient()}, filed: map[segur.Identifier]bool{}, versions: map[segur.Identifier]int{}}
			h := report.CDA.Header()
			h.PatientIDs = append([]segur.Identifier(nil), h.PatientIDs...)
			require.True(t, segur.IsINSAuthority(h.PatientIDs[0].Root))
			c.change(&h)
			f := p.file(filing{}, h)
			assert.Equal(t, c.want, f.code)
			assert.Equal(t, c.want == "", p.filed[h.ID], "only what has no error is filed")
			if c.want != "" {
				return
			}
			assert.True(t, p.file(filing{}, h).duplicate, "once")
			next := h
			next.ID.Root, next.Version = "1.2.250.1.999.1.77", h.Version+1
			assert.Empty(t, p.file(filing{}, next).code, "a next version")
			older := h
			older.ID.Root = "1.2.250.1.999.1.78"
			assert.Equal(t, mssante.WrongVersion, p.file(filing{}, older).code, "an older one comes late")
		})
	}
}
