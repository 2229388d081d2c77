package mssante_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/mssante"
	"github.com/segur-sdk/segur/mssante/mssantetest"
)

func TestKinds(t *testing.T) {
	t.Parallel()
	p := patient()
	own, err := mssante.PatientAddress(p, segur.Fake)
	require.NoError(t, err)
	assert.Equal(t, mssante.CitizenMailbox, mssante.KindOf(strings.ToUpper(own)))
	assert.Empty(t, mssante.KindOf(mssantetest.PrescriberMailbox))
	assert.Empty(t, mssante.KindOf("x@patient.mssante.fr.example"))
	assert.Equal(t, mssante.CitizenMailbox, mssante.ToPatient().Kind())
	assert.Equal(t, mssante.CitizenMailbox, mssante.ToProfessional("", own).Kind())
	assert.Equal(t, mssante.ApplicationMailbox, mssante.ToMailbox(mssante.ApplicationMailbox, "", "a@b.mssante.fr").Kind())

	a := mssante.Address{Address: own}
	assert.Equal(t, mssante.CitizenMailbox, a.Kind())
	assert.True(t, a.BelongsTo(p))
	p.Status = segur.Retrieved
	assert.False(t, a.BelongsTo(p), "an identity that is not qualified has no address")
	assert.False(t, mssante.Address{Address: "x" + own}.BelongsTo(patient()))
	assert.False(t, mssante.Address{Address: patient().INS.Matricule() + "@cabinet.mssante.fr"}.BelongsTo(patient()))
}

func TestLabelFitsTheMailbox(t *testing.T) {
	t.Parallel()
	person := mssante.Sender{GivenName: "Claude", FamilyName: "Radiologue", Entity: "Imagerie"}
	entity := mssante.Sender{Entity: "Imagerie"}
	for _, c := range []struct {
		kind   mssante.MailboxKind
		from   mssante.Sender
		fields []string
	}{
		{mssante.PersonalMailbox, person, nil},
		{mssante.PersonalMailbox, entity, []string{"from.familyName"}},
		{mssante.OrganizationMailbox, entity, nil},
		{mssante.OrganizationMailbox, person, []string{"from.familyName"}},
		{mssante.ApplicationMailbox, person, []string{"from.familyName"}},
		{mssante.PracticeMailbox, person, nil},
		{mssante.PracticeMailbox, entity, nil},
		{"", mssante.Sender{FamilyName: "Radiologue"}, []string{"from.givenName"}},
		{"XYZ", person, nil},
	} {
		cfg := offline()
		cfg.Kind = c.kind
		m := toPrescriber()
		m.From = c.from
		_, err := newClient(t, cfg).Predict(m)
		if c.fields == nil {
			assert.NoError(t, err, c.kind)
			continue
		}
		assert.Equal(t, c.fields, fields(t, err), c.kind)
	}
	cfg := offline()
	cfg.Kind = mssante.CitizenMailbox
	_, err := mssante.New(cfg)
	assert.Equal(t, []string{"kind"}, fields(t, err))
}

func TestKindOfRecipients(t *testing.T) {
	t.Parallel()
	own, err := mssante.PatientAddress(patient(), segur.Fake)
	require.NoError(t, err)
	c := newClient(t, offline())
	m := toPrescriber()
	m.To = []mssante.Recipient{mssante.ToMailbox(mssante.CitizenMailbox, "", mssantetest.PrescriberMailbox)}
	_, err = c.Predict(m)
	assert.Equal(t, []string{"to[0]"}, fields(t, err))
	m.To = []mssante.Recipient{mssante.ToMailbox(mssante.PersonalMailbox, "", own)}
	_, err = c.Predict(m)
	assert.Equal(t, []string{"to[0]"}, fields(t, err))
	for _, kind := range []mssante.MailboxKind{mssante.PersonalMailbox, mssante.PracticeMailbox, mssante.OrganizationMailbox, mssante.ApplicationMailbox, "XYZ", ""} {
		m.To = []mssante.Recipient{mssante.ToMailbox(kind, "", mssantetest.PrescriberMailbox)}
		_, err = c.Predict(m)
		assert.NoError(t, err, kind)
	}
	m = toPatient()
	m.To = []mssante.Recipient{mssante.ToMailbox(mssante.CitizenMailbox, "", own)}
	_, err = c.Predict(m)
	assert.NoError(t, err)
}

// Answers to a mailbox that nobody reads are worth a word.
func TestMailboxOfSoftware(t *testing.T) {
	t.Parallel()
	cfg := offline()
	cfg.Kind = mssante.ApplicationMailbox
	c := newClient(t, cfg)
	m := toPrescriber()
	m.From = mssante.Sender{Entity: "Imagerie"}
	assert.Contains(t, warnings(compose(t, c, m)), "replyTo")
	m.ReplyTo = "secretariat@imagerie-fictive.mssante.fr"
	l := compose(t, c, m)
	assert.NotContains(t, warnings(l), "replyTo")
	assert.Contains(t, head(t, l), "\r\nReply-To: <secretariat@imagerie-fictive.mssante.fr>\r\n")
	m = toPatient() // no answer wanted
	m.From = mssante.Sender{Entity: "Imagerie"}
	assert.NotContains(t, warnings(compose(t, c, m)), "replyTo")
}
