package dicomweb

import "strconv"

// values reads the Value member: an array, or one bare value (a deviation).
func (d *jsonDecoder) values() bool {
	if c := d.peek(); c != '[' {
		return c != 0 && d.value(c)
	}
	d.pos++
	if d.peek() == ']' {
		d.pos++
		return true
	}
	for {
		c := d.peek()
		if c == 0 || !d.value(c) {
			return false
		}
		if !d.more(']') {
			return d.fault == faultNone
		}
	}
}

// value reads one value, whose first byte is c, onto the spans or the items.
func (d *jsonDecoder) value(c byte) bool {
	if c != '{' {
		s, ok := d.scalar()
		if ok {
			d.spans = append(d.spans, s)
		}
		return ok
	}
	start := d.pos
	d.pos++
	first := d.peek()
	if first == 0 {
		return false
	}
	if first == '}' {
		d.pos++
		d.spans = append(d.spans, span{len(d.text), len(d.text)})
		d.items = append(d.items, &Dataset{})
		return true
	}
	name := d.key()
	if d.fault != faultNone {
		return false
	}
	if g := nameGroup(name); g >= 0 {
		return d.personName(g)
	}
	d.pos = start
	item := d.dataset()
	if item == nil {
		return false
	}
	d.items = append(d.items, item)
	return true
}

// nameGroup returns the place of a component group of a person name, or -1.
func nameGroup(name []byte) int {
	switch string(name) {
	case "Alphabetic":
		return 0
	case "Ideographic":
		return 1
	case "Phonetic":
		return 2
	}
	return -1
}

// personName reads the rest of a person name after the name of its first
// member, and writes "alphabetic=ideographic=phonetic".
func (d *jsonDecoder) personName(group int) bool {
	var groups [3]span
	highest := 0
	for {
		if group < 0 {
			if !d.skip() {
				return false
			}
		} else {
			s, ok := d.scalar()
			if !ok {
				return false
			}
			groups[group] = s
			if s.to > s.from {
				highest = max(highest, group)
			}
		}
		if !d.more('}') {
			break
		}
		name := d.key()
		if d.fault != faultNone {
			return false
		}
		group = nameGroup(name)
	}
	if d.fault != faultNone {
		return false
	}
	if highest == 0 {
		d.spans = append(d.spans, groups[0])
		return true
	}
	from := len(d.text)
	for i, g := range groups[:highest+1] {
		if i > 0 {
			d.text = append(d.text, '=')
		}
		d.text = append(d.text, d.text[g.from:g.to]...)
	}
	d.spans = append(d.spans, span{from, len(d.text)})
	return true
}

// normalize gives the values of a text form of a data set the spelling that
// [Element] promises.
func (e *Element) normalize() {
	switch e.VR {
	case FL, FD:
		normalizeFloats(e.Values)
	case AT:
		normalizeTags(e.Values)
	}
	if len(e.Values) == 1 && e.Values[0] == "" {
		e.Values = nil
	}
}

// normalizeTags reads tags that are written as "(gggg,eeee)", in lower case or
// as a number.
func normalizeTags(values []string) {
	for i, v := range values {
		if t, ok := parseAT(v); ok {
			values[i] = t.String()
		} else if n, err := strconv.ParseUint(v, 10, 32); err == nil {
			values[i] = Tag(n).String() //nolint:gosec // 32 bits
		}
	}
}
