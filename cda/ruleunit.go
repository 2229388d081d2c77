package cda

import (
	"slices"
	"strings"

	"github.com/segur-sdk/segur/internal/xmlr"
)

// Units are checked against the grammar of UCUM and a table of its atoms. The
// official list holds 761 ready-made units and is far from complete: no unit of
// dose-area product, no multiple of becquerel, no millisievert.

// unit checks the unit of a quantity.
func (v *validation) unit(n *xmlr.Node) {
	u, ok := n.LookupAttr("", "unit")
	if !ok || u == "" {
		return
	}
	switch {
	case !isUCUM(u):
		v.unlisted("CDA045", n, srcUCUM, "l'unité %s n'est pas une unité UCUM", "the unit %s is not a UCUM unit", printable(u))
	case kitRefuses(u):
		v.kitOnly("CDA045", n, srcUCUM, "l'unité %s est juste, mais absente de la liste des règles officielles", "the unit %s is right, but not in the list of the official rules", printable(u))
	}
}

// kitRefuses names the right units of imaging that the official list lacks.
func kitRefuses(u string) bool {
	if u == "1" || u == "ml" || strings.HasPrefix(u, "ml/") {
		return true
	}
	for _, atom := range []string{"Gy", "Sv", "Bq"} {
		if strings.Contains(u, atom) {
			return !slices.Contains([]string{"Gy", "mGy", "mGy.cm", "Sv", "Bq"}, u)
		}
	}
	return false
}

var (
	ucumPrefixes = []string{"da", "Ki", "Mi", "Gi", "Ti", "Y", "Z", "E", "P", "T", "G", "M", "k", "h", "d", "c", "m", "u", "n", "p", "f", "a", "z", "y"}
	// ucumMetric take a prefix.
	ucumMetric = set(strings.Fields("m s g rad K C cd mol sr Hz N Pa J W A V F Ohm S Wb Cel T H lm lx Bq Gy Sv l L t u eV pc " +
		"[iU] [IU] U kat eq osm Ci R RAD REM G dyn erg P St bar cal cal_th Np B bit By Bd a st mho [e] [g] m[H2O] m[Hg] g% Mx Gb Oe sb Lmb ph " +
		"Ky Gal K Bi tex [arb'U] [CFU]"))
	// ucumPlain take none.
	ucumPlain = set(strings.Fields("% [ppm] [ppb] [ppth] [pptr] 10* 10^ min h d wk mo a_t a_j a_g mo_s mo_j mo_g deg ' '' gon AU atm [pH] " +
		"[degF] [diop] [in_i] [ft_i] [lb_av] [oz_av] [drp] [HPF] [LPF] [Ch] [MET] [psi] [pi] att ar har b u [c] [hd_i] [CCID_50] [TCID_50] [PFU] " +
		"[FFU] [EU] [AU] [BAU] [Lf] [PNU] circ sph bit_s"))
)

// isUCUM parses a unit: terms joined by "." and "/", each an atom with an
// exponent, a number, an annotation or a parenthesis.
func isUCUM(s string) bool {
	p := ucumParser{s: s}
	return p.terms(0) && p.i == len(s)
}

type ucumParser struct {
	s string
	i int
}

func (p *ucumParser) terms(depth int) bool {
	if depth > 8 {
		return false
	}
	if p.i < len(p.s) && p.s[p.i] == '/' {
		p.i++
	}
	for {
		if !p.component(depth) {
			return false
		}
		if p.i == len(p.s) || p.s[p.i] != '.' && p.s[p.i] != '/' {
			return true
		}
		p.i++
	}
}

func (p *ucumParser) component(depth int) bool {
	if p.i == len(p.s) {
		return false
	}
	if p.s[p.i] == '(' {
		p.i++
		if !p.terms(depth+1) || p.i == len(p.s) || p.s[p.i] != ')' {
			return false
		}
		p.i++
		return true
	}
	start, square := p.i, 0
	for ; p.i < len(p.s); p.i++ {
		c := p.s[p.i]
		if c <= ' ' || c > '~' {
			return false
		}
		if c == '[' {
			square++
		} else if c == ']' {
			square--
		}
		if square == 0 && (c == '.' || c == '/' || c == '(' || c == ')' || c == '{') {
			break
		}
	}
	word := p.s[start:p.i]
	annotated := false
	if p.i < len(p.s) && p.s[p.i] == '{' {
		end := strings.IndexByte(p.s[p.i:], '}')
		if end < 0 {
			return false
		}
		p.i, annotated = p.i+end+1, true
	}
	return word == "" && annotated || isUCUMWord(word)
}

// isUCUMWord checks a number, or an atom with its prefix and its exponent.
func isUCUMWord(w string) bool {
	if w == "" {
		return false
	}
	if digits(w) || ucumMetric[w] || ucumPlain[w] {
		return true
	}
	atom := w
	if strings.HasPrefix(w, "10*") || strings.HasPrefix(w, "10^") {
		atom = w[:3]
		if exponent := strings.TrimLeft(w[3:], "+-"); exponent == "" || !digits(exponent) {
			return false
		}
	} else if atom[len(atom)-1] != ']' {
		atom = strings.TrimRight(w, "0123456789")
		if len(atom) < len(w) {
			atom = strings.TrimRight(atom, "+-")
		}
	}
	if ucumMetric[atom] || ucumPlain[atom] {
		return true
	}
	for _, prefix := range ucumPrefixes {
		if rest, ok := strings.CutPrefix(atom, prefix); ok && ucumMetric[rest] {
			return true
		}
	}
	return false
}
