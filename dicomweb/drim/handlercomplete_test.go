package drim_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
	"github.com/segur-sdk/segur/dicomweb/drim"
)

// imagesOf gives files, then an error.
func imagesOf(err error, files ...[]byte) drim.ImageSource {
	return drim.ImageSourceFunc(func(context.Context, drim.ImageRequest) iter.Seq2[io.Reader, error] {
		return func(yield func(io.Reader, error) bool) {
			for _, f := range files {
				if !yield(bytes.NewReader(f), nil) {
					return
				}
			}
			if err != nil {
				yield(nil, err)
			}
		}
	})
}

// What is missing, foreign or broken is never passed on, and an answer without it
// never looks complete.
func TestHandlerNeverLooksComplete(t *testing.T) {
	t.Parallel()
	s := newServing(t, dicomwebtest.SampleOptions{Series: 1, Instances: 3})
	var f [3][]byte
	for i := range f {
		f[i] = s.study.Instances[i].File
	}
	foreign := newServing(t, dicomwebtest.SampleOptions{Series: 1, Instances: 1, Root: "1.2.250.1.999.77"}).study.Instances[0].File
	edit := func(c ...dicomweb.Change) []byte {
		b, err := io.ReadAll(dicomweb.Edit(bytes.NewReader(f[1]), c...))
		require.NoError(t, err)
		return b
	}
	otherID := edit(dicomweb.Put(dicomweb.Text(dicomweb.TagPatientBirthDate, "19700101")))
	s.current.PatientID = "IPP-0001"
	otherIPP := edit(dicomweb.Put(dicomweb.Text(dicomweb.TagPatientID, "IPP-0002")))
	otherName := edit(dicomweb.Put(dicomweb.Text(dicomweb.TagPatientName, "AUTRE^PERSONNE")))
	otherINS := edit(dicomweb.AppendItem(0x00101002, dicomweb.NewDataset(dicomweb.Text(dicomweb.TagPatientID, "100000000000000"),
		dicomweb.Sequence(0x00100024, dicomweb.NewDataset(dicomweb.Text(0x00400032, string(segur.OIDINSNIR)))))))
	otherStudy := edit(dicomweb.Put(dicomweb.Text(dicomweb.TagStudyInstanceUID, "1.2.250.1.999.5")))
	otherSyntax := withSyntax(t, f[1], "1.2.840.10008.1.2.5")
	down := &segur.Error{Op: "pacs", Kind: segur.KindUnavailable}
	none := &segur.Error{Op: "pacs", Kind: segur.KindNotFound}
	boom := errors.New("boom")
	for name, c := range map[string]struct {
		images   drim.ImageSource
		sent     int
		code     string
		withheld int
		single   int // the status at the level of the second instance
	}{
		"one is missing":         {imagesOf(nil, f[0], f[2]), 2, drim.ServeGone, 0, 410},
		"the PACS stops":         {imagesOf(down, f[0]), 1, drim.ServeImages, 0, 503},
		"the PACS breaks":        {imagesOf(boom, f[0]), 1, drim.ServeImages, 0, 500},
		"not found at the end":   {imagesOf(none, f[0]), 1, drim.ServeGone, 0, 410},
		"cut in the middle":      {imagesOf(nil, f[0], f[1][:len(f[1])-10], f[2]), 1, drim.ServeImageFailed, 0, 0},
		"cut in the head":        {imagesOf(nil, f[0], f[1][:300], f[2]), 2, drim.ServeGone, 1, 500},
		"no DICOM":               {imagesOf(nil, f[0], []byte("no"), f[2]), 2, drim.ServeGone, 1, 500},
		"a foreign image":        {imagesOf(nil, f[0], foreign, f[2]), 2, drim.ServeGone, 1, 410},
		"another study":          {imagesOf(nil, f[0], otherStudy, f[2]), 2, drim.ServeGone, 1, 410},
		"another date of birth":  {imagesOf(nil, f[0], otherID, f[2]), 2, drim.ServeOtherPatient, 0, 500},
		"another local number":   {imagesOf(nil, f[0], otherIPP, f[2]), 2, drim.ServeOtherPatient, 0, 500},
		"another name":           {imagesOf(nil, f[0], otherName, f[2]), 2, drim.ServeOtherPatient, 0, 500},
		"another INS":            {imagesOf(nil, f[0], otherINS, f[2]), 2, drim.ServeOtherPatient, 0, 500},
		"not acceptable":         {imagesOf(nil, f[0], otherSyntax, f[2]), 2, drim.ServeNotAcceptable, 0, 406},
		"given twice, one short": {imagesOf(nil, f[0], f[0], f[2]), 2, drim.ServeGone, 0, 410},
	} {
		h := s.handler(t, func(cfg *drim.HandlerConfig) { cfg.Images = c.images })
		w := s.ask(t, h, path(dicomweb.Ref{Study: s.study.UID}), nil)
		require.Equal(t, 200, w.Code, name)
		assert.Equal(t, "yes", w.Header().Get("X-Aborted"), "%s: the connection is cut", name)
		files, _, err := parts(t, w.Header().Get("Content-Type"), w.Body)
		require.Error(t, err, "%s: no closing delimiter", name)
		whole := 0
		for _, b := range files {
			if _, err := dicomweb.Inspect(segur.BytesContent(b)); err == nil {
				whole++
			}
		}
		a := s.last(t)
		assert.False(t, a.Complete, name)
		assert.Equal(t, c.sent, a.Sent, name)
		assert.Equal(t, c.code, a.Code, name)
		assert.Equal(t, c.withheld, a.Withheld, name)
		assert.Len(t, a.Missing, 3-c.sent, name)
		assert.NotContains(t, w.Body.String(), "AUTRE", name)
		if c.single == 0 {
			continue
		}
		w = s.ask(t, h, path(s.study.Instances[1].Ref), nil)
		assert.Equal(t, c.single, w.Code, name)
		assert.Empty(t, w.Header().Get("X-Aborted"), name)
	}
	// Nothing at all: not a word of success.
	for err, want := range map[error]int{none: 404, down: 503, boom: 500, nil: 404} { //nolint:errorlint // keys
		h := s.handler(t, func(cfg *drim.HandlerConfig) { cfg.Images = imagesOf(err) })
		w := s.ask(t, h, path(dicomweb.Ref{Study: s.study.UID}), nil)
		assert.Equal(t, want, w.Code, "%v", err)
	}
}

// transcoder claims another syntax, and converts nothing.
type transcoder struct {
	t  testing.TB
	to string
}

func (c transcoder) CanTranscode(_, to string) bool { return to == c.to }

func (c transcoder) Transcode(_ context.Context, file io.Reader, to string) (io.ReadCloser, error) {
	b, err := io.ReadAll(file)
	require.NoError(c.t, err)
	return io.NopCloser(bytes.NewReader(withSyntax(c.t, b, to))), nil
}

// The stored transfer syntax is given when it is accepted; else the most wanted
// that can be made.
func TestHandlerTransferSyntax(t *testing.T) {
	t.Parallel()
	s := newServing(t, dicomwebtest.SampleOptions{Series: 1, Instances: 1})
	ref := s.study.Instances[0].Ref
	h := s.handler(t, func(c *drim.HandlerConfig) { c.Transcoder = transcoder{t, "1.2.840.10008.1.2.4.80"} })
	for accept, want := range map[string]string{
		"transfer-syntax=1.2.840.10008.1.2.4.80;q=1.0;boundary=x,transfer-syntax=1.2.840.10008.1.2.1;q=0.1":  "1.2.840.10008.1.2.1",
		"transfer-syntax=1.2.840.10008.1.2.4.80;q=0.1;boundary=x,transfer-syntax=1.2.840.10008.1.2.4.70;q=1": "1.2.840.10008.1.2.4.80",
		"transfer-syntax=1.2.840.10008.1.2.4.80;q=0.1;boundary=x,transfer-syntax=1.2.840.10008.1.2.1;q=0":    "1.2.840.10008.1.2.4.80",
		"transfer-syntax=*;q=0.1;boundary=x":                      "1.2.840.10008.1.2.1",
		"transfer-syntax=1.2.840.10008.1.2.4.70;q=0.1;boundary=x": "",
		"transfer-syntax=1.2.840.10008.1.2.1;q=0;boundary=x":      "",
		"application/dicom+json":                                  "",
	} {
		w := s.ask(t, h, path(ref), func(r *http.Request) { r.Header.Set("Accept", accept) })
		if want == "" {
			assert.Equal(t, http.StatusNotAcceptable, w.Code, accept)
			continue
		}
		require.Equal(t, 200, w.Code, accept)
		files, headers, err := parts(t, w.Header().Get("Content-Type"), w.Body)
		require.NoError(t, err)
		assert.Equal(t, []string{"application/dicom; transfer-syntax=" + want}, headers[0]["Content-Type"])
		info, err := dicomweb.Inspect(segur.BytesContent(files[0]))
		require.NoError(t, err)
		assert.Equal(t, want, info.TransferSyntaxUID)
	}
}
