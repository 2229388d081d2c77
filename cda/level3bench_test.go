package cda_test

import (
	"encoding/xml"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/cda"
)

// xTree is how a program that has no classes for the entries writes them with
// encoding/xml: what building a structured report is measured against.
type xTree struct {
	XMLName xml.Name
	Attrs   []xml.Attr `xml:",any,attr"`
	Text    string     `xml:",chardata"`
	Nodes   []xTree    `xml:",any"`
}

func level3Bench(tb testing.TB) (cda.Report, cda.Sections, *cda.Writer, *xTree) {
	tb.Helper()
	r, s := chest(tb)
	w := newWriter(tb, allowAnyPDF, withViewer)
	b := build3(tb, w, r, s)
	var tree xTree
	require.NoError(tb, xml.Unmarshal(b, &tree))
	again, err := xml.Marshal(&tree)
	require.NoError(tb, err)
	require.Greater(tb, len(again), len(b)*8/10, "the two write about the same document")
	return r, s, w, &tree
}

// TestPromiseLevel3FasterThanEncodingXML: building a structured report, with all
// its checks, identifiers and hashes, against encoding/xml that only writes it;
// and only writing it, as encoding/xml does.
func TestPromiseLevel3FasterThanEncodingXML(t *testing.T) {
	promises(t)
	r, s, w, tree := level3Bench(t)
	write := w.WriteLevel3(r, s)
	require.NotEmpty(t, write())
	for _, c := range []struct {
		what    string
		promise float64
		ours    func()
	}{
		{"writing the XML", 8, func() { write() }},
		{"building with all checks", 6, func() { d, _ := w.Level3(r, s); _, _ = d.WriteTo(io.Discard) }},
	} {
		got := 0.0
		for range 6 {
			got = max(got, ratio(func() { _, _ = xml.Marshal(tree) }, c.ours, 25))
			if got >= c.promise {
				break
			}
		}
		t.Logf("%s of a level 3 report: %.1f times encoding/xml", c.what, got)
		assert.GreaterOrEqual(t, got, 0.85*c.promise, c.what)
	}
}

func BenchmarkLevel3(b *testing.B) {
	r, s, w, _ := level3Bench(b)
	b.ReportAllocs()
	for b.Loop() {
		d, err := w.Level3(r, s)
		if err != nil {
			b.Fatal(err)
		}
		n, _ := d.WriteTo(io.Discard)
		sink.Store(n)
	}
}

func BenchmarkLevel3EncodingXML(b *testing.B) {
	_, _, _, tree := level3Bench(b)
	b.ReportAllocs()
	for b.Loop() {
		out, _ := xml.Marshal(tree)
		sink.Store(int64(len(out)))
	}
}
