package revocation

import (
	"bytes"
	"crypto"
	"crypto/sha1" //nolint:gosec // the identifiers of OCSP are made with it (RFC 6960 section 4.1.1); nothing is protected by it
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"hash"
	"math/big"
	"slices"
	"time"

	"golang.org/x/crypto/ocsp"
)

var (
	errOCSP          = errors.New("not an OCSP response")
	errOCSPOther     = errors.New("the response is about another certificate")
	errOCSPSigner    = errors.New("the response is signed by another than the authority or its responder")
	errOCSPAlgorithm = errors.New("the response is signed with an algorithm that is not accepted")
	errOCSPFuture    = errors.New("the response is not valid yet: check the clock")
	errOCSPEnded     = errors.New("the response has ended")
	errOCSPNonce     = errors.New("the response does not bear the nonce of the request")
	errOCSPCritical  = errors.New("the response has a critical extension that is not known")
)

// answer is an OCSP response that was verified.
type answer struct {
	status int // of the package ocsp
	reason int
	at     time.Time // thisUpdate
	until  time.Time
}

// final reports whether no later answer can change this one: a certificate on hold may come back, a revoked one not.
func (a *answer) final() bool { return a.status == ocsp.Revoked && a.reason != ocsp.CertificateHold }

var (
	oidNonce  = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 2}
	oidSHA1   = asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}
	oidSHA256 = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	oidSHA384 = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}
	oidSHA512 = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}
)

// ocspData is the part of ResponseData (RFC 6960 section 4.2.1) that the package ocsp reads without telling: which
// certificate each response is about, below which authority, and the nonce.
type ocspData struct {
	Version    int `asn1:"optional,default:0,explicit,tag:0"`
	Responder  asn1.RawValue
	ProducedAt time.Time `asn1:"generalized"`
	Responses  []ocspSingle
	Extensions []pkix.Extension `asn1:"explicit,tag:1,optional"`
}

type ocspSingle struct {
	ID         ocspID
	Status     asn1.RawValue
	ThisUpdate time.Time        `asn1:"generalized"`
	NextUpdate time.Time        `asn1:"generalized,explicit,tag:0,optional"`
	Extensions []pkix.Extension `asn1:"explicit,tag:1,optional"`
}

type ocspID struct {
	Hash                pkix.AlgorithmIdentifier
	NameHash, IssuerKey []byte
	Serial              *big.Int
}

// is reports whether the identifier designates cert below issuer.
func (id *ocspID) is(cert, issuer *x509.Certificate) bool {
	var h hash.Hash
	switch {
	case id.Serial == nil || id.Serial.Cmp(cert.SerialNumber) != 0:
		return false
	case id.Hash.Algorithm.Equal(oidSHA1):
		h = sha1.New() //nolint:gosec // see the import
	case id.Hash.Algorithm.Equal(oidSHA256):
		h = sha256.New()
	case id.Hash.Algorithm.Equal(oidSHA384):
		h = sha512.New384()
	case id.Hash.Algorithm.Equal(oidSHA512):
		h = sha512.New()
	default:
		return false
	}
	key, ok := keyBits(issuer)
	if !ok {
		return false
	}
	h.Write(issuer.RawSubject)
	name := h.Sum(nil)
	h.Reset()
	h.Write(key)
	return bytes.Equal(name, id.NameHash) && bytes.Equal(h.Sum(nil), id.IssuerKey)
}

// keyBits is the subject public key without its algorithm.
func keyBits(c *x509.Certificate) ([]byte, bool) {
	var spki struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	rest, err := asn1.Unmarshal(c.RawSubjectPublicKeyInfo, &spki)
	return spki.Key.RightAlign(), err == nil && len(rest) == 0
}

// parseResponse reads an OCSP response about cert and verifies that issuer, or a responder that issuer delegated, signed
// it, and that it counts at the time now or counted: its end is for the caller. nonce is what was sent, nil for none.
func parseResponse(der []byte, cert, issuer *x509.Certificate, nonce []byte, c *Config, now time.Time) (*answer, error) {
	r, err := ocsp.ParseResponseForCert(der, cert, nil)
	if err != nil {
		var status ocsp.ResponseError
		if errors.As(err, &status) {
			return nil, fmt.Errorf("the responder answers %q", status.Status.String())
		}
		return nil, errOCSP
	}
	var data ocspData
	if rest, err := asn1.Unmarshal(r.TBSResponseData, &data); err != nil || len(rest) > 0 {
		return nil, errOCSP
	}
	// The package ocsp took the first response with that serial number.
	i := slices.IndexFunc(data.Responses, func(s ocspSingle) bool { return s.ID.Serial != nil && s.ID.Serial.Cmp(cert.SerialNumber) == 0 })
	if i < 0 || !data.Responses[i].ID.is(cert, issuer) {
		return nil, errOCSPOther
	}
	if err := signedBy(r, issuer, now); err != nil {
		return nil, err
	}
	if err := checkNonce(data.Extensions, nonce, c.Nonce); err != nil {
		return nil, err
	}
	until := r.NextUpdate
	if until.IsZero() {
		until = r.ThisUpdate.Add(c.MaxResponseAge)
	}
	if r.ThisUpdate.After(now.Add(c.Skew)) || r.ProducedAt.After(now.Add(c.Skew)) || !until.After(r.ThisUpdate) {
		return nil, errOCSPFuture
	}
	return &answer{status: r.Status, reason: r.RevocationReason, at: r.ThisUpdate, until: until}, nil
}

// signedBy verifies the signature. A certificate that came along must be the issuer, or issued by it for this use.
func signedBy(r *ocsp.Response, issuer *x509.Certificate, now time.Time) error {
	switch r.SignatureAlgorithm {
	case x509.SHA256WithRSA, x509.SHA384WithRSA, x509.SHA512WithRSA, x509.ECDSAWithSHA256, x509.ECDSAWithSHA384, x509.ECDSAWithSHA512:
	default:
		return errOCSPAlgorithm
	}
	signer := issuer
	if d := r.Certificate; d != nil && !d.Equal(issuer) {
		if d.CheckSignatureFrom(issuer) != nil || !slices.Contains(d.ExtKeyUsage, x509.ExtKeyUsageOCSPSigning) ||
			now.Before(d.NotBefore) || now.After(d.NotAfter) || d.KeyUsage != 0 && d.KeyUsage&x509.KeyUsageDigitalSignature == 0 {
			return errOCSPSigner
		}
		signer = d
	}
	if r.CheckSignatureFrom(signer) != nil {
		return errOCSPSigner
	}
	return nil
}

func checkNonce(extensions []pkix.Extension, sent []byte, policy Nonce) error {
	var got []byte
	for _, x := range extensions {
		switch {
		case x.Id.Equal(oidNonce):
			if rest, err := asn1.Unmarshal(x.Value, &got); err != nil || len(rest) > 0 {
				got = x.Value // some responders leave the octet string out
			}
		case x.Critical:
			return errOCSPCritical
		}
	}
	switch {
	case sent != nil && got != nil && !bytes.Equal(sent, got), policy == NonceRequired && (sent == nil || got == nil):
		return errOCSPNonce
	}
	return nil
}

// request makes an OCSP request about cert, with a nonce when there is one.
func request(cert, issuer *x509.Certificate, nonce []byte) ([]byte, error) {
	plain, err := ocsp.CreateRequest(cert, issuer, &ocsp.RequestOptions{Hash: crypto.SHA1}) // what every responder knows
	if err != nil || nonce == nil {
		return plain, err
	}
	var r struct {
		TBS struct {
			Version    int `asn1:"optional,default:0,explicit,tag:0"`
			Requests   asn1.RawValue
			Extensions []pkix.Extension `asn1:"explicit,tag:2,optional"`
		}
	}
	if _, err := asn1.Unmarshal(plain, &r); err != nil {
		return nil, err
	}
	value, err := asn1.Marshal(nonce)
	if err != nil {
		return nil, err
	}
	r.TBS.Extensions = []pkix.Extension{{Id: oidNonce, Value: value}}
	return asn1.Marshal(r)
}
