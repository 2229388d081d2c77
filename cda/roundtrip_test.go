package cda_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
)

// Texts with what real names and labels hold, and what XML escapes.
var (
	word = rapid.StringMatching(`[A-Za-zÀ-ÖØ-öø-ÿŒœŸ'’&<>"\-.,;=#/()€𝄞 -]{1,24}`).Filter(func(s string) bool {
		return strings.Trim(s, " ") != ""
	})
	name = rapid.StringMatching(`[A-ZÉÈÇŒ][A-ZÉÈÇŒ'&<>-]{0,20}( [A-Z]{1,8})?`)
	arc  = rapid.StringMatching(`[1-9][0-9]{0,6}`)
)

func tidy(s string) string { return strings.Join(strings.Fields(s), " ") }

func drawAddress(t *rapid.T) segur.Address {
	var a segur.Address
	if rapid.Bool().Draw(t, "addressed") {
		a = segur.Address{Lines: []string{tidy(word.Draw(t, "street"))}, PostalCode: "69003", City: tidy(word.Draw(t, "city"))}
	}
	return a
}

func drawProfessional(t *rapid.T) segur.Professional {
	p := segur.Professional{
		ID:         "8" + rapid.StringMatching(`[0-9]{11}`).Draw(t, "rpps"),
		FamilyName: tidy(name.Draw(t, "family")), GivenName: tidy(name.Draw(t, "given")),
		Title:     rapid.SampledFrom([]string{"", "DR", "PR", "M", "MME"}).Draw(t, "title"),
		Specialty: segur.Code{Code: rapid.SampledFrom([]string{"G15_10/SM44", "G15_10/SM28", "G15_40", "G15_98"}).Draw(t, "specialty")},
		Address:   drawAddress(t),
	}
	if rapid.Bool().Draw(t, "organized") {
		p.Organization = &segur.Organization{ID: "1" + rapid.StringMatching(`(2A|[0-9]{2})[0-9]{7}`).Draw(t, "finess"),
			Name: tidy(word.Draw(t, "organization")), Address: drawAddress(t), Sector: segur.Code{Code: "SA01"}}
	}
	return p
}

func drawReport(t *rapid.T, tb testing.TB) cda.Report {
	r := minimal(tb)
	r.PDF = stub()
	if rapid.Bool().Draw(t, "titled") {
		r.Title = tidy(word.Draw(t, "title"))
	}
	zone := time.FixedZone("", 60*rapid.IntRange(-720, 840).Draw(t, "offset"))
	r.Created = time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "created"), 0).In(zone)
	first := name.Draw(t, "first")
	r.Patient.Traits = segur.Traits{
		BirthName: tidy(name.Draw(t, "birthName")), FirstGivenName: tidy(first),
		GivenNames: tidy(first + " " + name.Draw(t, "others")),
		Sex:        rapid.SampledFrom([]segur.Sex{segur.Female, segur.Male}).Draw(t, "sex"),
		BirthDate: rapid.SampledFrom([]segur.Date{{Year: 1985, Month: 3, Day: 14}, {Year: 1940}, {Year: 1931, Month: 7},
			{Year: 2024, Month: 2, Day: 29}}).Draw(t, "birth"),
		BirthPlace: rapid.StringMatching(`0[1-9][0-9]{3}|[1-9][0-9]{4}|2[AB][0-9]{3}|99[0-9]{3}`).Draw(t, "place"),
	}
	if rapid.Bool().Draw(t, "used") {
		r.Patient.Traits.UsedName, r.Patient.Traits.UsedGivenName = tidy(name.Draw(t, "usedName")), tidy(name.Draw(t, "usedGiven"))
	}
	body := rapid.StringMatching(`[12][0-9]{4}(2A|2B|[013-9][0-9])[0-9]{6}`).Draw(t, "body")
	r.Patient.INS = ins(tb, body)
	r.Patient.Status = rapid.SampledFrom([]segur.IdentityStatus{segur.Qualified, segur.Validated, segur.Provisional}).Draw(t, "status")
	r.Patient.LocalIDs[0].Extension = tidy(word.Draw(t, "ipp"))
	r.Authors = nil
	for range rapid.IntRange(1, 3).Draw(t, "authors") {
		r.Authors = append(r.Authors, cda.Author{Professional: drawProfessional(t), Time: r.Created.Add(-time.Hour)})
	}
	r.Custodian = segur.Organization{ID: "1990000019", Name: tidy(word.Draw(t, "custodian")), Sector: segur.Code{Code: "SA07"}}
	r.LegalAuthenticator.Professional = drawProfessional(t)
	if rapid.Bool().Draw(t, "prescribed") {
		r.Prescriber = &cda.Prescriber{Professional: drawProfessional(t)}
	}
	r.Orders[0].Placer = rapid.SampledFrom([]segur.Identifier{{}, {Root: "1.2.3", Extension: "D&1"}}).Draw(t, "placer")
	r.Acts = nil
	for i := range rapid.IntRange(1, 4).Draw(t, "acts") {
		start := r.Created.Add(-time.Duration(i+2) * time.Hour)
		r.Acts = append(r.Acts, cda.Act{
			StudyUID:   segur.OID("1.2." + arc.Draw(t, "study")),
			Code:       segur.Code{Code: rapid.SampledFrom([]string{"26257-6", "24627-2", "24725-4"}).Draw(t, "loinc"), Display: tidy(word.Draw(t, "label"))},
			Modalities: []segur.Code{{Code: rapid.SampledFrom([]string{"CT", "MR", "US"}).Draw(t, "modality")}},
			Start:      start, End: start.Add(time.Duration(rapid.IntRange(1, 7200).Draw(t, "seconds")) * time.Second),
		})
	}
	return r
}

// What is written is what is read, for any report.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		r := drawReport(rt, t)
		later := func(c *cda.Config) { c.Clock = func() time.Time { return time.Unix(4e9, 0) } } // than any report
		doc, err := newWriter(t, allowAnyPDF, later).Level1(r)
		require.NoError(rt, err)
		b, err := doc.Bytes()
		require.NoError(rt, err)
		p, err := cda.Parse(b)
		require.NoError(rt, err)
		require.Empty(rt, p.Warnings)
		h := p.Header
		require.Equal(rt, show(doc.Header()), show(h))

		require.Equal(rt, r.Patient.Traits, h.Patient)
		ids := r.Patient.LocalIDs
		if r.Patient.Status.Qualified() {
			ids = append([]segur.Identifier{{Root: r.Patient.INS.Authority(), Extension: r.Patient.INS.Matricule()}}, ids...)
		}
		require.Equal(rt, ids, h.PatientIDs)
		if r.Title != "" {
			require.Equal(rt, r.Title, h.Title)
		}
		sameInstant(rt, r.Created, h.Created)
		require.Len(rt, h.Authors, len(r.Authors))
		for i, a := range r.Authors {
			samePerson(rt, a.Professional, h.Authors[i].Professional, r.Custodian)
			sameInstant(rt, a.Time, h.Authors[i].Time)
		}
		samePerson(rt, r.LegalAuthenticator.Professional, h.LegalAuthenticator.Professional, r.Custodian)
		if r.Prescriber != nil {
			samePerson(rt, r.Prescriber.Professional, *p.Prescriber, segur.Organization{})
		} else {
			require.Nil(rt, p.Prescriber)
		}
		require.Equal(rt, r.Custodian.Name, p.Custodian.Name)
		require.Equal(rt, segur.DocumentOrder{Placer: r.Orders[0].Placer, Accession: r.Orders[0].Accession}, h.Orders[0])
		require.Len(rt, h.Services, len(r.Acts))
		var codes []string
		for i, a := range r.Acts {
			s := h.Services[i]
			require.Equal(rt, a.StudyUID, s.StudyUID)
			require.Equal(rt, a.Code.Code+a.Code.Display, s.Code.Code+s.Code.Display)
			require.Equal(rt, a.Modalities[0].Code, s.Translations[0].Code.Code)
			sameInstant(rt, a.Start, s.Start)
			sameInstant(rt, a.End, s.Stop)
			samePerson(rt, r.Authors[0].Professional, s.Performer.Professional, r.Custodian)
			if !slices.Contains(codes, a.Code.Code) {
				codes = append(codes, a.Code.Code)
			}
		}
		require.Len(rt, h.TypeTranslations, len(codes))
	})
}

func sameInstant(t require.TestingT, want time.Time, got segur.Timestamp) {
	require.Equal(t, want.Format("20060102150405-0700"), got.Time.Format("20060102150405-0700"))
}

func samePerson(t require.TestingT, want, got segur.Professional, home segur.Organization) {
	require.Equal(t, want.ID+"|"+want.FamilyName+"|"+want.GivenName+"|"+want.Title+"|"+want.Specialty.Code,
		got.ID+"|"+got.FamilyName+"|"+got.GivenName+"|"+got.Title+"|"+got.Specialty.Code)
	require.Equal(t, len(want.Address.Lines), len(got.Address.Lines))
	require.Equal(t, want.Address.City, got.Address.City)
	organization := &home
	if want.Organization != nil {
		organization = want.Organization
	}
	if organization.ID == "" {
		require.Nil(t, got.Organization)
		return
	}
	require.Equal(t, organization.ID+organization.Name, got.Organization.ID+got.Organization.Name)
}
