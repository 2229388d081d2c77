package xmlr_test

import (
	"bytes"
	"crypto/sha256"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/internal/xmlr"
)

// samples are documents whose canonical form is delicate.
var samples = map[string]string{
	"empty":            `<a/>`,
	"declaration":      "\xEF\xBB\xBF<?xml version='1.0' encoding='utf-8' standalone=\"yes\" ?>\r\n<a />\r\n",
	"around":           "<?x  data ?>\r\n<!-- one\r\ntwo -->\n\n<a> <!--in--> <?p?> </a>\n<!--after-->  <?end x?>\n",
	"attributes":       "<a  z='1' y=\"2\"\n\tb='&quot;\"<!' xmlns:q='urn:b' xmlns:p='urn:z' p:a='1' q:z='2' xml:lang='fr'/>",
	"values":           "<a b='\t x\n y\r\n z\r &#9;&#10;&#13;&#x41;&amp;&lt;&gt;&apos;&quot;>'>\t\r\n \r x &#13;&#9;&amp;&lt;&gt;&apos;&quot;></a>",
	"cdata":            "<a><![CDATA[<&>\r\n]]]]><![CDATA[>\"é]]></a>",
	"redundant":        `<p:a xmlns:p="urn:p" xmlns="urn:d"><p:b xmlns:p="urn:p" xmlns="urn:d"><c xmlns=""><d xmlns=""/></c></p:b></p:a>`,
	"rebound":          `<p:a xmlns:p="urn:p"><p:b xmlns:p="urn:q"><p:c xmlns:p="urn:p"/></p:b></p:a>`,
	"unused":           `<a xmlns:u="urn:u" xmlns="urn:d"><b><c u:x="1"/></b><b u:y="2" x="1"/></a>`,
	"default switches": `<a><b xmlns="urn:x"><c xmlns=""><d xmlns="urn:x"/></c></b><e xmlns=""/></a>`,
	"utf-8":            "<é à='œ€'>𝄞 ﬀ\u0085\u2028</é>",
	"order":            `<a xmlns:b="http://www.ietf.org" xmlns:a="http://www.w3.org" attr="I'm" attr2="all" b:attr="sorted" a:attr="out"/>`,
	"numeric":          "<a>&#xE9;&#233;&#x1D11E;&#0000000065;</a>",
}

func fixSamples(m map[string]string) map[string]string {
	m["attributes"] = strings.ReplaceAll(m["attributes"], "<!", "&lt;!")
	return m
}

func TestCanonicalizeLikeLibxml2(t *testing.T) {
	t.Parallel()
	testkit.Oracle(t, "xmllint")
	for name, doc := range fixSamples(samples) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for mode, m := range map[testkit.C14NMode]xmlr.Mode{testkit.C14NInclusive: xmlr.Inclusive, testkit.C14NExclusive: xmlr.Exclusive} {
				want := testkit.XMLLintC14NBytes(t, []byte(doc), mode)
				got, err := xmlr.Canonicalize(nil, []byte(doc), xmlr.Canonical{Mode: m, Comments: true})
				require.NoError(t, err)
				require.Equal(t, string(want), string(got), string(mode))

				var b bytes.Buffer
				require.NoError(t, xmlr.CanonicalizeTo(&b, []byte(doc), xmlr.Canonical{Mode: m, Comments: true}))
				require.Equal(t, string(want), b.String(), "streamed")

				again, err := xmlr.Canonicalize(nil, want, xmlr.Canonical{Mode: m, Comments: true})
				require.NoError(t, err)
				require.Equal(t, string(want), string(again), "canonical form is a fixed point")
			}
		})
	}
}

// TestCanonicalizeOfficialSamples compares with libxml2 on every official XML file without DTD.
func TestCanonicalizeOfficialSamples(t *testing.T) {
	t.Parallel()
	lint := testkit.Oracle(t, "xmllint")
	root := filepath.Join(testkit.SharedDir(t), "data")
	compared, refused := 0, 0
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		ext := strings.ToLower(filepath.Ext(path))
		if err != nil || d.IsDir() || !slices.Contains([]string{".xml", ".xsd", ".xsl", ".wsdl", ".sch"}, ext) {
			return err
		}
		src, err := os.ReadFile(path)
		if err != nil || bytes.Contains(src, []byte("<!DOCTYPE")) {
			return err
		}
		if err := exec.CommandContext(t.Context(), lint, "--noout", "--nonet", "--huge", path).Run(); err != nil {
			refused++
			_, err := xmlr.Parse(src, xmlr.Options{})
			require.Error(t, err, "%s: libxml2 refuses this file", path)
			return nil //nolint:nilerr // as it should be
		}
		if _, err := xmlr.Parse(src, xmlr.Options{}); err != nil {
			var e *xmlr.Error
			require.ErrorAs(t, err, &e)
			require.Contains(t, []xmlr.Rule{xmlr.RuleEncoding, xmlr.RuleNamespace}, e.Rule, "%s: %v", path, err)
			t.Logf("%s: stricter than libxml2: %v", d.Name(), err)
			return nil
		}
		for mode, m := range map[testkit.C14NMode]xmlr.Mode{testkit.C14NInclusive: xmlr.Inclusive, testkit.C14NExclusive: xmlr.Exclusive} {
			want := testkit.XMLLintC14N(t, path, mode)
			got, err := xmlr.Canonicalize(nil, src, xmlr.Canonical{Mode: m, Comments: true})
			require.NoError(t, err, path)
			require.True(t, bytes.Equal(want, got), "%s %s: %s", path, mode, testkit.Diff(want, got))
		}
		compared++
		return nil
	}))
	t.Logf("%d files compared in both modes, %d refused by both", compared, refused)
	require.NotZero(t, compared)
}

// TestCanonicalizeNamespaceEscaped: libxml2 forgets to escape a namespace name and so produces something that is
// not XML. The norm treats it like an attribute value, and so do we.
func TestCanonicalizeNamespaceEscaped(t *testing.T) {
	t.Parallel()
	require.Equal(t, `<a xmlns:x="urn:x?a=1&amp;b=2" x:y=""></a>`, canonical(t, `<a xmlns:x="urn:x?a=1&amp;b=2" x:y=""/>`, xmlr.Canonical{}))
}

func canonical(t *testing.T, src string, c xmlr.Canonical) string {
	t.Helper()
	out, err := xmlr.Canonicalize(nil, []byte(src), c)
	require.NoError(t, err)
	return string(out)
}

func TestCanonicalizeElement(t *testing.T) {
	t.Parallel()
	const doc = `<?p?><r xmlns="urn:r" xmlns:a="urn:a" xmlns:un="urn:un" xml:lang="fr" xml:space="preserve">` +
		`<m xmlns:a="urn:a2" xml:lang="en"><t ID="x" b="1" xml:base="z"> <a:u/><!--c--><s xmlns="">no</s></t></m></r>`
	id := xmlr.Canonical{ID: "x", IDAttr: xmlr.Name{Local: "ID"}}
	tests := map[string]struct {
		change func(c *xmlr.Canonical)
		want   string
	}{
		"inclusive": {func(*xmlr.Canonical) {},
			`<t xmlns="urn:r" xmlns:a="urn:a2" xmlns:un="urn:un" ID="x" b="1" xml:base="z" xml:lang="en" xml:space="preserve"> <a:u></a:u><s xmlns="">no</s></t>`},
		"inclusive with comments": {func(c *xmlr.Canonical) { c.Comments = true },
			`<t xmlns="urn:r" xmlns:a="urn:a2" xmlns:un="urn:un" ID="x" b="1" xml:base="z" xml:lang="en" xml:space="preserve"> <a:u></a:u><!--c--><s xmlns="">no</s></t>`},
		"exclusive": {func(c *xmlr.Canonical) { c.Mode = xmlr.Exclusive },
			`<t xmlns="urn:r" ID="x" b="1" xml:base="z"> <a:u xmlns:a="urn:a2"></a:u><s xmlns="">no</s></t>`},
		"exclusive with prefix list": {func(c *xmlr.Canonical) { c.Mode, c.Prefixes = xmlr.Exclusive, []string{"un", "a", "zz", "#default"} },
			`<t xmlns="urn:r" xmlns:a="urn:a2" xmlns:un="urn:un" ID="x" b="1" xml:base="z"> <a:u></a:u><s xmlns="">no</s></t>`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := id
			tc.change(&c)
			require.Equal(t, tc.want, canonical(t, doc, c))
			root, err := xmlr.Parse([]byte(doc), xmlr.Options{})
			require.NoError(t, err)
			n := root.Find("urn:r", "m/t")
			c.ID, c.Apex = "", n
			out, err := xmlr.Canonicalize([]byte("kept:"), nil, c)
			require.NoError(t, err)
			require.Equal(t, "kept:"+tc.want, string(out))
			c.Exclude = []*xmlr.Node{n.Child("", "s"), n.Child("urn:a2", "u"), nil}
			out, err = xmlr.Canonicalize(nil, nil, c)
			require.NoError(t, err)
			start := tc.want[:strings.IndexByte(tc.want, '>')+1]
			comment := ""
			if c.Comments {
				comment = "<!--c-->"
			}
			require.Equal(t, start+" "+comment+"</t>", string(out))
		})
	}
}

func TestCanonicalizeRefuses(t *testing.T) {
	t.Parallel()
	other, err := xmlr.Parse([]byte("<b/>"), xmlr.Options{})
	require.NoError(t, err)
	id := xmlr.Name{Local: "Id"}
	tests := map[string]struct {
		doc  string
		c    xmlr.Canonical
		rule xmlr.Rule
	}{
		"duplicate id":       {`<a Id="x"><b Id="x"/></a>`, xmlr.Canonical{ID: "x", IDAttr: id}, xmlr.RuleSelection},
		"absent id":          {`<a ID="x"/>`, xmlr.Canonical{ID: "x", IDAttr: id}, xmlr.RuleSelection},
		"other document":     {`<b/>`, xmlr.Canonical{Apex: other}, xmlr.RuleSelection},
		"relative namespace": {`<a xmlns="rel/x"/>`, xmlr.Canonical{}, xmlr.RuleNamespace},
		"not well formed":    {`<a><b></a>`, xmlr.Canonical{}, xmlr.RuleSyntax},
		"too large":          {`<a></a>`, xmlr.Canonical{Limits: xmlr.Options{MaxBytes: 3}}, xmlr.RuleLimit},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := xmlr.Canonicalize(nil, []byte(tc.doc), tc.c)
			var e *xmlr.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, tc.rule, e.Rule)
		})
	}
	require.ErrorIs(t, xmlr.CanonicalizeTo(failingWriter{}, []byte("<a>"+strings.Repeat("x", 100_000)+"</a>"), xmlr.Canonical{}), fs.ErrClosed)
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, fs.ErrClosed }

// bigDocument resembles a CDA: a header of short elements, a narrative with accents, an attachment in base64.
func bigDocument() []byte {
	var b bytes.Buffer
	b.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ClinicalDocument xmlns=\"urn:hl7-org:v3\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\n")
	for range 150 {
		b.WriteString("  <observation classCode=\"OBS\" moodCode=\"EVN\">\n    <templateId root=\"1.2.250.1.213.1.1.3.48\"/>\n" +
			"    <value unit=\"mm\" value=\"12\" xsi:type=\"PQ\"/>\n    <text>Échographie réalisée sans particularité &amp; normale.</text>\n  </observation>\n")
	}
	b.WriteString("  <text mediaType=\"application/pdf\" representation=\"B64\">")
	b.WriteString(strings.Repeat("JVBERi0xLjcKJcOkw7zDtsOfCjIgMCBvYmoKPDwvTGVuZ3RoIDMgMCBSL0ZpbHRlci9GbGF0ZURl\n", 3800))
	b.WriteString("</text>\n</ClinicalDocument>\n")
	return b.Bytes()
}

// c14nRatio compares with SHA-256 of the same bytes, in one process, interleaved, by medians. It is reported by the
// benchmark, not asserted by a test: the machine may be shared.
func c14nRatio(tb testing.TB, doc []byte, c xmlr.Canonical, rounds int) float64 {
	tb.Helper()
	var floor, ours []time.Duration
	buf := make([]byte, 0, 2*len(doc))
	for range rounds {
		t0 := time.Now()
		for range 4 {
			sha256.Sum256(doc)
		}
		t1 := time.Now()
		for range 4 {
			if _, err := xmlr.Canonicalize(buf, doc, c); err != nil {
				tb.Fatal(err)
			}
		}
		floor, ours = append(floor, t1.Sub(t0)), append(ours, time.Since(t1))
	}
	slices.Sort(floor)
	slices.Sort(ours)
	return float64(ours[rounds/2]) / float64(floor[rounds/2])
}

func BenchmarkCanonicalize(b *testing.B) {
	doc := bigDocument()
	buf := make([]byte, 0, 2*len(doc))
	b.Run("floor-sha256", func(b *testing.B) {
		b.SetBytes(int64(len(doc)))
		for b.Loop() {
			sha256.Sum256(doc)
		}
	})
	for name, m := range map[string]xmlr.Mode{"inclusive": xmlr.Inclusive, "exclusive": xmlr.Exclusive} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(doc)))
			b.ReportAllocs()
			for b.Loop() {
				_, _ = xmlr.Canonicalize(buf, doc, xmlr.Canonical{Mode: m, Comments: true})
			}
			b.ReportMetric(c14nRatio(b, doc, xmlr.Canonical{Mode: m, Comments: true}, 31), "x-sha256")
		})
	}
}
