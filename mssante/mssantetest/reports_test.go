package mssantetest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/mssante"
	"github.com/segur-sdk/segur/mssante/mssantetest"
)

const box = mssantetest.SenderMailbox

func client(t *testing.T, cfg mssante.Config) *mssante.Client {
	t.Helper()
	c, err := mssante.New(cfg)
	require.NoError(t, err)
	return c
}

// note is a message without document, that asks for every notification.
func note(t *testing.T, c *mssante.Client, to ...string) *mssante.Letter {
	t.Helper()
	m := mssante.Message{From: mssante.Sender{Entity: "Centre d'imagerie fictif"}, Subject: "Essai", Text: "Bonjour", ReadReceipt: true, DeliveryReceipt: true}
	for _, a := range to {
		m.To = append(m.To, mssante.ToProfessional("", a))
	}
	l, err := c.Compose(m)
	require.NoError(t, err)
	return l
}

func inbox(t *testing.T, c *mssante.Client) []*mssante.Incoming {
	t.Helper()
	var out []*mssante.Incoming
	for m, err := range c.Receive(t.Context(), mssante.Filter{}) {
		require.NoError(t, err)
		out = append(out, m)
	}
	return out
}

func reports(t *testing.T, c *mssante.Client, d *mssante.Delivery) []*mssante.Report {
	t.Helper()
	var out []*mssante.Report
	for _, m := range inbox(t, c) {
		r, err := m.Report()
		require.NoError(t, err)
		_, err = d.Apply(r)
		require.NoError(t, err)
		out = append(out, r)
	}
	return out
}

// What an operator says after it took a mail, for mailboxes of several domains,
// read by the client.
func TestReportsOfEveryKind(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	at := func(name string) string { return "dr@" + name + ".mssante.fr" }
	s.AddMailbox(at("unknown"), mssantetest.Returns(550, "5.1.1"))
	s.AddMailbox(at("full"), mssantetest.Returns(552, "5.2.2"))
	s.AddMailbox(at("held"), mssantetest.Held())
	s.AddMailbox(at("lost"), mssantetest.Held())
	s.AddMailbox(at("read"), mssantetest.Reads(mssantetest.Reading{Disposition: "displayed", Manual: true}))
	s.AddMailbox(at("deleted"), mssantetest.Reads(mssantetest.Reading{Disposition: "deleted"}))
	s.AddMailbox(at("filed"), mssantetest.Reads(mssantetest.Reading{}))
	s.AddMailbox(at("refused"), mssantetest.Reads(mssantetest.Reading{Error: "902^Identifiant patient inconnu"}))
	s.AddMailbox(at("official"), mssantetest.Reads(mssantetest.Reading{Error: "904^Document déjà reçu", InDisposition: true}))
	c := client(t, s.Config())
	to := []string{mssantetest.PrescriberMailbox, at("unknown"), at("full"), at("held"), at("lost"), at("read"), at("filed"), at("refused"), at("official"), at("deleted")}
	l := note(t, c, to...)
	d := mssante.NewDelivery(l)
	receipt, err := c.Send(t.Context(), l)
	require.NoError(t, err, "%v", s.Refusals())
	require.NoError(t, d.Sent(receipt))
	assert.Empty(t, s.Messages(at("unknown")), "the operator took it, and nobody has it")
	assert.Empty(t, s.Messages(at("held")))
	all := reports(t, c, d)
	assert.Len(t, all, 10+5, "one of the operator for each, and those of readers")
	for _, r := range all {
		assert.Empty(t, r.Warnings, "%v", r)
		assert.Equal(t, l.MessageID(), r.MessageID)
	}
	state := func(address string) mssante.RecipientDelivery {
		for _, r := range d.Recipients {
			if r.Ref == mssante.RecipientRef(l.MessageID(), address) {
				return r
			}
		}
		t.Fatal("no such recipient")
		return mssante.RecipientDelivery{}
	}
	for address, want := range map[string]mssante.RecipientDelivery{
		to[0]:          {Transport: mssante.Delivered, Status: 250, Code: "2.0.0"},
		at("unknown"):  {Transport: mssante.Failed, Status: 550, Code: "5.1.1"},
		at("full"):     {Transport: mssante.Failed, Status: 552, Code: "5.2.2"},
		at("held"):     {Transport: mssante.Delayed, Status: 451, Code: "4.4.1"},
		at("read"):     {Transport: mssante.Delivered, Status: 250, Code: "2.0.0", Read: mssante.Displayed},
		at("deleted"):  {Transport: mssante.Delivered, Status: 250, Code: "2.0.0", Read: mssante.Deleted},
		at("filed"):    {Transport: mssante.Delivered, Status: 250, Code: "2.0.0", Read: mssante.Processed},
		at("refused"):  {Transport: mssante.Delivered, Status: 250, Code: "2.0.0", Read: mssante.ProcessedError, ReadError: "902"},
		at("official"): {Transport: mssante.Delivered, Status: 250, Code: "2.0.0", Read: mssante.ProcessedError, ReadError: "904"},
	} {
		got := state(address)
		assert.Equal(t, mssante.Accepted, got.Submission)
		assert.Equal(t, []any{want.Transport, want.Status, want.Code, want.Read, want.ReadError},
			[]any{got.Transport, got.Status, got.Code, got.Read, got.ReadError}, address)
	}
	assert.False(t, d.Settled())

	s.Release(at("held"))
	s.GiveUp(at("lost"))
	require.Len(t, s.Messages(at("held")), 1)
	reports(t, c, d)
	assert.Equal(t, mssante.Delivered, state(at("held")).State())
	assert.Equal(t, mssante.Failed, state(at("lost")).State())
	assert.True(t, d.Settled())
}

// Without having been asked, an operator tells failures and delays only, and a
// reader only that a document was not filed.
func TestReportsThatNobodyAskedFor(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	const refuses, returns = "a@x.mssante.fr", "b@x.mssante.fr"
	s.AddMailbox(refuses, mssantetest.Reads(mssantetest.Reading{Error: "902^Identifiant patient inconnu"}))
	s.AddMailbox(returns, mssantetest.Returns(550, "5.1.1"))
	s.AddMailbox(mssantetest.PrescriberMailbox, mssantetest.Reads(mssantetest.Reading{}))
	c := client(t, s.Config())
	l, err := c.Compose(mssante.Message{
		From: mssante.Sender{Entity: "Centre d'imagerie fictif"}, Subject: "Essai", Text: "Bonjour",
		To: []mssante.Recipient{mssante.ToProfessional("", refuses), mssante.ToProfessional("", returns), mssante.ToProfessional("", mssantetest.PrescriberMailbox)},
	})
	require.NoError(t, err)
	_, err = c.Send(t.Context(), l)
	require.NoError(t, err)
	var kinds []string
	for _, m := range inbox(t, c) {
		kinds = append(kinds, m.Kind().String())
		r, err := m.Report()
		require.NoError(t, err)
		assert.Equal(t, l.MessageID(), r.MessageID)
	}
	assert.Equal(t, []string{"error", "delivery"}, kinds)
}

// Mon espace santé returns mails in words.
func TestPatientBounces(t *testing.T) {
	t.Parallel()
	written := time.Date(2026, time.January, 15, 10, 46, 0, 0, time.UTC)
	s := newServer(t, mssantetest.WithPatientBounces(), mssantetest.WithMaxPatientBytes(5000), mssantetest.WithClock(func() time.Time { return written }))
	const known = "285036912345656@patient.mssante.fr"
	ins := "1850369123456" + segur.MatriculeKey("1850369123456")
	closed := ins + "@patient.mssante.fr"
	s.AddMailbox(closed, mssantetest.Bounces(mssantetest.BounceClosed))
	invalid := "2850369123457" + segur.MatriculeKey("2850369123457") + "@patient.mssante.fr"
	s.AddMailbox(invalid, mssantetest.Bounces(mssantetest.BounceInvalid))
	c := open(t, s)
	raw := string(good(t, s))
	send := func(to, mail string) {
		mail = strings.Replace(mail, mssantetest.PrescriberMailbox, to, 1)
		mail = strings.Replace(mail, "Message-ID: <", "Message-ID: <"+to[:5]+string(rune('a'+len(s.Messages(box)))), 1)
		require.NoError(t, c.Mail(box, nil))
		require.NoError(t, c.Rcpt(to, nil))
		w, err := c.Data()
		require.NoError(t, err)
		_, err = w.Write([]byte(mail))
		require.NoError(t, err)
		require.NoError(t, w.Close(), "%v", s.Refusals())
	}
	send(closed, raw)
	send("123456789012345@patient.mssante.fr", raw)
	filler := strings.Repeat(strings.Repeat("x", 900)+"\r\n", 10)
	head, rest, _ := strings.Cut(raw, "\r\n\r\n")
	part, body, _ := strings.Cut(rest, "\r\n\r\n")
	send(known, head+"\r\n\r\n"+part+"\r\n\r\n"+filler+body)
	send(invalid, raw)
	assert.Empty(t, s.Messages(known))

	got := inbox(t, client(t, s.Config()))
	require.Len(t, got, 4)
	for i, code := range []string{"5.2.1", "5.1.1", "5.3.4", "5.1.3"} {
		assert.Equal(t, mssante.BounceMail, got[i].Kind())
		r, err := got[i].Report()
		require.NoError(t, err)
		require.Len(t, r.Recipients, 1)
		assert.Equal(t, written, r.At)
		assert.Equal(t, mssante.Failed, r.Recipients[0].State)
		assert.Equal(t, code, r.Recipients[0].Code)
		assert.Contains(t, r.Recipients[0].Final.Address, "@patient.mssante.fr")
		assert.NotEmpty(t, r.MessageID)
	}
}
