// Package signedlist keeps a list that a national authority publishes as a signed XML document: the domains of MSSanté
// and, with another profile and another reader, those of DRIM-M.
//
// [Verify] judges one document: the signature over the whole of it, the chain of the signer to given roots at a given
// time, its usage, its issuer, its name among those expected, and what the integrator's check of chains says
// (revocation). The names that the profile expects are parameters; what the list holds is for the [Reader], which sees
// the signed events only, in the pass that takes the digest.
//
// [Keeper] holds the last good copy: conditional requests, a date of generation that never goes back nor lies in the
// future, a store whose content is verified again whenever it is read, and readers that never wait for a refresh. A
// refresh that fails changes nothing. Another list of the same date is refused, be the first one in use or in the store:
// two that differ say nothing of which came last, and the next edition settles it.
//
// It trusts no store: what a disk gives is worth what its signature is worth. It cannot know that a disk was set back to
// an older list that is still well signed; the next refresh puts that right.
package signedlist
