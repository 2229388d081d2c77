package main

import (
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
)

// fill makes the report of a chest CT, which answers a request. Codes need no
// label where the SDK has a table of them.
func fill(e examination, request cda.Request) (cda.Report, cda.Sections) {
	report := cda.Report{
		Title:              "CR d'imagerie médicale - Scanner thoracique avec injection",
		Patient:            e.patient,
		Authors:            []cda.Author{{Professional: e.radiologist}},
		LegalAuthenticator: cda.Signature{Professional: e.radiologist, Time: e.validated},
		Acts: []cda.Act{{
			StudyUID: e.studyUID, Start: e.start, End: e.start.Add(20 * time.Minute),
			Code:       segur.Code{Code: "24628-0", Display: "CT thorax avec contraste IV"},
			CCAM:       segur.Code{Code: "ZBQH001", Display: "Scanographie du thorax, avec injection"},
			Modalities: []segur.Code{{Code: "CT"}}, Regions: []segur.Code{{Code: cda.RegionThorax}},
		}},
		PracticeSetting: segur.Code{Code: "AMBULATOIRE"},
	}.Answering(request, e.accession) // its number, the prescriber
	sections := cda.Sections{
		Acts: []cda.ActSection{{
			Description: "Acquisition hélicoïdale de l'apex aux bases, au temps artériel.", Parameters: "120 kV, coupes de 1 mm",
			Site: cda.Site{Code: segur.Code{Code: "302551006"}}, // the whole thorax
			Products: []cda.Product{{Name: "PRODUIT IODÉ FICTIF 350", Route: segur.Code{Code: cda.RouteIntravenous},
				Dose: cda.Quantity{Value: "80", Unit: "mL"}, Rate: cda.Quantity{Value: "3.5", Unit: "mL/s"}, Lot: "LOT0042"}},
			Complications: cda.Text("Aucune complication immédiate."),
			Exposure: &cda.Exposure{Pregnancy: segur.Code{Code: cda.PregnancyNone}, Doses: []cda.Dose{
				{Code: segur.Code{Code: cda.DoseLengthProduct}, Value: cda.Quantity{Value: "312.40", Unit: "mGy.cm"}},
				{Code: segur.Code{Code: cda.DoseMeanCTDI}, Value: cda.Quantity{Value: "8.10", Unit: "mGy"}},
			}},
			Catalog: cda.Catalog{SeriesUID: e.seriesUID, InstanceUID: e.instanceUID,
				SOPClass: segur.Code{Code: "1.2.840.10008.5.1.4.1.1.2"}}, // CT Image Storage
		}},
		Results: cda.Narrative{}.Heading("Poumons").List("Micronodule apical droit de 4 mm.", "Pas d'épanchement pleural.").
			Heading("Médiastin").Text("Pas d'adénopathie. Cœur de taille normale."),
		Comparison: cda.Text("Scanner du 2 février 2023."),
		Conclusion: cda.Text("Micronodule apical droit de 4 mm, stable."),
	}.Answering(request) // the question, what is known of the patient
	return report, sections
}
