package pdfa

import (
	"encoding/binary"
	"math"
	"slices"
)

// outputProfile makes the ICC profile (version 2.1, matrix and tone curves) of the output intent: the primaries of
// IEC 61966-2-1 (sRGB) adapted to the D50 white of the profile connection space, and its transfer curve in 1024 steps.
// It is computed here, so that no profile of anybody has to be shipped.
func outputProfile() []byte {
	text := func(kind, s string) []byte {
		b := append([]byte(kind), 0, 0, 0, 0)
		if kind == "desc" { // length, ASCII text, then empty Unicode and Macintosh names
			b = binary.BigEndian.AppendUint32(b, uint32(len(s)+1)) //nolint:gosec // short
			return append(append(append(b, s...), 0), make([]byte, 4+4+2+1+67)...)
		}
		return append(append(b, s...), 0)
	}
	xyz := func(x, y, z float64) []byte {
		b := []byte("XYZ \x00\x00\x00\x00")
		for _, v := range []float64{x, y, z} {
			b = binary.BigEndian.AppendUint32(b, uint32(int32(math.Round(v*65536)))) //nolint:gosec // s15Fixed16
		}
		return b
	}
	tags := []struct {
		sig  string
		data []byte // nil: the same as the tag before
	}{
		{"desc", text("desc", "RGB with sRGB primaries and curve")},
		{"cprt", text("text", "No copyright is claimed on this profile")},
		{"wtpt", xyz(0.9642, 1, 0.8249)},
		{"rXYZ", xyz(0.43607, 0.22249, 0.01392)},
		{"gXYZ", xyz(0.38515, 0.71687, 0.09708)},
		{"bXYZ", xyz(0.14307, 0.06061, 0.71410)},
		{"rTRC", toneCurve()}, {"gTRC", nil}, {"bTRC", nil},
	}
	header := make([]byte, 128)
	binary.BigEndian.PutUint32(header[8:], 0x02100000)
	copy(header[12:], "mntrRGB XYZ ")
	copy(header[24:], []byte{7, 0xd0, 0, 1, 0, 1}) // a fixed date: 2000-01-01
	copy(header[36:], "acsp")
	copy(header[68:], xyz(0.9642, 1, 0.8249)[8:]) // illuminant D50

	index := binary.BigEndian.AppendUint32(nil, uint32(len(tags))) //nolint:gosec // nine
	var data []byte
	from, size := 0, 0
	for _, t := range tags {
		if t.data != nil {
			from, size = 128+4+12*len(tags)+len(data), len(t.data)
			data = append(data, t.data...)
			for len(data)%4 != 0 {
				data = append(data, 0)
			}
		}
		index = append(index, t.sig...)
		index = binary.BigEndian.AppendUint32(index, uint32(from)) //nolint:gosec // small
		index = binary.BigEndian.AppendUint32(index, uint32(size)) //nolint:gosec // small
	}
	profile := slices.Concat(header, index, data)
	binary.BigEndian.PutUint32(profile, uint32(len(profile))) //nolint:gosec // small
	return profile
}

// toneCurve is the decoding function of IEC 61966-2-1.
func toneCurve() []byte {
	const steps = 1024
	b := binary.BigEndian.AppendUint32([]byte("curv\x00\x00\x00\x00"), steps)
	for i := range steps {
		v := float64(i) / (steps - 1)
		if v <= 0.04045 {
			v /= 12.92
		} else {
			v = math.Pow((v+0.055)/1.055, 2.4)
		}
		b = binary.BigEndian.AppendUint16(b, uint16(math.Round(v*65535)))
	}
	return b
}
