package dicomweb

import (
	"compress/flate"
	"io"
)

// deflater compresses what an editor gives.
type deflater struct {
	src   *editor
	zip   *flate.Writer
	out   []byte
	chunk []byte
	size  int64
}

func newDeflater(src *editor) *deflater {
	d := &deflater{src: src, chunk: make([]byte, 32<<10)}
	d.zip, _ = flate.NewWriter(d, flate.DefaultCompression) // the level is a valid one
	return d
}

// Write takes compressed bytes.
func (d *deflater) Write(p []byte) (int, error) {
	d.out = append(d.out, p...)
	d.size += int64(len(p))
	return len(p), nil
}

// next gives the next compressed bytes; the error is that of the end.
func (d *deflater) next(into []byte) ([]byte, error) {
	d.out = into
	for len(d.out) == 0 {
		n, err := d.src.Read(d.chunk)
		_, _ = d.zip.Write(d.chunk[:n]) // into memory
		if err == nil {
			continue
		}
		if err == io.EOF { //nolint:errorlint // an editor gives it bare
			_ = d.zip.Close()
			if d.size%2 == 1 { // PS3.5 A.5
				d.out = append(d.out, 0)
			}
		}
		return d.out, err
	}
	return d.out, nil
}
