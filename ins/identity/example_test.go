package identity_test

import (
	"fmt"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/ins/identity"
)

// A patient arrives; the reception creates the identity, INSi gives the INS, the passport qualifies it. Two days later
// somebody doubts.
func Example() {
	rules, err := identity.NewRules(identity.Config{})
	check(err)
	clock := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	act := func() identity.Act {
		clock = clock.Add(time.Minute)
		return identity.Act{Operator: "accueil-1", At: clock}
	}

	patient, err := rules.New(act(), identity.Entry{Method: identity.MethodManual, Traits: segur.Traits{
		BirthName: "FICTIVE-DURAND", FirstGivenName: "CAMILLE", Sex: segur.Female,
		BirthDate: segur.NewDate(1985, time.March, 14), BirthPlace: "69123",
	}})
	check(err)

	question, err := patient.ForINSi() // for ins.Client.Identify
	check(err)
	answer := answerOfINSi(question, clock)
	patient, err = patient.Retrieve(act(), identity.Retrieval{Result: answer})
	check(err)
	fmt.Println(patient, "- INS handed out:", !patient.Patient().INS.IsZero())

	patient, err = patient.Control(act(), identity.Control{Document: identity.Passport, Holder: identity.HolderFrench})
	check(err)
	fmt.Println(patient, "- INS handed out:", !patient.Patient().INS.IsZero())

	clock = clock.AddDate(0, 0, 2)
	patient, err = patient.Doubt(act())
	check(err)
	fmt.Println(patient, "- INS handed out:", !patient.Patient().INS.IsZero())
	_, err = patient.ForINSi()
	fmt.Println(err)

	for _, e := range patient.History() {
		fmt.Println(e.Operation, e.Status, e.Rule)
	}
	// Output:
	// Identity(RECUP, redacted) - INS handed out: false
	// Identity(QUAL, redacted) - INS handed out: true
	// Identity(PROV douteux, redacted) - INS handed out: false
	// identity.for-insi: invalid input: attributes a doubtful or fictitious identity stays provisional, without INS and without a call of INSi (EXI ID 26, EXI SI 09)
	// create PROV EXI SI 07
	// retrieve RECUP EXI SI 07, EXI REC 07, EXI REC 08
	// control QUAL EXI SI 07, EXI ID 19
	// doubt PROV EXI ID 24, EXI ID 26
}

// answerOfINSi stands for the Result of an ins.Identification.
func answerOfINSi(p segur.Patient, at time.Time) *ins.Result {
	const body = "2850369123456"
	number, err := segur.ParseINS(body+segur.MatriculeKey(body), segur.OIDINSNIRTest)
	check(err)
	traits := p.Traits
	traits.FirstGivenName, traits.GivenNames = "", "CAMILLE LUCE"
	return &ins.Result{Outcome: ins.Found, Code: "00", Identity: &ins.Identity{INS: number, Traits: traits},
		MessageID: "urn:uuid:00000000-0000-4000-8000-000000000001", Time: at, Raw: []byte("<RESULTAT/>")}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
