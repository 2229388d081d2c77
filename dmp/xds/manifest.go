package xds

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/segur-sdk/segur"
)

// ManifestLot is one manifest of images (KOS) to publish, in words that the
// source of a DRIMbox and the client of the record share: dicomweb/drim makes
// it, dmp seals and sends it.
type ManifestLot struct {
	// Patient is whose images they are. The identity must be qualified.
	Patient segur.Patient
	// Entry describes the manifest (see [DeriveKOSEntry]); Content is its bytes.
	Entry   DocumentEntry
	Content segur.Content
	// Replaces is the identifier (uniqueId) of the manifest that this one
	// replaces. Empty: it is the first of its study.
	Replaces string
	// Title describes the lot. Empty: the title of the entry.
	Title string
}

// String is redacted.
func (l ManifestLot) String() string { return "ManifestLot(" + l.Entry.UniqueID + ", redacted)" }

// Format writes the redacted form whatever the verb.
func (l ManifestLot) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(l.String())) }

// LogValue makes slog write the redacted form.
func (l ManifestLot) LogValue() slog.Value { return slog.StringValue(l.String()) }

// SealedManifest is a lot whose identifiers and bytes are fixed, and of which
// nothing was sent. It is health data that names a patient.
type SealedManifest struct {
	// UniqueID is the identifier of the manifest.
	UniqueID string
	// Stored is what is sent, in the form of who sealed it.
	Stored []byte
	// Metadata is the lcm:SubmitObjectsRequest, for the archive and for an
	// export: without the signature, which is made when the lot is sent.
	Metadata []byte
}

// String is redacted.
func (s SealedManifest) String() string { return "SealedManifest(" + s.UniqueID + ", redacted)" }

// Format writes the redacted form whatever the verb.
func (s SealedManifest) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// LogValue makes slog write the redacted form.
func (s SealedManifest) LogValue() slog.Value { return slog.StringValue(s.String()) }

// ManifestReceipt says that the record has a manifest.
type ManifestReceipt struct {
	// UniqueID is the identifier of the manifest.
	UniqueID string
	// SubmissionSetID is the identifier of the lot, and MessageID that of the
	// call; empty when the manifest was there already.
	SubmissionSetID, MessageID string
	// At is when the answer came.
	At time.Time
	// AlreadyPresent says that nothing was sent: the manifest was there.
	AlreadyPresent bool
}

// ManifestQuery selects manifests of one patient. All that is set must hold;
// the values of one field are alternatives.
type ManifestQuery struct {
	// UniqueIDs asks for these documents and nothing else.
	UniqueIDs []string
	// References are accession numbers, orders or studies.
	References []Reference
	// Modalities are DICOM codes, "CT"; Regions are SNOMED CT codes. They are
	// asked for under both of their schemes.
	Modalities, Regions []string
	// Service bounds the start of the act, Created the making of the document.
	Service, Created Period
	// WithReports finds the imaging reports as well.
	WithReports bool
	// ReportsOnly finds the imaging reports instead.
	ReportsOnly bool
}
