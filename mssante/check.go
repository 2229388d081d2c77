package mssante

import (
	"fmt"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/mssante/xdm"
)

const (
	maxRecipients = 100
	maxDocuments  = 20
	maxReferences = 50
	maxText       = 1 << 20
)

// EndSubject is the whole subject of the mail that closes a conversation with
// a citizen.
const EndSubject = "[FIN]"

// checked is a message that breaks no rule.
type checked struct {
	to       []recipient
	headers  []segur.DocumentHeader // as given, one for each document
	warnings []segur.Detail
}

func (c *checked) warn(field, message string) {
	for _, w := range c.warnings {
		if w.Field == field && w.Message == message {
			return
		}
	}
	c.warnings = append(c.warnings, segur.Detail{Field: field, Severity: "warning", Message: message})
}

// check returns the recipients with their addresses, headers of the documents
// beside, or adds to p all that is wrong.
func (c *Client) check(m *Message, p *segur.Problems) *checked {
	out := &checked{}
	if c.cfg.SMTP == "" {
		p.Add("config.smtp", "is required to send")
	}
	m.From.check(c.cfg.Kind, p)
	c.checkReplyTo(m, p)
	checkText(p, "subject", m.Subject, 500)
	checkText(p, "fileNumber", m.FileNumber, 64)
	if len(m.Text) > maxText {
		p.Addf("text", "must have at most %d bytes", maxText)
	}
	checkThread(m, p)
	out.to = c.recipients(m, p)
	c.checkConsent(m, out.to, p)
	checkSubject(m, p)
	checkEnd(m, out.to, p)
	out.headers = c.checkDocuments(m, out.to, p)
	c.guard(m, out.to, p, out.warn)
	professionals, patient := audience(out.to)
	if professionals && patient {
		out.warn("to", "professionals see the address of the patient, which holds the matricule: send two messages")
	}
	if c.cfg.Kind == ApplicationMailbox && m.ReplyTo == "" && !(m.NoReply && !professionals) && !m.EndConversation {
		out.warn("replyTo", "is not set: answers come to a mailbox that nobody reads (ECO.2.2.5)")
	}
	if m.Action == xdm.Change && m.InReplyTo == "" {
		out.warn("inReplyTo", "is not set: a replacement should name the mail that it replaces")
	}
	return out
}

func (c *Client) checkReplyTo(m *Message, p *segur.Problems) {
	if m.ReplyTo == "" {
		return
	}
	switch rule := addressProblem(m.ReplyTo); {
	case rule != "":
		p.Add("replyTo", rule)
	case IsPatientAddress(m.ReplyTo):
		p.Add("replyTo", "must not be the address of a patient: answers go to professionals")
	case c.cfg.AllowDomain != nil && !c.cfg.AllowDomain(domainOf(m.ReplyTo)):
		p.Add("replyTo", "has a domain that is not in the white list of MSSanté")
	}
}

func checkThread(m *Message, p *segur.Problems) {
	const rule = "must be a Message-ID without angle brackets"
	if m.InReplyTo != "" && !validMessageID(m.InReplyTo) {
		p.Add("inReplyTo", rule)
	}
	for i, id := range m.References {
		if !validMessageID(id) {
			p.Add(fmt.Sprintf("references[%d]", i), rule)
		}
	}
	if len(m.References) > maxReferences {
		p.Addf("references", "at most %d", maxReferences)
	}
}

func (c *Client) checkConsent(m *Message, to []recipient, p *segur.Problems) {
	professionals, patient := audience(to)
	if rule := m.Consent.Professionals.problem(); rule != "" && professionals && len(m.Documents) > 0 {
		p.Add("consent.professionals", rule)
	}
	if rule := m.Consent.Patient.problem(); rule != "" && patient {
		p.Add("consent.patient", rule)
	}
}

func checkSubject(m *Message, p *segur.Problems) {
	switch subject := strings.TrimSpace(m.Subject); {
	case m.EndConversation && subject != "":
		p.Add("subject", "must be empty: the mail that closes a conversation has its own")
	case m.EndConversation:
	case len(m.Documents) == 0 && subject == "":
		p.Add("subject", "is required without documents")
	case len(m.Documents) > 0 && m.Subject != "":
		p.Add("subject", "must be empty with documents: the norm fixes it")
	case strings.HasPrefix(strings.ToUpper(subject), SubjectPrefix):
		p.Add("subject", "announces an archive and there is none")
	case strings.EqualFold(subject, EndSubject):
		p.Add("subject", "closes the conversation with a citizen: set EndConversation")
	}
}

func checkEnd(m *Message, to []recipient, p *segur.Problems) {
	if !m.EndConversation {
		return
	}
	if professionals, _ := audience(to); professionals {
		p.Add("endConversation", "is for a message to the patient alone")
	}
	if len(m.Documents) > 0 {
		p.Add("endConversation", "is for a message without documents")
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
