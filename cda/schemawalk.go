package cda

import (
	"slices"
	"strings"
	"unicode"

	"github.com/segur-sdk/segur/internal/xmlr"
)

// schemaElement checks an element and what is in it against its type. header
// says that the rules of the "Volet Structuration Minimale" apply to it.
func (v *validation) schemaElement(n *xmlr.Node, t *schemaType, header bool) {
	if t == nil {
		return // an extension that this table does not describe
	}
	t = v.actualType(n, t)
	v.schemaAttributes(n, t)
	if !t.mixed && !blankText(n) {
		v.error("CDA002", n, srcSchema, "%s ne contient pas de texte, seulement des éléments", "%s holds no text, only elements", n.Name.Local)
	}
	if len(n.Children) > 0 || len(t.model) > 0 {
		v.content(n, t)
	}
	v.dataType(n, t, header)
	for _, c := range n.Children {
		if child, known := t.elements[schemaName(c.Name)]; known {
			v.schemaElement(c, child, header)
		}
	}
}

func blankText(n *xmlr.Node) bool {
	blank := func(s string) bool { return strings.Trim(s, " \t\r\n") == "" }
	if len(n.Children) == 0 {
		return len(n.TextBytes()) == 0 || blank(n.Lead())
	}
	if !blank(n.Lead()) {
		return false
	}
	for _, c := range n.Children {
		if !blank(c.Tail()) {
			return false
		}
	}
	return true
}

// actualType is the type that xsi:type names, or the declared one.
func (v *validation) actualType(n *xmlr.Node, declared *schemaType) *schemaType {
	value, ok := n.LookupAttr(nsXSI, "type")
	if !ok {
		if declared.abstract {
			v.error("CDA002", n, srcSchema, "%s doit dire son type : xsi:type", "%s must say its type: xsi:type", n.Name.Local)
		}
		return declared
	}
	name, ok := n.QName(value)
	t := v.types[name.Local]
	switch {
	case !ok || name.Space != nsCDA || t == nil:
		v.error("CDA002", n, srcSchema, "xsi:type nomme un type inconnu", "xsi:type names an unknown type")
		return declared
	case !t.derives(declared) || t.abstract:
		v.error("CDA002", n, srcSchema, "le type %s n'est pas permis pour %s", "the type %s is not allowed for %s", t.name, n.Name.Local)
		return declared
	}
	if strings.Contains(value, ":") && v.imaging() {
		// Legal XML; the imaging rules compare with the bare name of the type.
		v.kitOnly("CDA006", n, srcReport, "xsi:type porte un préfixe : les règles officielles d'imagerie ne reconnaissent que le nom nu",
			"xsi:type has a prefix: the official imaging rules know the bare name only")
	}
	return t
}

func (v *validation) schemaAttributes(n *xmlr.Node, t *schemaType) {
	found := 0
	for i := range n.Attrs {
		a := &n.Attrs[i]
		name := a.Local
		switch a.Space {
		case "":
		case nsXSI:
			continue
		default:
			name = schemaName(a.Name)
		}
		d := t.attrs[name]
		if d == nil {
			v.error("CDA002", n, srcSchema, "l'attribut %s n'existe pas sur %s", "there is no attribute %s on %s", printable(name), n.Name.Local)
			continue
		}
		if d.required {
			found++
		}
		v.attributeValue(n, d, name, a.Value)
	}
	for name, d := range t.attrs {
		if d.required {
			found--
			if _, ok := n.LookupAttr("", name); !ok {
				v.error("CDA002", n, srcSchema, "l'attribut %s de %s est obligatoire", "the attribute %s of %s is required", name, n.Name.Local)
			}
		}
	}
}

// printable bounds a name or a code that comes from the document, and takes out what would act on a terminal or turn
// the direction of the text.
func printable(s string) string {
	if len(s) > 64 {
		s = s[:64]
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) {
			return r
		}
		return unicode.ReplacementChar
	}, strings.ToValidUTF8(s, ""))
}

func (v *validation) attributeValue(n *xmlr.Node, d *schemaAttr, name, value string) {
	switch {
	case d.fixed != "":
		if value != d.fixed {
			v.error("CDA002", n, srcSchema, "l'attribut %s de %s vaut toujours %s", "the attribute %s of %s is always %s", name, n.Name.Local, d.fixed)
		}
	case d.codes != nil:
		value = strings.Trim(value, " \t\r\n")
		if d.list {
			for word := range strings.FieldsSeq(value) {
				if !d.codes[word] {
					v.badCode(n, name)
				}
			}
		} else if !d.codes[value] {
			v.badCode(n, name)
		}
	case !lexical(d.kind, value):
		rule := "CDA002"
		switch d.kind {
		case "uid":
			rule = "CDA004"
		case "ts":
			rule = "CDA012"
		}
		v.error(rule, n, srcSchema, "l'attribut %s de %s n'a pas la forme attendue", "the attribute %s of %s has not the form of its type", name, n.Name.Local)
	case d.kind == "ID":
		v.identify(n, strings.Trim(value, " \t\r\n"))
	case d.kind == "IDREF" || d.kind == "IDREFS":
		for word := range strings.FieldsSeq(value) {
			v.refer(n, word, true)
		}
	}
}

func (v *validation) badCode(n *xmlr.Node, name string) {
	v.error("CDA002", n, srcSchema, "la valeur de l'attribut %s de %s n'est pas de la liste du schéma",
		"the value of the attribute %s of %s is not in the list of the schema", name, n.Name.Local)
}

// content checks the children of an element against the content model. A child
// that is out of its place is reported and left out, and the next ones are
// judged as if it were not there.
func (v *validation) content(n *xmlr.Node, t *schemaType) {
	m := matcher{v: v, n: n, t: t}
	if len(t.model) == 0 {
		for _, c := range n.Children {
			v.error("CDA002", c, srcSchema, "%s ne contient pas d'élément %s", "%s holds no element %s", n.Name.Local, printable(c.Name.Local))
		}
		return
	}
	m.sequence(t.model)
}

// matcher walks the children of one element.
type matcher struct {
	v *validation
	n *xmlr.Node
	t *schemaType
	i int // the next child
}

func (m *matcher) name() string { return schemaName(m.n.Children[m.i].Name) }

func (m *matcher) more() bool { return m.i < len(m.n.Children) }

// sequence matches the whole content.
func (m *matcher) sequence(parts []particle) {
	k := 0
	for m.more() {
		name := m.name()
		at := k
		for at < len(parts) && !parts[at].starts(name) {
			at++
		}
		if at == len(parts) {
			if k < len(parts) && parts[len(parts)-1].name == "any" && m.n.Children[m.i].Name.Space != nsCDA {
				m.i++ // embedded content of another vocabulary
				continue
			}
			m.misplaced()
			continue
		}
		for ; k < at; k++ {
			if !parts[k].nullable() {
				m.missing(&parts[k], m.n)
			}
		}
		m.match(&parts[k])
		k++
	}
	for ; k < len(parts); k++ {
		if !parts[k].nullable() {
			m.missing(&parts[k], m.n)
		}
	}
}

func (m *matcher) misplaced() {
	c := m.n.Children[m.i]
	m.i++
	name := schemaName(c.Name)
	if _, known := m.t.elements[name]; known {
		m.v.error("CDA002", c, srcSchema, "%s n'est pas à sa place dans %s, ou y est trop de fois",
			"%s is out of its place in %s, or there too many times", name, m.n.Name.Local)
		return
	}
	m.v.error("CDA002", c, srcSchema, "l'élément %s n'existe pas dans %s", "there is no element %s in %s", printable(c.Name.Local), m.n.Name.Local)
}

func (m *matcher) missing(p *particle, at *xmlr.Node) {
	names := p.names(nil)
	m.v.error("CDA002", at, srcSchema, "%s doit contenir %s", "%s must hold %s", m.n.Name.Local, strings.Join(names[:min(len(names), 3)], " | "))
}

func (p *particle) names(out []string) []string {
	if p.name != "" {
		return append(out, p.name)
	}
	for i := range p.parts {
		out = p.parts[i].names(out)
	}
	return slices.Compact(out)
}

// match takes as many children as p describes; the next one begins it.
func (m *matcher) match(p *particle) {
	for count := 0; m.more() && (p.max < 0 || count < p.max) && p.starts(m.name()); count++ {
		if p.name != "" {
			m.i++
			continue
		}
		for k := range p.parts {
			q := &p.parts[k]
			if m.more() && q.starts(m.name()) {
				m.match(q)
				if p.choice {
					break
				}
			} else if !p.choice && !q.nullable() {
				m.missing(q, m.n)
			}
		}
	}
}
