package mssante

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Mails made to be slow to read: each of these took minutes where the time
// grew with the square of the length.
func TestMailsThatAreSlowToRead(t *testing.T) {
	t.Parallel()
	const n = 512 << 10
	fill := func(s string) string { return strings.Repeat(s, n/len(s)) }
	for name, raw := range map[string]string{
		"folds without end":     "Subject: y\r\n" + fill(" a\n") + "no field\r\n",
		"folds of a part":       "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a—\r\nContent-Type: a\r\n" + fill(" a\n"),
		"folds of a report":     "Content-Type: message/delivery-status\r\nAuto-Submitted: a\r\n\r\nStatus: a\r\n" + fill(" a\n"),
		"words that never end":  "Subject: " + fill("=?a?q? ") + "?=\r\n\r\nx",
		"words in a name":       "Content-Disposition: attachment; filename=\"" + fill("=?a?q? ") + "?=\"\r\nContent-Type: a/b\r\n\r\nx",
		"tags":                  "Subject: " + fill("re:") + "\r\n\r\nx",
		"comments":              "Date: " + fill("()") + "\r\n\r\nx",
		"words of a list":       "From: " + fill("a ") + "<a@b>\r\n\r\nx",
		"parameters of nothing": "Content-Disposition: attachment; " + fill("a= ") + "\r\n\r\nx",
		"text":                  "Subject: [KO Intégration système !]\r\n\r\n" + fill("erreur détectée : 1\n"),
	} {
		in, err := parse([]byte(raw))
		require.NoError(t, err, name)
		assert.LessOrEqual(t, len(in.Subject), len(raw), name)
		if r, err := in.Report(); err == nil {
			assert.LessOrEqual(t, len(r.Recipients), 1, name)
		}
		ShownSubject(in.Subject)
		answerSubject(in.Subject)
	}
}

// What is read in another way than the norm has it keeps its content.
func TestWhatGatewaysLeave(t *testing.T) {
	t.Parallel()
	in, err := parse([]byte("Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" +
		"--b\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBE \r\n\tRi0=  \r\n--b--\r\n"))
	require.NoError(t, err)
	require.Len(t, in.Attachments, 1)
	assert.True(t, in.Attachments[0].Complete())
	assert.Equal(t, "%PDF-", string(in.Attachments[0].content))

	assert.Equal(t, "jean+40@x.mssante.fr", addressOf("rfc822; jean+40@x.mssante.fr"))
	assert.Equal(t, "jean@x.mssante.fr", addressOf("rfc822; jean+40x.mssante.fr"))

	all := groups([]byte("A: b\r\n c\r\n\r\nLong: " + strings.Repeat("x", 100<<10) + "\r\nB: d\r\n\r\nFinal-Recipient: e"))
	require.Len(t, all, 3)
	assert.Equal(t, "b c", all[0].Get("A"))
	assert.Len(t, all[1].Get("Long"), 100<<10)
	assert.Equal(t, "d", all[1].Get("B"))
	assert.Equal(t, "e", all[2].Get("Final-Recipient"))
}
