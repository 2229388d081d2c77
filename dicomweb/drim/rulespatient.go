package drim

import (
	"slices"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/traits"
)

// insIdentifiers lists the identifiers that have the authority of an INS.
func insIdentifiers(ids []segur.Identifier) []segur.Identifier {
	var out []segur.Identifier
	for _, id := range ids {
		if segur.IsINSAuthority(id.Root) {
			out = append(out, id)
		}
	}
	return out
}

// localIdentifiers lists the others, but those of the former INS-C, which
// identifies nobody any more.
func localIdentifiers(ids []segur.Identifier) []segur.Identifier {
	var out []segur.Identifier
	for _, id := range ids {
		if !segur.IsINSAuthority(id.Root) && !segur.IsFormerINSAuthority(id.Root) && id.Extension != "" {
			out = append(out, id)
		}
	}
	return out
}

// ins compares one part of the INS of every object.
func (c *checker) ins(part func(segur.Identifier) string, paths map[Object]string) ([]Comparison, segur.Text) {
	var members []ruleSide
	add := func(o Object, must bool, ids []segur.Identifier) {
		if len(ids) == 0 {
			ids = []segur.Identifier{{}}
		}
		for _, id := range ids {
			members = append(members, ruleSide{Side: Side{o, paths[o], part(id)}, must: must})
		}
	}
	if c.Report != nil {
		add(ObjectReport, true, insIdentifiers(c.Report.PatientIDs))
	}
	if c.Manifest != nil {
		add(ObjectManifest, true, []segur.Identifier{{Root: c.Manifest.INS.Authority(), Extension: c.Manifest.INS.Matricule()}})
	}
	if c.Message != nil {
		add(ObjectMessage, false, insIdentifiers(c.Message.PatientIDs))
	}
	if c.Change != nil {
		add(ObjectChange, false, insIdentifiers(c.Change.PatientIDs))
	}
	if e := c.Entry; e != nil {
		add(ObjectEntry, true, []segur.Identifier{{Root: e.PatientID.Authority, Extension: e.PatientID.ID}})
		if segur.IsINSAuthority(e.SourcePatientID.Authority) { // the local number as a rule
			members = append(members, sideOf(ObjectEntry, "sourcePatientId",
				part(segur.Identifier{Root: e.SourcePatientID.Authority, Extension: e.SourcePatientID.ID})))
		}
	}
	if p := c.AssertionPatient; !p.IsZero() {
		add(ObjectAssertion, true, []segur.Identifier{{Root: p.Authority, Extension: p.ID}})
	}
	return compareAll(compareText, members...)
}

func (c *checker) r1() ([]Comparison, segur.Text) {
	return c.ins(func(id segur.Identifier) string { return id.Extension }, map[Object]string{
		ObjectReport: "patientRole/id[INS]/@extension", ObjectManifest: "(0010,0020)", ObjectMessage: "PID-3.1", ObjectChange: "PID-3.1",
		ObjectEntry: "patientId.1", ObjectAssertion: "resource-id.1"})
}

func (c *checker) r2() ([]Comparison, segur.Text) {
	return c.ins(func(id segur.Identifier) string { return string(id.Root) }, map[Object]string{
		ObjectReport: "patientRole/id[INS]/@root", ObjectManifest: "(0010,0024)/(0040,0032)", ObjectMessage: "PID-3.4.2", ObjectChange: "PID-3.4.2",
		ObjectEntry: "patientId.4.2", ObjectAssertion: "resource-id.4.2"})
}

// trait compares one trait. Paths are those of the report, the manifest, the
// message and the entry; an empty one leaves the object out.
func (c *checker) trait(how comparer, value func(segur.Traits) string, cda, kos, hl7, xds string) ([]Comparison, segur.Text) {
	var members []ruleSide
	if c.Report != nil && cda != "" {
		members = append(members, sideOf(ObjectReport, cda, value(c.Report.Patient)))
	}
	if c.Manifest != nil && kos != "" {
		members = append(members, ruleSide{Side: Side{ObjectManifest, kos, value(c.Manifest.Patient)}, must: c.Report != nil})
	}
	if c.Message != nil && hl7 != "" {
		members = append(members, sideOf(ObjectMessage, hl7, value(c.Message.Patient.Traits)))
	}
	if c.Entry != nil && xds != "" {
		members = append(members, sideOf(ObjectEntry, xds, value(c.entryTraits)))
	}
	return compareAll(how, members...)
}

func (c *checker) r3() ([]Comparison, segur.Text) {
	return c.trait(compareNames, func(t segur.Traits) string { return t.BirthName }, "name/family[BR]", "(0010,0010).1", "PID-5[L].1", "PID-5.1")
}

func (c *checker) r4() ([]Comparison, segur.Text) {
	return c.trait(compareNames, func(t segur.Traits) string { return t.FirstGivenName }, "name/given[BR]", "(0010,0010).2", "PID-5[L].2", "PID-5.2")
}

// r5 compares the lists of given names. Senders of HL7 put the further ones
// alone in component 3, as other countries do.
func (c *checker) r5() ([]Comparison, segur.Text) {
	how := func(a, b string) (Verdict, segur.Text) {
		v, note := compareNames(a, b)
		if v == Failed && c.Message != nil {
			t := c.Message.Patient.Traits
			if t.GivenNames == b && t.FirstGivenName != "" {
				if v, _ := compareNames(a, t.FirstGivenName+" "+b); v != Failed {
					return Warned, segur.Text{FR: "sans le premier prénom", EN: "without the first given name"}
				}
			}
		}
		return v, note
	}
	return c.trait(how, func(t segur.Traits) string { return t.GivenNames }, "name/given", "(0010,1001)[1].2", "PID-5[L].3", "")
}

// usedName is a part of the names in use, and the name at birth beside it.
type usedName struct {
	used, birth   func(segur.Traits) string
	cda, kos, hl7 string
}

var usedNames = []usedName{
	{func(t segur.Traits) string { return t.UsedName }, func(t segur.Traits) string { return t.BirthName },
		"name/family[CL]", "(0010,1001)[2].1", "PID-5[D].1"},
	{func(t segur.Traits) string { return t.UsedGivenName }, func(t segur.Traits) string { return t.FirstGivenName },
		"name/given[CL]", "(0010,1001)[2].2", "PID-5[D].2"},
}

// r6 compares the names in use, each by itself: messages have the family name
// alone. One that the report lacks is forbidden in the manifest, but for the
// name at birth, which older manifests repeat.
func (c *checker) r6() ([]Comparison, segur.Text) {
	var out []Comparison
	var reason segur.Text
	for _, part := range usedNames {
		if c.Report == nil || c.Manifest == nil || part.used(c.Report.Patient) != "" {
			some, none := c.trait(compareNames, part.used, part.cda, part.kos, part.hl7, "")
			if out = append(out, some...); none != reasonNone {
				reason = none
			}
			continue
		}
		x := Comparison{Verdict: Passed, A: Side{ObjectReport, part.cda, ""}, B: Side{ObjectManifest, part.kos, part.used(c.Manifest.Patient)}}
		if x.B.value != "" {
			x.Verdict = Failed
			if x.B.value == part.birth(c.Report.Patient) {
				x.Verdict, x.Note = Warned, segur.Text{FR: "le nom de naissance y est répété", EN: "it repeats the name at birth"}
			}
		}
		out = append(out, x)
	}
	if len(out) == 0 && reason == (segur.Text{}) {
		reason = reasonNone
	}
	return out, reason
}

func (c *checker) r7() ([]Comparison, segur.Text) {
	out, reason := c.trait(comparePrefix, func(t segur.Traits) string { return t.BirthDate.Compact() }, "birthTime", "(0010,0030)", "PID-7", "PID-7")
	if c.Report != nil && !c.Report.Patient.BirthDate.Complete() { // a manifest can only hold a whole date
		out = slices.DeleteFunc(out, func(x Comparison) bool { return x.B.Object == ObjectManifest && x.B.value == "" })
		if len(out) == 0 && reason == (segur.Text{}) {
			reason = onlyIn(ObjectReport)
		}
	}
	return out, reason
}

func (c *checker) r8() ([]Comparison, segur.Text) {
	return c.trait(compareText, func(t segur.Traits) string { return string(t.Sex) }, "administrativeGenderCode", "(0010,0040)", "PID-8", "PID-8")
}

func (c *checker) r9() ([]Comparison, segur.Text) {
	how := func(a, b string) (Verdict, segur.Text) {
		switch traits.Places(a, b) {
		case segur.AgreementDifferent:
			return Failed, segur.Text{}
		case segur.AgreementUnknown:
			return Warned, segur.Text{FR: "l'un des deux dit que le lieu est inconnu", EN: "one of them says that the place is not known"}
		}
		return Passed, segur.Text{}
	}
	return c.trait(how, func(t segur.Traits) string { return t.BirthPlace }, "birthplace/place/addr/county", "(0010,4000)", "PID-11[BDL].9", "PID-11[BDL].9")
}

// r10 compares local numbers: those of the report, or of the message when it has
// none, with that of every image.
func (c *checker) r10() ([]Comparison, segur.Text) {
	var known []segur.Identifier
	from := ObjectReport
	path := "patientRole/id[IPP]/@extension"
	if c.Report != nil {
		known = localIdentifiers(c.Report.PatientIDs)
	}
	var out []Comparison
	if c.Message != nil {
		local := localIdentifiers(c.Message.PatientIDs)
		if len(known) == 0 {
			known, from, path = local, ObjectMessage, "PID-3[PI].1"
		} else if len(local) > 0 {
			out = append(out, sameLocal(from, path, known, ObjectMessage, "PID-3[PI].1", local))
		}
	}
	images := c.imagePatients()
	if len(known) > 0 && len(images) > 0 {
		for _, id := range images {
			out = append(out, sameLocal(from, path, known, ObjectImages, "(0010,0020)", []segur.Identifier{{Extension: id}}))
		}
		return out, segur.Text{}
	}
	switch {
	case len(out) > 0:
		return out, segur.Text{}
	case len(known) > 0:
		return nil, onlyIn(from)
	}
	return nil, reasonNone
}

// imagePatients are the numbers of the patient that the images bear.
func (c *checker) imagePatients() []string {
	var ids []string
	for _, r := range c.Images {
		ids = append(ids, r.PatientID)
	}
	if c.Images == nil && c.Manifest != nil {
		ids = append(ids, c.Manifest.Archive.PatientID)
	}
	return newSet(ObjectImages, "", false, ids).values
}

// sameLocal passes when one number is in both lists, under one authority where
// both name it.
func sameLocal(ao Object, apath string, a []segur.Identifier, bo Object, bpath string, b []segur.Identifier) Comparison {
	list := func(ids []segur.Identifier) string {
		var v []string
		for _, id := range ids {
			v = append(v, strings.TrimSpace(id.Extension+" "+string(id.Root)))
		}
		return strings.Join(v, ", ")
	}
	x := Comparison{Verdict: Failed, A: Side{ao, apath, list(a)}, B: Side{bo, bpath, list(b)}}
	for _, i := range a {
		for _, j := range b {
			if strings.TrimSpace(i.Extension) == strings.TrimSpace(j.Extension) && (i.Root == "" || j.Root == "" || i.Root == j.Root) {
				x.Verdict = Passed
			}
		}
	}
	return x
}
