package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/dmptest"
	"github.com/segur-sdk/segur/dmp/xds"
)

// secrets never reach a log, an error or the standard output.
var secrets = []string{
	"2850369123456", "69123457", "FICTIVE-DURAND", "CAMILLE", "FICTIVE-MARTIN", "LOU", "1985-03-14", "19850314", "14/03/1985",
	"inconsciente", "BEGIN ", "<saml",
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
	bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Buffer.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Buffer.String()
}

func (l *logs) attach(w *world) {
	logger := slog.New(slog.NewJSONHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
	for _, c := range w.configs() {
		c.Logger = logger
	}
}

func TestJourney(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	var stdout bytes.Buffer
	var captured logs
	var w *world
	require.NoError(t, run(t.Context(), options{out: out, adjust: func(x *world) { w = x; captured.attach(x) }}, &stdout))

	rest := stdout.String()
	for _, step := range []string{
		"TD2.1 report published", "not authorised", "DMPOk; the radiologist is authorised", "5 documents",
		"Scanner thoracique", "[deposited by the patient]", "[masked]", "[not visible to the patient]", "IRM cérébrale",
		"verified: true", "5 new", "TD2.1 report replaced", "TD3.3a report hidden", "1 replaced", "to be deleted", "corrigé", "[masked]",
		"TD3.3c report deleted", "1 deleted", "refused, nothing sent", "INDIRECTE_RENFORCEE ou en DIRECTE",
		"emergency (bris de glace)", "3 documents", "by this way: no", "TD0.9 web site", "secret connection", "[not visible to the parents]",
	} {
		_, after, found := strings.Cut(rest, step)
		require.True(t, found, "%q is missing, or not in its place, in:\n%s", step, stdout.String())
		rest = after
	}
	assert.NotContains(t, stdout.String(), "Radiographie", "older than five years")
	assertNoSecret(t, "stdout", stdout.String())
	assertNoSecret(t, "log", captured.String())
	for _, op := range []string{"dmp.existence", "dmp.authorize", "dmp.submit", "dmp.find", "dmp.retrieve", "dmp.visibility", "dmp.delete", "dmp.lookup", "dmp.administrativeData"} {
		assert.Contains(t, captured.String(), `"`+op+`"`, "each operation is logged")
		for _, side := range []string{"request", "response"} {
			found, err := filepath.Glob(filepath.Join(out, "exchanges", "*-"+op+"."+side))
			require.NoError(t, err)
			assert.NotEmpty(t, found, "%s.%s", op, side)
		}
	}
	assert.Contains(t, string(readFile(t, out, "read.xml")), "<ClinicalDocument")
	assert.NotContains(t, string(readFile(t, out, "state.json")), "2850369123456")

	// What the record holds in the end, and who asked for it.
	statuses := map[xds.Status]int{}
	for _, d := range w.record.Documents() {
		statuses[d.Entry.Status]++
	}
	assert.Equal(t, map[xds.Status]int{xds.Approved: 6, xds.Deprecated: 1, xds.Deleted: 1}, statuses)
	modes, reason, hidden := map[string]int{}, "", 0
	for _, c := range w.record.Calls() {
		modes[c.Op+" "+c.Mode]++
		if c.EmergencyReason != "" {
			reason = c.EmergencyReason
		}
		if c.Secret {
			hidden++
		}
		assert.Empty(t, c.Code, "%s was refused by the service: %s", c.Op, c.Reason)
	}
	assert.Equal(t, 8, modes["dmp.submit INDIRECTE"], "the past, the report, its correction, the secret one: the structure publishes")
	assert.Positive(t, modes["dmp.find INDIRECTE_RENFORCEE"])
	assert.Zero(t, modes["dmp.find INDIRECTE"], "what the mode may not do is not sent")
	assert.Equal(t, "détresse respiratoire, patiente inconsciente", reason, "the record is told, by card")
	assert.Equal(t, 2, hidden, "each call of the secret connection says so")
}

func readFile(t *testing.T, dir, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	require.NoError(t, err)
	return b
}

// What must fail well: each failure stops the story with a typed error that
// names what happened, and none shows the patient.
func TestFailures(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		adjust func(*world)
		op     string
		want   error
	}{
		"the document is cut": {func(w *world) {
			w.consult.Retry.MaxAttempts = 1
			w.record.Fail(dmptest.Fault{Op: "dmp.retrieve", Times: dmptest.Forever, CutAfter: 3000})
		}, "dmp.retrieve", segur.ErrTruncated},
		"the document is altered": {func(w *world) {
			w.record.Fail(dmptest.Fault{Op: "dmp.retrieve", Alter: func(b []byte) []byte {
				return bytes.Replace(b, []byte("Scanner thoracique"), []byte("Scanner thoracigue"), 1)
			}})
		}, "dmp.retrieve", segur.ErrSignature},
		"the answer to the search is cut": {func(w *world) {
			w.consult.Retry.MaxAttempts = 1
			w.record.Fail(dmptest.Fault{Op: "dmp.find", Times: dmptest.Forever, CutAfter: 500})
		}, "dmp.find", segur.ErrTruncated},
		"the record is closed": {func(w *world) {
			w.record.SetPatient(w.patient.INS, dmptest.Record{Closed: true})
		}, "dmp.submit", segur.ErrRefused},
		"the patient blocked the radiologist": {func(w *world) {
			w.record.SetPatient(w.patient.INS, dmptest.Record{Authorizations: map[string]dmptest.Authorization{
				dmptest.Radiologist().ID: {Status: dmptest.Blocked}}})
		}, "dmp.", segur.ErrAuthorization},
		"the mode may not read":         {func(w *world) { w.consult.Mode = dmp.Indirecte }, "dmp.authorize", segur.ErrAuthorization},
		"the mode may not feed":         {func(w *world) { w.feed.Mode = dmp.IndirecteRenforcee }, "dmp.", segur.ErrAuthorization},
		"a physician without specialty": {func(w *world) { w.consult.User.Specialty = segur.Code{} }, "dmp.New", segur.ErrInvalidInput},
		"a right is refused by the service": {func(w *world) {
			w.record.Refuse(dmptest.Refusal{Op: "dmp.update", Code: "DMPAccessDeniedByRightsService", Context: "Mme FICTIVE-DURAND CAMILLE s'oppose", Fault: true})
		}, "dmp.visibility", segur.ErrAuthorization},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stdout bytes.Buffer
			var captured logs
			err := run(t.Context(), options{adjust: func(w *world) { captured.attach(w); c.adjust(w) }}, &stdout)
			require.ErrorIs(t, err, c.want, "%v", err)
			var e *segur.Error
			require.ErrorAs(t, err, &e)
			assert.True(t, strings.HasPrefix(e.Op, c.op), "%s: %v", e.Op, err)
			for _, lang := range []segur.Lang{segur.FR, segur.EN} {
				assert.NotEmpty(t, e.Explain(lang))
				assertNoSecret(t, "explanation", e.Explain(lang))
			}
			assertNoSecret(t, "error", fmt.Sprintf("%v %+v", err, e))
			assertNoSecret(t, "log", captured.String())
			assertNoSecret(t, "stdout", stdout.String())
		})
	}
}

// An answer of the record is lost, before or after it did what it was asked:
// the story goes on, and nothing is done twice.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		faults []dmptest.Fault
		says   string
	}{
		"publication, registered":     {[]dmptest.Fault{{Op: "dmp.submit", DropBeforeResponse: true}}, "published, found there"},
		"publication, not registered": {[]dmptest.Fault{{Op: "dmp.submit", DropRequest: true}}, "TD2.1 report published"},
		"hiding, done":                {[]dmptest.Fault{{Op: "dmp.update", DropBeforeResponse: true}}, "hidden, found so"},
		"hiding, not done":            {[]dmptest.Fault{{Op: "dmp.update", DropRequest: true}}, "TD3.3a report hidden"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var w *world
			var stdout bytes.Buffer
			require.NoError(t, run(t.Context(), options{adjust: func(x *world) { w = x; x.record.Fail(c.faults...) }}, &stdout))
			assert.Contains(t, stdout.String(), c.says)
			assert.Contains(t, stdout.String(), "1 deleted")
			assert.Len(t, w.record.Documents(), 8, "nothing is published twice")
		})
	}
}

// The answer to the deletion is lost.
func TestLostAnswerOfADeletion(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]dmptest.Fault{
		"deleted":     {Op: "dmp.update", DropBeforeResponse: true},
		"not deleted": {Op: "dmp.update", DropRequest: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var w *world
			var stdout bytes.Buffer
			late := &beforeDeletion{buffer: &stdout, do: func() { w.record.Fail(fault) }}
			require.NoError(t, run(t.Context(), options{adjust: func(x *world) { w = x }}, late))
			assert.Contains(t, stdout.String(), "TD3.3c report deleted")
			assert.Contains(t, stdout.String(), "1 deleted")
		})
	}
}

// beforeDeletion does something once the story says that the report is to be
// deleted.
type beforeDeletion struct {
	buffer *bytes.Buffer
	do     func()
}

func (a *beforeDeletion) Write(p []byte) (int, error) {
	if bytes.HasPrefix(p, []byte("to be deleted")) {
		a.do()
	}
	return a.buffer.Write(p)
}

// A patient who opposes accesses in emergency is left alone.
func TestOpposedToEmergency(t *testing.T) {
	t.Parallel()
	var stdout bytes.Buffer
	require.NoError(t, run(t.Context(), options{adjust: func(w *world) {
		w.record.SetPatient(w.patient.INS, dmptest.Record{OpposesBreakGlass: true})
	}}, &stdout))
	assert.Contains(t, stdout.String(), "left out: the record does not say that the patient allows it")
}
