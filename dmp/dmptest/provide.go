package dmptest

import (
	"crypto/sha1" //nolint:gosec // the hash that XDS metadata are defined with
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/internal/saml"
	"github.com/segur-sdk/segur/internal/xmlr"
	"github.com/segur-sdk/segur/internal/xmlsec"
	"github.com/segur-sdk/segur/internal/xop"
)

// provide is ITI-41.
func (c *call) provide(w http.ResponseWriter) *refusal {
	if !c.mtom {
		return sender("", "ITI-41 is sent as MTOM")
	}
	if f := c.refuses(c.feeding()); f != nil {
		return f
	}
	response := c.submit()
	c.warned(response)
	c.note(response)
	body, err := response.AppendXML(nil)
	if err != nil {
		return sender("", "The answer cannot be written")
	}
	c.write(w, http.StatusOK, body)
	return nil
}

func (c *call) submit() *xds.Response {
	request, err := xds.ParseProvideAndRegister(c.message.Raw)
	if err != nil {
		return failure("XDSRegistryMetadataError", "Les métadonnées ne peuvent pas être lues : "+err.Error())
	}
	for _, check := range []func(*xds.ProvideAndRegister) *xds.Response{c.checkMetadata, c.checkPatient, c.checkAuthor, c.checkLinks} {
		if r := check(request); r != nil {
			return r
		}
	}
	contents, r := c.checkDocuments(request)
	if r != nil {
		return r
	}
	if r := c.checkSignature(&request.Submission, contents); r != nil {
		return r
	}
	c.h.mu.Lock()
	defer c.h.mu.Unlock()
	return c.h.store.register(c.vihf.Patient, &request.Submission, contents, c.MessageID, c.author)
}

func (c *call) checkMetadata(request *xds.ProvideAndRegister) *xds.Response {
	if len(request.Warnings) > 0 {
		return failure("XDSRegistryMetadataError", request.Warnings[0].Field+" "+request.Warnings[0].Message)
	}
	_, err := request.Submission.Validate(xds.Rules{AllowUnknownCodes: c.h.unknownCodes})
	var e *segur.Error
	if errors.As(err, &e) {
		out := &xds.Response{Outcome: xds.Failure}
		for _, d := range e.Details {
			out.Errors = append(out.Errors, xds.RegistryError{Code: "XDSRegistryMetadataError", Context: d.Field + " " + d.Message, Location: object(&request.Submission, d.Field)})
		}
		return out
	}
	for i := range request.Submission.Entries {
		e := &request.Submission.Entries[i]
		if c.vihf.Secret && !e.IsSignature() && !e.Has(xds.HiddenFromRepresentatives) {
			return failure("XDSRegistryMetadataError", "Une connexion secrète ne dépose que des documents invisibles aux représentants légaux")
		}
		if !c.h.cumul && !e.IsSignature() && maskedAndInvisible(e) {
			return failed("XDSRegistryMetadataError", "confidentialityCode : MASQUE_PS et INVISIBLE_PATIENT ne se cumulent pas", e.ID)
		}
	}
	return nil
}

func maskedAndInvisible(e *xds.DocumentEntry) bool {
	return e.Has(xds.HiddenFromProfessionals) && e.Has(xds.HiddenFromPatient)
}

// checkPatient wants the INS of the assertion everywhere, to the character,
// and an open record.
func (c *call) checkPatient(request *xds.ProvideAndRegister) *xds.Response {
	want := saml.PatientID(c.vihf.Patient)
	if request.Submission.Set.PatientID.CX() != want {
		return failure("XDSPatientIdDoesNotMatch", "L'INS du lot n'est pas celle du VIHF")
	}
	for i := range request.Submission.Entries {
		if request.Submission.Entries[i].PatientID.CX() != want {
			return failure("XDSPatientIdDoesNotMatch", "L'INS d'une fiche n'est pas celle du VIHF")
		}
	}
	state, known := c.record()
	switch {
	case !known:
		return failure("XDSUnknownPatientId", "Aucun DMP pour ce patient")
	case state.Closed:
		return failure("DMPClosed", "Le DMP est fermé")
	}
	return nil
}

// checkAuthor wants the user and the structure of the assertion as the author
// of the lot, and applies EX_2.1-1140 to each entry.
func (c *call) checkAuthor(request *xds.ProvideAndRegister) *xds.Response {
	for i := range request.Submission.Entries {
		e := &request.Submission.Entries[i]
		if !c.author(e) {
			return failed("XDSRegistryMetadataError", "Aucun AuthorInstitution ne correspond à l'utilisateur du VIHF", e.ID)
		}
	}
	return c.checkSender(&request.Submission.Set)
}

func (c *call) checkSender(set *xds.SubmissionSet) *xds.Response {
	if of := set.Author.Institutions; set.Author.Person.ID != c.vihf.Subject || len(of) != 1 || of[0].ID != c.vihf.Structure {
		return failed("XDSRegistryMetadataError", "L'auteur du lot n'est pas l'utilisateur du VIHF, dans sa structure", set.ID)
	}
	return nil
}

// author applies EX_2.1-1140: the holder of a card is an author or the legal
// authenticator; everybody else acts for the structure of an author.
func (c *call) author(e *xds.DocumentEntry) bool {
	if a := c.as(); a.mode == dmp.Directe && a.profile != dmp.NonProfessional {
		return e.SignedBy(c.vihf.Subject)
	}
	return e.WrittenBy(c.vihf.Structure)
}

// checkLinks wants symbolic identifiers, one signature, and every association.
func (c *call) checkLinks(request *xds.ProvideAndRegister) *xds.Response {
	refuse := func(context string) *xds.Response { return failure("XDSRegistryMetadataError", context) }
	s := &request.Submission
	if !symbolic(s.Set.ID) {
		return refuse("The set must have a symbolic id: the registry gives the entryUUID")
	}
	links := map[string]bool{}
	for _, a := range s.Associations {
		links[string(a.Type)+" "+a.Source+" "+a.Target] = true
		if a.Type == xds.HasMember && a.SetStatus != "Original" {
			return refuse("HasMember must have the SubmissionSetStatus Original")
		}
	}
	wanted, signatures := 0, 0
	want := func(t xds.AssociationType, source, target string) bool {
		wanted++
		return links[string(t)+" "+source+" "+target]
	}
	for i := range s.Entries {
		e := &s.Entries[i]
		switch {
		case !symbolic(e.ID):
			return refuse("An entry must have a symbolic id: the registry gives the entryUUID")
		case !want(xds.HasMember, s.Set.ID, e.ID):
			return refuse("An entry is not a member of the set")
		case e.Replaces != "" && !want(xds.Replaces, e.ID, e.Replaces):
			return refuse("The replacement has no association")
		}
		if e.IsSignature() {
			signatures++
			if !want(xds.Signs, e.ID, s.Set.ID) {
				return refuse("The signature does not sign the set")
			}
		}
	}
	switch {
	case signatures != 1:
		return refuse("The set must have one signature")
	case len(s.Entries) < 2:
		return refuse("The set has no document")
	case wanted != len(s.Associations):
		return refuse("The set has associations too many")
	}
	return nil
}

// object is the id of the object that a field of the metadata belongs to.
func object(s *xds.Submission, field string) string {
	for i := range s.Entries {
		if strings.HasPrefix(field, fmt.Sprintf("entries[%d].", i)) {
			return s.Entries[i].ID
		}
	}
	return s.Set.ID
}

func symbolic(id string) bool { return id != "" && !strings.HasPrefix(id, "urn:") }

// checkDocuments pairs entries and parts, and compares hash, size and type
// with the bytes received.
func (c *call) checkDocuments(request *xds.ProvideAndRegister) ([][]byte, *xds.Response) {
	byID := map[string]string{}
	for _, d := range request.Documents {
		if d.Href == "" {
			return nil, failure("XDSRepositoryMetadataError", "Documents are sent as XOP parts")
		}
		if byID[d.ID] != "" {
			return nil, failure("XDSRepositoryDuplicateUniqueIdInMessage", "Two documents have the same id")
		}
		byID[d.ID] = d.Href
	}
	used := map[string]bool{}
	var contents [][]byte
	for i := range request.Submission.Entries {
		e := &request.Submission.Entries[i]
		href := byID[e.ID]
		p := c.part(href)
		switch {
		case href == "" || p == nil:
			return nil, failed("XDSMissingDocument", "The document of "+e.ID+" is missing", e.ID)
		case used[p.id]:
			return nil, failure("XDSRepositoryMetadataError", "Two entries share a part")
		}
		used[p.id] = true
		sum := sha1.Sum(p.content) //nolint:gosec // see the import
		switch {
		case !strings.EqualFold(hex.EncodeToString(sum[:]), e.Hash):
			return nil, failed("XDSRepositoryMetadataError", "The hash of "+e.ID+" is not that of the bytes received", e.ID)
		case int64(len(p.content)) != e.Size:
			return nil, failed("XDSRepositoryMetadataError", "The size of "+e.ID+" is not that of the bytes received", e.ID)
		case p.contentType != e.MimeType:
			return nil, failed("XDSRepositoryMetadataError", "The media type of "+e.ID+" is not that of its part", e.ID)
		}
		contents = append(contents, p.content)
	}
	if len(byID) != len(contents) || len(c.parts) != len(contents) {
		return nil, failure("XDSMissingDocumentMetadata", "A document has no metadata")
	}
	return contents, nil
}

func (c *call) part(href string) *part {
	for i := range c.parts {
		if xop.SameID(href, c.parts[i].id) {
			return &c.parts[i]
		}
	}
	return nil
}

// checkSignature verifies the signature of the lot and that it covers the set
// and every document as received.
func (c *call) checkSignature(s *xds.Submission, contents [][]byte) *xds.Response {
	refuse := func(format string, args ...any) *xds.Response {
		return failure("XDSRepositoryMetadataError", "Signature du lot refusée : "+fmt.Sprintf(format, args...))
	}
	var signature []byte
	for i := range s.Entries {
		if s.Entries[i].IsSignature() {
			signature = contents[i]
		}
	}
	d, err := xmlsec.VerifyDSG(signature, xmlsec.Policy{AllowSHA1: true})
	if err != nil {
		return refuse("%v", err)
	}
	now := c.h.clock()
	if _, err := d.Chain(xmlsec.Trust{Roots: c.h.pki.Roots(), Time: now, RequireSigningUsage: true}); err != nil {
		return refuse("%v", err)
	}
	switch {
	case c.vihf.Mode != saml.Direct && !c.ofStructure(d.Certificate):
		return refuse("the signer is not the structure")
	case d.Purpose != xmlsec.PurposeSource:
		return refuse("the purpose is not Source")
	case now.Sub(d.SigningTime).Abs() > c.h.maxAge:
		return refuse("the signing time is not now")
	case len(d.References) != len(contents) || d.References[0].URI != "urn:oid:"+s.Set.UniqueID:
		return refuse("the manifest does not list the set, then the documents")
	}
	listed := d.References[1:]
	for i := range s.Entries {
		e := &s.Entries[i]
		if e.IsSignature() {
			continue
		}
		r := listed[0]
		listed = listed[1:]
		if r.URI != "urn:oid:"+e.UniqueID {
			return refuse("the manifest lists another document")
		}
		if r.Canonical != strings.Contains(e.MimeType, "xml") {
			return refuse("the digest must be of the canonical form for XML, of the bytes otherwise")
		}
		if err := r.Match(contents[i], xmlr.Options{MaxBytes: maxMessage}); err != nil {
			return refuse("%v", err)
		}
	}
	return nil
}
