package main

import (
	"context"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/cda/pdfa"
	"github.com/segur-sdk/segur/dicomweb/drim"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/xds"
)

// ris is the information system of site A. The report is its business: it writes
// it, publishes it in the record, and tells the DRIMbox of it.
type ris struct {
	writer *cda.Writer
	record *dmp.Client
	viewer string // the source's viewer, of which the report holds a link
	ids    segur.IDSource
}

func newRIS(w *world, viewer string) (*ris, error) {
	writer, err := cda.New(cda.Config{Environment: segur.Fake, OIDRoot: oidRoot, IDs: w.ids})
	if err != nil {
		return nil, err
	}
	cfg := w.record.Config() // INDIRECTE: the structure publishes
	cfg.OIDRoot = oidRoot
	w.watch(&cfg.ClientConfig)
	record, err := dmp.New(cfg)
	if err != nil {
		return nil, err
	}
	return &ris{writer: writer, record: record, viewer: viewer, ids: w.ids}, nil
}

// write makes the next version of the report of an exam: CDA R2 level 1, with the
// link of the viewer in its PDF.
func (r *ris) write(e *exam, conclusion string) (*cda.Document, drim.ViewerLink, error) {
	id, err := r.ids.OID(oidRoot)
	if err != nil {
		return nil, drim.ViewerLink{}, err
	}
	link := drim.NewViewerLink(e.study, e.accession, id)
	address, err := link.URL(r.viewer)
	if err != nil {
		return nil, link, err
	}
	pdf, err := pdfa.Build(pdfa.Report{
		ID: string(id), Created: e.start.Add(time.Hour), Title: "Scanner thoracique", Footer: "Document fictif",
		Sections: []pdfa.Section{{Heading: "Conclusion", Paragraphs: []string{conclusion}}, {Heading: "Images", Paragraphs: []string{address}}},
	})
	if err != nil {
		return nil, link, err
	}
	var modalities []segur.Code
	for _, m := range e.modality {
		modalities = append(modalities, segur.Code{Code: m})
	}
	report := cda.Report{
		Patient:            patient(),
		Authors:            []cda.Author{{Professional: radiologist()}},
		LegalAuthenticator: cda.Signature{Professional: radiologist()},
		Orders:             []cda.Order{{Placer: segur.Identifier{Root: "1.2.250.1.999.4", Extension: "D-2026-0007"}, Accession: e.accession}},
		Acts: []cda.Act{{StudyUID: e.study, Code: e.act, Modalities: modalities, Regions: []segur.Code{{Code: e.region}},
			Start: e.start, End: e.start.Add(20 * time.Minute)}},
		PracticeSetting: segur.Code{Code: "AMBULATOIRE"},
		PDF:             segur.BytesContent(pdf),
	}
	if e.report != nil {
		report = report.Replacing(e.report.Header())
	}
	report.ID = id
	d, err := r.writer.Level1(report)
	return d, link, err
}

// outpatient is the activity that the lots of this imaging centre come from, a
// code of JDV_J59: 07 is an external consultation, 03 a stay in hospital.
var outpatient = segur.Code{Code: "07"}

// publish puts a version of the report in the record; it replaces previous,
// which may be nil.
func (r *ris) publish(ctx context.Context, d, previous *cda.Document, visibility ...xds.Visibility) error {
	document := dmp.SubmissionDocument{Document: d, Visibility: visibility}
	if previous != nil {
		found, err := r.record.Lookup(ctx, patient().INS, string(previous.ID()))
		if err != nil {
			return err
		}
		document.Replaces = found
	}
	sealed, err := r.record.Prepare(ctx, dmp.Submission{Patient: patient(), Opposition: dmp.NotOpposed, // informed, and the file says so
		ContentType: outpatient, Documents: []dmp.SubmissionDocument{document}})
	if err != nil {
		return err
	}
	_, err = r.record.Submit(ctx, sealed)
	return err
}

// withdraw deletes the report from the record, once it was shown and confirmed.
func (r *ris) withdraw(ctx context.Context, d *cda.Document) error {
	deletion, err := r.record.PrepareDelete(ctx, dmp.DeleteRequest{Patient: patient(), UniqueID: string(d.ID())})
	if err != nil {
		return err
	}
	_, err = r.record.Delete(ctx, deletion)
	return err
}

// manifests gives the record in the name of who sent the report, or of who did
// last when images changed by themselves.
func (r *ris) manifests(_ context.Context, a drim.Actor) (drim.Record, error) {
	user, err := r.record.ForUser(a.Professional(), nil)
	if err != nil {
		return nil, err
	}
	if a.Secret {
		user = user.SecretConnection()
	}
	return user.Manifests(dmp.ManifestOptions{Opposition: dmp.NotOpposed, ContentType: outpatient}), nil
}
