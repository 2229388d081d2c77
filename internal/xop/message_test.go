package xop_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/internal/testkit/fixed"
	"github.com/segur-sdk/segur/internal/xop"
)

func render(t *testing.T, m *xop.Message) []byte {
	t.Helper()
	var b bytes.Buffer
	n, err := m.WriteTo(&b)
	require.NoError(t, err)
	require.Equal(t, m.Size(), n)
	require.EqualValues(t, m.Size(), b.Len())
	return b.Bytes()
}

func TestMTOM(t *testing.T) {
	t.Parallel()
	boundary, err := xop.NewBoundary(fixed.Rand(1))
	require.NoError(t, err)
	doc := content("\x00\xff\r\n--" + boundary[:20] + "\r\nbinary")
	m, err := xop.NewMTOM(boundary, "root@segur.test", "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b",
		[]byte(`<env><xop:Include href="`+xop.Href("doc1@segur.test")+`"/></env>`), []xop.OutPart{
			{ContentID: "doc1@segur.test", ContentType: "text/xml", Content: doc},
			{ContentID: "sign@segur.test", ContentType: "text/xml", Content: xop.Bytes("<ds:Signature/>")},
		})
	require.NoError(t, err)
	got := render(t, m)
	testkit.Golden(t, "mtom.http", append([]byte("Content-Type: "+m.ContentType()+"\r\n\r\n"), got...))
	assert.Equal(t, got, render(t, m), "the same bytes each time")

	// a strict reader, the standard library's, agrees
	mt, params, err := mime.ParseMediaType(m.ContentType())
	require.NoError(t, err)
	assert.Equal(t, "multipart/related", mt)
	assert.Equal(t, map[string]string{
		"type": "application/xop+xml", "start": "<root@segur.test>", "start-info": "application/soap+xml", "boundary": boundary,
	}, params)
	std := multipart.NewReader(bytes.NewReader(got), boundary)
	for _, id := range []string{"<root@segur.test>", "<doc1@segur.test>", "<sign@segur.test>"} {
		p, err := std.NextRawPart()
		require.NoError(t, err)
		assert.Equal(t, id, p.Header.Get("Content-Id"))
		assert.Equal(t, "binary", p.Header.Get("Content-Transfer-Encoding"))
	}

	// and so does ours
	r, err := xop.NewReader(bytes.NewReader(got), m.ContentType(), xop.Options{})
	require.NoError(t, err)
	root, err := r.Root()
	require.NoError(t, err)
	ct := root.ContentType()
	assert.Equal(t, "application/xop+xml", ct.Type)
	assert.Equal(t, "application/soap+xml", ct.Param("type"))
	assert.Equal(t, "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b", ct.Param("action"))
	p, err := r.Next()
	require.NoError(t, err)
	assert.True(t, p.Is("cid:doc1%40segur.test"))
	b, err := io.ReadAll(p)
	require.NoError(t, err)
	assert.Equal(t, "\x00\xff\r\n--"+boundary[:20]+"\r\nbinary", string(b))

	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1/", nil)
	require.NoError(t, err)
	require.NoError(t, m.Apply(req))
	assert.Equal(t, m.ContentType(), req.Header.Get("Content-Type"))
	assert.Equal(t, int64(len(got)), req.ContentLength)
	again, err := req.GetBody()
	require.NoError(t, err)
	b, err = io.ReadAll(again)
	require.NoError(t, err)
	assert.Equal(t, sha256.Sum256(got), sha256.Sum256(b))
}

func TestRelatedForDICOM(t *testing.T) {
	t.Parallel()
	m, err := xop.Related{Boundary: "b0", Type: "application/dicom", Parts: []xop.OutPart{
		{ContentType: "application/dicom", Length: true, Content: content("DICM1")},
		{ContentType: "application/dicom", Location: "http://127.0.0.1/i/2", Content: content("")},
	}}.Message()
	require.NoError(t, err)
	assert.Equal(t, `multipart/related; type="application/dicom"; boundary=b0`, m.ContentType())
	assert.Equal(t, "--b0\r\nContent-Type: application/dicom\r\nContent-Length: 5\r\n\r\nDICM1\r\n"+
		"--b0\r\nContent-Type: application/dicom\r\nContent-Location: http://127.0.0.1/i/2\r\n\r\n\r\n--b0--\r\n", string(render(t, m)))
	empty, err := xop.Related{Boundary: "b0", Type: "application/dicom"}.Message()
	require.NoError(t, err)
	assert.Equal(t, "--b0--\r\n", string(render(t, empty)))
	r, err := xop.NewReader(bytes.NewReader(render(t, m)), m.ContentType(), xop.Options{})
	require.NoError(t, err)
	got, err := parts(r)
	require.NoError(t, err)
	assert.Equal(t, []string{"DICM1", ""}, got)
}

func TestMessageRefuses(t *testing.T) {
	t.Parallel()
	part := func(p xop.OutPart) error {
		if p.Content == nil {
			p.Content = xop.Bytes("x")
		}
		_, err := xop.Related{Boundary: "cut", Type: "a/b", Parts: []xop.OutPart{p}}.Message()
		return err
	}
	require.NoError(t, part(xop.OutPart{}))
	assert.ErrorIs(t, part(xop.OutPart{Content: xop.Bytes("a --cut b")}), xop.ErrBoundary, "the boundary occurs in the content")
	assert.ErrorIs(t, part(xop.OutPart{Location: "/x--cut"}), xop.ErrBoundary)
	assert.ErrorIs(t, part(xop.OutPart{ContentType: "a/b\r\nX-Evil: 1"}), xop.ErrHeader)
	assert.ErrorIs(t, part(xop.OutPart{ContentType: "é"}), xop.ErrHeader)
	assert.ErrorIs(t, part(xop.OutPart{Location: "\x00"}), xop.ErrHeader)
	assert.ErrorIs(t, part(xop.OutPart{ContentID: "a>b"}), xop.ErrHeader)
	assert.ErrorIs(t, part(xop.OutPart{ContentID: "a b"}), xop.ErrHeader)
	assert.ErrorIs(t, part(xop.OutPart{ContentID: strings.Repeat("a", 251)}), xop.ErrHeader)
	_, err := xop.Related{Boundary: "cut", Type: "a/b", Parts: []xop.OutPart{{}}}.Message()
	require.ErrorIs(t, err, xop.ErrSize, "no content")
	for _, b := range []string{"", "a b", "a\"", "a;b", "é", strings.Repeat("x", 71), "a\r\n"} {
		_, err := xop.Related{Boundary: b, Type: "a/b"}.Message()
		assert.ErrorIs(t, err, xop.ErrBoundary, "%q", b)
	}
	for _, m := range []xop.Related{{Boundary: "b"}, {Boundary: "b", Type: "a\"b"}, {Boundary: "b", Type: "a/b", Start: "x y"}, {Boundary: "b", Type: "a/b", StartInfo: "\""}} {
		_, err := m.Message()
		assert.ErrorIs(t, err, xop.ErrHeader, "%+v", m)
	}
	env := []byte("<e/>")
	twice := []xop.OutPart{{ContentID: "a", Content: xop.Bytes("1")}, {ContentID: "a", Content: xop.Bytes("2")}}
	for _, a := range [][]xop.OutPart{twice, {{Content: xop.Bytes("1")}}, {{ContentID: "root", Content: xop.Bytes("1")}}} {
		_, err := xop.NewMTOM("b", "root", "", env, a)
		assert.ErrorIs(t, err, xop.ErrHeader)
	}
	_, err = xop.NewMTOM("b", "", "", env, nil)
	require.ErrorIs(t, err, xop.ErrHeader)
	_, err = xop.NewMTOM("b", "root", `"`, env, nil)
	require.ErrorIs(t, err, xop.ErrHeader)
	_, err = xop.NewMTOM("b", "root", "", []byte("text --b text"), nil)
	require.ErrorIs(t, err, xop.ErrBoundary)
}

func TestNewBoundary(t *testing.T) {
	t.Parallel()
	a, err := xop.NewBoundary(fixed.Rand(1))
	require.NoError(t, err)
	b, err := xop.NewBoundary(fixed.Rand(2))
	require.NoError(t, err)
	assert.Regexp(t, `^segur-[0-9a-f]{32}$`, a)
	assert.NotEqual(t, a, b)
	boom := errors.New("no entropy")
	_, err = xop.NewBoundary(iotest.ErrReader(boom))
	require.ErrorIs(t, err, boom)
}

func TestWriteToReportsFaults(t *testing.T) {
	t.Parallel()
	boom := errors.New("disk full")
	m, err := xop.Related{Boundary: "b", Type: "a/b", Parts: []xop.OutPart{{Content: &tracked{size: 1, openErr: boom}}}}.Message()
	require.NoError(t, err)
	_, err = m.WriteTo(io.Discard)
	require.ErrorIs(t, err, boom)
}
