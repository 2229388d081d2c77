package pdfa_test

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda/pdfa"
	"github.com/segur-sdk/segur/internal/testkit"
)

// keyImage draws rings, as a picture that stands for a slice.
func keyImage(t testing.TB, width, height int, colour bool) []byte {
	t.Helper()
	grey, rgb := image.NewGray(image.Rect(0, 0, width, height)), image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			d := math.Hypot(float64(x-width/2), float64(y-height/2))
			v := uint8(128 + 100*math.Sin(d/9)*math.Exp(-d/float64(width))) //nolint:gosec // 28 to 228
			grey.SetGray(x, y, color.Gray{Y: v})
			rgb.SetRGBA(x, y, color.RGBA{R: v, G: uint8(x * 255 / width), B: uint8(y * 255 / height), A: 255}) //nolint:gosec // below 256
		}
	}
	var b bytes.Buffer
	var img image.Image = grey
	if colour {
		img = rgb
	}
	require.NoError(t, jpeg.Encode(&b, img, &jpeg.Options{Quality: 80}))
	return b.Bytes()
}

// modules makes a matrix with the solid and dotted borders of a datamatrix and an arbitrary inside. It encodes nothing.
func modules(n int) [][]bool {
	rows := make([][]bool, n)
	for y := range rows {
		rows[y] = make([]bool, n)
		for x := range rows[y] {
			switch {
			case x == 0 || y == n-1:
				rows[y][x] = true
			case y == 0 || x == n-1:
				rows[y][x] = (x+y)%2 == 0
			default:
				rows[y][x] = (x*x*7+y*13+x*y*5)%11 < 5
			}
		}
	}
	return rows
}

// arrow is a small bitmap whose rows do not fill their last byte.
func arrow() *pdfa.Bitmap {
	b := &pdfa.Bitmap{Width: 60, Height: 60, Bits: make([]byte, 8*60)}
	for y := range 60 {
		for x := range 60 {
			if x >= 30-y/2 && x <= 30+y/2 && y < 40 || x > 24 && x < 36 {
				b.Bits[8*y+x/8] |= 0x80 >> (x % 8)
			}
		}
	}
	return b
}

// scannerReport is a fictional report with every kind of block.
func scannerReport(t testing.TB) pdfa.Report {
	t.Helper()
	r := kneeReport()
	r.ID += ".scanner"
	r.Title = "Compte rendu de scanner thoraco-abdomino-pelvien avec injection"
	r.Identity = append(r.Identity, pdfa.Field{Label: "Identifiants", Value: "Dossier IPP-0001, demande 2.999.1.8^DEM-0042, examen 2.999.1.9.20260312.1"})
	r.Symbol = &pdfa.Symbol{Modules: modules(40), Caption: "INS à scanner"}
	r.RunningHead = "TESTE-MARTIN Zoé, née le 04/02/1979 – scanner du 12 mars 2026"
	acts := pdfa.Table{
		Caption: "Actes",
		Head:    [][]pdfa.Cell{pdfa.Cells("Code", "Libellé", "Modalité", "Région", "Latéralité", "Paramètres")},
		Rows: [][]pdfa.Cell{
			pdfa.Cells("ZCQH001", "Scanographie de l’abdomen ou du petit bassin, avec injection intraveineuse de produit de contraste", "CT", "Abdomen et pelvis", "Sans objet", "120\u202fkV, modulation automatique, coupes de 1,25\u202fmm"),
			pdfa.Cells("ZBQH001", "Scanographie du thorax, avec injection", "CT", "Thorax", "Sans objet", "100\u202fkV"),
		},
	}
	products := pdfa.Table{
		Caption: "Produits administrés",
		Columns: []pdfa.Column{{Weight: 4}, {Weight: 2, Align: pdfa.AlignRight}, {Weight: 2, Align: pdfa.AlignCenter}, {Weight: 3}},
		Head:    [][]pdfa.Cell{pdfa.Cells("Produit", "Dose", "Voie", "Lot et commentaire")},
		Rows: [][]pdfa.Cell{
			pdfa.Cells("Iodixanol 320 mg d’iode par mL", "85\u202fmL", "IV", "LOT-0001"),
			pdfa.Cells("Sérum physiologique", "40\u202fmL", "IV"),
			{{Text: pdfa.Plain("Total injecté")}, {Text: pdfa.Text{{Text: "125\u202fmL", Bold: true}}, Span: 1}, {Text: pdfa.Plain("débit\u00a0: 3\u202fmL/s\ntemps portal"), Span: 2}},
		},
	}
	dose := pdfa.Table{
		Caption: "Exposition aux rayonnements",
		Columns: []pdfa.Column{{}, {Align: pdfa.AlignRight}, {Align: pdfa.AlignRight}, {Align: pdfa.AlignRight}},
		Head:    [][]pdfa.Cell{{{Text: pdfa.Plain("Acquisition")}, {Text: pdfa.Plain("Mesures"), Span: 3}}, pdfa.Cells("", "IDSV (mGy)", "PDL (mGy·cm)", "Longueur (mm)")},
	}
	for i := range 70 {
		dose.Rows = append(dose.Rows, pdfa.Cells(fmt.Sprintf("Hélice %d", i+1), fmt.Sprintf("%d,%d", 4+i%9, i%10), fmt.Sprint(200+17*i), fmt.Sprint(300+i)))
	}
	lesions := pdfa.Table{
		Head: [][]pdfa.Cell{pdfa.Cells("Cible", "Commentaire", "Évolution")},
		Rows: [][]pdfa.Cell{
			pdfa.Cells("T1", strings.Repeat("Nodule du segment VI, mieux limité que sur l’examen précédent, sans prise de contraste nodulaire résiduelle. ", 45), "stable"),
			pdfa.Cells("T2", "Adénopathie", "+\u202f2\u202fmm"),
		},
	}
	r.Sections = []pdfa.Section{
		{Heading: "Informations cliniques"},
		{Heading: "Indication", Level: 2, Blocks: []pdfa.Block{
			pdfa.Paragraph{Text: pdfa.Text{
				{Text: "Bilan d’extension d’une lésion "}, {Text: "hépatique", Bold: true}, {Text: " (segment\u00a0VI), "},
				{Text: "à comparer", Italic: true}, {Text: " à l’examen du 3 janvier. "}, {Text: "Urgent", Bold: true, Italic: true, Underline: true},
				{Text: ". Débit de filtration 88 mL/min/1,73 m"}, {Text: "2", Super: true}, {Text: ", CO"}, {Text: "2", Sub: true}, {Text: " normal."},
			}},
		}},
		{Heading: "Antécédents", Level: 2, Blocks: []pdfa.Block{
			pdfa.List{Items: append(pdfa.Items("Hypertension artérielle.", "Allergie\u00a0: aucune connue."), pdfa.Item{
				Text: pdfa.Plain("Chirurgie\u00a0:"), Sub: &pdfa.List{Items: append(pdfa.Items("appendicectomie (1998)"), pdfa.Item{
					Text: pdfa.Plain("arthroscopie du genou gauche (2011)"), Sub: &pdfa.List{Ordered: true, Items: pdfa.Items("ménisque interne", "ménisque externe")}})}})},
		}},
		{Heading: "Acte d’imagerie", Blocks: []pdfa.Block{acts, products}},
		{Heading: "Exposition aux rayonnements", Level: 2, Blocks: []pdfa.Block{pdfa.Paragraph{Text: pdfa.Plain("Absence de grossesse.")}, dose}},
		{Heading: "Résultats", Paragraphs: []string{"Comparaison avec l’examen du 3 janvier 2026."}, Blocks: []pdfa.Block{
			lesions,
			pdfa.Image{JPEG: keyImage(t, 512, 400, false), Caption: "Image clé 1\u00a0: coupe axiale au temps portal, nodule du segment VI de 14\u202fmm (flèche)."},
			pdfa.Image{JPEG: keyImage(t, 512, 512, true), Width: 60, Caption: "Image clé 2\u00a0: cartographie en couleurs."},
			pdfa.Image{Bitmap: arrow(), Width: 20},
			pdfa.Image{JPEG: keyImage(t, 512, 512, true), Width: 40},
		}},
		{Heading: "Sous-partie", Level: 3, Blocks: []pdfa.Block{pdfa.Paragraph{Text: pdfa.Plain("Texte de la sous-partie.")}}},
		{Heading: "Conclusion", Blocks: []pdfa.Block{pdfa.List{Ordered: true, Items: pdfa.Items(
			"Nodule du segment VI stable.", strings.Repeat("Pas d’autre lésion suspecte à l’étage thoracique ni abdominal. ", 4), "Contrôle à 6 mois.", "Quatre.", "Cinq.", "Six.", "Sept.", "Huit.", "Neuf.", "Dix.")}}},
	}
	return r
}

// blockReports are reports whose difficulty lies in the blocks.
func blockReports(t testing.TB) map[string]pdfa.Report {
	t.Helper()
	wide := pdfa.Table{Rows: [][]pdfa.Cell{make([]pdfa.Cell, pdfa.MaxColumns)}}
	for i := range wide.Rows[0] {
		wide.Rows[0][i].Text = pdfa.Plain(fmt.Sprintf("colonne%d", i))
	}
	return map[string]pdfa.Report{
		"scanner":  scannerReport(t),
		"columns":  blockReport(wide),
		"rgb":      blockReport(pdfa.Image{JPEG: rgbJPEG()}, pdfa.Image{JPEG: progressiveJPEG()}),
		"no width": blockReport(pdfa.Paragraph{Text: pdfa.Plain(strings.Repeat("\u00ad", 70_000))}),
	}
}

// blockReport is a report with one section.
func blockReport(blocks ...pdfa.Block) pdfa.Report {
	r := pdfa.Report{ID: "2.999.1.7^BLOCS", Created: kneeReport().Created, Title: "Compte rendu"}
	r.Sections = []pdfa.Section{{Heading: "Section", Blocks: blocks}}
	return r
}

// pages extracts the text of each page in the order of the file.
func pages(t testing.TB, pdf []byte) []string {
	t.Helper()
	all := string(testkit.Run(t, pdf, "pdftotext", "-enc", "UTF-8", "-raw", "-", "-").Stdout)
	list := strings.Split(all, "\f")
	return list[:len(list)-1]
}

// faults gives the details of an input error by field.
func faults(t testing.TB, r pdfa.Report) map[string]string {
	t.Helper()
	_, err := pdfa.Build(r)
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	var e *segur.Error
	require.True(t, errors.As(err, &e))
	got := map[string]string{}
	for _, d := range e.Details {
		require.NotContains(t, got, d.Field)
		got[d.Field] = d.Message
	}
	return got
}

// inOrder checks that the texts stand in s one after the other.
func inOrder(t testing.TB, s string, texts ...string) {
	t.Helper()
	s = strings.Join(strings.Fields(s), " ")
	for _, want := range texts {
		i := strings.Index(s, want)
		require.GreaterOrEqual(t, i, 0, "%q in order", want)
		s = s[i+len(want):]
	}
}

func TestEveryBlockInReadingOrder(t *testing.T) {
	t.Parallel()
	sheets := pages(t, build(t, scannerReport(t)))
	inOrder(t, strings.Join(sheets, "\n"),
		"Centre d’imagerie des Œillets", "thoraco-abdomino-pelvien", "Matricule INS", "INS à scanner", "Informations cliniques", "Indication",
		"lésion hépatique (segment VI), à comparer à l’examen du 3 janvier. Urgent. Débit", "1,73 m", "2", ", CO", "2", "normal",
		"Antécédents", "• Hypertension", "• Allergie", "• Chirurgie", "– appendicectomie", "– arthroscopie", "1. ménisque interne", "2. ménisque externe",
		"Acte d’imagerie", "Actes", "Code", "Libellé", "ZCQH001", "Scanographie de l’abdomen", "CT", "120", "ZBQH001",
		"Produits administrés", "Produit", "Dose", "Iodixanol", "85", "IV", "LOT-0001", "Total injecté", "125", "débit", "temps portal",
		"Absence de grossesse", "Acquisition", "Mesures", "IDSV (mGy)", "Hélice 1 ", "4,0", "Hélice 34", "Hélice 70 10,9 1373 369",
		"Résultats", "Comparaison avec", "Cible", "T1", "stable", "T2", "Image clé 1", "Image clé 2", "Sous-partie", "Conclusion", "1. Nodule", "10. Dix.")
	assert.Len(t, sheets, 6)
	for i, sheet := range sheets {
		assert.Contains(t, sheet, fmt.Sprintf("%d/6", i+1))
	}
}

func TestBlockFaultsAreReportedTogether(t *testing.T) {
	t.Parallel()
	r := scannerReport(t)
	const cannot = "holds characters that cannot be printed: "
	r.Sections = []pdfa.Section{
		{Level: -1, Blocks: []pdfa.Block{
			nil,
			&pdfa.Paragraph{},
			(*pdfa.Table)(nil),
			pdfa.Paragraph{Text: pdfa.Text{{Text: "bon"}, {Text: "田", Bold: true, Italic: true}, {Text: "\xff"}, {Super: true, Sub: true}}},
			pdfa.List{},
			pdfa.List{Items: []pdfa.Item{{Text: pdfa.Plain("☑")}, {Sub: &pdfa.List{Items: pdfa.Items("bon", "☐")}}}},
			pdfa.Table{},
			pdfa.Table{Caption: "deux\nlignes", Head: [][]pdfa.Cell{pdfa.Cells("a", "田")}, Rows: [][]pdfa.Cell{pdfa.Cells("田"), {{Span: -1}, {Span: 99}}}},
			pdfa.Table{Columns: []pdfa.Column{{Weight: 1}, {}, {Weight: 1001, Align: 9}}, Rows: [][]pdfa.Cell{pdfa.Cells("1", "2", "3", "4"), {{Span: 2}, {Span: 2}}}},
			pdfa.Table{Columns: make([]pdfa.Column, 21), Rows: [][]pdfa.Cell{make([]pdfa.Cell, 21)}},
			pdfa.Table{Head: make([][]pdfa.Cell, 11), Rows: [][]pdfa.Cell{{}}},
			pdfa.Table{Rows: [][]pdfa.Cell{make([]pdfa.Cell, 21)}},
			pdfa.Image{Width: 4, Caption: "田"},
			pdfa.Image{JPEG: []byte{0xff}, Bitmap: arrow(), Width: math.NaN()},
			pdfa.Image{JPEG: []byte("GIF89a")},
			pdfa.Image{Bitmap: &pdfa.Bitmap{Width: 9, Height: 2, Bits: make([]byte, 3)}},
			pdfa.Image{Bitmap: &pdfa.Bitmap{Width: 0, Height: 2}},
			pdfa.Image{Bitmap: &pdfa.Bitmap{Width: 51, Height: 1, Bits: make([]byte, 7)}},
		}},
		{Level: 7, Heading: "田"},
	}
	r.Symbol = &pdfa.Symbol{Modules: make([][]bool, 7), ModuleWidth: 0.1, QuietZone: -1, Caption: "田"}
	assert.Equal(t, map[string]string{
		"symbol.caption":                                           cannot + "U+7530",
		"symbol.modules":                                           "must be 8 to 144 rows of 8 to 144 modules, all of the same length",
		"symbol.moduleWidth":                                       "must be 0.2 to 2 millimetres",
		"symbol.quietZone":                                         "must be 1 to 20 modules",
		"sections[0].level":                                        "must be 0 to 6",
		"sections[0].blocks[0]":                                    "must be a Paragraph, a List, a Table or an Image (a value, not a pointer)",
		"sections[0].blocks[1]":                                    "must be a Paragraph, a List, a Table or an Image (a value, not a pointer)",
		"sections[0].blocks[2]":                                    "must be a Paragraph, a List, a Table or an Image (a value, not a pointer)",
		"sections[0].blocks[3].text[1].text":                       cannot + "U+7530",
		"sections[0].blocks[3].text[2].text":                       "must be UTF-8",
		"sections[0].blocks[3].text[3]":                            "must not be super and sub at once",
		"sections[0].blocks[4].items":                              "is required",
		"sections[0].blocks[5].items[0].text[0].text":              cannot + "U+2611",
		"sections[0].blocks[5].items[1].sub.items[1].text[0].text": cannot + "U+2610",
		"sections[0].blocks[6].rows":                               "is required",
		"sections[0].blocks[7].caption":                            "must not hold a line break",
		"sections[0].blocks[7].head[0][1].text[0].text":            cannot + "U+7530",
		"sections[0].blocks[7].rows[0][0].text[0].text":            cannot + "U+7530",
		"sections[0].blocks[7].rows[1][0].span":                    "must be 0 to 20",
		"sections[0].blocks[7].rows[1][1].span":                    "must be 0 to 20",
		"sections[0].blocks[8].columns[1].weight":                  "must be 1 to 1000, or 0 in every column",
		"sections[0].blocks[8].columns[2].weight":                  "must be 1 to 1000, or 0 in every column",
		"sections[0].blocks[8].columns[2].align":                   "is none of the alignments",
		"sections[0].blocks[8].rows[0][3]":                         "has more cells than the table has columns",
		"sections[0].blocks[8].rows[1][1]":                         "has more cells than the table has columns",
		"sections[0].blocks[9].columns":                            "are more than 20",
		"sections[0].blocks[9].rows[0][20]":                        "takes more than 20 columns",
		"sections[0].blocks[10].head":                              "has more than 10 rows",
		"sections[0].blocks[10].columns":                           "is required when no row has a cell",
		"sections[0].blocks[11].rows[0][20]":                       "takes more than 20 columns",
		"sections[0].blocks[12].caption":                           cannot + "U+7530",
		"sections[0].blocks[12].width":                             "must be 5 to 169 millimetres, or 0",
		"sections[0].blocks[12]":                                   "must have either a JPEG or a bitmap",
		"sections[0].blocks[13].width":                             "must be 5 to 169 millimetres, or 0",
		"sections[0].blocks[13]":                                   "must have either a JPEG or a bitmap",
		"sections[0].blocks[14].jpeg":                              "is not a JPEG file",
		"sections[0].blocks[15].bitmap":                            "must hold 4 bytes for its size",
		"sections[0].blocks[16].bitmap":                            "must have sides of 1 to 16384 pixels",
		"sections[0].blocks[17].bitmap":                            "must not be more than 50 times as long as wide",
		"sections[1].level":                                        "must be 0 to 6",
		"sections[1].heading":                                      cannot + "U+7530",
	}, faults(t, r))
}

func TestManyFaultsAreCounted(t *testing.T) {
	t.Parallel()
	var l pdfa.List
	for range 150 {
		l.Items = append(l.Items, pdfa.Item{Text: pdfa.Plain("田")})
	}
	_, err := pdfa.Build(blockReport(l))
	var e *segur.Error
	require.True(t, errors.As(err, &e))
	require.Len(t, e.Details, 101)
	assert.Equal(t, "there are 50 more faults", e.Details[100].Message)
}

func TestBlockLimits(t *testing.T) {
	t.Parallel()
	deep := pdfa.List{Items: pdfa.Items("fond")}
	for range pdfa.MaxNesting {
		deep = pdfa.List{Items: []pdfa.Item{{Sub: &deep}}}
	}
	cyclic := pdfa.List{Items: make([]pdfa.Item, 1)}
	cyclic.Items[0].Sub = &cyclic
	bits := &pdfa.Bitmap{Width: 16_000, Height: 10_000, Bits: make([]byte, 20_000_000)}
	small := pdfa.Image{Bitmap: arrow()}
	for name, tc := range map[string]struct {
		report pdfa.Report
		want   string
	}{
		"runs":    {blockReport(pdfa.Paragraph{Text: make(pdfa.Text, pdfa.MaxParts)}), "more than 100000 blocks, runs"},
		"items":   {blockReport(pdfa.List{Items: make([]pdfa.Item, pdfa.MaxParts)}), "more than 100000 blocks, runs"},
		"rows":    {blockReport(pdfa.Table{Rows: append([][]pdfa.Cell{{{}}}, make([][]pdfa.Cell, pdfa.MaxParts)...)}), "more than 100000 blocks, runs"},
		"nesting": {blockReport(deep), "items[0].sub lists are nested deeper than 6"},
		"cycle":   {blockReport(cyclic), "lists are nested deeper than 6"},
		"size":    {blockReport(pdfa.Image{JPEG: make([]byte, pdfa.MaxImageBytes+1)}), "blocks[0] has more than 20971520 bytes"},
		"sum":     {blockReport(pdfa.Image{Bitmap: bits}, pdfa.Image{Bitmap: bits}, pdfa.Image{Bitmap: bits}, pdfa.Image{Bitmap: bits}), "blocks[3] makes the images hold more than 67108864 bytes together"},
		"images":  {blockReport(repeated(small, 501)...), "blocks[500] is more than the 500 images"},
		"caption": {pdfa.Report{ID: "x", Created: kneeReport().Created, Title: "T", Symbol: &pdfa.Symbol{Modules: modules(10), Caption: strings.Repeat("mot ", 40)}}, "symbol.caption takes more than 4 lines"},
		"symbol":  {pdfa.Report{ID: "x", Created: kneeReport().Created, Title: "T", Symbol: &pdfa.Symbol{Modules: modules(144), ModuleWidth: 1}}, "symbol.moduleWidth makes the symbol larger than 80 millimetres"},
		"pages":   {blockReport(longTable(60_000)), "more than 999 pages"},
		"heads":   {blockReport(tallHead()), "more than 999 pages"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := pdfa.Build(tc.report)
			require.ErrorIs(t, err, segur.ErrInvalidInput)
			assert.ErrorContains(t, err, tc.want)
		})
	}
}

func repeated(b pdfa.Block, n int) []pdfa.Block {
	list := make([]pdfa.Block, n)
	for i := range list {
		list[i] = b
	}
	return list
}

func longTable(rows int) pdfa.Table {
	t := pdfa.Table{Rows: make([][]pdfa.Cell, rows)}
	t.Rows[0] = pdfa.Cells("x")
	return t
}

// tallHead is a table whose head takes much of each page and whose rows take the rest.
func tallHead() pdfa.Table {
	t := pdfa.Table{Head: [][]pdfa.Cell{pdfa.Cells(strings.Repeat("tête\n", 15), "b")}}
	for range 3000 {
		t.Rows = append(t.Rows, pdfa.Cells(strings.Repeat("x\n", 11)))
	}
	return t
}

func TestBlocksAreNotChanged(t *testing.T) {
	t.Parallel()
	sub := pdfa.List{Items: pdfa.Items("e\u0301")}
	r := blockReport(pdfa.Paragraph{Text: pdfa.Plain("e\u0301")}, pdfa.List{Items: []pdfa.Item{{Sub: &sub}}},
		pdfa.Table{Caption: "e\u0301", Rows: [][]pdfa.Cell{pdfa.Cells("e\u0301")}})
	first := build(t, r)
	assert.Equal(t, first, build(t, r))
	assert.Equal(t, pdfa.Plain("e\u0301"), r.Sections[0].Blocks[0].(pdfa.Paragraph).Text)
	assert.Equal(t, pdfa.Items("e\u0301"), sub.Items)
	assert.Equal(t, pdfa.Table{Caption: "e\u0301", Rows: [][]pdfa.Cell{pdfa.Cells("e\u0301")}}, r.Sections[0].Blocks[2])
}
