package drim_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/drim"
	"github.com/segur-sdk/segur/dicomweb/kos"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/dmptest"
	"github.com/segur-sdk/segur/dmp/xds"
)

// What the packages of the others give satisfies what the source asks for.
var (
	_ drim.Record         = (*dmp.Manifests)(nil)
	_ drim.PACS           = (*dicomweb.Client)(nil)
	_ drim.Archive        = (*drim.FileArchive)(nil)
	_ drim.ManifestSource = (*drim.FileArchive)(nil)
)

var manifestsOfDMP = dmp.ManifestOptions{Opposition: dmp.NotOpposed, ContentType: segur.Code{Code: "07"}}

func dmpClient(tb testing.TB, srv *dmptest.Server) *dmp.Client {
	tb.Helper()
	cfg := srv.Config()
	cfg.Retry.MaxAttempts = 1
	c, err := dmp.New(cfg)
	require.NoError(tb, err)
	tb.Cleanup(c.CloseIdleConnections)
	return c
}

// ofStudy are the documents of the record that are about a study.
func ofStudy(srv *dmptest.Server, study string, status xds.Status) []dmptest.StoredDocument {
	return slices.DeleteFunc(srv.Documents(), func(d dmptest.StoredDocument) bool {
		return d.Entry.Status != status || !slices.ContainsFunc(d.Entry.References, func(r xds.Reference) bool { return r.ID == study })
	})
}

// The record of the fake service, through the real client, files, and a death
// between every pair of steps of a publication, a correction, a change of the
// images and a withdrawal; at some of them unless SEGUR_KILL is set.
func TestKillBetweenEveryPairOfStepsOfTheRecord(t *testing.T) {
	t.Parallel()
	srv := dmptest.NewServer()
	t.Cleanup(srv.Close)
	m := dmpClient(t, srv).Manifests(manifestsOfDMP)
	ctx := context.Background()
	stride := 29
	if everyStep {
		stride = 1
	}
	for at := 6 % stride; ; at += stride {
		study := fmt.Sprintf("1.2.250.1.999.4.2%03d", at)
		v1 := short(write(t, about(study)))
		v2 := short(write(t, about(study), correcting(v1)))
		f := &fuse{at: at, dies: true}
		dir := t.TempDir()
		s := &origin{pacs: newPACS(study), now: time.Now()}
		var files *drim.FileArchive
		start := func() {
			if files != nil {
				require.NoError(t, files.Close())
			}
			files = openArchive(t, dir)
			s.archive = files
			s.cfg = drim.SourceConfig{Environment: segur.Fake, PACS: s.pacs, ReadReport: readShort, Archive: fusedArchive{files, f},
				Records:      func(context.Context, drim.Actor) (drim.Record, error) { return fusedRecord{m, f}, nil },
				RetrieveBase: "https://db.site-a.example/rs", Manufacturer: "SEGUR TEST", UIDRoot: "1.2.250.1.999.6", Clock: s.clock}
			s.start(t)
		}
		start()
		receive := func(m *drim.ReportMessage) func() error {
			return func() error { _, err := s.Receive(ctx, m); return err }
		}
		shrink := func() error {
			s.pacs.set(study, images(study, 2))
			_, err := s.ImagesChanged(ctx, &drim.ImageChange{StudyUID: segur.OID(study)})
			return err
		}
		run := func(step func() error) {
			if survive(step) == nil {
				return
			}
			start()
			_, err := s.Resume(ctx)
			require.NoError(t, err)
			require.NoError(t, survive(step), "the sender sends again")
		}
		run(receive(message(v1, drim.ActionCreate, 1, yes)))
		run(receive(message(v2, drim.ActionReplace, 2, yes)))
		run(shrink)
		what := fmt.Sprintf("step %d (%s)", at, f.where)
		approved := ofStudy(srv, study, xds.Approved)
		require.Len(t, approved, 1, what)
		require.Len(t, ofStudy(srv, study, xds.Deprecated), 2, what)
		k, err := kos.Read(segur.BytesContent(approved[0].Content))
		require.NoError(t, err)
		require.Equal(t, []string{".1.1", ".1.2"}, instanceUIDs(k.Manifest), what)
		require.Equal(t, 3, k.Manifest.Number, what)
		a := s.stored(t, study)
		require.Equal(t, approved[0].Entry.UniqueID, a.Published.UID, what)
		require.False(t, a.Open, what)

		run(receive(message(v2, drim.ActionDelete, 3, yes)))
		require.Empty(t, ofStudy(srv, study, xds.Approved), what)
		require.Len(t, ofStudy(srv, study, xds.Deleted), 1, what)
		require.True(t, s.stored(t, study).Published.Withdrawn, what)
		require.NoError(t, files.Close())
		if f.n <= at {
			t.Logf("%d steps", f.n)
			return
		}
	}
}

// The metadata that the record holds are those of the report and of the manifest.
func TestManifestInTheRecord(t *testing.T) {
	t.Parallel()
	srv := dmptest.NewServer()
	t.Cleanup(srv.Close)
	c := dmpClient(t, srv)
	var actors []drim.Actor
	s := newOrigin(t, func(cfg *drim.SourceConfig) {
		cfg.ReadReport, cfg.Clock = cda.ReadHeader, time.Now
		cfg.Records = func(_ context.Context, a drim.Actor) (drim.Record, error) {
			actors = append(actors, a)
			user, err := c.ForUser(a.Professional(), nil)
			if err != nil {
				return nil, err
			}
			if a.Secret {
				user = user.SecretConnection()
			}
			return user.Manifests(manifestsOfDMP), nil
		}
	})
	v := write(t)
	f := drim.Flags{ToDMP: drim.Yes, SecretConnection: drim.Yes}
	o := s.receive(t, message(v, drim.ActionCreate, 1, f))
	require.Equal(t, drim.StatePublished, o.State, "%+v", o.Trouble)
	documents := srv.Documents()
	require.Len(t, documents, 1)
	e := documents[0].Entry
	assert.Equal(t, o.ManifestUID, e.UniqueID)
	assert.True(t, e.IsKOS())
	assert.Equal(t, []xds.Visibility{xds.HiddenFromRepresentatives}, e.Visibility())
	assert.Equal(t, "application/dicom", e.MimeType)
	assert.WithinDuration(t, s.stored(t, studyA).Published.At, e.Created.Time, time.Minute)
	calls := srv.Calls()
	assert.True(t, calls[len(calls)-1].Secret)
	assert.Equal(t, dmptest.Radiologist().ID, actors[0].Professional().ID)

	a := s.stored(t, studyA)
	assert.Equal(t, documents[0].Content, a.Published.KOS, "the archive and the record hold the same bytes")
	assert.Contains(t, string(a.Published.Metadata), "SubmitObjectsRequest")
	assert.NotEmpty(t, a.Published.SubmissionSetID)
	assert.Empty(t, a.Published.Sealed)
}
