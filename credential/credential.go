package credential

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/segur-sdk/segur"
)

// Credential is a private key with its certificate chain. It implements
// [segur.Credential] and is immutable. Its printed forms show neither key nor
// name.
type Credential struct {
	signer  crypto.Signer
	chain   []*x509.Certificate
	schemes []tls.SignatureScheme
}

var _ segur.Credential = (*Credential)(nil)

// SignerOption says what a signer can do.
type SignerOption func(*Credential)

// WithSchemes lists the TLS signature schemes of the key, when it has not all
// those of its type. Without one of TLS 1.3, connections stay at TLS 1.2.
func WithSchemes(s ...tls.SignatureScheme) SignerOption {
	return func(c *Credential) { c.schemes = append(c.schemes, s...) }
}

// WithoutPSS is WithSchemes for an RSA key that does PKCS #1 v1.5 only, as many
// cards and tokens.
func WithoutPSS() SignerOption {
	return WithSchemes(tls.PKCS1WithSHA256, tls.PKCS1WithSHA384, tls.PKCS1WithSHA512)
}

// FromSigner joins a key and its certificates, given in any order. The one that
// holds the key's public half is the leaf; its issuers follow, self-signed roots
// and strangers are left out of the chain.
func FromSigner(signer crypto.Signer, certs []*x509.Certificate, opts ...SignerOption) (*Credential, error) {
	const op = "credential.FromSigner"
	if signer == nil {
		return nil, invalid(op, "signer", "is required")
	}
	return build(op, signer, certs, opts...)
}

func build(op string, signer crypto.Signer, certs []*x509.Certificate, opts ...SignerOption) (*Credential, error) {
	public, ok := signer.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok {
		return nil, invalid(op, "signer", "has a kind of public key that is not supported")
	}
	if len(certs) == 0 {
		return nil, invalid(op, "certificates", "is missing")
	}
	var leaf *x509.Certificate
	for _, c := range certs {
		// After a renewal with the same key, the newer certificate wins.
		if c != nil && public.Equal(c.PublicKey) && (leaf == nil || c.NotAfter.After(leaf.NotAfter)) {
			leaf = c
		}
	}
	if leaf == nil {
		return nil, invalid(op, "key", "belongs to none of the certificates")
	}
	c := &Credential{signer: signer, chain: order(leaf, certs)}
	for _, o := range opts {
		o(c)
	}
	return c, nil
}

// order returns leaf and its issuers found among certs.
func order(leaf *x509.Certificate, certs []*x509.Certificate) []*x509.Certificate {
	chain := []*x509.Certificate{leaf}
	for len(chain) <= len(certs) {
		last := chain[len(chain)-1]
		next := (*x509.Certificate)(nil)
		for _, c := range certs {
			if c != nil && !bytes.Equal(c.RawSubject, c.RawIssuer) && bytes.Equal(c.RawSubject, last.RawIssuer) &&
				last.CheckSignatureFrom(c) == nil {
				next = c
				break
			}
		}
		if next == nil {
			break
		}
		chain = append(chain, next)
	}
	return chain
}

// Public returns the public key.
func (c *Credential) Public() crypto.PublicKey { return c.signer.Public() }

// Sign signs a digest, as [crypto.Signer].
func (c *Credential) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	return c.signer.Sign(random, digest, opts)
}

// Chain returns the certificates, leaf first, root left out. Callers must not
// modify it.
func (c *Credential) Chain() []*x509.Certificate { return c.chain }

// Leaf returns the certificate of the key.
func (c *Credential) Leaf() *x509.Certificate { return c.chain[0] }

// SupportedSignatureAlgorithms returns what [WithSchemes] set, nil for
// everything that the type of key can do.
func (c *Credential) SupportedSignatureAlgorithms() []tls.SignatureScheme { return c.schemes }

// String tells the day of expiry only: names and identifiers of professionals
// are personal data.
func (c *Credential) String() string {
	return "Credential(expires " + c.Leaf().NotAfter.UTC().Format(time.DateOnly) + ")"
}

// Format writes String whatever the verb, so that no key is printed.
func (c *Credential) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// LogValue makes slog write String.
func (c *Credential) LogValue() slog.Value { return slog.StringValue(c.String()) }

func invalid(op, field, rule string) error {
	return &segur.Error{Op: op, Kind: segur.KindInvalidInput, Details: []segur.Detail{{Field: field, Message: rule}}}
}

func invalidCause(op, field, rule string, cause error) error {
	return &segur.Error{Op: op, Kind: segur.KindInvalidInput, Details: []segur.Detail{{Field: field, Message: rule}}, Err: cause}
}
