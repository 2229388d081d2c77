package xmlsec

import (
	"bytes"
	"strings"
	"time"

	"github.com/segur-sdk/segur/internal/xmlr"
)

// SignedDSG is a signature document that verified: all its fields come from the bytes that were signed, except Purpose,
// which the format leaves unsigned.
type SignedDSG struct {
	*Verified
	ID          string
	References  []SignedManifestReference
	SigningTime time.Time
	Purpose     string
}

// SignedManifestReference is an object that the signed manifest lists.
type SignedManifestReference struct {
	ManifestReference
	Algorithm string // of the digest
}

// Match compares the object with what was signed: content is canonicalised first when the reference says so.
func (r SignedManifestReference) Match(content []byte, limits xmlr.Options) error {
	var got []byte
	var err error
	if r.Canonical {
		got, err = DigestCanonical(content, r.Algorithm, limits)
	} else {
		got, err = Digest(bytes.NewReader(content), r.Algorithm)
	}
	if err != nil {
		return err
	}
	if !bytes.Equal(got, r.Digest) {
		return refuse(ReasonDigest, "the document is not what the manifest lists")
	}
	return nil
}

// VerifyDSG checks a signature document: the signature, that it covers exactly one manifest and one set of XAdES
// signed properties, both inside the document and of the expected type, and that the properties name the certificate
// that signed. It does not fetch what the manifest lists: see Match. p.IDAttrs defaults to Id; XAdES 1.1.1, the
// version in use, and later ones are told apart by namespace and only the former is accepted.
func VerifyDSG(doc []byte, p Policy) (*SignedDSG, error) {
	root, err := xmlr.Parse(doc, p.Limits)
	if err != nil {
		return nil, refuseWith(ReasonStructure, "signature document", err)
	}
	if len(p.IDAttrs) == 0 {
		p.IDAttrs = []xmlr.Name{IDDSig}
	}
	p.MaxReferences, p.AllowEmptyURI = 2, false
	v, err := Verify(root, p)
	if err != nil {
		return nil, err
	}
	out := &SignedDSG{Verified: v, ID: root.Attr("Id")}
	var manifest, properties *xmlr.Node
	for _, r := range v.References {
		signed, err := xmlr.Parse(r.Bytes, p.Limits)
		if err != nil {
			return nil, refuseWith(ReasonStructure, "signed part", err)
		}
		parent := r.Element.Parent
		switch {
		case manifest == nil && r.Type == TypeManifest && signed.Is(NamespaceDS, "Manifest") && parent.Is(NamespaceDS, "Object"):
			manifest = signed
		case properties == nil && r.Type == TypeSignedProperties && signed.Is(NamespaceXAdES, "SignedProperties") &&
			parent.Is(NamespaceXAdES, "QualifyingProperties") && parent.Attr("Target") == "#"+out.ID:
			properties = signed
		default:
			return nil, refuse(ReasonReference, "the signature covers something else than a manifest and signed properties")
		}
	}
	if manifest == nil || properties == nil {
		return nil, refuse(ReasonReference, "the manifest or the signed properties are not signed")
	}
	for _, n := range root.All(NamespaceDS, "Object/SignatureProperties/SignatureProperty") {
		if n.Attr("Target") == "#"+out.ID {
			out.Purpose = n.TrimText()
		}
	}
	if err := out.readManifest(manifest, p); err != nil {
		return nil, err
	}
	if err := out.readProperties(properties, p); err != nil {
		return nil, err
	}
	return out, nil
}

// maxManifest bounds the objects of one submission set.
const maxManifest = 1000

func (d *SignedDSG) readManifest(n *xmlr.Node, p Policy) *Error {
	if len(n.Children) == 0 || len(n.Children) > maxManifest {
		return refuse(ReasonStructure, "unexpected number of references in the manifest")
	}
	for _, r := range n.Children {
		if !r.Is(NamespaceDS, "Reference") || r.Attr("URI") == "" {
			return refuse(ReasonStructure, "unexpected content of the manifest")
		}
		var ref SignedManifestReference
		ref.URI = r.Attr("URI")
		children := r.Children
		if len(children) > 0 && children[0].Is(NamespaceDS, "Transforms") {
			if len(children[0].Children) != 1 || children[0].Children[0].Attr("Algorithm") != C14NComments {
				return refuse(ReasonAlgorithm, "unexpected transform in the manifest")
			}
			ref.Canonical, children = true, children[1:]
		}
		if len(children) != 2 || !children[0].Is(NamespaceDS, "DigestMethod") || !children[1].Is(NamespaceDS, "DigestValue") {
			return refuse(ReasonStructure, "unexpected content of the manifest")
		}
		ref.Algorithm = children[0].Attr("Algorithm")
		if _, ok := digestMethods[ref.Algorithm]; !ok || ref.Algorithm == SHA1 && !p.AllowSHA1 {
			return refuse(ReasonAlgorithm, "digest algorithm not accepted in the manifest")
		}
		var err *Error
		if ref.Digest, err = base64Text(children[1]); err != nil {
			return err
		}
		d.References = append(d.References, ref)
	}
	return nil
}

func (d *SignedDSG) readProperties(n *xmlr.Node, p Policy) *Error {
	props := n.Child(NamespaceXAdES, "SignedSignatureProperties")
	var err error
	text := props.Child(NamespaceXAdES, "SigningTime").TrimText()
	if d.SigningTime, err = time.Parse(time.RFC3339Nano, text); err != nil {
		return refuse(ReasonStructure, "signing time missing or malformed")
	}
	cert := props.Find(NamespaceXAdES, "SigningCertificate/Cert")
	digest := cert.Child(NamespaceXAdES, "CertDigest")
	algorithm := digest.Child("*", "DigestMethod").Attr("Algorithm")
	hash, ok := digestMethods[algorithm]
	if !ok || algorithm == SHA1 && !p.AllowSHA1 {
		return refuse(ReasonAlgorithm, "digest algorithm not accepted in the signed properties")
	}
	want, berr := base64Text(digest.Child("*", "DigestValue"))
	if berr != nil {
		return berr
	}
	if !bytes.Equal(sum(hash, d.Certificate.Raw), want) {
		return refuse(ReasonCertificate, "the signed properties name another certificate")
	}
	serial := cert.Find("*", "IssuerSerial/X509SerialNumber").TrimText()
	if strings.TrimLeft(serial, "0") != d.Certificate.SerialNumber.String() {
		return refuse(ReasonCertificate, "the signed properties name another certificate")
	}
	return nil
}
