package dmptest

import (
	"slices"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
)

// StoredDocument is a document that the fake holds, signatures excepted.
type StoredDocument struct {
	// Entry is its metadata, with what the registry gave: entryUUID, logical
	// identifier, version, status, repository.
	Entry xds.DocumentEntry
	// Content is its bytes.
	Content []byte
	// Patient is whose record it is in.
	Patient segur.INS
}

// StoredSubmission is a lot that the fake registered: of documents (ITI-41) or
// of changes (ITI-57).
type StoredSubmission struct {
	// Set is its metadata, with the entryUUID and the status that the registry
	// gave.
	Set xds.SubmissionSet
	// Patient is whose record it is in.
	Patient segur.INS
	// DocumentIDs are the identifiers of its documents; of those that it
	// changes, in ITI-57.
	DocumentIDs []string
	// Associations are its links, between entryUUIDs.
	Associations []xds.Association
	// Signature is the signature document, SignatureEntry its metadata; empty
	// in ITI-57.
	Signature      []byte
	SignatureEntry xds.DocumentEntry
	// MessageID is that of the call.
	MessageID string
}

// repositoryID is what the entries of the real service name.
const repositoryID segur.OID = "1.2.250.1.213.4.1.1.1.2"

type store struct {
	documents []StoredDocument // the last version of each
	// history are the versions that a change of metadata superseded; Deprecated.
	history     []StoredDocument
	submissions []StoredSubmission
}

// Documents returns what is stored, in the order of submission: the last
// version of the metadata of each document.
func (h *Handler) Documents() []StoredDocument {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.store.documents)
}

// History returns the versions of metadata that a later one superseded.
func (h *Handler) History() []StoredDocument {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.store.history)
}

// Submissions returns the lots that were registered.
func (h *Handler) Submissions() []StoredSubmission {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.store.submissions)
}

func (s *store) document(uniqueID string) *StoredDocument {
	for i := range s.documents {
		if s.documents[i].Entry.UniqueID == uniqueID {
			return &s.documents[i]
		}
	}
	return nil
}

func (s *store) entry(uuid string) *StoredDocument {
	for i := range s.documents {
		if s.documents[i].Entry.ID == uuid {
			return &s.documents[i]
		}
	}
	return nil
}

func (s *store) logical(lid string) *StoredDocument {
	for i := range s.documents {
		if s.documents[i].Entry.LogicalID == lid {
			return &s.documents[i]
		}
	}
	return nil
}

// knows reports whether the identifier of a lot was used already.
func (s *store) knows(setID string) *xds.Response {
	for i := range s.submissions {
		if s.submissions[i].Set.UniqueID == setID {
			return failure("XDSDuplicateUniqueIdInRegistry", "Le lot "+setID+" existe déjà")
		}
	}
	return nil
}

// file keeps a lot, with the entryUUIDs that the registry gave instead of the
// symbolic names.
func (s *store) file(sub StoredSubmission, lot *xds.Submission, given map[string]string) {
	sub.Set = lot.Set
	sub.Set.ID, sub.Set.Status = "urn:uuid:"+newUUID(), xds.Approved
	sub.Set.LogicalID = sub.Set.ID
	given[lot.Set.ID] = sub.Set.ID
	resolve := func(id string) string {
		if uuid, ok := given[id]; ok {
			return uuid
		}
		return id
	}
	for _, a := range lot.Associations {
		a.ID, a.Source, a.Target = "urn:uuid:"+newUUID(), resolve(a.Source), resolve(a.Target)
		sub.Associations = append(sub.Associations, a)
	}
	s.submissions = append(s.submissions, sub)
}

// register files a lot of documents that passed every check, or says why it
// cannot: all or nothing. h.mu is held.
func (s *store) register(patient segur.INS, lot *xds.Submission, contents [][]byte, messageID string, author func(*xds.DocumentEntry) bool) *xds.Response {
	if r := s.knows(lot.Set.UniqueID); r != nil {
		return r
	}
	sub := StoredSubmission{Patient: patient, MessageID: messageID}
	given := map[string]string{}
	var fresh []StoredDocument
	replaced := map[string]bool{}
	for i, e := range lot.Entries {
		if e.IsSignature() {
			sub.Signature, sub.SignatureEntry = contents[i], e
			given[e.ID] = "urn:uuid:" + newUUID()
			sub.SignatureEntry.ID = given[e.ID]
			continue
		}
		sub.DocumentIDs = append(sub.DocumentIDs, e.UniqueID)
		if known := s.document(e.UniqueID); known != nil {
			if r := known.same(patient, &e); r != nil {
				return r
			}
			given[e.ID] = known.Entry.ID
			continue // the same document again: tolerated, kept once
		}
		if e.Replaces != "" {
			if r := s.replaceable(patient, &e, author); r != nil {
				return r
			}
			if replaced[e.Replaces] {
				return failed("XDSReplaceFailed", "Deux documents du lot remplacent le même", e.Replaces)
			}
			replaced[e.Replaces] = true
		}
		fresh = append(fresh, StoredDocument{Entry: e, Content: contents[i], Patient: patient})
	}
	for _, d := range fresh {
		if d.Entry.Replaces != "" {
			s.entry(d.Entry.Replaces).Entry.Status = xds.Deprecated
		}
		given[d.Entry.ID] = "urn:uuid:" + newUUID()
		d.Entry.ID = given[d.Entry.ID]
		d.Entry.LogicalID, d.Entry.Version, d.Entry.Status, d.Entry.RepositoryID = d.Entry.ID, "1", xds.Approved, repositoryID
		s.documents = append(s.documents, d)
	}
	s.file(sub, lot, given)
	return &xds.Response{Outcome: xds.Success}
}

// same tells a document that is sent again from another one under its
// identifier.
func (d *StoredDocument) same(patient segur.INS, e *xds.DocumentEntry) *xds.Response {
	switch {
	case d.Patient != patient:
		return failed("XDSPatientIdDoesNotMatch", "Le document "+e.UniqueID+" est celui d'un autre patient", e.ID)
	case d.Entry.Hash != e.Hash:
		return failed("XDSNonIdenticalHash", "Le document "+e.UniqueID+" existe avec un autre contenu", e.ID)
	case d.Entry.Size != e.Size:
		return failed("XDSNonIdenticalSize", "Le document "+e.UniqueID+" existe avec une autre taille", e.ID)
	}
	return nil
}

// replaceable wants an active document, of an author who publishes
// (EX_2.1-1140).
func (s *store) replaceable(patient segur.INS, e *xds.DocumentEntry, author func(*xds.DocumentEntry) bool) *xds.Response {
	old := s.entry(e.Replaces)
	switch {
	case old == nil || old.Patient != patient:
		return failed("UnresolvedReferenceException", "Le document à remplacer n'existe pas", e.Replaces)
	case old.Entry.Status != xds.Approved:
		return failed("XDSRegistryDeprecatedDocumentError", "Le document à remplacer n'est plus actif", e.Replaces)
	case !author(&old.Entry):
		return failed("XDSReplaceFailed", "L'utilisateur du VIHF n'est pas un auteur du document à remplacer", e.Replaces)
	}
	return nil
}

// failed is the answer of a registry that refuses and says which object it is
// about.
func failed(code, context, location string) *xds.Response {
	r := failure(code, context)
	r.Errors[0].Location = location
	return r
}
