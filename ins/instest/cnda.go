package instest

import (
	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
)

// CNDACase is a case of the conformance tests of CNDA for INSi, as far as public material shows it: the numbering and
// the identities are those that vendors of public clients met (guide "SEL-GCONFORM-INSi", which CNDA gives to
// registered vendors and which decides). [CNDACase.Play] plays it.
type CNDACase struct {
	// Number is the number of the guide, such as "2.03 cas 1".
	Number string
	// Title says what the case is about.
	Title string
	// Typed are the traits as a person would type them.
	Typed segur.Traits
	// Steps are the messages expected, in order.
	Steps []CNDAStep
	// Outcome is what the identification must come to.
	Outcome ins.Outcome
	// AlsoOutcomes are other outcomes that do not fail the case, where the answer of the platform is unsure.
	AlsoOutcomes []ins.Outcome
	// Body, Authority and History are the number returned, its authority and how many records its history has. Not
	// compared when Body is empty: the number is not published, or only claimed.
	Body      string
	Authority segur.OID
	History   int
	// ResponseFile is the file that CNDA supplies and has played in place of the platform's answer. Empty: the
	// platform answers by itself.
	ResponseFile string
	// NotPlayed says why the case cannot be played here: it needs a card, or is not public. Empty: it can.
	NotPlayed string
	// Note is a remark, on what is unsure above all.
	Note string

	history []TestNumber // of ResponseFile, when it is not the one of the table
	form    Form
}

// CNDAStep is a message of a case and its answer.
type CNDAStep struct {
	// BirthName, GivenName and BirthPlace are what the message must hold; BirthPlace is empty when it must hold none.
	BirthName, GivenName, BirthPlace string
	// Code is the answer: the CodeCR, or the detail code of a fault that means "nobody found".
	Code string
	// Also are other answers that do not fail the case: the qualification platform answers to persons that it does
	// not have with insi_102 where CNDA has the file REP_CR01.xml (code 01) played.
	Also []string
}

// CNDACases returns the cases, in the order of their numbers.
func CNDACases() []CNDACase {
	nobody := []string{"insi_102"}
	return []CNDACase{
		{Number: "1.01", Title: "Vitale card: search with the assertion of the card", NotPlayed: needsCard},
		{Number: "1.02", Title: "Vitale card: the assertion is too old", NotPlayed: needsCard},
		{Number: "1.03", Title: "Vitale card: another card than the one of the beneficiary selected", NotPlayed: needsCard},
		{Number: "1.10", Title: "Vitale card", NotPlayed: needsCard},
		{
			Number: "2.03 cas 1", Title: "apostrophes and blanks in the birth name",
			Typed: typed("d’Artagnan de l’Hérault", "Pierre-Alain", "", segur.Male, "2001-06-17", cogCNDA),
			Steps: []CNDAStep{{"D'ARTAGNAN DE L'HERAULT", "PIERRE-ALAIN", "", "00", nil}}, Outcome: ins.Found,
			Note: "the number is claimed only: not compared",
		},
		{
			Number: "2.03 cas 2", Title: "capitals, birth place in Corsica",
			Typed: typed("Adrtrois", "Toussaint", "", segur.Male, "1960-01-01", "2b020"),
			Steps: []CNDAStep{{"ADRTROIS", "TOUSSAINT", "", "00", nil}}, Outcome: ins.Found,
			Body: "160012B020777", Authority: segur.OIDINSNIR,
		},
		{
			Number: "2.03 cas 3", Title: "ligatures and typographic apostrophe",
			Typed: typed("D’Æion", "Cœur", "", segur.Male, "1987-01-25", ""),
			Steps: []CNDAStep{{"D'AEION", "COEUR", "", "insi_102", []string{"00", "01"}}}, Outcome: ins.NotFound, AlsoOutcomes: []ins.Outcome{ins.Found},
			Note: "what counts is the message; birth date unsure (another client has 1987-01-01, born in 2B020); a fault was recorded as the answer",
		},
		{
			Number: "2.04 cas 1", Title: "one former number",
			Typed: typed("Ecetinsi", "Pierre-Alain", "", segur.Male, "2009-07-14", cogCNDA),
			Steps: []CNDAStep{{"ECETINSI", "PIERRE-ALAIN", "", "00", nil}}, Outcome: ins.Found,
			Body: "1090763220834", Authority: segur.OIDINSNIR, History: 1,
		},
		{
			Number: "2.04 cas 2", Title: "two former numbers, dates before the number, end before beginning",
			Typed: typed("Ecetinsi", "Pierre-Alain", "", segur.Male, "2009-07-14", cogCNDA),
			Steps: []CNDAStep{{"ECETINSI", "PIERRE-ALAIN", "", "00", nil}}, Outcome: ins.Found,
			Body: "1090763220834", Authority: segur.OIDINSNIR, History: 2, ResponseFile: "TEST_2.04_cas2.xml",
			history: []TestNumber{
				{Body: "2090763220834", Key: "39", From: segur.NewDate(2019, 3, 1), To: segur.NewDate(2019, 2, 28)},
				{Body: "2090663220123", Key: "55"},
			},
			form: Form{DatesFirst: true},
		},
		{
			Number: "2.05", Title: "waiting number (NIA), comment in the answer",
			Typed: typed("Provisoire", "Matricule", "", segur.Male, "2009-07-01", cogCNDA),
			Steps: []CNDAStep{{"PROVISOIRE", "MATRICULE", "", "00", nil}}, Outcome: ins.Found,
			Body: "1090763220888", Authority: segur.OIDINSNIA, ResponseFile: "TEST_2.05.xml",
		},
		{
			Number: "2.06 cas 1", Title: "several identities, birth place not known",
			Typed: typed("De Vinci", "Leonardo", "", segur.Male, "2014-02-01", ""),
			Steps: []CNDAStep{{"DE VINCI", "LEONARDO", "", "02", nil}}, Outcome: ins.Ambiguous,
		},
		{
			Number: "2.06 cas 2", Title: "several identities, told apart by the birth place",
			Typed: typed("De Vinci", "Leonardo", "", segur.Male, "2014-02-01", cogCNDA),
			Steps: []CNDAStep{
				{"DE VINCI", "LEONARDO", "", "02", nil},
				{"DE VINCI", "LEONARDO", cogCNDA, "00", nil},
			}, Outcome: ins.Found,
			Note: "the number is not published: not compared",
		},
		{
			Number: "2.07 cas 1", Title: "several given names: the second one finds, and a person must confirm",
			Typed: typed("Tchitchi", "Ola", "Ola Catarina Bella", segur.Female, "1936-06-21", cogCNDA),
			Steps: []CNDAStep{
				{"TCHITCHI", "OLA", "", "01", nobody},
				{"TCHITCHI", "CATARINA", "", "00", nil},
			}, Outcome: ins.Unconfirmed,
			Body: "2360663220836", Authority: segur.OIDINSNIR,
			Note: "CNDA has REP_CR01.xml played for OLA; the first given name is not the civil-status one, so nothing is accepted silently",
		},
		{
			Number: "2.07 cas 2", Title: "several given names: each alone, then all together, nobody",
			Typed: typed("Houilles", "Pierre", "Pierre Paul Jacques", segur.Male, "1993-01-27", ""),
			Steps: []CNDAStep{
				{"HOUILLES", "PIERRE", "", "01", nobody},
				{"HOUILLES", "PAUL", "", "01", nobody},
				{"HOUILLES", "JACQUES", "", "01", nobody},
				{"HOUILLES", "PIERRE PAUL JACQUES", "", "01", nobody},
			}, Outcome: ins.NotFound,
			Note: "CNDA has REP_CR01.xml played for each",
		},
		{
			Number: "2.08 cas 1", Title: "Corsica; the history holds the number in use",
			Typed: typed("Corse", "Anthony", "", segur.Male, "1980-03-02", "2b020"),
			Steps: []CNDAStep{{"CORSE", "ANTHONY", "", "00", nil}}, Outcome: ins.Found,
			Body: "180032B020401", Authority: segur.OIDINSNIR, History: 1, ResponseFile: "TEST_2.08_cas1.xml",
		},
		{
			Number: "2.08 cas 2", Title: "keys that do not match their numbers: shown, kept, not used unseen",
			Typed: typed("Hermann", "Gatien", "", segur.Male, "1981-03-24", cogCNDA),
			Steps: []CNDAStep{{"HERMANN", "GATIEN", "", "00", nil}}, Outcome: ins.Unconfirmed,
			Body: "1810363220456", Authority: segur.OIDINSNIR, History: 2, ResponseFile: "TEST_2.08_cas2.xml",
			Note: "the file holds the keys 60 and 10, where 76 and 26 match",
		},
		{Number: "3.05 cas 3", Title: "verification, presumably", NotPlayed: "the contract of the verification operations is not public"},
	}
}

const needsCard = "needs a Vitale card and its reader"

func typed(name, given, list string, sex segur.Sex, birth, place string) segur.Traits {
	t := traits(name, given, list, sex, birth, place)
	t.GivenNames = list
	return t
}

// WithCNDACase makes a server answer as the case wants: it knows the persons of [WithTestIdentities], and the one of
// the case has the answer that CNDA supplies as a file, in the form of that file. The answers are written here; the
// files themselves stay with CNDA.
func WithCNDACase(c CNDACase) Option {
	return func(s *Server) {
		for _, t := range TestIdentities() {
			if c.ResponseFile != "" && t.Body == c.Body {
				if c.history != nil {
					t.History = c.history
				}
				t.form.DatesFirst = t.form.DatesFirst || c.form.DatesFirst
			}
			s.know(t.persons()...)
		}
	}
}
