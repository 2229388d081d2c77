package xds_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/internal/hl7"
	"github.com/segur-sdk/segur/internal/testkit"
)

// The headers that package cda reads from the official documents give entries
// that the DMP takes.
func TestEntriesOfOfficialDocuments(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ class, format, setting string }{
		"cda/cr-img-n1.xml":                  {"31", "urn:ihe:iti:xds-sd:pdf:2008", "AMBULATOIRE"},
		"cda/cr-img-n3-complet.xml":          {"31", "urn:ihe:rad:CDA:ImagingReportStructuredHeadings:2013", "AMBULATOIRE"},
		"cda/cr-img-n3-minimal.xml":          {"31", "urn:ihe:rad:CDA:ImagingReportStructuredHeadings:2013", "AMBULATOIRE"},
		"cda/da-img-minimal.xml":             {"42", "urn:ans:ci-sis:img-da:2022", "AMBULATOIRE"},
		"dmp/samples/td2.1-document-cda.xml": {"31", "urn:ihe:iti:xds-sd:pdf:2008", "AMBULATOIRE"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			document := testkit.ReadShared(t, name)
			h, err := cda.ReadHeader(bytes.NewReader(document))
			require.NoError(t, err)
			e := xds.DeriveEntry(h, xds.EntryOptions{})
			require.NoError(t, e.Digest(segur.BytesContent(document)))
			_, err = e.Validate(xds.Rules{})
			assert.NoError(t, err)
			assert.Equal(t, c.class, e.ClassCode.Code)
			assert.Equal(t, c.format, e.FormatCode.Code)
			assert.Equal(t, c.setting, e.PracticeSettingCode.Code)
			assert.NotEmpty(t, e.EventCodes)
			assert.NotEmpty(t, e.References)
			assert.NotEmpty(t, e.SourcePatient().BirthName)
			assert.Len(t, hl7.FormatUTC(e.ServiceStart), 14)
		})
	}
}

// A request is no study: its references are the number that the requester gave.
func TestEntryOfOfficialRequest(t *testing.T) {
	t.Parallel()
	h, err := cda.ReadHeader(bytes.NewReader(testkit.ReadShared(t, "cda/da-img-minimal.xml")))
	require.NoError(t, err)
	require.Len(t, h.Services, 1)
	assert.Empty(t, h.Services[0].StudyUID)
	assert.Equal(t, segur.Identifier{Root: "2.999.33.3", Extension: "D2025-0042"}, h.Services[0].Placer)
	e := xds.DeriveEntry(h, xds.EntryOptions{})
	assert.Equal(t, []xds.Reference{{ID: "D2025-0042", Authority: "2.999.33.3", Type: xds.ReferenceOrder}}, e.References)
}

// Our reader of headers in the tests and that of package cda agree.
func TestHeaderReadersAgree(t *testing.T) {
	t.Parallel()
	document := testkit.ReadShared(t, "dmp/samples/td2.1-document-cda.xml")
	h, err := cda.ReadHeader(bytes.NewReader(document))
	require.NoError(t, err)
	assert.Equal(t, "51215", h.Patient.BirthPlace)
	h.Patient.BirthPlace = "" // which the reader of the tests does not know
	want := xds.DeriveEntry(cdaHeader(t, document), xds.EntryOptions{})
	got := xds.DeriveEntry(h, xds.EntryOptions{})
	want.Hash, want.Size, got.Hash, got.Size = "x", 1, "x", 1
	assertSameEntry(t, want, got)
}
