package credential

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"strconv"

	"github.com/segur-sdk/segur"
)

// Pool makes a pool of trusted authorities from files in PEM, one or more
// certificates each, or DER (.cer). Give the root and the issuing authorities:
// servers of IGC-Santé may omit the latter. The pool belongs to an endpoint,
// not to an environment: qualification servers of INSi carry production
// certificates.
func Pool(files ...[]byte) (*x509.CertPool, error) {
	const op = "credential.Pool"
	pool, n := x509.NewCertPool(), 0
	var p segur.Problems
	for i, data := range files {
		field := "file[" + strconv.Itoa(i) + "]"
		certs, err := certificates(data)
		if err != nil {
			p.Add(field, "does not hold certificates in PEM or DER")
			continue
		}
		for _, c := range certs {
			if !c.IsCA {
				p.Add(field, "holds a certificate that is not of an authority")
				continue
			}
			pool.AddCert(c)
			n++
		}
	}
	if n == 0 && p.Empty() {
		p.Add("files", "hold no authority")
	}
	if err := p.Err(op); err != nil {
		return nil, err
	}
	return pool, nil
}

func certificates(data []byte) ([]*x509.Certificate, error) {
	if len(data) > MaxFileBytes {
		return nil, invalid("credential", "data", "is larger than 1 MiB")
	}
	if !bytes.Contains(data, []byte("-----BEGIN")) {
		return x509.ParseCertificates(data)
	}
	var out []*x509.Certificate
	for {
		var b *pem.Block
		if b, data = pem.Decode(data); b == nil {
			break
		}
		if b.Type != "CERTIFICATE" {
			return nil, invalid("credential", "data", "holds something else than certificates")
		}
		c, err := x509.ParseCertificate(b.Bytes)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	if bytes.Contains(data, []byte("-----BEGIN")) {
		return nil, invalid("credential", "data", "holds a block that is not well formed")
	}
	return out, nil
}
