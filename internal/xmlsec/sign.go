package xmlsec

import (
	"bytes"
	"encoding/base64"

	"github.com/segur-sdk/segur/internal/xmlr"
	"github.com/segur-sdk/segur/internal/xmlw"
)

// apexNS is what canonical form puts on the SignedInfo element and the embedded text does not need.
const apexNS = ` xmlns="` + NamespaceDS + `"`

// signedReference is one Reference of SignedInfo.
type signedReference struct {
	uri, typ   string
	transforms []string
	digest     []byte
}

// signedInfo returns the canonical form of SignedInfo. The same bytes are canonical inclusively and exclusively,
// because the only namespace in scope is that of XML Signature.
func signedInfo(canonicalization string, a Algorithms, refs []signedReference) ([]byte, error) {
	w := xmlw.New(make([]byte, 0, 1024))
	w.Start("SignedInfo")
	w.NS("", NamespaceDS)
	w.Elem("CanonicalizationMethod", "", "Algorithm", canonicalization)
	w.Elem("SignatureMethod", "", "Algorithm", a.Signature)
	for _, r := range refs {
		w.Start("Reference")
		w.AttrOpt("Type", r.typ)
		w.Attr("URI", r.uri)
		if len(r.transforms) > 0 {
			w.Start("Transforms")
			for _, t := range r.transforms {
				w.Elem("Transform", "", "Algorithm", t)
			}
			w.End()
		}
		w.Elem("DigestMethod", "", "Algorithm", a.Digest)
		w.Start("DigestValue")
		w.Base64Bytes(r.digest)
		w.End()
		w.End()
	}
	w.End()
	b, err := w.Bytes()
	if err != nil {
		return nil, refuseWith(ReasonInput, "SignedInfo", err)
	}
	return b, nil
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
	if err := key.check(); err != nil {
		return nil, err
	}
	a, m, hash, err := a.resolve(key.Chain[0].PublicKey)
	if err != nil {
		return nil, err
	}
	id, err := checkElement(element, at, idAttr)
	if err != nil {
		return nil, err
	}
	si, err := signedInfo(ExcC14N, a, []signedReference{{
		uri: "#" + id, transforms: []string{EnvelopedTransform, ExcC14N}, digest: sum(hash, element),
	}})
	if err != nil {
		return nil, err
	}
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
	canonical, err := xmlr.Canonicalize(make([]byte, 0, len(element)+64), element, xmlr.Canonical{Mode: xmlr.Exclusive})
	if err != nil {
		return "", refuseWith(ReasonInput, "the element is not well formed", err)
	}
	if !bytes.Equal(canonical, element) {
		return "", refuse(ReasonInput, "the element is not in exclusive canonical form")
	}
	s := xmlr.NewScanner(element, xmlr.Options{})
	s.Next()
	id, ok := s.Attr("", idAttr)
	if !ok || len(id) == 0 {
		return "", refuse(ReasonInput, "the element has no identifier")
	}
	name := string(id)
	boundary := false
	if s.Space() == "" {
		return "", refuse(ReasonInput, "an element without namespace would take another one inside a message")
	}
	for s.Next() {
		if s.Kind() == xmlr.StartElement && s.Space() == "" {
			return "", refuse(ReasonInput, "an element without namespace would take another one inside a message")
		}
		if s.Depth() == 2 && s.Kind() == xmlr.StartElement && s.Is(NamespaceDS, "Signature") {
			return "", refuse(ReasonInput, "the element is signed already")
		}
		if s.Depth() == 2 && s.Kind() == xmlr.EndElement && s.EndOffset() == at {
			boundary = true
		}
	}
	if !boundary {
		return "", refuse(ReasonInput, "the signature must go right after a child element")
	}
	return name, nil
}
