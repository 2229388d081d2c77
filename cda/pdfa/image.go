package pdfa

import (
	"crypto/sha256"
	"fmt"
	"math"
)

// Image is a block with a picture. It is embedded as it is, once, even when several blocks show it; its bytes are held until
// Build returns. Exactly one of JPEG and Bitmap is given.
type Image struct {
	// JPEG is a file of the formats JFIF, Exif or plain JPEG: baseline or progressive, 8 bits a sample, grey or RGB (as YCbCr
	// or not). Four colours (CMYK) are refused: the output intent is sRGB. Its structure is checked, its samples are not
	// decoded. An orientation or a resolution that it holds is ignored, and so are colour profiles. What else it holds (Exif,
	// comments) stays in the file that Build makes.
	JPEG []byte
	// Bitmap is a picture in black and white.
	Bitmap *Bitmap
	// Width is the width on paper in millimetres, 5 to MaxImageWidth; 0 means 150 pixels to the inch and no more than the
	// width of the text. A picture that would be higher than the page is made smaller in proportion.
	Width float64
	// Caption is shown below the picture. It says what the picture shows for who cannot see it. Optional.
	Caption string
}

// Bitmap is a picture of one bit a pixel: rows from the top, each of whole bytes, the first pixel in the highest bit, 1 black.
type Bitmap struct {
	Width, Height int // pixels
	Bits          []byte
}

// Limits of pictures; more is an input error.
const (
	MaxImages      = 500      // blocks
	MaxImageBytes  = 20 << 20 // of one
	MaxImagesBytes = 64 << 20 // of all blocks together, each one counted
	MaxImageSide   = 16_384   // pixels
	MaxImageWidth  = 169.0    // millimetres
)

const (
	minImageWidth = 5.0 // millimetres
	maxRatio      = 50  // of the sides
)

// image checks a picture. Its bytes are not copied.
func (p *preparer) image(path string, in Image) Image {
	p.line(path+".caption", &in.Caption, p.fonts.italic)
	if !(in.Width == 0 || in.Width >= minImageWidth && in.Width <= MaxImageWidth) { // not a number is neither
		p.problems.Addf(path+".width", "must be %g to %g millimetres, or 0", minImageWidth, MaxImageWidth)
	}
	if (len(in.JPEG) > 0) == (in.Bitmap != nil) {
		p.problems.Add(path, "must have either a JPEG or a bitmap")
		return in
	}
	size := len(in.JPEG)
	if in.Bitmap != nil {
		size = len(in.Bitmap.Bits)
	}
	if p.images++; p.images > MaxImages || size > MaxImageBytes || size > MaxImagesBytes-p.imageBytes {
		switch {
		case p.images > MaxImages:
			p.problems.Addf(path, "is more than the %d images that a report may have", MaxImages)
		case size > MaxImageBytes:
			p.problems.Addf(path, "has more than %d bytes", MaxImageBytes)
		default:
			p.problems.Addf(path, "makes the images hold more than %d bytes together", MaxImagesBytes)
		}
		return in
	}
	p.imageBytes += size
	if in.Bitmap != nil {
		if why := in.Bitmap.check(); why != "" {
			p.problems.Add(path+".bitmap", why)
		}
		return in
	}
	if _, why := scanJPEG(in.JPEG); why != "" {
		p.problems.Add(path+".jpeg", why)
	}
	return in
}

func (b *Bitmap) check() string {
	if why := sides(b.Width, b.Height); why != "" {
		return why
	}
	if n := (b.Width + 7) / 8 * b.Height; len(b.Bits) != n {
		return fmt.Sprintf("must hold %d bytes for its size", n)
	}
	return ""
}

// sides says what is wrong with the size of a picture.
func sides(w, h int) string {
	switch {
	case w < 1 || h < 1 || w > MaxImageSide || h > MaxImageSide:
		return fmt.Sprintf("must have sides of 1 to %d pixels", MaxImageSide)
	case w > maxRatio*h || h > maxRatio*w:
		return fmt.Sprintf("must not be more than %d times as long as wide", maxRatio)
	}
	return ""
}

// picture is an image XObject.
type picture struct {
	width, height int // pixels
	entries       string
	data          []byte
}

// pictures are those of the report in the order of their first use.
type pictures struct {
	list []picture
	seen map[[sha256.Size]byte]int
}

// add returns the number of a picture that was checked.
func (s *pictures) add(in Image) int {
	var p picture
	h := sha256.New()
	if b := in.Bitmap; b != nil {
		p = picture{width: b.Width, height: b.Height, data: b.Bits, entries: "/ColorSpace /DeviceGray /BitsPerComponent 1 /Decode [ 1 0 ]"}
		_, _ = fmt.Fprintf(h, "%d %d ", b.Width, b.Height)
	} else {
		j, _ := scanJPEG(in.JPEG)
		p = picture{width: j.width, height: j.height, data: in.JPEG[:j.size], entries: j.entries()}
	}
	_, _ = h.Write(p.data)
	key := [sha256.Size]byte(h.Sum(nil))
	if n, known := s.seen[key]; known {
		return n
	}
	if s.seen == nil {
		s.seen = map[[sha256.Size]byte]int{}
	}
	s.seen[key] = len(s.list)
	s.list = append(s.list, p)
	return s.seen[key]
}

// millimetres converts to thousandths of a point.
func millimetres(v float64) int { return int(math.Round(v * (72 * pt) / 25.4)) }

type imageFlow struct {
	*layout
	number        int
	width, height int // on paper
	caption       []string
}

const captionGap = 3 * pt

func (l *layout) imageFlow(in Image) *imageFlow {
	f := &imageFlow{layout: l, number: l.pictures.add(in), caption: l.wrap(in.Caption, styleLegend, textWidth)}
	p := &l.pictures.list[f.number]
	f.width = min(p.width*(72*pt)/150, textWidth)
	if in.Width > 0 {
		f.width = min(millimetres(in.Width), textWidth)
	}
	f.height = f.width * p.height / p.width
	// A heading and a caption of some lines stay on the page of the picture.
	if most := bodyHeight - 60*pt - f.legend(); f.height > most {
		f.width, f.height = most*p.width/p.height, most
	}
	return f
}

// legend is the height of the caption, or of its first lines.
func (f *imageFlow) legend() int {
	if len(f.caption) == 0 {
		return 0
	}
	return captionGap + min(len(f.caption), 8)*styleLegend.leading
}

func (f *imageFlow) gap() int   { return gapFigure }
func (f *imageFlow) first() int { return f.height + f.legend() }

func (f *imageFlow) place() {
	f.need(f.first())
	bottom := f.y - f.height
	f.pages[len(f.pages)-1].show(f.number)
	f.put(item{x: marginSide, y: bottom, ops: fmt.Sprintf("q %s 0 0 %s %s %s cm /I%d Do Q\n",
		points(f.width), points(f.height), points(marginSide), points(bottom), f.number)})
	f.y, f.fresh = bottom, false
	if len(f.caption) > 0 {
		f.space(captionGap)
		f.block(f.caption, styleLegend, marginSide)
	}
}

// show records that the page shows a picture.
func (p *page) show(n int) {
	for _, known := range p.pictures {
		if known == n {
			return
		}
	}
	p.pictures = append(p.pictures, n)
}
