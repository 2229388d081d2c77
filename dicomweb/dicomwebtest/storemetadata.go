package dicomwebtest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"

	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/internal/xop"
)

// storeMetadata takes an array of data sets and the bulk data that they refer
// to (PS3.18 8.6.1.2). It returns what is wrong with the request.
func (s *Server) storeMetadata(body io.Reader, contentType, study string, refusals map[string]dicomweb.Reason, answer *storeAnswer) string {
	parts, err := xop.NewReader(body, contentType, xop.Options{Limits: xop.Limits{TotalBytes: maxStore}})
	if err != nil {
		return "boundary"
	}
	var list []*dicomweb.Dataset
	bulk := map[string]*bulkPart{}
	for n := 0; ; n++ {
		part, err := parts.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		var b []byte
		if err == nil {
			b, err = io.ReadAll(part)
		}
		if err != nil {
			return "the multipart body is not complete"
		}
		location := part.Header.Get("Content-Location")
		switch {
		case n == 0 && part.MediaType() != "application/dicom+json":
			return "the first part must be application/dicom+json"
		case n == 0:
			if list, err = dicomweb.ParseJSON(b); err != nil {
				return "the metadata are not DICOM JSON"
			}
		case location == "" || bulk[location] != nil:
			return "every bulk part has its own Content-Location"
		default:
			bulk[location] = &bulkPart{data: b, syntax: part.ContentType().Param("transfer-syntax"), mediaType: part.MediaType()}
		}
	}
	for _, ds := range list {
		inst, problem := assemble(ds, bulk)
		if problem != "" {
			return problem
		}
		answer.add(s.keep(inst, study, refusals))
	}
	for _, b := range bulk {
		if !b.used {
			return "a bulk part that nothing refers to"
		}
	}
	return ""
}

type bulkPart struct {
	data      []byte
	syntax    string
	mediaType string
	used      bool
}

// assemble makes a file of a data set and its bulk data.
func assemble(ds *dicomweb.Dataset, bulk map[string]*bulkPart) (*instance, string) {
	whole := &dicomweb.Dataset{}
	syntax := ""
	var pixels []byte
	for e := range ds.All() {
		if e.Bulk != nil && e.Bulk.URI != "" {
			b := bulk[e.Bulk.URI]
			if b == nil {
				return nil, "a BulkDataURI without its part"
			}
			b.used = true
			if e.Tag == dicomweb.TagPixelData && b.mediaType != "application/octet-stream" {
				if syntax = b.syntax; syntax == "" {
					return nil, "compressed pixel data without transfer-syntax"
				}
				pixels = encapsulate(b.data)
				continue
			}
			e.Bulk = &dicomweb.Bulk{Data: b.data}
		}
		whole.Set(e)
	}
	var out bytes.Buffer
	if err := dicomweb.WritePart10(&out, whole, dicomweb.WriteOptions{CharacterSet: "ISO_IR 192"}); err != nil {
		return nil, "the attributes cannot be written: " + err.Error()
	}
	file := out.Bytes()
	if pixels != nil {
		file = append(withSyntax(file, syntax), pixels...)
	}
	inst, err := newInstance(file)
	if err != nil {
		return nil, "the attributes do not make an instance"
	}
	return inst, ""
}

// encapsulate is Pixel Data of one fragment (PS3.5 A.4).
func encapsulate(data []byte) []byte {
	length := func(b []byte, n int) []byte { return binary.LittleEndian.AppendUint32(b, uint32(n)) } //nolint:gosec // bounded by maxStore
	b := []byte{0xE0, 0x7F, 0x10, 0x00, 'O', 'B', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF}
	b = length(append(b, 0xFE, 0xFF, 0x00, 0xE0), 0)
	b = length(append(b, 0xFE, 0xFF, 0x00, 0xE0), len(data)+len(data)%2)
	b = append(b, data...)
	if len(data)%2 == 1 {
		b = append(b, 0)
	}
	return length(append(b, 0xFE, 0xFF, 0xDD, 0xE0), 0)
}

// withSyntax changes the transfer syntax in the file meta information of a file
// that WritePart10 made as Explicit VR Little Endian.
func withSyntax(file []byte, syntax string) []byte {
	const was = dicomweb.ExplicitVRLittleEndian
	element := func(uid string) []byte {
		if len(uid)%2 == 1 {
			uid += "\x00"
		}
		b := binary.LittleEndian.AppendUint16([]byte{2, 0, 0x10, 0, 'U', 'I'}, uint16(len(uid))) //nolint:gosec // 64 at most
		return append(b, uid...)
	}
	before, after := element(was), element(syntax)
	out := bytes.Replace(file, before, after, 1)
	// The group length is the first element after the prefix.
	size := binary.LittleEndian.Uint32(out[140:]) + uint32(len(after)-len(before)) //nolint:gosec // small
	binary.LittleEndian.PutUint32(out[140:], size)
	return out
}
