package cda_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
)

// The matricule of an identity that is not qualified leaves the system by no
// field of the document, even where the caller typed it.
func TestMatriculeNowhere(t *testing.T) {
	t.Parallel()
	value := ins(t, "2850369123456")
	r, s := chest(t)
	r.Patient.INS, r.Patient.Status = value, segur.Retrieved
	r.Patient.LocalIDs = []segur.Identifier{{Root: "1.2.250.1.999.1", Extension: "IPP-0001"}}
	r.Patient.Telecoms = nil
	w := newWriter(t, allowAnyPDF, func(c *cda.Config) { c.AllowInvalid = true })
	refused := func(err error) {
		t.Helper()
		require.ErrorIs(t, err, segur.ErrInvalidInput)
		assert.Contains(t, fields(err), "patient.ins")
		assert.NotContains(t, err.Error(), value.Body())
	}
	_, err := w.Level3(r, s)
	require.NoError(t, err)

	visit := r
	visit.Encounter.ID = segur.Identifier{Root: "1.2.250.1.999.6", Extension: value.Matricule()}
	_, err = w.Level3(visit, s)
	refused(err)
	_, err = w.Level1(visit)
	refused(err)

	relative := r
	relative.Informants = []cda.Informant{{Class: cda.TrustedPerson, FamilyName: "PROCHE", Telecoms: []segur.Telecom{{Value: "mailto:" + value.Matricule() + "@example.org"}}}}
	_, err = w.Level3(relative, s)
	refused(err)

	text := s
	text.Conclusion = cda.Text("Patient " + value.Matricule() + " : examen normal.")
	_, err = w.Level3(r, text)
	refused(err)

	q := completeRequest(t)
	q.Patient = r.Patient
	q.Placer.Extension = "N" + value.Body()
	_, err = w.Request(q)
	refused(err)

	r.Patient.Status = segur.Qualified
	_, err = w.Level3(r, text)
	require.NoError(t, err, "a qualified one may be named")
}
