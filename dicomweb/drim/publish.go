package drim

import (
	"context"
	"time"

	"github.com/segur-sdk/segur"
)

// maxSteps bounds the steps of one pass over a study: a suspect, an attempt to
// settle, a withdrawal, a publication, and once more.
const maxSteps = 12

// maxRetryAfter bounds what a server that is busy may ask for.
const maxRetryAfter = 24 * time.Hour

// settle brings the record to what the archive says of a study, one step at a
// time, each written before the next one. act false tells where it stands.
func (s *Source) settle(ctx context.Context, uid string, act bool) StudyOutcome {
	o := StudyOutcome{StudyUID: uid, State: StatePending}
	unlock, err := s.cfg.Archive.Lock(ctx, uid)
	if err != nil {
		o.Trouble = s.trouble(nil, err)
		return o
	}
	defer unlock()
	a, err := s.load(ctx, uid)
	if err != nil {
		o.Trouble = s.trouble(nil, err)
		return o
	}
	if act && a.Open {
		if err := s.run(ctx, a); err != nil {
			o.Trouble = s.trouble(a.Trouble, err)
			a.Trouble = o.Trouble
			if failed := s.save(ctx, a); failed != nil {
				s.cfg.Logger.WarnContext(ctx, "drim: the archive cannot be written", "error", failed)
			}
		}
	}
	return outcomeOf(a)
}

func outcomeOf(a *ArchivedStudy) StudyOutcome {
	o := StudyOutcome{StudyUID: a.StudyUID, Trouble: a.Trouble}
	if p := a.Published; p != nil && !p.Withdrawn {
		o.ManifestUID = p.UID
	}
	switch {
	case a.Open && a.Trouble != nil && a.Trouble.Refused:
		o.State = StateRefused
	case a.Open:
		o.State = StatePending
	case o.ManifestUID != "":
		o.State = StatePublished
	case a.Published != nil:
		o.State = StateWithdrawn
	}
	return o
}

// run takes steps until nothing remains to be done, or one fails.
func (s *Source) run(ctx context.Context, a *ArchivedStudy) error {
	if err := s.suspects(ctx, a); err != nil {
		return err
	}
	for range maxSteps {
		done, err := s.step(ctx, a)
		if err != nil {
			return err
		}
		if !done {
			continue
		}
		if len(a.Suspects) > 0 {
			return sourceError(opSource, segur.KindOutcomeUnknown, CodeUnsettled, "a manifest that is no longer wanted may yet appear in the record")
		}
		a.Open, a.Trouble = false, nil
		return s.save(ctx, a)
	}
	return &segur.Error{Op: opSource, Kind: segur.KindProtocol, Message: "the study does not settle"}
}

// step takes the next step, and reports whether there was none.
func (s *Source) step(ctx context.Context, a *ArchivedStudy) (done bool, err error) {
	want := a.wanted()
	if a.Attempt != nil {
		return false, s.finish(ctx, a, want)
	}
	live := a.Published
	if live != nil && live.Withdrawn {
		live = nil
	}
	gone := a.Images.Removed || a.Images.EmptyAt > 0 && a.Images.EmptyAt == a.Images.Generation
	switch {
	case live != nil && live.Withdrawing:
		return false, s.remove(ctx, a)
	case want == nil && live == nil, gone && live == nil:
		return true, nil
	case want == nil:
		return false, s.withdraw(ctx, a, a.withdrawer())
	case gone:
		return false, s.withdraw(ctx, a, archived(live.Actor))
	}
	b, err := s.basis(want)
	if err != nil {
		return false, err
	}
	if live != nil {
		switch {
		case live.Matricule != b.ins.Matricule() || live.Authority != b.ins.Authority():
			if r := a.report(live.ReportID); r != nil && r != want && !r.Withdrawn && r.Basis != nil {
				// Two reports disagree: the images tell which one is wrong.
				if _, _, err := s.manifest(ctx, a, want, b, nil); err != nil {
					return false, err
				}
			}
			// Another person: what was published in the wrong record goes first.
			return false, s.withdraw(ctx, a, want.Basis.Actor)
		case live.Digest == a.digest(want) && live.Generation == a.Images.Generation:
			return true, nil
		}
	}
	return false, s.publish(ctx, a, want, b, live)
}

// archived is the actor of a change of images.
func archived(a Actor) Actor {
	a.FromArchive = true
	return a
}

// record opens the record in the name of an actor.
func (s *Source) record(ctx context.Context, a Actor) (Record, error) {
	r, err := s.cfg.Records(ctx, a)
	if err != nil {
		return nil, asSegur(opSource, segur.KindUnavailable, "the record cannot be opened in the name of the actor", err)
	}
	return r, nil
}

// withdraw decides that the published manifest is removed. It is written first:
// what comes next must not build on a manifest that may be gone.
func (s *Source) withdraw(ctx context.Context, a *ArchivedStudy, actor Actor) error {
	p := a.Published
	if actor.Professional().ID == "" {
		actor = archived(p.Actor)
	}
	p.Withdrawing, p.WithdrawnBy = true, actor
	return s.save(ctx, a)
}

// remove removes it (TD3.3c).
func (s *Source) remove(ctx context.Context, a *ArchivedStudy) error {
	p := a.Published
	ins, err := p.INS()
	if err != nil {
		return err
	}
	r, err := s.record(ctx, p.WithdrawnBy)
	if err != nil {
		return err
	}
	if err := s.takeOut(ctx, a, r, ins, p); err != nil {
		return err
	}
	p.Withdrawing, p.Withdrawn, p.WithdrawnAt = false, true, s.cfg.Clock()
	return s.save(ctx, a)
}

// takeOut takes a manifest out of the record. It may be done twice: that it is done
// is written first, so that an answer that tells nothing, the second time, is
// known to be about what was done the first time.
func (s *Source) takeOut(ctx context.Context, a *ArchivedStudy, r Record, ins segur.INS, p *Publication) error {
	before := p.RemovalSent
	if !before {
		p.RemovalSent = true
		if err := s.save(ctx, a); err != nil {
			p.RemovalSent = false
			return err
		}
	}
	err := r.Remove(ctx, ins, p.UID)
	switch {
	case before && asSegur(opSource, segur.KindUnknown, "", err).Code == "XDSMetadataUpdateError":
		return nil
	case err != nil && !before && definite(err):
		p.RemovalSent = false // nothing was done
	}
	return err
}

// finish settles a manifest that may have left: it is sent again when it is
// still wanted, and looked up when it is not.
func (s *Source) finish(ctx context.Context, a *ArchivedStudy, want *ArchivedReport) error {
	p := a.Attempt
	ins, err := p.INS()
	if err != nil {
		return err
	}
	r, err := s.record(ctx, p.Actor)
	if err != nil {
		return err
	}
	if want != nil && !a.Images.Removed && a.digest(want) == p.Digest && a.Images.Generation == p.Generation {
		receipt, err := r.Send(ctx, p.Sealed, true)
		if err == nil {
			return s.published(ctx, a, receipt.SubmissionSetID)
		}
		if !definite(err) {
			return err
		}
		s.suspect(a)
		if failed := s.save(ctx, a); failed != nil {
			return failed
		}
		return err
	}
	switch _, err := r.Lookup(ctx, ins, p.UID); {
	case err == nil:
		return s.published(ctx, a, "")
	case segur.KindOf(err) == segur.KindNotFound:
		s.suspect(a)
		return s.save(ctx, a)
	default:
		return err
	}
}

// published makes the attempt the published manifest.
func (s *Source) published(ctx context.Context, a *ArchivedStudy, set string) error {
	if old := a.Published; old != nil {
		a.Former = append(a.Former, FormerManifest{UID: old.UID, Number: old.Number, At: old.At})
	}
	p := a.Attempt
	p.Sealed, p.SubmissionSetID, p.At = nil, set, s.cfg.Clock()
	a.Published, a.Attempt = p, nil
	return s.save(ctx, a)
}

// suspect gives an attempt up that may have left.
func (s *Source) suspect(a *ArchivedStudy) {
	p := *a.Attempt
	p.Sealed = nil
	a.Suspects = append(a.Suspects, Suspect{Publication: p, Since: s.cfg.Clock(), Published: a.publishedUID()})
	a.Attempt = nil
}

// suspects looks for manifests that were given up: one that appeared before
// another took its place is taken for published, one that appeared after is
// removed.
func (s *Source) suspects(ctx context.Context, a *ArchivedStudy) error {
	for i := 0; i < len(a.Suspects); {
		p := a.Suspects[i].Publication
		ins, err := p.INS()
		if err != nil {
			return err
		}
		r, err := s.record(ctx, p.Actor)
		if err != nil {
			return err
		}
		_, err = r.Lookup(ctx, ins, p.UID)
		switch {
		case segur.KindOf(err) == segur.KindNotFound && s.cfg.Clock().Sub(a.Suspects[i].Since) < s.cfg.SettleTime:
			i++
			continue
		case segur.KindOf(err) == segur.KindNotFound:
		case err != nil:
			return err
		case a.Attempt == nil && a.publishedUID() == a.Suspects[i].Published:
			a.Suspects = append(a.Suspects[:i:i], a.Suspects[i+1:]...)
			a.Attempt = &p
			if err := s.published(ctx, a, ""); err != nil {
				return err
			}
			continue
		default:
			if err := s.takeOut(ctx, a, r, ins, &a.Suspects[i].Publication); err != nil && segur.KindOf(err) != segur.KindConflict {
				return err
			}
		}
		a.Suspects = append(a.Suspects[:i:i], a.Suspects[i+1:]...)
		if err := s.save(ctx, a); err != nil {
			return err
		}
	}
	return nil
}

// definite reports whether the record has refused a submission, so that
// nothing was registered.
func definite(err error) bool {
	e := asSegur(opSource, segur.KindUnknown, "", err)
	if e.Code == "XDSDuplicateUniqueIdInRegistry" {
		return false // it has the manifest, however it came: the next try looks it up
	}
	switch e.Kind {
	case segur.KindInvalidInput, segur.KindRefused, segur.KindAuthorization, segur.KindNotFound, segur.KindConflict, segur.KindTooLarge:
		return true
	}
	return false
}

// trouble says why a study is not settled, and when it is tried again.
func (s *Source) trouble(before *Trouble, err error) *Trouble {
	e := asSegur(opSource, segur.KindUnavailable, "a step failed", err)
	now := s.cfg.Clock()
	t := &Trouble{Code: e.Code, Kind: e.Kind, Message: e.Message, Details: e.Details, Since: now, At: now, Tries: 1}
	if known, ok := errorCodes[e.Code]; ok {
		t.Refused = !known.again
	} else {
		switch e.Kind {
		case segur.KindInvalidInput, segur.KindRefused, segur.KindAuthorization, segur.KindConflict, segur.KindTooLarge, segur.KindAuthentication,
			segur.KindNotFound:
			t.Refused = true
		}
	}
	if before != nil {
		t.Tries = before.Tries + 1
		if before.Code == t.Code && before.Kind == t.Kind {
			t.Since = before.Since
		}
	}
	wait := s.cfg.RetryMin << min(t.Tries-1, 20)
	if t.Refused || wait > s.cfg.RetryMax || wait <= 0 {
		wait = s.cfg.RetryMax
	}
	t.NotBefore = now.Add(max(wait, min(e.RetryAfter, maxRetryAfter)))
	return t
}
