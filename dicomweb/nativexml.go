package dicomweb

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/segur-sdk/segur"
)

// ReadNativeXML reads a data set in the Native DICOM Model (PS3.19 A.1), the XML
// form of metadata and of the store responses of older servers, of at most
// maxBytes (0: 16 MiB). Private attributes are given the block of their creator,
// and a creator that the text names beside them only is added. The error is
// [segur.ErrTruncated] when the text stops early, [segur.ErrTooLarge] when it
// passes a limit, [segur.ErrProtocol] when it is not that model or has a document
// type; an error of r is given as it is.
func ReadNativeXML(r io.Reader, maxBytes int) (*Dataset, error) {
	if maxBytes <= 0 {
		maxBytes = defaultMaxDataset
	}
	src := &cappedReader{r: r, left: maxBytes}
	ds, err := readNativeXML(src)
	switch {
	case src.err != nil:
		return nil, src.err
	case err == nil && ds == nil:
		return nil, xmlError(segur.KindProtocol, "the text is not the XML of a data set")
	}
	return ds, err
}

// cappedReader remembers why it stopped before the end.
type cappedReader struct {
	r    io.Reader
	left int
	err  error
}

func (c *cappedReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if c.left -= n; c.left < 0 {
		c.err = xmlError(segur.KindTooLarge, "the XML passes the limit of bytes")
		return 0, c.err
	}
	if err != nil && !errors.Is(err, io.EOF) {
		c.err = err
	}
	return n, err //nolint:wrapcheck // given as it is
}

// parseNativeXML is ReadNativeXML for a text in memory. nil without an error:
// the text is XML of another kind, a page for people say.
func parseNativeXML(text []byte) (*Dataset, error) { return readNativeXML(bytes.NewReader(text)) }

func readNativeXML(r io.Reader) (*Dataset, error) {
	p := &xmlParser{d: xml.NewDecoder(r)}
	p.d.Strict = true
	for {
		t, err := p.token()
		if err != nil {
			return nil, nil //nolint:nilerr // no root element of ours
		}
		if start, ok := t.(xml.StartElement); ok {
			if start.Name.Local != "NativeDicomModel" {
				return nil, nil
			}
			return p.dataset(0)
		}
	}
}

// uuidScheme is what a value known by its UUID has for a URI.
const uuidScheme = "urn:uuid:"

var noBlanks = strings.NewReplacer(" ", "", "\n", "", "\r", "", "\t", "")

type xmlParser struct {
	d     *xml.Decoder
	count int
}

func xmlError(kind segur.Kind, message string) error {
	return &segur.Error{Op: "dicomweb.ReadNativeXML", Kind: kind, Message: message}
}

// token returns the next token. The text of an error of encoding/xml may quote
// the answer, so it is not kept.
func (p *xmlParser) token() (xml.Token, error) {
	t, err := p.d.Token()
	var syntax *xml.SyntaxError
	switch {
	case errors.Is(err, io.EOF), errors.As(err, &syntax) && syntax.Msg == "unexpected EOF":
		return nil, xmlError(segur.KindTruncated, "the XML is cut")
	case err != nil:
		return nil, xmlError(segur.KindProtocol, "the XML is malformed")
	}
	if _, ok := t.(xml.Directive); ok {
		return nil, xmlError(segur.KindProtocol, "the XML has a document type")
	}
	return t, nil
}

// dataset reads the DicomAttribute children up to the end of their parent.
func (p *xmlParser) dataset(depth int) (*Dataset, error) {
	if depth > maxDepth {
		return nil, xmlError(segur.KindTooLarge, "the sequences are nested too deep")
	}
	ds := &Dataset{}
	var private []privateElement
	for {
		t, err := p.token()
		if err != nil {
			return nil, err
		}
		switch t := t.(type) {
		case xml.EndElement:
			return ds, ds.placePrivate(private)
		case xml.StartElement:
			if t.Name.Local != "DicomAttribute" {
				if err := p.skip(); err != nil {
					return nil, err
				}
				continue
			}
			e, err := p.attribute(t, depth)
			if err != nil {
				return nil, err
			}
			creator := attr(t, "privateCreator")
			switch {
			case e.Tag == 0:
			case e.Tag.Private() && e.Tag&0xFF00 == 0 && creator != "":
				private = append(private, privateElement{creator, e})
			default:
				ds.Set(e)
			}
		}
	}
}

// privateElement is a private attribute whose tag lacks the number of its block.
type privateElement struct {
	creator string
	Element
}

// placePrivate gives private attributes the block of their creator, a free one
// when the data set does not reserve any for it (PS3.5 7.8.1).
func (d *Dataset) placePrivate(list []privateElement) error {
	for _, e := range list {
		group := e.Tag &^ 0xFFFF
		block, free := Tag(0), Tag(0)
		for b := Tag(0x10); b <= 0xFF && block == 0; b++ {
			switch c, ok := d.Get(group | b); {
			case ok && len(c.Values) > 0 && strings.TrimSpace(c.Values[0]) == strings.TrimSpace(e.creator):
				block = b
			case !ok && free == 0:
				free = b
			}
		}
		if block == 0 {
			if block = free; free == 0 {
				return xmlError(segur.KindProtocol, "a group has more private creators than it has room for")
			}
			d.Set(Text(group|block, strings.TrimSpace(e.creator)))
		}
		e.Tag |= block << 8
		d.Set(e.Element)
	}
	return nil
}

// appendNumbered appends a value at the place that its number says; numbers
// that are left out are empty values.
func appendNumbered(values []string, start xml.StartElement, v string) ([]string, error) {
	n, err := strconv.Atoi(attr(start, "number"))
	if err == nil && n > len(values)+1024 {
		return nil, xmlError(segur.KindProtocol, "a value has a number far above the one before")
	}
	for err == nil && n > len(values)+1 {
		values = append(values, "")
	}
	return append(values, v), nil
}

func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func (p *xmlParser) attribute(start xml.StartElement, depth int) (Element, error) {
	var e Element
	e.Tag, _ = hexTag(attr(start, "tag"))
	var ok bool
	if e.VR, ok = parseVR(attr(start, "vr")); !ok {
		e.VR = e.Tag.VR()
	}
	for {
		t, err := p.token()
		if err != nil {
			return e, err
		}
		child, ok := t.(xml.StartElement)
		if _, end := t.(xml.EndElement); end {
			e.normalize()
			return e, nil
		}
		if !ok {
			continue
		}
		switch child.Name.Local {
		case "Item":
			item, err := p.dataset(depth + 1)
			if err != nil {
				return e, err
			}
			if p.count++; p.count > maxElements {
				return e, xmlError(segur.KindTooLarge, "the sequences hold more items than any have")
			}
			e.Items = append(e.Items, item)
			continue
		case "BulkData":
			e.Bulk = &Bulk{URI: attr(child, "uri")}
			if uuid := attr(child, "uuid"); uuid != "" && e.Bulk.URI == "" {
				e.Bulk.URI = uuidScheme + uuid
			}
			err = p.skip()
		case "Value":
			var v string
			if v, err = p.text(); err == nil && e.VR != SQ { // Orthanc puts an empty Value after each Item
				e.Values, err = appendNumbered(e.Values, child, v)
			}
		case "PersonName":
			var v string
			if v, err = p.personName(); err == nil {
				e.Values, err = appendNumbered(e.Values, child, v)
			}
		case "InlineBinary":
			var v string
			if v, err = p.text(); err == nil {
				data, bad := base64.StdEncoding.DecodeString(noBlanks.Replace(v))
				if bad != nil {
					return e, xmlError(segur.KindProtocol, "the XML holds bad base64")
				}
				e.Bulk = &Bulk{Data: data}
			}
		default:
			err = p.skip()
		}
		if err != nil {
			return e, err
		}
	}
}

// text reads the character data up to the end of the element.
func (p *xmlParser) text() (string, error) {
	var b strings.Builder
	for {
		t, err := p.token()
		if err != nil {
			return "", err
		}
		switch t := t.(type) {
		case xml.CharData:
			b.Write(t)
		case xml.EndElement:
			return b.String(), nil
		case xml.StartElement:
			if err := p.skip(); err != nil {
				return "", err
			}
		}
	}
}

// personName writes "alphabetic=ideographic=phonetic", each group with "^"
// between its components.
func (p *xmlParser) personName() (string, error) {
	var groups [3]string
	for {
		t, err := p.token()
		if err != nil {
			return "", err
		}
		switch t := t.(type) {
		case xml.EndElement:
			return strings.TrimRight(strings.Join(groups[:], "="), "="), nil
		case xml.StartElement:
			group, err := p.nameGroup()
			if err != nil {
				return "", err
			}
			if g := nameGroup([]byte(t.Name.Local)); g >= 0 {
				groups[g] = group
			}
		}
	}
}

func (p *xmlParser) nameGroup() (string, error) {
	var components [len(nameComponents)]string
	for {
		t, err := p.token()
		if err != nil {
			return "", err
		}
		switch t := t.(type) {
		case xml.EndElement:
			return strings.TrimRight(strings.Join(components[:], "^"), "^"), nil
		case xml.StartElement:
			v, err := p.text()
			if err != nil {
				return "", err
			}
			for i, n := range nameComponents {
				if t.Name.Local == n {
					components[i] = v
				}
			}
		}
	}
}

func (p *xmlParser) skip() error {
	for depth := 1; depth > 0; {
		t, err := p.token()
		if err != nil {
			return err
		}
		switch t.(type) {
		case xml.StartElement:
			depth++
		case xml.EndElement:
			depth--
		}
	}
	return nil
}
