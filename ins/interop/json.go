package interop

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

var (
	errJSON      = errors.New("it is not JSON in UTF-8")
	errDepth     = errors.New("it is nested deeper than any is")
	errValues    = errors.New("it has more values than any has")
	errDuplicate = errors.New("it has a property twice: readers would not agree on its value")
)

// folded makes equal what the decoder takes for one name: it folds case as
// Unicode does, "K" and the Kelvin sign included.
func folded(s string) string {
	return strings.Map(func(r rune) rune {
		for next := unicode.SimpleFold(r); next > r; next = unicode.SimpleFold(next) {
			r = next
		}
		return unicode.SimpleFold(r) // the smallest of those that are equal
	}, s)
}

// checkJSON refuses what the decoder would take silently: properties given
// twice, or under names that differ in case only, and text after the end.
func checkJSON(data []byte) error {
	if !utf8.Valid(data) {
		return errJSON
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	type level struct {
		keys map[string]bool // nil in a list
		key  bool            // a key comes next
	}
	var open []level
	tokens := 0
	for first := true; ; first = false {
		if tokens++; tokens > maxResourceTokens {
			return errValues
		}
		tok, err := d.Token()
		if errors.Is(err, io.EOF) && !first && len(open) == 0 {
			return nil
		}
		if err != nil {
			return errJSON
		}
		if !first && len(open) == 0 {
			return errJSON
		}
		top := len(open) - 1
		if s, ok := tok.(string); ok && top >= 0 && open[top].key {
			s = folded(s)
			if open[top].keys[s] {
				return errDuplicate
			}
			open[top].keys[s], open[top].key = true, false
			continue
		}
		if top >= 0 && open[top].keys != nil {
			open[top].key = tok != json.Delim('}')
		}
		switch tok {
		case json.Delim('{'):
			open = append(open, level{map[string]bool{}, true})
		case json.Delim('['):
			open = append(open, level{})
		case json.Delim('}'), json.Delim(']'):
			open = open[:top]
		}
		if len(open) > maxResourceDepth {
			return errDepth
		}
	}
}
