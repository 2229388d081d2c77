package soap_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/soap"
	"github.com/segur-sdk/segur/internal/transport"
	"github.com/segur-sdk/segur/internal/xmlr"
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

func TestTheLargestLimitIsOne(t *testing.T) {
	t.Parallel()
	a, err := newClient(t, served{contentType: soapType, body: envelope("", "<a/>")}, segur.Limits{MaxResponseBytes: math.MaxInt64}).Do(t.Context(), ask())
	require.NoError(t, err)
	require.True(t, a.Payload.Is("", "a"))
	require.NoError(t, a.Close())
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
			parts, err := readParts(t.Context(), client)
			assert.NoError(t, err)
			assert.Len(t, parts, 2)
		})
	}
	wg.Wait()
}

// watcher keeps what an observer is told.
type watcher struct {
	mu  sync.Mutex
	out []segur.Outcome
}

func (w *watcher) OperationStart(ctx context.Context, _ string) context.Context { return ctx }
func (w *watcher) OperationEnd(_ context.Context, o segur.Outcome) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.out = append(w.out, o)
}

func TestObservation(t *testing.T) {
	t.Parallel()
	w := &watcher{}
	client := func(answer served) *soap.Client {
		cfg := segur.ClientConfig{Environment: segur.Fake, HTTPClient: &http.Client{Transport: answer}, Observer: w}
		tr, err := transport.New(cfg, transport.Options{})
		require.NoError(t, err)
		return soap.New(tr, cfg)
	}
	a, err := client(served{contentType: soapType, body: envelope("", "<a/>")}).Do(t.Context(), ask())
	require.NoError(t, err)
	require.Empty(t, w.out, "the operation ends with the answer")
	require.NoError(t, a.Close())

	a, err = client(served{contentType: soapType, body: envelope("", "<refused/>")}).Do(t.Context(), ask())
	require.NoError(t, err)
	refusal := &segur.Error{Op: "test.ask", Kind: segur.KindRefused}
	require.Equal(t, error(refusal), a.Fail(refusal))
	require.NoError(t, a.Close())

	_, err = client(served{contentType: "text/html"}).Do(t.Context(), ask())
	require.Error(t, err)

	// Cut cleanly between two parts: transport sees a whole body.
	whole := retrieveAnswer()
	cut := whole[:bytes.LastIndex(whole, []byte("--b1"))]
	a, err = client(served{contentType: multipartType, body: cut}).Do(t.Context(), ask())
	require.NoError(t, err)
	err = a.Finish()
	require.ErrorIs(t, err, segur.ErrTruncated)
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, messageID, e.RequestID)
	require.NoError(t, a.Close())

	// The service's own error of a fault is what is observed.
	call := ask()
	call.Refused = func(e *segur.Error, f *soap.Fault) *segur.Error {
		return &segur.Error{Op: e.Op, Kind: segur.KindAuthorization, Code: f.Code + "-own", RequestID: e.RequestID, Err: f}
	}
	_, err = client(served{status: 500, contentType: soapType, body: envelope("", `<S:Fault><S:Code><S:Value>S:Sender</S:Value></S:Code></S:Fault>`)}).Do(t.Context(), call)
	require.ErrorIs(t, err, segur.ErrAuthorization)
	require.ErrorAs(t, err, &e)
	require.Equal(t, "Sender-own", e.Code)
	require.Equal(t, 500, e.Status, "completed by the exchange")
	require.Same(t, e, w.out[len(w.out)-1].Err)

	var kinds []segur.Kind
	for _, o := range w.out {
		assert.Equal(t, "test.ask", o.Op)
		assert.Equal(t, messageID, o.RequestID)
		kinds = append(kinds, o.Kind)
	}
	require.Equal(t, []segur.Kind{segur.KindUnknown, segur.KindRefused, segur.KindProtocol, segur.KindTruncated, segur.KindAuthorization}, kinds)
}
