package identity

import (
	"slices"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
)

// CheckMerge refuses a merge of two identities that are not shown to be one person's. nil does not prove that they are:
// an operator decides. What the package does not do is the merge itself, which moves files and messages (IHE PAM A40)
// of the caller's system.
//
// Refused: an identity in doubt, a fictitious one with another, two homonyms that do not have the same INS, two
// different INS unless one is a former number of the other's person, traits that contradict each other.
func CheckMerge(keep, absorb Identity) error {
	var p segur.Problems
	for _, side := range []struct {
		field string
		i     Identity
	}{{"keep", keep}, {"absorb", absorb}} {
		if side.i.rules == nil {
			p.Add(side.field, "is the zero value")
		}
		if side.i.attributes.Has(segur.Doubtful) {
			p.Add(side.field+".attributes", "the identity is doubtful: lift the doubt first")
		}
	}
	if keep.attributes.Has(segur.Fictitious) != absorb.attributes.Has(segur.Fictitious) {
		p.Add("absorb.attributes", "a fictitious identity is not merged with a real one")
	}
	if keep.attributes.Has(segur.Homonym) && absorb.attributes.Has(segur.Homonym) && (keep.ins.IsZero() || keep.ins != absorb.ins) {
		p.Add("absorb.attributes", "both are marked as homonyms, two persons of the same traits: take the attribute back first (EXI ID 24)")
	}
	if !keep.ins.IsZero() && !absorb.ins.IsZero() && keep.ins != absorb.ins && !keep.knows(absorb.ins) && !absorb.knows(keep.ins) {
		p.Add("absorb.ins", "the two have different numbers")
	}
	// Either may know less than the other: a shorter first given name, a date completed by rule.
	back := different(absorb, keep)
	for _, field := range different(keep, absorb) {
		if slices.Contains(back, field) {
			p.Add("absorb."+field, "contradicts the identity that is kept")
		}
	}
	return p.Err("identity.CheckMerge")
}

func different(a, b Identity) (fields []string) {
	for _, d := range ins.Coherence(a.Traits(), b.Traits()).Details() {
		if d.Code == ins.Different.String() {
			fields = append(fields, d.Field)
		}
	}
	return fields
}

func (i Identity) knows(n segur.INS) bool {
	for _, f := range i.former {
		if f.INS == n {
			return true
		}
	}
	return false
}
