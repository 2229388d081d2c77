package dicomweb

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"path"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
)

const jsonType = "application/dicom+json"

// WorkitemAnswer is what the worklist service says of an act that succeeded.
type WorkitemAnswer struct {
	// UID is that of the workitem, which a server may choose in
	// [Client.CreateWorkitem].
	UID string
	// URL is where the service says the workitem is; for a subscription, where
	// events come from ([Client.OpenEvents]). May be empty.
	URL string
	// Warnings tell what the server changed or did not grant.
	Warnings []Warning
}

// NewUID makes a UID below 2.25 (PS3.5 B.2), for a workitem or a transaction.
func (c *Client) NewUID() (string, error) {
	id, err := c.cfg.IDs.OID(segur.OIDRootUUID)
	return string(id), err
}

// CreateWorkitem creates a workitem (UPS-RS, PS3.18 11.4) in the state
// SCHEDULED. When the outcome is unknown ([segur.ErrOutcomeUnknown]),
// [Client.RetrieveWorkitem] with the UID given says whether it was created: so
// give one.
func (c *Client) CreateWorkitem(ctx context.Context, w Workitem) (*WorkitemAnswer, error) {
	var p segur.Problems
	w.check(&p)
	if err := p.Err(opUPSCreate); err != nil {
		return nil, err
	}
	uid := w.UID
	if uid == "" {
		var err error
		if uid, err = c.NewUID(); err != nil {
			return nil, err
		}
	}
	name := c.cfg.UPS.CreateParameter
	if name == "" {
		name = "AffectedSOPInstanceUID"
	}
	return c.upsAct(ctx, opUPSCreate, http.MethodPost, "/workitems"+uidQuery(name, uid), uid, w.dataset(), http.StatusCreated, http.StatusOK)
}

// RetrieveWorkitem returns a workitem with all its attributes. The Transaction
// UID is not among them: the server keeps it secret.
func (c *Client) RetrieveWorkitem(ctx context.Context, uid string) (*Workitem, error) {
	if err := checkWorkitemUID(opUPSRetrieve, uid); err != nil {
		return nil, err
	}
	resp, err := c.get(ctx, opUPSRetrieve, "/workitems/"+uid, jsonType)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	switch {
	case resp.Status != http.StatusOK:
		return nil, upsRefused(resp, opUPSRetrieve)
	case !isJSON(mediaType(resp)):
		return nil, fail(resp, segur.KindProtocol, opUPSRetrieve, "", "the answer is not DICOM JSON", nil)
	}
	var found *Dataset
	for ds, err := range ReadJSON(resp.Body, int(c.cfg.Limits.MaxResponseBytes)) {
		if err != nil {
			return nil, resp.Fail(streamError(opUPSRetrieve, resp, err))
		}
		if found != nil {
			return nil, fail(resp, segur.KindProtocol, opUPSRetrieve, CodeWrongInstance, "the answer holds more than one workitem", nil)
		}
		found = ds
	}
	if found == nil {
		return nil, fail(resp, segur.KindProtocol, opUPSRetrieve, "", "the answer holds no workitem", nil)
	}
	w := readWorkitem(found, c.cfg.Clock().Location())
	if w.UID == "" {
		w.UID = uid // the attribute is not in every answer: the URL names it
	}
	if w.UID != uid {
		return nil, fail(resp, segur.KindProtocol, opUPSRetrieve, CodeWrongInstance, "the answer holds another workitem than what was asked", nil)
	}
	return w, nil
}

// WorkitemUpdate changes attributes of a workitem.
type WorkitemUpdate struct {
	// UID is that of the workitem.
	UID string
	// Transaction is the Transaction UID under which it is in progress. Empty for
	// one that is SCHEDULED.
	Transaction string
	// Changes are the attributes to set, whole sequences included. The state is
	// not among them: see [Client.ChangeWorkitemState].
	Changes *Dataset
}

// UpdateWorkitem changes attributes of a workitem (PS3.18 11.6).
func (c *Client) UpdateWorkitem(ctx context.Context, u WorkitemUpdate) (*WorkitemAnswer, error) {
	var p segur.Problems
	if !ValidUID(u.UID) {
		p.Add("uid", uidRule)
	}
	if u.Transaction != "" && !ValidUID(u.Transaction) {
		p.Add("transaction", uidRule)
	}
	if u.Changes == nil || u.Changes.Len() == 0 {
		p.Add("changes", "must hold at least one attribute")
	} else {
		for _, tag := range []Tag{TagProcedureStepState, TagTransactionUID, TagSOPInstanceUID, TagSOPClassUID} {
			if _, ok := u.Changes.Get(tag); ok {
				p.Add("changes", "must not hold "+tag.Keyword())
			}
		}
	}
	if err := p.Err(opUPSUpdate); err != nil {
		return nil, err
	}
	name := c.cfg.UPS.TransactionParameter
	if name == "" {
		name = "-"
	}
	return c.upsAct(ctx, opUPSUpdate, http.MethodPost, "/workitems/"+u.UID+uidQuery(name, u.Transaction), u.UID, u.Changes, http.StatusOK)
}

// StateChange takes a workitem or ends it.
type StateChange struct {
	// UID is that of the workitem.
	UID string
	// State is IN PROGRESS to take it, COMPLETED or CANCELED to end it.
	State UPSState
	// Transaction is the Transaction UID: one of the caller's own
	// ([Client.NewUID]), new when it takes the workitem and the same when it
	// updates or ends it. Keep it before the call: whoever does not have it
	// cannot end the workitem.
	Transaction string
}

// ChangeWorkitemState changes the state of a workitem (PS3.18 11.7):
// SCHEDULED to IN PROGRESS, then to COMPLETED or CANCELED. A workitem that is
// SCHEDULED is canceled by [Client.RequestCancellation].
//
// A refusal carries a code: [CodeTransactionIncorrect] when another performer
// has the workitem, [CodeInconsistentState], [CodeAlreadyCompleted],
// [CodeAlreadyCanceled]. After [segur.ErrOutcomeUnknown], retrieve the
// workitem: its state says what happened.
func (c *Client) ChangeWorkitemState(ctx context.Context, s StateChange) (*WorkitemAnswer, error) {
	var p segur.Problems
	if !ValidUID(s.UID) {
		p.Add("uid", uidRule)
	}
	oneOf(&p, "state", string(s.State), string(UPSInProgress), string(UPSCompleted), string(UPSCanceled))
	if !ValidUID(s.Transaction) {
		p.Add("transaction", uidRule)
	}
	if err := p.Err(opUPSState); err != nil {
		return nil, err
	}
	body := NewDataset(Text(TagTransactionUID, s.Transaction), Text(TagProcedureStepState, string(s.State)))
	return c.upsAct(ctx, opUPSState, http.MethodPut, "/workitems/"+s.UID+"/state", s.UID, body, http.StatusOK)
}

// CancelRequest asks for the cancellation of a workitem.
type CancelRequest struct {
	// UID is that of the workitem.
	UID string
	// Reason says why. Optional, as the other fields.
	Reason string
	// ReasonCode is the reason as a code. Its SystemName is the DICOM designator
	// of the coding scheme, such as "DCM", and its Display is required.
	ReasonCode *segur.Code
	// ContactName and ContactURI are whom to ask.
	ContactName string
	ContactURI  string
}

// RequestCancellation asks that a workitem be canceled (PS3.18 11.8). One that
// is SCHEDULED is canceled by the server; for one in progress the performer is
// told, and decides. nil: the request was taken, not that it was followed.
func (c *Client) RequestCancellation(ctx context.Context, r CancelRequest) (*WorkitemAnswer, error) {
	var p segur.Problems
	if !ValidUID(r.UID) {
		p.Add("uid", uidRule)
	}
	var body *Dataset
	set := func(e Element) {
		if body == nil {
			body = &Dataset{}
		}
		body.Set(e)
	}
	if r.Reason != "" {
		set(Text(TagReasonForCancellation, r.Reason))
	}
	if r.ReasonCode != nil {
		p.Require("reasonCode.code", r.ReasonCode.Code)
		p.Require("reasonCode.display", r.ReasonCode.Display)
		p.Require("reasonCode.systemName", r.ReasonCode.SystemName)
		set(Sequence(TagDiscontinuationReasonCode, NewDataset(
			Text(TagCodeValue, r.ReasonCode.Code), Text(TagCodingScheme, r.ReasonCode.SystemName), Text(TagCodeMeaning, r.ReasonCode.Display))))
	}
	if r.ContactName != "" {
		set(Text(TagContactDisplayName, r.ContactName))
	}
	if r.ContactURI != "" {
		set(Text(TagContactURI, r.ContactURI))
	}
	if err := p.Err(opUPSCancel); err != nil {
		return nil, err
	}
	return c.upsAct(ctx, opUPSCancel, http.MethodPost, "/workitems/"+r.UID+"/cancelrequest", r.UID, body, http.StatusAccepted, http.StatusOK)
}

func checkWorkitemUID(op, uid string) error {
	var p segur.Problems
	if !ValidUID(uid) {
		p.Add("uid", uidRule)
	}
	return p.Err(op)
}

// upsAct carries out an act of the worklist service; body may be nil.
func (c *Client) upsAct(ctx context.Context, op, method, resource, uid string, body *Dataset, success ...int) (*WorkitemAnswer, error) {
	req := &transport.Request{Op: op, Method: method, URL: c.base + resource, Header: http.Header{"Accept": {jsonType}}, RepeatBusy: true}
	if body != nil {
		text := append(body.AppendJSON([]byte{'['}), ']')
		req.Body = segur.BytesContent(text)
		req.Header.Set("Content-Type", jsonType)
	} else if method != http.MethodDelete {
		req.Body = segur.BytesContent(nil) // a length of 0 is said: some gateways ask for it
	}
	resp, err := c.do(ctx, req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	for _, s := range success {
		if resp.Status != s {
			continue
		}
		out := &WorkitemAnswer{UID: uid, Warnings: warnings(resp.Header)}
		for _, name := range []string{"Content-Location", "Location"} {
			if out.URL == "" {
				out.URL = resp.Header.Get(name)
			}
		}
		_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection serves again
		if op == opUPSCreate {
			out.UID = createdUID(out.URL, uid)
		}
		return out, nil
	}
	return nil, upsRefused(resp, op)
}

// createdUID is the UID that the server gave to the workitem, which may be
// another than what was asked.
func createdUID(location, asked string) string {
	u, err := url.Parse(location)
	if err != nil {
		return asked
	}
	if uid := path.Base(u.Path); ValidUID(uid) {
		return uid
	}
	return asked
}
