package dicomweb

import (
	"compress/flate"
	"encoding/binary"
	"errors"
	"io"
	"slices"

	"github.com/segur-sdk/segur"
)

const opEdit = "dicomweb.Edit"

// tagLengthToEnd counts the bytes of the rest of the data set, in files of the
// time before DICOM.
const tagLengthToEnd Tag = 0x00080001

// Edit returns the Part 10 file that r gives, with changes to attributes of its
// main data set, one for each attribute. It works as the file passes, in constant
// memory: every other byte stays as it is, the file meta information included,
// but for group lengths (gggg,0000) of a group that changes, which are taken out
// (PS3.5 7.2 retired them). A deflated data set is deflated anew.
//
// Values are encoded as the file is, text in its character set: a character that
// it lacks is an error. The file is followed to its end, so a cut one gives
// [segur.ErrTruncated], and one that breaks a rule of the format
// [segur.ErrProtocol]; neither ever ends with io.EOF. A change that cannot be
// made is [segur.ErrInvalidInput]. Attributes that identify the instance in the
// file meta information (SOP class and instance) cannot be changed.
func Edit(r io.Reader, changes ...Change) io.Reader {
	e := newEditor(r, slices.Clone(changes))
	slices.SortStableFunc(e.changes, func(a, b Change) int { return int(int64(a.tag) - int64(b.tag)) })
	e.err = checkChanges(e.changes)
	return e
}

func newEditor(r io.Reader, changes []Change) *editor {
	e := &editor{rewriter: newRewriter(opEdit, r), changes: changes}
	e.step = e.next
	return e
}

func checkChanges(changes []Change) error {
	var p segur.Problems
	for i, c := range changes {
		field := "changes[" + c.tag.String() + "]"
		switch {
		case i > 0 && changes[i-1].tag == c.tag:
			p.Add(field, "is given twice")
		case c.tag>>16 <= 2 || c.tag >= TagPixelData || c.tag&0xFFFF == 0:
			p.Add(field, "must be an attribute of the data set in front of the pixels")
		case c.tag == TagSOPClassUID || c.tag == TagSOPInstanceUID || c.tag == TagSpecificCharacterSet:
			p.Add(field, "cannot be changed in place: it says what the file is")
		}
	}
	return p.Err(opEdit)
}

// editor is the state of an Edit on its way.
type editor struct {
	rewriter
	changes []Change // ascending
	made    int      // of them, those that are behind
	begun   bool

	stack    []editLevel
	last     Tag // of the main data set
	charsets []string

	deflate *deflater // nil: the data set is not deflated
}

// editLevel is a value of undefined length that is being followed.
type editLevel struct {
	kind  editLevelKind
	order byteOrder // around it
	impl  bool
	item  []byte // to add before the end of a sequence
}

// editLevelKind is what a level holds.
type editLevelKind uint8

const (
	inSequence editLevelKind = iota
	inOpenItem
	inFragments
	afterValue // of defined length: only adds its item
)

// next goes one element further.
func (e *editor) next() (err error) {
	switch {
	case e.deflate != nil:
		e.out, err = e.deflate.next(e.out)
		return err
	case !e.begun:
		e.begun = true
		return e.begin()
	case len(e.stack) > 0:
		return e.inside(&e.stack[len(e.stack)-1])
	}
	e.mute = false
	return e.element()
}

// begin passes preamble and file meta information.
func (e *editor) begin() error {
	h, meta, err := e.meta()
	if err != nil {
		return err
	}
	e.out = append(e.out, meta...)
	if h.TransferSyntaxUID == DeflatedExplicitVRLE {
		inner := newEditor(&inflated{r: flate.NewReader(e.w.br), left: maxFollowed}, e.changes)
		inner.begun = true
		e.deflate = newDeflater(inner)
	}
	return nil
}

// header reads the header of an element and keeps its bytes.
func (e *editor) header() (fileElement, []byte, error) {
	raw, err := e.w.br.Peek(12)
	if err != nil && !errors.Is(err, io.EOF) {
		return fileElement{}, nil, err
	}
	if len(raw) < 8 {
		return fileElement{}, nil, errCut
	}
	at := e.w.pos
	h, err := e.w.header()
	if err != nil {
		return h, nil, err
	}
	return h, raw[:e.w.pos-at], nil // in the buffer until the next read
}

func (e *editor) emit(b []byte) {
	if !e.mute {
		e.out = append(e.out, b...)
	}
}

// element passes an element of the main data set, with what changes before it.
func (e *editor) element() error {
	if _, err := e.w.br.Peek(1); errors.Is(err, io.EOF) {
		if err := e.insert(0xFFFFFFFF); err != nil {
			return err
		}
		return io.EOF
	} else if err != nil {
		return err
	}
	h, raw, err := e.header()
	if err != nil {
		return err
	}
	raw = slices.Clone(raw)
	if h.tag>>16 == 0xFFFE {
		return errDelimiter
	}
	if h.tag <= e.last && e.touched(h.tag) {
		return rule("the elements are not in ascending order where one of them is to change")
	}
	e.last = max(e.last, h.tag)
	if err := e.insert(h.tag); err != nil {
		return err
	}
	if h.tag == TagSpecificCharacterSet && h.length <= 1<<10 {
		if err := e.charset(h); err != nil {
			return err
		}
	}
	if e.made < len(e.changes) && e.changes[e.made].tag == h.tag {
		c := e.changes[e.made]
		e.made++
		return e.change(c, h, raw)
	}
	e.mute = h.tag&0xFFFF == 0 && e.touchedGroup(h.tag>>16) || h.tag == tagLengthToEnd && len(e.changes) > 0
	e.emit(raw)
	return e.follow(h, nil)
}

// touched reports whether the attribute, or its character set, is to change.
func (e *editor) touched(tag Tag) bool {
	return tag == TagSpecificCharacterSet && len(e.changes) > 0 || slices.ContainsFunc(e.changes, func(c Change) bool { return c.tag == tag })
}

func (e *editor) touchedGroup(group Tag) bool {
	return slices.ContainsFunc(e.changes, func(c Change) bool { return c.tag>>16 == group })
}

// insert writes the attributes that are to come before tag and were not met.
func (e *editor) insert(tag Tag) error {
	for ; e.made < len(e.changes) && e.changes[e.made].tag < tag; e.made++ {
		if c := e.changes[e.made]; c.kind != remove {
			var err error
			if e.out, err = e.encode(e.out, c.elem); err != nil {
				return err
			}
		}
	}
	return nil
}

// charset notes the character set of the file, which is the value at hand.
func (e *editor) charset(h fileElement) error {
	b, err := e.w.br.Peek(int(h.length))
	if err != nil {
		if errors.Is(err, io.EOF) {
			return errCut
		}
		return err
	}
	e.charsets = splitText(b)
	return nil
}

// change makes the change of the attribute at hand.
func (e *editor) change(c Change, h fileElement, raw []byte) error {
	var err error
	switch {
	case c.kind == remove:
		e.mute = true
		return e.follow(h, nil)
	case c.kind == put:
		if e.out, err = e.encode(e.out, c.elem); err != nil {
			return err
		}
		e.mute = true
		return e.follow(h, nil)
	case !e.w.impl && h.vr != SQ:
		return rule("the attribute that an item is to be added to is no sequence")
	}
	item, err := e.encodeItems(c.elem)
	if err != nil {
		return err
	}
	if h.length == undefinedLength {
		e.emit(raw)
		return e.follow(h, item)
	}
	size := uint64(h.length) + uint64(len(item))
	if size >= undefinedLength {
		return rule("the sequence is longer than any is")
	}
	e.w.order.PutUint32(raw[len(raw)-4:], uint32(size))
	e.emit(raw)
	// The items are of defined length: they pass as they are, then the new one.
	e.pass = int64(h.length)
	e.stack = append(e.stack, editLevel{kind: afterValue, order: e.w.order, impl: e.w.impl, item: item})
	return nil
}

// follow passes the value of h; item is added before the end of a sequence.
func (e *editor) follow(h fileElement, item []byte) error {
	if h.length != undefinedLength {
		e.pass = int64(h.length)
		return nil
	}
	if len(e.stack) >= 2*maxDepth {
		return errTooDeep
	}
	l := editLevel{order: e.w.order, impl: e.w.impl, item: item}
	switch {
	case h.tag == TagPixelData || h.vr == OB || h.vr == OW:
		l.kind = inFragments
	case h.vr == UN: // Implicit VR Little Endian (PS3.5 6.2.2)
		e.w.impl, e.w.order = true, binary.LittleEndian
	case h.vr != SQ && !e.w.impl:
		return errOpenValue
	}
	e.stack = append(e.stack, l)
	return nil
}

// inside goes one element further in a value of undefined length.
func (e *editor) inside(l *editLevel) error {
	leave := func() {
		e.w.order, e.w.impl = l.order, l.impl
		e.stack = e.stack[:len(e.stack)-1]
	}
	if l.kind == afterValue {
		e.emit(l.item)
		leave()
		return nil
	}
	h, raw, err := e.header()
	if err != nil {
		return err
	}
	switch {
	case l.kind == inOpenItem && h.tag == tagItemEnd && h.length == 0:
		e.emit(raw)
		leave()
		return nil
	case l.kind == inOpenItem && h.tag>>16 == 0xFFFE:
		return errDelimiter
	case l.kind == inOpenItem:
		e.emit(raw)
		return e.follow(h, nil)
	case h.tag == tagSequenceEnd && h.length == 0:
		raw = slices.Clone(raw)
		e.emit(l.item)
		e.emit(raw)
		leave()
		return nil
	case h.tag != tagItem || l.kind == inFragments && h.length == undefinedLength:
		return errNoItem
	}
	e.emit(raw)
	if h.length != undefinedLength {
		e.pass = int64(h.length)
		return nil
	}
	if len(e.stack) >= 2*maxDepth {
		return errTooDeep
	}
	e.stack = append(e.stack, editLevel{kind: inOpenItem, order: e.w.order, impl: e.w.impl})
	return nil
}
