package xdm_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/mssante/xdm"
)

// verdict is "ok", or the code of the refusal.
func verdict(t *testing.T, b []byte) (*xdm.Archive, string) {
	t.Helper()
	a, err := open(b)
	if err == nil {
		return a, "ok"
	}
	assert.Nil(t, a)
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "xdm.Open", e.Op)
	assert.NotEmpty(t, e.Explain(segur.FR))
	assert.NotContains(t, err.Error(), "EVIL", "names of the archive are not repeated")
	return nil, e.Code
}

func TestHostileArchives(t *testing.T) {
	t.Parallel()
	metadata, document := good(t)
	plain := []item{{name: "README.TXT", body: "x"}, {name: "a/METADATA.XML", body: metadata}, {name: "a/DOC00001.XML", body: document}}
	with := func(items ...item) []byte { return archive(t, append(append([]item{}, plain...), items...)...) }
	replaced := func(old, new string) []byte {
		require.Contains(t, metadata, old)
		return archive(t, plain[0], item{name: "a/METADATA.XML", body: strings.Replace(metadata, old, new, 1)}, plain[2])
	}
	many := make([]item, 60)
	for i := range many {
		many[i] = item{name: fmt.Sprintf("f%d", i), body: "x"}
	}
	for name, c := range map[string]struct {
		b    []byte
		code string
		kind segur.Kind
	}{
		"empty file":          {nil, xdm.CodeNotZip, segur.KindProtocol},
		"text":                {[]byte("Bonjour"), xdm.CodeNotZip, segur.KindProtocol},
		"no file":             {archive(t), xdm.CodeEmpty, segur.KindProtocol},
		"leftovers only":      {archive(t, item{name: ".DS_Store", body: "x"}), xdm.CodeEmpty, segur.KindProtocol},
		"no metadata":         {archive(t, plain[0], plain[2]), xdm.CodeNoMetadata, segur.KindProtocol},
		"no document":         {archive(t, plain[0], plain[1]), xdm.CodeNoDocument, segur.KindProtocol},
		"document changed":    {archive(t, plain[0], plain[1], item{name: "a/DOC00001.XML", body: strings.ToUpper(document)}), xdm.CodeDifferentHash, segur.KindSignature},
		"document longer":     {archive(t, plain[0], plain[1], item{name: "a/DOC00001.XML", body: document + " "}), xdm.CodeDifferentSize, segur.KindSignature},
		"no hash":             {replaced(`"hash"`, `"hush"`), xdm.CodeDifferentHash, segur.KindProtocol},
		"no size":             {replaced(`"size"`, `"site"`), xdm.CodeDifferentHash, segur.KindProtocol},
		"no URI":              {replaced(`"URI"`, `"URL"`), xdm.CodeNoDocument, segur.KindProtocol},
		"URI up":              {replaced(">DOC00001.XML<", ">../DOC00001.XML<"), xdm.CodeUnsafePath, segur.KindProtocol},
		"URI absolute":        {replaced(">DOC00001.XML<", ">/etc/passwd<"), xdm.CodeUnsafePath, segur.KindProtocol},
		"URI drive":           {replaced(">DOC00001.XML<", ">C:DOC00001.XML<"), xdm.CodeUnsafePath, segur.KindProtocol},
		"metadata not XML":    {archive(t, item{name: "a/METADATA.XML", body: "Bonjour"}, plain[2]), xdm.CodeBadMetadata, segur.KindProtocol},
		"metadata cut":        {archive(t, item{name: "a/METADATA.XML", body: metadata[:500]}, plain[2]), xdm.CodeBadMetadata, segur.KindTruncated},
		"metadata doctype":    {replaced("<lcm:SubmitObjectsRequest", "<!DOCTYPE x><lcm:SubmitObjectsRequest"), xdm.CodeBadMetadata, segur.KindProtocol},
		"path up":             {with(item{name: "../EVIL.TXT", body: "x"}), xdm.CodeUnsafePath, segur.KindProtocol},
		"path up inside":      {with(item{name: "a/../../EVIL.TXT", body: "x"}), xdm.CodeUnsafePath, segur.KindProtocol},
		"path absolute":       {with(item{name: "/EVIL.TXT", body: "x"}), xdm.CodeUnsafePath, segur.KindProtocol},
		"path backslash":      {with(item{name: `..\EVIL.TXT`, body: "x"}), xdm.CodeUnsafePath, segur.KindProtocol},
		"path drive":          {with(item{name: "C:/EVIL.TXT", body: "x"}), xdm.CodeUnsafePath, segur.KindProtocol},
		"path empty part":     {with(item{name: "a//EVIL.TXT", body: "x"}), xdm.CodeUnsafePath, segur.KindProtocol},
		"path control":        {with(item{name: "EVIL\n.TXT", body: "x"}), xdm.CodeUnsafePath, segur.KindProtocol},
		"path not UTF-8":      {with(item{name: "EVIL\xff.TXT", body: "x"}), xdm.CodeUnsafePath, segur.KindProtocol},
		"path too long":       {with(item{name: strings.Repeat("E", 300), body: "x"}), xdm.CodeUnsafePath, segur.KindProtocol},
		"same name":           {with(item{name: "a/DOC00001.XML", body: "x"}), xdm.CodeDuplicateName, segur.KindProtocol},
		"same name, case":     {with(item{name: "A/doc00001.xml", body: "x"}), xdm.CodeDuplicateName, segur.KindProtocol},
		"file and folder":     {with(item{name: "README.TXT/"}), xdm.CodeDuplicateName, segur.KindProtocol},
		"symbolic link":       {with(item{name: "EVIL", body: "/etc/passwd", change: func(h *zip.FileHeader) { h.SetMode(os.ModeSymlink | 0o777) }}), xdm.CodeNotRegular, segur.KindProtocol},
		"device":              {with(item{name: "EVIL", change: func(h *zip.FileHeader) { h.SetMode(os.ModeDevice | 0o666) }}), xdm.CodeNotRegular, segur.KindProtocol},
		"encrypted":           {with(item{name: "EVIL", body: "x", change: func(h *zip.FileHeader) { h.Flags |= 1 }}), xdm.CodeEncrypted, segur.KindProtocol},
		"too many files":      {with(many...), xdm.CodeTooManyFiles, segur.KindTooLarge},
		"bomb by ratio":       {with(item{name: "BOMB", body: strings.Repeat("\x00", 4<<20)}), xdm.CodeTooLarge, segur.KindTooLarge},
		"data after the end":  {append(with(), "garbage"...), xdm.CodeNotZip, segur.KindProtocol},
		"data before":         {append([]byte("#!/bin/sh\n"), with()...), xdm.CodeNotZip, segur.KindProtocol},
		"two patients":        {archive(t, plain[0], plain[1], plain[2], item{name: "b/METADATA.XML", body: strings.ReplaceAll(metadata, "1.2.250.1.213.1.4.10", "1.2.250.1.213.1.4.8")}, item{name: "b/DOC00001.XML", body: document}), xdm.CodeSeveralPatients, segur.KindProtocol},
		"compression unknown": {unknownMethod(t, with(item{name: "EVIL", body: "x", change: func(h *zip.FileHeader) { h.Method = zip.Store }})), xdm.CodeMethod, segur.KindProtocol},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := open(c.b)
			var e *segur.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, c.code, e.Code, e.Error())
			assert.Equal(t, c.kind, e.Kind, e.Error())
			assert.NotContains(t, e.Error(), "EVIL")
			assert.NotContains(t, e.Error(), matricule)
		})
	}
}

// unknownMethod turns the method of the last file of the directory into 99.
func unknownMethod(t *testing.T, b []byte) []byte {
	t.Helper()
	at := bytes.LastIndex(b, []byte("PK\x01\x02"))
	require.Positive(t, at)
	b = bytes.Clone(b)
	b[at+10], b[at+11] = 99, 0
	return b
}

func TestLimits(t *testing.T) {
	t.Parallel()
	b := pack(t, parcel(), options())
	for name, l := range map[string]xdm.Limits{
		"archive": {MaxArchiveBytes: 100}, "files": {MaxFiles: 3}, "inflated": {MaxBytes: 2000}, "metadata": {MaxMetadataBytes: 100},
	} {
		_, err := xdm.Open(bytes.NewReader(b), int64(len(b)), xdm.ReadOptions{Limits: l})
		assert.ErrorIs(t, err, segur.ErrTooLarge, name)
	}
	_, err := xdm.Open(bytes.NewReader(b), int64(len(b)), xdm.ReadOptions{Limits: xdm.Limits{MaxFiles: 4}})
	assert.NoError(t, err)
}

// A size that the archive announces too small does not let more through.
func TestAnnouncedSizeIsTheBound(t *testing.T) {
	t.Parallel()
	metadata, document := good(t)
	b := archive(t, item{name: "a/METADATA.XML", body: metadata}, item{name: "a/DOC00001.XML", body: document})
	at := bytes.LastIndex(b, []byte("PK\x01\x02"))
	b[at+24]-- // uncompressed size in the directory
	_, code := verdict(t, b)
	assert.Equal(t, xdm.CodeNotZip, code)
	b[at+24]++
	b[at+16] ^= 1 // checksum in the directory
	_, code = verdict(t, b)
	assert.Equal(t, xdm.CodeDifferentHash, code)
}

func TestAllowMissingHash(t *testing.T) {
	t.Parallel()
	metadata, document := good(t)
	b := archive(t, item{name: "INDEX.HTM", body: "x"}, item{name: "a/METADATA.XML", body: strings.Replace(metadata, `"hash"`, `"hush"`, 1)}, item{name: "a/DOC00001.XML", body: document})
	a, err := xdm.Open(bytes.NewReader(b), int64(len(b)), xdm.ReadOptions{AllowMissingHash: true})
	require.NoError(t, err)
	assert.Equal(t, []xdm.RepairCode{xdm.RepairLayout, xdm.RepairStartPage, xdm.RepairMissingHash}, codes(a))
	assert.Equal(t, "sets[0].entries[0]", a.Repairs[2].Field)
	assert.Empty(t, a.Warnings)
}

func TestSeveralSets(t *testing.T) {
	t.Parallel()
	metadata, document := good(t)
	b := archive(t, item{name: "INDEX.HTM", body: "x"},
		item{name: "IHE_XDM/SUBSET01/METADATA.XML", body: metadata}, item{name: "IHE_XDM/SUBSET01/DOC00001.XML", body: document},
		item{name: "IHE_XDM/SUBSET02/METADATA.XML", body: metadata}, item{name: "IHE_XDM/SUBSET02/DOC00001.XML", body: document})
	a, code := verdict(t, b)
	require.Equal(t, "ok", code)
	require.Len(t, a.Sets, 2)
	assert.Equal(t, "IHE_XDM/SUBSET02/DOC00001.XML", a.Sets[1].Documents[0].Path)
	assert.Empty(t, a.Warnings)
}

func TestSetOfAnotherPatientIsAWarning(t *testing.T) {
	t.Parallel()
	metadata, document := good(t)
	scheme := `identificationScheme="urn:uuid:6b5aea1a-874d-4603-a4bc-96a0a7b38446"`
	i := strings.Index(metadata, scheme)
	j := i + strings.Index(metadata[i:], matricule)
	b := archive(t, item{name: "INDEX.HTM", body: "x"}, item{name: "a/METADATA.XML", body: metadata[:j] + "285036912345753" + metadata[j+15:]}, item{name: "a/DOC00001.XML", body: document})
	a, code := verdict(t, b)
	require.Equal(t, "ok", code)
	require.Len(t, a.Warnings, 1)
	assert.Equal(t, "sets[0].patientID", a.Warnings[0].Field)
}

func TestSignatureOffByOne(t *testing.T) {
	t.Parallel()
	p := parcel()
	document := p.Subsets[0].Documents[0].Entry
	require.NoError(t, document.Digest(p.Subsets[0].Documents[0].Content))
	document.URI = "SS1/KOS.DCM"
	sign := signature(&p, document.PatientID)
	require.NoError(t, sign.Digest(segur.BytesContent([]byte("<Signature/>"))))
	sign.URI = "SS1/SIGN.XML"
	for size, want := range map[int64]string{sign.Size + 1: "ok", sign.Size + 2: xdm.CodeDifferentSize} {
		s := sign
		s.Size = size
		lot := xds.Submission{Set: p.Subsets[0].Set, Entries: []xds.DocumentEntry{document, s}}
		lot.Set.PatientID = document.PatientID
		lot.Number()
		metadata, err := lot.AppendXML(nil)
		require.NoError(t, err)
		a, code := verdict(t, archive(t, item{name: "IHE_XDM/INDEX.HTM", body: "x"}, item{name: "IHE_XDM/SS1/METADATA.XML", body: string(metadata)},
			item{name: "IHE_XDM/SS1/KOS.DCM", body: cdaText}, item{name: "IHE_XDM/SS1/SIGN.XML", body: "<Signature/>"}))
		assert.Equal(t, want, code)
		if a != nil {
			assert.Equal(t, []xdm.RepairCode{xdm.RepairFolder, xdm.RepairFolder, xdm.RepairStartPage, xdm.RepairSignatureSize}, codes(a))
			assert.NotNil(t, a.Sets[0].Documents[0].Header)
			assert.Nil(t, a.Sets[0].Documents[1].Header, "a signature is no document")
		}
	}
}

// An archive cut at any byte is refused, never read in part.
func TestCutArchives(t *testing.T) {
	t.Parallel()
	b := pack(t, parcel(), options())
	for n := range b {
		_, err := open(b[:n])
		require.Error(t, err, "cut at %d", n)
		if n > 30 {
			require.ErrorIs(t, err, segur.ErrTruncated, "cut at %d", n)
		}
	}
}

// changing is a source that other hands modify after it was opened.
type changing struct {
	mu sync.Mutex
	b  []byte
}

func (c *changing) ReadAt(p []byte, off int64) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return bytes.NewReader(c.b).ReadAt(p, off)
}

func TestChangeAfterOpening(t *testing.T) {
	t.Parallel()
	metadata, document := good(t)
	store := func(h *zip.FileHeader) { h.Method = zip.Store }
	src := &changing{b: archive(t, item{name: "a/METADATA.XML", body: metadata}, item{name: "a/DOC00001.XML", body: document, change: store})}
	a, err := xdm.Open(src, int64(len(src.b)), xdm.ReadOptions{})
	require.NoError(t, err)
	i := bytes.Index(src.b, []byte(document))
	src.b[i] ^= 1
	r, err := a.Sets[0].Documents[0].Open()
	require.NoError(t, err)
	_, err = io.ReadAll(r)
	assert.Error(t, err)
	assert.NotErrorIs(t, err, io.EOF)
	assert.NoError(t, r.Close())
}

func TestConcurrentReading(t *testing.T) {
	t.Parallel()
	a, err := open(pack(t, parcel(), options()))
	require.NoError(t, err)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			d := a.Sets[0].Documents[0]
			r, err := d.Open()
			if assert.NoError(t, err) {
				b, err := io.ReadAll(r)
				assert.NoError(t, err)
				assert.Equal(t, cdaText, string(b))
			}
		})
	}
	wg.Wait()
}

type brokenReader struct{}

func (brokenReader) ReadAt([]byte, int64) (int, error) { return 0, errors.New("disk") }

func TestBrokenSource(t *testing.T) {
	t.Parallel()
	_, err := xdm.Open(brokenReader{}, 100, xdm.ReadOptions{})
	assert.ErrorIs(t, err, segur.ErrTruncated)
}

func FuzzOpen(f *testing.F) {
	f.Add(pack(f, parcel(), options()))
	f.Add(archive(f, item{name: "a/METADATA.XML", body: "<RegistryObjectList/>"}))
	f.Add([]byte("PK\x05\x06"))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := xdm.Open(bytes.NewReader(b), int64(len(b)), xdm.ReadOptions{Limits: xdm.Limits{MaxBytes: 1 << 20}})
		if err != nil {
			var e *segur.Error
			if !errors.As(err, &e) || e.Code == "" {
				t.Fatalf("an error without a code: %v", err)
			}
			return
		}
		for _, s := range a.Sets {
			for _, d := range s.Documents {
				r, err := d.Open()
				if err != nil {
					t.Fatal(err)
				}
				if _, err := io.Copy(io.Discard, r); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

// Many entries that name one file cost one reading of it, and are bounded as
// files are.
func TestEntriesThatNameOneFile(t *testing.T) {
	t.Parallel()
	metadata, document := good(t)
	start, end := strings.Index(metadata, "<rim:ExtrinsicObject"), strings.Index(metadata, "</rim:ExtrinsicObject>")
	object := metadata[start : end+len("</rim:ExtrinsicObject>")]
	with := func(n int) []byte {
		text := metadata[:start] + strings.Repeat(object, n) + metadata[start+len(object):]
		return archive(t, item{name: "METADATA.XML", body: text}, item{name: "DOC00001.XML", body: document})
	}
	a, err := open(with(50))
	require.NoError(t, err)
	require.Len(t, a.Sets[0].Documents, 50)
	assert.Equal(t, "DOC00001.XML", a.Sets[0].Documents[49].Path)

	_, err = open(with(51))
	require.ErrorIs(t, err, segur.ErrTooLarge)
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, xdm.CodeTooManyFiles, e.Code)

	// Two sets count together.
	folder := func(name string, n int) []item {
		text := metadata[:start] + strings.Repeat(object, n) + metadata[start+len(object):]
		return []item{{name: name + "/METADATA.XML", body: text}, {name: name + "/DOC00001.XML", body: document}}
	}
	_, err = open(archive(t, append(folder("SUBSET01", 26), folder("SUBSET02", 25)...)...))
	require.ErrorIs(t, err, segur.ErrTooLarge)
}
