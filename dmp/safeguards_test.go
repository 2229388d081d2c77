package dmp_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/dmptest"
	"github.com/segur-sdk/segur/dmp/xds"
)

// Where the record is left to decide, what the published matrix knows to read
// reads, and the others look up by identifier: nothing is asked in vain.
func TestLetServiceDecide(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	p := publishedReport(t)
	decided := func(c *dmp.Config) { c.Settings.LetServiceDecide = true }
	feed := newClient(t, p.srv, decided)
	transactions := func(from int) (out []dmp.Transaction) {
		for _, c := range p.srv.Calls()[from:] {
			out = append(out, c.Transaction)
		}
		return out
	}
	from := len(p.srv.Calls())
	_, err := feed.SetVisibility(ctx, dmp.VisibilityChange{EntryChange: p.change(), Act: dmp.Mask})
	require.ErrorIs(t, err, segur.ErrAuthorization)
	assert.Contains(t, asError(t, err).Explain(segur.FR), "TD3.3a mask se fait en INDIRECTE_RENFORCEE ou en DIRECTE.")
	_, err = found(feed, dmp.Query{Patient: dmptest.Patient().INS})
	assert.Contains(t, asError(t, err).Explain(segur.EN), "TD3.1 metadata is done in INDIRECTE_RENFORCEE or DIRECTE.")
	_, err = newClient(t, p.srv, decided, consulting).Submit(ctx, prepared(t, p.feed))
	assert.Contains(t, asError(t, err).Explain(segur.EN), "TD2.1 is done in INDIRECTE or DIRECTE.")
	d, err := feed.PrepareDelete(ctx, dmp.DeleteRequest{Patient: dmptest.Patient(), UniqueID: string(p.report.ID())})
	require.NoError(t, err)
	assert.Nil(t, d.Entry())
	_, err = feed.Delete(ctx, d)
	require.NoError(t, err)
	assert.Equal(t, []dmp.Transaction{dmp.TD33aMask, dmp.TD31, dmp.TD21, dmp.TD31Reference, dmp.TD33c}, transactions(from))

	p = publishedReport(t)
	from = len(p.srv.Calls())
	d, err = newClient(t, p.srv, decided, onCard(p.srv)).PrepareDelete(ctx, dmp.DeleteRequest{Patient: dmptest.Patient(), UniqueID: string(p.report.ID())})
	require.NoError(t, err)
	assert.NotNil(t, d.Entry())
	assert.Equal(t, []dmp.Transaction{dmp.TD31}, transactions(from))
}

// A refusal that the matrix explains by the document says so.
func TestRefusedOfAnotherAuthor(t *testing.T) {
	t.Parallel()
	p := publishedReport(t)
	p.srv.Refuse(dmptest.Refusal{Op: "dmp.update", Code: "DMPAccessDeniedByRightsService", Context: "Accès refusé", Fault: true})
	_, err := p.card.Archive(context.Background(), p.change())
	require.ErrorIs(t, err, segur.ErrAuthorization)
	help := asError(t, err).Explain(segur.EN)
	assert.NotContains(t, help, "is done in")
	p.srv.Refuse(dmptest.Refusal{Op: "dmp.update", Code: "DMPAccessDeniedByRightsService", Context: "Accès refusé", Fault: true})
	d, err := p.feed.PrepareDelete(context.Background(), dmp.DeleteRequest{Patient: dmptest.Patient(), UniqueID: string(p.report.ID())})
	require.NoError(t, err)
	_, err = p.feed.Delete(context.Background(), d)
	assert.Contains(t, asError(t, err).Explain(segur.EN), "the structure of an author")
}

// An entry deleted by somebody archived in the meantime: the status is read
// again, and what the user confirmed is done.
func TestDeleteOfWhatWasArchivedMeanwhile(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	p := publishedReport(t)
	d, err := p.card.PrepareDelete(ctx, dmp.DeleteRequest{Patient: dmptest.Patient(), UniqueID: string(p.report.ID())})
	require.NoError(t, err)
	_, err = p.card.Archive(ctx, p.change())
	require.NoError(t, err)
	done, err := p.card.Delete(ctx, d)
	require.NoError(t, err)
	assert.False(t, done.AlreadyDone)
	assert.Equal(t, xds.Deleted, p.stored().Status)
}

// What was sealed does not change with what it was made of, nor with what it
// shows.
func TestSealedIsACopy(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	srv := fake(t)
	client := newClient(t, srv)
	e := kosEntry(newReport(t))
	sealed := prepared(t, client, dmp.SubmissionDocument{Content: sampleKOS(), Entry: e})
	want := sealed.Entries()
	e.SourcePatientInfo[0], e.ConfidentialityCodes[0].Code, e.Authors[0].Person.ID = "PID-5|AUTRE", "V", "899900000023"
	e.Authors[0].Institutions[0].ID, e.EventCodes[0].Code = "1990000027", "XX"
	shown := sealed.Entries()
	shown[0].ConfidentialityCodes[0].Code, shown[0].Authors[0].Specialties[0].Code = "R", "X"
	assert.Equal(t, want, sealed.Entries())
	_, err := client.Submit(ctx, sealed)
	require.NoError(t, err)
	assert.Equal(t, want[0].SourcePatientInfo, srv.Documents()[0].Entry.SourcePatientInfo)
	assert.WithinDuration(t, client.Now(), sealed.PreparedAt(), 1e9*60)
}

// A lot is sent by whom it was prepared for: the user, in the structure.
func TestLotOfAnotherStructure(t *testing.T) {
	t.Parallel()
	srv := fake(t, dmptest.WithLegalEntityCertificates())
	sealed := prepared(t, newClient(t, srv), dmp.SubmissionDocument{Document: newReport(t)})
	site := newClient(t, srv, func(c *dmp.Config) { c.Structure.ID, c.AllowLegalEntityCertificate = "1990000027", true })
	_, err := site.Submit(context.Background(), sealed)
	assert.Contains(t, fields(t, err), "author")
	assert.Empty(t, srv.Calls())
}

// A mode that does not feed looks nothing up to resubmit.
func TestResubmitNeedsTheRight(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	sealed := prepared(t, newClient(t, srv))
	_, err := newClient(t, srv, consulting).Resubmit(context.Background(), sealed)
	require.ErrorIs(t, err, segur.ErrAuthorization)
	_, err = newClient(t, srv).Resubmit(context.Background(), nil)
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	assert.Empty(t, srv.Calls())
}

// The first sending is still under way when the second one looks: the document
// is registered once.
func TestResubmitTooEarly(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	srv := fake(t)
	client := newClient(t, srv)
	sealed := prepared(t, client)
	r, err := client.Resolve(ctx, sealed) // nothing is there yet
	require.NoError(t, err)
	require.True(t, r.Absent())
	receipt, err := client.Resubmit(ctx, sealed)
	require.NoError(t, err)
	_, err = client.Submit(ctx, sealed) // the first one comes late
	require.NoError(t, err)
	assert.NotEqual(t, sealed.SubmissionSetID(), receipt.SubmissionSetID)
	assert.Len(t, srv.Documents(), 1)
}

// A success that holds an error settles nothing: the documents are looked up.
func TestSuccessWithAnError(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	srv := fake(t)
	client := newClient(t, srv)
	srv.Fail(dmptest.Fault{ContentType: soapType, Body: registryAnswer(statusSuccess, registryError("XDSRepositoryError", "Erreur interne", "Error"))},
		dmptest.Fault{ContentType: soapType, Body: registryAnswer(statusPartial, registryError("XDSRepositoryBusy", "Occupé", "Error"))})
	sealed := prepared(t, client)
	_, err := client.Submit(ctx, sealed)
	require.ErrorIs(t, err, segur.ErrOutcomeUnknown)
	e := asError(t, err)
	assert.Equal(t, "XDSRepositoryError", e.Code)
	assert.Contains(t, e.Explain(segur.FR), "Client.Resubmit")
	assert.Equal(t, sealed.DocumentIDs()[0], e.Details[1].Field)

	_, err = client.Submit(ctx, sealed)
	require.ErrorIs(t, err, segur.ErrPartial)
	assert.Equal(t, dmp.RetryAfterLookup, dmp.RetryOf(err))
	assert.NotContains(t, asError(t, err).Explain(segur.EN), "registered nothing")
	assert.Empty(t, srv.Documents())
}
