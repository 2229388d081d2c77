package dicomweb_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
)

// headed is a file whose first 64 KiB do not reach its Study Instance UID.
func headed(t testing.TB, file []byte, sequence bool) []byte {
	t.Helper()
	ds, err := dicomweb.ReadDataset(segur.BytesContent(file))
	require.NoError(t, err)
	large := dicomweb.Element{Tag: 0x00091010, VR: dicomweb.OB, Bulk: &dicomweb.Bulk{Data: make([]byte, 100<<10)}}
	ds.Set(dicomweb.Element{Tag: 0x00090010, VR: dicomweb.LO, Values: []string{"FICTIF"}})
	if sequence {
		large = dicomweb.Sequence(0x00091011, dicomweb.NewDataset(large))
	}
	ds.Set(large)
	var b bytes.Buffer
	require.NoError(t, dicomweb.WritePart10(&b, ds, dicomweb.WriteOptions{}))
	return b.Bytes()
}

// An instance whose UIDs lie beyond what is looked at first is given, and held to what was asked by the time it ends.
func TestRetrieveUIDsBeyondPeek(t *testing.T) {
	t.Parallel()
	s := study(t, 900, dicomwebtest.SampleOptions{})
	for name, sequence := range map[string]bool{"value": false, "sequence": true} {
		file := headed(t, s.Instances[0].File, sequence)
		other := s.Instances[0].Ref
		other.Study = "1.2.3"
		for _, multipart := range []bool{true, false} {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if !multipart {
					w.Header().Set("Content-Type", "application/dicom")
					_, _ = w.Write(file)
					return
				}
				w.Header().Set("Content-Type", `multipart/related; type="application/dicom"; boundary=b`)
				_, _ = w.Write(append(append([]byte("--b\r\n\r\n"), file...), "\r\n--b--"...))
			}))
			client := newClient(t, dicomweb.Config{ClientConfig: segur.ClientConfig{Environment: segur.Fake}, Endpoint: srv.URL, PlainHTTP: true})
			inst, err := client.RetrieveInstance(t.Context(), s.Instances[0].Ref)
			require.NoError(t, err, name)
			got, err := io.ReadAll(inst)
			require.NoError(t, err, name)
			assert.True(t, bytes.Equal(file, got), name)
			require.NoError(t, inst.Close())

			inst, err = client.RetrieveInstance(t.Context(), other)
			require.NoError(t, err, name)
			_, err = io.ReadAll(inst)
			requireCode(t, err, dicomweb.CodeWrongInstance)
			_ = inst.Close()
			inst, err = client.RetrieveInstance(t.Context(), other)
			require.NoError(t, err, name)
			require.NoError(t, inst.Close(), "left before its end")

			dir := t.TempDir()
			o := dicomweb.DownloadOptions{Dir: dir, Instances: []dicomweb.Ref{other}, Trust: true}
			report, err := client.Download(t.Context(), other, o)
			require.ErrorIs(t, err, segur.ErrPartial, name)
			assert.Empty(t, report.Files)
			_, err = os.Stat(filepath.Join(dir, other.Instance+".dcm"))
			require.ErrorIs(t, err, os.ErrNotExist, "a file of another study gets no name")
			for _, err = range client.Retrieve(t.Context(), dicomweb.Ref{Study: other.Study}) {
				if err != nil {
					break
				}
			}
			requireCode(t, err, dicomweb.CodeWrongInstance)
			srv.Close()
		}
	}
}

func requireCode(t testing.TB, err error, code string) {
	t.Helper()
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, code, e.Code, "%v", err)
}
