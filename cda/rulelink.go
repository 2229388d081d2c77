package cda

import (
	"bytes"
	"encoding/base64"
	"strings"

	"github.com/segur-sdk/segur/cda/pdfa"
	"github.com/segur-sdk/segur/internal/xmlr"
)

// identify records an xs:ID, of which the schema wants no two.
func (v *validation) identify(n *xmlr.Node, id string) {
	if v.ids[id] != nil {
		v.error("CDA003", n, srcSchema, "un autre élément a le même attribut ID", "another element has the same attribute ID")
		return
	}
	v.ids[id] = n
}

func (v *validation) refer(n *xmlr.Node, id string, schema bool) {
	v.refs = append(v.refs, pendingRef{n, id, schema})
}

// references resolves what points to the narrative and to media, and looks for
// identifiers that are there twice. The schema sees the attributes of type IDREF
// only; the references of entries are text for it, and the official report
// example has three that lead nowhere.
func (v *validation) references() {
	body := v.doc.Child(nsCDA, "component")
	if body == nil {
		return
	}
	roots := map[string]*xmlr.Node{}
	for n := range body.Walk() {
		switch n.Name.Local {
		case "reference":
			if target, local := strings.CutPrefix(n.Attr("value"), "#"); local {
				v.refer(n, target, false)
			}
		case "id":
			root := n.Attr("root")
			if n.Name.Space != nsCDA || !isUUID(root) {
				continue // UIDs of studies are repeated, those of people too
			}
			key := strings.ToUpper(root) + "^" + n.Attr("extension")
			if roots[key] != nil {
				v.warn("CDA005", n, srcGeneral, "un autre élément a le même identifiant", "another element has the same identifier")
			} else {
				roots[key] = n
			}
		}
	}
	for _, r := range v.refs {
		target := v.ids[r.id]
		switch {
		case target == nil && r.schema:
			v.error("CDA003", r.at, srcSchema, "ce renvoi ne mène à aucun attribut ID", "this reference leads to no attribute ID")
		case target == nil:
			v.gap("CDA003", r.at, srcGeneral, "ce renvoi ne mène à aucun attribut ID du texte", "this reference leads to no attribute ID of the text")
		case r.at.Name.Local == "renderMultiMedia" && target.Name.Local != "observationMedia" && target.Name.Local != "regionOfInterest":
			v.gap("CDA003", r.at, srcGeneral, "renderMultiMedia ne mène pas à un observationMedia", "renderMultiMedia does not lead to an observationMedia")
		}
	}
}

// unstructured checks the body of a document of level 1, of which the official
// rules look at nothing.
func (v *validation) unstructured() {
	text := v.doc.Find(nsCDA, "component/nonXMLBody/text")
	if text == nil {
		return // the schema says so
	}
	mediaType := text.Attr("mediaType")
	switch mediaType {
	case mediaTypePDF, "text/plain":
	case "text/rtf", mediaTypeJPEG, "image/tiff":
		v.warn("CDA050", text, srcGeneral, "le corps de type %s doit être converti en PDF/A-1", "a body of type %s must be converted to PDF/A-1", mediaType)
	default:
		v.gap("CDA050", text, srcGeneral, "le type du corps est application/pdf, ou text/plain", "the type of the body is application/pdf, or text/plain")
	}
	if text.Attr("nullFlavor") != "" {
		v.gap("CDA050", text, srcGeneral, "le corps n'a pas de nullFlavor", "the body has no nullFlavor")
		return
	}
	if text.Attr("representation") != "B64" {
		if mediaType != "text/plain" {
			v.gap("CDA050", text, srcGeneral, "le corps est en base64 : representation B64", "the body is in base64: representation B64")
		}
		return
	}
	content, ok := v.decoded("CDA050", text)
	if !ok || mediaType != mediaTypePDF {
		return
	}
	tail := content[max(0, len(content)-tailWindow):]
	switch {
	case !bytes.HasPrefix(content, []byte("%PDF-1.")):
		v.gap("CDA050", text, srcGeneral, "le contenu n'est pas un PDF", "the content is not a PDF")
	case !bytes.Contains(tail, []byte("%%EOF")):
		v.gap("CDA050", text, srcGeneral, "le PDF est tronqué : il ne finit pas par %%EOF", "the PDF is cut short: it does not end with %%EOF")
	default:
		v.archival(text, content)
	}
}

// archival checks the facts of PDF/A-1. What receivers check is not public.
func (v *validation) archival(at *xmlr.Node, content []byte) {
	problems := pdfa.Check(content)
	if len(problems) == 0 {
		return
	}
	say := v.gap
	if v.opts.anyPDF {
		say = v.warn
	}
	say("CDA050", at, srcPDFA, "le PDF n'est pas PDF/A-1 (%d écarts) : %s", "the PDF is not PDF/A-1 (%d departures): %s", len(problems), problems[0].String())
}

// decoded reads the base64 text of an element.
func (v *validation) decoded(rule string, n *xmlr.Node) ([]byte, bool) {
	text := n.TextBytes()
	if bytes.ContainsAny(text, " \t\r\n") {
		text = bytes.Join(bytes.Fields(text), nil)
	}
	if len(text) == 0 {
		v.gap(rule, n, srcGeneral, "le contenu est vide", "the content is empty")
		return nil, false
	}
	out := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	size, err := base64.StdEncoding.Decode(out, text)
	if err != nil {
		v.gap(rule, n, srcGeneral, "le texte base64 est abîmé", "the base64 text is damaged")
		return nil, false
	}
	return out[:size], true
}

// attachments checks what a structured body embeds.
func (v *validation) attachments() {
	body := v.doc.Find(nsCDA, "component/structuredBody")
	if body == nil {
		return
	}
	for n := range body.Walk() {
		if !n.Is(nsCDA, "observationMedia") {
			continue
		}
		value := n.Child(nsCDA, "value")
		if value == nil || value.Attr("nullFlavor") != "" || value.Attr("representation") != "B64" {
			continue
		}
		content, ok := v.decoded("CDA051", value)
		if !ok {
			continue
		}
		mediaType, found := value.Attr("mediaType"), magic(content)
		if found != "" && found != mediaType || found == "" && (mediaType == mediaTypePDF || mediaType == mediaTypeJPEG || mediaType == "image/png") {
			v.gap("CDA051", value, srcGeneral, "le contenu n'est pas du type annoncé (%s)", "the content is not of the type that it says (%s)", printable(mediaType))
		}
		if mediaType == mediaTypePDF && found == mediaTypePDF && !bytes.Contains(content[max(0, len(content)-tailWindow):], []byte("%%EOF")) {
			v.gap("CDA051", value, srcGeneral, "le PDF est tronqué", "the PDF is cut short")
		}
	}
}

// magic tells a content by its first bytes; "" when it is none of these.
func magic(b []byte) string {
	switch {
	case bytes.HasPrefix(b, []byte("%PDF-")):
		return mediaTypePDF
	case bytes.HasPrefix(b, []byte{0xff, 0xd8, 0xff}):
		return mediaTypeJPEG
	case bytes.HasPrefix(b, []byte("\x89PNG\r\n")):
		return "image/png"
	case bytes.HasPrefix(b, []byte("GIF8")):
		return "image/gif"
	case bytes.HasPrefix(b, []byte("II*\x00")), bytes.HasPrefix(b, []byte("MM\x00*")):
		return "image/tiff"
	}
	return ""
}
