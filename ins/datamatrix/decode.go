package datamatrix

import (
	"fmt"
	"log/slog"
	"strconv"
	"strings"

	"github.com/segur-sdk/segur"
)

// CollectionMethod is the code of the RNIV for an identity that was read from a datamatrix (code-barres).
const CollectionMethod = "CB"

// Options say how a scan is read.
type Options struct {
	// Environment refuses the test and demonstration identities in production. The zero value is refused.
	Environment segur.Environment
	// Separators are further texts that the scanners of this site type in place of GS, beside 0x1D, "<GS>" and "^]"
	// which are always known. Each begins with a character that the format does not use, such as "|" or "{GS}".
	Separators []string
}

// Codes of the warnings of [Decode].
const (
	// WarningNoBirthPlace: block S7 is absent. It is optional, and it is also what a scan that was cut there looks like.
	WarningNoBirthPlace = "no-birth-place"
	// WarningUnknownBirthPlace: the place of birth is 99999, unknown.
	WarningUnknownBirthPlace = "unknown-birth-place"
	// WarningOpenEnd: the last block is a name, of which nothing says the end: a scan that was cut cannot be told.
	// Compare with the traits printed in clear.
	WarningOpenEnd = "open-end"
	// WarningSeparators: there are separators where the format has none.
	WarningSeparators = "superfluous-separators"
	// WarningCase: the scan came in lower case (capitals locked on the keyboard) and was read as capitals.
	WarningCase = "lower-case"
	// WarningSex: the sex is not the one that the first digit of the matricule says. That happens legitimately.
	WarningSex = "sex-differs"
)

// Decoded is the identity that a datamatrix states. It is a claim: the symbol is not signed, and the status is not
// conveyed. Its printed forms are redacted.
type Decoded struct {
	// INS has a key that checks and one of the four authorities.
	INS segur.INS
	// Traits holds the birth name, the list of given names, sex, birth date and, when stated, the birth place.
	// FirstGivenName is empty: the list does not say where a compound first given name ends. Whether the birth date
	// was completed by rule is not conveyed either.
	Traits segur.Traits
	// Warnings lists what a person should know, with the codes Warning...; Field is the block.
	Warnings []segur.Detail
}

// Patient returns the identity as the reader may hold it: [segur.Provisional]. The status belongs to the structure that
// reads: whoever printed the symbol had a qualified identity, the reader has to check document and number before
// theirs is (RNIV). Until then [segur.Patient.QualifiedINS] refuses, so nothing sends the number on.
func (d *Decoded) Patient() segur.Patient {
	return segur.Patient{INS: d.INS, Traits: d.Traits, Status: segur.Provisional}
}

// Warned reports whether there is a warning with that code.
func (d *Decoded) Warned(code string) bool {
	for _, w := range d.Warnings {
		if w.Code == code {
			return true
		}
	}
	return false
}

// String returns a redacted form.
func (d Decoded) String() string {
	return "Decoded(redacted, " + strconv.Itoa(len(d.Warnings)) + " warnings)"
}

// Format writes the redacted form whatever the verb.
func (d Decoded) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(d.String())) }

// LogValue makes slog write the redacted form.
func (d Decoded) LogValue() slog.Value { return slog.StringValue(d.String()) }

func (d *Decoded) warn(code, field, message string) {
	d.Warnings = append(d.Warnings, segur.Detail{Field: field, Code: code, Severity: "warning", Message: message})
}

// Decode reads what a scanner delivers for an INS datamatrix: the bytes of the symbol, or what a scanner types that plays
// a keyboard. It takes "<GS>" and "^]" for the separator, the AIM prefix "]d1", a line end or tab after the text, blocks
// in any order, no S7, separators that are superfluous, and text in which all capitals came as lower case.
//
// It refuses everything that could make a wrong identity: another header or version, a block that is unknown, repeated,
// missing or cut, a wrong key, an unknown authority, a date that does not exist, characters foreign to the format,
// separators that were lost. The error is a [segur.ErrInvalidInput], or [segur.ErrTruncated] when the text ends before
// its end, or [segur.ErrTooLarge]; it lists every block at fault and repeats no value. What a scanner types through a
// wrong keyboard layout (digits as signs, Q as A) is refused, not guessed.
func Decode(scan string, o Options) (*Decoded, error) {
	var p segur.Problems
	if rule := environmentRule(o.Environment); rule != "" {
		p.Add("options.environment", rule)
	}
	for i, s := range o.Separators {
		if rule := separatorRule(s); rule != "" {
			p.Addf("options.separators["+strconv.Itoa(i)+"]", "%s", rule)
		}
	}
	if err := p.Err(opDecode); err != nil {
		return nil, err
	}
	if len(scan) > maxScan {
		return nil, &segur.Error{Op: opDecode, Kind: segur.KindTooLarge, Help: scanHelp,
			Message: fmt.Sprintf("%d bytes, %d at most: not one INS datamatrix", len(scan), maxScan)}
	}
	text, folded, rule := plainScan(scan, o.Separators)
	if rule != "" {
		p.Add("scan", rule)
		return nil, scanError(&p, false)
	}
	r := read(text)
	d := &Decoded{}
	d.fill(r, o.Environment)
	if !r.problems.Empty() {
		return nil, scanError(&r.problems, r.truncated)
	}
	d.judge(r, folded)
	return d, nil
}

const opDecode = "datamatrix.Decode"

var scanHelp = segur.Text{
	FR: "Le datamatrix INS n'a pas été lu en entier ou n'est pas conforme. Scannez à nouveau ; si l'erreur demeure, vérifiez que la douchette " +
		"transmet le caractère ASCII 29 et la disposition du clavier, sinon saisissez les traits imprimés en clair.",
	EN: "The INS datamatrix was not read completely or does not conform. Scan again; if the error stays, check that the scanner transmits " +
		"ASCII 29 and its keyboard layout, else type the traits that are printed in clear.",
}

func scanError(p *segur.Problems, truncated bool) error {
	kind := segur.KindInvalidInput
	if truncated {
		kind = segur.KindTruncated
	}
	return &segur.Error{Op: opDecode, Kind: kind, Details: p.Details(), Help: scanHelp}
}

// fill checks every block in the order of the format, adds what is wrong to the problems of r, and takes the identity when
// nothing is.
func (d *Decoded) fill(r *reading, env segur.Environment) {
	p := &r.problems
	reported := map[string]bool{}
	for _, detail := range p.Details() {
		reported[detail.Field] = true
	}
	values := map[string]string{}
	for _, def := range definitions {
		value, count := r.value(def.id)
		switch {
		case reported[def.id]:
		case count > 1:
			p.Addf(def.id, "stands there %d times", count)
		case count == 1:
			values[def.id] = value
			if rule := valueRule(def.id, value, env); rule != "" {
				p.Add(def.id, rule)
			}
		case def.mandatory && !r.stopped:
			p.Add(def.id, "is missing")
		}
	}
	if !p.Empty() {
		return
	}
	ins, err := segur.ParseINS(values[blockMatricule], segur.OID(values[blockAuthority]))
	if err != nil {
		p.Merge("", err)
		return
	}
	d.INS = ins
	d.Traits.GivenNames = values[blockGivenNames]
	d.Traits.BirthName = values[blockBirthName]
	d.Traits.Sex = segur.Sex(values[blockSex])
	d.Traits.BirthDate, _ = parseDate(values[blockBirthDate])
	d.Traits.BirthPlace = values[blockBirthPlace]
}

// valueRule returns the rule that the value of a block breaks, or "".
func valueRule(id, value string, env segur.Environment) string {
	switch id {
	case blockMatricule:
		// The authority has its own block: here any will do. Blanks and lower case, which ParseINS takes, are refused.
		if i, err := segur.ParseINS(value, segur.OIDINSNIR); err != nil || i.Matricule() != value {
			return "is not a matricule: 15 characters, digits but for 2A and 2B, of which the last two are the key of the others"
		}
	case blockAuthority:
		rule := authorityRule(segur.OID(value), env)
		if rule != "" && strings.ContainsRune(value, 'S') {
			rule += lostSeparator
		}
		return rule
	case blockGivenNames, blockBirthName:
		rule := nameRule(value)
		if rule != "" && strings.ContainsAny(value, "0123456789") {
			rule += lostSeparator
		}
		return rule
	case blockSex:
		if value != string(segur.Female) && value != string(segur.Male) {
			return "must be F or M"
		}
	case blockBirthDate:
		if _, ok := parseDate(value); !ok {
			return "must be a complete date DD-MM-YYYY that exists"
		}
	case blockBirthPlace:
		return placeRule(value)
	}
	return ""
}

// judge adds the warnings.
func (d *Decoded) judge(r *reading, folded bool) {
	switch d.Traits.BirthPlace {
	case "":
		d.warn(WarningNoBirthPlace, blockBirthPlace, "no place of birth")
	case segur.BirthplaceUnknown:
		d.warn(WarningUnknownBirthPlace, blockBirthPlace, "the place of birth is unknown (99999)")
	}
	if r.open {
		d.warn(WarningOpenEnd, r.blocks[len(r.blocks)-1].id, "a name ends the text: compare it with the one printed in clear")
	}
	if r.superfluous {
		d.warn(WarningSeparators, "", "separators stand where the format has none")
	}
	if folded {
		d.warn(WarningCase, "", "the scan came in lower case")
	}
	if first := d.INS.Matricule()[0]; first == '1' && d.Traits.Sex == segur.Female || first == '2' && d.Traits.Sex == segur.Male {
		d.warn(WarningSex, blockSex, "the matricule begins with the digit of the other sex")
	}
}

// parseDate reads DD-MM-YYYY.
func parseDate(s string) (segur.Date, bool) {
	if len(s) != 10 || s[2] != '-' || s[5] != '-' {
		return segur.Date{}, false
	}
	d, err := segur.ParseDate(s[6:] + s[3:5] + s[:2])
	return d, err == nil && d.Complete()
}
