package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/drim"
	"github.com/segur-sdk/segur/dmp/xds"
)

// consult is the first visit of the patient at site B: contextual call, search,
// retrieval, export to the PACS.
func (t *tour) consult(ctx context.Context) error {
	t.title("site B looks for the images of its patient")
	call, err := t.b.call(ctx, whoCalls())
	if err != nil {
		return err
	}
	t.line("call", "from the RIS of site B, by form and one-time identifier: %s", call)
	query, err := call.ExamQuery()
	if err != nil {
		return err
	}
	exams, err := t.b.consumer.Exams(ctx, query)
	if err != nil {
		return err
	}
	if len(exams) != 1 || exams[0].Manifest == nil {
		return &segur.Error{Op: "share-images", Kind: segur.KindNotFound, Message: "the exam is not in the record"}
	}
	exam := exams[0]
	t.line("record", "%s", describe(exam))
	opened, err := t.b.consumer.Open(ctx, exam)
	if err != nil {
		return err
	}
	t.line("manifest", "version %d, %s: %d images in %d series at %s; hash, patient and study verified", opened.Manifest.Number, brief(opened.Manifest.UID),
		opened.Manifest.Len(), len(opened.Manifest.Series), t.sources(opened))

	// Into the PACS of site B, under the number of the patient there. Nothing is
	// filed unless all of it came.
	report, err := t.b.consumer.Export(ctx, drim.ExportRequest{Exams: []*drim.OpenedExam{opened}, Local: local(), PACS: t.b.pacs, WholeOnly: true})
	if err != nil {
		return err
	}
	t.line("images", "%s", summary(report.Retrieved))
	t.line("PACS B", "%d images filed, complete: %t", report.Held(), report.Complete())
	if err := t.filed(ctx); err != nil {
		return err
	}
	t.shown = opened
	t.a.answers() // those of a retrieval that went well
	return t.keep(fmt.Sprintf("v%d/completeness.txt", opened.Manifest.Number), completeness(report.Retrieved))
}

// filed shows how the PACS of site B knows an image.
func (t *tour) filed(ctx context.Context) error {
	for row, err := range t.b.pacs.SearchStudies(ctx, dicomweb.Query{PatientID: localID.Extension}) {
		if err != nil {
			return err
		}
		t.line("", "study %s of patient %s, accession %s", brief(row.UID), row.Patient.ID, row.AccessionNumber)
		return nil
	}
	return &segur.Error{Op: "share-images", Kind: segur.KindNotFound, Message: "PACS B does not know the study"}
}

// consultAgain is what site B sees after a change: with what it held until then,
// and when it looks again.
func (t *tour) consultAgain(ctx context.Context) error {
	report, err := t.retrieve(ctx, t.shown)
	if report == nil {
		return err
	}
	t.line("box of site A", "%s", t.a.answers())
	switch e := report.Exams[0]; {
	case e.Withdrawn:
		t.line("site B", "asks with what it held: %s", reason(err))
		t.line("PACS B", "still holds the %d images that it filed: site B decides whether to keep them", t.pacsB.Len())
	case err != nil:
		return err
	default:
		if e.ReplacedUID == "" {
			return errors.New("the manifest of before still counts")
		}
		t.line("site B", "asks with what it held: the manifest was replaced by version %d; %s", e.Exam.Manifest.Number, summary(report))
		t.shown = e.Exam
	}
	exams, err := t.b.consumer.Exams(ctx, drim.ExamQuery{Patient: patient().INS})
	if err != nil {
		return err
	}
	if len(exams) == 0 {
		t.line("", "sees no exam in the record")
		return nil
	}
	for _, e := range exams {
		t.line("", "sees %s", describe(e))
	}
	return t.keep(fmt.Sprintf("v%d/completeness.txt", t.shown.Manifest.Number), completeness(report))
}

// retrieve fetches the images of an exam and throws them away.
func (t *tour) retrieve(ctx context.Context, o *drim.OpenedExam) (*drim.Completeness, error) {
	return t.b.consumer.Retrieve(ctx, drim.RetrieveRequest{Exams: []*drim.OpenedExam{o}, Sink: nowhere})
}

// describe is an exam in a list: what the documents say, and nothing of the
// patient.
func describe(e *drim.Exam) string {
	if e.Manifest == nil {
		return "a report without images"
	}
	var links []string
	for _, r := range e.Reports {
		var by []string
		for _, l := range r.By {
			by = append(by, string(l))
		}
		links = append(links, fmt.Sprintf("report %s (same %s)", brief(r.Entry.UniqueID), strings.Join(by, ", ")))
	}
	if links == nil {
		links = []string{"no report"}
	}
	return fmt.Sprintf("%s: manifest %s, %s", title(e.Manifest), brief(e.Manifest.UniqueID), strings.Join(links, " and "))
}

// title names the exam of a manifest.
func title(e *xds.DocumentEntry) string {
	var codes []string
	for _, c := range e.EventCodes {
		codes = append(codes, xds.Label(c).Display)
	}
	return strings.Join(codes, ", ")
}

// sources are the hosts of the images of an exam, and whether they may be asked.
func (t *tour) sources(o *drim.OpenedExam) string {
	seen := map[string]bool{}
	var out []string
	for i := range o.Manifest.Series {
		if base := o.Manifest.Series[i].Base(); !seen[base] {
			seen[base] = true
			out = append(out, strings.Replace(strings.TrimPrefix(base, "https://"), t.a.host+"/drim/rs", "the box of site A", 1))
		}
	}
	return strings.Join(out, ", ")
}

// summary is a retrieval on one line.
func summary(c *drim.Completeness) string {
	total := 0
	for _, e := range c.Exams {
		total += e.Exam.Manifest.Len()
	}
	text := fmt.Sprintf("%d of %d images received, complete: %t", c.Count(drim.ImageReceived), total, c.Complete())
	for _, e := range c.Exams {
		if n := len(e.Dropped); n > 0 {
			text += fmt.Sprintf("; %d no longer shared", n)
		}
	}
	return text
}

// completeness is the report of a retrieval, image by image.
func completeness(c *drim.Completeness) []byte {
	var b bytes.Buffer
	answer := "no"
	if c.Complete() {
		answer = "yes"
	}
	fmt.Fprintf(&b, "complete: %s\n", answer)
	for _, e := range c.Exams {
		fmt.Fprintf(&b, "manifest: %s, version %d\n", e.Exam.Manifest.UID, e.Exam.Manifest.Number)
		for _, s := range e.Series {
			fmt.Fprintf(&b, "series %s %s %s from %s: %d of %d\n", s.UID, s.Modality, s.Description, s.Host, s.Received(), len(s.Images))
			for _, i := range s.Images {
				fmt.Fprintf(&b, "  image %d %s: %s", i.Number, i.Ref.Instance, i.State)
				if i.Err != nil {
					fmt.Fprintf(&b, ", %s", short(i.Err))
				}
				fmt.Fprintln(&b)
			}
		}
		for _, d := range e.Dropped {
			fmt.Fprintf(&b, "no longer shared: %s\n", d.Ref.Instance)
		}
		for _, f := range e.Foreign {
			fmt.Fprintf(&b, "not used: %s, %s\n", f.Ref.Instance, short(f.Err))
		}
	}
	return b.Bytes()
}
