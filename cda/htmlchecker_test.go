package cda_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/cda"
)

// showHTML renders a document and judges the page.
func showHTML(tb testing.TB, doc []byte, o cda.HTMLOptions) *shownPage {
	tb.Helper()
	p, err := cda.Parse(doc)
	require.NoError(tb, err)
	var out bytes.Buffer
	require.NoError(tb, cda.HTML(&out, p, o))
	page, err := judge(out.Bytes(), o)
	if err != nil {
		tb.Fatalf("%v\n%.6000s", err, out.String())
	}
	return page
}

// shownPage is a page that was judged.
type shownPage struct {
	raw  string
	main string // the text of main
	text string // all text
	used map[string]bool
}

// elements are all that a page may hold, with their attributes.
var elements = map[string]string{
	"html": "xmlns lang xml:lang", "head": "", "meta": "charset http-equiv content name", "title": "", "style": "", "body": "",
	"header": "", "nav": "aria-labelledby", "main": "id lang", "footer": "", "section": "aria-labelledby", "aside": "class aria-label",
	"h1": "lang", "h2": "id", "h3": "id", "h4": "id", "h5": "id", "h6": "id", "p": "id lang class", "div": "id lang class", "span": "id lang class",
	"dl": "", "dt": "", "dd": "", "strong": "", "br": "", "sub": "id lang", "sup": "id lang", "ins": "", "del": "",
	"a":  "id lang class href rel download aria-label",
	"ul": "id lang class", "ol": "id lang type", "li": "id lang class",
	"table": "id lang class", "caption": "id lang", "thead": "id lang class", "tbody": "id lang class", "tfoot": "id lang class", "tr": "id lang class",
	"th": "id lang class colspan rowspan headers scope", "td": "id lang class colspan rowspan headers",
	"img": "src alt class", "object": "type data aria-label",
}

// Where elements may stand: a reader of HTML would move others elsewhere.
const (
	inlines = "a span strong br sub sup ins del img "
	flows   = inlines + "p div ul ol table section aside h2 h3 h4 h5 h6 dl object "
)

var mayHold = map[string]string{
	"": "html", "html": "head body", "head": "meta title style", "body": "a header nav main footer", "header": "h1 p section", "nav": "h2 ul",
	"main": flows, "footer": "section", "section": flows, "aside": "div", "div": flows + "dt dd ", "dl": "div", "dd": inlines,
	"p": inlines, "span": inlines, "strong": inlines, "sub": inlines, "sup": inlines, "a": inlines, "caption": inlines, "ins": flows, "del": flows,
	"ul": "li", "ol": "li", "li": flows, "table": "caption thead tbody tfoot", "thead": "tr", "tbody": "tr", "tfoot": "tr", "tr": "th td", "th": flows, "td": flows,
}

var (
	pageID     = regexp.MustCompile(`^([nsfr][1-9][0-9]*|text|h-(patient|examination|people|document|contents))$`)
	pageClass  = regexp.MustCompile(`^(skip|hint|kind|notice|symbol|p|b|i|u|ac|ar|aj|lr|rr|tr|br|disc|circle|square|notes|note|plain|media|caption|paper)$`)
	pageLang   = regexp.MustCompile(`^[A-Za-z0-9]{1,8}(-[A-Za-z0-9]{1,8})*$`)
	pageNumber = regexp.MustCompile(`^[1-9][0-9]{0,3}$`)
	dataPDF    = regexp.MustCompile(`^data:application/pdf;base64,[A-Za-z0-9+/]+=*$`)
	dataImage  = regexp.MustCompile(`^data:image/(png|jpeg|gif);base64,[A-Za-z0-9+/]+=*$`)
	webLink    = regexp.MustCompile(`^https?://[^/\s"'<>@]+`)
)

// judge reads a page as XML, strictly, and refuses whatever a page has no reason
// to hold.
func judge(page []byte, o cda.HTMLOptions) (*shownPage, error) {
	out := &shownPage{raw: string(page), used: map[string]bool{}}
	rest, ok := bytes.CutPrefix(page, []byte("<!DOCTYPE html>\n"))
	if !ok {
		return nil, errors.New("no doctype")
	}
	for _, never := range []string{"<!", "<?", "]]>"} {
		if bytes.Contains(rest, []byte(never)) {
			return nil, errors.New("the page holds " + never)
		}
	}
	d := xml.NewDecoder(bytes.NewReader(rest))
	var stack, refs []string
	ids := map[string]bool{}
	policies := 0
	var text, body strings.Builder
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		parent := ""
		if len(stack) > 0 {
			parent = stack[len(stack)-1]
		}
		switch t := t.(type) {
		case xml.StartElement:
			name := t.Name.Local
			allowed, known := elements[name]
			if !known || !slices.Contains(strings.Fields(mayHold[parent]), name) {
				return nil, fmt.Errorf("%s in %q", name, parent)
			}
			if slices.Contains(stack, "a") && (name == "a" || name == "object") || slices.Contains(stack, "p") && !strings.Contains(inlines, name+" ") {
				return nil, fmt.Errorf("%s in %v", name, stack)
			}
			for _, a := range t.Attr {
				n := a.Name.Local
				if a.Name.Space == "http://www.w3.org/XML/1998/namespace" || a.Name.Space == "xml" {
					n = "xml:" + n
				} else if a.Name.Space != "" {
					return nil, errors.New("an attribute in a namespace")
				}
				if !slices.Contains(strings.Fields(allowed), n) {
					return nil, fmt.Errorf("attribute %s of %s", n, name)
				}
				if n == "http-equiv" {
					if policies++; a.Value != "Content-Security-Policy" || !strings.HasPrefix(t.Attr[1].Value, "default-src 'none'; base-uri 'none'; form-action 'none'") {
						return nil, errors.New("the policy is another one")
					}
				}
				if err := judgeValue(t, n, a.Value, ids, &refs, o); err != nil {
					return nil, err
				}
			}
			out.used[name] = true
			stack = append(stack, name)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			if s := string(t); strings.TrimSpace(s) != "" {
				if slices.Contains(strings.Fields("html head dl ul ol table thead tbody tfoot tr header nav body footer"), parent) {
					return nil, fmt.Errorf("text in %s", parent)
				}
				if parent != "style" {
					text.WriteString(s + " ")
				}
				if slices.Contains(stack, "main") {
					body.WriteString(s)
				}
			}
		}
	}
	for _, r := range refs {
		if !ids[r] {
			return nil, errors.New("a link to " + r + ", which is not on the page")
		}
	}
	if policies != 1 {
		return nil, errors.New("not one policy")
	}
	out.text, out.main = strings.Join(strings.Fields(text.String()), " "), body.String()
	return out, nil
}

func judgeValue(e xml.StartElement, name, v string, ids map[string]bool, refs *[]string, o cda.HTMLOptions) error {
	bad := func() error { return fmt.Errorf("%s=%q of %s", name, v[:min(len(v), 200)], e.Name.Local) }
	served := o.Attachment != nil && strings.HasPrefix(v, "/attachments/")
	switch name {
	case "id":
		if !pageID.MatchString(v) || ids[v] {
			return bad()
		}
		ids[v] = true
	case "headers", "aria-labelledby":
		*refs = append(*refs, strings.Fields(v)...)
	case "class":
		for _, c := range strings.Fields(v) {
			if !pageClass.MatchString(c) {
				return bad()
			}
		}
	case "lang", "xml:lang":
		if !pageLang.MatchString(v) {
			return bad()
		}
	case "colspan", "rowspan":
		if !pageNumber.MatchString(v) {
			return bad()
		}
	case "scope", "type", "rel", "download":
		if !slices.Contains([]string{"row", "col", "rowgroup", "colgroup", "i", "I", "a", "A", "application/pdf", "noopener noreferrer", "document.pdf"}, v) {
			return bad()
		}
	case "src":
		if !dataImage.MatchString(v) {
			return bad()
		}
	case "data":
		if !dataPDF.MatchString(v) && !served {
			return bad()
		}
	case "href":
		has := func(attr string) bool {
			return slices.ContainsFunc(e.Attr, func(a xml.Attr) bool { return a.Name.Local == attr })
		}
		local, isLocal := strings.CutPrefix(v, "#")
		switch {
		case isLocal:
			*refs = append(*refs, local)
		case dataPDF.MatchString(v) && has("download"), served:
		case webLink.MatchString(v) && has("rel"):
		default:
			return bad()
		}
	}
	return nil
}

// squeezed is a text without white space and as a page escapes it, so that runs
// can be looked for.
func squeezed(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r) && r != 0x85:
			return -1
		case r >= 0x7f && r < 0xa0:
			return '\ufffd'
		}
		return r
	}, s)
}
