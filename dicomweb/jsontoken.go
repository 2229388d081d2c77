package dicomweb

import (
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// plain marks the bytes that a JSON string holds as they are.
var plain = func() (table [256]bool) {
	for i := range table {
		table[i] = i >= ' ' && i != '"' && i != '\\'
	}
	return table
}()

// scalar reads a string, a number, null, true, false or a non-finite number
// onto the text.
func (d *jsonDecoder) scalar() (span, bool) {
	switch c := d.peek(); {
	case c == '"':
		return d.str()
	case c == '-' || c == '+' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z':
		return d.word()
	case c != 0:
		d.fail(faultSyntax)
	}
	return span{}, false
}

// str reads a string onto the text; pos is at its quotation mark.
func (d *jsonDecoder) str() (span, bool) {
	from := len(d.text)
	buf := d.buf
	start := d.pos + 1
	for i := start; i < len(buf); i++ {
		c := buf[i]
		if plain[c] {
			continue
		}
		d.text = append(d.text, buf[start:i]...)
		switch {
		case c == '"':
			d.pos = i + 1
			return span{from, len(d.text)}, true
		case c != '\\':
			d.pos = i
			return span{}, d.fail(faultSyntax)
		}
		n := d.escape(buf[i:])
		if n == 0 {
			d.pos = i
			return span{}, false
		}
		i += n - 1
		start = i + 1
	}
	d.pos = len(buf)
	return span{}, d.fail(faultShort)
}

// escape writes the character of the escape at the head of b, and returns its
// length; 0 with the fault set when it is not one.
func (d *jsonDecoder) escape(b []byte) int {
	if len(b) < 2 {
		d.fail(faultShort)
		return 0
	}
	const names, meanings = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
	for i := range len(names) {
		if b[1] == names[i] {
			d.text = append(d.text, meanings[i])
			return 2
		}
	}
	r, ok := d.unicodeEscape(b)
	if !ok {
		return 0
	}
	if !utf16.IsSurrogate(r) {
		d.text = utf8.AppendRune(d.text, r)
		return 6
	}
	// The other half of the pair decides; a lone half becomes U+FFFD.
	if len(b) < 8 && !hasNonEscape(b[6:]) {
		d.fail(faultShort)
		return 0
	}
	if b[6] == '\\' && b[7] == 'u' {
		low, ok := d.unicodeEscape(b[6:])
		if !ok {
			return 0
		}
		if both := utf16.DecodeRune(r, low); both != utf8.RuneError {
			d.text = utf8.AppendRune(d.text, both)
			return 12
		}
	}
	d.text = utf8.AppendRune(d.text, utf8.RuneError)
	return 6
}

// hasNonEscape reports whether the bytes after half a pair already show that no
// escape follows.
func hasNonEscape(b []byte) bool { return len(b) > 0 && b[0] != '\\' }

func (d *jsonDecoder) unicodeEscape(b []byte) (rune, bool) {
	if b[1] != 'u' {
		return 0, d.fail(faultSyntax)
	}
	var r rune
	for i := 2; i < 6; i++ {
		if i >= len(b) {
			return 0, d.fail(faultShort)
		}
		h := hexDigit[b[i]]
		if h > 0xF {
			return 0, d.fail(faultSyntax)
		}
		r = r<<4 | rune(h)
	}
	return r, true
}

// word reads a number or a bare word. Numbers keep their digits; null is empty.
func (d *jsonDecoder) word() (span, bool) {
	i := d.pos
	for i < len(d.buf) && (d.buf[i] >= '+' && d.buf[i] <= '.' && d.buf[i] != ',' ||
		d.buf[i] >= '0' && d.buf[i] <= '9' || d.buf[i]|0x20 >= 'a' && d.buf[i]|0x20 <= 'z') {
		i++
	}
	if i == len(d.buf) { // a word is over only when something follows it
		d.pos = i
		return span{}, d.fail(faultShort)
	}
	w := d.buf[d.pos:i]
	from := len(d.text)
	switch string(w) {
	case "null":
	case "true", "false":
		d.text = append(d.text, w...)
	default:
		if f, ok := nonFinite(string(w)); ok {
			d.text = append(d.text, f...)
		} else if isNumber(w) {
			d.text = append(d.text, w...)
		} else {
			return span{}, d.fail(faultSyntax)
		}
	}
	d.pos = i
	return span{from, len(d.text)}, true
}

// nonFinite maps the spellings of values that JSON has no number for (seen from
// pydicom, DCMTK and others) to those that [Element] promises.
func nonFinite(s string) (string, bool) {
	switch s {
	case "NaN", "nan", "-nan":
		return "NaN", true
	case "Infinity", "inf", "+inf", "Inf", "+Infinity":
		return "inf", true
	case "-Infinity", "-inf", "-Inf":
		return "-inf", true
	}
	return "", false
}

// normalizeFloats gives non-finite values their one spelling, also when they
// came as a number beyond float64 (Orthanc's 1e+9999).
func normalizeFloats(values []string) {
	for i, v := range values {
		if s, ok := nonFinite(v); ok {
			values[i] = s
			continue
		}
		if len(v) < 6 {
			continue
		}
		if f, _ := strconv.ParseFloat(v, 64); math.IsInf(f, 1) {
			values[i] = "inf"
		} else if math.IsInf(f, -1) {
			values[i] = "-inf"
		}
	}
}

// isNumber reports whether w is a JSON number (RFC 8259 section 6).
func isNumber[S string | []byte](w S) bool {
	i := 0
	if i < len(w) && w[i] == '-' {
		i++
	}
	digits := func() bool {
		from := i
		for i < len(w) && w[i] >= '0' && w[i] <= '9' {
			i++
		}
		return i > from
	}
	if i < len(w) && w[i] == '0' {
		i++
	} else if !digits() {
		return false
	}
	if i < len(w) && w[i] == '.' {
		i++
		if !digits() {
			return false
		}
	}
	if i < len(w) && w[i]|0x20 == 'e' {
		i++
		if i < len(w) && (w[i] == '+' || w[i] == '-') {
			i++
		}
		if !digits() {
			return false
		}
	}
	return i == len(w)
}

// skip passes over any value.
func (d *jsonDecoder) skip() bool {
	depth := 0
	for {
		c := d.peek()
		switch {
		case c == 0:
			return false
		case c == '{' || c == '[':
			if depth++; depth > 4*maxDepth {
				return d.fail(faultDepth)
			}
			d.pos++
		case c == '}' || c == ']':
			d.pos++
			depth--
		case c == ',' || c == ':':
			if depth == 0 {
				return d.fail(faultSyntax)
			}
			d.pos++
		default:
			mark := len(d.text)
			if _, ok := d.scalar(); !ok {
				return false
			}
			d.text = d.text[:mark]
		}
		if depth < 0 {
			return d.fail(faultSyntax)
		}
		if depth == 0 {
			return true
		}
	}
}
