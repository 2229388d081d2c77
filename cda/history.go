package cda

import (
	"slices"
	"strconv"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/nos"
)

// History is what was known of the patient before the examination.
type History struct {
	// Medical and Surgical are the histories, an item each. Empty: the report
	// says "Non renseigné", never that there is none.
	Medical, Surgical []string
	// ContraIndications to the examination or to its products.
	ContraIndications []ContraIndication
	// NoContraIndication says why the list is empty; required then.
	NoContraIndication Absence
	// Narrative replaces the text made from the fields. Its anchors are
	// medical1, surgical1, contraindication1, comment1, and so on; in a request
	// also need1 and needcomment1, and medical or surgical around several items.
	// Optional.
	Narrative Narrative
}

// ContraIndication is a contra-indication, from JDV_Contre_indications:
// {Code: segur.Code{Code: cda.ContraIodine}}.
type ContraIndication struct {
	// Code is required.
	Code segur.Code
	// Comment adds what the code does not say. Required with [ContraOther].
	Comment string
}

// Some codes of JDV_Contre_indications.
const (
	ContraPregnancy     = "77386006"
	ContraBreastfeeding = "1260078007"
	ContraIodine        = "MED-1105"
	ContraKidneyDisease = "N18.9"
	ContraClaustrophoby = "MED-1109"
	ContraFerromagnetic = "MED-1110"
	ContraPacemaker     = "MED-1117"
	ContraGadolinium    = "MED-1122"
	ContraOther         = "GEN-092.01.20"
)

// Absence says why no contra-indication is listed.
type Absence uint8

// The absences of contra-indications.
const (
	// AbsenceNotStated is the zero value: a report refuses it.
	AbsenceNotStated Absence = iota
	// NoneKnown says that none is known.
	NoneKnown
	// NotSought says that the question was not asked.
	NotSought
)

var absences = [...]string{NoneKnown: "Aucune contre-indication connue", NotSought: "Contre-indications non recherchées"}

const notGiven = "Non renseigné"

// history checks what was known of the patient. A report must say whether there
// are contra-indications.
func (c *checker) history(h *History, stated bool) {
	h.Medical, h.Surgical = texts(h.Medical), texts(h.Surgical)
	h.ContraIndications = slices.Clone(h.ContraIndications)
	path, none := c.inBody("history.contraIndications"), c.inBody("history.noContraIndication")
	for i := range h.ContraIndications {
		ci, at := &h.ContraIndications[i], c.item(path, i)
		ci.Code = c.code(at, ci.Code, nos.ContraIndication)
		ci.Comment = lines(ci.Comment)
		if ci.Code.Code == ContraOther && ci.Comment == "" {
			c.Add(c.at(at, ".comment"), "is required: the code only says that there is another contra-indication")
		}
	}
	switch {
	case h.NoContraIndication > NotSought:
		c.firmly(func() { c.Add(none, "must be NoneKnown or NotSought") })
	case stated && len(h.ContraIndications) == 0 && h.NoContraIndication == AbsenceNotStated:
		c.Add(path, "is required, or noContraIndication")
	case len(h.ContraIndications) > 0 && h.NoContraIndication != AbsenceNotStated:
		c.Add(none, "contradicts the contra-indications listed")
	}
	c.prose(c.inBody("history.narrative"), h.Narrative, false)
}

// texts keeps what is not blank.
func texts(in []string) []string {
	var out []string
	for _, s := range in {
		if s = lines(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}

func (b *body) clinical() {
	q, h := &b.s.Question, &b.s.History
	b.section(&sectionClinical, sectionClinical.title)
	b.Elem("text", "") // groups two sections, and must have a text all the same
	b.section(&sectionQuestion, sectionQuestion.title)
	b.text(sectionQuestion.name, q.Narrative, func(links) {
		b.table()
		b.line("Justification de la demande", "", q.Justification)
		b.line("Finalité de l'examen", "", q.Purpose)
		b.endTable()
	})
	b.endSection()

	b.section(&sectionHistory, sectionHistory.title)
	if len(h.Medical) == 0 { // the two entries are mandatory: the text alone says that nothing was given
		h.Medical = []string{notGiven}
	}
	if len(h.Surgical) == 0 {
		h.Surgical = []string{notGiven}
	}
	l := b.text(sectionHistory.name, h.Narrative, func(l links) { b.historyText(h, l) })
	past := func(code segur.Code, anchor string, items []string) {
		if b.q != nil && len(items) > 1 { // the rules want one observation: it refers to the list
			at := l.to(anchor)
			b.observation(code, at)
			b.cdValue(segur.Code{}, at)
			b.endObservation()
			return
		}
		for i := range items {
			at := l.to(anchor + strconv.Itoa(i+1))
			b.observation(code, at)
			b.cdValue(segur.Code{}, at)
			b.endObservation()
		}
	}
	past(loinc("11348-0", "Antécédents médicaux"), "medical", h.Medical)
	past(loinc("47519-4", "Antécédents chirurgicaux"), "surgical", h.Surgical)
	known := func(code, value segur.Code, comment, words, text string) {
		if comment == "" {
			text = words
		}
		b.observation(code, l.to(text))
		b.cdValue(value, l.to(words))
		b.endObservation()
	}
	contra := loinc("64100-1", "Contre-indications")
	for i, ci := range h.ContraIndications {
		n := strconv.Itoa(i + 1)
		known(contra, ci.Code, ci.Comment, "contraindication"+n, "comment"+n)
	}
	if len(h.ContraIndications) == 0 && (b.q == nil || h.NoContraIndication != AbsenceNotStated) {
		// The rules demand this observation of every report, with a code of the
		// value set or with a type they do not look into; the text of the
		// specification makes it optional.
		b.observation(contra, l.to("contraindication1"))
		b.Start("value")
		b.Attr("xsi:type", "ST")
		b.Text(absences[h.NoContraIndication])
		b.End()
		b.endObservation()
	}
	if b.q != nil {
		for i, need := range b.q.CareNeeds {
			n := strconv.Itoa(i + 1)
			known(codeCareNeed, need.Code, need.Comment, "need"+n, "needcomment"+n)
		}
	}
	b.endSection()
	b.endSection()
}

func (b *body) historyText(h *History, l links) {
	row := func(title string, fill func()) {
		b.Start("tr")
		b.Elem("th", title)
		b.Start("td")
		fill()
		b.End()
		b.End()
	}
	list := func(anchor string, items []string) func() {
		return func() {
			b.Start("list")
			if b.q != nil && len(items) > 1 {
				b.Attr("ID", l.id(anchor))
			}
			for i, s := range items {
				b.Start("item")
				b.anchored(l.id(anchor+strconv.Itoa(i+1)), s)
				b.End()
			}
			b.End()
		}
	}
	item := func(code segur.Code, comment, words, text string) {
		b.Start("item")
		b.anchored(l.id(words), code.Display)
		if comment != "" {
			b.Text(" : ")
			b.anchored(l.id(text), comment)
		}
		b.End()
	}
	b.table()
	row("Antécédents médicaux", list("medical", h.Medical))
	row("Antécédents chirurgicaux", list("surgical", h.Surgical))
	row("Contre-indications", func() {
		switch {
		case len(h.ContraIndications) > 0:
			b.Start("list")
			for i, ci := range h.ContraIndications {
				n := strconv.Itoa(i + 1)
				item(ci.Code, ci.Comment, "contraindication"+n, "comment"+n)
			}
			b.End()
		case b.q != nil && h.NoContraIndication == AbsenceNotStated:
			b.Text(notGiven)
		default:
			b.anchored(l.id("contraindication1"), absences[h.NoContraIndication])
		}
	})
	if b.q != nil && len(b.q.CareNeeds) > 0 {
		row("Prise en charge", func() {
			b.Start("list")
			for i, need := range b.q.CareNeeds {
				n := strconv.Itoa(i + 1)
				item(need.Code, need.Comment, "need"+n, "needcomment"+n)
			}
			b.End()
		})
	}
	b.endTable()
}
