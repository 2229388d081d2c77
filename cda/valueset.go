package cda

import (
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/nos"
)

// ValueSet is the list of codes that fields take, with their French labels: what
// a program offers to choose from.
type ValueSet struct {
	// OID identifies the set, such as 1.2.250.1.213.1.1.5.659 for
	// JDV_Contre_indications.
	OID segur.OID
	// Name is its published name.
	Name string
	// Revised is the date of the revision, YYYY-MM-DD.
	Revised string
	// Partial says that the SDK holds a part of the set only.
	Partial bool
	// Codes are in the order of the publication.
	Codes []segur.Code
}

// ValueSets lists the sets that the SDK holds. [Config.ValueSets] replaces some
// by newer revisions.
func ValueSets() []ValueSet {
	var out []ValueSet
	for _, t := range nos.Tables() {
		v := ValueSet{OID: segur.OID(t.OID), Name: t.Name, Revised: t.Revised, Partial: t.Partial, Codes: make([]segur.Code, 0, t.Len())}
		for e := range t.All() {
			v.Codes = append(v.Codes, segur.Code{Code: e.Code, System: segur.OID(e.System), SystemName: nos.SystemName(e.System), Display: e.Display})
		}
		out = append(out, v)
	}
	return out
}

// Lookup returns the row of a code.
func (v ValueSet) Lookup(code string) (segur.Code, bool) {
	return v.first(func(c segur.Code) bool { return c.Code == code })
}

// Find returns the row that has this label, in upper or lower case.
func (v ValueSet) Find(display string) (segur.Code, bool) {
	return v.first(func(c segur.Code) bool { return strings.EqualFold(c.Display, display) })
}

func (v ValueSet) first(match func(segur.Code) bool) (segur.Code, bool) {
	for _, c := range v.Codes {
		if match(c) {
			return c, true
		}
	}
	return segur.Code{}, false
}

// replacements are the tables of [Config.ValueSets], by OID.
type replacements map[string]*nos.Table

func (r replacements) of(t *nos.Table) *nos.Table {
	if other, ok := r[t.OID]; ok {
		return other
	}
	return t
}

// replace checks the sets of a configuration.
func replace(p *segur.Problems, sets []ValueSet) replacements {
	out := replacements{}
	known := map[string]bool{}
	for _, t := range nos.Tables() {
		known[t.OID] = true
	}
	c := checker{naming: true}
	for i, v := range sets {
		path := c.item("valueSets", i)
		switch {
		case !known[string(v.OID)]:
			p.Add(path+".oid", "is not that of a set of the SDK: see cda.ValueSets")
		case out[string(v.OID)] != nil:
			p.Add(path+".oid", "is there twice")
		case len(v.Codes) == 0:
			p.Add(path+".codes", "is empty")
		}
		rows, seen := make([]nos.Entry, 0, len(v.Codes)), map[string]bool{}
		for j, code := range v.Codes {
			at := c.item(path+".codes", j)
			switch {
			case code.Code == "" || code.Display == "" || !code.System.Valid():
				p.Add(at, "must have a code, a system and a label")
			case seen[code.Code]:
				p.Add(at, "is there twice")
			}
			seen[code.Code] = true
			rows = append(rows, nos.Entry{Code: code.Code, System: string(code.System), Display: clean(code.Display)})
		}
		out[string(v.OID)] = nos.NewTable(string(v.OID), v.Name, v.Revised, rows)
	}
	return out
}
