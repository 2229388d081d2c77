package kos_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/kos"
	"github.com/segur-sdk/segur/internal/testkit"
)

func noteContext() kos.NoteContext {
	return kos.NoteContext{Manufacturer: "PACS FICTIF", PatientName: "FICTIVE-DURAND^CAMILLE", Sex: segur.Female, Description: "Bougé, à refaire",
		IDs: &counted{n: 50}, UIDRoot: testRoot + ".8", Clock: at("2026-01-05 10:00:00 +0000")}
}

func newNote(t testing.TB, title string, rows []kos.Row) *kos.Note {
	t.Helper()
	n, err := kos.NewNote(noteContext(), title, rows)
	require.NoError(t, err)
	return n
}

func TestRejectionNotes(t *testing.T) {
	t.Parallel()
	for title, meaning := range map[string]string{
		kos.TitleRejectedQuality: "Rejected for Quality Reasons", kos.TitleRejectedSafety: "Rejected for Patient Safety Reasons",
		kos.TitleRejectedWorklist: "Incorrect Modality Worklist Entry", kos.TitleRejectedExpired: "Data Retention Policy Expired",
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			r := rows()
			n := newNote(t, title, []kos.Row{r[4], r[1]})
			assert.True(t, n.Rejects())
			b, err := n.Encode()
			require.NoError(t, err)
			d := read(t, b)
			assert.Empty(t, d.Warnings)
			assert.Equal(t, kos.KindRejection, d.Kind)
			assert.Equal(t, "rejection", d.Kind.String())
			assert.Nil(t, d.Manifest)
			got := d.Note
			assert.True(t, got.Created.Time.Equal(n.Created.Time))
			got.Created = n.Created
			assert.Equal(t, n, got)
			assert.Equal(t, meaning, got.Title.Display)
			assert.Equal(t, []kos.Reference{{Ref: dicomweb.Ref{Study: study, Series: study + ".1", Instance: r[1].UID}, SOPClass: ctClass},
				{Ref: dicomweb.Ref{Study: study, Series: study + ".2", Instance: r[4].UID}, SOPClass: ctClass}}, got.References)
			assert.NotContains(t, fmt.Sprintf("%v %+v", got, *got), "IPP")

			left := got.Apply(r)
			assert.Len(t, left, 3)
			assert.Len(t, r, 5, "the rows are not touched")
			m := build(t, func(c *kos.Context, _ *[]kos.Row) { c.Notes = []*kos.Note{got} })
			assert.Equal(t, 3, m.Len())
			assert.Equal(t, []string{kos.WarnRejected}, codes(m.Warnings))
		})
	}
}

// TestRejectionNotesOfOtherSpellings: a rejection must not be taken for a mark of
// key images because its scheme is written otherwise.
func TestRejectionNotesOfOtherSpellings(t *testing.T) {
	t.Parallel()
	n := newNote(t, kos.TitleRejectedSafety, rows()[:1])
	for scheme, want := range map[string]kos.Kind{
		"dcm": kos.KindRejection, "": kos.KindRejection, string(dcm): kos.KindRejection, "99PACS": kos.KindKeyImages,
	} {
		d, err := n.Dataset()
		require.NoError(t, err)
		d.Items(tagTitle)[0].Set(dicomweb.Text(0x00080102, scheme))
		got := read(t, file(t, d))
		assert.Equal(t, want, got.Kind, scheme)
		assert.Equal(t, want == kos.KindRejection, got.Note.Rejects(), scheme)
		if want == kos.KindRejection {
			assert.Equal(t, []string{kos.WarnTitle}, codes(got.Warnings), scheme)
			assert.Equal(t, dcm, got.Note.Title.System, scheme)
		}
	}
}

// TestRejectedImagesOfSomebodyElse: the images of a wrong worklist entry do not
// keep the right ones from being shared.
func TestRejectedImagesOfSomebodyElse(t *testing.T) {
	t.Parallel()
	wrong := rows()[0]
	wrong.PatientID, wrong.Accession, wrong.BirthDate = "IPP-0002", "ACN2", segur.NewDate(1950, 1, 1)
	m := build(t, func(c *kos.Context, r *[]kos.Row) {
		(*r)[0] = wrong
		c.Notes = []*kos.Note{newNote(t, kos.TitleRejectedWorklist, []kos.Row{wrong})}
	})
	assert.Equal(t, 4, m.Len())
	assert.Equal(t, "IPP-0001", m.Archive.PatientID)
	assert.Equal(t, []string{"ACN1"}, m.Archive.Accessions)
}

func TestEverythingRejected(t *testing.T) {
	t.Parallel()
	c := newContext()
	c.Notes = []*kos.Note{newNote(t, kos.TitleRejectedSafety, rows())}
	c.Manufacturer = ""
	_, err := kos.Build(c, rows())
	var e *segur.Error
	require.True(t, errors.As(err, &e))
	assert.Equal(t, []string{"kos-field manufacturer", "kos-empty-study rows"}, lines(e.Details))
}

func TestKeyImageNote(t *testing.T) {
	t.Parallel()
	n := newNote(t, kos.TitleOfInterest, rows()[:1])
	assert.False(t, n.Rejects())
	assert.Len(t, n.Apply(rows()), 5)
	b, err := n.Encode()
	require.NoError(t, err)
	d := read(t, b)
	assert.Equal(t, kos.KindKeyImages, d.Kind)
	assert.Equal(t, "key images", d.Kind.String())
	assert.Equal(t, "Bougé, à refaire", d.Note.Description)
	assert.Equal(t, "IPP-0001", d.Note.PatientID)

	ds, err := n.Dataset()
	require.NoError(t, err)
	d = read(t, file(t, without(ds, tagEvidence)))
	assert.Equal(t, []string{kos.WarnContent}, codes(d.Warnings))
	assert.Equal(t, rows()[0].UID, d.Note.References[0].Instance)
}

func TestNotesAreJudged(t *testing.T) {
	t.Parallel()
	n := newNote(t, kos.TitleRejectedQuality, rows())
	n.Description = "Cœur"
	b, err := n.Encode()
	require.NoError(t, err)
	assert.Contains(t, string(b), "Cœur")
	// The checker of this version takes any key object selection.
	assert.NotContains(t, testkit.DCIODVfyBytes(t, b), "Error")
}

func TestNotesRefuse(t *testing.T) {
	t.Parallel()
	_, err := kos.NewNote(kos.NoteContext{}, kos.TitleManifest, nil)
	var e *segur.Error
	require.True(t, errors.As(err, &e))
	assert.Equal(t, []string{"kos-field manufacturer", "kos-field title", "kos-empty-study rows"}, lines(e.Details))
	_, err = kos.NewNote(noteContext(), kos.TitleOfInterest, append(rows(), kos.Row{Study: kos.Study{UID: "1.2"}, SeriesUID: "1.2.3", UID: "1.2.3.4", SOPClass: ctClass, PatientID: "X"}))
	require.True(t, errors.As(err, &e))
	assert.Equal(t, []string{"kos-several-studies rows[5].study.uid", "kos-several-patients rows[5].patientID"}, lines(e.Details))

	_, err = (&kos.Note{References: []kos.Reference{{}}}).Encode()
	require.True(t, errors.As(err, &e))
	assert.Equal(t, []string{"kos-bad-uid uid", "kos-bad-uid seriesUID", "kos-bad-uid study.uid", "kos-field created", "kos-field title",
		"kos-bad-uid references[0].study", "kos-bad-uid references[0].series", "kos-bad-uid references[0].instance", "kos-bad-uid references[0].sopClass"}, lines(e.Details))

	ds, err := newNote(t, kos.TitleOfInterest, rows()).Dataset()
	require.NoError(t, err)
	_, err = kos.Read(segur.BytesContent(file(t, without(ds, tagEvidence, tagContent, tagTitle, dicomweb.TagStudyInstanceUID))))
	require.True(t, errors.As(err, &e))
	assert.Equal(t, []string{"kos-bad-uid study.uid", "kos-empty-study references", "kos-not-kos title"}, lines(e.Details))
}

func TestTitles(t *testing.T) {
	t.Parallel()
	for code, meaning := range map[string]string{"113001": "Rejected for Quality Reasons", "113037": "Rejected for Patient Safety Reasons",
		"113038": "Incorrect Modality Worklist Entry", "113039": "Data Retention Policy Expired", "113030": "Manifest", "113000": "Of Interest"} {
		assert.Equal(t, segur.Code{Code: code, System: dcm, SystemName: "DCM", Display: meaning}, kos.Title(code))
		assert.Contains(t, string(testkit.ReadShared(t, "dicomweb/drim/kos-titles-and-iocm.tsv")), code+"\tDCM\t"+meaning)
	}
}
