package datamatrix

import (
	"strconv"
	"strings"

	"github.com/segur-sdk/segur"
)

// The format of ANS, "INS - Format datamatrix" 2.2: a constant header, then data blocks. The 22 zeros stand where a 2D-Doc
// has its certificate authority, certificate, dates and type: reserved, there is no signature.
const (
	marker   = "IS"
	version  = "01"
	reserved = "0000000000000000000000"
	header   = marker + version + reserved
)

// separator ends a block of variable length: the data character GS, never FNC1 (the symbol is not a GS1 one).
const separator = 0x1D

// Identifiers of the blocks.
const (
	blockMatricule  = "S1"
	blockAuthority  = "S2"
	blockGivenNames = "S3"
	blockBirthName  = "S4"
	blockSex        = "S5"
	blockBirthDate  = "S6"
	blockBirthPlace = "S7"
)

// definition is what the format says about a block.
type definition struct {
	id        string
	longest   int
	fixed     bool
	mandatory bool
}

// definitions has the blocks in the order in which they are written.
var definitions = [...]definition{
	{id: blockMatricule, longest: 15, fixed: true, mandatory: true},
	{id: blockAuthority, longest: 20, mandatory: true},
	{id: blockGivenNames, longest: 100, mandatory: true},
	{id: blockBirthName, longest: 100, mandatory: true},
	{id: blockSex, longest: 1, fixed: true, mandatory: true},
	{id: blockBirthDate, longest: 10, fixed: true, mandatory: true},
	{id: blockBirthPlace, longest: 5, fixed: true},
}

func defined(id string) (definition, bool) {
	for _, d := range definitions {
		if d.id == id {
			return d, true
		}
	}
	return definition{}, false
}

// block is one data block, of which the value has been checked.
type block struct {
	id, value string
}

// write joins blocks. The separator stands after a block of variable length that is shorter than it could be, unless it
// is the last one; nowhere else.
func write(blocks []block) string {
	var b strings.Builder
	b.WriteString(header)
	for i, one := range blocks {
		b.WriteString(one.id)
		b.WriteString(one.value)
		if d, _ := defined(one.id); !d.fixed && len(one.value) < d.longest && i < len(blocks)-1 {
			b.WriteByte(separator)
		}
	}
	return b.String()
}

// nameRule returns the rule that a birth name or a list of given names breaks, or "". Digits are not in the alphabet, so
// a name never holds the identifier of another block: a separator that was lost is always seen.
func nameRule(name string) string {
	if name == "" {
		return "is required"
	}
	letters := false
	for i := range len(name) {
		switch c := name[i]; {
		case c >= 'A' && c <= 'Z':
			letters = true
		case c == '\'' || c == '-':
		case c == ' ':
			if i == 0 || i == len(name)-1 || name[i-1] == ' ' {
				return position(i) + "blanks stand alone, between two names"
			}
		case c >= '0' && c <= '9':
			return position(i) + "digits are not accepted"
		default:
			return position(i) + "only the letters A to Z without accent, blank, apostrophe and hyphen are accepted"
		}
	}
	if !letters {
		return "has no letter"
	}
	if len(name) > 100 {
		return "has " + strconv.Itoa(len(name)) + " characters, 100 at most: a name is never cut"
	}
	return ""
}

// position counts bytes: those before the first character that is refused are characters of the alphabet.
func position(i int) string { return "character " + strconv.Itoa(i+1) + ": " }

// placeRule returns the rule that a COG code breaks, or "".
func placeRule(cog string) string {
	if !segur.IsCOG(cog) {
		return "must be an INSEE COG code: 5 characters, digits but for 2A and 2B"
	}
	return ""
}

func authorityRule(oid segur.OID, env segur.Environment) string {
	switch {
	case segur.IsFormerINSAuthority(oid):
		return "is an authority of the former INS-C, which identifies nobody any more"
	case !segur.IsINSAuthority(oid):
		return "must be one of the four INS authorities 1.2.250.1.213.1.4.8 to .11"
	case env.Valid() && !env.AcceptsINS(oid):
		return "assigns test or demonstration identities: refused in production"
	}
	return ""
}

// environmentRule is the rule that every entry point of the SDK has.
func environmentRule(env segur.Environment) string {
	if !env.Valid() {
		return "must be segur.Production, segur.Qualification or segur.Fake"
	}
	return ""
}
