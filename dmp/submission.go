package dmp

import (
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
)

// Submission is a lot of documents of one patient, sent and accepted as one.
type Submission struct {
	// Patient is whose record it is. The identity must be qualified.
	Patient segur.Patient
	// Documents are what is published, one at least.
	Documents []SubmissionDocument
	// ContentType is the activity that gave rise to the lot (contentTypeCode,
	// JDV_J59), such as {Code: "07"}, external consultation, or {Code: "03"},
	// hospital stay. The system is filled from the value set. Required.
	ContentType segur.Code
	// Opposition says that the patient was informed of the record and did not
	// oppose for a legitimate reason: [NotOpposed]. Required.
	Opposition Opposition
	// FormerINS are the INS that the patient had before (EX_3.1-1055): an entry
	// that is replaced may bear one of them.
	FormerINS []segur.INS
	// Title and Comments describe the lot. Optional; a lot of one document
	// takes its title.
	Title, Comments string
}

// Opposition says what the patient's file holds on feeding the record. The
// zero value is refused, so that nobody publishes without having looked.
type Opposition uint8

// The values of [Opposition].
const (
	// NotAsked is the zero value: nothing is published.
	NotAsked Opposition = iota
	// NotOpposed: the patient was informed and does not oppose.
	NotOpposed
	// Opposed: the patient opposes for a legitimate reason; nothing is
	// published.
	Opposed
)

func (o Opposition) check(p *segur.Problems) {
	switch o {
	case NotOpposed:
	case Opposed:
		p.Add("opposition", "the patient opposed: nothing is published")
	default:
		p.Add("opposition", "must say that the patient was informed and does not oppose: dmp.NotOpposed (R.1111-46 CSP)")
	}
}

// SubmissionDocument is one document of a [Submission]: a Document whose entry
// is derived from its header, or a Content with its Entry.
type SubmissionDocument struct {
	// Document is the CDA document.
	Document segur.Document
	// Content and Entry are given instead of Document for what is no CDA, such
	// as a DICOM KOS: the entry is completed with hash and size, and checked.
	Content segur.Content
	Entry   *xds.DocumentEntry
	// Visibility restricts who sees the document.
	Visibility []xds.Visibility
	// Replaces is the entryUUID ("urn:uuid:…") of the entry that this one
	// replaces, from [Client.Find] or [Client.Lookup]. Optional. A lot may
	// replace several entries.
	Replaces string
	// ReplacesEntry is that entry where the mode may read it, as [Client.Find]
	// gave it: a replacement that the record would refuse is then refused
	// before anything is sent. It stands for Replaces.
	ReplacesEntry *xds.DocumentEntry
	// ChangeVisibility lets the document be seen by more people than
	// ReplacesEntry: without it, a marker that is not repeated is refused.
	ChangeVisibility bool
	// Options completes the derivation of the entry of Document; Visibility
	// above is added to its own.
	Options xds.EntryOptions
}

// Sealed is a submission that was checked: identifiers are fixed, hashes are
// computed. It is immutable and may be kept, submitted later and submitted
// again; its documents are opened when it is sent and must not have changed.
// Its printed forms are redacted.
type Sealed struct {
	submission xds.Submission // without the entry of the signature
	contents   []segur.Content
	digests    []digests
	patient    segur.INS
	private    []string // texts that no error may repeat
	signature  string   // uniqueId of the signature document
	sha256     bool     // algorithm of the manifest digests
	secret     bool     // prepared by a secret connection
	positions  []int    // of the contents in the submission as it was given
	warnings   []segur.Detail
}

// SubmissionSetID is the identifier of the lot. [Client.Resubmit] sends the
// documents under another one.
func (s *Sealed) SubmissionSetID() string { return s.submission.Set.UniqueID }

// DocumentIDs are the identifiers (uniqueId) of the documents, in the order of
// the submission: what to look up when the outcome is unknown.
func (s *Sealed) DocumentIDs() []string {
	out := make([]string, len(s.submission.Entries))
	for i := range s.submission.Entries {
		out[i] = s.submission.Entries[i].UniqueID
	}
	return out
}

// Entries are copies of the metadata of the documents as they will be sent.
func (s *Sealed) Entries() []xds.DocumentEntry {
	out := make([]xds.DocumentEntry, len(s.submission.Entries))
	for i := range out {
		out[i] = s.submission.Entries[i].Clone()
	}
	return out
}

// PreparedAt is when the submission was prepared, and the identity and the
// opposition of the patient looked at: look again before sending an old one.
func (s *Sealed) PreparedAt() time.Time { return s.submission.Set.Submitted.Time }

// Warnings are what the record may refuse, although no rule forbids it.
func (s *Sealed) Warnings() []segur.Detail { return slices.Clone(s.warnings) }

// String names the lot and counts its documents.
func (s Sealed) String() string {
	return fmt.Sprintf("dmp.Sealed(%s, %d documents)", s.submission.Set.UniqueID, len(s.contents))
}

// Format writes the redacted form whatever the verb.
func (s Sealed) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// LogValue makes slog write the redacted form.
func (s Sealed) LogValue() slog.Value { return slog.StringValue(s.String()) }
