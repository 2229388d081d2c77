package mssante

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/textproto"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
)

const opReport = "mssante.report"

// Report is what a mail says became of another: one type for delivery
// notifications, read receipts, mails of integration error and bounces. Its
// printed forms are redacted; [Delivery] keeps what is worth keeping of it
// without addresses.
type Report struct {
	// Kind is that of the mail.
	Kind MailKind
	// MessageID identifies the mail that the report is about, without angle
	// brackets. Empty when the report does not say, as bounces often do.
	MessageID string
	// EnvelopeID is the one given at submission (RFC 3461), which names the
	// same mail. Optional.
	EnvelopeID string
	// From is who wrote the report. [Delivery.Apply] takes nothing that a
	// recipient says of another one.
	From Address
	// ReportID is the Message-ID of the report itself.
	ReportID string
	// At is when the report was written, in UTC; when that cannot be read, the
	// time the server got it.
	At time.Time
	// Recipients says what became of each recipient that is named.
	Recipients []RecipientReport
	// Warnings name what was accepted although the norms refuse it.
	Warnings []segur.Detail
}

// RecipientReport is what a report says of one recipient.
type RecipientReport struct {
	// Original is the address that the mail was sent to, when the report says;
	// Final is the one it reached: a box may forward to another.
	Original, Final Address
	// State is [Accepted] for a mail that was relayed without news to come,
	// [Delayed], [Delivered] or [Failed]. Empty when the report is about
	// reading only.
	State State
	// Read is what was done with the mail. Empty when the report is about
	// delivery only.
	Read Read
	// Status is the SMTP status of the server that refused, such as 552; 0
	// when it is not said. Code is the enhanced status code, such as "5.3.4".
	Status int
	Code   string
	// Error is the code of an integration error: one of [IntegrationCode], or
	// whatever the sender wrote.
	Error IntegrationCode
	// Diagnostic is the text of the server or of the software. It may quote
	// addresses.
	Diagnostic string
	// Automatic says that software answered, not a person.
	Automatic bool
}

// String returns a redacted form.
func (r Report) String() string {
	return fmt.Sprintf("Report(%s of %s, %d recipients)", r.Kind, r.MessageID, len(r.Recipients))
}

// Format writes the redacted form whatever the verb.
func (r Report) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(r.String())) }

// LogValue makes slog write the redacted form.
func (r Report) LogValue() slog.Value { return slog.StringValue(r.String()) }

// String returns a redacted form.
func (r RecipientReport) String() string {
	return fmt.Sprintf("RecipientReport(%s, read %q, status %d %s, error %q)", r.State, r.Read, r.Status, r.Code, r.Error)
}

// Format writes the redacted form whatever the verb.
func (r RecipientReport) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(r.String())) }

// LogValue makes slog write the redacted form.
func (r RecipientReport) LogValue() slog.Value { return slog.StringValue(r.String()) }

// SMTPErrorCode is the code of table SMTPERRORCODE for a failure or a delay,
// and what it means; 0 when there is none.
func (r RecipientReport) SMTPErrorCode() (int, segur.Text) {
	if r.State != Failed && r.State != Delayed {
		return 0, segur.Text{}
	}
	return SMTPErrorCode(r.Status, r.Code)
}

// RecipientRef is how [Receipt] and [Delivery] name a recipient without its
// address: a hash of the address and of the Message-ID, the same whatever the
// case. Who knows both can compute it again: it is a pseudonym, and what holds
// it about a patient remains personal data.
func RecipientRef(messageID, address string) string {
	sum := sha256.Sum256([]byte(messageID + "\x00" + strings.ToLower(address)))
	return hex.EncodeToString(sum[:12])
}

// Report reads what the mail says of another one. [segur.ErrNotFound] says
// that the mail is not a report; [segur.ErrProtocol] that it is one and cannot
// be made out.
func (m *Incoming) Report() (*Report, error) {
	r := &Report{Kind: m.Kind(), From: m.From, ReportID: m.MessageID, At: m.Date.UTC()}
	if m.Date.IsZero() {
		r.At = m.Received.UTC()
	}
	switch r.Kind {
	case DispositionMail:
		m.disposition(r)
	case DeliveryMail:
		m.delivery(r)
	case ErrorMail:
		m.integrationError(r)
	case BounceMail:
		m.bounce(r)
	default:
		return nil, &segur.Error{Op: opReport, Kind: segur.KindNotFound, RequestID: m.MessageID, Message: "the mail is not a report"}
	}
	if r.MessageID == "" {
		r.MessageID = m.about()
	}
	if len(r.Recipients) == 0 {
		return r, &segur.Error{Op: opReport, Kind: segur.KindProtocol, RequestID: m.MessageID, Message: "the report says nothing of any recipient"}
	}
	if r.MessageID == "" && r.EnvelopeID == "" {
		r.warn("Message-ID", "the mail that the report is about is not named")
	}
	return r, nil
}

func (r *Report) warn(field, message string) {
	r.Warnings = append(r.Warnings, segur.Detail{Field: field, Severity: "warning", Message: message})
}

// add appends what is said of a recipient, within a bound.
func (r *Report) add(one RecipientReport) {
	if len(r.Recipients) < maxAddresses {
		r.Recipients = append(r.Recipients, one)
	}
}

// about finds the mail that a report is about: in the copy of its header, else
// among the mails that the report answers.
func (m *Incoming) about() string {
	if a := m.part(originalTypes...); a != nil {
		if h, _, _ := splitHeader(a.content, false); h.Get("Message-Id") != "" {
			return bareID(h.Get("Message-Id"))
		}
	}
	switch {
	case m.InReplyTo != "":
		return m.InReplyTo
	case len(m.References) > 0:
		return m.References[len(m.References)-1]
	}
	return ""
}

// groups reads groups of fields that blank lines separate (RFC 3464 section
// 2.1), folded lines put together.
func groups(b []byte) []textproto.MIMEHeader {
	var out []textproto.MIMEHeader
	var now fieldReader
	defer func() { now.flush() }()
	for line := range bytes.Lines(b) {
		line = bytes.TrimRight(line, "\r\n")
		name, value, ok := bytes.Cut(line, []byte(":"))
		key := strings.TrimRight(string(name[:min(len(name), maxFieldName)]), " \t")
		switch {
		case len(bytes.TrimSpace(line)) == 0:
			now.flush()
			now = fieldReader{}
		case (line[0] == ' ' || line[0] == '\t') && now.key != "":
			now.fold(line)
		case ok && fieldName(key):
			if now.h == nil {
				if len(out) == maxAddresses+1 {
					return out
				}
				now.h = textproto.MIMEHeader{}
				out = append(out, now.h)
			}
			now.field(key, value)
		}
	}
	return out
}

const maxFieldName = 100

// addressOf reads "rfc822; address", angle brackets and blanks removed.
func addressOf(field string) string {
	kind, address, typed := strings.Cut(field, ";")
	if !typed {
		address = kind
	}
	address = strings.Trim(strings.TrimSpace(address), "<>")
	if !strings.Contains(address, "@") && strings.Contains(address, "+40") {
		address = unxtext(address) // RFC 3461 section 4: some servers leave it encoded
	}
	return strings.TrimSpace(address)
}

// unxtext decodes "+" and two hexadecimal digits.
func unxtext(s string) string {
	return hexPair.ReplaceAllStringFunc(s, func(p string) string {
		n, err := strconv.ParseUint(p[1:], 16, 8)
		if err != nil || n < ' ' || n > '~' {
			return p
		}
		return string(rune(n))
	})
}

var (
	hexPair      = regexp.MustCompile(`\+[0-9A-F]{2}`)
	enhancedCode = regexp.MustCompile(`\b[245]\.\d{1,3}\.\d{1,3}\b`)
	basicCode    = regexp.MustCompile(`\b[245]\d\d\b`)
)

// codes finds an SMTP status and an enhanced code in a text.
func codes(text string) (status int, code string) {
	code = enhancedCode.FindString(text)
	status, _ = strconv.Atoi(basicCode.FindString(text)) // 0 when there is none
	return status, code
}
