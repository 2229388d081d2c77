package cda

import (
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/hl7"
	"github.com/segur-sdk/segur/internal/nos"
	"github.com/segur-sdk/segur/internal/xmlr"
)

const loincOID = segur.OID(nos.LOINC)

// Namespaces of the roots that hold a document.
const (
	nsXSL  = "http://www.w3.org/1999/XSL/Transform"
	nsDSig = "http://www.w3.org/2000/09/xmldsig#"
)

// decoder reads one document in one pass.
type decoder struct {
	*xmlr.Scanner
	words interner
	src   []byte // the text that the Scanner reads
	out   *Parsed
	seen  bool // the ClinicalDocument was found
	// target, where a recordTarget is read alone, gets what a document view leaves out.
	target *RecordTarget

	headerOnly        bool
	limits            Reader
	sections, entries int // counted
	fail              error
	bodyTree          *tree
	serviceID         segur.Identifier // of the first act
}

// document finds the ClinicalDocument, reads it, and goes on to the end of the
// file: what follows must be well formed and hold no other one.
func (d *decoder) document() error {
	for first := true; d.Next(); {
		if d.Scanner.Kind() != xmlr.StartElement {
			continue
		}
		if d.Is(nsCDA, "ClinicalDocument") {
			if d.seen {
				return &segur.Error{Op: opParse, Kind: segur.KindProtocol, Message: "the file holds several ClinicalDocument elements"}
			}
			d.seen = true
			if d.clinicalDocument(); d.fail != nil {
				return d.fail
			}
		} else if first {
			switch {
			case d.Is(nsXSL, "stylesheet"), d.Is(nsXSL, "transform"):
				d.out.Header.SelfPresenting = true
			case d.Is(nsDSig, "Signature"):
				d.out.Signed = true
			default:
				return &segur.Error{Op: opParse, Kind: segur.KindProtocol,
					Message: "the root element is not ClinicalDocument in urn:hl7-org:v3"}
			}
		}
		first = false
	}
	if d.fail != nil {
		return d.fail
	}
	if err := d.Err(); err != nil {
		return parseError(err)
	}
	if !d.seen {
		return &segur.Error{Op: opParse, Kind: segur.KindProtocol, Message: "the file holds no ClinicalDocument element"}
	}
	return nil
}

// each calls f on every child element of the current element, in the namespace
// of CDA, and moves to the end of the current element. f may read the child or
// leave it.
func (d *decoder) each(f func(name []byte)) {
	depth := d.Depth()
	for d.Next() {
		switch d.Scanner.Kind() {
		case xmlr.StartElement:
			// Some systems write accessionNumber in another namespace than
			// urn:dicom-org:ps3-20; it is known by its local name.
			if d.Space() == nsCDA || string(d.Local()) == "accessionNumber" {
				f(d.Local())
			}
			for d.Depth() > depth+1 || d.Scanner.Kind() != xmlr.EndElement {
				if !d.Next() {
					return
				}
			}
		case xmlr.EndElement:
			return
		}
	}
}

// attr returns an attribute without namespace.
func (d *decoder) attr(name string) string {
	b, _ := d.Attr("", name)
	return d.words.value(b)
}

// text reads the text of the current element to its end, white space
// normalised.
func (d *decoder) text() string {
	depth := d.Depth()
	var s string
	var runs []byte // a text in several: between them stand comments
	for d.Next() {
		switch d.Scanner.Kind() {
		case xmlr.Text:
			switch {
			case s == "":
				s = d.words.get(d.TextValue())
			case runs == nil:
				runs = append([]byte(s), d.TextValue()...)
			default:
				runs = append(runs, d.TextValue()...)
			}
		case xmlr.EndElement:
			if d.Depth() == depth {
				if runs != nil {
					s = string(runs)
				}
				return clean(s)
			}
		}
	}
	return ""
}

func (d *decoder) id() (id segur.Identifier) {
	for i := range d.NumAttr() {
		switch space, name := d.AttrName(i); {
		case space != "":
		case string(name) == "root":
			id.Root = segur.OID(d.words.value(d.AttrValue(i)))
		case string(name) == "extension":
			id.Extension = d.words.value(d.AttrValue(i))
		case string(name) == "assigningAuthorityName":
			id.Assigner = d.words.value(d.AttrValue(i))
		}
	}
	return id
}

func (d *decoder) code() (c segur.Code) {
	for i := range d.NumAttr() {
		switch space, name := d.AttrName(i); {
		case space != "":
		case string(name) == "code":
			c.Code = d.words.value(d.AttrValue(i))
		case string(name) == "codeSystem":
			c.System = segur.OID(d.words.value(d.AttrValue(i)))
		case string(name) == "codeSystemName":
			c.SystemName = d.words.value(d.AttrValue(i))
		case string(name) == "displayName":
			c.Display = d.words.value(d.AttrValue(i))
		}
	}
	return c
}

// timestamp reads @value. A time without offset is taken in Paris, and said.
func (d *decoder) timestamp(path string) segur.Timestamp {
	text := d.attr("value")
	if text == "" {
		return segur.Timestamp{}
	}
	t, err := hl7.ParseTS(text, nil)
	if err != nil {
		d.warn(path, "is not a time stamp that can be understood")
		return segur.Timestamp{}
	}
	if t.NoOffset && t.Precision < segur.ToDay {
		d.warn(path, "has no offset from UTC: taken as legal time in Paris")
	}
	return t
}

// interval reads low and high, or a value that stands for both.
func (d *decoder) interval(path string) (low, high segur.Timestamp) {
	if d.attr("value") != "" {
		low = d.timestamp(path)
	}
	d.each(func(name []byte) {
		switch string(name) {
		case "low":
			low = d.timestamp(path + "/low")
		case "high":
			high = d.timestamp(path + "/high")
		}
	})
	if !high.IsZero() && high.Time.Before(low.Time) {
		d.warn(path, "ends before it starts")
	}
	return low, high
}

// maxWarnings bounds the list: one defect may be repeated in a foreign document.
const maxWarnings = 100

func (d *decoder) warn(path, message string) {
	if len(d.out.Warnings) < maxWarnings {
		d.out.Warnings = append(d.out.Warnings, segur.Detail{Field: path, Severity: "warning", Message: message})
	}
}

// birthDate keeps the date of a birth time that says more.
func birthDate(s string) (segur.Date, bool) {
	if len(s) > 8 {
		s = s[:8]
	}
	date, err := segur.ParseDate(s)
	if err != nil || strings.ContainsAny(s, "+-") {
		return segur.Date{}, false
	}
	return date, true
}
