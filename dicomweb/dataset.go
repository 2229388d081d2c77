package dicomweb

import (
	"fmt"
	"io"
	"iter"
	"log/slog"
	"slices"
	"strconv"
	"strings"

	"github.com/segur-sdk/segur"
)

// Element is one attribute of a data set.
type Element struct {
	// Tag identifies the attribute.
	Tag Tag
	// VR is the value representation.
	VR VR
	// Values are the values as text, one for each, "" for an empty one:
	// numbers keep their digits as received, a person name is
	// "alphabetic=ideographic=phonetic" with trailing empty groups removed, AT
	// is eight hexadecimal digits, non-finite floats are "NaN", "inf", "-inf".
	Values []string
	// Items are the items of a sequence; an empty item is an empty data set.
	Items []*Dataset
	// Bulk is set for a value that is binary or held elsewhere.
	Bulk *Bulk
}

// Bulk is a value that is not text.
type Bulk struct {
	// URI is where the value is, as received: absolute or relative to the URL
	// that was asked. Empty when Data holds it.
	URI string
	// Data is the value, little endian.
	Data []byte
	// Fragments are those of encapsulated pixel data, of an icon say, the offset
	// table first; Data is then empty. DICOM JSON and the XML model have no form
	// for them: they leave the attribute out.
	Fragments [][]byte
}

// Dataset is a set of attributes in ascending order of tags. It is safe for
// concurrent reading. It holds patient data: its printed forms are redacted,
// [Dataset.MarshalJSON] is explicit.
type Dataset struct{ elems []Element }

// NewDataset makes a data set of elements, in any order. The last of two
// elements with one tag wins.
func NewDataset(elems ...Element) *Dataset {
	d := &Dataset{elems: make([]Element, 0, len(elems))}
	for _, e := range elems {
		d.Set(e)
	}
	return d
}

// Text makes an element of text values with the VR of the dictionary.
func Text(tag Tag, values ...string) Element { return Element{Tag: tag, VR: tag.VR(), Values: values} }

// Sequence makes a sequence of items.
func Sequence(tag Tag, items ...*Dataset) Element { return Element{Tag: tag, VR: SQ, Items: items} }

// Len returns the number of attributes.
func (d *Dataset) Len() int { return len(d.elems) }

// All gives the attributes in ascending order of tags.
func (d *Dataset) All() iter.Seq[Element] { return slices.Values(d.elems) }

func (d *Dataset) find(tag Tag) (int, bool) {
	return slices.BinarySearchFunc(d.elems, tag, func(e Element, t Tag) int { return int(int64(e.Tag) - int64(t)) })
}

// Get returns the attribute, and whether it is present. A present attribute
// may be empty.
func (d *Dataset) Get(tag Tag) (Element, bool) {
	if i, ok := d.find(tag); ok {
		return d.elems[i], true
	}
	return Element{}, false
}

// Set adds the attribute or replaces it. It must not be called while others
// read.
func (d *Dataset) Set(e Element) {
	if n := len(d.elems); n == 0 || d.elems[n-1].Tag < e.Tag {
		d.elems = append(d.elems, e)
		return
	}
	i, ok := d.find(e.Tag)
	if ok {
		d.elems[i] = e
		return
	}
	d.elems = slices.Insert(d.elems, i, e)
}

// Values returns the values of an attribute as text; nil when absent or empty.
func (d *Dataset) Values(tag Tag) []string {
	e, _ := d.Get(tag)
	return e.Values
}

// Value returns the first value without surrounding blanks; "" when absent or
// empty.
func (d *Dataset) Value(tag Tag) string {
	if v := d.Values(tag); len(v) > 0 {
		return strings.Trim(v[0], " \x00")
	}
	return ""
}

// Int returns the first value as a whole number, and whether it is one.
func (d *Dataset) Int(tag Tag) (int64, bool) {
	n, err := strconv.ParseInt(strings.TrimPrefix(d.Value(tag), "+"), 10, 64)
	return n, err == nil
}

// Float returns the first value as a number, and whether it is one.
func (d *Dataset) Float(tag Tag) (float64, bool) {
	f, err := strconv.ParseFloat(d.Value(tag), 64)
	return f, err == nil
}

// Date returns the first value of a DA attribute, also in the form of ACR-NEMA
// (YYYY.MM.DD); the zero date when absent or malformed.
func (d *Dataset) Date(tag Tag) segur.Date {
	date, err := segur.ParseDate(strings.ReplaceAll(d.Value(tag), ".", ""))
	if err != nil || !date.Complete() {
		return segur.Date{}
	}
	return date
}

// Items returns the items of a sequence; nil when absent or empty.
func (d *Dataset) Items(tag Tag) []*Dataset {
	e, _ := d.Get(tag)
	return e.Items
}

// Ref returns the study, series and instance that the data set belongs to;
// levels that it does not name are empty.
func (d *Dataset) Ref() Ref {
	return Ref{Study: d.Value(TagStudyInstanceUID), Series: d.Value(TagSeriesInstanceUID), Instance: d.Value(TagSOPInstanceUID)}
}

// String returns a redacted form.
func (d Dataset) String() string { return fmt.Sprintf("Dataset(%d attributes, redacted)", d.Len()) }

// Format writes the redacted form whatever the verb.
func (d Dataset) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, d.String()) }

// LogValue makes slog write the redacted form.
func (d Dataset) LogValue() slog.Value { return slog.StringValue(d.String()) }
