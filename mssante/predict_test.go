package mssante_test

import (
	"bytes"
	"io"
	"net/mail"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/mssante"
)

func TestPredict(t *testing.T) {
	t.Parallel()
	c := newClient(t, offline())
	plain := toPrescriber()
	plain.Documents, plain.Subject = nil, "Réunion"
	two := toPrescriber()
	two.Documents = append(two.Documents, report(two.Patient))
	for name, m := range map[string]mssante.Message{"one": toPrescriber(), "two": two, "patient": toPatient(), "plain": plain} {
		size, err := c.Predict(m)
		require.NoError(t, err)
		n := compose(t, c, m).Size()
		assert.True(t, size.Least <= n && n <= size.Most, "%s: %d, predicted %+v", name, n, size)
		assert.Equal(t, int64(25_000_000), size.Limit)
		if len(m.Documents) == 0 {
			assert.Equal(t, size.Least, size.Most, "known to the byte")
		}
	}
}

// unread is a content that must not be read.
type unread struct {
	size int64
	t    *testing.T
}

func (u unread) Size() int64 { return u.size }
func (u unread) Open() (io.ReadCloser, error) {
	u.t.Error("read although the mail is too large for sure")
	return nil, io.EOF
}

// What is too large for sure is refused before anything is read.
func TestTooLargeBeforeReading(t *testing.T) {
	t.Parallel()
	c := newClient(t, offline())
	m := toPrescriber()
	m.Documents[0].PDF = unread{18_600_000, t} // 25.5 MB in base64
	m.Documents[0].CDA = segur.NewDocument(unread{1000, t}, m.Documents[0].CDA.Header())
	_, err := c.Compose(m)
	require.ErrorIs(t, err, segur.ErrTooLarge)
	assert.Contains(t, err.Error(), "25000000")
	size, err := c.Predict(m)
	require.NoError(t, err)
	assert.Greater(t, size.Least, size.Limit)
}

// A patient never gets more than Mon espace santé takes, whatever the operator
// takes for professionals.
func TestLimitOfPatients(t *testing.T) {
	t.Parallel()
	cfg := offline()
	cfg.MaxMessageBytes, cfg.MaxPatientMessageBytes = 100_000_000, 20_000
	c := newClient(t, cfg)
	compose(t, c, toPrescriber())
	_, err := c.Compose(toPatient())
	require.ErrorIs(t, err, segur.ErrTooLarge)
	assert.Contains(t, err.Error(), "20000")
	cfg.MaxPatientMessageBytes = -1
	_, err = mssante.New(cfg)
	assert.Equal(t, []string{"maxPatientMessageBytes"}, fields(t, err))
}

// allowedHeaders is every header that a letter may have.
var allowedHeaders = map[string]bool{
	"Date": true, "From": true, "To": true, "Reply-To": true, "Message-Id": true, "In-Reply-To": true, "References": true,
	"Disposition-Notification-To": true, "X-Mss-Nil": true, "X-Mss-Ins": true, "X-Mss-Codecda": true, "X-Mss-Mes": true,
	"Subject": true, "Mime-Version": true, "Content-Type": true,
}

// Whatever a caller puts in a message, it is refused, or the mail has the
// headers of a mail and nothing else, on lines of printable ASCII.
func FuzzCompose(f *testing.F) {
	f.Add("Dr", "Claude", "RADIOLOGUE", "Cabinet\r\nBcc: x@y.fr", "Dr X", "a@b.mssante.fr", "s@b.mssante.fr", "Bonjour", "x@y.fr", "texte")
	f.Add("", "", "", "Entité – É", "\u2028", "a@b.fr>\r\nRCPT TO:<e@e.fr", "a@b.fr,c@d.fr", "=?utf-8?q?x=0D=0ABcc:_e@e.fr?=", "a@b>\r\nX: y", "\r\n.\r\nMAIL FROM:<e@e.fr>")
	f.Add("", "", "", "a\"b\\c", "(c)", `"x y"@b.fr`, "", "X-MSS-INS: O\r\n\r\nbody", "", "--=_\r\nContent-Type: text/html")
	c, err := mssante.New(offline())
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, title, given, family, entity, name, to, replyTo, subject, id, text string) {
		l, err := c.Compose(mssante.Message{
			From: mssante.Sender{Title: title, GivenName: given, FamilyName: family, Entity: entity},
			To:   []mssante.Recipient{mssante.ToProfessional(name, to)}, ReplyTo: replyTo, Subject: subject, InReplyTo: id,
			References: []string{id}, Text: text,
		})
		if err != nil {
			if segur.KindOf(err) != segur.KindInvalidInput {
				t.Fatalf("%v", err)
			}
			return
		}
		r, err := l.Open()
		if err != nil {
			t.Fatal(err)
		}
		raw, _ := io.ReadAll(r)
		headers, _, ok := bytes.Cut(raw, []byte("\r\n\r\n"))
		if !ok {
			t.Fatal("no body")
		}
		for line := range bytes.SplitSeq(raw, []byte("\r\n")) {
			if len(line) > 998 || bytes.ContainsFunc(line, func(r rune) bool { return r != '\t' && (r < ' ' || r > '~') }) {
				t.Fatalf("a line that is not printable ASCII, or too long: %q", line)
			}
		}
		m, err := mail.ReadMessage(bytes.NewReader(raw))
		if err != nil {
			t.Fatalf("%v in %q", err, headers)
		}
		for key, values := range m.Header {
			if !allowedHeaders[key] || len(values) != 1 {
				t.Fatalf("header %q, %d times, in %q", key, len(values), headers)
			}
		}
		list, err := m.Header.AddressList("To")
		if err != nil || len(list) != 1 || !strings.EqualFold(list[0].Address, to) {
			t.Fatalf("%d recipients (%v) in %q", len(list), err, headers)
		}
		if from, err := m.Header.AddressList("From"); err != nil || len(from) != 1 || from[0].Address != offline().Mailbox {
			t.Fatalf("%v in %q", err, headers)
		}
	})
}
