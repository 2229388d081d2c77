package revocation_test

import (
	"context"
	"fmt"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/credential/revocation"
)

func Example() {
	// A fictional authority that publishes its revocation list and answers OCSP.
	authority := credentialtest.NewRevocationServer()
	defer authority.Close()
	pki := credentialtest.NewPKI(credentialtest.WithRevocation(authority))

	checker, err := revocation.New(revocation.Config{ClientConfig: segur.ClientConfig{Environment: segur.Fake}})
	if err != nil {
		fmt.Println(err)
		return
	}
	// In a program: cfg.CheckChain = checker.CheckChain, and the clients ask in each TLS handshake.
	good, stolen := pki.Organization().Chain(), pki.Organization().Chain()
	authority.Revoke(stolen[0])
	fmt.Println(checker.Check(context.Background(), good...))
	err = checker.Check(context.Background(), stolen...)
	fmt.Println(segur.KindOf(err))
	// Output:
	// <nil>
	// signature
}
