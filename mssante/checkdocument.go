package mssante

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/mssante/xdm"
)

// checkDocuments returns the headers of the documents, one for each, or adds
// to p what is wrong.
func (c *Client) checkDocuments(m *Message, to []recipient, p *segur.Problems) []segur.DocumentHeader {
	switch m.Action {
	case xdm.File, xdm.Change, xdm.Delete:
	default:
		p.Add("action", "must be File, Change or Delete")
	}
	if m.Action != xdm.File && len(m.Documents) == 0 {
		p.Add("action", "needs the documents to replace or to delete")
	}
	if len(m.Documents) == 0 {
		return nil
	}
	if len(m.Documents) > maxDocuments {
		p.Addf("documents", "at most %d", maxDocuments)
		return nil
	}
	if m.Patient.Traits.BirthName == "" || m.Patient.Traits.FirstGivenName == "" {
		p.Add("patient.traits", "need a birth name and a first given name")
	}
	checkText(p, "patient.traits.birthName", m.Patient.Traits.BirthName, 100)
	checkText(p, "patient.traits.firstGivenName", m.Patient.Traits.FirstGivenName, 100)
	headers := make([]segur.DocumentHeader, len(m.Documents))
	for i := range m.Documents {
		d, at := &m.Documents[i], fmt.Sprintf("documents[%d]", i)
		if d.CDA == nil {
			p.Add(at+".cda", "is required")
			continue
		}
		headers[i] = d.CDA.Header()
		h := &headers[i]
		checkIdentity(at+".patient", m, h, p)
		if !validCode(h.Type.Code) {
			p.Add(at+".cda.code", "must be a code: letters, digits, '.', '_' and '-'")
		}
		if h.Type.Display == "" {
			p.Add(at+".cda.code.displayName", "is required: it labels the mail")
		}
		checkText(p, at+".cda.code.displayName", h.Type.Display, 200)
		for j := range i {
			if m.Documents[j].CDA != nil && headers[j].ID == h.ID {
				p.Addf(at, "is the same document as documents[%d]", j)
			}
		}
		if m.Action == xdm.Change && h.Replaces.IsZero() {
			p.Add(at, "does not say which document it replaces")
		}
		if d.Entry != nil && d.Entry.UniqueID != xds.UniqueID(h.ID) {
			p.Add(at+".entry.uniqueID", "is that of another document")
		}
	}
	c.checkINS(m, headers, to, p)
	return headers
}

// checkIdentity binds a document to the patient of the message: one patient
// for each mail (ECO.2.1.1).
func checkIdentity(at string, m *Message, h *segur.DocumentHeader, p *segur.Problems) {
	ins, qualified := m.Patient.QualifiedINS()
	same := false
	for _, id := range h.PatientIDs {
		if segur.IsINSAuthority(id.Root) {
			switch {
			case !qualified:
				p.Add(at, "holds an INS and the identity of the patient is not qualified")
			case id.Root != ins.Authority() || id.Extension != ins.Matricule():
				p.Add(at, "has another INS than the patient of the message")
			}
			same = true
			continue
		}
		for _, local := range m.Patient.LocalIDs {
			same = same || local.Root == id.Root && local.Extension == id.Extension
		}
	}
	if !same {
		p.Add(at, "has no identifier of the patient of the message")
	}
	a, b := h.Patient, m.Patient.Traits
	for _, t := range []struct {
		name string
		same bool
	}{
		{"birthName", strings.EqualFold(toASCII(a.BirthName), toASCII(b.BirthName))},
		{"firstGivenName", strings.EqualFold(toASCII(a.FirstGivenName), toASCII(b.FirstGivenName))},
		{"birthDate", a.BirthDate == b.BirthDate}, {"sex", a.Sex == b.Sex},
	} {
		if !t.same {
			p.Add(at+"."+t.name, "differs between the document and the patient of the message")
		}
	}
}

// checkINS: documents without an INS go to professionals only, and not beside
// documents that have it, for one archive has one patient identifier.
func (c *Client) checkINS(m *Message, headers []segur.DocumentHeader, to []recipient, p *segur.Problems) {
	_, patient := audience(to)
	with, without := -1, -1
	for i := range headers {
		if m.Documents[i].CDA == nil {
			continue
		}
		if holdsINS(&headers[i]) {
			with = i
			continue
		}
		without = i
		at := fmt.Sprintf("documents[%d].patient", i)
		switch {
		case c.cfg.RefuseWithoutINS:
			p.Add(at, "holds no INS")
		case patient:
			p.Add(at, "holds no INS: only a document that holds it goes to the patient")
		}
	}
	if with >= 0 && without >= 0 {
		p.Addf(fmt.Sprintf("documents[%d].patient", without), "holds no INS and documents[%d] does: send them apart", with)
	}
}

func holdsINS(h *segur.DocumentHeader) bool {
	for _, id := range h.PatientIDs {
		if segur.IsINSAuthority(id.Root) {
			return true
		}
	}
	return false
}

// hasQualifiedINS tells X-MSS-INS of one document: matricule, authority and
// the four traits (ECO.2.4.2).
func hasQualifiedINS(h *segur.DocumentHeader) bool {
	t := h.Patient
	if t.BirthName == "" || t.FirstGivenName == "" || t.BirthDate.IsZero() || t.Sex == "" {
		return false
	}
	for _, id := range h.PatientIDs {
		if segur.IsINSAuthority(id.Root) {
			_, err := segur.ParseINS(id.Extension, id.Root)
			return err == nil
		}
	}
	return false
}

// checkPDFs makes sure that each document has its copy.
func checkPDFs(m *Message, p *segur.Problems, warn func(field, message string)) {
	for i := range min(len(m.Documents), maxDocuments) {
		checkPDF(fmt.Sprintf("documents[%d].pdf", i), &m.Documents[i], p, warn)
	}
}

// pdfaClaim is how XMP says PDF/A-1, as an element and as an attribute.
var pdfaClaim = [][]byte{[]byte("pdfaid:part>1<"), []byte(`pdfaid:part="1"`), []byte(`pdfaid:part='1'`)}

// checkPDF makes sure that the copy is a PDF, and the one that the document
// embeds when the document tells.
func checkPDF(at string, d *Document, p *segur.Problems, warn func(field, message string)) {
	if d.PDF == nil {
		p.Add(at, "is required: each document has its PDF copy")
		return
	}
	r, err := d.PDF.Open()
	if err != nil {
		p.Add(at, "cannot be opened")
		return
	}
	defer func() { _ = r.Close() }()
	head := make([]byte, 5)
	if _, err := io.ReadFull(r, head); err != nil || string(head) != "%PDF-" {
		p.Add(at, "is not a PDF file")
		return
	}
	h, claim := sha256.New(), &finder{words: pdfaClaim}
	h.Write(head)
	if _, err := io.Copy(io.MultiWriter(h, claim), io.LimitReader(r, d.PDF.Size())); err != nil {
		p.Add(at, "cannot be read")
		return
	}
	if !claim.found {
		warn(at, "does not claim to be PDF/A-1 (ECO.2.1.5)")
	}
	known, ok := d.CDA.(interface{ PDFSHA256() [sha256.Size]byte })
	if !ok {
		return
	}
	if want := known.PDFSHA256(); string(h.Sum(nil)) != string(want[:]) {
		p.Add(at, "is not the PDF that the document embeds")
	}
}

// finder looks for words in what is written to it.
type finder struct {
	words [][]byte
	tail  []byte
	found bool
}

func (f *finder) Write(p []byte) (int, error) {
	const keep = 32 // longer than any word
	if !f.found {
		seam := slices.Concat(f.tail, p[:min(len(p), keep)])
		for _, w := range f.words {
			f.found = f.found || bytes.Contains(seam, w) || bytes.Contains(p, w)
		}
		if len(p) >= keep {
			f.tail = append(f.tail[:0], p[len(p)-keep:]...)
		} else {
			f.tail = seam[max(len(seam)-keep, 0):]
		}
	}
	return len(p), nil
}
