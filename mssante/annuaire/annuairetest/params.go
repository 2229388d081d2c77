package annuairetest

import (
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/segur-sdk/segur/mssante/annuaire"
)

// resource is a FHIR resource as JSON.
type resource = map[string]any

type paramKind int

const (
	isString paramKind = iota
	isToken
	isReference
	isDate
)

// param is one search parameter of the directory: where its values are.
type param struct {
	kind  paramKind
	paths []string
	// not says that the modifier :not is known.
	not bool
}

func str(paths ...string) param { return param{kind: isString, paths: paths} }
func tok(paths ...string) param { return param{kind: isToken, paths: paths} }
func ref(paths ...string) param { return param{kind: isReference, paths: paths} }

// params are the parameters of each resource, after the documentation of the
// directory (API v2).
var params = map[annuaire.Type]map[string]param{
	annuaire.TypePractitioner: with(map[string]param{
		"active": tok("active"), "family": str("name.family"), "given": str("name.given"),
		"name":       str("name.family", "name.given", "name.prefix", "name.suffix"),
		"identifier": tok("identifier"), "identifier-type": tok("identifier.type.coding"),
		"mailbox-mss": str("mailbox"), "number-smartcard": tok("smartcard:number"), "type-smartcard": tok("smartcard:type"),
		"qualification-code": tok("qualification.code.coding"), "data-registration-authority": tok("trace:autorite-enregistrement"),
	}),
	annuaire.TypeRole: with(map[string]param{
		"active": tok("active"), "data-registration-authority": tok("trace:autorite-enregistrement"), "identifier": tok("identifier"),
		"mailbox-mss": str("mailbox"), "organization": ref("organization"), "practitioner": ref("practitioner"), "role": tok("code.coding"),
	}),
	annuaire.TypeOrganization: with(map[string]param{
		"active": tok("active"), "address": str("address.line", "address.city", "address.postalCode", "address.country"),
		"address-city": str("address.city"), "address-line": str("address.line"), "address-postalcode": str("address.postalCode"),
		"identifier": tok("identifier"), "identifier-type": tok("identifier.type.coding"), "mailbox-mss": str("mailbox"),
		"name": str("name", "alias"), "partof": ref("partOf"), "pharmacy-licence": tok("identifier"),
		"type": {kind: isToken, paths: []string{"type.coding"}, not: true},
	}),
	annuaire.TypeHealthcareService: with(map[string]param{
		"_profile": tok("meta.profile"), "active": tok("active"), "characteristic": tok("characteristic.coding"), "identifier": tok("identifier"),
		"organization": ref("providedBy"), "service-category": tok("category.coding"), "service-type": tok("type.coding"),
	}),
	annuaire.TypeDevice: with(map[string]param{
		"identifier": tok("identifier"), "manufacturer": str("manufacturer"), "model": str("modelNumber", "deviceName.name"),
		"organization": ref("owner"), "status": tok("status"), "type": {kind: isToken, paths: []string{"type.coding"}, not: true},
	}),
}

func with(own map[string]param) map[string]param {
	own["_id"] = tok("id")
	own["_lastUpdated"] = param{kind: isDate, paths: []string{"meta.lastUpdated"}}
	own["data-information-system"] = tok("trace:systeme-information")
	return own
}

// forward and back are the inclusions: parameter and the type it points to.
var forward = map[annuaire.Type]map[string]string{
	annuaire.TypeRole:              {"PractitionerRole:practitioner": "practitioner", "PractitionerRole:organization": "organization"},
	annuaire.TypeOrganization:      {"Organization:partof": "partof"},
	annuaire.TypeHealthcareService: {"HealthcareService:organization": "organization"},
	annuaire.TypeDevice:            {"Device:organization": "organization"},
}

var back = map[annuaire.Type][]string{
	annuaire.TypePractitioner: {"PractitionerRole:practitioner"},
	annuaire.TypeOrganization: {"PractitionerRole:organization", "Device:organization", "HealthcareService:organization", "Organization:partof"},
}

const (
	extEmailType = "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-contact-point-email-type"
	extMailbox   = "https://interop.esante.gouv.fr/ig/fhir/annuaire/StructureDefinition/as-ext-mailbox-mss-metadata"
	extSmartcard = "https://interop.esante.gouv.fr/ig/fhir/annuaire/StructureDefinition/as-ext-smartcard"
	extTrace     = "https://interop.esante.gouv.fr/ig/fhir/annuaire/StructureDefinition/as-ext-data-trace"
)

// values are what a path leads to, arrays opened.
func values(r resource, path string) []any {
	switch name, sub, _ := strings.Cut(path, ":"); name {
	case "mailbox":
		return boxes(r)
	case "smartcard":
		return extension(r["extension"], extSmartcard, sub)
	case "trace":
		meta, _ := r["meta"].(resource)
		return extension(meta["extension"], extTrace, sub)
	}
	found := []any{r}
	for part := range strings.SplitSeq(path, ".") {
		var next []any
		for _, v := range found {
			if m, ok := v.(resource); ok && m[part] != nil {
				if list, ok := m[part].([]any); ok {
					next = append(next, list...)
				} else {
					next = append(next, m[part])
				}
			}
		}
		found = next
	}
	return found
}

func boxes(r resource) []any {
	var out []any
	for _, t := range values(r, "telecom") {
		t, _ := t.(resource)
		for _, e := range values(t, "extension") {
			e, _ := e.(resource)
			coding, _ := e["valueCoding"].(resource)
			if e["url"] == extEmailType && coding["code"] == "MSSANTE" {
				out = append(out, t["value"])
			}
		}
	}
	return out
}

func extension(list any, url, sub string) []any {
	var out []any
	all, _ := list.([]any)
	for _, e := range all {
		e, _ := e.(resource)
		if e["url"] != url {
			continue
		}
		for _, s := range values(e, "extension") {
			s, _ := s.(resource)
			if s["url"] == sub {
				for _, name := range []string{"valueString", "valueCode", "valueCoding"} {
					if s[name] != nil {
						out = append(out, s[name])
					}
				}
				out = append(out, values(s, "valueCodeableConcept.coding")...)
			}
		}
	}
	return out
}

// matches reports whether the values fit one of the alternatives of a
// parameter; ok is false when a value is not one of its kind.
func (p param) matches(r resource, modifier string, alternatives []string) (fits, ok bool) {
	var have []any
	for _, path := range p.paths {
		have = append(have, values(r, path)...)
	}
	for _, want := range alternatives {
		hit, ok := p.hits(have, modifier, want)
		if !ok {
			return false, false
		}
		fits = fits || hit
	}
	if modifier == "not" {
		return !fits, true
	}
	return fits, true
}

func (p param) hits(have []any, modifier, want string) (hit, ok bool) {
	switch p.kind {
	case isDate:
		return date(have, want)
	case isReference:
		_, id, typed := strings.Cut(want, "/")
		return slices.ContainsFunc(have, func(v any) bool {
			m, _ := v.(resource)
			s, _ := m["reference"].(string)
			return s == want || !typed && strings.HasSuffix(s, "/"+want) || typed && strings.HasSuffix(s, "/"+want) && id != ""
		}), true
	case isToken:
		return slices.ContainsFunc(have, func(v any) bool { return token(v, want) }), true
	}
	want = unescape(want)
	return slices.ContainsFunc(have, func(v any) bool {
		s, _ := v.(string)
		switch modifier {
		case "exact":
			return s == want
		case "contains":
			return strings.Contains(plain(s), plain(want))
		}
		return strings.HasPrefix(plain(s), plain(want))
	}), true
}

func token(v any, want string) bool {
	system, code, typed := cutEscaped(want)
	if !typed {
		code = system
	}
	code = unescape(code)
	switch v := v.(type) {
	case bool:
		return map[bool]string{true: "true", false: "false"}[v] == code
	case string:
		return v == code
	case resource:
		have, _ := v["code"].(string)
		if id, ok := v["value"].(string); ok {
			have = id
		}
		s, _ := v["system"].(string)
		return (code == "" && typed || have == code) && (!typed || s == unescape(system))
	}
	return false
}

// date compares the time of the last change (prefixes of FHIR).
func date(have []any, want string) (hit, ok bool) {
	op := "eq"
	if len(want) > 2 && want[0] >= 'a' {
		op, want = want[:2], want[2:]
	}
	var at time.Time
	var err error
	span := time.Second
	if at, err = time.Parse(time.RFC3339Nano, want); err != nil {
		if at, err = time.Parse("2006-01-02", want); err != nil {
			return false, false
		}
		span = 24 * time.Hour
	}
	for _, v := range have {
		s, _ := v.(string)
		t, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			continue
		}
		inside := !t.Before(at) && t.Before(at.Add(span))
		switch op {
		case "eq", "ap":
			hit = hit || inside
		case "ne":
			hit = hit || !inside
		case "gt", "sa":
			hit = hit || !t.Before(at.Add(span))
		case "ge":
			hit = hit || !t.Before(at)
		case "lt", "eb":
			hit = hit || t.Before(at)
		case "le":
			hit = hit || t.Before(at.Add(span))
		default:
			return false, false
		}
	}
	return hit, true
}

// splitEscaped cuts at the commas that are not escaped.
func splitEscaped(s string) []string {
	var out []string
	start := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case ',':
			out, start = append(out, s[start:i]), i+1
		}
	}
	return append(out, s[start:])
}

func cutEscaped(s string) (before, after string, found bool) {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '|':
			return s[:i], s[i+1:], true
		}
	}
	return s, "", false
}

var unescaper = strings.NewReplacer(`\\`, `\`, `\,`, `,`, `\|`, `|`, `\$`, `$`)

func unescape(s string) string { return unescaper.Replace(s) }

// plain is without case and accents, as the directory compares.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFD.String(s))
}
