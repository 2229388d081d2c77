package xmlsec

import (
	"crypto/sha256"
	"slices"

	"github.com/segur-sdk/segur/internal/xmlr"
)

// DocumentPolicy says what [VerifyDocument] accepts. Its zero value is the strictest: RSA or ECDSA with SHA-256.
type DocumentPolicy struct {
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
}

// VerifyDocument checks a document that bears one enveloped signature over the whole of it, as the last child of the
// root, and reads it in the same single pass: the national lists are megabytes long. Exclusive canonical form, SHA-256,
// one Reference with URI="", the transforms enveloped-signature then exclusive canonicalisation, and a certificate in
// KeyInfo are the only profile. Comments and processing instructions are refused wherever they are: a signature does not
// cover the former. The error is an *Error, an *xmlr.Error or that of Visit.
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
	ended      bool // the signature is behind
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
	if sig.Child(NamespaceDS, "Object") != nil {
		return refuse(ReasonStructure, "an enveloped signature has no Object")
	}
	v := verifier{p: Policy{MinRSABits: d.p.MinRSABits, MaxReferences: 1, Limits: d.p.Limits}, sig: sig}
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
	return d.reference(info, out)
}

// reference compares the only Reference with the profile and the digest.
func (d *document) reference(info *xmlr.Node, out *VerifiedDocument) error {
	if len(info.Children) != 3 || !info.Children[2].Is(NamespaceDS, "Reference") {
		return refuse(ReasonStructure, "unexpected number of references in SignedInfo")
	}
	r := info.Children[2]
	if uri, ok := r.LookupAttr("", "URI"); !ok || uri != "" {
		return refuse(ReasonReference, "the signature does not cover the whole document")
	}
	if len(r.Children) != 3 || !r.Children[0].Is(NamespaceDS, "Transforms") || !r.Children[1].Is(NamespaceDS, "DigestMethod") ||
		!r.Children[2].Is(NamespaceDS, "DigestValue") {
		return refuse(ReasonStructure, "Transforms, DigestMethod and DigestValue expected")
	}
	transforms := r.Children[0].Children
	if len(transforms) != 2 {
		return refuse(ReasonAlgorithm, "unexpected transforms")
	}
	for i, want := range []string{EnvelopedTransform, ExcC14N} {
		if t := transforms[i]; !t.Is(NamespaceDS, "Transform") || t.Attr("Algorithm") != want || len(t.Children) > 0 {
			return refuse(ReasonAlgorithm, "unexpected transforms")
		}
	}
	if m := r.Children[1]; m.Attr("Algorithm") != SHA256 || len(m.Children) > 0 {
		return refuse(ReasonAlgorithm, "digest algorithm not accepted")
	}
	want, err := base64Text(r.Children[2])
	if err != nil {
		return err
	}
	if string(want) != string(out.Digest[:]) {
		return refuse(ReasonDigest, "the content is not what was signed")
	}
	out.References = []VerifiedReference{{Type: r.Attr("Type"), Digest: SHA256}}
	return nil
}
