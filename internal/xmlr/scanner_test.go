package xmlr_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/internal/xmlr"
)

func ExampleScanner() {
	s := xmlr.NewScanner([]byte(`<r xmlns="urn:r"><code v="A&amp;B"/>text</r>`), xmlr.Options{})
	for s.Next() {
		switch s.Kind() {
		case xmlr.StartElement:
			if s.Is("urn:r", "code") {
				v, _ := s.Attr("", "v")
				fmt.Printf("code %s\n", v)
			}
		case xmlr.Text:
			fmt.Printf("%s\n", s.TextValue())
		}
	}
	fmt.Println(s.Err())
	// Output:
	// code A&B
	// text
	// <nil>
}

// events renders what a Scanner reports, for comparison.
func events(doc string, o xmlr.Options) (string, error) {
	s := xmlr.NewScanner([]byte(doc), o)
	var b strings.Builder
	for s.Next() {
		switch s.Kind() {
		case xmlr.StartElement:
			fmt.Fprintf(&b, "<{%s}%s|%s", s.Space(), s.Local(), s.Prefix())
			for i := range s.NumAttr() {
				space, local := s.AttrName(i)
				fmt.Fprintf(&b, " {%s}%s=%q", space, local, s.AttrValue(i))
			}
			b.WriteString(">")
		case xmlr.EndElement:
			fmt.Fprintf(&b, "</{%s}%s %d>", s.Space(), s.Local(), s.Depth())
		case xmlr.Text:
			fmt.Fprintf(&b, "T%q", s.TextValue())
		case xmlr.Comment:
			fmt.Fprintf(&b, "C%q", s.TextValue())
		case xmlr.PI:
			fmt.Fprintf(&b, "P%s%q", s.Target(), s.TextValue())
		}
	}
	return b.String(), s.Err()
}

func TestScannerEvents(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ doc, want string }{
		"empty": {"<a/>", "<{}a|></{}a 1>"},
		"names": {`<p:a xmlns:p="urn:p" xmlns="urn:d" q="1" p:q="2" xml:lang="fr"><b/><p:c xmlns:p="urn:q"/></p:a >`,
			`<{urn:p}a|p {}q="1" {urn:p}q="2" {http://www.w3.org/XML/1998/namespace}lang="fr"><{urn:d}b|></{urn:d}b 2>` +
				`<{urn:q}c|p></{urn:q}c 2></{urn:p}a 1>`},
		"text":        {"<a>x\r\ny\rz&#13;&lt;&#x1D11E;<![CDATA[&<\r\n]]>é</a>", `<{}a|>T"x\ny\nz\r<𝄞"T"&<\n"T"é"</{}a 1>`},
		"values":      {"<a b=' \t\r\n\r&#9;&#10;&quot;\"é'/>", `<{}a| {}b="    \t\n\"\"é"></{}a 1>`},
		"around":      {"\xEF\xBB\xBF<?xml version=\"1.0\"?><!--c--><?p  d ?><a>]]</a>\n<!---->", `C"c"Pp"d "<{}a|>T"]]"</{}a 1>C""`},
		"declaration": {"<?xml\tversion = '1.0'\nencoding='utf-8' standalone='no'?><a/>", "<{}a|></{}a 1>"},
		"not xml":     {"<?xml-stylesheet a?><a/>", `Pxml-stylesheet"a"<{}a|></{}a 1>`},
		"gt in value": {`<a b=">"/>`, `<{}a| {}b=">"></{}a 1>`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := events(tc.doc, xmlr.Options{})
			require.NoError(t, err)
			require.Equal(t, tc.want, got)
		})
	}
}

func TestScannerRefuses(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("<a>", 300) + strings.Repeat("</a>", 300)
	tests := map[string]struct {
		doc  string
		o    xmlr.Options
		rule xmlr.Rule
		at   int
	}{
		"nothing":                  {"", xmlr.Options{}, xmlr.RuleTruncated, 0},
		"white space":              {" \n", xmlr.Options{}, xmlr.RuleTruncated, 2},
		"doctype":                  {`<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>`, xmlr.Options{}, xmlr.RuleDoctype, 0},
		"late doctype":             {"<a/><!DOCTYPE a>", xmlr.Options{}, xmlr.RuleDoctype, 4},
		"other declaration":        {"<a><!ELEMENT b></a>", xmlr.Options{}, xmlr.RuleSyntax, 3},
		"entity":                   {"<a>&eacute;</a>", xmlr.Options{}, xmlr.RuleEntity, 3},
		"entity in value":          {"<a b='&x;'/>", xmlr.Options{}, xmlr.RuleEntity, 6},
		"bare ampersand":           {"<a>a & b</a>", xmlr.Options{}, xmlr.RuleEntity, 5},
		"reference to NUL":         {"<a>&#0;</a>", xmlr.Options{}, xmlr.RuleEntity, 3},
		"reference to FFFF":        {"<a>&#xFFFF;</a>", xmlr.Options{}, xmlr.RuleEntity, 3},
		"reference to a surrogate": {"<a>&#xD800;</a>", xmlr.Options{}, xmlr.RuleEntity, 3},
		"huge reference":           {"<a>&#x110000;</a>", xmlr.Options{}, xmlr.RuleEntity, 3},
		"upper case X":             {"<a>&#X41;</a>", xmlr.Options{}, xmlr.RuleEntity, 3},
		"empty reference":          {"<a>&#;</a>", xmlr.Options{}, xmlr.RuleEntity, 3},
		"control":                  {"<a>x\x01</a>", xmlr.Options{}, xmlr.RuleCharacter, 4},
		"control in value":         {"<a b='\x01'/>", xmlr.Options{}, xmlr.RuleCharacter, 6},
		"control in comment":       {"<a><!--\x01--></a>", xmlr.Options{}, xmlr.RuleCharacter, 7},
		"U+FFFE":                   {"<a>\uFFFE</a>", xmlr.Options{}, xmlr.RuleCharacter, 3},
		"bad UTF-8":                {"<a>\xC3(</a>", xmlr.Options{}, xmlr.RuleEncoding, 3},
		"overlong":                 {"<a>\xC0\xBC</a>", xmlr.Options{}, xmlr.RuleEncoding, 3},
		"surrogate":                {"<a b='\xED\xA0\x80'/>", xmlr.Options{}, xmlr.RuleEncoding, 6},
		"latin-1":                  {"<?xml version='1.0' encoding='ISO-8859-1'?><a/>", xmlr.Options{}, xmlr.RuleEncoding, 0},
		"UTF-16":                   {"\xFF\xFE<\x00a\x00", xmlr.Options{}, xmlr.RuleEncoding, 0},
		"XML 1.1":                  {"<?xml version='1.1'?><a/>", xmlr.Options{}, xmlr.RuleSyntax, 0},
		"declaration order":        {"<?xml encoding='UTF-8' version='1.0'?><a/>", xmlr.Options{}, xmlr.RuleSyntax, 0},
		"late declaration":         {" <?xml version='1.0'?><a/>", xmlr.Options{}, xmlr.RuleSyntax, 1},
		"less-than in value":       {"<a b='<'/>", xmlr.Options{}, xmlr.RuleSyntax, 6},
		"no quotes":                {"<a b=c/>", xmlr.Options{}, xmlr.RuleSyntax, 5},
		"no value":                 {"<a b/>", xmlr.Options{}, xmlr.RuleSyntax, 4},
		"no space":                 {"<a b='1'c='2'/>", xmlr.Options{}, xmlr.RuleSyntax, 8},
		"slash":                    {"<a / >", xmlr.Options{}, xmlr.RuleSyntax, 3},
		"attribute twice":          {"<a b='1' c='' b='2'/>", xmlr.Options{}, xmlr.RuleAttribute, 14},
		"expanded name twice":      {"<a xmlns:p='urn:p' xmlns:q='urn:p' p:b='1' q:b='2'/>", xmlr.Options{}, xmlr.RuleAttribute, 43},
		"declaration twice":        {"<a xmlns:p='urn:p' xmlns:p='urn:q'/>", xmlr.Options{}, xmlr.RuleAttribute, 19},
		"undeclared prefix":        {"<p:a/>", xmlr.Options{}, xmlr.RuleNamespace, 0},
		"undeclared attribute":     {"<a p:b=''/>", xmlr.Options{}, xmlr.RuleNamespace, 3},
		"out of scope":             {"<a><p:b xmlns:p='urn:p'/><p:c/></a>", xmlr.Options{}, xmlr.RuleNamespace, 25},
		"prefix undeclared again":  {"<a xmlns:p=''/>", xmlr.Options{}, xmlr.RuleNamespace, 3},
		"xml rebound":              {"<a xmlns:xml='urn:p'/>", xmlr.Options{}, xmlr.RuleNamespace, 3},
		"xmlns bound":              {"<a xmlns:xmlns='urn:p'/>", xmlr.Options{}, xmlr.RuleNamespace, 3},
		"xml namespace stolen":     {"<a xmlns='http://www.w3.org/XML/1998/namespace'/>", xmlr.Options{}, xmlr.RuleNamespace, 3},
		"two colons":               {"<a:b:c/>", xmlr.Options{}, xmlr.RuleNamespace, 4},
		"name":                     {"<1a/>", xmlr.Options{}, xmlr.RuleSyntax, 1},
		"mismatch":                 {"<a><b></a></b>", xmlr.Options{}, xmlr.RuleSyntax, 6},
		"longer end tag":           {"<a></ab>", xmlr.Options{}, xmlr.RuleSyntax, 3},
		"end without start":        {"<a/></a>", xmlr.Options{}, xmlr.RuleSyntax, 4},
		"two roots":                {"<a/><b/>", xmlr.Options{}, xmlr.RuleSyntax, 4},
		"text after":               {"<a/>x", xmlr.Options{}, xmlr.RuleSyntax, 4},
		"CDATA outside":            {"<a/><![CDATA[x]]>", xmlr.Options{}, xmlr.RuleSyntax, 4},
		"CDATA end in text":        {"<a>x]]></a>", xmlr.Options{}, xmlr.RuleSyntax, 4},
		"comment":                  {"<a><!-- -- --></a>", xmlr.Options{}, xmlr.RuleSyntax, 8},
		"PI colon":                 {"<a><?p:q?></a>", xmlr.Options{}, xmlr.RuleNamespace, 3},
		"too deep":                 {deep, xmlr.Options{}, xmlr.RuleLimit, 768},
		"too deep, set":            {"<a><b/></a>", xmlr.Options{MaxDepth: 1}, xmlr.RuleLimit, 3},
		"too many elements":        {"<a><b/><b/></a>", xmlr.Options{MaxElements: 2}, xmlr.RuleLimit, 7},
		"too many attributes":      {"<a b='' c=''/>", xmlr.Options{MaxAttrs: 1}, xmlr.RuleLimit, 8},
		"too many declarations":    {"<a xmlns:b='urn:b' xmlns:c='urn:b'/>", xmlr.Options{MaxNS: 1}, xmlr.RuleLimit, 19},
		"name too long":            {"<abcd/>", xmlr.Options{MaxName: 3}, xmlr.RuleLimit, 1},
		"too large":                {"<a></a>", xmlr.Options{MaxBytes: 6}, xmlr.RuleLimit, 0},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := events(tc.doc, tc.o)
			var e *xmlr.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, tc.rule, e.Rule, "%v", e)
			require.Equal(t, tc.at, e.Offset, "%v", e)
			_, err = xmlr.Parse([]byte(tc.doc), tc.o)
			require.EqualError(t, err, e.Error())
			out, err := xmlr.Canonicalize(nil, []byte(tc.doc), xmlr.Canonical{Limits: tc.o})
			require.EqualError(t, err, e.Error(), "%s", out)
		})
	}
}

func TestErrorPosition(t *testing.T) {
	t.Parallel()
	_, err := xmlr.Parse([]byte("<a>\r\n é\x01</a>"), xmlr.Options{})
	var e *xmlr.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, []int{8, 2, 3}, []int{e.Offset, e.Line, e.Col})
	require.Equal(t, "xml: line 2, column 3 (byte 8): character: control character", e.Error())
}

// TestCutAtEveryByte: a document cut anywhere is refused as truncated, wherever the cut falls.
func TestCutAtEveryByte(t *testing.T) {
	t.Parallel()
	const doc = "\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- é --><?pi data?>\n" +
		`<p:a xmlns:p="urn:p" xmlns="urn:d" p:x="é&amp;&#xE9;" y='𝄞'><b /><![CDATA[ x ]] ]]><!-- c - d -->` +
		"texte é &lt; 𝄞 &#x1D11E;<é></é ></p:a>"
	_, err := events(doc, xmlr.Options{})
	require.NoError(t, err)
	for i := range len(doc) {
		_, err := events(doc[:i], xmlr.Options{})
		var e *xmlr.Error
		require.ErrorAs(t, err, &e, "cut at %d", i)
		if i > 2 { // a lone piece of a byte order mark is not even text
			require.Equal(t, xmlr.RuleTruncated, e.Rule, "cut at %d: %q: %v", i, doc[max(0, i-12):i], e)
		}
		_, err = xmlr.Parse([]byte(doc[:i]), xmlr.Options{})
		require.Error(t, err)
	}
}

func TestScannerSkipAndOffsets(t *testing.T) {
	t.Parallel()
	doc := `<a><b x="1"><c/>t</b><d/></a>`
	s := xmlr.NewScanner([]byte(doc), xmlr.Options{})
	require.True(t, s.Next())
	require.True(t, s.Next())
	require.True(t, s.Is("", "b"))
	require.Equal(t, `<b x="1">`, doc[s.Offset():s.EndOffset()])
	require.True(t, s.Skip())
	require.Equal(t, xmlr.EndElement, s.Kind())
	require.Equal(t, `<b x="1"><c/>t</b>`, doc[s.ElementOffset():s.EndOffset()])
	require.True(t, s.Next())
	require.Equal(t, xmlr.Name{Local: "d"}, s.Name())
	require.True(t, s.Skip())
	require.Equal(t, `<d/>`, doc[s.ElementOffset():s.EndOffset()])
	require.True(t, s.Next())
	require.False(t, s.Next())
	require.NoError(t, s.Err())

	s = xmlr.NewScanner([]byte(`<a><b><c></b></a>`), xmlr.Options{})
	require.True(t, s.Next())
	require.False(t, s.Skip())
	require.Error(t, s.Err())
}

func TestScannerBlankAndCDATA(t *testing.T) {
	t.Parallel()
	s := xmlr.NewScanner([]byte("<a> \t\r\n        <b/>  .  <![CDATA[ ]]></a>"), xmlr.Options{})
	var got []string
	for s.Next() {
		if s.Kind() == xmlr.Text {
			got = append(got, fmt.Sprint(s.Blank(), s.CDATA()))
		}
	}
	require.NoError(t, s.Err())
	require.Equal(t, []string{"true false", "false false", "false true"}, got)
}

func TestUndeclaredPrefixesOption(t *testing.T) {
	t.Parallel()
	n, err := xmlr.Parse([]byte(`<x:a><x:b y:c="1"/></x:a>`), xmlr.Options{UndeclaredPrefixes: true})
	require.NoError(t, err)
	require.Equal(t, "1", n.Child("", "b").Attr("c"))
}

func TestReadAll(t *testing.T) {
	t.Parallel()
	b, err := xmlr.ReadAll(strings.NewReader("12345"), 5)
	require.NoError(t, err)
	require.Equal(t, "12345", string(b))
	var e *xmlr.Error
	_, err = xmlr.ReadAll(strings.NewReader("123456"), 5)
	require.ErrorAs(t, err, &e)
	require.Equal(t, xmlr.RuleLimit, e.Rule)
	_, err = xmlr.ParseReader(io.MultiReader(strings.NewReader("<a>"), iotest.ErrReader(io.ErrUnexpectedEOF)), xmlr.Options{})
	require.ErrorAs(t, err, &e)
	require.Equal(t, xmlr.RuleRead, e.Rule)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	n, err := xmlr.ParseReader(strings.NewReader("<a>x</a>"), xmlr.Options{})
	require.NoError(t, err)
	require.Equal(t, "x", n.Text())
}

func TestErrorsHoldNoContent(t *testing.T) {
	t.Parallel()
	_, err := xmlr.Parse([]byte("<a nom='SECRET'>SECRET<SECRET></a>"), xmlr.Options{})
	require.Error(t, err)
	require.NotContains(t, err.Error(), "SECRET")
	require.False(t, errors.Is(err, io.EOF))
}

func TestAttrPlace(t *testing.T) {
	t.Parallel()
	const doc = `<a first="as written" second='one&amp;two' third="long enough for several words of eight" x="a&#9;b"/>`
	s := xmlr.NewScanner([]byte(doc), xmlr.Options{})
	require.True(t, s.Next())
	for i, want := range []struct {
		written string
		plain   bool
	}{{"as written", true}, {"one&amp;two", false}, {"long enough for several words of eight", true}, {"a&#9;b", false}} {
		start, end, plain := s.AttrPlace(i)
		assert.Equal(t, want.written, doc[start:end])
		assert.Equal(t, want.plain, plain)
		if plain {
			assert.Equal(t, doc[start:end], string(s.AttrValue(i)))
		}
	}
}

// A value is scanned in words of eight bytes: what ends it or is refused is found wherever it stands in one.
func TestAttributeValueAtEveryPlace(t *testing.T) {
	t.Parallel()
	for n := range 40 {
		before := strings.Repeat("v", n)
		for after := range 20 {
			tail := strings.Repeat("w", after)
			for _, in := range []string{"", ">", "'", "é", "&lt;"} {
				s := xmlr.NewScanner([]byte(`<a x="`+before+in+tail+`"/>`), xmlr.Options{})
				require.True(t, s.Next())
				assert.Equal(t, before+strings.ReplaceAll(in, "&lt;", "<")+tail, string(s.AttrValue(0)))
			}
			for in, rule := range map[string]xmlr.Rule{"<": xmlr.RuleSyntax, "\x01": xmlr.RuleCharacter, "&x;": xmlr.RuleEntity, "\xff": xmlr.RuleEncoding} {
				s := xmlr.NewScanner([]byte(`<a x="`+before+in+tail+`"/>`), xmlr.Options{})
				require.False(t, s.Next())
				var e *xmlr.Error
				require.ErrorAs(t, s.Err(), &e)
				assert.Equal(t, rule, e.Rule)
				assert.Equal(t, 7+n, e.Col)
			}
			s := xmlr.NewScanner([]byte(`<a x="`+before+tail), xmlr.Options{})
			require.False(t, s.Next())
			var e *xmlr.Error
			require.ErrorAs(t, s.Err(), &e)
			assert.Equal(t, xmlr.RuleTruncated, e.Rule)
		}
	}
}
