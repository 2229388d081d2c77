package ins

import (
	"context"
	"crypto/x509"
	"fmt"
	"log/slog"
	"regexp"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/dn"
	"github.com/segur-sdk/segur/internal/saml"
)

// CardConfig is a professional with a CPx card (CPS, CPF, CPE) and what the health insurance wants to know of them. Its
// printed forms are redacted.
type CardConfig struct {
	// Credentials gives the signature key of the card with its certificate: the one for signatures (non-repudiation),
	// not the one for authentication. The key may stay in the card (PKCS#11, PC/SC): only crypto.Signer is asked of
	// it, by one call at a time. Required.
	Credentials segur.CredentialSource
	// BillingID ("identifiantFacturation") is the geographic FINESS of the establishment, else its SIRET; in private
	// practice the billing number of the professional. Required.
	BillingID string
	// Sector ("secteurActivite") is the code of the sector of activity, such as SA07. Required.
	Sector string
	// Specialty is the specialty code of the health insurance, which is not the "savoir-faire" of the national
	// tables. Required for physicians, in training too; empty for the others.
	Specialty string
	// SpecialtyAttribute is the name of the attribute that carries Specialty. Empty: "codeSpecialite", the wording of
	// SEL-MP-043; "codeSpecialiteAMO" and "CodeSpecialite" are written by connectors in the field.
	SpecialtyAttribute string
	// AssertionIssuer is the text of the Issuer of the assertion. Empty: the subject of the certificate, most
	// specific part first. Which forms the service takes is not public.
	AssertionIssuer string
}

// String returns a redacted form.
func (c CardConfig) String() string { return redacted("CardConfig").String() }

// Format writes the redacted form whatever the verb.
func (c CardConfig) Format(f fmt.State, v rune) { redacted("CardConfig").Format(f, v) }

// LogValue makes slog write the redacted form.
func (c CardConfig) LogValue() slog.Value { return redacted("CardConfig").LogValue() }

// MarshalJSON writes the redacted form.
func (c CardConfig) MarshalJSON() ([]byte, error) { return redacted("CardConfig").MarshalJSON() }

func (c CardConfig) assertion() saml.INSi {
	return saml.INSi{BillingID: c.BillingID, Sector: c.Sector, Specialty: c.Specialty, SpecialtyAttribute: c.SpecialtyAttribute}
}

// Card authenticates by an assertion that the card signs, a new one for each message. "Emetteur" is the national
// identifier of the professional, the common name of the certificate, unless Config.Issuer is set.
func Card(c CardConfig) Authenticator {
	return &card{redacted: "Card", cfg: c, turn: make(chan struct{}, 1)}
}

type card struct {
	redacted
	cfg  CardConfig
	turn chan struct{} // a card signs one thing at a time
}

func (*card) endpoint(env segur.Environment) string { return endpointCPx(env) }

func endpointCPx(env segur.Environment) string {
	switch env {
	case segur.Production:
		return EndpointProductionCPx
	case segur.Qualification:
		return EndpointQualificationCPx
	}
	return ""
}

func (a *card) check(ctx context.Context, c *Config, p *segur.Problems) {
	_, _, _ = a.holder(ctx, c, p) // the cause is among the problems
}

const cardField = "authentication.credentials"

// professionalID is the form of a national identifier of a professional: a type digit and the number, a card of the
// staff of a structure has the structure's and its own.
var professionalID = regexp.MustCompile(`^[0-9][0-9A-Z][0-9A-Z./-]{5,28}[0-9A-Z]$`)

// holder returns the key of the card and the identifier of its holder, adds what would make INSi refuse it, and returns
// the error of the credential source when it gave none.
func (a *card) holder(ctx context.Context, c *Config, p *segur.Problems) (segur.Credential, string, error) {
	if a.cfg.Credentials == nil {
		p.Add(cardField, "is required: the signature key of the card")
		return nil, "", nil
	}
	key, err := a.cfg.Credentials.Credential(ctx)
	if err != nil {
		p.Merge(cardField, err)
		return nil, "", err
	}
	if key == nil || len(key.Chain()) == 0 || key.Chain()[0] == nil {
		p.Add(cardField, "has no certificate")
		return nil, "", nil
	}
	leaf := key.Chain()[0]
	subject, err := dn.Decode(leaf.RawSubject)
	if err != nil {
		p.Addf(cardField, "the subject of the certificate %v", err)
		return nil, "", nil
	}
	id := subject.First(dn.CommonName)
	if !professionalID.MatchString(id) {
		p.Add(cardField, "the certificate is not the one of a professional's card: its common name is no national identifier")
		id = "0" // the rest is checked as if it were
	}
	checkPeriod(p, cardField, leaf, c.Clock(), "the card must be replaced by the ANS")
	if leaf.KeyUsage&x509.KeyUsageContentCommitment == 0 {
		p.Add(cardField, "the certificate is not for signatures (non-repudiation): a card holds two, take the other one, the assertion is not signed with the one for authentication")
	}
	c.checkAuthority(p, cardField, leaf, authorityProfessionals, "the card comes from the ANS")
	content := a.cfg.assertion()
	p.Merge("authentication", content.Check(id))
	if a.cfg.Specialty == "" && physician(subject) {
		p.Add("authentication.specialty", "is required: the card is the one of a physician")
	}
	return key, id, nil
}

// physician looks at the profession that the certificate of a card states.
func physician(subject dn.Name) bool {
	for _, kind := range []string{dn.Title, dn.Unit} {
		for _, v := range subject.All(kind) {
			if v = strings.ToLower(strings.TrimSpace(v)); v == "médecin" || v == "medecin" {
				return true
			}
		}
	}
	return false
}

// present is holder for a call: the configuration was right, the card expired, was changed or is away since.
func (a *card) present(ctx context.Context, op string, c *Config) (segur.Credential, string, error) {
	var p segur.Problems
	key, id, cause := a.holder(ctx, c, &p)
	if !p.Empty() {
		return nil, "", credentialError(ctx, op, p.Details(), cause)
	}
	return key, id, nil
}

func (a *card) payer(ctx context.Context, op string, c *Config) (string, error) {
	_, id, err := a.present(ctx, op, c)
	return id, err
}

func (a *card) prove(ctx context.Context, op string, c *Config) (proof, error) {
	key, id, err := a.present(ctx, op, c)
	if err != nil {
		return proof{}, err
	}
	signer, err := saml.New(saml.Config{Credentials: segur.StaticCredential(key), Issuer: a.cfg.AssertionIssuer,
		Clock: c.Clock, IDs: c.IDs, Random: c.Random})
	if err != nil {
		return proof{}, err
	}
	signed, err := a.sign(ctx, op, func() (*saml.Assertion, error) { return signer.INSi(ctx, a.cfg.assertion()) })
	if err != nil {
		return proof{}, err
	}
	return proof{issuer: id, security: signed.XML}, nil
}

// sign waits for its turn, and no longer than ctx for a card that waits for its PIN: what the card then signs is
// thrown away.
func (a *card) sign(ctx context.Context, op string, assert func() (*saml.Assertion, error)) (*saml.Assertion, error) {
	if e := ended(ctx, op); e != nil {
		return nil, e
	}
	select {
	case a.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ended(ctx, op)
	}
	type made struct {
		assertion *saml.Assertion
		err       error
	}
	done := make(chan made, 1)
	go func() {
		defer func() { <-a.turn }()
		assertion, err := assert()
		done <- made{assertion, err}
	}()
	select {
	case m := <-done:
		if m.err != nil {
			if e := ended(ctx, op); e != nil {
				return nil, e
			}
			return nil, &segur.Error{Op: op, Kind: segur.KindOf(m.err), Message: "the card did not sign: nothing was sent", Err: m.err}
		}
		return m.assertion, nil
	case <-ctx.Done():
		return nil, ended(ctx, op)
	}
}

func (a *card) certificate(ctx context.Context) (segur.Credential, error) {
	return a.cfg.Credentials.Credential(ctx)
}
