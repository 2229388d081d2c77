package dmp_test

import (
	"context"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/dmptest"
	"github.com/segur-sdk/segur/dmp/xds"
)

var manifestOptions = dmp.ManifestOptions{Opposition: dmp.NotOpposed, ContentType: consultation}

// manifestLot is a lot of one manifest, of its own bytes.
func manifestLot(tb testing.TB, uniqueID, replaces string) xds.ManifestLot {
	e := kosEntry(newReport(tb))
	e.UniqueID = uniqueID
	b := append(make([]byte, 128), "DICM"+uniqueID...)
	return xds.ManifestLot{Patient: dmptest.Patient(), Entry: *e, Content: segur.BytesContent(b), Replaces: replaces}
}

func statuses(srv *dmptest.Server) map[string]xds.Status {
	out := map[string]xds.Status{}
	for _, d := range srv.Documents() {
		out[d.Entry.UniqueID] = d.Entry.Status
	}
	return out
}

// A manifest lives and dies in the record: published, replaced, found, read,
// withdrawn, and withdrawn again.
func TestManifestsOfTheRecord(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	m := newClient(t, srv).Manifests(manifestOptions)
	reader := newClient(t, srv, consulting).Manifests(dmp.ManifestOptions{})
	ctx, ins := context.Background(), dmptest.Patient().INS
	const first, second = "1.2.250.1.999.5.1", "1.2.250.1.999.5.2"

	sealed, err := m.Seal(ctx, manifestLot(t, first, ""))
	require.NoError(t, err)
	assert.Equal(t, first, sealed.UniqueID)
	assert.Contains(t, string(sealed.Metadata), first)
	assert.Empty(t, srv.Submissions(), "sealing sends nothing")
	_, err = m.Lookup(ctx, ins, first)
	require.ErrorIs(t, err, segur.ErrNotFound)

	r, err := m.Send(ctx, sealed.Stored, false)
	require.NoError(t, err)
	assert.Equal(t, first, r.UniqueID)
	assert.NotEmpty(t, r.SubmissionSetID)
	r, err = m.Send(ctx, sealed.Stored, true)
	require.NoError(t, err)
	assert.True(t, r.AlreadyPresent)
	assert.Len(t, srv.Submissions(), 1)

	_, err = m.Seal(ctx, manifestLot(t, second, "1.2.250.1.999.5.404"))
	require.ErrorIs(t, err, segur.ErrNotFound)
	sealed, err = m.Seal(ctx, manifestLot(t, second, first))
	require.NoError(t, err)
	r, err = m.Send(ctx, sealed.Stored, true)
	require.NoError(t, err)
	assert.False(t, r.AlreadyPresent)
	assert.Equal(t, map[string]xds.Status{first: xds.Deprecated, second: xds.Approved}, statuses(srv))

	var entries []*xds.DocumentEntry
	for e, err := range reader.Find(ctx, ins, xds.ManifestQuery{Modalities: []string{"CT", "MR"}}) {
		require.NoError(t, err)
		entries = append(entries, e)
	}
	require.Len(t, entries, 1)
	assert.Equal(t, second, entries[0].UniqueID)
	content, err := reader.Open(ctx, ins, entries[0])
	require.NoError(t, err)
	b, err := io.ReadAll(content)
	require.NoError(t, err)
	require.NoError(t, content.Close())
	assert.Equal(t, srv.Documents()[1].Content, b)
	for range reader.Find(ctx, ins, xds.ManifestQuery{Modalities: []string{"CT"}}) {
		t.Fatal("no manifest of a scanner")
	}
	for range reader.Find(ctx, ins, xds.ManifestQuery{ReportsOnly: true}) {
		t.Fatal("no report")
	}

	require.ErrorIs(t, m.Remove(ctx, ins, first), segur.ErrConflict, "it was replaced")
	require.NoError(t, m.Remove(ctx, ins, second))
	err = m.Remove(ctx, ins, second)
	require.ErrorIs(t, err, segur.ErrRefused, "a second time: withdrawn, or refused for another reason? this mode cannot tell")
	assert.Equal(t, "XDSMetadataUpdateError", asError(t, err).Code)
	require.NoError(t, m.Remove(ctx, ins, "1.2.250.1.999.5.404"), "never there")
	assert.Equal(t, xds.Deleted, statuses(srv)[second])
}

// A lot whose outcome is unknown is sent once, and one that the record refuses
// says why.
func TestManifestWhoseOutcomeIsUnknown(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	m := newClient(t, srv).Manifests(manifestOptions)
	ctx := context.Background()
	sealed, err := m.Seal(ctx, manifestLot(t, "1.2.250.1.999.5.3", ""))
	require.NoError(t, err)
	srv.Fail(dmptest.Fault{Op: "dmp.submit", CutAfter: dmptest.AtStart})
	_, err = m.Send(ctx, sealed.Stored, false)
	require.ErrorIs(t, err, segur.ErrOutcomeUnknown)
	_, err = m.Send(ctx, sealed.Stored, true)
	require.NoError(t, err)
	assert.Len(t, srv.Submissions(), 1)

	_, err = m.Send(ctx, sealed.Stored[:len(sealed.Stored)-5], true)
	require.ErrorIs(t, err, segur.ErrTruncated)
	_, err = newClient(t, srv).Manifests(dmp.ManifestOptions{}).Seal(ctx, manifestLot(t, "1.2.250.1.999.5.4", ""))
	require.ErrorIs(t, err, segur.ErrInvalidInput)
}
