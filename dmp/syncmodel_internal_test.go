package dmp

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
)

// model is a registry that answers the questions of a synchronisation and on
// which anything may happen.
type model struct {
	clock   time.Time
	since   time.Time                     // what the first search reaches
	entries map[string]*xds.DocumentEntry // every version
	order   []string
	links   []modelLink
	lots    []modelLot
	next    int
	// silent leaves out the associations of status changes, as a registry may.
	silent bool
	// hidden are the logical identifiers that this user is not shown.
	hidden map[string]bool
	calls  map[string]int
	fail   string
}

type modelLink struct {
	lot string
	xds.Association
}

type modelLot struct {
	id string
	at time.Time
}

func newModel() *model {
	return &model{clock: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), entries: map[string]*xds.DocumentEntry{}, hidden: map[string]bool{}, calls: map[string]int{}}
}

func (m *model) uuid() string {
	m.next++
	return fmt.Sprintf("urn:uuid:%08d", m.next)
}

func (m *model) lot() string {
	m.clock = m.clock.Add(time.Hour)
	id := m.uuid()
	m.lots = append(m.lots, modelLot{id, m.clock})
	return id
}

func (m *model) link(lot string, a xds.Association) { m.links = append(m.links, modelLink{lot, a}) }

func (m *model) file(lot string, e xds.DocumentEntry) *xds.DocumentEntry {
	e.ID = m.uuid()
	e.ServiceStart = segur.At(m.clock)
	if e.LogicalID == "" {
		e.LogicalID, e.Version, e.Status = e.ID, "1", xds.Approved
		e.UniqueID = "1.2." + strconv.Itoa(m.next)
	}
	m.entries[e.ID] = &e
	m.order = append(m.order, e.ID)
	m.link(lot, xds.Association{Type: xds.HasMember, Source: lot, Target: e.ID})
	return &e
}

func (m *model) publish() *xds.DocumentEntry {
	return m.file(m.lot(), xds.DocumentEntry{ConfidentialityCodes: []segur.Code{{Code: "N"}}})
}

func (m *model) replace(old *xds.DocumentEntry) *xds.DocumentEntry {
	lot := m.lot()
	e := m.file(lot, xds.DocumentEntry{ConfidentialityCodes: old.ConfidentialityCodes})
	m.link(lot, xds.Association{Type: xds.Replaces, Source: e.ID, Target: old.ID})
	old.Status = xds.Deprecated
	return e
}

func (m *model) version(old *xds.DocumentEntry, change func(*xds.DocumentEntry)) *xds.DocumentEntry {
	e := *old
	e.Version = strconv.Itoa(number(old.Version) + 1)
	e.ConfidentialityCodes = slices.Clone(old.ConfidentialityCodes)
	change(&e)
	old.Status = xds.Deprecated
	return m.file(m.lot(), e)
}

func (m *model) setStatus(e *xds.DocumentEntry, to xds.Status) {
	lot := m.lot()
	if !m.silent {
		m.link(lot, xds.Association{Type: xds.UpdateStatus, Source: lot, Target: e.ID, From: e.Status, To: to})
	}
	e.Status = to
}

func (m *model) shows(e *xds.DocumentEntry) bool {
	return e != nil && e.Status != xds.Deleted && !m.hidden[e.LogicalID]
}

func (m *model) ask(name string) error {
	m.calls[name]++
	if m.fail == name {
		return errors.New("no answer")
	}
	return nil
}

func (m *model) active(time.Time) ([]*xds.DocumentEntry, error) {
	var out []*xds.DocumentEntry
	for _, id := range m.order {
		if e := m.entries[id]; m.shows(e) && e.Status == xds.Approved && !e.ServiceStart.Time.Before(m.since) {
			c := *e
			out = append(out, &c)
		}
	}
	return out, m.ask("active")
}

func (m *model) ids(s xds.Status) ([]string, error) {
	var out []string
	for _, id := range m.order {
		if e := m.entries[id]; m.shows(e) && e.Status == s {
			out = append(out, id)
		}
	}
	return out, m.ask("ids")
}

func (m *model) sets(since time.Time) ([]string, error) {
	var out []string
	for _, l := range m.lots {
		if !l.at.Before(since) {
			out = append(out, l.id)
		}
	}
	return out, m.ask("sets")
}

func (m *model) linksOf(ids []string) []xds.Association {
	var out []xds.Association
	for _, l := range m.links {
		if slices.Contains(ids, l.Source) || slices.Contains(ids, l.Target) {
			out = append(out, l.Association)
		}
	}
	return out
}

func (m *model) lotLinks(ids []string) []xds.Association {
	var out []xds.Association
	for _, l := range m.links { // those of the lots, and nothing else of theirs
		if slices.Contains(ids, l.lot) && l.Source == l.lot {
			out = append(out, l.Association)
		}
	}
	return out
}

func (m *model) linked(ids []string) (*Linked, error) {
	out := &Linked{Associations: m.linksOf(ids)}
	for _, id := range ids {
		if e := m.entries[id]; m.shows(e) {
			out.Entries = append(out.Entries, *e)
		}
	}
	return out, m.ask("linked")
}

func (m *model) versions(unique []string) (*Linked, error) {
	var ids []string
	for _, id := range m.order {
		if slices.Contains(unique, m.entries[id].UniqueID) {
			ids = append(ids, id)
		}
	}
	l, _ := m.linked(ids)
	return l, m.ask("versions")
}

// registry gives the model the method that the field links hides.
type registry struct{ *model }

func (r registry) links(ids []string) ([]xds.Association, error) {
	return r.lotLinks(ids), r.ask("links")
}
