package mssante_test

import (
	"bytes"
	"crypto/tls"
	"net"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/mssante"
	"github.com/segur-sdk/segur/mssante/mssantetest"
)

// The fake operator notices a document that goes to another patient, sent by
// a client that is not ours.
func TestTheFakeRefusesAnotherPatient(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	raw := bytesOf(t, compose(t, newClient(t, srv.Config()), toPatient()))
	own, err := mssante.PatientAddress(patient(), segur.Fake)
	require.NoError(t, err)
	const body = "1850369123456"
	stranger := body + segur.MatriculeKey(body) + "@" + mssante.PatientDomain

	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", srv.SMTP)
	require.NoError(t, err)
	defer conn.Close()
	c, err := smtp.NewClientStartTLS(conn, &tls.Config{
		MinVersion: tls.VersionTLS12, RootCAs: srv.PKI().Roots(), ServerName: "127.0.0.1",
		Certificates: []tls.Certificate{credentialtest.TLSCertificate(srv.PKI().Organization())},
	})
	require.NoError(t, err)
	require.NoError(t, c.Auth(sasl.NewExternalClient(mssantetest.SenderMailbox)))
	submit := func(to string, mail []byte) error {
		require.NoError(t, c.Mail(mssantetest.SenderMailbox, nil))
		require.NoError(t, c.Rcpt(to, nil))
		w, err := c.Data()
		require.NoError(t, err)
		_, err = w.Write(mail)
		require.NoError(t, err)
		return w.Close()
	}
	require.Error(t, submit(stranger, bytes.Replace(raw, []byte(own), []byte(stranger), 1)))
	assert.Equal(t, []string{"a document goes to another patient than its own"}, srv.Refusals())
	assert.Empty(t, srv.Messages(stranger))
	require.NoError(t, submit(own, raw))
	assert.Len(t, srv.Messages(own), 1)
}
