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
	// StudyUIDs are alternatives to Study. Below the studies they make a search
	// across studies, which not every server has.
	StudyUIDs []string
	// SeriesUIDs are alternatives to Series, of series or of instances.
	SeriesUIDs []string
	// Instances are SOP Instance UIDs, at the level of instances only.
	Instances []string
	// PatientID is the local identifier of the patient, exact: no wildcard.
	PatientID string
	// PatientName is "FAMILY^GIVEN"; "*" and "?" are wildcards.
	PatientName string
	// AccessionNumber is that of the order, exact: no wildcard.
	AccessionNumber string
	// From and To bound the study date, both days included. Each is complete or
	// zero. For times of day see [TimeRange]: servers hold date and time against
	// their ranges one by one.
	From, To segur.Date
	// Modality is one that the study holds, or that of the series: "CT".
	Modality string
	// Match are further keys.
	Match []Match
	// ValueSeparator stands between [Match.Values] that are not UIDs. Empty:
	// ",", as PS3.18 has it for UIDs; "\\" is that of the DIMSE services.
	ValueSeparator string
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
	// OnWarning is told of each warning of the server (header Warning), as it
	// came but for control characters: a key or the fuzzy matching that it does
	// not know, results that it holds back. It may quote the query. nil: only
	// the Logger is told, without the text.
	OnWarning func(text string)

	// toEmpty asks on after a page that is shorter than what was asked, until one
	// is empty: servers cap pages without a word.
	toEmpty bool
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
	for _, list := range []struct {
		field  string
		values []string
	}{{"studyUIDs", q.StudyUIDs}, {"seriesUIDs", q.SeriesUIDs}, {"instances", q.Instances}} {
		for i, u := range list.values {
			if !ValidUID(u) {
				p.Add("query."+list.field+"["+strconv.Itoa(i)+"]", uidRule)
			}
		}
	}
	if q.Study != "" && len(q.StudyUIDs) > 0 {
		p.Add("query.studyUIDs", "must be empty when study is given")
	}
	switch {
	case len(q.SeriesUIDs) > 0 && l == studyLevel:
		p.Add("query.seriesUIDs", "has no meaning in a search of studies")
	case len(q.SeriesUIDs) > 0 && q.Series != "":
		p.Add("query.seriesUIDs", "must be empty when series is given")
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
		m.check(&p, field, q.separator())
	}
	if q.Limit < 0 {
		p.Add("query.limit", "must not be negative")
	}
	if q.PageSize < 0 {
		p.Add("query.pageSize", "must not be negative")
	}
	return p.Err(opSearch)
}

func (q *Query) separator() string {
	if q.ValueSeparator == "" {
		return ","
	}
	return q.ValueSeparator
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
	// empty: there must be no value.
	empty bool
}

// encode returns the query string without paging, and what rows must keep.
func (q *Query) encode(l level) (string, []criterion) {
	var keys []string
	var criteria []criterion
	across := l == studyLevel || q.Study == "" // of studies: rows then say whose they are
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
			criteria = append(criteria, criterion{tag: tag, must: across,
				keep: func(v string) bool { return strings.EqualFold(v, strings.TrimSpace(value)) }})
		}
	}
	within := func(tag Tag, uid string) { // of the path: rows need not repeat it
		if uid != "" {
			criteria = append(criteria, criterion{tag: tag, keep: func(v string) bool { return v == "" || v == uid }})
		}
	}
	if l == studyLevel {
		exact(TagStudyInstanceUID, q.Study)
	} else {
		within(TagStudyInstanceUID, q.Study)
	}
	switch l {
	case seriesLevel:
		exact(TagSeriesInstanceUID, q.Series)
	case instanceLevel:
		within(TagSeriesInstanceUID, q.Series)
	}
	exact(TagPatientID, q.PatientID)
	exact(TagAccessionNumber, q.AccessionNumber)
	if q.PatientName != "" {
		add([]Tag{TagPatientName}, escape(q.PatientName))
	}
	if !q.From.IsZero() || !q.To.IsZero() {
		m := DateRange(TagStudyDate, q.From, q.To)
		add(m.Path, m.Value)
		c, _ := m.criterion()
		c.must = across
		criteria = append(criteria, c)
	}
	if q.Modality != "" && l == studyLevel {
		add([]Tag{TagModalitiesInStudy}, escape(q.Modality))
		criteria = append(criteria, criterion{tag: TagModalitiesInStudy, keep: func(v string) bool { return strings.EqualFold(v, q.Modality) }})
	} else {
		exact(TagModality, q.Modality)
	}
	for _, list := range []struct {
		tag  Tag
		uids []string
	}{{TagStudyInstanceUID, q.StudyUIDs}, {TagSeriesInstanceUID, q.SeriesUIDs}, {TagSOPInstanceUID, q.Instances}} {
		if len(list.uids) == 0 {
			continue
		}
		add([]Tag{list.tag}, strings.Join(list.uids, ","))
		asked := map[string]bool{}
		for _, u := range list.uids {
			asked[u] = true
		}
		criteria = append(criteria, criterion{tag: list.tag, must: true, keep: func(v string) bool { return asked[v] }})
	}
	for _, m := range q.Match {
		add(m.Path, m.encode(q.separator()))
		if c, ok := m.criterion(); ok {
			criteria = append(criteria, c)
		}
	}
	return strings.Join(append(keys, q.parameters()...), "&"), criteria
}

// parameters are those beside the keys and paging (PS3.18 8.3.4).
func (q *Query) parameters() []string {
	var out []string
	for _, t := range q.Include {
		out = append(out, "includefield="+t.String())
	}
	if q.IncludeAll {
		out = append(out, "includefield=all")
	}
	if q.Fuzzy {
		out = append(out, "fuzzymatching=true")
	}
	if slices.ContainsFunc(q.Match, func(m Match) bool { return m.Empty }) {
		out = append(out, "emptyvaluematching=true")
	}
	if slices.ContainsFunc(q.Match, Match.multiple) {
		out = append(out, "multiplevaluematching=true")
	}
	return out
}

// plainSigns are the signs that a query may hold as they are (RFC 3986 3.4) and
// that have no meaning of their own in the queries of DICOMweb.
var plainSigns = strings.NewReplacer("+", "%20", "%2A", "*", "%3F", "?", "%2F", "/", "%3A", ":", "%40", "@", "%21", "!", "%24", "$", "%27", "'", "%28", "(", "%29", ")")

// escape encodes a value for a query string, and no more of it than must be:
// Orthanc up to plugin 1.7 decodes nothing. A blank becomes %20, since some
// servers do not read "+".
func escape(v string) string { return plainSigns.Replace(url.QueryEscape(v)) }

// violated returns the first criterion that a row does not keep.
func violated(ds *Dataset, criteria []criterion) (Tag, bool) {
	for _, c := range criteria {
		values := valuesAt(ds, c.tag, c.path)
		if c.empty {
			if len(trimmed(values)) > 0 {
				return c.tag, true
			}
			continue
		}
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
