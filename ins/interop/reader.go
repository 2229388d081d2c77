package interop

import (
	"slices"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/names"
)

// reader gathers what a standard says and settles whose identity it is.
type reader struct {
	env segur.Environment
	out *Reading

	current []segur.INS // distinct
	history []segur.INS
	stated  bool
	status  segur.IdentityStatus
	// deduce says that a status "validated" with an INS means qualified, exact that
	// it was told from qualified.
	deduce     bool
	exact      bool
	silent     bool // the standard has a place for the status and nothing is there
	attributes segur.IdentityAttributes
	blocked    bool
}

func (c *Codec) reader(raw []byte) *reader {
	return &reader{env: c.cfg.Environment, out: &Reading{Raw: raw}}
}

// Bounds on what a foreign sender may repeat.
const (
	maxWarnings = 100
	maxRepeats  = 100
)

func (r *reader) warn(path, message string) {
	if len(r.out.Warnings) < maxWarnings {
		r.out.Warnings = append(r.out.Warnings, segur.Detail{Field: path, Severity: "warning", Message: message})
	}
}

// ins checks a number that an INS authority is said to have assigned.
func (r *reader) ins(path, value string, authority segur.OID) (segur.INS, bool) {
	if len(value) != 15 {
		r.warn(path, "is no INS: a matricule has 15 characters; left out")
		return segur.INS{}, false
	}
	ins, err := segur.ParseINS(value, authority)
	if err != nil {
		r.warn(path, "is no INS: its shape or its key is wrong; left out")
		return segur.INS{}, false
	}
	if !r.env.AcceptsINS(authority) {
		r.warn(path, "is a test or demonstration identity: left out in production")
		return segur.INS{}, false
	}
	return ins, true
}

// use takes the INS in force; old takes a former one.
func (r *reader) use(ins segur.INS) {
	if !slices.Contains(r.current, ins) && len(r.current) < maxRepeats {
		r.current = append(r.current, ins)
	}
}

func (r *reader) old(ins segur.INS) {
	if !slices.Contains(r.history, ins) && len(r.history) < maxRepeats {
		r.history = append(r.history, ins)
	}
}

// insLabel reports whether a label names an INS authority: where the OID is
// missing it proves nothing, and the number is no local one either.
func insLabel(label string) bool { return strings.HasPrefix(label, "ASIP-SANTE-INS") }

// local takes a local number.
func (r *reader) local(path, value string, root segur.OID, assigner string) {
	p := &r.out.Identity.Patient
	switch {
	case value == "":
		return
	case segur.IsFormerINSAuthority(root):
		r.warn(path, "is an INS-C, which no longer identifies; left out")
		return
	case root.Within("1.2.250.1.213.1.4"):
		r.warn(path, "is below the arc of the INS, and not one of its authorities: taken as a local number")
	case !root.Valid():
		r.warn(path, "has no OID of its authority")
		root = ""
	}
	id := segur.Identifier{Root: root, Extension: value, Assigner: assigner}
	same := func(o segur.Identifier) bool {
		return o.Root == id.Root && o.Extension == id.Extension && (root != "" || o.Assigner == assigner)
	}
	if !slices.ContainsFunc(p.LocalIDs, same) && len(p.LocalIDs) < maxRepeats {
		p.LocalIDs = append(p.LocalIDs, id)
	}
}

// givenNames sets the first given name and the whole list, which some senders
// give without the first.
func (r *reader) givenNames(path, first, list string) {
	t := &r.out.Identity.Patient.Traits
	t.FirstGivenName, t.GivenNames = first, list
	if first == "" || list == "" {
		return
	}
	all, head := names.Words(list), names.Words(first)
	if len(head) > len(all) || !slices.Equal(head, all[:len(head)]) {
		r.warn(path, "does not begin with the first given name: taken as the names after it")
		t.GivenNames = first + " " + list
	}
}

// settle decides whether the INS belongs to a qualified identity. dateOptional is
// for standards that cannot write every date.
func (r *reader) settle(path string, dateOptional bool) *Reading {
	id := &r.out.Identity
	p := &id.Patient
	ins, ok := r.single(path)
	status := r.status
	switch {
	case !r.stated && ok, r.stated && r.deduce && !r.exact && status == segur.Validated && ok:
		status = segur.Qualified
	case !r.stated:
		status = segur.Provisional
	}
	if !r.attributes.Valid() {
		r.warn(path, "is fictitious and something else: taken as fictitious")
		r.attributes = segur.Fictitious
	}
	if (r.attributes.Blocking() || r.blocked) && status != segur.Provisional {
		r.warn(path, "is doubtful, fictitious, invalidated, usurped or anonymous: taken as provisional")
		status = segur.Provisional
	}
	if ok && !status.Qualified() {
		r.warn(path, "has an INS and is not qualified: the INS is left out")
		ok = false
	}
	if ok && !complete(p.Traits, dateOptional) {
		r.warn(path, "has an INS without the traits that belong to it: the INS is left out")
		ok = false
	}
	if ok && (ins.Body()[0] == '1' && p.Traits.Sex == segur.Female || ins.Body()[0] == '2' && p.Traits.Sex == segur.Male) {
		r.warn(path, "has a sex that the first digit of the INS does not announce")
	}
	switch {
	case ok:
		p.INS, id.History = ins, slices.DeleteFunc(r.history, func(h segur.INS) bool { return h == ins })
		if len(id.History) == 0 {
			id.History = nil
		}
	case status.Qualified() && r.stated:
		if r.status.Qualified() {
			r.warn(path, "is said to be qualified and has no INS that counts: taken as validated")
		}
		status = segur.Validated
	case status.Qualified():
		status = segur.Provisional
	}
	if !ok {
		id.INSSince = segur.Date{}
		r.dropMatricules(path)
		r.dropMailboxes(path)
	}
	p.Status, p.Attributes = status, r.attributes
	id.Reliability.Status, id.Reliability.Attributes = status, r.attributes
	r.out.StatusStated = r.stated && !r.silent
	return r.out
}

// single returns the INS when there is one and one only.
func (r *reader) single(path string) (segur.INS, bool) {
	switch len(r.current) {
	case 0:
		return segur.INS{}, false
	case 1:
		return r.current[0], true
	}
	r.warn(path, "has several INS in force that differ: all are left out")
	return segur.INS{}, false
}

// complete reports whether the traits that make an INS with the matricule are
// there.
func complete(t segur.Traits, dateOptional bool) bool {
	return t.BirthName != "" && t.FirstGivenName != "" && (t.Sex == segur.Female || t.Sex == segur.Male) &&
		(dateOptional || !t.BirthDate.IsZero())
}

// dropMatricules leaves out the local numbers that hold the matricule of an INS
// that is left out: some systems identify by it.
func (r *reader) dropMatricules(path string) {
	p := &r.out.Identity.Patient
	n := len(p.LocalIDs)
	p.LocalIDs = slices.DeleteFunc(p.LocalIDs, func(l segur.Identifier) bool {
		return slices.ContainsFunc(r.current, func(ins segur.INS) bool { return strings.Contains(strings.ToUpper(l.Extension), ins.Body()) })
	})
	if len(p.LocalIDs) < n {
		r.warn(path, "has a local number that holds the matricule of the INS that is left out: left out too")
	}
	if len(p.LocalIDs) == 0 {
		p.LocalIDs = nil
	}
}

// dropMailboxes leaves out the citizen's mail address, which is made of the
// matricule.
func (r *reader) dropMailboxes(path string) {
	p := &r.out.Identity.Patient
	n := len(p.Telecoms)
	p.Telecoms = slices.DeleteFunc(p.Telecoms, func(t segur.Telecom) bool {
		return strings.Contains(strings.ToLower(t.Value), "patient.mssante.fr")
	})
	if len(p.Telecoms) < n {
		r.warn(path, "has the mailbox of a citizen, made of the matricule, and no INS that counts: left out")
	}
	if len(p.Telecoms) == 0 {
		p.Telecoms = nil
	}
}

// clean joins the words of a text with single blanks.
func clean(s string) string { return strings.Join(strings.Fields(s), " ") }

func protocol(op, message string) error {
	return &segur.Error{Op: op, Kind: segur.KindProtocol, Message: message}
}

func tooLarge(op, message string) error {
	return &segur.Error{Op: op, Kind: segur.KindTooLarge, Message: message}
}
