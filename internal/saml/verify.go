package saml

import (
	"crypto/x509"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/dn"
	"github.com/segur-sdk/segur/internal/xmlr"
	"github.com/segur-sdk/segur/internal/xmlsec"
)

// VerifyOptions says what a receiver accepts. The zero value verifies the signature and the rules of the profile, and
// judges neither the chain nor the age.
type VerifyOptions struct {
	AllowSHA1 bool
	// AllowUnsigned accepts a VIHF in DIRECTE, or an INSi assertion qualified PSC, without signature.
	AllowUnsigned bool
	// Trust, when set, judges the certificate chain.
	Trust *xmlsec.Trust
	// AllowLegalEntityCertificate: see Config.
	AllowLegalEntityCertificate bool
	// ReasonAttribute names the attribute of the reason of a break-glass access; default DefaultReasonAttribute.
	ReasonAttribute string
	// Now, when set, is the instant at which IssueInstant must not be in the future (5 minutes apart at most) nor older
	// than MaxAge (no limit when zero), and Conditions must hold.
	Now    time.Time
	MaxAge time.Duration
}

// Envelope is what both profiles share.
type Envelope struct {
	ID           string
	Issuer       string
	IssueInstant time.Time
	NotBefore    time.Time // zero without Conditions
	NotOnOrAfter time.Time
	Certificate  *x509.Certificate // nil when not signed
	Bytes        []byte            // canonical assertion without its signature: what was read
}

// VIHFClaims is a VIHF that was verified.
type VIHFClaims struct {
	Envelope
	VIHF
}

// INSiClaims is an INSi assertion that was verified.
type INSiClaims struct {
	Envelope
	INSi
}

// VerifyVIHF checks an Assertion element of a message: signature over the element itself, issuer equal to the subject
// of the certificate, structure borne by it, and every rule of the profile, read from the bytes that were signed.
// Signature problems match segur.ErrSignature; all others segur.ErrInvalidInput, reported together.
func VerifyVIHF(element *xmlr.Node, o VerifyOptions) (*VIHFClaims, error) {
	const op = "saml.verifyVIHF"
	content, cert, err := verified(op, element, o)
	if err != nil {
		return nil, err
	}
	if o.ReasonAttribute == "" {
		o.ReasonAttribute = DefaultReasonAttribute
	}
	c, err := parseVIHF(content, o.ReasonAttribute)
	if err != nil {
		return nil, err
	}
	c.Certificate = cert
	var p segur.Problems
	c.judge(&p, o)
	if cert == nil && c.Mode != Direct {
		p.Add("signature", "is required but in DIRECTE")
	}
	if cert != nil && c.Mode != Direct && !o.AllowLegalEntityCertificate && !bearsStructure(cert, c.Structure) {
		p.Add("structure", "is not the structure of the signature certificate (OU)")
	}
	if err := p.Err(op); err != nil {
		return nil, err
	}
	return c, nil
}

// VerifyINSi does the same for an INSi assertion.
func VerifyINSi(element *xmlr.Node, o VerifyOptions) (*INSiClaims, error) {
	const op = "saml.verifyINSi"
	content, cert, err := verified(op, element, o)
	if err != nil {
		return nil, err
	}
	c, err := ParseINSi(content)
	if err != nil {
		return nil, err
	}
	c.Certificate = cert
	var p segur.Problems
	c.judge(&p, o)
	if cert == nil && c.Qualifier != QualifierPSC {
		p.Add("signature", "is required but with Pro Santé Connect")
	}
	if err := p.Err(op); err != nil {
		return nil, err
	}
	return c, nil
}

// verified returns the bytes to read: those that the signature covers, or the canonical element when none is needed.
func verified(op string, element *xmlr.Node, o VerifyOptions) ([]byte, *x509.Certificate, error) {
	refuse := func(message string, err error) error {
		return &segur.Error{Op: op, Kind: segur.KindSignature, Message: message, Err: err}
	}
	if !element.Is(Namespace, "Assertion") {
		return nil, nil, &segur.Error{Op: op, Kind: segur.KindInvalidInput, Message: "not a SAML 2.0 assertion"}
	}
	if o.AllowUnsigned && element.Child(xmlsec.NamespaceDS, "Signature") == nil {
		content, err := xmlr.Canonicalize(nil, nil, xmlr.Canonical{Mode: xmlr.Exclusive, Apex: element})
		if err != nil {
			return nil, nil, refuse("the assertion has no canonical form", err)
		}
		return content, nil, nil
	}
	v, err := xmlsec.VerifyEnveloped(element, xmlsec.Policy{IDAttrs: []xmlr.Name{xmlsec.IDSAML}, AllowSHA1: o.AllowSHA1})
	if err != nil {
		return nil, nil, refuse("the signature is refused", err)
	}
	if len(element.Children) < 2 || !element.Children[1].Is(xmlsec.NamespaceDS, "Signature") {
		return nil, nil, refuse("the signature must come right after Issuer", nil)
	}
	if o.Trust != nil {
		if _, err := v.Chain(*o.Trust); err != nil {
			return nil, nil, refuse("the signer is not trusted", err)
		}
	}
	return v.References[0].Bytes, v.Certificate, nil
}

func (e Envelope) judge(p *segur.Problems, o VerifyOptions) {
	if e.Certificate != nil && !dn.Matches(e.Issuer, e.Certificate.RawSubject) {
		p.Add("issuer", "is not the subject of the signature certificate")
	}
	if o.Now.IsZero() {
		return
	}
	if e.IssueInstant.After(o.Now.Add(clockSkew)) {
		p.Add("issueInstant", "is in the future")
	}
	if o.MaxAge > 0 && o.Now.Sub(e.IssueInstant) > o.MaxAge {
		p.Add("issueInstant", "is too old")
	}
	if !e.NotBefore.IsZero() && o.Now.Before(e.NotBefore) {
		p.Add("conditions.notBefore", "is in the future")
	}
	if !e.NotOnOrAfter.IsZero() && !o.Now.Before(e.NotOnOrAfter) {
		p.Add("conditions.notOnOrAfter", "is over")
	}
}
