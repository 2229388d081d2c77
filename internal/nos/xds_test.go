package nos_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/internal/nos"
	"github.com/segur-sdk/segur/internal/testkit"
)

func tsv(tb testing.TB, name string) [][]string {
	tb.Helper()
	var rows [][]string
	for _, line := range strings.Split(strings.TrimRight(string(testkit.ReadShared(tb, "dmp/valuesets/"+name)), "\n"), "\n")[1:] {
		rows = append(rows, strings.Split(line, "\t"))
	}
	return rows
}

// The tables of XDS metadata are those of the published value sets.
func TestXDSTablesEqualPublication(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		table   *nos.Table
		file    string
		display int
		rows    int
	}{
		{nos.ClassCode, "j57-class-code-dmp.tsv", 2, 12}, {nos.FormatCode, "j60-format-code-dmp.tsv", 3, 62},
		{nos.XDSConfidentiality, "j58-confidentiality-dmp.tsv", 2, 6}, {nos.ReferenceIDType, "j231-reference-id-types-dmp.tsv", 2, 3},
		{nos.ContentType, "j59-content-type-dmp.tsv", 3, 97},
	} {
		t.Run(c.table.Name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.rows, c.table.Len())
			found := 0
			for _, r := range tsv(t, c.file) {
				if e, ok := c.table.Lookup(r[0]); ok && e.System == r[1] {
					assert.Equal(t, r[c.display], e.Display)
					found++
				}
			}
			assert.Equal(t, c.rows, found)
		})
	}
}

func TestClassOf(t *testing.T) {
	t.Parallel()
	for _, r := range tsv(t, "x16-type-to-class-dmp.tsv") {
		c, ok := nos.ClassOf(r[0], r[1])
		require.True(t, ok, r[0])
		assert.Equal(t, r[2], c.Class)
		assert.True(t, nos.ClassCode.Has(c.Class, nos.A03Class) || nos.ClassCode.Has(c.Class, nos.URN), c.Class)
	}
	c, ok := nos.ClassOf("18748-4", nos.LOINC)
	require.True(t, ok)
	assert.Equal(t, "31", c.Class, "an imaging report is of the class imaging since 2024")
	_, ok = nos.ClassOf("18748-4", nos.A05DocumentType)
	assert.False(t, ok)
}

func TestFormats(t *testing.T) {
	t.Parallel()
	for _, r := range tsv(t, "a11-template-to-format.tsv") {
		assert.Equal(t, r[1], nos.FormatOfTemplate(r[0]))
	}
	for _, r := range tsv(t, "a12-mediatype-to-format.tsv") {
		assert.Equal(t, r[1], nos.FormatOfMediaType(r[0]))
		_, ok := nos.FormatCode.Lookup(r[1])
		assert.True(t, ok, r[1])
	}
	assert.Equal(t, "urn:ihe:rad:CDA:ImagingReportStructuredHeadings:2013", nos.FormatOfTemplate("1.2.250.1.213.1.1.1.45"))
	assert.Empty(t, nos.FormatOfTemplate("1.2.3"))
	assert.Empty(t, nos.FormatOfMediaType("application/zip"))
	assert.True(t, nos.FormatCode.Has(nos.UnreferencedFormat, nos.A06Format))
}
