package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
)

// story is what the scenes share.
type story struct {
	options options
	stdout  io.Writer
	exam    examination
	writer  *cda.Writer
	scenes  int

	report                  cda.Report
	sections                cda.Sections
	level1, level3, request *cda.Document
	// read are the documents as they were read back.
	read map[string]*cda.Parsed
}

// tell plays the scenes in order.
func tell(o options, stdout io.Writer) error {
	if err := folder(o.out); err != nil {
		return err
	}
	exam, err := fictional(o.now())
	if err != nil {
		return err
	}
	writer, err := cda.New(cda.Config{
		Environment: segur.Fake, OIDRoot: oidRoot, Clock: func() time.Time { return exam.validated }, IDs: o.ids,
		ViewerURL: "https://images.centre.test/IHEInvokeImageDisplay",
	})
	if err != nil {
		return err
	}
	s := &story{options: o, stdout: stdout, exam: exam, writer: writer, read: map[string]*cda.Parsed{}}
	fmt.Fprintln(stdout, "An imaging report in CDA R2: fictional persons, nothing leaves the machine")
	for _, scene := range []func() error{s.write, s.render, s.understand, s.agree, s.refuse, s.explain} {
		if err := scene(); err != nil {
			return err
		}
	}
	if o.out != "" {
		fmt.Fprintf(stdout, "\nthe documents are in %s\n", o.out)
	}
	return nil
}

// write makes the request, and the structured report that answers it.
func (s *story) write() (err error) {
	s.title("A request, and the report that answers it, from what the information systems hold")
	if s.request, err = s.writer.Request(ask(s.exam)); err != nil {
		return err
	}
	received, err := parsed(s.request)
	if err != nil {
		return err
	}
	same := cda.ComparePatient(received.Header, s.exam.patient)
	if !same.Same() {
		return fmt.Errorf("the request is of somebody else: a person decides")
	}
	s.line("one person", "request and own records: INS %s, birth name %s, birth date %s", same.INS, same.BirthName, same.BirthDate)
	s.report, s.sections = fill(s.exam, *received.Request)
	if s.level3, err = s.writer.Level3(s.report, s.sections); err != nil {
		return err
	}
	return errors.Join(s.keep("request.xml", s.request), s.keep("level3.xml", s.level3))
}

// render makes the pages of the structured report, and the report of level 1,
// which is a PDF in a document: made of the same fields.
func (s *story) render() error {
	s.title("Rendered: a page in HTML, the same in PDF/A-1, and the report of level 1 that embeds a PDF")
	document, err := parsed(s.level3)
	if err != nil {
		return err
	}
	var page bytes.Buffer
	if err := cda.HTML(&page, document, cda.HTMLOptions{Language: string(s.options.lang), Symbol: symbol}); err != nil {
		return err
	}
	pdf, err := cda.PDF(document, cda.PDFOptions{Qualified: true, Environment: segur.Fake, Language: string(s.options.lang)})
	if err != nil {
		return err
	}
	report, err := s.writer.WithPDF(s.report, s.sections, cda.PDFOptions{})
	if err != nil {
		return err
	}
	if s.level1, err = s.writer.Level1(report); err != nil {
		return err
	}
	return errors.Join(s.keep("level3.html", segur.BytesContent(page.Bytes())), s.keep("level3.pdf", segur.BytesContent(pdf)),
		s.keep("level1.xml", s.level1))
}

// parsed reads a document that was just made.
func parsed(d *cda.Document) (*cda.Parsed, error) {
	b, err := d.Bytes()
	if err != nil {
		return nil, err
	}
	return cda.Parse(b)
}

// refuse shows what the writer says of a report with mistakes.
func (s *story) refuse() error {
	s.title("A report with mistakes: refused, everything at once, nothing written")
	report, sections := s.report, s.sections
	report.Patient.Traits.BirthPlace = ""
	report.Orders = nil
	report.PracticeSetting.Code = "CABINET"
	report.Acts = slices.Clone(report.Acts)
	report.Acts[0].End = report.Acts[0].Start
	report.Replaces = segur.Identifier{Root: s.level3.ID()}
	sections.Acts = slices.Clone(sections.Acts)
	sections.Acts[0].Exposure = nil
	sections.Conclusion = cda.Narrative{}
	document, err := s.writer.Level3(report, sections)
	e := (*segur.Error)(nil)
	if document != nil || !errors.As(err, &e) {
		return fmt.Errorf("a report with mistakes was written: %w", err)
	}
	details(s.stdout, e)
	return nil
}

// explain breaks documents and shows what the check says of each.
func (s *story) explain() error {
	s.title("Broken documents, explained")
	level3 := s.read["level3.xml"]
	all, err := damages(s.exam, level3)
	if err != nil {
		return err
	}
	for _, d := range all {
		fmt.Fprintf(s.stdout, "  - %s\n", d.what)
	}
	broken, err := spoil(level3.Raw, all)
	if err != nil {
		return err
	}
	if err := s.keep("broken.xml", segur.BytesContent(broken)); err != nil {
		return err
	}
	fmt.Fprintln(s.stdout)
	explain(s.stdout, "broken.xml", cda.Check(broken), s.options.lang)
	text, err := otherPDF(s.read["level1.xml"].Raw)
	if err != nil {
		return err
	}
	explain(s.stdout, "level1.xml, a text in place of its PDF", cda.Check(text), s.options.lang)
	explain(s.stdout, "request.xml, cut in the middle", cda.Check(s.read["request.xml"].Raw[:s.request.Size()/2]), s.options.lang)
	return nil
}

// title opens a scene.
func (s *story) title(text string) {
	s.scenes++
	fmt.Fprintf(s.stdout, "\n%d. %s\n", s.scenes, text)
}

// line writes one fact of a scene.
func (s *story) line(name, format string, args ...any) {
	fmt.Fprintf(s.stdout, "  %-13s %s\n", name, fmt.Sprintf(format, args...))
}

// keep writes a file of -out, streamed, and says what it is.
func (s *story) keep(name string, c segur.Content) (err error) {
	what := ""
	if d, ok := c.(*cda.Document); ok {
		what = ", document " + string(d.ID())
	}
	s.line(name, "%d bytes%s", c.Size(), what)
	if s.options.out == "" {
		return nil
	}
	f, err := os.OpenFile(filepath.Join(s.options.out, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("-out: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	r, err := c.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = io.Copy(f, r)
	return err
}

// folder makes the folder of -out, and refuses one that holds something.
func folder(dir string) error {
	if dir == "" {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return flagError("-out", "cannot be made")
	}
	entries, err := os.ReadDir(dir)
	switch {
	case err != nil:
		return flagError("-out", "cannot be read")
	case len(entries) > 0:
		return flagError("-out", "must be empty: nothing is overwritten")
	}
	return nil
}
