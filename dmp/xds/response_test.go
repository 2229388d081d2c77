package xds_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/internal/testkit"
)

func TestResponseErrors(t *testing.T) {
	t.Parallel()
	for code, kind := range map[string]segur.Kind{
		"XDSPatientIdDoesNotMatch": segur.KindRefused, "XDSRegistryBusy": segur.KindUnavailable, "XDSUnknownPatientId": segur.KindNotFound,
		"XDSDuplicateUniqueIdInRegistry": segur.KindConflict, "XDSTooManyResults": segur.KindTooLarge, "SomethingNew": segur.KindRefused,
		"DMPAccessDeniedByRightsService": segur.KindAuthorization,
	} {
		r := xds.Response{Outcome: xds.Failure, Errors: []xds.RegistryError{
			{Code: "XDSExtraMetadataNotSaved", Context: "ignoré", Warning: true}, {Code: code, Context: "texte du service", Location: "ici"}}}
		b, err := r.AppendXML(nil)
		require.NoError(t, err)
		back, err := xds.ParseResponse(b)
		require.NoError(t, err)
		assert.Equal(t, r, *back)
		var e *segur.Error
		require.ErrorAs(t, back.Err("dmp.submit"), &e)
		assert.Equal(t, kind, e.Kind, code)
		assert.Equal(t, code, e.Code)
		assert.Equal(t, "dmp.submit", e.Op)
		assert.Equal(t, []segur.Detail{{Code: "XDSExtraMetadataNotSaved", Message: "ignoré", Severity: "warning"},
			{Code: code, Message: "texte du service", Location: "ici"}}, e.Details)
	}
	partial := xds.Response{Outcome: xds.PartialSuccess, Errors: []xds.RegistryError{{Code: "XDSDocumentUniqueIdError"}}}
	assert.ErrorIs(t, partial.Err("dmp.retrieve"), segur.ErrPartial)
	odd := xds.Response{Outcome: "urn:odd"}
	assert.ErrorIs(t, odd.Err("dmp.retrieve"), segur.ErrProtocol)
	assert.NoError(t, (&xds.Response{Outcome: xds.Success}).Err("dmp.submit"))
}

func TestQueryResponseRoundTrip(t *testing.T) {
	t.Parallel()
	s := lot(t)
	s.Number()
	other := set(t)
	other.ID, other.UniqueID = "urn:uuid:2", testRoot+".1.2"
	want := xds.QueryResponse{Response: xds.Response{Outcome: xds.Success}, Entries: s.Entries, Sets: []xds.SubmissionSet{s.Set, other},
		Associations: s.Associations, IDs: []string{"urn:uuid:9"}}
	b, err := want.AppendXML(nil)
	require.NoError(t, err)
	got, err := xds.ParseQueryResponse(b)
	require.NoError(t, err)
	assert.Empty(t, got.Warnings)
	again, err := got.AppendXML(nil)
	require.NoError(t, err)
	assert.Empty(t, testkit.Diff(b, again))
	assert.Len(t, got.Sets, 2)
	assert.Equal(t, want.IDs, got.IDs)
	assert.Equal(t, want.Associations, got.Associations)

	failed, err := xds.ParseQueryResponse([]byte(`<q:AdhocQueryResponse xmlns:q="urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0" status="` + string(xds.Failure) + `"/>`))
	require.NoError(t, err)
	assert.ErrorIs(t, failed.Err("dmp.find"), segur.ErrRefused)
}

func TestRetrieve(t *testing.T) {
	t.Parallel()
	requests := []xds.DocumentRequest{{RepositoryID: "1.2.250.1.213.4.1.1.1.2", UniqueID: testRoot + ".3.1"}, {RepositoryID: "1.2.3", UniqueID: "1.2.4", HomeCommunityID: "urn:oid:1.2"}}
	b, err := xds.AppendRetrieve(nil, requests...)
	require.NoError(t, err)
	back, err := xds.ParseRetrieve(b)
	require.NoError(t, err)
	assert.Equal(t, requests, back)

	official, err := xds.ParseRetrieve(testkit.ReadShared(t, "dmp/samples/td3.2-request.xml"))
	require.NoError(t, err)
	same, err := xds.AppendRetrieve(nil, official...)
	require.NoError(t, err)
	assert.Empty(t, testkit.Diff(canonical(t, testkit.ReadShared(t, "dmp/samples/td3.2-request.xml"), "RetrieveDocumentSetRequest"), canonical(t, same, "RetrieveDocumentSetRequest")))

	_, err = xds.AppendRetrieve(nil)
	assert.ErrorIs(t, err, segur.ErrInvalidInput)
	_, err = xds.AppendRetrieve(nil, xds.DocumentRequest{UniqueID: "1.2"})
	assert.ErrorIs(t, err, segur.ErrInvalidInput)

	want := xds.RetrieveResponse{Response: xds.Response{Outcome: xds.PartialSuccess, Errors: []xds.RegistryError{{Code: "XDSDocumentUniqueIdError"}}},
		Documents: []xds.RetrievedDocument{{DocumentRequest: requests[0], MimeType: "text/xml", Href: "cid:1@x"}, {DocumentRequest: requests[1], MimeType: "application/dicom", Base64: "QUJD"}}}
	b, err = want.AppendXML(nil)
	require.NoError(t, err)
	got, err := xds.ParseRetrieveResponse(b)
	require.NoError(t, err)
	assert.Equal(t, want, *got)
	var e *segur.Error
	assert.True(t, errors.As(got.Err("dmp.retrieve"), &e))
	bare, err := xds.ParseRetrieveResponse([]byte(`<r:RegistryResponse xmlns:r="urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0" status="` + string(xds.Failure) + `"/>`))
	require.NoError(t, err, "a refusal may come without the response around it")
	assert.ErrorIs(t, bare.Err("dmp.retrieve"), segur.ErrRefused)
}

// A document of an answer has one content, and says where.
func TestRetrieveResponseContents(t *testing.T) {
	t.Parallel()
	const include = `<i:Include xmlns:i="http://www.w3.org/2004/08/xop/include" href="cid:1"/>`
	for content, good := range map[string]bool{
		`<x:Document>` + include + `</x:Document>`:      true,
		"<x:Document>\n " + include + "\n</x:Document>": true,
		`<x:Document>UQ==</x:Document>`:                 true,
		``:                                              false,
		`<x:Document/>`:                                 false,
		`<x:Document> </x:Document>`:                    false,
		`<x:Document>` + include + include + `</x:Document>`:                        false,
		`<x:Document>` + include + `UQ==</x:Document>`:                              false,
		`<x:Document>UQ<y/>==</x:Document>`:                                         false,
		`<x:Document>UQ==</x:Document><x:Document>UQ==</x:Document>`:                false,
		`<x:Document><Include href="cid:1"/></x:Document>`:                          false,
		`<x:Document>` + strings.Replace(include, "cid:1", "", 1) + `</x:Document>`: false,
	} {
		r, err := xds.ParseRetrieveResponse([]byte(`<x:RetrieveDocumentSetResponse xmlns:x="urn:ihe:iti:xds-b:2007"><rs:RegistryResponse xmlns:rs="urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0" status="urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success"/>` +
			`<x:DocumentResponse><x:RepositoryUniqueId>1.2</x:RepositoryUniqueId><x:DocumentUniqueId>1.3</x:DocumentUniqueId>` + content + `</x:DocumentResponse></x:RetrieveDocumentSetResponse>`))
		if !good {
			assert.ErrorIs(t, err, segur.ErrProtocol, content)
			continue
		}
		if assert.NoError(t, err, content) {
			d := r.Documents[0]
			assert.True(t, (d.Href == "cid:1") != (d.Base64 == "UQ=="), content)
		}
	}
}
