package xds

import (
	"slices"
	"strconv"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/ebrim"
	"github.com/segur-sdk/segur/internal/hl7"
)

// objects encodes the submission in the order of the French samples: the set,
// the entries, the associations.
func (s *Submission) objects() []*ebrim.Object {
	out := []*ebrim.Object{s.Set.object()}
	change := slices.ContainsFunc(s.Associations, func(a Association) bool { return a.PreviousVersion != "" })
	associations := func() {
		for i := range s.Associations {
			out = append(out, s.Associations[i].object())
		}
	}
	if change { // the samples of ITI-57 name the version before the entry
		associations()
	}
	for i := range s.Entries {
		o := s.Entries[i].object()
		if change {
			o.Opaque = "false"
		}
		out = append(out, o)
	}
	if !change {
		associations()
	}
	return append(out, s.others...)
}

// slots collects slots, leaving out those without a value.
type slots []ebrim.Slot

func (s *slots) add(name string, values ...string) {
	kept := values[:0:0]
	for _, v := range values {
		if v != "" {
			kept = append(kept, v)
		}
	}
	if len(kept) > 0 {
		*s = append(*s, ebrim.Slot{Name: name, Values: kept})
	}
}

func (s *slots) extra(extra []Slot) {
	for _, e := range extra {
		*s = append(*s, ebrim.Slot{Name: e.Name, Values: e.Values})
	}
}

func (e *DocumentEntry) object() *ebrim.Object {
	o := e.typed()
	e.kept.restore(o)
	return o
}

// typed is the object of what the fields say.
func (e *DocumentEntry) typed() *ebrim.Object {
	o := &ebrim.Object{
		Kind: ebrim.ExtrinsicObject, ID: e.ID, LID: e.LogicalID, Status: string(e.Status), ObjectType: objectTypeStable,
		MimeType: e.MimeType, Name: e.Title, Description: e.Comments, Version: e.Version,
	}
	var s slots
	s.add("creationTime", hl7.FormatUTC(e.Created))
	s.add("hash", e.Hash)
	s.add("languageCode", e.Language)
	if !e.LegalAuthenticator.IsZero() {
		s.add("legalAuthenticator", e.LegalAuthenticator.xcn().String())
	}
	s.add("repositoryUniqueId", string(e.RepositoryID))
	s.add("serviceStartTime", hl7.FormatUTC(e.ServiceStart))
	s.add("serviceStopTime", hl7.FormatUTC(e.ServiceStop))
	if e.Size > 0 {
		s.add("size", strconv.FormatInt(e.Size, 10))
	}
	s.add("sourcePatientId", e.SourcePatientID.CX())
	s.add("sourcePatientInfo", e.SourcePatientInfo...)
	s.add("URI", e.URI)
	references := make([]string, len(e.References))
	for i, r := range e.References {
		references[i] = r.cx()
	}
	s.add(slotReferenceIDList, references...)
	s.extra(e.Extra)
	o.Slots = s

	for _, a := range e.Authors {
		o.Classifications = append(o.Classifications, a.classification(schemeAuthor))
	}
	code := func(scheme string, codes ...segur.Code) {
		for _, c := range codes {
			if !c.IsZero() {
				o.Classifications = append(o.Classifications, classification(scheme, c))
			}
		}
	}
	code(schemeClass, e.ClassCode)
	code(schemeType, e.TypeCode)
	code(schemeConfidentiality, e.ConfidentialityCodes...)
	code(schemeFormat, e.FormatCode)
	code(schemeFacility, e.FacilityTypeCode)
	code(schemePractice, e.PracticeSettingCode)
	code(schemeEvent, e.EventCodes...)
	o.Identifiers = []ebrim.ExternalIdentifier{
		{Scheme: schemePatientID, Value: e.PatientID.CX(), Name: "XDSDocumentEntry.patientId"},
		{Scheme: schemeUniqueID, Value: e.UniqueID, Name: "XDSDocumentEntry.uniqueId"},
	}
	addExtra(o, e.ExtraClassifications, e.ExtraIdentifiers)
	return o
}

func (s *SubmissionSet) object() *ebrim.Object {
	o := s.typed()
	s.kept.restore(o)
	return o
}

func (s *SubmissionSet) typed() *ebrim.Object {
	o := &ebrim.Object{Kind: ebrim.RegistryPackage, ID: s.ID, LID: s.LogicalID, Status: string(s.Status),
		Name: s.Title, Description: s.Comments}
	var sl slots
	sl.add("submissionTime", hl7.FormatUTC(s.Submitted))
	sl.add("intendedRecipient", s.IntendedRecipients...)
	sl.extra(s.Extra)
	o.Slots = sl
	o.Classifications = append(o.Classifications, s.Author.classification(schemeSetAuthor))
	if !s.ContentTypeCode.IsZero() {
		o.Classifications = append(o.Classifications, classification(schemeContentType, s.ContentTypeCode))
	}
	o.Classifications = append(o.Classifications, ebrim.Classification{Node: nodeSubmissionSet})
	o.Identifiers = []ebrim.ExternalIdentifier{
		{Scheme: schemeSetPatientID, Value: s.PatientID.CX(), Name: "XDSSubmissionSet.patientId"},
		{Scheme: schemeSetSourceID, Value: string(s.SourceID), Name: "XDSSubmissionSet.sourceId"},
		{Scheme: schemeSetUniqueID, Value: s.UniqueID, Name: "XDSSubmissionSet.uniqueId"},
	}
	addExtra(o, s.ExtraClassifications, s.ExtraIdentifiers)
	return o
}

func (a *Association) object() *ebrim.Object {
	o := a.typed()
	a.kept.restore(o)
	return o
}

func (a *Association) typed() *ebrim.Object {
	o := &ebrim.Object{Kind: ebrim.Association, ID: a.ID, Type: string(a.Type), Source: a.Source, Target: a.Target}
	if a.PreviousVersion != "" || a.Type == UpdateStatus {
		// Written where the samples of ITI-57 have it, and nowhere else.
		o.ObjectType = "urn:oasis:names:tc:ebxml-regrep:ObjectType:RegistryObject:Association"
	}
	var s slots
	s.add("SubmissionSetStatus", a.SetStatus)
	s.add("PreviousVersion", a.PreviousVersion)
	s.add("OriginalStatus", string(a.From))
	s.add("NewStatus", string(a.To))
	s.extra(a.Extra)
	o.Slots = s
	addExtra(o, a.ExtraClassifications, a.ExtraIdentifiers)
	return o
}

func (a *Author) classification(scheme string) ebrim.Classification {
	c := ebrim.Classification{Scheme: scheme}
	var s slots
	if !a.Person.IsZero() {
		s.add("authorPerson", a.Person.xcn().String())
	}
	s.add("authorRole", a.Roles...)
	specialties := make([]string, len(a.Specialties))
	for i, v := range a.Specialties {
		specialties[i] = hl7.FormatCode(v)
	}
	s.add("authorSpecialty", specialties...)
	institutions := make([]string, len(a.Institutions))
	for i, v := range a.Institutions {
		institutions[i] = xon(v).String()
	}
	s.add("authorInstitution", institutions...)
	c.Slots = s
	return c
}

func classification(scheme string, c segur.Code) ebrim.Classification {
	return ebrim.Classification{Scheme: scheme, Code: c.Code, Name: c.Display,
		Slots: []ebrim.Slot{{Name: "codingScheme", Values: []string{string(c.System)}}}}
}
