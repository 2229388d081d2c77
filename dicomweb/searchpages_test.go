package dicomweb_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
)

// A server that takes the offset off the rows that the limit left has an empty second page: the rows that are behind it
// are fetched, and not forgotten.
func TestSearchPagesThatMove(t *testing.T) {
	t.Parallel()
	srv, client, rec, _ := plain(t, dicomwebtest.WithQuirks(dicomwebtest.Quirks{LimitFirst: true}))
	var want []string
	for i := range uint64(7) {
		s := study(t, 300+i, dicomwebtest.SampleOptions{Series: 1, Instances: 1})
		add(t, srv, s)
		want = append(want, s.UID)
	}
	for _, empty := range []bool{false, true} {
		srv.SetQuirks(dicomwebtest.Quirks{LimitFirst: true, EmptyArray: empty})
		for _, q := range []dicomweb.Query{{PageSize: 1}, {PageSize: 2}, {PageSize: 3}, {PageSize: 6}, {PageSize: 7}, {}, {PageSize: 2, Limit: 7}, {PageSize: 3, Limit: 5}} {
			rows, err := collect(client.SearchStudies(t.Context(), q))
			require.NoError(t, err, "%+v", q)
			var got []string
			for _, r := range rows {
				got = append(got, r.UID)
			}
			if q.Limit == 0 {
				q.Limit = 7
			}
			assert.Equal(t, want[:q.Limit], got, "%+v", q)
		}
	}
	srv.SetQuirks(dicomwebtest.Quirks{})
	rec.take()
	rows, err := collect(client.SearchStudies(t.Context(), dicomweb.Query{PageSize: 7}))
	require.NoError(t, err)
	assert.Len(t, rows, 7)
	var asked []string
	for _, r := range rec.take() {
		asked = append(asked, r.URL.RawQuery)
	}
	assert.Equal(t, []string{"limit=7&offset=0", "limit=7&offset=7", "limit=1&offset=6"}, asked, "the last row is where it was")

	srv.SetQuirks(dicomwebtest.Quirks{LimitFirst: true})
	srv.Fail(dicomwebtest.Fault{Op: dicomwebtest.OpSearch, After: 2, Status: http.StatusInternalServerError})
	_, err = collect(client.SearchStudies(t.Context(), dicomweb.Query{PageSize: 5}))
	require.Error(t, err, "whether there are more is not known")
}

// A server that does not decode the query finds nobody whose name has a "^": it is asked once more, and after that as it
// wants to be.
func TestSearchLiteralQuery(t *testing.T) {
	t.Parallel()
	srv, client, rec, base := plain(t, dicomwebtest.WithQuirks(dicomwebtest.Quirks{LiteralQuery: true}))
	s := study(t, 310, dicomwebtest.SampleOptions{Series: 1, Instances: 1})
	add(t, srv, s)
	search := func(name string) (found int, queries []string) {
		t.Helper()
		rows, err := collect(client.SearchStudies(t.Context(), dicomweb.Query{PatientName: name}))
		require.NoError(t, err)
		for _, r := range rec.take() {
			queries = append(queries, r.URL.RawQuery)
		}
		return len(rows), queries
	}
	found, asked := search("NOBODY^CAMILLE")
	assert.Zero(t, found)
	assert.Equal(t, []string{"00100010=NOBODY%5ECAMILLE&limit=200&offset=0", "00100010=NOBODY^CAMILLE&limit=200&offset=0"}, asked)
	found, asked = search("FICTIVE-DURAND^CAM*")
	assert.Equal(t, 1, found)
	assert.Len(t, asked, 2)
	found, asked = search("FICTIVE-?URAND^C*")
	assert.Equal(t, 1, found)
	assert.Equal(t, []string{"00100010=FICTIVE-?URAND^C*&limit=200&offset=0"}, asked, "it is known by then")

	// A server that decodes is asked twice only as long as nothing was found by a name.
	srv.SetQuirks(dicomwebtest.Quirks{})
	client = rawClient(t, base)
	found, asked = search("FICTIVE-DURAND^CAM*")
	assert.Equal(t, 1, found)
	assert.Len(t, asked, 1)
	found, asked = search("NOBODY^CAMILLE")
	assert.Zero(t, found)
	assert.Len(t, asked, 1)
}

// A server that refuses the sign has answered before: there is nobody.
func TestSearchLiteralQueryRefused(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusBadRequest, http.StatusForbidden, http.StatusInternalServerError, http.StatusNoContent} {
		calls := 0
		front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if calls++; calls == 1 {
				w.WriteHeader(http.StatusNoContent)
				return
			}
			w.WriteHeader(status)
		}))
		client := rawClient(t, front.URL)
		rows, err := collect(client.SearchStudies(t.Context(), dicomweb.Query{PatientName: "A^B"}))
		front.Close()
		require.NoError(t, err, status)
		assert.Empty(t, rows)
		assert.Equal(t, 2, calls)
	}
	// Rows of other patients are not taken for an answer.
	calls := 0
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/dicom+json")
		if calls++; calls == 1 {
			_, _ = w.Write([]byte("[]"))
			return
		}
		_, _ = w.Write([]byte(`[{"0020000D":{"vr":"UI","Value":["1.2"]},"00100020":{"vr":"LO","Value":["IPP-2"]}}]`))
	}))
	t.Cleanup(front.Close)
	rows, err := collect(rawClient(t, front.URL).SearchStudies(t.Context(), dicomweb.Query{PatientName: "A^B", PatientID: "IPP-1"}))
	assert.Empty(t, rows)
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, dicomweb.CodeFilterIgnored, e.Code)
}
