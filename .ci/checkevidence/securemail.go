package main

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/mail"
	"net/textproto"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// mailOperations are the exchanges that examples/secure-mail must have left.
var mailOperations = []string{
	"psc.token", "psc.userinfo", "psc.poll", "psc.logout", "whitelist.refresh", "annuaire.search", "mssante.send", "mssante.watch",
}

// secureMail judges the folder of examples/secure-mail: every mail that left, every answer, and what the traces hold.
func (c *checker) secureMail() {
	for _, op := range mailOperations {
		c.check("mail: exchange "+op, c.exchangePresent(op))
	}
	c.check("mail: no secret in the exchanges", c.noSecrets())
	c.check("mail: no token and no password anywhere", c.noTokens())
	sent := map[string]bool{}
	for _, name := range []string{"prescriber", "patient", "prescriber-unknown", "patient-closed", "two-recipients"} {
		m, parts, err := c.readMail(name + ".eml")
		c.check("mail: "+name+": reads as MIME", err)
		if err != nil {
			continue
		}
		sent[m.Get("Message-Id")] = true
		c.check("mail: "+name+": headers", headers(m, strings.HasPrefix(name, "patient")))
		c.mailArchive(name, m, parts)
	}
	for _, pattern := range []string{"answer-prescriber.eml", "report-*-mdn-*.eml"} {
		c.each(pattern, func(file string) error { return c.receipt(file, sent) })
	}
	c.each("report-*-dsn-*.eml", func(file string) error { return c.notification(file, sent) })
	for _, pattern := range []string{"answer-prescriber-unknown.eml", "report-*-error-*.eml"} {
		c.each(pattern, func(file string) error { return c.integrationError(file, sent) })
	}
	c.check("mail: traces.csv", c.mailTraces())
}

// each judges the files that match, at least one.
func (c *checker) each(pattern string, judge func(file string) error) {
	files, err := filepath.Glob(filepath.Join(c.dir, pattern))
	if err == nil && len(files) == 0 {
		err = errors.New("no such file")
	}
	if err != nil {
		c.check("mail: "+pattern, err)
	}
	for _, f := range files {
		c.check("mail: "+filepath.Base(f), judge(filepath.Base(f)))
	}
}

var tokens = []*regexp.Regexp{
	regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.`), // a JWT
	regexp.MustCompile(`(?i)"(?:access|refresh|id)_token"\s*:\s*"[^"]`),
	regexp.MustCompile(`(?i)\bBearer [A-Za-z0-9._~+/-]{8}`),
	regexp.MustCompile(`(?im)^(?:\S+ )?AUTH(?:ENTICATE)? (?:XOAUTH2|OAUTHBEARER|PLAIN) \S`),
	regexp.MustCompile(`dXNlcj[0-9A-Za-z+/]{12}`), // "user=" of XOAUTH2, in base64
	regexp.MustCompile(`(?im)^Esante-Api-Key: [^\[\r\n]`),
	regexp.MustCompile(`(?i)[?&](?:code|client_secret|password|login_hint)=[^\s&\[]`),
}

func (c *checker) noTokens() error {
	var files []string
	err := filepath.WalkDir(c.dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, f := range files {
		b, err := os.ReadFile(f) //nolint:gosec // found in the folder that is an argument
		if err != nil {
			return err
		}
		for _, t := range tokens {
			if t.Match(b) {
				return fmt.Errorf("%s: %s", filepath.Base(f), t)
			}
		}
	}
	return nil
}

func (c *checker) readMail(file string) (textproto.MIMEHeader, []part, error) {
	b, err := os.ReadFile(filepath.Join(c.dir, file)) //nolint:gosec // the folder is an argument
	if err != nil {
		return nil, nil, err
	}
	m, err := mail.ReadMessage(bytes.NewReader(b))
	if err != nil {
		return nil, nil, err
	}
	head, _, _ := bytes.Cut(b, []byte("\r\n\r\n"))
	if bytes.ContainsFunc(head, func(r rune) bool { return r > '~' || r < ' ' && r != '\r' && r != '\n' && r != '\t' }) {
		return nil, nil, errors.New("the header is not ASCII")
	}
	body, err := io.ReadAll(m.Body)
	if err != nil {
		return nil, nil, err
	}
	_, parts, err := multipartOf(m.Header.Get("Content-Type"), body)
	return textproto.MIMEHeader(m.Header), parts, err
}

var (
	messageID = regexp.MustCompile(`^<[^<>@\s]+@[a-z0-9.-]+\.mssante\.fr>$`)
	subject   = regexp.MustCompile(`^XDM/1\.0/DDM\+[ -~]{1,40} [A-Z' -]+ [A-Za-z' -]+ \d\d/\d\d/\d{4}$`)
	citizen   = regexp.MustCompile(`<\d{6}[\dA-B]\d{8}@patient\.mssante\.fr>$`)
	codes     = regexp.MustCompile(`^[0-9A-Za-z-]+(,[0-9A-Za-z-]+)*$`)
)

// headers judges what the reference for client software wants.
func headers(h textproto.MIMEHeader, toPatient bool) error {
	for _, rule := range []struct {
		name string
		ok   bool
	}{
		{"Message-Id", messageID.MatchString(h.Get("Message-Id"))},
		{"Subject", subject.MatchString(h.Get("Subject"))},
		{"From", strings.Count(h.Get("From"), "_") >= 2},
		{"X-Mss-Nil", h.Get("X-Mss-Nil") != ""},
		{"X-Mss-Ins", h.Get("X-Mss-Ins") == "O"},
		{"X-Mss-Codecda", codes.MatchString(h.Get("X-Mss-Codecda"))},
		{"X-Mss-Mes", h.Get("X-Mss-Mes") == map[bool]string{true: "FIN"}[toPatient]},
		{"To", citizen.MatchString(h.Get("To")) == toPatient && (toPatient || !strings.Contains(h.Get("To"), "patient.mssante.fr"))},
	} {
		if !rule.ok || len(h[rule.name]) > 1 {
			return fmt.Errorf("%s is not as the reference wants it", rule.name)
		}
	}
	if _, err := mail.ParseAddressList(h.Get("To")); err != nil {
		return fmt.Errorf("to: %w", err)
	}
	_, err := mail.ParseDate(h.Get("Date"))
	return err
}

// mailArchive judges the attachments: one archive that opens and says what it holds, one PDF for each document, and headers
// that say what is in the documents.
func (c *checker) mailArchive(name string, h textproto.MIMEHeader, parts []part) {
	var archives, pdfs [][]byte
	for _, p := range parts {
		switch ct, _, _ := mime.ParseMediaType(p.header.Get("Content-Type")); ct {
		case "application/zip":
			archives = append(archives, p.body)
		case "application/pdf":
			pdfs = append(pdfs, p.body)
		}
	}
	if len(archives) != 1 {
		c.check("mail: "+name+": one archive", fmt.Errorf("there are %d", len(archives)))
		return
	}
	c.archive = archives[0]
	c.check("mail: "+name+": unzip -t", c.run(nil, "unzip", "-tq", c.temp(name+".zip", c.archive)))
	documents, err := documentsOf(c.archive)
	if err == nil && len(documents) != len(pdfs) {
		err = fmt.Errorf("%d documents and %d PDF copies", len(documents), len(pdfs))
	}
	var found []string
	for i, d := range documents {
		c.report = d
		if err == nil {
			err = c.xdm() // METADATA.XML is well-formed, and its hashes are those of the documents
		}
		if err == nil && !bytes.HasPrefix(pdfs[i], []byte("%PDF-1.4")) {
			err = errors.New("the copy is no PDF/A-1")
		}
		found = append(found, codeOf(d))
	}
	c.check("mail: "+name+": layout, metadata, hashes, copies", err)
	if list := strings.Join(found, ","); list != h.Get("X-Mss-Codecda") || list == "" {
		err = fmt.Errorf("the documents have the codes %s", list)
	}
	c.check("mail: "+name+": X-MSS-CODECDA says what is in the documents", err)
}

// documentsOf are the documents of the archive, in its order.
func documentsOf(archive []byte) ([][]byte, error) {
	z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return nil, err
	}
	var out [][]byte
	for _, f := range z.File {
		if !strings.HasPrefix(f.Name, "IHE_XDM/") || !strings.HasSuffix(f.Name, ".XML") || strings.HasSuffix(f.Name, "/METADATA.XML") {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return nil, err
		}
		b, err := io.ReadAll(io.LimitReader(r, 100<<20))
		if err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	if len(out) == 0 {
		return nil, errors.New("no document below IHE_XDM/")
	}
	return out, nil
}

// codeOf is the code of a CDA document: that of the first code element, which is a child of the root.
func codeOf(document []byte) (code string) {
	_ = walk(document, func(e xml.StartElement, _ string) {
		if e.Name.Local == "code" && code == "" {
			code = attr(e, "code")
		}
	})
	return code
}

// fieldsOf reads a part made of header fields, in groups.
func fieldsOf(b []byte) (groups []textproto.MIMEHeader, err error) {
	for block := range strings.SplitSeq(strings.TrimSpace(strings.ReplaceAll(string(b), "\r\n", "\n")), "\n\n") {
		h, err := textproto.NewReader(bufio.NewReader(strings.NewReader(block + "\n\n"))).ReadMIMEHeader()
		if err != nil {
			return nil, err
		}
		groups = append(groups, h)
	}
	return groups, nil
}

// reportParts reads a multipart/report of the kind.
func (c *checker) reportParts(file, kind string) (textproto.MIMEHeader, []textproto.MIMEHeader, error) {
	h, parts, err := c.readMail(file)
	if err != nil {
		return nil, nil, err
	}
	ct, params, _ := mime.ParseMediaType(h.Get("Content-Type"))
	if ct != "multipart/report" || params["report-type"] != kind || len(parts) < 2 {
		return nil, nil, fmt.Errorf("%s of type %s, %d parts", ct, params["report-type"], len(parts))
	}
	second, _, _ := mime.ParseMediaType(parts[1].header.Get("Content-Type"))
	if first, _, _ := mime.ParseMediaType(parts[0].header.Get("Content-Type")); first != "text/plain" || second != "message/"+kind {
		return nil, nil, errors.New("parts in another order than RFC 6522")
	}
	if h.Get("Disposition-Notification-To") != "" || h.Get("Auto-Submitted") == "" {
		return nil, nil, errors.New("a report that asks for an answer, or does not say that software wrote it")
	}
	groups, err := fieldsOf(parts[1].body)
	return h, groups, err
}

var disposition = regexp.MustCompile(`^(?:automatic-action/MDN-sent-automatically|manual-action/MDN-sent-manually); (?:processed(?:/error)?|displayed)$`)

// receipt judges a read receipt (RFC 8098, and the guide for receiving software).
func (c *checker) receipt(file string, sent map[string]bool) error {
	_, groups, err := c.reportParts(file, "disposition-notification")
	if err != nil {
		return err
	}
	f := groups[0]
	for _, name := range []string{"Final-Recipient", "Original-Recipient"} {
		if !strings.HasPrefix(f.Get(name), "rfc822;") {
			return fmt.Errorf("no %s", name)
		}
	}
	switch {
	case !disposition.MatchString(f.Get("Disposition")):
		return fmt.Errorf("disposition %q", f.Get("Disposition"))
	case !sent[f.Get("Original-Message-Id")]:
		return errors.New("about a mail that was not sent")
	case strings.HasSuffix(f.Get("Disposition"), "/error") != (f.Get("Error") != ""):
		return errors.New("disposition and error do not agree")
	}
	return nil
}

// notification judges a delivery notification (RFC 3464).
func (c *checker) notification(file string, sent map[string]bool) error {
	_, groups, err := c.reportParts(file, "delivery-status")
	if err != nil {
		return err
	}
	if len(groups) < 2 || groups[0].Get("Reporting-Mta") == "" || groups[1].Get("Final-Recipient") == "" {
		return errors.New("the fields of RFC 3464 are not there")
	}
	if !slices.Contains([]string{"delivered", "failed", "delayed", "relayed", "expanded"}, groups[1].Get("Action")) || groups[1].Get("Status") == "" {
		return errors.New("no action, or no status")
	}
	for id := range sent {
		if groups[0].Get("Original-Envelope-Id") != "" && strings.HasPrefix(id, "<"+groups[0].Get("Original-Envelope-Id")+"@") {
			return nil
		}
	}
	return errors.New("about a mail that was not sent")
}

// integrationError judges a mail of integration error ("courriel standard" of the guide).
func (c *checker) integrationError(file string, sent map[string]bool) error {
	h, parts, err := c.readMail(file)
	if err != nil {
		return err
	}
	text, err := new(mime.WordDecoder).DecodeHeader(h.Get("Subject"))
	if err != nil || !strings.HasPrefix(text, "[KO Intégration système !][902] XDM/1.0/DDM+") {
		return fmt.Errorf("subject (%w)", errors.Join(err, errors.ErrUnsupported))
	}
	if !sent[h.Get("In-Reply-To")] || h.Get("Auto-Submitted") == "" || h.Get("Disposition-Notification-To") != "" {
		return errors.New("not an answer to a mail that was sent, or one that may be answered")
	}
	var types []string
	for _, p := range parts {
		ct, _, _ := mime.ParseMediaType(p.header.Get("Content-Type"))
		types = append(types, ct)
	}
	if !slices.Equal(types, []string{"text/plain", "message/rfc822", "application/zip", "application/pdf"}) {
		return fmt.Errorf("parts %v", types)
	}
	if !bytes.Contains(parts[0].body, []byte("902")) {
		return errors.New("the text does not give the code")
	}
	m, err := mail.ReadMessage(bytes.NewReader(parts[1].body))
	if err == nil && m.Header.Get("Message-Id") != h.Get("In-Reply-To") {
		err = errors.New("the original is another mail")
	}
	return err
}

// mailTraces judges the functional traces: author, time, action, result; no address of a patient.
func (c *checker) mailTraces() error {
	b, err := os.ReadFile(filepath.Join(c.dir, "traces.csv"))
	if err != nil {
		return err
	}
	if bytes.Contains(b, []byte("patient.mssante.fr")) {
		return errors.New("holds the address of a patient")
	}
	rows, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil || len(rows) < 20 {
		return fmt.Errorf("%d lines (%w)", len(rows), errors.Join(err, errors.ErrUnsupported))
	}
	seen := map[string]bool{}
	for i, row := range rows {
		for _, column := range []int{0, 1, 2, 3, 5, 11} {
			if row[column] == "" {
				return fmt.Errorf("line %d has no %s", i+1, rows[0][column])
			}
		}
		seen[row[5]] = true
	}
	for _, action := range []string{"CONNECT", "AUTH", "SEND", "RECV", "READ", "IMPORT", "MDN_SENT", "MDN_RECV", "DSN_RECV"} {
		if !seen[action] {
			return fmt.Errorf("no %s", action)
		}
	}
	return nil
}
