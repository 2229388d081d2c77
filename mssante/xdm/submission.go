package xdm

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
)

const (
	maxSubsets   = 99     // two digits in SUBSET01
	maxDocuments = 99_999 // five digits in DOC00001
	maxContent   = 1<<32 - 1
)

// digest fills hash and size of an entry from its content.
type digest func(e *xds.DocumentEntry, c segur.Content) error

// submissions completes the metadata of every subset and checks them.
func (p *Package) submissions(o Options, now time.Time, hash digest) (*Packed, error) {
	var problems segur.Problems
	if readable := p.check(&problems, o); !readable {
		return nil, problems.Err(opPack)
	}
	out := &Packed{}
	unique := map[string]bool{}
	for i := range p.Subsets {
		s, err := p.Subsets[i].submission(o, now, hash)
		if err != nil {
			return nil, err
		}
		prefix := fmt.Sprintf("subsets[%d].", i)
		warnings, err := s.Validate(xds.Rules{Profile: xds.XDM, AllowUnknownCodes: o.AllowUnknownCodes})
		for _, w := range warnings {
			w.Field = prefix + inPackage(w.Field)
			out.Warnings = append(out.Warnings, w)
		}
		problems.Merge("", relocated(err, prefix))
		for j := range s.Entries {
			e := &s.Entries[j]
			at := fmt.Sprintf("%sdocuments[%d].entry.", prefix, j)
			if i > 0 && !e.PatientID.Same(out.Submissions[0].Set.PatientID) {
				problems.Add(at+"patientID", "must be the patient of the first subset: one archive is of one patient")
			}
			if i > 0 && unique[e.UniqueID] {
				problems.Add(at+"uniqueID", "is used twice in the archive")
			}
			unique[e.UniqueID] = true
		}
		out.Submissions = append(out.Submissions, s)
	}
	if err := problems.Err(opPack); err != nil {
		return nil, err
	}
	for i := range out.Submissions {
		if err := out.Submissions[i].Identify(o.IDs); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// submission completes the metadata of one subset.
func (p *Subset) submission(o Options, now time.Time, hash digest) (xds.Submission, error) {
	s := xds.Submission{Set: p.Set}
	for i, d := range p.Documents {
		e := d.Entry
		e.ID, e.LogicalID, e.Version, e.Status, e.RepositoryID = "", "", "", "", ""
		e.URI = fileName(i+1, e.MimeType)
		if err := hash(&e, d.Content); err != nil {
			return s, err
		}
		if d.Action != File {
			e.Extra = append(append([]xds.Slot(nil), e.Extra...), xds.Slot{Name: o.ActionSlot, Values: []string{string(d.Action)}})
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
	return s, nil
}

// relocated turns the field paths of a submission into those of a package.
func relocated(err error, prefix string) error {
	var e *segur.Error
	if !errors.As(err, &e) {
		return err
	}
	out := *e
	out.Op, out.Details = opPack, nil
	for _, d := range e.Details {
		d.Field = prefix + inPackage(d.Field)
		out.Details = append(out.Details, d)
	}
	return &out
}

// inPackage makes "documents[0].entry.title" of "entries[0].title".
func inPackage(field string) string {
	if rest, ok := strings.CutPrefix(field, "entries"); ok {
		return "documents" + strings.Replace(rest, "].", "].entry.", 1)
	}
	return field
}

// check reports whether the documents can be read at all.
func (p *Package) check(problems *segur.Problems, o Options) (readable bool) {
	readable = len(p.Subsets) > 0 && len(p.Subsets) <= maxSubsets
	if !readable {
		problems.Addf("subsets", "at least one is required, at most %d are possible", maxSubsets)
	}
	sets := map[string]bool{"": true}
	for i := range p.Subsets {
		prefix, id := fmt.Sprintf("subsets[%d].", i), p.Subsets[i].Set.UniqueID
		readable = p.Subsets[i].check(prefix, problems) && readable
		if sets[id] && id != "" {
			problems.Add(prefix+"set.uniqueID", "is used twice in the archive")
		}
		sets[id] = true
	}
	if !strings.HasPrefix(o.ActionSlot, "urn:") || strings.HasPrefix(o.ActionSlot, "urn:ihe:") {
		problems.Add("actionSlot", "must start with urn: and not with urn:ihe:")
	}
	problems.Require("sender.name", p.Sender.Name)
	problems.Require("sender.application", p.Sender.Application)
	return readable
}

func (p *Subset) check(prefix string, problems *segur.Problems) (readable bool) {
	readable = len(p.Documents) > 0 && len(p.Documents) <= maxDocuments
	if !readable {
		problems.Addf(prefix+"documents", "at least one is required, at most %d are possible", maxDocuments)
	}
	for i, d := range p.Documents {
		at := fmt.Sprintf("%sdocuments[%d]", prefix, i)
		switch {
		case d.Content == nil:
			problems.Add(at+".content", "is required")
			readable = false
		case d.Content.Size() >= maxContent:
			problems.Add(at+".content", "must be smaller than 4 GiB: the archive has no 64-bit form")
			readable = false
		}
		if d.Entry.IsSignature() {
			problems.Add(at+".entry", "the signature of a submission set is not sent by mail")
		}
		switch d.Action {
		case File, Change, Delete:
		default:
			problems.Add(at+".action", "must be File, Change or Delete")
		}
	}
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
