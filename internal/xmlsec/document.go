package xmlsec

import (
	"crypto/sha256"
	"slices"
	"time"

	"github.com/segur-sdk/segur/internal/xmlr"
)

// DocumentForm is a shape of signature that [VerifyDocument] may accept.
type DocumentForm uint8

const (
	// EnvelopedForm is one Reference with the transforms enveloped-signature then exclusive canonicalisation, and no
	// Object: the list of MSSanté.
	EnvelopedForm DocumentForm = iota
	// XAdESForm is the list of DRIM-M: the Reference of EnvelopedForm, or one whose first transform is XPath Filter 2 with
	// exactly the subtraction of /descendant::ds:Signature; and one Object of XAdES 1.3.2 signed properties, covered by a
	// second Reference, that name the certificate that signed (EN 319 132-1, baseline B). Both are there or none.
	XAdESForm
)

// DocumentPolicy says what [VerifyDocument] accepts. Its zero value is the strictest: RSA or ECDSA with SHA-256.
type DocumentPolicy struct {
	// Form is the shape of the signature.
	Form DocumentForm
	// Signatures lists the accepted signature algorithms. nil: RSASHA256 and ECDSASHA256.
	Signatures []string
	// MinRSABits is the shortest RSA key. 0: 2048; never under 1024.
	MinRSABits int
	// Visit, when set, is told of every event of the document that the signature covers, in order, while the digest is
	// taken: what it gathers is worth nothing until VerifyDocument returns without error. Its error ends the reading. It
	// must not move the scanner.
	Visit func(s *xmlr.Scanner) error
	// Limits bounds the document.
	Limits xmlr.Options
}

// VerifiedDocument is a document whose signature is right. Nothing is said about trust: see [Verified.Chain].
type VerifiedDocument struct {
	Verified
	// Digest is the SHA-256 of the canonical form that was signed: the identity of the content.
	Digest [sha256.Size]byte
	// SigningTime is what the signer claims in its signed properties; zero without.
	SigningTime time.Time
}

// VerifyDocument checks a document that bears one enveloped signature over the whole of it, as the last child of the
// root, and reads it in the same single pass: the national lists are megabytes long. Exclusive canonical form, SHA-256,
// a Reference with URI="" and a certificate in KeyInfo are the only profile; the form says what else there may be. Comments
// and processing instructions are refused wherever they are: a signature does not cover the former. A second Signature is
// refused wherever it is: XPath Filter 2 would leave it out of what is covered. The error is an *Error, an *xmlr.Error or
// that of Visit.
func VerifyDocument(src []byte, p DocumentPolicy) (*VerifiedDocument, error) {
	d := document{p: p}
	hash := sha256.New()
	err := xmlr.CanonicalizeTo(hash, src, xmlr.Canonical{Mode: xmlr.Exclusive, Omit: d.omit, Visit: d.visit, Limits: p.Limits})
	if d.err != nil {
		err = d.err
	}
	switch {
	case err != nil:
		return nil, err
	case d.signatures == 0:
		return nil, refuse(ReasonStructure, "the document is not signed")
	}
	out := &VerifiedDocument{}
	hash.Sum(out.Digest[:0])
	if err := d.signature(src, out); err != nil {
		return nil, err
	}
	return out, nil
}

type document struct {
	p          DocumentPolicy
	signatures int
	start, end int // of the signature
	headS      int // of the start tag of the root
	headE      int
	root       string // its name as written
	err        error
	ended      bool            // the signature is behind
	ids        map[string]bool // identifiers outside the signature, XAdESForm only
}

// omit leaves out the signature, which only a child of the root may be.
func (d *document) omit(s *xmlr.Scanner) bool {
	if d.err != nil || !s.Is(NamespaceDS, "Signature") {
		return false
	}
	if d.signatures++; s.Depth() != 2 || d.signatures > 1 {
		d.err = refuse(ReasonStructure, "exactly one signature is expected, as a child of the root")
		return false
	}
	d.start = s.Offset()
	return true
}

func (d *document) visit(s *xmlr.Scanner) {
	if d.signatures == 1 && !d.ended {
		d.end, d.ended = s.Offset(), true
	}
	if d.err != nil {
		return
	}
	switch k := s.Kind(); {
	case k == xmlr.Comment || k == xmlr.PI:
		d.err = refuse(ReasonStructure, "comments and processing instructions are not accepted in a signed document")
		return
	case k == xmlr.StartElement && s.Depth() == 1:
		d.headS, d.headE = s.Offset(), s.EndOffset()
		d.root = string(s.Local())
		if prefix := s.Prefix(); len(prefix) > 0 {
			d.root = string(prefix) + ":" + d.root
		}
	case d.ended && (k == xmlr.StartElement || k == xmlr.Text && !s.Blank()):
		d.err = refuse(ReasonStructure, "the signature is not the last child of the root")
		return
	}
	if d.p.Form == XAdESForm && s.Kind() == xmlr.StartElement {
		d.identified(s)
	}
	if d.p.Visit != nil {
		d.err = d.p.Visit(s)
	}
}

// signature checks the signature against the digest. It is read below the start tag of the root, whose namespaces are in
// scope, and nothing else: the rest of the document was read already.
func (d *document) signature(src []byte, out *VerifiedDocument) error {
	skeleton := slices.Concat(src[d.headS:d.headE], src[d.start:d.end], []byte("</"+d.root+">"))
	for s := xmlr.NewScanner(skeleton, d.p.Limits); s.Next(); {
		if s.Kind() == xmlr.Comment || s.Kind() == xmlr.PI {
			return refuse(ReasonStructure, "comments and processing instructions are not accepted in a signature")
		}
	}
	root, err := xmlr.Parse(skeleton, d.p.Limits)
	if err != nil {
		return refuseWith(ReasonStructure, "the signature cannot be read", err)
	}
	sig := root.Child(NamespaceDS, "Signature")
	if d.p.Form != XAdESForm && sig.Child(NamespaceDS, "Object") != nil {
		return refuse(ReasonStructure, "an enveloped signature has no Object")
	}
	v := verifier{p: Policy{MinRSABits: d.p.MinRSABits, Limits: d.p.Limits}, sig: sig}
	v.p.fill()
	verified, info, refusal := v.value()
	if refusal != nil {
		return refusal
	}
	if info.Children[0].Attr("Algorithm") != ExcC14N || len(info.Children[0].Children) > 0 {
		return refuse(ReasonAlgorithm, "exclusive canonicalisation of SignedInfo expected")
	}
	accepted := d.p.Signatures
	if accepted == nil {
		accepted = []string{RSASHA256, ECDSASHA256}
	}
	if !slices.Contains(accepted, verified.Algorithm) {
		return refuse(ReasonAlgorithm, "signature algorithm not accepted")
	}
	out.Verified = *verified
	if d.p.Form == XAdESForm {
		refusal = d.qualified(sig, info, out)
	} else if len(info.Children) != 3 {
		refusal = refuse(ReasonStructure, "unexpected number of references in SignedInfo")
	} else {
		refusal = d.reference(info.Children[2], out)
	}
	if refusal != nil {
		return refusal
	}
	return nil
}

// reference compares the Reference to the document with the form and the digest.
func (d *document) reference(r *xmlr.Node, out *VerifiedDocument) *Error {
	if !r.Is(NamespaceDS, "Reference") {
		return refuse(ReasonStructure, "unexpected number of references in SignedInfo")
	}
	if uri, ok := r.LookupAttr("", "URI"); !ok || uri != "" {
		return refuse(ReasonReference, "the signature does not cover the whole document")
	}
	transforms, algorithm, want, err := referenceParts(r)
	if err != nil {
		return err
	}
	if len(transforms) != 2 || !d.leavesOut(transforms[0]) || !bareTransform(transforms[1], ExcC14N) {
		return refuse(ReasonAlgorithm, "unexpected transforms")
	}
	if algorithm != SHA256 {
		return refuse(ReasonAlgorithm, "digest algorithm not accepted")
	}
	if string(want) != string(out.Digest[:]) {
		return refuse(ReasonDigest, "the content is not what was signed")
	}
	out.References = append(out.References, VerifiedReference{Type: r.Attr("Type"), Digest: SHA256})
	return nil
}

// referenceParts reads the children of a Reference, which must be all three there.
func referenceParts(r *xmlr.Node) (transforms []*xmlr.Node, algorithm string, digest []byte, err *Error) {
	if len(r.Children) != 3 || !r.Children[0].Is(NamespaceDS, "Transforms") || !r.Children[1].Is(NamespaceDS, "DigestMethod") ||
		!r.Children[2].Is(NamespaceDS, "DigestValue") {
		return nil, "", nil, refuse(ReasonStructure, "Transforms, DigestMethod and DigestValue expected")
	}
	if len(r.Children[1].Children) > 0 {
		return nil, "", nil, refuse(ReasonAlgorithm, "digest algorithm not accepted")
	}
	digest, err = base64Text(r.Children[2])
	return r.Children[0].Children, r.Children[1].Attr("Algorithm"), digest, err
}

func bareTransform(t *xmlr.Node, algorithm string) bool {
	return t.Is(NamespaceDS, "Transform") && t.Attr("Algorithm") == algorithm && len(t.Children) == 0
}

// leavesOut reports whether the transform leaves the signature, and nothing else, out: there is only one in the document.
func (d *document) leavesOut(t *xmlr.Node) bool {
	if bareTransform(t, EnvelopedTransform) {
		return true
	}
	return d.p.Form == XAdESForm && subtractsSignature(t)
}
