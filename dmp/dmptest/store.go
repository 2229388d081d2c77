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

// StoredSubmission is a lot that the fake registered.
type StoredSubmission struct {
	// Set is its metadata.
	Set xds.SubmissionSet
	// DocumentIDs are the identifiers of its documents.
	DocumentIDs []string
	// Signature is the signature document, SignatureEntry its metadata.
	Signature      []byte
	SignatureEntry xds.DocumentEntry
	// MessageID is that of the call.
	MessageID string
}

// repositoryID is what the entries of the real service name.
const repositoryID segur.OID = "1.2.250.1.213.4.1.1.1.2"

type store struct {
	documents   []StoredDocument
	submissions []StoredSubmission
}

// Documents returns what is stored, in the order of submission.
func (h *Handler) Documents() []StoredDocument {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.store.documents)
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

// register files a lot that passed every check, or says why it cannot: all or
// nothing. h.mu is held.
func (s *store) register(patient segur.INS, lot *xds.Submission, contents [][]byte, messageID string) *xds.Response {
	for i := range s.submissions {
		if s.submissions[i].Set.UniqueID == lot.Set.UniqueID {
			return failure("XDSDuplicateUniqueIdInRegistry", "Le lot "+lot.Set.UniqueID+" existe déjà")
		}
	}
	sub := StoredSubmission{Set: lot.Set, MessageID: messageID}
	var fresh []StoredDocument
	for i, e := range lot.Entries {
		if e.IsSignature() {
			sub.Signature, sub.SignatureEntry = contents[i], e
			continue
		}
		sub.DocumentIDs = append(sub.DocumentIDs, e.UniqueID)
		if known := s.document(e.UniqueID); known != nil {
			switch {
			case known.Patient != patient:
				return failure("XDSPatientIdDoesNotMatch", "Le document "+e.UniqueID+" est celui d'un autre patient")
			case known.Entry.Hash != e.Hash:
				return failure("XDSNonIdenticalHash", "Le document "+e.UniqueID+" existe avec un autre contenu")
			case known.Entry.Size != e.Size:
				return failure("XDSNonIdenticalSize", "Le document "+e.UniqueID+" existe avec une autre taille")
			}
			continue // the same document again: tolerated, kept once
		}
		if e.Replaces != "" {
			old := s.entry(e.Replaces)
			switch {
			case old == nil || old.Patient != patient:
				return failure("UnresolvedReferenceException", "Le document à remplacer n'existe pas")
			case old.Entry.Status != xds.Approved:
				return failure("XDSRegistryDeprecatedDocumentError", "Le document à remplacer n'est plus actif")
			}
		}
		fresh = append(fresh, StoredDocument{Entry: e, Content: contents[i], Patient: patient})
	}
	for _, d := range fresh {
		if d.Entry.Replaces != "" {
			s.entry(d.Entry.Replaces).Entry.Status = xds.Deprecated
		}
		d.Entry.ID = "urn:uuid:" + newUUID()
		d.Entry.LogicalID, d.Entry.Version, d.Entry.Status, d.Entry.RepositoryID = d.Entry.ID, "1", xds.Approved, repositoryID
		s.documents = append(s.documents, d)
	}
	s.submissions = append(s.submissions, sub)
	return &xds.Response{Outcome: xds.Success}
}
