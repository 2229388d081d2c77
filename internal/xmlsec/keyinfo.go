package xmlsec

import (
	"crypto/x509"
	"encoding/base64"
	"strings"

	"github.com/segur-sdk/segur/internal/xmlr"
)

// maxCertificates bounds what is read from KeyInfo.
const maxCertificates = 8

func (v *verifier) certificates(keyInfo *xmlr.Node) ([]*x509.Certificate, *Error) {
	if v.p.Certificate != nil {
		return []*x509.Certificate{v.p.Certificate}, nil
	}
	nodes := keyInfo.All(NamespaceDS, "X509Data/X509Certificate")
	if len(nodes) == 0 {
		return nil, refuse(ReasonCertificate, "KeyInfo holds no certificate")
	}
	if len(nodes) > maxCertificates {
		return nil, refuse(ReasonCertificate, "too many certificates in KeyInfo")
	}
	out := make([]*x509.Certificate, 0, len(nodes))
	for _, n := range nodes {
		der, err := base64Text(n)
		if err != nil {
			return nil, err
		}
		c, perr := x509.ParseCertificate(der)
		if perr != nil {
			return nil, refuseWith(ReasonCertificate, "unreadable certificate in KeyInfo", perr)
		}
		out = append(out, c)
	}
	return out, nil
}

// base64Text reads the base64 text of an element without children; white space is ignored.
func base64Text(n *xmlr.Node) ([]byte, *Error) {
	if n == nil || len(n.Children) > 0 {
		return nil, refuse(ReasonStructure, "base64 text expected")
	}
	text := strings.Map(func(r rune) rune {
		switch r {
		case ' ', '\t', '\r', '\n':
			return -1
		}
		return r
	}, n.Text())
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(b) == 0 {
		return nil, refuse(ReasonStructure, "base64 text expected")
	}
	return b, nil
}
