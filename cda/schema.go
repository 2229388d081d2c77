package cda

import (
	"strings"
	"sync"

	"github.com/segur-sdk/segur/internal/xmlr"
)

// schemaType is a type of the schema of CDA R2: the elements that an element
// of this type holds, and its attributes.
type schemaType struct {
	name     string
	base     *schemaType
	abstract bool // an element must say its type with xsi:type
	mixed    bool // text may stand between the elements
	model    []particle
	elements map[string]*schemaType // every child, by name; nil type: anything
	attrs    map[string]*schemaAttr
	family   dataFamily
}

// particle is a part of a content model.
type particle struct {
	name     string // of an element
	min, max int    // max -1: unbounded
	parts    []particle
	choice   bool // one of parts, not all of them in order
}

// schemaAttr is an attribute.
type schemaAttr struct {
	required bool
	fixed    string
	kind     string          // lexical type
	codes    map[string]bool // values, nil: any of the lexical type
	list     bool            // several, separated by blanks
}

// dataFamily is the data type that the rules of a type are those of.
type dataFamily uint8

const (
	familyNone dataFamily = iota
	familyII
	familyCS
	familyCD
	familyTS
	familyIVLTS
	familyTEL
	familyAD
	familyON
	familyEN
	familyST
	familyED
)

var families = map[string]dataFamily{
	"II": familyII, "CS": familyCS, "CD": familyCD, "TS": familyTS, "IVL_TS": familyIVLTS, "TEL": familyTEL,
	"AD": familyAD, "ON": familyON, "EN": familyEN, "ST": familyST, "ED": familyED,
}

// schema gives the types by name; it is compiled at the first use.
var schema = sync.OnceValue(func() map[string]*schemaType {
	return compileSchema(schemaData+schemaClasses, schemaCodes)
})

// compileSchema reads the tables. One type a line; a line that begins with a
// tabulation goes on:
//
//	NAME[~][^] [<BASE | <<BASE] | CONTENT | ATTRIBUTES
//
// "~" is mixed content, "^" abstract, "<" an extension, "<<" a restriction,
// which says its content anew. CONTENT is a sequence of name:type with the
// occurrence "?", "*" or "+"; "(a|b)" is a choice and "[a b]" a sequence inside
// it; "any" is anything. ATTRIBUTES are name:type, with "!" when required,
// name=value when fixed, -name when removed. "@NAME" stands for the words of
// the line that begins so. Every type but those of the narrative has nullFlavor.
func compileSchema(text, codes string) map[string]*schemaType {
	c := &schemaCompiler{types: map[string]*schemaType{}, codes: map[string]map[string]bool{}, macros: strings.NewReplacer()}
	for line := range strings.SplitSeq(strings.ReplaceAll(codes, "\n\t", " "), "\n") {
		if words := strings.Fields(line); len(words) > 0 {
			c.codes[words[0]] = set(words[1:])
		}
	}
	lines := strings.Split(strings.ReplaceAll(text, "\n\t", " "), "\n")
	var pairs []string
	for _, line := range lines {
		if strings.HasPrefix(line, "@") {
			name, words, _ := strings.Cut(line, " ")
			pairs = append(pairs, name, words)
		}
	}
	c.macros = strings.NewReplacer(pairs...)
	c.lines = map[string][]string{}
	for _, line := range lines {
		if line == "" || line[0] == '@' {
			continue
		}
		name := line[:strings.IndexAny(line, " ~^")]
		fields := strings.Split(c.macros.Replace(line), " |")
		c.lines[name] = fields
	}
	for name := range c.lines {
		c.get(name)
	}
	return c.types
}

type schemaCompiler struct {
	types  map[string]*schemaType
	lines  map[string][]string
	codes  map[string]map[string]bool
	macros *strings.Replacer
}

func set(words []string) map[string]bool {
	m := make(map[string]bool, len(words))
	for _, w := range words {
		m[w] = true
	}
	return m
}

// get compiles a type, once; nil is the type of anything.
func (c *schemaCompiler) get(name string) *schemaType {
	if t := c.types[name]; t != nil {
		return t
	}
	line, ok := c.lines[name]
	if !ok {
		return nil
	}
	t := &schemaType{name: name, attrs: map[string]*schemaAttr{}, elements: map[string]*schemaType{}}
	c.types[name] = t
	head := strings.Fields(line[0])
	t.mixed, t.abstract = strings.Contains(head[0], "~"), strings.Contains(head[0], "^")
	if len(head) > 1 {
		t.base = c.get(strings.TrimLeft(head[1], "<"))
		restriction := strings.HasPrefix(head[1], "<<")
		for k, a := range t.base.attrs {
			t.attrs[k] = a
		}
		t.mixed = t.mixed || t.base.mixed
		if !restriction {
			t.model = append(t.model, t.base.model...)
			for k, e := range t.base.elements {
				t.elements[k] = e
			}
		}
	}
	if !strings.HasPrefix(name, "StrucDoc") {
		t.attrs["nullFlavor"] = &schemaAttr{kind: "cs", codes: c.codes["NullFlavor"]}
	}
	// A choice is split from the next field by " |" as fields are; names follow
	// its bars without a blank.
	if len(line) > 1 {
		r := modelReader{c: c, t: t, s: line[1]}
		t.model = append(t.model, r.parts("")...)
	}
	if len(line) > 2 {
		c.attributes(t, line[2])
	}
	for b := t; b != nil && t.family == familyNone; b = b.base {
		t.family = families[b.name]
	}
	return t
}

// attributes reads the third field.
func (c *schemaCompiler) attributes(t *schemaType, s string) {
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		var word string
		if open := strings.IndexByte(s, '{'); open >= 0 && open < len(s) && !strings.Contains(s[:open], " ") {
			end := strings.IndexByte(s, '}')
			word, s = s[:end], s[end+1:]
		} else {
			word, s, _ = strings.Cut(s, " ")
		}
		if name, removed := strings.CutPrefix(word, "-"); removed {
			delete(t.attrs, name)
			continue
		}
		if name, value, ok := strings.Cut(word, "="); ok {
			bare := strings.TrimSuffix(name, "!")
			t.attrs[bare] = &schemaAttr{fixed: value, required: bare != name}
			continue
		}
		colon := strings.LastIndexByte(word, ':')
		if list := strings.Index(word, ":{"); list >= 0 {
			colon = list
		}
		name, kind := word[:colon], word[colon+1:]
		a := &schemaAttr{kind: kind}
		if bare := strings.TrimSuffix(name, "!"); bare != name {
			a.required, name = true, bare
		}
		if values, ok := strings.CutPrefix(kind, "{"); ok {
			a.kind, a.codes = "cs", set(strings.Fields(values))
		} else if of, ok := strings.CutPrefix(kind, "set_"); ok {
			a.kind, a.codes, a.list = "cs", c.codes[of], true
		} else if codes := c.codes[kind]; codes != nil {
			a.kind, a.codes = "cs", codes
		}
		t.attrs[name] = a
	}
}

// modelReader reads a content model.
type modelReader struct {
	c *schemaCompiler
	t *schemaType
	s string
	i int
}

// parts reads particles up to one of the closing characters.
func (r *modelReader) parts(closing string) []particle {
	var out []particle
	for r.i < len(r.s) {
		switch b := r.s[r.i]; {
		case b == ' ' || b == '|':
			r.i++
		case strings.IndexByte(closing, b) >= 0:
			r.i++
			return out
		case b == '(':
			r.i++
			out = append(out, r.occurs(particle{parts: r.parts(")"), choice: true}))
		case b == '[':
			r.i++
			out = append(out, r.occurs(particle{parts: r.parts("]")}))
		default:
			end := r.i
			for end < len(r.s) && strings.IndexByte(" |?*+)]", r.s[end]) < 0 {
				end++
			}
			word := r.s[r.i:end]
			r.i = end
			name, kind := word, ""
			if colon := strings.LastIndexByte(word, ':'); colon >= 0 {
				name, kind = word[:colon], word[colon+1:]
			}
			p := r.occurs(particle{name: name})
			r.t.elements[name] = r.c.get(kind)
			out = append(out, p)
		}
	}
	return out
}

func (r *modelReader) occurs(p particle) particle {
	p.min, p.max = 1, 1
	if r.i < len(r.s) {
		switch r.s[r.i] {
		case '?':
			p.min = 0
		case '*':
			p.min, p.max = 0, -1
		case '+':
			p.max = -1
		default:
			return p
		}
		r.i++
	}
	return p
}

// starts reports whether content described by p may begin with an element.
func (p *particle) starts(name string) bool {
	if p.name != "" {
		return p.name == name
	}
	for i := range p.parts {
		q := &p.parts[i]
		if q.starts(name) {
			return true
		}
		if !p.choice && !q.nullable() {
			return false
		}
	}
	return false
}

// nullable reports whether p may be absent.
func (p *particle) nullable() bool {
	if p.min == 0 {
		return true
	}
	if p.name != "" {
		return false
	}
	for i := range p.parts {
		if p.parts[i].nullable() == p.choice {
			return p.choice
		}
	}
	return !p.choice
}

// extensions are the names, as the tables write them, of the elements that the
// French schemas add to CDA.
var extensions = map[string]string{
	"urn:hl7-org:sdtc": "sdtc:", "urn:dicom-org:ps3-20": "ps3-20:",
	"urn:oid:1.3.6.1.4.1.19376.1.3.2": "lab:", "urn:ihe:pharm:medication": "pharm:",
}

// schemaName is the name of an element in the tables.
func schemaName(n xmlr.Name) string {
	if n.Space == nsCDA {
		return n.Local
	}
	if prefix, ok := extensions[n.Space]; ok {
		return prefix + n.Local
	}
	return "{" + n.Space + "}" + n.Local
}

// derives reports whether t is other or made from it.
func (t *schemaType) derives(other *schemaType) bool {
	for ; t != nil; t = t.base {
		if t == other {
			return true
		}
	}
	return false
}
