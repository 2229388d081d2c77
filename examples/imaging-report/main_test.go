package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// outcome is what a command left.
type outcome struct {
	status         int
	stdout, stderr string
}

func do(args ...string) outcome {
	var stdout, stderr bytes.Buffer
	status := command(args, &stdout, &stderr)
	return outcome{status, stdout.String(), stderr.String()}
}

// Everything that is wrong with the arguments is said at once.
func TestFlags(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		args []string
		want []string
	}{
		"everything": {[]string{"-check", "a.xml", "-show", "b.xml", "-lang", "de"}, []string{"-show", "does not go with -check", "-lang", "must be fr or en"}},
		"show":       {[]string{"-show", "b.xml", "-official", "-production", "c.xml"}, []string{"-official", "-production", "goes with -check", "arguments"}},
		"check":      {[]string{"-check", "a.xml", "-out", "b"}, []string{"-out", "which prints"}},
		"no story":   {[]string{"a.xml"}, []string{"arguments"}},
		"unknown":    {[]string{"-unknown"}, []string{"flag provided but not defined"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := do(tc.args...)
			assert.Equal(t, 1, got.status)
			assert.Empty(t, got.stdout)
			for _, w := range tc.want {
				assert.Contains(t, got.stderr, w)
			}
		})
	}
	help := do("-help")
	assert.Zero(t, help.status)
	assert.Contains(t, help.stderr, "-check file")
}

// sample writes the documents of the story once, and returns their folder.
func sample(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "report")
	got := do("-out", dir)
	require.Zero(t, got.status, got.stderr)
	return dir
}

func TestCheckFile(t *testing.T) {
	t.Parallel()
	dir := sample(t)
	good, broken := filepath.Join(dir, "level3.xml"), filepath.Join(dir, "broken.xml")

	got := do("-check", good, filepath.Join(dir, "request.xml"), filepath.Join(dir, "level1.xml"))
	assert.Zero(t, got.status)
	assert.Equal(t, []string{
		"level3.xml : compte rendu d'imagerie, niveau 3 ; erreurs : 0, avertissements : 0",
		"request.xml : demande d'imagerie, niveau 3 ; erreurs : 0, avertissements : 0",
		"level1.xml : compte rendu d'imagerie, niveau 1 ; erreurs : 0, avertissements : 0",
	}, strings.Split(strings.TrimSpace(got.stdout), "\n"))
	assert.Zero(t, do("-check", good, "-official").status, "the official checker has nothing to say of it")

	got = do("-lang", "en", "-check", good, broken)
	assert.Equal(t, 1, got.status)
	assert.Empty(t, got.stderr, "the list says it")
	for _, want := range []string{"level3.xml: imaging report, level 3; errors: 0", "broken.xml: imaging report, level 3; errors: 10",
		"  error CDA020  ", "report.patient.ins | ", "/ClinicalDocument/recordTarget/patientRole/id[1]", "SCANNER"} {
		assert.Contains(t, got.stdout, want)
	}
	assert.NotContains(t, got.stdout, "erreur")
	for _, secret := range []string{"FICTIVE", "CAMILLE", "2850369123", "1985"} {
		assert.NotContains(t, got.stdout, secret, "a check holds nothing of the patient")
	}

	got = do("-check", good, "-production")
	assert.Equal(t, 1, got.status)
	assert.Contains(t, got.stdout, "CDA020", "a test identity is none in production")
}

// What a document says never reaches the terminal as a command.
func TestCheckPrintsNoControl(t *testing.T) {
	t.Parallel()
	dir := sample(t)
	b, err := os.ReadFile(filepath.Join(dir, "level3.xml"))
	require.NoError(t, err)
	hostile := filepath.Join(dir, "hostile.xml")
	require.NoError(t, os.WriteFile(hostile, bytes.ReplaceAll(b, []byte(`code="CT"`), []byte("code=\"S\u009b31mC\u202e\"")), 0o600))
	got := do("-check", hostile)
	assert.Equal(t, 1, got.status)
	assert.Contains(t, got.stdout, "S\ufffd31mC\ufffd")
	assert.NotContains(t, got.stdout, "\u009b")
	assert.NotContains(t, got.stdout, "\u202e")
}

func TestCheckUnreadableFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		return file
	}
	for name, text := range map[string]string{
		"page": "<!DOCTYPE html><html><body>maintenance</body></html>", "empty": "", "text": "no XML",
		"bomb": `<!DOCTYPE a [<!ENTITY b "c">]><ClinicalDocument xmlns="urn:hl7-org:v3">&b;</ClinicalDocument>`,
	} {
		got := do("-check", write(name+".xml", text))
		assert.Equal(t, 1, got.status, name)
		assert.Contains(t, got.stdout, name+".xml : autre document, niveau 0 ; erreurs : 1", name)
		assert.Contains(t, got.stdout, "erreur CDA001", name)
		got = do("-show", filepath.Join(dir, name+".xml"))
		assert.Equal(t, 1, got.status, name)
		assert.Empty(t, got.stdout, name)
		assert.Contains(t, got.stderr, "cda.parse", name)
	}
	for _, args := range [][]string{{"-check", filepath.Join(dir, "none.xml")}, {"-show", dir}} {
		got := do(args...)
		assert.Equal(t, 1, got.status)
		assert.Contains(t, got.stderr, "cannot be read")
	}
}

func TestShowFile(t *testing.T) {
	t.Parallel()
	dir := sample(t)
	got := do("-show", filepath.Join(dir, "level3.xml"))
	require.Zero(t, got.status, got.stderr)
	for _, want := range []string{"<!DOCTYPE html>", "Content-Security-Policy", "FICTIVE-DURAND", "Micronodule apical droit de 4 mm, stable.", "312,40 mGy.cm", `lang="fr"`} {
		assert.Contains(t, got.stdout, want)
	}
	assert.NotContains(t, got.stdout, "<script")

	page := filepath.Join(t.TempDir(), "request.html")
	got = do("-show", filepath.Join(dir, "request.xml"), "-out", page, "-lang", "en")
	require.Zero(t, got.status, got.stderr)
	assert.Empty(t, got.stdout)
	b, err := os.ReadFile(page)
	require.NoError(t, err)
	assert.Contains(t, string(b), "Comparer au scanner de 2023.")
	assert.Contains(t, string(b), `lang="en"`)

	got = do("-show", filepath.Join(dir, "level1.xml"), "-out", filepath.Join(dir, "no", "page.html"))
	assert.Equal(t, 1, got.status)
	assert.Contains(t, got.stderr, "cannot be written")
}
