package whitelisttest

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/xml"
	"math/big"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/dn"
	"github.com/segur-sdk/segur/internal/xmlr"
)

// Profile is a shape of signature in which the list is found.
type Profile uint8

const (
	// Filter2 is the one of 2024: XPath Filter 2, SigningCertificateV2 with SHA-512 and the DER of the issuer and serial
	// number, format of the data, prefix ds.
	Filter2 Profile = iota
	// Enveloped is the one of 2026: enveloped-signature, SigningCertificate with the issuer in text, commitment, default
	// namespace.
	Enveloped
)

// Shape says how a document is signed. Its zero value is the profile Filter2, sound.
type Shape struct {
	Profile Profile
	// Change edits the signature before its digests and its value are made: a signer that does it its own way. What
	// stands for them then is "{content}", "{properties}" and "{value}".
	Change func(signature string) string
	// Hash of the signature value and of both digests. 0: SHA-256. The URIs are for Change.
	Hash crypto.Hash
}

const (
	namespaceDS = "http://www.w3.org/2000/09/xmldsig#"
	rsaSHA256   = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
	sha256URI   = "http://www.w3.org/2001/04/xmlenc#sha256"
	sha512URI   = "http://www.w3.org/2001/04/xmlenc#sha512"
	exclusive   = "http://www.w3.org/2001/10/xml-exc-c14n#"
	enveloped   = namespaceDS + "enveloped-signature"
	filter2     = "http://www.w3.org/2002/06/xmldsig-filter2"
	xades       = "http://uri.etsi.org/01903/v1.3.2#"
)

const signingTime = "2026-02-01T08:00:00Z"

// Sign adds a sound signature of the profile as the last child of the root. It panics when the document is not XML, as
// net/http/httptest does.
func Sign(document []byte, signer segur.Credential, p Profile) []byte {
	return SignWith(document, signer, Shape{Profile: p})
}

// SignWith is Sign with the signature that the shape describes.
func SignWith(document []byte, signer segur.Credential, shape Shape) []byte {
	signature := template(shape.Profile, signer.Chain()[0])
	if shape.Change != nil {
		signature = shape.Change(signature)
	}
	if shape.Hash == 0 {
		shape.Hash = crypto.SHA256
	}
	signature = strings.ReplaceAll(signature, "{content}", encode(sum(shape.Hash, canonical(document, ""))))
	at := bytes.LastIndex(document, []byte("</"))
	whole := func() []byte {
		return append(append(bytes.Clone(document[:at]), signature...), document[at:]...)
	}
	if strings.Contains(signature, "{properties}") {
		signature = strings.ReplaceAll(signature, "{properties}", encode(sum(shape.Hash, canonical(whole(), "SignedProperties"))))
	}
	value, err := signer.Sign(rand.Reader, sum(shape.Hash, canonical(whole(), "SignedInfo")), shape.Hash)
	must(err)
	signature = strings.Replace(signature, "{value}", encode(value), 1)
	return whole()
}

func sum(hash crypto.Hash, b []byte) []byte {
	h := hash.New()
	h.Write(b)
	return h.Sum(nil)
}

// canonical gives the exclusive canonical form of the first element of this name, of the document when it is empty.
func canonical(document []byte, element string) []byte {
	c := xmlr.Canonical{Mode: xmlr.Exclusive}
	if element != "" {
		root, err := xmlr.Parse(document, xmlr.Options{})
		must(err)
		for n := range root.Walk() {
			if n.Name.Local == element {
				c.Apex = n
				break
			}
		}
	}
	out, err := xmlr.Canonicalize(nil, document, c)
	must(err)
	return out
}

func template(p Profile, c *x509.Certificate) string {
	d, declare := "ds:", ` xmlns:ds="`+namespaceDS+`"`
	subtract := `<ds:Transform Algorithm="` + filter2 + `"><dsig-filter2:XPath xmlns:dsig-filter2="` + filter2 +
		`" Filter="subtract">/descendant::ds:Signature</dsig-filter2:XPath></ds:Transform>`
	if p == Enveloped {
		d, declare = "", ` xmlns="`+namespaceDS+`"`
		subtract = `<Transform Algorithm="` + enveloped + `"/>`
	}
	transform := `<` + d + `Transform Algorithm="` + exclusive + `"/>`
	digest := func(algorithm, value string) string {
		return `<` + d + `DigestMethod Algorithm="` + algorithm + `"/><` + d + `DigestValue>` + value + `</` + d + `DigestValue>`
	}
	reference := func(attributes, transforms, value string) string {
		return `<` + d + `Reference ` + attributes + `><` + d + `Transforms>` + transforms + `</` + d + `Transforms>` +
			digest(sha256URI, value) + `</` + d + `Reference>`
	}
	return `<` + d + `Signature` + declare + ` Id="id-signature"><` + d + `SignedInfo><` + d + `CanonicalizationMethod Algorithm="` + exclusive + `"/><` + d +
		`SignatureMethod Algorithm="` + rsaSHA256 + `"/>` +
		reference(`Id="r-id-signature-1" URI=""`, subtract+transform, "{content}") +
		reference(`Type="http://uri.etsi.org/01903#SignedProperties" URI="#xades-id-signature"`, transform, "{properties}") +
		`</` + d + `SignedInfo><` + d + `SignatureValue Id="value-id-signature">{value}</` + d + `SignatureValue><` + d + `KeyInfo><` + d + `X509Data><` + d +
		`X509Certificate>` + encode(c.Raw) + `</` + d + `X509Certificate></` + d + `X509Data></` + d + `KeyInfo><` + d + `Object><xades:QualifyingProperties xmlns:xades="` +
		xades + `" Target="#id-signature"><xades:SignedProperties Id="xades-id-signature"><xades:SignedSignatureProperties><xades:SigningTime>` + signingTime +
		`</xades:SigningTime>` + certificate(p, c, digest) + `</xades:SignedSignatureProperties><xades:SignedDataObjectProperties>` + about(p) +
		`</xades:SignedDataObjectProperties></xades:SignedProperties></xades:QualifyingProperties></` + d + `Object></` + d + `Signature>`
}

// certificate names the certificate that signs.
func certificate(p Profile, c *x509.Certificate, digest func(algorithm, value string) string) string {
	if p == Enveloped {
		issuer, err := dn.Decode(c.RawIssuer)
		must(err)
		var name bytes.Buffer
		must(xml.EscapeText(&name, []byte(issuer.String())))
		h := sha256.Sum256(c.Raw)
		return `<xades:SigningCertificate><xades:Cert><xades:CertDigest>` + digest(sha256URI, encode(h[:])) + `</xades:CertDigest><xades:IssuerSerial><X509IssuerName>` +
			name.String() + `</X509IssuerName><X509SerialNumber>` + c.SerialNumber.String() + `</X509SerialNumber></xades:IssuerSerial></xades:Cert></xades:SigningCertificate>`
	}
	h := sha512.Sum512(c.Raw)
	der, err := asn1.Marshal(struct {
		Issuer []asn1.RawValue
		Serial *big.Int
	}{[]asn1.RawValue{{Class: asn1.ClassContextSpecific, Tag: 4, IsCompound: true, Bytes: c.RawIssuer}}, c.SerialNumber})
	must(err)
	return `<xades:SigningCertificateV2><xades:Cert><xades:CertDigest>` + digest(sha512URI, encode(h[:])) + `</xades:CertDigest><xades:IssuerSerialV2>` +
		encode(der) + `</xades:IssuerSerialV2></xades:Cert></xades:SigningCertificateV2>`
}

// about says what was signed, or why.
func about(p Profile) string {
	if p == Enveloped {
		return `<xades:CommitmentTypeIndication><xades:CommitmentTypeId><xades:Identifier>http://uri.etsi.org/01903/v1.2.2#ProofOfApproval</xades:Identifier>` +
			`</xades:CommitmentTypeId><xades:AllSignedDataObjects/></xades:CommitmentTypeIndication>`
	}
	return `<xades:DataObjectFormat ObjectReference="#r-id-signature-1"><xades:MimeType>application/octet-stream</xades:MimeType></xades:DataObjectFormat>`
}

func encode(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

func must(err error) {
	if err != nil {
		panic("whitelisttest: " + err.Error())
	}
}
