package main

import (
	"bytes"
	"encoding/base64"
	"fmt"

	"github.com/segur-sdk/segur/cda"
)

// damage is one mistake that is put into a document.
type damage struct {
	what     string
	old, new string
	// last replaces the last occurrence instead of all of them.
	last bool
}

// damages are mistakes that happen: each one breaks another rule.
func damages(e examination, level3 *cda.Parsed) ([]damage, error) {
	conclusion, found := level3.Section(cda.RoleConclusion)
	if !found {
		return nil, fmt.Errorf("the report has no conclusion to take out")
	}
	body := e.patient.INS.Body()
	return []damage{
		{what: "a digit of the matricule was changed", old: body, new: body[:12] + "7"},
		{what: "the creation time has lost its offset from UTC",
			old: `<effectiveTime value="` + e.validated.Format("20060102150405-0700"), new: `<effectiveTime value="` + e.validated.Format("20060102150405")},
		{what: "the modality is a word of the house", old: `code="CT"`, new: `code="SCANNER"`},
		{what: "the accession number has no authority", old: `root="` + string(e.accession.Root) + `"`, new: `root=""`},
		{what: "the catalogue has the images of another study", old: `root="` + string(e.studyUID) + `"`, new: `root="` + string(e.studyUID) + `0"`, last: true},
		{what: "a dose is in an invented unit", old: `unit="mGy.cm"`, new: `unit="mGycm"`},
		{what: "an entry points to a text that is gone", old: `<content ID="`, new: `<content ID="x`, last: true},
		{what: "the conclusion was left out", old: "<component>" + string(conclusion.XML) + "</component>", new: ""},
	}, nil
}

// spoil puts every mistake into one document.
func spoil(document []byte, all []damage) ([]byte, error) {
	for _, d := range all {
		at := bytes.LastIndex(document, []byte(d.old))
		switch {
		case at < 0:
			return nil, fmt.Errorf("cannot damage the document: %s: not found", d.what)
		case d.last:
			document = bytes.Join([][]byte{document[:at], document[at+len(d.old):]}, []byte(d.new))
		default:
			document = bytes.ReplaceAll(document, []byte(d.old), []byte(d.new))
		}
	}
	return document, nil
}

// otherPDF puts a text where the PDF of a level 1 document was.
func otherPDF(level1 []byte) ([]byte, error) {
	const open = `representation="B64">`
	from := bytes.Index(level1, []byte(open))
	to := bytes.Index(level1, []byte("</text></nonXMLBody>"))
	if from < 0 || to < from {
		return nil, fmt.Errorf("the document embeds no PDF")
	}
	text := base64.StdEncoding.EncodeToString([]byte("Compte rendu dactylographié, en attente du PDF."))
	return bytes.Join([][]byte{level1[:from+len(open)], level1[to:]}, []byte(text)), nil
}
