package testkit_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/internal/testkit"
)

var _ testkit.TB = (testing.TB)(nil)

// recorder is a TB that notes how a helper ended instead of ending the test.
type recorder struct {
	t                       *testing.T
	errors, fatal, skip, ls []string
}

type ended struct{}

func (r *recorder) Helper()                   {}
func (r *recorder) Name() string              { return r.t.Name() }
func (r *recorder) Logf(f string, a ...any)   { r.ls = append(r.ls, fmt.Sprintf(f, a...)) }
func (r *recorder) Errorf(f string, a ...any) { r.errors = append(r.errors, fmt.Sprintf(f, a...)) }
func (r *recorder) Fatalf(f string, a ...any) {
	r.fatal = append(r.fatal, fmt.Sprintf(f, a...))
	panic(ended{})
}
func (r *recorder) Skipf(f string, a ...any) {
	r.skip = append(r.skip, fmt.Sprintf(f, a...))
	panic(ended{})
}
func (r *recorder) Cleanup(f func())         { r.t.Cleanup(f) }
func (r *recorder) TempDir() string          { return r.t.TempDir() }
func (r *recorder) Context() context.Context { return r.t.Context() }

func record(t *testing.T, f func(tb testkit.TB)) *recorder {
	t.Helper()
	r := &recorder{t: t}
	func() {
		defer func() {
			if p := recover(); p != nil {
				if _, ok := p.(ended); !ok {
					panic(p)
				}
			}
		}()
		f(r)
	}()
	return r
}

func TestOracleMissingSkipsWithPackage(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv(testkit.EnvRequireOracles, "")
	r := record(t, func(tb testkit.TB) { testkit.Oracle(tb, "xmlsec1") })
	require.Len(t, r.skip, 1)
	assert.Contains(t, r.skip[0], "apt-get install xmlsec1")
	assert.Empty(t, r.fatal)
}

func TestOracleMissingFailsWhenRequired(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv(testkit.EnvRequireOracles, "1")
	r := record(t, func(tb testkit.TB) { testkit.Oracle(tb, "dsrdump") })
	require.Len(t, r.fatal, 1)
	assert.Contains(t, r.fatal[0], "apt-get install dcmtk")
	assert.Empty(t, r.skip)
}

func TestSharedAbsent(t *testing.T) {
	t.Setenv(testkit.EnvShared, "")
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module m\n"), 0o600))
	t.Chdir(dir)
	t.Setenv(testkit.EnvRequireShared, "")
	r := record(t, func(tb testkit.TB) { testkit.SharedData(tb, "cda/x.xml") })
	require.Len(t, r.skip, 1)
	assert.Contains(t, r.skip[0], testkit.EnvShared)
	t.Setenv(testkit.EnvRequireShared, "1")
	r = record(t, func(tb testkit.TB) { testkit.SharedData(tb, "cda/x.xml") })
	require.Len(t, r.fatal, 1)
	assert.Empty(t, r.skip)
}

func TestSharedFoundBesideModule(t *testing.T) {
	t.Setenv(testkit.EnvShared, "")
	top := t.TempDir()
	mod := filepath.Join(top, "sdk")
	require.NoError(t, os.MkdirAll(filepath.Join(mod, "a", "b"), 0o750))
	require.NoError(t, os.WriteFile(filepath.Join(mod, "go.mod"), []byte("module m\n"), 0o600))
	require.NoError(t, os.MkdirAll(filepath.Join(top, "shared", "data", "cda"), 0o750))
	require.NoError(t, os.WriteFile(filepath.Join(top, "shared", "data", "cda", "x.xml"), []byte("<x/>"), 0o600))
	t.Chdir(filepath.Join(mod, "a", "b"))
	assert.Equal(t, []byte("<x/>"), testkit.ReadShared(t, "cda/x.xml"))

	r := record(t, func(tb testkit.TB) { testkit.SharedData(tb, "cda/none.xml") })
	require.Len(t, r.fatal, 1, "a missing file in a present folder is a mistake, not a reason to skip")
	assert.Contains(t, r.fatal[0], "data/cda/none.xml")
}

func TestGolden(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.MkdirAll("testdata/sub", 0o750))
	require.NoError(t, os.WriteFile("testdata/sub/a.txt", []byte("one\ntwo\nthree\n"), 0o600))
	r := record(t, func(tb testkit.TB) { testkit.Golden(tb, "sub/a.txt", []byte("one\ntwo\nthree\n")) })
	assert.Empty(t, r.errors)
	r = record(t, func(tb testkit.TB) { testkit.Golden(tb, "sub/a.txt", []byte("one\ntwO\nthree\n")) })
	require.Len(t, r.errors, 1)
	assert.Contains(t, r.errors[0], "byte 6 (line 2, column 3)")
	assert.Contains(t, r.errors[0], `"o\nthree\n"`)
	assert.Contains(t, r.errors[0], `"O\nthree\n"`)
	r = record(t, func(tb testkit.TB) { testkit.Golden(tb, "absent.txt", nil) })
	require.Len(t, r.fatal, 1)
	assert.Contains(t, r.fatal[0], "-update")
}

func TestDiff(t *testing.T) {
	t.Parallel()
	assert.Empty(t, testkit.Diff([]byte("é"), []byte("é")))
	assert.Contains(t, testkit.Diff([]byte{0, 1, 2}, []byte{0, 1, 3}), "02")
	assert.Contains(t, testkit.Diff([]byte("abc"), []byte("ab")), "want 3 bytes, got 2")
	assert.Contains(t, testkit.Diff(nil, []byte("x")), "byte 0 (line 1, column 1)")
	long := strings.Repeat("é", 500)
	assert.Contains(t, testkit.Diff([]byte(long), []byte(long+"x")), "byte 1000")
}

func TestXMLLintC14N(t *testing.T) {
	t.Parallel()
	in := []byte("<a b='1'  xmlns:z=\"urn:z\"><!--c--><z:e/></a>")
	assert.Equal(t, `<a xmlns:z="urn:z" b="1"><!--c--><z:e></z:e></a>`, string(testkit.XMLLintC14NBytes(t, in, testkit.C14NInclusive)))
	assert.Equal(t, `<a b="1"><!--c--><z:e xmlns:z="urn:z"></z:e></a>`, string(testkit.XMLLintC14NBytes(t, in, testkit.C14NExclusive)))
}

func TestXMLSec1RefusesUnsigned(t *testing.T) {
	t.Parallel()
	assert.Error(t, testkit.XMLSec1Verify(t, []byte("<a/>"), testkit.XMLSecSAML...))
}

func TestPreflightRefusesNonPDF(t *testing.T) {
	t.Parallel()
	assert.Error(t, testkit.PreflightBytes(t, []byte("not a pdf")))
	assert.Error(t, testkit.PreflightAll(t, map[string][]byte{"one": []byte("not a pdf"), "two": nil}))
}

func TestDCIODVfyRefusesNonDICOM(t *testing.T) {
	t.Parallel()
	assert.Contains(t, testkit.DCIODVfyBytes(t, []byte("not dicom")), "Error")
}

func TestCDACheck(t *testing.T) {
	t.Parallel()
	good := testkit.SharedData(t, "cda/cr-img-n1.xml")
	r := testkit.CDACheck(t, good)
	assert.Zero(t, r.Errors, r.Output)
	assert.NoError(t, r.Err())
	bad := testkit.CDACheckBytes(t, []byte("<ClinicalDocument xmlns='urn:hl7-org:v3'/>"), "--only=xsd")
	assert.NotZero(t, bad.Errors)
	assert.ErrorContains(t, bad.Err(), "ERROR")
}

func TestSharedPDFIsReadByPreflight(t *testing.T) {
	t.Parallel()
	if err := testkit.Preflight(t, testkit.SharedData(t, "cda/cr-exemple.pdf")); err != nil {
		assert.Contains(t, err.Error(), "is not a valid PDF/A-1b file", "a verdict, not a failure to run")
	}
}
