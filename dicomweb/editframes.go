package dicomweb

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/segur-sdk/segur"
)

const opReadFrames = "dicomweb.ReadFrames"

// jp2Box is what a JP2 file begins with (ISO 15444-1 I.5.1).
const jp2Box = "\x00\x00\x00\x0cjP  "

// maxOffsets bounds the Basic Offset Table, in frames.
const maxOffsets = 1 << 20

// FrameStream gives frames of a Part 10 file as it passes, in constant memory but
// for the table of offsets (4 bytes for each frame). It is not safe for
// concurrent use.
type FrameStream struct {
	// TransferSyntaxUID is the encoding of the frames: that of the file, or
	// Explicit VR Little Endian for frames without compression.
	TransferSyntaxUID string
	// MediaType is the media type of a frame by itself (PS3.18 8.7.3.3).
	MediaType string
	// Count is the number of frames.
	Count int

	w       *walker
	at      int           // frames passed, or being read
	current *frameContent // nil: none yet
	size    int64         // of a frame without compression
	native  bool
	offsets []uint32 // of encapsulated frames; empty: none
	base    int64    // where the offsets count from
	ahead   bool     // the header of the next fragment was read: fragLen is its length
	fragLen uint32
	starts  bool // a fragment that does not begin as an image goes on with the last frame
	ended   bool // the delimiter was read
}

// ReadFrames reads a Part 10 file up to its pixels. An object without pixels, and
// one whose frames cannot be told apart as they pass (video, big endian words,
// bits that do not fill bytes), is [segur.ErrRefused]. The other errors are those
// of [ReadHead].
func ReadFrames(r io.Reader) (*FrameStream, error) {
	f := &FrameStream{w: newWalker(nil, -1)}
	f.w.br = bufio.NewReaderSize(r, 64<<10)
	if err := f.open(); err != nil {
		return nil, streamFault(opReadFrames, err)
	}
	return f, nil
}

func frameRefused(message string) error { return streamRefused(opReadFrames, message) }

func streamRefused(op, message string) error {
	return &segur.Error{Op: op, Kind: segur.KindRefused, Message: message}
}

func (f *FrameStream) open() error {
	var h Header
	if _, _, err := f.w.readMeta(&h); err != nil {
		return err
	}
	f.TransferSyntaxUID = h.TransferSyntaxUID
	if h.TransferSyntaxUID == DeflatedExplicitVRLE {
		f.w.inflate(maxFollowed)
	}
	a := announced{samples: 1, frames: 1}
	var pixels *fileElement
	f.w.visit = func(e fileElement) (bool, error) {
		switch e.tag {
		case TagPixelData, tagFloatPixels, tagDoublePixels:
			pixels = &e
			return false, nil
		}
		return true, a.take(f.w, e)
	}
	if err := f.w.walk(); err != nil {
		return err
	}
	if pixels == nil {
		return frameRefused("the object has no pixels")
	}
	f.Count = int(a.frames)
	if pixels.length == undefinedLength {
		return f.openFragments()
	}
	if a.photometric == "YBR_FULL_422" {
		a.samples = 2
	}
	bits := a.rows * a.columns * a.samples * a.bits // of 16 bits each; the last two are small, or the frames refused
	if a.samples > 4 || a.bits > 64 || bits%8 != 0 && f.Count > 1 {
		return frameRefused("the frames of the object do not fill bytes")
	}
	if f.w.order == binary.BigEndian && (a.bits > 8 || pixels.vr == OW) {
		return frameRefused("the frames of the object are big endian words")
	}
	f.native, f.size = true, (bits+7)/8
	f.TransferSyntaxUID, f.MediaType = ExplicitVRLittleEndian, "application/octet-stream"
	if f.size == 0 || f.size > int64(pixels.length)/int64(f.Count) {
		return rule("the pixels are fewer than the frames that the object announces")
	}
	return nil
}

// openFragments reads the Basic Offset Table (PS3.5 A.4).
func (f *FrameStream) openFragments() error {
	var video bool
	f.MediaType, video, f.starts = pixelMediaType(f.TransferSyntaxUID)
	if video {
		return frameRefused("the frames of a video cannot be told apart")
	}
	item, err := f.w.header()
	switch {
	case err != nil:
		return err
	case item.tag != tagItem || item.length == undefinedLength || item.length > 4*maxOffsets:
		return rule("encapsulated pixel data do not begin with a table of offsets")
	}
	table, err := f.w.value(item.length)
	if err != nil {
		return err
	}
	f.base = f.w.pos
	if len(table) == 4*f.Count {
		f.offsets = make([]uint32, f.Count)
		for i := range f.offsets {
			f.offsets[i] = binary.LittleEndian.Uint32(table[4*i:])
			if i > 0 && f.offsets[i] <= f.offsets[i-1] || i == 0 && f.offsets[i] != 0 {
				return rule("the table of offsets is not in ascending order")
			}
		}
	}
	return nil
}

// pixelMediaType is the media type of pixels in a transfer syntax (PS3.18 tables
// 8.7.3-3 and 8.7.3-5), whether the syntax is that of a video, and whether a
// frame begins with a marker that tells it from the continuation of another one.
func pixelMediaType(syntax string) (mediaType string, video, marked bool) {
	const compressed = "1.2.840.10008.1.2.4."
	if syntax == "1.2.840.10008.1.2.5" {
		return "image/dicom-rle", false, false
	}
	n, err := strconv.Atoi(strings.TrimPrefix(syntax, compressed))
	switch {
	case err != nil || !strings.HasPrefix(syntax, compressed):
	case n == 100 || n == 101:
		return "video/mpeg", true, false
	case n >= 102 && n <= 108:
		return "video/mp4", true, false
	case n >= 50 && n <= 70:
		return "image/jpeg", false, true
	case n == 80 || n == 81:
		return "image/jls", false, true
	case n == 90 || n == 91:
		return "image/jp2", false, true
	case n == 92 || n == 93:
		return "image/jpx", false, true
	case n >= 110 && n <= 112:
		return "image/jxl", false, false
	case n >= 201 && n <= 203:
		return "image/jphc", false, true
	}
	return "application/octet-stream", false, false
}

// Frame gives the frame n, counted from 1; frames are asked for in ascending
// order. Its content is valid until the next call, and ends with io.EOF only when
// the frame is whole. [segur.ErrNotFound]: there are not that many.
func (f *FrameStream) Frame(n int) (io.Reader, error) {
	if n <= f.at || n < 1 {
		return nil, &segur.Error{Op: opReadFrames, Kind: segur.KindInvalidInput, Message: "frames are asked for in ascending order, from 1"}
	}
	if n > f.Count {
		return nil, &segur.Error{Op: opReadFrames, Kind: segur.KindNotFound, Message: "the object has fewer frames"}
	}
	for f.at < n {
		if f.current != nil {
			if _, err := io.Copy(io.Discard, f.current); err != nil {
				return nil, err
			}
		}
		f.at++
		f.current = &frameContent{f: f, left: f.size}
		if !f.native {
			f.current.left = 0
			if err := f.current.begin(); err != nil {
				return nil, streamFault(opReadFrames, err)
			}
		}
	}
	return f.current, nil
}

// frameContent is the content of one frame.
type frameContent struct {
	f    *FrameStream
	left int64 // of the frame, or of the fragment
	err  error
}

// item makes sure that the header of the next fragment was read; it reports
// whether there is one.
func (f *FrameStream) item() (bool, error) {
	if f.ahead || f.ended {
		return f.ahead, nil
	}
	h, err := f.w.header()
	switch {
	case err != nil:
		return false, err
	case h.tag == tagSequenceEnd:
		f.ended = true
		return false, nil
	case h.tag != tagItem || h.length == undefinedLength:
		return false, errNoFragment
	}
	f.ahead, f.fragLen = true, h.length
	return true, nil
}

// begin takes the first fragment of the frame.
func (c *frameContent) begin() error {
	there, err := c.f.item()
	if err != nil {
		return err
	}
	if !there {
		return rule("there are fewer fragments than frames")
	}
	if o := c.f.offsets; len(o) > 0 && int64(o[c.f.at-1]) != c.f.w.pos-8-c.f.base {
		return rule("the table of offsets does not point to a fragment")
	}
	c.left, c.f.ahead = int64(c.f.fragLen), false
	return nil
}

// more takes the next fragment when it is one of this frame.
func (c *frameContent) more() (bool, error) {
	f := c.f
	there, err := f.item()
	if err != nil || !there {
		return false, err
	}
	switch {
	case f.at == f.Count && (f.Count == 1 || f.starts || len(f.offsets) > 0): // the last one: everything that is left
	case f.at == f.Count:
		return false, rule("there are more fragments than frames, and nothing tells which is whose")
	case len(f.offsets) > 0:
		if f.w.pos-8-f.base >= int64(f.offsets[f.at]) {
			return false, nil
		}
	case !f.starts:
		return false, nil // one fragment for each frame
	default:
		mark, err := f.w.br.Peek(len(jp2Box))
		if err != nil && !errors.Is(err, io.EOF) {
			return false, err
		}
		if bytes.HasPrefix(mark, []byte{0xFF, 0xD8}) || bytes.HasPrefix(mark, []byte{0xFF, 0x4F}) || string(mark) == jp2Box {
			return false, nil // SOI of JPEG, SOC of JPEG 2000, the first box of a JP2 file
		}
	}
	c.left, f.ahead = int64(f.fragLen), false
	return true, nil
}

// Read gives bytes of the frame.
func (c *frameContent) Read(p []byte) (int, error) {
	switch {
	case c.f.current != c: // even when it was skipped to its end
		return 0, &segur.Error{Op: opReadFrames, Kind: segur.KindInvalidInput, Message: "the frame is no longer there"}
	case c.err != nil:
		return 0, c.err
	}
	for c.left == 0 {
		again := false
		if !c.f.native {
			var err error
			if again, err = c.more(); err != nil {
				c.err = streamFault(opReadFrames, err)
				return 0, c.err
			}
		}
		if !again {
			c.err = io.EOF
			return 0, io.EOF
		}
	}
	n, err := c.f.w.br.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	c.f.w.pos += int64(n)
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = errCut
		}
		c.err = streamFault(opReadFrames, err)
		if n > 0 {
			return n, nil
		}
		return 0, c.err
	}
	return n, nil
}
