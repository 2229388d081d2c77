package cda_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
)

// report3 is a small document around a structured body, as other software
// writes it.
func report3(header, sections string) string {
	return `<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><id root="1.2.3"/>` +
		`<setId root="1.2.4"/>` + header + `<component><structuredBody>` + sections + `</structuredBody></component></ClinicalDocument>`
}

const (
	headTemplate = `<templateId root="1.2.250.1.213.1.1.1.45" extension="2024.01"/>`
	headReport   = headTemplate + `<code code="18748-4" codeSystem="2.16.840.1.113883.6.1"/>`
)

func oneSection(code, inside string) string {
	return `<component><section><code code="` + code + `" codeSystem="2.16.840.1.113883.6.1"/>` + inside + `</section></component>`
}

func conclusions(all string) string { return oneSection("19005-8", `<text>RAS</text>`) + all }

// Kinds of documents, whatever their version and their template.
func TestKinds(t *testing.T) {
	t.Parallel()
	code := func(c string) string { return `<code code="` + c + `" codeSystem="2.16.840.1.113883.6.1"/>` }
	for name, c := range map[string]struct {
		xml     string
		kind    cda.Kind
		version string
		level   int
		warning string
	}{
		"report":           {report3(headReport, conclusions("")), cda.KindImagingReport, "2024.01", 3, ""},
		"former version":   {report3(strings.Replace(headReport, "2024.01", "2022.01", 1), conclusions("")), cda.KindImagingReport, "2022.01", 3, "is of another version of the volet than 2024.01"},
		"no version":       {report3(`<templateId root="1.2.250.1.213.1.1.1.45"/>`+code("18748-4"), conclusions("")), cda.KindImagingReport, "", 3, ""},
		"foreign template": {report3(`<templateId root="1.2.840.10008.9.1"/>`+code("18748-4"), conclusions("")), cda.KindImagingReport, "", 3, "is not that of the French imaging volet: sections are known by their codes"},
		"contradiction":    {report3(headTemplate+code("55115-0"), conclusions("")), cda.KindImagingReport, "2024.01", 3, "is not that of an imaging report, which the templates announce"},
		"request":          {report3(`<templateId root="1.2.250.1.213.1.1.1.47" extension="2024.01"/>`+code("55115-0"), ""), cda.KindImagingRequest, "2024.01", 3, "asks for no act"},
		"other":            {report3(code("11502-2"), conclusions("")), cda.KindOther, "", 3, ""},
		"level 1": {`<ClinicalDocument xmlns="urn:hl7-org:v3"><templateId root="1.3.6.1.4.1.19376.1.2.20"/>` + code("55115-0") +
			`<component><nonXMLBody><text mediaType="text/plain">x</text></nonXMLBody></component></ClinicalDocument>`, cda.KindImagingRequest, "", 1, ""},
		"level 1 without template": {`<ClinicalDocument xmlns="urn:hl7-org:v3">` + code("18748-4") +
			`<component><nonXMLBody><text mediaType="text/plain">x</text></nonXMLBody></component></ClinicalDocument>`, cda.KindImagingReport, "", 1,
			"an unstructured document lacks the template 1.3.6.1.4.1.19376.1.2.20"},
	} {
		p := parse(t, []byte(c.xml))
		assert.Equal(t, c.kind, p.Kind, name)
		assert.Equal(t, c.version, p.TemplateVersion, name)
		assert.Equal(t, c.level, p.Level, name)
		assert.Equal(t, c.kind == cda.KindImagingReport && c.level == 3, p.Report != nil, name)
		assert.Equal(t, c.kind == cda.KindImagingRequest && c.level == 3, p.Request != nil, name)
		if c.warning != "" {
			assert.Contains(t, strings.Join(warnings(p), "\n"), c.warning, name)
		}
		if c.kind == cda.KindImagingReport && c.level == 3 {
			assert.True(t, p.Report.Conclusion.Visible(), "%s: known by its code", name)
		}
	}
}

// What real documents do that the rules do not allow: understood, and said.
func TestBodyTolerance(t *testing.T) {
	t.Parallel()
	const act = `<component><section><templateId root="1.2.250.1.213.1.1.2.206"/><id root="0f8fad5b-d9cb-469f-a165-70867728950e"/>` +
		`<text><content ID="d">Coupes<br/>fines</content><content ID="d">bis</content></text>` +
		`<entry><procedure><code code="24628-0" displayName="un autre libellé" codeSystem="2.16.840.1.113883.6.1"><originalText><reference value="#absent"/></originalText></code>` +
		`<text><reference value="d"/></text><effectiveTime value="20260120093000"/>` +
		`<targetSiteCode code="302551006" codeSystem="2.16.840.1.113883.6.96"/><targetSiteCode code="302553009" codeSystem="2.16.840.1.113883.6.96"/></procedure></entry>` +
		`<entry><procedure><code code="24627-2" codeSystem="2.16.840.1.113883.6.1"/></procedure></entry>` +
		`<entry><x:other xmlns:x="urn:other"><x:deep/></x:other></entry>` +
		`<component><section><code code="121181" codeSystem="1.2.840.10008.2.16.4"/><entry><act><id root="1.2.9"/><entryRelationship><act><id root="1.2.9.1"/>` +
		`<code><qualifier><value code="CT" codeSystem="1.2.840.10008.2.16.4"/></qualifier></code><entryRelationship><observation><id root="1.2.9.1.1"/><code code="1.2.840.10008.5.1.4.1.1.2"/>` +
		`<text><reference value="http://pacs.test/wado?a=1 &amp;b=2 &amp; c=3"/></text></observation></entryRelationship></act></entryRelationship></act></entry></section></component>` +
		`<component><section><code code="73569-6" codeSystem="2.16.840.1.113883.6.1"/><entry><procedure><templateId root="1.2.250.1.213.1.1.3.165"/><participant typeCode="RESP"><participantRole>` +
		`<id root="2.16.840.1.113883.4.6" extension="980003719"/><playingEntity><name>Docteur Sans Parties</name></playingEntity></participantRole></participant></procedure></entry>` +
		`<entry><observation xmlns:c="urn:hl7-org:v3"><code code="113813" codeSystem="1.2.840.10008.2.16.4"/><effectiveTime value="demain"/><value xsi:type="c:PQ" value="5.0" unit="mGy.cm"/></observation></entry></section></component>` +
		`</section></component>`
	const other = `<component><section><code code="55107-7" codeSystem="2.16.840.1.113883.6.1"/><text>Complément</text><author><time value="20260121"/><assignedAuthor><id root="1.2.250.1.71.4.2.1" extension="899900000015"/>` +
		`<assignedPerson><name><family>RADIOLOGUE</family></name></assignedPerson></assignedAuthor></author></section></component>` +
		`<component><section><code code="59776-5" codeSystem="2.16.840.1.113883.6.1"/><text><script>alert(1)</script><paragraph>Lu <linkHtml href="javascript:x()">ici</linkHtml></paragraph></text></section></component>` +
		`<component><section><code code="59776-5" codeSystem="2.16.840.1.113883.6.1"/><text><paragraph onclick="x()" ID="p1">Suite <linkHtml href="javascript:x()">là</linkHtml></paragraph><renderMultiMedia referencedObject="none"/></text></section></component>` +
		`<component><section><code code="11329-0" codeSystem="2.16.840.1.113883.6.1"/><text/><entry><observation><code code="64100-1" codeSystem="2.16.840.1.113883.6.1"/><value xsi:type="ST">Aucune contre-indication hormis un stimulateur</value></observation></entry></section></component>`
	const header = headReport + `<author><assignedAuthor><id root="1.2.250.1.71.4.2.1" extension="899900000015"/><telecom value="0400000001"/><telecom value="a@b.test"/>` +
		`<representedOrganization><id root="1.2.250.1.71.4.2.2" extension="990000019"/></representedOrganization></assignedAuthor></author>` +
		`<inFulfillmentOf><order><id root="1.2.5"/><accessionNumber root="1.2.6" extension="A1"/></order></inFulfillmentOf>` +
		`<documentationOf><serviceEvent><id root="1.2.9"/><code code="24628-0" codeSystem="2.16.840.1.113883.6.1"><translation code="CT" codeSystem="1.2.840.10008.2.16.4"/></code></serviceEvent></documentationOf>` +
		`<documentationOf><serviceEvent><id root="1.2.9"/><code code="24627-2" codeSystem="2.16.840.1.113883.6.1"/></serviceEvent></documentationOf>`
	p := parse(t, []byte(report3(header, act+other)))
	r := p.Report
	require.NotNil(t, r)

	require.Len(t, p.Header.Services, 2, "both acts of one study")
	assert.Equal(t, "121139", p.Header.Services[0].Translations[0].Qualifier.Code)
	assert.Equal(t, []segur.Telecom{{Value: "tel:0400000001"}, {Value: "mailto:a@b.test"}}, p.Header.Authors[0].Professional.Telecoms)
	assert.Equal(t, "990000019", p.Header.Authors[0].Professional.Organization.ID, "kept as it is")
	assert.Equal(t, "A1", p.Header.Orders[0].Accession.Extension)

	require.Len(t, r.Acts, 1)
	assert.Equal(t, "un autre libellé", r.Procedures[0].Code.Display)
	assert.Equal(t, "Coupes\nfines", r.Acts[0].Description)
	assert.Equal(t, "302551006", r.Acts[0].Site.Code.Code)
	assert.Equal(t, []string{"http://pacs.test/wado?a=1&b=2&c=3"}, r.Procedures[0].Links)
	assert.Equal(t, 0, r.Procedures[0].Service)
	_, offset := r.Procedures[0].Start.Time.Zone()
	assert.Equal(t, 3600, offset)
	assert.Equal(t, "Docteur Sans Parties", r.Acts[0].Exposure.AuthorizedBy.FamilyName)
	assert.Empty(t, r.Acts[0].Exposure.AuthorizedBy.ID, "of another register")
	assert.Equal(t, cda.Quantity{Value: "5.0", Unit: "mGy.cm"}, r.Acts[0].Exposure.Doses[0].Value)
	require.NotNil(t, r.Addendum)
	assert.Equal(t, "RADIOLOGUE", r.Addendum.Author.FamilyName)
	require.Len(t, r.History.ContraIndications, 1, "never taken for none")
	assert.Equal(t, "Aucune contre-indication hormis un stimulateur", r.History.ContraIndications[0].Comment)
	assert.Equal(t, cda.AbsenceNotStated, r.History.NoContraIndication)

	all := strings.Join(warnings(p), "\n")
	for _, w := range []string{
		"telecom: has no scheme", "organization/id: has no type digit", "inFulfillmentOf/order/accessionNumber: is not in the namespace",
		"documentationOf/serviceEvent/code/translation: has no qualifier",
		"structuredBody/component[1]/section/text/content[2]: has an identifier that another element has",
		"section/entry[1]/procedure/code/originalText/reference: refers to an identifier that the document does not have",
		"section/entry[1]/procedure/text/reference: refers to an identifier without '#'",
		"observation/text/reference: is an address with blanks", "renderMultiMedia: shows an object that the document does not have",
		"procedure/effectiveTime: has no offset from UTC", "targetSiteCode[2]: is a second site", "entry[2]/procedure: is a second technique",
		"participantRole/id: is not in the register", "effectiveTime: is not a time stamp", "text: is not in the vocabulary of narratives",
		"value: is a contra-indication without code",
	} {
		assert.Contains(t, all, w)
	}

	// The text is safe, and whole, whatever was in it.
	doc, err := newWriter(t, allowAnyPDF, withViewer).Level3(func() (cda.Report, cda.Sections) {
		m, s := minimal(t), minimalSections()
		m.PDF, s.Results = nil, r.Results
		return m, s
	}())
	require.NoError(t, err)
	b, err := doc.Bytes()
	require.NoError(t, err)
	assert.NotContains(t, string(b), "javascript")
	assert.NotContains(t, string(b), "onclick")
	assert.NotContains(t, string(b), "<script")
	results, _ := parse(t, b).Section(cda.RoleResults)
	assert.Equal(t, []string{"alert(1)", "Lu ici", "Suite là"}, strings.FieldsFunc(results.Text(), func(r rune) bool { return r == '\n' }))
	raw := p.Sections[2]
	assert.Contains(t, string(raw.NarrativeXML), "<script>alert(1)</script>", "the original is untouched")
	assert.NotContains(t, fmt.Sprintf("%v %+v", raw, r), "alert")
}

func TestBodyLimits(t *testing.T) {
	t.Parallel()
	many := []byte(report3(headReport, strings.Repeat(oneSection("1", ""), 30)))
	_, err := cda.Reader{MaxSections: 29}.Parse(many)
	require.ErrorIs(t, err, segur.ErrTooLarge)
	p, err := cda.Reader{MaxSections: 30}.Parse(many)
	require.NoError(t, err)
	assert.Len(t, p.Sections, 30)
	entries := []byte(report3(headReport, oneSection("1", strings.Repeat(`<entry><act/></entry>`, 11))))
	_, err = cda.Reader{MaxEntries: 10}.Parse(entries)
	require.ErrorIs(t, err, segur.ErrTooLarge)
	deep := strings.Repeat(`<component><section>`, 40) + strings.Repeat(`</section></component>`, 40)
	_, err = cda.Parse([]byte(report3(headReport, deep)))
	require.ErrorIs(t, err, segur.ErrTooLarge)
	_, err = cda.ReadHeader(bytes.NewReader([]byte(report3(headReport, deep))))
	require.NoError(t, err, "a header does not look into the body")
	wide := report3(headReport, oneSection("19005-8", "<text>"+strings.Repeat(`<footnoteRef IDREF="x"/><content ID="x">a</content>`, 20_000)+"</text>"))
	p, err = cda.Parse([]byte(wide))
	require.NoError(t, err)
	assert.Len(t, p.Warnings, 100)
	names := strings.Builder{}
	for i := range 2000 {
		fmt.Fprintf(&names, `<e%d a%d="1"/>`, i, i)
	}
	_, err = cda.Parse([]byte(report3(headReport, oneSection("1", "<entry>"+names.String()+"</entry>"))))
	require.NoError(t, err)
}

// The same document with another prefix, encoding or wrapping is read the same.
func TestBodyForms(t *testing.T) {
	t.Parallel()
	r, s := chest(t)
	b := string(build3(t, newWriter(t, allowAnyPDF, withViewer), r, s))
	want := parse(t, []byte(b))
	element := func(s string) string { // c: before every element of CDA, and in xsi:type
		var out strings.Builder
		for i := 0; i < len(s); i++ {
			out.WriteByte(s[i])
			if s[i] != '<' || i+1 >= len(s) || s[i+1] == '?' {
				continue
			}
			if s[i+1] == '/' {
				i++
				out.WriteByte('/')
			}
			if !strings.HasPrefix(s[i+1:], "ps3-20:") {
				out.WriteString("c:")
			}
		}
		return strings.NewReplacer(`xmlns="urn`, `xmlns:c="urn`, `xsi:type="`, `xsi:type="c:`).Replace(out.String())
	}
	latin := func(s string) []byte {
		out := []byte(`<?xml version="1.0" encoding="ISO-8859-15"?>`)
		for _, c := range s[strings.Index(s, "?>")+2:] {
			switch {
			case c == '’', c == 'œ', c > 0xff:
				out = fmt.Appendf(out, "&#%d;", c)
			default:
				out = append(out, byte(c))
			}
		}
		return out
	}
	body := b[strings.Index(b, "?>")+2:]
	for name, doc := range map[string][]byte{
		"prefix": []byte(element(b)), "BOM": []byte("\ufeff" + b), "latin": latin(b),
		"style sheet": []byte(`<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform">` + body + `</xsl:stylesheet>`),
		"signature":   []byte(`<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:Object>` + body + `</ds:Object></ds:Signature>`),
		"CRLF":        []byte(strings.ReplaceAll(b, "><section", ">\r\n<section")),
	} {
		p := parse(t, doc)
		assert.True(t, bytes.Equal(doc, p.Raw), name)
		require.NotNil(t, p.Report, name)
		assert.Empty(t, warnings(p), name)
		again := func(p *cda.Parsed) string {
			return string(build3(t, newWriter(t, allowAnyPDF, withViewer), r, p.Report.Sections))
		}
		assert.Equal(t, again(want), again(p), name)
		assert.Equal(t, content(t, want.Copy.Content), content(t, p.Copy.Content), name)
	}
}

// A report cut anywhere is never taken for whole.
func TestLevel3CutAtEveryByte(t *testing.T) {
	t.Parallel()
	r, s := minimal(t), minimalSections()
	r.PDF = stub()
	b := build3(t, newWriter(t, allowAnyPDF), r, s)
	for n := range b {
		if p, err := cda.Parse(b[:n]); segur.KindOf(err) != segur.KindTruncated || p != nil {
			require.ErrorIs(t, err, segur.ErrTruncated, "cut at %d", n)
		}
	}
}

// Damaged contents are known before anything of them is used, and do not
// prevent the rest from being read.
func TestDamagedAttachments(t *testing.T) {
	t.Parallel()
	media := func(id, value string) string {
		return `<entry><observationMedia ID="` + id + `"><value ` + value + `</value></observationMedia></entry>`
	}
	p := parse(t, []byte(report3(headReport, oneSection("55107-7", `<title>Documents</title>`+
		media("good", `mediaType="image/jpeg" representation="B64">QUJD`+"\n"+` RA==`)+
		media("cut", `mediaType="application/pdf" representation="B64">QUJ`)+
		media("wrong", `mediaType="application/pdf" representation="B64">Q*JD`)+
		media("text", `mediaType="text/plain">a &amp; b`)+
		media("none", `mediaType="text/plain" nullFlavor="NI">`)+
		media("packed", `mediaType="text/plain" compression="DF" representation="B64">QUJD`)))))
	var ids []string
	for _, a := range p.Attachments {
		ids = append(ids, a.ID)
	}
	assert.Equal(t, []string{"good", "cut", "wrong", "text", "packed"}, ids)
	assert.Equal(t, "ABCD", content(t, p.Attachments[0].Content))
	assert.Equal(t, "ABCD", content(t, p.Attachments[0].Content), "again")
	assert.Equal(t, "Documents", p.Attachments[0].Title)
	for _, i := range []int{1, 2} {
		_, err := p.Attachments[i].Content.Open()
		require.ErrorIs(t, err, segur.ErrProtocol, ids[i])
		assert.Zero(t, p.Attachments[i].Content.Size())
	}
	assert.Equal(t, "a & b", content(t, p.Attachments[3].Content))
	all := strings.Join(warnings(p), "\n")
	assert.Contains(t, all, "entry[5]/observationMedia: has no content")
	assert.Contains(t, all, "entry[6]/observationMedia/value: is compressed")
}

// One parsed document serves many goroutines.
func TestParsedIsConcurrent(t *testing.T) {
	t.Parallel()
	r, s := chest(t)
	b := build3(t, newWriter(t, allowAnyPDF, withViewer), r, s)
	p := parse(t, b)
	want, _ := p.Section(cda.RoleResults)
	text := want.Text()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for s := range p.AllSections() {
				_, _ = s.Text(), s.Narrative()
			}
			results, _ := p.Section(cda.RoleResults)
			assert.Equal(t, text, results.Text())
			assert.True(t, bytes.Equal(b, build3(t, newWriter(t, allowAnyPDF, withViewer), r, p.Report.Sections)))
			_ = p.AsReport()
			for _, a := range p.Attachments {
				rc, err := a.Content.Open()
				if assert.NoError(t, err) {
					n, err := io.Copy(io.Discard, rc)
					assert.NoError(t, err)
					assert.Equal(t, a.Content.Size(), n)
				}
			}
		})
	}
	wg.Wait()
}
