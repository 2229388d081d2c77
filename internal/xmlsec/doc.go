// Package xmlsec signs and verifies XML Signatures (W3C REC-xmldsig-core) in the shapes the national
// services use:
//
//   - the enveloped signature of a SAML 2.0 assertion, right after its Issuer, exclusive canonicalisation
//     ([SignEnveloped], [VerifyEnveloped]): VIHF of the DMP, "assertion PS" of INSi;
//   - the signature document of an XDS submission set, IHE Document Digital Signature: a manifest of digests
//     with XAdES 1.1.1 signed properties, inclusive canonicalisation with comments ([SignDSG], [VerifyDSG]);
//   - the enveloped signature over a whole document, exclusive canonicalisation, verified and read in one pass: the
//     national lists of domains ([VerifyDocument]), that of DRIM-M with XPath Filter 2 and XAdES 1.3.2 signed
//     properties ([XAdESForm]). It is not made here.
//
// Signing writes canonical XML directly, so the bytes that were digested are the bytes that are sent; they
// must stay as they are. The key is a crypto.Signer: software, card or HSM.
//
// Verification gives back the canonical bytes that the signature covers, not a yes or no: read those bytes and
// nothing else of the message. It resolves references only by the attribute names the caller gives, refuses an
// identifier that occurs twice, anything but same-document references, transforms and algorithms outside a
// short list, HMAC, and SHA-1 unless the caller allows it. Trust in the certificate is a separate step:
// [Verified.Chain].
//
// Not here: XML Encryption, XSLT and XPath transforms (but for the one expression of XAdESForm), detached external
// references, XAdES levels above BES, OCSP and CRL (the caller holds them, see the package credential).
package xmlsec
