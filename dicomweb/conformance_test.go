package dicomweb_test

import (
	"bytes"
	"fmt"
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
	_, client := setup(t)
	conformance(t, client, 1000)
	_, client = setup(t, dicomwebtest.WithQuirks(dicomwebtest.Quirks{EmptyArray: true, UnquotedTypes: true, XMLStoreResponse: true}))
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
	assert.ElementsMatch(t, []string{one.UID, two.UID}, studies(dicomweb.Query{Modality: "CT"}))
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
}
