package main

import (
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/cda/pdfa"
	"github.com/segur-sdk/segur/mssante"
)

// writeReport makes the report of an examination, CDA R2 level 1, and its PDF/A-1 copy:
// the document that goes in the archive and the file that goes beside it.
func writeReport(env segur.Environment, author segur.Professional, patient segur.Patient) (mssante.Document, error) {
	end := time.Now().Add(-30 * time.Minute)
	b, err := pdfa.Build(pdfa.Report{
		ID: "report of " + end.Format(time.RFC3339Nano), Created: end, Title: "Scanner thoracique", Author: "Dr Claude RADIOLOGUE",
		Letterhead: []string{"CENTRE D'IMAGERIE FICTIF", "12 rue des Essais, 69003 LYON"},
		Identity: []pdfa.Field{
			{Label: "Patient", Value: patient.Traits.BirthName + " " + patient.Traits.FirstGivenName},
			{Label: "Né(e) le", Value: patient.Traits.BirthDate.Time(time.UTC).Format("02/01/2006")},
			{Label: "Demandeur", Value: "Dr Dominique PRESCRIPTEUR"},
		},
		Sections: []pdfa.Section{
			{Heading: "Indication", Paragraphs: []string{"Toux persistante."}},
			{Heading: "Conclusion", Paragraphs: []string{"Examen thoracique sans anomalie décelable."}},
		},
		Footer: "Document fictif",
	})
	if err != nil {
		return mssante.Document{}, err
	}
	writer, err := cda.New(cda.Config{Environment: env, OIDRoot: oidRoot})
	if err != nil {
		return mssante.Document{}, err
	}
	pdf := segur.BytesContent(b)
	report, err := writer.Level1(cda.Report{
		Patient:            patient,
		Authors:            []cda.Author{{Professional: author}},
		LegalAuthenticator: cda.Signature{Professional: author},
		Recipients:         []segur.Professional{prescriber()},
		Prescriber:         &cda.Prescriber{Professional: prescriber()},
		Orders: []cda.Order{{
			Placer:    segur.Identifier{Root: "1.2.250.1.999.2", Extension: "D-2026-0007"},
			Accession: segur.Identifier{Root: "1.2.250.1.999.3", Extension: "ACC-0001"},
		}},
		Acts: []cda.Act{{
			StudyUID:   "1.2.250.1.999.1.4.1",
			Code:       segur.Code{Code: "24627-2", Display: "CT thorax"},
			Modalities: []segur.Code{{Code: "CT"}},
			Regions:    []segur.Code{{Code: cda.RegionThorax}},
			Start:      end.Add(-20 * time.Minute), End: end,
		}},
		PracticeSetting: segur.Code{Code: "AMBULATOIRE"},
		PDF:             pdf,
	})
	if err != nil {
		return mssante.Document{}, err
	}
	return mssante.Document{CDA: report, PDF: pdf}, nil
}
