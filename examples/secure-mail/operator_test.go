package main

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/mssante/mssantetest"
)

// vendor are the flags of a vendor for a server that stands for an operator of
// qualification.
func vendor(t *testing.T, srv *mssantetest.Server, to string) []string {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, b []byte) string {
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file, b, 0o600))
		return file
	}
	return []string{"-mailbox", mssantetest.SenderMailbox, "-to", to, "-smtp", srv.SMTP, "-imap", srv.IMAP,
		"-p12", write("structure.p12", credentialtest.PKCS12(srv.PKI().Organization(), "secret")),
		"-password-file", write("password", []byte("secret\n")), "-ca", write("root.cer", srv.PKI().CAPEM()), "-product", "0000000001"}
}

func TestRealOperator(t *testing.T) {
	t.Parallel()
	srv := mssantetest.NewServer()
	t.Cleanup(srv.Close)
	srv.AddMailbox(mssantetest.PrescriberMailbox, mssantetest.Reads(mssantetest.Reading{Error: "902^Identifiant patient inconnu", InDisposition: true}))
	out := filepath.Join(t.TempDir(), "out")
	o, err := parse(append(vendor(t, srv, mssantetest.PrescriberMailbox), "-out", out), &bytes.Buffer{})
	require.NoError(t, err)
	var stdout bytes.Buffer
	require.NoError(t, run(t.Context(), o, &stdout), "%v", srv.Refusals())
	assert.Contains(t, stdout.String(), "recipient           delivered, 250 2.0.0, processed-error 902: Unknown patient identifier")
	assertNoSecret(t, "stdout", stdout.String())
	assert.Len(t, srv.Messages(mssantetest.PrescriberMailbox), 1)
	assert.Contains(t, readFile(t, out, "traces.csv"), "MDN_RECV")

	// A mailbox that nobody answers for: -wait ends it, and the state is told.
	srv.AddMailbox(secretariatMailbox)
	testkit.Patiently(t, 500*time.Millisecond, func(d time.Duration) (tooSlow bool) {
		o, err := parse(append(vendor(t, srv, secretariatMailbox), "-wait", d.String()), &bytes.Buffer{})
		require.NoError(t, err)
		stdout.Reset()
		require.NoError(t, run(t.Context(), o, &stdout))
		assert.Contains(t, stdout.String(), "timeout: the watch ended")
		return !strings.Contains(stdout.String(), "recipient           delivered, 250 2.0.0\n")
	})
}

func TestFlags(t *testing.T) {
	t.Parallel()
	srv := mssantetest.NewServer()
	t.Cleanup(srv.Close)
	good := vendor(t, srv, mssantetest.PrescriberMailbox)
	change := func(name, value string) []string {
		args := append([]string(nil), good...)
		for i := range args {
			if args[i] == name {
				args[i+1] = value
			}
		}
		return args
	}
	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"arguments":        {[]string{"patient"}, "arguments there are none"},
		"half an operator": {[]string{"-mailbox", "a@b.mssante.fr"}, "-to is required; -p12 is required; -ca is required; -product is required"},
		"half a login":     {append(good[:len(good):len(good)], "-psc-client", "x"), "-psc-secret-file is required; -psc-user is required"},
		"no secret":        {append(good[:len(good):len(good)], "-psc-client", "x", "-psc-secret-file", "nowhere", "-psc-user", "899900000015"), "-psc-secret-file cannot be read"},
		"a patient":        {change("-to", "285036912345641@patient.mssante.fr"), "-to must be a professional mailbox"},
		"no authority":     {change("-ca", "nowhere.cer"), "-ca cannot be read"},
		"no password":      {change("-password-file", "nowhere.txt"), "-password-file cannot be read"},
		"no certificate":   {change("-p12", "nowhere.p12"), "credential"},
		"no address":       {change("-mailbox", "nobody"), "mailbox"},
		"full folder":      {[]string{"-out", "."}, "-out must be empty"},
		"no folder":        {[]string{"-out", "main.go"}, "-out cannot be made"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, err := parse(tc.args, &bytes.Buffer{})
			if err == nil {
				err = run(t.Context(), o, &bytes.Buffer{})
			}
			require.ErrorIs(t, err, segur.ErrInvalidInput)
			assert.Contains(t, err.Error(), tc.want)
			assert.NotContains(t, err.Error(), "secret\n")
			assert.NotContains(t, err.Error(), "2850369123456")
		})
	}
	var usage bytes.Buffer
	_, err := parse([]string{"-help"}, &usage)
	assert.True(t, errors.Is(err, flag.ErrHelp))
	assert.Contains(t, usage.String(), "-password-file")
	_, err = parse([]string{"-unknown"}, &usage)
	assert.Error(t, err)
}
