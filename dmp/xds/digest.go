package xds

import (
	"crypto/sha1" //nolint:gosec // the hash that XDS metadata are defined with
	"encoding/hex"
	"io"

	"github.com/segur-sdk/segur"
)

// Digest fills Hash and Size from the bytes of the document, read once in
// small pieces. The same bytes must be sent afterwards.
func (e *DocumentEntry) Digest(document segur.Content) error {
	const op = "xds.Digest"
	r, err := document.Open()
	if err != nil {
		return &segur.Error{Op: op, Kind: segur.KindInvalidInput, Message: "cannot open the document", Err: err}
	}
	h := sha1.New() //nolint:gosec // see the import
	n, err := io.Copy(h, r)
	if closing := r.Close(); err == nil {
		err = closing
	}
	switch {
	case err != nil:
		return &segur.Error{Op: op, Kind: segur.KindInvalidInput, Message: "cannot read the document", Err: err}
	case n != document.Size():
		return &segur.Error{Op: op, Kind: segur.KindInvalidInput, Message: "the document does not have the size it announces"}
	}
	e.Hash, e.Size = hex.EncodeToString(h.Sum(nil)), n
	return nil
}
