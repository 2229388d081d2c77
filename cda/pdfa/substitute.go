package pdfa

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/segur-sdk/segur"
)

// normal is a text as it is shown: lines end with "\n", letters are composed.
func normal(s string) string {
	return norm.NFC.String(strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n"))
}

// substitute writes what f does not have as code points, see Report.Substitute.
func (p *preparer) substitute(s string, f *face) string {
	known := true
	for _, r := range s {
		known = known && (r == '\n' || p.known(r, f))
	}
	if known {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		_, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, "[%02X]", s[i])
		case r == '\n' || p.known(r, f):
			b.WriteRune(r)
		case !formless(r):
			fmt.Fprintf(&b, "[U+%04X]", r)
		}
	}
	return b.String()
}

// formless reports whether a character is never seen: joiners, marks of direction, variation selectors, a byte order mark.
func formless(r rune) bool {
	return r >= 0x200b && r <= 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2060 && r <= 0x206f || r >= 0xfe00 && r <= 0xfe0f || r == 0xfeff ||
		r >= 0xe0000 && r <= 0xe0fff
}

// CheckJPEG reports whether Build takes a JPEG file as an image. The error is a segur.ErrInvalidInput that says why not.
func CheckJPEG(jpeg []byte) error {
	var p segur.Problems
	if len(jpeg) > MaxImageBytes {
		p.Addf("jpeg", "has more than %d bytes", MaxImageBytes)
	} else if _, why := scanJPEG(jpeg); why != "" {
		p.Add("jpeg", why)
	}
	return p.Err("pdfa.checkJPEG")
}
