package dmp_test

import (
	"crypto/sha1" //nolint:gosec // the hash of XDS metadata
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/dmptest"
	"github.com/segur-sdk/segur/dmp/xds"
)

func changed(r *dmp.SyncResult) []string {
	var out []string
	for _, c := range r.Changes {
		out = append(out, string(c.Kind))
	}
	return out
}

// Through the whole client: a publication, a replacement, another INS.
func TestSync(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	feed, client := newClient(t, srv), newClient(t, srv, consulting)
	patient, report := dmptest.Patient().INS, newReport(t)
	_, err := feed.Submit(t.Context(), prepared(t, feed, dmp.SubmissionDocument{Document: report}))
	require.NoError(t, err)
	entry := srv.Documents()[0].Entry
	ask := func(c *dmp.Client, r dmp.SyncRequest) *dmp.SyncResult {
		out, err := c.Sync(t.Context(), r)
		require.NoError(t, err)
		b, err := json.Marshal(out.State)
		require.NoError(t, err)
		assert.NotContains(t, string(b), patient.Body())
		require.NoError(t, json.Unmarshal(b, &out.State))
		return out
	}
	since := examination.AddDate(0, 0, -1)
	r := ask(client, dmp.SyncRequest{Patient: patient, Since: since, Received: []string{entry.UniqueID}})
	require.Equal(t, []string{"new"}, changed(r))
	assert.Equal(t, entry.UniqueID, r.Changes[0].Entry.UniqueID)
	assert.True(t, r.Changes[0].AlreadyReceived)
	assert.Empty(t, changed(ask(client, dmp.SyncRequest{Patient: patient, State: r.State})))
	late := ask(client, dmp.SyncRequest{Patient: patient, Since: examination.AddDate(1, 0, 0)})
	assert.Empty(t, late.Changes, "older than the first search")

	next := newReport(t, func(r *cda.Report) { *r = r.Replacing(report.Header()) })
	_, err = feed.Submit(t.Context(), prepared(t, feed, dmp.SubmissionDocument{Document: next, Replaces: entry.ID}))
	require.NoError(t, err)
	r = ask(client, dmp.SyncRequest{Patient: patient, State: r.State})
	require.Equal(t, []string{"replaced"}, changed(r))
	assert.Equal(t, entry.ID, r.Changes[0].Previous.EntryUUID)
	assert.Equal(t, string(next.Header().ID.Root), r.Changes[0].Entry.UniqueID)
	assert.Equal(t, []string{"new"}, changed(ask(client, dmp.SyncRequest{Patient: patient, State: late.State})))

	// The patient has another INS: the documents keep the old one, and are the same.
	other := otherINS(t, segur.OIDINSNIRTest)
	srv.ChangeINS(patient, other)
	_, err = client.Sync(t.Context(), dmp.SyncRequest{Patient: other, State: r.State})
	assert.Equal(t, []string{"state"}, fields(t, err))
	r = ask(client, dmp.SyncRequest{Patient: other, State: r.State, INSChanged: true})
	assert.Empty(t, r.Changes)
	_, err = feed.Sync(t.Context(), dmp.SyncRequest{Patient: other})
	require.ErrorIs(t, err, segur.ErrAuthorization)
	_, err = client.Sync(t.Context(), dmp.SyncRequest{})
	assert.Equal(t, []string{"patient"}, fields(t, err))
}

// A registry that answers one entry at a time gives them all.
func TestFindBehindACap(t *testing.T) {
	t.Parallel()
	for _, how := range []dmptest.CapAnswer{dmptest.CapRefuses, dmptest.CapPartial, dmptest.CapSilent} {
		srv := fake(t, dmptest.WithResultCap(dmptest.ResultCap{Results: 1, Answer: how}))
		feed := newClient(t, srv)
		_, err := feed.Submit(t.Context(), prepared(t, feed))
		require.NoError(t, err)
		consult := newClient(t, srv, consulting, func(c *dmp.Config) {
			if how == dmptest.CapSilent {
				c.Settings.Search.ResultCap = 2 // never reached: one entry, a whole answer
			}
		})
		got, err := found(consult, dmp.Query{Patient: dmptest.Patient().INS})
		require.NoError(t, err)
		assert.Len(t, got, 1)
		n := 0
		for s, err := range consult.FindSubmissionSets(t.Context(), dmp.SetQuery{Patient: dmptest.Patient().INS}) {
			require.NoError(t, err)
			n++
			var members []string
			for a, err := range consult.Associations(t.Context(), dmptest.Patient().INS, s.ID) {
				require.NoError(t, err)
				if a.Type == xds.HasMember {
					members = append(members, a.Target)
				}
			}
			assert.Contains(t, members, got[0].ID)
		}
		assert.Equal(t, 1, n)
		for l, err := range consult.DocumentsAndAssociations(t.Context(), dmptest.Patient().INS, got[0].ID) {
			require.NoError(t, err)
			assert.Len(t, l.Entries, 1)
			assert.NotEmpty(t, l.Associations)
		}
		var ids []string
		for id, err := range consult.FindIDs(t.Context(), dmp.Query{Patient: dmptest.Patient().INS}) {
			require.NoError(t, err)
			ids = append(ids, id)
		}
		assert.Equal(t, []string{got[0].ID}, ids)
		var refs []string
		for e, err := range consult.FindByReference(t.Context(), dmptest.Patient().INS, xds.Reference{ID: "1.2.250.1.999.4.1001", Type: xds.ReferenceStudy}) {
			require.NoError(t, err)
			refs = append(refs, e.ID)
		}
		assert.Equal(t, ids, refs)
	}
}

// zeros is a content of so many bytes that nobody holds.
type zeros struct{ left int64 }

func (z *zeros) Read(p []byte) (int, error) {
	if z.left == 0 {
		return 0, io.EOF
	}
	n := min(int64(len(p)), z.left)
	clear(p[:n])
	z.left -= n
	return int(n), nil
}

// A retrieval takes the same memory whatever the size: 16 MiB here, 500 MiB
// with SEGUR_BENCH=1.
func TestPromiseRetrieval(t *testing.T) {
	size := int64(16 << 20)
	if os.Getenv("SEGUR_BENCH") != "" {
		size = 500 << 20
	}
	if stride > 1 {
		size = 4 << 20 // the race detector looks for something else
	}
	const id = "1.2.250.1.999.5.7"
	sum := sha1.New() //nolint:gosec // see the import
	_, err := io.Copy(sum, &zeros{size})
	require.NoError(t, err)
	entry := &xds.DocumentEntry{UniqueID: id, Hash: hex.EncodeToString(sum.Sum(nil)), Size: size}
	srv := fake(t)
	cfg := srv.Config()
	cfg.Mode, cfg.Credentials, cfg.RootCAs = dmp.IndirecteRenforcee, nil, nil
	head := "--b\r\nContent-Type: application/xop+xml; type=\"application/soap+xml\"\r\nContent-ID: <root@x>\r\n\r\n" +
		`<soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope"><soap:Body><xds:RetrieveDocumentSetResponse xmlns:xds="urn:ihe:iti:xds-b:2007">` +
		`<rs:RegistryResponse xmlns:rs="urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0" status="` + statusSuccess + `"/><xds:DocumentResponse><xds:RepositoryUniqueId>1.2.250.1.213.4.1.1.1.2</xds:RepositoryUniqueId>` +
		`<xds:DocumentUniqueId>` + id + `</xds:DocumentUniqueId><xds:mimeType>application/dicom</xds:mimeType><xds:Document><xop:Include xmlns:xop="http://www.w3.org/2004/08/xop/include" href="cid:1@x"/></xds:Document>` +
		"</xds:DocumentResponse></xds:RetrieveDocumentSetResponse></soap:Body></soap:Envelope>\r\n--b\r\nContent-Type: application/dicom\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <1@x>\r\n\r\n"
	cfg.HTTPClient = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		_, _ = io.Copy(io.Discard, r.Body)
		return &http.Response{StatusCode: http.StatusOK, ContentLength: -1, Request: r, ProtoMajor: 1, ProtoMinor: 1,
			Header: http.Header{"Content-Type": {`multipart/related; type="application/xop+xml"; boundary=b; start="<root@x>"; start-info="application/soap+xml"`}},
			Body:   io.NopCloser(io.MultiReader(strings.NewReader(head), &zeros{size}, strings.NewReader("\r\n--b--\r\n")))}, nil
	})}
	client, err := dmp.New(cfg)
	require.NoError(t, err)
	d, err := client.Retrieve(t.Context(), dmptest.Patient().INS, entry)
	require.NoError(t, err)
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, d, make([]byte, 64<<10))
	require.NoError(t, err)
	require.NoError(t, d.Close())
	runtime.ReadMemStats(&now)
	assert.Equal(t, size, n)
	allocated := float64(now.TotalAlloc-before.TotalAlloc) / (1 << 20)
	t.Logf("%d MiB: %.2f MiB allocated in all", size>>20, allocated)
	assert.Less(t, allocated, 8.0, "everything allocated, collected or not")
}
