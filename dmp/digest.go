package dmp

import (
	"crypto/sha1" //nolint:gosec // the hash that XDS metadata are defined with
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"hash/crc32"
	"io"

	"github.com/segur-sdk/segur"
)

// digests are what a submission says of the bytes of a document.
type digests struct {
	size int64
	// sha1 is XDSDocumentEntry.hash, in hexadecimal.
	sha1 string
	// manifest is the digest in the manifest of the lot signature: of the
	// canonical form with comments for XML, of the bytes for the rest.
	manifest  []byte
	canonical bool
	// check (CRC-32C) tells whether the bytes are still the same when they are
	// sent. SHA-1 would halve the speed of sending; what an enemy does to the
	// file is for the manifest to tell.
	check uint32
	// xml is what an XML document says by itself; head are the first bytes of
	// another one.
	xml  inspection
	head [dicomHead]byte
}

// header keeps the first bytes of what is written to it.
type header struct {
	bytes [dicomHead]byte
	n     int
}

func (h *header) Write(p []byte) (int, error) {
	h.n += copy(h.bytes[h.n:], p)
	return len(p), nil
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// maxSkeleton bounds what is held of an XML document to canonicalise it: all
// of it but for long runs of base64.
const maxSkeleton = 64 << 20

// digest reads the document once, and a second time when it is XML too large
// to be held, in memory that does not depend on its size.
func digest(c segur.Content, isXML, withSHA256 bool) (digests, error) {
	newHash := sha1.New
	if withSHA256 {
		newHash = sha256.New
	}
	raw := sha1.New() //nolint:gosec // see the import
	var manifest hash.Hash
	check := crc32.New(castagnoli)
	sinks := []io.Writer{raw, check}
	sk := skeleton{}
	first := header{}
	switch {
	case isXML:
		sinks = append(sinks, &sk)
	case withSHA256:
		manifest = newHash()
		sinks = append(sinks, manifest, &first)
	default:
		manifest = raw
		sinks = append(sinks, &first)
	}
	n, err := readContent(c, io.MultiWriter(sinks...))
	if err != nil {
		return digests{}, err
	}
	d := digests{size: n, sha1: hex.EncodeToString(raw.Sum(nil)), canonical: isXML, check: check.Sum32()}
	if !isXML {
		d.manifest, d.head = manifest.Sum(nil), first.bytes
		return d, nil
	}
	sk.end()
	h := newHash()
	if err := sk.canonicalDigest(c, h, d.xml.visit); err != nil {
		return digests{}, err
	}
	d.manifest = h.Sum(nil)
	return d, nil
}

// readContent copies the whole of c and makes sure of its size.
func readContent(c segur.Content, w io.Writer) (int64, error) {
	r, err := c.Open()
	if err != nil {
		return 0, contentError("cannot be opened", err)
	}
	n, err := io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{r}, make([]byte, 64<<10))
	if closing := r.Close(); err == nil {
		err = closing
	}
	switch {
	case err != nil:
		var own *segur.Error
		if errors.As(err, &own) && own.Details != nil {
			return n, err
		}
		return n, contentError("cannot be read", err)
	case n != c.Size():
		return n, contentError("does not have the size it announces", nil)
	}
	return n, nil
}

func contentError(rule string, err error) error {
	return &segur.Error{Kind: segur.KindInvalidInput, Details: []segur.Detail{{Message: rule}}, Err: err}
}
