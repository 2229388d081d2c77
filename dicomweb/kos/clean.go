package kos

import (
	"strings"
	"unicode/utf8"

	"github.com/segur-sdk/segur"
)

// carets separate the name and the identifier of InstitutionName.
const carets = 9

// cleaner brings texts into the form of their attribute and tells each change.
type cleaner struct {
	warnings *warnings
	fold     bool
}

// text cleans a text that may be cut: descriptions and names of things.
func (c cleaner) text(s *string, field string, limit int) {
	c.characters(s, field)
	if utf8.RuneCountInString(*s) > limit {
		*s = strings.TrimSpace(string([]rune(*s)[:max(limit, 0)]))
		c.warnings.add(WarnCut, field, "was longer than the attribute may be and was cut")
	}
}

// identifier cleans a text that is never cut: names of people and numbers.
func (c cleaner) identifier(s *string, field string, limit int) {
	c.characters(s, field)
	if utf8.RuneCountInString(*s) > limit {
		c.warnings.add(WarnLong, field, "is longer than the attribute may be")
	}
}

// component takes out what separates the components of a name.
func (c cleaner) component(s *string, field string) {
	if strings.ContainsAny(*s, "^=") {
		*s = strings.TrimSpace(strings.NewReplacer("^", " ", "=", " ").Replace(*s))
		c.warnings.add(WarnCharacters, field, "held a separator of components, replaced by a blank")
	}
}

func (c cleaner) characters(s *string, field string) {
	if plain(*s) {
		return
	}
	out := strings.Map(func(r rune) rune {
		switch {
		case r == '\\': // separates values
			return '/'
		case r < 0x20, r >= 0x7F && r < 0xA0, r == utf8.RuneError:
			return ' '
		}
		return r
	}, *s)
	if out != *s {
		c.warnings.add(WarnCharacters, field, "held a control character, a backslash or a damaged character, which was replaced")
	}
	if folded := latin1Folds.Replace(out); c.fold && folded != out && isLatin1(folded) {
		out = folded
		c.warnings.add(WarnCharacters, field, "was brought into Latin-1 with characters that resemble")
	}
	*s = strings.TrimSpace(out)
}

// plain reports whether nothing needs to be done.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] >= 0x7F || s[i] == '\\' {
			return false
		}
	}
	return s == "" || s[0] != ' ' && s[len(s)-1] != ' '
}

func isLatin1(s string) bool {
	for _, r := range s {
		if r > 0xFF || r >= 0x7F && r < 0xA0 {
			return false
		}
	}
	return true
}

// latin1Folds holds what French texts use and Latin-1 lacks.
var latin1Folds = strings.NewReplacer("œ", "oe", "Œ", "OE", "Ÿ", "Y", "’", "'", "‘", "'", "“", `"`, "”", `"`, "„", `"`, "«\u202f", "«",
	"\u202f»", "»", "–", "-", "—", "-", "…", "...", "€", "EUR", "•", "-", "\u202f", " ", "\u2009", " ", "ﬁ", "fi", "ﬂ", "fl", "š", "s", "Š", "S", "ž", "z", "Ž", "Z")

// fitsLatin1 reports whether every text that the manifest writes is in Latin-1.
func (m *Manifest) fitsLatin1() bool {
	for _, s := range []string{m.Manufacturer, m.Institution.ID, m.Institution.Name, m.Patient.BirthName, m.Patient.FirstGivenName,
		m.Patient.GivenNames, m.Patient.UsedName, m.Patient.UsedGivenName, m.Patient.BirthPlace, m.Study.ID, m.Study.Time, m.Study.Description,
		m.Study.ReferringPhysician, m.Act, m.Encoding.IssuerNIA} {
		if !isLatin1(s) {
			return false
		}
	}
	for _, o := range m.Orders {
		if !isLatin1(o.Accession.Extension) || !isLatin1(o.Placer.Extension) {
			return false
		}
	}
	for i := range m.Series {
		s := &m.Series[i]
		if !isLatin1(s.Modality) || !isLatin1(s.Region) || !isLatin1(s.Description) {
			return false
		}
		for j := range s.Instances {
			for _, k := range s.Instances[j].Keys {
				if !isLatin1(k.Text) || !isLatin1(k.Title.Display) {
					return false
				}
			}
		}
	}
	return true
}

// issuer is the label of who assigned an INS.
func (e Encoding) issuer(ins segur.INS) string {
	if ins.Authority() != segur.OIDINSNIA {
		return issuerNIR
	}
	if e.IssuerNIA != "" {
		return e.IssuerNIA
	}
	return issuerNIA
}

const (
	issuerNIR = "ASIP-SANTE-INS-NIR"
	issuerNIA = "ASIP-SANTE-INS-NIA"
)
