package segur

import (
	"crypto/x509"
)

// Chains is what [ClientConfig.CheckChain] judges: the certificates of a peer, or of a signer, whose signatures, dates,
// usage and name already verify.
type Chains struct {
	// Verified are the chains found, leaf first, trusted authority last. There is one at least.
	Verified [][]*x509.Certificate
	// StapledOCSP is the OCSP response that came with the TLS handshake; nil when none did. It is not verified yet.
	StapledOCSP []byte
}

// Leaf is the certificate of the peer, nil when there is no chain.
func (c Chains) Leaf() *x509.Certificate {
	if len(c.Verified) == 0 || len(c.Verified[0]) == 0 {
		return nil
	}
	return c.Verified[0][0]
}
