package ebrim

import (
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/segur-sdk/segur/internal/xmlr"
	"github.com/segur-sdk/segur/internal/xmlw"
)

// MaxValue is the longest rim:Value (LongName), in characters.
const MaxValue = 256

// Query is a stored query (ITI-18).
type Query struct {
	// ID is the UUID of the stored query.
	ID string
	// ReturnType is LeafClass or ObjectRef.
	ReturnType string
	// Home is the home community. Not used in France.
	Home string
	// Parameters are slots with values in the syntax of stored queries: the
	// values of one slot are alternatives, slots of one name must all hold.
	Parameters []Slot
}

// WriteQuery writes query:AdhocQueryRequest.
func WriteQuery(w *xmlw.Writer, q Query) {
	w.Start("query:AdhocQueryRequest")
	w.NS("query", NamespaceQuery)
	w.NS("rim", NamespaceRIM)
	w.Elem("query:ResponseOption", "", "returnComposedObjects", "true", "returnType", q.ReturnType)
	w.Start("rim:AdhocQuery")
	w.AttrOpt("home", q.Home)
	w.Attr("id", q.ID)
	writeSlots(w, q.Parameters)
	w.End()
	w.End()
}

var errNoQuery = errors.New("no AdhocQuery")

// ReadQuery reads query:AdhocQueryRequest.
func ReadQuery(n *xmlr.Node) (Query, error) {
	a := child(n, "AdhocQuery")
	if a == nil || a.Attr("id") == "" {
		return Query{}, errNoQuery
	}
	q := Query{ID: a.Attr("id"), Home: a.Attr("home"), ReturnType: n.Child("*", "ResponseOption").Attr("returnType")}
	for _, c := range a.Children {
		if isRIM(c, "Slot") {
			q.Parameters = append(q.Parameters, readSlot(c))
		}
	}
	return q, nil
}

// Parameter returns the values of a parameter, one list for each slot of that
// name: the lists must all hold, the values of a list are alternatives.
func (q Query) Parameter(name string) ([][]string, error) {
	var out [][]string
	for _, s := range q.Parameters {
		if s.Name != name {
			continue
		}
		var list []string
		for _, v := range s.Values {
			more, err := ParseValue(v)
			if err != nil {
				return nil, err
			}
			list = append(list, more...)
		}
		out = append(out, list)
	}
	return out, nil
}

// Quote writes a string value: 'it”s'.
func Quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// QuoteList writes alternatives: ('a','b'), cut into several rim:Value of at
// most [MaxValue] characters, each of them a whole list.
func QuoteList(values ...string) []string {
	var out []string
	var b strings.Builder
	length := 0
	for _, v := range values {
		q := Quote(v)
		n := utf8.RuneCountInString(q)
		if length > 0 && length+n+2 > MaxValue { // a comma, and the parenthesis
			b.WriteByte(')')
			out = append(out, b.String())
			b.Reset()
			length = 0
		}
		if length == 0 {
			b.WriteByte('(')
		} else {
			b.WriteByte(',')
		}
		b.WriteString(q)
		length += n + 1
	}
	if length > 0 {
		b.WriteByte(')')
		out = append(out, b.String())
	}
	return out
}

var errValue = errors.New("not a value of a stored query: 'text', (list) or a number")

// ParseValue reads one rim:Value: 'text', ('a','b') or a number.
func ParseValue(s string) ([]string, error) {
	s = strings.TrimSpace(s)
	if list, ok := strings.CutPrefix(s, "("); ok {
		if s, ok = strings.CutSuffix(list, ")"); !ok {
			return nil, errValue
		}
		s = strings.TrimSpace(s)
		if s == "" {
			return nil, errValue
		}
	}
	var out []string
	for {
		v, rest, err := parseItem(s)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
		if rest == "" {
			return out, nil
		}
		after, ok := strings.CutPrefix(rest, ",")
		if !ok {
			return nil, errValue
		}
		s = strings.TrimSpace(after)
	}
}

// parseItem reads 'text' or a bare number at the start of s.
func parseItem(s string) (value, rest string, err error) {
	if !strings.HasPrefix(s, "'") {
		i := strings.IndexByte(s, ',')
		if i < 0 {
			i = len(s)
		}
		value, rest = strings.TrimSpace(s[:i]), s[i:]
		if value == "" || strings.ContainsAny(value, "'()") {
			return "", "", errValue
		}
		return value, rest, nil
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		if s[i] != '\'' {
			b.WriteByte(s[i])
			continue
		}
		if i+1 < len(s) && s[i+1] == '\'' {
			b.WriteByte('\'')
			i++
			continue
		}
		return b.String(), strings.TrimSpace(s[i+1:]), nil
	}
	return "", "", errValue
}
