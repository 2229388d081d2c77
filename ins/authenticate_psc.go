package ins

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/saml"
)

// ProSanteConnectConfig is a professional who is authenticated by Pro Santé Connect. Its printed forms are redacted.
//
// How the service gets the token of Pro Santé Connect, and at which address, is not public: both are the caller's, from
// the guide that GIE SESAM-Vitale gives to registered vendors. The assertion follows the one example known of.
type ProSanteConnectConfig struct {
	// Subject is the national identifier of the professional as Pro Santé Connect gives it ("SubjectNameID").
	// Required.
	Subject string
	// AssertionIssuer is the text of the Issuer of the assertion. Required: what the service expects is not public.
	AssertionIssuer string
	// BillingID, Sector and Specialty are as in [CardConfig]. Sector is sent when it is set: the example known of does
	// without.
	BillingID string
	Sector    string
	Specialty string
	// SpecialtyAttribute is the name of the attribute that carries Specialty. Empty: "codeSpecialiteAMO", as in the
	// example known of.
	SpecialtyAttribute string
	// Profession ("gipProfessionCode") is sent when it is set: for a professional who has several.
	Profession string
	// Decorate adds to the HTTP header of one message, repetitions included, what carries the token. It gets an empty
	// header, and must not set what HTTP and SOAP write. The values are kept out of logs and evidence, and its error
	// text out of ours. It may be called by several goroutines at once. Required.
	Decorate func(context.Context, http.Header) error
}

// String returns a redacted form.
func (c ProSanteConnectConfig) String() string { return redacted("ProSanteConnectConfig").String() }

// Format writes the redacted form whatever the verb.
func (c ProSanteConnectConfig) Format(f fmt.State, v rune) {
	redacted("ProSanteConnectConfig").Format(f, v)
}

// LogValue makes slog write the redacted form.
func (c ProSanteConnectConfig) LogValue() slog.Value {
	return redacted("ProSanteConnectConfig").LogValue()
}

// MarshalJSON writes the redacted form.
func (c ProSanteConnectConfig) MarshalJSON() ([]byte, error) {
	return redacted("ProSanteConnectConfig").MarshalJSON()
}

// ProSanteConnect authenticates by an assertion that is not signed, subject qualified "PSC", and by what the function
// Decorate adds to the HTTP header. Config.Endpoint is required.
func ProSanteConnect(c ProSanteConnectConfig) Authenticator {
	if c.SpecialtyAttribute == "" {
		c.SpecialtyAttribute = "codeSpecialiteAMO"
	}
	return &psc{redacted: "ProSanteConnect", cfg: c}
}

type psc struct {
	redacted
	cfg ProSanteConnectConfig
}

func isPSC(a Authenticator) bool {
	_, ok := a.(*psc)
	return ok
}

func (*psc) endpoint(segur.Environment) string { return "" }

func (a *psc) assertion() saml.INSi {
	return saml.INSi{Subject: a.cfg.Subject, Qualifier: saml.QualifierPSC, BillingID: a.cfg.BillingID, Sector: a.cfg.Sector,
		Specialty: a.cfg.Specialty, SpecialtyAttribute: a.cfg.SpecialtyAttribute, Profession: a.cfg.Profession}
}

func (a *psc) check(_ context.Context, _ *Config, p *segur.Problems) {
	p.Merge("authentication", a.assertion().Check(""))
	p.Require("authentication.assertionIssuer", a.cfg.AssertionIssuer)
	if a.cfg.Decorate == nil {
		p.Add("authentication.decorate", "is required: it carries the token of Pro Santé Connect")
	}
}

func (a *psc) payer(context.Context, string, *Config) (string, error) { return a.cfg.Subject, nil }

func (a *psc) prove(ctx context.Context, op string, c *Config) (proof, error) {
	if e := ended(ctx, op); e != nil {
		return proof{}, e
	}
	h := http.Header{}
	if err := a.cfg.Decorate(ctx, h); err != nil {
		return proof{}, functionError(ctx, op, "no token to send", err)
	}
	if err := checkHeader(op, h); err != nil {
		return proof{}, err
	}
	unsigned, err := saml.UnsignedINSi(a.assertion(), a.cfg.AssertionIssuer, c.IDs, c.Clock())
	if err != nil {
		return proof{}, err
	}
	return proof{issuer: a.cfg.Subject, security: unsigned.XML, header: h}, nil
}

func (a *psc) certificate(context.Context) (segur.Credential, error) { return nil, nil }

// checkHeader refuses what HTTP would, without repeating any of it.
func checkHeader(op string, h http.Header) error {
	var p segur.Problems
	for name, values := range h {
		if name == "" || strings.ContainsFunc(name, func(r rune) bool {
			return r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r)
		}) {
			p.Add("authentication.decorate", "set a header whose name is not a token of HTTP")
			continue
		}
		for _, v := range values {
			if strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r >= 0x7f }) {
				p.Add("authentication.decorate", "set a header to something else than printable ASCII: "+http.CanonicalHeaderKey(name))
				break
			}
		}
	}
	return p.Err(op)
}
