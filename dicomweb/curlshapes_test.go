package dicomweb_test

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
)

// The fake serves the requests as the Python dicomweb-client writes them, byte for byte where it matters: the order of the
// parameters, quotation marks, "*/*" as root type, a preamble, a query of keywords.
func TestFakeWithPythonShapes(t *testing.T) {
	t.Parallel()
	srv := dicomwebtest.NewServer(dicomwebtest.WithoutTLS())
	t.Cleanup(srv.Close)
	s := study(t, 80, dicomwebtest.SampleOptions{Frames: 2})
	ref := s.Instances[0].Ref
	do := func(method, path, accept, contentType, body string) (int, string, []byte) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, srv.URL+path, strings.NewReader(body))
		require.NoError(t, err)
		req.Header.Set("User-Agent", "dicomweb-client/0.60")
		req.Header.Set("Accept-Encoding", "gzip, deflate")
		if accept != "" {
			req.Header.Set("Accept", accept)
		}
		if contentType != "" {
			req.Header.Set("Content-Type", contentType)
		}
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return resp.StatusCode, resp.Header.Get("Content-Type"), b
	}
	rows := func(path string) []map[string]any {
		t.Helper()
		status, ct, b := do(http.MethodGet, path, "application/dicom+json", "", "")
		assert.Equal(t, http.StatusOK, status, path)
		assert.Equal(t, "application/dicom+json", ct)
		var out []map[string]any
		require.NoError(t, json.Unmarshal(b, &out))
		return out
	}
	parts := func(path, accept, partType string) (out [][]byte) {
		t.Helper()
		status, ct, b := do(http.MethodGet, path, accept, "", "")
		require.Equal(t, http.StatusOK, status, path)
		kind, params, err := mime.ParseMediaType(ct)
		require.NoError(t, err)
		assert.Equal(t, "multipart/related", kind)
		reader := multipart.NewReader(bytes.NewReader(b), params["boundary"])
		for part, err := reader.NextRawPart(); err == nil; part, err = reader.NextRawPart() {
			assert.True(t, strings.HasPrefix(part.Header.Get("Content-Type"), partType), part.Header.Get("Content-Type"))
			content, err := io.ReadAll(part)
			require.NoError(t, err)
			out = append(out, content)
		}
		return out
	}

	// store_instances: a boundary in quotation marks, a line before the first part.
	body := ""
	for _, inst := range s.Instances {
		body += "\r\n--0f3cf5c0-70e0-41ef-baef-c6f9f65ec3e1\r\nContent-Type: application/dicom\r\n\r\n" + string(inst.File)
	}
	body += "\r\n--0f3cf5c0-70e0-41ef-baef-c6f9f65ec3e1--"
	status, _, answer := do(http.MethodPost, "/studies", "application/dicom+json",
		`multipart/related; type="application/dicom"; boundary="0f3cf5c0-70e0-41ef-baef-c6f9f65ec3e1"`, body)
	require.Equal(t, http.StatusOK, status, string(answer))
	assert.Equal(t, 6, srv.Len())

	// search_for_studies, _series, _instances.
	assert.Len(t, rows("/studies?limit=10&offset=0&fuzzymatching=true&includefield=00081030&includefield=PatientComments&PatientName=FICTIVE*"), 1)
	assert.Len(t, rows("/studies/"+s.UID+"/series?Modality=CT"), 2)
	assert.Len(t, rows("/studies/"+s.UID+"/instances"), 6)
	assert.Len(t, rows("/instances?SOPInstanceUID="+ref.Instance), 1)
	status, _, _ = do(http.MethodGet, "/studies?PatientID=NOBODY", "application/dicom+json", "", "")
	assert.Equal(t, http.StatusNoContent, status)

	// retrieve_study, _series, _instance and their metadata.
	for path, n := range map[string]int{"/studies/" + s.UID: 6, "/studies/" + s.UID + "/series/" + ref.Series: 3, ref.Path(): 1} {
		for _, accept := range []string{`multipart/related; type="application/dicom"; transfer-syntax=*`, `multipart/related; type="application/dicom"`,
			`multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.1`, "*/*", ""} {
			got := parts(path, accept, "application/dicom")
			require.Len(t, got, n, accept)
			assert.Equal(t, s.Instances[0].File, got[0])
		}
		assert.Len(t, rows(path+"/metadata"), n)
	}
	// retrieve_instance_frames and retrieve_bulkdata, with their default.
	for _, accept := range []string{`multipart/related; type="*/*"`, `multipart/related; type="application/octet-stream"`,
		`multipart/related; type="application/octet-stream"; transfer-syntax="*"`} {
		got := parts(ref.Path()+"/frames/1,2", accept, "application/octet-stream")
		require.Len(t, got, 2, accept)
		assert.Equal(t, s.Instances[0].File[len(s.Instances[0].File)-512:], got[1])
		got = parts(ref.Path()+"/bulk/7FE00010", accept, "application/octet-stream")
		require.Len(t, got, 1)
		assert.Len(t, got[0], 1024)
	}
	// retrieve_bulkdata with a range: parts were asked, so the range is in one.
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+ref.Path()+"/bulk/7FE00010", nil)
	require.NoError(t, err)
	req.Header.Set("Accept", `multipart/related; type="*/*"`)
	req.Header.Set("Range", "bytes=512-1023")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	assert.Equal(t, http.StatusPartialContent, resp.StatusCode)
	assert.Equal(t, "bytes 512-1023/1024", resp.Header.Get("Content-Range"))
	_, params, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	require.NoError(t, err)
	part, err := multipart.NewReader(resp.Body, params["boundary"]).NextRawPart()
	require.NoError(t, err)
	content, err := io.ReadAll(part)
	require.NoError(t, err)
	assert.Equal(t, s.Instances[0].File[len(s.Instances[0].File)-512:], content)
	// The address that the JavaScript client builds for the older service.
	status, _, answer = do(http.MethodGet, "/wado?requestType=WADO&studyUID="+ref.Study+"&seriesUID="+ref.Series+"&objectUID="+ref.Instance+
		"&contentType=application/dicom&transferSyntax=*", "", "", "")
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, s.Instances[0].File, answer)
	// retrieve_instance_rendered.
	for _, accept := range []string{"image/jpeg", "image/png", "image/jpeg, image/png", "*/*"} {
		status, ct, b := do(http.MethodGet, ref.Path()+"/rendered", accept, "", "")
		assert.Equal(t, http.StatusOK, status, accept)
		assert.True(t, strings.HasPrefix(ct, "image/"), ct)
		assert.NotEmpty(t, b)
	}
	status, _, _ = do(http.MethodDelete, "/studies/"+s.UID, "", "", "")
	assert.Equal(t, http.StatusNoContent, status)
	assert.Zero(t, srv.Len())
}
