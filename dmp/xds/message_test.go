package xds_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/internal/testkit/fixed"
)

func TestProvideAndRegister(t *testing.T) {
	t.Parallel()
	s := lot(t)
	s.Entries[0].Replaces = "urn:uuid:0f0f0f0f-0000-4000-8000-000000000001"
	s.Number()
	_, err := s.Validate(xds.Rules{})
	require.NoError(t, err)
	b, err := s.AppendProvideAndRegister([]byte("prefix"), func(id string) string { return "cid:" + id + "@fictif" })
	require.NoError(t, err)
	b, ok := bytes.CutPrefix(b, []byte("prefix"))
	require.True(t, ok, "the encoder appends")
	testkit.Golden(t, "provide-and-register.xml", b)
	testkit.Run(t, b, "xmllint", "--noout", "-")
	assert.Equal(t, string(testkit.XMLLintC14NBytes(t, b, testkit.C14NInclusive)), string(b), "canonical as it is")

	got, err := xds.ParseProvideAndRegister([]byte(`<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body>` + string(b) + `</e:Body></e:Envelope>`))
	require.NoError(t, err)
	assert.Empty(t, got.Warnings)
	assert.Equal(t, []xds.DocumentRef{{ID: "Document01", Href: "cid:Document01@fictif"}, {ID: "Signature01", Href: "cid:Signature01@fictif"}}, got.Documents)
	assert.Equal(t, s.Associations, got.Submission.Associations)
	assert.Equal(t, "urn:uuid:0f0f0f0f-0000-4000-8000-000000000001", got.Submission.Entries[0].Replaces)
	assert.NotNil(t, got.Submission.Entry(testRoot+".3.1"))
	assert.Nil(t, got.Submission.Entry("1.2.3"))

	// HasMember for both, signs, RPLC: in that order.
	var links []string
	for _, a := range got.Submission.Associations {
		links = append(links, string(a.Type[strings.LastIndexByte(string(a.Type), ':')+1:])+" "+a.Source+" "+a.Target+" "+a.SetStatus)
	}
	assert.Equal(t, []string{"HasMember SubmissionSet01 Document01 Original", "HasMember SubmissionSet01 Signature01 Original",
		"signs Signature01 SubmissionSet01 Original", "RPLC Document01 urn:uuid:0f0f0f0f-0000-4000-8000-000000000001 "}, links)
}

func TestInlineDocuments(t *testing.T) {
	t.Parallel()
	s := lot(t)
	s.Number()
	b, err := s.AppendXML(nil)
	require.NoError(t, err)
	got, err := xds.ParseProvideAndRegister([]byte(`<x:ProvideAndRegisterDocumentSetRequest xmlns:x="urn:ihe:iti:xds-b:2007">` + string(b) +
		`<x:Document id="Document01">QUJD</x:Document></x:ProvideAndRegisterDocumentSetRequest>`))
	require.NoError(t, err)
	assert.Equal(t, []xds.DocumentRef{{ID: "Document01", Base64: "QUJD"}}, got.Documents)
}

func TestIdentify(t *testing.T) {
	t.Parallel()
	s := lot(t)
	require.NoError(t, s.Identify(segur.NewIDSource(fixed.Rand(1))))
	seen := map[string]bool{}
	for _, id := range []string{s.Set.ID, s.Entries[0].ID, s.Entries[1].ID} {
		assert.Regexp(t, `^urn:uuid:[0-9a-f-]{36}$`, id)
		assert.False(t, seen[id])
		seen[id] = true
	}
	assert.Len(t, s.Associations, 3)
	before := s.Entries[0].ID
	require.NoError(t, s.Identify(segur.NewIDSource(fixed.Rand(2))))
	assert.Equal(t, before, s.Entries[0].ID, "ids are given once")
	assert.Len(t, s.Associations, 3)
	other := lot(t)
	assert.Error(t, other.Identify(segur.NewIDSource(strings.NewReader(""))))
}

func TestEncodingNeedsIDs(t *testing.T) {
	t.Parallel()
	s := lot(t)
	_, err := s.AppendXML(nil)
	assert.ErrorIs(t, err, segur.ErrInvalidInput)
	s.Number()
	s.Entries[0].Title = "a\x00b"
	_, err = s.AppendXML(nil)
	assert.ErrorIs(t, err, segur.ErrInvalidInput, "a character that XML cannot hold")
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	_, _, err := xds.ParseSubmission(nil)
	assert.ErrorIs(t, err, segur.ErrTruncated)
	_, _, err = xds.ParseSubmission([]byte(`<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>`))
	assert.ErrorIs(t, err, segur.ErrProtocol)
	_, _, err = xds.ParseSubmission([]byte(`<a/>`))
	assert.ErrorIs(t, err, segur.ErrProtocol)
	_, _, err = xds.ParseSubmission([]byte(`<SubmitObjectsRequest><other/></SubmitObjectsRequest>`))
	assert.ErrorIs(t, err, segur.ErrProtocol)
	_, _, err = xds.ParseSubmission([]byte(`<RegistryObjectList/>`))
	assert.ErrorIs(t, err, segur.ErrProtocol, "no set")
	_, _, err = xds.ParseSubmission([]byte(`<RegistryObjectList><RegistryPackage id="a"/><RegistryPackage id="b"/></RegistryObjectList>`))
	assert.ErrorIs(t, err, segur.ErrProtocol, "two sets")
	for name, parse := range map[string]func([]byte) error{
		"response": func(b []byte) error { _, err := xds.ParseResponse(b); return err },
		"query":    func(b []byte) error { _, err := xds.ParseQueryResponse(b); return err },
		"retrieve": func(b []byte) error { _, err := xds.ParseRetrieveResponse(b); return err },
		"request":  func(b []byte) error { _, err := xds.ParseRetrieve(b); return err },
		"provide":  func(b []byte) error { _, err := xds.ParseProvideAndRegister(b); return err },
	} {
		assert.ErrorIs(t, parse([]byte(`<a/>`)), segur.ErrProtocol, name)
		assert.ErrorIs(t, parse([]byte(`<a>`)), segur.ErrTruncated, name)
	}
	_, err = xds.ParseResponse([]byte(`<RegistryResponse/>`))
	assert.ErrorIs(t, err, segur.ErrProtocol)
	_, err = xds.ParseQueryResponse([]byte(`<AdhocQueryResponse/>`))
	assert.ErrorIs(t, err, segur.ErrProtocol)
	_, err = xds.ParseQueryResponse([]byte(`<AdhocQueryResponse status="urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success"/>`))
	assert.ErrorIs(t, err, segur.ErrProtocol, "a success without a list may be an answer that was cut")
	_, err = xds.ParseRetrieveResponse([]byte(`<RetrieveDocumentSetResponse/>`))
	assert.ErrorIs(t, err, segur.ErrProtocol)
	_, err = xds.ParseProvideAndRegister([]byte(`<ProvideAndRegisterDocumentSetRequest><SubmitObjectsRequest><RegistryObjectList/></SubmitObjectsRequest></ProvideAndRegisterDocumentSetRequest>`))
	assert.ErrorIs(t, err, segur.ErrProtocol)
}

// A message cut at any byte is refused as cut.
func TestCutMessages(t *testing.T) {
	t.Parallel()
	s := lot(t)
	s.Entries = s.Entries[:1]
	s.Number()
	b, err := s.AppendXML(nil)
	require.NoError(t, err)
	for i := range b {
		_, _, err := xds.ParseSubmission(b[:i])
		require.Error(t, err, "cut at %d", i)
	}
}

func TestPrintedFormsAreRedacted(t *testing.T) {
	t.Parallel()
	s := lot(t)
	for _, v := range []any{s.Entries[0], &s.Entries[0], s.Set, s.Entries[0].PatientID, s, &s} {
		for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
			out := strings.ToLower(sprintf(format, v))
			assert.NotContains(t, out, matricule)
			assert.NotContains(t, out, "fictive-durand")
			assert.NotContains(t, out, "camille")
		}
	}
}
