package cda

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/segur-sdk/segur/internal/xmlr"
)

// narrator shows the narrative of sections. It walks the elements of the
// document and writes elements of its own choice: no name, no attribute and no
// identifier of the document passes.
type narrator struct {
	byID    map[string]*xmlr.Node // elements that something may refer to
	anchors map[*xmlr.Node]string // identifiers of this page
	notes   map[*xmlr.Node]int    // footnotes by number
	blocky  map[*xmlr.Node]bool   // elements that hold a block
	shown   map[*xmlr.Node]bool   // attachments that a narrative shows
	useless map[*xmlr.Node]bool   // attachments that the page does not hold
	titles  map[*xmlr.Node]string // see titleOf
	regions map[*xmlr.Node]*xmlr.Node
	foreign bool         // attachments are not named as this package does
	pending []*xmlr.Node // footnotes of the narrative that is written
	depth   int
	inLink  bool
}

// maxShownDepth bounds nested elements of a narrative on the page; what is
// deeper is text.
const maxShownDepth = 64

// prepare looks at all narratives: references may go forward.
func (n *narrator) prepare(root *xmlr.Node) {
	n.byID, n.anchors, n.notes = map[string]*xmlr.Node{}, map[*xmlr.Node]string{}, map[*xmlr.Node]int{}
	n.blocky, n.shown = map[*xmlr.Node]bool{}, map[*xmlr.Node]bool{}
	n.useless, n.titles, n.regions = map[*xmlr.Node]bool{}, map[*xmlr.Node]string{}, map[*xmlr.Node]*xmlr.Node{}
	var media []*xmlr.Node
	for e := range root.Walk() {
		id := e.Attr("ID")
		if id == "" && e.Is(nsCDA, "linkHtml") {
			id = e.Attr("name")
		}
		if id != "" && n.byID[id] == nil {
			n.byID[id] = e
			n.anchors[e] = "n" + strconv.Itoa(len(n.byID))
		}
		switch {
		case e.Is(nsCDA, "footnote"):
			n.notes[e] = len(n.notes) + 1
		case e.Is(nsCDA, "renderMultiMedia"):
			media = append(media, e)
		case e.Is(nsCDA, "observationMedia"):
			n.foreign = n.foreign || !strings.HasPrefix(e.Attr("ID"), mediaID(""))
		case isBlock(e):
			for up := e.Parent; up != nil && !n.blocky[up] && !up.Is(nsCDA, "footnote"); up = up.Parent {
				n.blocky[up] = true
			}
		}
	}
	for _, e := range media {
		for _, m := range n.referenced(e) {
			n.shown[m] = true
		}
	}
}

// isBlock reports whether an element stands on lines of its own.
func isBlock(e *xmlr.Node) bool {
	switch e.Name.Local {
	case "paragraph", "list", "table":
		return true
	case "content", "linkHtml", "sub", "sup", "br", "footnote", "footnoteRef", "renderMultiMedia", "caption":
		return e.Name.Space != nsCDA
	}
	return !inlineElsewhere[e.Name.Local]
}

// inlineElsewhere are elements of HTML that systems write by mistake inside
// words: their text is not set apart.
var inlineElsewhere = map[string]bool{"a": true, "b": true, "i": true, "u": true, "s": true, "em": true, "strong": true, "span": true, "font": true,
	"small": true, "big": true, "mark": true}

// referenced finds the attachments that a renderMultiMedia shows.
func (n *narrator) referenced(e *xmlr.Node) (out []*xmlr.Node) {
	for _, id := range strings.Fields(e.Attr("referencedObject")) {
		m := n.byID[id]
		if m.Is(nsCDA, "regionOfInterest") {
			of, known := n.regions[m]
			if !known {
				of = imageOf(m)
				n.regions[m] = of
			}
			m = of
		}
		if m.Is(nsCDA, "observationMedia") {
			out = append(out, m)
		}
	}
	return out
}

// imageOf finds the image that a region holds, or that holds it.
func imageOf(region *xmlr.Node) *xmlr.Node {
	for inner := range region.Walk() {
		if inner.Is(nsCDA, "observationMedia") {
			return inner
		}
	}
	up := region.Parent
	for up != nil && !up.Is(nsCDA, "observationMedia") {
		up = up.Parent
	}
	return up
}

// narrative writes the text of a section, then its footnotes.
func (p *page) narrative(text *xmlr.Node) {
	if isEmpty(text) {
		return
	}
	p.open("div", p.attrs(text)...)
	p.line()
	p.flow(text)
	p.shut("div")
	p.line()
	if len(p.pending) == 0 {
		return
	}
	p.open("aside", "class", "notes", "aria-label", "Notes")
	p.line()
	for i := 0; i < len(p.pending); i++ { // a note may hold another one
		note := p.pending[i]
		number := strconv.Itoa(p.notes[note])
		p.open("div", "class", "note", "id", "f"+number)
		p.elem("a", "["+number+"]", "href", "#r"+number, "aria-label", p.say("Retour à l'appel de note ", "Back to the mark of note ")+number)
		p.text(" ")
		p.flow(note)
		p.shut("div")
		p.line()
	}
	p.pending = p.pending[:0]
	p.raw("</aside>\n")
}

func isEmpty(e *xmlr.Node) bool { return len(e.Children) == 0 && strings.TrimSpace(e.Lead()) == "" }

// flow writes what an element holds where blocks are allowed.
func (p *page) flow(e *xmlr.Node) { p.inside(e, true) }

// phrase writes what an element holds where only runs of text are allowed.
func (p *page) phrase(e *xmlr.Node) { p.inside(e, false) }

func (p *page) inside(e *xmlr.Node, flow bool) {
	p.text(e.Lead())
	for _, child := range e.Children {
		p.element(child, flow)
		p.text(child.Tail())
	}
}

func (p *page) element(e *xmlr.Node, flow bool) {
	if p.depth >= maxShownDepth {
		p.bare(e)
		return
	}
	p.depth++
	defer func() { p.depth-- }()
	name := e.Name.Local
	if e.Name.Space != nsCDA {
		name = ""
	}
	switch name {
	case "content":
		p.content(e, flow)
	case "linkHtml":
		p.linkHTML(e)
	case "sub", "sup":
		p.wrap(name, e, false)
	case "br":
		p.void("br")
		p.phrase(e) // empty, unless the document is wrong
	case "footnote":
		p.pending = append(p.pending, e)
		p.noteMark(p.notes[e], true)
	case "footnoteRef":
		number := 0
		if note := p.byID[clean(e.Attr("IDREF"))]; note != nil && inNarrative(note) {
			number = p.notes[note]
		}
		p.noteMark(number, false)
		p.phrase(e)
	case "renderMultiMedia":
		p.multimedia(e)
	case "caption":
		p.wrap("span", e, false, "class", "caption")
	case "paragraph":
		p.paragraph(e, flow)
	case "list":
		p.list(e, flow)
	case "table":
		p.table(e, flow)
	default:
		p.unknown(e, flow)
	}
}

// bare writes the text of an element that is too deep, and of all that it
// holds.
func (p *page) bare(e *xmlr.Node) {
	p.text(" " + e.Lead())
	for _, child := range e.Children {
		p.bare(child)
		p.text(child.Tail())
	}
	p.text(" ")
}

// wrap writes an element around what e holds.
func (p *page) wrap(tag string, e *xmlr.Node, flow bool, attrs ...string) {
	p.open(tag, append(attrs, p.attrs(e)...)...)
	p.inside(e, flow)
	p.shut(tag)
}

// attrs are the identifier and the language of an element on the page.
func (p *page) attrs(e *xmlr.Node) []string {
	return []string{"id", p.anchors[e], "lang", language(e.Attr("language"))}
}

func (p *page) content(e *xmlr.Node, flow bool) {
	tag := "span"
	if flow = flow && p.blocky[e]; flow {
		tag = "div"
	}
	changed := ""
	switch e.Attr("revised") {
	case "insert":
		changed = "ins"
	case "delete":
		changed = "del"
	}
	if changed != "" {
		p.open(changed)
	}
	p.wrap(tag, e, flow, "class", textStyles(e))
	if changed != "" {
		p.shut(changed)
	}
}

// textStyles are classes of this page for the styles of CDA R2.
func textStyles(e *xmlr.Node) string {
	var classes []string
	for _, s := range strings.Fields(e.Attr("styleCode")) {
		if class := styleClasses[strings.ToLower(s)]; class != "" && !slices.Contains(classes, class) {
			classes = append(classes, class)
		}
	}
	switch e.Attr("align") {
	case "center":
		classes = append(classes, "ac")
	case "right":
		classes = append(classes, "ar")
	case "justify":
		classes = append(classes, "aj")
	}
	return strings.Join(classes, " ")
}

var styleClasses = map[string]string{"bold": "b", "italics": "i", "italic": "i", "emphasis": "i", "underline": "u",
	"lrule": "lr", "rrule": "rr", "toprule": "tr", "botrule": "br"}

func (p *page) linkHTML(e *xmlr.Node) {
	href := clean(e.Attr("href"))
	target := p.target(href)
	if target == "" || p.inLink {
		p.wrap("span", e, false)
		if href != "" && target == "" {
			p.text(p.say(" (lien non suivi)", " (link left out)"))
		}
		return
	}
	rel := ""
	if target[0] != '#' {
		rel = "noopener noreferrer"
	}
	p.inLink = true
	p.wrap("a", e, false, "href", target, "rel", rel)
	p.inLink = false
}

// target is the address that a link of the document leads to on the page: a
// web page, or an element of the page.
func (p *page) target(href string) string {
	if local, ok := strings.CutPrefix(href, "#"); ok {
		e := p.byID[local]
		if e == nil || p.anchors[e] == "" || !inNarrative(e) {
			return ""
		}
		if note, ok := p.notes[e]; ok {
			return "#f" + strconv.Itoa(note)
		}
		return "#" + p.anchors[e]
	}
	return webAddress(href)
}

// webAddress lets pass the address of a web page. Blanks around the parts of
// its query, which official samples have, are no part of it.
func webAddress(href string) string {
	parts := strings.Split(href, "&")
	for i := range parts {
		parts[i] = clean(parts[i])
	}
	if href = strings.Join(parts, "&"); isWebLink(href) {
		return href
	}
	return ""
}

// inNarrative reports whether an element is one that keeps its identifier on
// the page.
func inNarrative(e *xmlr.Node) bool {
	if inlineElsewhere[e.Name.Local] {
		return false
	}
	for up, depth := e, 0; up != nil && depth < maxShownDepth; up, depth = up.Parent, depth+1 {
		switch up.Name.Local {
		case "br", "footnoteRef", "col", "colgroup": // nor is what stands in them
			return false
		}
		if up.Is(nsCDA, "text") && up.Parent.Is(nsCDA, "section") {
			return up != e || !isEmpty(e)
		}
	}
	return false
}

// maxAddress bounds the address of a content outside of the document, in bytes.
const maxAddress = 4096

// link writes an address of the document, as a link when it may be followed.
func (p *page) link(href, text string) {
	if len(href) > maxAddress || p.inLink {
		p.text(text)
		return
	}
	if href = webAddress(href); href == "" {
		p.text(text)
		return
	}
	p.elem("a", text, "href", href, "rel", "noopener noreferrer")
}

// noteMark writes the number of a footnote; first where the note belongs.
func (p *page) noteMark(number int, first bool) {
	if number == 0 {
		p.elem("sup", "[?]")
		return
	}
	s, id := strconv.Itoa(number), ""
	if first {
		id = "r" + s
	}
	p.open("sup", "id", id)
	if p.inLink {
		p.text("[" + s + "]")
	} else {
		p.elem("a", "["+s+"]", "href", "#f"+s, "aria-label", "Note "+s)
	}
	p.shut("sup")
}

// multimedia shows attachments in a run of text, with the caption that the
// narrative gives.
func (p *page) multimedia(e *xmlr.Node) {
	found := p.referenced(e)
	p.open("span", "class", "media", "id", p.anchors[e])
	caption := shortLabel(e.DeepText())
	for _, m := range found {
		p.medium(m, cmp.Or(caption, p.mediumTitle(m)))
	}
	if len(found) == 0 {
		p.text(p.say("[image ou pièce jointe absente du document]", "[image or attachment that the document does not hold]"))
	}
	p.phrase(e)
	p.shut("span")
}
