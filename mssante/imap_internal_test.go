package mssante

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestExpand(t *testing.T) {
	t.Parallel()
	out, ok := expand(imap.UIDSet{{Start: 7, Stop: 9}, {Start: 2, Stop: 2}, {Start: 9, Stop: 9}})
	require.True(t, ok)
	assert.Equal(t, []imap.UID{2, 7, 8, 9}, out)
	out, ok = expand(nil)
	assert.True(t, ok)
	assert.Empty(t, out)
	for _, bad := range []imap.NumSet{
		imap.UIDSet{{Start: 1, Stop: 4294967295}}, imap.UIDSet{{Start: 1, Stop: 0}}, imap.UIDSet{{Start: 5, Stop: 4}},
		imap.UIDSet{{Start: 1, Stop: 600_000}, {Start: 700_000, Stop: 1_200_000}}, imap.SeqSet{{Start: 1, Stop: 2}},
	} {
		_, ok = expand(bad)
		assert.False(t, ok, "%v", bad)
	}
}

// The vector that everybody uses for the mechanism; a token on a line of its
// own; a refusal answered with an empty line.
func TestXOAUTH2(t *testing.T) {
	t.Parallel()
	const vector = "user=user\x01auth=Bearer token\x01\x01"
	name, first, err := (&xoauth2{user: "user", token: "token"}).Start()
	require.NoError(t, err)
	assert.Equal(t, "XOAUTH2", name)
	assert.Equal(t, vector, string(first))
	assert.Equal(t, "dXNlcj11c2VyAWF1dGg9QmVhcmVyIHRva2VuAQE=", encodeSASL(first))
	x := &xoauth2{user: "user", token: "token", alone: true}
	_, first, err = x.Start()
	require.NoError(t, err)
	assert.Nil(t, first)
	next, err := x.Next(nil)
	require.NoError(t, err)
	assert.Equal(t, vector, string(next))
	next, err = x.Next([]byte(`{"status":"401"}`))
	require.NoError(t, err)
	assert.NotNil(t, next)
	assert.Empty(t, next)
	assert.False(t, x.long(40))
	assert.True(t, x.long(39))
	assert.Equal(t, "=", encodeSASL(nil))
}

// The dialogue in clear stops whatever comes.
func FuzzUpgrade(f *testing.F) {
	f.Add([]byte("220 x\r\n250-x\r\n250 STARTTLS\r\n220 go\r\n"))
	f.Add([]byte("* OK x\r\nS OK go\r\n"))
	f.Add([]byte("220-\r\n220\r\n250\r\n"))
	f.Fuzz(func(t *testing.T, answers []byte) {
		for _, upgrade := range []func(*bufio.Reader, io.Writer, string) error{upgradeSMTP, upgradeIMAP} {
			var said strings.Builder
			err := upgrade(bufio.NewReader(strings.NewReader(string(answers))), &said, "h")
			switch said.String() {
			case "", "EHLO h\r\n", "S STARTTLS\r\n", "EHLO h\r\nSTARTTLS\r\n":
			default:
				t.Fatalf("said %q", said.String())
			}
			if err == nil && !strings.HasSuffix(said.String(), "STARTTLS\r\n") {
				t.Fatal("no TLS was asked for")
			}
			if err != nil && errors.Is(err, io.EOF) {
				t.Fatal("an end that is not said")
			}
		}
	})
}
