package main

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/ins/instest"
)

// envelope is what the tests read of a trace.
type envelope struct {
	MessageID string `xml:"Header>MessageID"`
	BirthName string `xml:"Body>RECSANSVITALE>NomNaissance"`
	GivenName string `xml:"Body>RECSANSVITALE>Prenom"`
	Place     string `xml:"Body>RECSANSVITALE>LieuNaissance"`
	Number    string `xml:"Header>ContexteLPS>LPS>IDAM"`
	Code      string `xml:"Body>RESULTAT>CR>CodeCR"`
}

func body(t *testing.T, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	head, content, found := bytes.Cut(b, []byte("\r\n\r\n"))
	require.True(t, found, "%s has the head of the message", file)
	require.True(t, bytes.Contains(head, []byte("HTTP/1.1")), "%s", head)
	return content
}

func message(t *testing.T, file string) (e envelope) {
	t.Helper()
	require.NoError(t, xml.Unmarshal(body(t, file), &e), file)
	return e
}

// servers keeps the fakes of a run.
type servers struct {
	mu  sync.Mutex
	all []*instest.Server
}

func (s *servers) keep(srv *instest.Server) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, srv)
}

func TestCNDA(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	var stdout bytes.Buffer
	var fakes servers
	require.NoError(t, run(t.Context(), options{cnda: true, out: out, adjust: fakes.keep}, &stdout))
	text := stdout.String()
	assert.Contains(t, text, "run against the fake of the SDK: a rehearsal, which proves nothing to CNDA")
	assert.Contains(t, text, "12 cases played, 12 passed, 0 failed, 5 not played")
	assert.NotContains(t, text, "FAIL")
	assert.Contains(t, text, "call 1   D'AEION COEUR M 1987-01-25 -> insi_102 (expected insi_102)")
	assert.Contains(t, text, "call 2   DE VINCI LEONARDO M 2014-02-01 63220 -> 00 (expected 00)")
	assert.Contains(t, text, "needs a Vitale card and its reader")
	assert.Empty(t, number.FindString(uuid.ReplaceAllString(text, "")), "numbers are masked")

	f, err := os.Open(filepath.Join(out, "summary.csv"))
	require.NoError(t, err)
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	require.Equal(t, columns, rows[0])
	at := map[string]int{}
	for i, c := range columns {
		at[c] = i
	}
	messages := 0
	for _, row := range rows[1:] {
		if row[at["verdict"]] == "not played" {
			assert.NotEmpty(t, row[at["differences"]])
			continue
		}
		messages++
		assert.Equal(t, "PASS", row[at["verdict"]], row)
		request := message(t, filepath.Join(out, row[at["request"]]))
		assert.Equal(t, row[at["message id"]], request.MessageID)
		assert.True(t, strings.HasPrefix(row[at["criteria sent"]], request.BirthName+" | "+request.GivenName+" | "), row)
		assert.Equal(t, request.Place != "", strings.HasSuffix(row[at["criteria sent"]], " | 63220"))
		assert.Equal(t, instest.AuthorizationNumber, request.Number)
		response := message(t, filepath.Join(out, row[at["response"]]))
		if row[at["code"]] == "insi_102" {
			assert.Contains(t, string(body(t, filepath.Join(out, row[at["response"]]))), `code="insi_102"`)
		} else {
			assert.Equal(t, row[at["code"]], response.Code)
		}
	}
	assert.Equal(t, 17, messages)

	// The traces are the bytes that the fake received.
	var received [][]byte
	for _, s := range fakes.all {
		for _, c := range s.Calls() {
			received = append(received, c.Request)
		}
	}
	traces, err := filepath.Glob(filepath.Join(out, "*", "*.request"))
	require.NoError(t, err)
	require.Len(t, traces, len(received))
	for _, f := range traces {
		sent, found := body(t, f), false
		for _, r := range received {
			found = found || bytes.Equal(r, sent)
		}
		assert.True(t, found, f)
	}

	summary, err := os.ReadFile(filepath.Join(out, "summary.md"))
	require.NoError(t, err)
	assert.Contains(t, string(summary), "- run against the fake of the SDK")
	assert.Contains(t, string(summary), "authorization number "+instest.AuthorizationNumber)
	assert.Contains(t, string(summary), "| 2.07 cas 1 | several given names: the second one finds, and a person must confirm | Tchitchi \\| Ola Catarina Bella \\| F \\| 1936-06-21 \\| 63220 | TCHITCHI OLA, TCHITCHI CATARINA | 01, 00 | unconfirmed | unconfirmed | PASS | fake | 2.07-cas-1 |")
	assert.Empty(t, number.FindString(uuid.ReplaceAllString(string(summary), "")))
}

// A case that fails is named, the others are played all the same, and the
// program says so in its exit status.
func TestCNDAFailure(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	var stdout bytes.Buffer
	var mu sync.Mutex
	n := 0
	err := run(t.Context(), options{cnda: true, out: out, adjust: func(s *instest.Server) {
		mu.Lock()
		defer mu.Unlock()
		if n++; n == 4 { // 2.04 cas 1
			s.Fail(instest.SOAPFault("insi_102", instest.Until2025))
		}
	}}, &stdout)
	require.ErrorIs(t, err, errFailed)
	assert.Contains(t, stdout.String(), "12 cases played, 11 passed, 1 failed, 5 not played")
	assert.Contains(t, stdout.String(), "FAIL       2.04 cas 1")
	assert.Contains(t, stdout.String(), `! message 1: the answer is "insi_102", "00" is expected`)
	summary, err := os.ReadFile(filepath.Join(out, "summary.md"))
	require.NoError(t, err)
	assert.Contains(t, string(summary), `FAIL: 2 messages were sent, 1 are expected; message 1: the answer is "insi_102", "00" is expected; the outcome is not found, found is expected; no identity was returned`)

	// A fake that knows nobody: what must be found is not.
	stdout.Reset()
	err = run(t.Context(), options{cnda: true, servers: []instest.Option{instest.WithoutPersons()}}, &stdout)
	require.ErrorIs(t, err, errFailed)
	assert.Contains(t, stdout.String(), "12 cases played, 2 passed, 10 failed, 5 not played")
}

func TestCNDAOnAPlatform(t *testing.T) {
	t.Parallel()
	platform := instest.NewServer(instest.WithoutPersons(), instest.WithTestIdentities(), instest.WithUnknownPersonFault(),
		instest.WithAuthorizationNumbers("EDITEUR00001"))
	t.Cleanup(platform.Close)
	out := t.TempDir()
	o, err := parse(append(vendor(t, platform), "-out", out), &bytes.Buffer{})
	require.NoError(t, err)
	o.configure = func(c *ins.Config) { c.CertificateIssuers = []string{platform.PKI().Issuing().Subject.CommonName} }
	var stdout bytes.Buffer
	require.NoError(t, run(t.Context(), o, &stdout))
	assert.Contains(t, stdout.String(), "run against "+platform.URL)
	assert.Contains(t, stdout.String(), "12 cases played, 12 passed, 0 failed, 5 not played")
	assert.Contains(t, stdout.String(), "call 1   HOUILLES PIERRE M 1993-01-27 -> insi_102 (expected 01)", "as qualification answers to persons it does not have")
	calls := platform.Calls()
	require.Len(t, calls, 13, "the four cases with a supplied answer are not played on the platform")
	assert.Equal(t, ins.CommonNameManual, calls[0].CommonName)
	sent := message(t, filepath.Join(out, "2.03-cas-1", "001-ins.search.request"))
	assert.Equal(t, "EDITEUR00001", sent.Number)
	summary, err := os.ReadFile(filepath.Join(out, "summary.md"))
	require.NoError(t, err)
	assert.Contains(t, string(summary), "authorization number EDITEUR00001")
	assert.Contains(t, string(summary), "| PASS | platform | 2.04-cas-1 |")
	assert.Contains(t, string(summary), "| PASS | fake | 2.04-cas-2 |", "an answer that was not the platform's is said so")
}

// A platform that does not know the authorization number is asked once.
func TestCNDARefusedSoftware(t *testing.T) {
	t.Parallel()
	platform := instest.NewServer(instest.WithAuthorizationNumbers("ANOTHER00001"))
	t.Cleanup(platform.Close)
	o, err := parse(vendor(t, platform), &bytes.Buffer{})
	require.NoError(t, err)
	o.configure = func(c *ins.Config) { c.CertificateIssuers = []string{platform.PKI().Issuing().Subject.CommonName} }
	var stdout bytes.Buffer
	err = run(t.Context(), o, &stdout)
	require.ErrorIs(t, err, segur.ErrAuthorization)
	assert.ErrorContains(t, err, "the other cases are not played")
	assert.Len(t, platform.Calls(), 1)
	assert.Contains(t, stdout.String(), "FAIL       2.03 cas 1")
	assert.Contains(t, stdout.String(), "note     the number is claimed only: not compared")
	assert.NotContains(t, stdout.String(), "2.04")
}

// TestConformance plays the cases on a real endpoint: SEGUR_INSI_CNDA holds the
// flags, separated by blanks.
func TestConformance(t *testing.T) {
	t.Parallel()
	flags := os.Getenv("SEGUR_INSI_CNDA")
	if flags == "" {
		t.Skip("SEGUR_INSI_CNDA is not set: it holds the flags of a run on the qualification platform")
	}
	o, err := parse(append([]string{"-cnda"}, strings.Fields(flags)...), os.Stderr)
	require.NoError(t, err)
	var stdout bytes.Buffer
	err = run(t.Context(), o, &stdout)
	t.Log(stdout.String())
	require.NoError(t, err)
}

func TestResponseFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	o := options{cnda: true, responses: dir}
	err := run(t.Context(), o, &bytes.Buffer{})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	require.ErrorContains(t, err, "-responses")

	nobody := `<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body><RESULTAT xmlns="http://www.cnamts.fr/INSiResultat">` +
		`<CR><CodeCR>01</CodeCR><LibelleCR>Aucune identite trouvee</LibelleCR></CR></RESULTAT></e:Body></e:Envelope>`
	for _, c := range instest.CNDACases() {
		if c.ResponseFile != "" {
			require.NoError(t, os.WriteFile(filepath.Join(dir, c.ResponseFile), []byte(nobody), 0o600))
		}
	}
	var stdout bytes.Buffer
	require.ErrorIs(t, run(t.Context(), o, &stdout), errFailed)
	assert.Contains(t, stdout.String(), "12 cases played, 8 passed, 4 failed")
	assert.Contains(t, stdout.String(), "fake, file of CNDA")
}
