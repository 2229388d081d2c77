package xds_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/internal/testkit"
)

// The fixed metadata of a manifest are those of the published description of
// DRIM-M entries: "coding" is code, scheme and label.
func TestKOSEntryOfThePublishedDescription(t *testing.T) {
	t.Parallel()
	var d struct {
		DocumentEntry struct {
			MimeType, Title, LanguageCode string
			FormatCode, ClassCode         []string
			TypeCode                      []string
			ConfidentialityCode           [][]string
			ConfidentialityCodeOptional   [][]string
			PracticeSettingCode           []string
			HealthcareFacilityTypeCode    []string
			EventCodeList                 [][]string
			ReferenceIDList               []string `json:"referenceIdList"`
		}
	}
	require.NoError(t, json.Unmarshal(testkit.ReadShared(t, "dicomweb/drim/kos-documententry.json"), &d))
	want := d.DocumentEntry
	report := header(t)
	e := xds.DeriveKOSEntry(kos(t), report, xds.EntryOptions{})
	same := func(want []string, got segur.Code) {
		t.Helper()
		assert.Equal(t, want[0], got.Code)
		assert.Equal(t, want[1], string(got.System))
	}
	assert.Equal(t, want.MimeType, e.MimeType)
	assert.Equal(t, want.Title, e.Title)
	assert.Equal(t, want.LanguageCode, e.Language)
	same(want.FormatCode, e.FormatCode)
	same(want.ClassCode, e.ClassCode)
	same(want.TypeCode, e.TypeCode)
	assert.Equal(t, want.TypeCode[2], e.TypeCode.Display)
	same(want.ConfidentialityCode[0], e.ConfidentialityCodes[0])
	assert.Equal(t, want.PracticeSettingCode[1], string(e.PracticeSettingCode.System))
	assert.Equal(t, want.HealthcareFacilityTypeCode[1], string(e.FacilityTypeCode.System))
	for _, c := range want.EventCodeList[1:] { // the act is that of the report
		assert.True(t, slices.ContainsFunc(e.EventCodes, func(got segur.Code) bool { return string(got.System) == c[1] }), "%s of %s", c[0], c[1])
	}
	for _, c := range want.ConfidentialityCodeOptional {
		hidden := e.WithVisibility(xds.Visibility(c[0]))
		last := hidden.ConfidentialityCodes[len(hidden.ConfidentialityCodes)-1]
		assert.Equal(t, segur.Code{Code: c[0], System: segur.OID(c[1]), Display: c[2]}, last)
	}
	var kinds []string
	for _, r := range e.References {
		kinds = append(kinds, r.Type)
	}
	slices.Sort(kinds)
	assert.Equal(t, []string{xds.ReferenceAccession, xds.ReferenceOrder, xds.ReferenceStudy}, kinds)
	assert.Len(t, want.ReferenceIDList, len(kinds))
}
