package cda

import (
	"strconv"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/nos"
	"github.com/segur-sdk/segur/internal/xmlr"
)

// fieldOf names the fields of [Report] that the parts of the header are written
// from, by path; [] stands for the position of the part. The longest path that
// begins that of an element names its field.
var fieldOf = map[string]string{
	"id": "report.id", "code": "report.acts", "title": "report.title", "effectiveTime": "report.created",
	"confidentialityCode": "report.confidentiality", "languageCode": "report.language", "setId": "report.setID",
	"versionNumber": "report.version", "relatedDocument": "report.replaces",

	"recordTarget":                                              "report.patient",
	"recordTarget/patientRole/id":                               "report.patient.localIDs",
	"recordTarget/patientRole/addr":                             "report.patient.address",
	"recordTarget/patientRole/telecom":                          "report.patient.telecoms",
	"recordTarget/patientRole/patient/name":                     "report.patient.traits",
	"recordTarget/patientRole/patient/name/family":              "report.patient.traits.birthName",
	"recordTarget/patientRole/patient/name/given":               "report.patient.traits.givenNames",
	"recordTarget/patientRole/patient/administrativeGenderCode": "report.patient.traits.sex",
	"recordTarget/patientRole/patient/birthTime":                "report.patient.traits.birthDate",
	"recordTarget/patientRole/patient/birthplace":               "report.patient.traits.birthPlace",
	"author":                   "report.authors[]",
	"informant":                "report.informants[]",
	"custodian":                "report.custodian",
	"informationRecipient":     "report.recipients[]",
	"legalAuthenticator":       "report.legalAuthenticator",
	"inFulfillmentOf":          "report.orders[]",
	"inFulfillmentOf/order/id": "report.orders[].placer",
	"inFulfillmentOf/order/ps3-20:accessionNumber": "report.orders[].accession",
	"documentationOf":                                                    "report.acts[]",
	"documentationOf/serviceEvent/id":                                    "report.acts[].studyUID",
	"documentationOf/serviceEvent/code":                                  "report.acts[].code",
	"documentationOf/serviceEvent/code/translation":                      "report.acts[].modalities",
	"documentationOf/serviceEvent/effectiveTime":                         "report.acts[].start",
	"documentationOf/serviceEvent/effectiveTime/high":                    "report.acts[].end",
	"documentationOf/serviceEvent/performer":                             "report.acts[].performer",
	"componentOf":                                                        "report.encounter",
	"componentOf/encompassingEncounter/id":                               "report.encounter.id",
	"componentOf/encompassingEncounter/code":                             "report.encounter.type",
	"componentOf/encompassingEncounter/effectiveTime":                    "report.encounter.start",
	"componentOf/encompassingEncounter/location":                         "report.encounter.facility",
	"componentOf/encompassingEncounter/location/healthCareFacility/code": "report.encounter.facility.sector",
	"component/nonXMLBody":                                               "report.pdf",
}

// personField names what is below a person, by the name of the element.
var personField = map[string]string{
	"time": "time", "functionCode": "function", "representedOrganization": "organization", "receivedOrganization": "organization",
	"scopingOrganization": "organization", "family": "familyName", "given": "givenName", "prefix": "title", "suffix": "title",
}

// sectionField names the fields of [Sections].
var sectionField = map[string]string{
	"addendum": "sections.addendum", "clinical": "sections.question", "question": "sections.question", "history": "sections.history",
	"act": "sections.acts[]", "complications": "sections.acts[].complications", "exposure": "sections.acts[].exposure",
	"catalog": "sections.acts[].catalog", "devices": "sections.devices", "results": "sections.results", "prior": "sections.priorResults",
	"comparison": "sections.comparison", "conclusion": "sections.conclusion", "documents": "sections.attachments",
	"patient": "sections.patientInformation", "copy": "report.pdf",
}

// field names the field of the model that an element is written from. Reports
// only: "" in other documents.
func (v *validation) field(n *xmlr.Node) string {
	if v.out.Kind != KindImagingReport || v.doc == nil {
		return ""
	}
	var steps []*xmlr.Node
	for ; n != nil && n != v.doc; n = n.Parent {
		steps = append([]*xmlr.Node{n}, steps...)
	}
	if len(steps) == 0 {
		return ""
	}
	if steps[0].Name.Local == "component" && len(steps) > 1 && steps[1].Name.Local == "structuredBody" {
		return v.bodyField(steps)
	}
	path, field, depth := "", "", 0
	for i, s := range steps {
		if path += "/" + schemaName(s.Name); i == 0 {
			path = path[1:]
		}
		if f, ok := fieldOf[path]; ok {
			field, depth = f, i+1
		}
	}
	at := v.position(steps[0]).at
	last := steps[len(steps)-1]
	switch steps[0].Name.Local {
	case "participant":
		switch steps[0].Attr("typeCode") {
		case "REF":
			field = "report.prescriber"
		case "INF":
			field = "report.familyPhysician"
		}
	case "recordTarget":
		if path == "recordTarget/patientRole/id" && segur.IsINSAuthority(segur.OID(last.Attr("root"))) {
			return "report.patient.ins"
		}
	case "documentationOf":
		if last.Name.Local == "standardIndustryClassCode" {
			return "report.practiceSetting"
		}
		if last.Name.Local == "translation" {
			switch last.Attr("codeSystem") {
			case nos.CCAM, nos.CCAMAlias:
				field = "report.acts[].ccam"
			case nos.SNOMEDCT:
				field = "report.acts[].regions"
			}
		}
	}
	field = strings.Replace(field, "[]", "["+strconv.Itoa(at-1)+"]", 1)
	switch steps[0].Name.Local {
	case "author", "legalAuthenticator", "participant", "informant", "informationRecipient":
		return personPart(field, steps[1:])
	case "documentationOf":
		if depth == 3 && strings.HasSuffix(field, ".performer") {
			return personPart(field, steps[3:])
		}
	}
	return field
}

func personPart(field string, steps []*xmlr.Node) string {
	if field == "" {
		return ""
	}
	for i, s := range steps {
		name := s.Name.Local
		switch {
		case personField[name] != "":
			field += "." + personField[name]
		case i == len(steps)-1 && name == "id":
			field += ".id"
		case i == len(steps)-1 && name == "code":
			field += ".specialty"
		case i == len(steps)-1 && name == "name" && strings.HasSuffix(field, ".organization"):
			field += ".name"
		}
	}
	return field
}

// bodyField names the field of an element of the body: that of its section.
func (v *validation) bodyField(steps []*xmlr.Node) string {
	field, act := "", -1
	for _, s := range steps {
		if s.Name.Local != "section" {
			continue
		}
		r := v.sectionRule(s)
		if r == nil {
			continue
		}
		field = sectionField[r.kind.name]
		if r.kind == &sectionAct {
			act = v.actIndex(s)
		}
	}
	if act >= 0 {
		field = strings.Replace(field, "[]", "["+strconv.Itoa(act)+"]", 1)
	}
	return strings.Replace(field, "[]", "", 1)
}

// actIndex counts the act sections before one.
func (v *validation) actIndex(section *xmlr.Node) int {
	n := 0
	for _, c := range section.Parent.Parent.Children {
		s := c.Child(nsCDA, "section")
		if s == section {
			break
		}
		if s == nil {
			continue
		}
		if r := v.sectionRule(s); r != nil && r.kind == &sectionAct {
			n++
		}
	}
	return n
}

// sectionRule recognises a section of a report, once.
func (v *validation) sectionRule(s *xmlr.Node) *sectionRule {
	r, known := v.recognised[s]
	if !known {
		if v.recognised == nil {
			v.recognised = map[*xmlr.Node]*sectionRule{}
		}
		r = recognise(reportSections, s)
		v.recognised[s] = r
	}
	return r
}
