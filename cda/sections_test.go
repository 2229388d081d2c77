package cda_test

import (
	"bytes"
	"testing"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
)

// minimalSections is what is mandatory for the report minimal.
func minimalSections() cda.Sections {
	return cda.Sections{
		Question: cda.ClinicalQuestion{Justification: "Gonalgie gauche après entorse."},
		History:  cda.History{NoContraIndication: cda.NoneKnown},
		Acts: []cda.ActSection{{
			Site:    cda.Site{Code: segur.Code{Code: "361291001"}},
			Catalog: mrCatalog("1.2.250.1.999.4.1001"),
		}},
		Conclusion: cda.Text("Examen sans particularité."),
	}
}

func mrCatalog(study segur.OID) cda.Catalog {
	return cda.Catalog{SeriesUID: study + ".1", InstanceUID: study + ".1.1", SOPClass: segur.Code{Code: "1.2.840.10008.5.1.4.1.1.4"}}
}

func ctCatalog(study segur.OID) cda.Catalog {
	c := mrCatalog(study)
	c.SOPClass.Code = "1.2.840.10008.5.1.4.1.1.2"
	return c
}

// jpeg is the shortest thing that passes for an image.
func jpeg() []byte {
	return append(append([]byte{0xff, 0xd8, 0xff, 0xe0}, bytes.Repeat([]byte{0x10}, 90)...), 0xff, 0xd9)
}

// chest is a CT of the chest with everything that a report can say.
func chest(tb testing.TB) (cda.Report, cda.Sections) {
	r := complete(tb)
	r.PDF = stub()
	r.Version, r.Replaces, r.SetID = 2, segur.Identifier{Root: "1.2.250.1.999.5.1"}, segur.Identifier{Root: "1.2.250.1.999.5.2"}
	r.Title = "CR d'imagerie médicale - Scanner du thorax"
	a := &r.Acts[0]
	a.Code, a.Modalities = segur.Code{Code: "24628-0", Display: "CT thorax avec contraste IV"}, []segur.Code{{Code: "CT"}}
	a.CCAM = segur.Code{Code: "ZBQH001", Display: "Scanographie du thorax, avec injection intraveineuse de produit de contraste"}
	a.Regions = []segur.Code{{Code: cda.RegionThorax}}
	second := radiologist()
	second.ID, second.FamilyName = "899900000023", "RELECTEUR"
	authorized := radiologist()
	s := cda.Sections{
		Addendum: &cda.Addendum{
			Author: cda.Author{Professional: second, Time: instant(11, 4, 0)},
			Text:   cda.Text("Après comparaison avec l'examen de 2023 : micronodule stable."),
		},
		Question: cda.ClinicalQuestion{Justification: "Toux persistante.\nSuspicion de pathologie interstitielle.", Purpose: "Caractériser une opacité apicale droite."},
		History: cda.History{
			Medical: []string{"Asthme dans l'enfance", "Tabagisme sevré"}, Surgical: []string{"Cholécystectomie en 2016"},
			ContraIndications: []cda.ContraIndication{
				{Code: segur.Code{Code: cda.ContraIodine}, Comment: "Réaction ancienne et bénigne"},
				{Code: segur.Code{Code: cda.ContraKidneyDisease}},
			},
		},
		Acts: []cda.ActSection{{
			Description: "Acquisition hélicoïdale au temps artériel.\nReconstructions coronales.",
			Parameters:  "120 kV, coupes de 1 mm",
			Site:        cda.Site{Code: segur.Code{Code: "302551006"}, Modifier: segur.Code{Code: cda.SiteBilateral}},
			Products: []cda.Product{{
				Name: "PRODUIT IODÉ 350", CIP: segur.Code{Code: "3400936915657", Display: "PRODUIT IODÉ 350 SOL INJ 150ML"},
				UCD: segur.Code{Code: "3400892088310", Display: "PRODUIT IODÉ 350 150ML"},
				ATC: segur.Code{Code: "V08AB11", Display: "IOBITRIDOL"}, Route: segur.Code{Code: cda.RouteIntravenous},
				Dose: cda.Quantity{Value: "80", Unit: "ml"}, Rate: cda.Quantity{Value: "3.5", Unit: "mL/s"},
				Lot: "LOT0042", Comment: "Bien toléré.",
			}, {Name: "EAU", Route: segur.Code{Code: cda.RouteOral}}},
			Complications: cda.Text("Aucune complication immédiate."),
			Exposure: &cda.Exposure{
				AuthorizedBy: &authorized, Pregnancy: segur.Code{Code: cda.PregnancyNone},
				Doses: []cda.Dose{
					{Code: segur.Code{Code: cda.DoseLengthProduct}, Value: cda.Quantity{Value: "312.40", Unit: "mGy.cm"}},
					{Code: segur.Code{Code: cda.DoseMeanCTDI}, Value: cda.Quantity{Value: "8.10", Unit: "mGy"}, Time: instant(9, 31, 0),
						Site: cda.Site{Code: segur.Code{Code: "302509004"}, Words: "thorax"}},
					{Code: segur.Code{Code: cda.DoseEffective}, Value: cda.Quantity{Value: "4.4", Unit: "mSv"}},
				},
			},
			Catalog: ctCatalog("1.2.250.1.999.4.1001"),
		}},
		Devices: []cda.Device{{
			EMDN: segur.Code{Code: "Z11039014", Display: "INJECTEURS DE PRODUITS DE CONTRASTE"},
			UDI:  segur.Identifier{Root: cda.UDIGS1, Extension: "(01)00000000000000(17)270101(10)LOT1"}, Comment: "Injecteur de la salle 2",
		}},
		Results: cda.Narrative{}.Heading("Poumons").List("Micronodule plein de 4 mm.", "Absence d'épanchement.").
			Paragraph(cda.Plain("Voir "), cda.Image("cle"), cda.Plain(" et "), cda.Link("https://exemple.test/a?b=1&c=2", "la fiche")),
		PriorResults:       cda.Text("Radiographie du 10/03/2025 : opacité apicale droite."),
		Comparison:         cda.Narrative{}.Table(cda.Table{Caption: "Mesures", Header: []string{"Date", "Taille"}, Rows: [][]string{{"02/02/2023", "4 mm"}, {"20/01/2026", "4 mm"}}}),
		Conclusion:         cda.Narrative{}.Paragraph(cda.Bold("Micronodule apical droit de 4 mm, stable"), cda.Plain(" ; contrôle à 12 mois.\nPas d'autre anomalie <2 mm & \"suspecte\".")),
		Attachments:        []cda.Attachment{{Title: "Compte rendu de la radiographie", Date: segur.NewDate(2025, 3, 10), Content: stub()}, {ID: "cle", Title: "Image clé", Type: segur.Code{Code: "18748-4", Display: "CR d'imagerie médicale"}, MediaType: "image/jpeg", Content: segur.BytesContent(jpeg())}},
		PatientInformation: cda.Text("Le patient a été informé du déroulement et des risques de l'examen."),
	}
	return r, s
}

type structured struct {
	r cda.Report
	s cda.Sections
}

// structuredSamples are level 3 reports that differ in what the rules look at.
func structuredSamples(tb testing.TB) map[string]structured {
	tb.Helper()
	m := map[string]structured{}
	add := func(name string, r cda.Report, s cda.Sections) { m["level3-"+name] = structured{r, s} }
	r := minimal(tb)
	r.PDF = nil
	add("minimal", r, minimalSections())
	r, s := chest(tb)
	add("complete", r, s)

	s = minimalSections() // each header that level 1 knows
	for name, report := range samples(tb) {
		report.PDF = nil
		if len(report.Acts) == 1 {
			add("header-"+name, report, s)
		}
	}

	r, s = chest(tb) // PET with CT, MR, and US, each with its order
	pet := r.Acts[0]
	pet.Code, pet.Modalities = segur.Code{Code: "44136-0", Display: "TEP corps entier"}, []segur.Code{{Code: "PT"}, {Code: "CT"}}
	pet.CCAM = segur.Code{}
	knee := minimal(tb).Acts[0]
	knee.StudyUID, knee.Start, knee.End = "1.2.250.1.999.4.1002", instant(10, 0, 0), instant(10, 0, 1)
	echo := knee
	echo.StudyUID, echo.Modalities, echo.Performer = "1.2.250.1.999.4.1003", []segur.Code{{Code: "US"}}, &r.Prescriber.Professional
	echo.Code = segur.Code{Code: "24842-7", Display: "US genou"}
	r.Acts = []cda.Act{pet, knee, echo}
	r.Orders = append(r.Orders, cda.Order{Accession: segur.Identifier{Root: "1.2.250.1.999.3", Extension: "ACC 43/é"}}, cda.Order{Accession: segur.Identifier{Root: "1.2.250.1.999.3", Extension: "ACC-44"}})
	first := s.Acts[0]
	first.Products, first.Complications = nil, cda.Narrative{}
	first.Catalog = ctCatalog("1.2.250.1.999.4.1001")
	first.Catalog.SOPClass, first.Catalog.Modality = segur.Code{Code: "1.2.840.10008.5.1.4.1.1.128"}, segur.Code{Code: "PT"}
	first.Exposure = &cda.Exposure{
		Pregnancy: segur.Code{Code: cda.PregnancyUnknown},
		Doses:     []cda.Dose{{Code: segur.Code{Code: cda.DoseActivity}, Value: cda.Quantity{Value: "250.5", Unit: "MBq"}, Site: cda.Site{Code: segur.Code{Code: "361291001"}, Modifier: segur.Code{Code: cda.SiteLeft}}}},
		Radiopharmaceutical: &cda.Radiopharmaceutical{Name: "TRACEUR [18F]", ATC: segur.Code{Code: "V09IX04", Display: "FLUDESOXYGLUCOSE (18F)"},
			Route: segur.Code{Code: cda.RouteIntravenous}, Dose: cda.Quantity{Value: "250.5", Unit: "MBq"}, Lot: "F18-7", Comment: "À jeun depuis 6 h"},
	}
	kneeSection := minimalSections().Acts[0]
	kneeSection.Site.Modifier = segur.Code{Code: cda.SiteLeft} // refused by the rules of 2024.01: in the text only
	kneeSection.Catalog = mrCatalog("1.2.250.1.999.4.1002")
	echoSection := kneeSection
	echoSection.Catalog = mrCatalog("1.2.250.1.999.4.1003")
	echoSection.Catalog.SOPClass = segur.Code{Code: "1.2.840.10008.5.1.4.1.1.77.1.4", Display: "VL Photographic Image Storage"}
	echoSection.Catalog.Link = "https://autre.exemple.test/voir?x=1"
	s.Acts = []cda.ActSection{first, kneeSection, echoSection}
	s.Addendum, s.Attachments, s.Results = nil, nil, cda.Narrative{}
	add("acts", r, s)

	r, s = chest(tb) // every text supplied by the caller
	r.PDF = nil
	marked := cda.Narrative{}.Paragraph(cda.Plain("Voir "), cda.Anchor("medical1", "asthme"), cda.Plain(", "), cda.Anchor("contraindication1", "iode")).Text("Rien d'autre.")
	s.History.Narrative = marked
	s.Question.Narrative = cda.Markup(`<table><caption>Demande</caption><colgroup><col span="2" align="left"/></colgroup><thead><tr><th ID="h">Pourquoi</th></tr></thead>` +
		`<tbody><tr><td headers="h"><list listType="ordered"><item>Toux<footnote ID="f">depuis <sub>3</sub> mois</footnote></item></list><footnoteRef IDREF="f"/></td></tr></tbody></table>`)
	s.Acts[0].Narrative = cda.Narrative{}.Paragraph(cda.Anchor("act", "Scanner"), cda.Plain(" du "), cda.Anchor("site", "thorax"), cda.Plain(" avec "), cda.Anchor("product1", "iode"))
	s.Acts[0].Exposure.Narrative = cda.Text("Dose : 312,40 mGy.cm ; patiente non enceinte.")
	s.Acts[0].Catalog.Narrative = cda.Text("Images conservées.")
	s.DevicesNarrative = cda.Text("Injecteur.")
	s.Conclusion = cda.Markup(`<text xmlns="urn:hl7-org:v3">Conclusion <content styleCode="Bold Italics" ID="c">nette</content>, <linkHtml href="#c">ici</linkHtml>.<br/></text>`)
	s.Results = cda.Markup(`<x:paragraph xmlns:x="urn:hl7-org:v3">Sans <x:sup>particularité</x:sup></x:paragraph><renderMultiMedia referencedObject="cle document1"><caption>Clés</caption></renderMultiMedia>`)
	add("supplied", r, s)
	return m
}
