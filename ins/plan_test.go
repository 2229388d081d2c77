package ins_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/ins/instest"
)

func houilles() segur.Patient {
	return segur.Patient{Traits: segur.Traits{BirthName: "HOUILLES", FirstGivenName: "PIERRE", GivenNames: "PIERRE PAUL JACQUES",
		Sex: segur.Male, BirthDate: segur.NewDate(1993, 1, 27)}}
}

// The conformance test 2.07: each given name alone, in order, then all of them; four calls, which the default allows.
func TestIdentifyTriesEachGivenNameThenAll(t *testing.T) {
	t.Parallel()
	s := &stub{}
	id, err := s.client(t).Identify(t.Context(), houilles())
	require.NoError(t, err)
	assert.Equal(t, []string{"PIERRE", "PAUL", "JACQUES", "PIERRE PAUL JACQUES"}, s.names())
	assert.Equal(t, ins.NotFound, id.Outcome)
	assert.Equal(t, ins.StopExhausted, id.Stop)
	var why []ins.Why
	var after, ids []string
	for _, a := range id.Attempts {
		why, after, ids = append(why, a.Why), append(after, a.After), append(ids, a.MessageID)
	}
	assert.Equal(t, []ins.Why{ins.WhyFirst, ins.WhyNobody, ins.WhyNobody, ins.WhyNobody}, why)
	assert.Equal(t, []string{"", "01", "01", "01"}, after)
	assert.Equal(t, s.messages(), ids)
	require.Len(t, id.Diagnostics, 1)
	assert.Equal(t, "traits-to-check", id.Diagnostics[0].Code)
	assert.Contains(t, id.Explain(segur.FR), "comparer nom de naissance")
	assert.Contains(t, id.Explain(segur.EN), "compare birth name")
}

// The conformance test 2.07, first case: the second given name answers, and a person must confirm.
func TestIdentifyFindsWithTheSecondGivenName(t *testing.T) {
	t.Parallel()
	s := &stub{persons: []instest.Person{somebody("FICTIVE-TCHI", "CATARINA", "CATARINA BELLA", segur.Female, segur.NewDate(1936, 6, 21), "63220", 1)}}
	id, err := s.client(t).Identify(t.Context(), segur.Patient{Traits: segur.Traits{BirthName: "FICTIVE-TCHI", FirstGivenName: "OLA",
		GivenNames: "OLA CATARINA BELLA", Sex: segur.Female, BirthDate: segur.NewDate(1936, 6, 21)}})
	require.NoError(t, err)
	assert.Equal(t, ins.Unconfirmed, id.Outcome)
	assert.Equal(t, []string{"OLA", "CATARINA"}, s.names(), "nothing after an identity")
	assert.Equal(t, []ins.Doubt{ins.DoubtFirstGivenName}, id.Doubts())
	assert.Equal(t, []string{"CATARINA", "CATARINA BELLA"}, id.FirstGivenNames())
	assert.Equal(t, "other-given-name", id.Diagnostics[0].Code)
	assert.True(t, id.Patient.INS.IsZero())
}

// A spelling that INSi would refuse is no variant.
func TestIdentifyTriesVariantsThatMayBeSent(t *testing.T) {
	t.Parallel()
	for first, want := range map[string][]string{
		"JEAN -LOUP":     {"JEAN -LOUP"},
		"JEAN LOUP":      {"JEAN LOUP", "JEAN-LOUP"},
		"JEAN-LOUP":      {"JEAN-LOUP", "JEAN LOUP"},
		"JEAN-LOUP MARC": {"JEAN-LOUP MARC", "JEAN-LOUP-MARC", "JEAN LOUP MARC"},
		"JEAN":           {"JEAN"},
	} {
		s := &stub{}
		p := houilles()
		p.Traits.FirstGivenName, p.Traits.GivenNames = first, ""
		_, err := s.client(t).Identify(t.Context(), p)
		require.NoError(t, err)
		require.Equal(t, want, s.names())
	}
}

// The following given names are those after the first one, whatever joins its parts.
func TestIdentifyTriesTheFollowingGivenNames(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		first, list string
		want        []string
	}{
		{"JEAN", "JEAN ANGE", []string{"JEAN", "ANGE", "JEAN ANGE"}},
		{"JEAN", "JEAN", []string{"JEAN"}},
		{"JEAN-LOUP", "JEAN-LOUP ANGE", []string{"JEAN-LOUP", "JEAN LOUP", "ANGE", "JEAN-LOUP ANGE"}},
		{"JEAN-LOUP", "JEAN LOUP ANGE", []string{"JEAN-LOUP", "JEAN LOUP", "ANGE", "JEAN LOUP ANGE"}},
		{"JEAN LOUP", "JEAN-LOUP ANGE", []string{"JEAN LOUP", "JEAN-LOUP", "ANGE", "JEAN-LOUP ANGE"}},
		{"JEAN", "JEAN-LOUP ANGE", []string{"JEAN", "JEAN-LOUP", "ANGE", "JEAN-LOUP ANGE"}},
		{"JEAN", "JEANNE ANGE", []string{"JEAN", "JEANNE", "ANGE", "JEANNE ANGE"}},
		{"LUCIE", "CAMILLE LUCIE", []string{"LUCIE", "CAMILLE", "CAMILLE LUCIE"}},
		{"JEAN LOUP", "JEAN", []string{"JEAN LOUP", "JEAN-LOUP", "JEAN"}},
	} {
		s := &stub{}
		p := houilles()
		p.Traits.FirstGivenName, p.Traits.GivenNames = tc.first, tc.list
		_, err := s.client(t, func(c *ins.Config) { c.Policy.MaxCalls = 10 }).Identify(t.Context(), p)
		require.NoError(t, err)
		require.Equal(t, tc.want, s.names(), tc.first+" in "+tc.list)
	}
}

// What another given name than the first found needs a person even where the list agrees: whether INSi matches the second
// given name is not known.
func TestIdentifyDoubtsASecondGivenNameThatAgrees(t *testing.T) {
	t.Parallel()
	p := somebody("TCHI", "BELLA", "CATARINA BELLA", segur.Female, segur.NewDate(1936, 6, 21), "63220", 1)
	s := &stub{persons: []instest.Person{p}}
	id, err := s.client(t).Identify(t.Context(), segur.Patient{Traits: segur.Traits{BirthName: "TCHI", FirstGivenName: "CATARINA",
		GivenNames: "CATARINA BELLA", Sex: segur.Female, BirthDate: segur.NewDate(1936, 6, 21)}})
	require.NoError(t, err)
	require.Equal(t, []string{"CATARINA", "BELLA"}, s.names())
	require.True(t, id.Result.Verdict.Coherent())
	require.Equal(t, ins.Unconfirmed, id.Outcome)
	require.Equal(t, []ins.Doubt{ins.DoubtFirstGivenName}, id.Doubts())
	require.True(t, id.Patient.INS.IsZero())
	// Said to be this person by somebody who names the first given name.
	_, err = id.Confirm(ins.Confirmation{Operator: "op", Accept: id.Doubts()})
	require.ErrorContains(t, err, "firstGivenName is required")
	confirmed, err := id.Confirm(ins.Confirmation{Operator: "op", Accept: id.Doubts(), FirstGivenName: "CATARINA"})
	require.NoError(t, err)
	require.Equal(t, p.INS, confirmed.Patient.INS)
	require.Equal(t, segur.Retrieved, confirmed.Patient.Status)
}

func TestIdentifyRepeatsTemporaryFaults(t *testing.T) {
	t.Parallel()
	camille := somebody("FICTIVE-DURAND", "CAMILLE", "CAMILLE LUCE", segur.Female, segur.NewDate(1985, 3, 14), "69123", 1)
	production := func(c *ins.Config) { c.Environment, c.Endpoint = segur.Production, "" }
	unknownIsFault := func(c *ins.Config) { c.UnknownPersonFaults = nil }
	type want struct {
		messages int
		kind     segur.Kind // of the error; unknown: none
		after    string     // of the second message
		advice   string
	}
	tests := map[string]struct {
		faults []trouble
		change func(*ins.Config)
		want   want
	}{
		"unavailable":                 {[]trouble{unavailableCode}, nil, want{2, 0, "desir_1020", ""}},
		"teleservices unavailable":    {[]trouble{teleservices}, nil, want{2, 0, "insi_111", ""}},
		"family unavailable":          {[]trouble{unknownFamily}, nil, want{2, 0, "insi_199", ""}},
		"technical, in production":    {[]trouble{technicalCode}, production, want{2, 0, "insi_102", ""}},
		"technical, on qualification": {[]trouble{technicalCode}, unknownIsFault, want{3, 0, "insi_102", ""}}, // nobody: the next names are tried
		"connection lost before":      {[]trouble{cutBefore}, nil, want{2, 0, "unavailable", ""}},
		"connection lost during":      {[]trouble{cutDuring}, nil, want{2, 0, "truncated", ""}},
		"gateway":                     {[]trouble{gateway503}, nil, want{2, 0, "unavailable", ""}},
		"twice":                       {[]trouble{gateway503, unavailableCode}, nil, want{3, 0, "unavailable", ""}},
		"three times":                 {[]trouble{gateway503, unavailableCode, cutBefore}, nil, want{3, segur.KindUnavailable, "unavailable", "temporary-fault"}},
		"no repetition wanted":        {[]trouble{gateway503}, func(c *ins.Config) { c.Policy.MaxRetries = ins.NoRetry }, want{1, segur.KindUnavailable, "", "temporary-fault"}},
		"one attempt for each search": {[]trouble{gateway503}, func(c *ins.Config) { c.Retry.MaxAttempts = 1 }, want{1, segur.KindUnavailable, "", "temporary-fault"}},
		"one repetition":              {[]trouble{gateway503, gateway503}, func(c *ins.Config) { c.Policy.MaxRetries = 1 }, want{2, segur.KindUnavailable, "unavailable", "temporary-fault"}},
		"budget of one":               {[]trouble{gateway503}, func(c *ins.Config) { c.Policy.MaxCalls = 1 }, want{1, segur.KindUnavailable, "", "temporary-fault"}},
		"asked to wait for long":      {[]trouble{tooMany429}, nil, want{1, segur.KindRateLimited, "", "temporary-fault"}},
		"software refused":            {[]trouble{softwareRefused}, nil, want{1, segur.KindAuthorization, "", ""}},
		"not an answer":               {[]trouble{strangePage}, nil, want{1, segur.KindProtocol, "", ""}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &stub{persons: []instest.Person{camille}, fault: faultsInOrder(tc.faults...)}
			if tc.change == nil {
				tc.change = func(*ins.Config) {}
			}
			given := segur.Patient{Traits: camille.Traits}
			id, err := s.client(t, tc.change).Identify(t.Context(), given)
			require.Len(t, s.messages(), tc.want.messages)
			require.Len(t, id.Attempts, tc.want.messages, "every message is in the trace")
			seen := map[string]bool{}
			for i, m := range s.messages() {
				assert.Equal(t, m, id.Attempts[i].MessageID)
				assert.False(t, seen[m], "a repetition is a message of its own")
				seen[m] = true
				assert.False(t, id.Attempts[i].Time.IsZero())
				assert.Positive(t, id.Attempts[i].Duration)
			}
			if len(id.Attempts) > 1 {
				assert.Equal(t, tc.want.after, id.Attempts[1].After)
			}
			if tc.want.kind == segur.KindUnknown {
				require.NoError(t, err)
				assert.Equal(t, ins.Found, id.Outcome)
				assert.Equal(t, camille.INS, id.Patient.INS)
				if name != "technical, on qualification" {
					assert.Equal(t, ins.WhyRepetition, id.Attempts[1].Why)
					assert.Equal(t, ins.FirstGivenName, id.Attempts[1].GivenName)
				}
				return
			}
			require.Equal(t, tc.want.kind, segur.KindOf(err), err)
			assert.Equal(t, ins.StopFailed, id.Stop)
			assert.Equal(t, ins.Undetermined, id.Outcome)
			assert.Equal(t, given, id.Patient)
			last := id.Attempts[len(id.Attempts)-1]
			assert.Equal(t, tc.want.kind, last.Failed)
			if tc.want.advice == "" {
				assert.Empty(t, id.Diagnostics)
				return
			}
			require.Len(t, id.Diagnostics, 1)
			assert.Equal(t, tc.want.advice, id.Diagnostics[0].Code)
		})
	}
}

// A repetition that waits ends with the context, and the fault that it followed is still named.
func TestIdentifyStopsWaitingWithTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, stopsWaitingWithTheContext)
}

func stopsWaitingWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := &stub{fault: func(int) trouble {
		time.AfterFunc(time.Nanosecond, cancel) // of the false time of the test: once everything waits
		return unavailableCode
	}}
	id, err := s.client(t, func(c *ins.Config) { c.Retry.BaseDelay, c.Retry.MaxDelay = time.Hour, 1000*time.Hour }).Identify(ctx, houilles())
	require.ErrorIs(t, err, segur.ErrCanceled)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "desir_1020")
	require.Len(t, id.Attempts, 1)
	require.Len(t, s.messages(), 1)

	// A deadline that comes before the end of the pause ends the attempts at once.
	ctx, cancel = context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s = &stub{fault: func(int) trouble { return gateway503 }}
	id, err = s.client(t, func(c *ins.Config) { c.Retry.BaseDelay, c.Retry.MaxDelay = 1e6*time.Hour, 1e6*time.Hour }).Identify(ctx, houilles())
	require.ErrorIs(t, err, segur.ErrUnavailable)
	require.Len(t, id.Attempts, 1)
}

// When the service is down for everybody, most identifications make one call.
func TestIdentifyRepeatsLessWhenTheServiceIsDown(t *testing.T) {
	t.Parallel()
	s := &stub{fault: func(int) trouble { return gateway503 }}
	c := s.client(t)
	for range 30 {
		_, err := c.Identify(t.Context(), houilles())
		require.ErrorIs(t, err, segur.ErrUnavailable)
	}
	require.Len(t, s.messages(), 30+20)
}

// Nothing is sent, and nothing is counted, for what INSi must not be asked.
func TestIdentifyRefusesBeforeSending(t *testing.T) {
	t.Parallel()
	s := &stub{}
	production := func(c *ins.Config) { c.Environment = segur.Production }
	for field, tc := range map[string]struct {
		change func(*segur.Patient)
		config func(*ins.Config)
	}{
		"patient.attributes":            {func(p *segur.Patient) { p.Attributes = segur.Doubtful | segur.Homonym }, production},
		"patient.attributes a fict":     {func(p *segur.Patient) { p.Attributes = segur.Fictitious }, production},
		"patient.ins":                   {func(p *segur.Patient) { p.INS = number(t, "2850369123456") }, production},
		"patient.traits.firstGivenName": {func(p *segur.Patient) { p.Traits.FirstGivenName = "Pierre" }, production},
		"patient.traits.givenNames":     {func(p *segur.Patient) { p.Traits.GivenNames = "PIERRE  PAUL" }, production},
		"patient.traits.birthDate":      {func(p *segur.Patient) { p.Traits.BirthDate = segur.NewDate(1993, 2, 30) }, production},
		"patient.traits.sex":            {func(p *segur.Patient) { p.Traits.Sex = segur.SexUnknown }, production},
		"patient.traits.birthPlace":     {func(p *segur.Patient) { p.Traits.BirthPlace = "LYON" }, production},
	} {
		p := houilles()
		tc.change(&p)
		id, err := s.client(t, tc.config).Identify(t.Context(), p)
		require.Nil(t, id)
		require.ErrorIs(t, err, segur.ErrInvalidInput)
		require.ErrorContains(t, err, field)
	}
	_, err := s.client(t).Identify(t.Context(), houilles(), ins.ForEvent(" "))
	require.ErrorContains(t, err, "event is required")
	require.Empty(t, s.messages())
	p := houilles()
	p.Attributes = segur.Homonym
	_, err = s.client(t).Identify(t.Context(), p)
	require.NoError(t, err, "a homonym is searched")
}

// Whatever goes wrong, no more messages leave than the policy allows, each has an identifier of its own, and the trace
// has them all.
func TestIdentifyNeverPassesItsBudget(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		list := rapid.SliceOfN(rapid.IntRange(0, int(troubles)-1), 0, 12).Draw(rt, "faults")
		policy := ins.Policy{
			MaxCalls: rapid.IntRange(0, 10).Draw(rt, "calls"), MaxRetries: rapid.IntRange(-1, 10).Draw(rt, "retries"),
			BirthPlaceFirst: rapid.Bool().Draw(rt, "place first"), FirstGivenNameOnly: rapid.Bool().Draw(rt, "first only"),
		}
		attempts := rapid.IntRange(0, 6).Draw(rt, "attempts")
		s := &stub{persons: population(rt), fault: func(n int) trouble {
			if n < len(list) {
				return trouble(list[n])
			}
			return healthy
		}}
		c := s.client(rt, func(c *ins.Config) { c.Policy, c.Retry.MaxAttempts = policy, attempts })
		id, err := c.Identify(context.Background(), segur.Patient{Traits: homonymQuery(rt, s.persons)})
		limit := policy.MaxCalls
		if limit == 0 {
			limit = 4
		}
		messages := s.messages()
		require.LessOrEqual(rt, len(messages), limit)
		require.NotNil(rt, id)
		require.Len(rt, id.Attempts, len(messages))
		seen := map[string]bool{}
		for i, m := range messages {
			require.Equal(rt, m, id.Attempts[i].MessageID)
			require.False(rt, seen[m])
			seen[m] = true
		}
		retries := 0
		for _, a := range id.Attempts {
			if a.Why == ins.WhyRepetition {
				retries++
			}
		}
		allowed := policy.MaxRetries
		switch allowed {
		case 0:
			allowed = 2
		case -1:
			allowed = 0
		}
		require.LessOrEqual(rt, retries, allowed)
		if err != nil {
			require.Equal(rt, ins.Undetermined, id.Outcome)
			require.NotEqual(rt, segur.KindUnknown, segur.KindOf(err))
		} else {
			require.NotEqual(rt, ins.Undetermined, id.Outcome)
		}
	})
}
