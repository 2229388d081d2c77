package xop_test

import (
	"mime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/internal/xop"
)

func TestParseContentType(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]map[string]string{
		`multipart/related; type="application/dicom"; boundary=abc`: {"type": "application/dicom", "boundary": "abc"},
		// what servers send in spite of RFC 2045
		`multipart/related;type=application/dicom;boundary=a/b=c`:  {"type": "application/dicom", "boundary": "a/b=c"},
		`multipart/related; start=<0>; ;; boundary=x;`:             {"start": "<0>", "boundary": "x"},
		`Multipart/Related ; Boundary = "a b" ; TYPE=text/xml`:     {"boundary": "a b", "type": "text/xml"},
		`multipart/related; type="application/dicom; boundary=abc`: {"type": "application/dicom", "boundary": "abc"},
		`multipart/related; boundary="abc`:                         {"boundary": "abc"},
		`multipart/related; boundary=**; transfer-syntax=*`:        {"boundary": "**", "transfer-syntax": "*"},
		`multipart/related; boundary="a"garbage; type=x/y`:         {"boundary": "a", "type": "x/y"},
		`multipart/related; boundary=a; boundary=a`:                {"boundary": "a"},
		`multipart/related; flag; boundary=a`:                      {"boundary": "a"},
		`multipart/related; boundary=`:                             {"boundary": ""},
		`multipart/related; a="\"x\\y\""; boundary=b`:              {"a": `"x\y"`, "boundary": "b"},
		`multipart/related; type="application/xop+xml"; start-info="application/soap+xml; action=\"urn:x\""; boundary=q`: {
			"start-info": `application/soap+xml; action="urn:x"`, "boundary": "q"},
	} {
		ct, err := xop.ParseContentType(in)
		require.NoError(t, err, in)
		assert.Equal(t, "multipart/related", ct.Type, in)
		for k, v := range want {
			assert.Equal(t, v, ct.Param(k), "%s in %s", k, in)
			assert.Equal(t, v, ct.Param(strings.ToUpper(k)), "%s in %s", k, in)
		}
	}
}

func TestParseContentTypeRefuses(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		"", ";", "multipart", "/related", "multipart/", "multipart/related, text/xml; boundary=a",
		"multipart/related; boundary=a; boundary=b", "multipart/related; boundary=\"a\r\nX: y\"", "a/b; c=\x00",
		"a/b; c=" + strings.Repeat("x", 5000), "text/xml text/html",
	} {
		_, err := xop.ParseContentType(in)
		assert.ErrorIs(t, err, xop.ErrContentType, "%q", in)
	}
}

func TestContentTypeAccessors(t *testing.T) {
	t.Parallel()
	ct, err := xop.ParseContentType(`multipart/related; boundary=b; type="Application/XOP+xml; charset=UTF-8"; start="<root@x>"; start-info="application/soap+xml;action=y"`)
	require.NoError(t, err)
	assert.Equal(t, "b", ct.Boundary())
	assert.Equal(t, "root@x", ct.Start())
	assert.Equal(t, "application/xop+xml", ct.RootType())
	assert.Equal(t, "application/soap+xml", ct.StartInfo())
	assert.Empty(t, ct.Param("none"))
}

// FuzzContentType: no panic, and wherever the strict parser of the standard library accepts a value, ours reads the same.
func FuzzContentType(f *testing.F) {
	for _, s := range []string{
		`multipart/related; type="application/dicom"; boundary=abc`, `multipart/related; start=<0>; ;; boundary="a\"b"`,
		`a/b;c="`, `a/b;c="\`, `a/b;=;`, `a/b; c=d; c=e`, "a/b\t;\tc=d", `a/b; type="x; boundary=y`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		ct, err := xop.ParseContentType(s)
		if err != nil {
			return
		}
		_, _, _, _ = ct.Boundary(), ct.Start(), ct.RootType(), ct.StartInfo()
		if strings.ContainsAny(s, "*\\") { // RFC 2231 continuations, and escapes that the library treats as browsers do
			return
		}
		mt, params, err := mime.ParseMediaType(s)
		if err != nil {
			return
		}
		if ct.Type != mt {
			t.Fatalf("%q: type %q, strict parser %q", s, ct.Type, mt)
		}
		for k, v := range params {
			if got := ct.Param(k); got != v {
				t.Fatalf("%q: %s is %q, strict parser %q", s, k, got, v)
			}
		}
	})
}
