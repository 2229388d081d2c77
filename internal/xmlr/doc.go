// Package xmlr reads XML 1.0 with namespaces (W3C REC-xml fifth edition, REC-xml-names third edition) from
// memory, without copying it, and refuses what a message from the network has no reason to hold.
//
// Three layers:
//   - [Scanner]: pull events over a byte slice, for readers that must be fast or must not build a tree;
//   - [Parse] and [Node]: a light element tree with the byte range of every element, for everything else;
//   - [Canonicalize]: Canonical XML 1.0 and Exclusive Canonical XML 1.0, of a document or of one element, in
//     one pass over the scanner, byte-equal to libxml2.
//
// Refused, always: DOCTYPE, entities other than the five predefined ones, encodings other than UTF-8, bad
// UTF-8 and characters outside XML 1.0, undeclared prefixes, duplicate attributes (by expanded name), more
// than one root, content cut short. Sizes, depth and counts are bounded by [Options]. Every refusal is an
// [*Error] with the offset, line and column and the [Rule] that was broken; it never quotes content.
//
// Line ends and attribute values are normalised as XML 1.0 says (2.11 and 3.3.3). There is no validation
// against a schema, no XPath and no DTD.
package xmlr
