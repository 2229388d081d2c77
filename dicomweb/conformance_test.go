package dicomweb_test

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
)

// TestConformanceFake runs the suite on the fake; TestConformanceOrthanc on a real server.
func TestConformanceFake(t *testing.T) {
	t.Parallel()
	_, client := setupTLS(t)
	conformance(t, client, 1000)
	_, client = setupTLS(t, dicomwebtest.WithQuirks(dicomwebtest.Quirks{EmptyArray: true, UnquotedTypes: true, XMLStoreResponse: true}))
	conformance(t, client, 1000)
}

// conformance is what every image server must do for this client. The server is empty at first, or holds nothing of the
// sample patients; seed makes the UIDs.
func conformance(t *testing.T, client *dicomweb.Client, seed uint64) {
	t.Helper()
	ctx := t.Context()
	one := study(t, seed, dicomwebtest.SampleOptions{})
	two := study(t, seed+1, dicomwebtest.SampleOptions{Patient: person("IPP-0002"), AccessionNumber: "ACC-0002", Latin1: true,
		Description: "Scanner crânien", When: a0.AddDate(0, 1, 0)})

	for _, s := range []*dicomwebtest.Study{one, two} {
		result, err := client.Store(ctx, dicomweb.StoreRequest{Study: s.UID, Instances: s.Contents()})
		require.NoError(t, err)
		require.True(t, result.All())
		for i, inst := range result.Instances {
			assert.Equal(t, s.Instances[i].Ref, inst.Ref)
			assert.Equal(t, dicomweb.Stored, inst.Outcome)
			assert.Contains(t, inst.RetrieveURL, "/studies/"+s.UID+"/series/"+inst.Ref.Series+"/instances/"+inst.Ref.Instance)
		}
	}
	result, err := client.Store(ctx, dicomweb.StoreRequest{Instances: one.Contents()[:2]})
	require.NoError(t, err, "the same instances again")
	assert.True(t, result.All())

	studies := func(q dicomweb.Query) []string {
		t.Helper()
		rows, err := collect(client.SearchStudies(ctx, q))
		require.NoError(t, err)
		uids := []string{}
		for _, ds := range rows {
			uids = append(uids, ds.Ref().Study)
		}
		return uids
	}
	assert.ElementsMatch(t, []string{one.UID, two.UID}, studies(dicomweb.Query{PatientName: "FICTIVE-*"}))
	assert.ElementsMatch(t, []string{one.UID, two.UID}, studies(dicomweb.Query{PatientName: "FICTIVE-*", PageSize: 1}))
	assert.Len(t, studies(dicomweb.Query{PatientName: "FICTIVE-*", Limit: 1}), 1)
	assert.Equal(t, []string{one.UID}, studies(dicomweb.Query{PatientID: "IPP-0001"}))
	assert.Equal(t, []string{two.UID}, studies(dicomweb.Query{AccessionNumber: "ACC-0002"}))
	assert.Equal(t, []string{two.UID}, studies(dicomweb.Query{Study: two.UID}))
	assert.Equal(t, []string{two.UID}, studies(dicomweb.Query{From: segur.NewDate(2026, 2, 1), To: segur.NewDate(2026, 2, 28)}))
	assert.Equal(t, []string{one.UID}, studies(dicomweb.Query{To: segur.NewDate(2026, 1, 31)}))
	assert.ElementsMatch(t, []string{one.UID, two.UID}, studies(dicomweb.Query{PatientName: "FICTIVE-*", Modality: "CT"}))
	assert.Empty(t, studies(dicomweb.Query{PatientID: "IPP-9999"}))

	rows, err := collect(client.SearchStudies(ctx, dicomweb.Query{Study: two.UID, Include: []dicomweb.Tag{dicomweb.TagStudyDescription}}))
	require.NoError(t, err)
	require.Len(t, rows, 1)
	assert.Equal(t, "FICTIVE-ÉLAN^Zoé", rows[0].Patient.Name, "whatever the character set of the file")
	assert.Equal(t, "Scanner crânien", rows[0].Description)
	assert.Equal(t, segur.NewDate(2026, 2, 15), rows[0].Date)
	assert.Equal(t, 6, rows[0].Instances)

	list, err := collect(client.SearchSeries(ctx, dicomweb.Query{Study: one.UID}))
	require.NoError(t, err)
	require.Len(t, list, 2)
	series := list[0].UID
	instances, err := collect(client.SearchInstances(ctx, dicomweb.Query{Study: one.UID, Series: series, PageSize: 2}))
	require.NoError(t, err)
	require.Len(t, instances, 3)

	files := map[string][]byte{}
	for _, inst := range append(one.Instances, two.Instances...) {
		files[inst.Ref.Instance] = inst.File
	}
	for _, ref := range []struct {
		ref  dicomweb.Ref
		want int
	}{{dicomweb.Ref{Study: one.UID}, 6}, {dicomweb.Ref{Study: one.UID, Series: series}, 3}, {two.Instances[4].Ref, 1}} {
		got := 0
		for inst, err := range client.Retrieve(ctx, ref.ref) {
			require.NoError(t, err)
			var b bytes.Buffer
			_, err = inst.WriteTo(&b)
			require.NoError(t, err)
			require.True(t, bytes.Equal(files[inst.SOPInstanceUID], b.Bytes()), "byte for byte")
			got++
		}
		assert.Equal(t, ref.want, got)
	}
	file, err := fetchOne(ctx, client, two.Instances[5].Ref)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(two.Instances[5].File, file))

	_, err = fetchOne(ctx, client, dicomweb.Ref{Study: "1.2.250.1.999.404", Series: "1.2.250.1.999.405", Instance: "1.2.250.1.999.406"})
	require.ErrorIs(t, err, segur.ErrNotFound)
	absent := dicomweb.Ref{Study: one.UID, Series: series, Instance: fmt.Sprintf("1.2.250.1.999.%d", seed)}
	missing, err := client.Missing(ctx, []dicomweb.Ref{one.Instances[0].Ref, absent, two.Instances[0].Ref})
	require.NoError(t, err)
	assert.Equal(t, []dicomweb.Ref{absent}, missing)

	found, err := client.Probe(ctx)
	require.NoError(t, err)
	assert.Equal(t, dicomweb.ServiceAnswer{Support: dicomweb.Supported, Status: 200}, found.Search)
	assert.NotEqual(t, dicomweb.SupportUnknown, found.Worklist.Support)

	t.Run("every key", func(t *testing.T) { conformSearch(t, client, one, two) })
	t.Run("objects", func(t *testing.T) {
		conformObjects(t, client, study(t, seed+2, another(dicomwebtest.SampleOptions{Series: 1, Instances: 1, Frames: 3})))
	})
	t.Run("many", func(t *testing.T) { conformMany(t, client, seed+3) })
}

// another makes the study one that the searches of the suite do not find, so that it can run again on the same server.
func another(o dicomwebtest.SampleOptions) dicomwebtest.SampleOptions {
	o.Patient = segur.Patient{Traits: segur.Traits{BirthName: "ESSAI", FirstGivenName: "LOU", Sex: segur.Male, BirthDate: segur.NewDate(2001, 4, 5)},
		LocalIDs: []segur.Identifier{{Root: "1.2.250.1.999.1", Extension: "IPP-0009"}}}
	o.AccessionNumber, o.When = "ACC-0009", a0.AddDate(4, 0, 0)
	return o
}

// conformSearch asks with every key that PS3.18 wants at each level (table 10.6.1-5), alone and with the others, and page
// by page.
func conformSearch(t *testing.T, client *dicomweb.Client, one, two *dicomwebtest.Study) {
	t.Helper()
	ctx := t.Context()
	match := func(m ...dicomweb.Match) dicomweb.Query { return dicomweb.Query{PatientName: "FICTIVE-*", Match: m} }
	both, first, second := []string{one.UID, two.UID}, []string{one.UID}, []string{two.UID}
	for name, c := range map[string]struct {
		q    dicomweb.Query
		want []string
	}{
		"StudyDate":              {dicomweb.Query{From: segur.NewDate(2026, 1, 15), To: segur.NewDate(2026, 1, 15)}, first},
		"StudyDate, open":        {match(dicomweb.DateRange(dicomweb.TagStudyDate, segur.NewDate(2026, 1, 16), segur.Date{})), second},
		"StudyTime":              {match(dicomweb.TimeRange(dicomweb.TagStudyTime, "101112", "101112")), both},
		"StudyTime, open":        {match(dicomweb.TimeRange(dicomweb.TagStudyTime, "", "0959")), nil},
		"AccessionNumber":        {dicomweb.Query{AccessionNumber: "ACC-0001"}, first},
		"AccessionNumber, ?":     {match(dicomweb.Equal(dicomweb.TagAccessionNumber, "ACC-000?")), both},
		"ModalitiesInStudy":      {dicomweb.Query{PatientName: "FICTIVE-*", Modality: "CT"}, both},
		"ReferringPhysicianName": {match(dicomweb.Equal(dicomweb.TagReferringPhysician, "*NOBODY*")), nil},
		"PatientName":            {dicomweb.Query{PatientName: "FICTIVE-DURAND^CAMILLE"}, first},
		"PatientName, ? and *":   {dicomweb.Query{PatientName: "FICTIVE-DURAN?^*"}, first},
		"PatientName, case":      {dicomweb.Query{PatientName: "fictive-durand^camille"}, first},
		"PatientID":              {dicomweb.Query{PatientID: "IPP-0002"}, second},
		"StudyInstanceUID":       {dicomweb.Query{Study: one.UID}, first},
		"StudyInstanceUID, list": {dicomweb.Query{StudyUIDs: []string{two.UID, "1.2.3", one.UID}}, both},
		"StudyID":                {match(dicomweb.Equal(dicomweb.TagStudyID, "none")), nil},
		"several":                {dicomweb.Query{PatientID: "IPP-0001", AccessionNumber: "ACC-0001", Modality: "CT", From: segur.NewDate(2026, 1, 1)}, first},
		"several, one wrong":     {dicomweb.Query{PatientID: "IPP-0001", AccessionNumber: "ACC-0002"}, nil},
	} {
		for _, size := range []int{0, 1} {
			c.q.PageSize = size
			rows, err := collect(client.SearchStudies(ctx, c.q))
			require.NoError(t, err, name)
			var got []string
			for _, r := range rows {
				got = append(got, r.UID)
			}
			assert.ElementsMatch(t, c.want, got, name)
		}
	}

	injected := one.Instances[3].Ref
	for name, q := range map[string]dicomweb.Query{
		"Modality and SeriesNumber": {Modality: "CT", Match: []dicomweb.Match{dicomweb.Equal(dicomweb.TagSeriesNumber, "2")}},
		"SeriesInstanceUID":         {Series: injected.Series},
		"SeriesInstanceUID, list":   {SeriesUIDs: []string{"1.2.3", injected.Series}},
	} {
		q.Study = one.UID
		rows, err := collect(client.SearchSeries(ctx, q))
		require.NoError(t, err, name)
		require.Len(t, rows, 1, name)
		assert.Equal(t, dicomweb.Ref{Study: one.UID, Series: injected.Series}, rows[0].Ref(), name)
		assert.Equal(t, []any{"CT", 2, 3, "Thorax injecté"}, []any{rows[0].Modality, rows[0].Number, rows[0].Instances, rows[0].Description}, name)
	}
	rows, err := collect(client.SearchSeries(ctx, dicomweb.Query{Study: one.UID, Modality: "MR"}))
	require.NoError(t, err)
	assert.Empty(t, rows)

	class := dicomweb.Equal(dicomweb.TagSOPClassUID, one.Instances[3].SOPClass)
	for name, q := range map[string]dicomweb.Query{
		"SOPInstanceUID":                 {Instances: []string{injected.Instance}},
		"SOPInstanceUID, list":           {Instances: []string{"1.2.3", injected.Instance}},
		"SOPClassUID and InstanceNumber": {Series: injected.Series, Match: []dicomweb.Match{class, dicomweb.Equal(dicomweb.TagInstanceNumber, "1")}},
	} {
		q.Study = one.UID
		rows, err := collect(client.SearchInstances(ctx, q))
		require.NoError(t, err, name)
		require.Len(t, rows, 1, name)
		assert.Equal(t, injected.Instance, rows[0].UID, name)
		assert.Equal(t, []any{one.Instances[3].SOPClass, 1, 16, 16, 16}, []any{rows[0].SOPClass, rows[0].Number, rows[0].Rows, rows[0].Columns, rows[0].BitsAllocated}, name)
	}
	across, err := collect(client.SearchInstances(ctx, dicomweb.Query{Study: two.UID, PageSize: 4}))
	require.NoError(t, err)
	assert.Len(t, across, 6, "the whole study, two pages")
}

// conformObjects reads what else there is of an instance of three frames: metadata, frames, bulk data, images for the
// screen, the older service.
func conformObjects(t *testing.T, client *dicomweb.Client, s *dicomwebtest.Study) {
	t.Helper()
	ctx := t.Context()
	_, err := client.Store(ctx, dicomweb.StoreRequest{Instances: s.Contents()})
	require.NoError(t, err)
	ref, file := s.Instances[0].Ref, s.Instances[0].File
	pixels := file[len(file)-3*16*16*2:]
	frame := func(n int) string { return string(pixels[(n-1)*512 : n*512]) }

	rows, err := collect(client.Metadata(ctx, dicomweb.Ref{Study: s.UID}))
	require.NoError(t, err)
	require.Len(t, rows, 1)
	meta := rows[0]
	assert.Equal(t, ref, meta.Ref())
	assert.Equal(t, "ESSAI^LOU", meta.Value(dicomweb.TagPatientName))
	assert.Equal(t, "3", meta.Value(dicomweb.TagNumberOfFrames))
	e, ok := meta.Get(dicomweb.TagPixelData)
	require.True(t, ok)
	require.NotNil(t, e.Bulk)
	for _, r := range []dicomweb.Range{{}, {Offset: 512, Length: 512}, {Offset: 1024}} {
		m, err := client.BulkData(ctx, e.Bulk.URI, r, dicomweb.RetrieveOptions{Rebase: true})
		require.NoError(t, err)
		b, err := m.Bytes(0)
		require.NoError(t, err)
		want := pixels[r.Offset:]
		if r.Length > 0 {
			want = want[:r.Length]
		}
		assert.True(t, bytes.Equal(want, b), "%+v", r)
	}

	for _, numbers := range [][]int{{1}, {3, 1}, {1, 2, 3}} {
		var got []int
		for f, err := range client.Frames(ctx, dicomweb.FrameRequest{Ref: ref, Frames: numbers}) {
			require.NoError(t, err)
			b, err := f.Bytes(0)
			require.NoError(t, err)
			assert.Equal(t, frame(f.Number), string(b), "frame %d of %v", f.Number, numbers)
			got = append(got, f.Number)
		}
		assert.Equal(t, numbers, got)
	}
	_, err = collect(client.Frames(ctx, dicomweb.FrameRequest{Ref: ref, Frames: []int{4}}))
	require.Error(t, err, "there are three")

	for _, r := range []dicomweb.RenderRequest{{Ref: ref}, {Ref: ref, Frames: []int{2}, MediaTypes: []string{"image/png"}},
		{Ref: ref, Quality: 50, Viewport: &dicomweb.Viewport{Width: 16, Height: 16}, Window: &dicomweb.Window{Center: 40, Width: 400}}} {
		m, err := client.Rendered(ctx, r)
		require.NoError(t, err)
		img, _ := picture(t, m)
		assert.Equal(t, 16, img.Bounds().Dx())
	}
	inst, err := client.RetrieveURI(ctx, dicomweb.URIRequest{Ref: ref})
	require.NoError(t, err)
	var b bytes.Buffer
	_, err = inst.WriteTo(&b)
	require.NoError(t, err)
	require.NoError(t, inst.Close())
	assert.True(t, bytes.Equal(file, b.Bytes()), "WADO-URI")
	m, err := client.RenderedURI(ctx, dicomweb.URIRequest{Ref: ref, MediaTypes: []string{"image/png"}})
	require.NoError(t, err)
	picture(t, m)
}

// conformMany sends a study in batches, with what is no image and what is there twice in it, and fetches it into a folder,
// twice.
func conformMany(t *testing.T, client *dicomweb.Client, seed uint64) {
	t.Helper()
	s := study(t, seed, another(dicomwebtest.SampleOptions{Series: 3, Instances: 5}))
	list := s.Contents()
	list[4] = segur.BytesContent([]byte("%PDF-1.7"))
	list = append(list, list[0])
	var outcomes []dicomweb.StoreOutcome
	var last error
	for r, err := range client.StoreAll(t.Context(), dicomweb.Contents(list), dicomweb.StoreOptions{Study: s.UID, BatchInstances: 4, Parallel: 3}) {
		if last = err; err == nil {
			assert.Equal(t, len(outcomes), r.Index)
			outcomes = append(outcomes, r.Outcome)
		}
	}
	require.ErrorIs(t, last, segur.ErrPartial)
	require.Len(t, outcomes, 16)
	for i, o := range outcomes {
		assert.Equal(t, i != 4 && i != 15, o.OK(), "%d: %v", i, o)
	}
	for _, err := range client.StoreAll(t.Context(), dicomweb.Contents(s.Contents()), dicomweb.StoreOptions{}) {
		require.NoError(t, err, "all of it: those that are held already too")
	}

	dir := t.TempDir()
	ref := dicomweb.Ref{Study: s.UID}
	report, err := client.Download(t.Context(), ref, dicomweb.DownloadOptions{Dir: dir})
	require.NoError(t, err)
	require.True(t, report.Complete())
	require.Len(t, report.Files, 15)
	require.NoError(t, os.Remove(report.Files[7].Path))
	require.NoError(t, os.Truncate(report.Files[8].Path, 900)) // a crash of the disk
	report, err = client.Download(t.Context(), ref, dicomweb.DownloadOptions{Dir: dir, Resume: true, Parallel: 2})
	require.NoError(t, err)
	kept := 0
	for _, d := range report.Files {
		if d.Kept {
			kept++
		}
		i := slices.IndexFunc(s.Instances, func(i dicomwebtest.Instance) bool { return i.Ref == d.Ref })
		b, err := os.ReadFile(d.Path)
		require.NoError(t, err)
		require.True(t, bytes.Equal(s.Instances[i].File, b))
	}
	assert.Equal(t, 13, kept, "one is gone, one is cut")
}
