package pdfa_test

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"time"

	"github.com/segur-sdk/segur/cda/pdfa"
)

func ExampleBuild() {
	report, err := pdfa.Build(pdfa.Report{
		ID:         "2.999.1.7^CR-2026-0001", // the identifier of the CDA document
		Created:    time.Date(2026, 3, 12, 10, 42, 7, 0, time.FixedZone("", 3600)),
		Title:      "Compte rendu d’IRM du genou gauche",
		Letterhead: []string{"Centre d’imagerie des Œillets", "12 rue de l’Île-aux-Cygnes, 75999 Ville-Fictive"},
		Identity: []pdfa.Field{
			{Label: "Patient", Value: "TESTE-MARTIN Zoé, née le 04/02/1979"},
			{Label: "Acte", Value: "IRM du genou gauche"},
		},
		Sections: []pdfa.Section{
			{Heading: "Résultats", Paragraphs: []string{"Ménisques et ligaments de signal normal."}},
			{Heading: "Conclusion", Paragraphs: []string{"Examen sans anomalie."}},
		},
		RunningHead: "TESTE-MARTIN Zoé, née le 04/02/1979 – IRM du 12 mars 2026",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s, below 100 KB: %t, problems: %d\n", report[:8], len(report) < 100_000, len(pdfa.Check(report)))

	_, err = pdfa.Build(pdfa.Report{ID: "2.999.1.8", Created: time.Unix(0, 0), Title: "Case cochée ☑"})
	fmt.Println(err)
	// Output:
	// %PDF-1.4, below 100 KB: true, problems: 0
	// pdfa.build: invalid input: title holds characters that cannot be printed: U+2611
}

// A report with a symbol, a sub-section, a list, a table and a key image.
func ExampleBuild_blocks() {
	symbol := make([][]bool, 10) // from datamatrix: payload.Symbol() and then symbol.Modules()
	for y := range symbol {
		symbol[y] = make([]bool, 10)
		for x := range symbol[y] {
			symbol[y][x] = x == 0 || y == 9
		}
	}
	var picture bytes.Buffer
	if err := jpeg.Encode(&picture, image.NewGray(image.Rect(0, 0, 256, 256)), nil); err != nil {
		fmt.Println(err)
		return
	}
	report, err := pdfa.Build(pdfa.Report{
		ID:       "2.999.1.7^CR-2026-0002",
		Created:  time.Date(2026, 3, 12, 10, 42, 7, 0, time.FixedZone("", 3600)),
		Title:    "Compte rendu de scanner thoracique",
		Identity: []pdfa.Field{{Label: "Patient", Value: "TESTE-MARTIN Zoé, née le 04/02/1979"}},
		Symbol:   &pdfa.Symbol{Modules: symbol, Caption: "INS à scanner"},
		Sections: []pdfa.Section{
			{Heading: "Acte d’imagerie", Blocks: []pdfa.Block{
				pdfa.Table{
					Caption: "Produits administrés",
					Columns: []pdfa.Column{{}, {Align: pdfa.AlignRight}, {}},
					Head:    [][]pdfa.Cell{pdfa.Cells("Produit", "Dose", "Voie")},
					Rows:    [][]pdfa.Cell{pdfa.Cells("Iodixanol", "85\u202fmL", "IV")},
				},
			}},
			{Heading: "Complications", Level: 2, Paragraphs: []string{"Aucune."}},
			{Heading: "Résultats", Blocks: []pdfa.Block{
				pdfa.Paragraph{Text: pdfa.Text{{Text: "Nodule de "}, {Text: "6\u202fmm", Bold: true}, {Text: " du lobe moyen."}}},
				pdfa.List{Items: pdfa.Items("Pas d’épanchement.", "Pas d’adénopathie.")},
				pdfa.Image{JPEG: picture.Bytes(), Width: 60, Caption: "Image clé\u00a0: coupe axiale."},
			}},
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s, problems: %d\n", report[:8], len(pdfa.Check(report)))
	// Output:
	// %PDF-1.4, problems: 0
}

func ExampleCheck() {
	scan := []byte("%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n")
	for _, p := range pdfa.Check(scan) {
		fmt.Println(p.Rule.Clause(), p.Detail)
	}
	// Output:
	// 6.1.2 there is no such comment
	// 6.1.3 there is no %%EOF at the end: the file is cut short
	// 6.1.4 the objects cannot be found: no startxref
	// 6.7.11 no XMP metadata in clear is in the file
}
