package xmlr_test

import (
	"bytes"
	"testing"

	"github.com/segur-sdk/segur/internal/xmlr"
)

func seeds(f *testing.F) {
	f.Helper()
	for _, doc := range samples {
		f.Add([]byte(doc))
	}
	f.Add([]byte(`<!DOCTYPE a><a/>`))
	f.Add([]byte(`<a><!--`))
	f.Add([]byte(`<a b='&#x`))
}

// FuzzScanner: no panic, no hang, and tree and scanner agree on what is accepted.
func FuzzScanner(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		keep := bytes.Clone(b)
		s := xmlr.NewScanner(b, xmlr.Options{})
		elements, last := 0, -1
		for s.Next() {
			if s.Offset() < last || s.EndOffset() > len(b) {
				t.Fatal("offsets go back or beyond the input")
			}
			last = s.Offset()
			switch s.Kind() {
			case xmlr.StartElement:
				elements++
				for i := range s.NumAttr() {
					s.AttrValue(i)
				}
			case xmlr.Text, xmlr.Comment, xmlr.PI:
				s.TextValue()
			}
		}
		root, err := xmlr.Parse(b, xmlr.Options{})
		if (err == nil) != (s.Err() == nil) {
			t.Fatalf("scanner says %v, tree says %v", s.Err(), err)
		}
		if err == nil {
			for n := range root.Walk() {
				elements--
				if n.Raw()[0] != '<' || n.Raw()[len(n.Raw())-1] != '>' {
					t.Fatal("byte range of an element")
				}
			}
			if elements != 0 {
				t.Fatal("tree and scanner count different elements")
			}
		}
		if !bytes.Equal(keep, b) {
			t.Fatal("the input was modified")
		}
	})
}

// FuzzCanonicalize: canonical form is a fixed point, and the same by both ways.
func FuzzCanonicalize(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, c := range []xmlr.Canonical{{}, {Comments: true}, {Mode: xmlr.Exclusive}, {Mode: xmlr.Exclusive, Comments: true, Prefixes: []string{"p", "#default"}}} {
			out, err := xmlr.Canonicalize(nil, b, c)
			if err != nil {
				continue
			}
			again, err := xmlr.Canonicalize(nil, out, c)
			if err != nil || !bytes.Equal(out, again) {
				t.Fatalf("not a fixed point: %q then %q (%v)", out, again, err)
			}
			var streamed bytes.Buffer
			if err := xmlr.CanonicalizeTo(&streamed, b, c); err != nil || !bytes.Equal(out, streamed.Bytes()) {
				t.Fatalf("streamed form differs: %q", streamed.Bytes())
			}
			root, err := xmlr.Parse(b, xmlr.Options{})
			if err != nil {
				t.Fatal(err)
			}
			for n := range root.Walk() {
				c.Apex = n
				sub, err := xmlr.Canonicalize(nil, nil, c)
				if err != nil {
					t.Fatal(err)
				}
				if again, err = xmlr.Canonicalize(nil, sub, xmlr.Canonical{Mode: c.Mode, Comments: c.Comments, Prefixes: c.Prefixes}); err != nil || !bytes.Equal(sub, again) {
					t.Fatalf("subset is not a fixed point: %q then %q (%v)", sub, again, err)
				}
			}
		}
	})
}
