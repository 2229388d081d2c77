package dmp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
)

// actionUpdate is ITI-57.
const actionUpdate = "urn:ihe:iti:2010:UpdateDocumentSet"

// Change is the receipt of a change of metadata or of status (TD3.3).
type Change struct {
	// Transaction is what was done.
	Transaction Transaction
	// UniqueID is the identifier of the document. EntryUUID is the entry that
	// was changed: a change of metadata gives the document another one, which
	// [Client.Lookup] tells.
	UniqueID, EntryUUID string
	// SubmissionSetID is the identifier of the lot that bore the change, and
	// MessageID that of the call; empty when nothing was sent.
	SubmissionSetID, MessageID string
	// At is when the answer came.
	At time.Time
	// AlreadyDone says that the record had the entry in the wanted state: what
	// was sent changed nothing, or nothing was sent.
	AlreadyDone bool
	// Warnings are what the registry remarked, without the patient's identity.
	Warnings []segur.Detail
}

// EntryChange says which entry of whose record is changed.
type EntryChange struct {
	// Patient is whose record it is. The identity must be qualified.
	Patient segur.Patient
	// Entry is the entry as [Client.Find] gave it.
	Entry *xds.DocumentEntry
	// ContentType is the activity that gave rise to the change
	// (contentTypeCode of its lot, JDV_J59). Zero: 07, external consultation,
	// as the samples of the CNAM have it.
	ContentType segur.Code
	// FormerINS are the INS that the patient had before (EX_3.1-1055): entries
	// that bear one of them are the patient's too.
	FormerINS []segur.INS
}

// String counts nothing and names nobody.
func (e EntryChange) String() string {
	if e.Entry == nil {
		return "dmp.EntryChange(no entry)"
	}
	return fmt.Sprintf("dmp.EntryChange(%s, redacted)", e.Entry.UniqueID)
}

// Format writes the redacted form whatever the verb.
func (e EntryChange) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(e.String())) }

// LogValue makes slog write the redacted form.
func (e EntryChange) LogValue() slog.Value { return slog.StringValue(e.String()) }

// change is what one operation of TD3.3 does to an entry.
type change struct {
	op string
	t  Transaction
	// title is that of the lot, as the samples have it.
	title string
	// done tells whether an entry is in the wanted state already; nil: never.
	done func(*xds.DocumentEntry) bool
	// build makes the request for an entry.
	build func(xds.SubmissionSet, *xds.DocumentEntry) (xds.Submission, error)
	// status: it is the status that changes.
	status bool
	// blind: the entry was not read, only its entryUUID is known.
	blind bool
}

// apply sends a change. When the record says that the entry is not what the
// caller has read, it is read again, and the change sent once more.
func (c *Client) apply(ctx context.Context, e EntryChange, ch change) (*Change, error) {
	if err := c.allowed(ch.op, ch.t); err != nil {
		return nil, err
	}
	var p segur.Problems
	ins := c.checkChange(&p, &e)
	if err := p.Err(ch.op); err != nil {
		return nil, err
	}
	out, err := c.send57(ctx, ins, &e, ch)
	if err == nil || !stale(err, ch.status) {
		return out, err
	}
	fresh, readErr := c.readAgain(ctx, ins, e.Entry, ch.blind)
	if readErr != nil {
		return nil, err // says what to do: read the entry again
	}
	if ch.done != nil && ch.done(fresh) {
		return &Change{Transaction: ch.t, UniqueID: fresh.UniqueID, EntryUUID: fresh.ID, At: c.cfg.now(), AlreadyDone: true}, nil
	}
	same := fresh.ID == e.Entry.ID && fresh.Version == e.Entry.Version && fresh.Status == e.Entry.Status
	if same || fresh.Status != xds.Approved && fresh.Status != xds.Archived {
		return nil, err
	}
	e.Entry = fresh
	return c.send57(ctx, ins, &e, ch)
}

// stale reports whether the record refused a change because the entry is no
// longer the one that was read; status says that it is a change of status.
func stale(err error, status bool) bool {
	var e *segur.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code {
	case "XDSMetadataVersionError", "UnresolvedReferenceException", "XDSRegistryDeprecatedDocumentError":
		return true
	case "XDSMetadataUpdateError": // the status is no longer the one announced
		return status
	}
	return false
}

// readAgain reads an entry by the identifier of its document. The record may
// answer the versions that a change superseded as well: the last one counts.
func (c *Client) readAgain(ctx context.Context, ins segur.INS, old *xds.DocumentEntry, blind bool) (*xds.DocumentEntry, error) {
	if blind || !c.reads() {
		id, err := c.Lookup(ctx, ins, old.UniqueID)
		if err != nil {
			return nil, err
		}
		fresh := *old
		fresh.ID = id
		return &fresh, nil
	}
	return c.readEntry(ctx, ins, old.UniqueID)
}

// readEntry reads the last version of the entry of a document (TD3.1b).
func (c *Client) readEntry(ctx context.Context, ins segur.INS, uniqueID string) (*xds.DocumentEntry, error) {
	if err := c.allowed(opLookup, TD31); err != nil {
		return nil, err
	}
	f := c.failure(opLookup, ins)
	body, err := xds.GetDocuments{UniqueIDs: []string{uniqueID}}.AppendXML(nil)
	if err != nil {
		return nil, f.typed(err)
	}
	answer, err := c.query(ctx, &f, ins, body, func(*xds.QueryResponse) error { return nil })
	if err != nil {
		return nil, err
	}
	var last *xds.DocumentEntry
	for i := range answer.Entries {
		e := &answer.Entries[i]
		if e.UniqueID == uniqueID && (last == nil || newer(e, last)) {
			last = e
		}
	}
	if last == nil {
		return nil, f.typed(&segur.Error{Kind: segur.KindNotFound, Message: "the record has no document under this identifier"})
	}
	return last, nil
}

// newer orders the versions of one entry: that which a change superseded is
// deprecated, and versions are counted.
func newer(a, b *xds.DocumentEntry) bool {
	if len(a.Version) != len(b.Version) {
		return len(a.Version) > len(b.Version)
	}
	if a.Version != b.Version {
		return a.Version > b.Version
	}
	return b.Status == xds.Deprecated && a.Status != xds.Deprecated
}

// checkChange checks what every change needs, and returns the INS.
func (c *Client) checkChange(p *segur.Problems, e *EntryChange) segur.INS {
	ins := c.checkIdentity(p, e.Patient)
	if e.Entry == nil || e.Entry.ID == "" {
		p.Add("entry", "is required, as Client.Find gave it")
		return ins
	}
	if e.Entry.IsSignature() {
		p.Add("entry", "is the signature of a lot: documents are changed, signatures are not")
	}
	if id := e.Entry.PatientID; !id.IsZero() {
		mine := func(v segur.INS) bool { return id.Same(xds.INSPatientID(v)) }
		if !mine(ins) && !slices.ContainsFunc(e.FormerINS, mine) {
			p.Add("entry.patientID", "is not the INS of the patient, nor one of formerINS: the entry may be that of somebody else")
		}
	}
	return ins
}

// newSet is the lot of a change.
func (c *Client) newSet(ins segur.INS, title string, contentType segur.Code) (xds.SubmissionSet, error) {
	if contentType.IsZero() {
		contentType.Code = "07"
	}
	id, err := c.cfg.IDs.OID(c.cfg.OIDRoot)
	if err != nil {
		return xds.SubmissionSet{}, &segur.Error{Kind: segur.KindUnavailable, Message: "no identifier for the lot", Err: err}
	}
	set := c.set(ins, title, contentType)
	set.UniqueID = string(id)
	return set, nil
}

// send57 sends one change (ITI-57): no document, no signature of the lot.
func (c *Client) send57(ctx context.Context, ins segur.INS, e *EntryChange, ch change) (*Change, error) {
	f := c.failure(ch.op, ins)
	f.documents, f.places = []string{e.Entry.UniqueID}, placesOfEntry(e.Entry)
	f.keepPrivate(e.Entry)
	f.lookAgain, f.refused = updateAgain, c.hintOf(ch.t)
	set, err := c.newSet(ins, ch.title, e.ContentType)
	if err != nil {
		return nil, f.typed(err)
	}
	s, err := ch.build(set, e.Entry)
	if err != nil {
		return nil, f.typed(err)
	}
	if err := checkSet(&s, c.cfg.Settings.AllowUnknownCodes); err != nil {
		return nil, f.typed(err)
	}
	body, err := s.AppendXML(nil)
	if err != nil {
		return nil, f.typed(err)
	}
	cred, err := c.cfg.signer(ctx, ch.op)
	if err != nil {
		return nil, err
	}
	r := request{op: ch.op, service: serviceRegistry, action: actionUpdate, body: body}
	answer, err := c.sendSigned(ctx, &f, c.startAssertion(ctx, cred, ch.op, ins), r)
	if err != nil {
		return nil, err
	}
	defer answer.Close()
	warnings, err := registered(ch.op, answer)
	if err != nil {
		return nil, answer.Fail(f.typed(err))
	}
	return &Change{Transaction: ch.t, UniqueID: e.Entry.UniqueID, EntryUUID: e.Entry.ID, SubmissionSetID: set.UniqueID,
		MessageID: f.messageID, At: c.cfg.now(), Warnings: f.cleaned(warnings)}, nil
}

// checkSet checks the lot of a change; its entry goes back as it came.
func checkSet(s *xds.Submission, unknownCodes bool) error {
	check := xds.Submission{Set: s.Set, Associations: []xds.Association{{Type: xds.UpdateStatus}}}
	_, err := check.Validate(xds.Rules{AllowUnknownCodes: unknownCodes})
	return err
}

var updateAgain = segur.Text{
	FR: "La demande est partie et aucune réponse exploitable n'est revenue. Relire la fiche (Client.Find, ou Client.Lookup en INDIRECTE) avant de recommencer : le changement a pu être fait.",
	EN: "The request left and no usable answer came. Read the entry again (Client.Find, or Client.Lookup in INDIRECTE) before starting over: the change may have been made."}
