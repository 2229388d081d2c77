package dmp_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/dmptest"
	"github.com/segur-sdk/segur/dmp/xds"
)

func asError(tb testing.TB, err error) *segur.Error {
	tb.Helper()
	var e *segur.Error
	require.ErrorAs(tb, err, &e)
	return e
}

// The answer is lost after the document was stored: nothing is sent twice, and
// the document is there once.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	srv := fake(t)
	client := newClient(t, srv, func(c *dmp.Config) { c.Retry.MaxAttempts = 5 })
	sealed := prepared(t, client)
	srv.Fail(dmptest.Fault{Op: "dmp.submit", DropBeforeResponse: true})

	_, err := client.Submit(ctx, sealed)
	require.ErrorIs(t, err, segur.ErrOutcomeUnknown)
	e := asError(t, err)
	assert.False(t, e.Retryable())
	assert.Equal(t, "dmp.submit", e.Op)
	assert.Regexp(t, "^urn:uuid:", e.RequestID)
	require.Len(t, e.Details, 1)
	assert.Equal(t, sealed.DocumentIDs()[0], e.Details[0].Field)
	assert.Contains(t, e.Explain(segur.FR), "Client.Resubmit")
	require.Len(t, srv.Documents(), 1)

	r, err := client.Resolve(ctx, sealed)
	require.NoError(t, err)
	assert.True(t, r.Present())
	assert.Equal(t, srv.Documents()[0].Entry.ID, r.Documents[0].EntryUUID)

	receipt, err := client.Resubmit(ctx, sealed)
	require.NoError(t, err)
	assert.True(t, receipt.AlreadyPresent)
	assert.Empty(t, receipt.SubmissionSetID)
	assert.Len(t, srv.Documents(), 1)
	assert.Len(t, srv.Submissions(), 1)
}

// The request is lost before it was processed: it is sent again in a new lot,
// with the same document.
func TestLostRequest(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	srv := fake(t)
	client := newClient(t, srv)
	sealed := prepared(t, client)
	srv.Fail(dmptest.Fault{Op: "dmp.submit", DropRequest: true})

	_, err := client.Submit(ctx, sealed)
	require.ErrorIs(t, err, segur.ErrOutcomeUnknown)
	r, err := client.Resolve(ctx, sealed)
	require.NoError(t, err)
	assert.True(t, r.Absent())
	assert.False(t, r.Present())

	receipt, err := client.Resubmit(ctx, sealed)
	require.NoError(t, err)
	assert.False(t, receipt.AlreadyPresent)
	assert.NotEqual(t, sealed.SubmissionSetID(), receipt.SubmissionSetID)
	require.Len(t, srv.Documents(), 1)
	assert.Equal(t, sealed.DocumentIDs()[0], srv.Documents()[0].Entry.UniqueID)
}

// A look-up that fails sends nothing.
func TestResubmitNeedsTheLookup(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	client := newClient(t, srv)
	sealed := prepared(t, client)
	srv.Fail(dmptest.Fault{Op: "dmp.find", Status: http.StatusServiceUnavailable})
	_, err := client.Resubmit(context.Background(), sealed)
	require.ErrorIs(t, err, segur.ErrUnavailable)
	assert.Empty(t, srv.Documents())
}

func TestSubmitTwice(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	srv := fake(t)
	client := newClient(t, srv)
	sealed := prepared(t, client)
	_, err := client.Submit(ctx, sealed)
	require.NoError(t, err)
	_, err = client.Submit(ctx, sealed)
	require.ErrorIs(t, err, segur.ErrConflict)
	assert.Equal(t, "XDSDuplicateUniqueIdInRegistry", asError(t, err).Code)
	assert.Contains(t, asError(t, err).Explain(segur.EN), "Resolve")
	assert.Len(t, srv.Documents(), 1)

	_, err = client.Submit(ctx, nil)
	require.ErrorIs(t, err, segur.ErrInvalidInput)
}

// Another content under the identifier of a document is refused.
func TestSameIdentifierOtherContent(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	srv := fake(t)
	client := newClient(t, srv)
	first := newReport(t)
	_, err := client.Submit(ctx, prepared(t, client, dmp.SubmissionDocument{Document: first}))
	require.NoError(t, err)
	second := newReport(t, func(r *cda.Report) { r.ID = first.ID() })
	_, err = client.Submit(ctx, prepared(t, client, dmp.SubmissionDocument{Document: second}))
	require.ErrorIs(t, err, segur.ErrConflict)
	assert.Equal(t, "XDSNonIdenticalHash", asError(t, err).Code)
}

// A part of the documents of a lot is in the record: nobody guesses.
func TestResubmitPartlyPresent(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	srv := fake(t)
	client := newClient(t, srv)
	first, second := newReport(t), newReport(t)
	_, err := client.Submit(ctx, prepared(t, client, dmp.SubmissionDocument{Document: first}))
	require.NoError(t, err)
	both := prepared(t, client, dmp.SubmissionDocument{Document: first}, dmp.SubmissionDocument{Document: second})
	_, err = client.Resubmit(ctx, both)
	require.ErrorIs(t, err, segur.ErrConflict)
	assert.Equal(t, string(first.ID()), asError(t, err).Details[0].Field)
	assert.Len(t, srv.Documents(), 1)
}

// A correction replaces the report, and the replaced one cannot be again.
func TestReplacement(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	srv := fake(t)
	client, consult := newClient(t, srv), newClient(t, srv, consulting)
	first := newReport(t)
	_, err := client.Submit(ctx, prepared(t, client, dmp.SubmissionDocument{Document: first}))
	require.NoError(t, err)
	replacing := func(r *cda.Report) { *r = r.Replacing(first.Header()) }
	uuid, err := client.Lookup(ctx, dmptest.Patient().INS, string(first.ID()))
	require.NoError(t, err)
	second := newReport(t, replacing)
	_, err = client.Submit(ctx, prepared(t, client, dmp.SubmissionDocument{Document: second, Replaces: uuid}))
	require.NoError(t, err)

	active, err := found(consult, dmp.Query{Patient: dmptest.Patient().INS})
	require.NoError(t, err)
	require.Len(t, active, 1)
	assert.Equal(t, string(second.ID()), active[0].UniqueID)
	old, err := found(consult, dmp.Query{Patient: dmptest.Patient().INS, Statuses: []xds.Status{xds.Deprecated}})
	require.NoError(t, err)
	require.Len(t, old, 1)
	assert.Equal(t, string(first.ID()), old[0].UniqueID)

	_, err = client.Submit(ctx, prepared(t, client, dmp.SubmissionDocument{Document: newReport(t, replacing), Replaces: uuid}))
	require.ErrorIs(t, err, segur.ErrConflict)
	assert.Equal(t, "XDSRegistryDeprecatedDocumentError", asError(t, err).Code)
	_, err = client.Submit(ctx, prepared(t, client, dmp.SubmissionDocument{Document: newReport(t, replacing), Replaces: "urn:uuid:0f8fad5b-d9cb-469f-a165-70867728950e"}))
	require.ErrorIs(t, err, segur.ErrNotFound)
}

// growing is a content that changes once it has been read.
type changing struct {
	segur.Content
	mu    sync.Mutex
	opens int
	after int
}

func (c *changing) Open() (io.ReadCloser, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.opens++
	r, err := c.Content.Open()
	if err != nil || c.opens <= c.after {
		return r, err
	}
	b, err := io.ReadAll(r)
	b[len(b)-3] ^= 1
	return io.NopCloser(strings.NewReader(string(b))), err
}

// A document that changed after it was prepared never arrives.
func TestDocumentChanged(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	client := newClient(t, srv)
	report := newReport(t)
	doc := &changing{Content: report, after: 1}
	sealed := prepared(t, client, dmp.SubmissionDocument{Document: segur.NewDocument(doc, report.Header())})
	_, err := client.Submit(context.Background(), sealed)
	require.Error(t, err)
	require.ErrorContains(t, err, "no longer the one that was prepared")
	assert.Empty(t, srv.Documents())
}

func TestRecordRefuses(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, c := range map[string]struct {
		state  *dmptest.Record
		config func(*dmp.Config)
		kind   error
		code   string
		help   string
	}{
		"no record": {nil, nil, segur.ErrNotFound, "XDSUnknownPatientId", "INSi"},
		"closed":    {&dmptest.Record{Closed: true}, nil, segur.ErrRefused, "DMPClosed", "closed"},
		"structure of the TLS certificate": {&dmptest.Record{}, func(c *dmp.Config) {
			c.Structure.ID, c.AllowLegalEntityCertificate = "1990000027", true
		}, segur.ErrAuthentication, "DMPInvalidVihf", "structure.id"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := fake(t, dmptest.WithoutPatients())
			if c.state != nil {
				srv.SetPatient(dmptest.Patient().INS, *c.state)
			}
			var config []func(*dmp.Config)
			if c.config != nil {
				config = append(config, c.config)
			}
			client := newClient(t, srv, config...)
			document := dmp.SubmissionDocument{Document: newReport(t), Options: xds.EntryOptions{
				AuthorInstitution: &segur.Organization{ID: "1990000027", Name: "AUTRE SITE FICTIF"}}}
			if c.config == nil {
				document.Options = xds.EntryOptions{}
			}
			_, err := client.Submit(ctx, prepared(t, client, document))
			require.ErrorIs(t, err, c.kind)
			e := asError(t, err)
			assert.Equal(t, c.code, e.Code)
			assert.Contains(t, e.Explain(segur.EN), c.help)
			noPrivateText(t, err.Error())
			assert.Empty(t, srv.Documents())
		})
	}
}

// Submissions of several goroutines share a client.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	client := newClient(t, srv)
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		sealed := prepared(t, client)
		wg.Go(func() { _, errs[i] = client.Submit(context.Background(), sealed) })
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
	assert.Len(t, srv.Documents(), len(errs))
}

// One submission sent by several at a time is registered once.
func TestConcurrentSubmitOfOne(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	client := newClient(t, srv)
	sealed := prepared(t, client)
	var wg sync.WaitGroup
	errs := make([]error, 6)
	for i := range errs {
		wg.Go(func() { _, errs[i] = client.Submit(context.Background(), sealed) })
	}
	wg.Wait()
	registered := 0
	for _, err := range errs {
		if err == nil {
			registered++
			continue
		}
		require.ErrorIs(t, err, segur.ErrConflict)
		assert.Equal(t, "XDSDuplicateUniqueIdInRegistry", asError(t, err).Code)
	}
	assert.Equal(t, 1, registered)
	assert.Len(t, srv.Submissions(), 1)
	assert.Len(t, srv.Documents(), 1)
}

// A document that is in the record of somebody else is nobody's success.
func TestSameDocumentOtherPatient(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	srv := fake(t)
	client := newClient(t, srv)
	report := newReport(t)
	sealed := prepared(t, client, dmp.SubmissionDocument{Document: report})
	_, err := client.Submit(ctx, sealed)
	require.NoError(t, err)
	other := dmptest.Patient()
	other.INS = otherINS(t, segur.OIDINSNIRTest)
	srv.SetPatient(other.INS, dmptest.Record{})
	same := newReport(t, func(r *cda.Report) { r.ID, r.Patient = report.ID(), other })
	again, err := client.Prepare(ctx, dmp.Submission{Patient: other, Opposition: dmp.NotOpposed, ContentType: consultation,
		Documents: []dmp.SubmissionDocument{{Document: same}}})
	require.NoError(t, err)
	_, err = client.Submit(ctx, again)
	require.ErrorIs(t, err, segur.ErrRefused)
	assert.Equal(t, "XDSPatientIdDoesNotMatch", asError(t, err).Code)
	assert.Len(t, srv.Documents(), 1)
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	client := newClient(t, srv)
	sealed := prepared(t, client)
	late, cancel := context.WithDeadline(context.Background(), time.Unix(0, 0))
	defer cancel()
	_, err := client.Submit(late, sealed)
	require.ErrorIs(t, err, segur.ErrTimeout)
	require.NotErrorIs(t, err, segur.ErrCanceled)
	_, err = client.Lookup(late, dmptest.Patient().INS, "1.2.3")
	require.ErrorIs(t, err, segur.ErrTimeout)
	_, err = client.Prepare(late, dmp.Submission{Patient: dmptest.Patient(), Opposition: dmp.NotOpposed, ContentType: consultation,
		Documents: []dmp.SubmissionDocument{{Document: newReport(t)}}})
	require.ErrorIs(t, err, segur.ErrTimeout)

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = client.Submit(ctx, sealed)
	require.ErrorIs(t, err, segur.ErrCanceled)
	_, err = client.Prepare(ctx, dmp.Submission{Patient: dmptest.Patient(), Opposition: dmp.NotOpposed, ContentType: consultation,
		Documents: []dmp.SubmissionDocument{{Document: newReport(t)}}})
	require.ErrorIs(t, err, segur.ErrCanceled)
	assert.Empty(t, srv.Calls())

	// Cancelled while the service thinks: the outcome is unknown.
	returned := make(chan struct{})
	ctx, cancel = context.WithCancel(context.Background())
	srv.Fail(dmptest.Fault{Op: "dmp.submit", Alter: func(answer []byte) []byte {
		cancel()
		<-returned
		return answer
	}})
	_, err = client.Submit(ctx, sealed)
	close(returned)
	require.ErrorIs(t, err, segur.ErrOutcomeUnknown)
	require.ErrorIs(t, err, segur.ErrCanceled)
}
