package mssante_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/internal/testkit/fixed"
	"github.com/segur-sdk/segur/mssante"
	"github.com/segur-sdk/segur/mssante/mssantetest"
	"github.com/segur-sdk/segur/mssante/xdm"
)

// offline is a configuration that composes without a server.
func offline() mssante.Config {
	return mssante.Config{
		ClientConfig: segur.ClientConfig{
			Environment: segur.Fake, Clock: func() time.Time { return now }, IDs: segur.NewIDSource(fixed.Rand(1)),
		},
		SMTP: "127.0.0.1:1", Mailbox: mssantetest.SenderMailbox, ProductNumber: "0000000001", SourceID: "1.2.250.1.999.1.587",
		Auth: mssante.Password, Password: "secret",
	}
}

func head(t *testing.T, l *mssante.Letter) string {
	t.Helper()
	h, _, ok := bytes.Cut(bytesOf(t, l), []byte("\r\n\r\n"))
	require.True(t, ok)
	return string(h)
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	m := toPrescriber()
	m.ReadReceipt, m.ReplyTo, m.InReplyTo, m.References = true, "secretariat@imagerie-fictive.mssante.fr", "a@b.mssante.fr", []string{"a@b.mssante.fr", "c@d.mssante.fr"}
	m.NoReply = true // nobody is a patient: not written
	l := compose(t, newClient(t, offline()), m)
	assert.Equal(t, strings.Join([]string{
		"Date: Thu, 15 Jan 2026 10:46:00 +0100",
		"From: Dr_Claude_RADIOLOGUE_Centre d'imagerie fictif <ris@imagerie-fictive.mssante.fr>",
		"To: Dr Dominique PRESCRIPTEUR <dominique.prescripteur@cabinet-fictif.mssante.fr>",
		"Reply-To: <secretariat@imagerie-fictive.mssante.fr>",
		"Message-ID: <" + l.MessageID() + ">",
		"In-Reply-To: <a@b.mssante.fr>",
		"References: <a@b.mssante.fr>", " <c@d.mssante.fr>",
		"Disposition-Notification-To: <ris@imagerie-fictive.mssante.fr>",
		"X-MSS-NIL: 0000000001",
		"X-MSS-INS: O",
		"X-MSS-CODECDA: 18748-4",
		"Subject: XDM/1.0/DDM+CR d'imagerie medicale FICTIVE-DURAND CAMILLE 14/03/1985",
		"MIME-Version: 1.0",
	}, "\r\n"), head(t, l)[:strings.Index(head(t, l), "\r\nContent-Type")])
	assert.True(t, strings.HasSuffix(l.MessageID(), "@imagerie-fictive.mssante.fr"))
	for line := range strings.SplitSeq(string(bytesOf(t, l)), "\r\n") {
		assert.LessOrEqual(t, len(line), 998)
		assert.NotContains(t, line, "\n")
		assert.False(t, strings.ContainsFunc(line, func(r rune) bool { return r > '~' }), "8-bit line")
	}
	again := compose(t, newClient(t, offline()), m)
	assert.Equal(t, bytesOf(t, l), bytesOf(t, again), "same clock, same identifiers, same bytes")
}

func TestHeadersToThePatient(t *testing.T) {
	t.Parallel()
	l := compose(t, newClient(t, offline()), toPatient())
	h := head(t, l)
	assert.Contains(t, h, "\r\nX-MSS-MES: FIN\r\n")
	assert.Contains(t, h, "\r\nTo: <"+patient().INS.Matricule()+"@patient.mssante.fr>\r\n")

	m := toPatient()
	m.NoReply = false
	assert.NotContains(t, head(t, compose(t, newClient(t, offline()), m)), "X-MSS-MES")
}

func TestSeveralDocuments(t *testing.T) {
	t.Parallel()
	m := toPrescriber()
	m.Documents = append(m.Documents, report(m.Patient))
	l := compose(t, newClient(t, offline()), m)
	assert.Equal(t, "XDM/1.0/DDM+2 documents FICTIVE-DURAND CAMILLE 14/03/1985", l.Subject())
	assert.Contains(t, head(t, l), "X-MSS-CODECDA: 18748-4,18748-4\r\n")
	raw := string(bytesOf(t, l))
	assert.Contains(t, raw, `filename="20260115_CR_d_imagerie_medicale_FICTIVE-DURAND_CAMILLE.pdf"`)
	assert.Contains(t, raw, `filename="20260115_CR_d_imagerie_medicale_FICTIVE-DURAND_CAMILLE_2.pdf"`)
}

func TestPlainMessage(t *testing.T) {
	t.Parallel()
	m := toPrescriber()
	m.Documents, m.Subject = nil, "Réunion d'équipe"
	h := head(t, compose(t, newClient(t, offline()), m))
	assert.Contains(t, h, "Subject: =?utf-8?b?UsOpdW5pb24gZCfDqXF1aXBl?=\r\n")
	assert.NotContains(t, h, "X-MSS-INS")
	assert.NotContains(t, h, "X-MSS-CODECDA")
	assert.Contains(t, h, "X-MSS-NIL: 0000000001")
}

func TestLabelsThatNeedEncoding(t *testing.T) {
	t.Parallel()
	c := newClient(t, offline())
	for label, want := range map[string]string{
		"Hopital A – Service Cardiologie": "From: =?utf-8?b?SG9waXRhbCBBIOKAkyBTZXJ2aWNlIENhcmRpb2xvZ2ll?= <",
		`Imagerie (Lyon), "Nord"`:         `From: "Imagerie (Lyon), \"Nord\"" <`,
		"=?utf-8?q?x?=":                   "From: =?utf-8?b?",
	} {
		m := toPrescriber()
		m.From = mssante.Sender{Entity: label}
		assert.Contains(t, head(t, compose(t, c, m)), want)
	}
}

// Everything that must not leave is refused, with the field, and without any
// personal value.
func TestRefusedMessages(t *testing.T) {
	t.Parallel()
	other := func() segur.Patient {
		p := patient()
		body := "1850369123456"
		ins, err := segur.ParseINS(body+segur.MatriculeKey(body), segur.OIDINSNIRTest)
		require.NoError(t, err)
		p.INS, p.Traits.Sex, p.Traits.FirstGivenName, p.Traits.GivenNames = ins, segur.Male, "HORACE", "HORACE"
		return p
	}
	address, err := mssante.PatientAddress(patient(), segur.Fake)
	require.NoError(t, err)
	stranger, err := mssante.PatientAddress(other(), segur.Fake)
	require.NoError(t, err)

	for name, c := range map[string]struct {
		change func(*mssante.Message)
		field  string
	}{
		"no recipient":        {func(m *mssante.Message) { m.To = nil }, "to"},
		"consent not asked":   {func(m *mssante.Message) { m.Consent = mssante.Consent{} }, "consent.professionals"},
		"opposed":             {func(m *mssante.Message) { m.Consent.Professionals = mssante.Opposed }, "consent.professionals"},
		"patient opposed":     {func(m *mssante.Message) { *m = toPatient(); m.Consent.Patient = mssante.Opposed }, "consent.patient"},
		"hidden from patient": {func(m *mssante.Message) { *m = toPatient(); m.Visibility.HiddenFromPatient = true }, "visibility.hiddenFromPatient"},
		"hidden, by address": {func(m *mssante.Message) {
			m.To[0] = mssante.ToProfessional("", address)
			m.Visibility.HiddenFromPatient = true
		}, "visibility.hiddenFromPatient"},
		"hidden from doctors": {func(m *mssante.Message) { m.Visibility.HiddenFromProfessionals = true }, "visibility.hiddenFromProfessionals"},
		"hidden from parents": {func(m *mssante.Message) { m.Visibility.HiddenFromRepresentatives = true }, "visibility.hiddenFromRepresentatives"},
		"mixed, hidden": {func(m *mssante.Message) {
			m.To = append(m.To, mssante.ToPatient())
			m.Visibility.HiddenFromPatient = true
		}, "visibility.hiddenFromPatient"},
		"another patient's box": {func(m *mssante.Message) { m.To[0] = mssante.ToProfessional("x", stranger) }, "to[0]"},
		"same address twice":    {func(m *mssante.Message) { m.To = append(m.To, m.To[0]) }, "to[1]"},
		"unqualified patient":   {func(m *mssante.Message) { *m = toPatient(); m.Patient.Status = segur.Validated }, "to[0]"},
		"unqualified, with INS": {func(m *mssante.Message) { m.Patient.Status = segur.Retrieved }, "documents[0].patient"},
		"two patients":          {func(m *mssante.Message) { m.Documents = append(m.Documents, report(other())) }, "documents[1].patient"},
		"wrong patient":         {func(m *mssante.Message) { m.Patient = other() }, "documents[0].patient"},
		"wrong birth date":      {func(m *mssante.Message) { m.Patient.Traits.BirthDate.Day = 15 }, "documents[0].patient.birthDate"},
		"same document twice":   {func(m *mssante.Message) { m.Documents = append(m.Documents, m.Documents[0]) }, "documents[1]"},
		"no PDF":                {func(m *mssante.Message) { m.Documents[0].PDF = nil }, "documents[0].pdf"},
		"not a PDF":             {func(m *mssante.Message) { m.Documents[0].PDF = segur.BytesContent([]byte("<html>")) }, "documents[0].pdf"},
		"another PDF":           {func(m *mssante.Message) { m.Documents[0].PDF = segur.BytesContent([]byte("%PDF-1.4 other")) }, "documents[0].pdf"},
		"no CDA":                {func(m *mssante.Message) { m.Documents[0].CDA = nil }, "documents[0].cda"},
		"subject given":         {func(m *mssante.Message) { m.Subject = "Bonjour" }, "subject"},
		"nothing to say":        {func(m *mssante.Message) { m.Documents = nil }, "subject"},
		"archive announced":     {func(m *mssante.Message) { m.Documents, m.Subject = nil, "xdm/1.0/DDM+CR" }, "subject"},
		"no label":              {func(m *mssante.Message) { m.From = mssante.Sender{Title: "Dr"} }, "from"},
		"replaces nothing":      {func(m *mssante.Message) { m.Action = xdm.Change }, "documents[0]"},
		"not an address":        {func(m *mssante.Message) { m.To[0] = mssante.ToProfessional("x", "Dr X") }, "to[0]"},
		"international address": {func(m *mssante.Message) { m.To[0] = mssante.ToProfessional("x", "x@hôpital.mssante.fr") }, "to[0]"},
		"injection: label":      {func(m *mssante.Message) { m.From.Entity = "x\r\nBcc: eve@evil.example" }, "from.entity"},
		"injection: name": {func(m *mssante.Message) {
			m.To[0] = mssante.ToProfessional("x\nBcc: e@e.fr", mssantetest.PrescriberMailbox)
		}, "to[0].name"},
		"injection: address":       {func(m *mssante.Message) { m.To[0] = mssante.ToProfessional("x", "a@b.fr>\r\nRCPT TO:<e@e.fr") }, "to[0]"},
		"injection: two addresses": {func(m *mssante.Message) { m.To[0] = mssante.ToProfessional("x", "a@b.fr,e@e.fr") }, "to[0]"},
		"injection: quoted":        {func(m *mssante.Message) { m.To[0] = mssante.ToProfessional("x", `"a b"@b.fr`) }, "to[0]"},
		"injection: reply-to":      {func(m *mssante.Message) { m.ReplyTo = "a@b.fr\r\nX: y" }, "replyTo"},
		"answers to a patient":     {func(m *mssante.Message) { m.ReplyTo = stranger }, "replyTo"},
		"injection: in-reply-to":   {func(m *mssante.Message) { m.InReplyTo = "a@b>\r\nX: y" }, "inReplyTo"},
		"injection: references":    {func(m *mssante.Message) { m.References = []string{"a@b", "c d@e"} }, "references[1]"},
		"injection: subject":       {func(m *mssante.Message) { m.Documents, m.Subject = nil, "x\rBcc: e@e.fr" }, "subject"},
		"injection: birth name":    {func(m *mssante.Message) { m.Patient.Traits.BirthName = "X\r\nBcc: e@e.fr" }, "patient.traits.birthName"},
		"injection: separator":     {func(m *mssante.Message) { m.From.Entity = "x\u2028Bcc: e" }, "from.entity"},
		"injection: code": {func(m *mssante.Message) {
			h := m.Documents[0].CDA.Header()
			h.Type.Code = "18748-4,X"
			m.Documents[0].CDA = segur.NewDocument(m.Documents[0].CDA, h)
		}, "documents[0].cda.code"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := toPrescriber()
			c.change(&m)
			l, err := newClient(t, offline()).Compose(m)
			require.ErrorIs(t, err, segur.ErrInvalidInput)
			assert.Nil(t, l)
			var e *segur.Error
			require.ErrorAs(t, err, &e)
			var fields []string
			for _, d := range e.Details {
				fields = append(fields, d.Field)
			}
			assert.Contains(t, fields, c.field)
			for _, secret := range []string{matriculeBody, "1850369123456", "FICTIVE", "DURAND", "evil", "@cabinet"} {
				assert.NotContains(t, err.Error(), secret)
			}
		})
	}
}

func TestWhiteListIsAsked(t *testing.T) {
	t.Parallel()
	cfg := offline()
	cfg.AllowDomain = func(domain string) bool { return domain == "cabinet-fictif.mssante.fr" }
	c := newClient(t, cfg)
	compose(t, c, toPrescriber())
	m := toPrescriber()
	m.To[0] = mssante.ToProfessional("", "x@Elsewhere.example")
	_, err := c.Compose(m)
	assert.Equal(t, []string{"to[0]"}, fields(t, err))
	assert.Contains(t, err.Error(), "white list")
	m = toPrescriber()
	m.ReplyTo = "x@Elsewhere.example"
	_, err = c.Compose(m)
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	assert.Contains(t, err.Error(), "replyTo")
}

func TestTestIdentityInProduction(t *testing.T) {
	t.Parallel()
	cfg := offline()
	cfg.Environment = segur.Production
	_, err := newClient(t, cfg).Compose(toPatient())
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	assert.Contains(t, err.Error(), "no mailbox in production")
}

func TestTooLargeToCompose(t *testing.T) {
	t.Parallel()
	m := toPrescriber()
	size := compose(t, newClient(t, offline()), m).Size()
	for _, limit := range []int64{1000, size / 3, size / 2, size - 1} {
		cfg := offline()
		cfg.MaxMessageBytes = limit
		_, err := newClient(t, cfg).Compose(m)
		require.ErrorIs(t, err, segur.ErrTooLarge, "limit %d of %d", limit, size)
	}
	cfg := offline()
	cfg.MaxMessageBytes = size
	compose(t, newClient(t, cfg), m)
}

func TestConfigIsCheckedAtOnce(t *testing.T) {
	t.Parallel()
	_, err := mssante.New(mssante.Config{SMTP: "smtp://x", IMAP: "imap.example:143:1", Mailbox: "x", ProductNumber: "a\r\nb", MaxMessageBytes: -1, Auth: 9})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	var fields []string
	for _, d := range e.Details {
		fields = append(fields, d.Field)
	}
	assert.ElementsMatch(t, []string{"environment", "smtp", "imap", "mailbox", "productNumber", "auth", "sourceID", "maxMessageBytes"}, fields)
	for auth, field := range map[mssante.Auth]string{mssante.Certificate: "credentials", mssante.Token: "token", mssante.Password: "password"} {
		cfg := offline()
		cfg.Auth, cfg.Password = auth, ""
		_, err := mssante.New(cfg)
		require.ErrorAs(t, err, &e)
		assert.Equal(t, field, e.Details[0].Field)
	}
}

func TestPrintedFormsAreRedacted(t *testing.T) {
	t.Parallel()
	m := toPatient()
	l := compose(t, newClient(t, offline()), m)
	var b bytes.Buffer
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "message", m, "letter", l, "recipient", m.To[0], "receipt", mssante.Receipt{},
		"incoming", &mssante.Incoming{Subject: "FICTIVE"}, "address", mssante.Address{Name: "FICTIVE", Address: matriculeBody})
	_, _ = fmt.Fprintf(&b, "%v %+v %#v %s %v %+v %v %v", m, m, m, m, l, m.To, mssante.Attachment{Name: "FICTIVE"}, []mssante.Address{{Name: "FICTIVE"}})
	for _, secret := range []string{matriculeBody, "FICTIVE", "CAMILLE", "votre compte rendu"} {
		assert.NotContains(t, b.String(), secret)
	}
}

func TestBrokenContent(t *testing.T) {
	t.Parallel()
	m := toPrescriber()
	m.Documents[0].CDA = segur.NewDocument(broken{m.Documents[0].CDA}, m.Documents[0].CDA.Header())
	_, err := newClient(t, offline()).Compose(m)
	require.Error(t, err)
	assert.NotEqual(t, segur.KindUnknown, segur.KindOf(err))
}

type broken struct{ segur.Content }

func (b broken) Size() int64 { return b.Content.Size() + 1 }

// What the message says of visibility and replacement is in the metadata of
// the archive, where the receiver's software looks.
func TestVisibilityAndReplacementInTheArchive(t *testing.T) {
	t.Parallel()
	open := func(m mssante.Message) (*mssante.Letter, xdm.Received) {
		cfg := offline()
		cfg.ActionSlot = "urn:example:action"
		l := compose(t, newClient(t, cfg), m)
		b := bytesOf(t, l.Archive())
		a, err := xdm.Open(bytes.NewReader(b), int64(len(b)), xdm.ReadOptions{})
		require.NoError(t, err)
		require.Len(t, a.Sets[0].Documents, 1)
		assert.Equal(t, segur.OID("1.2.250.1.999.1.587"), a.Sets[0].Submission.Set.SourceID)
		assert.Equal(t, "07", a.Sets[0].Submission.Set.ContentTypeCode.Code)
		assert.Equal(t, "RADIOLOGUE", a.Sets[0].Submission.Set.Author.Person.Family)
		return l, a.Sets[0].Documents[0]
	}
	m := toPrescriber()
	m.Visibility.HiddenFromPatient = true
	_, d := open(m)
	assert.True(t, d.Entry.Has(xds.HiddenFromPatient))
	assert.False(t, d.Entry.Has(xds.HiddenFromProfessionals))
	assert.Equal(t, xdm.File, d.Action)

	m = toPatient()
	m.Visibility.HiddenFromProfessionals, m.Visibility.HiddenFromRepresentatives = true, true
	_, d = open(m)
	assert.True(t, d.Entry.Has(xds.HiddenFromProfessionals))
	assert.True(t, d.Entry.Has(xds.HiddenFromRepresentatives))
	assert.False(t, d.Entry.Has(xds.HiddenFromPatient))

	m = toPrescriber()
	m.Action, m.Text = xdm.Change, ""
	m.Documents = []mssante.Document{report(m.Patient, func(r *cda.Report) {
		r.Replaces, r.Version = segur.Identifier{Root: "1.2.250.1.999.1.77"}, 2
		r.SetID = segur.Identifier{Root: "1.2.250.1.999.1.76"}
	})}
	l, d := open(m)
	assert.Equal(t, xdm.Change, d.Action)
	assert.Equal(t, "XDM/1.0/DDM+[Annule et remplace] CR d'imagerie medicale FICTIVE-DURAND CAMILLE 14/03/1985", l.Subject())
	assert.Contains(t, string(bytesOf(t, l)), "Ce message annule et remplace")
}
