package xmlw_test

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/internal/xmlw"
)

func ExampleWriter() {
	w := xmlw.New(nil)
	w.Use("xsi", "http://www.w3.org/2001/XMLSchema-instance")
	w.Start("Role")
	w.NS("", "urn:hl7-org:v3")
	w.Attr("xsi:type", "CE")
	w.Attr("code", "10")
	w.Attr("displayName", "Médecin \"1\"")
	w.End()
	out, err := w.Bytes()
	fmt.Println(string(out), err)
	// Output: <Role xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" code="10" displayName="Médecin &quot;1&quot;" xsi:type="CE"></Role> <nil>
}

func TestWriterCanonicalOutput(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		write func(w *xmlw.Writer)
		want  string
	}{
		"escapes": {func(w *xmlw.Writer) {
			w.Elem("a", "<&>\"'\r\n\té€𝄞", "b", "<&>\"'\r\n\té")
		}, "<a b=\"&lt;&amp;>&quot;'&#xD;&#xA;&#x9;é\">&lt;&amp;&gt;\"'&#xD;\n\té€𝄞</a>"},
		"attribute order": {func(w *xmlw.Writer) {
			w.Start("r")
			w.NS("z", "urn:a")
			w.NS("b", "urn:z")
			w.NS("", "urn:d")
			w.Attr("b:one", "1")
			w.Attr("z:two", "22")
			w.Attr("z:three", "333")
			w.Attr("xml:lang", "fr")
			w.Attr("m", "4444")
			w.Attr("a", "5")
			w.End()
		}, `<r xmlns="urn:d" xmlns:b="urn:z" xmlns:z="urn:a" a="5" m="4444" xml:lang="fr" z:three="333" z:two="22" b:one="1"></r>`},
		"redundant declarations are dropped": {func(w *xmlw.Writer) {
			w.Start("p:r")
			w.NS("p", "urn:p")
			w.Start("p:a")
			w.NS("p", "urn:p")
			w.NS("", "")
			w.End()
			w.Start("p:a")
			w.NS("p", "urn:q")
			w.End()
			w.Start("b")
			w.NS("", "urn:b")
			w.Start("c")
			w.NS("", "")
			w.End()
			w.End()
			w.End()
		}, `<p:r xmlns:p="urn:p"><p:a></p:a><p:a xmlns:p="urn:q"></p:a><b xmlns="urn:b"><c xmlns=""></c></b></p:r>`},
		"registered prefixes": {func(w *xmlw.Writer) {
			w.Use("x", "urn:x")
			w.Use("y", "urn:y")
			w.Start("r")
			w.Elem("x:a", "1", "q", "v", "y:k", "w", "x:j", "u")
			w.Elem("x:a", "2")
			w.End()
		}, `<r><x:a xmlns:x="urn:x" xmlns:y="urn:y" q="v" x:j="u" y:k="w">1</x:a><x:a xmlns:x="urn:x">2</x:a></r>`},
		"around the root": {func(w *xmlw.Writer) {
			w.PI("xml-stylesheet", `type="text/xsl" href="a.xsl"`)
			w.Comment(" before ")
			w.Start("r")
			w.PI("in", "")
			w.Comment("in")
			w.End()
			w.Comment("after")
			w.PI("end", "")
		}, "<?xml-stylesheet type=\"text/xsl\" href=\"a.xsl\"?>\n<!-- before -->\n<r><?in?><!--in--></r>\n<!--after-->\n<?end?>"},
		"optional, raw, bytes": {func(w *xmlw.Writer) {
			w.Start("r")
			w.AttrOpt("a", "")
			w.AttrOpt("b", "1")
			w.ElemOpt("c", "")
			w.ElemOpt("d", "x")
			w.Raw([]byte("<raw></raw>"))
			w.Text("<é")
			w.Base64(strings.NewReader("hello"))
			w.Base64Bytes([]byte{1})
			w.End()
		}, `<r b="1"><d>x</d><raw></raw>&lt;éaGVsbG8=AQ==</r>`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := xmlw.New(nil)
			tc.write(w)
			got, err := w.Bytes()
			require.NoError(t, err)
			require.Equal(t, tc.want, string(got))

			var out bytes.Buffer
			s := xmlw.NewStream(&out, 1) // flush at every opportunity
			tc.write(s)
			require.NoError(t, s.Close())
			require.Equal(t, tc.want, out.String(), "stream")
			require.Equal(t, len(tc.want), s.Len())
		})
	}
}

func TestWriterRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		write func(w *xmlw.Writer)
		path  string
		rule  string
	}{
		"control character":           {func(w *xmlw.Writer) { w.Start("a"); w.Elem("b", "x\x00") }, "/a/b", "U+0000"},
		"control in attribute":        {func(w *xmlw.Writer) { w.Elem("b", "", "c", "\x1f") }, "/b", "U+001F"},
		"bad UTF-8":                   {func(w *xmlw.Writer) { w.Elem("b", "\xc3(") }, "/b", "UTF-8"},
		"cut UTF-8":                   {func(w *xmlw.Writer) { w.Elem("b", "\xe2\x82") }, "/b", "UTF-8"},
		"surrogate":                   {func(w *xmlw.Writer) { w.Elem("b", "\xed\xa0\x80") }, "/b", "UTF-8"},
		"U+FFFE":                      {func(w *xmlw.Writer) { w.Elem("b", "\uFFFE") }, "/b", "U+FFFE"},
		"U+FFFF":                      {func(w *xmlw.Writer) { w.Elem("b", "", "a", "\uFFFF") }, "/b", "U+FFFF"},
		"empty name":                  {func(w *xmlw.Writer) { w.Start("") }, "/", "element name"},
		"injection by name":           {func(w *xmlw.Writer) { w.Start("a><b") }, "/", "element name"},
		"two colons":                  {func(w *xmlw.Writer) { w.Start("a:b:c") }, "/", "element name"},
		"name starts with digit":      {func(w *xmlw.Writer) { w.Elem("a", "", "1b", "") }, "/a", "attribute name"},
		"undeclared element prefix":   {func(w *xmlw.Writer) { w.Start("p:a"); w.End() }, "/p:a", "not declared"},
		"undeclared attribute prefix": {func(w *xmlw.Writer) { w.Elem("a", "", "p:a", "") }, "/a", "not declared"},
		"prefix out of scope": {func(w *xmlw.Writer) {
			w.Start("r")
			w.Start("p:a")
			w.NS("p", "urn:p")
			w.End()
			w.Elem("p:a", "")
		}, "/r/p:a", "not declared"},
		"attribute twice": {func(w *xmlw.Writer) { w.Elem("a", "", "b", "1", "c", "", "b", "2") }, "/a", "twice"},
		"attribute twice by expanded name": {func(w *xmlw.Writer) {
			w.Start("a")
			w.NS("p", "urn:p")
			w.NS("q", "urn:p")
			w.Attr("p:x", "")
			w.Attr("q:x", "")
		}, "/a", "twice"},
		"prefix twice":             {func(w *xmlw.Writer) { w.Start("a"); w.NS("p", "urn:p"); w.NS("p", "urn:q") }, "/a", "twice"},
		"NS after attribute":       {func(w *xmlw.Writer) { w.Start("a"); w.Attr("b", ""); w.NS("p", "urn:p") }, "/a", "before"},
		"xmlns as attribute":       {func(w *xmlw.Writer) { w.Elem("a", "", "xmlns", "urn:p") }, "/a", "attribute name"},
		"xmlns:p as attribute":     {func(w *xmlw.Writer) { w.Elem("a", "", "xmlns:p", "urn:p") }, "/a", "NS"},
		"prefix without namespace": {func(w *xmlw.Writer) { w.Start("a"); w.NS("p", "") }, "/a", "declaration"},
		"xml rebound":              {func(w *xmlw.Writer) { w.Start("a"); w.NS("xml", "urn:p") }, "/a", "declaration"},
		"attribute after text":     {func(w *xmlw.Writer) { w.Start("a"); w.Text("x"); w.Attr("b", "") }, "/a", "outside"},
		"text at top level":        {func(w *xmlw.Writer) { w.Text("x") }, "/", "outside"},
		"End without Start":        {func(w *xmlw.Writer) { w.End() }, "/", "End"},
		"not closed":               {func(w *xmlw.Writer) { w.Start("a"); w.Start("b"); w.End() }, "/a", "not closed"},
		"odd attributes":           {func(w *xmlw.Writer) { w.Elem("a", "", "b") }, "/a", "without value"},
		"comment end":              {func(w *xmlw.Writer) { w.Comment("a-->") }, "/", "comment"},
		"comment with control":     {func(w *xmlw.Writer) { w.Comment("a\r") }, "/", "U+000D"},
		"PI end":                   {func(w *xmlw.Writer) { w.PI("a", "?>") }, "/", "processing"},
		"PI xml":                   {func(w *xmlw.Writer) { w.PI("XML", "") }, "/", "processing"},
		"late declaration":         {func(w *xmlw.Writer) { w.Start("a"); w.Declaration() }, "/a", "first"},
		"caller":                   {func(w *xmlw.Writer) { w.Start("a"); w.Fail(io.ErrNoProgress); w.End() }, "/a", "caller"},
		"source":                   {func(w *xmlw.Writer) { w.Start("a"); w.Base64(iotest.ErrReader(io.ErrNoProgress)); w.End() }, "/a", "source"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := xmlw.New(nil)
			tc.write(w)
			w.Elem("after", "the first error stays")
			out, err := w.Bytes()
			require.Nil(t, out)
			var e *xmlw.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, tc.path, e.Path)
			require.Contains(t, e.Error(), tc.rule)
		})
	}
}

type failing struct{ left int }

func (f *failing) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, io.ErrClosedPipe
	}
	return len(p), nil
}

func TestStreamDestinationFails(t *testing.T) {
	t.Parallel()
	w := xmlw.NewStream(&failing{left: 100_000}, 4096)
	w.Start("a")
	w.Base64(io.LimitReader(zeros{}, 1<<20))
	w.End()
	require.ErrorIs(t, w.Close(), io.ErrClosedPipe)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// biggest remembers the longest single write: the memory a stream held.
type biggest struct{ max, total int }

func (b *biggest) Write(p []byte) (int, error) {
	b.max, b.total = max(b.max, len(p)), b.total+len(p)
	return len(p), nil
}

func TestStreamIsBounded(t *testing.T) {
	t.Parallel()
	var dst biggest
	w := xmlw.NewStream(&dst, 64<<10)
	w.Start("a")
	w.Base64(io.LimitReader(zeros{}, 30_000_001))
	w.Text(strings.Repeat("é<", 500_000))
	w.Base64Bytes(make([]byte, 3_000_000))
	w.End()
	require.NoError(t, w.Close())
	require.Equal(t, 3+base64.StdEncoding.EncodedLen(30_000_001)+6*500_000+4_000_000+4, dst.total)
	require.Less(t, dst.max, 200<<10)
}

func TestStreamTextKeepsCharactersWhole(t *testing.T) {
	t.Parallel()
	for shift := range 4 {
		text := strings.Repeat("x", shift) + strings.Repeat("𝄞", 20_000)
		var out bytes.Buffer
		w := xmlw.NewStream(&out, 1)
		w.Elem("a", text)
		require.NoError(t, w.Close())
		require.Equal(t, "<a>"+text+"</a>", out.String())
	}
}

func TestResetDoesNotAllocate(t *testing.T) {
	w := xmlw.New(nil)
	buf := make([]byte, 0, 4096)
	n := testing.AllocsPerRun(100, func() {
		w.Reset(buf)
		w.Start("a")
		w.NS("p", "urn:p")
		w.Elem("p:b", "texte é", "c", "1", "b", "2")
		w.End()
		if _, err := w.Bytes(); err != nil {
			t.Fatal(err)
		}
	})
	require.Zero(t, n)
}

func FuzzWriterText(f *testing.F) {
	f.Add("a", "b")
	f.Add("\r\n\t<>&\"'", "é€\uFFFD")
	f.Add("\xff", "\x00")
	f.Fuzz(func(t *testing.T, text, attr string) {
		w := xmlw.New(nil)
		w.Elem("a", text, "b", attr)
		out, err := w.Bytes()
		if err != nil {
			var e *xmlw.Error
			if !errors.As(err, &e) {
				t.Fatal("untyped error")
			}
			return
		}
		var v struct {
			B string `xml:"b,attr"`
			T string `xml:",chardata"`
		}
		if err := xml.Unmarshal(out, &v); err != nil || v.B != attr || v.T != text {
			t.Fatalf("%q does not read back: %v", out, err)
		}
	})
}

func BenchmarkWriter(b *testing.B) {
	w := xmlw.New(nil)
	buf := make([]byte, 0, 64<<10)
	b.ReportAllocs()
	for b.Loop() {
		w.Reset(buf)
		w.Start("ClinicalDocument")
		w.NS("", "urn:hl7-org:v3")
		w.NS("xsi", "http://www.w3.org/2001/XMLSchema-instance")
		for range 96 {
			w.Start("observation")
			w.Attr("classCode", "OBS")
			w.Attr("moodCode", "EVN")
			w.Elem("templateId", "", "root", "1.2.250.1.213.1.1.3.48")
			w.Elem("code", "", "code", "1234-5", "codeSystem", "2.16.840.1.113883.6.1", "displayName", "Échographie")
			w.Elem("value", "", "unit", "mm", "value", "12", "xsi:type", "PQ")
			w.Elem("text", "Compte rendu d'examen sans particularité & normal")
			w.End()
		}
		w.End()
		if _, err := w.Bytes(); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(w.Len()))
}
