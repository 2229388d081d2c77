package main

import (
	"time"

	"github.com/segur-sdk/segur"
)

// examination is what the information systems of a requester and of an imaging
// centre hold of one examination.
type examination struct {
	patient     segur.Patient
	radiologist segur.Professional
	prescriber  segur.Professional

	requested time.Time // in legal time, as people read it
	start     time.Time // of the acquisition
	validated time.Time // by the radiologist

	placer    segur.Identifier // number of the request
	accession segur.Identifier // number of the examination
	studyUID  segur.OID
	// seriesUID and instanceUID are those of one image of the study.
	seriesUID, instanceUID segur.OID
}

// oidRoot is an arc for tests: yours is that of the vendor or of the structure.
const oidRoot segur.OID = "1.2.250.1.999.5"

// fictional is an examination that ended an hour before now: nobody in it exists.
func fictional(now time.Time) (examination, error) {
	patient, err := qualifiedPatient()
	now = now.Truncate(time.Second)
	return examination{
		patient: patient,
		radiologist: segur.Professional{
			ID: "899900000015", FamilyName: "RADIOLOGUE", GivenName: "Claude", Title: "DR", Specialty: segur.Code{Code: "G15_10/SM44"},
			Organization: &segur.Organization{
				ID: "1990000019", Name: "CENTRE D'IMAGERIE FICTIF", Sector: segur.Code{Code: "SA07"},
				Address:  segur.Address{Lines: []string{"12 rue des Essais"}, PostalCode: "69003", City: "LYON"},
				Telecoms: []segur.Telecom{{Value: "tel:+33400000001", Use: "WP"}},
			},
		},
		prescriber: segur.Professional{
			ID: "899900000031", FamilyName: "PRESCRIPTEUR", GivenName: "Dominique", Title: "DR", Specialty: segur.Code{Code: "G15_10/SM54"},
			Organization: &segur.Organization{ID: "1990000027", Name: "CABINET FICTIF", Sector: segur.Code{Code: "SA07"}},
		},
		requested: now.AddDate(0, 0, -7), start: now.Add(-90 * time.Minute), validated: now,
		placer:    segur.Identifier{Root: "1.2.250.1.999.2", Extension: "D-2026-0007"},
		accession: segur.Identifier{Root: "1.2.250.1.999.3", Extension: "ACC-2026-0042"},
		studyUID:  "1.2.250.1.999.4.1001", seriesUID: "1.2.250.1.999.4.1001.1", instanceUID: "1.2.250.1.999.4.1001.1.1",
	}, err
}

// qualifiedPatient is the fictional patient of the SDK, with an INS of the test
// authority and an identity that is qualified: examples/identify-patient shows how
// one gets there.
func qualifiedPatient() (segur.Patient, error) {
	number := "2850369123456"
	ins, err := segur.ParseINS(number+segur.MatriculeKey(number), segur.OIDINSNIRTest)
	return segur.Patient{
		INS: ins, Status: segur.Qualified,
		LocalIDs: []segur.Identifier{{Root: "1.2.250.1.999.1", Extension: "IPP-0001"}},
		Traits: segur.Traits{
			BirthName: "FICTIVE-DURAND", FirstGivenName: "CAMILLE", GivenNames: "CAMILLE LUCE",
			Sex: segur.Female, BirthDate: segur.NewDate(1985, time.March, 14), BirthPlace: "69123",
		},
	}, err
}
