// Package transport carries the HTTP exchanges of every client of the SDK:
// mutual TLS, limits, timeouts, repetition, observation and evidence happen
// here and nowhere else.
//
// TLS is 1.2 at least (RFC 8446 section 9, ANSSI), the server is always
// verified, and the client certificate is asked of the credential source before
// each attempt. Connections are pooled by certificate: a renewed certificate
// gets its own handshake, and two identities never share a connection. The
// proxy variables of the environment are ignored, redirects are refused.
//
// A call that is not safe to repeat is sent once. When it fails after bytes
// may have left, the error is [segur.ErrOutcomeUnknown]; when nothing left, it
// is [segur.ErrUnavailable].
//
// Small JSON calls go through [Client.REST], which is resty above the same
// stack with its own repetition, logging and streaming switched off.
//
// What it does not do: it reads no SOAP fault and no media type, and it checks
// no revocation.
package transport
