package dmp_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/dmptest"
	"github.com/segur-sdk/segur/dmp/xds"
)

// published is a server with one report, and the entry that finds it.
func published(tb testing.TB) (*dmptest.Server, *dmp.Client, *xds.DocumentEntry, []byte) {
	tb.Helper()
	srv := fake(tb)
	feed, consult := newClient(tb, srv), newClient(tb, srv, consulting)
	report := newReport(tb)
	_, err := feed.Submit(context.Background(), prepared(tb, feed, dmp.SubmissionDocument{Document: report}))
	require.NoError(tb, err)
	entries, err := found(consult, dmp.Query{Patient: dmptest.Patient().INS})
	require.NoError(tb, err)
	require.Len(tb, entries, 1)
	return srv, consult, entries[0], contentOf(tb, report)
}

func TestRetrieveVerifies(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	srv, client, entry, content := published(t)
	mid := content[len(content)/2 : len(content)/2+8]
	for name, c := range map[string]struct {
		change func([]byte) []byte
		want   error
	}{
		"altered": {func(b []byte) []byte { return bytes.Replace(b, mid, []byte("TAMPERED"), 1) }, segur.ErrSignature},
		"longer":  {func(b []byte) []byte { return bytes.Replace(b, mid, append([]byte("TAMPERED"), mid...), 1) }, segur.ErrSignature},
		"shorter": {func(b []byte) []byte { return bytes.Replace(b, mid, nil, 1) }, segur.ErrSignature},
		"other document": {func(b []byte) []byte {
			return bytes.Replace(b, []byte("DocumentUniqueId>"+entry.UniqueID), []byte("DocumentUniqueId>1.2.3"), 1)
		}, segur.ErrProtocol},
		"part not there": {func(b []byte) []byte { return bytes.Replace(b, []byte(`href="cid:`), []byte(`href="cid:no`), 1) }, segur.ErrProtocol},
		"no end": {func(b []byte) []byte {
			return b[:len(b)-40]
		}, segur.ErrTruncated},
	} {
		t.Run(name, func(t *testing.T) {
			srv.Fail(dmptest.Fault{Op: "dmp.retrieve", Alter: c.change})
			r, err := client.Retrieve(ctx, dmptest.Patient().INS, entry)
			if err != nil {
				require.ErrorIs(t, err, c.want)
				return
			}
			var got bytes.Buffer
			_, err = got.ReadFrom(r)
			require.ErrorIs(t, err, c.want)
			_, again := r.Read(make([]byte, 1))
			require.ErrorIs(t, again, c.want)
			require.ErrorIs(t, r.Close(), c.want)
			require.ErrorIs(t, r.Close(), c.want)
			assert.Equal(t, "dmp.retrieve", asError(t, err).Op)
			noPrivateText(t, err.Error())
		})
	}
}

func TestRetrieveClose(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	_, client, entry, content := published(t)
	r, err := client.Retrieve(ctx, dmptest.Patient().INS, entry)
	require.NoError(t, err)
	_, err = io.ReadFull(r, make([]byte, 100))
	require.NoError(t, err)
	require.ErrorIs(t, r.Close(), segur.ErrTruncated, "not read to its end")
	_, err = r.Read(make([]byte, 1))
	require.Error(t, err)
	require.NotErrorIs(t, err, io.EOF)

	r, err = client.Retrieve(ctx, dmptest.Patient().INS, entry)
	require.NoError(t, err)
	_, err = io.ReadFull(r, make([]byte, len(content)))
	require.NoError(t, err)
	require.NoError(t, r.Close(), "every byte was read: Close judges")

	// Without an entry the content is not verified, and that is said.
	r, err = client.Retrieve(ctx, dmptest.Patient().INS, &xds.DocumentEntry{UniqueID: entry.UniqueID})
	require.NoError(t, err)
	got, err := io.ReadAll(r)
	require.NoError(t, err)
	require.NoError(t, r.Close())
	assert.Equal(t, content, got)
	assert.False(t, r.Verified)
	assert.Equal(t, "text/xml", r.MimeType)
}

func TestRetrieveRefusals(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	srv, client, entry, _ := published(t)
	_, err := client.Retrieve(ctx, dmptest.Patient().INS, nil)
	assert.Equal(t, []string{"entry.uniqueID"}, fields(t, err))
	_, err = client.Retrieve(ctx, segur.INS{}, entry)
	assert.Equal(t, []string{"patient"}, fields(t, err))
	_, err = client.Retrieve(ctx, dmptest.Patient().INS, &xds.DocumentEntry{UniqueID: "1.2.250.1.999.5.404"})
	require.ErrorIs(t, err, segur.ErrNotFound)
	assert.Equal(t, "XDSDocumentUniqueIdError", asError(t, err).Code)
	_, err = client.Retrieve(ctx, dmptest.Patient().INS, &xds.DocumentEntry{UniqueID: entry.UniqueID, RepositoryID: "1.2.3"})
	require.Error(t, err)
	assert.Equal(t, "XDSUnknownRepositoryId", asError(t, err).Code)
	_, err = client.Retrieve(ctx, otherINS(t, segur.OIDINSNIRTest), entry)
	require.ErrorIs(t, err, segur.ErrNotFound)
	production := newClient(t, srv, consulting, func(c *dmp.Config) { c.Environment = segur.Production })
	_, err = production.Retrieve(ctx, dmptest.Patient().INS, entry)
	assert.Equal(t, []string{"patient"}, fields(t, err))
}

// A connection that breaks in the middle is a truncation.
func TestRetrieveCut(t *testing.T) {
	t.Parallel()
	srv, client, entry, _ := published(t)
	srv.Fail(dmptest.Fault{Op: "dmp.retrieve", CutAfter: 8000})
	r, err := client.Retrieve(context.Background(), dmptest.Patient().INS, entry)
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, r)
	require.ErrorIs(t, err, segur.ErrTruncated)
	require.ErrorIs(t, r.Close(), segur.ErrTruncated)
}

// A read is repeated by itself when the connection fails.
func TestReadsAreRepeated(t *testing.T) {
	t.Parallel()
	srv, _, entry, content := published(t)
	client := newClient(t, srv, consulting, func(c *dmp.Config) { c.Retry.MaxAttempts, c.Retry.BaseDelay = 3, 1 })
	srv.Fail(dmptest.Fault{Status: 503}, dmptest.Fault{DropRequest: true})
	entries, err := found(client, dmp.Query{Patient: dmptest.Patient().INS})
	require.NoError(t, err)
	assert.Len(t, entries, 1)
	// The service has seen the first message: the next one has an identifier
	// and an assertion of its own, each of them traced.
	var traced []dmp.AssertionUse
	tracing := newClient(t, srv, consulting, func(c *dmp.Config) {
		c.Retry.MaxAttempts, c.Retry.BaseDelay = 3, 1
		c.Trace = func(u dmp.AssertionUse) { traced = append(traced, u) }
	})
	before := len(srv.Calls())
	srv.Fail(dmptest.Fault{DropBeforeResponse: true})
	entries, err = found(tracing, dmp.Query{Patient: dmptest.Patient().INS})
	require.NoError(t, err)
	assert.Len(t, entries, 1)
	calls := srv.Calls()[before:]
	require.Len(t, calls, 2)
	require.Len(t, traced, 2)
	for i := range calls {
		assert.Equal(t, traced[i].MessageID, calls[i].MessageID)
	}
	assert.NotEqual(t, traced[0].ID, traced[1].ID)
	assert.NotEqual(t, traced[0].MessageID, traced[1].MessageID)

	srv.Fail(dmptest.Fault{Status: 503})
	r, err := client.Retrieve(context.Background(), dmptest.Patient().INS, entry)
	require.NoError(t, err)
	got, err := io.ReadAll(r)
	require.NoError(t, errors.Join(err, r.Close()))
	assert.Equal(t, content, got)
}
