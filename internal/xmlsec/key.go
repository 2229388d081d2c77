package xmlsec

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"io"
)

// Key is what signs: a private key behind crypto.Signer and its certificate. Immutable; safe for concurrent use
// when the Signer is.
type Key struct {
	Signer crypto.Signer
	// Chain is the certificate of the key, then optionally its issuers.
	Chain []*x509.Certificate
	// WholeChain puts every certificate of Chain in the message; else only the first, as the samples do.
	WholeChain bool
	// Rand is the random source of the signature, crypto/rand when nil.
	Rand io.Reader
}

func (k Key) check() error {
	if k.Signer == nil || len(k.Chain) == 0 || k.Chain[0] == nil {
		return refuse(ReasonInput, "a key and its certificate are needed")
	}
	pub, ok := k.Signer.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !pub.Equal(k.Chain[0].PublicKey) {
		return refuse(ReasonInput, "the certificate does not belong to the key")
	}
	return nil
}

func (k Key) shown() []*x509.Certificate {
	if k.WholeChain {
		return k.Chain
	}
	return k.Chain[:1]
}

// sign returns the signature value over data. The digest is done before the key is asked, which may be a card
// shared with other callers.
func (k Key) sign(m method, data []byte) ([]byte, error) {
	digest := sum(m.hash, data)
	random := k.Rand
	if random == nil {
		random = rand.Reader
	}
	value, err := k.Signer.Sign(random, digest, m.hash)
	if err != nil {
		return nil, refuseWith(ReasonSigner, "the key could not sign", err)
	}
	if pub, ok := k.Chain[0].PublicKey.(*ecdsa.PublicKey); ok {
		return rawECDSA(value, pub)
	}
	return value, nil
}

// appendKeyInfo writes KeyInfo with the certificates of the key.
func (k Key) appendKeyInfo(dst []byte) []byte {
	dst = append(dst, "<KeyInfo><X509Data>"...)
	for _, c := range k.shown() {
		dst = append(dst, "<X509Certificate>"...)
		dst = base64.StdEncoding.AppendEncode(dst, c.Raw)
		dst = append(dst, "</X509Certificate>"...)
	}
	return append(dst, "</X509Data></KeyInfo>"...)
}
