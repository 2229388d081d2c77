package pdfa

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// maxProblems bounds the list: a file that is not PDF/A breaks one rule in many places.
const maxProblems = 100

// Check looks at the facts of PDF/A-1 (A or B) that can be seen without rendering the file: header, end, encryption,
// identifier, cross-reference table, the document catalogue with its metadata and output intent, and everything that can
// be reached from it: fonts, filters, embedded files, actions, transparency, annotations. It returns nil when it found
// nothing, which is not a proof of conformance (see the package comment).
//
// The work is bounded: a few readings of the file and about a million objects. A file that is cut short is always refused,
// unless the cut takes only the end of line after %%EOF.
func Check(pdf []byte) []Problem {
	c := &checker{file: newFile(pdf), seen: map[Problem]bool{}}
	if !c.header(pdf) {
		return c.problems
	}
	c.end(pdf)
	if err := c.file.load(); err != nil {
		c.unreadable(err, pdf)
		return c.problems
	}
	c.trailer()
	root := c.file.dict(c.file.trailer["Root"])
	if root == nil {
		c.add(RuleStructure, 0, "the document catalogue is missing or cannot be read")
		return c.problems
	}
	c.catalogue(root)
	c.metadata(root)
	c.outputIntent(root)
	c.walk()
	return c.problems
}

type checker struct {
	file     *file
	problems []Problem
	seen     map[Problem]bool
}

func (c *checker) add(r Rule, object int, format string, args ...any) {
	p := Problem{Rule: r, Object: object, Detail: fmt.Sprintf(format, args...)}
	if !c.seen[p] && len(c.problems) < maxProblems {
		c.seen[p] = true
		c.problems = append(c.problems, p)
	}
}

// header returns false when the data is no PDF at all, so that nothing else makes sense.
func (c *checker) header(pdf []byte) bool {
	if !bytes.HasPrefix(pdf, []byte("%PDF-")) {
		if i := bytes.Index(pdf[:min(len(pdf), 1024)], []byte("%PDF-")); i > 0 {
			c.add(RuleHeader, 0, "%d bytes stand before %%PDF-", i)
		} else {
			c.add(RuleHeader, 0, "this is not a PDF file")
		}
		return false
	}
	line, rest := pdf, []byte(nil)
	if i := bytes.IndexAny(pdf[:min(len(pdf), 64)], "\r\n"); i >= 0 {
		line, rest = pdf[:i], bytes.TrimLeft(pdf[i:min(len(pdf), i+64)], "\r\n")
	}
	if len(line) < 8 || !bytes.HasPrefix(line, []byte("%PDF-1.")) || line[7] < '0' || line[7] > '7' {
		c.add(RuleHeader, 0, "the version in the header is not 1.0 to 1.7")
	}
	binaryComment := len(rest) >= 5 && rest[0] == '%'
	for i := 1; binaryComment && i < 5; i++ {
		binaryComment = rest[i] > 127
	}
	if !binaryComment {
		c.add(RuleBinaryComment, 0, "there is no such comment")
	}
	return true
}

func (c *checker) end(pdf []byte) {
	i := bytes.LastIndex(pdf[max(0, len(pdf)-2048):], []byte("%%EOF"))
	if i < 0 {
		c.add(RuleEndOfFile, 0, "there is no %%%%EOF at the end: the file is cut short")
		return
	}
	switch string(pdf[max(0, len(pdf)-2048)+i+5:]) {
	case "", "\n", "\r", "\r\n":
	default:
		c.add(RuleEndOfFile, 0, "data follows the last %%%%EOF")
	}
}

// unreadable says why nothing more can be checked.
func (c *checker) unreadable(err error, pdf []byte) {
	switch {
	case errors.Is(err, errCompressed):
		c.add(RuleCompressedXRef, 0, "the file has a cross-reference stream; its objects were not checked")
	case errors.Is(err, errBudget) || errors.Is(err, errLimits):
		c.add(RuleLimits, 0, "the cross-reference table is %v", err)
	default:
		c.add(RuleCrossReference, 0, "the objects cannot be found: %v", err)
	}
	if i := bytes.Index(pdf, []byte("<?xpacket begin=")); i >= 0 { // metadata is in clear in every PDF/A
		packet := pdf[i:]
		if end := bytes.Index(packet, []byte("<?xpacket end=")); end >= 0 {
			c.claim(parseXMP(packet[:end]), 0)
			return
		}
	}
	c.add(RuleVersionClaim, 0, "no XMP metadata in clear is in the file")
}

func (c *checker) trailer() {
	t := c.file.trailer
	if t["Encrypt"] != nil {
		c.add(RuleEncryption, 0, "the trailer has an Encrypt entry")
	}
	id, _ := c.file.resolve(t["ID"]).(array)
	if len(id) != 2 {
		c.add(RuleFileIdentifier, 0, "there is none")
		return
	}
	for _, o := range id {
		if s, _ := c.file.resolve(o).(text); len(s) == 0 {
			c.add(RuleFileIdentifier, 0, "one of the strings is missing or empty")
		}
	}
}

func (c *checker) catalogue(root dict) {
	if root["OCProperties"] != nil {
		c.add(RuleOptionalContent, 0, "the document catalogue has OCProperties")
	}
	if root["AA"] != nil {
		c.add(RuleTriggerEvents, 0, "the document catalogue has an AA entry")
	}
	pages := c.file.dict(root["Pages"])
	if kids, _ := c.file.resolve(pages["Kids"]).(array); len(kids) == 0 {
		c.add(RuleStructure, 0, "the page tree is missing or empty")
	}
}

func (c *checker) outputIntent(root dict) {
	intents, _ := c.file.resolve(root["OutputIntents"]).(array)
	for _, o := range intents {
		d := c.file.dict(o)
		if s, _ := c.file.resolve(d["S"]).(name); s != "GTS_PDFA1" {
			continue
		}
		profile, ok := c.file.resolve(d["DestOutputProfile"]).(*stream)
		if !ok {
			c.add(RuleOutputIntent, 0, "the output intent has no profile")
			return
		}
		if why := c.profile(profile); why != "" {
			c.add(RuleOutputProfile, 0, "%s", why)
		}
		return
	}
	c.add(RuleOutputIntent, 0, "there is no output intent of the type GTS_PDFA1")
}

// profile looks at the header of an ICC profile (ICC.1:1998-09, 6.1) and says what is wrong with it.
func (c *checker) profile(s *stream) string {
	data := s.data
	switch filters := c.file.filters(s.dict); {
	case len(filters) == 1 && filters[0] == "FlateDecode":
		z, err := zlib.NewReader(bytes.NewReader(data))
		if err != nil {
			return "the profile cannot be decompressed"
		}
		head := make([]byte, 128)
		n, _ := io.ReadFull(z, head) // what is too short is seen below
		data = head[:n]
	case len(filters) > 0:
		return "" // not looked at
	}
	if len(data) < 128 || string(data[36:40]) != "acsp" {
		return "it is not an ICC profile"
	}
	if data[8] > 2 {
		return fmt.Sprintf("the profile has version %d", data[8])
	}
	if class := string(data[12:16]); class != "mntr" && class != "prtr" {
		return "the profile is of another device class"
	}
	components := map[string]float64{"RGB ": 3, "CMYK": 4, "GRAY": 1}[string(data[16:20])]
	if components == 0 {
		return "the profile is of another colour space"
	}
	if n, _ := c.file.resolve(s.dict["N"]).(float64); n != components {
		return "N is not the number of components of the profile"
	}
	if size := binary.BigEndian.Uint32(data); size < 128 {
		return "the profile is cut short"
	}
	return ""
}
