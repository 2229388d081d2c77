package dicomweb

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
)

// StoreOutcome is what became of an instance.
type StoreOutcome uint8

// The outcomes. The zero value is the one to look into.
const (
	// Unaccounted: the answer does not mention the instance. Whether it is
	// stored is not known: see [Client.Missing].
	Unaccounted StoreOutcome = iota
	// Stored: as it was sent.
	Stored
	// StoredWithWarning: with the change that Reason tells.
	StoredWithWarning
	// AlreadyStored: the server held it before.
	AlreadyStored
	// Failed: not stored, for Reason, or for Err when the answer is not about
	// this instance.
	Failed
	// Found: the answer did not mention the instance, and the server lists it
	// ([Client.StoreAll] asked). That it is what was sent, and not what was held
	// before under its UID, is not known.
	Found
	// Invalid: not sent, since it is no DICOM file, of another study, or there
	// twice. Err says which.
	Invalid
	// NotSent: not sent, or nothing of it taken, since the server could not be
	// reached or lets nothing in. Err says why.
	NotSent
)

// String names the outcome in English.
func (o StoreOutcome) String() string {
	return [...]string{"unaccounted", "stored", "stored with warning", "already stored", "failed", "found", "invalid", "not sent"}[min(o, NotSent)]
}

// OK reports whether the server holds the instance.
func (o StoreOutcome) OK() bool {
	return o == Stored || o == StoredWithWarning || o == AlreadyStored || o == Found
}

// InstanceResult is what became of one instance.
type InstanceResult struct {
	// Index is its place among the instances given, from 0.
	Index int
	// Ref is its place, as read from the file.
	Ref Ref
	// SOPClass is its SOP class.
	SOPClass string
	// Outcome is what became of it.
	Outcome StoreOutcome
	// Reason is set for failures and warnings; 0 when the server gave none.
	Reason Reason
	// RetrieveURL is where the server says the instance is. It may be empty, and
	// wrong behind a proxy.
	RetrieveURL string
	// Err says why the instance was not sent, or what is known when its outcome
	// is not. nil when Reason says it, and when the server holds the instance.
	Err error
}

// invalid notes that the instance cannot be sent.
func (r *InstanceResult) invalid(err error) { r.Outcome, r.Err = Invalid, err }

// field names the instance in the details of an error.
func (r *InstanceResult) field() string {
	if r.Ref.Instance != "" && r.Outcome != Invalid {
		return r.Ref.Instance
	}
	return fmt.Sprintf("instances[%d]", r.Index)
}

// StoreResult is the answer to a [StoreRequest].
type StoreResult struct {
	// Status is the HTTP status: 200, 202 or 409 as a rule.
	Status int
	// RetrieveURL is that of the study. May be empty.
	RetrieveURL string
	// Instances has one entry for each instance sent, in that order.
	Instances []InstanceResult
	// OtherFailures are reasons that the server ties to no instance.
	OtherFailures []Reason
	// Raw is the body of the answer.
	Raw []byte
}

// All reports whether the server holds every instance.
func (r *StoreResult) All() bool {
	return !slices.ContainsFunc(r.Instances, func(i InstanceResult) bool { return !i.Outcome.OK() })
}

// storeAnswer reads the answer to a store request, whatever its status.
func storeAnswer(resp *transport.Response, sent []InstanceResult) (*StoreResult, error) {
	raw, err := io.ReadAll(resp.Body) // not ReadAll of resp, which ends the operation before its outcome is known
	if err != nil {
		return nil, err
	}
	ds, bad := storeDataset(raw)
	if ds == nil {
		if resp.Status >= 400 {
			return nil, refused(resp, opStore)
		}
		if bad == nil && resp.Status != http.StatusNoContent {
			bad = &segur.Error{Kind: segur.KindProtocol, Message: "the answer is not a store response"}
		}
		return nil, fail(resp, segur.KindOutcomeUnknown, opStore, "", "the instances were sent, and the answer does not say what became of them", bad)
	}
	out := &StoreResult{Status: resp.Status, RetrieveURL: ds.Value(TagRetrieveURL), Instances: sent, Raw: raw}
	byUID := make(map[string]*InstanceResult, len(sent))
	for i := range sent {
		if sent[i].Outcome != Invalid {
			byUID[sent[i].Ref.Instance] = &sent[i]
		}
	}
	for _, item := range ds.Items(TagReferencedSOPSequence) {
		if inst := byUID[item.Value(TagReferencedSOPInstance)]; inst != nil {
			inst.Outcome, inst.RetrieveURL = Stored, item.Value(TagRetrieveURL)
			if inst.Reason = reasonOf(item, TagWarningReason); inst.Reason != reasonNone {
				inst.Outcome = StoredWithWarning
			}
		}
	}
	for _, item := range ds.Items(TagFailedSOPSequence) { // after the others: a failure outweighs
		if inst := byUID[item.Value(TagReferencedSOPInstance)]; inst != nil {
			inst.Outcome, inst.Reason = Failed, reasonOf(item, TagFailureReason)
			if inst.Reason == ReasonAlreadyStored {
				inst.Outcome = AlreadyStored
			}
		}
	}
	for _, item := range ds.Items(TagOtherFailures) {
		out.OtherFailures = append(out.OtherFailures, reasonOf(item, TagFailureReason))
	}
	if resp.Status >= 400 && out.All() && out.doubt() {
		return out, fail(resp, segur.KindOutcomeUnknown, opStore, "", "the status says that nothing is stored, and the answer that every instance is", nil)
	}
	err = out.err(resp.Status)
	var e *segur.Error
	if errors.As(err, &e) {
		e.RetryAfter = resp.RetryAfter
		err = resp.Fail(e)
	}
	return out, err
}

// doubt takes back what the answer says to have stored, and reports whether
// there is any.
func (r *StoreResult) doubt() bool {
	found := false
	for i := range r.Instances {
		if o := &r.Instances[i].Outcome; *o == Stored || *o == StoredWithWarning {
			*o, found = Unaccounted, true
		}
	}
	return found
}

func reasonOf(item *Dataset, tag Tag) Reason {
	n, ok := item.Int(tag)
	if !ok || n < 0 || n > 0xFFFF {
		return reasonNone
	}
	return Reason(n)
}

// storeDataset reads the body of an answer in either form; the declared type is
// not believed, since servers leave it out of their refusals. nil without an
// error: there is no store response in it.
func storeDataset(raw []byte) (*Dataset, error) {
	body := bytes.TrimLeft(bytes.TrimPrefix(raw, []byte("\xEF\xBB\xBF")), " \t\r\n")
	if len(body) == 0 {
		return nil, nil
	}
	var ds *Dataset
	switch body[0] {
	case '{', '[':
		all, err := ParseJSON(body)
		if err != nil {
			return nil, err
		}
		if len(all) == 1 {
			ds = all[0]
		}
	case '<':
		var err error
		if ds, err = parseNativeXML(body); err != nil {
			return nil, err
		}
	}
	if ds == nil {
		return nil, nil
	}
	for _, tag := range []Tag{TagReferencedSOPSequence, TagFailedSOPSequence, TagOtherFailures, TagRetrieveURL} {
		if _, ok := ds.Get(tag); ok {
			return ds, nil
		}
	}
	return nil, nil
}

// err says what the caller must look into.
func (r *StoreResult) err(status int) error {
	t := tally{most: len(r.Instances)}
	for i := range r.Instances {
		t.add(&r.Instances[i])
	}
	return t.err(status)
}

// tally counts what became of instances.
type tally struct {
	most                                  int // details kept
	all, held, failed, later, unaccounted int
	unexplained                           int // of those that failed, without a reason
	reasons                               map[Reason]bool
	details                               []segur.Detail
}

func (t *tally) add(i *InstanceResult) {
	t.all++
	d := segur.Detail{Field: i.field(), Severity: "error"}
	switch {
	case i.Outcome.OK():
		t.held++
		return
	case i.Outcome == Unaccounted:
		t.unaccounted++
		d.Message = "not accounted for by the answer"
	case i.Outcome == Invalid || i.Outcome == NotSent:
		d.Message = problem(i.Err)
	case i.Err != nil:
		t.failed++
		t.unexplained++
		d.Message = problem(i.Err)
	default:
		t.failed++
		if t.reasons == nil {
			t.reasons = map[Reason]bool{}
		}
		t.reasons[i.Reason] = true
		if i.Reason.later() {
			t.later++
		}
		d.Code, d.Message = i.Reason.String(), i.Reason.Text().EN
	}
	if len(t.details) < t.most {
		t.details = append(t.details, d)
	}
}

// err is nil when the server holds every instance.
func (t *tally) err(status int) error {
	if t.held == t.all {
		return nil
	}
	e := &segur.Error{Op: opStore, Status: status, Details: t.details}
	if len(t.reasons) == 1 && t.unexplained == 0 && t.failed == t.all-t.held {
		for reason := range t.reasons {
			e.Code, e.Help = reason.String(), reason.Text()
		}
	}
	e.Message = fmt.Sprintf("%d of %d instances are stored", t.held, t.all)
	switch {
	case t.held > 0:
		e.Kind, e.Help = segur.KindPartial, segur.Text{} // the kind says to send the others only
	case t.failed > 0 && t.later == t.all:
		e.Kind = segur.KindUnavailable
	case t.failed > 0 || status >= 400 && status < 500:
		e.Kind = segur.KindRefused
	case t.unaccounted > 0:
		e.Kind = segur.KindOutcomeUnknown
	default:
		e.Kind = segur.KindInvalidInput
	}
	return e
}
