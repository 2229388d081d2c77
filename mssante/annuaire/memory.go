package annuaire

import (
	"context"
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/names"
)

// Memory is a copy of the directory in memory: a [Store] to fill and a
// [Directory] to search without the service. Its searches understand the same
// queries; Include, RevInclude, Elements and PageSize change nothing. It is
// safe for concurrent use. The whole directory takes gigabytes: it is for a
// region, a list of partners, an extraction.
type Memory struct {
	mu   sync.RWMutex
	held map[Type]map[string]*heldResource
	// Technical identifiers by what they are asked for.
	byNumber map[string]map[string]bool // a professional's or structure's number
	byOwner  map[string]map[string]bool // "Practitioner/1", "Organization/2": those of their roles
}

type heldResource struct {
	r          *Resource
	generation string
	folded     foldedNames
}

type foldedNames struct{ family, given, city, name string }

var (
	_ Store     = (*Memory)(nil)
	_ Directory = (*Memory)(nil)
	_ Directory = (*Client)(nil)
)

// NewMemory returns an empty copy.
func NewMemory() *Memory {
	m := &Memory{held: map[Type]map[string]*heldResource{}, byNumber: map[string]map[string]bool{}, byOwner: map[string]map[string]bool{}}
	for _, t := range Types() {
		m.held[t] = map[string]*heldResource{}
	}
	return m
}

// Len is the number of resources of a type.
func (m *Memory) Len(t Type) int {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return len(m.held[t])
}

// Put implements [Store]. The resource is kept as it is given.
func (m *Memory) Put(_ context.Context, generation string, r *Resource) error {
	if r == nil || !r.Type.known() || r.ID == "" {
		return invalid("resource", "must be one of the directory, with an identifier")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.put(generation, r)
	return nil
}

func (m *Memory) put(generation string, r *Resource) {
	m.forget(r.Type, r.ID)
	h := &heldResource{r: r, generation: generation}
	switch {
	case r.Practitioner != nil:
		p := r.Practitioner.Professional
		h.folded = foldedNames{family: fold(p.FamilyName), given: fold(p.GivenName)}
	case r.Organization != nil:
		o := r.Organization.Organization
		h.folded = foldedNames{name: fold(o.Name), city: fold(o.Address.City)}
	}
	m.held[r.Type][r.ID] = h
	m.index(r, func(set map[string]map[string]bool, key string) {
		if set[key] == nil {
			set[key] = map[string]bool{}
		}
		set[key][r.ID] = true
	})
}

// Keep implements [Store].
func (m *Memory) Keep(_ context.Context, generation string, t Type, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if h := m.held[t][id]; h != nil {
		kept := *h // searches read the other one
		kept.generation = generation
		m.held[t][id] = &kept
	}
	return nil
}

// Remove implements [Store].
func (m *Memory) Remove(_ context.Context, t Type, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forget(t, id)
	return nil
}

// Sweep implements [Store].
func (m *Memory) Sweep(_ context.Context, t Type, generation string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, h := range m.held[t] {
		if h.generation != generation {
			m.forget(t, id)
		}
	}
	return nil
}

func (m *Memory) forget(t Type, id string) {
	h := m.held[t][id]
	if h == nil {
		return
	}
	delete(m.held[t], id)
	m.index(h.r, func(set map[string]map[string]bool, key string) {
		delete(set[key], id)
		if len(set[key]) == 0 {
			delete(set, key)
		}
	})
}

func (m *Memory) index(r *Resource, do func(set map[string]map[string]bool, key string)) {
	switch {
	case r.Practitioner != nil:
		for _, i := range r.Practitioner.Identifiers {
			do(m.byNumber, string(r.Type)+" "+i.Value)
		}
	case r.Organization != nil:
		for _, i := range r.Organization.Identifiers {
			do(m.byNumber, string(r.Type)+" "+i.Value)
		}
	case r.Role != nil:
		do(m.byOwner, r.Role.Practitioner)
		do(m.byOwner, r.Role.Organization)
	}
}

// fold makes names that differ by case, accents or hyphens equal.
func fold(s string) string { return strings.Join(names.Words(s), " ") }

// list returns the resources of a type to look at, in the order of their
// identifiers: those of the first set that is given, or all.
func (m *Memory) list(t Type, sets ...[]string) []*heldResource {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var ids []string
	given := false
	for _, s := range sets {
		if s != nil {
			ids, given = s, true
			break
		}
	}
	if !given {
		ids = make([]string, 0, len(m.held[t]))
		for id := range m.held[t] {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	out := make([]*heldResource, 0, len(ids))
	for _, id := range slices.Compact(ids) {
		if h := m.held[t][id]; h != nil {
			out = append(out, h)
		}
	}
	return out
}

// numbered are the resources with the number that a query asks for; nil when
// it asks for none.
func (m *Memory) numbered(t Type, token string) []string {
	if token == "" {
		return nil
	}
	_, number, ok := strings.Cut(token, "|")
	if !ok {
		number = token
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	out := []string{}
	for id := range m.byNumber[string(t)+" "+number] {
		out = append(out, id)
	}
	return out
}

// owned are the roles of the references; nil when there are none.
func (m *Memory) owned(t Type, refs []string) []string {
	if len(refs) == 0 {
		return nil
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	out := []string{}
	for _, r := range refs {
		for id := range m.byOwner[string(t)+"/"+strings.TrimPrefix(r, string(t)+"/")] {
			out = append(out, id)
		}
	}
	return out
}

func referenced(t Type, refs []string) []string {
	if len(refs) == 0 {
		return nil
	}
	out := make([]string, 0, len(refs))
	for _, r := range refs {
		out = append(out, strings.TrimPrefix(r, string(t)+"/"))
	}
	return out
}

// found yields what fits of the list.
func found[T any](q Query, o Options, list func() []*heldResource, of func(*heldResource) *T, fits func(*heldResource, *T) bool) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		var p segur.Problems
		q.build(&p)
		if err := p.Err(opSearch); err != nil {
			yield(nil, err)
			return
		}
		for _, h := range list() {
			v := of(h)
			if v == nil || !h.r.Active && !o.inactive() || !o.UpdatedSince.IsZero() && h.r.Updated.Before(o.UpdatedSince) || !fits(h, v) {
				continue
			}
			if !yield(v, nil) {
				return
			}
		}
	}
}
