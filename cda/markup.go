package cda

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/segur-sdk/segur/internal/xmlr"
)

// Bounds of a narrative given as XML.
const (
	maxMarkupBytes = 1 << 20
	maxMarkupDepth = 64
	maxMarkupNodes = 20_000
	maxMarkupFlaws = 10
)

// Markup reads a narrative from XML in the vocabulary of CDA (NarrativeBlock):
// the content of an element text, or the element itself. What is not in that
// vocabulary is refused when the document is made, with its line: unknown
// elements and attributes, an element out of its place, an identifier that is
// there twice, a link that is neither http, https nor "#identifier".
//
// Identifiers are those of the fragment: the document gives them the prefix of
// their section, so that two fragments cannot collide. renderMultiMedia
// refers to [Attachment.ID].
func Markup(fragment string) Narrative {
	if len(fragment) > maxMarkupBytes {
		return Narrative{problems: []string{"is larger than 1 MiB"}}
	}
	const before = `<text xmlns="` + nsCDA + `">`
	root, err := xmlr.Parse([]byte(before+fragment+"</text>"), xmlr.Options{MaxDepth: maxMarkupDepth, MaxElements: maxMarkupNodes})
	if err != nil {
		rule := xmlr.RuleSyntax
		var e *xmlr.Error
		if errors.As(err, &e) {
			rule = e.Rule
		}
		return Narrative{problems: []string{"is not well-formed XML (" + string(rule) + ")"}}
	}
	if only := root.Child(nsCDA, "text"); only != nil && len(root.Children) == 1 && strings.TrimSpace(root.Text()) == "" {
		root = only
	}
	m := markup{ids: map[string]bool{}}
	n := Narrative{nodes: m.children(root, vocabulary["text"])}
	for _, ref := range m.refs {
		if !m.ids[ref] {
			m.flaw(root, "a reference to an identifier that is not in the text")
		}
	}
	n.problems = m.flaws
	return n
}

// markup checks a fragment while it is read.
type markup struct {
	ids   map[string]bool
	refs  []string
	flaws []string
}

func (m *markup) flaw(at *xmlr.Node, what string) {
	if len(m.flaws) < maxMarkupFlaws {
		line, _ := at.Position()
		m.flaws = append(m.flaws, fmt.Sprintf("line %d: %s", line, what))
	}
}

// element says what the schema allows in an element.
type element struct {
	inside   string   // names of the elements that it may hold
	mixed    bool     // text may stand between them
	ordered  bool     // the elements come in the order of inside
	required string   // an element that it must hold
	attrs    []string // beside those of every element
	bare     bool     // not even those
}

const (
	inline = "content linkHtml sub sup br footnote footnoteRef renderMultiMedia"
	blocks = inline + " paragraph list table"
	cells  = inline + " paragraph list"
)

var (
	cellAttrs = []string{"abbr", "axis", "headers", "scope", "rowspan", "colspan", "align", "char", "charoff", "valign"}
	rowAttrs  = []string{"align", "char", "charoff", "valign"}
	colAttrs  = []string{"span", "width", "align", "char", "charoff", "valign"}
)

// vocabulary is NarrativeBlock.xsd of CDA R2.
var vocabulary = map[string]element{
	"text":             {inside: blocks, mixed: true},
	"content":          {inside: inline, mixed: true, attrs: []string{"revised"}},
	"linkHtml":         {inside: "footnote footnoteRef", mixed: true, attrs: []string{"href", "name", "rel", "rev", "title"}},
	"sub":              {mixed: true, bare: true},
	"sup":              {mixed: true, bare: true},
	"br":               {bare: true},
	"footnote":         {inside: "content linkHtml sub sup br renderMultiMedia paragraph list table", mixed: true},
	"footnoteRef":      {attrs: []string{"IDREF"}},
	"renderMultiMedia": {inside: "caption", attrs: []string{"referencedObject"}},
	"paragraph":        {inside: "caption " + inline, mixed: true},
	"list":             {inside: "caption item", ordered: true, required: "item", attrs: []string{"listType"}},
	"item":             {inside: "caption " + blocks, mixed: true},
	"caption":          {inside: "linkHtml sub sup footnote footnoteRef", mixed: true},
	"table": {inside: "caption col colgroup thead tfoot tbody", ordered: true, required: "tbody",
		attrs: []string{"summary", "width", "border", "frame", "rules", "cellspacing", "cellpadding"}},
	"colgroup": {inside: "col", attrs: colAttrs},
	"col":      {attrs: colAttrs},
	"thead":    {inside: "tr", required: "tr", attrs: rowAttrs},
	"tfoot":    {inside: "tr", required: "tr", attrs: rowAttrs},
	"tbody":    {inside: "tr", required: "tr", attrs: rowAttrs},
	"tr":       {inside: "th td", required: "th td", attrs: rowAttrs},
	"th":       {inside: inline, mixed: true, attrs: cellAttrs},
	"td":       {inside: cells, mixed: true, attrs: cellAttrs},
}

var commonAttrs = []string{"ID", "language", "styleCode"}

// enumerated are the attributes that have a list of values.
var enumerated = map[string]string{
	"revised": "insert delete", "listType": "ordered unordered", "align": "left center right justify char",
	"valign": "top middle bottom baseline", "scope": "row col rowgroup colgroup", "rules": "none groups rows cols all",
	"frame": "void above below hsides lhs rhs vsides box border",
}

// children reads what an element holds.
func (m *markup) children(e *xmlr.Node, kind element) []node {
	var out []node
	text := func(s string) {
		switch {
		case s == "":
		case kind.mixed:
			out = append(out, node{text: s})
		case strings.TrimSpace(s) != "":
			m.flaw(e, "text where only elements are allowed")
		}
	}
	text(e.Lead())
	position, allowed := 0, strings.Fields(kind.inside)
	seen := map[string]int{}
	for _, child := range e.Children {
		if at := slices.Index(allowed, child.Name.Local); child.Name.Space == nsCDA && at >= 0 {
			name := child.Name.Local
			switch {
			case kind.ordered && at < position:
				m.flaw(child, "an element that comes too late in a "+e.Name.Local)
			case name == "caption" && (seen[name] > 0 || len(seen) > 0):
				m.flaw(child, "a caption that is not the first element, or is there twice")
			case kind.ordered && seen[name] > 0 && (name == "thead" || name == "tfoot"):
				m.flaw(child, "a "+name+" that is there twice")
			case name == "colgroup" && seen["col"] > 0:
				m.flaw(child, "a colgroup beside a col")
			}
			position = max(position, at)
			seen[name]++
			out = append(out, m.element(child, vocabulary[name]))
		} else {
			m.flaw(child, "an element that is not allowed in a "+e.Name.Local)
		}
		text(child.Tail())
	}
	if kind.required != "" && !slices.ContainsFunc(strings.Fields(kind.required), func(n string) bool { return seen[n] > 0 }) {
		m.flaw(e, "a "+e.Name.Local+" without "+strings.ReplaceAll(kind.required, " ", " or "))
	}
	return out
}

func (m *markup) element(e *xmlr.Node, kind element) node {
	n := node{name: e.Name.Local}
	for _, a := range e.Attrs {
		common := !kind.bare && slices.Contains(commonAttrs, a.Local)
		if a.Space != "" || !common && !slices.Contains(kind.attrs, a.Local) {
			m.flaw(e, "an attribute that is not allowed on a "+n.name)
			continue
		}
		m.attribute(e, a.Local, a.Value)
		n.attrs = append(n.attrs, a.Local, a.Value)
	}
	for _, required := range [...]string{"IDREF", "referencedObject"} {
		if slices.Contains(kind.attrs, required) && strings.TrimSpace(n.attr(required)) == "" {
			m.flaw(e, "a "+n.name+" without "+required)
		}
	}
	n.nodes = m.children(e, kind)
	return n
}

func (m *markup) attribute(e *xmlr.Node, name, value string) {
	if list, ok := enumerated[name]; ok {
		if !slices.Contains(strings.Fields(list), value) {
			m.flaw(e, name+" must be one of "+list)
		}
		return
	}
	switch name {
	case "ID":
		if !isNarrativeID(value) {
			m.flaw(e, "an ID that is not one: letters, digits, '_', '-' and '.', a letter first")
		} else if m.ids[value] {
			m.flaw(e, "an ID that is there twice")
		}
		m.ids[value] = true
	case "IDREF":
		m.refs = append(m.refs, value)
	case "headers":
		m.refs = append(m.refs, strings.Fields(value)...)
		if len(strings.Fields(value)) == 0 {
			m.flaw(e, "headers without an identifier")
		}
	case "language", "styleCode":
		words := strings.Fields(value)
		if len(words) == 0 || name == "language" && (len(words) > 1 || words[0] != value) || slices.ContainsFunc(words, isNoToken) {
			m.flaw(e, name+" must be words of letters, digits, '_', '-' and '.'")
		}
	case "href":
		if local, ok := strings.CutPrefix(value, "#"); ok {
			m.refs = append(m.refs, local)
		} else if !isWebLink(value) {
			m.flaw(e, "a link that is not a complete http or https address")
		}
	}
}

// isNoToken reports whether a word is something else than an NMTOKEN in ASCII.
func isNoToken(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool {
		return r > '~' || !strings.ContainsRune("_-.:", r) && !isLetterOrDigit(byte(r))
	}) >= 0
}

// isNarrativeID keeps to the identifiers that need no table of Unicode: those
// of xs:ID in ASCII.
func isNarrativeID(s string) bool {
	if s == "" || len(s) > 64 || s[0] != '_' && (!isLetterOrDigit(s[0]) || s[0] <= '9') {
		return false
	}
	for i := range len(s) {
		if !isLetterOrDigit(s[i]) && s[i] != '_' && s[i] != '-' && s[i] != '.' {
			return false
		}
	}
	return true
}

func isLetterOrDigit(c byte) bool {
	l := c | 0x20
	return c >= '0' && c <= '9' || l >= 'a' && l <= 'z'
}

// isWebLink reports whether a link is one that a reader may follow: no script,
// no file, no relative address. One with credentials is refused too.
func isWebLink(s string) bool {
	if strings.ContainsAny(s, " \t\r\n<>\"{}|\\^`") {
		return false
	}
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil
}
