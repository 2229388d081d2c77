package cda

import (
	"crypto/sha256"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/nos"
	"github.com/segur-sdk/segur/internal/xmlw"
)

// Level3 makes the report as a CDA R2 document of level 3, the volet IMG-CR-IMG
// 2024.01: the header, and sections of text with coded entries. Everything that
// is missing or wrong, in r and in s, is reported at once, in one
// [segur.ErrInvalidInput] error with the paths of the fields, those of s below
// "sections"; nothing is written then, but on demand
// ([Config.AllowInvalid]). The same report, sections, clock and identifiers give
// the same bytes.
//
// The PDF of r is optional here: when there is one, it becomes the section
// "Copie du document", which consumers show in place of the others.
func (w *Writer) Level3(r Report, s Sections) (*Document, error) {
	const op = "cda.level3"
	if r.Created.IsZero() {
		r.Created = w.cfg.Clock()
	}
	c := w.checker(false)
	filled := c.report(r)
	sections := c.sections(s, &filled)
	named := w.checker(true)
	named.media = c.media
	if c.failed {
		again := named.report(r)
		named.sections(s, &again)
	}
	var sum [sha256.Size]byte
	named.firmly(func() {
		if r.PDF != nil {
			sum = named.pdf(r.PDF)
		}
		named.contents(&sections)
	})
	invalid := named.problems.Err(op)
	if invalid != nil && (named.refused || !w.cfg.AllowInvalid) {
		return nil, invalid
	}
	if err := w.identify(&filled); err != nil {
		return nil, err
	}
	b := w.level3(&filled, &sections, named.media)
	xml, err := b.document(sum)
	xml = w.torn(xml)
	if err := unqualified(op, r.Patient, xml); err != nil {
		return nil, err
	}
	return b.made(op, xml, err, named.problems.Details(), invalid)
}

// level3 begins the document of a checked report.
func (w *Writer) level3(r *Report, s *Sections, media map[string]mediaFacts) *body {
	return &body{
		xmlEncoder: xmlEncoder{xmlw.New(w.page())}, r: r, s: s, ids: w.cfg.IDs,
		media: media, viewer: w.cfg.ViewerURL, modifiers: w.cfg.TopographicModifiers,
		laterality: w.tables.of(nos.TechniqueLaterality),
	}
}

// made is the document of what was written.
func (b *body) made(op string, xml []byte, err error, problems []segur.Detail, invalid error) (*Document, error) {
	switch {
	case b.failed != nil:
		return nil, b.failed
	case err != nil: // a character that XML has no place for
		return nil, unwritable(op, err)
	case len(xml) > maxSectionsBytes:
		return nil, &segur.Error{Op: op, Kind: segur.KindTooLarge, Message: "the texts of the document are larger than 16 MiB"}
	}
	return readable(newDocument(segur.Identifier{Root: b.r.ID}, xml, b.embeds, problems), invalid)
}

// level3Templates are those of a structured imaging report.
var level3Templates = [...]segur.OID{
	templateHL7France, templateCISIS,
	"1.2.840.10008.9.1", "1.2.840.10008.9.20", "1.2.840.10008.9.21", // DICOM PS3.20: report, general header, imaging header
	templateReport,
}

// templateVersion is the extension of the templates of the imaging volets.
const templateVersion = "2024.01"

// maxSectionsBytes bounds what a structured document holds around its attachments.
const maxSectionsBytes = 16 << 20

// identify gives a checked report the identifiers it lacks.
func (w *Writer) identify(r *Report) (err error) {
	if r.ID == "" {
		if r.ID, err = w.cfg.IDs.OID(w.cfg.OIDRoot); err != nil {
			return err
		}
	}
	if r.SetID.IsZero() {
		r.SetID.Root, err = w.cfg.IDs.OID(w.cfg.OIDRoot)
	}
	return err
}

// document writes everything but the contents that are embedded.
func (b *body) document(copySum [sha256.Size]byte) ([]byte, error) {
	b.Declaration()
	b.header(b.r, level3Templates[:])
	b.Start("component")
	b.Start("structuredBody")
	b.addendum()
	b.clinical()
	for i := range b.s.Acts {
		b.actSection(i)
	}
	b.devices()
	b.prose(&sectionResults, b.s.Results)
	b.prose(&sectionPriorResults, b.s.PriorResults)
	b.prose(&sectionComparison, b.s.Comparison)
	b.prose(&sectionConclusion, b.s.Conclusion)
	b.attachments()
	b.patientInformation()
	b.copied(copySum)
	for range 3 {
		b.End()
	}
	return b.Bytes()
}

func (b *body) addendum() {
	a := b.s.Addendum
	if a == nil {
		return
	}
	k := &sectionAddendum
	b.section(k, k.title)
	b.Start("text")
	b.narrative(k.name, a.Text.nodes)
	b.End()
	b.author(a.Author)
	b.endSection()
}

var codePatientInformation = loinc("99622-3", "Informations pour le patient")

func (b *body) patientInformation() {
	n := b.s.PatientInformation
	if !n.Visible() {
		return
	}
	k := &sectionPatient
	b.section(k, k.title)
	l := b.text(k.name, n, nil)
	b.Start("entry")
	b.simple(codePatientInformation, l.to("information"), templatesSimple)
	b.End()
	b.End()
	b.endSection()
}
