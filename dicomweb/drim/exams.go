package drim

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dmp/xds"
)

// ExamQuery selects the exams of one patient. All that is set must hold; the
// values of one field are alternatives. Its printed forms are redacted.
type ExamQuery struct {
	// Patient is who is searched. Required.
	Patient segur.INS
	// FormerINS are numbers that the patient had before: documents and images may
	// bear them still. Optional.
	FormerINS []segur.INS
	// StudyUID limits the search to one study.
	StudyUID segur.OID
	// Accession limits it to one accession number; Root is required with it. Beside
	// StudyUID, an exam whose entry names no accession number is given too.
	Accession segur.Identifier
	// Modalities are DICOM codes, "CT"; Regions codes of JDV_RegionAnatomique_CISIS.
	Modalities, Regions []string
	// Service bounds the start of the exam, Created the making of the manifest.
	Service, Created xds.Period
	// WithoutReports leaves the reports out.
	WithoutReports bool
}

// String is redacted.
func (q ExamQuery) String() string { return "ExamQuery(redacted)" }

// Format writes the redacted form whatever the verb.
func (q ExamQuery) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, q.String()) }

// LogValue makes slog write the redacted form.
func (q ExamQuery) LogValue() slog.Value { return slog.StringValue(q.String()) }

// ExamQuery is the search that a contextual call asks for. A call that says that
// the patient was not informed, or is opposed, is an [segur.ErrRefused] error;
// one with a word that is not known passes (see [Call.Informed]). An accession
// number without issuer cannot be searched for: the call is then only as narrow
// as what else it says.
func (c *Call) ExamQuery() (ExamQuery, error) {
	if yes, known := c.Informed(); known && !yes {
		return ExamQuery{}, consumerError(opExams, segur.KindRefused, CodeOpposed, "the patient was not informed, or is opposed")
	}
	q := ExamQuery{Patient: c.INS, StudyUID: c.StudyUID}
	if c.Accession.Extension != "" && c.Accession.Root != "" {
		q.Accession = c.Accession
	}
	if c.Modality != "" {
		q.Modalities = []string{c.Modality}
	}
	if c.Region != "" {
		q.Regions = []string{c.Region}
	}
	if c.StudyFrom.Complete() && c.StudyTo.Complete() {
		paris, err := time.LoadLocation("Europe/Paris")
		if err != nil {
			paris = time.FixedZone("CET", 3600)
		}
		q.Service = xds.Period{From: c.StudyFrom.Time(paris), To: c.StudyTo.Time(paris).AddDate(0, 0, 1)}
	}
	return q, nil
}

// Exam is one exam of the record: the manifest of its images, its reports, or
// both. Its printed forms are redacted.
type Exam struct {
	// StudyUID is the study of the manifest; of a report alone, the one that it
	// names, if any.
	StudyUID string
	// Manifest is the entry of the manifest; nil when only reports were found:
	// the images are not shared.
	Manifest *xds.DocumentEntry
	// Reports are those that belong to the manifest, the best founded first.
	Reports []ExamReport
	// Shared is the number of manifests of this study: more than 1 when several
	// sites share it, each with an exam of its own.
	Shared int

	patient segur.INS
	former  []segur.INS
}

// ExamReport is a report of an exam, and why it is taken for one.
type ExamReport struct {
	// Entry describes it.
	Entry *xds.DocumentEntry
	// By is what it has in common with the manifest; empty for a report without.
	By []Link
	// Against is what both state, and differs: an accession number of its own
	// beside the same order, for instance. A person should look.
	Against []Link
}

// Link is an identifier by which a report and a manifest are one exam.
type Link string

// The links, the strongest first.
const (
	LinkStudy     Link = "study"
	LinkAccession Link = "accession"
	LinkOrder     Link = "order"
)

// linkKind is a link, and the type of the references that make it.
type linkKind struct {
	link Link
	kind string
}

// links are in the order of their strength.
var links = []linkKind{{LinkStudy, xds.ReferenceStudy}, {LinkAccession, xds.ReferenceAccession}, {LinkOrder, xds.ReferenceOrder}}

// String is redacted: the study alone.
func (e Exam) String() string { return "Exam(" + e.StudyUID + ", redacted)" }

// Format writes the redacted form whatever the verb.
func (e Exam) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, e.String()) }

// LogValue makes slog write the redacted form.
func (e Exam) LogValue() slog.Value { return slog.StringValue(e.String()) }

// Patient is who was searched.
func (e *Exam) Patient() segur.INS { return e.patient }

// Start is when the exam began; zero when no document says it.
func (e *Exam) Start() segur.Timestamp {
	if e.Manifest != nil {
		return e.Manifest.ServiceStart
	}
	if len(e.Reports) > 0 {
		return e.Reports[0].Entry.ServiceStart
	}
	return segur.Timestamp{}
}

// Exams searches the record for manifests and reports and puts together what is
// one exam: by the study, the accession number or the order that both name. A
// report may belong to several exams, and what belongs to nothing is given all
// the same: a manifest without report, and a report without images. The latest
// exam comes first.
//
// The record gives what the user may see. An entry of another patient in its
// answer is an [segur.ErrProtocol] error of code [CodeWrongPatient], and nothing
// is given.
func (c *Consumer) Exams(ctx context.Context, q ExamQuery) ([]*Exam, error) {
	if err := c.checkQuery(&q); err != nil {
		return nil, err
	}
	find := xds.ManifestQuery{Modalities: q.Modalities, Regions: q.Regions, Service: q.Service, Created: q.Created}
	switch {
	case q.StudyUID != "":
		find.References = studyReferences(string(q.StudyUID))
	case q.Accession.Extension != "":
		find.References = []xds.Reference{{ID: q.Accession.Extension, Authority: q.Accession.Root, Type: xds.ReferenceAccession}}
	}
	// A report need not say everything that its manifest says: where the query may
	// leave it out, it is looked for by what the manifests name.
	filtered := len(q.Modalities)+len(q.Regions) > 0 || q.Service != (xds.Period{}) || q.Created != (xds.Period{})
	find.WithReports = !q.WithoutReports && !filtered
	manifests, reports, err := c.find(ctx, &q, find)
	if err != nil {
		return nil, err
	}
	if q.WithoutReports {
		reports = nil // services differ in what they give
	}
	manifests = slices.DeleteFunc(manifests, func(e *xds.DocumentEntry) bool { return !asked(&q, e) })
	var more []xds.ManifestQuery
	if filtered {
		find.WithReports, find.ReportsOnly = false, true
		more = append(more, find)
	}
	if filtered || len(find.References) > 0 {
		for refs := range slices.Chunk(allReferences(manifests), maxReferences) {
			more = append(more, xds.ManifestQuery{ReportsOnly: true, References: refs})
		}
	}
	for _, query := range more {
		if q.WithoutReports {
			break
		}
		_, others, err := c.find(ctx, &q, query)
		if err != nil {
			return nil, err
		}
		reports = unique(append(reports, others...))
	}
	return examsOf(&q, manifests, reports), nil
}

// maxReferences bounds the references of one query.
const maxReferences = 50

func (c *Consumer) checkQuery(q *ExamQuery) error {
	var p segur.Problems
	if q.Patient.IsZero() {
		p.Add("patient", "is required")
	}
	for _, ins := range append([]segur.INS{q.Patient}, q.FormerINS...) {
		if !ins.IsZero() && !c.cfg.Environment.AcceptsINS(ins.Authority()) {
			p.Add("patient", "has an authority that the environment does not accept")
		}
	}
	if q.StudyUID != "" && !dicomweb.ValidUID(string(q.StudyUID)) {
		p.Add("studyUID", "must be a UID")
	}
	if q.Accession.Extension != "" && !q.Accession.Root.Valid() {
		p.Add("accession.root", "is required with an accession number")
	}
	return p.Err(opExams)
}

// studyReferences are the forms in which entries name a study.
func studyReferences(uid string) []xds.Reference {
	return xds.ReferenceAlternatives("", xds.Reference{ID: uid, Type: xds.ReferenceStudy})
}

// find asks the record, and refuses an answer about somebody else.
func (c *Consumer) find(ctx context.Context, q *ExamQuery, query xds.ManifestQuery) (manifests, reports []*xds.DocumentEntry, err error) {
	for e, err := range c.cfg.Record.Find(ctx, q.Patient, query) {
		if err != nil {
			return nil, nil, asSegur(opExams, segur.KindUnavailable, "the record cannot be searched", err)
		}
		ins, err := e.PatientID.INS()
		if err != nil || ins != q.Patient && !slices.Contains(q.FormerINS, ins) {
			return nil, nil, consumerError(opExams, segur.KindProtocol, CodeWrongPatient, "the record answered with a document of another patient")
		}
		switch {
		case e.IsKOS():
			manifests = append(manifests, e)
		case !e.IsSignature():
			reports = append(reports, e)
		}
	}
	return unique(manifests), unique(reports), nil
}

// unique leaves out entries that came twice.
func unique(list []*xds.DocumentEntry) []*xds.DocumentEntry {
	seen := map[string]bool{}
	return slices.DeleteFunc(list, func(e *xds.DocumentEntry) bool {
		twice := seen[e.UniqueID]
		seen[e.UniqueID] = true
		return twice
	})
}

// asked reports whether a manifest is of the study and the accession number that
// were asked for: services differ in how they search references, and take those of
// one search for alternatives. Beside the study, an entry need not name a number.
func asked(q *ExamQuery, e *xds.DocumentEntry) bool {
	if q.StudyUID != "" && !slices.ContainsFunc(e.References, func(r xds.Reference) bool {
		return r.Type == xds.ReferenceStudy && r.ID == string(q.StudyUID)
	}) {
		return false
	}
	if q.Accession.Extension == "" {
		return true
	}
	none := true
	for _, r := range e.References {
		if r.Type != xds.ReferenceAccession {
			continue
		}
		if r.ID == q.Accession.Extension && r.Authority == q.Accession.Root {
			return true
		}
		none = false
	}
	return none && q.StudyUID != ""
}

// allReferences lists what the manifests name, studies in every form.
func allReferences(manifests []*xds.DocumentEntry) []xds.Reference {
	var out []xds.Reference
	for _, m := range manifests {
		for _, r := range xds.ReferenceAlternatives("", m.References...) {
			known := r.Type == xds.ReferenceStudy || r.Type == xds.ReferenceAccession || r.Type == xds.ReferenceOrder
			if known && !slices.Contains(out, r) {
				out = append(out, r)
			}
		}
	}
	return out
}

// examsOf puts manifests and reports together.
func examsOf(q *ExamQuery, manifests, reports []*xds.DocumentEntry) []*Exam {
	var out []*Exam
	shared := map[string]int{}
	paired := map[*xds.DocumentEntry]bool{}
	for _, m := range manifests {
		e := &Exam{StudyUID: studyOf(m), Manifest: m, patient: q.Patient, former: q.FormerINS}
		shared[e.StudyUID]++
		for _, r := range reports {
			if by, against := linksOf(m, r); len(by) > 0 {
				paired[r] = true
				e.Reports = append(e.Reports, ExamReport{Entry: r, By: by, Against: against})
			}
		}
		slices.SortStableFunc(e.Reports, func(a, b ExamReport) int {
			return cmp.Or(cmp.Compare(rank(a.By[0]), rank(b.By[0])), cmp.Compare(len(a.Against), len(b.Against)), b.Entry.Created.Time.Compare(a.Entry.Created.Time))
		})
		out = append(out, e)
	}
	for _, e := range out {
		e.Shared = shared[e.StudyUID]
	}
	for _, r := range reports {
		if !paired[r] {
			out = append(out, &Exam{StudyUID: studyOf(r), Reports: []ExamReport{{Entry: r}}, patient: q.Patient, former: q.FormerINS})
		}
	}
	slices.SortStableFunc(out, func(a, b *Exam) int { return b.Start().Time.Compare(a.Start().Time) })
	return out
}

// rank is how strong a link is, 0 the strongest.
func rank(l Link) int { return slices.IndexFunc(links, func(x linkKind) bool { return x.link == l }) }

// studyOf is the first study that an entry names.
func studyOf(e *xds.DocumentEntry) string {
	for _, r := range e.References {
		if r.Type == xds.ReferenceStudy {
			return r.ID
		}
	}
	return ""
}

// linksOf compares the references of a manifest and of a report, kind by kind.
func linksOf(m, r *xds.DocumentEntry) (by, against []Link) {
	for _, l := range links {
		both, same := false, false
		for _, a := range m.References {
			for _, b := range r.References {
				if a.Type == l.kind && b.Type == l.kind {
					both = true
					same = same || sameReference(a, b)
				}
			}
		}
		switch {
		case same:
			by = append(by, l.link)
		case both:
			against = append(against, l.link)
		}
	}
	return by, against
}

// sameReference compares two references of one kind. A study needs no authority;
// a number means something only below the one that assigned it.
func sameReference(a, b xds.Reference) bool {
	return a.ID != "" && a.ID == b.ID && (a.Type == xds.ReferenceStudy || a.Authority == b.Authority && a.Authority != "")
}
