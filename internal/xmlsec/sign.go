package xmlsec

import (
	"bytes"
	"encoding/base64"

	"github.com/segur-sdk/segur/internal/xmlr"
)

// apexNS is what canonical form puts on the SignedInfo element and the embedded text does not need.
const apexNS = ` xmlns="` + NamespaceDS + `"`

// signedReference is one Reference of SignedInfo.
type signedReference struct {
	uri, typ   string
	transforms []string
	digest     []byte
}

// appendEmpty writes an element that has an Algorithm and nothing else. Algorithms are ours: nothing to escape.
func appendEmpty(dst []byte, name, algorithm string) []byte {
	dst = append(append(append(dst, '<'), name...), ` Algorithm="`...)
	dst = append(append(dst, algorithm...), `"></`...)
	return append(append(dst, name...), '>')
}

// signedInfo returns the canonical form of SignedInfo. The same bytes are canonical inclusively and exclusively,
// because the only namespace in scope is that of XML Signature. URIs must need no escaping.
func signedInfo(canonicalization string, a Algorithms, refs []signedReference) []byte {
	dst := make([]byte, 0, 1024)
	dst = append(dst, "<SignedInfo"+apexNS+">"...)
	dst = appendEmpty(dst, "CanonicalizationMethod", canonicalization)
	dst = appendEmpty(dst, "SignatureMethod", a.Signature)
	for _, r := range refs {
		dst = append(dst, "<Reference"...)
		if r.typ != "" {
			dst = append(append(append(dst, ` Type="`...), r.typ...), '"')
		}
		dst = append(append(append(dst, ` URI="`...), r.uri...), `">`...)
		if len(r.transforms) > 0 {
			dst = append(dst, "<Transforms>"...)
			for _, t := range r.transforms {
				dst = appendEmpty(dst, "Transform", t)
			}
			dst = append(dst, "</Transforms>"...)
		}
		dst = appendEmpty(dst, "DigestMethod", a.Digest)
		dst = append(dst, "<DigestValue>"...)
		dst = base64.StdEncoding.AppendEncode(dst, r.digest)
		dst = append(dst, "</DigestValue></Reference>"...)
	}
	return append(dst, "</SignedInfo>"...)
}

// embedded cuts the namespace that SignedInfo inherits from Signature.
func embedded(dst, si []byte) []byte {
	const tag = "<SignedInfo"
	return append(append(dst, tag...), si[len(tag)+len(apexNS):]...)
}

// SignEnveloped signs an element and returns it with the Signature element inserted at offset at: for a SAML
// assertion, right after its Issuer. element must be the whole element in exclusive canonical form (the output
// of xmlw with namespaces declared where used), without a signature, and carry idAttr="..." on its root; this is
// checked. The result must be sent as it is.
//
// Reference "#id"; transforms enveloped-signature and exclusive canonicalisation; X509Certificate in KeyInfo.
func SignEnveloped(element []byte, at int, idAttr string, key Key, a Algorithms) ([]byte, error) {
	id, err := checkElement(element, at, idAttr)
	if err != nil {
		return nil, err
	}
	return SignWritten(element, at, id, key, a)
}

// SignWritten is SignEnveloped for an element that the caller has just written itself with xmlw, whose form its tests
// guarantee: identifier id on the root, exclusive canonical form, every element in a namespace, at right after a child.
// Nothing of this is checked again, which saves as much time as writing the element took.
func SignWritten(element []byte, at int, id string, key Key, a Algorithms) ([]byte, error) {
	if err := key.check(); err != nil {
		return nil, err
	}
	a, m, hash, err := a.resolve(key.Chain[0].PublicKey)
	if err != nil {
		return nil, err
	}
	if !isNCName(id) {
		return nil, refuse(ReasonInput, "the identifier must start with a letter or _ and hold letters, digits, '-', '_' and '.'")
	}
	si := signedInfo(ExcC14N, a, []signedReference{{
		uri: "#" + id, transforms: []string{EnvelopedTransform, ExcC14N}, digest: sum(hash, element),
	}})
	value, err := key.sign(m, si)
	if err != nil {
		return nil, err
	}
	size := len(element) + len(si) + len(value)*2 + 256
	for _, c := range key.shown() {
		size += base64.StdEncoding.EncodedLen(len(c.Raw)) + 64
	}
	out := make([]byte, 0, size)
	out = append(out, element[:at]...)
	out = append(out, "<Signature"+apexNS+">"...)
	out = embedded(out, si)
	out = append(out, "<SignatureValue>"...)
	out = base64.StdEncoding.AppendEncode(out, value)
	out = append(out, "</SignatureValue>"...)
	out = key.appendKeyInfo(out)
	out = append(out, "</Signature>"...)
	return append(out, element[at:]...), nil
}

// checkElement makes sure that digesting the bytes is digesting the canonical form, and returns the identifier.
func checkElement(element []byte, at int, idAttr string) (string, error) {
	var id string
	boundary, problem := false, ""
	visit := func(s *xmlr.Scanner) {
		switch {
		case s.Kind() == xmlr.StartElement && s.Space() == "":
			problem = "an element without namespace would take another one inside a message"
		case s.Kind() == xmlr.StartElement && s.Depth() == 1:
			v, _ := s.Attr("", idAttr)
			id = string(v)
		case s.Kind() == xmlr.StartElement && s.Depth() == 2 && s.Is(NamespaceDS, "Signature"):
			problem = "the element is signed already"
		case s.Kind() == xmlr.EndElement && s.Depth() == 2 && s.EndOffset() == at:
			boundary = true
		}
	}
	canonical, err := xmlr.Canonicalize(make([]byte, 0, len(element)+64), element, xmlr.Canonical{Mode: xmlr.Exclusive, Visit: visit})
	switch {
	case err != nil:
		return "", refuseWith(ReasonInput, "the element is not well formed", err)
	case !bytes.Equal(canonical, element):
		return "", refuse(ReasonInput, "the element is not in exclusive canonical form")
	case id == "":
		return "", refuse(ReasonInput, "the element has no identifier")
	case problem != "":
		return "", refuse(ReasonInput, problem)
	case !boundary:
		return "", refuse(ReasonInput, "the signature must go right after a child element")
	}
	return id, nil
}
