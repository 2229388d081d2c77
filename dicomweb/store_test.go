package dicomweb_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	for name, quirks := range map[string]dicomwebtest.Quirks{"JSON": {}, "XML": {XMLStoreResponse: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, client := setup(t, dicomwebtest.WithQuirks(quirks))
			s := study(t, 1, dicomwebtest.SampleOptions{})
			result, err := client.Store(t.Context(), dicomweb.StoreRequest{Study: s.UID, Instances: s.Contents()})
			require.NoError(t, err)
			assert.Equal(t, http.StatusOK, result.Status)
			assert.Equal(t, srv.URL+"/studies/"+s.UID, result.RetrieveURL)
			assert.True(t, result.All())
			require.Len(t, result.Instances, 6)
			for i, inst := range result.Instances {
				assert.Equal(t, s.Instances[i].Ref, inst.Ref)
				assert.Equal(t, s.Instances[i].SOPClass, inst.SOPClass)
				assert.Equal(t, dicomweb.Stored, inst.Outcome)
				assert.Contains(t, inst.RetrieveURL, inst.Ref.Instance)
				held, ok := srv.File(inst.Ref.Instance)
				require.True(t, ok)
				assert.True(t, bytes.Equal(s.Instances[i].File, held), "kept byte for byte")
			}
			assert.NotEmpty(t, result.Raw)

			// The same again is accepted and changes nothing.
			result, err = client.Store(t.Context(), dicomweb.StoreRequest{Instances: s.Contents()})
			require.NoError(t, err)
			assert.True(t, result.All())
			assert.Equal(t, 6, srv.Len())
		})
	}
}

func TestStorePartial(t *testing.T) {
	t.Parallel()
	for _, xml := range []bool{false, true} {
		srv, client := setup(t, dicomwebtest.WithQuirks(dicomwebtest.Quirks{XMLStoreResponse: xml}))
		s := study(t, 2, dicomwebtest.SampleOptions{})
		bad, warned := s.Instances[1].Ref.Instance, s.Instances[4].Ref.Instance
		srv.Refuse(bad, dicomweb.ReasonClassNotSupported)
		srv.Refuse(warned, dicomweb.ReasonCoercion)
		result, err := client.Store(t.Context(), dicomweb.StoreRequest{Instances: s.Contents()})
		require.ErrorIs(t, err, segur.ErrPartial)
		require.NotNil(t, result)
		assert.Equal(t, http.StatusAccepted, result.Status)
		assert.False(t, result.All())
		assert.Equal(t, dicomweb.Failed, result.Instances[1].Outcome)
		assert.Equal(t, dicomweb.ReasonClassNotSupported, result.Instances[1].Reason)
		assert.Equal(t, dicomweb.StoredWithWarning, result.Instances[4].Outcome)
		assert.Equal(t, dicomweb.ReasonCoercion, result.Instances[4].Reason)
		assert.Equal(t, dicomweb.Stored, result.Instances[5].Outcome)
		var e *segur.Error
		require.ErrorAs(t, err, &e)
		require.Len(t, e.Details, 1)
		assert.Equal(t, segur.Detail{Field: bad, Code: "0122", Severity: "error", Message: "The server does not store this SOP class."}, e.Details[0])
		assert.Equal(t, "5 of 6 instances are stored", e.Message)
		assert.Contains(t, e.Explain(segur.FR), "ne renvoyer que ceux-là")
		assert.False(t, e.Retryable())
		assert.Equal(t, 5, srv.Len())
	}
}

func TestStoreOutcomes(t *testing.T) {
	t.Parallel()
	s := study(t, 3, dicomwebtest.SampleOptions{Series: 1})
	uids := []string{s.Instances[0].Ref.Instance, s.Instances[1].Ref.Instance, s.Instances[2].Ref.Instance}
	refuseAll := func(r dicomweb.Reason) func(*dicomwebtest.Server) {
		return func(srv *dicomwebtest.Server) {
			for _, u := range uids {
				srv.Refuse(u, r)
			}
		}
	}
	for name, c := range map[string]struct {
		prepare func(*dicomwebtest.Server)
		want    error
		status  int
		first   dicomweb.StoreOutcome
		code    string
	}{
		"all refused":      {refuseAll(dicomweb.ReasonCannotUnderstand), segur.ErrRefused, 409, dicomweb.Failed, "C000"},
		"out of resources": {refuseAll(dicomweb.ReasonOutOfResources), segur.ErrUnavailable, 409, dicomweb.Failed, "A700"},
		"held already":     {refuseAll(dicomweb.ReasonAlreadyStored), nil, 409, dicomweb.AlreadyStored, ""},
		"unaccounted":      {func(srv *dicomwebtest.Server) { srv.SetQuirks(dicomwebtest.Quirks{Forget: uids}) }, segur.ErrOutcomeUnknown, 200, dicomweb.Unaccounted, ""},
		"one unaccounted":  {func(srv *dicomwebtest.Server) { srv.SetQuirks(dicomwebtest.Quirks{Forget: uids[:1]}) }, segur.ErrPartial, 200, dicomweb.Unaccounted, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, client := setup(t)
			c.prepare(srv)
			result, err := client.Store(t.Context(), dicomweb.StoreRequest{Instances: s.Contents()})
			if c.want == nil {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, c.want)
				var e *segur.Error
				require.ErrorAs(t, err, &e)
				assert.Equal(t, c.code, e.Code)
				assert.Equal(t, c.status, e.Status)
			}
			require.NotNil(t, result)
			assert.Equal(t, c.status, result.Status)
			assert.Equal(t, c.first, result.Instances[0].Outcome)
		})
	}
}

// A failing status and a list of what was stored: one of the two is wrong.
func TestStoreContradiction(t *testing.T) {
	t.Parallel()
	s := study(t, 14, dicomwebtest.SampleOptions{Series: 1, Instances: 1})
	ref := s.Instances[0].Ref
	for _, status := range []int{http.StatusOK, http.StatusAccepted, http.StatusConflict, http.StatusInternalServerError} {
		srv, client := setup(t)
		srv.Fail(dicomwebtest.Fault{Status: status, ContentType: "application/dicom+json", Times: dicomwebtest.Forever,
			Body: []byte(`{"00081199":{"vr":"SQ","Value":[{"00081155":{"vr":"UI","Value":["` + ref.Instance + `"]}}]}}`)})
		result, err := client.Store(t.Context(), dicomweb.StoreRequest{Instances: s.Contents()})
		require.NotNil(t, result, "%d", status)
		if status < 400 {
			require.NoError(t, err)
			assert.True(t, result.All())
			continue
		}
		require.ErrorIs(t, err, segur.ErrOutcomeUnknown, "%d", status)
		assert.False(t, result.All())
		assert.Equal(t, dicomweb.Unaccounted, result.Instances[0].Outcome)
	}
}

// Another content under a UID that is held must not replace it in silence.
func TestStoreOtherContent(t *testing.T) {
	t.Parallel()
	srv, client := setup(t)
	s := study(t, 4, dicomwebtest.SampleOptions{})
	add(t, srv, s)
	other := study(t, 4, dicomwebtest.SampleOptions{Description: "Autre"})
	result, err := client.Store(t.Context(), dicomweb.StoreRequest{Instances: contents(other.Instances[0].File)})
	require.ErrorIs(t, err, segur.ErrRefused)
	assert.Equal(t, dicomweb.ReasonProcessingFailure, result.Instances[0].Reason)
	held, _ := srv.File(s.Instances[0].Ref.Instance)
	assert.True(t, bytes.Equal(s.Instances[0].File, held))
}

func TestStoreChecksFirst(t *testing.T) {
	t.Parallel()
	srv, client := setup(t)
	a, b := study(t, 5, dicomwebtest.SampleOptions{}), study(t, 6, dicomwebtest.SampleOptions{})
	file := a.Instances[0].File
	_, err := client.Store(t.Context(), dicomweb.StoreRequest{
		Study: a.UID, Instances: append(contents(file, []byte("%PDF"), file[:len(file)-9], b.Instances[0].File, file), nil),
	})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	var fields []string
	for _, d := range e.Details {
		fields = append(fields, d.Field+": "+d.Message)
	}
	assert.Equal(t, []string{
		"instances[1]: the file is shorter than the 132 bytes of a DICOM preamble",
		"instances[2]: the file ends before the element that it announces",
		"instances[3]: belongs to another study than the one of the request",
		"instances[4]: is the same instance as instances[0]",
		"instances[5]: is required",
	}, fields)
	_, err = client.Store(t.Context(), dicomweb.StoreRequest{Study: "1.2.x"})
	require.ErrorAs(t, err, &e)
	assert.Len(t, e.Details, 2)
	assert.Zero(t, srv.Len())
}

func TestStoreStatuses(t *testing.T) {
	t.Parallel()
	s := study(t, 8, dicomwebtest.SampleOptions{})
	srv, client := setupTLS(t)
	html := []byte("<html><body>FICTIVE-DURAND</body></html>")
	for name, c := range map[string]struct {
		fault dicomwebtest.Fault
		want  error
		also  error
		held  int
	}{
		"401":            {dicomwebtest.Fault{Status: 401}, segur.ErrAuthentication, nil, 0},
		"403":            {dicomwebtest.Fault{Status: 403, ContentType: "text/html", Body: html}, segur.ErrAuthorization, nil, 0},
		"404":            {dicomwebtest.Fault{Status: 404}, segur.ErrNotFound, nil, 0},
		"409 no body":    {dicomwebtest.Fault{Status: 409}, segur.ErrConflict, nil, 0},
		"413":            {dicomwebtest.Fault{Status: 413}, segur.ErrTooLarge, nil, 0},
		"415":            {dicomwebtest.Fault{Status: 415}, segur.ErrProtocol, nil, 0},
		"429":            {dicomwebtest.Fault{Status: 429}, segur.ErrRateLimited, nil, 0},
		"503":            {dicomwebtest.Fault{Status: 503}, segur.ErrUnavailable, nil, 0},
		"500":            {dicomwebtest.Fault{Status: 500}, segur.ErrOutcomeUnknown, nil, 0},
		"error JSON":     {dicomwebtest.Fault{Status: 400, Body: []byte(`{"HttpError":"Bad Request","Details":"FICTIVE-DURAND"}`)}, segur.ErrRefused, nil, 0},
		"200 HTML":       {dicomwebtest.Fault{Status: 200, ContentType: "text/html", Body: html}, segur.ErrOutcomeUnknown, segur.ErrProtocol, 0},
		"204":            {dicomwebtest.Fault{Status: 204}, segur.ErrOutcomeUnknown, nil, 0},
		"lost answer":    {dicomwebtest.Fault{DropBeforeResponse: true}, segur.ErrOutcomeUnknown, segur.ErrUnavailable, 6},
		"cut answer":     {dicomwebtest.Fault{CutAfter: 100}, segur.ErrOutcomeUnknown, segur.ErrTruncated, 6},
		"short answer":   {dicomwebtest.Fault{TruncateAfter: 100}, segur.ErrOutcomeUnknown, segur.ErrTruncated, 6},
		"refused early":  {dicomwebtest.Fault{DropRequest: true}, segur.ErrOutcomeUnknown, segur.ErrUnavailable, 0},
		"bad XML":        {dicomwebtest.Fault{Status: 200, Body: []byte("<NativeDicomModel><DicomAttribute")}, segur.ErrOutcomeUnknown, segur.ErrTruncated, 0},
		"XML doctype":    {dicomwebtest.Fault{Status: 200, Body: []byte("<NativeDicomModel><!DOCTYPE x></NativeDicomModel>")}, segur.ErrOutcomeUnknown, segur.ErrProtocol, 0},
		"too large JSON": {dicomwebtest.Fault{Status: 200, Body: bytes.Repeat([]byte(" "), 20<<20)}, segur.ErrOutcomeUnknown, segur.ErrTooLarge, 0},
	} {
		t.Run(name, func(t *testing.T) {
			srv.Fail(c.fault)
			result, err := client.Store(t.Context(), dicomweb.StoreRequest{Instances: s.Contents()})
			require.ErrorIs(t, err, c.want)
			if c.also != nil {
				require.ErrorIs(t, err, c.also)
			}
			assert.Nil(t, result)
			assertPublic(t, err)
			var e *segur.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, "dicomweb.store", e.Op)
			assert.Equal(t, c.held, srv.Len())

			refs := make([]dicomweb.Ref, len(s.Instances))
			for i := range refs {
				refs[i] = s.Instances[i].Ref
			}
			missing, err := client.Missing(t.Context(), refs)
			require.NoError(t, err)
			assert.Len(t, missing, 6-c.held, "the call to make after an unknown outcome")
			if c.held > 0 {
				require.NoError(t, client.Delete(t.Context(), dicomweb.Ref{Study: s.UID}))
			}
		})
	}
}

// The answer cut at any byte is never taken for a success.
func TestStoreAnswerCutAtEveryByte(t *testing.T) {
	t.Parallel()
	srv, client := setup(t)
	s := study(t, 9, dicomwebtest.SampleOptions{Series: 1, Instances: 1})
	whole, err := client.Store(t.Context(), dicomweb.StoreRequest{Instances: s.Contents()})
	require.NoError(t, err)
	for cut := int64(1); cut < int64(len(whole.Raw)); cut++ {
		srv.Fail(dicomwebtest.Fault{TruncateAfter: cut})
		_, err := client.Store(t.Context(), dicomweb.StoreRequest{Instances: s.Contents()})
		require.ErrorIs(t, err, segur.ErrOutcomeUnknown, "cut at %d", cut)
	}
}

// The answers of a real server, as they were captured.
func TestStoreOrthancAnswers(t *testing.T) {
	t.Parallel()
	srv, client := setup(t)
	s := study(t, 10, dicomwebtest.SampleOptions{Series: 1, Instances: 2})
	srv.SetQuirks(dicomwebtest.Quirks{MixedStoreIs400: true, Forget: []string{s.Instances[1].Ref.Instance}})
	srv.Fail(dicomwebtest.Fault{Status: 400, Body: []byte(`{"00081198":{"vr":"SQ"},"00081199":{"vr":"SQ","Value":[{"00081155":{"vr":"UI","Value":["` +
		s.Instances[0].Ref.Instance + `"]}}]}}`)})
	result, err := client.Store(t.Context(), dicomweb.StoreRequest{Instances: s.Contents()})
	require.ErrorIs(t, err, segur.ErrPartial, "400 although one instance is stored")
	assert.Equal(t, dicomweb.Stored, result.Instances[0].Outcome)
	assert.Equal(t, dicomweb.Unaccounted, result.Instances[1].Outcome)
}

func TestStoreCancelled(t *testing.T) {
	t.Parallel()
	srv, client := setup(t)
	s := study(t, 11, dicomwebtest.SampleOptions{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := client.Store(ctx, dicomweb.StoreRequest{Instances: s.Contents()})
	require.ErrorIs(t, err, segur.ErrCanceled)
	require.ErrorIs(t, err, context.Canceled)
	late, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	_, err = client.Store(late, dicomweb.StoreRequest{Instances: s.Contents()})
	require.ErrorIs(t, err, segur.ErrTimeout, "a deadline that passed is no cancellation")

	srv.Fail(dicomwebtest.Fault{Hang: true})
	ctx, cancel = context.WithCancel(t.Context())
	sent := make(chan struct{})
	go func() {
		<-sent
		cancel()
	}()
	_, err = client.Store(ctx, dicomweb.StoreRequest{Instances: append(s.Contents()[:5:5], signalContent{s.Contents()[5], sent, new(int)})})
	require.ErrorIs(t, err, segur.ErrOutcomeUnknown, "%v", err)
	require.ErrorIs(t, err, context.Canceled)
	_, err = client.Store(t.Context(), dicomweb.StoreRequest{Instances: []segur.Content{badContent{s.Contents()[0]}}})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
}

// signalContent tells when it is opened to be sent: the second time.
type signalContent struct {
	segur.Content
	sent  chan struct{}
	opens *int
}

func (c signalContent) Open() (io.ReadCloser, error) {
	if *c.opens++; *c.opens == 2 {
		close(c.sent)
	}
	return c.Content.Open()
}

// badContent cannot be opened.
type badContent struct{ segur.Content }

func (badContent) Open() (io.ReadCloser, error) { return nil, errors.New("unreadable") }
