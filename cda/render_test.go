package cda_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"image"
	imgjpeg "image/jpeg"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/cda/pdfa"
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/internal/testkit/fixed"
)

// keyImage is a true JPEG image, unlike what suffices elsewhere.
var keyImage = sync.OnceValue(func() []byte {
	img := image.NewGray(image.Rect(0, 0, 320, 240))
	for y := range 240 {
		for x := range 320 {
			if dx, dy := x-160, y-120; dx*dx+dy*dy < 100*100 {
				img.Pix[y*img.Stride+x] = byte(60 + x/3)
			}
		}
	}
	var b bytes.Buffer
	if err := imgjpeg.Encode(&b, img, nil); err != nil {
		panic(err)
	}
	return b.Bytes()
})

// withImages puts true images in the place of those of the other tests.
func withImages(s cda.Sections) cda.Sections {
	s.Attachments = slices.Clone(s.Attachments)
	for i := range s.Attachments {
		if a := &s.Attachments[i]; a.Content.Size() == int64(len(jpeg())) {
			a.Content = segur.BytesContent(keyImage())
		}
	}
	return s
}

// rendered is the PDF of a report.
func rendered(tb testing.TB, r cda.Report, s cda.Sections, o cda.PDFOptions) []byte {
	tb.Helper()
	done, err := newWriter(tb, withViewer).WithPDF(r, s, o)
	require.NoError(tb, err)
	return []byte(content(tb, done.PDF))
}

// written is a document of level 3, read.
func written(tb testing.TB, r cda.Report, s cda.Sections) *cda.Parsed {
	tb.Helper()
	doc, err := cda.Parse(build3(tb, newWriter(tb, allowAnyPDF, withViewer), r, s))
	require.NoError(tb, err)
	return doc
}

// paperText is what a reader of the PDF reads, in the order in which it is drawn.
func paperText(tb testing.TB, pdf []byte) string {
	tb.Helper()
	out := testkit.Run(tb, pdf, "pdftotext", "-raw", "-enc", "UTF-8", "-", "-")
	require.NoError(tb, out.Err())
	return strings.ReplaceAll(string(out.Stdout), "\u00a0", " ")
}

// The same report, options and clock give the same bytes: their digests are
// kept. A change of the look changes them on purpose.
func TestPDFGoldenDigests(t *testing.T) {
	t.Parallel()
	var list strings.Builder
	for _, name := range []string{"level3-minimal", "level3-complete", "level3-acts", "level3-supplied"} {
		d := structuredSamples(t)[name]
		one := rendered(t, d.r, withImages(d.s), cda.PDFOptions{Logo: keyImage()})
		assert.True(t, bytes.Equal(one, rendered(t, d.r, withImages(d.s), cda.PDFOptions{Logo: keyImage()})), name)
		assert.Empty(t, pdfa.Check(one), name)
		fmt.Fprintf(&list, "%x  %s.pdf\n", sha256.Sum256(one), name)
	}
	testkit.Golden(t, "render.sha256", []byte(list.String()))
}

// A report that is rendered before it is written shows what the written one
// shows, and both documents take the PDF.
func TestWithPDFGivesBothLevels(t *testing.T) {
	t.Parallel()
	r, s := chest(t)
	s = withImages(s)
	w := newWriter(t, withViewer)
	done, err := w.WithPDF(r, s, cda.PDFOptions{})
	require.NoError(t, err)
	assert.Equal(t, instant(11, 5, 0), done.Created)
	require.NotEmpty(t, done.ID)
	assert.Equal(t, r.SetID, done.SetID)

	one, err := w.Level1(done)
	require.NoError(t, err, "the PDF is PDF/A-1")
	three, err := w.Level3(done, s)
	require.NoError(t, err)
	assert.Equal(t, done.ID, one.ID())
	assert.Equal(t, done.ID, three.ID())
	assert.Equal(t, one.PDFSHA256(), three.PDFSHA256())

	b, err := three.Bytes()
	require.NoError(t, err)
	parsed, err := cda.Parse(b)
	require.NoError(t, err)
	require.NotNil(t, parsed.Copy)
	assert.Equal(t, content(t, done.PDF), content(t, parsed.Copy.Content))

	done.PDF = nil
	again := written(t, done, s)
	pdf, err := cda.PDF(again, cda.PDFOptions{Qualified: true, Environment: segur.Fake})
	require.NoError(t, err)
	assert.Equal(t, one.PDFSHA256(), sha256.Sum256(pdf), "the paper of the preview is that of the document")
}

// A report without identifiers gets its own; UUIDs of the preview are not taken
// from the source.
func TestWithPDFKeepsIdentifiers(t *testing.T) {
	t.Parallel()
	r, s := minimal(t), minimalSections()
	ids := &countedIDs{IDSource: segur.NewIDSource(fixed.Rand(1))}
	w := newWriter(t, func(c *cda.Config) { c.IDs = ids })
	done, err := w.WithPDF(r, s, cda.PDFOptions{})
	require.NoError(t, err)
	assert.Equal(t, countedIDs{ids.IDSource, 2, 0}, *ids, "one for the document, one for the set")
	assert.False(t, done.SetID.IsZero())
	assert.Contains(t, paperText(t, []byte(content(t, done.PDF))), string(done.ID))
	doc, err := w.Level1(done)
	require.NoError(t, err)
	assert.Equal(t, done.SetID, doc.Header().SetID)

	_, err = w.WithPDF(cda.Report{Version: 2}, s, cda.PDFOptions{})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	assert.Contains(t, fields(err), "replaces", "the rules are those of the document")
	assert.Equal(t, 2, ids.oids, "nothing is drawn for a report that is refused")
}

type countedIDs struct {
	segur.IDSource
	oids, uuids int
}

func (c *countedIDs) OID(root segur.OID) (segur.OID, error) { c.oids++; return c.IDSource.OID(root) }
func (c *countedIDs) UUID() (string, error)                 { c.uuids++; return c.IDSource.UUID() }

// An identity that is not qualified is printed with neither matricule nor
// datamatrix, from a report and from a document that was received.
func TestPDFMatriculeOnlyWhenQualified(t *testing.T) {
	t.Parallel()
	r, s := minimal(t), minimalSections()
	r.PDF = nil
	doc := written(t, r, s)
	matricule := r.Patient.INS.Matricule()
	grouped := "2 85 03 69 123 456 " + matricule[13:]
	number := func(pdf []byte) bool {
		text := paperText(t, pdf)
		assert.NotContains(t, strings.ReplaceAll(text, " ", ""), "1.2.250.1.213.1.4")
		return strings.Contains(strings.ReplaceAll(text, " ", ""), matricule)
	}
	plain, err := cda.PDF(doc, cda.PDFOptions{})
	require.NoError(t, err)
	assert.False(t, number(plain))
	assert.NotContains(t, paperText(t, plain), "INS")
	assert.Contains(t, paperText(t, plain), "IPP-0001")

	qualified, err := cda.PDF(doc, cda.PDFOptions{Qualified: true, Environment: segur.Fake})
	require.NoError(t, err)
	assert.Contains(t, paperText(t, qualified), grouped+" (INS-NIR de test)")
	assert.Contains(t, paperText(t, qualified), "INS à scanner")

	r.Patient.Status = segur.Retrieved
	assert.False(t, number(rendered(t, r, s, cda.PDFOptions{Qualified: true, Environment: segur.Production})), "the patient decides")

	for _, tc := range []struct {
		o     cda.PDFOptions
		field string
	}{
		{cda.PDFOptions{Qualified: true}, "options.environment"},
		{cda.PDFOptions{Qualified: true, Environment: segur.Production}, "header.patient.ins.authority"},
		{cda.PDFOptions{Language: "de", Logo: []byte("x")}, "options.language"},
	} {
		_, err = cda.PDF(doc, tc.o)
		require.ErrorIs(t, err, segur.ErrInvalidInput)
		assert.Contains(t, fields(err), tc.field)
	}
	assert.Equal(t, []string{"options.language", "options.logo"}, fields(err))
	damaged, err := cda.Parse(bytes.ReplaceAll(doc.Raw, []byte(matricule), []byte("285036912345600")))
	require.NoError(t, err)
	_, err = cda.PDF(damaged, cda.PDFOptions{Qualified: true, Environment: segur.Fake})
	assert.Equal(t, []string{"header.patientIDs"}, fields(err))
	r.Patient.Status = segur.Validated
	_, err = cda.PDF(written(t, r, s), cda.PDFOptions{Qualified: true, Environment: segur.Fake})
	assert.Equal(t, []string{"header.patientIDs"}, fields(err), "no INS in the document")
}

// What cannot be shown is an error that names its place and nothing of the text,
// or is shown in other words on demand.
func TestPDFOfWhatFontsLack(t *testing.T) {
	t.Parallel()
	r, s := minimal(t), minimalSections()
	r.PDF = nil
	r.Authors[0].FamilyName = "SECRET漢"
	s.Conclusion = cda.Text("Lésion cachée 中 et ☑, e\u0301 et \u200dfin.")
	s.Results = cda.Markup(`<table><tbody><tr><td>中</td></tr><tr><td>中</td></tr></tbody></table>`)
	s.Attachments = []cda.Attachment{{ID: "cle", Title: "Image secrète", Content: segur.BytesContent(jpeg())}}
	_, err := newWriter(t).WithPDF(r, s, cda.PDFOptions{})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	assert.Equal(t, []string{"sections.attachments"}, fields(err), "known before the layout")
	s.Attachments = nil
	_, err = newWriter(t).WithPDF(r, s, cda.PDFOptions{RunningHead: "中"})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	assert.Equal(t, []string{"header", "options.runningHead", "sections.conclusion", "sections.results"}, fields(err), "each once")
	assert.Contains(t, err.Error(), "sections.conclusion holds characters that cannot be printed: U+4E2D, U+2611, U+200D")
	for _, secret := range []string{"SECRET", "cachée", "secrète", "FICTIVE"} {
		assert.NotContains(t, err.Error(), secret)
	}

	s.Attachments = []cda.Attachment{{ID: "cle", Title: "Image clé", Content: segur.BytesContent(jpeg())}}
	text := paperText(t, rendered(t, r, s, cda.PDFOptions{Substitute: true}))
	assert.Contains(t, text, "Lésion cachée [U+4E2D] et [U+2611], é et fin.")
	assert.Contains(t, text, "SECRET[U+6F22]")
	assert.Contains(t, text, "[image qui ne peut pas être montrée ici]")
	assert.Contains(t, text, "Image clé")
}

func TestPDFOfUnstructuredDocuments(t *testing.T) {
	t.Parallel()
	_, err := cda.PDF(nil, cda.PDFOptions{})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	empty, err := cda.PDF(&cda.Parsed{}, cda.PDFOptions{Substitute: true})
	require.NoError(t, err)
	assert.Contains(t, paperText(t, empty), "Document médical")
	doc, err := cda.Parse(build(t, newWriter(t), minimal(t)))
	require.NoError(t, err)
	_, err = cda.PDF(doc, cda.PDFOptions{})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	assert.Contains(t, err.Error(), "see Parsed.Body")

	of := func(mediaType, body string) (*cda.Parsed, error) {
		b := bytes.Replace(doc.Raw, []byte(`mediaType="application/pdf"`), []byte(`mediaType="`+mediaType+`"`), 1)
		from := bytes.Index(b, []byte(`B64">`)) + 5
		to := from + bytes.Index(b[from:], []byte("</text>"))
		return cda.Parse(slices.Concat(b[:from], []byte(body), b[to:]))
	}
	text, err := of("text/plain", "77u/TGlnbmUgMQpMaWduZSBkZXV4IDogw6kK") // with a byte order mark
	require.NoError(t, err)
	b, err := cda.PDF(text, cda.PDFOptions{Language: "en"})
	require.NoError(t, err)
	assert.Contains(t, paperText(t, b), "Ligne 1\nLigne deux : é")
	assert.Contains(t, paperText(t, b), "Birth name FICTIVE-DURAND")
	damaged, err := of("text/plain", "77u/TGl!")
	require.NoError(t, err)
	_, err = cda.PDF(damaged, cda.PDFOptions{})
	assert.Equal(t, []string{"body"}, fields(err))
}

// One report is rendered in many goroutines.
func TestPDFConcurrent(t *testing.T) {
	t.Parallel()
	r, s := chest(t)
	r.PDF = nil
	doc := written(t, r, withImages(s))
	want, err := cda.PDF(doc, cda.PDFOptions{})
	require.NoError(t, err)
	warnings := len(doc.Warnings)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			got, err := cda.PDF(doc, cda.PDFOptions{})
			assert.NoError(t, err)
			assert.True(t, bytes.Equal(want, got))
		})
	}
	wg.Wait()
	assert.Len(t, doc.Warnings, warnings)
}

// Texts and tables of any size are shown or refused, without work that grows
// faster than they do.
func TestPDFIsBounded(t *testing.T) {
	t.Parallel()
	r, s := minimal(t), minimalSections()
	r.PDF = nil
	s.Conclusion = cda.Narrative{}.Paragraph(cda.Plain(strings.Repeat("mot ", 700_000)))
	_, err := newWriter(t).WithPDF(r, s, cda.PDFOptions{})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	assert.Contains(t, err.Error(), "bytes")
	wide := strings.Repeat(`<td rowspan="900">x</td>`, 20)
	s.Conclusion = cda.Markup(`<table><tbody>` + strings.Repeat("<tr>"+wide+"</tr>", 900) + `</tbody></table>`)
	_, err = newWriter(t).WithPDF(r, s, cda.PDFOptions{})
	require.NoError(t, err)
}
