package xmlw

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Every byte at every place of strings of every length up to three words: the words say what the tables say.
func TestWordsAgreeWithTables(t *testing.T) {
	t.Parallel()
	for n := range 26 {
		for at := range n {
			for c := range 256 {
				b := []byte(strings.Repeat("a", n))
				b[at] = byte(c)
				s := string(b)

				_, _, ok := packLetters(s)
				require.Equal(t, nameByte[c] == 3 && (c != '_' || n < 4), ok, "%q", s)

				dst := make([]byte, n+8)
				got, want := putPlain(dst, s), n
				if class[c] != plain {
					want = at
				}
				if got != want { // a character that is escaped only elsewhere stops, too
					t.Fatalf("%q: %d, not %d", s, got, want)
				}
				require.Equal(t, s[:got], string(dst[:got]))
				require.Equal(t, make([]byte, 8), dst[n:], "nothing beyond the length")
			}
		}
	}
}

func TestPutPlainStopsAtTheFirst(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s := rapid.OneOf(rapid.String(), rapid.StringMatching(`[ -~]{0,40}`), rapid.StringMatching(`[a<>&"\x00-\x1fé\x7f]{0,24}`)).Draw(rt, "s")
		want := 0
		for want < len(s) && class[s[want]] == plain {
			want++
		}
		require.Equal(rt, want, putPlain(make([]byte, len(s)), s))
	})
}

// Names of all lengths, which are kept in words up to 16 bytes, come back in the end tag; in a stream, too, where the
// start tag has left the buffer.
func TestEndTagRepeatsTheName(t *testing.T) {
	t.Parallel()
	var names []string
	for n := 1; n <= 40; n++ {
		long := strings.Repeat("abcdefghijKLMNOPQRST", 2)[:n]
		names = append(names, long, "_"+long, long+"1", "é"+long, "p:"+long)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		var out, want, tail strings.Builder
		stream, memory := NewStream(&out, 1+r.IntN(200)), New(nil)
		for _, w := range []*Writer{stream, memory} {
			w.Start("r")
			w.NS("p", "urn:p")
		}
		want.WriteString(`<r xmlns:p="urn:p">`)
		for i, name := range names {
			for _, w := range []*Writer{stream, memory} {
				w.Start(name)
				if i%3 == 0 {
					w.Attr(name, "v")
				}
				w.Text("é")
				if i%2 == 0 {
					w.End()
				}
			}
			want.WriteString("<" + name)
			if i%3 == 0 {
				want.WriteString(" " + name + `="v"`)
			}
			want.WriteString(">é")
			if i%2 == 0 {
				want.WriteString("</" + name + ">")
			} else {
				before := tail.String()
				tail.Reset()
				tail.WriteString("</" + name + ">" + before)
			}
		}
		for range len(names)/2 + 1 {
			stream.End()
			memory.End()
		}
		want.WriteString(tail.String() + "</r>")
		require.NoError(t, stream.Close())
		require.Equal(t, want.String(), out.String())
		got, err := memory.Bytes()
		require.NoError(t, err)
		require.Equal(t, want.String(), string(got))
	}
}

// A prefix that an attribute used keeps its meaning on that element.
func TestPrefixDoesNotChangeInsideATag(t *testing.T) {
	t.Parallel()
	w := New(nil)
	w.Start("r")
	w.NS("p", "urn:p")
	w.Start("a")
	w.Attr("p:x", "")
	w.Use("p", "urn:q")
	w.Attr("p:y", "")
	_, err := w.Bytes()
	require.ErrorContains(t, err, "used and then declared")
}

// The Writer appends, into the capacity that it is given or into a larger copy.
func TestWriterAppends(t *testing.T) {
	t.Parallel()
	for n := range 200 {
		dst := append(make([]byte, 0, n+6), "before"...)
		w := New(dst)
		w.Elem("element", strings.Repeat("text & ", 9), "attribute", "valeur é", "another", strings.Repeat("0", 50))
		out, err := w.Bytes()
		require.NoError(t, err)
		assert.Equal(t, `before<element another="`+strings.Repeat("0", 50)+`" attribute="valeur é">`+strings.Repeat("text &amp; ", 9)+"</element>",
			string(out))
		assert.Equal(t, "before", string(dst))
	}
}
