package drim_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/dicomweb/drim"
	"github.com/segur-sdk/segur/dmp/xds"
)

func study(uid string) xds.Reference { return xds.Reference{ID: uid, Type: xds.ReferenceStudy} }
func accessionRef(n string) xds.Reference {
	return xds.Reference{ID: n, Authority: "1.2.250.1.999.5", Type: xds.ReferenceAccession}
}
func orderRef(n string) xds.Reference {
	return xds.Reference{ID: n, Authority: "1.2.250.1.999.6", Type: xds.ReferenceOrder}
}

// manifestOf is an entry without document.
func manifestOf(t testing.TB, uid string, references ...xds.Reference) *xds.DocumentEntry {
	e := reportEntry(t, uid, references...)
	e.FormatCode = segur.Code{Code: "1.2.840.10008.5.1.4.1.1.88.59", System: "1.2.840.10008.2.6.1"}
	e.TypeCode, e.MimeType = segur.Code{Code: "IMG-KOS", System: "1.2.250.1.213.1.1.4.12"}, "application/dicom"
	return e
}

// summary is who is paired with whom, and why.
func summary(exams []*drim.Exam) (out []string) {
	for _, e := range exams {
		s := "-"
		if e.Manifest != nil {
			s = e.Manifest.UniqueID
		}
		for _, r := range e.Reports {
			s += fmt.Sprintf(" %s%v", r.Entry.UniqueID, r.By)
			if len(r.Against) > 0 {
				s += fmt.Sprintf("!%v", r.Against)
			}
		}
		out = append(out, s)
	}
	return out
}

func TestExams(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	b := newBench(t, pki, nil)
	dummy := xds.Reference{ID: "1.1", Authority: "1.2.3.4.5.6", Type: xds.ReferenceStudy}
	later := reportEntry(t, "R5", accessionRef("A1"))
	later.Created = segur.At(examAt.Add(time.Hour))
	for _, e := range []*xds.DocumentEntry{
		manifestOf(t, "M1", dummy, accessionRef("A1"), orderRef("O1")),
		manifestOf(t, "M2", study("1.2"), accessionRef("A2"), orderRef("O2")),
		manifestOf(t, "M3", study("1.3")),
		manifestOf(t, "M1b", study("1.1"), accessionRef("A1")), // another site has the same study
		reportEntry(t, "R1", orderRef("O1"), accessionRef("A9")),
		reportEntry(t, "R2", study("1.1"), study("1.2"), accessionRef("A2")), // of two studies
		reportEntry(t, "R3", accessionRef("A7")),
		reportEntry(t, "R4", xds.Reference{ID: "A1", Authority: "1.2.250.1.999.55", Type: xds.ReferenceAccession}), // the same number elsewhere
		later,
	} {
		b.record.put(e, nil, "")
	}
	all, err := b.Exams(t.Context(), drim.ExamQuery{Patient: insOf(t)})
	require.NoError(t, err)
	assert.Equal(t, []string{
		"M1 R2[study]![accession] R5[accession] R1[order]![accession]",
		"M2 R2[study accession]",
		"M3",
		"M1b R2[study]![accession] R5[accession]",
		"- R3[]", "- R4[]",
	}, summary(all))
	assert.Equal(t, []int{2, 1, 1, 2, 0, 0}, []int{all[0].Shared, all[1].Shared, all[2].Shared, all[3].Shared, all[4].Shared, all[5].Shared})
	assert.Equal(t, "1.1", all[0].StudyUID)
	assert.Equal(t, insOf(t), all[0].Patient())
	assert.Len(t, b.record.queries, 1)
	assert.True(t, b.record.queries[0].WithReports)

	_, err = b.Open(t.Context(), all[4])
	require.ErrorIs(t, err, segur.ErrInvalidInput, "a report has no images")

	for name, c := range map[string]struct {
		q       drim.ExamQuery
		want    []string
		queries int
	}{
		"study":            {drim.ExamQuery{StudyUID: "1.1"}, []string{"M1 R2[study]![accession] R5[accession] R1[order]![accession]", "M1b R2[study]![accession] R5[accession]"}, 2},
		"study, no report": {drim.ExamQuery{StudyUID: "1.1", WithoutReports: true}, []string{"M1", "M1b"}, 1},
		"accession":        {drim.ExamQuery{Accession: segur.Identifier{Root: "1.2.250.1.999.5", Extension: "A2"}}, []string{"M2 R2[study accession]"}, 2},
		"none":             {drim.ExamQuery{StudyUID: "9.9"}, nil, 1},
	} {
		b.record.queries = nil
		c.q.Patient = insOf(t)
		got, err := b.Exams(t.Context(), c.q)
		require.NoError(t, err, name)
		assert.Equal(t, c.want, summary(got), name)
		assert.Len(t, b.record.queries, c.queries, name)
	}

	// Filters of the manifest do not hide its report.
	b.record.queries = nil
	_, err = b.Exams(t.Context(), drim.ExamQuery{Patient: insOf(t), Modalities: []string{"CT"}, Service: xds.Period{From: examAt}})
	require.NoError(t, err)
	require.Len(t, b.record.queries, 3)
	assert.False(t, b.record.queries[0].WithReports)
	assert.Equal(t, []string{"CT"}, b.record.queries[0].Modalities)
	assert.Equal(t, []string{"CT"}, b.record.queries[1].Modalities)
	assert.True(t, b.record.queries[1].ReportsOnly)
	assert.Contains(t, b.record.queries[2].References, study("1.3"))
	assert.Contains(t, b.record.queries[2].References, orderRef("O1"))
	assert.Empty(t, b.record.queries[2].Modalities)
}

func TestExamsOrder(t *testing.T) {
	t.Parallel()
	b := newBench(t, credentialtest.NewPKI(), nil)
	for n, at := range []time.Time{examAt, examAt.AddDate(0, 1, 0), examAt.AddDate(0, -1, 0)} {
		e := manifestOf(t, fmt.Sprint("M", n), study(fmt.Sprint("1.", n)))
		e.ServiceStart = segur.At(at)
		b.record.put(e, nil, "")
		b.record.put(e, nil, "other") // the registry gives it twice
	}
	got, err := b.Exams(t.Context(), drim.ExamQuery{Patient: insOf(t)})
	require.NoError(t, err)
	assert.Equal(t, []string{"M1", "M0", "M2"}, summary(got))
}

func TestExamsRefuse(t *testing.T) {
	t.Parallel()
	b := newBench(t, credentialtest.NewPKI(), nil)
	former, err := segur.ParseINS("2850369123457"+segur.MatriculeKey("2850369123457"), segur.OIDINSNIRTest)
	require.NoError(t, err)
	e := manifestOf(t, "M1", study("1.1"))
	e.PatientID = xds.INSPatientID(former)
	b.record.put(e, nil, "")
	_, err = b.Exams(t.Context(), drim.ExamQuery{Patient: insOf(t)})
	require.ErrorIs(t, err, segur.ErrProtocol)
	var known *segur.Error
	require.ErrorAs(t, err, &known)
	assert.Equal(t, drim.CodeWrongPatient, known.Code)
	assert.NotContains(t, err.Error(), former.Matricule())
	assert.NotEmpty(t, known.Explain(segur.FR))
	got, err := b.Exams(t.Context(), drim.ExamQuery{Patient: insOf(t), FormerINS: []segur.INS{former}})
	require.NoError(t, err)
	assert.Len(t, got, 1, "unless it is a number that the patient had")

	b.record.fail = &segur.Error{Op: "dmp.find", Kind: segur.KindAuthorization}
	_, err = b.Exams(t.Context(), drim.ExamQuery{Patient: insOf(t), FormerINS: []segur.INS{former}})
	require.ErrorIs(t, err, segur.ErrAuthorization, "a part of an answer is no answer")

	for name, q := range map[string]drim.ExamQuery{
		"nobody":           {},
		"no UID":           {Patient: insOf(t), StudyUID: "abc"},
		"accession of who": {Patient: insOf(t), Accession: segur.Identifier{Extension: "A1"}},
	} {
		_, err := b.Exams(t.Context(), q)
		require.ErrorIs(t, err, segur.ErrInvalidInput, name)
	}
}

func TestExamQueryOfCall(t *testing.T) {
	t.Parallel()
	c := &drim.Call{INS: insOf(t), Information: "oui", StudyUID: "1.2.3", Modality: "CT", Region: "67734004",
		Accession: segur.Identifier{Root: "1.2.250.1.999.5", Extension: "A1"}, StudyFrom: segur.NewDate(2026, 3, 28), StudyTo: segur.NewDate(2026, 3, 29)}
	q, err := c.ExamQuery()
	require.NoError(t, err)
	assert.Equal(t, drim.ExamQuery{Patient: c.INS, StudyUID: "1.2.3", Accession: c.Accession, Modalities: []string{"CT"}, Regions: []string{"67734004"}, Service: q.Service}, q)
	assert.Equal(t, "2026-03-27T23:00:00Z", q.Service.From.UTC().Format(time.RFC3339))
	assert.Equal(t, "2026-03-29T22:00:00Z", q.Service.To.UTC().Format(time.RFC3339), "summer time began")
	for _, v := range []any{q, &q, *c} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			assert.NotContains(t, fmt.Sprintf(verb, v), "A1")
		}
	}
	c.Accession.Root = ""
	q, err = c.ExamQuery()
	require.NoError(t, err)
	assert.Empty(t, q.Accession, "a number of nobody finds the exam of somebody else")
	c.Information = "non"
	_, err = c.ExamQuery()
	require.ErrorIs(t, err, segur.ErrRefused)
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, drim.CodeOpposed, e.Code)
}

// What the record may give for a manifest.
func TestOpen(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	s := newSite(t, pki, 21, 1, 2)
	otherPatient, err := segur.ParseINS("2850369123457"+segur.MatriculeKey("2850369123457"), segur.OIDINSNIRTest)
	require.NoError(t, err)
	encode := func(t *testing.T, change func(*site)) ([]byte, *xds.DocumentEntry) {
		c := *s
		m := *s.manifest
		c.manifest = &m
		change(&c)
		b, err := c.manifest.Encode()
		require.NoError(t, err)
		return b, manifestEntry(c.manifest, b)
	}
	mine := func(e *xds.DocumentEntry) *xds.DocumentEntry {
		e.PatientID = xds.INSPatientID(insOf(t))
		return e
	}
	for name, c := range map[string]struct {
		make func(*testing.T) ([]byte, *xds.DocumentEntry)
		kind error
		code string
	}{
		"whole": {func(*testing.T) ([]byte, *xds.DocumentEntry) { return s.kos, manifestEntry(s.manifest, s.kos) }, nil, ""},
		"hash in upper case": {func(*testing.T) ([]byte, *xds.DocumentEntry) {
			e := manifestEntry(s.manifest, s.kos)
			e.Hash = string(bytes.ToUpper([]byte(e.Hash)))
			return s.kos, e
		}, nil, ""},
		"no hash": {func(*testing.T) ([]byte, *xds.DocumentEntry) {
			e := manifestEntry(s.manifest, s.kos)
			e.Hash, e.Size = "", 0
			return s.kos, e
		}, nil, ""},
		"another hash": {func(*testing.T) ([]byte, *xds.DocumentEntry) {
			e := manifestEntry(s.manifest, s.kos)
			b := bytes.Clone(s.kos)
			b[len(b)-1] ^= 1
			return b, e
		}, segur.ErrProtocol, drim.CodeWrongManifest},
		"another size": {func(*testing.T) ([]byte, *xds.DocumentEntry) {
			e := manifestEntry(s.manifest, s.kos)
			return s.kos[:len(s.kos)-2], e
		}, segur.ErrProtocol, drim.CodeWrongManifest},
		"another identifier": {func(*testing.T) ([]byte, *xds.DocumentEntry) {
			e := manifestEntry(s.manifest, s.kos)
			e.UniqueID = "1.2.250.1.999.8.99"
			return s.kos, e
		}, segur.ErrProtocol, drim.CodeWrongManifest},
		"another patient": {func(t *testing.T) ([]byte, *xds.DocumentEntry) {
			b, e := encode(t, func(c *site) { c.manifest.INS = otherPatient })
			return b, mine(e)
		}, segur.ErrRefused, drim.CodeWrongPatient},
		"another study": {func(*testing.T) ([]byte, *xds.DocumentEntry) {
			e := manifestEntry(s.manifest, s.kos)
			e.References = []xds.Reference{study("1.2.250.1.999.77")}
			return s.kos, e
		}, segur.ErrProtocol, drim.CodeWrongStudy},
		"an image": {func(*testing.T) ([]byte, *xds.DocumentEntry) {
			e := manifestEntry(s.manifest, s.study.Instances[0].File)
			return s.study.Instances[0].File, e
		}, segur.ErrProtocol, drim.CodeNotAManifest},
		"a page": {func(*testing.T) ([]byte, *xds.DocumentEntry) {
			b := bytes.Repeat([]byte("<html></html>"), 20)
			return b, manifestEntry(s.manifest, b)
		}, segur.ErrProtocol, drim.CodeNotAManifest},
		"nothing": {func(*testing.T) ([]byte, *xds.DocumentEntry) {
			return nil, manifestEntry(s.manifest, nil)
		}, segur.ErrProtocol, drim.CodeNotAManifest},
		"too much": {func(*testing.T) ([]byte, *xds.DocumentEntry) {
			b := make([]byte, 1<<20)
			return b, manifestEntry(s.manifest, b)
		}, segur.ErrTooLarge, drim.CodeNotAManifest},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file, entry := c.make(t)
			b := newBench(t, pki, func(c *drim.ConsumerConfig) { c.MaxManifestBytes = 64 << 10 })
			b.record.put(entry, file, "")
			exams, err := b.Exams(t.Context(), drim.ExamQuery{Patient: insOf(t)})
			require.NoError(t, err)
			require.Len(t, exams, 1)
			o, err := b.Open(t.Context(), exams[0])
			if c.kind == nil {
				require.NoError(t, err)
				assert.Equal(t, s.manifest.UID, o.Manifest.UID)
				assert.Equal(t, 2, o.Manifest.Len())
				assert.Equal(t, file, o.KOS)
				assert.Equal(t, entry.Hash == "", len(o.Warnings) == 1)
				assert.NotContains(t, fmt.Sprintf("%+v %#v", o, *o), "FICTIVE")
				return
			}
			require.ErrorIs(t, err, c.kind)
			var e *segur.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, c.code, e.Code)
			assert.Nil(t, o)
		})
	}
	b := newBench(t, pki, nil)
	_, err = b.Open(t.Context(), nil)
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	_, err = b.Open(t.Context(), &drim.Exam{Manifest: manifestEntry(s.manifest, s.kos)})
	require.ErrorIs(t, err, segur.ErrInvalidInput, "nobody was searched")
}

// cutRecord gives documents that end in an error.
type cutRecord struct{ *shelf }

func (r cutRecord) Open(ctx context.Context, p segur.INS, e *xds.DocumentEntry) (io.ReadCloser, error) {
	b, err := r.shelf.Open(ctx, p, e)
	if err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{io.MultiReader(io.LimitReader(b, 200), failing{}), b}, nil
}

type failing struct{}

func (failing) Read([]byte) (int, error) {
	return 0, &segur.Error{Op: "dmp.retrieve", Kind: segur.KindTruncated}
}

func TestOpenCut(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	s := newSite(t, pki, 22, 1, 1)
	b := newBench(t, pki, nil, s)
	cfg := b.cfg
	cfg.Record = cutRecord{b.record}
	c, err := drim.NewConsumer(cfg)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	exams, err := c.Exams(t.Context(), drim.ExamQuery{Patient: insOf(t)})
	require.NoError(t, err)
	_, err = c.Open(t.Context(), exams[0])
	require.ErrorIs(t, err, segur.ErrTruncated)
}
