package mssante

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
)

// An operator without 8BITMIME gets the answer in 7 bits: the original cannot
// be recoded, so its header stands for it, and its files are there all the same.
func TestAnswerInSevenBits(t *testing.T) {
	t.Parallel()
	in, err := parse([]byte("From: a@b.mssante.fr\r\nMessage-ID: <m@b.mssante.fr>\r\nSubject: \xe9t\xe9\r\n" +
		"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nd\xc3\xa9j\xc3\xa0\r\n" +
		"--b\r\nContent-Type: application/zip; name=IHE_XDM.zip\r\n\r\nPK\r\n--b--\r\n"))
	require.NoError(t, err)
	c := &Client{cfg: Config{Mailbox: "x@y.mssante.fr", SMTP: "localhost:587", ProductNumber: "N1", MaxMessageBytes: 1 << 20}}
	c.cfg.ClientConfig = c.cfg.WithDefaults()
	c.cfg.Sender.Application = "SEGUR-ESSAI"
	var sent []*Letter
	ack, err := c.answer(t.Context(), in, Outcome{Error: OtherError}, func(_ context.Context, l *Letter) (*Receipt, error) {
		if sent = append(sent, l); l.eightBit {
			return &Receipt{}, &segur.Error{Kind: segur.KindRefused, Err: errEightBit}
		}
		return &Receipt{Accepted: true}, nil
	})
	require.NoError(t, err)
	require.Len(t, sent, 2)
	assert.Contains(t, string(sent[0].raw), "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n")
	assert.True(t, ack.Receipt.Accepted)
	assert.Same(t, sent[1], ack.Letter)
	raw := string(sent[1].raw)
	assert.False(t, bytes.ContainsFunc(sent[1].raw, func(r rune) bool { return r > 0x7e }))
	assert.Contains(t, raw, "Content-Type: text/rfc822-headers\r\n\r\nMessage-ID: <m@b.mssante.fr>\r\n")
	assert.Contains(t, raw, `filename="IHE_XDM.zip"`)
	answer, err := parse(sent[1].raw)
	require.NoError(t, err)
	assert.Equal(t, ErrorMail, answer.Kind())
	assert.Contains(t, strings.Join(strings.Fields(answer.Text), " "), "n'a pas pu être joint")
}
