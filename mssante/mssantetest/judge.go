package mssantetest

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"regexp"
	"slices"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/mssante"
	"github.com/segur-sdk/segur/mssante/xdm"
)

var (
	subjectShape = regexp.MustCompile(`^XDM/1\.0/DDM\+[^+ ].* [^ ]+ [^ ]+( \d{2}/\d{2}/\d{4})?$`)
	pdfShape     = regexp.MustCompile(`^\d{8}_[0-9A-Za-z_-]+_[0-9A-Z_-]+_[0-9A-Za-z_-]+\.pdf$`)
)

// judge returns the rule that a submitted mail breaks, or "". It reads the
// mail with the standard library, not with the code it judges.
func (s *Server) judge(e envelope) string {
	raw, from, rcpt := e.raw, e.sender, e.rcpt
	head, _, ok := bytes.Cut(raw, []byte("\r\n\r\n"))
	switch {
	case !ok:
		return "the mail has no body"
	case e.declared > 0 && e.declared != int64(len(raw)):
		return "the size is not the one that MAIL announced (RFC 1870)"
	case e.null && !bytes.Contains(raw, []byte("\r\nAuto-Submitted: ")):
		return "the return path is empty and the mail is not a report"
	}
	if why := judgeLines(raw); why != "" {
		return why
	}
	for line := range bytes.SplitSeq(head, []byte("\r\n")) {
		if bytes.ContainsFunc(line, func(r rune) bool { return r != '\t' && (r < ' ' || r > '~') }) {
			return "a header holds something else than printable ASCII"
		}
	}
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return "the header cannot be read"
	}
	for name, values := range m.Header {
		switch name {
		case "Received", "Comments", "Keywords":
		default:
			if len(values) > 1 {
				return "the header " + name + " is there twice"
			}
		}
	}
	if why := s.judgeHeader(m.Header, from, rcpt); why != "" {
		return why
	}
	if isAnswer(m.Header) {
		if why := judgeAnswer(m); why != "" {
			return why
		}
		return s.claim(m.Header.Get("Message-Id"), rcpt)
	}
	mediaType, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || mediaType != "multipart/mixed" {
		return "the mail is not multipart/mixed"
	}
	if why := judgeBody(m, params["boundary"], rcpt); why != "" {
		return why
	}
	return s.claim(m.Header.Get("Message-Id"), rcpt)
}

// judgeLines checks what servers on the way may cut or change (RFC 5321 section
// 4.5.3.1.6).
func judgeLines(raw []byte) string {
	for line := range bytes.SplitSeq(raw, []byte("\r\n")) {
		switch {
		case len(line) > 998:
			return "a line is longer than 998 characters"
		case bytes.ContainsAny(line, "\r\n\x00"):
			return "a line holds a bare CR or LF, or a NUL"
		}
	}
	return ""
}

// claim takes the identifier of a mail that is accepted: once for each
// recipient, since a mail may go later to those who did not get it.
func (s *Server) claim(id string, rcpt []string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range rcpt {
		if s.seen[id+"\x00"+strings.ToLower(r)] {
			return "Message-ID was used before (ECO.2.2.1)"
		}
	}
	for _, r := range rcpt {
		s.seen[id+"\x00"+strings.ToLower(r)] = true
	}
	return ""
}

func (s *Server) judgeHeader(h mail.Header, from *mailbox, rcpt []string) string {
	sender, err := mail.ParseAddress(h.Get("From"))
	switch {
	case err != nil:
		return "From cannot be read"
	case !strings.EqualFold(sender.Address, from.address):
		return "From is not the mailbox that is open"
	case sender.Name == "":
		return "From has no label (ECO.2.2.7)"
	}
	to, err := h.AddressList("To")
	if err != nil {
		return "To cannot be read"
	}
	for _, r := range rcpt {
		if !slices.ContainsFunc(to, func(a *mail.Address) bool { return strings.EqualFold(a.Address, r) }) {
			return "a recipient of the envelope is not in To"
		}
	}
	if _, err := h.Date(); err != nil {
		return "Date cannot be read"
	}
	id := h.Get("Message-Id")
	_, domain, _ := strings.Cut(from.address, "@")
	if !strings.HasPrefix(id, "<") || !strings.HasSuffix(id, "@"+domain+">") {
		return "Message-ID is missing or not of the mailbox's domain (ECO.2.2.1)"
	}
	number := h.Get("X-Mss-Nil")
	switch {
	case number == "" || len(s.numbers) > 0 && !slices.Contains(s.numbers, number):
		return "X-MSS-NIL is missing or unknown (ECO.2.4.3)"
	case h.Get("X-Mss-Mes") != "" && h.Get("X-Mss-Mes") != "FIN":
		return "X-MSS-MES has another value than FIN (ECO.2.2.8)"
	case h.Get("X-Mss-Mes") != "" && !slices.ContainsFunc(rcpt, mssante.IsPatientAddress):
		return "X-MSS-MES without a patient among the recipients"
	case h.Get("Disposition-Notification-To") != "" && h.Get("Disposition-Notification-To") != "<"+from.address+">":
		return "Disposition-Notification-To is not the sender"
	case h.Get("Mime-Version") != "1.0":
		return "MIME-Version is not 1.0"
	}
	return ""
}

// judgeBody checks parts, archive and the headers that depend on them.
func judgeBody(m *mail.Message, boundary string, rcpt []string) string {
	var archives [][]byte
	var pdfs, texts int
	r := multipart.NewReader(m.Body, boundary)
	for {
		p, err := r.NextPart()
		if err == io.EOF { //nolint:errorlint // NextPart returns it bare
			break
		}
		if err != nil {
			return "the parts of the mail cannot be read"
		}
		content, err := io.ReadAll(p)
		if err != nil {
			return "a part of the mail cannot be read"
		}
		mediaType, params, err := mime.ParseMediaType(p.Header.Get("Content-Type"))
		if err != nil {
			return "a part has no Content-Type"
		}
		decoded, err := decoded(p.Header.Get("Content-Transfer-Encoding"), content)
		if err != nil {
			return "a part is not well encoded"
		}
		switch {
		case mediaType == "text/plain" && p.FileName() == "":
			if !strings.EqualFold(params["charset"], "utf-8") {
				return "the text is not in UTF-8 (ECO.2.2.3)"
			}
			texts++
		case strings.EqualFold(p.FileName(), "IHE_XDM.zip"):
			if mediaType != "application/zip" {
				return "the archive is not application/zip"
			}
			archives = append(archives, decoded)
		case mediaType == "application/pdf":
			if !pdfShape.MatchString(strings.ReplaceAll(p.FileName(), ".PDF", ".pdf")) {
				return "the PDF copy is not named as it should (ECO.2.1.6)"
			}
			if !bytes.HasPrefix(decoded, []byte("%PDF-")) {
				return "the PDF copy is not a PDF"
			}
			pdfs++
		default:
			return "an attachment is neither the archive nor a PDF copy (ECO.2.1.1)"
		}
	}
	if texts != 1 {
		return "there is not exactly one text part (ECO.2.2.4)"
	}
	announced := subjectShape.MatchString(m.Header.Get("Subject"))
	if len(archives) == 0 {
		if announced || pdfs > 0 || m.Header.Get("X-Mss-Codecda") != "" || m.Header.Get("X-Mss-Ins") != "" {
			return "the mail announces an archive and has none"
		}
		return ""
	}
	if len(archives) > 1 {
		return "the mail has several archives (ECO.2.1.1)"
	}
	if !announced {
		return "the subject is not XDM/1.0/DDM+… (ECO.2.1.3)"
	}
	return judgeArchive(m.Header, archives[0], pdfs, rcpt)
}

func judgeArchive(h mail.Header, archive []byte, pdfs int, rcpt []string) string {
	a, err := xdm.Open(bytes.NewReader(archive), int64(len(archive)), xdm.ReadOptions{})
	if err != nil {
		return "the archive does not open"
	}
	var codes []string
	qualified := "O"
	for _, set := range a.Sets {
		for _, d := range set.Documents {
			codes = append(codes, d.Entry.TypeCode.Code)
			if !segur.IsINSAuthority(d.Entry.PatientID.Authority) {
				qualified = "N"
			}
			for _, r := range rcpt {
				if mssante.IsPatientAddress(r) && !strings.EqualFold(r, d.Entry.PatientID.ID+"@"+mssante.PatientDomain) {
					return "a document goes to another patient than its own"
				}
			}
		}
	}
	switch {
	case pdfs != len(codes):
		return fmt.Sprintf("%d documents and %d PDF copies (ECO.2.1.1)", len(codes), pdfs)
	case h.Get("X-Mss-Codecda") != strings.Join(codes, ","):
		return "X-MSS-CODECDA is not the list of the codes of the archive (ECO.2.4.1)"
	case h.Get("X-Mss-Ins") != qualified:
		return "X-MSS-INS does not fit the archive (ECO.2.4.2)"
	}
	return ""
}
