package mssante_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/mssante"
	"github.com/segur-sdk/segur/mssante/mssantetest"
)

// Dovecot judges the passwords and the tokens of Postfix too. Tokens are asked
// about at an authority, as those of Pro Santé Connect are.
const dovecotForPostfix = `
auth_mechanisms = plain xoauth2
passdb {
  driver = oauth2
  mechanisms = xoauth2
  args = $dir/oauth2.conf
}
service auth {
  unix_listener $dir/queue/private/auth {
    mode = 0600
    user = postfix
  }
}
`

const postfixConfig = `compatibility_level = 3.6
queue_directory = $dir/queue
data_directory = $dir/data
maillog_file = $dir/maillog
maillog_file_prefixes = $dir
inet_protocols = ipv4
myhostname = mx.operateur-fictif.mssante.fr
mydestination =
mynetworks =
alias_maps =
alias_database =
local_recipient_maps =
local_transport = error:5.1.1 no local mailbox
append_dot_mydomain = no
smtpd_peername_lookup = no
smtpd_tls_cert_file = $dir/server.pem
smtpd_tls_key_file = $dir/server.pem
smtpd_tls_CAfile = $dir/ca.pem
smtpd_tls_req_ccert = yes
smtpd_tls_auth_only = yes
smtpd_tls_mandatory_protocols = >=TLSv1.2
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
smtpd_sender_login_maps = texthash:$dir/owners
smtpd_sender_restrictions = reject_sender_login_mismatch
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = check_recipient_access texthash:$dir/access, permit_sasl_authenticated, reject
message_size_limit = 300000
virtual_mailbox_domains = imagerie-fictive.mssante.fr, cabinet-fictif.mssante.fr
virtual_mailbox_base = $dir/mail
virtual_mailbox_maps = texthash:$dir/folders
virtual_minimum_uid = 1
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
transport_maps = texthash:$dir/transports
smtp_host_lookup = native
delay_warning_time = 1s
queue_run_delay = 1s
minimal_backoff_time = 1s
`

const postfixServices = `127.0.0.1:%d inet n - n - - smtpd -o smtpd_tls_security_level=encrypt
127.0.0.1:%d inet n - n - - smtpd -o smtpd_tls_wrappermode=yes -o smtpd_tls_security_level=encrypt
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
`

// Addresses of the real server, beside the two of the fake one.
const (
	unknown     = "inconnu@autre-operateur.mssante.fr"     // its server refuses
	unreachable = "injoignable@autre-operateur.mssante.fr" // its server does not answer
	nobodyHere  = "personne@cabinet-fictif.mssante.fr"     // refused at once
	greylisted  = "gris@cabinet-fictif.mssante.fr"
)

// postfix starts a real submission server before a real reading one.
func postfix(t *testing.T, pki *credentialtest.PKI, introspection string) *realServers {
	t.Helper()
	testkit.Oracle(t, "postfix")
	reader := testkit.Oracle(t, "dovecot")
	r := newRealServers(t, pki)
	account, err := user.Lookup("postfix")
	require.NoError(t, err)
	drop, err := user.LookupGroup("postdrop")
	require.NoError(t, err)
	uid, err := strconv.Atoi(account.Uid)
	require.NoError(t, err)
	gid, err := strconv.Atoi(account.Gid)
	require.NoError(t, err)
	dropGID, err := strconv.Atoi(drop.Gid)
	require.NoError(t, err)

	make := func(name string, mode os.FileMode, uid, gid int) {
		path := filepath.Join(r.dir, name)
		require.NoError(t, os.Mkdir(path, mode))
		require.NoError(t, os.Chown(path, uid, gid))
		require.NoError(t, os.Chmod(path, mode))
	}
	make("config", 0o755, 0, 0)
	make("data", 0o700, uid, gid)
	make("queue", 0o755, 0, 0)
	make("queue/pid", 0o755, 0, 0)
	for _, name := range []string{"active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved", "trace"} {
		make("queue/"+name, 0o700, uid, gid)
	}
	make("queue/public", 0o710, uid, dropGID)
	make("queue/maildrop", 0o730, uid, dropGID)

	ports := testkit.FreePorts(t, 3)
	r.smtp, r.smtps = fmt.Sprintf("127.0.0.1:%d", ports[0]), fmt.Sprintf("127.0.0.1:%d", ports[1])
	boxes := []string{mssantetest.SenderMailbox, mssantetest.PrescriberMailbox, greylisted}
	var owners, folders strings.Builder
	for _, b := range boxes {
		fmt.Fprintf(&owners, "%s %s\n", b, b)
		fmt.Fprintf(&folders, "%s %s/\n", b, b)
	}
	r.write(t, "owners", []byte(owners.String()))
	r.write(t, "folders", []byte(folders.String()))
	r.write(t, "access", []byte(greylisted+" 450 4.2.0 greylisted\n"))
	r.write(t, "transports", []byte(fmt.Sprintf("%s smtp:[127.0.0.1]:%d\n%s smtp:[127.0.0.1]:%d\n", unknown, otherOperator(t), unreachable, ports[2])))
	r.write(t, "oauth2.conf", []byte("introspection_mode = get\nintrospection_url = "+introspection+"\nusername_attribute = username\nactive_attribute = active\nactive_value = true\n"))
	r.write(t, "config/main.cf", []byte(strings.ReplaceAll(postfixConfig, "$dir", r.dir)))
	r.write(t, "config/master.cf", []byte(fmt.Sprintf(postfixServices, ports[0], ports[1])))
	for _, name := range []string{"owners", "folders", "access", "transports", "config/main.cf", "config/master.cf"} {
		require.NoError(t, os.Chmod(filepath.Join(r.dir, name), 0o644)) //nolint:gosec // its programs give up root first
	}
	r.dovecot(t, reader, dovecotForPostfix)
	out, err := exec.CommandContext(t.Context(), testkit.Oracle(t, "postconf"), "-c", filepath.Join(r.dir, "config"), "-dh", "daemon_directory").Output()
	require.NoError(t, err)
	master := filepath.Join(strings.TrimSpace(string(out)), "master")
	run(t, filepath.Join(r.dir, "maillog"), []string{r.smtp, r.smtps}, master, "-d", "-c", filepath.Join(r.dir, "config"))
	return r
}

// otherOperator is the server of another operator, which knows nobody.
func otherOperator(t *testing.T) (port int) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return refusingSession{}, nil }))
	s.Domain = "mx.autre-operateur.mssante.fr"
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(l)
	}()
	t.Cleanup(func() {
		_ = s.Close()
		<-done
	})
	return l.Addr().(*net.TCPAddr).Port
}

type refusingSession struct{ smtp.Session }

func (refusingSession) Reset()                               {}
func (refusingSession) Logout() error                        { return nil }
func (refusingSession) Mail(string, *smtp.MailOptions) error { return nil }
func (refusingSession) Rcpt(string, *smtp.RcptOptions) error {
	return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such mailbox"}
}

// introspection answers about access tokens as an authority does (RFC 7662).
func introspection(t *testing.T, tokens map[string]string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		address, ok := tokens[r.URL.Query().Get("token")]
		_ = json.NewEncoder(w).Encode(map[string]any{"active": strconv.FormatBool(ok), "username": address})
	}))
	t.Cleanup(s.Close)
	return s.URL + "/?token="
}

// A report goes through a real operator: some recipients are refused, the others
// get it or not, one reads it as it comes and answers, and the reports of the
// server and of the reader come back.
func TestPostfix(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	real := postfix(t, pki, introspection(t, map[string]string{"token-1": mssantetest.PrescriberMailbox}))
	srv := newServer(t, mssantetest.WithPKI(pki)) // for configurations only
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()

	cfg := srv.Config()
	cfg.SMTP, cfg.IMAP, cfg.Auth, cfg.Password = real.smtp, real.imap, mssante.Password, "s3cret"
	cfg.Watch = mssante.WatchPolicy{Poll: 2 * time.Second}
	sender := newClient(t, cfg)
	theirs := srv.ConfigFor(mssantetest.PrescriberMailbox)
	theirs.SMTP, theirs.IMAP, theirs.ImplicitTLS, theirs.Auth = real.smtps, real.imaps, true, mssante.Token
	asked := 0
	theirs.Token = func(context.Context) (string, error) {
		if asked++; asked == 1 {
			return "expired", nil // a token is asked for once more
		}
		return "token-1", nil
	}
	prescriber := newClient(t, theirs)

	message := toPrescriber()
	message.ReadReceipt, message.DeliveryReceipt = true, true
	for _, a := range []string{unknown, unreachable, nobodyHere, greylisted} {
		message.To = append(message.To, mssante.ToProfessional("", a))
	}
	letter := compose(t, sender, message)
	delivery := mssante.NewDelivery(letter)
	receipt, err := sender.Send(ctx, letter)
	require.ErrorIs(t, err, segur.ErrPartial)
	require.NoError(t, delivery.Sent(receipt))
	state := func(address string) mssante.RecipientDelivery {
		ref := mssante.RecipientRef(letter.MessageID(), address)
		return delivery.Recipients[slices.IndexFunc(delivery.Recipients, func(r mssante.RecipientDelivery) bool { return r.Ref == ref })]
	}
	assert.Equal(t, []any{mssante.Failed, 550, "5.1.1"}, []any{state(nobodyHere).State(), state(nobodyHere).Status, state(nobodyHere).Code})
	assert.Equal(t, []any{mssante.Queued, 450, "4.2.0"}, []any{state(greylisted).State(), state(greylisted).Status, state(greylisted).Code})
	assert.Equal(t, mssante.Accepted, state(mssantetest.PrescriberMailbox).State())
	assert.NotEmpty(t, receipt.Reply, "the number of the operator")

	for in, err := range prescriber.Watch(ctx, mssante.Filter{}) {
		require.NoError(t, err)
		assert.True(t, strings.HasSuffix(string(in.Raw()), string(bytesOf(t, letter))), "byte for byte, below the trace of the server")
		archive, err := in.Archive()
		require.NoError(t, err)
		assert.Len(t, archive.Sets[0].Documents, 1)
		ack, err := prescriber.Answer(ctx, in, mssante.Outcome{})
		require.NoError(t, err)
		assert.Equal(t, mssante.DispositionMail, ack.Kind)
		break
	}
	assert.Equal(t, 2+1, asked, "twice to read, once to send")

	settled := func() bool {
		return state(mssantetest.PrescriberMailbox).Read != "" && state(mssantetest.PrescriberMailbox).Transport != "" &&
			state(unknown).State() == mssante.Failed && state(unreachable).State() == mssante.Delayed
	}
	for in, err := range sender.Watch(ctx, mssante.Filter{}) {
		require.NoError(t, err)
		r, err := in.Report()
		require.NoError(t, err, "%s", in.Subject)
		assert.Equal(t, letter.MessageID(), r.MessageID)
		assert.Empty(t, r.Warnings)
		_, err = delivery.Apply(r)
		require.NoError(t, err)
		if settled() {
			break
		}
	}
	got := state(mssantetest.PrescriberMailbox)
	assert.Equal(t, []any{mssante.Delivered, mssante.Processed}, []any{got.State(), got.Read})
	assert.Equal(t, "5.1.1", state(unknown).Code)
	assert.Equal(t, "4.4.1", state(unreachable).Code)

	for name, change := range map[string]func(*mssante.Config){
		"wrong password": func(c *mssante.Config) { c.Password = "other" },
		"unknown token": func(c *mssante.Config) {
			c.Auth, c.Token = mssante.Token, func(context.Context) (string, error) { return "x", nil }
		},
		"no certificate": func(c *mssante.Config) { c.Credentials = nil },
		"no certificate, TLS from the first byte": func(c *mssante.Config) { c.Credentials, c.SMTP, c.ImplicitTLS = nil, real.smtps, true },
		"foreign authority":                       func(c *mssante.Config) { c.Credentials = segur.StaticCredential(pki.Foreign().Organization()) },
	} {
		bad := cfg
		change(&bad)
		_, err := newClient(t, bad).Send(ctx, letter)
		require.Error(t, err, name)
		assert.Equal(t, segur.KindAuthentication, segur.KindOf(err), "%s: %v", name, err)
	}
}
