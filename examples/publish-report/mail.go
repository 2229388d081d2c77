package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/mssante"
	"github.com/segur-sdk/segur/mssante/mssantetest"
)

// prescriberMailbox is the prescriber's address; package annuaire finds it in
// the health directory.
const prescriberMailbox = mssantetest.PrescriberMailbox

// mail sends the report to the prescriber, then to the patient: the archive
// IHE_XDM.ZIP and the PDF copy. Each gets a message of their own, since an
// address of the national space of patients holds the matricule. When one is
// refused the other is sent all the same.
func (j *journey) mail(ctx context.Context) error {
	client, err := mssante.New(j.mailConfig)
	if err != nil {
		return err
	}
	doctor := prescriber()
	toDoctor := mssante.ToProfessional(doctor.Title+" "+doctor.GivenName+" "+doctor.FamilyName, prescriberMailbox)
	return errors.Join(
		j.send(ctx, client, toDoctor, "prescriber", "message.eml"),
		j.send(ctx, client, mssante.ToPatient(), "patient", "message-patient.eml"),
	)
}

func (j *journey) send(ctx context.Context, client *mssante.Client, to mssante.Recipient, who, file string) error {
	start := time.Now()
	author := radiologist()
	letter, err := client.Compose(mssante.Message{
		From:      mssante.Sender{Title: "Dr", GivenName: author.GivenName, FamilyName: author.FamilyName, Entity: centre().Name},
		To:        []mssante.Recipient{to},
		Patient:   j.patient,
		Documents: []mssante.Document{{CDA: j.report, PDF: j.pdf}},
		Text:      "Veuillez trouver ci-joint le compte rendu de l'examen.",
		Consent:   mssante.Consent{Professionals: mssante.NotOpposed, Patient: mssante.NotOpposed},
		NoReply:   who == "patient", // the patient cannot answer a radiologist here
	})
	if err != nil {
		return err
	}
	if err := j.keep(file, letter); err != nil {
		return err
	}
	if _, err := client.Send(ctx, letter); err != nil {
		return err
	}
	if who == "prescriber" {
		j.messageID = letter.MessageID()
		if err := j.keep("IHE_XDM.ZIP", letter.Archive()); err != nil {
			return err
		}
	}
	j.done(start, "5 MSSanté: sent to the "+who, letter.MessageID())
	return nil
}

// readMail does what the prescriber's software does: it reads the message,
// opens the archive, and checks hash and size of what it holds.
func (j *journey) readMail(ctx context.Context) error {
	start := time.Now()
	client, err := mssante.New(j.readConfig)
	if err != nil {
		return err
	}
	for message, err := range client.Receive(ctx, mssante.Filter{MessageID: j.messageID}) {
		if err != nil {
			return err
		}
		archive, err := message.Archive() // hash and size of every document are checked here
		if err != nil {
			return err
		}
		if len(archive.Sets) != 1 || len(archive.Sets[0].Documents) != 1 {
			return &segur.Error{Op: "mssante.receive", Kind: segur.KindProtocol, Message: "the archive does not hold one document"}
		}
		document := archive.Sets[0].Documents[0]
		r, err := document.Open()
		if err != nil {
			return err
		}
		err = sameBytes(r, j.report)
		if e := r.Close(); err == nil {
			err = e
		}
		if err != nil {
			return err
		}
		if err := samePDF(message, j.pdf); err != nil {
			return err
		}
		j.done(start, "  MSSanté: read by IMAP, opened", fmt.Sprintf("%s, %d bytes, hash and size match", document.Entry.UniqueID, document.Entry.Size))
		return nil
	}
	return &segur.Error{Op: "mssante.receive", Kind: segur.KindNotFound, Message: "the message is not in the prescriber's mailbox"}
}

func samePDF(message *mssante.Incoming, sent segur.Content) error {
	pdfs := message.PDFs()
	if len(pdfs) != 1 {
		return &segur.Error{Op: "mssante.receive", Kind: segur.KindProtocol, Message: fmt.Sprintf("%d PDF copies instead of one", len(pdfs))}
	}
	b, err := readContent(pdfs[0])
	if err != nil {
		return err
	}
	return sameBytes(bytes.NewReader(b), sent)
}
