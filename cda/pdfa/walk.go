package pdfa

import (
	"errors"
	"maps"
	"slices"
)

// place is an object to visit and the key under which it was found first.
type place struct {
	object ref
	key    name
}

// walk visits every object that can be reached from the document catalogue and the Info dictionary, each one once.
func (c *checker) walk() {
	w := walker{checker: c, visited: map[ref]bool{}}
	w.visit(c.file.trailer["Root"], 0, "")
	w.visit(c.file.trailer["Info"], 0, "")
	for len(w.queue) > 0 {
		p := w.queue[len(w.queue)-1]
		w.queue = w.queue[:len(w.queue)-1]
		n := int(p.object)
		o, err := c.file.get(p.object)
		switch {
		case errors.Is(err, errBudget):
			c.add(RuleLimits, 0, "the file is %v", err)
			return
		case errors.Is(err, errLimits):
			c.add(RuleLimits, n, "the object is %v", err)
		case errors.Is(err, errNotThere):
			c.add(RuleCrossReference, n, "%v", err)
		case err != nil:
			c.add(RuleStructure, n, "%v", err)
		default:
			w.visit(o, n, p.key)
		}
	}
}

type walker struct {
	*checker
	visited map[ref]bool
	queue   []place
}

// visit applies the rules to an object and to what it holds. key is the key under which it lies in its dictionary.
func (w *walker) visit(o any, n int, key name) {
	switch v := o.(type) {
	case ref:
		if !w.visited[v] {
			w.visited[v] = true
			w.queue = append(w.queue, place{v, key})
		}
	case array:
		if key != "Next" { // a list of actions; elsewhere an element is not what the key says of the whole
			key = ""
		}
		for _, e := range v {
			w.visit(e, n, key)
		}
	case *stream:
		w.stream(v, n)
		w.dictionary(v.dict, n, key)
	case dict:
		w.dictionary(v, n, key)
	}
}

// nameMaps are the dictionaries whose keys are names that the producer chose: they say nothing.
var nameMaps = []name{
	"Font", "XObject", "ExtGState", "ColorSpace", "Pattern", "Shading", "Properties", "CharProcs", "RoleMap", "ClassMap",
	"Dests", "Colorants",
}

func (w *walker) dictionary(d dict, n int, key name) {
	if d["Type"] != nil || !slices.Contains(nameMaps, key) {
		w.font(d, n)
		w.files(d, n)
		w.transparency(d, n)
		w.annotation(d, n)
		w.action(d, n, key)
	}
	for _, k := range slices.Sorted(maps.Keys(d)) { // sorted: the same file gives the same list
		if k == "DR" { // resources of an interactive form: a font there is not used until a field's appearance names it
			continue
		}
		w.visit(d[k], n, k)
	}
}

func (c *checker) stream(s *stream, n int) {
	if s.badLength {
		c.add(RuleStreamLength, n, "it is not")
	}
	if s.dict["F"] != nil || s.dict["FFilter"] != nil || s.dict["FDecodeParms"] != nil {
		c.add(RuleExternalStream, n, "the stream has an F, FFilter or FDecodeParms entry")
	}
	if slices.Contains(c.file.filters(s.dict), "LZWDecode") {
		c.add(RuleLZW, n, "a stream uses it")
	}
	if t, _ := s.dict["Type"].(name); t == "ObjStm" || t == "XRef" {
		c.add(RuleCompressedXRef, n, "there is a stream of the type %s", t)
	}
}

// font checks that a font has a font program. Type 0 fonts have it in their descendant, Type 3 fonts are drawn.
func (c *checker) font(d dict, n int) {
	if c.nameOf(d["Type"]) != "Font" {
		return
	}
	subtype := c.nameOf(d["Subtype"])
	if subtype == "Type0" || subtype == "Type3" {
		return
	}
	descriptor := c.file.dict(d["FontDescriptor"])
	for _, k := range []name{"FontFile", "FontFile2", "FontFile3"} {
		if program, ok := c.file.resolve(descriptor[k]).(*stream); ok && len(program.data) > 0 {
			return
		}
	}
	c.add(RuleFontEmbedded, n, "a font of the type %s has no font program", plainName(subtype))
}

func (c *checker) files(d dict, n int) {
	if d["EmbeddedFiles"] != nil {
		c.add(RuleEmbeddedFile, n, "there is an EmbeddedFiles entry")
	}
	if d["EF"] != nil {
		c.add(RuleEmbeddedFile, n, "a file specification has an EF entry")
	}
	if c.nameOf(d["Type"]) == "EmbeddedFile" {
		c.add(RuleEmbeddedFile, n, "there is a stream of the type EmbeddedFile")
	}
}

func (c *checker) transparency(d dict, n int) {
	if group := c.file.dict(d["Group"]); group != nil && c.nameOf(group["S"]) == "Transparency" {
		c.add(RuleTransparency, n, "there is a transparency group")
	}
	if mask := c.file.resolve(d["SMask"]); mask != nil && mask != name("None") {
		c.add(RuleTransparency, n, "there is a soft mask")
	}
	for _, k := range []name{"CA", "ca"} {
		if v, isNumber := c.file.resolve(d[k]).(float64); isNumber && (v < 0.999999 || v > 1.000001) {
			c.add(RuleTransparency, n, "there is an opacity other than 1")
		}
	}
	if mode := c.nameOf(d["BM"]); mode != "" && mode != "Normal" && mode != "Compatible" && c.looksLikeState(d) {
		c.add(RuleTransparency, n, "there is the blend mode %s", plainName(mode))
	}
}

// looksLikeState tells a graphics state dictionary, whose Type is optional.
func (c *checker) looksLikeState(d dict) bool {
	t := c.nameOf(d["Type"])
	return t == "ExtGState" || t == ""
}

var allowedAnnotations = []name{
	"Text", "Link", "FreeText", "Line", "Square", "Circle", "Highlight", "Underline", "Squiggly", "StrikeOut", "Stamp",
	"Ink", "Popup", "Widget", "PrinterMark", "TrapNet",
}

func (c *checker) annotation(d dict, n int) {
	subtype := c.nameOf(d["Subtype"])
	isAnnotation := c.nameOf(d["Type"]) == "Annot"
	if isAnnotation && !slices.Contains(allowedAnnotations, subtype) {
		c.add(RuleAnnotation, n, "there is an annotation of the type %s", plainName(subtype))
	}
	if d["AA"] != nil && (subtype == "Widget" || d["FT"] != nil) {
		c.add(RuleTriggerEvents, n, "a form field or its widget has an AA entry")
	}
}

// Actions that PDF/A-1 forbids wherever they are, and those whose name also means something else in structure elements,
// which count only where an action can be.
var (
	forbiddenActions = []name{"JavaScript", "Launch", "ImportData", "ResetForm", "Rendition", "SetOCGState", "GoToE", "GoTo3DView", "RichMediaExecute"}
	ambiguousActions = []name{"Sound", "Movie", "Hide", "Trans", "set-state", "no-op"}
)

func (c *checker) action(d dict, n int, key name) {
	if d["JavaScript"] != nil {
		c.add(RuleAction, n, "there are JavaScript actions of the document")
	}
	s := c.nameOf(d["S"])
	isAction := c.nameOf(d["Type"]) == "Action" || key == "A" || key == "OpenAction" || key == "Next"
	isStructure := c.nameOf(d["Type"]) == "StructElem"
	switch {
	case s == "" || isStructure:
	case slices.Contains(forbiddenActions, s), isAction && slices.Contains(ambiguousActions, s):
		c.add(RuleAction, n, "there is an action of the type %s", s)
	case isAction && s == "Named":
		if !slices.Contains([]name{"NextPage", "PrevPage", "FirstPage", "LastPage"}, c.nameOf(d["N"])) {
			c.add(RuleAction, n, "there is a named action %s", plainName(c.nameOf(d["N"])))
		}
	}
}

func (c *checker) nameOf(o any) name {
	v, _ := c.file.resolve(o).(name)
	return v
}
