package cda_test

import (
	"crypto/sha256"
	"fmt"
	"io"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/cda/pdfa"
)

// A radiology information system fills a report with what it has at hand, and
// gets a document that the clients of the SDK publish and send as it is.
func Example() {
	writer, err := cda.New(cda.Config{Environment: segur.Fake, OIDRoot: "1.2.250.1.999.5"})
	if err != nil {
		fmt.Println(err)
		return
	}
	number := "2850369123456"
	ins, err := segur.ParseINS(number+segur.MatriculeKey(number), segur.OIDINSNIRTest)
	if err != nil {
		fmt.Println(err)
		return
	}
	start := time.Date(2026, 1, 20, 9, 30, 0, 0, time.FixedZone("CET", 3600))
	pdf, err := pdfa.Build(pdfa.Report{
		ID: "1.2.250.1.999.7.1", Created: start.Add(time.Hour), Title: "IRM du genou gauche",
		Sections: []pdfa.Section{{Heading: "Conclusion", Paragraphs: []string{"Examen sans particularité."}}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	radiologist := segur.Professional{
		ID: "899900000015", FamilyName: "RADIOLOGUE", GivenName: "Claude", Title: "DR",
		Specialty:    segur.Code{Code: "G15_10/SM44"},
		Organization: &segur.Organization{ID: "1990000019", Name: "CENTRE D'IMAGERIE FICTIF", Sector: segur.Code{Code: "SA07"}},
	}
	document, err := writer.Level1(cda.Report{
		Title: "CR d'imagerie médicale - IRM du genou gauche",
		Patient: segur.Patient{
			INS: ins, Status: segur.Qualified,
			LocalIDs: []segur.Identifier{{Root: "1.2.250.1.999.1", Extension: "IPP-0001"}},
			Traits: segur.Traits{BirthName: "FICTIVE-DURAND", FirstGivenName: "CAMILLE", GivenNames: "CAMILLE LUCE",
				Sex: segur.Female, BirthDate: segur.NewDate(1985, 3, 14), BirthPlace: "69123"},
		},
		Authors:            []cda.Author{{Professional: radiologist}},
		LegalAuthenticator: cda.Signature{Professional: radiologist},
		Prescriber: &cda.Prescriber{Date: segur.NewDate(2026, 1, 5),
			Professional: segur.Professional{ID: "899900000031", FamilyName: "PRESCRIPTEUR", GivenName: "Dominique"}},
		Orders: []cda.Order{{Accession: segur.Identifier{Root: "1.2.250.1.999.3", Extension: "ACC-2026-0042"}}},
		Acts: []cda.Act{{
			StudyUID: "1.2.250.1.999.4.1001", Start: start, End: start.Add(25 * time.Minute),
			Code:       segur.Code{Code: "26257-6", Display: "RM genou - gauche"},
			Modalities: []segur.Code{{Code: "MR"}}, Regions: []segur.Code{{Code: cda.RegionLowerLimb}},
		}},
		PracticeSetting: segur.Code{Code: "AMBULATOIRE"},
		PDF:             segur.BytesContent(pdf),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	n, err := document.WriteTo(io.Discard)
	fmt.Println(n == document.Size(), err)
	header := document.Header()
	fmt.Println(header.Type.Display, "-", header.Services[0].Code.Display, "-", header.Services[0].Translations[0].Display)
	// Output:
	// true <nil>
	// CR d'imagerie médicale - RM genou - gauche - Résonance magnétique
}

// Everything that is missing or wrong is said at once, by field.
func ExampleWriter_Level1_errors() {
	writer, _ := cda.New(cda.Config{Environment: segur.Fake})
	at := time.Date(2026, 1, 20, 9, 30, 0, 0, time.UTC)
	_, err := writer.Level1(cda.Report{
		Patient:         segur.Patient{LocalIDs: []segur.Identifier{{Root: "1.2.250.1.999.1", Extension: "IPP-0001"}}},
		PracticeSetting: segur.Code{Code: "CABINET"},
		Acts: []cda.Act{{StudyUID: "1.2.250.1.999.4.1", Code: segur.Code{Code: "26257-6", Display: "RM genou - gauche"},
			Modalities: []segur.Code{{Code: "MR"}}, Start: at, End: at}},
	})
	for _, d := range err.(*segur.Error).Details {
		switch d.Field {
		case "acts[0].end", "practiceSetting.code", "orders":
			fmt.Println(d.Field, d.Message)
		}
	}
	// Output:
	// orders one at least is required, with its accession number
	// practiceSetting.code is not in JDV_J04_XdsPracticeSettingCode_CISIS (revision 2024-09-27)
	// acts[0].end must be one second after start at least
}

// A document received from another structure gives its header, and its body as
// a stream with its hash.
func ExampleParse() {
	received := []byte(`<ClinicalDocument xmlns="urn:hl7-org:v3"><id root="1.2.250.1.999.5.1"/>
	  <code code="18748-4" codeSystem="2.16.840.1.113883.6.1"/><setId root="1.2.250.1.999.5.2"/>
	  <effectiveTime value="20260120110500"/>
	  <component><nonXMLBody><text mediaType="text/plain" representation="B64">RXhhbWVuIG5vcm1hbC4=</text></nonXMLBody></component>
	</ClinicalDocument>`)
	p, err := cda.Parse(received)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(p.Kind, p.Level, p.Header.ID.Root)
	for _, w := range p.Warnings {
		fmt.Println("warning:", w.Field, w.Message)
	}
	body, err := p.Body()
	if err != nil {
		fmt.Println(err)
		return
	}
	stream, _ := body.Open()
	defer func() { _ = stream.Close() }()
	text, _ := io.ReadAll(stream)
	fmt.Println(body.MediaType, string(text), body.SHA256 == sha256.Sum256(text))
	// Output:
	// imaging report 1 1.2.250.1.999.5.1
	// warning: effectiveTime has no offset from UTC: taken as legal time in Paris
	// warning: templateId an unstructured document lacks the template 1.3.6.1.4.1.19376.1.2.20
	// text/plain Examen normal. true
}
