package drim_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/drim"
	"github.com/segur-sdk/segur/dicomweb/drim/drimtest"
	"github.com/segur-sdk/segur/dicomweb/drim/whitelist"
	"github.com/segur-sdk/segur/dicomweb/kos"
	"github.com/segur-sdk/segur/internal/testkit"
)

func TestRetrieve(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	a, z := newSite(t, pki, 1, 2, 3), newSite(t, pki, 2, 1, 1)
	b := newBench(t, pki, nil, a, z)
	var kept basket
	var last drim.RetrieveProgress
	opened := b.open(t)
	report, err := b.Retrieve(t.Context(), drim.RetrieveRequest{Exams: opened, Sink: &kept, Progress: func(p drim.RetrieveProgress) { last = p }})
	require.NoError(t, err)
	assert.True(t, report.Complete())
	assert.Equal(t, 7, report.Count(drim.ImageReceived))
	kept.requireFiles(t, append(slices.Clone(a.study.Instances), z.study.Instances...)...)
	var size int64
	for _, f := range kept.files {
		size += int64(len(f))
	}
	assert.Equal(t, drim.RetrieveProgress{Received: 7, Expected: 7, Bytes: size}, last)
	require.Len(t, report.Sources, 2)
	for _, s := range report.Sources {
		assert.NoError(t, s.Err)
	}
	assert.Equal(t, 3, b.tokens.count(), "one for each request: two series and one")
	for _, r := range a.box.Requests() {
		assert.Equal(t, a.manifest.UID, r.ManifestUID)
		assert.Equal(t, []string{drim.FormatAccept(drim.Lossless)}, r.Accept)
		assert.Empty(t, r.Ref.Instance)
	}
	im := report.Image(a.study.Instances[4].Ref.Instance)
	require.NotNil(t, im)
	assert.Equal(t, drim.ImageReceived, im.State)
	assert.Equal(t, int64(len(a.study.Instances[4].File)), im.Size)
	assert.Equal(t, dicomweb.ExplicitVRLittleEndian, im.TransferSyntaxUID)
	assert.False(t, im.INS, "the samples bear none")
	assert.Nil(t, report.Image("1.2.3"))
	left, err := os.ReadDir(b.cfg.SpoolDir)
	require.NoError(t, err)
	assert.Empty(t, left)
}

// What a source may do wrong, and what is said of it. Image 0 of the only series,
// of three, is the victim.
func TestRetrieveBadSource(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	type want struct {
		kind    error
		code    string
		state   drim.ImageState // of the victim
		code0   string          // of the victim
		rest    drim.ImageState
		foreign int
		tokens  int // -1: any number
	}
	whole := func(s *site) []byte { return s.study.Instances[0].File }
	victim := func(s *site) string { return s.study.Instances[0].Ref.Instance }
	ins := insOf(t)
	other := "2850369123457" + segur.MatriculeKey("2850369123457")
	identifier := func(authority segur.OID, value string) dicomweb.Change {
		return dicomweb.AppendItem(0x00101002, dicomweb.NewDataset(dicomweb.Text(dicomweb.TagPatientID, value),
			dicomweb.Sequence(0x00100024, dicomweb.NewDataset(dicomweb.Element{Tag: 0x00400032, VR: dicomweb.UT, Values: []string{string(authority)}},
				dicomweb.Element{Tag: 0x00400033, VR: dicomweb.CS, Values: []string{"ISO"}}))))
	}
	address := func(f func(*kos.Manifest) string) func(*testing.T, *bench, *site) {
		return func(t *testing.T, b *bench, s *site) {
			old := s.manifest.UID
			s.share(t, filesOf(s.study), func(m *kos.Manifest) { m.Series[0].RetrieveURL = f(m) })
			b.record.publish(t, s, old)
		}
	}
	html := drimtest.Fault{Status: 200, ContentType: "text/html", Body: []byte("<html>connexion</html>"), Times: drimtest.Forever}
	missing, received, wrong, refused, gone := drim.ImageMissing, drim.ImageReceived, drim.ImageWrong, drim.ImageRefused, drim.ImageGone
	for name, c := range map[string]struct {
		do   func(*testing.T, *bench, *site)
		want want
	}{
		"not in the white list": {func(_ *testing.T, b *bench, _ *site) { b.listed = nil },
			want{segur.ErrAuthorization, whitelist.CodeNotListed, refused, whitelist.CodeNotListed, refused, 0, 0}},
		"address of another host": {address(func(m *kos.Manifest) string { return "https://elsewhere.example" + seriesPath(m) }),
			want{segur.ErrAuthorization, whitelist.CodeNotListed, refused, whitelist.CodeNotListed, refused, 0, 0}},
		"address of a host that looks alike": {address(func(m *kos.Manifest) string {
			return strings.Replace(m.Series[0].RetrieveURL, "https://", "https://evil.example@", 1)
		}), want{segur.ErrRefused, drim.CodeBadAddress, refused, drim.CodeBadAddress, refused, 0, 0}},
		"address in clear": {address(func(m *kos.Manifest) string { return strings.Replace(m.Series[0].RetrieveURL, "https:", "http:", 1) }),
			want{segur.ErrRefused, drim.CodeBadAddress, refused, drim.CodeBadAddress, refused, 0, 0}},
		"address of another study": {address(func(m *kos.Manifest) string {
			return strings.Replace(m.Series[0].RetrieveURL, m.Study.UID, "1.2.250.1.999.77", 1)
		}), want{segur.ErrRefused, drim.CodeWrongStudy, refused, drim.CodeWrongStudy, refused, 0, 0}},
		"address of the study": {address(func(m *kos.Manifest) string { return strings.Split(m.Series[0].RetrieveURL, "/series/")[0] }),
			want{segur.ErrRefused, drim.CodeWrongStudy, refused, drim.CodeWrongStudy, refused, 0, 0}},
		"expired token": {func(_ *testing.T, _ *bench, s *site) { s.box.SetTokens("another") },
			want{segur.ErrAuthentication, "", refused, "", refused, 0, -1}},
		"token renewed": {func(_ *testing.T, b *bench, _ *site) { b.tokens.give = []string{"expired", drimtest.Token} },
			want{nil, "", received, "", received, 0, 2}},
		"image gone": {func(_ *testing.T, _ *bench, s *site) { s.box.Forget(victim(s)) },
			want{segur.ErrPartial, drim.CodeIncompleteExam, gone, drim.CodeImageGone, received, 0, 2}},
		"image of another INS": {func(t *testing.T, _ *bench, s *site) {
			s.box.Substitute(victim(s), alter(t, whole(s), identifier(ins.Authority(), other)))
		}, want{segur.ErrPartial, drim.CodeIncompleteExam, wrong, drim.CodeWrongPatient, received, 1, 1}},
		"image of this INS": {func(t *testing.T, _ *bench, s *site) {
			s.box.Substitute(victim(s), alter(t, whole(s), identifier(ins.Authority(), ins.Matricule())))
		}, want{nil, "", received, "", received, 0, 1}},
		"image of another birth date": {func(t *testing.T, _ *bench, s *site) {
			s.box.Substitute(victim(s), alter(t, whole(s), dicomweb.Put(dicomweb.Text(dicomweb.TagPatientBirthDate, "19500101"))))
		}, want{segur.ErrPartial, drim.CodeIncompleteExam, wrong, drim.CodeWrongPatient, received, 1, 1}},
		"image of another name": {func(t *testing.T, _ *bench, s *site) {
			s.box.Substitute(victim(s), alter(t, whole(s), dicomweb.Put(dicomweb.Text(dicomweb.TagPatientName, "AUTRE^PERSONNE"))))
		}, want{segur.ErrPartial, drim.CodeIncompleteExam, wrong, drim.CodeWrongPatient, received, 1, 1}},
		"image of another study": {func(t *testing.T, _ *bench, s *site) {
			s.box.Substitute(victim(s), alter(t, whole(s), dicomweb.Put(dicomweb.Text(dicomweb.TagStudyInstanceUID, "1.2.250.1.999.77"))))
		}, want{segur.ErrPartial, drim.CodeIncompleteExam, wrong, drim.CodeWrongStudy, received, 0, 4}},
		"image of another series": {func(t *testing.T, _ *bench, s *site) {
			s.box.Substitute(victim(s), alter(t, whole(s), dicomweb.Put(dicomweb.Text(dicomweb.TagSeriesInstanceUID, "1.2.250.1.999.78"))))
		}, want{segur.ErrPartial, drim.CodeIncompleteExam, wrong, drim.CodeWrongStudy, received, 0, 4}},
		"image in the place of another": {func(_ *testing.T, _ *bench, s *site) { s.box.Substitute(victim(s), s.study.Instances[1].File) },
			want{segur.ErrPartial, drim.CodeIncompleteExam, wrong, drim.CodeWrongStudy, received, 0, 2}},
		"image cut at the source": {func(_ *testing.T, _ *bench, s *site) { s.box.Substitute(victim(s), whole(s)[:len(whole(s))-9]) },
			want{segur.ErrPartial, drim.CodeIncompleteExam, wrong, drim.CodeImageDamaged, received, 0, 2}},
		"image without its pixels": {func(_ *testing.T, _ *bench, s *site) {
			s.box.Substitute(victim(s), whole(s)[:bytes.LastIndex(whole(s), []byte("\xe0\x7f\x10\x00"))])
		}, want{segur.ErrPartial, drim.CodeIncompleteExam, wrong, drim.CodeImageWithoutPixels, received, 0, 2}},
		"image of fewer pixels than it announces": {func(t *testing.T, _ *bench, s *site) {
			s.box.Substitute(victim(s), alter(t, whole(s), dicomweb.Put(dicomweb.Element{Tag: dicomweb.TagRows, VR: dicomweb.US, Values: []string{"17"}})))
		}, want{segur.ErrPartial, drim.CodeIncompleteExam, wrong, drim.CodeImageWithoutPixels, received, 0, 2}},
		"no image": {func(_ *testing.T, _ *bench, s *site) { s.box.Substitute(victim(s), []byte("not DICOM")) },
			want{segur.ErrPartial, drim.CodeIncompleteExam, missing, "", received, 0, 4}},
		"login page": {func(_ *testing.T, _ *bench, s *site) { s.box.Fail(html) },
			want{segur.ErrProtocol, "", missing, "", missing, 0, -1}},
		"login page for the series": {func(_ *testing.T, _ *bench, s *site) {
			f := html
			f.Op, f.Times = drimtest.OpSeries, 1
			s.box.Fail(f)
		}, want{nil, "", received, "", received, 0, 4}},
		"redirection": {func(_ *testing.T, _ *bench, s *site) {
			s.box.Fail(drimtest.Fault{Status: 302, Header: http.Header{"Location": {"https://elsewhere.example/"}}, Times: drimtest.Forever})
		}, want{segur.ErrProtocol, "", missing, "", missing, 0, -1}},
		"not for this user": {func(_ *testing.T, _ *bench, s *site) {
			s.box.Fail(drimtest.Fault{Status: 403, Times: drimtest.Forever})
		},
			want{segur.ErrAuthorization, "", refused, "", refused, 0, 1}},
		"bad request": {func(_ *testing.T, _ *bench, s *site) {
			s.box.Fail(drimtest.Fault{Status: 400, Times: drimtest.Forever})
		},
			want{segur.ErrRefused, "", refused, "", refused, 0, 1}},
		"not acceptable as a series": {func(_ *testing.T, _ *bench, s *site) { s.box.Fail(drimtest.Fault{Op: drimtest.OpSeries, Status: 406}) },
			want{nil, "", received, "", received, 0, 4}},
		"out of order for a while": {func(_ *testing.T, _ *bench, s *site) { s.box.Fail(drimtest.Fault{Status: 503, Times: 2}) },
			want{segur.ErrPartial, "", missing, "", received, 0, 4}},
		"down": {func(t *testing.T, _ *bench, s *site) { s.box.Close(); testkit.Refused(t, s.box.Host()) },
			want{segur.ErrUnavailable, "", missing, "", missing, 0, -1}},
		"certificate of nobody": {func(t *testing.T, b *bench, _ *site) {
			cfg := b.cfg
			cfg.RootCAs = x509.NewCertPool()
			c, err := drim.NewConsumer(cfg)
			require.NoError(t, err)
			b.Consumer = c
		}, want{segur.ErrSignature, "", missing, "", missing, 0, 1}},
		"one more than listed": {func(t *testing.T, _ *bench, s *site) {
			extra := alter(t, sampleOf(t, 99, 1, 1).Instances[0].File, dicomweb.Put(dicomweb.Text(dicomweb.TagStudyInstanceUID, s.study.UID)),
				dicomweb.Put(dicomweb.Text(dicomweb.TagSeriesInstanceUID, s.study.Instances[0].Ref.Series)))
			require.NoError(t, s.box.Share(s.manifest.UID, append(filesOf(s.study), extra)...))
		}, want{nil, "", received, "", received, 1, 1}},
		"one twice": {func(t *testing.T, _ *bench, s *site) {
			require.NoError(t, s.box.Share(s.manifest.UID, append(filesOf(s.study), whole(s))...))
		}, want{nil, "", received, "", received, 0, 1}},
		"no INS, which is required": {func(t *testing.T, b *bench, _ *site) {
			cfg := b.cfg
			cfg.RequireINS = true
			c, err := drim.NewConsumer(cfg)
			require.NoError(t, err)
			b.Consumer = c
		}, want{segur.ErrRefused, drim.CodeWrongPatient, wrong, drim.CodeWrongPatient, wrong, 3, 1}},
		"nothing left of the series": {func(_ *testing.T, _ *bench, s *site) {
			for _, i := range s.study.Instances {
				s.box.Forget(i.Ref.Instance)
			}
		}, want{segur.ErrNotFound, drim.CodeImageGone, gone, drim.CodeImageGone, gone, 0, 5}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, pki, 5, 1, 3)
			b := newBench(t, pki, func(c *drim.ConsumerConfig) { c.Parallel = 1 }, s)
			c.do(t, b, s)
			var kept basket
			report, err := b.Retrieve(t.Context(), drim.RetrieveRequest{Exams: b.open(t), Sink: &kept})
			require.NotNil(t, report)
			if c.want.kind == nil {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, c.want.kind)
				var e *segur.Error
				require.ErrorAs(t, err, &e)
				if c.want.code != "" {
					assert.Equal(t, c.want.code, e.Code)
				}
				assert.NotContains(t, e.Error(), ins.Matricule())
			}
			assert.Equal(t, c.want.kind == nil, report.Complete())
			require.Len(t, report.Exams[0].Series, 1)
			all := report.Exams[0].Series[0].Images
			require.Len(t, all, 3)
			there := 0
			for _, im := range all {
				state, code := c.want.rest, ""
				if im.Ref.Instance == victim(s) {
					state, code = c.want.state, c.want.code0
				}
				assert.Equal(t, state, im.State, "%s: %v", im.Ref.Instance, im.Err)
				assert.Equal(t, im.State == drim.ImageReceived, im.Err == nil)
				if code != "" {
					var e *segur.Error
					require.ErrorAs(t, im.Err, &e)
					assert.Equal(t, code, e.Code)
				}
				if im.State == drim.ImageReceived {
					there++
				}
			}
			assert.Len(t, kept.files, there, "nothing else was given")
			assert.Equal(t, there, kept.puts)
			assert.Len(t, report.Exams[0].Foreign, c.want.foreign)
			if c.want.tokens >= 0 {
				assert.Equal(t, c.want.tokens, b.tokens.count(), "tokens")
			}
		})
	}
}

func seriesPath(m *kos.Manifest) string {
	return dicomweb.Ref{Study: m.Study.UID, Series: m.Series[0].UID}.Path()
}

// An answer that stops anywhere: what came whole stays, the rest is asked for
// alone, and each image is given once.
func TestRetrieveCut(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	s := newSite(t, pki, 6, 1, 4)
	b := newBench(t, pki, nil, s)
	opened := b.open(t)
	one := int64(len(s.study.Instances[0].File))
	for _, n := range []int64{drimtest.AtStart, 1, 50, 200, one / 2, one + 60, one + 200, 2 * one, 3*one + 500, 4 * one, 4*one + 450} {
		for _, f := range []drimtest.Fault{{CutAfter: n}, {TruncateAfter: n}} {
			f.Op = drimtest.OpSeries
			s.box.Fail(f)
			var kept basket
			report, err := b.Retrieve(t.Context(), drim.RetrieveRequest{Exams: opened, Sink: &kept})
			require.NoError(t, err, n)
			require.True(t, report.Complete(), n)
			kept.requireFiles(t, s.study.Instances...)
			require.NoError(t, report.Exams[0].Series[0].Err, "it came all the same")
		}
	}
	// When nothing comes whole, nothing is said to have.
	s.box.Fail(drimtest.Fault{CutAfter: one / 2, Times: drimtest.Forever})
	var kept basket
	report, err := b.Retrieve(t.Context(), drim.RetrieveRequest{Exams: opened, Sink: &kept})
	require.ErrorIs(t, err, segur.ErrTruncated)
	assert.False(t, report.Complete())
	assert.Equal(t, 4, report.Count(drim.ImageMissing))
	assert.Empty(t, kept.files)
}

func TestRetrieveConcurrent(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	a, z := newSite(t, pki, 13, 2, 2), newSite(t, pki, 14, 3, 1)
	b := newBench(t, pki, nil, a, z)
	opened := b.open(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			var kept basket
			report, err := b.Retrieve(t.Context(), drim.RetrieveRequest{Exams: opened, Sink: &kept})
			assert.NoError(t, err)
			assert.True(t, report.Complete())
			assert.Len(t, kept.files, 7)
		})
	}
	wg.Wait()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	report, err := b.Retrieve(ctx, drim.RetrieveRequest{Exams: opened, Sink: &basket{}})
	require.ErrorIs(t, err, segur.ErrCanceled)
	assert.Equal(t, 7, report.Count(drim.ImageMissing))
}

func TestRetrieveSinks(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	s := newSite(t, pki, 15, 1, 5)
	b := newBench(t, pki, func(c *drim.ConsumerConfig) { c.Parallel = 1 }, s)
	opened := b.open(t)
	full := errors.New("full")
	n := 0
	report, err := b.Retrieve(t.Context(), drim.RetrieveRequest{Exams: opened, Sink: drim.SinkFunc(func(context.Context, *drim.ReceivedImage) error {
		n++
		return full
	})})
	require.ErrorIs(t, err, full)
	assert.Equal(t, 3, n, "three in a row end it")
	assert.Equal(t, 3, report.Count(drim.ImageNotTaken))
	assert.Equal(t, 2, report.Count(drim.ImageMissing))

	n = 0
	report, err = b.Retrieve(t.Context(), drim.RetrieveRequest{Exams: opened, Sink: drim.SinkFunc(func(context.Context, *drim.ReceivedImage) error {
		if n++; n == 2 {
			return full
		}
		return nil
	})})
	require.ErrorIs(t, err, segur.ErrPartial)
	assert.Equal(t, 4, report.Count(drim.ImageReceived))
	assert.Equal(t, 1, report.Count(drim.ImageNotTaken))

	dir := t.TempDir()
	_, err = b.Retrieve(t.Context(), drim.RetrieveRequest{Exams: opened, Sink: drim.SaveTo(dir)})
	require.NoError(t, err)
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	require.Len(t, names, 5)
	for _, i := range s.study.Instances {
		got, err := os.ReadFile(filepath.Join(dir, i.Ref.Instance+".dcm"))
		require.NoError(t, err)
		assert.Equal(t, i.File, got)
		info, err := os.Stat(filepath.Join(dir, i.Ref.Instance+".dcm"))
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	}
	_, err = b.Retrieve(t.Context(), drim.RetrieveRequest{Exams: opened, Sink: drim.SaveTo(filepath.Join(dir, "none"))})
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, drim.CodeCannotSpool, e.Code)
	assert.NotContains(t, err.Error(), dir)
}

// A part is a part, and is not said to be the whole.
func TestRetrieveOnly(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	s := newSite(t, pki, 16, 2, 2)
	b := newBench(t, pki, nil, s)
	second := seriesOf(s.study, 1)
	for name, only := range map[string]func(*kos.Series, *kos.Instance) bool{
		"series": func(x *kos.Series, _ *kos.Instance) bool { return x.UID == second[0].Ref.Series },
		"images": func(_ *kos.Series, i *kos.Instance) bool {
			return i.UID == second[0].Ref.Instance || i.UID == second[1].Ref.Instance
		},
	} {
		var kept basket
		report, err := b.Retrieve(t.Context(), drim.RetrieveRequest{Exams: b.open(t), Sink: &kept, Only: only})
		require.NoError(t, err, name)
		assert.False(t, report.Complete(), name)
		assert.Equal(t, 2, report.Count(drim.ImageNotAsked))
		kept.requireFiles(t, second...)
	}
	report, err := b.Retrieve(t.Context(), drim.RetrieveRequest{Exams: b.open(t), Sink: &basket{}, Only: func(*kos.Series, *kos.Instance) bool { return false }})
	require.ErrorIs(t, err, segur.ErrPartial)
	assert.False(t, report.Complete())
}

func TestRetrieveRequests(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	s := newSite(t, pki, 17, 1, 1)
	b := newBench(t, pki, nil, s)
	opened := b.open(t)
	for name, req := range map[string]drim.RetrieveRequest{
		"no exam":   {Sink: &basket{}},
		"no sink":   {Exams: opened},
		"twice":     {Exams: append(opened, opened...), Sink: &basket{}},
		"not ours":  {Exams: []*drim.OpenedExam{{Manifest: s.manifest, Exam: &drim.Exam{}}}, Sink: &basket{}},
		"nil":       {Exams: []*drim.OpenedExam{nil}, Sink: &basket{}},
		"nil first": {Exams: []*drim.OpenedExam{nil, opened[0]}, Sink: &basket{}},
	} {
		report, err := b.Retrieve(t.Context(), req)
		require.ErrorIs(t, err, segur.ErrInvalidInput, name)
		assert.Nil(t, report)
	}
	assert.Zero(t, b.tokens.count())
	cfg := b.cfg
	cfg.SpoolDir = filepath.Join(t.TempDir(), "none")
	c, err := drim.NewConsumer(cfg)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	_, err = c.Retrieve(t.Context(), drim.RetrieveRequest{Exams: opened, Sink: &basket{}})
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, drim.CodeCannotSpool, e.Code)
}
