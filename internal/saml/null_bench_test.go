package saml_test

import (
	"context"
	"crypto"
	"io"
	"testing"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/saml"
)

type nullSigner struct {
	credential
}

func (nullSigner) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return make([]byte, 256), nil
}

// BenchmarkVIHFWithoutKey is the XML work alone.
func BenchmarkVIHFWithoutKey(b *testing.B) {
	s := signer(b, func(c *saml.Config) { c.Credentials = segur.StaticCredential(nullSigner{structure()}) })
	v, ctx := doctor(), context.Background()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.VIHF(ctx, v); err != nil {
			b.Fatal(err)
		}
	}
}
