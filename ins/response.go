package ins

import (
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/xmlr"
)

// Codes of CodeCR.
const (
	crFound     = "00"
	crNotFound  = "01"
	crAmbiguous = "02"
)

// answer is a RESULTAT that was read.
type answer struct {
	code     string
	identity *Identity // with 00
	warnings []segur.Detail
}

// parser reads a RESULTAT (schema INSi_RESULTAT_INS). Elements are matched by expanded name, in any order, and unknown
// ones are skipped: response files of the conformance tests break the order of the schema. What would leave a doubt
// about the number in use is refused; the same in the history is a warning.
type parser struct {
	env      segur.Environment
	problems []segur.Detail
	warnings []segur.Detail
}

func (p *parser) fail(path, rule string) {
	p.problems = append(p.problems, segur.Detail{Field: path, Message: rule})
}

func (p *parser) warn(path, rule string) {
	p.warnings = append(p.warnings, segur.Detail{Field: path, Severity: "warning", Message: rule})
}

// parseAnswer reads the payload of an answer. The error is of kind [segur.KindProtocol] and lists the elements
// concerned, never their values.
func parseAnswer(payload *xmlr.Node, env segur.Environment) (*answer, error) {
	if !payload.Is(nsResult, "RESULTAT") {
		return nil, &segur.Error{Op: opSearch, Kind: segur.KindProtocol, Message: "the answer holds no RESULTAT of INSi"}
	}
	p := &parser{env: env}
	a := &answer{}
	cr := p.only(payload, "RESULTAT", "CR", true)
	a.code = p.text(cr, "RESULTAT/CR", "CodeCR", true)
	person := p.only(payload, "RESULTAT", "INDIVIDU", false)
	switch {
	case len(payload.All(nsResult, "INDIVIDU")) > 1: // told by only
	case a.code == crFound && person == nil:
		p.fail("RESULTAT/INDIVIDU", "is missing though CodeCR is 00")
	case a.code == crFound:
		a.identity = p.identity(person)
	case a.code == crNotFound || a.code == crAmbiguous:
		if person != nil {
			p.fail("RESULTAT/INDIVIDU", "is present though CodeCR says that there is not one identity")
		}
	case a.code != "":
		p.fail("RESULTAT/CR/CodeCR", "is not 00, 01 or 02")
	}
	if len(p.problems) > 0 {
		return nil, &segur.Error{Op: opSearch, Kind: segur.KindProtocol, Details: p.problems}
	}
	a.warnings = p.warnings
	return a, nil
}

// only returns the child with this name, and refuses a second one: two identities in one answer are a doubt.
func (p *parser) only(n *xmlr.Node, path, name string, required bool) *xmlr.Node {
	list := n.All(nsResult, name)
	switch {
	case len(list) > 1:
		p.fail(path+"/"+name, "comes more than once")
	case len(list) == 1:
		return list[0]
	case required && n != nil:
		p.fail(path+"/"+name, "is missing")
	}
	return nil
}

// text returns the trimmed text of the only child with this name, which must not have children itself.
func (p *parser) text(n *xmlr.Node, path, name string, required bool) string {
	c := p.only(n, path, name, required)
	if c == nil {
		return ""
	}
	v := c.TrimText()
	switch {
	case len(c.Children) > 0:
		p.fail(path+"/"+name, "must hold text only")
		return ""
	case v == "" && required:
		p.fail(path+"/"+name, "is empty")
	}
	return v
}

func (p *parser) identity(person *xmlr.Node) *Identity {
	const path = "RESULTAT/INDIVIDU"
	id := &Identity{}
	if active := p.only(person, path, "INSACTIF", true); active != nil {
		id.Active = p.record(active, path+"/INSACTIF", p.fail)
		id.INS = id.Active.INS
	}
	for h := range person.Each(nsResult, "INSHISTO") {
		// Old numbers have old defects: they are kept as received.
		n := len(p.problems)
		r := p.record(h, path+"/INSHISTO", p.warn)
		for _, d := range p.problems[n:] {
			d.Severity = "warning"
			p.warnings = append(p.warnings, d)
		}
		p.problems = p.problems[:n]
		id.History = append(id.History, r)
	}
	if tiq := p.only(person, path, "TIQ", true); tiq != nil {
		id.Traits = p.traits(tiq, path+"/TIQ")
	}
	return id
}

// record reads one number. report gets what keeps it from being one; a key that does not match is a warning in any
// case, since official response files carry such keys.
func (p *parser) record(n *xmlr.Node, path string, report func(path, rule string)) Record {
	ids := p.only(n, path, "IdIndividu", true)
	idPath := path + "/IdIndividu"
	r := Record{
		number:    p.text(ids, idPath, "NumIdentifiant", true),
		key:       p.text(ids, idPath, "Cle", false),
		Type:      p.text(ids, idPath, "TypeMatricule", false),
		Authority: segur.OID(p.text(n, path, "OID", true)),
		From:      p.day(n, path, "DateDeb"),
		To:        p.day(n, path, "DateFin"),
	}
	body := strings.ToUpper(r.number)
	computed := segur.MatriculeKey(body)
	ok := true
	refuse := func(path, rule string) {
		ok = false
		report(path, rule)
	}
	switch {
	case r.number == "":
		ok = false // told by text
	case computed == "":
		refuse(idPath+"/NumIdentifiant", "must have 13 digits, but for A or B in position 7")
	}
	if r.key != "" && (len(r.key) != 2 || strings.Trim(r.key, "0123456789") != "") {
		refuse(idPath+"/Cle", "must have 2 digits")
	}
	switch {
	case r.Authority == "":
		ok = false
	case !segur.IsINSAuthority(r.Authority):
		refuse(path+"/OID", "is not an authority that assigns an INS")
	case !p.env.AcceptsINS(r.Authority):
		refuse(path+"/OID", "is a test authority, which production does not accept")
	}
	if !ok {
		return r
	}
	if r.key != "" && r.key != computed {
		p.warn(idPath+"/Cle", "the key does not match the number: kept as received, no INS is made of it")
		return r
	}
	ins, err := segur.ParseINS(body+computed, r.Authority)
	if err != nil {
		refuse(idPath, "does not make an INS")
		return r
	}
	r.INS = ins
	return r
}

// day reads an xsd:date, time zone ignored. Dates of use are informative: a bad one is a warning.
func (p *parser) day(n *xmlr.Node, path, name string) segur.Date {
	v := p.text(n, path, name, false)
	if v == "" {
		return segur.Date{}
	}
	if len(v) > 10 {
		v = v[:10]
	}
	d, err := segur.ParseDate(v)
	if err != nil || len(v) != 10 {
		p.warn(path+"/"+name, "is not a date")
		return segur.Date{}
	}
	return d
}

func (p *parser) traits(n *xmlr.Node, path string) segur.Traits {
	t := segur.Traits{
		BirthName:      p.text(n, path, "NomNaissance", false),
		FirstGivenName: p.text(n, path, "Prenom", false),
		GivenNames:     p.text(n, path, "ListePrenom", false),
		Sex:            segur.Sex(p.text(n, path, "Sexe", false)),
		BirthPlace:     p.text(n, path, "LieuNaissance", false),
	}
	if t.Sex != "" && t.Sex != segur.Female && t.Sex != segur.Male {
		p.fail(path+"/Sexe", "must be F or M")
	}
	if v := p.text(n, path, "DateNaissance", false); v != "" {
		d, err := segur.ParseDate(v)
		switch {
		case !datePattern(v):
			p.fail(path+"/DateNaissance", "must be YYYY-MM-DD")
		case err != nil:
			p.warn(path+"/DateNaissance", "is not a date of the calendar: see the raw answer")
		default:
			t.BirthDate = d
		}
	}
	return t
}

// datePattern is the schema's \d{4}-\d{2}-\d{2}, which allows for 1934-02-00.
func datePattern(s string) bool {
	if len(s) != 10 || s[4] != '-' || s[7] != '-' {
		return false
	}
	return strings.Trim(s[:4]+s[5:7]+s[8:], "0123456789") == ""
}
