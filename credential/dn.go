package credential

import (
	"crypto/x509"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/dn"
)

// DN is a distinguished name, most specific RDN first, each with one or more
// attributes.
type DN [][]Attribute

// Attribute is one attribute of a name.
type Attribute struct {
	// OID is the type, in dotted decimal form.
	OID segur.OID
	// Value is the text, or "#" and the hexadecimal DER of a value that is not
	// text.
	Value string
	// der is the encoded value, when there was one.
	der []byte
	// opaque: not text.
	opaque bool
}

// SubjectDN returns the subject of c in the form of RFC 2253, most specific RDN
// first, no blanks: "CN=...,OU=10B0127189,O=...,ST=Rhône (69),C=FR". Types
// without a short name there are written OID=#hex, multi-valued RDNs with "+".
// Empty when it cannot be read.
func SubjectDN(c *x509.Certificate) string { return text(c.RawSubject) }

// IssuerDN returns the name of the authority that issued c, in the same form.
func IssuerDN(c *x509.Certificate) string { return text(c.RawIssuer) }

func text(raw []byte) string {
	n, err := dn.Decode(raw)
	if err != nil {
		return ""
	}
	return n.String()
}

// ParseDN reads a name in text form (RFC 4514), blanks allowed around
// separators, short names of common tools accepted. The order is kept.
func ParseDN(s string) (DN, error) {
	n, err := dn.Parse(s)
	if err != nil {
		return nil, invalid("credential.ParseDN", "name", err.Error())
	}
	d := make(DN, len(n))
	for i, rdn := range n {
		for _, a := range rdn {
			d[i] = append(d[i], Attribute{OID: segur.OID(a.Type), Value: a.Value, der: a.DER, opaque: a.Opaque})
		}
	}
	return d, nil
}

func (d DN) name() dn.Name {
	n := make(dn.Name, len(d))
	for i, rdn := range d {
		for _, a := range rdn {
			n[i] = append(n[i], dn.Attribute{Type: string(a.OID), Value: a.Value, DER: a.der, Opaque: a.opaque})
		}
	}
	return n
}

// String writes the name as [SubjectDN] does.
func (d DN) String() string { return d.name().String() }

// Equal compares RDN by RDN, values without regard to case and repeated blanks
// (RFC 4518), order of attributes inside an RDN ignored. A name written in the
// opposite order is equal: services write both.
func (d DN) Equal(other DN) bool { return d.name().Equal(other.name()) }
