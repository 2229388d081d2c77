package mssante_test

import (
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
auth_ssl_require_client_cert = yes
auth_mechanisms = plain
first_valid_uid = 1
mail_location = maildir:%[1]s/mail
passdb {
  driver = static
  args = password=s3cret
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=%[1]s/mail
}
service imap-login {
  inet_listener imap {
    port = %[2]d
  }
  inet_listener imaps {
    port = 0
  }
}
`

// dovecot starts a real server that requires a client certificate and TLS.
func dovecot(t *testing.T, pki *credentialtest.PKI) (address, mail string) {
	t.Helper()
	program := testkit.Oracle(t, "dovecot")
	if os.Getuid() != 0 {
		t.Skip("dovecot drops privileges: it needs root, as in the continuous integration's container")
	}
	dir, err := os.MkdirTemp("", "segur")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	require.NoError(t, os.Chmod(dir, 0o755)) //nolint:gosec // nobody reads the mail
	mail = filepath.Join(dir, "mail")
	require.NoError(t, os.MkdirAll(filepath.Join(mail, "new"), 0o777)) //nolint:gosec // see above
	for _, d := range []string{"", "new", "cur", "tmp"} {
		require.NoError(t, os.MkdirAll(filepath.Join(mail, d), 0o777)) //nolint:gosec // see above
		require.NoError(t, os.Chown(filepath.Join(mail, d), 65534, 65534))
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	port := l.Addr().(*net.TCPAddr).Port
	require.NoError(t, l.Close())
	server := pki.Organization(credentialtest.Hosts("127.0.0.1"), credentialtest.CommonName("127.0.0.1"),
		credentialtest.Usages(x509.KeyUsageDigitalSignature|x509.KeyUsageKeyEncipherment, x509.ExtKeyUsageServerAuth))
	for name, content := range map[string][]byte{
		"server.pem": credentialtest.PEM(server), "ca.pem": pki.CAPEM(), "conf": []byte(fmt.Sprintf(dovecotConfig, dir, port)),
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), content, 0o600))
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program, "-F", "-c", filepath.Join(dir, "conf"))
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait()
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(dir, "log"))
			t.Logf("%s", log)
		}
	})
	address = fmt.Sprintf("127.0.0.1:%d", port)
	wait, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		c, err := (&net.Dialer{}).DialContext(wait, "tcp", address)
		if err == nil {
			_ = c.Close()
			return address, mail
		}
		select {
		case <-wait.Done():
			t.Fatal("dovecot does not start")
		case <-tick.C:
		}
	}
}

// The reader against a real server, and what it does to the mailbox.
func TestDovecot(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	address, mail := dovecot(t, pki)
	srv := newServer(t, mssantetest.WithPKI(pki))
	cfg := srv.ConfigFor(box)
	cfg.IMAP, cfg.Auth, cfg.Password = address, mssante.Password, "s3cret"
	c := newClient(t, cfg)
	assert.Empty(t, receive(t, c, mssante.Filter{}))

	letter := compose(t, newClient(t, srv.Config()), toPrescriber())
	require.NoError(t, os.WriteFile(filepath.Join(mail, "new", "1000000001.1.x"), bytesOf(t, letter), 0o644)) //nolint:gosec // nobody reads it
	require.NoError(t, os.WriteFile(filepath.Join(mail, "new", "1000000002.2.x"), plain("m2"), 0o644))        //nolint:gosec // nobody reads it
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
	log, err := os.ReadFile(filepath.Join(filepath.Dir(mail), "log"))
	require.NoError(t, err)
	assert.False(t, strings.Contains(string(log), "Panic"))
}
