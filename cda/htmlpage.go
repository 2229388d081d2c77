package cda

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strings"
	"unicode/utf8"
)

// The methods below are the only ones that write to a page. Names of elements
// and of attributes are constants of this package; texts and values are
// escaped, whatever they hold.

// raw writes markup of this package.
func (p *page) raw(markup string) { _, _ = p.w.WriteString(markup) }

func (p *page) line() { _ = p.w.WriteByte('\n') }

// open writes a start tag. Attributes are name, value pairs; one without value
// is left out.
func (p *page) open(tag string, attrs ...string) {
	p.tag(tag, attrs)
	_ = p.w.WriteByte('>')
}

// void writes an element that holds nothing, in the form that HTML and XML
// share.
func (p *page) void(tag string, attrs ...string) {
	p.tag(tag, attrs)
	p.raw("/>")
	if tag == "meta" {
		p.line()
	}
}

func (p *page) tag(tag string, attrs []string) {
	_ = p.w.WriteByte('<')
	p.raw(tag)
	for i := 0; i+1 < len(attrs); i += 2 {
		if attrs[i+1] == "" && attrs[i] != "alt" {
			continue
		}
		_ = p.w.WriteByte(' ')
		p.raw(attrs[i])
		p.raw(`="`)
		p.text(attrs[i+1])
		_ = p.w.WriteByte('"')
	}
}

func (p *page) shut(tag string) {
	p.raw("</")
	p.raw(tag)
	_ = p.w.WriteByte('>')
}

// elem writes an element that holds a text.
func (p *page) elem(tag, text string, attrs ...string) {
	p.open(tag, attrs...)
	p.text(text)
	p.shut(tag)
}

// text writes a text, or the value of an attribute between quotes.
func (p *page) text(s string) {
	from := 0
	for i := 0; i < len(s); {
		r, size := rune(s[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(s[i:])
		}
		if instead := escape(r, size); instead != "" {
			p.raw(s[from:i])
			p.raw(instead)
			from = i + size
		}
		i += size
	}
	p.raw(s[from:])
}

// escape is what stands for a character, "" for itself. What XML has no place
// for, and what is no UTF-8, becomes the replacement character.
func escape(r rune, size int) string {
	switch {
	case r == '&':
		return "&amp;"
	case r == '<':
		return "&lt;"
	case r == '>':
		return "&gt;"
	case r == '"':
		return "&#34;"
	case r == '\'':
		return "&#39;"
	case r == '\r':
		return "\n"
	case r < ' ' && r != '\t' && r != '\n', r == utf8.RuneError && size == 1, r == 0xfffe, r == 0xffff, r >= 0x7f && r < 0xa0:
		return "\ufffd"
	}
	return ""
}

// data writes the start of an element with one attribute that holds a content,
// then its other attributes, and leaves the tag open: the caller ends it.
func (p *page) data(tag, attr, mediaType string, content []byte, attrs ...string) {
	p.tag(tag, attrs)
	p.raw(" " + attr + `="data:` + mediaType + ";base64,")
	e := base64.NewEncoder(base64.StdEncoding, p.w)
	_, _ = e.Write(content) // p.w keeps its error
	_ = e.Close()
	p.raw(`"`)
}

// address lets pass the addresses that the Attachment option may give.
func address(href string) string {
	u, err := url.Parse(href)
	if err != nil || strings.ContainsAny(href, " \\\t\r\n") {
		return ""
	}
	switch u.Scheme {
	case "", "http", "https":
		return href
	}
	return ""
}

// policy is the Content-Security-Policy of the page: its own style sheet, known
// by its digest, images and PDF that it holds, and nothing else.
func (p *page) policy() string {
	s := "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; style-src '" + styleDigest + "'"
	if p.doc.Level == 1 {
		from := "data:"
		if p.o.Attachment != nil {
			from = "data: 'self'"
		}
		s += "; object-src " + from + "; frame-src " + from
	}
	return s
}

var styleDigest = func() string {
	sum := sha256.Sum256([]byte(styleSheet))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}()

// styleSheet holds neither '<' nor '&', so that it is the same text for readers
// of HTML and of XML. Contrasts are 7 to 1 or better (WCAG 2.2, AAA).
const styleSheet = `
html{color-scheme:light}
body{margin:0 auto;padding:1rem;max-width:56rem;background:#fff;color:#1a1a1a;font:1rem/1.5 system-ui,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;overflow-wrap:break-word}
h1{font-size:1.6rem;line-height:1.25;margin:.2em 0}
h2{font-size:1.25rem;margin:1.2em 0 .4em;border-bottom:2px solid #1f4e79;color:#1f4e79}
h3{font-size:1.1rem;margin:1em 0 .3em;color:#1f4e79}
h4,h5,h6{font-size:1rem;margin:.8em 0 .2em}
a{color:#0b4584}
a:focus-visible{outline:3px solid #b34700;outline-offset:2px}
p,ul,ol{margin:.4em 0}
div.p{margin:.4em 0}
.skip{position:absolute;left:-999em}
.skip:focus{position:static}
.hint,.kind{color:#454545}
.notice{border-left:.4rem solid #8a3b00;background:#fff4e8;padding:.4rem .8rem;margin:.6rem 0}
.symbol{float:right;margin:0 0 .5rem 1rem;image-rendering:pixelated;max-width:40%}
dl{margin:.3em 0}
dl div{display:grid;grid-template-columns:15rem 1fr;column-gap:1rem;padding:.1rem 0}
dt{color:#454545}
dd{margin:0}
table{border-collapse:collapse;margin:.6em 0;max-width:100%}
th,td{border:1px solid #767676;padding:.25rem .5rem;text-align:left;vertical-align:top}
thead th{background:#eaf0f6}
caption,.caption{font-weight:bold;text-align:left}
.caption,span.p,.media{display:block}
.b{font-weight:bold}
.i{font-style:italic}
.u{text-decoration:underline}
.ac{text-align:center}
.ar{text-align:right}
.aj{text-align:justify}
.lr{border-left-width:3px}
.rr{border-right-width:3px}
.tr{border-top-width:3px}
.br{border-bottom-width:3px}
.disc{list-style-type:disc}
.circle{list-style-type:circle}
.square{list-style-type:square}
.notes{border-top:1px solid #767676;font-size:.9rem;margin:.8em 0}
.plain{white-space:pre-wrap}
.media img{max-width:100%;height:auto}
object{width:100%;height:80vh;border:1px solid #767676}
footer{margin-top:2rem;border-top:2px solid #1f4e79;font-size:.9rem}
.paper{display:none}
:target{background:#fff4c2}
@media (max-width:40rem){dl div{grid-template-columns:1fr}}
@page{margin:15mm}
@media print{
body{max-width:none;padding:0;font-size:10.5pt;color:#000}
.skip,nav,object{display:none}
.paper{display:block}
h1,h2,h3,h4,h5,h6,caption,.caption{break-after:avoid}
tr,img,li,dl div,.note,.notice{break-inside:avoid}
thead{display:table-header-group}
p{orphans:3;widows:3}
a{color:#000}
main a[href^="http"]::after{content:" (" attr(href) ")";font-size:.85em}
}
`
