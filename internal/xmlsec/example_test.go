package xmlsec_test

import (
	"fmt"

	"github.com/segur-sdk/segur/internal/xmlr"
	"github.com/segur-sdk/segur/internal/xmlsec"
)

func Example() {
	const assertion = `<a:Assertion xmlns:a="urn:example" ID="_1"><a:Issuer>me</a:Issuer><a:Claim>yes</a:Claim></a:Assertion>`
	signed, err := xmlsec.SignEnveloped([]byte(assertion), len(`<a:Assertion xmlns:a="urn:example" ID="_1"><a:Issuer>me</a:Issuer>`), "ID", rsaKey(), xmlsec.Algorithms{})
	if err != nil {
		fmt.Println(err)
		return
	}
	root, _ := xmlr.Parse(signed, xmlr.Options{})
	v, err := xmlsec.VerifyEnveloped(root, xmlsec.Policy{IDAttrs: []xmlr.Name{xmlsec.IDSAML}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(v.Certificate.Subject.CommonName)
	fmt.Printf("%s\n", v.References[0].Bytes)
	// Output:
	// SIGNATURE ESSAI
	// <a:Assertion xmlns:a="urn:example" ID="_1"><a:Issuer>me</a:Issuer><a:Claim>yes</a:Claim></a:Assertion>
}
