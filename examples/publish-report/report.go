package main

import (
	"context"
	"fmt"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/cda/pdfa"
	"github.com/segur-sdk/segur/dicomweb"
)

// buildReport writes the report of the examination as CDA R2 level 1.
func (j *journey) buildReport(context.Context) error {
	start := time.Now()
	if err := j.openInputs(); err != nil {
		return err
	}
	writer, err := cda.New(cda.Config{Environment: segur.Fake, OIDRoot: oidRoot, AllowAnyPDF: j.options.allowAnyPDF})
	if err != nil {
		return err
	}
	end := start.Add(-30 * time.Minute)
	j.report, err = writer.Level1(cda.Report{
		Patient:            j.patient,
		Authors:            []cda.Author{{Professional: radiologist()}},
		LegalAuthenticator: cda.Signature{Professional: radiologist()},
		Recipients:         []segur.Professional{prescriber()},
		Prescriber:         &cda.Prescriber{Professional: prescriber()},
		Orders: []cda.Order{{
			Placer:    segur.Identifier{Root: "1.2.250.1.999.2", Extension: "D-2026-0007"},
			Accession: segur.Identifier{Root: "1.2.250.1.999.3", Extension: accession},
		}},
		Acts: []cda.Act{{
			StudyUID:   j.studyUID,
			Code:       segur.Code{Code: "24627-2", Display: "CT thorax"},
			Modalities: []segur.Code{{Code: "CT"}},
			Regions:    []segur.Code{{Code: cda.RegionThorax}},
			Start:      end.Add(-20 * time.Minute), End: end,
		}},
		PracticeSetting: segur.Code{Code: "AMBULATOIRE"},
		PDF:             j.pdf,
	})
	if err != nil {
		return err
	}
	if err := j.keep("report.xml", j.report); err != nil {
		return err
	}
	if err := j.keep("report.pdf", j.pdf); err != nil {
		return err
	}
	j.done(start, "2 CDA: report built", fmt.Sprintf("%s, %d bytes, PDF %d bytes", j.report.ID(), j.report.Size(), j.pdf.Size()))
	return nil
}

// openInputs opens the study and the PDF: those of the flags, or samples.
func (j *journey) openInputs() (err error) {
	if j.study, err = j.openStudy(); err != nil {
		return err
	}
	header, err := dicomweb.Inspect(j.study[0])
	if err != nil {
		return err
	}
	j.studyUID = segur.OID(header.StudyInstanceUID)
	if j.options.pdf != "" {
		j.pdf, err = segur.FileContent(j.options.pdf)
		return err
	}
	b, err := samplePDF(j.patient)
	j.pdf = segur.BytesContent(b)
	return err
}

// samplePDF makes the report that a radiologist would have dictated.
func samplePDF(patient segur.Patient) ([]byte, error) {
	t := patient.Traits
	now := time.Now()
	return pdfa.Build(pdfa.Report{
		ID: "report " + accession, Created: now,
		Title:      "Scanner thoracique",
		Author:     "Dr Claude RADIOLOGUE",
		Letterhead: []string{"CENTRE D'IMAGERIE FICTIF", "12 rue des Essais, 69003 LYON"},
		Identity: []pdfa.Field{
			{Label: "Patient", Value: t.BirthName + " " + t.FirstGivenName},
			{Label: "Né(e) le", Value: t.BirthDate.Time(time.UTC).Format("02/01/2006")},
			{Label: "Examen", Value: "Scanner thoracique, " + now.Format("02/01/2006")},
			{Label: "Demandeur", Value: "Dr Dominique PRESCRIPTEUR"},
		},
		Sections: []pdfa.Section{
			{Heading: "Indication", Paragraphs: []string{"Toux persistante."}},
			{Heading: "Technique", Paragraphs: []string{"Acquisition hélicoïdale sans injection de produit de contraste."}},
			{Heading: "Résultats", Paragraphs: []string{"Pas d'opacité parenchymateuse suspecte. Pas d'épanchement pleural. Médiastin sans particularité."}},
			{Heading: "Conclusion", Paragraphs: []string{"Examen thoracique sans anomalie décelable."}},
		},
		RunningHead: t.BirthName + " " + t.FirstGivenName,
		Footer:      "Document fictif",
	})
}
