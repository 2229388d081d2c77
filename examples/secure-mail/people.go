package main

import (
	"time"

	"github.com/segur-sdk/segur"
)

// The people, the structures and the mailboxes below are fictional.

// oidRoot is the root of the identifiers made here. A product uses its own.
const oidRoot = segur.OID("1.2.250.1.999.1")

const (
	// centreID is the structure that the radiologist works in.
	centreID = "1990000019"
	// radiologistID is who logs in.
	radiologistID = "899900000015"

	radiologistMailbox = "claude.radiologue@imagerie-fictive.mssante.fr"
	secretariatMailbox = "secretariat@cabinet-fictif.mssante.fr"
	formerMailbox      = "d.prescripteur@ancien-operateur.mssante.fr"
)

func centre() *segur.Organization {
	return &segur.Organization{
		ID: centreID, Name: "CENTRE D'IMAGERIE FICTIF",
		Sector:   segur.Code{Code: "SA07"},
		Address:  segur.Address{Lines: []string{"12 rue des Essais"}, PostalCode: "69003", City: "LYON"},
		Telecoms: []segur.Telecom{{Value: "tel:+33400000001", Use: "WP"}},
	}
}

func prescriber() segur.Professional {
	return segur.Professional{
		ID: "899900000064", FamilyName: "PRESCRIPTEUR", GivenName: "Dominique", Title: "DR",
		Specialty:    segur.Code{Code: "G15_10/SM26"},
		Address:      segur.Address{Lines: []string{"3 place des Tests"}, PostalCode: "69002", City: "LYON"},
		Telecoms:     []segur.Telecom{{Value: "tel:+33400000002", Use: "WP"}},
		Organization: &segur.Organization{ID: "1990000027", Name: "CABINET MÉDICAL FICTIF"},
	}
}

// knownPatient is in the records of the centre and in those of the prescriber.
func knownPatient() segur.Patient {
	return patient("2850369123456", "IPP-0001", segur.Traits{
		BirthName: "FICTIVE-DURAND", FirstGivenName: "CAMILLE", GivenNames: "CAMILLE LUCE", Sex: segur.Female,
		BirthDate: segur.NewDate(1985, time.March, 14), BirthPlace: "69123",
	})
}

// newPatient is not in the records of the prescriber, and closed the mailbox of
// Mon espace santé.
func newPatient() segur.Patient {
	return patient("1781169123457", "IPP-0002", segur.Traits{
		BirthName: "ESSAI-PETIT", FirstGivenName: "ANDRE", GivenNames: "ANDRE", Sex: segur.Male,
		BirthDate: segur.NewDate(1978, time.November, 26), BirthPlace: "69123",
	})
}

// patient has a qualified identity: package ins gets there.
func patient(body, ipp string, traits segur.Traits) segur.Patient {
	number, err := segur.ParseINS(body+segur.MatriculeKey(body), segur.OIDINSNIRTest)
	if err != nil {
		panic(err) // the numbers above
	}
	return segur.Patient{
		Status: segur.Qualified, INS: number, Traits: traits,
		LocalIDs: []segur.Identifier{{Root: oidRoot, Extension: ipp}},
	}
}

// unqualified is the same patient before the identity was checked: validated by
// a document, and not known to INSi.
func unqualified() segur.Patient {
	p := knownPatient()
	p.Status, p.INS = segur.Validated, segur.INS{}
	return p
}
