// Package ebrim encodes and decodes the part of ebXML RegRep 3.0 (OASIS ebRIM
// and ebRS 3.0) that IHE XDS.b, XDM and the French DMP use: the registry
// object list of a submission, stored queries, and registry responses.
//
// One [Object] stands for an ExtrinsicObject, a RegistryPackage, an
// Association or an ObjectRef, with everything it holds in document order, so
// that what was read can be written again. It knows nothing of XDS metadata:
// package dmp/xds gives slots and classifications their meaning.
//
// Writing yields one strict form: prefixes rim, lcm, query and rs, children in
// the order of the schema. Reading accepts what official samples and DRIM-M
// exports contain (other prefixes, elements without a namespace,
// classifications that name another object, top-level classifications,
// repeated ids) and says so in warnings.
package ebrim
