package xop_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/internal/testkit/faults"
	"github.com/segur-sdk/segur/internal/xop"
)

const related = `multipart/related; type="application/dicom"; boundary=`

func reader(t testing.TB, body io.Reader, boundary string, lim xop.Limits) *xop.Reader {
	t.Helper()
	r, err := xop.NewReader(body, related+boundary, xop.Options{Limits: lim})
	require.NoError(t, err)
	return r
}

// parts reads everything and returns the bodies of the parts that ended with io.EOF.
func parts(r *xop.Reader) (whole []string, err error) {
	for p, err := range r.All() {
		if err != nil {
			return whole, err
		}
		b, err := io.ReadAll(p)
		if err != nil {
			return whole, err
		}
		whole = append(whole, string(b))
	}
	return whole, nil
}

// sample has everything that makes cutting hard: a preamble, an empty part, a part without headers, decoys inside a
// payload (the delimiter with a longer name, the delimiter without its line start, half delimiters), and an epilogue.
func sample(nl string) (msg string, payloads []string) {
	payloads = []string{
		"<root/>",
		"",
		"one" + nl + "--cutX" + nl + "two --cut three" + nl + "--cu" + nl + nl + "--cut-" + nl + "-",
		"no header",
	}
	s := "preamble" + nl +
		"--cut" + nl + "Content-Type: application/xop+xml" + nl + "Content-ID: <root@x>" + nl + nl + payloads[0] + nl +
		"--cut" + nl + "Content-ID: <empty@x>" + nl + nl + payloads[1] + nl +
		"--cut \t" + nl + "content-type: application/dicom" + nl + "Content-Length: 43" + nl + nl + payloads[2] + nl +
		"--cut" + nl + nl + payloads[3] + nl +
		"--cut--" + nl + "epilogue, not a part"
	return s, payloads
}

func TestReaderParts(t *testing.T) {
	t.Parallel()
	for name, nl := range map[string]string{"CRLF": "\r\n", "LF": "\n"} {
		msg, want := sample(nl)
		for way, body := range map[string]io.Reader{
			"at once": strings.NewReader(msg), "byte by byte": iotest.OneByteReader(strings.NewReader(msg)),
			"data with EOF": iotest.DataErrReader(strings.NewReader(msg)), "halves": iotest.HalfReader(strings.NewReader(msg)),
		} {
			t.Run(name+" "+way, func(t *testing.T) {
				r := reader(t, body, "cut", xop.Limits{})
				root, err := r.Next()
				require.NoError(t, err)
				assert.Equal(t, "root@x", root.ContentID())
				assert.Equal(t, "application/xop+xml", root.MediaType())
				assert.True(t, root.Is("cid:root%40x"))
				b, err := io.ReadAll(root)
				require.NoError(t, err)
				assert.Equal(t, want[0], string(b))
				got, err := parts(r)
				require.NoError(t, err)
				assert.Equal(t, want[1:], got)
				assert.True(t, r.Complete())
				_, err = r.Next()
				assert.Equal(t, io.EOF, err, "the end is final")
				n, err := root.Read(make([]byte, 1))
				assert.Zero(t, n)
				assert.Equal(t, io.EOF, err)
			})
		}
	}
}

func TestReaderCutAtEveryByte(t *testing.T) {
	t.Parallel()
	for name, nl := range map[string]string{"CRLF": "\r\n", "LF": "\n"} {
		msg, want := sample(nl)
		end := strings.Index(msg, nl+"--cut--") + len(nl+"--cut--")
		for cut := range len(msg) + 1 {
			for way, body := range map[string]io.Reader{
				"clean end":  strings.NewReader(msg[:cut]),
				"lost line":  io.MultiReader(strings.NewReader(msg[:cut]), iotest.ErrReader(io.ErrUnexpectedEOF)),
				"one byte":   iotest.OneByteReader(strings.NewReader(msg[:cut])),
				"cancelled":  io.MultiReader(strings.NewReader(msg[:cut]), iotest.ErrReader(context.Canceled)),
				"with error": iotest.DataErrReader(strings.NewReader(msg[:cut])),
			} {
				r := reader(t, body, "cut", xop.Limits{})
				got, err := parts(r)
				where := fmt.Sprintf("%s, %s, cut at %d of %d: %q", name, way, cut, len(msg), msg[max(0, cut-12):cut])
				for i, g := range got {
					require.Equal(t, want[i], g, "a part that ended well is whole: %s", where)
				}
				if cut >= end {
					require.NoError(t, err, where)
					require.True(t, r.Complete(), where)
					require.Len(t, got, len(want), where)
					continue
				}
				require.ErrorIs(t, err, xop.ErrTruncated, where)
				require.NotErrorIs(t, err, io.EOF, where)
				require.False(t, r.Complete(), where)
				var tr *xop.TruncatedError
				require.ErrorAs(t, err, &tr, where)
				require.Equal(t, len(got), tr.Parts, where)
				require.LessOrEqual(t, tr.Bytes, int64(cut), where)
				if way == "cancelled" {
					require.ErrorIs(t, err, context.Canceled, where)
				}
				_, again := r.Next()
				require.Equal(t, err, again, "the error is final: %s", where)
			}
		}
	}
}

func TestReaderSkipsUnreadParts(t *testing.T) {
	t.Parallel()
	msg, _ := sample("\r\n")
	r := reader(t, strings.NewReader(msg), "cut", xop.Limits{})
	var first *xop.Part
	n := 0
	for p, err := range r.All() {
		require.NoError(t, err)
		require.Equal(t, n, p.Index)
		if first == nil {
			first = p
			_, err = p.Read(make([]byte, 2))
			require.NoError(t, err)
			assert.EqualValues(t, 2, p.BytesRead())
		}
		if p.Index == 2 {
			size, ok := p.DeclaredSize()
			assert.True(t, ok)
			assert.EqualValues(t, 43, size)
		}
		n++
	}
	assert.Equal(t, 4, n)
	assert.True(t, r.Complete())

	r = reader(t, strings.NewReader(msg), "cut", xop.Limits{})
	a, err := r.Next()
	require.NoError(t, err)
	for range r.All() {
		break
	}
	_, err = a.Read(make([]byte, 1))
	assert.Equal(t, io.EOF, err, "it was skipped to its end")
	_, err = r.Next()
	require.NoError(t, err)
}

func TestReaderZeroAndSingle(t *testing.T) {
	t.Parallel()
	for msg, n := range map[string]int{
		"--cut--\r\n": 0, "--cut--": 0, "\r\n--cut--\r\n": 0, "--cut--\n": 0, "text\r\n--cut--": 0,
		"--cut\r\n\r\n--cut--": 1, "--cut\r\n\r\n\r\n--cut--\r\n": 1, "--cut\n\nx\n--cut--\n": 1,
		"--cut\r\nA: b\r\n\r\nx\r\n--cut-- \t ": 1, "\n\r\n--cut\r\n\r\nx\r\n--cut--\r\n\r\n\r\n": 1,
	} {
		r := reader(t, strings.NewReader(msg), "cut", xop.Limits{})
		got, err := parts(r)
		require.NoError(t, err, "%q", msg)
		assert.Len(t, got, n, "%q", msg)
		assert.True(t, r.Complete(), "%q", msg)
	}
	for _, msg := range []string{"", "\r\n", "--cut", "--cut-", "--cutX--\r\n", "x--cut--\r\n", "no delimiter at all"} {
		_, err := parts(reader(t, strings.NewReader(msg), "cut", xop.Limits{}))
		assert.ErrorIs(t, err, xop.ErrTruncated, "%q", msg)
	}
}

func TestReaderMalformed(t *testing.T) {
	t.Parallel()
	for _, msg := range []string{
		"--cut\r\nno colon\r\n\r\nx\r\n--cut--\r\n",
		"--cut\r\n\r\nsecret\r\n--cut--secret\r\n--cut--\r\n",    // the closing delimiter with text behind it
		"--cut\r\n\r\nsecret\r\n--cut secret\r\n\r\n--cut--\r\n", // a delimiter with text behind it
	} {
		_, err := parts(reader(t, strings.NewReader(msg), "cut", xop.Limits{}))
		require.ErrorIs(t, err, xop.ErrMalformed, "%q", msg)
		assert.NotContains(t, err.Error(), "secret", "no content in errors")
		assert.NotContains(t, err.Error(), "colon")
	}
}

func TestReaderLimits(t *testing.T) {
	t.Parallel()
	three := "--cut\r\nA: 1\r\n\r\n0123456789\r\n--cut\r\n\r\nab\r\n--cut\r\n\r\nc\r\n--cut--\r\n"
	for _, c := range []struct {
		name  string
		msg   string
		lim   xop.Limits
		limit string
		max   int64
		whole int
	}{
		{"parts", three, xop.Limits{Parts: 2}, "Parts", 2, 2},
		{"part bytes", three, xop.Limits{PartBytes: 9}, "PartBytes", 9, 0},
		{"total", three, xop.Limits{TotalBytes: int64(len(three)) - 1}, "TotalBytes", int64(len(three)) - 1, 2},
		{"header", "--cut\r\nA: " + strings.Repeat("x", 200) + "\r\n\r\nx\r\n--cut--", xop.Limits{HeaderBytes: 100}, "HeaderBytes", 100, 0},
		{"header beyond the buffer", "--cut\r\nA: " + strings.Repeat("x", 1<<20) + "\r\n\r\nx\r\n--cut--", xop.Limits{}, "HeaderBytes", xop.DefaultHeaderBytes, 0},
		{"many header lines", "--cut\r\n" + strings.Repeat("A: b\r\n", 50_000) + "\r\nx\r\n--cut--", xop.Limits{HeaderBytes: -1}, "HeaderBytes", 1<<63 - 1, 0},
		{"endless preamble", strings.Repeat("preamble\r\n", 50_000), xop.Limits{}, "HeaderBytes", xop.DefaultHeaderBytes, 0},
		{"later header", three[:len(three)-len("--cut--\r\n")] + "--cut\r\nB: " + strings.Repeat("y", 9000) + "\r\n\r\n\r\n--cut--", xop.Limits{HeaderBytes: 1000}, "HeaderBytes", 1000, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := reader(t, strings.NewReader(c.msg), "cut", c.lim)
			got, err := parts(r)
			require.ErrorIs(t, err, xop.ErrLimit)
			require.NotErrorIs(t, err, xop.ErrTruncated)
			var lim *xop.LimitError
			require.ErrorAs(t, err, &lim)
			assert.Equal(t, c.limit, lim.Limit)
			assert.Equal(t, c.max, lim.Max)
			assert.Len(t, got, c.whole)
			assert.False(t, r.Complete())
		})
	}
	exact := xop.Limits{Parts: 3, PartBytes: 10, TotalBytes: int64(len(three)), HeaderBytes: 6}
	got, err := parts(reader(t, strings.NewReader(three), "cut", exact))
	require.NoError(t, err)
	assert.Equal(t, []string{"0123456789", "ab", "c"}, got)
	got, err = parts(reader(t, iotest.OneByteReader(strings.NewReader(three)), "cut", exact))
	require.NoError(t, err)
	assert.Len(t, got, 3)
	got, err = parts(reader(t, strings.NewReader(three), "cut", xop.Limits{Parts: -1, PartBytes: -1, TotalBytes: -1, HeaderBytes: -1}))
	require.NoError(t, err)
	assert.Len(t, got, 3)
}

func TestReaderPartBytesDeliversUpToTheLimit(t *testing.T) {
	t.Parallel()
	r := reader(t, strings.NewReader("--cut\r\n\r\n0123456789\r\n--cut--\r\n"), "cut", xop.Limits{PartBytes: 4})
	p, err := r.Next()
	require.NoError(t, err)
	b, err := io.ReadAll(p)
	require.ErrorIs(t, err, xop.ErrLimit)
	assert.Equal(t, "0123", string(b))
	assert.EqualValues(t, 4, p.BytesRead())
}

func TestReaderContentTransferEncoding(t *testing.T) {
	t.Parallel()
	msg := "--b\r\nContent-Transfer-Encoding: BASE64\r\n\r\nSsOpcsO0bWUg\r\nRFVQT05U\r\n" +
		"--b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nJ=C3=A9r=\r\n=C3=B4me\r\n" +
		"--b\r\nContent-Transfer-Encoding: Binary\r\n\r\n\x00\xff\r\n" +
		"--b\r\nContent-Transfer-Encoding: uuencode\r\n\r\nx\r\n--b--"
	r := reader(t, strings.NewReader(msg), "b", xop.Limits{})
	for _, want := range []string{"Jérôme DUPONT", "Jérôme", "\x00\xff"} {
		p, err := r.Next()
		require.NoError(t, err)
		c, err := p.Content()
		require.NoError(t, err)
		b, err := io.ReadAll(c)
		require.NoError(t, err)
		assert.Equal(t, want, string(b))
	}
	p, err := r.Next()
	require.NoError(t, err)
	_, err = p.Content()
	require.ErrorIs(t, err, xop.ErrEncoding)

	cut := reader(t, strings.NewReader(msg[:strings.Index(msg, "RFVQ")]), "b", xop.Limits{})
	p, err = cut.Next()
	require.NoError(t, err)
	c, err := p.Content()
	require.NoError(t, err)
	_, err = io.ReadAll(c)
	require.ErrorIs(t, err, xop.ErrTruncated, "decoding must not hide the cut, even at a whole number of quanta")
}

func TestReaderStalePart(t *testing.T) {
	t.Parallel()
	r := reader(t, strings.NewReader("--cut\r\n\r\na\r\n--cut\r\n\r\nb\r\n--cut--"), "cut", xop.Limits{PartBytes: -1})
	a, err := r.Next()
	require.NoError(t, err)
	b, err := r.Next()
	require.NoError(t, err)
	n, err := a.Read(make([]byte, 9))
	assert.Zero(t, n)
	require.Error(t, err)
	got, err := io.ReadAll(b)
	require.NoError(t, err)
	assert.Equal(t, "b", string(got))
}

func TestNewReaderRefuses(t *testing.T) {
	t.Parallel()
	for ct, want := range map[string]error{
		"":                                         xop.ErrContentType,
		"text/html; charset=utf-8":                 xop.ErrNotMultipart,
		"multipart/form-data; boundary=x":          xop.ErrNotMultipart,
		"multipart/related":                        xop.ErrBoundary,
		"multipart/related; boundary=":             xop.ErrBoundary,
		related + strings.Repeat("x", 201):         xop.ErrBoundary,
		"multipart/related; boundary=a;boundary=b": xop.ErrContentType,
	} {
		_, err := xop.NewReader(strings.NewReader(""), ct, xop.Options{})
		assert.ErrorIs(t, err, want, ct)
	}
}

func TestSniffBoundary(t *testing.T) {
	t.Parallel()
	open := func(body string) (*xop.Reader, error) {
		return xop.NewReader(strings.NewReader(body), "multipart/related; type=application/dicom", xop.Options{SniffBoundary: true})
	}
	for _, body := range []string{
		"\r\n--x y=z\r\n\r\none\r\n--x y=z\r\n\r\ntwo\r\n--x y=z--\r\n", "--q\n\none\n--q\n\ntwo\n--q--", "--a-- \r\n\r\none\r\n--a--\r\n\r\ntwo\r\n--a----",
	} {
		r, err := open(body)
		require.NoError(t, err, "%q", body)
		got, err := parts(r)
		require.NoError(t, err, "%q", body)
		assert.Equal(t, []string{"one", "two"}, got)
	}
	for body, want := range map[string]error{
		"": xop.ErrTruncated, "--cut": xop.ErrTruncated, "\r\n\r\n": xop.ErrTruncated, "{\"json\": 1}\n": xop.ErrBoundary,
		"--\r\n": xop.ErrBoundary, strings.Repeat("x", 5000): xop.ErrBoundary, strings.Repeat("\n", 5000): xop.ErrBoundary,
	} {
		_, err := open(body)
		assert.ErrorIs(t, err, want, "%.10q", body)
	}
	_, err := xop.NewReader(iotest.ErrReader(context.Canceled), "multipart/related", xop.Options{SniffBoundary: true})
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, err, xop.ErrTruncated)
}

func TestRoot(t *testing.T) {
	t.Parallel()
	body := "--b\r\nContent-Type: application/xop+xml; type=\"application/soap+xml\"\r\nContent-ID: <r@x>\r\n\r\n<e/>\r\n" +
		"--b\r\nContent-Type: text/xml\r\nContent-ID: <d@x>\r\n\r\n<d/>\r\n--b--"
	for params, ok := range map[string]bool{
		``: true, `; start="<r@x>"`: true, `; start=r@x`: true, `; start="<r%40x>"`: true,
		`; start="<other@x>"; type="application/xop+xml"`: true, `; start="<d@x>"`: false,
	} {
		r, err := xop.NewReader(strings.NewReader(body), "multipart/related; boundary=b"+params, xop.Options{})
		require.NoError(t, err)
		p, err := r.Root()
		if !ok {
			require.ErrorIs(t, err, xop.ErrMalformed, params)
			continue
		}
		require.NoError(t, err, params)
		assert.Equal(t, "r@x", p.ContentID())
	}
	r, err := xop.NewReader(strings.NewReader("--b--"), "multipart/related; boundary=b", xop.Options{})
	require.NoError(t, err)
	_, err = r.Root()
	require.ErrorIs(t, err, xop.ErrMalformed, "a message without parts has no root")
}

// TestReaderOverHTTP cuts a real answer on the wire, and ends one early as a broken gateway does.
func TestReaderOverHTTP(t *testing.T) {
	t.Parallel()
	msg, want := sample("\r\n")
	big := strings.Replace(msg, "<root/>", strings.Repeat("x", 50_000), 1)
	script := new(faults.Script)
	srv := httptest.NewServer(script.Middleware(func(*http.Request) string { return "" }, http.HandlerFunc(
		func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", related+"cut")
			_, _ = io.WriteString(w, big)
		})))
	t.Cleanup(func() { script.Close(); srv.Close() })
	get := func() ([]string, error) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, nil)
		require.NoError(t, err)
		resp, err := srv.Client().Do(req)
		require.NoError(t, err)
		defer resp.Body.Close()
		r, err := xop.NewReader(resp.Body, resp.Header.Get("Content-Type"), xop.Options{})
		require.NoError(t, err)
		return parts(r)
	}
	got, err := get()
	require.NoError(t, err)
	assert.Equal(t, want[1:], got[1:])
	for _, n := range []int64{faults.AtStart, 1, 100, 4096, 40_000, int64(len(big)) - 30} {
		for _, f := range []faults.Fault{{CutAfter: n}, {TruncateAfter: n}} {
			script.Add(f)
			_, err := get()
			require.ErrorIs(t, err, xop.ErrTruncated, "%+v", f)
		}
	}
}

// TestReaderReusesConnection: reading to the end leaves the connection fit for the next request.
func TestReaderReusesConnection(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", related+"cut")
		_, _ = io.WriteString(w, "--cut\r\n\r\n"+strings.Repeat("x", 10_000)+"\r\n--cut--\r\n")
		w.(http.Flusher).Flush() // chunked: the last chunk comes apart
	}))
	t.Cleanup(srv.Close)
	client := srv.Client()
	for range 5 {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, nil)
		require.NoError(t, err)
		resp, err := client.Do(req)
		require.NoError(t, err)
		r, err := xop.NewReader(resp.Body, resp.Header.Get("Content-Type"), xop.Options{})
		require.NoError(t, err)
		_, err = parts(r)
		require.NoError(t, err)
		n, err := resp.Body.Read(make([]byte, 1))
		assert.Zero(t, n)
		assert.Equal(t, io.EOF, err, "read to its end")
		require.NoError(t, resp.Body.Close())
	}
}

// TestReaderOfficialSamples reads the official DMP messages (ITI-41 request, ITI-43 response).
func TestReaderOfficialSamples(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ids []string
		end string
	}{
		"dmp/samples/td2.1-request.http":  {[]string{"root@exemple", "DocumentCDA01@exemple", "Signature01@exemple"}, "</soap:Envelope>"},
		"dmp/samples/td3.2-response.http": {nil, "</soap:Envelope>"},
	} {
		msg := testkit.ReadShared(t, name)
		head, body, ok := bytes.Cut(msg, []byte("\r\n\r\n"))
		require.True(t, ok)
		var ct string
		for line := range strings.SplitSeq(string(head), "\r\n") {
			if v, ok := strings.CutPrefix(line, "Content-Type: "); ok {
				ct = v
			}
		}
		r, err := xop.NewReader(bytes.NewReader(body), ct, xop.Options{})
		require.NoError(t, err)
		root, err := r.Root()
		require.NoError(t, err, name)
		env, err := io.ReadAll(root)
		require.NoError(t, err)
		assert.Contains(t, string(env), c.end)
		assert.Equal(t, xop.TypeXOP, root.MediaType())
		ids := []string{root.ContentID()}
		for p, err := range r.All() {
			require.NoError(t, err, name)
			assert.Contains(t, string(env), xop.Href(p.ContentID())[:8])
			ids = append(ids, p.ContentID())
		}
		assert.True(t, r.Complete(), name)
		if c.ids != nil {
			assert.Equal(t, c.ids, ids)
		}
		for cut := 0; cut < len(body)-4; cut++ { // the last four bytes are "--" CR LF: the closing delimiter is not whole
			if cut > 500 && cut < len(body)-500 {
				cut += 12 // every byte is cut in the sample of our own; here it would take seconds
			}
			r, err := xop.NewReader(bytes.NewReader(body[:cut]), ct, xop.Options{})
			require.NoError(t, err)
			if _, err = parts(r); !errors.Is(err, xop.ErrTruncated) {
				t.Fatalf("%s cut at %d: %v", name, cut, err)
			}
		}
	}
}

func FuzzReader(f *testing.F) {
	for _, nl := range []string{"\r\n", "\n"} {
		msg, _ := sample(nl)
		f.Add([]byte(msg), "cut")
		for _, cut := range []int{3, 20, 60, 100, 150, len(msg) - 22} {
			f.Add([]byte(msg[:cut]), "cut")
		}
	}
	f.Add([]byte("--b--"), "b")
	f.Add([]byte("--b\r\n\r\n--b\r\n\r\n--b--x"), "b")
	f.Fuzz(func(t *testing.T, body []byte, boundary string) {
		if len(boundary) > 70 || strings.ContainsAny(boundary, "\"\\;") {
			return
		}
		lim := xop.Limits{HeaderBytes: 500, Parts: 20, PartBytes: 2000, TotalBytes: 10_000}
		read := func(in io.Reader) ([]string, *xop.Reader, error) {
			r, err := xop.NewReader(in, related+`"`+boundary+`"`, xop.Options{Limits: lim})
			if err != nil {
				return nil, nil, err
			}
			got, err := parts(r)
			return got, r, err
		}
		got, r, err := read(bytes.NewReader(body))
		if r == nil {
			return
		}
		if r.Complete() != (err == nil) {
			t.Fatalf("complete %v, error %v", r.Complete(), err)
		}
		total := 0
		for _, p := range got {
			total += len(p)
			if int64(len(p)) > lim.PartBytes {
				t.Fatal("part over its limit")
			}
		}
		if total > len(body) || int64(len(got)) > lim.Parts {
			t.Fatal("more than there was")
		}
		if err == nil && !bytes.Contains(body, []byte("--"+boundary+"--")) {
			t.Fatal("an end that is not there")
		}
		if err != nil && !errors.Is(err, xop.ErrTruncated) && !errors.Is(err, xop.ErrLimit) && !errors.Is(err, xop.ErrMalformed) {
			t.Fatalf("untyped error %v", err)
		}
		slow, _, slowErr := read(iotest.OneByteReader(bytes.NewReader(body)))
		if (err == nil) != (slowErr == nil) || fmt.Sprint(got) != fmt.Sprint(slow) {
			t.Fatalf("read in one piece %q, %v; byte by byte %q, %v", got, err, slow, slowErr)
		}
	})
}
