package dicomweb_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
)

// assertFolder checks that dir holds these files byte for byte, and nothing else.
func assertFolder(t testing.TB, dir string, want ...dicomwebtest.Instance) {
	t.Helper()
	names, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, names, len(want))
	for _, inst := range want {
		b, err := os.ReadFile(filepath.Join(dir, inst.Ref.Instance+".dcm"))
		require.NoError(t, err)
		assert.True(t, bytes.Equal(inst.File, b))
	}
}

func TestDownload(t *testing.T) {
	t.Parallel()
	srv, client, rec, _ := plain(t)
	s := study(t, 250, dicomwebtest.SampleOptions{Rows: 64})
	add(t, srv, s)
	dir := filepath.Join(t.TempDir(), "new", "folder")
	var told []dicomweb.Progress
	report, err := client.Download(t.Context(), dicomweb.Ref{Study: s.UID}, dicomweb.DownloadOptions{Dir: dir, Progress: func(p dicomweb.Progress) { told = append(told, p) }})
	require.NoError(t, err)
	assert.True(t, report.Complete())
	assertFolder(t, dir, s.Instances...)
	total := int64(0)
	for i, f := range report.Files {
		assert.Equal(t, s.Instances[i].Ref, f.Ref, "in the order of the list")
		assert.Equal(t, int64(len(s.Instances[i].File)), f.Size)
		assert.Equal(t, dicomweb.ExplicitVRLittleEndian, f.TransferSyntaxUID)
		assert.False(t, f.Kept)
		total += f.Size
	}
	assert.Equal(t, []any{6, total, 0, 0}, []any{report.Expected, report.Bytes, len(report.Missing), len(report.Extra)})
	require.NotEmpty(t, told)
	assert.Equal(t, dicomweb.Progress{Instances: 6, Expected: 6, Bytes: total, Done: true}, told[len(told)-1])
	retrievals := func() (list []string) {
		for _, r := range rec.take() {
			if strings.HasPrefix(r.Header.Get("Accept"), "multipart/related") {
				list = append(list, strings.TrimPrefix(r.URL.Path, "/dicom-web"))
			}
		}
		return list
	}
	assert.ElementsMatch(t, []string{"/studies/" + s.UID + "/series/" + s.Instances[0].Ref.Series, "/studies/" + s.UID + "/series/" + s.Instances[3].Ref.Series}, retrievals())

	// Once more with what is there: one file is cut, one is another instance, one is gone.
	require.NoError(t, os.Truncate(filepath.Join(dir, s.Instances[1].Ref.Instance+".dcm"), 4000))
	require.NoError(t, os.WriteFile(filepath.Join(dir, s.Instances[2].Ref.Instance+".dcm"), s.Instances[0].File, 0o600))
	require.NoError(t, os.Remove(filepath.Join(dir, s.Instances[5].Ref.Instance+".dcm")))
	report, err = client.Download(t.Context(), dicomweb.Ref{Study: s.UID}, dicomweb.DownloadOptions{Dir: dir, Resume: true, Parallel: 1})
	require.NoError(t, err)
	assert.True(t, report.Complete())
	assertFolder(t, dir, s.Instances...)
	kept := []bool{}
	for _, f := range report.Files {
		kept = append(kept, f.Kept)
	}
	assert.Equal(t, []bool{true, false, false, true, true, false}, kept)
	assert.Equal(t, []string{s.Instances[1].Ref.Path(), s.Instances[2].Ref.Path(), s.Instances[5].Ref.Path()}, retrievals(), "only what is missing")

	// One series, one instance.
	for _, c := range []struct {
		ref  dicomweb.Ref
		want []dicomwebtest.Instance
	}{{dicomweb.Ref{Study: s.UID, Series: s.Instances[3].Ref.Series}, s.Instances[3:]}, {s.Instances[4].Ref, s.Instances[4:5]}} {
		dir := t.TempDir()
		report, err := client.Download(t.Context(), c.ref, dicomweb.DownloadOptions{Dir: dir})
		require.NoError(t, err)
		assert.Equal(t, len(c.want), report.Expected)
		assertFolder(t, dir, c.want...)
	}
	_, err = client.Download(t.Context(), dicomweb.Ref{Study: "1.2.3"}, dicomweb.DownloadOptions{Dir: dir})
	require.ErrorIs(t, err, segur.ErrNotFound)
}

// What an answer leaves out, by a cut or silently, comes instance by instance.
func TestDownloadFillsGaps(t *testing.T) {
	t.Parallel()
	s := study(t, 251, dicomwebtest.SampleOptions{Rows: 32})
	for name, spoil := range map[string]func(*dicomwebtest.Server){
		"cut": func(srv *dicomwebtest.Server) {
			srv.Fail(dicomwebtest.Fault{Op: dicomwebtest.OpRetrieve, CutAfter: 5000, Times: 2})
		},
		"truncated": func(srv *dicomwebtest.Server) {
			srv.Fail(dicomwebtest.Fault{Op: dicomwebtest.OpRetrieve, TruncateAfter: 5000, Times: 2})
		},
		"before a part": func(srv *dicomwebtest.Server) {
			srv.Fail(dicomwebtest.Fault{Op: dicomwebtest.OpRetrieve, TruncateAfter: 1, Times: 2})
		},
		"500": func(srv *dicomwebtest.Server) {
			srv.Fail(dicomwebtest.Fault{Op: dicomwebtest.OpRetrieve, Status: 500, Times: 2})
		},
		"HTML": func(srv *dicomwebtest.Server) {
			srv.Fail(dicomwebtest.Fault{Op: dicomwebtest.OpRetrieve, Body: []byte("<html>"), ContentType: "text/html", Times: 2})
		},
		"silently short": func(srv *dicomwebtest.Server) {
			srv.SetQuirks(dicomwebtest.Quirks{Withhold: []string{s.Instances[1].Ref.Instance, s.Instances[4].Ref.Instance}})
		},
		"no search": func(srv *dicomwebtest.Server) {
			srv.Fail(dicomwebtest.Fault{Op: dicomwebtest.OpSearch, Status: 404, Times: dicomwebtest.Forever})
		},
		"one part only": func(srv *dicomwebtest.Server) { srv.SetQuirks(dicomwebtest.Quirks{RefuseMultipart: true}) },
	} {
		srv, client, _, _ := plain(t)
		add(t, srv, s)
		spoil(srv)
		dir := t.TempDir()
		report, err := client.Download(t.Context(), dicomweb.Ref{Study: s.UID}, dicomweb.DownloadOptions{Dir: dir})
		require.NoError(t, err, name)
		assert.True(t, report.Complete(), name)
		assertFolder(t, dir, s.Instances...)
	}
}

// A study that stays short is never called complete: the report and the error name what is missing.
func TestDownloadNeverCallsShortComplete(t *testing.T) {
	t.Parallel()
	s := study(t, 252, dicomwebtest.SampleOptions{Rows: 32})
	ref := dicomweb.Ref{Study: s.UID}
	check := func(t *testing.T, report *dicomweb.DownloadReport, err error, missing ...string) {
		t.Helper()
		require.ErrorIs(t, err, segur.ErrPartial)
		require.NotNil(t, report)
		assert.False(t, report.Complete())
		var got []string
		for _, m := range report.Missing {
			require.Error(t, m.Err)
			got = append(got, m.Ref.Instance)
		}
		assert.ElementsMatch(t, missing, got)
		var e *segur.Error
		require.ErrorAs(t, err, &e)
		assert.Len(t, e.Details, len(missing))
		assertPublic(t, err)
	}
	t.Run("a manifest lists more than the server has", func(t *testing.T) {
		t.Parallel()
		srv, client, _, _ := plain(t)
		add(t, srv, s)
		absent := dicomweb.Ref{Study: s.UID, Series: s.Instances[0].Ref.Series, Instance: "1.2.3"}
		dir := t.TempDir()
		report, err := client.Download(t.Context(), ref, dicomweb.DownloadOptions{Dir: dir, Instances: []dicomweb.Ref{s.Instances[2].Ref, absent, s.Instances[0].Ref}})
		check(t, report, err, "1.2.3")
		require.ErrorIs(t, report.Missing[0].Err, segur.ErrNotFound)
		assert.Contains(t, err.Error(), "2 of 3 instances are there")
		assertFolder(t, dir, s.Instances[0], s.Instances[2])
	})
	t.Run("a file that the server holds cut", func(t *testing.T) {
		t.Parallel()
		srv, client, _, _ := plain(t)
		add(t, srv, s)
		short := s.Instances[1].File[:len(s.Instances[1].File)-100]
		srv.Fail(dicomwebtest.Fault{Op: dicomwebtest.OpRetrieve, Times: dicomwebtest.Forever, Alter: func(b []byte) []byte { return bytes.ReplaceAll(b, s.Instances[1].File, short) }})
		dir := t.TempDir()
		report, err := client.Download(t.Context(), ref, dicomweb.DownloadOptions{Dir: dir})
		check(t, report, err, s.Instances[1].Ref.Instance)
		require.ErrorIs(t, report.Missing[0].Err, segur.ErrTruncated)
		assert.Len(t, report.Files, 5)
	})
	t.Run("more rows than the server gives", func(t *testing.T) {
		t.Parallel()
		srv, client, _, _ := plain(t, dicomwebtest.WithQuirks(dicomwebtest.Quirks{MaxTotal: 2}))
		add(t, srv, s)
		srv.Fail(dicomwebtest.Fault{Op: dicomwebtest.OpMetadata, Times: dicomwebtest.Forever, Alter: func([]byte) []byte {
			ds := dicomweb.NewDataset(dicomweb.Text(dicomweb.TagStudyInstanceUID, s.UID), dicomweb.Text(dicomweb.TagSeriesInstanceUID, s.Instances[0].Ref.Series),
				dicomweb.Text(dicomweb.TagSOPInstanceUID, s.Instances[0].Ref.Instance))
			return ds.AppendJSON(nil)
		}})
		dir := t.TempDir()
		report, err := client.Download(t.Context(), ref, dicomweb.DownloadOptions{Dir: dir})
		check(t, report, err)
		assert.True(t, report.Unlisted)
		var e *segur.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, dicomweb.CodeHeldBack, e.Code)
	})
	t.Run("the server dies", func(t *testing.T) {
		t.Parallel()
		srv, client, rec, _ := plain(t)
		add(t, srv, s)
		srv.Fail(dicomwebtest.Fault{Op: dicomwebtest.OpRetrieve, DropRequest: true, Times: dicomwebtest.Forever})
		report, err := client.Download(t.Context(), ref, dicomweb.DownloadOptions{Dir: t.TempDir(), Parallel: 1})
		var all []string
		for _, i := range s.Instances {
			all = append(all, i.Ref.Instance)
		}
		check(t, report, err, all...)
		require.ErrorIs(t, report.Missing[0].Err, segur.ErrUnavailable)
		n := 0
		for _, r := range rec.take() {
			if strings.HasPrefix(r.Header.Get("Accept"), "multipart") {
				n++
			}
		}
		assert.Less(t, n, 8, "given up after three failures in a row, some of which net/http repeats")
	})
	t.Run("more than was listed", func(t *testing.T) {
		t.Parallel()
		srv, client, _, _ := plain(t)
		add(t, srv, s)
		late := s.Instances[2].Ref.Instance
		srv.Fail(dicomwebtest.Fault{Op: dicomwebtest.OpSearch, After: 1, ContentType: "application/dicom+json", Body: rowsOf(s.Instances[:2])})
		srv.SetQuirks(dicomwebtest.Quirks{})
		srv.Fail(dicomwebtest.Fault{Op: dicomwebtest.OpSearch, Body: seriesRow(s, 2), ContentType: "application/dicom+json"})
		report, err := client.Download(t.Context(), dicomweb.Ref{Study: s.UID, Series: s.Instances[0].Ref.Series}, dicomweb.DownloadOptions{Dir: t.TempDir()})
		require.NoError(t, err)
		require.Len(t, report.Extra, 1)
		assert.Equal(t, late, report.Extra[0].Ref.Instance)
	})
}

func seriesRow(s *dicomwebtest.Study, count int) []byte {
	return dicomweb.NewDataset(dicomweb.Text(dicomweb.TagStudyInstanceUID, s.UID), dicomweb.Text(dicomweb.TagSeriesInstanceUID, s.Instances[0].Ref.Series),
		dicomweb.Text(dicomweb.TagSeriesInstanceCount, string(rune('0'+count)))).AppendJSON(nil)
}

func rowsOf(list []dicomwebtest.Instance) []byte {
	out := []byte("[")
	for i, inst := range list {
		if i > 0 {
			out = append(out, ',')
		}
		out = dicomweb.NewDataset(dicomweb.Text(dicomweb.TagStudyInstanceUID, inst.Ref.Study), dicomweb.Text(dicomweb.TagSeriesInstanceUID, inst.Ref.Series),
			dicomweb.Text(dicomweb.TagSOPInstanceUID, inst.Ref.Instance)).AppendJSON(out)
	}
	return append(out, ']')
}

// What ends everything is the error, beside the report.
func TestDownloadEnds(t *testing.T) {
	t.Parallel()
	s := study(t, 253, dicomwebtest.SampleOptions{Rows: 32})
	ref := dicomweb.Ref{Study: s.UID}
	srv, client, _, _ := plain(t)
	add(t, srv, s)

	ctx, cancel := context.WithCancel(t.Context())
	var once sync.Once
	report, err := client.Download(ctx, ref, dicomweb.DownloadOptions{Dir: t.TempDir(), Parallel: 1, Progress: func(p dicomweb.Progress) {
		if p.Bytes > 0 {
			once.Do(cancel)
		}
	}})
	require.ErrorIs(t, err, segur.ErrCanceled)
	require.ErrorIs(t, err, context.Canceled)
	assert.False(t, report.Complete())
	assert.Equal(t, 6, report.Expected)
	assert.Len(t, report.Missing, 6-len(report.Files))
	cancel()

	srv.Fail(dicomwebtest.Fault{Op: dicomwebtest.OpRetrieve, Status: http.StatusUnauthorized, Times: dicomwebtest.Forever})
	report, err = client.Download(t.Context(), ref, dicomweb.DownloadOptions{Dir: t.TempDir()})
	require.ErrorIs(t, err, segur.ErrAuthentication)
	assert.Len(t, report.Missing, 6)

	srv, client, _, _ = plain(t)
	add(t, srv, s)
	file := filepath.Join(t.TempDir(), "FICTIVE")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err = client.Download(t.Context(), ref, dicomweb.DownloadOptions{Dir: file})
	require.ErrorIs(t, err, segur.ErrInvalidInput, "the folder is a file")
	assertPublic(t, err)
	dir := t.TempDir()
	for _, inst := range s.Instances { // a folder is where a file must go
		require.NoError(t, os.MkdirAll(filepath.Join(dir, inst.Ref.Instance+".dcm", "x"), 0o700))
	}
	_, err = client.Download(t.Context(), ref, dicomweb.DownloadOptions{Dir: dir})
	var e *segur.Error
	require.True(t, errors.As(err, &e))
	assert.Equal(t, dicomweb.CodeCannotWrite, e.Code)

	_, err = client.Download(t.Context(), ref, dicomweb.DownloadOptions{Parallel: -1, Retrieve: dicomweb.RetrieveOptions{URL: "x"},
		Instances: []dicomweb.Ref{{Study: "1.2"}, s.Instances[0].Ref, s.Instances[0].Ref, {Study: "9", Series: "9", Instance: "9"}}})
	require.ErrorAs(t, err, &e)
	var fields []string
	for _, d := range e.Details {
		fields = append(fields, d.Field)
	}
	assert.Subset(t, fields, []string{"dir", "parallel", "instances[0].instance", "instances[2]", "instances[3]", "retrieve.url"})
}

func TestListInstances(t *testing.T) {
	t.Parallel()
	srv, client, _, _ := plain(t)
	s := study(t, 254, dicomwebtest.SampleOptions{})
	add(t, srv, s)
	var want []dicomweb.Ref
	for _, i := range s.Instances {
		want = append(want, i.Ref)
	}
	for name, q := range map[string]dicomwebtest.Quirks{"search": {}, "half": {MaxTotal: 1}, "pages": {MaxRows: 1}, "offset ignored": {IgnoreOffset: true, MaxRows: 2}} {
		srv.SetQuirks(q)
		got, err := client.ListInstances(t.Context(), dicomweb.Ref{Study: s.UID})
		require.NoError(t, err, name)
		assert.ElementsMatch(t, want, got, name)
	}
	srv.SetQuirks(dicomwebtest.Quirks{})
	got, err := client.ListInstances(t.Context(), dicomweb.Ref{Study: s.UID, Series: s.Instances[3].Ref.Series})
	require.NoError(t, err)
	assert.Equal(t, want[3:], got)
	_, err = client.ListInstances(t.Context(), dicomweb.Ref{Study: "1.2.3"})
	require.ErrorIs(t, err, segur.ErrNotFound)
	_, err = client.ListInstances(t.Context(), dicomweb.Ref{})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	srv.Fail(dicomwebtest.Fault{Op: dicomwebtest.OpSearch, Status: 403})
	_, err = client.ListInstances(t.Context(), dicomweb.Ref{Study: s.UID})
	require.ErrorIs(t, err, segur.ErrAuthorization)
}
