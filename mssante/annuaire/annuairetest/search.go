package annuairetest

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/segur-sdk/segur/mssante/annuaire"
)

// pending is an answer whose pages are not all read.
type pending struct {
	kind     annuaire.Type
	matches  []string // references
	offset   int
	count    int
	includes []string
	reverse  []string
	elements []string
	self     string
	total    bool
}

const maxCount = 10000

func (s *Server) search(w http.ResponseWriter, r *http.Request, kind annuaire.Type, q url.Values) {
	a := pending{kind: kind, count: s.page, self: s.URL + "/" + string(kind)}
	type condition struct {
		param
		modifier string
		any      []string
	}
	var conditions []condition
	bad := func(why string) { s.refuse(w, r, http.StatusBadRequest, "processing", "HAPI-0524: "+why) }
	for name, list := range q {
		switch name {
		case "_count":
			n, err := strconv.Atoi(list[0])
			if err != nil || n < 1 || n > maxCount || len(list) != 1 {
				bad("invalid _count")
				return
			}
			a.count = n
			continue
		case "_total":
			if !slices.Contains([]string{"none", "estimate", "accurate"}, list[0]) {
				bad("invalid _total")
				return
			}
			a.total = list[0] != "none"
			continue
		case "_elements":
			a.elements = strings.Split(list[0], ",")
			continue
		case "_include":
			for _, i := range list {
				if i != "*" && forward[kind][i] == "" {
					bad("invalid _include parameter value")
					return
				}
			}
			a.includes = list
			continue
		case "_revinclude":
			for _, i := range list {
				if !slices.Contains(back[kind], i) {
					bad("invalid _revinclude parameter value")
					return
				}
			}
			a.reverse = list
			continue
		}
		base, modifier, _ := strings.Cut(name, ":")
		p, ok := params[kind][base]
		if !ok {
			bad("Unknown search parameter " + base + " for resource type " + string(kind))
			return
		}
		if modifier != "" && !(p.kind == isString && (modifier == "contains" || modifier == "exact") || p.not && modifier == "not") {
			bad("unknown modifier")
			return
		}
		for _, v := range list {
			conditions = append(conditions, condition{p, modifier, splitEscaped(v)})
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, reference := range s.order {
		res := s.data[reference]
		if res["resourceType"] != string(kind) {
			continue
		}
		all := true
		for _, c := range conditions {
			fits, ok := c.matches(res, c.modifier, c.any)
			if !ok {
				bad("invalid value")
				return
			}
			all = all && fits
		}
		if all {
			a.matches = append(a.matches, reference)
		}
	}
	s.answer(w, r, a)
}

// next gives a further page; its identifier is opaque for the client.
func (s *Server) next(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, ok := s.pages[r.URL.Query().Get("id")]
	if !ok {
		s.refuse(w, r, http.StatusGone, "processing", "HAPI-0418: Search ID does not exist and may have expired")
		return
	}
	s.answer(w, r, a)
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request, a pending) {
	end := min(a.offset+a.count, len(a.matches))
	entries := []any{}
	for _, reference := range a.matches[a.offset:end] {
		if s.data[reference] != nil {
			entries = append(entries, s.entry(reference, "match", a.elements))
		}
	}
	for _, reference := range s.included(a, a.matches[a.offset:end]) {
		entries = append(entries, s.entry(reference, "include", a.elements))
	}
	links := []any{resource{"relation": "self", "url": a.self}}
	if end < len(a.matches) {
		s.serial++
		id := "p" + strconv.Itoa(s.serial*7919)
		a.offset = end
		s.pages[id] = a
		links = append(links, resource{"relation": "next", "url": s.URL + "/_page?id=" + id})
	}
	bundle := resource{"resourceType": "Bundle", "type": "searchset", "link": links, "entry": entries}
	if a.total || len(a.matches) == 0 {
		bundle["total"] = len(a.matches)
	}
	if len(entries) == 0 {
		delete(bundle, "entry")
	}
	s.write(w, r, http.StatusOK, bundle)
}

func (s *Server) entry(reference, mode string, elements []string) resource {
	res := s.data[reference]
	if elements != nil {
		meta := resource{"tag": []any{resource{"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}}}
		if full, ok := res["meta"].(resource); ok {
			meta["lastUpdated"] = full["lastUpdated"]
		}
		part := resource{"resourceType": res["resourceType"], "id": res["id"], "meta": meta}
		for _, e := range elements {
			if res[e] != nil {
				part[e] = res[e]
			}
		}
		res = part
	}
	// The samples of the service name the host of another environment here.
	return resource{"fullUrl": "https://gateway.preprod.test/fhir/v2/" + reference, "resource": res, "search": resource{"mode": mode}}
}

// included are the references of what comes beside a page.
func (s *Server) included(a pending, page []string) []string {
	var out []string
	add := func(reference string) {
		if s.data[reference] != nil && !slices.Contains(page, reference) && !slices.Contains(out, reference) {
			out = append(out, reference)
		}
	}
	for _, reference := range page {
		for include, name := range forward[a.kind] {
			if !slices.Contains(a.includes, include) && !slices.Contains(a.includes, "*") {
				continue
			}
			for _, path := range params[a.kind][name].paths {
				for _, v := range values(s.data[reference], path) {
					m, _ := v.(resource)
					to, _ := m["reference"].(string)
					add(to)
				}
			}
		}
		for _, include := range a.reverse {
			from, name, _ := strings.Cut(include, ":")
			for _, other := range s.order {
				if fits, _ := params[annuaire.Type(from)][name].matches(s.data[other], "", []string{reference}); fits && s.data[other]["resourceType"] == from {
					add(other)
				}
			}
		}
	}
	slices.Sort(out)
	return out
}
