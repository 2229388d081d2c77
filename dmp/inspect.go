package dmp

import (
	"bytes"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/xmlr"
)

const (
	namespaceCDA = "urn:hl7-org:v3"
	namespaceXSL = "http://www.w3.org/1999/XSL/Transform"
)

// inspection is what the bytes of an XML document say by themselves, whatever
// its header or its entry says of it.
type inspection struct {
	root xmlr.Name
	// cda: there is a ClinicalDocument, at the root or in a style sheet.
	cda bool
	// foreign: a style sheet of another file is asked for.
	foreign bool
	// active: there is a script, or a style sheet that takes in or points to
	// another file.
	active bool
	// id, parent and patients are ClinicalDocument/id, the id of the document
	// that it replaces, and those of its patients.
	id, parent segur.Identifier
	patients   []segur.Identifier
	targets    int
	// media is the type of the body of a CDA of level 1.
	media string

	depth, base int
	path        [5]string // of the elements below ClinicalDocument
	replaces    bool      // inside of relatedDocument[@typeCode='RPLC']
}

// visit is told of each event of the document, in order.
func (x *inspection) visit(s *xmlr.Scanner) {
	switch s.Kind() {
	case xmlr.PI:
		if string(s.Target()) == "xml-stylesheet" && !bytes.Contains(s.TextValue(), []byte(`href="#"`)) && !bytes.Contains(s.TextValue(), []byte(`href='#'`)) {
			x.foreign = true
		}
	case xmlr.StartElement:
		x.start(s)
		x.depth++
	case xmlr.EndElement:
		x.depth--
		if x.cda && x.depth == x.base {
			x.base = -1 // what follows is outside of the document
		}
	}
}

func (x *inspection) start(s *xmlr.Scanner) {
	if x.depth == 0 {
		x.root = s.Name()
	}
	switch {
	case strings.EqualFold(string(s.Local()), "script"):
		x.active = true
	case s.Space() == namespaceXSL && (string(s.Local()) == "import" || string(s.Local()) == "include"):
		x.active = true
	case x.root.Space == namespaceXSL && s.Space() != namespaceCDA && pointsOutside(s):
		x.active = true
	}
	if !x.cda && s.Is(namespaceCDA, "ClinicalDocument") {
		x.cda, x.base = true, x.depth
		return
	}
	level := x.depth - x.base - 1
	if !x.cda || x.base < 0 || level >= len(x.path) || s.Space() != namespaceCDA {
		return
	}
	x.path[level] = string(s.Local())
	at := func(path ...string) bool {
		if len(path) != level+1 {
			return false
		}
		for i := range path {
			if x.path[i] != path[i] {
				return false
			}
		}
		return true
	}
	switch {
	case at("relatedDocument"):
		x.replaces = attr(s, "typeCode") == "RPLC"
	case at("recordTarget"):
		x.targets++
	case at("id"):
		x.id = identifier(s)
	case at("recordTarget", "patientRole", "id"):
		x.patients = append(x.patients, identifier(s))
	case at("component", "nonXMLBody", "text"):
		x.media = attr(s, "mediaType")
	case x.replaces && at("relatedDocument", "parentDocument", "id"):
		x.parent = identifier(s)
	}
}

// pointsOutside tells an element of a style sheet that names another file: an
// address that is neither a place of the page, nor data in the page, nor
// computed ("{...}"), or the XSLT function document().
func pointsOutside(s *xmlr.Scanner) bool {
	for i := range s.NumAttr() {
		_, local := s.AttrName(i)
		value := bytes.TrimSpace(s.AttrValue(i))
		switch strings.ToLower(string(local)) {
		case "href", "src", "data", "background", "action":
			inside := len(value) == 0 || value[0] == '#' || value[0] == '{' || bytes.HasPrefix(bytes.ToLower(value), []byte("data:"))
			if s.Space() != namespaceXSL && !inside {
				return true
			}
		}
		if s.Space() == namespaceXSL && bytes.Contains(bytes.ReplaceAll(value, []byte(" "), nil), []byte("document(")) {
			return true
		}
	}
	return false
}

func attr(s *xmlr.Scanner, local string) string {
	v, _ := s.Attr("", local)
	return string(v)
}

func identifier(s *xmlr.Scanner) segur.Identifier {
	return segur.Identifier{Root: segur.OID(attr(s, "root")), Extension: attr(s, "extension")}
}
