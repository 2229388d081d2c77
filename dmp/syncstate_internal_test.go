package dmp

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
)

func TestSyncStateRefuses(t *testing.T) {
	t.Parallel()
	_, _, st := opened(t)
	good, err := json.Marshal(st)
	require.NoError(t, err)
	patient := strings.Repeat("ab", 32)
	for name, text := range map[string]string{
		"not JSON":       `{`,
		"nothing":        `{}`,
		"later version":  `{"segurDMPSync":2}`,
		"unknown field":  strings.Replace(string(good), `{"segurDMPSync"`, `{"x":1,"segurDMPSync"`, 1),
		"no patient":     `{"segurDMPSync":1,"lastCall":"2026-01-01T00:00:00Z"}`,
		"no time":        `{"segurDMPSync":1,"patient":"` + patient + `"}`,
		"odd patient":    `{"segurDMPSync":1,"patient":"zz","lastCall":"2026-01-01T00:00:00Z"}`,
		"short patient":  `{"segurDMPSync":1,"patient":"ab","lastCall":"2026-01-01T00:00:00Z"}`,
		"only documents": `{"segurDMPSync":1,"documents":[{"entry":"a","logical":"b","unique":"c"}]}`,
		"no entry":       `{"segurDMPSync":1,"patient":"` + patient + `","lastCall":"2026-01-01T00:00:00Z","documents":[{"logical":"b","unique":"c"}]}`,
		"odd other":      `{"segurDMPSync":1,"patient":"` + patient + `","lastCall":"2026-01-01T00:00:00Z","others":[""]}`,
		"only others":    `{"segurDMPSync":1,"others":["urn:uuid:1"]}`,
		"twice":          `{"segurDMPSync":1,"patient":"` + patient + `","lastCall":"2026-01-01T00:00:00Z","documents":[{"entry":"a","logical":"b","unique":"c"},{"entry":"a","logical":"b","unique":"c"}]}`,
		"long":           `{"segurDMPSync":1,"patient":"` + patient + `","lastCall":"2026-01-01T00:00:00Z","documents":[{"entry":"` + strings.Repeat("a", 400) + `","logical":"b","unique":"c"}]}`,
	} {
		kept := st
		err := json.Unmarshal([]byte(text), &kept)
		require.Error(t, err, name)
		if name != "not JSON" {
			require.ErrorIs(t, err, segur.ErrInvalidInput, name)
		}
		assert.Equal(t, st, kept, name)
	}
	var zero SyncState
	b, err := json.Marshal(zero)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, &zero))
	assert.True(t, zero.IsZero())
	assert.Equal(t, "SyncState(1 documents, redacted)", fmt.Sprintf("%+v", st))
}

func FuzzSyncState(f *testing.F) {
	f.Add([]byte(`{"segurDMPSync":1}`))
	f.Add([]byte(`{"segurDMPSync":1,"patient":"` + strings.Repeat("ab", 32) + `","lastCall":"2026-01-01T00:00:00Z","documents":[{"entry":"a","logical":"b","unique":"c","confidentiality":["N","N"]}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var s SyncState
		if s.UnmarshalJSON(b) != nil {
			return
		}
		out, err := s.MarshalJSON()
		if err != nil {
			return // a year that JSON cannot write
		}
		var again SyncState
		if err := again.UnmarshalJSON(out); err != nil {
			t.Fatalf("what was written is refused: %v", err)
		}
	})
}
