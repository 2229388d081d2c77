package xds_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
)

func TestLabel(t *testing.T) {
	t.Parallel()
	c := segur.Code{Code: "07", System: "1.2.250.1.213.2.2"}
	assert.Equal(t, "Consultations soins externes", xds.Label(c).Display)
	c.Display = "as given"
	assert.Equal(t, c, xds.Label(c))
	unknown := segur.Code{Code: "x", System: "1.2.3"}
	assert.Equal(t, unknown, xds.Label(unknown))
}

// A product names a specialty and an activity by their codes; the value sets
// know the rest.
func TestCodesGivenByTheirCodeAlone(t *testing.T) {
	t.Parallel()
	doctor := radiologist()
	doctor.Specialty = segur.Code{Code: "G15_10/SM44"}
	full := segur.Code{Code: "G15_10/SM44", System: "1.2.250.1.213.1.1.4.5", Display: "Médecin - Radio-diagnostic (SM)"}
	assert.Equal(t, []segur.Code{full}, xds.NewAuthor(doctor).Specialties)

	given := []segur.Code{{Code: "G15_10/SM28"}, {Code: "AUTOMATE", System: "1.2.3", Display: "as given"}, {Code: "nope"}}
	s := lot(t)
	s.Set.Author.Specialties, s.Set.ContentTypeCode = given, segur.Code{Code: "SA05"}
	s.Set.Complete()
	assert.Equal(t, []segur.Code{
		{Code: "G15_10/SM28", System: "1.2.250.1.213.1.1.4.5", Display: "Médecin - Médecine nucléaire (SM)"}, given[1], given[2],
	}, s.Set.Author.Specialties)
	assert.Equal(t, segur.Code{Code: "SA05", System: "1.2.250.1.71.4.2.4", Display: "Centre de santé"}, s.Set.ContentTypeCode)
	assert.Equal(t, segur.Code{Code: "G15_10/SM28"}, given[0], "the slice of the caller is left alone")

	s.Set.Author.Specialties, s.Set.ContentTypeCode = []segur.Code{{Code: "G15_10/SM44"}}, segur.Code{Code: "07"}
	s.Set.Complete()
	warnings, err := s.Validate(xds.Rules{})
	require.NoError(t, err)
	assert.Empty(t, warnings)
	s.Set.Author.Specialties = []segur.Code{{Code: "G15_10/SM99"}}
	s.Set.Complete()
	_, err = s.Validate(xds.Rules{})
	assert.Equal(t, []string{"set.author.specialties[0]"}, fields(t, err), "what is in no value set is still refused")
}
