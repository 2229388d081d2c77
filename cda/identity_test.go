package cda_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
)

func TestCompareIdentities(t *testing.T) {
	t.Parallel()
	number := func(body string) string { return body + segur.MatriculeKey(body) }
	base := func() segur.DocumentHeader {
		return segur.DocumentHeader{
			PatientIDs: []segur.Identifier{
				{Root: segur.OIDINSNIRTest, Extension: number("2850369123456")}, {Root: "1.2.250.1.999.1", Extension: "IPP-0001"},
			},
			Patient: segur.Traits{BirthName: "D'AIGUE-FICTIVE", FirstGivenName: "JEAN PIERRE", GivenNames: "JEAN PIERRE MARIE", Sex: segur.Male,
				BirthDate: segur.NewDate(1985, 3, 14), BirthPlace: "2A004"},
		}
	}
	all := cda.IdentityComparison{INS: segur.AgreementSame, LocalID: segur.AgreementSame, BirthName: segur.AgreementSame, FirstGivenName: segur.AgreementSame,
		GivenNames: segur.AgreementSame, Sex: segur.AgreementSame, BirthDate: segur.AgreementSame, BirthPlace: segur.AgreementSame}
	type header = segur.DocumentHeader
	type verdict = cda.IdentityComparison
	const (
		unknown    = segur.AgreementUnknown
		equivalent = segur.AgreementEquivalent
		compatible = segur.AgreementCompatible
		different  = segur.AgreementDifferent
	)
	for name, tc := range map[string]struct {
		change func(h *header)
		want   func(v *verdict)
		same   bool
	}{
		"the same": {func(*header) {}, func(*verdict) {}, true},
		"written freely": {func(h *header) {
			h.Patient.BirthName, h.Patient.FirstGivenName, h.Patient.GivenNames = "d’Aigué fictive", "Jean-Pierre", "Jean-Pierre Marie"
		}, func(v *verdict) { v.BirthName, v.FirstGivenName, v.GivenNames = equivalent, equivalent, equivalent }, true},
		"another person": {func(h *header) { h.PatientIDs[0].Extension = number("1850369123457") }, func(v *verdict) { v.INS = different }, false},
		"number of a NIA": {func(h *header) { h.PatientIDs[0].Root = segur.OIDINSNIA },
			func(v *verdict) { v.INS = compatible }, false},
		"wrong key": {func(h *header) { h.PatientIDs[0].Extension = "285036912345600" }, func(v *verdict) { v.INS = unknown }, true},
		"no INS":    {func(h *header) { h.PatientIDs = h.PatientIDs[1:] }, func(v *verdict) { v.INS = unknown }, true},
		"another IPP": {func(h *header) { h.PatientIDs[1].Extension = "IPP-0002" },
			func(v *verdict) { v.LocalID = different }, false},
		"two IPP, one of them known": {func(h *header) {
			h.PatientIDs = append(h.PatientIDs, h.PatientIDs[1])
			h.PatientIDs[1].Extension = "IPP-0002"
		}, func(*verdict) {}, true},
		"IPP of elsewhere": {func(h *header) { h.PatientIDs[1].Root = "1.2.250.1.999.77" }, func(v *verdict) { v.LocalID = unknown }, true},
		"another name":     {func(h *header) { h.Patient.BirthName = "DURAND" }, func(v *verdict) { v.BirthName = different }, false},
		"a sign for a name": {func(h *header) { h.Patient.BirthName, h.Patient.GivenNames = "-", "'" },
			func(v *verdict) { v.BirthName, v.GivenNames = different, different }, false},
		"no name":                     {func(h *header) { h.Patient.BirthName = "" }, func(v *verdict) { v.BirthName = unknown }, false},
		"first given name cut":        {func(h *header) { h.Patient.FirstGivenName = "JEAN" }, func(v *verdict) { v.FirstGivenName = equivalent }, true},
		"first given name, no list":   {func(h *header) { h.Patient.GivenNames = "" }, func(v *verdict) { v.GivenNames = unknown }, true},
		"perhaps the brother":         {func(h *header) { h.Patient.FirstGivenName, h.Patient.GivenNames = "JEAN", "" }, func(v *verdict) { v.FirstGivenName, v.GivenNames = compatible, unknown }, false},
		"list of one":                 {func(h *header) { h.Patient.GivenNames = "JEAN PIERRE" }, func(v *verdict) { v.GivenNames = compatible }, true},
		"other second given name":     {func(h *header) { h.Patient.GivenNames = "JEAN PIERRE LUC" }, func(v *verdict) { v.GivenNames = different }, false},
		"another given name":          {func(h *header) { h.Patient.FirstGivenName, h.Patient.GivenNames = "MARIE", "MARIE JEAN" }, func(v *verdict) { v.FirstGivenName, v.GivenNames = different, different }, false},
		"no given name":               {func(h *header) { h.Patient.FirstGivenName = "" }, func(v *verdict) { v.FirstGivenName = unknown }, false},
		"another sex":                 {func(h *header) { h.Patient.Sex = segur.Female }, func(v *verdict) { v.Sex = different }, false},
		"sex not known":               {func(h *header) { h.Patient.Sex = segur.SexUnknown }, func(v *verdict) { v.Sex = unknown }, false},
		"another day":                 {func(h *header) { h.Patient.BirthDate.Day = 15 }, func(v *verdict) { v.BirthDate = different }, false},
		"day not known":               {func(h *header) { h.Patient.BirthDate.Day = 0 }, func(v *verdict) { v.BirthDate = compatible }, false},
		"another month, without day":  {func(h *header) { h.Patient.BirthDate = segur.Date{Year: 1985, Month: 4} }, func(v *verdict) { v.BirthDate = different }, false},
		"no date":                     {func(h *header) { h.Patient.BirthDate = segur.Date{} }, func(v *verdict) { v.BirthDate = unknown }, false},
		"another place":               {func(h *header) { h.Patient.BirthPlace = "69123" }, func(v *verdict) { v.BirthPlace = different }, false},
		"Corsica in lower case":       {func(h *header) { h.Patient.BirthPlace = "2a004" }, func(v *verdict) { v.BirthPlace = equivalent }, true},
		"place said unknown":          {func(h *header) { h.Patient.BirthPlace = segur.BirthplaceUnknown }, func(v *verdict) { v.BirthPlace = unknown }, true},
		"place not said":              {func(h *header) { h.Patient.BirthPlace = "" }, func(v *verdict) { v.BirthPlace = unknown }, true},
		"year only, other year there": {func(h *header) { h.Patient.BirthDate = segur.Date{Year: 1984} }, func(v *verdict) { v.BirthDate = different }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, b := base(), base()
			tc.change(&b)
			want := all
			tc.want(&want)
			got := cda.CompareIdentities(a, b)
			require.Equal(t, want, got)
			assert.Equal(t, got, cda.CompareIdentities(b, a), "in any order")
			assert.Equal(t, tc.same, got.Same())
			refused := 0
			for _, d := range got.Details() {
				if d.Severity == "error" {
					refused++
				}
				assert.NotContains(t, fmt.Sprint(d), "FICTIVE")
			}
			assert.Equal(t, tc.same, refused == 0, "details agree with the verdict")
		})
	}
	assert.False(t, cda.IdentityComparison{}.Same(), "nothing compared is not the same")
	assert.Empty(t, all.Details())

	completed, known := base(), base()
	completed.Patient.BirthDate, known.Patient.BirthDate = segur.NewDate(1934, 12, 31), segur.Date{Year: 1934}
	assert.Equal(t, equivalent, cda.CompareIdentities(completed, known).BirthDate)
	completed.Patient.BirthDate, known.Patient.BirthDate = segur.NewDate(1934, 2, 1), segur.Date{Year: 1934, Month: 2}
	assert.Equal(t, equivalent, cda.CompareIdentities(known, completed).BirthDate)
}

// Own records know whether a date was completed by rule, and hold the INS
// whatever the status.
func TestComparePatient(t *testing.T) {
	t.Parallel()
	r := minimal(t)
	document, err := newWriter(t).Level1(r)
	require.NoError(t, err)
	h, own := document.Header(), r.Patient
	assert.Empty(t, cda.ComparePatient(h, own).Details())
	own.Status, own.LocalIDs = segur.Provisional, nil
	c := cda.ComparePatient(h, own)
	assert.True(t, c.Same())
	assert.Equal(t, segur.AgreementSame, c.INS)
	assert.Equal(t, segur.AgreementUnknown, c.LocalID)
	own.INS = segur.INS{}
	assert.Equal(t, segur.AgreementUnknown, cda.ComparePatient(h, own).INS)

	own.Traits.BirthDateInterpreted = true
	for date, want := range map[segur.Date]segur.Agreement{
		segur.NewDate(1985, 3, 14):  segur.AgreementSame,
		segur.NewDate(1985, 3, 1):   segur.AgreementCompatible,
		segur.NewDate(1985, 1, 14):  segur.AgreementCompatible,
		segur.NewDate(1985, 12, 31): segur.AgreementCompatible,
		segur.NewDate(1985, 3, 15):  segur.AgreementDifferent,
		segur.NewDate(1985, 4, 1):   segur.AgreementDifferent,
		segur.NewDate(1984, 12, 31): segur.AgreementDifferent,
		{Year: 1985}:                segur.AgreementCompatible,
	} {
		own.Traits.BirthDate = date
		c := cda.ComparePatient(h, own)
		assert.Equal(t, want, c.BirthDate, date)
		assert.Equal(t, want == segur.AgreementSame, c.Same(), date)
	}
	h.Patient.BirthDate, own.Traits.BirthDate = segur.Date{Year: 1985}, segur.NewDate(1985, 1, 14)
	assert.Equal(t, segur.AgreementCompatible, cda.ComparePatient(h, own).BirthDate)
}

// A document and its replacement are of one person; another patient is seen.
func TestCompareIdentitiesOfDocuments(t *testing.T) {
	t.Parallel()
	w := newWriter(t)
	first, err := w.Level1(minimal(t))
	require.NoError(t, err)
	r := minimal(t).Replacing(first.Header())
	second, err := w.Level1(r)
	require.NoError(t, err)
	c := cda.CompareIdentities(first.Header(), second.Header())
	assert.True(t, c.Same())
	assert.Empty(t, c.Details())

	r.Patient.LocalIDs[0].Extension = "IPP-0099"
	r.Patient.Traits.FirstGivenName, r.Patient.Traits.GivenNames = "DOMINIQUE", "DOMINIQUE LUCE"
	other, err := w.Level1(r)
	require.NoError(t, err)
	c = cda.CompareIdentities(first.Header(), other.Header())
	assert.False(t, c.Same())
	var fields []string
	for _, d := range c.Details() {
		fields = append(fields, d.Field+" "+d.Code+" "+d.Severity)
	}
	assert.Equal(t, []string{"localID different error", "traits.firstGivenName different error", "traits.givenNames different error"}, fields)
	assert.Equal(t, "invalid", segur.Agreement(9).String())
	assert.Equal(t, "unknown same equivalent compatible different", strings.Join([]string{segur.AgreementUnknown.String(), segur.AgreementSame.String(),
		segur.AgreementEquivalent.String(), segur.AgreementCompatible.String(), segur.AgreementDifferent.String()}, " "))
}
