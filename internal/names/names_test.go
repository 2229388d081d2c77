package names_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/segur-sdk/segur/internal/names"
)

func TestTransliterate(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "", "D’Æion": "D'AEION", "cœur": "COEUR", "Strauß": "STRAUSS", "Noe\u0308l": "NOEL", "A\u202Fb": "A B",
		"ÀÉÎÕÜÇÑŸ": "AEIOUCNY", "a\u0327": "A\u0327", "7_/": "7_/", "Ж": "Ж",
		"A\u0300\u0300": "A\u0300\u0300", "À\u0300": "À\u0300", "œ\u0301": "œ\u0301", // mapped by half, the rest would pass the next time
	} {
		assert.Equal(t, want, names.Transliterate(in), in)
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{"JEAN", "LUC", "D", "AIGUE"}, names.Words("Jean-Luc  d’Aigue"))
	assert.Empty(t, names.Words(" -' "))
}

func TestLetters(t *testing.T) {
	t.Parallel()
	type pair struct {
		in  rune
		out string
	}
	var got []pair
	for in, out := range names.Letters("e\u0301\u0301œ’7") {
		got = append(got, pair{in, out})
	}
	assert.Equal(t, []pair{{'e', "E"}, {'\u0301', "\u0301"}, {'\u0301', "\u0301"}, {'œ', "OE"}, {'’', "'"}, {'7', "7"}}, got)
	for range names.Letters("AB") {
		break
	}
}
