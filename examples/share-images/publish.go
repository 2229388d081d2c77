package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/drim"
	"github.com/segur-sdk/segur/dicomweb/kos"
	"github.com/segur-sdk/segur/dmp/xds"
)

// publish stores the study of an exam, publishes its report, and lets the
// DRIMbox publish the manifest.
func (t *tour) publish(ctx context.Context) (err error) {
	t.title("site A publishes an exam")
	if t.exam, err = t.openExam("ACC-0042"); err != nil {
		return err
	}
	stored, err := t.a.pacs.Store(ctx, dicomweb.StoreRequest{Study: string(t.exam.study), Instances: t.exam.images})
	if err != nil {
		return err
	}
	t.line("PACS A", "%d images of study %s stored", len(stored.Instances), brief(t.exam.study))
	if t.exam.report, t.link, err = t.a.ris.write(t.exam, "Examen sans anomalie décelable."); err != nil {
		return err
	}
	if err := t.a.ris.publish(ctx, t.exam.report, nil); err != nil {
		return err
	}
	t.line("report", "%s published in the record by the RIS", brief(t.exam.report.ID()))
	return t.tell(ctx, reportMessage{order: "NW", status: "F", flags: map[string]string{"DESTDMP": "Y"}})
}

// correct publishes the next version of the report.
func (t *tour) correct(ctx context.Context) error {
	t.title("site A corrects the report")
	previous := t.exam.report
	if err := t.rewrite(ctx, "Examen sans anomalie décelable. Correction : micronodule de 3 mm du lobe moyen."); err != nil {
		return err
	}
	if err := t.tell(ctx, reportMessage{order: "RO", status: "C", replaces: previous, flags: map[string]string{"DESTDMP": "Y"}}); err != nil {
		return err
	}
	return t.consultAgain(ctx)
}

// rewrite writes the next version of the report and replaces the one before.
func (t *tour) rewrite(ctx context.Context, conclusion string, visibility ...xds.Visibility) (err error) {
	previous := t.exam.report
	if t.exam.report, t.link, err = t.a.ris.write(t.exam, conclusion); err != nil {
		return err
	}
	if err := t.a.ris.publish(ctx, t.exam.report, previous, visibility...); err != nil {
		return err
	}
	t.line("report", "%s replaces the one before in the record", brief(t.exam.report.ID()))
	return nil
}

// reject takes an image out by a rejection note (IHE IOCM), as the PACS sends one
// when an image turns out to be unusable. The PACS goes on listing it.
func (t *tour) reject(ctx context.Context) error {
	t.title("site A rejects an image")
	rows, err := t.a.rows(ctx, t.exam)
	if err != nil {
		return err
	}
	note, err := kos.NewNote(kos.NoteContext{Manufacturer: "SEGUR SDK EXAMPLE", UIDRoot: oidRoot, IDs: t.ids, Description: "Image mobile"},
		kos.TitleRejectedQuality, rows[len(rows)-1:])
	if err != nil {
		return err
	}
	outcome, err := t.a.source.ImagesRejected(ctx, note)
	if err != nil {
		return err
	}
	t.line("IOCM", "rejection note %s %s; %s", note.Title.Code, note.Title.Display, state(outcome.Studies[0]))
	if err := t.version(ctx, nil); err != nil {
		return err
	}
	return t.consultAgain(ctx)
}

// remove deletes another image in the PACS, which tells it by OMI^O23.
func (t *tour) remove(ctx context.Context) error {
	t.title("site A deletes an image")
	rows, err := t.a.rows(ctx, t.exam)
	if err != nil {
		return err
	}
	if err := t.a.pacs.Delete(ctx, dicomweb.Ref{Study: rows[0].Study.UID, Series: rows[0].SeriesUID, Instance: rows[0].UID}); err != nil {
		return err
	}
	t.line("PACS A", "one image deleted")
	id, sent := t.sent()
	message := omi(id, sent, t.exam, "NW")
	if err := t.deliver(ctx, "OMI^O23", message); err != nil {
		return err
	}
	if err := t.version(ctx, []byte(message)); err != nil {
		return err
	}
	return t.consultAgain(ctx)
}

// hide publishes a version of the report that other professionals do not see; the
// manifest follows.
func (t *tour) hide(ctx context.Context) error {
	t.title("site A hides the exam")
	if err := t.rewrite(ctx, "Examen masqué aux professionnels à la demande du patient.", xds.HiddenFromProfessionals); err != nil {
		return err
	}
	err := t.tell(ctx, reportMessage{order: "RO", status: "C", flags: map[string]string{"DESTDMP": "Y", "MASQUE_PS": "Y", "MODIF_CONF_CODE": "Y"}})
	if err != nil {
		return err
	}
	return t.consultAgain(ctx)
}

// withdraw deletes the report, and with it the manifest.
func (t *tour) withdraw(ctx context.Context) error {
	t.title("site A withdraws the exam")
	if err := t.a.ris.withdraw(ctx, t.exam.report); err != nil {
		return err
	}
	t.line("report", "deleted from the record by the RIS")
	id, sent := t.sent()
	message, err := reportMessage{order: "CA", status: "D", report: t.exam.report, flags: map[string]string{"DESTDMP": "Y"}}.text(id, sent, t.exam)
	if err != nil {
		return err
	}
	if err := t.deliver(ctx, "ORU^R01", message); err != nil {
		return err
	}
	if err := t.link.Check(ctx, drim.ArchiveViewer{Archive: t.a.archive}); err == nil {
		return errors.New("the viewer of site A opens an exam that was withdrawn")
	}
	t.line("viewer link", "opens no more")
	return t.consultAgain(ctx)
}

// tell sends the message of the present report, and keeps the version of the
// manifest that it leads to.
func (t *tour) tell(ctx context.Context, m reportMessage) error {
	id, sent := t.sent()
	m.report = t.exam.report
	message, err := m.text(id, sent, t.exam)
	if err != nil {
		return err
	}
	kind := "ORU^R01"
	if m.replaces != nil {
		kind = "MDM^T10"
	}
	if err := t.deliver(ctx, kind, message); err != nil {
		return err
	}
	return t.version(ctx, []byte(message))
}

// deliver sends a message to the DRIMbox and shows what became of it.
func (t *tour) deliver(ctx context.Context, kind, message string) error {
	ack, code, err := t.send(ctx, t.a.hl7, message)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("hl7/%02d-%s", t.messages, strings.ReplaceAll(kind, "^", "_"))
	if err := firstOf(t.keep(name+".hl7", []byte(message)), t.keep(name+".ack.hl7", []byte(ack))); err != nil {
		return err
	}
	if code != "AA" {
		return &segur.Error{Op: "share-images", Kind: segur.KindRefused, Code: code, Message: "the DRIMbox did not take the message"}
	}
	outcome := t.a.lastOutcome()
	for _, s := range outcome.Studies {
		t.line("HL7 "+kind, "%s; %s", code, state(s))
	}
	return nil
}

// rows are the images of an exam in the PACS of site A.
func (a *siteA) rows(ctx context.Context, e *exam) ([]kos.Row, error) {
	q := dicomweb.Query{Study: string(e.study), Include: kos.Attributes()}
	return kos.FromRows(a.pacs.SearchInstances(ctx, q))
}

// version shows the manifest that the record has now, and keeps it with its
// cross-check.
func (t *tour) version(ctx context.Context, message []byte) error {
	a, err := t.a.archive.Load(ctx, string(t.exam.study))
	if err != nil {
		return err
	}
	if a.Published == nil {
		return errors.New("nothing is published")
	}
	m, err := a.Published.Manifest()
	if err != nil {
		return err
	}
	t.line("manifest", "version %d, %s: %d images", m.Number, brief(m.UID), m.Len())
	checked, err := t.crossCheck(ctx, a, m, message)
	if err != nil {
		return err
	}
	t.line("cross-check", "%d rules passed, %d warn, %d failed, %d have nothing to compare", len(checked.With(drim.Passed)),
		len(checked.With(drim.Warned)), len(checked.With(drim.Failed)), len(checked.With(drim.NotChecked)))
	if err := t.link.Check(ctx, drim.ArchiveViewer{Archive: t.a.archive}); err != nil {
		return err
	}
	var report strings.Builder
	if err := checked.Print(&report, segur.FR, true); err != nil {
		return err
	}
	folder := fmt.Sprintf("v%d/", m.Number)
	return firstOf(t.keep(folder+"kos.dcm", a.Published.KOS), t.keep(folder+"metadata.xml", a.Published.Metadata),
		t.keep(folder+"crosscheck.txt", []byte(report.String())))
}

// crossCheck compares all that site A has of the exam: the report, the manifest
// and its bytes, the metadata, the message, the images, the white list.
func (t *tour) crossCheck(ctx context.Context, a *drim.ArchivedStudy, m *kos.Manifest, message []byte) (*drim.CheckReport, error) {
	header := t.exam.report.Header()
	rows, err := t.a.rows(ctx, t.exam)
	if err != nil {
		return nil, err
	}
	rejected := a.Images.Rejected
	shared := rows[:0]
	for _, r := range rows {
		if rejected[r.UID] == "" {
			shared = append(shared, r)
		}
	}
	lot, _, err := xds.ParseSubmission(a.Published.Metadata)
	if err != nil {
		return nil, err
	}
	ins, err := a.Published.INS()
	if err != nil {
		return nil, err
	}
	o := drim.Objects{Report: &header, Manifest: m, File: a.Published.KOS, RequestedUID: m.UID, Entry: lot.Entry(m.UID),
		AssertionPatient: xds.INSPatientID(ins), Images: shared, Guard: t.a.list.Guard()}
	if message != nil {
		parsed, err := drim.ParseMessage(message)
		if err != nil {
			return nil, err
		}
		o.Message, _ = parsed.(*drim.ReportMessage)
		o.Change, _ = parsed.(*drim.ImageChange)
	}
	return drim.CrossCheck(o), nil
}
