package whitelist_test

import (
	"context"
	"fmt"
	"net/url"

	"github.com/segur-sdk/segur/dicomweb/drim/whitelist"
	"github.com/segur-sdk/segur/dicomweb/drim/whitelist/whitelisttest"
)

func Example() {
	// A fictional publisher. In a program: SignerRoots holds IGC-Santé, Store a file, CheckSigner the checker of
	// credential/revocation.
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
	guard := client.Guard()
	for _, retrieve := range []string{"https://db1.site-fictif.example/rs", "https://evil-db1.site-fictif.example/rs"} {
		address, err := url.Parse(retrieve)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(address.Host, guard.URL(address) == nil)
	}
	fmt.Println(client.List().Box("DB1.site-fictif.example")[0].OperatorDN)
	// Output:
	// db1.site-fictif.example true
	// evil-db1.site-fictif.example false
	// CN=db1.site-fictif.example,OU=1990000019,O=OPERATEUR FICTIF,ST=Rhône (69),C=FR
}
