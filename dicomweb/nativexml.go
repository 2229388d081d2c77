package dicomweb

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"strings"

	"github.com/segur-sdk/segur"
)

// parseNativeXML reads a data set in the Native DICOM Model (PS3.19 A.1), the
// form of store responses of older servers. A document type is refused. nil
// without an error: the text is XML of another kind, a page for people say.
func parseNativeXML(text []byte) (*Dataset, error) {
	p := &xmlParser{d: xml.NewDecoder(bytes.NewReader(text))}
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

type xmlParser struct{ d *xml.Decoder }

func xmlError(kind segur.Kind, message string) error {
	return &segur.Error{Op: opStore, Kind: kind, Message: message}
}

// token returns the next token. The text of an error of encoding/xml may quote
// the answer, so it is not kept.
func (p *xmlParser) token() (xml.Token, error) {
	t, err := p.d.Token()
	if err != nil {
		return nil, xmlError(segur.KindTruncated, "the XML of the answer is cut or malformed")
	}
	if _, ok := t.(xml.Directive); ok {
		return nil, xmlError(segur.KindProtocol, "the XML of the answer has a document type")
	}
	return t, nil
}

// dataset reads the DicomAttribute children up to the end of their parent.
func (p *xmlParser) dataset(depth int) (*Dataset, error) {
	if depth > maxDepth {
		return nil, xmlError(segur.KindTooLarge, "the sequences of the answer are nested too deep")
	}
	ds := &Dataset{}
	for {
		t, err := p.token()
		if err != nil {
			return nil, err
		}
		switch t := t.(type) {
		case xml.EndElement:
			return ds, nil
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
			if e.Tag != 0 {
				ds.Set(e)
			}
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
			e.Items = append(e.Items, item)
			continue
		case "BulkData":
			e.Bulk = &Bulk{URI: attr(child, "uri")}
			err = p.skip()
		case "Value":
			var v string
			if v, err = p.text(); e.VR != SQ { // Orthanc puts an empty Value after each Item
				e.Values = append(e.Values, v)
			}
		case "PersonName":
			var v string
			v, err = p.personName()
			e.Values = append(e.Values, v)
		case "InlineBinary":
			var v string
			if v, err = p.text(); err == nil {
				data, bad := base64.StdEncoding.DecodeString(strings.TrimSpace(v))
				if bad != nil {
					return e, xmlError(segur.KindProtocol, "the XML of the answer holds bad base64")
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
	var components [5]string
	names := [...]string{"FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix"}
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
			for i, n := range names {
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
