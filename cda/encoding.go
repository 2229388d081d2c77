package cda

import (
	"bytes"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"github.com/segur-sdk/segur"
)

// notXML recognises what users mistake for a document.
func notXML(b []byte) string {
	switch {
	case bytes.HasPrefix(b, []byte("PK\x03\x04")):
		return "a ZIP archive (IHE_XDM?)"
	case bytes.HasPrefix(b, []byte("%PDF")):
		return "a PDF"
	}
	return ""
}

// toUTF8 converts a document that declares ISO-8859-1 or -15; any other one is
// returned as it is, for the XML reader to judge.
func toUTF8(b []byte) ([]byte, error) {
	if !bytes.HasPrefix(b, []byte("<?xml")) {
		return b, nil
	}
	end := bytes.Index(b[:min(len(b), 256)], []byte("?>"))
	if end < 0 {
		return b, nil
	}
	declaration := bytes.ToLower(b[:end])
	i := bytes.Index(declaration, []byte("encoding"))
	if i < 0 {
		return b, nil
	}
	value := bytes.Trim(declaration[i+len("encoding"):], " \t\r\n=")
	if len(value) == 0 {
		return b, nil
	}
	name, _, _ := bytes.Cut(value[1:], value[:1])
	table := charmap.ISO8859_1
	switch string(name) {
	case "iso-8859-1", "iso_8859-1", "latin1":
	case "iso-8859-15", "iso_8859-15", "latin-9":
		table = charmap.ISO8859_15
	case "utf-8", "us-ascii", "ascii":
		return b, nil
	default:
		return nil, &segur.Error{Op: opParse, Kind: segur.KindProtocol,
			Message: "the declared encoding is not accepted: UTF-8, ISO-8859-1 or ISO-8859-15"}
	}
	out := make([]byte, 0, len(b)+len(b)/16)
	out = append(out, `<?xml version="1.0" encoding="UTF-8"?>`...)
	for _, c := range b[end+2:] {
		if c < utf8.RuneSelf {
			out = append(out, c)
			continue
		}
		out = utf8.AppendRune(out, table.DecodeByte(c))
	}
	return out, nil
}
