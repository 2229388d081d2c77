package cda

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/xmlr"
)

// Check reports everything that is missing or wrong in a document, whoever made
// it: the schema of CDA R2, the "Volet Structuration Minimale", the volets
// IMG-CR-IMG and IMG-DA-IMG 2024.01 where the document follows them, and what no
// official tool looks at: keys, references, value sets with their systems, UIDs
// that must agree, embedded files. Where the official rules contradict the text
// of the norm, the text wins and [Issue.KitOnly] says so.
//
// The result is never nil. What is not XML, has a DOCTYPE or passes a limit is
// one issue of rule CDA001. A document inside a style sheet or a signature is
// found there; the signature is not verified.
func Check(data []byte, opts ...CheckOption) *CheckReport {
	v := &validation{opts: checkOptions{maxIssues: defaultMaxIssues, maxBytes: DefaultMaxDocumentBytes}}
	for _, o := range opts {
		o(&v.opts)
	}
	if v.open(data) {
		v.run()
	}
	return v.finish()
}

// Check is [Check] of the document as it was given to the reader.
func (p *Parsed) Check(opts ...CheckOption) *CheckReport { return Check(p.Raw, opts...) }

// validation is one run of [Check].
type validation struct {
	opts  checkOptions
	types map[string]*schemaType
	src   []byte     // text that positions refer to
	doc   *xmlr.Node // ClinicalDocument
	out   CheckReport

	templates  []string // of the document
	found      []finding
	full       bool
	keys       bool                        // the keys of national identifiers are checked
	ids        map[string]*xmlr.Node       // xs:ID
	acted      map[string][]*xmlr.Node     // acts of the body, by template
	sectioned  map[string][]*xmlr.Node     // sections, by template
	places     map[*xmlr.Node]place        // see position
	recognised map[*xmlr.Node]*sectionRule // see sectionRule
	refs       []pendingRef
}

// finding is an issue whose path and line are not known yet.
type finding struct {
	rule           string
	at             *xmlr.Node
	severity       Severity
	source, fr, en string
	kitOnly        bool
}

// pendingRef is a reference to an xs:ID.
type pendingRef struct {
	at     *xmlr.Node
	id     string
	schema bool // the schema wants it to resolve
}

// open reads the text and finds the document.
func (v *validation) open(data []byte) bool {
	fail := func(fr, en string) bool {
		v.found = append(v.found, finding{rule: "CDA001", severity: SeverityError, source: srcXML, fr: fr, en: en})
		return false
	}
	switch {
	case notXML(data) != "":
		return fail("ce fichier n'est pas du XML : une archive ou un PDF", "this file is not XML but an archive or a PDF")
	case len(data) > v.opts.maxBytes:
		return fail("le document dépasse la taille permise", "the document is larger than the limit")
	}
	text, err := toUTF8(data)
	if err != nil {
		return fail("l'encodage déclaré n'est pas accepté : UTF-8 est attendu", "the declared encoding is not accepted: UTF-8 is expected")
	}
	root, err := xmlr.Parse(text, xmlr.Options{MaxBytes: 2 * v.opts.maxBytes})
	if err != nil {
		fail("le XML n'est pas bien formé", "the XML is not well formed")
		var x *xmlr.Error
		if errors.As(err, &x) {
			v.out.Issues = []Issue{{Line: x.Line, Column: x.Col}}
			switch x.Rule {
			case xmlr.RuleDoctype:
				v.found[0].fr, v.found[0].en = "un DOCTYPE est interdit", "a DOCTYPE is forbidden"
			case xmlr.RuleTruncated:
				v.found[0].fr, v.found[0].en = "le document est tronqué", "the document is cut short"
			case xmlr.RuleLimit:
				v.found[0].fr, v.found[0].en = "le document dépasse une limite de taille ou de profondeur", "the document passes a limit of size or depth"
			}
		}
		return false
	}
	v.src = text
	switch {
	case root.Is(nsCDA, "ClinicalDocument"):
		v.doc = root
	case root.Is(nsXSL, "stylesheet"), root.Is(nsXSL, "transform"), root.Is(nsDSig, "Signature"):
		for n := range root.Walk() {
			if !n.Is(nsCDA, "ClinicalDocument") {
				continue
			}
			if v.doc != nil {
				return fail("le fichier contient plusieurs ClinicalDocument", "the file holds several ClinicalDocument elements")
			}
			v.doc = n
		}
	}
	if v.doc == nil {
		return fail("l'élément ClinicalDocument (urn:hl7-org:v3) est absent", "there is no ClinicalDocument element (urn:hl7-org:v3)")
	}
	if len(text) != len(data) {
		v.add(finding{rule: "CDA001", at: v.doc, severity: SeverityWarning, source: srcGeneral,
			fr: "le document n'est pas en UTF-8", en: "the document is not in UTF-8"})
	} else if strings.HasPrefix(string(data[:min(3, len(data))]), "\ufeff") {
		v.add(finding{rule: "CDA001", at: v.doc, severity: SeverityWarning, source: srcGeneral,
			fr: "une marque d'ordre des octets (BOM) précède le document", en: "a byte order mark precedes the document"})
	}
	return true
}

// run applies the rules.
func (v *validation) run() {
	v.types = schema()
	v.keys = v.opts.production
	v.ids = map[string]*xmlr.Node{}
	v.classify()
	v.indexTemplates()
	v.schemaDocument()
	v.header()
	v.patient()
	v.people()
	v.acts()
	switch {
	case v.doc.Find(nsCDA, "component/nonXMLBody") != nil:
		v.unstructured()
	case v.report():
		v.reportBody()
	case v.request():
		v.requestBody()
	}
	v.entries()
	v.references()
	v.attachments()
}

// schemaDocument checks the header with its data types, and the body with those of the schema alone.
func (v *validation) schemaDocument() {
	t := v.types["ClinicalDocument"]
	v.schemaAttributes(v.doc, t)
	v.content(v.doc, t)
	for _, c := range v.doc.Children {
		if child, known := t.elements[schemaName(c.Name)]; known {
			v.schemaElement(c, child, c.Name.Local != "component")
		}
	}
	if !blankText(v.doc) {
		v.error("CDA002", v.doc, srcSchema, "ClinicalDocument ne contient pas de texte", "ClinicalDocument holds no text")
	}
}

// classify says what the document is.
func (v *validation) classify() {
	for _, c := range v.doc.Children {
		if c.Is(nsCDA, "templateId") {
			v.templates = append(v.templates, c.Attr("root"))
		}
	}
	code := v.doc.Child(nsCDA, "code")
	isCode := func(s string) bool { return code.Attr("code") == s && code.Attr("codeSystem") == string(loincOID) }
	foreign := slices.ContainsFunc(v.templates, func(t string) bool {
		return segur.OID(t).Within("1.2.250.1.213.1.1.1") && t != templateCISIS && t != templateReport && t != templateRequest
	})
	switch {
	case foreign && !v.has(templateReport) && !v.has(templateRequest): // another volet may have the code of a report
	case v.has(templateReport) || isCode("18748-4"):
		v.out.Kind = KindImagingReport
	case v.has(templateRequest) || isCode("55115-0"):
		v.out.Kind = KindImagingRequest
	}
	switch {
	case v.doc.Find(nsCDA, "component/structuredBody") != nil:
		v.out.Level = 3
	case v.doc.Find(nsCDA, "component/nonXMLBody") != nil:
		v.out.Level = 1
	}
}

func (v *validation) has(template segur.OID) bool {
	return slices.Contains(v.templates, string(template))
}

func (v *validation) imaging() bool { return v.out.Kind != KindOther }

func (v *validation) report() bool { return v.out.Kind == KindImagingReport && v.out.Level == 3 }

func (v *validation) request() bool { return v.out.Kind == KindImagingRequest && v.out.Level == 3 }

func (v *validation) add(f finding) {
	if len(v.found) >= maxFindings {
		v.full = true
		return
	}
	v.found = append(v.found, f)
}

func (v *validation) error(rule string, at *xmlr.Node, source, fr, en string, args ...any) {
	v.say(SeverityError, rule, at, source, fr, en, args...)
}

func (v *validation) warn(rule string, at *xmlr.Node, source, fr, en string, args ...any) {
	v.say(SeverityWarning, rule, at, source, fr, en, args...)
}

func (v *validation) say(s Severity, rule string, at *xmlr.Node, source, fr, en string, args ...any) {
	if len(v.found) >= maxFindings {
		v.full = true
		return
	}
	if len(args) > 0 {
		fr, en = fmt.Sprintf(fr, args...), fmt.Sprintf(en, args...)
	}
	v.add(finding{rule: rule, at: at, severity: s, source: source, fr: fr, en: en})
}

// kitOnly reports what the official rules alone refuse.
func (v *validation) kitOnly(rule string, at *xmlr.Node, source, fr, en string, args ...any) {
	n := len(v.found)
	v.warn(rule, at, source, fr, en, args...)
	if len(v.found) == n {
		return // there are too many
	}
	v.found[n].kitOnly = true
	if v.opts.official {
		v.found[n].severity = SeverityError
	}
}

// unlisted reports a code that a table of the SDK does not hold.
func (v *validation) unlisted(rule string, at *xmlr.Node, source, fr, en string, args ...any) {
	s := SeverityError
	if v.opts.unlisted {
		s = SeverityWarning
	}
	v.say(s, rule, at, source, fr, en, args...)
}

// finish sorts the findings and says where they are.
func (v *validation) finish() *CheckReport {
	out := &v.out
	start := func(f finding) int {
		if f.at == nil {
			return 0
		}
		return f.at.Start
	}
	slices.SortStableFunc(v.found, func(a, b finding) int {
		return cmp.Or(cmp.Compare(start(a), start(b)), strings.Compare(a.rule, b.rule), strings.Compare(a.en, b.en))
	})
	v.found = slices.CompactFunc(v.found, func(a, b finding) bool { return a.at == b.at && a.rule == b.rule && a.en == b.en })
	if v.opts.maxIssues > 0 && len(v.found) > v.opts.maxIssues {
		v.found, v.full = v.found[:v.opts.maxIssues], true
	}
	parse := out.Issues // the place of an XML error
	out.Issues, out.Truncated = make([]Issue, 0, len(v.found)), v.full
	line, lineStart, seen := 1, 0, 0
	for _, f := range v.found {
		i := Issue{Rule: f.rule, Severity: f.severity, Text: segur.Text{FR: f.fr, EN: f.en}, Source: f.source, KitOnly: f.kitOnly, Path: "/"}
		if f.at != nil {
			for ; seen < f.at.Start; seen++ {
				if v.src[seen] == '\n' {
					line++
					lineStart = seen + 1
				}
			}
			i.Line, i.Column = line, f.at.Start-lineStart+1
			i.Path = v.path(f.at)
			i.Field = v.field(f.at)
		} else if len(parse) > 0 {
			i.Line, i.Column = parse[0].Line, parse[0].Column
		}
		out.Issues = append(out.Issues, i)
	}
	return out
}

// path names an element from ClinicalDocument down.
func (v *validation) path(n *xmlr.Node) string {
	var steps []string
	for ; n != nil; n = n.Parent {
		name := printable(schemaName(n.Name))
		if strings.HasPrefix(name, "{") {
			name = printable(n.Name.Local)
		}
		if p := v.position(n); p.of > 1 {
			name += "[" + strconv.Itoa(p.at) + "]"
		}
		steps = append(steps, name)
		if n == v.doc {
			break
		}
	}
	slices.Reverse(steps)
	return "/" + strings.Join(steps, "/")
}

// fewSiblings reports whether the elements beside n may be compared with each
// other: no real document has more of them where this matters, and the time of a
// hostile one stays bounded.
func fewSiblings(n *xmlr.Node) bool { return n.Parent != nil && len(n.Parent.Children) <= maxSiblings }

const (
	maxSiblings = 256
	maxSections = 1000
)

// place is which of how many siblings of its name an element is.
type place struct{ at, of int }

// position finds the place of an element; those of its siblings are kept.
func (v *validation) position(n *xmlr.Node) place {
	if n.Parent == nil {
		return place{1, 1}
	}
	if p, ok := v.places[n]; ok {
		return p
	}
	if v.places == nil {
		v.places = map[*xmlr.Node]place{}
	}
	counts := map[xmlr.Name]int{}
	for _, c := range n.Parent.Children {
		counts[c.Name]++
		v.places[c] = place{at: counts[c.Name]}
	}
	for _, c := range n.Parent.Children {
		v.places[c] = place{v.places[c].at, counts[c.Name]}
	}
	return v.places[n]
}
