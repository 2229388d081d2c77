package interop_test

import (
	"encoding/json"
	"fmt"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins/interop"
)

func fictional() interop.Identity {
	ins, err := segur.ParseINS("285036912345656", segur.OIDINSNIRTest)
	if err != nil {
		panic(err)
	}
	return interop.Identity{Patient: segur.Patient{
		Traits: segur.Traits{
			BirthName: "FICTIVE-DURAND", FirstGivenName: "CAMILLE", GivenNames: "CAMILLE LUCE", UsedName: "FICTIVE",
			Sex: segur.Female, BirthDate: segur.NewDate(1985, 3, 14), BirthPlace: "69123",
		},
		INS: ins, Status: segur.Qualified,
		LocalIDs: []segur.Identifier{{Root: "1.2.250.1.999.1", Extension: "IPP-0001"}},
	}}
}

// One identity goes to the five standards; what is not qualified goes without
// its INS.
func Example() {
	codec, err := interop.New(interop.Config{Environment: segur.Fake})
	if err != nil {
		panic(err)
	}
	id := fictional()
	pid, err := codec.PID(id)
	fmt.Println(pid, err)
	cx, err := codec.CX(id)
	fmt.Println(cx, err)

	id.Patient.Status = segur.Retrieved
	cx, err = codec.CX(id)
	fmt.Println(cx, err)
	// Output:
	// PID|||285036912345656^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.10&ISO^INS~IPP-0001^^^&1.2.250.1.999.1&ISO^PI||FICTIVE-DURAND^CAMILLE^CAMILLE LUCE^^^^L~FICTIVE^^^^^^D||19850314|F|||^^^^^^BDL^^69123||||||||||||||||||||N|VALI <nil>
	// 285036912345656^^^&1.2.250.1.213.1.4.10&ISO^NH <nil>
	// IPP-0001^^^&1.2.250.1.999.1&ISO^PI <nil>
}

func ExampleCodec_ReadPID() {
	codec, err := interop.New(interop.Config{Environment: segur.Fake})
	if err != nil {
		panic(err)
	}
	r, err := codec.ReadPID([]byte("MSH|^~\\&|RIS|||||ADT^A31|1|P|2.5\r" +
		"PID|||285036912345656^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.10&ISO^INS~IPP-0001^^^&1.2.250.1.999.1&ISO^PI||" +
		"FICTIVE-DURAND^CAMILLE^CAMILLE LUCE^^^^L||19850314|F||||||||||||||||||||||||PROV\r"))
	if err != nil {
		panic(err)
	}
	_, qualified := r.Identity.Patient.QualifiedINS()
	fmt.Println(r.Identity.Patient.Status, qualified)
	for _, w := range r.Warnings {
		fmt.Println(w.Field, w.Message)
	}
	// Output:
	// PROV false
	// PID has an INS and is not qualified: the INS is left out
}

func ExampleCodec_RecordTarget() {
	codec, err := interop.New(interop.Config{Environment: segur.Fake})
	if err != nil {
		panic(err)
	}
	xml, err := codec.RecordTarget(fictional())
	fmt.Printf("%.96s ... %v\n", xml, err)
	// Output:
	// <recordTarget xmlns="urn:hl7-org:v3"><patientRole><id extension="285036912345656" root="1.2.250. ... <nil>
}

func ExampleCodec_FHIRPatient() {
	codec, err := interop.New(interop.Config{Environment: segur.Fake})
	if err != nil {
		panic(err)
	}
	patient, err := codec.FHIRPatient(fictional())
	if err != nil {
		panic(err)
	}
	resource, err := json.Marshal(patient.Identifier[0])
	fmt.Println(string(resource), err)
	// Output:
	// {"use":"official","type":{"coding":[{"system":"https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-v2-0203","code":"INS-NIR-TEST"}]},"system":"urn:oid:1.2.250.1.213.1.4.10","value":"285036912345656"} <nil>
}

func ExampleCodec_DICOMPatient() {
	codec, err := interop.New(interop.Config{Environment: segur.Fake})
	if err != nil {
		panic(err)
	}
	elements, err := codec.DICOMPatient(fictional(), interop.Image)
	if err != nil {
		panic(err)
	}
	for _, e := range elements[:2] {
		fmt.Println(e.Tag, e.Value)
	}
	back := codec.ReadDICOM(elements)
	ins, ok := back.Identity.Patient.QualifiedINS()
	fmt.Println(ins == fictional().Patient.INS, ok)
	// Output:
	// (0010,0010) [FICTIVE-DURAND^CAMILLE]
	// (0010,0020) [IPP-0001]
	// true true
}
