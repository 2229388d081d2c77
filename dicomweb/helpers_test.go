package dicomweb_test

import (
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
	"github.com/segur-sdk/segur/internal/testkit/fixed"
	"github.com/segur-sdk/segur/internal/xop"
)

// sharedPKI is that of all servers of these tests: making one takes signatures.
var sharedPKI = sync.OnceValue(func() *credentialtest.PKI { return credentialtest.NewPKI() })

// newServer starts a fake.
func newServer(opts ...dicomwebtest.Option) *dicomwebtest.Server {
	return dicomwebtest.NewServer(append([]dicomwebtest.Option{dicomwebtest.WithPKI(sharedPKI())}, opts...)...)
}

// setup starts a fake without TLS, which costs most of the time of a small test, and a client of it.
func setup(t testing.TB, opts ...dicomwebtest.Option) (*dicomwebtest.Server, *dicomweb.Client) {
	t.Helper()
	return setupTLS(t, append([]dicomwebtest.Option{dicomwebtest.WithoutTLS()}, opts...)...)
}

// setupTLS starts a fake and a client of it, over mutual TLS.
func setupTLS(t testing.TB, opts ...dicomwebtest.Option) (*dicomwebtest.Server, *dicomweb.Client) {
	t.Helper()
	srv := newServer(opts...)
	t.Cleanup(srv.Close)
	return srv, newClient(t, srv.Config())
}

func newClient(t testing.TB, cfg dicomweb.Config) *dicomweb.Client {
	t.Helper()
	if cfg.Retry.MaxAttempts == 0 {
		cfg.Retry.MaxAttempts = 1
	}
	c, err := dicomweb.New(cfg)
	require.NoError(t, err)
	t.Cleanup(c.CloseIdleConnections)
	return c
}

// study makes a sample study whose UIDs depend on the seed.
func study(t testing.TB, seed uint64, o dicomwebtest.SampleOptions) *dicomwebtest.Study {
	t.Helper()
	o.IDs = segur.NewIDSource(fixed.Rand(seed))
	s, err := dicomwebtest.SampleStudy(o)
	require.NoError(t, err)
	return s
}

func add(t testing.TB, srv *dicomwebtest.Server, s *dicomwebtest.Study) {
	t.Helper()
	for _, inst := range s.Instances {
		require.NoError(t, srv.Add(inst.File))
	}
}

// collect drains a search.
func collect[T any](seq iter.Seq2[T, error]) (rows []T, err error) {
	for row, err := range seq {
		if err != nil {
			return rows, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// private are the values that no error and no log may hold.
var private = []string{"FICTIVE", "CAMILLE", "IPP-0001", "ACC-0001", "19850314"}

// assertPublic checks that an error tells nothing of the patient.
func assertPublic(t testing.TB, err error) {
	t.Helper()
	for _, p := range private {
		assert.NotContains(t, err.Error(), p)
	}
}

func contents(files ...[]byte) []segur.Content {
	out := make([]segur.Content, len(files))
	for i, f := range files {
		out[i] = segur.BytesContent(f)
	}
	return out
}

// assertPublicText checks that no printed form tells anything of the patient.
func assertPublicText(t testing.TB, values ...any) {
	t.Helper()
	for _, v := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
			for _, p := range private {
				assert.NotContains(t, fmt.Sprintf(verb, v), p)
			}
		}
	}
}

// acceptAll is a server that keeps nothing and says that it stored what it was sent.
func acceptAll(t testing.TB) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		parts, err := xop.NewReader(r.Body, r.Header.Get("Content-Type"), xop.Options{})
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		answer := []byte(`{"00081199":{"vr":"SQ","Value":[{}`)
		for part, err := parts.Next(); err == nil; part, err = parts.Next() {
			h, err := dicomweb.ReadHead(part)
			if err != nil {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			answer = append(append(append(answer, `,{"00081155":{"vr":"UI","Value":["`...), h.SOPInstanceUID...), `"]}}`...)
		}
		w.Header().Set("Content-Type", "application/dicom+json")
		_, _ = w.Write(append(answer, "]}}"...))
	}))
	t.Cleanup(srv.Close)
	return srv
}
