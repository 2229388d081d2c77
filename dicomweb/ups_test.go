package dicomweb_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
)

// task is a workitem to create.
func task(uid string) dicomweb.Workitem {
	return dicomweb.Workitem{
		UID: uid, Label: "Relecture d'un scanner", Worklist: "Relectures", Priority: dicomweb.UPSHigh,
		Start: time.Date(2026, 1, 15, 10, 30, 0, 0, time.FixedZone("", 3600)), Study: "1.2.250.1.999.1.77",
		PatientName: "FICTIVE-DURAND^CAMILLE", PatientID: "IPP-0001", Issuer: "CENTRE D'IMAGERIE FICTIF",
		BirthDate: segur.NewDate(1985, time.March, 14), Sex: "F",
		Attributes: dicomweb.NewDataset(dicomweb.Sequence(dicomweb.TagScheduledStationName, dicomweb.NewDataset(
			dicomweb.Text(dicomweb.TagCodeValue, "CONSOLE1"), dicomweb.Text(dicomweb.TagCodingScheme, "99SEGUR"), dicomweb.Text(dicomweb.TagCodeMeaning, "Console 1")))),
	}
}

// codeOf is the code of an error, or its kind when it has none.
func codeOf(t testing.TB, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	assertPublic(t, err)
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	if e.Code != "" {
		assert.NotEmpty(t, e.Explain(segur.FR))
		return e.Code
	}
	return e.Kind.String()
}

// A workitem is created, found, taken, reported on and completed; everyone without its Transaction UID is refused.
func TestWorkitemLife(t *testing.T) {
	t.Parallel()
	srv, client := setup(t)
	ctx := t.Context()
	uid, err := client.NewUID()
	require.NoError(t, err)
	made, err := client.CreateWorkitem(ctx, task(uid))
	require.NoError(t, err)
	assert.Equal(t, &dicomweb.WorkitemAnswer{UID: uid, URL: srv.URL + "/workitems/" + uid}, made)
	_, err = client.CreateWorkitem(ctx, task(uid))
	require.ErrorIs(t, err, segur.ErrConflict, "there is one of that UID")

	w, err := client.RetrieveWorkitem(ctx, uid)
	require.NoError(t, err)
	assert.Equal(t, "Workitem(SCHEDULED, redacted)", fmt.Sprintf("%+v", *w))
	assert.Equal(t, uid, w.UID)
	assert.Equal(t, dicomweb.UPSScheduled, w.State)
	assert.Equal(t, "Relecture d'un scanner", w.Label)
	assert.Equal(t, "Relectures", w.Worklist)
	assert.Equal(t, dicomweb.UPSHigh, w.Priority)
	assert.Equal(t, dicomweb.UPSReady, w.Readiness)
	assert.True(t, task("").Start.Equal(w.Start))
	assert.Equal(t, "1.2.250.1.999.1.77", w.Study)
	assert.Equal(t, "FICTIVE-DURAND^CAMILLE", w.PatientName)
	assert.Equal(t, segur.NewDate(1985, time.March, 14), w.BirthDate)
	assert.InDelta(t, -1, w.Progress, 0)
	require.Len(t, w.Attributes.Items(dicomweb.TagScheduledStationName), 1)
	assert.Equal(t, "CONSOLE1", w.Attributes.Items(dicomweb.TagScheduledStationName)[0].Value(dicomweb.TagCodeValue))
	assert.Empty(t, w.Attributes.Value(dicomweb.TagTransactionUID))

	ours, err := client.NewUID()
	require.NoError(t, err)
	const theirs = "2.25.999"
	state := func(s dicomweb.UPSState, transaction string) error {
		_, err := client.ChangeWorkitemState(ctx, dicomweb.StateChange{UID: uid, State: s, Transaction: transaction})
		return err
	}
	progress := func(transaction string) error {
		_, err := client.UpdateWorkitem(ctx, dicomweb.WorkitemUpdate{UID: uid, Transaction: transaction, Changes: dicomweb.NewDataset(
			dicomweb.Sequence(dicomweb.TagProgressInformation, dicomweb.NewDataset(dicomweb.Text(dicomweb.TagProcedureStepProgress, "40"))))})
		return err
	}
	cancel := func() error {
		_, err := client.RequestCancellation(ctx, dicomweb.CancelRequest{UID: uid, Reason: "Doublon",
			ReasonCode:  &segur.Code{Code: "110513", SystemName: "DCM", Display: "Discontinued for unspecified reason"},
			ContactName: "Secrétariat", ContactURI: "tel:+33100000000"})
		return err
	}
	require.NoError(t, progress(""), "scheduled: no transaction yet")
	assert.Equal(t, dicomweb.CodeInconsistentState, codeOf(t, state(dicomweb.UPSCompleted, ours)), "not taken yet")
	require.NoError(t, state(dicomweb.UPSInProgress, ours))
	assert.Equal(t, dicomweb.CodeInconsistentState, codeOf(t, state(dicomweb.UPSInProgress, theirs)), "it is taken")
	assert.Equal(t, dicomweb.CodeTransactionIncorrect, codeOf(t, state(dicomweb.UPSCompleted, theirs)))
	assert.Equal(t, dicomweb.CodeTransactionIncorrect, codeOf(t, progress(theirs)))
	err = progress("")
	assert.Equal(t, dicomweb.CodeTransactionMissing, codeOf(t, err))
	require.NoError(t, progress(ours))
	assert.Equal(t, dicomweb.CodePerformerUnreachable, codeOf(t, cancel()), "nobody listens")
	_, err = client.Subscribe(ctx, dicomweb.Subscription{AETitle: "CONSOLE1", Workitem: uid})
	require.NoError(t, err)
	require.NoError(t, cancel())
	held, ok := srv.Workitem(uid)
	require.True(t, ok)
	assert.True(t, held.CancelRequested)
	assert.Equal(t, dicomweb.UPSInProgress, held.State, "the performer decides")
	assert.Equal(t, ours, held.Transaction)
	require.NoError(t, state(dicomweb.UPSCompleted, ours))
	assert.Equal(t, dicomweb.CodeAlreadyCompleted, codeOf(t, state(dicomweb.UPSCompleted, ours)))
	assert.Equal(t, dicomweb.CodeAlreadyCompleted, codeOf(t, cancel()))
	assert.Equal(t, dicomweb.CodeInconsistentState, codeOf(t, progress(ours)))
	assert.Equal(t, dicomweb.CodeInconsistentState, codeOf(t, state(dicomweb.UPSCanceled, ours)))
	w, err = client.RetrieveWorkitem(ctx, uid)
	require.NoError(t, err)
	assert.True(t, w.State.Final())
	assert.InDelta(t, 40, w.Progress, 0)

	// A scheduled one is canceled by the request, once.
	made, err = client.CreateWorkitem(ctx, task(""))
	require.NoError(t, err)
	require.True(t, dicomweb.ValidUID(made.UID))
	uid = made.UID
	require.NoError(t, cancel())
	assert.Equal(t, dicomweb.CodeAlreadyCanceled, codeOf(t, cancel()))
	held, _ = srv.Workitem(uid)
	assert.Equal(t, dicomweb.UPSCanceled, held.State)
}

// The forms of the query in which servers differ.
func TestWorkitemForms(t *testing.T) {
	t.Parallel()
	for name, form := range map[string]dicomweb.UPSForm{
		"AffectedSOPInstanceUID=2.25.7 2.25.8": {},
		"workitem=2.25.7 2.25.8":               {CreateParameter: "workitem"},
		"2.25.7 transaction-uid=2.25.8":        {CreateParameter: "-", TransactionParameter: "transaction-uid"},
	} {
		srv, _ := setup(t)
		var queries string
		client := quick(t, srv, func(c *dicomweb.Config) {
			c.UPS = form
			c.Authorize = func(_ context.Context, r dicomweb.AuthRequest) (http.Header, error) {
				if r.Op == "dicomweb.ups.create" || r.Op == "dicomweb.ups.update" {
					queries += " " + r.URL.RawQuery
				}
				return nil, nil
			}
		})
		_, err := client.CreateWorkitem(t.Context(), task("2.25.7"))
		require.NoError(t, err)
		_, err = client.ChangeWorkitemState(t.Context(), dicomweb.StateChange{UID: "2.25.7", State: dicomweb.UPSInProgress, Transaction: "2.25.8"})
		require.NoError(t, err)
		_, err = client.UpdateWorkitem(t.Context(), dicomweb.WorkitemUpdate{UID: "2.25.7", Transaction: "2.25.8",
			Changes: dicomweb.NewDataset(dicomweb.Text(dicomweb.TagStepPriority, dicomweb.UPSLow))})
		require.NoError(t, err)
		assert.Equal(t, " "+name, queries)
	}
	_, err := dicomweb.New(dicomweb.Config{ClientConfig: segur.ClientConfig{Environment: segur.Fake}, Endpoint: "https://127.0.0.1/",
		UPS: dicomweb.UPSForm{CreateParameter: "a&b", TransactionParameter: "é"}})
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	assert.Len(t, e.Details, 2)
}

func TestWorkitemSearch(t *testing.T) {
	t.Parallel()
	srv, client := setup(t)
	for i := range 7 {
		w := task(fmt.Sprintf("2.25.%d", i+1))
		w.Start = w.Start.Add(time.Duration(i) * time.Hour)
		if i%2 == 1 {
			w.PatientID, w.Label, w.Priority = "IPP-0002", "Reconstruction", dicomweb.UPSLow
		}
		_, err := client.CreateWorkitem(t.Context(), w)
		require.NoError(t, err)
	}
	_, err := client.ChangeWorkitemState(t.Context(), dicomweb.StateChange{UID: "2.25.1", State: dicomweb.UPSInProgress, Transaction: "2.25.100"})
	require.NoError(t, err)
	find := func(q dicomweb.WorkitemQuery) (uids string, err error) {
		for w, err := range client.SearchWorkitems(t.Context(), q) {
			if err != nil {
				return uids, err
			}
			uids += w.UID[5:]
		}
		return uids, nil
	}
	start := task("").Start
	for want, q := range map[string]dicomweb.WorkitemQuery{
		"1234567": {PageSize: 3},
		"1":       {State: dicomweb.UPSInProgress},
		"234567":  {State: dicomweb.UPSScheduled, PageSize: 2},
		"246":     {PatientID: "IPP-0002"},
		"1357":    {Label: "Relecture*", Priority: dicomweb.UPSHigh, Readiness: dicomweb.UPSReady, Worklist: "Relectures"},
		"34":      {From: start.Add(2 * time.Hour), To: start.Add(3 * time.Hour)},
		"67":      {From: start.Add(5 * time.Hour)},
		"12":      {To: start.Add(time.Hour)},
		"123":     {Limit: 3, PageSize: 2, IncludeAll: true, Fuzzy: true, Include: []dicomweb.Tag{dicomweb.TagAdmissionID}},
		"135":     {PatientName: "FICTIVE*", PatientID: "IPP-0001", Limit: 3},
		"":        {PatientID: "IPP-0009"},
		"24": {Limit: 2, Match: []dicomweb.Match{{Path: []dicomweb.Tag{dicomweb.TagStepPriority}, Value: "LOW"},
			{Path: []dicomweb.Tag{dicomweb.TagScheduledStationName, dicomweb.TagCodeValue}, Value: "CONSOLE1"}}},
	} {
		got, err := find(q)
		require.NoError(t, err, want)
		assert.Equal(t, want, got)
	}
	_, err = find(dicomweb.WorkitemQuery{State: "DONE", Priority: "x", Readiness: "x", PatientID: "*", Label: "\\", From: start, To: start.Add(-1), Limit: -1, PageSize: -1, Match: []dicomweb.Match{{}}})
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	assert.Len(t, e.Details, 9)

	// The guards: a server that ignores keys or offset is not believed.
	srv.SetQuirks(dicomwebtest.Quirks{IgnoreFilters: true})
	_, err = find(dicomweb.WorkitemQuery{PatientID: "IPP-0002"})
	assert.Equal(t, dicomweb.CodeFilterIgnored, codeOf(t, err))
	_, err = find(dicomweb.WorkitemQuery{State: dicomweb.UPSInProgress})
	assert.Equal(t, dicomweb.CodeFilterIgnored, codeOf(t, err))
	srv.SetQuirks(dicomwebtest.Quirks{IgnoreOffset: true})
	got, err := find(dicomweb.WorkitemQuery{PageSize: 4})
	assert.Equal(t, dicomweb.CodeOffsetIgnored, codeOf(t, err))
	assert.Equal(t, "1234", got)
	srv.SetQuirks(dicomwebtest.Quirks{EmptyArray: true})
	got, err = find(dicomweb.WorkitemQuery{PatientID: "IPP-0009"})
	require.NoError(t, err)
	assert.Empty(t, got)
	for want, f := range map[string]dicomwebtest.Fault{
		"protocol":  dicomwebtest.HTML(dicomwebtest.OpUPSSearch, 200),
		"truncated": dicomwebtest.TruncatedAt(dicomwebtest.OpUPSSearch, 300),
		"refused":   {Op: dicomwebtest.OpUPSSearch, Status: 400},
	} {
		srv.Fail(f)
		_, err = find(dicomweb.WorkitemQuery{})
		assert.Equal(t, want, codeOf(t, err))
	}
}

func TestWorkitemSubscriptions(t *testing.T) {
	t.Parallel()
	srv, client := setup(t)
	ctx := t.Context()
	_, err := client.CreateWorkitem(ctx, task("2.25.1"))
	require.NoError(t, err)
	subscribers := func(uid string) []string {
		w, ok := srv.Workitem(uid)
		require.True(t, ok)
		return w.Subscribers
	}
	a, err := client.Subscribe(ctx, dicomweb.Subscription{AETitle: "MY AE", Workitem: "2.25.1", DeletionLock: true})
	require.NoError(t, err)
	assert.Contains(t, a.URL, "/subscribers/")
	assert.Empty(t, a.Warnings)
	_, err = client.Subscribe(ctx, dicomweb.Subscription{AETitle: "ALL", Workitem: dicomweb.UPSAll})
	require.NoError(t, err)
	_, err = client.Subscribe(ctx, dicomweb.Subscription{AETitle: "LOW", Workitem: dicomweb.UPSFiltered,
		Match: []dicomweb.Match{{Path: []dicomweb.Tag{dicomweb.TagStepPriority}, Value: "LOW"}}})
	require.NoError(t, err)
	assert.Equal(t, []string{"ALL", "MY AE"}, subscribers("2.25.1"))
	low := task("2.25.2")
	low.Priority = dicomweb.UPSLow
	_, err = client.CreateWorkitem(ctx, low)
	require.NoError(t, err)
	assert.Equal(t, []string{"ALL", "LOW"}, subscribers("2.25.2"))

	require.NoError(t, client.SuspendSubscription(ctx, dicomweb.Subscription{AETitle: "ALL", Workitem: dicomweb.UPSAll}))
	_, err = client.CreateWorkitem(ctx, task("2.25.3"))
	require.NoError(t, err)
	assert.Empty(t, subscribers("2.25.3"), "suspended: not to new ones")
	assert.Equal(t, []string{"ALL", "MY AE"}, subscribers("2.25.1"), "but to those that it has")
	require.NoError(t, client.Unsubscribe(ctx, dicomweb.Subscription{AETitle: "ALL", Workitem: dicomweb.UPSAll}))
	require.NoError(t, client.Unsubscribe(ctx, dicomweb.Subscription{AETitle: "MY AE", Workitem: "2.25.1"}))
	assert.Empty(t, subscribers("2.25.1"))
	require.ErrorIs(t, client.Unsubscribe(ctx, dicomweb.Subscription{AETitle: "MY AE", Workitem: "2.25.1"}), segur.ErrNotFound)
	require.ErrorIs(t, client.SuspendSubscription(ctx, dicomweb.Subscription{AETitle: "ALL", Workitem: dicomweb.UPSAll}), segur.ErrNotFound)

	srv.SetQuirks(dicomwebtest.Quirks{NoDeletionLock: true, NoFilteredSubscriptions: true})
	a, err = client.Subscribe(ctx, dicomweb.Subscription{AETitle: "A", Workitem: "2.25.1", DeletionLock: true})
	require.NoError(t, err, "subscribed all the same")
	require.Len(t, a.Warnings, 1)
	assert.Equal(t, dicomweb.CodeDeletionLockDenied, a.Warnings[0].Code)
	_, err = client.Subscribe(ctx, dicomweb.Subscription{AETitle: "A", Workitem: dicomweb.UPSFiltered,
		Match: []dicomweb.Match{{Path: []dicomweb.Tag{dicomweb.TagStepPriority}, Value: "LOW"}}})
	assert.Equal(t, dicomweb.CodeFilteredUnsupported, codeOf(t, err))

	for want, s := range map[int]dicomweb.Subscription{
		2: {AETitle: "..", Workitem: "x"},
		1: {AETitle: "A", Workitem: dicomweb.UPSFiltered},
		3: {AETitle: "seventeen letters", Workitem: "", Match: []dicomweb.Match{{Path: []dicomweb.Tag{1}}}},
	} {
		_, err = client.Subscribe(ctx, s)
		var e *segur.Error
		require.ErrorAs(t, err, &e)
		assert.Len(t, e.Details, want)
	}
	require.ErrorIs(t, client.Unsubscribe(ctx, dicomweb.Subscription{}), segur.ErrInvalidInput)
	require.ErrorIs(t, client.SuspendSubscription(ctx, dicomweb.Subscription{AETitle: "A", Workitem: "1.2"}), segur.ErrInvalidInput)
}

// What the caller gives is checked at once; what the server answers is never taken for another thing.
func TestWorkitemErrors(t *testing.T) {
	t.Parallel()
	srv, client := setup(t)
	ctx := t.Context()
	details := func(err error) int {
		require.ErrorIs(t, err, segur.ErrInvalidInput)
		assertPublic(t, err)
		var e *segur.Error
		require.ErrorAs(t, err, &e)
		return len(e.Details)
	}
	_, err := client.CreateWorkitem(ctx, dicomweb.Workitem{UID: "x", State: dicomweb.UPSCompleted, Priority: "x", Readiness: "x", Study: "x", Sex: "x",
		PatientName: "FICTIVE\\CAMILLE", BirthDate: segur.Date{Year: 1985}})
	assert.Equal(t, 10, details(err))
	_, err = client.RetrieveWorkitem(ctx, "x")
	assert.Equal(t, 1, details(err))
	_, err = client.UpdateWorkitem(ctx, dicomweb.WorkitemUpdate{UID: "x", Transaction: "x"})
	assert.Equal(t, 3, details(err))
	_, err = client.UpdateWorkitem(ctx, dicomweb.WorkitemUpdate{UID: "1.2", Changes: dicomweb.NewDataset(dicomweb.Text(dicomweb.TagProcedureStepState, "COMPLETED"))})
	assert.Equal(t, 1, details(err))
	_, err = client.ChangeWorkitemState(ctx, dicomweb.StateChange{UID: "x", State: dicomweb.UPSScheduled})
	assert.Equal(t, 3, details(err))
	_, err = client.RequestCancellation(ctx, dicomweb.CancelRequest{UID: "x", ReasonCode: &segur.Code{}})
	assert.Equal(t, 4, details(err))

	_, err = client.RetrieveWorkitem(ctx, "1.2.3")
	require.ErrorIs(t, err, segur.ErrNotFound)
	_, err = client.CreateWorkitem(ctx, task("2.25.1"))
	require.NoError(t, err)
	for name, c := range map[string]struct {
		fault dicomwebtest.Fault
		want  error
	}{
		"HTML":    {dicomwebtest.HTML(dicomwebtest.OpUPSRetrieve, 200), segur.ErrProtocol},
		"another": {dicomwebtest.Fault{Op: dicomwebtest.OpUPSRetrieve, ContentType: "application/dicom+json", Body: []byte(`[{"00080018":{"vr":"UI","Value":["1.2"]}}]`)}, segur.ErrProtocol},
		"two":     {dicomwebtest.Fault{Op: dicomwebtest.OpUPSRetrieve, ContentType: "application/dicom+json", Body: []byte(`[{},{}]`)}, segur.ErrProtocol},
		"none":    {dicomwebtest.Fault{Op: dicomwebtest.OpUPSRetrieve, ContentType: "application/dicom+json", Body: []byte(`[]`)}, segur.ErrProtocol},
		"gone":    {dicomwebtest.Fault{Op: dicomwebtest.OpUPSRetrieve, Status: 410}, segur.ErrNotFound},
		"cut":     {dicomwebtest.TruncatedAt(dicomwebtest.OpUPSRetrieve, 40), segur.ErrTruncated},
	} {
		srv.Fail(c.fault)
		_, err = client.RetrieveWorkitem(ctx, "2.25.1")
		require.ErrorIs(t, err, c.want, name)
	}
	// An act whose answer is lost may have happened: the state says.
	srv.Fail(dicomwebtest.Fault{Op: dicomwebtest.OpUPSState, DropBeforeResponse: true})
	_, err = client.ChangeWorkitemState(ctx, dicomweb.StateChange{UID: "2.25.1", State: dicomweb.UPSInProgress, Transaction: "2.25.9"})
	require.ErrorIs(t, err, segur.ErrOutcomeUnknown)
	w, err := client.RetrieveWorkitem(ctx, "2.25.1")
	require.NoError(t, err)
	assert.Equal(t, dicomweb.UPSInProgress, w.State)
	// A server that is busy did nothing: it is asked again.
	srv.Fail(dicomwebtest.Busy(dicomwebtest.OpUPSState, 0, 1))
	_, err = quick(t, srv).ChangeWorkitemState(ctx, dicomweb.StateChange{UID: "2.25.1", State: dicomweb.UPSCompleted, Transaction: "2.25.9"})
	require.NoError(t, err)
	// The server may choose the UID.
	srv.Fail(dicomwebtest.Fault{Op: dicomwebtest.OpUPSCreate, Status: 201, Header: http.Header{"Location": {"/dicom-web/workitems/1.2.3.4"},
		"Warning": {`299 agent "The UPS was created with modifications"`, "299 x: of our own"}}})
	made, err := client.CreateWorkitem(ctx, task("2.25.5"))
	require.NoError(t, err)
	assert.Equal(t, "1.2.3.4", made.UID)
	require.Len(t, made.Warnings, 2)
	assert.Equal(t, dicomweb.CodeCreatedModified, made.Warnings[0].Code)
	assert.Empty(t, made.Warnings[1].Code)
	srv.SetQuirks(dicomwebtest.Quirks{NoUPS: true})
	_, err = client.CreateWorkitem(ctx, task("2.25.6"))
	require.ErrorIs(t, err, segur.ErrNotFound)
	srv.Fail(dicomwebtest.Fault{Op: dicomwebtest.OpUPSCreate, Status: 405})
	_, err = client.CreateWorkitem(ctx, task("2.25.6"))
	assert.Equal(t, dicomweb.CodeNotSupported, codeOf(t, err))
}
