package dicomweb_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
	"github.com/segur-sdk/segur/internal/testkit"
)

// front is nginx of Debian before an image server, as hospitals have it: one address for each way of coming in.
type front struct {
	pki      *credentialtest.PKI
	password string // URL of TLS with a password, HTTP/2 offered; the server is told its address
	mutual   string // URL of mutual TLS, HTTP/2 offered; the server is not told its address
	expired  string // as password, with a certificate that is past
	small    string // as mutual, with bodies of 100 KiB at most
	plain    string // URL without TLS
	log      func(name string) string
}

// nginxConfig has the files beside it. Each "server" begins with the socket that it is given.
const nginxConfig = `daemon off; $user worker_processes 1; worker_rlimit_nofile 1024; pid nginx.pid; error_log error.log warn;
events { worker_connections 512; }
http {
  access_log access.log; client_max_body_size 0; proxy_request_buffering off; proxy_buffering off; proxy_http_version 1.1;
  client_body_temp_path tmp-body; proxy_temp_path tmp-proxy; fastcgi_temp_path tmp-f; uwsgi_temp_path tmp-u; scgi_temp_path tmp-s;
  ssl_protocols TLSv1.2 TLSv1.3; ssl_certificate server.pem; ssl_certificate_key server.pem; proxy_set_header Connection "";
  log_format protocol "$server_protocol $request_method $status";
  server { listen $0 ssl http2; access_log password.log protocol;
    auth_basic "images"; auth_basic_user_file users;
    location / { proxy_pass $target; proxy_set_header Connection ""; proxy_set_header Host $http_host; proxy_set_header Authorization "";
      proxy_set_header Forwarded "host=$http_host;proto=https"; } }
  server { listen $1 ssl http2; access_log mutual.log protocol;
    ssl_client_certificate ca.pem; ssl_verify_client on; ssl_verify_depth 3;
    location / { proxy_pass $target; } }
  server { listen $2 ssl http2; ssl_certificate expired.pem; ssl_certificate_key expired.pem;
    location / { proxy_pass $target; } }
  server { listen $3 ssl http2; client_max_body_size 100k;
    ssl_client_certificate ca.pem; ssl_verify_client on; ssl_verify_depth 3;
    location / { proxy_pass $target; } }
  server { listen $4;
    location / { proxy_pass $target; } }
}
`

// nginx starts one before target (scheme and host) and ends it with the test.
func nginx(t testing.TB, target *url.URL) *front {
	t.Helper()
	binary := testkit.Oracle(t, "nginx")
	dir, pki := t.TempDir(), sharedPKI()
	f := &front{pki: pki}
	file := func(name string, b []byte) { require.NoError(t, os.WriteFile(filepath.Join(dir, name), b, 0o600)) }
	file("server.pem", serverPEM(t, pki.Server()))
	file("expired.pem", serverPEM(t, pki.ServerWith(credentialtest.Expired())))
	file("ca.pem", pki.CAPEM())
	file("users", []byte("ris:{PLAIN}ris-secret\n"))

	// The sockets are opened here and inherited, the way nginx replaces itself without losing a connection: no port is guessed,
	// and a client that comes early waits.
	cmd := exec.Command(binary, "-p", dir, "-c", "nginx.conf", "-e", "error.log") //nolint:gosec // found by Oracle
	replaced, inherited := []string{"$target", target.Scheme + "://" + target.Host, "$user", ""}, "NGINX="
	if os.Geteuid() == 0 {
		replaced[3] = "user root;" // the folder is ours alone
	}
	for i, address := range []*string{&f.password, &f.mutual, &f.expired, &f.small, &f.plain} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		socket, err := l.(*net.TCPListener).File()
		require.NoError(t, err)
		defer l.Close()      // the process has its own
		defer socket.Close() // the same
		cmd.ExtraFiles = append(cmd.ExtraFiles, socket)
		inherited += fmt.Sprintf("%d;", i+3)
		replaced = append(replaced, fmt.Sprintf("listen $%d", i), "listen "+l.Addr().String())
		*address = "https://" + l.Addr().String()
	}
	f.plain = strings.Replace(f.plain, "https", "http", 1)
	file("nginx.conf", []byte(strings.NewReplacer(replaced...).Replace(nginxConfig)))
	var output bytes.Buffer
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.Env = dir, &output, &output, append(os.Environ(), inherited)
	require.NoError(t, cmd.Start())
	done := make(chan struct{})
	go func() { defer close(done); _ = cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-done:
		case <-time.After(time.Minute):
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // its group: the worker too
			<-done
		}
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(dir, "error.log"))
			t.Logf("nginx: %v: %s\n%s", cmd.ProcessState, output.String(), log)
		}
	})
	f.log = func(name string) string {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if !os.IsNotExist(err) { // it may be starting
			require.NoError(t, err)
		}
		return string(b)
	}
	return f
}

// withPassword and withCertificate are configurations for the two fronts; wado is the path of the older service.
func (f *front) withPassword(wado string) dicomweb.Config {
	return dicomweb.Config{ClientConfig: segur.ClientConfig{Environment: segur.Fake, RootCAs: f.pki.Roots()},
		Endpoint: f.password + "/dicom-web", WADOURI: f.password + wado, Basic: &dicomweb.BasicAuth{Username: "ris", Password: "ris-secret"}}
}

func (f *front) withCertificate(wado string) dicomweb.Config {
	return dicomweb.Config{ClientConfig: segur.ClientConfig{Environment: segur.Fake, RootCAs: f.pki.Roots(), Credentials: segur.StaticCredential(f.pki.Organization())},
		Endpoint: f.mutual + "/dicom-web", WADOURI: f.mutual + wado}
}

// conformance runs the suite through both fronts, in both versions of HTTP, and looks into nginx's log for what was spoken.
func (f *front) conformance(t *testing.T, wado string, seed uint64) {
	t.Helper()
	for _, two := range []bool{true, false} {
		version, other := "HTTP/2.0", "HTTP/1.1"
		if !two {
			version, other = other, version
		}
		t.Run("password, "+version, func(t *testing.T) {
			cfg := f.withPassword(wado)
			cfg.HTTP2 = two
			before := len(f.log("password.log"))
			conformance(t, newClient(t, cfg), seed)
			spoken := f.log("password.log")[before:]
			assert.Contains(t, spoken, version+" POST 200")
			assert.Contains(t, spoken, version+" GET 200")
			assert.NotContains(t, spoken, other)
		})
		t.Run("mutual TLS, "+version, func(t *testing.T) {
			cfg := f.withCertificate(wado)
			cfg.HTTP2 = two
			before := len(f.log("mutual.log"))
			conformance(t, newClient(t, cfg), seed)
			spoken := f.log("mutual.log")[before:]
			assert.Contains(t, spoken, version+" POST 200")
			assert.NotContains(t, spoken, other)
		})
	}
}

// behind starts a fake without TLS and nginx before it.
func behind(t *testing.T) (*dicomwebtest.Server, *front) {
	t.Helper()
	srv := newServer(dicomwebtest.WithoutTLS())
	t.Cleanup(srv.Close)
	target, err := url.Parse(srv.URL)
	require.NoError(t, err)
	return srv, nginx(t, target)
}

func TestConformanceNginx(t *testing.T) {
	t.Parallel()
	_, f := behind(t)
	f.conformance(t, "/dicom-web/wado", 1000)
}

// Whoever does not trust the other is told so, whatever the version of HTTP, and the images stay at home.
func TestNginxTrust(t *testing.T) {
	t.Parallel()
	srv, f := behind(t)
	s := study(t, 5000, dicomwebtest.SampleOptions{Series: 1, Instances: 1})
	for name, c := range map[string]struct {
		cfg     dicomweb.Config
		change  func(cfg *dicomweb.Config)
		want    error
		message string
	}{
		"unknown authority":     {f.withPassword(""), func(cfg *dicomweb.Config) { cfg.RootCAs = f.pki.Foreign().Roots() }, segur.ErrSignature, "does not chain to a trusted authority"},
		"expired certificate":   {f.withPassword(""), func(cfg *dicomweb.Config) { cfg.Endpoint = f.expired }, segur.ErrSignature, "expired on"},
		"wrong password":        {f.withPassword(""), func(cfg *dicomweb.Config) { cfg.Basic.Password = "of another" }, segur.ErrAuthentication, "Unauthorized"},
		"no client certificate": {f.withCertificate(""), func(cfg *dicomweb.Config) { cfg.Credentials = nil }, segur.ErrAuthentication, "none is configured"},
		"client certificate of another authority": {f.withCertificate(""), func(cfg *dicomweb.Config) { cfg.Credentials = segur.StaticCredential(f.pki.Foreign().Organization()) },
			segur.ErrAuthentication, "refuses the client certificate"},
		"client certificate that expired": {f.withCertificate(""), func(cfg *dicomweb.Config) {
			cfg.Credentials = segur.StaticCredential(f.pki.Organization(credentialtest.Expired()))
		}, segur.ErrAuthentication, "refuses the client certificate"},
	} {
		for _, two := range []bool{false, true} {
			cfg := c.cfg
			cfg.HTTP2, cfg.WADOURI = two, ""
			c.change(&cfg)
			client := newClient(t, cfg)
			_, stored := client.Store(t.Context(), dicomweb.StoreRequest{Instances: s.Contents()})
			_, found := collect(client.SearchStudies(t.Context(), dicomweb.Query{PatientID: "IPP-0001"}))
			_, fetched := fetchOne(t.Context(), client, s.Instances[0].Ref)
			for _, err := range []error{stored, found, fetched} {
				require.ErrorIs(t, err, c.want, name)
				require.NotErrorIs(t, err, segur.ErrOutcomeUnknown, name)
				assert.Contains(t, err.Error(), c.message, name)
				assertPublic(t, err)
			}
		}
	}
	assert.Zero(t, srv.Len())
}

// nginx takes bodies of 1 MiB unless it is told otherwise (client_max_body_size), and says so before it read them.
func TestNginxBodyLimit(t *testing.T) {
	t.Parallel()
	srv, f := behind(t)
	for i, two := range []bool{false, true} {
		cfg := f.withCertificate("")
		cfg.Endpoint, cfg.WADOURI, cfg.HTTP2 = f.small+"/dicom-web", "", two
		client := newClient(t, cfg)
		s := study(t, 5100+uint64(i), dicomwebtest.SampleOptions{Series: 1, Instances: 6, Rows: 150}) // 45 KB each
		_, err := client.Store(t.Context(), dicomweb.StoreRequest{Instances: s.Contents()})
		require.ErrorIs(t, err, segur.ErrTooLarge)
		require.NotErrorIs(t, err, segur.ErrOutcomeUnknown)
		n := 0
		for r, err := range client.StoreAll(t.Context(), dicomweb.Contents(s.Contents()), dicomweb.StoreOptions{}) {
			require.NoError(t, err)
			assert.True(t, r.Outcome.OK(), "split until it fits")
			n++
		}
		assert.Equal(t, 6, n)
		assert.Equal(t, 6*(i+1), srv.Len())
		huge := study(t, 5110+uint64(i), dicomwebtest.SampleOptions{Series: 1, Instances: 1, Rows: 1200}) // 2.9 MB: more than the socket holds
		var outcome, last error
		for r, err := range client.StoreAll(t.Context(), dicomweb.Contents(huge.Contents()), dicomweb.StoreOptions{}) {
			if last = err; err == nil {
				outcome = r.Err
			}
		}
		require.ErrorIs(t, outcome, segur.ErrTooLarge, "one instance cannot be split")
		require.ErrorIs(t, last, segur.ErrRefused, "0 of 1")
		assert.Equal(t, 6*(i+1), srv.Len())
	}
}

// What breaks behind nginx looks whole before it: the end of the connection to the server becomes the end of the answer.
func TestNginxCuts(t *testing.T) {
	t.Parallel()
	srv, f := behind(t)
	s := study(t, 5200, dicomwebtest.SampleOptions{Series: 1, Instances: 3, Rows: 64})
	add(t, srv, s)
	size := int64(len(s.Instances[0].File))
	for _, two := range []bool{false, true} {
		cfg := f.withPassword("")
		cfg.HTTP2, cfg.WADOURI = two, ""
		client := newClient(t, cfg)
		for name, fault := range map[string]dicomwebtest.Fault{
			"ended":         dicomwebtest.TruncatedAt(dicomwebtest.OpRetrieve, size*2+size/2),
			"cut":           {Op: dicomwebtest.OpRetrieve, CutAfter: size*2 + size/2},
			"ended, inside": dicomwebtest.TruncatedAt(dicomwebtest.OpRetrieve, size/2),
		} {
			srv.Fail(fault)
			whole := 0
			var last error
			for inst, err := range client.Retrieve(t.Context(), dicomweb.Ref{Study: s.UID}) {
				if last = err; err == nil {
					var b bytes.Buffer
					if _, last = inst.WriteTo(&b); last == nil {
						whole++
					}
				}
			}
			require.ErrorIs(t, last, segur.ErrTruncated, name)
			assert.Equal(t, map[string]int{"ended": 2, "cut": 2}[name], whole, name)
		}
		other := study(t, 5210, dicomwebtest.SampleOptions{Series: 1, Instances: 1})
		srv.Fail(dicomwebtest.Fault{Op: dicomwebtest.OpStore, DropBeforeResponse: true})
		_, err := client.Store(t.Context(), dicomweb.StoreRequest{Instances: other.Contents()})
		require.ErrorIs(t, err, segur.ErrOutcomeUnknown, "502: nginx does not know either")
		missing, err := client.Missing(t.Context(), []dicomweb.Ref{other.Instances[0].Ref})
		require.NoError(t, err)
		assert.Empty(t, missing, "it is stored: this is what an unknown outcome means")
	}
}

// The addresses that a server behind a proxy gives are its own when nobody told it another: the client takes none of them
// unless it is asked to, and then from its endpoint.
func TestNginxAddresses(t *testing.T) {
	t.Parallel()
	srv, f := behind(t)
	add(t, srv, study(t, 5300, dicomwebtest.SampleOptions{Series: 1, Instances: 1}))
	addresses(t, newClient(t, f.withCertificate("")), srv.URL, f.mutual) // its bulk data have relative addresses
}

// addresses expects that what the server gives for instances and for bulk data begins so.
func addresses(t *testing.T, client *dicomweb.Client, own, bulk string) {
	t.Helper()
	rows, err := collect(client.SearchInstances(t.Context(), dicomweb.Query{PatientID: "IPP-0001", Limit: 1}))
	require.NoError(t, err)
	require.Len(t, rows, 1)
	require.True(t, strings.HasPrefix(rows[0].RetrieveURL, own+"/studies/"), rows[0].RetrieveURL)
	ref := rows[0].Ref()
	meta, err := collect(client.Metadata(t.Context(), ref))
	require.NoError(t, err)
	e, _ := meta[0].Get(dicomweb.TagPixelData)
	require.NotNil(t, e.Bulk)
	require.True(t, strings.HasPrefix(e.Bulk.URI, bulk+"/"), e.Bulk.URI)
	for _, rebase := range []bool{true, false} {
		inst, err := client.RetrieveInstance(t.Context(), ref, dicomweb.RetrieveOptions{URL: rows[0].RetrieveURL, Rebase: rebase})
		value, errBulk := client.BulkData(t.Context(), e.Bulk.URI, dicomweb.Range{}, dicomweb.RetrieveOptions{Rebase: rebase})
		if err == nil {
			require.NoError(t, inst.Close())
		}
		if errBulk == nil {
			require.NoError(t, value.Close())
		}
		if rebase {
			require.NoError(t, err)
			require.NoError(t, errBulk)
			continue
		}
		require.ErrorIs(t, err, segur.ErrInvalidInput, "without TLS")
		if strings.HasPrefix(bulk, "http:") {
			require.ErrorIs(t, errBulk, segur.ErrInvalidInput)
		}
	}
}

func serverPEM(t testing.TB, c tls.Certificate) []byte {
	t.Helper()
	var out []byte
	for _, der := range c.Certificate {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	key, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	require.NoError(t, err)
	return append(out, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...)
}
