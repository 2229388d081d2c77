package drim_test

import (
	"context"
	"iter"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
	"github.com/segur-sdk/segur/dicomweb/drim"
	"github.com/segur-sdk/segur/dicomweb/kos"
)

// Images change: some are gone, all are gone, they come back, nothing changed.
func TestImagesChange(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := newOrigin(t)
	change := func(c drim.ImageChange) drim.StudyOutcome {
		o, err := s.ImagesChanged(ctx, &c)
		require.NoError(t, err)
		return of(t, o, studyA)
	}
	assert.Equal(t, drim.Noted, change(drim.ImageChange{StudyUID: studyA}).Effect, "no report yet")
	s.receive(t, message(write(t), drim.ActionCreate, 1, yes))

	assert.Equal(t, drim.StatePublished, change(drim.ImageChange{StudyUID: studyA}).State)
	assert.Len(t, s.record.docs, 1, "nothing changed, nothing is sent")

	s.pacs.set(studyA, images(studyA, 2))
	s.now = s.now.Add(time.Minute)
	o := change(drim.ImageChange{Accession: segur.Identifier{Extension: accession}})
	assert.Equal(t, drim.StatePublished, o.State)
	m := s.record.only(t, studyA)
	assert.Equal(t, []string{".1.1", ".1.2"}, instanceUIDs(m))
	assert.Equal(t, 2, m.Number)

	s.pacs.set(studyA, nil)
	assert.Equal(t, drim.StateWithdrawn, change(drim.ImageChange{StudyUID: studyA}).State)
	assert.Empty(t, s.record.active(t, studyA))
	s.pacs.set(studyA, images(studyA, 3))
	assert.Equal(t, drim.StatePublished, change(drim.ImageChange{StudyUID: studyA}).State)
	assert.Equal(t, 3, s.record.only(t, studyA).Number)

	at := segur.At(s.now)
	assert.Equal(t, drim.StateWithdrawn, change(drim.ImageChange{MessageHeader: drim.MessageHeader{Sent: at}, StudyUID: studyA, Removed: true}).State)
	before := drim.MessageHeader{Sent: segur.At(s.now.Add(-time.Minute))}
	o = change(drim.ImageChange{MessageHeader: before, StudyUID: studyA})
	assert.Equal(t, drim.Outdated, o.Effect)
	assert.Equal(t, drim.StateWithdrawn, o.State)
	out, err := s.Refresh(ctx, studyA)
	require.NoError(t, err)
	assert.Equal(t, drim.StatePublished, of(t, out, studyA).State)

	other, err := segur.ParseINS("1850314123456"+segur.MatriculeKey("1850314123456"), segur.OIDINSNIRTest)
	require.NoError(t, err)
	_, err = s.ImagesChanged(ctx, &drim.ImageChange{StudyUID: studyA, Removed: true, Patient: segur.Patient{INS: other}})
	assert.Equal(t, drim.CodeWrongPatient, codeOf(err))
	_, err = s.ImagesChanged(ctx, &drim.ImageChange{StudyUID: studyA, Removed: true, PatientIDs: []segur.Identifier{{Extension: "IPP-9999"}}})
	assert.Equal(t, drim.CodeWrongPatient, codeOf(err))
	_, err = s.ImagesChanged(ctx, &drim.ImageChange{Accession: segur.Identifier{Extension: "ACC-404"}})
	assert.Equal(t, drim.CodeUnknownStudy, codeOf(err))
	_, err = s.Refresh(ctx, "1.2.404")
	assert.Equal(t, drim.CodeUnknownStudy, codeOf(err))
	s.record.only(t, studyA)
}

// An image archive that does not answer empties nothing.
func TestPACSIsDown(t *testing.T) {
	t.Parallel()
	s := newOrigin(t)
	s.receive(t, message(write(t), drim.ActionCreate, 1, yes))
	s.pacs.down = &segur.Error{Kind: segur.KindUnavailable}
	o, err := s.ImagesChanged(context.Background(), &drim.ImageChange{StudyUID: studyA})
	require.NoError(t, err)
	assert.Equal(t, drim.StatePending, of(t, o, studyA).State)
	s.record.only(t, studyA)
	s.pacs.down = nil
	s.pacs.set(studyA, images(studyA, 1))
	s.later(t, time.Hour)
	assert.Len(t, instanceUIDs(s.record.only(t, studyA)), 1)
}

// A corrected report does not withdraw the manifest of images that the archive
// does not find at that moment.
func TestCorrectionWhileTheStudyIsAway(t *testing.T) {
	t.Parallel()
	s := newOrigin(t)
	v1 := write(t)
	s.receive(t, message(v1, drim.ActionCreate, 1, yes))
	s.pacs.set(studyA, nil)
	o := s.receive(t, message(write(t, correcting(v1)), drim.ActionReplace, 2, yes))
	assert.Equal(t, drim.StatePending, o.State)
	assert.Equal(t, drim.CodeNotInPACS, o.Trouble.Code)
	s.record.only(t, studyA)
}

// Rejected instances are left out though the archive still lists them.
func TestRejection(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	note := func(uid, code string, instances ...string) *kos.Note {
		n := &kos.Note{UID: uid, Title: segur.Code{Code: code, System: "1.2.840.10008.2.16.4"}, Study: kos.Study{UID: studyA}, PatientID: ipp.Extension}
		for _, i := range instances {
			n.References = append(n.References, kos.Reference{Ref: dicomweb.Ref{Study: studyA, Series: studyA + ".1", Instance: studyA + i}})
		}
		return n
	}
	s := newOrigin(t)
	o, err := s.ImagesRejected(ctx, note("1.1", kos.TitleRejectedQuality, ".1.2"))
	require.NoError(t, err)
	assert.Equal(t, drim.Noted, o.Studies[0].Effect, "before the report")
	s.receive(t, message(write(t), drim.ActionCreate, 1, yes))
	assert.Equal(t, []string{".1.1", ".1.3"}, instanceUIDs(s.record.only(t, studyA)))

	o, err = s.ImagesRejected(ctx, note("1.2", kos.TitleRejectedSafety, ".1.1"))
	require.NoError(t, err)
	assert.Equal(t, drim.StatePublished, o.Studies[0].State)
	assert.Equal(t, []string{".1.3"}, instanceUIDs(s.record.only(t, studyA)))
	o, err = s.ImagesRejected(ctx, note("1.2", kos.TitleRejectedSafety, ".1.1"))
	require.NoError(t, err)
	assert.Equal(t, drim.Repeated, o.Studies[0].Effect)
	assert.Equal(t, 2, s.record.sends)

	o, err = s.ImagesRejected(ctx, note("1.3", kos.TitleRejectedExpired, ".1.3"))
	require.NoError(t, err)
	assert.Equal(t, drim.StateWithdrawn, o.Studies[0].State)
	assert.Empty(t, s.record.active(t, studyA))

	// A note on two studies.
	s = newOrigin(t)
	two, err := s.Receive(ctx, message(write(t, about(studyA, studyB)), drim.ActionCreate, 1, yes))
	require.NoError(t, err)
	require.Equal(t, drim.StatePublished, of(t, two, studyB).State)
	both := note("1.6", kos.TitleRejectedSafety, ".1.1")
	both.References = append(both.References, kos.Reference{Ref: dicomweb.Ref{Study: studyB, Series: studyB + ".1", Instance: studyB + ".1.2"}})
	o, err = s.ImagesRejected(ctx, both)
	require.NoError(t, err)
	assert.Equal(t, drim.StatePublished, of(t, o, studyA).State)
	assert.Equal(t, drim.StatePublished, of(t, o, studyB).State)
	assert.Equal(t, []string{".1.2", ".1.3"}, instanceUIDs(s.record.only(t, studyA)))
	assert.Equal(t, []string{".1.1", ".1.3"}, instanceUIDs(s.record.only(t, studyB)))

	_, err = s.ImagesRejected(ctx, note("1.4", kos.TitleOfInterest, ".1.1"))
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	wrong := note("1.5", kos.TitleRejectedSafety, ".1.1")
	wrong.PatientID = "IPP-9999"
	_, err = s.ImagesRejected(ctx, wrong)
	assert.Equal(t, drim.CodeWrongPatient, codeOf(err))
}

// pacsWithNotes is an image archive that lists, and gives, documents beside the
// images.
type pacsWithNotes struct {
	*pacs
	client *dicomweb.Client
	class  map[string]string // by instance
}

func (p pacsWithNotes) SearchInstances(ctx context.Context, q dicomweb.Query) iter.Seq2[*dicomweb.InstanceRow, error] {
	return func(yield func(*dicomweb.InstanceRow, error) bool) {
		for row, err := range p.pacs.SearchInstances(ctx, q) {
			if row != nil && p.class[row.UID] != "" {
				row.SOPClass, row.SeriesUID = p.class[row.UID], row.UID+".0"
			}
			if !yield(row, err) {
				return
			}
		}
	}
}

func (p pacsWithNotes) RetrieveInstance(ctx context.Context, ref dicomweb.Ref, o ...dicomweb.RetrieveOptions) (*dicomweb.Instance, error) {
	return p.client.RetrieveInstance(ctx, ref, o...)
}

// A manifest of another product, which has the local number and no INS, is in the
// archive: it is no image of the study.
func TestManifestOfAnotherProductIsNotShared(t *testing.T) {
	t.Parallel()
	srv := dicomwebtest.NewServer()
	t.Cleanup(srv.Close)
	const uid = studyA + ".9"
	n := &kos.Note{UID: uid, SeriesUID: uid + ".0", Title: segur.Code{Code: kos.TitleManifest, System: "1.2.840.10008.2.16.4"}, Created: segur.At(examAt),
		Study: kos.Study{UID: studyA}, PatientID: ipp.Extension, Manufacturer: "PACS FICTIF",
		References: []kos.Reference{{Ref: dicomweb.Ref{Study: studyA, Series: studyA + ".1", Instance: studyA + ".1.1"}, SOPClass: "1.2.840.10008.5.1.4.1.1.4"}}}
	file, err := n.Encode()
	require.NoError(t, err)
	require.NoError(t, srv.Add(file))
	client, err := dicomweb.New(srv.Config())
	require.NoError(t, err)
	t.Cleanup(client.CloseIdleConnections)
	s := newOrigin(t, func(c *drim.SourceConfig) {
		c.PACS = pacsWithNotes{c.PACS.(*pacs), client, map[string]string{uid: kos.SOPClass}}
	})
	s.pacs.set(studyA, append(images(studyA, 2), image{uid: uid, patient: ipp.Extension, accession: accession, number: 1}))
	s.receive(t, message(write(t), drim.ActionCreate, 1, yes))
	assert.Equal(t, []string{".1.1", ".1.2"}, instanceUIDs(s.record.only(t, studyA)))
}
