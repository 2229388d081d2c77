package main

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"flag"
	"image/png"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/ins/instest"
)

// number is a matricule in clear: none is ever printed.
var number = regexp.MustCompile(`\b[12]\d{4}(\d|2[AB])\d{6,}`)

func TestScenes(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "new")
	var stdout bytes.Buffer
	require.NoError(t, run(t.Context(), options{out: out}, &stdout))
	text := stdout.String()
	for _, want := range []string{
		"typed               d’Aigüefictive | Jean Loup | M | 1955-10-09 | 2a004",
		"searched            D'AIGUEFICTIVE | JEAN LOUP | M | 1955-10-09 | 2A004",
		"traits.birthName: accent, cedilla or other mark taken off the letter, character 6",
		"traits.birthName: typographic apostrophe replaced by the plain one, character 2",
		"created             PROV",
		"first given name, without the birth place -> 01 not found",
		"variant of the first given name, without the birth place -> 00 found",
		"verdict             birth name same, first given name equivalent, sex same, birth date same, birth place same",
		"reference           D'AIGUEFICTIVE | JEAN-LOUP ANGE MARIE | M | 1955-10-09 | 2A004",
		"number              1 55 10 ** *** *** (**), authority 1.2.250.1.213.1.4.10",
		"status              RECUP", "for the DMP         no: only a qualified identity",
		"control             Control(PA, french)", "status              QUAL: retrieved and checked", "for the DMP         with the matricule",
		"history             control QUAL by accueil-2",
		"symbol              40 × 40 modules", "scanned             D'AIGUEFICTIVE | JEAN-LOUP ANGE MARIE | M | 1955-10-09 | 2A004",
		"same number         true; status of what is scanned: PROV",
		"one patient         verified by comparison, 1 message", "status              QUAL, last confirmed by message uuid:",
		"batch, current      verified, replaced by another number: false", "batch, former       not verified, replaced by another number: true",
		"batch, other-date   not verified, replaced by another number: false", "batch, typed        not sent: ", "claim.traits.birthName characters 2 to 7",
		"-> 02 ambiguous", "outcome             ambiguous",
		"first given name, with the birth place -> 00 found", "status              QUAL: checked before, retrieved now",
		"other given name, without the birth place -> 00 unconfirmed", "number              (none): the patient keeps none",
		"doubt               first given name, may be lifted by a person: true", `one of ["CAMILLE" "CAMILLE LUCE"]`,
		"confirmed           by accueil-2: FICTIVE-DURAND | CAMILLE LUCE | F | 1985-03-14 | 69123",
		"refused             patient.traits.birthName: character 7: digits are not accepted",
		"refused             patient.traits.sex: must be F or M", "refused             patient.traits.birthDate: is not a date of the calendar",
		"sent                0 messages", "refused             patient.attributes: a fictitious identity is never searched",
		"-> desir_1020 (unavailable) undetermined", "Sender siram_100 desir_550, severity erreur", "try again           false",
		"what to do          The software's authorisation number is unknown",
	} {
		assert.Contains(t, text, want)
	}
	assert.Empty(t, number.FindString(text), "numbers are masked")
	traces, err := filepath.Glob(filepath.Join(out, "exchanges", "*-ins.search.request"))
	require.NoError(t, err)
	assert.Len(t, traces, 11, "every message, refused ones and repetitions included; none for bad input")
	ids := map[string]bool{}
	for _, f := range traces {
		ids[message(t, f).MessageID] = true
	}
	assert.Len(t, ids, 11, "each message has an identifier of its own")

	picture, err := os.Open(filepath.Join(out, "datamatrix.png"))
	require.NoError(t, err)
	defer picture.Close()
	drawn, err := png.DecodeConfig(picture)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, drawn.Width, 40*8, "8 pixels a module")
	svg, err := os.ReadFile(filepath.Join(out, "datamatrix.svg"))
	require.NoError(t, err)
	assert.Contains(t, string(svg), "<svg")
}

// The log of the client holds nothing of the patients, whatever the scenes print.
func TestScenesLogNothing(t *testing.T) {
	t.Parallel()
	var fakes servers
	var log bytes.Buffer
	require.NoError(t, run(t.Context(), options{adjust: fakes.keep, configure: func(c *ins.Config) {
		c.Logger = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}}, &bytes.Buffer{}))
	require.Len(t, fakes.all, 1)
	assert.Len(t, fakes.all[0].Calls(), 9, "the two scripted faults are not among the calls")
	assert.Contains(t, log.String(), "ins.search")
	for _, secret := range []string{"AIGUE", "JEAN", "MARTIN", "CAMILLE", "1955", "1970", "1985", "2A004", "13055", "155102A004444"} {
		assert.NotContains(t, log.String(), secret)
	}
}

func TestScenesFail(t *testing.T) {
	t.Parallel()
	var stdout bytes.Buffer
	err := run(t.Context(), options{servers: []instest.Option{instest.WithoutPersons()}}, &stdout)
	require.ErrorIs(t, err, segur.ErrNotFound)
	for _, secret := range []string{"AIGUE", "JEAN", "1955"} {
		assert.NotContains(t, err.Error(), secret)
	}
	assert.Contains(t, stdout.String(), "outcome             not found, stopped: exhausted")

	err = run(t.Context(), options{adjust: func(s *instest.Server) {
		s.Fail(instest.Fault{Status: http.StatusServiceUnavailable, Times: instest.Forever})
	}}, &bytes.Buffer{})
	require.ErrorIs(t, err, segur.ErrUnavailable)
}

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
	assert.Empty(t, number.FindString(text), "numbers are masked")

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
	assert.Contains(t, string(summary), "| 2.07 cas 1 | several given names: the second one finds, and a person must confirm | Tchitchi \\| Ola Catarina Bella \\| F \\| 1936-06-21 \\| 63220 | TCHITCHI OLA, TCHITCHI CATARINA | 01, 00 | unconfirmed | unconfirmed | PASS | 2.07-cas-1 |")
	assert.Empty(t, number.FindString(string(summary)))
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

// vendor are the flags of a vendor for a server that stands for the platform.
func vendor(t *testing.T, srv *instest.Server) []string {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, b []byte) string {
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file, b, 0o600))
		return file
	}
	c := srv.PKI().Organization(credentialtest.CommonName(ins.CommonNameManual))
	return []string{"-cnda", "-endpoint", srv.URL, "-p12", write("insi.p12", credentialtest.PKCS12(c, "secret")),
		"-password-file", write("password", []byte("secret\n")), "-ca", write("root.cer", srv.PKI().CAPEM()),
		"-idam", "EDITEUR00001", "-name", "RIS", "-version", "1", "-instance", "5d6a0a2e-6a54-4a2b-9d0e-6c5f1f6f4d11"}
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

func TestFlags(t *testing.T) {
	t.Parallel()
	srv := instest.NewServer()
	t.Cleanup(srv.Close)
	good := vendor(t, srv)
	change := func(name, value string) []string {
		args := append([]string(nil), good...)
		for i := range args {
			if args[i] == name {
				args[i+1] = value
			}
		}
		return args
	}
	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"arguments":              {[]string{"patient"}, "arguments there are none"},
		"responses alone":        {[]string{"-responses", "x"}, "-responses goes with -cnda"},
		"platform without cases": {good[1:], "-endpoint goes with -cnda"},
		"half a platform":        {[]string{"-cnda", "-endpoint", "qualification"}, "-p12 is required; -ca is required; -idam is required; -name is required; -version is required; -instance is required"},
		"production":             {change("-endpoint", ins.EndpointProduction), "is the production service"},
		"no authority":           {change("-ca", "nowhere.cer"), "-ca cannot be read"},
		"no password":            {change("-password-file", "nowhere.txt"), "-password-file cannot be read"},
		"no certificate":         {change("-p12", "nowhere.p12"), "credential"},
		"no UUID":                {change("-instance", "1"), "software.instance must be a UUID"},
		"full folder":            {[]string{"-out", "."}, "-out must be empty"},
		"no folder":              {[]string{"-out", "main.go"}, "-out cannot be made"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, err := parse(tc.args, &bytes.Buffer{})
			if err == nil {
				err = run(t.Context(), o, &bytes.Buffer{})
			}
			require.ErrorIs(t, err, segur.ErrInvalidInput)
			assert.Contains(t, err.Error(), tc.want)
			assert.NotContains(t, err.Error(), "secret")
		})
	}
	assert.Empty(t, srv.Calls())
	var usage bytes.Buffer
	_, err := parse([]string{"-help"}, &usage)
	assert.True(t, errors.Is(err, flag.ErrHelp))
	assert.Contains(t, usage.String(), "-password-file")
	_, err = parse([]string{"-unknown"}, &usage)
	assert.Error(t, err)
}
