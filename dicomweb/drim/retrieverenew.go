package drim

import (
	"context"
	"slices"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb/kos"
)

// renew asks the record for the current manifest of the exam; false: there is
// nothing more to fetch.
func (r *retrieving) renew(ctx context.Context, e *examRun) bool {
	next, err := r.c.current(ctx, e.current, r.req.Exams)
	r.mu.Lock()
	defer r.mu.Unlock()
	e.searched = true
	switch {
	case err != nil:
		e.err = err
		for _, it := range e.items {
			if it.State == ImageMissing {
				it.Err = err
			}
		}
		return false
	case next == nil:
		e.withdrawn = true
		gone := consumerError(opImages, segur.KindNotFound, CodeExamWithdrawn, "the record no longer has a manifest of the exam")
		for _, it := range e.items {
			if it.State == ImageMissing {
				it.State, it.Err = ImageGone, gone
			}
		}
		return false
	case next.Manifest.UID == e.current.Manifest.UID:
		return true // it is the current one: the source lost images, not the exam
	}
	before, old := e.current, e.items
	e.replaced = before.Manifest.UID
	e.use(next)
	for ref := range next.Manifest.All() {
		if was := old[ref.Instance]; was == nil || was.Ref != ref {
			e.added = append(e.added, ref)
		}
	}
	for ref := range before.Manifest.All() {
		if is := e.items[ref.Instance]; is == nil || is.Ref != ref {
			e.dropped = append(e.dropped, DroppedImage{Ref: ref, Given: old[ref.Instance].State == ImageReceived})
		}
	}
	return true
}

// current opens the manifest that the record has now for the exam: the same one,
// a later one, or nil when there is none.
func (c *Consumer) current(ctx context.Context, o *OpenedExam, others []*OpenedExam) (*OpenedExam, error) {
	q := ExamQuery{Patient: o.Exam.patient, FormerINS: o.Exam.former, StudyUID: segur.OID(o.Manifest.Study.UID), WithoutReports: true}
	found, err := c.Exams(ctx, q)
	if err != nil {
		return nil, err
	}
	var candidates []*Exam
	for _, e := range found {
		if e.Manifest.UniqueID == o.Manifest.UID {
			return o, nil
		}
		if !slices.ContainsFunc(others, func(x *OpenedExam) bool { return x.Manifest.UID == e.Manifest.UniqueID }) {
			candidates = append(candidates, e)
		}
	}
	// Another site may share the same study, from the same host too when one
	// operator serves both: the versions of one manifest have the same series. Where
	// none has, the latest of the same establishment and the same source counts.
	slices.SortStableFunc(candidates, func(a, b *Exam) int { return b.Manifest.Created.Time.Compare(a.Manifest.Created.Time) })
	var failed error
	var likely *OpenedExam
	for _, e := range candidates {
		next, err := c.Open(ctx, e)
		if err != nil {
			failed = err
			continue
		}
		if next.Manifest.SeriesUID == o.Manifest.SeriesUID {
			next.Exam.Reports = o.Exam.Reports
			return next, nil
		}
		if likely == nil && sameInstitution(next.Manifest, o.Manifest) && sameHosts(next.Manifest, o.Manifest) {
			likely = next
		}
	}
	if likely == nil || failed != nil { // what cannot be read may be the next version
		return nil, failed
	}
	likely.Exam.Reports = o.Exam.Reports
	return likely, nil
}

// sameInstitution reports whether two manifests may be of one establishment.
func sameInstitution(a, b *kos.Manifest) bool {
	return a.Institution.ID == "" || b.Institution.ID == "" || a.Institution.ID == b.Institution.ID
}

// sameHosts reports whether two manifests have a source in common.
func sameHosts(a, b *kos.Manifest) bool {
	host := func(s *kos.Series) string {
		p := place{base: s.Base()}
		_ = p.parse()
		return p.host
	}
	hosts := map[string]bool{}
	for i := range a.Series {
		hosts[host(&a.Series[i])] = true
	}
	return slices.ContainsFunc(b.Series, func(s kos.Series) bool {
		h := host(&s)
		return h != "" && hosts[h]
	})
}
