package dicomweb_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
)

func readBulk(t testing.TB, c *dicomweb.Client, uri string, r dicomweb.Range, o ...dicomweb.RetrieveOptions) (string, error) {
	t.Helper()
	m, err := c.BulkData(t.Context(), uri, r, o...)
	if err != nil {
		return "", err
	}
	b, err := m.Bytes(0)
	return string(b), err
}

// The reference that metadata gives is followed, whole or by range, whether the server knows ranges or not, in one part or
// several.
func TestBulkData(t *testing.T) {
	t.Parallel()
	srv, client, rec, base := plain(t)
	s := study(t, 230, dicomwebtest.SampleOptions{Series: 1, Instances: 1, Rows: 8})
	add(t, srv, s)
	file := s.Instances[0].File
	pixels := string(file[len(file)-128:])
	for _, quirks := range []dicomwebtest.Quirks{{}, {XMLMetadata: true}, {IgnoreRange: true}, {RefuseMultipart: true}, {IgnoreRange: true, RefuseMultipart: true}} {
		srv.SetQuirks(quirks)
		rows, err := collect(client.Metadata(t.Context(), dicomweb.Ref{Study: s.UID}))
		require.NoError(t, err)
		e, ok := rows[0].Get(dicomweb.TagPixelData)
		require.True(t, ok)
		assert.Equal(t, base+s.Instances[0].Ref.Path()+"/bulk/7FE00010", e.Bulk.URI, "absolute, though the server says it relative to the host")
		for _, c := range []struct {
			r    dicomweb.Range
			want string
		}{
			{dicomweb.Range{}, pixels}, {dicomweb.Range{Offset: 100}, pixels[100:]}, {dicomweb.Range{Offset: 10, Length: 20}, pixels[10:30]},
			{dicomweb.Range{Length: 1}, pixels[:1]}, {dicomweb.Range{Offset: 120, Length: 50}, pixels[120:]}, {dicomweb.Range{Length: 128}, pixels},
		} {
			got, err := readBulk(t, client, e.Bulk.URI, c.r)
			require.NoError(t, err, "%+v %+v", quirks, c.r)
			assert.Equal(t, c.want, got, "%+v %+v", quirks, c.r)
		}
		_, err = readBulk(t, client, e.Bulk.URI, dicomweb.Range{Offset: 500})
		require.ErrorIs(t, err, segur.ErrNotFound, "%+v", quirks)
		got, err := readBulk(t, client, strings.TrimPrefix(s.Instances[0].Ref.Path(), "/")+"/bulk/7FE00010", dicomweb.Range{})
		require.NoError(t, err)
		assert.Equal(t, pixels, got, "below the endpoint")
	}
	rec.take()
	_, err := readBulk(t, client, base+s.Instances[0].Ref.Path()+"/bulk/7FE00010", dicomweb.Range{Offset: 10, Length: 20})
	require.NoError(t, err)
	assert.Equal(t, "bytes=10-29", rec.take()[0].Header.Get("Range"))
	_, err = readBulk(t, client, base+s.Instances[0].Ref.Path()+"/bulk/00100010", dicomweb.Range{})
	require.ErrorIs(t, err, segur.ErrNotFound)

	for _, uri := range []string{"", "ftp://a/b", "http://u:p@a/b", "http://a/b#c", "http://%zz"} {
		_, err = readBulk(t, client, uri, dicomweb.Range{})
		require.ErrorIs(t, err, segur.ErrInvalidInput, uri)
	}
	_, err = readBulk(t, client, "x", dicomweb.Range{Offset: -1})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	_, err = readBulk(t, client, "x", dicomweb.Range{}, dicomweb.RetrieveOptions{}, dicomweb.RetrieveOptions{URL: "x"})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
}

// What servers make of ranges: nothing but the bytes that were asked is given, and nothing short is taken for whole.
func TestBulkDataRangeAnswers(t *testing.T) {
	t.Parallel()
	const value = "0123456789"
	for name, c := range map[string]struct {
		r            dicomweb.Range
		status       int
		contentRange string
		body         string
		want         string
		err          error
	}{
		"exact":              {dicomweb.Range{Offset: 2, Length: 3}, 206, "bytes 2-4/10", "234", "234", nil},
		"wider":              {dicomweb.Range{Offset: 2, Length: 3}, 206, "bytes 0-7/10", value[:8], "234", nil},
		"to the end":         {dicomweb.Range{Offset: 8, Length: 5}, 206, "bytes 8-9/10", "89", "89", nil},
		"end, no total":      {dicomweb.Range{Offset: 8, Length: 5}, 206, "bytes 8-9/*", "89", "", segur.ErrPartial},
		"short":              {dicomweb.Range{Offset: 2, Length: 3}, 206, "bytes 2-3/10", "23", "", segur.ErrPartial},
		"open, short":        {dicomweb.Range{Offset: 2}, 206, "bytes 2-3/10", "23", "", segur.ErrPartial},
		"open, no total":     {dicomweb.Range{Offset: 2}, 206, "bytes 2-9/*", value[2:], "", segur.ErrPartial},
		"later":              {dicomweb.Range{Offset: 2, Length: 3}, 206, "bytes 3-5/10", "345", "", segur.ErrProtocol},
		"no range told":      {dicomweb.Range{Offset: 2, Length: 3}, 206, "", "234", "", segur.ErrProtocol},
		"other unit":         {dicomweb.Range{Offset: 2, Length: 3}, 206, "lines 2-4/10", "234", "", segur.ErrProtocol},
		"part not asked":     {dicomweb.Range{}, 206, "bytes 0-4/10", value[:5], "", segur.ErrPartial},
		"whole":              {dicomweb.Range{Offset: 2, Length: 3}, 200, "", value, "234", nil},
		"whole, too short":   {dicomweb.Range{Offset: 12}, 200, "", value, "", segur.ErrNotFound},
		"refused":            {dicomweb.Range{Offset: 12}, 416, "bytes */10", "", "", segur.ErrNotFound},
		"less than it tells": {dicomweb.Range{Offset: 2, Length: 3}, 206, "bytes 2-4/10", "23", "", segur.ErrTruncated},
	} {
		front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/octet-stream")
			if c.contentRange != "" {
				w.Header().Set("Content-Range", c.contentRange)
			}
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, c.body)
		}))
		got, err := readBulk(t, rawClient(t, front.URL), "bulk/1", c.r)
		front.Close()
		if c.err != nil {
			require.ErrorIs(t, err, c.err, name)
			continue
		}
		require.NoError(t, err, name)
		assert.Equal(t, c.want, got, name)
	}
}

// One part of which nothing marks the end is not taken for whole; a multipart answer marks its own.
func TestEndUnmarked(t *testing.T) {
	t.Parallel()
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, rw, err := w.(http.Hijacker).Hijack()
		if !assert.NoError(t, err) {
			return
		}
		defer conn.Close()
		ct, body := "application/octet-stream", "bytes"
		if strings.HasSuffix(r.URL.Path, "multi") {
			ct, body = "multipart/related; boundary=B", parts("Content-Type: application/octet-stream", "bytes")
		}
		fmt.Fprintf(rw, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: %s\r\n\r\n%s", ct, body)
		_ = rw.Flush()
	}))
	t.Cleanup(front.Close)
	client := rawClient(t, front.URL)
	got, err := readBulk(t, client, "multi", dicomweb.Range{})
	require.NoError(t, err)
	assert.Equal(t, "bytes", got)
	_, err = readBulk(t, client, "single", dicomweb.Range{})
	require.ErrorIs(t, err, segur.ErrTruncated)
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, dicomweb.CodeEndUnmarked, e.Code)
}

// Another host gets no token unless the caller answers for it.
func TestBulkDataOfAnotherHost(t *testing.T) {
	t.Parallel()
	srv := newServer(dicomwebtest.WithToken("jeton"))
	t.Cleanup(srv.Close)
	s := study(t, 231, dicomwebtest.SampleOptions{Series: 1, Instances: 1})
	add(t, srv, s)
	cfg := srv.Config()
	cfg.Endpoint, cfg.Tokens = "https://localhost:1/dicom-web", tokens("jeton")
	client := newClient(t, cfg)
	uri := srv.URL + s.Instances[0].Ref.Path() + "/bulk/7FE00010"
	_, err := readBulk(t, client, uri, dicomweb.Range{})
	require.ErrorIs(t, err, segur.ErrAuthentication)
	got, err := readBulk(t, client, uri, dicomweb.Range{}, dicomweb.RetrieveOptions{SendCredentials: true})
	require.NoError(t, err)
	assert.Len(t, got, 512)

	// A server behind a proxy names itself: the endpoint is asked instead.
	cfg.Endpoint = srv.URL
	inner := "http://pacs.internal:8042/dicom-web" + s.Instances[0].Ref.Path()
	got, err = readBulk(t, newClient(t, cfg), inner+"/bulk/7FE00010", dicomweb.Range{}, dicomweb.RetrieveOptions{Rebase: true})
	require.NoError(t, err)
	assert.Len(t, got, 512)
	_, err = collect(newClient(t, cfg).Retrieve(t.Context(), s.Instances[0].Ref, dicomweb.RetrieveOptions{URL: inner, Rebase: true}))
	require.NoError(t, err)
}

// Bulk data cut at any byte are an error, in one part by its length and in several by the delimiter.
func TestBulkDataCutAtEveryByte(t *testing.T) {
	t.Parallel()
	body := parts("Content-Type: application/octet-stream", "the bytes of a value")
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cut, _ := strconv.Atoi(r.Header.Get("Cut"))
		if strings.HasSuffix(r.URL.Path, "single") {
			w.Header().Set("Content-Type", "application/octet-stream")
			w.Header().Set("Content-Length", "20")
			_, _ = io.WriteString(w, "the bytes of a value"[:min(cut, 20)])
			return
		}
		w.Header().Set("Content-Type", "multipart/related; boundary=B")
		_, _ = io.WriteString(w, body[:cut])
	}))
	t.Cleanup(front.Close)
	client := rawClient(t, front.URL)
	whole := strings.LastIndex(body, "--B--") + len("--B--")
	for cut := range whole {
		o := dicomweb.RetrieveOptions{Header: http.Header{"Cut": {strconv.Itoa(cut)}}}
		_, err := readBulk(t, client, "multi", dicomweb.Range{}, o)
		require.ErrorIs(t, err, segur.ErrTruncated, "cut at %d", cut)
		if cut < 20 {
			_, err = readBulk(t, client, "single", dicomweb.Range{}, o)
			require.ErrorIs(t, err, segur.ErrTruncated, "cut at %d", cut)
		}
	}
}
