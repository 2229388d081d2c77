package cda

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/nos"
)

// anchor is that of something of act i.
func anchor(name string, i int) string { return name + strconv.Itoa(i+1) }

// siteAnchor is that of site j of act i.
func siteAnchor(i, j int) string { return fmt.Sprintf("site%d.%d", i+1, j+1) }

// requestedActs writes FR-Plan-de-soins-IMG-DA: an entry for each act.
func (b *body) requestedActs() {
	k := &sectionRequestedActs
	b.section(k, k.title)
	l := b.text(k.name, b.q.ActsNarrative, func(l links) {
		for i := range b.q.Acts {
			b.requestedText(i, l)
		}
	})
	for i := range b.q.Acts {
		b.requestedAct(i, l)
	}
	b.endSection()
}

// requestedText writes the table of an act.
func (b *body) requestedText(i int, l links) {
	a := &b.q.Acts[i]
	b.Start("table")
	b.Attr("ID", l.id(anchor("act", i)))
	b.Attr("border", "1")
	if len(b.q.Acts) > 1 {
		b.Elem("caption", "Acte "+strconv.Itoa(i+1))
	}
	b.Start("tbody")
	b.line("Examen demandé", l.id(anchor("modality", i)), a.Modality.Display)
	b.line("Produit de contraste", l.id(anchor("contrast", i)), a.Contrast.Display)
	b.line("Fonction étudiée", l.id(anchor("function", i)), a.Function.Display)
	b.Start("tr")
	b.Elem("th", "Localisation")
	b.Start("td")
	for j, s := range a.Sites {
		if j > 0 {
			b.Elem("br", "")
		}
		b.anchored(l.id(siteAnchor(i, j)), s.words())
	}
	b.End()
	b.End()
	if a.Urgent {
		b.line("Urgence vitale ou fonctionnelle", l.id(anchor("urgency", i)), a.UrgencyReason)
	}
	if d := a.Before; d.Complete() && d.Valid() {
		b.line("À réaliser au plus tard le", "", fmt.Sprintf("%02d/%02d/%04d", d.Day, d.Month, d.Year))
	}
	b.line("Commentaire", l.id(anchor("comment", i)), a.Comment)
	b.line("Évènements associés", l.id(anchor("events", i)), a.Events)
	if p := a.Performer; p != nil {
		b.line("Médecin contacté", l.id(anchor("performer", i)), clean(strings.Join([]string{p.Title, p.GivenName, p.FamilyName}, " ")))
	}
	b.line("Retour par téléphone souhaité", l.id(anchor("callback", i)), requestedAnswers[a.CallBack])
	b.endTable()
}

// requestedAct writes FR-Demande-d-examen-ou-de-suivi.
func (b *body) requestedAct(i int, l links) {
	a := &b.q.Acts[i]
	at := func(name string) string { return l.to(anchor(name, i)) }
	b.Start("entry")
	b.entryMood("observation", "OBS", "INT", templatesRequested)
	b.uuid()
	b.coded("code", a.Modality, at("modality"), func() {
		if !a.Contrast.IsZero() { // a qualifier without name
			b.Start("qualifier")
			b.coded("value", a.Contrast, at("contrast"), nil)
			b.End()
		}
	})
	b.ref("text", at("act"))
	b.Elem("statusCode", "", "code", "active")
	if a.Before.Valid() && !a.Before.IsZero() {
		b.Elem("effectiveTime", "", "value", a.Before.Compact())
	} else {
		b.null("effectiveTime", "UNK")
	}
	if a.Urgent {
		b.Start("priorityCode")
		b.codeAttrs(priorityUrgent)
		if a.UrgencyReason != "" {
			b.ref("originalText", at("urgency"))
		}
		b.End()
	}
	for j, s := range a.Sites {
		b.targetSite(s.Code, s.Modifier, l.to(siteAnchor(i, j)))
	}
	if a.Performer != nil {
		b.Start("performer")
		b.Attr("typeCode", "PRF")
		b.assigned("assignedEntity", *a.Performer, segur.Code{})
		b.End()
	}
	if a.Comment != "" {
		b.comment(at("comment"))
	}
	b.precisions(a, at)
	b.End()
	b.End()
}

// precisions writes the observations that belong to a requested act.
func (b *body) precisions(a *RequestedAct, at func(string) string) {
	observed := func(code segur.Code, name string, templates []segur.OID, value func()) {
		b.Start("entryRelationship")
		b.Attr("inversionInd", "false")
		b.Attr("typeCode", "COMP")
		b.simple(code, at(name), templates)
		if value != nil {
			value()
		}
		b.End()
		b.End()
	}
	if a.CallBack != NotAnswered {
		observed(codeCallBack, "callback", templatesSimple, func() { b.answer(a.CallBack) })
	}
	if a.Events != "" {
		observed(codeEvents, "events", templatesSimple, nil)
	}
	if !a.Function.IsZero() {
		observed(codeFunction, "function", templatesFunction, func() { b.cdValue(a.Function, at("function")) })
	}
}

// functionTables are the functions that a modality may study.
func functionTables(modality string) *nos.Table {
	switch modality {
	case RequestPET:
		return nos.PETFunction
	case RequestScintigraphy:
		return nos.ScintigraphyFunction
	}
	return nil
}
