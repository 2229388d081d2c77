package mssante

import (
	"slices"
	"strings"

	"github.com/segur-sdk/segur"
)

const opReply = "mssante.reply"

// Reply completes m as an answer to a mail: to whom its sender wants answers
// (Reply-To, else From), unless m has recipients; In-Reply-To and References
// (ECO.2.2.2); and, for a message without documents, a subject made of the
// former one, unless m has one. The rest of m is left as it is: sender, text,
// documents and, when the answer goes to a patient, Patient and Consent.
//
// A sender without an address ([segur.ErrInvalidInput]) gets no answer: it is
// software that says that a mail was not delivered.
func (c *Client) Reply(in *Incoming, m Message) (Message, error) {
	var p segur.Problems
	if in == nil {
		p.Add("incoming", "is required")
		return m, p.Err(opReply)
	}
	if len(m.To) == 0 {
		to := in.ReplyTo
		if len(to) == 0 {
			to = []Address{in.From}
		}
		m.To = c.answered(nil, to)
	}
	if len(m.To) == 0 {
		p.Add("incoming.from", "has no address to answer to")
		return m, p.Err(opReply)
	}
	m.InReplyTo, m.References = thread(in)
	if m.Subject == "" && len(m.Documents) == 0 && !m.EndConversation {
		m.Subject = answerSubject(in.Subject)
	}
	return m, nil
}

// ReplyAll is [Client.Reply] that keeps the other recipients, but for the
// mailbox itself. Patients are left out: what concerns one is not written to
// by answering to all.
func (c *Client) ReplyAll(in *Incoming, m Message) (Message, error) {
	asked := len(m.To) == 0
	m, err := c.Reply(in, m)
	if err != nil || !asked {
		return m, err
	}
	others := slices.DeleteFunc(slices.Clone(in.To), func(a Address) bool { return IsPatientAddress(a.Address) })
	m.To = c.answered(m.To, others)
	return m, nil
}

// answered appends addresses as recipients, each once, the mailbox left out.
func (c *Client) answered(to []Recipient, addresses []Address) []Recipient {
	for _, a := range addresses {
		if a.Address == "" || sameAddress(a.Address, c.cfg.Mailbox) || slices.ContainsFunc(to, func(r Recipient) bool { return sameAddress(r.address, a.Address) }) {
			continue
		}
		name := a.Name
		if hasControl(name) || len(name) > 200 {
			name = "" // what a stranger wrote is not repeated when it cannot be
		}
		to = append(to, ToProfessional(name, a.Address))
	}
	return to
}

// thread is RFC 5322 section 3.6.4: the references of the mail, or what it
// answered, and then the mail. What cannot be written is left out.
func thread(in *Incoming) (inReplyTo string, references []string) {
	ids := in.References
	if len(ids) == 0 && in.InReplyTo != "" {
		ids = []string{in.InReplyTo}
	}
	for _, id := range append(slices.Clone(ids), in.MessageID) {
		if validMessageID(id) && !slices.Contains(references, id) {
			references = append(references, id)
		}
	}
	if n := len(references); n > maxReferences {
		// The first says what it all started with.
		references = append(references[:1:1], references[n-maxReferences+1:]...)
	}
	if validMessageID(in.MessageID) {
		inReplyTo = in.MessageID
	}
	return inReplyTo, references
}

// answerSubject is "Re: " and what people saw of the subject.
func answerSubject(s string) string {
	shown, _ := ShownSubject(s)
	shown = strings.Join(strings.FieldsFunc(shown, func(r rune) bool { return r == ' ' || hasControl(string(r)) }), " ")
	for len(shown) >= 3 && strings.EqualFold(shown[:3], "re:") {
		shown = strings.TrimSpace(shown[3:])
	}
	shown = strings.ToValidUTF8(shown[:min(len(shown), 400)], "")
	return strings.TrimSpace("Re: " + shown)
}
