package cda

import (
	"bytes"
	_ "embed" // the style sheet
	"slices"
)

// presentation is our style sheet (XSLT 1.0): the children of xsl:stylesheet
// that come after the document.
//
//go:embed selfpresenting.xsl
var presentation string

// A self-presenting document is a style sheet that is applied to itself: the
// document is the first child of its root.
const (
	presentationStart = `<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<?xml-stylesheet type="text/xsl" href="#"?>` + "\n" +
		`<xsl:stylesheet version="1.0" xmlns:xsl="` + nsXSL + `" xmlns:data="urn:asip-sante:ci-sis" xmlns:c="` + nsCDA +
		`" exclude-result-prefixes="c data"><data:Contenu>`
	presentationMiddle = "</data:Contenu>\n"
	presentationEnd    = "</xsl:stylesheet>\n"
)

// SelfPresenting returns the same document inside a style sheet that shows it,
// for a receiver that has nothing to show a document with ("CDA
// auto-présentable", EX_2.1-1115): a browser that knows XSLT 1.0 opens the file
// and shows header, sections and PDF. The ClinicalDocument element is the same
// byte for byte; its header says SelfPresenting, from which metadata take the
// MIME type application/xslt+xml.
//
// Ask for it only where a receiver wants it: browsers are giving XSLT up, and the
// ANS has given such documents up for the PDF copy ([Report.PDF] of a level 3
// report). The style sheet is a modest one, in French, without script, link to
// the outside or datamatrix; to show a document on a screen use [HTML].
func (d *Document) SelfPresenting() *Document {
	if bytes.HasPrefix(d.xml, []byte(presentationStart)) {
		return d
	}
	xml := d.xml
	if end := bytes.Index(xml, []byte("?>")); bytes.HasPrefix(xml, []byte("<?xml")) && end > 0 {
		xml = bytes.TrimLeft(xml[end+2:], "\r\n")
	}
	shift := len(presentationStart) - (len(d.xml) - len(xml))
	embeds := slices.Clone(d.embeds)
	for i := range embeds {
		embeds[i].at += shift
	}
	whole := slices.Concat([]byte(presentationStart), xml, []byte(presentationMiddle), []byte(presentation), []byte(presentationEnd))
	return newDocument(d.id, whole, embeds, d.problems)
}
