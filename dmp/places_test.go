package dmp_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/dmptest"
)

// What a registry names becomes the document and the field that the caller
// gave. The first document of the caller is the one that replaces another.
func TestRegistryErrorsAreMappedToFields(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	srv := fake(t)
	client := newClient(t, srv)
	first := newReport(t)
	_, err := client.Submit(ctx, prepared(t, client, dmp.SubmissionDocument{Document: first}))
	require.NoError(t, err)
	old := srv.Documents()[0].Entry.ID
	second := newReport(t, func(r *cda.Report) { *r = r.Replacing(first.Header()) })
	two := prepared(t, client, dmp.SubmissionDocument{Document: second, Replaces: old},
		dmp.SubmissionDocument{Content: sampleKOS(), Entry: kosEntry(first)})
	one := prepared(t, client)
	ids := two.DocumentIDs()
	for name, c := range map[string]struct {
		sealed                        *dmp.Sealed
		code, context, location, want string
	}{
		"symbolic name in the location": {two, "XDSRegistryMetadataError", "typeCode inconnu", "Document02", "documents[1].typeCode"},
		"path in the location":          {two, "XDSRegistryMetadataError", "valeur absente", "/ExtrinsicObject[@id='Document01']/XDSDocumentEntry.formatCode", "documents[0].formatCode"},
		"scheme in the context": {two, "XDSRegistryMetadataError",
			"Document02: classification urn:uuid:2c6b8cb7-8b2a-4051-b291-b1ae6a575ef4 invalide", "", "documents[1].eventCodes"},
		"identifier in the context": {two, "XDSNonIdenticalHash", "Le document " + ids[1] + " existe", "", "documents[1].content"},
		"end of an identifier":      {two, "XDSNonIdenticalHash", "Le document " + ids[1] + "7 existe", "", "content"},
		"entry that is replaced":    {two, "XDSRegistryDeprecatedDocumentError", "document obsolète", old, "documents[0].replaces"},
		"replacement, not named":    {two, "UnresolvedReferenceException", "référence inconnue", "", "documents[0].replaces"},
		"signature":                 {two, "XDSRepositoryMetadataError", "Signature01 refusée", "", "signature"},
		"lot":                       {two, "XDSRegistryMetadataError", "SubmissionSet01: contentTypeCode inconnu", "", "contentType"},
		"lot, not named":            {two, "XDSRegistryMetadataError", "contentTypeCode inconnu", "", "contentType"},
		"author":                    {one, "XDSRegistryMetadataError", "Aucun AuthorInstitution ne correspond à l'utilisateur du VIHF", "", "documents[0].authors"},
		"author of two":             {two, "XDSRegistryMetadataError", "Aucun AuthorInstitution ne correspond à l'utilisateur du VIHF", "", ""},
		"one document":              {one, "XDSRegistryMetadataError", "DocumentEntryHealthcareFacilityTypeCode invalide", "", "documents[0].facilityTypeCode"},
		"missing":                   {one, "XDSMissingDocument", "", "Document01", "documents[0].content"},
		"patient":                   {two, "XDSPatientIdDoesNotMatch", "INS différente", "", "patient.ins"},
		"nothing known":             {one, "XDSRegistryError", "erreur interne", "", ""},
		"word within a word":        {one, "XDSRegistryMetadataError", "resized authority", "", ""},
	} {
		want := c.want
		if name == "end of an identifier" {
			want = "" // of two documents, neither
		}
		srv.Refuse(dmptest.Refusal{Op: "dmp.submit", Code: c.code, Context: c.context, Location: c.location})
		_, err := client.Submit(ctx, c.sealed)
		e := asError(t, err)
		require.Len(t, e.Details, 1, name)
		assert.Equal(t, want, e.Details[0].Field, name)
		assert.Equal(t, c.code, e.Details[0].Code, name)
		assert.Equal(t, c.context, e.Details[0].Message, name, "the words of the registry stay")
	}
	// The refusals of the fake itself.
	_, err = client.Submit(ctx, two)
	require.NoError(t, err)
	third := newReport(t, func(r *cda.Report) { *r = r.Replacing(first.Header()) })
	_, err = client.Submit(ctx, prepared(t, client, dmp.SubmissionDocument{Document: third, Replaces: old}))
	require.ErrorIs(t, err, segur.ErrConflict)
	assert.Equal(t, "documents[0].replaces", asError(t, err).Details[0].Field)
	assert.Contains(t, asError(t, err).Explain(segur.EN), "Client.Find", "the next step is named")
	assert.Contains(t, asError(t, err).Explain(segur.FR), "Client.Lookup")
	assert.Equal(t, dmp.RetryAfterReading, dmp.RetryOf(err))
}
