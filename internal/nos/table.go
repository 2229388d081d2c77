package nos

import (
	"iter"
	"slices"
	"strings"
	"sync"
)

// Entry is one code of a table.
type Entry struct {
	// Code is the code, such as "SA07".
	Code string
	// System is the OID of the code system.
	System string
	// Display is the French label.
	Display string
}

// Table is one value set. Tables are read-only and safe for concurrent use.
type Table struct {
	// OID identifies the value set.
	OID string
	// Name is the published name.
	Name string
	// Revised is the date of the revision copied here, YYYY-MM-DD.
	Revised string
	// Partial says that only the rows that the SDK needs were copied: a code
	// that is absent may well be in the value set.
	Partial bool

	parts [][]Entry
	index func() map[string]Entry
}

// NewTable makes a table of rows of the caller: a newer revision of a set.
func NewTable(oid, name, revised string, rows []Entry) *Table {
	return newTable(oid, name, revised, slices.Clone(rows))
}

func newTable(oid, name, revised string, parts ...[]Entry) *Table {
	t := &Table{OID: oid, Name: name, Revised: revised, parts: parts}
	t.index = sync.OnceValue(func() map[string]Entry {
		m := make(map[string]Entry, t.Len())
		for e := range t.All() {
			m[e.Code] = e
		}
		return m
	})
	return t
}

func (t *Table) partial() *Table {
	t.Partial = true
	return t
}

// Lookup returns the row of a code. Codes are unique within a table.
func (t *Table) Lookup(code string) (Entry, bool) {
	e, ok := t.index()[code]
	return e, ok
}

// Display returns the label of a code of a system, "" when the table has no such row.
func (t *Table) Display(code, system string) string {
	if e, ok := t.index()[code]; ok && e.System == system {
		return e.Display
	}
	return ""
}

// Has reports whether the table holds the code under that system.
func (t *Table) Has(code, system string) bool {
	e, ok := t.index()[code]
	return ok && e.System == system
}

// Find returns the row that has this label, in upper or lower case; the first
// one when several do.
func (t *Table) Find(display string) (Entry, bool) {
	for e := range t.All() {
		if strings.EqualFold(e.Display, display) {
			return e, true
		}
	}
	return Entry{}, false
}

// HasSystem reports whether some row of the table belongs to the code system.
func (t *Table) HasSystem(system string) bool {
	for e := range t.All() {
		if e.System == system {
			return true
		}
	}
	return false
}

// All gives the rows in the order of the publication, but for [AuthorSpecialty].
func (t *Table) All() iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		for _, p := range t.parts {
			for _, e := range p {
				if !yield(e) {
					return
				}
			}
		}
	}
}

// Len counts the rows.
func (t *Table) Len() int {
	n := 0
	for _, p := range t.parts {
		n += len(p)
	}
	return n
}

// Tables lists the tables of this file set, for tests and documentation.
func Tables() []*Table { return slices.Clone(tables) }

var tables = []*Table{
	AuthorSpecialty, FacilityType, PracticeSetting, DocumentType, FunctionCode, EncounterType, Gender, Participation,
	Civility, Title, Confidentiality, Modality, Region, Relationship,
	AnatomicalSite, TechniqueLaterality, TopographicModifier, DoseQuantity, PregnancyStatus, ContraIndication, SOPClass, Route,
	RequestedTechnique, PETFunction, ScintigraphyFunction, PETContrast, CareInformation,
}
