package names

import (
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"
)

// letters maps the accented letters and ligatures of French civil status, in capitals, to what INSi takes.
var letters = map[rune]string{
	'À': "A", 'Á': "A", 'Â': "A", 'Ã': "A", 'Ä': "A", 'Å': "A", 'Æ': "AE",
	'Ç': "C", 'Ð': "D",
	'È': "E", 'É': "E", 'Ê': "E", 'Ë': "E",
	'Ì': "I", 'Í': "I", 'Î': "I", 'Ï': "I",
	'Ñ': "N",
	'Ò': "O", 'Ó': "O", 'Ô': "O", 'Õ': "O", 'Ö': "O", 'Ø': "O", 'Œ': "OE",
	'Š': "S", 'ẞ': "SS", 'Þ': "TH",
	'Ù': "U", 'Ú': "U", 'Û': "U", 'Ü': "U",
	'Ý': "Y", 'Ÿ': "Y", 'Ž': "Z",
}

// signs maps typographic signs and blanks to the three that INSi takes.
var signs = map[rune]rune{
	'\u2018': '\'', '\u2019': '\'', '\u02BC': '\'', // quotation marks and the modifier letter apostrophe
	'\u2010': '-', '\u2011': '-', '\u2012': '-', '\u2013': '-', '\u2014': '-', '\u2212': '-', // hyphens and dashes
	'\u00A0': ' ', '\u202F': ' ', // blanks that do not break
}

// accents says which combining marks each letter takes, so that decomposed text ("e" and U+0301, as some systems
// store it) gives what composed text gives. Grave, acute, circumflex, tilde, diaeresis, ring, caron, cedilla.
var accents = map[rune]string{
	'A': "\u0300\u0301\u0302\u0303\u0308\u030A", 'C': "\u0327", 'E': "\u0300\u0301\u0302\u0308",
	'I': "\u0300\u0301\u0302\u0308", 'N': "\u0303", 'O': "\u0300\u0301\u0302\u0303\u0308", 'S': "\u030C",
	'U': "\u0300\u0301\u0302\u0308", 'Y': "\u0301\u0308", 'Z': "\u030C",
}

// Letters iterates over the characters of a name as written, each with what it becomes in the alphabet of INSi: itself
// where it belongs to it or has no agreed mapping, "" for an accent that the letter before it already stands for. A
// letter with more accents than French writes stays as it is, whole: half of it mapped would pass when mapped again.
func Letters(name string) iter.Seq2[rune, string] {
	return func(yield func(rune, string) bool) {
		var before rune
		for i, r := range name {
			upper := unicode.ToUpper(r)
			if r == 'ß' {
				upper = 'ẞ'
			}
			var out string
			last := before
			before = 0
			switch {
			case upper >= 'A' && upper <= 'Z' && r < 0x80:
				out, before = string(upper), upper
			case letters[upper] != "" && !accentFollows(name[i:]):
				out = letters[upper]
			case signs[r] != 0:
				out = string(signs[r])
			case last != 0 && strings.ContainsRune(accents[last], r) && !accentFollows(name[i:]):
				// The accent of the letter just given.
			default:
				out = string(r)
			}
			if !yield(r, out) {
				return
			}
		}
	}
}

// accentFollows says whether the first character of s is followed by a combining mark.
func accentFollows(s string) bool {
	_, size := utf8.DecodeRuneInString(s)
	next, _ := utf8.DecodeRuneInString(s[size:])
	return unicode.Is(unicode.Mn, next)
}

// Transliterate maps a name to the alphabet of INSi as far as the mapping is agreed, and leaves the rest as it is.
func Transliterate(name string) string {
	var b strings.Builder
	b.Grow(len(name))
	for _, out := range Letters(name) {
		b.WriteString(out)
	}
	return b.String()
}

// Words reduces a name to what the comparison rules of the INS compare: the alphabet of INSi, hyphens and apostrophes
// taken as blanks, one word after the other.
func Words(name string) []string {
	return strings.FieldsFunc(Transliterate(name), func(r rune) bool { return r == ' ' || r == '-' || r == '\'' })
}
