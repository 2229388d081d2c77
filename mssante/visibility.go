package mssante

import (
	"fmt"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
)

// Visibility restricts who may see documents.
type Visibility struct {
	// HiddenFromProfessionals is MASQUE_PS: the documents go to no professional.
	HiddenFromProfessionals bool
	// HiddenFromPatient is INVISIBLE_PATIENT: the documents do not go to the
	// patient.
	HiddenFromPatient bool
	// HiddenFromRepresentatives is INVISIBLE_REPRESENTANTS_LEGAUX.
	HiddenFromRepresentatives bool
	// SecretConnection is CONNEXION_SECRETE: the care is kept from the legal
	// representatives of a minor. The documents get the marker of
	// HiddenFromRepresentatives.
	SecretConnection bool
	// InDMP is DESTDMP: the documents are published in the national record as
	// well. It refuses nothing; a combination that the guide excludes is a
	// warning.
	InDMP bool
}

// Flag is a condition of a [VisibilityRule].
type Flag uint8

// The values of [Flag].
const (
	// Any does not look.
	Any Flag = iota
	// No and Yes look for the value.
	No
	Yes
)

func (f Flag) holds(v bool) bool { return f == Any || (f == Yes) == v }

// VisibilityRule is one line of the table of what may be sent to whom: when
// the flags of a document are these, it may go to these recipients.
type VisibilityRule struct {
	HiddenFromProfessionals, HiddenFromPatient, HiddenFromRepresentatives, SecretConnection Flag
	// InDMP is advice only: when it does not hold the letter has a warning.
	InDMP Flag
	// Professionals and Patient are who may get the document.
	Professionals, Patient bool
}

// DefaultVisibilityRules is the table of the CI-SIS guide "Transmission d'un
// document CDA-R2 en HL7v2" for MSSanté. What no line allows is refused.
func DefaultVisibilityRules() []VisibilityRule {
	return []VisibilityRule{
		{HiddenFromProfessionals: No, HiddenFromPatient: No, HiddenFromRepresentatives: No, Professionals: true, Patient: true},
		{HiddenFromProfessionals: No, HiddenFromPatient: Yes, HiddenFromRepresentatives: No, Professionals: true},
		{HiddenFromPatient: No, SecretConnection: No, InDMP: No, Patient: true},
	}
}

// allows reports whether the rule lets a document go to recipients.
func (r *VisibilityRule) allows(v Visibility, professionals, patient bool) bool {
	return r.HiddenFromProfessionals.holds(v.HiddenFromProfessionals) && r.HiddenFromPatient.holds(v.HiddenFromPatient) &&
		r.HiddenFromRepresentatives.holds(v.HiddenFromRepresentatives) && r.SecretConnection.holds(v.SecretConnection) &&
		(r.Professionals || !professionals) && (r.Patient || !patient)
}

// union joins what several places say of one document.
func (v Visibility) union(o Visibility) Visibility {
	return Visibility{
		HiddenFromProfessionals:   v.HiddenFromProfessionals || o.HiddenFromProfessionals,
		HiddenFromPatient:         v.HiddenFromPatient || o.HiddenFromPatient,
		HiddenFromRepresentatives: v.HiddenFromRepresentatives || o.HiddenFromRepresentatives,
		SecretConnection:          v.SecretConnection || o.SecretConnection,
		InDMP:                     v.InDMP || o.InDMP,
	}
}

// markers are the codes of the metadata.
func (v Visibility) markers() []xds.Visibility {
	var out []xds.Visibility
	if v.HiddenFromProfessionals {
		out = append(out, xds.HiddenFromProfessionals)
	}
	if v.HiddenFromPatient {
		out = append(out, xds.HiddenFromPatient)
	}
	if v.HiddenFromRepresentatives || v.SecretConnection {
		out = append(out, xds.HiddenFromRepresentatives)
	}
	return out
}

// VisibilityOf reads visibility markers among confidentiality codes, of a CDA
// header or of metadata, in the spellings that exist.
func VisibilityOf(codes ...segur.Code) Visibility {
	var v Visibility
	for _, c := range codes {
		switch strings.ToUpper(strings.Join(strings.Fields(c.Code), "")) {
		case "MASQUE_PS":
			v.HiddenFromProfessionals = true
		case "INVISIBLE_PATIENT":
			v.HiddenFromPatient = true
		case "INVISIBLE_REPRESENTANTS_LEGAUX", "INVISIBLE_REP_LEGAUX":
			v.HiddenFromRepresentatives = true
		}
	}
	return v
}

// said is what one place says of the visibility of a document.
type said struct {
	path       string // "visibility." and then the flag, or the whole path of a code
	whole      bool
	visibility Visibility
}

// visibilities lists what the message, the document, its header and its
// metadata say of document i.
func (m *Message) visibilities(i int) []said {
	out := []said{{path: "visibility.", visibility: m.Visibility}}
	if i < 0 {
		return out
	}
	d, at := &m.Documents[i], fmt.Sprintf("documents[%d].", i)
	out = append(out, said{path: at + "visibility.", visibility: d.Visibility})
	if d.CDA != nil {
		out = append(out, said{path: at + "cda.confidentialityCode", whole: true, visibility: VisibilityOf(d.CDA.Header().Confidentiality)})
	}
	if d.Entry != nil {
		out = append(out, said{path: at + "entry.confidentialityCodes", whole: true, visibility: VisibilityOf(d.Entry.ConfidentialityCodes...)})
	}
	return out
}

// visibility is what holds for document i.
func (m *Message) visibility(i int) Visibility {
	var v Visibility
	for _, s := range m.visibilities(i) {
		v = v.union(s.visibility)
	}
	return v
}

// guard refuses what the visibility of a document keeps from a recipient:
// whatever the rules, nothing hidden from the patient goes to the patient and
// nothing hidden from professionals to a professional.
func (c *Client) guard(m *Message, to []recipient, p *segur.Problems, warn func(field, message string)) {
	professionals, patient := audience(to)
	if len(m.Documents) == 0 {
		c.guardOne(m, -1, professionals, patient, p, warn)
	}
	for i := range min(len(m.Documents), maxDocuments) {
		c.guardOne(m, i, professionals, patient, p, warn)
	}
}

// once adds a problem that is not there yet: what the message says holds for
// every document.
func once(p *segur.Problems, field, rule string) {
	for _, d := range p.Details() {
		if d.Field == field && d.Message == rule {
			return
		}
	}
	p.Add(field, rule)
}

func (c *Client) guardOne(m *Message, i int, professionals, patient bool, p *segur.Problems, warn func(field, message string)) {
	v := m.visibility(i)
	// field is where a flag was raised first.
	field := func(flag string, raised func(Visibility) bool) string {
		for _, s := range m.visibilities(i) {
			if raised(s.visibility) {
				if s.whole {
					return s.path
				}
				return s.path + flag
			}
		}
		return "visibility"
	}
	masked, hidden := professionals && v.HiddenFromProfessionals, patient && v.HiddenFromPatient
	if masked {
		once(p, field("hiddenFromProfessionals", func(v Visibility) bool { return v.HiddenFromProfessionals }),
			"documents hidden from professionals are not sent to professionals")
	}
	if hidden {
		once(p, field("hiddenFromPatient", func(v Visibility) bool { return v.HiddenFromPatient }),
			"documents hidden from the patient are not sent to the patient")
	}
	rules := c.cfg.VisibilityRules
	if rules == nil {
		rules = DefaultVisibilityRules()
	}
	var allowed *VisibilityRule
	for k := range rules {
		if rules[k].allows(v, professionals, patient) && (allowed == nil || !allowed.InDMP.holds(v.InDMP)) {
			allowed = &rules[k]
		}
	}
	switch {
	case masked || hidden:
	case allowed == nil && v.HiddenFromRepresentatives:
		once(p, field("hiddenFromRepresentatives", func(v Visibility) bool { return v.HiddenFromRepresentatives }),
			"documents hidden from legal representatives are sent to the patient only, and not from a secret connection")
	case allowed == nil:
		once(p, "visibility", "this combination of visibility markers is not sent to these recipients")
	case !allowed.InDMP.holds(v.InDMP):
		warn("visibility.inDMP", "the guide excludes documents with these markers from the national record when they are sent to the patient")
	}
	if patient && (v.SecretConnection || v.HiddenFromRepresentatives) {
		warn("to", "legal representatives see the mailbox of a minor")
	}
}
