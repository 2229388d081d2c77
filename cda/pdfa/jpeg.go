package pdfa

import (
	"bytes"
	"fmt"
	"image/jpeg"
)

// jpegFile is what a PDF must know of a JPEG file.
type jpegFile struct {
	width, height int
	components    int
	rgb           bool // the components are RGB and nothing in the file says so to a PDF reader
	size          int  // bytes up to the end of the image
}

func (j jpegFile) entries() string {
	space, parms := "DeviceRGB", ""
	if j.components == 1 {
		space = "DeviceGray"
	}
	if j.rgb {
		parms = " /DecodeParms << /ColorTransform 0 >>"
	}
	return "/ColorSpace /" + space + " /BitsPerComponent 8 /Filter /DCTDecode" + parms
}

// Markers of JPEG (ITU-T T.81, table B.1).
const (
	markSOF0, markSOF1, markSOF2 = 0xc0, 0xc1, 0xc2
	markDHT                      = 0xc4
	markRST0, markRST7           = 0xd0, 0xd7
	markSOI, markEOI, markSOS    = 0xd8, 0xd9, 0xda
	markDQT, markDRI             = 0xdb, 0xdd
	markAPP0, markAPP14, markCOM = 0xe0, 0xee, 0xfe
)

const (
	errNotJPEG    = "is not a JPEG file"
	errJPEGCut    = "is cut short"
	errJPEGBroken = "is not a sound JPEG file: "
	errJPEGColour = "must be grey or RGB (the output intent is sRGB)"
)

// scanJPEG walks through all segments and scans of a JPEG file and says what is wrong with it. The samples are not decoded.
func scanJPEG(data []byte) (jpegFile, string) {
	if len(data) < 4 || data[0] != 0xff || data[1] != markSOI {
		return jpegFile{}, errNotJPEG
	}
	s := jpegScan{data: data, pos: 2}
	why := s.run()
	if why != "" {
		return jpegFile{}, why
	}
	config, err := jpeg.DecodeConfig(bytes.NewReader(data))
	if err != nil || config.Width != s.width || config.Height != s.height { // a second opinion
		return jpegFile{}, errJPEGBroken + "its header cannot be decoded"
	}
	return s.jpegFile, sides(s.width, s.height)
}

type jpegScan struct {
	jpegFile
	data []byte
	pos  int

	progressive    bool
	ids            []byte        // of the components
	quant          map[byte]byte // component -> quantisation table
	scanned        map[byte]bool
	tables         map[byte]bool // that are defined: quantisation 0 to 3, Huffman DC 0x10 to 0x13, AC 0x20 to 0x23
	restart        int
	jfif, adobe    bool
	adobeTransform byte
}

// run follows the markers up to the end of the image.
func (s *jpegScan) run() string {
	s.quant, s.scanned, s.tables = map[byte]byte{}, map[byte]bool{}, map[byte]bool{}
	for {
		if s.pos >= len(s.data) {
			return errJPEGCut
		}
		if s.data[s.pos] != 0xff {
			return errJPEGBroken + "data where a marker is expected"
		}
		for s.pos < len(s.data) && s.data[s.pos] == 0xff { // fill bytes
			s.pos++
		}
		if s.pos >= len(s.data) {
			return errJPEGCut
		}
		m := s.data[s.pos]
		s.pos++
		if m == markEOI {
			return s.end()
		}
		if len(s.data)-s.pos < 2 {
			return errJPEGCut
		}
		size := int(s.data[s.pos])<<8 | int(s.data[s.pos+1])
		if m < markSOF0 || m >= markRST0 && m <= markSOI || size < 2 {
			return errJPEGBroken + fmt.Sprintf("marker %#x", m)
		}
		if size > len(s.data)-s.pos {
			return errJPEGCut
		}
		segment := s.data[s.pos+2 : s.pos+size]
		s.pos += size
		if why := s.segment(m, segment); why != "" {
			return why
		}
	}
}

// end checks the file as a whole. Zero bytes may follow it: DICOM pads to an even length.
func (s *jpegScan) end() string {
	s.size = s.pos
	if len(bytes.Trim(s.data[s.pos:], "\x00")) > 0 {
		return errJPEGBroken + "data after its end"
	}
	if len(s.ids) == 0 || len(s.scanned) < len(s.ids) {
		return errJPEGBroken + "a component without data"
	}
	if s.components == 3 {
		switch {
		case s.adobe && (s.adobeTransform > 1 || s.jfif && s.adobeTransform == 0):
			return errJPEGBroken + "two contradicting colour models"
		case !s.adobe && !s.jfif:
			s.rgb = string(s.ids) == "RGB"
		}
	}
	return ""
}

func (s *jpegScan) segment(m byte, b []byte) string {
	switch m {
	case markSOF0, markSOF1, markSOF2:
		return s.frame(m, b)
	case markDQT:
		return s.quantisation(b)
	case markDHT:
		return s.huffman(b)
	case markDRI:
		if len(b) != 2 {
			return errJPEGBroken + "restart interval"
		}
		s.restart = int(b[0])<<8 | int(b[1])
	case markSOS:
		return s.scan(b)
	case markAPP0:
		s.jfif = s.jfif || bytes.HasPrefix(b, []byte("JFIF\x00"))
	case markAPP14:
		if len(b) >= 12 && string(b[:5]) == "Adobe" {
			s.adobe, s.adobeTransform = true, b[11]
		}
	default:
		if m < markAPP0 { // lossless, hierarchical, arithmetic, lines counted afterwards
			return "must be baseline or progressive JPEG with Huffman coding"
		}
		if m > markAPP0+15 && m != markCOM {
			return errJPEGBroken + fmt.Sprintf("marker %#x", m)
		}
	}
	return ""
}

func (s *jpegScan) frame(m byte, b []byte) string {
	switch {
	case s.ids != nil:
		return errJPEGBroken + "two frames"
	case len(b) < 6 || len(b) != 6+3*int(b[5]):
		return errJPEGBroken + "frame header"
	case b[0] != 8:
		return "must have 8 bits a sample"
	case b[5] != 1 && b[5] != 3:
		return errJPEGColour
	}
	s.progressive = m == markSOF2
	s.height, s.width = int(b[1])<<8|int(b[2]), int(b[3])<<8|int(b[4])
	s.components = int(b[5])
	for c := b[6:]; len(c) > 0; c = c[3:] {
		if _, twice := s.quant[c[0]]; twice || c[2] > 3 {
			return errJPEGBroken + "frame header"
		}
		s.ids = append(s.ids, c[0])
		s.quant[c[0]] = c[2]
	}
	return ""
}

func (s *jpegScan) quantisation(b []byte) string {
	for len(b) > 0 {
		n := 65
		if b[0]>>4 == 1 {
			n = 129
		}
		if b[0]>>4 > 1 || b[0]&15 > 3 || len(b) < n {
			return errJPEGBroken + "quantisation table"
		}
		s.tables[b[0]&15] = true
		b = b[n:]
	}
	return ""
}

func (s *jpegScan) huffman(b []byte) string {
	for len(b) > 0 {
		if b[0]>>4 > 1 || b[0]&15 > 3 || len(b) < 17 {
			return errJPEGBroken + "Huffman table"
		}
		n := 17
		for _, count := range b[1:17] {
			n += int(count)
		}
		if n == 17 || n > 17+256 || len(b) < n {
			return errJPEGBroken + "Huffman table"
		}
		s.tables[0x10*(1+b[0]>>4)|b[0]&15] = true
		b = b[n:]
	}
	return ""
}

// scan reads the header of a scan and goes over its data.
func (s *jpegScan) scan(b []byte) string {
	if len(b) < 4 || b[0] < 1 || int(b[0]) > s.components || len(b) != 4+2*int(b[0]) {
		return errJPEGBroken + "scan header"
	}
	from, to := b[len(b)-3], b[len(b)-2] // of the spectrum
	for c := b[1 : len(b)-3]; len(c) > 0; c = c[2:] {
		q, known := s.quant[c[0]]
		dc, ac := 0x10|c[1]>>4, 0x20|c[1]&15
		needDC, needAC := !s.progressive || from == 0 && b[len(b)-1]>>4 == 0, !s.progressive || to > 0
		if !known || !s.tables[q] || needDC && !s.tables[dc] || needAC && !s.tables[ac] {
			return errJPEGBroken + "a scan without its component or tables"
		}
		s.scanned[c[0]] = true
	}
	return s.entropy()
}

// entropy goes over the data of a scan to the marker that ends it. Restart markers come in turn.
func (s *jpegScan) entropy() string {
	start, restarts := s.pos, 0
	for {
		i := bytes.IndexByte(s.data[s.pos:], 0xff)
		if i < 0 || s.pos+i+1 >= len(s.data) {
			return errJPEGCut
		}
		s.pos += i
		switch next := s.data[s.pos+1]; {
		case next == 0:
			s.pos += 2
		case next >= markRST0 && next <= markRST7:
			if s.restart == 0 || int(next-markRST0) != restarts%8 {
				return errJPEGBroken + "restart marker"
			}
			restarts++
			s.pos += 2
		case next == 0xff:
			s.pos++
		default:
			if s.pos == start {
				return errJPEGBroken + "a scan without data"
			}
			return ""
		}
	}
}
