package xmlsec

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	_ "crypto/sha1" //nolint:gosec // the DMP still asks for it on submission sets; off unless named
	_ "crypto/sha256"
	_ "crypto/sha512"
	"encoding/asn1"
	"io"
	"math/big"

	"github.com/segur-sdk/segur/internal/xmlr"
)

// Namespaces.
const (
	NamespaceDS    = "http://www.w3.org/2000/09/xmldsig#"
	NamespaceXAdES = "http://uri.etsi.org/01903/v1.1.1#"
)

// Signature algorithms.
const (
	RSASHA1     = "http://www.w3.org/2000/09/xmldsig#rsa-sha1" // refused unless named or allowed
	RSASHA256   = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
	RSASHA384   = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384"
	RSASHA512   = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"
	ECDSASHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
	ECDSASHA384 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384"
	ECDSASHA512 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512"
)

// Digest algorithms.
const (
	SHA1   = "http://www.w3.org/2000/09/xmldsig#sha1" // refused unless named or allowed
	SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
	SHA384 = "http://www.w3.org/2001/04/xmldsig-more#sha384"
	SHA512 = "http://www.w3.org/2001/04/xmlenc#sha512"
)

// Canonicalisation methods and transforms.
const (
	C14N               = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
	C14NComments       = C14N + "#WithComments"
	ExcC14N            = "http://www.w3.org/2001/10/xml-exc-c14n#"
	ExcC14NComments    = ExcC14N + "WithComments"
	EnvelopedTransform = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
)

type keyKind uint8

const (
	keyRSA keyKind = iota + 1
	keyECDSA
)

type method struct {
	key  keyKind
	hash crypto.Hash
}

var signatureMethods = map[string]method{
	RSASHA1: {keyRSA, crypto.SHA1}, RSASHA256: {keyRSA, crypto.SHA256}, RSASHA384: {keyRSA, crypto.SHA384}, RSASHA512: {keyRSA, crypto.SHA512},
	ECDSASHA256: {keyECDSA, crypto.SHA256}, ECDSASHA384: {keyECDSA, crypto.SHA384}, ECDSASHA512: {keyECDSA, crypto.SHA512},
}

var digestMethods = map[string]crypto.Hash{SHA1: crypto.SHA1, SHA256: crypto.SHA256, SHA384: crypto.SHA384, SHA512: crypto.SHA512}

// canonicalMethod returns the settings of a canonicalisation method.
func canonicalMethod(uri string) (xmlr.Canonical, bool) {
	switch uri {
	case C14N:
		return xmlr.Canonical{}, true
	case C14NComments:
		return xmlr.Canonical{Comments: true}, true
	case ExcC14N:
		return xmlr.Canonical{Mode: xmlr.Exclusive}, true
	case ExcC14NComments:
		return xmlr.Canonical{Mode: xmlr.Exclusive, Comments: true}, true
	}
	return xmlr.Canonical{}, false
}

// Algorithms are those a signature is made with. The zero value means SHA-256 and the algorithm of the key;
// SHA-1 has to be named.
type Algorithms struct {
	Signature string // default RSASHA256, or ECDSASHA256 for an EC key
	Digest    string // default SHA256
}

// SHA1Algorithms is rsa-sha1 with sha1, for the DMP services that know nothing else.
func SHA1Algorithms() Algorithms { return Algorithms{Signature: RSASHA1, Digest: SHA1} }

func (a Algorithms) resolve(pub crypto.PublicKey) (Algorithms, method, crypto.Hash, error) {
	kind, fallback := keyRSA, RSASHA256
	switch pub.(type) {
	case *rsa.PublicKey:
	case *ecdsa.PublicKey:
		kind, fallback = keyECDSA, ECDSASHA256
	default:
		return a, method{}, 0, refuse(ReasonAlgorithm, "the key is neither RSA nor ECDSA")
	}
	if a.Signature == "" {
		a.Signature = fallback
	}
	if a.Digest == "" {
		a.Digest = SHA256
	}
	m, ok := signatureMethods[a.Signature]
	if !ok {
		return a, m, 0, refuse(ReasonAlgorithm, "unknown signature algorithm")
	}
	if m.key != kind {
		return a, m, 0, refuse(ReasonAlgorithm, "the signature algorithm does not fit the key")
	}
	h, ok := digestMethods[a.Digest]
	if !ok {
		return a, m, 0, refuse(ReasonAlgorithm, "unknown digest algorithm")
	}
	return a, m, h, nil
}

// Digest returns the digest of what r yields, algorithm given by its URI ("" is SHA256).
func Digest(r io.Reader, algorithm string) ([]byte, error) {
	if algorithm == "" {
		algorithm = SHA256
	}
	hash, ok := digestMethods[algorithm]
	if !ok {
		return nil, refuse(ReasonAlgorithm, "unknown digest algorithm")
	}
	h := hash.New()
	if _, err := io.Copy(h, r); err != nil {
		return nil, refuseWith(ReasonInput, "content could not be read", err)
	}
	return h.Sum(nil), nil
}

// DigestCanonical returns the digest of the inclusive canonical form with comments of an XML document: what the
// manifest of a submission set holds for a CDA. limits may be zero.
func DigestCanonical(doc []byte, algorithm string, limits xmlr.Options) ([]byte, error) {
	if algorithm == "" {
		algorithm = SHA256
	}
	hash, ok := digestMethods[algorithm]
	if !ok {
		return nil, refuse(ReasonAlgorithm, "unknown digest algorithm")
	}
	h := hash.New()
	if err := xmlr.CanonicalizeTo(h, doc, xmlr.Canonical{Comments: true, Limits: limits}); err != nil {
		return nil, refuseWith(ReasonInput, "document has no canonical form", err)
	}
	return h.Sum(nil), nil
}

func sum(h crypto.Hash, parts ...[]byte) []byte {
	d := h.New()
	for _, p := range parts {
		d.Write(p)
	}
	return d.Sum(nil)
}

// rawECDSA turns an ASN.1 signature into the r || s form of XML Signature.
func rawECDSA(der []byte, pub *ecdsa.PublicKey) ([]byte, error) {
	var v struct{ R, S *big.Int }
	rest, err := asn1.Unmarshal(der, &v)
	size := (pub.Params().BitSize + 7) / 8
	if err != nil || len(rest) > 0 || v.R.Sign() <= 0 || v.S.Sign() <= 0 || v.R.BitLen() > size*8 || v.S.BitLen() > size*8 {
		return nil, refuse(ReasonSigner, "the key returned something that is not an ECDSA signature")
	}
	out := make([]byte, 2*size)
	v.R.FillBytes(out[:size])
	v.S.FillBytes(out[size:])
	return out, nil
}

// verifyValue checks a signature value with a public key.
func verifyValue(pub crypto.PublicKey, m method, digest, value []byte, minRSA int) *Error {
	switch k := pub.(type) {
	case *rsa.PublicKey:
		if m.key != keyRSA {
			return refuse(ReasonAlgorithm, "the signature algorithm does not fit the key")
		}
		if k.N.BitLen() < minRSA {
			return refuse(ReasonCertificate, "RSA key too short")
		}
		if err := rsa.VerifyPKCS1v15(k, m.hash, digest, value); err != nil {
			return refuse(ReasonSignature, "the signature value does not match")
		}
		return nil
	case *ecdsa.PublicKey:
		if m.key != keyECDSA {
			return refuse(ReasonAlgorithm, "the signature algorithm does not fit the key")
		}
		size := (k.Params().BitSize + 7) / 8
		if len(value) != 2*size {
			return refuse(ReasonSignature, "the signature value has a wrong size")
		}
		if !ecdsa.Verify(k, digest, new(big.Int).SetBytes(value[:size]), new(big.Int).SetBytes(value[size:])) {
			return refuse(ReasonSignature, "the signature value does not match")
		}
		return nil
	}
	return refuse(ReasonCertificate, "the key is neither RSA nor ECDSA")
}
