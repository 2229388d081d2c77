package xmlsec_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"slices"
	"testing"
	"time"

	"github.com/segur-sdk/segur/internal/xmlsec"
)

// BenchmarkSign compares whole signatures with the bare RSA operation, interleaved in one run; x-rsa is the ratio of
// the medians.
func BenchmarkSign(b *testing.B) {
	xml, at := assertion(b)
	key := rsaKey()
	priv := key.Signer.(*rsa.PrivateKey)
	digest := sha256.Sum256(xml)
	dsg := testDSG(b, xmlsec.Algorithms{})
	for name, op := range map[string]func() error{
		"enveloped": func() error { _, err := xmlsec.SignEnveloped(xml, at, "ID", key, xmlsec.Algorithms{}); return err },
		"dsg":       func() error { _, err := xmlsec.SignDSG(dsg, key); return err },
	} {
		b.Run(name, func(b *testing.B) {
			var floor, ours []time.Duration
			b.ReportAllocs()
			for b.Loop() {
				t0 := time.Now()
				if _, err := rsa.SignPKCS1v15(rand.Reader, priv, crypto.SHA256, digest[:]); err != nil {
					b.Fatal(err)
				}
				t1 := time.Now()
				if err := op(); err != nil {
					b.Fatal(err)
				}
				floor, ours = append(floor, t1.Sub(t0)), append(ours, time.Since(t1))
			}
			slices.Sort(floor)
			slices.Sort(ours)
			b.ReportMetric(float64(ours[len(ours)/2])/float64(floor[len(floor)/2]), "x-rsa")
		})
	}
}
