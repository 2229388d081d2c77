// Package whitelist reads the white list of DRIM-M: the hosts of the DRIMboxes that share images, those of the viewers of
// their sources, and the operators that hold them. A consumer sends a token of Pro Santé Connect to these boxes and to
// nobody else.
//
// The list is an XML document (ListeBlancheDRIM-M 1.0.0, repository ansforge/DRIM-M_DATA) with an enveloped XAdES
// baseline B signature: RSA with SHA-256, exclusive canonicalisation, the signature left out by XPath Filter 2 or by the
// enveloped-signature transform, and the signer's certificate named by SigningCertificate or SigningCertificateV2. A
// [Client] fetches it, verifies the signature, the chain at the present time, the usage (e-mail protection), the issuer,
// the name and the unit of the signer and its revocation, and never goes back to an older list. A refresh that fails
// changes nothing: the last good copy stays in use, and a [Store] keeps it over restarts, verified again when it is read.
//
//	client, err := whitelist.New(whitelist.Config{ClientConfig: cfg, URL: address, SignerRoots: igcSante,
//		Store: whitelist.FileStore(path), CheckSigner: revocation})
//	go client.Run(ctx)
//	guard := client.Guard()
//	if err := guard.URL(retrieveURL); err != nil { ... } // before a token is asked for, let alone sent
//
// A host is the same in upper case or as an international name, and nothing else is the same: no sub-domain, no trailing
// dot, no address, no user before it, no other port than 443 unless the list says one.
//
// What it does not do: it asks no service to verify the signature (EsignSanté is not needed), takes no unsigned list,
// and does not verify the operator's certificate in a TLS handshake: [List.AllowsOperator] compares it for who does.
package whitelist
