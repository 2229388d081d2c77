package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
)

// screen collects what is printed; progress is drawn while results are.
type screen struct {
	mu sync.Mutex
	bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Buffer.Write(p)
}

// call runs the program as main does.
func call(ctx context.Context, s *session, args ...string) (status int, stdout, stderr string) {
	var out, errs screen
	s.stdout, s.stderr = &out, &errs
	if s.stdin == nil {
		s.stdin = strings.NewReader("")
	}
	status = s.status(s.main(ctx, args), ctx.Err() != nil)
	return status, out.String(), errs.String()
}

// private is what no error holds.
func assertPublic(t *testing.T, stderr string) {
	t.Helper()
	for _, p := range []string{"FICTIVE", "CAMILLE", "IPP-0001", "ACC-0001", "a-secret"} {
		assert.NotContains(t, stderr, p)
	}
}

// Without arguments every command is played, in this order, and leaves nothing.
func TestStory(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	status, rest, stderr := call(t.Context(), &session{})
	require.Zero(t, status, stderr)
	for _, step := range []string{
		"search (QIDO-RS)       yes (204)", "studies/{study} ", "readme.txt: not sent", "27 of 27 instances stored", "2 studies", "FICTIVE-DURAND^CAMILLE", "1 study", "2 series, 24 instances", "2 series\n",
		"image.jpg: image/jpeg", "missing 1.2.250.1.999.1.", "NOT COMPLETE: 23 of 24 instances", "complete: 24 of 24 instances", "23 of them there before",
		"24 of 24 instances stored", "deleted", "1 series, 12 instances", "deleted", "deleted", "0 studies",
	} {
		_, after, found := strings.Cut(rest, step)
		require.True(t, found, "%q is missing, or not in its place, in:\n%s", step, rest)
		rest = after
	}
	assert.Empty(t, stderr, "no terminal, no bar")
	left, err := os.ReadDir(os.Getenv("TMPDIR"))
	require.NoError(t, err)
	assert.Empty(t, left)
}

// A server as a hospital has it: certificates of its own, and a token or a
// password.
func TestDailyUse(t *testing.T) {
	dir := t.TempDir()
	file := func(name string, content []byte) string {
		p := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(p, content, 0o600))
		return p
	}
	srv := dicomwebtest.NewServer(dicomwebtest.WithToken("a-secret-token"))
	defer srv.Close()
	flags := []string{"-url", srv.URL, "-ca", file("ca.pem", srv.PKI().CAPEM()), "-cert", file("own.pem", credentialtest.PEM(srv.PKI().Organization()))}
	withToken := append(flags, "-token", file("token", []byte("a-secret-token\n"))) //nolint:gocritic // on purpose
	pacs := func(args ...string) (int, string, string) {
		t.Helper()
		status, out, errs := call(t.Context(), &session{screen: true}, append(append([]string{}, withToken...), args...)...)
		assertPublic(t, errs)
		return status, out, errs
	}

	study, err := dicomwebtest.SampleStudy(dicomwebtest.SampleOptions{})
	require.NoError(t, err)
	exam := filepath.Join(dir, "exam")
	require.NoError(t, os.Mkdir(exam, 0o700))
	require.NoError(t, study.WriteDir(exam))
	ref := study.Instances[0].Ref

	// A file of the folder is cut, another one is refused by the server.
	require.NoError(t, os.WriteFile(filepath.Join(exam, "IM0002.dcm"), study.Instances[1].File[:700], 0o600))
	srv.Refuse(study.Instances[2].Ref.Instance, dicomweb.ReasonCannotUnderstand)
	status, out, errs := pacs("store", exam)
	assert.Equal(t, exitFailed, status, errs)
	assert.Contains(t, out, "IM0002.dcm: not sent")
	assert.Contains(t, out, "IM0003.dcm: failed (C000")
	assert.Contains(t, out, "4 of 5 instances stored")
	assert.Contains(t, out, "; 1 failed\n")
	assert.Contains(t, errs, "store [################] 100 %  5/5", "a bar, on a terminal")
	assert.Regexp(t, `\r +\r$`, errs, "which is taken away")
	srv.Refuse(study.Instances[2].Ref.Instance, 0)
	status, out, _ = pacs("store", filepath.Join(exam, "IM0003.dcm"))
	assert.Zero(t, status)
	assert.Contains(t, out, "1 of 1 instance stored")
	status, out, _ = pacs("store", filepath.Join(exam, "IM0003.dcm"), file("letter.pdf", []byte("%PDF-1.7")))
	assert.Equal(t, exitFailed, status, "a file that was named")
	assert.Contains(t, out, "letter.pdf: not sent")

	status, out, _ = pacs("find", "-patient", "IPP-0001", "-key", "StudyID=*", "-include", "00081030", "-to", "2026-12-31", "-limit", "5", "-json")
	assert.Zero(t, status)
	assert.Contains(t, out, `"00100020":{"vr":"LO","Value":["IPP-0001"]}`)
	status, out, _ = pacs("find", "-level", "instances", "-study", ref.Study, "-series", ref.Series)
	assert.Zero(t, status)
	assert.Contains(t, out, "16x16")
	assert.Contains(t, out, "2 instances\n")
	status, out, _ = pacs("show", name(dicomweb.Ref{Study: ref.Study, Series: ref.Series}))
	assert.Zero(t, status)
	assert.Contains(t, out, ref.Instance)
	status, out, _ = pacs("show", srv.URL+ref.Path())
	assert.Zero(t, status, "the URL that a server gives")
	assert.Contains(t, out, "00100010 PN PatientName                        FICTIVE-DURAND^CAMILLE\n")
	assert.Contains(t, out, "7FE00010 OW PixelData                          <elsewhere>\n")
	status, out, _ = pacs("show", "-json", name(ref))
	assert.Zero(t, status)
	assert.Contains(t, out, `"00080018":{"vr":"UI","Value":["`+ref.Instance+`"]}`)
	status, out, _ = pacs("probe")
	assert.Zero(t, status)
	assert.Contains(t, out, "worklists (UPS-RS)     yes (204)\n")
	srv.Fail(dicomwebtest.HTML(dicomwebtest.OpUPSSearch, 403))
	_, out, _ = pacs("probe")
	assert.Contains(t, out, "worklists (UPS-RS)     unknown (403): dicomweb.probe: authorization")
	status, out, _ = pacs("show", "1.2.3")
	assert.Equal(t, exitFailed, status)
	assert.Contains(t, out, "does not hold it")
	status, out, _ = pacs("show", ref.Study+"/1.2.3")
	assert.Equal(t, exitFailed, status, "a series that the study does not have")
	assert.Contains(t, out, "does not hold it")

	status, out, _ = pacs("get", "-out", dir, "-syntax", dicomweb.ExplicitVRLittleEndian, name(ref))
	assert.Zero(t, status)
	assert.Contains(t, out, "complete: 1 of 1 instance")
	got, err := os.ReadFile(filepath.Join(dir, ref.Study, ref.Instance+".dcm"))
	require.NoError(t, err)
	assert.Equal(t, study.Instances[0].File, got)

	// Deletion asks, on a terminal.
	status, _, errs = pacs("rm", name(ref))
	assert.Equal(t, exitUsage, status, errs)
	for answer, want := range map[string]string{"no\n": "kept", "": "kept", "yes\n": "deleted"} {
		before := srv.Len()
		_, out, errs := call(t.Context(), &session{keyboard: true, stdin: strings.NewReader(answer)}, append(withToken, "rm", ref.Study+"/"+ref.Series)...)
		assert.Contains(t, errs, "delete it for good?")
		assert.Contains(t, out, want)
		assert.Equal(t, want == "deleted", srv.Len() < before)
		if want == "deleted" { // put it back for the other answers
			require.NoError(t, srv.Add(study.Instances[0].File, study.Instances[2].File))
		}
	}
	status, out, _ = pacs("rm", "-yes", ref.Study+"/1.2.3")
	assert.Equal(t, exitFailed, status)
	assert.Contains(t, out, "not there")

	// Who may not, and what fails.
	status, _, errs = call(t.Context(), &session{}, append(flags, "find")...)
	assert.Equal(t, exitFailed, status)
	assert.Contains(t, errs, "authentication")
	srv.Fail(dicomwebtest.HTML(dicomwebtest.OpSearch, 200))
	status, _, errs = pacs("find", "-patient", "IPP-0001")
	assert.Equal(t, exitFailed, status)
	assert.Contains(t, errs, "pacs: dicomweb.search")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	status, _, _ = call(ctx, &session{}, append(withToken, "find")...)
	assert.Equal(t, exitInterrupted, status)
}

// A folder is searched and read as a server is, and not written to.
func TestFolder(t *testing.T) {
	t.Parallel()
	study, err := dicomwebtest.SampleStudy(dicomwebtest.SampleOptions{})
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, study.WriteDir(dir))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("not an image"), 0o600))
	status, out, errs := call(t.Context(), &session{}, "-dicom", dir, "find", "-patient", "IPP-0001")
	require.Zero(t, status, errs)
	assert.Contains(t, errs, "6 instances of the folder, in memory until the command ends; 1 files are none\n")
	assert.Contains(t, out, "1 study\n")
	status, out, _ = call(t.Context(), &session{}, "-dicom", dir, "show", study.UID)
	assert.Zero(t, status)
	assert.Contains(t, out, "2 series, 6 instances\n")
	status, _, _ = call(t.Context(), &session{}, "-dicom", dir, "rm", "-yes", study.UID)
	assert.Zero(t, status)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, entries, 7)
	for _, args := range [][]string{{"-dicom", "/nowhere", "find"}, {"-dicom", dir, "-url", "https://pacs.example", "find"}, {"-dicom", dir, "-plain", "find"}} {
		status, _, errs = call(t.Context(), &session{}, args...)
		assert.Equal(t, exitUsage, status, "%v: %s", args, errs)
	}
}

func TestPassword(t *testing.T) {
	srv := dicomwebtest.NewServer(dicomwebtest.WithBasic("ris", "a-secret"), dicomwebtest.WithoutTLS())
	defer srv.Close()
	t.Setenv(passwordVariable, "")
	require.NoError(t, os.Unsetenv(passwordVariable))
	status, _, errs := call(t.Context(), &session{}, "-url", srv.URL, "-user", "ris", "find")
	assert.Equal(t, exitUsage, status)
	assert.Contains(t, errs, passwordVariable)
	t.Setenv(passwordVariable, "a-secret")
	status, _, errs = call(t.Context(), &session{}, "-url", srv.URL, "-user", "ris", "find")
	assert.Equal(t, exitFailed, status, "no password without TLS")
	assertPublic(t, errs)
}

// What cannot be understood is said, and nothing is asked of a server.
func TestUsage(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"dance"}, {"-wrong"}, {"-url", "https://pacs.example/dicom-web"}, {"-token", "x", "find"}, {"-url", "http://pacs.example/dicom-web", "find"},
		{"-url", "https://pacs.example", "-ca", "/nowhere", "find"}, {"-url", "https://pacs.example", "-token", "/nowhere", "find"}, {"find", "-level", "patients"}, {"find", "extra"}, {"find", "-from", "yesterday"},
		{"find", "-key", "PatientID"}, {"find", "-key", "NoSuchTag=1"}, {"find", "-include", "x"}, {"get"}, {"get", "x"}, {"get", "1.2/1.3/1.4/1.5"},
		{"get", "https://pacs.example/studies/x"}, {"show", "1.2", "1.3"}, {"show"}, {"rm"}, {"rm", "1.2"}, {"store"}, {"store", "/nowhere"}, {"store", t.TempDir()},
	} {
		status, _, errs := call(t.Context(), &session{}, args...)
		assert.Equal(t, exitUsage, status, "%v: %s", args, errs)
		assert.NotEmpty(t, errs)
		assert.LessOrEqual(t, strings.Count(errs, "\n"), 2, "%v: the error, not the help around it: %s", args, errs)
	}
	for _, args := range [][]string{{"-help"}, {"find", "-help"}, {"store", "-h"}} {
		status, _, errs := call(t.Context(), &session{}, args...)
		assert.Zero(t, status)
		assert.Contains(t, errs, "pacs [flags of the server]")
	}
}

func TestPrintable(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "É.[31m.x.", printable("É\x1b[31m\nx\u202e"))
	assert.Equal(t, "999 B 1.5 kB 2.0 MB 3.00 GB", strings.Join([]string{amount(999), amount(1500), amount(2e6), amount(3e9)}, " "))
}
