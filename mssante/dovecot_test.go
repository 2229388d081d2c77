package mssante_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"fmt"
	"net"
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
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/mssante"
	"github.com/segur-sdk/segur/mssante/mssantetest"
)

const dovecotConfig = `
base_dir = %[1]s/run
state_dir = %[1]s/state
log_path = %[1]s/log
protocols = imap
listen = 127.0.0.1
ssl = required
ssl_min_protocol = TLSv1.2
ssl_cert = <%[1]s/server.pem
ssl_key = <%[1]s/server.pem
ssl_ca = <%[1]s/ca.pem
ssl_verify_client_cert = yes
ssl_require_crl = no
first_valid_uid = 1
mail_location = maildir:%[1]s/mail/%%u
maildir_stat_dirs = yes
mailbox_idle_check_interval = 1 secs
auth_failure_delay = 0
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
passdb {
  driver = static
  mechanisms = plain
  args = password=s3cret
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=%[1]s/mail/%%u
}
service imap-login {
  inet_listener imap {
    port = %[2]d
  }
  inet_listener imaps {
    port = %[3]d
    ssl = yes
  }
}
%[4]s`

const (
	dovecotRequiresCertificates = "auth_mechanisms = plain\nauth_ssl_require_client_cert = yes\n"
	dovecotByCertificate        = `
auth_mechanisms = external
auth_ssl_require_client_cert = yes
auth_ssl_username_from_cert = yes
passdb {
  driver = static
  mechanisms = external
  args = nopassword=y
}
`
)

// realServers are programs of Debian in a directory of their own.
type realServers struct {
	dir         string
	imap, imaps string
	smtp, smtps string
}

// mail is the directory of a mailbox.
func (r *realServers) mail(address string) string { return filepath.Join(r.dir, "mail", address) }

// deliver puts a mail in a mailbox as a mail server does.
func (r *realServers) deliver(t *testing.T, address, name string, content []byte) {
	t.Helper()
	for _, d := range []string{"", "new", "cur", "tmp"} {
		dir := filepath.Join(r.mail(address), d)
		require.NoError(t, os.MkdirAll(dir, 0o755)) //nolint:gosec // nobody reads the mail
		require.NoError(t, os.Chown(dir, nobody, nobody))
	}
	file := filepath.Join(r.mail(address), "tmp", name)
	require.NoError(t, os.WriteFile(file, content, 0o644)) //nolint:gosec // nobody reads it
	require.NoError(t, os.Chown(file, nobody, nobody))
	require.NoError(t, os.Rename(file, filepath.Join(r.mail(address), "new", name)))
}

// nobody owns the mail, and its group too.
const nobody = 65534

// run starts a program and waits until it answers at an address. It ends with
// the test, by its process identifier.
func run(t *testing.T, log string, addresses []string, program string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"} // as a service manager does
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}                // Postfix signals its whole group
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 30 * time.Second
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	require.NoError(t, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		cancel()
		<-ended
		if t.Failed() {
			b, _ := os.ReadFile(log)
			t.Logf("%s\n%s", output.String(), b)
		}
	})
	wait, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	defer stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for _, address := range addresses {
		for {
			c, err := (&net.Dialer{}).DialContext(wait, "tcp", address)
			if err == nil {
				_ = c.Close()
				break
			}
			select {
			case err := <-ended:
				ended <- err
				t.Fatalf("%s ended: %v", program, err)
			case <-wait.Done():
				t.Fatalf("%s does not start", program)
			case <-tick.C:
			}
		}
	}
}

// newRealServers makes the directory, with a certificate for the servers.
func newRealServers(t *testing.T, pki *credentialtest.PKI) *realServers {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("mail servers drop privileges: they need root, as in the continuous integration's container")
	}
	dir, err := os.MkdirTemp("", "segur")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	require.NoError(t, os.Chmod(dir, 0o755))         //nolint:gosec // nobody reads the mail
	require.NoError(t, os.Mkdir(dir+"/mail", 0o755)) //nolint:gosec // see above
	require.NoError(t, os.Chown(dir+"/mail", nobody, nobody))
	server := pki.Organization(credentialtest.Hosts("127.0.0.1"), credentialtest.CommonName("127.0.0.1"),
		credentialtest.Usages(x509.KeyUsageDigitalSignature|x509.KeyUsageKeyEncipherment, x509.ExtKeyUsageServerAuth))
	r := &realServers{dir: dir}
	r.write(t, "server.pem", credentialtest.PEM(server))
	r.write(t, "ca.pem", pki.CAPEM())
	return r
}

func (r *realServers) write(t *testing.T, name string, content []byte) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(r.dir, name), content, 0o600))
}

// dovecot starts a real server that requires TLS, and whatever extra says.
func (r *realServers) dovecot(t *testing.T, program, extra string) {
	t.Helper()
	ports := testkit.FreePorts(t, 2)
	r.imap, r.imaps = fmt.Sprintf("127.0.0.1:%d", ports[0]), fmt.Sprintf("127.0.0.1:%d", ports[1])
	r.write(t, "dovecot.conf", []byte(fmt.Sprintf(dovecotConfig, r.dir, ports[0], ports[1], strings.ReplaceAll(extra, "$dir", r.dir))))
	run(t, filepath.Join(r.dir, "log"), []string{r.imap, r.imaps}, program, "-F", "-c", filepath.Join(r.dir, "dovecot.conf"))
}

func dovecot(t *testing.T, pki *credentialtest.PKI, extra string) *realServers {
	t.Helper()
	program := testkit.Oracle(t, "dovecot")
	r := newRealServers(t, pki)
	r.dovecot(t, program, extra)
	return r
}

// The reader against a real server, and what it does to the mailbox.
func TestDovecot(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	real := dovecot(t, pki, dovecotRequiresCertificates)
	srv := newServer(t, mssantetest.WithPKI(pki))
	cfg := srv.ConfigFor(box)
	cfg.IMAP, cfg.Auth, cfg.Password = real.imap, mssante.Password, "s3cret"
	c := newClient(t, cfg)
	assert.Empty(t, receive(t, c, mssante.Filter{}))

	letter := compose(t, newClient(t, srv.Config()), toPrescriber())
	real.deliver(t, box, "1000000001.1.x", bytesOf(t, letter))
	real.deliver(t, box, "1000000002.2.x", plain("m2"))
	got := receive(t, c, mssante.Filter{Unseen: true})
	require.Len(t, got, 2)
	assert.Equal(t, bytesOf(t, letter), got[0].Raw(), "byte for byte")
	archive, err := got[0].Archive()
	require.NoError(t, err)
	assert.Len(t, archive.Sets[0].Documents, 1)
	assert.Len(t, receive(t, c, mssante.Filter{MessageID: letter.MessageID(), MarkSeen: true}), 1)
	left := receive(t, c, mssante.Filter{Unseen: true})
	require.Len(t, left, 1)
	assert.Equal(t, "m2@b.mssante.fr", left[0].MessageID)

	for name, change := range map[string]func(*mssante.Config){
		"wrong password":    func(c *mssante.Config) { c.Password = "other" },
		"EXTERNAL unknown":  func(c *mssante.Config) { c.Auth = mssante.Certificate },
		"no certificate":    func(c *mssante.Config) { c.Credentials = nil },
		"foreign authority": func(c *mssante.Config) { c.Credentials = segur.StaticCredential(pki.Foreign().Organization()) },
	} {
		bad := cfg
		change(&bad)
		var last error
		for _, err := range newClient(t, bad).Receive(t.Context(), mssante.Filter{}) {
			last = err
		}
		require.Error(t, last, name)
		assert.Equal(t, segur.KindAuthentication, segur.KindOf(last), "%s: %v", name, last)
	}
	log, err := os.ReadFile(filepath.Join(real.dir, "log"))
	require.NoError(t, err)
	assert.False(t, strings.Contains(string(log), "Panic"))
}

// A mailbox that its certificate names, over TLS from the first byte, watched
// with IDLE: what comes, what another program does, markers and a folder that
// is made anew.
func TestDovecotWatch(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	real := dovecot(t, pki, dovecotByCertificate)
	srv := newServer(t, mssantetest.WithPKI(pki))
	cfg := srv.ConfigFor(box)
	cfg.IMAP, cfg.ImplicitTLS = real.imaps, true
	cfg.Credentials = segur.StaticCredential(pki.Organization(credentialtest.CommonName(box)))
	waits := 0
	cfg.Watch.Timer = func(time.Duration) (<-chan time.Time, func()) { // nothing but the server ends a wait
		if waits++; waits == 1 {
			real.deliver(t, box, "1000000002.2.x", plain("m2"))
		}
		return nil, func() {}
	}
	real.deliver(t, box, "1000000001.1.x", plain("m1"))
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	var got []string
	var first mssante.Position
	for m, err := range newClient(t, cfg).Watch(ctx, mssante.Filter{Unprocessed: true, MarkProcessed: true}) {
		require.NoError(t, err)
		if got = append(got, m.MessageID); len(got) == 1 {
			first = m.Position()
			continue
		}
		break
	}
	assert.Equal(t, []string{"m1@b.mssante.fr", "m2@b.mssante.fr"}, got)
	c := newClient(t, cfg)
	left := receive(t, c, mssante.Filter{Unprocessed: true})
	require.Len(t, left, 1, "the keyword is kept by the server; the second was not finished")
	assert.Equal(t, "m2@b.mssante.fr", left[0].MessageID)
	assert.Len(t, receive(t, c, mssante.Filter{After: first}), 1)

	cfg.Mailbox = mssantetest.SenderMailbox // another than the certificate says
	for _, err := range newClient(t, cfg).Receive(ctx, mssante.Filter{}) {
		require.ErrorIs(t, err, segur.ErrAuthentication)
	}
}
