package dicomwebtest

import (
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/segur-sdk/segur/dicomweb"
)

// defaults are the attributes that a search returns without being asked
// (PS3.18 10.6.3).
var defaults = map[string][]dicomweb.Tag{
	"studies": {
		dicomweb.TagStudyDate, dicomweb.TagStudyTime, dicomweb.TagAccessionNumber, dicomweb.TagReferringPhysician, dicomweb.TagPatientName,
		dicomweb.TagPatientID, dicomweb.TagPatientBirthDate, dicomweb.TagPatientSex, dicomweb.TagStudyInstanceUID, dicomweb.TagStudyID,
	},
	"series": {
		dicomweb.TagModality, dicomweb.TagSeriesDescription, dicomweb.TagStudyInstanceUID, dicomweb.TagSeriesInstanceUID, dicomweb.TagSeriesNumber,
	},
	"instances": {
		dicomweb.TagSOPClassUID, dicomweb.TagSOPInstanceUID, dicomweb.TagStudyInstanceUID, dicomweb.TagSeriesInstanceUID,
		dicomweb.TagInstanceNumber, dicomweb.TagRows, dicomweb.TagColumns, dicomweb.TagBitsAllocated, dicomweb.TagNumberOfFrames,
	},
}

// searchQuery is a parsed query string.
type searchQuery struct {
	keys          []matchKey
	include       []dicomweb.Tag
	all           bool
	limit, offset int

	fuzzy, empty, multiple bool
}

type matchKey struct {
	path  []dicomweb.Tag
	value string
}

// parseQuery refuses what a strict server refuses; problem names the parameter.
func parseQuery(raw string) (q searchQuery, problem string) {
	q.limit = -1
	values, err := url.ParseQuery(raw)
	if err != nil {
		return q, "query"
	}
	for name, list := range values {
		for _, v := range list {
			switch name {
			case "limit", "offset":
				n, err := strconv.ParseUint(v, 10, 31)
				if err != nil {
					return q, name
				}
				if name == "limit" {
					q.limit = int(n)
				} else {
					q.offset = int(n)
				}
			case "fuzzymatching", "emptyvaluematching", "multiplevaluematching":
				if v != "true" && v != "false" {
					return q, name
				}
				*map[string]*bool{"fuzzymatching": &q.fuzzy, "emptyvaluematching": &q.empty, "multiplevaluematching": &q.multiple}[name] = v == "true"
			case "includefield":
				for item := range strings.SplitSeq(v, ",") {
					if item == "all" {
						q.all = true
						continue
					}
					path, ok := tagPath(item)
					if !ok {
						return q, name
					}
					q.include = append(q.include, path[0])
				}
			default:
				path, ok := tagPath(name)
				if !ok {
					return q, name
				}
				q.keys = append(q.keys, matchKey{path, v})
			}
		}
	}
	return q, ""
}

// literally gives the keys their values as they are written in the query.
func (q *searchQuery) literally(raw string) {
	q.keys = nil
	for item := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(item, "=")
		if path, ok := tagPath(name); ok {
			q.keys = append(q.keys, matchKey{path, value})
		}
	}
}

func tagPath(s string) ([]dicomweb.Tag, bool) {
	var out []dicomweb.Tag
	for item := range strings.SplitSeq(s, ".") {
		t, err := dicomweb.ParseTag(item)
		if err != nil {
			return nil, false
		}
		out = append(out, t)
	}
	return out, true
}

// search is QIDO-RS (PS3.18 10.6).
func (s *Server) search(w http.ResponseWriter, r *http.Request, res resource) {
	quirks, _ := s.state()
	if !accepts(r, "application/dicom+json") {
		http.Error(w, "Accept must take application/dicom+json", http.StatusNotAcceptable)
		return
	}
	q, problem := parseQuery(r.URL.RawQuery)
	if problem != "" {
		http.Error(w, "unknown or malformed parameter", http.StatusBadRequest)
		return
	}
	if quirks.LiteralQuery {
		q.literally(r.URL.RawQuery)
	}
	if quirks.IgnoreFilters {
		q.keys = nil
	}
	if quirks.IgnoreOffset {
		q.offset = 0
	}
	if quirks.NoFuzzy && q.fuzzy {
		q.fuzzy = false
		announce(w, r, "The fuzzymatching parameter is not supported. Only literal matching has been performed.")
	}
	var rows []*dicomweb.Dataset
	for _, group := range groups(s.archive.below(res.ref), res.level) {
		if row := makeRow(group, res.level, q, baseURL(r)); row != nil {
			rows = append(rows, row)
		}
	}
	if m := quirks.MaxTotal; m > 0 && len(rows) > m {
		rows = rows[:m]
		announce(w, r, "The number of results exceeded the maximum supported by the server. Additional results can be requested.")
	}
	if quirks.LimitFirst && q.limit >= 0 {
		rows = rows[:min(q.limit, len(rows))]
	}
	rows = rows[min(q.offset, len(rows)):]
	if m := quirks.MaxRows; m > 0 && len(rows) > m && (q.limit < 0 || q.limit > m) {
		announce(w, r, fmt.Sprintf("There are %d additional results that can be requested", len(rows)-m))
		rows = rows[:m]
	}
	if q.limit >= 0 && q.limit < len(rows) {
		rows = rows[:q.limit]
	}
	if len(rows) == 0 && !quirks.EmptyArray {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	writeJSON(w, rows)
}

// announce adds a warning in the form of PS3.18 8.3.4.
func announce(w http.ResponseWriter, r *http.Request, text string) {
	w.Header().Add("Warning", "299 "+baseURL(r)+": "+text)
}

func writeJSON(w http.ResponseWriter, rows []*dicomweb.Dataset) {
	w.Header().Set("Content-Type", "application/dicom+json")
	out := []byte{'['}
	for i, row := range rows {
		if i > 0 {
			out = append(out, ',')
		}
		out = row.AppendJSON(out)
	}
	_, _ = w.Write(append(out, ']'))
}

// groups puts together the instances of a row, in the order of arrival.
func groups(list []*instance, level string) [][]*instance {
	var out [][]*instance
	at := map[string]int{}
	for _, i := range list {
		key := i.header.SOPInstanceUID
		switch level {
		case "studies":
			key = i.header.StudyInstanceUID
		case "series":
			key = i.header.StudyInstanceUID + "/" + i.header.SeriesInstanceUID
		}
		n, ok := at[key]
		if !ok {
			n = len(out)
			at[key] = n
			out = append(out, nil)
		}
		out[n] = append(out[n], i)
	}
	return out
}

// makeRow returns the row of a group, nil when it does not match.
func makeRow(group []*instance, level string, q searchQuery, base string) *dicomweb.Dataset {
	first := group[0]
	h := first.header
	full := dicomweb.NewDataset(slices.Collect(first.dataset.All())...)
	var modalities, series []string
	for _, i := range group {
		modalities, series = appendNew(modalities, i.dataset.Value(dicomweb.TagModality)), appendNew(series, i.header.SeriesInstanceUID)
	}
	count := func(tag dicomweb.Tag, n int) dicomweb.Element {
		return dicomweb.Element{Tag: tag, VR: dicomweb.IS, Values: []string{strconv.Itoa(n)}}
	}
	computed := []dicomweb.Element{dicomweb.Text(dicomweb.TagInstanceAvailability, "ONLINE")}
	switch level {
	case "studies":
		computed = append(computed, dicomweb.Text(dicomweb.TagModalitiesInStudy, modalities...), count(dicomweb.TagStudySeriesCount, len(series)),
			count(dicomweb.TagStudyInstanceCount, len(group)), dicomweb.Text(dicomweb.TagRetrieveURL, base+"/studies/"+h.StudyInstanceUID))
	case "series":
		computed = append(computed, count(dicomweb.TagSeriesInstanceCount, len(group)),
			dicomweb.Text(dicomweb.TagRetrieveURL, base+"/studies/"+h.StudyInstanceUID+"/series/"+h.SeriesInstanceUID))
	default:
		computed = append(computed, dicomweb.Text(dicomweb.TagRetrieveURL, base+h.Ref().Path()))
	}
	for _, e := range computed {
		full.Set(e)
	}
	keep := append(slices.Clone(defaults[level]), q.include...)
	for _, k := range q.keys {
		if !q.matches(full, k.path, k.value) {
			return nil
		}
		keep = append(keep, k.path[0])
	}
	if q.all {
		return full
	}
	row := dicomweb.NewDataset(computed...)
	for _, tag := range keep {
		if e, ok := full.Get(tag); ok {
			row.Set(e)
		} else if slices.Contains(defaults[level], tag) && tag != dicomweb.TagNumberOfFrames {
			row.Set(dicomweb.Element{Tag: tag, VR: tag.VR()})
		}
	}
	return row
}

func appendNew(list []string, v string) []string {
	if slices.Contains(list, v) {
		return list
	}
	return append(list, v)
}

// matches is attribute matching (PS3.4 C.2.2.2).
func (q *searchQuery) matches(ds *dicomweb.Dataset, tags []dicomweb.Tag, want string) bool {
	if want == "" {
		return true
	}
	if len(tags) > 1 {
		return slices.ContainsFunc(ds.Items(tags[0]), func(item *dicomweb.Dataset) bool { return q.matches(item, tags[1:], want) })
	}
	e, ok := ds.Get(tags[0])
	if want == `""` && q.empty {
		return !ok || !slices.ContainsFunc(e.Values, func(v string) bool { return strings.Trim(v, " ") != "" })
	}
	if !ok {
		return false
	}
	wanted := []string{want}
	if q.multiple || e.VR == dicomweb.UI {
		wanted = strings.Split(want, ",")
	}
	return slices.ContainsFunc(e.Values, func(v string) bool {
		return slices.ContainsFunc(wanted, func(one string) bool { return q.matchesValue(e.VR, one, strings.Trim(v, " ")) })
	})
}

func (q *searchQuery) matchesValue(vr dicomweb.VR, want, v string) bool {
	switch vr {
	case dicomweb.UI:
		return want == v
	case dicomweb.DA, dicomweb.TM, dicomweb.DT:
		from, to, isRange := strings.Cut(want, "-")
		return !isRange && v == want || isRange && v >= from && (to == "" || v <= to)
	case dicomweb.PN:
		want, v = strings.ToUpper(want), strings.ToUpper(v)
		if q.fuzzy { // a word of the name begins so, whatever its accents
			want, v = plainLetters(want), plainLetters(v)
			return wildcard(want+"*", v) || wildcard("*^"+want+"*", v) || wildcard("* "+want+"*", v)
		}
	}
	return wildcard(want, v)
}

// plainLetters takes the accents of French off capital letters.
func plainLetters(s string) string {
	return strings.NewReplacer("À", "A", "Â", "A", "Ä", "A", "Ç", "C", "É", "E", "È", "E", "Ê", "E", "Ë", "E", "Î", "I", "Ï", "I", "Ô", "O", "Ö", "O",
		"Ù", "U", "Û", "U", "Ü", "U").Replace(s)
}

// wildcard matches "*" and "?"; the other signs of path.Match are data.
func wildcard(pattern, v string) bool {
	quoted := strings.NewReplacer(`\`, `\\`, "[", `\[`, "/", "\x00").Replace(pattern)
	ok, err := path.Match(quoted, strings.ReplaceAll(v, "/", "\x00"))
	return err == nil && ok
}
