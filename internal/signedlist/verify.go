package signedlist

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/xmlr"
	"github.com/segur-sdk/segur/internal/xmlsec"
)

// Signer designates a signer by its certificate; every field that is set must match. Values are compared without
// regard to case.
type Signer struct {
	CommonName string // CN of the subject
	Email      string // an rfc822Name of the alternative names
	Unit       string // OU of the subject
}

func (s Signer) matches(c *x509.Certificate) bool {
	if s == (Signer{}) {
		return false
	}
	has := func(all []string, want string) bool {
		return want == "" || slices.ContainsFunc(all, func(v string) bool { return strings.EqualFold(v, want) })
	}
	return has([]string{c.Subject.CommonName}, s.CommonName) && has(c.EmailAddresses, s.Email) && has(c.Subject.OrganizationalUnit, s.Unit)
}

// Profile says how a list is signed and by whom.
type Profile struct {
	// Signers lists who may sign; one must match.
	Signers []Signer
	// Issuers lists the common names of the authorities that may have issued the signer's certificate.
	Issuers []string
	// ExtKeyUsages lists the usages of which the signer's certificate must have one.
	ExtKeyUsages []x509.ExtKeyUsage
	// XAdES accepts the signatures of the list of DRIM-M (xmlsec.XAdESForm) instead of those of the list of MSSanté.
	XAdES bool
	// Limits bounds the document.
	Limits xmlr.Options
}

// Trust says what the chain of a signer is judged with.
type Trust struct {
	// Roots is required.
	Roots         *x509.CertPool
	Intermediates []*x509.Certificate
	// CheckChain is [segur.ClientConfig.CheckChain], asked about the signer. nil: revocation is not looked at.
	CheckChain func(context.Context, segur.Chains) error
}

// Reader reads one list. It is used once.
type Reader[T any] interface {
	// Visit is told of every signed event. It must not move the scanner.
	Visit(s *xmlr.Scanner) error
	// Result gives the list and its date of generation, once the signature is known to be right.
	Result() (list T, generated time.Time, err error)
}

// Verified is a list that was accepted.
type Verified[T any] struct {
	List      T
	Generated time.Time
	Digest    [sha256.Size]byte // of the canonical content, without the signature
	Signer    *x509.Certificate

	chains [][]*x509.Certificate // of the signer
}

// Verify judges one document at the time now. The error is an *segur.Error: KindSignature when it is not what a trusted
// signer signed, KindProtocol, KindTruncated or KindTooLarge when it is not such a document, and the kind of CheckChain's
// error.
func Verify[T any](ctx context.Context, op string, src []byte, p Profile, t Trust, now time.Time, r Reader[T]) (*Verified[T], error) {
	form := xmlsec.EnvelopedForm
	if p.XAdES {
		form = xmlsec.XAdESForm
	}
	doc, err := xmlsec.VerifyDocument(src, xmlsec.DocumentPolicy{Form: form, Visit: r.Visit, Limits: p.Limits})
	if err != nil {
		return nil, unreadable(op, err)
	}
	chains, err := doc.Chain(xmlsec.Trust{
		Roots: t.Roots, Intermediates: t.Intermediates, Time: now, ExtKeyUsages: p.ExtKeyUsages, RequireSigningUsage: true,
	})
	if err != nil {
		return nil, &segur.Error{Op: op, Kind: segur.KindSignature, Message: "the signer of the list is not trusted", Err: err}
	}
	leaf := doc.Certificate
	if !slices.ContainsFunc(p.Issuers, func(cn string) bool { return strings.EqualFold(cn, leaf.Issuer.CommonName) }) {
		return nil, refused(op, "the authority that issued the signer's certificate is not one of those expected")
	}
	if !slices.ContainsFunc(p.Signers, func(s Signer) bool { return s.matches(leaf) }) {
		return nil, refused(op, "the list is signed by another than those expected")
	}
	if err := t.check(ctx, op, chains); err != nil {
		return nil, err
	}
	list, generated, err := r.Result()
	if err != nil {
		return nil, unreadable(op, err)
	}
	return &Verified[T]{List: list, Generated: generated, Digest: doc.Digest, Signer: leaf, chains: chains}, nil
}

func (t Trust) check(ctx context.Context, op string, chains [][]*x509.Certificate) error {
	if t.CheckChain == nil {
		return nil
	}
	if err := t.CheckChain(ctx, segur.Chains{Verified: chains}); err != nil {
		return unchecked(op, err)
	}
	return nil
}

// again judges the signer once more, at the time now.
func (v *Verified[T]) again(ctx context.Context, op string, t Trust, now time.Time) error {
	valid := func(c *x509.Certificate) bool { return !now.Before(c.NotBefore) && !now.After(c.NotAfter) }
	var chains [][]*x509.Certificate
	for _, chain := range v.chains {
		if !slices.ContainsFunc(chain, func(c *x509.Certificate) bool { return !valid(c) }) {
			chains = append(chains, chain)
		}
	}
	if len(chains) == 0 {
		return refused(op, "the certificate of the list's signer, or of its authority, has expired")
	}
	return t.check(ctx, op, chains)
}

func refused(op, message string) error {
	return &segur.Error{Op: op, Kind: segur.KindSignature, Message: message}
}

func unchecked(op string, err error) error {
	kind := segur.KindOf(err)
	if kind == segur.KindUnknown {
		return refused(op, "the signer's certificate is refused by the configured check of chains")
	}
	return &segur.Error{Op: op, Kind: kind, Message: "the signer's certificate is refused", Err: err}
}

// unreadable classes what the XML, its signature or its reader refused.
func unreadable(op string, err error) error {
	var (
		xml *xmlr.Error
		sig *xmlsec.Error
	)
	e := &segur.Error{Op: op, Kind: segur.KindProtocol, Message: "the list is not the document expected", Err: err}
	switch {
	case errors.As(err, &sig):
		e.Kind, e.Message = segur.KindSignature, "the signature of the list does not verify"
	case errors.As(err, &xml) && xml.Rule == xmlr.RuleTruncated:
		e.Kind, e.Message = segur.KindTruncated, "the list stops before its end"
	case errors.As(err, &xml) && xml.Rule == xmlr.RuleLimit:
		e.Kind, e.Message = segur.KindTooLarge, "the list passes a limit"
	}
	return e
}
