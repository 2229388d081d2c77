package revocation

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"golang.org/x/crypto/ocsp"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
)

const maxResponseBytes = 64 << 10

// byOCSP asks for an OCSP response: the stapled one, one that is kept, a new one.
func (c *Checker) byOCSP(ctx context.Context, p pair, staple []byte) (verdict, int, error) {
	var causes []error
	if len(staple) > 0 && len(staple) <= maxResponseBytes {
		a, err := parseResponse(staple, p.cert, p.issuer, nil, &c.cfg, c.cfg.Clock())
		switch {
		case err != nil:
			causes = append(causes, err)
		case c.ended(a.until) && a.status != ocsp.Revoked:
			causes = append(causes, errOCSPEnded)
		default:
			c.keepAnswer(p.key(), a)
		}
	}
	// What is known may be newer than what was stapled.
	if v, reason := c.known(p); v != nothing {
		return v, reason, nil
	}
	for _, u := range points(p.cert.OCSPServer) {
		err := c.once(ctx, "ocsp "+u+" "+p.key(), func(ctx context.Context) error {
			if v, _ := c.known(p); v != nothing {
				return nil // another call asked since
			}
			return c.askResponder(ctx, u, p)
		})
		if err != nil {
			causes = append(causes, err)
			continue
		}
		if v, reason := c.known(p); v != nothing {
			return v, reason, nil
		}
		causes = append(causes, errResponderUnknown)
	}
	return nothing, 0, errors.Join(causes...)
}

var errResponderUnknown = errors.New("the responder does not know the certificate, or answers with what is out of date")

// known is what the answer that is kept says, if it still counts.
func (c *Checker) known(p pair) (verdict, int) {
	c.mu.Lock()
	a := c.answers[p.key()]
	c.mu.Unlock()
	switch {
	case a == nil || !a.final() && c.ended(a.until):
		return nothing, 0
	case a.status == ocsp.Good:
		return good, 0
	case a.status == ocsp.Revoked:
		return revoked, a.reason
	}
	return nothing, 0
}

func (c *Checker) askResponder(ctx context.Context, u string, p pair) error {
	var nonce []byte
	if c.cfg.Nonce != NonceNone {
		nonce = make([]byte, 16)
		if _, err := io.ReadFull(c.cfg.Random, nonce); err != nil {
			return err
		}
	}
	body, err := request(p.cert, p.issuer, nonce)
	if err != nil {
		return err
	}
	der, err := c.download(ctx, &transport.Request{
		Op: "revocation.ocsp", Method: http.MethodPost, URL: u, Body: segur.BytesContent(body), RepeatSafe: true, ResponseLimit: maxResponseBytes,
		Header: http.Header{"Content-Type": {"application/ocsp-request"}, "Accept": {"application/ocsp-response"}},
	})
	if err != nil {
		return err
	}
	a, err := parseResponse(der, p.cert, p.issuer, nonce, &c.cfg, c.cfg.Clock())
	if err != nil {
		return err
	}
	if c.ended(a.until) && a.status != ocsp.Revoked {
		return errOCSPEnded
	}
	c.keepAnswer(p.key(), a)
	return nil
}

// keepAnswer keeps an answer, unless a newer one, or that the certificate was revoked for good, is known: an older answer
// that is replayed, or that a server goes on stapling, changes nothing.
func (c *Checker) keepAnswer(key string, a *answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	old := c.answers[key]
	if old != nil && (old.final() || !a.final() && old.at.After(a.at)) {
		return
	}
	if old == nil && len(c.answers) >= c.cfg.MaxResponses {
		evict(c.answers, func(a *answer) time.Time { return a.until })
	}
	c.answers[key] = a
}

// evict makes room for one: the one that ends first goes.
func evict[T any](m map[string]T, until func(T) time.Time) {
	var first string
	var at time.Time
	for k, v := range m {
		if t := until(v); first == "" || t.Before(at) {
			first, at = k, t
		}
	}
	delete(m, first)
}

func listKey(issuer *x509.Certificate, u string) string {
	k := sha256.Sum256(issuer.Raw)
	return string(k[:]) + u
}

// byList looks the certificate up in the list of its authority.
func (c *Checker) byList(ctx context.Context, p pair) (verdict, int, error) {
	var causes []error
	for _, u := range points(p.cert.CRLDistributionPoints) {
		l, err := c.list(ctx, p, u)
		if err != nil {
			causes = append(causes, err)
			continue
		}
		if reason, ok := l.revoked[string(p.cert.SerialNumber.Bytes())]; ok {
			return revoked, reason, nil
		}
		return good, 0, nil
	}
	return nothing, 0, errors.Join(causes...)
}

// list gives a list that counts now.
func (c *Checker) list(ctx context.Context, p pair, u string) (*list, error) {
	key := listKey(p.issuer, u)
	if l := c.current(key); l != nil {
		return l, nil
	}
	err := c.once(ctx, "crl "+key, func(ctx context.Context) error {
		if c.current(key) != nil {
			return nil // another call got it since
		}
		return c.downloadList(ctx, p.issuer, u, p.cert.CRLDistributionPoints)
	})
	if err != nil {
		return nil, err
	}
	if l := c.current(key); l != nil {
		return l, nil
	}
	return nil, errCRLEnded
}

// current is the list that is kept, if it still counts.
func (c *Checker) current(key string) *list {
	c.mu.Lock()
	l := c.lists[key]
	c.mu.Unlock()
	if l == nil || c.ended(l.nextUpdate) {
		return nil
	}
	return l
}

func (c *Checker) downloadList(ctx context.Context, issuer *x509.Certificate, u string, names []string) error {
	der, err := c.download(ctx, &transport.Request{Op: "revocation.crl", Method: http.MethodGet, URL: u, RepeatSafe: true, ResponseLimit: c.cfg.MaxListBytes,
		Header: http.Header{"Accept": {"application/pkix-crl, */*"}}})
	if err != nil {
		return err
	}
	l, err := parseList(der, issuer, names, c.cfg.Clock(), c.cfg.Skew, c.cfg.MaxEntries)
	if err != nil {
		return err
	}
	l.point = u
	key := listKey(issuer, u)
	c.mu.Lock()
	defer c.mu.Unlock()
	if old := c.lists[key]; old != nil && l.before(old) {
		return errCRLOlder
	}
	if c.lists[key] == nil && len(c.lists) >= c.cfg.MaxLists {
		evict(c.lists, func(l *list) time.Time { return l.nextUpdate })
	}
	c.lists[key] = l
	return nil
}

var errCRLOlder = errors.New("the list is older than the one that is known")

func (c *Checker) download(ctx context.Context, r *transport.Request) ([]byte, error) {
	resp, err := c.transport.Do(ctx, r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	if err := resp.StatusError(); err != nil {
		return nil, err
	}
	if resp.Status != http.StatusOK {
		return nil, resp.Fail(&segur.Error{Op: r.Op, Kind: segur.KindProtocol, Message: "the answer is not what was asked for", Status: resp.Status})
	}
	return resp.ReadAll()
}

// once does what several calls need at the same time one time for all, and remembers a failure for a while. It does not
// end with the call that began it: others wait for it.
func (c *Checker) once(ctx context.Context, key string, do func(context.Context) error) error {
	now := c.cfg.Clock()
	c.mu.Lock()
	f, ok := c.failed[key]
	c.mu.Unlock()
	if ok && now.Sub(f.at) < c.cfg.RetryAfter && !now.Before(f.at) {
		return f.err
	}
	return c.flights.do(ctx, key, func() error {
		// Attempts and their pauses included.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Duration(c.cfg.Retry.MaxAttempts)*(c.cfg.Timeout+c.cfg.Retry.MaxDelay))
		defer cancel()
		err := do(ctx)
		c.mu.Lock()
		defer c.mu.Unlock()
		if err == nil {
			delete(c.failed, key)
			return nil
		}
		if len(c.failed) >= c.cfg.MaxResponses {
			evict(c.failed, func(f failure) time.Time { return f.at })
		}
		c.failed[key] = failure{at: c.cfg.Clock(), err: err}
		return err
	})
}

// flights are the calls under way.
type flights struct {
	mu  sync.Mutex
	all map[string]*flight
}

type flight struct {
	done chan struct{}
	err  error
}

func (f *flights) do(ctx context.Context, key string, do func() error) error {
	f.mu.Lock()
	one := f.all[key]
	if one == nil {
		one = &flight{done: make(chan struct{})}
		if f.all == nil {
			f.all = map[string]*flight{}
		}
		f.all[key] = one
		go func() {
			one.err = do()
			f.mu.Lock()
			delete(f.all, key)
			f.mu.Unlock()
			close(one.done)
		}()
	}
	f.mu.Unlock()
	select {
	case <-one.done:
		return one.err
	case <-ctx.Done():
		return ctx.Err()
	}
}
