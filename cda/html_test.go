package cda_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/internal/testkit"
)

// A page for people, from a document that was received. A server sends it with
// Cache-Control: no-store.
func ExampleHTML() {
	received, err := os.ReadFile("testdata/level3-supplied.xml")
	if err != nil {
		fmt.Println(err)
		return
	}
	document, err := cda.Parse(received)
	if err != nil {
		fmt.Println(err)
		return
	}
	var page strings.Builder
	if err := cda.HTML(&page, document, cda.HTMLOptions{}); err != nil {
		fmt.Println(err)
		return
	}
	for line := range strings.Lines(page.String()) {
		if strings.Contains(line, "<h1") || strings.Contains(line, "Nom de naissance") {
			fmt.Print(line)
		}
	}
	// Output:
	// <h1 lang="fr-FR">CR d&#39;imagerie médicale - Scanner du thorax</h1>
	// <div><dt>Nom de naissance</dt><dd><strong>FICTIVE-DURAND</strong></dd></div>
}

// has looks for a piece of markup, or of text.
func has(tb testing.TB, page *shownPage, want string, about ...any) {
	tb.Helper()
	if !strings.Contains(page.raw, want) && !strings.Contains(page.text, want) {
		tb.Errorf("%v: no %q in %.3000s", about, want, page.raw[strings.Index(page.raw, "<body>"):])
	}
}

// section3 is a document of one section.
func section3(inside string) []byte {
	return []byte(`<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><id root="1.2.250.1.999.5.1"/>` +
		`<setId root="1.2.250.1.999.5.2"/><title>Essai</title><component><structuredBody><component><section><title>Texte</title>` + inside +
		`</section></component></structuredBody></component></ClinicalDocument>`)
}

func level1Of(mediaType string, content []byte) []byte {
	return []byte(`<ClinicalDocument xmlns="urn:hl7-org:v3"><id root="1.2.250.1.999.5.1"/><setId root="1.2.250.1.999.5.2"/><component><nonXMLBody>` +
		`<text mediaType="` + mediaType + `" representation="B64">` + base64.StdEncoding.EncodeToString(content) + `</text></nonXMLBody></component></ClinicalDocument>`)
}

func picture(tb testing.TB, encode func(io.Writer, image.Image) error) []byte {
	tb.Helper()
	m := image.NewPaletted(image.Rect(0, 0, 2, 2), color.Palette{color.White, color.Black})
	var b bytes.Buffer
	require.NoError(tb, encode(&b, m))
	return b.Bytes()
}

func encodeGIF(w io.Writer, m image.Image) error { return gif.Encode(w, m, nil) }

// media is an entry with a content and the paragraph that shows it.
func media(mediaType string, content []byte) string {
	return `<text><paragraph><renderMultiMedia referencedObject="M1"><caption>Coupe 12</caption></renderMultiMedia></paragraph></text><entry><observationMedia ID="M1">` +
		`<value mediaType="` + mediaType + `" representation="B64">` + base64.StdEncoding.EncodeToString(content) + `</value></observationMedia></entry>`
}

func TestHTMLGolden(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"level3-complete", "level3-supplied", "minimal", "complete", "request-complete"} {
		b, err := os.ReadFile(filepath.Join("testdata", name+".xml"))
		require.NoError(t, err)
		page := showHTML(t, b, cda.HTMLOptions{})
		testkit.Golden(t, "html/"+name+".html", []byte(page.raw))
		assert.Equal(t, page.raw, showHTML(t, b, cda.HTMLOptions{}).raw, "same bytes")
		showHTML(t, b, cda.HTMLOptions{Language: "en"})
	}
}

func TestHTMLIsWellFormedForLibxml(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/html/*.html")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	require.NoError(t, testkit.Run(t, nil, "xmllint", append([]string{"--noout", "--nonet"}, files...)...).Err())
}

func TestHTMLOfSamples(t *testing.T) {
	t.Parallel()
	for name, wants := range map[string][]string{
		"cr-img-n1.xml":         {"Enregistrer le PDF"},
		"cr-img-n3-complet.xml": {"Micronodule plein de 4 mm", "Copie du document", "tel qu'il a été remis"},
		"cr-img-n3-minimal.xml": {"Conclusion"},
		"da-img-minimal.xml":    {"Gonalgie gauche mécanique depuis trois mois."},
	} {
		page := showHTML(t, shared(t, "cda/"+name), cda.HTMLOptions{})
		for _, want := range append(wants, "EXEMPLE-DUBOIS", "285063306311714", "Identité de test") {
			has(t, page, want, name)
		}
	}
}

func TestHTMLHeader(t *testing.T) {
	t.Parallel()
	page := showHTML(t, build(t, newWriter(t), complete(t)), cda.HTMLOptions{})
	for _, want := range []string{
		"<dd><strong>FICTIVE-DURAND</strong></dd>", "<dd><strong>CAMILLE</strong></dd>", "<dd>CAMILLE LUCE</dd>", "<dt>Nom utilisé</dt><dd>FICTIVE</dd>",
		"<dt>Matricule INS</dt><dd>285036912345656<br/>NIR de test, 1.2.250.1.213.1.4.10</dd>", "<dt>Identifiant local</dt><dd>IPP-0001<br/>",
		"<dd>14/03/1985</dd>", "<dd>LYON (69123)</dd>", "<dd>Féminin</dd>", "20/01/2026 de 09:30 à 09:55 (UTC+01:00)", "Modalité : Résonance magnétique",
		"[CCAM NZQN001]", "Étude : 1.2.250.1.999.4.1001", "ACC-2026-0042 (1.2.250.1.999.3)", "D-2026-0007 (1.2.250.1.999.2)",
		"Pr Dominique PRESCRIPTEUR", "<dt>Médecin traitant</dt>", "<dt>Personne à prévenir</dt>", "RPPS 99900000015", "20/01/2026 à 10:59:30 (UTC+01:00)",
		"<dt>Conservé par</dt>", "Enregistrer le PDF", `aria-label="Document (PDF)" data="data:application/pdf;base64,JVBERi0`, "object-src data:",
	} {
		has(t, page, want)
	}
	assert.False(t, strings.Contains(page.raw, "<strong>FICTIVE</strong>"), "used names are not in bold")
	english := showHTML(t, build(t, newWriter(t), complete(t)), cda.HTMLOptions{Language: "en"})
	for _, want := range []string{"<dd>1985-03-14</dd>", "2026-01-20 from 09:30 to 09:55 (UTC+01:00)", "<dt>Prescriber</dt>", `lang="en"`, `<main id="text" lang="fr-FR">`} {
		has(t, english, want)
	}
	replaced := samples(t)["replacement"]
	has(t, showHTML(t, build(t, newWriter(t), replaced), cda.HTMLOptions{}), "Cette version remplace un document antérieur.")
	has(t, showHTML(t, build(t, newWriter(t), samples(t)["screening"]), cda.HTMLOptions{}), "Contexte Dépistage")
	assert.False(t, strings.Contains(showHTML(t, build(t, newWriter(t), samples(t)["local-identity"]), cda.HTMLOptions{}).raw, "Matricule INS"))
}

func TestHTMLOfOddDocuments(t *testing.T) {
	t.Parallel()
	doc := func(inside string) []byte {
		return []byte(`<ClinicalDocument xmlns="urn:hl7-org:v3">` + inside + `</ClinicalDocument>`)
	}
	ins := func(id string) string {
		return `<recordTarget><patientRole><id root="1.2.250.1.213.1.4.8" extension="` + id + `"/></patientRole></recordTarget>`
	}
	for name, tc := range map[string]struct {
		doc  []byte
		want []string
	}{
		"nothing":         {doc(""), []string{"Document médical sans titre", "Ce document n'a pas de texte."}},
		"wrong key":       {doc(ins("285036912345600")), []string{"285036912345600 NIR, 1.2.250.1.213.1.4.8", "ne pas l'utiliser"}},
		"two patients":    {doc(ins("1") + ins("2")), []string{"Ce document nomme 2 patients"}},
		"restricted":      {doc(`<confidentialityCode code="R"/>`), []string{"Confidentialité : R"}},
		"no offset":       {doc(`<effectiveTime value="20260120110500"/>`), []string{"20/01/2026 à 11:05 (heure de Paris supposée"}},
		"times":           {doc(`<effectiveTime value="hier"/><documentationOf><serviceEvent><effectiveTime><low value="2026"/><high value="202601"/></effectiveTime></serviceEvent></documentationOf>`), []string{"hier (date illisible)", "du 2026 au 01/2026"}},
		"hours and UTC":   {doc(`<effectiveTime value="2026012011+0000"/>`), []string{"20/01/2026 à 11 h (UTC)"}},
		"bare address":    {doc(`<recordTarget><patientRole><addr>1 rue X, 69000 LYON</addr></patientRole></recordTarget>`), []string{"1 rue X, 69000 LYON"}},
		"bare name":       {doc(`<author><assignedAuthor><assignedPerson><name>Dr Nom</name></assignedPerson></assignedAuthor></author>`), []string{"Dr Nom"}},
		"device":          {doc(`<author><assignedAuthor><assignedAuthoringDevice><manufacturerModelName>M</manufacturerModelName><softwareName>S</softwareName></assignedAuthoringDevice></assignedAuthor></author>`), []string{"S - M"}},
		"accession in v3": {doc(`<inFulfillmentOf><order><accessionNumber extension="A-1"/></order></inFulfillmentOf>`), []string{"A-1"}},
		"no section title": {doc(`<component><structuredBody><component><section><code code="1-8" displayName="Résultats"/><text>a</text></section></component>` +
			`<component><section><text>b</text></section></component></structuredBody></component>`), []string{"Résultats a", "Section sans titre b"}},
		"damaged body": {doc(`<component><nonXMLBody><text mediaType="application/pdf" representation="B64">JVBE*</text></nonXMLBody></component>`), []string{"absent ou endommagé"}},
		"plain":        {level1Of("text/plain", []byte("Ligne 1 <b>\nLigne 2")), []string{"Ligne 1 <b> Ligne 2"}},
		"latin plain":  {level1Of("text/plain", []byte("\xe9t\xe9")), []string{"été"}},
		"rtf":          {level1Of("text/rtf", []byte(`{\rtf1}`)), []string{"Contenu (text/rtf, 7 octets, non montré dans cette page)"}},
		"image body":   {level1Of("image/gif", picture(t, encodeGIF)), nil},
		"self-presenting": {[]byte(`<x:stylesheet xmlns:x="http://www.w3.org/1999/XSL/Transform"><x:template match="/"><script>a</script></x:template>` +
			string(doc("<title>Dedans</title>")) + `</x:stylesheet>`), []string{"Dedans"}},
		"signed":     {[]byte(`<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><Object>` + string(doc("")) + `</Object></Signature>`), []string{"ne dit pas si la signature est valable"}},
		"ISO-8859-1": {[]byte("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>" + string(doc("<title>\xe9t\xe9</title>"))), []string{"été"}},
	} {
		page := showHTML(t, tc.doc, cda.HTMLOptions{})
		for _, want := range tc.want {
			has(t, page, want, name)
		}
	}
}

func TestHTMLMedia(t *testing.T) {
	t.Parallel()
	pdf := []byte("%PDF-1.4\n%%EOF\n")
	pictureOf := func(kind string, b []byte) string {
		return `<img alt="Coupe 12" src="data:image/` + kind + `;base64,` + base64.StdEncoding.EncodeToString(b) + `"/>`
	}
	png, gif := picture(t, png.Encode), picture(t, encodeGIF)
	huge := bytes.Clone(png) // announces 65536 x 65536 pixels; the checksum of its header is right
	copy(huge[16:24], []byte{0, 1, 0, 0, 0, 1, 0, 0})
	binary.BigEndian.PutUint32(huge[29:], crc32.ChecksumIEEE(huge[12:29]))
	for name, tc := range map[string]struct {
		inside, want string
	}{
		"png":             {media("image/png", png), pictureOf("png", png)},
		"gif said jpeg":   {media("image/jpeg", gif), pictureOf("gif", gif)},
		"svg":             {media("image/svg+xml", []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`)), "Coupe 12 (image/svg+xml, 60 octets, non montré dans cette page)"},
		"html said png":   {media("image/png", []byte("<html><script>alert(1)</script>")), "non montré dans cette page"},
		"too many pixels": {media("image/png", huge), "non montré dans cette page"},
		"pdf":             {media("application/pdf", pdf), `<a download="document.pdf" href="data:application/pdf;base64,` + base64.StdEncoding.EncodeToString(pdf)},
		"html said pdf":   {media("application/pdf", []byte("<html>")), "Coupe 12 (application/pdf, 6 octets, non montré dans cette page)"},
		"html":            {media("text/html", []byte("<script>")), "Coupe 12 (text/html, "},
		"not shown":       {`<text>x</text><entry>` + `<observationMedia><value mediaType="image/png" representation="B64">` + base64.StdEncoding.EncodeToString(png) + `</value></observationMedia></entry>`, `alt="Texte"`},
		"absent":          {`<text><renderMultiMedia referencedObject="M9"/></text>`, "[image ou pièce jointe absente du document]"},
		"outside":         {`<text><renderMultiMedia referencedObject="M1"/></text><entry><observationMedia ID="M1"><value mediaType="image/png"><reference value="https://images.test/1.png"/></value></observationMedia></entry>`, `<a href="https://images.test/1.png" rel="noopener noreferrer">`},
		"outside, script": {`<text><renderMultiMedia referencedObject="M1"/></text><entry><observationMedia ID="M1"><value><reference value="javascript:alert(1)"/></value></observationMedia></entry>`, "(contenu hors du document)"},
		"region of image": {`<text><renderMultiMedia referencedObject="R1"/></text><entry><regionOfInterest ID="R1"><entryRelationship><observationMedia><value mediaType="image/png" representation="B64">` + base64.StdEncoding.EncodeToString(png) + `</value></observationMedia></entryRelationship></regionOfInterest></entry>`, `<img alt="Texte" src="data:image/png;`},
		"in a link":       {strings.Replace(strings.Replace(media("application/pdf", pdf), "<paragraph>", `<paragraph><linkHtml href="https://a.test/">`, 1), "</paragraph>", "</linkHtml></paragraph>", 1), "non montré"},
	} {
		page := showHTML(t, section3(tc.inside), cda.HTMLOptions{})
		has(t, page, tc.want, name)
		assert.False(t, strings.Contains(page.raw, "javascript:"), name)
	}
	// What passes the limit is named.
	page := showHTML(t, section3(media("image/png", png)), cda.HTMLOptions{MaxInlineBytes: int64(len(png)) - 1})
	assert.False(t, strings.Contains(page.raw, "<img"))
	page = showHTML(t, section3(media("image/png", png)), cda.HTMLOptions{MaxInlineBytes: -1})
	assert.False(t, strings.Contains(page.raw, "<img"))
	page = showHTML(t, level1Of("application/pdf", pdf), cda.HTMLOptions{MaxInlineBytes: int64(len(pdf))})
	has(t, page, `<a download="document.pdf"`)
	assert.False(t, strings.Contains(page.raw, "<object"), "it is held twice when there is room")
	page = showHTML(t, level1Of("application/pdf", pdf), cda.HTMLOptions{MaxInlineBytes: int64(len(pdf)) - 1})
	has(t, page, "Document (PDF) (application/pdf, 15 octets, non montré dans cette page) : ouvrir le document")
}

func TestHTMLServedAttachments(t *testing.T) {
	t.Parallel()
	var asked []string
	o := cda.HTMLOptions{Attachment: func(id, mediaType string) string {
		asked = append(asked, id+" "+mediaType)
		return "/attachments/" + id
	}}
	pdf := []byte("%PDF-1.4\n%%EOF\n")
	page := showHTML(t, level1Of("application/pdf", pdf), o)
	has(t, page, `<object type="application/pdf" data="/attachments/"`)
	has(t, page, "object-src data: &#39;self&#39;")
	page = showHTML(t, section3(media("application/pdf", pdf)), o)
	has(t, page, `href="/attachments/M1"`)
	showHTML(t, level1Of("text/rtf", []byte("{}")), o)
	assert.Equal(t, []string{" application/pdf", "M1 application/pdf", " text/rtf"}, asked)

	// The identifiers are those that Parse gives.
	b, err := os.ReadFile("testdata/level3-complete.xml")
	require.NoError(t, err)
	parsed, err := cda.Parse(b)
	require.NoError(t, err)
	asked = nil
	showHTML(t, b, o)
	for _, a := range parsed.Attachments {
		assert.Contains(t, asked, a.ID+" "+a.MediaType)
	}
	for _, href := range []string{"javascript:alert(1)", " javascript:alert(1)", "data:text/html,x", "java\nscript:x", `\\host\x`, ""} {
		page := showHTML(t, level1Of("text/rtf", []byte("{}")), cda.HTMLOptions{Attachment: func(string, string) string { return href }})
		has(t, page, "non montré dans cette page", href)
	}
}

func TestHTMLSymbol(t *testing.T) {
	t.Parallel()
	symbol := picture(t, png.Encode)
	doc := build(t, newWriter(t), complete(t))
	page := showHTML(t, doc, cda.HTMLOptions{Symbol: func(got segur.INS, traits segur.Traits) ([]byte, error) {
		assert.Equal(t, ins(t, "2850369123456"), got)
		assert.Equal(t, "FICTIVE-DURAND", traits.BirthName)
		return symbol, nil
	}})
	has(t, page, `<img class="symbol" alt="Datamatrix INS, à scanner" src="data:image/png;base64,`)
	never := func(segur.INS, segur.Traits) ([]byte, error) { panic("no INS, or a wrong one") }
	showHTML(t, build(t, newWriter(t), samples(t)["local-identity"]), cda.HTMLOptions{Symbol: never})
	showHTML(t, bytes.ReplaceAll(doc, []byte("285036912345656"), []byte("285036912345657")), cda.HTMLOptions{Symbol: never})

	parsed, err := cda.Parse(doc)
	require.NoError(t, err)
	cause := errors.New("no symbol")
	err = cda.HTML(io.Discard, parsed, cda.HTMLOptions{Symbol: func(segur.INS, segur.Traits) ([]byte, error) { return nil, cause }})
	require.ErrorIs(t, err, cause)
	err = cda.HTML(io.Discard, parsed, cda.HTMLOptions{Symbol: func(segur.INS, segur.Traits) ([]byte, error) { return []byte("<svg/>"), nil }})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
}

type brokenWriter struct{ left int }

var errBroken = errors.New("broken pipe")

func (w *brokenWriter) Write(p []byte) (int, error) {
	if w.left -= len(p); w.left < 0 {
		return 0, errBroken
	}
	return len(p), nil
}

func TestHTMLErrors(t *testing.T) {
	t.Parallel()
	require.ErrorIs(t, cda.HTML(io.Discard, nil, cda.HTMLOptions{}), segur.ErrInvalidInput)
	require.ErrorIs(t, cda.HTML(io.Discard, &cda.Parsed{}, cda.HTMLOptions{}), segur.ErrTruncated)
	parsed, err := cda.Parse(build(t, newWriter(t), complete(t)))
	require.NoError(t, err)
	require.ErrorIs(t, cda.HTML(io.Discard, parsed, cda.HTMLOptions{Language: "de"}), segur.ErrInvalidInput)
	for _, n := range []int{0, 33 << 10} {
		require.ErrorIs(t, cda.HTML(&brokenWriter{left: n}, parsed, cda.HTMLOptions{}), errBroken)
	}
	var whole bytes.Buffer
	require.NoError(t, cda.HTML(&whole, parsed, cda.HTMLOptions{}))
	done := make(chan string)
	for range 4 {
		go func() {
			var b bytes.Buffer
			_ = cda.HTML(&b, parsed, cda.HTMLOptions{})
			done <- b.String()
		}()
	}
	for range 4 {
		assert.Equal(t, whole.String(), <-done)
	}
}
