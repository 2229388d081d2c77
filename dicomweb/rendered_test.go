package dicomweb_test

import (
	"bytes"
	"image"
	_ "image/gif"
	_ "image/jpeg"
	_ "image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
)

// picture decodes what came.
func picture(t testing.TB, m *dicomweb.Media) (image.Image, string) {
	t.Helper()
	b, err := m.Bytes(1 << 20)
	require.NoError(t, err)
	img, format, err := image.Decode(bytes.NewReader(b))
	require.NoError(t, err)
	return img, format
}

func TestRendered(t *testing.T) {
	t.Parallel()
	srv, client, rec, _ := plain(t)
	s := study(t, 240, dicomwebtest.SampleOptions{Series: 1, Instances: 1, Frames: 3, Rows: 32})
	add(t, srv, s)
	ref := s.Instances[0].Ref
	m, err := client.Rendered(t.Context(), dicomweb.RenderRequest{Ref: ref})
	require.NoError(t, err)
	assert.Equal(t, "image/jpeg", m.Type)
	img, format := picture(t, m)
	assert.Equal(t, "jpeg", format)
	assert.Equal(t, image.Rect(0, 0, 32, 32), img.Bounds())
	rec.take()

	m, err = client.Rendered(t.Context(), dicomweb.RenderRequest{
		Ref: ref, Frames: []int{2}, MediaTypes: []string{"image/png"}, Annotation: []string{"patient", "technique"}, Quality: 80,
		Viewport: &dicomweb.Viewport{Width: 16, Height: 8, Region: [4]float64{0, 0, 16, 16.5}}, Window: &dicomweb.Window{Center: 40, Width: 400.5}, ICCProfile: "srgb",
	})
	require.NoError(t, err)
	img, format = picture(t, m)
	assert.Equal(t, "png", format)
	assert.Equal(t, image.Rect(0, 0, 16, 8), img.Bounds())
	seen := rec.take()[0]
	assert.Equal(t, "/dicom-web"+ref.Path()+"/frames/2/rendered", seen.URL.Path)
	assert.Equal(t, "annotation=patient,technique&quality=80&viewport=16,8,0,0,16,16.5&window=40,400.5,linear&iccprofile=srgb", seen.URL.RawQuery)
	assert.Equal(t, "image/png", seen.Header.Get("Accept"))

	srv.SetQuirks(dicomwebtest.Quirks{})
	m, err = client.Rendered(t.Context(), dicomweb.RenderRequest{Ref: ref, MediaTypes: []string{"video/mp4", "image/gif"}})
	require.NoError(t, err)
	assert.Equal(t, "image/gif", m.Type)
	require.NoError(t, m.Close())
	assert.Equal(t, []string{"video/mp4", "image/gif"}, rec.accepts(), "one type per request")
	_, err = client.Rendered(t.Context(), dicomweb.RenderRequest{Ref: ref, MediaTypes: []string{"application/pdf"}})
	require.ErrorIs(t, err, segur.ErrProtocol)

	m, err = client.Thumbnail(t.Context(), dicomweb.RenderRequest{Ref: dicomweb.Ref{Study: s.UID}})
	require.NoError(t, err)
	img, _ = picture(t, m)
	assert.Equal(t, image.Rect(0, 0, 64, 64), img.Bounds())
	srv.SetQuirks(dicomwebtest.Quirks{NoThumbnail: true})
	_, err = client.Thumbnail(t.Context(), dicomweb.RenderRequest{Ref: ref})
	require.ErrorIs(t, err, segur.ErrNotFound)

	rec.take()
	for _, r := range []dicomweb.RenderRequest{
		{}, {Ref: dicomweb.Ref{Study: "1.2"}, Frames: []int{1}}, {Ref: ref, MediaTypes: []string{"image/jpeg;q=1"}}, {Ref: ref, MediaTypes: []string{""}},
		{Ref: ref, Quality: 101}, {Ref: ref, Viewport: &dicomweb.Viewport{Width: 1}}, {Ref: ref, Window: &dicomweb.Window{}},
		{Ref: ref, Window: &dicomweb.Window{Width: 5, Function: "gamma"}}, {Ref: ref, ICCProfile: "x"}, {Ref: ref, Annotation: []string{"name"}},
		{Ref: ref, Options: dicomweb.RetrieveOptions{TransferSyntaxes: []dicomweb.AcceptedSyntax{{UID: "1.2"}}}},
	} {
		_, err := client.Rendered(t.Context(), r)
		require.ErrorIs(t, err, segur.ErrInvalidInput)
	}
	_, err = client.Thumbnail(t.Context(), dicomweb.RenderRequest{Ref: ref, Quality: 5})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	assert.Empty(t, rec.take(), "nothing was sent")
}

// Several images in one answer: the iterator gives them, the call for one refuses them at the end of the first.
func TestRenderedAll(t *testing.T) {
	t.Parallel()
	body := parts("Content-Type: image/jpeg", "one", "two")
	cut := len(body)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", `multipart/related; type="image/jpeg"; boundary=B`)
		_, _ = io.WriteString(w, body[:cut])
	}))
	t.Cleanup(front.Close)
	client := rawClient(t, front.URL)
	req := dicomweb.RenderRequest{Ref: dicomweb.Ref{Study: "1.2"}}
	var got []string
	for m, err := range client.RenderedAll(t.Context(), req) {
		require.NoError(t, err)
		b, err := io.ReadAll(m)
		require.NoError(t, err)
		got = append(got, string(b))
	}
	assert.Equal(t, []string{"one", "two"}, got)
	m, err := client.Rendered(t.Context(), req)
	require.NoError(t, err)
	_, err = m.Bytes(0)
	require.ErrorIs(t, err, segur.ErrProtocol)
	for cut = range strings.LastIndex(body, "--B--") + len("--B--") {
		_, err := collect(client.RenderedAll(t.Context(), req))
		require.ErrorIs(t, err, segur.ErrTruncated, "cut at %d", cut)
	}
}

func TestWADOURI(t *testing.T) {
	t.Parallel()
	srv, _, rec, base := plain(t)
	s := study(t, 241, dicomwebtest.SampleOptions{Series: 1, Instances: 2, Rows: 32})
	add(t, srv, s)
	client := newClient(t, dicomweb.Config{ClientConfig: segur.ClientConfig{Environment: segur.Fake}, Endpoint: base, WADOURI: base + "/wado", PlainHTTP: true})
	req := dicomweb.URIRequest{Ref: s.Instances[1].Ref, Charset: "UTF-8"}
	inst, err := client.RetrieveURI(t.Context(), req)
	require.NoError(t, err)
	assert.Equal(t, req.Ref, inst.Ref())
	b, err := io.ReadAll(inst)
	require.NoError(t, err)
	require.NoError(t, inst.Close())
	assert.True(t, bytes.Equal(s.Instances[1].File, b))
	assert.Equal(t, "requestType=WADO&studyUID="+req.Ref.Study+"&seriesUID="+req.Ref.Series+"&objectUID="+req.Ref.Instance+
		"&contentType=application/dicom&charset=UTF-8", rec.take()[0].URL.RawQuery)

	m, err := client.RenderedURI(t.Context(), dicomweb.URIRequest{Ref: req.Ref, MediaTypes: []string{"image/png"}, Frame: 1, Rows: 10, Columns: 20,
		Region: [4]float64{0, 0, 0.5, 1}, Window: &dicomweb.Window{Center: 40, Width: 400}, Quality: 50, Annotation: []string{"patient"}})
	require.NoError(t, err)
	img, format := picture(t, m)
	assert.Equal(t, "png", format)
	assert.Equal(t, image.Rect(0, 0, 20, 10), img.Bounds())
	assert.Contains(t, rec.take()[0].URL.RawQuery, "&rows=10&columns=20&region=0,0,0.5,1&windowCenter=40&windowWidth=400&frameNumber=1&imageQuality=50&annotation=patient")

	// Cut, another instance, none.
	srv.Fail(dicomwebtest.Fault{Op: dicomwebtest.OpWADOURI, ContentType: "application/dicom", Body: s.Instances[1].File[:1200]})
	_, err = client.RetrieveURI(t.Context(), req)
	require.ErrorIs(t, err, segur.ErrTruncated)
	srv.Fail(dicomwebtest.Fault{Op: dicomwebtest.OpWADOURI, ContentType: "application/dicom", Body: s.Instances[0].File})
	_, err = client.RetrieveURI(t.Context(), req)
	require.ErrorIs(t, err, segur.ErrProtocol)
	req.Ref.Instance = "1.2.3"
	_, err = client.RetrieveURI(t.Context(), req)
	require.ErrorIs(t, err, segur.ErrNotFound)

	rec.take()
	for _, r := range []dicomweb.URIRequest{
		{}, {Ref: s.Instances[0].Ref, Frame: 1}, {Ref: s.Instances[0].Ref, TransferSyntax: "x"}, {Ref: s.Instances[0].Ref, Charset: "a b"},
		{Ref: s.Instances[0].Ref, Options: dicomweb.RetrieveOptions{Accept: []string{"x"}}},
	} {
		_, err = client.RetrieveURI(t.Context(), r)
		require.ErrorIs(t, err, segur.ErrInvalidInput)
	}
	for _, r := range []dicomweb.URIRequest{
		{Ref: s.Instances[0].Ref, Anonymize: true}, {Ref: s.Instances[0].Ref, Frame: -1}, {Ref: s.Instances[0].Ref, Quality: -1}, {Ref: s.Instances[0].Ref, Region: [4]float64{0, 0, 2, 1}},
		{Ref: s.Instances[0].Ref, MediaTypes: []string{"A B"}}, {Ref: s.Instances[0].Ref, Annotation: []string{"x"}},
	} {
		_, err = client.RenderedURI(t.Context(), r)
		require.ErrorIs(t, err, segur.ErrInvalidInput)
	}
	assert.Empty(t, rec.take())
	_, err = dicomweb.New(dicomweb.Config{ClientConfig: segur.ClientConfig{Environment: segur.Fake}, Endpoint: "https://127.0.0.1/x", WADOURI: "http://127.0.0.1/wado"})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	_, err = newClient(t, dicomweb.Config{ClientConfig: segur.ClientConfig{Environment: segur.Fake}, Endpoint: base, PlainHTTP: true}).RetrieveURI(t.Context(), dicomweb.URIRequest{Ref: s.Instances[0].Ref})
	require.ErrorIs(t, err, segur.ErrInvalidInput, "no address of the service")
}
