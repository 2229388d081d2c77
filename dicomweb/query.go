package dicomweb

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/segur-sdk/segur"
)

// Query says what to search. Zero fields do not restrict.
type Query struct {
	// Study is a Study Instance UID: a filter on studies, the parent of series
	// and instances.
	Study string
	// Series is a Series Instance UID: a filter on series, the parent of
	// instances.
	Series string
	// Instances are SOP Instance UIDs, at the level of instances only.
	Instances []string
	// PatientID is the local identifier of the patient, exact: no wildcard.
	PatientID string
	// PatientName is "FAMILY^GIVEN"; "*" and "?" are wildcards.
	PatientName string
	// AccessionNumber is that of the order, exact: no wildcard.
	AccessionNumber string
	// From and To bound the study date, both days included. Each is complete or
	// zero.
	From, To segur.Date
	// Modality is one that the study holds, or that of the series: "CT".
	Modality string
	// Match are further keys.
	Match []Match
	// Include asks for attributes beyond those of the standard.
	Include []Tag
	// IncludeAll asks for all attributes that the server has.
	IncludeAll bool
	// Fuzzy asks for the server's fuzzy matching of names.
	Fuzzy bool
	// Limit bounds the rows given. 0: all of them, within
	// Limits.MaxParts of the configuration.
	Limit int
	// PageSize is the number of rows asked for at a time. 0: 200.
	PageSize int
}

// Match is a matching key (PS3.18 8.3.4).
type Match struct {
	// Path is the tag; for an attribute inside sequences, theirs come first.
	Path []Tag
	// Value is what the key must match: wildcards "*" and "?", ranges "a-b" of
	// dates. It is escaped for the URL by the client.
	Value string
}

// level of a search.
type level uint8

const (
	studyLevel level = iota
	seriesLevel
	instanceLevel
)

// uid is the tag that identifies a row.
func (l level) uid() Tag {
	return [...]Tag{TagStudyInstanceUID, TagSeriesInstanceUID, TagSOPInstanceUID}[l]
}

// check names everything that is wrong with q.
func (q *Query) check(l level) error {
	var p segur.Problems
	for _, u := range []struct{ field, value string }{{"study", q.Study}, {"series", q.Series}} {
		if u.value != "" && !ValidUID(u.value) {
			p.Add("query."+u.field, uidRule)
		}
	}
	switch {
	case q.Series != "" && l == studyLevel:
		p.Add("query.series", "has no meaning in a search of studies")
	case q.Series != "" && q.Study == "":
		p.Add("query.study", "is required with a series")
	}
	if len(q.Instances) > 0 && l != instanceLevel {
		p.Add("query.instances", "has a meaning in a search of instances only")
	}
	for i, u := range q.Instances {
		if !ValidUID(u) {
			p.Addf("query.instances["+strconv.Itoa(i)+"]", uidRule)
		}
	}
	for _, v := range []struct {
		field, value string
		exact        bool
	}{
		{"patientID", q.PatientID, true}, {"patientName", q.PatientName, false},
		{"accessionNumber", q.AccessionNumber, true}, {"modality", q.Modality, true},
	} {
		checkKey(&p, "query."+v.field, v.value, v.exact)
	}
	for _, d := range []struct {
		field string
		date  segur.Date
	}{{"from", q.From}, {"to", q.To}} {
		if !d.date.IsZero() && !(d.date.Complete() && d.date.Valid()) {
			p.Add("query."+d.field, "must be a complete date")
		}
	}
	if !q.From.IsZero() && !q.To.IsZero() && q.From.ISO() > q.To.ISO() {
		p.Add("query.to", "must not be before from")
	}
	for i, m := range q.Match {
		field := "query.match[" + strconv.Itoa(i) + "]"
		if len(m.Path) == 0 {
			p.Add(field+".path", "is required")
		}
		checkKey(&p, field+".value", m.Value, false)
	}
	if q.Limit < 0 {
		p.Add("query.limit", "must not be negative")
	}
	if q.PageSize < 0 {
		p.Add("query.pageSize", "must not be negative")
	}
	return p.Err(opSearch)
}

func checkKey(p *segur.Problems, field, value string, exact bool) {
	if exact && strings.ContainsAny(value, "*?") {
		p.Add(field, "must hold no wildcard: use match for a pattern")
	}
	if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7F || r == '\\' || r == '\uFFFD' }) {
		p.Add(field, "must hold no backslash, control or invalid character")
	}
}

// resource returns the path of the search below the base URL.
func (q *Query) resource(l level) string {
	switch {
	case l == studyLevel:
		return "/studies"
	case l == seriesLevel && q.Study != "":
		return "/studies/" + q.Study + "/series"
	case l == seriesLevel:
		return "/series"
	case q.Series != "":
		return "/studies/" + q.Study + "/series/" + q.Series + "/instances"
	case q.Study != "":
		return "/studies/" + q.Study + "/instances"
	}
	return "/instances"
}

// criterion is an exact key, which the rows of an answer are held against.
type criterion struct {
	tag  Tag
	keep func(value string) bool
	// must: the standard has the server return the attribute, as it has for
	// every key that it matched.
	must bool
	// path leads on from tag inside sequences.
	path []Tag
}

// keep reports whether a value may match the key: patterns, ranges and names,
// which servers match each in their way, are taken on trust.
func (m Match) keep(v string) bool {
	switch m.Path[len(m.Path)-1].VR() {
	case DA, TM, DT, PN:
		return true
	case UI:
		return slices.Contains(strings.Split(m.Value, ","), v)
	}
	return strings.ContainsAny(m.Value, "*?") || strings.EqualFold(v, strings.TrimSpace(m.Value))
}

// encode returns the query string without paging, and what rows must keep.
func (q *Query) encode(l level) (string, []criterion) {
	var keys []string
	var criteria []criterion
	add := func(path []Tag, value string) {
		names := make([]string, len(path))
		for i, t := range path {
			names[i] = t.String()
		}
		keys = append(keys, strings.Join(names, ".")+"="+value)
	}
	exact := func(tag Tag, value string) {
		if value != "" {
			add([]Tag{tag}, escape(value))
			criteria = append(criteria, criterion{tag: tag, must: l == studyLevel,
				keep: func(v string) bool { return strings.EqualFold(v, strings.TrimSpace(value)) }})
		}
	}
	if l == studyLevel {
		exact(TagStudyInstanceUID, q.Study)
	}
	if l == seriesLevel {
		exact(TagSeriesInstanceUID, q.Series)
	}
	exact(TagPatientID, q.PatientID)
	exact(TagAccessionNumber, q.AccessionNumber)
	if q.PatientName != "" {
		add([]Tag{TagPatientName}, escape(q.PatientName))
	}
	if !q.From.IsZero() || !q.To.IsZero() {
		from, to := q.From.Compact(), q.To.Compact()
		value := from + "-" + to
		if from == to {
			value = from
		}
		add([]Tag{TagStudyDate}, value)
		criteria = append(criteria, criterion{tag: TagStudyDate, must: l == studyLevel, keep: func(v string) bool {
			v = strings.ReplaceAll(v, ".", "")
			return v >= from && (to == "" || v <= to)
		}})
	}
	if q.Modality != "" && l == studyLevel {
		add([]Tag{TagModalitiesInStudy}, escape(q.Modality))
		criteria = append(criteria, criterion{tag: TagModalitiesInStudy, keep: func(v string) bool { return strings.EqualFold(v, q.Modality) }})
	} else {
		exact(TagModality, q.Modality)
	}
	if len(q.Instances) > 0 {
		add([]Tag{TagSOPInstanceUID}, strings.Join(q.Instances, ","))
		asked := map[string]bool{}
		for _, u := range q.Instances {
			asked[u] = true
		}
		criteria = append(criteria, criterion{tag: TagSOPInstanceUID, must: true, keep: func(v string) bool { return asked[v] }})
	}
	for _, m := range q.Match {
		add(m.Path, escape(m.Value))
		if m.Value != "" {
			criteria = append(criteria, criterion{tag: m.Path[0], path: m.Path[1:], keep: m.keep, must: true})
		}
	}
	for _, t := range q.Include {
		keys = append(keys, "includefield="+t.String())
	}
	if q.IncludeAll {
		keys = append(keys, "includefield=all")
	}
	if q.Fuzzy {
		keys = append(keys, "fuzzymatching=true")
	}
	return strings.Join(keys, "&"), criteria
}

// escape encodes a value for a query string. A blank becomes %20, since some
// servers do not read "+"; "*" stays.
func escape(v string) string {
	return strings.NewReplacer("+", "%20", "%2A", "*").Replace(url.QueryEscape(v))
}

// violated returns the first criterion that a row does not keep.
func violated(ds *Dataset, criteria []criterion) (Tag, bool) {
	for _, c := range criteria {
		values := valuesAt(ds, c.tag, c.path)
		if len(values) == 0 && !c.must {
			continue
		}
		if !slices.ContainsFunc(values, func(v string) bool { return c.keep(strings.Trim(v, " \x00")) }) {
			return c.tag, true
		}
	}
	return 0, false
}

// valuesAt returns the values of an attribute, in all items of the sequences on
// the way.
func valuesAt(ds *Dataset, tag Tag, path []Tag) []string {
	if len(path) == 0 {
		return ds.Values(tag)
	}
	var out []string
	for _, item := range ds.Items(tag) {
		out = append(out, valuesAt(item, path[0], path[1:])...)
	}
	return out
}
