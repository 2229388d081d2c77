package drim

import (
	"fmt"
	"slices"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/hl7"
)

// report reads an ORU^R01 or an MDM.
func (r *messageReading) report(h MessageHeader) *ReportMessage {
	m := &ReportMessage{MessageHeader: h, raw: r.raw}
	switch version, name := hl7.Component(h.Profile, 1), hl7.Component(h.Profile, 2); {
	case h.Profile == "", name == "CISIS_CDA_HL7_V2" && (version == "2.0" || version == "2.1"):
	default:
		r.warn("MSH-21", "names another profile than CISIS_CDA_HL7_V2 2.0 or 2.1")
	}
	m.Patient, m.PatientIDs = r.patient()
	pv1, _ := r.message.First("PV1")
	m.Visit = pv1.Value(19, 1)
	m.Placer, m.Filler = r.orders()
	obr, _ := r.message.First("OBR")
	m.ServiceCode, m.Accession = codeOf(obr, 4), obr.Value(18, 1)
	report, index := r.reportObservation()
	m.ReportCode = codeOf(report, 3)
	r.document(m, strings.HasPrefix(h.Type, "MDM"))
	m.Action = r.action(strings.ToUpper(h.Event), report)
	if m.Action != ActionDelete {
		r.authenticated()
	}
	if report.Name != "" {
		m.CDA = r.reportBytes(report, m.Action == ActionDelete && !m.DocumentID.IsZero())
	}
	r.flags(m)
	r.participations(m, index)
	for _, other := range []segur.Code{m.ServiceCode, m.DocumentCode} {
		if other.Code != "" && other.Code != m.ReportCode.Code {
			r.warn("OBX-3", "differs from OBR-4 or TXA-2: the type of the report must be one")
			break
		}
	}
	m.Warnings = r.warnings
	return m
}

// reportObservation finds the observation that is the report, by its code: other
// documents travel in the same message. An ORU may hold the report in two
// levels; the first one is taken.
func (r *messageReading) reportObservation() (report hl7.Segment, index int) {
	index = -1
	status := ""
	for i, s := range r.message.Segments {
		if s.Name != "OBX" || !isDocument(s) || !slices.Contains(r.ReportCodes, s.Value(3, 1)) {
			continue
		}
		if index < 0 {
			report, index, status = s, i, s.Value(11, 1)
			continue
		}
		r.warn(observation(s, 3), "is the report a second time: the first one is taken")
		if s.Value(11, 1) != status {
			r.problem(observation(s, 11), hl7Application, "differs from that of the first report: what is asked for?")
		}
	}
	if index < 0 {
		r.problem("OBX-3", hl7SegmentSequence, "no observation holds the report (%s)", strings.Join(r.ReportCodes, ", "))
	}
	return report, index
}

// isDocument reports whether an observation holds a document, not a flag nor a
// text.
func isDocument(s hl7.Segment) bool { return s.Value(2, 1) == "ED" && !isMeta(s) }

func isMeta(s hl7.Segment) bool {
	return strings.EqualFold(s.Value(3, 3), "MetaDMPMSS") || strings.HasPrefix(flagCode(s.Value(3, 1)), "CORPSMAIL")
}

func observation(s hl7.Segment, field int) string {
	return fmt.Sprintf("OBX[%.8s]-%d", s.Value(1, 1), field)
}

// document reads TXA, which only MDM has.
func (r *messageReading) document(m *ReportMessage, required bool) {
	txa, found := r.message.First("TXA")
	if !found {
		if required {
			r.problem("TXA", hl7SegmentSequence, "is required")
		}
		return
	}
	m.DocumentCode, m.Authenticator = codeOf(txa, 2), txa.Value(22, 1)
	m.DocumentID, m.ReplacedID = r.documentID(txa, 12), r.documentID(txa, 13)
	if m.DocumentID.IsZero() {
		r.problem("TXA-12", hl7RequiredField, "is required: the identifier of the document")
	}
	if m.Event == "T10" && m.ReplacedID.IsZero() {
		r.problem("TXA-13", hl7RequiredField, "is required: the identifier of the document that is replaced")
	}
}

// documentID reads "root", "extension^^root^ISO" and "root^organisation".
func (r *messageReading) documentID(txa hl7.Segment, field int) segur.Identifier {
	first, root := segur.OID(txa.Value(field, 1)), segur.OID(txa.Value(field, 3))
	switch {
	case first == "":
	case root.Valid() && first == root: // "root^^root^ISO"
		return segur.Identifier{Root: root}
	case root.Valid():
		return segur.Identifier{Root: root, Extension: string(first)}
	case first.Valid():
		return segur.Identifier{Root: first}
	default:
		r.warn(fmt.Sprintf("TXA-%d", field), "holds no OID")
		return segur.Identifier{Extension: string(first)}
	}
	return segur.Identifier{}
}

// authenticated refuses a document that nobody validated (HL7 table 0271).
func (r *messageReading) authenticated() {
	txa, found := r.message.First("TXA")
	if !found {
		return
	}
	switch strings.ToUpper(txa.Value(17, 1)) {
	case "AU", "LA":
	case "":
		r.warn("TXA-17", "is empty: taken as AU")
	default:
		r.problem("TXA-17", hl7TableValue, "says that the document is not authenticated (AU)")
	}
}

// action tells what is asked for from OBX-11, the event and ORC-1, in this
// order. Those that speak must agree.
func (r *messageReading) action(event string, report hl7.Segment) Action {
	wanted := Action(0)
	agree := func(path string, a Action) {
		switch {
		case a == 0:
		case wanted == 0:
			wanted = a
		case wanted != a:
			r.problem(path, hl7Application, "contradicts what OBX-11 and the event ask for: NW, F and T02, or RO, C and T10, or CA, D and T04")
		}
	}
	switch strings.ToUpper(report.Value(11, 1)) {
	case "F":
		agree("OBX-11", ActionCreate)
	case "C":
		agree("OBX-11", ActionReplace)
	case "D":
		agree("OBX-11", ActionDelete)
	case "":
		if report.Name != "" && report.Fields() < 11 { // the mark of a message that was cut
			r.problem("OBX-11", hl7RequiredField, "is required: the segment ends before it")
			break
		}
		r.warn("OBX-11", "is empty: the event and ORC-1 are taken")
	default:
		r.problem("OBX-11", hl7TableValue, "is neither F, C nor D")
	}
	agree("MSH-9", map[string]Action{"T02": ActionCreate, "T10": ActionReplace, "T04": ActionDelete}[event])
	ordered := false
	for _, s := range r.message.Segments {
		if s.Name != "ORC" {
			continue
		}
		switch strings.ToUpper(s.Value(1, 1)) {
		case "NW":
			agree("ORC-1", ActionCreate)
			ordered = true
		case "RO":
			agree("ORC-1", ActionReplace)
			ordered = true
		case "CA":
			agree("ORC-1", ActionDelete)
			ordered = true
		case "SC":
			r.warn("ORC-1", "is SC (status changed), an old habit: OBX-11 and the event are taken")
		case "":
			r.warn("ORC-1", "is empty: OBX-11 and the event are taken")
		default:
			r.problem("ORC-1", hl7TableValue, "is neither NW, RO nor CA")
		}
	}
	switch {
	case wanted == 0 && len(r.problems) == 0:
		r.problem("ORC-1", hl7RequiredField, "neither it, OBX-11 nor the event says what is asked for")
	case wanted == ActionCreate && !ordered && event == "R01":
		return ActionUpsert
	}
	return wanted
}

// flags reads the observations of MetaDMPMSS.
func (r *messageReading) flags(m *ReportMessage) {
	for _, s := range r.message.Segments {
		if s.Name != "OBX" {
			continue
		}
		code := flagCode(s.Value(3, 1))
		answer, old := m.Flags.field(code)
		switch {
		case answer != nil:
			if old {
				r.warn(observation(s, 3), "is an old spelling of the flag")
			}
			r.flag(s, answer)
		case code == "CORPSMAIL_PS":
			m.ProfessionalText = r.mailText(s)
		case code == "CORPSMAIL_PATIENT":
			m.PatientText = r.mailText(s)
		case strings.HasPrefix(code, "MASQUE"), strings.HasPrefix(code, "INVISIBLE"), strings.HasPrefix(code, "CONNE"):
			r.problem(observation(s, 3), hl7TableValue, "is an unknown flag of visibility: the document could be shown to whom it is hidden from")
		case isMeta(s):
			r.warn(observation(s, 3), "is an unknown code of MetaDMPMSS; ignored")
		case isDocument(s) && !slices.Contains(r.ReportCodes, s.Value(3, 1)):
			r.warn(observation(s, 3), "is another document; left out")
		}
	}
	if m.Flags.HiddenFromPatient == Yes && m.Flags.ToPatient == Yes {
		r.warn("OBX-3", "INVISIBLE_PATIENT and DESTMSSANTEPAT contradict each other: a hidden document is not mailed to the patient")
	}
}

// flag takes one value. What cannot be read, or contradicts itself, is refused:
// a guess would show a hidden document.
func (r *messageReading) flag(s hl7.Segment, into *Answer) {
	a, ok := parseAnswer(s.Value(5, 1))
	switch {
	case !ok:
		r.problem(observation(s, 5), hl7TableValue, "is neither Y nor N")
	case a == Unset:
		r.warn(observation(s, 5), "is empty: the flag is not set")
	case *into != Unset && *into != a:
		r.problem(observation(s, 5), hl7Application, "contradicts the same flag before it")
	default:
		*into = a
	}
}
