package xds

import (
	"slices"

	"github.com/segur-sdk/segur"
)

// ChangeStatus is a submission that archives, restores or deletes an entry
// (ITI-57): a set without documents and one association.
func ChangeStatus(set SubmissionSet, entryUUID string, from, to Status) Submission {
	s := Submission{Set: set}
	s.Number()
	s.Associations = []Association{{ID: "as1", Type: UpdateStatus, Source: s.Set.ID, Target: entryUUID, From: from, To: to}}
	return s
}

// ChangeVisibility is a submission that gives an entry, as the registry
// returned it, other visibility markers (ITI-57). Everything else is sent back
// as it came.
func ChangeVisibility(set SubmissionSet, found DocumentEntry, markers ...Visibility) (Submission, error) {
	var p segur.Problems
	p.Require("entry.version", found.Version)
	p.Require("entry.logicalID", found.LogicalID)
	if err := p.Err("xds.ChangeVisibility"); err != nil {
		return Submission{}, err
	}
	e := found
	e.ID, e.Replaces = "", ""
	// The level stays, and stays first.
	e.ConfidentialityCodes = slices.DeleteFunc(slices.Clone(found.ConfidentialityCodes), func(c segur.Code) bool {
		v := Visibility(c.Code)
		return v == HiddenFromProfessionals || v == HiddenFromPatient || v == HiddenFromRepresentatives
	})
	for _, v := range markers {
		e.ConfidentialityCodes = append(e.ConfidentialityCodes, visibilityCode(v))
	}
	s := Submission{Set: set, Entries: []DocumentEntry{e}}
	s.Number()
	for i := range s.Associations {
		if s.Associations[i].Type == HasMember {
			s.Associations[i].PreviousVersion = found.Version
		}
	}
	return s, nil
}
