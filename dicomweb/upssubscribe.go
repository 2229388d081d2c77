package dicomweb

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/segur-sdk/segur"
)

// Subscriptions to more than one workitem (PS3.4 CC.2.3.1).
const (
	// UPSAll is the UID that stands for all workitems.
	UPSAll = "1.2.840.10008.5.1.4.34.5"
	// UPSFiltered is the UID that stands for those that match keys.
	UPSFiltered = "1.2.840.10008.5.1.4.34.5.1"
)

// Subscription says whose events an application wants.
type Subscription struct {
	// AETitle names the application: 1 to 16 characters.
	AETitle string
	// Workitem is the UID of a workitem, [UPSAll], or [UPSFiltered].
	Workitem string
	// Match are the keys of UPSFiltered.
	Match []Match
	// DeletionLock asks that workitems be kept, once ended, until the
	// subscription to them ends.
	DeletionLock bool
}

// Subscribe subscribes an application to the events of a workitem, of all, or
// of those that match keys (PS3.18 11.9). The answer's URL is where the events of
// all subscriptions of the application come from: see [Client.OpenEvents].
// [CodeDeletionLockDenied] among the warnings: the subscription is made without
// the lock.
func (c *Client) Subscribe(ctx context.Context, s Subscription) (*WorkitemAnswer, error) {
	var p segur.Problems
	s.check(&p)
	if err := p.Err(opUPSSubscribe); err != nil {
		return nil, err
	}
	keys := matchKeys(s.Match)
	if s.DeletionLock {
		keys = append(keys, "deletionlock=true")
	}
	resource := s.resource()
	if len(keys) > 0 {
		resource += "?" + strings.Join(keys, "&")
	}
	return c.upsAct(ctx, opUPSSubscribe, http.MethodPost, resource, s.Workitem, nil, http.StatusCreated, http.StatusOK)
}

// Unsubscribe ends a subscription (PS3.18 11.11). Match and DeletionLock have no
// meaning in it.
func (c *Client) Unsubscribe(ctx context.Context, s Subscription) error {
	s.Match = nil
	var p segur.Problems
	s.checkTarget(&p)
	if err := p.Err(opUPSSubscribe); err != nil {
		return err
	}
	_, err := c.upsAct(ctx, opUPSSubscribe, http.MethodDelete, s.resource(), s.Workitem, nil, http.StatusOK, http.StatusNoContent)
	return err
}

// SuspendSubscription ends a subscription to all or to filtered workitems for
// those to come; the subscriptions to workitems that it brought stay (PS3.18
// 11.10).
func (c *Client) SuspendSubscription(ctx context.Context, s Subscription) error {
	var p segur.Problems
	s.checkTarget(&p)
	if s.Workitem != UPSAll && s.Workitem != UPSFiltered {
		p.Add("subscription.workitem", "must be UPSAll or UPSFiltered: a subscription to one workitem is ended, not suspended")
	}
	if err := p.Err(opUPSSubscribe); err != nil {
		return err
	}
	_, err := c.upsAct(ctx, opUPSSubscribe, http.MethodPost, s.resource()+"/suspend", s.Workitem, nil, http.StatusOK, http.StatusNoContent)
	return err
}

func (s *Subscription) resource() string {
	return "/workitems/" + s.Workitem + "/subscribers/" + url.PathEscape(s.AETitle)
}

const aeTitleRule = "must be 1 to 16 characters of the default repertoire, not blank, without backslash"

func (s *Subscription) checkTarget(p *segur.Problems) {
	if !validAETitle(s.AETitle) {
		p.Add("subscription.aeTitle", aeTitleRule)
	}
	if !ValidUID(s.Workitem) {
		p.Add("subscription.workitem", uidRule)
	}
}

func (s *Subscription) check(p *segur.Problems) {
	s.checkTarget(p)
	if (s.Workitem == UPSFiltered) != (len(s.Match) > 0) {
		p.Add("subscription.match", "must hold keys for UPSFiltered, and for nothing else")
	}
	checkMatch(p, "subscription.match", s.Match)
}

// validAETitle is the VR AE (PS3.5 6.2).
func validAETitle(s string) bool {
	if s == "" || len(s) > 16 || strings.Trim(s, " .") == "" { // dots alone are a path
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' || r == '\\' })
}
