package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/mssante"
)

// followUp waits for what became of the two mails.
func (t *tour) followUp(context.Context) error {
	t.title("what became of it")
	return t.follow(func() bool {
		doctor, patient := t.sendings[0].delivery.Recipients[0], t.sendings[1].delivery.Recipients[0]
		return doctor.Transport == mssante.Delivered && doctor.Read != "" && patient.Read != ""
	}, t.sendings[0], t.sendings[1])
}

// follow reads the reports that come to the mailbox until enough is known, then shows
// the state of each recipient. Reports may come twice and in any order.
func (t *tour) follow(enough func() bool, shown ...*sending) error {
	for !enough() {
		mail, err, ok := t.next()
		if !ok {
			return &segur.Error{Op: "secure-mail", Kind: segur.KindTimeout, Message: "no report came"}
		}
		if err != nil {
			return err
		}
		report, err := mail.Report()
		if errors.Is(err, segur.ErrNotFound) {
			continue // a mail of a person: show it
		}
		if err != nil {
			return err
		}
		if err := t.apply(mail, report); err != nil {
			return err
		}
	}
	for _, s := range shown {
		t.states(s)
	}
	return nil
}

// apply finds the mail that a report is about.
func (t *tour) apply(mail *mssante.Incoming, report *mssante.Report) error {
	for _, s := range t.sendings {
		changed, err := s.delivery.Apply(report)
		if errors.Is(err, segur.ErrNotFound) {
			continue // about another mail
		}
		if err != nil {
			return err
		}
		t.line("came", "%s about the mail to the %s, news: %v", kinds[report.Kind], s.name, changed)
		t.reports++
		return t.keepBytes(fmt.Sprintf("report-%d-%s-%s.eml", t.reports, suffixes[report.Kind], s.name), mail.Raw())
	}
	t.line("came", "%s about a mail of another day", kinds[report.Kind]) // look it up in the stored deliveries
	return nil
}

var kinds = map[mssante.MailKind]string{
	mssante.DispositionMail: "a read receipt (MDN)",
	mssante.DeliveryMail:    "a delivery notification (DSN)",
	mssante.ErrorMail:       "a mail of integration error",
	mssante.BounceMail:      "a bounce of Mon espace santé",
}

var suffixes = map[mssante.MailKind]string{
	mssante.DispositionMail: "mdn", mssante.DeliveryMail: "dsn", mssante.ErrorMail: "error", mssante.BounceMail: "bounce",
}
