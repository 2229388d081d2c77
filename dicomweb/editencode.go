package dicomweb

import (
	"strings"

	"golang.org/x/text/encoding/charmap"

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

// encode writes an attribute as the file has it.
func (e *editor) encode(dst []byte, el Element) ([]byte, error) {
	var value []byte
	var err error
	switch {
	case el.VR == SQ:
		for _, item := range el.Items {
			if value, err = e.encodeItem(value, item); err != nil {
				return nil, err
			}
		}
	case el.Bulk != nil || !isText(el.VR):
		return nil, changeError(el.Tag, "must be text or a sequence")
	default:
		if value, err = e.text(el); err != nil {
			return nil, err
		}
		if len(value)%2 == 1 {
			pad := byte(' ')
			if el.VR == UI {
				pad = 0
			}
			value = append(value, pad)
		}
	}
	dst = e.appendTag(dst, el.Tag)
	switch {
	case e.w.impl:
		dst = e.append32(dst, uint32(len(value)))
	case el.VR.longLength():
		dst = append(dst, byte(el.VR>>8), byte(el.VR), 0, 0)
		dst = e.append32(dst, uint32(len(value)))
	case len(value) > 0xFFFE:
		return nil, changeError(el.Tag, "is longer than its value representation allows")
	default:
		dst = append(dst, byte(el.VR>>8), byte(el.VR))
		dst = e.append16(dst, uint16(len(value)))
	}
	return append(dst, value...), nil
}

// encodeItem writes an item of a sequence.
func (e *editor) encodeItem(dst []byte, item *Dataset) ([]byte, error) {
	dst = e.appendTag(dst, tagItem)
	at := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	var err error
	for el := range item.All() {
		if dst, err = e.encode(dst, el); err != nil {
			return nil, err
		}
	}
	e.w.order.PutUint32(dst[at:], uint32(len(dst)-at-4))
	return dst, nil
}

func isText(vr VR) bool {
	switch vr {
	case AE, AS, CS, DA, DS, DT, IS, LO, LT, PN, SH, ST, TM, UC, UI, UR, UT:
		return true
	}
	return false
}

// text writes the values of a text attribute in the character set of the file.
func (e *editor) text(el Element) ([]byte, error) {
	s := strings.Join(el.Values, `\`)
	ascii := true
	for i := range len(s) {
		ascii = ascii && s[i] < 0x80
	}
	set := ""
	if len(e.charsets) > 0 {
		set = e.charsets[0]
	}
	switch {
	case ascii, set == "ISO_IR 192":
		return []byte(s), nil
	case set == "ISO_IR 100":
		b, err := charmap.ISO8859_1.NewEncoder().Bytes([]byte(s))
		if err == nil {
			return b, nil
		}
	}
	return nil, changeError(el.Tag, "holds a character that the character set of the file lacks")
}

func changeError(tag Tag, rule string) error {
	return &segur.Error{Op: opEdit, Kind: segur.KindInvalidInput, Details: []segur.Detail{{Field: "changes[" + tag.String() + "]", Message: rule}}}
}

// append16 and append32 write numbers as the file has them.
func (e *editor) append16(dst []byte, v uint16) []byte {
	dst = append(dst, 0, 0)
	e.w.order.PutUint16(dst[len(dst)-2:], v)
	return dst
}

func (e *editor) append32(dst []byte, v uint32) []byte {
	dst = append(dst, 0, 0, 0, 0)
	e.w.order.PutUint32(dst[len(dst)-4:], v)
	return dst
}

func (e *editor) appendTag(dst []byte, tag Tag) []byte {
	return e.append16(e.append16(dst, uint16(tag>>16)), uint16(tag&0xFFFF))
}
