package kos

import (
	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
)

// Kind is what a key object selection document is, after its title.
type Kind uint8

// The kinds.
const (
	// KindManifest is the list of a study: title 113030.
	KindManifest Kind = iota + 1
	// KindRejection says which instances were rejected (IOCM).
	KindRejection
	// KindKeyImages is any other: a key image note.
	KindKeyImages
)

// String names the kind in English.
func (k Kind) String() string {
	switch k {
	case KindManifest:
		return "manifest"
	case KindRejection:
		return "rejection"
	case KindKeyImages:
		return "key images"
	}
	return "invalid"
}

// Document is a key object selection document that was read. Its printed forms
// are redacted.
type Document struct {
	// Kind says which of the two below is set.
	Kind Kind
	// Manifest is set for KindManifest, but for a broken one of [ReadLocal].
	Manifest *Manifest
	// More are the manifests of further studies: a document of DRIM-M has one
	// study only, and a warning says when it has more.
	More []*Manifest
	// Note is set for the other kinds.
	Note *Note
	// TransferSyntax is the encoding of the file.
	TransferSyntax string
	// Text is the text item as it stands. Empty when there is none.
	Text string
	// Warnings tell which deviations were tolerated, by the codes Warn….
	Warnings []segur.Detail
	// Dataset holds every attribute.
	Dataset *dicomweb.Dataset
}

// maxFile bounds a document, in bytes: one of 5,000 instances has about 1.2 MB.
const maxFile = 64 << 20

// Read reads a key object selection document. It is tolerant of the form, each
// deviation being a warning, and strict on what the document is about: a manifest
// must have one INS, by the OID of its authority and with a right key, and list at
// least one instance of the study that it names. What it breaks is reported
// together as a segur.ErrInvalidInput error with one of the codes Code….
//
// Whether the patient is the one searched and whether the addresses may be called
// is for the caller to check.
func Read(c segur.Content) (*Document, error) { return readContent(c, false) }

// ReadLocal is [Read] for a document of the local archive, for [Row]: a manifest
// that breaks a rule, such as one that another product made without an INS, is no
// error but a document of KindManifest whose Manifest is nil. It is there to be
// left aside.
func ReadLocal(c segur.Content) (*Document, error) { return readContent(c, true) }

func readContent(c segur.Content, local bool) (*Document, error) {
	const op = "kos.Read"
	if c != nil && c.Size() > maxFile {
		return nil, &segur.Error{Op: op, Kind: segur.KindTooLarge, Code: CodeTooLarge, Help: help[CodeTooLarge], Message: "the file is larger than any manifest is"}
	}
	ds, err := dicomweb.ReadDataset(c)
	if err != nil {
		return nil, err
	}
	meta, err := dicomweb.ReadMeta(c)
	if err != nil {
		return nil, err
	}
	d, err := read(ds, local)
	if err != nil {
		return nil, err
	}
	d.TransferSyntax = meta.TransferSyntaxUID
	if uid := meta.SOPInstanceUID; uid != "" && uid != ds.Value(dicomweb.TagSOPInstanceUID) {
		w := warnings{d.Warnings}
		w.add(WarnMeta, "(0002,0003)", "is not the SOP Instance UID of the document")
		d.Warnings = w.details
	}
	return d, nil
}

// read reads the attributes.
func read(ds *dicomweb.Dataset, local bool) (*Document, error) {
	const op = "kos.Read"
	if class := ds.Value(dicomweb.TagSOPClassUID); class != SOPClass {
		return nil, &segur.Error{Op: op, Kind: segur.KindInvalidInput, Code: CodeNotKOS, Help: help[CodeNotKOS],
			Message: "the file is no key object selection document"}
	}
	r := &reader{ds: ds}
	d := &Document{Dataset: ds}
	title, manifest := r.title()
	d.Text = r.text()
	switch {
	case manifest:
		d.Kind = KindManifest
		all := r.manifests(ParseText(d.Text))
		if err := r.err(op); err != nil {
			if local {
				return d, nil
			}
			return nil, err
		}
		d.Manifest, d.More = all[0], all[1:]
	default:
		d.Kind, d.Note = KindKeyImages, r.note(title, d.Text)
		if d.Note.Rejects() {
			d.Kind = KindRejection
		}
		if err := r.err(op); err != nil {
			return nil, err
		}
	}
	d.Warnings = r.warnings.details
	return d, nil
}
