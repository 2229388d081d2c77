package ebrim_test

import (
	"bytes"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/internal/ebrim"
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/internal/xmlr"
	"github.com/segur-sdk/segur/internal/xmlw"
)

func parse(tb testing.TB, b []byte) *xmlr.Node {
	tb.Helper()
	n, err := xmlr.Parse(b, xmlr.Options{})
	require.NoError(tb, err)
	return n
}

// element finds the first element of that local name.
func element(tb testing.TB, root *xmlr.Node, local string) *xmlr.Node {
	tb.Helper()
	for n := range root.Walk() {
		if n.Name.Local == local {
			return n
		}
	}
	require.Fail(tb, "no element "+local)
	return nil
}

func write(tb testing.TB, f func(*xmlw.Writer)) []byte {
	tb.Helper()
	w := xmlw.New(nil)
	f(w)
	b, err := w.Bytes()
	require.NoError(tb, err)
	return b
}

var betweenTags = regexp.MustCompile(`>\s+<`)

// canonical is the sample as libxml2 canonicalises it, without the line breaks
// that its author put between elements.
func canonical(tb testing.TB, raw []byte) []byte {
	tb.Helper()
	c, err := xmlr.Canonicalize(nil, raw, xmlr.Canonical{})
	require.NoError(tb, err)
	return betweenTags.ReplaceAll(bytes.TrimSpace(c), []byte("><"))
}

func apex(tb testing.TB, doc []byte, local string) []byte {
	tb.Helper()
	n := element(tb, parse(tb, doc), local)
	c, err := xmlr.Canonicalize(nil, doc, xmlr.Canonical{Mode: xmlr.Exclusive, Apex: n})
	require.NoError(tb, err)
	return c
}

// What is read from an official submission and written again is the same XML.
func TestOfficialSubmissionsSurvive(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"td2.1-submitobjects-cda.xml", "td2.1-submitobjects-kos.xml", "td2.1-submitobjects-replace.xml",
		"td3.3a-mask.xml", "td3.3c-delete.xml", "td3.3d-archive.xml", "td3.3d-unarchive.xml",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc := testkit.ReadShared(t, "dmp/samples/"+name)
			request := apex(t, doc, "SubmitObjectsRequest")
			r, err := ebrim.ReadList(parse(t, request))
			require.NoError(t, err)
			assert.Empty(t, r.Warnings)
			got := write(t, func(w *xmlw.Writer) { ebrim.WriteSubmitObjects(w, r.Objects) })
			// Exclusive form, so that only the namespaces in use count.
			again := apex(t, got, "SubmitObjectsRequest")
			assert.Empty(t, testkit.Diff(canonical(t, request), canonical(t, again)))
		})
	}
}

func TestOfficialQueriesSurvive(t *testing.T) {
	t.Parallel()
	for name, parameters := range map[string]int{
		"td3.1a-find-documents.xml": 3, "td3.1a-find-imaging-last-2-years.xml": 6, "td3.1b-get-documents-by-uniqueid.xml": 1,
		"td3.1-find-by-reference-id.xml": 3, "td3.1-find-submission-sets.xml": 3, "td3.1-get-associations.xml": 1,
		"td3.1-get-documents-and-associations.xml": 1,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			request := apex(t, testkit.ReadShared(t, "dmp/samples/"+name), "AdhocQueryRequest")
			q, err := ebrim.ReadQuery(parse(t, request))
			require.NoError(t, err)
			assert.Len(t, q.Parameters, parameters)
			for _, p := range q.Parameters {
				_, err := q.Parameter(p.Name)
				assert.NoError(t, err, p.Name)
			}
			again := apex(t, write(t, func(w *xmlw.Writer) { ebrim.WriteQuery(w, q) }), "AdhocQueryRequest")
			assert.Empty(t, testkit.Diff(canonical(t, request), canonical(t, again)))
		})
	}
}

func TestOfficialAnswers(t *testing.T) {
	t.Parallel()
	n := element(t, parse(t, testkit.ReadShared(t, "dmp/samples/td3.1a-response.xml")), "AdhocQueryResponse")
	r, err := ebrim.ReadResponse(n)
	require.NoError(t, err)
	assert.Equal(t, ebrim.StatusSuccess, r.Status)
	list, err := ebrim.ReadList(n)
	require.NoError(t, err)
	require.NotEmpty(t, list.Objects)
	assert.Equal(t, ebrim.ExtrinsicObject, list.Objects[0].Kind)
	assert.Equal(t, "1", list.Objects[0].Version)
	assert.Equal(t, "1.2.250.1.213.4.1.1.1.2", list.Objects[0].Value("repositoryUniqueId"))

	n = element(t, parse(t, testkit.ReadShared(t, "dmp/samples/td3.1b-response.xml")), "AdhocQueryResponse")
	list, err = ebrim.ReadList(n)
	require.NoError(t, err)
	require.Len(t, list.Objects, 1)
	assert.Equal(t, ebrim.ObjectRef, list.Objects[0].Kind)
	assert.Equal(t, "urn:uuid:0f0f0f0f-1111-4222-8333-444444444444", list.Objects[0].ID)

	n = element(t, parse(t, testkit.ReadShared(t, "dmp/samples/td2.1-response-failure.unsure.xml")), "RegistryResponse")
	r, err = ebrim.ReadResponse(n)
	require.NoError(t, err)
	assert.Equal(t, ebrim.StatusFailure, r.Status)
	require.NotEmpty(t, r.Errors)
	assert.NotEmpty(t, r.Errors[0].Code)
	again, err := ebrim.ReadResponse(parse(t, write(t, func(w *xmlw.Writer) { ebrim.WriteResponse(w, r) })))
	require.NoError(t, err)
	assert.Equal(t, r, again)
}

// DRIM-M samples break several rules; each is accepted and named.
func TestQuirksOfDRIMSamples(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][]string{
		"drim/xds_cross_validateur.xml":      {"two classifications or identifiers have this id"},
		"drim/invisible_masque_metadata.xml": {"a classification names another object: it is taken as one of the object around it", "two classifications or identifiers have this id"},
		"drim/xds_validateur.xml":            nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := element(t, parse(t, testkit.ReadShared(t, name)), "SubmitObjectsRequest")
			r, err := ebrim.ReadList(n)
			require.NoError(t, err)
			var got []string
			for _, w := range r.Warnings {
				assert.Equal(t, "warning", w.Severity)
				got = append(got, w.Message)
			}
			for _, w := range want {
				assert.Contains(t, got, w)
			}
			if want == nil {
				assert.Empty(t, got)
			}
		})
	}
}
