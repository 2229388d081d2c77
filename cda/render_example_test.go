package cda_test

import (
	"fmt"
	"io"
	"log"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
)

// A document that was received is shown on paper. Whether its identity is
// qualified here is known here only: without that, neither matricule nor
// datamatrix are printed.
func ExamplePDF() {
	document, err := cda.Parse(receivedReport())
	if err != nil {
		log.Fatal(err)
	}
	pdf, err := cda.PDF(document, cda.PDFOptions{Substitute: true})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", pdf[:8])
	// Output: %PDF-1.4
}

// The report is filled once: its PDF is the body of level 1 and the copy in
// level 3.
func ExampleWriter_WithPDF() {
	writer, err := cda.New(cda.Config{Environment: segur.Fake, OIDRoot: "1.2.250.1.999.5"})
	if err != nil {
		log.Fatal(err)
	}
	report, sections := scannerReport(), scannerSections()
	report, err = writer.WithPDF(report, sections, cda.PDFOptions{
		Letterhead: []string{"Centre d'imagerie fictif", "12 rue des Essais, 69003 LYON", "04 00 00 00 01"},
	})
	if err != nil {
		log.Fatal(err) // every field that is missing, and every character that would not be read
	}
	level1, err := writer.Level1(report)
	if err != nil {
		log.Fatal(err)
	}
	level3, err := writer.Level3(report, sections)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(level1.PDFSHA256() == level3.PDFSHA256(), level1.ID() == report.ID)
	// Output: true true
}

func scannerSections() cda.Sections {
	return cda.Sections{
		Question: cda.ClinicalQuestion{Justification: "Toux persistante."},
		History:  cda.History{NoContraIndication: cda.NoneKnown},
		Acts: []cda.ActSection{{
			Site:     cda.Site{Code: segur.Code{Code: "302551006"}},
			Exposure: &cda.Exposure{Pregnancy: segur.Code{Code: cda.PregnancyNone}},
			Catalog: cda.Catalog{SeriesUID: "1.2.250.1.999.4.1001.1", InstanceUID: "1.2.250.1.999.4.1001.1.1",
				SOPClass: segur.Code{Code: "1.2.840.10008.5.1.4.1.1.2"}},
		}},
		Conclusion: cda.Text("Micronodule apical droit de 4 mm, stable."),
	}
}

// receivedReport is a document of somebody else.
func receivedReport() []byte {
	writer, err := cda.New(cda.Config{Environment: segur.Fake})
	if err != nil {
		log.Fatal(err)
	}
	document, err := writer.Level3(scannerReport(), scannerSections())
	if err != nil {
		log.Fatal(err)
	}
	r, err := document.Open()
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	b, err := io.ReadAll(r)
	if err != nil {
		log.Fatal(err)
	}
	return b
}
