package xmlw

import (
	"encoding/binary"
	"math/bits"
)

// Names and values are checked while they are copied, eight bytes at a time: in a word whose lowest byte comes first.

// Words of eight equal bytes.
const (
	ones  = 0x0101010101010101
	highs = 0x80 * ones
)

func load8(s string, i int) uint64 {
	_ = s[i+7]
	return uint64(s[i]) | uint64(s[i+1])<<8 | uint64(s[i+2])<<16 | uint64(s[i+3])<<24 |
		uint64(s[i+4])<<32 | uint64(s[i+5])<<40 | uint64(s[i+6])<<48 | uint64(s[i+7])<<56
}

func load4(s string, i int) uint32 {
	_ = s[i+3]
	return uint32(s[i]) | uint32(s[i+1])<<8 | uint32(s[i+2])<<16 | uint32(s[i+3])<<24
}

func store8(b []byte, i int, x uint64) { binary.LittleEndian.PutUint64(b[i:i+8], x) }

func store16(b []byte, i int, p, q uint64) {
	b = b[i : i+16]
	binary.LittleEndian.PutUint64(b, p)
	binary.LittleEndian.PutUint64(b[8:], q)
}

func store4(b []byte, i int, x uint32) { binary.LittleEndian.PutUint32(b[i:i+4], x) }

// special marks, by the high bit, the bytes of x that are not in ASCII, are a control character or one of " & < >.
// Above the first of them others may be marked, by carry.
func special(x uint64) uint64 {
	return (x | (x - ' '*ones) | (((x | 4*ones) ^ '&'*ones) - ones) | (((x | 2*ones) ^ '>'*ones) - ones)) & highs
}

// onlyLetters reports whether all bytes of x are ASCII letters.
func onlyLetters(x uint64) bool {
	low := x&^highs | 0x20*ones // lower case, with room for a carry
	return (low+(0x80-'a')*ones)&^(low+(0x7f-'z')*ones)&^x&highs == highs
}

// packLetters returns a name of up to 16 bytes in two words: what comes after it there is of no matter. It reports
// whether the name is all ASCII letters, as most are (or _, in one of three bytes at most), and not empty. It returns
// p = 0 for a longer name, and for one of three bytes at most that is something else.
func packLetters(s string) (p, q uint64, ok bool) {
	n := len(s)
	switch {
	case n > 16:
		for i := 0; i < n-8; i += 8 {
			if !onlyLetters(load8(s, i)) {
				return 0, 0, false
			}
		}
		return 0, 0, onlyLetters(load8(s, n-8))
	case n >= 8:
		p, q = load8(s, 0), load8(s, n-8)
		return p, q >> (128 - 8*n), onlyLetters(p) && onlyLetters(q)
	case n >= 4:
		x, y := uint64(load4(s, 0)), uint64(load4(s, n-4))
		return x | y<<(8*n-32), 0, onlyLetters(x | y<<32)
	}
	for i := n - 1; i >= 0; i-- {
		if nameByte[s[i]] != 3 {
			return 0, 0, false
		}
		p = p<<8 | uint64(s[i])
	}
	return p, 0, n > 0
}

// putPlain copies s to b up to the first byte that is not ASCII which means itself everywhere, and returns how many.
// What follows them in b may be overwritten, no further than len(s).
func putPlain(b []byte, s string) int {
	n := len(s)
	switch {
	case n >= 8:
		i := 0
		for ; i < n-8; i += 8 {
			x := load8(s, i)
			store8(b, i, x)
			if m := special(x); m != 0 {
				return i + bits.TrailingZeros64(m)/8
			}
		}
		x := load8(s, n-8)
		store8(b, n-8, x)
		if m := special(x); m != 0 {
			return n - 8 + bits.TrailingZeros64(m)/8
		}
		return n
	case n >= 4:
		x, y := load4(s, 0), load4(s, n-4)
		store4(b, 0, x)
		store4(b, n-4, y)
		if m := special(uint64(x) | uint64(y)<<32); m != 0 {
			i := bits.TrailingZeros64(m) / 8
			if i >= 4 {
				i += n - 8
			}
			return i
		}
		return n
	}
	for i := range n {
		if class[s[i]] != plain {
			return i
		}
		b[i] = s[i]
	}
	return n
}
