package xmlr

import (
	"fmt"
	"io"
)

// Options bounds what is accepted. The zero value of a field means its default.
type Options struct {
	MaxBytes    int // size of the document; default 64 MiB
	MaxDepth    int // nested elements; default 256
	MaxElements int // elements in all; default 1,000,000
	MaxAttrs    int // attributes and declarations of one element; default 256
	MaxName     int // bytes of one name; default 1024
	MaxNS       int // namespace declarations in scope; default 128

	// UndeclaredPrefixes accepts prefixes without declaration and gives such names no namespace: for files
	// cut out of a larger message, which exist in the field. Never for anything signed.
	UndeclaredPrefixes bool
}

func (o Options) filled() Options {
	def := func(p *int, v int) {
		if *p <= 0 {
			*p = v
		}
	}
	def(&o.MaxBytes, 64<<20)
	def(&o.MaxDepth, 256)
	def(&o.MaxElements, 1_000_000)
	def(&o.MaxAttrs, 256)
	def(&o.MaxName, 1024)
	def(&o.MaxNS, 128)
	return o
}

// ReadAll reads r to its end, refusing more than limit bytes (64 MiB when limit <= 0) with RuleLimit. A failure
// of r is returned with RuleRead and the cause.
func ReadAll(r io.Reader, limit int) ([]byte, error) {
	limit = Options{MaxBytes: limit}.filled().MaxBytes
	b, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	if err != nil {
		return nil, &Error{Offset: len(b), Line: 1, Col: 1, Rule: RuleRead, Detail: "source failed", Err: err}
	}
	if len(b) > limit {
		return nil, &Error{Offset: limit, Line: 1, Col: 1, Rule: RuleLimit,
			Detail: fmt.Sprintf("more than %d bytes", limit)}
	}
	return b, nil
}

// ParseReader is ReadAll, bounded by o.MaxBytes, then Parse.
func ParseReader(r io.Reader, o Options) (*Node, error) {
	b, err := ReadAll(r, o.MaxBytes)
	if err != nil {
		return nil, err
	}
	return Parse(b, o)
}
