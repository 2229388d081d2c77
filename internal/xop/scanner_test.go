package xop_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"mime/multipart"
	"net/textproto"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/internal/xop"
)

// chunks gives n bytes at most with each read.
type chunks struct {
	r io.Reader
	n int
}

func (c chunks) Read(p []byte) (int, error) { return c.r.Read(p[:min(len(p), c.n)]) }

// ways are readers that give the same bytes in other pieces.
func ways(msg []byte) map[string]io.Reader {
	in := func() io.Reader { return bytes.NewReader(msg) }
	return map[string]io.Reader{
		"at once": in(), "halves": iotest.HalfReader(in()), "data with EOF": iotest.DataErrReader(in()),
		"byte by byte": iotest.OneByteReader(in()), "79 bytes": chunks{in(), 79}, "8191 bytes": chunks{in(), 8191},
		"TLS records": chunks{in(), 16 << 10},
	}
}

// onePart is what both readers found.
type onePart struct {
	header textproto.MIMEHeader
	body   string
}

func readStd(msg []byte, boundary string) (got []onePart, err error) {
	mr := multipart.NewReader(bytes.NewReader(msg), boundary)
	for {
		p, err := mr.NextRawPart()
		if err != nil {
			return got, err
		}
		b, err := io.ReadAll(p)
		if err != nil {
			return got, err
		}
		got = append(got, onePart{p.Header, string(b)})
	}
}

// readOwn takes the parts with Read, in pieces of several sizes, and with WriteTo in turn.
func readOwn(r *xop.Reader) (got []onePart, err error) {
	for p, err := range r.All() {
		if err != nil {
			return got, err
		}
		var b bytes.Buffer
		switch p.Index % 4 {
		case 0:
			_, err = p.WriteTo(&b)
		case 1:
			_, err = io.CopyBuffer(onlyWriter{&b}, onlyReader{p}, make([]byte, 100))
		case 2:
			if _, err = io.CopyN(onlyWriter{&b}, onlyReader{p}, 10); err == nil || errors.Is(err, io.EOF) {
				_, err = io.Copy(&b, p)
			}
		case 3:
			_, err = io.Copy(onlyWriter{&b}, onlyReader{p})
		}
		if err != nil {
			return got, err
		}
		if p.BytesRead() != int64(b.Len()) {
			return got, fmt.Errorf("%d bytes read, %d counted", b.Len(), p.BytesRead())
		}
		got = append(got, onePart{p.Header, b.String()})
	}
	return got, nil
}

// compose writes a well-formed message whose payloads are full of what a search for the delimiter could stumble over.
func compose(r *rand.Rand, boundary string, size int) []byte {
	nl := "\r\n"
	if r.IntN(4) == 0 {
		nl = "\n"
	}
	delimiter := nl + "--" + boundary
	atoms := []string{
		"\r", "\n", "\r\n", "-", "--", "\r\n--", "\n--", "\x00", strings.Repeat("\x00", 50), delimiter[:len(delimiter)-1],
		delimiter[:len(delimiter)-1] + "\x01", delimiter + "-x", delimiter + "x", "--" + boundary, delimiter[1:], boundary, "pixel \xff",
	}
	payload := func() string {
		var b strings.Builder
		for end := r.IntN(size + 1); b.Len() < end; {
			if r.IntN(3) == 0 {
				noise := make([]byte, r.IntN(300))
				for i := range noise {
					noise[i] = byte(r.Uint32()) //nolint:gosec // any bits will do
				}
				b.Write(noise)
				continue
			}
			for a, n := atoms[r.IntN(len(atoms))], 1+r.IntN(3)*r.IntN(40); n > 0; n-- {
				b.WriteString(a)
			}
		}
		return b.String()
	}
	// A delimiter that came about by chance is broken up. A dash behind it could make it one, so could the start.
	tame := func(p string) string {
		for _, d := range []string{delimiter + " ", delimiter + "\t", delimiter + "\r", delimiter + "\n", delimiter + "--"} {
			p = strings.ReplaceAll(p, d, "\x02")
		}
		for strings.HasPrefix(p, delimiter[len(nl):]) || strings.HasSuffix(p, delimiter) || strings.HasSuffix(p, delimiter+"-") {
			p = "\x03" + p[:max(0, len(p)-2)]
		}
		return p
	}
	var out bytes.Buffer
	if r.IntN(3) == 0 {
		out.WriteString("preamble -- " + boundary + nl + "--" + boundary + "x" + nl)
	}
	if r.IntN(2) == 0 {
		out.WriteString(nl)
	}
	for i := range r.IntN(6) {
		if i > 0 {
			out.WriteString(nl)
		}
		out.WriteString("--" + boundary + strings.Repeat(" \t", r.IntN(3)) + nl)
		for h := range r.IntN(4) {
			fmt.Fprintf(&out, "X-heaDer-%d:  value %d%s\tfolded%s", h%2, h, nl, nl)
		}
		out.WriteString(nl)
		p := payload()
		for t := tame(p); t != p; t = tame(p) {
			p = t
		}
		out.WriteString(p)
	}
	out.WriteString(nl + "--" + boundary + "--" + strings.Repeat(" ", r.IntN(3)))
	if r.IntN(2) == 0 {
		out.WriteString(nl + "epilogue" + nl + "--" + boundary + nl)
	}
	return out.Bytes()
}

// sameAsStd reads the message with mime/multipart and, in all ways, with this package.
func sameAsStd(t *testing.T, msg []byte, boundary string) {
	t.Helper()
	want, err := readStd(msg, boundary)
	if err != io.EOF { //nolint:errorlint // bare
		t.Fatalf("mime/multipart refuses the message: %v\n%q", err, msg)
	}
	for way, body := range ways(msg) {
		r := reader(t, body, `"`+boundary+`"`, xop.Limits{})
		got, err := readOwn(r)
		if err != nil || !r.Complete() {
			t.Fatalf("%s: %v\n%.2000q", way, err, msg)
		}
		if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
			t.Fatalf("%s: differs from mime/multipart (%d and %d parts)\n%.2000q", way, len(got), len(want), msg)
		}
	}
}

var boundaries = []string{"b", "cut", "boundary-0123456789", "------------------------aaaa", "aaaaaaaa", "-", "a b", "segur-0123456789abcdef0123456789abcdef", strings.Repeat("x-", 100)}

func TestReaderLikeStd(t *testing.T) {
	t.Parallel()
	for seed := range uint64(120) {
		size := 500
		if seed%20 == 0 {
			size = 100_000 // several windows
		}
		boundary := boundaries[seed%uint64(len(boundaries))]
		sameAsStd(t, compose(rand.New(rand.NewPCG(seed, 1)), boundary, size), boundary) //nolint:gosec // repeatable
	}
}

func FuzzReaderLikeStd(f *testing.F) {
	for i, b := range boundaries {
		f.Add(uint64(i), uint16(300), b) //nolint:gosec // small
	}
	f.Add(uint64(9), uint16(40_000), "cut")
	f.Fuzz(func(t *testing.T, seed uint64, size uint16, boundary string) {
		if boundary == "" || len(boundary) > 70 || strings.TrimRight(boundary, " \t") != boundary || strings.HasSuffix(boundary, "--") ||
			strings.IndexFunc(boundary, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }) >= 0 {
			return
		}
		sameAsStd(t, compose(rand.New(rand.NewPCG(seed, 2)), boundary, int(size)), boundary) //nolint:gosec // repeatable
	})
}

// The delimiter, and what only looks like it, at every place around the ends of both windows; the message is also cut there.
func TestReaderDelimiterAcrossWindows(t *testing.T) {
	t.Parallel()
	const head, boundary = "--boundary-1\r\n\r\n", "boundary-1"
	for _, edge := range []int{8 << 10, 64 << 10} {
		for _, near := range []string{"", "\r\n--boundary-1X", "\r\n--boundary-1-", "\r\n--boundary-", "\r", "\r\r\n", "\r\n\r\n--boundary-1-X"} {
			for shift := -34; shift <= 2; shift++ {
				want := strings.Repeat("\x00", edge-len(head)+shift) + near
				msg := head + want + "\r\n--boundary-1\r\n\r\nz\r\n--boundary-1--"
				for _, body := range []io.Reader{strings.NewReader(msg), chunks{strings.NewReader(msg), 16 << 10}} {
					got, err := parts(reader(t, body, boundary, xop.Limits{}))
					require.NoError(t, err)
					require.Len(t, got, 2)
					require.True(t, want == got[0] && got[1] == "z", "%d bytes, %q", len(want), near)
				}
				cut := edge + shift
				got, err := parts(reader(t, strings.NewReader(msg[:cut]), boundary, xop.Limits{}))
				require.ErrorIs(t, err, xop.ErrTruncated)
				require.Empty(t, got)
			}
		}
	}
}

// The closing line without its CR ends a message whose other lines have theirs; other mixtures would leave a doubt of one
// byte about the payload and are refused.
func TestReaderMixedLineEnds(t *testing.T) {
	t.Parallel()
	for msg, ok := range map[string]bool{
		"--cut\r\n\r\nx\r\n--cut--\n":                 true,
		"--cut\r\n\r\nx\r\n--cut--\nepilogue":         true,
		"--cut\r\n\r\nx\r\n--cut-- \t\n":              true,
		"--cut\r\n\r\nx\r\n--cut\n\r\ny\r\n--cut--":   false,
		"--cut\n\nx\r\n--cut--\r\n":                   false,
		"--cut\n\nx\n--cut\r\n\r\ny\n--cut--\n":       false,
		"--cut\r\n\r\nx\r\n--cut--\rx\r\n--cut--\r\n": false,
	} {
		r := reader(t, strings.NewReader(msg), "cut", xop.Limits{})
		got, err := parts(r)
		if !ok {
			require.ErrorIs(t, err, xop.ErrMalformed, "%q", msg)
			assert.Empty(t, got)
			continue
		}
		require.NoError(t, err, "%q", msg)
		assert.Equal(t, []string{"x"}, got)
		assert.True(t, r.Complete())
	}
	// A LF-only closing line after a payload that ends with LF alone is no delimiter in a message with CRLF.
	_, err := parts(reader(t, strings.NewReader("--cut\r\n\r\nx\n--cut--\n"), "cut", xop.Limits{}))
	require.ErrorIs(t, err, xop.ErrTruncated)
}

type badWriter struct {
	n   int
	err error
}

func (w badWriter) Write([]byte) (int, error) { return w.n, w.err }

func TestPartWriteTo(t *testing.T) {
	t.Parallel()
	const msg = "--cut\r\n\r\n0123456789\r\n--cut\r\n\r\nb\r\n--cut--"
	open := func(msg string, lim xop.Limits) (*xop.Reader, *xop.Part) {
		r := reader(t, strings.NewReader(msg), "cut", lim)
		p, err := r.Next()
		require.NoError(t, err)
		return r, p
	}
	var b bytes.Buffer
	r, p := open(msg, xop.Limits{PartBytes: 10})
	n, err := p.WriteTo(&b)
	require.NoError(t, err)
	assert.EqualValues(t, 10, n)
	assert.Equal(t, "0123456789", b.String())
	n, err = p.WriteTo(&b)
	require.NoError(t, err)
	assert.Zero(t, n)
	_, err = r.Next()
	require.NoError(t, err)

	b.Reset()
	_, p = open(msg, xop.Limits{PartBytes: 9})
	n, err = p.WriteTo(&b)
	require.ErrorIs(t, err, xop.ErrLimit)
	assert.EqualValues(t, 9, n)
	assert.Equal(t, "012345678", b.String())

	b.Reset()
	_, p = open(msg[:len("--cut\r\n\r\n0123456789\r\n--cut\r")], xop.Limits{})
	n, err = p.WriteTo(&b)
	require.ErrorIs(t, err, xop.ErrTruncated)
	assert.EqualValues(t, 10, n)
	assert.Equal(t, "0123456789", b.String())

	full := errors.New("disk is full")
	for _, w := range []badWriter{{3, full}, {3, nil}, {11, nil}, {-1, nil}} {
		_, p = open(msg, xop.Limits{})
		n, err = p.WriteTo(w)
		require.Error(t, err)
		if w.n == 3 {
			assert.EqualValues(t, 3, n)
			assert.EqualValues(t, 3, p.BytesRead())
			rest, err := io.ReadAll(p)
			require.NoError(t, err, "the part is still readable")
			assert.Equal(t, "3456789", string(rest))
		}
		if w.err != nil {
			require.ErrorIs(t, err, full)
		}
	}
	r, p = open(msg, xop.Limits{})
	_, err = r.Next()
	require.NoError(t, err)
	n, err = p.WriteTo(io.Discard)
	require.NoError(t, err, "it was skipped to its end")
	assert.Zero(t, n)
}

type nothing struct{}

func (nothing) Read([]byte) (int, error) { return 0, nil }

func TestReaderNoProgress(t *testing.T) {
	t.Parallel()
	r := reader(t, io.MultiReader(strings.NewReader("--cut\r\n\r\nabc"), nothing{}), "cut", xop.Limits{})
	_, err := parts(r)
	require.ErrorIs(t, err, xop.ErrTruncated)
	require.ErrorIs(t, err, io.ErrNoProgress)
}

// endless repeats its unit for ever and counts what was taken.
type endless struct {
	unit string
	n    int
}

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = e.unit[e.n%len(e.unit)]
		e.n++
	}
	return len(p), nil
}

// What a hostile server makes us read and hold is bounded, without and with limits.
func TestReaderEndlessHeader(t *testing.T) {
	t.Parallel()
	for unit, lines := range map[string]string{"one line": "x", "folded": " x\r\n", "fields": "A: b\r\n"} {
		for limit, most := range map[int64]int{0: 128 << 10, 1000: 128 << 10, -1: 11 << 20} {
			e := &endless{unit: lines}
			_, err := parts(reader(t, io.MultiReader(strings.NewReader("--cut\r\nA: "), e), "cut", xop.Limits{HeaderBytes: limit}))
			require.ErrorIs(t, err, xop.ErrLimit, "%s, %d", unit, limit)
			assert.Less(t, e.n, most, "%s, %d", unit, limit)
		}
	}
	for _, lines := range []string{"x\r\n", "x"} {
		e := &endless{unit: lines}
		_, err := parts(reader(t, e, "cut", xop.Limits{}))
		require.Error(t, err)
		assert.Less(t, e.n, 128<<10, "preamble")
	}
}

// A broken header is told before its end, which may never come.
func TestReaderMalformedHeaderWithoutEnd(t *testing.T) {
	t.Parallel()
	for _, msg := range []string{"--cut\r\nA: b\r\n--cut--\r\n", "--cut\r\nno colon\r\n", "--cut\r\n\x00\x01\n"} {
		_, err := parts(reader(t, iotest.OneByteReader(strings.NewReader(msg)), "cut", xop.Limits{}))
		require.ErrorIs(t, err, xop.ErrMalformed, "%q", msg)
	}
}

// A sniffed boundary may hold a CR, so that a partial delimiter at the end of the window has two.
func TestSniffedBoundaryWithCR(t *testing.T) {
	t.Parallel()
	const msg = "--a\r-b\r\n\r\none\r\r\n--a\r-\r\n--a\r-b\r\n\r\ntwo\r\n--a\r-b--\r\n"
	for way, body := range ways([]byte(msg)) {
		r, err := xop.NewReader(body, "multipart/related", xop.Options{SniffBoundary: true})
		require.NoError(t, err, way)
		got, err := parts(r)
		require.NoError(t, err, way)
		assert.Equal(t, []string{"one\r\r\n--a\r-", "two"}, got, way)
	}
}
