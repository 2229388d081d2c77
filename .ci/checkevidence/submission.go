package main

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const nsDS = "http://www.w3.org/2000/09/xmldsig#"

// submission judges the ITI-41 request of the journey, which carries report.xml.
func (c *checker) submission() {
	files, err := c.files("dmp.submit", "request")
	if err == nil && len(files) == 0 {
		err = errors.New("no exchange")
	}
	if err != nil {
		c.check("dmp.submit", err)
		return
	}
	documents := c.lot("dmp.submit", files[0])
	if !slices.ContainsFunc(documents, func(p part) bool { return bytes.Equal(p.body, c.report) }) {
		err = errors.New("no part is report.xml, byte for byte")
	}
	c.check("dmp.submit: carries report.xml", err)
}

// lot judges one ITI-41 request: assertion, submission signature, references, hashes and sizes. It returns the documents.
func (c *checker) lot(name, file string) (documents []part) {
	parts, err := soapParts(file)
	if err == nil && len(parts) < 3 {
		err = fmt.Errorf("%d parts, want the envelope, a document and its signature", len(parts))
	}
	c.check(name+": MTOM message", err)
	if err != nil {
		return nil
	}
	soap := parts[0].body
	c.check(name+": every part is referenced once", references(soap, parts[1:]))
	c.check(name+": VIHF signature (xmlsec1)", c.assertion(soap))
	c.check(name+": hashes and sizes of the metadata", metadata(soap, parts[1:]))
	var signature []byte
	for _, p := range parts[1:] {
		if name, err := rootElement(p.body); err == nil && name == (xml.Name{Space: nsDS, Local: "Signature"}) {
			signature = p.body
		} else {
			documents = append(documents, p)
		}
	}
	c.check(name+": submission signature (xmlsec1)", c.signature(signature))
	c.check(name+": the signature's manifest lists the documents", c.manifest(signature, documents))
	return documents
}

// references compares the cid: references of the envelope with the parts.
func references(soap []byte, parts []part) error {
	var hrefs []string
	err := walk(soap, func(e xml.StartElement, _ string) {
		if e.Name == (xml.Name{Space: "http://www.w3.org/2004/08/xop/include", Local: "Include"}) {
			hrefs = append(hrefs, attr(e, "href"))
		}
	})
	if err != nil {
		return err
	}
	var ids []string
	for _, h := range hrefs {
		id, err := url.PathUnescape(strings.TrimPrefix(h, "cid:"))
		if err != nil {
			return err
		}
		ids = append(ids, "<"+id+">")
	}
	var have []string
	for _, p := range parts {
		have = append(have, p.header.Get("Content-Id"))
	}
	slices.Sort(ids)
	slices.Sort(have)
	if !slices.Equal(ids, have) {
		return fmt.Errorf("referenced %d, carried %d, or under other names", len(ids), len(have))
	}
	return nil
}

// assertion verifies the SAML assertion where it stands in the envelope, and makes sure that a changed one is refused.
func (c *checker) assertion(soap []byte) error {
	flags := []string{"--verify", "--insecure", "--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:assertion:Assertion"}
	return c.signed(flags, soap, `IssueInstant="2`, `IssueInstant="3`)
}

// signed makes sure that xmlsec1 accepts a document, and no longer once old, which it must hold, is replaced.
func (c *checker) signed(flags []string, document []byte, old, other string) error {
	if err := c.run(nil, "xmlsec1", append(flags, c.temp("signed.xml", document))...); err != nil {
		return err
	}
	changed := bytes.Replace(document, []byte(old), []byte(other), 1)
	if bytes.Equal(changed, document) {
		return fmt.Errorf("%s is not there", old)
	}
	if c.run(nil, "xmlsec1", append(flags, c.temp("changed.xml", changed))...) == nil {
		return fmt.Errorf("xmlsec1 also accepts it once %s is changed: the signature does not cover it", old)
	}
	return nil
}

// signature verifies the submission signature, and makes sure that a changed manifest is refused.
func (c *checker) signature(sig []byte) error {
	if sig == nil {
		return errors.New("no part is a ds:Signature")
	}
	flags := []string{"--verify", "--insecure", "--ignore-manifests", "--id-attr:Id", nsDS + ":Manifest",
		"--id-attr:Id", nsDS + ":Object", "--id-attr:Id", "http://uri.etsi.org/01903/v1.1.1#:SignedProperties",
		"--id-attr:Id", "http://uri.etsi.org/01903/v1.3.2#:SignedProperties"}
	return c.signed(flags, sig, `URI="urn:oid:`, `URI="urn:oid:9`)
}

// manifest looks for the digest of each document in the signature; XML documents are digested in canonical form.
func (c *checker) manifest(sig []byte, documents []part) error {
	digests := map[string]bool{}
	err := walk(sig, func(e xml.StartElement, text string) {
		if e.Name == (xml.Name{Space: nsDS, Local: "DigestValue"}) {
			if b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), "")); err == nil {
				digests[fmt.Sprintf("%x", b)] = true
			}
		}
	})
	if err != nil {
		return err
	}
	for i, d := range documents {
		canonical := d.body
		if out, err := c.output(nil, "xmllint", "--nonet", "--huge", "--c14n", c.temp("document", d.body)); err == nil {
			canonical = out
		}
		if !digests[sha1hex(canonical)] && !digests[sha1hex(d.body)] && !digests[sha256hex(canonical)] && !digests[sha256hex(d.body)] {
			return fmt.Errorf("document %d is not in the manifest", i+1)
		}
	}
	return nil
}

// metadata compares the hash and size slots of the entries with the parts.
func metadata(soap []byte, parts []part) error {
	hashes, sizes, err := hashAndSize(soap)
	if err != nil {
		return err
	}
	for i, p := range parts {
		if !slices.Contains(hashes, sha1hex(p.body)) {
			return fmt.Errorf("part %d: its SHA-1 is in no entry", i+1)
		}
		if n := strconv.Itoa(len(p.body)); !slices.Contains(sizes, n) {
			return fmt.Errorf("part %d: its size %s is in no entry", i+1, n)
		}
	}
	if len(hashes) != len(parts) {
		return fmt.Errorf("%d entries with a hash, %d parts", len(hashes), len(parts))
	}
	return nil
}

func hashAndSize(metadata []byte) (hashes, sizes []string, err error) {
	var slot string
	err = walk(metadata, func(e xml.StartElement, text string) {
		switch e.Name.Local {
		case "Slot":
			slot = attr(e, "name")
		case "Value":
			switch slot {
			case "hash":
				hashes = append(hashes, strings.ToLower(strings.TrimSpace(text)))
			case "size":
				sizes = append(sizes, strings.TrimSpace(text))
			}
		}
	})
	return hashes, sizes, err
}

// retrieved looks for one of the documents among the parts of the ITI-43 answers, byte for byte.
func (c *checker) retrieved(name string, documents ...[]byte) error {
	files, err := c.files("dmp.retrieve", "response")
	if err != nil {
		return err
	}
	for _, f := range files {
		parts, err := soapParts(f)
		if err != nil {
			return err
		}
		for _, p := range parts[1:] {
			if slices.ContainsFunc(documents, func(d []byte) bool { return bytes.Equal(p.body, d) }) {
				return nil
			}
		}
	}
	return fmt.Errorf("no answer holds %s, byte for byte", name)
}

// walk calls f for each element with the text directly behind its start tag.
func walk(doc []byte, f func(e xml.StartElement, text string)) error {
	d := xml.NewDecoder(bytes.NewReader(doc))
	var open *xml.StartElement
	flush := func(text string) {
		if open != nil {
			f(*open, text)
			open = nil
		}
	}
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.StartElement:
			flush("")
			t = t.Copy()
			open = &t
		case xml.CharData:
			flush(string(t))
		case xml.EndElement:
			flush("")
		}
	}
}

func rootElement(doc []byte) (xml.Name, error) {
	d := xml.NewDecoder(bytes.NewReader(doc))
	for {
		t, err := d.Token()
		if err != nil {
			return xml.Name{}, err
		}
		if e, ok := t.(xml.StartElement); ok {
			return e.Name, nil
		}
	}
}

func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}
