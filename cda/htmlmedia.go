package cda

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"strconv"
	"strings"

	"github.com/segur-sdk/segur/internal/xmlr"
)

// maxPixels bounds an image: a small file may hold one that no browser can
// show.
const maxPixels = 100 << 20

// pictureType is the media type of an image that the page may hold, found from
// its content and not from what the document says; "" when it is none.
func pictureType(b []byte) string {
	for mediaType, config := range map[string]func(io.Reader) (image.Config, error){
		"image/png": png.DecodeConfig, "image/jpeg": jpeg.DecodeConfig, "image/gif": gif.DecodeConfig,
	} {
		if c, err := config(bytes.NewReader(b)); err == nil && c.Width > 0 && c.Height > 0 && c.Width <= maxPixels/c.Height {
			return mediaType
		}
	}
	return ""
}

// take reads a content that the page may still hold.
func (p *page) take(size int64, open func() (io.ReadCloser, error)) (content []byte, whole bool) {
	if size > p.left {
		return nil, false
	}
	r, err := open()
	if err != nil {
		return nil, false
	}
	defer func() { _ = r.Close() }()
	if content, err = io.ReadAll(io.LimitReader(r, size+1)); err != nil || int64(len(content)) != size {
		return nil, false
	}
	p.left -= size
	return content, true
}

// served is the address that the caller gives for a content, "" when it gives
// none that may be used.
func (p *page) served(id, mediaType string) string {
	if p.o.Attachment == nil {
		return ""
	}
	return address(p.o.Attachment(id, mediaType))
}

// mediaName is the identifier of an attachment as Parse gives it.
func (p *page) mediaName(m *xmlr.Node) string {
	id := m.Attr("ID")
	if !p.foreign {
		id = strings.TrimPrefix(id, mediaID(""))
	}
	return id
}

// medium shows an observationMedia inside a run of text.
func (p *page) medium(m *xmlr.Node, title string) {
	value := m.Child(nsCDA, "value")
	mediaType := strings.ToLower(clean(value.Attr("mediaType")))
	if ref := clean(value.Child(nsCDA, "reference").Attr("value")); ref != "" {
		p.text(title + " ")
		p.link(ref, p.say("(contenu hors du document)", "(content outside of the document)"))
		return
	}
	mediaType = shortLabel(mediaType)
	encoded := value.TextBytes()
	if p.useless[m] {
		encoded = nil
	}
	size := int64(len(value.TextBytes())) / 4 * 3 // about, for what is only named
	if strings.HasPrefix(mediaType, "image/") || mediaType == "" {
		if content := p.decoded(encoded); content != nil {
			if kind := pictureType(content); kind != "" {
				p.left -= int64(len(content))
				p.data("img", "src", kind, content, "alt", title)
				p.raw("/>")
				return
			}
		}
		p.useless[m] = true
	}
	if p.inLink {
		p.named(title, mediaType, size)
		return
	}
	if id := p.mediaName(m); id != "" && size > 0 {
		if href := p.served(id, mediaType); href != "" {
			p.elem("a", title, "href", href)
			p.text(" (" + together(", ", mediaType, p.size(size)) + ")")
			return
		}
	}
	if mediaType == mediaTypePDF {
		if content := p.decoded(encoded); bytes.HasPrefix(content, []byte("%PDF-")) {
			p.left -= int64(len(content))
			p.download(title, content)
			return
		}
	}
	p.useless[m] = true // what is referred to again is not decoded again
	p.named(title, mediaType, size)
}

// decoded is the content of base64 text that the page may still hold; nil when
// it is too large or damaged.
func (p *page) decoded(encoded []byte) []byte {
	if int64(len(encoded))/8*3 > p.left { // even with as much white space as text
		return nil
	}
	if bytes.ContainsAny(encoded, " \t\r\n") {
		encoded = bytes.Join(bytes.Fields(encoded), nil)
	}
	if int64(base64.StdEncoding.DecodedLen(len(encoded))) > p.left {
		return nil
	}
	content := make([]byte, base64.StdEncoding.DecodedLen(len(encoded)))
	n, err := base64.StdEncoding.Strict().Decode(content, encoded)
	if err != nil || n == 0 {
		return nil
	}
	return content[:n]
}

// download writes a link that saves a PDF.
func (p *page) download(title string, content []byte) {
	p.data("a", "href", mediaTypePDF, content, "download", "document.pdf")
	p.raw(">")
	p.text(p.say("Enregistrer le PDF : ", "Save the PDF: ") + title)
	p.shut("a")
	p.text(" (" + p.size(int64(len(content))) + ")")
}

// named says of a content that it is there.
func (p *page) named(title, mediaType string, size int64) {
	p.text(title + " (" + together(", ", mediaType, p.size(size), p.say("non montré dans cette page", "not shown in this page")) + ")")
}

// elsewhere is for the body of a document that the page does not hold: a link,
// or what it is.
func (p *page) elsewhere(title, id, mediaType string, size int64) {
	p.open("p")
	if href := p.served(id, mediaType); href != "" {
		p.elem("a", title, "href", href)
		p.text(" (" + together(", ", mediaType, p.size(size)) + ")")
	} else {
		p.named(title, mediaType, size)
		p.text(p.say(" : ouvrir le document dans un logiciel qui en extrait le contenu.", ": open the document in a program that extracts its content."))
	}
	p.raw("</p>\n")
}

func (p *page) size(n int64) string {
	unit, whole := p.say("octets", "bytes"), n
	switch {
	case n >= 10<<20:
		unit, whole = p.say("Mo", "MB"), (n+1<<19)>>20
	case n >= 10<<10:
		unit, whole = p.say("Ko", "KB"), (n+1<<9)>>10
	}
	return strconv.FormatInt(whole, 10) + "\u00a0" + unit
}

// mediumTitle is the text that the document gives to an attachment, next to it
// in its organizer; else words that say that there is none.
func (p *page) mediumTitle(m *xmlr.Node) string {
	for up := m.Parent; up != nil && !up.Is(nsCDA, "section"); up = up.Parent {
		if up.Is(nsCDA, "organizer") {
			if s := p.titleOf(up); s != "" {
				return s
			}
		}
	}
	for up := m.Parent; up != nil; up = up.Parent {
		if up.Is(nsCDA, "section") {
			if s := p.titleOf(up); s != "" {
				return s
			}
		}
	}
	return p.say("Pièce jointe", "Attachment")
}

// titleOf is what an organizer or a section calls its attachments, found once
// for all of them.
func (p *page) titleOf(up *xmlr.Node) (title string) {
	if s, known := p.titles[up]; known {
		return s
	}
	defer func() { p.titles[up] = title }()
	if up.Is(nsCDA, "section") {
		return shortLabel(up.Child(nsCDA, "title").DeepText())
	}
	for ref := range up.Each(nsCDA, "component/observation/text/reference") {
		n := p.byID[strings.TrimPrefix(clean(ref.Attr("value")), "#")]
		if n == nil {
			continue
		}
		s, known := p.titles[n]
		if !known {
			if s = clean(n.DeepText()); len(s) > maxLabel {
				s = ""
			}
			p.titles[n] = s
		}
		if s != "" {
			return s
		}
	}
	return shortLabel(codeLabel(nodeCode(up.Find(nsCDA, "component/observation/value"))))
}

// maxLabel bounds a text that is repeated wherever an attachment is shown, in
// bytes.
const maxLabel = 500

// shortLabel is a text on one line, cut where it is longer than a label.
func shortLabel(s string) string {
	if len(s) > 4*maxLabel {
		s = strings.ToValidUTF8(s[:4*maxLabel], "")
	}
	if s = clean(s); len(s) > maxLabel {
		s = strings.ToValidUTF8(s[:maxLabel], "") + "…"
	}
	return s
}
