package soap_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/soap"
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/internal/xmlr"
	"github.com/segur-sdk/segur/internal/xop"
)

func related(id string) string {
	return `<w:Action xmlns:w="` + soap.NamespaceAddressing + `">urn:r</w:Action><w:RelatesTo xmlns:w="` + soap.NamespaceAddressing + `">` + id + `</w:RelatesTo>`
}

func TestDoPlain(t *testing.T) {
	t.Parallel()
	var got []byte
	client := newClient(t, roundTrip(func(r *http.Request) (*http.Response, error) {
		assert.Equal(t, http.MethodPost, r.Method)
		assert.Equal(t, endpoint, r.URL.String())
		assert.Equal(t, `application/soap+xml; charset=utf-8; action="urn:test:ask"`, r.Header.Get("Content-Type"))
		assert.Contains(t, r.Header.Get("Accept"), "application/soap+xml")
		var err error
		got, err = io.ReadAll(r.Body)
		assert.NoError(t, err)
		assert.EqualValues(t, len(got), r.ContentLength)
		return served{contentType: soapType, body: envelope(related(messageID), `<a>1</a>`)}.RoundTrip(r)
	}), segur.Limits{})
	a, err := client.Do(t.Context(), ask())
	require.NoError(t, err)
	want, err := soap.Envelope(ask())
	require.NoError(t, err)
	require.Equal(t, string(want), string(got))

	assert.Equal(t, 200, a.Status)
	assert.False(t, a.Multipart)
	assert.Equal(t, "urn:r", a.Action)
	assert.Equal(t, messageID, a.RelatesTo)
	assert.Equal(t, "1", a.Payload.Text())
	assert.Equal(t, envelope(related(messageID), `<a>1</a>`), a.Raw)
	_, err = a.Next()
	require.Equal(t, io.EOF, err)
	require.NoError(t, a.Finish())
	require.NoError(t, a.Close())
}

func TestDoAcceptsWhatServersSend(t *testing.T) {
	t.Parallel()
	old := `<e:Envelope xmlns:e="` + soap.Namespace11 + `"><e:Body><a/></e:Body></e:Envelope>`
	tests := map[string]served{
		"text/xml and SOAP 1.1":    {contentType: "text/xml", body: []byte(old)},
		"upper case charset":       {contentType: `application/soap+xml;charset="UTF-8";action="x"`, body: envelope("", "<a/>")},
		"application/xml":          {contentType: "application/xml", body: envelope("", "<a/>")},
		"no relation":              {contentType: soapType, body: envelope("", "<a/>")},
		"status 202":               {status: 202, contentType: soapType, body: envelope("", "<a/>")},
		"not obliged":              {contentType: soapType, body: envelope(`<x:H xmlns:x="urn:x" S:mustUnderstand="0"/>`, "<a/>")},
		"obliged and understood":   {contentType: soapType, body: envelope(`<x:H xmlns:x="urn:known" S:mustUnderstand="true"/>`, "<a/>")},
		"obliged WS-Addressing":    {contentType: soapType, body: envelope(`<w:Action xmlns:w="`+soap.NamespaceAddressing+`" S:mustUnderstand="1">x</w:Action>`, "<a/>")},
		"multipart without parts":  {contentType: multipartType, body: multipart(rootPart(envelope("", "<a/>")))},
		"multipart of SOAP proper": {contentType: `multipart/related; type="text/xml"; boundary=b1`, body: multipart("Content-Type: text/xml\r\n\r\n" + string(envelope("", "<a/>")))},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			call := ask()
			call.Understood = []xmlr.Name{{Space: "urn:known", Local: "H"}}
			a, err := newClient(t, tc, segur.Limits{}).Do(t.Context(), call)
			require.NoError(t, err)
			require.True(t, a.Payload.Is("", "a"))
			require.NoError(t, a.Finish())
			require.NoError(t, a.Close())
		})
	}
}

func TestDoRefuses(t *testing.T) {
	t.Parallel()
	page := []byte("<html><body>DUPONT maintenance</body></html>")
	tests := map[string]struct {
		answer served
		limits segur.Limits
		kind   segur.Kind
		want   string
	}{
		"page of HTML":           {served{contentType: "text/html; charset=utf-8", body: page}, segur.Limits{}, segur.KindProtocol, "(status 200): the answer is not SOAP but text/html"},
		"page with status 500":   {served{status: 500, contentType: "text/html", body: page}, segur.Limits{}, segur.KindProtocol, "(status 500)"},
		"page with status 404":   {served{status: 404, contentType: "text/html", body: page}, segur.Limits{}, segur.KindProtocol, "(status 404)"},
		"status 401":             {served{status: 401, contentType: "text/html", body: page}, segur.Limits{}, segur.KindAuthentication, "text/html"},
		"status 403":             {served{status: 403, contentType: "text/plain", body: page}, segur.Limits{}, segur.KindAuthorization, "text/plain"},
		"status 429":             {served{status: 429}, segur.Limits{}, segur.KindRateLimited, "no media type"},
		"status 503":             {served{status: 503, contentType: "text/html", body: page}, segur.Limits{}, segur.KindUnavailable, "text/html"},
		"status 504":             {served{status: 504, contentType: "text/html", body: page}, segur.Limits{}, segur.KindUnavailable, "text/html"},
		"no media type":          {served{body: envelope("", "<a/>")}, segur.Limits{}, segur.KindProtocol, "no media type"},
		"bad media type":         {served{contentType: "garbage", body: envelope("", "<a/>")}, segur.Limits{}, segur.KindProtocol, "no media type"},
		"JSON":                   {served{contentType: "application/json", body: []byte("{}")}, segur.Limits{}, segur.KindProtocol, "application/json"},
		"latin-1":                {served{contentType: "text/xml; charset=iso-8859-1", body: envelope("", "<a/>")}, segur.Limits{}, segur.KindProtocol, "not SOAP"},
		"HTML said to be XML":    {served{contentType: "text/xml", body: page}, segur.Limits{}, segur.KindProtocol, "not a SOAP envelope"},
		"empty":                  {served{contentType: soapType, body: []byte(" \n")}, segur.Limits{}, segur.KindProtocol, "empty"},
		"cut connection":         {served{contentType: soapType, body: envelope("", "<a/>")[:80], cut: io.ErrUnexpectedEOF}, segur.Limits{}, segur.KindTruncated, "ended before"},
		"another message":        {served{contentType: soapType, body: envelope(related("urn:uuid:other"), "<a/>")}, segur.Limits{}, segur.KindProtocol, "another message"},
		"must understand":        {served{contentType: soapType, body: envelope(`<x:H xmlns:x="urn:x" S:mustUnderstand="true"/>`, "<a/>")}, segur.Limits{}, segur.KindProtocol, "must be understood"},
		"error without fault":    {served{status: 500, contentType: soapType, body: envelope("", "<a/>")}, segur.Limits{}, segur.KindProtocol, "no SOAP fault"},
		"too large":              {served{contentType: soapType, body: envelope("", "<a>"+strings.Repeat("x", 2000)+"</a>")}, segur.Limits{MaxResponseBytes: 1000}, segur.KindTooLarge, "maxResponseBytes"},
		"root part too large":    {served{contentType: multipartType, body: multipart(rootPart(envelope("", "<a>"+strings.Repeat("x", 2000)+"</a>")))}, segur.Limits{MaxResponseBytes: 1000}, segur.KindTooLarge, "maxResponseBytes"},
		"multipart, no boundary": {served{contentType: "multipart/related", body: []byte("--b")}, segur.Limits{}, segur.KindProtocol, "multipart"},
		"multipart, no root":     {served{contentType: multipartType, body: []byte("--b1--")}, segur.Limits{}, segur.KindProtocol, "multipart"},
		"multipart, odd root":    {served{contentType: `multipart/related; type="text/html"; boundary=b1`, body: multipart("Content-Type: text/html\r\n\r\n<a/>")}, segur.Limits{}, segur.KindProtocol, "root part"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, err := newClient(t, tc.answer, tc.limits).Do(t.Context(), ask())
			require.Nil(t, a)
			var e *segur.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, tc.kind, e.Kind, "%v", err)
			assert.Equal(t, "test.ask", e.Op)
			assert.Equal(t, messageID, e.RequestID)
			assert.Contains(t, err.Error(), tc.want)
			assert.NotContains(t, err.Error(), "DUPONT", "the answer is not quoted")

			// The same answer to a call that must not be repeated leaves the outcome open, unless the service refused it.
			call := ask()
			call.RepeatSafe = false
			_, err = newClient(t, tc.answer, tc.limits).Do(t.Context(), call)
			switch status := tc.answer.status; {
			case status >= 400 && status < 500, status == 503:
				assert.Equal(t, tc.kind, segur.KindOf(err), "%v", err)
			default:
				assert.ErrorIs(t, err, segur.ErrOutcomeUnknown)
				if status != 504 {
					assert.True(t, errors.Is(err, segur.ErrProtocol) || errors.Is(err, segur.ErrTruncated) || errors.Is(err, segur.ErrTooLarge), "%v", err)
				}
			}
		})
	}
}

func TestDoFault(t *testing.T) {
	t.Parallel()
	fault := envelope(related(messageID), `<S:Fault><S:Code><S:Value>S:Sender</S:Value><S:Subcode><S:Value>S:DMPInvalidCertificate</S:Value></S:Subcode></S:Code><S:Reason><S:Text xml:lang="fr">texte du service</S:Text></S:Reason></S:Fault>`)
	for name, answer := range map[string]served{
		"status 500": {status: 500, contentType: soapType, body: fault},
		"status 200": {contentType: soapType, body: fault},
		"multipart":  {contentType: multipartType, body: multipart(rootPart(fault))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			call := ask()
			call.RepeatSafe = false // a fault is an answer: nothing is left open
			_, err := newClient(t, answer, segur.Limits{}).Do(t.Context(), call)
			var e *segur.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, segur.KindRefused, e.Kind)
			assert.Equal(t, "DMPInvalidCertificate", e.Code)
			var f *soap.Fault
			require.ErrorAs(t, err, &f)
			assert.Equal(t, "texte du service", f.Reason(segur.FR))
			assert.NotContains(t, err.Error(), "texte du service")
		})
	}
}

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

func readParts(client *soap.Client, ctx context.Context) (map[string]string, error) {
	a, err := client.Do(ctx, ask())
	if err != nil {
		return nil, err
	}
	defer a.Close()
	out := map[string]string{}
	for {
		p, err := a.Next()
		if err == io.EOF {
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
	parts, err := readParts(client, t.Context())
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
					parts, err := readParts(newClient(t, cut, segur.Limits{}), t.Context())
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
	defer a.Close()
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

func TestDoCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	client := newClient(t, roundTrip(func(r *http.Request) (*http.Response, error) {
		cancel()
		return nil, r.Context().Err()
	}), segur.Limits{})
	_, err := client.Do(ctx, ask())
	require.ErrorIs(t, err, segur.ErrCanceled)
	require.ErrorIs(t, err, context.Canceled)
}

func TestDoConcurrently(t *testing.T) {
	t.Parallel()
	client := newClient(t, served{contentType: multipartType, body: retrieveAnswer()}, segur.Limits{})
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			parts, err := readParts(client, t.Context())
			assert.NoError(t, err)
			assert.Len(t, parts, 2)
		})
	}
	wg.Wait()
}

func TestPartsAreBounded(t *testing.T) {
	t.Parallel()
	client := newClient(t, served{contentType: multipartType, body: retrieveAnswer()}, segur.Limits{MaxParts: 2})
	_, err := readParts(client, t.Context())
	require.ErrorIs(t, err, segur.ErrTooLarge)
	client = newClient(t, served{contentType: multipartType, body: retrieveAnswer()}, segur.Limits{MaxPartBytes: 400})
	_, err = readParts(client, t.Context())
	require.NoError(t, err)
	client = newClient(t, served{contentType: multipartType, body: multipart(rootPart(envelope("", "<a/>")), "\r\n"+strings.Repeat("x", 401))}, segur.Limits{MaxPartBytes: 400})
	_, err = readParts(client, t.Context())
	require.ErrorIs(t, err, segur.ErrTooLarge)
}
