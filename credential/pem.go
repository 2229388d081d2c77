package credential

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
)

// FromPEM reads one private key (PKCS #8, PKCS #1 or SEC 1) and its
// certificates from PEM texts, in any order. Encrypted keys are refused: the
// encryption of PEM is weak in its old form; use PKCS #12.
func FromPEM(texts ...[]byte) (*Credential, error) {
	const op = "credential.FromPEM"
	var (
		signer crypto.Signer
		certs  []*x509.Certificate
		size   int
	)
	for _, text := range texts {
		if size += len(text); size > MaxFileBytes {
			return nil, invalid(op, "data", "is larger than 1 MiB")
		}
		for {
			var b *pem.Block
			if b, text = pem.Decode(text); b == nil {
				break
			}
			switch {
			case b.Type == "CERTIFICATE":
				c, err := x509.ParseCertificate(b.Bytes)
				if err != nil {
					return nil, invalidCause(op, "certificate", "does not parse", err)
				}
				certs = append(certs, c)
			case b.Type == "EC PARAMETERS":
			case b.Type == "ENCRYPTED PRIVATE KEY", b.Headers["DEK-Info"] != "":
				return nil, invalid(op, "key", "is encrypted: put it in a PKCS #12 file, or decrypt it")
			default:
				key, err := parseKey(b)
				if err != nil {
					return nil, invalidCause(op, "key", "is not a PKCS #8, PKCS #1 or SEC 1 key", err)
				}
				if key == nil {
					return nil, invalid(op, "data", "holds a block that is neither a certificate nor a private key")
				}
				if signer != nil {
					return nil, invalid(op, "key", "there is more than one")
				}
				signer = key
			}
		}
		if bytes.Contains(text, []byte("-----BEGIN")) {
			return nil, invalid(op, "data", "holds a block that is not well formed")
		}
	}
	if signer == nil {
		return nil, invalid(op, "key", "is missing")
	}
	return build(op, signer, certs)
}

// parseKey returns nil for a block that is not a key.
func parseKey(b *pem.Block) (crypto.Signer, error) {
	var (
		key any
		err error
	)
	switch b.Type {
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(b.Bytes)
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(b.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(b.Bytes)
	default:
		return nil, nil //nolint:nilnil // documented
	}
	if err != nil {
		return nil, err
	}
	s, _ := key.(crypto.Signer)
	return s, nil
}
