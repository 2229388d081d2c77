package mssante

import (
	"net/textproto"
	"regexp"
	"strings"
)

// disposition reads a read receipt (RFC 8098). Its fields are one group; blank
// lines among them do no harm.
func (m *Incoming) disposition(r *Report) {
	fields := textproto.MIMEHeader{}
	for _, g := range groups(m.part(dispositionTypes...).content) {
		for k, v := range g {
			if _, known := fields[k]; !known {
				fields[k] = v
			}
		}
	}
	r.MessageID = bareID(fields.Get("Original-Message-Id"))
	one := RecipientReport{
		Original: Address{Address: addressOf(fields.Get("Original-Recipient"))},
		Final:    Address{Address: addressOf(fields.Get("Final-Recipient"))},
	}
	if one.Final.Address == "" {
		r.warn("Final-Recipient", "is missing")
		one.Final = m.From
	}
	one.Read, one.Automatic = readDisposition(fields.Get("Disposition"))
	if one.Read == "" {
		r.warn("Disposition", "is missing or unknown")
		return
	}
	if one.Read == ProcessedError || one.Read == Processed && fields.Get("Error") != "" {
		one.Read = ProcessedError
		one.Error, one.Diagnostic = integrationCode(fields.Get("Error"))
		if one.Error == "" { // the official sample has it inside the disposition
			_, inside, _ := strings.Cut(fields.Get("Disposition"), "/")
			if _, after, ok := strings.Cut(inside, ";"); ok {
				inside = after
			}
			one.Error, one.Diagnostic = integrationCode(inside)
		}
		if one.Error == "" {
			one.Error, one.Diagnostic = m.codeInWords()
		}
	}
	r.add(one)
}

// readDisposition reads "mode/sending; type/modifier,modifier".
func readDisposition(s string) (read Read, automatic bool) {
	mode, kind, ok := strings.Cut(s, ";")
	if !ok {
		mode, kind = "", s
	}
	automatic = prefixFold(strings.TrimSpace(mode), "automatic-action")
	name, modifiers, _ := strings.Cut(strings.TrimSpace(kind), "/")
	failed := false
	for modifier := range strings.SplitSeq(modifiers, ",") {
		modifier = strings.ToLower(strings.TrimSpace(modifier))
		failed = failed || strings.HasPrefix(modifier, "error") || strings.HasPrefix(modifier, "failure")
	}
	name, _, _ = strings.Cut(strings.TrimSpace(name), " ")
	switch strings.ToLower(name) {
	case "displayed":
		read = Displayed
	case "processed", "dispatched": // RFC 3798 had the second one
		if read = Processed; failed {
			read = ProcessedError
		}
	case "deleted":
		read = Deleted
	case "failed", "error":
		read = ProcessedError
	}
	return read, automatic
}

// integrationError reads a mail of integration error: the code is in the
// subject, else in the text.
func (m *Incoming) integrationError(r *Report) {
	one := RecipientReport{Final: m.From, Read: ProcessedError, Automatic: true}
	one.Error, one.Diagnostic = m.codeInWords()
	if one.Error == "" {
		r.warn("Subject", "has no error code")
	}
	r.add(one)
}

var (
	codeField  = regexp.MustCompile(`(?:^|[^0-9])(\d{3})\s*\^\s*([^^|]*)`)
	codeAlone  = regexp.MustCompile(`^\s*(\d{3})\b[\s:-]*(.*)$`)
	codeWords  = regexp.MustCompile(`(?i)code d\s?['’]\s?erreur\s*:?\s*(\d{3})\b`)
	labelWords = regexp.MustCompile(`(?i)erreur détectée\s*:\s*([^\r\n]*)`)
	codeText   = regexp.MustCompile(`\b(90\d)\b(?:[\s:-]+([^\r\n]*))?`)
)

// integrationCode reads "902^label^table".
func integrationCode(s string) (IntegrationCode, string) {
	if f := codeField.FindStringSubmatch(s); f != nil {
		return IntegrationCode(f[1]), strings.TrimSpace(f[2])
	}
	if f := codeAlone.FindStringSubmatch(s); f != nil {
		return IntegrationCode(f[1]), strings.TrimSpace(f[2])
	}
	return "", ""
}

// codeInWords looks for the code of an error in the subject and in the text.
func (m *Incoming) codeInWords() (IntegrationCode, string) {
	code, label := "", ""
	text := cutText(m.Text, 64<<10)
	if f := labelWords.FindStringSubmatch(text); f != nil {
		label = strings.TrimSpace(f[1])
	}
	if f := errorSubject.FindStringSubmatch(m.Subject); f != nil {
		code = f[1]
	}
	if code == "" {
		if f := codeWords.FindStringSubmatch(text); f != nil {
			code = f[1]
		}
	}
	if f := codeText.FindStringSubmatch(text); f != nil && (code == "" || code == f[1]) {
		code = f[1]
		if label == "" {
			label = strings.TrimSpace(f[2])
		}
	}
	return IntegrationCode(code), label
}
