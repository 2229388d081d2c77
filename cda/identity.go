package cda

import (
	"slices"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/names"
	"github.com/segur-sdk/segur/internal/traits"
)

// IdentityComparison compares the patients of two documents part by part. It
// holds no trait and no number.
type IdentityComparison struct {
	// INS compares matricule and authority. A number whose key is wrong says
	// nothing.
	INS segur.Agreement
	// LocalID compares the local identifiers of one authority (IPP): Same when
	// the documents share one, Different when one authority gave two numbers.
	LocalID segur.Agreement

	BirthName      segur.Agreement
	FirstGivenName segur.Agreement
	// GivenNames compares the lists of given names at birth: Compatible when one
	// is the beginning of the other.
	GivenNames segur.Agreement
	Sex        segur.Agreement
	BirthDate  segur.Agreement
	BirthPlace segur.Agreement
}

// CompareIdentities compares the patients of two documents, in any order: a
// report with the request that it answers, a new version with the one that it
// replaces. The rules are those of the INS for an identity that is received
// (guide d'implémentation de l'INS, EXI ID 10 and following).
func CompareIdentities(a, b segur.DocumentHeader) IdentityComparison {
	p, q := a.Patient, b.Patient
	return IdentityComparison{
		INS: compareINS(a.PatientIDs, b.PatientIDs), LocalID: compareLocalIDs(a.PatientIDs, b.PatientIDs),
		BirthName:      traits.Names(p.BirthName, q.BirthName),
		FirstGivenName: compareFirstNames(p, q),
		GivenNames:     compareGivenNames(p.GivenNames, q.GivenNames),
		Sex:            compareSexes(p.Sex, q.Sex),
		BirthDate:      compareDates(p, q),
		BirthPlace:     traits.Places(p.BirthPlace, q.BirthPlace),
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
		case segur.AgreementSame:
			continue
		case segur.AgreementUnknown:
			d.Message = "cannot be compared: one document does not have it"
		case segur.AgreementEquivalent:
			d.Message = "equivalent, written otherwise"
		case segur.AgreementCompatible:
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
	a     segur.Agreement
	// required refuses all but equal, strict what is only compatible.
	required, strict bool
}

func (p identityPart) refuses() bool {
	switch p.a {
	case segur.AgreementSame, segur.AgreementEquivalent:
		return false
	case segur.AgreementUnknown:
		return p.required
	case segur.AgreementCompatible:
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
func compareINS(a, b []segur.Identifier) segur.Agreement {
	out := segur.AgreementUnknown
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
				return segur.AgreementSame
			case first.Body() == second.Body():
				out = segur.AgreementCompatible
			case out == segur.AgreementUnknown:
				out = segur.AgreementDifferent
			}
		}
	}
	return out
}

func compareLocalIDs(a, b []segur.Identifier) segur.Agreement {
	out := segur.AgreementUnknown
	for _, x := range a {
		if x.Extension == "" || segur.IsINSAuthority(x.Root) || segur.IsFormerINSAuthority(x.Root) {
			continue
		}
		for _, y := range b {
			switch {
			case x.Root != y.Root || y.Extension == "":
			case x.Extension == y.Extension:
				return segur.AgreementSame
			default:
				out = segur.AgreementDifferent
			}
		}
	}
	return out
}

// compareFirstNames: each first given name begins the list of the other, whole
// words. Where one of the two does only, it may be that of another person: JEAN
// and JEAN-PIERRE.
func compareFirstNames(p, q segur.Traits) segur.Agreement {
	first, second := names.Words(p.FirstGivenName), names.Words(q.FirstGivenName)
	if len(first) == 0 || len(second) == 0 {
		return segur.AgreementUnknown
	}
	if c := traits.Names(p.FirstGivenName, q.FirstGivenName); c != segur.AgreementDifferent {
		return c
	}
	switch there, here := traits.Begins(givenWords(q), first), traits.Begins(givenWords(p), second); {
	case there && here:
		return segur.AgreementEquivalent
	case there || here:
		return segur.AgreementCompatible
	}
	return segur.AgreementDifferent
}

func givenWords(t segur.Traits) []string {
	if t.GivenNames == "" {
		return names.Words(t.FirstGivenName)
	}
	return names.Words(t.GivenNames)
}

func compareGivenNames(a, b string) segur.Agreement {
	c := traits.Names(a, b)
	if c != segur.AgreementDifferent {
		return c
	}
	if x, y := names.Words(a), names.Words(b); len(x) > 0 && len(y) > 0 && (traits.Begins(x, y) || traits.Begins(y, x)) {
		return segur.AgreementCompatible
	}
	return segur.AgreementDifferent
}

func compareSexes(a, b segur.Sex) segur.Agreement {
	if a == segur.SexUnknown || b == segur.SexUnknown {
		return segur.AgreementUnknown
	}
	return traits.Text(string(a), string(b))
}

// compareDates: what a rule of completion may have made of the other date is
// equivalent, what says more or less without contradiction is compatible. A
// document does not say whether its date was completed; own records may.
func compareDates(p, q segur.Traits) segur.Agreement {
	a, b := p.BirthDate, q.BirthDate
	switch {
	case a.IsZero() || b.IsZero():
		return segur.AgreementUnknown
	case a == b:
		return segur.AgreementSame
	case traits.Completed(a) == traits.Completed(b):
		return segur.AgreementEquivalent
	case p.BirthDateInterpreted && traits.StandsFor(a, b), q.BirthDateInterpreted && traits.StandsFor(b, a),
		traits.Overlap(a, b):
		return segur.AgreementCompatible
	}
	return segur.AgreementDifferent
}
