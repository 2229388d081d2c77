package kos

import (
	"time"

	"github.com/segur-sdk/segur"
)

// Context is what a manifest says beside its images: the header of the report
// and the source that shares.
type Context struct {
	// Environment says which authorities of an INS are accepted. Required.
	Environment segur.Environment
	// Report is the header of the validated report of the study: it gives the
	// identity of the patient, the orders, the act and the structure. One of its
	// acts must have the study of the images.
	Report segur.DocumentHeader
	// Patient is the identity as the local system holds it, when the caller
	// knows it: it must then be qualified and have the INS of the report. Zero:
	// a report that holds a matricule is that of a qualified identity.
	Patient segur.Patient
	// Manufacturer is the product that makes the manifest. Required.
	Manufacturer string
	// RetrieveBase is the address of the source, https, to which
	// "/studies/<study>/series/<series>" is appended. Required. Consumers check
	// its host against the white list.
	RetrieveBase string
	// RetrieveLocationUID is the OID of the source. Optional.
	RetrieveLocationUID segur.OID
	// Institution replaces the organisation of the first author of the report.
	// Optional.
	Institution Institution
	// Act replaces the label of the act of the report. Optional.
	Act string
	// Study completes what the rows do not say of the study: the row of a search
	// of studies. Optional.
	Study Study
	// Notes are key image notes of the study that the rows do not hold
	// themselves (see [Row]). Optional.
	Notes []*Note
	// Region gives the text after "@" of a series. nil: that of [DefaultRegion].
	Region func(Row, segur.DocumentHeader) string
	// UIDRoot is the arc of the vendor for new UIDs. Empty: 2.25, that of UUIDs.
	UIDRoot segur.OID
	// FoldToLatin1 writes the characters that Latin-1 lacks with those that
	// resemble them ("œ" as "oe"), each change being a warning. Without it a text
	// that Latin-1 cannot hold makes the whole manifest UTF-8 (ISO_IR 192).
	FoldToLatin1 bool
	// MaxInstances bounds the instances. 0: 50,000.
	MaxInstances int
	// Encoding says how the manifest is written.
	Encoding Encoding
	// Clock gives the time. nil: time.Now.
	Clock func() time.Time
	// Location is the legal time of the site, for times and their offset.
	// nil: Europe/Paris.
	Location *time.Location
	// IDs makes the UIDs. nil: random ones.
	IDs segur.IDSource
}

// Encoding says how a manifest is written where receivers may differ. The zero
// value is the form of the official samples and of XDS-I.b.
type Encoding struct {
	// TransferSyntax is the encoding of the file: Explicit VR Little Endian when
	// empty, or [dicomweb.ImplicitVRLittleEndian].
	TransferSyntax string
	// AccessionAtRoot copies the accession number of the first order to
	// (0008,0050), which is empty without it.
	AccessionAtRoot bool
	// TextItemFirst puts the text item before the references, as TID 2010 has
	// it, and not behind them as the samples do.
	TextItemFirst bool
	// IssuerNIA is the label of the issuer of a NIA. Empty: "ASIP-SANTE-INS-NIA".
	// Readers match the OID.
	IssuerNIA string
}
