package datamatrix_test

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins/datamatrix"
)

// A RIS prints the identity block of a report, a desk scans it.
func Example() {
	ins, err := segur.ParseINS("285036912345656", segur.OIDINSNIRTest)
	if err != nil {
		fmt.Println(err)
		return
	}
	patient := segur.Patient{INS: ins, Status: segur.Qualified, Traits: segur.Traits{
		BirthName: "FICTIVE-DURAND", GivenNames: "CAMILLE LUCE", Sex: segur.Female,
		BirthDate: segur.NewDate(1985, 3, 14), BirthPlace: "69123"}}

	payload, err := datamatrix.Encode(patient, segur.Fake)
	if err != nil {
		fmt.Println(err)
		return
	}
	symbol, err := payload.Symbol()
	if err != nil {
		fmt.Println(err)
		return
	}
	var picture bytes.Buffer
	if err := symbol.PNG(&picture, datamatrix.Drawing{}); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(payload, symbol)

	// What a scanner types that plays a keyboard.
	scan := string(bytes.ReplaceAll(payload.Bytes(), []byte{0x1D}, []byte("<GS>"))) + "\r"
	decoded, err := datamatrix.Decode(scan, datamatrix.Options{Environment: segur.Fake})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(decoded.Traits.BirthName, decoded.Traits.GivenNames, decoded.Traits.BirthDate, decoded.Patient().Status)
	// Output:
	// Payload(redacted) Symbol(40×40, redacted)
	// FICTIVE-DURAND CAMILLE LUCE 1985-03-14 PROV
}

// An identity that is not qualified is printed without a datamatrix.
func ExampleEncode() {
	_, err := datamatrix.Encode(segur.Patient{Status: segur.Validated, Traits: segur.Traits{
		BirthName: "Fictive-Durand", GivenNames: "CAMILLE", Sex: segur.Female, BirthDate: segur.Date{Year: 1985}}}, segur.Production)
	var e *segur.Error
	if errors.As(err, &e) {
		for _, d := range e.Details {
			fmt.Println(d.Field+":", d.Message)
		}
	}
	// Output:
	// patient.status: is VALI: only a qualified identity (QUAL) may be printed as a datamatrix
	// patient.ins: is required
	// patient.traits.birthName: character 2: only the letters A to Z without accent, blank, apostrophe and hyphen are accepted
	// patient.traits.birthDate: has no day and no month: complete it by the rule of RNIV EXI PP 19 (31 December) and set BirthDateInterpreted
}
