package drim

import (
	"slices"
	"strings"

	"github.com/segur-sdk/segur/dmp/xds"
)

// hides reports whether a report is hidden from these: as its current version
// says, for the record or not, or as the one does that the manifest would be made
// of.
func (r *ArchivedReport) hides(v xds.Visibility) bool {
	return !r.Withdrawn && (slices.Contains(r.Hides, v) || r.Basis != nil && slices.Contains(r.Basis.Flags.Visibility(), v))
}

// visibility is from whom the manifest of the study is hidden: from whom any of
// its reports is. The images are those of all of them, so that none may show what
// another one hides.
func (s *ArchivedStudy) visibility() []xds.Visibility {
	var out []xds.Visibility
	for _, v := range []xds.Visibility{xds.HiddenFromProfessionals, xds.HiddenFromPatient, xds.HiddenFromRepresentatives} {
		if slices.ContainsFunc(s.Reports, func(r ArchivedReport) bool { return r.hides(v) }) {
			out = append(out, v)
		}
	}
	return out
}

// digest tells one manifest to be made from another: the basis, and what other
// reports hide beside it.
func (s *ArchivedStudy) digest(want *ArchivedReport) string {
	out, own := want.Basis.Digest, want.Basis.Flags.Visibility()
	for _, v := range s.visibility() {
		if !slices.Contains(own, v) {
			out += digestMark + string(v)
		}
	}
	return out
}

// sameBasis reports whether a manifest differs from the one to be made by its
// visibility at most.
func (p *Publication) sameBasis(want *ArchivedReport) bool {
	basis, _, _ := strings.Cut(p.Digest, digestMark)
	return basis == want.Basis.Digest
}

const digestMark = "+"
