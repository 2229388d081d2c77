package xmlr

import (
	"bytes"
	"iter"
	"strings"
)

// Name is an expanded name. Space is the namespace, "" for none.
type Name struct{ Space, Local string }

// Attr is an attribute; unprefixed attributes have no Space. Value is normalised.
type Attr struct {
	Name
	Value string
}

// Namespace is a namespace declaration; Prefix is "" for the default namespace.
type Namespace struct{ Prefix, URI string }

// Node is an element of a parsed document. All methods accept a nil Node and then answer as an element without
// anything, so that paths can be followed without checks: n.Child(ns, "Header").Child(ns, "To").Text().
// The tree is read only and safe for concurrent use; the input of Parse must not change while it is used.
type Node struct {
	Name     Name
	Prefix   string // as written
	Attrs    []Attr // in document order, declarations excluded
	NS       []Namespace
	Parent   *Node // nil for the root
	Children []*Node

	// Start and End delimit the element in the input: src[Start:End] begins with its '<' and ends with the '>'
	// of its end tag.
	Start, End int

	lead []byte // text before the first child
	tail []byte // text between the end of this element and the next tag of its parent
	src  []byte
}

// Parse reads a whole document into a tree and returns its root. b is kept, not copied: it must not be
// modified afterwards. The error is an *Error.
func Parse(b []byte, o Options) (*Node, error) {
	t := treeBuilder{}
	t.init(b, o)
	var root, cur *Node
	for t.Next() {
		switch t.kind {
		case StartElement:
			n := t.node()
			n.Parent = cur
			if cur == nil {
				root = n
			}
			cur = n
			t.marks = append(t.marks, len(t.open))
		case EndElement:
			top := len(t.marks) - 1
			from := t.marks[top]
			t.marks = t.marks[:top]
			cur.Children = t.adopt(t.open[from:])
			cur.End = t.pos
			t.open = append(t.open[:from], cur)
			cur = cur.Parent
		case Text:
			into := &cur.lead
			if from := t.marks[len(t.marks)-1]; len(t.open) > from {
				into = &t.open[len(t.open)-1].tail
			}
			t.addText(into)
		}
	}
	if t.err != nil {
		return nil, t.err
	}
	return root, nil
}

// treeBuilder allocates nodes, attributes and child lists in blocks.
type treeBuilder struct {
	Scanner
	open  []*Node // finished children waiting for their parents to end
	marks []int   // where the children of each open element begin in open
	nodes []Node
	attr  []Attr
	decl  []Namespace
	kids  []*Node
}

const block = 64

func (t *treeBuilder) node() *Node {
	if len(t.nodes) == 0 {
		t.nodes = make([]Node, block)
	}
	n := &t.nodes[0]
	t.nodes = t.nodes[1:]
	n.Name, n.Start, n.src = t.Scanner.Name(), t.start, t.src
	if t.local > t.nameS {
		n.Prefix = t.names.get(t.Prefix())
	}
	if k := len(t.attrs); k > 0 {
		if len(t.attr) < k {
			t.attr = make([]Attr, max(block, k))
		}
		n.Attrs, t.attr = t.attr[:k:k], t.attr[k:]
		for i := range t.attrs {
			a := &t.attrs[i]
			v := t.src[a.valS:a.valE]
			if !a.plain {
				t.scratch = appendAttrValue(t.scratch[:0], v)
				v = t.scratch
			}
			n.Attrs[i] = Attr{Name{a.space, t.names.get(t.src[a.local:a.nameE])}, t.names.get(v)}
		}
	}
	if k := len(t.ns) - t.nsMark; k > 0 {
		if len(t.decl) < k {
			t.decl = make([]Namespace, max(block/4, k))
		}
		n.NS, t.decl = t.decl[:k:k], t.decl[k:]
		for i, b := range t.ns[t.nsMark:] {
			n.NS[i] = Namespace{t.names.get(b.prefix), b.uri}
		}
	}
	return n
}

func (t *treeBuilder) adopt(list []*Node) []*Node {
	k := len(list)
	if k == 0 {
		return nil
	}
	if len(t.kids) < k {
		t.kids = make([]*Node, max(block, k))
	}
	var out []*Node
	out, t.kids = t.kids[:k:k], t.kids[k:]
	copy(out, list)
	return out
}

func (t *treeBuilder) addText(into *[]byte) {
	v := t.TextValue()
	if t.flags&(hasCR|hasRef) != 0 {
		v = bytes.Clone(v) // the scratch buffer is reused
	}
	if len(*into) == 0 {
		*into = v[:len(v):len(v)] // appending later copies
		return
	}
	*into = append(*into, v...)
}

// Is reports whether the element has this expanded name.
func (n *Node) Is(space, local string) bool {
	return n != nil && n.Name.Local == local && n.Name.Space == space
}

// Attr returns the value of an attribute without namespace, "" when absent.
func (n *Node) Attr(local string) string {
	v, _ := n.LookupAttr("", local)
	return v
}

// LookupAttr returns the value of an attribute by expanded name and whether it is present.
func (n *Node) LookupAttr(space, local string) (string, bool) {
	if n == nil {
		return "", false
	}
	for i := range n.Attrs {
		if a := &n.Attrs[i]; a.Local == local && a.Space == space {
			return a.Value, true
		}
	}
	return "", false
}

// Text returns the character data of the element itself, not of its children, comments left out.
func (n *Node) Text() string {
	if n == nil {
		return ""
	}
	if len(n.Children) == 0 {
		return string(n.lead)
	}
	var b strings.Builder
	b.Write(n.lead)
	for _, c := range n.Children {
		b.Write(c.tail)
	}
	return b.String()
}

// TrimText is Text without white space around it.
func (n *Node) TrimText() string { return strings.Trim(n.Text(), " \t\r\n") }

// TextBytes is Text without a copy when the element has no children: do not modify it. For large content.
func (n *Node) TextBytes() []byte {
	if n == nil {
		return nil
	}
	if len(n.Children) == 0 {
		return n.lead
	}
	return []byte(n.Text())
}

// DeepText returns the character data of the element and of all its descendants, in document order.
func (n *Node) DeepText() string {
	if n == nil {
		return ""
	}
	var b strings.Builder
	n.deepText(&b)
	return b.String()
}

func (n *Node) deepText(b *strings.Builder) {
	b.Write(n.lead)
	for _, c := range n.Children {
		c.deepText(b)
		b.Write(c.tail)
	}
}

// Lead returns the text between the start tag and the first child (all the text when there is none).
func (n *Node) Lead() string {
	if n == nil {
		return ""
	}
	return string(n.lead)
}

// Tail returns the text between the end tag of the element and the next tag of its parent. Lead and the Tail of
// each child give mixed content in order.
func (n *Node) Tail() string {
	if n == nil {
		return ""
	}
	return string(n.tail)
}

// Raw returns the bytes of the element as they stand in the input: do not modify them.
func (n *Node) Raw() []byte {
	if n == nil {
		return nil
	}
	return n.src[n.Start:n.End:n.End]
}

// Source returns the whole input the element belongs to: do not modify it.
func (n *Node) Source() []byte {
	if n == nil {
		return nil
	}
	return n.src
}

// Position returns the line and column of the start tag.
func (n *Node) Position() (line, col int) {
	if n == nil {
		return 0, 0
	}
	return Position(n.src, n.Start)
}

// match compares with a path step; "*" stands for any namespace or any local name.
func (n *Node) match(space, local string) bool {
	return (local == "*" || n.Name.Local == local) && (space == "*" || n.Name.Space == space)
}

// Child returns the first child with this name, nil when there is none. "*" matches anything.
func (n *Node) Child(space, local string) *Node {
	if n == nil {
		return nil
	}
	for _, c := range n.Children {
		if c.match(space, local) {
			return c
		}
	}
	return nil
}

// Find returns the first element at the end of path, nil when there is none. The path is made of local names
// separated by '/', all in the namespace space; "*" matches anything. Every branch is tried.
func (n *Node) Find(space, path string) *Node {
	for c := range n.Each(space, path) {
		return c
	}
	return nil
}

// All returns every element at the end of path, in document order. See Find.
func (n *Node) All(space, path string) []*Node {
	var out []*Node
	for c := range n.Each(space, path) {
		out = append(out, c)
	}
	return out
}

// Each iterates over the elements at the end of path, in document order. See Find.
func (n *Node) Each(space, path string) iter.Seq[*Node] {
	return func(yield func(*Node) bool) { n.each(space, path, yield) }
}

func (n *Node) each(space, path string, yield func(*Node) bool) bool {
	if n == nil {
		return true
	}
	step, rest, more := strings.Cut(path, "/")
	for _, c := range n.Children {
		if !c.match(space, step) {
			continue
		}
		if more {
			if !c.each(space, rest, yield) {
				return false
			}
		} else if !yield(c) {
			return false
		}
	}
	return true
}

// Walk iterates over the element and all its descendants in document order.
func (n *Node) Walk() iter.Seq[*Node] {
	return func(yield func(*Node) bool) { n.walk(yield) }
}

func (n *Node) walk(yield func(*Node) bool) bool {
	if n == nil {
		return true
	}
	if !yield(n) {
		return false
	}
	for _, c := range n.Children {
		if !c.walk(yield) {
			return false
		}
	}
	return true
}

// Contains reports whether d is n or one of its descendants.
func (n *Node) Contains(d *Node) bool {
	for ; d != nil; d = d.Parent {
		if d == n {
			return true
		}
	}
	return false
}

// LookupNS returns the namespace bound to prefix at the element ("" asks for the default namespace): for names
// in content, such as xsi:type values.
func (n *Node) LookupNS(prefix string) (string, bool) {
	if prefix == "xml" {
		return XMLNamespace, true
	}
	for ; n != nil; n = n.Parent {
		for i := range n.NS {
			if n.NS[i].Prefix == prefix {
				return n.NS[i].URI, true
			}
		}
	}
	return "", prefix == ""
}

// QName resolves a qualified name found in content (an xsi:type value, a fault code) at the element. Unprefixed
// names take the default namespace. ok is false for an undeclared prefix.
func (n *Node) QName(s string) (name Name, ok bool) {
	s = strings.Trim(s, " \t\r\n")
	prefix, local, prefixed := strings.Cut(s, ":")
	if !prefixed {
		prefix, local = "", s
	}
	space, ok := n.LookupNS(prefix)
	return Name{space, local}, ok && local != ""
}
