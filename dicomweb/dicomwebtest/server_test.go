package dicomwebtest_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
)

func get(h http.Handler, target string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// The server is a handler too; paths, keys and forms are checked as a strict server checks them.
func TestHandler(t *testing.T) {
	t.Parallel()
	h := dicomwebtest.NewHandler(dicomwebtest.WithToken("jeton"))
	s, err := dicomwebtest.SampleStudy(dicomwebtest.SampleOptions{})
	require.NoError(t, err)
	for _, inst := range s.Instances {
		require.NoError(t, h.Add(inst.File))
	}
	assert.Error(t, h.Add([]byte("x")))
	ref := s.Instances[0].Ref
	const j = "application/dicom+json"
	auth := func(accept string) []string { return []string{"Authorization", "Bearer jeton", "Accept", accept} }
	series := "/dicom-web/studies/" + s.UID + "/series/" + ref.Series
	for _, c := range []struct {
		path, accept string
		status       int
		holds        string
	}{
		{"/dicom-web/studies", j, 200, s.UID},
		{"/dicom-web/studies?StudyDate=20260101-&PatientName=fictive*", j, 200, s.UID},
		{"/dicom-web/studies?StudyDate=-20251231", j, 204, ""},
		{"/dicom-web/studies?ModalitiesInStudy=CT&includefield=all", j, 200, `"00280010"`},
		{"/dicom-web/studies?PatientID=IPP-000", j, 204, ""},
		{"/dicom-web/studies?PatientID=IPP-000%3F", j, 200, s.UID},
		{"/dicom-web/studies?RequestAttributesSequence.ScheduledProcedureStepID=X", j, 204, ""},
		{"/dicom-web/studies?limit=-1", j, 400, ""},
		{"/dicom-web/studies?Nothing=1", j, 400, ""},
		{"/dicom-web/series", j, 200, ref.Series},
		{"/dicom-web/instances?limit=1&offset=5", j, 200, s.Instances[5].Ref.Instance},
		{"/dicom-web/studies/" + s.UID + "/instances", j, 200, ref.Instance},
		{series + "/instances", j, 200, ref.Instance},
		{series + "/instances/" + ref.Instance + "/metadata", j, 200, "ISO_IR 192"},
		{series + "/instances/" + ref.Instance, "application/dicom", 200, "DICM"},
		{series, "application/dicom", 406, ""},
		{series, `multipart/related; type="application/dicom"`, 200, "DICM"},
		{series, `multipart/related; type="application/octet-stream"`, 406, ""},
		{"/dicom-web/studies/1.2.x", j, 404, ""},
		{"/dicom-web/studies/" + s.UID + "/frames/1", j, 404, ""},
		{"/elsewhere", j, 404, ""},
	} {
		w := get(h, c.path, auth(c.accept)...)
		assert.Equal(t, c.status, w.Code, c.path)
		assert.Contains(t, w.Body.String(), c.holds, c.path)
	}
	assert.Equal(t, 401, get(h, "/dicom-web/studies", "Accept", j).Code)
	r := httptest.NewRequest(http.MethodPost, "/dicom-web/studies", strings.NewReader("--B--"))
	r.Header.Set("Authorization", "Bearer jeton")
	r.Header.Set("Content-Type", `multipart/related; type="application/dicom"; boundary=B`)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	assert.Equal(t, 400, w.Code, "no part")
}

// A server without TLS, for a tool that has no certificates.
func ExampleWithoutTLS() {
	srv := dicomwebtest.NewServer(dicomwebtest.WithoutTLS())
	defer srv.Close()
	srv.Fail(dicomwebtest.Fault{Op: dicomwebtest.OpSearch, Status: http.StatusServiceUnavailable})
	srv.SetQuirks(dicomwebtest.Quirks{EmptyArray: true})
	srv.Refuse("1.2.250.1.999.1.1", dicomweb.ReasonOutOfResources)
	fmt.Println(strings.HasPrefix(srv.URL, "http://127.0.0.1:"), srv.Config().PlainHTTP, srv.Len())
	// Output: true true 0
}

// A folder is taken as it is; what is no instance, or another file of one, is named.
func TestAddDir(t *testing.T) {
	t.Parallel()
	s, err := dicomwebtest.SampleStudy(dicomwebtest.SampleOptions{})
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, s.WriteDir(dir))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("x"), 0o600))
	other := bytes.Clone(s.Instances[0].File)
	other[len(other)-1] ^= 1
	require.NoError(t, os.WriteFile(filepath.Join(dir, "z.dcm"), other, 0o600))
	h := dicomwebtest.NewHandler()
	skipped, err := h.AddDir(dir)
	require.NoError(t, err)
	require.Len(t, skipped, 2)
	assert.Equal(t, "notes.txt", filepath.Base(skipped[0].Path))
	assert.Equal(t, "z.dcm", filepath.Base(skipped[1].Path))
	assert.Equal(t, len(s.Instances), h.Len())
	file, ok := h.File(s.Instances[0].Ref.Instance)
	assert.True(t, ok)
	assert.Equal(t, s.Instances[0].File, file)
	_, err = h.AddDir(filepath.Join(dir, "nowhere"))
	require.ErrorIs(t, err, segur.ErrInvalidInput)
}
