package dmp

import (
	"fmt"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
)

// places maps what a registry says of an object back to what the caller gave:
// symbolic names, identifiers and names of attributes become the path of a
// field.
type places struct {
	// objects are the texts by which an error names an object, with its path.
	objects []place
	// one is the path of the document when there is one only.
	one string
	// patient and replaces are the paths of the patient, and of the one
	// document that replaces another.
	patient, replaces string
}

type place struct{ text, path string }

// placesOf are those of a lot as [xds.Submission.Number] names its objects.
func placesOf(lot *xds.Submission, positions []int) *places {
	p := &places{patient: "patient.ins"}
	documents := 0
	for i := range lot.Entries {
		e := &lot.Entries[i]
		path := "signature"
		if !e.IsSignature() && i < len(positions) {
			path = fmt.Sprintf("documents[%d]", positions[i])
			documents++
			p.one = path
		}
		if e.Replaces != "" {
			p.replaces = path + ".replaces"
			p.objects = append(p.objects, place{e.Replaces, path + ".replaces"})
		}
		p.objects = append(p.objects, place{e.ID, path}, place{e.UniqueID, path})
	}
	if documents != 1 {
		p.one = ""
	}
	p.objects = append(p.objects, place{lot.Set.ID, ""}, place{lot.Set.UniqueID, ""})
	return p
}

// placesOfEntry are those of a change of one entry.
func placesOfEntry(e *xds.DocumentEntry) *places {
	return &places{one: "entry", patient: "patient.ins", objects: []place{
		{"Document01", "entry"}, {e.UniqueID, "entry"}, {e.ID, "entry"}, {e.LogicalID, "entry"}, {"SubmissionSet01", ""}}}
}

// field is the path that a registry error is about; "" when it does not say.
func (p *places) field(d segur.Detail) string {
	if d.Field != "" {
		return d.Field
	}
	switch d.Code {
	case "XDSPatientIdDoesNotMatch", "XDSUnknownPatientId":
		return p.patient
	}
	object, found := p.object(d.Location)
	if !found {
		object, found = p.object(d.Message)
	}
	attribute := attributeIn(d.Location)
	if attribute == "" {
		attribute = attributeIn(d.Message)
	}
	if !found {
		switch d.Code {
		case "XDSRegistryDeprecatedDocumentError", "UnresolvedReferenceException", "XDSReplaceFailed":
			return p.replaces
		}
	}
	if attribute == "" {
		attribute = byCode[d.Code]
	}
	switch {
	case found:
	case setAttributes[attribute]:
		return attribute
	case attribute == "":
		return ""
	default:
		if object = p.one; object == "" {
			return ""
		}
	}
	switch {
	case strings.HasSuffix(object, ".replaces") || attribute == "":
		return object
	case object == "":
		return attribute
	}
	return object + "." + attribute
}

func (p *places) object(text string) (string, bool) {
	for _, o := range p.objects {
		if o.text != "" && containsWord(text, o.text) {
			return o.path, true
		}
	}
	return "", false
}

// containsWord: "1.2.3" is not in "1.2.34", nor Document01 in Document011.
func containsWord(text, word string) bool {
	for at := 0; ; {
		i := strings.Index(text[at:], word)
		if i < 0 {
			return false
		}
		i += at
		end := i + len(word)
		more := end < len(text) && (isWordByte(text[end]) || text[end] == '.' && end+1 < len(text) && isWordByte(text[end+1]) && isDigit(word[len(word)-1]) && isDigit(text[end+1]))
		if (i == 0 || !isWordByte(text[i-1]) && text[i-1] != '.') && !more {
			return true
		}
		at = end
	}
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

func isWordByte(b byte) bool {
	return isDigit(b) || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b == '_'
}

// byCode is the field that a code is about when the error names none.
var byCode = map[string]string{
	"XDSNonIdenticalHash": "content", "XDSNonIdenticalSize": "content", "XDSMissingDocument": "content",
	"XDSRegistryDuplicateUniqueIdInMessage": "uniqueID", "XDSRepositoryDuplicateUniqueIdInMessage": "uniqueID",
	"XDSMetadataVersionError": "version",
}

// setAttributes are those of the lot alone.
var setAttributes = map[string]bool{"contentType": true, "sourceID": true}

// attributes are the names of XDS attributes, and the UUIDs of their schemes,
// with the fields of [xds.DocumentEntry] and [Submission]. Longer names come
// before their parts.
var attributes = []place{
	{"healthcarefacilitytypecode", "facilityTypeCode"}, {"f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1", "facilityTypeCode"}, {"facilitytypecode", "facilityTypeCode"},
	{"practicesettingcode", "practiceSettingCode"}, {"cccf5598-8b07-4b77-a05e-ae952c785ead", "practiceSettingCode"},
	{"confidentialitycodes", "confidentialityCodes"}, {"confidentialitycode", "confidentialityCodes"}, {"f4f85eac-e6cb-4883-b524-f2705394840f", "confidentialityCodes"},
	{"contenttypecode", "contentType"}, {"aa543740-bdda-424e-8c96-df4873be8500", "contentType"},
	{"classcode", "classCode"}, {"41a5887f-8865-4c09-adf7-e362475b143a", "classCode"},
	{"typecode", "typeCode"}, {"f0306f51-975f-434e-a61c-c59651d33983", "typeCode"},
	{"formatcode", "formatCode"}, {"a09d5840-386c-46f2-b5ad-9c3699a4309d", "formatCode"},
	{"eventcodelist", "eventCodes"}, {"eventcodes", "eventCodes"}, {"2c6b8cb7-8b2a-4051-b291-b1ae6a575ef4", "eventCodes"},
	{"legalauthenticator", "legalAuthenticator"},
	{"authorinstitution", "authors"}, {"authorperson", "authors"}, {"authorspecialty", "authors"}, {"authorrole", "authors"}, {"authors", "authors"},
	{"93606bcf-9494-43ec-9b4e-a7748d1a838d", "authors"}, {"author", "authors"},
	{"sourcepatientid", "sourcePatientID"}, {"sourcepatientinfo", "sourcePatientInfo"},
	{"patientid", "patientID"}, {"58a6f841-87b3-4a3e-92fd-a8ffeff98427", "patientID"},
	{"uniqueid", "uniqueID"}, {"2e82c1f6-a085-4c72-9da3-8640a32e42ab", "uniqueID"},
	{"554ac39e-e3fe-47fe-b233-965d2a147832", "sourceID"}, {"sourceid", "sourceID"},
	{"servicestarttime", "serviceStart"}, {"servicestoptime", "serviceStop"}, {"creationtime", "created"},
	{"servicestart", "serviceStart"}, {"servicestop", "serviceStop"}, {"created", "created"},
	{"submissiontime", "submitted"}, {"languagecode", "language"}, {"mimetype", "mimeType"},
	{"referenceidlist", "references"}, {"references", "references"}, {"previousversion", "version"},
	{"title", "title"}, {"hash", "hash"}, {"size", "size"},
}

// attributeIn finds the attribute that a text names, as a word or at the end of
// one: XDSDocumentEntry.typeCode, DocumentEntryTypeCode, typeCode.
func attributeIn(text string) string {
	lower := strings.ToLower(text)
	best, found := len(lower)+1, ""
	for _, a := range attributes {
		for at := 0; ; {
			i := strings.Index(lower[at:], a.text)
			if i < 0 {
				break
			}
			i += at
			end := i + len(a.text)
			starts := i == 0 || !isWordByte(lower[i-1]) || strings.HasSuffix(lower[:i], "entry") || strings.HasSuffix(lower[:i], "set")
			if starts && (end == len(lower) || !isWordByte(lower[end])) && i < best {
				best, found = i, a.path
				break
			}
			at = end
		}
	}
	return found
}
