package dmp

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/internal/nos"
)

// ManifestOptions are what a lot of images says beyond its manifest.
type ManifestOptions struct {
	// Opposition is that of every lot: [NotOpposed] when the sender of the
	// reports vouches for it, as a message with DESTDMP=Y does. Required to
	// publish.
	Opposition Opposition
	// ContentType is the activity that gave rise to the lots (contentTypeCode,
	// JDV_J59), such as {Code: "07"}, external consultation, or {Code: "03"},
	// hospital stay. Required to publish.
	ContentType segur.Code
	// FormerINS gives the INS that a patient had before: a manifest that is
	// replaced may bear one of them. Optional.
	FormerINS func(segur.INS) []segur.INS
}

// Manifests publishes, replaces, withdraws, finds and reads the manifests of
// images (KOS) of DRIM-M in the record, in the words of package xds alone: it
// is what the source and the consumer of dicomweb/drim ask for. It is one
// user of one structure, as its client, and safe for concurrent use.
type Manifests struct {
	c *Client
	o ManifestOptions
}

// Manifests returns the manifests of the record as c sees them.
func (c *Client) Manifests(o ManifestOptions) *Manifests { return &Manifests{c: c, o: o} }

// Seal checks a lot and fixes its bytes and identifiers; it sends nothing but
// the search of the manifest that is replaced (TD3.1b). That one missing from
// the record is an [segur.ErrNotFound] error.
func (m *Manifests) Seal(ctx context.Context, lot xds.ManifestLot) (xds.SealedManifest, error) {
	d := SubmissionDocument{Content: lot.Content, Entry: &lot.Entry}
	if ins, ok := lot.Patient.QualifiedINS(); ok && lot.Replaces != "" {
		id, err := m.c.Lookup(ctx, ins, lot.Replaces)
		if err != nil {
			return xds.SealedManifest{}, err
		}
		d.Replaces = id
	}
	s := Submission{Patient: lot.Patient, Documents: []SubmissionDocument{d}, ContentType: m.o.ContentType, Opposition: m.o.Opposition, Title: lot.Title}
	if m.o.FormerINS != nil {
		s.FormerINS = m.o.FormerINS(lot.Patient.INS)
	}
	sealed, err := m.c.Prepare(ctx, s)
	if err != nil {
		return xds.SealedManifest{}, err
	}
	var stored bytes.Buffer
	if err := sealed.Encode(&stored); err != nil {
		return xds.SealedManifest{}, err
	}
	metadata, err := sealed.metadata()
	if err != nil {
		return xds.SealedManifest{}, err
	}
	return xds.SealedManifest{UniqueID: lot.Entry.UniqueID, Stored: stored.Bytes(), Metadata: metadata}, nil
}

// Send publishes what Seal fixed (TD2.1). again says that it may have been sent
// before: the record is then asked first, and the lot is sent only when the
// manifest is not there (see [Client.Resubmit]).
func (m *Manifests) Send(ctx context.Context, stored []byte, again bool) (xds.ManifestReceipt, error) {
	sealed, err := m.c.Decode(bytes.NewReader(stored), DecodeOptions{})
	if err != nil {
		return xds.ManifestReceipt{}, err
	}
	send := m.c.Submit
	if again {
		send = m.c.Resubmit
	}
	r, err := send(ctx, sealed)
	if err != nil {
		return xds.ManifestReceipt{}, err
	}
	return xds.ManifestReceipt{UniqueID: sealed.DocumentIDs()[0], SubmissionSetID: r.SubmissionSetID, MessageID: r.MessageID, At: r.At,
		AlreadyPresent: r.AlreadyPresent}, nil
}

// Lookup returns the entryUUID of a manifest; [segur.ErrNotFound] when the
// record has none of this identifier (TD3.1b, open to every mode).
func (m *Manifests) Lookup(ctx context.Context, patient segur.INS, uniqueID string) (string, error) {
	return m.c.Lookup(ctx, patient, uniqueID)
}

// Remove withdraws a manifest (TD3.3c). One that the record does not have, or
// tells to be withdrawn, is no error: doing it twice is safe. The caller vouches
// that the identity was qualified when the manifest was published. A manifest that
// another one replaced is an [segur.ErrConflict] error. Where metadata are not
// read (INDIRECTE) the status is a guess: one that the record takes neither for
// active nor for archived is an [segur.ErrRefused] error of code
// XDSMetadataUpdateError. It may be withdrawn already, or the record may refuse
// for another reason: nothing here can tell, and a manifest that is still there is
// not said to be gone.
func (m *Manifests) Remove(ctx context.Context, patient segur.INS, uniqueID string) error {
	blind, err := m.remove(ctx, patient, uniqueID, xds.Approved)
	if blind && refusedStatus(err) {
		// Where metadata are not read the status is a guess.
		_, err = m.remove(ctx, patient, uniqueID, xds.Archived)
	}
	if segur.KindOf(err) == segur.KindNotFound {
		return nil
	}
	return err
}

func (m *Manifests) remove(ctx context.Context, patient segur.INS, uniqueID string, status xds.Status) (blind bool, err error) {
	d, err := m.c.PrepareDelete(ctx, DeleteRequest{Patient: segur.Patient{INS: patient, Status: segur.Qualified}, UniqueID: uniqueID,
		Status: status, ContentType: m.o.ContentType})
	if err != nil {
		return false, err
	}
	_, err = m.c.Delete(ctx, d)
	return d.blind, err
}

// refusedStatus: the entry is not in the status that the change announced.
func refusedStatus(err error) bool {
	var e *segur.Error
	return errors.As(err, &e) && e.Code == "XDSMetadataUpdateError"
}

// Find gives the entries of manifests, and of reports when asked for (TD3.1):
// see [Client.Find]. Only active documents are given.
func (m *Manifests) Find(ctx context.Context, patient segur.INS, q xds.ManifestQuery) iter.Seq2[*xds.DocumentEntry, error] {
	query := Query{Patient: patient, UniqueIDs: q.UniqueIDs}
	if len(q.UniqueIDs) > 0 {
		return m.c.Find(ctx, query)
	}
	if !q.ReportsOnly {
		query.Types = append(query.Types, segur.Code{Code: "IMG-KOS", System: nos.A05DocumentType})
	}
	if q.ReportsOnly || q.WithReports {
		query.Types = append(query.Types, segur.Code{Code: "18748-4"})
	}
	if len(q.References) > 0 {
		query.References = [][]xds.Reference{q.References}
	}
	events := func(codes []string, system segur.OID) {
		var alternatives []segur.Code
		for _, code := range codes {
			alternatives = append(alternatives, segur.Code{Code: code, System: system})
		}
		if alternatives != nil {
			query.Events = append(query.Events, alternatives)
		}
	}
	events(q.Modalities, nos.DCM)
	events(q.Regions, nos.SNOMEDCT)
	query.ServiceStart, query.Created = q.Service, q.Created
	return m.c.Find(ctx, query)
}

// Open reads a document that Find gave (TD3.2). Its io.EOF vouches for the hash
// and the size of the entry: see [Client.Retrieve].
func (m *Manifests) Open(ctx context.Context, patient segur.INS, entry *xds.DocumentEntry) (io.ReadCloser, error) {
	r, err := m.c.Retrieve(ctx, patient, entry)
	if err != nil {
		return nil, err
	}
	return r, nil
}
