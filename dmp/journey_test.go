package dmp_test

import (
	"context"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/dmptest"
)

// A report is published in INDIRECTE, found and read in INDIRECTE_RENFORCEE.
func TestPublishFindRetrieve(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	srv := fake(t)
	feed, consult := newClient(t, srv), newClient(t, srv, consulting)
	report := newReport(t)

	sealed := prepared(t, feed, dmp.SubmissionDocument{Document: report})
	assert.Equal(t, []string{string(report.ID())}, sealed.DocumentIDs())
	assert.Empty(t, srv.Calls(), "Prepare sends nothing")

	receipt, err := feed.Submit(ctx, sealed)
	require.NoError(t, err)
	assert.Equal(t, sealed.SubmissionSetID(), receipt.SubmissionSetID)
	assert.Equal(t, sealed.DocumentIDs(), receipt.DocumentIDs)
	assert.False(t, receipt.AlreadyPresent)
	assert.Regexp(t, `^urn:uuid:`, receipt.MessageID)

	stored := srv.Documents()
	require.Len(t, stored, 1)
	assert.Equal(t, contentOf(t, report), stored[0].Content)
	assert.Equal(t, "31", stored[0].Entry.ClassCode.Code)
	lots := srv.Submissions()
	require.Len(t, lots, 1)
	assert.Equal(t, sealed.SubmissionSetID(), lots[0].Set.UniqueID)
	assert.Equal(t, receipt.SignatureID, lots[0].SignatureEntry.UniqueID)
	assert.Equal(t, "CR d'imagerie médicale", lots[0].Set.Title)

	entries, err := found(consult, dmp.Query{Patient: dmptest.Patient().INS, Types: []segur.Code{{Code: "18748-4"}}})
	require.NoError(t, err)
	require.Len(t, entries, 1)
	assert.Equal(t, string(report.ID()), entries[0].UniqueID)
	assert.Equal(t, stored[0].Entry.ID, entries[0].ID)
	assert.Equal(t, stored[0].Entry.Hash, entries[0].Hash)

	doc, err := consult.Retrieve(ctx, dmptest.Patient().INS, entries[0])
	require.NoError(t, err)
	got, err := io.ReadAll(doc)
	require.NoError(t, err)
	require.NoError(t, doc.Close())
	assert.Equal(t, contentOf(t, report), got)
	assert.True(t, doc.Verified)
	assert.Equal(t, "text/xml", doc.MimeType)

	uuid, err := feed.Lookup(ctx, dmptest.Patient().INS, string(report.ID()))
	require.NoError(t, err)
	assert.Equal(t, entries[0].ID, uuid)
	_, err = feed.Lookup(ctx, dmptest.Patient().INS, "1.2.250.1.999.5.404")
	require.ErrorIs(t, err, segur.ErrNotFound)
}
