package revocation

import (
	"crypto/x509"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"github.com/segur-sdk/segur/credential/credentialtest"
)

var fuzzTime = time.Date(2026, time.March, 10, 9, 0, 0, 0, time.UTC)

func fuzzPKI() (*credentialtest.PKI, *x509.Certificate, *x509.Certificate) {
	pki := credentialtest.NewPKI(credentialtest.WithClock(func() time.Time { return fuzzTime }))
	return pki, pki.Organization().Chain()[0], pki.Issuing()
}

// Nothing panics, and a list is never accepted for an authority that did not sign it.
func FuzzList(f *testing.F) {
	pki, cert, issuer := fuzzPKI()
	f.Add(pki.CRL(credentialtest.CRL{}))
	f.Add(pki.CRL(credentialtest.CRL{Revoked: []*x509.Certificate{cert}, ReasonCode: 1}))
	other := pki.Foreign().Issuing()
	f.Fuzz(func(t *testing.T, der []byte) {
		_, _ = parseList(der, issuer, nil, fuzzTime, time.Minute, 100)
		if _, err := parseList(der, other, nil, fuzzTime, time.Minute, 100); err == nil {
			t.Fatal("accepted for another authority")
		}
	})
}

// Nothing panics, and a response is never accepted below an authority that did not sign it.
func FuzzResponse(f *testing.F) {
	pki, cert, issuer := fuzzPKI()
	f.Add(pki.OCSP(cert, credentialtest.OCSP{}))
	f.Add(pki.OCSP(cert, credentialtest.OCSP{Status: ocsp.Revoked, Nonce: []byte("nonce"), Responder: pki.Responder()}))
	other := pki.Foreign().Issuing()
	var cfg Config
	cfg.fill()
	f.Fuzz(func(t *testing.T, der []byte) {
		_, _ = parseResponse(der, cert, issuer, nil, &cfg, fuzzTime)
		if _, err := parseResponse(der, cert, other, nil, &cfg, fuzzTime); err == nil {
			t.Fatal("accepted for another authority")
		}
	})
}
