package main

import (
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/cda/pdfa"
	"github.com/segur-sdk/segur/dmp"
)

// report is what the information system knows of a report.
type report struct {
	patient segur.Patient
	by      dmp.Config // the radiologist, of which structure, below which root of identifiers
	title   string
	act     time.Time
	// replaces is the version that this one corrects.
	replaces *cda.Document
}

// write makes the document, CDA R2 level 1 with an embedded PDF/A-1b; see
// examples/imaging-report for all that a report may hold.
func write(r report) (*cda.Document, error) {
	writer, err := cda.New(cda.Config{Environment: r.by.Environment, OIDRoot: r.by.OIDRoot})
	if err != nil {
		return nil, err
	}
	pdf, err := pdfa.Build(pdfa.Report{
		ID: r.title + r.act.String(), Created: time.Now(), Title: r.title,
		Sections: []pdfa.Section{{Heading: "Conclusion", Paragraphs: []string{"Examen sans anomalie décelable."}}},
		Footer:   "Document fictif",
	})
	if err != nil {
		return nil, err
	}
	content := cda.Report{
		Title: r.title, Patient: r.patient,
		Authors:            []cda.Author{{Professional: r.by.User}},
		LegalAuthenticator: cda.Signature{Professional: r.by.User},
		Orders:             []cda.Order{{Accession: segur.Identifier{Root: r.by.OIDRoot + ".3", Extension: "ACC-" + r.act.Format("20060102")}}},
		Acts: []cda.Act{{
			StudyUID: r.by.OIDRoot + ".4." + segur.OID(r.act.Format("20060102")),
			Code:     segur.Code{Code: "24627-2", Display: "CT thorax"}, Modalities: []segur.Code{{Code: "CT"}},
			Regions: []segur.Code{{Code: cda.RegionThorax}}, Start: r.act, End: r.act.Add(20 * time.Minute),
		}},
		PracticeSetting: segur.Code{Code: "AMBULATOIRE"},
		PDF:             segur.BytesContent(pdf),
	}
	if r.replaces != nil {
		content = content.Replacing(r.replaces.Header()) // same set, next version
	}
	return writer.Level1(content)
}
