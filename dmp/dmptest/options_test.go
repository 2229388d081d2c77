package dmptest_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/dmptest"
	"github.com/segur-sdk/segur/dmp/xds"
)

func TestClockAndMaxAge(t *testing.T) {
	t.Parallel()
	late := dmptest.WithClock(func() time.Time { return time.Now().Add(10 * time.Minute) })
	now := func(c *dmp.Config) { c.Clock = time.Now } // not that of the server
	srv := dmptest.NewServer(late)
	defer srv.Close()
	err := publish(t, client(t, srv, now))
	require.ErrorIs(t, err, segur.ErrRefused, "an assertion of ten minutes ago")
	require.ErrorContains(t, err, "too old")
	assert.Empty(t, srv.Documents())

	lenient := dmptest.NewServer(late, dmptest.WithMaxAge(time.Hour))
	defer lenient.Close()
	require.NoError(t, publish(t, client(t, lenient, now)))
}

func TestUnknownCodes(t *testing.T) {
	t.Parallel()
	unknown := segur.Code{Code: "ZZ", System: "1.2.250.1.213.2.2", Display: "Inconnu"}
	for allowed, opts := range map[bool][]dmptest.Option{false: nil, true: {dmptest.WithUnknownCodes()}} {
		srv := dmptest.NewServer(opts...)
		defer srv.Close()
		c := client(t, srv, func(c *dmp.Config) { c.Settings.AllowUnknownCodes = true })
		sealed, err := c.Prepare(context.Background(), dmp.Submission{Patient: dmptest.Patient(), Opposition: dmp.NotOpposed, ContentType: unknown,
			Documents: []dmp.SubmissionDocument{{Document: document()}}})
		require.NoError(t, err)
		_, err = c.Submit(context.Background(), sealed)
		assert.Equal(t, allowed, err == nil, "%v", err)
		assert.Equal(t, allowed, len(srv.Documents()) > 0)
	}
}

func TestLegalEntityCertificates(t *testing.T) {
	t.Parallel()
	site := segur.Organization{ID: "1990000027", Name: "AUTRE SITE FICTIF", Sector: segur.Code{Code: "SA07"}}
	for allowed, opts := range map[bool][]dmptest.Option{false: nil, true: {dmptest.WithLegalEntityCertificates()}} {
		srv := dmptest.NewServer(opts...)
		defer srv.Close()
		c := client(t, srv, func(c *dmp.Config) { c.Structure, c.AllowLegalEntityCertificate = site, true })
		sealed, err := c.Prepare(context.Background(), dmp.Submission{Patient: dmptest.Patient(), Opposition: dmp.NotOpposed, ContentType: segur.Code{Code: "07"},
			Documents: []dmp.SubmissionDocument{{Document: document(), Options: xds.EntryOptions{AuthorInstitution: &site}}}})
		require.NoError(t, err)
		_, err = c.Submit(context.Background(), sealed)
		if allowed {
			require.NoError(t, err)
			continue
		}
		require.ErrorIs(t, err, segur.ErrAuthentication)
	}
}
