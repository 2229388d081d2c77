package xmlsec

import (
	"bytes"
	"encoding/base64"
	"time"

	"github.com/segur-sdk/segur/internal/dn"
	"github.com/segur-sdk/segur/internal/xmlw"
)

// Identifiers that the IHE Document Digital Signature fixes, and the purpose "Source" of ASTM E1762.
const (
	manifestID         = "IHEManifest"
	signedPropertiesID = "S0-SignedProperties"
	purposeID          = "purposeOfSignature"

	TypeManifest         = NamespaceDS + "Manifest"
	TypeSignedProperties = NamespaceXAdES + "SignedProperties"
	PurposeSource        = "1.2.840.10065.1.12.1.14"
)

// ManifestReference is one object listed by the manifest.
type ManifestReference struct {
	URI string // "urn:oid:" + uniqueId
	// Canonical: the digest is that of the inclusive canonical form with comments (CDA and other XML); else of
	// the bytes (KOS).
	Canonical bool
	// Digest by the algorithm of the signature, see Digest and DigestCanonical.
	Digest []byte
}

// Placeholder is the reference to the submission set itself, whose content cannot be digested: one zero byte.
func Placeholder(uri string) ManifestReference { return ManifestReference{URI: uri, Digest: []byte{0}} }

// DSG describes the signature document of a submission set.
type DSG struct {
	ID          string              // Signature/@Id, an NCName: a letter or "_" first
	References  []ManifestReference // the submission set (Placeholder), then each document
	SigningTime time.Time
	Purpose     string     // default PurposeSource
	Algorithms  Algorithms // the DMP takes SHA1Algorithms
}

// SignDSG returns the signature document: SignedInfo with two references (manifest and XAdES signed properties),
// canonicalised inclusively with comments, X509Certificate, the manifest, the purpose and the XAdES 1.1.1 qualifying
// properties (signing time, digest and issuer of each certificate shown, implied policy). It has no XML declaration
// and must be sent as it is.
func SignDSG(d DSG, key Key) ([]byte, error) {
	if err := key.check(); err != nil {
		return nil, err
	}
	a, m, hash, err := d.Algorithms.resolve(key.Chain[0].PublicKey)
	if err != nil {
		return nil, err
	}
	switch {
	case len(d.References) == 0:
		return nil, refuse(ReasonInput, "the manifest lists nothing")
	case d.SigningTime.IsZero():
		return nil, refuse(ReasonInput, "signing time missing")
	case !isNCName(d.ID):
		return nil, refuse(ReasonInput, "the signature identifier must start with a letter or _")
	case d.ID == manifestID || d.ID == signedPropertiesID || d.ID == purposeID:
		return nil, refuse(ReasonInput, "the signature identifier is reserved")
	}
	if d.Purpose == "" {
		d.Purpose = PurposeSource
	}
	manifest, err := d.manifest(a)
	if err != nil {
		return nil, err
	}
	properties, err := d.properties(key, a)
	if err != nil {
		return nil, err
	}
	si := signedInfo(C14NComments, a, []signedReference{
		{uri: "#" + manifestID, typ: TypeManifest, digest: sum(hash, manifest)},
		{uri: "#" + signedPropertiesID, typ: TypeSignedProperties, digest: sum(hash, properties)},
	})
	value, err := key.sign(m, si)
	if err != nil {
		return nil, err
	}
	return d.assemble(key, si, value, manifest, properties)
}

// assemble writes the document around the parts that were digested. Each part was made as the apex of its own
// canonical form; inside the document the declaration that it inherits is left out.
func (d DSG) assemble(key Key, si, value, manifest, properties []byte) ([]byte, error) {
	w := xmlw.New(make([]byte, 0, 4096+len(manifest)+len(properties)))
	w.Start("Signature")
	w.NS("", NamespaceDS)
	w.Attr("Id", d.ID)
	w.Raw(embedded(nil, si))
	w.Start("SignatureValue")
	w.Base64Bytes(value)
	w.End()
	w.Raw(key.appendKeyInfo(nil))
	w.Start("Object")
	w.Raw(bytes.Replace(manifest, []byte(apexNS), nil, 1))
	w.End()
	w.Start("Object")
	w.Start("SignatureProperties")
	w.Elem("SignatureProperty", d.Purpose, "Id", purposeID, "Target", "#"+d.ID)
	w.End()
	w.End()
	w.Start("Object")
	w.Start("QualifyingProperties")
	w.NS("", NamespaceXAdES)
	w.Attr("Target", "#"+d.ID)
	w.Raw(bytes.Replace(properties, []byte(` xmlns="`+NamespaceXAdES+`"`), nil, 1))
	w.End()
	w.End()
	w.End()
	out, err := w.Bytes()
	if err != nil {
		return nil, refuseWith(ReasonInput, "signature document", err)
	}
	return out, nil
}

func (d DSG) manifest(a Algorithms) ([]byte, error) {
	w := xmlw.New(nil)
	w.Start("Manifest")
	w.NS("", NamespaceDS)
	w.Attr("Id", manifestID)
	for _, r := range d.References {
		if r.URI == "" || len(r.Digest) == 0 {
			return nil, refuse(ReasonInput, "a manifest reference has no URI or no digest")
		}
		w.Start("Reference")
		w.Attr("URI", r.URI)
		if r.Canonical {
			w.Start("Transforms")
			w.Elem("Transform", "", "Algorithm", C14NComments)
			w.End()
		}
		w.Elem("DigestMethod", "", "Algorithm", a.Digest)
		w.Start("DigestValue")
		w.Base64Bytes(r.Digest)
		w.End()
		w.End()
	}
	w.End()
	b, err := w.Bytes()
	if err != nil {
		return nil, refuseWith(ReasonInput, "manifest", err)
	}
	return b, nil
}

// signingTimeLayout is UTC with milliseconds, as the official samples write it.
const signingTimeLayout = "2006-01-02T15:04:05.000Z"

func (d DSG) properties(key Key, a Algorithms) ([]byte, error) {
	hash := digestMethods[a.Digest]
	w := xmlw.New(nil)
	w.Start("SignedProperties")
	w.NS("", NamespaceXAdES)
	w.Attr("Id", signedPropertiesID)
	w.Start("SignedSignatureProperties")
	w.Elem("SigningTime", d.SigningTime.UTC().Format(signingTimeLayout))
	w.Start("SigningCertificate")
	for _, c := range key.shown() {
		issuer, err := dn.Decode(c.RawIssuer)
		if err != nil {
			return nil, refuseWith(ReasonCertificate, "the name of the issuer", err)
		}
		w.Start("Cert")
		w.Start("CertDigest")
		w.Elem("DigestMethod", "", "Algorithm", a.Digest)
		w.Elem("DigestValue", base64.StdEncoding.EncodeToString(sum(hash, c.Raw)))
		w.End()
		w.Start("IssuerSerial")
		w.Start("X509IssuerName")
		w.NS("", NamespaceDS)
		w.Text(issuer.Text())
		w.End()
		w.Start("X509SerialNumber")
		w.NS("", NamespaceDS)
		w.Text(c.SerialNumber.String())
		w.End()
		w.End()
		w.End()
	}
	w.End()
	w.Start("SignaturePolicyIdentifier")
	w.Elem("SignaturePolicyImplied", "")
	w.End()
	w.End()
	w.Elem("SignedDataObjectProperties", "")
	w.End()
	b, err := w.Bytes()
	if err != nil {
		return nil, refuseWith(ReasonInput, "signed properties", err)
	}
	return b, nil
}

// isNCName: s can be used as an xs:ID. ASCII is enough for what we write.
func isNCName(s string) bool {
	for i, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_':
		case i > 0 && (c >= '0' && c <= '9' || c == '-' || c == '.'):
		default:
			return false
		}
	}
	return s != ""
}
