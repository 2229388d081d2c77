package cda

import (
	"bytes"
	"cmp"
	"io"
	"strconv"
	"unicode/utf8"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/xmlr"
)

// body shows the sections, or the content of an unstructured body.
func (p *page) body() {
	sections := p.topSections()
	for _, s := range sections {
		p.section(s, 2)
	}
	switch {
	case len(sections) > 0:
	case p.root.Find(nsCDA, "component/nonXMLBody") != nil:
		p.unstructured()
	default:
		p.elem("p", p.say("Ce document n'a pas de texte.", "This document has no text."))
	}
}

func (p *page) topSections() []*xmlr.Node {
	return p.root.All(nsCDA, "component/structuredBody/component/section")
}

func subSections(s *xmlr.Node) (n int) {
	for sub := range s.Each(nsCDA, "component/section") {
		n += 1 + subSections(sub)
	}
	return n
}

// sectionTitle is the title of a section, the label of its code, or words that
// say that there is none.
func (p *page) sectionTitle(s *xmlr.Node) string {
	return cmp.Or(clean(s.Child(nsCDA, "title").DeepText()), cmp.Or(codeLabel(nodeCode(s.Child(nsCDA, "code"))),
		p.say("Section sans titre", "Section without title")))
}

// maxSectionLevel bounds nested sections as elements of the page; deeper ones
// stand beside their parent.
const maxSectionLevel = 40

func (p *page) section(s *xmlr.Node, level int) {
	p.sections++
	id := "s" + strconv.Itoa(p.sections)
	nested := level <= maxSectionLevel
	if nested {
		p.open("section", "aria-labelledby", id)
	}
	p.elem("h"+strconv.Itoa(min(level, 6)), p.sectionTitle(s), "id", id)
	p.line()
	for author := range s.Each(nsCDA, "author") {
		p.elem("p", p.say("Auteur : ", "Author: ")+together(", ", p.who(author.Child(nsCDA, "assignedAuthor")),
			p.timeOf(author.Child(nsCDA, "time"))), "class", "hint")
		p.line()
	}
	if isCopy(s) {
		p.elem("p", p.say("Le document lui-même, sous forme de PDF, tel qu'il a été remis.",
			"The document itself as a PDF, as it was handed over."), "class", "hint")
		p.line()
	}
	for n := range s.Each(nsCDA, "text") {
		p.narrative(n)
	}
	p.others(s)
	for sub := range s.Each(nsCDA, "component/section") {
		p.section(sub, level+1)
	}
	if nested {
		p.shut("section")
		p.line()
	}
}

// isCopy recognises the section that holds the document as a PDF.
func isCopy(s *xmlr.Node) bool {
	for t := range s.Each(nsCDA, "templateId") {
		if segur.OID(clean(t.Attr("root"))) == sectionCopy.templates[0] {
			return true
		}
	}
	return false
}

// others shows the attachments that no narrative shows.
func (p *page) others(s *xmlr.Node) {
	var left []*xmlr.Node
	for n := range s.Each(nsCDA, "entry") {
		for m := range n.Walk() {
			if m.Is(nsCDA, "observationMedia") && !p.shown[m] {
				left = append(left, m)
			}
		}
	}
	if len(left) == 0 {
		return
	}
	p.elem("p", p.say("Pièces jointes :", "Attachments:"), "class", "caption")
	p.open("ul")
	p.line()
	for _, m := range left {
		p.open("li")
		p.medium(m, p.mediumTitle(m))
		p.shut("li")
		p.line()
	}
	p.raw("</ul>\n")
}

// unstructured shows the body of a level 1 document.
func (p *page) unstructured() {
	p.sections++
	p.open("section", "aria-labelledby", "s1")
	p.elem("h2", p.say("Contenu du document", "Content of the document"), "id", "s1")
	p.line()
	body, err := p.doc.Body()
	switch {
	case err != nil:
		p.notice(p.say("Le contenu de ce document est absent ou endommagé : il ne peut pas être montré.",
			"The content of this document is missing or damaged: it cannot be shown."))
	case body.MediaType == mediaTypePDF:
		p.report(body)
	case body.MediaType == "text/plain":
		p.plain(body)
	default:
		content, whole := p.take(body.Size(), body.Open)
		if kind := pictureType(content); whole && kind != "" {
			p.data("img", "src", kind, content, "alt", p.say("Contenu du document, sous forme d'image", "Content of the document, as an image"))
			p.raw("/>\n")
			break
		}
		p.elsewhere(p.say("Contenu", "Content"), "", body.MediaType, body.Size())
	}
	p.raw("</section>\n")
}

// report shows the PDF that is the document.
func (p *page) report(body *Body) {
	const label = "Document (PDF)"
	if href := p.served("", mediaTypePDF); href != "" {
		p.open("p")
		p.elem("a", p.say("Ouvrir le PDF", "Open the PDF"), "href", href)
		p.text(" (" + p.size(body.Size()) + ")")
		p.raw("</p>\n")
		p.open("object", "type", mediaTypePDF, "data", href, "aria-label", label)
		p.raw("</object>\n")
		p.onPaper()
		return
	}
	content, whole := p.take(body.Size(), body.Open)
	if !whole {
		p.elsewhere(label, "", mediaTypePDF, body.Size())
		return
	}
	p.open("p")
	p.download(label, content)
	p.raw("</p>\n")
	// The content is held a second time to be shown in place.
	if p.left >= int64(len(content)) {
		p.left -= int64(len(content))
		p.data("object", "data", mediaTypePDF, content, "type", mediaTypePDF, "aria-label", label)
		p.raw("></object>\n")
	}
	p.onPaper()
}

func (p *page) onPaper() {
	p.elem("p", p.say("Le PDF ne s'imprime pas avec cette page : l'ouvrir pour l'imprimer.", "The PDF is not printed with this page: open it to print it."),
		"class", "paper notice")
	p.line()
}

// maxPlainBytes bounds a body of plain text.
const maxPlainBytes = 4 << 20

func (p *page) plain(body *Body) {
	stream, err := body.Open()
	if err != nil {
		return
	}
	defer func() { _ = stream.Close() }()
	text, _ := io.ReadAll(io.LimitReader(stream, maxPlainBytes)) // Body has decoded it once
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	s := string(text)
	if body.Size() > maxPlainBytes {
		p.notice(p.say("Ce texte est montré en partie seulement : ", "This text is shown in part only: ") + p.size(body.Size()))
		for len(text) > 0 && len(text) > maxPlainBytes-utf8.UTFMax && !utf8.Valid(text) {
			text = text[:len(text)-1]
		}
		s = string(text)
	}
	if !utf8.ValidString(s) { // older systems write ISO-8859-1
		runes := make([]rune, len(text))
		for i, c := range text {
			runes[i] = rune(c)
		}
		s = string(runes)
	}
	p.elem("div", s, "class", "plain")
	p.line()
}
