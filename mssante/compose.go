package mssante

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/mssante/xdm"
)

const opCompose = "mssante.compose"

// defaultText is the body when the caller gives none.
const (
	defaultText      = "Bonjour,\n\nVeuillez trouver ci-joint un document de santé.\n"
	defaultTextMany  = "Bonjour,\n\nVeuillez trouver ci-joint des documents de santé.\n"
	replacementStart = "Ce message annule et remplace un envoi précédent concernant le même patient. Merci de supprimer la version précédente.\n\n"
)

// Compose checks the message against the rules of MSSanté and builds the mail
// as it will be sent: headers, text, IHE_XDM.zip, PDF copies. The error
// ([segur.ErrInvalidInput]) lists all that is wrong; [segur.ErrTooLarge] says
// that the mail is beyond Config.MaxMessageBytes. Nothing is sent.
//
// The letter is held in memory, at most Config.MaxMessageBytes.
func (c *Client) Compose(m Message) (*Letter, error) {
	var p segur.Problems
	if c.cfg.SMTP == "" {
		p.Add("config.smtp", "is required to send")
	}
	to, headers := c.check(&m, &p)
	if err := p.Err(opCompose); err != nil {
		return nil, err
	}
	var total int64
	for _, d := range m.Documents {
		// The archive holds the document deflated, which helps little against
		// a PDF in base64; the copy grows by 4/3.
		total += d.PDF.Size() / 3 * 4
	}
	if total > c.cfg.MaxMessageBytes {
		return nil, c.tooLarge()
	}
	now := c.cfg.Clock()
	id, err := c.cfg.IDs.UUID()
	if err != nil {
		return nil, err
	}
	boundary, err := c.cfg.IDs.UUID()
	if err != nil {
		return nil, err
	}
	l := &Letter{
		id: id + "@" + domainOf(c.cfg.Mailbox), from: c.cfg.Mailbox, to: to, env: c.cfg.Environment,
		readReceipt: m.ReadReceipt, deliveryReceipt: m.DeliveryReceipt, documents: len(m.Documents),
	}
	var archive []byte
	if len(headers) > 0 {
		if archive, err = c.archive(&m, headers, now); err != nil {
			return nil, err
		}
	}
	w := &mimeWriter{limit: c.cfg.MaxMessageBytes, boundary: "=_" + boundary}
	l.subject = c.writeHeaders(w, &m, l, headers, now)
	w.begin()
	text := m.Text
	if text == "" {
		if text = defaultText; len(m.Documents) > 1 {
			text = defaultTextMany
		}
		if m.Replaces {
			text = replacementStart + text
		}
	}
	w.text(text)
	if archive != nil {
		w.attachment("application/zip", ArchiveName, segur.BytesContent(archive))
	}
	names := map[string]int{}
	for i, d := range m.Documents {
		name := PDFName(headers[i], m.Patient.Traits, m.FileNumber)
		if names[name]++; names[name] > 1 {
			name = fmt.Sprintf("%s_%d.pdf", strings.TrimSuffix(name, ".pdf"), names[name])
		}
		w.attachment("application/pdf", name, d.PDF)
	}
	w.end()
	if w.err != nil {
		if w.tooLarge {
			return nil, c.tooLarge()
		}
		return nil, &segur.Error{Op: opCompose, Kind: segur.KindInvalidInput, Message: "a PDF copy cannot be read", Err: w.err}
	}
	l.raw, l.archive = w.buf.Bytes(), archive
	return l, nil
}

func (c *Client) tooLarge() error {
	return &segur.Error{Op: opCompose, Kind: segur.KindTooLarge,
		Message: fmt.Sprintf("the mail is larger than its limit of %d bytes once encoded", c.cfg.MaxMessageBytes)}
}

// ArchiveName is the name of the archive in a mail.
const ArchiveName = "IHE_XDM.zip"

// writeHeaders writes the header of the mail and returns its subject.
func (c *Client) writeHeaders(w *mimeWriter, m *Message, l *Letter, headers []segur.DocumentHeader, now time.Time) string {
	subject := strings.TrimSpace(m.Subject)
	if len(headers) > 0 {
		labels := make([]string, len(headers))
		for i, h := range headers {
			labels[i] = h.Type.Display
		}
		subject = BuildSubject(labels, m.Patient.Traits)
		if m.Replaces {
			// After the prefix, so that rules on the start of the subject hold.
			subject = SubjectPrefix + "[Annule et remplace] " + strings.TrimPrefix(subject, SubjectPrefix)
		}
	}
	w.header("Date", now.Format(time.RFC1123Z))
	w.header("From", mailboxHeader(m.From.Label(), c.cfg.Mailbox))
	var to []string
	toPatient := false
	for _, r := range l.to {
		to = append(to, mailboxHeader(r.name, r.address))
		toPatient = toPatient || r.patient
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
		for i, h := range headers {
			if !hasQualifiedINS(h) {
				qualified = "N"
			}
			codes[i] = h.Type.Code
		}
		l.codes = codes
		w.header("X-MSS-INS", qualified)
		w.header("X-MSS-CODECDA", strings.Join(codes, ","))
	}
	if m.NoReply && toPatient {
		w.header("X-MSS-MES", "FIN")
	}
	w.header("Subject", encodedText(subject))
	w.header("MIME-Version", "1.0")
	w.header("Content-Type", `multipart/mixed; boundary="`+w.boundary+`"`)
	return subject
}

// archive packs the documents.
func (c *Client) archive(m *Message, headers []segur.DocumentHeader, now time.Time) ([]byte, error) {
	var hidden []xds.Visibility
	for _, v := range []struct {
		set  bool
		code xds.Visibility
	}{
		{m.Visibility.HiddenFromProfessionals, xds.HiddenFromProfessionals}, {m.Visibility.HiddenFromPatient, xds.HiddenFromPatient},
		{m.Visibility.HiddenFromRepresentatives, xds.HiddenFromRepresentatives},
	} {
		if v.set {
			hidden = append(hidden, v.code)
		}
	}
	subset := xdm.Subset{Set: xds.SubmissionSet{SourceID: c.cfg.SourceID, ContentTypeCode: c.cfg.ContentType, Submitted: segur.At(now)}}
	pack := xdm.Package{Sender: xdm.Sender(c.cfg.Sender)}
	if pack.Sender.Name == "" {
		if pack.Sender.Name = m.From.Entity; m.From.FamilyName != "" {
			pack.Sender.Name = strings.Join(strings.Fields(m.From.Title+" "+m.From.GivenName+" "+strings.ToUpper(m.From.FamilyName)), " ")
		}
	}
	action := xdm.File
	if m.Replaces {
		action = xdm.Change
	}
	for i, d := range m.Documents {
		subset.Documents = append(subset.Documents, xdm.Document{
			Entry: xds.DeriveEntry(headers[i], xds.EntryOptions{Visibility: hidden}), Content: d.CDA, Action: action})
	}
	if len(subset.Documents[0].Entry.Authors) > 0 {
		subset.Set.Author = subset.Documents[0].Entry.Authors[0]
	}
	pack.Subsets = []xdm.Subset{subset}
	var b bytes.Buffer
	_, err := xdm.Pack(&limitedBuffer{b: &b, limit: c.cfg.MaxMessageBytes}, pack, xdm.Options{
		Clock: func() time.Time { return now }, IDs: c.cfg.IDs, AllowUnknownCodes: c.cfg.AllowUnknownCodes,
		ActionSlot: c.cfg.ActionSlot})
	if err != nil {
		if int64(b.Len()) >= c.cfg.MaxMessageBytes {
			return nil, c.tooLarge()
		}
		return nil, err
	}
	// What we send must open: the same reader as the recipient's.
	if _, err := xdm.Open(bytes.NewReader(b.Bytes()), int64(b.Len()), xdm.ReadOptions{}); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
