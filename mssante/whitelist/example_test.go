package whitelist_test

import (
	"context"
	"fmt"

	"github.com/segur-sdk/segur/mssante/whitelist"
	"github.com/segur-sdk/segur/mssante/whitelist/whitelisttest"
)

func Example() {
	// A fictional publisher. In a program: RootCAs and SignerRoots hold IGC-Santé, Store a file, CheckChain the checker
	// of credential/revocation.
	publisher := whitelisttest.NewServer()
	defer publisher.Close()
	client, err := whitelist.New(publisher.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := client.Refresh(context.Background()); err != nil { // or go client.Run(ctx)
		fmt.Println(err)
		return
	}
	for _, domain := range []string{"Cabinet-Fictif.mssante.fr", "patient.mssante.fr", "gmail.com"} {
		fmt.Println(domain, client.Check(domain))
	}
	allow := client.Guard().AllowDomain // fits mssante.Config.AllowDomain
	fmt.Println(allow("cabinet-fictif.mssante.fr"), allow("gmail.com"))
	// Output:
	// Cabinet-Fictif.mssante.fr listed
	// patient.mssante.fr citizen
	// gmail.com not listed
	// true false
}
