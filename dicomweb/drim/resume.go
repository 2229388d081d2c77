package drim

import (
	"context"
	"iter"
	"slices"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
)

// Resume goes on with what a crash, an outage or an image archive that had no
// images yet left undone, as far as it is due. Call it when the program starts,
// and every minute or so. With an error the outcome tells of the studies that it
// did not concern, if any.
func (s *Source) Resume(ctx context.Context) (*Outcome, error) {
	return s.resume(ctx, func(t *Trouble) bool {
		now := s.cfg.Clock() // which may have been set back since
		return t == nil || !now.Before(t.NotBefore) || now.Before(t.At)
	})
}

// Retry goes on with one study now, due or not: once what was refused is
// corrected.
func (s *Source) Retry(ctx context.Context, studyUID string) (StudyOutcome, error) {
	a, err := s.cfg.Archive.Load(ctx, studyUID)
	if err != nil {
		return StudyOutcome{}, err
	}
	return s.settle(ctx, a.StudyUID, true), nil
}

// Republish publishes the manifest of a study anew, as if the one before had
// been withdrawn: for a study that is refused with [CodePreviousGone], when a
// person has decided that the images are to be shared again. That person makes
// sure that the record does not have the former one: this does not remove it.
func (s *Source) Republish(ctx context.Context, studyUID string) (*Outcome, error) {
	return s.images(ctx, studyUID, func(a *ArchivedStudy) (Effect, error) {
		p := a.Published
		if p == nil || a.Trouble == nil || !a.Trouble.Refused {
			return 0, sourceError(opReceive, segur.KindConflict, "", "the study is not refused, or has no manifest in the record")
		}
		if !p.Withdrawn {
			p.Withdrawing, p.Withdrawn, p.WithdrawnAt = false, true, s.cfg.Clock()
		}
		return Applied, nil
	})
}

// Pending tells the studies of which something remains to be done, and why.
func (s *Source) Pending(ctx context.Context) (*Outcome, error) {
	return s.resume(ctx, func(*Trouble) bool { return false })
}

// Month gives the studies of which the manifest was published, for the last
// time, in a month (UTC), those that were withdrawn since included: what the
// monthly archive of the source is made of.
func (s *Source) Month(ctx context.Context, year int, month time.Month) iter.Seq2[*ArchivedStudy, error] {
	return func(yield func(*ArchivedStudy, error) bool) {
		studies, err := s.cfg.Archive.Studies(ctx, MonthKey(year, month))
		if err != nil {
			yield(nil, err)
			return
		}
		for _, uid := range studies {
			a, err := s.cfg.Archive.Load(ctx, uid)
			if segur.KindOf(err) == segur.KindNotFound || err == nil && !slices.Contains(a.Keys(), MonthKey(year, month)) {
				continue // a key for nothing, or of another month since
			}
			if !yield(a, err) || err != nil {
				return
			}
		}
	}
}

func (s *Source) resume(ctx context.Context, due func(*Trouble) bool) (*Outcome, error) {
	studies, damaged := s.cfg.Archive.Unfinished(ctx)
	if damaged != nil && len(studies) == 0 {
		return nil, damaged
	}
	out := &Outcome{}
	for _, uid := range studies {
		if err := ctx.Err(); err != nil {
			e := transport.ContextError(opSource, err)
			e.Message += ": studies remain"
			return out, e
		}
		a, err := s.cfg.Archive.Load(ctx, uid)
		switch {
		case segur.KindOf(err) == segur.KindNotFound: // listed, and not yet written: nobody was told that it was
			continue
		case err != nil:
			t := s.trouble(nil, err)
			out.Studies = append(out.Studies, StudyOutcome{StudyUID: uid, State: StateRefused, Trouble: t})
			continue
		case !a.Open:
			continue
		}
		if due(a.Trouble) {
			out.Studies = append(out.Studies, s.settle(ctx, uid, true))
		} else {
			out.Studies = append(out.Studies, outcomeOf(a))
		}
	}
	return out, damaged
}
