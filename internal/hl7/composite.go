package hl7

import (
	"strings"

	"github.com/segur-sdk/segur"
)

// Authority is an HD: who assigned an identifier.
type Authority struct {
	// Namespace is the first sub-component: always empty in XDS, filled in HL7 v2.
	Namespace string
	// OID is the universal identifier; its type is ISO.
	OID segur.OID
	// Type is the type of the universal identifier. Empty is written ISO.
	Type string
}

// IsZero reports whether nobody is named.
func (a Authority) IsZero() bool { return a.Namespace == "" && a.OID == "" }

// String writes "&OID&ISO", or "" for the zero Authority.
func (a Authority) String() string {
	if a.IsZero() {
		return ""
	}
	if a.OID == "" {
		return escape(a.Namespace)
	}
	kind := a.Type
	if kind == "" {
		kind = "ISO"
	}
	return escape(a.Namespace) + "&" + escape(string(a.OID)) + "&" + escape(kind)
}

// Equal compares the OID, never the namespace.
func (a Authority) Equal(b Authority) bool { return a.OID == b.OID }

// parseAuthority reads a component that holds sub-components, not yet unescaped.
func parseAuthority(parts []string, n int) Authority {
	if n > len(parts) || parts[n-1] == "" {
		return Authority{}
	}
	sub := strings.Split(parts[n-1], "&")
	a := Authority{Namespace: unescape(sub[0])}
	if len(sub) > 1 {
		a.OID = segur.OID(unescape(sub[1]))
	}
	if len(sub) > 2 {
		a.Type = unescape(sub[2])
		if a.Type == "ISO" {
			a.Type = ""
		}
	}
	return a
}

// CX is an identifier: patientId, sourcePatientId, and the CXi of
// referenceIdList.
type CX struct {
	// ID is component 1.
	ID string
	// Authority is component 4.
	Authority Authority
	// Type is component 5: NH (INS), PI (local), or the URN of a reference id.
	Type string
	// Facility is component 6. Not written by the SDK.
	Facility string
	// Effective is component 7, a date that old samples append to an INS.
	Effective string
}

// String writes "ID^^^&OID&ISO^Type".
func (c CX) String() string {
	return join(escape(c.ID), "", "", c.Authority.String(), escape(c.Type), escape(c.Facility), escape(c.Effective))
}

// ParseCX reads a CX. Every text is one, so there is no error.
func ParseCX(s string) CX {
	p := components(s)
	return CX{ID: at(p, 1), Authority: parseAuthority(p, 4), Type: at(p, 5), Facility: at(p, 6), Effective: at(p, 7)}
}

// XCN is a person or a system: authorPerson, legalAuthenticator.
type XCN struct {
	// ID is component 1.
	ID string
	// Family is component 2: the name in practice, or the name of a system.
	Family string
	// Given is component 3: the given name, or the model of a system.
	Given string
	// OtherGiven, Suffix, Prefix and Degree are components 4 to 7, not used in
	// the French metadata.
	OtherGiven, Suffix, Prefix, Degree string
	// Authority is component 9.
	Authority Authority
	// NameType is component 10: D for persons, U for systems.
	NameType string
	// Type is component 13: IDNPS, EI, RI or NH.
	Type string
}

// String writes "ID^Family^Given^^^^^^&OID&ISO^D^^^IDNPS".
func (x XCN) String() string {
	return join(escape(x.ID), escape(x.Family), escape(x.Given), escape(x.OtherGiven), escape(x.Suffix),
		escape(x.Prefix), escape(x.Degree), "", x.Authority.String(), escape(x.NameType), "", "", escape(x.Type))
}

// ParseXCN reads an XCN. Every text is one, so there is no error.
func ParseXCN(s string) XCN {
	p := components(s)
	return XCN{ID: at(p, 1), Family: at(p, 2), Given: at(p, 3), OtherGiven: at(p, 4), Suffix: at(p, 5),
		Prefix: at(p, 6), Degree: at(p, 7), Authority: parseAuthority(p, 9), NameType: at(p, 10), Type: at(p, 13)}
}

// XON is a structure: authorInstitution.
type XON struct {
	// Name is component 1.
	Name string
	// Authority is component 6.
	Authority Authority
	// Type is component 7: IDNST.
	Type string
	// ID is component 10 (not 3, as in older HL7 versions).
	ID string
}

// String writes "Name^^^^^&OID&ISO^IDNST^^^ID".
func (x XON) String() string {
	return join(escape(x.Name), "", "", "", "", x.Authority.String(), escape(x.Type), "", "", escape(x.ID))
}

// ParseXON reads an XON. Every text is one, so there is no error.
func ParseXON(s string) XON {
	p := components(s)
	return XON{Name: at(p, 1), Authority: parseAuthority(p, 6), Type: at(p, 7), ID: at(p, 10)}
}

// XPN is the name of a person: PID-5.
type XPN struct {
	// Family is component 1 (its first sub-component when it has several).
	Family string
	// Given is component 2, OtherGiven component 3.
	Given, OtherGiven string
	// Suffix, Prefix and Degree are components 4 to 6.
	Suffix, Prefix, Degree string
	// Type is component 7: L (legal: name at birth), D (used), S (alias).
	Type string
}

// String writes "Family^Given^Other^^^^L".
func (x XPN) String() string {
	return join(escape(x.Family), escape(x.Given), escape(x.OtherGiven), escape(x.Suffix), escape(x.Prefix),
		escape(x.Degree), escape(x.Type))
}

// ParseXPN reads an XPN. Every text is one, so there is no error.
func ParseXPN(s string) XPN {
	p := components(s)
	if len(p) > 0 { // FN: surname and its particles; only the surname is used in France
		p[0], _, _ = strings.Cut(p[0], "&")
	}
	return XPN{Family: at(p, 1), Given: at(p, 2), OtherGiven: at(p, 3), Suffix: at(p, 4), Prefix: at(p, 5),
		Degree: at(p, 6), Type: at(p, 7)}
}

// FormatCode writes "code^label^system": authorSpecialty.
func FormatCode(c segur.Code) string {
	return join(escape(c.Code), escape(c.Display), escape(string(c.System)))
}

// ParseCode reads "code^label^system". System is also found as "&OID&ISO",
// which IHE asks for where the French value is bare.
func ParseCode(s string) segur.Code {
	p := components(s)
	c := segur.Code{Code: at(p, 1), Display: at(p, 2)}
	if a := parseAuthority(p, 3); a.OID != "" {
		c.System = a.OID
	} else {
		c.System = segur.OID(a.Namespace)
	}
	return c
}

// FormatBirthPlace writes PID-11 with the COG code of the place of birth, as
// French systems do: an address of type BDL whose county is the code.
func FormatBirthPlace(cog string) string { return join("", "", "", "", "", "", "BDL", "", escape(cog)) }

// BirthPlace reads the COG code from PID-11: the repetition of type BDL.
func BirthPlace(field string) (cog string, ok bool) {
	for _, r := range strings.Split(field, "~") {
		if p := components(r); at(p, 7) == "BDL" && at(p, 9) != "" {
			return at(p, 9), true
		}
	}
	return "", false
}
