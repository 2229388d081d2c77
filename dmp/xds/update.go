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
	return ChangeEntry(set, found, found.WithVisibility(markers...))
}

// WithVisibility is the entry with these visibility markers and no other. The
// level stays, and stays first.
func (e DocumentEntry) WithVisibility(markers ...Visibility) DocumentEntry {
	e.ConfidentialityCodes = slices.DeleteFunc(slices.Clone(e.ConfidentialityCodes), func(c segur.Code) bool { return isMarker(c.Code) })
	for _, v := range markers {
		e.ConfidentialityCodes = append(e.ConfidentialityCodes, visibilityCode(v))
	}
	return e
}

// Visibility lists the visibility markers of the entry, in its order.
func (e *DocumentEntry) Visibility() []Visibility {
	var out []Visibility
	for _, c := range e.ConfidentialityCodes {
		if isMarker(c.Code) {
			out = append(out, Visibility(c.Code))
		}
	}
	return out
}

func isMarker(code string) bool {
	switch Visibility(code) {
	case HiddenFromProfessionals, HiddenFromPatient, HiddenFromRepresentatives:
		return true
	}
	return false
}

// ChangeEntry is a submission that replaces the metadata of an entry, as the
// registry returned it, by next (ITI-57). What identifies the document and its
// bytes cannot change; neither can its status, for which there is
// [ChangeStatus].
func ChangeEntry(set SubmissionSet, found, next DocumentEntry) (Submission, error) {
	var p segur.Problems
	p.Require("entry.version", found.Version)
	p.Require("entry.logicalID", found.LogicalID)
	p.Require("entry.uniqueID", found.UniqueID)
	same := func(field string, ok bool) {
		if !ok {
			p.Add("entry."+field, "does not change: it says which document the entry is of")
		}
	}
	same("uniqueID", next.UniqueID == found.UniqueID)
	same("logicalID", next.LogicalID == found.LogicalID)
	same("patientID", next.PatientID == found.PatientID)
	same("repositoryID", next.RepositoryID == found.RepositoryID)
	same("hash", next.Hash == found.Hash)
	same("size", next.Size == found.Size)
	same("mimeType", next.MimeType == found.MimeType)
	same("status", next.Status == found.Status)
	if err := p.Err("xds.ChangeEntry"); err != nil {
		return Submission{}, err
	}
	next.ID, next.Replaces = "", ""
	s := Submission{Set: set, Entries: []DocumentEntry{next}}
	s.Number()
	for i := range s.Associations {
		if s.Associations[i].Type == HasMember {
			s.Associations[i].PreviousVersion = found.Version
		}
	}
	return s, nil
}
