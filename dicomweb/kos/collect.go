package kos

import (
	"fmt"
	"slices"
	"strings"

	"github.com/segur-sdk/segur/dicomweb"
)

// rows makes the series of the rows that are shared.
func (b *builder) rows(rows []Row, previous *Manifest) {
	limit := b.MaxInstances
	if limit <= 0 {
		limit = maxBuilt
	}
	if len(rows) > limit {
		b.add(CodeTooLarge, "rows", fmt.Sprintf("are %d: more than the limit of %d", len(rows), limit))
		return
	}
	b.selections(rows)
	rejected := b.rejected()
	seen, taken, bad := make(map[string]bool, len(rows)), 0, 0
	shared := make([]*Row, 0, len(rows))
	for i := range rows {
		r := &rows[i]
		at := func(field string) string { return fmt.Sprintf("rows[%d].%s", i, field) }
		if !b.valid(r, at) {
			bad++
			continue
		}
		// What is not shared is not compared either: a manifest bears the INS, and
		// rejected images may be those of somebody else.
		switch {
		case r.Document != nil && r.Document.Kind != KindKeyImages, previous != nil && r.SeriesUID == previous.SeriesUID:
			b.warnings.add(WarnNotShared, at("uid"), "is a manifest or a rejection note, which is not shared")
			continue
		case rejected[r.UID]:
			taken++
			continue
		}
		if seen[r.UID] {
			b.add(CodeTwice, at("uid"), "is the UID of a row before")
			continue
		}
		seen[r.UID] = true
		if len(shared) == 0 {
			b.m.Study.UID = r.Study.UID
		}
		b.samePatient(r, at)
		b.archive(r)
		shared = append(shared, r)
	}
	if taken > 0 {
		b.warnings.add(WarnRejected, "rows", fmt.Sprintf("%d instances that a rejection note names are not shared", taken))
	}
	if len(shared) == 0 && bad == 0 {
		b.add(CodeEmptyStudy, "rows", "hold no instance to share")
	}
	b.share(shared)
	b.completeStudy(&b.Study)
	slices.Sort(b.m.Archive.Accessions)
}

// share makes the series. The rows are taken in the order of their UIDs: where
// they say different things of their series, the order in which an archive lists
// them must not decide.
func (b *builder) share(rows []*Row) {
	slices.SortFunc(rows, func(x, y *Row) int { return strings.Compare(x.UID, y.UID) })
	series := map[string]int{}
	for _, r := range rows {
		b.completeStudy(&r.Study)
		n, ok := series[r.SeriesUID]
		if !ok {
			n = len(b.m.Series)
			series[r.SeriesUID] = n
			b.m.Series = append(b.m.Series, b.series(r))
		}
		s := &b.m.Series[n]
		completeSeries(s, r)
		s.Instances = append(s.Instances, Instance{SOPClass: r.SOPClass, UID: r.UID, Number: r.Number, Frames: max(r.Frames, 0)})
	}
	sortSeries(b.m.Series)
}

// valid checks the UIDs of a row.
func (b *builder) valid(r *Row, at func(string) string) bool {
	ok := true
	for _, u := range []struct{ field, value string }{
		{"study.uid", r.Study.UID}, {"seriesUID", r.SeriesUID}, {"sopClass", r.SOPClass}, {"uid", r.UID},
	} {
		if !dicomweb.ValidUID(u.value) {
			b.add(CodeBadUID, at(u.field), uidRule)
			ok = false
		}
	}
	return ok
}

// samePatient checks that a row is of the study and of the patient of the rows
// before.
func (b *builder) samePatient(r *Row, at func(string) string) {
	if r.Study.UID != b.m.Study.UID {
		b.add(CodeSeveralStudies, at("study.uid"), "is another study than that of the rows before")
	}
	a := &b.m.Archive
	switch {
	case r.PatientID != "" && a.PatientID != "" && r.PatientID != a.PatientID:
		b.add(CodeSeveralPatients, at("patientID"), "is another patient than that of the rows before")
	case r.Issuer != "" && a.Issuer != "" && r.Issuer != a.Issuer:
		b.add(CodeSeveralPatients, at("issuer"), "assigned the number of another patient than that of the rows before")
	case !r.BirthDate.IsZero() && !a.BirthDate.IsZero() && r.BirthDate != a.BirthDate:
		b.add(CodeSeveralPatients, at("birthDate"), "is that of another patient than that of the rows before")
	}
}

// archive keeps what the archive says of the patient and of the order.
func (b *builder) archive(r *Row) {
	a := &b.m.Archive
	if a.PatientID == "" {
		a.PatientID = r.PatientID
	}
	if a.Issuer == "" {
		a.Issuer = r.Issuer
	}
	if a.BirthDate.IsZero() {
		a.BirthDate = r.BirthDate
	}
	if v := strings.TrimSpace(r.PatientName); v != "" && !slices.Contains(a.PatientNames, v) && len(a.PatientNames) < maxDetails {
		a.PatientNames = append(a.PatientNames, v)
	}
	if v := strings.TrimSpace(r.Accession); v != "" && !slices.Contains(a.Accessions, v) && len(a.Accessions) < maxDetails {
		a.Accessions = append(a.Accessions, v)
	}
}

// completeStudy takes what is not known yet.
func (b *builder) completeStudy(from *Study) {
	s := &b.m.Study
	if s.UID == "" {
		s.UID = from.UID
	} else if from == &b.Study && from.UID != "" && from.UID != s.UID {
		b.add(CodeSeveralStudies, "study.uid", "is another study than that of the rows")
		return
	}
	if s.ID == "" {
		s.ID = from.ID
	}
	if s.Date.IsZero() {
		s.Date = from.Date
	}
	if s.Time == "" {
		s.Time = from.Time
	}
	if s.Description == "" {
		s.Description = from.Description
	}
	if s.ReferringPhysician == "" {
		s.ReferringPhysician = from.ReferringPhysician
	}
}

// series opens a series.
func (b *builder) series(r *Row) Series {
	region := b.Region
	if region == nil {
		region = DefaultRegion
	}
	return Series{
		UID: r.SeriesUID, RetrieveLocationUID: string(b.RetrieveLocationUID), Region: region(*r, b.Report),
		RetrieveURL: strings.TrimRight(b.RetrieveBase, "/") + "/studies/" + r.Study.UID + "/series/" + r.SeriesUID,
	}
}

func completeSeries(s *Series, r *Row) {
	if s.Number == 0 {
		s.Number = r.SeriesNumber
	}
	if s.Modality == "" {
		s.Modality = r.Modality
	}
	if s.Description == "" {
		s.Description = r.SeriesDescription
	}
}

// selections gathers the notes of the rows and of the context, each once.
func (b *builder) selections(rows []Row) {
	all := slices.Clone(b.Notes)
	for i := range rows {
		if d := rows[i].Document; d != nil && d.Note != nil {
			all = append(all, d.Note)
		}
	}
	seen := map[string]bool{}
	for _, n := range all {
		if n == nil || seen[n.UID] {
			continue
		}
		seen[n.UID] = true
		b.notes = append(b.notes, n)
	}
	slices.SortStableFunc(b.notes, func(x, y *Note) int { return strings.Compare(x.UID, y.UID) })
}

// rejected are the instances that a rejection note names.
func (b *builder) rejected() map[string]bool {
	out := map[string]bool{}
	for _, n := range b.notes {
		if n.Rejects() {
			for _, r := range n.References {
				out[r.Instance] = true
			}
		}
	}
	return out
}

// keys marks the instances that key image notes of the study select.
func (b *builder) keys() {
	at, series := make(map[string]*Instance, b.m.Len()), make(map[string]string, b.m.Len())
	for ref, i := range b.m.All() {
		at[i.UID], series[i.UID] = i, ref.Series
	}
	for _, n := range b.notes {
		if n.Rejects() || n.Title.Code == TitleManifest {
			continue
		}
		home, listed := series[n.UID]
		if !listed || at[n.UID].SOPClass != SOPClass {
			b.warnings.add(WarnKey, "notes", "a key image note is not among the objects of the study: its images are not marked")
			continue
		}
		for _, r := range n.References {
			i := at[r.Instance]
			if i == nil {
				b.warnings.add(WarnKey, "notes", "a key image note selects an image that is not shared")
				continue
			}
			if slices.ContainsFunc(i.Keys, func(k Key) bool { return k.Note == n.UID }) {
				continue
			}
			i.Keys = append(i.Keys, Key{Note: n.UID, Series: home, Title: n.Title,
				Text: "Definition of key instance " + i.UID + " associated with series " + series[i.UID]})
		}
	}
}

// texts brings every text into the form and the length of its attribute.
func (b *builder) texts() {
	c := cleaner{warnings: &b.warnings, fold: b.FoldToLatin1}
	m := b.m
	c.text(&m.Manufacturer, "manufacturer", 64)
	c.text(&m.Institution.Name, "institution.name", 64-carets-len(m.Institution.ID))
	c.component(&m.Institution.Name, "institution.name")
	for _, t := range []struct {
		value *string
		field string
	}{
		{&m.Patient.BirthName, "birthName"}, {&m.Patient.FirstGivenName, "firstGivenName"}, {&m.Patient.GivenNames, "givenNames"},
		{&m.Patient.UsedName, "usedName"}, {&m.Patient.UsedGivenName, "usedGivenName"},
	} {
		c.identifier(t.value, "report.patient."+t.field, 64)
		c.component(t.value, "report.patient."+t.field)
	}
	if d := m.Patient.BirthDate; !d.Complete() {
		b.warnings.add(WarnBirthDate, "report.patient.birthDate", "is not complete: the manifest leaves it empty")
	}
	c.identifier(&m.Study.ID, "study.id", 16)
	c.identifier(&m.Study.ReferringPhysician, "study.referringPhysician", 64*5)
	c.identifier(&m.Study.Time, "study.time", 16)
	c.text(&m.Study.Description, "study.description", 64)
	c.text(&m.Act, "act", 1024)
	for i := range m.Orders {
		at := fmt.Sprintf("report.orders[%d]", i)
		c.identifier(&m.Orders[i].Accession.Extension, at+".accession.extension", 16)
		c.identifier(&m.Orders[i].Placer.Extension, at+".placer.extension", 64)
	}
	for i := range m.Series {
		at := fmt.Sprintf("series[%d].", i)
		c.text(&m.Series[i].Modality, at+"modality", 16)
		c.text(&m.Series[i].Region, at+"region", 64)
		m.Series[i].Region = inText(m.Series[i].Region)
		c.text(&m.Series[i].Description, at+"description", 64)
	}
	if v := m.Institution.Name; v == "" {
		m.Institution.Name = m.Institution.ID
	}
}
