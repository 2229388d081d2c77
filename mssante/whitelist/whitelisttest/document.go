package whitelisttest

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"encoding/base64"
	"encoding/xml"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/xmlr"
)

// Domain is one entry of a list.
type Domain struct {
	// Name is the domain; OperatorDN the subject of the operator's certificate, a fictional one when empty.
	Name, OperatorDN string
}

// DefaultOperatorDN is the subject of the fictional operator's certificate.
const DefaultOperatorDN = "CN=mail.operateur-fictif.example,OU=1990000019,O=OPERATEUR FICTIF,ST=Rhône (69),C=FR"

// Document writes an unsigned list.
func Document(generated time.Time, domains ...Domain) []byte {
	var b bytes.Buffer
	text := func(element, value string) {
		b.WriteString("      <" + element + ">")
		_ = xml.EscapeText(&b, []byte(value)) // a bytes.Buffer takes everything
		b.WriteString("</" + element + ">\n")
	}
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?><ListeBlancheMSSante xmlns="https://listeblanche.mssante.fr/schema">` + "\n")
	b.WriteString("  <DateDeGeneration>" + generated.UTC().Format(time.RFC3339) + "</DateDeGeneration>\n  <ListeDomaines>\n")
	for _, d := range domains {
		if d.OperatorDN == "" {
			d.OperatorDN = DefaultOperatorDN
		}
		b.WriteString("    <Domaine>\n")
		text("Nom", d.Name)
		text("Description", "Domaine fictif")
		text("DNCertificatOperateur", d.OperatorDN)
		text("ResponsableContact", "04 00 00 00 00, responsable@operateur-fictif.example")
		text("SupportContact", "04 00 00 00 01, support@operateur-fictif.example")
		text("DateMAJ", "2025-01-22T11:32:50Z")
		b.WriteString("    </Domaine>\n")
	}
	b.WriteString("  </ListeDomaines>\n</ListeBlancheMSSante>")
	return b.Bytes()
}

// Algorithms of a signature, as the URIs that [Sign] writes. The zero value is that of the national list.
type Algorithms struct {
	// Signature, Digest and Canonical replace what is named; the value is made with SHA-256 all the same unless Hash is
	// set too.
	Signature, Digest, Canonical, Transform string
	Hash                                    crypto.Hash
}

const (
	namespaceDS = "http://www.w3.org/2000/09/xmldsig#"
	rsaSHA256   = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
	sha256URI   = "http://www.w3.org/2001/04/xmlenc#sha256"
	exclusive   = "http://www.w3.org/2001/10/xml-exc-c14n#"
	enveloped   = namespaceDS + "enveloped-signature"
)

// Sign adds an enveloped signature as the last child of the root. It panics when the document is not XML, as
// net/http/httptest does.
func Sign(document []byte, signer segur.Credential) []byte {
	return SignWith(document, signer, Algorithms{})
}

// SignWith is Sign with other algorithms, to see them refused.
func SignWith(document []byte, signer segur.Credential, a Algorithms) []byte {
	canonical, err := xmlr.Canonicalize(nil, document, xmlr.Canonical{Mode: xmlr.Exclusive})
	must(err)
	hash := crypto.SHA256
	if a.Hash != 0 {
		hash = a.Hash
	}
	sum := func(b []byte) []byte {
		h := hash.New()
		h.Write(b)
		return h.Sum(nil)
	}
	or := func(v, def string) string {
		if v == "" {
			return def
		}
		return v
	}
	info := `<SignedInfo xmlns="` + namespaceDS + `"><CanonicalizationMethod Algorithm="` + or(a.Canonical, exclusive) + `"></CanonicalizationMethod>` +
		`<SignatureMethod Algorithm="` + or(a.Signature, rsaSHA256) + `"></SignatureMethod><Reference URI=""><Transforms><Transform Algorithm="` + enveloped +
		`"></Transform><Transform Algorithm="` + or(a.Transform, exclusive) + `"></Transform></Transforms><DigestMethod Algorithm="` + or(a.Digest, sha256URI) +
		`"></DigestMethod><DigestValue>` + base64.StdEncoding.EncodeToString(sum(canonical)) + `</DigestValue></Reference></SignedInfo>`
	value, err := signer.Sign(rand.Reader, sum([]byte(info)), hash)
	must(err)
	signature := `<Signature xmlns="` + namespaceDS + `">` + info + `<SignatureValue>` + lines(value) + `</SignatureValue><KeyInfo><X509Data><X509Certificate>` +
		lines(signer.Chain()[0].Raw) + `</X509Certificate></X509Data></KeyInfo></Signature>`
	at := bytes.LastIndex(document, []byte("</"))
	return append(append(bytes.Clone(document[:at]), signature...), document[at:]...)
}

// lines writes base64 in lines that end as those of the national list do.
func lines(b []byte) string {
	text := base64.StdEncoding.EncodeToString(b)
	var out []byte
	for len(text) > 76 {
		out = append(append(out, text[:76]...), "&#13;\n"...)
		text = text[76:]
	}
	return string(append(out, text...))
}

func must(err error) {
	if err != nil {
		panic("whitelisttest: " + err.Error())
	}
}
