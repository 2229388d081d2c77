package xds

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/ebrim"
	"github.com/segur-sdk/segur/internal/hl7"
	"github.com/segur-sdk/segur/internal/nos"
	"github.com/segur-sdk/segur/internal/xmlw"
)

// Identifiers of the stored queries (ITI-18).
const (
	findDocuments            = "urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d"
	findDocumentsByReference = "urn:uuid:12941a89-e02e-4be5-967c-ce4bfc8fe492"
	getDocuments             = "urn:uuid:5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4"
	findSubmissionSets       = "urn:uuid:f26abbcb-ac74-4422-8a30-edb644bbc1a9"
	getAssociations          = "urn:uuid:a7ae438b-4bc2-4642-93e9-be891f7bb155"
	getDocumentsAndLinks     = "urn:uuid:bab9529a-4a10-40b3-a01f-f68a615d247a"
)

// Query is a stored query that can be sent.
type Query interface {
	// AppendXML appends query:AdhocQueryRequest, the body of ITI-18.
	AppendXML(dst []byte) ([]byte, error)
}

// Period bounds a time: From is the first instant, To the first one after. A
// zero bound is open. A fraction of a second, which a query does not have,
// widens the period.
type Period struct{ From, To time.Time }

// FindDocuments looks for the documents of a patient. Within a field the
// values are alternatives; all the fields that are set must hold.
type FindDocuments struct {
	// Patient is required.
	Patient PatientID
	// Statuses. Empty: Approved only.
	Statuses []Status
	// TypeCodes, ClassCodes, FormatCodes, PracticeSettingCodes and
	// FacilityTypeCodes select by code.
	TypeCodes, ClassCodes, FormatCodes, PracticeSettingCodes, FacilityTypeCodes []segur.Code
	// EventCodes: one code of each list must be present. [EventAlternatives]
	// makes lists that find modalities and regions whatever their scheme.
	EventCodes [][]segur.Code
	// ConfidentialityCodes: one code of each list must be present.
	ConfidentialityCodes [][]segur.Code
	// AuthorPersons are patterns for the encoded author, % and _ as in SQL.
	AuthorPersons []string
	// Created, ServiceStart and ServiceStop bound the times.
	Created, ServiceStart, ServiceStop Period
	// References: one identifier of each list must be borne.
	// [ReferenceAlternatives] makes lists that find a study in whatever form
	// its identifier was stored. Setting it turns the query into
	// FindDocumentsByReferenceId.
	References [][]Reference
	// IDsOnly asks for entryUUIDs instead of entries.
	IDsOnly bool
}

// EventAlternatives lists a modality or a region under its code system and
// under its value set, and an act of the CCAM under both of its OIDs: all are
// found in stored entries.
func EventAlternatives(codes ...segur.Code) []segur.Code {
	var out []segur.Code
	for _, c := range codes {
		out = append(out, c)
		twin := c
		switch c.System {
		case nos.DCM:
			twin.System = nos.ModalitySet
		case nos.ModalitySet:
			twin.System = nos.DCM
		case nos.SNOMEDCT:
			twin.System = nos.RegionSet
		case nos.RegionSet:
			twin.System = nos.SNOMEDCT
		case nos.CCAM:
			twin.System = nos.CCAMAlias
		case nos.CCAMAlias:
			twin.System = nos.CCAM
		default:
			continue
		}
		out = append(out, twin)
	}
	return out
}

// DummyStudyAuthority is the assigning authority that DRIM-M systems write in
// the reference to a study, where the CI-SIS has none.
const DummyStudyAuthority segur.OID = "1.2.3.4.5.6"

// ReferenceAlternatives lists the references to a study with and without an
// assigning authority, authority or [DummyStudyAuthority] when it is empty:
// both are found in stored entries. Other references pass as they are.
func ReferenceAlternatives(authority segur.OID, references ...Reference) []Reference {
	if authority == "" {
		authority = DummyStudyAuthority
	}
	var out []Reference
	add := func(r Reference) {
		if !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	for _, r := range references {
		add(r)
		if r.Type == ReferenceStudy {
			add(Reference{ID: r.ID, Type: r.Type})
			add(Reference{ID: r.ID, Type: r.Type, Authority: authority})
		}
	}
	return out
}

// AppendXML implements [Query].
func (q FindDocuments) AppendXML(dst []byte) ([]byte, error) {
	var b queryBuilder
	b.id = findDocuments
	b.patient("$XDSDocumentEntryPatientId", q.Patient)
	if len(q.References) > 0 {
		b.id = findDocumentsByReference
		for i, list := range q.References {
			if len(list) == 0 {
				b.problems.Add(fmt.Sprintf("references[%d]", i), "needs a value")
			}
			values := make([]string, len(list))
			for j, r := range list {
				if r.ID == "" {
					b.problems.Add(fmt.Sprintf("references[%d][%d]", i, j), "needs a value")
				}
				values[j] = r.cx()
			}
			b.list("$XDSDocumentEntryReferenceIdList", values...)
		}
	}
	b.statuses("$XDSDocumentEntryStatus", q.Statuses)
	b.codes("typeCodes", "$XDSDocumentEntryTypeCode", q.TypeCodes)
	b.codes("classCodes", "$XDSDocumentEntryClassCode", q.ClassCodes)
	b.codes("formatCodes", "$XDSDocumentEntryFormatCode", q.FormatCodes)
	b.codes("practiceSettingCodes", "$XDSDocumentEntryPracticeSettingCode", q.PracticeSettingCodes)
	b.codes("facilityTypeCodes", "$XDSDocumentEntryHealthcareFacilityTypeCode", q.FacilityTypeCodes)
	for i, list := range q.EventCodes {
		b.codes(fmt.Sprintf("eventCodes[%d]", i), "$XDSDocumentEntryEventCodeList", list)
	}
	for i, list := range q.ConfidentialityCodes {
		b.codes(fmt.Sprintf("confidentialityCodes[%d]", i), "$XDSDocumentEntryConfidentialityCode", list)
	}
	b.list("$XDSDocumentEntryAuthorPerson", q.AuthorPersons...)
	b.period("created", "$XDSDocumentEntryCreationTime", q.Created)
	b.period("serviceStart", "$XDSDocumentEntryServiceStartTime", q.ServiceStart)
	b.period("serviceStop", "$XDSDocumentEntryServiceStopTime", q.ServiceStop)
	return b.appendTo(dst, "xds.FindDocuments", q.IDsOnly)
}

// GetDocuments asks for entries by identifier: UniqueIDs or EntryUUIDs.
type GetDocuments struct {
	UniqueIDs, EntryUUIDs []string
	// IDsOnly asks for entryUUIDs instead of entries.
	IDsOnly bool
	// WithAssociations asks for the associations of the entries as well
	// (GetDocumentsAndAssociations); twenty entries at a time as a rule.
	WithAssociations bool
}

// AppendXML implements [Query].
func (q GetDocuments) AppendXML(dst []byte) ([]byte, error) {
	b := queryBuilder{id: getDocuments}
	if q.WithAssociations {
		b.id = getDocumentsAndLinks
	}
	if (len(q.UniqueIDs) == 0) == (len(q.EntryUUIDs) == 0) {
		b.problems.Add("uniqueIDs", "either uniqueIDs or entryUUIDs is required, not both")
	}
	for _, id := range q.EntryUUIDs {
		b.uuid("entryUUIDs", id)
	}
	for _, id := range q.UniqueIDs {
		if strings.HasPrefix(id, "urn:uuid:") {
			b.problems.Add("uniqueIDs", "an entryUUID is not a uniqueId")
		}
	}
	b.list("$XDSDocumentEntryUniqueId", q.UniqueIDs...)
	b.list("$XDSDocumentEntryEntryUUID", q.EntryUUIDs...)
	return b.appendTo(dst, "xds.GetDocuments", q.IDsOnly)
}

// FindSubmissionSets looks for the submissions of a patient: the only way to
// know what was submitted since a date.
type FindSubmissionSets struct {
	// Patient is required.
	Patient PatientID
	// Statuses. Empty: Approved only.
	Statuses []Status
	// Submitted bounds the time of submission.
	Submitted Period
	// SourceIDs and ContentTypeCodes select further.
	SourceIDs        []segur.OID
	ContentTypeCodes []segur.Code
	// IDsOnly asks for entryUUIDs instead of submission sets.
	IDsOnly bool
}

// AppendXML implements [Query].
func (q FindSubmissionSets) AppendXML(dst []byte) ([]byte, error) {
	b := queryBuilder{id: findSubmissionSets}
	b.patient("$XDSSubmissionSetPatientId", q.Patient)
	b.statuses("$XDSSubmissionSetStatus", q.Statuses)
	sources := make([]string, len(q.SourceIDs))
	for i, s := range q.SourceIDs {
		sources[i] = string(s)
	}
	b.list("$XDSSubmissionSetSourceId", sources...)
	b.codes("contentTypeCodes", "$XDSSubmissionSetContentType", q.ContentTypeCodes)
	b.period("submitted", "$XDSSubmissionSetSubmissionTime", q.Submitted)
	return b.appendTo(dst, "xds.FindSubmissionSets", q.IDsOnly)
}

// GetAssociations asks for the associations of entries or submission sets.
type GetAssociations struct {
	// EntryUUIDs identify the objects at either end.
	EntryUUIDs []string
}

// AppendXML implements [Query].
func (q GetAssociations) AppendXML(dst []byte) ([]byte, error) {
	b := queryBuilder{id: getAssociations}
	if len(q.EntryUUIDs) == 0 {
		b.problems.Add("entryUUIDs", "at least one is required")
	}
	for _, id := range q.EntryUUIDs {
		b.uuid("entryUUIDs", id)
	}
	b.list("$uuid", q.EntryUUIDs...)
	return b.appendTo(dst, "xds.GetAssociations", false)
}

// queryBuilder collects parameters and what is wrong with them.
type queryBuilder struct {
	id       string
	slots    []ebrim.Slot
	problems segur.Problems
}

func (b *queryBuilder) add(name string, values ...string) {
	b.slots = append(b.slots, ebrim.Slot{Name: name, Values: values})
}

// patient is one string, never a list.
func (b *queryBuilder) patient(name string, p PatientID) {
	if p.ID == "" || !p.Authority.Valid() {
		b.problems.Add("patient", "is required, with the OID of its authority")
	}
	b.add(name, ebrim.Quote(p.CX()))
}

func (b *queryBuilder) list(name string, values ...string) {
	if len(values) > 0 {
		b.add(name, ebrim.QuoteList(values...)...)
	}
}

func (b *queryBuilder) statuses(name string, statuses []Status) {
	if len(statuses) == 0 {
		statuses = []Status{Approved}
	}
	values := make([]string, len(statuses))
	for i, s := range statuses {
		values[i] = string(s)
	}
	b.list(name, values...)
}

func (b *queryBuilder) codes(field, name string, codes []segur.Code) {
	values := make([]string, len(codes))
	for i, c := range codes {
		if c.Code == "" || c.System == "" {
			b.problems.Addf(field, "needs a code and its coding scheme")
		}
		values[i] = c.Code + "^^" + string(c.System)
	}
	b.list(name, values...)
}

func (b *queryBuilder) period(field, name string, p Period) {
	if !p.From.IsZero() && !p.To.IsZero() && p.To.Before(p.From) {
		b.problems.Add(field, "ends before it starts")
	}
	if !p.From.IsZero() {
		b.add(name+"From", hl7.FormatUTC(segur.At(p.From)))
	}
	if !p.To.IsZero() {
		b.add(name+"To", hl7.FormatUTC(segur.At(p.To.Add(time.Second-1))))
	}
}

func (b *queryBuilder) uuid(field, id string) {
	if !strings.HasPrefix(id, "urn:uuid:") {
		b.problems.Add(field, "must be urn:uuid:…")
	}
}

func (b *queryBuilder) appendTo(dst []byte, op string, idsOnly bool) ([]byte, error) {
	if err := b.problems.Err(op); err != nil {
		return dst, err
	}
	returnType := "LeafClass"
	if idsOnly {
		returnType = "ObjectRef"
	}
	return appendXML(op, dst, func(w *xmlw.Writer) error {
		ebrim.WriteQuery(w, ebrim.Query{ID: b.id, ReturnType: returnType, Parameters: b.slots})
		return nil
	})
}
