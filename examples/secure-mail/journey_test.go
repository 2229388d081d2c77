package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/mssante"
	"github.com/segur-sdk/segur/mssante/annuaire/annuairetest"
	"github.com/segur-sdk/segur/mssante/mssantetest"
	"github.com/segur-sdk/segur/psc/psctest"
)

// secrets never reach a log, an error or the standard output.
var secrets = []string{
	"2850369123456", "1781169123457", "FICTIVE-DURAND", "CAMILLE", "ESSAI-PETIT", "1985-03-14", "19850314", "14/03/1985",
	"Toux", "BEGIN ", "eyJ", psctest.ClientSecret, annuairetest.Key,
}

func assertNoSecret(t *testing.T, where, text string) {
	t.Helper()
	for _, s := range secrets {
		assert.NotContains(t, text, s, where)
	}
}

// logs captures what every client logs, at every level.
type logs struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *logs) attach(w *world) {
	logger := slog.New(slog.NewJSONHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
	for _, c := range w.configs() {
		c.Logger = logger
	}
}

// hurry makes the pauses between the questions of CIBA pass at once.
func hurry(w *world) {
	var passed atomic.Int64
	w.providerConfig.Clock = func() time.Time { return time.Now().Add(time.Duration(passed.Load())) }
	w.providerConfig.Pause = func(_ context.Context, d time.Duration) error {
		passed.Add(int64(d))
		return nil
	}
}

func TestSecureMail(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "out")
	var stdout bytes.Buffer
	var captured logs
	var w *world
	require.NoError(t, run(t.Context(), options{out: out, adjust: func(x *world) { w = x; hurry(x); captured.attach(x) }}, &stdout))

	for _, fact := range []string{
		"ID token verified", "confirm on the e-CPS", "signature verified",
		"d.prescripteur@ancien-operateur.mssante.fr: ", "refused: its domain is not in the white list", "chosen              dominique.prescripteur@cabinet-fictif.mssante.fr",
		"size and hash match", "INS same, birth name same", "filed               1.2.250.1.999.1.",
		"prescriber          delivered, 250 2.0.0, processed\n", "patient             delivered, displayed\n",
		"not filed           902", "processed-error 902: Unknown patient identifier", "patient             failed 5.2.1\n",
		"to[0] has a domain that is not in the white list", "to[0] must be qualified", "documents[0].patient has another INS",
		"documents hidden from the patient are not sent to the patient", "consent.professionals",
		"to[1] the server cannot take it now", "secretariat         queued, 450 4.7.1\n", "secretariat         accepted\n",
		"the prescriber got it 1 time, the secretariat 1 time", "already filed", "no access token",
	} {
		assert.Contains(t, stdout.String(), fact)
	}
	assertNoSecret(t, "stdout", stdout.String())
	assertNoSecret(t, "log", captured.String())
	assert.Empty(t, w.operator.Refusals(), "the strict fake took every mail")
	assert.Empty(t, w.operator.Messages(formerMailbox))
	assert.Zero(t, w.provider.OpenSessions(), "the user is logged out")

	// The files of -out.
	message := readFile(t, out, "prescriber.eml")
	for _, header := range []string{
		"From: Dr_Claude_RADIOLOGUE_CENTRE D'IMAGERIE FICTIF <" + radiologistMailbox + ">", "Subject: XDM/1.0/DDM+", "X-MSS-INS: O",
		"X-MSS-CODECDA: 18748-4", "X-MSS-NIL: " + mssantetest.ProductNumber, "Disposition-Notification-To: ",
	} {
		assert.True(t, strings.Contains(message, "\r\n"+header), "prescriber.eml has no %q", header)
	}
	assert.False(t, strings.Contains(message, "patient.mssante.fr"), "the prescriber does not get the address of the patient")
	for name, line := range map[string]string{
		"patient.eml":                   "X-MSS-MES: FIN\r\n",
		"answer-prescriber.eml":         "Disposition: automatic-action/MDN-sent-automatically; processed\r\n",
		"answer-prescriber-unknown.eml": "message_original.eml",
	} {
		assert.True(t, strings.Contains(readFile(t, out, name), line), "%s has no %q", name, line)
	}
	for kind, n := range map[string]int{"mdn": 2, "dsn": 2, "bounce": 1, "error": 1} {
		found, err := filepath.Glob(filepath.Join(out, "report-*-"+kind+"-*.eml"))
		require.NoError(t, err)
		assert.GreaterOrEqual(t, len(found), n, kind)
	}
	checkDeliveries(t, readFile(t, out, "deliveries.json"))
	checkTraces(t, readFile(t, out, "traces.csv"))
	checkExchanges(t, out)
}

// checkDeliveries reads the states as a product would the next day.
func checkDeliveries(t *testing.T, text string) {
	t.Helper()
	var kept map[string]*mssante.Delivery
	require.NoError(t, json.Unmarshal([]byte(text), &kept))
	require.Len(t, kept, 5)
	one := kept["prescriber"].Recipients[0]
	assert.Equal(t, mssante.Delivered, one.State())
	assert.Equal(t, mssante.Processed, one.Read)
	assert.Equal(t, mssante.PatientUnknown, kept["prescriber-unknown"].Recipients[0].ReadError)
	assert.Equal(t, mssante.Failed, kept["patient-closed"].Recipients[0].State())
	assert.Equal(t, mssante.Displayed, kept["patient"].Recipients[0].Read)
	assertNoSecret(t, "deliveries.json", text)
}

func checkTraces(t *testing.T, text string) {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	require.NoError(t, err)
	seen := map[string]int{}
	for i, row := range rows[1:] {
		assert.Contains(t, []string{radiologistID, "LOGICIEL-CABINET"}, row[2], "line %d has an author", i+2)
		_, err := time.Parse(time.RFC3339Nano, row[1])
		assert.NoError(t, err)
		assert.NotEmpty(t, row[11])
		seen[row[5]]++
	}
	for _, action := range []string{"CONNECT", "AUTH", "SEND", "RECV", "READ", "IMPORT", "MARK", "MDN_SENT", "MDN_RECV", "DSN_RECV"} {
		assert.NotZero(t, seen[action], action)
	}
	assertNoSecret(t, "traces.csv", text)
	assert.NotContains(t, text, "patient.mssante.fr", "an address of a patient holds the matricule")
}

// checkExchanges looks for what a recorder must leave out.
func checkExchanges(t *testing.T, out string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(out, "exchanges", "*"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, f := range files {
		b, err := os.ReadFile(f)
		require.NoError(t, err)
		for _, s := range []string{psctest.ClientSecret, annuairetest.Key, "auth=Bearer", "access_token\":\"", "dXNlcj1"} {
			assert.False(t, bytes.Contains(b, []byte(s)), "%s holds a credential", filepath.Base(f))
		}
	}
}

func readFile(t *testing.T, dir, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	require.NoError(t, err)
	return string(b)
}

// What fails stops the scenes with a typed error, and shows nobody.
func TestFailures(t *testing.T) {
	t.Parallel()
	stranger := credentialtest.NewPKI().Foreign()
	for name, c := range map[string]struct {
		adjust func(*world)
		op     string
		want   error
	}{
		"Pro Santé Connect out of reach": {func(w *world) { w.provider.Close(); testkit.Refused(t, w.provider.URL) }, "psc", segur.ErrUnavailable},
		"a white list of somebody else":  {func(w *world) { w.listConfig.SignerRoots = stranger.Roots() }, "whitelist", segur.ErrSignature},
		"a wrong key of the directory":   {func(w *world) { w.directoryConfig.Key = "wrong" }, "annuaire", segur.ErrAuthentication},
		"the operator refuses the token": {func(w *world) { w.operator.AddMailbox(radiologistMailbox) }, "mssante", segur.ErrAuthentication},
		"the answer to the mail is lost": {func(w *world) { w.operator.Fail(mssantetest.Fault{Command: "DATA"}) }, "mssante.send", segur.ErrOutcomeUnknown},
		"the mailbox of the practice is of another structure": {func(w *world) {
			w.operator.AddMailbox(mssantetest.PrescriberMailbox, mssantetest.OwnedBy("1990000999"))
		}, "mssante", segur.ErrAuthentication},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stdout bytes.Buffer
			var captured logs
			err := run(t.Context(), options{adjust: func(w *world) {
				captured.attach(w)
				hurry(w)
				for _, cfg := range w.configs() {
					cfg.Retry.MaxAttempts = 1
				}
				c.adjust(w)
			}}, &stdout)
			require.ErrorIs(t, err, c.want)
			var e *segur.Error
			require.ErrorAs(t, err, &e)
			assert.True(t, strings.HasPrefix(e.Op, c.op), "%s: %v", e.Op, err)
			assertNoSecret(t, "error", fmt.Sprintf("%v %+v %s", err, e, e.Explain(segur.FR)))
			assertNoSecret(t, "log", captured.String())
			assertNoSecret(t, "stdout", stdout.String())
		})
	}
}

// The network fails while the mailboxes are watched: nothing is lost.
func TestReconnects(t *testing.T) {
	t.Parallel()
	var stdout bytes.Buffer
	require.NoError(t, run(t.Context(), options{adjust: func(w *world) {
		hurry(w)
		w.practiceConfig.Watch = mssante.WatchPolicy{MinBackoff: time.Millisecond}
		w.centreConfig.Watch = w.practiceConfig.Watch
		w.operator.Fail(mssantetest.Fault{Command: "FETCH", CutAfter: 2000, Times: 2})
	}}, &stdout))
	assert.Contains(t, stdout.String(), "the prescriber got it 1 time")
}

// The wait for a mail that does not come ends with the context.
func TestNothingArrives(t *testing.T) {
	t.Parallel()
	ctx, expire := testkit.Expiring(t.Context())
	var stdout bytes.Buffer
	err := run(ctx, options{adjust: func(w *world) {
		hurry(w)
		w.operator.AddMailbox(mssantetest.PrescriberMailbox, mssantetest.Held())
	}}, io.MultiWriter(&stdout, testkit.OnText("it arrives in the prescriber's mailbox\n", expire)))
	require.ErrorIs(t, err, segur.ErrTimeout)
	assert.True(t, strings.HasSuffix(stdout.String(), "it arrives in the prescriber's mailbox\n"), "nothing came")
}
