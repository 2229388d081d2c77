package dmp

import (
	"context"
	"crypto/sha1" //nolint:gosec // the hash that XDS metadata are defined with
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/internal/soap"
	"github.com/segur-sdk/segur/internal/xmlsec"
)

const opSubmit = "dmp.submit"

// Receipt says that the record registered a submission.
type Receipt struct {
	// Transaction is TD2.1, or TD2.2 for the holder of a CPE: one message.
	Transaction Transaction
	// SubmissionSetID is the identifier of the lot that was registered; empty
	// when Resubmit found that the documents were there already.
	SubmissionSetID string
	// SignatureID is the identifier of the signature document of the lot.
	SignatureID string
	// DocumentIDs are the identifiers (uniqueId) of the documents.
	DocumentIDs []string
	// MessageID is the identifier of the call, to quote to the support.
	MessageID string
	// At is when the answer came.
	At time.Time
	// AlreadyPresent says that nothing was sent: the documents were in the
	// record.
	AlreadyPresent bool
	// Warnings are what the registry remarked, without the patient's identity.
	Warnings []segur.Detail
}

// Submit publishes a prepared submission (TD2.1, ITI-41) with a new assertion,
// a new signature of the lot and a new message identifier. It is never
// repeated by itself. When the answer is lost the error is
// [segur.ErrOutcomeUnknown] and its Details name the documents: call
// [Client.Resubmit], or [Client.Resolve] and decide.
//
// Submitting the same Sealed again is safe: it keeps its identifiers, so that
// the record refuses what it has registered (XDSDuplicateUniqueIdInRegistry,
// [segur.ErrConflict]).
func (c *Client) Submit(ctx context.Context, s *Sealed) (*Receipt, error) {
	if s == nil {
		return nil, &segur.Error{Op: opSubmit, Kind: segur.KindInvalidInput, Message: "no submission: see Client.Prepare"}
	}
	return c.submit(ctx, s, s.submission.Set.UniqueID, s.signature)
}

// session is the client with the kind of connection that s was prepared with;
// a secret connection stays one.
func (c *Client) session(s *Sealed) *Client {
	out := *c
	out.secret = c.secret || s.secret
	return &out
}

func (c *Client) submit(ctx context.Context, s *Sealed, setID, signatureID string) (*Receipt, error) {
	if err := c.allowed(opSubmit, c.feeding()); err != nil {
		return nil, err
	}
	f := failure{op: opSubmit, private: s.private, documents: s.DocumentIDs(), refused: c.hintOf(c.feeding())}
	if err := c.checkSealed(s); err != nil {
		return nil, f.typed(err)
	}
	c = c.session(s)
	cred, err := c.cfg.signer(ctx, opSubmit)
	if err != nil {
		return nil, err
	}
	pending := c.startAssertion(ctx, cred, opSubmit, s.patient)
	r, err := c.provide(s, &f, cred, setID, signatureID)
	if err != nil {
		<-pending // its trace is not told after the call has ended
		return nil, f.typed(err)
	}
	answer, err := c.sendSigned(ctx, &f, pending, r)
	if err != nil {
		return nil, err
	}
	defer answer.Close()
	warnings, err := registered(opSubmit, answer)
	if err != nil {
		return nil, answer.Fail(f.typed(err))
	}
	return &Receipt{Transaction: c.feeding(), SubmissionSetID: setID, SignatureID: signatureID, DocumentIDs: s.DocumentIDs(), MessageID: f.messageID,
		At: c.cfg.now(), Warnings: f.cleaned(warnings)}, nil
}

// checkSealed makes sure that what another client prepared, or this one long
// ago, is what this one may send.
func (c *Client) checkSealed(s *Sealed) error {
	if !c.cfg.Environment.AcceptsINS(s.patient.Authority()) {
		return &segur.Error{Kind: segur.KindInvalidInput, Message: "the environment refuses the authority of the INS: nothing was sent"}
	}
	if c.secret && !s.secret {
		return &segur.Error{Kind: segur.KindInvalidInput,
			Message: "the submission was not prepared by a secret connection, so that its documents may not be hidden from the legal representatives: nothing was sent"}
	}
	var p segur.Problems
	if author := s.submission.Set.Author.Person.ID; author != c.cfg.User.ID {
		p.Add("author", "of the lot is not the user of this client: prepare the submission with the client that sends it")
	}
	if of := s.submission.Set.Author.Institutions; len(of) != 1 || of[0].ID != c.cfg.Structure.ID {
		p.Add("author", "of the lot is not of the structure of this client: prepare the submission with the client that sends it")
	}
	for i := range s.submission.Entries {
		c.checkInstitution(&p, fmt.Sprintf("documents[%d]", s.positions[i]), &s.submission.Entries[i])
	}
	return p.Err(opSubmit)
}

// registered reads the answer of ITI-41 or ITI-57, to its end.
func registered(op string, answer *soap.Answer) ([]segur.Detail, error) {
	if err := answer.Finish(); err != nil {
		return nil, lost(err, answer.Status)
	}
	response, err := xds.ParseResponse(answer.Raw)
	if err != nil {
		return nil, lost(err, answer.Status)
	}
	if response.Outcome != xds.Success && response.Outcome != xds.Failure {
		if err := response.Err(op); segur.KindOf(err) == segur.KindProtocol {
			return nil, lost(err, answer.Status)
		}
	}
	if err := response.Err(op); err != nil {
		return nil, err
	}
	var warnings []segur.Detail
	for _, w := range response.Errors {
		if !w.Warning { // a success that is none
			return nil, &segur.Error{Kind: segur.KindOutcomeUnknown, Status: answer.Status, Code: w.Code, Message: "the answer says success, and holds an error",
				Details: []segur.Detail{{Code: w.Code, Message: w.Context, Location: w.Location}}}
		}
		warnings = append(warnings, segur.Detail{Code: w.Code, Severity: "warning", Message: w.Context, Location: w.Location})
	}
	return warnings, nil
}

// lost is the error of an answer that settles nothing.
func lost(err error, status int) error {
	return &segur.Error{Kind: segur.KindOutcomeUnknown, Status: status, Message: "the request left and no usable answer came", Err: err}
}

// lot completes the submission with the signature document: entries in the
// order of the documents, the signature last.
func (c *Client) lot(s *Sealed, cred segur.Credential, setID, signatureID string) (*xds.Submission, []segur.Content, error) {
	now := c.cfg.now()
	lot := &xds.Submission{Set: s.submission.Set, Entries: slices.Clone(s.submission.Entries)}
	lot.Set.UniqueID, lot.Set.Submitted = setID, segur.At(now)
	signature, err := c.signLot(s, cred, setID, now)
	if err != nil {
		return nil, nil, err
	}
	entry := xds.SignatureEntry(lot.Set, lot.Entries[0], signatureID, segur.At(now))
	sum := sha1.Sum(signature) //nolint:gosec // see the import
	entry.Hash, entry.Size = hex.EncodeToString(sum[:]), int64(len(signature))
	lot.Entries = append(lot.Entries, entry)
	lot.Number()
	contents := make([]segur.Content, 0, len(s.contents)+1)
	for i, content := range s.contents {
		contents = append(contents, checked{Content: content, want: s.digests[i]})
	}
	return lot, append(contents, segur.BytesContent(signature)), nil
}

// signLot makes the signature document (IHE DSG, detached; XAdES 1.1.1).
func (c *Client) signLot(s *Sealed, cred segur.Credential, setID string, now time.Time) ([]byte, error) {
	id, err := c.cfg.IDs.UUID()
	if err != nil {
		return nil, err
	}
	d := xmlsec.DSG{ID: "_" + id, SigningTime: now, References: []xmlsec.ManifestReference{xmlsec.Placeholder("urn:oid:" + setID)}}
	for i := range s.digests {
		d.References = append(d.References, xmlsec.ManifestReference{
			URI: "urn:oid:" + s.submission.Entries[i].UniqueID, Canonical: s.digests[i].canonical, Digest: s.digests[i].manifest})
	}
	if !s.sha256 {
		d.Algorithms = xmlsec.SHA1Algorithms()
	}
	out, err := xmlsec.SignDSG(d, xmlsec.Key{Signer: cred, Chain: cred.Chain(), Rand: c.cfg.Random})
	if err != nil {
		return nil, &segur.Error{Kind: segur.KindAuthentication, Message: "the lot could not be signed: nothing was sent", Err: err}
	}
	return out, nil
}

// provide makes the request of ITI-41: every document is a part of its own.
func (c *Client) provide(s *Sealed, f *failure, cred segur.Credential, setID, signatureID string) (request, error) {
	r := request{op: opSubmit, service: serviceRepository, action: actionProvide}
	lot, contents, err := c.lot(s, cred, setID, signatureID)
	if err != nil {
		return r, err
	}
	f.places = placesOf(lot, s.positions)
	part := func(entryID string) string { return entryID + "@segur" }
	body, err := lot.AppendProvideAndRegister(nil, func(entryID string) string { return soap.Href(part(entryID)) })
	if err != nil {
		return r, err
	}
	r.body = body
	for i := range lot.Entries {
		e := &lot.Entries[i]
		if got := contents[i].Size(); got != e.Size {
			return r, &segur.Error{Kind: segur.KindConflict,
				Details: []segur.Detail{{Field: fmt.Sprintf("documents[%d]", i), Message: "no longer has the size it was prepared with: nothing was sent"}}}
		}
		r.attachments = append(r.attachments, soap.Attachment{ContentID: part(e.ID), ContentType: e.MimeType, Content: contents[i]})
	}
	return r, nil
}
