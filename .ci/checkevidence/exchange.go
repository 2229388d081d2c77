package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/textproto"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// files returns the request or response files of an operation, in order. An operation may be split in steps, for example
// mssante.receive and mssante.receive.fetch.
func (c *checker) files(op, kind string) ([]string, error) {
	all, err := filepath.Glob(filepath.Join(c.dir, "exchanges", "*."+kind))
	if err != nil {
		return nil, err
	}
	slices.Sort(all)
	name := regexp.MustCompile(`^\d{3,}-` + regexp.QuoteMeta(op) + `(\..+)?\.` + kind + `$`)
	return slices.DeleteFunc(all, func(p string) bool { return !name.MatchString(filepath.Base(p)) }), nil
}

func (c *checker) exchangePresent(op string) error {
	for _, kind := range []string{"request", "response"} {
		files, err := c.files(op, kind)
		if err != nil {
			return err
		}
		if len(files) == 0 {
			return fmt.Errorf("no exchanges/NNN-%s.%s", op, kind)
		}
		for _, f := range files {
			if st, err := os.Stat(f); err != nil || st.Size() == 0 {
				return fmt.Errorf("%s is empty", filepath.Base(f))
			}
		}
	}
	return nil
}

var (
	authorization = regexp.MustCompile(`(?im)^(?:Proxy-)?(?:Authorization|Cookie|Set-Cookie):[ \t]*(.*?)\r?$`)
	privateKey    = regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY-----`)
)

// noSecrets makes sure that neither tokens nor keys are in the exchanges.
func (c *checker) noSecrets() error {
	all, err := filepath.Glob(filepath.Join(c.dir, "exchanges", "*"))
	if err != nil || len(all) == 0 {
		return fmt.Errorf("no exchanges (%w)", errors.Join(err, os.ErrNotExist))
	}
	for _, f := range all {
		b, err := os.ReadFile(f) //nolint:gosec // found in the folder that is an argument
		if err != nil {
			return err
		}
		head, _, _ := bytes.Cut(b, []byte("\r\n\r\n"))
		for _, m := range authorization.FindAllSubmatch(head, -1) {
			if !bytes.Contains(m[1], []byte("[removed]")) {
				return fmt.Errorf("%s holds a credential", filepath.Base(f))
			}
		}
		if privateKey.Match(b) {
			return fmt.Errorf("%s holds a private key", filepath.Base(f))
		}
	}
	return nil
}

// part is one part of a MIME message.
type part struct {
	header textproto.MIMEHeader
	body   []byte
}

// httpMessage splits a recorded request or response into header and body.
func httpMessage(file string) (textproto.MIMEHeader, []byte, error) {
	b, err := os.ReadFile(file) //nolint:gosec // found in the folder that is an argument
	if err != nil {
		return nil, nil, err
	}
	r := textproto.NewReader(bufio.NewReader(bytes.NewReader(b)))
	if _, err := r.ReadLine(); err != nil {
		return nil, nil, fmt.Errorf("%s: no start line: %w", filepath.Base(file), err)
	}
	h, err := r.ReadMIMEHeader()
	if err != nil {
		return nil, nil, fmt.Errorf("%s: header: %w", filepath.Base(file), err)
	}
	body, err := io.ReadAll(r.R)
	return h, body, err
}

// multipartOf reads a multipart message strictly and checks that its closing delimiter is there.
func multipartOf(contentType string, body []byte) (params map[string]string, parts []part, err error) {
	mt, params, err := mime.ParseMediaType(contentType)
	if err != nil || !strings.HasPrefix(mt, "multipart/") {
		return nil, nil, fmt.Errorf("content type %q is not multipart (%w)", contentType, errors.Join(err, errors.ErrUnsupported))
	}
	if !bytes.Contains(body, []byte("--"+params["boundary"]+"--")) {
		return nil, nil, errors.New("closing delimiter missing")
	}
	r := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	for {
		p, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return params, parts, nil
		}
		if err != nil {
			return nil, nil, err
		}
		var in io.Reader = p
		if strings.EqualFold(p.Header.Get("Content-Transfer-Encoding"), "base64") {
			in = base64.NewDecoder(base64.StdEncoding, p)
		}
		b, err := io.ReadAll(in)
		if err != nil {
			return nil, nil, err
		}
		parts = append(parts, part{p.Header, b})
	}
}

// soapParts returns the parts of a MTOM message, the SOAP part first.
func soapParts(file string) ([]part, error) {
	h, body, err := httpMessage(file)
	if err != nil {
		return nil, err
	}
	params, parts, err := multipartOf(h.Get("Content-Type"), body)
	if err != nil {
		return nil, err
	}
	if params["type"] != "application/xop+xml" || params["start-info"] != "application/soap+xml" {
		return nil, fmt.Errorf("type %q, start-info %q", params["type"], params["start-info"])
	}
	i := slices.IndexFunc(parts, func(p part) bool { return p.header.Get("Content-Id") == params["start"] })
	if i != 0 {
		return nil, fmt.Errorf("the root part is number %d", i)
	}
	return parts, nil
}
