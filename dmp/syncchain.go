package dmp

import (
	"slices"
	"strconv"

	"github.com/segur-sdk/segur/dmp/xds"
)

// Bounds of what one synchronisation follows.
const (
	maxRounds = 32 // calls for the next links of chains
	maxSteps  = 64 // links of one chain
)

// newest is the latest version of a document among those that were read; of
// two of the same number, the one in force.
func (s *syncer) newest(logical string) *xds.DocumentEntry {
	var best *xds.DocumentEntry
	for _, id := range s.versions[logical] {
		e := s.entries[id]
		if best == nil || later(e, best) {
			best = e
		}
	}
	return best
}

func later(a, b *xds.DocumentEntry) bool {
	if x, y := number(a.Version), number(b.Version); x != y {
		return x > y
	}
	return b.Status == xds.Deprecated && a.Status != xds.Deprecated
}

func number(version string) int {
	n, err := strconv.Atoi(version)
	if err != nil {
		return 0
	}
	return n
}

// end is where a chain of replacements leads.
type end struct {
	entry *xds.DocumentEntry // in force; nil when none was found
	ask   []string           // what must be read to go on
	loop  bool               // the chain comes back to itself, or has no end
}

// walk follows a document to the newest one that is not obsolete: its own
// latest version first, then whatever replaces one of its versions. Several
// documents may claim to replace one: each is followed, the last named first.
func (s *syncer) walk(k KnownDocument) (out end) {
	onPath, done := map[string]bool{}, map[string]bool{}
	var visit func(logical, id string) *xds.DocumentEntry
	visit = func(logical, id string) *xds.DocumentEntry {
		switch {
		case onPath[logical], len(done)+len(onPath) > maxSteps:
			out.loop = true
			return nil
		case done[logical]:
			return nil
		}
		onPath[logical] = true
		defer func() { delete(onPath, logical); done[logical] = true }()
		if e := s.newest(logical); e != nil && e.Status != xds.Deprecated {
			return e
		}
		for _, id := range append(slices.Clone(s.versions[logical]), id) {
			if !s.asked[id] {
				out.ask = append(out.ask, id)
			}
			for _, next := range slices.Backward(s.successors[id]) {
				e := s.entries[next]
				if e == nil {
					if !s.asked[next] {
						out.ask = append(out.ask, next)
					}
					continue // else: the record does not show it
				}
				if found := visit(logicalID(e), next); found != nil {
					return found
				}
			}
		}
		return nil
	}
	out.entry = visit(k.LogicalID, k.EntryUUID)
	return out
}

// follow reads what the chains of documents still need, round by round.
func (s *syncer) follow(moved []KnownDocument) error {
	for range maxRounds {
		var ask []string
		for _, k := range moved {
			if w := s.walk(k); w.entry == nil {
				ask = append(ask, w.ask...)
			}
		}
		if len(ask) == 0 {
			return nil
		}
		if err := s.read(ask, s.registry.linked); err != nil {
			return err
		}
	}
	return nil
}
