package mssante

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/segur-sdk/segur"
)

const (
	maxRecipients = 100
	maxDocuments  = 20
	maxText       = 1 << 20
)

// recipient is a checked recipient.
type recipient struct {
	address, name string
	patient       bool
}

// check returns the recipients with their addresses, headers of the documents
// beside, or adds to p all that is wrong.
func (c *Client) check(m *Message, p *segur.Problems) ([]recipient, []segur.DocumentHeader) {
	m.From.check(p)
	if m.ReplyTo != "" {
		switch rule := addressProblem(m.ReplyTo); {
		case rule != "":
			p.Add("replyTo", rule)
		case IsPatientAddress(m.ReplyTo):
			p.Add("replyTo", "must not be the address of a patient: answers go to professionals")
		case c.cfg.AllowDomain != nil && !c.cfg.AllowDomain(domainOf(m.ReplyTo)):
			p.Add("replyTo", "has a domain that is not in the white list of MSSanté")
		}
	}
	checkText(p, "subject", m.Subject, 500)
	checkText(p, "fileNumber", m.FileNumber, 64)
	if len(m.Text) > maxText {
		p.Addf("text", "must have at most %d bytes", maxText)
	}
	for i, id := range append([]string{m.InReplyTo}, m.References...) {
		field := "inReplyTo"
		if i > 0 {
			field = fmt.Sprintf("references[%d]", i-1)
		}
		if id != "" && !validMessageID(id) || id == "" && i > 0 {
			p.Add(field, "must be a Message-ID without angle brackets")
		}
	}
	if len(m.References) > 50 {
		p.Add("references", "at most 50")
	}
	to := c.checkRecipients(m, p)
	switch {
	case len(m.Documents) == 0 && strings.TrimSpace(m.Subject) == "":
		p.Add("subject", "is required without documents")
	case len(m.Documents) > 0 && m.Subject != "":
		p.Add("subject", "must be empty with documents: the norm fixes it")
	case len(m.Documents) == 0 && strings.HasPrefix(strings.ToUpper(m.Subject), SubjectPrefix):
		p.Add("subject", "announces an archive and there is none")
	case len(m.Documents) > maxDocuments:
		p.Addf("documents", "at most %d", maxDocuments)
	}
	return to, c.checkDocuments(m, p)
}

func (c *Client) checkRecipients(m *Message, p *segur.Problems) []recipient {
	if len(m.To) == 0 || len(m.To) > maxRecipients {
		p.Addf("to", "between 1 and %d recipients", maxRecipients)
		return nil
	}
	own, ownErr := PatientAddress(m.Patient, c.cfg.Environment)
	var out []recipient
	var professionals, patient bool
	for i, r := range m.To {
		at := fmt.Sprintf("to[%d]", i)
		address := r.address
		if r.patient {
			address = own
		} else if rule := addressProblem(address); rule != "" {
			p.Add(at, rule)
			continue
		}
		if r.patient || IsPatientAddress(address) {
			patient = true
			switch {
			case ownErr == nil && sameAddress(address, own):
				address = own // letters of Corsican numbers in capitals
			case c.cfg.Environment != segur.Production && sameAddress(address, autoresponder):
			case ownErr != nil:
				var e *segur.Error
				if errors.As(ownErr, &e) {
					for _, d := range e.Details {
						p.Add(at, d.Message)
					}
				}
				continue
			default:
				p.Add(at, "must be the patient of the message: this is the address of somebody else")
				continue
			}
		} else {
			professionals = true
			if c.cfg.AllowDomain != nil && !c.cfg.AllowDomain(domainOf(address)) {
				p.Add(at, "has a domain that is not in the white list of MSSanté")
			}
		}
		checkText(p, at+".name", r.name, 200)
		for j := range out {
			if sameAddress(out[j].address, address) {
				p.Addf(at, "is the same address as to[%d]", j)
			}
		}
		out = append(out, recipient{address: address, name: r.name, patient: r.patient || IsPatientAddress(address)})
	}
	if professionals {
		if rule := m.Consent.Professionals.problem(); rule != "" && len(m.Documents) > 0 {
			p.Add("consent.professionals", rule)
		}
		if m.Visibility.HiddenFromProfessionals {
			p.Add("visibility.hiddenFromProfessionals", "documents hidden from professionals are not sent to professionals")
		}
	}
	if patient {
		if rule := m.Consent.Patient.problem(); rule != "" {
			p.Add("consent.patient", rule)
		}
		if m.Visibility.HiddenFromPatient {
			p.Add("visibility.hiddenFromPatient", "documents hidden from the patient are not sent to the patient")
		}
	}
	if m.Visibility.HiddenFromRepresentatives && (professionals || !patient) {
		// The only combination that the ANS guide allows is the patient alone.
		p.Add("visibility.hiddenFromRepresentatives", "documents hidden from legal representatives are sent to the patient only")
	}
	return out
}

// autoresponder is the test mailbox that the white list names.
const autoresponder = "reponse.automatique-test@" + PatientDomain

// identity is what binds a document to a patient.
func checkIdentity(at string, m *Message, h segur.DocumentHeader, p *segur.Problems) {
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
	if !strings.EqualFold(toASCII(a.BirthName), toASCII(b.BirthName)) {
		p.Add(at+".birthName", "differs between the document and the patient of the message")
	}
	if !strings.EqualFold(toASCII(a.FirstGivenName), toASCII(b.FirstGivenName)) {
		p.Add(at+".firstGivenName", "differs between the document and the patient of the message")
	}
	if a.BirthDate != b.BirthDate {
		p.Add(at+".birthDate", "differs between the document and the patient of the message")
	}
	if a.Sex != b.Sex {
		p.Add(at+".sex", "differs between the document and the patient of the message")
	}
}

func (c *Client) checkDocuments(m *Message, p *segur.Problems) []segur.DocumentHeader {
	if len(m.Documents) == 0 || len(m.Documents) > maxDocuments {
		return nil
	}
	if m.Patient.Traits.BirthName == "" || m.Patient.Traits.FirstGivenName == "" {
		p.Add("patient.traits", "need a birth name and a first given name")
	}
	checkText(p, "patient.traits.birthName", m.Patient.Traits.BirthName, 100)
	checkText(p, "patient.traits.firstGivenName", m.Patient.Traits.FirstGivenName, 100)
	var headers []segur.DocumentHeader
	for i, d := range m.Documents {
		at := fmt.Sprintf("documents[%d]", i)
		if d.CDA == nil {
			p.Add(at+".cda", "is required")
			continue
		}
		h := d.CDA.Header()
		headers = append(headers, h)
		checkIdentity(at+".patient", m, h, p)
		if !validCode(h.Type.Code) {
			p.Add(at+".cda.code", "must be a code: letters, digits, '.', '_' and '-'")
		}
		if h.Type.Display == "" {
			p.Add(at+".cda.code.displayName", "is required: it labels the mail")
		}
		checkText(p, at+".cda.code.displayName", h.Type.Display, 200)
		for j := range i {
			if j < len(headers)-1 && headers[j].ID == h.ID {
				p.Addf(at, "is the same document as documents[%d]", j)
			}
		}
		if m.Replaces && h.Replaces.IsZero() {
			p.Add(at, "does not say which document it replaces")
		}
		checkPDF(at+".pdf", d, p)
	}
	return headers
}

// checkPDF makes sure that the copy is a PDF, and the one that the document
// embeds when the document tells.
func checkPDF(at string, d Document, p *segur.Problems) {
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
	known, ok := d.CDA.(interface{ PDFSHA256() [sha256.Size]byte })
	if !ok {
		return
	}
	h := sha256.New()
	h.Write(head)
	if _, err := io.Copy(h, io.LimitReader(r, d.PDF.Size())); err != nil {
		p.Add(at, "cannot be read")
		return
	}
	if want := known.PDFSHA256(); string(h.Sum(nil)) != string(want[:]) {
		p.Add(at, "is not the PDF that the document embeds")
	}
}

// validCode keeps codes safe in a header and in a list with commas.
func validCode(s string) bool {
	return s != "" && len(s) <= 64 && !strings.ContainsFunc(s, func(r rune) bool { return !isAlnum(r) && r != '-' && r != '.' && r != '_' })
}

// validMessageID accepts what RFC 5322 calls a dot-atom on both sides, and
// the shapes of common software.
func validMessageID(id string) bool {
	left, right, ok := strings.Cut(id, "@")
	return ok && left != "" && right != "" && len(id) <= 250 && !strings.ContainsFunc(id, func(r rune) bool {
		return !isAtext(r) && r != '.' && r != '@' && r != ':' && r != '[' && r != ']'
	})
}

// hasQualifiedINS tells X-MSS-INS of one document: matricule, authority and
// the four traits (ECO.2.4.2).
func hasQualifiedINS(h segur.DocumentHeader) bool {
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
