package ins

import (
	"context"
	"crypto/x509"
	"errors"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/dn"
)

// The two common names that INSi accepts in a certificate of a structure.
const (
	// CommonNameAuto is for calls that a program makes by itself.
	CommonNameAuto = "INSI-AUTO"
	// CommonNameManual is for calls that a user triggers.
	CommonNameManual = "INSI-MANU"
)

const certificateOrder = "order an IGC-Santé software certificate, offer ORG, usage AUTH_CLI, with the common name " +
	CommonNameAuto + " or " + CommonNameManual + " (it serves INSi only)"

// checkCertificate adds what would make INSi refuse the certificate and returns the issuer of the flow, and the error of
// the credential source when it gave none.
func (c Config) checkCertificate(ctx context.Context, p *segur.Problems, now time.Time) (issuer string, cause error) {
	if c.HTTPClient != nil {
		return c.Issuer, nil // TLS is the caller's own
	}
	if c.Credentials == nil {
		p.Add("credentials", "is required: "+certificateOrder)
		return c.Issuer, nil
	}
	credential, err := c.Credentials.Credential(ctx)
	if err != nil {
		p.Merge("credentials", err)
		return c.Issuer, err
	}
	if credential == nil || len(credential.Chain()) == 0 || credential.Chain()[0] == nil {
		p.Add("credentials", "has no certificate")
		return c.Issuer, nil
	}
	leaf := credential.Chain()[0]
	subject, err := dn.Decode(leaf.RawSubject)
	if err != nil {
		p.Addf("credentials", "the subject of the certificate %v", err)
		return c.Issuer, nil
	}
	if cn := subject.First(dn.CommonName); cn != CommonNameAuto && cn != CommonNameManual {
		p.Add("credentials", "the certificate is not one for INSi, which would answer desir_560: "+certificateOrder)
	}
	switch {
	case now.After(leaf.NotAfter):
		p.Addf("credentials", "the certificate expired on %s; only a valid one can be renewed, so %s",
			leaf.NotAfter.Format(time.DateOnly), certificateOrder)
	case now.Before(leaf.NotBefore):
		p.Addf("credentials", "the certificate is valid from %s on: check the clock", leaf.NotBefore.Format(time.DateOnly))
	}
	if !forClientAuth(leaf) {
		p.Add("credentials", "the certificate does not serve client authentication: the usage must be AUTH_CLI, not SIGN")
	}
	if c.Issuer != "" {
		return c.Issuer, nil
	}
	issuer = subject.StructureID()
	if issuer == "" {
		p.Add("issuer", "is required: the certificate has no OU with an identifier of a structure to take it from")
	}
	return issuer, nil
}

// credentialError is the error of a call that has no certificate to present. cause is that of the credential source,
// which knows better than we do why: a card reader that is away for now, or the end of the caller's context.
func credentialError(ctx context.Context, details []segur.Detail, cause error) *segur.Error {
	e := &segur.Error{Op: opSearch, Kind: segur.KindAuthentication, Message: "no certificate to present: nothing was sent", Details: details}
	if kind := segur.KindOf(cause); kind != segur.KindUnknown {
		e.Kind = kind
	}
	switch end := ctx.Err(); {
	case cause == nil || end == nil:
	case errors.Is(end, context.DeadlineExceeded):
		e.Kind, e.Message, e.Details, e.Err = segur.KindTimeout, "the deadline of the call passed: nothing was sent", nil, end
	default:
		e.Kind, e.Message, e.Details, e.Err = segur.KindCanceled, "the call was cancelled: nothing was sent", nil, end
	}
	return e
}

// forClientAuth accepts a certificate that does not restrict its usage.
func forClientAuth(c *x509.Certificate) bool {
	if len(c.ExtKeyUsage) == 0 && len(c.UnknownExtKeyUsage) == 0 {
		return true
	}
	for _, u := range c.ExtKeyUsage {
		if u == x509.ExtKeyUsageClientAuth || u == x509.ExtKeyUsageAny {
			return true
		}
	}
	return false
}
