package mssante

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"

	"github.com/segur-sdk/segur"
)

// Letter is a mail ready to be sent: its bytes never change, so a letter can
// be sent again with the same Message-ID. It is a [segur.Content] of the whole
// mail. Its printed forms are redacted.
type Letter struct {
	id, from, subject            string
	env                          segur.Environment
	to                           []recipient
	raw, archive                 []byte
	readReceipt, deliveryReceipt bool
	documents                    int
	// report: about another mail, with no return path of its own, so that
	// nothing ever answers it.
	report bool
	// eightBit: the mail has bytes that only 8BITMIME transports.
	eightBit bool
	// codes are those of the documents, for traces.
	codes    []string
	warnings []segur.Detail
}

var _ segur.Content = (*Letter)(nil)

// MessageID is the identifier of the mail, without angle brackets.
func (l *Letter) MessageID() string { return l.id }

// Subject is the subject, with its prefix: personal data.
func (l *Letter) Subject() string { return l.subject }

// Recipients counts the recipients, in the order of the message.
func (l *Letter) Recipients() int { return len(l.to) }

// Warnings are what a receiver may stumble over, or a person should know
// before sending: metadata that a service may refuse, a copy that does not
// claim to be PDF/A, answers that nobody would read.
func (l *Letter) Warnings() []segur.Detail { return l.warnings }

// Archive is the IHE_XDM.zip; nil when the message has no document.
func (l *Letter) Archive() segur.Content {
	if l.archive == nil {
		return nil
	}
	return segur.BytesContent(l.archive)
}

// Size is the length of the mail in bytes, as sent.
func (l *Letter) Size() int64 { return int64(len(l.raw)) }

// Open reads the mail.
func (l *Letter) Open() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(l.raw)), nil }

// String returns a redacted form.
func (l *Letter) String() string {
	return fmt.Sprintf("Letter(%s, %d documents, %d recipients, %d bytes)", l.id, l.documents, len(l.to), len(l.raw))
}

// Format writes the redacted form whatever the verb.
func (l *Letter) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(l.String())) }

// LogValue makes slog write the redacted form.
func (l *Letter) LogValue() slog.Value { return slog.StringValue(l.String()) }
