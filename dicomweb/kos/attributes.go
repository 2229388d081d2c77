package kos

import (
	"strconv"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
)

// Tags of key object selection documents that dicomweb does not name.
const (
	tagCreationDate     dicomweb.Tag = 0x00080012
	tagCreationTime     dicomweb.Tag = 0x00080013
	tagSeriesDate       dicomweb.Tag = 0x00080021
	tagContentDate      dicomweb.Tag = 0x00080023
	tagSeriesTime       dicomweb.Tag = 0x00080031
	tagContentTime      dicomweb.Tag = 0x00080033
	tagAccessionIssuer  dicomweb.Tag = 0x00080051
	tagManufacturer     dicomweb.Tag = 0x00080070
	tagInstitution      dicomweb.Tag = 0x00080080
	tagMappingResource  dicomweb.Tag = 0x00080105
	tagZone             dicomweb.Tag = 0x00080201
	tagReferencedStudy  dicomweb.Tag = 0x00081110
	tagProcedureStep    dicomweb.Tag = 0x00081111
	tagReferencedSeries dicomweb.Tag = 0x00081115
	tagPatientIssuer    dicomweb.Tag = 0x00100024
	tagOtherNames       dicomweb.Tag = 0x00101001
	tagOtherIDs         dicomweb.Tag = 0x00101002
	tagTypeOfID         dicomweb.Tag = 0x00100022
	tagComments         dicomweb.Tag = 0x00104000
	tagProcedure        dicomweb.Tag = 0x00321060
	tagProcedureCode    dicomweb.Tag = 0x00321064
	tagPlacerIssuer     dicomweb.Tag = 0x00400026
	tagEntityID         dicomweb.Tag = 0x00400032
	tagEntityType       dicomweb.Tag = 0x00400033
	tagProcedureID      dicomweb.Tag = 0x00401001
	tagPlacer           dicomweb.Tag = 0x00402016
	tagFiller           dicomweb.Tag = 0x00402017
	tagRelationship     dicomweb.Tag = 0x0040A010
	tagValueType        dicomweb.Tag = 0x0040A040
	tagConceptName      dicomweb.Tag = 0x0040A043
	tagContinuity       dicomweb.Tag = 0x0040A050
	tagTextValue        dicomweb.Tag = 0x0040A160
	tagRequest          dicomweb.Tag = 0x0040A370
	tagEvidence         dicomweb.Tag = 0x0040A375
	tagTemplate         dicomweb.Tag = 0x0040A504
	tagContent          dicomweb.Tag = 0x0040A730
	tagTemplateID       dicomweb.Tag = 0x0040DB00
	tagRetrieveLocation dicomweb.Tag = 0x0040E011
)

// element makes an element; an empty value is an empty element.
func element(tag dicomweb.Tag, vr dicomweb.VR, value string) dicomweb.Element {
	if value == "" {
		return dicomweb.Element{Tag: tag, VR: vr}
	}
	return dicomweb.Element{Tag: tag, VR: vr, Values: []string{value}}
}

func number(tag dicomweb.Tag, n int) dicomweb.Element {
	return element(tag, dicomweb.IS, strconv.Itoa(n))
}

// code makes a sequence of one code.
func code(tag dicomweb.Tag, value, scheme, meaning string) dicomweb.Element {
	return dicomweb.Sequence(tag, dicomweb.NewDataset(
		element(dicomweb.TagCodeValue, dicomweb.SH, value), element(dicomweb.TagCodingScheme, dicomweb.SH, scheme), element(dicomweb.TagCodeMeaning, dicomweb.LO, meaning)))
}

// entity makes a sequence that names an assigning authority by its OID.
func entity(tag dicomweb.Tag, oid segur.OID) dicomweb.Element {
	return dicomweb.Sequence(tag, dicomweb.NewDataset(
		element(tagEntityID, dicomweb.UT, string(oid)), element(tagEntityType, dicomweb.CS, "ISO")))
}

func reference(class, uid string) []dicomweb.Element {
	return []dicomweb.Element{element(dicomweb.TagReferencedSOPClass, dicomweb.UI, class), element(dicomweb.TagReferencedSOPInstance, dicomweb.UI, uid)}
}

// scheme is the designator of a code's system.
func scheme(c segur.Code) string {
	if c.System == dcm {
		return "DCM"
	}
	return c.SystemName
}

// contains makes an item of the content that names an instance.
func contains(class, uid string) *dicomweb.Dataset {
	return dicomweb.NewDataset(
		dicomweb.Sequence(dicomweb.TagReferencedSOPSequence, dicomweb.NewDataset(reference(class, uid)...)),
		element(tagRelationship, dicomweb.CS, "CONTAINS"), element(tagValueType, dicomweb.CS, valueType(class)))
}

// textItem makes the item of the content that holds a text.
func textItem(text string) *dicomweb.Dataset {
	return dicomweb.NewDataset(
		element(tagRelationship, dicomweb.CS, "CONTAINS"), element(tagValueType, dicomweb.CS, "TEXT"),
		code(tagConceptName, codeDescription, "DCM", "Key Object Description"), element(tagTextValue, dicomweb.UT, text))
}

// codeDescription is the concept of the text item.
const codeDescription = "113012"
