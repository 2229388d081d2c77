package cda

import (
	"slices"
	"strings"
)

// plain is the text of an element for people: a line for each paragraph, item,
// row and break, a tab between cells. White space is normalised as the XML of
// narratives means it.
func plain(e el) string {
	if !e.ok() {
		return ""
	}
	if only := (el{e.t, e.get().first}); only.i != 0 && only.get().next == 0 && only.isText() {
		return clean(e.t.words.get(only.run())) // most of them
	}
	w := plainText{bol: true}
	w.walk(e)
	return strings.Trim(w.b.String(), "\n\t ")
}

type plainText struct {
	b          strings.Builder
	bol, blank bool // at the beginning of a line; a blank is due
}

func (w *plainText) walk(e el) {
	for c := range e.nodes() {
		switch name := c.name(); name {
		case "":
			w.write(c.run())
		case "br":
			w.line()
		case "paragraph", "item", "tr", "caption", "list", "table", "thead", "tbody", "tfoot", "footnote":
			if !w.bol {
				w.line()
			}
			w.walk(c)
			if !w.bol {
				w.line()
			}
		case "th", "td":
			w.walk(c)
			if c.get().next != 0 {
				w.b.WriteByte('\t')
				w.bol, w.blank = false, false
			}
		default:
			w.walk(c)
		}
	}
}

func (w *plainText) line() {
	w.b.WriteByte('\n')
	w.bol, w.blank = true, false
}

func (w *plainText) write(text []byte) {
	for i := 0; i < len(text); {
		if c := text[i]; c <= ' ' {
			w.blank = w.blank || !w.bol
			i++
			continue
		}
		j := i + 1
		for j < len(text) && text[j] > ' ' {
			j++
		}
		if w.blank {
			w.b.WriteByte(' ')
		}
		w.b.Write(text[i:j])
		w.bol, w.blank = false, false
		i = j
	}
}

// plainLine is the text of an element on one line.
func plainLine(e el) string { return e.line() }

func (e el) line() string {
	if !e.ok() {
		return ""
	}
	if only := (el{e.t, e.get().first}); only.i != 0 && only.get().next == 0 && only.isText() {
		return clean(e.t.words.value(only.run()))
	}
	return clean(plain(e))
}

// titled lists the values of the tables of a narrative with their titles: the
// cells beside a title, or below one.
func titled(e el) (out []titledCell) {
	for c := range e.nodes() {
		if c.name() == "table" {
			out = append(out, tableCells(c)...)
		} else if c.name() != "" {
			out = append(out, titled(c)...)
		}
	}
	return out
}

type titledCell struct {
	title string
	cell  el
}

func tableCells(table el) (out []titledCell) {
	titles := columnTitles(table)
	for body := range table.all("tbody") {
		for row := range body.all("tr") {
			out = append(out, rowCells(row, titles)...)
		}
	}
	return out
}

// maxColumns bounds the titles that are looked at.
const maxColumns = 64

func columnTitles(table el) (titles []string) {
	for c := range table.child("thead", "tr").nodes() {
		if name := c.name(); name == "th" || name == "td" {
			titles = append(titles, plainLine(c))
		}
		if len(titles) == maxColumns {
			break
		}
	}
	return titles
}

func rowCells(row el, titles []string) (out []titledCell) {
	beside, column := "", 0
	for c := range row.nodes() {
		switch c.name() {
		case "th":
			beside = plainLine(c)
			column++
		case "td":
			title := beside
			if title == "" && column < len(titles) {
				title = titles[column]
			}
			column++
			out = append(out, titledCell{title, c})
		}
	}
	return out
}

// beside is the cell of that column in the row of an element of a narrative.
func beside(e el, title string) el {
	row := e.ancestor("tr")
	if !row.ok() {
		return el{}
	}
	cells := rowCells(row, columnTitles(row.ancestor("table")))
	for _, c := range cells[:min(len(cells), maxColumns)] {
		if c.title == title {
			return c.cell
		}
	}
	return el{}
}

// extend adds a text at the end of one that nobody else holds.
func extend(to *Narrative, n Narrative) { to.nodes = append(to.nodes, n.nodes...) }

// convert makes a Narrative of an element text. prefix begins the identifiers
// of a document that this package wrote, and is taken away. The second result
// says that the structure is not that of the vocabulary: the text alone is kept
// then, without its form.
func (r *bodyReader) convert(text el, prefix string) (Narrative, bool) {
	c := r.converter(prefix, text)
	n := Narrative{nodes: c.children(text, "text")}
	if c.broken {
		return Text(plain(text)), true
	}
	return n, false
}

func (r *bodyReader) converter(prefix string, text el) *converter {
	c := &converter{r: r, prefix: prefix}
	c.collect(text)
	return c
}

type converter struct {
	r      *bodyReader
	prefix string
	known  map[string]bool // identifiers of the text that can be kept
	ids    map[string]bool // those that were
	skip   el
	broken bool
}

// collect lists the identifiers of the text.
func (c *converter) collect(e el) {
	for n := range e.nodes() {
		if n.isText() {
			continue
		}
		if id, ok := c.id(n.attr("ID")); ok {
			if c.known == nil {
				c.known, c.ids = map[string]bool{}, map[string]bool{}
			}
			c.known[id] = true
		}
		c.collect(n)
	}
}

func (c *converter) id(s string) (string, bool) {
	if c.prefix != "" {
		s = strings.TrimPrefix(s, c.prefix+"-")
	}
	return s, isNarrativeID(s)
}

func (c *converter) children(e el, kind string) (out []node) {
	rule := allowed[kind]
	if rule == nil {
		rule = &allowedElement{}
	}
	position, seen := 0, 0
	required := rule.required == ""
	for n := range e.nodes() {
		if n.isText() {
			switch s := n.run(); {
			case rule.mixed:
				out = append(out, node{text: c.r.t.words.get(s)})
			case len(clean(string(s))) > 0:
				c.broken = true
			}
			continue
		}
		if n == c.skip {
			continue
		}
		at, ok := rule.at[n.name()]
		switch {
		case !ok:
			c.broken = true
			continue
		case rule.ordered && at < position, n.name() == "caption" && seen > 0:
			c.broken = true
		}
		position = max(position, at)
		seen++
		required = required || hasWord(rule.required, n.name())
		out = append(out, c.element(n)...)
	}
	if !required {
		c.broken = true
	}
	return out
}

// element converts one element; a reference to nothing, or to what may not be
// followed, leaves its content.
func (c *converter) element(e el) []node {
	n := node{name: e.name()}
	rule := vocabulary[n.name]
	for name, value := range e.attrs() {
		common := !rule.bare && slices.Contains(commonAttrs, name)
		if !common && !slices.Contains(rule.attrs, name) {
			continue
		}
		if v, ok := c.attribute(name, string(value)); ok {
			n.attrs = append(n.attrs, name, v)
		}
	}
	n.nodes = c.children(e, n.name)
	switch {
	case n.name == "footnoteRef" && n.attr("IDREF") == "", n.name == "renderMultiMedia" && n.attr("referencedObject") == "":
		return nil
	case n.name == "linkHtml" && n.attr("href") == "" && e.attr("href") != "":
		return n.nodes
	}
	return []node{n}
}

func (c *converter) attribute(name, v string) (string, bool) {
	if list, ok := enumerated[name]; ok {
		return v, hasWord(list, v)
	}
	switch name {
	case "ID":
		id, ok := c.id(v)
		if ok = ok && c.known[id] && !c.ids[id]; ok {
			c.ids[id] = true
		}
		return id, ok
	case "IDREF":
		id, _ := c.id(v)
		return id, c.known[id]
	case "headers":
		words := strings.Fields(v)
		for i, w := range words {
			words[i], _ = c.id(w)
			if !c.known[words[i]] {
				return "", false
			}
		}
		return strings.Join(words, " "), len(words) > 0
	case "referencedObject":
		words := strings.Fields(v)
		for i, w := range words {
			words[i] = c.r.mediaName(w)
		}
		words = slices.DeleteFunc(words, func(w string) bool { return !c.r.hasMedia(w) })
		return strings.Join(words, " "), len(words) > 0
	case "href":
		if local, ok := strings.CutPrefix(v, "#"); ok {
			id, _ := c.id(local)
			return "#" + id, c.known[id]
		}
		v = repairLink(v)
		return v, isWebLink(v)
	case "language", "styleCode":
		return v, v != "" && isWords(v)
	}
	return v, true
}

// isWords reports whether s holds what tokens are made of.
func isWords(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool {
		return r > '~' || !strings.ContainsRune(" _-.:", r) && !isLetterOrDigit(byte(r))
	}) < 0
}

// repairLink takes away the blanks that some documents have around the
// ampersands of an address, as the official example does.
func repairLink(s string) string {
	s = strings.TrimSpace(s)
	if !strings.ContainsAny(s, " \t\r\n") {
		return s
	}
	parts := strings.Split(s, "&")
	for i, p := range parts {
		parts[i] = strings.TrimSpace(p)
	}
	return strings.Join(parts, "&")
}

// hasWord reports whether a list of words separated by blanks holds w.
func hasWord(list, w string) bool {
	for word := range strings.FieldsSeq(list) {
		if word == w {
			return true
		}
	}
	return false
}

// allowed is the vocabulary with the place of each element among those that it
// may stand beside.
var allowed = func() map[string]*allowedElement {
	m := map[string]*allowedElement{}
	for name, e := range vocabulary {
		a := &allowedElement{element: e, at: map[string]int{}}
		for i, inside := range strings.Fields(e.inside) {
			a.at[inside] = i
		}
		m[name] = a
	}
	return m
}()

type allowedElement struct {
	element
	at map[string]int
}
