package dicomweb_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
	"github.com/segur-sdk/segur/internal/testkit"
)

// The fake serves a client that is not ours: curl, over mutual TLS.
func TestFakeWithCurl(t *testing.T) {
	t.Parallel()
	testkit.Oracle(t, "curl")
	srv := newServer()
	t.Cleanup(srv.Close)
	s := study(t, 60, dicomwebtest.SampleOptions{})
	dir := t.TempDir()
	file := func(name string, b []byte) string {
		t.Helper()
		p := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(p, b, 0o600))
		return p
	}
	ca, own := file("ca.pem", srv.PKI().CAPEM()), file("own.pem", credentialtest.PEM(srv.PKI().Organization()))
	curl := func(args ...string) string {
		t.Helper()
		out := testkit.Run(t, nil, "curl", append([]string{"-s", "-S", "--max-time", "20", "--noproxy", "*", "--cacert", ca, "--cert", own, "-w", "\n%{http_code}"}, args...)...)
		require.NoError(t, out.Err())
		return string(out.Stdout)
	}
	body := ""
	for _, inst := range s.Instances {
		body += "--curl\r\nContent-Type: application/dicom\r\n\r\n" + string(inst.File) + "\r\n"
	}
	packed := file("body", []byte(body+"--curl--\r\n"))
	const json = "Accept: application/dicom+json"
	out := curl("-X", "POST", "-H", `Content-Type: multipart/related; type="application/dicom"; boundary=curl`, "-H", json, "--data-binary", "@"+packed, srv.URL+"/studies")
	assert.Contains(t, out, "\n200")
	assert.Contains(t, out, `"00081199":{"vr":"SQ"`)
	assert.Equal(t, 6, srv.Len())
	assert.Contains(t, curl("-X", "POST", "-H", `Content-Type: multipart/related; type="application/dicom"; boundary=curl`, "-H", json, "--data-binary", "@"+packed,
		srv.URL+"/studies/1.2.3"), "\n409")
	assert.Contains(t, curl("-X", "POST", "-H", `Content-Type: multipart/related; type="application/dicom"; boundary=curl`, "-H", json, "--data-binary",
		"@"+file("cut", []byte(body)), srv.URL+"/studies"), "\n400", "no closing delimiter")
	assert.Contains(t, curl("-X", "POST", "-H", json, "--data-binary", "x", srv.URL+"/studies"), "\n415")

	out = curl("-H", json, srv.URL+"/studies?PatientName=FICTIVE-D*&includefield=StudyDescription&limit=10")
	assert.Contains(t, out, `"0020000D":{"vr":"UI","Value":["`+s.UID+`"]}`)
	assert.Contains(t, out, "Scanner thoracique à visée diagnostique")
	assert.Contains(t, curl("-H", json, srv.URL+"/studies?PatientID=IPP-9999"), "\n204")
	assert.Contains(t, curl("-H", json, srv.URL+"/studies?NoSuchKeyword=1"), "\n400")
	assert.Contains(t, curl("-H", "Accept: text/html", srv.URL+"/studies"), "\n406")
	assert.Contains(t, curl("-H", json, srv.URL+"/studies/"+s.UID+"/series"), `"0020000E"`)
	assert.Contains(t, curl("-H", json, srv.URL+"/studies/"+s.UID+"/metadata"), `"Thorax inject`)
	assert.Contains(t, curl("-X", "PATCH", srv.URL+"/studies/"+s.UID), "\n405")
	// The worklist service, and one file alone.
	task := file("task", []byte(upsTask))
	assert.Contains(t, curl("-X", "POST", "-H", "Content-Type: application/dicom+json", "--data-binary", "@"+task, srv.URL+"/workitems?2.25.7"), "\n201")
	assert.Contains(t, curl("-H", json, srv.URL+"/workitems?00741000=SCHEDULED"), "\n200")
	assert.Contains(t, curl("-X", "POST", srv.URL+"/workitems/2.25.7/cancelrequest"), "\n202")
	assert.Contains(t, curl("-H", json, srv.URL+"/workitems/2.25.7"), "CANCELED")
	alone := study(t, 61, dicomwebtest.SampleOptions{Series: 1, Instances: 1})
	assert.Contains(t, curl("-X", "POST", "-H", "Content-Type: application/dicom", "-H", json, "--data-binary", "@"+file("one", alone.Instances[0].File), srv.URL+"/studies"), "\n200")
	assert.Contains(t, curl("-X", "DELETE", srv.URL+"/studies/"+alone.UID), "\n204")
	assert.Contains(t, curl(srv.URL+"/studies/1.2.3"), "\n404")

	ref := s.Instances[2].Ref
	got := filepath.Join(dir, "got.dcm")
	url := fmt.Sprintf("%s/studies/%s/series/%s/instances/%s", srv.URL, ref.Study, ref.Series, ref.Instance)
	assert.Contains(t, curl("-H", "Accept: application/dicom; transfer-syntax=*", "-o", got, url), "\n200")
	h, err := dicomweb.OpenFile(got)
	require.NoError(t, err)
	assert.Equal(t, ref, h.Ref())
	assert.Contains(t, curl("-H", `Accept: multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.4.70`, url), "\n406")
	whole, err := os.ReadFile(got)
	require.NoError(t, err)
	assert.Equal(t, s.Instances[2].File, whole)

	// Without a client certificate there is no conversation.
	refused := testkit.Run(t, nil, "curl", "-s", "--max-time", "20", "--noproxy", "*", "--cacert", ca, srv.URL+"/studies")
	assert.NotZero(t, refused.ExitCode)
}

// upsTask is a workitem as another client writes it.
const upsTask = `[{"00081195":{"vr":"UI"},"00100010":{"vr":"PN"},"00100020":{"vr":"LO","Value":["IPP-0001"]},"00100030":{"vr":"DA"},"00100040":{"vr":"CS"},
"00404005":{"vr":"DT","Value":["20260115103000"]},"00404018":{"vr":"SQ"},"00404021":{"vr":"SQ"},"00404041":{"vr":"CS","Value":["READY"]},"0040A370":{"vr":"SQ"},
"00741000":{"vr":"CS","Value":["SCHEDULED"]},"00741200":{"vr":"CS","Value":["LOW"]},"00741202":{"vr":"LO"},"00741204":{"vr":"LO","Value":["Relecture"]}}]`
