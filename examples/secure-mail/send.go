package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/mssante"
)

// sending is a mail that left and what is known of each of its recipients.
type sending struct {
	name     string
	to       []string // for people: "prescriber"; addresses are not kept
	letter   *mssante.Letter
	receipt  *mssante.Receipt
	delivery *mssante.Delivery
}

// sender is how the mails of the radiologist are labelled: Dr_Claude_RADIOLOGUE_Centre...
func (t *tour) sender() mssante.Sender {
	return mssante.Sender{Title: "Dr", GivenName: t.user.GivenName, FamilyName: t.user.FamilyName, Entity: t.user.Organization.Name}
}

// toPrescriber is the mail of a report to the prescriber.
func (t *tour) toPrescriber(patient segur.Patient, report mssante.Document) mssante.Message {
	doctor := prescriber()
	return mssante.Message{
		From:      t.sender(),
		To:        []mssante.Recipient{mssante.ToMailbox(mssante.PersonalMailbox, "Dr "+doctor.GivenName+" "+doctor.FamilyName, t.address)},
		Patient:   patient,
		Documents: []mssante.Document{report},
		Text:      "Cher confrère,\n\nveuillez trouver ci-joint le compte rendu de l'examen.",
		// What the patient's file says: without it nothing leaves.
		Consent:         mssante.Consent{Professionals: mssante.NotOpposed},
		ReadReceipt:     true,
		DeliveryReceipt: true,
	}
}

// toPatient is the mail of a report to the patient in Mon espace santé. It is a mail
// of its own: the address holds the matricule, which other recipients would see.
func (t *tour) toPatient(patient segur.Patient, report mssante.Document) mssante.Message {
	return mssante.Message{
		From:        t.sender(),
		To:          []mssante.Recipient{mssante.ToPatient()},
		Patient:     patient,
		Documents:   []mssante.Document{report},
		Text:        "Bonjour,\n\nvotre compte rendu d'examen est joint à ce message.",
		Consent:     mssante.Consent{Patient: mssante.NotOpposed},
		ReadReceipt: true,
		NoReply:     true, // X-MSS-MES: FIN, nobody reads answers here
	}
}

// send sends the report to the prescriber and to the patient.
func (t *tour) send(ctx context.Context) error {
	t.title("the report goes to the prescriber and to the patient")
	var err error
	if t.report, err = writeReport(segur.Fake, t.user, knownPatient()); err != nil {
		return err
	}
	header := t.report.CDA.Header()
	t.line("document", "%s, %s, CDA of %d bytes and its PDF/A-1", header.ID.Root, header.Type.Code, t.report.CDA.Size())
	if err := t.keep("report.xml", t.report.CDA); err != nil {
		return err
	}
	if err := t.keep("report.pdf", t.report.PDF); err != nil {
		return err
	}
	message := t.toPrescriber(knownPatient(), t.report)
	size, err := t.centre.Predict(message) // before anything is built: to warn a user of a PDF that is too large
	if err != nil {
		return err
	}
	t.line("size", "between %d and %d bytes, limit %d", size.Least, size.Most, size.Limit)
	first, err := t.submit(ctx, "prescriber", message, "prescriber")
	if err != nil {
		return err
	}
	if err := t.keep("IHE_XDM.ZIP", first.letter.Archive()); err != nil {
		return err
	}
	_, err = t.submit(ctx, "patient", t.toPatient(knownPatient(), t.report), "patient")
	return err
}

// submit composes a mail, sends it, and begins to follow it.
func (t *tour) submit(ctx context.Context, name string, m mssante.Message, to ...string) (*sending, error) {
	letter, err := t.centre.Compose(m)
	if err != nil {
		return nil, err
	}
	if err := t.keep(name+".eml", letter); err != nil {
		return nil, err
	}
	s := &sending{name: name, to: to, letter: letter, delivery: mssante.NewDelivery(letter)}
	t.sendings = append(t.sendings, s)
	s.receipt, err = t.centre.Send(ctx, letter)
	if e := s.delivery.Sent(s.receipt); e != nil {
		return s, errors.Join(err, e)
	}
	if err == nil {
		t.line("sent: "+name, "%s, %d bytes", letter.MessageID(), letter.Size())
	}
	return s, err
}

// states writes what is known of each recipient of a mail.
func (t *tour) states(s *sending) {
	for i, r := range s.delivery.Recipients {
		text := string(r.State())
		if r.Status != 0 {
			text += fmt.Sprintf(", %d", r.Status)
		}
		if r.Code != "" {
			text += " " + r.Code
		}
		if r.Read != "" {
			text += ", " + string(r.Read)
		}
		if r.ReadError != "" {
			text += fmt.Sprintf(" %s: %s", r.ReadError, r.ReadError.Text().EN)
		}
		t.line(s.to[i], "%s", text)
	}
}
