package annuaire_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/mssante/annuaire"
	"github.com/segur-sdk/segur/mssante/annuaire/annuairetest"
)

// synced carries the state through JSON, as a caller does.
func synced(t *testing.T, c *annuaire.Client, m annuaire.Store, state *annuaire.SyncState, o annuaire.SyncOptions) (steps []annuaire.SyncStep) {
	t.Helper()
	for step, err := range c.Sync(t.Context(), m, *state, o) {
		require.NoError(t, err)
		steps = append(steps, step)
		b, err := json.Marshal(step.State)
		require.NoError(t, err)
		*state = annuaire.SyncState{}
		require.NoError(t, json.Unmarshal(b, state))
	}
	return steps
}

func TestSync(t *testing.T) {
	t.Parallel()
	line := newTimeline()
	srv, _ := town(t, annuairetest.WithClock(line.Now))
	_ = line.Sleep(t.Context(), 72*time.Hour)
	cfg := srv.Config()
	cfg.Clock, cfg.Limiter = line.Now, line.limiter()
	c := client(t, cfg)
	m := annuaire.NewMemory()
	var state annuaire.SyncState
	o := annuaire.SyncOptions{PageSize: 2}
	steps := synced(t, c, m, &state, o)
	assert.Len(t, steps, 2+2+2+1+1)
	for i, n := range map[annuaire.Type]int{"Organization": 3, "Practitioner": 3, "PractitionerRole": 3, "Device": 1, "HealthcareService": 1} {
		assert.Equal(t, n, m.Len(i), i)
	}
	for _, s := range steps {
		assert.True(t, s.Full)
	}
	got := all(t, m.Practitioners(t.Context(), annuaire.PractitionerQuery{Number: "99900000031"}))
	require.Len(t, got, 1)
	assert.Contains(t, string(got[0].Raw), "PRESCRIPTEUR")
	found, err := annuaire.Find(t.Context(), m, annuaire.Wanted{Number: "99900000031", Department: "2A"})
	require.NoError(t, err)
	assert.Equal(t, "secretariat@hopital.mssante.test", found.List[0].Mailbox.Address, "without the service")

	// A week later: changes only, deletions included.
	_ = line.Sleep(t.Context(), 7*24*time.Hour)
	srv.Withdraw("Practitioner/P99900000056")
	srv.Withdraw("Device/D1")
	srv.Add(physician("899900000064", "NOUVEAU", "Camille", ""))
	steps = synced(t, c, m, &state, o)
	put, removed := 0, 0
	for _, s := range steps {
		assert.False(t, s.Full)
		assert.True(t, s.Done)
		put, removed = put+s.Put, removed+s.Removed
	}
	assert.Equal(t, []int{1, 2}, []int{put, removed})
	assert.Equal(t, 3, m.Len(annuaire.TypePractitioner))
	assert.Zero(t, m.Len(annuaire.TypeDevice))

	// What is published late, with an earlier date, is still seen.
	srv.Put(`{"resourceType":"Organization","id":"LATE","active":true,"name":"TARD","meta":{"lastUpdated":"` + line.Now().Add(-47*time.Hour).Format(time.RFC3339) + `"}}`)
	_ = line.Sleep(t.Context(), time.Hour)
	synced(t, c, m, &state, annuaire.SyncOptions{Types: []annuaire.Type{annuaire.TypeOrganization}})
	assert.Len(t, all(t, m.Organizations(t.Context(), annuaire.OrganizationQuery{Name: "tard"})), 1)

	// After a month the deletions are not known any more: everything again.
	_ = line.Sleep(t.Context(), 28*24*time.Hour)
	srv.Forget("Practitioner/P99900000031")
	o.Shrink = true // the one equipment is gone
	steps = synced(t, c, m, &state, o)
	assert.True(t, steps[0].Full)
	assert.Empty(t, all(t, m.Practitioners(t.Context(), annuaire.PractitionerQuery{Number: "99900000031"})))
	assert.Equal(t, 2, m.Len(annuaire.TypePractitioner))
	steps = synced(t, c, m, &state, o)
	assert.False(t, steps[0].Full)
	steps = synced(t, c, m, &state, annuaire.SyncOptions{Full: true})
	assert.True(t, steps[0].Full)
}

// An interrupted reading goes on from its page; one whose page expired, or
// that is too old, starts anew.
func TestSyncInterrupted(t *testing.T) {
	t.Parallel()
	line := newTimeline()
	srv := annuairetest.NewServer(annuairetest.WithClock(line.Now))
	t.Cleanup(srv.Close)
	for _, id := range []string{"31", "49", "56", "64", "72"} {
		srv.Add(physician("8999000000"+id, "NOM", "Prénom", ""))
	}
	cfg := srv.Config()
	cfg.Clock, cfg.Limiter, cfg.Retry.MaxAttempts = line.Now, line.limiter(), 1
	c := client(t, cfg)
	m := annuaire.NewMemory()
	o := annuaire.SyncOptions{PageSize: 2, Types: []annuaire.Type{annuaire.TypePractitioner}}
	var state annuaire.SyncState
	for step := range c.Sync(t.Context(), m, state, o) {
		state = step.State
		break
	}
	assert.Equal(t, 2, m.Len(annuaire.TypePractitioner))
	require.NotEmpty(t, state.Types[0].Pass.Next)
	kept := state

	srv.Fail(annuairetest.Fault{Status: 503})
	var last annuaire.SyncStep
	var failed error
	for last, failed = range c.Sync(t.Context(), m, state, o) {
		_ = last
	}
	require.ErrorIs(t, failed, segur.ErrUnavailable)
	assert.Equal(t, kept, last.State)
	before := len(srv.Calls())
	steps := synced(t, c, m, &state, o)
	assert.Len(t, steps, 2)
	assert.Equal(t, 2, len(srv.Calls())-before, "the first page is not read again")
	assert.Equal(t, 5, m.Len(annuaire.TypePractitioner))

	srv.ForgetPages()
	srv.Forget("Practitioner/P99900000072")
	state = kept
	require.Len(t, synced(t, c, m, &state, o), 2, "the page expired")
	assert.Equal(t, 4, m.Len(annuaire.TypePractitioner))

	// A state from elsewhere takes the key nowhere.
	state = kept
	pass := *kept.Types[0].Pass
	pass.Next = "https://elsewhere.test/fhir/v2/_page?id=1"
	state.Types = []annuaire.TypeState{{Type: annuaire.TypePractitioner, Pass: &pass}}
	require.Len(t, synced(t, c, m, &state, o), 2)
	state = annuaire.SyncState{Version: 9}
	require.ErrorIs(t, firstError(c.Sync(t.Context(), m, state, o)), segur.ErrInvalidInput)
	require.ErrorIs(t, firstError(c.Sync(t.Context(), m, annuaire.SyncState{}, annuaire.SyncOptions{PageSize: -1, Overlap: annuaire.DeletionsKept, Types: []annuaire.Type{"Patient"}})), segur.ErrInvalidInput)
}

type brokenStore struct {
	*annuaire.Memory
	err error
}

func (b brokenStore) Put(context.Context, string, *annuaire.Resource) error { return b.err }

func TestSyncFailures(t *testing.T) {
	t.Parallel()
	srv, c := start(t)
	own := errors.New("disk of Dominique PRESCRIPTEUR is full")
	o := annuaire.SyncOptions{Types: []annuaire.Type{annuaire.TypePractitioner}}
	err := firstError(c.Sync(t.Context(), brokenStore{annuaire.NewMemory(), own}, annuaire.SyncState{}, o))
	require.ErrorIs(t, err, own)
	assert.NotContains(t, err.Error(), "PRESCRIPTEUR")

	// One resource that breaks the specification does not stop the copy.
	m := annuaire.NewMemory()
	srv.Fail(annuairetest.Fault{Status: 200, Body: bundle(`{"resourceType":"Practitioner","id":"1","name":"x"}`, `{"resourceType":"Practitioner","id":"2"}`,
		`{"resourceType":"Organization","id":"3"}`, `{"resourceType":"OperationOutcome","issue":[{"severity":"warning","code":"processing"}]}`)})
	var state annuaire.SyncState
	steps := synced(t, c, m, &state, o)
	require.Len(t, steps, 1)
	assert.Equal(t, []int{1, 0, 2}, []int{steps[0].Put, steps[0].Removed, steps[0].Unreadable})

	// An answer that is not complete is no reason to forget the rest.
	srv.Fail(annuairetest.Fault{Status: 200, Body: bundle(outcome400)})
	err = firstError(c.Sync(t.Context(), m, annuaire.SyncState{}, o))
	require.ErrorIs(t, err, segur.ErrPartial)
	assert.NotContains(t, strings.ToLower(err.Error()), "secret")
	assert.Equal(t, 1, m.Len(annuaire.TypePractitioner))
	require.ErrorIs(t, m.Put(t.Context(), "", &annuaire.Resource{Type: "Patient", ID: "1"}), segur.ErrInvalidInput)
}

// A complete reading that finds next to nothing is a fault of the service.
func TestSyncShrink(t *testing.T) {
	t.Parallel()
	srv, c := town(t)
	m := annuaire.NewMemory()
	o := annuaire.SyncOptions{Types: []annuaire.Type{annuaire.TypePractitioner}, Full: true}
	var state annuaire.SyncState
	synced(t, c, m, &state, o)
	assert.Equal(t, 3, state.Types[0].Count)
	srv.Fail(annuairetest.Fault{Status: 200, Body: []byte(`{"resourceType":"Bundle","type":"searchset","total":0}`)})
	var last annuaire.SyncStep
	var err error
	for last, err = range c.Sync(t.Context(), m, state, o) {
		_ = last
	}
	require.ErrorIs(t, err, segur.ErrProtocol)
	assert.Equal(t, 3, m.Len(annuaire.TypePractitioner))
	assert.Nil(t, last.State.Types[0].Pass)
	state = last.State
	srv.Fail(annuairetest.Fault{Status: 200, Body: bundle(`{"resourceType":"Practitioner","id":"1"}`)})
	o.Shrink = true
	synced(t, c, m, &state, o)
	assert.Equal(t, 1, m.Len(annuaire.TypePractitioner))
}
