package cda_test

import (
	"fmt"
	"io"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
)

// A structured report: the header as for level 1, and what the radiologist and
// the modality said. Codes need no label when the SDK has a table of them.
func ExampleWriter_Level3() {
	writer, err := cda.New(cda.Config{Environment: segur.Fake, OIDRoot: "1.2.250.1.999.5",
		ViewerURL: "https://images.centre.test/IHEInvokeImageDisplay"})
	if err != nil {
		fmt.Println(err)
		return
	}
	document, err := writer.Level3(scannerReport(), cda.Sections{
		Question: cda.ClinicalQuestion{Justification: "Toux persistante.", Purpose: "Opacité apicale droite ?"},
		History: cda.History{
			Medical:           []string{"Asthme dans l'enfance"},
			ContraIndications: []cda.ContraIndication{{Code: segur.Code{Code: cda.ContraIodine}, Comment: "ancienne et bénigne"}},
		},
		Acts: []cda.ActSection{{
			Description: "Acquisition hélicoïdale après injection, au temps artériel.",
			Parameters:  "120 kV, coupes de 1 mm",
			Site:        cda.Site{Code: segur.Code{Code: "302551006"}}, // thorax entier
			Products: []cda.Product{{Name: "PRODUIT IODÉ 350", Route: segur.Code{Code: cda.RouteIntravenous},
				Dose: cda.Quantity{Value: "80", Unit: "mL"}, Lot: "LOT0042"}},
			Complications: cda.Text("Aucune complication immédiate."),
			Exposure: &cda.Exposure{
				Pregnancy: segur.Code{Code: cda.PregnancyNone},
				Doses: []cda.Dose{
					{Code: segur.Code{Code: cda.DoseLengthProduct}, Value: cda.Quantity{Value: "312.40", Unit: "mGy.cm"}},
					{Code: segur.Code{Code: cda.DoseMeanCTDI}, Value: cda.Quantity{Value: "8.10", Unit: "mGy"}},
				},
			},
			Catalog: cda.Catalog{SeriesUID: "1.2.250.1.999.4.1001.1", InstanceUID: "1.2.250.1.999.4.1001.1.1",
				SOPClass: segur.Code{Code: "1.2.840.10008.5.1.4.1.1.2"}}, // CT Image Storage
		}},
		Results:    cda.Narrative{}.Heading("Poumons").List("Micronodule de 4 mm.", "Absence d'épanchement."),
		Comparison: cda.Text("Scanner du 02/02/2023."),
		Conclusion: cda.Text("Micronodule apical droit de 4 mm, stable."),
	})
	if err != nil {
		fmt.Println(err) // every field that is missing or wrong
		return
	}
	n, err := document.WriteTo(io.Discard)
	fmt.Println(n == document.Size(), err)
	fmt.Println(document.Header().Services[0].Code.Display, document.Header().TemplateIDs[5])
	// Output:
	// true <nil>
	// CT thorax avec contraste IV 1.2.250.1.213.1.1.1.45
}

// What is missing is said by field; fields of the body begin with "sections".
func ExampleWriter_Level3_errors() {
	writer, _ := cda.New(cda.Config{Environment: segur.Fake})
	_, err := writer.Level3(scannerReport(), cda.Sections{
		Question: cda.ClinicalQuestion{Justification: "Toux persistante."},
		History:  cda.History{NoContraIndication: cda.NoneKnown},
		Acts: []cda.ActSection{{Site: cda.Site{Code: segur.Code{Code: "302551006"}},
			Catalog: cda.Catalog{SeriesUID: "1.2.3.1", InstanceUID: "1.2.3.1.1", SOPClass: segur.Code{Code: "1.2.840.10008.5.1.4.1.1.2"}}}},
	})
	for _, d := range err.(*segur.Error).Details {
		fmt.Println(d.Field, d.Message)
	}
	// Output:
	// sections.acts[0].exposure is required: a modality of the act exposes to radiation
	// sections.conclusion is required
}

// scannerReport is the header: see the example of the package.
func scannerReport() cda.Report {
	number := "2850369123456"
	ins, err := segur.ParseINS(number+segur.MatriculeKey(number), segur.OIDINSNIRTest)
	if err != nil {
		panic(err)
	}
	start := time.Date(2026, 1, 20, 9, 30, 0, 0, time.FixedZone("CET", 3600))
	radiologist := segur.Professional{
		ID: "899900000015", FamilyName: "RADIOLOGUE", GivenName: "Claude", Title: "DR", Specialty: segur.Code{Code: "G15_10/SM44"},
		Organization: &segur.Organization{ID: "1990000019", Name: "CENTRE D'IMAGERIE FICTIF", Sector: segur.Code{Code: "SA07"}},
	}
	return cda.Report{
		Patient: segur.Patient{INS: ins, Status: segur.Qualified,
			Traits: segur.Traits{BirthName: "FICTIVE-DURAND", FirstGivenName: "CAMILLE", GivenNames: "CAMILLE LUCE",
				Sex: segur.Female, BirthDate: segur.NewDate(1985, 3, 14), BirthPlace: "69123"}},
		Authors: []cda.Author{{Professional: radiologist}}, LegalAuthenticator: cda.Signature{Professional: radiologist},
		Orders: []cda.Order{{Accession: segur.Identifier{Root: "1.2.250.1.999.3", Extension: "ACC-2026-0042"}}},
		Acts: []cda.Act{{StudyUID: "1.2.250.1.999.4.1001", Start: start, End: start.Add(20 * time.Minute),
			Code:       segur.Code{Code: "24628-0", Display: "CT thorax avec contraste IV"},
			Modalities: []segur.Code{{Code: "CT"}}, Regions: []segur.Code{{Code: cda.RegionThorax}}}},
		PracticeSetting: segur.Code{Code: "AMBULATOIRE"},
	}
}
