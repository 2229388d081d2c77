package identity_test

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/ins/identity"
)

func TestRetrieveTakesReferenceTraits(t *testing.T) {
	t.Parallel()
	local := traits()
	local.BirthName, local.FirstGivenName, local.UsedName, local.BirthPlace = "Fictive Durand", "Camille", "USUELLE", segur.BirthplaceUnknown
	i, err := rules(t).New(act(), identity.Entry{Traits: local, Method: identity.MethodVitale})
	require.NoError(t, err)
	i, err = i.Retrieve(identity.Act{Operator: "accueil-2", At: t0.Add(time.Minute)}, identity.Retrieval{Result: found(insA(t), insA(t), insB(t), insB(t))})
	require.NoError(t, err)
	want := traits()
	want.GivenNames, want.UsedName = "CAMILLE LUCE", "USUELLE"
	assert.Equal(t, want, i.Traits(), "the used given name is never filled")
	assert.Equal(t, insA(t), i.INS())
	assert.Equal(t, []identity.Number{{INS: insB(t)}}, i.Former(), "each once, without the active one")
	sum := sha256.Sum256([]byte("<RESULTAT/>"))
	answer := identity.Answer{MessageID: "urn:uuid:1", At: t0, Code: "00", SHA256: hex.EncodeToString(sum[:])}
	assert.Equal(t, answer, i.LastAnswer())
	assert.Equal(t, identity.Reliability{Status: segur.Retrieved, Method: identity.MethodINSi, CollectedAt: segur.NewDate(2026, 11, 20)}, i.Reliability())
	e := i.History()[1]
	assert.Equal(t, identity.Event{At: t0.Add(time.Minute), Operator: "accueil-2", Operation: identity.OperationRetrieve,
		Rule: "EXI SI 07, EXI REC 07, EXI REC 08", Status: "RECUP", Answer: &answer,
		Changed: []string{"traits.birthName", "traits.firstGivenName", "traits.givenNames", "traits.birthPlace", "method", "ins", "collectedAt", "status"}}, e)
}

func TestRetrieveRefuses(t *testing.T) {
	t.Parallel()
	with := func(change func(*ins.Result)) *ins.Result {
		r := found(insA(t))
		change(r)
		return r
	}
	confirmed := &identity.Confirmation{Accept: []ins.Doubt{ins.DoubtFirstGivenName}}
	for name, tt := range map[string]struct {
		r           *ins.Result
		c           *identity.Confirmation
		field, rule string
	}{
		"nil":                         {nil, confirmed, "retrieval.result", "required"},
		"undetermined":                {with(func(r *ins.Result) { r.Outcome = ins.Undetermined }), confirmed, "retrieval.result.outcome", "must be found"},
		"not found":                   {with(func(r *ins.Result) { r.Outcome = ins.NotFound }), confirmed, "retrieval.result.outcome", "must be found"},
		"unknown":                     {with(func(r *ins.Result) { r.Outcome = 99 }), confirmed, "retrieval.result.outcome", "must be found"},
		"ambiguous":                   {with(func(r *ins.Result) { r.Outcome = ins.Ambiguous }), confirmed, "retrieval.result.outcome", "several identities"},
		"unconfirmed":                 {with(func(r *ins.Result) { r.Outcome = ins.Unconfirmed }), nil, "retrieval.confirmation", "a person must confirm"},
		"unconfirmed, nothing lifted": {with(func(r *ins.Result) { r.Outcome = ins.Unconfirmed }), &identity.Confirmation{}, "retrieval.confirmation", "lifts a doubt"},
		"no identity":                 {with(func(r *ins.Result) { r.Identity = nil }), confirmed, "retrieval.result.identity.ins", "no valid number"},
		"no number":                   {with(func(r *ins.Result) { r.Identity.INS = segur.INS{} }), confirmed, "retrieval.result.identity.ins", "whoever confirms"},
		"no time":                     {with(func(r *ins.Result) { r.Time = time.Time{} }), nil, "retrieval.result.time", "required"},
		"somebody else":               {with(func(r *ins.Result) { r.Identity.Traits.BirthName = "TOUTE-AUTRE" }), nil, "traits.birthName", "nobody can confirm"},
		"somebody else, confirmed": {with(func(r *ins.Result) { r.Identity.Traits.Sex = segur.Male }),
			&identity.Confirmation{Accept: []ins.Doubt{ins.DoubtTraits}}, "traits.sex", "nobody can confirm"},
		"another date": {with(func(r *ins.Result) { r.Identity.Traits.BirthDate.Day = 15 }),
			&identity.Confirmation{Accept: []ins.Doubt{ins.DoubtBirthDate}}, "traits.birthDate", "correct the local trait"},
		"another doubt": {with(func(r *ins.Result) { r.Identity.Traits.BirthPlace = "75056" }),
			&identity.Confirmation{Accept: []ins.Doubt{ins.DoubtBirthDate}}, "retrieval.confirmation.accept", "birth place"},
		"a doubt too many": {with(func(*ins.Result) {}),
			&identity.Confirmation{Accept: []ins.Doubt{ins.DoubtBirthPlace}}, "retrieval.confirmation.accept", "there is not"},
		"no birth date":  {with(func(r *ins.Result) { r.Identity.Traits.BirthDate = segur.Date{} }), confirmed, "traits.birthDate", "cannot be compared"},
		"no birth name":  {with(func(r *ins.Result) { r.Identity.Traits.BirthName = "" }), confirmed, "traits.birthName", "cannot be compared"},
		"no given names": {with(func(r *ins.Result) { r.Identity.Traits.GivenNames = "" }), confirmed, "traits.firstGivenName", "cannot be compared"},
		"no sex":         {with(func(r *ins.Result) { r.Identity.Traits.Sex = "" }), confirmed, "traits.sex", "cannot be compared"},
		"given name elsewhere in the list": {with(func(r *ins.Result) { r.Identity.Traits.GivenNames = "LUCE CAMILLE" }),
			&identity.Confirmation{Accept: []ins.Doubt{ins.DoubtFirstGivenName}}, "retrieval.confirmation.firstGivenName", "is required"},
		"given name not the beginning": {with(func(r *ins.Result) { r.Identity.Traits.GivenNames = "LUCE CAMILLE" }),
			&identity.Confirmation{Accept: []ins.Doubt{ins.DoubtFirstGivenName}, FirstGivenName: "LUC"}, "retrieval.confirmation.firstGivenName", "beginning of the list"},
		"broken place": {with(func(r *ins.Result) { r.Identity.Traits.BirthPlace = "PARIS" }),
			&identity.Confirmation{Accept: []ins.Doubt{ins.DoubtBirthPlace}}, "retrieval.result.identity.traits.birthPlace", "COG"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := state(t, "VALI").Retrieve(act(), identity.Retrieval{Result: tt.r, Confirmation: tt.c})
			refused(t, err, tt.field, tt.rule)
		})
	}
	_, err := state(t, "VALI").Retrieve(act(), identity.Retrieval{Result: found(insA(t)), Method: "XX"})
	refused(t, err, "retrieval.method", "SM, CV, INSI, CB or RFID")
}

func TestRetrieveConfirmed(t *testing.T) {
	t.Parallel()
	r := found(insA(t))
	r.Outcome = ins.Unconfirmed
	r.Identity.Traits.GivenNames, r.Identity.Traits.BirthPlace = "LUCE ANNE CAMILLE", "75056"
	before := state(t, "VALI homonyme")
	assert.Equal(t, []ins.Doubt{ins.DoubtFirstGivenName, ins.DoubtBirthPlace}, before.Doubts(r))
	assert.Empty(t, before.Doubts(nil))
	after, err := before.Retrieve(act(), identity.Retrieval{Result: r,
		Confirmation: &identity.Confirmation{Accept: before.Doubts(r), FirstGivenName: "LUCE ANNE"}})
	require.NoError(t, err)
	assert.Equal(t, "RECUP homonyme", stateOf(after), "the document is compared again")
	assert.Equal(t, "LUCE ANNE", after.Traits().FirstGivenName)
	assert.Equal(t, "75056", after.Traits().BirthPlace)
	h := after.History()
	assert.Equal(t, []string{"first given name", "birth place"}, h[len(h)-1].Confirmed)

	// Unconfirmed for a reason that the traits do not show: another given name found the person.
	r = found(insA(t))
	r.Outcome = ins.Unconfirmed
	after, err = before.Retrieve(act(), identity.Retrieval{Result: r,
		Confirmation: &identity.Confirmation{Accept: []ins.Doubt{ins.DoubtFirstGivenName, ins.DoubtFirstGivenName}}})
	require.NoError(t, err)
	assert.Equal(t, "RECUP homonyme", stateOf(after))
	h = after.History()
	assert.Equal(t, []string{"first given name"}, h[len(h)-1].Confirmed)

	r.Identity.Traits.Sex, r.Identity.Traits.BirthName = segur.Male, "AUTRE"
	assert.Equal(t, []ins.Doubt{ins.DoubtTraits}, before.Doubts(r))
}

func TestRetrieveFirstGivenName(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ local, list, chosen, want string }{
		{"CAMILLE", "CAMILLE LUCE", "", "CAMILLE"},
		{"CAMILLE", "CAMILLE LUCE", "CAMILLE  LUCE", "CAMILLE LUCE"},
		{"CAMILLE LUCE", "CAMILLE-LUCE ANNE", "", "CAMILLE-LUCE"},
		{"CAMILLE", "CAMILLE-LUCE ANNE", "", "CAMILLE-LUCE"}, // civil status joins: one name
		{"CAMILLE-LUCE", "CAMILLE LUCE ANNE", "", "CAMILLE LUCE"},
		{"Camille", "", "", "CAMILLE"}, // INSi gave the first given name and no list
	} {
		local := traits()
		local.FirstGivenName = tt.local
		i, err := rules(t).New(act(), identity.Entry{Traits: local, Method: identity.MethodManual})
		require.NoError(t, err)
		r := found(insA(t))
		if r.Identity.Traits.GivenNames = tt.list; tt.list == "" {
			r.Identity.Traits.FirstGivenName = "CAMILLE"
		}
		retrieval := identity.Retrieval{Result: r}
		if tt.chosen != "" {
			retrieval.Confirmation = &identity.Confirmation{FirstGivenName: tt.chosen}
		}
		i, err = i.Retrieve(act(), retrieval)
		require.NoError(t, err, tt)
		assert.Equal(t, tt.want, i.Traits().FirstGivenName, tt)
		assert.Equal(t, tt.list, i.Traits().GivenNames, tt)
	}
}

func TestRetrieveIncompleteDate(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name            string
		local, returned segur.Date
		confirm         bool
		want            segur.Date
		interpreted     bool
	}{
		{"completed the same way", segur.NewDate(1934, 2, 1), segur.Date{Year: 1934, Month: 2}, false, segur.NewDate(1934, 2, 1), true},
		{"31 December", segur.NewDate(1934, 12, 31), segur.Date{Year: 1934}, false, segur.NewDate(1934, 12, 31), true},
		{"complete at last", segur.NewDate(1934, 2, 1), segur.NewDate(1934, 2, 14), true, segur.NewDate(1934, 2, 14), false},
		{"the rule was right", segur.NewDate(1934, 2, 1), segur.NewDate(1934, 2, 1), false, segur.NewDate(1934, 2, 1), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			local := traits()
			local.BirthDate, local.BirthDateInterpreted = tt.local, !tt.interpreted
			i, err := rules(t).New(act(), identity.Entry{Traits: local, Method: identity.MethodManual})
			require.NoError(t, err)
			r := found(insA(t))
			r.Identity.Traits.BirthDate = tt.returned
			retrieval := identity.Retrieval{Result: r}
			if tt.confirm {
				_, err = i.Retrieve(act(), retrieval)
				refused(t, err, "retrieval.confirmation.accept", "birth date")
				retrieval.Confirmation = &identity.Confirmation{Accept: []ins.Doubt{ins.DoubtBirthDate}}
			}
			i, err = i.Retrieve(act(), retrieval)
			require.NoError(t, err)
			assert.Equal(t, tt.want, i.Traits().BirthDate)
			assert.Equal(t, tt.interpreted, i.Traits().BirthDateInterpreted)
		})
	}
	// A day that INSi does not have is no fact: the date is corrected first.
	local := traits()
	local.BirthDate = segur.NewDate(1934, 2, 14)
	i, err := rules(t).New(act(), identity.Entry{Traits: local, Method: identity.MethodManual})
	require.NoError(t, err)
	r := found(insA(t))
	r.Identity.Traits.BirthDate = segur.Date{Year: 1934, Month: 2}
	_, err = i.Retrieve(act(), identity.Retrieval{Result: r, Confirmation: &identity.Confirmation{}})
	refused(t, err, "traits.birthDate", "correct the local trait")
	local.BirthDate, local.BirthDateInterpreted = identity.CompleteBirthDate(r.Identity.Traits.BirthDate)
	i, err = i.Correct(act(), identity.Entry{Traits: local, Method: identity.MethodManual})
	require.NoError(t, err)
	i, err = i.Retrieve(act(), identity.Retrieval{Result: r})
	require.NoError(t, err)
	assert.Equal(t, segur.Retrieved, i.Status())
}

func TestReplaceINS(t *testing.T) {
	t.Parallel()
	held := state(t, "QUAL")
	_, err := held.Retrieve(act(), identity.Retrieval{Result: found(insB(t), insA(t))})
	refused(t, err, "ins", "use ReplaceINS")
	_, err = held.Retrieve(act(), identity.Retrieval{Result: found(insB(t))})
	refused(t, err, "ins", "not among the former ones")
	_, err = held.ReplaceINS(act(), identity.Retrieval{Result: found(insB(t))})
	refused(t, err, "ins", "not among the former ones")
	_, err = held.ReplaceINS(act(), identity.Retrieval{Result: found(insA(t))})
	refused(t, err, "ins", "use Retrieve")

	after, err := held.ReplaceINS(act(), identity.Retrieval{Result: found(insB(t), insA(t))})
	require.NoError(t, err)
	assert.Equal(t, insB(t), after.INS())
	assert.Equal(t, []identity.Number{{INS: insA(t)}}, after.Former())
	assert.Equal(t, segur.Qualified, after.Status())
	assert.Equal(t, []string{"ins"}, after.History()[3].Changed)
	assert.Equal(t, identity.OperationReplaceINS, after.History()[3].Operation)

	_, err = held.ReplaceINS(act(), identity.Retrieval{Result: found(insB(t), number(t, bodyA, segur.OIDINSNIA))})
	refused(t, err, "ins", "not among the former ones")
	_, err = held.ReplaceINS(act(), identity.Retrieval{Result: found(number(t, bodyA, segur.OIDINSNIR))})
	refused(t, err, "ins", "not among the former ones")
	former := after.Former()
	former[0] = identity.Number{}
	assert.Equal(t, insA(t), after.Former()[0].INS)

	// A waiting number that became a NIR of the same digits.
	nia, err := rules(t).New(act(), identity.Entry{Traits: traits(), Method: identity.MethodManual})
	require.NoError(t, err)
	nia, err = nia.Retrieve(act(), identity.Retrieval{Result: found(number(t, bodyA, segur.OIDINSNIA))})
	require.NoError(t, err)
	nir, err := nia.ReplaceINS(act(), identity.Retrieval{Result: found(number(t, bodyA, segur.OIDINSNIR))})
	require.NoError(t, err)
	assert.Equal(t, segur.OIDINSNIR, nir.INS().Authority())
	_, err = nir.ReplaceINS(act(), identity.Retrieval{Result: found(number(t, bodyA, segur.OIDINSNIA))})
	refused(t, err, "ins", "not among the former ones")
}

// TestStaleAnswers: an answer that waited does not undo what happened since.
func TestStaleAnswers(t *testing.T) {
	t.Parallel()
	at := func(minutes int) identity.Act {
		return identity.Act{Operator: "x", At: t0.Add(time.Duration(minutes) * time.Minute)}
	}
	i := state(t, "QUAL")
	old := found(insA(t))
	i, err := i.Doubt(at(2))
	require.NoError(t, err)
	i, err = i.LiftDoubt(at(3))
	require.NoError(t, err)
	_, err = i.Retrieve(at(4), identity.Retrieval{Result: old})
	refused(t, err, "retrieval.result.time", "call INSi again")

	recent := found(insA(t))
	recent.Time = at(5).At
	i, err = i.Retrieve(at(6), identity.Retrieval{Result: recent})
	require.NoError(t, err)
	_, err = i.Retrieve(at(7), identity.Retrieval{Result: old})
	refused(t, err, "retrieval.result.time", "before the last answer")
	_, err = i.VerificationFailed(at(7), identity.Verification{INS: insA(t), Answer: identity.Answer{At: t0}})
	refused(t, err, "verification.answer.at", "before the last answer")
}

// TestStaleAfterEach: so with every event that takes the INS away.
func TestStaleAfterEach(t *testing.T) {
	t.Parallel()
	later := identity.Act{Operator: "x", At: t0.Add(time.Hour)}
	for name, away := range map[string]func(identity.Identity) (identity.Identity, error){
		"doubt": func(i identity.Identity) (identity.Identity, error) {
			i, err := i.Doubt(later)
			require.NoError(t, err)
			return i.LiftDoubt(later)
		},
		"fictitious": func(i identity.Identity) (identity.Identity, error) {
			i, err := i.MarkFictitious(later)
			require.NoError(t, err)
			return i.UnmarkFictitious(later)
		},
		"invalidate": func(i identity.Identity) (identity.Identity, error) { return i.Invalidate(later) },
		"failed": func(i identity.Identity) (identity.Identity, error) {
			return i.VerificationFailed(later, identity.Verification{INS: insA(t), Answer: identity.Answer{At: t0}})
		},
	} {
		i, err := away(state(t, "QUAL"))
		require.NoError(t, err, name)
		_, err = i.Retrieve(later, identity.Retrieval{Result: found(insA(t))})
		refused(t, err, "retrieval.result.time", "took the INS away")
		recent := found(insA(t))
		recent.Time = later.At
		_, err = i.Retrieve(later, identity.Retrieval{Result: recent})
		require.NoError(t, err, name)
	}
}

func TestRetrieveBirthPlace(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ local, returned, want string }{
		{"2A020", "2a020", "2A020"}, {"69123", "99999", "69123"}, {"69123", "", "69123"}, {"99999", "69123", "69123"},
	} {
		local := traits()
		local.BirthPlace = tt.local
		i, err := rules(t).New(act(), identity.Entry{Traits: local, Method: identity.MethodManual})
		require.NoError(t, err)
		r := found(insA(t))
		r.Identity.Traits.BirthPlace = tt.returned
		i, err = i.Retrieve(act(), identity.Retrieval{Result: r})
		require.NoError(t, err)
		assert.Equal(t, tt.want, i.Traits().BirthPlace)
	}
}

func TestVerification(t *testing.T) {
	t.Parallel()
	i := state(t, "QUAL")
	later := identity.Answer{MessageID: "urn:uuid:9", At: t0.AddDate(3, 0, 0), Code: "00"}
	_, err := i.Verified(act(), identity.Verification{INS: insB(t), Answer: later})
	refused(t, err, "verification.ins", "about another one")
	_, err = i.Verified(act(), identity.Verification{INS: insA(t)})
	refused(t, err, "verification.answer.at", "required")
	after, err := i.Verified(act(), identity.Verification{INS: insA(t), Answer: later})
	require.NoError(t, err)
	assert.Equal(t, segur.NewDate(2029, 11, 20), after.Reliability().CollectedAt)
	assert.Equal(t, []string{"collectedAt"}, after.History()[3].Changed)
	assert.Equal(t, &later, after.History()[3].Answer)

	after, err = i.VerificationFailed(act(), identity.Verification{INS: insA(t), Answer: later})
	require.NoError(t, err)
	assert.Equal(t, segur.Validated, after.Status())
	assert.True(t, after.INS().IsZero())
	assert.Equal(t, &later, after.History()[3].Answer)
	assert.Zero(t, identity.AnswerOf(nil))
}

func TestVerify(t *testing.T) {
	t.Parallel()
	i := state(t, "QUAL")
	answer := func(o ins.VerificationOutcome) *ins.Verification {
		return &ins.Verification{Outcome: o, Time: t0.Add(time.Hour), MessageID: "urn:uuid:8", Code: "00", Result: found(insA(t))}
	}
	after, err := i.Verify(act(), insA(t), answer(ins.Verified))
	require.NoError(t, err)
	assert.Equal(t, "QUAL", stateOf(after))
	assert.Equal(t, identity.Answer{MessageID: "urn:uuid:8", At: t0.Add(time.Hour), Code: "00", SHA256: i.LastAnswer().SHA256}, after.LastAnswer())
	ko := answer(ins.NotVerified)
	ko.Result = nil
	after, err = i.Verify(act(), insA(t), ko)
	require.NoError(t, err)
	assert.Equal(t, "VALI", stateOf(after))
	assert.Empty(t, after.History()[3].Answer.SHA256)
	_, err = i.Verify(act(), insB(t), answer(ins.NotVerified))
	refused(t, err, "verification.ins", "about another one")
	replaced := answer(ins.NotVerified)
	replaced.Replaced = true
	_, err = i.Verify(act(), insA(t), replaced)
	refused(t, err, "verification.replaced", "ReplaceINS")
	_, err = i.Verify(act(), insA(t), answer(ins.VerificationUndetermined))
	refused(t, err, "verification.outcome", "undetermined")
	_, err = i.Verify(act(), insA(t), nil)
	refused(t, err, "verification", "required")
}

// What keeps an answer from being found may not show in the traits: what nobody may confirm stays a refusal.
func TestRetrieveRefusesWhatNobodyMayConfirm(t *testing.T) {
	t.Parallel()
	for _, doubt := range []ins.Doubt{ins.DoubtTraits, ins.DoubtNumber, ins.DoubtLocalNumber, 0, 99} {
		r := found(insA(t))
		r.Outcome = ins.Unconfirmed
		_, err := state(t, "VALI").Retrieve(act(), identity.Retrieval{Result: r,
			Confirmation: &identity.Confirmation{Accept: []ins.Doubt{ins.DoubtFirstGivenName, doubt}, FirstGivenName: "CAMILLE"}})
		refused(t, err, "retrieval.confirmation.accept", "nobody can confirm")
	}
}
