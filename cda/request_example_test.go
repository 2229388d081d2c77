package cda_test

import (
	"fmt"
	"io"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
)

// The software of a requester asks for an MRI of the left knee. Codes need no
// label: the tables of the SDK have them.
func ExampleWriter_Request() {
	writer, err := cda.New(cda.Config{Environment: segur.Fake, OIDRoot: "1.2.250.1.999.5"})
	if err != nil {
		fmt.Println(err)
		return
	}
	document, err := writer.Request(kneeRequest())
	if err != nil {
		fmt.Println(err) // every field that is missing or wrong
		return
	}
	n, err := document.WriteTo(io.Discard)
	fmt.Println(n == document.Size(), err)
	fmt.Println(document.Header().Type.Display, document.Header().TemplateIDs[3])
	// Output:
	// true <nil>
	// Demande d'actes d'imagerie 1.2.250.1.213.1.1.1.47
}

// What is missing or contradicts itself is said by field.
func ExampleWriter_Request_errors() {
	writer, _ := cda.New(cda.Config{Environment: segur.Fake})
	request := kneeRequest()
	request.RisksExplained = cda.NotAnswered
	request.Acts[0].Urgent = true
	request.Acts = append(request.Acts, cda.RequestedAct{Modality: segur.Code{Code: cda.RequestPET}})
	_, err := writer.Request(request)
	for _, d := range err.(*segur.Error).Details {
		fmt.Println(d.Field, d.Message)
	}
	// Output:
	// risksExplained is required: Yes or No
	// acts[0].urgencyReason is required: why the act cannot wait
	// acts[1].function.code is required, from JDV_FonctionEtudieeTEP_CISIS
	// acts[1].sites one at least is required
}

// The report that answers a request takes over its number, the prescriber, the
// question and the contra-indications. The patient comes from the own records.
func ExampleReport_Answering() {
	request := kneeRequest() // or that of a document: parsed.Request
	accession := segur.Identifier{Root: "1.2.250.1.999.3", Extension: "ACC-2026-0042"}
	report := cda.Report{}.Answering(request, accession)
	sections := cda.Sections{}.Answering(request)
	fmt.Println(report.Orders[0].Placer.Extension, "by", report.Prescriber.FamilyName, "on", report.Prescriber.Date)
	fmt.Println(sections.Question.Purpose, len(sections.History.ContraIndications))
	// Output:
	// D-2026-0007 by PRESCRIPTEUR on 2026-01-12
	// Lésion méniscale ? 1
}

func kneeRequest() cda.Request {
	number := "2850369123456"
	ins, err := segur.ParseINS(number+segur.MatriculeKey(number), segur.OIDINSNIRTest)
	if err != nil {
		panic(err)
	}
	requester := segur.Professional{
		ID: "899900000031", FamilyName: "PRESCRIPTEUR", GivenName: "Dominique", Title: "DR", Specialty: segur.Code{Code: "G15_10/SM26"},
		Organization: &segur.Organization{ID: "1990000027", Name: "CABINET MÉDICAL FICTIF", Sector: segur.Code{Code: "SA08"}},
	}
	return cda.Request{
		Created: time.Date(2026, 1, 12, 17, 40, 0, 0, time.FixedZone("CET", 3600)),
		Patient: segur.Patient{INS: ins, Status: segur.Qualified,
			Traits: segur.Traits{BirthName: "FICTIVE-DURAND", FirstGivenName: "CAMILLE", GivenNames: "CAMILLE LUCE",
				Sex: segur.Female, BirthDate: segur.NewDate(1985, 3, 14), BirthPlace: "69123"}},
		Authors: []cda.Author{{Professional: requester}}, LegalAuthenticator: cda.Signature{Professional: requester},
		Placer:          segur.Identifier{Root: "1.2.250.1.999.2", Extension: "D-2026-0007"},
		PracticeSetting: segur.Code{Code: "AMBULATOIRE"},
		Question:        cda.ClinicalQuestion{Justification: "Gonalgie gauche après entorse.", Purpose: "Lésion méniscale ?"},
		History: cda.History{ContraIndications: []cda.ContraIndication{
			{Code: segur.Code{Code: cda.ContraClaustrophoby}, Comment: "prémédication souhaitée"}}},
		RisksExplained: cda.Yes,
		Acts: []cda.RequestedAct{{
			Modality: segur.Code{Code: cda.RequestMRI},
			Sites:    []cda.Site{{Code: segur.Code{Code: "361291001"}, Modifier: segur.Code{Code: cda.SiteLeft}}}, // genou
			Before:   segur.NewDate(2026, 2, 27),
		}},
	}
}
