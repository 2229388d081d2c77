package main

import (
	"context"
	"errors"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
	"github.com/segur-sdk/segur/dicomweb/drim"
)

// refusedBySource shows what site A does not publish. The message is kept, unless
// it contradicts itself: once a person has corrected the images or the report,
// the publication goes on.
func (t *tour) refusedBySource(ctx context.Context) error {
	t.title("what site A refuses to publish")
	for _, s := range []struct {
		what string
		make func() (*exam, error)
	}{
		{"other patient", t.imagesOfAnother},
		{"accession", t.imagesOfAnotherOrder},
		{"empty study", func() (*exam, error) { return t.newExam("ACC-0045") }}, // not stored yet
	} {
		e, err := s.make()
		if err != nil {
			return err
		}
		if err := t.try(ctx, s.what, e, t.a.source); err != nil {
			return err
		}
	}
	if err := t.otherHost(ctx); err != nil {
		return err
	}
	return t.notQualified(ctx)
}

// imagesOfAnother is an exam that was made under the number of another patient.
func (t *tour) imagesOfAnother() (*exam, error) {
	e, err := t.newExam("ACC-0043", func(o *dicomwebtest.SampleOptions) {
		o.Patient.LocalIDs = []segur.Identifier{{Root: oidRoot, Extension: "IPP-0666"}}
	})
	if err == nil {
		err = t.store(e)
	}
	return e, err
}

// imagesOfAnotherOrder is an exam whose images bear another accession number than
// the report.
func (t *tour) imagesOfAnotherOrder() (*exam, error) {
	e, err := t.newExam("ACC-9999")
	if err == nil {
		err = t.store(e)
		e.accession = accessionNumber("ACC-0044")
	}
	return e, err
}

// store puts the images of an exam in the PACS of site A.
func (t *tour) store(e *exam) error {
	for _, c := range e.images {
		b, err := readAll(c)
		if err != nil {
			return err
		}
		if err := t.pacsA.Add(b); err != nil {
			return err
		}
	}
	return nil
}

// receive gives the report of an exam to a source.
func (t *tour) receive(ctx context.Context, e *exam, source *drim.Source) (s drim.StudyOutcome, err error) {
	if e.report, _, err = t.a.ris.write(e, "Examen sans anomalie décelable."); err != nil {
		return s, err
	}
	id, sent := t.sent()
	text, err := reportMessage{order: "NW", status: "F", report: e.report, flags: map[string]string{"DESTDMP": "Y"}}.text(id, sent, e)
	if err != nil {
		return s, err
	}
	m, err := drim.ParseMessage([]byte(text))
	if err != nil {
		return s, err
	}
	report, ok := m.(*drim.ReportMessage)
	if !ok {
		return s, errors.New("no message of a report")
	}
	outcome, err := source.Receive(ctx, report)
	if err != nil {
		return s, err
	}
	return outcome.Studies[0], nil
}

// try is receive of what must not be published.
func (t *tour) try(ctx context.Context, what string, e *exam, source *drim.Source) error {
	s, err := t.receive(ctx, e, source)
	if err != nil {
		return err
	}
	if s.State == drim.StatePublished {
		return refusedNothing(what)
	}
	t.line(what, "%s", state(s))
	return t.contradictions(ctx, what, e)
}

// contradictions keeps the cross-check of an exam that was refused, with both
// values of each rule: for whoever has to correct the images or the report.
func (t *tour) contradictions(ctx context.Context, what string, e *exam) error {
	if t.options.out == "" {
		return nil
	}
	header := e.report.Header()
	rows, err := t.a.rows(ctx, e)
	if err != nil {
		return err
	}
	var text strings.Builder
	if err := drim.CrossCheck(drim.Objects{Report: &header, Images: rows}).Print(&text, segur.FR, true); err != nil {
		return err
	}
	return t.keep("refused/"+strings.ReplaceAll(what, " ", "-")+"-crosscheck.txt", []byte(text.String()))
}

// otherHost has a source whose address is no box of the white list: no consumer
// would ask it.
func (t *tour) otherHost(ctx context.Context) error {
	cfg := t.a.config()
	cfg.RetrieveBase = "https://images.centre-fictif.example/rs"
	source, err := drim.NewSource(cfg)
	if err != nil {
		return err
	}
	e, err := t.newExam("ACC-0046")
	if err != nil {
		return err
	}
	if err := t.store(e); err != nil {
		return err
	}
	return t.try(ctx, "white list", e, source)
}

// notQualified has a message of which the identity is not validated: no INS may
// leave. It is not taken, and the RIS is told why.
func (t *tour) notQualified(ctx context.Context) error {
	e, err := t.newExam("ACC-0047")
	if err != nil {
		return err
	}
	if e.report, _, err = t.a.ris.write(e, "Examen sans anomalie décelable."); err != nil {
		return err
	}
	id, sent := t.sent()
	text, err := reportMessage{order: "NW", status: "F", report: e.report, flags: map[string]string{"DESTDMP": "Y"}}.text(id, sent, e)
	if err != nil {
		return err
	}
	ack, code, err := t.send(ctx, t.a.hl7, strings.Replace(text, "|VALI\r", "|RECUP\r", 1))
	if err != nil {
		return err
	}
	if code != "AE" {
		return refusedNothing("a message of an identity that is not qualified")
	}
	for segment := range strings.SplitSeq(ack, "\r") {
		if strings.HasPrefix(segment, "ERR|") {
			t.line("identity", "AE %s", segment)
		}
	}
	return nil
}
