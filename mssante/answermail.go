package mssante

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
)

// How much of the original an answer holds.
const (
	// wholeOriginal: the mail, and its archive and PDF copies again beside it.
	wholeOriginal = iota
	originalMail
	headerOnly
)

// composeAnswer writes a read receipt, or a mail of integration error.
// sevenBit: the operator takes no 8-bit text.
func (c *Client) composeAnswer(m *Incoming, o Outcome, kind MailKind, to []recipient, size int, sevenBit bool) (*Letter, error) {
	id, err := c.cfg.IDs.UUID()
	if err != nil {
		return nil, err
	}
	boundary, err := c.cfg.IDs.UUID()
	if err != nil {
		return nil, err
	}
	now := c.cfg.Clock()
	l := &Letter{id: id + "@" + domainOf(c.cfg.Mailbox), from: c.cfg.Mailbox, to: to, env: c.cfg.Environment, report: true}
	w := &mimeWriter{limit: c.cfg.MaxMessageBytes, boundary: "=_" + boundary}
	w.header("Date", now.Format(time.RFC1123Z))
	w.header("From", mailboxHeader(o.From.Label(), c.cfg.Mailbox))
	addresses := make([]string, len(to))
	for i, r := range to {
		addresses[i] = "<" + r.address + ">"
	}
	w.header("To", strings.Join(addresses, ",\r\n "))
	w.header("Message-ID", "<"+l.id+">")
	if echoID(m.MessageID) {
		w.header("In-Reply-To", "<"+m.MessageID+">")
		thread := slices.DeleteFunc(slices.Clone(m.References), func(id string) bool { return !echoID(id) })
		thread = append(thread[max(0, len(thread)-20):], m.MessageID)
		w.header("References", "<"+strings.Join(thread, ">\r\n <")+">")
	}
	w.header("Auto-Submitted", "auto-replied")
	w.header("X-MSS-NIL", c.cfg.ProductNumber)
	l.subject = reportSubject(m.Subject, o.Error)
	w.header("Subject", encodedText(l.subject))
	w.header("MIME-Version", "1.0")
	mediaType := "multipart/mixed"
	if kind == DispositionMail {
		mediaType = "multipart/report; report-type=disposition-notification"
	}
	w.header("Content-Type", mediaType+";\r\n boundary=\""+w.boundary+`"`)
	w.begin()
	original, bits := transportable(m.raw)
	l.eightBit = bits == "8bit"
	if size == headerOnly || l.eightBit && sevenBit {
		original, l.eightBit = nil, false
	}
	w.text(answerText(m, o, original != nil, kind == ErrorMail))
	if kind == DispositionMail {
		c.writeDisposition(w, m, o)
	}
	w.original(m, original, bits)
	if size == wholeOriginal {
		w.files(m)
	}
	w.end()
	switch {
	case w.tooLarge:
		return nil, &segur.Error{Op: opAnswer, Kind: segur.KindTooLarge, RequestID: m.MessageID, Message: "the answer is beyond Config.MaxMessageBytes"}
	case w.err != nil:
		return nil, &segur.Error{Op: opAnswer, Kind: segur.KindRefused, RequestID: m.MessageID, Message: "the answer cannot be written", Err: w.err}
	}
	l.raw = w.buf.Bytes()
	return l, nil
}

// echoID reports whether an identifier that a stranger gave can be repeated in
// a header.
func echoID(id string) bool {
	return id != "" && len(id) <= 250 && !strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' || r == '<' || r == '>' })
}

// reportSubject is that of the original; an error comes before it.
func reportSubject(original string, code IntegrationCode) string {
	subject := strings.Join(strings.FieldsFunc(original, func(r rune) bool { return r <= ' ' || r == 0x7f }), " ")
	if subject = cutText(subject, 400); code != "" {
		subject = "[KO Intégration système !][" + string(code) + "] " + subject
	}
	return strings.TrimSpace(subject)
}

// answerText is what people read: no data of the patient, whom the original
// names already.
func answerText(m *Incoming, o Outcome, attached, errorMail bool) string {
	var b strings.Builder
	b.WriteString("Bonjour,\n\n")
	mail := "Votre message"
	if !m.Date.IsZero() {
		mail += " du " + m.Date.Format("02/01/2006 à 15:04")
	}
	switch o.Read {
	case Displayed:
		b.WriteString(mail + " a été affiché. Cela ne dit pas qu'il a été lu ni compris.\n")
	case Deleted:
		b.WriteString(mail + " a été supprimé.\n")
	case ProcessedError:
		b.WriteString(mail + " est arrivé, mais son contenu n'a pas pu être intégré dans le logiciel du destinataire.\n\n" +
			"- Erreur détectée : " + o.Error.Text().FR + "\n- Code d'erreur : " + string(o.Error) + "\n")
	default:
		b.WriteString(mail + " est arrivé, et son contenu a été intégré dans le logiciel du destinataire.\n")
	}
	if o.Detail != "" {
		b.WriteString("\n" + strings.TrimSpace(o.Detail) + "\n")
	}
	if o.Read == ProcessedError {
		b.WriteString("\nMerci de vérifier les informations transmises, puis d'envoyer de nouveau le document.\n")
	}
	switch {
	case !attached:
		b.WriteString("\nLe message d'origine n'a pas pu être joint : seul son en-tête l'est.\n")
	case errorMail || o.Read == ProcessedError:
		b.WriteString("\nLe message d'origine et ses fichiers sont joints.\n")
	}
	if !o.Manual {
		b.WriteString("\nCe message est envoyé automatiquement : merci de ne pas y répondre.\n")
	}
	return b.String()
}

// writeDisposition writes the part that software reads.
func (c *Client) writeDisposition(w *mimeWriter, m *Incoming, o Outcome) {
	w.part("Content-Type", "message/disposition-notification")
	agent := strings.NewReplacer(";", " ", ":", " ").Replace(strings.TrimSpace(c.cfg.Sender.Application + " " + c.cfg.Sender.Version))
	w.header("Reporting-UA", domainOf(c.cfg.Mailbox)+"; "+toASCII(agent))
	w.header("Original-Recipient", "rfc822;"+c.originalRecipient(m))
	w.header("Final-Recipient", "rfc822;"+c.cfg.Mailbox)
	if echoID(m.MessageID) {
		w.header("Original-Message-ID", "<"+m.MessageID+">")
	}
	mode := "automatic-action/MDN-sent-automatically; "
	if o.Manual {
		mode = "manual-action/MDN-sent-manually; "
	}
	if o.Read == ProcessedError {
		// RFC 8098: the modifier here, the text in a field of its own.
		w.header("Disposition", mode+"processed/error")
		w.header("Error", string(o.Error)+"^"+toASCII(o.Error.Text().FR)+"^applicationErrorCode")
	} else {
		w.header("Disposition", mode+string(o.Read))
	}
	w.string("\r\n")
}

// originalRecipient is the address that the sender wrote to: a box may have
// forwarded the mail to this one.
func (c *Client) originalRecipient(m *Incoming) string {
	if addressProblem(m.originalRecipient) == "" {
		return m.originalRecipient
	}
	if len(m.To) == 1 && addressProblem(m.To[0].Address) == "" {
		return m.To[0].Address
	}
	return c.cfg.Mailbox
}

// original attaches the mail that is answered, or what names it when raw is nil.
func (w *mimeWriter) original(m *Incoming, raw []byte, bits string) {
	if raw == nil {
		w.part("Content-Type", "text/rfc822-headers")
		if echoID(m.MessageID) {
			w.header("Message-ID", "<"+m.MessageID+">")
		}
		if !m.Date.IsZero() {
			w.header("Date", m.Date.Format(time.RFC1123Z))
		}
		w.header("Subject", encodedText(reportSubject(m.Subject, "")))
		w.string("\r\n")
		return
	}
	w.part("Content-Type", "message/rfc822", "Content-Transfer-Encoding", bits, "Content-Disposition", `attachment; filename="message_original.eml"`)
	_, _ = w.Write(raw)
	w.string("\r\n")
}

// transportable puts line ends right, and says in how many bits a mail can be
// attached as it is. nil when it cannot: a line is too long, or has a zero byte.
func transportable(raw []byte) (out []byte, bits string) {
	bits = "7bit"
	out = make([]byte, 0, len(raw)+64)
	for line := range bytes.SplitSeq(bytes.TrimSuffix(raw, []byte("\n")), []byte("\n")) {
		line = bytes.TrimSuffix(line, []byte("\r"))
		if len(line) > 998 || bytes.ContainsAny(line, "\x00\r") {
			return nil, ""
		}
		if bytes.ContainsFunc(line, func(r rune) bool { return r > 0x7f }) {
			bits = "8bit"
		}
		out = append(append(out, line...), '\r', '\n')
	}
	return out, bits
}

// files attaches the archive and the PDF copies of the mail again.
func (w *mimeWriter) files(m *Incoming) {
	if a, err := m.archiveFile(); err == nil {
		w.attachment("application/zip", ArchiveName, a)
	}
	for _, a := range m.PDFs() {
		if a.cut {
			continue
		}
		name := strings.Map(func(r rune) rune {
			if r == '"' || r == '\\' {
				return '_'
			}
			return r
		}, toASCII(a.Name))
		if len(name) > 200 || name == "" {
			name = "document.pdf"
		}
		w.attachment("application/pdf", name, a)
	}
}
