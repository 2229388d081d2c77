package dicomweb

import (
	"errors"
	"strings"

	"github.com/segur-sdk/segur"
)

// splitText reads the values of a text attribute of the default repertoire.
func splitText(b []byte) []string {
	list := strings.Split(string(b), `\`)
	for i := range list {
		list[i] = strings.Trim(list[i], " \x00")
	}
	return list
}

// encode writes an attribute as the file has it. In a character set that is not
// known, ASCII alone can be written.
func (e *editor) encode(dst []byte, el Element) ([]byte, error) {
	enc := layout{implicit: e.w.impl, order: e.w.order}
	cs, ok := findCharset(e.charsets)
	if !ok {
		cs = defaultCharset
	}
	if n := valueLength(el); n > 0xFFFE && !el.VR.longLength() && !e.w.impl {
		return nil, changeError(el.Tag.String(), "is longer than its value representation allows")
	}
	out, err := appendElement(dst, el, enc, cs)
	var bad *elementError
	if errors.As(err, &bad) {
		return nil, changeError(bad.path, bad.rule)
	}
	return out, err
}

// valueLength is the length of a text value, at least.
func valueLength(el Element) int {
	n := max(len(el.Values)-1, 0)
	for _, v := range el.Values {
		n += len(v)
	}
	return n
}

// encodeItems writes the items of a sequence, without its header.
func (e *editor) encodeItems(el Element) ([]byte, error) {
	b, err := e.encode(nil, el)
	if err != nil {
		return nil, err
	}
	if e.w.impl {
		return b[8:], nil
	}
	return b[12:], nil
}

func changeError(path, rule string) error {
	return &segur.Error{Op: opEdit, Kind: segur.KindInvalidInput, Details: []segur.Detail{{Field: "changes[" + path + "]", Message: rule}}}
}
