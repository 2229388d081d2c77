package identity

import (
	"slices"

	"github.com/segur-sdk/segur"
)

// Correct replaces the traits. What a change of strict traits does to the two facts:
//
//   - retrieved falls, and the INS with it: the strict traits of a retrieved identity are INSi's to the letter. Only
//     the place where the first given name ends in INSi's list may change, since INSi does not say it;
//   - checked falls too, since the document was compared with other traits; but for what says the same: another
//     spelling of the same words (case, accents, hyphen, apostrophe), the place where the first given name ends in an
//     unchanged list, and a list of given names where there was none, which begins with the first given name.
//
// The used name and the used given name are not strict: they change nothing else. method is how the new traits were
// collected; it is recorded when a strict trait changes.
func (i Identity) Correct(act Act, entry Entry) (Identity, error) {
	var p segur.Problems
	i.begin(&p, act)
	checkMethod(&p, "method", entry.Method)
	checkTraits(&p, "traits", entry.Traits)
	changed := traitChanges(i.Traits(), entry.Traits)
	if len(changed) == 0 {
		p.Add("traits", "nothing changes")
	}
	if i.rules != nil {
		checked := entry.Traits
		if before := i.Traits(); checked.BirthPlace == before.BirthPlace && checked.BirthDate == before.BirthDate {
			checked.BirthPlace = segur.BirthplaceUnknown // not entered now: INSi's code is not checked against tables
		}
		i.rules.checkEntered(&p, act, checked)
	}
	if err := p.Err("identity.correct"); err != nil {
		return Identity{}, err
	}
	after := i
	after.setTraits(entry.Traits)
	dropRetrieved, dropChecked, strict := consequences(i.Traits(), entry.Traits, changed)
	if strict {
		after.method = entry.Method
	}
	if dropRetrieved {
		after.dropINS()
	}
	if dropChecked {
		after.control = Control{}
	}
	return i.record(after, act, OperationCorrect, nil), nil
}

// consequences says which facts do not survive the change.
func consequences(before, now segur.Traits, changed []string) (retrieved, checked, strict bool) {
	recut := before.GivenNames != "" && before.GivenNames == now.GivenNames &&
		begins(before.GivenNames, before.FirstGivenName) && begins(now.GivenNames, now.FirstGivenName)
	for _, f := range changed {
		switch f {
		case "traits.usedName", "traits.usedGivenName":
			continue
		case "traits.birthName":
			retrieved, checked = true, checked || !sameWords(before.BirthName, now.BirthName)
		case "traits.firstGivenName":
			retrieved = retrieved || !recut
			checked = checked || !recut && !sameWords(before.FirstGivenName, now.FirstGivenName)
		case "traits.givenNames":
			completed := before.GivenNames == "" && begins(now.GivenNames, now.FirstGivenName)
			retrieved, checked = true, checked || !completed && !sameWords(before.GivenNames, now.GivenNames)
		default:
			retrieved, checked = true, true
		}
	}
	strict = slices.ContainsFunc(changed, func(f string) bool { return f != "traits.usedName" && f != "traits.usedGivenName" })
	return retrieved, checked, strict
}
