package main

import (
	"context"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/mssante"
)

// arrive shows the report at the other end.
func (t *tour) arrive(ctx context.Context) error {
	t.title("it arrives in the prescriber's mailbox")
	_, err := t.arrived(ctx, t.sendings[0])
	return err
}

// arrived waits for a mail at the practice and shows what was made of it.
func (t *tour) arrived(ctx context.Context, s *sending) (arrival, error) {
	var a arrival
	for a.mail == nil || a.mail.MessageID != s.letter.MessageID() {
		select {
		case a = <-t.practice.arrivals:
			if a.err != nil {
				return a, a.err
			}
		case <-ctx.Done():
			return a, &segur.Error{Op: "secure-mail", Kind: segur.KindTimeout, Message: "the mail did not arrive", Err: ctx.Err()}
		}
	}
	t.line("mail", "%s, %d bytes, X-MSS-INS %s, codes %v", a.mail.MessageID, len(a.mail.Raw()), yesNo(a.mail.QualifiedINS), a.mail.Codes)
	for _, d := range a.documents {
		t.line("document", "%s, %d bytes, size and hash match", d.path, d.size)
		switch {
		case d.code != "":
			t.line("not filed", "%s %s", d.code, d.code.Text().EN)
		case d.duplicate:
			t.line("already filed", "%s is in the record, and stays there once", d.id)
		default:
			t.line("patient", "INS %s, birth name %s, first given name %s, sex %s, birth date %s",
				d.comparison.INS, d.comparison.BirthName, d.comparison.FirstGivenName, d.comparison.Sex, d.comparison.BirthDate)
			t.line("filed", "%s", d.id)
		}
	}
	if a.answer.Letter != nil {
		t.line("answered", "%s", answers[a.answer.Kind])
		if err := t.keep("answer-"+s.name+".eml", a.answer.Letter); err != nil {
			return a, err
		}
	}
	return a, nil
}

var answers = map[mssante.MailKind]string{
	mssante.DispositionMail: "a read receipt (MDN), since one was asked for",
	mssante.ErrorMail:       "a mail of integration error, since no receipt was asked for",
}

func yesNo(b bool) string {
	if b {
		return "O"
	}
	return "N"
}
