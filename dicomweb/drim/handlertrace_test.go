package drim_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
	"github.com/segur-sdk/segur/dicomweb/drim"
	"github.com/segur-sdk/segur/dicomweb/kos"
)

// What was rejected since the manifest was made is gone, though the PACS gives it.
func TestHandlerRejected(t *testing.T) {
	t.Parallel()
	s := newServing(t, dicomwebtest.SampleOptions{Series: 1, Instances: 3})
	gone := s.study.Instances[1].Ref
	s.current.Rejected = map[string]bool{gone.Instance: true}
	h := s.handler(t, nil)
	assert.Equal(t, http.StatusGone, s.ask(t, h, path(gone), nil).Code)
	w := s.ask(t, h, path(dicomweb.Ref{Study: s.study.UID}), nil)
	files, _, err := parts(t, w.Header().Get("Content-Type"), w.Body)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF, "never complete")
	assert.NotContains(t, uidsOf(t, files), gone.Instance)
	assert.Equal(t, 2, s.last(t).Sent)
	assert.False(t, s.last(t).Complete)
	assert.Equal(t, []drim.MissingImage{{Ref: gone, Code: drim.ServeGone}}, s.last(t).Missing)
}

// Who asked is traced though the code of the caller panics, before or in the midst
// of the answer.
func TestHandlerTracesAPanic(t *testing.T) {
	t.Parallel()
	s := newServing(t, dicomwebtest.SampleOptions{Series: 1, Instances: 2})
	ask := func(change func(*drim.HandlerConfig)) drim.Access {
		s.accesses = nil
		h := s.handler(t, change)
		assert.PanicsWithValue(t, "of the product", func() {
			r := s.request(t, "https://db.source.example/drim/rs"+path(dicomweb.Ref{Study: s.study.UID}))
			h.ServeHTTP(httptest.NewRecorder(), r)
		})
		return s.last(t)
	}
	a := ask(func(c *drim.HandlerConfig) {
		c.Tokens = drim.TokenCheckerFunc(func(context.Context, string) (drim.TokenState, error) { panic("of the product") })
	})
	assert.Equal(t, http.StatusInternalServerError, a.Status)
	assert.Equal(t, drim.ServePanic, a.Code)
	calls := 0
	a = ask(func(c *drim.HandlerConfig) {
		c.SamePatient = func(context.Context, *drim.CurrentManifest, *kos.Manifest, *dicomweb.Head) error {
			if calls++; calls == 2 {
				panic("of the product")
			}
			return nil
		}
	})
	assert.Equal(t, http.StatusOK, a.Status)
	assert.Equal(t, drim.ServePanic, a.Code)
	assert.Equal(t, 1, a.Sent)
	assert.Equal(t, "899900000015", a.User)
	assert.False(t, a.Complete)
}
