package mssante

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"path"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/mssante/xdm"
)

// Incoming is a mail that was read. Its printed forms are redacted.
type Incoming struct {
	// UID is the number of the message in Folder, as long as UIDValidity is
	// that of the folder.
	UID, UIDValidity uint32
	Folder           string
	// Received is when the server got it; Seen says that somebody read it.
	Received time.Time
	Seen     bool

	// MessageID, InReplyTo and References have no angle brackets.
	MessageID  string
	InReplyTo  string
	References []string
	// Date is what the sender says; zero when it cannot be read.
	Date time.Time
	// From, To, ReplyTo and ReadReceiptTo are addresses with their labels.
	From          Address
	To            []Address
	ReplyTo       []Address
	ReadReceiptTo []Address
	// Subject is decoded, prefix included; see [ShownSubject]. Do not identify
	// a patient by it: METADATA.XML does (ECO.2.1.2).
	Subject string
	// Text is the body in plain text, HTML the one in HTML. Either may be empty.
	Text, HTML string

	// ProductNumber is X-MSS-NIL, Codes are those of X-MSS-CODECDA.
	ProductNumber string
	Codes         []string
	// QualifiedINS is X-MSS-INS = O: what the sender says, to be checked.
	QualifiedINS bool
	// NoReply is X-MSS-MES = FIN.
	NoReply bool
	// Attachments are the files of the mail, archive included, in its order.
	Attachments []Attachment
	// Warnings name what was accepted although the norms refuse it.
	Warnings []segur.Detail

	raw []byte

	auto, precedence, mediaType, originalRecipient, failedRecipients string
	returnPath                                                       string
	hasReturnPath, list                                              bool
	bounceSubjects                                                   []string // Config.BounceSubjects
}

// Address is a mail address and its label.
type Address struct{ Name, Address string }

// String returns a redacted form: an address may hold a matricule.
func (a Address) String() string { return "Address(redacted)" }

// Format writes the redacted form whatever the verb.
func (a Address) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(a.String())) }

// LogValue makes slog write the redacted form.
func (a Address) LogValue() slog.Value { return slog.StringValue(a.String()) }

// Attachment is a file of a mail, decoded. It is a [segur.Content]: one that
// the mail holds in part only ends with a [segur.ErrTruncated] error.
type Attachment struct {
	// Name is the file name that the sender gave, its last element only. It is
	// not fit to name a file on disk without a check of your own.
	Name string
	// MediaType is lower case, without parameters.
	MediaType string

	content []byte
	cut     bool
}

// Size is the length in bytes of what came.
func (a Attachment) Size() int64 { return int64(len(a.content)) }

// Complete reports whether the file came whole, as far as a mail tells: it
// ends where its part does, and its encoding is sound.
func (a Attachment) Complete() bool { return !a.cut }

// Open reads the file. When it is not complete the last Read gives a
// [segur.ErrTruncated] error and not io.EOF.
func (a Attachment) Open() (io.ReadCloser, error) {
	r := io.Reader(bytes.NewReader(a.content))
	if a.cut {
		r = io.MultiReader(r, cutShort{})
	}
	return io.NopCloser(r), nil
}

// cutShort is the end of a file that misses its end.
type cutShort struct{}

func (cutShort) Read([]byte) (int, error) {
	return 0, &segur.Error{Op: opReceive, Kind: segur.KindTruncated, Message: "the file of the mail is cut"}
}

// String returns a redacted form: names hold those of patients.
func (a Attachment) String() string {
	return fmt.Sprintf("Attachment(%s, %d bytes)", a.MediaType, len(a.content))
}

// Format writes the redacted form whatever the verb.
func (a Attachment) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(a.String())) }

// LogValue makes slog write the redacted form.
func (a Attachment) LogValue() slog.Value { return slog.StringValue(a.String()) }

// Position is where the mail is in its folder: see Filter.After.
func (m *Incoming) Position() Position { return Position{UIDValidity: m.UIDValidity, UID: m.UID} }

// Raw is the mail as the server gave it. Callers must not modify it.
func (m *Incoming) Raw() []byte { return m.raw }

// Archive finds the IHE_XDM.zip of the mail, by its name in any case, else
// the only zip of the mail, and opens it: every document it gives has the size
// and the hash of its metadata. [segur.ErrNotFound] says that there is none;
// more than one is [segur.ErrProtocol].
func (m *Incoming) Archive() (*xdm.Archive, error) { return m.OpenArchive(xdm.ReadOptions{}) }

// OpenArchive is Archive with limits and tolerances of your own.
func (m *Incoming) OpenArchive(o xdm.ReadOptions) (*xdm.Archive, error) {
	file, err := m.archiveFile()
	if err != nil {
		return nil, err
	}
	return xdm.Open(bytes.NewReader(file.content), file.Size(), o)
}

// ArchiveFile is the archive as it came, unopened.
func (m *Incoming) ArchiveFile() (Attachment, error) { return m.archiveFile() }

func (m *Incoming) archiveFile() (Attachment, error) {
	var named, zips []Attachment
	for _, a := range m.Attachments {
		switch {
		case strings.EqualFold(a.Name, ArchiveName) || strings.EqualFold(a.Name, "ihe-xdm.zip"):
			named = append(named, a)
		case strings.EqualFold(path.Ext(a.Name), ".zip") || a.MediaType == "application/zip" || a.MediaType == "application/x-zip-compressed":
			zips = append(zips, a)
		}
	}
	if len(named) == 0 {
		named = zips
	}
	switch {
	case len(named) == 0:
		return Attachment{}, &segur.Error{Op: opReceive, Kind: segur.KindNotFound, RequestID: m.MessageID, Message: "the mail holds no archive"}
	case len(named) > 1:
		return Attachment{}, &segur.Error{Op: opReceive, Kind: segur.KindProtocol, RequestID: m.MessageID,
			Message: "the mail holds several archives: one is the rule"}
	case named[0].cut:
		return Attachment{}, &segur.Error{Op: opReceive, Kind: segur.KindTruncated, RequestID: m.MessageID, Message: "the archive of the mail is cut"}
	}
	return named[0], nil
}

// PDFs are the PDF files of the mail.
func (m *Incoming) PDFs() []Attachment {
	var out []Attachment
	for _, a := range m.Attachments {
		if a.MediaType == "application/pdf" || strings.EqualFold(path.Ext(a.Name), ".pdf") {
			out = append(out, a)
		}
	}
	return out
}

// String returns a redacted form.
func (m *Incoming) String() string {
	return fmt.Sprintf("Incoming(%d attachments, %d bytes, redacted)", len(m.Attachments), len(m.raw))
}

// Format writes the redacted form whatever the verb.
func (m *Incoming) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(m.String())) }

// LogValue makes slog write the redacted form.
func (m *Incoming) LogValue() slog.Value { return slog.StringValue(m.String()) }
