package main

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// imageOperations are the exchanges that examples/share-images must have left.
var imageOperations = []string{
	"whitelist.refresh", "psc.token", "dicomweb.store", "dicomweb.search", "dicomweb.delete", "dmp.submit", "dmp.lookup", "dmp.delete",
	"dmp.find", "dmp.retrieve", "dicomweb.retrieve", "drim.introspect",
}

// images judges the folder of examples/share-images: each version of the manifest, how it was published and read, the
// images that went from site to site, and the HL7 messages.
func (c *checker) images() {
	for _, op := range imageOperations {
		c.check("images: exchange "+op, c.exchangePresent(op))
	}
	c.check("images: no secret in the exchanges", c.noSecrets())
	c.check("images: no token anywhere", c.noTokens())
	c.check("images: the white list is signed (xmlsec1)", c.whiteList())

	published := c.recordCalls("images")
	manifests := map[string][]byte{} // by SOP Instance UID
	files, err := filepath.Glob(filepath.Join(c.dir, "v*", "kos.dcm"))
	if err == nil && len(files) < 5 {
		err = fmt.Errorf("%d versions, want 5 or more", len(files))
	}
	c.check("images: versions of the manifest", err)
	for _, file := range files {
		name := "images: " + filepath.Base(filepath.Dir(file)) + "/kos.dcm"
		b, err := os.ReadFile(file) //nolint:gosec // the folder is an argument
		c.check(name+": is there", err)
		c.check(name+": dsrdump", c.dsrdump(file))
		c.check(name+": dciodvfy", c.dciodvfy(file))
		uid, err := c.value(file, "0008,0018")
		c.check(name+": SOP Instance UID (dcmdump)", err)
		manifests[uid] = b
		if !slices.ContainsFunc(published, func(p part) bool { return bytes.Equal(p.body, b) }) {
			err = errors.New("no lot carries it, byte for byte")
		}
		c.check(name+": published", err)
		c.check(name+": cross-check", crossChecked(filepath.Join(filepath.Dir(file), "crosscheck.txt")))
	}
	c.check("images: a manifest came back as it was published", c.retrieved("a manifest", slices.Collect(maps.Values(manifests))...))
	c.transfers(manifests)
	c.messages()
	c.check("images: what site B saw", c.seen())
}

// whiteList verifies the signature of the list that the sites took, and makes sure that a changed list is refused.
func (c *checker) whiteList() error {
	files, err := c.files("whitelist.refresh", "response")
	if err != nil || len(files) == 0 {
		return errors.Join(err, errors.New("no exchange"))
	}
	_, list, err := httpMessage(files[0])
	if err != nil {
		return err
	}
	flags := []string{"--verify", "--insecure", "--id-attr:Id", "http://uri.etsi.org/01903/v1.3.2#:SignedProperties"}
	return c.signed(flags, list, "127.0.0.1", "127.0.0.2") // the box of site A
}

// dsrdump reads the document; it has a notice for every one.
func (c *checker) dsrdump(file string) error {
	out, err := c.output(nil, "dsrdump", file)
	if err == nil && !bytes.Contains(out, []byte("contains IMAGE")) {
		err = errors.New("it names no image")
	}
	return err
}

// Beyond the IOD, DRIM-M writes where series are retrieved and numbers to sort by.
var beyondIOD = regexp.MustCompile(`^Warning - </CurrentRequestedProcedureEvidenceSequence\(0040,a375\)\[1\]/ReferencedSeriesSequence\(0008,1115\)\[\d+\]/` +
	`(RetrieveURL|SeriesNumber|ReferencedSOPSequence\(0008,1199\)\[\d+\]/(InstanceNumber|NumberOfFrames|ReferencedSOPSequence))\b.*Attribute is not present in standard DICOM IOD$`)

// dciodvfy judges the document by the standard. It tells what it found by its output, not by its status.
func (c *checker) dciodvfy(file string) error {
	out, err := c.output(nil, "sh", "-c", `dciodvfy -new "$1" 2>&1 || true`, "sh", file)
	if err != nil {
		return err
	}
	named := false
	for line := range strings.Lines(string(out)) {
		switch line = strings.TrimSpace(line); {
		case line == "KeyObjectSelectionDocument":
			named = true
		case line != "" && !beyondIOD.MatchString(line):
			return errors.New(line)
		}
	}
	if !named {
		return errors.New("is not recognised as a key object selection document")
	}
	return nil
}

var dumped = regexp.MustCompile(`(?m)^\s*\([0-9a-f]{4},[0-9a-f]{4}\) \w\w \[([^\]]*)\]`)

// value is the first value of an attribute, as dcmdump reads it.
func (c *checker) value(file, tag string) (string, error) {
	out, err := c.output(nil, "dcmdump", "+P", tag, file)
	if err != nil {
		return "", err
	}
	m := dumped.FindSubmatch(out)
	if m == nil {
		return "", fmt.Errorf("no %s", tag)
	}
	return string(m[1]), nil
}

// crossChecked makes sure that all rules were looked at, that most were compared, and that none failed.
func crossChecked(file string) error {
	b, err := os.ReadFile(file) //nolint:gosec // the folder is an argument
	if err != nil {
		return err
	}
	rules := regexp.MustCompile(`(?m)^R\d+ (\S+)`).FindAllSubmatch(b, -1)
	kept := 0
	for _, r := range rules {
		if bytes.HasPrefix(r[1], []byte("respect")) {
			kept++
		}
	}
	switch {
	case len(rules) != 38:
		return fmt.Errorf("%d rules of 38", len(rules))
	case kept < 30:
		return fmt.Errorf("%d rules are kept", kept)
	case bytes.Contains(b, []byte("non respectée")):
		return errors.New("a rule is broken")
	}
	return nil
}

var acceptElement = regexp.MustCompile(`^multipart/related; type="(application/dicom|image/[a-z0-9]+|video/[a-z0-9]+)";transfer-syntax=[0-9.]+;q=[01]\.\d;boundary=\*\*$`)

// transfers judges the requests of site B to a box, and the images that came.
func (c *checker) transfers(manifests map[string][]byte) {
	requests, err := c.files("dicomweb.retrieve", "request")
	asked, whole := 0, 0
	for _, file := range requests {
		h, _, e := httpMessage(file)
		if e != nil {
			err = e
			continue
		}
		uid := h.Get("KOS-SOPInstanceUID")
		if uid == "" { // of a site to its own PACS
			continue
		}
		asked++
		name := "images: " + strings.TrimSuffix(filepath.Base(file), ".request")
		for element := range strings.SplitSeq(h.Get("Accept"), ",") {
			if !acceptElement.MatchString(element) {
				err = fmt.Errorf("%s: Accept element %q", filepath.Base(file), element)
			}
		}
		status, body, e := answer(strings.TrimSuffix(file, ".request") + ".response")
		if e != nil || !strings.Contains(status, " 200 ") || manifests[uid] == nil {
			continue // refused, cut, or of a scene of what is refused
		}
		parts, e := partsOf(body)
		if e != nil {
			continue // cut on purpose: what follows counts those that are whole
		}
		whole++
		c.check(name+": images of the patient (dcmdump)", c.received(parts))
	}
	if err == nil && (asked == 0 || whole == 0) {
		err = fmt.Errorf("%d requests, %d whole answers", asked, whole)
	}
	c.check("images: requests between boxes", err)
}

// answer reads a recorded response: its status line and the whole of it.
func answer(file string) (status string, message []byte, err error) {
	b, err := os.ReadFile(file) //nolint:gosec // found in the folder that is an argument
	line, _, _ := bytes.Cut(b, []byte("\r\n"))
	return string(line) + " ", b, err
}

// partsOf are the parts of a recorded response.
func partsOf(message []byte) ([]part, error) {
	head, body, ok := bytes.Cut(message, []byte("\r\n\r\n"))
	if !ok {
		return nil, errors.New("no header")
	}
	contentType := regexp.MustCompile(`(?im)^Content-Type: (.*?)\r?$`).FindSubmatch(head)
	if contentType == nil {
		return nil, errors.New("no content type")
	}
	_, parts, err := multipartOf(string(contentType[1]), body)
	return parts, err
}

// received makes sure that each part is a DICOM file to which the source added the INS.
func (c *checker) received(parts []part) error {
	if len(parts) == 0 {
		return errors.New("no part")
	}
	for i, p := range parts {
		out, err := c.output(nil, "dcmdump", "+P", "0010,1002", "-s", c.temp("image.dcm", p.body))
		if err != nil {
			return fmt.Errorf("part %d: %w", i+1, err)
		}
		if !bytes.Contains(out, []byte("1.2.250.1.213.1.4.")) {
			return fmt.Errorf("part %d: no INS in Other Patient IDs Sequence", i+1)
		}
	}
	return nil
}

// seen compares what site B says it received with the versions: complete, and as many images as the manifest lists.
func (c *checker) seen() error {
	files, err := filepath.Glob(filepath.Join(c.dir, "v*", "completeness.txt"))
	if err != nil || len(files) < 4 {
		return errors.Join(err, fmt.Errorf("%d reports, want 4: one for each version that was not hidden", len(files)))
	}
	for _, f := range files {
		b, err := os.ReadFile(f) //nolint:gosec // the folder is an argument
		if err != nil {
			return err
		}
		listed, err := c.output(nil, "dsrdump", filepath.Join(filepath.Dir(f), "kos.dcm"))
		if err != nil {
			return err
		}
		want := bytes.Count(listed, []byte("contains IMAGE"))
		if got := bytes.Count(b, []byte(" received")); got != want || !bytes.HasPrefix(b, []byte("complete: yes")) {
			return fmt.Errorf("%s: %d images received of %d", filepath.Base(filepath.Dir(f)), got, want)
		}
	}
	return nil
}
