package dicomweb_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/internal/testkit/fixed"
)

// orthanc starts the server of Debian on loopback, with its files in a folder of the test, and returns its base URL. With a
// user and a password, it asks for them.
func orthanc(t testing.TB, user ...string) *url.URL {
	t.Helper()
	if os.Getenv("SEGUR_ORTHANC") != "1" && os.Getenv(testkit.EnvRequireOracles) != "1" {
		t.Skip("a real server is started with SEGUR_ORTHANC=1")
	}
	binary := testkit.Oracle(t, "Orthanc")
	plugin := ""
	for _, pattern := range []string{"/usr/share/orthanc/plugins/libOrthancDicomWeb.so", "/usr/lib/orthanc/libOrthancDicomWeb.so*"} {
		if found, _ := filepath.Glob(pattern); len(found) > 0 && plugin == "" {
			plugin = found[0]
		}
	}
	if plugin == "" {
		t.Skip("the DICOMweb plugin is not installed (Debian: apt-get install orthanc-dicomweb)")
	}
	dir := t.TempDir()
	port := testkit.FreePorts(t, 1)[0]
	users := map[string]string{}
	if len(user) == 2 {
		users[user[0]] = user[1]
	}
	config, err := json.Marshal(map[string]any{
		"Name": "segur-test", "StorageDirectory": filepath.Join(dir, "storage"), "IndexDirectory": filepath.Join(dir, "storage"),
		"Plugins": []string{plugin}, "HttpPort": port, "RemoteAccessAllowed": false, "AuthenticationEnabled": len(user) > 0, "DicomServerEnabled": false,
		"RegisteredUsers": users,
		"KeepAlive":       true, "OverwriteInstances": false,
		"DicomWeb": map[string]any{"Enable": true, "Root": "/dicom-web/", "QidoCaseSensitive": false, "StudiesMetadata": "Full", "SeriesMetadata": "Full",
			"EnableWado": true, "WadoRoot": "/wado"},
	})
	require.NoError(t, err)
	path := filepath.Join(dir, "orthanc.json")
	require.NoError(t, os.WriteFile(path, config, 0o600))
	var log bytes.Buffer
	cmd := exec.Command(binary, path) //nolint:gosec // found by Oracle
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &log, &log
	require.NoError(t, cmd.Start())
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-done:
		case <-time.After(time.Minute):
			_ = cmd.Process.Kill()
			<-done
		}
	})
	base := &url.URL{Scheme: "http", Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), Path: "/dicom-web"}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(3 * time.Minute)
	for {
		resp, err := http.Get(base.String() + "/studies?limit=1") //nolint:noctx // bounded by the deadline below
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK || len(user) > 0 && resp.StatusCode == http.StatusUnauthorized {
				return base
			}
		}
		select {
		case err := <-done:
			done <- err
			t.Fatalf("Orthanc ended at once: %v\n%s", err, log.String())
		case <-deadline:
			t.Fatal("Orthanc does not answer")
		case <-tick.C:
		}
	}
}

// Orthanc of Debian breaks down when it serves TLS itself, so nginx stands before it.
func TestConformanceOrthanc(t *testing.T) {
	target := orthanc(t)
	f := nginx(t, target)
	f.conformance(t, "/wado", 2000) // the same studies each time: stored over themselves
	t.Run("addresses", func(t *testing.T) {
		addresses(t, newClient(t, f.withCertificate("/wado")), target.String(), target.String())
		// Told its address in the Forwarded header, it uses it.
		rows, err := collect(newClient(t, f.withPassword("/wado")).SearchInstances(t.Context(), dicomweb.Query{PatientID: "IPP-0001", Limit: 1}))
		require.NoError(t, err)
		require.Len(t, rows, 1)
		assert.Contains(t, rows[0].RetrieveURL, f.password+"/dicom-web/studies/")
	})
	plain := newClient(t, dicomweb.Config{ClientConfig: segur.ClientConfig{Environment: segur.Fake}, Endpoint: target.String(),
		WADOURI: target.Scheme + "://" + target.Host + "/wado", PlainHTTP: true})
	t.Run("plain", func(t *testing.T) { conformance(t, plain, 2000) })

	t.Run("what the client makes of it", func(t *testing.T) {
		ctx := t.Context()
		// Keys inside sequences are ignored, and the answer is the archive: the client notices.
		_, err := collect(plain.SearchStudies(ctx, dicomweb.Query{Match: []dicomweb.Match{{Path: []dicomweb.Tag{0x00400275, 0x00400009}, Value: "X"}}}))
		var e *segur.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, dicomweb.CodeFilterIgnored, e.Code)
		// It does not delete.
		err = plain.Delete(ctx, study(t, 2000, dicomwebtest.SampleOptions{}).Instances[0].Ref)
		require.ErrorIs(t, err, segur.ErrRefused)
		require.ErrorAs(t, err, &e)
		assert.Equal(t, dicomweb.CodeNotSupported, e.Code)
		// It takes a PDF and a photograph as files only.
		pdf, err := dicomweb.EncapsulatedPDF(base("1.2.250.1.999.1.52"), "Compte rendu", segur.BytesContent([]byte("%PDF-1.7\nfictif\n%%EOF")))
		require.NoError(t, err)
		_, err = plain.StoreMetadata(ctx, dicomweb.StoreMetadataRequest{Instances: []dicomweb.MetadataInstance{pdf}})
		require.ErrorAs(t, err, &e)
		assert.Equal(t, dicomweb.CodeNotSupported, e.Code)
		photo, err := dicomweb.Photograph(base("1.2.250.1.999.1.53"), segur.BytesContent(jpegImage(t, false)))
		require.NoError(t, err)
		for _, m := range []dicomweb.MetadataInstance{pdf, photo} {
			file, err := m.File()
			require.NoError(t, err)
			result, err := plain.Store(ctx, dicomweb.StoreRequest{Instances: []segur.Content{file}})
			require.NoError(t, err)
			assert.True(t, result.All())
		}
		image, err := plain.Rendered(ctx, dicomweb.RenderRequest{Ref: photo.Attributes.Ref()})
		require.NoError(t, err)
		_, err = image.Bytes(0)
		require.NoError(t, err, "Orthanc decodes the photograph")
	})
}

// TestOrthancBasic asks with a password, and with that of another.
func TestOrthancBasic(t *testing.T) {
	target := orthanc(t, "ris", "ris-secret")
	for _, password := range []string{"ris-secret", "of another"} {
		// A password never leaves without TLS, so nginx is before it here too; it passes it on.
		cfg := nginx(t, target).withCertificate("")
		cfg.Basic, cfg.WADOURI = &dicomweb.BasicAuth{Username: "ris", Password: password}, ""
		client := newClient(t, cfg)
		s := study(t, 5400, dicomwebtest.SampleOptions{Series: 1, Instances: 2})
		_, stored := client.Store(t.Context(), dicomweb.StoreRequest{Instances: s.Contents()})
		rows, found := collect(client.SearchStudies(t.Context(), dicomweb.Query{PatientID: "IPP-0001"}))
		if password == "ris-secret" {
			require.NoError(t, stored)
			require.NoError(t, found)
			assert.Len(t, rows, 1)
			continue
		}
		require.ErrorIs(t, stored, segur.ErrAuthentication)
		require.ErrorIs(t, found, segur.ErrAuthentication)
		assert.NotContains(t, stored.Error(), password)
	}
}

// BenchmarkOrthanc moves a study of 80 CT images of 512 KiB to and from Orthanc with this client and with curl in turn, and
// reports the ratio of the medians. The study is stored over itself, which Orthanc answers without writing.
func BenchmarkOrthanc(b *testing.B) {
	target := orthanc(b)
	client := newClient(b, dicomweb.Config{ClientConfig: segur.ClientConfig{Environment: segur.Fake}, Endpoint: target.String(), PlainHTTP: true})
	s := study(b, 3000, dicomwebtest.SampleOptions{Series: 1, Instances: 80, Rows: 512})
	for i := range s.Instances {
		noise(s.Instances[i].File, 512)
	}
	dir := b.TempDir()
	require.NoError(b, s.WriteDir(dir))
	opened, _, err := dicomweb.OpenDir(dir)
	require.NoError(b, err)
	var files []segur.Content
	var body bytes.Buffer
	for i, f := range opened {
		files = append(files, f)
		body.WriteString("--curl\r\nContent-Type: application/dicom\r\n\r\n")
		body.Write(s.Instances[i].File)
		body.WriteString("\r\n")
	}
	body.WriteString("--curl--\r\n")
	packed := filepath.Join(dir, "body")
	require.NoError(b, os.WriteFile(packed, body.Bytes(), 0o600))
	timed := func(f func()) time.Duration {
		start := time.Now()
		f()
		return time.Since(start)
	}
	curl := func(args ...string) {
		require.NoError(b, testkit.Run(b, nil, "curl", append([]string{"-s", "-f", "--noproxy", "*", "-o", "/dev/null"}, args...)...).Err())
	}
	var ours, theirs [2][]time.Duration
	for b.Loop() {
		ours[0] = append(ours[0], timed(func() {
			_, err := client.Store(b.Context(), dicomweb.StoreRequest{Instances: files})
			require.NoError(b, err)
		}))
		theirs[0] = append(theirs[0], timed(func() {
			curl("-X", "POST", "-H", "Expect:", "-H", `Content-Type: multipart/related; type="application/dicom"; boundary=curl`, "-T", packed, target.String()+"/studies")
		}))
		ours[1] = append(ours[1], timed(func() {
			for inst, err := range client.Retrieve(b.Context(), dicomweb.Ref{Study: s.UID}) {
				require.NoError(b, err)
				_, err = io.Copy(io.Discard, inst)
				require.NoError(b, err)
			}
		}))
		theirs[1] = append(theirs[1], timed(func() {
			curl("-H", `Accept: multipart/related; type="application/dicom"; transfer-syntax=*`, target.String()+"/studies/"+s.UID)
		}))
	}
	for i, name := range []string{"store/curl", "retrieve/curl"} {
		slices.Sort(ours[i])
		slices.Sort(theirs[i])
		b.ReportMetric(float64(ours[i][len(ours[i])/2])/float64(theirs[i][len(theirs[i])/2]), name)
		b.Logf("%s: %v, %v", name, ours[i][len(ours[i])/2], theirs[i][len(theirs[i])/2])
	}
}

// noise replaces the pixels at the end of a sample file by those of a detector: 12 bits, none like the other.
func noise(file []byte, rows int) {
	pixels := file[len(file)-2*rows*rows:]
	_, _ = io.ReadFull(fixed.Rand(7), pixels)
	for i := 1; i < len(pixels); i += 2 {
		pixels[i] &= 0x0F
	}
}
