package soap_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/soap"
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/internal/xop"
)

func TestDoMTOM(t *testing.T) {
	t.Parallel()
	contents := [][]byte{bytes.Repeat([]byte{0, 1, '\r', '\n', '-', '-'}, 5000), {}}
	call := ask()
	for i, c := range contents {
		call.Attachments = append(call.Attachments, soap.Attachment{
			ContentID: fmt.Sprintf("doc%d@segur", i), ContentType: "application/pdf", Content: segur.BytesContent(c)})
	}
	calls := 0
	client := newClient(t, roundTrip(func(r *http.Request) (*http.Response, error) {
		calls++
		raw, err := io.ReadAll(r.Body)
		if !assert.NoError(t, err) {
			return nil, err
		}
		assert.EqualValues(t, len(raw), r.ContentLength, "not chunked")
		assert.Equal(t, `multipart/related; type="application/xop+xml"; start="<root.00000000-0000-4000-8000-000000000000@segur>"; `+
			`start-info="application/soap+xml"; boundary=segur-00000000-0000-4000-8000-000000000000`, r.Header.Get("Content-Type"))
		m, err := xop.NewReader(bytes.NewReader(raw), r.Header.Get("Content-Type"), xop.Options{})
		if !assert.NoError(t, err) {
			return nil, err
		}
		root, err := m.Root()
		if !assert.NoError(t, err) {
			return nil, err
		}
		assert.Equal(t, `application/xop+xml; charset=UTF-8; type="application/soap+xml"; action="urn:test:ask"`, root.Header.Get("Content-Type"))
		got, err := io.ReadAll(root)
		assert.NoError(t, err)
		want, err := soap.Envelope(call)
		assert.NoError(t, err)
		assert.Equal(t, string(want), string(got))
		for i, c := range contents {
			p, err := m.Next()
			if !assert.NoError(t, err) {
				return nil, err
			}
			assert.True(t, p.Is(soap.Href(fmt.Sprintf("doc%d@segur", i))))
			assert.Equal(t, "binary", p.Header.Get("Content-Transfer-Encoding"))
			got, err := io.ReadAll(p)
			assert.NoError(t, err)
			assert.True(t, bytes.Equal(c, got))
		}
		_, err = m.Next()
		assert.Equal(t, io.EOF, err)
		return served{contentType: soapType, body: envelope("", "<a/>")}.RoundTrip(r)
	}), segur.Limits{})
	for range 2 {
		_, err := client.Do(t.Context(), call)
		require.NoError(t, err)
	}
	require.Equal(t, 2, calls)
}

// retrieveAnswer has the shape of an ITI-43 answer: parts named by percent-encoded references.
func retrieveAnswer() []byte {
	env := envelope(related(messageID), `<r><Include href="cid:a1@urn%3Aihe%3Aiti"/></r>`)
	return multipart(rootPart(env),
		"Content-Type: text/xml\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <a1@urn:ihe:iti>\r\n\r\n<doc>\r\n--b</doc>",
		"Content-Type: application/dicom\r\nContent-Transfer-Encoding: base64\r\nContent-ID: <a2>\r\n\r\nAAEC\r\n/w==")
}

func readParts(ctx context.Context, client *soap.Client) (map[string]string, error) {
	a, err := client.Do(ctx, ask())
	if err != nil {
		return nil, err
	}
	defer func() { _ = a.Close() }()
	out := map[string]string{}
	for {
		p, err := a.Next()
		if err == io.EOF { //nolint:errorlint // bare at the end only
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		b, err := io.ReadAll(p)
		if err != nil {
			return nil, err
		}
		out[p.ContentID+" "+p.ContentType] = string(b)
	}
}

func TestDoMultipartAnswer(t *testing.T) {
	t.Parallel()
	client := newClient(t, served{contentType: multipartType, body: retrieveAnswer()}, segur.Limits{})
	parts, err := readParts(t.Context(), client)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"a1@urn:ihe:iti text/xml": "<doc>\r\n--b</doc>", "a2 application/dicom": "\x00\x01\x02\xff"}, parts)

	a, err := client.Do(t.Context(), ask())
	require.NoError(t, err)
	require.True(t, a.Multipart)
	p, err := a.Next()
	require.NoError(t, err)
	require.True(t, p.Is(a.Payload.Child("", "Include").Attr("href")))
	require.NoError(t, a.Finish())
	require.NoError(t, a.Close())
	require.NoError(t, a.Close(), "twice does no harm")
}

func TestDoCutAtEveryByte(t *testing.T) {
	t.Parallel()
	for name, whole := range map[string]served{
		"plain":     {contentType: soapType, body: envelope(related(messageID), `<a>é<b/></a>`)},
		"multipart": {contentType: multipartType, body: retrieveAnswer()},
	} {
		for way, cause := range map[string]error{"clean end": nil, "connection": io.ErrUnexpectedEOF} {
			t.Run(name+", "+way, func(t *testing.T) {
				t.Parallel()
				for n := range whole.body {
					cut := whole
					cut.body, cut.cut = whole.body[:n], cause
					parts, err := readParts(t.Context(), newClient(t, cut, segur.Limits{}))
					require.Error(t, err, "cut at %d", n)
					require.Nil(t, parts)
					require.True(t, errors.Is(err, segur.ErrTruncated) || errors.Is(err, segur.ErrProtocol), "cut at %d: %v", n, err)
					if cause != nil {
						require.ErrorIs(t, err, segur.ErrTruncated, "cut at %d", n)
					}
				}
			})
		}
	}
}

func TestDoOfficialRetrieveAnswer(t *testing.T) {
	t.Parallel()
	raw := testkit.ReadShared(t, "dmp/samples/td3.2-response.http")
	head, body, ok := bytes.Cut(raw, []byte("\r\n\r\n"))
	if !ok {
		head, body, ok = bytes.Cut(raw, []byte("\n\n"))
	}
	require.True(t, ok)
	var contentType string
	for line := range strings.Lines(string(head)) {
		if v, ok := strings.CutPrefix(line, "Content-Type: "); ok {
			contentType = strings.TrimSpace(v)
		}
	}
	call := ask()
	call.MessageID = "urn:uuid:aaaaaaaa-0000-4000-8000-00000000000a"
	a, err := newClient(t, served{contentType: contentType, body: body}, segur.Limits{}).Do(t.Context(), call)
	require.NoError(t, err)
	defer func() { _ = a.Close() }()
	assert.Equal(t, "urn:ihe:iti:2007:RetrieveDocumentSetResponse", a.Action)
	include := a.Payload.Find("*", "DocumentResponse/Document/Include")
	p, err := a.Next()
	require.NoError(t, err)
	assert.True(t, p.Is(include.Attr("href")))
	doc, err := io.ReadAll(p)
	require.NoError(t, err)
	assert.Contains(t, string(doc), "</ClinicalDocument>")
	_, err = a.Next()
	require.Equal(t, io.EOF, err)

	call.MessageID = "urn:uuid:another"
	_, err = newClient(t, served{contentType: contentType, body: body}, segur.Limits{}).Do(t.Context(), call)
	require.ErrorIs(t, err, segur.ErrProtocol)
}

func TestPartsAreBounded(t *testing.T) {
	t.Parallel()
	client := newClient(t, served{contentType: multipartType, body: retrieveAnswer()}, segur.Limits{MaxParts: 2})
	_, err := readParts(t.Context(), client)
	require.ErrorIs(t, err, segur.ErrTooLarge)
	client = newClient(t, served{contentType: multipartType, body: retrieveAnswer()}, segur.Limits{MaxPartBytes: 400})
	_, err = readParts(t.Context(), client)
	require.NoError(t, err)
	client = newClient(t, served{contentType: multipartType, body: multipart(rootPart(envelope("", "<a/>")), "\r\n"+strings.Repeat("x", 401))}, segur.Limits{MaxPartBytes: 400})
	_, err = readParts(t.Context(), client)
	require.ErrorIs(t, err, segur.ErrTooLarge)
}
