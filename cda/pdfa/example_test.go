package pdfa_test

import (
	"fmt"
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
