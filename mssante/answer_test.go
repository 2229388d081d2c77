package mssante_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/mssante"
	"github.com/segur-sdk/segur/mssante/mssantetest"
)

// exchange sends a report and reads it at the other end.
func exchange(t *testing.T, srv *mssantetest.Server, m mssante.Message) (*mssante.Delivery, *mssante.Incoming, *mssante.Client) {
	t.Helper()
	sender := newClient(t, srv.Config())
	l := compose(t, sender, m)
	receipt, err := sender.Send(t.Context(), l)
	require.NoError(t, err)
	d := mssante.NewDelivery(l)
	require.NoError(t, d.Sent(receipt))
	reader := newClient(t, srv.ConfigFor(box))
	got := receive(t, reader, mssante.Filter{MessageID: l.MessageID()})
	require.Len(t, got, 1)
	return d, got[0], reader
}

// answered reads the last mail of the sender.
func answered(t *testing.T, srv *mssantetest.Server) (*mssante.Incoming, *mssante.Report) {
	t.Helper()
	all := receive(t, newClient(t, srv.Config()), mssante.Filter{})
	require.NotEmpty(t, all)
	in := all[len(all)-1]
	r, err := in.Report()
	require.NoError(t, err)
	return in, r
}

func TestAnswerWithAReceipt(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	m := toPrescriber()
	m.ReadReceipt = true
	for _, c := range []struct {
		outcome mssante.Outcome
		read    mssante.Read
		says    string
	}{
		{mssante.Outcome{}, mssante.Processed, "a été intégré"},
		{mssante.Outcome{Error: mssante.PatientUnknown, Detail: "Voir le service d'identitovigilance."}, mssante.ProcessedError, "- Code d'erreur : 902"},
		{mssante.Outcome{Error: mssante.INSDiffers}, mssante.ProcessedError, "différent"},
		{mssante.Outcome{Read: mssante.Displayed, Manual: true}, mssante.Displayed, "a été affiché"},
		{mssante.Outcome{Read: mssante.Deleted, Manual: true}, mssante.Deleted, "a été supprimé"},
	} {
		d, in, reader := exchange(t, srv, m)
		ack, err := reader.Answer(t.Context(), in, c.outcome)
		require.NoError(t, err, "%v", srv.Refusals())
		assert.Equal(t, mssante.DispositionMail, ack.Kind)
		assert.True(t, ack.Receipt.Accepted)
		assert.Empty(t, srv.Messages(mssantetest.SenderMailbox)[len(srv.Messages(mssantetest.SenderMailbox))-1].From, "the return path is empty")

		mail, report := answered(t, srv)
		assert.Empty(t, mail.Warnings)
		assert.Equal(t, mssante.DispositionMail, mail.Kind())
		assert.Equal(t, in.MessageID, report.MessageID)
		assert.Equal(t, in.MessageID, mail.InReplyTo)
		assert.Contains(t, mail.References, in.MessageID)
		require.Len(t, report.Recipients, 1)
		one := report.Recipients[0]
		assert.Equal(t, c.read, one.Read)
		assert.Equal(t, c.outcome.Error, one.Error)
		assert.Equal(t, !c.outcome.Manual, one.Automatic)
		assert.Equal(t, []string{box, box}, []string{one.Original.Address, one.Final.Address})
		assert.Contains(t, mail.Text, c.says)
		assert.Contains(t, mail.Text, c.outcome.Detail)
		assert.NotContains(t, mail.Text, "FICTIVE")
		want := in.Subject
		if c.outcome.Error != "" {
			want = "[KO Intégration système !][" + string(c.outcome.Error) + "] " + want
		}
		assert.Equal(t, want, mail.Subject)
		// Text, disposition, the original, its archive and its copy.
		var types []string
		for _, a := range mail.Attachments {
			types = append(types, a.MediaType)
		}
		assert.Equal(t, []string{"message/disposition-notification", "message/rfc822", "application/zip", "application/pdf"}, types)
		assert.Equal(t, in.Raw(), bytesOf(t, mail.Attachments[1]), "byte for byte")
		archive, err := mail.Archive()
		require.NoError(t, err)
		assert.Len(t, archive.Sets[0].Documents, 1)
		assert.Equal(t, bytesOf(t, in.PDFs()[0]), bytesOf(t, mail.PDFs()[0]))

		changed, err := d.Apply(report)
		require.NoError(t, err)
		assert.True(t, changed)
		assert.Equal(t, mssante.Delivered, d.Recipients[0].State())
		assert.Equal(t, c.read, d.Recipients[0].Read)
		assert.Equal(t, c.outcome.Error, d.Recipients[0].ReadError)

		// And nobody answers that.
		_, err = newClient(t, srv.Config()).Answer(t.Context(), mail, mssante.Outcome{Error: mssante.OtherError})
		var e *segur.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, mssante.CodeLoopGuard, e.Code)
	}
}

func TestAnswerWithoutAReceipt(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	d, in, reader := exchange(t, srv, toPrescriber())
	ack, err := reader.Answer(t.Context(), in, mssante.Outcome{})
	require.NoError(t, err)
	assert.Equal(t, &mssante.Acknowledgement{}, ack, "nobody asked")
	o := reader.Outbox()
	ack, err = o.Answer(t.Context(), in, mssante.Outcome{Error: mssante.INSMissing, From: mssante.Sender{Entity: "Cabinet fictif"}})
	require.NoError(t, err, "%v", srv.Refusals())
	require.NoError(t, o.Close())
	assert.Equal(t, mssante.ErrorMail, ack.Kind)
	mail, report := answered(t, srv)
	assert.Equal(t, mssante.ErrorMail, mail.Kind())
	assert.Equal(t, "Cabinet fictif", mail.From.Name)
	assert.Equal(t, "message_original.eml", mail.Attachments[0].Name)
	assert.Len(t, mail.Attachments, 3)
	assert.Equal(t, mssante.INSMissing, report.Recipients[0].Error)
	_, err = d.Apply(report)
	require.NoError(t, err)
	assert.Equal(t, mssante.INSMissing, d.Recipients[0].ReadError)
	_, err = newClient(t, srv.Config()).Answer(t.Context(), mail, mssante.Outcome{Error: mssante.OtherError})
	require.ErrorIs(t, err, segur.ErrRefused)
}

// What must not be answered, or not without a person.
func TestAnswerGuards(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	cfg := srv.ConfigFor(box)
	cfg.AllowDomain = func(domain string) bool { return strings.HasSuffix(domain, ".mssante.fr") }
	reader := newClient(t, cfg)
	from := mssantetest.SenderMailbox
	for name, c := range map[string]struct {
		headers string
		outcome mssante.Outcome
		code    string
	}{
		"automatic":              {"Auto-Submitted: auto-generated\r\nDisposition-Notification-To: " + from + "\r\n", mssante.Outcome{}, mssante.CodeLoopGuard},
		"automatic, an error":    {"Auto-Submitted: auto-replied (vacation)\r\n", mssante.Outcome{Error: mssante.OtherError}, mssante.CodeLoopGuard},
		"no return path":         {"Return-Path: <>\r\nDisposition-Notification-To: " + from + "\r\n", mssante.Outcome{}, mssante.CodeLoopGuard},
		"a list":                 {"Precedence: bulk\r\nDisposition-Notification-To: " + from + "\r\n", mssante.Outcome{Confirmed: true}, mssante.CodeLoopGuard},
		"a list, by its name":    {"List-Id: <x.y>\r\nDisposition-Notification-To: " + from + "\r\n", mssante.Outcome{}, mssante.CodeLoopGuard},
		"from the mailbox":       {"", mssante.Outcome{Error: mssante.OtherError}, mssante.CodeLoopGuard},
		"elsewhere":              {"Return-Path: <" + from + ">\r\nDisposition-Notification-To: other@x.mssante.fr\r\n", mssante.Outcome{}, mssante.CodeConfirmation},
		"elsewhere, by From":     {"Disposition-Notification-To: other@x.mssante.fr\r\n", mssante.Outcome{Read: mssante.Displayed, Manual: true}, mssante.CodeConfirmation},
		"another return path":    {"Return-Path: <other@x.mssante.fr>\r\nDisposition-Notification-To: " + from + "\r\n", mssante.Outcome{}, mssante.CodeConfirmation},
		"several":                {"Disposition-Notification-To: " + from + ", other@x.mssante.fr\r\n", mssante.Outcome{}, mssante.CodeConfirmation},
		"outside the white list": {"Disposition-Notification-To: a@example.com\r\n", mssante.Outcome{Confirmed: true}, ""},
		"no plain address":       {"Disposition-Notification-To: \"a b\"@x.mssante.fr\r\n", mssante.Outcome{Confirmed: true}, ""},
	} {
		srv.AddMailbox(box)
		author := from
		if name == "from the mailbox" {
			author = box
		}
		srv.Deliver(box, []byte("From: "+author+"\r\nTo: "+box+"\r\nMessage-ID: <g@x.fr>\r\n"+c.headers+"Subject: essai\r\n\r\nx\r\n"))
		in := receive(t, reader, mssante.Filter{})[0]
		ack, err := reader.Answer(t.Context(), in, c.outcome)
		require.ErrorIs(t, err, segur.ErrRefused, name)
		var e *segur.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, c.code, e.Code, name)
		assert.Zero(t, ack.Kind)
		assert.NotContains(t, err.Error(), "@", name)
	}
	assert.Empty(t, srv.Messages(from))
	// A person agreed.
	srv.AddMailbox("other@x.mssante.fr")
	srv.AddMailbox(box)
	srv.Deliver(box, []byte("Return-Path: <"+from+">\r\nFrom: "+from+"\r\nTo: service@y.mssante.fr\r\nMessage-ID: <1234.5678>\r\nSubject: =?utf-8?q?a=0D=0ABcc:_x?=\r\n"+
		"Disposition-Notification-To: other@x.mssante.fr, OTHER@x.mssante.fr\r\n\r\nx\r\n"))
	in := receive(t, reader, mssante.Filter{})[0]
	_, err := reader.Answer(t.Context(), in, mssante.Outcome{Confirmed: true})
	require.NoError(t, err, "%v", srv.Refusals())
	require.Len(t, srv.Messages("other@x.mssante.fr"), 1)
	raw := string(srv.Messages("other@x.mssante.fr")[0].Raw)
	assert.Contains(t, raw, "Original-Recipient: rfc822;service@y.mssante.fr\r\nFinal-Recipient: rfc822;"+box+"\r\nOriginal-Message-ID: <1234.5678>\r\n")
	assert.Contains(t, raw, "\r\nSubject: a Bcc: x\r\n")
	// The strict setting asks for a Return-Path.
	cfg.RequireReturnPath = true
	strict := newClient(t, cfg)
	srv.AddMailbox(box)
	srv.Deliver(box, []byte("From: "+from+"\r\nDisposition-Notification-To: "+from+"\r\nMessage-ID: <h@x.fr>\r\n\r\nx\r\n"))
	_, err = strict.Answer(t.Context(), receive(t, strict, mssante.Filter{})[0], mssante.Outcome{})
	require.ErrorIs(t, err, segur.ErrRefused)
	srv.AddMailbox(box)
	srv.Deliver(box, []byte("From: "+from+"\r\nMessage-ID: <i@x.fr>\r\n\r\nx\r\n"))
	_, err = strict.Answer(t.Context(), receive(t, strict, mssante.Filter{})[0], mssante.Outcome{Error: mssante.OtherError})
	require.ErrorIs(t, err, segur.ErrRefused, "nor is an error told")

	for name, o := range map[string]mssante.Outcome{
		"no such code":        {Error: "907"},
		"error and displayed": {Error: "902", Read: mssante.Displayed},
		"error without code":  {Read: mssante.ProcessedError},
		"unknown":             {Read: "burnt"},
		"injected":            {From: mssante.Sender{Entity: "a\r\nBcc: x"}},
	} {
		_, err := reader.Answer(t.Context(), in, o)
		require.ErrorIs(t, err, segur.ErrInvalidInput, name)
	}
	_, err = reader.Answer(t.Context(), nil, mssante.Outcome{})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	patientMail := []byte("From: 285036912345667@patient.mssante.fr\r\nMessage-ID: <p@x.fr>\r\n\r\nmerci\r\n")
	srv.AddMailbox(box)
	srv.Deliver(box, patientMail)
	_, err = reader.Answer(t.Context(), receive(t, reader, mssante.Filter{})[0], mssante.Outcome{Error: mssante.OtherError})
	require.ErrorIs(t, err, segur.ErrRefused, "a patient gets no mail of integration error")
}

// An original that is too large, or that no mail can carry as it is.
func TestAnswerToWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	head := "From: " + mssantetest.SenderMailbox + "\r\nTo: " + box + "\r\nSubject: XDM\r\nDisposition-Notification-To: " + mssantetest.SenderMailbox + "\r\n"
	pdf := "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: application/pdf; name=\"a\\\"é.pdf\"\r\n\r\n" + strings.Repeat("%PDF-\r\n", 3000) + "\r\n--b--\r\n"
	for name, c := range map[string]struct {
		mail  string
		limit int64
		types string
	}{
		"as it is":       {head + "Message-ID: <n0@x.fr>\r\n" + pdf, 0, "message/rfc822 application/pdf"},
		"the mail only":  {head + "Message-ID: <n1@x.fr>\r\n" + pdf, 30_000, "message/rfc822"},
		"the header":     {head + "Message-ID: <n2@x.fr>\r\n" + pdf, 10_000, "text/rfc822-headers"},
		"a long line":    {head + "Message-ID: <n3@x.fr>\r\n\r\n" + strings.Repeat("x", 1200), 0, "text/rfc822-headers"},
		"8 bits, LF":     {strings.ReplaceAll(head, "\r\n", "\n") + "Message-ID: <n4@x.fr>\n\né\n", 0, "message/rfc822"},
		"not at the end": {head + "Message-ID: <n5@x.fr>\r\n\r\nno line break", 0, "message/rfc822"},
	} {
		srv.AddMailbox(box)
		srv.AddMailbox(mssantetest.SenderMailbox)
		srv.Deliver(box, []byte(c.mail))
		cfg := srv.ConfigFor(box)
		cfg.MaxMessageBytes = c.limit
		reader := newClient(t, cfg)
		in := receive(t, reader, mssante.Filter{})[0]
		_, err := reader.Answer(t.Context(), in, mssante.Outcome{})
		require.NoError(t, err, "%s: %v", name, srv.Refusals())
		mail, report := answered(t, srv)
		assert.Equal(t, in.MessageID, report.MessageID, name)
		var types []string
		for _, a := range mail.Attachments[1:] {
			types = append(types, a.MediaType)
		}
		assert.Equal(t, c.types, strings.Join(types, " "), name)
		for _, a := range mail.Attachments[1:] {
			if a.MediaType == "message/rfc822" {
				assert.Equal(t, strings.TrimRight(strings.ReplaceAll(strings.ReplaceAll(c.mail, "\r\n", "\n"), "\n", "\r\n"), "\r\n"),
					string(bytes.TrimRight(bytesOf(t, a), "\r\n")), name)
			}
		}
		assert.False(t, bytes.Contains(mail.Raw(), []byte("\r\n\r\n\r\n\r\n\r\n")))
	}
	// The operator's limit counts too; its refusal of empty return paths is a setting.
	small := newServer(t, mssantetest.WithMaxMessageBytes(10_000))
	small.Deliver(box, []byte(head+"Message-ID: <n6@x.fr>\r\n"+pdf))
	cfg := small.ConfigFor(box)
	cfg.ReportsFromMailbox = true
	reader := newClient(t, cfg)
	_, err := reader.Answer(t.Context(), receive(t, reader, mssante.Filter{})[0], mssante.Outcome{})
	require.NoError(t, err)
	require.Len(t, small.Messages(mssantetest.SenderMailbox), 1)
	assert.Equal(t, box, small.Messages(mssantetest.SenderMailbox)[0].From)
	assert.Contains(t, string(small.Messages(mssantetest.SenderMailbox)[0].Raw), "text/rfc822-headers")
}
