package xop

import "bytes"

// needle is a byte string to search for, at most 255 long, at least two. The search looks at one byte in as many as the
// needle is long while these bytes do not occur in it (Horspool), whatever the payload is: bytes.Index looks at each, and
// slows down tenfold where the first byte is frequent, as CR is in images with many pixels of value 13.
type needle struct {
	b     []byte
	skip  [256]uint8 // distance from the last occurrence of a byte to the end of the needle; its length for other bytes
	again int        // the same for the last byte, which has 0 in skip, leaving that occurrence out
}

func newNeedle(b []byte) needle {
	n := needle{b: b}
	for i := range n.skip {
		n.skip[i] = uint8(len(b)) //nolint:gosec // maxBoundary
	}
	last := len(b) - 1
	for i, c := range b[:last] {
		n.skip[c] = uint8(last - i) //nolint:gosec // as above
	}
	n.again = int(n.skip[b[last]])
	n.skip[b[last]] = 0
	return n
}

// index is bytes.Index.
func (n *needle) index(b []byte) int {
	size, last := len(n.b), len(n.b)-1
	first, second := n.b[0], n.b[1]
	for i := last; i < len(b); {
		skip := int(n.skip[b[i]])
		if skip == size { // a branch that is foreseen: the next byte is loaded before this one is known
			i += size
			continue
		}
		if skip > 0 {
			i += skip
			continue
		}
		if at := i - last; b[at] == first && b[at+1] == second && bytes.Equal(b[at:i+1], n.b) {
			return at
		}
		i += n.again
	}
	return -1
}
