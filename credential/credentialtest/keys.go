package credentialtest

import (
	"crypto/rand"
	"crypto/rsa"
	"sync"
)

// One RSA-2048 key for each role, made when first used: generating a key costs
// more than everything else in this package.
var (
	rootKey         = newKey()
	issuingKey      = newKey()
	foreignRootKey  = newKey()
	foreignIssueKey = newKey()
	serverKey       = newKey()
	structureKey    = newKey()
	signatureKey    = newKey()
	personKey       = newKey()
)

func newKey() func() *rsa.PrivateKey {
	return sync.OnceValue(func() *rsa.PrivateKey {
		k, err := rsa.GenerateKey(rand.Reader, 2048)
		must(err)
		return k
	})
}

func must(err error) {
	if err != nil {
		panic("credentialtest: " + err.Error())
	}
}
