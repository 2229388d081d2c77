package annuaire

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
)

// Query is a search: one of [PractitionerQuery], [RoleQuery],
// [OrganizationQuery], [HealthcareServiceQuery] and [DeviceQuery].
type Query interface {
	// build returns the parameters; what is wrong goes to p.
	build(p *segur.Problems) search
}

// search is a query as it is sent.
type search struct {
	kind   Type
	values url.Values
	names  bool // a person can be told from the values
}

// Match says how a text is compared. The directory ignores case and accents
// but for Exactly.
type Match string

// The ways of comparing.
const (
	// StartsWith is the default.
	StartsWith Match = ""
	// Contains looks anywhere in the value.
	Contains Match = "contains"
	// Exactly wants the same value, case and accents included.
	Exactly Match = "exact"
)

// Options are what every search accepts.
type Options struct {
	// Inactive also returns what left the directory.
	Inactive bool
	// UpdatedSince returns what changed since. The directory keeps deletions
	// for 30 days. Zero: whatever the date.
	UpdatedSince time.Time
	// Include and RevInclude add the resources that the results refer to, or
	// that refer to them: "PractitionerRole:practitioner". [Client.Search]
	// returns them with Included set.
	Include, RevInclude []string
	// Elements limits the elements that come ("identifier", "telecom"). Empty: all.
	Elements []string
	// PageSize is the number of results of a page. 0: the service's own, 50.
	// At most 10,000.
	PageSize int
}

// includes are those of the directory for each type.
var includes = map[Type]struct{ forward, back []string }{
	TypePractitioner: {nil, []string{"PractitionerRole:practitioner"}},
	TypeRole:         {[]string{"PractitionerRole:practitioner", "PractitionerRole:organization"}, nil},
	TypeOrganization: {[]string{"Organization:partof"}, []string{
		"PractitionerRole:organization", "Device:organization", "HealthcareService:organization", "Organization:partof"}},
	TypeHealthcareService: {[]string{"HealthcareService:organization"}, nil},
	TypeDevice:            {[]string{"Device:organization"}, nil},
}

// maxPageSize is what the documentation shows.
const maxPageSize = 10000

func (o Options) build(kind Type, active string, p *segur.Problems) search {
	s := search{kind: kind, values: url.Values{}}
	if !o.Inactive && o.UpdatedSince.IsZero() {
		name, v, _ := strings.Cut(active, "=")
		s.values.Set(name, v)
	}
	if !o.UpdatedSince.IsZero() {
		s.values.Set("_lastUpdated", "ge"+o.UpdatedSince.UTC().Format(time.RFC3339))
	}
	for _, i := range o.Include {
		if i != "*" && !slices.Contains(includes[kind].forward, i) {
			p.Add("include", "is not an inclusion of this resource")
		}
		s.values.Add("_include", i)
	}
	for _, i := range o.RevInclude {
		if !slices.Contains(includes[kind].back, i) {
			p.Add("revInclude", "is not a reverse inclusion of this resource")
		}
		s.values.Add("_revinclude", i)
	}
	for _, e := range o.Elements {
		if strings.Trim(e, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.") != "" || e == "" {
			p.Add("elements", "must be names of elements")
		}
	}
	if len(o.Elements) > 0 {
		s.values.Set("_elements", strings.Join(o.Elements, ","))
	}
	if o.PageSize < 0 || o.PageSize > maxPageSize {
		p.Addf("pageSize", "must be from 1 to %d", maxPageSize)
	}
	if o.PageSize > 0 {
		s.values.Set("_count", strconv.Itoa(o.PageSize))
	}
	return s
}

// maxText bounds one criterion.
const maxText = 200

// criterion reports whether the values may be sent, and how.
func criterion(p *segur.Problems, field string, values ...string) bool {
	given := false
	for _, v := range values {
		switch {
		case v == "" && len(values) == 1:
			return false
		case strings.TrimSpace(v) == "":
			p.Add(field, "must not be blank")
		case len(v) > maxText:
			p.Addf(field, "must be at most %d bytes", maxText)
		case strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\uFFFD' }):
			p.Add(field, "must be text without control characters")
		}
		given = true
	}
	return given
}

var escaper = strings.NewReplacer(`\`, `\\`, `,`, `\,`, `|`, `\|`, `$`, `\$`)

// text adds a string parameter.
func (s *search) text(p *segur.Problems, field, name, v string, m Match) {
	if !criterion(p, field, v) {
		return
	}
	if m != StartsWith {
		if m != Contains && m != Exactly {
			p.Add("match", "is not a way of comparing")
		}
		name += ":" + string(m)
	}
	s.values.Add(name, escaper.Replace(strings.TrimSpace(v)))
}

// tokens adds a token parameter: any of the codes, each "code" or "system|code".
func (s *search) tokens(p *segur.Problems, field, name string, codes []string) {
	if !criterion(p, field, codes...) {
		return
	}
	list := make([]string, 0, len(codes))
	for _, c := range codes {
		system, c, ok := strings.Cut(strings.TrimSpace(c), "|")
		if !ok {
			system, c = "", system
		} else {
			system = escaper.Replace(system) + "|"
		}
		list = append(list, system+escaper.Replace(c))
	}
	s.values.Add(name, strings.Join(list, ","))
}

// reference adds a reference parameter: technical identifiers of kind.
func (s *search) reference(p *segur.Problems, field, name string, kind Type, refs []string) {
	if len(refs) == 0 {
		return
	}
	list := make([]string, 0, len(refs))
	for _, r := range refs {
		r = strings.TrimPrefix(r, string(kind)+"/")
		if !idForm.MatchString(r) {
			p.Addf(field, "must be references of type %s", kind)
			continue
		}
		list = append(list, r)
	}
	s.values.Add(name, strings.Join(list, ","))
}

// narrow refuses a search without a criterion: it would read the directory.
func (s *search) narrow(p *segur.Problems) {
	for k := range s.values {
		switch name, _, _ := strings.Cut(k, ":"); name {
		case "active", "status", "_include", "_revinclude", "_elements", "_count":
		default:
			return
		}
	}
	p.Add("query", "must have a criterion; Sync reads the whole directory")
}

var (
	digits11 = regexp.MustCompile(`^8?[0-9]{11}$`)
	adeli    = regexp.MustCompile(`^0?[0-9][0-9AB][0-9]{7}$`)
	finess   = regexp.MustCompile(`^1?[0-9][0-9AB][0-9]{7}$`)
	siret    = regexp.MustCompile(`^3?[0-9]{14}$`)
	internal = regexp.MustCompile(`^[0-9][0-9A-Z]{9,14}/[0-9A-Za-z-]{1,40}$`) // a number inside a structure
	national = regexp.MustCompile(`^[0-9][0-9A-Za-z/-]{5,63}$`)
)

// professionalToken is the parameter for the number of a professional: RPPS
// (11 digits, or 8 and these), ADELI (9 characters, or 0 and these), another
// national identifier.
func professionalToken(p *segur.Problems, field, id string) string {
	switch id = strings.TrimSpace(id); {
	case digits11.MatchString(id):
		if len(id) == 12 {
			id = id[1:]
		}
		return id
	case adeli.MatchString(id):
		if len(id) == 9 {
			id = "0" + id
		}
		return segur.OIDProfessional.URN() + "|" + id
	case internal.MatchString(id):
		return segur.OIDProfessional.URN() + "|" + id
	}
	p.Add(field, "must be the 11 digits of the RPPS number, 8 and these, the 9 characters of ADELI, or a national identifier")
	return ""
}

// structureToken is the parameter for the number of a structure: FINESS (9
// characters), SIRET (14 digits), or the national identifier with its digit.
func structureToken(p *segur.Problems, field, id string) string {
	id = strings.TrimSpace(id)
	switch {
	case finess.MatchString(id):
		return systemFINESS + "|" + id[len(id)-9:]
	case siret.MatchString(id):
		return segur.OIDStructure.URN() + "|3" + id[len(id)-14:]
	case national.MatchString(id):
		return segur.OIDStructure.URN() + "|" + id
	}
	p.Add(field, "must be a FINESS (9 characters), a SIRET (14 digits) or a national identifier of a structure")
	return ""
}

// department is the beginnings of the postal codes of a department.
func department(code string) ([]string, bool) {
	switch code = strings.ToUpper(strings.TrimSpace(code)); {
	case code == "2A":
		return []string{"200", "201"}, true
	case code == "2B":
		return []string{"202", "206"}, true
	case strings.Trim(code, "0123456789") != "":
	case code == "20" || len(code) == 2 && code >= "01" && code <= "95":
		return []string{code}, true
	case len(code) == 3 && code >= "971" && code <= "988":
		return []string{code}, true
	}
	return nil, false
}
