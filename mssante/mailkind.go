package mssante

import (
	"regexp"
	"strings"
)

// MailKind is what a mail of a mailbox is.
type MailKind uint8

// The kinds of mail.
const (
	// PlainMail is a mail of a person or of software, without an archive.
	PlainMail MailKind = iota + 1
	// DocumentMail carries an IHE_XDM archive.
	DocumentMail
	// DispositionMail says that a mail was read or processed (MDN, RFC 8098).
	DispositionMail
	// DeliveryMail says that a mail was delivered, delayed or not delivered
	// (DSN, RFC 3464).
	DeliveryMail
	// ErrorMail says that the software of a recipient could not file a
	// document, where no receipt was asked for ("courriel standard").
	ErrorMail
	// BounceMail says in words only that a mail was not delivered: Mon espace
	// santé does, and old servers.
	BounceMail
)

var mailKindNames = [...]string{"none", "plain", "document", "disposition", "delivery", "error", "bounce"}

// String names the kind in English.
func (k MailKind) String() string {
	if int(k) < len(mailKindNames) {
		return mailKindNames[k]
	}
	return "unknown"
}

// IsReport reports whether the mail says what became of another. Reports are
// never answered.
func (k MailKind) IsReport() bool { return k >= DispositionMail }

// errorSubject is how the subject of a mail of integration error starts; the
// official guide has both forms. The code follows.
var errorSubject = regexp.MustCompile(`(?i)^\s*\[(?:KO Int[ée]gration syst[èe]me|Erreur d\s?['’]\s?int[ée]gration)\s*!?\]\s*(?:\[\s*(\d{3})\s*\])?`)

// bounceSubject is how the subject of a bounce reads, accents removed.
var bounceSubject = regexp.MustCompile(`(?i)^(message|courriel|mail|e-mail) non (distribue|remis|delivre)|^undeliver(ed|able)|` +
	`^delivery (status notification \(failure\)|failure|has failed)|^(mail|message) delivery (failed|failure|subsystem)|` +
	`^returned mail|^failure notice|^non remis|^echec de (la )?(remise|distribution)|returned to sender$`)

// Kind says what the mail is, by its structure first, then by its subject and
// its sender.
func (m *Incoming) Kind() MailKind {
	report := m.mediaType == "multipart/report" || m.automatic()
	switch {
	case m.part(dispositionTypes...) != nil && (report || m.mediaType == "message/disposition-notification"):
		return DispositionMail
	case m.part(deliveryTypes...) != nil && report:
		return DeliveryMail
	case errorSubject.MatchString(m.Subject):
		return ErrorMail
	case m.bounces():
		return BounceMail
	}
	if _, err := m.archiveFile(); err == nil || prefix.MatchString(stripTags(m.Subject)) {
		return DocumentMail
	}
	return PlainMail
}

var (
	dispositionTypes = []string{"message/disposition-notification", "message/global-disposition-notification"}
	deliveryTypes    = []string{"message/delivery-status", "message/global-delivery-status"}
	originalTypes    = []string{"message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers", "message/rfc822-headers"}
)

// part is the first attachment of one of the types, or nil.
func (m *Incoming) part(types ...string) *Attachment {
	for i := range m.Attachments {
		for _, t := range types {
			if m.Attachments[i].MediaType == t {
				return &m.Attachments[i]
			}
		}
	}
	return nil
}

// automatic reports whether no person wrote the mail, as far as it says.
func (m *Incoming) automatic() bool {
	return m.hasReturnPath && m.returnPath == "" || m.autoSubmitted() || daemon(m.From.Address)
}

func (m *Incoming) autoSubmitted() bool {
	value, _, _ := strings.Cut(m.auto, ";")
	value, _, _ = strings.Cut(value, "(")
	value = strings.TrimSpace(value)
	return value != "" && !strings.EqualFold(value, "no")
}

// daemon reports whether an address is that of a mail server.
func daemon(address string) bool {
	local, _, _ := strings.Cut(address, "@")
	switch strings.ToLower(local) {
	case "mailer-daemon", "postmaster", "mail-daemon":
		return true
	}
	return false
}

func (m *Incoming) bounces() bool {
	subject := toASCII(stripTags(m.Subject))
	for _, s := range m.bounceSubjects {
		if strings.EqualFold(subject, toASCII(s)) {
			return true
		}
	}
	return bounceSubject.MatchString(subject) &&
		(m.automatic() || m.mediaType == "multipart/report" || IsPatientAddress(m.From.Address) || m.failedRecipients != "")
}

// stripTags takes off what people and software put before a subject.
func stripTags(subject string) string {
	for range maxTags {
		loc := tags.FindStringIndex(subject)
		if loc == nil {
			break
		}
		subject = subject[loc[1]:]
	}
	return strings.TrimSpace(subject)
}
