package xdm

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"

	"github.com/segur-sdk/segur"
)

// central is where the directory of an archive is.
type central struct{ offset, length, records int64 }

const (
	centralHeader, localHeader = 46, 30
	descriptor                 = 12     // at least
	extraZip64                 = 0x0001 // extra field of 64-bit sizes
)

// record is one entry of the directory, as far as the zip reader does not
// show it.
type record struct {
	name              string
	flags, method     uint16
	start, compressed int64
}

// read reads the directory for what the zip reader does not tell: 64-bit
// entries, and where each file starts.
func (c central) read(r io.ReaderAt) ([]record, error) {
	b := make([]byte, c.length)
	if _, err := r.ReadAt(b, c.offset); err != nil {
		return nil, refuse(segur.KindTruncated, CodeNotZip, "", "the directory cannot be read", err)
	}
	var out []record
	for i := range c.records {
		field := fmt.Sprintf("files[%d]", i)
		if len(b) < centralHeader || string(b[:4]) != "PK\x01\x02" {
			return nil, refuse(segur.KindProtocol, CodeNotZip, field, "the directory has fewer entries than it says", nil)
		}
		u16 := func(at int) uint16 { return binary.LittleEndian.Uint16(b[at:]) }
		u32 := func(at int) int64 { return int64(binary.LittleEndian.Uint32(b[at:])) }
		extra := centralHeader + int(u16(28))
		comment := extra + int(u16(30))
		next := comment + int(u16(32))
		switch {
		case len(b) < next:
			return nil, refuse(segur.KindProtocol, CodeNotZip, field, "the directory is cut", nil)
		case u32(20) == maxContent || u32(24) == maxContent || u32(42) == maxContent || hasExtra(b[extra:comment], extraZip64):
			return nil, refuse(segur.KindProtocol, CodeZip64, field, "has a 64-bit size", nil)
		}
		out = append(out, record{name: string(b[centralHeader:extra]), flags: u16(8), method: u16(10), start: u32(42), compressed: u32(20)})
		b = b[next:]
	}
	if len(b) != 0 {
		return nil, refuse(segur.KindProtocol, CodeNotZip, "", "the directory has more entries than it says", nil)
	}
	return out, nil
}

// checkBodies refuses local headers that contradict the directory, and files
// that share their bytes.
func (c central) checkBodies(r io.ReaderAt, records []record) error {
	type span struct {
		start, end int64
		index      int
	}
	var spans []span
	// What both must agree on: encryption and the data descriptor.
	const flags = 1 | 1<<3 | 1<<6 | 1<<13
	for i, f := range records {
		field := fmt.Sprintf("files[%d]", i)
		local := make([]byte, localHeader+len(f.name))
		if _, err := r.ReadAt(local, f.start); err != nil || string(local[:4]) != "PK\x03\x04" {
			return refuse(segur.KindProtocol, CodeNotZip, field, "has no local header", err)
		}
		u16 := func(at int) uint16 { return binary.LittleEndian.Uint16(local[at:]) }
		if (u16(6)^f.flags)&flags != 0 || u16(8) != f.method || int(u16(26)) != len(f.name) || string(local[localHeader:]) != f.name {
			return refuse(segur.KindProtocol, CodeNotZip, field, "has a local header that contradicts the directory", nil)
		}
		end := f.start + int64(len(local)) + int64(u16(28)) + f.compressed
		if f.flags&(1<<3) != 0 {
			end += descriptor
		}
		spans = append(spans, span{start: f.start, end: end, index: i})
	}
	slices.SortFunc(spans, func(x, y span) int { return int(x.start - y.start) })
	for i, s := range spans {
		if s.end > c.offset || i > 0 && s.start < spans[i-1].end {
			return refuse(segur.KindProtocol, CodeOverlap, fmt.Sprintf("files[%d]", s.index), "shares bytes with another file", nil)
		}
	}
	return nil
}

// hasExtra reports whether an extra field with this id is there.
func hasExtra(b []byte, id uint16) bool {
	for len(b) >= 4 {
		if binary.LittleEndian.Uint16(b) == id {
			return true
		}
		b = b[min(4+int(binary.LittleEndian.Uint16(b[2:])), len(b)):]
	}
	return false
}
