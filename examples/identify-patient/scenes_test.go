package main

import (
	"bytes"
	"image/png"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/ins/instest"
)

// number is a matricule in clear: none is ever printed.
var number = regexp.MustCompile(`\b[12]\d{4}(\d|2[AB])\d{6,}`)

// uuid is an identifier of a message, whose last part may be all digits.
var uuid = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

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
		"HL7 v2 PID          PID|||15510**********^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.10&ISO^INS~IPP-0002^^^&1.2.250.1.999.1&ISO^PI||",
		`CDA recordTarget    <recordTarget xmlns="urn:hl7-org:v3"><patientRole><id extension="15510**********"`,
		"FHIR Patient        {", "DICOM patient       (0010,0010) [D'AIGUEFICTIVE^JEAN-LOUP]", "XDS and VIHF        15510**********^^^&1.2.250.1.213.1.4.10&ISO^NH",
		"outcome             00 found, by the assertion of a professional and the one of the card", "reference           FICTIVE-DURAND | ELIE | M | 2015-06-20 | 69123",
		"refused             assertedAt: is more than 20m0s ago", "refused             card.serial: is not that of the selected beneficiary",
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
		"refused             patient.attributes: a fictitious identity is never searched",
		"-> desir_1020 (unavailable) undetermined", "Sender siram_100 desir_550, severity erreur", "try again           false",
		"what to do          The software's authorisation number is unknown",
	} {
		assert.Contains(t, text, want)
	}
	assert.Equal(t, 4, strings.Count(text, "read back: same number true, same traits true, status QUAL, 0 warnings"))
	assert.Equal(t, 2, strings.Count(text, "sent                0 messages"))
	assert.Empty(t, number.FindString(uuid.ReplaceAllString(text, "")), "numbers are masked")
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
	for file, want := range map[string]string{"datamatrix.svg": "<svg", "patient.pid.hl7": "PID|||155102A004444", "patient.recordTarget.xml": `extension="155102A004444`,
		"patient.fhir.json": `"155102A004444`, "patient.dicom.txt": "(0010,0020) [155102A004444"} {
		b, err := os.ReadFile(filepath.Join(out, file))
		require.NoError(t, err)
		assert.Contains(t, string(b), want, file)
	}
	vitale, err := filepath.Glob(filepath.Join(out, "exchanges-vitale", "*.request"))
	require.NoError(t, err)
	require.Len(t, vitale, 1, "what is refused leaves nothing")
	assert.Contains(t, string(body(t, vitale[0])), "RECVITALE")
}

// steady leaves out of a log what differs from run to run, and may hold the digits that a test looks for.
var steady = &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
	switch a.Key {
	case slog.TimeKey, "duration", "host": // the port is any
		return slog.Attr{}
	}
	return a
}}

// The log of the client holds nothing of the patients, whatever the scenes print.
func TestScenesLogNothing(t *testing.T) {
	t.Parallel()
	var fakes servers
	var log bytes.Buffer
	require.NoError(t, run(t.Context(), options{adjust: fakes.keep, configure: func(c *ins.Config) {
		c.Logger = slog.New(slog.NewJSONHandler(&log, steady))
	}}, &bytes.Buffer{}))
	require.Len(t, fakes.all, 1)
	assert.Len(t, fakes.all[0].Calls(), 9, "the two scripted faults are not among the calls")
	assert.Contains(t, log.String(), "ins.search")
	text := uuid.ReplaceAllString(log.String(), "")
	for _, secret := range []string{"AIGUE", "JEAN", "MARTIN", "CAMILLE", "1955", "1970", "1985", "2A004", "13055", "155102A004444"} {
		assert.NotContains(t, text, secret)
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
