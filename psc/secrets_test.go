package psc_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/psc"
	"github.com/segur-sdk/segur/psc/psctest"
)

// A whole life of two sessions, with logs and evidence: no token, code, secret, name or identifier is in any of them,
// nor in what is printed, nor in the URLs of the calls.
func TestNothingLeaks(t *testing.T) {
	t.Parallel()
	p := start(t)
	dir := t.TempDir()
	evidence, err := segur.NewEvidenceDir(dir)
	require.NoError(t, err)
	var log lockedBuffer
	var mu sync.Mutex
	secrets := map[string]bool{psctest.ClientSecret: true, url.QueryEscape(psctest.ClientSecret): true,
		base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(psctest.ClientID) + ":" + url.QueryEscape(psctest.ClientSecret))): true,
		"RADIOLOGUE": true, "899900000015": true}
	keep := func(b []byte) []byte {
		var m map[string]any
		_ = json.Unmarshal(b, &m)
		mu.Lock()
		defer mu.Unlock()
		for _, name := range []string{"access_token", "refresh_token", "id_token", "auth_req_id"} {
			if v, ok := m[name].(string); ok {
				secrets[v] = true
				if _, signature, ok := strings.Cut(v, "."); ok {
					secrets[signature] = true
				}
			}
		}
		return b
	}
	for _, op := range []string{psctest.OpToken, psctest.OpBackchannel} {
		p.Fail(psctest.Fault{Op: op, Alter: keep, Times: psctest.Forever})
	}
	c := p.client(t, func(c *psc.Config) {
		c.Evidence, c.Logger = evidence, slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	var printed strings.Builder
	show := func(values ...any) {
		for _, v := range values {
			fmt.Fprintf(&printed, "%v %+v %#v %s %q\n", v, v, v, v, v)
			switch v.(type) {
			case *psc.PendingLogin, *psc.Session, *psc.Backchannel, error:
				// The JSON of the others is for programs.
				j, _ := json.Marshal(struct{ V any }{v})
				printed.Write(j)
			}
			slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", v)
		}
	}

	login, callback := p.begin(t, c, psc.LoginOptions{}, psctest.Decision{})
	for _, name := range []string{"code", "state"} {
		secrets[callback.Get(name)] = true
	}
	stored, err := login.MarshalBinary()
	require.NoError(t, err)
	var parts map[string]any
	require.NoError(t, json.Unmarshal(stored, &parts))
	secrets[parts["nonce"].(string)], secrets[parts["verifier"].(string)] = true, true
	show(login)
	s, err := c.Exchange(t.Context(), login, callback)
	require.NoError(t, err)
	u, err := s.UserInfo(t.Context())
	require.NoError(t, err)
	show(s, u, *u, u.OtherIDs, []any{u.Exercices[0], u.Exercices[0].Activities[0], u.Situations()[0]})
	fmt.Fprintf(&printed, "%v %+v %#v", s.Claims(), s.Claims(), s.Claims())
	access := token(t, s)
	in, err := c.Introspect(t.Context(), access)
	require.NoError(t, err)
	fmt.Fprintf(&printed, "%v %+v %#v", in, *in, in)
	p.clock.Advance(2 * time.Minute)
	token(t, s)
	require.NoError(t, s.Logout(t.Context()))
	_, err = s.Token(t.Context())
	show(err)

	request := psc.BackchannelRequest{LoginHint: "899900000015"}
	b, err := c.StartBackchannel(t.Context(), request)
	require.NoError(t, err)
	fmt.Fprintf(&printed, "%v %+v %#v", request, request, &request)
	show(b)
	s, err = c.Poll(t.Context(), b)
	require.NoError(t, err)
	p.EndSessions()
	_, err = s.Renew(t.Context())
	show(err)
	require.NoError(t, s.Revoke(t.Context()))

	var recorded strings.Builder
	files := 0
	require.NoError(t, filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		files++
		b, err := os.ReadFile(path)
		recorded.WriteString(path + "\n")
		recorded.Write(b)
		return err
	}))
	assert.Greater(t, files, 16)
	assert.Greater(t, len(secrets), 18)
	assert.Contains(t, recorded.String(), "psc.userinfo")
	assert.Contains(t, log.String(), "psc.poll")
	for where, text := range map[string]string{"printed": printed.String(), "log": log.String(), "evidence": recorded.String()} {
		for secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("%s holds a secret (%.12s…)", where, secret)
			}
		}
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
