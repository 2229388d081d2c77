package cda_test

import (
	"fmt"
	"os"
	"strings"

	"github.com/segur-sdk/segur/cda"
)

// A document of other software is explained in both languages: where, which
// field of a report it is, which norm says so.
func ExampleCheck() {
	good, err := os.ReadFile("testdata/level3-minimal.xml")
	if err != nil {
		fmt.Println(err)
		return
	}
	broken := strings.NewReplacer(
		`code="G15_10/SM44"`, `code="G15_10/SM99"`,
		"<county>69123</county>", "",
		`<effectiveTime value="20260120110500+0100">`, `<effectiveTime value="20260120110500">`,
	).Replace(string(good))

	report := cda.Check([]byte(broken))
	fmt.Println(report.Kind, "of level", report.Level, "- errors:", report.Errors())
	for _, issue := range report.Issues {
		if issue.Rule != "CDA012" && issue.Rule != "CDA020" && issue.Field != "report.authors[0].specialty" {
			continue // the same author signs the document, and did the act
		}
		fmt.Println(issue.Rule, issue.Severity, issue.Path, issue.Field)
		fmt.Println("  ", issue.Text.FR)
		fmt.Println("  ", issue.Text.EN)
		fmt.Println("  ", issue.Source)
	}
	// Output:
	// imaging report of level 3 - errors: 6
	// CDA012 error /ClinicalDocument/effectiveTime report.created
	//    une heure s'écrit avec son décalage horaire, par exemple +0100
	//    a time is written with its offset from UTC, such as +0100
	//    CI-SIS, structure générale des documents CDA
	// CDA020 error /ClinicalDocument/recordTarget/patientRole/patient report.patient
	//    un INS demande le code COG du lieu de naissance : birthplace/place/addr/county
	//    an INS needs the COG code of the birth place: birthplace/place/addr/county
	//    CI-SIS, volet Structuration minimale
	// CDA023 error /ClinicalDocument/author/assignedAuthor/code report.authors[0].specialty
	//    le code G15_10/SM99 n'est pas dans le jeu de valeurs JDV_J01_XdsAuthorSpecialty_CISIS (version du 2024-12-13)
	//    the code G15_10/SM99 is not in the value set JDV_J01_XdsAuthorSpecialty_CISIS (revision 2024-12-13)
	//    CI-SIS, volet Structuration minimale
}

// The documents that this package writes have nothing to explain.
func ExampleParsed_Check() {
	b, err := os.ReadFile("testdata/level3-complete.xml")
	if err != nil {
		fmt.Println(err)
		return
	}
	parsed, err := cda.Parse(b)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(parsed.Check(cda.LikeOfficialChecker()).OK())
	// Output: true
}
