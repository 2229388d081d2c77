package drim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/kos"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/internal/hl7"
)

// maxNote bounds a key object selection document of the image archive.
const maxNote = 16 << 20

// reportOf is a report of the archive, read.
type reportOf struct {
	header segur.DocumentHeader
	ins    segur.INS
}

func (s *Source) basis(want *ArchivedReport) (reportOf, error) {
	h, err := s.cfg.ReadReport(bytes.NewReader(want.Basis.CDA))
	if err != nil {
		return reportOf{}, &segur.Error{Op: opSource, Kind: segur.KindInvalidInput, Code: CodeNoReport, Message: "the report of the archive cannot be read", Help: helpOf(CodeNoReport), Err: err}
	}
	ins, ok := insOf(h)
	if !ok {
		return reportOf{}, sourceError(opSource, segur.KindInvalidInput, CodeNotQualified, "the report of the archive holds no INS that is valid")
	}
	return reportOf{h, ins}, nil
}

// publish makes the manifest, fixes what is sent, writes it down, and sends it.
func (s *Source) publish(ctx context.Context, a *ArchivedStudy, want *ArchivedReport, b reportOf, live *Publication) error {
	m, rows, err := s.manifest(ctx, a, want, b, live)
	var e *segur.Error
	if errors.As(err, &e) && e.Code == CodeNotInPACS && a.Published != nil && a.Published.Generation < a.Images.Generation {
		// A change of the images said so: the manifest dies with them.
		a.Images.EmptyAt = a.Images.Generation
		return s.save(ctx, a)
	}
	if err != nil {
		return err
	}
	actor := want.Basis.Actor
	if live != nil && live.Digest == a.digest(want) {
		actor = archived(live.Actor)
		if before, err := live.Manifest(); err == nil && kos.Compare(before, m).IsZero() {
			live.Generation, live.PatientID = a.Images.Generation, patientID(m, live)
			return s.save(ctx, a)
		}
	}
	file, err := m.Encode()
	if err != nil {
		return err
	}
	content := segur.BytesContent(file)
	entry := s.entry(m, a.visibility(), b.header)
	if err := entry.Digest(content); err != nil {
		return err
	}
	o := Objects{Report: &b.header, Manifest: m, File: file, Entry: &entry, AssertionPatient: xds.INSPatientID(b.ins), Images: rows,
		Structures: s.structures(actor)}
	if err := s.coherent(opSource, o, PublicationRules()...); err != nil {
		return err
	}
	r, err := s.record(ctx, actor)
	if err != nil {
		return err
	}
	lot := xds.ManifestLot{Entry: entry, Content: content,
		Patient: segur.Patient{INS: b.ins, Status: segur.Qualified, Traits: b.header.Patient, LocalIDs: localIdentifiers(b.header.PatientIDs)}}
	if live != nil {
		lot.Replaces = live.UID
	}
	sealed, err := r.Seal(ctx, lot)
	if err != nil {
		if lot.Replaces != "" && segur.KindOf(err) == segur.KindNotFound {
			return &segur.Error{Op: opSource, Kind: segur.KindConflict, Code: CodePreviousGone, Message: "the record does not have the manifest to replace", Help: helpOf(CodePreviousGone), Err: err}
		}
		return err
	}
	a.Attempt = &Publication{UID: m.UID, Number: m.Number, KOS: file, Metadata: sealed.Metadata, Sealed: sealed.Stored,
		Matricule: b.ins.Matricule(), Authority: b.ins.Authority(), PatientID: patientID(m, live), ReportID: xds.UniqueID(b.header.ID), Digest: a.digest(want),
		Generation: a.Images.Generation, Actor: actor, Replaces: lot.Replaces, At: s.cfg.Clock()}
	if err := s.save(ctx, a); err != nil {
		a.Attempt = nil // it did not leave
		return err
	}
	receipt, err := r.Send(ctx, sealed.Stored, false)
	switch {
	case err == nil:
		return s.published(ctx, a, receipt.SubmissionSetID)
	case definite(err):
		a.Attempt = nil
		if failed := s.save(ctx, a); failed != nil {
			return failed
		}
	}
	return err
}

// patientID is the local number of the patient in the images of a manifest; in
// those of the one before when the image archive was not asked.
func patientID(m *kos.Manifest, live *Publication) string {
	if id := strings.TrimSpace(m.Archive.PatientID); id != "" || live == nil {
		return id
	}
	return live.PatientID
}

// entry is the metadata of a manifest that is hidden from these.
func (s *Source) entry(m *kos.Manifest, hidden []xds.Visibility, h segur.DocumentHeader) xds.DocumentEntry {
	o := s.cfg.Entry
	o.Visibility = slices.Clone(o.Visibility)
	for _, v := range hidden {
		if !slices.Contains(o.Visibility, v) {
			o.Visibility = append(o.Visibility, v)
		}
	}
	var modalities []string
	for _, modality := range m.Modalities() {
		if kos.Acquisition(modality) {
			modalities = append(modalities, modality)
		}
	}
	k := xds.KOS{UniqueID: segur.OID(m.UID), Created: m.Created, StudyUID: segur.OID(m.Study.UID), Modalities: modalities, Author: s.cfg.Device}
	return xds.DeriveKOSEntry(k, h, o)
}

// manifest makes the manifest of a study as its images and its report are.
func (s *Source) manifest(ctx context.Context, a *ArchivedStudy, want *ArchivedReport, b reportOf, live *Publication) (*kos.Manifest, []kos.Row, error) {
	var before *kos.Manifest
	if p := a.Published; p != nil && p.Matricule == b.ins.Matricule() && p.Authority == b.ins.Authority() {
		m, err := p.Manifest()
		if err != nil {
			return nil, nil, err
		}
		before = m
	}
	c := kos.Context{Environment: s.cfg.Environment, Report: b.header, Manufacturer: s.cfg.Manufacturer, RetrieveBase: s.cfg.RetrieveBase,
		RetrieveLocationUID: s.cfg.RetrieveLocationUID, UIDRoot: s.cfg.UIDRoot, Clock: s.cfg.Clock, IDs: s.cfg.IDs}
	if s.cfg.Manifest != nil {
		s.cfg.Manifest(&c)
	}
	alone := want.Basis.Flags.VisibilityChanged == Yes || live != nil && live.sameBasis(want)
	if live != nil && before != nil && alone && live.Generation == a.Images.Generation {
		if again, err := s.sameImages(before, b); err != nil || again != nil {
			if again != nil {
				again.Encoding = c.Encoding // which a document does not tell
			}
			return again, nil, err
		}
	}
	rows, err := s.rows(ctx, a)
	if err != nil {
		return nil, nil, err
	}
	var m *kos.Manifest
	if before != nil {
		m, err = before.Next(c, rows)
	} else {
		m, err = kos.Build(c, rows)
	}
	var e *segur.Error
	switch {
	case errors.As(err, &e) && onlyEmpty(e):
		return nil, nil, notInPACS()
	case err != nil:
		return nil, nil, err
	}
	return m, rows, s.checkImages(m, want.Basis, b.header)
}

// onlyEmpty: an empty study, and nothing else.
func onlyEmpty(e *segur.Error) bool {
	return e.Code == kos.CodeEmptyStudy && !slices.ContainsFunc(e.Details, func(d segur.Detail) bool {
		return d.Code != kos.CodeEmptyStudy && d.Code != kos.CodeOtherStudy
	})
}

func notInPACS() error {
	return sourceError(opSource, segur.KindNotFound, CodeNotInPACS, "the image archive has no image of the study")
}

// sameImages is the next version of a manifest of which nothing but the
// visibility changes: the image archive is not asked, so that hiding does not
// wait for it. Nil when the report says something else than the manifest.
func (s *Source) sameImages(before *kos.Manifest, b reportOf) (*kos.Manifest, error) {
	m := *before
	uid, err := s.cfg.IDs.OID(s.cfg.UIDRoot)
	if err != nil {
		return nil, asSegur(opSource, segur.KindUnavailable, "no identifier for the manifest", err)
	}
	m.UID, m.Number, m.Created, m.Warnings = string(uid), before.Number+1, segur.At(s.cfg.Clock().In(hl7.Paris())), nil
	h := b.header
	traits := h.Patient
	traits.BirthDateInterpreted = m.Patient.BirthDateInterpreted // which a document does not tell
	if m.INS != b.ins || m.Patient != traits {
		return nil, nil
	}
	for _, o := range m.Orders {
		if !slices.ContainsFunc(h.Orders, func(x segur.DocumentOrder) bool {
			return x.Accession.Root == o.Accession.Root && x.Accession.Extension == o.Accession.Extension
		}) {
			return nil, nil
		}
	}
	return &m, nil
}

// rows asks the image archive for the study, without the rejected instances.
func (s *Source) rows(ctx context.Context, a *ArchivedStudy) ([]kos.Row, error) {
	q := dicomweb.Query{Study: a.StudyUID, Include: kos.Attributes()}
	var parents []*dicomweb.Dataset
	for study, err := range s.cfg.PACS.SearchStudies(ctx, q) {
		if err != nil {
			return nil, pacsError(err)
		}
		parents = append(parents, study.Attributes)
	}
	if len(parents) == 0 {
		return nil, notInPACS()
	}
	for series, err := range s.cfg.PACS.SearchSeries(ctx, q) {
		if err != nil {
			return nil, pacsError(err)
		}
		parents = append(parents, series.Attributes)
	}
	rows, err := kos.FromRows(s.cfg.PACS.SearchInstances(ctx, q), parents...)
	if err != nil {
		return nil, pacsError(err)
	}
	if !s.cfg.KeepRejected {
		rows = slices.DeleteFunc(rows, func(r kos.Row) bool { return a.Images.Rejected[r.UID] != "" })
	}
	for i := range rows {
		if rows[i].SOPClass != kos.SOPClass {
			continue
		}
		if rows[i].Document, err = s.note(ctx, &rows[i]); err != nil {
			return nil, pacsError(err)
		}
	}
	if len(rows) == 0 {
		return nil, notInPACS()
	}
	return rows, nil
}

// notes is an image archive that gives key object selection documents, as
// [*dicomweb.Client] does: key images are then marked, and manifests and
// rejection notes left out.
type notes interface {
	RetrieveInstance(ctx context.Context, ref dicomweb.Ref, options ...dicomweb.RetrieveOptions) (*dicomweb.Instance, error)
}

func (s *Source) note(ctx context.Context, r *kos.Row) (*kos.Document, error) {
	pacs, ok := s.cfg.PACS.(notes)
	if !ok {
		return nil, nil
	}
	in, err := pacs.RetrieveInstance(ctx, dicomweb.Ref{Study: r.Study.UID, Series: r.SeriesUID, Instance: r.UID})
	if err != nil {
		return nil, err
	}
	defer func() { _ = in.Close() }()
	b, err := io.ReadAll(io.LimitReader(in, maxNote+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxNote {
		return nil, &segur.Error{Op: opSource, Kind: segur.KindTooLarge, Message: "a key object selection document of the study is too large"}
	}
	d, err := kos.ReadLocal(segur.BytesContent(b))
	if err != nil {
		return nil, nil //nolint:nilerr // what cannot be read is an object like another
	}
	return d, nil
}

// pacsError is the error of the image archive: whatever it is, to be tried
// again. An answer 404 is one: an empty list tells that a study is empty, and
// what is not found may be the address.
func pacsError(err error) error {
	e := asSegur(opSource, segur.KindUnavailable, "the image archive did not answer", err)
	if e.Kind == segur.KindNotFound {
		return &segur.Error{Op: opSource, Kind: segur.KindUnavailable, Status: e.Status, Message: "the image archive does not find what it was asked for", Err: err}
	}
	return e
}

// checkImages compares the images with the report: local number, date of birth,
// name and accession number (rules R10, R7, R3 and R12).
func (s *Source) checkImages(m *kos.Manifest, basis *ReportBasis, h segur.DocumentHeader) error {
	otherPatient := func(field, rule, message string) error {
		return sourceError(opSource, segur.KindConflict, CodeWrongPatient, "the images are those of another patient than the report",
			segur.Detail{Field: field, Code: rule, Message: message})
	}
	known := append(localIdentifiers(h.PatientIDs), basis.LocalIDs...)
	if id := strings.TrimSpace(m.Archive.PatientID); len(known) > 0 && !hasID(known, id) {
		return otherPatient("images.patientID", "R10", "is none of the local identifiers of the report")
	}
	if d := m.Archive.BirthDate; d.Complete() && h.Patient.BirthDate.Complete() && d != h.Patient.BirthDate {
		return otherPatient("images.birthDate", "R7", "is not that of the report")
	}
	// As the handler does for each image: what nobody would be given is not published.
	if slices.ContainsFunc(m.Archive.PatientNames, func(pn string) bool { return !sharesName(h.Patient, pn) }) {
		return otherPatient("images.patientName", "R3", "has no word in common with the names of the report")
	}
	var wrong []segur.Detail
	if len(m.Archive.Accessions) == 0 && !s.cfg.AllowNoAccession {
		wrong = append(wrong, segur.Detail{Field: "images.accessionNumber", Code: "R12", Message: "is missing (see AllowNoAccession)"})
	}
	for i, n := range m.Archive.Accessions {
		if !slices.ContainsFunc(h.Orders, func(o segur.DocumentOrder) bool { return strings.TrimSpace(o.Accession.Extension) == n }) {
			wrong = append(wrong, segur.Detail{Field: fmt.Sprintf("images.accessionNumber[%d]", i), Code: "R12", Message: "is none of the report"})
		}
	}
	if wrong != nil {
		return sourceError(opSource, segur.KindConflict, CodeWrongAccession, "the images are those of another order than the report", wrong...)
	}
	return nil
}

func hasID(ids []segur.Identifier, value string) bool {
	return slices.ContainsFunc(ids, func(id segur.Identifier) bool { return strings.TrimSpace(id.Extension) == value })
}
