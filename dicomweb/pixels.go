package dicomweb

import (
	"errors"
	"strconv"
	"strings"

	"github.com/segur-sdk/segur"
)

// CheckPixels checks that a Part 10 file holds the pixels that it announces: as
// many bytes as rows, columns, samples, bits and frames ask for, or, when they
// are compressed, a fragment for each frame. Nothing is decoded, and values are
// passed over. An object that announces no image (report, manifest, presentation
// state, document, waveform, spectroscopy) passes, unless it is of a class that
// always is one. The error is [segur.ErrProtocol] and names what is missing, or
// [segur.ErrTruncated] for a file that is cut.
func CheckPixels(c segur.Content) error {
	const op = "dicomweb.CheckPixels"
	rc, err := c.Open()
	if err != nil {
		return inputError(op, withoutPath(err))
	}
	err = checkPixels(newWalker(rc, c.Size()))
	return streamFault(op, withoutPath(errors.Join(err, rc.Close())))
}

// Tags that describe pixels.
const (
	tagFloatPixels      Tag = 0x7FE00008
	tagDoublePixels     Tag = 0x7FE00009
	tagSpectroscopyData Tag = 0x56000020
)

// announced is what a data set says of its pixels.
type announced struct {
	rows, columns, samples, bits, frames int64
	photometric                          string
	spectroscopy                         bool
}

func checkPixels(w *walker) error {
	var h Header
	class := ""
	if _, _, err := w.readMeta(&h); err != nil {
		return err
	}
	if h.TransferSyntaxUID == DeflatedExplicitVRLE {
		w.inflate(maxFollowed)
	}
	a := announced{samples: 1, frames: 1}
	found := false
	w.visit = func(e fileElement) (bool, error) {
		switch e.tag {
		case TagPixelData, tagFloatPixels, tagDoublePixels:
			found = true
			if e.length == undefinedLength {
				return true, w.enoughFragments(a.fragments(h.TransferSyntaxUID))
			}
			return true, a.enough(int64(e.length), native(h.TransferSyntaxUID))
		case tagSpectroscopyData:
			a.spectroscopy = true
		case TagSOPClassUID:
			var err error
			class, err = w.uid(e)
			return true, err
		}
		return true, a.take(w, e)
	}
	switch err := w.walk(); {
	case err != nil:
		return err
	case found || a.spectroscopy:
		return nil
	case a.rows > 0 && a.columns > 0:
		return rule("the object announces pixels and has none")
	case imageClass(class):
		return rule("an image without pixels")
	}
	return nil
}

// take keeps the value of an element that describes pixels.
func (a *announced) take(w *walker, e fileElement) error {
	short := map[Tag]*int64{tagSamplesPerPixel: &a.samples, TagRows: &a.rows, TagColumns: &a.columns, TagBitsAllocated: &a.bits}[e.tag]
	switch {
	case e.length > 64:
		return nil
	case short != nil && e.length == 2:
		b, err := w.value(2)
		if err == nil {
			*short = int64(w.order.Uint16(b))
		}
		return err
	case e.tag == TagNumberOfFrames || e.tag == tagPhotometric:
		b, err := w.value(e.length)
		text := strings.Trim(string(b), " \x00")
		if e.tag == tagPhotometric {
			a.photometric = text
		} else if n, bad := strconv.ParseInt(text, 10, 32); bad == nil && n > 0 {
			a.frames = n
		}
		return err
	}
	return nil
}

// enough holds the length of pixels against what is announced. What says too
// little to tell passes, as long as there is something.
func (a *announced) enough(length int64, native bool) error {
	switch {
	case length == 0:
		return rule("the pixel data are empty")
	case !native:
		return nil
	}
	perPixel := 2 * a.samples // in half samples
	switch a.photometric {
	case "YBR_FULL_422", "YBR_PARTIAL_422":
		perPixel = 4
	case "YBR_PARTIAL_420":
		perPixel = 3
	}
	// Rows, columns and samples below 2^16, bits cut at 2^8: the product of all but
	// the frames is below 2^58.
	frame := (a.rows*a.columns*perPixel*min(a.bits, 1<<8) + 1) / 2 // bits
	if frame > 0 && length*8/a.frames < frame {
		return rule("the pixels are fewer than the object announces")
	}
	return nil
}

// fragments is the least number of fragments.
func (a *announced) fragments(syntax string) int64 {
	if _, video, _ := pixelMediaType(syntax); video || syntax == jpeg2000Components || syntax == jpeg2000ComponentsLossless {
		return 1
	}
	return a.frames
}

// The multi-component syntaxes of JPEG 2000 hold several frames in one.
const (
	jpeg2000ComponentsLossless = "1.2.840.10008.1.2.4.92"
	jpeg2000Components         = "1.2.840.10008.1.2.4.93"
)

// enoughFragments counts fragments that are not empty, after the table of offsets
// (PS3.5 A.4).
func (w *walker) enoughFragments(least int64) error {
	n := int64(-1) // the table
	for {
		item, err := w.header()
		switch {
		case err != nil:
			return err
		case item.tag == tagSequenceEnd && n < least:
			return rule("the pixels have fewer fragments than frames")
		case item.tag == tagSequenceEnd:
			return nil
		case item.tag != tagItem || item.length == undefinedLength:
			return rule("encapsulated pixel data hold something that is not a fragment")
		}
		if n < 0 || item.length > 0 {
			n++
		}
		if err := w.skip(int64(item.length)); err != nil {
			return err
		}
	}
}

// native reports whether pixels are stored without compression.
func native(syntax string) bool {
	switch syntax {
	case ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLE:
		return true
	}
	return false
}

// imageClass reports whether the instances of a storage class always have pixels
// (PS3.4 B.5, PS3.3 A): those of the modalities that make images.
func imageClass(class string) bool {
	rest, ok := strings.CutPrefix(class, "1.2.840.10008.5.1.4.1.1.")
	if !ok {
		return false
	}
	switch rest {
	case "1", "1.1", "1.1.1", "1.2", "1.2.1", "1.3", "1.3.1", // CR, DX, MG, IO
		"2", "2.1", "2.2", "4", "4.1", "4.3", "4.4", // CT, MR; 4.2 is spectroscopy
		"3", "3.1", "6", "6.1", "6.2", // US
		"7", "7.1", "7.2", "7.3", "7.4", // SC
		"12.1", "12.1.1", "12.2", "12.2.1", "13.1.1", "13.1.2", "13.1.3", // XA, RF, tomosynthesis
		"5", "20", "128", "128.1", "130", // NM, PET
		"14.1", "14.2", "77.1.5.4", "77.1.6", // OCT, ophthalmic tomography, slides
		"77.1.1", "77.1.1.1", "77.1.2", "77.1.2.1", "77.1.3", "77.1.4", "77.1.4.1", "77.1.5.1", "77.1.5.2", // VL
		"481.1": // RT image
		return true
	}
	return false
}
