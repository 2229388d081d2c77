// Package credentialtest makes throwaway certificates shaped like those of
// IGC-Santé, for the fakes of this SDK and for the tests of programs that use
// it: a root, an issuing authority, server certificates, certificates of
// structures (offer ORG, usages AUTH_CLI and SIGN) and of professionals,
// valid ones and broken ones.
//
// Everything is fictional and lives in memory: the authorities carry their own
// names, nothing here chains to a national authority, and the private keys are
// generated once for each process.
//
//	pki := credentialtest.NewPKI()
//	credential := pki.Organization(credentialtest.CommonName("INSI-AUTO"))
//	server := &tls.Config{Certificates: []tls.Certificate{pki.Server()}, ClientCAs: pki.Roots()}
//
// Keys are shared by role to keep it fast: two calls of NewPKI in one process
// give authorities that trust each other. [PKI.Foreign] gives one that bears
// the same names and is not trusted.
//
// [NewRevocationServer] publishes revocation lists and answers OCSP for the
// infrastructure made with [WithRevocation]; [PKI.CRL] and [PKI.OCSP] make
// single ones, broken ones too.
//
// What it does not do: cards, delta lists. A failure of the random
// source or of certificate creation panics, as in net/http/httptest.
package credentialtest
