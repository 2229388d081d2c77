package dmp_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/dmptest"
)

// answersOf gives the golden answers of the fake as seeds.
func answersOf(f *testing.F) {
	f.Helper()
	for _, name := range []string{"existence", "administrative", "records", "professionals", "search"} {
		b, err := os.ReadFile(filepath.Join("testdata", "record", name+"-answer.xml"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(`<PRPA_IN201308UV02 xmlns="urn:hl7-org:v3"><acknowledgement><typeCode code="AE"/><acknowledgementDetail typeCode="E"><code code="X"/><text>x</text></acknowledgementDetail></acknowledgement></PRPA_IN201308UV02>`))
}

// No answer about a record makes the readers panic; what they give is what
// they promise, and an error never repeats what was read.
func FuzzRecordAnswers(f *testing.F) {
	answersOf(f)
	asked := dmptest.Patient().INS
	f.Fuzz(func(t *testing.T, b []byte) {
		status, data, err := dmp.ReadIdentity(b, asked)
		if err == nil {
			assert.Equal(t, status.Exists || status.Closing == nil && status.State == "", true)
			if len(data.INS) > 0 {
				assert.Contains(t, data.INS, asked, "never the record of somebody else")
			}
		}
		if m, err := dmp.ReadMatches(b); err == nil {
			for _, c := range m.Candidates {
				if c.Score != nil {
					assert.True(t, *c.Score >= 0 && *c.Score <= 100)
				}
			}
		}
		if list, err := dmp.ReadRecords(b); err == nil {
			for _, r := range list {
				assert.True(t, r.Traits.BirthDate.IsZero() || r.Traits.BirthDate.Valid())
			}
		}
		if list, err := dmp.ReadProfessionals(b); err == nil {
			for i := range list {
				_ = list[i].DeclaredGP()
			}
		}
		if err != nil {
			assert.NotContains(t, err.Error(), asked.Matricule())
		}
	})
}

// Cleaning a text never panics nor breaks its encoding.
func FuzzFreeText(f *testing.F) {
	for _, s := range []string{"Le dossier de M. DUPONT Jean, né le 14/03/1985", "G15_10/SM44", "[removed]", "É", "ǅ", "a\u0301B", "\xd9٨\xa8\xa8"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		out := dmp.FreeText(s)
		if utf8.ValidString(s) {
			assert.True(t, utf8.ValidString(out))
		}
	})
}

// The readers, over every cut of an answer: all or an error.
func TestRecordReadersCut(t *testing.T) {
	t.Parallel()
	for name, read := range map[string]func([]byte) error{
		"administrative": func(b []byte) error { _, _, err := dmp.ReadIdentity(b, dmptest.Patient().INS); return err },
		"search":         func(b []byte) error { _, err := dmp.ReadMatches(b); return err },
		"records":        func(b []byte) error { _, err := dmp.ReadRecords(b); return err },
		"professionals":  func(b []byte) error { _, err := dmp.ReadProfessionals(b); return err },
	} {
		b, err := os.ReadFile(filepath.Join("testdata", "record", name+"-answer.xml"))
		if assert.NoError(t, err) {
			assert.NoError(t, read(b), name)
		}
		for n := 0; n < len(b); n += stride {
			if err := read(b[:n]); !assert.Error(t, err, "%s cut at %d", name, n) {
				break
			}
		}
	}
	_, _, err := dmp.ReadIdentity([]byte(strings.Repeat("<a>", 5000)), segur.INS{})
	assert.Error(t, err, "depth is bounded")
}
