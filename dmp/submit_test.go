package dmp_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/credential/credentialtest"
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
	sealed := prepared(t, client, dmp.SubmissionDocument{Document: dmp.WithHeader(doc, report.Header())})
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

// Each mode has its calls; a refusal of the record says which mode is made for
// the call.
func TestRights(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	srv := fake(t)
	feed, consult := newClient(t, srv), newClient(t, srv, consulting)
	sealed := prepared(t, feed)

	_, err := consult.Submit(ctx, sealed)
	require.ErrorIs(t, err, segur.ErrAuthorization)
	assert.Contains(t, asError(t, err).Explain(segur.FR), "INDIRECTE ou en DIRECTE")
	assert.Empty(t, srv.Calls(), "refused before sending")

	_, err = feed.Submit(ctx, sealed)
	require.NoError(t, err)
	_, err = found(feed, dmp.Query{Patient: dmptest.Patient().INS})
	require.ErrorIs(t, err, segur.ErrAuthorization)
	e := asError(t, err)
	assert.Equal(t, "DMPAccessDeniedByRightsService", e.Code)
	assert.Contains(t, e.Explain(segur.EN), "INDIRECTE_RENFORCEE")
	_, err = feed.Retrieve(ctx, dmptest.Patient().INS, &xds.DocumentEntry{UniqueID: sealed.DocumentIDs()[0]})
	require.ErrorIs(t, err, segur.ErrAuthorization)

	srv.SetPatient(dmptest.Patient().INS, dmptest.Record{Unauthorized: true})
	_, err = found(consult, dmp.Query{Patient: dmptest.Patient().INS})
	require.ErrorIs(t, err, segur.ErrAuthorization)
	_, err = feed.Submit(ctx, prepared(t, feed))
	require.NoError(t, err, "publishing needs no authorisation")

	card := newClient(t, srv, func(c *dmp.Config) {
		c.Mode, c.LocalAuthentication = dmp.Directe, dmp.ByCard
		c.Credentials = segur.StaticCredential(srv.PKI().Professional())
		c.Signing = segur.StaticCredential(srv.PKI().Professional(credentialtest.ForSignature()))
	})
	srv.SetPatient(dmptest.Patient().INS, dmptest.Record{})
	_, err = card.Submit(ctx, prepared(t, card))
	require.NoError(t, err)
	all, err := found(card, dmp.Query{Patient: dmptest.Patient().INS})
	require.NoError(t, err)
	assert.Len(t, all, 3)
}

func TestCertificates(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	srv := fake(t)
	pki := srv.PKI()
	tls := func(c segur.Credential) func(*dmp.Config) {
		return func(cfg *dmp.Config) { cfg.Credentials = segur.StaticCredential(c) }
	}
	signing := func(c segur.Credential) func(*dmp.Config) {
		return func(cfg *dmp.Config) { cfg.Signing = segur.StaticCredential(c) }
	}
	for name, c := range map[string]struct {
		config func(*dmp.Config)
		kind   error
		code   string
	}{
		"client expired":             {tls(pki.Organization(credentialtest.Expired())), segur.ErrAuthentication, ""},
		"client of another PKI":      {tls(pki.Foreign().Organization()), segur.ErrAuthentication, ""},
		"client without the usage":   {tls(pki.Signature()), segur.ErrAuthentication, ""},
		"client of other structure":  {tls(pki.Organization(credentialtest.StructureID("1990000027"))), segur.ErrAuthentication, "DMPInvalidVihf"},
		"signing key of another PKI": {signing(pki.Foreign().Signature()), segur.ErrAuthentication, "DMPInvalidCertificate"},
		"signing with TLS key":       {signing(pki.Organization()), segur.ErrAuthentication, "DMPInvalidCertificate"},
		"server not trusted":         {func(c *dmp.Config) { c.RootCAs = pki.Foreign().Roots() }, segur.ErrSignature, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, srv, c.config)
			_, err := client.Submit(ctx, prepared(t, client))
			require.ErrorIs(t, err, c.kind)
			assert.Equal(t, c.code, asError(t, err).Code)
			assert.NotErrorIs(t, err, segur.ErrOutcomeUnknown)
			_, err = client.Lookup(ctx, dmptest.Patient().INS, "1.2.3")
			require.ErrorIs(t, err, c.kind)
			noPrivateText(t, err.Error())
		})
	}
	assert.Empty(t, srv.Documents())
}

func TestServerOfAnotherPKI(t *testing.T) {
	t.Parallel()
	foreign := credentialtest.NewPKI().Foreign().Server()
	srv := fake(t, dmptest.WithServerCertificate(foreign))
	client := newClient(t, srv)
	_, err := client.Submit(context.Background(), prepared(t, client))
	require.ErrorIs(t, err, segur.ErrSignature)
}

// An assertion is of now.
func TestClockOfTheAssertion(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	client := newClient(t, srv, func(c *dmp.Config) {
		c.Clock = func() time.Time { return time.Now().Add(-time.Hour) }
	})
	_, err := client.Lookup(context.Background(), dmptest.Patient().INS, "1.2.3")
	require.Error(t, err)
	assert.Equal(t, "DMPInvalidVihf", asError(t, err).Code)
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

func TestCancelled(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	client := newClient(t, srv)
	sealed := prepared(t, client)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := client.Submit(ctx, sealed)
	require.ErrorIs(t, err, segur.ErrCanceled)
	_, err = client.Prepare(ctx, dmp.Submission{Patient: dmptest.Patient(), ContentType: consultation,
		Documents: []dmp.SubmissionDocument{{Document: newReport(t)}}})
	require.ErrorIs(t, err, segur.ErrCanceled)
	assert.Empty(t, srv.Calls())

	// Cancelled while the service thinks: the outcome is unknown.
	srv.Fail(dmptest.Fault{Op: "dmp.submit", Hang: true})
	ctx, cancel = context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	_, err = client.Submit(ctx, sealed)
	require.ErrorIs(t, err, segur.ErrOutcomeUnknown)
	require.ErrorIs(t, err, segur.ErrTimeout)
}

// Everything of a secret connection says that it is one.
func TestSecretConnection(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	srv := fake(t)
	open := newClient(t, srv)
	client := open.SecretConnection()
	sealed := prepared(t, client)
	entry := sealed.Entries()[0]
	assert.True(t, entry.Has(xds.HiddenFromRepresentatives))
	_, err := open.Submit(ctx, sealed) // the submission remembers
	require.NoError(t, err)
	_, err = client.Resolve(ctx, sealed)
	require.NoError(t, err)
	_, err = client.Lookup(ctx, dmptest.Patient().INS, "1.2.3")
	require.ErrorIs(t, err, segur.ErrNotFound)
	for _, c := range srv.Calls() {
		assert.True(t, c.Secret, c.Op)
	}
	_, err = open.Lookup(ctx, dmptest.Patient().INS, "1.2.3")
	require.ErrorIs(t, err, segur.ErrNotFound)
	assert.False(t, srv.Calls()[3].Secret)

	_, err = client.Prepare(ctx, dmp.Submission{Patient: dmptest.Patient(), ContentType: consultation,
		Documents: []dmp.SubmissionDocument{{Content: newReport(t), Entry: kosEntry(newReport(t))}}})
	assert.Equal(t, []string{"documents[0].visibility"}, fields(t, err))
}

// Neither logs nor observations hold anything of the patient, whatever
// happens.
func TestLogsAreClean(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	srv := fake(t)
	var log syncBuffer
	seen := &observations{}
	change := func(c *dmp.Config) {
		c.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		c.Observer = seen
	}
	feed, consult := newClient(t, srv, change), newClient(t, srv, change, consulting)
	sealed := prepared(t, feed)
	_, err := feed.Submit(ctx, sealed)
	require.NoError(t, err)
	srv.Fail(dmptest.Fault{Op: "dmp.submit", ContentType: soapType, Body: soapFault("Sender", "X", dmptest.Patient().INS.Matricule())},
		dmptest.Fault{Op: "dmp.submit", DropBeforeResponse: true})
	_, err = feed.Submit(ctx, prepared(t, feed))
	require.Error(t, err)
	_, err = feed.Submit(ctx, prepared(t, feed))
	require.Error(t, err)
	entries, err := found(consult, dmp.Query{Patient: dmptest.Patient().INS})
	require.NoError(t, err)
	r, err := consult.Retrieve(ctx, dmptest.Patient().INS, entries[0])
	require.NoError(t, err)
	require.Error(t, r.Close())
	_, err = feed.Resolve(ctx, sealed)
	require.NoError(t, err)

	text := log.String()
	for _, op := range []string{"dmp.submit", "dmp.find", "dmp.retrieve", "dmp.lookup"} {
		assert.Contains(t, text, op)
	}
	noPrivateText(t, text)
	assert.NotContains(t, text, "Assertion")
	assert.Equal(t, []string{"dmp.submit", "dmp.submit refused", "dmp.submit outcome unknown", "dmp.find", "dmp.retrieve", "dmp.lookup"}, seen.ops())
}

type syncBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// observations lists operations and how they ended.
type observations struct {
	mu  sync.Mutex
	all []string
}

func (o *observations) OperationStart(ctx context.Context, _ string) context.Context { return ctx }

func (o *observations) OperationEnd(_ context.Context, out segur.Outcome) {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := out.Op
	if out.Err != nil {
		s += " " + out.Kind.String()
	}
	o.all = append(o.all, s)
}

func (o *observations) ops() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.all)
}
