package dicomweb_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
)

// The forms of the Accept header go out in the order of the ladder, and the next call begins with the one that was taken.
func TestAcceptLadder(t *testing.T) {
	t.Parallel()
	const multi, single = `multipart/related; type="application/dicom"`, `application/dicom; transfer-syntax=*`
	srv, client, rec, _ := plain(t)
	s := study(t, 210, dicomwebtest.SampleOptions{Series: 1, Instances: 2})
	add(t, srv, s)
	instance, series := s.Instances[0].Ref, dicomweb.Ref{Study: s.UID, Series: s.Instances[0].Ref.Series}
	get := func(ref dicomweb.Ref) error {
		_, err := fetchAll(t.Context(), client, ref)
		return err
	}
	require.NoError(t, get(series))
	assert.Equal(t, []string{multi + "; transfer-syntax=*"}, rec.accepts(), "as stored, at first")

	srv.SetQuirks(dicomwebtest.Quirks{RefuseAccept: []string{"transfer-syntax=*"}})
	require.NoError(t, get(series))
	assert.Equal(t, []string{multi + "; transfer-syntax=*", multi}, rec.accepts())
	require.NoError(t, get(series))
	assert.Equal(t, []string{multi}, rec.accepts(), "remembered")
	require.NoError(t, get(instance))
	assert.Equal(t, []string{multi + "; transfer-syntax=*", multi}, rec.accepts(), "an instance is another kind of resource")

	srv.SetQuirks(dicomwebtest.Quirks{RefuseMultipart: true})
	require.NoError(t, get(instance))
	assert.Equal(t, []string{multi, multi + "; transfer-syntax=*", multi + "; transfer-syntax=1.2.840.10008.1.2.1", single}, rec.accepts(), "the server changed")
	require.NoError(t, get(instance))
	assert.Equal(t, []string{single}, rec.accepts())

	srv.SetQuirks(dicomwebtest.Quirks{RefuseAccept: []string{"/dicom"}})
	require.NoError(t, get(instance))
	assert.Len(t, rec.accepts(), 5, "no Accept that means something is the last")
	require.NoError(t, get(instance))
	assert.Equal(t, []string{"*/*"}, rec.accepts())
	require.ErrorIs(t, get(dicomweb.Ref{Study: "1.2.3", Series: "1", Instance: "2"}), segur.ErrNotFound)
	assert.Len(t, rec.accepts(), 1, "nothing there is no matter of form")
}

// What is asked of each status: another form after 406 and 415, after 400 unless the form was taken before, after a failed
// conversion; no other form after anything else.
func TestAcceptLadderStatus(t *testing.T) {
	t.Parallel()
	s := study(t, 211, dicomwebtest.SampleOptions{Series: 1, Instances: 1})
	for status, want := range map[int]struct {
		fresh, known int
		err          error
	}{
		400: {5, 1, segur.ErrRefused}, 406: {5, 5, segur.ErrProtocol}, 415: {5, 5, segur.ErrProtocol}, 401: {1, 1, segur.ErrAuthentication},
		404: {1, 1, segur.ErrNotFound}, 410: {1, 1, segur.ErrNotFound}, 500: {1, 1, segur.ErrUnavailable}, 503: {1, 1, segur.ErrUnavailable},
	} {
		srv, client, rec, _ := plain(t)
		add(t, srv, s)
		for _, n := range []int{want.fresh, want.known} {
			srv.Fail(dicomwebtest.Fault{Status: status, Times: n})
			_, err := fetchOne(t.Context(), client, s.Instances[0].Ref)
			require.ErrorIs(t, err, want.err)
			assert.Len(t, rec.take(), n, "status %d", status)
			_, err = fetchOne(t.Context(), client, s.Instances[0].Ref)
			require.NoError(t, err)
			rec.take()
		}
	}
	// A list of the caller: as a whole, then one after the other, and no other.
	srv, client, rec, _ := plain(t)
	add(t, srv, s)
	o := dicomweb.RetrieveOptions{TransferSyntaxes: []dicomweb.AcceptedSyntax{{UID: "1.2.840.10008.1.2.4.70"}, {UID: "1.2.840.10008.1.2.4.90"}}}
	_, err := collect(client.Retrieve(t.Context(), s.Instances[0].Ref, o))
	require.ErrorIs(t, err, segur.ErrProtocol)
	const multi = `multipart/related; type="application/dicom"; transfer-syntax=`
	assert.Equal(t, []string{multi + "1.2.840.10008.1.2.4.70, " + multi + "1.2.840.10008.1.2.4.90", multi + "1.2.840.10008.1.2.4.70", multi + "1.2.840.10008.1.2.4.90"}, rec.accepts())
	// A conversion that fails is a 500: the next syntax is asked.
	srv.Fail(dicomwebtest.Fault{Status: 500, Times: 2})
	o.TransferSyntaxes = append(o.TransferSyntaxes, dicomweb.AcceptedSyntax{UID: dicomweb.ExplicitVRLittleEndian})
	_, err = collect(client.Retrieve(t.Context(), s.Instances[0].Ref, o))
	require.NoError(t, err)
	assert.Len(t, rec.take(), 4)
}

// What is remembered is of one host and is bounded; many goroutines share it.
func TestAcceptMemory(t *testing.T) {
	t.Parallel()
	s := study(t, 212, dicomwebtest.SampleOptions{Series: 1, Instances: 1})
	ref := s.Instances[0].Ref
	hosts := make([]string, 3)
	recs := make([]*recorder, 3)
	var client *dicomweb.Client
	for i := range hosts {
		srv, c, rec, base := plain(t, dicomwebtest.WithQuirks(dicomwebtest.Quirks{RefuseAccept: []string{"transfer-syntax=*"}}))
		add(t, srv, s)
		hosts[i], recs[i], client = base, rec, c
	}
	var wg sync.WaitGroup
	for n := range 24 {
		wg.Go(func() {
			o := dicomweb.RetrieveOptions{URL: hosts[n%3] + ref.Path()}
			_, err := collect(client.Retrieve(t.Context(), ref, o))
			assert.NoError(t, err)
		})
	}
	wg.Wait()
	for i, rec := range recs {
		seen := len(rec.take())
		assert.GreaterOrEqual(t, seen, 9, "8 calls, one of which learned")
		assert.LessOrEqual(t, seen, 16)
		_, err := collect(client.Retrieve(t.Context(), ref, dicomweb.RetrieveOptions{URL: hosts[i] + ref.Path()}))
		require.NoError(t, err)
		assert.Len(t, rec.take(), 1)
	}
}

// A status of success with a page for people in it is no DICOM, whatever was asked.
func TestServerThatAnswersHTML(t *testing.T) {
	t.Parallel()
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, "<!doctype html><title>FICTIVE-DURAND</title>")
	}))
	t.Cleanup(front.Close)
	client := rawClient(t, front.URL)
	ref := dicomweb.Ref{Study: "1.2", Series: "1.3", Instance: "1.4"}
	uri := dicomweb.URIRequest{Ref: ref}
	for name, call := range map[string]func() error{
		"search":   func() error { _, err := collect(client.SearchStudies(t.Context(), dicomweb.Query{})); return err },
		"retrieve": func() error { _, err := collect(client.Retrieve(t.Context(), dicomweb.Ref{Study: "1.2"})); return err },
		"instance": func() error { _, err := client.RetrieveInstance(t.Context(), ref); return err },
		"metadata": func() error { _, err := collect(client.Metadata(t.Context(), ref)); return err },
		"frames": func() error {
			_, err := collect(client.Frames(t.Context(), dicomweb.FrameRequest{Ref: ref, Frames: []int{1}}))
			return err
		},
		"bulk data": func() error { _, err := client.BulkData(t.Context(), "bulk/1", dicomweb.Range{}); return err },
		"rendered":  func() error { _, err := client.Rendered(t.Context(), dicomweb.RenderRequest{Ref: ref}); return err },
		"rendered all": func() error {
			_, err := collect(client.RenderedAll(t.Context(), dicomweb.RenderRequest{Ref: ref}))
			return err
		},
		"thumbnail":    func() error { _, err := client.Thumbnail(t.Context(), dicomweb.RenderRequest{Ref: ref}); return err },
		"WADO-URI":     func() error { _, err := client.RetrieveURI(t.Context(), uri); return err },
		"image by URI": func() error { _, err := client.RenderedURI(t.Context(), uri); return err },
		"list":         func() error { _, err := client.ListInstances(t.Context(), dicomweb.Ref{Study: "1.2"}); return err },
		"download": func() error {
			r, err := client.Download(t.Context(), dicomweb.Ref{Study: "1.2"}, dicomweb.DownloadOptions{Dir: t.TempDir()})
			assert.False(t, r.Complete())
			return err
		},
	} {
		err := call()
		require.ErrorIs(t, err, segur.ErrProtocol, name)
		assertPublic(t, err)
	}
}

// rawClient talks to a server of a test without TLS.
func rawClient(t testing.TB, base string) *dicomweb.Client {
	t.Helper()
	return newClient(t, dicomweb.Config{ClientConfig: segur.ClientConfig{Environment: segur.Fake}, Endpoint: base, WADOURI: base + "/wado", PlainHTTP: true})
}
