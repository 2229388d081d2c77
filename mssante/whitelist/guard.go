package whitelist

import (
	"time"
)

// Answer is what the white list says of a domain.
type Answer uint8

// The answers.
const (
	// NoList: there is no list, or the guard finds it too old: nothing is known.
	NoList Answer = iota
	// NotListed: the domain is not in the trust space; an operator would refuse or return the mail.
	NotListed
	// Listed: a domain of professionals or structures.
	Listed
	// Citizen: the domain of Mon espace santé, listed.
	Citizen
)

// String names the answer.
func (a Answer) String() string {
	switch a {
	case NotListed:
		return "not listed"
	case Listed:
		return "listed"
	case Citizen:
		return "citizen"
	}
	return "no list"
}

// Check says what the list in use knows of a domain.
func (c *Client) Check(domain string) Answer { return c.Guard().Check(domain) }

// Guard gives mssante.Config.AllowDomain out of the list in use.
func (c *Client) Guard() Guard { return Guard{List: c.List, Clock: c.cfg.Clock} }

// Guard decides on domains. Its zero value allows nothing.
type Guard struct {
	// List gives the list in use: [Client.List].
	List func() *List
	// MaxAge is the age from which a list counts as none. 0: a list never gets too old, for the operator has its own.
	MaxAge time.Duration
	// AllowWithoutList lets mail go when there is no list: the operator checks too. By default it does not.
	AllowWithoutList bool
	// Clock gives the time, for MaxAge. nil: time.Now.
	Clock func() time.Time
}

// AllowDomain is for mssante.Config.AllowDomain.
func (g Guard) AllowDomain(domain string) bool {
	switch g.Check(domain) {
	case Listed, Citizen:
		return true
	case NoList:
		return g.AllowWithoutList
	}
	return false
}

// Check says what the list knows of a domain.
func (g Guard) Check(domain string) Answer {
	var l *List
	if g.List != nil {
		l = g.List()
	}
	switch {
	case l == nil || g.old(l):
		return NoList
	case !l.Allows(domain):
		return NotListed
	case citizen(domain):
		return Citizen
	}
	return Listed
}

func (g Guard) old(l *List) bool {
	if g.MaxAge <= 0 {
		return false
	}
	now := time.Now
	if g.Clock != nil {
		now = g.Clock
	}
	return now().Sub(l.generated) > g.MaxAge
}

func citizen(domain string) bool {
	var buf [maxDomain]byte
	name, ok := lower(buf[:0], domain)
	return ok && string(name) == CitizenDomain
}
