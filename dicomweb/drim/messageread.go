package drim

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/hl7"
)

// MessageReader reads the HL7 v2 messages of the guide "Transmission d'un
// document CDA en HL7 V2" (CI-SIS) and the notice of changed images. The zero
// reader is ready to use.
type MessageReader struct {
	// ReportCodes are the codes of OBX-3 that make an observation the report.
	// Default: 18748-4 (LOINC), imaging report.
	ReportCodes []string
	// MaxMessageBytes and MaxReportBytes bound a message and the report in it.
	// Defaults: 128 MiB and 64 MiB.
	MaxMessageBytes, MaxReportBytes int
	// Location is where times without an offset are. Default: Europe/Paris.
	Location *time.Location
}

// The defaults of [MessageReader].
const (
	DefaultMaxMessageBytes = 128 << 20
	DefaultMaxReportBytes  = 64 << 20
	// CodeImagingReport is the code of an imaging report (LOINC).
	CodeImagingReport = "18748-4"
)

// ParseMessage reads a message with the default [MessageReader].
func ParseMessage(message []byte) (Message, error) { return MessageReader{}.Parse(message) }

// Parse reads one message, without its MLLP block characters or with them. What
// official messages do beside the norm is read, and reported in the Warnings of
// the result. Identity, flags and status must be beyond doubt: a message that
// contradicts itself there is refused.
//
// The error of a message that cannot be acted on is [segur.ErrInvalidInput] with
// [CodeMessage], each detail with the HL7 path and the condition of table 0357
// that [Ack] writes; [segur.ErrRefused] with [CodeMessageUnsupported] for a type
// that is none of those above; [segur.ErrTooLarge]. It holds no patient data.
func (o MessageReader) Parse(message []byte) (Message, error) {
	o = o.withDefaults()
	if len(message) > o.MaxMessageBytes {
		return nil, messageTooLarge("the message is larger than MaxMessageBytes")
	}
	m, err := hl7.ReadMessage(message)
	if err != nil {
		return nil, &segur.Error{Op: opParse, Kind: segur.KindInvalidInput, Code: CodeMessage, Help: helpOf(CodeMessage), Err: err,
			Details: []segur.Detail{{Field: "MSH", Code: hl7OtherError, Message: "the message cannot be read"}}}
	}
	r := messageReading{MessageReader: o, message: m, raw: message}
	header := r.header()
	kind, event, _ := strings.Cut(header.Type, "^")
	event, _, _ = strings.Cut(event, "^")
	switch strings.TrimSpace(kind) {
	case "ORU":
		return r.one(event, []string{"R01"}, func() Message { return r.report(header) })
	case "MDM":
		return r.one(event, []string{"T02", "T04", "T10"}, func() Message { return r.report(header) })
	case "OMI":
		return r.one(event, []string{"O23"}, func() Message { return r.change(header) })
	}
	return nil, unsupported(hl7UnsupportedType, "is no type that a DRIMbox acts on: ORU^R01, MDM^T02, MDM^T04, MDM^T10 and OMI^O23 are")
}

func (o MessageReader) withDefaults() MessageReader {
	if len(o.ReportCodes) == 0 {
		o.ReportCodes = []string{CodeImagingReport}
	}
	if o.MaxMessageBytes <= 0 {
		o.MaxMessageBytes = DefaultMaxMessageBytes
	}
	if o.MaxReportBytes <= 0 {
		o.MaxReportBytes = DefaultMaxReportBytes
	}
	return o
}

// messageReading is one message being read.
type messageReading struct {
	MessageReader
	message  *hl7.Message
	raw      []byte
	problems []segur.Detail
	warnings []segur.Detail
	tooLarge bool
}

// one reads a message whose event is one of those known.
func (r *messageReading) one(event string, events []string, read func() Message) (Message, error) {
	if !slices.Contains(events, event) {
		return nil, unsupported(hl7UnsupportedEvent, "is no event that a DRIMbox acts on: "+strings.Join(events, ", "))
	}
	m := read()
	switch {
	case r.tooLarge:
		return nil, messageTooLarge("the report is larger than MaxReportBytes")
	case len(r.problems) > 0:
		return nil, &segur.Error{Op: opParse, Kind: segur.KindInvalidInput, Code: CodeMessage, Details: r.problems, Help: helpOf(CodeMessage)}
	}
	return m, nil
}

func (r *messageReading) problem(path, condition, format string, args ...any) {
	r.problems = append(r.problems, segur.Detail{Field: path, Code: condition, Message: fmt.Sprintf(format, args...)})
}

func (r *messageReading) warn(path, format string, args ...any) {
	if len(r.warnings) < maxWarnings {
		r.warnings = append(r.warnings, segur.Detail{Field: path, Severity: "warning", Message: fmt.Sprintf(format, args...)})
	}
}

// maxWarnings bounds what a hostile message makes the reader keep.
const maxWarnings = 200

func (r *messageReading) header() MessageHeader {
	s := r.message.Segments[0]
	h := MessageHeader{Type: s.Field(9), Event: s.Value(9, 2), ControlID: s.Value(10, 1), Processing: s.Value(11, 1),
		Version: s.Value(12, 1), Profile: s.Field(21),
		SendingApplication: s.Value(3, 1), SendingFacility: s.Value(4, 1),
		ReceivingApplication: s.Value(5, 1), ReceivingFacility: s.Value(6, 1)}
	if r.message.Note != "" {
		r.warn("MSH-18", "%s", r.message.Note)
	}
	if sent := s.Value(7, 1); sent != "" {
		t, err := hl7.ParseTS(sent, r.Location)
		if err != nil {
			r.warn("MSH-7", "is no date")
		}
		h.Sent = t
	}
	if h.ControlID == "" {
		r.problem("MSH-10", hl7RequiredField, "is required: the acknowledgement repeats it")
	}
	for _, n := range []int{3, 4, 5, 6, 10} {
		if strings.Contains(s.Field(n), "{{") {
			r.warn(fmt.Sprintf("MSH-%d", n), "is a place holder that was not filled in")
		}
	}
	switch {
	case h.Version == "":
		r.warn("MSH-12", "is empty")
	case !strings.HasPrefix(h.Version, "2."):
		r.problem("MSH-12", hl7UnsupportedVersion, "is no version 2 of HL7")
	}
	return h
}

// only returns the one segment of a name; a message that has none or several is
// refused.
func (r *messageReading) only(name string) hl7.Segment {
	var found hl7.Segment
	n := 0
	for _, s := range r.message.Segments {
		if s.Name == name {
			if n == 0 {
				found = s
			}
			n++
		}
	}
	switch {
	case n == 0:
		r.problem(name, hl7SegmentSequence, "is required")
	case n > 1:
		r.problem(name, hl7Cardinality, "comes several times: one message is about one patient and one document")
	}
	return found
}

// codeOf reads a coded element. Labels are never compared.
func codeOf(s hl7.Segment, field int) segur.Code {
	c := segur.Code{Code: s.Value(field, 1), Display: s.Value(field, 2), SystemName: s.Value(field, 3)}
	if c.SystemName == "LN" {
		c.System = oidLOINC
	}
	return c
}

const oidLOINC segur.OID = "2.16.840.1.113883.6.1"

// entity reads an EI: identifier, namespace, OID.
func entity(s hl7.Segment, field int) segur.Identifier {
	id := segur.Identifier{Extension: s.Value(field, 1), Assigner: s.Value(field, 2)}
	if root := segur.OID(s.Value(field, 3)); root.Valid() {
		id.Root = root
	}
	return id
}

// orders reads the numbers of the order, of OBR or else of ORC.
func (r *messageReading) orders() (placer, filler segur.Identifier) {
	obr, _ := r.message.First("OBR")
	orc, _ := r.message.First("ORC")
	if placer = entity(obr, 2); placer.Extension == "" {
		placer = entity(orc, 2)
	}
	if filler = entity(obr, 3); filler.Extension == "" {
		filler = entity(orc, 3)
	}
	return placer, filler
}
