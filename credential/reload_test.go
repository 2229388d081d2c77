package credential_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential"
	"github.com/segur-sdk/segur/credential/credentialtest"
)

// put writes a file with a modification time of its own.
func put(t *testing.T, name string, data []byte, minute int) {
	t.Helper()
	require.NoError(t, os.WriteFile(name, data, 0o600))
	at := time.Date(2026, 1, 1, 0, minute, 0, 0, time.UTC)
	require.NoError(t, os.Chtimes(name, at, at))
}

func commonName(t *testing.T, s segur.CredentialSource) string {
	t.Helper()
	c, err := s.Credential(t.Context())
	require.NoError(t, err)
	return c.Chain()[0].Subject.CommonName
}

func TestWatchFile(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	named := func(cn string) segur.Credential { return pki.Organization(credentialtest.CommonName(cn)) }
	name := filepath.Join(t.TempDir(), "structure.p12")
	put(t, name, credentialtest.PKCS12(named("old"), password), 1)
	var failures []error
	reads := 0
	s, err := credential.WatchFile(credential.FileOptions{
		Password: func() (string, error) { reads++; return password, nil },
		OnError:  func(err error) { failures = append(failures, err) },
	}, name)
	require.NoError(t, err)
	first, err := s.Credential(t.Context())
	require.NoError(t, err)
	again, err := s.Credential(t.Context())
	require.NoError(t, err)
	assert.Same(t, first, again, "not read again while nothing changes")
	assert.Equal(t, 1, reads)

	renewed := credentialtest.PKCS12(named("new"), password)
	put(t, name, renewed[:len(renewed)/2], 2) // being written
	for range 3 {
		assert.Equal(t, "old", commonName(t, s))
	}
	require.Len(t, failures, 1, "each failure is told once")
	require.ErrorIs(t, failures[0], segur.ErrInvalidInput)
	put(t, name, renewed, 2)
	assert.Equal(t, "new", commonName(t, s))

	put(t, name, credentialtest.PKCS12(named("newer"), "other password"), 3)
	assert.Equal(t, "new", commonName(t, s))
	require.NoError(t, os.Remove(name))
	assert.Equal(t, "new", commonName(t, s))
	assert.Len(t, failures, 3)
	put(t, name, credentialtest.PEM(named("pem")), 4)
	assert.Equal(t, "pem", commonName(t, s), "the form of the file may change")
	assert.Len(t, failures, 3)
	assert.NotContains(t, errors.Join(failures...).Error(), password)
}

func TestWatchFilesInPEM(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	dir := t.TempDir()
	key, cert := filepath.Join(dir, "key.pem"), filepath.Join(dir, "cert.pem")
	put(t, key, credentialtest.PEM(pki.Organization(credentialtest.CommonName("a"))), 1)
	put(t, cert, pki.CAPEM(), 1)
	s, err := credential.WatchFile(credential.FileOptions{}, key, cert)
	require.NoError(t, err)
	assert.Equal(t, "a", commonName(t, s))
	put(t, key, credentialtest.PEM(pki.Organization(credentialtest.CommonName("b"))), 2)
	assert.Equal(t, "b", commonName(t, s))
}

func TestWatchFileFailsAtOnce(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "c.p12")
	put(t, name, credentialtest.PKCS12(credentialtest.NewPKI().Organization(), password), 1)
	for what, f := range map[string]func() (*credential.Source, error){
		"no name":     func() (*credential.Source, error) { return credential.WatchFile(credential.FileOptions{}) },
		"absent":      func() (*credential.Source, error) { return credential.WatchFile(credential.FileOptions{}, name+"x") },
		"no password": func() (*credential.Source, error) { return credential.WatchFile(credential.FileOptions{}, name) },
		"password fails": func() (*credential.Source, error) {
			return credential.WatchFile(credential.FileOptions{Password: func() (string, error) { return "", errors.New("vault") }}, name)
		},
		"two P12": func() (*credential.Source, error) { return credential.WatchFile(credential.FileOptions{}, name, name) },
	} {
		s, err := f()
		require.ErrorIs(t, err, segur.ErrInvalidInput, what)
		assert.Nil(t, s)
	}
}

func TestReloadingConcurrently(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	a, b := pki.Organization(), pki.Signature()
	var mu sync.Mutex
	n := 0
	s, err := credential.Reloading(t.Context(), func(context.Context) (string, error) {
		mu.Lock()
		defer mu.Unlock()
		n++
		return string(rune('a' + n%2)), nil
	}, func(context.Context) (segur.Credential, error) {
		mu.Lock()
		defer mu.Unlock()
		if n%3 == 0 {
			return nil, errors.New("card removed")
		}
		return []segur.Credential{a, b}[n%2], nil
	}, nil)
	require.NoError(t, err)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				c, err := s.Credential(t.Context())
				assert.NoError(t, err)
				assert.True(t, c == a || c == b)
			}
		})
	}
	wg.Wait()

	_, err = credential.Reloading(t.Context(), func(context.Context) (string, error) { return "", errors.New("no reader") }, nil, nil)
	require.ErrorContains(t, err, "no reader")
	_, err = credential.Reloading(t.Context(), func(context.Context) (string, error) { return "", nil },
		func(context.Context) (segur.Credential, error) { return nil, errors.New("no card") }, nil)
	require.ErrorContains(t, err, "no card")
}
