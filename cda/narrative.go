package cda

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/segur-sdk/segur/internal/nos"
)

// Narrative is the formatted text of a section: paragraphs, lists, tables. It
// is made by [Text] and the methods below, or read by [Markup]. Whatever text is
// given, it is written as text: nothing that a user types becomes markup. Values
// are immutable: each method returns a longer narrative.
type Narrative struct {
	nodes    []node
	problems []string // of Markup and of links, reported with the other faults of a report
}

// node is an element of a narrative, or text when name is empty.
type node struct {
	name  string
	attrs []string // name, value pairs
	text  string
	nodes []node
}

// Inline is a run of text inside a paragraph.
type Inline struct {
	n       node
	problem string
}

// Plain is unformatted text; its line breaks are kept, and a blank at its
// beginning or end, which parts it from its neighbours.
func Plain(s string) Inline { return Inline{n: node{nodes: run(s)}} }

// Bold is text in bold.
func Bold(s string) Inline { return styled("Bold", s) }

// Italic is text in italics.
func Italic(s string) Inline { return styled("Italics", s) }

// Underline is underlined text.
func Underline(s string) Inline { return styled("Underline", s) }

func styled(style, s string) Inline {
	return Inline{n: node{name: "content", attrs: []string{"styleCode", style}, nodes: run(s)}}
}

// Anchor is text that an entry of the section points to. The types whose
// Narrative field replaces a generated text say which anchors they know; an
// entry whose anchor is absent points to the whole text.
func Anchor(id, s string) Inline {
	i := Inline{n: node{name: "content", attrs: []string{"ID", id}, nodes: run(s)}}
	if !isNarrativeID(id) {
		i.problem = "has an identifier that is not one: letters, digits, '_', '-' and '.', a letter first"
	}
	return i
}

// Link is a link to a web page. Only http and https are accepted.
func Link(href, s string) Inline {
	i := Inline{n: node{name: "linkHtml", attrs: []string{"href", href}, nodes: []node{{text: oneLine(s)}}}}
	if !isWebLink(href) {
		i.problem = "has a link that is not a complete http or https address"
	}
	return i
}

// Image shows the attachment that has this identifier.
func Image(attachment string) Inline {
	return Inline{n: node{name: "renderMultiMedia", attrs: []string{"referencedObject", attachment}}}
}

// Text makes one paragraph of each line of s that is not blank.
func Text(s string) Narrative {
	var n Narrative
	for l := range strings.SplitSeq(lines(s), "\n") {
		if l != "" {
			n.nodes = append(n.nodes, node{name: "paragraph", nodes: []node{{text: l}}})
		}
	}
	return n
}

// Paragraph adds a paragraph.
func (n Narrative) Paragraph(parts ...Inline) Narrative {
	p := node{name: "paragraph"}
	for _, i := range parts {
		if i.problem != "" {
			n.problems = append(slices.Clip(n.problems), i.problem)
		}
		if i.n.name == "" {
			p.nodes = append(p.nodes, i.n.nodes...)
		} else {
			p.nodes = append(p.nodes, i.n)
		}
	}
	return n.with(p)
}

// Text adds one paragraph for each line of s that is not blank.
func (n Narrative) Text(s string) Narrative { return n.with(Text(s).nodes...) }

// Heading adds a paragraph in bold.
func (n Narrative) Heading(s string) Narrative { return n.Paragraph(Bold(s)) }

// List adds a list.
func (n Narrative) List(items ...string) Narrative { return n.list("unordered", items) }

// NumberedList adds a list with numbers.
func (n Narrative) NumberedList(items ...string) Narrative { return n.list("ordered", items) }

func (n Narrative) list(kind string, items []string) Narrative {
	if len(items) == 0 {
		return n
	}
	l := node{name: "list", attrs: []string{"listType", kind}}
	for _, s := range items {
		l.nodes = append(l.nodes, node{name: "item", nodes: broken(s)})
	}
	return n.with(l)
}

// Table is a table of plain texts.
type Table struct {
	// Caption is its title. Optional.
	Caption string
	// Header holds the titles of the columns. Optional.
	Header []string
	// Rows holds the cells; one row at least.
	Rows [][]string
}

// Table adds a table. One without rows is left out.
func (n Narrative) Table(t Table) Narrative {
	table := node{name: "table", attrs: []string{"border", "1"}}
	if t.Caption != "" {
		table.nodes = append(table.nodes, node{name: "caption", nodes: []node{{text: oneLine(t.Caption)}}})
	}
	row := func(cell string, texts []string) node {
		r := node{name: "tr"}
		for _, s := range texts {
			r.nodes = append(r.nodes, node{name: cell, nodes: broken(s)})
		}
		return r
	}
	if len(t.Header) > 0 {
		table.nodes = append(table.nodes, node{name: "thead", nodes: []node{row("th", t.Header)}})
	}
	body := node{name: "tbody"}
	for _, r := range t.Rows {
		if len(r) > 0 {
			body.nodes = append(body.nodes, row("td", r))
		}
	}
	if len(body.nodes) == 0 {
		return n
	}
	table.nodes = append(table.nodes, body)
	return n.with(table)
}

// Add appends another narrative.
func (n Narrative) Add(other Narrative) Narrative {
	n = n.with(other.nodes...)
	n.problems = append(slices.Clip(n.problems), other.problems...)
	return n
}

func (n Narrative) with(nodes ...node) Narrative {
	n.nodes = append(slices.Clip(n.nodes), nodes...)
	return n
}

// IsZero reports whether nothing was put into the narrative.
func (n Narrative) IsZero() bool { return len(n.nodes) == 0 && len(n.problems) == 0 }

// Visible reports whether a reader sees something of it.
func (n Narrative) Visible() bool { return visibleIn(n.nodes) }

func visibleIn(nodes []node) bool {
	return slices.ContainsFunc(nodes, func(n node) bool {
		return strings.TrimSpace(n.text) != "" || n.name == "renderMultiMedia" || visibleIn(n.nodes)
	})
}

// media lists the attachments that the narrative shows.
func (n Narrative) media() []string {
	var out []string
	each(n.nodes, func(e node) {
		if e.name == "renderMultiMedia" {
			out = append(out, strings.Fields(e.attr("referencedObject"))...)
		}
	})
	return out
}

// repeatsID reports whether two elements have the same identifier.
func (n Narrative) repeatsID() (twice bool) {
	seen := map[string]bool{}
	each(n.nodes, func(e node) {
		if id := e.attr("ID"); id != "" {
			twice = twice || seen[id]
			seen[id] = true
		}
	})
	return twice
}

// hasTable reports whether there is a table anywhere.
func (n Narrative) hasTable() (found bool) {
	each(n.nodes, func(e node) { found = found || e.name == "table" })
	return found
}

// hasID reports whether an element has that identifier.
func (n Narrative) hasID(id string) (found bool) {
	each(n.nodes, func(e node) { found = found || e.attr("ID") == id })
	return found
}

func (n node) attr(name string) string {
	for i := 0; i+1 < len(n.attrs); i += 2 {
		if n.attrs[i] == name {
			return n.attrs[i+1]
		}
	}
	return ""
}

// each visits all elements, parents first.
func each(nodes []node, visit func(node)) {
	for _, n := range nodes {
		visit(n)
		each(n.nodes, visit)
	}
}

// Format writes a redacted form whatever the verb: a narrative is what a
// professional writes of a patient.
func (n Narrative) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("cda.Narrative(redacted)")) }

// LogValue makes slog write the redacted form.
func (n Narrative) LogValue() slog.Value { return slog.StringValue("cda.Narrative(redacted)") }

// broken is s with an element for each line break: a line feed means nothing
// in a narrative.
func broken(s string) []node {
	var out []node
	for i, l := range strings.Split(lines(s), "\n") {
		if i > 0 {
			out = append(out, node{name: "br"})
		}
		if l != "" {
			out = append(out, node{text: l})
		}
	}
	return out
}

// run is the text of an [Inline]: that of broken, with one blank where white
// space stood at its ends.
func run(s string) []node {
	const blank = " \t\r\n"
	out := broken(s)
	if s == "" {
		return out
	}
	if strings.Trim(s, blank) == "" {
		return []node{{text: " "}}
	}
	if first := &out[0]; strings.ContainsAny(s[:1], blank) && first.name == "" {
		first.text = " " + first.text
	}
	if last := &out[len(out)-1]; strings.ContainsAny(s[len(s)-1:], blank) && last.name == "" {
		last.text += " "
	}
	return out
}

// lines normalises the line ends of a text, cleans each line and drops blank
// ones at its ends.
func lines(s string) string {
	if strings.IndexByte(s, '\n') < 0 && strings.IndexByte(s, '\r') < 0 {
		return clean(s)
	}
	parts := strings.Split(lineEnds.Replace(s), "\n")
	for i, l := range parts {
		parts[i] = clean(l)
	}
	return strings.Trim(strings.Join(parts, "\n"), "\n")
}

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// oneLine is a text where a line break has no place.
func oneLine(s string) string { return clean(s) }

// codeWords is how a code stands in a text: its label, and the code itself.
func codeWords(display, code, system string) string {
	name := nos.SystemName(system)
	if name == "" {
		return display
	}
	return display + " [" + name + " " + code + "]"
}
