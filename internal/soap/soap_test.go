package soap_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/soap"
	"github.com/segur-sdk/segur/internal/transport"
)

const (
	endpoint  = "https://127.0.0.1/service"
	action    = "urn:test:ask"
	messageID = "urn:uuid:11111111-2222-4333-8444-555555555555"
)

// roundTrip stands for the network: the tests of TLS and connections are those of transport and of the fakes.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// served is a scripted answer.
type served struct {
	status      int
	contentType string
	body        []byte
	cut         error // after the body, instead of io.EOF
}

func (s served) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return nil, err
		}
	}
	var body io.Reader = bytes.NewReader(s.body)
	if s.cut != nil {
		body = io.MultiReader(body, errReader{s.cut})
	}
	status := s.status
	if status == 0 {
		status = http.StatusOK
	}
	h := http.Header{}
	if s.contentType != "" {
		h.Set("Content-Type", s.contentType)
	}
	return &http.Response{StatusCode: status, Proto: "HTTP/1.1", Header: h, Body: io.NopCloser(body), ContentLength: -1, Request: r}, nil
}

type errReader struct{ err error }

func (e errReader) Read([]byte) (int, error) { return 0, e.err }

func newClient(tb testing.TB, rt http.RoundTripper, limits segur.Limits) *soap.Client {
	tb.Helper()
	cfg := segur.ClientConfig{Environment: segur.Fake, HTTPClient: &http.Client{Transport: rt}, Limits: limits,
		Retry: segur.RetryPolicy{MaxAttempts: 1}, IDs: segur.NewIDSource(zeros{})}
	t, err := transport.New(cfg, transport.Options{})
	require.NoError(tb, err)
	return soap.New(t, cfg)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func ask() *soap.Call {
	return &soap.Call{Op: "test.ask", Endpoint: endpoint, Action: action, MessageID: messageID, RepeatSafe: true,
		Body: []byte(`<t:Ask xmlns:t="urn:test">é</t:Ask>`)}
}

// envelope is an answer of SOAP 1.2 with the given header blocks and payload.
func envelope(header, payload string) []byte {
	return []byte(`<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<S:Envelope xmlns:S="` + soap.Namespace12 + `"><S:Header>` +
		header + `</S:Header><S:Body>` + payload + `</S:Body></S:Envelope>`)
}

const soapType = "application/soap+xml; charset=utf-8"

func multipart(parts ...string) []byte {
	return []byte("--b1\r\n" + strings.Join(parts, "\r\n--b1\r\n") + "\r\n--b1--")
}

const multipartType = `multipart/related; type="application/xop+xml"; start="<root>"; start-info="application/soap+xml"; boundary="b1"`

func rootPart(envelope []byte) string {
	return "Content-Type: application/xop+xml; charset=UTF-8; type=\"application/soap+xml\"\r\nContent-ID: <root>\r\n\r\n" + string(envelope)
}
