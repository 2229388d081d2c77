package xds

import (
	"strconv"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/ebrim"
	"github.com/segur-sdk/segur/internal/hl7"
)

// decoder turns registry objects into metadata and collects what is odd.
type decoder struct{ warnings []segur.Detail }

func (d *decoder) warn(field, message string) {
	d.warnings = append(d.warnings, segur.Detail{Field: field, Severity: "warning", Message: message})
}

// submission decodes a list with one submission set at most.
func (d *decoder) submission(objects []*ebrim.Object) (s Submission, sets int, refs []string) {
	for _, o := range objects {
		switch o.Kind {
		case ebrim.ExtrinsicObject:
			s.Entries = append(s.Entries, d.entry(o))
		case ebrim.RegistryPackage:
			if o.HasNode(nodeFolder) {
				d.warn(o.ID, "folders are not used in France: kept without being read")
				s.others = append(s.others, o)
				continue
			}
			sets++
			if sets == 1 {
				s.Set = d.set(o)
			}
		case ebrim.Association:
			s.Associations = append(s.Associations, d.association(o))
		case ebrim.ObjectRef:
			refs = append(refs, o.ID)
		}
	}
	for _, a := range s.Associations {
		if a.Type != Replaces {
			continue
		}
		for i := range s.Entries {
			if s.Entries[i].ID == a.Source && a.Source != "" {
				s.Entries[i].Replaces = a.Target
			}
		}
	}
	return s, sets, refs
}

func (d *decoder) entry(o *ebrim.Object) DocumentEntry {
	e := DocumentEntry{
		ID: o.ID, LogicalID: o.LID, Status: Status(o.Status), Version: o.Version, MimeType: o.MimeType, Title: o.Name,
		Comments: o.Description, UniqueID: o.Identifier(schemeUniqueID), PatientID: parsePatientID(o.Identifier(schemePatientID)),
	}
	if e.UniqueID == "" {
		d.warn(o.ID, "an entry without uniqueId")
	}
	for _, s := range o.Slots {
		if !d.entrySlot(o.ID, &e, s) {
			e.Extra = append(e.Extra, Slot{s.Name, s.Values})
		}
	}
	one := func(into *segur.Code, c *ebrim.Classification, name string) {
		if !into.IsZero() {
			d.warn(o.ID, name+" is repeated: the first is kept")
			return
		}
		*into = codeOf(c)
	}
	for i := range o.Classifications {
		c := &o.Classifications[i]
		switch c.Scheme {
		case schemeAuthor:
			e.Authors = append(e.Authors, author(c))
		case schemeClass:
			one(&e.ClassCode, c, "classCode")
		case schemeType:
			one(&e.TypeCode, c, "typeCode")
		case schemeFormat:
			one(&e.FormatCode, c, "formatCode")
		case schemeFacility:
			one(&e.FacilityTypeCode, c, "healthcareFacilityTypeCode")
		case schemePractice:
			one(&e.PracticeSettingCode, c, "practiceSettingCode")
		case schemeConfidentiality:
			e.ConfidentialityCodes = append(e.ConfidentialityCodes, codeOf(c))
		case schemeEvent:
			e.EventCodes = append(e.EventCodes, codeOf(c))
		default:
			d.warn(o.ID, "a classification in an unknown scheme: kept as it is")
			e.ExtraClassifications = append(e.ExtraClassifications, extraClassification(c))
		}
	}
	for i := range o.Identifiers {
		if x := &o.Identifiers[i]; x.Scheme != schemePatientID && x.Scheme != schemeUniqueID {
			d.warn(o.ID, "an external identifier in an unknown scheme: kept as it is")
			e.ExtraIdentifiers = append(e.ExtraIdentifiers, extraIdentifier(x))
		}
	}
	e.kept = keep(o, e.typed())
	return e
}

// entrySlot gives a slot its place in e, or returns false.
func (d *decoder) entrySlot(id string, e *DocumentEntry, s ebrim.Slot) bool {
	if len(s.Values) == 0 {
		return true
	}
	v := s.Values[0]
	single := func(into *string) bool {
		if *into != "" || len(s.Values) > 1 {
			return false
		}
		*into = v
		return true
	}
	switch s.Name {
	case "creationTime":
		return d.time(id, s, &e.Created)
	case "serviceStartTime":
		return d.time(id, s, &e.ServiceStart)
	case "serviceStopTime":
		return d.time(id, s, &e.ServiceStop)
	case "hash":
		return single(&e.Hash)
	case "languageCode":
		return single(&e.Language)
	case "URI":
		return single(&e.URI)
	case "repositoryUniqueId":
		repository := string(e.RepositoryID)
		ok := single(&repository)
		e.RepositoryID = segur.OID(repository)
		return ok
	case "size":
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil || n <= 0 || e.Size != 0 || len(s.Values) > 1 {
			d.warn(id, "slot size is not a number of bytes")
			return false
		}
		e.Size = n
	case "legalAuthenticator":
		if !e.LegalAuthenticator.IsZero() || len(s.Values) > 1 {
			return false
		}
		e.LegalAuthenticator = parsePerson(v)
	case "sourcePatientId":
		if !e.SourcePatientID.IsZero() || len(s.Values) > 1 {
			return false
		}
		e.SourcePatientID = parsePatientID(v)
	case "sourcePatientInfo":
		e.SourcePatientInfo = append(e.SourcePatientInfo, s.Values...)
	case slotReferenceIDList:
		for _, v := range s.Values {
			e.References = append(e.References, parseReference(v))
		}
	default:
		return false
	}
	return true
}

func (d *decoder) time(id string, s ebrim.Slot, into *segur.Timestamp) bool {
	t, err := hl7.ParseUTC(strings.TrimSpace(s.Values[0]))
	if err != nil || !into.IsZero() || len(s.Values) > 1 {
		d.warn(id, "slot "+s.Name+" is not a time")
		return false
	}
	*into = t
	return true
}

func (d *decoder) set(o *ebrim.Object) SubmissionSet {
	s := SubmissionSet{
		ID: o.ID, LogicalID: o.LID, Status: Status(o.Status), Title: o.Name, Comments: o.Description,
		UniqueID: o.Identifier(schemeSetUniqueID), SourceID: segur.OID(o.Identifier(schemeSetSourceID)),
		PatientID: parsePatientID(o.Identifier(schemeSetPatientID)),
	}
	if !o.HasNode(nodeSubmissionSet) {
		d.warn(o.ID, "the package is not classified as a submission set")
	}
	authors := 0
	for _, sl := range o.Slots {
		switch {
		case sl.Name == "submissionTime" && len(sl.Values) > 0 && d.time(o.ID, sl, &s.Submitted):
		case sl.Name == "intendedRecipient":
			s.IntendedRecipients = append(s.IntendedRecipients, sl.Values...)
		default:
			s.Extra = append(s.Extra, Slot{sl.Name, sl.Values})
		}
	}
	for i := range o.Classifications {
		c := &o.Classifications[i]
		switch {
		case c.Scheme == schemeSetAuthor:
			if authors++; authors > 1 {
				d.warn(o.ID, "a second author of a submission set: the first is read")
				continue
			}
			s.Author = author(c)
		case c.Scheme == schemeContentType:
			s.ContentTypeCode = codeOf(c)
		case c.Node == nodeSubmissionSet:
		default:
			d.warn(o.ID, "a classification in an unknown scheme: kept as it is")
			s.ExtraClassifications = append(s.ExtraClassifications, extraClassification(c))
		}
	}
	for i := range o.Identifiers {
		x := &o.Identifiers[i]
		if x.Scheme != schemeSetPatientID && x.Scheme != schemeSetSourceID && x.Scheme != schemeSetUniqueID {
			d.warn(o.ID, "an external identifier in an unknown scheme: kept as it is")
			s.ExtraIdentifiers = append(s.ExtraIdentifiers, extraIdentifier(x))
		}
	}
	s.kept = keep(o, s.typed())
	return s
}

func (d *decoder) association(o *ebrim.Object) Association {
	a := Association{ID: o.ID, Type: AssociationType(o.Type), Source: o.Source, Target: o.Target}
	switch strings.TrimPrefix(string(a.Type), "urn:oasis:names:tc:ebxml-regrep:AssociationType:") {
	case "HasMember":
		a.Type = HasMember // also without its prefix
	case "RPLC":
		a.Type = Replaces
	}
	for _, s := range o.Slots {
		v := ""
		if len(s.Values) > 0 {
			v = s.Values[0]
		}
		switch s.Name {
		case "SubmissionSetStatus":
			a.SetStatus = v
		case "PreviousVersion":
			a.PreviousVersion = v
		case "OriginalStatus":
			a.From = Status(v)
		case "NewStatus":
			a.To = Status(v)
		default:
			a.Extra = append(a.Extra, Slot{s.Name, s.Values})
		}
	}
	for i := range o.Classifications {
		a.ExtraClassifications = append(a.ExtraClassifications, extraClassification(&o.Classifications[i]))
	}
	for i := range o.Identifiers {
		a.ExtraIdentifiers = append(a.ExtraIdentifiers, extraIdentifier(&o.Identifiers[i]))
	}
	a.kept = keep(o, a.typed())
	return a
}

func codeOf(c *ebrim.Classification) segur.Code {
	code := segur.Code{Code: c.Code, Display: c.Name}
	if v := c.Slot("codingScheme"); len(v) > 0 {
		code.System = segur.OID(strings.TrimSpace(v[0]))
	}
	return code
}

func author(c *ebrim.Classification) Author {
	var a Author
	if v := c.Slot("authorPerson"); len(v) > 0 {
		a.Person = parsePerson(v[0])
	}
	for _, v := range c.Slot("authorInstitution") {
		a.Institutions = append(a.Institutions, parseInstitution(v))
	}
	for _, v := range c.Slot("authorSpecialty") {
		a.Specialties = append(a.Specialties, hl7.ParseCode(v))
	}
	a.Roles = c.Slot("authorRole")
	return a
}
