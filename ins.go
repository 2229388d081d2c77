package segur

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"unique"
)

// Assigning authorities of an INS matricule (ANS, "Liste des OID des autorités
// d'affectation des INS").
const (
	// OIDINSNIR assigns the NIR of insured persons.
	OIDINSNIR OID = "1.2.250.1.213.1.4.8"
	// OIDINSNIA assigns the NIA, the waiting number of persons without a NIR.
	OIDINSNIA OID = "1.2.250.1.213.1.4.9"
	// OIDINSNIRTest assigns test identities. Refused in production.
	OIDINSNIRTest OID = "1.2.250.1.213.1.4.10"
	// OIDINSNIRDemo assigns demonstration identities. Refused in production.
	OIDINSNIRDemo OID = "1.2.250.1.213.1.4.11"
)

// IsINSAuthority reports whether oid is one of the four authorities that
// assign an INS. Those of the former INS-C are not: see [IsFormerINSAuthority].
func IsINSAuthority(oid OID) bool {
	switch oid {
	case OIDINSNIR, OIDINSNIA, OIDINSNIRTest, OIDINSNIRDemo:
		return true
	}
	return false
}

// IsFormerINSAuthority reports whether oid assigned the INS-C, the calculated
// number that the INS replaced: it identifies nobody any more.
func IsFormerINSAuthority(oid OID) bool {
	return oid == "1.2.250.1.213.1.4.2" || oid == "1.2.250.1.213.1.4.6" || oid == "1.2.250.1.213.1.4.7"
}

// INS is a national health identity number: a 15-character matricule (13
// characters and a 2-digit key) and the authority that assigned it. The zero
// INS is empty. INS values are comparable with ==.
//
// Every printed form (fmt, slog) is redacted and JSON is refused: the number
// comes out by [INS.Matricule], [INS.Body] and [INS.Key] only.
type INS struct {
	// A handle, so that fmt prints an address even where it reaches the
	// field by reflection and skips our methods.
	matricule unique.Handle[string]
	authority OID
}

// ParseINS reads a 15-character matricule, blanks allowed between groups, and
// checks its shape, its key (Corsica 2A and 2B included) and its authority.
// The error says which rule is broken and never repeats the matricule.
func ParseINS(matricule string, authority OID) (INS, error) {
	m := strings.ToUpper(strings.ReplaceAll(matricule, " ", ""))
	var p Problems
	if !IsINSAuthority(authority) {
		p.Add("ins.authority", "must be one of the four INS authorities 1.2.250.1.213.1.4.8 to .11")
	}
	switch {
	case len(m) != 15:
		p.Add("ins.matricule", "must have 15 characters: 13 and the key")
	case !matriculeShape(m):
		p.Add("ins.matricule", "must be digits, but for A or B in position 7 (Corsica)")
	case MatriculeKey(m[:13]) != m[13:]:
		p.Add("ins.matricule", "the key does not match the first 13 characters")
	}
	if err := p.Err("segur.ParseINS"); err != nil {
		return INS{}, err
	}
	return INS{matricule: unique.Make(m), authority: authority}, nil
}

func matriculeShape(m string) bool {
	for i := range len(m) {
		c := m[i]
		if c >= '0' && c <= '9' {
			continue
		}
		if i == 6 && m[5] == '2' && (c == 'A' || c == 'B') {
			continue
		}
		return false
	}
	return true
}

// MatriculeKey computes the two-digit key of the 13 first characters of a
// matricule: 97 minus the number modulo 97, with 2A read as 19 and 2B as 18.
// It returns "" when body is not a matricule body.
func MatriculeKey(body string) string {
	if len(body) != 13 || !matriculeShape(body) {
		return ""
	}
	switch body[5:7] {
	case "2A":
		body = body[:5] + "19" + body[7:]
	case "2B":
		body = body[:5] + "18" + body[7:]
	}
	n := 0
	for i := range len(body) {
		n = (n*10 + int(body[i]-'0')) % 97
	}
	return fmt.Sprintf("%02d", 97-n)
}

// IsZero reports whether there is no INS.
func (i INS) IsZero() bool { return i == INS{} }

// Matricule returns the 15 characters, key included. Empty for the zero INS.
func (i INS) Matricule() string {
	if i.IsZero() {
		return ""
	}
	return i.matricule.Value()
}

// Body returns the 13 characters before the key.
func (i INS) Body() string {
	if i.IsZero() {
		return ""
	}
	return i.matricule.Value()[:13]
}

// Key returns the two digits of the key.
func (i INS) Key() string {
	if i.IsZero() {
		return ""
	}
	return i.matricule.Value()[13:]
}

// Authority returns the OID of the assigning authority.
func (i INS) Authority() OID { return i.authority }

// IsTest reports whether the authority assigns test or demonstration numbers.
func (i INS) IsTest() bool {
	return i.authority == OIDINSNIRTest || i.authority == OIDINSNIRDemo
}

// String returns a redacted form.
func (i INS) String() string {
	if i.IsZero() {
		return "INS(none)"
	}
	return "INS(redacted)"
}

// Format writes the redacted form whatever the verb.
func (i INS) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(i.String())) }

// LogValue makes slog write the redacted form.
func (i INS) LogValue() slog.Value { return slog.StringValue(i.String()) }

var errNoImplicitINS = errors.New("segur: an INS is not serialised implicitly: store Matricule() and Authority()")

// MarshalJSON refuses: a matricule leaves the program only where the caller
// names it.
func (i INS) MarshalJSON() ([]byte, error) { return nil, errNoImplicitINS }

// UnmarshalJSON refuses: use [ParseINS], which checks the key.
func (i *INS) UnmarshalJSON([]byte) error { return errNoImplicitINS }
