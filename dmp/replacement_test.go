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
	"github.com/segur-sdk/segur/dmp/xds"
)

// A correction keeps who sees the document; showing it to more people is said.
func TestReplacementAndVisibility(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	p := publishedReport(t, xds.HiddenFromProfessionals)
	next := func() *cda.Document {
		return newReport(t, func(r *cda.Report) { *r = r.Replacing(p.report.Header()) })
	}
	submit := func(d dmp.SubmissionDocument) error {
		d.ReplacesEntry = p.entry
		sealed, err := p.card.Prepare(ctx, dmp.Submission{Patient: dmptest.Patient(), Opposition: dmp.NotOpposed, ContentType: consultation,
			Documents: []dmp.SubmissionDocument{d}})
		if err == nil {
			_, err = p.card.Submit(ctx, sealed)
		}
		return err
	}
	err := submit(dmp.SubmissionDocument{Document: next()})
	assert.Equal(t, []string{"documents[0].visibility"}, fields(t, err))
	require.ErrorContains(t, err, "MASQUE_PS")

	second := next()
	require.NoError(t, submit(dmp.SubmissionDocument{Document: second, Visibility: []xds.Visibility{xds.HiddenFromProfessionals}}))
	e := p.srv.Documents()[1].Entry
	assert.Equal(t, []xds.Visibility{xds.HiddenFromProfessionals}, e.Visibility())
	assert.Equal(t, xds.Deprecated, p.srv.Documents()[0].Entry.Status)
	assert.Equal(t, xds.Replaces, p.srv.Submissions()[1].Associations[3].Type)
	assert.Equal(t, p.srv.Documents()[0].Entry.ID, p.srv.Submissions()[1].Associations[3].Target)

	p.report = second
	p.read(t)
	require.NoError(t, submit(dmp.SubmissionDocument{Document: next(), ChangeVisibility: true}))
	e = p.srv.Documents()[2].Entry
	assert.Empty(t, e.Visibility())
}

// What the record would refuse, and what it might let through by mistake, is
// refused before sending.
func TestReplacementRefused(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	p := publishedReport(t)
	calls := len(p.srv.Calls())
	other := newReport(t)
	replacing := newReport(t, func(r *cda.Report) { *r = r.Replacing(p.report.Header()) })
	for name, c := range map[string]struct {
		change   func(*xds.DocumentEntry)
		document dmp.SubmissionDocument
		want     string
	}{
		"nothing wrong":   {func(*xds.DocumentEntry) {}, dmp.SubmissionDocument{Document: replacing}, ""},
		"both forms":      {func(*xds.DocumentEntry) {}, dmp.SubmissionDocument{Document: replacing, Replaces: p.entry.ID}, ""},
		"another entry":   {func(*xds.DocumentEntry) {}, dmp.SubmissionDocument{Document: replacing, Replaces: "urn:uuid:0f8fad5b-d9cb-469f-a165-70867728950e"}, "documents[0].replaces"},
		"without entry":   {func(e *xds.DocumentEntry) { e.ID = "" }, dmp.SubmissionDocument{Document: replacing, Replaces: p.entry.ID}, "documents[0].replacesEntry"},
		"replaced":        {func(e *xds.DocumentEntry) { e.Status = xds.Deprecated }, dmp.SubmissionDocument{Document: replacing}, "documents[0].replacesEntry.status"},
		"archived":        {func(e *xds.DocumentEntry) { e.Status = xds.Archived }, dmp.SubmissionDocument{Document: replacing}, "documents[0].replacesEntry.status"},
		"signature":       {func(e *xds.DocumentEntry) { e.ClassCode.Code = "urn:oid:1.3.6.1.4.1.19376.1.2.1.1.1" }, dmp.SubmissionDocument{Document: replacing}, "documents[0].replacesEntry"},
		"of the patient":  {func(e *xds.DocumentEntry) { e.TypeCode.Code = "DOCPAT04" }, dmp.SubmissionDocument{Document: replacing}, "documents[0].replacesEntry"},
		"somebody else's": {func(e *xds.DocumentEntry) { e.PatientID = xds.INSPatientID(otherINS(t, segur.OIDINSNIRTest)) }, dmp.SubmissionDocument{Document: replacing}, "documents[0].replacesEntry.patientID"},
		"not ours": {func(e *xds.DocumentEntry) {
			e.Authors = []xds.Author{{Person: xds.Person{ID: "899900000031"}, Institutions: []segur.Organization{{ID: "1990000027", Name: "AUTRE SITE FICTIF"}}}}
			e.LegalAuthenticator = xds.Person{ID: "899900000031"}
		}, dmp.SubmissionDocument{Document: replacing}, "documents[0].replacesEntry.authors"},
		"says another": {func(*xds.DocumentEntry) {}, dmp.SubmissionDocument{
			Document: newReport(t, func(r *cda.Report) { *r = r.Replacing(other.Header()) })}, "documents[0].replacesEntry"},
		"unchanged": {func(e *xds.DocumentEntry) { e.Hash, e.UniqueID = hashOf(sampleKOS(), t), "1.2.250.1.999.5.76" },
			dmp.SubmissionDocument{Content: sampleKOS(), Entry: kosEntry(other)}, "documents[0].content"},
		"same identifier": {func(e *xds.DocumentEntry) { e.UniqueID = kosEntry(other).UniqueID },
			dmp.SubmissionDocument{Content: sampleKOS(), Entry: kosEntry(other)}, "documents[0].uniqueID"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := *p.entry
			c.change(&e)
			c.document.ReplacesEntry = &e
			for mode, client := range map[string]*dmp.Client{"INDIRECTE": p.feed, "DIRECTE": p.card} {
				_, err := client.Prepare(ctx, dmp.Submission{Patient: dmptest.Patient(), Opposition: dmp.NotOpposed, ContentType: consultation,
					Documents: []dmp.SubmissionDocument{c.document}})
				if c.want == "" {
					require.NoError(t, err)
					continue
				}
				assert.Equal(t, []string{c.want}, fields(t, err), mode)
				noPrivateText(t, err.Error())
			}
		})
	}
	assert.Len(t, p.srv.Calls(), calls)
}

func hashOf(c segur.Content, tb testing.TB) string {
	tb.Helper()
	var e xds.DocumentEntry
	require.NoError(tb, e.Digest(c))
	return e.Hash
}

// The fake refuses to let somebody replace what is not theirs, as the record
// does, when the client does not know the entry.
func TestReplacementOfSomebodyElse(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	p := publishedReport(t)
	site := segur.Organization{ID: "1990000027", Name: "AUTRE SITE FICTIF"}
	srv := fake(t, dmptest.WithLegalEntityCertificates())
	own, other := newClient(t, srv), newClient(t, srv, func(c *dmp.Config) { c.Structure.ID, c.AllowLegalEntityCertificate = site.ID, true })
	_, err := own.Submit(ctx, prepared(t, own, dmp.SubmissionDocument{Document: p.report}))
	require.NoError(t, err)
	next := newReport(t, func(r *cda.Report) { *r = r.Replacing(p.report.Header()) })
	_, err = other.Submit(ctx, prepared(t, other, dmp.SubmissionDocument{Document: next, Replaces: srv.Documents()[0].Entry.ID,
		Options: xds.EntryOptions{AuthorInstitution: &site}}))
	require.ErrorIs(t, err, segur.ErrConflict)
	assert.Equal(t, "XDSReplaceFailed", asError(t, err).Code)
	assert.Equal(t, xds.Approved, srv.Documents()[0].Entry.Status)
}

// With a card, hashes are compared: another document under the identifier is
// no success.
func TestResolveCompares(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	p := publishedReport(t)
	same := prepared(t, p.card, dmp.SubmissionDocument{Document: p.report})
	r, err := p.card.Resolve(ctx, same)
	require.NoError(t, err)
	assert.Equal(t, []dmp.ResolvedDocument{{UniqueID: string(p.report.ID()), EntryUUID: p.entry.ID, Content: dmp.Identical, Status: xds.Approved}}, r.Documents)
	receipt, err := p.card.Resubmit(ctx, same)
	require.NoError(t, err)
	assert.True(t, receipt.AlreadyPresent)

	forged := prepared(t, p.card, dmp.SubmissionDocument{Document: newReport(t, func(r *cda.Report) { r.ID = p.report.ID() })})
	_, err = p.card.Resubmit(ctx, forged)
	require.ErrorIs(t, err, segur.ErrConflict)
	assert.Equal(t, "XDSNonIdenticalHash", asError(t, err).Code)
	assert.Equal(t, "documents[0].content", asError(t, err).Details[0].Field)
	r, err = p.feed.Resolve(ctx, prepared(t, p.feed, dmp.SubmissionDocument{Document: p.report}))
	require.NoError(t, err)
	assert.Equal(t, dmp.NotCompared, r.Documents[0].Content)
	assert.Len(t, p.srv.Documents(), 1)

	// A service that refuses the metadata is asked for the reference.
	p.srv.Refuse(dmptest.Refusal{Op: "dmp.find", Code: "DMPAccessDeniedByRightsService", Fault: true})
	r, err = p.card.Resolve(ctx, same)
	require.NoError(t, err)
	assert.Equal(t, dmp.NotCompared, r.Documents[0].Content)
	assert.Equal(t, p.entry.ID, r.Documents[0].EntryUUID)
	p.srv.Refuse(dmptest.Refusal{Op: "dmp.find", Code: "XDSRegistryBusy"})
	_, err = p.card.Resolve(ctx, same)
	require.ErrorIs(t, err, segur.ErrUnavailable)
}
