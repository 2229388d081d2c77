package cda

import (
	"strconv"
	"strings"

	"github.com/segur-sdk/segur/internal/xmlr"
)

func (p *page) paragraph(e *xmlr.Node, flow bool) {
	switch {
	case !flow:
		p.wrap("span", e, false, "class", "p")
	case p.blocky[e]:
		p.wrap("div", e, true, "class", together(" ", "p", textStyles(e)))
		p.line()
	default:
		p.wrap("p", e, false, "class", textStyles(e))
		p.line()
	}
}

// unknown writes the text of an element that a narrative has no place for, set
// apart so that two values do not become one.
func (p *page) unknown(e *xmlr.Node, flow bool) {
	switch {
	case !isBlock(e) && (!flow || !p.blocky[e]):
		p.inside(e, false)
	case flow:
		p.wrap("div", e, true, "class", "p")
		p.line()
	default:
		p.wrap("span", e, false, "class", "p")
	}
}

func (p *page) list(e *xmlr.Node, flow bool) {
	if !flow {
		p.wrap("span", e, false, "class", "p")
		return
	}
	children := e.Children
	lead := e.Lead()
	if len(children) > 0 && children[0].Is(nsCDA, "caption") {
		p.wrap("p", children[0], false, "class", "caption")
		lead += children[0].Tail()
		children = children[1:]
	}
	tag, attrs := "ul", []string{"class", bullet(e)}
	if e.Attr("listType") == "ordered" {
		tag, attrs = "ol", []string{"type", numbering(e)}
	}
	p.open(tag, append(attrs, p.attrs(e)...)...)
	p.line()
	p.strayText("li", lead)
	for _, item := range children {
		if item.Is(nsCDA, "item") {
			p.wrap("li", item, true, "class", textStyles(item))
		} else {
			p.stray("li", item)
		}
		p.line()
		p.strayText("li", item.Tail())
	}
	p.shut(tag)
	p.line()
}

// strayText keeps text that stands where only elements are allowed.
func (p *page) strayText(tag, s string) {
	if strings.TrimSpace(s) != "" {
		p.elem(tag, s)
	}
}

// stray keeps an element that stands where others are expected.
func (p *page) stray(tag string, e *xmlr.Node) {
	p.open(tag)
	p.element(e, true)
	p.shut(tag)
}

func bullet(e *xmlr.Node) string {
	for _, s := range strings.Fields(strings.ToLower(e.Attr("styleCode"))) {
		switch s {
		case "disc", "circle", "square":
			return s
		}
	}
	return ""
}

func numbering(e *xmlr.Node) string {
	for _, s := range strings.Fields(strings.ToLower(e.Attr("styleCode"))) {
		switch s {
		case "littleroman":
			return "i"
		case "bigroman":
			return "I"
		case "littlealpha":
			return "a"
		case "bigalpha":
			return "A"
		}
	}
	return ""
}

// table writes a table. The group of last rows comes last, as HTML wants it.
func (p *page) table(e *xmlr.Node, flow bool) {
	if !flow {
		p.wrap("span", e, false, "class", "p")
		return
	}
	p.open("table", append([]string{"class", textStyles(e)}, p.attrs(e)...)...)
	p.line()
	children, lead := e.Children, e.Lead()
	if len(children) > 0 && children[0].Is(nsCDA, "caption") {
		p.wrap("caption", children[0], false)
		p.line()
		lead += children[0].Tail()
		children = children[1:]
	}
	rows := group{page: p}
	rows.strayText(lead)
	var foot *xmlr.Node
	head := false
	for _, child := range children {
		name := child.Name.Local
		if child.Name.Space != nsCDA {
			name = ""
		}
		switch {
		case name == "thead" && !head:
			head = true
			rows.whole("thead", child)
		case name == "tfoot" && foot == nil:
			foot = child
		case name == "thead", name == "tbody", name == "tfoot":
			rows.whole("tbody", child)
		case name == "col", name == "colgroup":
			rows.strayText(child.DeepText())
		case name == "tr":
			rows.row(child)
		default:
			rows.stray(child)
		}
		rows.strayText(child.Tail())
	}
	rows.end()
	if foot != nil {
		rows.whole("tfoot", foot)
	}
	p.shut("table")
	p.line()
}

// group writes rows, in a group that it opens when there is none.
type group struct {
	*page
	tag string // of the open group
}

func (g *group) start(tag string) {
	if g.tag == "" {
		g.open(tag)
		g.line()
		g.tag = tag
	}
}

func (g *group) end() {
	if g.tag != "" {
		g.shut(g.tag)
		g.line()
		g.tag = ""
	}
}

// whole writes a group of rows of the document.
func (g *group) whole(tag string, e *xmlr.Node) {
	g.end()
	g.open(tag, append([]string{"class", textStyles(e)}, g.attrs(e)...)...)
	g.line()
	g.tag = tag
	g.strayText(e.Lead())
	for _, child := range e.Children {
		if child.Is(nsCDA, "tr") {
			g.row(child)
		} else {
			g.stray(child)
		}
		g.strayText(child.Tail())
	}
	g.end()
}

func (g *group) strayText(s string) {
	if strings.TrimSpace(s) != "" {
		g.start("tbody")
		g.raw("<tr>")
		g.elem("td", s)
		g.raw("</tr>\n")
	}
}

func (g *group) stray(e *xmlr.Node) {
	g.start("tbody")
	g.raw("<tr>")
	g.page.stray("td", e)
	g.raw("</tr>\n")
}

func (g *group) row(e *xmlr.Node) {
	g.start("tbody")
	g.open("tr", append([]string{"class", textStyles(e)}, g.attrs(e)...)...)
	g.page.strayText("td", e.Lead())
	for i, cell := range e.Children {
		switch name := cell.Name.Local; {
		case cell.Name.Space == nsCDA && (name == "th" || name == "td"):
			g.cell(cell, i == 0)
		default:
			g.page.stray("td", cell)
		}
		g.page.strayText("td", cell.Tail())
	}
	g.raw("</tr>\n")
}

func (g *group) cell(e *xmlr.Node, first bool) {
	attrs := []string{"class", textStyles(e), "colspan", span(e.Attr("colspan")), "rowspan", span(e.Attr("rowspan")), "headers", g.headers(e)}
	if e.Name.Local == "th" {
		attrs = append(attrs, "scope", g.scope(e, first))
	}
	g.wrap(e.Name.Local, e, true, attrs...)
}

// scope says what a heading is of: what the document says, else its column in
// the first rows and its row at the start of a row.
func (g *group) scope(e *xmlr.Node, first bool) string {
	switch s := e.Attr("scope"); {
	case s == "row" || s == "col" || s == "rowgroup" || s == "colgroup":
		return s
	case g.tag == "thead":
		return "col"
	case first:
		return "row"
	}
	return ""
}

// headers are the identifiers on the page of the headings of a cell.
func (g *group) headers(e *xmlr.Node) string {
	var out []string
	for _, id := range strings.Fields(e.Attr("headers")) {
		if h := g.byID[id]; h.Is(nsCDA, "th") && g.anchors[h] != "" && inNarrative(h) {
			out = append(out, g.anchors[h])
		}
	}
	return strings.Join(out, " ")
}

func span(s string) string {
	if n, err := strconv.Atoi(clean(s)); err == nil && n > 1 && n <= 1000 {
		return strconv.Itoa(n)
	}
	return ""
}
