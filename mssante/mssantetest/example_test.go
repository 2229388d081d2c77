package mssantetest_test

import (
	"context"
	"fmt"

	"github.com/segur-sdk/segur/mssante"
	"github.com/segur-sdk/segur/mssante/mssantetest"
)

// A reader whose software does not know the patient: what the sender sees.
func ExampleServer() {
	srv := mssantetest.NewServer()
	defer srv.Close()
	srv.AddMailbox(mssantetest.PrescriberMailbox, mssantetest.Reads(mssantetest.Reading{Error: "902^Identifiant patient inconnu"}))

	ctx := context.Background()
	sender, err := mssante.New(srv.Config())
	if err != nil {
		panic(err)
	}
	letter, err := sender.Compose(mssante.Message{
		From: mssante.Sender{Entity: "Centre d'imagerie fictif"}, Subject: "Essai", Text: "Bonjour", ReadReceipt: true, DeliveryReceipt: true,
		To: []mssante.Recipient{mssante.ToProfessional("Dr Dominique PRESCRIPTEUR", mssantetest.PrescriberMailbox)},
	})
	if err != nil {
		panic(err)
	}
	if _, err := sender.Send(ctx, letter); err != nil {
		panic(err)
	}
	for mail, err := range sender.Receive(ctx, mssante.Filter{}) {
		if err != nil {
			panic(err)
		}
		report, err := mail.Report()
		if err != nil {
			panic(err)
		}
		one := report.Recipients[0]
		fmt.Printf("%s: state %q, read %q, error %q\n", report.Kind, one.State, one.Read, one.Error)
	}
	// Output:
	// delivery: state "delivered", read "", error ""
	// disposition: state "", read "processed-error", error "902"
}
