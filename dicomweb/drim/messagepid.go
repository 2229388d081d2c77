package drim

import (
	"fmt"
	"slices"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/hl7"
)

// patient reads PID: identifiers by their OID, names at birth and in use, place
// of birth, and what PID-32 says of the identity.
func (r *messageReading) patient() (segur.Patient, []segur.Identifier) {
	pid := r.only("PID")
	var p segur.Patient
	ids := r.patientIDs(pid, &p)
	r.patientNames(pid, &p.Traits)
	if s := pid.Value(7, 1); s != "" {
		d, err := segur.ParseDate(s[:min(len(s), 8)])
		if err != nil {
			r.warn("PID-7", "is not a date")
		}
		p.Traits.BirthDate = d
	}
	p.Traits.Sex = hl7.ParseSex(pid.Value(8, 1))
	p.Traits.BirthPlace = r.birthPlace(pid)
	r.identityStatus(pid, &p)
	return p, ids
}

// patientIDs reads PID-3. An INS is what has the OID of an INS authority: labels
// and types differ between senders.
func (r *messageReading) patientIDs(pid hl7.Segment, p *segur.Patient) []segur.Identifier {
	var ids []segur.Identifier
	for i, rep := range pid.Repetitions(3) {
		path := fmt.Sprintf("PID-3[%d]", i+1)
		cx := hl7.ParseCX(rep)
		id := segur.Identifier{Root: cx.Authority.OID, Extension: strings.TrimSpace(cx.ID), Assigner: cx.Authority.Namespace}
		if !id.Root.Valid() {
			id.Root = ""
		}
		if id.Extension == "" || id.Extension == `""` {
			continue
		}
		if i >= maxPatientIDs {
			r.problem("PID-3", hl7Cardinality, "has more than %d identifiers", maxPatientIDs)
			break
		}
		ids = append(ids, id)
		switch {
		case segur.IsFormerINSAuthority(id.Root), cx.Type == hl7.TypeINSC:
			r.warn(path, "is an INS-C, which identifies nobody any more; left out")
		case segur.IsINSAuthority(id.Root):
			if cx.Type != hl7.TypeINS {
				r.warn(path, "has the authority of an INS and not its type, INS")
			}
			ins, err := segur.ParseINS(id.Extension, id.Root)
			switch {
			case err != nil:
				r.warn(path, "is no INS: its shape or its key is wrong; left out")
			case !p.INS.IsZero() && p.INS != ins:
				r.problem(path, hl7Cardinality, "is another INS than the one before: the message must be about one patient")
			default:
				p.INS = ins
			}
		case cx.Type == hl7.TypeINS:
			r.warn(path, "is called an INS and has no OID of an INS authority; left out")
		case cx.Type == hl7.TypeLocal, cx.Type == "":
			p.LocalIDs = append(p.LocalIDs, id)
		}
	}
	switch {
	case len(ids) == 0:
		r.problem("PID-3", hl7RequiredField, "is required: the message names no patient")
	case len(p.LocalIDs) == 0:
		r.warn("PID-3", "has no local number (PI): images are compared with that of the report")
	}
	return ids
}

const maxPatientIDs = 50

func (r *messageReading) patientNames(pid hl7.Segment, t *segur.Traits) {
	reps := pid.Repetitions(5)
	typed := slices.ContainsFunc(reps, func(s string) bool { return hl7.ParseXPN(s).Birth() })
	for i, rep := range reps {
		x := hl7.ParseXPN(rep)
		family, given, list := personName(x.Family), personName(x.Given), personName(x.OtherGiven)
		switch {
		case family == "" && given == "":
		case x.Birth() || x.Type == "" && !typed && t.BirthName == "":
			if t.BirthName != "" {
				r.warn(fmt.Sprintf("PID-5[%d]", i+1), "is a second name at birth; left out")
				continue
			}
			t.BirthName, t.FirstGivenName, t.GivenNames = family, given, list
		case x.Used() && t.UsedName == "" && t.UsedGivenName == "":
			t.UsedName, t.UsedGivenName = family, given
		}
	}
	if t.BirthName == "" {
		r.warn("PID-5", "has no name at birth (type L)")
	}
}

// personName normalises the blanks of a name; the HL7 null is nothing.
func personName(s string) string {
	if s == `""` {
		return ""
	}
	return strings.Join(strings.Fields(s), " ")
}

// birthPlace reads the repetition of type BDL in PID-11. A sender writes U+02DC,
// a small tilde, where the repetition sign should be.
func (r *messageReading) birthPlace(pid hl7.Segment) string {
	field := pid.Field(11)
	place, found := hl7.BirthPlace(field)
	if !found && strings.ContainsRune(field, smallTilde) {
		if place, found = hl7.BirthPlace(strings.ReplaceAll(field, string(smallTilde), "~")); found {
			r.warn("PID-11", "has a small tilde (U+02DC) where the repetition sign should be: read as such")
		}
	}
	place = strings.ToUpper(strings.TrimSpace(place))
	if found && !segur.IsCOG(place) {
		r.warn("PID-11", "has a place of birth that is no COG code; left out")
		return ""
	}
	return place
}

const smallTilde = '\u02dc'

// identityStatus reads PID-32 (HL7 table 0445, French extension) and PID-31. Of
// several codes those that speak against the identity win.
func (r *messageReading) identityStatus(pid hl7.Segment, p *segur.Patient) {
	checked, provisional := false, false
	for i, rep := range pid.Repetitions(32) {
		switch code := strings.ToUpper(hl7.Component(rep, 1)); code {
		case "VALI", "QUAL":
			checked = true
		case "PROV", "RECUP":
			provisional = true
		case "HOMA", "HOMD":
			p.Attributes |= segur.Homonym
		case "DOUT", "INVA", "USUR", "ANOM": // doubtful, invalidated, usurped, anonymous
			p.Attributes |= segur.Doubtful
		case "FICT":
			p.Attributes |= segur.Fictitious
		case "", "VIDE":
		default:
			r.warn(fmt.Sprintf("PID-32[%d]", i+1), "is a code that says nothing of the status of the identity; ignored")
		}
	}
	if pid.Value(31, 1) == "Y" {
		p.Attributes |= segur.Doubtful
		r.warn("PID-31", "says that the identity is unknown")
	}
	if checked && provisional {
		r.warn("PID-32", "contradicts itself: the identity is taken as not checked")
	}
	p.Status = segur.StatusOf(!p.INS.IsZero(), checked && !provisional)
}

// unqualified says why no INS may leave under an identity, by the fields that a
// message says it in.
func unqualified(s segur.IdentityStatus, a segur.IdentityAttributes) (why []segur.Detail) {
	none := segur.Detail{Field: "PID-3", Code: AckNoINS, Message: "has no INS whose authority, shape and key are right"}
	if !s.IsRetrieved() {
		why = append(why, none)
	}
	switch {
	case a.Blocking():
		why = append(why, segur.Detail{Field: "PID-32", Message: "says that the identity is doubtful or fictitious: " + a.String()})
	case !s.IsChecked():
		why = append(why, segur.Detail{Field: "PID-32", Message: "is not VALI: the identity is " + s.String()})
	}
	if len(why) == 0 { // a message that was not parsed, and says what it does not have
		why = append(why, none)
	}
	return why
}
