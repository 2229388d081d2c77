package dmp_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/dmptest"
	"github.com/segur-sdk/segur/dmp/xds"
)

// inRecord is one report in the record, as the radiologist reads it.
type inRecord struct {
	srv    *dmptest.Server
	feed   *dmp.Client // INDIRECTE
	card   *dmp.Client // DIRECTE
	report *cda.Document
	entry  *xds.DocumentEntry
}

func publishedReport(tb testing.TB, visibility ...xds.Visibility) inRecord {
	tb.Helper()
	p := inRecord{srv: fake(tb), report: newReport(tb)}
	p.feed, p.card = newClient(tb, p.srv), newClient(tb, p.srv, onCard(p.srv))
	_, err := p.feed.Submit(context.Background(), prepared(tb, p.feed, dmp.SubmissionDocument{Document: p.report, Visibility: visibility}))
	require.NoError(tb, err)
	p.read(tb)
	return p
}

// read reads the entry again.
func (p *inRecord) read(tb testing.TB) {
	tb.Helper()
	all, err := found(p.card, dmp.Query{Patient: dmptest.Patient().INS, UniqueIDs: []string{string(p.report.ID())}})
	require.NoError(tb, err)
	require.NotEmpty(tb, all)
	for _, e := range all { // the versions that a change superseded are answered too
		if e.Status != xds.Deprecated {
			p.entry = e
		}
	}
}

func (p *inRecord) change() dmp.EntryChange {
	return dmp.EntryChange{Patient: dmptest.Patient(), Entry: p.entry}
}

func (p *inRecord) stored() xds.DocumentEntry { return p.srv.Documents()[0].Entry }

func lastCall(srv *dmptest.Server) dmptest.Call {
	calls := srv.Calls()
	return calls[len(calls)-1]
}

// A document is masked and unmasked: a new version each time, everything else
// as it was.
func TestMaskAndUnmask(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	p := publishedReport(t)
	before := p.stored()
	done, err := p.card.SetVisibility(ctx, dmp.VisibilityChange{EntryChange: p.change(), Act: dmp.Mask})
	require.NoError(t, err)
	assert.Equal(t, dmp.TD33aMask, done.Transaction)
	assert.Equal(t, string(p.report.ID()), done.UniqueID)
	assert.Equal(t, p.entry.ID, done.EntryUUID)
	assert.NotEmpty(t, done.SubmissionSetID)
	assert.False(t, done.AlreadyDone)
	assert.Equal(t, done.MessageID, lastCall(p.srv).MessageID)
	after := p.stored()
	assert.Equal(t, []xds.Visibility{xds.HiddenFromProfessionals}, after.Visibility())
	assert.Equal(t, "N", after.ConfidentialityCodes[0].Code)
	assert.Equal(t, "2", after.Version)
	assert.Equal(t, before.LogicalID, after.LogicalID)
	assert.NotEqual(t, before.ID, after.ID)
	before.ID, before.Version, before.ConfidentialityCodes = after.ID, after.Version, after.ConfidentialityCodes
	assert.Equal(t, before, after, "everything else stays")

	p.read(t)
	calls := len(p.srv.Calls())
	again, err := p.card.SetVisibility(ctx, dmp.VisibilityChange{EntryChange: p.change(), Act: dmp.Mask})
	require.NoError(t, err)
	assert.True(t, again.AlreadyDone)
	assert.Len(t, p.srv.Calls(), calls, "nothing is sent")
	_, err = p.card.SetVisibility(ctx, dmp.VisibilityChange{EntryChange: p.change(), Act: dmp.Unmask})
	require.NoError(t, err)
	e := p.stored()
	assert.Empty(t, e.Visibility())
	assert.Len(t, p.srv.History(), 2)
}

// What was hidden for the announcement is shown; what is shown is not hidden.
func TestShow(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	p := publishedReport(t, xds.HiddenFromPatient, xds.HiddenFromRepresentatives)
	done, err := p.card.SetVisibility(ctx, dmp.VisibilityChange{EntryChange: p.change(), Act: dmp.ShowToPatient})
	require.NoError(t, err)
	assert.Equal(t, dmp.TD33b, done.Transaction)
	e := p.stored()
	assert.Equal(t, []xds.Visibility{xds.HiddenFromRepresentatives}, e.Visibility())
	p.read(t)
	_, err = p.card.SetVisibility(ctx, dmp.VisibilityChange{EntryChange: p.change(), Act: dmp.ShowToRepresentatives})
	require.NoError(t, err)
	e = p.stored()
	assert.Empty(t, e.Visibility())
}

// Somebody changed the entry meanwhile: it is read again, and the change sent
// once more; when they did the same, nothing is left to do.
func TestStaleEntry(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	p := publishedReport(t, xds.HiddenFromPatient)
	stale := p.change()
	_, err := p.card.SetVisibility(ctx, dmp.VisibilityChange{EntryChange: stale, Act: dmp.ShowToPatient})
	require.NoError(t, err)
	done, err := p.card.SetVisibility(ctx, dmp.VisibilityChange{EntryChange: stale, Act: dmp.ShowToPatient})
	require.NoError(t, err)
	assert.True(t, done.AlreadyDone)

	calls := len(p.srv.Calls())
	stale.Entry.ConfidentialityCodes = stale.Entry.ConfidentialityCodes[:1] // still version 1
	_, err = p.card.SetVisibility(ctx, dmp.VisibilityChange{EntryChange: stale, Act: dmp.Mask})
	require.NoError(t, err)
	e := p.stored()
	assert.Equal(t, "3", e.Version)
	assert.Equal(t, []xds.Visibility{xds.HiddenFromProfessionals}, e.Visibility())
	var ops []string
	for _, c := range p.srv.Calls()[calls:] {
		ops = append(ops, c.Op+" "+c.Code)
	}
	assert.Equal(t, []string{"dmp.update XDSMetadataVersionError", "dmp.find ", "dmp.update "}, ops)

	_, err = p.card.Archive(ctx, stale) // its entryUUID is of the first version
	require.NoError(t, err)
	assert.Equal(t, xds.Archived, p.srv.Documents()[0].Entry.Status)

	// Once, not for ever.
	p.read(t)
	p.srv.Refuse(dmptest.Refusal{Op: "dmp.update", Code: "XDSMetadataVersionError", Times: 2})
	calls = len(p.srv.Calls())
	_, err = p.card.SetVisibility(ctx, dmp.VisibilityChange{EntryChange: p.change(), Act: dmp.Unmask})
	require.ErrorIs(t, err, segur.ErrConflict)
	assert.LessOrEqual(t, len(p.srv.Calls())-calls, 3)
	assert.Equal(t, dmp.RetryAfterReading, dmp.RetryOf(err))
}

func TestArchive(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	p := publishedReport(t)
	done, err := p.card.Archive(ctx, p.change())
	require.NoError(t, err)
	assert.Equal(t, dmp.TD33dArchive, done.Transaction)
	assert.Equal(t, xds.Archived, p.srv.Documents()[0].Entry.Status)
	p.read(t)
	done, err = p.card.Archive(ctx, p.change())
	require.NoError(t, err)
	assert.True(t, done.AlreadyDone)
	_, err = p.card.Unarchive(ctx, p.change())
	require.NoError(t, err)
	assert.Equal(t, xds.Approved, p.srv.Documents()[0].Entry.Status)
	assert.Len(t, p.srv.Submissions(), 3)
	assert.Empty(t, p.srv.Submissions()[1].Signature, "ITI-57 has no signature")
}

// Deleting takes two steps: what is about to go, then the confirmation.
func TestDelete(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, of := range map[string]func(inRecord) *dmp.Client{
		"by card":      func(p inRecord) *dmp.Client { return p.card },
		"in INDIRECTE": func(p inRecord) *dmp.Client { return p.feed },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := publishedReport(t)
			_, err := p.card.SetVisibility(ctx, dmp.VisibilityChange{EntryChange: p.change(), Act: dmp.Mask})
			require.NoError(t, err) // the entry has another version since
			p.read(t)
			c := of(p)
			d, err := c.PrepareDelete(ctx, dmp.DeleteRequest{Patient: dmptest.Patient(), UniqueID: string(p.report.ID())})
			require.NoError(t, err)
			assert.Equal(t, p.entry.ID, d.EntryUUID())
			assert.Equal(t, c == p.card, d.Entry() != nil)
			assert.Equal(t, xds.Approved, p.srv.Documents()[0].Entry.Status, "nothing is done yet")
			noPrivateText(t, fmt.Sprintf("%v %+v", d, *d))
			done, err := c.Delete(ctx, d)
			require.NoError(t, err)
			assert.Equal(t, dmp.TD33c, done.Transaction)
			assert.Equal(t, xds.Deleted, p.srv.Documents()[0].Entry.Status)
		})
	}
}

func TestDeleteRefused(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	p := publishedReport(t)
	_, err := p.card.Delete(ctx, nil)
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	_, err = p.card.PrepareDelete(ctx, dmp.DeleteRequest{Patient: dmptest.Patient(), UniqueID: "1.2.250.1.999.5.404"})
	require.ErrorIs(t, err, segur.ErrNotFound)
	doubtful := dmptest.Patient()
	doubtful.Status = segur.Retrieved
	_, err = p.card.PrepareDelete(ctx, dmp.DeleteRequest{Patient: doubtful, Status: xds.Deprecated})
	assert.Equal(t, []string{"patient.status", "uniqueID", "status"}, fields(t, err))

	_, err = p.card.Archive(ctx, p.change())
	require.NoError(t, err)
	d, err := p.feed.PrepareDelete(ctx, dmp.DeleteRequest{Patient: dmptest.Patient(), UniqueID: string(p.report.ID())})
	require.NoError(t, err)
	_, err = p.feed.Delete(ctx, d) // archived, which INDIRECTE cannot see
	require.ErrorIs(t, err, segur.ErrRefused)
	assert.Equal(t, "XDSMetadataUpdateError", asError(t, err).Code)
	d, err = p.feed.PrepareDelete(ctx, dmp.DeleteRequest{Patient: dmptest.Patient(), UniqueID: string(p.report.ID()), Status: xds.Archived})
	require.NoError(t, err)
	_, err = p.feed.Delete(ctx, d)
	require.NoError(t, err)
}

// What breaks a rule is refused before sending, with its field.
func TestChangeRefusedBeforeSending(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	p := publishedReport(t, xds.HiddenFromPatient)
	calls := len(p.srv.Calls())
	with := func(f func(*xds.DocumentEntry)) dmp.EntryChange {
		e := *p.entry
		f(&e)
		return dmp.EntryChange{Patient: dmptest.Patient(), Entry: &e}
	}
	for name, c := range map[string]struct {
		call func() error
		want []string
	}{
		"no entry": {func() error { _, err := p.card.Archive(ctx, dmp.EntryChange{Patient: dmptest.Patient()}); return err }, []string{"entry"}},
		"no act": {func() error {
			_, err := p.card.SetVisibility(ctx, dmp.VisibilityChange{EntryChange: p.change()})
			return err
		}, []string{"act"}},
		"not qualified": {func() error {
			e := p.change()
			e.Patient.Status = segur.Validated
			_, err := p.card.Archive(ctx, e)
			return err
		}, []string{"patient.status", "entry.patientID"}},
		"somebody else": {func() error {
			_, err := p.card.Archive(ctx, with(func(e *xds.DocumentEntry) { e.PatientID = xds.INSPatientID(otherINS(t, segur.OIDINSNIRTest)) }))
			return err
		}, []string{"entry.patientID"}},
		"replaced": {func() error {
			_, err := p.card.SetVisibility(ctx, dmp.VisibilityChange{Act: dmp.ShowToPatient, EntryChange: with(func(e *xds.DocumentEntry) { e.Status = xds.Deprecated })})
			return err
		}, []string{"entry.status"}},
		"deleted": {func() error {
			_, err := p.card.Archive(ctx, with(func(e *xds.DocumentEntry) { e.Status = xds.Deleted }))
			return err
		}, []string{"entry.status"}},
		"masked and invisible": {func() error {
			_, err := p.card.SetVisibility(ctx, dmp.VisibilityChange{Act: dmp.Mask, EntryChange: p.change()})
			return err
		}, []string{"act"}},
		"no version": {func() error {
			_, err := p.card.SetVisibility(ctx, dmp.VisibilityChange{Act: dmp.ShowToPatient, EntryChange: with(func(e *xds.DocumentEntry) { e.Version = "" })})
			return err
		}, []string{"entry.version"}},
		"content type": {func() error {
			e := p.change()
			e.ContentType = segur.Code{Code: "99999"}
			_, err := p.card.Archive(ctx, e)
			return err
		}, []string{"set.contentTypeCode"}},
		"metadata": {func() error {
			_, err := p.card.ChangeMetadata(ctx, dmp.MetadataChange{EntryChange: p.change()})
			return err
		},
			[]string{"settings.allowMetadataChange", "change"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := c.call()
			require.ErrorIs(t, err, segur.ErrInvalidInput)
			assert.Equal(t, c.want, fields(t, err))
			noPrivateText(t, err.Error())
		})
	}
	t.Cleanup(func() { assert.Len(t, p.srv.Calls(), calls, "nothing was sent") })
	e := asError(t, func() error {
		_, err := p.card.Archive(ctx, with(func(e *xds.DocumentEntry) { e.Status = xds.Deprecated }))
		return err
	}())
	assert.Contains(t, e.Error(), "find the one that replaced it (Client.Find)", "the next step is told")
}

// An entry under a former INS of the patient is changed when the caller says so.
func TestFormerINS(t *testing.T) {
	t.Parallel()
	p := publishedReport(t)
	e := p.change()
	e.Entry.PatientID = xds.INSPatientID(otherINS(t, segur.OIDINSNIRTest))
	_, err := p.card.Archive(context.Background(), e)
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	e.FormerINS = []segur.INS{otherINS(t, segur.OIDINSNIRTest)}
	_, err = p.card.Archive(context.Background(), e)
	require.NoError(t, err)
}

// Other attributes change behind a setting; the fake is as strict as the record
// is known to be.
func TestChangeMetadata(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	p := publishedReport(t)
	c := newClient(t, p.srv, onCard(p.srv), func(c *dmp.Config) { c.Settings.AllowMetadataChange = true })
	_, err := c.ChangeMetadata(ctx, dmp.MetadataChange{EntryChange: p.change(), Change: func(e *xds.DocumentEntry) error {
		e.Title = "Autre titre"
		return nil
	}})
	require.ErrorIs(t, err, segur.ErrRefused)
	assert.Equal(t, "XDSMetadataUpdateError", asError(t, err).Code)
	assert.Contains(t, string(lastCall(p.srv).Envelope), "Autre titre")
	for field, change := range map[string]func(*xds.DocumentEntry) error{
		"entry.hash": func(e *xds.DocumentEntry) error { e.Hash = "0"; return nil },
		"change": func(e *xds.DocumentEntry) error {
			e.ConfidentialityCodes = append(e.ConfidentialityCodes, segur.Code{Code: "MASQUE_PS", System: "1.2.250.1.213.1.1.4.13"})
			return nil
		},
	} {
		_, err := c.ChangeMetadata(ctx, dmp.MetadataChange{EntryChange: p.change(), Change: change})
		assert.Equal(t, []string{field}, fields(t, err))
	}
	own := errors.New("no")
	_, err = c.ChangeMetadata(ctx, dmp.MetadataChange{EntryChange: p.change(), Change: func(*xds.DocumentEntry) error { return own }})
	require.ErrorIs(t, err, own)
}

// Refusals and faults of ITI-57, for each of its uses.
func TestChangeFaults(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	p := publishedReport(t, xds.HiddenFromPatient)
	d, err := p.card.PrepareDelete(ctx, dmp.DeleteRequest{Patient: dmptest.Patient(), UniqueID: string(p.report.ID())})
	require.NoError(t, err)
	archived := *p.entry
	archived.Status = xds.Archived
	calls := map[string]func() error{
		"dmp.visibility": func() error {
			_, err := p.card.SetVisibility(ctx, dmp.VisibilityChange{EntryChange: p.change(), Act: dmp.ShowToPatient})
			return err
		},
		"dmp.archive": func() error { _, err := p.card.Archive(ctx, p.change()); return err },
		"dmp.unarchive": func() error {
			_, err := p.card.Unarchive(ctx, dmp.EntryChange{Patient: dmptest.Patient(), Entry: &archived})
			return err
		},
		"dmp.delete": func() error { _, err := p.card.Delete(ctx, d); return err },
	}
	for op, call := range calls {
		p.srv.Refuse(dmptest.Refusal{Op: "dmp.update", Code: "XDSRegistryBusy", Context: "surcharge"})
		err := call()
		require.ErrorIs(t, err, segur.ErrUnavailable, op)
		assert.Equal(t, dmp.RetryLater, dmp.RetryOf(err))
		assert.Equal(t, op, asError(t, err).Op)
		p.srv.Refuse(dmptest.Refusal{Op: "dmp.update", Code: "DMPAccessDeniedByRightsService", Context: "Accès refusé", Fault: true})
		require.ErrorIs(t, call(), segur.ErrAuthorization, op)
		p.srv.Fail(dmptest.Fault{Op: "dmp.update", DropRequest: true})
		err = call()
		require.ErrorIs(t, err, segur.ErrOutcomeUnknown, op)
		assert.Contains(t, asError(t, err).Explain(segur.FR), "Relire la fiche")
		assert.Equal(t, string(p.report.ID()), asError(t, err).Details[0].Field)
		p.srv.Fail(dmptest.Fault{Op: "dmp.update", Status: http.StatusOK, ContentType: "text/html", Body: []byte("<html>maintenance</html>")})
		require.ErrorIs(t, call(), segur.ErrOutcomeUnknown, op)
		assert.Equal(t, "1", p.srv.Documents()[0].Entry.Version)
		assert.Equal(t, xds.Approved, p.srv.Documents()[0].Entry.Status)
	}
	// A lost answer is found out by reading again.
	p.srv.Fail(dmptest.Fault{Op: "dmp.update", DropBeforeResponse: true})
	require.ErrorIs(t, calls["dmp.visibility"](), segur.ErrOutcomeUnknown)
	done, err := p.card.SetVisibility(ctx, dmp.VisibilityChange{EntryChange: p.change(), Act: dmp.ShowToPatient})
	require.NoError(t, err)
	assert.True(t, done.AlreadyDone)

	for _, op := range []string{"dmp.archive", "dmp.delete"} {
		p.read(t)
		e := p.change()
		d, err := p.card.PrepareDelete(ctx, dmp.DeleteRequest{Patient: dmptest.Patient(), UniqueID: string(p.report.ID())})
		require.NoError(t, err)
		p.srv.Fail(dmptest.Fault{Op: "dmp.update", DropBeforeResponse: true})
		again := func() (*dmp.Change, error) { return p.card.Archive(ctx, e) }
		if op == "dmp.delete" {
			again = func() (*dmp.Change, error) { return p.card.Delete(ctx, d) }
		}
		_, err = again()
		require.ErrorIs(t, err, segur.ErrOutcomeUnknown, op)
		done, err := again()
		require.NoError(t, err, op)
		assert.True(t, done.AlreadyDone, op)
	}
	assert.Equal(t, xds.Deleted, p.srv.Documents()[0].Entry.Status)

	p = publishedReport(t)
	p.srv.Refuse(dmptest.Refusal{Op: "dmp.update", Code: "XDSExtraMetadataNotSaved", Context: "slot ignoré", Location: "Document01", Warning: true})
	p.read(t)
	done, err = p.card.SetVisibility(ctx, dmp.VisibilityChange{EntryChange: p.change(), Act: dmp.Mask})
	require.NoError(t, err)
	assert.Equal(t, []segur.Detail{{Field: "entry", Code: "XDSExtraMetadataNotSaved", Severity: "warning", Message: "slot ignoré", Location: "Document01"}}, done.Warnings)
}
