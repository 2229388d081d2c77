package dmp_test

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // the hash that XDS metadata are defined with
	"encoding/base64"
	"encoding/hex"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/internal/xmlr"
	"github.com/segur-sdk/segur/internal/xmlsec"
)

// inPieces gives its content a few bytes at a time.
type inPieces struct{ segur.Content }

func (p inPieces) Open() (io.ReadCloser, error) {
	r, err := p.Content.Open()
	return struct {
		io.Reader
		io.Closer
	}{iotest.OneByteReader(r), r}, err
}

// The digest of a streamed document is that of its canonical form.
func TestManifestDigest(t *testing.T) {
	t.Parallel()
	long, longer := strings.Repeat("QUJD", 5000), strings.Repeat("+/9=", 30000)
	for name, doc := range map[string]string{
		"small":               `<a  b='1'>x<!-- c --></a>`,
		"declaration, BOM":    "\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<a>\r\nx</a>\r\n",
		"one run":             "<?xml version=\"1.0\"?>\n<a b='1'\tc=\"2\">" + long + "</a><!-- end -->",
		"two runs":            "<a><b>" + long + "</b>\r\n<c>" + longer + "</c></a>",
		"runs in text":        "<a>x " + long + "&amp;" + longer + " é</a>",
		"run in an attribute": `<a z="1" b="` + long + `">` + longer + `</a>`,
		"run in a comment":    "<a><!--" + long + "--></a>",
		"run in CDATA":        "<a><![CDATA[" + long + "]]></a>",
		"run of 16 KiB":       "<a>" + strings.Repeat("A", 16<<10) + "</a>",
		"run of less":         "<a>" + strings.Repeat("A", 16<<10-1) + "</a>",
		"lines":               "<a>" + strings.Repeat(strings.Repeat("QUJD", 19)+"\r\n", 400) + "</a>",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want, err := xmlsec.DigestCanonical([]byte(doc), xmlsec.SHA1, xmlr.Options{})
			require.NoError(t, err)
			sum := sha1.Sum([]byte(doc)) //nolint:gosec // see the import
			for _, c := range []segur.Content{segur.BytesContent([]byte(doc)), inPieces{segur.BytesContent([]byte(doc))}} {
				got, hash, err := dmp.ManifestDigest(c, true, false)
				require.NoError(t, err)
				assert.Equal(t, hex.EncodeToString(want), hex.EncodeToString(got))
				assert.Equal(t, hex.EncodeToString(sum[:]), hash)
			}
			want, err = xmlsec.DigestCanonical([]byte(doc), xmlsec.SHA256, xmlr.Options{})
			require.NoError(t, err)
			got, _, err := dmp.ManifestDigest(segur.BytesContent([]byte(doc)), true, true)
			require.NoError(t, err)
			assert.Equal(t, want, got)
		})
	}
}

// What the streaming cannot do right is refused, never digested wrong.
func TestManifestDigestRefuses(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("QUJD", 5000)
	for name, doc := range map[string]string{
		"attributes change order": `<a z="` + long + `" b="` + long + `"/>`,
		"name as long as a run":   "<" + long + "/>",
		"two such names":          "<a" + long + "></b" + long + ">",
		"reference":               "<a>&#" + strings.Repeat("0", 20000) + "65;</a>",
		"marker":                  "<a>segurSDK+0bf7c2a94d1e48e2a1c7d95b35f6e081+00000000+segurSDK " + long + "</a>",
		"cut":                     "<a>" + long,
		"doctype":                 "<!DOCTYPE a><a>" + long + "</a>",
		"no XML":                  long,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := dmp.ManifestDigest(segur.BytesContent([]byte(doc)), true, false)
			require.ErrorIs(t, err, segur.ErrInvalidInput)
			assert.NotContains(t, err.Error(), "QUJD")
		})
	}
}

func TestManifestDigestOfBytes(t *testing.T) {
	t.Parallel()
	b := []byte("DICM\x00\x01")
	sum := sha1.Sum(b) //nolint:gosec // see the import
	got, hash, err := dmp.ManifestDigest(segur.BytesContent(b), false, false)
	require.NoError(t, err)
	assert.Equal(t, sum[:], got)
	assert.Equal(t, hex.EncodeToString(sum[:]), hash)
	want, err := xmlsec.Digest(bytes.NewReader(b), xmlsec.SHA256)
	require.NoError(t, err)
	got, hash, err = dmp.ManifestDigest(segur.BytesContent(b), false, true)
	require.NoError(t, err)
	assert.Equal(t, want, got)
	assert.Equal(t, hex.EncodeToString(sum[:]), hash)
}

// The official sample has the digest that its author published.
func TestManifestDigestOfTheSample(t *testing.T) {
	t.Parallel()
	doc := testkit.ReadShared(t, "dmp/samples/td2.1-document-cda.xml")
	published := string(testkit.ReadShared(t, "dmp/samples/td2.1-document-cda.c14n-withcomments.sha1.txt"))
	manifest, hash, err := dmp.ManifestDigest(segur.BytesContent(doc), true, false)
	require.NoError(t, err)
	assert.Contains(t, published, base64.StdEncoding.EncodeToString(manifest))
	assert.Contains(t, published, hash)
}

// Documents of any size are read in constant memory.
func TestManifestDigestMemory(t *testing.T) {
	doc := repeated{head: "<a b='1'>", unit: "QUJD", times: 2 << 20, tail: "</a>"}
	got := testing.AllocsPerRun(1, func() {
		_, _, err := dmp.ManifestDigest(doc, true, false)
		require.NoError(t, err)
	})
	assert.Less(t, got, 200.0)
}

// repeated is a large content that takes no memory.
type repeated struct {
	head, unit string
	times      int64
	tail       string
}

func (r repeated) Size() int64 {
	return int64(len(r.head)) + int64(len(r.unit))*r.times + int64(len(r.tail))
}

func (r repeated) Open() (io.ReadCloser, error) {
	block := strings.Repeat(r.unit, 16<<10)
	return io.NopCloser(io.MultiReader(strings.NewReader(r.head), io.LimitReader(&cycle{b: block}, int64(len(r.unit))*r.times),
		strings.NewReader(r.tail))), nil
}

// cycle repeats b for ever; b holds whole units.
type cycle struct {
	b  string
	at int
}

func (c *cycle) Read(p []byte) (int, error) {
	n := copy(p, c.b[c.at:])
	c.at = (c.at + n) % len(c.b)
	return n, nil
}
