package cda

import (
	"slices"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/names"
)

// Agreement is how one part of the identity in a document stands to that in
// another. Package ins has the same for an answer of INSi.
type Agreement uint8

// The agreements. The zero value is the weakest that is not a contradiction.
const (
	// AgreementUnknown: one of the two documents does not say.
	AgreementUnknown Agreement = iota
	// AgreementSame: equal as written.
	AgreementSame
	// AgreementEquivalent: equal for the rules of the INS, written otherwise:
	// case, accents, hyphen or apostrophe for a blank, a date completed by rule.
	AgreementEquivalent
	// AgreementCompatible: one document knows less than the other and nothing
	// contradicts, or a number under another INS authority: a person decides.
	AgreementCompatible
	// AgreementDifferent: the two contradict each other.
	AgreementDifferent
)

// String names the agreement.
func (a Agreement) String() string {
	switch a {
	case AgreementUnknown:
		return "unknown"
	case AgreementSame:
		return "same"
	case AgreementEquivalent:
		return "equivalent"
	case AgreementCompatible:
		return "compatible"
	case AgreementDifferent:
		return "different"
	}
	return "invalid"
}

// IdentityComparison compares the patients of two documents part by part. It
// holds no trait and no number.
type IdentityComparison struct {
	// INS compares matricule and authority. A number whose key is wrong says
	// nothing.
	INS Agreement
	// LocalID compares the local identifiers of one authority (IPP): Same when
	// the documents share one, Different when one authority gave two numbers.
	LocalID Agreement

	BirthName      Agreement
	FirstGivenName Agreement
	// GivenNames compares the lists of given names at birth: Compatible when one
	// is the beginning of the other.
	GivenNames Agreement
	Sex        Agreement
	BirthDate  Agreement
	BirthPlace Agreement
}

// CompareIdentities compares the patients of two documents, in any order: a
// report with the request that it answers, a new version with the one that it
// replaces. The rules are those of the INS for an identity that is received
// (guide d'implémentation de l'INS, EXI ID 10 and following).
func CompareIdentities(a, b segur.DocumentHeader) IdentityComparison {
	p, q := a.Patient, b.Patient
	return IdentityComparison{
		INS: compareINS(a.PatientIDs, b.PatientIDs), LocalID: compareLocalIDs(a.PatientIDs, b.PatientIDs),
		BirthName:      compareNames(p.BirthName, q.BirthName),
		FirstGivenName: compareFirstNames(p, q),
		GivenNames:     compareGivenNames(p.GivenNames, q.GivenNames),
		Sex:            compareSexes(p.Sex, q.Sex),
		BirthDate:      compareDates(p, q),
		BirthPlace:     comparePlaces(p.BirthPlace, q.BirthPlace),
	}
}

// ComparePatient compares the patient of a document that was received with the
// one of the own records, whatever the status of the identity there: what comes
// before a report answers a request ([Report.Answering]).
func ComparePatient(h segur.DocumentHeader, own segur.Patient) IdentityComparison {
	ids := slices.Clone(own.LocalIDs)
	if !own.INS.IsZero() {
		ids = append(ids, segur.Identifier{Root: own.INS.Authority(), Extension: own.INS.Body() + own.INS.Key()})
	}
	return CompareIdentities(h, segur.DocumentHeader{PatientIDs: ids, Patient: own.Traits})
}

// Same reports whether both documents are of one person as far as the rules go
// without a person: birth name, first given name, sex and birth date agree, and
// nothing else contradicts. Otherwise a person decides, with Details.
func (c IdentityComparison) Same() bool {
	for _, p := range c.parts() {
		if p.refuses() {
			return false
		}
	}
	return true
}

// Details lists what is not the same, for a user interface: severity "error" for
// what keeps Same from being true, "warning" for what is only equivalent, or
// known of one side only.
func (c IdentityComparison) Details() []segur.Detail {
	var out []segur.Detail
	for _, p := range c.parts() {
		d := segur.Detail{Field: p.field, Code: p.a.String(), Severity: "warning"}
		if p.refuses() {
			d.Severity = "error"
		}
		switch p.a {
		case AgreementSame:
			continue
		case AgreementUnknown:
			d.Message = "cannot be compared: one document does not have it"
		case AgreementEquivalent:
			d.Message = "equivalent, written otherwise"
		case AgreementCompatible:
			d.Message = "one document knows less than the other, or has it from another authority: a person compares"
		default:
			d.Message = "the documents contradict each other"
		}
		out = append(out, d)
	}
	return out
}

type identityPart struct {
	field string
	a     Agreement
	// required refuses all but equal, strict what is only compatible.
	required, strict bool
}

func (p identityPart) refuses() bool {
	switch p.a {
	case AgreementSame, AgreementEquivalent:
		return false
	case AgreementUnknown:
		return p.required
	case AgreementCompatible:
		return p.required || p.strict
	}
	return true
}

func (c IdentityComparison) parts() []identityPart {
	return []identityPart{
		{"ins", c.INS, false, true}, {"localID", c.LocalID, false, true},
		{"traits.birthName", c.BirthName, true, true}, {"traits.firstGivenName", c.FirstGivenName, true, true},
		{"traits.givenNames", c.GivenNames, false, false}, {"traits.sex", c.Sex, true, true},
		{"traits.birthDate", c.BirthDate, true, true}, {"traits.birthPlace", c.BirthPlace, false, false},
	}
}

// compareINS: a person whose provisional number (NIA) became final keeps it
// under another authority, which is no proof for a program.
func compareINS(a, b []segur.Identifier) Agreement {
	out := AgreementUnknown
	for _, x := range a {
		first, err := segur.ParseINS(x.Extension, x.Root)
		if err != nil {
			continue
		}
		for _, y := range b {
			second, err := segur.ParseINS(y.Extension, y.Root)
			switch {
			case err != nil:
			case first == second:
				return AgreementSame
			case first.Body() == second.Body():
				out = AgreementCompatible
			case out == AgreementUnknown:
				out = AgreementDifferent
			}
		}
	}
	return out
}

func compareLocalIDs(a, b []segur.Identifier) Agreement {
	out := AgreementUnknown
	for _, x := range a {
		if x.Extension == "" || segur.IsINSAuthority(x.Root) || segur.IsFormerINSAuthority(x.Root) {
			continue
		}
		for _, y := range b {
			switch {
			case x.Root != y.Root || y.Extension == "":
			case x.Extension == y.Extension:
				return AgreementSame
			default:
				out = AgreementDifferent
			}
		}
	}
	return out
}

func compareText(a, b string) Agreement {
	switch {
	case a == "" || b == "":
		return AgreementUnknown
	case a == b:
		return AgreementSame
	}
	return AgreementDifferent
}

func compareNames(a, b string) Agreement {
	c, words := compareText(a, b), names.Words(a)
	if c == AgreementDifferent && len(words) > 0 && slices.Equal(words, names.Words(b)) {
		return AgreementEquivalent
	}
	return c
}

// compareFirstNames: each first given name begins the list of the other, whole
// words. Where one of the two does only, it may be that of another person: JEAN
// and JEAN-PIERRE.
func compareFirstNames(p, q segur.Traits) Agreement {
	first, second := names.Words(p.FirstGivenName), names.Words(q.FirstGivenName)
	if len(first) == 0 || len(second) == 0 {
		return AgreementUnknown
	}
	if c := compareNames(p.FirstGivenName, q.FirstGivenName); c != AgreementDifferent {
		return c
	}
	switch there, here := begins(first, givenWords(q)), begins(second, givenWords(p)); {
	case there && here:
		return AgreementEquivalent
	case there || here:
		return AgreementCompatible
	}
	return AgreementDifferent
}

func givenWords(t segur.Traits) []string {
	if t.GivenNames == "" {
		return names.Words(t.FirstGivenName)
	}
	return names.Words(t.GivenNames)
}

func begins(words, all []string) bool {
	return len(words) <= len(all) && slices.Equal(words, all[:len(words)])
}

func compareGivenNames(a, b string) Agreement {
	c := compareNames(a, b)
	if c != AgreementDifferent {
		return c
	}
	if x, y := names.Words(a), names.Words(b); len(x) > 0 && len(y) > 0 && (begins(x, y) || begins(y, x)) {
		return AgreementCompatible
	}
	return AgreementDifferent
}

func compareSexes(a, b segur.Sex) Agreement {
	if a == segur.SexUnknown || b == segur.SexUnknown {
		return AgreementUnknown
	}
	return compareText(string(a), string(b))
}

// compareDates: what a rule of completion may have made of the other date is
// equivalent, what says more or less without contradiction is compatible. A
// document does not say whether its date was completed; own records may.
func compareDates(p, q segur.Traits) Agreement {
	a, b := p.BirthDate, q.BirthDate
	switch {
	case a.IsZero() || b.IsZero():
		return AgreementUnknown
	case a == b:
		return AgreementSame
	case completedDate(a) == completedDate(b):
		return AgreementEquivalent
	case p.BirthDateInterpreted && standsFor(a, b), q.BirthDateInterpreted && standsFor(b, a),
		!(a.Complete() && b.Complete()) && a.Year == b.Year && (a.Month == 0 || b.Month == 0 || a.Month == b.Month):
		return AgreementCompatible
	}
	return AgreementDifferent
}

// standsFor reports whether date, completed by rule, may be d: the day was filled
// with 01, the month with January, both with 31 December.
func standsFor(date, d segur.Date) bool {
	switch {
	case !date.Complete() || date.Year != d.Year:
		return false
	case d.Month == 0 || date.Month == 12 && date.Day == 31:
		return true
	case date.Month == d.Month:
		return date.Day == 1 || d.Day == 0
	}
	return date.Month == 1 && (date.Day == d.Day || d.Day == 0)
}

// completedDate completes a date by the rules EXI ID 11 and 12: day unknown 01,
// day and month unknown 31 December.
func completedDate(d segur.Date) segur.Date {
	switch {
	case d.Complete():
		return d
	case d.Month == 0:
		return segur.Date{Year: d.Year, Month: 12, Day: 31}
	}
	return segur.Date{Year: d.Year, Month: d.Month, Day: 1}
}

func comparePlaces(a, b string) Agreement {
	if a == segur.BirthplaceUnknown || b == segur.BirthplaceUnknown {
		return AgreementUnknown
	}
	c := compareText(a, b)
	if c == AgreementDifferent && strings.EqualFold(a, b) {
		return AgreementEquivalent
	}
	return c
}
