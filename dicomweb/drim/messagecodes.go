package drim

import "github.com/segur-sdk/segur"

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

func unsupported(condition, message string) error {
	return &segur.Error{Op: opParse, Kind: segur.KindRefused, Code: CodeMessageUnsupported, Help: helpOf(CodeMessageUnsupported),
		Details: []segur.Detail{{Field: "MSH-9", Code: condition, Message: message}}}
}

func messageTooLarge(message string) error {
	return &segur.Error{Op: opParse, Kind: segur.KindTooLarge, Code: CodeMessage, Message: message, Help: helpOf(CodeMessage)}
}
