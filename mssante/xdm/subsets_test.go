package xdm_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/internal/testkit/fixed"
	"github.com/segur-sdk/segur/mssante/xdm"
)

// several is a package of two subsets: a report and its former version to
// delete; a plain file, with a style sheet.
func several() xdm.Package {
	p := parcel()
	old := p.Subsets[0].Documents[0]
	old.Entry.UniqueID, old.Action = testRoot+".3^CR-0", xdm.Delete
	old.Content = segur.BytesContent([]byte(strings.Replace(cdaText, "CR-1", "CR-0", 1)))
	p.Subsets[0].Documents[0].Action = xdm.Change
	p.Subsets[0].Documents = append(p.Subsets[0].Documents, old)
	second := parcel().Subsets[0]
	second.Set.UniqueID = testRoot + ".1.2"
	second.Documents[0].Entry.UniqueID, second.Documents[0].Entry.MimeType = testRoot+".3^PDF", "application/pdf"
	second.Documents[0].Content = segur.BytesContent([]byte("%PDF-1.4"))
	second.Stylesheet = segur.BytesContent([]byte("<xsl/>"))
	p.Subsets = append(p.Subsets, second)
	return p
}

func TestSeveralSubsets(t *testing.T) {
	t.Parallel()
	b := pack(t, several(), options())
	a, err := open(b)
	require.NoError(t, err)
	assert.Empty(t, a.Warnings)
	assert.Empty(t, a.Repairs)
	require.Len(t, a.Sets, 2)
	var got []string
	for _, s := range a.Sets {
		for _, d := range s.Documents {
			got = append(got, d.Path+" "+d.Entry.UniqueID+" "+string(d.Action))
		}
	}
	assert.Equal(t, []string{
		"IHE_XDM/SUBSET01/DOC00001.XML 1.2.250.1.999.1.3^CR-1 C", "IHE_XDM/SUBSET01/DOC00002.XML 1.2.250.1.999.1.3^CR-0 D",
		"IHE_XDM/SUBSET02/DOC00001.PDF 1.2.250.1.999.1.3^PDF ",
	}, got)
	assert.Equal(t, []string{"README.TXT", "INDEX.HTM", "IHE_XDM/SUBSET02/CDA_FO.XSL"}, a.Others)
	files := unpack(t, b)
	testkit.Golden(t, "README-2.TXT", []byte(files["README.TXT"]))
	testkit.Golden(t, "INDEX-2.HTM", []byte(files["INDEX.HTM"]))
	testkit.Run(t, []byte(strings.Replace(files["INDEX.HTM"], `<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML Basic 1.0//EN" "http://www.w3.org/TR/xhtml-basic/xhtml-basic10.dtd">`, "", 1)),
		"xmllint", "--noout", "-")

	file := filepath.Join(t.TempDir(), "IHE_XDM.ZIP")
	require.NoError(t, os.WriteFile(file, b, 0o600))
	out := testkit.Run(t, nil, "unzip", "-t", file)
	require.NoError(t, out.Err())
	assert.Contains(t, string(out.Stdout), "No errors detected")
}

func TestSubsetsThatDoNotFitTogether(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*xdm.Package)
		field  string
	}{
		"another patient": {func(p *xdm.Package) {
			p.Subsets[1].Documents[0].Entry.PatientID.Authority = segur.OIDINSNIR
			p.Subsets[1].Documents[0].Entry.SourcePatientID = xds.PatientID{ID: "x", Authority: testRoot}
		}, "subsets[1].documents[0].entry.patientID"},
		"same document": {func(p *xdm.Package) {
			p.Subsets[1].Documents[0].Entry.UniqueID = p.Subsets[0].Documents[0].Entry.UniqueID
		}, "subsets[1].documents[0].entry.uniqueID"},
		"same set":    {func(p *xdm.Package) { p.Subsets[1].Set.UniqueID = p.Subsets[0].Set.UniqueID }, "subsets[1].set.uniqueID"},
		"no document": {func(p *xdm.Package) { p.Subsets[1].Documents = nil }, "subsets[1].documents"},
		"too many":    {func(p *xdm.Package) { p.Subsets = make([]xdm.Subset, 100) }, "subsets"},
		"bad title":   {func(p *xdm.Package) { p.Subsets[1].Documents[0].Entry.Title = "" }, "subsets[1].documents[0].entry.title"},
	} {
		p := several()
		c.change(&p)
		_, err := xdm.Pack(&bytes.Buffer{}, p, options())
		require.ErrorIs(t, err, segur.ErrInvalidInput, name)
		var e *segur.Error
		require.ErrorAs(t, err, &e)
		var fields []string
		for _, d := range e.Details {
			fields = append(fields, d.Field)
		}
		assert.Contains(t, fields, c.field, name)
		_, predicted := xdm.Predict(p, options())
		assert.ErrorIs(t, predicted, segur.ErrInvalidInput, "%s: refused before building as well", name)
	}
}

// What a receiver may refuse is reported by Pack, with its place.
func TestPackReportsWarnings(t *testing.T) {
	t.Parallel()
	p := parcel()
	local := xds.PatientID{ID: "IPP-0001", Authority: testRoot, Type: "PI"}
	p.Subsets[0].Documents[0].Entry.PatientID, p.Subsets[0].Documents[0].Entry.SourcePatientID = local, local
	p.Subsets[0].Documents[0].Entry.FacilityTypeCode.Code = "SA99"
	o := options()
	o.AllowUnknownCodes = true
	packed, err := xdm.Pack(&bytes.Buffer{}, p, o)
	require.NoError(t, err)
	var fields []string
	for _, w := range packed.Warnings {
		fields = append(fields, w.Field)
	}
	assert.ElementsMatch(t, []string{"subsets[0].set.patientID", "subsets[0].documents[0].entry.patientID",
		"subsets[0].documents[0].entry.facilityTypeCode"}, fields)
	assert.Equal(t, local, packed.Submissions[0].Set.PatientID)

	packed, err = xdm.Pack(&bytes.Buffer{}, parcel(), options())
	require.NoError(t, err)
	assert.Empty(t, packed.Warnings)
}

func TestPredict(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1, 100, 40_000, 90_000} {
		for _, body := range [][]byte{bytes.Repeat([]byte("a"), size), []byte(filler(2 * size)), []byte(noise(size))} {
			for _, p := range []xdm.Package{parcel(), several()} {
				p.Subsets[0].Documents[0].Entry.MimeType = "application/pdf"
				p.Subsets[0].Documents[0].Content = segur.BytesContent(body)
				p.Subsets[0].Set.UniqueID = ""
				room, err := xdm.Predict(p, options())
				require.NoError(t, err)
				n := int64(len(pack(t, p, options())))
				assert.True(t, room.Least <= n && n <= room.Most, "%d bytes, predicted %+v", n, room)
				assert.Less(t, room.Most-n, int64(2*size+30_000), "a prediction that is of use")
			}
		}
	}
	// A document that cannot be opened is predicted all the same: it is not read.
	p := parcel()
	p.Subsets[0].Documents[0].Content = content{size: 1000, bodies: &[]string{}}
	room, err := xdm.Predict(p, options())
	require.NoError(t, err)
	assert.Greater(t, room.Most, int64(1000))
}

// noise does not deflate.
func noise(n int) string {
	b := make([]byte, n)
	_, _ = fixed.Rand(4).Read(b)
	return string(b)
}

// patch changes bytes of the directory entry of the n-th file from the end.
func patch(t *testing.T, b []byte, at int, value ...byte) []byte {
	t.Helper()
	b = bytes.Clone(b)
	i := bytes.LastIndex(b, []byte("PK\x01\x02"))
	require.Positive(t, i)
	copy(b[i+at:], value)
	return b
}

func TestEntriesThatLie(t *testing.T) {
	t.Parallel()
	metadata, document := good(t)
	b := archive(t, item{name: "README.TXT", body: "x"}, item{name: "INDEX.HTM", body: "x"},
		item{name: "IHE_XDM/SUBSET01/METADATA.XML", body: metadata}, item{name: "IHE_XDM/SUBSET01/DOC00001.XML", body: document})
	_, got := verdict(t, b)
	require.Equal(t, "ok", got)

	// The last file takes the place of the one before it: the bomb whose files
	// share one body.
	i := bytes.LastIndex(b, []byte("PK\x01\x02"))
	offset := binary.LittleEndian.Uint32(b[i+42:])
	end := bytes.LastIndex(b, []byte("PK\x05\x06"))
	twice := bytes.Clone(b)
	local := int(offset)
	name := bytes.Index(twice[local:], []byte("DOC00001.XML")) + local
	longer := binary.LittleEndian.Uint32(b[i+20:]) + 40
	assert.Positive(t, name)

	withLocator := bytes.Join([][]byte{b[:end], append([]byte("PK\x06\x07"), make([]byte, 16)...), b[end:]}, nil)
	binary.LittleEndian.PutUint32(withLocator[len(withLocator)-22+12:], uint32(end+20)-binary.LittleEndian.Uint32(b[end+16:]))
	otherName := bytes.Clone(b)
	otherName[name] = 'X'
	for name, c := range map[string]struct {
		b    []byte
		code string
	}{
		"longer than its place": {patch(t, b, 20, byte(longer), byte(longer>>8), byte(longer>>16), byte(longer>>24)), xdm.CodeOverlap},
		"64-bit size":           {patch(t, b, 20, 0xff, 0xff, 0xff, 0xff), xdm.CodeZip64},
		"64-bit offset":         {patch(t, b, 42, 0xff, 0xff, 0xff, 0xff), xdm.CodeZip64},
		"64-bit locator":        {withLocator, xdm.CodeZip64},
		"no local header":       {patch(t, b, 42, 1, 0, 0, 0), xdm.CodeNotZip},
		"another local name":    {otherName, xdm.CodeNotZip},
		"encrypted in the body": {flip(b, local+6, 1), xdm.CodeNotZip},
		"another local method":  {flip(b, local+8, 8), xdm.CodeNotZip},
		"longer directory name": {patch(t, b, 28, 200), xdm.CodeNotZip},
	} {
		_, got := verdict(t, c.b)
		assert.Equal(t, c.code, got, name)
	}
}

func flip(b []byte, at int, mask byte) []byte {
	b = bytes.Clone(b)
	b[at] ^= mask
	return b
}

// Two entries of the directory for one local header: every classic bomb
// without nesting is made of this.
func TestFilesThatShareBytes(t *testing.T) {
	t.Parallel()
	b := archive(t, item{name: "A", body: "one"}, item{name: "A2", body: "two"})
	// Both entries point to the first file; their names are made alike but for
	// the case first, which alone would be refused: so the local name is "A".
	first := bytes.Index(b, []byte("PK\x01\x02"))
	second := bytes.LastIndex(b, []byte("PK\x01\x02"))
	copy(b[second+42:second+46], b[first+42:first+46])
	_, got := verdict(t, b)
	assert.Equal(t, xdm.CodeNotZip, got, "the local header has another name")

	b = archive(t, item{name: "AA", body: "one"}, item{name: "BB", body: "two"})
	first, second = bytes.Index(b, []byte("PK\x01\x02")), bytes.LastIndex(b, []byte("PK\x01\x02"))
	size := binary.LittleEndian.Uint32(b[second+42:]) // the first takes the second's place too
	binary.LittleEndian.PutUint32(b[first+20:], size)
	_, got = verdict(t, b)
	assert.Equal(t, xdm.CodeOverlap, got)
}

func TestNamesThatSystemsConfuse(t *testing.T) {
	t.Parallel()
	metadata, document := good(t)
	for name, c := range map[string]struct{ file, code string }{
		"dot at the end":      {"IHE_XDM/SUBSET01/DOC00001.XML.", xdm.CodeUnsafePath},
		"space at the end":    {"IHE_XDM/SUBSET01/DOC00001.XML ", xdm.CodeUnsafePath},
		"folder with a dot":   {"IHE_XDM./x", xdm.CodeUnsafePath},
		"device":              {"nul", xdm.CodeUnsafePath},
		"device, extension":   {"IHE_XDM/Com1.TXT", xdm.CodeUnsafePath},
		"below a file":        {"README.TXT/x", xdm.CodeDuplicateName},
		"below a file, case":  {"ihe_xdm/subset01/doc00001.xml/x", xdm.CodeDuplicateName},
		"case":                {"readme.txt", xdm.CodeDuplicateName},
		"case of the accents": {"\u00c9.TXT", xdm.CodeDuplicateName}, // É against é, and e with a combining accent
	} {
		b := archive(t, item{name: "README.TXT", body: "x"}, item{name: "\u0065\u0301.TXT", body: "x"},
			item{name: "IHE_XDM/SUBSET01/METADATA.XML", body: metadata},
			item{name: "IHE_XDM/SUBSET01/DOC00001.XML", body: document}, item{name: c.file, body: "x"})
		_, got := verdict(t, b)
		assert.Equal(t, c.code, got, name)
	}
}

func TestPrintedFormsAreRedacted(t *testing.T) {
	t.Parallel()
	p := several()
	var out bytes.Buffer
	packed, err := xdm.Pack(&out, p, options())
	require.NoError(t, err)
	a, err := open(out.Bytes())
	require.NoError(t, err)
	var b strings.Builder
	_, _ = fmt.Fprintf(&b, "%v %+v %#v %v %+v %v %+v %v %+v", p, p, p, p.Subsets[0], *packed, a, a.Sets, a.Sets[0], a.Sets[0].Documents[0])
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "p", p, "s", p.Subsets[0], "k", *packed, "a", a, "set", a.Sets[0], "d", a.Sets[0].Documents[0])
	for _, secret := range []string{matricule, "FICTIVE", "IPP-0001", "CR-1"} {
		assert.NotContains(t, b.String(), secret)
	}
}
