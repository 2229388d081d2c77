package drim_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb/drim"
)

var ackTime = time.Date(2026, 3, 10, 10, 15, 2, 0, time.FixedZone("", 3600))

func ack(t *testing.T, message []byte, err error) []string {
	t.Helper()
	b, ackErr := drim.Ack(message, drim.AckOptions{Err: err, Time: ackTime, ControlID: "A-1"})
	require.NoError(t, ackErr)
	require.True(t, strings.HasSuffix(string(b), "\r"))
	return strings.Split(strings.TrimSuffix(string(b), "\r"), "\r")
}

func TestAckAccepts(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{
		`MSH|^~\&|DRIMBOX|CENTRE FICTIF|RIS|CENTRE FICTIF|20260310101502+0100||ACK^R01^ACK|A-1|P|2.5|||||FRA|UNICODE UTF-8`,
		`MSA|AA|M-0001`,
	}, ack(t, edit(t, oruText), nil))
	assert.Equal(t, []string{
		`MSH|^~\&|DRIMBOX|CENTRE FICTIF|RIS|CENTRE FICTIF|20260310101502+0100||ACK^T10^ACK|A-1|P|2.6|||||FRA|UNICODE UTF-8`,
		`MSA|AA|M-0002`,
	}, ack(t, edit(t, mdmText), nil))
	lines := ack(t, []byte("MSH#$!?%#R|S$1.2$ISO#F%#A#B###MDM$T02#I^1"), nil)
	assert.Equal(t, `MSH|^~\&|A|B|R\F\S^1.2^ISO|F&|20260310101502+0100||ACK^T02^ACK|A-1|P|2.5|||||FRA|UNICODE UTF-8`, lines[0],
		"the delimiters of the message are not ours")
	assert.Equal(t, `MSA|AA|I\S\1`, lines[1])
}

func TestAckRefuses(t *testing.T) {
	t.Parallel()
	message := edit(t, oruText, "ORC|NW|", "ORC|ZZ|", "^Base64^", "^Base64^****")
	_, err := drim.ParseMessage(message)
	require.Error(t, err)
	lines := ack(t, message, err)
	assert.Equal(t, `MSA|AE|M-0001`, lines[1])
	assert.Equal(t, []string{
		`ERR||ORC^1^1|103^Table value not found^messageErrorCondition|E||||ORC-1 is neither NW, RO nor CA`,
		`ERR||OBX^1^5|102^Data type error^messageErrorCondition|E||||OBX[1]-5 component 5 is no base64: the report is not whole`,
	}, lines[2:])

	_, err = drim.ParseMessage(edit(t, oruText, "ORU^R01", "ORU^R99"))
	lines = ack(t, edit(t, oruText), err)
	assert.True(t, strings.HasPrefix(lines[2], `ERR||MSH^1^9|201^Unsupported event code^messageErrorCondition|E||||MSH-9 is no event`), lines[2])

	lines = ack(t, edit(t, oruText), &segur.Error{Kind: segur.KindRefused, Details: []segur.Detail{
		{Field: "PID-3[2]", Code: drim.AckUnknownPatient, Message: "is unknown | here", Severity: "warning"}, {Field: "study", Code: "kos-x", Message: "is empty"}}})
	assert.Equal(t, []string{
		`ERR||PID^1^3^2|207^Application error^messageErrorCondition|W|902^Identifiant patient inconnu^applicationErrorCode|||PID-3[2] is unknown \F\ here`,
		`ERR|||207^Application error^messageErrorCondition|E|906^Autre erreur^applicationErrorCode|||study is empty`,
	}, lines[2:])
	lines = ack(t, edit(t, oruText), errors.New("disk of Mme FICTIVE-DURAND full"))
	assert.Equal(t, `ERR|||207^Application error^messageErrorCondition|E|906^Autre erreur^applicationErrorCode`, lines[2], "other errors are not repeated")
	lines = ack(t, edit(t, oruText), &segur.Error{Kind: segur.KindTooLarge, Message: "larger"})
	assert.True(t, strings.HasSuffix(lines[2], "applicationErrorCode|||larger"))
	many := &segur.Error{Details: make([]segur.Detail, 1000)}
	assert.Len(t, ack(t, edit(t, oruText), many), 52)

	for _, none := range []string{"", "PID|1", "MSH|"} {
		_, err := drim.Ack([]byte(none), drim.AckOptions{Time: ackTime, ControlID: "A-1"})
		require.ErrorIs(t, err, segur.ErrInvalidInput)
	}
	_, err = drim.Ack(edit(t, oruText), drim.AckOptions{})
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	assert.Len(t, e.Details, 2)
}
