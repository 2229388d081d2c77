package dmp_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha1" //nolint:gosec // see TestSignatureOfSeveralDocuments
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/dmptest"
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/internal/xmlr"
)

// sent is a submission as it went over the wire.
type sent struct {
	head  *http.Request
	root  []byte
	parts map[string][]byte // by Content-ID
	types map[string]string
}

// submitted publishes a report, or these documents, and returns what evidence
// holds of it.
func submitted(tb testing.TB, documents ...dmp.SubmissionDocument) (*dmptest.Server, *dmp.Sealed, *dmp.Receipt, sent, *memoryEvidence) {
	tb.Helper()
	srv := fake(tb)
	evidence := &memoryEvidence{}
	client := newClient(tb, srv, func(c *dmp.Config) { c.Evidence = evidence })
	sealed := prepared(tb, client, documents...)
	receipt, err := client.Submit(context.Background(), sealed)
	require.NoError(tb, err)
	x := evidence.last()
	assert.Equal(tb, "dmp.submit", x.op)
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(x.request.Bytes())))
	require.NoError(tb, err)
	_, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	require.NoError(tb, err)
	s := sent{head: r, parts: map[string][]byte{}, types: map[string]string{}}
	mr := multipart.NewReader(r.Body, params["boundary"])
	for {
		p, err := mr.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(tb, err)
		b, err := io.ReadAll(p)
		require.NoError(tb, err)
		id := p.Header.Get("Content-ID")
		if id == params["start"] {
			s.root = b
			continue
		}
		s.parts[id], s.types[id] = b, p.Header.Get("Content-Type")
		assert.Equal(tb, "binary", p.Header.Get("Content-Transfer-Encoding"))
	}
	return srv, sealed, receipt, s, evidence
}

// Evidence holds the bytes of the wire: the request that the service received
// and the answer that it gave.
func TestEvidence(t *testing.T) {
	t.Parallel()
	srv, sealed, receipt, s, evidence := submitted(t)
	calls := srv.Calls()
	require.Len(t, calls, 1)
	assert.Equal(t, calls[0].Envelope, s.root)
	assert.Equal(t, receipt.MessageID, calls[0].MessageID)
	assert.Equal(t, srv.Documents()[0].Content, s.parts["<Document01@segur>"])
	assert.Equal(t, srv.Submissions()[0].Signature, s.parts["<Signature01@segur>"])
	assert.Len(t, s.parts, 2)
	assert.Equal(t, "/si-dmp-server/v2/services/repository", s.head.URL.Path)
	assert.Equal(t, sealed.Entries()[0].Size, int64(len(s.parts["<Document01@segur>"])))
	assert.Positive(t, s.head.ContentLength, "the length is known before the first byte")
	assert.Contains(t, evidence.last().response.String(), statusSuccess)
	assert.Contains(t, evidence.last().response.String(), "HTTP/1.1 200 OK\r\n")
	assert.NotContains(t, s.head.URL.String(), dmptest.Patient().INS.Matricule())
}

// xmlsec1 accepts the assertion inside the envelope, and the lot signature.
func TestSignaturesForXMLSec(t *testing.T) {
	t.Parallel()
	_, _, _, s, _ := submitted(t)
	root, err := xmlr.Parse(s.root, xmlr.Options{})
	require.NoError(t, err)
	assertion := root.Find("*", "Header/Security/Assertion")
	require.NotNil(t, assertion)
	require.NoError(t, testkit.XMLSec1Verify(t, assertion.Raw(), testkit.XMLSecSAML...), "taken out of the envelope")
	require.NoError(t, testkit.XMLSec1Verify(t, s.root, testkit.XMLSecSAML...), "inside the envelope")
	signature := s.parts["<Signature01@segur>"]
	require.NoError(t, testkit.XMLSec1Verify(t, signature, testkit.XMLSecXAdES...))
	require.Error(t, testkit.XMLSec1Verify(t, bytes.Replace(signature, []byte("urn:oid:1.2.250.1.999.5"), []byte("urn:oid:1.2.250.1.999.6"), 1), testkit.XMLSecXAdES...))
}

// One signature covers a lot of several documents: of a CDA the canonical form,
// of a DICOM file the bytes, in their order.
func TestSignatureOfSeveralDocuments(t *testing.T) {
	t.Parallel()
	first, second := newReport(t), newReport(t)
	_, sealed, _, s, _ := submitted(t, dmp.SubmissionDocument{Document: first},
		dmp.SubmissionDocument{Content: sampleKOS(), Entry: kosEntry(first)}, dmp.SubmissionDocument{Document: second})
	signature := s.parts["<Signature01@segur>"]
	require.NoError(t, testkit.XMLSec1Verify(t, signature, testkit.XMLSecXAdES...))
	require.Error(t, testkit.XMLSec1Verify(t, bytes.Replace(signature, []byte(sealed.DocumentIDs()[2]), []byte("1.2.250.1.999.5.6"), 1), testkit.XMLSecXAdES...))
	root, err := xmlr.Parse(signature, xmlr.Options{})
	require.NoError(t, err)
	references := root.All("*", "Object/Manifest/Reference")
	require.Len(t, references, 4)
	assert.Equal(t, "urn:oid:"+sealed.SubmissionSetID(), references[0].Attr("URI"))
	for i, id := range sealed.DocumentIDs() {
		part := s.parts[fmt.Sprintf("<Document%02d@segur>", i+1)]
		want := part
		if i != 1 {
			want = testkit.XMLLintC14NBytes(t, part, testkit.C14NInclusive)
		}
		sum := sha1.Sum(want) //nolint:gosec // what the service asks for
		assert.Equal(t, "urn:oid:"+id, references[i+1].Attr("URI"))
		assert.Equal(t, base64.StdEncoding.EncodeToString(sum[:]), references[i+1].Child("*", "DigestValue").TrimText())
		assert.Equal(t, i != 1, references[i+1].Child("*", "Transforms") != nil)
	}
}

// The digest in the manifest is that of the canonical form of libxml2.
func TestManifestForLibxml2(t *testing.T) {
	t.Parallel()
	_, _, _, s, _ := submitted(t)
	canonical := testkit.XMLLintC14NBytes(t, s.parts["<Document01@segur>"], testkit.C14NInclusive)
	manifest, _, err := dmp.ManifestDigest(segur.BytesContent(canonical), false, false)
	require.NoError(t, err)
	assert.Contains(t, string(s.parts["<Signature01@segur>"]), base64Of(manifest))
}

// shape lists the paths of elements and attributes of a message, each once, in
// a form that does not depend on prefixes.
func shape(tb testing.TB, b []byte, drop *regexp.Regexp) []string {
	tb.Helper()
	root, err := xmlr.Parse(b, xmlr.Options{})
	require.NoError(tb, err)
	seen := map[string]bool{}
	var walk func(n *xmlr.Node, path string)
	walk = func(n *xmlr.Node, path string) {
		path += "/{" + n.Name.Space + "}" + n.Name.Local
		if n.Is("urn:oasis:names:tc:SAML:2.0:assertion", "Assertion") {
			return // judged by package saml
		}
		for _, a := range n.Attrs {
			switch a.Local {
			case "name", "classificationScheme", "identificationScheme", "associationType", "objectType":
				path += "[" + a.Local + "=" + a.Value + "]"
			}
		}
		for _, a := range n.Attrs {
			seen[path+"/@"+a.Local] = true
		}
		seen[path] = true
		for _, c := range n.Children {
			walk(c, path)
		}
	}
	walk(root, "")
	var out []string
	for p := range seen {
		if drop == nil || !drop.MatchString(p) {
			out = append(out, p)
		}
	}
	slices.Sort(out)
	return out
}

// Our request has what the official sample has, and nothing else.
func TestRequestHasTheShapeOfTheSample(t *testing.T) {
	t.Parallel()
	sample := testkit.ReadShared(t, "dmp/samples/td2.1-request-envelope.xml")
	_, _, _, s, _ := submitted(t)
	want, got := shape(t, sample, nil), shape(t, s.root, nil)
	var missing, extra []string
	for _, p := range want {
		if !slices.Contains(got, p) {
			missing = append(missing, p)
		}
	}
	for _, p := range got {
		if !slices.Contains(want, p) {
			extra = append(extra, p)
		}
	}
	for _, p := range missing {
		t.Error("missing:", p)
	}
	// We say hash and size of the signature too.
	for _, p := range extra {
		assert.True(t, strings.Contains(p, "[name=hash]") || strings.Contains(p, "[name=size]"), p)
	}
}

// Headers of every call, as the service wants them.
func TestAddressing(t *testing.T) {
	t.Parallel()
	_, _, receipt, s, _ := submitted(t)
	root, err := xmlr.Parse(s.root, xmlr.Options{})
	require.NoError(t, err)
	h := root.Child("*", "Header")
	assert.Equal(t, "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b", h.Child("*", "Action").TrimText())
	assert.Equal(t, receipt.MessageID, h.Child("*", "MessageID").TrimText())
	assert.True(t, strings.HasSuffix(h.Child("*", "To").TrimText(), "/si-dmp-server/v2/services/repository"))
	assert.Equal(t, "http://www.w3.org/2005/08/addressing/anonymous", h.Find("*", "ReplyTo/Address").TrimText())
	assert.Contains(t, s.head.Header.Get("Content-Type"), `start-info="application/soap+xml"`)
}
