package main

import (
	"bytes"
	"context"
	"errors"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/mssante"
	"github.com/segur-sdk/segur/mssante/mssantetest"
)

// failures sends the report of a patient whom the prescriber's software does not
// know, and who closed the mailbox of Mon espace santé.
func (t *tour) failures(ctx context.Context) error {
	t.title("a patient unknown to the prescriber, with a closed mailbox")
	report, err := writeReport(segur.Fake, t.user, newPatient())
	if err != nil {
		return err
	}
	message := t.toPrescriber(newPatient(), report)
	message.ReadReceipt = false // then only an error is told, by an ordinary mail
	doctor, err := t.submit(ctx, "prescriber-unknown", message, "prescriber")
	if err != nil {
		return err
	}
	patient, err := t.submit(ctx, "patient-closed", t.toPatient(newPatient(), report), "patient")
	if err != nil {
		return err
	}
	if _, err := t.arrived(ctx, doctor); err != nil {
		return err
	}
	return t.follow(func() bool {
		return doctor.delivery.Recipients[0].ReadError != "" && patient.delivery.Recipients[0].State() == mssante.Failed
	}, doctor, patient)
}

// refused shows what never leaves: Compose names the field and the rule.
func (t *tour) refused(context.Context) error {
	t.title("refused before anything is sent")
	outside := t.toPrescriber(knownPatient(), t.report)
	outside.To = []mssante.Recipient{mssante.ToProfessional("", formerMailbox)}
	hidden := t.toPatient(knownPatient(), t.report)
	hidden.Visibility = mssante.Visibility{HiddenFromPatient: true}
	silent := t.toPrescriber(knownPatient(), t.report)
	silent.Consent = mssante.Consent{}
	other := t.toPrescriber(newPatient(), t.report)
	for _, m := range []struct {
		name    string
		message mssante.Message
	}{
		{"unknown domain", outside},
		{"INS not qualified", t.toPatient(unqualified(), t.report)},
		{"another patient", other},
		{"hidden document", hidden},
		{"nobody was asked", silent},
	} {
		_, err := t.centre.Compose(m.message)
		if !errors.Is(err, segur.ErrInvalidInput) {
			return &segur.Error{Op: "secure-mail", Kind: segur.KindProtocol, Message: m.name + " was not refused", Err: err}
		}
		t.line(m.name, "%s", short(err))
	}
	return nil
}

// resend shows one of two recipients refused for now: the other gets the mail, and
// only the one who did not is served later.
func (t *tour) resend(ctx context.Context) error {
	t.title("one of two recipients refused, then served")
	t.operator.Fail(mssantetest.Fault{Command: "RCPT", Recipient: secretariatMailbox, Status: 450, Code: "4.7.1"}) // greylisting
	message := t.toPrescriber(knownPatient(), t.report)
	message.To = append(message.To, mssante.ToMailbox(mssante.PracticeMailbox, "Secrétariat", secretariatMailbox))
	message.ReadReceipt, message.DeliveryReceipt = false, false
	s, err := t.submit(ctx, "two-recipients", message, "prescriber", "secretariat")
	if !errors.Is(err, segur.ErrPartial) {
		return errors.Join(err, &segur.Error{Op: "secure-mail", Kind: segur.KindProtocol, Message: "the refusal was not told"})
	}
	t.line("told", "%s", short(err))
	t.states(s)
	// Later, as segur.Error.RetryAfter says or by the product's own schedule:
	if s.receipt, err = t.centre.Resend(ctx, s.letter, s.receipt); err != nil {
		return err
	}
	if err := s.delivery.Sent(s.receipt); err != nil {
		return err
	}
	t.line("sent again", "%s, to the one who was refused", s.letter.MessageID())
	t.states(s)
	t.line("mailboxes", "the prescriber got it %d time, the secretariat %d time",
		t.copies(mssantetest.PrescriberMailbox, s), t.copies(secretariatMailbox, s))
	_, err = t.arrived(ctx, s)
	return err
}

// copies counts a mail in a mailbox of the fake.
func (t *tour) copies(mailbox string, s *sending) (n int) {
	for _, m := range t.operator.Messages(mailbox) {
		if bytes.Contains(m.Raw, []byte("Message-ID: <"+s.letter.MessageID()+">")) {
			n++
		}
	}
	return n
}
