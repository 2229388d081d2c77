package mssantetest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/mssante"
	"github.com/segur-sdk/segur/mssante/annuaire"
	"github.com/segur-sdk/segur/mssante/mssantetest"
	"github.com/segur-sdk/segur/mssante/whitelist"
	"github.com/segur-sdk/segur/mssante/whitelist/whitelisttest"
)

// From a number of the directory to a mail that arrives, the domain being on
// the signed list; a domain that leaves the list is refused by the operator.
func TestWorld(t *testing.T) {
	t.Parallel()
	w := mssantetest.NewWorld()
	t.Cleanup(w.Close)
	directory, err := annuaire.New(w.Directory.Config())
	require.NoError(t, err)
	found, err := directory.Practitioner(t.Context(), mssantetest.PrescriberNumber)
	require.NoError(t, err)
	require.Len(t, found.Mailboxes, 1)
	address := found.Mailboxes[0].Address
	assert.Equal(t, mssantetest.PrescriberMailbox, address)

	list, err := whitelist.New(w.WhiteList.Config())
	require.NoError(t, err)
	_, err = list.Refresh(t.Context())
	require.NoError(t, err)
	cfg := w.Operator.Config()
	cfg.AllowDomain = list.Guard().AllowDomain
	c := client(t, cfg)
	_, err = c.Send(t.Context(), note(t, c, address))
	require.NoError(t, err)
	require.Len(t, w.Operator.Messages(address), 1)

	w.WhiteList.Publish(whitelisttest.Document(time.Now().UTC().Add(-time.Second), whitelisttest.Domain{Name: "imagerie-fictive.mssante.fr"}))
	require.NoError(t, w.Refresh(t.Context()))
	blind := client(t, w.Operator.Config())
	l := note(t, blind, address)
	d := mssante.NewDelivery(l)
	receipt, err := blind.Send(t.Context(), l)
	require.Error(t, err)
	require.NoError(t, d.Sent(receipt))
	assert.Equal(t, "5.7.1", d.Recipients[0].Code)
}

// The options reach the operator, and the infrastructure of the caller all.
func TestWorldOptions(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	w := mssantetest.NewWorld(mssantetest.WithPKI(pki), mssantetest.WithGreylisting(1))
	t.Cleanup(w.Close)
	assert.Same(t, pki, w.Operator.PKI())
	assert.Same(t, pki, w.WhiteList.PKI())
	c := open(t, w.Operator)
	require.NoError(t, c.Mail(box, nil))
	assert.Equal(t, 450, status(c.Rcpt(mssantetest.PrescriberMailbox, nil)))
}
