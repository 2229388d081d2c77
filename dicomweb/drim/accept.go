package drim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
)

// TransferSyntaxes are the ten that a DRIMbox consumer lists in every request,
// in the order of the lossless profile of the specification.
func TransferSyntaxes() []string {
	out := make([]string, len(syntaxes))
	for i, s := range syntaxes {
		out[i] = s.uid
	}
	return out
}

// syntaxes holds the ten transfer syntaxes with their weights, in tenths, in the
// lossless and in the lossy profile (test vectors of DRIM-M, WADO-RS client).
var syntaxes = [...]struct {
	uid             string
	lossless, lossy int
}{
	{"1.2.840.10008.1.2.4.70", 9, 6},  // JPEG lossless, first-order prediction
	{"1.2.840.10008.1.2.4.80", 8, 5},  // JPEG-LS lossless
	{"1.2.840.10008.1.2.4.91", 6, 5},  // JPEG 2000
	{"1.2.840.10008.1.2.4.50", 5, 9},  // JPEG baseline
	{"1.2.840.10008.1.2.4.51", 5, 9},  // JPEG extended
	{"1.2.840.10008.1.2.4.100", 5, 5}, // MPEG2 MP@ML
	{"1.2.840.10008.1.2.4.101", 5, 5}, // MPEG2 MP@HL
	{"1.2.840.10008.1.2.4.102", 5, 5}, // MPEG-4 AVC HP 4.1
	{"1.2.840.10008.1.2.4.103", 5, 5}, // MPEG-4 AVC HP 4.1, BD compatible
	{dicomweb.ExplicitVRLittleEndian, 4, 4},
}

// Profile says what the images of a request are for.
type Profile uint8

// The profiles of a request between DRIMbox.
const (
	// Lossless asks for images as they were made: for reading and for export.
	Lossless Profile = iota
	// Lossy asks for images that are quick to display.
	Lossy
)

// FormatAccept returns the Accept header of a request between DRIMbox: the ten
// transfer syntaxes, each with its media type, a weight of one decimal and the
// boundary "**" (the source chooses), highest weight first. Nothing else is as
// widely understood: the reference implementation reads it with a regular
// expression.
func FormatAccept(p Profile) string {
	list := slices.Clone(syntaxes[:])
	weight := func(i int) int {
		if p == Lossy {
			return list[i].lossy
		}
		return list[i].lossless
	}
	order := make([]int, len(list))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return weight(b) - weight(a) })
	elements := make([]string, len(order))
	for n, i := range order {
		elements[n] = acceptElement(list[i].uid, weight(i))
	}
	return strings.Join(elements, ",")
}

// acceptElement writes one element of an Accept header, of a weight in tenths.
func acceptElement(syntax string, tenths int) string {
	return fmt.Sprintf(`multipart/related; type="application/dicom";transfer-syntax=%s;q=%d.%d;boundary=**`, syntax, tenths/10, tenths%10)
}

// What an Accept header may make us read.
const (
	maxAcceptBytes    = 16 << 10
	maxAcceptElements = 64
	maxBoundary       = 70 // RFC 2046
)

// AnySyntax stands for every transfer syntax in an Accept header. No request of
// the specification holds it; clients of DICOMweb send it.
const AnySyntax = "*"

// Preference is one transfer syntax of an Accept header and its weight.
type Preference struct {
	// Syntax is the UID, or [AnySyntax].
	Syntax string
	// Weight is the q value in thousandths, 0 to 1000. 0: not acceptable.
	Weight int
}

// Accept is a parsed Accept header: transfer syntaxes, the most wanted first,
// equal weights in the order of the header. A syntax that is given twice counts
// with its highest weight.
type Accept []Preference

// Weight returns the q value of a transfer syntax in thousandths; 0: it is not
// acceptable.
func (a Accept) Weight(syntax string) int {
	other := 0
	for _, p := range a {
		switch p.Syntax {
		case syntax:
			return p.Weight
		case AnySyntax:
			other = p.Weight
		}
	}
	return other
}

// acceptError names what is wrong with an Accept header, and which element.
func acceptError(element int, rule string) error {
	return &segur.Error{Op: "drim.ParseAccept", Kind: segur.KindInvalidInput,
		Details: []segur.Detail{{Field: "accept[" + strconv.Itoa(element) + "]", Message: rule}}}
}

// ParseAccept reads the Accept header, one value for each header line, of a
// request between DRIMbox. Each element of the list names a transfer syntax and
// its weight (RFC 9110 12.4.2); the first one names a boundary too, which the
// source need not use. The media type may be left out, and so may the list end
// with a comma, as official test requests do. The error is
// [segur.ErrInvalidInput] and names the parameter that is missing or malformed.
//
// Elements of another media type are well formed and give nothing: when all are
// of another one, or of weight 0, the result is empty.
func ParseAccept(values []string) (Accept, error) {
	size := 0
	for _, v := range values {
		if size += len(v); size > maxAcceptBytes {
			return nil, acceptError(0, "the header is longer than 16 KiB")
		}
	}
	p := acceptParser{}
	for _, v := range values {
		for rest, more := v, true; more; {
			var element string
			if element, rest, more = cutUnquoted(rest, ','); strings.TrimSpace(element) == "" {
				continue // a trailing comma
			}
			if err := p.element(element); err != nil {
				return nil, err
			}
		}
	}
	if p.n == 0 {
		return nil, acceptError(0, "the header is missing or empty")
	}
	slices.SortStableFunc(p.list, func(a, b Preference) int { return b.Weight - a.Weight })
	return p.list, nil
}

type acceptParser struct {
	list Accept
	n    int // elements read
}

// element reads one element of the list.
func (p *acceptParser) element(s string) error {
	n := p.n
	if p.n++; p.n > maxAcceptElements {
		return acceptError(n, "the list has more than 64 elements")
	}
	params := map[string]string{}
	mediaType := ""
	for first, more := true, true; more; first = false {
		var item string
		item, s, more = cutUnquoted(s, ';')
		item = strings.Trim(item, " \t")
		name, value, isParam := strings.Cut(item, "=")
		switch {
		case item == "":
			continue
		case !isParam && first:
			mediaType = strings.ToLower(item)
			continue
		case !isParam:
			return acceptError(n, "a parameter has no value")
		}
		name = strings.ToLower(strings.TrimRight(name, " \t"))
		value, ok := unquote(strings.TrimLeft(value, " \t"))
		if !ok {
			return acceptError(n, "a quoted value does not end")
		}
		if old, twice := params[name]; twice && old != value {
			return acceptError(n, "a parameter is given twice")
		}
		params[name] = value
	}
	root, _, _ := strings.Cut(params["type"], ";")
	root = strings.ToLower(strings.TrimSpace(root))
	ours := (mediaType == "" || mediaType == "multipart/related") && (root == "" || root == "application/dicom")
	if !ours {
		if mediaType != "" && !strings.Contains(mediaType, "/") {
			return acceptError(n, "must begin with a media type or a parameter")
		}
		return nil
	}
	return p.preference(n, params)
}

// preference reads the parameters of an element of our media type.
func (p *acceptParser) preference(n int, params map[string]string) error {
	syntax, ok := params["transfer-syntax"]
	if !ok {
		return acceptError(n, "transfer-syntax is missing")
	}
	if syntax != AnySyntax && !dicomweb.ValidUID(syntax) {
		return acceptError(n, "transfer-syntax must be a UID")
	}
	q, ok := params["q"]
	if !ok {
		return acceptError(n, "q is missing")
	}
	weight, ok := qvalue(q)
	if !ok {
		return acceptError(n, "q must be a number from 0 to 1 with at most three decimals")
	}
	boundary, ok := params["boundary"]
	if !ok && n == 0 {
		return acceptError(n, "boundary is missing")
	}
	if ok && (boundary == "" || len(boundary) > maxBoundary) {
		return acceptError(n, "boundary must have 1 to 70 characters")
	}
	for i := range p.list {
		if p.list[i].Syntax == syntax {
			p.list[i].Weight = max(p.list[i].Weight, weight)
			return nil
		}
	}
	p.list = append(p.list, Preference{syntax, weight})
	return nil
}

// qvalue reads a weight (RFC 9110 12.4.2) in thousandths.
func qvalue(s string) (int, bool) {
	whole, decimals, _ := strings.Cut(s, ".")
	if whole != "0" && whole != "1" || len(decimals) > 3 {
		return 0, false
	}
	n := 0
	for i := range 3 {
		d := 0
		if i < len(decimals) {
			if decimals[i] < '0' || decimals[i] > '9' {
				return 0, false
			}
			d = int(decimals[i] - '0')
		}
		n = n*10 + d
	}
	if whole == "1" {
		return 1000, n == 0
	}
	return n, true
}

// cutUnquoted cuts s at the first sep outside quotation marks.
func cutUnquoted(s string, sep byte) (before, after string, found bool) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case c == sep && !quoted:
			return s[:i], s[i+1:], true
		}
	}
	return s, "", false
}

// unquote takes the quotation marks off a value.
func unquote(s string) (string, bool) {
	if !strings.HasPrefix(s, `"`) {
		return s, !strings.Contains(s, `"`)
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return b.String(), i == len(s)-1
		case c == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", false
}
