package ins_test

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/ins/instest"
)

// The patient's second given name is the first one of INSi: a person decides, with the document in hand.
func ExampleClient_Identify() {
	srv := instest.NewServer()
	defer srv.Close()
	cfg := srv.Config()
	cfg.Limiter = ins.NewLimiter(ins.LimiterConfig{}) // one for all the clients of the structure
	client, err := ins.New(cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	patient := instest.DefaultPatient()
	patient.Traits.FirstGivenName, patient.Traits.GivenNames = "LUCE", "LUCE CAMILLE"
	found, err := client.Identify(context.Background(), patient, ins.ForEvent("visit-2026-0042"))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, a := range found.Attempts {
		fmt.Println(a.GivenName, "-", a.Why, "-", a.Code)
	}
	fmt.Println(found.Outcome, found.Doubts(), found.FirstGivenNames())
	fmt.Println(found.Explain(segur.EN))

	confirmed, err := found.Confirm(ins.Confirmation{Operator: "desk-2", Document: true,
		Accept: []ins.Doubt{ins.DoubtFirstGivenName}, FirstGivenName: "CAMILLE"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(confirmed.Patient.Status, confirmed.Patient.INS)
	// Output:
	// first given name - first - 01
	// other given name - nobody before - 00
	// unconfirmed [first given name] [CAMILLE CAMILLE LUCE]
	// The local first given name does not begin the list of INSi: compare with a document before confirming, it may be another person.
	// QUAL INS(redacted)
}

// A stored identity still holds when the same search gives the same number and the same traits.
func ExampleClient_VerifyByComparison() {
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
	v, err := client.VerifyByComparison(context.Background(), ins.ClaimOf("", found.Patient))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(v.Outcome, "by", v.Method)

	// The number of before: INSi knows it as a former one.
	old := found.Patient
	old.INS = found.Result.Identity.History[0].INS
	v, err = client.VerifyByComparison(context.Background(), ins.ClaimOf("", old))
	fmt.Println(v.Outcome, v.Replaced, v.Current == found.Patient.INS, err)
	// Output:
	// verified by comparison
	// not verified true true <nil>
}

// The identities of a data base are verified in deposits, by the operation that the vendor has implemented; here the
// fake of the contract.
func ExampleVerifyAll() {
	patient := instest.DefaultPatient()
	patient.INS = instest.DefaultPersons()[0].INS
	wrong := patient
	wrong.Traits.BirthName = "fictive"
	claims := []ins.Claim{ins.ClaimOf("row-1", patient), ins.ClaimOf("row-2", wrong)}

	options := ins.BatchOptions{Environment: segur.Fake, PollEvery: time.Millisecond}
	for item, err := range ins.VerifyAll(context.Background(), instest.NewBatch(), slices.Values(claims), options) {
		if err != nil {
			fmt.Println(item.ID, err)
			continue
		}
		fmt.Println(item.ID, item.Verification.Outcome, "by", item.Verification.Method)
	}
	// Output:
	// row-2 ins.verifyAll: invalid input: claim.traits.birthName characters 1 to 7: lower-case letters are not accepted; ins.Normalize makes it acceptable
	// row-1 verified by teleservice
}
