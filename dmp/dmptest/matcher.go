package dmptest

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/internal/ebrim"
	"github.com/segur-sdk/segur/internal/hl7"
)

// Stored queries that are answered.
const (
	findDocuments     = "urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d"
	findByReference   = "urn:uuid:12941a89-e02e-4be5-967c-ce4bfc8fe492"
	getDocuments      = "urn:uuid:5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4"
	findSets          = "urn:uuid:f26abbcb-ac74-4422-8a30-edb644bbc1a9"
	getAssociations   = "urn:uuid:a7ae438b-4bc2-4642-93e9-be891f7bb155"
	getDocumentsLinks = "urn:uuid:bab9529a-4a10-40b3-a01f-f68a615d247a"
)

// slotKind is the syntax of a parameter (ITI TF-2, 3.18.4.1.2.3.3).
type slotKind int

const (
	oneText  slotKind = iota // 'text', never a list
	texts                    // ('a','b')
	codes                    // ('code^^scheme','…')
	allCodes                 // the same, and the slot may be repeated: all must hold
	allTexts                 // ('a','b'), repeatable
	moment                   // YYYYMMDDhhmmss, bare
)

// storedQuery is what the fake knows of a query.
type storedQuery struct {
	slots map[string]slotKind
	// required must be there; of oneOf exactly one.
	required, oneOf []string
	// patient is the parameter that names the patient; empty when none does.
	patient string
	answer  func(*call, *matcher, *xds.QueryResponse)
}

const entrySlot, setSlot = "$XDSDocumentEntry", "$XDSSubmissionSet"

var findSlots = map[string]slotKind{
	entrySlot + "PatientId": oneText, entrySlot + "Status": texts, entrySlot + "TypeCode": codes, entrySlot + "ClassCode": codes,
	entrySlot + "FormatCode": codes, entrySlot + "PracticeSettingCode": codes, entrySlot + "HealthcareFacilityTypeCode": codes,
	entrySlot + "EventCodeList": allCodes, entrySlot + "ConfidentialityCode": allCodes, entrySlot + "AuthorPerson": texts,
	entrySlot + "CreationTimeFrom": moment, entrySlot + "CreationTimeTo": moment,
	entrySlot + "ServiceStartTimeFrom": moment, entrySlot + "ServiceStartTimeTo": moment,
	entrySlot + "ServiceStopTimeFrom": moment, entrySlot + "ServiceStopTimeTo": moment,
}

func with(slots map[string]slotKind, name string, kind slotKind) map[string]slotKind {
	out := map[string]slotKind{name: kind}
	for k, v := range slots {
		out[k] = v
	}
	return out
}

var byIdentifier = map[string]slotKind{entrySlot + "UniqueId": texts, entrySlot + "EntryUUID": texts}

var storedQueries map[string]storedQuery

func init() { // not a literal: the answers refer to the table
	find := storedQuery{slots: findSlots, patient: entrySlot + "PatientId",
		required: []string{entrySlot + "PatientId", entrySlot + "Status"}, answer: (*call).matching}
	reference := find
	reference.slots = with(findSlots, entrySlot+"ReferenceIdList", allTexts)
	reference.required = append([]string{entrySlot + "ReferenceIdList"}, find.required...)
	get := storedQuery{slots: byIdentifier, oneOf: []string{entrySlot + "UniqueId", entrySlot + "EntryUUID"}, answer: (*call).matching}
	getAll := get
	getAll.answer = (*call).documentsAndLinks
	storedQueries = map[string]storedQuery{
		findDocuments: find, findByReference: reference, getDocuments: get, getDocumentsLinks: getAll,
		getAssociations: {slots: map[string]slotKind{"$uuid": texts}, required: []string{"$uuid"}, answer: (*call).associations},
		findSets: {patient: setSlot + "PatientId", required: []string{setSlot + "PatientId", setSlot + "Status"}, answer: (*call).sets,
			slots: map[string]slotKind{setSlot + "PatientId": oneText, setSlot + "Status": texts, setSlot + "SourceId": texts,
				setSlot + "ContentType": codes, setSlot + "AuthorPerson": oneText,
				setSlot + "SubmissionTimeFrom": moment, setSlot + "SubmissionTimeTo": moment}},
	}
}

// read checks the parameters of a query and returns what evaluates it, or why
// it is refused.
func (s storedQuery) read(q ebrim.Query) (*matcher, *xds.QueryResponse) {
	m := &matcher{q: q, parameters: map[string][][]string{}}
	for _, p := range q.Parameters {
		kind, known := s.slots[p.Name]
		_, repeated := m.parameters[p.Name]
		switch {
		case !known:
			return nil, refused("XDSStoredQueryParamNumber", p.Name+" is not a parameter of the query")
		case repeated && kind != allCodes && kind != allTexts:
			return nil, refused("XDSStoredQueryParamNumber", p.Name+" is repeated: only what all must hold may be")
		}
		for _, v := range p.Values {
			if why := kind.wrong(v); why != "" || utf8.RuneCountInString(v) > ebrim.MaxValue {
				return nil, refused("XDSStoredQueryParamNumber", p.Name+" "+why)
			}
		}
		if !repeated {
			v, err := q.Parameter(p.Name)
			if err != nil || len(v) == 0 || slices.ContainsFunc(v, func(l []string) bool { return len(l) == 0 }) {
				return nil, refused("XDSStoredQueryParamNumber", p.Name+" cannot be read")
			}
			m.parameters[p.Name] = v
		}
		if one := kind == oneText || kind == moment; one && len(m.parameters[p.Name][0]) != 1 {
			return nil, refused("XDSStoredQueryParamNumber", p.Name+" takes one value")
		}
	}
	for _, name := range s.required {
		if len(m.parameters[name]) == 0 {
			return nil, refused("XDSStoredQueryMissingParam", name)
		}
	}
	n := 0
	for _, name := range s.oneOf {
		n += min(1, len(m.parameters[name]))
	}
	if s.oneOf != nil && n != 1 {
		return nil, refused("XDSStoredQueryMissingParam", strings.Join(s.oneOf, " or "))
	}
	return m, nil
}

var (
	bareTime = regexp.MustCompile(`^[0-9]{4}([0-9]{2}){0,5}$`)
	codeText = regexp.MustCompile(`^[^^]+\^\^[0-9][0-9.]*$`)
)

// wrong says what breaks the syntax of one rim:Value.
func (k slotKind) wrong(value string) string {
	v, err := ebrim.ParseValue(value)
	list := strings.HasPrefix(strings.TrimSpace(value), "(")
	quoted := strings.HasPrefix(strings.TrimLeft(value, "( "), "'")
	switch {
	case err != nil:
		return "cannot be read"
	case k == moment:
		if list || quoted || !bareTime.MatchString(value) {
			return "is a bare time"
		}
	case !quoted:
		return "must be between quotes"
	case k == oneText && list:
		return "is not a list"
	case k != oneText && !list:
		return "is a list"
	case k == codes, k == allCodes:
		if slices.ContainsFunc(v, func(s string) bool { return !codeText.MatchString(s) }) {
			return "must be code^^scheme"
		}
	}
	return ""
}

// matcher evaluates a query on entries.
type matcher struct {
	q          ebrim.Query
	parameters map[string][][]string
}

func (m *matcher) first(name string) string {
	if v := m.parameters[name]; len(v) > 0 && len(v[0]) > 0 {
		return v[0][0]
	}
	return ""
}

func (m *matcher) match(e *xds.DocumentEntry) bool {
	for name, lists := range m.parameters {
		for _, list := range lists {
			if !one(strings.TrimPrefix(name, entrySlot), list, e) {
				return false
			}
		}
	}
	return true
}

func (m *matcher) matchSet(s *xds.SubmissionSet) bool {
	for name, lists := range m.parameters {
		list := lists[0]
		ok := true
		switch strings.TrimPrefix(name, setSlot) {
		case "Status":
			ok = slices.Contains(list, string(s.Status))
		case "SourceId":
			ok = slices.Contains(list, string(s.SourceID))
		case "ContentType":
			ok = hasCode(list, s.ContentTypeCode)
		case "AuthorPerson":
			ok = likeAny(list, s.Author)
		case "SubmissionTimeFrom", "SubmissionTimeTo":
			ok = bound(name, list[0], s.Submitted)
		}
		if !ok {
			return false
		}
	}
	return true
}

func hasCode(list []string, have ...segur.Code) bool {
	return slices.ContainsFunc(have, func(c segur.Code) bool { return slices.Contains(list, c.Code+"^^"+string(c.System)) })
}

// one evaluates one parameter: its values are alternatives.
func one(name string, list []string, e *xds.DocumentEntry) bool {
	switch name {
	case "Status":
		return slices.Contains(list, string(e.Status))
	case "UniqueId":
		return slices.Contains(list, e.UniqueID)
	case "EntryUUID":
		return slices.Contains(list, e.ID)
	case "TypeCode":
		return hasCode(list, e.TypeCode)
	case "ClassCode":
		return hasCode(list, e.ClassCode)
	case "FormatCode":
		return hasCode(list, e.FormatCode)
	case "PracticeSettingCode":
		return hasCode(list, e.PracticeSettingCode)
	case "HealthcareFacilityTypeCode":
		return hasCode(list, e.FacilityTypeCode)
	case "EventCodeList":
		return hasCode(list, e.EventCodes...)
	case "ConfidentialityCode":
		return hasCode(list, e.ConfidentialityCodes...)
	case "AuthorPerson":
		return likeAny(list, e.Authors...)
	case "ReferenceIdList":
		return slices.ContainsFunc(e.References, func(r xds.Reference) bool {
			return slices.ContainsFunc(list, func(v string) bool {
				cx := hl7.ParseCX(v)
				return cx.ID == r.ID && cx.Type == r.Type && cx.Authority.OID == r.Authority
			})
		})
	case "CreationTimeFrom", "CreationTimeTo":
		return bound(name, list[0], e.Created)
	case "ServiceStartTimeFrom", "ServiceStartTimeTo":
		return bound(name, list[0], e.ServiceStart)
	case "ServiceStopTimeFrom", "ServiceStopTimeTo":
		return bound(name, list[0], e.ServiceStop)
	}
	return true // the patient is that of the assertion: checked
}

// bound applies IHE's rule: From is inclusive, To is not.
func bound(name, value string, t segur.Timestamp) bool {
	limit, err := hl7.ParseUTC(value)
	if err != nil || t.IsZero() {
		return false
	}
	if strings.HasSuffix(name, "From") {
		return !t.Time.Before(limit.Time)
	}
	return t.Time.Before(limit.Time)
}

// likeAny compares the encoded authors with patterns, % and _ as in SQL.
func likeAny(patterns []string, authors ...xds.Author) bool {
	return slices.ContainsFunc(authors, func(a xds.Author) bool {
		who := hl7.XCN{ID: a.Person.ID, Family: a.Person.Family, Given: a.Person.Given, Authority: hl7.Authority{OID: a.Person.Authority}, NameType: "D", Type: a.Person.IDType}.String()
		return slices.ContainsFunc(patterns, func(p string) bool {
			re := regexp.QuoteMeta(p)
			re = strings.ReplaceAll(strings.ReplaceAll(re, "%", ".*"), "_", ".")
			ok, err := regexp.MatchString("(?s)^"+re+"$", who)
			return err == nil && ok
		})
	})
}
