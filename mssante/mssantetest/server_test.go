package mssantetest_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/mssante"
	"github.com/segur-sdk/segur/mssante/mssantetest"
)

func newServer(t *testing.T, opts ...mssantetest.Option) *mssantetest.Server {
	t.Helper()
	s := mssantetest.NewServer(opts...)
	t.Cleanup(s.Close)
	return s
}

func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// open is an authenticated submission with a client that is not ours.
func open(t *testing.T, s *mssantetest.Server) *smtp.Client {
	t.Helper()
	c, err := smtp.NewClientStartTLS(dial(t, s.SMTP), &tls.Config{
		MinVersion: tls.VersionTLS12, RootCAs: s.PKI().Roots(), ServerName: "127.0.0.1",
		Certificates: []tls.Certificate{credentialtest.TLSCertificate(s.PKI().Organization())},
	})
	require.NoError(t, err)
	require.NoError(t, c.Auth(sasl.NewExternalClient(mssantetest.SenderMailbox)))
	return c
}

func submit(t *testing.T, s *mssantetest.Server, raw []byte) error {
	t.Helper()
	c := open(t, s)
	require.NoError(t, c.Mail(mssantetest.SenderMailbox, nil))
	require.NoError(t, c.Rcpt(mssantetest.PrescriberMailbox, nil))
	w, err := c.Data()
	require.NoError(t, err)
	_, err = w.Write(raw)
	require.NoError(t, err)
	return w.Close()
}

func good(t *testing.T, s *mssantetest.Server) []byte {
	t.Helper()
	c, err := mssante.New(s.Config())
	require.NoError(t, err)
	l, err := c.Compose(mssante.Message{
		From: mssante.Sender{Entity: "Centre d'imagerie fictif"}, Subject: "Essai", Text: "Bonjour",
		To: []mssante.Recipient{mssante.ToProfessional("", mssantetest.PrescriberMailbox)},
	})
	require.NoError(t, err)
	r, err := l.Open()
	require.NoError(t, err)
	b, err := io.ReadAll(r)
	require.NoError(t, err)
	return b
}

// Each rule refuses the mail that breaks it, and only that one.
func TestRules(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	mail := string(good(t, s))
	_, body, _ := strings.Cut(mail, "\r\n\r\n")
	boundary := body[:strings.Index(body, "\r\n")]
	part := func(headers, content string) string {
		return boundary + "\r\n" + headers + "\r\n\r\n" + content + "\r\n"
	}
	with := func(extra string) string { return strings.Replace(mail, boundary+"--", extra+boundary+"--", 1) }
	zip := part("Content-Type: application/zip; name=\"IHE_XDM.zip\"\r\nContent-Disposition: attachment; filename=\"IHE_XDM.zip\"", "PK")
	drop := func(name string) string {
		i := strings.Index(mail, "\r\n"+name+":")
		require.Positive(t, i, name)
		return mail[:i] + mail[i+2+strings.Index(mail[i+2:], "\r\n"):]
	}
	for rule, raw := range map[string]string{
		"X-MSS-NIL":                   drop("X-MSS-NIL"),
		"Message-ID is missing":       drop("Message-ID"),
		"From cannot":                 drop("From"),
		"From is not the mailbox":     strings.Replace(mail, "<"+mssantetest.SenderMailbox+">", "<eve@evil.example>", 1),
		"From has no label":           strings.Replace(mail, "Centre d'imagerie fictif <", "<", 1),
		"a recipient of the envelope": strings.Replace(mail, mssantetest.PrescriberMailbox, "other@x.mssante.fr", 1),
		"Date cannot":                 "Date: hier\r\n" + mail[strings.Index(mail, "\r\n")+2:],
		"X-MSS-MES has another":       "X-MSS-MES: fin\r\n" + mail,
		"X-MSS-MES without":           "X-MSS-MES: FIN\r\n" + mail,
		"MIME-Version":                drop("MIME-Version"),
		"is there twice":              "Subject: x\r\n" + mail,
		"printable ASCII":             "X-Note: d\xe9j\xe0\r\n" + mail,
		"not multipart/mixed":         strings.Replace(mail, "multipart/mixed", "multipart/related", 1),
		"not in UTF-8":                strings.Replace(mail, "charset=utf-8", "charset=iso-8859-1", 1),
		"exactly one text":            with(part("Content-Type: text/plain; charset=utf-8", "x")),
		"neither the archive":         with(part("Content-Type: image/jpeg", "x")),
		"several archives":            with(zip + zip),
		"the subject is not":          with(zip),
		"the archive does not open":   strings.Replace(with(zip), "Subject: Essai", "Subject: XDM/1.0/DDM+CR VIAL Paul", 1),
		"announces an archive":        strings.Replace(mail, "Subject: Essai", "Subject: XDM/1.0/DDM+CR VIAL Paul", 1),
		"no body":                     "From: x\r\n",
	} {
		err := submit(t, s, []byte(raw))
		var refusal *smtp.SMTPError
		require.ErrorAs(t, err, &refusal, rule)
		assert.Equal(t, 554, refusal.Code, rule)
		assert.Contains(t, refusal.Message, rule)
	}
	assert.Len(t, s.Refusals(), 21)
	assert.Empty(t, s.Messages(mssantetest.PrescriberMailbox))
	require.NoError(t, submit(t, s, good(t, s)))
	require.Len(t, s.Messages(mssantetest.PrescriberMailbox), 1)
}

func TestProductNumbers(t *testing.T) {
	t.Parallel()
	s := newServer(t, mssantetest.WithProductNumbers("0000000002"))
	require.Error(t, submit(t, s, good(t, s)))
	require.NoError(t, submit(t, s, bytes.Replace(good(t, s), []byte("0000000001"), []byte("0000000002"), 1)))
}

func TestRecipientsAndSenders(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.AddMailbox("pleine@x.mssante.fr", mssantetest.Full())
	c := open(t, s)
	status := func(err error) int {
		var refusal *smtp.SMTPError
		if errors.As(err, &refusal) {
			return refusal.Code
		}
		return 0
	}
	assert.Equal(t, 550, status(c.Mail("eve@evil.example", nil)))
	require.NoError(t, c.Mail(mssantetest.SenderMailbox, nil))
	assert.Equal(t, 550, status(c.Rcpt("nobody@x.mssante.fr", nil)))
	assert.Equal(t, 452, status(c.Rcpt("pleine@x.mssante.fr", nil)))
	assert.Equal(t, 550, status(c.Rcpt("123456789012345@patient.mssante.fr", nil)), "its key is wrong")
	assert.Equal(t, 550, status(c.Rcpt("someone@patient.mssante.fr", nil)))
}

// In clear there is nothing but STARTTLS, on both services.
func TestNothingInClear(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c := smtp.NewClient(dial(t, s.SMTP))
	require.NoError(t, c.Hello("x"))
	assert.False(t, c.SupportsAuth("EXTERNAL"))
	err := c.Mail(mssantetest.SenderMailbox, nil)
	var refusal *smtp.SMTPError
	require.ErrorAs(t, err, &refusal)
	assert.Equal(t, 530, refusal.Code)

	conn := dial(t, s.IMAP)
	_, err = io.WriteString(conn, "a LOGIN x y\r\nb AUTHENTICATE PLAIN AHgAeQ==\r\nc SELECT INBOX\r\nd LOGOUT\r\n")
	require.NoError(t, err)
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(time.Minute)))
	b, err := io.ReadAll(conn)
	require.NoError(t, err)
	for _, tag := range []string{"a", "b", "c"} {
		assert.NotContains(t, string(b), "\n"+tag+" OK")
		assert.Contains(t, string(b), "\n"+tag+" ")
	}
}

func TestACertificateIsRequired(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	_, err := smtp.NewClientStartTLS(dial(t, s.SMTP), &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: s.PKI().Roots(), ServerName: "127.0.0.1"})
	if err == nil { // TLS 1.3 tells at the first read
		c, cerr := smtp.NewClientStartTLS(dial(t, s.SMTP), &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: s.PKI().Roots(), ServerName: "127.0.0.1"})
		require.NoError(t, cerr)
		err = c.Noop()
	}
	require.Error(t, err)
}

func TestCloseReleasesWhoHangs(t *testing.T) {
	t.Parallel()
	s := mssantetest.NewServer()
	reached := make(chan struct{})
	s.Fail(mssantetest.Fault{Command: "MAIL", Hang: true, Reached: func() { close(reached) }})
	c := open(t, s)
	done := make(chan error, 1)
	go func() { done <- c.Mail(mssantetest.SenderMailbox, nil) }()
	<-reached
	s.Close()
	s.Close()
	select {
	case err := <-done:
		require.Error(t, err)
	case <-time.After(time.Minute):
		t.Fatal("still hanging")
	}
}

func TestMailboxesOfOthers(t *testing.T) {
	t.Parallel()
	s := newServer(t, mssantetest.WithoutPatients())
	c := open(t, s)
	require.NoError(t, c.Mail(mssantetest.SenderMailbox, nil))
	require.Error(t, c.Rcpt("285036912345656@patient.mssante.fr", nil), "no patient has a mailbox here")

	const other = "autre@hopital-fictif.mssante.fr"
	s.AddMailbox(other, mssantetest.OwnedBy("1990000027"))
	for unit, opens := range map[string]bool{credentialtest.DefaultStructureID: false, "1990000027": true} {
		cfg := s.ConfigFor(other)
		cfg.Credentials = segur.StaticCredential(s.PKI().Organization(credentialtest.StructureID(unit)))
		client, err := mssante.New(cfg)
		require.NoError(t, err)
		err = nil
		for _, err = range client.Receive(t.Context(), mssante.Filter{}) {
			break
		}
		if opens {
			require.NoError(t, err)
			continue
		}
		require.ErrorIs(t, err, segur.ErrAuthentication)
	}
}
