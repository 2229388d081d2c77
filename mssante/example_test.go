package mssante_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/mssante"
	"github.com/segur-sdk/segur/mssante/mssantetest"
)

// A report goes to the prescriber, and the prescriber's software opens it.
func Example() {
	ctx := context.Background()
	operator := mssantetest.NewServer()
	defer operator.Close()
	client, err := mssante.New(operator.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	p := patient() // identified and qualified
	letter, err := client.Compose(mssante.Message{
		From:      mssante.Sender{Title: "Dr", GivenName: "Claude", FamilyName: "Radiologue", Entity: "Centre d'imagerie fictif"},
		To:        []mssante.Recipient{mssante.ToProfessional("Dr Dominique PRESCRIPTEUR", mssantetest.PrescriberMailbox)},
		Patient:   p,
		Documents: []mssante.Document{report(p)}, // a cda.Document and its PDF
		Consent:   mssante.Consent{Professionals: mssante.NotOpposed},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(letter.Subject())
	receipt, err := client.Send(ctx, letter)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("accepted:", receipt.Accepted)

	reader, err := mssante.New(operator.ConfigFor(mssantetest.PrescriberMailbox))
	if err != nil {
		fmt.Println(err)
		return
	}
	for mail, err := range reader.Receive(ctx, mssante.Filter{Unseen: true, MarkSeen: true}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		archive, err := mail.Archive() // size and hash of each document are checked
		if err != nil {
			fmt.Println(err)
			return
		}
		shown, _ := mssante.ShownSubject(mail.Subject)
		fmt.Println(shown)
		for _, d := range archive.Sets[0].Documents {
			fmt.Println(d.Path, d.Entry.TypeCode.Code)
		}
	}
	// Output:
	// XDM/1.0/DDM+CR d'imagerie medicale FICTIVE-DURAND CAMILLE 14/03/1985
	// accepted: true
	// CR d'imagerie medicale FICTIVE-DURAND CAMILLE 14/03/1985
	// IHE_XDM/SUBSET01/DOC00001.XML 18748-4
}

// The operator refuses one of two recipients: the other gets the mail, and
// the error says which one does not.
func ExampleClient_Send_partial() {
	operator := mssantetest.NewServer()
	defer operator.Close()
	client, err := mssante.New(operator.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	letter, err := client.Compose(toTwo())
	if err != nil {
		fmt.Println(err)
		return
	}
	receipt, err := client.Send(context.Background(), letter)
	var e *segur.Error
	if errors.As(err, &e) && errors.Is(err, segur.ErrPartial) {
		for _, d := range e.Details {
			fmt.Println(d.Field, d.Code, d.Message)
		}
	}
	fmt.Println(receipt.Recipients[0].Accepted, receipt.Recipients[1].Accepted)
	// Output:
	// to[1] 5.1.1 the mailbox does not exist
	// true false
}

// The recipient's software files the document and says so; the sender follows
// the delivery.
func ExampleClient_Answer() {
	ctx := context.Background()
	operator := mssantetest.NewServer()
	defer operator.Close()
	sender, err := mssante.New(operator.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	message := toPrescriber()
	message.ReadReceipt = true
	letter, err := sender.Compose(message)
	if err != nil {
		fmt.Println(err)
		return
	}
	delivery := mssante.NewDelivery(letter) // keep it, as JSON for instance
	receipt, err := sender.Send(ctx, letter)
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = delivery.Sent(receipt)
	fmt.Println(delivery.Recipients[0].State())

	reader, err := mssante.New(operator.ConfigFor(mssantetest.PrescriberMailbox))
	if err != nil {
		fmt.Println(err)
		return
	}
	for mail, err := range reader.Watch(ctx, mssante.Filter{Unprocessed: true, MarkProcessed: true}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		if mail.Kind() == mssante.DocumentMail {
			if _, err := reader.Answer(ctx, mail, mssante.Outcome{Error: mssante.PatientUnknown}); err != nil {
				fmt.Println(err)
			}
			break
		}
	}

	for mail, err := range sender.Watch(ctx, mssante.Filter{}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		if report, err := mail.Report(); err == nil {
			_, _ = delivery.Apply(report)
			break
		}
	}
	one := delivery.Recipients[0]
	fmt.Println(one.State(), one.Read, one.ReadError, one.ReadError.Text().EN)
	// Output:
	// accepted
	// delivered processed-error 902 Unknown patient identifier
}
