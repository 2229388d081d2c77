package dicomweb

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
