package dicomweb

import (
	"github.com/segur-sdk/segur"
)

// Ref names a study, a series of it or an instance of that: the upper levels
// are always given.
type Ref struct {
	// Study is the Study Instance UID.
	Study string
	// Series is the Series Instance UID. Empty: the whole study.
	Series string
	// Instance is the SOP Instance UID. Empty: the whole series or study.
	Instance string
}

// ValidUID reports whether s may be a UID in a URL: digits and dots, 1 to 64
// characters, no empty component. Leading zeros, which the standard forbids
// and archives hold, are accepted.
func ValidUID(s string) bool {
	if len(s) == 0 || len(s) > 64 || s[0] == '.' || s[len(s)-1] == '.' {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c == '.':
			if s[i-1] == '.' {
				return false
			}
		case c < '0' || c > '9':
			return false
		}
	}
	return true
}

const uidRule = "must be a UID: digits and dots, 64 characters at most"

// check adds to p what is wrong with r.
func (r Ref) check(p *segur.Problems, field string) {
	if !ValidUID(r.Study) {
		p.Add(field+".study", uidRule)
	}
	if r.Series != "" && !ValidUID(r.Series) {
		p.Add(field+".series", uidRule)
	}
	if r.Instance != "" && !ValidUID(r.Instance) {
		p.Add(field+".instance", uidRule)
	}
	if r.Instance != "" && r.Series == "" {
		p.Add(field+".series", "is required with an instance")
	}
}

// Path returns the resource below the base URL: "/studies/1.2/series/1.3". UIDs
// need no escaping.
func (r Ref) Path() string {
	p := "/studies/" + r.Study
	if r.Series != "" {
		p += "/series/" + r.Series
	}
	if r.Instance != "" {
		p += "/instances/" + r.Instance
	}
	return p
}

// holds reports whether other lies in what r names. Levels that other does not
// give are taken to.
func (r Ref) holds(other Ref) bool {
	fits := func(asked, got string) bool { return asked == "" || got == "" || asked == got }
	return fits(r.Study, other.Study) && fits(r.Series, other.Series) && fits(r.Instance, other.Instance)
}
