package interop

import (
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/hl7"
)

// Fields of the PID segment.
const (
	pidIdentifiers = 3
	pidName        = 5
	pidBirthDate   = 7
	pidSex         = 8
	pidAddress     = 11
	pidHomePhone   = 13
	pidWorkPhone   = 14
	pidUnknown     = 31
	pidReliability = 32
)

// PID writes the PID segment of HL7 v2.5 (IHE PAM, French extension 2.11), with
// the standard delimiters and without the CR that ends it. The text is UTF-8: the
// message says so in MSH-18 ("UNICODE UTF-8").
//
// The INS comes first in PID-3, then the local numbers (PI) in their order. An
// address has two street lines: the second holds what follows the first. Telecoms
// of schemes other than tel, fax and mailto have no place there and stay out. The
// error is [segur.ErrInvalidInput] and lists everything that is wrong.
func (c *Codec) PID(id Identity) (string, error) {
	id, err := c.gate("interop.PID", id)
	if err != nil {
		return "", err
	}
	p, t := &id.Patient, &id.Patient.Traits
	var ids, places, telecoms []string
	ins, qualified := p.QualifiedINS()
	if qualified {
		ids = append(ids, hl7.CX{ID: ins.Matricule(), Authority: hl7.Authority{Namespace: c.label(ins.Authority()), OID: ins.Authority()},
			Type: hl7.TypeINS, Effective: id.INSSince.Compact()}.String())
	}
	for _, l := range p.LocalIDs {
		ids = append(ids, hl7.CX{ID: l.Extension, Authority: hl7.Authority{Namespace: l.Assigner, OID: l.Root}, Type: hl7.TypeLocal}.String())
	}
	name := []string{hl7.XPN{Family: t.BirthName, Given: t.FirstGivenName, OtherGiven: t.GivenNames, Type: "L"}.String()}
	if t.UsedName != "" || t.UsedGivenName != "" {
		name = append(name, hl7.XPN{Family: t.UsedName, Given: t.UsedGivenName, Type: "D"}.String())
	}
	if a := p.Address; !a.IsZero() {
		x := hl7.XAD{City: a.City, PostalCode: a.PostalCode, Country: a.Country, Type: "H"}
		if x.Country == "" {
			x.Country = "FRA"
		}
		if len(a.Lines) > 0 {
			x.Street, x.Other = a.Lines[0], strings.Join(a.Lines[1:], ", ")
		}
		places = append(places, x.String())
	}
	if t.BirthPlace != "" {
		places = append(places, hl7.FormatBirthPlace(t.BirthPlace))
	}
	for _, l := range p.Telecoms {
		telecoms = append(telecoms, xtn(l))
	}
	return hl7.FormatSegment("PID", map[int]string{
		pidIdentifiers: hl7.Repeat(ids...), pidName: hl7.Repeat(name...), pidBirthDate: t.BirthDate.Compact(), pidSex: hl7.FormatSex(t.Sex),
		pidAddress: hl7.Repeat(places...), pidHomePhone: hl7.Repeat(telecoms...), pidUnknown: "N",
		pidReliability: hl7.Repeat(append([]string{c.pidStatus(p.Status)}, c.attributeCodes(p.Attributes)...)...),
	}), nil
}

func (c *Codec) pidStatus(s segur.IdentityStatus) string {
	if c.cfg.FourStatuses {
		return s.String()
	}
	return technical(s)
}

// telecomUses are the HL7 v2 forms of the uses of an address (table 0201).
var telecomUses = []struct{ use, v2 string }{
	{"HP", "PRN"}, {"H", "PRN"}, {"WP", "WPN"}, {"DIR", "WPN"}, {"PUB", "WPN"}, {"HV", "VHN"}, {"EC", "EMR"}, {"MC", "PRN"}, {"PG", "BPN"},
}

// xtn writes a telephone number or a mail address; "" for other schemes.
func xtn(t segur.Telecom) string {
	scheme, rest, _ := strings.Cut(t.Value, ":")
	var x hl7.XTN
	for _, u := range telecomUses {
		if u.use == t.Use {
			x.Use = u.v2
			break
		}
	}
	switch scheme {
	case "tel":
		x.Equipment, x.Number = "PH", rest
		switch t.Use {
		case "MC":
			x.Equipment = "CP"
		case "PG":
			x.Equipment = "BP"
		}
	case "fax":
		x.Equipment, x.Number = "FX", rest
	case "mailto":
		x.Equipment, x.Mail = "Internet", rest
		if x.Use == "" {
			x.Use = "NET"
		}
	default:
		return ""
	}
	return x.String()
}

// telecomOf reads what xtn writes.
func telecomOf(x hl7.XTN) (segur.Telecom, bool) {
	var t segur.Telecom
	for _, u := range telecomUses {
		if u.v2 == x.Use {
			t.Use = u.use
			break
		}
	}
	scheme, value := "tel", x.Number
	switch x.Equipment {
	case "CP":
		t.Use = "MC"
	case "BP":
		t.Use = "PG"
	case "FX":
		scheme = "fax"
	case "Internet", "X.400":
		scheme, value = "mailto", x.Mail
		if value == "" {
			value = x.Number
		}
	}
	return uri(t, scheme, value)
}

// uri makes a telecom of a number as people write it; false when nothing fit for
// a URI is left.
func uri(t segur.Telecom, scheme, value string) (segur.Telecom, bool) {
	if scheme == "tel" || scheme == "fax" {
		value = strings.NewReplacer(" ", "", ".", "", "\u00A0", "").Replace(value)
	}
	value = strings.TrimSpace(value)
	if value == "" || strings.ContainsAny(value, " \t\r\n<>\"{}|\\^`") {
		return segur.Telecom{}, false
	}
	t.Value = scheme + ":" + value
	return t, true
}
