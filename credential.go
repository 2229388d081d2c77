package segur

import (
	"context"
	"crypto"
	"crypto/x509"
)

// Credential is a private key with its certificate chain. The key may live in
// a card or an HSM: only [crypto.Signer] is asked of it. Package credential
// makes credentials from PKCS#12 and PEM files.
type Credential interface {
	crypto.Signer
	// Chain returns the certificates, leaf first, at least one. Callers must
	// not modify it.
	Chain() []*x509.Certificate
}

// CredentialSource gives the credential to use now. It is asked before each
// handshake and each signature, so that a renewed certificate is taken up
// without a restart. Implementations are safe for concurrent use.
type CredentialSource interface {
	Credential(ctx context.Context) (Credential, error)
}

// StaticCredential is a source that always gives c.
func StaticCredential(c Credential) CredentialSource { return staticCredential{c} }

type staticCredential struct{ c Credential }

func (s staticCredential) Credential(context.Context) (Credential, error) { return s.c, nil }
