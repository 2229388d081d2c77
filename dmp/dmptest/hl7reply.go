package dmptest

import (
	"net/http"
	"strconv"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/xmlw"
)

// hl7Reply is the answer to a query.
type hl7Reply struct {
	interaction string
	// typeElement writes the type of the acknowledgement as an element, as
	// TD0.5 was seen to.
	typeElement bool
	lines, act  func(*xmlw.Writer)
	count       int // of results; -1: not said
	found       bool
	// code and text refuse.
	code, text string
}

// refuseHL7 answers a query with a refusal.
func (c *call) refuseHL7(w http.ResponseWriter, code, text string) {
	m := c.message.Payload
	q := hl7Request{message: m, act: m.Child(nsHL7, "controlActProcess")}
	reply := hl7Reply{interaction: "PRPA_IN201308UV02", code: code, text: text, count: -1}
	if c.Op == opSearch {
		reply.interaction, reply.typeElement = "PRPA_IN201306UV02", true
	}
	c.Code, c.Reason = code, text
	c.hl7Reply(w, q, reply)
}

func (c *call) hl7Reply(w http.ResponseWriter, q hl7Request, r hl7Reply) {
	b := xmlw.New(nil)
	b.Start(r.interaction)
	b.NS("", nsHL7)
	b.NS("xsi", nsXSI)
	b.Attr("ITSVersion", "XML_1.0")
	b.Elem("id", "", "root", newUUID())
	b.Elem("creationTime", "", "value", stamp(c.h.clock()))
	b.Elem("interactionId", "", "root", "2.16.840.1.113883.1.6", "extension", r.interaction)
	b.Elem("processingCode", "", "code", q.message.Child(nsHL7, "processingCode").Attr("code"))
	b.Elem("processingModeCode", "", "code", "T")
	b.Elem("acceptAckCode", "", "code", "NE")
	sender := q.message.Find(nsHL7, "sender/device")
	writeDevice(b, "receiver", "RCV", sender.Child(nsHL7, "id").Attr("root"), sender.Child(nsHL7, "softwareName").Text())
	writeDevice(b, "sender", "SND", recordOID, "DMP")
	if r.lines != nil {
		r.lines(b)
	}
	ack, response := "AA", "NF"
	switch {
	case r.code != "":
		ack, response = "AE", "AE"
	case r.found:
		response = "OK"
	}
	b.Start("acknowledgement")
	if r.typeElement {
		b.Elem("typeCode", "", "code", ack)
	} else {
		b.Attr("typeCode", ack)
	}
	target := func() {
		b.Start("targetMessage")
		b.Elem("id", "", "root", q.message.Child(nsHL7, "id").Attr("root"), "extension", q.message.Child(nsHL7, "id").Attr("extension"))
		b.End()
	}
	if r.code != "" {
		b.Start("acknowledgementDetail")
		b.Elem("code", "", "code", r.code)
		b.Elem("text", r.text)
		b.End()
	}
	target()
	b.End()
	b.Start("controlActProcess")
	b.Attr("classCode", "CACT")
	b.Attr("moodCode", "EVN")
	if r.act != nil {
		r.act(b)
	}
	b.Start("queryAck")
	id := q.act.Find(nsHL7, "queryByParameter/queryId")
	b.Elem("queryId", "", "root", id.Attr("root"), "extension", id.Attr("extension"))
	b.Elem("queryResponseCode", "", "code", response)
	if r.count >= 0 {
		b.Elem("resultTotalQuantity", "", "value", strconv.Itoa(r.count))
		b.Elem("resultCurrentQuantity", "", "value", strconv.Itoa(r.count))
		b.Elem("resultRemainingQuantity", "", "value", "0")
	}
	b.End()
	b.End()
	b.End()
	c.writeBody(w, b)
}

func (c *call) writeBody(w http.ResponseWriter, b *xmlw.Writer) {
	body, err := b.Bytes()
	if err != nil {
		http.Error(w, "the answer cannot be written", http.StatusInternalServerError)
		return
	}
	c.write(w, http.StatusOK, body)
}

func writeDevice(b *xmlw.Writer, name, typeCode, root, software string) {
	b.Start(name)
	b.Attr("typeCode", typeCode)
	b.Start("device")
	b.Attr("classCode", "DEV")
	b.Attr("determinerCode", "INSTANCE")
	b.Elem("id", "", "root", root)
	b.Elem("softwareName", software)
	b.End()
	b.End()
}

func attention(b *xmlw.Writer, key, system, kind string, value ...string) {
	b.Start("attentionLine")
	b.Elem("keyWordText", "", "code", key, "codeSystem", "1.2.250.1.213.4.1.2.6."+system)
	b.Elem("value", "", append(value, "xsi:type", kind)...)
	b.End()
}

func subject(b *xmlw.Writer, ins segur.INS, r *Record, administrative bool) {
	subjectOf(b, ins, r, administrative, nil)
}

// subjectOf writes one patient; more adds to what is observed.
func subjectOf(b *xmlw.Writer, ins segur.INS, r *Record, administrative bool, more func(*xmlw.Writer)) {
	open := func(name string, attributes ...string) {
		b.Start(name)
		for i := 0; i < len(attributes); i += 2 {
			b.Attr(attributes[i], attributes[i+1])
		}
	}
	open("subject", "contextConductionInd", "false", "typeCode", "SUBJ")
	open("registrationEvent", "classCode", "REG", "moodCode", "EVN")
	b.Elem("statusCode", "", "code", "completed")
	open("subject1", "typeCode", "SBJ")
	open("patient", "classCode", "PAT")
	for _, n := range append([]segur.INS{ins}, r.FormerINS...) {
		b.Elem("id", "", "root", string(n.Authority()), "extension", n.Matricule())
	}
	state := "active"
	if r.Closed {
		state = "terminated"
	}
	b.Elem("statusCode", "", "code", state)
	open("patientPerson", "classCode", "PSN", "determinerCode", "INSTANCE")
	r.person(b, administrative)
	b.End()
	if more != nil {
		more(b)
	}
	fact(b, "COMPTE_INTERNET_OUVERT", "1.2.250.1.213.4.1.2.9", r.WebAccount)
	fact(b, "RATTACHEMENT_ENS", facts, r.AttachedToENS)
	if administrative {
		fact(b, "OPPOSITION_BRIS_DE_GLACE", facts, r.OpposesBreakGlass)
		fact(b, "OPPOSITION_ACCES_URGENCE", facts, r.OpposesRegulation)
	}
	if r.Closed && r.Closing.Observation {
		r.Closing.write(b)
	}
	b.End()
	b.End()
	open("custodian", "typeCode", "CST")
	open("assignedEntity", "classCode", "ASSIGNED")
	b.Elem("id", "", "root", recordOID)
	b.End()
	b.End()
	b.End()
	b.End()
}

func fact(b *xmlw.Writer, code, system string, value bool) {
	b.Start("subjectOf")
	b.Attr("typeCode", "SBJ")
	b.Start("administrativeObservation")
	b.Attr("classCode", "OBS")
	b.Attr("moodCode", "EVN")
	b.Elem("code", "", "code", code, "codeSystem", system)
	b.Elem("value", "", "xsi:type", "BL", "value", strconv.FormatBool(value))
	b.End()
	b.End()
}

// write puts the closing data in reasonOf, where a request to close has them,
// or in an observation.
func (c *Closing) write(b *xmlw.Writer) {
	outer, inner, class := "reasonOf", "detectedIssueEvent", "ALRT"
	if c.Observation {
		outer, inner, class = "subjectOf", "administrativeObservation", "OBS"
	}
	code := c.Code
	if code == "" {
		code = "FERMETURE_DEMANDE_PATIENT"
	}
	b.Start(outer)
	b.Attr("typeCode", map[bool]string{false: "RSON", true: "SBJ"}[c.Observation])
	b.Start(inner)
	b.Attr("classCode", class)
	b.Attr("moodCode", "EVN")
	b.Elem("code", "", "code", code, "codeSystem", "1.2.250.1.213.4.1.2.4")
	b.ElemOpt("text", c.Reason)
	if !c.At.IsZero() {
		b.Elem("effectiveTime", "", "value", stamp(c.At))
	}
	b.End()
	b.End()
}

// person writes the identity; an empty used name is the literal that the
// service writes.
func (r *Record) person(b *xmlw.Writer, administrative bool) {
	t := r.Traits
	name := func(s string) string {
		if s == "" {
			return "NON RENSEIGNE"
		}
		return s
	}
	b.Start("name")
	b.ElemOpt("prefix", r.Civility)
	b.Elem("given", name(t.FirstGivenName))
	b.Elem("family", name(t.UsedName), "qualifier", "SP")
	b.Elem("family", name(t.BirthName), "qualifier", "BR")
	b.End()
	if administrative {
		writeTelecoms(b, r.Telecoms)
	}
	if t.Sex != "" {
		b.Elem("administrativeGenderCode", "", "code", string(t.Sex))
	}
	if !t.BirthDate.IsZero() {
		b.Elem("birthTime", "", "value", t.BirthDate.Compact())
	}
	if !administrative {
		return
	}
	b.Elem("deceasedInd", "", "value", strconv.FormatBool(r.Deceased))
	if a := r.Address; !a.IsZero() {
		b.Start("addr")
		for _, l := range a.Lines {
			b.Elem("streetAddressLine", l)
		}
		b.ElemOpt("postalCode", a.PostalCode)
		b.ElemOpt("city", a.City)
		b.End()
	}
	for _, x := range r.Representatives {
		b.Start("personalRelationship")
		b.Attr("classCode", "PRS")
		b.Elem("code", "", "code", x.Relation, "codeSystem", "2.16.840.1.113883.1.11.19579")
		writeTelecoms(b, x.Telecoms)
		b.Start("relationshipHolder1")
		b.Attr("classCode", "PSN")
		b.Attr("determinerCode", "INSTANCE")
		b.Start("name")
		b.ElemOpt("given", x.GivenName)
		b.Elem("family", x.FamilyName)
		b.End()
		b.End()
		b.End()
	}
	if t.BirthPlace != "" {
		b.Start("birthPlace")
		b.Elem("id", "", "root", "1.2.250.1.213.2.13", "extension", t.BirthPlace)
		b.End()
	}
}

func writeTelecoms(b *xmlw.Writer, list []segur.Telecom) {
	for _, x := range list {
		b.Start("telecom")
		b.AttrOpt("use", x.Use)
		b.Attr("value", x.Value)
		b.End()
	}
}
