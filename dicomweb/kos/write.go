package kos

import (
	"bytes"

	"github.com/segur-sdk/segur/dicomweb"
)

// write writes a data set as a Part 10 file.
func write(d *dicomweb.Dataset, syntax string) ([]byte, error) {
	var b bytes.Buffer
	if err := dicomweb.WritePart10(&b, d, dicomweb.WriteOptions{TransferSyntaxUID: syntax}); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
