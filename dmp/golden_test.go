package dmp_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/dmptest"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/internal/xmlr"
)

// goldenIDs counts OIDs; the UUIDs of messages are in no metadata.
type goldenIDs struct {
	segur.IDSource
	n atomic.Int64
}

func (g *goldenIDs) OID(root segur.OID) (segur.OID, error) {
	return segur.OID(fmt.Sprintf("%s.%d", root, g.n.Add(1))), nil
}

func goldenNow() time.Time { return time.Date(2026, 1, 20, 10, 30, 0, 0, time.UTC) }

// goldenRecord is a record of which nothing depends on the day.
func goldenRecord(t *testing.T) (*dmptest.Server, func(...func(*dmp.Config)) *dmp.Client) {
	t.Helper()
	srv := fake(t, dmptest.WithClock(goldenNow), dmptest.WithMaskedAndInvisible())
	ids := &goldenIDs{IDSource: srv.ClientConfig().WithDefaults().IDs}
	return srv, func(change ...func(*dmp.Config)) *dmp.Client {
		return newClient(t, srv, append(change, func(c *dmp.Config) {
			c.IDs = ids
			c.Settings.AllowMaskedAndInvisible = true // as the sample of TD3.3a
		})...)
	}
}

func goldenReport(t *testing.T, n int, change ...func(*cda.Report)) *cda.Document {
	t.Helper()
	return newReport(t, append(change, func(r *cda.Report) {
		r.ID, r.Created = segur.OID(fmt.Sprintf("1.2.250.1.999.5.%d", n)), goldenNow()
		if r.SetID == (segur.Identifier{}) {
			r.SetID = segur.Identifier{Root: "1.2.250.1.999.5.1"}
		}
	})...)
}

// metadataOf is the SubmitObjectsRequest of the last call, with what the fake
// and its keys give at random replaced.
func metadataOf(t *testing.T, srv *dmptest.Server) []byte {
	t.Helper()
	root, err := xmlr.Parse(lastCall(srv).Envelope, xmlr.Options{})
	require.NoError(t, err)
	n := root.Find("*", "Body/SubmitObjectsRequest")
	if n == nil {
		n = root.Find("*", "Body/ProvideAndRegisterDocumentSetRequest/SubmitObjectsRequest")
	}
	require.NotNil(t, n)
	b := bytes.ReplaceAll(n.Raw(), []byte("><"), []byte(">\n<"))
	for _, d := range srv.Documents() {
		b = bytes.ReplaceAll(b, []byte(d.Entry.ID), []byte("urn:uuid:00000000-0000-4000-8000-"+fmt.Sprintf("%012s", d.Entry.UniqueID[len("1.2.250.1.999.5."):])))
		b = bytes.ReplaceAll(b, []byte(d.Entry.LogicalID), []byte("urn:uuid:00000000-0000-4000-8000-"+fmt.Sprintf("%012s", d.Entry.UniqueID[len("1.2.250.1.999.5."):])))
	}
	for _, d := range srv.History() {
		b = bytes.ReplaceAll(b, []byte(d.Entry.ID), []byte("urn:uuid:00000000-0000-4000-8000-"+fmt.Sprintf("%012s", d.Entry.UniqueID[len("1.2.250.1.999.5."):])))
	}
	if sub := srv.Submissions(); len(sub[len(sub)-1].Signature) > 0 {
		e := sub[len(sub)-1].SignatureEntry
		b = bytes.ReplaceAll(b, []byte(e.Hash), []byte("hash-of-the-signature"))
		b = bytes.ReplaceAll(b, fmt.Appendf(nil, ">%d<", e.Size), []byte(">size-of-the-signature<"))
	}
	return append(b, '\n')
}

// The requests are what they were, to the byte, and have the shape of the
// official samples.
func TestGoldenRequests(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	srv, client := goldenRecord(t)
	feed, card := client(), client(onCard(srv))
	first := goldenReport(t, 11)
	_, err := feed.Submit(ctx, prepared(t, feed, dmp.SubmissionDocument{Document: first, Visibility: []xds.Visibility{xds.HiddenFromPatient}}))
	require.NoError(t, err)
	testkit.Golden(t, "td2.1.xml", metadataOf(t, srv))
	sameShape(t, "dmp/samples/td2.1-submitobjects-cda.xml", srv, "[name=hash]", "[name=size]")

	second := goldenReport(t, 12, func(r *cda.Report) { *r = r.Replacing(first.Header()) })
	kos := kosEntry(first)
	kos.UniqueID = "1.2.250.1.999.5.13"
	sealed, err := card.Prepare(ctx, dmp.Submission{
		Patient: dmptest.Patient(), Opposition: dmp.NotOpposed, ContentType: consultation, Title: "Compte rendu corrigé et images",
		Documents: []dmp.SubmissionDocument{
			{Document: second, Replaces: srv.Documents()[0].Entry.ID, Visibility: []xds.Visibility{xds.HiddenFromPatient}},
			{Content: sampleKOS(), Entry: kos},
		}})
	require.NoError(t, err)
	_, err = card.Submit(ctx, sealed)
	require.NoError(t, err)
	testkit.Golden(t, "td2.1-two-documents-replace.xml", metadataOf(t, srv))
	sameShape(t, "dmp/samples/td2.1-submitobjects-replace.xml", srv, "[name=hash]", "[name=size]")

	all, err := found(card, dmp.Query{Patient: dmptest.Patient().INS, UniqueIDs: []string{string(second.ID())}})
	require.NoError(t, err)
	entry := all[0]
	change := func() dmp.EntryChange { return dmp.EntryChange{Patient: dmptest.Patient(), Entry: entry} }
	_, err = card.SetVisibility(ctx, dmp.VisibilityChange{EntryChange: change(), Act: dmp.Mask})
	require.NoError(t, err)
	testkit.Golden(t, "td3.3a-mask.xml", metadataOf(t, srv))
	sameShape(t, "dmp/samples/td3.3a-mask.xml", srv)
	entry = present(t, card, second)
	_, err = card.SetVisibility(ctx, dmp.VisibilityChange{EntryChange: change(), Act: dmp.ShowToPatient})
	require.NoError(t, err)
	testkit.Golden(t, "td3.3b-show.xml", metadataOf(t, srv))
	sameShape(t, "dmp/samples/td3.3a-mask.xml", srv)
	entry = present(t, card, second)
	_, err = card.Archive(ctx, change())
	require.NoError(t, err)
	testkit.Golden(t, "td3.3d-archive.xml", metadataOf(t, srv))
	sameShape(t, "dmp/samples/td3.3d-archive.xml", srv)
	entry = present(t, card, second)
	_, err = card.Unarchive(ctx, change())
	require.NoError(t, err)
	testkit.Golden(t, "td3.3d-unarchive.xml", metadataOf(t, srv))
	sameShape(t, "dmp/samples/td3.3d-unarchive.xml", srv)
	d, err := feed.PrepareDelete(ctx, dmp.DeleteRequest{Patient: dmptest.Patient(), UniqueID: string(second.ID())})
	require.NoError(t, err)
	_, err = feed.Delete(ctx, d)
	require.NoError(t, err)
	testkit.Golden(t, "td3.3c-delete.xml", metadataOf(t, srv))
	sameShape(t, "dmp/samples/td3.3c-delete.xml", srv)
	for _, sub := range srv.Submissions() {
		assert.Equal(t, len(sub.Signature) > 0, len(sub.Associations) > 1, "documents are signed for, changes are not")
	}
}

// present is the last version of an entry.
func present(t *testing.T, c *dmp.Client, d *cda.Document) *xds.DocumentEntry {
	t.Helper()
	all, err := found(c, dmp.Query{Patient: dmptest.Patient().INS, UniqueIDs: []string{string(d.ID())}})
	require.NoError(t, err)
	i := slices.IndexFunc(all, func(e *xds.DocumentEntry) bool { return e.Status != xds.Deprecated })
	require.GreaterOrEqual(t, i, 0)
	return all[i]
}

// sameShape compares the last request with an official sample: the same
// elements, slots, schemes and attributes, but for what is allowed.
func sameShape(t *testing.T, sample string, srv *dmptest.Server, allowed ...string) {
	t.Helper()
	envelope := lastCall(srv).Envelope
	request := func(t *testing.T, b []byte) []string {
		t.Helper()
		root, err := xmlr.Parse(b, xmlr.Options{})
		require.NoError(t, err)
		n := root
		for _, path := range []string{"Body/SubmitObjectsRequest", "Body/ProvideAndRegisterDocumentSetRequest/SubmitObjectsRequest"} {
			if found := root.Find("*", path); found != nil {
				n = found
				break
			}
		}
		return shape(t, xmlOf(t, n), nil)
	}
	t.Run(sample, func(t *testing.T) {
		want, got := request(t, testkit.ReadShared(t, sample)), request(t, envelope)
		for _, p := range want {
			if !slices.Contains(got, p) {
				t.Error("missing:", p)
			}
		}
		for _, p := range got {
			if !slices.Contains(want, p) && !slices.ContainsFunc(allowed, func(a string) bool { return strings.Contains(p, a) }) {
				t.Error("too many:", p)
			}
		}
	})
}

// xmlOf is an element with the namespaces of its ancestors.
func xmlOf(t *testing.T, n *xmlr.Node) []byte {
	t.Helper()
	b, err := xmlr.Canonicalize(nil, nil, xmlr.Canonical{Mode: xmlr.Exclusive, Apex: n})
	require.NoError(t, err)
	return b
}
