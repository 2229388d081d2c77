package xop

import "strings"

// maxContentType bounds a Content-Type value, in bytes.
const maxContentType = 4096

// ContentType is a parsed Content-Type value.
type ContentType struct {
	Type   string // lower case, without parameters, for example "multipart/related"
	params []param
}

type param struct{ name, value string }

// ParseContentType parses a Content-Type value the way servers write it rather than the way RFC 2045 has it: values with
// reserved characters may be unquoted (type=application/dicom), a closing quote may be missing (the value then ends at
// the next semicolon), empty parameters and text after a quoted value are ignored. A parameter given twice with different
// values is refused, since peers would disagree on which one counts.
func ParseContentType(s string) (ContentType, error) {
	if len(s) > maxContentType {
		return ContentType{}, ErrContentType
	}
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7f {
			return ContentType{}, ErrContentType
		}
	}
	mediaType, rest, _ := strings.Cut(s, ";")
	ct := ContentType{Type: strings.ToLower(trim(mediaType))}
	major, minor, ok := strings.Cut(ct.Type, "/")
	if !ok || major == "" || minor == "" || strings.ContainsAny(ct.Type, " \t\",=") {
		return ContentType{}, ErrContentType
	}
	for rest != "" {
		rest = strings.TrimLeft(rest, " \t;")
		end := strings.IndexAny(rest, "=;")
		if end < 0 {
			break // a name without a value
		}
		name := strings.ToLower(trim(rest[:end]))
		if rest[end] == ';' {
			rest = rest[end:]
			continue
		}
		var value string
		value, rest = paramValue(strings.TrimLeft(rest[end+1:], " \t"))
		if name == "" {
			continue
		}
		if old, ok := ct.lookup(name); !ok {
			ct.params = append(ct.params, param{name, value})
		} else if old != value {
			return ContentType{}, ErrContentType
		}
	}
	return ct, nil
}

// paramValue takes the value at the start of s and returns what follows its semicolon.
func paramValue(s string) (value, rest string) {
	if !strings.HasPrefix(s, `"`) {
		value, rest, _ = strings.Cut(s, ";")
		return trim(value), rest
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			_, rest, _ = strings.Cut(s[i+1:], ";")
			return b.String(), rest
		case c == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		default:
			b.WriteByte(c)
		}
	}
	value, rest, _ = strings.Cut(s[1:], ";") // the closing quote is missing
	return trim(value), rest
}

func trim(s string) string { return strings.Trim(s, " \t") }

func (c ContentType) lookup(name string) (string, bool) {
	for _, p := range c.params {
		if p.name == name {
			return p.value, true
		}
	}
	return "", false
}

// Param returns the value of a parameter, empty when absent. The name is not case-sensitive.
func (c ContentType) Param(name string) string {
	v, _ := c.lookup(strings.ToLower(name))
	return v
}

// Boundary returns the boundary parameter.
func (c ContentType) Boundary() string { return c.Param("boundary") }

// Start returns the Content-ID of the root part without angle brackets, empty when the root is the first part.
func (c ContentType) Start() string { return bareID(c.Param("start")) }

// RootType returns the media type of the root part (parameter type), in lower case and without parameters: for example
// "application/xop+xml" or "application/dicom".
func (c ContentType) RootType() string {
	t, _, _ := strings.Cut(c.Param("type"), ";")
	return strings.ToLower(trim(t))
}

// StartInfo returns the media type of the envelope inside a XOP root part (parameter start-info), without parameters.
func (c ContentType) StartInfo() string {
	t, _, _ := strings.Cut(c.Param("start-info"), ";")
	return strings.ToLower(trim(t))
}
