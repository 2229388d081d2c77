package dicomweb_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
)

// What a server has, before the first examination goes there.
func ExampleClient_Probe() {
	srv := dicomwebtest.NewServer(dicomwebtest.WithQuirks(dicomwebtest.Quirks{NoUPS: true}))
	defer srv.Close()
	client, err := dicomweb.New(srv.Config())
	if err != nil {
		log.Fatal(err)
	}
	found, err := client.Probe(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("search:", found.Search.Support)
	fmt.Println("worklists:", found.Worklist.Support, found.Worklist.Status)
	fmt.Println(found.Resources[0].Path, found.Resources[0].Methods)
	// Output:
	// search: yes
	// worklists: no 404
	// studies [GET POST]
}

// Each answer is read for what it says, and no more.
func TestProbe(t *testing.T) {
	t.Parallel()
	srv, client := setup(t)
	ask := func() *dicomweb.Capabilities {
		t.Helper()
		c, err := client.Probe(t.Context())
		require.NoError(t, err)
		return c
	}
	whole := ask()
	for _, a := range []dicomweb.ServiceAnswer{whole.Search, whole.Worklist} {
		assert.Equal(t, dicomweb.ServiceAnswer{Support: dicomweb.Supported, Status: 204}, a)
	}
	assert.Equal(t, dicomweb.ServiceAnswer{Support: dicomweb.Supported, Status: 200}, whole.Description)
	assert.Equal(t, "application/vnd.sun.wadl+xml", whole.MediaType)
	assert.Contains(t, whole.Resources, dicomweb.CapabilityResource{Path: "studies/{study}", Methods: []string{"GET", "POST", "DELETE"}})
	add(t, srv, study(t, 1, dicomwebtest.SampleOptions{}))
	assert.Equal(t, dicomweb.ServiceAnswer{Support: dicomweb.Supported, Status: 200}, ask().Search)

	for name, c := range map[string]struct {
		status  int
		support dicomweb.Support
		kind    segur.Kind
	}{
		"absent":      {404, dicomweb.Unsupported, segur.KindNotFound},
		"method":      {405, dicomweb.Unsupported, segur.KindRefused},
		"not built":   {501, dicomweb.Unsupported, segur.KindRefused},
		"who are you": {401, dicomweb.SupportUnknown, segur.KindAuthentication},
		"not you":     {403, dicomweb.SupportUnknown, segur.KindAuthorization},
		"busy":        {503, dicomweb.SupportUnknown, segur.KindUnavailable},
		"portal":      {200, dicomweb.SupportUnknown, segur.KindProtocol},
	} {
		for _, op := range []string{dicomwebtest.OpOptions, dicomwebtest.OpSearch, dicomwebtest.OpUPSSearch} {
			srv.Fail(dicomwebtest.HTML(op, c.status))
			found := ask()
			answers := map[string]dicomweb.ServiceAnswer{dicomwebtest.OpOptions: found.Description, dicomwebtest.OpSearch: found.Search, dicomwebtest.OpUPSSearch: found.Worklist}
			for other, a := range answers {
				if other == op {
					assert.Equal(t, c.support, a.Support, "%s %s", name, op)
					assert.Equal(t, c.status, a.Status, "%s %s", name, op)
					assert.Equal(t, c.kind, segur.KindOf(a.Err), "%s %s", name, op)
				} else {
					assert.Equal(t, dicomweb.Supported, a.Support, "%s: %s beside %s", name, other, op)
				}
			}
		}
	}
	srv.Fail(dicomwebtest.Fault{Op: dicomwebtest.OpOptions, DropRequest: true, Times: 2}) // net/http tries once more on another connection
	found := ask()
	require.ErrorIs(t, found.Description.Err, segur.ErrUnavailable)
	assert.Zero(t, found.Description.Status)
	srv.SetQuirks(dicomwebtest.Quirks{NoUPS: true, NoDescription: true})
	assert.Equal(t, dicomweb.Unsupported, ask().Worklist.Support)
	_, err := collect(client.SearchStudies(t.Context(), dicomweb.Query{}))
	require.NoError(t, err, "what was found changes nothing")
	srv.Close()
	_, err = client.Probe(t.Context())
	require.ErrorIs(t, err, segur.ErrUnavailable)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = client.Probe(ctx)
	require.ErrorIs(t, err, segur.ErrCanceled)
}

// A description is read within bounds, and refused with a document type.
func TestProbeDescriptions(t *testing.T) {
	t.Parallel()
	const wadl = "application/vnd.sun.wadl+xml"
	resource := func(path, inner string) string {
		return `<resource path="` + path + `"><method name="GET"/>` + inner + `</resource>`
	}
	var answer atomic.Pointer[[2]string]
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", answer.Load()[0])
		_, _ = io.WriteString(w, answer.Load()[1])
	}))
	t.Cleanup(front.Close)
	client := rawClient(t, front.URL)
	for name, c := range map[string]struct {
		ct, text string
		want     dicomweb.Support
		n        int
	}{
		"nested":        {wadl, `<a xmlns="http://wadl.dev.java.net/2009/02"><resources>` + resource("/studies/", resource("{study}", resource("series", ""))) + `</resources></a>`, dicomweb.Supported, 3},
		"json":          {"application/json; charset=utf-8", `{"resources":[]}`, dicomweb.Supported, 0},
		"bad json":      {"application/json", `{`, dicomweb.SupportUnknown, 0},
		"document type": {wadl, `<!DOCTYPE a [<!ENTITY b "c">]><a/>`, dicomweb.SupportUnknown, 0},
		"cut":           {wadl, `<a><resources>`, dicomweb.SupportUnknown, 0},
		"too large":     {wadl, `<a>` + strings.Repeat(" ", 1<<20) + `</a>`, dicomweb.SupportUnknown, 0},
		"too many":      {wadl, `<a><resources>` + strings.Repeat(resource("b", ""), 1500) + `</resources></a>`, dicomweb.Supported, 1000},
		"too long":      {wadl, `<a>` + resource(strings.Repeat("b", 1000), resource(strings.Repeat("c", 1000), "")) + `</a>`, dicomweb.SupportUnknown, 0},
		"too deep":      {wadl, strings.Repeat(`<resource path="b">`, 40) + strings.Repeat(`</resource>`, 40), dicomweb.SupportUnknown, 0},
		"page":          {"text/html", "<html/>", dicomweb.SupportUnknown, 0},
	} {
		answer.Store(&[2]string{c.ct, c.text})
		found, err := client.Probe(t.Context())
		require.NoError(t, err, name)
		assert.Equal(t, c.want, found.Description.Support, name)
		assert.Len(t, found.Resources, c.n, name)
		if c.want == dicomweb.Supported {
			assert.Equal(t, c.text, string(found.Text), name)
			require.NoError(t, found.Description.Err, name)
		} else {
			require.ErrorIs(t, found.Description.Err, segur.ErrProtocol, name)
			assert.Empty(t, found.Text, name)
		}
		if name == "nested" {
			assert.Equal(t, "studies/{study}/series", found.Resources[2].Path)
		}
	}
}
