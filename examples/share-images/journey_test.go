package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
	"github.com/segur-sdk/segur/dicomweb/drim"
	"github.com/segur-sdk/segur/dicomweb/drim/whitelist/whitelisttest"
	"github.com/segur-sdk/segur/dicomweb/kos"
	"github.com/segur-sdk/segur/dmp/dmptest"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/psc/psctest"
)

// secrets never reach a log, an error or the standard output.
var secrets = []string{"2850369123456", "FICTIVE-DURAND", "CAMILLE", "19850314", "IPP-0001", "IPP-0666", "FICTIF-AUTRE", "BEGIN ", "<saml", "eyJ", "Bearer "}

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
	w.logger = slog.New(slog.NewJSONHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// story is what a site sees, scene by scene, in the order of the words.
var story = [][]string{
	{"site A publishes an exam", "6 images of study", "AA; published", "version 1", "6 images", "0 failed"},
	{"site B looks", "Call(redacted)", "CT thorax", "same study, accession, order", "version 1", "6 images in 2 series", "6 of 6 images received, complete: true",
		"6 images filed, complete: true", "of patient B-77041, accession B-ACC-7"},
	{"corrects the report", "MDM^T10", "AA; published", "version 2", "38 rules passed", "200, 404 serve-not-found", "replaced by version 2; 6 of 6 images received, complete: true", "sees CT thorax"},
	{"rejects an image", "113001", "published", "version 3", "5 images", "0 failed", "replaced by version 3; 5 of 5 images received, complete: true; 1 no longer shared"},
	{"deletes an image", "OMI^O23", "AA; published", "version 4", "4 images", "replaced by version 4; 4 of 4 images received, complete: true; 1 no longer shared"},
	{"hides the exam", "AA; published", "version 5", "4 images", "404 serve-not-found", "not found (drim-exam-withdrawn)", "sees no exam in the record"},
	{"withdraws the exam", "deleted from the record", "AA; withdrawn", "opens no more", "404 serve-not-found", "not found (drim-exam-withdrawn)", "sees no exam in the record"},
	{"what site A refuses", "refused, conflict (drim-wrong-patient)", "R10 images.patientID", "refused, conflict (drim-wrong-accession)", "R12 images.accessionNumber",
		"pending, not found (drim-not-in-pacs)", "refused (cross-check): broken or not checked: R33; R33 KOS (0008,1190) differs from white list", "AE ERR||PID^1^32", "PID-32 is not VALI: the identity is RECUP"},
	{"what site B refuses", "refused (drim-opposed)", "the signature of the list does not verify; the list before stays in use",
		"authentication: 0 of 6 images are there", "401 serve-token-refused", "6 of 6 images received, complete: true",
		"5 of 6 images received, complete: false", "gone: not found (drim-image-gone)", "2 of 3 images received, complete: false",
		"wrong: refused (drim-wrong-patient)", "authorization (not-listed): 0 of 3 images are there", "0 requests, 0 tokens asked for"},
}

func TestShareImages(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	var stdout bytes.Buffer
	var captured logs
	var w *world
	require.NoError(t, run(t.Context(), options{out: out, adjust: func(x *world) { w = x; captured.attach(x) }}, &stdout))

	rest := stdout.String()
	for _, scene := range story {
		for _, words := range scene {
			_, after, found := strings.Cut(rest, words)
			require.True(t, found, "%q is not in:\n%s", words, rest)
			rest = after
		}
	}
	assertNoSecret(t, "stdout", stdout.String())
	assertNoSecret(t, "log", captured.String())
	assert.NotEmpty(t, captured.String())

	// What the record holds in the end: of the exam, no manifest that is active.
	manifests := map[xds.Status]int{}
	for _, d := range w.record.Documents() {
		if d.Entry.IsKOS() {
			manifests[d.Entry.Status]++
		}
	}
	assert.Equal(t, map[xds.Status]int{xds.Approved: 3, xds.Deprecated: 4, xds.Deleted: 1}, manifests,
		"the exams of the last scene; the versions of the first exam, the last one deleted")
	modes := map[string]int{}
	for _, c := range w.record.Calls() {
		modes[c.Op+" "+c.Mode]++
		assert.Empty(t, c.Code, "%s was refused by the service: %s", c.Op, c.Reason)
	}
	assert.Positive(t, modes["dmp.submit INDIRECTE"])
	assert.Positive(t, modes["dmp.retrieve INDIRECTE_RENFORCEE"])
	assert.Zero(t, modes["dmp.retrieve INDIRECTE"]+modes["dmp.submit INDIRECTE_RENFORCEE"], "who publishes does not read, who reads does not publish")

	// The story is kept, and says of each step where its exchanges are: all of them, each once.
	told, err := os.ReadFile(filepath.Join(out, "story.txt"))
	require.NoError(t, err)
	assert.Equal(t, stdout.String(), string(told))
	requests, err := filepath.Glob(filepath.Join(out, "exchanges", "*.request"))
	require.NoError(t, err)
	next := 1
	for _, m := range regexp.MustCompile(`(?m)^  exchanges +(\d{3}) to (\d{3})$`).FindAllStringSubmatch(stdout.String(), -1) {
		assert.Equal(t, fmt.Sprintf("%03d", next), m[1])
		last, err := strconv.Atoi(m[2])
		require.NoError(t, err)
		next = last + 1
	}
	assert.Equal(t, len(requests), next-1)

	// What -out holds: five versions, each of the same series and the next number.
	var before *kos.Manifest
	for v, images := range []int{6, 6, 5, 4, 4} {
		folder := fmt.Sprintf("v%d", v+1)
		d, err := kos.Read(segur.BytesContent(readFile(t, out, folder, "kos.dcm")))
		require.NoError(t, err)
		m := d.Manifest
		assert.Equal(t, v+1, m.Number)
		assert.Equal(t, images, m.Len())
		if before != nil {
			assert.Equal(t, before.SeriesUID, m.SeriesUID)
			assert.NotEqual(t, before.UID, m.UID)
			assert.Len(t, kos.Compare(before, m).Removed, before.Len()-m.Len())
		}
		before = m
		checked := string(readFile(t, out, folder, "crosscheck.txt"))
		assert.Equal(t, 38, strings.Count(checked, "\nR")+1)
		assert.NotContains(t, checked, "non respectée")
		if v < 4 { // the last one is hidden from site B
			received := string(readFile(t, out, folder, "completeness.txt"))
			assert.True(t, strings.HasPrefix(received, "complete: yes\n"), received)
			assert.Equal(t, images, strings.Count(received, ": received\n"))
		}
	}
	for _, name := range []string{"token", "fewer", "patient", "white-list"} {
		assert.True(t, strings.HasPrefix(string(readFile(t, out, "refused", name+".txt")), "complete: no\n"), name)
	}
	assert.Contains(t, string(readFile(t, out, "refused", "accession-crosscheck.txt")), `["ACC-9999" / "ACC-0044"]`, "both values, for who has to correct them")
	assert.Contains(t, string(readFile(t, out, "refused", "other-patient-crosscheck.txt")), `"IPP-0666"`)

	for _, op := range []string{"whitelist.refresh", "psc.token", "dicomweb.store", "dicomweb.retrieve", "dmp.submit", "dmp.delete", "dmp.find", "dmp.retrieve", "drim.introspect"} {
		found, err := filepath.Glob(filepath.Join(out, "exchanges", "*-"+op+".request"))
		require.NoError(t, err)
		assert.NotEmpty(t, found, op)
	}
	for i, kind := range []string{"ORU_R01", "MDM_T10", "OMI_O23", "ORU_R01", "ORU_R01"} {
		name := fmt.Sprintf("%02d-%s", i+1, kind)
		assert.Contains(t, string(readFile(t, out, "hl7", name+".ack.hl7")), fmt.Sprintf("\rMSA|AA|MSG-%04d", i+1))
		m, err := drim.ParseMessage(readFile(t, out, "hl7", name+".hl7"))
		require.NoError(t, err)
		if r, ok := m.(*drim.ReportMessage); ok {
			assert.Empty(t, r.Warnings)
		}
	}
}

func readFile(t *testing.T, elements ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(elements...))
	require.NoError(t, err)
	return b
}

// A study of a folder is shared with the identity of the fictional patient, and
// arrives at site B under her number there, the rest of its bytes as they were.
func TestOwnImages(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	study, err := dicomwebtest.SampleStudy(dicomwebtest.SampleOptions{AccessionNumber: "OTHER", Latin1: true,
		Patient: segur.Patient{Traits: segur.Traits{BirthName: "FICTIF-AUTRE", FirstGivenName: "PAUL", Sex: segur.Male, BirthDate: segur.NewDate(1952, time.July, 7)},
			LocalIDs: []segur.Identifier{{Extension: "X-1"}}}})
	require.NoError(t, err)
	require.NoError(t, study.WriteDir(dir))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "README"), []byte("no image"), 0o600))
	var w *world
	var stdout bytes.Buffer
	require.NoError(t, run(t.Context(), options{dicom: dir, scenes: 2, adjust: func(x *world) { w = x }}, &stdout))
	assert.Contains(t, stdout.String(), "files that are not DICOM, or are cut: 1")
	assert.Contains(t, stdout.String(), "6 images filed, complete: true")
	assertNoSecret(t, "stdout", stdout.String())
	require.Equal(t, 6, w.pacsB.Len())
	for _, i := range study.Instances {
		file, ok := w.pacsB.File(i.Ref.Instance)
		require.True(t, ok)
		ds, err := dicomweb.ReadDataset(segur.BytesContent(file))
		require.NoError(t, err)
		assert.Equal(t, "B-77041", ds.Value(dicomweb.TagPatientID))
		assert.Equal(t, "B-ACC-7", ds.Value(dicomweb.TagAccessionNumber))
		assert.Equal(t, "FICTIVE-DURAND^CAMILLE", ds.Value(dicomweb.TagPatientName))
		assert.Equal(t, i.File[len(i.File)-512:], file[len(file)-512:], "the pixels")
	}
	assert.NotContains(t, stdout.String(), "X-1")
}

// What must fail well: each failure stops the story with a typed error, and none
// shows the patient or a token.
func TestFailures(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		adjust func(*world)
		want   error
	}{
		"the white list is not signed": {func(w *world) { w.list.Fail(whitelisttest.Fault{Op: "list", Alter: unsigned}) }, segur.ErrSignature},
		"the user does not log in":     {func(w *world) { w.provider.Fail(psctest.Error(psctest.OpToken, 400, "invalid_grant")) }, segur.ErrAuthentication},
		"the manifest is cut": {func(w *world) {
			w.record.Fail(dmptest.Fault{Op: "dmp.retrieve", Times: dmptest.Forever, CutAfter: 2000})
		}, segur.ErrTruncated},
		"the manifest is altered": {func(w *world) {
			w.record.Fail(dmptest.Fault{Op: "dmp.retrieve", Alter: func(b []byte) []byte { return bytes.Replace(b, []byte("Scanner"), []byte("Scanneq"), 1) }})
		}, segur.ErrSignature},
		"PACS B is full": {func(w *world) {
			w.pacsB.Fail(dicomwebtest.Fault{Op: dicomwebtest.OpStore, Times: dicomwebtest.Forever, Status: 507})
		}, segur.ErrOutcomeUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stdout bytes.Buffer
			var captured logs
			err := run(t.Context(), options{scenes: 2, adjust: func(w *world) { captured.attach(w); c.adjust(w) }}, &stdout)
			require.ErrorIs(t, err, c.want, "%v", err)
			var e *segur.Error
			require.ErrorAs(t, err, &e)
			for _, lang := range []segur.Lang{segur.FR, segur.EN} {
				assert.NotEmpty(t, e.Explain(lang))
				assertNoSecret(t, "explanation", e.Explain(lang))
			}
			assertNoSecret(t, "error", fmt.Sprintf("%v %+v", err, e))
			assertNoSecret(t, "log", captured.String())
			assertNoSecret(t, "stdout", stdout.String())
			assert.NotContains(t, stdout.String(), "complete: true")
		})
	}
}

func unsigned(b []byte) []byte {
	before, rest, _ := bytes.Cut(b, []byte("<ds:Signature"))
	_, after, _ := bytes.Cut(rest, []byte("</ds:Signature>"))
	return append(bytes.Clone(before), after...)
}

// A publication of which the answer is lost is settled by Resume, and published
// once.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	w, err := newWorld(options{})
	require.NoError(t, err)
	t.Cleanup(w.close)
	a, err := openSiteA(t.Context(), w)
	require.NoError(t, err)
	t.Cleanup(a.close)
	b, err := openSiteB(t.Context(), w)
	require.NoError(t, err)
	t.Cleanup(b.close)
	s := &tour{world: w, a: a, b: b, stdout: io.Discard}
	e, err := s.newExam("ACC-0060")
	require.NoError(t, err)
	require.NoError(t, s.store(e))
	w.record.Fail(dmptest.Fault{Op: "dmp.submit", DropBeforeResponse: true})
	cfg := a.config()
	now := time.Now()
	cfg.Clock = func() time.Time { return now }
	source, err := drim.NewSource(cfg)
	require.NoError(t, err)
	o, err := s.receive(t.Context(), e, source)
	require.NoError(t, err)
	require.Equal(t, drim.StatePending, o.State)
	now = now.Add(time.Hour)
	resumed, err := source.Resume(context.Background())
	require.NoError(t, err)
	require.True(t, resumed.Settled())
	assert.Len(t, w.record.Documents(), 1)
	assert.Equal(t, resumed.Studies[0].ManifestUID, w.record.Documents()[0].Entry.UniqueID)
}

func TestFlags(t *testing.T) {
	t.Parallel()
	var usage bytes.Buffer
	_, err := parse([]string{"somewhere"}, &usage)
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	o, err := parse([]string{"-dicom", "a", "-out", "b"}, &usage)
	require.NoError(t, err)
	assert.Equal(t, "a", o.dicom)
	full := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(full, "x"), nil, 0o600))
	err = run(t.Context(), options{out: full}, io.Discard)
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	assert.Contains(t, fmt.Sprint(err), "-out")
	err = run(t.Context(), options{dicom: full, scenes: 1}, io.Discard)
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	assert.Contains(t, fmt.Sprint(err), "-dicom")
}
