package dicomweb_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
)

// What is listed behind a short page is not missing; a server that cannot be asked further answers as far as it goes.
func TestMissingBehindShortPages(t *testing.T) {
	t.Parallel()
	const held, page = 5, 2
	refs := make([]dicomweb.Ref, held+1)
	for i := range refs {
		refs[i] = dicomweb.Ref{Study: "1.2", Series: "1.2.3", Instance: fmt.Sprintf("1.2.3.%d", i+1)}
	}
	for name, c := range map[string]struct {
		page    int
		after   func(w http.ResponseWriter) bool // answers what is behind the first page; false: rows
		ignored bool                             // offset
		want    []dicomweb.Ref
		err     error
		asked   int32
	}{
		"capped":         {page: page, want: refs[held:], asked: 4},
		"in one page":    {page: held, want: refs[held:], asked: 2},
		"offset ignored": {page: held, ignored: true, want: refs[held:], asked: 2},
		"offset refused": {page: held, after: func(w http.ResponseWriter) bool { w.WriteHeader(http.StatusBadRequest); return true }, want: refs[held:], asked: 2},
		"down":           {page: held, after: func(w http.ResponseWriter) bool { w.WriteHeader(http.StatusServiceUnavailable); return true }, err: segur.ErrUnavailable, asked: 2},
		"another study": {page: held, after: func(w http.ResponseWriter) bool {
			w.Header().Set("Content-Type", "application/dicom+json")
			_, _ = io.WriteString(w, `[{"0020000D":{"vr":"UI","Value":["1.9"]},"00080018":{"vr":"UI","Value":["1.2.3.6"]}}]`)
			return true
		}, err: segur.ErrProtocol, asked: 2},
	} {
		var asked atomic.Int32
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked.Add(1)
			from, _ := strconv.Atoi(r.URL.Query().Get("offset"))
			if from > 0 && c.after != nil && c.after(w) {
				return
			}
			if c.ignored {
				from = 0
			}
			var rows []string
			for i := from; i < min(from+c.page, held); i++ {
				rows = append(rows, `{"0020000D":{"vr":"UI","Value":["1.2"]},"0020000E":{"vr":"UI","Value":["1.2.3"]},"00080018":{"vr":"UI","Value":["`+refs[i].Instance+`"]}}`)
			}
			w.Header().Set("Content-Type", "application/dicom+json")
			_, _ = io.WriteString(w, "["+strings.Join(rows, ",")+"]")
		}))
		client := rawClient(t, srv.URL)
		got, err := client.Missing(t.Context(), refs)
		if c.err != nil {
			require.ErrorIs(t, err, c.err, name)
		} else {
			require.NoError(t, err, name)
			assert.Equal(t, c.want, got, name)
		}
		assert.Equal(t, c.asked, asked.Load(), name)
		asked.Store(0)
		got, err = client.Missing(t.Context(), refs[:1])
		require.NoError(t, err, name)
		assert.Empty(t, got, name)
		assert.Equal(t, int32(1), asked.Load(), "%s: what is found is not sought further", name)
		srv.Close()
	}
}
