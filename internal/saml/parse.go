package saml

import (
	"strings"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/hl7"
	"github.com/segur-sdk/segur/internal/xmlr"
)

const xsiNamespace = "http://www.w3.org/2001/XMLSchema-instance"

// ParseVIHF reads the bytes of a VIHF without its signature, as verification returns them, and checks every rule of the
// profile: order of the elements, attributes known, given once and well formed, and what the mode asks for. It does not
// verify anything: see VerifyVIHF. All problems are reported together.
func ParseVIHF(verified []byte) (*VIHFClaims, error) {
	return parseVIHF(verified, DefaultReasonAttribute)
}

func parseVIHF(verified []byte, reasonAttribute string) (*VIHFClaims, error) {
	const op = "saml.parseVIHF"
	r, err := open(op, verified, "Subject", "Conditions?", "AuthnStatement", "AttributeStatement")
	if err != nil {
		return nil, err
	}
	c := &VIHFClaims{Envelope: r.envelope()}
	c.Subject = r.root.Find(Namespace, "Subject/NameID").TrimText()
	c.conditions(r)
	r.authentication(&c.VIHF)
	c.ReasonAttribute = reasonAttribute
	r.vihfAttributes(&c.VIHF)
	c.VIHF.check(&r.p, c.IssueInstant)
	if err := r.p.Err(op); err != nil {
		return nil, err
	}
	return c, nil
}

// ParseINSi is ParseVIHF for the INSi assertion.
func ParseINSi(verified []byte) (*INSiClaims, error) {
	const op = "saml.parseINSi"
	r, err := open(op, verified, "Subject", "Conditions?", "AttributeStatement")
	if err != nil {
		return nil, err
	}
	c := &INSiClaims{Envelope: r.envelope()}
	name := r.root.Find(Namespace, "Subject/NameID")
	c.Subject, c.Qualifier = name.TrimText(), name.Attr("NameQualifier")
	c.conditions(r)
	for _, a := range r.attributes() {
		text := r.text(a.field, a.values)
		switch {
		case a.name == attrBilling:
			c.BillingID = text
		case a.name == attrAMOSector:
			c.Sector = text
		case a.name == attrProfession:
			c.Profession = text
		case strings.HasPrefix(strings.ToLower(a.name), "codespecialite"):
			c.Specialty, c.SpecialtyAttribute = text, a.name
		default:
			r.p.Add(a.field, "is not an attribute of the profile")
		}
	}
	if c.SpecialtyAttribute == "" {
		c.SpecialtyAttribute = DefaultSpecialtyAttribute
	}
	c.INSi.check(&r.p)
	if err := r.p.Err(op); err != nil {
		return nil, err
	}
	return c, nil
}

type reader struct {
	root *xmlr.Node
	p    segur.Problems
}

// open parses the assertion and checks the order of its children, Issuer first. A name that ends with "?" is optional.
func open(op string, b []byte, order ...string) (*reader, error) {
	root, err := xmlr.Parse(b, xmlr.Options{MaxBytes: 1 << 20, MaxDepth: 16, MaxElements: 1000})
	if err != nil {
		return nil, &segur.Error{Op: op, Kind: segur.KindInvalidInput, Message: "the assertion is not readable", Err: err}
	}
	r := &reader{root: root}
	if !root.Is(Namespace, "Assertion") {
		return nil, &segur.Error{Op: op, Kind: segur.KindInvalidInput, Message: "not a SAML 2.0 assertion"}
	}
	children := root.Children
	for _, name := range append([]string{"Issuer"}, order...) {
		name, optional := strings.CutSuffix(name, "?")
		switch {
		case len(children) > 0 && children[0].Is(Namespace, name):
			children = children[1:]
		case !optional:
			r.p.Add(name, "is missing or out of order")
		}
	}
	if len(children) > 0 {
		r.p.Add("assertion", "has unexpected children")
	}
	return r, nil
}

func (r *reader) instant(field, value string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, value)
	if err != nil || !strings.HasSuffix(value, "Z") {
		r.p.Add(field, "must be an instant in UTC, such as 2026-01-05T10:25:00.000Z")
		return time.Time{}
	}
	return t
}

func (r *reader) envelope() Envelope {
	issuer := r.root.Child(Namespace, "Issuer")
	e := Envelope{ID: r.root.Attr("ID"), Issuer: issuer.TrimText(), Bytes: r.root.Source()}
	r.p.Require("id", e.ID)
	r.p.Require("issuer", e.Issuer)
	if r.root.Attr("Version") != "2.0" {
		r.p.Add("version", "must be SAML 2.0")
	}
	// The ANS table prints the format once without the dash of "nameid-format".
	if f := issuer.Attr("Format"); f != issuerFormat && f != strings.Replace(issuerFormat, "nameid-format", "nameidformat", 1) {
		r.p.Add("issuer.format", "must be X509SubjectName")
	}
	e.IssueInstant = r.instant("issueInstant", r.root.Attr("IssueInstant"))
	return e
}

func (e *Envelope) conditions(r *reader) {
	n := r.root.Child(Namespace, "Conditions")
	if n == nil {
		return
	}
	if len(n.Children) > 0 {
		r.p.Add("conditions", "must not restrict the audience")
	}
	if v, ok := n.LookupAttr("", "NotBefore"); ok {
		e.NotBefore = r.instant("conditions.notBefore", v)
	}
	if v, ok := n.LookupAttr("", "NotOnOrAfter"); ok {
		e.NotOnOrAfter = r.instant("conditions.notOnOrAfter", v)
	}
}

func (r *reader) authentication(v *VIHF) {
	n := r.root.Child(Namespace, "AuthnStatement")
	v.AuthenticatedAt = r.instant("authenticatedAt", n.Attr("AuthnInstant"))
	class := n.Find(Namespace, "AuthnContext/AuthnContextClassRef").TrimText()
	last, ok := strings.CutPrefix(class, classPrefix)
	if !ok {
		r.p.Add("localAuthentication", "must be a class of SAML 2.0")
	}
	v.LocalAuthentication = LocalAuthentication(last)
	v.Declaration = n.Find(Namespace, "AuthnContext/AuthnContextDecl").TrimText()
}

// statement is one Attribute.
type statement struct {
	name, field string // field is the name for error messages: no content
	values      []*xmlr.Node
}

// attributes lists the attributes, each of which must be given once and hold values.
func (r *reader) attributes() []statement {
	var out []statement
	seen := map[string]bool{}
	for i, n := range r.root.Child(Namespace, "AttributeStatement").All("*", "*") {
		s := statement{name: n.Attr("Name"), field: indexed("attribute", i), values: n.All(Namespace, "AttributeValue")}
		folded := foldName(s.name)
		switch {
		case !n.Is(Namespace, "Attribute") || folded == "":
			r.p.Add(s.field, "must be an Attribute with a Name")
			continue
		case seen[folded]:
			r.p.Add(s.field, "is given twice")
			continue
		case len(s.values) == 0 || len(s.values) != len(n.Children):
			r.p.Add(s.field, "must hold AttributeValue elements")
			continue
		}
		seen[folded] = true
		out = append(out, s)
	}
	return out
}

// foldName: peers write Authentification_mode, and names with a blank for the underscore.
func foldName(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), "_")) }

// text returns the text of an attribute that has one plain value.
func (r *reader) text(field string, values []*xmlr.Node) string {
	if len(values) != 1 || len(values[0].Children) > 0 {
		r.p.Add(field, "must have one value of text")
		return ""
	}
	t := values[0].TrimText()
	if t == "" {
		r.p.Add(field, "must not be empty")
	}
	return t
}

func (r *reader) vihfAttributes(v *VIHF) {
	var resource string
	plain := map[string]func(field, text string){
		attrVersion:       func(_, t string) { v.Version = t },
		attrMode:          func(_, t string) { v.Mode = Mode(t) },
		attrStructure:     func(_, t string) { v.Structure = t },
		attrSubjectName:   func(_, t string) { v.SubjectName = t },
		attrResource:      func(_, t string) { resource = t },
		v.ReasonAttribute: func(_, t string) { v.BreakGlassReason = t },
		attrSector: func(_, t string) {
			code, system, _ := strings.Cut(t, "^")
			v.Sector = segur.Code{Code: code, System: segur.OID(system)}
		},
		attrPatient: r.patient(v),
		attrHidden: func(f, t string) {
			if v.Secret = t == secretMarker; !v.Secret {
				r.p.Add(f, "must be INVISIBLE_REPRESENTANTS_LEGAUX (JDV_J64)")
			}
		},
		attrInstallation: func(_, t string) { v.Software.Installation = t },
		attrSoftware:     func(_, t string) { v.Software.Name = t },
		attrRelease:      func(_, t string) { v.Software.Version = t },
		attrApproval:     func(_, t string) { v.Software.Approval = t },
	}
	folded := make(map[string]string, len(plain))
	for name := range plain {
		folded[foldName(name)] = name
	}
	for _, a := range r.attributes() {
		name := foldName(a.name)
		switch {
		case name == foldName(attrRole):
			for i, n := range a.values {
				v.Roles = append(v.Roles, r.coded(indexed("roles", i), n, "Role"))
			}
		case name == foldName(attrPurpose):
			if len(a.values) != 1 {
				r.p.Add("purpose", "must have one value")
				continue
			}
			c := r.coded("purpose", a.values[0], "PurposeOfUse")
			if c.System != purposeOID {
				r.p.Add("purpose", "must be a code of TRE_R248 (1.2.250.1.213.1.1.4.248)")
			}
			v.Purpose = Purpose(c.Code)
		case folded[name] != "":
			plain[folded[name]](a.field, r.text(a.field, a.values))
		default:
			r.p.Add(a.field, "is not an attribute of the profile")
		}
	}
	if resource != resourceURN {
		r.p.Add("resource", "Ressource_URN must be urn:dmp")
	}
}

func (r *reader) patient(v *VIHF) func(field, text string) {
	return func(_, t string) {
		ins, err := hl7.ParseINS(t)
		if err != nil {
			r.p.Merge("patient", err)
			return
		}
		v.Patient = ins
	}
}

// coded reads an HL7 CE element.
func (r *reader) coded(field string, value *xmlr.Node, element string) segur.Code {
	n := value.Child(hl7Namespace, element)
	if n == nil || len(value.Children) != 1 {
		r.p.Add(field, "must hold one "+element+" of urn:hl7-org:v3")
		return segur.Code{}
	}
	typ, _ := n.LookupAttr(xsiNamespace, "type")
	if q, ok := n.QName(typ); !ok || q != (xmlr.Name{Space: hl7Namespace, Local: "CE"}) {
		r.p.Add(field, "must have the type CE")
	}
	return segur.Code{Code: n.Attr("code"), System: segur.OID(n.Attr("codeSystem")), SystemName: n.Attr("codeSystemName"), Display: n.Attr("displayName")}
}
