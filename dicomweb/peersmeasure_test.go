package dicomweb_test

import (
	"encoding/json"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
	"github.com/segur-sdk/segur/internal/testkit"
)

// TestMeasuredAgainstPython logs how long the Python dicomweb-client and this client take for the same work: a study of 200
// images of 525 KB to and from Orthanc, from files; 1000 rows and the metadata of 200 images decoded. Best of three each. It
// asserts nothing.
func TestMeasuredAgainstPython(t *testing.T) { //nolint:paralleltest // a measurement
	path := folder(t, envPython)
	var target *url.URL
	if os.Getenv("SEGUR_ORTHANC") == "1" {
		target = orthanc(t)
	} else {
		t.Skip("Orthanc is the server of both: SEGUR_ORTHANC=1")
	}
	dir := t.TempDir()
	files := filepath.Join(dir, "files")
	require.NoError(t, os.Mkdir(files, 0o700))
	s := study(t, 92, dicomwebtest.SampleOptions{Series: 1, Instances: 200, Rows: 512})
	metadata := []byte("[")
	for i := range s.Instances {
		noise(s.Instances[i].File, 512)
		ds, err := dicomweb.ReadDataset(segur.BytesContent(s.Instances[i].File))
		require.NoError(t, err)
		if i > 0 {
			metadata = append(metadata, ',')
		}
		out := dicomweb.NewDataset()
		for e := range ds.All() {
			if e.Tag != dicomweb.TagPixelData {
				out.Set(e)
			}
		}
		metadata = out.AppendJSON(metadata)
	}
	metadata = append(metadata, ']')
	require.NoError(t, s.WriteDir(files))
	texts := map[string][]byte{"rows": rows(1000), "metadata": metadata}
	for name, text := range texts {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), text, 0o600))
	}
	client := newClient(t, dicomweb.Config{ClientConfig: segur.ClientConfig{Environment: segur.Fake}, Endpoint: target.String(), PlainHTTP: true})
	best := func(f func()) float64 {
		var out time.Duration
		for i := range 3 {
			start := time.Now()
			f()
			if d := time.Since(start); i == 0 || d < out {
				out = d
			}
		}
		return out.Seconds()
	}
	store := func(send func(list []segur.Content)) func() {
		return func() {
			opened, _, err := dicomweb.OpenDir(files)
			require.NoError(t, err)
			list := make([]segur.Content, len(opened))
			for i, f := range opened {
				list[i] = f
			}
			send(list)
		}
	}
	retrieve := func() {
		for inst, err := range client.Retrieve(t.Context(), dicomweb.Ref{Study: s.UID}) {
			require.NoError(t, err)
			_, err = io.Copy(io.Discard, inst)
			require.NoError(t, err)
		}
	}
	decode := func(name string) func() {
		return func() {
			_, err := dicomweb.ParseJSON(texts[name])
			require.NoError(t, err)
		}
	}
	ours := map[string]float64{
		"store": best(store(func(list []segur.Content) {
			_, err := client.Store(t.Context(), dicomweb.StoreRequest{Instances: list})
			require.NoError(t, err)
		})),
		"store, StoreAll": best(store(func(list []segur.Content) {
			for _, err := range client.StoreAll(t.Context(), dicomweb.Contents(list), dicomweb.StoreOptions{}) {
				require.NoError(t, err)
			}
		})),
		"retrieve": best(retrieve), "rows": best(decode("rows")), "metadata": best(decode("metadata")),
	}
	t.Setenv("PYTHONPATH", path)
	out := testkit.Run(t, nil, python(t), "testdata/measure.py", target.String(), files, s.UID, filepath.Join(dir, "rows"), filepath.Join(dir, "metadata"))
	require.NoError(t, out.Err())
	theirs := map[string]float64{}
	require.NoError(t, json.Unmarshal(out.Stdout, &theirs))
	theirs["store, StoreAll"] = theirs["store"]
	for name, own := range ours {
		t.Logf("%-16s ours %.4f s, Python %.4f s: %.1f times", name, own, theirs[name], theirs[name]/own)
	}
	t.Logf("Python, streamed: %.4f s", theirs["retrieve, streamed"])
}
