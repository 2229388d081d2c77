package credential

import (
	"crypto"
	"crypto/x509"
	"errors"
	"strings"

	"software.sslmate.com/src/go-pkcs12"
)

// MaxFileBytes bounds a PKCS #12 or PEM file: 1 MiB.
const MaxFileBytes = 1 << 20

// FromPKCS12 opens a PKCS #12 file (.p12, .pfx) in DER: the forms of IGC-Santé,
// of OpenSSL 3 and of older tools (RC2, triple DES). It must hold one private
// key. A wrong password is an [segur.ErrInvalidInput] error on the field
// "password".
func FromPKCS12(data []byte, password string) (*Credential, error) {
	const op = "credential.FromPKCS12"
	switch {
	case len(data) == 0:
		return nil, invalid(op, "data", "is empty")
	case len(data) > MaxFileBytes:
		return nil, invalid(op, "data", "is larger than 1 MiB: not a PKCS #12 file")
	}
	key, first, others, err := pkcs12.DecodeChain(data, password)
	switch {
	case errors.Is(err, pkcs12.ErrIncorrectPassword), errors.Is(err, pkcs12.ErrDecryption):
		return nil, invalid(op, "password", "is not the one of this file")
	case err != nil && strings.Contains(err.Error(), "indefinite length"):
		return nil, invalid(op, "data", "is in BER, not DER: rewrite the file with a current tool (openssl pkcs12 -in, then -export)")
	case err != nil:
		return nil, invalidCause(op, "data", "is not a PKCS #12 file with one private key and its certificate", err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, invalid(op, "data", "holds a key that cannot sign")
	}
	// The order inside is not promised: the key tells the leaf.
	return build(op, signer, append([]*x509.Certificate{first}, others...))
}
