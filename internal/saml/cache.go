package saml

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"sync"
	"time"
)

type cacheKey [sha256.Size]byte

// keyOf identifies the complete content of a VIHF as the caller gave it, and the certificate.
func keyOf(v VIHF, c *x509.Certificate) cacheKey {
	h := sha256.New()
	field := func(s string) {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(s)))
		h.Write(n[:])
		h.Write([]byte(s))
	}
	patient := ""
	if !v.Patient.IsZero() {
		patient = PatientID(v.Patient)
	}
	for _, s := range []string{
		string(v.Mode), v.Version, v.Subject, v.SubjectName, v.Structure, v.Sector.Code, string(v.Sector.System), patient,
		string(v.Purpose), v.BreakGlassReason, v.ReasonAttribute, fmt.Sprint(v.Secret), string(v.LocalAuthentication),
		v.AuthenticatedAt.UTC().Format(time.RFC3339Nano), v.Declaration, v.Software.Name, v.Software.Version,
		v.Software.Approval, v.Software.Installation, string(c.Raw),
	} {
		field(s)
	}
	for _, r := range v.Roles {
		for _, s := range []string{r.Code, string(r.System), r.SystemName, r.Display} {
			field(s)
		}
	}
	return cacheKey(h.Sum(nil))
}

// maxCached bounds the memory of the cache: a station serves few users and patients within a TTL.
const maxCached = 256

type cache struct {
	ttl  time.Duration
	mu   sync.Mutex
	held map[cacheKey]*Assertion
}

func newCache(ttl time.Duration) *cache {
	return &cache{ttl: ttl, held: make(map[cacheKey]*Assertion)}
}

func (c *cache) fresh(a *Assertion, now time.Time) bool {
	age := now.Sub(a.IssueInstant)
	return age >= -clockSkew && age < c.ttl && (a.NotOnOrAfter.IsZero() || now.Before(a.NotOnOrAfter))
}

func (c *cache) get(k cacheKey, now time.Time) *Assertion {
	c.mu.Lock()
	defer c.mu.Unlock()
	if a := c.held[k]; a != nil && c.fresh(a, now) {
		return a
	}
	return nil
}

func (c *cache) put(k cacheKey, a *Assertion, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for k, old := range c.held {
		if !c.fresh(old, now) {
			delete(c.held, k)
		}
	}
	if len(c.held) < maxCached {
		c.held[k] = a
	}
}
