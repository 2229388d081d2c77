package hl7

import "strings"

// The delimiters of HL7 v2.5 and their escape sequences (chapter 2.10). XDS
// metadata use them as they are, without an MSH segment that could change them.
var escapes = [...]struct {
	char byte
	seq  string
}{
	{'\\', `\E\`}, {'|', `\F\`}, {'~', `\R\`}, {'^', `\S\`}, {'&', `\T\`},
}

// escape protects the delimiters in a component. Line breaks, which no
// metadata value may hold, become blanks.
func escape(s string) string {
	if !strings.ContainsAny(s, "\\|~^&\r\n") {
		return s
	}
	var b strings.Builder
next:
	for i := range len(s) {
		if s[i] == '\r' || s[i] == '\n' {
			b.WriteByte(' ')
			continue
		}
		for _, e := range escapes {
			if s[i] == e.char {
				b.WriteString(e.seq)
				continue next
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// unescape undoes escape. A backslash that starts no known sequence is kept.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
next:
	for i := 0; i < len(s); {
		for _, e := range escapes {
			if strings.HasPrefix(s[i:], e.seq) {
				b.WriteByte(e.char)
				i += len(e.seq)
				continue next
			}
		}
		b.WriteByte(s[i])
		i++
	}
	return b.String()
}

// components splits a value at ^ and unescapes nothing yet.
func components(s string) []string { return strings.Split(s, "^") }

// at returns component n, counted from 1, unescaped; "" when it is absent.
func at(parts []string, n int) string {
	if n > len(parts) {
		return ""
	}
	return unescape(parts[n-1])
}

// join writes components, already escaped, without the empty ones at the end.
func join(parts ...string) string { return strings.TrimRight(strings.Join(parts, "^"), "^") }
