package hl7

import (
	"errors"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// errCharset says that a text is in a character set that is not read.
var errCharset = errors.New("the text is not UTF-8, and MSH-18 names a character set that is not read: UNICODE UTF-8, 8859/1 and 8859/15 are")

// decodeText gives a message in UTF-8. What is UTF-8 is taken as it is, even
// where MSH-18 says otherwise, as long as it then is European text; anything else
// is ISO 8859-1, or -15 when MSH-18 says so. The note tells what does not go
// together; "" when all does.
func decodeText(message []byte) (text, note string, err error) {
	declared := charset(declaredCharset(message))
	if utf8.Valid(message) {
		others, foreign := beyondASCII(message)
		latin := declared == charsetLatin1 || declared == charsetLatin9
		if !latin || !foreign {
			if others && declared != charsetUTF8 && declared != charsetNone {
				note = "names another character set, but the text is UTF-8: read as such"
			}
			return string(message), note, nil
		}
	}
	switch declared {
	case charsetLatin1:
	case charsetLatin9:
		return latin(message, true), "", nil
	case charsetUTF8, charsetNone:
		note = "the text is not UTF-8: read as ISO 8859-1"
	default:
		return "", "", errCharset
	}
	return latin(message, false), note, nil
}

type messageCharset uint8

const (
	charsetNone messageCharset = iota
	charsetUTF8
	charsetLatin1
	charsetLatin9
	charsetOther
)

// charset reads a value of HL7 table 0211.
func charset(s string) messageCharset {
	switch s = strings.ToUpper(strings.Join(strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(" -_/", r) }), "")); s {
	case "", "ASCII":
		return charsetNone
	case "UNICODEUTF8", "UTF8", "UNICODE":
		return charsetUTF8
	case "88591", "ISO88591":
		return charsetLatin1
	case "885915", "ISO885915":
		return charsetLatin9
	}
	return charsetOther
}

// declaredCharset returns the first repetition of MSH-18. The header is ASCII up
// to there in every character set that is read.
func declaredCharset(message []byte) string {
	i := strings.Index(string(message[:min(len(message), 4096)]), "MSH")
	if i < 0 {
		return ""
	}
	line := string(message[i:min(len(message), i+4096)])
	if end := strings.IndexAny(line, lineEnds); end >= 0 {
		line = line[:end]
	}
	if len(line) < 4 {
		return ""
	}
	fields := strings.Split(line, line[3:4])
	if len(fields) < 18 {
		return ""
	}
	value := fields[17]
	if len(fields[1]) > 1 {
		value, _, _ = strings.Cut(value, fields[1][1:2])
	}
	return value
}

// beyondASCII reports whether a text in UTF-8 has other characters than those of
// ASCII, and whether one of them is none that French text has: letters of Europe,
// punctuation and signs of money.
func beyondASCII(b []byte) (others, foreign bool) {
	for _, r := range string(b) {
		if r < utf8.RuneSelf {
			continue
		}
		others = true
		if r >= 0x0300 && (r < 0x2000 || r > 0x2122) {
			return true, true
		}
	}
	return others, false
}

// latin reads ISO 8859-1, or -15. Where the first has control characters, senders
// on Windows have letters (Œ) and quotation marks: those of Windows-1252.
func latin(message []byte, nine bool) string {
	table := charmap.Windows1252
	if nine {
		table = charmap.ISO8859_15
	}
	var b strings.Builder
	b.Grow(len(message) + len(message)/16)
	for _, c := range message {
		b.WriteRune(table.DecodeByte(c))
	}
	return b.String()
}
