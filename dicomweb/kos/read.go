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
	// Manifest is set for KindManifest.
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

// Read reads a key object selection document.
func Read(c segur.Content) (*Document, error) { return nil, nil }
