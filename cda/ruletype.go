package cda

import (
	"slices"
	"strings"

	"github.com/segur-sdk/segur/internal/hl7"
	"github.com/segur-sdk/segur/internal/xmlr"
)

// Rules of the data types. The "Volet Structuration Minimale" applies them to
// the header, where they are errors; the general structure guide to the whole
// document, where the official rules are silent about the body.

// dataType checks an element whose type is t.
func (v *validation) dataType(n *xmlr.Node, t *schemaType, header bool) {
	null, isNull := n.LookupAttr("", "nullFlavor")
	bad := func(fr, en string, args ...any) {
		if header {
			v.error("CDA006", n, srcHeader, fr, en, args...)
		} else {
			v.warn("CDA006", n, srcGeneral, fr, en, args...)
		}
	}
	switch t.family {
	case familyII:
		v.instanceID(n, t, isNull, header, bad)
	case familyCD:
		v.concept(n, t, isNull, bad)
	case familyCS:
		_, coded := n.LookupAttr("", "code")
		if coded == isNull {
			bad("%s doit avoir code ou nullFlavor, et un seul des deux", "%s must have code or nullFlavor, and one of them only", n.Name.Local)
		}
	case familyTS:
		if _, valued := n.LookupAttr("", "value"); valued == isNull && (isNull || len(n.Children) == 0) {
			bad("%s doit avoir value ou nullFlavor, et un seul des deux", "%s must have value or nullFlavor, and one of them only", n.Name.Local)
		}
		v.point(n, header)
	case familyIVLTS:
		v.interval(n, isNull, header, bad)
	case familyTEL:
		if header && n.Name.Local == "telecom" {
			v.telecom(n, null, isNull)
		}
	case familyAD:
		v.address(n, isNull, header)
	case familyON:
		if len(n.Children) > 0 {
			bad("le nom d'une structure n'a pas de parties : un texte seulement", "the name of a structure has no parts: a text only")
		}
		v.name(n, isNull, bad)
	case familyEN:
		v.name(n, isNull, bad)
	case familyED:
		for _, a := range []string{"mediaType", "charset", "language", "compression", "integrityCheck"} {
			if _, ok := n.LookupAttr("", a); ok && isNull && n.Attr(a) != "text/plain" {
				bad("nullFlavor exclut %s", "nullFlavor excludes %s", a)
			}
		}
	case familyST:
		if n.Name.Local == "title" && !isNull && len(n.Children) == 0 && strings.TrimSpace(n.Lead()) == "" {
			bad("le titre est vide", "the title is empty")
		}
	}
	if header && isNull && !slices.Contains(headerNulls, null) {
		v.warn("CDA006", n, srcGeneral, "nullFlavor %s : l'en-tête n'admet que UNK, NASK, ASKU, NAV et MSK",
			"nullFlavor %s: the header takes UNK, NASK, ASKU, NAV and MSK only", printable(null))
	}
}

// headerNulls are the reasons for a missing value that the header takes. The
// official examples write NA on participant/time too.
var headerNulls = []string{"UNK", "NASK", "ASKU", "NAV", "MSK", "NA"}

func (v *validation) instanceID(n *xmlr.Node, t *schemaType, isNull, header bool, bad func(fr, en string, args ...any)) {
	root, hasRoot := n.LookupAttr("", "root")
	if hasRoot == isNull {
		bad("%s doit avoir root ou nullFlavor, et un seul des deux", "%s must have root or nullFlavor, and one of them only", n.Name.Local)
		return
	}
	if isNull {
		return
	}
	switch {
	case isDotted(root):
		if len(root) > 64 {
			v.error("CDA004", n, srcDICOM, "l'OID dépasse 64 caractères", "the OID has more than 64 characters")
		}
	case isUUID(root):
		if n.Name.Local == "id" && !header && strings.ToUpper(root) != root {
			v.warn("CDA004", n, srcHeader, "un UUID s'écrit en majuscules", "a UUID is written in upper case")
		}
	case isUID(root) && header:
		v.error("CDA004", n, srcHeader, "root doit être un OID ou un UUID", "root must be an OID or a UUID")
	case isUID(root):
		v.gap("CDA004", n, srcGeneral, "root doit être un OID ou un UUID", "root must be an OID or a UUID")
	}
	if !fewSiblings(n) {
		return
	}
	extension, hasExtension := n.LookupAttr("", "extension")
	for _, c := range n.Parent.Children {
		if c != n && c.Name == n.Name && c.Attr("root") == root && (!hasExtension || c.Attr("extension") == extension) {
			bad("deux %s ont la même valeur", "two %s have the same value", n.Name.Local)
			return
		}
	}
}

// concept checks a coded value (CD, CE, CV).
func (v *validation) concept(n *xmlr.Node, t *schemaType, isNull bool, bad func(fr, en string, args ...any)) {
	code, coded := n.LookupAttr("", "code")
	system, hasSystem := n.LookupAttr("", "codeSystem")
	_, hasDisplay := n.LookupAttr("", "displayName")
	_, hasName := n.LookupAttr("", "codeSystemName")
	original := n.Child(nsCDA, "originalText")
	if t.name == "CR" {
		return
	}
	switch {
	case isNull && (coded || hasDisplay):
		bad("nullFlavor exclut code et displayName", "nullFlavor excludes code and displayName")
	case !isNull && !coded && (original == nil || original.Attr("nullFlavor") != "") && n.Child(nsCDA, "translation") == nil:
		bad("%s doit avoir code, nullFlavor ou originalText", "%s must have code, nullFlavor or originalText", n.Name.Local)
	case coded && !hasSystem:
		bad("un code sans codeSystem ne dit rien", "a code without codeSystem says nothing")
	case hasDisplay && !coded:
		bad("displayName demande code", "displayName needs code")
	case hasName && !hasSystem:
		bad("codeSystemName demande codeSystem", "codeSystemName needs codeSystem")
	}
	if strings.ContainsAny(n.Attr("displayName"), "\t\r\n") {
		v.warn("CDA006", n, srcHeader, "displayName contient une tabulation ou un retour à la ligne", "displayName holds a tabulation or a line break")
	}
	var seen []string
	for _, c := range n.Children {
		if !c.Is(nsCDA, "translation") {
			continue
		}
		key := c.Attr("code") + "|" + c.Attr("codeSystem")
		_, null := c.LookupAttr("", "nullFlavor")
		switch {
		case null:
			bad("une translation n'a pas de nullFlavor", "a translation has no nullFlavor")
		case len(seen) < maxSiblings && slices.Contains(seen, key):
			bad("deux translation ont le même code", "two translations have the same code")
		}
		seen = append(seen, key)
	}
	if !fewSiblings(n) || !coded || n.Name.Local == "translation" || n.Name.Local == "name" || n.Name.Local == "value" && n.Parent.Is(nsCDA, "qualifier") {
		return
	}
	for _, c := range n.Parent.Children {
		if c != n && c.Name == n.Name && c.Attr("code") == code && c.Attr("codeSystem") == system {
			bad("deux %s ont le même code", "two %s have the same code", n.Name.Local)
			return
		}
	}
}

// point checks a time stamp.
func (v *validation) point(n *xmlr.Node, header bool) {
	s, ok := n.LookupAttr("", "value")
	if !ok || !isTS(s) {
		return // the schema says so
	}
	// The official rules know neither offsets nor the dates of the body; the
	// official examples leave offsets out there.
	say := v.warn
	if header || v.imaging() && !isRealTS(s) {
		say = v.error
	}
	switch {
	case !isRealTS(s):
		say("CDA012", n, srcHeader, "cette date n'existe pas (mois, jour ou heure)", "there is no such date (month, day or hour)")
	case len(s) > 8 && !strings.ContainsAny(s, "+-"):
		if !v.imaging() {
			say = v.warn
		}
		say("CDA012", n, srcGeneral, "une heure s'écrit avec son décalage horaire, par exemple +0100", "a time is written with its offset from UTC, such as +0100")
	}
}

// interval checks an interval of time.
func (v *validation) interval(n *xmlr.Node, isNull, header bool, bad func(fr, en string, args ...any)) {
	_, valued := n.LookupAttr("", "value")
	low, high := n.Child(nsCDA, "low"), n.Child(nsCDA, "high")
	if valued {
		v.point(n, header)
	}
	switch {
	case isNull && (valued || len(n.Children) > 0):
		bad("nullFlavor exclut une valeur et des bornes", "nullFlavor excludes a value and bounds")
	case valued && len(n.Children) > 0:
		bad("%s a une valeur ou des bornes, pas les deux", "%s has a value or bounds, not both", n.Name.Local)
	case !isNull && !valued && len(n.Children) == 0:
		bad("%s est vide", "%s is empty", n.Name.Local)
	}
	if low.Attr("nullFlavor") == "PINF" || high.Attr("nullFlavor") == "NINF" {
		bad("l'infini de cette borne est du mauvais côté", "this bound is infinite on the wrong side")
	}
	from, to := low.Attr("value"), high.Attr("value")
	if from == "" || to == "" || !isTS(from) || !isTS(to) {
		return
	}
	switch order := compareTS(from, to); {
	case order > 0:
		v.error("CDA012", n, srcHeader, "la fin précède le début", "the end is before the start")
	case from == to && header:
		// Legal in HL7; the official rule dtr1-6-IVL_TS refuses equal bounds.
		v.kitOnly("CDA012", n, srcHeader, "les règles officielles refusent un début égal à la fin : ajouter une seconde",
			"the official rules refuse a start equal to the end: add one second")
	}
}

// name checks the name of a person or of a place.
func (v *validation) name(n *xmlr.Node, isNull bool, bad func(fr, en string, args ...any)) {
	text := !blankText(n)
	switch {
	case isNull && (text || len(n.Children) > 0):
		bad("nullFlavor exclut un nom", "nullFlavor excludes a name")
	case text && len(n.Children) > 0:
		bad("un nom est un texte ou des parties, pas les deux", "a name is a text or parts, not both")
	case !isNull && !text && len(n.Children) == 0:
		bad("le nom est vide", "the name is empty")
	}
	v.twin("CDA006", n, "deux noms sont identiques", "two names are the same")
}

// compareTS compares two points in time by what they are, with the precision
// that they have; 0 when one cannot be read.
func compareTS(a, b string) int {
	from, err := hl7.ParseTS(a, nil)
	if err != nil {
		return 0
	}
	to, err := hl7.ParseTS(b, nil)
	if err != nil || strings.HasPrefix(b, a) || strings.HasPrefix(a, b) {
		return 0 // the shorter one says less, not something else
	}
	return from.Time.Compare(to.Time)
}
