package drim

import (
	"errors"
	"regexp"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/hl7"
)

// Application errors of HL7 table 0533 with its French extension, for
// [segur.Detail] of an error that [Ack] is given.
const (
	// AckWrongVersion: the version to replace or to withdraw is not the one known.
	AckWrongVersion = "900"
	// AckNotAuthor: who asks is not the author.
	AckNotAuthor = "901"
	// AckUnknownPatient: the local number of the patient is unknown.
	AckUnknownPatient = "902"
	// AckNoINS: the report has no INS.
	AckNoINS = "903"
	// AckOtherINS: the INS is not the one that is known for the patient.
	AckOtherINS = "904"
	// AckIncompleteINS: the traits of the INS are not all there.
	AckIncompleteINS = "905"
	// AckOther is any other error.
	AckOther = "906"
)

// ackConditions are the labels of table 0357, ackErrors those of table 0533
// (CI-SIS, "Transmission d'un document CDA en HL7 V2", acknowledgements).
var (
	ackConditions = map[string]string{
		hl7SegmentSequence: "Segment sequence error", hl7RequiredField: "Required field missing", hl7DataType: "Data type error",
		hl7TableValue: "Table value not found", hl7Cardinality: "Non-conformant cardinality", hl7OtherError: "Other HL7 Error",
		hl7UnsupportedType: "Unsupported message type", hl7UnsupportedEvent: "Unsupported event code",
		"202": "Unsupported processing", hl7UnsupportedVersion: "Unsupported version", hl7Application: "Application error",
	}
	ackErrors = map[string]string{
		AckWrongVersion: "Version du document incorrecte", AckNotAuthor: "Auteur non autorisé", AckUnknownPatient: "Identifiant patient inconnu",
		AckNoINS: "INS non présent dans le document", AckOtherINS: "INS différent de celui connu", AckIncompleteINS: "INS incomplet", AckOther: "Autre erreur",
	}
)

// AckOptions are what an acknowledgement needs beside the message.
type AckOptions struct {
	// Err is what was wrong: nil gives AA (application accept), anything else AE
	// (application error). Every detail of a [segur.Error] becomes an ERR
	// segment: its Code is a condition of table 0357 or one of [AckOther] and its
	// like, its Field the HL7 path. Messages of the SDK hold no patient data; those
	// of other errors are not repeated.
	Err error
	// Time is MSH-7. Required.
	Time time.Time
	// ControlID is MSH-10, of your choice. Required.
	ControlID string
}

// Ack writes the acknowledgement of a message, which may be one that
// [ParseMessage] refused: sender and receiver change places, MSA-2 repeats its
// control identifier. The error says that the message has no readable header:
// nothing can be answered. DRIM-M asks for this technical acknowledgement only,
// once the message is in safe hands.
func Ack(message []byte, o AckOptions) ([]byte, error) {
	msh, err := hl7.ReadHeader(message)
	if err != nil {
		return nil, &segur.Error{Op: "drim.Ack", Kind: segur.KindInvalidInput, Code: CodeMessage, Help: helpOf(CodeMessage), Err: err}
	}
	var p segur.Problems
	p.Require("controlID", o.ControlID)
	if o.Time.IsZero() {
		p.Add("time", "is required")
	}
	if err := p.Err("drim.Ack"); err != nil {
		return nil, err
	}
	code := "AA"
	if o.Err != nil {
		code = "AE"
	}
	processing, version := msh.Field(11), msh.Field(12)
	if processing == "" {
		processing = "P"
	}
	if version == "" {
		version = "2.5"
	}
	kind := "ACK"
	if event := msh.Value(9, 2); event != "" {
		kind = "ACK^" + hl7.Escape(event) + "^ACK"
	}
	var b strings.Builder
	// MSH-1 is the separator itself: field n of the norm is n-1 here.
	b.WriteString(hl7.FormatSegment("MSH", map[int]string{1: `^~\&`, 2: msh.Field(5), 3: msh.Field(6), 4: msh.Field(3), 5: msh.Field(4),
		6: o.Time.Format("20060102150405-0700"), 8: kind, 9: hl7.Escape(o.ControlID), 10: processing, 11: version, 16: "FRA", 17: "UNICODE UTF-8"}))
	b.WriteString("\r" + hl7.FormatSegment("MSA", map[int]string{1: code, 2: hl7.Escape(msh.Value(10, 1))}) + "\r")
	for _, d := range ackDetails(o.Err) {
		b.WriteString(ackSegment(d) + "\r")
	}
	return []byte(b.String()), nil
}

// ackDetails are the ERR segments of an error.
func ackDetails(err error) []segur.Detail {
	if err == nil {
		return nil
	}
	var e *segur.Error
	if !errors.As(err, &e) {
		return []segur.Detail{{Code: AckOther}}
	}
	if len(e.Details) == 0 {
		return []segur.Detail{{Code: AckOther, Message: e.Message}}
	}
	return e.Details[:min(len(e.Details), maxAckErrors)]
}

const maxAckErrors = 50

// ackSegment writes ERR: location, condition, severity, application error, user
// message.
func ackSegment(d segur.Detail) string {
	condition, application := d.Code, ""
	if ackConditions[condition] == "" {
		condition, application = hl7Application, d.Code
		if ackErrors[application] == "" {
			application = AckOther
		}
	}
	if condition == hl7Application && application == "" {
		application = AckOther
	}
	fields := map[int]string{2: ackLocation(d.Field), 3: condition + "^" + ackConditions[condition] + "^messageErrorCondition", 4: "E",
		8: hl7.Escape(strings.TrimSpace(d.Field + " " + d.Message))}
	if d.Severity == "warning" {
		fields[4] = "W"
	}
	if application != "" {
		fields[5] = application + "^" + ackErrors[application] + "^applicationErrorCode"
	}
	return hl7.FormatSegment("ERR", fields)
}

var hl7Path = regexp.MustCompile(`^([A-Z][A-Z0-9]{2})(?:\[(\d+)\])?(?:-(\d+))?(?:\[(\d+)\])?$`)

// ackLocation writes an HL7 path as ERL: "PID-3[2]" is PID^1^3^2.
func ackLocation(path string) string {
	m := hl7Path.FindStringSubmatch(path)
	if m == nil {
		return ""
	}
	sequence := m[2]
	if sequence == "" {
		sequence = "1"
	}
	return strings.TrimRight(strings.Join([]string{m[1], sequence, m[3], m[4]}, "^"), "^")
}
