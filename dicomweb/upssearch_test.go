package dicomweb_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/dicomweb"
)

// Every form of a key reaches the server, and the workitems are held against it.
func TestWorkitemKeys(t *testing.T) {
	t.Parallel()
	var last atomic.Value
	asked := func() string { s, _ := last.Load().(string); return s }
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		last.Store(r.URL.RawQuery)
		w.Header().Set("Content-Type", "application/dicom+json")
		_, _ = io.WriteString(w, `[{"00080018":{"vr":"UI","Value":["2.25.1"]},"00100020":{"vr":"LO","Value":["IPP-0001"]},
			"00741204":{"vr":"LO","Value":["Relecture"]}}]`)
	}))
	t.Cleanup(front.Close)
	client := rawClient(t, front.URL)
	find := func(m dicomweb.Match) error {
		_, err := collect(client.SearchWorkitems(t.Context(), dicomweb.WorkitemQuery{Match: []dicomweb.Match{m}}))
		return err
	}
	const id, label = dicomweb.TagPatientID, dicomweb.TagProcedureStepLabel
	require.NoError(t, find(dicomweb.OneOf(id, "IPP-0001", "IPP-0002")))
	assert.Contains(t, asked(), "00100020=IPP-0001,IPP-0002&multiplevaluematching=true")
	requireCode(t, find(dicomweb.OneOf(id, "IPP-0002", "IPP-0003")), dicomweb.CodeFilterIgnored)
	requireCode(t, find(dicomweb.Absent(id)), dicomweb.CodeFilterIgnored)
	assert.Contains(t, asked(), "00100020=%22%22&emptyvaluematching=true")
	require.NoError(t, find(dicomweb.Absent(dicomweb.TagWorklistLabel)))
	require.NoError(t, find(dicomweb.Equal(label, "rel*")))
	requireCode(t, find(dicomweb.Equal(label, "autre*")), dicomweb.CodeFilterIgnored)
	require.Error(t, find(dicomweb.Match{Path: []dicomweb.Tag{id}, Value: "IPP-0001", Empty: true}), "one form at a time")
	_, err := client.Subscribe(t.Context(), dicomweb.Subscription{AETitle: "A", Workitem: dicomweb.UPSFiltered, Match: []dicomweb.Match{dicomweb.OneOf(id, "IPP-0001", "IPP-0002")}})
	require.NoError(t, err)
	assert.Equal(t, "00100020=IPP-0001,IPP-0002&multiplevaluematching=true", asked())
}

// A worklist of which the server keeps a part back is not called whole.
func TestWorkitemsHeldBack(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status  int
		warning string
		code    string
	}{
		"whole":   {200, "", ""},
		"206":     {206, "", dicomweb.CodeHeldBack},
		"warning": {200, `299 pacs "There are 7 additional results that can be requested"`, dicomweb.CodeHeldBack},
		"another": {200, `299 pacs "The fuzzymatching parameter is not supported"`, ""},
	} {
		for _, empty := range []int{200, 204} {
			front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/dicom+json")
				if r.URL.Query().Get("offset") != "0" {
					if w.WriteHeader(empty); empty == 200 {
						_, _ = io.WriteString(w, "[]")
					}
					return
				}
				if c.warning != "" {
					w.Header().Set("Warning", c.warning)
				}
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, `[{"00080018":{"vr":"UI","Value":["2.25.1"]}}]`)
			}))
			rows, err := collect(rawClient(t, front.URL).SearchWorkitems(t.Context(), dicomweb.WorkitemQuery{}))
			assert.Len(t, rows, 1, name)
			if c.code == "" {
				require.NoError(t, err, name)
			} else {
				requireCode(t, err, c.code)
			}
			front.Close()
		}
	}
}
