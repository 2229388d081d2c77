package dmp_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/dmptest"
	"github.com/segur-sdk/segur/dmp/xds"
)

// several is a server with n small documents, their entries and contents.
func several(tb testing.TB, n int, opts ...dmptest.Option) (*dmptest.Server, *dmp.Client, []*xds.DocumentEntry, map[string][]byte) {
	tb.Helper()
	srv := fake(tb, opts...)
	feed, consult := newClient(tb, srv), newClient(tb, srv, consulting)
	contents := map[string][]byte{}
	var documents []dmp.SubmissionDocument
	for range n {
		d := newReport(tb)
		documents = append(documents, dmp.SubmissionDocument{Document: d})
		contents[string(d.Header().ID.Root)] = contentOf(tb, d)
	}
	_, err := feed.Submit(tb.Context(), prepared(tb, feed, documents...))
	require.NoError(tb, err)
	entries, err := found(consult, dmp.Query{Patient: dmptest.Patient().INS})
	require.NoError(tb, err)
	require.Len(tb, entries, n)
	return srv, consult, entries, contents
}

// collected reads everything that a retrieval gives, by unique identifier; the
// errors of single documents are under the same key.
func collected(tb testing.TB, c *dmp.Client, entries []*xds.DocumentEntry) (got map[string][]byte, wrong map[string]error, end error) {
	tb.Helper()
	got, wrong = map[string][]byte{}, map[string]error{}
	for d, err := range c.RetrieveAll(tb.Context(), dmptest.Patient().INS, entries) {
		if err != nil {
			require.NoError(tb, end, "one error ends the iteration")
			end = err
			continue
		}
		b, err := io.ReadAll(d)
		if err = errors.Join(err, d.Close()); err != nil {
			wrong[d.UniqueID] = err
			continue
		}
		got[d.UniqueID] = b
		assert.Equal(tb, d.UniqueID, d.Entry.UniqueID)
		assert.True(tb, d.Verified)
	}
	return got, wrong, end
}

func TestRetrieveAll(t *testing.T) {
	t.Parallel()
	srv, client, entries, contents := several(t, 3)
	got, wrong, err := collected(t, client, entries)
	require.NoError(t, err)
	assert.Empty(t, wrong)
	assert.Equal(t, contents, got)
	assert.Len(t, srv.Calls(), 3, "a submission, a search, one retrieval")

	// A document that is missing does not keep the others back.
	absent := &xds.DocumentEntry{UniqueID: "1.2.250.1.999.5.404"}
	got, wrong, err = collected(t, client, slices.Insert(slices.Clone(entries), 1, absent))
	assert.Equal(t, contents, got)
	assert.Empty(t, wrong)
	require.ErrorIs(t, err, segur.ErrPartial)
	e := asError(t, err)
	assert.Equal(t, "XDSDocumentUniqueIdError", e.Code)
	assert.Equal(t, segur.Detail{Field: absent.UniqueID, Code: "XDSDocumentUniqueIdError", Message: "is not in the answer"}, e.Details[len(e.Details)-1])

	got, _, err = collected(t, client, []*xds.DocumentEntry{absent})
	require.ErrorIs(t, err, segur.ErrNotFound)
	assert.Empty(t, got)

	// Documents that are not read are skipped, and their judgement says so.
	n := 0
	for d, err := range client.RetrieveAll(t.Context(), dmptest.Patient().INS, entries) {
		require.NoError(t, err)
		if n++; n == 2 {
			b, err := io.ReadAll(d)
			require.NoError(t, errors.Join(err, d.Close()))
			assert.Equal(t, contents[d.UniqueID], b)
			continue
		}
		_, err = d.Read(make([]byte, 10))
		require.NoError(t, err)
		defer func() {
			_, err := d.Read(make([]byte, 1))
			require.Error(t, err, "its turn is over")
			require.ErrorIs(t, d.Close(), segur.ErrTruncated)
		}()
	}
	assert.Equal(t, 3, n)
	for range client.RetrieveAll(t.Context(), dmptest.Patient().INS, entries) {
		break
	}
}

func TestRetrieveAllJudges(t *testing.T) {
	t.Parallel()
	srv, client, entries, contents := several(t, 3)
	first, last := entries[0].UniqueID, entries[2].UniqueID
	response := func(b []byte, id string) []byte { // the xds:DocumentResponse of a document
		at := bytes.Index(b, []byte("<xds:DocumentUniqueId>"+id+"<"))
		from := bytes.LastIndex(b[:at], []byte("<xds:DocumentResponse>"))
		to := at + bytes.Index(b[at:], []byte("</xds:DocumentResponse>")) + len("</xds:DocumentResponse>")
		return b[from:to]
	}
	for name, c := range map[string]struct {
		change func([]byte) []byte
		whole  int // documents that are right
		wrong  error
		end    error
	}{
		"one altered": {func(b []byte) []byte {
			mid := contents[first][1000:1012]
			return bytes.Replace(b, mid, []byte("TAMPEREDHERE"), 1)
		}, 2, segur.ErrSignature, nil},
		"missing although a success": {func(b []byte) []byte {
			return bytes.Replace(b, response(b, last), nil, 1)
		}, 2, nil, segur.ErrProtocol}, // its part belongs to no document
		"document twice": {func(b []byte) []byte {
			r := response(b, first)
			return bytes.Replace(b, r, append(slices.Clone(r), r...), 1)
		}, 0, nil, segur.ErrProtocol},
		"not asked for": {func(b []byte) []byte {
			r := response(b, first)
			return bytes.Replace(b, r, append(slices.Clone(r), bytes.Replace(r, []byte(first), []byte("1.2.3"), 1)...), 1)
		}, 0, nil, segur.ErrProtocol},
		"two documents, one part": {func(b []byte) []byte {
			href := bytes.SplitN(bytes.SplitN(response(b, first), []byte(`href="`), 2)[1], []byte(`"`), 2)[0]
			other := bytes.SplitN(bytes.SplitN(response(b, last), []byte(`href="`), 2)[1], []byte(`"`), 2)[0]
			return bytes.Replace(b, other, href, 1)
		}, 0, nil, segur.ErrProtocol},
		"part not there": {func(b []byte) []byte {
			href := bytes.SplitN(bytes.SplitN(response(b, first), []byte(`href="cid:`), 2)[1], []byte(`"`), 2)[0]
			return bytes.Replace(b, href, append([]byte("no"), href...), 1)
		}, 0, nil, segur.ErrProtocol},
		"cut": {func(b []byte) []byte { return b[:len(b)-3000] }, 2, segur.ErrTruncated, segur.ErrTruncated},
		"partial without an error": {func(b []byte) []byte {
			return bytes.Replace(b, []byte(statusSuccess), []byte(statusPartial), 1)
		}, 3, nil, segur.ErrPartial},
		"contents exchanged": {func(b []byte) []byte {
			return bytes.Replace(bytes.Replace(bytes.Replace(b, []byte(">"+first+"<"), []byte(">@<"), 1), []byte(">"+last+"<"), []byte(">"+first+"<"), 1), []byte(">@<"), []byte(">"+last+"<"), 1)
		}, 1, segur.ErrSignature, nil},
	} {
		t.Run(name, func(t *testing.T) {
			srv.Fail(dmptest.Fault{Op: "dmp.retrieve", Alter: c.change})
			got, wrong, err := collected(t, client, entries)
			assert.Len(t, got, c.whole)
			for id, b := range got {
				assert.Equal(t, contents[id], b)
			}
			if c.wrong != nil {
				require.NotEmpty(t, wrong)
				for _, err := range wrong {
					require.ErrorIs(t, err, c.wrong)
				}
			} else {
				assert.Empty(t, wrong)
			}
			if c.end == nil {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, c.end)
				noPrivateText(t, err.Error())
			}
		})
	}
}

func TestRetrieveAllRefuses(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	client := newClient(t, srv, consulting)
	one := &xds.DocumentEntry{UniqueID: "1.2.3"}
	for name, c := range map[string]struct {
		entries []*xds.DocumentEntry
		fields  []string
	}{
		"nothing": {nil, []string{"entries"}},
		"holes":   {[]*xds.DocumentEntry{nil, one, {}}, []string{"entries[0].uniqueID", "entries[2].uniqueID"}},
		"twice":   {[]*xds.DocumentEntry{one, one}, []string{"entries[1].uniqueID"}},
	} {
		_, _, err := collected(t, client, c.entries)
		assert.Equal(t, c.fields, fields(t, err), name)
	}
	feed := newClient(t, srv)
	_, _, err := collected(t, feed, []*xds.DocumentEntry{one})
	require.ErrorIs(t, err, segur.ErrAuthorization)
	assert.Empty(t, srv.Calls())
}
