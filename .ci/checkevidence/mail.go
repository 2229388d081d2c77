package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/mail"
	"slices"
	"strings"
)

func sha256hex(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

// pdfInReport compares the base64 body of the CDA with report.pdf.
func (c *checker) pdfInReport() error {
	var found bool
	err := walk(c.report, func(e xml.StartElement, text string) {
		if e.Name.Local == "text" && attr(e, "mediaType") == "application/pdf" {
			b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
			found = found || err == nil && bytes.Equal(b, c.pdf)
		}
	})
	if err == nil && !found {
		err = errors.New("no application/pdf body equals report.pdf")
	}
	return err
}

// xdm checks the layout of the archive and that its metadata describe the documents inside.
func (c *checker) xdm() error {
	z, err := zip.NewReader(bytes.NewReader(c.archive), int64(len(c.archive)))
	if err != nil {
		return err
	}
	content := map[string][]byte{}
	for _, f := range z.File {
		if strings.Contains(f.Name, "..") || strings.HasPrefix(f.Name, "/") || strings.Contains(f.Name, `\`) {
			return fmt.Errorf("illegal path %q", f.Name)
		}
		if f.FileInfo().IsDir() {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return err
		}
		b, err := io.ReadAll(io.LimitReader(r, 100<<20))
		if err != nil {
			return err
		}
		content[f.Name] = b
	}
	for _, name := range []string{"README.TXT", "INDEX.HTM"} {
		if len(content[name]) == 0 {
			return fmt.Errorf("no %s", name)
		}
	}
	var meta []byte
	var documents [][]byte
	for name, b := range content {
		switch {
		case !strings.HasPrefix(name, "IHE_XDM/"):
		case strings.HasSuffix(name, "/METADATA.XML"):
			meta = b
		default:
			documents = append(documents, b)
		}
	}
	if meta == nil {
		return errors.New("no METADATA.XML below IHE_XDM/")
	}
	if err := c.run(nil, "xmllint", "--nonet", "--noout", c.temp("METADATA.XML", meta)); err != nil {
		return err
	}
	hashes, _, err := hashAndSize(meta)
	if err != nil {
		return err
	}
	for _, h := range hashes {
		if !slices.ContainsFunc(documents, func(d []byte) bool { return sha1hex(d) == h }) {
			return errors.New("an entry's hash fits no document of the archive")
		}
	}
	if !slices.Contains(hashes, sha1hex(c.report)) {
		return errors.New("report.xml is not described by the metadata")
	}
	return nil
}

// message checks the mail's header and looks for the archive among its attachments.
func (c *checker) message() error {
	m, err := mail.ReadMessage(bytes.NewReader(c.mail))
	if err != nil {
		return err
	}
	for _, h := range []string{"From", "To", "Subject", "Date", "Message-Id"} {
		if m.Header.Get(h) == "" {
			return fmt.Errorf("no %s header", h)
		}
	}
	body, err := io.ReadAll(m.Body)
	if err != nil {
		return err
	}
	found, err := c.attached(m.Header.Get("Content-Type"), body)
	if err == nil && !found {
		err = errors.New("no attachment is IHE_XDM.ZIP, byte for byte")
	}
	return err
}

func (c *checker) attached(contentType string, body []byte) (bool, error) {
	_, parts, err := multipartOf(contentType, body)
	if err != nil {
		return false, err
	}
	for _, p := range parts {
		if bytes.Equal(p.body, c.archive) {
			return true, nil
		}
		if ct := p.header.Get("Content-Type"); strings.HasPrefix(strings.ToLower(ct), "multipart/") {
			if found, err := c.attached(ct, p.body); found || err != nil {
				return found, err
			}
		}
	}
	return false, nil
}
