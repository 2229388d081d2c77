package dicomweb

// Tags of unified procedure steps (PS3.3 C.30, PS3.4 CC). Those of the group
// 0000 are of the command set (PS3.7 E), which events in DICOM JSON hold too.
const (
	TagAffectedSOPClassUID       Tag = 0x00000002
	TagMessageID                 Tag = 0x00000110
	TagAffectedSOPInstanceUID    Tag = 0x00001000
	TagEventTypeID               Tag = 0x00001002
	TagTransactionUID            Tag = 0x00081195
	TagScheduledWorkitemCode     Tag = 0x00404018
	TagScheduledStart            Tag = 0x00404005
	TagExpectedCompletion        Tag = 0x00404011
	TagScheduledStationName      Tag = 0x00404025
	TagScheduledHumanPerformers  Tag = 0x00404034
	TagHumanPerformerCode        Tag = 0x00404009
	TagInputInformation          Tag = 0x00404021
	TagInputReadinessState       Tag = 0x00404041
	TagProcedureStepState        Tag = 0x00741000
	TagProgressInformation       Tag = 0x00741002
	TagProcedureStepProgress     Tag = 0x00741004
	TagProgressDescription       Tag = 0x00741006
	TagCommunicationsURI         Tag = 0x00741008
	TagContactURI                Tag = 0x0074100A
	TagContactDisplayName        Tag = 0x0074100C
	TagDiscontinuationReasonCode Tag = 0x0074100E
	TagStepPriority              Tag = 0x00741200
	TagWorklistLabel             Tag = 0x00741202
	TagProcedureStepLabel        Tag = 0x00741204
	TagScheduledParameters       Tag = 0x00741210
	TagPerformedProcedure        Tag = 0x00741216
	TagRequestingAE              Tag = 0x00741236
	TagReasonForCancellation     Tag = 0x00741238
	TagSCPStatus                 Tag = 0x00741242
	TagSubscriptionListStatus    Tag = 0x00741244
	TagWorkitemListStatus        Tag = 0x00741246
	TagReferencedRequest         Tag = 0x0040A370
	TagAdmissionID               Tag = 0x00380010
	TagIssuerOfAdmission         Tag = 0x00380014
	TagAdmittingDiagnosesDesc    Tag = 0x00081080
	TagAdmittingDiagnosesCode    Tag = 0x00081084
	TagCodeValue                 Tag = 0x00080100
	TagCodingScheme              Tag = 0x00080102
	TagCodeMeaning               Tag = 0x00080104
)
