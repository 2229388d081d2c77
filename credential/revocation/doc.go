// Package revocation tells whether certificates were revoked since they were issued, by revocation lists (CRL, RFC 5280)
// and by OCSP (RFC 6960), as the rules of MSSanté require of client software (ECO.1.1.6): the certificates of servers in
// a TLS handshake, and those of signers.
//
//	checker, err := revocation.New(revocation.Config{ClientConfig: cfg})
//	cfg.CheckChain = checker.CheckChain // of every other client
//	go checker.Run(ctx)                 // renews lists before they end
//
// For each certificate below a trusted authority: the OCSP response that the server stapled, then an OCSP responder, then
// the list at the distribution points of the certificate, in the order of Config.Sources. Answers are believed when the
// authority that issued the certificate signed them, or a responder that it delegated, and until they say (nextUpdate).
// Then they are kept: a list that cannot be renewed serves until it ends (ECO.1.1.7); an older answer never replaces a newer
// one, stapled ones included, and a certificate that was revoked for good stays so. Where nothing valid can be had the
// certificate is refused, unless Config.SoftFail gives a last answer some more time.
//
// What it does not do: it follows no LDAP address (IGC-Santé publishes the same lists by HTTP), reads no delta and no
// indirect list, and keeps nothing on disk. It does not ask whether an OCSP responder was revoked itself. It does not verify
// chains: crypto/x509 did. A connection that is kept open is
// not looked at again.
package revocation
