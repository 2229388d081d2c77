package dicomweb_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
)

// TestAcceptanceReading runs the cases of damaged, odd and refused answers that a reading client must survive with a typed
// error or a correct result: each name is a line of the acceptance list. The same answer is given to the retrieval of a
// study of one instance and, where it is JSON, to a search.
func TestAcceptanceReading(t *testing.T) {
	t.Parallel()
	s := study(t, 270, dicomwebtest.SampleOptions{Series: 1, Instances: 1})
	file := string(s.Instances[0].File)
	const multi, dicomJSON = "multipart/related; type=application/dicom; boundary=", "application/dicom+json"
	part := "--B\r\nContent-Type: application/dicom\r\n\r\n" + file
	row := func(more string) string {
		return `{"0020000D":{"vr":"UI","Value":["` + s.UID + `"]}` + more + `}`
	}
	type answer struct {
		ct, body string
		status   int
		header   [2]string
		want     error
	}
	for name, a := range map[string]answer{
		"retrieve: 204":                               {status: 204, want: segur.ErrProtocol},
		"retrieve: 206":                               {multi + "B", part + "\r\n--B--", 206, [2]string{}, segur.ErrPartial},
		"retrieve: 429":                               {status: 429, header: [2]string{"Retry-After", "3600"}, want: segur.ErrRateLimited},
		"retrieve: 503 Retry-After":                   {status: 503, header: [2]string{"Retry-After", "3600"}, want: segur.ErrUnavailable},
		"retrieve: redirect to another host":          {status: 302, header: [2]string{"Location", "https://other.example/"}, want: segur.ErrProtocol},
		"retrieve: unquoted type":                     {multi + "B", part + "\r\n--B--", 0, [2]string{}, nil},
		"retrieve: boundary **":                       {multi + "**", strings.Replace(part, "--B", "--**", 1) + "\r\n--**--", 0, [2]string{}, nil},
		"retrieve: LF-only parts":                     {multi + "B", "--B\nContent-Type: application/dicom\n\n" + file + "\n--B--\n", 0, [2]string{}, nil},
		"retrieve: preamble and epilogue":             {multi + "B", "This is a preamble.\r\n" + part + "\r\n--B--\r\nepilogue", 0, [2]string{}, nil},
		"retrieve: part without headers":              {multi + "B", "--B\r\n\r\n" + file + "\r\n--B--", 0, [2]string{}, nil},
		"retrieve: parameters in another order":       {`multipart/related; boundary="B"; start="<a>"; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.1;;`, part + "\r\n--B--", 0, [2]string{}, nil},
		"retrieve: cut in payload":                    {multi + "B", part[:len(part)-50], 0, [2]string{}, segur.ErrTruncated},
		"retrieve: cut after inner delimiter":         {multi + "B", part + "\r\n--B\r\n", 0, [2]string{}, segur.ErrTruncated},
		"retrieve: cut within the closing delimiter":  {multi + "B", part + "\r\n--B-", 0, [2]string{}, segur.ErrTruncated},
		"retrieve: no line before the closing one":    {multi + "B", part + "--B--", 0, [2]string{}, segur.ErrTruncated},
		"retrieve: wrong part Content-Length":         {multi + "B", "--B\r\nContent-Length: 12\r\n\r\n" + file + "\r\n--B--", 0, [2]string{}, nil},
		"retrieve: wrong boundary":                    {multi + "C", part + "\r\n--B--", 0, [2]string{}, segur.ErrTruncated},
		"retrieve: no boundary said":                  {"multipart/related", part + "\r\n--B--", 0, [2]string{}, nil},
		"retrieve: empty body":                        {multi + "B", "", 0, [2]string{}, segur.ErrTruncated},
		"retrieve: HTML":                              {"text/html", "<html>", 0, [2]string{}, segur.ErrProtocol},
		"retrieve: archive instead of parts":          {"application/zip", "PK", 0, [2]string{}, segur.ErrProtocol},
		"search: 204":                                 {status: 204},
		"search: empty array":                         {ct: dicomJSON, body: "[]"},
		"search: 413":                                 {status: 413, want: segur.ErrTooLarge},
		"search: NaN and infinities":                  {ct: dicomJSON, body: "[" + row(`,"00280030":{"vr":"FD","Value":[NaN,1e+9999,-Infinity,null]}`) + "]"},
		"search: strings for numbers and the reverse": {ct: dicomJSON, body: "[" + row(`,"00280010":{"vr":"US","Value":["12"]},"00100020":{"vr":"LO","Value":[123]}`) + "]"},
		"search: one object":                          {ct: dicomJSON, body: row("")},
		"search: BOM":                                 {ct: dicomJSON, body: "\xEF\xBB\xBF[" + row("") + "]"},
		"search: application/json":                    {ct: "application/json; charset=UTF-8", body: "[" + row("") + "]\n"},
		"search: attribute that is no object":         {ct: dicomJSON, body: `[{"0020000D":"1.2"}]`, want: segur.ErrProtocol},
		"search: value that is no array":              {ct: dicomJSON, body: `[{"0020000D":{"vr":"UI","Value":{"a":1}}}]`, want: segur.ErrProtocol},
		"search: row that is no object":               {ct: dicomJSON, body: `[1]`, want: segur.ErrProtocol},
		"search: cut":                                 {ct: dicomJSON, body: "[" + row("") + ",", want: segur.ErrTruncated},
		"search: gzip that was not asked":             {ct: dicomJSON, body: gzipped("[" + row("") + "]"), header: [2]string{"Content-Encoding", "gzip"}, want: segur.ErrProtocol},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if a.ct != "" {
					w.Header().Set("Content-Type", a.ct)
				}
				if a.header[0] != "" {
					w.Header().Set(a.header[0], a.header[1])
				}
				if a.status != 0 {
					w.WriteHeader(a.status)
				}
				_, _ = io.WriteString(w, a.body)
			}))
			defer srv.Close()
			client := rawClient(t, srv.URL)
			var err error
			if strings.HasPrefix(name, "search") {
				_, err = collect(client.SearchStudies(t.Context(), dicomweb.Query{}))
			} else {
				var files [][]byte
				files, err = fetchAll(t.Context(), client, dicomweb.Ref{Study: s.UID})
				for _, f := range files {
					require.True(t, bytes.Equal(s.Instances[0].File, f), "what is given is whole")
				}
				if err == nil {
					require.Len(t, files, 1)
				}
			}
			if a.want == nil {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, a.want)
			var e *segur.Error
			require.ErrorAs(t, err, &e)
			if a.header[0] == "Retry-After" {
				assert.Equal(t, time.Hour, e.RetryAfter)
			}
			assertPublic(t, err)
		})
	}
}

func gzipped(s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, s)
	_ = w.Close()
	return b.String()
}

// A server that sends a byte now and then is not idle and not fast; one that stops is given up after the idle timeout.
func TestAcceptanceSlowBody(t *testing.T) {
	t.Parallel()
	s := study(t, 271, dicomwebtest.SampleOptions{Series: 1, Instances: 1})
	stall := make(chan struct{})
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "multipart/related; boundary=B")
		fmt.Fprintf(w, "--B\r\n\r\n%s", s.Instances[0].File[:1000])
		w.(http.Flusher).Flush()
		select {
		case <-stall:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(front.Close)
	t.Cleanup(func() { close(stall) })
	cfg := dicomweb.Config{ClientConfig: segur.ClientConfig{Environment: segur.Fake, IdleTimeout: 40 * time.Millisecond}, Endpoint: front.URL, PlainHTTP: true}
	_, err := fetchAll(t.Context(), newClient(t, cfg), dicomweb.Ref{Study: s.UID})
	require.ErrorIs(t, err, segur.ErrTimeout)
}

// A connection that the server closed between two requests is not seen by the caller.
func TestAcceptanceCutBetweenRequests(t *testing.T) {
	t.Parallel()
	s := study(t, 272, dicomwebtest.SampleOptions{Series: 1, Instances: 1})
	srv, client, _, _ := plain(t)
	add(t, srv, s)
	for range 3 {
		_, err := fetchAll(t.Context(), client, dicomweb.Ref{Study: s.UID})
		require.NoError(t, err)
		srv.Fail(dicomwebtest.Fault{Op: dicomwebtest.OpRetrieve, DropRequest: true}) // net/http meets a dead connection, and repeats
	}
}
