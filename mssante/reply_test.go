package mssante_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/mssante"
	"github.com/segur-sdk/segur/mssante/mssantetest"
)

// question is a mail that a prescriber sent to the mailbox and to a colleague.
func question() *mssante.Incoming {
	return &mssante.Incoming{
		MessageID: "q@cabinet-fictif.mssante.fr", InReplyTo: "r0@imagerie-fictive.mssante.fr",
		References: []string{"r0@imagerie-fictive.mssante.fr"},
		From:       mssante.Address{Name: "Dr Dominique PRESCRIPTEUR", Address: mssantetest.PrescriberMailbox},
		To: []mssante.Address{{Address: strings.ToUpper(mssantetest.SenderMailbox)}, {Address: "colleague@cabinet-fictif.mssante.fr"},
			{Address: mssantetest.PrescriberMailbox}, {Address: "285036912345656@patient.mssante.fr"}},
		Subject: "Re: XDM/1.0/DDM+CR d'imagerie médicale FICTIVE-DURAND CAMILLE",
	}
}

// answer is what a caller fills.
func answer() mssante.Message {
	m := toPrescriber()
	m.To, m.Documents = nil, nil
	return m
}

func TestReply(t *testing.T) {
	t.Parallel()
	c := newClient(t, offline())
	m, err := c.Reply(question(), answer())
	require.NoError(t, err)
	h := head(t, compose(t, c, m))
	for _, line := range []string{
		"To: Dr Dominique PRESCRIPTEUR <" + mssantetest.PrescriberMailbox + ">",
		"In-Reply-To: <q@cabinet-fictif.mssante.fr>",
		"References: <r0@imagerie-fictive.mssante.fr>\r\n <q@cabinet-fictif.mssante.fr>",
	} {
		assert.Contains(t, h, "\r\n"+line+"\r\n")
	}
	assert.Equal(t, "Re: CR d'imagerie médicale FICTIVE-DURAND CAMILLE", m.Subject, "no archive is announced, and Re: is there once")

	// With documents the norm fixes the subject.
	m = answer()
	m.Documents = toPrescriber().Documents
	m, err = c.Reply(question(), m)
	require.NoError(t, err)
	assert.Empty(t, m.Subject)
	assert.Contains(t, head(t, compose(t, c, m)), "\r\nIn-Reply-To: <q@cabinet-fictif.mssante.fr>\r\n")

	in := question()
	in.ReplyTo = []mssante.Address{{Name: "bad\r\nname", Address: "secretariat@cabinet-fictif.mssante.fr"}}
	m, err = c.Reply(in, answer())
	require.NoError(t, err)
	assert.Contains(t, head(t, compose(t, c, m)), "\r\nTo: <secretariat@cabinet-fictif.mssante.fr>\r\n")

	m, err = c.ReplyAll(question(), answer())
	require.NoError(t, err)
	h = head(t, compose(t, c, m))
	assert.Contains(t, h, "\r\nTo: Dr Dominique PRESCRIPTEUR <"+mssantetest.PrescriberMailbox+">,\r\n <colleague@cabinet-fictif.mssante.fr>\r\n")
	assert.NotContains(t, h, "patient.mssante.fr", "a patient is not written to by answering to all")

	mine := answer()
	mine.To, mine.Subject = toPrescriber().To, "Autre sujet"
	m, err = c.ReplyAll(question(), mine)
	require.NoError(t, err)
	assert.Len(t, m.To, 1, "the caller's recipients are kept")
	assert.Equal(t, "Autre sujet", m.Subject)
}

func TestReplyToAPatient(t *testing.T) {
	t.Parallel()
	c := newClient(t, offline())
	own, err := mssante.PatientAddress(patient(), segur.Fake)
	require.NoError(t, err)
	in := &mssante.Incoming{MessageID: "rep-1@patient.mssante.fr", From: mssante.Address{Address: own}, Subject: "Une question"}
	m, err := c.Reply(in, answer())
	require.NoError(t, err)
	h := head(t, compose(t, c, m))
	assert.Contains(t, h, "\r\nTo: <"+own+">\r\n")
	assert.Contains(t, h, "\r\nSubject: Re: Une question\r\n")

	m.Consent.Patient = mssante.NotAsked
	_, err = c.Compose(m)
	assert.Equal(t, []string{"consent.patient"}, fields(t, err), "an answer asks for what a message asks for")
	m, err = c.Reply(in, mssante.Message{From: answer().From, Text: "Bonjour", Consent: answer().Consent})
	require.NoError(t, err)
	_, err = c.Compose(m)
	assert.Contains(t, fields(t, err), "to[0]", "without the patient of the file the address is nobody's")

	end := answer()
	end.EndConversation, end.Text = true, ""
	m, err = c.Reply(in, end)
	require.NoError(t, err)
	assert.Contains(t, head(t, compose(t, c, m)), "\r\nSubject: [FIN]\r\n")
}

func TestReplyBounds(t *testing.T) {
	t.Parallel()
	c := newClient(t, offline())
	_, err := c.Reply(nil, answer())
	assert.Equal(t, []string{"incoming"}, fields(t, err))
	_, err = c.Reply(&mssante.Incoming{Subject: "Undelivered Mail"}, answer())
	assert.Equal(t, []string{"incoming.from"}, fields(t, err))
	_, err = c.Reply(&mssante.Incoming{From: mssante.Address{Address: mssantetest.SenderMailbox}}, answer())
	assert.Equal(t, []string{"incoming.from"}, fields(t, err), "not to oneself")

	in := question()
	in.References = nil
	for i := range 80 {
		in.References = append(in.References, fmt.Sprintf("m%d@b.fr", i))
	}
	in.References = append(in.References, "m3@b.fr", "with space@b.fr", "<m@b.fr>", "no-at", "a@b\r\nBcc: x")
	m, err := c.Reply(in, answer())
	require.NoError(t, err)
	require.Len(t, m.References, 50)
	assert.Equal(t, "m0@b.fr", m.References[0], "the mail it all started with")
	assert.Equal(t, "m79@b.fr", m.References[48])
	assert.Equal(t, in.MessageID, m.References[49])
	compose(t, c, m)

	in = question()
	in.References, in.MessageID, in.Subject = nil, "no at sign", "Re: re:RE: x\r\nBcc: e@e.fr \u2028 y"+strings.Repeat("é", 400)
	m, err = c.Reply(in, answer())
	require.NoError(t, err)
	assert.Empty(t, m.InReplyTo, "what cannot be quoted is left out")
	assert.Equal(t, []string{"r0@imagerie-fictive.mssante.fr"}, m.References)
	assert.True(t, strings.HasPrefix(m.Subject, "Re: x Bcc: e@e.fr y"), "%.30q", m.Subject)
	assert.NotContains(t, head(t, compose(t, c, m)), "\r\nBcc")
}
