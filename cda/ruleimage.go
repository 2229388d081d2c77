package cda

import (
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/nos"
	"github.com/segur-sdk/segur/internal/xmlr"
)

// Entries of the catalogue, and entries that are not of imaging alone.

// components counts the acts of a template below an act that is composed of them.
func (v *validation) components(n *xmlr.Node, t segur.OID) (direct, all int) {
	for _, e := range v.entriesOf(n, t) {
		if e.Parent.Is(nsCDA, "entryRelationship") && e.Parent.Attr("typeCode") == "COMP" {
			all++
			if e.Parent.Parent == n {
				direct++
			}
		}
	}
	return direct, all
}

// studyEntry and seriesEntry: a study has exactly one series and one instance,
// although a message of the rules says one or more: France lists no image.
func (v *validation) studyEntry(n *xmlr.Node) {
	if direct, all := v.components(n, templatesSeries[1]); direct == 0 || all != 1 {
		v.error("CDA043", n, srcReport, "l'examen contient une série, et une seule", "the study holds one series only")
	}
	v.uids(n)
}

func (v *validation) seriesEntry(n *xmlr.Node) {
	if direct, all := v.components(n, templatesInstance[1]); direct == 0 || all != 1 {
		v.error("CDA043", n, srcReport, "la série contient une image, et une seule", "the series holds one image only")
	}
	code := n.Child(nsCDA, "code")
	qualifiers := 0
	for _, q := range childrenOf(code) {
		if !q.Is(nsCDA, "qualifier") {
			continue
		}
		qualifiers++
		name, value := q.Child(nsCDA, "name"), q.Child(nsCDA, "value")
		switch {
		case name.Attr("code") != "121139" || name.Attr("codeSystem") != nos.DCM || value == nil:
			v.error("CDA043", q, srcReport, "la modalité de la série est le qualificatif 121139 (DCM) avec une valeur", "the modality of the series is the qualifier 121139 (DCM) with a value")
		case v.imaging():
			v.answer("CDA043", value, nos.Modality)
		}
	}
	if qualifiers != 1 {
		v.error("CDA043", orNode(code, n), srcReport, "la série a une modalité, et une seule", "the series has one modality only")
	}
	v.uids(n)
}

func (v *validation) uids(n *xmlr.Node) {
	if id := n.Child(nsCDA, "id"); id.Attr("root") != "" && !segur.OID(id.Attr("root")).Valid() {
		v.error("CDA004", id, srcDICOM, "l'identifiant est un UID DICOM : un OID de 64 caractères au plus", "the identifier is a DICOM UID: an OID of 64 characters at most")
	}
}

// storageClasses begin the UIDs of the classes that store images.
const storageClasses = "1.2.840.10008.5.1.4.1.1."

// instanceEntry checks the image. The value set of classes is short of some in
// use, PET among them, and no official rule enforces it.
func (v *validation) instanceEntry(n *xmlr.Node) {
	code := n.Child(nsCDA, "code")
	class := code.Attr("code")
	if _, listed := nos.SOPClass.Lookup(class); code != nil && v.imaging() && !listed && !strings.HasPrefix(class, storageClasses) {
		v.unlisted("CDA043", code, srcReport, "ce n'est pas une classe SOP de stockage DICOM", "this is not a SOP class of DICOM storage")
	}
	if text := n.Child(nsCDA, "text"); text != nil && v.imaging() {
		reference := text.Child(nsCDA, "reference")
		if text.Attr("mediaType") != "application/dicom" || reference == nil {
			v.error("CDA043", text, srcReport, "le texte de l'image est un lien de type application/dicom", "the text of the image is a link of type application/dicom")
		} else {
			v.link(reference)
		}
	}
	v.uids(n)
}

func (v *validation) commentEntry(n *xmlr.Node) {
	if n.Find(nsCDA, "text/reference") == nil {
		v.wrong(n, "le commentaire renvoie au texte : text/reference", "the comment refers to the text: text/reference")
	}
}

func (v *validation) deviceEntry(n *xmlr.Node) {
	participants, roles := 0, 0
	for _, p := range n.Children {
		if p.Is(nsCDA, "participant") {
			if p.Attr("typeCode") == "DEV" {
				participants++
			}
			if p.Child(nsCDA, "participantRole").Attr("classCode") == "MANU" {
				roles++
			}
		}
	}
	if participants == 0 || roles != 1 {
		v.wrong(n, "le dispositif est un participant DEV de rôle MANU", "the device is a participant DEV with the role MANU")
	}
}

func (v *validation) documentEntry(n *xmlr.Node) {
	kind := false
	for o := range n.Each(nsCDA, "component/observation") {
		kind = kind || hasTemplate(o, templatesSimple[0])
	}
	if !kind {
		v.wrong(n, "le document attaché a une observation qui dit son type (templateId %s)", "the attached document has an observation that says its type (templateId %s)", templatesSimple[0])
	}
	for m := range n.Each(nsCDA, "component/observationMedia") {
		value := m.Child(nsCDA, "value")
		if m.Attr("classCode") == "OBS" && m.Attr("moodCode") == "EVN" &&
			(value.Attr("nullFlavor") != "" || value.Attr("mediaType") != "" && value.Attr("representation") == "B64") {
			return
		}
	}
	v.wrong(n, "le document attaché a un contenu : observationMedia/value en B64", "the attached document has a content: observationMedia/value in B64")
}

func (v *validation) simpleEntry(n *xmlr.Node) {
	if n.Find(nsCDA, "text/reference") == nil {
		v.wrong(n, "l'observation renvoie au texte : text/reference", "the observation refers to the text: text/reference")
	}
	filled := func(t *xmlr.Node) bool { return t.Attr("value") != "" || t.Attr("nullFlavor") != "" }
	for _, t := range n.Children {
		if t.Is(nsCDA, "effectiveTime") && (filled(t) || filled(t.Child(nsCDA, "low"))) {
			return
		}
	}
	v.wrong(n, "l'observation a une date : effectiveTime, ou son nullFlavor", "the observation has a date: effectiveTime, or its nullFlavor")
}
