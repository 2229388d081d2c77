package soap_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/soap"
	"github.com/segur-sdk/segur/internal/testkit"
)

const declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"

func TestEnvelope(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		call soap.Call
		want string
	}{
		"action and identifier only, own headers first": {
			soap.Call{Action: "urn:a", MessageID: "uuid:1", Headers: []byte(`<x:Ctx xmlns:x="urn:x"></x:Ctx>`), Body: []byte("<b></b>")},
			`<soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope" xmlns:wsa="http://www.w3.org/2005/08/addressing">` +
				`<soap:Header><x:Ctx xmlns:x="urn:x"></x:Ctx><wsa:Action>urn:a</wsa:Action><wsa:MessageID>uuid:1</wsa:MessageID></soap:Header>` +
				`<soap:Body><b></b></soap:Body></soap:Envelope>`,
		},
		"all addressing headers and security": {
			soap.Call{Action: "urn:a&b", MessageID: "urn:uuid:1", To: "https://h/p", ReplyTo: true, MustUnderstand: true,
				Security: []byte(`<saml2:Assertion xmlns:saml2="urn:s">é &amp; "x"</saml2:Assertion>`), Body: []byte("<b></b>")},
			`<soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope" xmlns:wsa="http://www.w3.org/2005/08/addressing">` +
				`<soap:Header><wsa:Action soap:mustUnderstand="true">urn:a&amp;b</wsa:Action><wsa:MessageID>urn:uuid:1</wsa:MessageID>` +
				`<wsa:To>https://h/p</wsa:To><wsa:ReplyTo soap:mustUnderstand="true"><wsa:Address>http://www.w3.org/2005/08/addressing/anonymous</wsa:Address></wsa:ReplyTo>` +
				`<wsse:Security xmlns:wsse="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd">` +
				`<saml2:Assertion xmlns:saml2="urn:s">é &amp; "x"</saml2:Assertion></wsse:Security></soap:Header>` +
				`<soap:Body><b></b></soap:Body></soap:Envelope>`,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := soap.Envelope(&tc.call)
			require.NoError(t, err)
			require.Equal(t, declaration+tc.want, string(got))
			require.Equal(t, tc.want, string(testkit.XMLLintC14NBytes(t, got, testkit.C14NInclusive)), "already canonical")
		})
	}
}

func TestEnvelopeReadsBack(t *testing.T) {
	t.Parallel()
	c := ask()
	c.To, c.ReplyTo = endpoint, true
	raw, err := soap.Envelope(c)
	require.NoError(t, err)
	m, err := soap.ParseMessage("test", raw, 1<<20)
	require.NoError(t, err)
	assert.Equal(t, action, m.Action)
	assert.Equal(t, messageID, m.MessageID)
	assert.Equal(t, endpoint, m.To)
	assert.Empty(t, m.RelatesTo)
	assert.Equal(t, "é", m.Payload.Text())
}

func TestCallIsChecked(t *testing.T) {
	t.Parallel()
	client := newClient(t, served{}, segur.Limits{})
	_, err := client.Do(t.Context(), &soap.Call{Op: "test.ask", Endpoint: "http://h", Action: "a\"b", Attachments: []soap.Attachment{
		{ContentID: "x", ContentType: "text/plain", Content: segur.BytesContent(nil)},
		{ContentID: "x", ContentType: "text/plain", Content: segur.BytesContent(nil)},
		{ContentID: "<y>", ContentType: "text/plain", Content: segur.BytesContent(nil)}, {},
	}})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	for _, want := range []string{"endpoint must be https", "action must not hold quotes", "body is required", "same Content-ID", "angle brackets", "need a Content-ID"} {
		require.ErrorContains(t, err, want)
	}

	bad := ask()
	bad.MessageID = "a\x00b"
	_, err = client.Do(t.Context(), bad)
	require.ErrorIs(t, err, segur.ErrInvalidInput)
}
