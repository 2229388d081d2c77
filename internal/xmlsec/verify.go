package xmlsec

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"strings"

	"github.com/segur-sdk/segur/internal/xmlr"
)

// NamespaceWSU is the namespace of wsu:Id.
const NamespaceWSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"

// Identifier attributes.
var (
	IDSAML = xmlr.Name{Local: "ID"}                      // SAML 2.0
	IDDSig = xmlr.Name{Local: "Id"}                      // XML Signature, XAdES
	IDWSU  = xmlr.Name{Space: NamespaceWSU, Local: "Id"} // WS-Security
)

// knownIDs are the attributes that some receiver may take for an identifier: a referenced value must be unique
// among all of them.
var knownIDs = []xmlr.Name{IDSAML, IDDSig, IDWSU, {Local: "id"}, {Space: xmlr.XMLNamespace, Local: "id"}, {Local: "AssertionID"}}

// Policy says what is accepted. IDAttrs is required; the zero value of the rest is the strictest.
type Policy struct {
	IDAttrs       []xmlr.Name // attributes that "#id" is resolved with
	AllowSHA1     bool
	AllowEmptyURI bool // Reference URI="": the whole document
	MaxReferences int  // default 4
	MinRSABits    int  // default 2048, never under 1024
	// Certificate, when set, is the only signer accepted and KeyInfo is not read. Else the certificate comes
	// from KeyInfo and its trust is for Chain.
	Certificate *x509.Certificate
	Limits      xmlr.Options // for canonical forms
}

// VerifiedReference is one reference whose digest is right.
type VerifiedReference struct {
	URI, Type string
	Element   *xmlr.Node // what URI designates in the message that was given
	Bytes     []byte     // the canonical bytes that were signed: parse these
	Digest    string     // algorithm
}

// Verified is a signature whose value and references are right. Nothing is said about trust: see Chain.
type Verified struct {
	References   []VerifiedReference
	SignedInfo   []byte // canonical
	Algorithm    string // of the signature
	Certificate  *x509.Certificate
	Certificates []*x509.Certificate // all of KeyInfo, or the one of the policy
}

// Verify checks one Signature element. The message is the whole document it was parsed from. On success every byte of
// References[i].Bytes is covered by the certificate's key. The error is an *Error.
func Verify(sig *xmlr.Node, p Policy) (*Verified, error) {
	v := verifier{p: p, sig: sig}
	v.p.fill()
	out, err := v.verify()
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (p *Policy) fill() {
	if p.MaxReferences <= 0 {
		p.MaxReferences = 4
	}
	if p.MinRSABits <= 0 {
		p.MinRSABits = 2048
	}
	p.MinRSABits = max(p.MinRSABits, 1024)
}

// VerifyEnveloped checks the signature of an element that holds it as a direct child, such as a SAML assertion, and
// returns it: exactly one Signature child, without Object, whose only reference designates the element itself by its
// identifier, with the enveloped-signature transform. References[0].Bytes is the element without its signature.
func VerifyEnveloped(element *xmlr.Node, p Policy) (*Verified, error) {
	if element == nil {
		return nil, refuse(ReasonStructure, "no element to verify")
	}
	sigs := element.All(NamespaceDS, "Signature")
	if len(sigs) != 1 {
		return nil, refuse(ReasonStructure, "exactly one signature is expected in the element")
	}
	if sigs[0].Child(NamespaceDS, "Object") != nil {
		return nil, refuse(ReasonStructure, "an enveloped signature has no Object")
	}
	p.MaxReferences, p.AllowEmptyURI = 1, false
	out, err := Verify(sigs[0], p)
	if err != nil {
		return nil, err
	}
	if out.References[0].Element != element {
		return nil, refuse(ReasonReference, "the signature covers another element")
	}
	return out, nil
}

type verifier struct {
	p   Policy
	sig *xmlr.Node
	ids map[string]*xmlr.Node
}

func (v *verifier) verify() (*Verified, *Error) {
	if !v.sig.Is(NamespaceDS, "Signature") {
		return nil, refuse(ReasonStructure, "not a Signature element")
	}
	if len(v.p.IDAttrs) == 0 {
		return nil, refuse(ReasonInput, "the policy names no identifier attribute")
	}
	if err := v.identifiers(); err != nil {
		return nil, err
	}
	// The value first: references of an unsigned SignedInfo are not worth a digest.
	out, info, err := v.value()
	if err != nil {
		return nil, err
	}
	refs := info.All(NamespaceDS, "Reference")
	if len(refs) == 0 || len(refs) > v.p.MaxReferences || len(refs) != len(info.Children)-2 {
		return nil, refuse(ReasonStructure, "unexpected number of references in SignedInfo")
	}
	for _, r := range refs {
		ref, err := v.reference(r)
		if err != nil {
			return nil, err
		}
		out.References = append(out.References, *ref)
	}
	return out, nil
}

// value checks the signature value over SignedInfo, which it returns as read from its canonical bytes.
func (v *verifier) value() (*Verified, *xmlr.Node, *Error) {
	si, value, keyInfo, err := v.parts()
	if err != nil {
		return nil, nil, err
	}
	canonical, info, err := v.signedInfo(si)
	if err != nil {
		return nil, nil, err
	}
	method, uri, err := v.method(info)
	if err != nil {
		return nil, nil, err
	}
	raw, err := base64Text(value)
	if err != nil {
		return nil, nil, err
	}
	out := &Verified{SignedInfo: canonical, Algorithm: uri}
	if out.Certificates, err = v.certificates(keyInfo); err != nil {
		return nil, nil, err
	}
	digest := sum(method.hash, canonical)
	for _, c := range out.Certificates {
		if err = verifyValue(c.PublicKey, method, digest, raw, v.p.MinRSABits); err == nil {
			out.Certificate = c
			return out, info, nil
		}
	}
	return nil, nil, err
}

// parts returns the children of Signature, which must be in the order of the schema.
func (v *verifier) parts() (si, value, keyInfo *xmlr.Node, err *Error) {
	children := v.sig.Children
	if len(children) < 2 || !children[0].Is(NamespaceDS, "SignedInfo") || !children[1].Is(NamespaceDS, "SignatureValue") {
		return nil, nil, nil, refuse(ReasonStructure, "SignedInfo and SignatureValue expected")
	}
	si, value, children = children[0], children[1], children[2:]
	if len(children) > 0 && children[0].Is(NamespaceDS, "KeyInfo") {
		keyInfo, children = children[0], children[1:]
	}
	for _, c := range children {
		if !c.Is(NamespaceDS, "Object") {
			return nil, nil, nil, refuse(ReasonStructure, "unexpected child of Signature")
		}
	}
	return si, value, keyInfo, nil
}

// identifiers indexes the message by the attributes of the policy and refuses values that occur twice.
func (v *verifier) identifiers() *Error {
	root := v.sig
	for root.Parent != nil {
		root = root.Parent
	}
	v.ids = map[string]*xmlr.Node{}
	for n := range root.Walk() {
		for _, name := range v.p.IDAttrs {
			id, ok := n.LookupAttr(name.Space, name.Local)
			if !ok {
				continue
			}
			if v.ids[id] != nil {
				return refuse(ReasonDuplicateID, "an identifier occurs twice in the message")
			}
			v.ids[id] = n
		}
	}
	return nil
}

// unique makes sure that no other element could be taken for the one that id designates.
func (v *verifier) unique(id string, target *xmlr.Node) *Error {
	root := target
	for root.Parent != nil {
		root = root.Parent
	}
	for n := range root.Walk() {
		if n == target {
			continue
		}
		for _, name := range knownIDs {
			if other, ok := n.LookupAttr(name.Space, name.Local); ok && other == id {
				return refuse(ReasonDuplicateID, "the signed identifier occurs twice in the message")
			}
		}
	}
	return nil
}

// signedInfo returns the canonical bytes of SignedInfo and the tree read from these very bytes.
func (v *verifier) signedInfo(si *xmlr.Node) ([]byte, *xmlr.Node, *Error) {
	c, err := v.canonicalization(si.Child("*", "*"))
	if err != nil {
		return nil, nil, err
	}
	c.Apex, c.Limits = si, v.p.Limits
	canonical, cerr := xmlr.Canonicalize(nil, nil, c)
	if cerr != nil {
		return nil, nil, refuseWith(ReasonStructure, "SignedInfo", cerr)
	}
	info, cerr := xmlr.Parse(canonical, v.p.Limits)
	if cerr != nil {
		return nil, nil, refuseWith(ReasonStructure, "SignedInfo", cerr)
	}
	again, err := v.canonicalization(info.Child("*", "*"))
	if err != nil {
		return nil, nil, err
	}
	if again.Mode != c.Mode || again.Comments != c.Comments || strings.Join(again.Prefixes, " ") != strings.Join(c.Prefixes, " ") {
		return nil, nil, refuse(ReasonStructure, "SignedInfo reads differently once canonical")
	}
	return canonical, info, nil
}

func (v *verifier) canonicalization(n *xmlr.Node) (xmlr.Canonical, *Error) {
	if !n.Is(NamespaceDS, "CanonicalizationMethod") {
		return xmlr.Canonical{}, refuse(ReasonStructure, "CanonicalizationMethod expected")
	}
	return canonicalFrom(n)
}

// canonicalFrom reads the Algorithm and the InclusiveNamespaces of a CanonicalizationMethod or a Transform.
func canonicalFrom(n *xmlr.Node) (xmlr.Canonical, *Error) {
	c, ok := canonicalMethod(n.Attr("Algorithm"))
	if !ok {
		return c, refuse(ReasonAlgorithm, "unknown canonicalisation or transform")
	}
	for i, p := range n.Children {
		if i > 0 || c.Mode != xmlr.Exclusive || !p.Is(ExcC14N, "InclusiveNamespaces") || len(p.Children) > 0 {
			return c, refuse(ReasonStructure, "unexpected parameter of a canonicalisation")
		}
		c.Prefixes = strings.Fields(p.Attr("PrefixList"))
		if len(c.Prefixes) > 64 {
			return c, refuse(ReasonStructure, "PrefixList too long")
		}
	}
	return c, nil
}

func (v *verifier) method(info *xmlr.Node) (method, string, *Error) {
	if len(info.Children) < 2 || !info.Children[1].Is(NamespaceDS, "SignatureMethod") {
		return method{}, "", refuse(ReasonStructure, "SignatureMethod expected")
	}
	n := info.Children[1]
	uri := n.Attr("Algorithm")
	m, ok := signatureMethods[uri]
	if !ok {
		return m, uri, refuse(ReasonAlgorithm, "signature algorithm not accepted")
	}
	if m.hash == crypto.SHA1 && !v.p.AllowSHA1 {
		return m, uri, refuse(ReasonAlgorithm, "SHA-1 is not allowed here")
	}
	if len(n.Children) > 0 {
		return m, uri, refuse(ReasonStructure, "unexpected parameter of SignatureMethod")
	}
	return m, uri, nil
}

// reference resolves one Reference of the canonical SignedInfo against the message and checks its digest.
func (v *verifier) reference(r *xmlr.Node) (*VerifiedReference, *Error) {
	target, err := v.resolve(r)
	if err != nil {
		return nil, err
	}
	children := r.Children
	c := xmlr.Canonical{} // without a transform: Canonical XML 1.0, comments left out
	enveloped := false
	if len(children) > 0 && children[0].Is(NamespaceDS, "Transforms") {
		if c, enveloped, err = v.transforms(children[0], target); err != nil {
			return nil, err
		}
		children = children[1:]
	}
	if len(children) != 2 || !children[0].Is(NamespaceDS, "DigestMethod") || !children[1].Is(NamespaceDS, "DigestValue") {
		return nil, refuse(ReasonStructure, "DigestMethod and DigestValue expected")
	}
	algorithm := children[0].Attr("Algorithm")
	hash, ok := digestMethods[algorithm]
	if !ok {
		return nil, refuse(ReasonAlgorithm, "digest algorithm not accepted")
	}
	if hash == crypto.SHA1 && !v.p.AllowSHA1 {
		return nil, refuse(ReasonAlgorithm, "SHA-1 is not allowed here")
	}
	want, err := base64Text(children[1])
	if err != nil {
		return nil, err
	}
	if target.Contains(v.sig) && !enveloped {
		return nil, refuse(ReasonReference, "the signature would cover itself")
	}
	c.Comments = false // a same-document reference designates nodes without comments (XML Signature, 4.4.3.3)
	c.Limits = v.p.Limits
	if target.Parent != nil || r.Attr("URI") != "" {
		c.Apex = target
	}
	if enveloped {
		c.Exclude = []*xmlr.Node{v.sig}
	}
	content, cerr := xmlr.Canonicalize(nil, target.Source(), c)
	if cerr != nil {
		return nil, refuseWith(ReasonReference, "the signed element has no canonical form", cerr)
	}
	if !bytes.Equal(sum(hash, content), want) {
		return nil, refuse(ReasonDigest, "the content is not what was signed")
	}
	return &VerifiedReference{URI: r.Attr("URI"), Type: r.Attr("Type"), Element: target, Bytes: content, Digest: algorithm}, nil
}

func (v *verifier) resolve(r *xmlr.Node) (*xmlr.Node, *Error) {
	uri, ok := r.LookupAttr("", "URI")
	if !ok {
		return nil, refuse(ReasonReference, "reference without URI")
	}
	if uri == "" {
		if !v.p.AllowEmptyURI {
			return nil, refuse(ReasonReference, "reference to the whole document not expected")
		}
		root := v.sig
		for root.Parent != nil {
			root = root.Parent
		}
		return root, nil
	}
	id, ok := strings.CutPrefix(uri, "#")
	if !ok || id == "" || strings.ContainsAny(id, "()'\" \t\r\n%") {
		return nil, refuse(ReasonReference, "only references to an identifier of the message are accepted")
	}
	target := v.ids[id]
	if target == nil {
		return nil, refuse(ReasonReference, "the signed element is not in the message")
	}
	return target, v.unique(id, target)
}

// transforms accepts enveloped-signature, at most once and first, then at most one canonicalisation.
func (v *verifier) transforms(n, target *xmlr.Node) (c xmlr.Canonical, enveloped bool, err *Error) {
	if len(n.Children) == 0 || len(n.Children) > 2 {
		return c, false, refuse(ReasonStructure, "unexpected number of transforms")
	}
	for i, t := range n.Children {
		if !t.Is(NamespaceDS, "Transform") {
			return c, false, refuse(ReasonStructure, "Transform expected")
		}
		switch {
		case t.Attr("Algorithm") == EnvelopedTransform && i == 0:
			if !target.Contains(v.sig) || target == v.sig || len(t.Children) > 0 {
				return c, false, refuse(ReasonReference, "the signature is not inside the element it covers")
			}
			enveloped = true
		case i == len(n.Children)-1:
			if c, err = canonicalFrom(t); err != nil {
				return c, false, err
			}
		default:
			return c, false, refuse(ReasonAlgorithm, "unexpected order of transforms")
		}
	}
	return c, enveloped, nil
}
