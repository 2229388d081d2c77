package ins_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/ins/instest"
)

func TestVerifyByComparison(t *testing.T) {
	t.Parallel()
	date := segur.NewDate(1985, 3, 14)
	camille := somebody("FICTIVE-DURAND", "CAMILLE", "CAMILLE LUCE", segur.Female, date, "69123", 1)
	former := somebody("X", "X", "X", segur.Male, date, "69123", 9).INS
	camille.History = []instest.Former{{INS: former}, {INS: camille.INS}}
	paul := somebody("FICTIF-MARTIN", "PAUL", "PAUL ANDRE", segur.Male, date, "69123", 2)
	emile := somebody("FICTIF-MARTIN", "PAUL", "PAUL EMILE", segur.Male, date, "75056", 3)
	claim := func(p instest.Person, change func(*ins.Claim)) ins.Claim {
		c := ins.Claim{INS: p.INS, Traits: p.Traits}
		change(&c)
		return c
	}
	same := func(*ins.Claim) {}
	tests := map[string]struct {
		claim    ins.Claim
		outcome  ins.VerificationOutcome
		replaced bool
		current  segur.INS
		names    int
		details  []string // codes
		code     string
	}{
		"holds": {claim(camille, same), ins.Verified, false, camille.INS, 1, nil, "00"},
		"holds, number as text": {claim(camille, func(c *ins.Claim) {
			c.Matricule, c.Authority, c.INS = c.INS.Matricule(), c.INS.Authority(), segur.INS{}
		}), ins.Verified, false, camille.INS, 1, nil, "00"},
		"holds, place unknown":     {claim(camille, func(c *ins.Claim) { c.Traits.BirthPlace = "99999" }), ins.Verified, false, camille.INS, 1, nil, "00"},
		"holds, told by the place": {claim(emile, same), ins.Verified, false, emile.INS, 2, nil, "00"},
		"holds, other following names": {claim(camille, func(c *ins.Claim) { c.Traits.GivenNames = "CAMILLE MARIE" }), ins.Verified, false, camille.INS, 1,
			[]string{"given-names-differ"}, "00"},
		"replaced":                {claim(camille, func(c *ins.Claim) { c.INS = former }), ins.NotVerified, true, camille.INS, 1, []string{"number-replaced"}, "00"},
		"somebody else's number":  {claim(camille, func(c *ins.Claim) { c.INS = paul.INS }), ins.NotVerified, false, camille.INS, 1, []string{"number-differs"}, "00"},
		"another place":           {claim(camille, func(c *ins.Claim) { c.Traits.BirthPlace = "75056" }), ins.NotVerified, false, camille.INS, 1, []string{"different"}, "00"},
		"nobody":                  {claim(camille, func(c *ins.Claim) { c.Traits.FirstGivenName, c.Traits.GivenNames = "LUCE", "LUCE CAMILLE" }), ins.NotVerified, false, segur.INS{}, 1, []string{"traits-to-check"}, "01"},
		"several":                 {claim(paul, func(c *ins.Claim) { c.Traits.BirthPlace = "" }), ins.VerificationUndetermined, false, segur.INS{}, 1, []string{"birth-place-missing"}, "02"},
		"several, born elsewhere": {claim(paul, func(c *ins.Claim) { c.Traits.BirthPlace = "13055" }), ins.NotVerified, false, segur.INS{}, 2, []string{"birth-place-wrong"}, "01"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &stub{persons: []instest.Person{camille, paul, emile}, fault: faultsInOrder(gateway503)}
			v, err := ins.ComparisonVerifier(s.client(t)).Verify(t.Context(), tc.claim)
			require.NoError(t, err)
			assert.Equal(t, tc.outcome, v.Outcome)
			assert.Equal(t, ins.MethodComparison, v.Method)
			assert.Equal(t, tc.replaced, v.Replaced)
			assert.True(t, tc.current == v.Current)
			assert.Equal(t, tc.code, v.Code)
			assert.Len(t, s.names(), tc.names+1, "one repetition after the gateway")
			assert.Len(t, v.Attempts, tc.names+1)
			assert.Equal(t, v.Attempts[len(v.Attempts)-1].MessageID, v.MessageID)
			assert.False(t, v.Time.IsZero())
			var codes []string
			for _, d := range v.Details {
				codes = append(codes, d.Code)
			}
			assert.Equal(t, tc.details, codes)
			assert.Equal(t, tc.outcome == ins.Verified, v.Outcome == ins.Verified && v.Verdict.Coherent())
			text := fmt.Sprintf("%v %+v %s %#v", v, *v, v.LogValue(), tc.claim)
			assert.NotContains(t, text, "CAMILLE")
			assert.NotContains(t, text, camille.INS.Body())
		})
	}
}

func TestVerifyByComparisonThatCannotTell(t *testing.T) {
	t.Parallel()
	date := segur.NewDate(1985, 3, 14)
	camille := somebody("FICTIVE-DURAND", "CAMILLE", "CAMILLE LUCE", segur.Female, date, "69123", 1)
	paul := somebody("FICTIF-MARTIN", "PAUL", "PAUL ANDRE", segur.Male, date, "69123", 2)
	claim := ins.Claim{INS: camille.INS, Traits: camille.Traits}

	// The service fails: an error, and what was tried.
	s := &stub{fault: func(int) trouble { return unavailableCode }}
	v, err := s.client(t).VerifyByComparison(t.Context(), claim)
	require.ErrorIs(t, err, segur.ErrUnavailable)
	require.Equal(t, ins.VerificationUndetermined, v.Outcome)
	require.Len(t, v.Attempts, 3)
	require.Nil(t, v.Result)

	// The answer has another date, or a number that does not check.
	v, err = (&stub{fault: func(int) trouble { return another }}).client(t).VerifyByComparison(t.Context(), claim)
	require.NoError(t, err)
	require.Equal(t, ins.NotVerified, v.Outcome)
	require.False(t, v.Replaced)
	require.Equal(t, ins.Different, v.Verdict.BirthDate)
	v, err = (&always{answer: []byte(replaceKey(string(answerXML("00", &camille)), camille.INS.Key()))}).client(t).VerifyByComparison(t.Context(), claim)
	require.NoError(t, err)
	require.Equal(t, ins.VerificationUndetermined, v.Outcome)
	require.Equal(t, "number-invalid", v.Details[len(v.Details)-1].Code)

	// A former number, but of somebody whose traits are not those of the claim: not a replacement to take over.
	stranger := paul
	stranger.History = []instest.Former{{INS: camille.INS}}
	v, err = (&always{answer: answerXML("00", &stranger)}).client(t).VerifyByComparison(t.Context(), claim)
	require.NoError(t, err)
	require.Equal(t, ins.NotVerified, v.Outcome)
	require.False(t, v.Replaced)

	// A date that is known in part.
	part := claim
	part.Traits.BirthDate, part.Traits.BirthDateInterpreted = segur.NewDate(1985, 3, 1), true
	v, err = (&always{answer: answerXML("00", &camille)}).client(t).VerifyByComparison(t.Context(), part)
	require.NoError(t, err)
	require.Equal(t, ins.VerificationUndetermined, v.Outcome)
	require.Equal(t, ins.Compatible, v.Verdict.BirthDate)

	// The calls do not suffice for the birth place; several, birth place included.
	two := []instest.Person{paul, somebody("FICTIF-MARTIN", "PAUL", "PAUL", segur.Male, date, "69123", 3)}
	for calls, code := range map[int]string{1: "calls-spent", 2: "homonyms"} {
		s := &stub{persons: two}
		v, err = s.client(t, func(c *ins.Config) { c.Policy.MaxCalls = calls }).VerifyByComparison(t.Context(), ins.Claim{INS: paul.INS, Traits: paul.Traits})
		require.NoError(t, err)
		require.Equal(t, ins.VerificationUndetermined, v.Outcome)
		require.Equal(t, code, v.Details[0].Code)
		require.Len(t, s.messages(), calls)
	}
}

func TestVerifyRefusesBeforeSending(t *testing.T) {
	t.Parallel()
	s := &stub{}
	c := s.client(t, func(c *ins.Config) { c.Environment = segur.Production })
	traits := houilles().Traits
	genuine := somebody("X", "X", "X", segur.Male, traits.BirthDate, "69123", 1).INS
	for name, tc := range map[string]struct {
		claim ins.Claim
		want  []string
	}{
		"no number":        {ins.Claim{Traits: traits}, []string{"claim.ins is required"}},
		"a test number":    {ins.Claim{INS: number(t, "2850369123456"), Traits: traits}, []string{"claim.ins is a test number"}},
		"a wrong key":      {ins.Claim{Matricule: genuine.Body() + "00", Authority: segur.OIDINSNIR, Traits: traits}, []string{"claim.ins.matricule the key does not match"}},
		"a former number":  {ins.Claim{Matricule: genuine.Matricule(), Authority: "1.2.250.1.213.1.4.2", Traits: traits}, []string{"claim.ins.authority"}},
		"no authority":     {ins.Claim{Matricule: genuine.Matricule(), Traits: traits}, []string{"claim.ins.authority"}},
		"two numbers":      {ins.Claim{INS: genuine, Matricule: genuine.Matricule(), Traits: traits}, []string{"claim.matricule must be empty"}},
		"doubtful":         {ins.Claim{INS: genuine, Traits: traits, Attributes: segur.Doubtful}, []string{"claim.attributes"}},
		"fictitious":       {ins.ClaimOf("1", segur.Patient{INS: genuine, Traits: traits, Attributes: segur.Fictitious}), []string{"claim.attributes"}},
		"everything wrong": {ins.Claim{Traits: segur.Traits{BirthName: "durand", GivenNames: "JEAN 2"}}, []string{"claim.ins", "claim.traits.birthName", "claim.traits.firstGivenName", "claim.traits.sex", "claim.traits.birthDate", "claim.traits.givenNames"}},
	} {
		v, err := c.VerifyByComparison(t.Context(), tc.claim)
		require.Nil(t, v, name)
		require.ErrorIs(t, err, segur.ErrInvalidInput, name)
		for _, w := range tc.want {
			require.ErrorContains(t, err, w, name)
		}
		require.NotContains(t, err.Error(), genuine.Body())
	}
	require.Empty(t, s.messages())
}

func TestNamesOfVerificationOutcomes(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "undetermined verified not verified invalid", fmt.Sprint(ins.VerificationUndetermined, " ", ins.Verified, " ", ins.NotVerified, " ", ins.VerificationOutcome(9)))
}
