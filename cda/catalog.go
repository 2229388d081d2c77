package cda

import (
	"slices"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/nos"
)

// Catalog refers to the images of an act: France lists no image but one, of a
// series that stands for the study, to carry the link to it. The study comes
// from the act.
type Catalog struct {
	// SeriesUID and InstanceUID are those of the image that illustrates the
	// study best, the first one as a rule. Required.
	SeriesUID, InstanceUID segur.OID
	// SOPClass is the class of that image, such as 1.2.840.10008.5.1.4.1.1.4
	// for MR: code alone from JDV_SOPClass, with its label otherwise. Required.
	SOPClass segur.Code
	// Modality is that of the series, one of the act. Empty: the first.
	Modality segur.Code
	// Link is where the images are seen. Empty: made from [Config.ViewerURL]
	// by [ViewerLink], none when that is empty too.
	Link string
	// Narrative replaces the text made from the fields. Its anchors are modality
	// and link. Optional.
	Narrative Narrative
}

// The value set of SOP classes lacks that of PET images.
const (
	oidSOPClass        = segur.OID("1.2.840.10008.2.6.1")
	petImageStorage    = "1.2.840.10008.5.1.4.1.1.128"
	petImageStorageTxt = "Positron Emission Tomography Image Storage"
)

func (c *checker) catalog(path string, k *Catalog, act Act) {
	c.uid(c.at(path, ".seriesUID"), k.SeriesUID, act.StudyUID)
	c.uid(c.at(path, ".instanceUID"), k.InstanceUID, act.StudyUID, k.SeriesUID)
	k.SOPClass = c.sopClass(c.at(path, ".sopClass"), k.SOPClass)
	switch {
	case len(act.Modalities) == 0: // reported with the act
	case k.Modality.IsZero():
		k.Modality = act.Modalities[0]
	default:
		k.Modality = c.code(c.at(path, ".modality"), k.Modality, nos.Modality)
		if !slices.ContainsFunc(act.Modalities, k.Modality.Equal) {
			c.Add(c.at(path, ".modality"), "must be a modality of the act")
		}
	}
	if k.Link = strings.TrimSpace(k.Link); k.Link != "" && !isViewerLink(k.Link) {
		c.firmly(func() { c.Add(c.at(path, ".link"), "must be a complete https address, without blanks") })
	}
	c.prose(c.at(path, ".narrative"), k.Narrative, false)
}

// uid checks a UID, which differs from those that contain it.
func (c *checker) uid(path string, uid segur.OID, around ...segur.OID) {
	switch {
	case uid == "":
		c.Add(path, "is required")
	case !uid.Valid():
		c.Add(path, "must be a UID, 64 characters at most")
	case slices.Contains(around, uid):
		c.Add(path, "must differ from the UID of what contains it")
	}
}

// sopClass completes a class. The value set is short of classes in use, and no
// rule enforces it: another class is taken with its label.
func (c *checker) sopClass(path string, code segur.Code) segur.Code {
	if code.Code == petImageStorage && code.Display == "" {
		code.Display = petImageStorageTxt
	}
	if _, listed := c.tables.of(nos.SOPClass).Lookup(code.Code); listed || code.Code == "" {
		return c.code(path, code, nos.SOPClass)
	}
	return c.act(path, code, oidSOPClass, func(s string) bool { return segur.OID(s).Valid() }, "must be the UID of a SOP class")
}

// link is where the images of act i are seen, "" when nobody said.
func (b *body) link(i int) string {
	if l := b.s.Acts[i].Catalog.Link; l != "" || b.viewer == "" {
		return l
	}
	var order Order
	switch len(b.r.Orders) {
	case 0: // an invalid report
	case len(b.r.Acts): // there is no formal link: both lists have the same order
		order = b.r.Orders[i]
	default:
		order = b.r.Orders[0]
	}
	return ViewerLink(b.viewer, b.r.Acts[i].StudyUID, order.Accession, b.r.ID)
}

// catalogSection writes FR-DICOM-Examen-imagerie: one study, with one series and one
// instance, which the rules count exactly although a message says one or more.
func (b *body) catalogSection(k *sectionKind, i int) {
	a, c, link := &b.r.Acts[i], &b.s.Acts[i].Catalog, b.link(i)
	b.section(k, k.title)
	l := b.text(k.name, c.Narrative, func(l links) {
		b.table()
		b.line("Examen", "", string(a.StudyUID))
		b.line("Modalité", l.id("modality"), c.Modality.Display)
		b.Start("tr")
		b.Elem("th", "Images")
		b.Start("td")
		b.Start("content")
		b.Attr("ID", l.id("link"))
		if link == "" {
			b.Text(c.SOPClass.Display)
		} else {
			b.Elem("linkHtml", "Voir les images", "href", link)
		}
		b.End()
		b.End()
		b.End()
		b.endTable()
	})
	b.Start("entry")
	b.entryClass("act", "ACT", templatesStudy...)
	b.root("id", a.StudyUID)
	b.code("code", dcm("113014", "Examen"), nil)
	b.time("effectiveTime", a.Start)
	b.Start("entryRelationship")
	b.Attr("typeCode", "COMP")
	b.entryClass("act", "ACT", templatesSeries...)
	b.root("id", c.SeriesUID)
	b.code("code", dcm("113015", "Séries"), func() {
		b.Start("qualifier")
		b.code("name", qualifierModality, nil)
		b.coded("value", c.Modality, l.to("modality"), nil)
		b.End()
	})
	b.time("effectiveTime", a.Start)
	b.Start("entryRelationship")
	b.Attr("typeCode", "COMP")
	b.entryClass("observation", "DGIMG", templatesInstance...)
	b.root("id", c.InstanceUID)
	b.coded("code", c.SOPClass, l.to("link"), nil)
	if link != "" {
		b.Start("text")
		b.Attr("mediaType", "application/dicom")
		b.reference(link)
		b.End()
	}
	b.time("effectiveTime", a.Start)
	for range 6 {
		b.End()
	}
	b.endSection()
}
