package mssante

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/mssante/xdm"
)

const opCompose = "mssante.compose"

// What the body says when the caller says nothing, and what it must say of a
// replacement or a deletion, whatever the caller says.
const (
	defaultText      = "Bonjour,\n\nVeuillez trouver ci-joint un document de santé.\n"
	defaultTextMany  = "Bonjour,\n\nVeuillez trouver ci-joint des documents de santé.\n"
	defaultEnd       = "Fin de l'échange.\n"
	replacementStart = "Ce message annule et remplace un envoi précédent concernant le même patient. Merci de supprimer la version précédente.\n\n"
	deletionStart    = "Le ou les documents joints ne doivent plus être utilisés : merci de les supprimer du dossier du patient.\n\n"
)

// Compose checks the message against the rules of MSSanté and builds the mail
// as it will be sent: headers, text, IHE_XDM.zip, PDF copies. The error
// ([segur.ErrInvalidInput]) lists all that is wrong; [segur.ErrTooLarge] says
// that the mail is beyond Config.MaxMessageBytes, or, to a patient, beyond
// Config.MaxPatientMessageBytes: before any document is read when that is
// sure ([Client.Predict]). Nothing is sent.
//
// X-MSS-INS and X-MSS-CODECDA are computed from the documents of the finished
// archive, read back by the reader that recipients have; a document that does
// not say what its header was given to say is refused.
//
// The letter is held in memory, at most Config.MaxMessageBytes.
func (c *Client) Compose(m Message) (*Letter, error) {
	var p segur.Problems
	k := c.check(&m, &p)
	now := c.cfg.Clock()
	if p.Empty() {
		if size, err := c.predict(&m, k, now); err != nil {
			return nil, err
		} else if size.Least > size.Limit {
			return nil, tooLarge(size.Limit)
		}
	}
	checkPDFs(&m, &p, k.warn)
	if err := p.Err(opCompose); err != nil {
		return nil, err
	}
	id, err := c.cfg.IDs.UUID()
	if err != nil {
		return nil, err
	}
	boundary, err := c.cfg.IDs.UUID()
	if err != nil {
		return nil, err
	}
	limit := c.limit(k.to)
	var archive []byte
	if len(k.headers) > 0 {
		if archive, err = c.archive(&m, k, now, limit); err != nil {
			return nil, err
		}
	}
	w := &mimeWriter{limit: limit, boundary: "=_" + boundary}
	l := c.write(w, &m, k, id, now)
	names := pdfNames(&m, k.headers)
	if archive != nil {
		w.attachment("application/zip", ArchiveName, segur.BytesContent(archive))
	}
	for i, d := range m.Documents {
		w.attachment("application/pdf", names[i], d.PDF)
	}
	w.end()
	if w.err != nil {
		if w.tooLarge {
			return nil, tooLarge(limit)
		}
		return nil, &segur.Error{Op: opCompose, Kind: segur.KindInvalidInput, Message: "a PDF copy cannot be read", Err: w.err}
	}
	l.raw, l.archive, l.warnings = w.buf.Bytes(), archive, k.warnings
	return l, nil
}

// limit is what a message to these recipients may weigh.
func (c *Client) limit(to []recipient) int64 {
	if _, patient := audience(to); patient {
		return min(c.cfg.MaxMessageBytes, c.cfg.MaxPatientMessageBytes)
	}
	return c.cfg.MaxMessageBytes
}

func tooLarge(limit int64) error {
	return &segur.Error{Op: opCompose, Kind: segur.KindTooLarge,
		Message: fmt.Sprintf("the mail is larger than its limit of %d bytes once encoded", limit)}
}

// ArchiveName is the name of the archive in a mail.
const ArchiveName = "IHE_XDM.zip"

// write writes the header and the text of the mail.
func (c *Client) write(w *mimeWriter, m *Message, k *checked, id string, now time.Time) *Letter {
	l := &Letter{
		id: id + "@" + domainOf(c.cfg.Mailbox), from: c.cfg.Mailbox, to: k.to, env: c.cfg.Environment,
		readReceipt: m.ReadReceipt, deliveryReceipt: m.DeliveryReceipt, documents: len(m.Documents),
	}
	l.subject = c.writeHeaders(w, m, l, k.headers, now)
	w.begin()
	w.text(body(m))
	return l
}

func body(m *Message) string {
	text := m.Text
	switch {
	case text != "":
	case m.EndConversation:
		text = defaultEnd
	case len(m.Documents) > 1:
		text = defaultTextMany
	default:
		text = defaultText
	}
	switch m.Action {
	case xdm.Change:
		return replacementStart + text
	case xdm.Delete:
		return deletionStart + text
	}
	return text
}

// subject writes the subject that the norm fixes, or that of the caller.
func subject(m *Message, headers []segur.DocumentHeader) string {
	switch {
	case m.EndConversation:
		return EndSubject
	case len(headers) == 0:
		return strings.TrimSpace(m.Subject)
	}
	labels := make([]string, len(headers))
	for i, h := range headers {
		labels[i] = h.Type.Display
	}
	s := BuildSubject(labels, m.Patient.Traits)
	if m.Action == xdm.Change {
		// After the prefix, so that rules on the start of the subject hold.
		s = SubjectPrefix + "[Annule et remplace] " + strings.TrimPrefix(s, SubjectPrefix)
	}
	return s
}

// writeHeaders writes the header of the mail and returns its subject.
func (c *Client) writeHeaders(w *mimeWriter, m *Message, l *Letter, headers []segur.DocumentHeader, now time.Time) string {
	s := subject(m, headers)
	w.header("Date", now.Format(time.RFC1123Z))
	w.header("From", mailboxHeader(m.From.Label(), c.cfg.Mailbox))
	var to []string
	for _, r := range l.to {
		to = append(to, mailboxHeader(r.name, r.address))
	}
	w.header("To", strings.Join(to, ",\r\n "))
	if m.ReplyTo != "" {
		w.header("Reply-To", "<"+m.ReplyTo+">")
	}
	w.header("Message-ID", "<"+l.id+">")
	if m.InReplyTo != "" {
		w.header("In-Reply-To", "<"+m.InReplyTo+">")
	}
	if len(m.References) > 0 {
		w.header("References", "<"+strings.Join(m.References, ">\r\n <")+">")
	}
	if m.ReadReceipt {
		w.header("Disposition-Notification-To", "<"+c.cfg.Mailbox+">")
	}
	w.header("X-MSS-NIL", c.cfg.ProductNumber)
	if len(headers) > 0 {
		qualified := "O"
		codes := make([]string, len(headers))
		for i := range headers {
			if !hasQualifiedINS(&headers[i]) {
				qualified = "N"
			}
			codes[i] = headers[i].Type.Code
		}
		l.codes = codes
		w.header("X-MSS-INS", qualified)
		w.header("X-MSS-CODECDA", strings.Join(codes, ","))
	}
	if _, patient := audience(l.to); patient && (m.NoReply || m.EndConversation) {
		w.header("X-MSS-MES", "FIN")
	}
	w.header("Subject", encodedText(s))
	w.header("MIME-Version", "1.0")
	w.header("Content-Type", `multipart/mixed; boundary="`+w.boundary+`"`)
	return s
}

// archive packs the documents, and reads them back: the headers of k become
// those of the documents in the archive.
func (c *Client) archive(m *Message, k *checked, now time.Time, limit int64) ([]byte, error) {
	var b bytes.Buffer
	packed, err := xdm.Pack(&limitedBuffer{b: &b, limit: limit}, c.pack(m, k.headers, now), c.packOptions(now))
	if err != nil {
		if int64(b.Len()) >= limit {
			return nil, tooLarge(limit)
		}
		return nil, ofMessage(err)
	}
	for _, w := range packed.Warnings {
		k.warn(inMessage(w.Field), w.Message)
	}
	a, err := xdm.Open(bytes.NewReader(b.Bytes()), int64(b.Len()), xdm.ReadOptions{Limits: xdm.Limits{
		MaxArchiveBytes: limit, MaxBytes: max(limit, unpackedLimit)}})
	if err != nil {
		return nil, ofMessage(err)
	}
	return b.Bytes(), k.readBack(a)
}
