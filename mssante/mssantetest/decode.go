package mssantetest

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
)

// decoded undoes the transfer encodings that multipart.Reader leaves alone.
func decoded(encoding string, b []byte) ([]byte, error) {
	switch strings.ToLower(encoding) {
	case "base64":
		return io.ReadAll(base64.NewDecoder(base64.StdEncoding, bytes.NewReader(b)))
	case "", "7bit", "quoted-printable": // the reader decoded the last and took its header off
		return b, nil
	}
	return nil, fmt.Errorf("transfer encoding %q", encoding)
}
