// Package testkit holds what the tests of every package share: independent judges ("oracles": xmllint, xmlsec1, the
// official CDA checker, PDFBox Preflight, dcmtk), the folder of official samples, and golden files.
//
// It is imported by _test.go files only: it registers the -update flag, which must never reach a vendor's test binary.
// What the fakes link lives in the subpackages fixed (clock, identifiers, random bytes) and faults (cut connections,
// latency, scripted HTTP failures); those two register nothing.
//
// A judge that is not installed skips the test and names the Debian package to install. With SEGUR_REQUIRE_ORACLES=1
// it fails the test instead, and with SEGUR_REQUIRE_SHARED=1 so does an absent folder of official samples: the
// continuous integration sets both, so nothing is skipped there in silence.
//
// It does not build requests, certificates or patients: those belong to the packages that define them.
package testkit
