package saml

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/dn"
	"github.com/segur-sdk/segur/internal/xmlsec"
	"github.com/segur-sdk/segur/internal/xmlw"
)

// Namespace is that of SAML 2.0 assertions.
const Namespace = "urn:oasis:names:tc:SAML:2.0:assertion"

const issuerFormat = "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName"

// instantLayout is UTC with milliseconds.
const instantLayout = "2006-01-02T15:04:05.000Z"

// Config says how assertions are signed. Only Credentials is required.
type Config struct {
	// Credentials gives the signature key: the certificate of the structure (ORG SIGN), or the signature key of the card
	// in DIRECTE and for INSi; not the authentication key. Asked for each signature, but for [Signer.VIHFWith].
	Credentials segur.CredentialSource
	// Algorithms default to SHA-256; SHA-1 must be named.
	Algorithms xmlsec.Algorithms
	// WholeChain puts all certificates in KeyInfo; else the leaf only.
	WholeChain bool
	// Issuer replaces the name derived from the certificate's subject.
	Issuer string
	// AllowLegalEntityCertificate accepts a VIHF whose structure is not in the certificate: certificate of the legal
	// entity (EJ), call for one of its geographic entities (EG).
	AllowLegalEntityCertificate bool
	// Validity, when not zero, adds a Conditions element that ends so long after the issue.
	Validity time.Duration
	// CacheTTL, when not zero, gives the same assertion again for the same content during that time: for cards that sign
	// slowly. Must not exceed Validity when both are set. Never in AIR.
	CacheTTL time.Duration
	// Trace is told of each use of a VIHF, reuse included (EX_AIR-070). Called before the assertion is returned.
	Trace func(Use)

	Clock  func() time.Time // default time.Now
	IDs    segur.IDSource   // default random
	Random io.Reader        // of signatures; default crypto/rand
}

// Use is one use of a VIHF, for the trace that the structure must keep. It holds identities: not for technical logs.
type Use struct {
	ID     string // of the assertion
	At     time.Time
	Reused bool
	VIHF   VIHF
}

// Assertion is a signed assertion. XML is opaque: it must be sent as it is, and not modified.
type Assertion struct {
	ID           string
	IssueInstant time.Time
	NotOnOrAfter time.Time // zero without Conditions
	Reused       bool      // made for an earlier call
	XML          []byte
}

// Signer makes signed assertions. Immutable but for its cache; safe for concurrent use when the key is.
type Signer struct {
	cfg    Config
	cache  *cache
	issuer atomic.Pointer[issuerName] // of the certificate used last
}

type issuerName struct {
	cert *x509.Certificate
	name string
}

// New checks the configuration.
func New(cfg Config) (*Signer, error) {
	var p segur.Problems
	if cfg.Credentials == nil {
		p.Add("credentials", "is required: the signature key")
	}
	if cfg.Validity < 0 {
		p.Add("validity", "must not be negative")
	}
	if cfg.CacheTTL < 0 || cfg.Validity > 0 && cfg.CacheTTL > cfg.Validity {
		p.Add("cacheTTL", "must not be negative nor exceed validity")
	}
	if err := p.Err("saml.New"); err != nil {
		return nil, err
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	if cfg.Random == nil {
		cfg.Random = rand.Reader
	}
	if cfg.IDs == nil {
		cfg.IDs = segur.NewIDSource(rand.Reader)
	}
	s := &Signer{cfg: cfg}
	if cfg.CacheTTL > 0 {
		s.cache = newCache(cfg.CacheTTL)
	}
	return s, nil
}

// VIHF checks v and returns it signed. Problems of input match segur.ErrInvalidInput and come together.
func (s *Signer) VIHF(ctx context.Context, v VIHF) (*Assertion, error) {
	return s.vihf(ctx, s.cfg.Credentials, v)
}

// VIHFWith is VIHF signed by a credential that the caller has at hand.
func (s *Signer) VIHFWith(ctx context.Context, c segur.Credential, v VIHF) (*Assertion, error) {
	return s.vihf(ctx, segur.StaticCredential(c), v)
}

func (s *Signer) vihf(ctx context.Context, credentials segur.CredentialSource, v VIHF) (*Assertion, error) {
	const op = "saml.vihf"
	now := s.cfg.Clock().UTC()
	v.Roles = slices.Clone(v.Roles)
	asGiven := v
	v.defaults(now)
	var p segur.Problems
	v.check(&p, now)
	key, err := s.key(ctx, op, credentials)
	if err != nil {
		return nil, err
	}
	if v.Mode != Direct && v.Structure != "" && !s.cfg.AllowLegalEntityCertificate && !bearsStructure(key.Chain[0], v.Structure) {
		p.Add("structure", "is not the structure of the signature certificate (OU)")
	}
	if err := p.Err(op); err != nil {
		return nil, err
	}
	cached := s.cache != nil && v.Mode != IndirectReinforced
	var slot cacheKey
	if cached {
		slot = keyOf(asGiven, key.Chain[0])
		if a := s.cache.get(slot, now); a != nil {
			s.trace(Use{ID: a.ID, At: now, Reused: true, VIHF: v})
			again := *a
			again.Reused = true
			return &again, nil
		}
	}
	a, err := s.sign(ctx, op, key, now, func(id, issuer string, notAfter time.Time) ([]byte, int, error) {
		return v.write(id, issuer, now, notAfter)
	})
	if err != nil {
		return nil, err
	}
	if cached {
		s.cache.put(slot, a, now)
	}
	s.trace(Use{ID: a.ID, At: now, VIHF: v})
	return a, nil
}

// INSi checks a and returns it signed.
func (s *Signer) INSi(ctx context.Context, a INSi) (*Assertion, error) {
	const op = "saml.insi"
	now := s.cfg.Clock().UTC()
	key, err := s.key(ctx, op, s.cfg.Credentials)
	if err != nil {
		return nil, err
	}
	a.defaults(key.Chain[0].Subject.CommonName)
	var p segur.Problems
	a.check(&p)
	if a.Qualifier == QualifierPSC {
		p.Add("qualifier", "an assertion of Pro Santé Connect is not signed: see UnsignedINSi")
	}
	if err := p.Err(op); err != nil {
		return nil, err
	}
	return s.sign(ctx, op, key, now, func(id, issuer string, _ time.Time) ([]byte, int, error) {
		return a.write(id, issuer, now)
	})
}

// UnsignedINSi returns the assertion of the Pro Santé Connect mode, as the one public example shows it: not signed,
// subject qualified PSC. issuer is the caller's: the value expected there is not public. ids and now must be set.
func UnsignedINSi(a INSi, issuer string, ids segur.IDSource, now time.Time) (*Assertion, error) {
	const op = "saml.insi"
	if a.Qualifier == "" {
		a.Qualifier = QualifierPSC
	}
	a.defaults("")
	var p segur.Problems
	a.check(&p)
	p.Require("issuer", issuer)
	if a.Qualifier != QualifierPSC {
		p.Add("qualifier", "only an assertion of Pro Santé Connect is sent unsigned")
	}
	if err := p.Err(op); err != nil {
		return nil, err
	}
	id, err := ids.UUID()
	if err != nil {
		return nil, err
	}
	xml, _, err := a.write("_"+id, issuer, now.UTC())
	if err != nil {
		return nil, &segur.Error{Op: op, Kind: segur.KindInvalidInput, Message: "a text cannot be written in XML", Err: err}
	}
	return &Assertion{ID: "_" + id, IssueInstant: now.UTC(), XML: xml}, nil
}

func (s *Signer) trace(u Use) {
	if s.cfg.Trace != nil {
		s.cfg.Trace(u)
	}
}

func (s *Signer) key(ctx context.Context, op string, credentials segur.CredentialSource) (xmlsec.Key, error) {
	c, err := credentials.Credential(ctx)
	if err != nil {
		kind := segur.KindOf(err)
		if kind == segur.KindUnknown {
			kind = segur.KindUnavailable
		}
		return xmlsec.Key{}, &segur.Error{Op: op, Kind: kind, Message: "no signature key", Err: err}
	}
	if c == nil || len(c.Chain()) == 0 {
		return xmlsec.Key{}, &segur.Error{Op: op, Kind: segur.KindSignature, Message: "the signature key has no certificate"}
	}
	return xmlsec.Key{Signer: c, Chain: c.Chain(), WholeChain: s.cfg.WholeChain, Rand: s.cfg.Random}, nil
}

type writer func(id, issuer string, notAfter time.Time) (xml []byte, signatureAt int, err error)

func (s *Signer) sign(ctx context.Context, op string, key xmlsec.Key, now time.Time, write writer) (*Assertion, error) {
	issuer, err := s.issuerOf(key.Chain[0])
	if err != nil {
		return nil, &segur.Error{Op: op, Kind: segur.KindSignature, Message: "the subject of the certificate cannot be read", Err: err}
	}
	id, err := s.cfg.IDs.UUID()
	if err != nil {
		return nil, err
	}
	a := &Assertion{ID: "_" + id, IssueInstant: now.Truncate(time.Millisecond)}
	if s.cfg.Validity > 0 {
		a.NotOnOrAfter = a.IssueInstant.Add(s.cfg.Validity)
	}
	xml, at, err := write(a.ID, issuer, a.NotOnOrAfter)
	if err != nil {
		return nil, &segur.Error{Op: op, Kind: segur.KindInvalidInput, Message: "a text cannot be written in XML", Err: err}
	}
	if err := ctx.Err(); err != nil { // a card may take its time: do not ask it for nothing
		kind := segur.KindCanceled
		if errors.Is(err, context.DeadlineExceeded) {
			kind = segur.KindTimeout
		}
		return nil, &segur.Error{Op: op, Kind: kind, Err: err}
	}
	if a.XML, err = xmlsec.SignWritten(xml, at, a.ID, key, s.cfg.Algorithms); err != nil {
		return nil, &segur.Error{Op: op, Kind: segur.KindSignature, Message: "the assertion could not be signed", Err: err}
	}
	return a, nil
}

// issuerOf returns the text of Issuer; certificates change rarely, so the last one is kept.
func (s *Signer) issuerOf(c *x509.Certificate) (string, error) {
	if s.cfg.Issuer != "" {
		return s.cfg.Issuer, nil
	}
	if last := s.issuer.Load(); last != nil && last.cert == c {
		return last.name, nil
	}
	subject, err := dn.Decode(c.RawSubject)
	if err != nil {
		return "", fmt.Errorf("the name %w", err)
	}
	name := subject.Text()
	s.issuer.Store(&issuerName{c, name})
	return name, nil
}

// head writes the attributes of an Assertion element.
func head(w *xmlw.Writer, id string, at time.Time) {
	w.Attr("ID", id)
	w.Attr("IssueInstant", at.Format(instantLayout))
	w.Attr("Version", "2.0")
}

// write returns the assertion in exclusive canonical form and where its signature goes: right after Issuer.
func (v VIHF) write(id, issuer string, now, notAfter time.Time) ([]byte, int, error) {
	w := xmlw.New(make([]byte, 0, 5120))
	w.Start("saml2:Assertion")
	w.NS("saml2", Namespace)
	head(w, id, now)
	w.Elem("saml2:Issuer", issuer, "Format", issuerFormat)
	at := w.Len()
	w.Start("saml2:Subject")
	w.Elem("saml2:NameID", v.Subject)
	w.End()
	if !notAfter.IsZero() {
		w.Elem("saml2:Conditions", "", "NotBefore", now.Add(-clockSkew).Format(instantLayout), "NotOnOrAfter", notAfter.UTC().Format(instantLayout))
	}
	w.Start("saml2:AuthnStatement")
	w.Attr("AuthnInstant", v.AuthenticatedAt.UTC().Format(instantLayout))
	w.Start("saml2:AuthnContext")
	w.Elem("saml2:AuthnContextClassRef", classPrefix+string(v.LocalAuthentication))
	w.ElemOpt("saml2:AuthnContextDecl", v.Declaration)
	w.End()
	w.End()
	v.attributes(w)
	w.End()
	out, err := w.Bytes()
	return out, at, err
}

// bearsStructure compares a Struct_IdNat with the organisational units of a certificate. A FINESS may lack its type
// digit on either side.
func bearsStructure(c *x509.Certificate, structure string) bool {
	subject, err := dn.Decode(c.RawSubject)
	return err == nil && subject.BearsStructure(structure)
}
