package instest

import (
	"github.com/segur-sdk/segur"
)

// Source says how much is known of a [TestIdentity].
type Source uint8

// The sources, from the surest to the least sure.
const (
	// Captured: an answer of the qualification platform was recorded (2022 to 2026).
	Captured Source = iota
	// ResponseFile: the answer is one that CNDA supplies, to be played in place of the platform's.
	ResponseFile
	// Claimed: a client of INSi, its tests or its documentation say so; no answer was seen.
	Claimed
)

// String names the source.
func (s Source) String() string {
	switch s {
	case Captured:
		return "captured"
	case ResponseFile:
		return "response file"
	case Claimed:
		return "claimed"
	}
	return "invalid"
}

// TestIdentity is a fictitious identity published for the qualification platform of INSi, or for a conformance test.
// These are facts, not the platform: what it holds changes without notice.
type TestIdentity struct {
	// Traits are those that find the person, and the list of given names and birth place returned.
	Traits segur.Traits
	// Answer is the CodeCR of a search with birth name, first given name, sex and birth date, or the detail code of
	// the fault that answers it. Empty: not known.
	Answer string
	// Body and Key are the number returned, as published: the key may not be the right one. Empty: not published.
	Body, Key string
	// Authority is the OID returned: the platform answers with the authorities of real persons.
	Authority segur.OID
	// History are the former numbers returned.
	History []TestNumber
	// Source says where the answer comes from.
	Source Source
	// Unsure says what is contradictory or not known. Empty: nothing.
	Unsure string
	// Note is a remark.
	Note string

	form Form
}

// TestNumber is a former number of a [TestIdentity], as published.
type TestNumber struct {
	Body, Key string
	// From and To delimit its use. To comes before From where it was published so.
	From, To segur.Date
}

// WithTestIdentities adds the published test identities to what the server knows. Those whose number is not published
// get an invented one of the test authority, and those that the platform answers with several identities an invented
// homonym; identities whose answer is not known are left out. It comes after [WithoutPersons].
func WithTestIdentities() Option {
	return func(s *Server) {
		for _, t := range TestIdentities() {
			s.know(t.persons()...)
		}
	}
}

// know adds persons of our own tables.
func (s *Server) know(persons ...Person) {
	for _, p := range persons {
		s.persons = append(s.persons, must(p.check()))
	}
}

// persons are what the fake holds for t.
func (t TestIdentity) persons() []Person {
	p := Person{Traits: t.Traits, Key: t.Key, Form: t.form}
	switch t.Answer {
	case "", "01":
		return nil
	case "00", "02":
	default:
		p.Fault = t.Answer
	}
	if p.Traits.BirthPlace == "" {
		p.Traits.BirthPlace = segur.BirthplaceUnknown
	}
	if p.Traits.GivenNames == "" {
		p.Traits.GivenNames = p.Traits.FirstGivenName
	}
	if t.Body == "" {
		p.INS = invented(p.Traits, "999")
	} else {
		p.INS = number(t.Body, t.Authority)
	}
	for _, h := range t.History {
		p.History = append(p.History, Former{INS: number(h.Body, t.Authority), Key: h.Key, From: h.From, To: h.To})
	}
	if t.Answer != "02" {
		return []Person{p}
	}
	homonym := p
	homonym.Traits.BirthPlace = "99127"
	homonym.INS = invented(homonym.Traits, "998")
	return []Person{p, homonym}
}

// invented makes a number of the test authority for traits: nobody takes it for one of the platform's.
func invented(t segur.Traits, order string) segur.INS {
	sex := "1"
	if t.Sex == segur.Female {
		sex = "2"
	}
	d := t.BirthDate.ISO()
	return number(sex+d[2:4]+d[5:7]+t.BirthPlace+order, segur.OIDINSNIRTest)
}

// Birth places of the published identities.
const (
	cogCNDA     = "63220"
	cogSouth    = "2A020"
	cogNorth    = "2B020"
	cogProvins  = "77284"
	unsureCOG   = "the birth place is not part of what was seen"
	notAnswered = "no answer was seen"
)

// TestIdentities returns the table of the identities published for the qualification platform. Origin of the rows:
// recorded messages of the public client tlsi-ins (2022 to 2026), the response files of the CNDA guide
// "SEL-GCONFORM-INSi", the identities "insiAmeliQualif" of the test provider of FranceConnect, and the tests of public
// clients for those that are only claimed. All are fictitious; the rows are facts, compiled here.
func TestIdentities() []TestIdentity {
	nir := segur.OIDINSNIR
	return []TestIdentity{
		{Traits: traits("ADRTROIS", "DOMINIQUE", "", segur.Female, "1997-02-26", cogSouth), Answer: "00",
			Body: "297022A020778", Key: "78", Authority: nir, Source: Captured, Note: "born in Corsica (2A)"},
		{Traits: traits("ADRTROIS", "TOUSSAINT", "", segur.Male, "1960-01-01", cogNorth), Answer: "00",
			Body: "160012B020777", Key: "13", Authority: nir, Source: Captured, Note: "born in Corsica (2B)"},
		{Traits: traits("ADRUN", "ZOE", "", segur.Female, "1975-12-31", cogCNDA), Answer: "00",
			Body: "2751263220749", Key: "74", Authority: nir, Source: Claimed, Note: "01 in production: serves to try a certificate there"},
		{Traits: traits("ADRDEUX", "LAURENT", "", segur.Male, "1981-01-01", cogCNDA), Answer: "00",
			Body: "1810163220751", Key: "40", Authority: nir, Source: Claimed, Unsure: "birth place 63220 or 75056; one test writes the key 42"},
		{Traits: traits("D'ARTAGNAN DE L'HERAULT", "PIERRE-ALAIN", "", segur.Male, "2001-06-17", cogCNDA), Answer: "00",
			Body: "1010663220754", Key: "60", Authority: nir, Source: Claimed, Unsure: "the request was recorded, its answer was not: the number is from a test"},
		{Traits: traits("D'AEION", "COEUR", "", segur.Male, "1987-01-25", ""), Answer: "insi_102", Source: Captured,
			Unsure: "another client has 1987-01-01 and 2B020; the fault may be an outage or an unknown person"},
		{Traits: traits("ECETINSI", "PIERRE-ALAIN", "PIERRE-ALAIN MURIEL FLORIANT", segur.Male, "2009-07-14", cogCNDA), Answer: "00",
			Body: "1090763220834", Key: "89", Authority: nir, Source: Captured, Note: "one former number, whose end comes before its beginning",
			History: []TestNumber{{Body: "2090763220834", Key: "39", From: segur.NewDate(2019, 3, 1), To: segur.NewDate(2019, 2, 28)}}},
		{Traits: traits("PROVISOIRE", "MATRICULE", "", segur.Male, "2009-07-01", cogCNDA), Answer: "00",
			Body: "1090763220888", Key: "35", Authority: segur.OIDINSNIA, Source: ResponseFile,
			Note: "waiting number (NIA); the platform itself was seen to answer with a technical fault", form: Form{Comment: true, GivenName: true}},
		{Traits: traits("DE VINCI", "LEONARDO", "", segur.Male, "2014-02-01", cogCNDA), Answer: "02", Source: Captured,
			Unsure: "the answer with the birth place is claimed: 00, number not published", Note: "homonyms"},
		{Traits: traits("TCHITCHI", "CATARINA", "CATARINA BELLA", segur.Female, "1936-06-21", cogCNDA), Answer: "00",
			Body: "2360663220836", Key: "56", Authority: nir, Source: Captured, Note: "not found with the given name OLA, which is not hers"},
		{Traits: traits("HOUILLES", "PIERRE", "PIERRE PAUL JACQUES", segur.Male, "1993-01-27", ""), Answer: "01", Source: ResponseFile,
			Note: "nobody, with each given name and with all of them"},
		{Traits: traits("CORSE", "ANTHONY", "", segur.Male, "1980-03-02", cogNorth), Answer: "00",
			Body: "180032B020401", Key: "23", Authority: nir, Source: ResponseFile, Note: "the history holds the number in use",
			History: []TestNumber{{Body: "180032B020401", Key: "23"}}, form: Form{GivenName: true}},
		{Traits: traits("HERMANN", "GATIEN", "", segur.Male, "1981-03-24", cogCNDA), Answer: "00",
			Body: "1810363220456", Key: "60", Authority: nir, Source: ResponseFile, Unsure: "one client writes HERMAN",
			Note:    "neither key matches its number (76 and 26 would); the history holds the number in use",
			History: []TestNumber{{Body: "1810363220456", Key: "60"}, {Body: "2810363220456", Key: "10"}}, form: Form{GivenName: true}},
		{Traits: traits("NESSI", "MICHELANGELO", "MICHELANGELO ANTHONY", segur.Male, "2010-08-07", cogCNDA), Answer: "00",
			Body: "1100863220830", Key: "60", Authority: nir, Source: Claimed},
		{Traits: traits("NESSI", "RUTH", "", segur.Female, "1977-07-14", cogCNDA), Answer: "00", Source: Claimed,
			Unsure: "number not published", Note: "Ruth is also on the test card INSi 01"},
		{Traits: traits("DE VINCI", "RUTH", "", segur.Female, "1976-07-14", ""), Answer: "insi_102", Source: Claimed, Unsure: unsureCOG},
		{Traits: traits("ADRTROIS-DOES-NOT-EXIST", "DOMINIQUE", "", segur.Female, "1997-02-26", ""), Answer: "insi_102", Source: Captured,
			Note: "an unknown person, as the platform answers to one"},
		{Traits: traits("VANDERMONDE", "ARIANA", "", segur.Female, "1995-06-17", cogProvins), Answer: "insi_102", Source: Claimed},
		{Traits: traits("PATB-QUATRE", "LAURENCE", "", segur.Female, "1907-05-25", ""), Source: Claimed, Unsure: notAnswered},
	}
}

// traits writes the traits of a row. An empty list is the first given name.
func traits(name, given, list string, sex segur.Sex, birth, place string) segur.Traits {
	d, err := segur.ParseDate(birth)
	if err != nil {
		panic(err)
	}
	if list == "" {
		list = given
	}
	return segur.Traits{BirthName: name, FirstGivenName: given, GivenNames: list, Sex: sex, BirthDate: d, BirthPlace: place}
}
