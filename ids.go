package segur

import (
	"encoding/hex"
	"io"
	"math/big"
	"sync"
)

// OIDRootUUID is the root of OIDs derived from a UUID (ITU-T X.667). National
// services have not confirmed that they take documents below it: production
// configurations name their own root.
const OIDRootUUID OID = "2.25"

// IDSource makes new identifiers. Implementations are safe for concurrent use.
type IDSource interface {
	// UUID returns a random UUID (RFC 9562 version 4), lower case, no prefix.
	UUID() (string, error)
	// OID returns a new OID below root, at most [MaxOIDLength] characters.
	OID(root OID) (OID, error)
}

// NewIDSource makes identifiers from random, which is read under a lock.
func NewIDSource(random io.Reader) IDSource { return &randomIDs{random: random} }

type randomIDs struct {
	mu     sync.Mutex
	random io.Reader
	read   [16]byte // what a reader is handed would be allocated for each identifier otherwise
}

func (r *randomIDs) bytes() (b [16]byte, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, err = io.ReadFull(r.random, r.read[:])
	if b, r.read = r.read, [16]byte{}; err != nil {
		return b, &Error{Op: "segur.IDSource", Kind: KindUnavailable, Message: "the random source failed", Err: err}
	}
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return b, nil
}

func (r *randomIDs) UUID() (string, error) {
	b, err := r.bytes()
	if err != nil {
		return "", err
	}
	// Not fmt: a structured document holds some hundred identifiers.
	var text [36]byte
	hex.Encode(text[:8], b[:4])
	text[8] = '-'
	hex.Encode(text[9:13], b[4:6])
	text[13] = '-'
	hex.Encode(text[14:18], b[6:8])
	text[18] = '-'
	hex.Encode(text[19:23], b[8:10])
	text[23] = '-'
	hex.Encode(text[24:], b[10:])
	return string(text[:]), nil
}

func (r *randomIDs) OID(root OID) (OID, error) {
	if !root.Valid() {
		return "", &Error{Op: "segur.IDSource", Kind: KindInvalidInput,
			Details: []Detail{{Field: "root", Message: "must be a valid OID"}}}
	}
	b, err := r.bytes()
	if err != nil {
		return "", err
	}
	n := new(big.Int).SetBytes(b[:])
	if room := MaxOIDLength - len(root) - 1; room < len(n.String()) {
		// 64 random bits make 20 digits: the least that keeps collisions out of reach.
		if room < 20 {
			return "", &Error{Op: "segur.IDSource", Kind: KindInvalidInput,
				Details: []Detail{{Field: "root", Message: "too long: 43 characters at most leave room for an identifier"}}}
		}
		n.SetBytes(b[8:])
	}
	return root + "." + OID(n.String()), nil
}
