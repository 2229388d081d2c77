package main

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/ins/instest"
)

// vendor are the flags of a vendor for a server that stands for the platform.
func vendor(t *testing.T, srv *instest.Server) []string {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, b []byte) string {
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file, b, 0o600))
		return file
	}
	c := srv.PKI().Organization(credentialtest.CommonName(ins.CommonNameManual))
	return []string{"-cnda", "-endpoint", srv.URL, "-p12", write("insi.p12", credentialtest.PKCS12(c, "secret")),
		"-password-file", write("password", []byte("secret\n")), "-ca", write("root.cer", srv.PKI().CAPEM()),
		"-idam", "EDITEUR00001", "-name", "RIS", "-version", "1", "-instance", "5d6a0a2e-6a54-4a2b-9d0e-6c5f1f6f4d11"}
}

func TestFlags(t *testing.T) {
	t.Parallel()
	srv := instest.NewServer()
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
	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"arguments":              {[]string{"patient"}, "arguments there are none"},
		"responses alone":        {[]string{"-responses", "x"}, "-responses goes with -cnda"},
		"platform without cases": {good[1:], "-endpoint goes with -cnda"},
		"half a platform":        {[]string{"-cnda", "-endpoint", "qualification"}, "-p12 is required; -ca is required; -idam is required; -name is required; -version is required; -instance is required"},
		"production":             {change("-endpoint", ins.EndpointProduction), "is the production service"},
		"no authority":           {change("-ca", "nowhere.cer"), "-ca cannot be read"},
		"no password":            {change("-password-file", "nowhere.txt"), "-password-file cannot be read"},
		"no certificate":         {change("-p12", "nowhere.p12"), "credential"},
		"no UUID":                {change("-instance", "1"), "software.instance must be a UUID"},
		"full folder":            {[]string{"-out", "."}, "-out must be empty"},
		"no folder":              {[]string{"-out", "main.go"}, "-out cannot be made"},
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
		})
	}
	assert.Empty(t, srv.Calls())
	var usage bytes.Buffer
	_, err := parse([]string{"-help"}, &usage)
	assert.True(t, errors.Is(err, flag.ErrHelp))
	assert.Contains(t, usage.String(), "-password-file")
	_, err = parse([]string{"-unknown"}, &usage)
	assert.Error(t, err)
}
