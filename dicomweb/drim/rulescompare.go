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

// comparer is how two values that are there are compared.
type comparer func(a, b string) (Verdict, segur.Text)

// ruleSide is one side of a rule. must says that its object has to say it.
type ruleSide struct {
	Side
	must bool
}

func sideOf(o Object, path, value string) ruleSide { return ruleSide{Side: Side{o, path, value}} }

func requiredOf(o Object, path, value string) ruleSide {
	return ruleSide{Side: Side{o, path, value}, must: true}
}

// compareAll compares each value with the first one that is there. What must be there
// and is not fails, as long as another object says it.
func compareAll(how comparer, members ...ruleSide) ([]Comparison, segur.Text) {
	base := slices.IndexFunc(members, func(m ruleSide) bool { return m.value != "" })
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
		return nil, onlyIn(members[base].Object)
	}
	return out, segur.Text{}
}

var reasonNone = segur.Text{FR: "aucun objet fourni ne le dit", EN: "no object that was given says it"}

func onlyIn(o Object) segur.Text {
	return segur.Text{FR: "un seul objet le dit : " + string(o), EN: "one object only says it: " + string(o)}
}

func lacking(objects ...Object) segur.Text {
	names := make([]string, len(objects))
	for i, o := range objects {
		names[i] = string(o)
	}
	return segur.Text{FR: "il manque : " + strings.Join(names, ", "), EN: "missing: " + strings.Join(names, ", ")}
}

// compareText compares texts, blanks around them aside.
func compareText(a, b string) (Verdict, segur.Text) {
	if strings.TrimSpace(a) == strings.TrimSpace(b) {
		return Passed, segur.Text{}
	}
	return Failed, segur.Text{}
}

// compareFolded compares without case: hashes.
func compareFolded(a, b string) (Verdict, segur.Text) {
	if strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b)) {
		return Passed, segur.Text{}
	}
	return Failed, segur.Text{}
}

// compareNames compares names: another way to write the same letters is a warning.
func compareNames(a, b string) (Verdict, segur.Text) {
	switch traits.Names(strings.Join(strings.Fields(a), " "), strings.Join(strings.Fields(b), " ")) {
	case segur.AgreementSame:
		return Passed, segur.Text{}
	case segur.AgreementEquivalent:
		return Warned, segur.Text{FR: "mêmes lettres, écrites autrement", EN: "the same letters, written otherwise"}
	}
	return Failed, segur.Text{}
}

// comparePrefix compares dates of which one may be less precise.
func comparePrefix(a, b string) (Verdict, segur.Text) {
	if strings.HasPrefix(a, b) || strings.HasPrefix(b, a) {
		return Passed, segur.Text{}
	}
	return Failed, segur.Text{}
}

// limitVerdict lowers what a comparison may give.
func limitVerdict(limit Verdict, how comparer) comparer {
	return func(a, b string) (Verdict, segur.Text) {
		v, note := how(a, b)
		return min(v, limit), note
	}
}

// lowerVerdicts limits the verdict of the comparisons with an object.
func lowerVerdicts(limit Verdict, o Object, in []Comparison) []Comparison {
	for i := range in {
		if in[i].A.Object == o || in[i].B.Object == o {
			in[i].Verdict = min(in[i].Verdict, limit)
		}
	}
	return in
}

// valueSet is a side with several values.
type valueSet struct {
	Object Object
	Path   string
	values []string
	must   bool
}

func newSet(o Object, path string, must bool, values []string) valueSet {
	out := valueSet{Object: o, Path: path, must: must}
	for _, v := range values {
		if v = strings.TrimSpace(v); v != "" && !slices.Contains(out.values, v) {
			out.values = append(out.values, v)
		}
	}
	slices.Sort(out.values)
	return out
}

func (s valueSet) joined() Side { return Side{s.Object, s.Path, strings.Join(s.values, ", ")} }

// compareSets compares sets with the first one that has values: the same ones pass, one
// that lies in the other is judged by within, others that share a value by
// overlap; none in common fails.
func compareSets(within, overlap Verdict, members ...valueSet) ([]Comparison, segur.Text) {
	base := slices.IndexFunc(members, func(s valueSet) bool { return len(s.values) > 0 })
	if base < 0 {
		return nil, reasonNone
	}
	var out []Comparison
	a := members[base]
	for i, b := range members {
		if i == base || len(b.values) == 0 && !b.must {
			continue
		}
		x := Comparison{A: a.joined(), B: b.joined()}
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
		return nil, onlyIn(a.Object)
	}
	return out, segur.Text{}
}
