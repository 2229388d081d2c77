package mssante

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// notDecomposed are characters that Unicode does not decompose, with what
// French typists write instead.
var notDecomposed = strings.NewReplacer(
	"’", "'", "‘", "'", "ʼ", "'", "“", `"`, "”", `"`, "«", `"`, "»", `"`, "–", "-", "—", "-", "‑", "-", "…", "...",
	"œ", "oe", "Œ", "OE", "æ", "ae", "Æ", "AE", "ß", "ss", "ø", "o", "Ø", "O", "đ", "d", "Đ", "D", "ł", "l", "Ł", "L", "ı", "i",
)

// toASCII removes accents, turns every blank into one space, and drops what
// ASCII cannot write. The result is printable ASCII without blank at its ends.
func toASCII(s string) string {
	var b strings.Builder
	blank := false
	for _, r := range norm.NFD.String(notDecomposed.Replace(s)) {
		switch {
		case unicode.IsSpace(r) || r < ' ':
			blank = true
		case r > '~':
		default:
			if blank && b.Len() > 0 {
				b.WriteByte(' ')
			}
			blank = false
			b.WriteRune(r)
		}
	}
	return b.String()
}
