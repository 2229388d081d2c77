// Package credential opens the certificates and keys of IGC-Santé and cards,
// and reads what national services look for in them.
//
// A credential comes from a PKCS #12 file as the IGC-Santé platform delivers it
// ([FromPKCS12]), from PEM ([FromPEM]), or from any [crypto.Signer]: a card, an
// HSM, a cloud key ([FromSigner]). Each is checked when it is opened: the key
// belongs to the certificate, the chain is put in order. [WatchFile] takes up a
// renewed file without a restart.
//
// [ParseSubject] reads the national fields of a subject (structure identifier in
// OU, identity of a professional), [SubjectDN] writes the distinguished name as
// the DMP and INSi expect it (RFC 2253, most specific first, no blanks), and
// [Check] says what will be refused: expiry, usage, missing identifier.
//
// Trust is given by [Pool], which holds the roots of an endpoint and their
// issuing authorities, since servers of IGC-Santé may omit these.
//
// What it does not do: it drives no card (PKCS #11), embeds no authority and
// checks no revocation.
package credential
