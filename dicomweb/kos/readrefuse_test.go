package kos_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/kos"
)

// TestReadRefuses: what a manifest is about is not guessed.
func TestReadRefuses(t *testing.T) {
	t.Parallel()
	root := func(tag dicomweb.Tag, v string) func(*dicomweb.Dataset) *dicomweb.Dataset {
		return func(d *dicomweb.Dataset) *dicomweb.Dataset { d.Set(dicomweb.Text(tag, v)); return d }
	}
	for name, tc := range map[string]struct {
		change func(*dicomweb.Dataset) *dicomweb.Dataset
		want   []string
	}{
		"another class":           {root(dicomweb.TagSOPClassUID, ctClass), nil},
		"label without authority": {func(d *dicomweb.Dataset) *dicomweb.Dataset { return without(d, tagQualifiers, tagOtherIDs) }, []string{"kos-no-ins patient.id"}},
		"authority of the former INS": {func(d *dicomweb.Dataset) *dicomweb.Dataset {
			d.Items(tagQualifiers)[0].Set(dicomweb.Text(tagEntity, "1.2.250.1.213.1.4.2"))
			return without(d, tagOtherIDs)
		}, []string{"kos-no-ins patient.id"}},
		"wrong key": {func(d *dicomweb.Dataset) *dicomweb.Dataset {
			return without(root(dicomweb.TagPatientID, "285036912345600")(d), tagOtherIDs)
		}, []string{"kos-bad-ins patient.id.ins.matricule"}},
		"wrong key beside a right one": {root(dicomweb.TagPatientID, "285036912345600"), []string{"kos-bad-ins patient.id.ins.matricule"}},
		"two INS": {func(d *dicomweb.Dataset) *dicomweb.Dataset {
			d.Items(tagOtherIDs)[0].Set(dicomweb.Text(dicomweb.TagPatientID, "1850369123456"+segur.MatriculeKey("1850369123456")))
			return d
		}, []string{"kos-several-patients patient.otherIDs[0]"}},
		"two authorities": {func(d *dicomweb.Dataset) *dicomweb.Dataset {
			d.Items(tagOtherIDs)[0].Items(tagQualifiers)[0].Set(dicomweb.Text(tagEntity, string(segur.OIDINSNIR)))
			return d
		}, []string{"kos-several-patients patient.otherIDs[0]"}},
		"another matricule by its label": {func(d *dicomweb.Dataset) *dicomweb.Dataset {
			i := without(d.Items(tagOtherIDs)[0], tagQualifiers)
			i.Set(dicomweb.Text(dicomweb.TagPatientID, "1850369123456"+segur.MatriculeKey("1850369123456")))
			d.Set(dicomweb.Sequence(tagOtherIDs, i))
			return d
		}, []string{"kos-several-patients patient.otherIDs"}},
		"another matricule without a word": {func(d *dicomweb.Dataset) *dicomweb.Dataset {
			i := without(d.Items(tagOtherIDs)[0], tagQualifiers, dicomweb.TagIssuerOfPatientID)
			i.Set(dicomweb.Text(dicomweb.TagPatientID, "1850369123456"+segur.MatriculeKey("1850369123456")))
			d.Set(dicomweb.Sequence(tagOtherIDs, i))
			return d
		}, []string{"kos-several-patients patient.otherIDs"}},
		"another matricule at the root": {func(d *dicomweb.Dataset) *dicomweb.Dataset {
			d.Set(dicomweb.Text(dicomweb.TagPatientID, "1850369123456"+segur.MatriculeKey("1850369123456")))
			return without(d, tagQualifiers, dicomweb.TagIssuerOfPatientID)
		}, []string{"kos-several-patients patient.otherIDs"}},
		"no evidence": {func(d *dicomweb.Dataset) *dicomweb.Dataset { return without(d, tagEvidence) }, []string{"kos-empty-study evidence"}},
		"no instance": {func(d *dicomweb.Dataset) *dicomweb.Dataset { evidence(d).Set(dicomweb.Sequence(tagSeries)); return d }, []string{"kos-empty-study evidence"}},
		"no instance of its own study": {func(d *dicomweb.Dataset) *dicomweb.Dataset {
			own := dicomweb.NewDataset(dicomweb.Text(dicomweb.TagStudyInstanceUID, study), dicomweb.Sequence(tagSeries))
			other := dicomweb.NewDataset(dicomweb.Text(dicomweb.TagStudyInstanceUID, study+".9"), dicomweb.Sequence(tagSeries, evidence(d).Items(tagSeries)...))
			d.Set(dicomweb.Sequence(tagEvidence, own, other))
			return d
		}, []string{"kos-empty-study evidence"}},
		"another study": {root(dicomweb.TagStudyInstanceUID, study+".9"), []string{"kos-other-study evidence"}},
		"no study":      {root(dicomweb.TagStudyInstanceUID, ""), []string{"kos-bad-uid study.uid", "kos-other-study evidence"}},
		"no series":     {root(dicomweb.TagSeriesInstanceUID, ""), []string{"kos-bad-uid seriesUID"}},
		"bad evidence UIDs": {func(d *dicomweb.Dataset) *dicomweb.Dataset {
			s := evidence(d).Items(tagSeries)
			s[0].Set(dicomweb.Text(dicomweb.TagSeriesInstanceUID, "x"))
			s[1].Items(dicomweb.TagReferencedSOPSequence)[0].Set(dicomweb.Text(dicomweb.TagReferencedSOPInstance, "1..2"))
			s[1].Items(dicomweb.TagReferencedSOPSequence)[1].Set(dicomweb.Text(dicomweb.TagReferencedSOPClass, "CT"))
			return d
		}, []string{"kos-bad-uid evidence[0].series[0].uid", "kos-bad-uid evidence[0].series[1].instances[0].uid", "kos-bad-uid evidence[0].series[1].instances[1].sopClass"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := kos.Read(segur.BytesContent(loose(t, tc.change(dataset(t)))))
			assert.Nil(t, d)
			require.ErrorIs(t, err, segur.ErrInvalidInput)
			var e *segur.Error
			require.True(t, errors.As(err, &e))
			if tc.want == nil {
				assert.Equal(t, kos.CodeNotKOS, e.Code)
				return
			}
			assert.Equal(t, tc.want, lines(e.Details))
			assert.NotContains(t, err.Error(), "28503")
			assert.NotEmpty(t, e.Help.FR)
		})
	}
}

// loose writes a data set of which UIDs may be wrong.
func loose(t testing.TB, d *dicomweb.Dataset) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, dicomweb.WritePart10(&b, d, dicomweb.WriteOptions{}))
	return b.Bytes()
}

func TestReadOfACutFile(t *testing.T) {
	t.Parallel()
	b := encode(t, build(t, func(_ *kos.Context, r *[]kos.Row) { *r = (*r)[:1] }))
	for n := range b {
		d, err := kos.Read(segur.BytesContent(b[:n]))
		if err == nil { // between the evidence and the rest
			require.Equal(t, 1, d.Manifest.Len(), "cut at %d", n)
			require.NotEmpty(t, d.Warnings)
			continue
		}
		require.Nil(t, d)
		require.ErrorIs(t, err, segur.ErrInvalidInput, "cut at %d", n)
	}
}

// vast is a content that says it is larger than any manifest.
type vast struct{ segur.Content }

func (vast) Size() int64 { return 1 << 30 }

func TestReadOfSomethingElse(t *testing.T) {
	t.Parallel()
	for _, b := range [][]byte{nil, []byte("%PDF-1.4"), []byte(strings.Repeat("x", 4000))} {
		_, err := kos.Read(segur.BytesContent(b))
		assert.ErrorIs(t, err, segur.ErrInvalidInput)
	}
	_, err := kos.Read(vast{segur.BytesContent(nil)})
	assert.ErrorIs(t, err, segur.ErrTooLarge)
	var e *segur.Error
	require.True(t, errors.As(err, &e))
	assert.Equal(t, kos.CodeTooLarge, e.Code)
}
