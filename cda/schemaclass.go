package cda

// schemaClasses holds the classes of CDA R2 (POCD_MT000040), with the extensions that the French schemas admit:
// SDTC, laboratory, pharmacy and the accession number of DICOM PS3.20. See [compileSchema] for the notation.
const schemaClasses = `
@ROOT realmCode:CS* typeId:InfrastructureRoot.typeId? templateId:II*
@WHO subject:Subject? specimen:Specimen* performer:Performer2* author:Author* informant:Informant12* participant:Participant2*
@LINKS entryRelationship:EntryRelationship* reference:Reference* precondition:Precondition*
@ENTRY (act:Act|encounter:Encounter|observation:Observation|observationMedia:ObservationMedia|organizer:Organizer|procedure:Procedure|
	regionOfInterest:RegionOfInterest|substanceAdministration:SubstanceAdministration|supply:Supply)
Act | @ROOT id:II* code:CD text:ED? statusCode:CS? effectiveTime:IVL_TS? priorityCode:CE? languageCode:CS? @WHO @LINKS
	sdtc:inFulfillmentOf1:any* | classCode!:x_ActClassDocumentEntryAct moodCode!:x_DocumentActMood negationInd:bl
AssignedAuthor | @ROOT id:II+ code:CE? addr:AD* telecom:TEL* (assignedPerson:Person?|assignedAuthoringDevice:AuthoringDevice?)
	representedOrganization:Organization? | classCode=ASSIGNED
AssignedCustodian | @ROOT representedCustodianOrganization:CustodianOrganization | classCode=ASSIGNED
AssignedEntity | @ROOT id:II+ code:CE? addr:AD* telecom:TEL* assignedPerson:Person? representedOrganization:Organization? sdtc:patient:any?
	| classCode=ASSIGNED
AssociatedEntity | @ROOT id:II* code:CE? addr:AD* telecom:TEL* associatedPerson:Person? scopingOrganization:Organization? |
	classCode!:RoleClassAssociative
Authenticator | @ROOT time:TS signatureCode:CS assignedEntity:AssignedEntity sdtc:signatureText:ED? | typeCode=AUTHEN
Author | @ROOT functionCode:CE? time:TS assignedAuthor:AssignedAuthor | typeCode=AUT contextControlCode=OP
AuthoringDevice | @ROOT code:CE? manufacturerModelName:SC? softwareName:SC? asMaintainedEntity:MaintainedEntity* | classCode=DEV
	determinerCode=INSTANCE
Authorization | @ROOT consent:Consent | typeCode=AUTH
Birthplace | @ROOT place:Place | classCode=BIRTHPL
ClinicalDocument | realmCode:CS* typeId:InfrastructureRoot.typeId templateId:II* id:II code:CE title:ST? effectiveTime:TS
	confidentialityCode:CE languageCode:CS? setId:II? versionNumber:INT? copyTime:TS? recordTarget:RecordTarget+ author:Author+
	dataEnterer:DataEnterer? informant:Informant12* custodian:Custodian informationRecipient:InformationRecipient*
	legalAuthenticator:LegalAuthenticator? authenticator:Authenticator* participant:Participant1* inFulfillmentOf:InFulfillmentOf*
	documentationOf:DocumentationOf* relatedDocument:RelatedDocument* authorization:Authorization* componentOf:Component1? component:Component2
	sdtc:statusCode:CS? | classCode=DOCCLIN moodCode=EVN
Component1 | @ROOT encompassingEncounter:EncompassingEncounter | typeCode=COMP
Component2 | @ROOT (nonXMLBody:NonXMLBody|structuredBody:StructuredBody) | typeCode=COMP contextConductionInd=true
Component3 | @ROOT section:Section | typeCode=COMP contextConductionInd=true
Component4 | @ROOT sequenceNumber:INT? seperatableInd:BL? sdtc:priorityNumber:INT? @ENTRY | typeCode=COMP contextConductionInd=true
Component5 | @ROOT section:Section | typeCode=COMP contextConductionInd=true
Consent | @ROOT id:II* code:CE? statusCode:CS | classCode=CONS moodCode=EVN
Consumable | @ROOT manufacturedProduct:ManufacturedProduct | typeCode=CSM
Criterion | @ROOT code:CD? text:ED? value:ANY? | classCode:ActClassObservation moodCode=EVN.CRT
Custodian | @ROOT assignedCustodian:AssignedCustodian | typeCode=CST
CustodianOrganization | @ROOT id:II+ name:ON? telecom:TEL? addr:AD? | classCode=ORG determinerCode=INSTANCE
DataEnterer | @ROOT time:TS? assignedEntity:AssignedEntity | typeCode=ENT contextControlCode=OP
Device | @ROOT code:CE? manufacturerModelName:SC? softwareName:SC? | classCode:EntityClassDevice determinerCode=INSTANCE
DocumentationOf | @ROOT serviceEvent:ServiceEvent | typeCode=DOC
EncompassingEncounter | @ROOT id:II* code:CE? effectiveTime:IVL_TS dischargeDispositionCode:CE? responsibleParty:ResponsibleParty?
	encounterParticipant:EncounterParticipant* location:Location? | classCode=ENC moodCode=EVN
Encounter | @ROOT id:II* code:CD? text:ED? statusCode:CS? effectiveTime:IVL_TS? sdtc:dischargeDispositionCode:CE? priorityCode:CE? @WHO
	@LINKS sdtc:inFulfillmentOf1:any* | classCode!:ActClass moodCode!:x_DocumentEncounterMood
EncounterParticipant | @ROOT time:IVL_TS? assignedEntity:AssignedEntity | typeCode!:x_EncounterParticipant
Entity | @ROOT id:II* code:CE? desc:ED? | classCode:EntityClassRoot determinerCode=INSTANCE
Entry | @ROOT @ENTRY | typeCode:x_ActRelationshipEntry contextConductionInd=true
EntryRelationship | @ROOT sequenceNumber:INT? seperatableInd:BL? @ENTRY | typeCode!:x_ActRelationshipEntryRelationship inversionInd:bl
	contextConductionInd:bl negationInd:bl
ExternalAct | @ROOT id:II* code:CD? text:ED? | classCode:ActClassRoot moodCode=EVN
ExternalDocument | @ROOT id:II* code:CD? text:ED? setId:II? versionNumber:INT? | classCode:ActClassDocument moodCode=EVN
ExternalObservation | @ROOT id:II* code:CD? text:ED? | classCode:ActClassObservation moodCode=EVN
ExternalProcedure | @ROOT id:II* code:CD? text:ED? | classCode=PROC moodCode=EVN
Guardian | @ROOT id:II* code:CE? addr:AD* telecom:TEL* (guardianPerson:Person|guardianOrganization:Organization) | classCode=GUARD
HealthCareFacility | @ROOT id:II* code:CE? location:Place? serviceProviderOrganization:Organization? |
	classCode:RoleClassServiceDeliveryLocation
InFulfillmentOf | @ROOT order:Order | typeCode=FLFS
Informant12 | @ROOT (assignedEntity:AssignedEntity|relatedEntity:RelatedEntity) | typeCode=INF contextControlCode=OP
InformationRecipient | @ROOT intendedRecipient:IntendedRecipient | typeCode:x_InformationRecipient
InfrastructureRoot.typeId <<II | | root!=2.16.840.1.113883.1.3 extension!:st
IntendedRecipient | @ROOT id:II* addr:AD* telecom:TEL* informationRecipient:Person? receivedOrganization:Organization? |
	classCode:x_InformationRecipientRole
LabeledDrug | @ROOT code:CE? name:EN? | classCode=MMAT determinerCode=KIND
LanguageCommunication | @ROOT languageCode:CS? modeCode:CE? proficiencyLevelCode:CE? preferenceInd:BL?
LegalAuthenticator | @ROOT time:TS signatureCode:CS sdtc:signatureText:ED? assignedEntity:AssignedEntity | typeCode=LA contextControlCode=OP
Location | @ROOT healthCareFacility:HealthCareFacility | typeCode=LOC
MaintainedEntity | @ROOT effectiveTime:IVL_TS? maintainingPerson:Person | classCode=MNT
ManufacturedProduct | @ROOT id:II* (manufacturedLabeledDrug:LabeledDrug|manufacturedMaterial:Material)
	manufacturerOrganization:Organization? pharm:subjectOf1:any* pharm:subjectOf2:any* pharm:subjectOf3:any* pharm:subjectOf4:any*
	pharm:subjectOf5:any? | classCode=MANU
Material | @ROOT code:CE? name:EN? pharm:desc:any? pharm:riskCode:any? pharm:handlingCode:any? pharm:formCode:any? lotNumberText:ST?
	pharm:expirationTime:any? pharm:stabilityTime:any? pharm:asDistributedProduct:any* pharm:asMedicineManufacturer:any* pharm:asContent:any?
	pharm:asSpecializedKind:any* pharm:part:any* pharm:ingredient:any* | classCode=MMAT determinerCode=KIND
NonXMLBody | @ROOT text:ED confidentialityCode:CE? languageCode:CS? | classCode=DOCBODY moodCode=EVN
Observation | @ROOT id:II* code:CD derivationExpr:ST? text:ED? statusCode:CS? effectiveTime:IVL_TS? priorityCode:CE? repeatNumber:IVL_INT?
	languageCode:CS? value:ANY* interpretationCode:CE* methodCode:CE* targetSiteCode:CD* @WHO @LINKS referenceRange:ReferenceRange*
	sdtc:inFulfillmentOf1:any* | classCode!:ActClassObservation moodCode!:x_ActMoodDocumentObservation negationInd:bl
ObservationMedia | @ROOT id:II* languageCode:CS? value:ED @WHO @LINKS | ID:ID classCode!:ActClassObservation moodCode!:ActMood
ObservationRange | @ROOT code:CD? text:ED? value:ANY? interpretationCode:CE? sdtc:precondition1:any* lab:precondition:any* |
	classCode:ActClassObservation moodCode=EVN.CRT
Order | @ROOT id:II+ code:CE? priorityCode:CE? ps3-20:accessionNumber:II* | classCode:ActClassRoot moodCode=RQO
Organization | @ROOT id:II* name:ON* telecom:TEL* addr:AD* standardIndustryClassCode:CE? asOrganizationPartOf:OrganizationPartOf? |
	classCode=ORG determinerCode=INSTANCE
OrganizationPartOf | @ROOT id:II* code:CE? statusCode:CS? effectiveTime:IVL_TS? wholeOrganization:Organization? | classCode=PART
Organizer | @ROOT id:II* code:CD? sdtc:text:ED? statusCode:CS effectiveTime:IVL_TS? @WHO reference:Reference* precondition:Precondition*
	component:Component4* | classCode!:x_ActClassDocumentEntryOrganizer moodCode!:ActMood
ParentDocument | @ROOT id:II+ code:CD? text:ED? setId:II? versionNumber:INT? | classCode=DOCCLIN moodCode=EVN
Participant1 | @ROOT functionCode:CE? time:IVL_TS? associatedEntity:AssociatedEntity | typeCode!:ParticipationType contextControlCode=OP
Participant2 | @ROOT time:IVL_TS? awarenessCode:CE? participantRole:ParticipantRole | typeCode!:ParticipationType contextControlCode=OP
ParticipantRole | @ROOT functionCode:any? id:II* code:CE? addr:AD* telecom:TEL* (playingDevice:Device?|playingEntity:PlayingEntity?)
	scopingEntity:Entity? | classCode:RoleClassRoot
Patient | @ROOT id:II? name:PN* sdtc:desc:ED? administrativeGenderCode:CE? birthTime:TS? sdtc:deceasedInd:BL? sdtc:deceasedTime:TS?
	sdtc:multipleBirthInd:BL? sdtc:multipleBirthOrderNumber:any? maritalStatusCode:CE? religiousAffiliationCode:CE? raceCode:CE?
	sdtc:raceCode:CE* ethnicGroupCode:CE? sdtc:ethnicGroupCode:CE* guardian:Guardian* birthplace:Birthplace?
	languageCommunication:LanguageCommunication* | classCode=PSN determinerCode=INSTANCE
PatientRole | @ROOT id:II+ addr:AD* telecom:TEL* patient:Patient? providerOrganization:Organization? | classCode=PAT
Performer1 | @ROOT functionCode:CE? time:IVL_TS? assignedEntity:AssignedEntity | typeCode!:x_ServiceEventPerformer
Performer2 | @ROOT sdtc:functionCode:CE? time:IVL_TS? modeCode:CE? assignedEntity:AssignedEntity | typeCode=PRF
Person | @ROOT name:PN* sdtc:desc:ED? sdtc:asPatientRelationship:any? | classCode=PSN determinerCode=INSTANCE
Place | @ROOT name:EN? addr:AD? | classCode=PLC determinerCode=INSTANCE
PlayingEntity | @ROOT code:CE? quantity:PQ* name:PN* sdtc:birthTime:TS? desc:ED? | classCode:EntityClassRoot determinerCode=INSTANCE
Precondition | @ROOT criterion:Criterion | typeCode=PRCN
Procedure | @ROOT id:II* code:CD? text:ED? statusCode:CS? effectiveTime:IVL_TS? priorityCode:CE? languageCode:CS? methodCode:CE*
	approachSiteCode:CD* targetSiteCode:CD* @WHO @LINKS sdtc:inFulfillmentOf1:any* | classCode!:ActClass moodCode!:x_DocumentProcedureMood
	negationInd:bl
Product | @ROOT manufacturedProduct:ManufacturedProduct | typeCode=PRD
RecordTarget | @ROOT patientRole:PatientRole | typeCode=RCT contextControlCode=OP
Reference | @ROOT seperatableInd:BL? (externalAct:ExternalAct|externalObservation:ExternalObservation|externalProcedure:ExternalProcedure|
	externalDocument:ExternalDocument) | typeCode!:x_ActRelationshipExternalReference
ReferenceRange | @ROOT observationRange:ObservationRange | typeCode=REFV
RegionOfInterest | @ROOT id:II+ code:CS value:RegionOfInterest.value+ @WHO @LINKS | ID:ID classCode!=ROIOVL moodCode!=EVN
RegionOfInterest.value <INT | | unsorted:boolean
RelatedDocument | @ROOT parentDocument:ParentDocument | typeCode!:x_ActRelationshipDocument
RelatedEntity | @ROOT code:CE? addr:AD* telecom:TEL* effectiveTime:IVL_TS? relatedPerson:Person? | classCode!:RoleClassMutualRelationship
RelatedSubject | @ROOT sdtc:id:II* code:CE? addr:AD* telecom:TEL* subject:SubjectPerson? | classCode:x_DocumentSubject
ResponsibleParty | @ROOT assignedEntity:AssignedEntity | typeCode=RESP
Section | @ROOT id:II? code:CE? title:ST? text:StrucDoc.Text? confidentialityCode:CE? languageCode:CS? subject:Subject? author:Author*
	informant:Informant12* entry:Entry* component:Component5* | ID:ID classCode=DOCSECT moodCode=EVN
ServiceEvent | @ROOT id:II* code:CE? lab:statusCode:any? effectiveTime:IVL_TS? performer:Performer1* | classCode:ActClassRoot moodCode=EVN
Specimen | @ROOT specimenRole:SpecimenRole | typeCode=SPC
SpecimenRole | @ROOT id:II* specimenPlayingEntity:PlayingEntity? | classCode=SPEC
StructuredBody | @ROOT confidentialityCode:CE? languageCode:CS? component:Component3+ | classCode=DOCBODY moodCode=EVN
Subject | @ROOT awarenessCode:CE? relatedSubject:RelatedSubject | typeCode=SBJ contextControlCode=OP
SubjectPerson | @ROOT sdtc:id:II* name:PN* sdtc:desc:ED? administrativeGenderCode:CE? birthTime:TS? sdtc:deceasedInd:BL?
	sdtc:deceasedTime:TS? sdtc:multipleBirthInd:BL? sdtc:multipleBirthOrderNumber:any? sdtc:raceCode:CE* sdtc:ethnicGroupCode:CE* |
	classCode=PSN determinerCode=INSTANCE
SubstanceAdministration | @ROOT id:II* code:CD? text:ED? statusCode:CS? effectiveTime:SXCM_TS* priorityCode:CE? repeatNumber:IVL_INT?
	routeCode:CE? approachSiteCode:CD* doseQuantity:IVL_PQ? rateQuantity:IVL_PQ? maxDoseQuantity:RTO_PQ_PQ? administrationUnitCode:CE?
	subject:Subject? specimen:Specimen* consumable:Consumable performer:Performer2* author:Author* informant:Informant12*
	participant:Participant2* @LINKS sdtc:inFulfillmentOf1:any* | classCode!=SBADM moodCode!:x_DocumentSubstanceMood negationInd:bl
Supply | @ROOT id:II* code:CD? text:ED? statusCode:CS? effectiveTime:SXCM_TS* priorityCode:CE* repeatNumber:IVL_INT? independentInd:BL?
	quantity:PQ? expectedUseTime:IVL_TS? subject:Subject? specimen:Specimen* product:Product? performer:Performer2* author:Author*
	informant:Informant12* participant:Participant2* @LINKS sdtc:inFulfillmentOf1:any* | classCode!=SPLY moodCode!:x_DocumentSubstanceMood
`
