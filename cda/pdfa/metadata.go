package pdfa

import (
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"io"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// Name spaces of XMP.
const (
	nsRDF  = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
	nsID   = "http://www.aiim.org/pdfa/ns/id/"
	nsDC   = "http://purl.org/dc/elements/1.1/"
	nsXMP  = "http://ns.adobe.com/xap/1.0/"
	nsPDF  = "http://ns.adobe.com/pdf/1.3/"
	nsNone = ""
)

// xmp holds the properties of a packet that are texts or lists of texts. It is nil when the packet is not well formed.
type xmp struct {
	values   map[xml.Name][]string
	prefixed bool // the prefix pdfaid is used, as 6.7.11 asks
}

// maxXMP bounds the metadata that is read: packets hold 2 to 4 KB of padding, pictures at most some hundred kilobytes.
const maxXMP = 4 << 20

// parseXMP reads the packet: properties written as elements or as attributes of rdf:Description.
func parseXMP(packet []byte) *xmp {
	if len(packet) > maxXMP {
		return nil
	}
	packet = utf8Text(packet)
	dec := xml.NewDecoder(bytes.NewReader(packet))
	dec.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil } // it is UTF-8 now, or refused as such
	values := map[xml.Name][]string{}
	var path []xml.Name // the open elements
	var property xml.Name
	depth := 0 // of the property's element; 0: outside
	var chars strings.Builder
	for {
		t, err := dec.Token()
		if err == io.EOF && len(path) == 0 {
			return &xmp{values: values, prefixed: bytes.Contains(packet, []byte("pdfaid:part"))}
		}
		if err != nil {
			return nil
		}
		switch t := t.(type) {
		case xml.Directive: // a DOCTYPE has no place here
			return nil
		case xml.StartElement:
			if len(path) > maxDepth {
				return nil
			}
			inDescription := len(path) > 0 && path[len(path)-1] == xml.Name{Space: nsRDF, Local: "Description"}
			path = append(path, t.Name)
			if depth == 0 && inDescription {
				property, depth = t.Name, len(path)
				values[property] = nil
			}
			if depth == 0 && t.Name == (xml.Name{Space: nsRDF, Local: "Description"}) {
				for _, a := range t.Attr {
					if a.Name.Space != nsNone && a.Name.Space != "xmlns" && a.Name.Space != nsRDF {
						values[a.Name] = []string{a.Value}
					}
				}
			}
			chars.Reset()
		case xml.CharData:
			if depth > 0 {
				chars.Write(t)
			}
		case xml.EndElement:
			if depth > 0 {
				isItem := len(path) > depth && t.Name == xml.Name{Space: nsRDF, Local: "li"}
				isPlain := len(path) == depth && values[property] == nil
				if isItem || isPlain {
					values[property] = append(values[property], chars.String())
				}
				if len(path) == depth {
					depth = 0
				}
			}
			chars.Reset()
			path = path[:len(path)-1]
		}
	}
}

// utf8Text converts a packet in UTF-16 or UTF-32, which XMP allows, to UTF-8. It tells them by the first bytes: a byte order
// mark or "<".
func utf8Text(b []byte) []byte {
	for _, form := range []struct {
		start string
		size  int // bytes of a unit
		order binary.ByteOrder
	}{
		{"\x00\x00\xfe\xff", 4, binary.BigEndian}, {"\x00\x00\x00<", 4, binary.BigEndian},
		{"\xff\xfe\x00\x00", 4, binary.LittleEndian}, {"<\x00\x00\x00", 4, binary.LittleEndian},
		{"\xfe\xff", 2, binary.BigEndian}, {"\x00<", 2, binary.BigEndian},
		{"\xff\xfe", 2, binary.LittleEndian}, {"<\x00", 2, binary.LittleEndian},
	} {
		if !bytes.HasPrefix(b, []byte(form.start)) {
			continue
		}
		if form.size == 4 {
			out := make([]byte, 0, len(b)/4)
			for ; len(b) >= 4; b = b[4:] {
				out = utf8.AppendRune(out, rune(form.order.Uint32(b)&0x7fffffff)) //nolint:gosec // 31 bits
			}
			return bytes.TrimPrefix(out, []byte("\ufeff"))
		}
		units := make([]uint16, 0, len(b)/2)
		for ; len(b) >= 2; b = b[2:] {
			units = append(units, form.order.Uint16(b))
		}
		return bytes.TrimPrefix([]byte(string(utf16.Decode(units))), []byte("\ufeff"))
	}
	return b
}

// first returns the first value of a property.
func (x *xmp) first(space, local string) (string, bool) {
	v := x.values[xml.Name{Space: space, Local: local}]
	if len(v) == 0 {
		return "", false
	}
	return v[0], true
}

func (c *checker) metadata(root dict) {
	number := 0
	if n, isRef := root["Metadata"].(ref); isRef {
		number = int(n)
	}
	s, ok := c.file.resolve(root["Metadata"]).(*stream)
	if !ok {
		c.add(RuleMetadata, 0, "there is none")
		c.add(RuleVersionClaim, 0, "there is no metadata")
		return
	}
	if len(c.file.filters(s.dict)) > 0 {
		c.add(RuleMetadata, number, "the metadata stream has a filter")
		return
	}
	x := parseXMP(s.data)
	c.claim(x, number)
	if x != nil && c.file.trailer["Encrypt"] == nil { // the strings of the Info dictionary would be encrypted
		c.info(x)
	}
}

// claim checks the identification of the version of PDF/A.
func (c *checker) claim(x *xmp, number int) {
	if x == nil {
		c.add(RuleMetadata, number, "the XMP packet is not well formed")
		return
	}
	part, _ := x.first(nsID, "part")
	level, _ := x.first(nsID, "conformance")
	switch {
	case part == "":
		c.add(RuleVersionClaim, number, "the file does not claim to be PDF/A")
	case part != "1":
		c.add(RuleVersionClaim, number, "it claims another part of PDF/A")
	case !x.prefixed:
		c.add(RuleVersionClaim, number, "the prefix of the identification is not pdfaid")
	case level != "A" && level != "B":
		c.add(RuleVersionClaim, number, "it claims no conformance level A or B")
	}
}

// info compares the Info dictionary with the XMP packet: what is in the first must be in the second.
func (c *checker) info(x *xmp) {
	info := c.file.dict(c.file.trailer["Info"])
	for _, p := range []struct {
		key          name
		space, local string
	}{
		{"Title", nsDC, "title"}, {"Author", nsDC, "creator"}, {"Subject", nsDC, "description"},
		{"Keywords", nsPDF, "Keywords"}, {"Creator", nsXMP, "CreatorTool"}, {"Producer", nsPDF, "Producer"},
	} {
		s, ok := c.file.resolve(info[p.key]).(text)
		if !ok {
			continue
		}
		values := x.values[xml.Name{Space: p.space, Local: p.local}]
		if len(values) == 0 && len(s) == 0 {
			continue
		}
		if len(values) == 0 || values[0] != textString(s) || (p.key == "Author" && len(values) != 1) {
			c.add(RuleInfoConsistency, 0, "%s is not the same in both", p.key)
		}
	}
	for _, p := range []struct {
		key   name
		local string
	}{{"CreationDate", "CreateDate"}, {"ModDate", "ModifyDate"}} {
		s, ok := c.file.resolve(info[p.key]).(text)
		if !ok {
			continue
		}
		at, ok := parsePDFDate(textString(s))
		if !ok {
			continue // an unusual date is not a contradiction
		}
		v, _ := x.first(nsXMP, p.local)
		if other, ok := parseXMPDate(v); v == "" || (ok && !other.Equal(at)) {
			c.add(RuleInfoConsistency, 0, "%s is not the same in both", p.key)
		}
	}
}

// parsePDFDate reads D:YYYYMMDDHHmmSSOHH'mm' with at least the seconds and an offset or none (taken as UTC).
func parsePDFDate(s string) (time.Time, bool) {
	s = strings.TrimPrefix(s, "D:")
	if len(s) < 14 {
		return time.Time{}, false
	}
	offset := strings.ReplaceAll(s[14:], "'", "")
	if offset == "" || strings.HasPrefix(offset, "Z") {
		offset = "+0000"
	}
	if len(offset) == 3 {
		offset += "00"
	}
	t, err := time.Parse("20060102150405-0700", s[:14]+offset)
	return t, err == nil
}

func parseXMPDate(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.Truncate(time.Second), true
		}
	}
	return time.Time{}, false
}

// pdfDocEncoding is what differs from Latin-1 in the bytes 0x80 to 0xa0 (PDF Reference 1.4, appendix D).
var pdfDocEncoding = []rune("•†‡…—–ƒ⁄‹›−‰„“”‘’‚™ﬁﬂŁŒŠŸŽıłœšž\u009f€")

// textString decodes a text string: UTF-16BE with its mark, or PDFDocEncoding.
func textString(s text) string {
	if bytes.HasPrefix(s, []byte{0xfe, 0xff}) {
		var u []uint16
		for i := 2; i+1 < len(s); i += 2 {
			u = append(u, uint16(s[i])<<8|uint16(s[i+1]))
		}
		return string(utf16.Decode(u))
	}
	b := make([]byte, 0, len(s))
	for _, c := range s {
		r := rune(c)
		if c >= 0x80 && c <= 0xa0 {
			r = pdfDocEncoding[c-0x80]
		}
		b = utf8.AppendRune(b, r)
	}
	return string(b)
}
