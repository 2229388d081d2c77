package hl7

import (
	"strings"

	"github.com/segur-sdk/segur"
)

// FormatINS writes the INS as document metadata and a VIHF identify a patient,
// "MATRICULE^^^&OID&ISO^NH": the same in both, to the character.
func FormatINS(ins segur.INS) string {
	return CX{ID: ins.Matricule(), Authority: Authority{OID: ins.Authority()}, Type: TypeINSMetadata}.String()
}

// ParseINS reads what [FormatINS] writes and nothing else. The error holds no
// value.
func ParseINS(s string) (segur.INS, error) {
	cx := ParseCX(s)
	ins, err := segur.ParseINS(cx.ID, cx.Authority.OID)
	if err != nil {
		return segur.INS{}, err
	}
	if FormatINS(ins) != s {
		return segur.INS{}, &segur.Error{Op: "hl7.ParseINS", Kind: segur.KindInvalidInput,
			Details: []segur.Detail{{Message: "must be written INS^^^&OID&ISO^NH"}}}
	}
	return ins, nil
}

// Identifier types (HL7 table 0203 and its French extension).
const (
	// TypeINSMetadata is an INS in document metadata and assertions.
	TypeINSMetadata = "NH"
	// TypeINS is an INS in PID-3, NIR or NIA.
	TypeINS = "INS"
	// TypeINSC is the former calculated INS in PID-3.
	TypeINSC = "INS-C"
	// TypeLocal is a local number (IPP).
	TypeLocal = "PI"
)

// FormatSex writes PID-8. A sex that is not known is U.
func FormatSex(s segur.Sex) string {
	switch s {
	case segur.Female, segur.Male, "":
		return string(s)
	}
	return "U"
}

// ParseSex reads PID-8.
func ParseSex(s string) segur.Sex {
	switch s {
	case "F", "M", "":
		return segur.Sex(s)
	}
	return segur.SexUnknown
}

// Birth reports whether the name is the one at birth (legal, L).
func (x XPN) Birth() bool { return x.Type == "L" }

// Used reports whether the name is the one used in daily life: D ("display",
// what French systems write), and M (maiden, in the sense of married name that
// some give it) or U, which are read too.
func (x XPN) Used() bool { return x.Type == "D" || x.Type == "M" || x.Type == "U" }

// XAD is a postal address: PID-11.
type XAD struct {
	// Street is component 1 (its first sub-component), Other component 2.
	Street, Other string
	// City, PostalCode and Country are components 3, 5 and 6.
	City, PostalCode, Country string
	// Type is component 7: H (home), BDL (place of birth).
	Type string
	// County is component 9: the COG code of the place of birth.
	County string
}

// String writes "Street^Other^City^^PostalCode^Country^Type^^County".
func (x XAD) String() string {
	return join(escape(x.Street), escape(x.Other), escape(x.City), "", escape(x.PostalCode), escape(x.Country),
		escape(x.Type), "", escape(x.County))
}

// ParseXAD reads an XAD. Every text is one, so there is no error.
func ParseXAD(s string) XAD {
	p := components(s)
	p[0], _, _ = strings.Cut(p[0], "&")
	return XAD{Street: at(p, 1), Other: at(p, 2), City: at(p, 3), PostalCode: at(p, 5), Country: at(p, 6), Type: at(p, 7), County: at(p, 9)}
}

// XTN is a telephone number or a mail address: PID-13.
type XTN struct {
	// Use is component 2: PRN (home), WPN (work), NET (mail) ...
	Use string
	// Equipment is component 3: PH, CP (mobile), FX, Internet ...
	Equipment string
	// Mail is component 4, Number component 12.
	Mail, Number string
}

// String writes "^Use^Equipment^Mail^^^^^^^^Number".
func (x XTN) String() string {
	return join("", escape(x.Use), escape(x.Equipment), escape(x.Mail), "", "", "", "", "", "", "", escape(x.Number))
}

// ParseXTN reads an XTN. Component 1, where older versions have the number,
// stands in for component 12.
func ParseXTN(s string) XTN {
	p := components(s)
	x := XTN{Use: at(p, 2), Equipment: at(p, 3), Mail: at(p, 4), Number: at(p, 12)}
	if x.Number == "" {
		x.Number = at(p, 1)
	}
	return x
}
