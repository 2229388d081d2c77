package kos

import (
	"slices"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
)

// Difference is what changed from one manifest to another.
type Difference struct {
	// Added and Removed are the instances that only the second, or only the
	// first, has. An instance that moved to another series is in both.
	Added, Removed []dicomweb.Ref
	// Changed are the instances of which the class, the number, the frames or
	// the key image marks differ.
	Changed []dicomweb.Ref
	// Series are the series of which the address, the number, the modality, the
	// region or the description differ.
	Series []string
	// Fields are the paths of the other fields that differ, such as
	// "study.description" or "ins", without their values.
	Fields []string
}

// IsZero reports whether nothing differs.
func (d Difference) IsZero() bool {
	return d.SameInstances() && len(d.Changed) == 0 && len(d.Series) == 0 && len(d.Fields) == 0
}

// SameInstances reports whether the same instances are shared, whatever is said
// of them.
func (d Difference) SameInstances() bool { return len(d.Added) == 0 && len(d.Removed) == 0 }

// Compare tells what changed from a to b. What every version has of its own (UID,
// number, time of creation) is left aside, and so are Archive, Encoding and
// Warnings.
func Compare(a, b *Manifest) Difference {
	var d Difference
	before := make(map[dicomweb.Ref]*Instance, a.Len())
	for ref, i := range a.All() {
		before[ref] = i
	}
	kept := make(map[dicomweb.Ref]bool, len(before))
	for ref, i := range b.All() {
		was := before[ref]
		switch {
		case was == nil:
			d.Added = append(d.Added, ref)
			continue
		case was.SOPClass != i.SOPClass || was.Number != i.Number || max(was.Frames, 1) != max(i.Frames, 1) || !sameKeys(was.Keys, i.Keys):
			d.Changed = append(d.Changed, ref)
		}
		kept[ref] = true
	}
	for ref := range a.All() {
		if !kept[ref] {
			d.Removed = append(d.Removed, ref)
		}
	}
	d.Series = changedSeries(a, b)
	for _, f := range []struct {
		path string
		same bool
	}{
		{"seriesUID", a.SeriesUID == b.SeriesUID},
		{"manufacturer", a.Manufacturer == b.Manufacturer},
		{"institution", a.Institution == b.Institution},
		{"ins", a.INS == b.INS},
		{"patient", written(a.Patient) == written(b.Patient)},
		{"study.uid", a.Study.UID == b.Study.UID},
		{"study.id", a.Study.ID == b.Study.ID},
		{"study.date", a.Study.Date == b.Study.Date},
		{"study.time", a.Study.Time == b.Study.Time},
		{"study.description", a.Study.Description == b.Study.Description},
		{"study.referringPhysician", a.Study.ReferringPhysician == b.Study.ReferringPhysician},
		{"orders", slices.EqualFunc(a.Orders, b.Orders, sameOrder)},
		{"act", a.Act == b.Act},
	} {
		if !f.same {
			d.Fields = append(d.Fields, f.path)
		}
	}
	return d
}

// written are the traits as far as a document holds them.
func written(t segur.Traits) segur.Traits {
	t.BirthDateInterpreted = false
	if !t.BirthDate.Complete() {
		t.BirthDate = segur.Date{}
	}
	return t
}

// changedSeries are the series that both have and say otherwise.
func changedSeries(a, b *Manifest) []string {
	before := make(map[string]*Series, len(a.Series))
	for i := range a.Series {
		before[a.Series[i].UID] = &a.Series[i]
	}
	var out []string
	for i := range b.Series {
		s := &b.Series[i]
		was := before[s.UID]
		if was != nil && (was.RetrieveURL != s.RetrieveURL || was.RetrieveLocationUID != s.RetrieveLocationUID || was.Number != s.Number ||
			was.Modality != s.Modality || was.Region != s.Region || was.Description != s.Description) {
			out = append(out, s.UID)
		}
	}
	return out
}

// sameOrder compares numbers and their authorities, not the labels of these.
func sameOrder(a, b segur.DocumentOrder) bool {
	same := func(x, y segur.Identifier) bool { return x.Root == y.Root && x.Extension == y.Extension }
	return same(a.Placer, b.Placer) && same(a.Accession, b.Accession)
}

func sameKeys(a, b []Key) bool {
	return slices.EqualFunc(a, b, func(x, y Key) bool { return x.Note == y.Note && x.Series == y.Series && x.Title.Equal(y.Title) })
}
