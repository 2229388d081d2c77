package cda

import (
	"github.com/segur-sdk/segur"
)

// Parts that the entries of a structured body share. The rules read classCode
// and moodCode even where they equal their default: they are always written.

// entryClass opens an act class: observation, procedure, organizer...
func (x xmlEncoder) entryClass(name, class string, templates ...segur.OID) {
	x.entryMood(name, class, "EVN", templates)
}

// entryMood is entryClass for what is not done yet: the mood INT is an intent.
func (x xmlEncoder) entryMood(name, class, mood string, templates []segur.OID) {
	x.Start(name)
	x.Attr("classCode", class)
	x.Attr("moodCode", mood)
	for _, t := range templates {
		x.root("templateId", t)
	}
}

// ref writes an element that points to the narrative, such as text.
func (x xmlEncoder) ref(name, target string) {
	x.Start(name)
	x.reference(target)
	x.End()
}

func (x xmlEncoder) reference(target string) {
	x.Start("reference")
	x.Attr("value", target)
	x.End()
}

func (x xmlEncoder) completed() {
	x.Start("statusCode")
	x.Attr("code", "completed")
	x.End()
}

// null writes an element that has no value.
func (x xmlEncoder) null(name, flavor string) {
	x.Start(name)
	x.Attr("nullFlavor", flavor)
	x.End()
}

// coded writes a code whose words are in the narrative; inside may write what
// comes after them. A code without Code is its words alone.
func (x xmlEncoder) coded(name string, c segur.Code, target string, inside func()) {
	x.Start(name)
	x.codeAttrs(c)
	x.ref("originalText", target)
	if inside != nil {
		inside()
	}
	x.End()
}

func (x xmlEncoder) codeAttrs(c segur.Code) {
	if c.Code != "" {
		x.Attr("code", c.Code)
		x.Attr("codeSystem", string(c.System))
		x.AttrOpt("codeSystemName", c.SystemName)
		x.AttrOpt("displayName", c.Display)
	}
}

// cdValue writes an observation value of type CD. The type has no prefix: the
// imaging rules compare it with the bare name.
func (x xmlEncoder) cdValue(c segur.Code, target string) {
	x.Start("value")
	x.codeAttrs(c)
	x.Attr("xsi:type", "CD")
	if target != "" {
		x.ref("originalText", target)
	}
	x.End()
}

// quantity writes a physical quantity.
func (x xmlEncoder) quantity(name string, q Quantity, typed bool) {
	x.Start(name)
	x.AttrOpt("unit", q.Unit)
	x.Attr("value", q.Value)
	if typed {
		x.Attr("xsi:type", "PQ")
	}
	x.End()
}

// Templates of entries. In a pair the first is the model of DICOM PS3.20 or of
// IHE, the second its French constraint: both are mandatory.
var (
	templatesObservation = []segur.OID{"2.16.840.1.113883.10.20.6.2.13", "1.2.250.1.213.1.1.3.150"}
	templatesQuantity    = []segur.OID{"2.16.840.1.113883.10.20.6.2.14", "1.2.250.1.213.1.1.3.154"}
	templatesTechnique   = []segur.OID{"1.2.840.10008.9.14", "1.2.250.1.213.1.1.3.153"}
	templatesProduct     = []segur.OID{"1.2.840.10008.9.13", "1.2.250.1.213.1.1.3.151"}
	templatesRadio       = []segur.OID{"1.2.250.1.213.1.1.3.173"}
	templatesExposure    = []segur.OID{"1.2.250.1.213.1.1.3.165"}
	templatesStudy       = []segur.OID{"1.2.840.10008.9.16", "1.2.250.1.213.1.1.3.155"}
	templatesSeries      = []segur.OID{"1.2.840.10008.9.17", "1.2.250.1.213.1.1.3.156"}
	templatesInstance    = []segur.OID{"1.2.840.10008.9.18", "1.2.250.1.213.1.1.3.157"}
	templatesComment     = []segur.OID{"2.16.840.1.113883.10.20.1.40", "1.3.6.1.4.1.19376.1.5.3.1.4.2", "1.2.250.1.213.1.1.3.32"}
	templatesDevice      = []segur.OID{"2.16.840.1.113883.10.20.1.34", "1.2.250.1.213.1.1.3.20"}
	templatesDocument    = []segur.OID{"1.2.250.1.213.1.1.3.18"}
	templatesSimple      = []segur.OID{"1.3.6.1.4.1.19376.1.5.3.1.4.13", "1.2.250.1.213.1.1.3.48"}
	templatesFunction    = []segur.OID{"1.3.6.1.4.1.19376.1.5.3.1.4.13", "1.2.250.1.213.1.1.3.48", "1.2.250.1.213.1.1.3.48.36"}
	templatesRequested   = []segur.OID{"1.3.6.1.4.1.19376.1.5.3.1.1.20.3.1", "2.16.840.1.113883.10.20.1.25", "1.2.250.1.213.1.1.3.27", "1.2.250.1.213.1.1.3.27.3"}
	templatesDocType     = []segur.OID{"1.3.6.1.4.1.19376.1.5.3.1.4.13", "1.2.250.1.213.1.1.3.48", "1.2.250.1.213.1.1.3.48.18"}
)

// observation opens an entry FR-DICOM-Observation up to its status; the caller
// writes the value, then targetSiteCode, which is mandatory and may be null.
func (b *body) observation(code segur.Code, target string) {
	b.Start("entry")
	b.entryClass("observation", "OBS", templatesObservation...)
	b.uuid()
	b.code("code", code, nil)
	b.ref("text", target)
	b.completed()
}

func (b *body) endObservation() {
	b.null("targetSiteCode", "NA")
	b.End()
	b.End()
}

// simple opens FR-Simple-Observation up to its time; the value may follow.
func (b *body) simple(code segur.Code, target string, templates []segur.OID) {
	b.entryClass("observation", "OBS", templates...)
	b.uuid()
	b.code("code", code, nil)
	b.ref("text", target)
	b.completed()
	b.time("effectiveTime", b.r.Created)
}

// comment writes FR-Commentaire-ER: words about the entry around it.
func (b *body) comment(target string) {
	b.Start("entryRelationship")
	b.Attr("inversionInd", "true")
	b.Attr("typeCode", "SUBJ")
	b.entryClass("act", "ACT", templatesComment...)
	b.code("code", loinc("48767-8", "Commentaire"), nil)
	b.ref("text", target)
	b.completed()
	b.End()
	b.End()
}
