package cda

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"io"
	"slices"
	"strconv"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/nos"
)

// Attachment is a document that goes with a report or a request, or a key image.
type Attachment struct {
	// ID names it for [Image] and for renderMultiMedia in [Markup]: letters,
	// digits, '_', '-' and '.', a letter first. Empty: document1, and so on.
	ID string
	// Title is what a reader sees. Required.
	Title string
	// Type is a LOINC code of the type of document, with its label. Optional.
	Type segur.Code
	// Date is when it was made. Optional.
	Date segur.Date
	// MediaType is application/pdf or image/jpeg. Empty: found from the content.
	MediaType string
	// Content is required. It is opened twice: to be checked, then each time
	// that the document is read. It is never held in memory.
	Content segur.Content
}

const mediaTypeJPEG = "image/jpeg"

// mediaFacts is what is known of an embedded content.
type mediaFacts struct {
	mediaType string
	sum       [sha256.Size]byte
}

// mediaID is the identifier of an attachment in the document: no section is
// called media.
func mediaID(attachment string) string { return "media-" + attachment }

// attachments checks all but the contents.
func (c *checker) attachments(s *Sections) {
	s.Attachments = slices.Clone(s.Attachments)
	c.media = make(map[string]mediaFacts, len(s.Attachments))
	for i := range s.Attachments {
		a, path := &s.Attachments[i], c.item(c.inBody("attachments"), i)
		a.ID = cmp.Or(a.ID, "document"+strconv.Itoa(i+1))
		c.firmly(func() {
			_, twice := c.media[a.ID]
			switch {
			case !isNarrativeID(a.ID):
				c.Add(c.at(path, ".id"), "must be letters, digits, '_', '-' and '.', a letter first")
			case twice:
				c.Add(c.at(path, ".id"), "is that of another attachment")
			}
			if a.Content == nil {
				c.Add(c.at(path, ".content"), "is required")
			}
		})
		c.media[a.ID] = mediaFacts{}
		a.Title = clean(a.Title)
		c.Require(c.at(path, ".title"), a.Title)
		if !a.Type.IsZero() {
			a.Type = c.act(c.at(path, ".type"), a.Type, nos.LOINC, isLOINC, "must be a LOINC code with its check digit")
		}
		if !a.Date.IsZero() && !a.Date.Valid() {
			c.Add(c.at(path, ".date"), "is not a date")
		}
		c.pastDate(c.at(path, ".date"), a.Date)
		switch a.MediaType {
		case "", mediaTypePDF, mediaTypeJPEG:
		default:
			c.Add(c.at(path, ".mediaType"), "must be application/pdf or image/jpeg")
			a.MediaType = ""
		}
	}
}

// contents reads what is embedded, once, and says what it is.
func (c *checker) contents(s *Sections) {
	left := c.cfg.MaxPDFBytes
	for i := range s.Attachments {
		a := &s.Attachments[i]
		if a.Content == nil {
			continue
		}
		path := c.at(c.item(c.inBody("attachments"), i), ".content")
		facts := c.content(path, a, left)
		left -= max(a.Content.Size(), 0)
		c.media[a.ID] = facts
		a.MediaType = facts.mediaType
	}
}

func (c *checker) content(path string, a *Attachment, limit int64) (facts mediaFacts) {
	size := a.Content.Size()
	switch {
	case size <= 0:
		c.Add(path, "is empty")
		return facts
	case size > limit:
		c.Addf(path, "makes more than %d bytes of attachments", c.cfg.MaxPDFBytes)
		return facts
	}
	src, err := a.Content.Open()
	if err != nil {
		c.Add(path, "cannot be opened")
		return facts
	}
	defer func() { _ = src.Close() }()
	seen := &pdfSink{size: size, check: func(head, tail, _ []byte) {
		facts.mediaType = sniff(head, tail)
		switch {
		case facts.mediaType == "":
			c.Add(path, "is neither a whole PDF nor a whole JPEG image")
		case a.MediaType != "" && a.MediaType != facts.mediaType:
			c.Addf(path, "is not what mediaType says, but %s", facts.mediaType)
		}
	}}
	if _, err = io.Copy(seen, src); err != nil && !errors.Is(err, errTooLong) {
		c.Add(path, "cannot be read")
		return facts
	}
	if err != nil || seen.n != size {
		c.Add(path, "has not the size that it announces")
		return facts
	}
	facts.sum = seen.finish()
	return facts
}

// sniff tells a PDF and a JPEG image by their ends.
func sniff(head, tail []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte("%PDF-")) && bytes.Contains(tail, []byte("%%EOF")):
		return mediaTypePDF
	case bytes.HasPrefix(head, []byte{0xff, 0xd8, 0xff}) && bytes.Contains(tail, []byte{0xff, 0xd9}):
		return mediaTypeJPEG
	}
	return ""
}

func (b *body) attachments() {
	if len(b.s.Attachments) == 0 {
		return
	}
	k := &sectionAttachments
	b.section(k, k.title)
	b.Start("text")
	for i, a := range b.s.Attachments {
		b.shown(k.name+"-title"+strconv.Itoa(i+1), a.Title, mediaID(a.ID))
	}
	b.End()
	for i, a := range b.s.Attachments {
		b.attached("#"+k.name+"-title"+strconv.Itoa(i+1), a.Type, a.Date, mediaID(a.ID), a.MediaType, embed{content: a.Content, sum: b.media[a.ID].sum})
	}
	b.endSection()
}

// copied writes the section of the report as it is read by people: consumers
// show that PDF in place of the sections.
func (b *body) copied(sum [sha256.Size]byte) {
	if b.r.PDF == nil {
		return
	}
	k := &sectionCopy
	b.section(k, k.title)
	b.Start("text")
	b.shown(k.name+"-title", k.title, mediaID(k.name))
	b.End()
	b.attached("#"+k.name+"-title", k.code, segur.Date{}, mediaID(k.name), mediaTypePDF, embed{content: b.r.PDF, sum: sum, pdf: true})
	b.endSection()
}

// shown writes a title and the place where a content is displayed.
func (b *body) shown(id, title, media string) {
	b.Start("paragraph")
	b.anchored(id, title)
	b.Elem("br", "")
	b.Elem("renderMultiMedia", "", "referencedObject", media)
	b.End()
}

// attached writes FR-Document-attache around a content that is streamed.
func (b *body) attached(title string, kind segur.Code, made segur.Date, media, mediaType string, e embed) {
	b.Start("entry")
	b.entryClass("organizer", "CLUSTER", templatesDocument...)
	b.uuid()
	b.code("code", loinc("55107-7", "Document attaché"), nil)
	b.completed()
	b.Start("component")
	b.entryClass("observation", "OBS", templatesDocType...)
	b.uuid()
	b.code("code", loinc("69764-9", "Type de document"), nil)
	b.ref("text", title)
	b.completed()
	if made.IsZero() {
		b.null("effectiveTime", "NA")
	} else {
		b.Elem("effectiveTime", "", "value", made.Compact())
	}
	b.cdValue(kind, title)
	b.End()
	b.End()
	b.Start("component")
	b.Start("observationMedia")
	b.Attr("ID", media)
	b.Attr("classCode", "OBS")
	b.Attr("moodCode", "EVN")
	b.Start("value")
	b.Attr("mediaType", mediaType)
	b.Attr("representation", "B64")
	e.at = b.Len() // after the start tag
	b.embeds = append(b.embeds, e)
	for range 5 {
		b.End()
	}
}
