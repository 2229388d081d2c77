package dicomweb_test

import (
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

// 206 to something that was asked whole says that a part of it is missing.
func TestPartialContent(t *testing.T) {
	t.Parallel()
	s := study(t, 910, dicomwebtest.SampleOptions{Series: 1, Instances: 1})
	multipart := func(mediaType, body string) (string, string) {
		return `multipart/related; type="` + mediaType + `"; boundary=b`, "--b\r\nContent-Type: " + mediaType + "\r\n\r\n" + body + "\r\n--b--"
	}
	for _, single := range []bool{true, false} {
		front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mediaType, body := "application/dicom", string(s.Instances[0].File)
			if strings.HasSuffix(r.URL.Path, "rendered") || strings.HasSuffix(r.URL.Path, "thumbnail") {
				mediaType, body = "image/jpeg", "picture"
			}
			if !single {
				mediaType, body = multipart(mediaType, body)
			}
			w.Header().Set("Content-Type", mediaType)
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
			w.WriteHeader(http.StatusPartialContent)
			_, _ = io.WriteString(w, body)
		}))
		client := rawClient(t, front.URL)
		ref := s.Instances[0].Ref
		inst, err := client.RetrieveInstance(t.Context(), ref)
		require.NoError(t, err)
		_, err = io.ReadAll(inst)
		require.ErrorIs(t, err, segur.ErrPartial)
		require.ErrorIs(t, inst.Close(), segur.ErrPartial)
		inst, err = client.RetrieveInstance(t.Context(), ref)
		require.NoError(t, err)
		_, err = inst.SaveTo(t.TempDir())
		require.ErrorIs(t, err, segur.ErrPartial)
		_ = inst.Close()
		for _, open := range []func() (*dicomweb.Media, error){
			func() (*dicomweb.Media, error) {
				return client.Rendered(t.Context(), dicomweb.RenderRequest{Ref: ref})
			},
			func() (*dicomweb.Media, error) {
				return client.Thumbnail(t.Context(), dicomweb.RenderRequest{Ref: ref})
			},
		} {
			m, err := open()
			require.NoError(t, err)
			_, err = m.Bytes(0)
			require.ErrorIs(t, err, segur.ErrPartial)
		}
		images, err := collect(client.RenderedAll(t.Context(), dicomweb.RenderRequest{Ref: ref}))
		assert.Len(t, images, 1)
		require.ErrorIs(t, err, segur.ErrPartial)
		front.Close()
	}
}

// A server that caps its pages without a word, and does not count, is asked until nothing comes.
func TestListCappedSilently(t *testing.T) {
	t.Parallel()
	s := study(t, 911, dicomwebtest.SampleOptions{Series: 3, Instances: 5})
	row := func(tag dicomweb.Tag, uid string) *dicomweb.Dataset {
		return dicomweb.NewDataset(dicomweb.Text(tag, uid))
	}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var rows []*dicomweb.Dataset
		seen := map[string]bool{}
		for _, i := range s.Instances {
			switch {
			case strings.HasSuffix(r.URL.Path, "/series"):
				if !seen[i.Ref.Series] {
					seen[i.Ref.Series] = true
					rows = append(rows, row(dicomweb.TagSeriesInstanceUID, i.Ref.Series))
				}
			case strings.Contains(r.URL.Path, i.Ref.Series+"/"), !strings.Contains(r.URL.Path, "/series/"):
				rows = append(rows, row(dicomweb.TagSOPInstanceUID, i.Ref.Instance))
			}
		}
		offset, _ := strconv.Atoi(r.URL.Query().Get("offset"))
		rows = rows[min(offset, len(rows)):]
		rows = rows[:min(2, len(rows))]
		text := []byte{'['}
		for i, ds := range rows {
			if i > 0 {
				text = append(text, ',')
			}
			text = ds.AppendJSON(text)
		}
		w.Header().Set("Content-Type", "application/dicom+json")
		_, _ = w.Write(append(text, ']'))
	}))
	t.Cleanup(front.Close)
	client := rawClient(t, front.URL)
	list, err := client.ListInstances(t.Context(), dicomweb.Ref{Study: s.UID})
	require.NoError(t, err)
	assert.Len(t, list, 15)
	list, err = client.ListInstances(t.Context(), dicomweb.Ref{Study: s.UID, Series: s.Instances[14].Ref.Series})
	require.NoError(t, err)
	assert.Len(t, list, 5)
	absent := s.Instances[14].Ref
	absent.Instance += ".1"
	asked := []dicomweb.Ref{absent}
	for _, i := range s.Instances {
		asked = append(asked, i.Ref)
	}
	missing, err := client.Missing(t.Context(), asked)
	require.NoError(t, err)
	assert.Equal(t, []dicomweb.Ref{absent}, missing)

	srv, client := setup(t, dicomwebtest.WithQuirks(dicomwebtest.Quirks{IgnoreOffset: true})) // no page after the first one
	add(t, srv, s)
	missing, err = client.Missing(t.Context(), asked)
	require.NoError(t, err)
	assert.Equal(t, []dicomweb.Ref{absent}, missing)
}
