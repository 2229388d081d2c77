package dicomweb_test

import (
	"fmt"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
)

const console = "CONSOLE1"

// listen opens the channel of an application.
func listen(t testing.TB, client *dicomweb.Client, aeTitle string) *dicomweb.EventChannel {
	t.Helper()
	ch, err := client.OpenEvents(t.Context(), dicomweb.EventRequest{AETitle: aeTitle})
	require.NoError(t, err)
	t.Cleanup(func() { _ = ch.Close() })
	return ch
}

// next takes so many events.
func next(t testing.TB, ch *dicomweb.EventChannel, n int) (events []*dicomweb.UPSEvent) {
	t.Helper()
	for e, err := range ch.Events() {
		require.NoError(t, err)
		if events = append(events, e); len(events) == n {
			break
		}
	}
	return events
}

// bare is an event without what was received, to compare.
func bare(e *dicomweb.UPSEvent) dicomweb.UPSEvent {
	out := *e
	out.Attributes = nil
	return out
}

// Every type of event is told with what belongs to it.
func TestEvents(t *testing.T) {
	t.Parallel()
	srv, client := setup(t)
	ctx := t.Context()
	_, err := client.CreateWorkitem(ctx, task("2.25.7"))
	require.NoError(t, err)
	ch := listen(t, client, console)
	answer, err := client.Subscribe(ctx, dicomweb.Subscription{AETitle: console, Workitem: "2.25.7"})
	require.NoError(t, err)
	assert.Equal(t, "ws"+srv.URL[len("http"):]+"/subscribers/"+console, answer.URL)
	state := func(s dicomweb.UPSState) {
		_, err := client.ChangeWorkitemState(ctx, dicomweb.StateChange{UID: "2.25.7", State: s, Transaction: "2.25.8"})
		require.NoError(t, err)
	}
	update := func(e dicomweb.Element) {
		_, err := client.UpdateWorkitem(ctx, dicomweb.WorkitemUpdate{UID: "2.25.7", Transaction: "2.25.8", Changes: dicomweb.NewDataset(e)})
		require.NoError(t, err)
	}
	code := func(value string) *dicomweb.Dataset {
		return dicomweb.NewDataset(dicomweb.Text(dicomweb.TagCodeValue, value), dicomweb.Text(dicomweb.TagCodingScheme, "99SEGUR"), dicomweb.Text(dicomweb.TagCodeMeaning, "Fictif"))
	}
	state(dicomweb.UPSInProgress)
	update(dicomweb.Sequence(dicomweb.TagProgressInformation, dicomweb.NewDataset(
		dicomweb.Text(dicomweb.TagProcedureStepProgress, "40.5"), dicomweb.Text(dicomweb.TagProgressDescription, "Série 2"),
		dicomweb.Sequence(dicomweb.TagCommunicationsURI, dicomweb.NewDataset(dicomweb.Text(dicomweb.TagContactURI, "tel:+33100000000"), dicomweb.Text(dicomweb.TagContactDisplayName, "Console"))))))
	update(dicomweb.Sequence(dicomweb.TagScheduledHumanPerformers, dicomweb.NewDataset(dicomweb.Sequence(dicomweb.TagHumanPerformerCode, code("P1")))))
	update(dicomweb.Text(dicomweb.TagInputReadinessState, dicomweb.UPSIncomplete))
	_, err = client.RequestCancellation(ctx, dicomweb.CancelRequest{UID: "2.25.7", Reason: "Doublon",
		ReasonCode: &segur.Code{Code: "110513", SystemName: "DCM", Display: "Discontinued"}, ContactName: "Secrétariat", ContactURI: "tel:+33200000000"})
	require.NoError(t, err)
	state(dicomweb.UPSCanceled)
	srv.AnnounceStatus(dicomweb.ServiceStatus{Status: dicomweb.ServiceRestarted, Subscriptions: "COLD STARTED", Workitems: dicomweb.ListKept})
	srv.SendEvent(console, `{"00001000":{"vr":"UI","Value":["2.25.7"]},"00001002":{"vr":"US","Value":[77]}}`)

	events := next(t, ch, 9)
	report := func(s dicomweb.UPSState, readiness string) dicomweb.UPSEvent {
		return dicomweb.UPSEvent{Type: dicomweb.UPSStateReport, Workitem: "2.25.7", State: s, Readiness: readiness, Progress: -1}
	}
	station := segur.Code{Code: console, SystemName: "99SEGUR", Display: "Console 1"}
	for i, want := range []dicomweb.UPSEvent{
		report(dicomweb.UPSScheduled, dicomweb.UPSReady),
		report(dicomweb.UPSInProgress, dicomweb.UPSReady),
		{Type: dicomweb.UPSProgressReport, Workitem: "2.25.7", Progress: 40.5, ProgressDescription: "Série 2", ContactName: "Console", ContactURI: "tel:+33100000000"},
		{Type: dicomweb.UPSAssigned, Workitem: "2.25.7", Progress: -1, Stations: []segur.Code{station}, Performers: []segur.Code{{Code: "P1", SystemName: "99SEGUR", Display: "Fictif"}}},
		report(dicomweb.UPSInProgress, dicomweb.UPSIncomplete),
		{Type: dicomweb.UPSCancelRequested, Workitem: "2.25.7", Progress: -1, Reason: "Doublon", RequestingAE: "DICOMWEBTEST",
			ReasonCode: &segur.Code{Code: "110513", SystemName: "DCM", Display: "Discontinued"}, ContactName: "Secrétariat", ContactURI: "tel:+33200000000"},
		report(dicomweb.UPSCanceled, dicomweb.UPSIncomplete),
		{Type: dicomweb.UPSServiceStatus, Progress: -1, Service: dicomweb.ServiceStatus{Status: "RESTARTED", Subscriptions: dicomweb.ListLost, Workitems: dicomweb.ListKept}},
		{Type: 77, Workitem: "2.25.7", Progress: -1},
	} {
		assert.Equal(t, want, bare(events[i]), "event %d", i)
	}
	assert.Equal(t, "UPSEvent(UPS Progress Report, redacted)", fmt.Sprintf("%+v", *events[2]))
	assert.Equal(t, "event 77", events[8].Type.String())
	assert.Equal(t, "1.2.840.10008.5.1.4.34.6.1", events[0].Attributes.Value(dicomweb.TagAffectedSOPClassUID))
}

// Who is told of what: one workitem, all, those that match; with and without what is there already; until it is suspended or ended.
func TestEventsOfSubscriptions(t *testing.T) {
	t.Parallel()
	srv, client := setup(t)
	ctx := t.Context()
	create := func(n int, worklist string) {
		w := task("2.25." + strconv.Itoa(n))
		w.Worklist, w.Attributes = worklist, nil
		_, err := client.CreateWorkitem(ctx, w)
		require.NoError(t, err)
	}
	create(1, "A")
	create(2, "B")
	channels := map[string]*dicomweb.EventChannel{}
	subscriptions := []dicomweb.Subscription{
		{AETitle: "ONE", Workitem: "2.25.1"},
		{AETitle: "ALL", Workitem: dicomweb.UPSAll},
		{AETitle: "LOCKED", Workitem: dicomweb.UPSAll, DeletionLock: true},
		{AETitle: "SOME", Workitem: dicomweb.UPSFiltered, Match: []dicomweb.Match{dicomweb.Equal(dicomweb.TagWorklistLabel, "B")}},
		{AETitle: "SUSPENDED", Workitem: dicomweb.UPSAll},
		{AETitle: "LEFT", Workitem: dicomweb.UPSAll},
	}
	for _, s := range subscriptions {
		channels[s.AETitle] = listen(t, client, s.AETitle)
		_, err := client.Subscribe(ctx, s)
		require.NoError(t, err)
	}
	require.NoError(t, client.SuspendSubscription(ctx, subscriptions[4]))
	require.NoError(t, client.Unsubscribe(ctx, subscriptions[5]))
	create(3, "B")
	for n := 1; n <= 3; n++ { // the server cancels what nobody has taken
		_, err := client.RequestCancellation(ctx, dicomweb.CancelRequest{UID: "2.25." + strconv.Itoa(n)})
		require.NoError(t, err)
	}
	canceled := func(n string) []string { return []string{n + " 2 ", n + " 1 IN PROGRESS", n + " 1 CANCELED"} }
	join := func(lists ...[]string) (out []string) {
		for _, l := range lists {
			out = append(out, l...)
		}
		return out
	}
	for title, want := range map[string][]string{
		"ONE":       join([]string{"1 1 SCHEDULED"}, canceled("1")),
		"ALL":       join([]string{"3 1 SCHEDULED"}, canceled("1"), canceled("2"), canceled("3")),
		"LOCKED":    join([]string{"1 1 SCHEDULED", "2 1 SCHEDULED", "3 1 SCHEDULED"}, canceled("1"), canceled("2"), canceled("3")),
		"SOME":      join([]string{"3 1 SCHEDULED"}, canceled("2"), canceled("3")),
		"SUSPENDED": join(canceled("1"), canceled("2")),
		"LEFT":      nil,
	} {
		srv.SendEvent(title, `{"00001002":{"vr":"US","Value":[4]},"00741242":{"vr":"CS","Value":["GOING DOWN"]}}`)
		var got []string
		for e, err := range channels[title].Events() {
			require.NoError(t, err, title)
			if e.Type == dicomweb.UPSServiceStatus {
				break
			}
			got = append(got, fmt.Sprintf("%s %d %s", e.Workitem[len("2.25."):], e.Type, e.State))
		}
		assert.Equal(t, want, got, title)
	}
}

// Many events for many listeners come whole and in order, while the worklist changes.
func TestEventsMany(t *testing.T) {
	t.Parallel()
	const listeners, count = 3, 400 // more than a channel holds
	srv, client := setup(t)
	var wait sync.WaitGroup
	for i := range listeners {
		title := "L" + strconv.Itoa(i)
		ch := listen(t, client, title)
		wait.Go(func() {
			n := 0
			for e, err := range ch.Events() {
				if !assert.NoError(t, err) || !assert.Equal(t, "2.25."+strconv.Itoa(n+1), e.Workitem) {
					return
				}
				if n++; n == count {
					return
				}
			}
		})
		wait.Go(func() {
			for n := range count {
				srv.SendEvent(title, `{"00001000":{"vr":"UI","Value":["2.25.`+strconv.Itoa(n+1)+`"]},"00001002":{"vr":"US","Value":[1]}}`)
			}
		})
	}
	wait.Wait()
}

// What servers write otherwise than the standard is read; what is no event is not.
func TestEventsReading(t *testing.T) {
	t.Parallel()
	srv, client := setup(t)
	ch := listen(t, client, console)
	const uid = `"00001000":{"vr":"UI","Value":["2.25.7"]}`
	for _, text := range []string{
		`{"00000002":{"vr":"UI","Value":["1.2.840.10008.5.1.4.34.6.4"]},"00000110":{"vr":"US","Value":[23]},` + uid +
			`,"00001002":{"vr":"US","Value":[1]},"00404041":{"vr":"US","Value":["READY"]},"00741000":{"vr":"LT","Value":["SCHEDULED"]}}`,
		`{` + uid + `,"00001001":{"vr":"US","Value":[1]},"00404041":{"vr":"CS","Value":["READY"]},"00741000":{"vr":"CS","Value":["SCHEDULED"]}}`,
		`[{` + uid + `,"00001002":{"vr":"US","Value":["1"]},"00404041":{"Value":["READY"]},"00741000":{"vr":"CS","Value":"SCHEDULED"}}]`,
	} {
		srv.SendEvent(console, text)
		want := dicomweb.UPSEvent{Type: dicomweb.UPSStateReport, Workitem: "2.25.7", State: dicomweb.UPSScheduled, Readiness: dicomweb.UPSReady, Progress: -1}
		assert.Equal(t, want, bare(next(t, ch, 1)[0]), text)
	}
	srv.SendEvent(console, `{`+uid+`}`)
	assert.Zero(t, next(t, ch, 1)[0].Type, "a server that does not say what happened still says to whom")
	for _, text := range []string{
		``, `bonjour`, `[]`, `{}`, `[{},{}]`, `{` + uid, `{"00001002":{"vr":"US","Value":[1]}}`, `{"00001000":{"vr":"UI","Value":["FICTIVE"]},"00001002":{"vr":"US","Value":[1]}}`,
	} {
		ch := listen(t, client, "OTHER")
		srv.SendEvent("OTHER", text)
		_, err := collect(ch.Events())
		require.ErrorIs(t, err, segur.ErrProtocol, text)
		assert.Equal(t, dicomweb.CodeEventsLost, codeOf(t, err), text)
		_, again := collect(ch.Events())
		assert.Equal(t, err, again, "it stays ended")
		require.NoError(t, ch.Close())
	}
}

// A channel is refused as any other call is.
func TestEventsRefused(t *testing.T) {
	t.Parallel()
	srv, client := setup(t)
	for name, r := range map[string]dicomweb.EventRequest{
		"no title":   {},
		"long title": {AETitle: "ABCDEFGHIJKLMNOPQ"},
		"scheme":     {AETitle: "A", URL: "ftp://127.0.0.1/subscribers/A"},
		"user":       {AETitle: "A", URL: "ws://user:secret@127.0.0.1/subscribers/A"},
		"no URL":     {AETitle: "A", URL: "ws://"},
		"elsewhere":  {AETitle: "A", URL: "ws://pacs.example/subscribers/A"}, // the fake environment stays on this machine
	} {
		_, err := client.OpenEvents(t.Context(), r)
		require.ErrorIs(t, err, segur.ErrInvalidInput, name)
		assert.NotContains(t, err.Error(), "secret", name)
	}
	srv.Fail(dicomwebtest.Fault{Op: dicomwebtest.OpUPSEvents, Status: 403})
	_, err := client.OpenEvents(t.Context(), dicomweb.EventRequest{AETitle: "A"})
	require.ErrorIs(t, err, segur.ErrAuthorization)
	for name, f := range map[string]dicomwebtest.Fault{"HTML": dicomwebtest.HTML(dicomwebtest.OpUPSEvents, 200), "no upgrade": {Op: dicomwebtest.OpUPSEvents, Status: 426}} {
		srv.Fail(f)
		_, err = client.OpenEvents(t.Context(), dicomweb.EventRequest{AETitle: "A"})
		require.ErrorIs(t, err, segur.ErrProtocol, name)
	}
	srv.SetQuirks(dicomwebtest.Quirks{NoUPS: true})
	_, err = client.OpenEvents(t.Context(), dicomweb.EventRequest{AETitle: "A"})
	require.ErrorIs(t, err, segur.ErrNotFound)
	assert.Zero(t, srv.Listeners("A"))
}
