package mssantetest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-smtp"
)

// notify writes a delivery notification (RFC 3464) when the sender asked for
// it: by default failures and delays are told (RFC 3461 section 4.1).
func (s *Server) notify(e envelope, action string, status int, code string) {
	wanted := map[string]smtp.DSNNotify{"failed": smtp.DSNNotifyFailure, "delayed": smtp.DSNNotifyDelayed, "delivered": smtp.DSNNotifySuccess}[action]
	if s.noDSN && action != "failed" || len(e.notify) > 0 && !slices.Contains(e.notify, wanted) {
		return
	}
	subject := map[string]string{"failed": "Undelivered Mail Returned to Sender", "delayed": "Delayed Mail (still being retried)",
		"delivered": "Successful Mail Delivery Report"}[action]
	var fields strings.Builder
	fmt.Fprintf(&fields, "Reporting-MTA: dns; %s\r\n", hostName)
	if e.id != "" {
		fmt.Fprintf(&fields, "Original-Envelope-Id: %s\r\n", e.id)
	}
	fmt.Fprintf(&fields, "Arrival-Date: %s\r\n\r\n", s.clock().Format(time.RFC1123Z))
	if e.original != "" {
		fmt.Fprintf(&fields, "Original-Recipient: rfc822;%s\r\n", e.original)
	}
	fmt.Fprintf(&fields, "Final-Recipient: rfc822; %s\r\nAction: %s\r\nStatus: %s\r\n", e.address, action, cmp.Or(code, fmt.Sprintf("%d.0.0", status/100)))
	if action != "delivered" {
		_, domain, _ := strings.Cut(e.address, "@")
		fmt.Fprintf(&fields, "Remote-MTA: dns; mx.%s\r\n", domain)
	}
	fmt.Fprintf(&fields, "Diagnostic-Code: smtp; %s\r\n", strings.TrimSpace(fmt.Sprintf("%d %s", status, code)))
	s.report(e, s.multipart(e, "MAILER-DAEMON@"+hostName, subject, "delivery-status", "This is the mail system at host "+hostName+".\r\n",
		"message/delivery-status", fields.String(), e.headers || action == "delivered"))
}

// multipart writes a report: a text, fields, and the original or its header.
func (s *Server) multipart(e envelope, from, subject, kind, text, fieldsType, fields string, headerOnly bool) string {
	n := s.number()
	boundary := fmt.Sprintf("=_report_%d", n)
	originalType, original := "message/rfc822", string(e.raw)
	if headerOnly {
		original, _, _ = strings.Cut(original, "\r\n\r\n")
		originalType, original = "text/rfc822-headers", original+"\r\n"
	}
	var b strings.Builder
	b.WriteString(s.head(n, from, e, subject))
	fmt.Fprintf(&b, "Content-Type: multipart/report; report-type=%s; boundary=\"%s\"\r\n\r\n", kind, boundary)
	for _, p := range [][2]string{{"text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit", text}, {fieldsType, fields}, {originalType, original}} {
		fmt.Fprintf(&b, "--%s\r\nContent-Type: %s\r\n\r\n%s\r\n", boundary, p[0], p[1])
	}
	fmt.Fprintf(&b, "--%s--\r\n", boundary)
	return b.String()
}

// head writes the header that all reports have.
func (s *Server) head(n int, from string, e envelope, subject string) string {
	return fmt.Sprintf("Date: %s\r\nFrom: <%s>\r\nTo: <%s>\r\nSubject: %s\r\nMessage-ID: <report-%d@%s>\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n",
		s.clock().Format(time.RFC1123Z), from, e.sender.address, subject, n, hostName)
}

// Bounce is why Mon espace santé returns a mail. It says so in an ordinary
// mail; the reasons and subjects are public, the texts are the fake's own.
type Bounce uint8

// The reasons.
const (
	// BounceClosed: the patient closed the mailbox.
	BounceClosed Bounce = iota + 1
	// BounceUnknown: no patient has that matricule.
	BounceUnknown
	// BounceInvalid: the address is not one of a patient.
	BounceInvalid
	// BounceTooLarge: the mail has more than 25 MB.
	BounceTooLarge
)

var bounceTexts = [...]string{BounceClosed: "la messagerie est fermée", BounceUnknown: "patient non trouvé", BounceInvalid: "adresse invalide",
	BounceTooLarge: "le message dépasse la taille maximale autorisée (25 Mo)"}

// bounce writes a mail of Mon espace santé.
func (s *Server) bounce(e envelope, why Bounce) {
	subject := "Message non =?utf-8?q?distribu=C3=A9?="
	if why == BounceTooLarge {
		subject = "Undelivered Mail Returned to Sender"
	}
	id := e.header("Message-ID")
	s.report(e, s.head(s.number(), "no-reply@patient.mssante.fr", e, subject)+
		"In-Reply-To: "+id+"\r\nReferences: "+id+"\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"+
		"Bonjour,\r\nvotre message à "+e.address+" n'a pas été distribué : "+bounceTexts[why]+".\r\n")
}

// Reading is how the reader of a mailbox answers what it gets: by a read receipt
// (RFC 8098) where one is asked for, and where none is by a mail of integration
// error when there is one. Reports are not answered.
type Reading struct {
	// Disposition is displayed, processed or deleted. Empty: processed.
	Disposition string
	// Error is why the document was not filed, as "902^Identifiant patient
	// inconnu". Optional.
	Error string
	// InDisposition writes the error inside the field Disposition, as the
	// official guide does, and not in the field Error that RFC 8098 has.
	InDisposition bool
	// Manual says that a person did it.
	Manual bool
}

// read answers a mail as its reader does.
func (s *Server) read(e envelope) {
	r := e.box.reading
	asked := e.header("Disposition-Notification-To") != ""
	if r == nil || e.null || e.header("Auto-Submitted") != "" || !asked && r.Error == "" {
		return
	}
	subject, text := e.header("Subject"), "Message lu.\r\n"
	code, label, _ := strings.Cut(r.Error, "^")
	if r.Error != "" {
		subject = "=?utf-8?q?=5BKO_Int=C3=A9gration_syst=C3=A8me_!=5D?=[" + code + "] " + subject
		text = "Code d'erreur : " + code + "\r\nErreur détectée : " + label + "\r\n"
	}
	id := e.header("Message-ID")
	back := e
	if !asked {
		boundary := fmt.Sprintf("=_error_%d", s.number())
		s.put(e.sender, Message{From: e.address, To: []string{e.sender.address}, Raw: []byte(s.head(s.number(), e.address, back, subject) +
			"In-Reply-To: " + id + "\r\nContent-Type: multipart/mixed; boundary=\"" + boundary + "\"\r\n\r\n--" + boundary +
			"\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + text + "\r\n--" + boundary +
			"\r\nContent-Type: message/rfc822; name=\"message_original.eml\"\r\nContent-Disposition: attachment; filename=\"message_original.eml\"\r\n\r\n" +
			string(e.raw) + "\r\n--" + boundary + "--\r\n")}, "Return-Path: <>\r\n")
		return
	}
	mode := "automatic-action/MDN-sent-automatically"
	if r.Manual {
		mode = "manual-action/MDN-sent-manually"
	}
	disposition := mode + "; " + cmp.Or(r.Disposition, "processed")
	fields := "Original-Recipient: rfc822;" + cmp.Or(e.original, e.address) + "\r\nFinal-Recipient: rfc822;" + e.address + "\r\nOriginal-Message-ID: " + id + "\r\n"
	switch {
	case r.Error == "":
		fields += "Disposition: " + disposition + "\r\n"
	case r.InDisposition:
		fields += "Disposition: " + disposition + "/Error: " + r.Error + "\r\n"
	default:
		fields += "Disposition: " + disposition + "/error\r\nError: " + r.Error + "\r\n"
	}
	s.report(e, s.multipart(e, e.address, subject, "disposition-notification", text, "message/disposition-notification", fields, true))
}
