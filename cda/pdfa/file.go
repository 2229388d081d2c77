package pdfa

import (
	"bytes"
	"errors"
	"strings"
)

// file is a PDF file whose objects are found through its cross-reference table.
type file struct {
	data    []byte
	budget  *budget
	xref    map[int]int // object number -> offset
	trailer dict        // the newest one
	sizes   map[int]int // values of indirect Length entries, so that each is read once
}

var errCompressed = errors.New("cross-reference stream")

func newFile(data []byte) *file {
	return &file{
		data: data, xref: map[int]int{}, sizes: map[int]int{},
		// A file is read about once; twice when streams have wrong lengths.
		budget: &budget{bytes: 4*len(data) + 1<<16, nodes: maxNodes},
	}
}

func (f *file) at(offset int) *reader { return &reader{data: f.data, pos: offset, budget: f.budget} }

// load follows startxref and the chain of older cross-reference sections.
func (f *file) load() error {
	tail := f.data[max(0, len(f.data)-2048):]
	i := bytes.LastIndex(tail, []byte("startxref"))
	if i < 0 {
		return errors.New("no startxref")
	}
	r := f.at(len(f.data) - len(tail) + i + len("startxref"))
	o, err := r.object()
	if err != nil {
		return err
	}
	seen := map[int]bool{}
	for o != nil {
		n, ok := o.(float64)
		if !ok || n < 0 || n >= float64(len(f.data)) || n != float64(int(n)) {
			return errors.New("an offset leads out of the file")
		}
		if seen[int(n)] {
			return errors.New("the sections form a loop")
		}
		if seen[int(n)] = true; len(seen) > maxXRefs {
			return errBudget
		}
		trailer, err := f.section(int(n))
		if err != nil {
			return err
		}
		if f.trailer == nil {
			f.trailer = trailer
		}
		if trailer["XRefStm"] != nil {
			return errCompressed
		}
		if trailer["Encrypt"] != nil { // in any of them
			f.trailer["Encrypt"] = trailer["Encrypt"]
		}
		o = trailer["Prev"]
	}
	return nil
}

// section reads one section of the cross-reference table and its trailer. Entries that are known are newer and stay.
func (f *file) section(offset int) (dict, error) {
	r := f.at(offset)
	o, err := r.object()
	if err != nil {
		return nil, err
	}
	if _, isNumber := o.(float64); isNumber {
		return nil, errCompressed // "12 0 obj": the dictionary of a stream
	}
	if o != keyword("xref") {
		return nil, errors.New("no table where startxref or Prev leads")
	}
	for {
		o, err = r.object()
		if err != nil {
			return nil, err
		}
		if o == keyword("trailer") {
			break
		}
		first, ok := o.(float64)
		o, err = r.object()
		count, ok2 := o.(float64)
		if err != nil || !ok || !ok2 || first < 0 || count < 0 || first+count > 8388607 {
			return nil, errors.New("a subsection of the table is malformed")
		}
		if err := f.entries(r, int(first), int(count)); err != nil {
			return nil, err
		}
	}
	o, err = r.object()
	if err != nil {
		return nil, err
	}
	d, ok := o.(dict)
	if !ok {
		return nil, errors.New("no trailer dictionary")
	}
	return d, nil
}

// entries reads the entries of a subsection: offset, generation, n (in use) or f (free).
func (f *file) entries(r *reader, first, count int) error {
	for n := first; n < first+count; n++ {
		from := r.pos
		r.skipSpace()
		offset, ok := r.whole(r.word())
		r.skipSpace()
		_, ok2 := r.whole(r.word())
		r.skipSpace()
		kind := r.word()
		f.budget.bytes -= r.pos - from
		if f.budget.nodes--; f.budget.bytes < 0 || f.budget.nodes < 0 {
			return errBudget
		}
		if !ok || !ok2 || (kind != "n" && kind != "f") {
			return errors.New("an entry of the table is malformed")
		}
		if _, newer := f.xref[n]; newer {
			continue
		}
		if kind == "f" {
			offset = 0
		}
		f.xref[n] = offset
	}
	return nil
}

// errNotThere: the cross-reference table leads somewhere else than to the object.
var errNotThere = errors.New("the table does not lead to the object")

// get reads an object. An object that is free or not in the table is null, as PDF says.
func (f *file) get(n ref) (any, error) {
	o, r, err := f.head(n)
	d, isDict := o.(dict)
	if err != nil || !isDict {
		return o, err
	}
	from := r.pos
	r.skipSpace()
	f.budget.bytes -= r.pos - from
	if !bytes.HasPrefix(f.data[r.pos:], []byte("stream")) {
		return d, nil
	}
	return f.stream(r.pos+len("stream"), d)
}

// head reads an object but not the data of a stream; the reader stands behind it.
func (f *file) head(n ref) (any, *reader, error) {
	offset := f.xref[int(n)]
	if offset == 0 {
		return nil, nil, nil
	}
	if offset >= len(f.data) {
		return nil, nil, errNotThere
	}
	r := f.at(offset)
	r.skipSpace()
	number, ok := r.whole(r.word())
	r.skipSpace()
	_, ok2 := r.whole(r.word())
	r.skipSpace()
	word := r.word()
	f.budget.bytes -= r.pos - offset
	if !ok || !ok2 || number != int(n) || word != "obj" {
		return nil, nil, errNotThere
	}
	o, err := r.object()
	if err != nil {
		return nil, nil, err
	}
	if _, bad := o.(keyword); bad {
		return nil, nil, errSyntax
	}
	return o, r, nil
}

// stream finds the data of a stream that begins at pos: by its Length, else up to endstream.
func (f *file) stream(pos int, d dict) (any, error) {
	if bytes.HasPrefix(f.data[pos:], []byte("\r\n")) {
		pos += 2
	} else if pos < len(f.data) && (f.data[pos] == '\n' || f.data[pos] == '\r') {
		pos++
	}
	if size, ok := f.size(d["Length"]); ok && size <= len(f.data)-pos {
		rest := bytes.TrimLeft(f.data[pos+size:min(pos+size+20, len(f.data))], "\r\n")
		if bytes.HasPrefix(rest, []byte("endstream")) {
			return &stream{dict: d, data: f.data[pos : pos+size]}, nil
		}
	}
	end := bytes.Index(f.data[pos:], []byte("endstream"))
	if end < 0 {
		f.budget.bytes -= len(f.data) - pos
		return nil, errors.New("a stream has no end")
	}
	if f.budget.bytes -= end; f.budget.bytes < 0 {
		return nil, errBudget
	}
	return &stream{dict: d, data: f.data[pos : pos+end], badLength: true}, nil
}

// size reads a Length, which may be a reference to a number.
func (f *file) size(o any) (int, bool) {
	if n, isRef := o.(ref); isRef {
		if v, known := f.sizes[int(n)]; known {
			return v, v >= 0
		}
		f.sizes[int(n)] = -1
		v, _, err := f.head(n)
		if err != nil {
			return 0, false
		}
		if size, ok := f.size(noRef(v)); ok {
			f.sizes[int(n)] = size
			return size, true
		}
		return 0, false
	}
	v, ok := o.(float64)
	return int(v), ok && v >= 0 && v <= float64(len(f.data)) && v == float64(int(v))
}

func noRef(o any) any {
	if _, isRef := o.(ref); isRef {
		return nil
	}
	return o
}

// resolve follows a reference (PDF allows one step). What cannot be read is null.
func (f *file) resolve(o any) any {
	if n, isRef := o.(ref); isRef {
		v, err := f.get(n)
		if err != nil {
			return nil
		}
		return noRef(v)
	}
	return o
}

// dict resolves o and returns it when it is a dictionary or a stream's dictionary, else nil.
func (f *file) dict(o any) dict {
	switch v := f.resolve(o).(type) {
	case dict:
		return v
	case *stream:
		return v.dict
	}
	return nil
}

// filters lists the filters of a stream.
func (f *file) filters(d dict) []name {
	var names []name
	switch v := f.resolve(d["Filter"]).(type) {
	case name:
		names = append(names, v)
	case array:
		for _, o := range v {
			if n, ok := f.resolve(o).(name); ok {
				names = append(names, n)
			}
		}
	}
	return names
}

// plainName shows a name of the file in a detail when it looks like one of the format, since other text of a document must
// not get into a log.
func plainName(n name) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	if n == "" || len(n) > 24 || strings.Trim(string(n), letters) != "" {
		return "an unknown value"
	}
	return string(n)
}
