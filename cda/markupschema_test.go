package cda_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segur-sdk/segur/cda"
)

// anyMarkup draws fragments of the vocabulary of narratives, many of them wrong:
// what Markup takes of them, the schema must take too.
var anyMarkup = rapid.Custom(func(t *rapid.T) string {
	names := []string{"content", "linkHtml", "sub", "sup", "br", "footnote", "renderMultiMedia", "paragraph", "list", "item", "table", "caption",
		"col", "colgroup", "thead", "tfoot", "tbody", "tr", "th", "td"}
	likely := map[string][]string{"list": {"item", "caption"}, "table": {"tbody", "thead", "caption", "col", "colgroup", "tfoot"},
		"tbody": {"tr"}, "thead": {"tr"}, "tfoot": {"tr"}, "tr": {"td", "th"}, "colgroup": {"col"}, "paragraph": {"content", "br", "sub", "linkHtml", "caption"},
		"item": {"content", "paragraph", "list"}, "td": {"content", "paragraph", "list"}, "br": {}, "col": {}, "sub": {}, "sup": {}}
	attrs := map[string][]string{"styleCode": {"Bold", "Bold Italics", "a;b", ""}, "language": {"fr", "fr-FR", "f r"}, "revised": {"insert", "x"},
		"listType": {"ordered", "x"}, "align": {"left", "x"}, "valign": {"top", "x"}, "scope": {"row", "x"}, "border": {"1", ""}, "frame": {"box", "x"},
		"rules": {"all", "x"}, "rowspan": {"2", "x"}, "width": {"50%"}, "href": {"https://x.test/", "x"}, "title": {"t"}, "span": {"2"}, "summary": {"s"},
		"referencedObject": {"cle"}, "abbr": {"a"}, "char": {"."}}
	var b strings.Builder
	var draw func(inside string, depth int)
	draw = func(inside string, depth int) {
		children, closed := likely[inside]
		if !closed || rapid.IntRange(0, 15).Draw(t, "odd") == 0 {
			children = names
		}
		for range rapid.IntRange(0, 3).Draw(t, "children") {
			if rapid.IntRange(0, 3).Draw(t, "text") == 0 || len(children) == 0 || depth == 0 {
				if !closed || inside == "paragraph" || inside == "item" || inside == "td" || inside == "sub" {
					b.WriteString("x")
				}
				continue
			}
			name := rapid.SampledFrom(children).Draw(t, "name")
			b.WriteString("<" + name)
			if name == "renderMultiMedia" {
				b.WriteString(` referencedObject="cle"`)
			} else if rapid.IntRange(0, 4).Draw(t, "attribute") == 0 {
				a := rapid.SampledFrom([]string{"styleCode", "language", "revised", "listType", "align", "valign", "scope", "border", "frame", "rules",
					"rowspan", "width", "href", "title", "span", "summary", "abbr", "char"}).Draw(t, "attr")
				b.WriteString(" " + a + `="` + rapid.SampledFrom(attrs[a]).Draw(t, "value") + `"`)
			}
			b.WriteString(">")
			draw(name, depth-1)
			b.WriteString("</" + name + ">")
		}
	}
	draw("text", 6)
	return b.String()
})

// schemaNarrative is a narrative of all that Markup takes of many fragments.
func schemaNarrative(tb testing.TB) (all cda.Narrative, taken int) {
	tb.Helper()
	r, s := chest(tb)
	w := newWriter(tb, allowAnyPDF)
	for i := range 1500 {
		s.Results = cda.Markup(anyMarkup.Example(i))
		if _, err := w.Level3(r, s); err == nil && !s.Results.IsZero() {
			all = all.Add(s.Results)
			taken++
		}
	}
	require.Greater(tb, taken, 200)
	return all, taken
}
