package credentialtest

import (
	"crypto"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // identifiers of OCSP are made with it (RFC 6960 section 4.1.1)
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"time"

	"golang.org/x/crypto/ocsp"
)

// CRL describes a revocation list. Its zero value is an empty list of the issuing authority, valid from an hour ago
// for a week.
type CRL struct {
	// Root makes the list of the root, about the issuing authority.
	Root bool
	// Revoked are the certificates that it lists.
	Revoked []*x509.Certificate
	// ThisUpdate and NextUpdate are its dates.
	ThisUpdate, NextUpdate time.Time
	// Number is its number. 0: 1.
	Number int64
	// Extensions are added: to make it indirect, or a delta.
	Extensions []pkix.Extension
	// ReasonCode of the entries (RFC 5280 section 5.3.1).
	ReasonCode int
}

// CRL makes a revocation list in DER.
func (p *PKI) CRL(l CRL) []byte {
	by := p.issuing
	if l.Root {
		by = p.root
	}
	now := p.clock().UTC().Truncate(time.Second)
	if l.ThisUpdate.IsZero() {
		l.ThisUpdate = now.Add(-time.Hour)
	}
	if l.NextUpdate.IsZero() {
		l.NextUpdate = now.AddDate(0, 0, 7)
	}
	t := &x509.RevocationList{
		Number: big.NewInt(max(l.Number, 1)), ThisUpdate: l.ThisUpdate, NextUpdate: l.NextUpdate, ExtraExtensions: l.Extensions,
	}
	for _, c := range l.Revoked {
		t.RevokedCertificateEntries = append(t.RevokedCertificateEntries, x509.RevocationListEntry{
			SerialNumber: c.SerialNumber, RevocationTime: now.Add(-2 * time.Hour), ReasonCode: l.ReasonCode,
		})
	}
	der, err := x509.CreateRevocationList(rand.Reader, t, by.cert, by.key)
	must(err)
	return der
}

// OCSP describes an OCSP response. Its zero value says that the certificate is good, from an hour ago for a day, and is
// signed by the issuing authority itself.
type OCSP struct {
	// Status is ocsp.Good, ocsp.Revoked or ocsp.Unknown.
	Status int
	// ThisUpdate and NextUpdate are its dates; NoNextUpdate leaves the latter out.
	ThisUpdate, NextUpdate time.Time
	NoNextUpdate           bool
	// Nonce is given back; nil: none.
	Nonce []byte
	// Responder signs instead of the authority: a certificate of [PKI.Responder], or one that must not.
	Responder *Responder
	// OtherIssuer makes an answer about the same serial number below another authority.
	OtherIssuer bool
}

// Responder is a delegated OCSP responder.
type Responder struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// Responder makes a delegated responder, whose certificate the issuing authority issued with the usage OCSPSigning;
// options may break it.
func (p *PKI) Responder(opts ...Option) *Responder {
	c := p.Organization(append([]Option{CommonName("OCSP FICTIF"), Key(signatureKey()), RevocationPoints(nil, nil),
		Usages(x509.KeyUsageDigitalSignature, x509.ExtKeyUsageOCSPSigning)}, opts...)...)
	return &Responder{cert: c.Chain()[0], key: signatureKey()}
}

// The ASN.1 of RFC 6960 section 4.2.1: golang.org/x/crypto/ocsp makes no response with a nonce.
type (
	ocspCertID struct {
		Hash                pkix.AlgorithmIdentifier
		NameHash, IssuerKey []byte
		Serial              *big.Int
	}
	ocspRevoked struct {
		At     time.Time       `asn1:"generalized"`
		Reason asn1.Enumerated `asn1:"explicit,tag:0,optional"`
	}
	ocspSingle struct {
		ID         ocspCertID
		Good       asn1.Flag   `asn1:"tag:0,optional"`
		Revoked    ocspRevoked `asn1:"tag:1,optional"`
		Unknown    asn1.Flag   `asn1:"tag:2,optional"`
		ThisUpdate time.Time   `asn1:"generalized"`
		NextUpdate time.Time   `asn1:"generalized,explicit,tag:0,optional"`
	}
	ocspData struct {
		Responder  asn1.RawValue
		ProducedAt time.Time `asn1:"generalized"`
		Responses  []ocspSingle
		Extensions []pkix.Extension `asn1:"explicit,tag:1,optional,omitempty"`
	}
	ocspBasic struct {
		Data         ocspData
		Algorithm    pkix.AlgorithmIdentifier
		Signature    asn1.BitString
		Certificates []asn1.RawValue `asn1:"explicit,tag:0,optional,omitempty"`
	}
	ocspBytes struct {
		Type  asn1.ObjectIdentifier
		Value []byte
	}
	ocspResponse struct {
		Status asn1.Enumerated
		Bytes  ocspBytes `asn1:"explicit,tag:0"`
	}
)

var (
	oidOCSPBasic = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 1}
	oidOCSPNonce = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 2}
	oidSHA1      = asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}
	oidRSASHA256 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}
)

// OCSP makes a response about a certificate that the issuing authority issued, in DER.
func (p *PKI) OCSP(cert *x509.Certificate, o OCSP) []byte {
	return p.ocsp(cert.SerialNumber, o)
}

func (p *PKI) ocsp(serialNumber *big.Int, o OCSP) []byte {
	now := p.clock().UTC().Truncate(time.Second)
	if o.ThisUpdate.IsZero() {
		o.ThisUpdate = now.Add(-time.Hour)
	}
	if o.NextUpdate.IsZero() && !o.NoNextUpdate {
		o.NextUpdate = now.AddDate(0, 0, 1)
	}
	about := p.issuing.cert
	if o.OtherIssuer {
		about = p.root.cert
	}
	var spki struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	_, err := asn1.Unmarshal(about.RawSubjectPublicKeyInfo, &spki)
	must(err)
	nameHash, keyHash := sha1.Sum(about.RawSubject), sha1.Sum(spki.Key.RightAlign()) //nolint:gosec // see the import
	single := ocspSingle{
		ID:         ocspCertID{pkix.AlgorithmIdentifier{Algorithm: oidSHA1, Parameters: asn1.NullRawValue}, nameHash[:], keyHash[:], serialNumber},
		ThisUpdate: o.ThisUpdate.UTC(), NextUpdate: o.NextUpdate.UTC(),
	}
	switch o.Status {
	case ocsp.Good:
		single.Good = true
	case ocsp.Revoked:
		single.Revoked = ocspRevoked{At: now.Add(-2 * time.Hour), Reason: ocsp.KeyCompromise}
	default:
		single.Unknown = true
	}
	by := &Responder{cert: p.issuing.cert, key: p.issuing.key}
	b := ocspBasic{Algorithm: pkix.AlgorithmIdentifier{Algorithm: oidRSASHA256, Parameters: asn1.NullRawValue}}
	if o.Responder != nil {
		by = o.Responder
		b.Certificates = []asn1.RawValue{{FullBytes: by.cert.Raw}}
	}
	b.Data = ocspData{
		Responder:  asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 1, IsCompound: true, Bytes: by.cert.RawSubject},
		ProducedAt: now, Responses: []ocspSingle{single},
	}
	if o.Nonce != nil {
		value, err := asn1.Marshal(o.Nonce)
		must(err)
		b.Data.Extensions = []pkix.Extension{{Id: oidOCSPNonce, Value: value}}
	}
	tbs, err := asn1.Marshal(b.Data)
	must(err)
	digest := sha256.Sum256(tbs)
	signature, err := by.key.Sign(rand.Reader, digest[:], crypto.SHA256)
	must(err)
	b.Signature = asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)}
	basic, err := asn1.Marshal(b)
	must(err)
	der, err := asn1.Marshal(ocspResponse{Bytes: ocspBytes{oidOCSPBasic, basic}})
	must(err)
	return der
}
