// Package xop reads and writes multipart/related HTTP bodies: MTOM/XOP messages of the SOAP services (SOAP Message
// Transmission Optimization Mechanism, XML-binary Optimized Packaging, RFC 2387) and the DICOM packages of WADO-RS and
// STOW-RS (DICOM PS3.18).
//
// Writing: a Message is a list of byte strings and contents that can be opened again. It is sent with a known
// Content-Length, in constant memory, without a goroutine, and can be replayed for a retry.
//
// Reading: a Reader streams the parts in order and knows whether it saw the end. A part ends with
// io.EOF only once the delimiter after it was read whole, and Next answers io.EOF only once the closing delimiter was
// read; a body cut anywhere else gives ErrTruncated. Sizes and counts are bounded by Limits. Content-Type values are
// parsed leniently, since many servers send unquoted or badly quoted parameters.
//
// It does not resolve xop:Include inside the XML (that is the SOAP layer's), nor check hashes of what was received, nor
// accept multipart types other than multipart/related.
package xop
