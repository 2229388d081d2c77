package drim

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
)

// Receive takes a report message: publication, replacement, change of
// visibility, withdrawal. No error means that the archive holds the message,
// so that it is to be acknowledged (AA), whatever became of the publication:
// the outcome says so, and [Source.Resume] goes on with it. An error means that
// it does not (AE): what is wrong has to be corrected and the message sent
// again.
//
// Messages may come twice, late, or in the wrong order: what a report replaces,
// its version and the time of the message decide.
func (s *Source) Receive(ctx context.Context, m *ReportMessage) (*Outcome, error) {
	if m == nil {
		return nil, &segur.Error{Op: opReceive, Kind: segur.KindInvalidInput, Message: "no message"}
	}
	r := Report{CDA: m.CDA, Action: m.Action, Flags: m.Flags, Status: m.Patient.Status, Attributes: m.Patient.Attributes,
		LocalIDs: localIdentifiers(m.PatientIDs), Sender: m.Sender, Sent: told(m.Sent, m.Action == ActionDelete)}
	return s.receive(ctx, &r, m)
}

// Act is [Source.Receive] or [Source.ImagesChanged], as the message asks for:
// what [MessageReader.Handler] and [ServeMLLP] need. No error means that the
// archive has the message.
func (s *Source) Act(ctx context.Context, m Message) error {
	var err error
	switch m := m.(type) {
	case *ReportMessage:
		_, err = s.Receive(ctx, m)
	case *ImageChange:
		_, err = s.ImagesChanged(ctx, m)
	default:
		err = &segur.Error{Op: opReceive, Kind: segur.KindInvalidInput, Message: "is no message that a source acts on"}
	}
	return err
}

// ReceiveReport is [Source.Receive] for a report that comes without a message.
func (s *Source) ReceiveReport(ctx context.Context, r Report) (*Outcome, error) {
	if r.Sent.IsZero() {
		r.Sent = s.cfg.Clock()
	}
	return s.receive(ctx, &r, nil)
}

func (s *Source) receive(ctx context.Context, r *Report, m *ReportMessage) (*Outcome, error) {
	e, header, err := s.event(r, m)
	if err != nil {
		return nil, err
	}
	var about []string // studies of the report
	for i := range header.Services {
		if uid := string(header.Services[i].StudyUID); uid != "" && !slices.Contains(about, uid) {
			about = append(about, uid)
		}
	}
	if len(about) == 0 && !e.withdraw {
		return nil, sourceError(opReceive, segur.KindInvalidInput, CodeNoStudy, "the report names no study")
	}
	effects, err := s.file(ctx, e, header, about)
	if err != nil {
		return nil, err
	}
	out := &Outcome{}
	for _, uid := range slices.Sorted(maps.Keys(effects)) {
		out.Studies = append(out.Studies, s.after(ctx, uid, effects[uid]))
	}
	return out, nil
}

// filed is what became of a message in one study, and whether something
// remains to be done.
type filed struct {
	effect Effect
	open   bool
}

// after settles a study that changed, and tells where one that did not stands.
func (s *Source) after(ctx context.Context, uid string, f filed) StudyOutcome {
	o := s.settle(ctx, uid, f.open && !s.cfg.Deferred)
	o.Effect = f.effect
	return o
}

// event reads a report and says what it asks for.
func (s *Source) event(r *Report, m *ReportMessage) (reportEvent, segur.DocumentHeader, error) {
	var header segur.DocumentHeader
	e := reportEvent{withdraw: r.Action == ActionDelete, sent: r.Sent}
	switch {
	case len(r.CDA) > 0:
		var err error
		if header, err = s.cfg.ReadReport(bytes.NewReader(r.CDA)); err != nil {
			return e, header, &segur.Error{Op: opReceive, Kind: segur.KindInvalidInput, Code: CodeNoReport, Message: "the report cannot be read", Help: helpOf(CodeNoReport), Err: err}
		}
		e.id, e.version, e.created = xds.UniqueID(header.ID), header.Version, header.Created.Time
		if header.Replaces != (segur.Identifier{}) {
			e.replaces = xds.UniqueID(header.Replaces)
		}
	case !e.withdraw:
		return e, header, sourceError(opReceive, segur.KindInvalidInput, CodeNoReport, "the message holds no report")
	}
	if m != nil && e.id == "" && m.DocumentID != (segur.Identifier{}) {
		e.id = xds.UniqueID(m.DocumentID)
	}
	if m != nil && e.replaces == "" && m.ReplacedID != (segur.Identifier{}) {
		e.replaces = xds.UniqueID(m.ReplacedID)
	}
	if e.id == "" {
		return e, header, sourceError(opReceive, segur.KindInvalidInput, CodeNoReport, "the report has no identifier")
	}
	if e.id == e.replaces {
		e.replaces = ""
	}
	e.actor = actorOf(r.Sender, header, r.Flags.SecretConnection == Yes)
	e.sent, e.hides = s.believed(e.sent), r.Flags.Visibility()
	e.orphan = r.Action == ActionReplace && e.replaces == ""
	if m != nil && e.withdraw && m.DocumentID != (segur.Identifier{}) && xds.UniqueID(m.DocumentID) != e.id {
		return e, header, sourceError(opReceive, segur.KindRefused, CodeCrossCheck, "the message and the report it bears do not name the same document",
			segur.Detail{Field: "TXA-12", Code: "R26", Message: "is not the identifier of the document"})
	}
	if e.withdraw {
		return e, header, nil
	}
	if err := s.checkReport(r, header, m); err != nil {
		return e, header, err
	}
	e.otherPerson = func(b *ReportBasis) bool {
		before, err := s.cfg.ReadReport(bytes.NewReader(b.CDA))
		return err == nil && otherPerson(before, header)
	}
	if r.Flags.ToDMP == Yes {
		ins, _ := insOf(header)
		e.basis = &ReportBasis{Matricule: ins.Matricule(), Authority: ins.Authority(), Digest: basisDigest(r.CDA, r.Flags, r.LocalIDs), CDA: r.CDA, Flags: r.Flags, Actor: e.actor,
			LocalIDs: r.LocalIDs, Arrived: s.cfg.Clock()}
	}
	return e, header, nil
}

// told is the time that a message says; none in the hour that the clocks repeat
// in autumn when it gives no offset: which of the two it is, nobody knows. A
// withdrawal that gives no second is as late as it may be: it is not to lose
// against a publication of the same minute.
func told(sent segur.Timestamp, withdraws bool) time.Time {
	t := sent.Time
	if sent.NoOffset {
		const clock = time.DateTime
		for _, other := range []time.Time{t.Add(-time.Hour), t.Add(time.Hour)} {
			if other.Format(clock) == t.Format(clock) {
				return time.Time{}
			}
		}
	}
	if !withdraws || t.IsZero() {
		return t
	}
	switch sent.Precision {
	case segur.ToMinute:
		t = t.Add(time.Minute - time.Second)
	case segur.ToHour:
		t = t.Add(time.Hour - time.Second)
	case segur.ToDay:
		t = t.AddDate(0, 0, 1).Add(-time.Second)
	case segur.ToMonth, segur.ToYear:
		return time.Time{}
	}
	return t
}

// believed is the time of a message, unless its clock is ahead: that must not
// make all that follows look late.
func (s *Source) believed(sent time.Time) time.Time {
	if s.cfg.Clock().Add(24 * time.Hour).Before(sent) {
		return time.Time{}
	}
	return sent
}

// otherPerson reports whether two versions of a report are about two persons:
// another INS; without one, another local number of one authority, or another
// date of birth.
func otherPerson(a, b segur.DocumentHeader) bool {
	before, known := insOf(a)
	now, ok := insOf(b)
	if known && ok {
		return before != now
	}
	for _, x := range localIdentifiers(a.PatientIDs) {
		for _, y := range localIdentifiers(b.PatientIDs) {
			if x.Root == y.Root {
				return x.Extension != y.Extension
			}
		}
	}
	x, y := a.Patient.BirthDate, b.Patient.BirthDate
	return x.Complete() && y.Complete() && x != y
}

// checkReport refuses a report that nothing but another message can help.
func (s *Source) checkReport(r *Report, h segur.DocumentHeader, m *ReportMessage) error {
	if r.Flags.ToDMP == Yes {
		_, ok := insOf(h)
		switch {
		case !r.Status.Qualified() || r.Attributes.Blocking():
			return sourceError(opReceive, segur.KindInvalidInput, CodeNotQualified, "the identity is not qualified: the images are not published",
				unqualified(r.Status, r.Attributes)...)
		case !ok:
			return sourceError(opReceive, segur.KindInvalidInput, CodeNotQualified, "the report holds no INS that is valid",
				segur.Detail{Field: "PID-3", Code: AckNoINS, Message: "no INS"})
		}
		if ins, _ := insOf(h); !s.cfg.Environment.AcceptsINS(ins.Authority()) {
			return sourceError(opReceive, segur.KindInvalidInput, CodeNotQualified, "the environment refuses the authority of the INS")
		}
	}
	return s.coherent(opReceive, Objects{Report: &h, Message: m})
}

// insOf is the INS of a report.
func insOf(h segur.DocumentHeader) (segur.INS, bool) {
	for _, id := range h.PatientIDs {
		if !segur.IsINSAuthority(id.Root) {
			continue
		}
		ins, err := segur.ParseINS(id.Extension, id.Root)
		return ins, err == nil
	}
	return segur.INS{}, false
}

// file takes an event into the archive, for each study that it is about or was
// about: what follows comes after all of that is written.
func (s *Source) file(ctx context.Context, e reportEvent, header segur.DocumentHeader, about []string) (map[string]filed, error) {
	ids := []string{e.id}
	if e.replaces != "" {
		ids = append(ids, e.replaces)
		slices.Sort(ids)
	}
	studies := slices.Clone(about)
	// Two messages about one report are taken one after the other, whatever
	// their studies.
	for _, id := range ids {
		unlock, err := s.cfg.Archive.Lock(ctx, ReportKey(id))
		if err != nil {
			return nil, err
		}
		defer unlock()
	}
	outdated := false
	for _, id := range ids {
		found, err := s.cfg.Archive.Studies(ctx, ReportKey(id))
		if err != nil {
			return nil, err
		}
		for _, uid := range found {
			a, err := s.cfg.Archive.Load(ctx, uid)
			switch {
			case segur.KindOf(err) == segur.KindNotFound:
				continue
			case err != nil:
				return nil, err
			}
			r := a.report(id)
			if r == nil {
				continue // a key for nothing
			}
			if id == e.id && r.current() != id && !e.withdraw {
				outdated = true
			}
			if !slices.Contains(studies, uid) {
				studies = append(studies, uid)
			}
		}
	}
	if len(studies) == 0 {
		return nil, sourceError(opReceive, segur.KindNotFound, CodeUnknownReport, "the report that is withdrawn is not known, and the message does not say of which study it is",
			segur.Detail{Field: "TXA-12", Code: AckWrongVersion, Message: "names no report that is known"})
	}
	slices.Sort(studies)
	effects := map[string]filed{}
	for _, uid := range studies {
		one := e
		if (outdated || !slices.Contains(about, uid)) && !e.withdraw {
			one.withdraw, one.displaced = true, true
		}
		f, err := s.fileOne(ctx, one, header, uid, outdated)
		if err != nil {
			return nil, err
		}
		if outdated {
			f.effect = Outdated
		}
		effects[uid] = f
	}
	return effects, nil
}

// fileOne files an event of one study. outdated: a later version of the report
// is known, of this study or of another one; the event then ends what it
// replaces and begins nothing.
func (s *Source) fileOne(ctx context.Context, e reportEvent, header segur.DocumentHeader, uid string, outdated bool) (filed, error) {
	return s.change(ctx, uid, func(a *ArchivedStudy) (Effect, error) {
		if outdated && a.report(e.id) == nil && a.report(e.replaces) == nil {
			return Repeated, nil // nothing to file
		}
		if !e.withdraw && a.Images.EmptyAt > 0 && a.report(e.id) == nil {
			a.Images.EmptyAt = 0 // another version: the image archive is asked again
		}
		effect, err := a.apply(e)
		if err == nil && effect == Applied && !e.withdraw {
			for _, o := range header.Orders {
				if n := o.Accession.Extension; n != "" && !slices.Contains(a.Accessions, n) {
					a.Accessions = append(a.Accessions, n)
				}
			}
		}
		return effect, err
	})
}

// change loads a study, changes it, and saves it when something changed.
func (s *Source) change(ctx context.Context, uid string, f func(*ArchivedStudy) (Effect, error)) (filed, error) {
	unlock, err := s.cfg.Archive.Lock(ctx, uid)
	if err != nil {
		return filed{}, err
	}
	defer unlock()
	a, err := s.load(ctx, uid)
	if err != nil {
		return filed{}, err
	}
	effect, err := f(a)
	if err != nil || effect == Repeated && !a.linked {
		return filed{effect: effect}, err
	}
	open := effect == Applied || a.linked
	if open {
		a.Open, a.Trouble = true, nil
	}
	return filed{effect, open}, s.save(ctx, a)
}

// load is what is known of a study, empty when nothing is.
func (s *Source) load(ctx context.Context, uid string) (*ArchivedStudy, error) {
	a, err := s.cfg.Archive.Load(ctx, uid)
	switch {
	case segur.KindOf(err) == segur.KindNotFound:
		return &ArchivedStudy{StudyUID: uid}, nil
	case err != nil:
		return nil, asSegur(opArchive, segur.KindUnavailable, "the archive cannot be read", err)
	}
	return a, nil
}

// save writes a step. What was done is written even when the caller has gone.
func (s *Source) save(ctx context.Context, a *ArchivedStudy) error {
	a.Revision++
	if err := s.cfg.Archive.Save(context.WithoutCancel(ctx), a); err != nil {
		a.Revision--
		return asSegur(opArchive, segur.KindUnavailable, "the archive cannot be written", err)
	}
	return nil
}
