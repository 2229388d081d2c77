package xdm_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/mssante/xdm"
)

func TestPackLayout(t *testing.T) {
	t.Parallel()
	b := pack(t, parcel(), options())
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	require.NoError(t, err)
	var names []string
	for _, f := range z.File {
		names = append(names, f.Name)
		assert.Equal(t, zip.Deflate, f.Method)
		assert.Empty(t, f.Extra, "no extra field")
		assert.Equal(t, "2026-01-05 11:25:30", f.Modified.Format(time.DateTime), "the clock as it reads at the sender")
		for _, part := range strings.Split(f.Name, "/") {
			assert.Regexp(t, `^[A-Z0-9_]{1,8}(\.[A-Z0-9_]{1,3})?$`, part, "ISO 9660 level 1")
		}
	}
	assert.Equal(t, []string{"README.TXT", "INDEX.HTM", "IHE_XDM/SUBSET01/METADATA.XML", "IHE_XDM/SUBSET01/DOC00001.XML"}, names)

	files := unpack(t, b)
	testkit.Golden(t, "README.TXT", []byte(files["README.TXT"]))
	testkit.Golden(t, "INDEX.HTM", []byte(files["INDEX.HTM"]))
	testkit.Golden(t, "METADATA.XML", []byte(files["IHE_XDM/SUBSET01/METADATA.XML"]))
	assert.Equal(t, cdaText, files["IHE_XDM/SUBSET01/DOC00001.XML"])
	assert.NotRegexp(t, regexp.MustCompile(`[^\r]\n`), files["README.TXT"], "CRLF everywhere")
	testkit.Run(t, []byte(files["IHE_XDM/SUBSET01/METADATA.XML"]), "xmllint", "--noout", "-")
}

func TestPackIsDeterministic(t *testing.T) {
	t.Parallel()
	assert.Equal(t, pack(t, parcel(), options()), pack(t, parcel(), options()))
}

func TestUnzipAcceptsOurArchives(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "IHE_XDM.ZIP")
	require.NoError(t, os.WriteFile(file, pack(t, parcel(), options()), 0o600))
	out := testkit.Run(t, nil, "unzip", "-t", file)
	require.NoError(t, out.Err())
	assert.Contains(t, string(out.Stdout), "No errors detected")
}

func TestPackedMetadata(t *testing.T) {
	t.Parallel()
	p := parcel()
	p.Subsets[0].Set.UniqueID = ""
	p.Subsets[0].Documents[0].Entry.RepositoryID, p.Subsets[0].Documents[0].Entry.LogicalID, p.Subsets[0].Documents[0].Entry.Version = "1.2.3", "urn:uuid:1", "2"
	p.Subsets[0].Documents[0].Entry.Status = xds.Approved
	p.Subsets[0].Documents[0].Entry.Replaces = "urn:uuid:0f0f0f0f-0000-4000-8000-000000000001"
	p.Subsets[0].Stylesheet = segur.BytesContent([]byte("<xsl/>"))
	p.Subsets[0].Documents[0].Action = xdm.Change
	b := pack(t, p, options())
	a, err := open(b)
	require.NoError(t, err)
	assert.Empty(t, a.Warnings)
	require.Len(t, a.Sets, 1)
	s := a.Sets[0].Submission
	assert.Equal(t, "IHE_XDM/SUBSET01", a.Sets[0].Folder)
	assert.True(t, segur.OID(s.Set.UniqueID).Within(testRoot+".8"), "a new OID below the source: %s", s.Set.UniqueID)
	assert.Equal(t, p.Subsets[0].Documents[0].Entry.Title, s.Set.Title)
	assert.True(t, s.Set.Submitted.Time.Equal(now))
	assert.True(t, s.Set.PatientID.Same(p.Subsets[0].Documents[0].Entry.PatientID))

	e := s.Entries[0]
	assert.Regexp(t, `^urn:uuid:`, e.ID)
	assert.Equal(t, testRoot+".3^CR-1", e.UniqueID, "MSSanté takes identifiers with an extension")
	assert.Equal(t, "DOC00001.XML", e.URI)
	assert.Equal(t, int64(len(cdaText)), e.Size)
	assert.Equal(t, "31", e.ClassCode.Code)
	assert.Empty(t, string(e.RepositoryID)+e.LogicalID+e.Version+string(e.Status), "what a registry gives stays behind")
	assert.Equal(t, []xds.Slot{{Name: xdm.DefaultActionSlot, Values: []string{"C"}}}, e.Extra)
	assert.Equal(t, "urn:uuid:0f0f0f0f-0000-4000-8000-000000000001", e.Replaces)
	assert.Equal(t, xdm.Change, a.Sets[0].Documents[0].Action)
	assert.Equal(t, []string{"README.TXT", "INDEX.HTM", "IHE_XDM/SUBSET01/CDA_FO.XSL"}, a.Others)
	_, err = s.Validate(xds.Rules{Profile: xds.XDM})
	assert.NoError(t, err)
}

func TestPackSeveralDocuments(t *testing.T) {
	t.Parallel()
	p := parcel()
	for i, mime := range []string{"application/dicom", "application/pdf", "text/plain", "image/jpeg", "image/tiff", "application/xslt+xml", "x/y"} {
		d := p.Subsets[0].Documents[0]
		d.Entry.UniqueID, d.Entry.MimeType = testRoot+".4."+string(rune('1'+i)), mime
		d.Content = segur.BytesContent([]byte(strings.Replace(cdaText, "CR-1", mime, 1)))
		p.Subsets[0].Documents = append(p.Subsets[0].Documents, d)
	}
	a, err := open(pack(t, p, options()))
	require.NoError(t, err)
	var uris []string
	for _, d := range a.Sets[0].Documents {
		uris = append(uris, d.Entry.URI)
		var _ segur.Content = &d
	}
	assert.Equal(t, []string{"DOC00001.XML", "DOC00002.DCM", "DOC00003.PDF", "DOC00004.TXT", "DOC00005.JPG", "DOC00006.TIF", "DOC00007.XML", "DOC00008.BIN"}, uris)
}

func TestPackRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*xdm.Package, *xdm.Options)
		fields []string
	}{
		"nothing":      {func(p *xdm.Package, _ *xdm.Options) { *p = xdm.Package{} }, []string{"subsets", "sender.name", "sender.application"}},
		"no content":   {func(p *xdm.Package, _ *xdm.Options) { p.Subsets[0].Documents[0].Content = nil }, []string{"subsets[0].documents[0].content"}},
		"huge content": {func(p *xdm.Package, _ *xdm.Options) { p.Subsets[0].Documents[0].Content = content{size: 1 << 32} }, []string{"subsets[0].documents[0].content"}},
		"bad action":   {func(p *xdm.Package, _ *xdm.Options) { p.Subsets[0].Documents[0].Action = "X" }, []string{"subsets[0].documents[0].action"}},
		"bad slot":     {func(_ *xdm.Package, o *xdm.Options) { o.ActionSlot = "urn:ihe:x" }, []string{"actionSlot"}},
		"no title":     {func(p *xdm.Package, _ *xdm.Options) { p.Subsets[0].Documents[0].Entry.Title = "" }, []string{"subsets[0].documents[0].entry.title"}},
		"no title, no sender": {func(p *xdm.Package, _ *xdm.Options) { p.Subsets[0].Documents[0].Entry.Title, p.Sender.Name = "", "" },
			[]string{"sender.name", "subsets[0].documents[0].entry.title"}},
		"no source":       {func(p *xdm.Package, _ *xdm.Options) { p.Subsets[0].Set.SourceID, p.Subsets[0].Set.UniqueID = "", "" }, []string{"subsets[0].set.uniqueID", "subsets[0].set.sourceID"}},
		"no content type": {func(p *xdm.Package, _ *xdm.Options) { p.Subsets[0].Set.ContentTypeCode = segur.Code{} }, []string{"subsets[0].set.contentTypeCode"}},
		"two patients":    {twoPatients, []string{"subsets[0].documents[1].entry.patientID"}},
		"signature": {func(p *xdm.Package, _ *xdm.Options) {
			p.Subsets[0].Documents[0].Entry = signature(p, p.Subsets[0].Documents[0].Entry.PatientID)
		}, []string{"subsets[0].documents[0].entry"}},
		"same unique ids": {func(p *xdm.Package, _ *xdm.Options) {
			p.Subsets[0].Documents = append(p.Subsets[0].Documents, p.Subsets[0].Documents[0])
		}, []string{"subsets[0].documents[1].entry.uniqueID"}},
		"unknown facility": {func(p *xdm.Package, _ *xdm.Options) { p.Subsets[0].Documents[0].Entry.FacilityTypeCode.Code = "SA99" }, []string{"subsets[0].documents[0].entry.facilityTypeCode"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, o := parcel(), options()
			c.change(&p, &o)
			var b bytes.Buffer
			_, err := xdm.Pack(&b, p, o)
			var e *segur.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, segur.KindInvalidInput, e.Kind)
			assert.Equal(t, "xdm.Pack", e.Op)
			var fields []string
			for _, d := range e.Details {
				fields = append(fields, d.Field)
			}
			assert.ElementsMatch(t, c.fields, fields)
			assert.Zero(t, b.Len(), "nothing is written")
			assert.NotContains(t, err.Error(), matricule)
		})
	}
	p, o := parcel(), options()
	p.Subsets[0].Documents[0].Entry.FacilityTypeCode.Code, o.AllowUnknownCodes = "SA99", true
	pack(t, p, o)
}

func twoPatients(p *xdm.Package, _ *xdm.Options) {
	d := p.Subsets[0].Documents[0]
	d.Entry.UniqueID = testRoot + ".5"
	d.Entry.PatientID.Authority = segur.OIDINSNIR
	p.Subsets[0].Documents = append(p.Subsets[0].Documents, d)
}

func signature(p *xdm.Package, patient xds.PatientID) xds.DocumentEntry {
	set := p.Subsets[0].Set
	set.PatientID = patient
	return xds.SignatureEntry(set, p.Subsets[0].Documents[0].Entry, testRoot+".6", segur.At(now))
}

// content is a scripted document.
type content struct {
	size   int64
	bodies *[]string // one for each Open
	err    error
}

func (c content) Size() int64 { return c.size }
func (c content) Open() (io.ReadCloser, error) {
	if len(*c.bodies) == 0 {
		return nil, c.err
	}
	b := (*c.bodies)[0]
	*c.bodies = (*c.bodies)[1:]
	return io.NopCloser(io.MultiReader(strings.NewReader(b), failing{c.err})), nil
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	return 0, io.EOF
}

func TestPackNoticesAChange(t *testing.T) {
	t.Parallel()
	p := parcel()
	p.Subsets[0].Documents[0].Content = content{size: 3, bodies: &[]string{"abc", "abd"}}
	_, err := xdm.Pack(io.Discard, p, options())
	assert.ErrorIs(t, err, segur.ErrSignature)
	p.Subsets[0].Documents[0].Content = content{size: 3, bodies: &[]string{"abc", "abcd"}}
	_, err = xdm.Pack(io.Discard, p, options())
	assert.ErrorIs(t, err, segur.ErrSignature)
	p.Subsets[0].Documents[0].Content = content{size: 3, bodies: &[]string{"abc"}, err: nil}
	c := content{size: 3, bodies: &[]string{"abc"}}
	p.Subsets[0].Documents[0].Content = gone{c}
	_, err = xdm.Pack(io.Discard, p, options())
	assert.ErrorIs(t, err, segur.ErrInvalidInput)
}

// gone can be opened once.
type gone struct{ content }

func (g gone) Open() (io.ReadCloser, error) {
	if len(*g.bodies) == 0 {
		return nil, errors.New("gone")
	}
	return g.content.Open()
}

func TestPackReportsTheDestination(t *testing.T) {
	t.Parallel()
	whole := len(pack(t, parcel(), options()))
	for n := 0; n < whole; n += 97 {
		_, err := xdm.Pack(&limited{n}, parcel(), options())
		require.ErrorIs(t, err, errFull, "%d bytes", n)
		var e *segur.Error
		require.ErrorAs(t, err, &e)
	}
}

var errFull = errors.New("full")

type limited struct{ left int }

func (l *limited) Write(p []byte) (int, error) {
	if len(p) > l.left {
		n := l.left
		l.left = 0
		return n, errFull
	}
	l.left -= len(p)
	return len(p), nil
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := parcel()
		var want []string
		for i := range rapid.IntRange(1, 4).Draw(t, "documents") {
			body := string(rapid.SliceOfN(rapid.Byte(), 1, 1000).Draw(t, "body"))
			want = append(want, body)
			d := xdm.Document{Entry: p.Subsets[0].Documents[0].Entry, Content: segur.BytesContent([]byte(body))}
			d.Entry.MimeType = "application/pdf" // XML must be a CDA
			d.Entry.UniqueID = testRoot + ".9." + string(rune('1'+i))
			d.Entry.Title = "a" + strings.Map(func(r rune) rune {
				if r < 0x20 || r > 0xD7FF || r == 0x85 || r == 0xA0 {
					return -1
				}
				return r
			}, rapid.StringN(0, 60, -1).Draw(t, "title"))
			if i == 0 {
				p.Subsets[0].Documents = nil
			}
			p.Subsets[0].Documents = append(p.Subsets[0].Documents, d)
		}
		var b bytes.Buffer
		if _, err := xdm.Pack(&b, p, options()); err != nil {
			t.Fatal(err)
		}
		a, err := open(b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		for i, d := range a.Sets[0].Documents {
			r, err := d.Open()
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(r)
			if err != nil || string(got) != want[i] || r.Close() != nil {
				t.Fatalf("document %d: %v", i, err)
			}
			if strings.TrimSpace(d.Entry.Title) != strings.TrimSpace(p.Subsets[0].Documents[i].Entry.Title) {
				t.Fatalf("title %q became %q", p.Subsets[0].Documents[i].Entry.Title, d.Entry.Title)
			}
		}
	})
}
