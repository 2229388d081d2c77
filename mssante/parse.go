package mssante

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"path"
	"strings"

	"github.com/segur-sdk/segur"
)

const (
	maxParts     = 200
	maxNesting   = 8
	maxAddresses = 1000
	maxList      = 128 << 10 // bytes of a list of addresses: reading one is slow
	maxValue     = 16 << 10  // of a text in a header: decoding one is slow
)

// parse reads a mail. What it cannot make out is a warning as long as the
// rest is sound. The result is never nil.
func parse(raw []byte) (*Incoming, error) {
	in := &Incoming{raw: raw}
	p := &parser{in: in, budget: 4*len(raw) + 64<<10}
	header, body, err := readMessage(raw)
	if err != nil {
		var sound bool
		header, body, sound = splitHeader(raw, false)
		if len(header) == 0 {
			return in, &segur.Error{Op: opReceive, Kind: segur.KindProtocol, Message: "the header of the mail cannot be read"}
		}
		if !sound {
			p.warn("header", "does not end with a blank line")
		} else {
			p.warn("header", "has a line that is no field")
		}
	}
	p.header(mail.Header(header))
	p.entity(header, body, 0)
	if p.err != nil {
		return in, &segur.Error{Op: opReceive, Kind: segur.KindTooLarge, RequestID: in.MessageID, Message: p.err.Error()}
	}
	return in, nil
}

// readMessage splits a mail as the norm says.
func readMessage(raw []byte) (textproto.MIMEHeader, []byte, error) {
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return nil, nil, err
	}
	body, err := io.ReadAll(m.Body)
	return textproto.MIMEHeader(m.Header), body, err
}

type parser struct {
	in     *Incoming
	parts  int
	budget int // bytes of parts that may still be held: nesting copies them
	err    error
}

func (p *parser) warn(field, message string) {
	p.in.Warnings = append(p.in.Warnings, segur.Detail{Field: field, Severity: "warning", Message: message})
}

func (p *parser) header(h mail.Header) {
	in := p.in
	in.MessageID = bareID(h.Get("Message-Id"))
	if in.MessageID == "" {
		p.warn("Message-ID", "is missing")
	}
	if ids := messageIDs(h.Get("In-Reply-To")); len(ids) > 0 {
		in.InReplyTo = ids[0]
	}
	in.References = messageIDs(h.Get("References"))
	date, sound := readDate(h.Get("Date"))
	if in.Date = date; !sound {
		p.warn("Date", "is missing or not written as it should")
	}
	if from := p.addresses(h, "From"); len(from) > 0 {
		in.From = from[0]
	}
	in.To = p.addresses(h, "To")
	in.ReplyTo = p.addresses(h, "Reply-To")
	in.ReadReceiptTo = p.addresses(h, "Disposition-Notification-To")
	in.Subject = p.text("Subject", h.Get("Subject"))
	in.ProductNumber = strings.TrimSpace(h.Get("X-Mss-Nil"))
	for code := range strings.SplitSeq(h.Get("X-Mss-Codecda"), ",") {
		if code = strings.TrimSpace(code); code != "" {
			in.Codes = append(in.Codes, code)
		}
	}
	in.auto = h.Get("Auto-Submitted")
	in.precedence = h.Get("Precedence")
	in.list = h.Get("List-Id") != "" || h.Get("List-Post") != ""
	in.returnPath, in.hasReturnPath = bareID(h.Get("Return-Path")), len(h["Return-Path"]) > 0
	in.originalRecipient = addressOf(h.Get("Original-Recipient"))
	in.failedRecipients = h.Get("X-Failed-Recipients")
	in.mediaType, _, _ = mime.ParseMediaType(h.Get("Content-Type"))
	in.QualifiedINS = strings.EqualFold(strings.TrimSpace(h.Get("X-Mss-Ins")), "O")
	in.NoReply = strings.EqualFold(strings.TrimSpace(h.Get("X-Mss-Mes")), "FIN")
}

// bareID takes the angle brackets and stray blanks off.
func bareID(s string) string {
	s = strings.TrimSpace(s)
	return strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(s, "<"), ">"))
}

func messageIDs(s string) []string {
	var out []string
	for id := range strings.SplitSeq(s, ">") {
		if _, id, ok := strings.Cut(id, "<"); ok && strings.TrimSpace(id) != "" && len(out) < maxAddresses {
			out = append(out, strings.TrimSpace(id))
		}
	}
	return out
}

var wordDecoder = mime.WordDecoder{CharsetReader: charsetReader}

func (p *parser) addresses(h mail.Header, name string) []Address {
	v := h.Get(name)
	if v == "" {
		return nil
	}
	parser := mail.AddressParser{WordDecoder: &wordDecoder}
	var list []*mail.Address
	err := errTooLarge
	if len(v) <= maxList {
		list, err = parser.ParseList(v)
	}
	if err != nil || len(list) > maxAddresses {
		p.warn(name, "cannot be read as a list of addresses")
		return nil
	}
	out := make([]Address, len(list))
	for i, a := range list {
		out[i] = Address{Name: a.Name, Address: a.Address}
	}
	return out
}

// text decodes RFC 2047 words, and 8-bit text that should have been in some.
func (p *parser) text(field, s string) string {
	if len(s) > maxValue {
		p.warn(field, "is too long: its end is left out")
		s = s[:maxValue]
	}
	out, err := wordDecoder.DecodeHeader(s)
	if err != nil {
		p.warn(field, "has an encoded word that cannot be read")
		out = s
	}
	if !isUTF8(out) {
		p.warn(field, "is in no known character set")
		out = latin1(out)
	}
	return out
}

var errTooDeep = errors.New("the mail has too many parts, or parts too deep")

func (p *parser) entity(h textproto.MIMEHeader, body []byte, depth int) {
	if p.parts++; p.parts > maxParts || depth > maxNesting {
		p.err = errTooDeep
		return
	}
	contentType, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		if h.Get("Content-Type") != "" {
			p.warn("Content-Type", "cannot be read")
		}
		if contentType == "" {
			contentType = "text/plain"
		}
	}
	if strings.HasPrefix(contentType, "multipart/") && params["boundary"] != "" {
		if brokenBoundary(body, params["boundary"]) || !p.multipart(body, params["boundary"], depth) {
			p.lenient(body, params["boundary"], depth)
		}
		return
	}
	content, cut := p.decode(h, body)
	disposition, dparams, err := mime.ParseMediaType(h.Get("Content-Disposition"))
	if err != nil && len(h.Get("Content-Disposition")) <= maxValue {
		disposition, dparams, _ = mime.ParseMediaType(blankParameter.ReplaceAllString(h.Get("Content-Disposition"), "$1="))
	}
	name := dparams["filename"]
	if name == "" {
		name = params["name"]
	}
	name = path.Base(strings.ReplaceAll(p.text("filename", name), `\`, "/"))
	if name == "." || name == "/" || hasControl(name) {
		name = ""
	}
	isText := contentType == "text/plain" || contentType == "text/html"
	if isText && name == "" && !strings.EqualFold(disposition, "attachment") {
		text, known := decodeCharset(params["charset"], content)
		if !known {
			p.warn("charset", "is not known, or the text is not in it")
		}
		if contentType == "text/html" {
			p.in.HTML += text
		} else {
			p.in.Text += text
		}
		return
	}
	p.in.Attachments = append(p.in.Attachments, Attachment{Name: name, MediaType: contentType, content: content, cut: cut})
}

// multipart reads the parts as the norm says. false: they do not follow it,
// and nothing was kept.
func (p *parser) multipart(body []byte, boundary string, depth int) bool {
	before, parts := *p.in, p.parts
	r := multipart.NewReader(bytes.NewReader(body), boundary)
	for p.err == nil {
		part, err := r.NextRawPart()
		if err != nil {
			if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				*p.in, p.parts = before, parts
				return false
			}
			if !bytes.Contains(body, []byte("--"+boundary+"--")) {
				p.warn("body", "ends before its last part does")
				p.cutLast()
			}
			return true
		}
		content, err := io.ReadAll(part)
		if p.budget -= len(content); p.budget < 0 {
			p.err = errTooDeep
			return true
		}
		before := len(p.in.Attachments)
		p.entity(part.Header, content, depth+1)
		if err != nil {
			p.warn("body", "ends before its last part does")
			if len(p.in.Attachments) > before {
				p.cutLast()
			}
			return true
		}
	}
	return true
}

// lenient reads parts that do not follow the norm.
func (p *parser) lenient(body []byte, boundary string, depth int) {
	p.warn("body", "has parts that are not written as they should")
	parts, closed := lenientParts(body, boundary)
	for _, raw := range parts {
		if p.budget -= len(raw); p.budget < 0 {
			p.err = errTooDeep
		}
		if p.err != nil {
			return
		}
		header, content, _ := splitHeader(raw, true)
		p.entity(header, content, depth+1)
	}
	if !closed {
		p.warn("body", "ends before its last part does")
		p.cutLast()
	}
}

func (p *parser) cutLast() {
	if n := len(p.in.Attachments); n > 0 {
		p.in.Attachments[n-1].cut = true
	}
}

// withoutBlanks drops the blanks that some gateways leave at the ends of lines.
func withoutBlanks(b []byte) []byte {
	if !bytes.ContainsAny(b, " \t") {
		return b
	}
	return bytes.Map(func(r rune) rune {
		if r == ' ' || r == '\t' {
			return -1
		}
		return r
	}, b)
}

// decode undoes the transfer encoding. cut says that bytes are missing.
func (p *parser) decode(h textproto.MIMEHeader, body []byte) (content []byte, cut bool) {
	encoding := h.Get("Content-Transfer-Encoding")
	if encoding == "" {
		encoding = h.Get("Content-Transfert-Encoding") // seen in an official sample
	}
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "base64":
		out, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, bytes.NewReader(withoutBlanks(body))))
		if err != nil {
			p.warn("Content-Transfer-Encoding", "the base64 is broken")
		}
		return out, err != nil
	case "quoted-printable":
		out, err := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(body)))
		if err != nil {
			p.warn("Content-Transfer-Encoding", "the quoted-printable is broken")
		}
		return out, err != nil
	}
	return body, false
}
