package cda

import (
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/segur-sdk/segur/cda/pdfa"
)

// paperText makes blocks of a narrative. Text runs into line until a block ends.
type paperText struct {
	p     *paper
	out   []pdfa.Block
	line  paperLine
	after []pdfa.Block   // images that stand below the current block
	notes map[string]int // numbers of footnotes by identifier
	found int            // footnotes met
	texts []pdfa.Text    // of the footnotes
	depth int            // of lists
}

func (p *paper) narrative() *paperText { return &paperText{p: p, line: paperLine{bol: true}} }

// paperLine is a text that grows; white space is that of XML.
type paperLine struct {
	text       pdfa.Text // the runs that have ended
	look       pdfa.Run  // of the current one
	buf        []byte    // its text
	bol, blank bool      // at the beginning of a line; a blank is due
}

func (w *paperLine) write(s string, look pdfa.Run) {
	for len(s) > 0 {
		end := strings.IndexAny(s, " \t\r\n")
		switch {
		case end == 0:
			w.blank = w.blank || !w.bol
			s = strings.TrimLeft(s, " \t\r\n")
			continue
		case end < 0:
			end = len(s)
		}
		if w.blank {
			between := look
			if look != w.look { // it belongs to neither
				between.Underline, between.Sub, between.Super = false, false, false
			}
			w.put(" ", between)
		}
		w.put(s[:end], look)
		w.bol, w.blank = false, false
		s = s[end:]
	}
}

func (w *paperLine) put(s string, look pdfa.Run) {
	if look != w.look {
		w.end()
		w.look = look
	}
	w.buf = append(w.buf, s...)
}

func (w *paperLine) end() {
	if len(w.buf) > 0 {
		r := w.look
		r.Text = string(w.buf)
		w.text = append(w.text, r)
	}
	w.buf = nil
}

func (w *paperLine) br() {
	w.put("\n", pdfa.Run{})
	w.bol, w.blank = true, false
}

// fresh begins a new line, but at the beginning of one.
func (w *paperLine) fresh() {
	if !w.bol {
		w.br()
	}
}

// take gives the text, without line breaks at its end, and begins another one.
func (w *paperLine) take() pdfa.Text {
	w.end()
	t := w.text
	*w = paperLine{bol: true}
	for len(t) > 0 {
		last := &t[len(t)-1]
		if last.Text = strings.TrimRight(last.Text, "\n "); last.Text != "" {
			break
		}
		t = t[:len(t)-1]
	}
	return t
}

// endsWith reports whether s was written a moment ago.
func (w *paperLine) endsWith(s string) bool {
	tail := string(w.buf[max(0, len(w.buf)-paperTail-len(s)):])
	for i := len(w.text) - 1; i >= 0 && len(tail) < paperTail+len(s); i-- {
		tail = w.text[i].Text + tail
	}
	return strings.Contains(tail, s)
}

// paperTail is how far back a title or an address is still in sight.
const paperTail = 200

// all shows a whole narrative, then its footnotes.
func (n *paperText) all(nodes []node) {
	n.notes = map[string]int{}
	count := 0
	n.number(nodes, &count)
	n.blocks(nodes)
	n.flush()
	for i, t := range n.texts {
		n.out = append(n.out, pdfa.Paragraph{Text: append(pdfa.Text{{Text: "(" + strconv.Itoa(i+1) + ") "}}, t...)})
	}
}

// number gives footnotes their numbers before the text, which may refer to later ones.
func (n *paperText) number(nodes []node, count *int) {
	for _, e := range nodes {
		if e.name == "footnote" {
			*count++
			n.notes[e.attr("ID")] = *count
		}
		n.number(e.nodes, count)
	}
}

func (n *paperText) blocks(nodes []node) {
	for _, e := range nodes {
		switch e.name {
		case "paragraph":
			n.flush()
			n.caption(e)
			n.inline(e.nodes, pdfa.Run{})
			n.flush()
		case "list":
			n.flush()
			n.caption(e)
			n.flush()
			if l := n.list(e); len(l.Items) > 0 {
				n.out = append(n.out, l)
			}
			n.flush()
		case "table":
			n.flush()
			n.table(e)
			n.flush()
		default:
			n.inline([]node{e}, pdfa.Run{})
		}
	}
}

// flush ends the paragraph and shows the images that came in it.
func (n *paperText) flush() {
	if t := n.line.take(); len(t) > 0 {
		n.out = append(n.out, pdfa.Paragraph{Text: t})
	}
	n.out = append(n.out, n.after...)
	n.after = nil
}

// caption shows the caption of a paragraph, of an item or of a list above it.
func (n *paperText) caption(e node) {
	for _, c := range e.nodes {
		if c.name == "caption" {
			n.inline(c.nodes, pdfa.Run{Bold: true})
			n.line.fresh()
		}
	}
}

// inline shows text with its forms. A paragraph, list or table in it, as cells
// and footnotes have, becomes lines.
func (n *paperText) inline(nodes []node, look pdfa.Run) {
	for _, e := range nodes {
		switch e.name {
		case "":
			n.line.write(e.text, look)
		case "caption": // where it belongs, see caption
		case "br":
			n.line.br()
		case "content":
			n.content(e, look)
		case "sub", "sup":
			inner := look
			inner.Sub, inner.Super = e.name == "sub", e.name == "sup"
			n.inline(e.nodes, inner)
		case "linkHtml":
			n.link(e, look)
		case "footnote":
			n.footnote(e)
		case "footnoteRef":
			n.mark(n.notes[e.attr("IDREF")])
		case "renderMultiMedia":
			n.media(e)
		case "paragraph":
			n.line.fresh()
			n.caption(e)
			n.inline(e.nodes, look)
			n.line.fresh()
		case "list":
			n.flatList(e, look)
		case "table":
			n.line.fresh()
			n.caption(e)
			n.flatTable(e, look)
		default:
			n.inline(e.nodes, look)
		}
	}
}

// content applies styles. What a revision took away must not read as if it were
// there.
func (n *paperText) content(e node, look pdfa.Run) {
	for _, s := range strings.Fields(e.attr("styleCode")) {
		switch strings.ToLower(s) {
		case "bold":
			look.Bold = true
		case "italics", "italic", "emphasis":
			look.Italic = true
		case "underline":
			look.Underline = true
		}
	}
	switch e.attr("revised") {
	case "delete":
		n.line.write(n.p.say("[supprimé : ", "[deleted: "), look)
		n.inline(e.nodes, look)
		after := n.line.blank
		n.line.blank = false
		n.line.write("]", look)
		n.line.blank = after
	case "insert":
		look.Underline = true
		n.inline(e.nodes, look)
	default:
		n.inline(e.nodes, look)
	}
}

// link shows the text of a link and, since paper leads nowhere, its address.
func (n *paperText) link(e node, look pdfa.Run) {
	n.inline(e.nodes, look)
	if href := e.attr("href"); isWebLink(href) && !n.line.endsWith(href) {
		n.line.write(" ("+href+")", look)
	}
}

func (n *paperText) mark(number int) {
	if number > 0 {
		n.line.write("("+strconv.Itoa(number)+")", pdfa.Run{Super: true})
	}
}

// footnote leaves a mark and keeps the text for the end of the section.
func (n *paperText) footnote(e node) {
	n.found++
	n.mark(n.found)
	at := len(n.texts)
	n.texts = append(n.texts, nil)
	around := n.line
	n.line = paperLine{bol: true}
	n.inline(e.nodes, pdfa.Run{})
	n.texts[at] = n.line.take()
	n.line = around
}

// media shows attachments: images below the block, other files by their names.
func (n *paperText) media(e node) {
	caption := ""
	for _, c := range e.nodes {
		if c.name == "caption" {
			caption = paperPlain(c.nodes)
		}
	}
	shown := false
	for _, id := range strings.Fields(e.attr("referencedObject")) {
		i := slices.IndexFunc(n.p.doc.Attachments, func(a Attachment) bool { return a.ID == id })
		if i >= 0 {
			n.attachment(&n.p.doc.Attachments[i], caption)
			shown = true
		}
	}
	if !shown && caption != "" {
		n.line.write(caption, pdfa.Run{Italic: true})
	}
}

func (n *paperText) attachment(a *Attachment, caption string) {
	n.p.shown[a.ID] = true
	title := shortLabel(a.Title)
	if caption = shortLabel(caption); caption == "" && !n.line.endsWith(title) {
		caption = title
	}
	if a.MediaType == mediaTypeJPEG {
		n.image(a, caption, "sections.attachments")
		return
	}
	kind := a.MediaType
	if kind == mediaTypePDF {
		kind = "PDF"
	}
	n.line.write(" ["+together(" : ", n.p.say("document joint", "attached document"), withCode(caption, kind))+"]", pdfa.Run{})
}

// image shows a JPEG below the block, or its name when PDF/A-1 does not take it.
func (n *paperText) image(a *Attachment, caption, path string) {
	why := "the document has too many images"
	if left := int64(pdfa.MaxImagesBytes) - n.p.imageBytes; n.p.images < pdfa.MaxImages && left > 0 {
		var jpeg []byte
		if jpeg, why = paperJPEG(a, min(left, pdfa.MaxImageBytes)); why == "" {
			n.p.images++
			n.p.imageBytes += int64(len(jpeg))
			n.after = append(n.after, pdfa.Image{JPEG: jpeg, Caption: caption})
			return
		}
	}
	if !n.p.o.Substitute {
		n.p.problems.Add(path, "holds an image that cannot be shown: "+why)
	}
	n.line.write(" ["+together(" : ", n.p.say("image qui ne peut pas être montrée ici", "image that cannot be shown here"), caption)+"]", pdfa.Run{})
}

func paperJPEG(a *Attachment, most int64) (jpeg []byte, why string) {
	if a.Content.Size() > most {
		return nil, "it is too large, alone or with those before it"
	}
	src, err := a.Content.Open()
	if err != nil {
		return nil, "it cannot be read"
	}
	defer func() { _ = src.Close() }()
	if jpeg, err = io.ReadAll(io.LimitReader(src, most+1)); err != nil {
		return nil, "it cannot be read"
	}
	if err := pdfa.CheckJPEG(jpeg); err != nil {
		return nil, paperReason(err)
	}
	return jpeg, ""
}

// paperPlain is the text of nodes on one line.
func paperPlain(nodes []node) string {
	n := paperText{p: &paper{doc: &Parsed{}, shown: map[string]bool{}}, line: paperLine{bol: true}}
	n.inline(nodes, pdfa.Run{})
	var b strings.Builder
	for _, t := range append([]pdfa.Text{n.line.take()}, n.texts...) {
		for _, r := range t {
			b.WriteString(r.Text)
		}
		b.WriteByte(' ')
	}
	return clean(b.String())
}
