package cda

import (
	"cmp"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/nos"
	"github.com/segur-sdk/segur/internal/xmlw"
)

// Request makes the imaging request as a CDA R2 document of level 3, the volet
// IMG-DA-IMG 2024.01. Everything that is missing or wrong is reported at once, in
// one [segur.ErrInvalidInput] error with the paths of the fields; nothing is
// written then, but on demand ([Config.AllowInvalid]). The same request, clock
// and identifiers give the same bytes.
func (w *Writer) Request(q Request) (*Document, error) {
	const op = "cda.request"
	if q.Created.IsZero() {
		q.Created = w.cfg.Clock()
	}
	c, named := w.checker(false), w.checker(true)
	c.base, named.base = "", ""
	filled, header, sections := c.request(q)
	named.media = c.media
	if c.failed {
		named.request(q)
	}
	named.firmly(func() { named.contents(&sections) })
	invalid := named.problems.Err(op)
	if invalid != nil && (named.refused || !w.cfg.AllowInvalid) {
		return nil, invalid
	}
	if err := w.identify(&header); err != nil {
		return nil, err
	}
	b := &body{
		xmlEncoder: xmlEncoder{xmlw.New(w.page())}, r: &header, s: &sections, q: &filled, ids: w.cfg.IDs,
		media: named.media,
	}
	xml, err := b.request()
	if err := unqualified(op, q.Patient, xml); err != nil {
		return nil, err
	}
	xml = w.torn(xml)
	return b.made(op, xml, err, named.problems.Details(), invalid)
}

// Replacing returns a copy of q that replaces previous: same set, next version,
// new identifier and new creation time, as [Report.Replacing] does.
func (q Request) Replacing(previous segur.DocumentHeader) Request {
	q.ID, q.Created = "", time.Time{}
	q.SetID, q.Version, q.Replaces = following(previous)
	return q
}

// requestTemplates are those of an imaging request.
var requestTemplates = [...]segur.OID{
	templateHL7France, templateCISIS,
	"1.2.840.10008.9.20", // DICOM PS3.20: general header
	templateRequest,
}

// Codes of a request and of its entries.
var (
	codeRequest      = loinc("55115-0", defaultRequestTitle)
	codeCareNeed     = taasip("ORG-192", "Informations pour la prise en charge")
	codeRisks        = taasip("MED-1130", "Le patient a-t-il été informé des risques relatifs à l'examen d'imagerie médicale ?")
	codeFunction     = taasip("MED-1133", "Fonction étudiée") // the number of an answer too
	codeCallBack     = taasip("GEN-297", "Le demandeur souhaite un retour par téléphone")
	codeEvents       = taasip("GEN-296", "Évènements associés à l'examen demandé")
	priorityUrgent   = segur.Code{Code: "UR", System: nos.HL7Priority, Display: "Urgent"}
	requestedAnswers = [...]string{Yes: "Oui", No: "Non"}
)

const defaultRequestTitle = "Demande d'actes d'imagerie"

func taasip(code, display string) segur.Code {
	return segur.Code{Code: code, System: nos.TAASIP, SystemName: "TA_ASIP", Display: display}
}

// header is the part of q that the header of every document has.
func (q *Request) header() Report {
	return Report{
		ID: q.ID, SetID: q.SetID, Version: q.Version, Replaces: q.Replaces, Created: q.Created, Title: q.Title,
		Language: q.Language, Confidentiality: q.Confidentiality, Patient: q.Patient, BirthPlaceName: q.BirthPlaceName,
		Authors: q.Authors, LegalAuthenticator: q.LegalAuthenticator, Custodian: q.Custodian,
		FamilyPhysician: q.FamilyPhysician, Informants: q.Informants,
		PracticeSetting: q.PracticeSetting, Encounter: q.Encounter,
	}
}

// sections is the part of q that the body of a report has too.
func (q *Request) sections() Sections {
	return Sections{Question: q.Question, History: q.History, PriorResults: q.PriorResults, Attachments: q.Attachments}
}

// request writes everything but the contents that are embedded.
func (b *body) request() ([]byte, error) {
	b.Declaration()
	b.opening(b.r, requestTemplates[:])
	b.code("code", codeRequest, nil)
	b.about(b.r)
	for _, p := range b.q.ReportRecipients {
		b.participant("CON", functionCode("CORRE"), segur.Date{}, p)
	}
	b.requesting()
	b.context(b.r)
	b.Start("component")
	b.Start("structuredBody")
	b.clinical()
	b.risks()
	b.requestedActs()
	b.prose(&sectionPriorResults, b.s.PriorResults)
	b.attachments()
	for range 3 {
		b.End()
	}
	return b.Bytes()
}

// requesting writes the one act that is documented, that of requesting: its
// identifier is the number of the request.
func (b *body) requesting() {
	b.Start("documentationOf")
	b.Start("serviceEvent")
	if !b.q.Placer.IsZero() {
		b.id("id", b.q.Placer)
	}
	b.code("code", codeRequest, nil)
	b.interval("effectiveTime", b.q.Start, b.q.End)
	b.Start("performer")
	b.Attr("typeCode", "PRF")
	b.assigned("assignedEntity", b.r.Authors[0].Professional, b.r.PracticeSetting)
	b.End()
	b.End()
	b.End()
}

// risks writes what the patient was told. The identifiers have a dot, so that
// they are none of a text of the caller.
func (b *body) risks() {
	const answer, information = "patient.risks", "patient.information"
	k, told := &sectionPatient, b.q.PatientInformation
	b.section(k, k.title)
	b.Start("text")
	rest := "#" + information
	// A cell has no place for a table: such a text follows, and the entry
	// refers to the whole.
	apart := told.hasTable()
	if apart {
		b.Attr("ID", k.name)
		rest = links{section: k.name, supplied: &told}.to("information")
	}
	b.table()
	b.line("Patient informé des risques relatifs à l'examen", answer, cmp.Or(requestedAnswers[b.q.RisksExplained], notGiven))
	if told.Visible() && !apart {
		b.Start("tr")
		b.Elem("th", "Autres informations données")
		b.Start("td")
		b.Attr("ID", information)
		b.narrative(k.name, told.nodes)
		b.End()
		b.End()
	}
	b.endTable()
	if apart {
		b.narrative(k.name, told.nodes)
	}
	b.End()
	b.Start("entry")
	b.simple(codeRisks, "#"+answer, templatesSimple)
	b.answer(b.q.RisksExplained)
	b.End()
	b.End()
	if told.Visible() {
		b.Start("entry")
		b.simple(codePatientInformation, rest, templatesSimple)
		b.End()
		b.End()
	}
	b.endSection()
}

// answer writes a Boolean value.
func (b *body) answer(a Answer) {
	b.Start("value")
	switch a {
	case Yes:
		b.Attr("value", "true")
	case No:
		b.Attr("value", "false")
	default: // an invalid request
		b.Attr("nullFlavor", "NI")
	}
	b.Attr("xsi:type", "BL")
	b.End()
}
