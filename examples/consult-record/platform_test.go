package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/dmp/dmptest"
	"github.com/segur-sdk/segur/dmp/xds"
)

// vendor are the flags of a vendor for a server that stands for the platform.
func vendor(t *testing.T, srv *dmptest.Server) []string {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, b []byte) string {
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file, b, 0o600))
		return file
	}
	return []string{"-endpoint", srv.URL, "-site", "site.json", "-password-file", write("password", []byte("secret\n")),
		"-p12", write("auth.p12", credentialtest.PKCS12(srv.PKI().Organization(), "secret")),
		"-sign-p12", write("sign.p12", credentialtest.PKCS12(srv.PKI().Signature(), "secret")), "-ca", write("root.cer", srv.PKI().CAPEM())}
}

// The same story on a platform: what needs a card or a minor is left out, and
// what was published is deleted.
func TestPlatform(t *testing.T) {
	t.Parallel()
	srv := dmptest.NewServer()
	t.Cleanup(srv.Close)
	o, err := parse(vendor(t, srv), &bytes.Buffer{})
	require.NoError(t, err)
	var stdout bytes.Buffer
	require.NoError(t, run(t.Context(), o, &stdout))
	for _, s := range []string{"verified: true", "1 replaced", "1 deleted", "TD0.9 web site", "left out: by card only", "there is no minor here"} {
		assert.Contains(t, stdout.String(), s)
	}
	require.Len(t, srv.Documents(), 2)
	assert.Equal(t, xds.Deprecated, srv.Documents()[0].Entry.Status)
	assert.Equal(t, xds.Deleted, srv.Documents()[1].Entry.Status)
	assertNoSecret(t, "stdout", stdout.String())
}

func TestFlags(t *testing.T) {
	t.Parallel()
	srv := dmptest.NewServer()
	t.Cleanup(srv.Close)
	good := vendor(t, srv)
	change := func(name, value string) []string {
		args := append([]string(nil), good...)
		for i := range args {
			if args[i] == name {
				args[i+1] = value
			}
		}
		return args
	}
	altered := func(field, value string) string {
		b, err := os.ReadFile("site.json")
		require.NoError(t, err)
		var all map[string]map[string]any
		require.NoError(t, json.Unmarshal(bytes.Replace(b, []byte(`"OIDRoot": "1.2.250.1.999.8",`), nil, 1), &all))
		all["Patient"][field] = value
		out, err := json.Marshal(all)
		require.NoError(t, err)
		name := filepath.Join(t.TempDir(), "site.json")
		require.NoError(t, os.WriteFile(name, out, 0o600))
		return name
	}
	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"arguments":       {[]string{"patient"}, "arguments there are none"},
		"half a platform": {[]string{"-endpoint", srv.URL}, "-site is required; -p12 is required; -sign-p12 is required; -ca is required"},
		"production":      {change("-endpoint", "https://lps2.dmp.gouv.fr/si-dmp-server/v2/services"), "is the production service"},
		"no site":         {change("-site", "nowhere.json"), "-site cannot be read"},
		"another site":    {change("-site", altered("Name", "FICTIVE-DURAND")), "-site cannot be read"},
		"no INS":          {change("-site", altered("Matricule", "285036912345600")), "segur.ParseINS"},
		"no authority":    {change("-ca", "nowhere.cer"), "-ca cannot be read"},
		"no password":     {change("-password-file", "nowhere.txt"), "-password-file cannot be read"},
		"no certificate":  {change("-p12", "nowhere.p12"), "credential"},
		"full folder":     {[]string{"-out", "."}, "-out must be empty"},
		"no folder":       {[]string{"-out", "main.go"}, "-out cannot be made"},
		"no signature":    {change("-sign-p12", "nowhere.p12"), "credential"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, err := parse(tc.args, &bytes.Buffer{})
			if err == nil {
				err = run(t.Context(), o, &bytes.Buffer{})
			}
			require.ErrorIs(t, err, segur.ErrInvalidInput)
			assert.Contains(t, err.Error(), tc.want)
			assert.NotContains(t, err.Error(), "secret")
			assertNoSecret(t, "error", err.Error())
		})
	}
	assert.Empty(t, srv.Calls())
	var usage bytes.Buffer
	_, err := parse([]string{"-help"}, &usage)
	assert.True(t, errors.Is(err, flag.ErrHelp))
	assert.Contains(t, usage.String(), "-password-file")
	assert.False(t, strings.Contains(usage.String(), "password string"), "a password is no flag")
}
