package whitelisttest

import (
	"bytes"
	"encoding/xml"
	"time"

	"github.com/segur-sdk/segur/dicomweb/drim/whitelist"
)

// DefaultOperatorDN is what follows the common name in the subject of the fictional operators' certificates.
const DefaultOperatorDN = "OU=1990000019,O=OPERATEUR FICTIF,ST=Rhône (69),C=FR"

// Box is one entry of a list.
type Box struct {
	// Host is db, Viewer vi.
	Host, Viewer string
	// OperatorDN is the subject of the operator's certificate. Empty: Host and [DefaultOperatorDN].
	OperatorDN string
}

// Document writes an unsigned list in the namespace of ansforge/DRIM-M_DATA.
func Document(generated time.Time, boxes ...Box) []byte {
	return DocumentIn(whitelist.NamespaceData, generated, boxes...)
}

// DocumentIn is Document in another namespace.
func DocumentIn(namespace string, generated time.Time, boxes ...Box) []byte {
	var b bytes.Buffer
	text := func(element, value string) {
		b.WriteString("      <" + element + ">")
		_ = xml.EscapeText(&b, []byte(value)) // a bytes.Buffer takes everything
		b.WriteString("</" + element + ">\n")
	}
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?><ListeBlancheDRIM-M xmlns="` + namespace + `" versionFormat="1.0.0">` + "\n")
	b.WriteString("  <DateDeGeneration>" + generated.UTC().Format(time.RFC3339) + "</DateDeGeneration>\n  <ListeDomaines>\n")
	for _, box := range boxes {
		if box.OperatorDN == "" {
			box.OperatorDN = "CN=" + box.Host + "," + DefaultOperatorDN
		}
		b.WriteString("    <Domaine>\n")
		text("Identifiant", "1")
		text("db", box.Host)
		text("vi", box.Viewer)
		text("Denomination", "Opérateur fictif")
		text("DNCertificatOperateur", box.OperatorDN)
		text("SupportContact", "support@operateur-fictif.example")
		text("DateMAJ", "2026-01-31T11:32:50Z")
		b.WriteString("    </Domaine>\n")
	}
	b.WriteString("  </ListeDomaines>\n</ListeBlancheDRIM-M>")
	return b.Bytes()
}
