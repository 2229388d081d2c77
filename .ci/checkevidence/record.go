package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// recordOperations are the exchanges that examples/consult-record must have left.
var recordOperations = []string{
	"dmp.submit", "dmp.existence", "dmp.authorize", "dmp.find", "dmp.retrieve", "dmp.visibility", "dmp.lookup", "dmp.delete",
	"dmp.administrativeData",
}

// record judges the folder of examples/consult-record: every message to the record, one by one.
func (c *checker) record() {
	for _, op := range recordOperations {
		c.check("record: exchange "+op, c.exchangePresent(op))
	}
	c.check("record: no secret in the exchanges", c.noSecrets())
	published := c.recordCalls("record")
	c.check("record: dmp.retrieve: the document came back as it was published", c.readBack(published))
}

// recordCalls judges every message to the record, and returns the documents that were published.
func (c *checker) recordCalls(story string) (published []part) {
	requests, err := filepath.Glob(filepath.Join(c.dir, "exchanges", "*-dmp.*.request"))
	if err == nil && len(requests) == 0 {
		err = errors.New("none")
	}
	c.check(story+": requests", err)
	slices.Sort(requests)
	used := map[string]string{}
	for _, file := range requests {
		name := story + ": " + strings.TrimSuffix(filepath.Base(file), ".request")
		soap, err := envelope(file)
		if err == nil {
			err = assertionOnce(soap, filepath.Base(file), used)
		}
		c.check(name+": an assertion of its own", err)
		if strings.HasSuffix(file, "-dmp.submit.request") {
			published = append(published, c.lot(name, file)...)
			continue
		}
		c.check(name+": VIHF signature (xmlsec1)", c.assertion(soap))
	}
	return published
}

// envelope is the SOAP envelope of a recorded message, with or without MTOM.
func envelope(file string) ([]byte, error) {
	h, body, err := httpMessage(file)
	if err != nil || !strings.HasPrefix(h.Get("Content-Type"), "multipart/") {
		return body, err
	}
	parts, err := soapParts(file)
	if err != nil {
		return nil, err
	}
	return parts[0].body, nil
}

var assertionID = regexp.MustCompile(`<(?:\w+:)?Assertion [^>]*\bID="([^"]+)"`)

// assertionOnce makes sure that a request bears one assertion, which no other bears.
func assertionOnce(soap []byte, file string, used map[string]string) error {
	ids := assertionID.FindAllSubmatch(soap, -1)
	if len(ids) != 1 {
		return fmt.Errorf("%d assertions", len(ids))
	}
	id := string(ids[0][1])
	if first := used[id]; first != "" {
		return fmt.Errorf("that of %s", first)
	}
	used[id] = file
	return nil
}

// readBack looks for read.xml among what was published and among the parts of the ITI-43 answers.
func (c *checker) readBack(published []part) error {
	read, err := os.ReadFile(filepath.Join(c.dir, "read.xml"))
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(published, func(p part) bool { return bytes.Equal(p.body, read) }) {
		return errors.New("read.xml is none of the documents published")
	}
	return c.retrieved("read.xml", read)
}
