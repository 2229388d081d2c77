package xmlsec

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/segur-sdk/segur/internal/dn"
	"github.com/segur-sdk/segur/internal/xmlr"
)

// Names of XAdES 1.3.2 and of XPath Filter 2.
const (
	NamespaceXAdES132       = "http://uri.etsi.org/01903/v1.3.2#"
	TypeSignedProperties132 = "http://uri.etsi.org/01903#SignedProperties" // the version is not in it
	XPathFilter2            = "http://www.w3.org/2002/06/xmldsig-filter2"
)

// subtractsSignature reports whether a Transform of the canonical SignedInfo is XPath Filter 2 with the only expression
// that is understood. The prefix must be bound there, since the canonical form is what the signature covers, and as it is
// written too: see signedProperties.
func subtractsSignature(t *xmlr.Node) bool {
	if !t.Is(NamespaceDS, "Transform") || t.Attr("Algorithm") != XPathFilter2 || len(t.Children) != 1 {
		return false
	}
	x := t.Children[0]
	bound, _ := x.LookupNS("ds")
	return x.Is(XPathFilter2, "XPath") && len(x.Children) == 0 && len(x.Attrs) == 1 && x.Attr("Filter") == "subtract" &&
		bound == NamespaceDS && x.Text() == "/descendant::ds:Signature"
}

// identified notes what could be taken for an identifier outside the signature.
func (d *document) identified(s *xmlr.Scanner) {
	for i := range s.NumAttr() {
		space, local := s.AttrName(i)
		for _, name := range knownIDs {
			if space == name.Space && string(local) == name.Local {
				if d.ids == nil {
					d.ids = map[string]bool{}
				}
				d.ids[string(s.AttrValue(i))] = true
			}
		}
	}
}

// distinct refuses an identifier of the signature that occurs twice, inside or outside of it.
func (d *document) distinct(sig *xmlr.Node) *Error {
	seen := map[string]bool{}
	for n := range sig.Walk() {
		own := map[string]bool{} // one element may bear the same value twice
		for _, name := range knownIDs {
			if id, ok := n.LookupAttr(name.Space, name.Local); ok {
				own[id] = true
			}
		}
		for id := range own {
			if seen[id] || d.ids[id] {
				return refuse(ReasonDuplicateID, "an identifier of the signature occurs twice in the document")
			}
			seen[id] = true
		}
	}
	return nil
}

// qualified checks the references of XAdESForm: the document and, when there is an Object, its signed properties.
func (d *document) qualified(sig, info *xmlr.Node, out *VerifiedDocument) *Error {
	properties, err := signedProperties(sig)
	if err != nil {
		return err
	}
	if err := d.distinct(sig); err != nil {
		return err
	}
	var content, qualifying *xmlr.Node
	for _, r := range info.Children[2:] {
		switch {
		case r.Attr("Type") == TypeSignedProperties132 && qualifying == nil:
			qualifying = r
		case r.Attr("Type") != TypeSignedProperties132 && content == nil:
			content = r
		default:
			return refuse(ReasonStructure, "unexpected number of references in SignedInfo")
		}
	}
	switch {
	case content == nil:
		return refuse(ReasonReference, "the signature does not cover the document")
	case (properties == nil) != (qualifying == nil):
		return refuse(ReasonReference, "the signed properties and the reference to them go together")
	}
	if err := d.reference(content, out); err != nil || properties == nil {
		return err
	}
	signed, err := d.propertiesReference(qualifying, properties, out)
	if err != nil {
		return err
	}
	return readXAdES(signed, out)
}

// signedProperties gives the properties that the Object of the signature holds, nil without Object. Nothing else may be in
// the Object: what it is for would be unknown, and no reference would cover it.
func signedProperties(sig *xmlr.Node) (*xmlr.Node, *Error) {
	for n := range sig.Walk() {
		if n != sig && n.Is(NamespaceDS, "Signature") {
			return nil, refuse(ReasonStructure, "a signature inside the signature")
		}
		// A declaration that the canonical form leaves out would change the expression for others.
		if bound, _ := n.LookupNS("ds"); n.Is(XPathFilter2, "XPath") && bound != NamespaceDS {
			return nil, refuse(ReasonAlgorithm, "unexpected transforms")
		}
	}
	objects := sig.All(NamespaceDS, "Object")
	if len(objects) == 0 {
		return nil, nil
	}
	id := sig.Attr("Id")
	q := objects[0].Child("*", "*")
	switch {
	case len(objects) > 1:
		return nil, refuse(ReasonStructure, "more than one Object in the signature")
	case !only(objects[0], NamespaceXAdES132, "QualifyingProperties") || !only(q, NamespaceXAdES132, "SignedProperties"):
		return nil, refuse(ReasonStructure, "the Object of the signature holds something else than signed properties")
	case id == "" || q.Attr("Target") != "#"+id:
		return nil, refuse(ReasonReference, "the signed properties are those of another signature")
	}
	return q.Children[0], nil
}

// only reports whether the element holds one child, of this name, and no text.
func only(n *xmlr.Node, space, local string) bool {
	return len(n.Children) == 1 && n.Children[0].Is(space, local) && n.TrimText() == ""
}

// propertiesReference checks the digest of the signed properties and gives them as read from the bytes that were signed.
func (d *document) propertiesReference(r, properties *xmlr.Node, out *VerifiedDocument) (*xmlr.Node, *Error) {
	id, uri := properties.Attr("Id"), r.Attr("URI")
	if !r.Is(NamespaceDS, "Reference") || id == "" || uri != "#"+id {
		return nil, refuse(ReasonReference, "the reference designates something else than the signed properties")
	}
	transforms, algorithm, want, err := referenceParts(r)
	if err != nil {
		return nil, err
	}
	if len(transforms) != 1 || !bareTransform(transforms[0], ExcC14N) {
		return nil, refuse(ReasonAlgorithm, "unexpected transforms")
	}
	hash, err := strongDigest(algorithm)
	if err != nil {
		return nil, err
	}
	canonical, cerr := xmlr.Canonicalize(nil, nil, xmlr.Canonical{Mode: xmlr.Exclusive, Apex: properties, Limits: d.p.Limits})
	if cerr != nil {
		return nil, refuseWith(ReasonReference, "the signed properties have no canonical form", cerr)
	}
	if !bytes.Equal(sum(hash, canonical), want) {
		return nil, refuse(ReasonDigest, "the properties are not what was signed")
	}
	signed, cerr := xmlr.Parse(canonical, d.p.Limits)
	if cerr != nil {
		return nil, refuseWith(ReasonStructure, "signed properties", cerr)
	}
	out.References = append(out.References, VerifiedReference{URI: uri, Type: r.Attr("Type"), Element: properties, Bytes: canonical, Digest: algorithm})
	return signed, nil
}

// strongDigest accepts SHA-2 only.
func strongDigest(algorithm string) (crypto.Hash, *Error) {
	hash, ok := digestMethods[algorithm]
	if !ok || hash == crypto.SHA1 {
		return 0, refuse(ReasonAlgorithm, "digest algorithm not accepted")
	}
	return hash, nil
}

// readXAdES reads the signed properties: the time, and the certificate, which must be the one that signed. The rest
// (commitment, format of the data) is signed and changes nothing.
func readXAdES(n *xmlr.Node, out *VerifiedDocument) *Error {
	props := n.Child(NamespaceXAdES132, "SignedSignatureProperties")
	if times := props.All(NamespaceXAdES132, "SigningTime"); len(times) > 0 {
		t, err := time.Parse(time.RFC3339Nano, times[0].TrimText())
		if err != nil || len(times) > 1 {
			return refuse(ReasonStructure, "signing time given twice or malformed")
		}
		out.SigningTime = t
	}
	v1, v2 := props.All(NamespaceXAdES132, "SigningCertificate"), props.All(NamespaceXAdES132, "SigningCertificateV2")
	all := slices.Concat(v1, v2)
	if len(all) != 1 {
		return refuse(ReasonCertificate, "the signed properties must name the signer's certificate, once")
	}
	// Others that follow are those of its authorities.
	cert := all[0].Child("*", "*")
	if !cert.Is(NamespaceXAdES132, "Cert") || len(all[0].Children) > maxCertificates {
		return refuse(ReasonStructure, "unexpected content of the signer's certificate in the signed properties")
	}
	if err := certificateDigest(cert, out.Certificate); err != nil {
		return err
	}
	other := refuse(ReasonCertificate, "the signed properties name another certificate")
	for i, c := range cert.Children {
		switch {
		case i == 0: // the digest
		case i == 1 && len(v1) > 0 && c.Is(NamespaceXAdES132, "IssuerSerial"):
			if !issuerSerial(c, out.Certificate) {
				return other
			}
		case i == 1 && len(v2) > 0 && c.Is(NamespaceXAdES132, "IssuerSerialV2"):
			if der, err := base64Text(c); err != nil || !issuerSerialV2(der, out.Certificate) {
				return other
			}
		default:
			return refuse(ReasonStructure, "unexpected content of the signer's certificate in the signed properties")
		}
	}
	if len(v1) > 0 && len(cert.Children) != 2 {
		return refuse(ReasonStructure, "the signed properties do not say the issuer of the signer's certificate")
	}
	return nil
}

func certificateDigest(cert *xmlr.Node, c *x509.Certificate) *Error {
	d := cert.Child("*", "*")
	if !d.Is(NamespaceXAdES132, "CertDigest") || len(d.Children) != 2 || !d.Children[0].Is(NamespaceDS, "DigestMethod") ||
		!d.Children[1].Is(NamespaceDS, "DigestValue") {
		return refuse(ReasonStructure, "unexpected content of the signer's certificate in the signed properties")
	}
	hash, err := strongDigest(d.Children[0].Attr("Algorithm"))
	if err != nil {
		return err
	}
	want, err := base64Text(d.Children[1])
	if err != nil {
		return err
	}
	if !bytes.Equal(sum(hash, c.Raw), want) {
		return refuse(ReasonCertificate, "the signed properties name another certificate")
	}
	return nil
}

// issuerSerial compares the form of SigningCertificate: a name in text and a number in decimal.
func issuerSerial(n *xmlr.Node, c *x509.Certificate) bool {
	if len(n.Children) != 2 || !n.Children[0].Is(NamespaceDS, "X509IssuerName") || !n.Children[1].Is(NamespaceDS, "X509SerialNumber") {
		return false
	}
	text := n.Children[1].TrimText()
	if text == "" || len(text) > 64 || strings.Trim(text, "0123456789") != "" {
		return false
	}
	number, ok := new(big.Int).SetString(text, 10)
	return ok && number.Cmp(c.SerialNumber) == 0 && dn.Matches(n.Children[0].TrimText(), c.RawIssuer)
}

// issuerSerialV2 compares the form of SigningCertificateV2: the DER of IssuerSerial (RFC 5035), whose issuer is one
// directoryName.
func issuerSerialV2(der []byte, c *x509.Certificate) bool {
	var v struct {
		Issuer []asn1.RawValue
		Serial *big.Int
	}
	rest, err := asn1.Unmarshal(der, &v)
	if err != nil || len(rest) > 0 || len(v.Issuer) != 1 || v.Serial.Cmp(c.SerialNumber) != 0 {
		return false
	}
	name := v.Issuer[0]
	if name.Class != asn1.ClassContextSpecific || name.Tag != 4 || !name.IsCompound {
		return false
	}
	if bytes.Equal(name.Bytes, c.RawIssuer) {
		return true
	}
	written, err := dn.Decode(name.Bytes)
	if err != nil {
		return false
	}
	issuer, err := dn.Decode(c.RawIssuer)
	return err == nil && written.Equal(issuer)
}
