package mssante

import (
	"strings"

	"github.com/segur-sdk/segur"
)

// PDFName names the PDF copy of a document (ECO.2.1.6):
// <date of the act>_<type of document>_<NOM>_<prenom>_<file number>.pdf, plain
// ASCII, with '_' for blanks and apostrophes. The file number is optional.
func PDFName(h segur.DocumentHeader, patient segur.Traits, fileNumber string) string {
	date := h.Created
	if len(h.Services) > 0 && !h.Services[0].Start.IsZero() {
		date = h.Services[0].Start
	}
	parts := []string{""}
	if !date.IsZero() {
		parts[0] = date.Time.Format("20060102")
	}
	parts = append(parts, filePart(h.Type.Display), strings.ToUpper(filePart(patient.BirthName)), filePart(patient.FirstGivenName), filePart(fileNumber))
	var kept []string
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, "_") + ".pdf"
}

// filePart keeps letters, digits and '-'; runs of anything else become '_'.
func filePart(s string) string {
	s = strings.Join(strings.FieldsFunc(toASCII(s), func(r rune) bool { return !isAlnum(r) && r != '-' }), "_")
	return strings.Trim(s[:min(len(s), 60)], "_-")
}
