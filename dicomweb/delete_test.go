package dicomweb_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
)

func TestDelete(t *testing.T) {
	t.Parallel()
	srv, client := setup(t)
	s := study(t, 220, dicomwebtest.SampleOptions{})
	add(t, srv, s)
	ref := s.Instances[0].Ref
	require.NoError(t, client.Delete(t.Context(), ref))
	assert.Equal(t, 5, srv.Len())
	require.ErrorIs(t, client.Delete(t.Context(), ref), segur.ErrNotFound)
	require.NoError(t, client.Delete(t.Context(), dicomweb.Ref{Study: ref.Study, Series: ref.Series}))
	assert.Equal(t, 3, srv.Len())
	require.NoError(t, client.Delete(t.Context(), dicomweb.Ref{Study: ref.Study}))
	assert.Zero(t, srv.Len())
	require.ErrorIs(t, client.Delete(t.Context(), dicomweb.Ref{Study: "..", Instance: "1"}), segur.ErrInvalidInput)
	require.ErrorIs(t, client.Delete(t.Context(), dicomweb.Ref{}), segur.ErrInvalidInput, "never everything")

	// What was deleted may be stored again.
	_, err := client.Store(t.Context(), dicomweb.StoreRequest{Instances: s.Contents()})
	require.NoError(t, err)
	srv.Fail(dicomwebtest.Fault{Op: dicomwebtest.OpDelete, Status: 202}, dicomwebtest.Fault{Op: dicomwebtest.OpDelete, Status: 200},
		dicomwebtest.Fault{Op: dicomwebtest.OpDelete, Status: 403}, dicomwebtest.Fault{Op: dicomwebtest.OpDelete, Status: 501})
	require.NoError(t, client.Delete(t.Context(), ref), "by a task of the server")
	require.NoError(t, client.Delete(t.Context(), ref))
	require.ErrorIs(t, client.Delete(t.Context(), ref), segur.ErrAuthorization)
	assert.Equal(t, dicomweb.CodeNotSupported, codeOf(t, client.Delete(t.Context(), ref)))
	srv.SetQuirks(dicomwebtest.Quirks{NoDelete: true})
	assert.Equal(t, dicomweb.CodeNotSupported, codeOf(t, client.Delete(t.Context(), ref)), "Orthanc: 405")
	assert.Equal(t, 6, srv.Len())
	srv.SetQuirks(dicomwebtest.Quirks{})
	srv.Fail(dicomwebtest.Fault{Op: dicomwebtest.OpDelete, DropBeforeResponse: true})
	require.ErrorIs(t, quick(t, srv).Delete(t.Context(), ref), segur.ErrNotFound, "the first attempt did it, and its answer was lost")
	assert.Equal(t, 5, srv.Len())
}
