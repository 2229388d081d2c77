package dmp

import (
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/hl7"
	"github.com/segur-sdk/segur/internal/xmlr"
)

// stated leaves out the words by which the record says that a text is unknown
// (REC_0.2-1020).
func stated(s string) string {
	s = strings.TrimSpace(s)
	if strings.EqualFold(s, "NON RENSEIGNE") || strings.EqualFold(s, "NON RENSEIGNÉ") {
		return ""
	}
	return s
}

// identifiers sorts the identifiers of a patient: those that are an INS, and
// the others (the former INS-C, local ones).
func identifiers(ids []segur.Identifier) (ins []segur.INS, others []segur.Identifier) {
	for _, id := range ids {
		if segur.IsINSAuthority(id.Root) {
			if n, err := segur.ParseINS(id.Extension, id.Root); err == nil {
				ins = append(ins, n)
				continue
			}
		}
		others = append(others, id)
	}
	return ins, others
}

func patientIDs(patient *xmlr.Node) (out []segur.Identifier) {
	for id := range patient.Each(nsHL7, "id") {
		if ext := strings.TrimSpace(id.Attr("extension")); ext != "" {
			out = append(out, segur.Identifier{Root: segur.OID(strings.TrimSpace(id.Attr("root"))), Extension: ext})
		}
	}
	return out
}

// person reads names, sex, date and place of birth; civility is the prefix.
func person(n *xmlr.Node) (t segur.Traits, civility, birthPlaceName string) {
	t, civility = personName(n)
	switch sex := n.Child(nsHL7, "administrativeGenderCode").Attr("code"); sex {
	case "":
	case "F", "M":
		t.Sex = segur.Sex(sex)
	default:
		t.Sex = segur.SexUnknown
	}
	t.BirthDate = birthDate(n.Child(nsHL7, "birthTime").Attr("value"))
	t.BirthPlace, birthPlaceName = birthPlace(n.Child(nsHL7, "birthPlace"))
	return t, civility, birthPlaceName
}

func personName(n *xmlr.Node) (t segur.Traits, civility string) {
	var given []string
	for name := range n.Each(nsHL7, "name") {
		for _, part := range name.Children {
			text := stated(part.DeepText())
			if text == "" || part.Name.Space != nsHL7 {
				continue
			}
			qualifiers := strings.Fields(part.Attr("qualifier"))
			has := func(q string) bool {
				for _, x := range qualifiers {
					if x == q {
						return true
					}
				}
				return false
			}
			switch part.Name.Local {
			case "prefix":
				civility = first(civility, text)
			case "family":
				if has("SP") {
					t.UsedName = first(t.UsedName, text)
				} else {
					t.BirthName = first(t.BirthName, text)
				}
			case "given":
				if has("CL") {
					t.UsedGivenName = first(t.UsedGivenName, text)
				} else {
					given = append(given, text)
				}
			}
		}
	}
	t.GivenNames = strings.Join(given, " ")
	// One text may be the whole list: it has no delimiter.
	if len(given) > 1 || len(given) == 1 && !strings.Contains(given[0], " ") {
		t.FirstGivenName = given[0]
	}
	return t, civility
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// birthDate is a date of HL7 or of the lists of the record, the zero Date when
// it is none.
func birthDate(s string) segur.Date {
	s = strings.TrimSpace(s)
	if len(s) > 8 {
		s = s[:8]
	}
	d, err := segur.ParseDate(s)
	if err != nil {
		return segur.Date{}
	}
	return d
}

// birthPlace finds the COG code and the name of a place of birth.
func birthPlace(n *xmlr.Node) (cog, name string) {
	if n == nil {
		return "", ""
	}
	for x := range n.Walk() {
		switch x.Name.Local {
		case "postalCode":
		case "city", "name":
			name = first(name, stated(x.DeepText()))
		default:
			for _, s := range []string{x.Attr("extension"), x.Attr("code"), x.TrimText()} {
				if cog == "" && segur.IsCOG(s) {
					cog = s
				}
			}
		}
	}
	return cog, name
}

func address(n *xmlr.Node) (a segur.Address) {
	if n == nil {
		return a
	}
	if text := stated(n.Lead()); text != "" && len(n.Children) == 0 {
		a.Lines = []string{text}
	}
	var street []string
	for _, part := range n.Children {
		text := stated(part.DeepText())
		switch part.Name.Local {
		case "postalCode":
			a.PostalCode = first(a.PostalCode, text)
		case "city":
			a.City = first(a.City, text)
		case "country":
			a.Country = first(a.Country, text)
		case "streetAddressLine":
			if text != "" {
				a.Lines = append(a.Lines, text)
			}
		default:
			if text != "" && part.Name.Local != "useablePeriod" {
				street = append(street, text)
			}
		}
	}
	if len(street) > 0 {
		a.Lines = append(a.Lines, strings.Join(street, " "))
	}
	return a
}

func telecoms(n *xmlr.Node) (out []segur.Telecom) {
	for t := range n.Each(nsHL7, "telecom") {
		if v := stated(t.Attr("value")); v != "" {
			out = append(out, segur.Telecom{Value: v, Use: t.Attr("use")})
		}
	}
	return out
}

// instant reads a date of the record: UTC when no offset is written; zero when
// it is none.
func instant(s string) segur.Timestamp {
	t, err := hl7.ParseUTC(strings.TrimSpace(s))
	if err != nil {
		return segur.Timestamp{}
	}
	return t
}
