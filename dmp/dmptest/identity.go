package dmptest

import (
	"cmp"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/internal/xmlr"
	"github.com/segur-sdk/segur/internal/xmlw"
)

const (
	opExistence = "dmp.existence"     // TD0.2 and TD1.3a, which their head does not tell apart
	opSearch    = "dmp.searchPatient" // TD0.5

	actionIdentity = nsHL7 + ":PRPA_IN201307UV02"
	actionSearch   = nsHL7 + ":PRPA_IN201305UV02"

	nsHL7 = "urn:hl7-org:v3"
	nsXSI = "http://www.w3.org/2001/XMLSchema-instance"

	actExistence      = "TEST_EXST"
	actAdministrative = "CNSLT_DATA"

	recordOID = "1.2.250.1.213.4.1.1.1"
	facts     = "1.2.250.1.213.4.1.2.3"
)

// acts are what the identity query may be for, with their labels.
var acts = map[string]string{
	actExistence: "Test d'existence de dossier", actAdministrative: "Consultation des données de gestion de dossier",
}

// identity is TD0.2 and TD1.3a.
func (c *call) identity(w http.ResponseWriter) *refusal {
	q, f := c.hl7Query("PRPA_IN201307UV02", "reasonCode")
	if f != nil {
		return f
	}
	reason := q.act.Child(nsHL7, "reasonCode")
	label, known := acts[reason.Attr("code")]
	if !known || !has(reason, "code", "*", "codeSystem", "1.2.250.1.213.1.1.4.11", "displayName", label) {
		return schema("reasonCode")
	}
	list := q.parameters
	value := list.Find(nsHL7, "patientIdentifier/value")
	switch source, _ := list.Child(nsHL7, "dataSource").LookupAttr(nsXSI, "nil"); {
	case !sequence(list, "dataSource", "patientIdentifier") || source != "true":
		return schema("parameterList")
	case !sequence(list.Child(nsHL7, "patientIdentifier"), "value", "semanticsText") || !has(value, "root", "*", "extension", "*") ||
		list.Find(nsHL7, "patientIdentifier/semanticsText").Text() != "Patient.id":
		return schema("patientIdentifier")
	}
	t := dmp.TD02
	if reason.Attr("code") == actAdministrative {
		t = dmp.TD13a
	}
	if f := c.refuses(t); f != nil {
		return f
	}
	switch {
	case value.Attr("root") != string(c.vihf.Patient.Authority()) || value.Attr("extension") != c.vihf.Patient.Matricule():
		return sender("DMPInvalidVihf", "L'INS de la requête n'est pas celle du VIHF")
	case reason.Attr("code") == actAdministrative && c.blocked():
		return sender("DMPAccessDeniedByRightsService", "Le patient a bloqué l'accès de ce professionnel à son dossier")
	}
	r, found := c.record()
	c.hl7Reply(w, q, hl7Reply{interaction: "PRPA_IN201308UV02",
		lines: func(b *xmlw.Writer) {
			if found {
				attention(b, "AUTORISATION", "1", "CV", "code", r.status(c.holder()), "codeSystem", "1.2.250.1.213.4.1.2.6.2")
				attention(b, "STATUT_MT", "3", "BL", "value", strconv.FormatBool(c.declaredGP()))
			}
		},
		act: func(b *xmlw.Writer) {
			b.Elem("reasonCode", "", "code", reason.Attr("code"), "codeSystem", "1.2.250.1.213.1.1.4.11", "displayName", label)
			if !found {
				return
			}
			if r.Closed && !r.Closing.Observation {
				r.Closing.write(b)
			}
			subject(b, c.vihf.Patient, &r, reason.Attr("code") == actAdministrative)
		},
		count: -1, found: found})
	return nil
}

// searchPatient is TD0.5.
func (c *call) searchPatient(w http.ResponseWriter) *refusal {
	q, f := c.hl7Query("PRPA_IN201305UV02", "code")
	if f != nil {
		return f
	}
	if !has(q.act.Child(nsHL7, "code"), "code", "PRPA_TE201305UV02", "codeSystem", "2.16.840.1.113883.1.6") {
		return schema("controlActProcess/code")
	}
	list := q.parameters
	if !sequence(list, "livingSubjectAdministrativeGender?", "livingSubjectBirthTime?", "livingSubjectName", "patientAddress?") {
		return schema("parameterList")
	}
	for _, p := range list.Children {
		if want := semantics[p.Name.Local]; !sequence(p, "value", "semanticsText") || p.Child(nsHL7, "semanticsText").Text() != want {
			return schema(p.Name.Local)
		}
	}
	if f := c.refuses(dmp.TD05); f != nil {
		return f
	}
	found := c.candidates(list)
	c.hl7Reply(w, q, hl7Reply{interaction: "PRPA_IN201306UV02", typeElement: true,
		act: func(b *xmlw.Writer) {
			b.Elem("code", "", "code", "PRPA_TE201306UV02", "codeSystem", "2.16.840.1.113883.1.6")
			for i := range found {
				subjectOf(b, found[i].ins, &found[i].Record, true, func(b *xmlw.Writer) {
					b.Start("subjectOf1")
					b.Attr("typeCode", "SBJ")
					b.Start("queryMatchObservation")
					b.Attr("classCode", "OBS")
					b.Attr("moodCode", "EVN")
					b.Elem("code", "", "code", "POURCENTAGE")
					b.Elem("value", "", "xsi:type", "INT", "value", strconv.Itoa(found[i].score))
					b.End()
					b.End()
				})
			}
		},
		count: len(found), found: len(found) > 0})
	return nil
}

var semantics = map[string]string{
	"livingSubjectAdministrativeGender": "LivingSubject.administrativeGender", "livingSubjectBirthTime": "LivingSubject.birthTime",
	"livingSubjectName": "LivingSubject.name", "patientAddress": "Patient.addr",
}

type scored struct {
	Record
	ins   segur.INS
	score int
}

// candidates are the records that answer the criteria, in the order of the
// matricules.
func (c *call) candidates(criteria *xmlr.Node) (out []scored) {
	at := func(path string) *xmlr.Node { return criteria.Find(nsHL7, path) }
	family, given := at("livingSubjectName/value/family").TrimText(), at("livingSubjectName/value/given").TrimText()
	sex, born := at("livingSubjectAdministrativeGender/value").Attr("code"), at("livingSubjectBirthTime/value").Attr("value")
	city := at("patientAddress/value/city").TrimText()
	c.h.mu.Lock()
	defer c.h.mu.Unlock()
	for ins, r := range c.h.patients {
		t := r.Traits
		switch {
		case !strings.EqualFold(family, t.BirthName) && !strings.EqualFold(family, t.UsedName),
			sex != "" && sex != string(t.Sex), born != "" && born != t.BirthDate.Compact(),
			city != "" && !strings.EqualFold(city, r.Address.City):
			continue
		}
		score := 100
		if !strings.EqualFold(given, t.FirstGivenName) {
			score = 80
		}
		out = append(out, scored{r.clone(), ins, score})
	}
	slices.SortFunc(out, func(a, b scored) int {
		return cmp.Or(b.score-a.score, strings.Compare(a.ins.Matricule(), b.ins.Matricule()))
	})
	return out
}

// hl7Request is a query whose wrapper is right.
type hl7Request struct{ message, act, parameters *xmlr.Node }

func schema(what string) *refusal {
	return sender("", "The message does not follow the schema of the service: "+what)
}

var fourteenDigits = regexp.MustCompile(`^\d{14}$`)

// hl7Query checks the wrapper of a query: elements in order, identifiers, OIDs,
// codes. act is what controlActProcess begins with.
func (c *call) hl7Query(interaction, act string) (hl7Request, *refusal) {
	m := c.message.Payload
	if c.mtom || !m.Is(nsHL7, interaction) || !has(m, "ITSVersion", "XML_1.0") {
		return hl7Request{}, schema(interaction)
	}
	attentionLine := "attentionLine?"
	if act == "code" {
		attentionLine = ""
	}
	if !sequence(m, "id", "creationTime", "interactionId", "processingCode", "processingModeCode", "acceptAckCode", "receiver", "sender", attentionLine, "controlActProcess") {
		return hl7Request{}, schema("the order of the elements")
	}
	q := hl7Request{message: m, act: m.Child(nsHL7, "controlActProcess")}
	query := q.act.Child(nsHL7, "queryByParameter")
	q.parameters = query.Child(nsHL7, "parameterList")
	at := func(path string) *xmlr.Node { return m.Find(nsHL7, path) }
	for what, ok := range map[string]bool{
		"id":                 identified(at("id")),
		"creationTime":       has(at("creationTime"), "value", "*") && fourteenDigits.MatchString(at("creationTime").Attr("value")),
		"interactionId":      has(at("interactionId"), "root", "2.16.840.1.113883.1.6", "extension", interaction),
		"processingCode":     has(at("processingCode"), "code", "*") && strings.Contains("PDT", at("processingCode").Attr("code")),
		"processingModeCode": has(at("processingModeCode"), "code", "T"),
		"acceptAckCode":      has(at("acceptAckCode"), "code", "AL"),
		"receiver":           device(at("receiver"), "RCV") && at("receiver/device/id").Attr("root") == recordOID && at("receiver/device/softwareName").Text() == "DMP",
		"sender":             device(at("sender"), "SND"),
		"controlActProcess":  has(q.act, "classCode", "CACT", "moodCode", "EVN") && sequence(q.act, act, "queryByParameter"),
		"queryByParameter": sequence(query, "queryId", "statusCode", "parameterList") && identified(query.Child(nsHL7, "queryId")) &&
			has(query.Child(nsHL7, "statusCode"), "code", "new"),
	} {
		if !ok {
			return q, schema(what)
		}
	}
	return q, nil
}

func identified(n *xmlr.Node) bool {
	return has(n, "root", "*", "extension", "*") && segur.OID(n.Attr("root")).Valid()
}

func device(n *xmlr.Node, typeCode string) bool {
	d := n.Child(nsHL7, "device")
	return has(n, "typeCode", typeCode) && sequence(n, "device") && has(d, "classCode", "DEV", "determinerCode", "INSTANCE") &&
		sequence(d, "id", "softwareName") && segur.OID(d.Child(nsHL7, "id").Attr("root")).Valid() && d.Child(nsHL7, "softwareName").TrimText() != ""
}

// sequence reports whether the children of n are those names, in that order;
// a name that ends with "?" may be absent.
func sequence(n *xmlr.Node, names ...string) bool {
	if n == nil {
		return false
	}
	rest := n.Children
	for _, name := range names {
		bare := strings.TrimSuffix(name, "?")
		switch {
		case bare == "":
		case len(rest) > 0 && rest[0].Name == xmlr.Name{Space: n.Name.Space, Local: bare}:
			rest = rest[1:]
		case bare == name:
			return false
		}
	}
	return len(rest) == 0
}

// has reports whether the attributes of n are those names and values, and no
// others; "*" is any value but an empty one.
func has(n *xmlr.Node, attributes ...string) bool {
	if n == nil || len(n.Attrs) != len(attributes)/2 {
		return false
	}
	for pair := range slices.Chunk(attributes, 2) {
		if v := n.Attr(pair[0]); v == "" || pair[1] != "*" && v != pair[1] {
			return false
		}
	}
	return true
}

// stamp is a date of the record: UTC, 14 digits.
func stamp(t time.Time) string { return t.UTC().Format("20060102150405") }
