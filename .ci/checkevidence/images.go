package main

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
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

	published := c.imageLots()
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
	c.check("images: a manifest came back as it was published", c.manifestRead(manifests))
	c.transfers(manifests)
	c.messages()
	c.check("images: what site B saw", c.seen())
}

// imageLots judges every call to the record, and returns the documents that were published.
func (c *checker) imageLots() (published []part) {
	requests, err := filepath.Glob(filepath.Join(c.dir, "exchanges", "*-dmp.*.request"))
	c.check("images: calls to the record", err)
	slices.Sort(requests)
	used := map[string]string{}
	for _, file := range requests {
		name := "images: " + strings.TrimSuffix(filepath.Base(file), ".request")
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
	if err := c.run(nil, "xmlsec1", append(flags, c.temp("list.xml", list))...); err != nil {
		return err
	}
	changed := bytes.Replace(list, []byte("127.0.0.1"), []byte("127.0.0.2"), 1)
	if bytes.Equal(changed, list) {
		return errors.New("the box of site A is not on it")
	}
	if c.run(nil, "xmlsec1", append(flags, c.temp("changed.xml", changed))...) == nil {
		return errors.New("xmlsec1 also accepts a changed list")
	}
	return nil
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

// manifestRead looks for a manifest among the parts of the ITI-43 answers.
func (c *checker) manifestRead(manifests map[string][]byte) error {
	files, err := c.files("dmp.retrieve", "response")
	if err != nil {
		return err
	}
	for _, f := range files {
		parts, err := soapParts(f)
		if err != nil {
			return err
		}
		for _, b := range manifests {
			if slices.ContainsFunc(parts[1:], func(p part) bool { return bytes.Equal(p.body, b) }) {
				return nil
			}
		}
	}
	return errors.New("no answer holds a manifest, byte for byte")
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

// messages judges the HL7 messages of the RIS and their acknowledgements.
func (c *checker) messages() {
	files, err := filepath.Glob(filepath.Join(c.dir, "hl7", "*.hl7"))
	if err == nil && len(files) < 8 {
		err = fmt.Errorf("%d files, want 4 messages and their acknowledgements at least", len(files))
	}
	c.check("images: HL7 messages", err)
	for _, file := range files {
		if strings.HasSuffix(file, ".ack.hl7") {
			continue
		}
		name := "images: hl7/" + filepath.Base(file)
		segments, err := segmentsOf(file)
		if err == nil {
			err = c.hl7Message(segments)
		}
		c.check(name+": structure", err)
		ack, err := segmentsOf(strings.TrimSuffix(file, ".hl7") + ".ack.hl7")
		if err == nil {
			err = acknowledged(segments, ack)
		}
		c.check(name+": acknowledged", err)
	}
}

// segmentsOf splits a message: segments that end with CR, fields by |.
func segmentsOf(file string) ([][]string, error) {
	b, err := os.ReadFile(file) //nolint:gosec // the folder is an argument
	if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(b, []byte(`MSH|^~\&|`)) || bytes.ContainsRune(b, '\n') {
		return nil, errors.New("does not begin with MSH and its separators, or has LF")
	}
	var out [][]string
	for s := range strings.SplitSeq(strings.TrimSuffix(string(b), "\r"), "\r") {
		if !regexp.MustCompile(`^[A-Z][A-Z0-9]{2}\|`).MatchString(s) {
			return nil, fmt.Errorf("a segment begins with %.10q", s)
		}
		out = append(out, strings.Split(s, "|"))
	}
	return out, nil
}

// field is a field of a segment, by its number; "" when it is absent. MSH-1 is the separator itself.
func field(segment []string, n int) string {
	if segment[0] == "MSH" {
		n--
	}
	if n >= len(segment) {
		return ""
	}
	return segment[n]
}

// orders of segments, by message type.
var orders = map[string]*regexp.Regexp{
	"ORU^R01^ORU_R01": regexp.MustCompile(`^MSH PID PV1 ORC OBR OBX (PRT )+(OBX )+$`),
	"MDM^T10^MDM_T02": regexp.MustCompile(`^MSH EVN PID PV1 ORC OBR TXA OBX (PRT )+(OBX )+$`),
	"OMI^O23^OMI_O23": regexp.MustCompile(`^MSH PID PV1 ORC TQ1 OBR OBX IPC $`),
}

// hl7Message judges a message: header, order of segments, identity, numbers of observations, and the report in it.
func (c *checker) hl7Message(segments [][]string) error {
	msh := segments[0]
	order := orders[field(msh, 9)]
	if order == nil {
		return fmt.Errorf("type %q", field(msh, 9))
	}
	names, observations := "", 0
	for _, s := range segments {
		names += s[0] + " "
		if s[0] == "OBX" {
			observations++
			if field(s, 1) != fmt.Sprint(observations) {
				return fmt.Errorf("OBX number %d says %q", observations, field(s, 1))
			}
		}
	}
	if !order.MatchString(names) {
		return fmt.Errorf("segments %s", names)
	}
	if field(msh, 10) == "" || field(msh, 11) != "P" || !strings.HasPrefix(field(msh, 12), "2.5") || field(msh, 18) != "UNICODE UTF-8" {
		return errors.New("MSH-10, 11, 12 or 18")
	}
	pid := segments[slices.IndexFunc(segments, func(s []string) bool { return s[0] == "PID" })] // the order says that there is one
	if !strings.Contains(field(pid, 3), "^INS~") || field(pid, 32) != "VALI" {
		return errors.New("PID-3 or PID-32: no qualified INS")
	}
	if strings.HasPrefix(field(msh, 9), "OMI") {
		return nil
	}
	for _, s := range segments {
		if s[0] != "OBX" || field(s, 2) != "ED" {
			continue
		}
		parts := strings.Split(field(s, 5), "^")
		document, err := base64.StdEncoding.DecodeString(parts[len(parts)-1])
		if err != nil {
			return err
		}
		if err := c.run(document, "xmllint", "--nonet", "--noout", "--huge", "-"); err != nil {
			return err
		}
		root, err := rootElement(document)
		if err != nil || root.Local != "ClinicalDocument" {
			return fmt.Errorf("OBX-5 is no report (%w)", err)
		}
		return nil
	}
	return errors.New("no report")
}

// acknowledged compares an acknowledgement with its message.
func acknowledged(message, ack [][]string) error {
	if len(message) == 0 || len(ack) < 2 || ack[1][0] != "MSA" {
		return errors.New("no MSA")
	}
	if field(ack[1], 1) != "AA" || field(ack[1], 2) != field(message[0], 10) {
		return fmt.Errorf("MSA %s of %s", field(ack[1], 1), field(ack[1], 2))
	}
	if !strings.HasPrefix(field(ack[0], 9), "ACK^") || field(ack[0], 3) != field(message[0], 5) || field(ack[0], 5) != field(message[0], 3) {
		return errors.New("MSH: is no answer to the sender")
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
