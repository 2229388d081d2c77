// Package whitelist reads the national white list of MSSanté: the mail domains of the trust space and, for each, the
// certificates of the operators that may carry its mail.
//
// The list is an XML document with an enveloped signature (XML Signature, exclusive canonicalisation, RSA with SHA-256)
// by a certificate of IGC-Santé Élémentaire Organisations, published at [DefaultURL]. A [Client] fetches it, verifies
// the signature, the chain at the present time, the usage (e-mail protection), the issuer, the name of the signer and its
// revocation, and never goes back to an older list. A refresh that fails changes nothing: the last good copy stays in
// use, and a [Store] keeps it over restarts, verified again when it is read.
//
//	client, err := whitelist.New(whitelist.Config{ClientConfig: cfg, SignerRoots: igcSante, Store: whitelist.FileStore(path)})
//	go client.Run(ctx)
//	mail.AllowDomain = client.Guard().AllowDomain
//
// Looking a domain up takes no memory and no lock. Upper case and international names are the same domain as their
// ASCII form; sub-domains are other domains. The citizens' domain (Mon espace santé) is in the list like any other, and
// [Client.Check] tells it apart.
//
// What it does not do: it does not verify the certificates of operators in a TLS handshake (that is for operators; see
// [List.AllowsOperator]), it takes no unsigned list nor mirror of one, and it cannot tell that a disk was set back to an
// older list that is still well signed, until the next refresh.
package whitelist
