package cda

import (
	"encoding/base64"
	"strconv"
	"strings"
	"unicode"

	"github.com/segur-sdk/segur"
)

// Lexical rules of the data types of HL7 version 3.

// lexical reports whether a value has the form of a type.
func lexical(kind, s string) bool {
	switch kind {
	case "cs", "NMTOKEN":
		s = strings.Trim(s, " \t\r\n")
		return s != "" && !strings.ContainsAny(s, " \t\r\n")
	case "st":
		return s != ""
	case "uid":
		return isUID(s)
	case "bl", "bn", "boolean":
		s = strings.Trim(s, " \t\r\n")
		return s == "true" || s == "false"
	case "int":
		s = strings.Trim(s, " \t\r\n")
		if len(s) > 1 && (s[0] == '-' || s[0] == '+') {
			s = s[1:]
		}
		return digits(s)
	case "real":
		_, err := strconv.ParseFloat(strings.Trim(s, " \t\r\n"), 64)
		return err == nil && !strings.ContainsAny(s, "xXpP_")
	case "ts":
		return isTS(s)
	case "bin":
		_, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(s), ""))
		return err == nil
	case "ID", "IDREF":
		return isNCName(strings.Trim(s, " \t\r\n"))
	case "IDREFS", "NMTOKENS":
		return strings.Trim(s, " \t\r\n") != ""
	}
	return true
}

// isUID checks an OID, a UUID or an identifier reserved by HL7. A UUID of the
// schema may hold any letter; the "Volet Structuration Minimale" takes
// hexadecimal ones alone.
func isUID(s string) bool { return isDotted(s) || isUUID(s) || isReserved(s) || isLooseUUID(s) }

func isLooseUUID(s string) bool {
	parts := strings.Split(s, "-")
	if len(s) != 36 || len(parts) != 5 {
		return false
	}
	for i, p := range parts {
		if len(p) != [...]int{8, 4, 4, 4, 12}[i] || strings.IndexFunc(p, func(r rune) bool { return r > 'z' || !isLetterOrDigit(byte(r)) }) >= 0 {
			return false
		}
	}
	return true
}

// isDotted checks the form of an OID as the schema does: one digit first, no
// zero before other digits, no limit of length.
func isDotted(s string) bool {
	first, rest, more := strings.Cut(s, ".")
	if len(first) != 1 || first[0] < '0' || first[0] > '2' {
		return false
	}
	for more {
		first, rest, more = strings.Cut(rest, ".")
		if !digits(first) || len(first) > 1 && first[0] == '0' {
			return false
		}
	}
	return true
}

func isReserved(s string) bool {
	if s == "" || !isLetterOrDigit(s[0]) || s[0] <= '9' {
		return false
	}
	for i := range len(s) {
		if !isLetterOrDigit(s[i]) && s[i] != '-' {
			return false
		}
	}
	return true
}

// isTS checks the form of a point in time, not its plausibility.
func isTS(s string) bool {
	body := s
	if i := strings.IndexAny(s, "+-"); i >= 0 {
		var zone string
		body, zone = s[:i], s[i+1:]
		if len(zone) > 4 || !digits(zone) || len(body) < 9 {
			return false
		}
	}
	whole, fraction, dot := strings.Cut(body, ".")
	if dot {
		return len(whole) == 14 && digits(whole) && digits(fraction)
	}
	return len(whole) <= 14 && digits(whole)
}

// isRealTS reports whether a well-formed point in time exists: month, day, hour.
func isRealTS(s string) bool {
	if i := strings.IndexAny(s, "+-."); i >= 0 {
		s = s[:i]
	}
	part := func(from, to, low, high int) bool {
		if len(s) < to {
			return len(s) <= from
		}
		v, err := strconv.Atoi(s[from:to])
		return err == nil && v >= low && v <= high
	}
	if len(s) < 4 || !part(4, 6, 1, 12) || !part(6, 8, 1, 31) || !part(8, 10, 0, 23) || !part(10, 12, 0, 59) || !part(12, 14, 0, 59) {
		return false
	}
	if len(s) >= 8 {
		_, err := segur.ParseDate(s[:8])
		return err == nil
	}
	return true
}

func isNCName(s string) bool {
	for i, r := range s {
		if r == '_' || unicode.IsLetter(r) {
			continue
		}
		if i == 0 || r != '-' && r != '.' && !unicode.IsDigit(r) && !unicode.IsMark(r) && r != '·' {
			return false
		}
	}
	return s != ""
}
