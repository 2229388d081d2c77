package dmptest

import (
	"bytes"
	"net/http"
	"regexp"
	"slices"
	"strconv"

	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/internal/ebrim"
	"github.com/segur-sdk/segur/internal/saml"
)

// update is ITI-57.
func (c *call) update(w http.ResponseWriter) *refusal {
	switch {
	case c.mtom:
		return sender("", "ITI-57 is not sent as MTOM")
	case !c.message.Payload.Is(ebrim.NamespaceLCM, "SubmitObjectsRequest"):
		return sender("", "The body is not a SubmitObjectsRequest")
	case c.vihf.Patient.IsZero():
		return sender("DMPInvalidVihf", "Le VIHF ne nomme pas de patient")
	}
	response, f := c.change()
	if f != nil {
		return f
	}
	c.warned(response)
	c.note(response)
	body, err := response.AppendXML(nil)
	if err != nil {
		return sender("", "The answer cannot be written")
	}
	c.write(w, http.StatusOK, body)
	return nil
}

// change carries out one update, or says why not.
func (c *call) change() (*xds.Response, *refusal) {
	s, warnings, err := xds.ParseSubmission(c.message.Raw)
	switch {
	case err != nil:
		return failure("XDSRegistryMetadataError", "Les métadonnées ne peuvent pas être lues : "+err.Error()), nil
	case len(warnings) > 0:
		return failure("XDSRegistryMetadataError", warnings[0].Field+" "+warnings[0].Message), nil
	case s.Set.PatientID.CX() != saml.PatientID(c.vihf.Patient):
		return failed("XDSPatientIdDoesNotMatch", "L'INS du lot n'est pas celle du VIHF", s.Set.ID), nil
	case !symbolic(s.Set.ID):
		return failure("XDSRegistryMetadataError", "The set must have a symbolic id: the registry gives the entryUUID"), nil
	}
	if r := c.checkSender(&s.Set); r != nil {
		return r, nil
	}
	// An entry comes back as the registry gave it; the set is the caller's.
	check := xds.Submission{Set: s.Set, Associations: []xds.Association{{Type: xds.UpdateStatus}}}
	if _, err := check.Validate(xds.Rules{AllowUnknownCodes: c.h.unknownCodes}); err != nil {
		return failed("XDSRegistryMetadataError", err.Error(), s.Set.ID), nil
	}
	switch state, known := c.record(); {
	case !known:
		return failure("XDSUnknownPatientId", "Aucun DMP pour ce patient"), nil
	case state.Closed:
		return failure("DMPClosed", "Le DMP est fermé"), nil
	}
	c.h.mu.Lock()
	defer c.h.mu.Unlock()
	if r := c.h.store.knows(s.Set.UniqueID); r != nil {
		return r, nil
	}
	if len(s.Associations) != 1 {
		return failure("XDSMetadataUpdateOperationError", "One association is expected"), nil
	}
	a := s.Associations[0]
	switch {
	case a.Source != s.Set.ID:
		return failure("XDSMetadataUpdateOperationError", "The association must start from the set"), nil
	case a.Type == xds.UpdateStatus && len(s.Entries) == 0:
		return c.changeStatus(&s, a)
	case a.Type == xds.HasMember && len(s.Entries) == 1 && a.Target == s.Entries[0].ID:
		return c.changeEntry(&s, a)
	}
	return failure("XDSMetadataUpdateOperationError", "Neither a change of status nor one of metadata"), nil
}

// changeStatus archives, restores or deletes. h.mu is held.
func (c *call) changeStatus(s *xds.Submission, a xds.Association) (*xds.Response, *refusal) {
	d := c.h.store.entry(a.Target)
	if d == nil || d.Patient != c.vihf.Patient {
		return failed("UnresolvedReferenceException", "Aucune fiche sous cet identifiant", a.Target), nil
	}
	var operation string
	switch {
	case a.To == xds.Deleted && (a.From == xds.Approved || a.From == xds.Archived):
		operation = "delete"
	case a.From == xds.Approved && a.To == xds.Archived:
		operation = "archive"
	case a.From == xds.Archived && a.To == xds.Approved:
		operation = "unarchive"
	default:
		return failed("XDSMetadataUpdateOperationError", "Changement de statut non prévu", a.Target), nil
	}
	if f := c.deniedChange(operation, &d.Entry); f != nil {
		return nil, f
	}
	switch {
	case d.Entry.Status == xds.Deprecated:
		return failed("XDSRegistryDeprecatedDocumentError", "Le document a été remplacé", a.Target), nil
	case d.Entry.Status != a.From:
		return failed("XDSMetadataUpdateError", "OriginalStatus n'est pas le statut courant", a.Target), nil
	}
	d.Entry.Status = a.To
	c.h.store.file(StoredSubmission{Patient: d.Patient, MessageID: c.MessageID, DocumentIDs: []string{d.Entry.UniqueID}}, s, map[string]string{})
	return &xds.Response{Outcome: xds.Success}, nil
}

// changeEntry gives an entry a new version, which differs by its visibility
// only. h.mu is held.
func (c *call) changeEntry(s *xds.Submission, a xds.Association) (*xds.Response, *refusal) {
	next := s.Entries[0]
	d := c.h.store.logical(next.LogicalID)
	switch {
	case !symbolic(next.ID):
		return failed("XDSMetadataUpdateError", "The new version must have a symbolic id", next.ID), nil
	case d == nil || d.Patient != c.vihf.Patient:
		return failed("UnresolvedReferenceException", "Aucune fiche sous cet identifiant logique", next.ID), nil
	case a.SetStatus != "Original" || a.PreviousVersion == "":
		return failed("XDSMetadataUpdateError", "SubmissionSetStatus and PreviousVersion are required", next.ID), nil
	case a.PreviousVersion != d.Entry.Version:
		return failed("XDSMetadataVersionError", "PreviousVersion n'est pas la version courante", next.ID), nil
	case next.PatientID.CX() != saml.PatientID(c.vihf.Patient):
		return failed("XDSPatientIdDoesNotMatch", "L'INS de la fiche n'est pas celle du VIHF", next.ID), nil
	}
	operation, r := visibilityChange(&d.Entry, &next, c.h.cumul)
	if r != nil {
		return r, nil
	}
	if f := c.deniedChange(operation, &d.Entry); f != nil {
		return nil, f
	}
	if d.Entry.Status == xds.Deprecated {
		return failed("XDSRegistryDeprecatedDocumentError", "Le document a été remplacé", next.ID), nil
	}
	version, _ := strconv.Atoi(d.Entry.Version)
	old := *d
	old.Entry.Status = xds.Deprecated
	c.h.store.history = append(c.h.store.history, old)
	given := map[string]string{next.ID: "urn:uuid:" + newUUID()}
	d.Entry.ConfidentialityCodes = next.ConfidentialityCodes
	d.Entry.ID, d.Entry.Version = given[next.ID], strconv.Itoa(version+1)
	c.h.store.file(StoredSubmission{Patient: d.Patient, MessageID: c.MessageID, DocumentIDs: []string{d.Entry.UniqueID}}, s, given)
	return &xds.Response{Outcome: xds.Success}, nil
}

// visibilityChange names the operation that leads from one version to the
// next. A document that was visible does not become invisible.
func visibilityChange(old, next *xds.DocumentEntry, cumul bool) (string, *xds.Response) {
	refuse := func(context string) (string, *xds.Response) {
		return "", failed("XDSMetadataUpdateError", context, next.ID)
	}
	codes := next.ConfidentialityCodes
	switch {
	case !bytes.Equal(besideVisibility(*old), besideVisibility(*next)):
		return refuse("Seuls les codes de confidentialité changent")
	case len(codes) == 0 || !slices.Contains(old.ConfidentialityCodes, codes[0]) || isMarker(codes[0].Code):
		return refuse("Le niveau de confidentialité reste, en premier")
	}
	masked, was := next.Has(xds.HiddenFromProfessionals), old.Has(xds.HiddenFromProfessionals)
	opened := false
	for _, v := range []xds.Visibility{xds.HiddenFromPatient, xds.HiddenFromRepresentatives} {
		if next.Has(v) && !old.Has(v) {
			return refuse("Un document visible ne devient pas invisible")
		}
		opened = opened || old.Has(v) && !next.Has(v)
	}
	switch {
	case masked && !was && maskedAndInvisible(next) && !cumul:
		return refuse("MASQUE_PS et INVISIBLE_PATIENT ne se cumulent pas")
	case masked && !was:
		return "mask", nil
	case was && !masked:
		return "unmask", nil
	case opened:
		return "show", nil
	}
	return refuse("La fiche ne change pas")
}

// numbers are the attributes that say nothing of a document: names that a
// message gives, and the default of isOpaque.
var numbers = regexp.MustCompile(` (?:id|classifiedObject|registryObject|home)="[^"]*"| isOpaque="false"`)

// besideVisibility is what an entry says, but for its visibility.
func besideVisibility(e xds.DocumentEntry) []byte {
	e.ID, e.Version, e.Replaces, e.ConfidentialityCodes = "Document01", "", "", nil
	b, err := (&xds.Submission{Set: xds.SubmissionSet{ID: "SubmissionSet01"}, Entries: []xds.DocumentEntry{e}}).AppendXML(nil)
	if err != nil {
		return nil
	}
	return numbers.ReplaceAll(b, nil)
}

func isMarker(code string) bool {
	return code == string(xds.HiddenFromProfessionals) || code == string(xds.HiddenFromPatient) || code == string(xds.HiddenFromRepresentatives)
}

// changes are the transactions of the operations.
var changes = map[string]dmp.Transaction{
	"mask": dmp.TD33aMask, "unmask": dmp.TD33aUnmask, "show": dmp.TD33b, "delete": dmp.TD33c,
	"archive": dmp.TD33dArchive, "unarchive": dmp.TD33dUnarchive,
}

// deniedChange applies the rights matrix to a change of e.
func (c *call) deniedChange(operation string, e *xds.DocumentEntry) *refusal {
	return c.refusesFor(changes[operation], e)
}
