package ins_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/ins/instest"
)

// A patient arrives: the local identity was checked against a document, INSi makes it qualified.
func Example() {
	srv := instest.NewServer()
	defer srv.Close()
	client, err := ins.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	found, err := client.Identify(context.Background(), instest.DefaultPatient())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(found.Outcome, "after", len(found.Attempts), "call")
	fmt.Println(found.Patient.Status, found.Patient.INS)
	// Output:
	// found after 1 call
	// QUAL INS(redacted)
}

func ExampleClient_Search() {
	srv := instest.NewServer()
	defer srv.Close()
	client, err := ins.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	result, err := client.Search(context.Background(), ins.Query{Traits: segur.Traits{
		BirthName: "FICTIF-MARTIN", FirstGivenName: "PAUL", Sex: segur.Male, BirthDate: segur.NewDate(1970, 5, 2)}})
	fmt.Println(result.Outcome, result.Code, err)
	result, err = client.Search(context.Background(), ins.Query{Traits: segur.Traits{
		BirthName: "FICTIF-MARTIN", FirstGivenName: "PAUL", Sex: segur.Male, BirthDate: segur.NewDate(1970, 5, 2), BirthPlace: "13055"}})
	fmt.Println(result.Outcome, result.Identity.Traits.GivenNames, err)
	// Output:
	// ambiguous 02 <nil>
	// found PAUL EMILE <nil>
}

// Input is checked before anything is sent; the error lists every field.
func ExampleClient_Search_invalid() {
	srv := instest.NewServer()
	defer srv.Close()
	client, err := ins.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = client.Search(context.Background(), ins.Query{Traits: segur.Traits{BirthName: "Dupont2", FirstGivenName: "JEAN-", Sex: segur.SexUnknown}})
	var e *segur.Error
	if errors.As(err, &e) {
		for _, d := range e.Details {
			fmt.Println(d.Field+":", d.Message)
		}
	}
	fmt.Println(errors.Is(err, segur.ErrInvalidInput), len(srv.Calls()))
	// Output:
	// traits.birthName: characters 2 to 6: lower-case letters are not accepted; ins.Normalize makes it acceptable
	// traits.birthName: character 7: digits are not accepted
	// traits.firstGivenName: character 5: a given name ends with neither a hyphen nor an apostrophe
	// traits.sex: must be F or M: INSi knows no other
	// traits.birthDate: is required
	// true 0
}

func ExampleFault() {
	srv := instest.NewServer()
	defer srv.Close()
	client, err := ins.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	srv.Fail(instest.SOAPFault("desir_550", instest.Since2026))
	_, err = client.Search(context.Background(), ins.Query{Traits: instest.DefaultPatient().Traits})
	var fault *ins.Fault
	if errors.As(err, &fault) {
		fmt.Println(fault.Code, fault.Subcode, fault.DetailCode)
	}
	var e *segur.Error
	if errors.As(err, &e) {
		fmt.Println(e.Kind, e.Retryable())
		fmt.Println(e.Explain(segur.EN))
	}
	// Output:
	// Sender siram_100 desir_550
	// authorization false
	// The software's authorisation number is unknown. Check the number given by CNDA (software.authorizationNumber) and the environment it was given for.
}

func ExampleNormalizeBirthName() {
	fmt.Println(ins.NormalizeBirthName("D’Æion"))
	// Output: D'AEION <nil>
}

// What a person typed is made acceptable in one visible step; what cannot be replaced is refused.
func ExampleNormalize() {
	typed := segur.Traits{BirthName: "D’Æion", FirstGivenName: "NOËL", Sex: segur.Male, BirthDate: segur.NewDate(1987, 1, 25), BirthPlace: "2b033"}
	n, err := ins.Normalize(typed)
	fmt.Println(n.Traits.BirthName, n.Traits.FirstGivenName, n.Traits.BirthPlace, err)
	for _, c := range n.Changes {
		fmt.Println(c.Field, c.Position, c.Rule)
	}
	_, err = ins.Normalize(segur.Traits{BirthName: "DUPONT_2", FirstGivenName: "ANNE"})
	fmt.Println(err)
	// Output:
	// D'AEION NOEL 2B033 <nil>
	// traits.birthName 2 apostrophe
	// traits.birthName 3 ligature
	// traits.birthName 4 capital
	// traits.birthName 5 capital
	// traits.birthName 6 capital
	// traits.firstGivenName 3 accent
	// traits.birthPlace 2 capital
	// ins.Normalize: invalid input: traits.birthName character 7: U+005F is not accepted; traits.birthName character 8: digits are not accepted
}
