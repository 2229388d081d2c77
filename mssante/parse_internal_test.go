package mssante

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/testkit"
)

func TestNoHeader(t *testing.T) {
	t.Parallel()
	raw := []byte("no header at all\x00\xff")
	in, err := parse(raw)
	require.ErrorIs(t, err, segur.ErrProtocol)
	assert.Equal(t, raw, in.Raw())
	assert.NotContains(t, err.Error(), "at all")
}

// The official mails, and ours made after them, are read.
func TestSampleMails(t *testing.T) {
	t.Parallel()
	dir := testkit.SharedData(t, "mssante/mail")
	read := func(t *testing.T, name string) *Incoming {
		t.Helper()
		raw, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		in, err := parse(raw)
		require.NoError(t, err)
		return in
	}
	for name, noReply := range map[string]bool{"send-to-professional.eml": false, "send-to-patient-fin.eml": true} {
		in := read(t, name)
		assert.Empty(t, in.Warnings, name)
		assert.Equal(t, "XDM/1.0/DDM+CR d'imagerie medicale PAT-TROIS DOMINIQUE 28/03/1979", in.Subject)
		assert.Equal(t, []string{"18748-4"}, in.Codes)
		assert.True(t, in.QualifiedINS)
		assert.Equal(t, noReply, in.NoReply)
		assert.Len(t, in.PDFs(), 1)
		archive, err := in.Archive()
		require.NoError(t, err, name)
		require.Len(t, archive.Sets, 1)
		assert.Len(t, archive.Sets[0].Documents, 1)
	}
	in := read(t, "send-to-professional.eml")
	assert.Equal(t, Address{"Dr_Thomas_ERIC_Cabinet Imagerie Exemple", "thomas.eric@medecin.mssante.fr"}, in.From)
	assert.Equal(t, "thomas.eric@medecin.mssante.fr", in.ReadReceiptTo[0].Address)
	assert.Contains(t, in.Text, "Cher confrère,")
	assert.True(t, read(t, "close-conversation-patient.eml").NoReply)

}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"", "Subject: x\r\n\r\ny", "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: application/zip\r\n\r\nPK\r\n--b--",
		"Content-Type: multipart/mixed; boundary=\"\"\r\n\r\n----", "Subject: =?utf-8?q?=ff?=\r\n\r\n", "From: <\r\nTo: ,,,\r\n\r\n",
		"Content-Transfer-Encoding: base64\r\nContent-Type: application/pdf; name=\"../x\"\r\n\r\nJVBERi0=",
		"Content-Type: text/html; charset=utf-7\r\n\r\n\xff", "References: <a> <<b>> <\r\nIn-Reply-To: >\r\n\r\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		in, err := parse(raw)
		if in == nil {
			t.Fatal("no result")
		}
		if err != nil && segur.KindOf(err) == segur.KindUnknown {
			t.Fatalf("not classed: %v", err)
		}
		for _, a := range in.Attachments {
			if strings.ContainsAny(a.Name, "/\\\r\n\x00") {
				t.Fatalf("name %q", a.Name)
			}
		}
		_, _ = in.Archive()
		_, _ = ShownSubject(in.Subject)
		_ = in.PDFs()
	})
}

// Whatever a caller gives, a header is one line of printable ASCII.
func FuzzHeaderValues(f *testing.F) {
	f.Add("Dr", "Claude", "RADIOLOGUE", "Cabinet\r\nBcc: x")
	f.Add("=?utf-8?q?", "\u2028", "é\x00", `"\`)
	f.Fuzz(func(t *testing.T, title, given, family, entity string) {
		s := Sender{Title: title, GivenName: given, FamilyName: family, Entity: entity}
		var p segur.Problems
		s.check("", &p)
		if !p.Empty() {
			return
		}
		w := &mimeWriter{limit: 1 << 20}
		w.header("From", mailboxHeader(s.Label(), "a@b.fr"))
		if w.err != nil {
			t.Fatalf("%v: %q", w.err, s.Label())
		}
		lines := strings.Split(strings.TrimSuffix(w.buf.String(), "\r\n"), "\r\n")
		for i, l := range lines {
			if strings.ContainsAny(l, "\r\n") || i > 0 && l[0] != ' ' || len(l) > 998 {
				t.Fatalf("%q", w.buf.String())
			}
		}
		in, err := parse([]byte(w.buf.String() + "\r\n"))
		if err != nil || in.From.Address != "a@b.fr" {
			t.Fatalf("%q reads as %q (%v)", w.buf.String(), in.From.Address, err)
		}
	})
}
