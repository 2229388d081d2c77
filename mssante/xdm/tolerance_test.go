package xdm_test

import (
	"archive/zip"
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/testkit/fixed"
	"github.com/segur-sdk/segur/mssante/xdm"
)

func TestRepairs(t *testing.T) {
	t.Parallel()
	metadata, document := good(t)
	latin1 := func(s string) string {
		var b bytes.Buffer
		for _, r := range strings.Replace(s, `encoding="UTF-8"`, `encoding="ISO-8859-1"`, 1) {
			b.WriteByte(byte(r))
		}
		return b.String()
	}
	const dir = "IHE_XDM/SUBSET01/"
	bare := strings.TrimPrefix(metadata, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
	hash := metadata[strings.Index(metadata, `"hash"`)+len(`"hash"><rim:ValueList><rim:Value>`):][:40]
	readme, index := item{name: "README.TXT", body: "x"}, item{name: "INDEX.HTM", body: "x"}
	with := func(items ...item) []item { return append([]item{readme, index}, items...) }
	pair := func(metadata string) []item {
		return with(item{name: dir + "METADATA.XML", body: metadata}, item{name: dir + "DOC00001.XML", body: document})
	}
	for name, c := range map[string]struct {
		items   []item
		repairs []xdm.RepairCode
	}{
		"plain": {pair(metadata), nil},
		"folders listed": {with(item{name: "IHE_XDM/"}, item{name: dir}, item{name: dir + "METADATA.XML", body: metadata},
			item{name: dir + "DOC00001.XML", body: document}), nil},
		"no start page": {pair(metadata)[2:], []xdm.RepairCode{xdm.RepairStartPage}},
		"no index":      {append([]item{readme}, pair(metadata)[2:]...), []xdm.RepairCode{xdm.RepairStartPage}},
		"at the root": {with(item{name: "metadata.xml", body: metadata}, item{name: "doc00001.xml", body: document}),
			[]xdm.RepairCode{xdm.RepairNameCase, xdm.RepairLayout, xdm.RepairNameCase}},
		"one folder deeper": {with(item{name: "export/" + dir + "METADATA.XML", body: metadata},
			item{name: "export/" + dir + "DOC00001.XML", body: document}), []xdm.RepairCode{xdm.RepairLayout}},
		"document one above": {with(item{name: dir + "METADATA.XML", body: metadata}, item{name: "IHE_XDM/DOC00001.XML", body: document}),
			[]xdm.RepairCode{xdm.RepairFolder}},
		"document at root": {with(item{name: dir + "METADATA.XML", body: metadata}, item{name: "DOC00001.XML", body: document}),
			[]xdm.RepairCode{xdm.RepairFolder}},
		"document below": {with(item{name: dir + "METADATA.XML", body: strings.Replace(metadata, ">DOC00001.XML<", ">B/DOC00001.XML<", 1)},
			item{name: dir + "B/DOC00001.XML", body: document}), nil},
		"leftovers": {append(pair(metadata), item{name: "__MACOSX/._a", body: "x"}, item{name: "a/.DS_Store", body: "x"}),
			[]xdm.RepairCode{xdm.RepairLeftovers}},
		"byte order mark":   {pair("\ufeff" + metadata), []xdm.RepairCode{xdm.RepairByteOrderMark}},
		"Latin-1":           {pair(latin1(metadata)), []xdm.RepairCode{xdm.RepairEncoding}},
		"hash in capitals":  {pair(strings.Replace(metadata, hash, strings.ToUpper(hash), 1)), []xdm.RepairCode{xdm.RepairHashCase}},
		"Windows separator": {with(item{name: dir + "METADATA.XML", body: strings.Replace(metadata, ">DOC00001.XML<", `>B\DOC00001.XML<`, 1)}, item{name: dir + "B/DOC00001.XML", body: document}), []xdm.RepairCode{xdm.RepairSeparator}},
		"leading dot":       {pair(strings.Replace(metadata, ">DOC00001.XML<", ">./DOC00001.XML<", 1)), []xdm.RepairCode{xdm.RepairSeparator}},
		"stored": {with(item{name: dir + "METADATA.XML", body: metadata},
			item{name: dir + "DOC00001.XML", body: document, change: func(h *zip.FileHeader) { h.Method = zip.Store }}), nil},
		"default namespace": {pair(strings.NewReplacer("<rim:", "<", "</rim:", "</", "xmlns:rim=", "xmlns=").Replace(metadata)), nil},
		"ITI-41 around it": {pair(`<x:ProvideAndRegisterDocumentSetRequest xmlns:x="urn:ihe:iti:xds-b:2007">` + bare +
			`</x:ProvideAndRegisterDocumentSetRequest>`), []xdm.RepairCode{xdm.RepairWrapper}},
		"root prefix": {pair(strings.Replace(metadata, ` xmlns:lcm="urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0"`, "", 1)),
			[]xdm.RepairCode{xdm.RepairRootPrefix}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, got := verdict(t, archive(t, c.items...))
			require.Equal(t, "ok", got)
			assert.Equal(t, c.repairs, codes(a))
			for _, r := range a.Repairs {
				assert.NotEmpty(t, r.Message)
				assert.NotContains(t, r.Message, "EVIL")
			}
			assert.Empty(t, a.Warnings)
			require.Len(t, a.Sets, 1)
			require.Len(t, a.Sets[0].Documents, 1)
			assert.Equal(t, "Scanner <cérébral> & cou", a.Sets[0].Submission.Entries[0].Title)
			assert.Equal(t, hash, a.Sets[0].Documents[0].Entry.Hash)
			assert.Equal(t, "CR-1", a.Sets[0].Documents[0].Header.ID.Extension)
		})
	}
}

// What the header of a document and its metadata do not agree on is said, and
// the document is right.
func TestDocumentAgainstMetadata(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		old, new string
		fields   []string
		action   xdm.Action
	}{
		"agree":           {old: "", new: ""},
		"another id":      {old: `extension="CR-1"`, new: `extension="CR-2"`, fields: []string{"sets[0].entries[0].uniqueID"}},
		"another type":    {old: `<code code="18748-4"`, new: `<code code="11502-2"`, fields: []string{"sets[0].entries[0].typeCode"}},
		"another patient": {old: matricule, new: "285036912345753", fields: []string{"sets[0].entries[0].patientID"}},
		"no id":           {old: `<id root="1.2.250.1.999.1.3" extension="CR-1"/>`, new: "", fields: []string{"sets[0].entries[0].uniqueID"}},
		"replaces": {old: "<recordTarget>", new: `<relatedDocument typeCode="RPLC"><parentDocument><id root="1.2.3"/></parentDocument></relatedDocument><recordTarget>`,
			action: xdm.Change},
		"a transformation replaces nothing": {old: "<recordTarget>", new: `<relatedDocument typeCode="XFRM"><parentDocument><id root="1.2.3"/></parentDocument></relatedDocument><recordTarget>`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := parcel()
			require.Contains(t, cdaText, c.old)
			p.Subsets[0].Documents[0].Content = segur.BytesContent([]byte(strings.Replace(cdaText, c.old, c.new, 1)))
			a, err := open(pack(t, p, options()))
			require.NoError(t, err)
			var fields []string
			for _, w := range a.Warnings {
				fields = append(fields, w.Field)
				assert.Equal(t, "warning", w.Severity)
				assert.Equal(t, strings.HasSuffix(w.Field, ".patientID"), w.Code == xdm.WarningOtherPatient)
				assert.NotContains(t, w.Message, "28503")
			}
			assert.Equal(t, c.fields, fields)
			assert.Equal(t, c.action, a.Sets[0].Documents[0].Action)
		})
	}
}

func TestHeaderOfDocuments(t *testing.T) {
	t.Parallel()
	of := func(mimeType, body string, o xdm.ReadOptions) (*xdm.Archive, error) {
		p := parcel()
		p.Subsets[0].Documents[0].Entry.MimeType = mimeType
		p.Subsets[0].Documents[0].Content = segur.BytesContent([]byte(body))
		b := pack(t, p, options())
		return xdm.Open(bytes.NewReader(b), int64(len(b)), o)
	}
	inside := strings.TrimPrefix(cdaText, `<?xml version="1.0" encoding="UTF-8"?>`)
	long := strings.Replace(cdaText, "JVBERi0=", filler(1<<20), 1)
	for name, body := range map[string]string{"plain": cdaText, "long body": long, "not closed after the header": cdaText[:strings.Index(cdaText, "</component>")],
		"Latin-1": strings.NewReplacer(`encoding="UTF-8"`, `encoding="ISO-8859-1"`, "é", "\xe9").Replace(cdaText)} {
		a, err := of("text/xml", body, xdm.ReadOptions{})
		require.NoError(t, err, name)
		h := a.Sets[0].Documents[0].Header
		assert.Equal(t, segur.Identifier{Root: testRoot + ".3", Extension: "CR-1"}, h.ID)
		assert.Equal(t, "Scanner <cérébral> & cou", h.Title, name)
		assert.Equal(t, "FICTIVE-DURAND", h.Patient.BirthName)
		assert.Equal(t, "CAMILLE", h.Patient.FirstGivenName)
		assert.Equal(t, segur.NewDate(1985, 3, 14), h.Patient.BirthDate)
		assert.True(t, h.Created.Time.Equal(now))
		assert.Len(t, h.PatientIDs, 2)
		assert.Empty(t, a.Warnings, name)
	}

	a, err := of("application/xslt+xml", `<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:variable name="x">`+inside+`</xsl:variable></xsl:stylesheet>`, xdm.ReadOptions{})
	require.NoError(t, err)
	assert.True(t, a.Sets[0].Documents[0].Header.SelfPresenting)
	assert.Equal(t, "CR-1", a.Sets[0].Documents[0].Header.ID.Extension)

	for name, body := range map[string]string{
		"another root": "<html/>", "no namespace": "<ClinicalDocument/>", "inside": "<x>" + inside + "</x>", "not XML": "Bonjour", "cut": cdaText[:300],
		"doctype": strings.Replace(cdaText, "<ClinicalDocument", "<!DOCTYPE x><ClinicalDocument", 1),
	} {
		_, err := of("text/xml", body, xdm.ReadOptions{})
		var e *segur.Error
		require.ErrorAs(t, err, &e, name)
		assert.Equal(t, xdm.CodeNotCDA, e.Code, name)
		a, err := of("text/xml", body, xdm.ReadOptions{AllowOtherXML: true})
		require.NoError(t, err, name)
		assert.Nil(t, a.Sets[0].Documents[0].Header)
		assert.Len(t, a.Warnings, 1)
	}

	// A header beyond what is read is said, not refused.
	a, err = of("text/xml", strings.Replace(cdaText, "<recordTarget>", "<!--"+filler(1<<20)+"--><recordTarget>", 1), xdm.ReadOptions{})
	require.NoError(t, err)
	assert.Nil(t, a.Sets[0].Documents[0].Header)
	require.Len(t, a.Warnings, 1)
	assert.Contains(t, a.Warnings[0].Message, "too long")
}

func TestUnknownActionIsAWarning(t *testing.T) {
	t.Parallel()
	p := parcel()
	p.Subsets[0].Documents[0].Action = xdm.Delete
	files := unpack(t, pack(t, p, options()))
	metadata := strings.Replace(files["IHE_XDM/SUBSET01/METADATA.XML"], ">D<", ">X<", 1)
	a, got := verdict(t, archive(t, item{name: "METADATA.XML", body: metadata}, item{name: "DOC00001.XML", body: cdaText}))
	require.Equal(t, "ok", got)
	assert.Equal(t, xdm.Action("X"), a.Sets[0].Documents[0].Action)
	require.Len(t, a.Warnings, 1)
	assert.Equal(t, "sets[0].entries[0].action", a.Warnings[0].Field)
}

// filler is text that deflates to about a half.
func filler(n int) string {
	b := make([]byte, n/2)
	_, _ = fixed.Rand(3).Read(b)
	return hex.EncodeToString(b)
}
