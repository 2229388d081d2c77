package dicomweb_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/dicomweb"
)

// fixedRows serves searches with fixed JSON, whatever is asked but the offset.
func fixedRows(t testing.TB, rows map[string]string) *dicomweb.Client {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text := rows[path.Base(r.URL.Path)]
		if r.URL.Query().Get("offset") != "0" {
			text = "[]"
		}
		w.Header().Set("Content-Type", "application/dicom+json")
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(srv.Close)
	return rawClient(t, srv.URL)
}

// Rows of another study, or of another patient, are told from those that were asked below the studies too.
func TestSearchBelowStudiesIgnoringPath(t *testing.T) {
	t.Parallel()
	client := fixedRows(t, map[string]string{
		"series": `[{"0020000D":{"vr":"UI","Value":["1.2.9"]},"0020000E":{"vr":"UI","Value":["1.2.9.1"]}}]`,
		"instances": `[{"0020000D":{"vr":"UI","Value":["1.2.3"]},"0020000E":{"vr":"UI","Value":["1.2.9.1"]},
			"00080018":{"vr":"UI","Value":["1.2.9.1.1"]}}]`,
	})
	_, err := collect(client.SearchSeries(t.Context(), dicomweb.Query{Study: "1.2.3"}))
	requireCode(t, err, dicomweb.CodeFilterIgnored)
	_, err = collect(client.SearchInstances(t.Context(), dicomweb.Query{Study: "1.2.3", Series: "1.2.3.1"}))
	requireCode(t, err, dicomweb.CodeFilterIgnored)
	_, err = collect(client.SearchInstances(t.Context(), dicomweb.Query{Study: "1.2.4"}))
	requireCode(t, err, dicomweb.CodeFilterIgnored)
	_, err = client.Missing(t.Context(), []dicomweb.Ref{{Study: "1.2.4", Series: "1.2.4.1", Instance: "1.2.9.1.1"}})
	requireCode(t, err, dicomweb.CodeFilterIgnored)
	// Across studies the server has to return what it matched.
	for _, q := range []dicomweb.Query{{PatientID: "IPP-0001"}, {AccessionNumber: "ACC-0001"}} {
		_, err = collect(client.SearchSeries(t.Context(), q))
		requireCode(t, err, dicomweb.CodeFilterIgnored)
		_, err = collect(client.SearchInstances(t.Context(), q))
		requireCode(t, err, dicomweb.CodeFilterIgnored)
	}
}

// Numbers are compared as numbers, patterns as patterns where no server can read them in another way.
func TestSearchRowsAgainstPatternsAndNumbers(t *testing.T) {
	t.Parallel()
	client := fixedRows(t, map[string]string{"studies": `[{"0020000D":{"vr":"UI","Value":["1.2.3"]},"00100020":{"vr":"LO","Value":["IPP-0001"]},
		"00201208":{"vr":"IS","Value":["012"]},"00081030":{"vr":"LO","Value":["Crâne"]},"00101030":{"vr":"DS","Value":["70.50"]}}]`})
	for name, c := range map[string]struct {
		m    dicomweb.Match
		held bool
	}{
		"pattern":            {dicomweb.Equal(dicomweb.TagPatientID, "ipp-00*"), true},
		"question mark":      {dicomweb.Equal(dicomweb.TagPatientID, "IPP-000?"), true},
		"two stars":          {dicomweb.Equal(dicomweb.TagPatientID, "*P*01"), true},
		"another":            {dicomweb.Equal(dicomweb.TagPatientID, "IPP-1*"), false},
		"too short":          {dicomweb.Equal(dicomweb.TagPatientID, "IPP-00?"), false},
		"accents folded":     {dicomweb.Equal(dicomweb.TagStudyDescription, "CRANE*"), true},
		"one of patterns":    {dicomweb.OneOf(dicomweb.TagPatientID, "X*", "IPP*"), true},
		"none of patterns":   {dicomweb.OneOf(dicomweb.TagPatientID, "X*", "Y*"), false},
		"number":             {dicomweb.Equal(dicomweb.TagStudyInstanceCount, "12"), true},
		"another number":     {dicomweb.Equal(dicomweb.TagStudyInstanceCount, "13"), false},
		"decimal":            {dicomweb.Equal(dicomweb.Tag(0x00101030), "70.5"), true},
		"another decimal":    {dicomweb.Equal(dicomweb.Tag(0x00101030), "71"), false},
		"text of the number": {dicomweb.Equal(dicomweb.TagStudyInstanceCount, "012"), true},
	} {
		_, err := collect(client.SearchStudies(t.Context(), dicomweb.Query{Match: []dicomweb.Match{c.m}}))
		if c.held {
			require.NoError(t, err, name)
			continue
		}
		requireCode(t, err, dicomweb.CodeFilterIgnored)
	}
}
