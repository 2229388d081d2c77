package ins_test

import (
	"context"
	"fmt"
	"net/http"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/ins/instest"
)

// A practice without a certificate of its own for INSi: the card of the radiologist signs an assertion for each message.
func ExampleCard() {
	srv := instest.NewServer(instest.WithProfessionals())
	defer srv.Close()
	cfg := srv.Config()
	cfg.Authentication = ins.Card(ins.CardConfig{
		Credentials: srv.Card().Credentials, // in a product: the signature key in the card, through PKCS#11
		BillingID:   "999999999",            // geographic FINESS of the practice
		Sector:      "SA07",
		Specialty:   "06", // radiology, for the health insurance
	})
	client, err := ins.New(cfg) // says at once if the card expired, or if it is the key for authentication
	if err != nil {
		fmt.Println(err)
		return
	}
	found, err := client.Identify(context.Background(), instest.DefaultPatient())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(found.Outcome, found.Patient.Status)
	fmt.Println("sent by", srv.Calls()[0].Issuer)
	// Output:
	// found QUAL
	// sent by 899900000015
}

// The product makes the assertion itself, with a component of the GIE SESAM-Vitale: it is sent as it is.
func ExampleAssertion() {
	srv := instest.NewServer(instest.WithProfessionals())
	defer srv.Close()
	cfg := srv.Config()
	cfg.Authentication = ins.Assertion(func(ctx context.Context) ([]byte, error) {
		return srv.Assertion(srv.Card())
	})
	client, err := ins.New(cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	result, err := client.Search(context.Background(), ins.Query{Traits: instest.DefaultPatient().Traits})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(result.Outcome)
	// Output: found
}

// How INSi gets the token of Pro Santé Connect is in the guide for registered vendors: the function writes what it says.
func ExampleProSanteConnect() {
	srv := instest.NewServer(instest.WithProSanteConnect())
	defer srv.Close()
	session := struct{ Subject, Token string }{"899900000015", instest.Token} // of the user who is connected
	cfg := srv.Config()
	cfg.Endpoint = srv.URL // there is no default: the address is in the guide
	cfg.Authentication = ins.ProSanteConnect(ins.ProSanteConnectConfig{
		Subject: session.Subject, AssertionIssuer: "RIS fictif", BillingID: "999999999", Specialty: "06",
		Decorate: func(_ context.Context, h http.Header) error {
			h.Set(instest.TokenHeader, session.Token)
			return nil
		},
	})
	client, err := ins.New(cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	result, err := client.Search(context.Background(), ins.Query{Traits: instest.DefaultPatient().Traits})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(result.Outcome)
	// Output: found
}

// A card is read, the user selects the beneficiary who came, INSi gives the national identity.
func ExampleClient_SearchVitale() {
	srv := instest.NewServer(instest.WithProfessionals())
	defer srv.Close()
	client, err := ins.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	card := instest.DefaultVitale()[2].Card // one of two twins, who have no certified number
	now := srv.Now()
	result, err := client.SearchVitale(context.Background(), ins.VitaleQuery{
		Card:       card,
		Assertion:  srv.VitaleAssertion(card, now), // in a product: from the component that reads the card
		AssertedAt: now,
		Reread:     func(context.Context) (ins.VitaleCard, error) { return card, nil }, // in a product: read again
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(result.Outcome, result.Identity.Traits.GivenNames, result.Identity.INS)
	fmt.Println(card)
	// Output:
	// found ELIE INS(redacted)
	// VitaleCard(redacted)
}

// The number of a card is checked when it is read; errors never repeat it.
func ExampleParseNIR() {
	_, err := ins.ParseNIR("2850369123456", "00")
	fmt.Println(err)
	nir, err := ins.ParseNIR("2850369123456", segur.MatriculeKey("2850369123456"))
	fmt.Println(nir, err)
	// Output:
	// ins.ParseNIR: invalid input: key does not match the number
	// NIR(redacted) <nil>
}
