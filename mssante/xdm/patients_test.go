package xdm_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/mssante/xdm"
)

// Documents whose headers hold the INS of two patients are refused, though
// their metadata name one.
func TestHeadersOfTwoPatients(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		old, new string
		refused  bool
	}{
		"the same patient":         {`extension="CR-1"`, `extension="CR-2"`, false},
		"another matricule":        {matricule, "285036912345753", true},
		"another authority":        {"1.2.250.1.213.1.4.10", "1.2.250.1.213.1.4.11", false}, // a warning: numbers of two kinds do not compare
		"another local identifier": {"IPP-0001", "IPP-0002", false},
	} {
		p := parcel()
		first := p.Subsets[0].Documents[0]
		other := first
		other.Entry.UniqueID = testRoot + ".3^CR-2"
		text := strings.Replace(strings.Replace(cdaText, "CR-1", "CR-2", 1), strings.Replace(c.old, "CR-1", "CR-2", 1), c.new, 1)
		other.Content = segur.BytesContent([]byte(text))
		p.Subsets[0].Documents = []xdm.Document{first, other}
		_, err := open(pack(t, p, options()))
		if !c.refused {
			require.NoError(t, err, name)
			continue
		}
		var e *segur.Error
		require.ErrorAs(t, err, &e, name)
		assert.Equal(t, xdm.CodeSeveralPatients, e.Code, name)
		assert.Equal(t, "sets[0].entries[1]", e.Details[0].Field, name)
		assert.NotContains(t, err.Error(), "28503", name)
	}
}

// A media type with a parameter does not exempt a document from being a CDA.
func TestMediaTypeWithParameter(t *testing.T) {
	t.Parallel()
	metadata, document := good(t)
	metadata = strings.Replace(metadata, `mimeType="text/xml"`, `mimeType="text/xml; charset=utf-8"`, 1)
	a, err := open(archive(t, item{name: "IHE_XDM/SUBSET01/METADATA.XML", body: metadata}, item{name: "IHE_XDM/SUBSET01/DOC00001.XML", body: document}))
	require.NoError(t, err)
	require.NotNil(t, a.Sets[0].Documents[0].Header)
	assert.Equal(t, "18748-4", a.Sets[0].Documents[0].Header.Type.Code)
}
