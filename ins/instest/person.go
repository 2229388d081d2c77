package instest

import (
	"errors"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
)

// Person is someone the fake knows.
type Person struct {
	// Traits are the reference traits. BirthName, FirstGivenName, Sex, BirthDate and BirthPlace are required;
	// GivenNames is the whole list, FirstGivenName when empty.
	Traits segur.Traits
	// INS is the number in use.
	INS segur.INS
	// Key is the key as answers write it. Empty: the one of INS. Response files of the conformance tests hold keys
	// that do not match their number.
	Key string
	// History are the former numbers. It may repeat the one in use, as answers do.
	History []Former
	// Form says how the answer departs from the usual one.
	Form Form
	// Fault is the detail code of the fault that answers a search of this person, instead of an identity: what the
	// qualification platform does for some identities that it was announced with. INS is then not required.
	Fault string
}

// Form are departures of an answer from the usual one; each was seen in an answer or in a response file of the
// conformance tests.
type Form struct {
	// DatesFirst writes DateDeb and DateFin before IdIndividu, against the order of the schema.
	DatesFirst bool
	// Comment writes an XML comment after OID.
	Comment bool
	// GivenName writes Prenom beside ListePrenom.
	GivenName bool
	// WithoutKey leaves Cle out, which the schema allows.
	WithoutKey bool
}

// Former is a number that a person had.
type Former struct {
	// INS is the number.
	INS segur.INS
	// Key is the key as answers write it. Empty: the one of INS.
	Key string
	// From and To are optional.
	From, To segur.Date
}

// check completes p, or says what makes it impossible.
func (p Person) check() (Person, error) {
	var problems segur.Problems
	problems.Merge("traits.birthName", ins.CheckBirthName(p.Traits.BirthName))
	problems.Merge("traits.firstGivenName", ins.CheckGivenName(p.Traits.FirstGivenName))
	if p.Traits.GivenNames == "" {
		p.Traits.GivenNames = p.Traits.FirstGivenName
	}
	if !strings.HasPrefix(p.Traits.GivenNames+" ", p.Traits.FirstGivenName+" ") {
		problems.Add("traits.givenNames", "must begin with the first given name")
	}
	if p.Traits.Sex != segur.Female && p.Traits.Sex != segur.Male {
		problems.Add("traits.sex", "must be F or M")
	}
	if !p.Traits.BirthDate.Valid() {
		problems.Add("traits.birthDate", "must be a date")
	}
	problems.Require("traits.birthPlace", p.Traits.BirthPlace)
	if p.INS.IsZero() && p.Fault == "" {
		problems.Add("ins", "is required")
	}
	return p, problems.Err("instest.AddPerson")
}

// matches reports whether the criteria designate p: the service compares exactly, the given name with the first one or
// with the whole list.
func (p Person) matches(c segur.Traits) bool {
	return c.BirthName == p.Traits.BirthName && c.Sex == p.Traits.Sex && c.BirthDate == p.Traits.BirthDate &&
		(c.FirstGivenName == p.Traits.FirstGivenName || c.FirstGivenName == p.Traits.GivenNames) &&
		(c.BirthPlace == "" || c.BirthPlace == p.Traits.BirthPlace || p.Fault != "")
}

// number makes the INS of a fictional matricule body.
func number(body string, authority segur.OID) segur.INS {
	i, err := segur.ParseINS(body+segur.MatriculeKey(body), authority)
	if err != nil {
		panic(errors.New("instest: impossible fictional matricule"))
	}
	return i
}

// DefaultPatient is the fictional patient of the SDK as a local system knows her before INSi is called: checked
// against a document ([segur.Validated]), without INS.
func DefaultPatient() segur.Patient {
	return segur.Patient{
		Status: segur.Validated,
		Traits: segur.Traits{BirthName: "FICTIVE-DURAND", FirstGivenName: "CAMILLE", Sex: segur.Female,
			BirthDate: segur.NewDate(1985, 3, 14), BirthPlace: "69123"},
		LocalIDs: []segur.Identifier{{Root: "1.2.250.1.999.1", Extension: "IPP-0001"}},
	}
}

// DefaultPersons are the persons that a server knows unless [WithoutPersons] is given: the default patient with a
// former number, two homonyms born in different places, someone with a waiting number (NIA), someone born in Corsica
// whose name has an apostrophe and whose given name is compound, someone whose day of birth is not known.
func DefaultPersons() []Person {
	camille := DefaultPatient().Traits
	camille.GivenNames = "CAMILLE LUCE"
	homonym := segur.Traits{BirthName: "FICTIF-MARTIN", FirstGivenName: "PAUL", GivenNames: "PAUL ANDRE", Sex: segur.Male,
		BirthDate: segur.NewDate(1970, 5, 2), BirthPlace: "75056"}
	other := homonym
	other.GivenNames, other.BirthPlace = "PAUL EMILE", "13055"
	return []Person{
		{Traits: camille, INS: number("2850369123456", segur.OIDINSNIRTest), History: []Former{
			{INS: number("1850369123456", segur.OIDINSNIRTest), From: segur.NewDate(1985, 3, 20), To: segur.NewDate(2001, 9, 1)},
		}},
		{Traits: homonym, INS: number("1700575056111", segur.OIDINSNIRTest)},
		{Traits: other, INS: number("1700513055222", segur.OIDINSNIRTest)},
		{Traits: segur.Traits{BirthName: "FICTIF-ATTENTE", FirstGivenName: "SACHA", Sex: segur.Male,
			BirthDate: segur.NewDate(2001, 1, 31), BirthPlace: "99109"}, INS: number("1010199109333", segur.OIDINSNIA)},
		{Traits: segur.Traits{BirthName: "D'AIGUEFICTIVE", FirstGivenName: "JEAN-LOUP", GivenNames: "JEAN-LOUP ANGE MARIE",
			Sex: segur.Male, BirthDate: segur.NewDate(1955, 10, 9), BirthPlace: "2A004"}, INS: number("155102A004444", segur.OIDINSNIRTest)},
		{Traits: segur.Traits{BirthName: "FICTIVE-LUNE", FirstGivenName: "AIME", Sex: segur.Female,
			BirthDate: segur.Date{Year: 1934, Month: 2}, BirthPlace: "69123"}, INS: number("2340269123555", segur.OIDINSNIRTest)},
	}
}
