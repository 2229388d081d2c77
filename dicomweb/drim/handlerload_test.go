package drim_test

import (
	"context"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
	"github.com/segur-sdk/segur/dicomweb/drim"
)

// A client has so many requests under way and no more; others are not concerned.
func TestHandlerLimitsRequests(t *testing.T) {
	t.Parallel()
	s := newServing(t, dicomwebtest.SampleOptions{Series: 1, Instances: 1})
	inside, leave := make(chan struct{}, 8), make(chan struct{})
	h := s.handler(t, func(c *drim.HandlerConfig) {
		c.MaxPerClient, c.MaxRequests = 2, 3
		c.Client = func(r *http.Request) string { return r.Header.Get("X-Client") }
		c.Images = drim.ImageSourceFunc(func(context.Context, drim.ImageRequest) iter.Seq2[io.Reader, error] {
			inside <- struct{}{}
			<-leave
			return imagesOf(nil, s.study.Instances[0].File).Images(nil, drim.ImageRequest{}) //nolint:staticcheck // not looked at
		})
	})
	ask := func(client string) int {
		return s.ask(t, h, path(s.study.Instances[0].Ref), func(r *http.Request) { r.Header.Set("X-Client", client) }).Code
	}
	codes := make(chan int, 3)
	for _, client := range []string{"a", "a", "b"} {
		go func() { codes <- ask(client) }()
		<-inside
	}
	assert.Equal(t, http.StatusTooManyRequests, ask("a"))
	assert.Equal(t, http.StatusServiceUnavailable, ask("c"))
	close(leave)
	for range 3 {
		assert.Equal(t, 200, <-codes)
	}
	assert.Equal(t, 200, ask("a"))
}

// Addresses of one IPv6 network are one client: who has one has them all. The
// health check, which needs no token, takes its place among the requests.
func TestHandlerLimitsNetworksAndHealth(t *testing.T) {
	t.Parallel()
	s := newServing(t, dicomwebtest.SampleOptions{Series: 1, Instances: 1})
	inside, leave := make(chan struct{}), make(chan struct{})
	h := s.handler(t, func(c *drim.HandlerConfig) {
		c.MaxPerClient = 1
		c.Ready = func(context.Context) error {
			inside <- struct{}{}
			<-leave
			return nil
		}
	})
	ask := func(remote string) int {
		r := httptest.NewRequest(http.MethodGet, "/drim/rs", nil)
		r.RemoteAddr = remote
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code
	}
	done := make(chan int)
	go func() { done <- ask("[2001:db8:1:2::1]:1000") }()
	<-inside
	assert.Equal(t, http.StatusTooManyRequests, ask("[2001:db8:1:2:ffff::9]:2000"))
	assert.Equal(t, http.StatusTooManyRequests, ask("[2001:db8:1:2:ffff::9%eth0]:2000"))
	go func() { done <- ask("[2001:db8:1:3::1]:1000") }()
	<-inside
	go func() { done <- ask("192.0.2.1:1000") }()
	<-inside
	go func() { done <- ask("[::ffff:192.0.2.2]:1000") }()
	<-inside
	close(leave)
	for range 4 {
		assert.Equal(t, http.StatusOK, <-done)
	}
}
