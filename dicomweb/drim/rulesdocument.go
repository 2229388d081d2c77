package drim

import (
	"slices"
	"strconv"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb/kos"
	"github.com/segur-sdk/segur/dmp/xds"
)

func (c *checker) r20() ([]Comparison, segur.Text) {
	var members []ruleSide
	if c.Manifest != nil {
		members = append(members, requiredOf(ObjectManifest, "(0008,0018)", c.Manifest.UID))
	}
	if c.Entry != nil {
		members = append(members, requiredOf(ObjectEntry, "uniqueId", c.Entry.UniqueID))
	}
	if c.File != nil {
		m := requiredOf(ObjectFile, "(0008,0018)", "")
		if d, err := kos.Read(segur.BytesContent(c.File)); err == nil && d.Manifest != nil {
			m.value = d.Manifest.UID
		}
		members = append(members, m)
	}
	members = append(members, sideOf(ObjectRequest, "KOS-SOPInstanceUID", c.RequestedUID))
	return compareAll(compareText, members...)
}

// r21 passes when both say the same text, as older entries do that hold local
// time, or the same instant.
func (c *checker) r21() ([]Comparison, segur.Text) {
	switch {
	case c.Manifest == nil || c.Manifest.Created.IsZero():
		return nil, lacking(ObjectManifest)
	case c.Entry == nil:
		return nil, lacking(ObjectEntry)
	}
	x := Comparison{Verdict: Failed, A: Side{ObjectManifest, "(0008,0012) (0008,0013)", stampText(c.Manifest.Created)},
		B: Side{ObjectEntry, "creationTime", stampText(c.Entry.Created)}}
	if !c.Entry.Created.IsZero() {
		if v, _ := compareInstants(c.Manifest.Created, c.Entry.Created); v != Failed {
			x.Verdict = Passed
		}
	}
	return []Comparison{x}, segur.Text{}
}

func (c *checker) r22() ([]Comparison, segur.Text) {
	switch {
	case c.File == nil:
		return nil, lacking(ObjectFile)
	case c.Entry == nil:
		return nil, lacking(ObjectEntry)
	case c.Entry.Hash == "" && c.Entry.Size == 0:
		return nil, segur.Text{FR: "les métadonnées n'ont ni empreinte ni taille", EN: "the entry has neither hash nor size"}
	}
	var file xds.DocumentEntry
	if err := file.Digest(segur.BytesContent(c.File)); err != nil {
		return nil, segur.Text{FR: "le fichier ne peut pas être lu", EN: "the file cannot be read"}
	}
	hash, _ := compareAll(compareFolded, sideOf(ObjectFile, "SHA-1", file.Hash), sideOf(ObjectEntry, "hash", c.Entry.Hash))
	if c.Entry.Size == 0 {
		return hash, segur.Text{}
	}
	size, _ := compareAll(compareText, sideOf(ObjectFile, "size", strconv.FormatInt(file.Size, 10)), sideOf(ObjectEntry, "size", strconv.FormatInt(c.Entry.Size, 10)))
	return append(hash, size...), segur.Text{}
}

func (c *checker) r23() ([]Comparison, segur.Text) {
	switch {
	case c.Entry == nil:
		return nil, lacking(ObjectEntry)
	case c.Manifest == nil && c.File == nil:
		return nil, lacking(ObjectManifest)
	}
	return compareAll(compareText, sideOf(ObjectManifest, "(0008,0016)", kos.SOPClass), requiredOf(ObjectEntry, "formatCode", c.Entry.FormatCode.Code))
}

// organizations of the authors of the report, and of the entry.
func (c *checker) organizations() (report, entry []segur.Organization) {
	if c.Report != nil {
		for _, a := range c.Report.Authors {
			if o := a.Professional.Organization; o != nil {
				report = append(report, *o)
			}
		}
	}
	if c.Entry != nil {
		for _, a := range c.Entry.Authors {
			entry = append(entry, a.Institutions...)
		}
	}
	return report, entry
}

// publishers are the structures in whose name a report may be published beside
// those of its authors: the sender of the message, the legal authenticator, those
// that the caller names.
func (c *checker) publishers() []string {
	var out []string
	for _, id := range c.Structures {
		if id != "" {
			out = append(out, segur.NormalizeStructureID(id))
		}
	}
	if c.Message != nil && c.Message.Sender.Structure.ID != "" {
		out = append(out, segur.NormalizeStructureID(c.Message.Sender.Structure.ID))
	}
	if c.Report != nil {
		if o := c.Report.LegalAuthenticator.Professional.Organization; o != nil && o.ID != "" {
			out = append(out, segur.NormalizeStructureID(o.ID))
		}
	}
	return out
}

// r24 compares the structure: its identifier decides, another name is a warning.
func (c *checker) r24() ([]Comparison, segur.Text) {
	report, entry := c.organizations()
	base, from, path := report, ObjectReport, "author/representedOrganization"
	var out []Comparison
	if len(base) == 0 && c.Manifest != nil && c.Manifest.Institution != (kos.Institution{}) {
		base, from, path = []segur.Organization{{ID: c.Manifest.Institution.ID, Name: c.Manifest.Institution.Name}}, ObjectManifest, "(0008,0080)"
	} else if len(base) > 0 && c.Manifest != nil {
		out = append(out, c.sameStructure(from, path, base, ObjectManifest, "(0008,0080)",
			[]segur.Organization{{ID: c.Manifest.Institution.ID, Name: c.Manifest.Institution.Name}}))
	}
	if len(base) == 0 {
		return nil, reasonNone
	}
	if c.Entry != nil {
		out = append(out, c.sameStructure(from, path, base, ObjectEntry, "authorInstitution", entry))
	}
	if len(out) == 0 {
		return nil, onlyIn(from)
	}
	return out, segur.Text{}
}

func (c *checker) sameStructure(ao Object, apath string, a []segur.Organization, bo Object, bpath string, b []segur.Organization) Comparison {
	list := func(in []segur.Organization) string {
		var v []string
		for _, o := range in {
			v = append(v, strings.TrimSpace(o.ID+" "+o.Name))
		}
		return strings.Join(v, ", ")
	}
	x := Comparison{Verdict: Failed, A: Side{ao, apath, list(a)}, B: Side{bo, bpath, list(b)}}
	publishers := c.publishers()
	better := func(v Verdict, note segur.Text) {
		if v < x.Verdict {
			x.Verdict, x.Note = v, note
		}
	}
	for _, i := range a {
		for _, j := range b {
			id, other := segur.NormalizeStructureID(i.ID), segur.NormalizeStructureID(j.ID)
			name, _ := compareNames(i.Name, j.Name)
			switch {
			case id != "" && id == other && name == Passed:
				better(Passed, segur.Text{})
			case id != "" && id == other:
				better(Warned, segur.Text{FR: "le nom diffère", EN: "the name differs"})
			case (id == "" || other == "") && name != Failed:
				better(Warned, segur.Text{FR: "le nom seul est comparé", EN: "the name alone is compared"})
			case other != "" && slices.Contains(publishers, other):
				better(Warned, segur.Text{FR: "structure de l'émetteur, du responsable légal ou du site", EN: "the structure of the sender, of the legal authenticator or of the site"})
			}
		}
	}
	return x
}

// personID adds the type digit to a bare RPPS number.
func personID(id string) string {
	if id = strings.TrimSpace(id); len(id) == 11 {
		return "8" + id
	}
	return id
}

// r25 compares the people. A manifest may be published in the name of the system.
func (c *checker) r25() ([]Comparison, segur.Text) {
	switch {
	case c.Report == nil:
		return nil, lacking(ObjectReport)
	case c.Entry == nil:
		return nil, lacking(ObjectEntry)
	}
	var authors, published []string
	device := false
	for _, a := range c.Report.Authors {
		authors = append(authors, personID(a.Professional.ID))
	}
	for _, a := range c.Entry.Authors {
		published = append(published, personID(a.Person.ID))
		device = device || a.Person.System
	}
	out, reason := compareSets(Passed, Passed, newSet(ObjectReport, "author/assignedAuthor/id", false, authors), newSet(ObjectEntry, "authorPerson", true, published))
	if device {
		for i := range out {
			out[i].Verdict, out[i].Note = Passed, segur.Text{FR: "publié au nom du système", EN: "published in the name of the system"}
		}
	}
	legal, _ := compareAll(compareText, sideOf(ObjectReport, "legalAuthenticator/assignedEntity/id", personID(c.Report.LegalAuthenticator.Professional.ID)),
		requiredOf(ObjectEntry, "legalAuthenticator", personID(c.Entry.LegalAuthenticator.ID)))
	return append(out, legal...), reason
}

// r26 compares the identifiers of the document and of the one it replaces.
func (c *checker) r26() ([]Comparison, segur.Text) {
	switch {
	case c.Message == nil:
		return nil, lacking(ObjectMessage)
	case c.Report == nil:
		return nil, lacking(ObjectReport)
	case c.Message.DocumentID.IsZero():
		return nil, segur.Text{FR: "le message n'a pas de TXA", EN: "the message has no TXA"}
	}
	out, _ := compareAll(compareText, requiredOf(ObjectReport, "ClinicalDocument/id", xds.UniqueID(c.Report.ID)), sideOf(ObjectMessage, "TXA-12", xds.UniqueID(c.Message.DocumentID)))
	a, b := xds.UniqueID(c.Report.Replaces), xds.UniqueID(c.Message.ReplacedID)
	if a == "" && b == "" {
		return out, segur.Text{}
	}
	x := Comparison{A: Side{ObjectReport, "relatedDocument/parentDocument/id", a}, B: Side{ObjectMessage, "TXA-13", b}, Verdict: Failed}
	switch {
	case a == b:
		x.Verdict = Passed
	case (a == "" || b == "") && c.Message.Action != ActionReplace: // a withdrawal names the one before too
		x.Verdict = Warned
	}
	return append(out, x), segur.Text{}
}

// r27 only warns: official messages name another act in OBR-4.
func (c *checker) r27() ([]Comparison, segur.Text) {
	var members []ruleSide
	if c.Report != nil {
		members = append(members, sideOf(ObjectReport, "ClinicalDocument/code", c.Report.Type.Code))
	}
	if c.Message != nil {
		members = append(members, sideOf(ObjectMessage, "OBX-3", c.Message.ReportCode.Code), sideOf(ObjectMessage, "OBR-4", c.Message.ServiceCode.Code),
			sideOf(ObjectMessage, "TXA-2", c.Message.DocumentCode.Code))
	}
	return compareAll(limitVerdict(Warned, compareText), members...)
}
