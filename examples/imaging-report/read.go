package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/dmp/xds"
)

// understand reads the documents back, from the files of -out when there are.
func (s *story) understand() error {
	s.title("Read back: what was understood")
	for _, f := range []struct {
		name     string
		document *cda.Document
		tell     func(*cda.Parsed) error
	}{
		{"request.xml", s.request, s.aboutRequest}, {"level3.xml", s.level3, s.aboutLevel3}, {"level1.xml", s.level1, s.aboutLevel1},
	} {
		b, err := f.document.Bytes()
		if s.options.out != "" {
			b, err = os.ReadFile(filepath.Join(s.options.out, f.name))
		}
		if err != nil {
			return err
		}
		p, err := cda.Parse(b)
		if err != nil {
			return err
		}
		s.read[f.name] = p
		s.line(f.name, "%s, level %d, %q, %d warnings", p.Kind, p.Level, p.Header.Title, len(p.Warnings))
		s.line("  patient", "%s", person(p.Header.Patient))
		if err := f.tell(p); err != nil {
			return err
		}
		report := p.Check()
		s.line("  check", "%d errors, %d warnings", report.Errors(), len(report.Issues)-report.Errors())
	}
	return nil
}

func (s *story) aboutRequest(p *cda.Parsed) error {
	q := p.Request
	s.line("  number", "%s of %s, by %s %s", q.Placer.Extension, q.Placer.Root, q.Authors[0].GivenName, q.Authors[0].FamilyName)
	for _, a := range q.Acts {
		var sites []string
		for _, site := range a.Sites {
			sites = append(sites, site.Code.Display)
		}
		s.line("  asked for", "%s, %s (%s)", a.Modality.Display, strings.Join(sites, ", "), a.Comment)
	}
	s.line("  question", "%s %s", q.Question.Justification, q.Question.Purpose)
	return nil
}

func (s *story) aboutLevel3(p *cda.Parsed) error {
	for i, a := range p.Report.Procedures {
		s.line("  act", "%s, %s, study %s", a.Code.Display, a.Modalities[0].Code, a.StudyUID)
		done := p.Report.Acts[i]
		for _, product := range done.Products {
			s.line("  product", "%s, %s %s at %s %s, lot %s", product.Name, product.Dose.Value, product.Dose.Unit, product.Rate.Value, product.Rate.Unit, product.Lot)
		}
		if done.Exposure != nil {
			for _, d := range done.Exposure.Doses {
				s.line("  dose", "%s: %s %s", d.Code.Display, d.Value.Value, d.Value.Unit)
			}
		}
		s.line("  images", "%s", strings.Join(a.Links, " "))
	}
	conclusion, _ := p.Section(cda.RoleConclusion)
	s.line("  conclusion", "%s", strings.TrimSpace(conclusion.Text()))
	return nil
}

func (s *story) aboutLevel1(p *cda.Parsed) error {
	act := p.Header.Services[0]
	s.line("  act", "%s, study %s", act.Code.Display, act.StudyUID)
	body, err := p.Body()
	if err != nil {
		return err
	}
	r, err := body.Open()
	if err != nil {
		return err
	}
	pdf, err := io.ReadAll(r)
	if err != nil {
		return errors.Join(err, r.Close())
	}
	s.line("  body", "%s, %d bytes, the PDF that went in: %t, PDF/A-1: %s", body.MediaType, len(pdf), body.SHA256 == s.level1.PDFSHA256(), conforms(pdf))
	return r.Close()
}

// agree shows what the header gives to other services: the metadata of the
// national record, and whether two documents are of one person.
func (s *story) agree() error {
	s.title("Agreement: metadata for the national record, and the identity of two documents")
	for _, name := range []string{"request.xml", "level3.xml", "level1.xml"} {
		p := s.read[name]
		entry, err := xds.NewEntry(p.Header, segur.BytesContent(p.Raw), xds.EntryOptions{})
		if err != nil {
			return err
		}
		s.line(name, "type %s, class %s, format %s", entry.TypeCode.Code, entry.ClassCode.Code, entry.FormatCode.Code)
		for _, r := range entry.References {
			s.line("", "%s %s", r.Type[strings.LastIndexByte(r.Type, ':')+1:], r.ID)
		}
	}
	other := s.read["level3.xml"].Header
	other.Patient.FirstGivenName, other.Patient.GivenNames = "DOMINIQUE", "DOMINIQUE LUCE"
	s.line("one person", "request and report: %t; report and one of a twin: %t",
		cda.CompareIdentities(s.read["request.xml"].Header, s.read["level3.xml"].Header).Same(),
		cda.CompareIdentities(s.read["level3.xml"].Header, other).Same())
	return nil
}

// person names a fictional patient. A product never logs that.
func person(t segur.Traits) string {
	return fmt.Sprintf("%s %s, %s, born %s in %s", t.BirthName, t.FirstGivenName, t.Sex, t.BirthDate, t.BirthPlace)
}
