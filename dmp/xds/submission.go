package xds

import (
	"fmt"
	"log/slog"
	"strconv"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/ebrim"
)

// SubmissionSet is the metadata of a lot (RegistryPackage). Its printed forms
// are redacted.
type SubmissionSet struct {
	// ID is the entryUUID, or a symbolic name in a submission.
	ID string
	// UniqueID is an OID, new for each submission.
	UniqueID string
	// SourceID is the OID of the system that sends.
	SourceID segur.OID
	// PatientID is the INS, the same as in every entry.
	PatientID PatientID
	// Submitted is when the lot was made.
	Submitted segur.Timestamp
	// Title and Comments are optional.
	Title, Comments string
	// Author is who sends.
	Author Author
	// ContentTypeCode is the activity that gave rise to it (JDV_J59).
	ContentTypeCode segur.Code
	// IntendedRecipients are for XDM only, as XON|XCN|XTN values. Optional.
	IntendedRecipients []string
	// LogicalID and Status come from the registry.
	LogicalID string
	Status    Status
	// Extra, ExtraClassifications and ExtraIdentifiers are what the package
	// does not know, kept as it is, and written back.
	Extra                []Slot
	ExtraClassifications []Classification
	ExtraIdentifiers     []Identifier

	kept kept
}

// String returns a redacted form.
func (s SubmissionSet) String() string { return "SubmissionSet(" + s.UniqueID + ", redacted)" }

// Format writes the redacted form whatever the verb.
func (s SubmissionSet) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// LogValue makes slog write the redacted form.
func (s SubmissionSet) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Association links two objects by their IDs.
type Association struct {
	ID             string
	Type           AssociationType
	Source, Target string
	// SetStatus is SubmissionSetStatus: "Original" when the target is part of
	// the submission.
	SetStatus string
	// PreviousVersion is the version that a change of metadata starts from
	// (ITI-57).
	PreviousVersion string
	// From and To are OriginalStatus and NewStatus (ITI-57).
	From, To Status
	// Extra, ExtraClassifications and ExtraIdentifiers are what the package
	// does not know, kept as it is, and written back.
	Extra                []Slot
	ExtraClassifications []Classification
	ExtraIdentifiers     []Identifier

	kept kept
}

// Submission is what is sent at once: one set, its entries, their links.
type Submission struct {
	Set          SubmissionSet
	Entries      []DocumentEntry
	Associations []Association

	// others are objects that France has no use for, folders for instance,
	// written back as they were.
	others []*ebrim.Object
}

// Number gives the objects that have no ID the symbolic names that a
// submission to a registry uses (SubmissionSet01, Document01, Signature01),
// and adds the associations that are missing: HasMember for each entry, signs
// for a signature, RPLC for an entry that replaces another.
func (s *Submission) Number() {
	taken := s.taken()
	next := func(prefix string) string {
		for n := 1; ; n++ {
			id := prefix + fmt.Sprintf("%02d", n)
			if !taken[id] {
				taken[id] = true
				return id
			}
		}
	}
	if s.Set.ID == "" {
		s.Set.ID = next("SubmissionSet")
	}
	for i := range s.Entries {
		if s.Entries[i].ID != "" {
			continue
		}
		if s.Entries[i].IsSignature() {
			s.Entries[i].ID = next("Signature")
		} else {
			s.Entries[i].ID = next("Document")
		}
	}
	s.associate()
}

// Identify gives the objects that have no ID a new "urn:uuid:…", the form of
// XDM, and adds the associations that are missing, as Number does.
func (s *Submission) Identify(ids segur.IDSource) error {
	give := func(id *string) error {
		if *id != "" {
			return nil
		}
		u, err := ids.UUID()
		if err == nil {
			*id = "urn:uuid:" + u
		}
		return err
	}
	if err := give(&s.Set.ID); err != nil {
		return err
	}
	for i := range s.Entries {
		if err := give(&s.Entries[i].ID); err != nil {
			return err
		}
	}
	s.associate()
	return nil
}

func (s *Submission) taken() map[string]bool {
	taken := map[string]bool{s.Set.ID: true}
	for i := range s.Entries {
		taken[s.Entries[i].ID] = true
	}
	for i := range s.Associations {
		taken[s.Associations[i].ID] = true
	}
	return taken
}

func (s *Submission) associate() {
	add := func(a Association) {
		for _, b := range s.Associations {
			if b.Type == a.Type && b.Source == a.Source && b.Target == a.Target {
				return
			}
		}
		s.Associations = append(s.Associations, a)
	}
	for i := range s.Entries {
		add(Association{Type: HasMember, Source: s.Set.ID, Target: s.Entries[i].ID, SetStatus: "Original"})
	}
	for i := range s.Entries {
		if s.Entries[i].IsSignature() {
			add(Association{Type: Signs, Source: s.Entries[i].ID, Target: s.Set.ID, SetStatus: "Original"})
		}
	}
	for i := range s.Entries {
		if old := s.Entries[i].Replaces; old != "" {
			add(Association{Type: Replaces, Source: s.Entries[i].ID, Target: old})
		}
	}
	taken := s.taken()
	n := 0
	for i := range s.Associations {
		for s.Associations[i].ID == "" {
			n++
			if id := "as" + strconv.Itoa(n); !taken[id] {
				s.Associations[i].ID = id
			}
		}
	}
}

// Entry returns the entry of a document, by its unique id, or nil.
func (s *Submission) Entry(uniqueID string) *DocumentEntry {
	for i := range s.Entries {
		if s.Entries[i].UniqueID == uniqueID {
			return &s.Entries[i]
		}
	}
	return nil
}
