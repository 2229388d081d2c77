package cda_test

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/internal/xmlr"
)

func TestHTMLNarrative(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ text, want string }{
		"paragraph":         {`<paragraph>a<br/>b</paragraph>`, "<p>a<br/>b</p>"},
		"paragraph caption": {`<paragraph><caption>c</caption>a</paragraph>`, `<p><span class="caption">c</span>a</p>`},
		"styles":            {`<content styleCode="Bold Italics Underline Emphasis xBold">a</content>`, `<span class="b i u">a</span>`},
		"revised":           {`<content revised="delete">4</content><content revised="insert">5</content>`, `<del><span>4</span></del><ins><span>5</span></ins>`},
		"sub, sup":          {`H<sub>2</sub>O m<sup>2</sup>`, `H<sub>2</sub>O m<sup>2</sup>`},
		"lists": {`<list listType="ordered" styleCode="LittleRoman"><item>a<list styleCode="Square"><item>b</item></list></item></list>`,
			"<ol type=\"i\">\n<li>a<ul class=\"square\">\n<li>b</li>\n</ul>\n</li>\n</ol>"},
		"list caption": {`<list><caption>c</caption><item><caption>d</caption>a</item></list>`,
			"<p class=\"caption\">c</p><ul>\n<li><span class=\"caption\">d</span>a</li>\n</ul>"},
		"table": {`<table><caption>c</caption><colgroup><col/></colgroup><thead><tr><th ID="h">x</th></tr></thead><tfoot><tr><td>f</td></tr></tfoot>` +
			`<tbody><tr><th>y</th><td headers="h" colspan="2" rowspan="0" align="right" styleCode="Lrule">1</td></tr></tbody></table>`,
			"<table>\n<caption>c</caption>\n<thead>\n<tr><th scope=\"col\" id=\"n1\">x</th></tr>\n</thead>\n<tbody>\n<tr><th scope=\"row\">y</th>" +
				"<td class=\"lr ar\" colspan=\"2\" headers=\"n1\">1</td></tr>\n</tbody>\n<tfoot>\n<tr><td>f</td></tr>\n</tfoot>\n</table>"},
		"footnotes": {`a<footnote ID="f">n<footnote>deep</footnote></footnote> b<footnoteRef IDREF="f"/><footnoteRef IDREF="none"/>`,
			`a<sup id="r1"><a href="#f1" aria-label="Note 1">[1]</a></sup> b<sup><a href="#f1" aria-label="Note 1">[1]</a></sup><sup>[?]</sup>`},
		"note in a note":    {`a<footnote>n<footnote>deep</footnote></footnote>`, `<div class="note" id="f2"><a href="#r2" aria-label="Retour à l&#39;appel de note 2">[2]</a> deep</div>`},
		"link":              {`<linkHtml href="https://a.test/?x=1&amp;y=2">a</linkHtml>`, `<a href="https://a.test/?x=1&amp;y=2" rel="noopener noreferrer">a</a>`},
		"link with blanks":  {`<linkHtml href=" https://a.test/?x=1 &amp; y=2">a</linkHtml>`, `<a href="https://a.test/?x=1&amp;y=2" rel="noopener noreferrer">a</a>`},
		"link with a blank": {`<linkHtml href="https://a.test/?x=1 2">a</linkHtml>`, `<span>a</span> (lien non suivi)`},
		"controls":          {`a&#133;b&#155;`, "a\ufffdb\ufffd"},
		"block in a note":   {`<paragraph>a<footnote><list><item>b</item></list></footnote></paragraph>`, `<p>a<sup id="r1">`},
		"link forward":      {`<linkHtml href="#z">a</linkHtml><content ID="z">b</content>`, `<a href="#n1">a</a><span id="n1">b</span>`},
		"link to a name":    {`<linkHtml name="z">b</linkHtml><linkHtml href="#z">a</linkHtml>`, `<span id="n1">b</span><a href="#n1">a</a>`},
		"link to nothing":   {`<linkHtml href="#z">a</linkHtml>`, `<span>a</span> (lien non suivi)`},
		"link in a link":    {`<linkHtml href="http://a.test/">a<linkHtml href="http://b.test/">b</linkHtml></linkHtml>`, `<a href="http://a.test/" rel="noopener noreferrer">a<span>b</span></a>`},
		"language":          {`<content language="en-GB">a</content><content language="&quot;x">b</content>`, `<span lang="en-GB">a</span><span>b</span>`},
		"entities":          {`&lt;b&gt; &amp;amp; &#60;script&#62;`, `&lt;b&gt; &amp;amp; &lt;script&gt;`},
		"CDATA":             {`<![CDATA[<script>alert(1)</script>]]>`, `&lt;script&gt;alert(1)&lt;/script&gt;`},
		"unknown inside":    {`<paragraph>kyste<b>s</b></paragraph>`, `<p>kystes</p>`},
		"unknown blocks":    {`<h1>4</h1><h1>5</h1>`, "<div class=\"p\">4</div>\n<div class=\"p\">5</div>"},
		"unknown in a run":  {`<content>4<script>5</script></content>`, "<div>4<div class=\"p\">5</div>\n</div>"},
		"other namespace":   {`<x:table xmlns:x="http://www.w3.org/1999/xhtml"><x:tr>a</x:tr></x:table>`, "<div class=\"p\"><div class=\"p\">a</div>\n</div>"},
		"block in a run":    {`<content styleCode="Bold"><paragraph>a</paragraph></content>`, "<div class=\"b\"><p>a</p>\n</div>"},
		"table in paragraph": {`<paragraph>x<table><tbody><tr><td>a</td></tr></tbody></table></paragraph>`,
			"<div class=\"p\">x<table>\n<tbody>\n<tr><td>a</td></tr>\n</tbody>\n</table>\n</div>"},
		"table in link":      {`<linkHtml href="http://a.test/"><table><tbody><tr><td>a</td><td>b</td></tr></tbody></table></linkHtml>`, `<span class="p"><span class="p"><span class="p"><span class="p">a</span><span class="p">b</span>`},
		"text among rows":    {`<table>x<tr>y<td>a</td>z</tr><foo>w</foo></table>`, "<tr><td>x</td></tr>\n<tr><td>y</td><td>a</td><td>z</td></tr>\n<tr><td><div class=\"p\">w</div>\n</td></tr>"},
		"text in a group":    {`<table><tbody>x<td>a</td></tbody><thead>y</thead><thead>z</thead></table>`, "<tr><td>x</td></tr>"},
		"text among items":   {`<list>x<item>a</item>y<foo>z</foo></list>`, "<ul>\n<li>x</li><li>a</li>\n<li>y</li><li><div class=\"p\">z</div>\n</li>\n</ul>"},
		"link into columns":  {`<linkHtml href="#a">le lien</linkHtml><table><colgroup><content ID="a"/></colgroup><tr><td>1</td></tr></table>`, "<span>le lien</span> (lien non suivi)"},
		"cells out of place": {`<td>4</td><td>5</td>`, "<div class=\"p\">4</div>\n<div class=\"p\">5</div>"},
	} {
		page := showHTML(t, section3("<text>"+tc.text+"</text>"), cda.HTMLOptions{})
		has(t, page, tc.want, name)
	}
}

// Elements nested without end are text, and none of the text is lost.
func TestHTMLDepth(t *testing.T) {
	t.Parallel()
	for _, tags := range []string{"content", "paragraph", "list item", "table tbody tr td", "sub", "foo", "footnote"} {
		names := strings.Fields(tags)
		var b strings.Builder
		for i := range 200 {
			b.WriteString("<" + names[i%len(names)] + ">")
		}
		b.WriteString("le fond")
		for i := range 200 {
			b.WriteString("</" + names[len(names)-1-(i+len(names)-200%len(names))%len(names)] + ">")
		}
		page := showHTML(t, section3("<text>"+b.String()+"</text>"), cda.HTMLOptions{})
		assert.Contains(t, page.main, "le fond", tags)
		assert.LessOrEqual(t, strings.Count(page.raw, "<span"), 64, tags)
		assert.LessOrEqual(t, strings.Count(page.raw, "<sub"), 64, tags)
	}
	sections := strings.Repeat("<component><section><text>a</text>", 9) + strings.Repeat("</section></component>", 9)
	page := showHTML(t, section3(sections), cda.HTMLOptions{})
	assert.Equal(t, 6, strings.Count(page.raw, "<h6"))
}

// hostile are texts that would be markup, code or an address somewhere.
var hostile = []string{
	`"><script>alert(1)</script>`, `javascript:alert(1)`, ` java&#9;script:alert(1)`, `x' onload='alert(1)`, `x" onerror="alert(1)" style="x`,
	`data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==`, `}</style><script>alert(1)</script>`, `expression(alert(1));background:url(//evil.test)`,
	`&lt;img src=x onerror=alert(1)&gt;`, `</title></main><!--`, `]]>`, `//evil.test/x`, `https://user@evil.test/"onclick="x`, "vbscript:x", `#"><svg onload=alert(1)>`,
	"\u2028\u202e\u0085\u009b", `{{.}}`, `' or '1'='1`,
}

// Every text and every attribute of a document is replaced, all at once and one
// name after the other: the page stays one that the judge accepts.
func TestHTMLHostileDocuments(t *testing.T) {
	t.Parallel()
	inAttribute := regexp.MustCompile(`([A-Za-z0-9]+)="([^"]*)"`)
	inText := regexp.MustCompile(`>[^<]+<`)
	tags := regexp.MustCompile(`<[A-Za-z][^>]*>`)
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")
	for _, name := range []string{"level3-supplied", "level3-complete", "complete"} {
		b, err := os.ReadFile("testdata/" + name + ".xml")
		require.NoError(t, err)
		b = b[bytes.Index(b, []byte("<ClinicalDocument")):]
		var names []string
		for _, tag := range tags.FindAll(b, -1) {
			for _, a := range inAttribute.FindAllSubmatch(tag, -1) {
				if n := string(a[1]); !slices.Contains(names, n) && n != "xmlns" && n != "xsi" && n != "20" {
					names = append(names, n)
				}
			}
		}
		names = append(names, "*", "text")
		for i, payload := range hostile {
			for j, only := range names {
				if whole := only == "*" || only == "text"; name != "level3-supplied" && (!whole || i%3 != 0) || !whole && (i+j)%12 != 0 {
					continue // a share of the pairs is enough
				}
				doc := tags.ReplaceAllFunc(b, func(tag []byte) []byte {
					return inAttribute.ReplaceAllFunc(tag, func(a []byte) []byte {
						n, _, _ := bytes.Cut(a, []byte("="))
						if string(n) != only && (only != "*" || !slices.Contains(names, string(n))) {
							return a
						}
						return []byte(string(n) + `="` + escape.Replace(payload) + `"`)
					})
				})
				if only == "*" || only == "text" {
					doc = inText.ReplaceAll(doc, []byte(">"+strings.ReplaceAll(escape.Replace(payload), "$", "$$")+"<"))
				}
				p, err := cda.Parse(doc)
				require.NoError(t, err, "%s %s %q", name, only, payload)
				var page bytes.Buffer
				require.NoError(t, cda.HTML(&page, p, cda.HTMLOptions{}))
				if _, err := judge(page.Bytes(), cda.HTMLOptions{}); err != nil {
					t.Fatalf("%s, %s = %q: %v", name, only, payload, err)
				}
			}
		}
	}
}

func TestHTMLHostileNarratives(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`<script>alert(1)</script>`, `<style>*{background:url(//evil.test)}</style>`, `<iframe src="https://evil.test"/>`, `<object data="x.swf"/>`, `<svg onload="alert(1)"><a/></svg>`,
		`<paragraph onload="alert(1)" style="x:expression(alert(1))" class="skip" xml:base="javascript:" xml:lang="x" id="text">a</paragraph>`,
		`<linkHtml href="javascript:alert(1)">a</linkHtml>`, `<linkHtml href="JaVaScRiPt:alert(1)">a</linkHtml>`, `<linkHtml href="&#1` + `3;javascript:alert(1)">a</linkHtml>`,
		`<linkHtml href="data:text/html,x">a</linkHtml>`, `<linkHtml href="//evil.test">a</linkHtml>`, `<linkHtml href="mailto:a@b.test">a</linkHtml>`, `<linkHtml href="file:///etc/passwd">a</linkHtml>`,
		`<linkHtml href="https://a@evil.test/">a</linkHtml>`, `<linkHtml href="https:evil">a</linkHtml>`, `<linkHtml href="#text">a</linkHtml>`, `<linkHtml href="http://a.test" rel="opener" title="x" target="_top" ping="//evil.test">a</linkHtml>`,
		`<content ID="text">a</content><content ID="s1">b</content><content ID="s1">c</content>`, `<x:script xmlns:x="http://www.w3.org/1999/xhtml">alert(1)</x:script>`,
		`<base href="//evil.test"/>`, `<meta http-equiv="refresh" content="0"/>`, `<form action="//evil.test"><input name="x"/></form>`, `<table background="//evil.test" width="100000"><tbody><tr><td colspan="9999999999">a</td></tr></tbody></table>`,
		`<renderMultiMedia referencedObject="javascript:alert(1)"/>`, `<?php echo 1 ?><!-- <script> -->a`, `<a href="javascript:alert(1)">a</a>`, `<img src="x" onerror="alert(1)"/>`,
	} {
		page := showHTML(t, section3("<text>"+text+"</text>"), cda.HTMLOptions{})
		assert.NotContains(t, strings.ToLower(page.raw[strings.Index(page.raw, "<body"):]), "href=\"javascript", text)
	}
	page := showHTML(t, section3(`<text><linkHtml href="javascript:alert(1)">lien</linkHtml></text>`), cda.HTMLOptions{})
	has(t, page, "<span>lien</span> (lien non suivi)")
}

// runs are the texts that a reader must find.
func runs(doc []byte) (out []string, err error) {
	root, err := xmlr.Parse(doc, xmlr.Options{})
	if err != nil {
		return nil, err
	}
	for text := range root.Each("urn:hl7-org:v3", "component/structuredBody/component/section/text") {
		for n := range text.Walk() {
			out = append(out, n.Lead())
			if n != text {
				out = append(out, n.Tail())
			}
		}
	}
	return out, nil
}

// A page holds nothing but what a page may hold, and all of the text.
func FuzzHTML(f *testing.F) {
	for _, seed := range []string{
		"a", `<paragraph>a<br/>b</paragraph>`, `<list><item>a</item></list>`, `<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>b</td></tr></tbody></table>`,
		`<content ID="x" styleCode="Bold"><table>x<tr>y</tr></table></content>`, `<footnote>a<footnoteRef IDREF="x"/></footnote>`, `<linkHtml href="javascript:x">a</linkHtml>`,
		`<renderMultiMedia referencedObject="m"><caption>a</caption></renderMultiMedia></text><entry><observationMedia ID="m"><value mediaType="image/gif">R0lGODlhAQABAAAAACw=</value></observationMedia></entry><text>`,
		`<caption><paragraph>a</paragraph></caption><sub><list><item>b</item></list></sub>`, `<![CDATA[<script>]]>`, `</text></section></component><component><section><text>`,
		`<col>a</col><tr><th>b</th></tr><br>c</br>`, `<table><caption>a<table><tr><td>b</td></tr></table></caption><col>c</col><tbody><caption>d</caption></tbody></table>`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		doc := section3("<text>" + text + "</text>")
		p, err := cda.Parse(doc)
		if err != nil {
			return
		}
		want, err := runs(doc)
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := cda.HTML(&b, p, cda.HTMLOptions{}); err != nil {
			t.Fatal(err)
		}
		page, err := judge(b.Bytes(), cda.HTMLOptions{})
		if err != nil {
			t.Fatal(err, b.String())
		}
		main := squeezed(page.main)
		for _, s := range want {
			if !strings.Contains(main, squeezed(s)) {
				t.Fatal(fmt.Sprintf("%q is not on the page", s), b.String())
			}
		}
	})
}
