package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda/pdfa"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
	"github.com/segur-sdk/segur/dmp/dmptest"
	"github.com/segur-sdk/segur/ins/instest"
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/mssante/mssantetest"
)

// secrets never reach a log, an error or the standard output.
var secrets = []string{
	"2850369123456", "FICTIVE-DURAND", "FICTIVE", "CAMILLE", "1985-03-14", "19850314", "14/03/1985", "Toux", "BEGIN ", "<saml",
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
	require.NoError(t, run(t.Context(), options{out: out, adjust: captured.attach}, &stdout))

	for _, step := range []string{
		"1 INSi: identity found", "2 CDA: report built", "3 PACS: study stored", "QIDO-RS", "WADO-RS", "byte-identical",
		"4 DMP: report published", "TD3.1", "TD3.2", "5 MSSanté: sent to the prescriber", "sent to the patient", "read by IMAP",
	} {
		assert.Contains(t, stdout.String(), step)
	}
	assertNoSecret(t, "stdout", stdout.String())
	assertNoSecret(t, "log", captured.String())
	for _, op := range []string{"ins.search", "dmp.submit", "dmp.find", "dmp.retrieve", "dicomweb.store", "dicomweb.search", "dicomweb.retrieve", "mssante.send", "mssante.receive"} {
		assert.Contains(t, captured.String(), op, "each operation is logged")
		for _, side := range []string{"request", "response"} {
			found, err := filepath.Glob(filepath.Join(out, "exchanges", "*-"+op+"."+side))
			require.NoError(t, err)
			require.NotEmpty(t, found, "%s.%s", op, side)
			info, err := os.Stat(found[0])
			require.NoError(t, err)
			assert.NotZero(t, info.Size(), found[0])
		}
	}
	report := readFile(t, out, "report.xml")
	assert.Contains(t, string(report), "<ClinicalDocument")
	assert.Empty(t, pdfa.Check(readFile(t, out, "report.pdf")))
	assert.True(t, bytes.HasPrefix(readFile(t, out, "IHE_XDM.ZIP"), []byte("PK\x03\x04")))
	message := string(readFile(t, out, "message.eml"))
	assert.Contains(t, message, "Subject: XDM/1.0/DDM+")
	assert.Contains(t, message, "X-MSS-NIL:", "the header that every message carries")
	assert.NotContains(t, message, "patient.mssante.fr", "the prescriber does not get the patient's address")
	assert.Contains(t, string(readFile(t, out, "message-patient.eml")), "X-MSS-MES: FIN")

	submit, err := filepath.Glob(filepath.Join(out, "exchanges", "*-dmp.submit.request"))
	require.NoError(t, err)
	require.Len(t, submit, 1, "published once")
	sent, err := os.ReadFile(submit[0])
	require.NoError(t, err)
	assert.True(t, bytes.Contains(sent, report), "the document travels as it is, in its MIME part")
}

func readFile(t *testing.T, dir, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	require.NoError(t, err)
	return b
}

// A real study and a real report: DICOM files are taken, others are named.
func TestOwnFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	study, err := dicomwebtest.SampleStudy(dicomwebtest.SampleOptions{Series: 1, Instances: 2})
	require.NoError(t, err)
	require.NoError(t, study.WriteDir(dir))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("not DICOM"), 0o600))
	b, err := samplePDF(localPatient())
	require.NoError(t, err)
	report := filepath.Join(t.TempDir(), "own.pdf")
	require.NoError(t, os.WriteFile(report, b, 0o600))

	out := t.TempDir()
	var stdout bytes.Buffer
	require.NoError(t, run(t.Context(), options{dicom: dir, pdf: report, out: out}, &stdout))
	assert.Contains(t, stdout.String(), "skipped "+filepath.Join(dir, "notes.txt"))
	assert.Contains(t, stdout.String(), study.UID)
	assert.Contains(t, stdout.String(), "2 instances")
	assert.Equal(t, sha256.Sum256(b), sha256.Sum256(readFile(t, out, "report.pdf")))
}

func TestRefusedFiles(t *testing.T) {
	t.Parallel()
	plain := filepath.Join(t.TempDir(), "plain.pdf")
	require.NoError(t, os.WriteFile(plain, []byte("%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"), 0o600))
	empty := t.TempDir()
	for name, c := range map[string]struct {
		o    options
		want string
	}{
		"a PDF that is not PDF/A": {options{pdf: plain}, "pdf"},
		"a text":                  {options{pdf: "main.go"}, "pdf"},
		"no such file":            {options{pdf: filepath.Join(empty, "no.pdf")}, "file"},
		"an empty folder":         {options{dicom: empty}, "-dicom"},
		"no folder":               {options{dicom: filepath.Join(empty, "no")}, "dicomweb.OpenDir"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stdout bytes.Buffer
			published := 0
			c.o.adjust = func(w *world) {
				t.Cleanup(func() { published = len(w.dmp.Documents()); assert.Zero(t, published, "nothing was sent") })
			}
			err := run(t.Context(), c.o, &stdout)
			require.ErrorIs(t, err, segur.ErrInvalidInput)
			assert.Contains(t, err.Error(), c.want)
		})
	}
	require.NoError(t, run(t.Context(), options{pdf: plain, allowAnyPDF: true}, &bytes.Buffer{}), "unless it is allowed")
}

// What must fail well: each failure stops the journey with a typed error that
// names what happened, and none shows the patient.
func TestFailures(t *testing.T) {
	t.Parallel()
	stranger := credentialtest.NewPKI().Foreign()
	html := []byte("<html>FICTIVE-DURAND maintenance</html>")
	for name, c := range map[string]struct {
		adjust func(*world)
		op     string
		want   error
	}{
		"expired client certificate": {func(w *world) {
			w.insConfig.Credentials = w.insi.Credential(credentialtest.Expired())
		}, "ins", segur.ErrInvalidInput},
		"client certificate of another PKI": {func(w *world) {
			w.pacsConfig.Credentials = segur.StaticCredential(stranger.Organization())
		}, "dicomweb.store", segur.ErrAuthentication},
		"server certificate of another PKI": {func(w *world) {
			w.feedConfig.RootCAs = stranger.Roots()
		}, "dmp.submit", segur.ErrSignature},
		"INSi answers with a page": {func(w *world) {
			w.insi.Fail(instest.Fault{Status: http.StatusOK, ContentType: "text/html", Body: html})
		}, "ins.search", segur.ErrProtocol},
		"record answers with a page": {func(w *world) {
			w.consultConfig.Retry.MaxAttempts = 1
			w.dmp.Fail(dmptest.Fault{Op: "dmp.find", Status: http.StatusBadGateway, ContentType: "text/html", Body: html})
		}, "dmp.find", segur.ErrUnavailable},
		"record cuts the document": {func(w *world) {
			w.consultConfig.Retry.MaxAttempts = 1
			w.dmp.Fail(dmptest.Fault{Op: "dmp.retrieve", Times: -1, CutAfter: 3000})
		}, "dmp.retrieve", segur.ErrTruncated},
		"PACS unavailable": {func(w *world) {
			w.pacs.Fail(dicomwebtest.Fault{Op: dicomwebtest.OpStore, Status: http.StatusServiceUnavailable, Times: -1})
		}, "dicomweb.store", segur.ErrUnavailable},
		"PACS out of reach": {func(w *world) { w.pacs.Close(); testkit.Refused(t, w.pacs.URL) }, "dicomweb.store", segur.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stdout bytes.Buffer
			var captured logs
			err := run(t.Context(), options{adjust: func(w *world) { captured.attach(w); c.adjust(w) }}, &stdout)
			require.ErrorIs(t, err, c.want)
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

// The answer of the record is lost after the document was registered: the
// journey looks it up, finds it, and does not publish it twice.
func TestLostAnswerPublishesOnce(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]dmptest.Fault{
		"after registration":  {Op: "dmp.submit", DropBeforeResponse: true},
		"before registration": {Op: "dmp.submit", DropRequest: true},
		"answer cut":          {Op: "dmp.submit", CutAfter: 100},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var w *world
			var stdout bytes.Buffer
			require.NoError(t, run(t.Context(), options{adjust: func(x *world) { w = x; x.dmp.Fail(fault) }}, &stdout))
			published := 0
			for _, d := range w.dmp.Documents() {
				if d.Entry.MimeType == "text/xml" && d.Entry.Language == "fr-FR" {
					published++
				}
			}
			assert.Equal(t, 1, published, "the report is in the record once")
			assert.Equal(t, name != "before registration", strings.Contains(stdout.String(), "already published"))
		})
	}
}

// A mail server that refuses the prescriber: the patient gets the message all
// the same, and the error shows no address of a patient.
func TestOneRecipientRefused(t *testing.T) {
	t.Parallel()
	var w *world
	var stdout bytes.Buffer
	err := run(t.Context(), options{adjust: func(x *world) {
		w = x
		x.mail.Fail(mssantetest.Fault{Command: "RCPT", Recipient: prescriberMailbox, Status: 550, Code: "5.1.1"})
	}}, &stdout)
	require.ErrorIs(t, err, segur.ErrNotFound, "no such mailbox")
	assertNoSecret(t, "error", err.Error())
	assert.Empty(t, w.mail.Messages(prescriberMailbox))
	assert.Contains(t, stdout.String(), "sent to the patient")
}

// An IMAP server that hangs is left when the context ends.
func TestHangingMailServer(t *testing.T) {
	t.Parallel()
	ctx, expire := testkit.Expiring(t.Context())
	err := run(ctx, options{adjust: func(x *world) {
		x.mail.Fail(mssantetest.Fault{Command: "SELECT", Hang: true, Reached: expire})
	}}, &bytes.Buffer{})
	require.ErrorIs(t, err, segur.ErrTimeout)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

// A study of which one instance is refused is not taken for stored.
func TestPartialStore(t *testing.T) {
	t.Parallel()
	study, err := dicomwebtest.SampleStudy(dicomwebtest.SampleOptions{Patient: localPatient(), AccessionNumber: accession})
	require.NoError(t, err)
	refused := study.Instances[1].Ref.Instance
	err = run(t.Context(), options{adjust: func(w *world) {
		w.pacs.Refuse(refused, dicomweb.Reason(0x0110))
	}}, &bytes.Buffer{})
	require.ErrorIs(t, err, segur.ErrPartial)
	assert.Contains(t, err.Error(), refused)
}
