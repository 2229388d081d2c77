package drim

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
)

// reportEvent is what a message says of a report.
type reportEvent struct {
	withdraw bool
	// displaced: the report goes on, about other studies than this one.
	displaced bool
	// id is the version that the message is about, replaces the one before.
	id, replaces string
	version      int
	created      time.Time
	// sent is the time of the message; zero when it does not say.
	sent  time.Time
	actor Actor
	// hides are those from whom it is hidden.
	hides []xds.Visibility
	// basis is nil when the version is not for the record.
	basis *ReportBasis
	// otherPerson tells whether a former basis is about another person.
	otherPerson func(*ReportBasis) bool
	// orphan: it replaces a report, and does not say which.
	orphan bool
}

// basisDigest tells one basis from another. The sender is not part of it: the
// same report sent again by somebody else is the same report.
func basisDigest(cda []byte, f Flags, localIDs []segur.Identifier) string {
	h := sha256.New()
	_, _ = h.Write(cda)
	f.ToProfessionals, f.ToPatient, f.ReceptionReceipt, f.ReadReceipt, f.VisibilityChanged = 0, 0, 0, 0, 0
	b, _ := json.Marshal(struct {
		Flags Flags
		IDs   []segur.Identifier
	}{f, localIDs}) // cannot fail
	_, _ = h.Write(b)
	return hex.EncodeToString(h.Sum(nil))
}

func (r *ArchivedReport) current() string { return r.IDs[len(r.IDs)-1] }

// report returns the report of which a version has this identifier.
func (s *ArchivedStudy) report(id string) *ArchivedReport {
	if id == "" {
		return nil
	}
	for i := range s.Reports {
		if slices.Contains(s.Reports[i].IDs, id) {
			return &s.Reports[i]
		}
	}
	return nil
}

// earlier reports whether a was sent before b; what has no time is not.
func earlier(a, b time.Time) bool { return !a.IsZero() && !b.IsZero() && a.Before(b) }

// apply takes a message into the archive. Order is told by what replaces what,
// then by version, then by the times of the messages, never by arrival alone.
func (s *ArchivedStudy) apply(e reportEvent) (Effect, error) {
	switch adopted, err := s.adopt(&e); {
	case err != nil:
		return 0, err
	case adopted:
		return Outdated, nil
	}
	s.link(e.id, e.replaces)
	if e.basis != nil {
		e.basis = s.arrives(e)
	}
	return s.applyLinked(e)
}

// adopt finds the report that a version replaces without saying which: the only
// one of the study. When the version came first, it takes the report in that
// comes late, and the event changes nothing more.
func (s *ArchivedStudy) adopt(e *reportEvent) (adopted bool, err error) {
	if e.withdraw || s.report(e.id) != nil || s.report(e.replaces) != nil {
		return false, nil
	}
	var last *ArchivedReport
	live := 0
	for i := range s.Reports {
		if !s.Reports[i].Withdrawn {
			live, last = live+1, &s.Reports[i]
		}
	}
	switch {
	case e.orphan && live > 1:
		return false, sourceError(opReceive, segur.KindConflict, CodeUnknownReport, "the version replaces a report, does not say which, and the study has several",
			segur.Detail{Field: "TXA-13", Code: AckWrongVersion, Message: "is missing, and so is relatedDocument of the report"})
	case e.orphan && live == 1:
		e.replaces = last.current()
	case live == 1 && last.Orphan && last.newer(*e):
		last.IDs, last.Orphan = slices.Insert(last.IDs, 0, e.id), false
		return true, nil
	}
	return false, nil
}

// arrives gives a basis a time after those of the other reports, whatever the
// clock did since.
func (s *ArchivedStudy) arrives(e reportEvent) *ReportBasis {
	b := *e.basis
	for i := range s.Reports {
		if other := s.Reports[i].Basis; other != nil && other.Digest != b.Digest && !b.Arrived.After(other.Arrived) {
			b.Arrived = other.Arrived.Add(1)
		}
	}
	return &b
}

func (s *ArchivedStudy) applyLinked(e reportEvent) (Effect, error) {
	r := s.report(e.id)
	if r == nil {
		r = s.report(e.replaces)
	}
	switch {
	case r == nil:
		return s.begin(e), nil
	case e.withdraw:
		return r.withdraw(e)
	case e.id == r.current():
		return r.again(e), nil
	case slices.Contains(r.IDs, e.id):
		return Outdated, nil // it was replaced
	case e.replaces == r.current():
		if r.Withdrawn && earlier(e.sent, r.Sent) {
			r.remember(e.id)
			return Outdated, nil
		}
	case r.newer(e): // two versions replace the same one
		r.remember(e.id)
		return Outdated, nil
	}
	r.IDs = append(r.IDs, e.id)
	r.take(e)
	return Applied, nil
}

// link takes two reports for one when a version of the first replaces one of
// the second: what is between them came last.
func (s *ArchivedStudy) link(id, replaces string) {
	later, before := s.report(id), s.report(replaces)
	if later == nil || replaces == "" || later == before {
		return
	}
	s.linked = true
	if before == nil {
		later.IDs = slices.Insert(later.IDs, 0, replaces)
		return
	}
	if a, b := later.Basis, before.Basis; a != nil && b != nil && b.Matricule != "" && (a.Matricule != b.Matricule || a.Authority != b.Authority) {
		later.OtherPerson = append(later.OtherPerson, before.IDs...)
	} else {
		later.OtherPerson = append(later.OtherPerson, before.OtherPerson...)
	}
	later.IDs = append(slices.Clone(before.IDs), later.IDs...)
	if later.Basis == nil && !later.Withdrawn && !before.Withdrawn {
		later.Basis = before.Basis
	}
	gone := before.current()
	s.Reports = slices.DeleteFunc(s.Reports, func(r ArchivedReport) bool { return r.current() == gone })
}

// newer reports whether the report is newer than the event.
func (r *ArchivedReport) newer(e reportEvent) bool {
	switch {
	case r.Version != e.version && r.Version != 0 && e.version != 0:
		return r.Version > e.version
	case !r.Created.Equal(e.created) && !r.Created.IsZero() && !e.created.IsZero():
		return r.Created.After(e.created)
	}
	return earlier(e.sent, r.Sent)
}

// remember files a version that came too late, so that what it says is known.
func (r *ArchivedReport) remember(id string) {
	r.IDs = slices.Insert(r.IDs, len(r.IDs)-1, id)
}

// begin files a report of which nothing was known.
func (s *ArchivedStudy) begin(e reportEvent) Effect {
	r := ArchivedReport{}
	if e.replaces != "" {
		r.IDs = append(r.IDs, e.replaces)
	}
	r.IDs = append(r.IDs, e.id)
	if e.withdraw {
		r.Withdrawn, r.WithdrawnBy, r.Sent = true, e.actor, e.sent
		s.Reports = append(s.Reports, r)
		return Noted
	}
	r.take(e)
	r.Orphan = e.orphan && e.replaces == ""
	s.Reports = append(s.Reports, r)
	return Applied
}

// again takes a message about the current version.
func (r *ArchivedReport) again(e reportEvent) Effect {
	same := !r.Withdrawn && slices.Equal(e.hides, r.Hides) && (e.basis == nil) == (r.Basis == nil) && (e.basis == nil || e.basis.Digest == r.Basis.Digest)
	switch {
	case same:
		if earlier(r.Sent, e.sent) {
			r.Sent = e.sent
		}
		return Repeated
	case r.Withdrawn && (e.sent.IsZero() || !r.Sent.Before(e.sent)), earlier(e.sent, r.Sent), r.Version > e.version && e.version != 0:
		// What was withdrawn comes back only by a message that is later.
		return Outdated
	}
	r.take(e)
	return Applied
}

func (r *ArchivedReport) take(e reportEvent) {
	other := r.Basis != nil && e.otherPerson != nil && e.otherPerson(r.Basis)
	if other {
		r.OtherPerson = slices.DeleteFunc(slices.Clone(r.IDs), func(id string) bool { return id == e.id })
	}
	if r.Withdrawn {
		r.Basis = nil
	}
	r.Version, r.Created, r.Withdrawn, r.WithdrawnBy, r.Hides = e.version, e.created, false, Actor{}, e.hides
	if !e.sent.IsZero() {
		r.Sent = e.sent
	}
	switch {
	case e.basis != nil:
		r.Basis = e.basis
	case r.Basis != nil && other:
		r.Basis, r.WithdrawnBy = nil, e.actor
	}
}

// withdraw takes a withdrawal, or the version by which the report is no longer
// about this study.
func (r *ArchivedReport) withdraw(e reportEvent) (Effect, error) {
	known := slices.Contains(r.IDs, e.id)
	switch {
	case e.displaced && known, r.Withdrawn && e.id == r.current():
		return Repeated, nil
	case e.displaced && e.replaces != r.current() && r.newer(e):
		r.remember(e.id)
		return Outdated, nil
	case e.displaced:
	case earlier(e.sent, r.Sent):
		return Outdated, nil
	case known && e.id != r.current(), !known && e.replaces != r.current():
		return 0, sourceError(opReceive, segur.KindConflict, CodeUnknownReport, "the version that is withdrawn was replaced by another one",
			segur.Detail{Field: "TXA-12", Code: AckWrongVersion, Message: "is not the current version"})
	}
	if !known {
		r.IDs = append(r.IDs, e.id)
		r.Version, r.Created = e.version, e.created
	}
	r.Withdrawn, r.WithdrawnBy = true, e.actor
	if !e.sent.IsZero() {
		r.Sent = e.sent
	}
	return Applied, nil
}

// wanted is the report that the manifest is made of: the last one that is for
// the record. Nil: no report of the study is.
func (s *ArchivedStudy) wanted() *ArchivedReport {
	var out *ArchivedReport
	for i := range s.Reports {
		r := &s.Reports[i]
		if r.Withdrawn || r.Basis == nil {
			continue
		}
		if out == nil || !r.Basis.Arrived.Before(out.Basis.Arrived) {
			out = r
		}
	}
	return out
}

// withdrawer is who withdrew the last report, or made it that of another person.
func (s *ArchivedStudy) withdrawer() Actor {
	var out *ArchivedReport
	for i := range s.Reports {
		r := &s.Reports[i]
		if (r.Withdrawn || r.WithdrawnBy.Professional().ID != "") && (out == nil || !r.Sent.Before(out.Sent)) {
			out = r
		}
	}
	if out == nil {
		return Actor{}
	}
	return out.WithdrawnBy
}
