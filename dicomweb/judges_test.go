package dicomweb_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/internal/testkit"
)

// judged are the forms in which the data set of every value representation is judged.
var judged = map[string]dicomweb.WriteOptions{
	"explicit":          {},
	"undefined lengths": {UndefinedLengths: true},
	"deflated":          {TransferSyntaxUID: dicomweb.DeflatedExplicitVRLE},
	"big endian":        {TransferSyntaxUID: dicomweb.ExplicitVRBigEndian},
}

// normal makes of a data set what two programs must agree on: numbers by value, text without the blanks that pad it.
func normal(ds *dicomweb.Dataset) *dicomweb.Dataset {
	out := dicomweb.NewDataset()
	for e := range ds.All() {
		e.Values = slices.Clone(e.Values)
		for i, v := range e.Values {
			bits := 64
			switch e.VR {
			case dicomweb.FL:
				bits = 32
				fallthrough
			case dicomweb.FD, dicomweb.DS, dicomweb.IS:
				if f, err := strconv.ParseFloat(v, bits); err == nil {
					v = strconv.FormatFloat(f+0, 'g', -1, bits) // -0 is 0
				}
			case dicomweb.PN:
				v = strings.TrimRight(v, "^")
			}
			e.Values[i] = strings.TrimRight(v, " ")
		}
		for i, item := range e.Items {
			e.Items[i] = normal(item)
		}
		out.Set(e)
	}
	return out
}

// assertSame holds what a judge made of a file against the data set.
func assertSame(t *testing.T, want *dicomweb.Dataset, text []byte) {
	t.Helper()
	all, err := dicomweb.ParseJSON(text)
	require.NoError(t, err)
	require.Len(t, all, 1)
	assert.Equal(t, indented(t, normal(want)), indented(t, normal(all[0])))
}

func indented(t *testing.T, ds *dicomweb.Dataset) string {
	t.Helper()
	var v any
	require.NoError(t, json.Unmarshal(ds.AppendJSON(nil), &v))
	b, err := json.MarshalIndent(v, "", " ")
	require.NoError(t, err)
	return string(b)
}

// pydicom reads our files and our DICOM JSON, and finds the same values in both.
func TestJudgedByPydicom(t *testing.T) {
	t.Parallel()
	python := testkit.Python(t, "pydicom")
	for name, o := range judged {
		if o.TransferSyntaxUID == dicomweb.ExplicitVRBigEndian {
			continue // it gives binary values as they are in the file
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, ds := t.TempDir(), everyVR()
			file, text := filepath.Join(dir, "object.dcm"), filepath.Join(dir, "object.json")
			require.NoError(t, os.WriteFile(file, write(t, ds, o), 0o600))
			require.NoError(t, os.WriteFile(text, ds.AppendJSON(nil), 0o600))
			out := testkit.Run(t, nil, python, "testdata/judge.py", file, text)
			require.NoError(t, out.Err())
			differ, read, _ := strings.Cut(string(out.Stdout), "\n")
			assert.Equal(t, "differ:", strings.TrimSpace(differ))
			assertSame(t, ds, []byte(read)) // with NaN in it, which is no JSON and is read all the same
		})
	}
}

// dcm2json makes of our files what we make of the data set.
func TestJudgedByDcm2json(t *testing.T) {
	t.Parallel()
	for name, o := range judged {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ds, file := everyVR(), filepath.Join(t.TempDir(), "object.dcm")
			require.NoError(t, os.WriteFile(file, write(t, ds, o), 0o600))
			out := testkit.Run(t, nil, "dcm2json", "-q", "-ee", "-fc", file)
			require.NoError(t, out.Err())
			assertSame(t, ds, out.Stdout)
		})
	}
}
