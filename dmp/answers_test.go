package dmp_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/dmptest"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/internal/soap"
	"github.com/segur-sdk/segur/internal/xop"
)

const soapType = "application/soap+xml; charset=utf-8"

func envelope(body string) []byte {
	return []byte(`<soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope"><soap:Body>` + body + `</soap:Body></soap:Envelope>`)
}

func soapFault(code, subcode, reason string) []byte {
	if subcode != "" {
		subcode = `<soap:Subcode><soap:Value>soap:` + subcode + `</soap:Value></soap:Subcode>`
	}
	return envelope(`<soap:Fault><soap:Code><soap:Value>soap:` + code + `</soap:Value>` + subcode +
		`</soap:Code><soap:Reason><soap:Text xml:lang="fr">` + reason + `</soap:Text></soap:Reason></soap:Fault>`)
}

func registryAnswer(status string, errs ...string) []byte {
	list := ""
	for _, e := range errs {
		list += e
	}
	if list != "" {
		list = `<rs:RegistryErrorList>` + list + `</rs:RegistryErrorList>`
	}
	return envelope(`<rs:RegistryResponse xmlns:rs="urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0" status="` + status + `">` + list + `</rs:RegistryResponse>`)
}

func registryError(code, context, severity string) string {
	return fmt.Sprintf(`<rs:RegistryError codeContext="%s" errorCode="%s" location="" severity="urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:%s"/>`, context, code, severity)
}

const (
	statusSuccess = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success"
	statusFailure = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Failure"
	statusPartial = "urn:ihe:iti:2007:ResponseStatusType:PartialSuccess"
)

// Whatever the service answers, the three calls give a typed error: the
// submission says when its outcome is unknown, and nothing is ever repeated
// by itself but what is safe.
func TestAnswers(t *testing.T) {
	t.Parallel()
	matricule := dmptest.Patient().INS.Matricule()
	for name, c := range map[string]struct {
		fault  dmptest.Fault
		submit error
		read   error
		code   string
		help   string
	}{
		"page of a gateway":  {dmptest.Fault{ContentType: "text/html", Body: []byte("<html><body>Maintenance " + matricule)}, segur.ErrOutcomeUnknown, segur.ErrProtocol, "", ""},
		"page, 403":          {dmptest.Fault{Status: 403, ContentType: "text/html", Body: []byte("<html>Interdit")}, segur.ErrAuthorization, segur.ErrAuthorization, "", ""},
		"page, 502":          {dmptest.Fault{Status: 502, ContentType: "text/html", Body: []byte("<html>Bad gateway")}, segur.ErrOutcomeUnknown, segur.ErrUnavailable, "", ""},
		"503":                {dmptest.Fault{Status: 503}, segur.ErrUnavailable, segur.ErrUnavailable, "", ""},
		"429":                {dmptest.Fault{Status: 429, Header: http.Header{"Retry-After": {"7"}}}, segur.ErrRateLimited, segur.ErrRateLimited, "", ""},
		"redirect":           {dmptest.Fault{Status: 302, Header: http.Header{"Location": {"https://example.org/?ins=1"}}}, segur.ErrProtocol, segur.ErrProtocol, "", ""},
		"nothing":            {dmptest.Fault{ContentType: soapType, Body: []byte(" ")}, segur.ErrOutcomeUnknown, segur.ErrProtocol, "", ""},
		"not XML":            {dmptest.Fault{ContentType: soapType, Body: []byte("OK")}, segur.ErrOutcomeUnknown, segur.ErrProtocol, "", ""},
		"doctype":            {dmptest.Fault{ContentType: soapType, Body: append([]byte(`<!DOCTYPE a>`), registryAnswer(statusSuccess)...)}, segur.ErrOutcomeUnknown, segur.ErrProtocol, "", ""},
		"another answer":     {dmptest.Fault{ContentType: soapType, Body: envelope(`<x xmlns="urn:x"/>`)}, segur.ErrOutcomeUnknown, segur.ErrProtocol, "", ""},
		"no status":          {dmptest.Fault{ContentType: soapType, Body: registryAnswer("")}, segur.ErrOutcomeUnknown, segur.ErrProtocol, "", ""},
		"unknown status":     {dmptest.Fault{ContentType: soapType, Body: registryAnswer("urn:x")}, segur.ErrOutcomeUnknown, segur.ErrProtocol, "", ""},
		"answer to another":  {dmptest.Fault{ContentType: soapType, Body: bytes.Replace(registryAnswer(statusSuccess), []byte("<soap:Body>"), []byte(`<soap:Header><RelatesTo xmlns="http://www.w3.org/2005/08/addressing">urn:uuid:0</RelatesTo></soap:Header><soap:Body>`), 1)}, segur.ErrOutcomeUnknown, segur.ErrProtocol, "", ""},
		"invalid cert fault": {dmptest.Fault{Status: 500, ContentType: soapType, Body: soapFault("Sender", "DMPInvalidCertificate", "Le certificat ayant signé le VIHF est invalide")}, segur.ErrAuthentication, segur.ErrAuthentication, "DMPInvalidCertificate", "ORG SIGN"},
		"fault in a 200":     {dmptest.Fault{ContentType: soapType, Body: soapFault("Sender", "DMPAccessDeniedByRightsService", "Refus")}, segur.ErrAuthorization, segur.ErrAuthorization, "DMPAccessDeniedByRightsService", "rights matrix"},
		"no specialty":       {dmptest.Fault{Status: 500, ContentType: soapType, Body: soapFault("Sender", "", "Aucune spécialité dans le vihf. Spécialité obligatoire")}, segur.ErrAuthentication, segur.ErrAuthentication, "Sender", "user.specialty"},
		"addressing":         {dmptest.Fault{Status: 400, ContentType: soapType, Body: soapFault("Sender", "MessageAddressingHeaderRequired", "A required header representing a Message Addressing Property is not present")}, segur.ErrProtocol, segur.ErrProtocol, "MessageAddressingHeaderRequired", "WS-Addressing"},
		"server's failure":   {dmptest.Fault{Status: 500, ContentType: soapType, Body: soapFault("Receiver", "", "Erreur interne")}, segur.ErrOutcomeUnknown, segur.ErrUnavailable, "Receiver", ""},
		"busy":               {dmptest.Fault{ContentType: soapType, Body: registryAnswer(statusFailure, registryError("XDSRegistryBusy", "Réessayer", "Error"))}, segur.ErrUnavailable, segur.ErrUnavailable, "XDSRegistryBusy", "overloaded"},
		"author":             {dmptest.Fault{ContentType: soapType, Body: registryAnswer(statusFailure, registryError("XDSRegistryMetadataError", "Aucun AuthorInstitution ne correspond à l'utilisateur du VIHF", "Error"))}, segur.ErrRefused, segur.ErrRefused, "XDSRegistryMetadataError", "EX_2.1-1140"},
		"new code":           {dmptest.Fault{ContentType: soapType, Body: registryAnswer(statusFailure, registryError("DMPNouveauCode", "Inconnu", "Error"))}, segur.ErrRefused, segur.ErrRefused, "DMPNouveauCode", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := context.Background()
			srv := fake(t)
			feed, consult := newClient(t, srv), newClient(t, srv, consulting)
			c.fault.Times = dmptest.Forever
			srv.Fail(c.fault)

			_, submitted := feed.Submit(ctx, prepared(t, feed))
			require.ErrorIs(t, submitted, c.submit)
			_, sought := found(consult, dmp.Query{Patient: dmptest.Patient().INS})
			require.ErrorIs(t, sought, c.read)
			_, retrieved := consult.Retrieve(ctx, dmptest.Patient().INS, &xds.DocumentEntry{UniqueID: "1.2.250.1.999.5.1"})
			require.ErrorIs(t, retrieved, c.read)
			for _, err := range []error{submitted, sought, retrieved} {
				e := asError(t, err)
				assert.Equal(t, c.code, e.Code)
				assert.Contains(t, e.Explain(segur.EN), c.help)
				assert.NotEmpty(t, e.Explain(segur.FR))
				assert.Regexp(t, "^urn:uuid:", e.RequestID)
				noPrivateText(t, err.Error())
				if c.fault.Status != 0 {
					assert.Equal(t, c.fault.Status, e.Status)
				}
			}
			assert.Empty(t, srv.Calls(), "nothing reached the service behind the fault")
		})
	}
}

// The record's own words reach the user without the patient's identity.
func TestServiceTextsAreCleaned(t *testing.T) {
	t.Parallel()
	p := dmptest.Patient()
	said := "Le patient Fictive-Durand Camille (" + p.INS.Matricule() + ", IPP-0001, 2 85 03 69 123 456 " + p.INS.Key() + ", 170079935201794) du document 1.2.250.1.213.1.4.10 est refusé"
	for name, body := range map[string][]byte{
		"fault":    soapFault("Sender", "DMPRefus", said),
		"registry": registryAnswer(statusFailure, registryError("DMPRefus", said, "Error")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := fake(t)
			client := newClient(t, srv)
			srv.Fail(dmptest.Fault{ContentType: soapType, Body: body})
			_, err := client.Submit(context.Background(), prepared(t, client))
			require.ErrorIs(t, err, segur.ErrRefused)
			e := asError(t, err)
			require.Len(t, e.Details, 1)
			assert.Equal(t, "Le patient [removed] [removed] ([removed], [removed], [removed], [removed]) du document 1.2.250.1.213.1.4.10 est refusé", e.Details[0].Message)
			noPrivateText(t, err.Error())
		})
	}
}

func TestWarningsOfTheRegistry(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	client := newClient(t, srv)
	srv.Fail(dmptest.Fault{ContentType: soapType, Body: registryAnswer(statusSuccess, registryError("XDSExtraMetadataNotSaved", "slot ignoré", "Warning"))})
	receipt, err := client.Submit(context.Background(), prepared(t, client))
	require.NoError(t, err)
	assert.Equal(t, []segur.Detail{{Code: "XDSExtraMetadataNotSaved", Severity: "warning", Message: "slot ignoré"}}, receipt.Warnings)

	srv.Fail(dmptest.Fault{ContentType: soapType, Body: registryAnswer(statusPartial, registryError("XDSRegistryMetadataError", "x", "Error"))})
	_, err = client.Submit(context.Background(), prepared(t, client))
	require.ErrorIs(t, err, segur.ErrPartial)
}

// captured is one answer of the fake, to be sent again by a stub.
type captured struct {
	head   http.Header
	status int
	body   []byte
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

var (
	relatesTo = regexp.MustCompile(`(RelatesTo[^>]*>)urn:uuid:[0-9a-f-]{36}`)
	messageID = regexp.MustCompile(`MessageID[^>]*>(urn:uuid:[0-9a-f-]{36})<`)
)

// answerFor makes a captured answer that of the request.
func (c captured) answerFor(tb testing.TB, r *http.Request) []byte {
	b, err := io.ReadAll(r.Body)
	require.NoError(tb, err)
	id := messageID.FindSubmatch(b)
	require.NotNil(tb, id)
	return relatesTo.ReplaceAll(c.body, append([]byte("${1}"), id[1]...))
}

// capture records what the fake answers to the call.
func capture(tb testing.TB, srv *dmptest.Server, mode dmp.Mode, call func(*dmp.Client) error) captured {
	tb.Helper()
	var out captured
	cfg := srv.Config()
	cfg.Mode = mode
	recorded := &memoryEvidence{}
	cfg.Evidence = recorded
	client, err := dmp.New(cfg)
	require.NoError(tb, err)
	defer client.CloseIdleConnections()
	require.NoError(tb, call(client))
	head, body, ok := bytes.Cut(recorded.last().response.Bytes(), []byte("\r\n\r\n"))
	require.True(tb, ok)
	out.body, out.status, out.head = body, 200, http.Header{}
	for _, line := range strings.Split(string(head), "\r\n")[1:] {
		k, v, _ := strings.Cut(line, ": ")
		out.head.Add(k, v)
	}
	return out
}

// cutting is a client of a stub that gives the first n bytes of an answer, as
// a clean end or as a cut connection.
func cutting(tb testing.TB, srv *dmptest.Server, mode dmp.Mode, c captured, n *int, clean *bool) *dmp.Client {
	tb.Helper()
	cfg := srv.Config()
	cfg.Mode, cfg.Credentials, cfg.RootCAs = mode, nil, nil
	cfg.Signing, cfg.Settings.LotSignatureSHA256 = quickKey(tb, srv), true
	cfg.Retry.MaxAttempts = 1
	cfg.HTTPClient = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		body := c.answerFor(tb, r)
		head := c.head.Clone()
		head.Del("Content-Length")
		var rest io.Reader = strings.NewReader("")
		if !*clean {
			rest = failing{}
		}
		return &http.Response{StatusCode: c.status, Header: head, ContentLength: -1, Request: r, ProtoMajor: 1, ProtoMinor: 1,
			Body: io.NopCloser(io.MultiReader(bytes.NewReader(body[:min(*n, len(body))]), rest))}, nil
	})}
	client, err := dmp.New(cfg)
	require.NoError(tb, err)
	return client
}

// quickKey signs faster than RSA does: nobody verifies what the stub gets.
func quickKey(tb testing.TB, srv *dmptest.Server) segur.CredentialSource {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(tb, err)
	return segur.StaticCredential(srv.PKI().Signature(credentialtest.Key(key)))
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// An answer cut at any byte is never taken for a whole one.
func TestSubmitAnswerCutAtEveryByte(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	srv := fake(t)
	answer := capture(t, srv, dmp.Indirecte, func(c *dmp.Client) error {
		_, err := c.Submit(ctx, prepared(t, c))
		return err
	})
	n, clean := 0, false
	client := cutting(t, srv, dmp.Indirecte, answer, &n, &clean)
	sealed := prepared(t, client, dmp.SubmissionDocument{Document: tiny(t)})
	for n := range len(answer.body) {
		_, err := soap.ParseMessage("dmp.submit", answer.body[:n], 1<<20)
		require.Errorf(t, err, "cut at %d of %d", n, len(answer.body))
	}
	for _, clean = range []bool{true, false} {
		for n = range someCuts(len(answer.body)) {
			_, err := client.Submit(ctx, sealed)
			require.ErrorIs(t, err, segur.ErrOutcomeUnknown, "cut at %d of %d, clean %v", n, len(answer.body), clean)
		}
	}
	n, clean = len(answer.body), true
	_, err := client.Submit(ctx, sealed)
	require.NoError(t, err)
}

// tiny is a document small enough to cut its answer everywhere.
func tiny(tb testing.TB) segur.Document {
	return segur.NewDocument(segur.BytesContent([]byte("<ClinicalDocument xmlns=\"urn:hl7-org:v3\">\r\n"+recordTarget(dmptest.Patient().INS)+"</ClinicalDocument>\n")), newReport(tb).Header())
}

func TestReadAnswersCutAtEveryByte(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	srv := fake(t)
	feed := newClient(t, srv)
	_, err := feed.Submit(ctx, prepared(t, feed, dmp.SubmissionDocument{Document: tiny(t)}))
	require.NoError(t, err)
	patient := dmptest.Patient().INS
	var entry *xds.DocumentEntry
	list := capture(t, srv, dmp.IndirecteRenforcee, func(c *dmp.Client) error {
		entries, err := found(c, dmp.Query{Patient: patient})
		entry = entries[0]
		return err
	})
	retrieve := func(c *dmp.Client) error {
		r, err := c.Retrieve(ctx, patient, entry)
		if err != nil {
			return err
		}
		_, err = io.ReadAll(r)
		return errors.Join(err, r.Close())
	}
	content := capture(t, srv, dmp.IndirecteRenforcee, retrieve)

	// Half of a closing delimiter is content that the entry does not announce.
	whole := []error{segur.ErrTruncated, segur.ErrProtocol, segur.ErrUnavailable, segur.ErrSignature}
	oneOf := func(err error) bool {
		for _, k := range whole {
			if errors.Is(err, k) {
				return true
			}
		}
		return false
	}
	n, clean := 0, false
	for _, c := range []struct {
		name   string
		answer captured
		call   func(*dmp.Client) error
		end    int // what may be missing at the end of a whole message
	}{
		{"find", list, func(c *dmp.Client) error { _, err := found(c, dmp.Query{Patient: patient}); return err }, 0},
		{"retrieve", content, retrieve, len("\r\n")},
	} {
		for n := 0; n < len(c.answer.body)-c.end; n += stride {
			if c.name == "find" && n > 1000 && n < len(c.answer.body)-1000 {
				n += 12 // the inside of the metadata is alike
			}
			require.Errorf(t, readAnswer(c.answer, n), "%s cut at %d of %d", c.name, n, len(c.answer.body))
		}
		require.NoError(t, readAnswer(c.answer, len(c.answer.body)), c.name)
		client := cutting(t, srv, dmp.IndirecteRenforcee, c.answer, &n, &clean)
		for _, clean = range []bool{true, false} {
			for n = range someCuts(len(c.answer.body) - c.end) {
				err := c.call(client)
				require.Truef(t, oneOf(err), "%s cut at %d of %d, clean %v: %v", c.name, n, len(c.answer.body), clean, err)
				noPrivateText(t, err.Error())
			}
		}
		n, clean = len(c.answer.body), true
		require.NoError(t, c.call(client), c.name)
	}
}

// readAnswer reads the first n bytes of an answer with the readers that the
// client uses: nil when they take it for a whole one.
func readAnswer(c captured, n int) error {
	body := c.body[:n]
	if !strings.HasPrefix(c.head.Get("Content-Type"), "multipart/") {
		_, err := soap.ParseMessage("dmp.find", body, 1<<20)
		return err
	}
	r, err := xop.NewReader(bytes.NewReader(body), c.head.Get("Content-Type"), xop.Options{})
	if err != nil {
		return err
	}
	root, err := r.Root()
	if err != nil {
		return err
	}
	envelope, err := io.ReadAll(root)
	if err != nil {
		return err
	}
	if _, err = soap.ParseMessage("dmp.retrieve", envelope, 1<<20); err != nil {
		return err
	}
	for {
		part, err := r.Next()
		if err == io.EOF { //nolint:errorlint // bare at the closing delimiter only
			return nil
		}
		if err != nil {
			return err
		}
		if _, err = io.Copy(io.Discard, part); err != nil {
			return err
		}
	}
}

// someCuts are some thirty places of a message: its ends, and points between,
// for what costs a call and a signature each.
func someCuts(size int) iter.Seq[int] {
	return func(yield func(int) bool) {
		step := max(1, size/24)
		for n := 0; n < size; n += step {
			if !yield(n) {
				return
			}
		}
		for n := max(0, size-4); n < size; n++ {
			if !yield(n) {
				return
			}
		}
	}
}
