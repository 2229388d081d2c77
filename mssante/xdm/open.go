package xdm

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/internal/xmlr"
)

// ReadOptions say how tolerant [Open] is. The zero value is strict on
// everything that protects the patient.
type ReadOptions struct {
	Limits Limits
	// AllowMissingHash accepts a document whose metadata give no hash or no
	// size, with a warning.
	AllowMissingHash bool
	// AllowOtherXML accepts XML that is not a CDA document, with a warning.
	AllowOtherXML bool
}

// Archive is an IHE_XDM.ZIP that was checked: every document it gives has the
// size and the hash that its metadata announce. Its printed forms are redacted.
type Archive struct {
	// Sets are the submission sets, in the order of the archive: one from a
	// French sender.
	Sets []Set
	// Others are the paths of the files that no metadata name: start page,
	// style sheets.
	Others []string
	// Repairs are the departures from the norm that were understood.
	Repairs []Repair
	// Warnings are about the content: metadata that differ from the document,
	// or that are incomplete. A person should look.
	Warnings []segur.Detail

	files map[string]*zip.File
}

// Set is one submission set of an archive. Its printed forms are redacted.
type Set struct {
	// Folder is where its METADATA.XML is; "" for the root.
	Folder string
	// Submission is what METADATA.XML says.
	Submission xds.Submission
	// Metadata are the bytes of METADATA.XML, in UTF-8.
	Metadata []byte
	// Documents are in the order of Submission.Entries.
	Documents []Received
}

// Received is one document of an archive. Its printed forms are redacted.
type Received struct {
	// Entry is its metadata.
	Entry xds.DocumentEntry
	// Path is the file in the archive.
	Path string
	// Header is what the header of a CDA document says of its identifiers,
	// type, patient and former version; the rest of it is left out. nil for
	// other files. Where it differs from Entry, it is right.
	Header *segur.DocumentHeader
	// Action is what the sender asks for: what the metadata say, else [Change]
	// when the document or an association replaces another.
	Action Action

	file *zip.File
}

// Open reads an archive of size bytes and checks it whole. The error is an
// [*segur.Error] with one of the codes of this package; Details lists every
// document that fails. r must stay readable while documents are read.
func Open(r io.ReaderAt, size int64, o ReadOptions) (*Archive, error) {
	l := o.Limits.withDefaults()
	if size > l.MaxArchiveBytes {
		return nil, refuse(segur.KindTooLarge, CodeTooLarge, "", fmt.Sprintf("the archive has more than %d bytes", l.MaxArchiveBytes), nil)
	}
	c, err := directory(r, size, l)
	if err != nil {
		return nil, err
	}
	records, err := c.read(r)
	if err != nil {
		return nil, err
	}
	z, err := zip.NewReader(r, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) { // paths are judged below
		return nil, refuse(segur.KindProtocol, CodeNotZip, "", "the directory of the archive cannot be read", err)
	}
	list, err := files(z, l)
	if err != nil {
		return nil, err
	}
	if err := c.checkBodies(r, records); err != nil {
		return nil, err
	}
	a := &Archive{files: map[string]*zip.File{}}
	for _, f := range list {
		a.files[f.Name] = f
	}
	if err := a.read(list, o, l); err != nil {
		return nil, err
	}
	return a, nil
}

func (a *Archive) read(list []*zip.File, o ReadOptions, l Limits) error {
	named := map[string]bool{}
	readme, index := false, false
	for _, f := range list {
		if ignored(f.Name) {
			named[f.Name] = true
			a.repair(RepairLeftovers, "", "the archive holds files that a desktop system left: ignored")
			continue
		}
		readme = readme || strings.EqualFold(path.Base(f.Name), "README.TXT")
		index = index || strings.EqualFold(path.Base(f.Name), "INDEX.HTM")
		if !strings.EqualFold(path.Base(f.Name), metadataName) {
			continue
		}
		named[f.Name] = true
		set, err := a.set(f, l)
		if err != nil {
			return err
		}
		a.Sets = append(a.Sets, *set)
	}
	if len(named) == len(list) && len(a.Sets) == 0 {
		return refuse(segur.KindProtocol, CodeEmpty, "", "the archive holds no file", nil)
	}
	if len(a.Sets) == 0 {
		return refuse(segur.KindProtocol, CodeNoMetadata, "", "the archive holds no "+metadataName, nil)
	}
	if !readme || !index {
		a.repair(RepairStartPage, "", "README.TXT or INDEX.HTM is missing")
	}
	if err := a.onePatient(); err != nil {
		return err
	}
	if err := a.verify(o); err != nil {
		return err
	}
	if err := a.readHeaders(o); err != nil {
		return err
	}
	for i := range a.Sets {
		for _, d := range a.Sets[i].Documents {
			named[d.Path] = true
		}
	}
	for _, f := range list {
		if !named[f.Name] {
			a.Others = append(a.Others, f.Name)
		}
	}
	return nil
}

// ignored reports whether a file is what desktop systems leave in archives.
func ignored(name string) bool {
	base := path.Base(name)
	return strings.HasPrefix(name, "__MACOSX/") || strings.Contains(name, "/__MACOSX/") || strings.EqualFold(base, ".DS_Store") ||
		strings.EqualFold(base, "Thumbs.db")
}

func (a *Archive) warn(field, message string) {
	a.Warnings = append(a.Warnings, segur.Detail{Field: field, Severity: "warning", Message: message})
}

// set reads one METADATA.XML and finds its documents.
func (a *Archive) set(f *zip.File, l Limits) (*Set, error) {
	field := fmt.Sprintf("sets[%d]", len(a.Sets))
	bad := func(kind segur.Kind, message string, err error) error {
		return refuse(kind, CodeBadMetadata, field, message, err)
	}
	if f.UncompressedSize64 > uint64(l.MaxMetadataBytes) { //nolint:gosec // positive by withDefaults
		return nil, bad(segur.KindTooLarge, fmt.Sprintf("%s has more than %d bytes", metadataName, l.MaxMetadataBytes), nil)
	}
	raw, err := readAll(f)
	if err != nil {
		return nil, bad(segur.KindProtocol, metadataName+" cannot be inflated", err)
	}
	raw = a.metadataForm(f.Name, raw, field)
	s, warnings, err := xds.ParseSubmission(raw)
	if err != nil {
		return nil, bad(segur.KindOf(err), metadataName+" cannot be read", err)
	}
	set := &Set{Folder: path.Dir(f.Name), Submission: s, Metadata: raw}
	if set.Folder == "." {
		set.Folder = ""
	}
	for _, w := range warnings {
		if w.Code == xds.WarningRootPrefix {
			a.repair(RepairRootPrefix, field, "the prefix of the root element is not declared")
			continue
		}
		w.Field = strings.TrimSuffix(field+"."+w.Field, ".")
		a.Warnings = append(a.Warnings, w)
	}
	if len(s.Entries) == 0 {
		return nil, bad(segur.KindProtocol, metadataName+" names no document", nil)
	}
	documents := len(s.Entries)
	for _, before := range a.Sets {
		documents += len(before.Documents)
	}
	if documents > l.MaxFiles { // many entries may name one file
		return nil, refuse(segur.KindTooLarge, CodeTooManyFiles, field, fmt.Sprintf("the metadata name more than %d documents", l.MaxFiles), nil)
	}
	used := map[string]bool{}
	for i := range s.Entries {
		d := Received{Entry: s.Entries[i], Action: action(&s.Entries[i], &s.Set)}
		at := fmt.Sprintf("%s.entries[%d]", field, i)
		if d.Action == File && d.Entry.Replaces != "" {
			d.Action = Change
		}
		switch d.Action {
		case File, Change, Delete:
		default:
			a.warn(at+".action", "asks for an action that is neither C nor D")
		}
		d.file, err = a.find(set.Folder, d.Entry.URI, at)
		if err != nil {
			return nil, err
		}
		d.Path = d.file.Name
		if used[d.Path] {
			a.warn(at, "two entries name one file")
		}
		used[d.Path] = true
		set.Documents = append(set.Documents, d)
	}
	return set, nil
}

// metadataForm notes in what form METADATA.XML came, and returns it in UTF-8.
func (a *Archive) metadataForm(name string, raw []byte, field string) []byte {
	dir, base := path.Split(name)
	if base != metadataName {
		a.repair(RepairNameCase, field, metadataName+" is named in another case")
	}
	if parts := strings.Split(strings.TrimSuffix(dir, "/"), "/"); len(parts) != 2 || !strings.EqualFold(parts[0], "IHE_XDM") {
		a.repair(RepairLayout, field, metadataName+" is not in a folder of IHE_XDM at the root of the archive")
	}
	if bytes.HasPrefix(raw, []byte("\xef\xbb\xbf")) {
		a.repair(RepairByteOrderMark, field, metadataName+" starts with a byte order mark")
	}
	raw, recoded := toUTF8(raw)
	if recoded {
		a.repair(RepairEncoding, field, metadataName+" is not in UTF-8")
	}
	s := xmlr.NewScanner(raw, xmlr.Options{UndeclaredPrefixes: true})
	for s.Next() {
		if s.Kind() == xmlr.StartElement {
			if string(s.Local()) != "SubmitObjectsRequest" {
				a.repair(RepairWrapper, field, "the root of "+metadataName+" is not SubmitObjectsRequest")
			}
			break
		}
	}
	return raw
}

// find looks for the file of a document: beside METADATA.XML, then from the
// folder above, as DRIM-M exports have it, then from the root; in the exact
// case, then in any.
func (a *Archive) find(dir, uri, field string) (*zip.File, error) {
	// Some systems write a Windows path here; it is a name to look up, nothing
	// is ever written to it.
	given := uri
	uri = strings.TrimPrefix(strings.ReplaceAll(strings.TrimSpace(uri), `\`, "/"), "./")
	if uri != "" && uri != given {
		a.repair(RepairSeparator, field+".uri", "is written with backslashes, blanks or a leading ./")
	}
	if uri == "" {
		return nil, refuse(segur.KindProtocol, CodeNoDocument, field+".uri", "the metadata name no file", nil)
	}
	if rule := unsafePath(uri); rule != "" {
		return nil, refuse(segur.KindProtocol, CodeUnsafePath, field+".uri", rule, nil)
	}
	bases := []string{dir}
	if dir != "" {
		parent := path.Dir(dir)
		if parent == "." {
			parent = ""
		}
		bases = append(bases, parent)
		if parent != "" {
			bases = append(bases, "")
		}
	}
	for i, base := range bases {
		want := path.Join(base, uri)
		f := a.files[want]
		if f == nil {
			for name, other := range a.files { // names are unique whatever the case
				if strings.EqualFold(name, want) {
					f = other
					a.repair(RepairNameCase, field+".uri", "the file is named in another case")
				}
			}
		}
		if f != nil {
			if i > 0 {
				a.repair(RepairFolder, field+".uri", "the file is not below the folder of "+metadataName)
			}
			return f, nil
		}
	}
	return nil, refuse(segur.KindProtocol, CodeNoDocument, field+".uri", "the file is not in the archive", nil)
}

// action reads the extra attribute whose name ends with "action", on the entry
// or on its set.
func action(e *xds.DocumentEntry, s *xds.SubmissionSet) Action {
	for _, slots := range [][]xds.Slot{e.Extra, s.Extra} {
		for _, slot := range slots {
			name := slot.Name[strings.LastIndexByte(slot.Name, ':')+1:]
			if strings.EqualFold(strings.TrimSpace(name), "action") && len(slot.Values) > 0 {
				return Action(strings.ToUpper(strings.TrimSpace(slot.Values[0])))
			}
		}
	}
	return File
}

// onePatient refuses documents of several patients in one archive. A set that
// names another patient than its documents is a warning: official samples do.
func (a *Archive) onePatient() error {
	var first *xds.PatientID
	for i := range a.Sets {
		s := &a.Sets[i].Submission
		for j := range s.Entries {
			e := &s.Entries[j]
			if e.IsSignature() {
				continue
			}
			if first == nil {
				first = &e.PatientID
			} else if !first.Same(e.PatientID) {
				return refuse(segur.KindProtocol, CodeSeveralPatients, fmt.Sprintf("sets[%d].entries[%d].patientID", i, j),
					"is another patient than in the first document", nil)
			}
			if !s.Set.PatientID.Same(e.PatientID) {
				a.warn(fmt.Sprintf("sets[%d].patientID", i), "the submission set names another patient than its documents")
			}
		}
	}
	return nil
}

// String returns a redacted form.
func (a *Archive) String() string {
	return fmt.Sprintf("Archive(%d sets, %d repairs, %d warnings, redacted)", len(a.Sets), len(a.Repairs), len(a.Warnings))
}

// Format writes the redacted form whatever the verb.
func (a *Archive) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(a.String())) }

// LogValue makes slog write the redacted form.
func (a *Archive) LogValue() slog.Value { return slog.StringValue(a.String()) }

// String returns a redacted form.
func (s Set) String() string { return fmt.Sprintf("Set(%d documents, redacted)", len(s.Documents)) }

// Format writes the redacted form whatever the verb.
func (s Set) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// LogValue makes slog write the redacted form.
func (s Set) LogValue() slog.Value { return slog.StringValue(s.String()) }

// String returns a redacted form.
func (d Received) String() string { return "Received(redacted)" }

// Format writes the redacted form whatever the verb.
func (d Received) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(d.String())) }

// LogValue makes slog write the redacted form.
func (d Received) LogValue() slog.Value { return slog.StringValue(d.String()) }
