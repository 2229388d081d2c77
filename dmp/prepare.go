package dmp

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/internal/names"
)

const opPrepare = "dmp.prepare"

// Prepare checks the submission as a whole, computes hashes and fixes
// identifiers. It sends nothing. Each document is read once; a large XML
// document is read a second time for the digest that the lot signature takes
// of its canonical form. The error is an [segur.ErrInvalidInput] error that
// lists everything that is wrong, with its field.
func (c *Client) Prepare(ctx context.Context, s Submission) (*Sealed, error) {
	var p segur.Problems
	sealed := &Sealed{sha256: c.cfg.Settings.LotSignatureSHA256, secret: c.secret}
	sealed.patient = c.checkIdentity(&p, s.Patient)
	sealed.private = patientTexts(s.Patient)
	s.Opposition.check(&p)
	fits := c.checkSizes(&p, s.Documents)
	if len(s.Documents) == 0 {
		p.Add("documents", "at least one is required")
	}
	for i := range s.Documents {
		if err := ctx.Err(); err != nil {
			kind := segur.KindCanceled
			if errors.Is(err, context.DeadlineExceeded) {
				kind = segur.KindTimeout
			}
			return nil, &segur.Error{Op: opPrepare, Kind: kind, Message: "nothing was sent", Err: err}
		}
		if c.prepareDocument(&p, fmt.Sprintf("documents[%d]", i), &s.Documents[i], &s, fits[i], sealed) {
			sealed.positions = append(sealed.positions, i)
		}
	}
	if err := c.prepareSet(&s, sealed); err != nil {
		return nil, err
	}
	warnings, err := sealed.submission.Validate(xds.Rules{AllowUnknownCodes: c.cfg.Settings.AllowUnknownCodes})
	sealed.warnings = append(sealed.warnings, sealed.renamed(warnings)...)
	var metadata *segur.Error
	if errors.As(err, &metadata) {
		addMetadata(&p, sealed.renamed(metadata.Details))
	}
	if err := p.Err(opPrepare); err != nil {
		return nil, err
	}
	return sealed, nil
}

// addMetadata adds the problems of the metadata, leaving out what was reported
// already: a field twice, or the identity of which the metadata are copies.
func addMetadata(p *segur.Problems, details []segur.Detail) {
	seen, identity := map[string]bool{}, false
	for _, d := range p.Details() {
		seen[d.Field] = true
		identity = identity || d.Field == "patient.ins" || d.Field == "patient.status"
	}
	for _, d := range details {
		if seen[d.Field] || identity && strings.HasSuffix(d.Field, "patientID") || d.Field == "documents" {
			continue
		}
		p.Add(d.Field, d.Message)
	}
}

// renamed gives metadata problems the paths of [Submission].
func (s *Sealed) renamed(in []segur.Detail) []segur.Detail {
	out := make([]segur.Detail, len(in))
	for i, d := range in {
		switch {
		case d.Field == "set.contentTypeCode":
			d.Field = "contentType"
		case d.Field == "entries":
			d.Field = "documents"
		case strings.HasPrefix(d.Field, "set."):
			d.Field = strings.TrimPrefix(d.Field, "set.")
		case strings.HasPrefix(d.Field, "entries["):
			index, field, _ := strings.Cut(strings.TrimPrefix(d.Field, "entries["), "]")
			if n, err := strconv.Atoi(index); err == nil && n < len(s.positions) {
				index = strconv.Itoa(s.positions[n])
			}
			d.Field = "documents[" + index + "]" + field
		}
		out[i] = d
	}
	return out
}

// checkIdentity requires a qualified identity of an authority that the
// environment takes, and returns its INS.
func (c *Client) checkIdentity(p *segur.Problems, patient segur.Patient) segur.INS {
	ins, ok := patient.QualifiedINS()
	switch {
	case !ok && patient.INS.IsZero():
		p.Add("patient.ins", "is required: only documents with an INS are published")
	case patient.Attributes.Blocking():
		p.Add("patient.attributes", "a doubtful or fictitious identity is not published")
	case !ok:
		p.Addf("patient.status", "must be %s: the INS is used once the identity is qualified", segur.Qualified)
	case !c.cfg.Environment.AcceptsINS(ins.Authority()):
		p.Add("patient.ins.authority", "is a test authority, refused in production")
	}
	return ins
}

// patientTexts are the texts of a patient that no error may repeat.
func patientTexts(patient segur.Patient) []string {
	t := patient.Traits
	out := privateTexts(patient.INS.Matricule(), patient.INS.Body(), t.BirthName, t.UsedName, t.FirstGivenName, t.GivenNames, t.UsedGivenName)
	for _, id := range patient.LocalIDs {
		out = append(out, privateTexts(id.Extension)...)
	}
	return out
}

// content is what is sent: that of the document, or the content.
func (d *SubmissionDocument) content() segur.Content {
	if d.Document != nil {
		return d.Document
	}
	return d.Content
}

// prepareDocument adds a document to sealed, unless there is none. One that
// does not fit is not read.
func (c *Client) prepareDocument(p *segur.Problems, path string, d *SubmissionDocument, s *Submission, fits bool, sealed *Sealed) bool {
	entry, ok := c.prepareEntry(p, path, d, s.Patient, sealed)
	if !ok {
		return false
	}
	content := d.content()
	c.checkVisibility(p, path+".visibility", &entry)
	c.warnMinor(sealed, path+".visibility", &entry, s.Patient.Traits)
	c.checkInstitution(p, path, &entry)
	var digests digests
	var err error
	if fits {
		digests, err = digest(content, isXML(entry.MimeType), c.cfg.Settings.LotSignatureSHA256)
	}
	switch {
	case err != nil:
		p.Merge(path+".content", err)
	case fits && digests.size == 0:
		p.Add(path+".content", "is empty (EX_GEN-1060)")
	case fits:
		checkFormat(p, path, &entry, &digests)
		checkBytes(p, path, &entry, &digests, s.Patient)
	}
	if digests.size == 0 {
		// The rest is checked as if hash and size were there.
		digests.sha1, digests.size = strings.Repeat("0", 40), 1
	}
	entry.Hash, entry.Size = digests.sha1, digests.size
	if d.ReplacesEntry != nil {
		c.checkReplacement(p, path, d, &entry, s)
		sealed.private = append(sealed.private, entryTexts(d.ReplacesEntry)...)
	}
	for i := range sealed.submission.Entries {
		switch other := &sealed.submission.Entries[i]; {
		case fits && entry.UniqueID != other.UniqueID && entry.Hash == other.Hash && entry.Size == other.Size:
			p.Addf(path+".content", "is that of documents[%d]", sealed.positions[i])
		case entry.Replaces != "" && entry.Replaces == other.Replaces:
			p.Addf(path+".replaces", "is replaced by documents[%d] already", sealed.positions[i])
		}
	}
	sealed.submission.Entries = append(sealed.submission.Entries, entry)
	sealed.contents = append(sealed.contents, content)
	sealed.digests = append(sealed.digests, digests)
	return true
}

// prepareEntry is the entry of a document, without hash and size.
func (c *Client) prepareEntry(p *segur.Problems, path string, d *SubmissionDocument, patient segur.Patient, sealed *Sealed) (entry xds.DocumentEntry, ok bool) {
	replaces := d.Replaces
	if replaces == "" && d.ReplacesEntry != nil {
		replaces = d.ReplacesEntry.ID
	}
	switch {
	case d.Document != nil && (d.Content != nil || d.Entry != nil):
		p.Add(path, "takes either a document, or a content with its entry")
		return entry, false
	case d.Document != nil:
		header := d.Document.Header()
		checkHeader(p, path+".document", header, patient)
		o := d.Options
		o.Visibility = append(append([]xds.Visibility(nil), o.Visibility...), d.Visibility...)
		if c.secret && !slices.Contains(o.Visibility, xds.HiddenFromRepresentatives) {
			o.Visibility = append(o.Visibility, xds.HiddenFromRepresentatives)
		}
		entry = xds.DeriveEntry(header, o)
		sealed.private = append(sealed.private, privateTexts(header.Patient.BirthName, header.Patient.UsedName)...)
		for _, id := range header.PatientIDs {
			sealed.private = append(sealed.private, privateTexts(id.Extension)...)
		}
		switch says := header.Replaces != (segur.Identifier{}); {
		case says && replaces == "":
			p.Add(path+".replaces", "is required: the document replaces another one; Client.Lookup finds its entryUUID")
		case !says && replaces != "":
			p.Add(path+".replaces", "must be empty: the document does not say that it replaces another one (relatedDocument)")
		}
	case d.Content == nil || d.Entry == nil:
		p.Add(path, "needs a document, or a content with its entry")
		return entry, false
	default:
		entry = d.Entry.Clone() // the caller may make the next one of it
		entry.ID = ""
		if len(d.Visibility) > 0 {
			p.Add(path+".visibility", "must be empty with an entry: its confidentialityCodes hold the markers")
		}
	}
	entry.Replaces = replaces
	return entry, true
}

func isXML(mimeType string) bool {
	return mimeType == "text/xml" || mimeType == "application/xml" || strings.HasSuffix(mimeType, "+xml")
}

// checkHeader makes sure that the document is about the patient of the
// submission: same INS, and no trait that says otherwise.
func checkHeader(p *segur.Problems, path string, h segur.DocumentHeader, patient segur.Patient) {
	for _, id := range h.PatientIDs {
		if !segur.IsINSAuthority(id.Root) {
			continue
		}
		if id.Root != patient.INS.Authority() || id.Extension != patient.INS.Matricule() {
			p.Add(path+".patient", "is not the patient of the submission: the INS differs")
		}
		break
	}
	t := patient.Traits
	if mine, its := names.Words(t.BirthName), names.Words(h.Patient.BirthName); len(mine) > 0 && len(its) > 0 && !slices.Equal(mine, its) {
		p.Add(path+".patient.birthName", "is not that of the patient of the submission")
	}
	if !h.Patient.BirthDate.IsZero() && !t.BirthDate.IsZero() && h.Patient.BirthDate != t.BirthDate {
		p.Add(path+".patient.birthDate", "is not that of the patient of the submission")
	}
	if h.Patient.Sex != "" && t.Sex != "" && h.Patient.Sex != t.Sex {
		p.Add(path+".patient.sex", "is not that of the patient of the submission")
	}
}

// checkVisibility applies EX_2.1-1050.
func (c *Client) checkVisibility(p *segur.Problems, path string, e *xds.DocumentEntry) {
	if e.Has(xds.HiddenFromProfessionals) && e.Has(xds.HiddenFromPatient) && !c.cfg.Settings.AllowMaskedAndInvisible {
		p.Add(path, "must not hide the document both from professionals and from the patient (EX_2.1-1050; see settings.allowMaskedAndInvisible)")
	}
	if c.secret && !e.Has(xds.HiddenFromRepresentatives) {
		p.Add(path, "must hide the document from the legal representatives: the connection is secret (EX_2.1-1050)")
	}
}

// checkInstitution applies EX_2.1-1140.
func (c *Client) checkInstitution(p *segur.Problems, path string, e *xds.DocumentEntry) {
	switch {
	case c.ours(e):
	case c.byCard():
		p.Add(path+".authors", "must name the user: an author or the legal authenticator is who publishes with a card (EX_2.1-1140)")
	default:
		p.Add(path+".authors", "must name the structure of the configuration as the institution of one author (EX_2.1-1140; options.authorInstitution replaces it)")
	}
}

// prepareSet makes the metadata of the lot.
func (c *Client) prepareSet(s *Submission, sealed *Sealed) error {
	title := s.Title
	if title == "" && len(sealed.submission.Entries) == 1 {
		title = sealed.submission.Entries[0].Title
	}
	sealed.submission.Set = c.set(sealed.patient, title, s.ContentType)
	sealed.submission.Set.Comments = s.Comments
	return c.identify(sealed)
}

// set is the metadata of a lot that this client sends, without identifier.
func (c *Client) set(ins segur.INS, title string, contentType segur.Code) xds.SubmissionSet {
	user := c.cfg.User
	user.Organization = &c.cfg.Structure
	if user.Specialty.IsZero() && user.Profession.System == systemProducer {
		user.Specialty = segur.Code{Code: user.Profession.Code, System: systemProducer} // AUTOMATE is its own specialty
	}
	set := xds.SubmissionSet{
		SourceID: c.cfg.SourceID, PatientID: xds.INSPatientID(ins), Submitted: segur.At(c.cfg.now()),
		Title: title, Author: xds.NewAuthor(user), ContentTypeCode: contentType,
	}
	set.Complete()
	return set
}

// identify gives the lot and its signature new identifiers.
func (c *Client) identify(sealed *Sealed) error {
	for _, into := range []*string{&sealed.submission.Set.UniqueID, &sealed.signature} {
		id, err := c.cfg.IDs.OID(c.cfg.OIDRoot)
		if err != nil {
			return &segur.Error{Op: opPrepare, Kind: segur.KindUnavailable, Message: "no identifier for the lot", Err: err}
		}
		*into = string(id)
	}
	return nil
}
