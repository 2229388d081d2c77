package cda

import (
	"strings"
	"sync"

	"github.com/segur-sdk/segur/internal/nos"
)

// headerRule is what the "Volet Structuration Minimale" wants of the elements
// at one path of the header, beyond the schema.
type headerRule struct {
	children []cardinality
	attrs    []wantedAttr
	table    *nos.Table
}

// cardinality is how many children of a name there may be. Where a null is
// marked, children with a nullFlavor do not count.
type cardinality struct {
	name     string
	min, max int // max -1: unbounded
	notNull  bool
}

// wantedAttr is an attribute that must be there, with one of the values if any.
type wantedAttr struct {
	name   string
	values []string
	orNull bool // or the element has a nullFlavor
}

// headerTable gives the rules by path below ClinicalDocument. In a row, after
// the path: "name" once, "name?" at most once, "name+" at least once, "!" when
// nulls do not count; "@name" an attribute, "@name=a,b" with its values, "~"
// when a nullFlavor replaces it; "=TABLE" a value set.
//
// Contradictions of the official material, and what this table does:
//   - the rules of prefix and suffix are written on every author of the document:
//     one wrong civility is reported on all. Here it is reported once, see people;
//   - order/id may be null, which the rules accept and the text does not mention;
//   - relatedDocument/parentDocument/setId gives a warning of the "closed" rules.
const headerTable = `
. realmCode typeId id! code! title! effectiveTime! confidentialityCode! languageCode! setId! versionNumber! recordTarget! author!+ dataEnterer? custodian! legalAuthenticator documentationOf!+ relatedDocument? componentOf! component
realmCode @code=FR
templateId @root
id @root
code @code @codeSystem @displayName
effectiveTime @value
confidentialityCode @code @codeSystem @displayName =J05
languageCode @code
setId @root
versionNumber @value
recordTarget patientRole
recordTarget/patientRole id!+ patient!
recordTarget/patientRole/id @root @extension
recordTarget/patientRole/patient name! administrativeGenderCode birthTime sdtc:deceasedInd? sdtc:deceasedTime? sdtc:multipleBirthInd? birthplace?
recordTarget/patientRole/patient/name given!+ family!+ prefix? suffix?
recordTarget/patientRole/patient/administrativeGenderCode @code =J143
recordTarget/patientRole/patient/birthTime @value
recordTarget/patientRole/patient/guardian/guardianPerson name
recordTarget/patientRole/patient/guardian/guardianPerson/name family+ prefix?
recordTarget/patientRole/patient/guardian/guardianOrganization name?
recordTarget/patientRole/patient/birthplace place
recordTarget/patientRole/patient/birthplace/place name? addr?
author functionCode? time assignedAuthor!
author/functionCode @code @codeSystem =J47
author/time @value
author/assignedAuthor id+ code? assignedPerson? assignedAuthoringDevice? representedOrganization?
author/assignedAuthor/id @root @extension
author/assignedAuthor/code @code @codeSystem @displayName =J01
author/assignedAuthor/assignedPerson name
author/assignedAuthor/assignedPerson/name $PERSON
author/assignedAuthor/assignedAuthoringDevice manufacturerModelName softwareName
author/assignedAuthor/representedOrganization $ORGANIZATION
author/assignedAuthor/representedOrganization/standardIndustryClassCode @code @codeSystem @displayName =J04
dataEnterer time?
informant/assignedEntity id code? assignedPerson? representedOrganization?
informant/assignedEntity/id @root~ @extension~
informant/assignedEntity/assignedPerson name
informant/assignedEntity/assignedPerson/name $PERSON
informant/assignedEntity/representedOrganization $ORGANIZATION
informant/assignedEntity/representedOrganization/standardIndustryClassCode @code @codeSystem @displayName =J04
informant/relatedEntity @classCode=ECON,NOK,CON,CAREGIVER,PAT code? relatedPerson
informant/relatedEntity/code @code @codeSystem @displayName =J11
informant/relatedEntity/relatedPerson name
informant/relatedEntity/relatedPerson/name family given? prefix?
custodian/assignedCustodian/representedCustodianOrganization id! name? telecom? addr?
custodian/assignedCustodian/representedCustodianOrganization/id @root=1.2.250.1.71.4.2.2,1.2.250.1.213.4.1
informationRecipient/intendedRecipient informationRecipient? receivedOrganization?
informationRecipient/intendedRecipient/informationRecipient/name $PERSON
legalAuthenticator time signatureCode assignedEntity
legalAuthenticator/time @value
legalAuthenticator/signatureCode @code=S
legalAuthenticator/assignedEntity id! code? assignedPerson? representedOrganization?
legalAuthenticator/assignedEntity/id @root @extension
legalAuthenticator/assignedEntity/code =J01
legalAuthenticator/assignedEntity/assignedPerson name!
legalAuthenticator/assignedEntity/assignedPerson/name $PERSON
legalAuthenticator/assignedEntity/representedOrganization $ORGANIZATION
legalAuthenticator/assignedEntity/representedOrganization/standardIndustryClassCode =J04
authenticator time signatureCode assignedEntity
authenticator/time @value
authenticator/signatureCode @code=S
authenticator/assignedEntity id code? assignedPerson? representedOrganization?
authenticator/assignedEntity/id @root=1.2.250.1.71.4.2.1 @extension
authenticator/assignedEntity/assignedPerson name
authenticator/assignedEntity/assignedPerson/name $PERSON
authenticator/assignedEntity/representedOrganization $ORGANIZATION
authenticator/assignedEntity/representedOrganization/standardIndustryClassCode @code @codeSystem @displayName =J04
participant @typeCode templateId? functionCode? time associatedEntity =J144
participant/functionCode =J47
participant/time low? high?
participant/time/low @value
participant/time/high @value
participant/associatedEntity @classCode=PROV,AGNT id? code? associatedPerson? scopingOrganization?
participant/associatedEntity/id @root @extension
participant/associatedEntity/code @code @codeSystem @displayName =J01
participant/associatedEntity/associatedPerson name
participant/associatedEntity/associatedPerson/name $PERSON
participant/associatedEntity/scopingOrganization id? $ORGANIZATION
inFulfillmentOf order
inFulfillmentOf/order id code? ps3-20:accessionNumber?
documentationOf serviceEvent!
documentationOf/serviceEvent code? effectiveTime? performer?
documentationOf/serviceEvent/code originalText?
documentationOf/serviceEvent/code/translation qualifier?
documentationOf/serviceEvent/code/translation/qualifier name
documentationOf/serviceEvent/effectiveTime low high?
documentationOf/serviceEvent/effectiveTime/low @value
documentationOf/serviceEvent/performer @typeCode=PRF functionCode? time? assignedEntity
documentationOf/serviceEvent/performer/assignedEntity id code? assignedPerson? representedOrganization
documentationOf/serviceEvent/performer/assignedEntity/code =J01
documentationOf/serviceEvent/performer/assignedEntity/assignedPerson name?
documentationOf/serviceEvent/performer/assignedEntity/assignedPerson/name $PERSON
documentationOf/serviceEvent/performer/assignedEntity/representedOrganization name? standardIndustryClassCode! asOrganizationPartOf?
documentationOf/serviceEvent/performer/assignedEntity/representedOrganization/standardIndustryClassCode @code @codeSystem @displayName =J04
relatedDocument @typeCode=RPLC parentDocument!
relatedDocument/parentDocument id! versionNumber?
relatedDocument/parentDocument/id @root
authorization consent
authorization/consent code statusCode
authorization/consent/statusCode @code=completed~
componentOf encompassingEncounter!
componentOf/encompassingEncounter code? effectiveTime dischargeDispositionCode? responsibleParty? location
componentOf/encompassingEncounter/id @root
componentOf/encompassingEncounter/code @code @codeSystem @displayName =J142
componentOf/encompassingEncounter/effectiveTime low? high?
componentOf/encompassingEncounter/dischargeDispositionCode @code @displayName
componentOf/encompassingEncounter/responsibleParty assignedEntity
componentOf/encompassingEncounter/responsibleParty/assignedEntity $PHYSICIAN
componentOf/encompassingEncounter/responsibleParty/assignedEntity/id @root=1.2.250.1.71.4.2.1 @extension
componentOf/encompassingEncounter/responsibleParty/assignedEntity/assignedPerson name
componentOf/encompassingEncounter/responsibleParty/assignedEntity/assignedPerson/name $PERSON
componentOf/encompassingEncounter/responsibleParty/assignedEntity/representedOrganization $ORGANIZATION
componentOf/encompassingEncounter/responsibleParty/assignedEntity/representedOrganization/standardIndustryClassCode @code @codeSystem @displayName =J04
componentOf/encompassingEncounter/encounterParticipant @typeCode=ADM,ATND,CON,DIS,REF,RESP time? assignedEntity
componentOf/encompassingEncounter/encounterParticipant/assignedEntity $PHYSICIAN
componentOf/encompassingEncounter/encounterParticipant/assignedEntity/id @root=1.2.250.1.71.4.2.1 @extension
componentOf/encompassingEncounter/encounterParticipant/assignedEntity/assignedPerson name
componentOf/encompassingEncounter/encounterParticipant/assignedEntity/assignedPerson/name $PERSON
componentOf/encompassingEncounter/encounterParticipant/assignedEntity/representedOrganization $ORGANIZATION
componentOf/encompassingEncounter/encounterParticipant/assignedEntity/representedOrganization/standardIndustryClassCode @code @codeSystem @displayName =J04
componentOf/encompassingEncounter/location healthCareFacility!
componentOf/encompassingEncounter/location/healthCareFacility code! location?
componentOf/encompassingEncounter/location/healthCareFacility/code @code @codeSystem @displayName =J02
componentOf/encompassingEncounter/location/healthCareFacility/location name? addr?
`

// headerParts stand for the words that people and structures share.
var headerParts = strings.NewReplacer(
	"$PERSON", "family given? prefix? suffix?",
	"$ORGANIZATION", "name? standardIndustryClassCode?",
	"$PHYSICIAN", "id code? assignedPerson? representedOrganization?",
)

var (
	headerCivility = nos.Civility
	headerTitle    = nos.Title
)

var headerTables = map[string]*nos.Table{
	"J01": nos.AuthorSpecialty, "J02": nos.FacilityType, "J04": nos.PracticeSetting, "J05": nos.Confidentiality, "J11": nos.Relationship,
	"J47": nos.FunctionCode, "J142": nos.EncounterType, "J143": nos.Gender, "J144": nos.Participation,
}

// headerNode is a place of the header with its rule.
type headerNode struct {
	rule     *headerRule
	children map[string]*headerNode
}

// headerRules is the table, compiled.
var headerRules = sync.OnceValue(func() *headerNode {
	root := &headerNode{children: map[string]*headerNode{}}
	for line := range strings.SplitSeq(headerParts.Replace(headerTable), "\n") {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		at := root
		if words[0] != "." {
			for step := range strings.SplitSeq(words[0], "/") {
				next := at.children[step]
				if next == nil {
					next = &headerNode{children: map[string]*headerNode{}}
					at.children[step] = next
				}
				at = next
			}
		}
		at.rule = parseHeaderRule(words[1:])
	}
	return root
})

func parseHeaderRule(words []string) *headerRule {
	r := &headerRule{}
	for _, w := range words {
		switch w[0] {
		case '@':
			name, values, _ := strings.Cut(w[1:], "=")
			a := wantedAttr{name: strings.TrimSuffix(name, "~"), orNull: strings.HasSuffix(w, "~")}
			if values = strings.TrimSuffix(values, "~"); values != "" {
				a.values = strings.Split(values, ",")
			}
			r.attrs = append(r.attrs, a)
		case '=':
			r.table = headerTables[w[1:]]
		default:
			c := cardinality{name: strings.TrimRight(w, "?+!"), min: 1, max: 1, notNull: strings.Contains(w, "!")}
			if strings.HasSuffix(w, "?") {
				c.min = 0
			}
			if strings.HasSuffix(w, "+") {
				c.max = -1
			}
			r.children = append(r.children, c)
		}
	}
	return r
}
