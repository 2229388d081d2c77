package mssante_test

import (
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/mssante"
	"github.com/segur-sdk/segur/mssante/mssantetest"
)

func TestReportToAProfessional(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	client := newClient(t, srv.Config())
	message := toPrescriber()
	letter := compose(t, client, message)
	receipt, err := client.Send(t.Context(), letter)
	require.NoError(t, err, "%v", srv.Refusals())
	assert.True(t, receipt.Accepted)
	assert.Equal(t, letter.MessageID(), receipt.MessageID)
	assert.Equal(t, []mssante.RecipientStatus{{Ref: mssante.RecipientRef(letter.MessageID(), mssantetest.PrescriberMailbox), Accepted: true, Status: 250}}, receipt.Recipients)

	reader := newClient(t, srv.ConfigFor(mssantetest.PrescriberMailbox))
	got := receive(t, reader, mssante.Filter{MessageID: letter.MessageID()})
	require.Len(t, got, 1)
	in := got[0]
	assert.Equal(t, letter.MessageID(), in.MessageID)
	assert.Equal(t, "XDM/1.0/DDM+CR d'imagerie medicale FICTIVE-DURAND CAMILLE 14/03/1985", in.Subject)
	assert.Equal(t, mssante.Address{Name: "Dr_Claude_RADIOLOGUE_Centre d'imagerie fictif", Address: mssantetest.SenderMailbox}, in.From)
	assert.Equal(t, []mssante.Address{{Name: "Dr Dominique PRESCRIPTEUR", Address: mssantetest.PrescriberMailbox}}, in.To)
	assert.Equal(t, []string{"18748-4"}, in.Codes)
	assert.True(t, in.QualifiedINS)
	assert.False(t, in.NoReply)
	assert.False(t, in.Seen)
	assert.Equal(t, mssantetest.ProductNumber, in.ProductNumber)
	assert.Equal(t, "Cher confrère,\r\nveuillez trouver ci-joint le compte rendu.\r\n.\r\nDr Claude RADIOLOGUE\r\n", in.Text)
	assert.Empty(t, in.Warnings)

	archive, err := in.Archive()
	require.NoError(t, err)
	require.Len(t, archive.Sets, 1)
	require.Len(t, archive.Sets[0].Documents, 1)
	d := archive.Sets[0].Documents[0]
	sent := message.Documents[0]
	r, err := archive.Sets[0].Documents[0].Open()
	require.NoError(t, err)
	b, err := io.ReadAll(r)
	require.NoError(t, err)
	assert.Equal(t, bytesOf(t, sent.CDA), b)
	assert.Equal(t, sent.CDA.Size(), d.Entry.Size)
	assert.Equal(t, string(sent.CDA.Header().ID.Root), d.Entry.UniqueID)

	require.Len(t, in.PDFs(), 1)
	assert.Equal(t, "20260115_CR_d_imagerie_medicale_FICTIVE-DURAND_CAMILLE.pdf", in.PDFs()[0].Name)
	assert.Equal(t, bytesOf(t, sent.PDF), bytesOf(t, in.PDFs()[0]))
}

func TestReportToThePatient(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	client := newClient(t, srv.Config())
	letter := compose(t, client, toPatient())
	_, err := client.Send(t.Context(), letter)
	require.NoError(t, err, "%v", srv.Refusals())
	address, err := mssante.PatientAddress(patient(), segur.Fake)
	require.NoError(t, err)
	got := receive(t, newClient(t, srv.ConfigFor(address)), mssante.Filter{})
	require.Len(t, got, 1)
	assert.True(t, got[0].NoReply)
	assert.Equal(t, address, got[0].To[0].Address)
	_, err = got[0].Archive()
	require.NoError(t, err)
}
