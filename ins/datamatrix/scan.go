package datamatrix

import (
	"strings"

	"github.com/segur-sdk/segur"
)

// maxScan bounds what is read: the longest payload has 291 characters, and a scanner may spell each separator in several.
const maxScan = 512

// wedgeSeparators are how scanners that type like a keyboard render GS.
var wedgeSeparators = []string{"<GS>", "^]"}

// separatorRule returns the rule that a separator of the options breaks, or "". Its first character must be foreign to
// the format, or a name could be read as a separator.
func separatorRule(s string) string {
	switch {
	case s == "" || len(s) > 8:
		return "must have 1 to 8 characters"
	case nameRule(s[:1]) == "" || strings.IndexByte("0123456789.' -", s[0]) >= 0 || s[0] >= 'a' && s[0] <= 'z':
		return "must not begin with a character of the format (letter, digit, dot, blank, apostrophe, hyphen)"
	case strings.ContainsAny(s, "\r\n\t"):
		return "must not hold white space that ends a scan"
	}
	return ""
}

// plainScan takes away what the scanner added (AIM prefix, line end), undoes inverted capitals and spells every separator
// as GS. What it returns is to be read strictly: every character that remains is judged with its block.
func plainScan(scan string, separators []string) (text string, folded bool, rule string) {
	text = strings.TrimRight(scan, "\r\n\t")
	if len(text) >= 3 && text[0] == ']' {
		if !strings.EqualFold(text[:3], "]d1") {
			return "", false, "the scanner says that this is not a plain Data Matrix ECC 200 (AIM prefix ]d1)"
		}
		text = text[3:]
	}
	for _, list := range [][]string{wedgeSeparators, separators} {
		for _, s := range list {
			text = replaceFold(text, s)
		}
	}
	// A keyboard with capitals locked inverts the whole scan. The format has no lower case, so nothing is lost.
	if folded = inverted(text); folded {
		text = capitals(text)
	}
	return text, folded, ""
}

// replaceFold puts GS in place of spelling, whatever its case.
func replaceFold(text, spelling string) string {
	var b strings.Builder
	for i := 0; i < len(text); {
		if end := i + len(spelling); end <= len(text) && strings.EqualFold(text[i:end], spelling) {
			b.WriteByte(separator)
			i = end
			continue
		}
		b.WriteByte(text[i])
		i++
	}
	return b.String()
}

// inverted reports whether text has letters and all of them are lower case. ASCII only, as in capitals: Unicode has lower
// case letters of which the capital is an ASCII one.
func inverted(text string) bool {
	lower := false
	for i := range len(text) {
		if c := text[i]; c >= 'A' && c <= 'Z' {
			return false
		} else if c >= 'a' && c <= 'z' {
			lower = true
		}
	}
	return lower
}

func capitals(text string) string {
	b := []byte(text)
	for i, c := range b {
		if c >= 'a' && c <= 'z' {
			b[i] = c - 'a' + 'A'
		}
	}
	return string(b)
}

// reading is the structure of a scan: the blocks in their order, and what the reader of the identity must know.
type reading struct {
	blocks      []block
	problems    segur.Problems
	truncated   bool // the text ends inside the header or inside a block of fixed length
	stopped     bool // what follows an unknown block cannot be read
	superfluous bool // separators where the format has none
	open        bool // the last block is a name that may have been cut
}

const lostSeparator = "; when names run together the scanner drops the separator: set it to transmit ASCII 29"

// read cuts a plain scan into blocks, whatever their order. Values are not judged here, but for the length of those that
// are fixed.
func read(text string) *reading {
	r := &reading{}
	if rule := headerRule(text); rule != "" {
		r.truncated = len(text) < len(header) && strings.HasPrefix(header, text)
		r.stopped = true
		r.problems.Add("header", rule)
		return r
	}
	rest := text[len(header):]
	separated := true // whether a separator would be one too many
	for rest != "" {
		if rest[0] == separator {
			if separated {
				r.stop("an empty block")
				return r
			}
			r.superfluous, separated, rest = true, true, rest[1:]
			continue
		}
		if len(rest) < 2 && rest[0] == 'S' {
			r.truncated = true
			r.stop("the text ends inside the identifier of a block")
			return r
		}
		d, ok := defined(rest[:min(2, len(rest))])
		if !ok {
			r.stop("a block that is none of S1 to S7" + lostSeparator)
			return r
		}
		if d.fixed {
			rest, separated = r.fixed(d, rest[2:]), false
		} else {
			rest, separated = r.variable(d, rest[2:])
		}
	}
	return r
}

func headerRule(text string) string {
	switch {
	case strings.HasPrefix(text, header):
		return ""
	case strings.HasPrefix(header, text):
		return "the text ends inside the header"
	case !strings.HasPrefix(text, marker):
		return "does not begin with IS: not an INS datamatrix"
	case !strings.HasPrefix(text, marker+version):
		return "version is not 01; if digits come out as signs the scanner types with another keyboard layout"
	}
	return "the 22 reserved characters after IS01 must be zeros"
}

func (r *reading) stop(rule string) {
	r.stopped = true
	r.problems.Addf("blocks", "after block %d: %s", len(r.blocks), rule)
}

// fixed takes the value of a block of fixed length and returns what follows.
func (r *reading) fixed(d definition, rest string) string {
	n := min(d.longest, len(rest))
	if i := strings.IndexByte(rest[:n], separator); i >= 0 {
		r.problems.Addf(d.id, "has %d characters instead of %d", i, d.longest)
		n = i
	} else if n < d.longest {
		r.truncated = true
		r.problems.Addf(d.id, "is cut after %d characters of %d", n, d.longest)
	}
	r.blocks = append(r.blocks, block{d.id, rest[:n]})
	return rest[n:]
}

// variable takes the value of a block of variable length and its separator.
func (r *reading) variable(d definition, rest string) (after string, separated bool) {
	n := min(d.longest, len(rest))
	if i := strings.IndexByte(rest[:n], separator); i >= 0 {
		n = i
	}
	r.blocks = append(r.blocks, block{d.id, rest[:n]})
	after = rest[n:]
	switch {
	case n == d.longest: // a separator after it would be superfluous
		return after, false
	case after == "":
		r.open = d.id != blockAuthority // one of four known values: a cut one is seen
		return "", false
	case len(after) == 1: // the last block has no separator
		r.superfluous = true
	}
	return after[1:], true
}

// value returns the value of a block and how many times the block stands there.
func (r *reading) value(id string) (value string, count int) {
	for _, b := range r.blocks {
		if b.id == id {
			value = b.value
			count++
		}
	}
	return value, count
}
