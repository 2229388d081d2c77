package instest

import (
	"context"
	"crypto/subtle"
	"crypto/x509"
	"net/http"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/internal/saml"
	"github.com/segur-sdk/segur/internal/xmlr"
	"github.com/segur-sdk/segur/internal/xmlsec"
)

// mode is how a server wants its clients to prove who they are.
type mode uint8

const (
	organizations mode = iota // mutual TLS
	professionals             // a signed assertion
	connected                 // Pro Santé Connect
)

// WithProfessionals makes the server that of professionals with a card, like the CPx platform: TLS verifies the server
// only, and every message carries an assertion of the professional, signed by the signature key of a card of the
// server's PKI, at most an hour old, used once, with billing identifier and sector. It answers the search by traits and
// the one with a Vitale card.
func WithProfessionals() Option { return func(s *Server) { s.mode = professionals } }

// WithProSanteConnect makes the server that of professionals who are authenticated by Pro Santé Connect. The assertion is
// not signed and its subject qualified "PSC". What the real service wants beside it is not public; the server wants
// [Token] in the HTTP header [TokenHeader], which is a contract of its own.
func WithProSanteConnect() Option { return func(s *Server) { s.mode = connected } }

// The contract of the fake for Pro Santé Connect. Nothing says that the real service has anything like it.
const (
	TokenHeader = "Instest-Psc-Token"             //nolint:gosec // the name of a header
	Token       = "jeton-fictif-de-l-utilisateur" //nolint:gosec // fictional, of the fake only
)

// assertionAge is the life of the assertion of a professional, as a connector of the field describes it.
const assertionAge = time.Hour

// Card returns the card of a fictional radiologist that the server accepts, unless the options make another one of it:
// an expired one, one of another profession. Its key is the one for signatures.
func (s *Server) Card(opts ...credentialtest.Option) ins.CardConfig {
	signing := []credentialtest.Option{credentialtest.ForSignature(),
		credentialtest.Usages(x509.KeyUsageContentCommitment, x509.ExtKeyUsageEmailProtection)}
	return ins.CardConfig{
		Credentials: segur.StaticCredential(s.pki.Professional(append(signing, opts...)...)),
		BillingID:   "999999999", Sector: "SA07", Specialty: "06",
	}
}

// Assertion makes the assertion of a professional, as a component outside of the SDK would.
func (s *Server) Assertion(card ins.CardConfig) ([]byte, error) {
	signer, err := saml.New(saml.Config{Credentials: card.Credentials, Clock: s.clock, Issuer: card.AssertionIssuer})
	if err != nil {
		return nil, err
	}
	a, err := signer.INSi(context.Background(), saml.INSi{BillingID: card.BillingID, Sector: card.Sector, Specialty: card.Specialty,
		SpecialtyAttribute: card.SpecialtyAttribute})
	if err != nil {
		return nil, err
	}
	return a.XML, nil
}

// ProSanteConnect returns the fictional radiologist as the server accepts them in the mode of [WithProSanteConnect].
func (s *Server) ProSanteConnect() ins.ProSanteConnectConfig {
	return ins.ProSanteConnectConfig{
		Subject: credentialtest.DefaultProfessionalID, AssertionIssuer: "RIS fictif",
		BillingID: "999999999", Specialty: "06",
		Decorate: func(_ context.Context, h http.Header) error {
			h.Set(TokenHeader, Token)
			return nil
		},
	}
}

func (s *Server) authenticator() ins.Authenticator {
	switch s.mode {
	case professionals:
		return ins.Card(s.Card())
	case connected:
		return ins.ProSanteConnect(s.ProSanteConnect())
	}
	return nil
}

// unauthorized is a fault of the family that refuses who calls. The real codes for assertions are not public.
func unauthorized(code, text string) *soapFault {
	return &soapFault{"Sender", "siram_100", reasonSoftware, "instest_" + code, "erreur", text, true}
}

// checkSecurity verifies the proof of who calls, in the modes that have one in the message, and returns the assertion of
// the card.
func (s *Server) checkSecurity(r *http.Request, n *xmlr.Node, vitale bool, call *Call) (card *xmlr.Node, f *soapFault) {
	if s.mode == organizations {
		return nil, nil
	}
	if token := r.Header.Get(TokenHeader); s.mode == connected && subtle.ConstantTimeCompare([]byte(token), []byte(Token)) == 0 {
		return nil, unauthorized("token", "the HTTP header "+TokenHeader+" does not hold the token of the user")
	}
	want := 1
	if vitale {
		want = 2
	}
	if len(n.Children) != want || n.TrimText() != "" {
		return nil, fault("security", "Security must hold one assertion of the professional, and the one of the card with a Vitale card, in this order")
	}
	for _, c := range n.Children {
		if !c.Is(saml.Namespace, "Assertion") {
			return nil, fault("security", "Security must hold SAML 2.0 assertions only")
		}
	}
	now := s.clock()
	options := saml.VerifyOptions{Now: now, MaxAge: assertionAge, AllowUnsigned: s.mode == connected,
		Trust: &xmlsec.Trust{Roots: s.pki.Roots(), Time: now, RequireSigningUsage: true}}
	claims, err := saml.VerifyINSi(n.Children[0], options)
	if err != nil {
		return nil, unauthorized("assertion", "the assertion of the professional is refused: "+err.Error())
	}
	call.Professional, call.Assertion = claims.Subject, claims.ID
	switch c := claims.Certificate; {
	case s.mode == connected && (claims.Qualifier != saml.QualifierPSC || c != nil):
		return nil, unauthorized("assertion", "the assertion must be qualified PSC and not signed")
	case s.mode == professionals && claims.Qualifier != saml.QualifierCPS:
		return nil, unauthorized("assertion", "the assertion must be qualified CPS")
	case c != nil && c.KeyUsage&x509.KeyUsageContentCommitment == 0:
		return nil, unauthorized("assertion", "the assertion is not signed with the signature key of the card")
	case c != nil && c.Subject.CommonName != claims.Subject:
		return nil, unauthorized("assertion", "the assertion is about another professional than the holder of the card")
	case !s.fresh("assertion " + claims.ID):
		return nil, unauthorized("replay", "the assertion of the professional was used before")
	}
	if vitale {
		card = n.Children[1]
	}
	return card, nil
}
