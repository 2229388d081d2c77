package drim_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
	"github.com/segur-sdk/segur/dicomweb/drim"
)

var discardLog = log.New(io.Discard, "", 0)

// The four levels deliver what the manifest lists, with the INS added, and
// nothing else changed.
func TestHandlerDelivers(t *testing.T) {
	t.Parallel()
	s := newServing(t, dicomwebtest.SampleOptions{})
	h := s.handler(t, nil)
	first := s.study.Instances[0].Ref
	for _, c := range []struct {
		ref  dicomweb.Ref
		want int
	}{{dicomweb.Ref{Study: first.Study}, 6}, {dicomweb.Ref{Study: first.Study, Series: first.Series}, 3}, {first, 1}} {
		w := s.ask(t, h, path(c.ref), nil)
		require.Equal(t, http.StatusOK, w.Code, w.Body.String())
		files, headers, err := parts(t, w.Header().Get("Content-Type"), w.Body)
		require.NoError(t, err)
		require.Len(t, files, c.want)
		assert.True(t, w.Flushed)
		for i, f := range files {
			assert.Equal(t, []string{"application/dicom; transfer-syntax=" + dicomweb.ExplicitVRLittleEndian}, headers[i]["Content-Type"])
			assert.Equal(t, s.study.Instances[i].Ref.Instance, uidsOf(t, files[i:i+1])[0])
			ds, err := dicomweb.ReadDataset(segur.BytesContent(f))
			require.NoError(t, err)
			items := ds.Items(0x00101002)
			require.Len(t, items, 1)
			assert.Equal(t, s.current.INS.Matricule(), items[0].Value(dicomweb.TagPatientID))
			assert.Equal(t, "TEXT", items[0].Value(0x00100022))
			assert.Equal(t, string(segur.OIDINSNIRTest), items[0].Items(0x00100024)[0].Value(0x00400032))
			assert.Equal(t, "IPP-0001", ds.Value(dicomweb.TagPatientID), "the local number stays")
			back, err := io.ReadAll(dicomweb.Edit(bytes.NewReader(f), dicomweb.Remove(0x00101002)))
			require.NoError(t, err)
			assert.True(t, bytes.Equal(s.study.Instances[i].File, back))
		}
		a := s.last(t)
		assert.True(t, a.Complete)
		assert.Equal(t, c.ref, a.Ref)
		assert.Equal(t, []int{c.want, c.want}, []int{a.Listed, a.Sent})
		assert.Equal(t, [3]string{"899900000015", "drimbox-b", s.current.UID}, [3]string{a.User, a.Client, a.ManifestUID})
		assert.Empty(t, a.Code)
	}
	w := s.ask(t, s.handler(t, func(c *drim.HandlerConfig) { c.OmitINS = true }), path(first), nil)
	files, _, err := parts(t, w.Header().Get("Content-Type"), w.Body)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(s.study.Instances[0].File, files[0]))
	assert.Equal(t, "max-age=63072000; includeSubDomains", w.Header().Get("Strict-Transport-Security"))
	assert.Empty(t, w.Header().Get("Access-Control-Allow-Origin"))
}

// An image that bears the INS already passes as it is.
func TestHandlerDoesNotRepeatINS(t *testing.T) {
	t.Parallel()
	s := newServing(t, dicomwebtest.SampleOptions{Series: 1, Instances: 1})
	h := s.handler(t, nil)
	w := s.ask(t, h, path(s.study.Instances[0].Ref), nil)
	files, _, err := parts(t, w.Header().Get("Content-Type"), w.Body)
	require.NoError(t, err)
	s.study.Instances[0].File = files[0]
	w = s.ask(t, h, path(s.study.Instances[0].Ref), nil)
	again, _, err := parts(t, w.Header().Get("Content-Type"), w.Body)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(files[0], again[0]))
}

// Every official request is accepted as far as its headers go: the study is not
// ours, so that the answer is 404. One change to each is refused with its status.
func TestHandlerOfficialRequests(t *testing.T) {
	t.Parallel()
	s := newServing(t, dicomwebtest.SampleOptions{Series: 1, Instances: 1})
	for name, base := range map[string]string{
		"wado_frames_request.txt":                "/dcm4chee-arc/aets/DCM4CHEE/rs",
		"wado_instance_lossy_request.txt":        "/dicom-web-rs",
		"wado_instance_v2_request.txt":           "",
		"wado_series_lossless_request.txt":       "",
		"wado_series_switch_headers_request.txt": "",
	} {
		h := s.handler(t, func(c *drim.HandlerConfig) {
			c.Base = base
			c.Tokens = drim.TokenCheckerFunc(func(context.Context, string) (drim.TokenState, error) { return drim.TokenState{Active: true}, nil })
		})
		official := sampleRequest(t, "drim/"+name)
		send := func(change func(http.Header)) int {
			return s.ask(t, h, "", func(r *http.Request) {
				r.URL, r.Header = official.URL, official.Header.Clone()
				if change != nil {
					change(r.Header)
				}
			}).Code
		}
		assert.Equal(t, http.StatusNotFound, send(nil), name)
		assert.Equal(t, drim.ServeNotFound, s.last(t).Code, name)
		assert.NotEmpty(t, s.last(t).ManifestUID, name)
		for broken, c := range map[string]struct {
			change func(http.Header)
			want   int
		}{
			"no Accept":         {func(h http.Header) { h.Del("Accept") }, 400},
			"no KOS header":     {func(h http.Header) { h.Del(drim.HeaderManifest) }, 400},
			"two KOS headers":   {func(h http.Header) { h.Add(drim.HeaderManifest, "1.2.3") }, 400},
			"KOS no UID":        {func(h http.Header) { h.Set(drim.HeaderManifest, "../1.2") }, 400},
			"KOS long":          {func(h http.Header) { h.Set(drim.HeaderManifest, strings.Repeat("1", 65)) }, 400},
			"no token":          {func(h http.Header) { h.Del("Authorization") }, 401},
			"basic":             {func(h http.Header) { h.Set("Authorization", "Basic dTpw") }, 401},
			"two tokens":        {func(h http.Header) { h.Add("Authorization", "Bearer x") }, 401},
			"empty token":       {func(h http.Header) { h.Set("Authorization", "Bearer ") }, 401},
			"token with blanks": {func(h http.Header) { h.Set("Authorization", "Bearer a b") }, 401},
			"without syntax":    {func(h http.Header) { replaceAccept(h, "transfer-syntax", "syntax") }, 400},
			"without q":         {func(h http.Header) { replaceAccept(h, ";q=", ";w=") }, 400},
			"without boundary":  {func(h http.Header) { replaceAccept(h, "boundary", "bound") }, 400},
			"q out of range":    {func(h http.Header) { replaceAccept(h, ";q=0", ";q=2") }, 400},
		} {
			assert.Equal(t, c.want, send(c.change), "%s: %s", name, broken)
		}
	}
}

func replaceAccept(h http.Header, old, by string) {
	values := h.Values("Accept")
	h.Del("Accept")
	for _, v := range values {
		h.Add("Accept", strings.ReplaceAll(v, old, by))
	}
}

// The official health check, at its base; no token, and nothing is looked up.
func TestHandlerHealth(t *testing.T) {
	t.Parallel()
	s := newServing(t, dicomwebtest.SampleOptions{Series: 1, Instances: 1})
	down := false
	h := s.handler(t, func(c *drim.HandlerConfig) {
		c.Base = "/dcm4chee-arc/aets/SERVEUR_WADO/rs/"
		c.Ready = func(context.Context) error {
			if down {
				return errors.New("down")
			}
			return nil
		}
	})
	official := sampleRequest(t, "drim/healthcheck_request.txt")
	ask := func(method, tail string) (int, string) {
		w := s.ask(t, h, "", func(r *http.Request) {
			r.Method, r.Header = method, official.Header.Clone()
			u := *official.URL
			u.Path += tail
			r.URL = &u
		})
		return w.Code, w.Body.String()
	}
	code, body := ask("GET", "")
	assert.Equal(t, 200, code)
	assert.JSONEq(t, `{"status":"UP"}`, body)
	code, _ = ask("GET", "/")
	assert.Equal(t, 200, code)
	code, body = ask("HEAD", "")
	assert.Equal(t, 200, code)
	assert.Empty(t, body)
	down = true
	code, body = ask("GET", "")
	assert.Equal(t, 503, code)
	assert.JSONEq(t, `{"status":"DOWN"}`, body)
	assert.True(t, s.last(t).Health)
	code, _ = ask("POST", "")
	assert.Equal(t, 405, code)
	assert.Empty(t, s.checked)
	assert.Zero(t, s.looked)
}

// No path means anything but what it says, and without a token nothing is told
// of what exists.
func TestHandlerPaths(t *testing.T) {
	t.Parallel()
	s := newServing(t, dicomwebtest.SampleOptions{Series: 1, Instances: 1})
	h := s.handler(t, nil)
	ref := s.study.Instances[0].Ref
	good := path(ref)
	for p, want := range map[string]int{
		"/studies":                                             404,
		"/studies/":                                            404,
		"/studies/" + ref.Study + "/":                          404,
		"/studies//" + ref.Study:                               404,
		"/studies/../" + good:                                  404,
		"/studies/" + ref.Study + "/..":                        404,
		"/studies/%2e%2e":                                      404,
		"/studies/" + ref.Study + "%2F":                        404,
		"/studies%2F" + ref.Study:                              404,
		"/studies/" + ref.Study + "%00":                        404,
		"/studies/1." + ref.Study + ";a=b":                     404,
		"/Studies/" + ref.Study:                                404,
		"/studies/" + ref.Study + "/metadata":                  404,
		"/studies/" + ref.Study + "/instances/" + ref.Instance: 404,
		"/studies/" + strings.Repeat("1", 65):                  404,
		"/studies/" + strings.Repeat("1", 2000):                404,
		"/studies/1.2.3":                                       404,
		"/studies/" + ref.Study + "/series/1.2.3":              404,
		"/studies/" + ref.Study + "/series/" + ref.Series + "/instances/1.2": 404,
		good + "/frames":                      404,
		good + "/frames/":                     404,
		good + "/frames/0":                    404,
		good + "/frames/2":                    404,
		good + "/frames/1,1":                  404,
		good + "/frames/-1":                   404,
		good + "/frames/+1":                   404,
		good + "/frames/01":                   404,
		good + "/frames/1/1":                  404,
		good + "/frames/1,":                   404,
		good + "/frames/99999999999999999999": 404,
		good + "?accept=x":                    400,
		good + "?":                            400,
		good + "/frames/1":                    200,
		good:                                  200,
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://db.source.example/drim/rs"+p, nil)
		require.NoError(t, err, p)
		w := s.ask(t, h, "", func(q *http.Request) { q.URL = r.URL })
		assert.Equal(t, want, w.Code, p)
		if want == 404 {
			assert.Equal(t, "not found\n", w.Body.String(), p)
		}
		w = s.ask(t, h, "", func(q *http.Request) { q.URL = r.URL; q.Header.Del("Authorization") })
		if len(p) < 1024 {
			assert.Equal(t, 401, w.Code, p)
			assert.Equal(t, "a bearer token is required\n", w.Body.String(), p)
		}
	}
	w := s.ask(t, h, "", func(r *http.Request) { r.URL.Path = "/drim/rsx/studies/" + ref.Study })
	assert.Equal(t, 404, w.Code)
	w = s.ask(t, h, good, func(r *http.Request) { r.Body, r.ContentLength = io.NopCloser(strings.NewReader("x")), 1 })
	assert.Equal(t, 400, w.Code)
}

// Tokens are checked before the archive is asked, and never appear anywhere.
func TestHandlerTokens(t *testing.T) {
	t.Parallel()
	s := newServing(t, dicomwebtest.SampleOptions{Series: 1, Instances: 1})
	h := s.handler(t, nil)
	for token, c := range map[string]struct {
		status int
		code   string
	}{"expired-secret": {401, drim.ServeTokenRefused}, "broken": {503, drim.ServeTokenUnknown}, strings.Repeat("x", 17<<10): {401, drim.ServeNoToken}} {
		w := s.ask(t, h, path(s.study.Instances[0].Ref), func(r *http.Request) { r.Header.Set("Authorization", "bearer "+token) })
		assert.Equal(t, c.status, w.Code)
		assert.Equal(t, c.code, s.last(t).Code)
		if c.status == 401 {
			assert.Contains(t, w.Header().Get("WWW-Authenticate"), `Bearer realm="drim"`)
			assert.Contains(t, w.Header().Get("WWW-Authenticate"), `error="invalid_token"`)
		} else {
			assert.NotEmpty(t, w.Header().Get("Retry-After"))
		}
		assert.NotContains(t, w.Body.String(), token)
	}
	assert.Zero(t, s.looked)
	w := s.ask(t, h, path(s.study.Instances[0].Ref), func(r *http.Request) { r.Header.Del("Authorization") })
	assert.Equal(t, `Bearer realm="drim"`, w.Header().Get("WWW-Authenticate"))
}

// Replaced, withdrawn, or never there: the same 404.
func TestHandlerCurrentManifestOnly(t *testing.T) {
	t.Parallel()
	s := newServing(t, dicomwebtest.SampleOptions{Series: 1, Instances: 1})
	h := s.handler(t, nil)
	p := path(s.study.Instances[0].Ref)
	assert.Equal(t, 200, s.ask(t, h, p, nil).Code)
	w := s.ask(t, h, p, func(r *http.Request) { r.Header.Set(drim.HeaderManifest, "1.2.3.4") })
	assert.Equal(t, 404, w.Code)
	s.withdrawn = true
	withdrawn := s.ask(t, h, p, nil)
	assert.Equal(t, 404, withdrawn.Code)
	assert.Equal(t, w.Body.String(), withdrawn.Body.String())
	s.withdrawn = false
	s.current.INS = segur.INS{}
	assert.Equal(t, 500, s.ask(t, h, p, nil).Code, "a manifest that was read before is held to it too")
	h = s.handler(t, nil)
	assert.Equal(t, 500, s.ask(t, h, p, nil).Code, "the manifest is not what the archive says")
	s.current.KOS = []byte("damaged")
	assert.Equal(t, 500, s.ask(t, h, p, nil).Code)
	assert.Equal(t, drim.ServeArchive, s.last(t).Code)
	h = s.handler(t, func(c *drim.HandlerConfig) {
		c.Manifests = manifestsFunc(func() (*drim.CurrentManifest, error) { return nil, &segur.Error{Kind: segur.KindUnavailable} })
	})
	assert.Equal(t, 503, s.ask(t, h, p, nil).Code)
}

type manifestsFunc func() (*drim.CurrentManifest, error)

func (f manifestsFunc) Manifest(context.Context, string, string) (*drim.CurrentManifest, error) {
	return f()
}

// HEAD says what GET would, without asking the PACS; OPTIONS serves browsers.
func TestHandlerHeadAndOptions(t *testing.T) {
	t.Parallel()
	s := newServing(t, dicomwebtest.SampleOptions{Series: 1, Instances: 1})
	p := path(s.study.Instances[0].Ref)
	h := s.handler(t, func(c *drim.HandlerConfig) {
		c.Images = imagesOf(errors.New("must not be asked"))
		c.Origins = []string{"https://viewer.example"}
		c.HSTS = "-"
	})
	w := s.ask(t, h, p, func(r *http.Request) { r.Method = http.MethodHead })
	assert.Equal(t, 200, w.Code)
	assert.Contains(t, w.Header().Get("Content-Type"), `multipart/related; type="application/dicom"; boundary=`)
	assert.Empty(t, w.Body.String())
	w = s.ask(t, h, p, func(r *http.Request) { r.Method = http.MethodHead; r.Header.Set(drim.HeaderManifest, "1.2") })
	assert.Equal(t, 404, w.Code)
	assert.Empty(t, w.Body.String())
	w = s.ask(t, h, p, func(r *http.Request) {
		r.Method = http.MethodOptions
		r.Header.Set("Origin", "https://viewer.example")
		r.Header.Del("Authorization")
	})
	assert.Equal(t, 204, w.Code)
	assert.Equal(t, "https://viewer.example", w.Header().Get("Access-Control-Allow-Origin"))
	assert.Contains(t, w.Header().Get("Access-Control-Allow-Headers"), "kos-sopinstanceuid")
	assert.Empty(t, w.Header().Get("Strict-Transport-Security"))
	w = s.ask(t, h, p, func(r *http.Request) { r.Method = http.MethodOptions; r.Header.Set("Origin", "https://other.example") })
	assert.Empty(t, w.Header().Get("Access-Control-Allow-Origin"))
	w = s.ask(t, h, p, func(r *http.Request) { r.Method = http.MethodPost })
	assert.Equal(t, 405, w.Code)
	assert.Equal(t, "GET, HEAD, OPTIONS", w.Header().Get("Allow"))
}

func TestHandlerRefusesPeer(t *testing.T) {
	t.Parallel()
	s := newServing(t, dicomwebtest.SampleOptions{Series: 1, Instances: 1})
	h := s.handler(t, func(c *drim.HandlerConfig) {
		c.CheckPeer = func(*http.Request) error { return errors.New("not listed") }
	})
	w := s.ask(t, h, path(s.study.Instances[0].Ref), nil)
	assert.Equal(t, 403, w.Code)
	assert.Empty(t, s.checked, "its token is not looked at")
	assert.Equal(t, drim.ServePeer, s.last(t).Code)
}

func TestNewHandlerChecks(t *testing.T) {
	t.Parallel()
	_, err := drim.NewHandler(drim.HandlerConfig{Base: "/a/../b", MaxRequests: -1, MaxPerClient: -1, StallTimeout: -time.Second, HSTS: "a\r\nb", Origins: []string{"a b"}})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	for _, field := range []string{"base", "manifests", "images", "tokens", "maxPerClient", "maxRequests", "stallTimeout", "hsts", "origins"} {
		assert.ErrorContains(t, err, field+" ")
	}
	for _, base := range []string{"drim", "/a//b", "/a%2f", "/a?b", "/."} {
		_, err := drim.NewHandler(drim.HandlerConfig{Base: base})
		assert.ErrorContains(t, err, "base must be a path", base)
	}
}
