package cda

import "strings"

// bodyReader understands a structured body.
type bodyReader struct {
	d   *decoder
	t   *tree
	out *Parsed

	media    map[string]bool // identifiers of what is embedded
	ownMedia bool            // all of them as this package writes them

	left   int              // bytes of text that references may still lead to
	texts  map[int32]string // long ones that were read
	lists  map[int32]bool   // those whose items were read
	titled el               // the section whose title is the next one
	title  string
}

// maxReferred is how many bytes references may lead to in all, beside four
// times what the document has: entries that refer to one long text are many times
// that text.
const maxReferred = 64 << 20

// spend reports whether what a reference leads to may be read.
func (r *bodyReader) spend(at el) bool {
	if r.left -= int(at.get().end - at.get().start); r.left < 0 && r.d.fail == nil {
		r.d.limit("entries that refer to the same texts again and again")
	}
	return r.left >= 0
}

// maxSections and maxEntries are the limits of a Reader.
func (o Reader) maxSections() int { return positive(o.MaxSections, 2_000) }
func (o Reader) maxEntries() int  { return positive(o.MaxEntries, 50_000) }

func positive(n, otherwise int) int {
	if n > 0 {
		return n
	}
	return otherwise
}

// understand reads what the structured body holds, once the kind of the
// document is known.
func (d *decoder) understand() {
	if d.bodyTree == nil {
		return
	}
	r := &bodyReader{d: d, t: d.bodyTree, out: d.out, left: maxReferred + 4*len(d.src)}
	root := el{r.t, 0}
	r.attachments()
	r.out.Sections = r.sections(root)
	r.references()
	switch d.out.Kind {
	case KindImagingReport:
		r.out.Report = r.report()
	case KindImagingRequest:
		r.out.Request = r.request()
	}
	r.t.words = nil // from now on the tree is read by whoever holds the document
}

func (r *bodyReader) warn(e el, message string) {
	if len(r.out.Warnings) < maxWarnings {
		r.d.warn(e.path(), message)
	}
}

// references checks that identifiers are unique and that what refers to them
// finds one.
func (r *bodyReader) references() {
	for _, i := range r.t.twice {
		r.warn(el{r.t, i}, "has an identifier that another element has: references go to the first one")
	}
	for _, i := range r.t.refs {
		e := el{r.t, i}
		switch e.name() {
		case "reference":
			b, _ := e.lookup("value")
			v := strings.TrimSpace(string(b))
			id, local := strings.CutPrefix(v, "#")
			_, known := r.t.ids[id]
			switch {
			case known && !local:
				r.warn(e, "refers to an identifier without '#'")
			case known || v == "":
			case local:
				r.warn(e, "refers to an identifier that the document does not have: no text")
			case !strings.Contains(v, ":"):
				r.warn(e, "refers to nothing that can be found")
			case strings.ContainsAny(v, " \t\r\n"):
				r.warn(e, "is an address with blanks in it: taken without those around '&'")
			}
		case "renderMultiMedia":
			for id := range strings.FieldsSeq(e.attr("referencedObject")) {
				if _, known := r.t.ids[id]; !known {
					r.warn(e, "shows an object that the document does not have")
				}
			}
		}
	}
}

// attachments reads what the document embeds.
func (r *bodyReader) attachments() {
	r.media, r.ownMedia = map[string]bool{}, true
	for _, i := range r.t.media {
		if !strings.HasPrefix((el{r.t, i}).attr("ID"), "media-") {
			r.ownMedia = false
		}
	}
	var in el
	role := (&Section{}).role()
	for _, i := range r.t.media {
		e := el{r.t, i}
		a, ok := r.attachment(e)
		if !ok {
			continue
		}
		if section := e.ancestor("section"); section != in { // looked at once for all that it holds
			in = section
			s := &Section{Code: section.child("code").code(), at: section, TemplateIDs: section.templates()}
			role = s.role()
		}
		if role == RoleCopy {
			if r.out.Copy == nil {
				r.out.Copy = &a
				continue
			}
			r.warn(e, "is a second copy of the document: an attachment")
		}
		r.media[a.ID] = true
		r.out.Attachments = append(r.out.Attachments, a)
	}
}

// mediaName is the identifier of an attachment: that of the element, without
// what this package puts before it.
func (r *bodyReader) mediaName(id string) string {
	if r.ownMedia {
		return strings.TrimPrefix(id, "media-")
	}
	return id
}

func (r *bodyReader) hasMedia(name string) bool { return r.media[name] }

// attachment reads one observationMedia, and what the organizer around it says.
func (r *bodyReader) attachment(e el) (Attachment, bool) {
	a := Attachment{ID: r.mediaName(e.attr("ID"))}
	v := e.child("value")
	a.MediaType = strings.ToLower(v.attr("mediaType"))
	text := bodyText{mediaType: a.MediaType, base64: v.is("representation", "B64")}
	for n := range v.nodes() {
		if n.isText() && len(n.run()) > 0 {
			text.present = true
			text.pieces = append(text.pieces, n.run())
		}
	}
	if !text.present || v.attr("nullFlavor") != "" {
		r.warn(e, "has no content")
		return a, false
	}
	if v.attr("compression") != "" {
		r.warn(v, "is compressed: given as it is")
	}
	a.Content = &embedded{text: text}
	if cluster := e.parent().parent(); cluster.name() == "organizer" {
		for c := range cluster.all("component") {
			o := c.child("observation")
			if !o.has("1.2.250.1.213.1.1.3.48.18") && !o.child("code").isCode("69764-9", loincOID) {
				continue
			}
			a.Title = clean(r.words(o.child("text")))
			setOnce(&a.Title, clean(r.words(o.child("value", "originalText"))))
			if o.child("value").attr("code") != "" {
				a.Type = o.child("value").code()
			}
			if at := o.child("effectiveTime"); at.attr("value") != "" {
				a.Date = r.date(at)
			}
			break
		}
	}
	if a.Title == "" {
		if section := e.ancestor("section"); section != r.titled { // read once for all that it holds
			r.titled, r.title = section, plainLine(section.child("title"))
		}
		a.Title = r.title
	}
	return a, true
}

// inOrder lists sections and those in them, in document order.
func (r *bodyReader) inOrder(sections []Section, list []*Section) []*Section {
	for i := range sections {
		list = r.inOrder(sections[i].Sections, append(list, &sections[i]))
	}
	return list
}
