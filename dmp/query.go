package dmp

import (
	"slices"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/internal/nos"
)

const (
	// systemLOINC is the system of the types of document that are not French.
	systemLOINC segur.OID = nos.LOINC
	// systemClass is TRE_A03, the classes of documents.
	systemClass segur.OID = "1.2.250.1.213.1.1.4.1"
	// classImaging is the class of imaging documents, classReport the one that
	// older systems gave their reports.
	classImaging, classReport = "31", "10"
)

// Query says which documents of a patient to find. Within a field the values
// are alternatives; all the fields that are set must hold.
type Query struct {
	// Patient is whose record it is. Required.
	Patient segur.INS
	// UniqueIDs asks for these documents and nothing else. EntryUUIDs does the
	// same by entry. The fields below are then unset.
	UniqueIDs, EntryUUIDs []string

	// Statuses. Empty: Approved only, which is what is shown by default;
	// archived and obsolete documents are asked for (EX_3.1-1030).
	Statuses []xds.Status
	// Types are the types of document; a system left empty is LOINC.
	Types []segur.Code
	// Classes and Formats select by code, with their systems. The class 31 of
	// imaging also finds the imaging documents that older systems filed as
	// reports (10), except in [Client.FindIDs].
	Classes, Formats []segur.Code
	// PracticeSettings and FacilityTypes say where the act took place, with
	// their systems.
	PracticeSettings, FacilityTypes []segur.Code
	// Events: one code of each list must be present. Modalities, regions and
	// acts of the CCAM are asked for under both of their schemes.
	Events [][]segur.Code
	// Confidentiality: one code of each list must be present.
	Confidentiality [][]segur.Code
	// Authors are patterns of the encoded author, % and _ as in SQL:
	// "%^DURAND^%".
	Authors []string
	// ServiceStart and ServiceStop bound the start and the end of the act,
	// Created the making of the document. A first automatic search is limited
	// to two years of ServiceStart; a search of vaccinations is not.
	ServiceStart, ServiceStop, Created xds.Period
	// References: one identifier of each list must be borne: accession number,
	// order, study. A study is asked for with and without an authority.
	References [][]xds.Reference
}

// identified reports whether the query names its documents.
func (q *Query) identified() bool { return len(q.UniqueIDs)+len(q.EntryUUIDs) > 0 }

func (q *Query) encode(cfg *Config, idsOnly bool) ([]byte, error) {
	if q.identified() {
		if q.filtered() {
			return nil, &segur.Error{Kind: segur.KindInvalidInput,
				Details: []segur.Detail{{Field: "query", Message: "takes either identifiers, or criteria"}}}
		}
		return xds.GetDocuments{UniqueIDs: q.UniqueIDs, EntryUUIDs: q.EntryUUIDs}.AppendXML(nil) // checked; sent in parts
	}
	find := xds.FindDocuments{
		Patient: xds.INSPatientID(q.Patient), Statuses: q.Statuses, FormatCodes: q.Formats,
		PracticeSettingCodes: q.PracticeSettings, FacilityTypeCodes: q.FacilityTypes, ConfidentialityCodes: q.Confidentiality,
		AuthorPersons: q.Authors, ServiceStart: q.ServiceStart, ServiceStop: q.ServiceStop, Created: q.Created, IDsOnly: idsOnly,
	}
	for _, t := range q.Types {
		if t.System == "" {
			t.System = systemLOINC
		}
		find.TypeCodes = append(find.TypeCodes, t)
	}
	find.ClassCodes = q.Classes
	if !idsOnly && q.widened() {
		find.ClassCodes = append(slices.Clone(q.Classes), segur.Code{Code: classReport, System: systemClass})
	}
	for _, list := range q.Events {
		find.EventCodes = append(find.EventCodes, xds.EventAlternatives(list...))
	}
	for _, list := range q.References {
		find.References = append(find.References, xds.ReferenceAlternatives(cfg.Settings.Search.StudyUIDAuthority, list...))
	}
	return find.AppendXML(nil)
}

// named asks for some of the identifiers of an identified query.
func (q *Query) named(ids []string, idsOnly bool) xds.Query {
	if len(q.UniqueIDs) > 0 {
		return xds.GetDocuments{UniqueIDs: ids, IDsOnly: idsOnly}
	}
	return xds.GetDocuments{EntryUUIDs: ids, IDsOnly: idsOnly}
}

// judge refuses an answer of entries that is not one.
func (q *Query) judge(r *xds.QueryResponse) error {
	if err := whole(r); err != nil {
		return err
	}
	return q.strangers(r)
}

// strangers refuses documents that were not named, where the query names some.
// An entryUUID is not compared: that of the newest version may be answered.
func (q *Query) strangers(r *xds.QueryResponse) error {
	for i := range r.Entries {
		if len(q.UniqueIDs) > 0 && !slices.Contains(q.UniqueIDs, r.Entries[i].UniqueID) {
			return protocol("the registry answers a document that was not asked for")
		}
	}
	return nil
}

func (q *Query) filtered() bool {
	return len(q.Statuses)+len(q.Types)+len(q.Classes)+len(q.Formats)+len(q.PracticeSettings)+len(q.FacilityTypes)+
		len(q.Events)+len(q.Confidentiality)+len(q.Authors)+len(q.References) > 0 ||
		q.ServiceStart != xds.Period{} || q.ServiceStop != xds.Period{} || q.Created != xds.Period{}
}

func (q *Query) asks(class string) bool {
	return slices.ContainsFunc(q.Classes, func(c segur.Code) bool { return c.Code == class && c.System == systemClass })
}

// widened reports whether the class of reports is asked for as well, for what
// of imaging was filed there.
func (q *Query) widened() bool { return q.asks(classImaging) && !q.asks(classReport) }

// classFilter leaves out the reports that the widened query brings along.
func (q *Query) classFilter() func(*xds.DocumentEntry) bool {
	if !q.widened() {
		return func(*xds.DocumentEntry) bool { return true }
	}
	return func(e *xds.DocumentEntry) bool {
		if e.ClassCode.Code != classReport {
			return true
		}
		c, known := nos.ClassOf(e.TypeCode.Code, string(e.TypeCode.System))
		return known && c.Class == classImaging
	}
}

// pageBy is the period by which the search is cut.
func (q *Query) pageBy(d PageDate) *xds.Period {
	if d == PageByServiceStart {
		return &q.ServiceStart
	}
	return &q.Created
}
