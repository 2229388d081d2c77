package dmp

import (
	"cmp"
	"slices"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/xmlr"
	"github.com/segur-sdk/segur/internal/xmlw"
)

// Names of the HL7 v3 messages of the record (IHE PIX/PDQ v3 wrappers with the
// French profile).
const (
	nsHL7 = "urn:hl7-org:v3"
	nsXSI = "http://www.w3.org/2001/XMLSchema-instance"

	interactionIdentity = "PRPA_IN201307UV02" // TD0.2, TD1.3a
	interactionFound    = "PRPA_IN201308UV02"
	interactionSearch   = "PRPA_IN201305UV02" // TD0.5
	interactionMatches  = "PRPA_IN201306UV02"

	systemInteraction segur.OID = "2.16.840.1.113883.1.6"
	systemAct         segur.OID = "1.2.250.1.213.1.1.4.11"
	systemClosing     segur.OID = "1.2.250.1.213.4.1.2.4"
	deviceRecord      segur.OID = "1.2.250.1.213.4.1.1.1"
)

// hl7Request is one request before it has its identifiers.
type hl7Request struct {
	interaction string
	attention   bool               // the empty attentionLine that the identity query has
	act         func(*xmlw.Writer) // what controlActProcess begins with
	parameters  func(*xmlw.Writer) // content of parameterList
	ids         [2]string          // message, query: filled by encode
}

// encode writes the message. Its identifiers are new.
func (r *hl7Request) encode(cfg *Config) ([]byte, error) {
	for i := range r.ids {
		id, err := cfg.IDs.UUID()
		if err != nil {
			return nil, err
		}
		r.ids[i] = id
	}
	w := xmlw.New(nil)
	w.Start(r.interaction)
	w.NS("", nsHL7)
	w.NS("xsi", nsXSI)
	w.Attr("ITSVersion", "XML_1.0")
	w.Elem("id", "", "root", string(cfg.SourceID), "extension", r.ids[0])
	w.Elem("creationTime", "", "value", cfg.now().Format("20060102150405"))
	w.Elem("interactionId", "", "root", string(systemInteraction), "extension", r.interaction)
	w.Elem("processingCode", "", "code", cfg.Settings.ProcessingCode)
	w.Elem("processingModeCode", "", "code", "T")
	w.Elem("acceptAckCode", "", "code", "AL")
	device(w, "receiver", "RCV", deviceRecord, "DMP")
	device(w, "sender", "SND", cfg.SourceID, cfg.Software.Name)
	if r.attention {
		w.Elem("attentionLine", "", "xsi:nil", "true")
	}
	w.Start("controlActProcess")
	w.Attr("classCode", "CACT")
	w.Attr("moodCode", "EVN")
	r.act(w)
	w.Start("queryByParameter")
	w.Elem("queryId", "", "root", string(cfg.SourceID), "extension", r.ids[1])
	w.Elem("statusCode", "", "code", "new")
	w.Start("parameterList")
	r.parameters(w)
	w.End()
	w.End()
	w.End()
	w.End()
	return w.Bytes()
}

func device(w *xmlw.Writer, name, typeCode string, root segur.OID, software string) {
	w.Start(name)
	w.Attr("typeCode", typeCode)
	w.Start("device")
	w.Attr("classCode", "DEV")
	w.Attr("determinerCode", "INSTANCE")
	w.Elem("id", "", "root", string(root))
	w.Elem("softwareName", software)
	w.End()
	w.End()
}

// protocol is an answer that is not what the specification says.
func protocol(message string) error { return &segur.Error{Kind: segur.KindProtocol, Message: message} }

// hl7Answer is an answer that the record processed.
type hl7Answer struct {
	act *xmlr.Node
	// lines are the values of the attention lines by key word.
	lines map[string]*xmlr.Node
	// found tells OK from NF; named, that the answer repeats an identifier of
	// the request.
	found, named bool
}

// readHL7 reads the wrapper of an answer to r: that it is one, that it was
// processed, and whether something was found. A refusal is an error with the
// record's code and words.
func (r *hl7Request) readHL7(payload *xmlr.Node, interaction string) (*hl7Answer, error) {
	if !payload.Is(nsHL7, interaction) {
		return nil, protocol("the answer is not the HL7 v3 message " + interaction)
	}
	a := &hl7Answer{act: payload.Child(nsHL7, "controlActProcess")}
	acks := payload.All(nsHL7, "acknowledgement")
	if len(acks) != 1 {
		return nil, protocol("the answer does not hold one acknowledgement")
	}
	ack, query := acks[0], a.act.Child(nsHL7, "queryAck")
	message, queryID := ack.Find(nsHL7, "targetMessage/id").Attr("extension"), query.Child(nsHL7, "queryId").Attr("extension")
	switch {
	case message != "" && message != r.ids[0]:
		return nil, protocol("the answer is to another message")
	case queryID != "" && queryID != r.ids[1]:
		return nil, protocol("the answer is to another query")
	}
	a.named = message+queryID != ""
	response := query.Child(nsHL7, "queryResponseCode").Attr("code")
	// The norm has an attribute; TD0.5 answers with an element.
	types := slices.DeleteFunc([]string{ack.Attr("typeCode"), ack.Child(nsHL7, "typeCode").Attr("code")},
		func(s string) bool { return s == "" })
	refused := slices.IndexFunc(types, func(s string) bool { return s != "AA" && s != "CA" })
	switch {
	case len(types) == 0:
		return nil, protocol("the acknowledgement says neither success nor failure")
	case refused >= 0:
		return nil, refusal(ack, types[refused])
	}
	switch response {
	case "OK":
		a.found = true
	case "NF":
	case "AE", "QE":
		return nil, refusal(ack, response)
	default:
		return nil, protocol("the answer does not say whether a record was found")
	}
	var err error
	a.lines, err = attentionLines(payload)
	return a, err
}

// refusal is the error that an acknowledgement holds.
func refusal(ack *xmlr.Node, fallback string) error {
	e := &segur.Error{Kind: segur.KindRefused, Message: "the record refused the request"}
	for d := range ack.Each(nsHL7, "acknowledgementDetail") {
		detail := segur.Detail{Code: d.Child(nsHL7, "code").Attr("code"), Message: d.Child(nsHL7, "text").DeepText(),
			Location: strings.TrimSpace(d.Child(nsHL7, "location").Text())}
		detail.Message = strings.TrimSpace(detail.Message)
		if t := d.Attr("typeCode"); t == "W" || t == "I" {
			detail.Severity = "warning"
		} else if e.Code == "" {
			e.Code = detail.Code
		}
		e.Details = append(e.Details, detail)
	}
	if e.Code == "" {
		e.Code = fallback
	}
	return e
}

// attentionLines are the values of the attention lines by key word. Two that
// differ are no answer: one of them may be an authorisation.
func attentionLines(payload *xmlr.Node) (map[string]*xmlr.Node, error) {
	out := map[string]*xmlr.Node{}
	for line := range payload.Each(nsHL7, "attentionLine") {
		key, value := line.Child(nsHL7, "keyWordText").Attr("code"), line.Child(nsHL7, "value")
		if key == "" {
			continue
		}
		if first, twice := out[key]; twice && (first.Attr("code") != value.Attr("code") || first.Attr("value") != value.Attr("value")) {
			return nil, protocol("the answer says two things of the user")
		}
		out[key] = value
	}
	return out, nil
}

// subjects are the patients of the answer.
func (a *hl7Answer) subjects() []*xmlr.Node {
	return a.act.All(nsHL7, "subject/registrationEvent/subject1/patient")
}

// boolean is a value of type BL; nil when absent or nothing that it may be.
func boolean(n *xmlr.Node) *bool { return truth(strings.TrimSpace(n.Attr("value"))) }

// truth is a boolean of XML Schema; nil when it is none.
func truth(s string) *bool {
	switch s {
	case "true", "1":
		return ptr(true)
	case "false", "0":
		return ptr(false)
	}
	return nil
}

// Observation is a coded fact that the record states of a patient.
type Observation struct {
	// Code names the fact, such as RATTACHEMENT_ENS.
	Code segur.Code
	// Value is "true" or "false", a number, or a code.
	Value string
}

// observations are what stands in subjectOf, whatever its number.
func observations(patient *xmlr.Node) []Observation {
	var out []Observation
	for _, s := range patient.Children {
		if s.Name.Space != nsHL7 || !strings.HasPrefix(s.Name.Local, "subjectOf") {
			continue
		}
		for _, o := range s.Children {
			code := coded(o.Child(nsHL7, "code"))
			if code.Code == "" {
				continue
			}
			v := o.Child(nsHL7, "value")
			value := v.Attr("value")
			if value == "" {
				value = v.Attr("code")
			}
			out = append(out, Observation{Code: code, Value: strings.TrimSpace(value)})
		}
	}
	return out
}

// observed is the boolean of the observation with this code; nil when absent,
// or when two of them differ.
func observed(list []Observation, code string) (out *bool) {
	for _, o := range list {
		if o.Code.Code != code {
			continue
		}
		v := truth(o.Value)
		if out != nil && v != nil && *v != *out {
			return nil
		}
		out = cmp.Or(v, out)
	}
	return out
}

func ptr[T any](v T) *T { return &v }

// coded reads a code; a system that is no OID is left out.
func coded(n *xmlr.Node) segur.Code {
	out := segur.Code{Code: n.Attr("code"), SystemName: n.Attr("codeSystemName"), Display: n.Attr("displayName")}
	if oid, err := segur.ParseOID(n.Attr("codeSystem")); err == nil {
		out.System = oid
	}
	return out
}
