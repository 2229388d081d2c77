package dicomweb

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
)

// Match is a matching key (PS3.18 8.3.4). Exactly one of Value, Values and
// Empty is set; none of them asks only that the attribute be returned.
// [Equal], [OneOf], [DateRange], [TimeRange], [DateTimeRange] and [Absent] make
// the usual ones, [Match.In] puts one inside a sequence.
type Match struct {
	// Path is the tag; for an attribute inside sequences, theirs come first.
	Path []Tag
	// Value is what the key must match: wildcards "*" and "?" in text, ranges
	// "a-b" of dates and times. It is escaped for the URL by the client.
	Value string
	// Values are alternatives: of UIDs, which every server knows, or of others,
	// for which the server is asked for multiple value matching.
	Values []string
	// Empty matches what has no value; the server is asked for empty value
	// matching.
	Empty bool
}

// Equal matches a value; "*" and "?" in text are wildcards.
func Equal(tag Tag, value string) Match { return Match{Path: []Tag{tag}, Value: value} }

// OneOf matches any of the values.
func OneOf(tag Tag, values ...string) Match { return Match{Path: []Tag{tag}, Values: values} }

// Absent matches what has no value for the tag.
func Absent(tag Tag) Match { return Match{Path: []Tag{tag}, Empty: true} }

// DateRange matches a DA attribute, both days included. A zero date leaves that
// side open.
func DateRange(tag Tag, from, to segur.Date) Match {
	return rangeOf(tag, from.Compact(), to.Compact())
}

// TimeRange matches a TM attribute, "HHMMSS" or the beginning of that, both ends
// included. An empty one leaves that side open.
func TimeRange(tag Tag, from, to string) Match {
	clean := strings.NewReplacer(":", "")
	return rangeOf(tag, clean.Replace(from), clean.Replace(to))
}

// DateTimeRange matches a DT attribute, both ends included, with the offset from
// UTC of each. A zero time leaves that side open.
func DateTimeRange(tag Tag, from, to time.Time) Match {
	text := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.Format("20060102150405.000000-0700")
	}
	return rangeOf(tag, text(from), text(to))
}

func rangeOf(tag Tag, from, to string) Match {
	m := Match{Path: []Tag{tag}}
	switch {
	case from == to:
		m.Value = from
	default:
		m.Value = from + "-" + to
	}
	return m
}

// In returns m for the attribute inside the sequences, the outermost first.
func (m Match) In(sequences ...Tag) Match {
	m.Path = append(slices.Clone(sequences), m.Path...)
	return m
}

// tag is the attribute itself.
func (m Match) tag() Tag { return m.Path[len(m.Path)-1] }

// check adds what is wrong with m.
func (m Match) check(p *segur.Problems, field, separator string) {
	if len(m.Path) == 0 {
		p.Add(field+".path", "is required")
	}
	for i, t := range m.Path {
		if vr := t.VR(); i+1 < len(m.Path) && vr != SQ && vr != UN {
			p.Add(field+".path", "must lead through sequences")
		}
	}
	said := 0
	for _, is := range []bool{m.Value != "", len(m.Values) > 0, m.Empty} {
		if is {
			said++
		}
	}
	if said > 1 {
		p.Add(field, "must have only one of value, values and empty")
	}
	vr := UN
	if len(m.Path) > 0 {
		vr = m.tag().VR()
	}
	checkKey(p, field+".value", m.Value, false)
	checkForm(p, field+".value", vr, m.Value)
	for i, v := range m.Values {
		at := field + ".values[" + strconv.Itoa(i) + "]"
		checkKey(p, at, v, false)
		switch {
		case v == "":
			p.Add(at, "must not be empty")
		case vr == UI && !ValidUID(v):
			p.Add(at, uidRule)
		case strings.Contains(v, separator):
			p.Add(at, "must not hold the separator of the list")
		}
	}
}

// checkForm holds a value against what its representation allows.
func checkForm(p *segur.Problems, field string, vr VR, value string) {
	switch vr {
	case UI:
		for v := range strings.SplitSeq(value, ",") {
			if value != "" && !ValidUID(v) {
				p.Add(field, uidRule)
			}
		}
	case DA, TM, DT:
		if strings.ContainsFunc(value, func(r rune) bool { return (r < '0' || r > '9') && r != '.' && r != '-' && r != '+' && r != ':' }) {
			p.Add(field, "must be digits, or a range of them")
		}
	case IS, DS, SL, SS, UL, US, FL, FD, SV, UV, AT:
		if strings.ContainsAny(value, "*?") {
			p.Add(field, "must hold no wildcard: it is a number")
		}
	}
}

// encode returns the value for the URL.
func (m Match) encode(separator string) string {
	switch {
	case m.Empty:
		return "%22%22"
	case len(m.Values) == 0:
		return escape(m.Value)
	case m.tag().VR() == UI:
		separator = ","
	}
	out := make([]string, len(m.Values))
	for i, v := range m.Values {
		out[i] = escape(v)
	}
	if separator != "," {
		separator = escape(separator)
	}
	return strings.Join(out, separator)
}

// multiple reports whether the server must know multiple value matching.
func (m Match) multiple() bool { return len(m.Values) > 1 && m.tag().VR() != UI }

// criterion returns what rows must keep; ok is false when they need not.
func (m Match) criterion() (c criterion, ok bool) {
	c = criterion{tag: m.Path[0], path: m.Path[1:], must: true}
	switch {
	case m.Empty:
		c.empty, c.must = true, false
	case len(m.Values) > 0:
		c.keep = func(v string) bool {
			return slices.ContainsFunc(m.Values, func(one string) bool { return keeps(m.tag().VR(), one, v) })
		}
	case m.Value != "":
		c.keep = func(v string) bool { return keeps(m.tag().VR(), m.Value, v) }
	default:
		return c, false
	}
	return c, true
}

// keeps reports whether a value may match a key: times and names, and patterns
// beyond ASCII, which servers match each in their way, are taken on trust.
func keeps(vr VR, key, v string) bool {
	switch vr {
	case TM, DT, PN:
		return true
	case DA:
		from, to, isRange := strings.Cut(key, "-")
		v = strings.ReplaceAll(v, ".", "")
		return !isRange && v == key || isRange && v >= from && (to == "" || v <= to)
	case UI:
		return slices.Contains(strings.Split(key, ","), v)
	case IS, DS, SL, SS, UL, US, FL, FD, SV, UV:
		a, err1 := strconv.ParseFloat(strings.TrimSpace(key), 64)
		b, err2 := strconv.ParseFloat(v, 64)
		if err1 == nil && err2 == nil {
			return a == b // "07" and "7.0" are the number 7
		}
	}
	key = strings.TrimSpace(key)
	if !strings.ContainsAny(key, "*?") {
		return strings.EqualFold(v, key)
	}
	return !isASCII(key) || !isASCII(v) || fitsPattern(v, key)
}

// fitsPattern reports whether ASCII text fits a pattern of "*" and "?", whatever
// the case of its letters.
func fitsPattern(v, pattern string) bool {
	v, pattern = strings.ToLower(v), strings.ToLower(pattern)
	i, j, star, mark := 0, 0, -1, 0
	for i < len(v) {
		switch {
		case j < len(pattern) && pattern[j] == '*':
			star, mark = j, i
			j++
		case j < len(pattern) && (pattern[j] == '?' || pattern[j] == v[i]):
			i, j = i+1, j+1
		case star >= 0: // the last star takes one character more
			mark++
			i, j = mark, star+1
		default:
			return false
		}
	}
	return strings.Trim(pattern[j:], "*") == ""
}
