package cda

import (
	"slices"
	"strings"

	"github.com/segur-sdk/segur/internal/nos"
	"github.com/segur-sdk/segur/internal/xmlr"
)

// acts checks the orders and the acts of the header of an imaging document.
func (v *validation) acts() {
	if v.out.Kind != KindImagingReport {
		return
	}
	v.orders()
	var codes []string
	for _, c := range v.doc.Children {
		if !c.Is(nsCDA, "documentationOf") {
			continue
		}
		event := c.Child(nsCDA, "serviceEvent")
		code := event.Child(nsCDA, "code")
		if code.Attr("codeSystem") != nos.LOINC {
			continue // such as Z13.9: the examination is part of a screening
		}
		codes = append(codes, code.Attr("code"))
		v.act(event, code)
	}
	if v.out.Level == 3 && len(codes) == 0 && v.doc.Child(nsCDA, "documentationOf") != nil {
		v.error("CDA031", v.doc.Child(nsCDA, "documentationOf"), srcReport, "aucun acte n'a de code LOINC", "no act has a LOINC code")
	}
	v.documentActs(codes)
}

// orders checks inFulfillmentOf. The text of the volet wants one at least, the
// official rules none: an error here at level 3, where the accession number is
// the link to the images.
func (v *validation) orders() {
	first := true
	for _, c := range v.doc.Children {
		if !c.Is(nsCDA, "inFulfillmentOf") {
			continue
		}
		first = false
		order := c.Child(nsCDA, "order")
		number := order.Child("urn:dicom-org:ps3-20", "accessionNumber")
		switch {
		case order == nil:
		case number == nil && v.out.Level == 3:
			v.error("CDA030", order, srcReport, "la demande doit porter l'accession number : ps3-20:accessionNumber", "the order must have the accession number: ps3-20:accessionNumber")
		case number == nil:
			v.warn("CDA030", order, srcReport, "la demande doit porter l'accession number : ps3-20:accessionNumber", "the order must have the accession number: ps3-20:accessionNumber")
		case number.Attr("extension") == "" || number.Attr("root") == "":
			v.warn("CDA030", number, srcReport, "l'accession number a l'OID de son émetteur (root) et un numéro (extension)", "the accession number has the OID of its issuer (root) and a number (extension)")
		}
	}
	if !first {
		return
	}
	const fr, en = "une demande au moins (inFulfillmentOf) avec son accession number", "one order at least (inFulfillmentOf) with its accession number"
	if v.out.Level == 3 {
		v.error("CDA030", v.doc, srcReport, fr, en)
	} else {
		v.warn("CDA030", v.doc, srcReport, fr, en)
	}
}

// act checks one act. The value sets of act and region are not enforced by the
// official rules.
func (v *validation) act(event, code *xmlr.Node) {
	number, _, _ := strings.Cut(code.Attr("code"), "-")
	switch {
	case !isLOINC(code.Attr("code")):
		v.error("CDA031", code, srcReport, "le code de l'acte n'est pas un code LOINC", "the code of the act is not a LOINC code")
	case !nos.IsImagingAct(atoi(number)):
		v.unlisted("CDA031", code, srcReport, "le code %s n'est pas dans le jeu de valeurs %s", "the code %s is not in the value set %s", code.Attr("code"), nos.ImagingActName)
	}
	var translations, modalities, regions int
	for _, t := range code.Children {
		if !t.Is(nsCDA, "translation") {
			continue
		}
		translations++
		switch t.Attr("codeSystem") {
		case nos.DCM:
			v.listed("CDA031", t, nos.Modality, srcReport)
			if v.qualified(t, "121139") {
				modalities++
			} else {
				v.warn("CDA031", t, srcReport, "la modalité porte le qualificatif 121139 (DCM)", "the modality has the qualifier 121139 (DCM)")
			}
		case nos.SNOMEDCT:
			regions++
			v.listed("CDA031", t, nos.Region, srcReport)
			if !v.qualified(t, "39111-0") {
				v.warn("CDA031", t, srcReport, "la région porte le qualificatif 39111-0 (LOINC)", "the region has the qualifier 39111-0 (LOINC)")
			}
		case nos.CCAM, nos.CCAMAlias:
			if !isCCAM(t.Attr("code")) {
				v.unlisted("CDA031", t, srcReport, "un code CCAM a quatre lettres et trois chiffres", "a CCAM code has four letters and three digits")
			}
		}
	}
	switch {
	case modalities == 0 && v.out.Level == 3:
		v.error("CDA031", code, srcReport, "l'acte doit porter sa modalité : translation avec le qualificatif 121139", "the act must have its modality: a translation with the qualifier 121139")
	case modalities == 0:
		v.warn("CDA031", code, srcReport, "l'acte doit porter sa modalité : translation avec le qualificatif 121139", "the act must have its modality: a translation with the qualifier 121139")
	case regions == 0:
		v.warn("CDA031", code, srcReport, "l'acte doit porter sa région anatomique", "the act must have its anatomical region")
	}
	id := event.Child(nsCDA, "id")
	switch {
	case id.Attr("root") == "":
		v.gap("CDA031", event, srcReport, "l'acte doit porter le Study Instance UID de l'examen (id)", "the act must have the Study Instance UID of the study (id)")
	case !isDotted(id.Attr("root")) || len(id.Attr("root")) > 64:
		v.error("CDA031", id, srcReport, "l'identifiant de l'acte est un UID DICOM", "the identifier of the act is a DICOM UID")
	case id.Attr("extension") != "":
		v.warn("CDA031", id, srcReport, "le Study Instance UID est dans root, sans extension", "the Study Instance UID is in root, without extension")
	}
}

func atoi(s string) int {
	n := 0
	for i := range min(len(s), 8) {
		if s[i] < '0' || s[i] > '9' {
			return -1
		}
		n = 10*n + int(s[i]-'0')
	}
	return n
}

// listed checks a coded element against a value set: code, system and label.
func (v *validation) listed(rule string, n *xmlr.Node, t *nos.Table, source string) {
	code := n.Attr("code")
	row, known := t.Lookup(code)
	switch {
	case !known:
		v.unlisted(rule, n, source, "le code %s n'est pas dans le jeu de valeurs %s (version du %s)",
			"the code %s is not in the value set %s (revision %s)", printable(code), t.Name, t.Revised)
	case n.Attr("codeSystem") != row.System:
		v.error(rule, n, source, "le codeSystem du code %s est %s dans %s", "the codeSystem of the code %s is %s in %s", code, row.System, t.Name)
	default:
		v.label(rule, n, row)
	}
}

// qualified reports whether a code has a qualifier of that name.
func (v *validation) qualified(n *xmlr.Node, name string) bool {
	return slices.ContainsFunc(n.Children, func(c *xmlr.Node) bool {
		return c.Is(nsCDA, "qualifier") && c.Child(nsCDA, "name").Attr("code") == name
	})
}

// documentActs compares the acts that the code of the document translates to
// with those of the header. The official example has two that differ.
func (v *validation) documentActs(codes []string) {
	document := v.doc.Child(nsCDA, "code")
	var translated []string
	for _, t := range childrenOf(document) {
		if t.Is(nsCDA, "translation") && t.Attr("codeSystem") == nos.LOINC {
			if code := t.Attr("code"); !slices.Contains(codes, code) {
				v.warn("CDA032", t, srcReport, "le code %s n'est celui d'aucun acte (documentationOf)", "the code %s is that of no act (documentationOf)", printable(code))
			}
			translated = append(translated, t.Attr("code"))
		}
	}
	for _, code := range codes {
		if document != nil && !slices.Contains(translated, code) {
			v.warn("CDA032", document, srcReport, "l'acte %s n'est pas une translation du code du document", "the act %s is not a translation of the code of the document", printable(code))
		}
	}
}
