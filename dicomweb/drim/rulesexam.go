package drim

import (
	"fmt"
	"slices"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb/kos"
	"github.com/segur-sdk/segur/dmp/xds"
)

// references are the values of the references of a type, of the entry.
func (c *checker) references(kind string) []xds.Reference {
	var out []xds.Reference
	if c.Entry != nil {
		for _, r := range c.Entry.References {
			if r.Type == kind {
				out = append(out, r)
			}
		}
	}
	return out
}

// study is the study that the check is about; "" when nothing says it.
func (c *checker) study() string {
	switch {
	case c.Manifest != nil && c.Manifest.Study.UID != "":
		return c.Manifest.Study.UID
	case c.Change != nil && c.Change.StudyUID != "":
		return string(c.Change.StudyUID)
	}
	if r := c.references(xds.ReferenceStudy); len(r) > 0 {
		return r[0].ID
	}
	return ""
}

// service is the act of the study; the first one when no study is known.
func (c *checker) service() *segur.DocumentService {
	if c.Report == nil || len(c.Report.Services) == 0 {
		return nil
	}
	study := c.study()
	for i := range c.Report.Services {
		if s := &c.Report.Services[i]; study != "" && string(s.StudyUID) == study {
			return s
		}
	}
	return &c.Report.Services[0]
}

// r11 compares the study. A report may be about several, and so may its entry.
func (c *checker) r11() ([]Comparison, segur.Text) {
	var members []valueSet
	if c.Manifest != nil {
		members = append(members, newSet(ObjectManifest, "(0020,000D)", true, []string{c.Manifest.Study.UID}))
	}
	if c.Images != nil {
		var v []string
		for _, r := range c.Images {
			v = append(v, r.Study.UID)
		}
		members = append(members, newSet(ObjectImages, "(0020,000D)", false, v))
	}
	if c.Change != nil {
		members = append(members, newSet(ObjectChange, "IPC-3", false, []string{string(c.Change.StudyUID)}))
	}
	if c.Entry != nil {
		var v []string
		for _, r := range c.references(xds.ReferenceStudy) {
			v = append(v, r.ID)
		}
		members = append(members, newSet(ObjectEntry, "referenceIdList[studyInstanceUID]", true, v))
	}
	if c.Report != nil {
		var v []string
		for _, s := range c.Report.Services {
			v = append(v, string(s.StudyUID))
		}
		members = append(members, newSet(ObjectReport, "serviceEvent/id/@root", true, v))
	}
	out, reason := compareSets(Passed, Failed, members...)
	for i := range out { // images of several studies belong to several manifests
		x := &out[i]
		if mixed := func(s Side) bool { return s.Object == ObjectImages && strings.Contains(s.value, ", ") }; mixed(x.A) || mixed(x.B) {
			x.Verdict = Failed
		}
	}
	return out, reason
}

// orderIDs are the accession numbers, or the placer numbers, of an object.
func orderIDs(orders []segur.DocumentOrder, part func(segur.DocumentOrder) segur.Identifier) []segur.Identifier {
	var out []segur.Identifier
	for _, o := range orders {
		if id := part(o); id.Extension != "" {
			out = append(out, id)
		}
	}
	return out
}

func accessionOf(o segur.DocumentOrder) segur.Identifier { return o.Accession }
func placerOf(o segur.DocumentOrder) segur.Identifier    { return o.Placer }

func extensionsOf(ids []segur.Identifier) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = id.Extension
	}
	return out
}

func referenceIDs(refs []xds.Reference) []segur.Identifier {
	out := make([]segur.Identifier, len(refs))
	for i, r := range refs {
		out[i] = segur.Identifier{Root: r.Authority, Extension: r.ID}
	}
	return out
}

// numbers compares the numbers of the orders: the manifest and the entry have
// those of the report.
func (c *checker) numbers(part func(segur.DocumentOrder) segur.Identifier, reference, cda, kos string, more ...valueSet) ([]Comparison, segur.Text) {
	var members []valueSet
	if c.Report != nil {
		members = append(members, newSet(ObjectReport, cda, false, extensionsOf(orderIDs(c.Report.Orders, part))))
	}
	if c.Manifest != nil {
		members = append(members, newSet(ObjectManifest, kos, c.Report != nil, extensionsOf(orderIDs(c.Manifest.Orders, part))))
	}
	if c.Entry != nil {
		members = append(members, newSet(ObjectEntry, "referenceIdList["+reference[strings.LastIndexByte(reference, ':')+1:]+"]", c.Report != nil,
			extensionsOf(referenceIDs(c.references(reference)))))
	}
	return compareSets(Warned, Failed, append(members, more...)...)
}

// r12 leaves OBR-18 aside: it differs in official sets.
func (c *checker) r12() ([]Comparison, segur.Text) {
	var more []valueSet
	if c.Change != nil {
		more = append(more, newSet(ObjectChange, "IPC-1", false, []string{c.Change.Accession.Extension}))
	}
	var images []string
	bare := 0
	for _, r := range c.Images {
		images = append(images, r.Accession)
		if strings.TrimSpace(r.Accession) == "" {
			bare++
		}
	}
	if c.Images == nil && c.Manifest != nil {
		images = c.Manifest.Archive.Accessions
	}
	more = append(more, newSet(ObjectImages, "(0008,0050)", false, images))
	out, reason := c.numbers(accessionOf, xds.ReferenceAccession, "accessionNumber/@extension", "(0040,A370)/(0008,0050)", more...)
	for i := range out { // the images of one of several orders
		if x := &out[i]; x.B.Object == ObjectImages && x.Verdict == Warned {
			if slices.ContainsFunc(strings.Split(x.B.value, ", "), func(v string) bool { return !slices.Contains(strings.Split(x.A.value, ", "), v) }) {
				x.Verdict = Failed
			} else {
				x.Verdict, x.Note = Passed, segur.Text{}
			}
		}
	}
	if bare > 0 && len(out) > 0 {
		out = append(out, Comparison{Verdict: Warned, A: out[0].A, B: Side{ObjectImages, "(0008,0050)", ""},
			Note: segur.Text{FR: fmt.Sprintf("%d images sans numéro", bare), EN: fmt.Sprintf("%d images without a number", bare)}})
	}
	return out, reason
}

// issuers compares who assigned each number that two objects share.
func (c *checker) issuers(part func(segur.DocumentOrder) segur.Identifier, reference, cda, kos, xdsPath string) ([]Comparison, segur.Text) {
	type source struct {
		Object
		path string
		ids  []segur.Identifier
	}
	var sources []source
	if c.Report != nil {
		sources = append(sources, source{ObjectReport, cda, orderIDs(c.Report.Orders, part)})
	}
	if c.Manifest != nil {
		sources = append(sources, source{ObjectManifest, kos, orderIDs(c.Manifest.Orders, part)})
	}
	if c.Entry != nil {
		sources = append(sources, source{ObjectEntry, xdsPath, referenceIDs(c.references(reference))})
	}
	if len(sources) < 2 {
		return nil, reasonNone
	}
	var out []Comparison
	for _, a := range sources[0].ids {
		for _, other := range sources[1:] {
			for _, b := range other.ids {
				if a.Extension != b.Extension || a.Root == "" && b.Root == "" {
					continue
				}
				x := Comparison{Verdict: Passed, A: Side{sources[0].Object, sources[0].path, string(a.Root)}, B: Side{other.Object, other.path, string(b.Root)}}
				switch {
				case a.Root == "" || b.Root == "":
					x.Verdict, x.Note = Warned, segur.Text{FR: "l'un des deux ne dit pas qui l'a attribué", EN: "one of them does not say who assigned it"}
				case a.Root != b.Root:
					x.Verdict = Failed
				}
				out = append(out, x)
			}
		}
	}
	if len(out) == 0 {
		return nil, segur.Text{FR: "aucun numéro commun", EN: "no number in common"}
	}
	return out, segur.Text{}
}

func (c *checker) r13() ([]Comparison, segur.Text) {
	return c.issuers(accessionOf, xds.ReferenceAccession, "accessionNumber/@root", "(0040,A370)/(0008,0051)", "referenceIdList[accession].4.2")
}

// r14 only warns of what HL7 says: official messages have other placer numbers
// than the report that they carry.
func (c *checker) r14() ([]Comparison, segur.Text) {
	var more []valueSet
	if c.Message != nil {
		more = append(more, newSet(ObjectMessage, "OBR-2.1", false, []string{c.Message.Placer.Extension}))
	}
	out, reason := c.numbers(placerOf, xds.ReferenceOrder, "order/id/@extension", "(0040,A370)/(0040,2016)", more...)
	return lowerVerdicts(Warned, ObjectMessage, out), reason
}

func (c *checker) r15() ([]Comparison, segur.Text) {
	return c.issuers(placerOf, xds.ReferenceOrder, "order/id/@root", "(0040,A370)/(0040,0026)", "referenceIdList[order].4.2")
}

// eachImage compares a value of the manifest with those of the images. Devices
// that write to one study do not always agree on it: where the manifest has the
// value of some images, the others are a warning.
func (c *checker) eachImage(path string, of func(kos.Study) string, how comparer) ([]Comparison, segur.Text) {
	switch {
	case c.Manifest == nil:
		return nil, lacking(ObjectManifest)
	case len(c.Images) == 0:
		return nil, lacking(ObjectImages)
	}
	var v []string
	for _, r := range c.Images {
		v = append(v, of(r.Study))
	}
	members := []ruleSide{sideOf(ObjectManifest, path, of(c.Manifest.Study))}
	for _, value := range newSet(ObjectImages, path, false, v).values {
		members = append(members, sideOf(ObjectImages, path, value))
	}
	out, reason := compareAll(how, members...)
	if slices.ContainsFunc(out, func(x Comparison) bool { return x.Verdict == Passed }) {
		for i := range out {
			if out[i].Verdict == Failed {
				out[i].Verdict, out[i].Note = Warned, segur.Text{FR: "les images ne s'accordent pas entre elles", EN: "the images do not agree with each other"}
			}
		}
	}
	return out, reason
}

func (c *checker) r16() ([]Comparison, segur.Text) {
	dates, reason := c.eachImage("(0008,0020)", func(s kos.Study) string { return s.Date.Compact() }, compareText)
	times, _ := c.eachImage("(0008,0030)", func(s kos.Study) string { return clockText(s.Time) }, compareText)
	return append(dates, times...), reason
}

// r17 compares the description: archives and manifests cut long ones, blanks are
// brought in order, and a manifest may have the letters of Latin-1 only.
func (c *checker) r17() ([]Comparison, segur.Text) {
	return c.eachImage("(0008,1030)", func(s kos.Study) string { return strings.Join(strings.Fields(s.Description), " ") },
		func(a, b string) (Verdict, segur.Text) {
			switch {
			case a == b:
				return Passed, segur.Text{}
			case len(a) > 30 && strings.HasPrefix(b, a), len(b) > 30 && strings.HasPrefix(a, b):
				return Warned, segur.Text{FR: "l'une est coupée", EN: "one of them is cut"}
			}
			return compareNames(a, b)
		})
}

// r18 compares the instances of the manifest with those that the archive holds:
// all but manifests and rejection notes, and what the latter reject.
func (c *checker) r18() ([]Comparison, segur.Text) {
	switch {
	case c.Manifest == nil:
		return nil, lacking(ObjectManifest)
	case c.Images == nil:
		return nil, lacking(ObjectImages)
	}
	rows := c.Images
	for _, r := range c.Images {
		if r.Document != nil && r.Document.Note != nil {
			rows = r.Document.Note.Apply(rows)
		}
	}
	held := map[string]bool{}
	either := map[string]bool{} // a document of key objects that was not read may be shared or not
	for _, r := range rows {
		switch {
		case r.Document != nil && r.Document.Kind != kos.KindKeyImages, r.SeriesUID == c.Manifest.SeriesUID:
		case r.SOPClass == kos.SOPClass && r.Document == nil:
			either[r.UID] = true
		default:
			held[r.UID] = true
		}
	}
	listed := map[string]bool{}
	gone := 0
	for _, i := range c.Manifest.All() {
		if listed[i.UID] = true; !held[i.UID] && !either[i.UID] {
			gone++
		}
	}
	absent := 0
	for uid := range held {
		if !listed[uid] {
			absent++
		}
	}
	x := Comparison{Verdict: Passed, A: Side{ObjectImages, "(0008,0018)", fmt.Sprintf("%d", len(held))}, B: Side{ObjectManifest, "(0040,A375)", fmt.Sprintf("%d", len(listed))}}
	if gone+absent > 0 {
		x.Verdict = Failed
		x.Note = segur.Text{FR: fmt.Sprintf("%d absentes du PACS, %d absentes du manifeste", gone, absent),
			EN: fmt.Sprintf("%d are not in the image archive, %d not in the manifest", gone, absent)}
	}
	return []Comparison{x}, segur.Text{}
}
