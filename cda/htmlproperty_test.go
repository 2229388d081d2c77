package cda_test

import (
	"bytes"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/segur-sdk/segur/cda"
)

// drawNarrative writes elements of a narrative, and others, in any order: what
// no schema allows, and what foreign systems write.
func drawNarrative(t *rapid.T, b *strings.Builder, left *int, depth int) {
	names := []string{"content", "linkHtml", "sub", "sup", "br", "footnote", "footnoteRef", "renderMultiMedia", "paragraph", "list", "item", "caption", "table",
		"colgroup", "col", "thead", "tfoot", "tbody", "tr", "th", "td", "b", "script", "p"}
	attrs := []string{"", ` ID="a"`, ` ID="b"`, ` ID="c"`, ` href="#a"`, ` href="https://a.test/"`, ` IDREF="a"`, ` IDREF="b"`, ` referencedObject="m a"`, ` headers="a b"`,
		` styleCode="Bold BigAlpha"`, ` listType="ordered"`, ` revised="delete"`, ` scope="row" colspan="3"`, ` language="fr"`, ` name="c"`, ` align="center" style="x" onclick="x"`}
	for range rapid.IntRange(0, 4).Draw(t, "children") {
		if *left--; *left < 0 {
			return
		}
		if depth == 0 || rapid.IntRange(0, 3).Draw(t, "kind") == 0 {
			b.WriteString("t" + strconv.Itoa(*left) + "&lt; ")
			continue
		}
		name := rapid.SampledFrom(names).Draw(t, "name")
		b.WriteString("<" + name + rapid.SampledFrom(attrs).Draw(t, "attr") + ">")
		drawNarrative(t, b, left, depth-1)
		b.WriteString("</" + name + ">")
	}
}

func TestHTMLOfAnyNarrative(t *testing.T) {
	t.Parallel()
	const attached = `<entry><observationMedia ID="m"><value mediaType="application/pdf" representation="B64">JVBERi0xLjQKJSVFT0YK</value></observationMedia></entry>`
	rapid.Check(t, func(r *rapid.T) {
		var b strings.Builder
		left := 60
		drawNarrative(r, &b, &left, 8)
		doc := section3("<text>" + b.String() + "</text>" + attached)
		p, err := cda.Parse(doc)
		if err != nil {
			r.Fatal(err)
		}
		var page bytes.Buffer
		if err := cda.HTML(&page, p, cda.HTMLOptions{}); err != nil {
			r.Fatal(err)
		}
		shown, err := judge(page.Bytes(), cda.HTMLOptions{})
		if err != nil {
			r.Fatal(err, b.String(), page.String()[strings.Index(page.String(), "<main"):])
		}
		want, err := runs(doc)
		if err != nil {
			r.Fatal(err)
		}
		main := squeezed(shown.main)
		for _, s := range want {
			if !strings.Contains(main, squeezed(s)) {
				r.Fatalf("%q of %s is not on the page", s, b.String())
			}
		}
	})
}
