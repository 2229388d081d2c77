package dicomweb

import (
	"errors"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
)

// deliver sends items until each has an outcome.
func (s *storing) deliver(items []*item) {
	for attempt := 1; ; attempt++ {
		verdict := s.attempt(items)
		switch {
		case verdict.split && len(items) > 1:
			half := len(items) / 2
			s.deliver(items[:half])
			s.deliver(items[half:])
			return
		case verdict.apart && len(items) > 1:
			for _, it := range verdict.again {
				s.deliver([]*item{it})
			}
			return
		case len(verdict.again) == 0:
			if verdict.down != nil {
				s.end(verdict.down)
			}
			return
		}
		wait, ok := transport.Backoff(s.ctx, s.c.cfg.Retry, attempt, verdict.after)
		if attempt >= s.c.cfg.Retry.MaxAttempts || !ok || !s.c.http.MayRepeat() || transport.Pause(s.ctx, wait) != nil {
			if verdict.down != nil {
				s.end(verdict.down)
			}
			return
		}
		items = verdict.again
		for _, it := range items {
			it.result.Outcome, it.result.Reason, it.result.Err = Unaccounted, reasonNone, nil
		}
	}
}

// verdict is what follows an attempt.
type verdict struct {
	again []*item       // to be sent again
	after time.Duration // the time that the server named
	split bool          // the request was too large
	apart bool          // one of the contents cannot be sent: each goes alone
	down  error         // ends the call when the attempts do
}

// attempt sends items once and notes their outcomes.
func (s *storing) attempt(items []*item) (v verdict) {
	contents, sent := make([]segur.Content, len(items)), make([]InstanceResult, len(items))
	for i, it := range items {
		contents[i], sent[i] = it.content, it.result
	}
	result, err := s.c.store(s.ctx, s.o.Study, contents, sent, true)
	var e *segur.Error
	known := errors.As(err, &e)
	if result != nil {
		if v = s.answered(items, sent); known {
			v.after = e.RetryAfter
		}
		return v
	}
	if !known {
		e = &segur.Error{Op: opStore, Kind: segur.KindUnknown, Message: "the request failed", Err: err}
	}
	v.after = e.RetryAfter
	switch {
	case s.ctx.Err() != nil:
		outcome := NotSent
		if e.Kind == segur.KindOutcomeUnknown {
			outcome = Unaccounted
		}
		note(items, outcome, err)
	case e.Kind == segur.KindOutcomeUnknown:
		note(items, Unaccounted, err)
		missing, down := s.lookUp(items)
		v.again, v.down, v.apart = missing, down, errors.Is(err, segur.ErrInvalidInput)
		if v.apart && len(items) == 1 { // its content cannot be read to the end
			v.again = nil
			note(missing, Invalid, err)
		}
	case e.Kind == segur.KindTooLarge && len(items) > 1:
		v.split = true
	case e.Kind == segur.KindInvalidInput: // a content that could be read cannot be read any more
		note(items, Invalid, err)
		v.apart = true
		if len(items) > 1 {
			v.again = items
		}
	case e.Kind == segur.KindUnavailable || e.Kind == segur.KindRateLimited || e.Kind == segur.KindTimeout:
		note(items, NotSent, err)
		v.again, v.down = items, err
	case e.Kind == segur.KindRefused || e.Kind == segur.KindConflict || e.Kind == segur.KindTooLarge:
		// Some servers keep a part of what they refuse.
		note(items, Unaccounted, err)
		missing, _ := s.lookUp(items)
		note(missing, Failed, err)
	default: // who we are, where the service is: the same for all
		note(items, NotSent, err)
		s.end(err)
	}
	return v
}

// answered takes the outcomes over from an answer.
func (s *storing) answered(items []*item, sent []InstanceResult) (v verdict) {
	var doubtful []*item
	later := 0
	for i, it := range items {
		switch it.result = sent[i]; {
		case it.result.Outcome == Unaccounted:
			doubtful = append(doubtful, it)
		case it.result.Outcome == Failed && it.result.Reason.later():
			v.again = append(v.again, it)
			later++
		}
	}
	if later == len(items) {
		v.down = &segur.Error{Op: opStore, Kind: segur.KindUnavailable, Code: items[0].result.Reason.String(),
			Message: "the server takes no more instances", Help: items[0].result.Reason.Text()}
	}
	if len(doubtful) > 0 {
		missing, down := s.lookUp(doubtful)
		v.again = append(v.again, missing...)
		if down != nil {
			v.down = down
		}
	}
	return v
}

func note(items []*item, o StoreOutcome, err error) {
	for _, it := range items {
		it.result.Outcome, it.result.Err = o, err
	}
}

// lookUp asks the server for items whose outcome is not known and returns those
// that it does not list. down: it could not be asked, which leaves the outcomes
// unknown.
func (s *storing) lookUp(items []*item) (missing []*item, down error) {
	refs := make([]Ref, len(items))
	for i, it := range items {
		refs[i] = it.result.Ref
	}
	list, err := s.c.Missing(s.ctx, refs)
	if err != nil {
		for _, it := range items {
			if it.result.Err == nil {
				it.result.Err = err
			}
		}
		switch segur.KindOf(err) {
		case segur.KindUnavailable, segur.KindRateLimited, segur.KindTimeout, segur.KindAuthentication, segur.KindAuthorization:
			return nil, err
		}
		return nil, nil // a server that does not search
	}
	absent := make(map[string]bool, len(list))
	for _, r := range list {
		absent[r.Instance] = true
	}
	for _, it := range items {
		if absent[it.result.Ref.Instance] {
			missing = append(missing, it)
			continue
		}
		it.result.Outcome, it.result.Err = Found, nil
	}
	return missing, nil
}
