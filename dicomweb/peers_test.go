package dicomweb_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
	"github.com/segur-sdk/segur/internal/testkit"
)

// Folders of clients that are not ours: that of the Python dicomweb-client (with "dicomweb_client" and "pydicom" in it, or
// several, separated as PYTHONPATH is) and the "node_modules" with the JavaScript dicomweb-client and xhr2.
const (
	envPython = "SEGUR_PYTHON_DICOMWEB"
	envJS     = "SEGUR_JS_DICOMWEB"
)

func folder(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv(name)
	if dir == "" {
		t.Skipf("%s does not name a folder: see CONTRIBUTING.md", name)
	}
	return dir
}

// python is the interpreter of Debian, which has the packages that the client needs.
func python(t testing.TB) string {
	t.Helper()
	if _, err := os.Stat("/usr/bin/python3"); err != nil {
		return testkit.Oracle(t, "python3")
	}
	return "/usr/bin/python3"
}

// drive runs a driver of testdata on a fake and returns what each call of the client gave.
func drive(t *testing.T, env []string, s *dicomwebtest.Study, opts []dicomwebtest.Option, program string, args ...string) map[string]any {
	t.Helper()
	srv := dicomwebtest.NewServer(append(opts, dicomwebtest.WithoutTLS())...)
	t.Cleanup(srv.Close)
	dir := t.TempDir()
	files := filepath.Join(dir, "files")
	require.NoError(t, os.Mkdir(files, 0o700))
	require.NoError(t, s.WriteDir(files))
	ref := s.Instances[0].Ref
	ids, err := json.Marshal(map[string]string{"study": ref.Study, "series": ref.Series, "instance": ref.Instance})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "ids.json"), ids, 0o600))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, append(args, srv.URL, files)...) //nolint:gosec // the interpreters above
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.Output()
	var exit *exec.ExitError
	if ok := assert.NoError(t, err); !ok && assert.ErrorAs(t, err, &exit) {
		t.Fatalf("%s", exit.Stderr)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	got := map[string]any{}
	require.NoError(t, json.Unmarshal([]byte(lines[len(lines)-1]), &got), "%s", out)
	return got
}

// The real Python dicomweb-client works on the fake: every call that it offers.
func TestFakeWithPythonClient(t *testing.T) {
	t.Parallel()
	dir := folder(t, envPython)
	s := study(t, 90, dicomwebtest.SampleOptions{Frames: 2})
	got := drive(t, []string{"PYTHONPATH=" + dir}, s, nil, python(t), "testdata/peer.py")
	for call, want := range map[string]any{
		"store_instances": 6.0, "store_instances, of a study": 1.0, "store_instances, of another study": "failed: HTTPError 409",
		"search_for_studies": true, "search_for_studies, fields": []any{"Scanner thoracique à visée diagnostique"}, "search_for_studies, none": []any{},
		"search_for_studies, remaining": 1.0, "search_for_series": 2.0, "search_for_series, everywhere": 2.0,
		"search_for_instances": 3.0, "search_for_instances, remaining": 6.0, "search_for_instances, everywhere": 1.0,
		"retrieve_study": 6.0, "retrieve_study, syntax": 6.0, "iter_study": 6.0, "retrieve_series": 3.0, "iter_series": 3.0,
		"retrieve_instance": 1.0, "retrieve_instance, any": 1.0, "retrieve_instance, absent": "failed: HTTPError 404",
		"retrieve_study_metadata": 6.0, "retrieve_series_metadata": 3.0, "retrieve_instance_metadata": 1.0,
		"retrieve_instance_frames": true, "retrieve_instance_frames, octets": true, "retrieve_instance_frames, any": true, "iter_instance_frames": true,
		"retrieve_instance_frames, absent": "failed: HTTPError 404",
		"retrieve_bulkdata":                true, "retrieve_bulkdata, octets": true, "retrieve_bulkdata, range": true, "iter_bulkdata": true,
		"retrieve_series_rendered": []any{16.0, 16.0}, "retrieve_instance_rendered": []any{16.0, 16.0}, "retrieve_instance_rendered, jpeg": []any{16.0, 16.0},
		"retrieve_instance_rendered, png": []any{16.0, 16.0}, "retrieve_instance_rendered, gif": []any{16.0, 16.0},
		"retrieve_instance_rendered, quality": []any{16.0, 16.0}, "retrieve_instance_frames_rendered": []any{16.0, 16.0},
		"retrieve_instance_frames_rendered, png": []any{16.0, 16.0},
		"delete_instance":                        5.0, "delete_series": 1.0, "delete_study": []any{},
	} {
		assert.Equal(t, want, got[call], call)
		delete(got, call)
	}
	assert.Empty(t, got, "nothing else was asked")
}

// The real JavaScript dicomweb-client works on the fake: every call that it offers.
func TestFakeWithJavaScriptClient(t *testing.T) {
	t.Parallel()
	dir := folder(t, envJS)
	s := study(t, 91, dicomwebtest.SampleOptions{Frames: 2})
	got := drive(t, nil, s, nil, testkit.Oracle(t, "node"), "testdata/peer.js", dir)
	for call, want := range map[string]any{
		"storeInstances": 6.0, "storeInstances, of another study": "failed: 409",
		"searchForStudies": true, "searchForStudies, fields": "Scanner thoracique à visée diagnostique", "searchForStudies, none": []any{},
		"searchForSeries": 2.0, "searchForSeries, everywhere": 2.0, "searchForInstances": 3.0, "searchForInstances, everywhere": 1.0,
		"retrieveStudyMetadata": 6.0, "retrieveSeriesMetadata": 3.0, "retrieveInstanceMetadata": true,
		"retrieveStudy": 6.0, "retrieveSeries": 3.0, "retrieveInstance": 1.0,
		"retrieveInstance, absent": "failed: 404",
		"retrieveInstanceFrames":   true, "retrieveInstanceFrames, octets": true, "retrieveInstanceFrames, any": true, "retrieveInstanceFrames, absent": "failed: 404",
		"retrieveBulkData": true, "retrieveBulkData, one part": true, "retrieveBulkData, range": true,
		"retrieveInstanceRendered": "jpeg", "retrieveInstanceRendered, jpeg": "jpeg", "retrieveInstanceRendered, png": "png", "retrieveInstanceRendered, gif": "gif",
		"retrieveInstanceRendered, quality": "jpeg", "retrieveInstanceThumbnail": "jpeg", "retrieveInstanceFramesRendered": "png",
		"retrieveInstanceFramesThumbnail": "jpeg", "buildInstanceWadoURIUrl": 1.0,
	} {
		assert.Equal(t, want, got[call], call)
		delete(got, call)
	}
	assert.Empty(t, got, "nothing else was asked")
}
