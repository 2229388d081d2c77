package xdm

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"strconv"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/hl7"
	"github.com/segur-sdk/segur/internal/xmlr"
)

const (
	nsCDA = "urn:hl7-org:v3"
	// headerWindow is how much of a document is read to find its header, which
	// comes before the body; selfPresentingWindow when a style sheet is around it.
	headerWindow         = 1 << 20
	selfPresentingWindow = 8 << 20
)

var (
	errNotCDA    = errors.New("not a CDA document")
	errLongStart = errors.New("the header ends beyond what is read")
)

// readHeader reads the header of a CDA document of the archive: what a
// receiver compares with the metadata, no more.
func readHeader(f *zip.File, selfPresenting bool) (*segur.DocumentHeader, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close() //nolint:errcheck // nothing is pending on a reader
	window := int64(headerWindow)
	if selfPresenting {
		window = selfPresentingWindow
	}
	b, err := io.ReadAll(io.LimitReader(bounded(r, f), window))
	if err != nil {
		return nil, err
	}
	cut := int64(len(b)) == window
	b, _ = toUTF8(b)
	head, err := beforeBody(b, selfPresenting)
	if err != nil {
		if cut && !errors.Is(err, errNotCDA) || cut && selfPresenting {
			return nil, errLongStart
		}
		return nil, err
	}
	root, err := xmlr.Parse(head, xmlr.Options{})
	if err != nil {
		return nil, err
	}
	document := root
	if !root.Is(nsCDA, "ClinicalDocument") {
		document = descendant(root)
	}
	return header(document), nil
}

// beforeBody returns the document without its body: everything up to the
// component of ClinicalDocument, and the end tags of what is open there.
func beforeBody(b []byte, selfPresenting bool) ([]byte, error) {
	s := xmlr.NewScanner(b, xmlr.Options{})
	var open []string
	inside := 0 // depth of ClinicalDocument
	for s.Next() {
		switch s.Kind() {
		case xmlr.StartElement:
			is := s.Is(nsCDA, "ClinicalDocument")
			switch {
			case inside == 0 && is:
				inside = s.Depth()
			case inside == 0 && !selfPresenting:
				return nil, errNotCDA
			case inside > 0 && s.Depth() == inside+1 && s.Is(nsCDA, "component"):
				out := bytes.Clone(b[:s.Offset()])
				for i := len(open) - 1; i >= 0; i-- {
					out = append(append(append(out, "</"...), open[i]...), '>')
				}
				return out, nil
			}
			name := string(s.Local())
			if p := s.Prefix(); len(p) > 0 {
				name = string(p) + ":" + name
			}
			open = append(open, name)
		case xmlr.EndElement:
			open = open[:len(open)-1]
		}
	}
	if err := s.Err(); err != nil {
		return nil, err
	}
	if inside == 0 {
		return nil, errNotCDA
	}
	return b, nil
}

// descendant finds the ClinicalDocument that a style sheet holds.
func descendant(n *xmlr.Node) *xmlr.Node {
	if n.Is(nsCDA, "ClinicalDocument") {
		return n
	}
	for _, c := range n.Children {
		if found := descendant(c); found != nil {
			return found
		}
	}
	return nil
}

func header(n *xmlr.Node) *segur.DocumentHeader {
	id := func(n *xmlr.Node) segur.Identifier {
		return segur.Identifier{Root: segur.OID(n.Attr("root")), Extension: n.Attr("extension")}
	}
	code := func(n *xmlr.Node) segur.Code {
		return segur.Code{Code: n.Attr("code"), System: segur.OID(n.Attr("codeSystem")), Display: n.Attr("displayName")}
	}
	h := &segur.DocumentHeader{
		ID: id(n.Child(nsCDA, "id")), SetID: id(n.Child(nsCDA, "setId")), Title: n.Child(nsCDA, "title").TrimText(),
		Type: code(n.Child(nsCDA, "code")), Confidentiality: code(n.Child(nsCDA, "confidentialityCode")),
		Language: n.Child(nsCDA, "languageCode").Attr("code"),
	}
	h.Version, _ = strconv.Atoi(n.Child(nsCDA, "versionNumber").Attr("value"))
	if t, err := hl7.ParseTS(n.Child(nsCDA, "effectiveTime").Attr("value"), hl7.Paris()); err == nil {
		h.Created = t
	}
	for related := range n.Each(nsCDA, "relatedDocument") {
		if related.Attr("typeCode") == "RPLC" && h.Replaces.IsZero() {
			h.Replaces = id(related.Find(nsCDA, "parentDocument/id"))
		}
	}
	role := n.Find(nsCDA, "recordTarget/patientRole")
	for x := range role.Each(nsCDA, "id") {
		h.PatientIDs = append(h.PatientIDs, id(x))
	}
	h.Patient = traits(role.Child(nsCDA, "patient"))
	return h
}

// traits reads the four that qualify an identity.
func traits(n *xmlr.Node) (t segur.Traits) {
	name := n.Child(nsCDA, "name")
	pick := func(local string) (value string) {
		for x := range name.Each(nsCDA, local) {
			switch x.Attr("qualifier") {
			case "BR":
				return x.TrimText()
			case "":
				if value == "" {
					value = x.TrimText()
				}
			}
		}
		return value
	}
	t.BirthName, t.FirstGivenName = pick("family"), pick("given")
	v := n.Child(nsCDA, "birthTime").Attr("value")
	t.BirthDate, _ = segur.ParseDate(v[:min(len(v), 8)])
	switch v := n.Child(nsCDA, "administrativeGenderCode").Attr("code"); v {
	case "F", "M":
		t.Sex = segur.Sex(v)
	case "UN", "I", "U":
		t.Sex = segur.SexUnknown
	}
	return t
}
