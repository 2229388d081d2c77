package cda

import (
	"slices"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/xmlr"
)

// patient checks the identity. What is said of it holds no value: an identity
// must not reach a log by way of an issue.
func (v *validation) patient() {
	role := v.doc.Find(nsCDA, "recordTarget/patientRole")
	if role == nil {
		return
	}
	var ins *xmlr.Node
	for _, id := range role.Children {
		if !id.Is(nsCDA, "id") {
			continue
		}
		root := segur.OID(id.Attr("root"))
		switch {
		case segur.IsINSAuthority(root):
			if ins != nil {
				v.warn("CDA020", id, srcINS, "le patient a deux INS", "the patient has two INS")
			}
			ins = id
			v.matricule(id, root)
		case segur.IsFormerINSAuthority(root):
			v.gap("CDA020", id, srcINS, "cet OID est celui de l'ancien INS-C, qui n'identifie plus personne", "this OID is that of the former INS-C, which no longer identifies anybody")
		case root.Within("1.2.250.1.213.1.4"):
			// The official rules take it for a local identifier: an error of typing goes unseen.
			v.warn("CDA020", id, srcINS, "cet OID n'est pas celui d'une autorité d'affectation des INS : 1.2.250.1.213.1.4.8 à .11",
				"this OID is not that of an authority that assigns INS: 1.2.250.1.213.1.4.8 to .11")
		}
	}
	patient := role.Child(nsCDA, "patient")
	if ins != nil {
		v.traits(patient, ins)
		if first := role.Child(nsCDA, "id"); first != ins {
			v.warn("CDA025", ins, srcDRIM, "l'INS vient en premier, l'IPP en second : des lecteurs les prennent par position",
				"the INS comes first, the local identifier second: readers take them by position")
		}
	}
	v.patientNames(patient)
	if county := patient.Find(nsCDA, "birthplace/place/addr/county"); county != nil && !segur.IsCOG(county.TrimText()) {
		v.gap("CDA020", county, srcINS, "le lieu de naissance est un code COG : 5 chiffres, ou 2A et 2B en Corse", "the birth place is a COG code: 5 digits, or 2A and 2B in Corsica")
	}
}

// gap is an error in imaging documents, and a warning in those of volets that
// this package does not know: no official rule speaks of it.
func (v *validation) gap(rule string, at *xmlr.Node, source, fr, en string, args ...any) {
	s := SeverityError
	if !v.imaging() {
		s = SeverityWarning
	}
	v.say(s, rule, at, source, fr, en, args...)
}

func (v *validation) matricule(id *xmlr.Node, root segur.OID) {
	extension := id.Attr("extension")
	parsed, err := segur.ParseINS(extension, root)
	v.keys = v.keys || root == segur.OIDINSNIR || root == segur.OIDINSNIA
	switch {
	case len(extension) != 15:
		v.gap("CDA020", id, srcINS, "le matricule INS a 15 caractères sans blanc : 13 et la clé", "the INS matricule has 15 characters without blanks: 13 and the key")
	case err != nil:
		v.gap("CDA020", id, srcINS, "le matricule INS est faux : forme ou clé", "the INS matricule is wrong: shape or key")
	}
	if v.opts.production && (root == segur.OIDINSNIRTest || root == segur.OIDINSNIRDemo) {
		v.error("CDA020", id, srcINS, "une identité de test ou de démonstration est refusée en production", "a test or demonstration identity is refused in production")
	}
	if err != nil {
		return
	}
	sex := v.doc.Find(nsCDA, "recordTarget/patientRole/patient/administrativeGenderCode").Attr("code")
	if first := parsed.Body()[0]; sex == "M" && first == '2' || sex == "F" && first == '1' {
		v.warn("CDA020", id, srcINS, "le premier chiffre du matricule ne dit pas le même sexe que les traits", "the first digit of the matricule tells another sex than the traits")
	}
}

// traits checks the five traits that an INS comes with.
func (v *validation) traits(patient, ins *xmlr.Node) {
	missing := func(at *xmlr.Node, fr, en string) {
		if at == nil {
			at = ins
		}
		v.error("CDA020", at, srcHeader, "un INS demande "+fr, "an INS needs "+en)
	}
	name := patient.Child(nsCDA, "name")
	has := func(element, qualifier string) bool {
		return slices.ContainsFunc(childrenOf(name), func(c *xmlr.Node) bool {
			return c.Is(nsCDA, element) && c.Attr("qualifier") == qualifier && c.TrimText() != ""
		})
	}
	if !has("family", "BR") {
		missing(name, "le nom de naissance : family qualifier BR", "the birth name: family with qualifier BR")
	}
	if !has("given", "BR") {
		missing(name, "le premier prénom de naissance : given qualifier BR", "the first given name at birth: given with qualifier BR")
	}
	if !has("given", "") {
		missing(name, "la liste des prénoms de naissance : given sans qualifier", "the list of given names at birth: given without qualifier")
	}
	if patient.Child(nsCDA, "birthTime").Attr("value") == "" {
		missing(patient, "la date de naissance", "the birth date")
	}
	if place := patient.Find(nsCDA, "birthplace/place/addr/county"); place.TrimText() == "" {
		missing(patient, "le code COG du lieu de naissance : birthplace/place/addr/county", "the COG code of the birth place: birthplace/place/addr/county")
	}
	if code := patient.Child(nsCDA, "administrativeGenderCode").Attr("code"); code == "" {
		missing(patient, "le sexe", "the sex")
	} else if code != "F" && code != "M" {
		v.gap("CDA020", patient.Child(nsCDA, "administrativeGenderCode"), srcINS, "le sexe d'un INS est F ou M", "the sex of an INS is F or M")
	}
}

func childrenOf(n *xmlr.Node) []*xmlr.Node {
	if n == nil {
		return nil
	}
	return n.Children
}

// patientNames checks the qualifiers.
func (v *validation) patientNames(patient *xmlr.Node) {
	name := patient.Child(nsCDA, "name")
	var first, list *xmlr.Node
	for _, c := range childrenOf(name) {
		qualifier, qualified := c.LookupAttr("", "qualifier")
		switch c.Name.Local {
		case "family":
			if qualifier != "BR" && qualifier != "CL" {
				v.error("CDA021", c, srcHeader, "le nom de famille du patient a le qualificatif BR (naissance) ou CL (utilisé)",
					"the family name of the patient has the qualifier BR (birth) or CL (used)")
			}
		case "given":
			switch {
			case qualified && qualifier != "BR" && qualifier != "CL":
				v.error("CDA021", c, srcHeader, "le prénom du patient a le qualificatif BR, CL ou aucun (liste des prénoms)",
					"the given name of the patient has the qualifier BR, CL or none (list of given names)")
			case qualifier == "BR":
				first = c
			case !qualified:
				list = c
			}
		}
	}
	if first != nil && list != nil && !beginsWith(list.TrimText(), first.TrimText()) {
		v.warn("CDA021", list, srcINS, "la liste des prénoms commence par le premier prénom de naissance", "the list of given names begins with the first one")
	}
}

// people checks everybody else.
func (v *validation) people() {
	for _, part := range v.doc.Children {
		for n := range part.Walk() {
			switch {
			case n.Is(nsCDA, "id"):
				v.nationalID(n)
			case n.Is(nsCDA, "name") && part.Name.Local != "recordTarget" && part.Name.Local != "component":
				v.civility(n)
			}
		}
	}
	if v.imaging() {
		v.consumers()
	}
}

// nationalID checks the identifiers of professionals and structures. Real
// documents hold some without their type digit: warnings. Keys are looked at in
// documents of real people only: test platforms give out numbers with wrong ones.
func (v *validation) nationalID(n *xmlr.Node) {
	extension, ok := n.LookupAttr("", "extension")
	root := segur.OID(n.Attr("root"))
	if root != segur.OIDProfessional && root != segur.OIDStructure {
		return
	}
	if !ok || extension == "" {
		v.error("CDA022", n, srcHeader, "un identifiant national a une extension : le chiffre du type et le numéro", "a national identifier has an extension: the type digit and the number")
		return
	}
	if root == segur.OIDStructure {
		switch {
		case !isStructureID(extension):
			v.warn("CDA022", n, srcIDs, "un identifiant de structure est le chiffre du type et le numéro : 1 et FINESS, 3 et SIRET",
				"the identifier of a structure is the type digit and the number: 1 and FINESS, 3 and SIRET")
		case v.keys && extension[0] == '1' && digits(extension) && !luhn(extension[1:]):
			v.warn("CDA022", n, srcIDs, "la clé du numéro FINESS est fausse", "the key of the FINESS number is wrong")
		}
		return
	}
	shape := checker{}
	shape.professionalID("", extension)
	switch {
	case shape.failed:
		v.warn("CDA022", n, srcIDs, "un identifiant de professionnel est le chiffre du type et le numéro : 8 et les 11 chiffres du RPPS",
			"the identifier of a professional is the type digit and the number: 8 and the 11 digits of the RPPS")
	case v.keys && extension[0] == '8' && !luhn(extension[1:]):
		v.warn("CDA022", n, srcIDs, "la clé du numéro RPPS est fausse", "the key of the RPPS number is wrong")
	}
}

// civility checks prefix and suffix of a person other than the patient.
func (v *validation) civility(n *xmlr.Node) {
	for _, c := range n.Children {
		switch {
		case c.Is(nsCDA, "prefix"):
			if _, ok := headerCivility.Lookup(c.Text()); !ok {
				v.error("CDA023", c, srcHeader, "la civilité (prefix) est M ou MME", "the civility (prefix) is M or MME")
			}
		case c.Is(nsCDA, "suffix"):
			if _, ok := headerTitle.Lookup(c.Text()); !ok {
				v.error("CDA023", c, srcHeader, "le titre (suffix) est DR, PR, MC, MG, PC ou PG", "the title (suffix) is DR, PR, MC, MG, PC or PG")
			}
		}
	}
}

// consumers warns of what DMP metadata and the DRIMbox are built from.
func (v *validation) consumers() {
	author := v.doc.Find(nsCDA, "author/assignedAuthor")
	if author != nil {
		if organization := author.Child(nsCDA, "representedOrganization"); organization.Child(nsCDA, "id") == nil || organization.Child(nsCDA, "name") == nil {
			v.warn("CDA025", author, srcDRIM, "l'auteur doit avoir sa structure, avec identifiant et nom", "the author needs an organisation, with identifier and name")
		}
		if name := author.Find(nsCDA, "assignedPerson/name"); name != nil && name.Child(nsCDA, "given") == nil {
			v.warn("CDA025", name, srcDRIM, "l'auteur doit avoir un prénom", "the author needs a given name")
		}
	}
	event := v.doc.Find(nsCDA, "documentationOf/serviceEvent")
	if times := event.Child(nsCDA, "effectiveTime"); times != nil && times.Child(nsCDA, "high") == nil && v.out.Kind == KindImagingReport {
		v.warn("CDA025", times, srcDRIM, "l'acte principal doit avoir une fin (high)", "the main act needs an end (high)")
	}
}

// telecom checks a telecommunication address of the header.
func (v *validation) telecom(n *xmlr.Node, null string, isNull bool) {
	value, valued := n.LookupAttr("", "value")
	for _, c := range childrenOf(n.Parent) {
		if c == n || !fewSiblings(n) {
			break
		}
		if valued && c.Name == n.Name && c.Attr("value") == value && c.Attr("use") == n.Attr("use") {
			v.error("CDA024", n, srcHeader, "deux telecom sont identiques", "two telecoms are the same")
			break
		}
	}
	use, used := n.LookupAttr("", "use")
	if isNull {
		if valued || used || !slices.Contains(headerNulls[:5], null) {
			v.error("CDA024", n, srcHeader, "un telecom inconnu a nullFlavor UNK, NASK, ASKU, NAV ou MSK, et rien d'autre",
				"an unknown telecom has nullFlavor UNK, NASK, ASKU, NAV or MSK, and nothing else")
		}
		return
	}
	scheme, rest, ok := strings.Cut(value, ":")
	switch {
	case ok && rest != "" && scheme == "https":
		v.kitOnly("CDA024", n, srcHeader, "les règles officielles refusent le préfixe https dans telecom", "the official rules refuse the prefix https in telecom")
	case !ok || rest == "" || !slices.Contains(schemes, scheme):
		v.error("CDA024", n, srcHeader, "telecom commence par un des préfixes %s suivi de deux-points", "telecom begins with one of the prefixes %s and a colon", strings.Join(schemes, ", "))
	}
	if !visible(value) || strings.ContainsAny(value, "<>\"{}|\\^`") {
		v.error("CDA024", n, srcHeader, "telecom contient un caractère qu'une URI n'a pas : blanc, accent", "telecom holds a character that a URI has not: a blank, an accent")
	}
	if used && (use == "" || !slices.Contains(uses, use)) {
		v.error("CDA024", n, srcHeader, "l'usage du telecom est H, HP, HV, WP, DIR, PUB, EC, MC ou PG", "the use of telecom is H, HP, HV, WP, DIR, PUB, EC, MC or PG")
	}
}

var addressUses = []string{"H", "HP", "HV", "WP", "TMP"}

// address checks a postal address. The message of the official rule speaks of
// several uses separated by blanks; its test takes one only.
func (v *validation) address(n *xmlr.Node, isNull, header bool) {
	if !header {
		return
	}
	if use, ok := n.LookupAttr("", "use"); ok && !slices.Contains(addressUses, use) {
		if words := strings.Fields(use); len(words) > 1 && !slices.ContainsFunc(words, func(w string) bool { return !slices.Contains(addressUses, w) }) {
			v.kitOnly("CDA024", n, srcHeader, "les règles officielles n'acceptent qu'un usage d'adresse", "the official rules take one use of an address only")
		} else {
			v.error("CDA024", n, srcHeader, "l'usage de l'adresse est H, HP, HV, WP ou TMP", "the use of the address is H, HP, HV, WP or TMP")
		}
	}
	text := !blankText(n)
	switch {
	case !isNull && text == (len(n.Children) > 0):
		v.error("CDA024", n, srcHeader, "une adresse a des parties ou un texte, et pas les deux", "an address has parts or a text, and not both")
		return
	}
	lines := 0
	for i, c := range n.Children {
		if c.Name.Local == "streetAddressLine" {
			lines++
		}
		if i < maxSiblings && slices.ContainsFunc(n.Children[:i], func(o *xmlr.Node) bool { return o.Name == c.Name }) && slices.Contains(addressParts, c.Name.Local) && lines == 0 {
			v.error("CDA024", c, srcHeader, "%s : une fois au plus dans une adresse", "%s: once at most in an address", c.Name.Local)
		}
	}
	if lines > maxAddressLines {
		v.error("CDA024", n, srcHeader, "une adresse a 7 lignes au plus", "an address has 7 lines at most")
	}
	v.twin("CDA024", n, "deux adresses sont identiques", "two addresses are the same")
}

var addressParts = []string{
	"country", "state", "city", "postalCode", "county", "houseNumber", "houseNumberNumeric", "streetName", "streetNameType",
	"additionalLocator", "unitID", "postBox", "precinct",
}

// twin reports an element that a sibling before it repeats.
func (v *validation) twin(rule string, n *xmlr.Node, fr, en string) {
	if !fewSiblings(n) {
		return
	}
	var words string
	for _, c := range n.Parent.Children {
		if c == n {
			return
		}
		if c.Name != n.Name || c.Attr("use") != n.Attr("use") {
			continue
		}
		if words == "" {
			words = n.DeepText()
		}
		if c.DeepText() == words {
			v.error(rule, n, srcHeader, fr, en)
			return
		}
	}
}
