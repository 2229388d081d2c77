package mssante

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// charmaps are the single-byte sets of French mail software.
var charmaps = map[string]*charmap.Charmap{
	"iso-8859-1": charmap.Windows1252, "latin1": charmap.Windows1252, "windows-1252": charmap.Windows1252, "cp1252": charmap.Windows1252,
	"iso-8859-15": charmap.ISO8859_15, "latin9": charmap.ISO8859_15,
}

// decodeCharset reports whether the set is known and fits the text.
func decodeCharset(name string, b []byte) (string, bool) {
	name = strings.ToLower(strings.TrimSpace(name))
	switch name {
	case "", "utf-8", "utf8", "us-ascii", "ascii":
		if utf8.Valid(b) {
			return string(b), true
		}
		return latin1(string(b)), false
	}
	if m, ok := charmaps[name]; ok {
		out, err := m.NewDecoder().Bytes(b)
		return string(out), err == nil
	}
	if utf8.Valid(b) {
		return string(b), false
	}
	return latin1(string(b)), false
}

func charsetReader(name string, r io.Reader) (io.Reader, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	text, known := decodeCharset(name, b)
	if !known {
		return nil, fmt.Errorf("unknown charset")
	}
	return bytes.NewReader([]byte(text)), nil
}

func isUTF8(s string) bool { return utf8.ValidString(s) }

// latin1 reads bytes as Windows-1252, which never fails.
func latin1(s string) string {
	out, err := charmap.Windows1252.NewDecoder().String(s)
	if err != nil {
		return strings.ToValidUTF8(s, "\uFFFD")
	}
	return out
}
