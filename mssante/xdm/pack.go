package xdm

import (
	"archive/zip"
	"crypto/sha1" //nolint:gosec // the hash that XDS metadata are defined with
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
)

// Action is what the receiver is asked to do with the documents.
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

// Package is what an archive holds: one submission set.
type Package struct {
	// Set is the submission. When they are empty, UniqueID becomes a new OID
	// below SourceID, PatientID that of the first document, Submitted the time
	// of the clock, Title the title of the first document. ContentTypeCode and
	// the specialties of Author may be given by their Code alone.
	Set xds.SubmissionSet
	// Documents are at least one, all of one patient.
	Documents []Document
	// Stylesheet is written beside the documents as CDA_FO.XSL. Optional.
	Stylesheet segur.Content
	// Action applies to every document.
	Action Action
	// Sender signs README.TXT and INDEX.HTM.
	Sender Sender
}

// Document is one document of a package.
type Document struct {
	// Entry is its metadata. Hash, Size and URI are filled by [Pack]; what
	// belongs to a registry is left out.
	Entry xds.DocumentEntry
	// Content is read twice: to hash it, to write it.
	Content segur.Content
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
	// AllowUnknownCodes takes codes that the embedded value sets do not hold.
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

const (
	folder       = "IHE_XDM/SUBSET01/"
	metadataName = "METADATA.XML"
	opPack       = "xdm.Pack"
)

// Pack writes p as an IHE_XDM.ZIP and returns the metadata it wrote. Documents
// are streamed; the same package, clock and identifiers give the same bytes.
// Nothing is written when the package breaks a rule ([segur.ErrInvalidInput]);
// a document that changes while it is packed is [segur.ErrSignature].
func Pack(w io.Writer, p Package, o Options) (xds.Submission, error) {
	o = o.withDefaults()
	now := o.Clock()
	s, err := p.submission(o, now)
	if err != nil {
		return s, err
	}
	metadata, err := s.AppendXML([]byte("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"))
	if err != nil {
		return s, err
	}
	z := packer{zip: zip.NewWriter(w), now: now}
	z.bytes("README.TXT", p.readme(s))
	z.bytes("INDEX.HTM", p.index(s))
	z.bytes(folder+metadataName, metadata)
	for i, d := range p.Documents {
		z.document(folder+s.Entries[i].URI, d.Content, &s.Entries[i])
	}
	if p.Stylesheet != nil {
		z.document(folder+stylesheetName, p.Stylesheet, nil)
	}
	if z.err == nil {
		z.err = z.zip.Close()
	}
	if z.err != nil {
		var e *segur.Error
		if !errors.As(z.err, &e) {
			z.err = &segur.Error{Op: opPack, Kind: segur.KindUnknown, Message: "the archive could not be written", Err: z.err}
		}
	}
	return s, z.err
}

const stylesheetName = "CDA_FO.XSL"

// submission completes the metadata and checks them.
func (p *Package) submission(o Options, now time.Time) (xds.Submission, error) {
	s := xds.Submission{Set: p.Set}
	var problems segur.Problems
	if readable := p.check(&problems, o); !readable {
		return s, problems.Err(opPack)
	}
	for i, d := range p.Documents {
		e := d.Entry
		e.ID, e.LogicalID, e.Version, e.Status, e.RepositoryID = "", "", "", "", ""
		e.URI = fileName(i+1, e.MimeType)
		if err := e.Digest(d.Content); err != nil {
			return s, err
		}
		if p.Action != File {
			e.Extra = append(append([]xds.Slot(nil), e.Extra...), xds.Slot{Name: o.ActionSlot, Values: []string{string(p.Action)}})
		}
		s.Entries = append(s.Entries, e)
	}
	s.Set.ID, s.Set.LogicalID, s.Set.Status = "", "", ""
	s.Set.Complete()
	first := s.Entries[0]
	if s.Set.PatientID.IsZero() {
		s.Set.PatientID = first.PatientID
	}
	if s.Set.Title == "" {
		s.Set.Title = first.Title
	}
	if s.Set.Submitted.IsZero() {
		s.Set.Submitted = segur.At(now)
	}
	if s.Set.UniqueID == "" && s.Set.SourceID.Valid() {
		id, err := o.IDs.OID(s.Set.SourceID)
		if err != nil {
			return s, err
		}
		s.Set.UniqueID = string(id)
	}
	if _, err := s.Validate(xds.Rules{Profile: xds.XDM, AllowUnknownCodes: o.AllowUnknownCodes}); err != nil {
		problems.Merge("", inPackage(err))
	}
	if err := problems.Err(opPack); err != nil {
		return s, err
	}
	return s, s.Identify(o.IDs)
}

// inPackage turns the field paths of a submission into those of a package:
// "entries[0].title" is "documents[0].entry.title".
func inPackage(err error) error {
	var e *segur.Error
	if !errors.As(err, &e) {
		return err
	}
	out := *e
	out.Op, out.Details = opPack, nil
	for _, d := range e.Details {
		if rest, ok := strings.CutPrefix(d.Field, "entries"); ok {
			d.Field = "documents" + strings.Replace(rest, "].", "].entry.", 1)
		}
		out.Details = append(out.Details, d)
	}
	return &out
}

// check reports whether the documents can be read at all.
func (p *Package) check(problems *segur.Problems, o Options) (readable bool) {
	readable = len(p.Documents) > 0 && len(p.Documents) <= 99_999
	if !readable {
		problems.Add("documents", "at least one is required, at most 99,999 are possible")
	}
	for i, d := range p.Documents {
		at := fmt.Sprintf("documents[%d]", i)
		switch {
		case d.Content == nil:
			problems.Add(at+".content", "is required")
			readable = false
		case d.Content.Size() >= 1<<32-1:
			problems.Add(at+".content", "must be smaller than 4 GiB: the archive has no 64-bit form")
			readable = false
		}
		if d.Entry.IsSignature() {
			problems.Add(at+".entry", "the signature of a submission set is not sent by mail")
		}
	}
	switch p.Action {
	case File, Change, Delete:
	default:
		problems.Add("action", "must be File, Change or Delete")
	}
	if !strings.HasPrefix(o.ActionSlot, "urn:") || strings.HasPrefix(o.ActionSlot, "urn:ihe:") {
		problems.Add("actionSlot", "must start with urn: and not with urn:ihe:")
	}
	problems.Require("sender.name", p.Sender.Name)
	problems.Require("sender.application", p.Sender.Application)
	return readable
}

// fileName is an 8.3 name (ISO 9660 level 1).
func fileName(n int, mimeType string) string {
	extension := "BIN"
	switch mimeType {
	case "text/xml", "application/xml", "application/xslt+xml":
		extension = "XML"
	case "application/dicom":
		extension = "DCM"
	case "application/pdf":
		extension = "PDF"
	case "text/plain":
		extension = "TXT"
	case "image/jpeg":
		extension = "JPG"
	case "image/tiff":
		extension = "TIF"
	}
	return fmt.Sprintf("DOC%05d.%s", n, extension)
}

// packer writes files until something fails.
type packer struct {
	zip *zip.Writer
	now time.Time
	err error
}

func (z *packer) create(name string) io.Writer {
	if z.err != nil {
		return nil
	}
	h := &zip.FileHeader{Name: name, Method: zip.Deflate}
	// The two fields alone: [zip.FileHeader.Modified] would add an extra field
	// that plain readers of XDM media have no use for.
	h.ModifiedDate = uint16(max(z.now.Year()-1980, 0)<<9 | int(z.now.Month())<<5 | z.now.Day()) //nolint:gosec,staticcheck // see above
	h.ModifiedTime = uint16(z.now.Hour()<<11 | z.now.Minute()<<5 | z.now.Second()/2)            //nolint:gosec,staticcheck // see above
	var w io.Writer
	w, z.err = z.zip.CreateHeader(h)
	return w
}

func (z *packer) bytes(name string, b []byte) {
	if w := z.create(name); z.err == nil {
		_, z.err = w.Write(b)
	}
}

// document streams a content and makes sure that it is the one that was hashed.
func (z *packer) document(name string, c segur.Content, e *xds.DocumentEntry) {
	w := z.create(name)
	if z.err != nil {
		return
	}
	r, err := c.Open()
	if err != nil {
		z.err = &segur.Error{Op: opPack, Kind: segur.KindInvalidInput, Message: "cannot open a document", Err: err}
		return
	}
	h := sha1.New() //nolint:gosec // see the import
	n, err := io.Copy(io.MultiWriter(w, h), r)
	if closing := r.Close(); err == nil {
		err = closing
	}
	switch {
	case err != nil:
		z.err = err
	case e != nil && (n != e.Size || hex.EncodeToString(h.Sum(nil)) != e.Hash):
		z.err = &segur.Error{Op: opPack, Kind: segur.KindSignature, Message: "a document changed while it was packed"}
	}
}
