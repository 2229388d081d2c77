package cda_test

import (
	"bytes"
	"encoding/xml"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/cda"
)

// TestPromiseReadsLevel3FasterThanEncodingXML: a whole report read into the
// types of the writer, against encoding/xml that only makes a tree of it; and
// its header alone.
func TestPromiseReadsLevel3FasterThanEncodingXML(t *testing.T) {
	whole := os.Getenv("SEGUR_BENCH") != ""
	switch {
	case raceEnabled:
		t.Skip("a measure: the race detector slows the two sides unequally")
	case testing.Short():
		t.Skip("a measure: not in short mode")
	}
	r, s := chest(t)
	b := build3(t, newWriter(t, allowAnyPDF, withViewer), r, s)
	rounds, least := 25, 0.85
	if !whole {
		rounds, least = 5, 0.5
	}
	theirs := func() { var tree xTree; _ = xml.Unmarshal(b, &tree) }
	for _, c := range []struct {
		what    string
		promise float64
		ours    func()
	}{
		{"the whole", 8, func() { _, _ = cda.Parse(b) }},
		{"the header", 10, func() { _, _ = cda.ReadHeader(bytes.NewReader(b)) }},
	} {
		got := 0.0
		for range 6 {
			if got = max(got, ratio(theirs, c.ours, rounds)); got >= c.promise || !whole && got >= least*c.promise {
				break
			}
		}
		t.Logf("reading %s of a level 3 report: %.1f times encoding/xml", c.what, got)
		assert.GreaterOrEqual(t, got, least*c.promise, c.what)
	}
}

func BenchmarkParseLevel3(b *testing.B) {
	r, s := chest(b)
	doc := build3(b, newWriter(b, allowAnyPDF, withViewer), r, s)
	b.Run("segur", func(b *testing.B) {
		b.SetBytes(int64(len(doc)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := cda.Parse(doc); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encoding/xml", func(b *testing.B) {
		b.SetBytes(int64(len(doc)))
		b.ReportAllocs()
		for b.Loop() {
			var tree xTree
			require.NoError(b, xml.Unmarshal(doc, &tree))
		}
	})
	b.Run("header", func(b *testing.B) {
		b.SetBytes(int64(len(doc)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := cda.ReadHeader(bytes.NewReader(doc)); err != nil {
				b.Fatal(err)
			}
		}
	})
}
