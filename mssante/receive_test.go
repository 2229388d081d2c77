package mssante_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/mssante"
	"github.com/segur-sdk/segur/mssante/mssantetest"
	"github.com/segur-sdk/segur/mssante/xdm"
)

const box = mssantetest.PrescriberMailbox

// plain makes a small mail.
func plain(id string) []byte {
	return []byte("From: a@b.mssante.fr\r\nTo: c@d.mssante.fr\r\nMessage-ID: <" + id + "@b.mssante.fr>\r\nSubject: essai " + id +
		"\r\nDate: Thu, 15 Jan 2026 10:46:00 +0100\r\n\r\nBonjour " + id + "\r\n")
}

func TestFilters(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	c := newClient(t, srv.ConfigFor(box))
	assert.Empty(t, receive(t, c, mssante.Filter{}), "an empty mailbox")
	for i := range 3 {
		srv.Deliver(box, plain(fmt.Sprintf("m%d", i)))
	}
	ids := func(f mssante.Filter) string {
		var out []string
		for _, m := range receive(t, c, f) {
			out = append(out, strings.TrimSuffix(m.MessageID, "@b.mssante.fr"))
		}
		return strings.Join(out, " ")
	}
	assert.Equal(t, "m0 m1 m2", ids(mssante.Filter{Unseen: true}))
	assert.Equal(t, "m0 m1 m2", ids(mssante.Filter{Unseen: true}), "reading marks nothing")
	assert.Equal(t, "m1", ids(mssante.Filter{MessageID: "m1@b.mssante.fr"}))
	assert.Empty(t, ids(mssante.Filter{MessageID: "m9@b.mssante.fr"}))
	assert.Empty(t, ids(mssante.Filter{MessageID: "1@b.mssante.fr"}), "a part of an identifier is not one")
	assert.Equal(t, "m0 m1", ids(mssante.Filter{Limit: 2}))
	assert.Equal(t, "m0 m1 m2", ids(mssante.Filter{Since: time.Now().Add(-time.Hour)}))
	assert.Empty(t, ids(mssante.Filter{Since: time.Now().Add(time.Hour)}))

	// Breaking out of the loop leaves unread what was not finished.
	n := 0
	for _, err := range c.Receive(t.Context(), mssante.Filter{Unseen: true, MarkSeen: true}) {
		require.NoError(t, err)
		if n++; n == 2 {
			break
		}
	}
	assert.Equal(t, "m1 m2", ids(mssante.Filter{Unseen: true}))
	assert.Equal(t, "m1 m2", ids(mssante.Filter{Unseen: true, MarkSeen: true}))
	assert.Empty(t, ids(mssante.Filter{Unseen: true}))
	assert.True(t, receive(t, c, mssante.Filter{})[0].Seen)

	for _, f := range []mssante.Filter{{MessageID: "a b\r\nX"}, {Folder: "x\r\ny"}, {Limit: -1}} {
		for _, err := range c.Receive(t.Context(), f) {
			require.ErrorIs(t, err, segur.ErrInvalidInput)
		}
	}
	for _, err := range c.Receive(t.Context(), mssante.Filter{Folder: "Nowhere"}) {
		require.ErrorIs(t, err, segur.ErrNotFound)
	}
}

func TestSilenceOfIMAPEndsWithTheContext(t *testing.T) {
	t.Parallel()
	for _, command := range []string{"IMAP-AUTH", "SELECT", "SEARCH", "FETCH", "STORE"} {
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t)
			srv.Deliver(box, plain("m"))
			ctx, expire := testkit.Expiring(t.Context())
			srv.Fail(mssantetest.Fault{Command: command, Hang: true, Reached: expire})
			var last error
			for _, err := range newClient(t, srv.ConfigFor(box)).Receive(ctx, mssante.Filter{MarkSeen: true}) {
				last = err
			}
			require.ErrorIs(t, last, segur.ErrTimeout)
			require.ErrorIs(t, last, context.DeadlineExceeded)
		})
	}
}

func TestSilenceOfIMAPEndsWithTheTimeout(t *testing.T) {
	t.Parallel()
	testkit.Patiently(t, 100*time.Millisecond, func(d time.Duration) bool {
		srv := newServer(t)
		var reached atomic.Bool
		srv.Fail(mssantetest.Fault{Command: "SEARCH", Hang: true, Reached: func() { reached.Store(true) }})
		cfg := srv.ConfigFor(box)
		cfg.Timeout = d
		for _, err := range newClient(t, cfg).Receive(t.Context(), mssante.Filter{}) {
			require.ErrorIs(t, err, segur.ErrTimeout)
		}
		return !reached.Load()
	})
}

func TestConnectionCutInsideAMessage(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	long := append(plain("long"), bytes.Repeat([]byte("0123456789abcdef0123456789abcdef\r\n"), 3000)...)
	srv.Deliver(box, long)
	c := newClient(t, srv.ConfigFor(box))
	for _, cut := range []int64{1, 100, 1000, 20_000, 60_000, 90_000} {
		srv.Fail(mssantetest.Fault{Command: "FETCH", CutAfter: cut})
		var got []error
		for m, err := range c.Receive(t.Context(), mssante.Filter{}) {
			assert.Nil(t, m, "cut at %d", cut)
			got = append(got, err)
		}
		require.Len(t, got, 1)
		if cut >= 20_000 { // below, the first record of TLS never came whole
			require.ErrorIs(t, got[0], segur.ErrTruncated, "cut at %d", cut)
		} else {
			require.ErrorIs(t, got[0], segur.ErrUnavailable, "cut at %d", cut)
		}
	}
	require.Len(t, receive(t, c, mssante.Filter{}), 1)
}

func TestMessageLargerThanTheLimit(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	srv.Deliver(box, append(plain("big"), bytes.Repeat([]byte("x"), 5000)...))
	srv.Deliver(box, plain("small"))
	cfg := srv.ConfigFor(box)
	cfg.MaxReceivedBytes = 4000
	var ids []string
	var errs []error
	for m, err := range newClient(t, cfg).Receive(t.Context(), mssante.Filter{}) {
		if err != nil {
			errs = append(errs, err)
			continue
		}
		ids = append(ids, m.MessageID)
	}
	require.Len(t, errs, 1)
	require.ErrorIs(t, errs[0], segur.ErrTooLarge)
	assert.Equal(t, []string{"small@b.mssante.fr"}, ids, "the loop goes on")
}

// What an attacker, or software of little care, can put in a mailbox.
func TestBadMails(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	sender := newClient(t, srv.Config())
	good := bytesOf(t, compose(t, sender, toPrescriber()))
	c := newClient(t, srv.ConfigFor(box))
	read := func(raw []byte) (*mssante.Incoming, error) {
		srv.AddMailbox(box)
		srv.Deliver(box, raw)
		for m, err := range c.Receive(t.Context(), mssante.Filter{}) {
			require.NotNil(t, m)
			assert.Equal(t, raw, m.Raw())
			return m, err
		}
		t.Fatal("no message")
		return nil, nil
	}
	replace := func(from, to string) []byte {
		require.Contains(t, string(good), from)
		return bytes.ReplaceAll(good, []byte(from), []byte(to))
	}

	m, err := read(replace("IHE_XDM.zip", "ihe_xdm.ZIP"))
	require.NoError(t, err)
	_, err = m.Archive()
	require.NoError(t, err, "the name in any case")

	m, err = read(replace("IHE_XDM.zip", "archive.zip"))
	require.NoError(t, err)
	_, err = m.Archive()
	require.NoError(t, err, "the only zip")

	m, err = read(replace("IHE_XDM.zip", "../../IHE_XDM.zip"))
	require.NoError(t, err)
	assert.Equal(t, "IHE_XDM.zip", m.Attachments[0].Name)

	m, err = read(replace("application/pdf", "application/zip"))
	require.NoError(t, err)
	_, err = m.Archive()
	require.NoError(t, err, "by name among two")

	// One letter of the base64 changed, in the middle of the document.
	i := bytes.Index(good, []byte("UEsDB"))
	require.Positive(t, i)
	flipped := bytes.Clone(good)
	middle := i + bytes.Index(good[i:], []byte("\r\n--"))/2
	for flipped[middle] == '\r' || flipped[middle] == '\n' {
		middle++
	}
	if flipped[middle]++; !strings.Contains("BCDEFGHIJKLMNOPQRSTUVWXYZbcdefghijklmnopqrstuvwxyz123456789", string(flipped[middle])) {
		flipped[middle] = 'A'
	}
	m, err = read(flipped)
	require.NoError(t, err)
	_, err = m.Archive()
	require.Error(t, err)
	assert.NotEqual(t, segur.KindUnknown, segur.KindOf(err))

	// Cut inside the archive, then inside the PDF.
	m, err = read(good[:i+4000])
	require.NoError(t, err)
	assert.NotEmpty(t, m.Warnings)
	_, err = m.Archive()
	require.ErrorIs(t, err, segur.ErrTruncated)
	m, err = read(good[:len(good)-4000])
	require.NoError(t, err)
	assert.NotEmpty(t, m.Warnings)
	require.Len(t, m.PDFs(), 1)
	r, err := m.PDFs()[0].Open()
	require.NoError(t, err)
	part, err := io.ReadAll(r)
	require.ErrorIs(t, err, segur.ErrTruncated, "half a PDF does not end like a whole one")
	assert.Len(t, part, int(m.PDFs()[0].Size()))
	assert.False(t, m.PDFs()[0].Complete())
	m, err = read(good)
	require.NoError(t, err)
	assert.True(t, m.PDFs()[0].Complete())
	assert.NotEmpty(t, bytesOf(t, m.PDFs()[0]))

	m, err = read(plain("none"))
	require.NoError(t, err)
	_, err = m.Archive()
	require.ErrorIs(t, err, segur.ErrNotFound)

	m, err = read([]byte("Subject: CR d\xe9j\xe0 vu\r\nFrom: not an address\r\nContent-Type: text/plain; charset=iso-8859-15\r\n" +
		"Content-Transfer-Encoding: quoted-printable\r\n\r\nco=FBt 5 =A4\r\n"))
	require.NoError(t, err)
	assert.Equal(t, "CR déjà vu", m.Subject)
	assert.Equal(t, "coût 5 €\r\n", m.Text)
	assert.NotEmpty(t, m.Warnings)

	m, err = read([]byte("Subject: =?iso-8859-1?Q?d=E9j=E0?= =?utf-8?b?IHZ1?=\r\nFrom: =?utf-8?q?Zo=C3=A9?= <z@b.fr>\r\n\r\n"))
	require.NoError(t, err)
	assert.Equal(t, "déjà vu", m.Subject)
	assert.Equal(t, mssante.Address{Name: "Zoé", Address: "z@b.fr"}, m.From)

	// Nested without end, and parts without end.
	var nested strings.Builder
	nested.WriteString("Content-Type: multipart/mixed; boundary=b0\r\n\r\n")
	for n := range 50 {
		fmt.Fprintf(&nested, "--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n", n, n+1)
	}
	_, err = read([]byte(nested.String()))
	require.ErrorIs(t, err, segur.ErrTooLarge)
	_, err = read([]byte("Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\n\r\nx\r\n", 1000) + "--b--\r\n"))
	require.ErrorIs(t, err, segur.ErrTooLarge)
}

// A mail that is cut never passes for whole, wherever the cut.
func TestCutAnywhere(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	good := bytesOf(t, compose(t, newClient(t, srv.Config()), toPrescriber()))
	for i := 0; i < len(good)-4; i += 977 { // the last line is --boundary--
		srv.Deliver(box, good[:i])
	}
	n, whole := 0, 0
	for m, err := range newClient(t, srv.ConfigFor(box)).Receive(t.Context(), mssante.Filter{}) {
		n++
		if err != nil {
			require.ErrorIs(t, err, segur.ErrProtocol)
			continue
		}
		archive, aerr := m.Archive()
		if aerr == nil {
			require.Len(t, archive.Sets[0].Documents, 1, "the archive is checked whole")
			whole++
		}
		if len(m.Attachments) > 0 {
			assert.NotEmpty(t, m.Warnings, "cut at %d", (n-1)*977)
		}
	}
	assert.Greater(t, n, 40)
	assert.Positive(t, whole, "a cut inside the PDF copy leaves the archive good")
}

func TestSeveralArchives(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	part := "--b\r\nContent-Type: application/zip; name=IHE_XDM.zip\r\n\r\nPK\r\n"
	srv.Deliver(box, []byte("From: a@b.fr\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"+part+part+"--b--\r\n"))
	m := receive(t, newClient(t, srv.ConfigFor(box)), mssante.Filter{})[0]
	_, err := m.Archive()
	require.ErrorIs(t, err, segur.ErrProtocol)

	srv.Deliver(box, []byte("From: a@b.fr\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"+part+"--b--\r\n"))
	_, err = receive(t, newClient(t, srv.ConfigFor(box)), mssante.Filter{})[1].Archive()
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, xdm.CodeNotZip, e.Code)
}
