package testkit

// C14NMode is a canonicalisation that xmllint offers. All three keep comments.
type C14NMode string

// Canonicalisations of xmllint.
const (
	C14NInclusive C14NMode = "--c14n"     // Canonical XML 1.0 with comments
	C14N11        C14NMode = "--c14n11"   // Canonical XML 1.1 with comments
	C14NExclusive C14NMode = "--exc-c14n" // Exclusive Canonical XML 1.0 with comments, empty PrefixList
)

// XMLLintC14N returns the canonical form of the XML file as libxml2 computes it. A file that libxml2 refuses fails the
// test.
func XMLLintC14N(tb TB, file string, mode C14NMode) []byte {
	tb.Helper()
	out := Run(tb, nil, "xmllint", "--nonet", "--huge", string(mode), file)
	if err := out.Err(); err != nil {
		tb.Fatalf("xmllint %s %s: %v", mode, file, err)
	}
	return out.Stdout
}

// XMLLintC14NBytes is XMLLintC14N of bytes in memory.
func XMLLintC14NBytes(tb TB, xml []byte, mode C14NMode) []byte {
	tb.Helper()
	return XMLLintC14N(tb, tempFile(tb, "in.xml", xml), mode)
}

// XMLLintSchema validates XML against the XML schema file xsd; the error holds libxml2's messages.
func XMLLintSchema(tb TB, xsd string, xml []byte) error {
	tb.Helper()
	return Run(tb, nil, "xmllint", "--nonet", "--noout", "--schema", xsd, tempFile(tb, "in.xml", xml)).Err()
}

// Flags of xmlsec1 for the documents we sign; join them with append.
var (
	// XMLSecSAML lets xmlsec1 find a SAML 2.0 assertion by its ID attribute.
	XMLSecSAML = []string{"--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:assertion:Assertion"}
	// XMLSecXAdES lets xmlsec1 verify an XAdES/DSG signature document: Id attributes of ds:Manifest, ds:Object and of
	// xades:SignedProperties, and no attempt to fetch what the manifest lists.
	XMLSecXAdES = []string{
		"--ignore-manifests",
		"--id-attr:Id", "http://www.w3.org/2000/09/xmldsig#:Manifest",
		"--id-attr:Id", "http://www.w3.org/2000/09/xmldsig#:Object",
		"--id-attr:Id", "http://uri.etsi.org/01903/v1.1.1#:SignedProperties",
		"--id-attr:Id", "http://uri.etsi.org/01903/v1.3.2#:SignedProperties",
	}
)

// XMLSec1Verify asks xmlsec1 to verify the (first) signature of the XML document. The flags come before the file, for
// example XMLSecSAML; the signer's certificate is taken from KeyInfo, and trusted without any chain when no flag names a
// key or a trust anchor. nil means that xmlsec1 accepted the signature.
func XMLSec1Verify(tb TB, xml []byte, flags ...string) error {
	tb.Helper()
	args := []string{"--verify"}
	trust := false
	for _, f := range flags {
		switch f {
		case "--trusted-pem", "--trusted-der", "--pubkey-cert-pem", "--pubkey-cert-der", "--pubkey-pem", "--pubkey-der", "--insecure":
			trust = true
		}
	}
	if !trust {
		args = append(args, "--insecure") // the signature is judged, the chain is not
	}
	args = append(args, flags...)
	args = append(args, tempFile(tb, "signed.xml", xml))
	return Run(tb, nil, "xmlsec1", args...).Err()
}
