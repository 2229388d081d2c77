package revocation

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ocsp"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
)

// Checker tells whether certificates were revoked, and keeps what it learnt until it ends. It is safe for concurrent use;
// what several calls need at the same time is asked for once.
type Checker struct {
	cfg       Config
	transport *transport.Client
	flights   flights

	mu      sync.Mutex
	lists   map[string]*list
	answers map[string]*answer
	failed  map[string]failure
}

type failure struct {
	at  time.Time
	err error
}

// New checks cfg completely; the error ([segur.ErrInvalidInput]) lists all that is wrong.
func New(cfg Config) (*Checker, error) {
	var p segur.Problems
	cfg.check(&p)
	if err := p.Err("revocation.New"); err != nil {
		return nil, err
	}
	cfg.fill()
	t, err := transport.New(cfg.ClientConfig, transport.Options{PlainHTTP: true})
	if err != nil {
		return nil, err
	}
	return &Checker{cfg: cfg, transport: t, lists: map[string]*list{}, answers: map[string]*answer{}, failed: map[string]failure{}}, nil
}

const op = "revocation.check"

// pair is a certificate and the authority that issued it.
type pair struct {
	cert, issuer *x509.Certificate
	depth        int // 0: the peer's own
}

// key designates the certificate by its authority's key and its serial number.
func (p pair) key() string {
	k := sha256.Sum256(p.issuer.RawSubjectPublicKeyInfo)
	return string(k[:]) + string(p.issuer.RawSubject) + "\x00" + string(p.cert.SerialNumber.Bytes())
}

func (p pair) String() string {
	return "serial " + strings.ToUpper(p.cert.SerialNumber.Text(16)) + " of " + p.issuer.Subject.CommonName
}

// CheckChain is for [segur.ClientConfig.CheckChain]. Every certificate of every verified chain is looked at, but for the
// trusted authorities at their ends. It returns an [segur.ErrSignature] error when one was revoked, [segur.ErrUnavailable]
// when that cannot be known now, [segur.ErrCanceled] or [segur.ErrTimeout] when ctx ends before.
func (c *Checker) CheckChain(ctx context.Context, chains segur.Chains) error {
	if chains.Leaf() == nil {
		return &segur.Error{Op: op, Kind: segur.KindInvalidInput, Message: "there is no verified chain to check"}
	}
	seen := map[string]bool{}
	var all []pair
	for _, chain := range chains.Verified {
		for i := 0; i+1 < len(chain) && (i == 0 || !c.cfg.LeafOnly); i++ {
			p := pair{chain[i], chain[i+1], i}
			if k := p.key(); !seen[k] {
				seen[k] = true
				all = append(all, p)
			}
		}
	}
	// The authorities are asked about at the same time as the leaf.
	errs := make([]error, len(all))
	var wg sync.WaitGroup
	for i, p := range all {
		wg.Go(func() {
			var staple []byte
			if p.depth == 0 {
				staple = chains.StapledOCSP
			}
			errs[i] = c.check(ctx, p, staple)
		})
	}
	wg.Wait()
	var first error
	for _, err := range errs {
		switch {
		case err == nil:
		case errors.Is(err, segur.ErrSignature):
			return err // revoked outweighs not known
		case first == nil:
			first = err
		}
	}
	return first
}

// Check is [Checker.CheckChain] for one chain, leaf first, that the caller verified.
func (c *Checker) Check(ctx context.Context, chain ...*x509.Certificate) error {
	return c.CheckChain(ctx, segur.Chains{Verified: [][]*x509.Certificate{chain}})
}

// verdict of one source.
type verdict uint8

const (
	nothing verdict = iota // no answer that counts
	good
	revoked
)

func (c *Checker) check(ctx context.Context, p pair, staple []byte) error {
	var causes []error
	if _, isRevoked, reason := c.last(p); isRevoked && reason != ocsp.CertificateHold {
		return refusal(p, reason) // for good, whatever a source that is behind says
	}
	for _, s := range c.cfg.Sources {
		var v verdict
		var reason int
		var err error
		if s == OCSP {
			v, reason, err = c.byOCSP(ctx, p, staple)
		} else {
			v, reason, err = c.byList(ctx, p)
		}
		switch v {
		case good:
			return nil
		case revoked:
			return refusal(p, reason)
		}
		if ctx.Err() != nil {
			return contextError(ctx)
		}
		if err != nil {
			causes = append(causes, err)
		}
	}
	return c.unknown(p, errors.Join(causes...))
}

func refusal(p pair, reason int) error {
	what := "the certificate"
	if p.depth > 0 {
		what = "the authority that issued the certificate"
	}
	return &segur.Error{Op: op, Kind: segur.KindSignature, Message: what + " was revoked (" + reasonName(reason) + ")",
		Details: []segur.Detail{{Field: "chain[" + strconv.Itoa(p.depth) + "]", Message: p.String()}}}
}

// reasonName is CRLReason (RFC 5280 section 5.3.1).
func reasonName(code int) string {
	names := [...]string{"unspecified", "keyCompromise", "cACompromise", "affiliationChanged", "superseded", "cessationOfOperation", "certificateHold", "", "removeFromCRL", "privilegeWithdrawn", "aACompromise"}
	if code >= 0 && code < len(names) && names[code] != "" {
		return names[code]
	}
	return "reason " + strconv.Itoa(code)
}

func contextError(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &segur.Error{Op: op, Kind: segur.KindTimeout, Message: "the time of the call passed while revocation was being checked", Err: ctx.Err()}
	}
	return &segur.Error{Op: op, Kind: segur.KindCanceled, Message: "the call was cancelled while revocation was being checked", Err: ctx.Err()}
}

// unknown decides where no source has an answer that counts: what was last known, then the policy.
func (c *Checker) unknown(p pair, cause error) error {
	now := c.cfg.Clock()
	until, isRevoked, reason := c.last(p)
	switch {
	case isRevoked:
		return refusal(p, reason)
	case !until.IsZero() && now.Before(until.Add(c.cfg.SoftFail)):
		c.warn(Warning{Code: "soft-fail", Certificate: p.String(), Err: cause, Text: segur.Text{
			FR: "La révocation n'a pas pu être vérifiée : la dernière réponse, échue, a servi.",
			EN: "Revocation could not be checked: the last answer, which has ended, was used.",
		}})
		return nil
	case c.cfg.AcceptUnknown:
		c.warn(Warning{Code: "unknown", Certificate: p.String(), Err: cause, Text: segur.Text{
			FR: "La révocation n'a pas pu être vérifiée : le certificat a été accepté sans cela.",
			EN: "Revocation could not be checked: the certificate was accepted without that.",
		}})
		return nil
	}
	message := "whether the certificate was revoked cannot be known now"
	if cause == nil {
		message = "the certificate does not say where its revocation can be known"
	}
	return &segur.Error{Op: op, Kind: segur.KindUnavailable, Message: message, Err: cause,
		Details: []segur.Detail{{Field: "chain[" + strconv.Itoa(p.depth) + "]", Message: p.String()}}}
}

// last is what was last known: until when it counted, whatever the time now.
func (c *Checker) last(p pair) (until time.Time, isRevoked bool, reason int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if a := c.answers[p.key()]; a != nil {
		switch a.status {
		case ocsp.Revoked:
			return time.Time{}, true, a.reason
		case ocsp.Good:
			until = a.until
		}
	}
	for _, u := range points(p.cert.CRLDistributionPoints) {
		if l := c.lists[listKey(p.issuer, u)]; l != nil {
			if r, ok := l.revoked[string(p.cert.SerialNumber.Bytes())]; ok {
				return time.Time{}, true, r
			}
			if l.nextUpdate.After(until) {
				until = l.nextUpdate
			}
		}
	}
	return until, false, 0
}

func (c *Checker) warn(w Warning) {
	if c.cfg.Warn != nil {
		c.cfg.Warn(w)
	}
}

// ended reports whether something that counts until then no longer does.
func (c *Checker) ended(until time.Time) bool { return c.cfg.Clock().After(until.Add(c.cfg.Skew)) }

// points keeps the HTTP addresses, in their order and bounded: IGC-Santé names LDAP ones too.
func points(urls []string) []string {
	var out []string
	for _, u := range urls {
		if len(out) < 4 && len(u) <= 2048 && len(u) > 7 && strings.EqualFold(u[:7], "http://") {
			out = append(out, "http://"+u[7:])
		}
	}
	return out
}
