package identity

import "github.com/segur-sdk/segur"

// Doubt marks the identity as doubtful: it becomes provisional, loses its INS and its control, and INSi is not called
// for it (EXI ID 26, EXI SI 09). A homonym may be doubtful; a fictitious identity may not.
func (i Identity) Doubt(act Act) (Identity, error) {
	return i.mark(act, OperationDoubt, segur.Doubtful)
}

// LiftDoubt takes the doubt back. The identity stays provisional: what the doubt took away is obtained again, by
// [Identity.Retrieve] and [Identity.Control].
func (i Identity) LiftDoubt(act Act) (Identity, error) {
	return i.unmark(act, OperationLiftDoubt, segur.Doubtful)
}

// MarkFictitious marks the identity as invented or as a test: it becomes provisional, loses its INS and its control,
// and INSi is not called for it (EXI ID 26, EXI SI 09). It combines with no other attribute: a homonym or doubtful
// identity is refused rather than cleared of an attribute that somebody set for a reason.
func (i Identity) MarkFictitious(act Act) (Identity, error) {
	return i.mark(act, OperationMarkFictitious, segur.Fictitious)
}

// UnmarkFictitious takes the attribute back; the identity stays provisional.
func (i Identity) UnmarkFictitious(act Act) (Identity, error) {
	return i.unmark(act, OperationUnmarkFictitious, segur.Fictitious)
}

// MarkHomonym marks that other identities have the same traits. The status does not change.
func (i Identity) MarkHomonym(act Act) (Identity, error) {
	return i.mark(act, OperationMarkHomonym, segur.Homonym)
}

// UnmarkHomonym takes the attribute back. The status does not change.
func (i Identity) UnmarkHomonym(act Act) (Identity, error) {
	return i.unmark(act, OperationUnmarkHomonym, segur.Homonym)
}

func (i Identity) mark(act Act, op Operation, a segur.IdentityAttributes) (Identity, error) {
	var p segur.Problems
	i.begin(&p, act)
	switch {
	case i.attributes.Has(a):
		p.Add("attributes", "the identity has this attribute already")
	case !(i.attributes | a).Valid():
		p.Add("attributes", "a fictitious identity has no other attribute: take the other one back first (EXI ID 24, EXI SI 22)")
	}
	if err := p.Err("identity." + string(op)); err != nil {
		return Identity{}, err
	}
	after := i
	after.attributes |= a
	if after.attributes.Blocking() {
		after.dropINS()
		after.control = Control{}
	}
	return i.record(after, act, op, nil), nil
}

func (i Identity) unmark(act Act, op Operation, a segur.IdentityAttributes) (Identity, error) {
	var p segur.Problems
	i.begin(&p, act)
	if !i.attributes.Has(a) {
		p.Add("attributes", "the identity does not have this attribute (EXI ID 24)")
	}
	if err := p.Err("identity." + string(op)); err != nil {
		return Identity{}, err
	}
	after := i
	after.attributes &^= a
	return i.record(after, act, op, nil), nil
}
