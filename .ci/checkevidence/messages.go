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
