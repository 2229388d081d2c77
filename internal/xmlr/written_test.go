package xmlr_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/internal/xmlr"
	"github.com/segur-sdk/segur/internal/xmlw"
)

// write makes a document with everything that xmlw offers around the given texts.
func write(text, attr string) ([]byte, error) {
	w := xmlw.New(nil)
	w.Use("p", "urn:p")
	w.PI("target", "data")
	w.Start("r")
	w.NS("", "urn:d")
	w.Attr("z", attr)
	w.Attr("p:a", attr)
	w.Attr("a", "")
	w.Elem("p:b", text, "xml:lang", "fr", "c", attr)
	w.Start("n")
	w.NS("", "urn:e")
	w.Elem("m", "")
	w.Text(text)
	w.Start("s")
	w.NS("", "urn:d")
	w.End()
	w.End()
	w.End()
	return w.Bytes()
}

// TestWrittenIsCanonical: what xmlw writes, both canonicalisations leave as it is.
func TestWrittenIsCanonical(t *testing.T) {
	t.Parallel()
	out, err := write("a<b>&\"'\r\n\té𝄞]]>", "\t\n\r\"<>&'é")
	require.NoError(t, err)
	for _, m := range []xmlr.Mode{xmlr.Inclusive, xmlr.Exclusive} {
		again, err := xmlr.Canonicalize(nil, out, xmlr.Canonical{Mode: m, Comments: true})
		require.NoError(t, err)
		require.Equal(t, string(out), string(again))
	}
}

func FuzzWritten(f *testing.F) {
	f.Add("a", "b")
	f.Add("\r\n<>&\"'", "\t")
	f.Fuzz(func(t *testing.T, text, attr string) {
		out, err := write(text, attr)
		if err != nil {
			return
		}
		for _, m := range []xmlr.Mode{xmlr.Inclusive, xmlr.Exclusive} {
			again, err := xmlr.Canonicalize(nil, out, xmlr.Canonical{Mode: m, Comments: true})
			if err != nil || !bytes.Equal(out, again) {
				t.Fatalf("%q becomes %q (%v)", out, again, err)
			}
		}
		n, err := xmlr.Parse(out, xmlr.Options{})
		if err != nil || n.Attr("z") != attr || n.Child("urn:p", "b").Text() != text {
			t.Fatalf("%q does not read back: %v", out, err)
		}
	})
}
