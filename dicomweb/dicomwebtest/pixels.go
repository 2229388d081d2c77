package dicomwebtest

import (
	"bytes"
	"encoding/binary"
	"errors"

	"github.com/segur-sdk/segur/dicomweb"
)

var errNoPixels = errors.New("dicomwebtest: the instance has no pixels that this server reads")

// pixelData is what an image holds.
type pixelData struct {
	rows, columns, samples, bits int
	// frames are native, or compressed when syntax is not one of the native ones.
	frames [][]byte
	raw    []byte // the value of (7FE0,0010)
	syntax string
}

// compressed media types of the frames that the server gives as they are stored.
var compressed = map[string]string{
	"1.2.840.10008.1.2.4.50": "image/jpeg", "1.2.840.10008.1.2.4.70": "image/jpeg", "1.2.840.10008.1.2.4.80": "image/jls",
	"1.2.840.10008.1.2.4.90": "image/jp2", "1.2.840.10008.1.2.4.91": "image/jp2", "1.2.840.10008.1.2.5": "image/dicom-rle",
}

func (p *pixelData) mediaType() string {
	if t := compressed[p.syntax]; t != "" {
		return t
	}
	return "application/octet-stream"
}

// pixels finds the pixel data of an Explicit VR Little Endian file.
func (i *instance) pixels() (*pixelData, error) {
	number := func(tag dicomweb.Tag, missing int) int {
		if n, ok := i.dataset.Int(tag); ok && n > 0 && n < 1<<20 {
			return int(n)
		}
		return missing
	}
	p := &pixelData{
		rows: number(dicomweb.TagRows, 0), columns: number(dicomweb.TagColumns, 0), samples: number(0x00280002, 1),
		bits: number(dicomweb.TagBitsAllocated, 0), syntax: i.header.TransferSyntaxUID,
	}
	count := number(dicomweb.TagNumberOfFrames, 1)
	for _, vr := range []string{"OW", "OB"} {
		at := bytes.LastIndex(i.file, []byte("\xE0\x7F\x10\x00"+vr+"\x00\x00"))
		if at < 0 || len(i.file) < at+12 {
			continue
		}
		length, rest := binary.LittleEndian.Uint32(i.file[at+8:]), i.file[at+12:]
		if length == 0xFFFFFFFF {
			p.raw = rest
			return p, p.fragments(rest, count)
		}
		if int64(length) > int64(len(rest)) {
			return nil, errNoPixels
		}
		p.raw = rest[:length]
		size := p.rows * p.columns * p.samples * p.bits / 8
		if size == 0 || size*count > len(p.raw) {
			return nil, errNoPixels
		}
		for n := range count {
			p.frames = append(p.frames, p.raw[n*size:(n+1)*size])
		}
		return p, nil
	}
	return nil, errNoPixels
}

// fragments reads encapsulated pixels (PS3.5 A.4): one frame in one fragment, or
// in those that the basic offset table gives it, or one frame in all of them.
func (p *pixelData) fragments(b []byte, count int) error {
	var items [][]byte
	for len(b) >= 8 && bytes.HasPrefix(b, []byte("\xFE\xFF\x00\xE0")) {
		length := int64(binary.LittleEndian.Uint32(b[4:]))
		if length > int64(len(b)-8) {
			return errNoPixels
		}
		items, b = append(items, b[8:8+length]), b[8+length:]
	}
	if len(items) < 2 {
		return errNoPixels
	}
	table, items := items[0], items[1:]
	switch {
	case len(items) == count:
		p.frames = items
	case count == 1:
		p.frames = [][]byte{bytes.Join(items, nil)}
	case len(table) == 4*count:
		at := uint32(0)
		for _, item := range items {
			for n := range count {
				if binary.LittleEndian.Uint32(table[4*n:]) == at {
					p.frames = append(p.frames, nil)
				}
			}
			if len(p.frames) == 0 {
				return errNoPixels
			}
			p.frames[len(p.frames)-1] = append(p.frames[len(p.frames)-1], item...)
			at += uint32(8 + len(item)) //nolint:gosec // far below
		}
	}
	if len(p.frames) != count {
		return errNoPixels
	}
	return nil
}
