package drim

import "github.com/segur-sdk/segur"

// The codes of the errors of messages.
const (
	// CodeMessage: the message breaks a rule of its guide, or contradicts itself.
	CodeMessage = "message"
	// CodeMessageUnsupported: the message is of a type that a DRIMbox does not act on.
	CodeMessageUnsupported = "message-unsupported"
	// CodeNotPublishable: the message does not allow that its exam be published.
	CodeNotPublishable = "not-publishable"
)

const opParse = "drim.ParseMessage"

// Conditions of HL7 table 0357 (messageErrorCondition).
const (
	hl7SegmentSequence    = "100"
	hl7RequiredField      = "101"
	hl7DataType           = "102"
	hl7TableValue         = "103"
	hl7Cardinality        = "198"
	hl7OtherError         = "199"
	hl7UnsupportedType    = "200"
	hl7UnsupportedEvent   = "201"
	hl7UnsupportedVersion = "203"
	hl7Application        = "207"
)

var (
	helpMessage = segur.Text{
		FR: "Le message HL7 ne peut pas être traité : chaque point cité doit être corrigé par l'émetteur, qui le renvoie ensuite.",
		EN: "The HL7 message cannot be acted on: the sender must correct every point listed and send it again."}
	helpUnsupported = segur.Text{
		FR: "Ce type de message ne concerne pas la DRIMbox : seuls ORU^R01, MDM^T02, MDM^T04, MDM^T10 et OMI^O23 sont traités.",
		EN: "This type of message is not for a DRIMbox: only ORU^R01, MDM^T02, MDM^T04, MDM^T10 and OMI^O23 are handled."}
	helpNotPublishable = segur.Text{
		FR: "Le message ne permet pas de publier les images de l'examen ; chaque condition non remplie est citée.",
		EN: "The message does not allow the images of the exam to be published; every condition that is not met is listed."}
)

func unsupported(condition, message string) error {
	return &segur.Error{Op: opParse, Kind: segur.KindRefused, Code: CodeMessageUnsupported, Help: helpUnsupported,
		Details: []segur.Detail{{Field: "MSH-9", Code: condition, Message: message}}}
}

func messageTooLarge(message string) error {
	return &segur.Error{Op: opParse, Kind: segur.KindTooLarge, Code: CodeMessage, Message: message}
}
