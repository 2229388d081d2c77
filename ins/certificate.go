package ins

import (
	"context"
	"crypto/x509"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential"
	"github.com/segur-sdk/segur/internal/dn"
)

// The two common names that INSi accepts in a certificate of a structure.
const (
	// CommonNameAuto is for calls that a program makes by itself.
	CommonNameAuto = "INSI-AUTO"
	// CommonNameManual is for calls that a user triggers.
	CommonNameManual = "INSI-MANU"
)

const certificateOrder = "order an IGC-Santé software certificate from the ANS, offer ORG, usage AUTH_CLI, with the common name " +
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
	key, err := c.Credentials.Credential(ctx)
	if err != nil {
		p.Merge("credentials", err)
		return c.Issuer, err
	}
	if key == nil || len(key.Chain()) == 0 || key.Chain()[0] == nil {
		p.Add("credentials", "has no certificate")
		return c.Issuer, nil
	}
	leaf := key.Chain()[0]
	subject, err := dn.Decode(leaf.RawSubject)
	if err != nil {
		p.Addf("credentials", "the subject of the certificate %v", err)
		return c.Issuer, nil
	}
	if cn := subject.First(dn.CommonName); cn != CommonNameAuto && cn != CommonNameManual {
		p.Add("credentials", "the certificate is not one for INSi, which would answer desir_560: "+certificateOrder)
	}
	checkPeriod(p, "credentials", leaf, now, "only a valid one can be renewed, so "+certificateOrder)
	if !slices.Contains(credential.Purposes(leaf), credential.ClientAuthentication) {
		p.Add("credentials", "the certificate does not serve client authentication: the usage must be AUTH_CLI, not SIGN")
	}
	c.checkAuthority(p, "credentials", leaf, authorityOrganizations, certificateOrder)
	if c.Issuer != "" {
		return c.Issuer, nil
	}
	issuer = subject.StructureID()
	if issuer == "" {
		p.Add("issuer", "is required: the certificate has no OU with an identifier of a structure to take it from")
	}
	return issuer, nil
}

// The authorities of IGC-Santé that issue the certificates of structures and the cards. Those of the test world have the
// same names after "TEST ".
var (
	authorityOrganizations = []string{"AC IGC-SANTE ELEMENTAIRE ORGANISATIONS"}
	authorityProfessionals = []string{"AC IGC-SANTE FORT PERSONNES", "AC IGC-SANTE STANDARD PERSONNES"}
)

const testWorld = "TEST "

// checkAuthority adds that the certificate was not issued by an authority of its kind, or by one of the test world in
// production. Qualification takes both: its clients were seen with either.
func (c *Config) checkAuthority(p *segur.Problems, field string, leaf *x509.Certificate, authorities []string, order string) {
	issuer := ""
	if name, err := dn.Decode(leaf.RawIssuer); err == nil {
		issuer = name.First(dn.CommonName)
	}
	plain, test := strings.CutPrefix(issuer, testWorld)
	test = test && slices.Contains(authorities, plain)
	switch {
	case c.Environment == segur.Fake || slices.Contains(authorities, issuer) || slices.Contains(c.CertificateIssuers, issuer):
	case test && c.Environment != segur.Production:
	case test:
		p.Addf(field, "the certificate is one of the test world, issued by %q: production wants one issued by %q; %s", issuer, plain, order)
	default:
		p.Addf(field, "the certificate was issued by %.100q instead of %q; %s; or name the issuer in certificateIssuers", issuer, authorities[0], order)
	}
}

// CertificateWarnings says what will soon be wrong with the certificate that the client presents or signs with, 60 days
// before its end first of all: see [credential.Check]. There is nothing to say where the certificate is not ours to read
// (HTTPClient, [Assertion], [ProSanteConnect]). Ask at the start of the program and once a day; New says it to the
// Logger.
func (c *Client) CertificateWarnings(ctx context.Context) ([]credential.Warning, error) {
	key, err := segur.Credential(nil), error(nil)
	purpose := credential.ClientAuthentication
	switch {
	case c.cfg.Authentication != nil:
		purpose = credential.Signature
		key, err = c.cfg.Authentication.certificate(ctx)
	case c.cfg.HTTPClient == nil:
		key, err = c.cfg.Credentials.Credential(ctx)
	}
	switch {
	case err != nil:
		return nil, credentialError(ctx, opCertificate, []segur.Detail{{Field: "credentials", Message: err.Error()}}, err)
	case key == nil || len(key.Chain()) == 0 || key.Chain()[0] == nil:
		return nil, nil
	}
	// A professional, or a structure whose Issuer is set, needs no identifier of a structure.
	return slices.DeleteFunc(credential.Check(key, c.cfg.Clock(), purpose), func(w credential.Warning) bool { return w.Code == "no-structure-id" }), nil
}

// warn tells the Logger what will soon be wrong with the certificate.
func (c *Client) warn(ctx context.Context) {
	warnings, _ := c.CertificateWarnings(ctx) // New has just read it
	for _, w := range warnings {
		c.cfg.Logger.LogAttrs(ctx, slog.LevelWarn, "segur certificate", slog.String("op", opNew),
			slog.String("code", w.Code), slog.String("text", w.Text.EN))
	}
}

// credentialError is the error of a call that has no certificate to present. cause is that of the credential source,
// which knows better than we do why: a card reader that is away for now, or the end of the caller's context.
func credentialError(ctx context.Context, op string, details []segur.Detail, cause error) *segur.Error {
	if cause != nil {
		if e := ended(ctx, op); e != nil {
			return e
		}
	}
	e := &segur.Error{Op: op, Kind: segur.KindAuthentication, Message: "no certificate to present: nothing was sent", Details: details}
	if kind := segur.KindOf(cause); kind != segur.KindUnknown {
		e.Kind = kind
	}
	return e
}

// checkPeriod adds to p that the certificate is not valid at the instant.
func checkPeriod(p *segur.Problems, field string, leaf *x509.Certificate, now time.Time, order string) {
	switch {
	case now.After(leaf.NotAfter):
		p.Addf(field, "the certificate expired on %s; %s", leaf.NotAfter.Format(time.DateOnly), order)
	case now.Before(leaf.NotBefore):
		p.Addf(field, "the certificate is valid from %s on: check the clock", leaf.NotBefore.Format(time.DateOnly))
	}
}
