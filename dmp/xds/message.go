package xds

import (
	"errors"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/ebrim"
	"github.com/segur-sdk/segur/internal/xmlr"
	"github.com/segur-sdk/segur/internal/xmlw"
)

const namespaceXDS = "urn:ihe:iti:xds-b:2007"

// AppendXML appends lcm:SubmitObjectsRequest: the body of ITI-57, and the
// METADATA.XML of an XDM package. Every object must have an ID: call
// [Submission.Number] or [Submission.Identify] first. The XML is canonical and
// declares every prefix it uses.
func (s *Submission) AppendXML(dst []byte) ([]byte, error) {
	return appendXML("xds.AppendXML", dst, func(w *xmlw.Writer) error { return s.write(w) })
}

func (s *Submission) write(w *xmlw.Writer) error {
	var p segur.Problems
	p.Require("set.id", s.Set.ID)
	for i := range s.Entries {
		p.Require("entries.id", s.Entries[i].ID)
	}
	if err := p.Err("xds.AppendXML"); err != nil {
		return err
	}
	ebrim.WriteSubmitObjects(w, s.objects())
	return nil
}

// appendXML runs write on a writer that appends to dst.
func appendXML(op string, dst []byte, write func(*xmlw.Writer) error) ([]byte, error) {
	w := xmlw.New(nil)
	if err := write(w); err != nil {
		return dst, err
	}
	b, err := w.Bytes()
	if err != nil {
		return dst, &segur.Error{Op: op, Kind: segur.KindInvalidInput, Message: "a value cannot be written as XML", Err: err}
	}
	return append(dst, b...), nil
}

// find parses a message and returns the first element with one of the local
// names, looking no deeper than a SOAP envelope and the request around it.
func find(op string, message []byte, names ...string) (*xmlr.Node, error) {
	root, err := xmlr.Parse(message, xmlr.Options{})
	if err != nil {
		return nil, xmlError(op, err)
	}
	if n := search(root, 4, names); n != nil {
		return n, nil
	}
	return nil, &segur.Error{Op: op, Kind: segur.KindProtocol, Message: "the message holds no " + names[0]}
}

func search(n *xmlr.Node, depth int, names []string) *xmlr.Node {
	for _, name := range names {
		if n.Name.Local == name {
			return n
		}
	}
	if depth == 0 {
		return nil
	}
	for _, c := range n.Children {
		if found := search(c, depth-1, names); found != nil {
			return found
		}
	}
	return nil
}

// xmlError classes a refusal of the XML reader.
func xmlError(op string, err error) error {
	e := &segur.Error{Op: op, Kind: segur.KindProtocol, Message: "not XML that can be read", Err: err}
	var x *xmlr.Error
	if errors.As(err, &x) {
		switch x.Rule {
		case xmlr.RuleTruncated:
			e.Kind = segur.KindTruncated
		case xmlr.RuleLimit:
			e.Kind = segur.KindTooLarge
		}
	}
	return e
}

// WarningRootPrefix is the Code of the warning that the prefix of the root
// element was not declared, and was taken as that of SubmitObjectsRequest.
const WarningRootPrefix = "ROOT_PREFIX"

// ParseSubmission reads lcm:SubmitObjectsRequest, alone or inside a
// ProvideAndRegisterDocumentSetRequest or a SOAP envelope. It accepts the
// exports of DRIM-M, whose root has an undeclared prefix. Warnings name what
// is not as it should be.
func ParseSubmission(message []byte) (Submission, []segur.Detail, error) {
	const op = "xds.ParseSubmission"
	message, repaired := declareRootPrefix(message)
	n, err := find(op, message, "SubmitObjectsRequest", "RegistryObjectList")
	if err != nil {
		return Submission{}, nil, err
	}
	list, err := ebrim.ReadList(n)
	if err != nil {
		return Submission{}, nil, &segur.Error{Op: op, Kind: segur.KindProtocol, Message: "the submission holds no objects", Err: err}
	}
	d := decoder{warnings: list.Warnings}
	if repaired {
		d.warnings = append(d.warnings, segur.Detail{Code: WarningRootPrefix, Severity: "warning",
			Message: "the prefix of the root element is not declared"})
	}
	s, sets, _ := d.submission(list.Objects)
	for _, o := range list.Objects { // references to what a registry knows
		if o.Kind == ebrim.ObjectRef {
			s.others = append(s.others, o)
		}
	}
	switch {
	case sets == 0:
		return s, d.warnings, &segur.Error{Op: op, Kind: segur.KindProtocol, Message: "no submission set"}
	case sets > 1:
		return s, d.warnings, &segur.Error{Op: op, Kind: segur.KindProtocol, Message: "more than one submission set"}
	}
	return s, d.warnings, nil
}
