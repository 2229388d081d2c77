package mssante

import (
	"cmp"
	"slices"
	"time"

	"github.com/segur-sdk/segur"
)

const opDelivery = "mssante.delivery"

// State is how far a mail went towards a recipient.
type State string

// The states, in their order. [Failed] comes after [Delivered]: a bounce may
// follow the delivery to a first server, and a report that is lost must show.
const (
	// Queued: not submitted, refused for now, or submitted without an answer
	// (see [RecipientDelivery.Unknown]).
	Queued State = "queued"
	// Accepted: the operator took the mail.
	Accepted State = "accepted"
	// Delayed: a server on the way goes on trying.
	Delayed State = "delayed"
	// Delivered: it is in the mailbox, or was read, which implies it.
	Delivered State = "delivered"
	// Failed: the recipient does not get it.
	Failed State = "failed"
)

// Read is what the recipient, or the recipient's software, did with the mail.
type Read string

// What read receipts say. The zero value is: nothing.
const (
	// Displayed: somebody had the mail on a screen.
	Displayed Read = "displayed"
	// Processed: the document was filed.
	Processed Read = "processed"
	// ProcessedError: the document was not filed; Error says why.
	ProcessedError Read = "processed-error"
	// Deleted: the mail was deleted, maybe without being read.
	Deleted Read = "deleted"
)

// Delivery follows one mail to each of its recipients, from what the operator
// answered and from the reports that came since. It is plain data, to be kept
// in any encoding (JSON, gob), and holds no address: recipients are named by
// [RecipientRef].
//
// Reports may come twice and in any order: the outcome is the same. A Delivery
// is not safe for concurrent use.
type Delivery struct {
	// MessageID identifies the mail, without angle brackets.
	MessageID string `json:"messageID"`
	// EnvelopeID is the identifier given at submission; empty when the operator
	// offers no delivery notifications.
	EnvelopeID string `json:"envelopeID,omitempty"`
	// Recipients are in the order of the message.
	Recipients []RecipientDelivery `json:"recipients"`
}

// RecipientDelivery is what is known of one recipient.
type RecipientDelivery struct {
	// Ref names the recipient.
	Ref string `json:"ref"`
	// Submission is what the operator said: [Queued], [Accepted] or [Failed].
	Submission State `json:"submission"`
	// Unknown says that the mail left and that no answer came.
	Unknown bool `json:"unknown,omitempty"`
	// Transport is the furthest that delivery reports said; empty without any.
	Transport State `json:"transport,omitempty"`
	// TransportAt is when that report was written.
	TransportAt time.Time `json:"transportAt,omitzero"`
	// Status and Code are the SMTP status and the enhanced status code behind
	// the state. May be empty.
	Status int    `json:"status,omitempty"`
	Code   string `json:"code,omitempty"`
	// Read is what was done with the mail, ReadAt when, and ReadError why it
	// was not filed.
	Read      Read            `json:"read,omitempty"`
	ReadAt    time.Time       `json:"readAt,omitzero"`
	ReadError IntegrationCode `json:"readError,omitempty"`
}

// State is how far the mail went: read, hence delivered, else what reports
// said, else what the operator answered.
func (r RecipientDelivery) State() State {
	if r.Read != "" {
		return Delivered
	}
	return cmp.Or(r.Transport, r.Submission)
}

// SMTPErrorCode is the code of table SMTPERRORCODE for a failure, a delay or a
// refusal, and what it means; 0 when there is none.
func (r RecipientDelivery) SMTPErrorCode() (int, segur.Text) {
	switch s := r.State(); {
	case s == Failed || s == Delayed || s == Queued && r.Status != 0:
		return SMTPErrorCode(r.Status, r.Code)
	}
	return 0, segur.Text{}
}

// Settled reports whether nothing more is expected of delivery: every
// recipient got the mail, or does not get it.
func (d *Delivery) Settled() bool {
	return !slices.ContainsFunc(d.Recipients, func(r RecipientDelivery) bool {
		s := r.State()
		return s != Delivered && s != Failed
	})
}

func rank(s State) int {
	return slices.Index([]State{Queued, Accepted, Delayed, Delivered, Failed}, s)
}

// NewDelivery begins to follow a letter: every recipient is queued.
func NewDelivery(l *Letter) *Delivery {
	d := &Delivery{MessageID: l.id, Recipients: make([]RecipientDelivery, len(l.to))}
	for i, r := range l.to {
		d.Recipients[i] = RecipientDelivery{Ref: RecipientRef(l.id, r.address), Submission: Queued}
	}
	return d
}

// Sent takes what the operator answered to [Client.Send] or [Client.Resend].
// A recipient that was accepted once stays so.
func (d *Delivery) Sent(r *Receipt) error {
	if r == nil || r.MessageID != d.MessageID || len(r.Recipients) != len(d.Recipients) {
		return &segur.Error{Op: opDelivery, Kind: segur.KindInvalidInput, Details: []segur.Detail{{
			Field: "receipt", Message: "must be about the same mail"}}}
	}
	d.EnvelopeID = cmp.Or(r.EnvelopeID, d.EnvelopeID)
	for i, s := range r.Recipients {
		mine := &d.Recipients[i]
		switch {
		case mine.Submission == Accepted:
		case s.Unknown, s.Accepted && r.Unknown && !r.Accepted:
			mine.Submission, mine.Unknown = Queued, true
		case s.Accepted && r.Accepted:
			mine.Submission, mine.Unknown = Accepted, false
			if mine.Transport == "" {
				mine.Status, mine.Code = 0, ""
			}
		case s.Status == 0 || s.Accepted: // not reached, or taken back
		default:
			mine.Submission = Queued
			if s.Status >= 500 {
				mine.Submission = Failed
			}
			if mine.Transport == "" {
				mine.Status, mine.Code = s.Status, s.Code
			}
		}
	}
	return nil
}

// Apply takes a report. It returns whether it changed anything; applying a
// report again changes nothing. [segur.ErrNotFound] says that the report is
// about another mail, or about nobody that the mail went to.
//
// The report is matched by the Message-ID first, else by the envelope's
// identifier; the recipient by its original address, else by the final one,
// else by being the only one: a box may forward to another. A recipient that
// writes the report speaks for itself, not for another recipient.
func (d *Delivery) Apply(r *Report) (changed bool, err error) {
	missing := func(what string) error {
		return &segur.Error{Op: opDelivery, Kind: segur.KindNotFound, RequestID: d.MessageID, Message: what}
	}
	if r == nil || r.MessageID != d.MessageID && (r.MessageID != "" || r.EnvelopeID == "" || r.EnvelopeID != d.EnvelopeID) {
		return false, missing("the report is about another mail")
	}
	author := d.named(r.From.Address)
	matched := false
	for _, said := range r.Recipients {
		mine := d.find(said)
		if mine == nil || author != nil && mine != author {
			continue
		}
		matched = true
		before := *mine
		mine.apply(said, moment(r.At))
		changed = changed || *mine != before
	}
	if !matched {
		return false, missing("the report names none of the recipients of the mail")
	}
	return changed, nil
}

// moment is what a date keeps in any encoding: whole seconds, in UTC, in a
// year that can be written.
func moment(t time.Time) time.Time {
	if t = t.UTC().Truncate(time.Second); t.Year() < 1970 || t.Year() > 9998 {
		return time.Time{}
	}
	return t
}

func (d *Delivery) find(said RecipientReport) *RecipientDelivery {
	for _, address := range []string{said.Original.Address, said.Final.Address} {
		if found := d.named(address); found != nil {
			return found
		}
	}
	if len(d.Recipients) == 1 {
		return &d.Recipients[0]
	}
	return nil
}

// named is the recipient of an address, or nil.
func (d *Delivery) named(address string) *RecipientDelivery {
	ref := RecipientRef(d.MessageID, address)
	for i := range d.Recipients {
		if d.Recipients[i].Ref == ref {
			return &d.Recipients[i]
		}
	}
	return nil
}

// apply keeps the greatest of what was known and of what is said, in a total
// order: that makes doubles and disorder harmless.
func (r *RecipientDelivery) apply(said RecipientReport, at time.Time) {
	if said.State != "" && said.State != Queued {
		order := cmp.Or(
			cmp.Compare(rank(said.State), rank(r.Transport)),
			at.Compare(r.TransportAt),
			cmp.Compare(said.Code, r.Code), cmp.Compare(said.Status, r.Status))
		if r.Transport == "" || order > 0 {
			r.Transport, r.TransportAt, r.Status, r.Code = said.State, at, said.Status, said.Code
		}
	}
	if said.Read != "" {
		order := cmp.Or(
			cmp.Compare(weight(said.Read), weight(r.Read)),
			at.Compare(r.ReadAt),
			cmp.Compare(tie(said.Read), tie(r.Read)), cmp.Compare(said.Error, r.ReadError))
		if r.Read == "" || order > 0 {
			r.Read, r.ReadAt, r.ReadError = said.Read, at, ""
			if said.Read == ProcessedError {
				r.ReadError = said.Error
			}
		}
	}
}

// weight orders what read receipts say; what was filed, or not, counts most,
// and of two such the later one.
func weight(r Read) int {
	return map[Read]int{Deleted: 1, Displayed: 2, Processed: 3, ProcessedError: 3}[r]
}

// tie makes an error win over a success of the same second.
func tie(r Read) int {
	if r == ProcessedError {
		return 1
	}
	return 0
}
