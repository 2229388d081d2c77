package mssante

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/testkit"
)

const (
	sent    = "20260115094600.0001@cabinet-exemple.mssante.fr"
	hoda    = "adam.hoda@test-ci-sis.mssante.fr"
	auto    = "serviceY_auto@chb.mssante.fr"
	citizen = "279035121518989@patient.mssante.fr"
)

// sampleMails are all the mails of the shared data, and what each one is.
var sampleMails = map[string]struct {
	kind       MailKind
	about      string
	recipients []RecipientReport
	warned     bool
}{
	"send-to-professional.eml":       {kind: DocumentMail},
	"send-to-patient-fin.eml":        {kind: DocumentMail},
	"close-conversation-patient.eml": {kind: PlainMail},
	"dsn-delivered.eml": {kind: DeliveryMail, about: sent, recipients: []RecipientReport{{
		Final: Address{Address: hoda}, State: Delivered, Code: "2.0.0", Automatic: true}}},
	"dsn-failed-mes-toobig.eml": {kind: DeliveryMail, about: sent, recipients: []RecipientReport{{
		Final: Address{Address: citizen}, State: Failed, Status: 552, Code: "5.3.4", Automatic: true,
		Diagnostic: "552 5.3.4 Message size exceeds fixed limit"}}},
	"mdn-displayed-manual.eml": {kind: DispositionMail, about: sent, recipients: []RecipientReport{{
		Final: Address{Address: hoda}, Read: Displayed}}},
	"mdn-success-processed.eml": {kind: DispositionMail, about: sent, recipients: []RecipientReport{{
		Original: Address{Address: hoda}, Final: Address{Address: auto}, Read: Processed, Automatic: true}}},
	"mdn-error-902-wellformed.eml": {kind: DispositionMail, about: sent, recipients: []RecipientReport{{
		Original: Address{Address: hoda}, Final: Address{Address: auto}, Read: ProcessedError, Automatic: true,
		Error: PatientUnknown, Diagnostic: "Identifiant patient inconnu"}}},
	"mdn-error-902-ANS-sample.eml.txt": {kind: DispositionMail, about: "199509192301.23456", warned: true, recipients: []RecipientReport{{
		Original: Address{Address: auto}, Final: Address{Address: auto}, Read: ProcessedError, Automatic: true,
		Error: PatientUnknown, Diagnostic: "Identifiant de patient inconnu"}}},
	"error-standard-mail-902-ANS-sample.eml.txt": {kind: ErrorMail, warned: true, recipients: []RecipientReport{{
		Final: Address{Address: auto}, Read: ProcessedError, Automatic: true,
		Error: PatientUnknown, Diagnostic: "Identifiant de patient inconnu"}}},
}

// Every mail of the shared data is read as what it is: a new one must be added
// to the table.
func TestEverySampleMail(t *testing.T) {
	t.Parallel()
	dir := testkit.SharedData(t, "mssante/mail")
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	require.Len(t, files, len(sampleMails))
	for _, f := range files {
		name := filepath.Base(f)
		want, known := sampleMails[name]
		require.True(t, known, "%s is not in the table", name)
		raw, err := os.ReadFile(f)
		require.NoError(t, err)
		in, err := parse(raw)
		require.NoError(t, err, name)
		assert.Equal(t, want.kind.String(), in.Kind().String(), name)
		assert.Equal(t, raw, in.Raw())
		assert.NotEmpty(t, in.Subject, name)
		assert.NotEmpty(t, in.From.Address, name)
		assert.False(t, in.Date.IsZero(), name)
		assert.Equal(t, want.warned, len(in.Warnings) > 0, "%s: %v", name, in.Warnings)
		r, err := in.Report()
		if !want.kind.IsReport() {
			require.ErrorIs(t, err, segur.ErrNotFound, name)
			continue
		}
		require.NoError(t, err, name)
		assert.Equal(t, want.about, r.MessageID, name)
		require.Len(t, r.Recipients, len(want.recipients), name)
		for i := range want.recipients { // printed, they are redacted: compared one by one
			assert.True(t, want.recipients[i] == r.Recipients[i], "%s: %q", name, fields(r.Recipients[i]))
		}
		assert.Equal(t, in.MessageID, r.ReportID)
		assert.Equal(t, in.Date.UTC(), r.At)
	}
}

// fields shows what a printed report hides.
func fields(r RecipientReport) []string {
	return []string{r.Original.Address, r.Final.Address, string(r.State), string(r.Read), r.Code, string(r.Error), r.Diagnostic,
		fmt.Sprint(r.Status, r.Automatic)}
}

// The broken official samples keep what they hold.
func TestBrokenSamplesKeepTheirContent(t *testing.T) {
	t.Parallel()
	dir := testkit.SharedData(t, "mssante/mail")
	raw, err := os.ReadFile(filepath.Join(dir, "mdn-error-902-ANS-sample.eml.txt"))
	require.NoError(t, err)
	in, err := parse(raw)
	require.NoError(t, err)
	assert.Equal(t, "[KO Intégration système !][902] XDM/1.0/DDM+ECHOGRAPHIE ABDOMINOPELVIENNE CORSE FIGATELLIX 12/10/1988", in.Subject)
	assert.Contains(t, in.Text, "Le document n’a pas pu être intégré.")
	var names []string
	for _, a := range in.Attachments {
		names = append(names, a.MediaType+" "+a.Name)
	}
	assert.Equal(t, []string{"message/disposition-notification ", "message/rfc822 ", "application/zip IHE_XDM.zip",
		"application/pdf 20220531_CR d'imagerie médicale_CORSE_FIGATELLIX.pdf"}, names)
	assert.Equal(t, time.Date(2024, 2, 20, 4, 19, 0, 0, time.UTC), in.Date.UTC())

	raw, err = os.ReadFile(filepath.Join(dir, "error-standard-mail-902-ANS-sample.eml.txt"))
	require.NoError(t, err)
	in, err = parse(raw)
	require.NoError(t, err)
	r, err := in.Report()
	require.NoError(t, err)
	assert.Empty(t, r.MessageID)
	assert.NotEmpty(t, r.Warnings, "it names no mail")
	assert.Len(t, in.Attachments, 3)
}

// report makes a mail of one, with the given media type and parts.
func reportMail(headers, contentType string, parts ...string) *Incoming {
	raw := "From: " + auto + "\r\nTo: a@b.mssante.fr\r\nDate: Thu, 15 Jan 2026 10:50:00 +0100\r\nMessage-ID: <rep@x.fr>\r\n" + headers +
		"Content-Type: " + contentType + "; boundary=b\r\n\r\n"
	for _, p := range parts {
		raw += "--b\r\n" + p + "\r\n"
	}
	in, err := parse([]byte(raw + "--b--\r\n"))
	if err != nil {
		panic(err)
	}
	return in
}

const statusPart = "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\nOriginal-Envelope-Id: e1\r\n\r\n"

func TestDeliveryNotifications(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fields string
		want   RecipientReport
	}{
		"delayed": {"Original-Recipient: rfc822; A@b.fr\r\nFinal-Recipient: rfc822; c@b.fr\r\nAction: delayed\r\nStatus: 4.4.1\r\n",
			RecipientReport{Original: Address{Address: "A@b.fr"}, Final: Address{Address: "c@b.fr"}, State: Delayed, Code: "4.4.1"}},
		"relayed": {"Final-Recipient: rfc822;a@b.fr\r\nAction: relayed (to mx)\r\nStatus: 2.1.9\r\n",
			RecipientReport{Final: Address{Address: "a@b.fr"}, State: Accepted, Code: "2.1.9"}},
		"folded diagnostic, bare status": {"Final-Recipient: rfc822;<a@b.fr>\r\nAction: FAILED\r\nStatus: 5.0.0\r\nDiagnostic-Code: smtp; 550\r\n 5.1.1 no such user\r\n",
			RecipientReport{Final: Address{Address: "a@b.fr"}, State: Failed, Code: "5.1.1", Status: 550, Diagnostic: "550 5.1.1 no such user"}},
		"xtext left": {"Original-Recipient: rfc822;a+40b.fr\r\nAction: failed\r\nStatus: 5.1.1\r\n",
			RecipientReport{Original: Address{Address: "a@b.fr"}, State: Failed, Code: "5.1.1"}},
		"a plus in the address": {"Final-Recipient: rfc822;a+ris@b.fr\r\nAction: delivered\r\nStatus: 2.0.0\r\n",
			RecipientReport{Final: Address{Address: "a+ris@b.fr"}, State: Delivered, Code: "2.0.0"}},
		"no action": {"Final-Recipient: rfc822;a@b.fr\r\nStatus: 5.2.2 (full)\r\n",
			RecipientReport{Final: Address{Address: "a@b.fr"}, State: Failed, Code: "5.2.2"}},
		"untyped": {"Final-Recipient: a@b.fr\r\nAction: failed\r\nStatus: 5.7.1\r\nDiagnostic-Code: 554 refused\r\n",
			RecipientReport{Final: Address{Address: "a@b.fr"}, State: Failed, Code: "5.7.1", Status: 554, Diagnostic: "554 refused"}},
	} {
		in := reportMail("", "multipart/report; report-type=delivery-status", "Content-Type: text/plain\r\n\r\nx", statusPart+c.fields)
		require.Equal(t, DeliveryMail, in.Kind(), name)
		r, err := in.Report()
		require.NoError(t, err, name)
		require.Len(t, r.Recipients, 1, name)
		c.want.Automatic = true
		assert.Equal(t, fields(c.want), fields(r.Recipients[0]), name)
		assert.Equal(t, "e1", r.EnvelopeID)
		assert.Empty(t, r.MessageID)
	}
	// Several recipients, the original in the third part, all in one group with the server's.
	in := reportMail("", "multipart/report", "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\nFinal-Recipient: rfc822;a@b.fr\r\n"+
		"Action: delivered\r\nStatus: 2.0.0\r\n\r\nFinal-Recipient: rfc822;c@b.fr\r\nAction: failed\r\nStatus: 5.1.1\r\n",
		"Content-Type: message/rfc822\r\n\r\nMessage-ID: <m1@x.fr>\r\nSubject: s\r\n\r\nbody")
	r, err := in.Report()
	require.NoError(t, err)
	require.Len(t, r.Recipients, 2)
	assert.Equal(t, "m1@x.fr", r.MessageID)
	assert.Equal(t, Failed, r.Recipients[1].State)
	assert.NotEmpty(t, r.Warnings)
	// Nothing in it.
	_, err = reportMail("", "multipart/report", statusPart).Report()
	require.ErrorIs(t, err, segur.ErrProtocol)
	// In a mail of a person who forwards a report: not one.
	in = reportMail("", "multipart/mixed", "Content-Type: text/plain\r\n\r\nsee", statusPart+"Final-Recipient: rfc822;a@b.fr\r\nAction: failed\r\n")
	assert.Equal(t, PlainMail, in.Kind())
}

func TestReadReceipts(t *testing.T) {
	t.Parallel()
	for disposition, want := range map[string]RecipientReport{
		"manual-action/MDN-sent-manually; displayed":                                                 {Read: Displayed},
		"MANUAL-ACTION/mdn-sent-automatically;deleted":                                               {Read: Deleted},
		"automatic-action/MDN-sent-automatically; processed":                                         {Read: Processed, Automatic: true},
		"automatic-action/MDN-sent-automatically; dispatched":                                        {Read: Processed, Automatic: true},
		"automatic-action/MDN-sent-automatically; processed/error":                                   {Read: ProcessedError, Automatic: true},
		"automatic-action/MDN-sent-automatically; processed\r\nError: 904^INS différent^x":           {Read: ProcessedError, Automatic: true, Error: INSDiffers, Diagnostic: "INS différent"},
		"automatic-action/MDN-sent-automatically; processed/Error:905^INS incomplet|E^Error":         {Read: ProcessedError, Automatic: true, Error: INSIncomplete, Diagnostic: "INS incomplet"},
		"automatic-action/MDN-sent-automatically; processed/error\r\nError: 906 autre":               {Read: ProcessedError, Automatic: true, Error: OtherError, Diagnostic: "autre"},
		"automatic-action/MDN-sent-automatically; processed/warning":                                 {Read: Processed, Automatic: true},
		"automatic-action/MDN-sent-automatically; processed/Error; 903^INS absent^messageErrorCond.": {Read: ProcessedError, Automatic: true, Error: INSMissing, Diagnostic: "INS absent"},
		"displayed": {Read: Displayed},
	} {
		in := reportMail("", "multipart/report; report-type=disposition-notification", "Content-Type: message/disposition-notification\r\n\r\n"+
			"Final-Recipient: rfc822;a@b.fr\r\n\r\nOriginal-Message-ID: < m1@x.fr >\r\nDisposition: "+disposition+"\r\n")
		require.Equal(t, DispositionMail, in.Kind())
		r, err := in.Report()
		require.NoError(t, err, disposition)
		want.Final = Address{Address: "a@b.fr"}
		assert.Equal(t, fields(want), fields(r.Recipients[0]), disposition)
		assert.Equal(t, "m1@x.fr", r.MessageID)
	}
	_, err := reportMail("", "multipart/report", "Content-Type: message/disposition-notification\r\n\r\nDisposition: a/b; thrown\r\n").Report()
	require.ErrorIs(t, err, segur.ErrProtocol)
}

func TestErrorMails(t *testing.T) {
	t.Parallel()
	for subject, code := range map[string]IntegrationCode{
		"[KO Intégration système !][904] XDM/1.0/DDM+CR X Y 01/01/2000": INSDiffers,
		"[KO Integration systeme !] [901] XDM/1.0/DDM+CR X Y":           AuthorNotAllowed,
		"[Erreur d'intégration !][900] XDM/1.0/DDM+CR":                  WrongVersion,
		"[ERREUR D’INTÉGRATION!] XDM/1.0/DDM+CR":                        "",
	} {
		in := reportMail("In-Reply-To: <m1@x.fr>\r\nSubject: "+encodedText(subject)+"\r\n", "multipart/mixed", "Content-Type: text/plain\r\n\r\nvoir sujet")
		require.Equal(t, ErrorMail, in.Kind(), subject)
		r, err := in.Report()
		require.NoError(t, err)
		assert.Equal(t, code, r.Recipients[0].Error, subject)
		assert.Equal(t, "m1@x.fr", r.MessageID)
	}
	in := reportMail("Subject: "+encodedText("Re: [Erreur d'intégration !] XDM/1.0/DDM+CR")+"\r\n", "multipart/mixed", "Content-Type: text/plain\r\n\r\nmerci")
	assert.Equal(t, DocumentMail, in.Kind(), "an answer to an error is not one: its subject announces an archive")
}

// Bounces in words: of Mon espace santé, and of old servers.
func TestBounces(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		from, headers, subject, text string
		state                        State
		code                         string
		status                       int
		final                        string
	}{
		"closed": {"noreply@patient.mssante.fr", "", "Message non distribué",
			"Votre message à " + citizen + " n'a pas été distribué : la messagerie est fermée.", Failed, "5.2.1", 0, citizen},
		"not found":  {"noreply@patient.mssante.fr", "", "Message non distribué", "Le patient est introuvable.", Failed, "5.1.1", 0, ""},
		"bad":        {"noreply@patient.mssante.fr", "", "Message non distribué", "L'adresse du destinataire est invalide.", Failed, "5.1.3", 0, ""},
		"no reason":  {"noreply@patient.mssante.fr", "", "Message non distribué", "Désolé.", Failed, "", 0, ""},
		"too big":    {"MAILER-DAEMON@ens.example", "", "Undelivered Mail Returned to Sender", "<" + citizen + ">: message size 27000000 exceeds size limit", Failed, "5.3.4", 0, citizen},
		"SMTP":       {"MAILER-DAEMON@mx.example", "", "Mail delivery failed: returning message to sender", "x@y.fr\r\n  550 5.1.1 unknown", Failed, "5.1.1", 550, "x@y.fr"},
		"for now":    {"MAILER-DAEMON@mx.example", "", "Delivery failure", "x@y.fr: 451 4.7.1 try later: the message will be retried", Delayed, "4.7.1", 451, "x@y.fr"},
		"gave up":    {"MAILER-DAEMON@mx.example", "", "Undelivered Mail Returned to Sender", "<x@y.fr>: 451 4.4.1 connection timed out", Failed, "4.4.1", 451, "x@y.fr"},
		"exim":       {"Mailer-Daemon@mx.example", "X-Failed-Recipients: x@y.fr\r\n", "Mail delivery failed", "unrouteable", Failed, "", 0, "x@y.fr"},
		"null path":  {"a@b.fr", "Return-Path: <>\r\n", "Undeliverable: XDM", "unknown user", Failed, "", 0, ""},
		"automatic":  {"a@b.fr", "Auto-Submitted: auto-replied\r\n", "Échec de la remise", "boîte pleine", Failed, "5.2.2", 0, ""},
		"configured": {"a@b.fr", "", "Avis de non remise", "boîte saturée", Failed, "5.2.2", 0, ""},
	} {
		raw := "From: <" + c.from + ">\r\nTo: a@b.mssante.fr\r\nMessage-ID: <rep@x.fr>\r\nReferences: <m0@x.fr> <m1@x.fr>\r\n" + c.headers +
			"Subject: " + encodedText(c.subject) + "\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + c.text + "\r\n"
		in, err := parse([]byte(raw))
		require.NoError(t, err)
		in.bounceSubjects = []string{"Avis de non remise"}
		require.Equal(t, BounceMail.String(), in.Kind().String(), name)
		r, err := in.Report()
		require.NoError(t, err)
		assert.Equal(t, "m1@x.fr", r.MessageID)
		require.Len(t, r.Recipients, 1, name)
		one := r.Recipients[0]
		assert.Equal(t, []any{c.state, c.code, c.status, c.final}, []any{one.State, one.Code, one.Status, one.Final.Address}, name)
	}
	for _, subject := range []string{"Message non distribué", "Re: CR d'imagerie", "Undelivered parcels"} {
		in, err := parse([]byte("From: docteur@cabinet.mssante.fr\r\nSubject: " + encodedText(subject) + "\r\n\r\nBonjour\r\n"))
		require.NoError(t, err)
		assert.Equal(t, PlainMail, in.Kind(), "a person writes that: %s", subject)
	}
}

// Reports do not print addresses, whatever the verb.
func TestReportsAreRedacted(t *testing.T) {
	t.Parallel()
	in := reportMail("", "multipart/report", statusPart+"Final-Recipient: rfc822;"+citizen+"\r\nAction: failed\r\nDiagnostic-Code: smtp; 550 "+citizen+"\r\n")
	r, err := in.Report()
	require.NoError(t, err)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		for _, v := range []any{r, *r, r.Recipients, r.Recipients[0]} {
			assert.NotContains(t, fmt.Sprintf(verb, v), "279035121518989")
		}
	}
	n, text := r.Recipients[0].SMTPErrorCode()
	assert.Equal(t, 550, n)
	assert.NotEmpty(t, text.FR)
}

// Whatever a mail holds, its report names few enough recipients, and each says
// something.
func FuzzReport(f *testing.F) {
	f.Add("message/delivery-status", "Final-Recipient: rfc822;a@b.fr\r\nAction: failed\r\nStatus: 5.1.1\r\n", "s", "t")
	f.Add("message/disposition-notification", "Final-Recipient:\r\nDisposition: x; processed/Error: 902^a^b\r\nError: 9\r\n", "", "")
	f.Add("text/plain", "550 5.1.1 a@b.fr", "[KO Intégration système !][902]", "code d'erreur : 903")
	f.Add("text/plain", "x", "Message non distribué", "boîte fermée a@patient.mssante.fr")
	f.Fuzz(func(t *testing.T, mediaType, fields, subject, text string) {
		raw := "From: MAILER-DAEMON@x.fr\r\nSubject: " + strings.ReplaceAll(subject, "\n", "") + "\r\nContent-Type: multipart/report; boundary=b\r\n\r\n--b\r\n\r\n" +
			text + "\r\n--b\r\nContent-Type: " + strings.ReplaceAll(mediaType, "\n", "") + "\r\n\r\n" + fields + "\r\n--b--\r\n"
		in, err := parse([]byte(raw))
		if err != nil {
			return
		}
		r, err := in.Report()
		if err != nil {
			if k := segur.KindOf(err); k != segur.KindNotFound && k != segur.KindProtocol {
				t.Fatalf("%v", err)
			}
			return
		}
		if len(r.Recipients) > maxAddresses {
			t.Fatal("too many")
		}
		for _, one := range r.Recipients {
			if one.State == "" && one.Read == "" {
				t.Fatal("nothing said")
			}
		}
	})
}
