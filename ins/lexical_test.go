package ins_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
)

func TestLexicalRules(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name               string
		birthOK, givenOK   bool
		birthRule, inGiven string
	}{
		{"D'AEION", true, true, "", ""},
		{"D'ARTAGNAN DE L'HERAULT", true, true, "", ""},
		{"DAMPI--ERRE", true, false, "", "character 7: a given name has no double hyphen"},
		{"'T SERCLAES", true, true, "", ""},
		{"PIERRE-ALAIN", true, true, "", ""},
		{"A", true, true, "", ""},
		{"DUPONT-", true, false, "", "character 7: a given name ends with neither"},
		{"DUPONT'", true, false, "", "character 7: a given name ends with neither"},
		{"D -X", true, true, "", ""},
		{"D-'X", true, true, "", ""},
		{" DUPONT", false, false, "character 1: a name begins with neither", "character 1"},
		{"-DUPONT", false, false, "character 1: a name begins with neither", "character 1"},
		{"DUPONT ", false, false, "character 7: a name does not end with a blank", "character 7"},
		{"DUPONT  X", false, false, "character 8: a blank or an apostrophe cannot follow", "character 8"},
		{"O''NEIL", false, false, "character 3: a blank or an apostrophe cannot follow", "character 3"},
		{"D' X", false, false, "character 3: a blank or an apostrophe cannot follow", "character 3"},
		{"D 'X", false, false, "character 3: a blank or an apostrophe cannot follow", "character 3"},
		{"ER--IC", true, false, "", "character 4: a given name has no double hyphen"},
		{"JEAN-", true, false, "", "character 5"},
		{"DAMPI_ERRE", false, false, "character 6: U+005F is not accepted", "U+005F"},
		{"A/B", false, false, "U+002F is not accepted", "U+002F"},
		{"A!", false, false, "U+0021 is not accepted", "U+0021"},
		{"Dampierre", false, false, "characters 2 to 9: lower-case letters are not accepted; ins.Normalize makes it acceptable", "characters 2 to 9"},
		{"DAMPIÈRE", false, false, "character 6: only the letters A to Z are accepted, without accent; ins.Normalize makes it acceptable", "character 6"},
		{"CŒUR", false, false, "character 2: only the letters A to Z are accepted, without ligature; ins.Normalize makes it acceptable", "character 2"},
		{"NOE\u0308L", false, false, "character 4: only the letters A to Z are accepted, without accent; ins.Normalize makes it acceptable", "character 4"},
		{"ŁUKASZ", false, false, "character 1: only the letters A to Z are accepted, and this one has no agreed replacement", "character 1"},
		{"JEAN\u2011LOUP", false, false, "character 5: the only hyphen accepted is U+002D; ins.Normalize", "character 5"},
		{"JEAN\u00a0LOUP", false, false, "character 5: the only white space accepted is a blank; ins.Normalize", "character 5"},
		{"D’AEION", false, false, "character 2: the only apostrophe accepted is U+0027; ins.Normalize makes it acceptable", "character 2"},
		{"LOUIS 14", false, false, "characters 7 to 8: digits", "digits"},
		{"A1B2", false, false, "birthName character 2: digits are not accepted; birthName character 4: digits", "character 4: digits"},
		{"A\tB", false, false, "white space", "white space"},
		{"", false, false, "is required", "is required"},
		{"'", false, false, "must hold a letter", "character 1"},
		{"'-", false, false, "must hold a letter", "character 2"},
		{strings.Repeat("A", 100), true, true, "", ""},
		{strings.Repeat("é1", 501), false, false, "has 1002 characters, 100 at most", "has 1002 characters"},
		{strings.Repeat("A", 101), false, false, "has 101 characters, 100 at most", "101"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			check := func(err error, ok bool, rule string) {
				if ok {
					assert.NoError(t, err)
					return
				}
				require.ErrorIs(t, err, segur.ErrInvalidInput)
				assert.ErrorContains(t, err, rule)
				if len(tc.name) > 3 {
					assert.NotContains(t, err.Error(), strings.TrimSpace(tc.name))
				}
			}
			check(ins.CheckBirthName(tc.name), tc.birthOK, tc.birthRule)
			check(ins.CheckGivenName(tc.name), tc.givenOK, tc.inGiven)
		})
	}
}

func TestNormalize(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"D’ÆION":       "D'AEION",
		"Cœur":         "COEUR",
		"CŒUR":         "COEUR",
		"Dampierre":    "DAMPIERRE",
		"de L‘Hérault": "DE L'HERAULT",
		"ÀÁÂÃÄÅÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝŸŠŽÐÞ": "AAAAAACEEEEIIIINOOOOOOUUUUYYSZDTH",
		"àáâãäåçèéêëìíîïñòóôõöøùúûüýÿšžðþ": "AAAAAACEEEEIIIINOOOOOOUUUUYYSZDTH",
		"Strauß":             "STRAUSS",
		"ẞ":                  "SS",
		"Jean‑Loup–Marie":    "JEAN-LOUP-MARIE",
		"Jean\u00a0Loup":     "JEAN LOUP",
		"He\u0301le\u0300ne": "HELENE",
		"C\u0327a":           "CA",
		"O\u02bcNeil":        "O'NEIL",
		"ALREADY FINE":       "ALREADY FINE",
	} {
		got, err := ins.NormalizeBirthName(in)
		require.NoError(t, err, in)
		assert.Equal(t, want, got)
		got, err = ins.NormalizeGivenName(in)
		require.NoError(t, err, in)
		assert.Equal(t, want, got)
	}
	for _, in := range []string{"Łukasz", "Дмитрий", "A\u0327", "\u0301A", "Jean.", "Zoë2", "“DUPONT”", "A\u200bB", "ﬁ", "A\x00B", "\x00"} {
		got, err := ins.NormalizeBirthName(in)
		require.ErrorIs(t, err, segur.ErrInvalidInput, in)
		assert.NotEmpty(t, got, "what is refused is not dropped")
	}
	_, err := ins.NormalizeBirthName("Łuk4sz_")
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	require.Len(t, e.Details, 3, "everything wrong is told at once")
}

// What the normaliser accepts, the lexical rules accept, and normalising again changes nothing.
func TestNormalizeIsStable(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.StringOf(rapid.SampledFrom([]rune("AbéÉçŒæ'’ -‑–\u00a0ß1_Łe\u0301"))).Draw(t, "name")
		for _, f := range []struct {
			normalize func(string) (string, error)
			check     func(string) error
		}{{ins.NormalizeBirthName, ins.CheckBirthName}, {ins.NormalizeGivenName, ins.CheckGivenName}} {
			out, err := f.normalize(in)
			if (err == nil) != (f.check(out) == nil) {
				t.Fatal("normaliser and rules disagree")
			}
			if again, _ := f.normalize(out); err == nil && again != out {
				t.Fatal("not stable")
			}
		}
	})
}
