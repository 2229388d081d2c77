package drim

import (
	"slices"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/traits"
)

// checker holds the objects while the rules look at them.
type checker struct {
	Objects
	entryTraits segur.Traits
}

// checkRule is one rule. check returns what it compared, and why it compared
// nothing.
type checkRule struct {
	name  string
	text  segur.Text
	check func(*checker) ([]Comparison, segur.Text)
}

// compare is how two values that are there are compared.
type compare func(a, b string) (Verdict, segur.Text)

// member is one side of a rule. must says that its object has to say it.
type member struct {
	Side
	must bool
}

func side(o Object, path, value string) member { return member{Side: Side{o, path, value}} }

func required(o Object, path, value string) member {
	return member{Side: Side{o, path, value}, must: true}
}

// all compares each value with the first one that is there. What must be there
// and is not fails, as long as another object says it.
func all(how compare, members ...member) ([]Comparison, segur.Text) {
	base := slices.IndexFunc(members, func(m member) bool { return m.value != "" })
	if base < 0 {
		return nil, reasonNone
	}
	var out []Comparison
	for i, m := range members {
		switch {
		case i == base:
		case m.value != "":
			v, note := how(members[base].value, m.value)
			out = append(out, Comparison{Verdict: v, A: members[base].Side, B: m.Side, Note: note})
		case m.must:
			out = append(out, Comparison{Verdict: Failed, A: members[base].Side, B: m.Side})
		}
	}
	if len(out) == 0 {
		return nil, only(members[base].Object)
	}
	return out, segur.Text{}
}

var reasonNone = segur.Text{FR: "aucun objet fourni ne le dit", EN: "no object that was given says it"}

func only(o Object) segur.Text {
	return segur.Text{FR: "un seul objet le dit : " + string(o), EN: "one object only says it: " + string(o)}
}

func needs(objects ...Object) segur.Text {
	names := make([]string, len(objects))
	for i, o := range objects {
		names[i] = string(o)
	}
	return segur.Text{FR: "il manque : " + strings.Join(names, ", "), EN: "missing: " + strings.Join(names, ", ")}
}

// exact compares texts, blanks around them aside.
func exact(a, b string) (Verdict, segur.Text) {
	if strings.TrimSpace(a) == strings.TrimSpace(b) {
		return Passed, segur.Text{}
	}
	return Failed, segur.Text{}
}

// folded compares without case: hashes.
func folded(a, b string) (Verdict, segur.Text) {
	if strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b)) {
		return Passed, segur.Text{}
	}
	return Failed, segur.Text{}
}

// names compares names: another way to write the same letters is a warning.
func names(a, b string) (Verdict, segur.Text) {
	switch traits.Names(strings.Join(strings.Fields(a), " "), strings.Join(strings.Fields(b), " ")) {
	case segur.AgreementSame:
		return Passed, segur.Text{}
	case segur.AgreementEquivalent:
		return Warned, segur.Text{FR: "mêmes lettres, écrites autrement", EN: "the same letters, written otherwise"}
	}
	return Failed, segur.Text{}
}

// prefixes compares dates of which one may be less precise.
func prefixes(a, b string) (Verdict, segur.Text) {
	if strings.HasPrefix(a, b) || strings.HasPrefix(b, a) {
		return Passed, segur.Text{}
	}
	return Failed, segur.Text{}
}

// structures compares national identifiers of structures, the type digit of a
// FINESS aside.
func structures(a, b string) (Verdict, segur.Text) {
	return exact(segur.NormalizeStructureID(a), segur.NormalizeStructureID(b))
}

// atMost lowers what a comparison may give.
func atMost(limit Verdict, how compare) compare {
	return func(a, b string) (Verdict, segur.Text) {
		v, note := how(a, b)
		return min(v, limit), note
	}
}

// lowered limits the verdict of the comparisons with an object.
func lowered(limit Verdict, o Object, in []Comparison) []Comparison {
	for i := range in {
		if in[i].A.Object == o || in[i].B.Object == o {
			in[i].Verdict = min(in[i].Verdict, limit)
		}
	}
	return in
}

// set is a side with several values.
type set struct {
	Object Object
	Path   string
	values []string
	must   bool
}

func newSet(o Object, path string, must bool, values []string) set {
	out := set{Object: o, Path: path, must: must}
	for _, v := range values {
		if v = strings.TrimSpace(v); v != "" && !slices.Contains(out.values, v) {
			out.values = append(out.values, v)
		}
	}
	slices.Sort(out.values)
	return out
}

func (s set) side() Side { return Side{s.Object, s.Path, strings.Join(s.values, ", ")} }

// sets compares sets with the first one that has values: the same ones pass, one
// that lies in the other is judged by within, others that share a value by
// overlap; none in common fails.
func sets(within, overlap Verdict, members ...set) ([]Comparison, segur.Text) {
	base := slices.IndexFunc(members, func(s set) bool { return len(s.values) > 0 })
	if base < 0 {
		return nil, reasonNone
	}
	var out []Comparison
	a := members[base]
	for i, b := range members {
		if i == base || len(b.values) == 0 && !b.must {
			continue
		}
		x := Comparison{A: a.side(), B: b.side()}
		common := 0
		for _, v := range b.values {
			if slices.Contains(a.values, v) {
				common++
			}
		}
		switch {
		case common == len(a.values) && common == len(b.values):
			x.Verdict = Passed
		case common == 0:
			x.Verdict = Failed
		case common == len(a.values) || common == len(b.values):
			x.Verdict, x.Note = within, segur.Text{FR: "une partie seulement est commune", EN: "a part only is common"}
		default:
			x.Verdict, x.Note = overlap, segur.Text{FR: "une partie seulement est commune", EN: "a part only is common"}
		}
		out = append(out, x)
	}
	if len(out) == 0 {
		return nil, only(a.Object)
	}
	return out, segur.Text{}
}
