package cda_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/cda/pdfa"
	"github.com/segur-sdk/segur/internal/testkit/fixed"
)

// Everybody here is fictional. Identifiers are below the test root of the
// project, 1.2.250.1.999, and under the test authority of the INS.

var winter = time.FixedZone("CET", 3600)

func instant(hour, minute, second int) time.Time {
	return time.Date(2026, 1, 20, hour, minute, second, 0, winter)
}

func ins(tb testing.TB, body string) segur.INS {
	tb.Helper()
	v, err := segur.ParseINS(body+segur.MatriculeKey(body), segur.OIDINSNIRTest)
	require.NoError(tb, err)
	return v
}

var samplePDF = sync.OnceValue(func() []byte {
	b, err := pdfa.Build(pdfa.Report{
		ID: "1.2.250.1.999.7.1", Created: instant(11, 5, 0), Title: "Compte rendu d'IRM du genou gauche",
		Sections: []pdfa.Section{{Heading: "Conclusion", Paragraphs: []string{"Examen sans particularité."}}},
	})
	if err != nil {
		panic(err)
	}
	return b
})

func newWriter(tb testing.TB, change ...func(*cda.Config)) *cda.Writer {
	tb.Helper()
	cfg := cda.Config{
		Environment: segur.Fake,
		OIDRoot:     "1.2.250.1.999.5",
		Clock:       fixed.NewClock(instant(11, 5, 0)).Now,
		IDs:         segur.NewIDSource(fixed.Rand(1)),
	}
	for _, f := range change {
		f(&cfg)
	}
	w, err := cda.New(cfg)
	require.NoError(tb, err)
	return w
}

func radiologist() segur.Professional {
	return segur.Professional{
		ID: "899900000015", FamilyName: "RADIOLOGUE", GivenName: "Claude", Title: "DR",
		Specialty: segur.Code{Code: "G15_10/SM44"},
		Organization: &segur.Organization{
			ID: "1990000019", Name: "CENTRE D'IMAGERIE FICTIF", Sector: segur.Code{Code: "SA07"},
		},
	}
}

// minimal is a report with what is mandatory and nothing else.
func minimal(tb testing.TB) cda.Report {
	return cda.Report{
		Patient: segur.Patient{
			Status: segur.Qualified, INS: ins(tb, "2850369123456"),
			Traits: segur.Traits{
				BirthName: "FICTIVE-DURAND", FirstGivenName: "CAMILLE", GivenNames: "CAMILLE LUCE",
				Sex: segur.Female, BirthDate: segur.NewDate(1985, 3, 14), BirthPlace: "69123",
			},
			LocalIDs: []segur.Identifier{{Root: "1.2.250.1.999.1", Extension: "IPP-0001"}},
		},
		Authors:            []cda.Author{{Professional: radiologist()}},
		LegalAuthenticator: cda.Signature{Professional: radiologist()},
		Orders: []cda.Order{{
			Accession: segur.Identifier{Root: "1.2.250.1.999.3", Extension: "ACC-2026-0042"},
		}},
		Acts: []cda.Act{{
			StudyUID:   "1.2.250.1.999.4.1001",
			Code:       segur.Code{Code: "26257-6", Display: "RM genou - gauche"},
			Modalities: []segur.Code{{Code: "MR"}},
			Start:      instant(9, 30, 0), End: instant(9, 55, 0),
		}},
		PracticeSetting: segur.Code{Code: "AMBULATOIRE"},
		PDF:             segur.BytesContent(samplePDF()),
	}
}

// complete is a report with every optional part.
func complete(tb testing.TB) cda.Report {
	r := minimal(tb)
	r.Title = "CR d'imagerie médicale - IRM du genou gauche"
	r.Patient.Traits.UsedName, r.Patient.Traits.UsedGivenName = "FICTIVE", "CAM"
	r.Patient.Address = segur.Address{Lines: []string{"7 allée des Scénarios"}, PostalCode: "69003", City: "LYON", Country: "FRANCE"}
	r.Patient.Telecoms = []segur.Telecom{{Value: "tel:+33600000000", Use: "MC"}}
	r.BirthPlaceName = "LYON"
	centre := radiologist().Organization
	centre.Address = segur.Address{Lines: []string{"Bâtiment B", "12 rue des Essais", "BP 33"}, PostalCode: "69003", City: "LYON"}
	centre.Telecoms = []segur.Telecom{{Value: "tel:+33400000001", Use: "WP"}, {Value: "mailto:secretariat@centre.test", Use: "WP"}}
	r.Authors[0].Organization = centre
	r.Authors[0].Title = "MME"
	r.Authors[0].Function = segur.Code{Code: "ATTPHYS"}
	r.Authors[0].Time = instant(10, 59, 30)
	second := radiologist()
	second.ID, second.FamilyName, second.GivenName, second.Title = "899900000023", "TELERADIOLOGUE", "Dominique", ""
	second.Specialty = segur.Code{Code: "G15_10/SM28"}
	second.Organization = &segur.Organization{ID: "399900000000017", Name: "SOCIÉTÉ DE TÉLÉRADIOLOGIE FICTIVE"}
	r.Authors = append(r.Authors, cda.Author{Professional: second})
	r.LegalAuthenticator.Organization = centre
	r.LegalAuthenticator.Time = instant(11, 2, 0)
	r.Custodian = *centre
	r.Recipients = []segur.Professional{prescriber()}
	r.Prescriber = &cda.Prescriber{Professional: prescriber(), Date: segur.NewDate(2026, 1, 5)}
	family := prescriber()
	family.ID, family.FamilyName = "899900000049", "TRAITANT"
	r.FamilyPhysician = &family
	r.Informants = []cda.Informant{
		{Class: cda.EmergencyContact, Relationship: segur.Code{Code: "SIS"}, FamilyName: "FICTIVE", GivenName: "Lucie",
			Telecoms: []segur.Telecom{{Value: "tel:+33600000009", Use: "MC"}}},
		{Class: cda.TrustedPerson, FamilyName: "CONFIANCE"},
	}
	r.Orders[0].Placer = segur.Identifier{Root: "1.2.250.1.999.2", Extension: "D-2026-0007"}
	r.Acts[0].CCAM = segur.Code{Code: "NZQN001", Display: "Remnographie [IRM] unilatérale ou bilatérale de segment du membre inférieur, sans injection intraveineuse de produit de contraste"}
	r.Acts[0].Regions = []segur.Code{{Code: cda.RegionLowerLimb}}
	r.Encounter = cda.Encounter{
		ID:   segur.Identifier{Root: "1.2.250.1.999.6", Extension: "V-0099"},
		Type: segur.Code{Code: "AMB"}, Start: instant(9, 0, 0), End: instant(11, 30, 0),
		Facility: &segur.Organization{ID: "1990000019", Name: "CENTRE D'IMAGERIE FICTIF", Sector: segur.Code{Code: "SA08"}},
	}
	return r
}

func prescriber() segur.Professional {
	return segur.Professional{
		ID: "899900000031", FamilyName: "PRESCRIPTEUR", GivenName: "Dominique", Title: "PR",
		Specialty: segur.Code{Code: "G15_10/SM26"},
		Address:   segur.Address{Lines: []string{"3 place des Tests"}, PostalCode: "69002", City: "LYON"},
		Telecoms:  []segur.Telecom{{Value: "tel:+33400000002", Use: "WP"}},
		Organization: &segur.Organization{
			ID: "1990000027", Name: "CABINET MÉDICAL FICTIF",
		},
	}
}

// samples are documents that differ in what the rules look at.
func samples(tb testing.TB) map[string]cda.Report {
	tb.Helper()
	m := map[string]cda.Report{"minimal": minimal(tb), "complete": complete(tb)}
	edit := func(name string, f func(r *cda.Report)) {
		r := complete(tb)
		f(&r)
		m[name] = r
	}
	edit("signs", func(r *cda.Report) {
		r.Title = `Échographie d'« œil & orbite » <côté "droit"> – n° 1`
		r.Patient.Traits.UsedName = "D’ÂGÉ-Ñ'Œ"
		r.Authors[0].FamilyName = "O'BRIEN-LÉVÊQUE & FILS"
		r.Custodian.Name = "CENTRE <D'IMAGERIE> & CIE"
		r.Acts[0].Code.Display = "Écho < 3 cm & \"œil\""
	})
	edit("abroad", func(r *cda.Report) {
		r.Patient.INS = ins(tb, "1700799352017")
		r.Patient.Traits.Sex = segur.Male
		r.Patient.Traits.BirthDate = segur.NewDate(1970, 7, 1)
		r.Patient.Traits.BirthPlace, r.BirthPlaceName = "99352", "ALGÉRIE"
	})
	edit("lunar", func(r *cda.Report) {
		r.Patient.Traits.BirthDate = segur.Date{Year: 1940}
		r.Patient.Traits.BirthPlace, r.BirthPlaceName = segur.BirthplaceUnknown, ""
	})
	edit("corsica", func(r *cda.Report) {
		r.Patient.INS = ins(tb, "285062A004012")
		r.Patient.Traits.BirthDate = segur.NewDate(1985, 6, 9)
		r.Patient.Traits.BirthPlace, r.BirthPlaceName = "2A004", "AJACCIO"
	})
	edit("acts", func(r *cda.Report) {
		chest := cda.Act{
			StudyUID: "1.2.250.1.999.4.1002", Code: segur.Code{Code: "24627-2", Display: "CT thorax"},
			Modalities: []segur.Code{{Code: "CT"}, {Code: "PT"}},
			Regions:    []segur.Code{{Code: cda.RegionThorax}, {Code: cda.RegionHeart}},
			Start:      instant(10, 0, 0), End: instant(10, 0, 1),
		}
		again := chest // the same act in another study, without times
		again.StudyUID, again.Start, again.End = "1.2.250.1.999.4.1003", time.Time{}, time.Time{}
		done := prescriber()
		again.Performer = &done
		r.Acts = append(r.Acts, chest, again)
		r.Orders = append(r.Orders, cda.Order{Accession: segur.Identifier{Root: "1.2.250.1.999.3", Extension: "ACC-2026-0043"}})
	})
	edit("equal-names", func(r *cda.Report) { // most people: one given name, used names equal to birth names
		n := &r.Patient.Traits
		n.GivenNames, n.UsedGivenName, n.UsedName = n.FirstGivenName, n.FirstGivenName, n.BirthName
		r.Patient.Telecoms = append(r.Patient.Telecoms, segur.Telecom{Value: r.Patient.Telecoms[0].Value, Use: "H"})
		r.Patient.Address = segur.Address{Lines: []string{"LYON", "LYON"}, City: "LYON", Country: "LYON"}
		r.Authors[1] = r.Authors[0]
		r.Recipients = append(r.Recipients, r.Recipients[0])
		r.Informants[1] = r.Informants[0]
		r.Acts = append(r.Acts, r.Acts[0])
		r.FamilyPhysician = &r.Prescriber.Professional
	})
	edit("without-prescriber", func(r *cda.Report) { r.Prescriber, r.Recipients, r.FamilyPhysician = nil, nil, nil })
	edit("prescriber-undated", func(r *cda.Report) { r.Prescriber.Date = segur.Date{} })
	edit("local-identity", func(r *cda.Report) {
		r.Patient.Status = segur.Validated
		r.Patient.Traits.GivenNames, r.Patient.Traits.BirthPlace, r.BirthPlaceName = "", "", ""
		r.Patient.Traits.Sex = segur.SexUnknown
	})
	edit("replacement", func(r *cda.Report) {
		r.Version, r.Replaces, r.SetID = 2, segur.Identifier{Root: "1.2.250.1.999.5.1"}, segur.Identifier{Root: "1.2.250.1.999.5.2"}
	})
	edit("uuid-set", func(r *cda.Report) {
		r.Version, r.Replaces = 3, segur.Identifier{Root: "1.2.250.1.999.5.1", Extension: "2"}
		r.SetID = segur.Identifier{Root: "0F8FAD5B-D9CB-469F-A165-70867728950E"}
	})
	edit("roles", func(r *cda.Report) {
		second := radiologist()
		second.ID, second.FamilyName = "899900000023", "RELECTEUR"
		r.Authenticators = []cda.Signature{{Professional: second, Time: instant(11, 3, 0)}, {Professional: radiologist()}}
		r.DataEnterer = &cda.DataEnterer{Professional: segur.Professional{ID: "3990000019/SEC1", FamilyName: "SECRETAIRE", GivenName: "Alix"}, Time: instant(10, 50, 0)}
	})
	edit("screening", func(r *cda.Report) { r.Screening = true })
	edit("stay", func(r *cda.Report) {
		r.Encounter.Type, r.Encounter.End = segur.Code{Code: "IMP"}, time.Time{}
		r.Encounter.Facility.Sector, r.PracticeSetting = segur.Code{Code: "SA01"}, segur.Code{Code: "ETABLISSEMENT"}
	})
	return m
}
