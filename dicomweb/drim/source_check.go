package drim

import (
	"github.com/segur-sdk/segur"
	"slices"
)

// coherent refuses objects that contradict each other: see [CrossCheck].
func (s *Source) coherent(op string, o Objects, required ...string) error {
	o.Guard, o.WarnOnly = s.cfg.Guard, s.cfg.WarnOnly
	if o.Guard == nil {
		o.Guard = func(string) error { return nil }
	}
	err := CrossCheck(o).MayPublish(required...)
	if err == nil {
		return nil
	}
	e := *asSegur(op, segur.KindRefused, "the objects of the exam contradict each other", err)
	e.Op = op
	return &e
}

// structures are those in whose name the source publishes: that of the actor, and
// those of the configuration.
func (s *Source) structures(a Actor) []string {
	out := []string{a.Structure().ID}
	if o := s.cfg.Entry.AuthorInstitution; o != nil {
		out = append(out, o.ID)
	}
	if d := s.cfg.Device; d != nil && d.Professional.Organization != nil {
		out = append(out, d.Professional.Organization.ID)
	}
	return out
}

// samePatient refuses a change of images that is about somebody else than the
// report of the study. What names nobody passes, and so does a study without
// report.
func (s *Source) samePatient(a *ArchivedStudy, ins segur.INS, ids []segur.Identifier) error {
	want := a.wanted()
	if want == nil {
		return nil
	}
	b, err := s.basis(want)
	if err != nil {
		return err
	}
	wrong := sourceError(opReceive, segur.KindConflict, CodeWrongPatient, "the change of images is about another patient than the report of the study",
		segur.Detail{Field: "PID-3", Code: AckOtherINS, Message: "is not the patient of the report"})
	if !ins.IsZero() {
		if ins != b.ins {
			return wrong
		}
		return nil
	}
	known := append(localIdentifiers(b.header.PatientIDs), want.Basis.LocalIDs...)
	local := localIdentifiers(ids)
	if slices.ContainsFunc(local, func(id segur.Identifier) bool { return hasID(known, id.Extension) }) {
		return nil
	}
	if len(local) > 0 && len(known) > 0 {
		return wrong
	}
	return nil
}
