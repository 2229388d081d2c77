package drim_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/dicomweb/drim"
)

const viewerService = "https://vi1.site-fictif.example/IHEInvokeImageDisplay"

func readViewerLink(t *testing.T, s string) (*drim.ViewerLink, error) {
	t.Helper()
	u, err := url.Parse(s)
	require.NoError(t, err)
	return drim.ReadViewerLink(u)
}

// What a report bears is what is written here, and it reads back in every known spelling.
func TestViewerLink(t *testing.T) {
	t.Parallel()
	accession := segur.Identifier{Root: "1.2.250.1.999.5", Extension: "ACN+108/é"}
	l := drim.NewViewerLink("1.2.250.1.999.2.1", accession, "1.2.250.1.999.3.4")
	s, err := l.URL(viewerService)
	require.NoError(t, err)
	assert.Equal(t, viewerService+"?requestType=STUDY&studyUID=1.2.250.1.999.2.1&Accessionnumber=1.2.250.1.999.5.ACN%2B108%2F%C3%A9&idCDA=1.2.250.1.999.3.4", s)
	assert.Equal(t, cda.ViewerLink(viewerService, l.Study, accession, l.Document), s)
	assert.NotContains(t, fmt.Sprintf("%v %+v %#v %s", l, l, &l, l), "ACN")
	for _, written := range []string{
		s,
		"/check?idCDA=1.2.250.1.999.3.4&accessionNumber=1.2.250.1.999.5.ACN%2b108%2F%C3%A9&requestType=study&studyInstanceUID=1.2.250.1.999.2.1",
		"?IDCDA=1.2.250.1.999.3.4&ACCESSIONNUMBER=1.2.250.1.999.5.ACN%2B108%2F%c3%a9&STUDYUID=1.2.250.1.999.2.1&theme=dark&%zz=1",
	} {
		got, err := readViewerLink(t, written)
		require.NoError(t, err, written)
		assert.Equal(t, l, *got)
	}
	got, err := readViewerLink(t, "?studyUID=1.2.3&idCDA=1.2.250.1.999.3.4_EXT_2&accessionNumber=A1")
	require.NoError(t, err)
	assert.Equal(t, drim.ViewerLink{Study: "1.2.3", Accession: "A1", Document: "1.2.250.1.999.3.4", Extension: "EXT_2"}, *got)
	s, err = got.URL(viewerService)
	require.NoError(t, err)
	assert.True(t, strings.HasSuffix(s, "&idCDA=1.2.250.1.999.3.4_EXT_2"))
	got, err = readViewerLink(t, "?studyUID=1.2.3&idCDA=&accessionNumber=")
	require.NoError(t, err, "a partial link")
	assert.Equal(t, drim.ViewerLink{Study: "1.2.3"}, *got)

	for _, bad := range []string{
		"", "?", "?idCDA=1.2.3", "?studyUID=", "?studyUID=x", "?studyUID=1.2.3&studyInstanceUID=1.2.3", "?studyUID=1.2.3&STUDYUID=1.2.4", "?studyUID=1.2.3&idCDA=nom",
		"?studyUID=1.2.3&idCDA=_1", "?studyUID=1.2.3&requestType=PATIENT", "?studyUID=1.2.3&accessionNumber=%zz", "?studyUID=1.2.3&accessionNumber=a%00",
		"?studyUID=1.2.3&accessionNumber=%ff", "?studyUID=1.2.3&accessionNumber=" + strings.Repeat("a", 129), "?studyUID=1.2.3&x=" + strings.Repeat("a", 5000),
	} {
		_, err := readViewerLink(t, bad)
		var e *segur.Error
		require.ErrorAs(t, err, &e, bad)
		assert.Equal(t, drim.CodeBadViewerLink, e.Code)
		assert.Equal(t, 400, e.Status)
		assert.NotContains(t, err.Error(), "nom")
	}
	_, err = drim.ReadViewerLink(nil)
	require.Error(t, err)
	_, err = drim.ViewerLink{}.URL("http://x.example/?a=b")
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	for _, field := range []string{"service", "study", "accession", "document"} {
		assert.Contains(t, err.Error(), field)
	}
}

type viewerRecords map[segur.OID]*drim.ViewerStudy

func (v viewerRecords) ViewerStudy(_ context.Context, study segur.OID) (*drim.ViewerStudy, error) {
	if study == "1.9" {
		return nil, errors.New("disk")
	}
	return v[study], nil
}

// The three of them together, or nothing.
func TestViewerCheck(t *testing.T) {
	t.Parallel()
	records := viewerRecords{
		"1.2.3": {Documents: []string{"1.2.250.1.999.3.1", "1.2.250.1.999.3.2^7"}, Accessions: []string{"1.2.250.1.999.5^A1", "B-2"}},
		"1.2.4": {Documents: []string{"1.2.250.1.999.3.9"}, Accessions: []string{"A9"}},
		"1.2.5": {},
	}
	for name, c := range map[string]struct {
		link  drim.ViewerLink
		wrong string
	}{
		"with root":           {drim.ViewerLink{Study: "1.2.3", Accession: "1.2.250.1.999.5.A1", Document: "1.2.250.1.999.3.1"}, ""},
		"without root":        {drim.ViewerLink{Study: "1.2.3", Accession: "A1", Document: "1.2.250.1.999.3.1"}, ""},
		"another version":     {drim.ViewerLink{Study: "1.2.3", Accession: "A1", Document: "1.2.250.1.999.3.2"}, ""},
		"its extension":       {drim.ViewerLink{Study: "1.2.3", Accession: "A1", Document: "1.2.250.1.999.3.2", Extension: "7"}, ""},
		"extension of more":   {drim.ViewerLink{Study: "1.2.3", Accession: "A1", Document: "1.2.250.1.999.3.1", Extension: "null"}, ""},
		"archive without":     {drim.ViewerLink{Study: "1.2.3", Accession: "1.2.250.1.999.77.B-2", Document: "1.2.250.1.999.3.1"}, ""},
		"another extension":   {drim.ViewerLink{Study: "1.2.3", Accession: "A1", Document: "1.2.250.1.999.3.2", Extension: "8"}, "idCDA"},
		"another root":        {drim.ViewerLink{Study: "1.2.3", Accession: "1.2.250.1.999.6.A1", Document: "1.2.250.1.999.3.1"}, "accessionNumber"},
		"no root of number":   {drim.ViewerLink{Study: "1.2.3", Accession: "XB-2", Document: "1.2.250.1.999.3.1"}, "accessionNumber"},
		"text for a root":     {drim.ViewerLink{Study: "1.2.3", Accession: "x.B-2", Document: "1.2.250.1.999.3.1"}, "accessionNumber"},
		"end of the number":   {drim.ViewerLink{Study: "1.2.3", Accession: "1", Document: "1.2.250.1.999.3.1"}, "accessionNumber"},
		"no number":           {drim.ViewerLink{Study: "1.2.3", Document: "1.2.250.1.999.3.1"}, "accessionNumber"},
		"no report":           {drim.ViewerLink{Study: "1.2.3", Accession: "A1"}, "idCDA"},
		"start of the report": {drim.ViewerLink{Study: "1.2.3", Accession: "A1", Document: "1.2.250.1.999.3"}, "idCDA"},
		"of another study":    {drim.ViewerLink{Study: "1.2.4", Accession: "A9", Document: "1.2.250.1.999.3.1"}, "idCDA"},
		"unknown study":       {drim.ViewerLink{Study: "1.2.6", Accession: "A1", Document: "1.2.250.1.999.3.1"}, "studyUID"},
		"nothing known":       {drim.ViewerLink{Study: "1.2.5", Accession: "A1", Document: "1.2.250.1.999.3.1"}, "idCDA"},
	} {
		err := c.link.Check(t.Context(), records)
		if c.wrong == "" {
			require.NoError(t, err, name)
			continue
		}
		var e *segur.Error
		require.ErrorAs(t, err, &e, name)
		assert.Equal(t, drim.CodeViewerMismatch, e.Code)
		assert.Equal(t, 406, e.Status)
		assert.Equal(t, c.wrong, e.Details[0].Field, name)
		assert.NotContains(t, err.Error(), "A1")
	}
	l := drim.ViewerLink{Study: "1.9", Accession: "A1", Document: "1.2"}
	require.ErrorIs(t, l.Check(t.Context(), records), segur.ErrUnavailable)
}

type viewerArchive struct {
	drim.Archive
	study *drim.ArchivedStudy
}

func (l viewerArchive) Load(context.Context, string) (*drim.ArchivedStudy, error) {
	if l.study == nil {
		return nil, &segur.Error{Kind: segur.KindNotFound}
	}
	return l.study, nil
}

// The archive of a source answers for what is shared now.
func TestArchiveViewer(t *testing.T) {
	t.Parallel()
	l := drim.NewViewerLink("1.2.3", segur.Identifier{Root: "1.2.250.1.999.5", Extension: "A1"}, "1.2.250.1.999.3.1")
	study := func(change func(*drim.ArchivedStudy)) drim.ArchiveViewer {
		s := &drim.ArchivedStudy{StudyUID: "1.2.3", Accessions: []string{"A1"}, Published: &drim.Publication{},
			Reports: []drim.ArchivedReport{{IDs: []string{"1.2.250.1.999.3.0", "1.2.250.1.999.3.1"}, Basis: &drim.ReportBasis{}}}}
		change(s)
		return drim.ArchiveViewer{Archive: viewerArchive{study: s}}
	}
	require.NoError(t, l.Check(t.Context(), study(func(*drim.ArchivedStudy) {})))
	for name, change := range map[string]func(*drim.ArchivedStudy){
		"never published":  func(s *drim.ArchivedStudy) { s.Published = nil },
		"depublished":      func(s *drim.ArchivedStudy) { s.Published.Withdrawn = true },
		"report withdrawn": func(s *drim.ArchivedStudy) { s.Reports[0].Withdrawn = true },
	} {
		require.ErrorIs(t, l.Check(t.Context(), study(change)), segur.ErrNotFound, name)
	}
	require.ErrorIs(t, l.Check(t.Context(), drim.ArchiveViewer{Archive: viewerArchive{}}), segur.ErrNotFound)
}

func FuzzReadViewerLink(f *testing.F) {
	f.Add("requestType=STUDY&studyUID=1.2.3&Accessionnumber=1.2.A%201&idCDA=1.2.4_x")
	f.Fuzz(func(t *testing.T, query string) {
		l, err := drim.ReadViewerLink(&url.URL{RawQuery: query})
		if err != nil || l.Accession == "" || l.Document == "" {
			return
		}
		s, err := l.URL(viewerService)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := readViewerLink(t, s); err != nil || *again != *l {
			t.Fatalf("%v", err)
		}
	})
}
