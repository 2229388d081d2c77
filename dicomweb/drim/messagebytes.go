package drim

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/segur-sdk/segur/internal/hl7"
)

var (
	errBase64     = errors.New("is no base64")
	errBase64Cut  = errors.New("is base64 that is cut")
	errBase64Long = errors.New("is larger than the limit")
)

// reportBytes decodes the report of OBX-5: ^TEXT^XML^Base64^…. A withdrawal may
// go without.
func (r *messageReading) reportBytes(s hl7.Segment, optional bool) []byte {
	value := s.Field(5)
	data := hl7.Component(value, 5)
	path := observation(s, 5)
	if data == "" {
		if !optional {
			r.problem(path, hl7RequiredField, "is required: the report")
		}
		return nil
	}
	if encoding := hl7.Component(value, 4); !strings.EqualFold(encoding, "Base64") {
		r.problem(path, hl7TableValue, "component 4 must be Base64")
		return nil
	}
	out, unpadded, err := decodeBase64(data, r.MaxReportBytes)
	switch {
	case errors.Is(err, errBase64Long):
		r.tooLarge = true
		return nil
	case err != nil:
		r.problem(path, hl7DataType, "component 5 %s: the report is not whole", err)
		return nil
	case unpadded:
		r.warn(path, "component 5 lacks the padding of base64")
	}
	if !bytes.HasPrefix(bytes.TrimLeft(bytes.TrimPrefix(out, []byte("\ufeff")), " \t\r\n"), []byte("<")) {
		r.warn(path, "is no XML")
	}
	return out
}

// mailText decodes a mail body as far as it can be: published messages have cut
// ones, and the report does not depend on it.
func (r *messageReading) mailText(s hl7.Segment) string {
	data := hl7.Component(s.Field(5), 5)
	out, _, err := decodeBase64(data, 1<<20)
	if err != nil {
		r.warn(observation(s, 5), "is a mail body that cannot be decoded whole")
		if errors.Is(err, errBase64Cut) {
			out, _, _ = decodeBase64(data[:len(data)-1], 1<<20)
		}
	}
	if !utf8.Valid(out) {
		return strings.ToValidUTF8(string(out), "\uFFFD")
	}
	return string(out)
}

// decodeBase64 decodes what senders break in lines, with raw line breaks or the
// escape sequences for them. unpadded says that the signs = at the end lack.
func decodeBase64(s string, limit int) (out []byte, unpadded bool, err error) {
	if len(s)/4*3 > limit+limit/8+1024 { // line breaks included
		return nil, false, errBase64Long
	}
	clean := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case ' ', '\t', '\r', '\n':
		case '\\':
			end := strings.IndexByte(s[i+1:], '\\')
			if end < 0 {
				return nil, false, errBase64
			}
			switch strings.ToUpper(s[i+1 : i+1+end]) {
			case ".BR", "X0A", "X0D", "X0D0A":
			default:
				return nil, false, errBase64
			}
			i += end + 1
		default:
			clean = append(clean, c)
		}
	}
	whole := len(clean)
	for len(clean) > 0 && whole-len(clean) < 2 && clean[len(clean)-1] == '=' {
		clean = clean[:len(clean)-1]
	}
	switch {
	case len(clean)%4 == 1:
		return nil, false, errBase64Cut
	case whole%4 != 0 && len(clean) < whole: // padded, and yet not whole
		return nil, false, errBase64
	}
	if base64.RawStdEncoding.DecodedLen(len(clean)) > limit {
		return nil, false, errBase64Long
	}
	out = make([]byte, base64.RawStdEncoding.DecodedLen(len(clean)))
	n, err := base64.RawStdEncoding.Decode(out, clean)
	if err != nil {
		return nil, false, errBase64
	}
	return out[:n], whole%4 != 0, nil
}
