package xdm

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
)

// Action is what the receiver is asked to do with a document.
type Action string

// The actions. Their codes are those of the CI-SIS.
const (
	// File is the first sending: nothing is written.
	File Action = ""
	// Change: the document replaces its former version, or its visibility changed.
	Change Action = "C"
	// Delete: the receiver should delete the document.
	Delete Action = "D"
)

// DefaultActionSlot is the metadata attribute that carries an [Action]. The
// norm gives only the word "action"; readers take any slot that ends with it.
const DefaultActionSlot = "urn:asip:mss:action"

// Package is what an archive holds: submission sets of one patient, one as a
// rule. Its printed forms are redacted.
type Package struct {
	// Subsets are at least one, at most 99: IHE_XDM/SUBSET01 and following.
	Subsets []Subset
	// Sender signs README.TXT and INDEX.HTM.
	Sender Sender
}

// Subset is one submission set and its documents. Its printed forms are
// redacted.
type Subset struct {
	// Set is the submission. When they are empty, UniqueID becomes a new OID
	// below SourceID, PatientID that of the first document, Submitted the time
	// of the clock, Title the title of the first document. ContentTypeCode and
	// the specialties of Author may be given by their Code alone.
	Set xds.SubmissionSet
	// Documents are at least one, all of one patient.
	Documents []Document
	// Stylesheet is written beside the documents as CDA_FO.XSL, for documents
	// that name it in an xml-stylesheet instruction. Optional.
	Stylesheet segur.Content
}

// Document is one document of a package.
type Document struct {
	// Entry is its metadata. Hash, Size and URI are filled by [Pack]; what
	// belongs to a registry is left out.
	Entry xds.DocumentEntry
	// Content is read twice: to hash it, to write it.
	Content segur.Content
	// Action is what the receiver is asked to do with the document.
	Action Action
}

// Sender is who sends, in the words of the start page.
type Sender struct {
	// Name is the professional or the service. Organization, Address and Phone
	// are optional.
	Name, Organization, Address, Phone string
	// Application, Version and Vendor name the software.
	Application, Version, Vendor string
}

// Options are what [Pack] needs beside the package. The zero value is ready.
type Options struct {
	// Clock dates the files and the submission. nil: time.Now.
	Clock func() time.Time
	// IDs makes the identifiers of the objects. nil: random ones.
	IDs segur.IDSource
	// ActionSlot is the attribute of an [Action]. Empty: [DefaultActionSlot].
	ActionSlot string
	// AllowUnknownCodes takes codes that the embedded value sets do not hold,
	// and says so in [Packed.Warnings].
	AllowUnknownCodes bool
}

func (o Options) withDefaults() Options {
	c := segur.ClientConfig{Clock: o.Clock, IDs: o.IDs}.WithDefaults()
	o.Clock, o.IDs = c.Clock, c.IDs
	if o.ActionSlot == "" {
		o.ActionSlot = DefaultActionSlot
	}
	return o
}

// Packed says what was written. Its printed forms are redacted.
type Packed struct {
	// Submissions are the metadata as written, one for each subset.
	Submissions []xds.Submission
	// Warnings are what a receiver may refuse, such as a document without an
	// INS or a code that the value sets do not hold.
	Warnings []segur.Detail
}

// String returns a redacted form.
func (p Package) String() string { return fmt.Sprintf("Package(%d subsets, redacted)", len(p.Subsets)) }

// Format writes the redacted form whatever the verb.
func (p Package) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(p.String())) }

// LogValue makes slog write the redacted form.
func (p Package) LogValue() slog.Value { return slog.StringValue(p.String()) }

// String returns a redacted form.
func (p Subset) String() string {
	return fmt.Sprintf("Subset(%d documents, redacted)", len(p.Documents))
}

// Format writes the redacted form whatever the verb.
func (p Subset) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(p.String())) }

// LogValue makes slog write the redacted form.
func (p Subset) LogValue() slog.Value { return slog.StringValue(p.String()) }

// String returns a redacted form.
func (p Packed) String() string {
	return fmt.Sprintf("Packed(%d submissions, %d warnings, redacted)", len(p.Submissions), len(p.Warnings))
}

// Format writes the redacted form whatever the verb.
func (p Packed) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(p.String())) }

// LogValue makes slog write the redacted form.
func (p Packed) LogValue() slog.Value { return slog.StringValue(p.String()) }
