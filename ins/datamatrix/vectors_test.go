package datamatrix

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/testkit"
)

type vector struct {
	Source, Payload string
	Length          int
	DecodeOnly      bool `json:"decode_only"`
}

func vectors(t *testing.T) []vector {
	t.Helper()
	var v []vector
	require.NoError(t, json.Unmarshal(testkit.ReadShared(t, "insi/datamatrix/vectors.json"), &v))
	require.NotEmpty(t, v)
	return v
}

// Blocks read from the payloads of other programs are written as the same bytes. Some of these hold names with digits, or
// an authority that does not exist: the format is judged apart from the identity.
func TestVectorsAreWrittenAlike(t *testing.T) {
	t.Parallel()
	written := 0
	for _, v := range vectors(t) {
		if v.DecodeOnly || strings.Contains(v.Payload, "8 S3") { // blanks in place of separators
			continue
		}
		r := read(v.Payload)
		require.Empty(t, r.problems.Details(), v.Source)
		assert.False(t, r.superfluous || r.open || r.truncated || r.stopped, v.Source)
		require.Len(t, r.blocks, len(definitions), v.Source)
		for i, b := range r.blocks {
			assert.Equal(t, definitions[i].id, b.id, v.Source)
			assert.NotEmpty(t, b.value, v.Source)
		}
		assert.Equal(t, v.Payload, write(r.blocks), v.Source)
		if v.Length > 0 {
			assert.Len(t, write(r.blocks), v.Length, v.Source)
		}
		written++
	}
	assert.Equal(t, 4, written)
}

// What another program's scanner typed gives the blocks that were meant.
func TestVectorsOfScanners(t *testing.T) {
	t.Parallel()
	scanned := 0
	for _, v := range vectors(t) {
		if !v.DecodeOnly {
			continue
		}
		text, folded, rule := plainScan(v.Payload, nil)
		require.Empty(t, rule)
		assert.False(t, folded)
		r := read(text)
		require.Empty(t, r.problems.Details(), v.Source)
		values := map[string]string{}
		for _, b := range r.blocks {
			values[b.id] = b.value
		}
		assert.Equal(t, map[string]string{"S1": "123549685274612", "S2": "2597845632548156952", "S3": "TEST1 TEST2 TEST",
			"S4": "TEST", "S5": "F", "S6": "25-06-1990"}, values, v.Source)
		assert.Equal(t, r.blocks[len(r.blocks)-1].id == "S3", r.open, v.Source)
		scanned++
	}
	assert.Equal(t, 2, scanned)
}

// The identities that the vectors hold: two that are sound, and what is wrong with the others.
func TestVectorsAreReadOrRefused(t *testing.T) {
	t.Parallel()
	want := map[string]struct {
		name  string   // the birth name, when the identity is sound
		wrong []string // the blocks that are not
	}{
		"lsoulier42/healthcare-domain tests (final revision)":                                    {name: "LOVELACE"},
		"Mediboard CPatientINSNIRTest (20-char OID: no GS after S2)":                             {wrong: []string{"S1", "S2", "S3"}},
		"Mediboard CPatientINSNIRTest (19-char OID: GS after S2; foreign COG)":                   {wrong: []string{"S1", "S2", "S3"}},
		"Mediboard decode test: literal <GS> text, no S7":                                        {wrong: []string{"S1", "S2", "S3"}},
		"Mediboard decode test: fields out of order, S3 last (no GS)":                            {wrong: []string{"S1", "S2", "S3"}},
		"zxing datamatrix testPadding (spaces stand where GS would be; 86 codewords high-level)": {wrong: []string{"S1", "S2", "S3", "S4", "S5", "S6"}},
		"derived here from the INSi test identity ADRTROIS DOMINIQUE":                            {name: "ADRTROIS"},
	}
	for _, v := range vectors(t) {
		expected, known := want[v.Source]
		if !assert.True(t, known, "a vector that this test does not know: %s", v.Source) {
			continue
		}
		d, err := Decode(v.Payload, Options{Environment: segur.Production})
		if expected.name == "" {
			var e *segur.Error
			require.ErrorAs(t, err, &e, v.Source)
			var fields []string
			for _, detail := range e.Details {
				fields = append(fields, detail.Field)
			}
			assert.Equal(t, expected.wrong, fields, "%s: %v", v.Source, err)
			continue
		}
		require.NoError(t, err, v.Source)
		assert.Equal(t, expected.name, d.Traits.BirthName)
		p := d.Patient()
		p.Status = segur.Qualified
		payload, err := Encode(p, segur.Production)
		require.NoError(t, err)
		assert.Equal(t, v.Payload, string(payload.Bytes()), v.Source)
	}
}
