package kos

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
)

// titles are the meanings of the titles that the package knows.
var titles = map[string]string{
	TitleManifest: "Manifest", TitleOfInterest: "Of Interest",
	TitleRejectedQuality: "Rejected for Quality Reasons", TitleRejectedSafety: "Rejected for Patient Safety Reasons",
	TitleRejectedWorklist: "Incorrect Modality Worklist Entry", TitleRejectedExpired: "Data Retention Policy Expired",
}

// Title is the code of one of the titles Title….
func Title(code string) segur.Code {
	return segur.Code{Code: code, System: dcm, SystemName: "DCM", Display: titles[code]}
}

// NoteContext is what a note says beside the instances.
type NoteContext struct {
	// Manufacturer is the product that makes the note. Required.
	Manufacturer string
	// PatientName is a DICOM PN, Sex that of the patient. Optional.
	PatientName string
	Sex         segur.Sex
	// Description is the text of the note. Optional.
	Description string
	// UIDRoot, Clock, Location and IDs are as in [Context].
	UIDRoot  segur.OID
	Clock    func() time.Time
	Location *time.Location
	IDs      segur.IDSource
}

// NewNote makes a note on instances of one study: a rejection note (IHE IOCM) when
// title is one of TitleRejected…, else a key image note. The patient and the study
// are those of the rows.
func NewNote(c NoteContext, title string, rows []Row) (*Note, error) {
	const op = "kos.NewNote"
	var f faults
	if strings.TrimSpace(c.Manufacturer) == "" {
		f.add(CodeField, "manufacturer", "is required")
	}
	if titles[title] == "" || title == TitleManifest {
		f.add(CodeField, "title", "must be one of the titles of the package, and not that of a manifest")
	}
	rows = slices.Clone(rows)
	for i := range rows {
		rows[i].Document = nil // a note may name notes
	}
	b := &builder{faults: &f, m: &Manifest{}}
	b.rows(rows, nil)
	if err := f.err(op); err != nil {
		return nil, err
	}
	a := b.m.Archive
	n := &Note{SeriesNumber: 1, Number: 1, Title: Title(title), Manufacturer: c.Manufacturer, Study: b.m.Study,
		PatientID: a.PatientID, Issuer: a.Issuer, PatientName: c.PatientName, BirthDate: a.BirthDate, Sex: c.Sex, Description: c.Description}
	if len(a.Accessions) == 1 {
		n.Accession = a.Accessions[0]
	}
	clean := cleaner{warnings: &b.warnings}
	clean.text(&n.Manufacturer, "manufacturer", 64)
	clean.text(&n.Study.Description, "study.description", 64)
	for _, s := range []*string{&n.PatientName, &n.Study.ReferringPhysician, &n.Study.ID, &n.Accession, &n.PatientID, &n.Issuer} {
		clean.characters(s, "")
	}
	for ref, i := range b.m.All() {
		n.References = append(n.References, Reference{Ref: ref, SOPClass: i.SOPClass})
	}
	b.IDs, b.UIDRoot, b.Clock, b.Location = c.IDs, c.UIDRoot, c.Clock, c.Location
	if err := b.identify(nil); err != nil {
		return nil, err
	}
	n.UID, n.SeriesUID, n.Created = b.m.UID, b.m.SeriesUID, b.m.Created
	return n, nil
}

// Dataset gives the attributes of the note, in the form in which [Note.Encode]
// writes them.
func (n *Note) Dataset() (*dicomweb.Dataset, error) {
	if err := n.check(); err != nil {
		return nil, err
	}
	charset := "ISO_IR 100"
	for _, s := range []string{n.PatientID, n.Issuer, n.PatientName, n.Accession, n.Study.ID, n.Study.Description, n.Study.ReferringPhysician,
		n.Description, n.Title.Display, n.Manufacturer} {
		if !isLatin1(s) {
			charset = "ISO_IR 192"
		}
	}
	day, clock := n.Created.Time.Format("20060102"), n.Created.Time.Format("150405")
	birth := ""
	if n.BirthDate.Complete() {
		birth = n.BirthDate.Compact()
	}
	d := dicomweb.NewDataset(
		element(dicomweb.TagSpecificCharacterSet, dicomweb.CS, charset),
		element(dicomweb.TagSOPClassUID, dicomweb.UI, SOPClass), element(dicomweb.TagSOPInstanceUID, dicomweb.UI, n.UID),
		element(dicomweb.TagStudyDate, dicomweb.DA, n.Study.Date.Compact()), element(tagContentDate, dicomweb.DA, day),
		element(dicomweb.TagStudyTime, dicomweb.TM, n.Study.Time), element(tagContentTime, dicomweb.TM, clock),
		element(dicomweb.TagAccessionNumber, dicomweb.SH, n.Accession), element(dicomweb.TagModality, dicomweb.CS, "KO"),
		element(tagManufacturer, dicomweb.LO, n.Manufacturer), element(dicomweb.TagReferringPhysician, dicomweb.PN, n.Study.ReferringPhysician),
		element(tagZone, dicomweb.SH, n.Created.Time.Format("-0700")), element(dicomweb.TagStudyDescription, dicomweb.LO, n.Study.Description),
		dicomweb.Sequence(tagProcedureStep),
		element(dicomweb.TagPatientName, dicomweb.PN, n.PatientName), element(dicomweb.TagPatientID, dicomweb.LO, n.PatientID),
		element(dicomweb.TagPatientBirthDate, dicomweb.DA, birth),
		element(dicomweb.TagPatientSex, dicomweb.CS, string(n.Sex)),
		element(dicomweb.TagStudyInstanceUID, dicomweb.UI, n.Study.UID), element(dicomweb.TagSeriesInstanceUID, dicomweb.UI, n.SeriesUID),
		element(dicomweb.TagStudyID, dicomweb.SH, n.Study.ID), number(dicomweb.TagSeriesNumber, n.SeriesNumber),
		number(dicomweb.TagInstanceNumber, n.Number),
		element(tagValueType, dicomweb.CS, "CONTAINER"), code(tagConceptName, n.Title.Code, scheme(n.Title), n.Title.Display),
		element(tagContinuity, dicomweb.CS, "SEPARATE"), n.evidence(), template(), n.content(),
	)
	if n.Issuer != "" {
		d.Set(element(dicomweb.TagIssuerOfPatientID, dicomweb.LO, n.Issuer))
	}
	return d, nil
}

// evidence writes the instances by study and series, in the order in which these
// come first.
func (n *Note) evidence() dicomweb.Element {
	var studies []string
	series := map[string][]string{}
	instances := map[dicomweb.Ref][]*dicomweb.Dataset{}
	for _, r := range n.References {
		place := dicomweb.Ref{Study: r.Study, Series: r.Series}
		if _, ok := series[r.Study]; !ok {
			studies = append(studies, r.Study)
		}
		if _, ok := instances[place]; !ok {
			series[r.Study] = append(series[r.Study], r.Series)
		}
		instances[place] = append(instances[place], dicomweb.NewDataset(reference(r.SOPClass, r.Instance)...))
	}
	items := make([]*dicomweb.Dataset, len(studies))
	for i, study := range studies {
		list := make([]*dicomweb.Dataset, len(series[study]))
		for j, uid := range series[study] {
			list[j] = dicomweb.NewDataset(
				dicomweb.Sequence(dicomweb.TagReferencedSOPSequence, instances[dicomweb.Ref{Study: study, Series: uid}]...),
				element(dicomweb.TagSeriesInstanceUID, dicomweb.UI, uid))
		}
		items[i] = dicomweb.NewDataset(dicomweb.Sequence(tagReferencedSeries, list...), element(dicomweb.TagStudyInstanceUID, dicomweb.UI, study))
	}
	return dicomweb.Sequence(tagEvidence, items...)
}

// content writes the tree as TID 2010 has it, the text first.
func (n *Note) content() dicomweb.Element {
	items := make([]*dicomweb.Dataset, 0, len(n.References)+1)
	if n.Description != "" {
		items = append(items, textItem(n.Description))
	}
	for _, r := range n.References {
		items = append(items, contains(r.SOPClass, r.Instance))
	}
	return dicomweb.Sequence(tagContent, items...)
}

// check names what a note must have to be written.
func (n *Note) check() error {
	var f faults
	uid := func(field, value string) {
		if !dicomweb.ValidUID(value) {
			f.add(CodeBadUID, field, uidRule)
		}
	}
	uid("uid", n.UID)
	uid("seriesUID", n.SeriesUID)
	uid("study.uid", n.Study.UID)
	if n.Created.IsZero() {
		f.add(CodeField, "created", "is required")
	}
	if n.Title.Code == "" || scheme(n.Title) == "" {
		f.add(CodeField, "title", "is required, with its scheme")
	}
	if len(n.References) == 0 {
		f.add(CodeEmptyStudy, "references", "are none")
	}
	for i, r := range n.References {
		for _, u := range []struct{ field, value string }{{"study", r.Study}, {"series", r.Series}, {"instance", r.Instance}, {"sopClass", r.SOPClass}} {
			if !dicomweb.ValidUID(u.value) {
				uid(fmt.Sprintf("references[%d].%s", i, u.field), u.value)
			}
		}
	}
	return f.err("kos.Encode")
}

// Encode writes the note as a Part 10 file: Explicit VR Little Endian, in Latin-1
// when every text fits and in UTF-8 when one does not.
func (n *Note) Encode() ([]byte, error) {
	d, err := n.Dataset()
	if err != nil {
		return nil, err
	}
	return write(d, "")
}
