package mssantetest

import (
	"bufio"
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"net/textproto"
	"slices"
	"strings"
)

// isAnswer reports whether a mail is a read receipt or a mail of integration
// error, which have rules of their own.
func isAnswer(h mail.Header) bool { return h.Get("Auto-Submitted") != "" }

// judgeAnswer returns the rule that an answer breaks, or "".
func judgeAnswer(m *mail.Message) string {
	if m.Header.Get("Auto-Submitted") != "auto-replied" {
		return "Auto-Submitted is not auto-replied (RFC 3834)"
	}
	if m.Header.Get("Disposition-Notification-To") != "" {
		return "an answer asks for a receipt (RFC 8098 section 2.1)"
	}
	mediaType, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		return "Content-Type cannot be read"
	}
	var types []string
	var fields textproto.MIMEHeader
	r := multipart.NewReader(m.Body, params["boundary"])
	for {
		p, err := r.NextPart()
		if err == io.EOF { //nolint:errorlint // NextPart returns it bare
			break
		}
		if err != nil {
			return "the parts of the mail cannot be read"
		}
		partType, _, err := mime.ParseMediaType(p.Header.Get("Content-Type"))
		if err != nil {
			return "a part has no Content-Type"
		}
		content, err := io.ReadAll(p)
		if err != nil {
			return "a part of the mail cannot be read"
		}
		if types = append(types, partType); partType == "message/disposition-notification" {
			if fields, err = textproto.NewReader(bufio.NewReader(io.MultiReader(bytes.NewReader(content), strings.NewReader("\r\n\r\n")))).ReadMIMEHeader(); err != nil {
				return "the fields of the receipt cannot be read"
			}
		}
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		return "the subject cannot be read"
	}
	failed := strings.HasPrefix(subject, "[KO Intégration système !][90")
	switch mediaType {
	case "multipart/report":
		if params["report-type"] != "disposition-notification" || len(types) < 3 || types[0] != "text/plain" ||
			types[1] != "message/disposition-notification" || types[2] != "message/rfc822" && types[2] != "text/rfc822-headers" {
			return "the receipt is not made of a text, a disposition and the original (RFC 8098 section 3)"
		}
		types = types[3:]
		disposition := fields.Get("Disposition")
		switch {
		case !strings.HasPrefix(fields.Get("Final-Recipient"), "rfc822;") || !strings.HasPrefix(fields.Get("Original-Recipient"), "rfc822;"):
			return "the receipt does not name the recipient"
		case fields.Get("Original-Message-Id") == "":
			return "the receipt does not name the mail"
		case strings.HasSuffix(disposition, "/error") != (fields.Get("Error") != "") || failed != (fields.Get("Error") != ""):
			return "disposition, error and subject of the receipt do not agree"
		case !slices.Contains([]string{"displayed", "processed", "processed/error", "deleted"}, disposition[strings.LastIndex(disposition, " ")+1:]):
			return "the disposition is unknown"
		}
	case "multipart/mixed":
		if !failed || len(types) < 2 || types[0] != "text/plain" || types[1] != "message/rfc822" && types[1] != "text/rfc822-headers" {
			return "the mail of integration error has not the subject, the text and the original it should"
		}
		types = types[2:]
	default:
		return "the answer is neither a report nor a mail of integration error"
	}
	for i, t := range types {
		if t != "application/pdf" && (t != "application/zip" || i > 0) {
			return "the answer attaches something else than the archive and PDF copies"
		}
	}
	return ""
}
