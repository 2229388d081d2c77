package drim_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
	"github.com/segur-sdk/segur/dicomweb/drim"
	"github.com/segur-sdk/segur/internal/testkit"
)

// The first part has arrived before the second one is read; a client that goes
// away ends the retrieval from the PACS.
func TestHandlerStreams(t *testing.T) {
	t.Parallel()
	s := newServing(t, dicomwebtest.SampleOptions{Series: 1, Instances: 3})
	arrived, canceled := make(chan struct{}), make(chan error, 1)
	s.images = drim.ImageSourceFunc(func(ctx context.Context, _ drim.ImageRequest) iter.Seq2[io.Reader, error] {
		return func(yield func(io.Reader, error) bool) {
			if !yield(bytes.NewReader(s.study.Instances[0].File), nil) {
				return
			}
			<-arrived
			if !yield(bytes.NewReader(s.study.Instances[1].File), nil) {
				return
			}
			<-ctx.Done()
			canceled <- ctx.Err()
			yield(nil, ctx.Err())
		}
	})
	ended := make(chan drim.Access, 1)
	base, client := s.serve(t, func(c *drim.HandlerConfig) { c.Observe = func(_ context.Context, a drim.Access) { ended <- a } })
	resp, err := client.Do(s.request(t, base+path(dicomweb.Ref{Study: s.study.UID})))
	require.NoError(t, err)
	defer resp.Body.Close()
	_, params, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	require.NoError(t, err)
	r := multipart.NewReader(resp.Body, params["boundary"])
	for range 2 {
		p, err := r.NextRawPart()
		require.NoError(t, err)
		want := make([]byte, 2000) // the reader of multipart sees the end of a part in what follows
		_, err = io.ReadFull(p, want)
		require.NoError(t, err)
		select {
		case <-arrived:
		default:
			close(arrived)
		}
	}
	require.NoError(t, resp.Body.Close())
	select {
	case err := <-canceled:
		require.ErrorIs(t, err, context.Canceled)
	case <-time.After(time.Minute):
		t.Fatal("the retrieval goes on")
	}
	a := <-ended
	assert.False(t, a.Complete)
	assert.Equal(t, drim.ServeClientGone, a.Code)
	assert.Equal(t, 2, a.Sent)
}

// An answer that misses an image is a broken connection for any client.
func TestHandlerCutsConnection(t *testing.T) {
	t.Parallel()
	s := newServing(t, dicomwebtest.SampleOptions{Series: 1, Instances: 3})
	s.images = imagesOf(nil, s.study.Instances[0].File, s.study.Instances[2].File)
	base, client := s.serve(t, nil)
	resp, err := client.Do(s.request(t, base+path(dicomweb.Ref{Study: s.study.UID})))
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, 200, resp.StatusCode)
	_, err = io.Copy(io.Discard, resp.Body)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

// A client that takes nothing does not hold the PACS for ever.
func TestHandlerStalledClient(t *testing.T) {
	t.Parallel()
	s := newServing(t, dicomwebtest.SampleOptions{Series: 1, Instances: 1, Rows: 2048})
	s.images = drim.ImageSourceFunc(func(context.Context, drim.ImageRequest) iter.Seq2[io.Reader, error] {
		return func(yield func(io.Reader, error) bool) {
			for range 64 { // more than the sockets hold
				if !yield(bytes.NewReader(s.study.Instances[0].File), nil) {
					return
				}
			}
		}
	})
	testkit.Patiently(t, 50*time.Millisecond, func(d time.Duration) (tooSlow bool) {
		ended := make(chan drim.Access, 1)
		base, client := s.serve(t, func(c *drim.HandlerConfig) {
			c.StallTimeout = d
			c.Observe = func(_ context.Context, a drim.Access) { ended <- a }
		})
		resp, err := client.Do(s.request(t, base+path(dicomweb.Ref{Study: s.study.UID})))
		if err != nil { // the head of the answer took longer
			return true
		}
		defer resp.Body.Close()
		select {
		case a := <-ended:
			assert.Equal(t, drim.ServeClientGone, a.Code)
			assert.False(t, a.Complete)
		case <-time.After(2 * time.Minute):
			t.Fatal("the request goes on")
		}
		return false
	})
}

// The client of package dicomweb reads from it, and tells a cut answer.
func TestHandlerWithDICOMwebClient(t *testing.T) {
	t.Parallel()
	s := newServing(t, dicomwebtest.SampleOptions{})
	base, _ := s.serve(t, nil)
	client, err := dicomweb.New(dicomweb.Config{
		ClientConfig: segur.ClientConfig{Environment: segur.Fake, RootCAs: s.pki.Roots(), Credentials: segur.StaticCredential(s.pki.Organization())},
		Endpoint:     base, Tokens: token(goodToken),
	})
	require.NoError(t, err)
	t.Cleanup(client.CloseIdleConnections)
	options := dicomweb.RetrieveOptions{Header: http.Header{drim.HeaderManifest: {s.current.UID}}, Accept: []string{drim.FormatAccept(drim.Lossless)}}
	var got []string
	for inst, err := range client.Retrieve(t.Context(), dicomweb.Ref{Study: s.study.UID}, options) {
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, inst)
		require.NoError(t, err)
		got = append(got, inst.SOPInstanceUID)
	}
	assert.Len(t, got, 6)
	options.Header = http.Header{drim.HeaderManifest: {"1.2.3"}}
	_, err = client.RetrieveInstance(t.Context(), s.study.Instances[0].Ref, options)
	require.ErrorIs(t, err, segur.ErrNotFound)
}

type token string

func (t token) Token(context.Context) (string, error) { return string(t), nil }

// curl reads from it too, with the headers of the official sample.
func TestHandlerWithCurl(t *testing.T) {
	t.Parallel()
	curl := testkit.Oracle(t, "curl")
	s := newServing(t, dicomwebtest.SampleOptions{Series: 1, Instances: 2})
	base, _ := s.serve(t, nil)
	dir := t.TempDir()
	ca, out := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "out")
	require.NoError(t, os.WriteFile(ca, s.pki.CAPEM(), 0o600))
	run := func(study string) (string, error) {
		cmd := exec.CommandContext(t.Context(), curl, "-sS", "--cacert", ca, "-o", out, "-w", "%{http_code} %{content_type}", //nolint:gosec // the tests'
			"-H", "Authorization: Bearer "+goodToken, "-H", drim.HeaderManifest+": "+s.current.UID, "-H", "Accept:"+drim.FormatAccept(drim.Lossy)+",", base+"/studies/"+study)
		b, err := cmd.Output()
		return string(b), err
	}
	head, err := run(s.study.UID)
	require.NoError(t, err)
	require.Equal(t, "200 ", head[:4])
	b, err := os.ReadFile(out)
	require.NoError(t, err)
	files, _, err := parts(t, head[4:], bytes.NewReader(b))
	require.NoError(t, err)
	assert.Len(t, files, 2)
	s.mu.Lock()
	s.study.Instances = s.study.Instances[:1] // one is lost
	s.mu.Unlock()
	_, err = run(s.study.UID)
	var exit *exec.ExitError
	require.True(t, errors.As(err, &exit), "curl says that the transfer is not complete")
	assert.Equal(t, 18, exit.ExitCode())
}

// A folder and a PACS give the same.
func TestImageSources(t *testing.T) {
	t.Parallel()
	s := newServing(t, dicomwebtest.SampleOptions{})
	dir := t.TempDir()
	require.NoError(t, s.study.WriteDir(dir))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "note.txt"), []byte("no image"), 0o600))
	fromDir, err := drim.ImagesFromDir(dir)
	require.NoError(t, err)
	pacs := dicomwebtest.NewServer()
	t.Cleanup(pacs.Close)
	for _, i := range s.study.Instances {
		require.NoError(t, pacs.Add(i.File))
	}
	client, err := dicomweb.New(pacs.Config())
	require.NoError(t, err)
	t.Cleanup(client.CloseIdleConnections)
	first := s.study.Instances[0].Ref
	for name, source := range map[string]drim.ImageSource{"folder": fromDir, "pacs": drim.ImagesFromPACS(client)} {
		h := s.handler(t, func(c *drim.HandlerConfig) { c.Images = source })
		for _, c := range []struct {
			ref  dicomweb.Ref
			want int
		}{{dicomweb.Ref{Study: first.Study}, 6}, {dicomweb.Ref{Study: first.Study, Series: first.Series}, 3}, {first, 1}} {
			w := s.ask(t, h, path(c.ref), nil)
			require.Equal(t, 200, w.Code, "%s: %s", name, w.Body)
			files, _, err := parts(t, w.Header().Get("Content-Type"), w.Body)
			require.NoError(t, err, name)
			assert.Len(t, uidsOf(t, files), c.want, name)
		}
	}

	// A file that goes and one that comes are noticed.
	h := s.handler(t, func(c *drim.HandlerConfig) { c.Images = fromDir })
	name := filepath.Join(dir, "IM0001.dcm")
	require.NoError(t, os.Rename(name, name+".moved"))
	w := s.ask(t, h, path(first), nil)
	assert.Equal(t, http.StatusOK, w.Code, "it is still there, under another name")
	require.NoError(t, os.Remove(name+".moved"))
	w = s.ask(t, h, path(first), nil)
	assert.Equal(t, http.StatusGone, w.Code)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "again.dcm"), s.study.Instances[0].File, 0o600))
	w = s.ask(t, h, path(first), nil)
	assert.Equal(t, http.StatusOK, w.Code)
	empty, err := drim.ImagesFromDir(t.TempDir())
	require.NoError(t, err)
	w = s.ask(t, s.handler(t, func(c *drim.HandlerConfig) { c.Images = empty }), path(dicomweb.Ref{Study: s.study.UID}), nil)
	assert.Equal(t, http.StatusNotFound, w.Code)
	_, err = drim.ImagesFromDir(filepath.Join(dir, "none"))
	require.ErrorIs(t, err, segur.ErrInvalidInput)

	pacs.Fail(dicomwebtest.Fault{Status: 503, Times: dicomwebtest.Forever})
	w = s.ask(t, s.handler(t, func(c *drim.HandlerConfig) { c.Images = drim.ImagesFromPACS(client) }), path(first), nil)
	assert.Equal(t, http.StatusServiceUnavailable, w.Code)
	assert.Equal(t, drim.ServeImages, s.last(t).Code)
}

// A PACS whose answer is cut in the middle cuts ours.
func TestHandlerPACSFailsInTheMiddle(t *testing.T) {
	t.Parallel()
	s := newServing(t, dicomwebtest.SampleOptions{Series: 1, Instances: 3, Rows: 64})
	pacs := dicomwebtest.NewServer()
	t.Cleanup(pacs.Close)
	for _, i := range s.study.Instances {
		require.NoError(t, pacs.Add(i.File))
	}
	client, err := dicomweb.New(pacs.Config())
	require.NoError(t, err)
	t.Cleanup(client.CloseIdleConnections)
	h := s.handler(t, func(c *drim.HandlerConfig) { c.Images = drim.ImagesFromPACS(client) })
	size := int64(len(s.study.Instances[0].File))
	for _, cut := range []int64{size + size/2, 2*size + 300} {
		for _, fault := range []dicomwebtest.Fault{{Op: dicomwebtest.OpRetrieve, CutAfter: cut}, {Op: dicomwebtest.OpRetrieve, TruncateAfter: cut}} {
			pacs.Fail(fault)
			w := s.ask(t, h, path(dicomweb.Ref{Study: s.study.UID}), nil)
			require.Equal(t, 200, w.Code)
			assert.Equal(t, "yes", w.Header().Get("X-Aborted"))
			a := s.last(t)
			assert.False(t, a.Complete)
			assert.Less(t, a.Sent, 3)
			assert.NotEmpty(t, a.Missing)
		}
	}
}
